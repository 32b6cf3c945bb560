//! Protocol buffers as far as the format needs them: fields one after the other, nothing copied.

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Malformed {
    /// A field says it is longer than what is left.
    #[error("a field ends outside its message")]
    Short,
    /// A number of more than ten bytes.
    #[error("a number of more than 64 bits")]
    Number,
    /// A field of a type that protocol buffers no longer have, or of another type than it should be.
    #[error("a field of the wrong type")]
    Type,
    /// A place in a table that is not there.
    #[error("a reference outside the table of strings")]
    Index,
    /// Lists that belong together and are not of one length.
    #[error("lists of different lengths")]
    Lists,
}

/// One field's value.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// A whole number.
    Number(u64),
    /// Text, bytes, a message or a packed list.
    Bytes(&'a [u8]),
    /// Four or eight bytes; this format has none.
    Fixed,
}

impl<'a> Value<'a> {
    /// As a number.
    pub fn number(self) -> Result<u64, Malformed> {
        match self {
            Self::Number(number) => Ok(number),
            Self::Bytes(_) | Self::Fixed => Err(Malformed::Type),
        }
    }

    /// As bytes.
    pub fn bytes(self) -> Result<&'a [u8], Malformed> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Number(_) | Self::Fixed => Err(Malformed::Type),
        }
    }
}

/// The fields of a message, in order.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    fn field(&mut self) -> Result<(u64, Value<'a>), Malformed> {
        let key = varint(&mut self.0)?;
        let value = match key & 7 {
            0 => Value::Number(varint(&mut self.0)?),
            1 => self.take(8).map(|_| Value::Fixed)?,
            2 => {
                let len = varint(&mut self.0)?;
                Value::Bytes(self.take(len)?)
            }
            5 => self.take(4).map(|_| Value::Fixed)?,
            _ => return Err(Malformed::Type),
        };
        Ok((key >> 3, value))
    }

    fn take(&mut self, len: u64) -> Result<&'a [u8], Malformed> {
        let len = usize::try_from(len).map_err(|_| Malformed::Short)?;
        let (taken, rest) = self.0.split_at_checked(len).ok_or(Malformed::Short)?;
        self.0 = rest;
        Ok(taken)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.0.is_empty()).then(|| {
            let field = self.field();
            if field.is_err() {
                self.0 = &[];
            }
            field
        })
    }
}

/// The numbers of a packed list.
#[derive(Clone, Copy, Debug, Default)]
pub struct Packed<'a>(pub &'a [u8]);

impl Iterator for Packed<'_> {
    type Item = Result<u64, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.0.is_empty()).then(|| {
            let number = varint(&mut self.0);
            if number.is_err() {
                self.0 = &[];
            }
            number
        })
    }
}

/// Signed numbers, each written as what it differs by from the one before.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deltas<'a> {
    list: Packed<'a>,
    last: i64,
}

impl<'a> Deltas<'a> {
    /// Of a packed list.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { list: Packed(bytes), last: 0 }
    }
}

impl Iterator for Deltas<'_> {
    type Item = Result<i64, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.list.next()?.map(|number| {
            self.last = self.last.wrapping_add(zigzag(number));
            self.last
        }))
    }
}

/// A signed number that was folded so that small ones stay short.
pub fn zigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

fn varint(bytes: &mut &[u8]) -> Result<u64, Malformed> {
    let mut number = 0_u64;
    for shift in (0..70).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or(Malformed::Short)?;
        *bytes = rest;
        let part = u64::from(byte & 0x7f);
        if shift == 63 && part > 1 {
            return Err(Malformed::Number);
        }
        number |= part << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(Malformed::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_end_where_they_should() {
        let read = |mut bytes: &[u8]| varint(&mut bytes).map(|n| (n, bytes.len()));
        assert_eq!(read(&[0xac, 0x02, 9]), Ok((300, 1)));
        assert_eq!(read(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]), Ok((u64::MAX, 0)));
        assert_eq!(
            read(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]),
            Err(Malformed::Number)
        );
        assert_eq!(read(&[0x80; 11]), Err(Malformed::Number));
        assert_eq!(read(&[0x80]), Err(Malformed::Short));
        assert_eq!([0, 1, 2, u64::MAX].map(zigzag), [0, -1, 1, i64::MIN]);
    }

    #[test]
    fn a_field_longer_than_its_message_is_refused() {
        let fields: Vec<_> = Fields(&[0x0a, 0x05, 1, 2]).collect();
        assert!(matches!(fields[..], [Err(Malformed::Short)]), "{fields:?}");
        let fields: Vec<_> = Fields(&[0x0b, 0x05]).collect();
        assert!(matches!(fields[..], [Err(Malformed::Type)]), "{fields:?}");
    }
}
