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
        let mut ring =
            Self { path, low, high, slabs_a_degree, starts: vec![0; slabs + 1], sides: Vec::new() };
        let mut slabs: Vec<Vec<u32>> = vec![Vec::new(); slabs];
        for (number, side) in (0_u32..).zip(ring.path.points().windows(2)) {
            let (a, b) = (ring.slab(side[0][1].min(side[1][1])), ring.slab(side[0][1].max(side[1][1])));
            slabs.iter_mut().take(b + 1).skip(a).for_each(|slab| slab.push(number));
        }
        for (start, slab) in ring.starts.iter_mut().skip(1).zip(slabs) {
            ring.sides.extend(slab);
            *start = u32::try_from(ring.sides.len()).unwrap_or(u32::MAX);
        }
        ring
    }

    /// On which side a point lies: a ray to the east and the even-odd rule.
    pub(crate) fn side(&self, at: Point) -> Side {
        if !in_box((self.low, self.high), at) {
            return Side::Outside;
        }
        let slab = self.slab(at[1]);
        let (Some(first), Some(last)) = (self.starts.get(slab), self.starts.get(slab + 1)) else {
            return Side::Outside;
        };
        let mut inside = false;
        for side in self.sides.get(*first as usize..*last as usize).unwrap_or_default() {
            let side = *side as usize;
            let Some(&[a, b]) = self.path.points().get(side..side + 2) else { continue };
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
