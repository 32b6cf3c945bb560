//! Which bytes of a file are there.

/// Runs of a file kept apart: a terminal that sends its blocks in any order makes some tens. A block that would make
/// more is not taken and stays a gap, so a row of the index never passes 32 KiB.
const RUNS_MAX: usize = 4_096;

/// Runs from a byte up to a byte, in order, none touching another.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Ranges(Vec<(u32, u32)>);

impl Ranges {
    /// Bytes that are there.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.iter().map(|(from, to)| u64::from(to - from)).sum()
    }

    /// Whether one more run would be too many, wherever it lies.
    pub(crate) fn is_full(&self) -> bool {
        self.0.len() >= RUNS_MAX
    }

    pub(crate) fn insert(&mut self, from: u32, to: u32) {
        if from >= to {
            return;
        }
        let first = self.0.partition_point(|run| run.1 < from);
        let last = self.0.partition_point(|run| run.0 <= to);
        let touched = self.0.get(first..last).unwrap_or_default();
        let from = touched.first().map_or(from, |run| run.0.min(from));
        let to = touched.last().map_or(to, |run| run.1.max(to));
        self.0.splice(first..last, [(from, to)]);
    }

    /// What is missing between two bytes, in order.
    pub(crate) fn gaps(&self, from: u32, to: u32) -> Vec<(u32, u32)> {
        let (mut gaps, mut at) = (Vec::new(), from);
        let first = self.0.partition_point(|run| run.1 <= from);
        for (begin, end) in self.0.iter().skip(first).take_while(|run| run.0 < to) {
            if at < *begin {
                gaps.push((at, *begin));
            }
            at = *end;
        }
        if at < to {
            gaps.push((at, to));
        }
        gaps
    }

    /// Forgets what lies from this byte on.
    pub(crate) fn cut(&mut self, end: u32) {
        self.0.retain_mut(|run| {
            run.1 = run.1.min(end);
            run.0 < run.1
        });
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|(from, to)| [from.to_be_bytes(), to.to_be_bytes()]).flatten().collect()
    }

    /// What is not in order is left out: those bytes are asked for again.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        let mut ranges = Self::default();
        for [a, b, c, d, e, f, g, h] in bytes.as_chunks::<8>().0 {
            ranges.insert(u32::from_be_bytes([*a, *b, *c, *d]), u32::from_be_bytes([*e, *f, *g, *h]));
        }
        ranges
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn runs_that_touch_are_one() {
        let mut ranges = Ranges::default();
        for (from, to) in [(10, 20), (30, 40), (20, 25), (28, 30), (5, 5)] {
            ranges.insert(from, to);
        }
        assert_eq!(ranges.0, [(10, 25), (28, 40)]);
        assert_eq!(ranges.gaps(0, 50), [(0, 10), (25, 28), (40, 50)]);
        assert_eq!(ranges.gaps(12, 30), [(25, 28)]);
        ranges.cut(33);
        assert_eq!((ranges.bytes(), ranges.0.as_slice()), (20, &[(10, 25), (28, 33)][..]));
    }

    proptest! {
        #[test]
        fn runs_are_what_a_table_of_bytes_says(runs in prop::collection::vec((0_u32..200, 0_u32..60), 0..40), cut in 0_u32..260) {
            let (mut ranges, mut table) = (Ranges::default(), [false; 260]);
            for (from, len) in runs {
                ranges.insert(from, from + len);
                table.iter_mut().skip(from as usize).take(len as usize).for_each(|there| *there = true);
                prop_assert_eq!(ranges.bytes(), table.iter().filter(|there| **there).count() as u64);
            }
            ranges.cut(cut);
            table.iter_mut().skip(cut as usize).for_each(|there| *there = false);
            let mut missing = [false; 260];
            for (from, to) in ranges.gaps(0, 260) {
                prop_assert!(from < to);
                missing.iter_mut().take(to as usize).skip(from as usize).for_each(|gap| *gap = true);
            }
            prop_assert!(table.iter().zip(missing).all(|(there, missing)| *there != missing));
            prop_assert_eq!(Ranges::from_bytes(&ranges.to_bytes()), ranges);
        }
    }
}
