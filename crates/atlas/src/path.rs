//! A line or ring with boxes around its parts, so that most of it is skipped.

use crate::plane::{Plane, Point, nearest_to_origin, segments_m, segments_meet};

/// Segments that share a box: scanning eight costs about as much as testing three boxes.
const SEGMENTS_A_BOX: usize = 8;

#[derive(Clone, Debug)]
pub(crate) struct Path {
    points: Vec<Point>,
    boxes: Vec<(Point, Point)>,
}

impl Path {
    pub(crate) fn new(line: &geo::LineString<f64>) -> Self {
        let mut points: Vec<Point> = line.coords().map(|c| [c.x, c.y]).collect();
        if let [only] = points[..] {
            points.push(only);
        }
        let segments = points.len().saturating_sub(1);
        let boxes = (0..segments)
            .step_by(SEGMENTS_A_BOX)
            .filter_map(|first| points.get(first..=(first + SEGMENTS_A_BOX).min(segments)))
            .map(around)
            .collect();
        Self { points, boxes }
    }

    pub(crate) fn points(&self) -> &[Point] {
        &self.points
    }

    /// The box around all of it; `None` where there is nothing.
    pub(crate) fn envelope(&self) -> Option<(Point, Point)> {
        (!self.points.is_empty()).then(|| around(&self.points))
    }

    /// Distance and offset of the nearest point to the plane's origin; infinite where there is nothing.
    pub(crate) fn nearest(&self, plane: &Plane) -> (f64, Point) {
        let mut best = (f64::INFINITY, [0.0, 0.0]);
        for (bounds, points) in self.parts() {
            if box_distance_m(bounds, plane) >= best.0 {
                continue;
            }
            let mut last = None;
            for &point in points {
                let point = plane.project(point);
                if let Some(last) = last.replace(point) {
                    let near = nearest_to_origin(last, point);
                    let distance = near[0].hypot(near[1]);
                    if distance < best.0 {
                        best = (distance, near);
                    }
                }
            }
        }
        best
    }

    /// Whether some point of it lies within `meters` of a leg (degrees) that ends at the plane's origin.
    pub(crate) fn is_within(&self, meters: f64, leg: (Point, Point), plane: &Plane) -> bool {
        let flat = (plane.project(leg.0), plane.project(leg.1));
        let grow = plane.degrees(meters * 1.001);
        self.parts()
            .filter(|(bounds, _)| overlaps(grown(*bounds, grow), leg))
            .flat_map(|(_, points)| points.windows(2))
            .any(|s| segments_m((plane.project(s[0]), plane.project(s[1])), flat) <= meters)
    }

    /// Whether it has a point in common with a leg.
    pub(crate) fn meets(&self, leg: (Point, Point)) -> bool {
        self.parts()
            .filter(|(bounds, _)| overlaps(*bounds, leg))
            .flat_map(|(_, points)| points.windows(2))
            .any(|s| segments_meet((s[0], s[1]), leg))
    }

    fn parts(&self) -> impl Iterator<Item = ((Point, Point), &[Point])> {
        let segments = self.points.len().saturating_sub(1);
        self.boxes.iter().enumerate().filter_map(move |(number, bounds)| {
            let first = number * SEGMENTS_A_BOX;
            Some((*bounds, self.points.get(first..=(first + SEGMENTS_A_BOX).min(segments))?))
        })
    }
}

/// Distance in the plane from its origin to a box.
pub(crate) fn box_distance_m(bounds: (Point, Point), plane: &Plane) -> f64 {
    let (low, high) = (plane.project(bounds.0), plane.project(bounds.1));
    let outside = |i: usize| low[i].max(-high[i]).max(0.0);
    outside(0).hypot(outside(1))
}

/// A box with more room on each side.
pub(crate) fn grown((low, high): (Point, Point), by: Point) -> (Point, Point) {
    ([low[0] - by[0], low[1] - by[1]], [high[0] + by[0], high[1] + by[1]])
}

fn overlaps((low, high): (Point, Point), leg: (Point, Point)) -> bool {
    (0..2).all(|i| low[i] <= leg.0[i].max(leg.1[i]) && leg.0[i].min(leg.1[i]) <= high[i])
}

pub(crate) fn around(points: &[Point]) -> (Point, Point) {
    points.iter().fold(([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]), |(low, high), p| {
        ([low[0].min(p[0]), low[1].min(p[1])], [high[0].max(p[0]), high[1].max(p[1])])
    })
}
