//! What a replay counted, for people.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Instant;

use fleet::{Alert, State};
use rules::{Noticed, Verdict};

/// Counts of one replay.
pub struct Summary {
    started: Instant,
    observations: u64,
    verdicts: BTreeMap<&'static str, u64>,
    refused: BTreeMap<&'static str, u64>,
    notices: BTreeMap<&'static str, u64>,
    raised: BTreeMap<&'static str, u64>,
    messages: u64,
}

impl Summary {
    /// Begins now.
    pub fn start() -> Self {
        Self {
            started: Instant::now(),
            observations: 0,
            verdicts: BTreeMap::new(),
            refused: BTreeMap::new(),
            notices: BTreeMap::new(),
            raised: BTreeMap::new(),
            messages: 0,
        }
    }

    /// Counts what the rules made of an observation.
    pub fn judged(&mut self, verdict: Verdict) {
        self.observations += 1;
        *self.verdicts.entry(verdict.as_str()).or_default() += 1;
    }

    /// Counts a frame that gave no observation.
    pub fn refused(&mut self, reason: &'static str) {
        *self.refused.entry(reason).or_default() += 1;
    }

    /// Counts what the rules made of a notice.
    pub fn noticed(&mut self, noticed: Noticed) {
        *self.notices.entry(noticed.as_str()).or_default() += 1;
    }

    /// Counts an alert message.
    pub fn alert(&mut self, alert: &Alert) {
        self.messages += 1;
        if alert.state == State::Raised {
            *self.raised.entry(alert.rule.as_str()).or_default() += 1;
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.started.elapsed().as_secs_f64();
        let raised: u64 = self.raised.values().sum();
        writeln!(
            f,
            "{} observations 条观测 in {seconds:.1} s, {raised} alerts 条报警, {} messages 条消息",
            self.observations, self.messages
        )?;
        line(f, "  judged 判定", &self.verdicts)?;
        line(f, "  refused 拒收", &self.refused)?;
        line(f, "  notices 通报", &self.notices)?;
        line(f, "  raised 触发", &self.raised)
    }
}

fn line(f: &mut fmt::Formatter<'_>, name: &str, counts: &BTreeMap<&'static str, u64>) -> fmt::Result {
    if counts.is_empty() {
        return Ok(());
    }
    write!(f, "{name}:")?;
    for (key, count) in counts {
        write!(f, " {key} {count}")?;
    }
    writeln!(f)
}
