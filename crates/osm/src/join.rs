//! Pieces joined to what people take for one: the ways of a bridge, both tubes of a tunnel.
//!
//! 1. Pieces that meet end to end are connected.
//! 2. Connected pieces are as long as the longest way through them: of two tubes between the same portals one counts.
//! 3. What runs beside another on half of its length, and has its name or number, is part of it.
//! 4. One line leads over all of them, there and back where it must, for the shape of the zone.

mod beside;
mod graph;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::Facts;
use crate::plane::Point;

/// A piece of road that a zone is made of.
#[derive(Debug)]
pub struct Part<'a> {
    /// The number of its way.
    pub way: i64,
    /// The id of the piece.
    pub id: String,
    pub line: Vec<Point>,
    pub facts: &'a Facts,
}

/// Parts that are one thing.
#[derive(Debug, PartialEq)]
pub struct Group {
    /// Places of its parts in the list, in order.
    pub parts: Vec<usize>,
    /// The longest way through it, metres.
    pub length_m: f64,
    /// A line over all of it.
    pub line: Vec<Point>,
}

/// Connected parts.
struct Component {
    parts: Vec<usize>,
    graph: graph::Graph,
    trunk: graph::Trunk,
}

/// Joins what belongs together; parts and groups are in the order of the list.
pub fn join(parts: &[&Part<'_>]) -> Vec<Group> {
    let components = components(parts);
    let mut sets = Sets::new(components.len());
    for (one, other) in beside::pairs(parts, &components) {
        if akin(parts, &components, one, other) {
            sets.unite(one, other);
        }
    }
    sets.all()
        .into_iter()
        .map(|members| {
            let members: Vec<&Component> = members.into_iter().filter_map(|c| components.get(c)).collect();
            let mut joined: Vec<usize> = members.iter().flat_map(|c| c.parts.iter().copied()).collect();
            joined.sort_unstable();
            let length_mm = members.iter().map(|component| component.trunk.length_mm).max().unwrap_or(0);
            Group { parts: joined, length_m: length_mm as f64 / 1000.0, line: walk::over(&members) }
        })
        .collect()
}

/// Parts connected end to end, but for bridges and tunnels that have names of their own and not the same.
fn components(parts: &[&Part<'_>]) -> Vec<Component> {
    let mut ends: BTreeMap<Point, Vec<usize>> = BTreeMap::new();
    for (index, part) in parts.iter().enumerate() {
        for end in [part.line.first(), part.line.last()].into_iter().flatten() {
            ends.entry(*end).or_default().push(index);
        }
    }
    let mut sets = Sets::new(parts.len());
    for meeting in ends.values() {
        for (place, one) in meeting.iter().enumerate() {
            for other in meeting.iter().skip(place + 1) {
                let names = [parts[*one].own_name(), parts[*other].own_name()];
                if !matches!(names, [Some(a), Some(b)] if a != b) {
                    sets.unite(*one, *other);
                }
            }
        }
    }
    let component = |members: Vec<usize>| {
        let graph = graph::Graph::new(members.iter().map(|index| &parts[*index].line[..]));
        let trunk = graph.trunk();
        Component { parts: members, graph, trunk }
    };
    sets.all().into_iter().map(component).collect()
}

impl Part<'_> {
    /// The name of the bridge or tunnel itself.
    fn own_name(&self) -> Option<&str> {
        self.facts.special.as_ref()?.names[0].as_deref()
    }
}

/// Whether two things side by side have a name or a number in common or, where one has neither, lie on the same layer.
fn akin(parts: &[&Part<'_>], components: &[Component], one: usize, other: usize) -> bool {
    let all = |component: usize| {
        components.get(component).into_iter().flat_map(|c| &c.parts).filter_map(|index| parts.get(*index))
    };
    let words = |component: usize| -> BTreeSet<&str> {
        all(component)
            .flat_map(|part| {
                let references = part.facts.reference.iter().flat_map(|text| text.split(';')).map(str::trim);
                references.chain(part.facts.name.as_deref()).chain(part.own_name())
            })
            .collect()
    };
    let layers = |component: usize| -> BTreeSet<i16> {
        all(component).filter_map(|part| part.facts.special.as_ref()).map(|special| special.layer).collect()
    };
    let (ones, others) = (words(one), words(other));
    if ones.is_empty() || others.is_empty() {
        !layers(one).is_disjoint(&layers(other))
    } else {
        !ones.is_disjoint(&others)
    }
}

/// Disjoint sets of numbers; the smallest stands for its set.
struct Sets(Vec<usize>);

impl Sets {
    fn new(len: usize) -> Self {
        Self((0..len).collect())
    }

    fn root(&mut self, mut number: usize) -> usize {
        while self.0[number] != number {
            self.0[number] = self.0[self.0[number]];
            number = self.0[number];
        }
        number
    }

    fn unite(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        self.0[one.max(other)] = one.min(other);
    }

    fn all(mut self) -> Vec<Vec<usize>> {
        let mut sets: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for number in 0..self.0.len() {
            sets.entry(self.root(number)).or_default().push(number);
        }
        sets.into_values().collect()
    }
}
