//! The binary as a process.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::api::Api;
use crate::site::Site;
use crate::tools;
use crate::verdict::Verdict;

/// How long a start may take before the rig gives up.
const START_MAX: Duration = Duration::from_secs(60);
/// Between two looks at what the service has logged.
const LOOK_EVERY: Duration = Duration::from_millis(3);

/// The `roadwarden` that is broken.
#[derive(Clone, Debug)]
pub struct Binary(pub PathBuf);

/// How it is started.
#[derive(Clone, Debug, Default)]
pub struct Launch {
    pub env: Vec<(String, String)>,
    /// A program and its arguments that runs it.
    pub by: Vec<String>,
}

impl Launch {
    pub fn env(mut self, key: &str, value: impl Into<String>) -> Self {
        self.env.push((key.to_owned(), value.into()));
        self
    }
}

/// What became of a start.
pub enum Started {
    Listening(Box<Service>),
    /// It ended by itself, saying this.
    Ended(Option<i32>, String),
}

/// A running service; killed when dropped.
pub struct Service {
    child: Child,
    log: PathBuf,
    token: String,
    spawned: Instant,
    pub gateway: SocketAddr,
    pub http: SocketAddr,
    pub mqtt: Option<SocketAddr>,
}

static LOGS: AtomicU32 = AtomicU32::new(0);

impl Service {
    /// Starts it and waits until it listens, or ends.
    pub async fn try_start(binary: &Binary, site: &Site, launch: &Launch) -> Result<Started> {
        let log = site.path.join(format!("serve-{}.log", LOGS.fetch_add(1, Ordering::Relaxed)));
        let mut words = launch.by.iter().map(AsRef::as_ref).chain([binary.0.as_os_str()]);
        let mut command = Command::new(words.next().context("no program")?);
        command.args(words).args(["serve", "--config"]).arg(site.config());
        command.envs(launch.env.iter().map(|(key, value)| (key, value)));
        command.env("NO_COLOR", "1").stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log)?);
        let spawned = Instant::now();
        let mut child = command.kill_on_drop(true).spawn().context("cannot start the service")?;
        loop {
            let text = fs::read_to_string(&log).unwrap_or_default();
            if let Some(line) =
                text.lines().find(|line| line.contains(" gateway=") && line.contains(" console="))
            {
                return Ok(Started::Listening(Box::new(Self {
                    gateway: address(line, "gateway=").context("no address of the gateway")?,
                    http: address(line, "console=").context("no address of the console")?,
                    mqtt: address(line, "mqtt="),
                    token: site.token.clone(),
                    child,
                    log,
                    spawned,
                })));
            }
            if let Some(status) = child.try_wait()? {
                return Ok(Started::Ended(status.code(), fs::read_to_string(&log)?));
            }
            ensure!(spawned.elapsed() < START_MAX, "the service does not listen, it said:\n{text}");
            sleep(LOOK_EVERY).await;
        }
    }

    /// Starts it where it has to start.
    pub async fn start(binary: &Binary, site: &Site, launch: &Launch) -> Result<Self> {
        match Self::try_start(binary, site, launch).await? {
            Started::Listening(service) => Ok(*service),
            Started::Ended(code, log) => bail!("the service ended with {code:?}:\n{log}"),
        }
    }

    /// Waits until it says it is ready; the time since its start, `None` where it never is.
    pub async fn ready(&self, within: Duration) -> Option<Duration> {
        let mut api = self.api();
        let until = Instant::now() + within;
        while Instant::now() < until {
            if api.ready().await == Some(true) {
                return Some(self.spawned.elapsed());
            }
            sleep(Duration::from_millis(10)).await;
        }
        None
    }

    pub fn api(&self) -> Api {
        Api::new(self.http, &self.token)
    }

    pub fn pid(&self) -> u32 {
        self.child.id().unwrap_or(0)
    }

    /// Connections of a port of its own that it holds open, as the kernel it runs on knows them.
    pub fn established(&self, port: u16) -> Result<usize> {
        let table = fs::read_to_string(format!("/proc/{}/net/tcp", self.pid()))?;
        let is_open = |line: &&str| {
            let mut words = line.split_whitespace().skip(1);
            let (local, state) = (words.next().unwrap_or_default(), words.nth(1).unwrap_or_default());
            local.ends_with(&format!(":{port:04X}")) && state == "01"
        };
        Ok(table.lines().filter(is_open).count())
    }

    /// Everything it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// No thread may have panicked, whatever was done to it.
    pub fn check_log(&self, place: &str, verdict: &mut Verdict) {
        check_text(&self.log(), place, verdict);
    }

    /// A signal by its name, `TERM`.
    pub fn signal(&self, name: &str) -> Result<()> {
        tools::run("kill", [format!("-{name}"), self.pid().to_string()]).map(drop)
    }

    /// `kill -9`, at once.
    pub async fn kill(mut self) -> Result<()> {
        self.child.kill().await.context("cannot kill the service")
    }

    /// Its end, if it comes in time; it is killed otherwise.
    pub async fn end(&mut self, within: Duration) -> Result<Option<ExitStatus>> {
        match timeout(within, self.child.wait()).await {
            Ok(status) => Ok(Some(status?)),
            Err(_) => {
                self.child.kill().await?;
                Ok(None)
            }
        }
    }

    /// Whether it has ended by itself, and how.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// SIGTERM, and an end in order.
    pub async fn stop(mut self, place: &str, verdict: &mut Verdict) -> Result<()> {
        self.signal("TERM")?;
        match self.end(Duration::from_secs(60)).await? {
            Some(status) if status.success() => {}
            Some(status) => verdict.broken(format!("{place}: SIGTERM ended with {status}, expected 0")),
            None => verdict.broken(format!("{place}: SIGTERM did not end it in 60 s")),
        }
        self.check_log(place, verdict);
        Ok(())
    }
}

/// No thread may have panicked.
pub fn check_text(log: &str, place: &str, verdict: &mut Verdict) {
    if let Some(line) = log.lines().find(|line| line.contains("panicked at")) {
        verdict.broken(format!("{place}: a thread of the service panicked: {line}"));
    }
}

fn address(line: &str, key: &str) -> Option<SocketAddr> {
    let from = line.find(key)? + key.len();
    line.get(from..)?.split_whitespace().next()?.parse().ok()
}
