//! Roads as a net: pieces, the nodes they meet at, and their lines, packed for millions of pieces.

use std::ops::Range;

use fleet::{Along, LonLat, Road, RoadClass, RoadIndex};
use geo::LineString;

use crate::cells::Cells;
use crate::plane::Point;

/// Metres in a millionth of a degree of latitude.
pub(crate) const MICRO_M: f64 = 6_371_008.8 * std::f64::consts::PI / 180.0 / 1e6;

/// A piece of road in one of its directions: the piece's number, and in the last bit whether it is driven against the
/// drawn line.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Way(pub(crate) u32);

impl Way {
    pub(crate) fn new(road: RoadIndex, forward: bool) -> Self {
        Self(road.0 << 1 | u32::from(!forward))
    }

    pub(crate) fn road(self) -> RoadIndex {
        RoadIndex(self.0 >> 1)
    }

    pub(crate) fn is_forward(self) -> bool {
        self.0 & 1 == 0
    }

    /// The same piece driven the other way.
    pub(crate) fn turned(self) -> Self {
        Self(self.0 ^ 1)
    }
}

/// 16 bytes a piece.
#[derive(Clone, Copy, Debug)]
struct Piece {
    /// Its first point in `points`; the next piece's first point ends it.
    first: u32,
    /// The nodes at its two ends, with flags: [`CLOSED`] is set where nobody may set out along it.
    ends: [u32; 2],
    length_m: f32,
}

/// Set in a piece's end that it may not be entered at.
const CLOSED: u32 = 1 << 31;

/// Set in a piece's first end where the piece is [`RoadClass::Minor`].
const MINOR: u32 = 1 << 30;

/// What is left for the node; all of it is the end of a piece without points.
const NODE: u32 = MINOR - 1;

/// All roads. About 100 bytes a piece of five points, besides its [`Road`].
#[derive(Debug, Default)]
pub(crate) struct Net {
    roads: Vec<Road>,
    /// The roads' numbers in the order of their ids.
    by_id: Vec<u32>,
    /// One more than there are roads.
    pieces: Vec<Piece>,
    /// Millionths of a degree, longitude first, piece after piece.
    points: Vec<[i32; 2]>,
    /// Where each node begins in `meeting`, and where the last one ends.
    nodes: Vec<u32>,
    /// The pieces that meet in each node, as ways that lead away from it, open or not.
    meeting: Vec<Way>,
    cells: Cells,
}

/// The nearest point of a piece's line to a position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Foot {
    pub(crate) road: RoadIndex,
    /// The segment of the piece it lies on.
    pub(crate) segment: u32,
    /// Where on the segment, 0 to 1.
    pub(crate) part: f64,
    pub(crate) off_m: f64,
    /// The segment, metres east and north.
    pub(crate) course: [f64; 2],
}

/// The size of a millionth of a degree around a latitude, metres east and north.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    size_m: [f64; 2],
    lat_e6: i32,
}

/// Within this of a latitude its scale is as good as another one's, millionths of a degree: 5 cm in a kilometre.
const SCALE_E6: u32 = 5_000;

impl Scale {
    pub(crate) fn at(lat_e6: i32) -> Self {
        let cosine = (f64::from(lat_e6) / 1e6).to_radians().cos().max(1e-3);
        Self { size_m: [MICRO_M * cosine, MICRO_M], lat_e6 }
    }

    /// That of a line, which is measured at the latitude of its first point so that each part has one length.
    fn of(line: &[[i32; 2]]) -> Self {
        Self::at(line.first().map_or(0, |first| first[1]))
    }

    /// The same, or this one where it is as good.
    fn near(self, line: &[[i32; 2]]) -> Self {
        let is_near = line.first().is_some_and(|first| first[1].abs_diff(self.lat_e6) <= SCALE_E6);
        if is_near { self } else { Self::of(line) }
    }

    /// From one point to another, metres east and north.
    pub(crate) fn between(&self, from: [i32; 2], to: [i32; 2]) -> [f64; 2] {
        let part = |i: usize| f64::from(to[i].wrapping_sub(from[i])) * self.size_m[i];
        [part(0), part(1)]
    }

    pub(crate) fn distance_m(&self, from: [i32; 2], to: [i32; 2]) -> f64 {
        length(self.between(from, to))
    }

    /// A box around a point, millionths of a degree.
    #[expect(clippy::cast_possible_truncation, reason = "saturates")]
    pub(crate) fn around(&self, at: [i32; 2], meters: f64) -> ([i32; 2], [i32; 2]) {
        let by = self.size_m.map(|size| (meters / size).ceil() as i32);
        ([0, 1].map(|i| at[i].saturating_sub(by[i])), [0, 1].map(|i| at[i].saturating_add(by[i])))
    }
}

/// Of a vector; the plain root is the same everywhere.
pub(crate) fn length(v: [f64; 2]) -> f64 {
    (v[0] * v[0] + v[1] * v[1]).sqrt()
}

impl Net {
    /// Roads are known by their place.
    pub(crate) fn new(roads: Vec<(Road, LineString<f64>)>) -> Self {
        let mut net = Self::default();
        net.pieces.reserve_exact(roads.len() + 1);
        net.roads.reserve_exact(roads.len());
        net.points.reserve_exact(roads.iter().map(|(_, line)| line.0.len().max(2)).sum());
        for (road, line) in roads {
            let first = index(net.points.len());
            net.points.extend(line.0.iter().map(|c| point(LonLat::from_degrees(c.x, c.y))));
            if line.0.len() == 1 {
                net.points.extend_from_within(first as usize..);
            }
            let length_m = line_m(&net.points[first as usize..]);
            #[expect(clippy::cast_possible_truncation, reason = "kept to a tenth of a metre")]
            net.pieces.push(Piece { first, ends: [NODE; 2], length_m: length_m as f32 });
            net.roads.push(road);
        }
        net.pieces.push(Piece { first: index(net.points.len()), ends: [NODE; 2], length_m: 0.0 });
        net.by_id = (0..index(net.roads.len())).collect();
        let roads = &net.roads;
        net.by_id.sort_by(|a, b| roads[*a as usize].id.cmp(&roads[*b as usize].id));
        net.join();
        net.cells = Cells::new(net.numbers().map(|road| net.line(road)));
        net
    }

    /// Finds the nodes: ends with the same coordinates are one.
    fn join(&mut self) {
        let mut ends: Vec<([i32; 2], Way)> = Vec::with_capacity(self.roads.len() * 2);
        for road in self.numbers() {
            if let [first, .., last] = self.line(road) {
                ends.push((*first, Way::new(road, true)));
                ends.push((*last, Way::new(road, false)));
            }
        }
        ends.sort_unstable();
        for (number, (at, way)) in (0_u32..).zip(&ends) {
            if number.checked_sub(1).is_none_or(|before| ends[before as usize].0 != *at) {
                self.nodes.push(number);
            }
            let open = match self.roads[way.road().0 as usize].open {
                Along::Both => true,
                Along::Forward => way.is_forward(),
                Along::Backward => !way.is_forward(),
            };
            let end = usize::from(!way.is_forward());
            let node = index(self.nodes.len()) - 1;
            let minor = end == 0 && self.roads[way.road().0 as usize].class == RoadClass::Minor;
            let flags = if open { 0 } else { CLOSED } | if minor { MINOR } else { 0 };
            self.pieces[way.road().0 as usize].ends[end] = node | flags;
            self.meeting.push(*way);
        }
        self.nodes.push(index(ends.len()));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.roads.is_empty()
    }

    pub(crate) fn roads(&self) -> &[Road] {
        &self.roads
    }

    pub(crate) fn road(&self, index: RoadIndex) -> &Road {
        &self.roads[index.0 as usize]
    }

    pub(crate) fn numbers(&self) -> impl Iterator<Item = RoadIndex> + use<> {
        (0..index(self.roads.len())).map(RoadIndex)
    }

    /// The road with this id; of several the last.
    pub(crate) fn find(&self, id: &str) -> Option<RoadIndex> {
        let after = self.by_id.partition_point(|number| *self.roads[*number as usize].id <= *id);
        let number = *self.by_id.get(after.checked_sub(1)?)?;
        (*self.roads[number as usize].id == *id).then_some(RoadIndex(number))
    }

    fn piece(&self, road: RoadIndex) -> &Piece {
        &self.pieces[road.0 as usize]
    }

    pub(crate) fn line(&self, road: RoadIndex) -> &[[i32; 2]] {
        let span = self.span(road);
        &self.points[span.start as usize..span.end as usize]
    }

    fn span(&self, road: RoadIndex) -> Range<u32> {
        self.pieces[road.0 as usize].first..self.pieces[road.0 as usize + 1].first
    }

    pub(crate) fn length_m(&self, road: RoadIndex) -> f64 {
        f64::from(self.piece(road).length_m)
    }

    /// Whether a piece may be driven this way.
    pub(crate) fn is_open(&self, way: Way) -> bool {
        self.piece(way.road()).ends[usize::from(!way.is_forward())] & CLOSED == 0
    }

    /// Whether it is a service way, a yard or a track.
    pub(crate) fn is_minor(&self, road: RoadIndex) -> bool {
        self.piece(road).ends[0] & MINOR != 0
    }

    /// The node a way leads to.
    fn head(&self, way: Way) -> u32 {
        self.piece(way.road()).ends[usize::from(way.is_forward())] & NODE
    }

    /// All ways that lead away from a node, open or not.
    fn meeting(&self, node: u32) -> &[Way] {
        let (first, last) = (self.nodes.get(node as usize), self.nodes.get(node as usize + 1));
        let ways =
            first.zip(last).and_then(|(first, last)| self.meeting.get(*first as usize..*last as usize));
        ways.unwrap_or_default()
    }

    /// The open ways that go on from the end of a way; the way back is among them.
    pub(crate) fn onward(&self, way: Way) -> impl Iterator<Item = Way> {
        self.meeting(self.head(way)).iter().copied().filter(|next| self.is_open(*next))
    }

    /// The open ways that lead to the beginning of a way, but for the way back.
    pub(crate) fn before(&self, way: Way) -> impl Iterator<Item = Way> {
        let leading = self.meeting(self.head(way.turned())).iter().map(|away| away.turned());
        leading.filter(move |before| *before != way.turned() && self.is_open(*before))
    }

    /// Whether two pieces have a node in common.
    pub(crate) fn do_meet(&self, a: RoadIndex, b: RoadIndex) -> bool {
        let ends = |road: RoadIndex| self.piece(road).ends.map(|end| end & NODE);
        let b = ends(b);
        ends(a).iter().any(|end| *end != NODE && b.contains(end))
    }

    /// Where a way ends.
    pub(crate) fn end(&self, way: Way) -> [i32; 2] {
        let line = self.line(way.road());
        let end = if way.is_forward() { line.last() } else { line.first() };
        end.copied().unwrap_or_default()
    }

    /// The points within `within_m` of a position where a road is nearer than just before and after. A road that runs
    /// on in another square is told there again. Their order is fixed by the map.
    pub(crate) fn feet(&self, at: [i32; 2], within_m: f64, mut found: impl FnMut(Foot)) {
        let scale = Scale::at(at[1]);
        let (low, high) = scale.around(at, within_m);
        let is_beyond =
            |s: &[[i32; 2]]| (0..2).any(|i| s[0][i].max(s[1][i]) < low[i] || high[i] < s[0][i].min(s[1][i]));
        self.cells.touching((low, high), |road, segments| {
            let line = self.line(road).get(segments.start as usize..).unwrap_or_default();
            // The nearest since the line last came nearer.
            let (mut lowest, mut last_m): (Option<Foot>, f64) = (None, f64::INFINITY);
            let mut tell = |foot: Option<Foot>| {
                foot.filter(|foot| foot.off_m <= within_m).into_iter().for_each(&mut found);
            };
            for (segment, s) in segments.zip(line.windows(2)) {
                if is_beyond(s) {
                    tell(lowest.take());
                    last_m = f64::INFINITY;
                    continue;
                }
                let next = foot(road, segment, (scale.between(at, s[0]), scale.between(at, s[1])));
                if next.off_m < last_m {
                    lowest = Some(next);
                } else if next.off_m > last_m {
                    tell(lowest.take());
                }
                last_m = next.off_m;
            }
            tell(lowest);
        });
    }

    /// The roads with a part in the squares of a box, some more than once.
    pub(crate) fn touching(&self, area: ([i32; 2], [i32; 2]), mut found: impl FnMut(RoadIndex)) {
        self.cells.touching(area, |road, _| found(road));
    }

    /// The points of a line, degrees, each with the metres from the one before.
    pub(crate) fn walk(&self, road: RoadIndex, mut step: impl FnMut(Point, f64)) {
        let line = self.line(road);
        let scale = Scale::of(line);
        let mut last = None;
        for at in line {
            let gone_m = last.replace(*at).map_or(0.0, |last| scale.distance_m(last, *at));
            step(degrees(*at), gone_m);
        }
    }

    /// The point some metres along a line, degrees.
    pub(crate) fn place(&self, road: RoadIndex, along_m: f64) -> Point {
        let (mut left_m, mut place, mut is_found) = (along_m, [0.0; 2], false);
        self.walk(road, |at, segment_m| {
            if is_found {
                return;
            }
            if segment_m > 0.0 && left_m < segment_m {
                let part = left_m.max(0.0) / segment_m;
                (place, is_found) = ([0, 1].map(|i| place[i] + (at[i] - place[i]) * part), true);
            } else {
                (left_m, place) = (left_m - segment_m, at);
            }
        });
        place
    }

    /// How far along its line a foot lies, metres from the first point.
    pub(crate) fn along_m(&self, foot: &Foot, scale: Scale) -> f64 {
        let line = self.line(foot.road);
        let segment = foot.segment as usize;
        let Some([a, b]) = line.get(segment..segment + 2) else { return 0.0 };
        let scale = scale.near(line);
        let before_m: f64 = line[..=segment].windows(2).map(|s| scale.distance_m(s[0], s[1])).sum();
        (before_m + scale.distance_m(*a, *b) * foot.part).min(self.length_m(foot.road))
    }
}

/// The foot of the plane's origin on one segment.
fn foot(road: RoadIndex, segment: u32, (a, b): ([f64; 2], [f64; 2])) -> Foot {
    let course = [b[0] - a[0], b[1] - a[1]];
    let length2 = course[0] * course[0] + course[1] * course[1];
    let part =
        if length2 > 0.0 { (-(a[0] * course[0] + a[1] * course[1]) / length2).clamp(0.0, 1.0) } else { 0.0 };
    let off_m = length([a[0] + part * course[0], a[1] + part * course[1]]);
    Foot { road, segment, part, off_m, course }
}

/// The length of a line.
fn line_m(line: &[[i32; 2]]) -> f64 {
    let scale = Scale::of(line);
    line.windows(2).map(|s| scale.distance_m(s[0], s[1])).sum()
}

fn degrees(at: [i32; 2]) -> Point {
    at.map(|e6| f64::from(e6) / 1e6)
}

pub(crate) fn point(at: LonLat) -> [i32; 2] {
    [at.lon_e6, at.lat_e6]
}

/// What is counted here is held in memory piece by piece, and ends far below this.
fn index(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
