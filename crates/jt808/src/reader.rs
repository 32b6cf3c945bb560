//! Reads that name what is missing.

use crate::{DecodeError, DeviceTime};

/// A cursor over a body; every read names its field and fails instead of panicking.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    #[inline]
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    #[inline]
    pub(crate) fn u8(&mut self, field: &'static str) -> Result<u8, DecodeError> {
        self.array::<1>(field).map(|[byte]| byte)
    }

    #[inline]
    pub(crate) fn u16(&mut self, field: &'static str) -> Result<u16, DecodeError> {
        self.array(field).map(u16::from_be_bytes)
    }

    #[inline]
    pub(crate) fn u32(&mut self, field: &'static str) -> Result<u32, DecodeError> {
        self.array(field).map(u32::from_be_bytes)
    }

    #[inline]
    pub(crate) fn time(&mut self, field: &'static str) -> Result<DeviceTime, DecodeError> {
        self.array(field).map(DeviceTime::from_bcd)
    }

    #[inline]
    pub(crate) fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], DecodeError> {
        let Some((head, rest)) = self.bytes.split_first_chunk::<N>() else {
            return Err(DecodeError::Missing { field, left: self.bytes.len(), needed: N });
        };
        self.bytes = rest;
        Ok(*head)
    }

    #[inline]
    pub(crate) fn take(&mut self, len: usize, field: &'static str) -> Result<&'a [u8], DecodeError> {
        let Some((head, rest)) = self.bytes.split_at_checked(len) else {
            return Err(DecodeError::Missing { field, left: self.bytes.len(), needed: len });
        };
        self.bytes = rest;
        Ok(head)
    }

    /// A length byte and as many bytes.
    pub(crate) fn counted(&mut self, field: &'static str) -> Result<&'a [u8], DecodeError> {
        let len = self.u8(field)?;
        self.take(usize::from(len), field)
    }

    #[inline]
    pub(crate) fn rest(self) -> &'a [u8] {
        self.bytes
    }
}

/// Writes a field of fixed width: cut when longer, zeros behind when shorter.
pub(crate) fn put_fixed(bytes: &[u8], width: usize, into: &mut Vec<u8>) {
    let end = into.len() + width;
    into.extend(bytes.iter().take(width));
    into.resize(end, 0);
}

/// Writes a length byte and the bytes, at most 255 of them since a byte says how many.
pub(crate) fn put_counted(bytes: &[u8], into: &mut Vec<u8>) {
    let len = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
    into.push(len);
    into.extend(bytes.iter().take(usize::from(len)));
}
