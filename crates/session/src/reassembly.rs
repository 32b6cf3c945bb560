//! Sub-packaged reports, put together again.
//!
//! Parts come late, twice, out of order, mixed with other messages and with the first one missing.

use std::time::Duration;

use fleet::{ReceiveTime, TerminalId};
use jt808::{Header, Packet};
use serde::{Deserialize, Serialize};

use crate::package::{PackageKey, giving_way};

/// Messages in the making over all terminals; the oldest gives way. Reports are seldom sub-packaged.
const MESSAGES_MAX: usize = 4_096;
/// Messages in the making of one terminal; its own oldest gives way, so it cannot push others out.
const MESSAGES_OF_TERMINAL_MAX: usize = 8;
/// Bodies kept of one terminal: four batches of the largest kind at once. Its own oldest message gives way.
const BYTES_OF_TERMINAL_MAX: usize = 256 << 10;
/// Parts of one message: a batch of 0x0704 with 64 KiB.
const PARTS_MAX: u16 = 64;
/// Bodies kept over all messages, some hundred times what a fleet without loss has; the oldest message gives way.
/// It bounds what hostile parts cost in memory and in a snapshot.
const BYTES_MAX: usize = 16 << 20;
/// A message that is not whole by then never will be.
const LIFETIME: Duration = Duration::from_secs(60);

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Unfinished {
    key: PackageKey,
    begun: ReceiveTime,
    /// Index and body of what has come; at most `total`, each at most 1,023 bytes.
    parts: Vec<(u16, Vec<u8>)>,
    /// Of all its parts.
    bytes: usize,
}

/// Messages that miss a part, oldest first.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Reassembly {
    unfinished: Vec<Unfinished>,
}

/// What a part led to.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Joined {
    /// More must come.
    Not,
    /// Over the bounds.
    Refused,
    /// The whole body.
    Whole(Vec<u8>),
}

impl Reassembly {
    pub(crate) fn insert(
        &mut self,
        received: ReceiveTime,
        terminal: TerminalId,
        header: &Header,
        packet: Packet,
        body: &[u8],
    ) -> Joined {
        self.unfinished.retain(|message| received.since(message.begun) < LIFETIME);
        if packet.total > PARTS_MAX || packet.index == 0 || packet.index > packet.total {
            return Joined::Refused;
        }
        let key = PackageKey::of(terminal, header, packet);
        let at = self.unfinished.iter().position(|message| message.key == key).unwrap_or_else(|| {
            self.make_room(terminal);
            self.unfinished.push(Unfinished { key, begun: received, parts: Vec::new(), bytes: 0 });
            self.unfinished.len() - 1
        });
        let Some(message) = self.unfinished.get_mut(at) else {
            return Joined::Not;
        };
        if let Err(place) = message.parts.binary_search_by_key(&packet.index, |(index, _)| *index) {
            message.parts.insert(place, (packet.index, body.to_vec()));
            message.bytes += body.len();
        }
        if message.parts.len() < usize::from(packet.total) {
            self.shrink_terminal(terminal);
            self.shrink();
            return Joined::Not;
        }
        let parts = self.unfinished.remove(at).parts;
        Joined::Whole(parts.into_iter().flat_map(|(_, part)| part).collect())
    }

    fn shrink_terminal(&mut self, terminal: TerminalId) {
        let is_own = |message: &Unfinished| message.key.terminal == terminal;
        let own = self.unfinished.iter().filter(|message| is_own(message));
        let mut bytes: usize = own.map(|message| message.bytes).sum();
        while bytes > BYTES_OF_TERMINAL_MAX
            && let Some(oldest) = self.unfinished.iter().position(is_own)
        {
            bytes -= self.unfinished.remove(oldest).bytes;
        }
    }

    fn shrink(&mut self) {
        let mut bytes: usize = self.unfinished.iter().map(|message| message.bytes).sum();
        let mut oldest = 0;
        while bytes > BYTES_MAX
            && let Some(message) = self.unfinished.get(oldest)
        {
            bytes -= message.bytes;
            oldest += 1;
        }
        self.unfinished.drain(..oldest);
    }

    fn make_room(&mut self, terminal: TerminalId) {
        let keys = self.unfinished.iter().map(|message| &message.key);
        if let Some(oldest) = giving_way(keys, terminal, MESSAGES_OF_TERMINAL_MAX, MESSAGES_MAX) {
            self.unfinished.remove(oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use jt808::{Edition, Phone};
    use proptest::prelude::*;

    use super::*;

    fn insert(reassembly: &mut Reassembly, at_s: i64, serial: u16, index: u16, total: u16) -> Joined {
        let phone = Phone::from_digits("13800000001", Edition::V2013).unwrap();
        let header = Header::new(0x0200, Edition::V2013, phone, serial);
        let terminal = TerminalId::parse("13800000001").unwrap();
        let packet = Packet { total, index };
        let body = [u8::try_from(index % 256).unwrap()];
        reassembly.insert(ReceiveTime::from_ms(at_s * 1_000), terminal, &header, packet, &body)
    }

    #[test]
    fn parts_join_in_any_order_over_the_wrap_of_the_serial() {
        let mut reassembly = Reassembly::default();
        assert_eq!(insert(&mut reassembly, 0, 0, 3, 3), Joined::Not);
        assert_eq!(insert(&mut reassembly, 1, 65_534, 1, 3), Joined::Not);
        assert_eq!(insert(&mut reassembly, 1, 65_534, 1, 3), Joined::Not);
        assert_eq!(insert(&mut reassembly, 2, 65_535, 2, 3), Joined::Whole(vec![1, 2, 3]));
        assert!(reassembly.unfinished.is_empty());
    }

    #[test]
    fn a_part_that_comes_too_late_joins_nothing() {
        let mut reassembly = Reassembly::default();
        assert_eq!(insert(&mut reassembly, 0, 1, 1, 2), Joined::Not);
        assert_eq!(insert(&mut reassembly, 60, 2, 2, 2), Joined::Not);
        assert_eq!(reassembly.unfinished.len(), 1);
    }

    #[test]
    fn a_terminal_holds_a_bounded_number_of_messages() {
        let mut reassembly = Reassembly::default();
        for message in 0..100 {
            assert_eq!(insert(&mut reassembly, 0, message * 100, 1, 64), Joined::Not);
        }
        assert_eq!(reassembly.unfinished.len(), MESSAGES_OF_TERMINAL_MAX);
        assert_eq!(insert(&mut reassembly, 0, 0, 1, 65), Joined::Refused);
    }

    #[test]
    fn t10_a_terminal_holds_a_bounded_number_of_bytes_and_pushes_out_its_own() {
        let mut reassembly = Reassembly::default();
        let phone = Phone::from_digits("1", Edition::V2013).unwrap();
        let terminal = |number: &str| TerminalId::parse(number).unwrap();
        let mut insert = |number: &str, message: u16, index: u16| {
            let header = Header::new(0x0704, Edition::V2013, phone, message * 100 + index);
            let packet = Packet { total: 64, index };
            let joined =
                reassembly.insert(ReceiveTime::default(), terminal(number), &header, packet, &[0; 1_023]);
            assert_eq!(joined, Joined::Not);
            let own = reassembly.unfinished.iter().filter(|it| it.key.terminal == terminal(number));
            let bytes: usize = own.map(|it| it.bytes).sum();
            assert!(bytes <= BYTES_OF_TERMINAL_MAX, "{bytes}");
            reassembly.unfinished.iter().filter(|it| it.key.terminal == terminal("2")).count()
        };
        insert("2", 0, 1);
        for message in 1..=8 {
            for index in 1..=63 {
                assert_eq!(insert("1", message, index), 1);
            }
        }
    }

    #[test]
    fn many_terminals_hold_a_bounded_number_of_bytes() {
        let mut reassembly = Reassembly::default();
        let phone = Phone::from_digits("1", Edition::V2013).unwrap();
        for number in 0..3_000_u32 {
            let terminal = TerminalId::parse(&number.to_string()).unwrap();
            for index in 1..=8 {
                let header = Header::new(0x0704, Edition::V2013, phone, index);
                let packet = Packet { total: 9, index };
                let joined =
                    reassembly.insert(ReceiveTime::default(), terminal, &header, packet, &[0; 1_023]);
                assert_eq!(joined, Joined::Not);
            }
        }
        let bytes: usize = reassembly.unfinished.iter().map(|message| message.bytes).sum();
        assert!((BYTES_MAX - 9 * 1_023..=BYTES_MAX).contains(&bytes), "{bytes}");
        assert_eq!(reassembly.unfinished.last().unwrap().key.terminal.as_str(), "2999");
    }

    proptest! {
        #[test]
        fn any_parts_stay_within_the_bounds(
            parts in prop::collection::vec((0..90_i64, 0..20_u16, 0..70_u16, 0..70_u16), 0..300),
        ) {
            let mut reassembly = Reassembly::default();
            for (at_s, serial, index, total) in parts {
                let joined = insert(&mut reassembly, at_s, serial, index, total);
                if let Joined::Whole(body) = joined {
                    prop_assert_eq!(body.len(), usize::from(total));
                }
                prop_assert!(reassembly.unfinished.len() <= MESSAGES_OF_TERMINAL_MAX);
                for message in &reassembly.unfinished {
                    prop_assert!(message.parts.len() < usize::from(message.key.total));
                    prop_assert_eq!(message.bytes, message.parts.len());
                    prop_assert!(message.parts.is_sorted_by_key(|(index, _)| *index));
                }
            }
        }
    }
}
