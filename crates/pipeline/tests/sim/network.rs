//! Connections that carry bytes in order, late, in pieces, and not always to the end.

use std::collections::VecDeque;

use crate::chance::Chance;

/// One direction.
pub struct Pipe {
    latency_ms: i64,
    newest_ms: i64,
    on_way: VecDeque<(i64, Vec<u8>)>,
    /// Nothing that is sent from now on arrives.
    pub is_dead: bool,
}

impl Pipe {
    pub fn new(latency_ms: i64) -> Self {
        Self { latency_ms, newest_ms: 0, on_way: VecDeque::new(), is_dead: false }
    }

    /// Cuts the bytes anywhere and says when the last of them arrives.
    pub fn send(&mut self, now: i64, mut bytes: &[u8], chance: &mut Chance) -> i64 {
        while !bytes.is_empty() && !self.is_dead {
            let len = if chance.one_in(3) { 1 + chance.below(bytes.len()) } else { bytes.len() };
            let (piece, rest) = bytes.split_at(len);
            bytes = rest;
            self.newest_ms = self.newest_ms.max(now + self.latency_ms + chance.between(0, 30));
            self.on_way.push_back((self.newest_ms, piece.to_vec()));
        }
        self.newest_ms
    }

    /// What has arrived by now, a piece at a time.
    pub fn take(&mut self, now: i64) -> Option<Vec<u8>> {
        self.on_way.pop_front_if(|(at, _)| *at <= now).map(|(_, piece)| piece)
    }

    /// The line is cut: of what is on its way some bytes still arrive.
    pub fn cut(&mut self, chance: &mut Chance) {
        self.is_dead = true;
        let mut left = chance.below(self.on_way.iter().map(|(_, piece)| piece.len()).sum::<usize>() + 1);
        self.on_way.retain_mut(|(_, piece)| {
            piece.truncate(left);
            left -= piece.len();
            !piece.is_empty()
        });
    }
}

/// Two directions, and what each end knows of it.
pub struct Wire {
    pub station: usize,
    pub up: Pipe,
    pub down: Pipe,
    /// The terminal still holds it.
    pub held: bool,
}

impl Wire {
    pub fn new(station: usize, chance: &mut Chance) -> Self {
        let latency_ms = chance.pick(&[5, 40, 150, 900]);
        Self { station, up: Pipe::new(latency_ms), down: Pipe::new(latency_ms), held: true }
    }
}
