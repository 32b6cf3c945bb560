//! Boxes in the cells of a grid. Boxes that overlap each other, as zones around a city do, cost a tree many detours;
//! here a question reads one or two short lists.

use std::ops::RangeInclusive;

use crate::path::around;
use crate::plane::Point;

/// Cells for each box there is: with a few zones a cell, a list is about as long as its answer.
const CELLS_A_BOX: usize = 16;

/// How often a box is listed on average at most; where all boxes are large, the cells grow until this holds.
const LISTED_A_BOX_MAX: usize = 128;

/// Boxes in degrees, asked by area.
#[derive(Debug)]
pub(crate) struct Grid {
    boxes: Vec<Option<(Point, Point)>>,
    low: Point,
    cells_a_degree: f64,
    columns: usize,
    rows: usize,
    /// Where each cell begins in `listed`, row after row, and where the last one ends.
    starts: Vec<u32>,
    /// The numbers of the boxes in each cell, cell after cell.
    listed: Vec<u32>,
}

impl Grid {
    /// Boxes are known by their place; `None` is never found.
    pub(crate) fn new(boxes: Vec<Option<(Point, Point)>>) -> Self {
        let corners: Vec<Point> = boxes.iter().flatten().flat_map(|(low, high)| [*low, *high]).collect();
        let (low, high) = if corners.is_empty() { ([0.0; 2], [0.0; 2]) } else { around(&corners) };
        let (width, height) = (high[0] - low[0], high[1] - low[1]);
        #[expect(clippy::cast_precision_loss, reason = "more boxes than 2^52 fit no memory")]
        let cells = (boxes.len().max(1) * CELLS_A_BOX) as f64;
        // Thin areas, and a single point, still get cells of a useful size.
        let mut cells_a_degree =
            (cells / (width * height).max(1e-6)).sqrt().min(cells / width.max(height).max(1e-3));
        loop {
            let grid = Self::empty(low, (width, height), cells_a_degree);
            let listed: usize = boxes
                .iter()
                .flatten()
                .map(|area| grid.spans(*area))
                .map(|(rows, columns)| {
                    (rows.end() - rows.start() + 1) * (columns.end() - columns.start() + 1)
                })
                .sum();
            if listed <= LISTED_A_BOX_MAX * boxes.len() {
                return grid.filled(boxes);
            }
            cells_a_degree /= 2.0;
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive, and bounded by the cells"
    )]
    fn empty(low: Point, (width, height): (f64, f64), cells_a_degree: f64) -> Self {
        let along = |degrees: f64| (degrees * cells_a_degree) as usize + 1;
        let (columns, rows) = (along(width), along(height));
        let (boxes, starts, listed) = (Vec::new(), Vec::new(), Vec::new());
        Self { boxes, low, cells_a_degree, columns, rows, starts, listed }
    }

    fn filled(mut self, boxes: Vec<Option<(Point, Point)>>) -> Self {
        let mut cells: Vec<Vec<u32>> = vec![Vec::new(); self.columns * self.rows];
        for (number, area) in (0_u32..).zip(&boxes) {
            for cell in area.iter().flat_map(|area| self.cells(*area)) {
                cells.get_mut(cell).expect("cells are rows times columns").push(number);
            }
        }
        self.starts.push(0);
        for cell in cells {
            self.listed.extend(cell);
            self.starts.push(u32::try_from(self.listed.len()).unwrap_or(u32::MAX));
        }
        self.boxes = boxes;
        self
    }

    /// The numbers of the boxes that have a point in common with an area, each once, in no order.
    pub(crate) fn touching(&self, area: (Point, Point)) -> impl Iterator<Item = u32> {
        self.cells(area).flat_map(move |cell| {
            let (first, last) = (self.starts.get(cell), self.starts.get(cell + 1));
            let numbers =
                first.zip(last).and_then(|(first, last)| self.listed.get(*first as usize..*last as usize));
            numbers
                .unwrap_or_default()
                .iter()
                .copied()
                .filter(move |number| self.is_first(*number, cell, area))
        })
    }

    /// Whether a box touches an area, and this is the first of the cells they share: there it is told, in the others not.
    fn is_first(&self, number: u32, cell: usize, (low, high): (Point, Point)) -> bool {
        let Some(Some(bounds)) = self.boxes.get(number as usize) else { return false };
        let touches = (0..2).all(|i| bounds.0[i] <= high[i] && low[i] <= bounds.1[i]);
        touches && self.cell([bounds.0[0].max(low[0]), bounds.0[1].max(low[1])]) == cell
    }

    fn cells(&self, area: (Point, Point)) -> impl Iterator<Item = usize> {
        let (width, (rows, columns)) = (self.columns, self.spans(area));
        rows.flat_map(move |row| columns.clone().map(move |column| row * width + column))
    }

    /// The rows and columns of an area.
    fn spans(&self, (low, high): (Point, Point)) -> (RangeInclusive<usize>, RangeInclusive<usize>) {
        (self.row(low[1])..=self.row(high[1]), self.column(low[0])..=self.column(high[0]))
    }

    fn cell(&self, at: Point) -> usize {
        self.row(at[1]) * self.columns + self.column(at[0])
    }

    fn column(&self, lon: f64) -> usize {
        cell_along(lon - self.low[0], self.cells_a_degree, self.columns)
    }

    fn row(&self, lat: f64) -> usize {
        cell_along(lat - self.low[1], self.cells_a_degree, self.rows)
    }
}

/// The cell on one axis, the outermost for what lies outside; it never falls as the degrees rise.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates, and is cut to the cells"
)]
fn cell_along(degrees: f64, cells_a_degree: f64, cells: usize) -> usize {
    ((degrees * cells_a_degree) as usize).min(cells - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A box from four whole numbers.
    fn area((x, y): (u32, u32), (w, h): (u32, u32)) -> (Point, Point) {
        let (x, y) = (f64::from(x), f64::from(y));
        ([x, y], [x + f64::from(w), y + f64::from(h)])
    }

    proptest::proptest! {
        #[test]
        fn each_box_that_touches_is_told_once(
            drafts in proptest::collection::vec(((0..40_u32, 0..40_u32), (0..40_u32, 0..40_u32), proptest::bool::weighted(0.9)), 0..80),
            asked in ((0..50_u32, 0..50_u32), (0..20_u32, 0..20_u32)),
        ) {
            let boxes: Vec<_> = drafts.iter().map(|(at, size, is_there)| is_there.then(|| area(*at, *size))).collect();
            let asked = area(asked.0, asked.1);
            let touches = |bounds: &(Point, Point)| (0..2).all(|i| bounds.0[i] <= asked.1[i] && asked.0[i] <= bounds.1[i]);
            let expected: Vec<u32> = (0..).zip(&boxes).filter(|(_, b)| b.as_ref().is_some_and(touches)).map(|(n, _)| n).collect();
            let mut found: Vec<u32> = Grid::new(boxes.clone()).touching(asked).collect();
            found.sort_unstable();
            proptest::prop_assert_eq!(found, expected);
        }
    }
}
