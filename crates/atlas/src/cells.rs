//! Which parts of which roads lie in a square of the map. Roads are long and thin: a grid of boxes would list them where
//! they are not, so here each segment is listed in the squares it runs through. Empty squares take no room.

use std::ops::Range;

use fleet::RoadIndex;

/// The side of a square, millionths of a degree, some 200 m: a question about 60 m around reads one to four of them.
const SIDE_E6: i32 = 2_000;

/// Segments of one run at most; its count is one byte.
const RUN_MAX: u32 = 255;

/// Consecutive segments of a road in one square.
#[derive(Clone, Copy, Debug)]
struct Run {
    road: RoadIndex,
    /// The first segment, and in the last byte how many. A line has less than 2^24 segments that are found.
    segments: u32,
}

/// Row after row, and in each row the squares that hold something, from west to east.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    lowest: i32,
    /// Where each row begins in `columns`, and where the last one ends.
    rows: Vec<u32>,
    columns: Vec<i32>,
    /// Where each square begins in `runs`, and where the last one ends.
    starts: Vec<u32>,
    runs: Vec<Run>,
}

/// A square: its row, then its column.
type Square = (i32, i32);

impl Cells {
    /// Lines are known by their place.
    pub(crate) fn new<'l>(lines: impl Iterator<Item = &'l [[i32; 2]]>) -> Self {
        let mut listed: Vec<(Square, Run)> = Vec::new();
        for (road, line) in (0_u32..).map(RoadIndex).zip(lines) {
            list(road, line, &mut listed);
        }
        listed.sort_unstable_by_key(|(square, run)| (*square, run.road, run.segments));
        let mut cells = Self { lowest: listed.first().map_or(0, |(square, _)| square.0), ..Self::default() };
        let mut last = None;
        for (number, ((row, column), run)) in (0_u32..).zip(listed) {
            if last.replace((row, column)) != Some((row, column)) {
                let rows = usize::try_from(row - cells.lowest).unwrap_or_default() + 1;
                let squares = u32::try_from(cells.columns.len()).unwrap_or(u32::MAX);
                cells.rows.resize(rows.max(cells.rows.len()), squares);
                cells.columns.push(column);
                cells.starts.push(number);
            }
            cells.runs.push(run);
        }
        cells.rows.push(u32::try_from(cells.columns.len()).unwrap_or(u32::MAX));
        cells.starts.push(u32::try_from(cells.runs.len()).unwrap_or(u32::MAX));
        cells
    }

    /// All runs in the squares of a box, square after square, so a road may come up more than once.
    pub(crate) fn touching(
        &self,
        (low, high): ([i32; 2], [i32; 2]),
        mut found: impl FnMut(RoadIndex, Range<u32>),
    ) {
        for row in square(low[1])..=square(high[1]) {
            let Ok(row) = usize::try_from(row - self.lowest) else { continue };
            let Some([first, last]) = self.rows.get(row..row + 2) else { continue };
            let columns = &self.columns[*first as usize..*last as usize];
            let west = columns.partition_point(|column| *column < square(low[0]));
            let squares = columns[west..].iter().take_while(|column| **column <= square(high[0])).count();
            let at = *first as usize + west;
            let runs = self.starts[at] as usize..self.starts[at + squares] as usize;
            for run in &self.runs[runs] {
                let first = run.segments >> 8;
                found(run.road, first..first + (run.segments & RUN_MAX));
            }
        }
    }
}

/// Lists a line in its squares.
fn list(road: RoadIndex, line: &[[i32; 2]], listed: &mut Vec<(Square, Run)>) {
    // The runs that reach up to the segment at hand: where they stand in `listed`.
    let (mut open, mut next): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
    for (segment, ends) in (0..1_u32 << 24).zip(line.windows(2)) {
        next.clear();
        squares(ends[0], ends[1], |square| {
            let goes_on = open.iter().copied().find(|run| listed[*run].0 == square);
            match goes_on {
                Some(run) if listed[run].1.segments & RUN_MAX < RUN_MAX => {
                    listed[run].1.segments += 1;
                    next.push(run);
                }
                _ => {
                    next.push(listed.len());
                    listed.push((square, Run { road, segments: segment << 8 | 1 }));
                }
            }
        });
        std::mem::swap(&mut open, &mut next);
    }
}

/// The squares a segment runs through, each once.
fn squares(a: [i32; 2], b: [i32; 2], mut found: impl FnMut(Square)) {
    let (south, north) = if a[1] <= b[1] { (a, b) } else { (b, a) };
    let (rows, height) = (square(south[1])..=square(north[1]), f64::from(north[1]) - f64::from(south[1]));
    let lon_at = |lat: f64| {
        let part = if height > 0.0 { ((lat - f64::from(south[1])) / height).clamp(0.0, 1.0) } else { 0.0 };
        f64::from(south[0]) + (f64::from(north[0]) - f64::from(south[0])) * part
    };
    let one_row = rows.start() == rows.end();
    for row in rows {
        let (low, high) = if one_row {
            (f64::from(a[0].min(b[0])), f64::from(a[0].max(b[0])))
        } else {
            let (x, y) = (lon_at(edge(row)), lon_at(edge(row + 1)));
            // A millionth more, for what the division rounds off.
            (x.min(y) - 1.0, x.max(y) + 1.0)
        };
        #[expect(clippy::cast_possible_truncation, reason = "longitudes fit, others saturate")]
        for column in square(low.floor() as i32)..=square(high.ceil() as i32) {
            found((row, column));
        }
    }
}

fn square(e6: i32) -> i32 {
    e6.div_euclid(SIDE_E6)
}

/// Where a row begins, millionths of a degree.
fn edge(row: i32) -> f64 {
    f64::from(row) * f64::from(SIDE_E6)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Every point of every segment is found in the square it lies in, with its segment.
        #[test]
        fn a_segment_is_listed_wherever_it_runs(
            lines in prop::collection::vec(prop::collection::vec((-9_000..9_000_i32, -9_000..9_000_i32), 2..8), 1..6),
            part in 0.0..1.0_f64,
        ) {
            let lines: Vec<Vec<[i32; 2]>> =
                lines.iter().map(|line| line.iter().map(|p| [p.0, p.1]).collect()).collect();
            let cells = Cells::new(lines.iter().map(Vec::as_slice));
            for (number, line) in (0..).zip(&lines) {
                for (segment, ends) in (0..).zip(line.windows(2)) {
                    let on = |i: usize| (f64::from(ends[0][i]) + f64::from(ends[1][i] - ends[0][i]) * part).floor() as i32;
                    let (at, mut seen) = ([on(0), on(1)], 0);
                    cells.touching((at, [at[0] + 1, at[1] + 1]), |road, segments| {
                        seen += usize::from(road == RoadIndex(number) && segments.contains(&segment));
                    });
                    prop_assert!(seen >= 1, "{:?} of {:?}", at, ends);
                }
            }
        }
    }
}
