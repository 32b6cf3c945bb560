//! What every bench needs: the CPU time of this thread, whether to measure or only to check, and numbers that are the
//! same everywhere.

pub mod desk;
pub mod made;
pub mod roads;
pub mod vehicles;

use std::fs;
use std::time::Duration;

/// `cargo bench` says so; `cargo test` does not.
pub fn is_measuring() -> bool {
    std::env::args().any(|arg| arg == "--bench")
}

/// CPU time this thread has used, from the scheduler's account (Linux).
pub fn cpu_time() -> Duration {
    let account = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(account.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or(0))
}

/// Runs `work` some times and prints the median of units per CPU second.
pub fn measure(name: &str, units: u64, mut work: impl FnMut()) {
    if !is_measuring() {
        work();
        println!("{name}: answer checked");
        return;
    }
    let mut rates: Vec<f64> = (0..7)
        .map(|_| {
            let before = cpu_time();
            work();
            #[expect(clippy::cast_precision_loss, reason = "a count of units is far below 2^53")]
            let units = units as f64;
            units / (cpu_time() - before).as_secs_f64()
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    if let [low, .., high] = rates[..] {
        println!(
            "{name}: {:.3} M per CPU second (median of 7; {:.3} to {:.3})",
            rates[3] / 1e6,
            low / 1e6,
            high / 1e6
        );
    }
}

/// A small deterministic generator (xorshift64*).
pub struct Numbers(u64);

impl Numbers {
    /// The same seed gives the same numbers.
    pub fn new(seed: u64) -> Self {
        Self(seed.max(1))
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Between `low` and `high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
        let unit = (self.bits() >> 11) as f64 / (1_u64 << 53) as f64;
        low + (high - low) * unit
    }
}
