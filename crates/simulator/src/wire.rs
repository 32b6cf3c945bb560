//! JT/T 808 frames as a terminal writes and reads them, independent of `jt808` on purpose.

use crate::terminal::Edition;

/// No frame of a platform is longer once unescaped: header 21, body 1,023, checksum 1.
const FRAME_BYTES_MAX: usize = 1_045;

/// A frame from the platform.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Down {
    pub(crate) id: u16,
    pub(crate) serial: u16,
    pub(crate) body: Vec<u8>,
}

/// Appends header, body, checksum, escaped and delimited.
pub(crate) fn write(edition: Edition, phone: &str, id: u16, serial: u16, body: &[u8], into: &mut Vec<u8>) {
    let mut plain = Vec::with_capacity(body.len() + 22);
    plain.extend(id.to_be_bytes());
    let length = u16::try_from(body.len()).unwrap_or(u16::MAX) & 0x03ff;
    let new = edition == Edition::V2019;
    plain.extend((length | if new { 1 << 14 } else { 0 }).to_be_bytes());
    if new {
        plain.push(1);
    }
    bcd(phone, if new { 10 } else { 6 }, &mut plain);
    plain.extend(serial.to_be_bytes());
    plain.extend(body);
    plain.push(plain.iter().fold(0, |sum, byte| sum ^ byte));
    into.push(0x7e);
    for byte in plain {
        match byte {
            0x7d => into.extend([0x7d, 0x01]),
            0x7e => into.extend([0x7d, 0x02]),
            plain => into.push(plain),
        }
    }
    into.push(0x7e);
}

/// Digits as BCD, zeros in front.
pub(crate) fn bcd(digits: &str, bytes: usize, into: &mut Vec<u8>) {
    let padded = format!("{digits:0>width$}", width = bytes * 2);
    for pair in padded.as_bytes().chunks(2) {
        into.push(pair.iter().fold(0, |byte, digit| byte << 4 | digit.wrapping_sub(b'0') & 0x0f));
    }
}

/// Six bytes of BCD in China Standard Time.
pub(crate) fn device_time(unix_ms: i64, into: &mut Vec<u8>) {
    let seconds = unix_ms.div_euclid(1000) + 8 * 3600;
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let text = format!(
        "{:02}{month:02}{day:02}{:02}{:02}{:02}",
        year.rem_euclid(100),
        second / 3600,
        second / 60 % 60,
        second % 60
    );
    bcd(&text, 6, into);
}

/// Year, month and day of a day counted from 1970-01-01 (proleptic Gregorian).
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, doy - (153 * mp + 2) / 5 + 1)
}

/// Cuts a stream of the platform into frames; what is no frame is skipped.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reader {
    /// At most `FRAME_BYTES_MAX` unescaped bytes; a longer run is junk and is thrown away at the next delimiter.
    plain: Vec<u8>,
    escaped: bool,
    junk: bool,
}

impl Reader {
    pub(crate) fn push(&mut self, bytes: &[u8], out: &mut Vec<Down>) {
        for &byte in bytes {
            match byte {
                0x7e => {
                    if !self.junk && !self.escaped {
                        out.extend(frame(&self.plain));
                    }
                    *self = Self { plain: std::mem::take(&mut self.plain), ..Self::default() };
                    self.plain.clear();
                }
                _ if self.junk => {}
                0x7d if !self.escaped => self.escaped = true,
                byte => self.plain_byte(byte),
            }
        }
    }

    fn plain_byte(&mut self, byte: u8) {
        let plain = match (std::mem::take(&mut self.escaped), byte) {
            (true, 0x01) => 0x7d,
            (true, 0x02) => 0x7e,
            (_, byte) => byte,
        };
        self.plain.push(plain);
        self.junk = self.plain.len() > FRAME_BYTES_MAX;
    }
}

fn frame(plain: &[u8]) -> Option<Down> {
    let (checksum, rest) = plain.split_last()?;
    if rest.iter().fold(0, |sum, byte| sum ^ byte) != *checksum {
        return None;
    }
    let word = |at: usize| Some(u16::from_be_bytes([*rest.get(at)?, *rest.get(at + 1)?]));
    let new = word(2)? & 1 << 14 != 0;
    let serial_at = if new { 15 } else { 10 };
    let packets = if word(2)? & 1 << 13 != 0 { 4 } else { 0 };
    Some(Down { id: word(0)?, serial: word(serial_at)?, body: rest.get(serial_at + 2 + packets..)?.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_frame_is_read_back_in_any_slicing() {
        for edition in [Edition::V2013, Edition::V2019] {
            let mut bytes = Vec::new();
            write(edition, "13989100001", 0x8001, 0x7e7d, &[0x7e, 0x7d, 3], &mut bytes);
            assert!(!bytes[1..bytes.len() - 1].contains(&0x7e));
            let mut out = Vec::new();
            let mut reader = Reader::default();
            bytes.iter().for_each(|byte| reader.push(&[*byte], &mut out));
            assert_eq!(out, [Down { id: 0x8001, serial: 0x7e7d, body: vec![0x7e, 0x7d, 3] }]);
        }
    }

    #[test]
    fn a_wrong_checksum_is_no_frame() {
        let mut bytes = Vec::new();
        write(Edition::V2013, "1", 0x8001, 1, &[1], &mut bytes);
        bytes[3] ^= 1;
        let mut out = Vec::new();
        Reader::default().push(&bytes, &mut out);
        assert!(out.is_empty());
    }

    #[test]
    fn times_are_china_standard_time() {
        let mut bcd = Vec::new();
        device_time(1_767_225_600_000, &mut bcd);
        assert_eq!(bcd, [0x26, 0x01, 0x01, 0x08, 0x00, 0x00]);
    }
}
