//! 0x0705 CAN data (2013 and 2019; the offset 8 that 2013 prints for the items is 7).
//!
//! | count 2 | time of the first BCD\[5\] | id 4, data 8 … |

use std::fmt;

use crate::field::{Meaning, Show};
use crate::layout::{Part, Tail, body};
use crate::reader::Reader;
use crate::{DecodeError, DeviceTime};

body! {
    /// Frames of a vehicle's bus.
    CanData {
        /// How many the terminal announces; the bytes decide.
        count: u16,
        /// When the first of them came, on the day of the message.
        time: CanTime,
        /// The frames, in order.
        frames: Tail<'a, CanFrame>,
    }
}

/// A time of day in GMT+8, BCD hh-mm-ss and four digits of milliseconds, as sent.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct CanTime(pub [u8; 5]);

impl CanTime {
    /// Milliseconds since midnight; nothing where it is no time.
    #[must_use]
    pub fn day_ms(self) -> Option<u32> {
        let [hour, minute, second, high, low] = self.0;
        // A day for the rest of the clock, so that one reading of times serves both.
        let clock = DeviceTime::from_bcd([0, 1, 1, hour, minute, second]);
        let [.., hour, minute, second] = clock.fields()?;
        let digits = [high >> 4, high & 15, low >> 4, low & 15];
        let ms = digits.into_iter().try_fold(0, |ms, digit| (digit < 10).then(|| ms * 10 + u32::from(digit)));
        Some((u32::from(hour) * 60 + u32::from(minute)) * 60_000 + u32::from(second) * 1_000 + ms?)
    }
}

impl fmt::Display for CanTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.day_ms() {
            Some(ms) => {
                let (second, ms) = (ms / 1_000, ms % 1_000);
                write!(f, "{:02}:{:02}:{:02}.{ms:03}", second / 3_600, second / 60 % 60, second % 60)
            }
            None => crate::field::Hex(&self.0).fmt(f),
        }
    }
}

impl<'a> Part<'a> for CanTime {
    fn read(reader: &mut Reader<'a>, field: &'static str) -> Result<Self, DecodeError> {
        reader.array(field).map(Self)
    }

    fn write(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.0);
    }

    fn show(&self, name: &'static str, _: Meaning, show: &mut dyn Show) {
        show.text(name, 5, self);
    }
}

/// One frame.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct CanFrame {
    /// Bits 0 to 28 the id on the bus; 29, 30 and 31 as the methods say.
    pub id: u32,
    /// Its data.
    pub data: [u8; 8],
}

impl CanFrame {
    /// The id on the bus, of 11 or 29 bits.
    #[must_use]
    pub const fn bus_id(self) -> u32 {
        self.id & 0x1fff_ffff
    }

    /// 1 or 2.
    #[must_use]
    pub const fn channel(self) -> u8 {
        if self.id >> 31 == 0 { 1 } else { 2 }
    }

    /// Whether the id has 29 bits.
    #[must_use]
    pub const fn is_extended(self) -> bool {
        self.id >> 30 & 1 == 1
    }

    /// Whether the data are the mean over the time between two reports, not those of one frame.
    #[must_use]
    pub const fn is_mean(self) -> bool {
        self.id >> 29 & 1 == 1
    }
}

/// Bits 29 to 31 of an id, in 0x0705 and in the parameters 0x0110 to 0x01ff.
pub(crate) const ID_BITS: Meaning = Meaning::BitsOf(
    0xe000_0000,
    &[(29, "采集区间平均值", "mean"), (30, "扩展帧", "extended frame"), (31, "CAN2 通道", "channel 2")],
);

impl<'a> Part<'a> for CanFrame {
    fn read(reader: &mut Reader<'a>, _: &'static str) -> Result<Self, DecodeError> {
        Ok(Self { id: reader.u32("can id")?, data: reader.array("can data")? })
    }

    fn write(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.id.to_be_bytes());
        into.extend_from_slice(&self.data);
    }

    fn show(&self, name: &'static str, _: Meaning, show: &mut dyn Show) {
        show.begin(name);
        show.meant("id", self.id, ID_BITS);
        show.text("bus_id", 0, &format_args!("{:x}", self.bus_id()));
        show.hex("data", &self.data);
        show.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_has_four_digits_of_milliseconds() {
        assert_eq!(CanTime([0x23, 0x59, 0x59, 0x09, 0x99]).to_string(), "23:59:59.999");
        assert_eq!(CanTime([0x08, 0x00, 0x01, 0x00, 0x05]).day_ms(), Some(28_801_005));
        assert_eq!(CanTime([0x24, 0, 0, 0, 0]).to_string(), "2400000000");
        assert_eq!(CanTime([0, 0, 0, 0, 0x0a]).day_ms(), None);
    }

    #[test]
    fn an_id_says_channel_frame_and_mean() {
        let frame = CanFrame { id: 0xd8fe_f100, data: [0; 8] };
        assert_eq!((frame.bus_id(), frame.channel()), (0x18fe_f100, 2));
        assert_eq!((frame.is_extended(), frame.is_mean()), (true, false));
        let frame = CanFrame { id: 0x2000_07e8, data: [0; 8] };
        assert_eq!((frame.bus_id(), frame.channel()), (0x7e8, 1));
        assert_eq!((frame.is_extended(), frame.is_mean()), (false, true));
    }
}
