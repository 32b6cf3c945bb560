//! The nodes that ways need: their places, and how often roads use them.

use crate::block::Node;
use crate::plane::Point;

/// A table of nodes by number.
#[derive(Debug, Default)]
pub struct Places {
    ids: Vec<i64>,
    at: Vec<Option<Point>>,
    /// How many ends and passages; only whether there is more than one matters.
    uses: Vec<u8>,
    crossing: Vec<bool>,
    /// Where the last node was found: files have them in order.
    last: usize,
}

/// What is known of a node.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub at: Point,
    /// Roads meet, or one ends.
    pub junction: bool,
    /// A railway crosses on the level.
    pub crossing: bool,
}

impl Places {
    /// Of these nodes; each as often as it is used, in any order.
    pub fn new(mut refs: Vec<i64>) -> Self {
        refs.sort_unstable();
        let mut places = Self::default();
        for id in refs {
            if places.ids.last() == Some(&id) {
                if let Some(uses) = places.uses.last_mut() {
                    *uses = uses.saturating_add(1);
                }
            } else {
                places.ids.push(id);
                places.uses.push(1);
            }
        }
        places.at = vec![None; places.ids.len()];
        places.crossing = vec![false; places.ids.len()];
        places
    }

    /// Takes a node's place, if it is one of these.
    pub fn take(&mut self, node: &Node<'_, '_>) {
        if self.ids.get(self.last).is_none_or(|last| *last > node.id) {
            self.last = self.ids.partition_point(|id| *id < node.id);
        }
        while self.ids.get(self.last).is_some_and(|id| *id < node.id) {
            self.last += 1;
        }
        if self.ids.get(self.last) == Some(&node.id) {
            self.at[self.last] = node.at;
            self.crossing[self.last] = node.tags.is("railway", "level_crossing");
        }
    }

    /// What is known of a node; `None`: the file does not have it.
    pub fn get(&self, id: i64) -> Option<Place> {
        let index = self.ids.binary_search(&id).ok()?;
        let at = (*self.at.get(index)?)?;
        Some(Place { at, junction: *self.uses.get(index)? > 1, crossing: *self.crossing.get(index)? })
    }
}
