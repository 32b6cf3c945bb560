//! What a process holds: memory, open files, threads, and what its data take.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(1);

/// One look.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sample {
    /// Since the first look, s.
    pub at_s: f64,
    /// Resident set.
    pub memory_kib: u64,
    pub files: u64,
    pub threads: u64,
    pub disk_bytes: u64,
}

/// Looks once a second until it is stopped.
pub struct Sampler {
    pid: Arc<AtomicU32>,
    stop: Arc<AtomicU32>,
    task: JoinHandle<Samples>,
}

impl Sampler {
    pub fn start(pid: u32, data_dir: &Path) -> Self {
        let (pid, stop, data_dir) = (Arc::new(AtomicU32::new(pid)), Arc::default(), data_dir.to_owned());
        let task = tokio::spawn(look(Arc::clone(&pid), Arc::clone(&stop), data_dir));
        Self { pid, stop, task }
    }

    /// Another process from now on; 0 for none.
    pub fn watch(&self, pid: u32) {
        self.pid.store(pid, Ordering::Relaxed);
    }

    pub async fn stop(self) -> Samples {
        self.stop.store(1, Ordering::Relaxed);
        self.task.await.unwrap_or_default()
    }
}

async fn look(pid: Arc<AtomicU32>, stop: Arc<AtomicU32>, data_dir: PathBuf) -> Samples {
    let (mut samples, started) = (Samples::default(), Instant::now());
    while stop.load(Ordering::Relaxed) == 0 {
        let at_s = started.elapsed().as_secs_f64();
        if let Some(sample) = sample(pid.load(Ordering::Relaxed)) {
            samples.0.push(Sample { at_s, disk_bytes: size(&data_dir), ..sample });
        }
        sleep(EVERY).await;
    }
    samples
}

fn sample(pid: u32) -> Option<Sample> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let number = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key))?;
        line.split_whitespace().next()?.parse().ok()
    };
    let files = fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count() as u64;
    Some(Sample { memory_kib: number("VmRSS:")?, threads: number("Threads:")?, files, ..Sample::default() })
}

/// All files of a folder, bytes.
fn size(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => size(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}

/// Looks in their order.
#[derive(Clone, Debug, Default)]
pub struct Samples(Vec<Sample>);

impl Samples {
    /// Those from this moment on.
    pub fn since(&self, at_s: f64) -> Self {
        Self(self.0.iter().filter(|sample| sample.at_s >= at_s).copied().collect())
    }

    /// First, last, most, and how much it grows in an hour by the line that fits best.
    pub fn figure(&self, of: impl Fn(&Sample) -> u64) -> Value {
        let all: Vec<u64> = self.0.iter().map(of).collect();
        json!({
            "first": all.first(), "last": all.last(), "max": all.iter().max(), "an_hour": self.slope_an_hour(&all).round(),
        })
    }

    /// The median of the last quarter less that of the first: what spikes don't move.
    pub fn growth(&self, of: impl Fn(&Sample) -> u64) -> i64 {
        let median = |samples: &[Sample]| {
            let mut all: Vec<u64> = samples.iter().map(&of).collect();
            all.sort_unstable();
            all.get(all.len() / 2).copied().unwrap_or(0).cast_signed()
        };
        let quarter = self.0.len().div_ceil(4);
        median(&self.0[self.0.len() - quarter..]) - median(&self.0[..quarter])
    }

    /// Least squares.
    fn slope_an_hour(&self, values: &[u64]) -> f64 {
        let count = values.len().max(1) as f64;
        let mean_s = self.0.iter().map(|sample| sample.at_s).sum::<f64>() / count;
        let mean = values.iter().map(|value| *value as f64).sum::<f64>() / count;
        let pairs = || self.0.iter().map(|sample| sample.at_s - mean_s).zip(values);
        let over: f64 = pairs().map(|(s, value)| s * (*value as f64 - mean)).sum();
        let under: f64 = pairs().map(|(s, _)| s * s).sum();
        if under > 0.0 { over / under * 3_600.0 } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grows_by_one_a_second_grows_by_3600_an_hour() {
        let sample = |at: u32| Sample { at_s: f64::from(at), files: u64::from(at) + 7, ..Sample::default() };
        let samples = Samples((0..100).map(sample).collect());
        let expected = json!({ "first": 7, "last": 106, "max": 106, "an_hour": 3_600.0 });
        assert_eq!(samples.figure(|sample| sample.files), expected);
        assert_eq!((samples.growth(|sample| sample.files), samples.growth(|sample| sample.threads)), (75, 0));
        assert_eq!(samples.since(90.0).0.len(), 10);
    }
}
