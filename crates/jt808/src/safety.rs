//! Active-safety items 0x64-0x68, 0x70 and 0x71 (T/JSATL 12-2017 tables 4-15 to 4-24, T/GDRTA 002-2020).
//!
//! All end in the same block: speed 1, altitude 2, latitude 4, longitude 4, time BCD\[6\], vehicle status 2, alarm sign
//! S. The width of the sign tells the provincial dialect, and the item's length tells the width.

mod dialect;
mod kind;
mod meanings;

pub use self::dialect::Dialect;
pub use self::kind::SafetyKind;
use self::meanings::{DEPARTURES, FLAGS, LEVELS, SIGNS, TYRE_BITS, VEHICLE_STATUS};
use crate::DeviceTime;
use crate::field::{Field, Meaning, Show};
use crate::reader::{Reader, put_fixed};
use crate::text::Text;

/// The alarm sign as sent, echoed in 0x9208.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AlarmSign<'a> {
    dialect: Dialect,
    bytes: &'a [u8],
}

impl<'a> AlarmSign<'a> {
    /// A sign of 16, 38, 39 or 40 bytes.
    #[must_use]
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        Dialect::of(bytes.len(), None).map(|dialect| Self { dialect, bytes })
    }

    /// The same sign, in the hinted dialect where that has signs of this width.
    #[must_use]
    pub fn hinted(self, hint: Option<Dialect>) -> Self {
        Self { dialect: Dialect::of(self.bytes.len(), hint).unwrap_or(self.dialect), ..self }
    }

    /// Told by the width, and by the hint where one was given.
    #[must_use]
    #[inline]
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The bytes as sent.
    #[must_use]
    #[inline]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Terminal id inside the sign, not the phone number.
    #[must_use]
    #[inline]
    pub fn terminal(&self) -> Text<'a> {
        Text(self.bytes.get(..self.id_bytes()).unwrap_or_default())
    }

    /// When the alarm was signed.
    #[must_use]
    #[inline]
    pub fn time(&self) -> DeviceTime {
        let bcd = self.bytes.get(self.id_bytes()..).and_then(<[u8]>::first_chunk::<6>);
        DeviceTime::from_bcd(bcd.copied().unwrap_or_default())
    }

    /// Number among the alarms of one second, from 0.
    #[must_use]
    #[inline]
    pub fn sequence(&self) -> u8 {
        self.bytes.get(self.id_bytes() + 6).copied().unwrap_or_default()
    }

    /// Files the terminal holds for this alarm.
    #[must_use]
    #[inline]
    pub fn attachments(&self) -> u8 {
        self.bytes.get(self.id_bytes() + 7).copied().unwrap_or_default()
    }

    pub(crate) fn show(&self, show: &mut dyn Show) {
        show.text("dialect", 0, &self.dialect.as_str());
        show.text("sign_terminal", self.id_bytes(), &self.terminal());
        show.text("sign_time", 6, &self.time());
        show.number("sequence", self.sequence());
        show.number("attachments", self.attachments());
        let reserved = self.bytes.get(self.id_bytes() + 8..).unwrap_or_default();
        if !reserved.is_empty() {
            show.hex("sign_reserved", reserved);
        }
    }

    #[inline]
    const fn id_bytes(&self) -> usize {
        self.dialect.id_bytes()
    }
}

/// Where and when an alarm happened, and its sign: the block all items share.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Scene<'a> {
    /// Own speed, km/h.
    pub speed_kmh: u8,
    /// Altitude, m.
    pub altitude_m: u16,
    /// 1e-6 degree, magnitude.
    pub latitude: u32,
    /// 1e-6 degree, magnitude.
    pub longitude: u32,
    /// GMT+8.
    pub time: DeviceTime,
    /// Bit 0 ACC, 1 left, 2 right, 3 wiper, 4 brake, 5 card, 10 fixed.
    pub vehicle_status: u16,
    /// The alarm sign.
    pub sign: AlarmSign<'a>,
}

/// Bytes of the shared block before the sign.
const SCENE_BYTES: usize = 19;

impl<'a> Scene<'a> {
    /// Reads the block from all that is left.
    #[inline]
    fn decode(reader: Reader<'a>) -> Option<Self> {
        let len = reader.rest().len().checked_sub(SCENE_BYTES)?;
        Self::decode_with(&mut { reader }, len)
    }

    #[inline(always)]
    fn decode_with(reader: &mut Reader<'a>, sign_bytes: usize) -> Option<Self> {
        let block = reader.array::<SCENE_BYTES>("scene").ok()?;
        let sign = AlarmSign::new(reader.take(sign_bytes, "sign").ok()?)?;
        let mut reader = Reader::new(&block);
        Some(Self {
            speed_kmh: reader.u8("speed").ok()?,
            altitude_m: reader.u16("altitude").ok()?,
            latitude: reader.u32("latitude").ok()?,
            longitude: reader.u32("longitude").ok()?,
            time: reader.time("time").ok()?,
            vehicle_status: reader.u16("vehicle status").ok()?,
            sign,
        })
    }

    fn encode(&self, into: &mut Vec<u8>) {
        into.push(self.speed_kmh);
        into.extend_from_slice(&self.altitude_m.to_be_bytes());
        into.extend_from_slice(&self.latitude.to_be_bytes());
        into.extend_from_slice(&self.longitude.to_be_bytes());
        into.extend_from_slice(&self.time.bcd());
        into.extend_from_slice(&self.vehicle_status.to_be_bytes());
        put_fixed(self.sign.bytes, self.sign.bytes.len(), into);
    }

    fn show(&self, show: &mut dyn Show) {
        show.number("speed_kmh", self.speed_kmh);
        show.number("altitude_m", self.altitude_m);
        show.number("latitude_e6", self.latitude);
        show.number("longitude_e6", self.longitude);
        show.text("time", 6, &self.time);
        show.meant("vehicle_status", self.vehicle_status, VEHICLE_STATUS);
        self.sign.show(show);
    }
}

/// Defines an item of a fixed head and the shared block. A meaning is a function of the dialect.
macro_rules! safety_item {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ident $(= $meaning:expr)?),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub struct $name<'a> {
            /// Counts over all alarms of the terminal.
            pub alarm_id: u32,
            /// 0 not applicable, 1 start, 2 end.
            pub flag: u8,
            $($(#[$field_doc])* pub $field: $kind,)*
            /// Where, when, and the sign.
            pub scene: Scene<'a>,
        }

        impl<'a> $name<'a> {
            #[inline]
            pub(crate) fn decode(bytes: &'a [u8]) -> Option<Self> {
                let mut reader = Reader::new(bytes);
                Some(Self {
                    alarm_id: reader.u32("alarm id").ok()?,
                    flag: reader.u8("flag").ok()?,
                    $($field: reader.$kind(stringify!($field)).ok()?,)*
                    scene: Scene::decode(reader)?,
                })
            }

            pub(crate) fn encode(&self, into: &mut Vec<u8>) {
                into.extend_from_slice(&self.alarm_id.to_be_bytes());
                into.push(self.flag);
                $(into.extend_from_slice(&self.$field.to_be_bytes());)*
                self.scene.encode(into);
            }

            pub(crate) fn show(&self, show: &mut dyn Show) {
                show.number("alarm_id", self.alarm_id);
                show.meant("flag", self.flag, FLAGS);
                $(show.meant(stringify!($field), self.$field, meant!(self $($meaning)?));)*
                self.scene.show(show);
            }
        }
    };
}

macro_rules! meant {
    ($item:ident) => {
        Meaning::Plain
    };
    ($item:ident $meaning:expr) => {{
        let meaning: fn(Dialect) -> Meaning = $meaning;
        meaning($item.scene.sign.dialect)
    }};
}

safety_item! {
    /// 0x64 advanced driver assistance (T/JSATL 12-2017 table 4-15).
    Adas {
        /// 1 forward collision, 2 lane departure, 3 headway, 4 pedestrian, 5 lane changes, 6 road sign, 7 obstacle,
        /// 0x10 sign recognised, 0x11 capture.
        kind: u8 = |dialect| Meaning::SafetyKind(dialect, 0x64),
        /// 1 or 2.
        level: u8 = |_| LEVELS,
        /// km/h, types 1 and 2.
        front_speed_kmh: u8,
        /// Units of 100 ms, types 1, 2 and 4.
        distance_100ms: u8,
        /// 1 left, 2 right, type 2.
        departure: u8 = |_| DEPARTURES,
        /// 1 speed, 2 height, 3 weight, types 6 and 0x10.
        sign_kind: u8 = |_| SIGNS,
        /// What the road sign says.
        sign_value: u8,
    }
}

safety_item! {
    /// 0x65 driver state monitoring (T/JSATL 12-2017 table 4-17). The meaning of a type differs by dialect.
    DriverState {
        /// 1 fatigue, 2 phone, 3 smoking, 4 distraction, 5 abnormal, further ones by dialect.
        kind: u8 = |dialect| Meaning::SafetyKind(dialect, 0x65),
        /// 1 or 2.
        level: u8 = |_| LEVELS,
        /// 1 to 10, type 1.
        fatigue: u8,
        /// Four reserved bytes as sent.
        reserved: u32,
    }
}

safety_item! {
    /// 0x67 blind spot (T/JSATL 12-2017 table 4-20).
    BlindSpot {
        /// 1 rear, 2 left rear, 3 right rear.
        kind: u8 = |dialect| Meaning::SafetyKind(dialect, 0x67),
    }
}

safety_item! {
    /// 0x70 harsh driving, of later variants.
    HarshDriving {
        /// 1 acceleration, 2 braking, 3 turn, 4 idling, 5 stall, 6 coasting, 7 over-revving.
        kind: u8 = |dialect| Meaning::SafetyKind(dialect, 0x70),
        /// Time threshold.
        duration: u16,
        /// First threshold.
        threshold_1: u16,
        /// Second threshold.
        threshold_2: u16,
    }
}

safety_item! {
    /// 0x68 of 湘标, from implementations: types are the maker's.
    HunanAi {
        /// Type.
        kind: u8,
        /// 1 or 2.
        level: u8 = |_| LEVELS,
        /// Four reserved bytes as sent.
        reserved: u32,
        /// One more.
        reserved_2: u8,
    }
}

safety_item! {
    /// 0x71 speeding, of later variants.
    SpeedingAlarm {
        /// Type.
        kind: u8,
        /// Of which kind the limit is.
        limit_kind: u8,
        /// The terminal's own limit.
        terminal_limit_kmh: u8,
        /// The road's limit.
        road_limit_kmh: u8,
    }
}

/// 0x66 tyre pressure monitoring (T/JSATL 12-2017 table 4-18; its printed offset of the count is one too small).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TyreAlarm<'a> {
    /// Counts over all alarms of the terminal.
    pub alarm_id: u32,
    /// 0 not applicable, 1 start, 2 end.
    pub flag: u8,
    /// Where, when, and the sign.
    pub scene: Scene<'a>,
    /// Number of entries.
    pub count: u8,
    /// The entries as sent, of 9 or 10 bytes each.
    pub entries: &'a [u8],
}

impl<'a> TyreAlarm<'a> {
    pub(crate) fn decode(bytes: &'a [u8]) -> Option<Self> {
        Dialect::ALL.into_iter().find_map(|dialect| Self::decode_as(bytes, dialect))
    }

    fn decode_as(bytes: &'a [u8], dialect: Dialect) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let alarm_id = reader.u32("alarm id").ok()?;
        let flag = reader.u8("flag").ok()?;
        let scene = Scene::decode_with(&mut reader, dialect.sign_bytes())?;
        let count = reader.u8("count").ok()?;
        let entries = reader.rest();
        let fits = [9, 10].into_iter().any(|size| entries.len() == usize::from(count) * size);
        fits.then_some(Self { alarm_id, flag, scene, count, entries })
    }

    /// The entries, one a wheel.
    pub fn iter(&self) -> impl Iterator<Item = TyreEntry> {
        let size = self.entries.len().checked_div(usize::from(self.count)).unwrap_or(0).max(1);
        self.entries.chunks_exact(size).filter_map(TyreEntry::decode)
    }

    pub(crate) fn encode(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.alarm_id.to_be_bytes());
        into.push(self.flag);
        self.scene.encode(into);
        into.push(self.count);
        into.extend_from_slice(self.entries);
    }

    pub(crate) fn show(&self, show: &mut dyn Show) {
        show.number("alarm_id", self.alarm_id);
        show.meant("flag", self.flag, FLAGS);
        self.scene.show(show);
        show.number("count", self.count);
        let size = self.entries.len().checked_div(usize::from(self.count)).unwrap_or(0);
        for entry in self.iter() {
            if show.in_full() {
                entry.show(size, show);
                continue;
            }
            let TyreEntry { position, bits, pressure_kpa, temperature_c, battery_percent } = entry;
            let text =
                format_args!("{position}:{bits:#06x}:{pressure_kpa}kPa:{temperature_c}C:{battery_percent}%");
            show.value("wheel", size, Field::Entry(&text));
        }
    }
}

/// One wheel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TyreEntry {
    /// From 0 at the left front, in Z order; the first of two bytes in the ten-byte form is not used.
    pub position: u8,
    /// 0 periodic, 1 high, 2 low, 3 hot, 4 sensor, 5 imbalance, 6 slow leak, 7 battery.
    pub bits: u16,
    /// kPa.
    pub pressure_kpa: u16,
    /// °C.
    pub temperature_c: u16,
    /// Percent.
    pub battery_percent: u16,
}

impl TyreEntry {
    fn show(&self, size: usize, show: &mut dyn Show) {
        show.begin("wheel");
        show.value("position", size.saturating_sub(8), Field::Number(self.position.into()));
        show.meant("bits", self.bits, TYRE_BITS);
        show.number("pressure_kpa", self.pressure_kpa);
        show.number("temperature_c", self.temperature_c);
        show.number("battery_percent", self.battery_percent);
        show.end();
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (position, fields) = bytes.split_last_chunk::<8>()?;
        let [a, b, c, d, e, f, g, h] = *fields;
        Some(Self {
            position: *position.last()?,
            bits: u16::from_be_bytes([a, b]),
            pressure_kpa: u16::from_be_bytes([c, d]),
            temperature_c: u16::from_be_bytes([e, f]),
            battery_percent: u16::from_be_bytes([g, h]),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Item, ItemValue};

    /// A head of `head` bytes, the shared block, a sign of `sign` bytes and what follows.
    fn item(head: usize, sign: usize, rest: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; head];
        bytes.extend([86, 0x0e, 0x4a, 1, 2, 3, 4, 5, 6, 7, 8, 0x20, 7, 0x15, 0x23, 0x10, 5, 4, 1]);
        let id = if sign == 16 { 7 } else { 30 };
        bytes.extend(b"XZ00001".iter().copied().chain([0; 23]).take(id));
        bytes.extend([0x20, 0x07, 0x15, 0x23, 0x10, 0x06, 3, 2]);
        bytes.resize(head + 19 + sign, 0);
        bytes.extend(rest);
        bytes
    }

    #[test]
    fn the_length_of_an_item_tells_the_dialect() {
        let one_wheel = [1, 3, 0, 2, 2, 0xb2, 0, 41, 0, 88];
        for dialect in Dialect::ALL {
            for (id, head, rest) in [
                (0x64, 12, &[][..]),
                (0x65, 12, &[]),
                (0x66, 5, &one_wheel),
                (0x67, 6, &[]),
                (0x68, 12, &[]),
                (0x70, 12, &[]),
                (0x71, 9, &[]),
            ] {
                let bytes = item(head, dialect.sign_bytes(), rest);
                let sign = Item { id, bytes: &bytes }.value().sign().expect("a sign").hinted(Some(dialect));
                assert_eq!(sign.dialect(), dialect, "{id:02x}");
                assert_eq!(sign.terminal().to_string(), "XZ00001");
                assert_eq!(sign.time().to_string(), "2020-07-15 23:10:06 +08:00");
                assert_eq!((sign.sequence(), sign.attachments()), (3, 2));
            }
        }
    }

    #[test]
    fn another_length_stays_raw() {
        for (id, head) in [(0x64, 12), (0x65, 12), (0x67, 6), (0x68, 12), (0x70, 12), (0x71, 9)] {
            for sign in (0..64).filter(|len| !matches!(len, 16 | 38 | 39 | 40)) {
                let mut bytes = item(head, 16, &[]);
                bytes.resize(head + 19 + sign, 0);
                let value = Item { id, bytes: &bytes }.value();
                assert_eq!(value, ItemValue::Raw { id, bytes: &bytes }, "{sign}");
            }
        }
    }

    #[test]
    fn tyres_come_in_nine_or_ten_bytes_and_as_many_as_counted() {
        let check = |rest: &[u8], expected: Option<&[(u8, u16)]>| {
            let bytes = item(5, 16, rest);
            let found = match (Item { id: 0x66, bytes: &bytes }).value() {
                ItemValue::TyreAlarm(alarm) => {
                    Some(alarm.iter().map(|tyre| (tyre.position, tyre.pressure_kpa)).collect::<Vec<_>>())
                }
                _ => None,
            };
            assert_eq!(found.as_deref(), expected);
        };
        check(&[0], Some(&[]));
        check(&[1, 3, 0, 2, 2, 0xb2, 0, 41, 0, 88], Some(&[(3, 690)]));
        check(&[1, 0, 3, 0, 2, 2, 0xb2, 0, 41, 0, 88], Some(&[(3, 690)]));
        check(&[2, 3, 0, 2, 2, 0xb2, 0, 41, 0, 88], None);
        check(&[1, 3, 0, 2, 2, 0xb2, 0, 41, 0], None);
        check(&[], None);
    }
}
