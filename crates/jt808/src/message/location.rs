//! 0x0200 location report, 0x0201 the answer to 0x8201, 0x0704 batch (2013 and 2019, sections 8.18, 8.20 and 8.49).
//!
//! 0200 | alarm 4 | status 4 | latitude 4 | longitude 4 | altitude 2 | speed 2 | heading 2 | time BCD\[6\] | items … |
//! 0201 | serial 2 | 0200 |      0704 | count 2 | kind 1 | length 2, 0200 … |

use std::fmt;

use crate::field::{Field, Hex, Meaning, Show, Shown};
use crate::item::{ITEMS, ItemValue, Items};
use crate::layout::Body;
use crate::reader::Reader;
use crate::{DecodeError, DeviceTime, Edition};

/// Where a vehicle is and what its terminal says of it. Decoding allocates nothing.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Location<'a> {
    /// Alarm bits.
    pub alarm: u32,
    /// Status bits.
    pub status: u32,
    /// Latitude as sent; see [`Location::latitude_microdegrees`].
    pub latitude: u32,
    /// Longitude as sent; see [`Location::longitude_microdegrees`].
    pub longitude: u32,
    /// Altitude as sent; see [`Location::altitude_m`].
    pub altitude: u16,
    /// 0.1 km/h.
    pub speed_tenths: u16,
    /// Degrees clockwise from north.
    pub heading: u16,
    /// The terminal's clock.
    pub time: DeviceTime,
    /// Additional items, read on demand.
    pub items: Items<'a>,
}

impl<'a> Location<'a> {
    /// Message id.
    pub const ID: u16 = 0x0200;

    /// Reads a body; items are not looked at.
    ///
    /// # Errors
    /// When the 28 bytes of the base are cut.
    #[inline]
    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        Ok(Self {
            alarm: reader.u32("alarm")?,
            status: reader.u32("status")?,
            latitude: reader.u32("latitude")?,
            longitude: reader.u32("longitude")?,
            altitude: reader.u16("altitude")?,
            speed_tenths: reader.u16("speed")?,
            heading: reader.u16("heading")?,
            time: reader.time("time")?,
            items: Items::new(reader.rest()),
        })
    }

    /// Appends the body.
    pub fn encode(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.alarm.to_be_bytes());
        into.extend_from_slice(&self.status.to_be_bytes());
        into.extend_from_slice(&self.latitude.to_be_bytes());
        into.extend_from_slice(&self.longitude.to_be_bytes());
        into.extend_from_slice(&self.altitude.to_be_bytes());
        into.extend_from_slice(&self.speed_tenths.to_be_bytes());
        into.extend_from_slice(&self.heading.to_be_bytes());
        into.extend_from_slice(&self.time.bcd());
        into.extend_from_slice(self.items.bytes());
    }

    /// Everything, for who wants offsets; `Display` is for reading.
    fn show_all(&self, show: &mut dyn Show) {
        show.meant("alarm", self.alarm, ALARMS);
        show.meant("status", self.status, STATUS);
        show.value("lat", 4, Field::Microdegrees(self.latitude_microdegrees()));
        show.value("lon", 4, Field::Microdegrees(self.longitude_microdegrees()));
        show.value("altitude_m", 2, Field::Number(self.altitude_m().into()));
        show.tenths("speed_kmh", self.speed_tenths);
        show.number("heading_deg", self.heading);
        show.text("time", 6, &self.time);
        if let Some(tail) = self.items.fixed_tail() {
            return tail.show(show);
        }
        for item in self.items {
            let value = item.value();
            show.begin("items");
            show.meant("id", item.id, ITEMS);
            show.value("length", 1, Field::Number(i64::try_from(item.bytes.len()).unwrap_or(i64::MAX)));
            match value {
                ItemValue::Raw { bytes, .. } if ITEMS.of(item.id.into()).next().is_some() => {
                    show.hex("other_length", bytes);
                }
                value => value.show(show),
            }
            show.end();
        }
        let leftover = self.items.leftover();
        if !leftover.is_empty() {
            show.hex("leftover", leftover);
        }
    }

    /// North is positive; may lie outside ±90° where the terminal sends nonsense.
    #[must_use]
    pub fn latitude_microdegrees(&self) -> i32 {
        signed(self.latitude, 90_000_000, self.status & 1 << 2 != 0)
    }

    /// East is positive; may lie outside ±180° where the terminal sends nonsense.
    #[must_use]
    pub fn longitude_microdegrees(&self) -> i32 {
        signed(self.longitude, 180_000_000, self.status & 1 << 3 != 0)
    }

    /// Below sea level terminals send two's complement.
    #[must_use]
    pub const fn altitude_m(&self) -> i16 {
        i16::from_be_bytes(self.altitude.to_be_bytes())
    }

    /// Status bit 1: the position is a fix, not the last one repeated.
    #[must_use]
    pub const fn is_fixed(&self) -> bool {
        self.status & 1 << 1 != 0
    }
}

impl<'a> Body<'a> for Location<'a> {
    fn decode(reader: Reader<'a>, _: Edition) -> Result<Self, DecodeError> {
        Self::decode(reader.rest())
    }

    fn encode(&self, _: Edition, into: &mut Vec<u8>) {
        self.encode(into);
    }

    fn show(&self, show: &mut dyn Show) {
        self.show_all(show);
    }
}

/// The standard wants a magnitude and a status bit; some send two's complement instead, or as well.
fn signed(sent: u32, max: u32, negative: bool) -> i32 {
    let value = i32::from_be_bytes(sent.to_be_bytes());
    if sent > max || !negative { value } else { -value }
}

impl fmt::Display for Location<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        names_line(f, "alarm", alarm_names(self.alarm))?;
        names_line(f, "status", status_names(self.status))?;
        let (latitude, longitude) = (self.latitude_microdegrees(), self.longitude_microdegrees());
        let (north, east) = (if latitude < 0 { 'S' } else { 'N' }, if longitude < 0 { 'W' } else { 'E' });
        let (lat, lon) = (Degrees(latitude), Degrees(longitude));
        writeln!(f, "  at       {lat} {north}  {lon} {east}  {} m", self.altitude_m())?;
        let speed = Field::Tenths(i64::from(self.speed_tenths));
        writeln!(f, "  moving   {speed} km/h  heading {}", self.heading)?;
        writeln!(f, "  time     {}", self.time)?;
        if let Some(tail) = self.items.fixed_tail() {
            write!(f, "  tail    ")?;
            let mut line = Inline { f, result: Ok(()) };
            tail.show(&mut line);
            return line.result.and_then(|()| writeln!(f));
        }
        for item in self.items {
            item_line(f, &item.value())?;
        }
        let leftover = self.items.leftover();
        if leftover.is_empty() { Ok(()) } else { writeln!(f, "  leftover {}", Hex(leftover)) }
    }
}

fn names_line(
    f: &mut fmt::Formatter<'_>,
    label: &str,
    names: impl Iterator<Item = &'static str>,
) -> fmt::Result {
    write!(f, "  {label:<8}")?;
    let mut some = false;
    for name in names {
        write!(f, " {name}")?;
        some = true;
    }
    writeln!(f, "{}", if some { "" } else { " none" })
}

fn item_line(f: &mut fmt::Formatter<'_>, value: &ItemValue<'_>) -> fmt::Result {
    write!(f, "  {:<8}", value.name())?;
    match value {
        ItemValue::Mileage(tenths) => return writeln!(f, " {} km", Field::Tenths(i64::from(*tenths))),
        ItemValue::Fuel(tenths) => return writeln!(f, " {} L", Field::Tenths(i64::from(*tenths))),
        ItemValue::RecorderSpeed(tenths) => {
            return writeln!(f, " {} km/h", Field::Tenths(i64::from(*tenths)));
        }
        ItemValue::Raw { id, bytes: [] } => return writeln!(f, " {id:02x}"),
        ItemValue::Raw { id, bytes } => return writeln!(f, " {id:02x} {}", Hex(bytes)),
        _ => {}
    }
    let mut line = Inline { f, result: Ok(()) };
    value.show(&mut line);
    line.result.and_then(|()| writeln!(f))
}

/// Fields of one item in one line.
struct Inline<'l, 'f> {
    f: &'l mut fmt::Formatter<'f>,
    result: fmt::Result,
}

impl Show for Inline<'_, '_> {
    fn field(&mut self, Shown { name, value, .. }: Shown<'_>) {
        self.result = self.result.and_then(|()| write!(self.f, " {name}={value}"));
    }

    fn begin(&mut self, _: &'static str) {}

    fn end(&mut self) {}
}

/// Microdegrees without their sign.
struct Degrees(i32);

impl fmt::Display for Degrees {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.unsigned_abs();
        write!(f, "{}.{:06}", magnitude / 1_000_000, magnitude % 1_000_000)
    }
}

/// Names of the alarm bits that are set (2019 table 25; bits 3 and 31 meant something else in 2013).
pub fn alarm_names(alarm: u32) -> impl Iterator<Item = &'static str> {
    ALARMS.of(alarm.into()).map(|(_, english)| english)
}

/// Names of the status bits that are set (2019 table 24); the load of bits 8 and 9 reads as two bits.
pub fn status_names(status: u32) -> impl Iterator<Item = &'static str> {
    STATUS.of(status.into()).map(|(_, english)| english)
}

pub(crate) const ALARMS: Meaning = Meaning::Bits(&[
    (0, "紧急报警", "emergency"),
    (1, "超速报警", "overspeed"),
    (2, "疲劳驾驶", "fatigue"),
    (3, "危险驾驶行为/危险预警", "dangerous-driving"),
    (4, "GNSS 模块故障", "gnss-fault"),
    (5, "GNSS 天线未接", "antenna-open"),
    (6, "GNSS 天线短路", "antenna-short"),
    (7, "主电源欠压", "power-low"),
    (8, "主电源掉电", "power-lost"),
    (9, "显示器故障", "display-fault"),
    (10, "TTS 模块故障", "tts-fault"),
    (11, "摄像头故障", "camera-fault"),
    (12, "IC 卡模块故障", "card-reader-fault"),
    (13, "超速预警", "overspeed-warning"),
    (14, "疲劳驾驶预警", "fatigue-warning"),
    (15, "违规行驶", "violation-driving"),
    (16, "胎压预警", "tyre-pressure"),
    (17, "右转盲区异常", "right-blind-spot"),
    (18, "当天累计驾驶超时", "daily-driving-exceeded"),
    (19, "超时停车", "parking-too-long"),
    (20, "进出区域", "area-crossed"),
    (21, "进出路线", "route-crossed"),
    (22, "路段行驶时间不足/过长", "segment-time"),
    (23, "路线偏离", "route-deviation"),
    (24, "VSS 故障", "vss-fault"),
    (25, "油量异常", "fuel-abnormal"),
    (26, "车辆被盗", "stolen"),
    (27, "非法点火", "illegal-ignition"),
    (28, "非法位移", "illegal-displacement"),
    (29, "碰撞侧翻", "collision"),
    (30, "侧翻预警", "rollover-warning"),
    (31, "非法开门", "illegal-door"),
]);

pub(crate) const STATUS: Meaning = Meaning::Bits(&[
    (0, "ACC 开", "acc-on"),
    (1, "已定位", "positioned"),
    (2, "南纬", "south"),
    (3, "西经", "west"),
    (4, "停运", "out-of-service"),
    (5, "经纬度已加密", "encrypted-position"),
    (6, "前撞预警", "forward-collision-warning"),
    (7, "车道偏移预警", "lane-departure-warning"),
    (8, "载重位 0", "load-bit-0"),
    (9, "载重位 1", "load-bit-1"),
    (10, "油路断开", "fuel-cut"),
    (11, "电路断开", "power-cut"),
    (12, "车门加锁", "doors-locked"),
    (13, "前门开", "front-door-open"),
    (14, "中门开", "middle-door-open"),
    (15, "后门开", "rear-door-open"),
    (16, "驾驶席门开", "driver-door-open"),
    (17, "自定义门开", "custom-door-open"),
    (18, "GPS", "gps"),
    (19, "北斗", "beidou"),
    (20, "GLONASS", "glonass"),
    (21, "Galileo", "galileo"),
    (22, "行驶中", "moving"),
    (23, "保留位 23", "bit-23"),
    (24, "保留位 24", "bit-24"),
    (25, "保留位 25", "bit-25"),
    (26, "保留位 26", "bit-26"),
    (27, "保留位 27", "bit-27"),
    (28, "保留位 28", "bit-28"),
    (29, "保留位 29", "bit-29"),
    (30, "保留位 30", "bit-30"),
    (31, "保留位 31", "bit-31"),
]);

/// 0x0201.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LocationAnswer<'a> {
    /// Serial of the query answered.
    pub serial: u16,
    /// The position.
    pub location: Location<'a>,
}

impl<'a> Body<'a> for LocationAnswer<'a> {
    fn decode(mut reader: Reader<'a>, _: Edition) -> Result<Self, DecodeError> {
        Ok(Self { serial: reader.u16("answered serial")?, location: Location::decode(reader.rest())? })
    }

    fn encode(&self, _: Edition, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.serial.to_be_bytes());
        self.location.encode(into);
    }

    fn show(&self, show: &mut dyn Show) {
        show.number("answered_serial", self.serial);
        self.location.show_all(show);
    }
}

/// 0x0704: reports in one message; one bad report does not cost the others.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LocationBatch<'a> {
    /// How many the terminal announces; the bytes decide.
    pub count: u16,
    /// 0 as usual, 1 stored without coverage.
    pub kind: u8,
    /// The reports, each behind its length.
    pub bytes: &'a [u8],
}

impl<'a> Body<'a> for LocationBatch<'a> {
    fn decode(mut reader: Reader<'a>, _: Edition) -> Result<Self, DecodeError> {
        Ok(Self { count: reader.u16("count")?, kind: reader.u8("kind")?, bytes: reader.rest() })
    }

    fn encode(&self, _: Edition, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.count.to_be_bytes());
        into.push(self.kind);
        into.extend_from_slice(self.bytes);
    }

    fn show(&self, show: &mut dyn Show) {
        show.number("count", self.count);
        show.meant("kind", self.kind, BATCH_KINDS);
        for body in self.bodies() {
            show.begin("reports");
            show.value("length", 2, Field::Number(i64::try_from(body.len()).unwrap_or(i64::MAX)));
            match Location::decode(body) {
                Ok(location) => location.show_all(show),
                Err(error) => {
                    show.text("error", 0, &error);
                    show.hex("raw", body);
                }
            }
            show.end();
        }
        let leftover = self.leftover();
        if !leftover.is_empty() {
            show.hex("leftover", leftover);
        }
    }
}

/// 2013 and 2019, section 8.49.
const BATCH_KINDS: Meaning =
    Meaning::Codes(&[(0, "正常位置批量汇报", "as usual"), (1, "盲区补报", "stored without coverage")]);

impl<'a> LocationBatch<'a> {
    /// Every report whose bytes are there, in order; ends at one that reaches past the end.
    pub fn iter(&self) -> impl Iterator<Item = Result<Location<'a>, DecodeError>> + use<'a> {
        self.bodies().map(Location::decode)
    }

    fn bodies(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut reader = Reader::new(self.bytes);
        std::iter::from_fn(move || {
            let len = reader.u16("length").ok()?;
            reader.take(usize::from(len), "report").ok()
        })
    }

    /// What stands behind the last whole report.
    #[must_use]
    pub fn leftover(&self) -> &'a [u8] {
        let used: usize = self.bodies().map(|body| body.len() + 2).sum();
        self.bytes.get(used..).unwrap_or_default()
    }

    /// Appends one report behind its length, to build [`LocationBatch::bytes`].
    pub fn push(location: &Location<'_>, into: &mut Vec<u8>) {
        let start = into.len();
        into.extend_from_slice(&[0; 2]);
        location.encode(into);
        let len = u16::try_from(into.len() - start - 2).unwrap_or(u16::MAX);
        if let Some(slot) = into.get_mut(start..start + 2) {
            slot.copy_from_slice(&len.to_be_bytes());
        }
    }
}

impl fmt::Display for LocationBatch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, location) in (1..).zip(self.iter()) {
            writeln!(f, "  report   {place}")?;
            match location {
                Ok(location) => location.fmt(f)?,
                Err(error) => writeln!(f, "  error    {error}")?,
            }
        }
        let leftover = self.leftover();
        if leftover.is_empty() { Ok(()) } else { writeln!(f, "  leftover {}", Hex(leftover)) }
    }
}
