//! A flat piece of the earth around one position.

/// A point or a vector: degrees on the earth, metres in a plane; longitude or east first.
pub(crate) type Point = [f64; 2];

/// Metres in a degree of latitude (mean radius of the IUGG, as `fleet` measures).
const DEGREE_M: f64 = 6_371_008.8 * std::f64::consts::PI / 180.0;

/// An equirectangular plane that touches the earth at its origin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plane {
    origin: Point,
    east_m: f64,
}

impl Plane {
    pub(crate) fn at(origin: Point) -> Self {
        Self { origin, east_m: DEGREE_M * origin[1].to_radians().cos().max(MIN_COSINE) }
    }

    /// Metres east and north of the origin.
    pub(crate) fn project(&self, at: Point) -> Point {
        [(at[0] - self.origin[0]) * self.east_m, (at[1] - self.origin[1]) * DEGREE_M]
    }

    /// The size of `meters` in degrees, east and north.
    pub(crate) fn degrees(&self, meters: f64) -> Point {
        [meters / self.east_m, meters / DEGREE_M]
    }
}

/// Keeps the poles finite; nothing drives there.
const MIN_COSINE: f64 = 1e-3;

/// The point of a segment that is nearest to the origin of its plane.
pub(crate) fn nearest_to_origin(a: Point, b: Point) -> Point {
    let (x, y) = (b[0] - a[0], b[1] - a[1]);
    let length2 = x * x + y * y;
    let along = if length2 > 0.0 { (-(a[0] * x + a[1] * y) / length2).clamp(0.0, 1.0) } else { 0.0 };
    [a[0] + along * x, a[1] + along * y]
}

/// The least distance of two segments in a plane.
pub(crate) fn segments_m(a: (Point, Point), b: (Point, Point)) -> f64 {
    if segments_meet(a, b) {
        return 0.0;
    }
    let from = |p: Point, s: (Point, Point)| {
        let near = nearest_to_origin([s.0[0] - p[0], s.0[1] - p[1]], [s.1[0] - p[0], s.1[1] - p[1]]);
        near[0].hypot(near[1])
    };
    from(a.0, b).min(from(a.1, b)).min(from(b.0, a)).min(from(b.1, a))
}

/// Whether two segments have a point in common.
pub(crate) fn segments_meet(a: (Point, Point), b: (Point, Point)) -> bool {
    let sides = |s: (Point, Point), t: (Point, Point)| (turn(s.0, s.1, t.0), turn(s.0, s.1, t.1));
    let ((b0, b1), (a0, a1)) = (sides(a, b), sides(b, a));
    if b0 * b1 < 0.0 && a0 * a1 < 0.0 {
        return true;
    }
    (b0 == 0.0 && in_box(a, b.0))
        || (b1 == 0.0 && in_box(a, b.1))
        || (a0 == 0.0 && in_box(b, a.0))
        || (a1 == 0.0 && in_box(b, a.1))
}

/// Positive where `c` lies left of the line from `a` to `b`, zero on it.
pub(crate) fn turn(a: Point, b: Point, c: Point) -> f64 {
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
}

/// Whether a point lies in the box around a segment, border included.
pub(crate) fn in_box(s: (Point, Point), p: Point) -> bool {
    (0..2).all(|i| s.0[i].min(s.1[i]) <= p[i] && p[i] <= s.0[i].max(s.1[i]))
}
