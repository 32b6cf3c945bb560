//! Sharp bends, from the drawn line.

use crate::plane::Point;

/// Bends tighter than this are sharp, metres: the least radius that JTG D20 allows on roads designed for 30 km/h, the
/// limit that article 46 of the implementing regulation sets on sharp bends.
pub const RADIUS_M: f64 = 30.0;
/// A bend turns by at least this much, degrees: less is a kink of the drawing or a swerve.
pub const TURN_DEG: f64 = 60.0;
/// The radius at a place is that of the circle through it and the places this far before and behind, metres.
const ARM_M: f64 = 12.0;
/// The radius is taken this often, metres.
const STEP_M: f64 = 4.0;

/// Stretches of a line (metres from its start) that are sharp bends; `along` holds each point's distance from the start.
pub fn sharp(line: &[Point], along: &[f64]) -> Vec<(f64, f64)> {
    let turns = turns(line);
    let total: f64 = turns.iter().map(|turn| turn.abs()).sum();
    let Some(&length) = along.last().filter(|_| total >= TURN_DEG) else { return Vec::new() };
    let mut found: Vec<(f64, f64)> = Vec::new();
    let mut open: Option<(f64, f64, bool)> = None;
    let mut close = |open: &mut Option<(f64, f64, bool)>| {
        if let Some((from, until, _)) = open.take() {
            let within = |at: &f64| (from - ARM_M..=until + ARM_M).contains(at);
            let turn: f64 = along.iter().zip(&turns).filter(|(at, _)| within(at)).map(|(_, turn)| turn).sum();
            if turn.abs() >= TURN_DEG {
                found.push((from - STEP_M, until + STEP_M)); // Where it begins and ends is known to a step.
            }
        }
    };
    let mut at = ARM_M;
    while at <= length - ARM_M {
        // Nothing bends between two points further apart than both arms.
        let next = along.get(along.partition_point(|passed| *passed <= at - ARM_M)).copied();
        if let Some(next) = next.filter(|next| *next > at + ARM_M + STEP_M) {
            close(&mut open);
            at = next - ARM_M;
            continue;
        }
        let side = tight(line, along, at);
        if open.is_some_and(|(.., left)| side != Some(left)) {
            close(&mut open);
        }
        if let Some(left) = side {
            open = Some((open.map_or(at, |(from, ..)| from), at, left));
        }
        at += STEP_M;
    }
    close(&mut open);
    found
}

/// Whether the line bends sharply at a place; `true`: to the left.
fn tight(line: &[Point], along: &[f64], at: f64) -> Option<bool> {
    let middle = place(line, along, at)?;
    let before = place(line, along, at - ARM_M)?.from(middle);
    let behind = place(line, along, at + ARM_M)?.from(middle);
    let cross = behind.0 * before.1 - behind.1 * before.0;
    let sides = before.0.hypot(before.1)
        * behind.0.hypot(behind.1)
        * (before.0 - behind.0).hypot(before.1 - behind.1);
    // The circle through three points: the product of the sides over four times the area.
    (cross.abs() * 2.0 * RADIUS_M > sides).then_some(cross > 0.0)
}

/// The place at a distance from the start.
pub fn place(line: &[Point], along: &[f64], at: f64) -> Option<Point> {
    let after = along.partition_point(|passed| *passed < at).clamp(1, line.len().checked_sub(1)?);
    let (from, to) = (*line.get(after - 1)?, *line.get(after)?);
    let (from_m, to_m) = (*along.get(after - 1)?, *along.get(after)?);
    let share = if to_m > from_m { ((at - from_m) / (to_m - from_m)).clamp(0.0, 1.0) } else { 0.0 };
    Some(from.towards(to, share))
}

/// By how much the line turns at each of its points, degrees, to the left above 0.
fn turns(line: &[Point]) -> Vec<f64> {
    let heading = |from: Point, to: Point| {
        let (east, north) = to.from(from);
        north.atan2(east).to_degrees()
    };
    let turn = |place: usize| match line.get(place.wrapping_sub(1)..place + 2) {
        Some([before, at, behind]) => {
            let turn = heading(*at, *behind) - heading(*before, *at);
            (turn + 540.0).rem_euclid(360.0) - 180.0
        }
        _ => 0.0,
    };
    (0..line.len()).map(turn).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line from places in metres east and north.
    fn bends(meters: &[(f64, f64)]) -> Vec<(i64, i64)> {
        let origin = Point { lon: 910_000_000, lat: 290_000_000 };
        let units = origin.units(1.0);
        let line: Vec<Point> = meters
            .iter()
            .map(|(east, north)| Point {
                lon: origin.lon + (east * units.0).round() as i32,
                lat: origin.lat + (north * units.1).round() as i32,
            })
            .collect();
        let mut along = vec![0.0];
        for pair in line.windows(2) {
            along.push(along.last().unwrap() + pair[0].distance_m(pair[1]));
        }
        let found = sharp(&line, &along);
        found.into_iter().map(|(from, until)| (from.round() as i64, until.round() as i64)).collect()
    }

    /// 100 m straight, then an arc to the left, then 100 m straight.
    fn arc(radius: f64, degrees: f64) -> Vec<(f64, f64)> {
        let mut line = vec![(0.0, 0.0), (100.0, 0.0)];
        let steps = 12;
        for step in 1..=steps {
            let turned = degrees.to_radians() * f64::from(step) / f64::from(steps);
            line.push((100.0 + radius * turned.sin(), radius * (1.0 - turned.cos())));
        }
        let (end, turned) = (*line.last().unwrap(), degrees.to_radians());
        line.push((end.0 + 100.0 * turned.cos(), end.1 + 100.0 * turned.sin()));
        line
    }

    #[test]
    fn a_bend_is_sharp_by_its_radius_and_its_turn() {
        assert_eq!(bends(&arc(20.0, 180.0)), [(100, 164)]); // A hairpin, 63 m of arc from 100 m on.
        assert_eq!(bends(&arc(20.0, 40.0)), []);
        assert_eq!(bends(&arc(40.0, 180.0)), []);
        assert_eq!(bends(&[(0.0, 0.0), (50.0, 0.0), (50.0, 50.0)]), [(38, 62)]); // Around a corner.
        assert_eq!(bends(&[(0.0, 0.0), (50.0, 0.0), (100.0, 20.0), (150.0, 0.0)]), []);
        assert_eq!(bends(&[(0.0, 0.0), (500.0, 0.0)]), []);
    }

    #[test]
    fn two_bends_to_different_sides_are_two() {
        let line = [(0.0, 0.0), (60.0, 0.0), (60.0, 60.0), (120.0, 60.0)];
        assert_eq!(bends(&line).len(), 2);
        // One goes over into the other: together they turn by nothing.
        let mut line = arc(20.0, 90.0);
        line.pop();
        for step in 1..=12 {
            let turned = 90_f64.to_radians() * f64::from(step) / 12.0;
            line.push((140.0 - 20.0 * turned.cos(), 20.0 + 20.0 * turned.sin()));
        }
        line.push((240.0, 40.0));
        assert_eq!(bends(&line).len(), 2);
    }
}
