//! One line over all pieces of a structure.

use super::Component;
use super::graph::{Edge, Graph, Trunk};
use crate::plane::{Point, length_m};

/// A line over every piece of these components, which lie side by side: it hops from each to the next where their ends
/// are nearest, and comes back where it must.
pub fn over(components: &[&Component]) -> Vec<Point> {
    let longest = components.iter().enumerate().max_by_key(|(n, c)| (c.trunk.length_mm, usize::MAX - n));
    let Some((first, longest)) = longest else { return Vec::new() };
    let (graph, offsets, hops) = united(components, first);
    let [one, other] = longest.trunk.ends.map(|node| node + offsets[first]);
    let hops_at = |node: usize| graph.at[node].iter().filter(|edge| **edge >= hops).count();
    let start = if hops_at(one) > hops_at(other) { other } else { one };
    let first_edge: usize = components.iter().take(first).map(|component| component.graph.edges.len()).sum();
    let edges = longest.trunk.edges.iter().map(|edge| edge + first_edge).collect();
    tour(&graph, start, &Trunk { edges, ..Trunk::default() })
}

/// All graphs as one, where each one's nodes begin, and the first edge that is a hop.
fn united(components: &[&Component], first: usize) -> (Graph, Vec<usize>, usize) {
    let mut graph = Graph::default();
    let mut offsets = Vec::new();
    for component in components {
        let offset = graph.nodes.len();
        offsets.push(offset);
        graph.nodes.extend(&component.graph.nodes);
        graph.at.resize(graph.nodes.len(), Vec::new());
        for edge in &component.graph.edges {
            graph.add(Edge { ends: edge.ends.map(|node| node + offset), ..edge.clone() });
        }
    }
    let hops = graph.edges.len();
    let nodes_of =
        |component: usize| offsets[component]..offsets[component] + components[component].graph.nodes.len();
    // For each component not yet reached: its nearest way to what is.
    let mut nearest: Vec<Option<(u64, usize, usize)>> = vec![None; components.len()];
    let mut reached = vec![false; components.len()];
    let mut next = first;
    loop {
        reached[next] = true;
        for other in (0..components.len()).filter(|other| !reached[*other]) {
            for from in nodes_of(next) {
                for to in nodes_of(other) {
                    let hop_mm = (graph.nodes[from].distance_m(graph.nodes[to]) * 1000.0) as u64;
                    if nearest[other].is_none_or(|(best, ..)| hop_mm < best) {
                        nearest[other] = Some((hop_mm, from, to));
                    }
                }
            }
        }
        let open = (0..components.len()).filter(|other| !reached[*other]);
        let Some((_, from, to, other)) =
            open.filter_map(|other| nearest[other].map(|(hop_mm, from, to)| (hop_mm, from, to, other))).min()
        else {
            break;
        };
        let line = vec![graph.nodes[from], graph.nodes[to]];
        let length_mm = (length_m(&line) * 1000.0) as u64;
        graph.add(Edge { ends: [from, to], line, length_mm });
        next = other;
    }
    (graph, offsets, hops)
}

/// Goes over every edge from `start`, branches first and the trunk last, and ends where the last edge does.
fn tour(graph: &Graph, start: usize, trunk: &Trunk) -> Vec<Point> {
    let order = |node: usize| {
        let mut edges = graph.at[node].clone();
        edges.sort_by_key(|edge| (trunk.edges.contains(edge), *edge));
        edges.into_iter()
    };
    let mut line = vec![graph.nodes[start]];
    let mut covered = 1;
    let mut walked = vec![false; graph.edges.len()];
    let mut seen = vec![false; graph.nodes.len()];
    seen[start] = true;
    let mut stack = vec![(start, order(start), None)];
    while let Some((node, edges, back)) = stack.last_mut() {
        let (node, back) = (*node, *back);
        let Some(edge) = edges.find(|edge| !walked[*edge]) else {
            stack.pop();
            if let (Some(edge), Some((before, ..))) = (back, stack.last()) {
                go(&mut line, &graph.edges[edge], node, *before);
            }
            continue;
        };
        walked[edge] = true;
        let other = graph.edges[edge].other(node);
        go(&mut line, &graph.edges[edge], node, other);
        covered = line.len();
        if seen[other] {
            go(&mut line, &graph.edges[edge], other, node);
        } else {
            seen[other] = true;
            stack.push((other, order(other), Some(edge)));
        }
    }
    line.truncate(covered);
    line
}

/// Goes over an edge.
fn go(line: &mut Vec<Point>, edge: &Edge, from: usize, to: usize) {
    if edge.ends == [from, to] {
        line.extend(edge.line.iter().skip(1));
    } else {
        line.extend(edge.line.iter().rev().skip(1));
    }
}
