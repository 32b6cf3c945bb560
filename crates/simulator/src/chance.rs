//! Chance that repeats itself: xorshift64*, seeded.

/// A source of numbers that depends on its seed only.
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        let mut chance = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        chance.next();
        chance
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// From 0 up to, not including, 1.
    pub(crate) fn unit(&mut self) -> f64 {
        f64::from(u32::try_from(self.next() >> 32).unwrap_or(u32::MAX)) / 4_294_967_296.0
    }

    /// Between `-amplitude` and `amplitude`.
    pub(crate) fn around_zero(&mut self, amplitude: f64) -> f64 {
        (self.unit() - 0.5) * 2.0 * amplitude
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_itself_and_another_one_differs() {
        let draw =
            |seed| (0..8).map(|_| ()).scan(Chance::new(seed), |c, ()| Some(c.next())).collect::<Vec<_>>();
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        assert!((0..1000).scan(Chance::new(1), |c, _| Some(c.unit())).all(|u| (0.0..1.0).contains(&u)));
    }
}
