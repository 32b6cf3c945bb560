//! What an item means.

use super::Items;
use super::meanings::{ABNORMAL, DIRECTIONS, INPUTS, PLACES, SEGMENT_RESULTS, SIGNALS, VIDEO_ALARMS};
use crate::field::{Field, Show};
use crate::reader::put_fixed;
use crate::safety::{
    Adas, AlarmSign, BlindSpot, DriverState, HarshDriving, HunanAi, SpeedingAlarm, TyreAlarm,
};

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
