//! Additional items of a location report: id 1, length 1, value (2013 table 27, 2019 table 27; JT/T 1078-2016 table 13).

mod meanings;

pub(crate) use self::meanings::ITEMS;
use self::meanings::{ABNORMAL, DIRECTIONS, INPUTS, PLACES, SEGMENT_RESULTS, SIGNALS, VIDEO_ALARMS};
use crate::field::{Field, Show};
use crate::reader::put_fixed;
use crate::safety::{
    Adas, AlarmSign, BlindSpot, Dialect, DriverState, HarshDriving, HunanAi, SpeedingAlarm, TyreAlarm,
};

/// The items as sent, read on demand.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Items<'a>(&'a [u8]);

impl<'a> Items<'a> {
    /// Everything behind the 28 bytes of the base.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The bytes as sent.
    #[must_use]
    pub const fn bytes(self) -> &'a [u8] {
        self.0
    }

    /// The whole items, in order; ids may repeat.
    #[must_use]
    pub const fn iter(self) -> ItemsIter<'a> {
        ItemsIter(self.0)
    }

    /// What stands behind the last whole item: padding, or an item that reaches past the end.
    #[must_use]
    pub fn leftover(self) -> &'a [u8] {
        let mut items = self.iter();
        while items.next().is_some() {}
        items.0
    }

    /// What is nested deeper still is shown as it is, so that the depth has a bound.
    fn show_nested(self, show: &mut dyn Show) {
        for item in self {
            show.begin("nested");
            let value = item.value();
            show.text("id", 1, &format_args!("{:02x} {}", item.id, value.name()));
            show.value("length", 1, Field::Number(i64::try_from(item.bytes.len()).unwrap_or(i64::MAX)));
            match value {
                ItemValue::Nested(items) => show.hex("raw", items.bytes()),
                value => value.show(show),
            }
            show.end();
        }
    }

    /// One family of trackers sends twenty bytes of fixed layout in place of items. They are read as such only where
    /// they are no items to the last byte and begin with none that has a meaning: those were cut.
    #[must_use]
    pub fn fixed_tail(self) -> Option<FixedTail> {
        let bytes = self.0.as_array::<20>()?;
        let is_raw = |item: Item<'_>| matches!(item.value(), ItemValue::Raw { .. });
        if self.leftover().iter().all(|byte| *byte == 0) || !self.iter().all(is_raw) {
            return None;
        }
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, reserved @ ..] = *bytes;
        Some(FixedTail {
            remaining: u32::from_be_bytes([a, b, c, d]),
            odometer_km: u32::from_be_bytes([e, f, g, h]),
            battery_tenths: u16::from_be_bytes([i, j]),
            area: u32::from_be_bytes([k, l, m, n]),
            signal: o,
            reserved,
        })
    }
}

/// Twenty bytes of fixed layout that stand in place of items, from implementations.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FixedTail {
    /// Battery and way that are left, as sent.
    pub remaining: u32,
    /// Odometer.
    pub odometer_km: u32,
    /// 0.1 V.
    pub battery_tenths: u16,
    /// Area the vehicle is in.
    pub area: u32,
    /// Strength of the signal.
    pub signal: u8,
    /// As sent.
    pub reserved: [u8; 5],
}

impl FixedTail {
    /// Hands over every field by name, in wire order.
    pub fn show(&self, show: &mut dyn Show) {
        show.number("remaining", self.remaining);
        show.number("odometer_km", self.odometer_km);
        show.tenths("battery_v", self.battery_tenths);
        show.number("area", self.area);
        show.number("strength", self.signal);
        show.hex("reserved", &self.reserved);
    }
}

impl<'a> IntoIterator for Items<'a> {
    type Item = Item<'a>;
    type IntoIter = ItemsIter<'a>;

    fn into_iter(self) -> ItemsIter<'a> {
        self.iter()
    }
}

/// Walks [`Items`].
#[derive(Clone, Copy, Debug)]
pub struct ItemsIter<'a>(&'a [u8]);

impl<'a> Iterator for ItemsIter<'a> {
    type Item = Item<'a>;

    #[inline]
    fn next(&mut self) -> Option<Item<'a>> {
        let [id, len, rest @ ..] = self.0 else { return None };
        let (bytes, rest) = rest.split_at_checked(usize::from(*len))?;
        // Zero padding behind the last item is no item.
        if *id == 0 && *len == 0 {
            return None;
        }
        self.0 = rest;
        Some(Item { id: *id, bytes })
    }
}

/// One item as sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Item<'a> {
    /// Item id.
    pub id: u8,
    /// Value as sent.
    pub bytes: &'a [u8],
}

impl<'a> Item<'a> {
    /// What the item means; `Raw` where the id is unknown or the length is not the standard's.
    #[must_use]
    #[inline]
    pub fn value(self) -> ItemValue<'a> {
        let bytes = self.bytes;
        let be16 = || bytes.try_into().map(u16::from_be_bytes).ok();
        let be32 = || bytes.try_into().map(u32::from_be_bytes).ok();
        let be8 = || bytes.try_into().map(|[byte]: [u8; 1]| byte).ok();
        let typed = match self.id {
            0x01 => be32().map(ItemValue::Mileage),
            0x02 => be16().map(ItemValue::Fuel),
            0x03 => be16().map(ItemValue::RecorderSpeed),
            0x04 => be16().map(ItemValue::ConfirmEvent),
            0x05 => bytes.try_into().ok().map(ItemValue::TyrePressures),
            0x06 => be16().map(ItemValue::CabinTemperature),
            0x11 => overspeed_place(bytes),
            0x12 => area_crossing(bytes),
            0x13 => segment_time(bytes),
            0x14 => be32().map(ItemValue::VideoAlarms),
            0x15 => be32().map(ItemValue::ChannelsLost),
            0x16 => be32().map(ItemValue::ChannelsCovered),
            0x17 => be16().map(ItemValue::StorageFaults),
            0x18 => abnormal_driving(bytes),
            0x25 => be32().map(ItemValue::Signals),
            0x2a => be16().map(ItemValue::InputOutput),
            0x2b => be32().map(ItemValue::Analogue),
            0x30 => be8().map(ItemValue::SignalStrength),
            0x31 => be8().map(ItemValue::Satellites),
            0x64..=0x68 | 0x70 | 0x71 => self.safety(),
            0xe0 => self.nested().map(ItemValue::Nested),
            _ => None,
        };
        typed.unwrap_or(ItemValue::Raw { id: self.id, bytes: self.bytes })
    }

    /// Apart from the others: these are large and rare, and would weigh on every walk over the items.
    #[inline(never)]
    fn safety(self) -> Option<ItemValue<'a>> {
        let bytes = self.bytes;
        match self.id {
            0x64 => Adas::decode(bytes).map(ItemValue::Adas),
            0x65 => DriverState::decode(bytes).map(ItemValue::DriverState),
            0x66 => TyreAlarm::decode(bytes).map(ItemValue::TyreAlarm),
            0x67 => BlindSpot::decode(bytes).map(ItemValue::BlindSpot),
            0x68 => HunanAi::decode(bytes).map(ItemValue::HunanAi),
            0x70 => HarshDriving::decode(bytes).map(ItemValue::HarshDriving),
            0x71 => SpeedingAlarm::decode(bytes).map(ItemValue::SpeedingAlarm),
            _ => None,
        }
    }

    /// As [`Item::value`], where the dialect of the terminal is known: 0xf1 and 0xf2 are faults of 粤标, and anything at
    /// all in other terminals.
    #[must_use]
    pub fn value_in(self, dialect: Option<Dialect>) -> ItemValue<'a> {
        let faults = || self.bytes.try_into().map(u32::from_be_bytes).ok();
        let typed = match (self.id, dialect) {
            (0xf1, Some(Dialect::Guangdong)) => faults().map(ItemValue::InstallFaults),
            (0xf2, Some(Dialect::Guangdong)) => faults().map(ItemValue::AlgorithmFaults),
            _ => None,
        };
        typed.unwrap_or_else(|| self.value())
    }

    /// The standard leaves open what stands in 0xe0; where it is one or more items to the last byte, it is those.
    #[inline(never)]
    fn nested(self) -> Option<Items<'a>> {
        let items = Items(self.bytes);
        (!self.bytes.is_empty() && items.leftover().is_empty()).then_some(items)
    }
}

/// Type 0 has no area by the standard, yet some terminals send one.
#[inline]
fn overspeed_place(bytes: &[u8]) -> Option<ItemValue<'_>> {
    match bytes {
        [kind] => Some(ItemValue::OverspeedPlace { kind: *kind, area: None }),
        [kind, a, b, c, d] => {
            Some(ItemValue::OverspeedPlace { kind: *kind, area: Some(u32::from_be_bytes([*a, *b, *c, *d])) })
        }
        _ => None,
    }
}

fn area_crossing(bytes: &[u8]) -> Option<ItemValue<'_>> {
    let [kind, a, b, c, d, direction] = *bytes.as_array::<6>()?;
    Some(ItemValue::AreaCrossing { kind, area: u32::from_be_bytes([a, b, c, d]), direction })
}

fn segment_time(bytes: &[u8]) -> Option<ItemValue<'_>> {
    let [a, b, c, d, e, f, result] = *bytes.as_array::<7>()?;
    let (segment, seconds) = (u32::from_be_bytes([a, b, c, d]), u16::from_be_bytes([e, f]));
    Some(ItemValue::SegmentTime { segment, seconds, result })
}

/// The table of JT/T 1078-2016 says length 2, its own layout needs 3; both are sent.
#[inline]
fn abnormal_driving(bytes: &[u8]) -> Option<ItemValue<'_>> {
    let (flags, fatigue) = match bytes {
        [high, low] => ([*high, *low], None),
        [high, low, fatigue] => ([*high, *low], Some(*fatigue)),
        _ => return None,
    };
    Some(ItemValue::AbnormalDriving { flags: u16::from_be_bytes(flags), fatigue })
}

/// The meaning of an item. Numbers are as on the wire; the unit stands beside each.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ItemValue<'a> {
    /// 0x01, 0.1 km.
    Mileage(u32),
    /// 0x02, 0.1 L.
    Fuel(u16),
    /// 0x03, speed of the driving recorder, 0.1 km/h.
    RecorderSpeed(u16),
    /// 0x04, id of an alarm to be confirmed by hand.
    ConfirmEvent(u16),
    /// 0x05, 30 tyre pressures, 0xff where there is none (2019).
    TyrePressures(&'a [u8; 30]),
    /// 0x06, cabin temperature in °C, sign and magnitude as sent: see [`ItemValue::cabin_celsius`] (2019).
    CabinTemperature(u16),
    /// 0x11, where the speeding alarm holds.
    OverspeedPlace {
        /// 0 none, 1 circle, 2 rectangle, 3 polygon, 4 road segment.
        kind: u8,
        /// Area or segment id.
        area: Option<u32>,
    },
    /// 0x12, area or route entered or left.
    AreaCrossing {
        /// 1 circle, 2 rectangle, 3 polygon, 4 line.
        kind: u8,
        /// Area or line id.
        area: u32,
        /// 0 in, 1 out.
        direction: u8,
    },
    /// 0x13, time on a segment too short or too long.
    SegmentTime {
        /// Segment id.
        segment: u32,
        /// Seconds driven.
        seconds: u16,
        /// 0 too short, 1 too long.
        result: u8,
    },
    /// 0x14, video alarm bits (JT/T 1078).
    VideoAlarms(u32),
    /// 0x15, video channels lost, bit = channel − 1.
    ChannelsLost(u32),
    /// 0x16, video channels covered, bit = channel − 1.
    ChannelsCovered(u32),
    /// 0x17, storage faults: bits 0-11 main, 12-15 backup.
    StorageFaults(u16),
    /// 0x18, abnormal driving.
    AbnormalDriving {
        /// Bit 0 fatigue, 1 phone, 2 smoking, 11-15 own.
        flags: u16,
        /// 0 to 100.
        fatigue: Option<u8>,
    },
    /// 0x25, lamps, brake, horn: bit 0 is the low beam.
    Signals(u32),
    /// 0x2a, bit 0 deep sleep, bit 1 sleep.
    InputOutput(u16),
    /// 0x2b, low word AD0, high word AD1.
    Analogue(u32),
    /// 0x30.
    SignalStrength(u8),
    /// 0x31.
    Satellites(u8),
    /// 0x64 (T/JSATL 12-2017).
    Adas(Adas<'a>),
    /// 0x65 (T/JSATL 12-2017).
    DriverState(DriverState<'a>),
    /// 0x66 (T/JSATL 12-2017).
    TyreAlarm(TyreAlarm<'a>),
    /// 0x67 (T/JSATL 12-2017).
    BlindSpot(BlindSpot<'a>),
    /// 0x70, from implementations.
    HarshDriving(HarshDriving<'a>),
    /// 0x68 of 湘标, from implementations.
    HunanAi(HunanAi<'a>),
    /// 0x71, from implementations.
    SpeedingAlarm(SpeedingAlarm<'a>),
    /// 0xe0: a vendor's own items, where they are items.
    Nested(Items<'a>),
    /// 0xf1 of 粤标: bits of what is installed wrongly.
    InstallFaults(u32),
    /// 0xf2 of 粤标: bits of what is not detected.
    AlgorithmFaults(u32),
    /// Anything else, as sent.
    Raw {
        /// Item id.
        id: u8,
        /// Value as sent.
        bytes: &'a [u8],
    },
}

impl<'a> ItemValue<'a> {
    /// The item id.
    #[must_use]
    pub const fn id(&self) -> u8 {
        match self {
            Self::Mileage(_) => 0x01,
            Self::Fuel(_) => 0x02,
            Self::RecorderSpeed(_) => 0x03,
            Self::ConfirmEvent(_) => 0x04,
            Self::TyrePressures(_) => 0x05,
            Self::CabinTemperature(_) => 0x06,
            Self::OverspeedPlace { .. } => 0x11,
            Self::AreaCrossing { .. } => 0x12,
            Self::SegmentTime { .. } => 0x13,
            Self::VideoAlarms(_) => 0x14,
            Self::ChannelsLost(_) => 0x15,
            Self::ChannelsCovered(_) => 0x16,
            Self::StorageFaults(_) => 0x17,
            Self::AbnormalDriving { .. } => 0x18,
            Self::Signals(_) => 0x25,
            Self::InputOutput(_) => 0x2a,
            Self::Analogue(_) => 0x2b,
            Self::SignalStrength(_) => 0x30,
            Self::Satellites(_) => 0x31,
            Self::Adas(_) => 0x64,
            Self::DriverState(_) => 0x65,
            Self::TyreAlarm(_) => 0x66,
            Self::BlindSpot(_) => 0x67,
            Self::HarshDriving(_) => 0x70,
            Self::HunanAi(_) => 0x68,
            Self::SpeedingAlarm(_) => 0x71,
            Self::Nested(_) => 0xe0,
            Self::InstallFaults(_) => 0xf1,
            Self::AlgorithmFaults(_) => 0xf2,
            Self::Raw { id, .. } => *id,
        }
    }

    /// The word of item 0x06 as degrees: bit 15 is the sign, the rest the magnitude.
    #[must_use]
    pub fn cabin_celsius(word: u16) -> i16 {
        let magnitude = i16::from_be_bytes((word & 0x7fff).to_be_bytes());
        if word & 0x8000 == 0 { magnitude } else { -magnitude }
    }

    /// Appends id, length and value; a value beyond 255 bytes is cut.
    pub fn encode(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(&[self.id(), 0]);
        let start = into.len();
        self.encode_value(into);
        into.truncate(start + usize::from(u8::MAX));
        let len = u8::try_from(into.len() - start).unwrap_or(u8::MAX);
        if let Some(slot) = into.get_mut(start - 1) {
            *slot = len;
        }
    }

    fn encode_value(&self, into: &mut Vec<u8>) {
        match self {
            Self::Mileage(v)
            | Self::VideoAlarms(v)
            | Self::ChannelsLost(v)
            | Self::ChannelsCovered(v)
            | Self::Signals(v)
            | Self::InstallFaults(v)
            | Self::AlgorithmFaults(v)
            | Self::Analogue(v) => into.extend_from_slice(&v.to_be_bytes()),
            Self::Fuel(v)
            | Self::RecorderSpeed(v)
            | Self::ConfirmEvent(v)
            | Self::CabinTemperature(v)
            | Self::StorageFaults(v)
            | Self::InputOutput(v) => into.extend_from_slice(&v.to_be_bytes()),
            Self::SignalStrength(v) | Self::Satellites(v) => into.push(*v),
            Self::TyrePressures(bytes) => put_fixed(*bytes, 30, into),
            Self::OverspeedPlace { kind, area } => {
                into.push(*kind);
                into.extend(area.iter().flat_map(|area| area.to_be_bytes()));
            }
            Self::AreaCrossing { kind, area, direction } => {
                into.push(*kind);
                into.extend_from_slice(&area.to_be_bytes());
                into.push(*direction);
            }
            Self::SegmentTime { segment, seconds, result } => {
                into.extend_from_slice(&segment.to_be_bytes());
                into.extend_from_slice(&seconds.to_be_bytes());
                into.push(*result);
            }
            Self::AbnormalDriving { flags, fatigue } => {
                into.extend_from_slice(&flags.to_be_bytes());
                into.extend(fatigue);
            }
            Self::Adas(v) => v.encode(into),
            Self::DriverState(v) => v.encode(into),
            Self::TyreAlarm(v) => v.encode(into),
            Self::BlindSpot(v) => v.encode(into),
            Self::HarshDriving(v) => v.encode(into),
            Self::HunanAi(v) => v.encode(into),
            Self::SpeedingAlarm(v) => v.encode(into),
            Self::Nested(items) => into.extend_from_slice(items.bytes()),
            Self::Raw { bytes, .. } => into.extend_from_slice(bytes),
        }
    }

    /// The short name of the item in a listing.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Mileage(_) => "mileage",
            Self::Fuel(_) => "fuel",
            Self::RecorderSpeed(_) => "recorder",
            Self::ConfirmEvent(_) => "confirm",
            Self::TyrePressures(_) => "tyres",
            Self::CabinTemperature(_) => "cabin",
            Self::OverspeedPlace { .. } => "speeding",
            Self::AreaCrossing { .. } => "crossing",
            Self::SegmentTime { .. } => "segment",
            Self::VideoAlarms(_) => "video",
            Self::ChannelsLost(_) => "lost",
            Self::ChannelsCovered(_) => "covered",
            Self::StorageFaults(_) => "storage",
            Self::AbnormalDriving { .. } => "abnormal",
            Self::Signals(_) => "signals",
            Self::InputOutput(_) => "io",
            Self::Analogue(_) => "analogue",
            Self::SignalStrength(_) => "signal",
            Self::Satellites(_) => "sats",
            Self::Adas(_) => "adas",
            Self::DriverState(_) => "dsm",
            Self::TyreAlarm(_) => "tpms",
            Self::BlindSpot(_) => "bsd",
            Self::HarshDriving(_) => "harsh",
            Self::HunanAi(_) => "hunan-ai",
            Self::SpeedingAlarm(_) => "over-limit",
            Self::Nested(_) => "nested",
            Self::InstallFaults(_) => "install",
            Self::AlgorithmFaults(_) => "algorithm",
            Self::Raw { .. } => "raw",
        }
    }

    /// The alarm sign of an item of active safety.
    #[must_use]
    pub fn sign(&self) -> Option<AlarmSign<'a>> {
        let scene = match self {
            Self::Adas(item) => item.scene,
            Self::BlindSpot(item) => item.scene,
            Self::DriverState(item) => item.scene,
            Self::HarshDriving(item) => item.scene,
            Self::HunanAi(item) => item.scene,
            Self::SpeedingAlarm(item) => item.scene,
            Self::TyreAlarm(item) => item.scene,
            _ => return None,
        };
        Some(scene.sign)
    }

    /// Hands over every field by name, in wire order.
    pub fn show(&self, show: &mut dyn Show) {
        match self {
            Self::Mileage(v) => show.tenths("mileage_km", *v),
            Self::Fuel(v) => show.tenths("fuel_l", *v),
            Self::RecorderSpeed(v) => show.tenths("speed_kmh", *v),
            Self::CabinTemperature(v) => {
                show.value("temperature_c", 2, Field::Number(i64::from(Self::cabin_celsius(*v))));
            }
            Self::TyrePressures(bytes) => show.hex("pressures", *bytes),
            Self::ConfirmEvent(v) => show.number("event", *v),
            Self::VideoAlarms(v) => show.meant("bits", *v, VIDEO_ALARMS),
            Self::StorageFaults(v) => show.number("bits", *v),
            Self::InputOutput(v) => show.meant("bits", *v, INPUTS),
            Self::Signals(v) => show.meant("bits", *v, SIGNALS),
            Self::ChannelsLost(v) | Self::ChannelsCovered(v) => show.number("bits", *v),
            Self::Analogue(v) => {
                show.value("ad1", 2, Field::Number(i64::from(*v >> 16)));
                show.value("ad0", 2, Field::Number(i64::from(*v & 0xffff)));
            }
            Self::SignalStrength(v) => show.number("strength", *v),
            Self::Satellites(v) => show.number("count", *v),
            Self::OverspeedPlace { kind, area } => {
                show.meant("kind", *kind, PLACES);
                area.iter().for_each(|area| show.number("area", *area));
            }
            Self::AreaCrossing { kind, area, direction } => {
                show.meant("kind", *kind, PLACES);
                show.number("area", *area);
                show.meant("direction", *direction, DIRECTIONS);
            }
            Self::SegmentTime { segment, seconds, result } => {
                show.number("segment", *segment);
                show.number("seconds", *seconds);
                show.meant("result", *result, SEGMENT_RESULTS);
            }
            Self::AbnormalDriving { flags, fatigue } => {
                show.meant("bits", *flags, ABNORMAL);
                fatigue.iter().for_each(|fatigue| show.number("fatigue", *fatigue));
            }
            Self::Adas(v) => v.show(show),
            Self::DriverState(v) => v.show(show),
            Self::TyreAlarm(v) => v.show(show),
            Self::BlindSpot(v) => v.show(show),
            Self::HarshDriving(v) => v.show(show),
            Self::HunanAi(v) => v.show(show),
            Self::SpeedingAlarm(v) => v.show(show),
            Self::Nested(items) => items.show_nested(show),
            Self::InstallFaults(v) | Self::AlgorithmFaults(v) => show.number("bits", *v),
            Self::Raw { bytes, .. } => show.hex("raw", bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every id with a meaning and the lengths it may have; the large ones have tests of their own.
    const LENGTHS: [(u8, &[usize]); 19] = [
        (0x01, &[4]),
        (0x02, &[2]),
        (0x03, &[2]),
        (0x04, &[2]),
        (0x05, &[30]),
        (0x06, &[2]),
        (0x11, &[1, 5]),
        (0x12, &[6]),
        (0x13, &[7]),
        (0x14, &[4]),
        (0x15, &[4]),
        (0x16, &[4]),
        (0x17, &[2]),
        (0x18, &[2, 3]),
        (0x25, &[4]),
        (0x2a, &[2]),
        (0x2b, &[4]),
        (0x30, &[1]),
        (0x31, &[1]),
    ];

    #[test]
    fn a_length_the_standard_does_not_know_stays_raw() {
        let bytes: Vec<u8> = (1..=40).collect();
        for (id, lengths) in LENGTHS {
            for len in 0..=bytes.len() {
                let item = Item { id, bytes: &bytes[..len] };
                let raw = item.value() == ItemValue::Raw { id, bytes: &bytes[..len] };
                assert_eq!(raw, !lengths.contains(&len), "{id:02x} {len}");
            }
        }
    }

    #[test]
    fn every_value_goes_back_as_it_came() {
        let bytes: Vec<u8> = (0x81..0xff).collect();
        for id in 0..=u8::MAX {
            for len in 0..=80 {
                let mut wire = Vec::new();
                Item { id, bytes: &bytes[..len] }.value().encode(&mut wire);
                assert_eq!(wire[..2], [id, u8::try_from(len).unwrap()]);
                assert_eq!(wire[2..], bytes[..len], "{id:02x} {len}");
            }
        }
    }

    #[test]
    fn a_walk_ends_at_padding_and_at_a_cut_item() {
        let check = |bytes: &[u8], ids: &[u8], leftover: &[u8]| {
            let items = Items::new(bytes);
            assert_eq!(items.iter().map(|item| item.id).collect::<Vec<_>>(), ids);
            assert_eq!(items.leftover(), leftover);
        };
        check(&[0x30, 1, 9, 0x31, 1, 8, 0x30, 1, 7], &[0x30, 0x31, 0x30], &[]);
        check(&[0x30, 1, 9, 0, 0, 0], &[0x30], &[0, 0, 0]);
        check(&[0x30, 1, 9, 1, 4, 0, 0], &[0x30], &[1, 4, 0, 0]);
        check(&[0x30, 1, 9, 1], &[0x30], &[1]);
        check(&[0xe1, 0], &[0xe1], &[]);
    }

    #[test]
    fn a_vendor_list_is_items_where_it_is_items_to_the_last_byte() {
        let value = |bytes| Item { id: 0xe0, bytes }.value();
        let ItemValue::Nested(items) = value(&[0x30, 1, 9, 0xe0, 2, 0x31, 0]) else { panic!("no items") };
        assert_eq!(items.iter().map(|item| item.id).collect::<Vec<_>>(), [0x30, 0xe0]);
        for bytes in [&[][..], &[0x30, 2, 9], &[0x30, 1, 9, 0], &[0, 0]] {
            assert_eq!(value(bytes), ItemValue::Raw { id: 0xe0, bytes });
        }
    }

    #[test]
    fn twenty_bytes_that_are_no_items_are_a_fixed_tail() {
        let mut bytes = [0, 0, 0, 9, 0, 0, 0x30, 0x39, 0, 126, 0, 0, 0, 7, 21, 1, 2, 3, 4, 5];
        let tail = Items::new(&bytes).fixed_tail().unwrap();
        assert_eq!((tail.odometer_km, tail.battery_tenths, tail.area, tail.signal), (12_345, 126, 7, 21));
        assert_eq!(Items::new(&bytes[..19]).fixed_tail(), None);
        bytes[..6].copy_from_slice(&[1, 4, 0, 0, 0, 9]);
        assert_eq!(Items::new(&bytes).fixed_tail(), None, "a mileage, and an item that is cut");
        bytes[..3].copy_from_slice(&[0x33, 17, 0]);
        bytes[19] = 0;
        assert_eq!(Items::new(&bytes).fixed_tail(), None, "an item and padding");
    }

    #[test]
    fn faults_are_those_of_guangdong_alone() {
        let item = Item { id: 0xf1, bytes: &[0, 0, 0, 5] };
        assert_eq!(item.value_in(Some(Dialect::Guangdong)), ItemValue::InstallFaults(5));
        assert_eq!(item.value_in(Some(Dialect::Jiangsu)), item.value());
        assert_eq!(item.value_in(None), ItemValue::Raw { id: 0xf1, bytes: item.bytes });
        let item = Item { id: 0xf2, bytes: &[1] };
        assert_eq!(item.value_in(Some(Dialect::Guangdong)), ItemValue::Raw { id: 0xf2, bytes: &[1] });
    }

    #[test]
    fn a_cabin_below_zero_has_its_sign_in_bit_15() {
        assert_eq!(ItemValue::cabin_celsius(0x8005), -5);
        assert_eq!(ItemValue::cabin_celsius(0x0017), 23);
    }
}
