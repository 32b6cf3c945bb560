//! Additional items of a location report: id 1, length 1, value (2013 table 27, 2019 table 27; JT/T 1078-2016 table 13).

mod meanings;
mod value;

pub(crate) use self::meanings::ITEMS;
pub use self::value::ItemValue;
use crate::field::{Field, Show};
use crate::safety::{Adas, BlindSpot, Dialect, DriverState, HarshDriving, HunanAi, SpeedingAlarm, TyreAlarm};

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
