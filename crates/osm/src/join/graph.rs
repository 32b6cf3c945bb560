//! Connected pieces as a graph whose nodes are their ends.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use crate::plane::{Point, length_m};

/// How often the search for the longest way starts again from the far end; each time it gets longer or it ends. Two are
/// enough where nothing goes round in circles.
const SWEEPS_MAX: usize = 8;

/// Nodes and edges of connected lines.
#[derive(Debug, Default)]
pub struct Graph {
    /// Ends of lines, in order.
    pub nodes: Vec<Point>,
    pub edges: Vec<Edge>,
    /// The edges at each node, in order.
    pub at: Vec<Vec<usize>>,
}

/// One line.
#[derive(Clone, Debug)]
pub struct Edge {
    /// Nodes at its first and last point.
    pub ends: [usize; 2],
    pub line: Vec<Point>,
    pub length_mm: u64,
}

/// The longest of the shortest ways between any two nodes.
#[derive(Clone, Debug, Default)]
pub struct Trunk {
    pub length_mm: u64,
    /// Its ends, as nodes.
    pub ends: [usize; 2],
    pub edges: BTreeSet<usize>,
}

impl Graph {
    /// Of lines of at least two points.
    pub fn new<'a>(lines: impl Iterator<Item = &'a [Point]> + Clone) -> Self {
        let ends = |line: &[Point]| [line.first().copied(), line.last().copied()];
        let mut nodes: Vec<Point> = lines.clone().flat_map(ends).flatten().collect();
        nodes.sort_unstable();
        nodes.dedup();
        let mut graph = Self { at: vec![Vec::new(); nodes.len()], nodes, edges: Vec::new() };
        for line in lines {
            let node = |end: Option<Point>| end.and_then(|end| graph.nodes.binary_search(&end).ok());
            if let [Some(from), Some(to)] = ends(line).map(node) {
                let length_mm = (length_m(line) * 1000.0).round() as u64;
                graph.add(Edge { ends: [from, to], line: line.to_vec(), length_mm });
            }
        }
        graph
    }

    /// Adds an edge.
    pub fn add(&mut self, edge: Edge) {
        let [from, to] = edge.ends;
        self.at[from].push(self.edges.len());
        if from != to {
            self.at[to].push(self.edges.len());
        }
        self.edges.push(edge);
    }

    /// The longest way through: exact where there are no circles, a lower bound where there are.
    pub fn trunk(&self) -> Trunk {
        let mut best = Trunk::default();
        let mut from = 0;
        for _ in 0..SWEEPS_MAX {
            let found = self.farthest(from);
            if found.length_mm <= best.length_mm {
                break;
            }
            from = found.ends[1];
            best = found;
        }
        // A single line that comes back to where it began has no far end.
        let longest = self.edges.iter().map(|edge| edge.length_mm).max().unwrap_or_default();
        best.length_mm = best.length_mm.max(longest);
        best
    }

    fn farthest(&self, from: usize) -> Trunk {
        let mut ways: Vec<Option<(u64, Option<usize>)>> = vec![None; self.nodes.len()];
        let mut queue = BinaryHeap::from([(Reverse(0_u64), Reverse(from), None)]);
        let mut last = (0, from);
        while let Some((Reverse(length), Reverse(node), edge)) = queue.pop() {
            if ways[node].is_some() {
                continue;
            }
            ways[node] = Some((length, edge));
            last = (length, node);
            for index in &self.at[node] {
                let next = &self.edges[*index];
                let other = next.other(node);
                if ways[other].is_none() {
                    queue.push((Reverse(length + next.length_mm), Reverse(other), Some(*index)));
                }
            }
        }
        let mut edges = BTreeSet::new();
        let mut node = last.1;
        while let Some((_, Some(edge))) = ways[node] {
            edges.insert(edge);
            node = self.edges[edge].other(node);
        }
        Trunk { length_mm: last.0, ends: [from, last.1], edges }
    }
}

impl Edge {
    /// The node at the end that is not this one.
    pub fn other(&self, node: usize) -> usize {
        if self.ends[0] == node { self.ends[1] } else { self.ends[0] }
    }
}
