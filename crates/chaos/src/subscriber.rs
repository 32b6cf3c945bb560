//! A department's program: receives alerts over MQTT with a session that is kept, and notes each.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::tools;

/// Where it is installed.
pub const PROGRAM: &str = "/usr/bin/mosquitto_sub";

/// One message of an alert.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Got {
    pub id: String,
    pub revision: u64,
    pub terminal: String,
    pub rule: String,
    pub raised_at: String,
}

/// A running subscriber; ends when dropped.
pub struct Subscriber {
    _child: Child,
    got: Arc<Mutex<Vec<Got>>>,
}

/// What a subscriber has, in short.
#[derive(Debug, Default)]
pub struct Summary {
    /// Every (`id`, `revision`) once.
    pub distinct: u64,
    pub ids: BTreeSet<String>,
    /// Alerts whose first messages came out of the order of their revisions.
    pub disordered: u64,
}

impl Subscriber {
    /// All alerts of the police; `account` is name and password.
    pub fn start(broker: SocketAddr, account: Option<(&str, &str)>, client: &str) -> Result<Self> {
        tools::need(PROGRAM, "mosquitto-clients")?;
        let mut command = Command::new(PROGRAM);
        command.args(["-h", &broker.ip().to_string(), "-p", &broker.port().to_string()]);
        command.args(["-V", "mqttv311", "-q", "1", "-c", "-i", client, "-k", "5"]);
        command.args(["-t", "roadwarden/v1/alerts/police/#", "-F", "%p"]);
        if let Some((name, password)) = account {
            command.args(["-u", name, "-P", password]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().context("cannot start mosquitto_sub")?;
        let lines = BufReader::new(child.stdout.take().context("no output of mosquitto_sub")?);
        let got: Arc<Mutex<Vec<Got>>> = Arc::default();
        let noted = Arc::clone(&got);
        tokio::spawn(async move {
            let mut lines = lines.lines();
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(message) = read(&line) {
                    noted.lock().unwrap_or_else(PoisonError::into_inner).push(message);
                }
            }
        });
        Ok(Self { _child: child, got })
    }

    pub fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn summary(&self) -> Summary {
        let got = self.got();
        let mut summary = Summary::default();
        let mut seen: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
        for Got { id, revision, .. } in &got {
            let revisions = seen.entry(id).or_default();
            let newest = revisions.last().copied().unwrap_or(0);
            if revisions.insert(*revision) {
                summary.distinct += 1;
                // What was never seen before and is older than what was: it was overtaken.
                summary.disordered += u64::from(*revision < newest);
            }
        }
        summary.ids = seen.into_keys().map(str::to_owned).collect();
        summary
    }
}

fn read(line: &str) -> Option<Got> {
    let message: Value = serde_json::from_str(line).ok()?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Some(Got {
        id: text(&message["id"])?,
        revision: message["revision"].as_u64()?,
        terminal: text(&message["vehicle"]["terminal"])?,
        rule: text(&message["rule"])?,
        raised_at: text(&message["raised_at"])?,
    })
}
