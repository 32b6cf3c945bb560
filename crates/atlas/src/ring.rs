//! A closed line cut into horizontal slabs, so that a question looks at the few sides beside its point.

use crate::path::Path;
use crate::plane::{Point, in_box, turn};

/// Sides for each slab there is: fewer slabs hold more sides to look at, more slabs hold a long side more often.
const SIDES_A_SLAB: usize = 4;

/// Slabs of one ring at most; a million sides then cost some 100 a question and the table stays small.
const SLABS_MAX: usize = 1 << 14;

/// An outline, or the outline of a hole.
#[derive(Clone, Debug)]
pub(crate) struct Ring {
    pub(crate) path: Path,
    low: Point,
    high: Point,
    slabs_a_degree: f64,
    /// Where each slab begins in `sides`, and where the last one ends.
    starts: Vec<u32>,
    /// The first points of the sides in each slab, slab after slab.
    sides: Vec<u32>,
    /// For each slab the widest stretch that no side reaches into: most questions end there.
    gaps: Vec<Gap>,
}

/// A stretch of a slab without sides, so that all of it lies on one side of the ring.
#[derive(Clone, Copy, Debug)]
struct Gap {
    west: f64,
    east: f64,
    side: Side,
}

/// Where a point lies in regard to a ring.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Side {
    Border,
    Inside,
    Outside,
}

impl Ring {
    pub(crate) fn new(line: &geo::LineString<f64>) -> Self {
        let path = Path::new(line);
        let (low, high) = path.envelope().unwrap_or(([0.0; 2], [-1.0; 2]));
        let slabs = (path.points().len() / SIDES_A_SLAB).clamp(1, SLABS_MAX);
        let height = high[1] - low[1];
        #[expect(clippy::cast_precision_loss, reason = "at most SLABS_MAX")]
        let slabs_a_degree = if height > 0.0 { slabs as f64 / height } else { 0.0 };
        let mut ring = Self {
            path,
            low,
            high,
            slabs_a_degree,
            starts: vec![0; slabs + 1],
            sides: Vec::new(),
            gaps: Vec::new(),
        };
        let mut slabs: Vec<Vec<u32>> = vec![Vec::new(); slabs];
        for (number, side) in (0_u32..).zip(ring.path.points().windows(2)) {
            let (a, b) = (ring.slab(side[0][1].min(side[1][1])), ring.slab(side[0][1].max(side[1][1])));
            slabs.iter_mut().take(b + 1).skip(a).for_each(|slab| slab.push(number));
        }
        for (start, slab) in ring.starts.iter_mut().skip(1).zip(slabs) {
            ring.sides.extend(slab);
            *start = u32::try_from(ring.sides.len()).unwrap_or(u32::MAX);
        }
        ring.gaps = (0..ring.starts.len() - 1).map(|slab| ring.gap(slab)).collect();
        ring
    }

    /// On which side a point lies: a ray to the east and the even-odd rule.
    pub(crate) fn side(&self, at: Point) -> Side {
        if !in_box((self.low, self.high), at) {
            return Side::Outside;
        }
        let slab = self.slab(at[1]);
        match self.gaps.get(slab) {
            Some(gap) if gap.west < at[0] && at[0] < gap.east => gap.side,
            _ => self.side_in(slab, at),
        }
    }

    fn side_in(&self, slab: usize, at: Point) -> Side {
        let mut inside = false;
        for (a, b) in self.sides_of(slab) {
            let turn = turn(a, b, at);
            if turn == 0.0 && in_box((a, b), at) {
                return Side::Border;
            }
            // No branch: on a jagged outline nobody can guess which sides the ray meets.
            let crosses = (a[1] > at[1]) != (b[1] > at[1]);
            inside ^= crosses & ((turn > 0.0) == (b[1] > a[1]));
        }
        if inside { Side::Inside } else { Side::Outside }
    }

    /// The widest stretch between two sides of a slab; where sides overlap all along, an empty one.
    fn gap(&self, slab: usize) -> Gap {
        let mut reaches: Vec<(f64, f64)> =
            self.sides_of(slab).map(|(a, b)| (a[0].min(b[0]), a[0].max(b[0]))).collect();
        reaches.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let (mut gap, mut west) = (Gap { west: 0.0, east: 0.0, side: Side::Outside }, f64::INFINITY);
        for (low, high) in reaches {
            if low - west > gap.east - gap.west {
                gap = Gap { west, east: low, side: Side::Outside };
            }
            west = if west.is_finite() { west.max(high) } else { high };
        }
        #[expect(clippy::cast_precision_loss, reason = "at most SLABS_MAX")]
        let lat = self.low[1] + (slab as f64 + 0.5) / self.slabs_a_degree;
        Gap { side: self.side_in(slab, [f64::midpoint(gap.west, gap.east), lat]), ..gap }
    }

    fn sides_of(&self, slab: usize) -> impl Iterator<Item = (Point, Point)> {
        let (first, last) = (self.starts.get(slab), self.starts.get(slab + 1));
        let sides = first.zip(last).and_then(|(first, last)| self.sides.get(*first as usize..*last as usize));
        sides.unwrap_or_default().iter().filter_map(|side| {
            let side = *side as usize;
            self.path.points().get(side..side + 2).map(|ends| (ends[0], ends[1]))
        })
    }

    /// The slab of a latitude; it never falls as the latitude rises, so a side is found wherever it is crossed.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturates, and is cut to the slabs"
    )]
    fn slab(&self, lat: f64) -> usize {
        (((lat - self.low[1]) * self.slabs_a_degree) as usize).min(self.starts.len() - 2)
    }
}

/// Whether a point lies in a polygon (outer ring, then holes), border included.
pub(crate) fn polygon_holds(rings: &[Ring], at: Point) -> bool {
    let mut inside = false;
    for ring in rings {
        match ring.side(at) {
            Side::Border => return true,
            Side::Inside => inside = !inside,
            Side::Outside => {}
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use geo::{Intersects, LineString};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Star-shaped rings on a coarse raster, so that points fall on corners and sides too.
        #[test]
        fn a_point_lies_where_all_sides_together_say(
            radii in prop::collection::vec(3..20_i32, 3..80),
            places in prop::collection::vec((-22..=22_i32, -22..=22_i32), 50),
        ) {
            let corner = |(number, radius): (usize, &i32)| {
                let angle = number as f64 / radii.len() as f64 * std::f64::consts::TAU;
                ((f64::from(*radius) * angle.cos()).round(), (f64::from(*radius) * angle.sin()).round())
            };
            let mut line: Vec<(f64, f64)> = radii.iter().enumerate().map(corner).collect();
            line.push(line[0]);
            let line = LineString::from(line);
            let ring = Ring::new(&line);
            for at in places.iter().map(|place| [f64::from(place.0), f64::from(place.1)]) {
                let point = geo::Point::new(at[0], at[1]);
                let on_border = line.intersects(&point);
                let crossed = line.lines().filter(|s| {
                    (s.start.y > at[1]) != (s.end.y > at[1])
                        && at[0] < s.start.x + s.dx() * (at[1] - s.start.y) / s.dy()
                });
                let expected = match (on_border, crossed.count() % 2) {
                    (true, _) => Side::Border,
                    (false, 1) => Side::Inside,
                    _ => Side::Outside,
                };
                prop_assert_eq!(ring.side(at), expected, "{:?} in {:?}", at, line);
            }
        }
    }
}
