//! Ways along the net from where a vehicle was to where it may be, searched within bounds.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use fleet::RoadIndex;

use crate::net::{Net, Scale, Way};

/// Ways entered from one place at most: enough for 20 km of expressway, or for the blocks around half a minute's drive.
const ENTERED_MAX: usize = 384;

/// Slots for what was entered, more than four places can fill; a power of two.
const SLOTS: usize = 2_048;

/// The searches for one fix.
#[derive(Debug)]
pub(crate) struct Search<'n> {
    net: &'n Net,
    scale: Scale,
    /// Where it all leads, and how near that is near enough, metres.
    to: [i32; 2],
    reach_m: f64,
    /// What turning back costs, metres.
    turn_m: f64,
    /// The ways entered, search after search.
    entered: Vec<Entered>,
    /// Where in `entered` the search at hand begins.
    first: usize,
    /// Numbers in `entered`, by way; those of searches before count as empty.
    slots: Vec<u16>,
    queue: BinaryHeap<Next>,
}

#[derive(Clone, Copy, Debug)]
struct Entered {
    way: Way,
    /// The one before it in `entered`; at the beginning its own number.
    from: u16,
}

/// A way to enter.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Next {
    /// What the whole comes to at least, metres.
    least_m: f64,
    /// To the beginning of the way, metres.
    gone_m: f64,
    way: Way,
    from: Option<u16>,
}

impl Eq for Next {}

/// The greatest is the one to take first: the shortest, and of equals the first in the order of the ways.
impl Ord for Next {
    fn cmp(&self, other: &Self) -> Ordering {
        other.least_m.total_cmp(&self.least_m).then(other.way.cmp(&self.way)).then(other.from.cmp(&self.from))
    }
}

impl PartialOrd for Next {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<'n> Search<'n> {
    pub(crate) fn new(net: &'n Net, to: [i32; 2], reach_m: f64, turn_m: f64) -> Self {
        let scale = Scale::at(to[1]);
        let (entered, queue) = (Vec::new(), BinaryHeap::new());
        Self { net, scale, to, reach_m, turn_m, entered, first: 0, slots: Vec::new(), queue }
    }

    /// All ways that can be entered from a place, each with the metres to its beginning and its number, the shortest
    /// first. `entered` answers how far it is still worth going, metres.
    pub(crate) fn run(
        &mut self,
        (way, gone_m): (Way, f64),
        mut worth_m: f64,
        mut entered: impl FnMut(Way, f64, u16) -> f64,
    ) {
        self.first = self.entered.len();
        self.queue.clear();
        let length_m = self.net.length_m(way.road());
        self.go_on(way, length_m - gone_m, None, worth_m);
        if self.net.is_open(way.turned()) {
            self.go_on(way.turned(), gone_m + self.turn_m, None, worth_m);
        }
        while let Some(next) = self.queue.pop() {
            if next.least_m > worth_m || self.entered.len() - self.first >= ENTERED_MAX {
                return;
            }
            let Some(number) = self.enter(&next) else { continue };
            worth_m = entered(next.way, next.gone_m, number);
            let gone_m = next.gone_m + self.net.length_m(next.way.road());
            self.go_on(next.way, gone_m, Some(number), worth_m);
        }
    }

    /// The roads up to an entered way, that way included, but not the one all began on; the last first.
    pub(crate) fn roads_to(&self, number: u16) -> impl Iterator<Item = RoadIndex> {
        let step = |number: &u16| {
            let from = self.entered[usize::from(*number)].from;
            (from != *number).then_some(from)
        };
        std::iter::successors(Some(number), step).map(|number| self.entered[usize::from(number)].way.road())
    }

    fn go_on(&mut self, way: Way, gone_m: f64, from: Option<u16>, worth_m: f64) {
        let left_m = (self.scale.distance_m(self.net.end(way), self.to) - self.reach_m).max(0.0);
        if gone_m + left_m > worth_m {
            return;
        }
        for next in self.net.onward(way) {
            let gone_m = if next == way.turned() { gone_m + self.turn_m } else { gone_m };
            let least_m = gone_m + left_m;
            if least_m <= worth_m {
                self.queue.push(Next { least_m, gone_m, way: next, from });
            }
        }
    }

    /// The number under which a way is entered; `None` if it was.
    fn enter(&mut self, next: &Next) -> Option<u16> {
        let number = u16::try_from(self.entered.len()).ok()?;
        self.slots.resize(SLOTS, 0);
        let mut slot = slot(next.way);
        loop {
            let before = usize::from(self.slots[slot]);
            // Nought is empty: what is stored is one more than the number.
            let Some(before) = before.checked_sub(1) else { break };
            if self.entered[before].way == next.way {
                if before >= self.first {
                    return None;
                }
                break;
            }
            slot = (slot + 1) % SLOTS;
        }
        self.slots[slot] = number + 1;
        self.entered.push(Entered { way: next.way, from: next.from.unwrap_or(number) });
        Some(number)
    }
}

fn slot(way: Way) -> usize {
    way.0.wrapping_mul(0x9e37_79b1) as usize >> 16 & (SLOTS - 1)
}
