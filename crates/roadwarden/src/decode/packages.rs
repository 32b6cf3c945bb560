//! Packages of one message, put together to be explained as a whole.

use jt808::{Edition, Frame, Packet, Phone};

/// Messages that miss a package; the oldest gives way. More than a recording of one terminal has at a time.
const MESSAGES_MAX: usize = 16;
/// Bytes of one message, enough for a picture; one that is longer is not put together.
const BYTES_MAX: usize = 1 << 20;

/// Constant within one message, different in two.
#[derive(PartialEq)]
struct Key {
    phone: Phone,
    id: u16,
    edition: Edition,
    total: u16,
    first_serial: u16,
}

struct Unfinished {
    key: Key,
    /// Index and body, by index.
    parts: Vec<(u16, Vec<u8>)>,
}

/// Messages that miss a package, oldest first.
#[derive(Default)]
pub struct Packages {
    unfinished: Vec<Unfinished>,
}

impl Packages {
    /// Keeps the body of a package, and gives the whole body with the last one that was missing.
    pub fn insert(&mut self, frame: &Frame<'_>) -> Option<Vec<u8>> {
        let header = &frame.header;
        let Packet { total, index } = header.packet.filter(|packet| packet.total > 1)?;
        if header.encrypted() {
            return None;
        }
        let first_serial = header.serial.wrapping_sub(index).wrapping_add(1);
        let key = Key { phone: header.phone, id: header.id, edition: header.edition, total, first_serial };
        let mut message = match self.unfinished.iter().position(|message| message.key == key) {
            Some(place) => self.unfinished.remove(place),
            None => Unfinished { key, parts: Vec::new() },
        };
        if let Err(place) = message.parts.binary_search_by_key(&index, |(index, _)| *index) {
            message.parts.insert(place, (index, frame.body.to_vec()));
        }
        if message.parts.len() == usize::from(total) {
            return Some(message.parts.into_iter().flat_map(|(_, part)| part).collect());
        }
        if message.parts.iter().map(|(_, part)| part.len()).sum::<usize>() <= BYTES_MAX {
            self.unfinished.push(message);
        }
        if self.unfinished.len() > MESSAGES_MAX {
            self.unfinished.remove(0);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use jt808::{Header, Warnings};

    use super::*;

    fn insert(packages: &mut Packages, serial: u16, index: u16, total: u16, body: &[u8]) -> Option<Vec<u8>> {
        let phone = Phone::from_digits("13800000001", Edition::V2013).unwrap();
        let mut header = Header::new(0x0801, Edition::V2013, phone, serial);
        header.packet = Some(Packet { total, index });
        packages.insert(&Frame { header, body, warnings: Warnings::default() })
    }

    #[test]
    fn packages_join_in_any_order_and_once() {
        let mut packages = Packages::default();
        assert_eq!(insert(&mut packages, 0, 3, 3, &[3]), None);
        assert_eq!(insert(&mut packages, 65_534, 1, 3, &[1]), None);
        assert_eq!(insert(&mut packages, 65_534, 1, 3, &[1]), None);
        assert_eq!(insert(&mut packages, 65_535, 2, 3, &[2]), Some(vec![1, 2, 3]));
        assert!(packages.unfinished.is_empty());
        assert_eq!(insert(&mut packages, 9, 1, 1, &[1]), None);
    }

    #[test]
    fn messages_that_are_never_whole_are_bounded() {
        let mut packages = Packages::default();
        for serial in 0..100 {
            assert_eq!(insert(&mut packages, serial * 10, 1, 2, &[0; 1_023]), None);
        }
        assert_eq!(packages.unfinished.len(), MESSAGES_MAX);
        let mut long = Packages::default();
        for index in 1..=1_100 {
            assert_eq!(insert(&mut long, index, index, 2_000, &[0; 1_023]), None);
            let bytes: usize =
                long.unfinished.iter().flat_map(|m| &m.parts).map(|(_, part)| part.len()).sum();
            assert!(bytes <= BYTES_MAX, "{bytes}");
        }
    }
}
