//! 0x0005 and 0x8003 request for missing packages (2013 section 8.4, 2019 sections 8.4 and 8.5).
//!
//! | serial of the first package 2 | count 1 (2013) or 2 (2019) | package numbers 2 … |

use crate::field::{Field, Show};
use crate::layout::Body;
use crate::reader::Reader;
use crate::{DecodeError, Edition};

/// Which packages are to be sent again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Resend<'a> {
    /// Serial of the first package.
    pub serial: u16,
    /// Layout of the count: a byte before 2019, then a word.
    pub edition: Edition,
    /// Package numbers as sent, two bytes each.
    pub packages: &'a [u8],
}

impl<'a> Body<'a> for Resend<'a> {
    /// The width of the count shows in the parity of the length, so the header's edition does not matter.
    fn decode(mut reader: Reader<'a>, _: Edition) -> Result<Self, DecodeError> {
        let even = reader.rest().len().is_multiple_of(2);
        let serial = reader.u16("first serial")?;
        let (edition, count) = if even {
            (Edition::V2019, reader.u16("count")?)
        } else {
            (Edition::V2013, u16::from(reader.u8("count")?))
        };
        let needed = usize::from(count) * 2;
        let packages = reader.rest();
        if packages.len() == needed {
            Ok(Self { serial, edition, packages })
        } else {
            Err(DecodeError::Missing { field: "package numbers", left: packages.len(), needed })
        }
    }

    /// At most 255 numbers where a byte counts them.
    fn encode(&self, _: Edition, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.serial.to_be_bytes());
        let count = self.packages.len() / 2;
        let count = match self.edition {
            Edition::V2011 | Edition::V2013 => {
                let count = u8::try_from(count).unwrap_or(u8::MAX);
                into.push(count);
                usize::from(count)
            }
            Edition::V2019 => {
                let count = u16::try_from(count).unwrap_or(u16::MAX);
                into.extend_from_slice(&count.to_be_bytes());
                usize::from(count)
            }
        };
        into.extend(self.packages.iter().take(count * 2));
    }

    fn show(&self, show: &mut dyn Show) {
        show.number("first_serial", self.serial);
        let count = match self.edition {
            Edition::V2011 | Edition::V2013 => 1,
            Edition::V2019 => 2,
        };
        show.value("count", count, Field::Number(i64::try_from(self.numbers().count()).unwrap_or(i64::MAX)));
        for package in self.numbers() {
            show.value("package", 2, Field::Entry(&package));
        }
    }
}

impl<'a> Resend<'a> {
    /// The package numbers, from 1.
    pub fn numbers(&self) -> impl Iterator<Item = u16> + use<'a> {
        self.packages.as_chunks::<2>().0.iter().map(|number| u16::from_be_bytes(*number))
    }
}
