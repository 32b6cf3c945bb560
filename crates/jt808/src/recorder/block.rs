//! The data blocks of GB/T 19056-2012, by command word.

use super::part::{Digits, Mileage, Place, PositionSample, Run, SpeedPair, SpeedSample};
use crate::field::{Meaning, Show};
use crate::layout::{Body, Padded, Tail, body, entry};
use crate::message::recorder_command::COMMANDS;
use crate::reader::Reader;
use crate::{DeviceTime, Edition};

macro_rules! blocks {
    ($($(#[$doc:meta])* $variant:ident($content:ty) = $($command:literal)|+;)*) => {
        /// A data block, by the command word it stands behind.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub enum RecorderBlock<'a> {
            $($(#[$doc])* $variant($content),)*
            /// Records asked for, from 0x08 to 0x15 to the recorder.
            Range(RecorderRange<'a>),
            /// A command that is not known, or a block too short for it: as sent.
            Raw(&'a [u8]),
        }

        impl<'a> RecorderBlock<'a> {
            /// Reads a block. `up` is from the recorder.
            #[must_use]
            pub fn decode(command: u8, up: bool, data: &'a [u8]) -> Self {
                // A block has one layout, whatever edition of JT/T 808 carries it.
                let (reader, edition) = (Reader::new(data), Edition::V2013);
                let read = match command {
                    0x08 | 0x09 | 0x10..=0x15 if !up => Body::decode(reader, edition).map(Self::Range),
                    $($($command)|+ => Body::decode(reader, edition).map(Self::$variant),)*
                    _ => return Self::Raw(data),
                };
                read.unwrap_or(Self::Raw(data))
            }

            /// Appends the block.
            pub fn encode(&self, into: &mut Vec<u8>) {
                match self {
                    $(Self::$variant(block) => Body::encode(block, Edition::V2013, into),)*
                    Self::Range(block) => Body::encode(block, Edition::V2013, into),
                    Self::Raw(data) => into.extend_from_slice(data),
                }
            }

            pub(super) fn show(&self, show: &mut dyn Show) {
                match self {
                    $(Self::$variant(block) => Body::show(block, show),)*
                    Self::Range(block) => Body::show(block, show),
                    Self::Raw([]) => {}
                    Self::Raw(data) => show.hex("data", data),
                }
            }
        }
    };
}

blocks! {
    /// Which edition the recorder follows.
    Edition(RecorderEdition<'a>) = 0x00;
    /// Who drives.
    Driver(RecorderDriver<'a>) = 0x01;
    /// The clock, or when it was put in.
    Clock(RecorderClock<'a>) = 0x02 | 0x83 | 0xc2;
    /// How far it has come.
    Mileage(RecorderMileage<'a>) = 0x03 | 0xc4;
    /// Pulses a kilometre.
    Pulses(RecorderPulses<'a>) = 0x04 | 0xc3;
    /// Which vehicle.
    Vehicle(RecorderVehicle<'a>) = 0x05 | 0x82;
    /// What its signals are called.
    Signals(RecorderSignals<'a>) = 0x06 | 0x84;
    /// Which recorder.
    Number(RecorderNumber<'a>) = 0x07;
    /// Speeds of every second.
    Speeds(RecorderSpeeds<'a>) = 0x08;
    /// Positions of every minute.
    Positions(RecorderPositions<'a>) = 0x09;
    /// The last 20 s before a stop that may be an accident.
    Accidents(RecorderAccidents<'a>) = 0x10;
    /// Driving for too long.
    Overtime(RecorderOvertime<'a>) = 0x11;
    /// Drivers that came and went.
    DriverEvents(RecorderDriverEvents<'a>) = 0x12;
    /// Power that came and went.
    Power(RecorderPower<'a>) = 0x13;
    /// Parameters that were changed.
    ParameterChanges(RecorderParameterChanges<'a>) = 0x14;
    /// Speeds beside those of the satellites.
    SpeedLog(RecorderSpeedLog<'a>) = 0x15;
}

body! {
    /// 0x08 to 0x15 to the recorder: 14 bytes.
    RecorderRange {
        /// From.
        start: DeviceTime,
        /// To.
        end: DeviceTime,
        /// At most so many records in one answer.
        records_max: u16,
    }
}

body! {
    /// 0x00: two bytes.
    RecorderEdition {
        /// Last two digits of the edition's year: 12 for GB/T 19056-2012, 21 for -2021.
        year: Digits<1>,
        /// Number of its amendment.
        amendment: u8,
    }
}

body! {
    /// 0x01: 18 bytes.
    RecorderDriver {
        /// Number of the driving licence.
        licence: Padded<'a, 18>,
    }
}

body! {
    /// 0x02 and 0xc2 the clock, 0x83 the day it was put in: six bytes.
    RecorderClock {
        /// When.
        time: DeviceTime,
    }
}

body! {
    /// 0x03 and 0xc4: 20 bytes.
    RecorderMileage {
        /// The clock.
        time: DeviceTime,
        /// When the recorder was put in.
        installed: DeviceTime,
        /// What the vehicle had gone then.
        initial_km: Mileage,
        /// What it has gone since.
        total_km: Mileage,
    }
}

body! {
    /// 0x04 and 0xc3: eight bytes.
    RecorderPulses {
        /// The clock.
        time: DeviceTime,
        /// Pulses a kilometre.
        pulse_coefficient: u16,
    }
}

body! {
    /// 0x05 and 0x82: 41 bytes.
    RecorderVehicle {
        /// Its VIN.
        vin: Padded<'a, 17>,
        /// Its plate.
        plate: Padded<'a, 12>,
        /// Which class of plates.
        plate_class: Padded<'a, 12>,
    }
}

body! {
    /// 0x06 and 0x84: 87 bytes, eight names of ten bytes from bit 0 on for each byte of signals.
    RecorderSignals {
        /// The clock.
        time: DeviceTime,
        /// Bytes of signals.
        signal_bytes: u8,
        /// Names of the signals.
        signals: Tail<'a, SignalName<'a>>,
    }
}

entry! {
    /// What one signal is called.
    SignalName<'e> {
        /// Its name; empty where it is not used.
        name: Padded<'e, 10>,
    }
}

body! {
    /// 0x07: 35 bytes.
    RecorderNumber {
        /// Code of the maker's CCC certificate.
        ccc: Padded<'a, 7>,
        /// Model as certified.
        model: Padded<'a, 16>,
        /// Day it was made, YYMMDD.
        produced: Digits<3>,
        /// Its number.
        serial_number: u32,
        /// As sent.
        reserved: [u8; 5],
    }
}

body! {
    /// 0x08.
    RecorderSpeeds {
        /// The latest first.
        minutes: Tail<'a, SpeedMinute<'a>>,
    }
}

entry! {
    /// One minute: 126 bytes.
    SpeedMinute<'e> {
        /// Its first second.
        start: DeviceTime,
        /// Mean speed of every second.
        seconds: Run<'e, SpeedSample, 60>,
    }
}

body! {
    /// 0x09.
    RecorderPositions {
        /// The latest first.
        hours: Tail<'a, PositionHour<'a>>,
    }
}

entry! {
    /// One hour: 666 bytes.
    PositionHour<'e> {
        /// Its first minute.
        start: DeviceTime,
        /// Every minute.
        minutes: Run<'e, PositionSample, 60>,
    }
}

body! {
    /// 0x10.
    RecorderAccidents {
        /// The latest first.
        accidents: Tail<'a, Accident<'a>>,
    }
}

entry! {
    /// What may be an accident: 234 bytes.
    Accident<'e> {
        /// When the vehicle stood.
        end: DeviceTime,
        /// Number of the driving licence.
        licence: Padded<'e, 18>,
        /// Every 0.2 s, back from the end.
        samples: Run<'e, SpeedSample, 100>,
        /// The last place before it.
        place: Place,
    }
}

body! {
    /// 0x11.
    RecorderOvertime {
        /// The latest first.
        drives: Tail<'a, OvertimeDriving<'a>>,
    }
}

entry! {
    /// Driving for too long: 50 bytes.
    OvertimeDriving<'e> {
        /// Number of the driving licence.
        licence: Padded<'e, 18>,
        /// From.
        start: DeviceTime,
        /// To.
        end: DeviceTime,
        /// Where it began.
        start_place: Place,
        /// Where it ended.
        end_place: Place,
    }
}

body! {
    /// 0x12.
    RecorderDriverEvents {
        /// The latest first.
        drivers: Tail<'a, DriverEvent<'a>>,
    }
}

entry! {
    /// A driver who came or went: 25 bytes.
    DriverEvent<'e> {
        /// When.
        time: DeviceTime,
        /// Number of the driving licence.
        licence: Padded<'e, 18>,
        /// What.
        event: u8 = Meaning::Codes(&[(1, "登录", "came"), (2, "退出", "went")]),
    }
}

body! {
    /// 0x13.
    RecorderPower {
        /// The latest first.
        events: Tail<'a, PowerEvent>,
    }
}

entry! {
    /// Power that came or went: seven bytes.
    PowerEvent {
        /// When.
        time: DeviceTime,
        /// What.
        event: u8 = Meaning::Codes(&[(1, "通电", "came"), (2, "断电", "went")]),
    }
}

body! {
    /// 0x14.
    RecorderParameterChanges {
        /// The latest first.
        changes: Tail<'a, ParameterChange>,
    }
}

entry! {
    /// A parameter that was changed: seven bytes.
    ParameterChange {
        /// When.
        time: DeviceTime,
        /// By which command.
        event: u8 = COMMANDS,
    }
}

body! {
    /// 0x15.
    RecorderSpeedLog {
        /// The latest first.
        logs: Tail<'a, SpeedLog<'a>>,
    }
}

entry! {
    /// How the recorder's speed stands to that of the satellites: 133 bytes.
    SpeedLog<'e> {
        /// How it stands.
        state: u8 = Meaning::Codes(&[(1, "正常", "normal"), (2, "异常", "abnormal")]),
        /// From.
        start: DeviceTime,
        /// To.
        end: DeviceTime,
        /// Every second from the start on.
        seconds: Run<'e, SpeedPair, 60>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_as_wide_as_the_standard_says() {
        let bytes = [0x11; 700];
        let fixed = [(0x00, 2), (0x01, 18), (0x02, 6), (0x03, 20), (0x04, 8), (0x05, 41), (0x07, 35)];
        for (command, width) in fixed {
            let whole = |len| RecorderBlock::decode(command, true, &bytes[..len]);
            assert_eq!(whole(width - 1), RecorderBlock::Raw(&bytes[..width - 1]), "{command:02x}");
            assert_ne!(whole(width), RecorderBlock::Raw(&bytes[..width]), "{command:02x}");
        }
        let lists = [
            (0x08, 126),
            (0x09, 666),
            (0x10, 234),
            (0x11, 50),
            (0x12, 25),
            (0x13, 7),
            (0x14, 7),
            (0x15, 133),
        ];
        for (command, width) in lists {
            let records = |len| match RecorderBlock::decode(command, true, &bytes[..len]) {
                RecorderBlock::Speeds(it) => it.minutes.iter().count(),
                RecorderBlock::Positions(it) => it.hours.iter().count(),
                RecorderBlock::Accidents(it) => it.accidents.iter().count(),
                RecorderBlock::Overtime(it) => it.drives.iter().count(),
                RecorderBlock::DriverEvents(it) => it.drivers.iter().count(),
                RecorderBlock::Power(it) => it.events.iter().count(),
                RecorderBlock::ParameterChanges(it) => it.changes.iter().count(),
                RecorderBlock::SpeedLog(it) => it.logs.iter().count(),
                other => panic!("{other:?}"),
            };
            assert_eq!([0, width - 1, width, width + 1].map(records), [0, 0, 1, 1], "{command:02x}");
            let range = RecorderBlock::decode(command, false, &bytes[..14]);
            assert!(matches!(range, RecorderBlock::Range(_)), "{command:02x}");
        }
    }

    #[test]
    fn a_block_goes_back_as_it_came() {
        let bytes: Vec<u8> = (0..=255).cycle().take(700).collect();
        for command in 0..=u8::MAX {
            for (up, len) in [(true, 700), (true, 3), (false, 700), (false, 14)] {
                let mut again = Vec::new();
                RecorderBlock::decode(command, up, &bytes[..len]).encode(&mut again);
                assert_eq!(again, bytes[..len], "{command:02x}");
            }
        }
    }
}
