//! Which files a terminal says it holds for an alert: the alarm signs in the frames the alert rests on.

use fleet::{EventTime, Fix, LonLat, SafetyCode, Speed};
use jt808::{Dialect, Frame, Item, Location, Message, unescape};

use crate::safety;

/// Signs asked for of one alert: an episode may rest on hundreds of alarms, and a commander needs the first ones.
const SIGNS_MAX: usize = 8;

/// Files a terminal holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wanted {
    /// The alarm sign as sent, which 0x9208 repeats.
    pub sign: Vec<u8>,
    /// How many files.
    pub attachments: u8,
}

/// The alarm signs with files in `frames`, raw as received, of alarms that `is_about` says yes to; in order, each once,
/// at most eight. `dialect` is the terminal's where it is known ([`crate::Profile`]). A frame that is one of several packages is not read: signs stand in the first ones of a report, yet
/// only a whole one can be trusted to say where an item ends.
pub fn wanted<'f>(
    frames: impl Iterator<Item = &'f [u8]>,
    dialect: Option<Dialect>,
    is_about: &dyn Fn(SafetyCode) -> bool,
) -> Vec<Wanted> {
    let (mut plain, mut found) = (Vec::new(), Vec::new());
    let search = Search { dialect, is_about };
    for raw in frames {
        if unescape(raw, &mut plain).is_err() {
            continue;
        }
        let Ok(Ok(message)) = Frame::decode(&plain).map(|frame| frame.message()) else { continue };
        match message {
            Message::LocationReport(location) => search.location(&location, &mut found),
            Message::LocationAnswer(answer) => search.location(&answer.location, &mut found),
            Message::LocationBatch(batch) => {
                for location in batch.iter().flatten() {
                    search.location(&location, &mut found);
                }
            }
            _ => {}
        }
    }
    found
}

/// What is looked for.
struct Search<'s> {
    dialect: Option<Dialect>,
    is_about: &'s dyn Fn(SafetyCode) -> bool,
}

impl Search<'_> {
    fn location(&self, location: &Location<'_>, found: &mut Vec<Wanted>) {
        for item in location.items {
            self.item(&item, found);
        }
    }

    fn item(&self, item: &Item<'_>, found: &mut Vec<Wanted>) {
        let value = item.value();
        let Some(sign) = value.sign() else {
            return;
        };
        let mut events = Vec::new();
        safety::observe_item(&value, self.dialect, &NOWHERE, &mut events);
        let is_wanted = sign.attachments() > 0 && events.iter().any(|event| (self.is_about)(event.code));
        if is_wanted && found.len() < SIGNS_MAX && !found.iter().any(|known| known.sign == sign.bytes()) {
            found.push(Wanted { sign: sign.bytes().to_vec(), attachments: sign.attachments() });
        }
    }
}

/// The items have a place of their own; the report's is not looked at.
const NOWHERE: Fix = Fix {
    at: EventTime::from_ms(0),
    position: LonLat { lon_e6: 0, lat_e6: 0 },
    altitude_m: 0,
    speed: Speed::from_tenths(0),
    heading: None,
};

#[cfg(test)]
mod tests {
    use jt808::{Edition, Header, Phone, encode_frame};

    use super::*;

    /// An item 0x65 of a kind, with a sign of a sequence and so many files.
    fn item(kind: u8, sign_bytes: usize, sequence: u8, files: u8) -> Vec<u8> {
        let mut value = vec![0, 0, 0, 9, 1, kind, 2, 6, 0, 0, 0, 0, 60, 0, 0];
        value.extend(29_000_000_u32.to_be_bytes());
        value.extend(91_000_000_u32.to_be_bytes());
        value.extend([0x26, 1, 2, 3, 4, 5, 0, 0]);
        let id = if sign_bytes == 16 { 7 } else { 30 };
        let mut sign = vec![b'X'; id];
        sign.extend([0x26, 1, 2, 3, 4, 5, sequence, files]);
        sign.resize(sign_bytes, 0);
        value.extend(sign);
        [&[0x65, u8::try_from(value.len()).unwrap()][..], &value].concat()
    }

    fn report(items: &[Vec<u8>]) -> Vec<u8> {
        [&[0; 22][..], &[0x26, 1, 2, 3, 4, 5], &items.concat()].concat()
    }

    fn frame(id: u16, body: &[u8]) -> Vec<u8> {
        let phone = Phone::from_digits("13800000001", Edition::V2013).unwrap();
        let mut bytes = Vec::new();
        encode_frame(&Header::new(id, Edition::V2013, phone, 1), body, &mut bytes);
        bytes
    }

    fn check(frames: &[Vec<u8>], expected: &[(usize, u8, u8)]) {
        let is_about = |code| matches!(code, SafetyCode::Phone | SafetyCode::Smoking);
        let found = wanted(frames.iter().map(Vec::as_slice), None, &is_about);
        let found: Vec<_> = found
            .iter()
            .map(|wanted| {
                let id = if wanted.sign.len() == 16 { 7 } else { 30 };
                (wanted.sign.len(), wanted.sign[id + 6], wanted.attachments)
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn each_sign_with_files_is_wanted_once_in_order() {
        let first = frame(0x0200, &report(&[item(2, 16, 0, 3), item(3, 40, 1, 1)]));
        check(&[first.clone(), first.clone()], &[(16, 0, 3), (40, 1, 1)]);
        let batched = report(&[item(2, 39, 2, 2)]);
        let mut batch = vec![0, 1, 0];
        batch.extend(u16::try_from(batched.len()).unwrap().to_be_bytes());
        batch.extend(batched);
        check(&[first, frame(0x0704, &batch)], &[(16, 0, 3), (40, 1, 1), (39, 2, 2)]);
    }

    #[test]
    fn no_files_another_offence_or_another_message_want_nothing() {
        check(&[frame(0x0200, &report(&[item(2, 16, 0, 0), item(1, 16, 1, 5), item(2, 17, 2, 5)]))], &[]);
        check(&[frame(0x0900, &report(&[item(2, 16, 0, 3)])), vec![0x7e, 1, 2, 0x7e], vec![]], &[]);
    }

    #[test]
    fn an_episode_of_many_alarms_asks_for_the_first_ones() {
        let frames: Vec<_> =
            (0..100).map(|sequence| frame(0x0200, &report(&[item(2, 16, sequence, 1)]))).collect();
        let first: Vec<_> = (0..8).map(|sequence| (16, sequence, 1)).collect();
        check(&frames, &first);
    }
}
