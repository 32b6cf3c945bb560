//! How long acknowledgements took, in buckets of a fixed number.

/// 64 powers of two, 16 steps each: an error of at most 6 %.
const BUCKETS: usize = 1024;

/// A histogram of microseconds.
#[derive(Clone, Debug)]
pub struct Latency {
    counts: Vec<u64>,
    max_us: u64,
}

/// What a histogram says, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Percentiles {
    /// Half were faster.
    pub p50_ms: f64,
    /// Nine of ten.
    pub p90_ms: f64,
    /// 99 of 100.
    pub p99_ms: f64,
    /// The slowest.
    pub max_ms: f64,
}

impl Default for Latency {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], max_us: 0 }
    }
}

impl Latency {
    /// Counts one.
    pub fn record(&mut self, us: u64) {
        if let Some(count) = self.counts.get_mut(bucket(us)) {
            *count += 1;
        }
        self.max_us = self.max_us.max(us);
    }

    /// Adds another's counts.
    pub fn merge(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(mine, theirs)| *mine += theirs);
        self.max_us = self.max_us.max(other.max_us);
    }

    /// What it says.
    pub fn percentiles(&self) -> Percentiles {
        Percentiles { p50_ms: self.at(50), p90_ms: self.at(90), p99_ms: self.at(99), max_ms: ms(self.max_us) }
    }

    fn at(&self, percent: u64) -> f64 {
        let total: u64 = self.counts.iter().sum();
        let rank = (total * percent).div_ceil(100);
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank && seen > 0 {
                return ms(upper(index).min(self.max_us));
            }
        }
        0.0
    }
}

fn bucket(us: u64) -> usize {
    if us < 16 {
        return usize::try_from(us).unwrap_or_default();
    }
    let shift = 59 - us.leading_zeros();
    usize::try_from(u64::from(shift + 1) * 16 + (us >> shift & 15)).unwrap_or(BUCKETS - 1)
}

fn upper(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < 16 { bucket } else { ((16 + bucket % 16 + 1) << (bucket / 16 - 1)) - 1 }
}

#[expect(clippy::cast_precision_loss, reason = "a duration in microseconds stays far below 2^52")]
fn ms(us: u64) -> f64 {
    us as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_within_a_bucket() {
        let mut latency = Latency::default();
        (1..=1000).for_each(|n| latency.record(n * 100));
        let said = latency.percentiles();
        for (value, expected) in [(said.p50_ms, 50.0), (said.p90_ms, 90.0), (said.p99_ms, 99.0)] {
            assert!((value / expected - 1.0).abs() < 0.07, "{value} {expected}");
        }
        assert!((said.max_ms - 100.0).abs() < f64::EPSILON);
        assert_eq!(Latency::default().percentiles(), Percentiles::default());
    }
}
