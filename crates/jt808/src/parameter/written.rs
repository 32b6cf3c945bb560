//! Values as people write them, made into bytes for 0x8103.

use thiserror::Error;

use super::{FieldKind, ParameterField, ParameterInfo, ParameterSource};
use crate::text::encode_text;

/// Why what was written is no value of a parameter.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum ParameterError {
    /// A field is left out that no rule fills.
    #[error("{field} is missing, expected every field of {parameter}")]
    Missing {
        /// The parameter's name.
        parameter: &'static str,
        /// The field's name.
        field: &'static str,
    },
    /// No number, or one that does not fit.
    #[error("{field} is {written:?}, expected a number up to {max}")]
    Number {
        /// The name of the parameter or field.
        field: &'static str,
        /// What was written.
        written: String,
        /// The largest that fits.
        max: String,
    },
    /// Too long, or hex of another width.
    #[error("{parameter} has {len} bytes, expected {expected}")]
    Width {
        /// The parameter's name.
        parameter: &'static str,
        /// How many bytes it would have.
        len: usize,
        /// How many it may have.
        expected: &'static str,
    },
    /// A structure is written as `field=value, …`, or as hex.
    #[error("{written:?} is no field of {parameter}, expected field=value or hex:")]
    Field {
        /// The parameter's name.
        parameter: &'static str,
        /// What was written.
        written: String,
    },
}

impl ParameterInfo {
    /// Appends the bytes of a value as people write it: a number (decimal, or hex behind `0x`; with a decimal where it
    /// counts tenths), a text, or `field=value, …` of a structure. In structures of T/JSATL 12 a field left out stays as
    /// the terminal has it. Any value can be written as `hex:` and its digits.
    ///
    /// # Errors
    /// When it is no value of this parameter; nothing is appended then.
    pub fn parse(&self, written: &str, into: &mut Vec<u8>) -> Result<(), ParameterError> {
        let start = into.len();
        let parsed = match written.strip_prefix("hex:") {
            Some(digits) => self.parse_hex(digits, into),
            None => self.parse_value(written, into),
        };
        parsed.inspect_err(|_| into.truncate(start))
    }

    fn parse_value(&self, written: &str, into: &mut Vec<u8>) -> Result<(), ParameterError> {
        let start = into.len();
        match self.kind {
            FieldKind::Fields => self.parse_fields(written, into),
            _ => self.as_field().parse(written, into),
        }?;
        let len = into.len() - start;
        if len <= usize::from(u8::MAX) { Ok(()) } else { Err(self.width(len, "at most 255")) }
    }

    fn parse_hex(&self, written: &str, into: &mut Vec<u8>) -> Result<(), ParameterError> {
        let start = into.len();
        let mut digits = Vec::new();
        for letter in written.chars().filter(|letter| !letter.is_whitespace()) {
            let digit = letter.to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            digits.push(digit.ok_or_else(|| self.as_field().no_number(written, "ff a byte".into()))?);
        }
        into.extend(digits.as_chunks::<2>().0.iter().map(|[high, low]| high << 4 | low));
        let len = into.len() - start;
        let fits = match self.kind {
            FieldKind::Fields => self.fits(len),
            kind => kind.width().is_none_or(|width| width == len),
        };
        if fits && len <= usize::from(u8::MAX) {
            Ok(())
        } else {
            Err(self.width(len, "as many as its layout has"))
        }
    }

    fn width(&self, len: usize, expected: &'static str) -> ParameterError {
        ParameterError::Width { parameter: self.name, len, expected }
    }

    fn parse_fields(&self, written: &str, into: &mut Vec<u8>) -> Result<(), ParameterError> {
        let mut given = Vec::new();
        for pair in written.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let named = pair.split_once('=').filter(|(name, _)| {
                let name = name.trim();
                self.fields.iter().any(|field| field.name == name)
            });
            let Some((name, value)) = named else {
                return Err(ParameterError::Field { parameter: self.name, written: pair.into() });
            };
            given.push((name.trim(), value.trim()));
        }
        for field in self.fields {
            let value = given.iter().find(|(name, _)| *name == field.name);
            match (value, field.kind, self.source) {
                (Some((_, value)), ..) => field.parse(value, into)?,
                (None, FieldKind::Bytes(width), _) => into.extend(std::iter::repeat_n(0, width)),
                (None, kind, ParameterSource::Jsatl12) => {
                    into.extend(std::iter::repeat_n(0xff, kind.width().unwrap_or_default()));
                }
                (None, ..) => {
                    return Err(ParameterError::Missing { parameter: self.name, field: field.name });
                }
            }
        }
        Ok(())
    }
}

impl ParameterField {
    fn parse(&self, written: &str, into: &mut Vec<u8>) -> Result<(), ParameterError> {
        match self.kind {
            FieldKind::Text => into.extend(encode_text(written)),
            FieldKind::Padded(width) => crate::reader::put_fixed(&encode_text(written), width, into),
            FieldKind::Digits(width) => self.parse_digits(written, width, into)?,
            kind => {
                let width = kind.width().unwrap_or_default();
                let number = self.parse_number(written, width)?.to_be_bytes();
                into.extend_from_slice(number.get(4 - width..).unwrap_or_default());
            }
        }
        Ok(())
    }

    fn parse_digits(&self, written: &str, width: usize, into: &mut Vec<u8>) -> Result<(), ParameterError> {
        let digits: Vec<u8> = written.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
        if digits.len() != width * 2 {
            return Err(self.no_number(written, "9".repeat(width * 2)));
        }
        into.extend(digits.as_chunks::<2>().0.iter().map(|[high, low]| high << 4 | low));
        Ok(())
    }

    fn parse_number(&self, written: &str, width: usize) -> Result<u32, ParameterError> {
        let max = u32::MAX >> (32 - 8 * u32::try_from(width.clamp(1, 4)).unwrap_or(4));
        let parsed = if self.kind.is_tenths() {
            tenths(written)
        } else if let Some(digits) = written.strip_prefix("0x") {
            u32::from_str_radix(digits, 16).ok()
        } else {
            written.parse().ok()
        };
        let shown =
            if self.kind.is_tenths() { format!("{}.{}", max / 10, max % 10) } else { max.to_string() };
        parsed.filter(|number| *number <= max).ok_or_else(|| self.no_number(written, shown))
    }

    fn no_number(&self, written: &str, max: String) -> ParameterError {
        ParameterError::Number { field: self.name, written: written.into(), max }
    }
}

/// Tenths of `8`, `8.5`, `.5`.
fn tenths(written: &str) -> Option<u32> {
    let (whole, tenth) = written.split_once('.').unwrap_or((written, "0"));
    let whole: u32 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let tenth = tenth.parse().ok().filter(|tenth: &u32| *tenth < 10)?;
    whole.checked_mul(10)?.checked_add(tenth)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(name: &str, written: &str) -> Result<Vec<u8>, String> {
        let mut bytes = vec![0xee];
        let parsed = ParameterInfo::named(name).unwrap().parse(written, &mut bytes);
        assert_eq!(bytes.remove(0), 0xee);
        assert!(parsed.is_ok() || bytes.is_empty(), "{bytes:02x?}");
        parsed.map(|()| bytes).map_err(|error| error.to_string())
    }

    #[test]
    fn a_value_is_made_from_what_people_write() {
        let check = |name, written, expected: &[u8]| {
            assert_eq!(made(name, written).as_deref(), Ok(expected), "{name} {written}");
        };
        check("max_speed_kmh", "80", &[0, 0, 0, 80]);
        check("alarm_mask", "0x80000001", &[0x80, 0, 0, 1]);
        check("plate_colour", "2", &[2]);
        check("odometer_km", "123.4", &[0, 0, 4, 0xd2]);
        check("overspeed_warning_kmh", "5", &[0, 50]);
        check("plate", "藏A12345", &[0xb2, 0xd8, b'A', b'1', b'2', b'3', b'4', b'5']);
        check("banned_hours", "start_h=22, start_min=50, end_h=10, end_min=30", &[22, 50, 10, 30]);
        check("blind_spot", "rear_side_s=3", &[0xff, 3]);
        check("fence_radius_m", "hex:00c8", &[0, 200]);
        check("channel_list", "hex:010001 01010000", &[1, 0, 1, 1, 1, 0, 0]);
        check("dsm", "", &[[0xff; 23].as_slice(), &[0; 3], &[0xff; 21], &[0; 2]].concat());
    }

    #[test]
    fn what_is_no_value_says_why() {
        let check = |name, written, expected: &str| {
            assert_eq!(made(name, written).unwrap_err(), expected);
        };
        check("plate_colour", "256", "plate_colour is \"256\", expected a number up to 255");
        check("max_speed_kmh", "fast", "max_speed_kmh is \"fast\", expected a number up to 4294967295");
        check(
            "overspeed_warning_kmh",
            "5.55",
            "overspeed_warning_kmh is \"5.55\", expected a number up to 6553.5",
        );
        check("banned_hours", "start_h=22", "start_min is missing, expected every field of banned_hours");
        check("banned_hours", "22:00", "\"22:00\" is no field of banned_hours, expected field=value or hex:");
        check("fence_radius_m", "hex:00", "fence_radius_m has 1 bytes, expected as many as its layout has");
        check("fence_radius_m", "hex:0g", "fence_radius_m is \"0g\", expected a number up to ff a byte");
        check("plate", &"a".repeat(256), "plate has 256 bytes, expected at most 255");
    }
}
