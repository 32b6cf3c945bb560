//! Which parts of sub-packaged messages have come, and when to ask for those that have not (0x8003).
//!
//! Parts come late, twice, out of order and mixed with other messages.

use std::time::Duration;

use fleet::{ReceiveTime, TerminalId};
use jt808::{Header, Packet};

use crate::package::{PackageKey, giving_way};

/// Messages in the making on one connection: some for each terminal of a small relay. The oldest gives way.
const MESSAGES_MAX: usize = 32;
/// Messages in the making of one terminal: a photo from each of four cameras. Its own oldest gives way.
const MESSAGES_OF_TERMINAL_MAX: usize = 4;
/// Parts of one message: 16 MB, more than any terminal sends on this link. With two bitmaps of 2 KiB a message this
/// bounds what one connection can make grow.
pub(crate) const PARTS_MAX: u16 = 16_384;
/// Silence after which missing parts are asked for. It grows as the standard has it (2013 and 2019, section 6.2):
/// each wait is the one before times the number of the attempt.
const SILENCE: Duration = Duration::from_secs(5);
/// Numbers in one request: before 2019 a byte counts them.
const NUMBERS_MAX: usize = 255;
/// How often missing parts are asked for while none comes.
const ASKS_MAX: u32 = 3;
/// How long a whole message is remembered, so that a part that comes again begins no new one.
const REMEMBERED: Duration = Duration::from_secs(60);

#[derive(Debug)]
struct Arriving {
    key: PackageKey,
    /// Of its newest part: what a request repeats of it.
    header: Header,
    /// A bit for each part that has come.
    come: Vec<u64>,
    missing: u16,
    asks: u32,
    /// Every missing part up to this number has been asked for, and so many of them have not come.
    asked_upto: u16,
    asked_missing: u16,
    due: ReceiveTime,
}

/// What to ask a terminal for.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Request {
    /// Of a part of the message.
    pub header: Header,
    pub first_serial: u16,
    /// Numbers of missing parts.
    pub missing: Vec<u16>,
}

/// What a part was to its message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Came {
    /// It had come before.
    Again,
    /// It is one more.
    New,
    /// Its message has more parts than [`PARTS_MAX`] and is not followed.
    Unfollowed,
    /// It was the last that was missing.
    Whole,
}

/// Messages of which a part has come, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Parts(Vec<Arriving>);

impl Parts {
    pub(crate) fn insert(
        &mut self,
        now: ReceiveTime,
        terminal: TerminalId,
        header: &Header,
        packet: Packet,
    ) -> Came {
        if packet.total > PARTS_MAX {
            return Came::Unfollowed;
        }
        let key = PackageKey::of(terminal, header, packet);
        let at = self.0.iter().position(|message| message.key == key).unwrap_or_else(|| {
            self.make_room(terminal);
            self.0.push(Arriving::new(key, header));
            self.0.len() - 1
        });
        self.0.get_mut(at).map_or(Came::Unfollowed, |message| message.insert(now, header, packet.index))
    }

    /// The terminal has left: nobody would answer.
    pub(crate) fn forget(&mut self, terminal: TerminalId) {
        self.0.retain(|message| message.key.terminal != terminal);
    }

    pub(crate) fn next_timeout(&self) -> Option<ReceiveTime> {
        self.0.iter().map(|message| message.due).min()
    }

    /// The next request that is due; forgets what is whole or given up.
    pub(crate) fn expire(&mut self, now: ReceiveTime) -> Option<Request> {
        self.0.retain(|message| message.due > now || !message.is_over());
        let message = self.0.iter_mut().find(|message| message.due <= now)?;
        Some(message.ask(now))
    }

    fn make_room(&mut self, terminal: TerminalId) {
        let keys = self.0.iter().map(|message| &message.key);
        if let Some(oldest) = giving_way(keys, terminal, MESSAGES_OF_TERMINAL_MAX, MESSAGES_MAX) {
            self.0.remove(oldest);
        }
    }
}

impl Arriving {
    fn new(key: PackageKey, header: &Header) -> Self {
        Self {
            key,
            header: *header,
            come: vec![0; usize::from(key.total).div_ceil(64)],
            missing: key.total,
            asks: 0,
            asked_upto: 0,
            asked_missing: 0,
            due: ReceiveTime::default(),
        }
    }

    fn insert(&mut self, now: ReceiveTime, header: &Header, index: u16) -> Came {
        let place = usize::from(index.saturating_sub(1));
        let Some(word) = self.come.get_mut(place / 64).filter(|_| index >= 1 && index <= self.key.total)
        else {
            return Came::Unfollowed;
        };
        if *word & 1 << (place % 64) != 0 {
            return Came::Again;
        }
        *word |= 1 << (place % 64);
        self.header = *header;
        self.missing -= 1;
        self.asks = 0;
        if self.missing == 0 {
            self.due = now.plus(REMEMBERED);
            return Came::Whole;
        }
        self.due = now.plus(SILENCE);
        if index <= self.asked_upto {
            self.asked_missing -= 1;
            if self.asked_missing == 0 {
                // All that was asked for has come, yet one request did not hold all that is missing.
                self.due = now;
            }
        }
        Came::New
    }

    fn is_over(&self) -> bool {
        self.missing == 0 || self.asks >= ASKS_MAX
    }

    fn ask(&mut self, now: ReceiveTime) -> Request {
        let has_come = |index: &u16| {
            let place = usize::from(index - 1);
            self.come.get(place / 64).is_some_and(|word| word >> (place % 64) & 1 != 0)
        };
        let missing: Vec<u16> =
            (1..=self.key.total).filter(|index| !has_come(index)).take(NUMBERS_MAX).collect();
        self.asked_upto = missing.last().copied().unwrap_or(0);
        self.asked_missing = u16::try_from(missing.len()).unwrap_or(u16::MAX);
        self.asks += 1;
        let attempts: u32 = (1..=self.asks + 1).product();
        self.due = now.plus(SILENCE * attempts);
        Request { header: self.header, first_serial: self.key.first_serial, missing }
    }
}

#[cfg(test)]
mod tests {
    use jt808::{Edition, Phone};
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> ReceiveTime {
        ReceiveTime::from_ms(seconds * 1_000)
    }

    fn insert(parts: &mut Parts, at_s: i64, serial: u16, index: u16, total: u16) -> Came {
        insert_of(parts, "13800000001", at_s, serial, index, total)
    }

    fn insert_of(parts: &mut Parts, number: &str, at_s: i64, serial: u16, index: u16, total: u16) -> Came {
        let phone = Phone::from_digits(number, Edition::V2013).unwrap();
        let header = Header::new(0x0801, Edition::V2013, phone, serial);
        parts.insert(at(at_s), TerminalId::parse(number).unwrap(), &header, Packet { total, index })
    }

    fn asked(parts: &mut Parts, at_s: i64) -> Option<(u16, Vec<u16>)> {
        parts.expire(at(at_s)).map(|request| (request.first_serial, request.missing))
    }

    #[test]
    fn missing_parts_are_asked_for_after_silence_ever_more_seldom_and_not_for_ever() {
        let mut parts = Parts::default();
        assert_eq!(insert(&mut parts, 0, 65_535, 2, 4), Came::New);
        assert_eq!(insert(&mut parts, 1, 0, 3, 4), Came::New);
        assert_eq!(asked(&mut parts, 5), None);
        assert_eq!(asked(&mut parts, 6), Some((65_534, vec![1, 4])));
        assert_eq!(parts.next_timeout(), Some(at(16)));
        assert_eq!(asked(&mut parts, 16), Some((65_534, vec![1, 4])));
        assert_eq!(asked(&mut parts, 45), None);
        assert_eq!(asked(&mut parts, 46), Some((65_534, vec![1, 4])));
        assert_eq!(asked(&mut parts, 165), None);
        assert_eq!(parts.next_timeout(), Some(at(166)));
        assert_eq!(asked(&mut parts, 166), None);
        assert_eq!(parts.next_timeout(), None);
    }

    #[test]
    fn a_part_that_comes_begins_the_waiting_anew_and_the_last_one_ends_it() {
        let mut parts = Parts::default();
        insert(&mut parts, 0, 1, 1, 3);
        assert_eq!(asked(&mut parts, 5), Some((1, vec![2, 3])));
        assert_eq!(insert(&mut parts, 6, 3, 3, 3), Came::New);
        assert_eq!(asked(&mut parts, 10), None);
        assert_eq!(asked(&mut parts, 11), Some((1, vec![2])));
        assert_eq!(insert(&mut parts, 12, 2, 2, 3), Came::Whole);
        assert_eq!(insert(&mut parts, 13, 2, 2, 3), Came::Again);
        assert_eq!(asked(&mut parts, 72), None);
        assert!(parts.0.is_empty());
    }

    #[test]
    fn what_one_request_does_not_hold_is_asked_for_once_that_has_come() {
        let mut parts = Parts::default();
        insert(&mut parts, 0, 1, 1, 258);
        assert_eq!(asked(&mut parts, 5), Some((1, (2..=256).collect())));
        for index in (2..=256).rev() {
            assert_eq!(asked(&mut parts, 6), None);
            insert(&mut parts, 6, index, index, 258);
        }
        assert_eq!(asked(&mut parts, 6), Some((1, vec![257, 258])));
    }

    #[test]
    fn totals_that_contradict_each_other_are_two_messages() {
        let mut parts = Parts::default();
        assert_eq!(insert(&mut parts, 0, 1, 1, 2), Came::New);
        assert_eq!(insert(&mut parts, 0, 2, 2, 3), Came::New);
        assert_eq!(insert(&mut parts, 0, 2, 2, 2), Came::Whole);
        assert_eq!(insert(&mut parts, 0, 1, 1, PARTS_MAX + 1), Came::Unfollowed);
        assert_eq!(insert(&mut parts, 0, 1, 0, 3), Came::Unfollowed);
        assert_eq!(insert(&mut parts, 0, 1, 4, 3), Came::Unfollowed);
    }

    #[test]
    fn a_terminal_pushes_out_its_own_messages_and_a_connection_holds_so_many() {
        let mut parts = Parts::default();
        insert_of(&mut parts, "2", 0, 1, 1, 3);
        for message in 0..100 {
            insert(&mut parts, 0, message * 10, 1, 3);
        }
        assert_eq!(parts.0.len(), 1 + MESSAGES_OF_TERMINAL_MAX);
        for number in 3..100_u32 {
            insert_of(&mut parts, &number.to_string(), 0, 1, 1, 3);
        }
        assert_eq!(parts.0.len(), MESSAGES_MAX);
        parts.forget(TerminalId::parse("99").unwrap());
        assert_eq!(parts.0.len(), MESSAGES_MAX - 1);
    }

    proptest! {
        #[test]
        fn with_any_loss_and_order_the_message_is_whole_in_the_end(
            total in 1..600_u16,
            order in prop::collection::vec((any::<u16>(), any::<bool>()), 0..400),
        ) {
            let (mut parts, mut whole, mut second) = (Parts::default(), 0, 0);
            let mut came = |parts: &mut Parts, second, index| {
                let came = insert(parts, second, index, index, total);
                whole += u32::from(came == Came::Whole);
            };
            came(&mut parts, 0, 1);
            for (index, is_lost) in order {
                if !is_lost {
                    came(&mut parts, 0, index % total + 1);
                }
            }
            // Each request is answered in full.
            while second < 4_000 {
                second += 5;
                while let Some((first, missing)) = asked(&mut parts, second) {
                    prop_assert_eq!(first, 1);
                    missing.iter().for_each(|index| came(&mut parts, second, *index));
                }
            }
            prop_assert_eq!(whole, 1);
            prop_assert!(parts.0.is_empty());
        }
    }
}
