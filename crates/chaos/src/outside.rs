//! A broker outside the service that can be killed, stopped and made to forget: Debian's, or one of the rig's own.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use mqtt5::broker::config::{BrokerConfig, StorageConfig};
use mqtt5::broker::{BrokerShutdownHandle, MqttBroker};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::relay::{Relay, Way};
use crate::tools;

/// Where Debian puts it.
const MOSQUITTO: &str = "/usr/sbin/mosquitto";
/// Its configuration.
const CONFIG: &str = "mosquitto.conf";
/// How long it may take to listen.
const START_MAX: Duration = Duration::from_secs(10);
/// How long an end in order of our own may take.
const STOP_MAX: Duration = Duration::from_secs(10);
/// As many as anybody queues here: what is tried is the service, not the broker's bounds.
const QUEUED_MAX: usize = 2_000_000;

/// What a broker keeps over its death.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Memory {
    /// Sessions, and what is queued for them.
    Keeps,
    /// Nothing, as Mosquitto does by default.
    Forgets,
}

/// A broker with one address for all of its lives.
pub struct Outside {
    kind: Kind,
    /// What it keeps; removed when dropped.
    dir: PathBuf,
}

enum Kind {
    /// Of this process, with a relay in front: needs nothing installed.
    Own {
        relay: Relay,
        memory: Memory,
        life: Option<Own>,
    },
    Mosquitto {
        port: u16,
        child: Option<Child>,
    },
}

static BROKERS: AtomicU32 = AtomicU32::new(0);

impl Outside {
    /// Debian's where it is there, unless the rig's own is asked for.
    pub async fn start(memory: Memory, is_own: bool) -> Result<Self> {
        let count = BROKERS.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("chaos-outside-{}-{count}", std::process::id()));
        let kept = dir.join("kept");
        fs::create_dir_all(&kept).with_context(|| format!("cannot make {}", dir.display()))?;
        let kind = if is_own || !Path::new(MOSQUITTO).exists() {
            let life = Own::start(&kept).await?;
            Kind::Own { relay: Relay::start(life.address).await?, memory, life: Some(life) }
        } else {
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
            configure(&dir, port, memory)?;
            Kind::Mosquitto { port, child: None }
        };
        let mut broker = Self { kind, dir };
        broker.revive().await?;
        Ok(broker)
    }

    pub const fn name(&self) -> &'static str {
        match self.kind {
            Kind::Own { .. } => "own",
            Kind::Mosquitto { .. } => "mosquitto",
        }
    }

    pub const fn address(&self) -> SocketAddr {
        match &self.kind {
            Kind::Own { relay, .. } => relay.address,
            Kind::Mosquitto { port, .. } => SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), *port),
        }
    }

    /// `kill -9`; our own is cut off, and forgets everything if it is one that forgets.
    pub async fn kill(&mut self) -> Result<()> {
        match &mut self.kind {
            Kind::Own { relay, memory, life } => {
                relay.set(Way::Shut);
                if *memory == Memory::Forgets {
                    if let Some(life) = life.take() {
                        life.stop().await;
                    }
                    fs::remove_dir_all(self.dir.join("kept"))
                        .context("what the broker kept can't be removed")?;
                }
            }
            Kind::Mosquitto { child, .. } => {
                if let Some(mut child) = child.take() {
                    child.kill().await.context("cannot kill mosquitto")?;
                }
            }
        }
        Ok(())
    }

    /// At the same address again.
    pub async fn revive(&mut self) -> Result<()> {
        match &mut self.kind {
            Kind::Own { relay, life, .. } => {
                if life.is_none() {
                    let fresh = Own::start(&self.dir.join("kept")).await?;
                    relay.aim(fresh.address);
                    *life = Some(fresh);
                }
                relay.set(Way::Open);
            }
            Kind::Mosquitto { port, child } => {
                let mut command = Command::new(MOSQUITTO);
                command.arg("-c").arg(self.dir.join(CONFIG)).stdin(Stdio::null()).stdout(Stdio::null());
                command.stderr(Stdio::null()).kill_on_drop(true);
                let mut fresh = command.spawn().context("cannot start mosquitto")?;
                let listening = async {
                    while TcpStream::connect((Ipv4Addr::LOCALHOST, *port)).await.is_err() {
                        sleep(Duration::from_millis(10)).await;
                    }
                };
                let is_listening = timeout(START_MAX, listening).await.is_ok();
                ensure!(is_listening && fresh.try_wait()?.is_none(), "mosquitto does not listen on {port}");
                *child = Some(fresh);
            }
        }
        Ok(())
    }

    /// SIGSTOP: the kernel takes bytes and connections for it, nobody answers.
    pub fn freeze(&self) -> Result<()> {
        self.hold(Way::Frozen, "STOP")
    }

    /// SIGCONT.
    pub fn thaw(&self) -> Result<()> {
        self.hold(Way::Open, "CONT")
    }

    fn hold(&self, way: Way, signal: &str) -> Result<()> {
        match &self.kind {
            Kind::Own { relay, .. } => relay.set(way),
            Kind::Mosquitto { child, .. } => {
                let pid = child.as_ref().and_then(Child::id).context("mosquitto does not run")?;
                tools::run("kill", [format!("-{signal}"), pid.to_string()])?;
            }
        }
        Ok(())
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        if std::env::var_os("CHAOS_KEEP").is_none() {
            let _ = fs::remove_dir_all(&self.dir);
        }
    }
}

/// A configuration for Mosquitto without bounds of its own: what is tried is the service.
fn configure(dir: &Path, port: u16, memory: Memory) -> Result<()> {
    let kept = match memory {
        Memory::Keeps => "autosave_interval 1\n",
        Memory::Forgets => "",
    };
    // Without this user it gives up the right to write there.
    let user = tools::run("id", ["-un"])?;
    let text = format!(
        "listener {port} 127.0.0.1\nallow_anonymous true\nuser {user}\nlog_type none\nmax_queued_messages 0\n\
         max_inflight_messages 200\npersistence true\npersistence_location {}/\n{kept}",
        dir.join("kept").display()
    );
    fs::write(dir.join(CONFIG), text).context("cannot write the configuration of mosquitto")
}

/// One life of the rig's own broker.
struct Own {
    address: SocketAddr,
    shutdown: BrokerShutdownHandle,
    task: JoinHandle<()>,
}

impl Own {
    async fn start(dir: &Path) -> Result<Self> {
        fs::create_dir_all(dir)?;
        let mut config = BrokerConfig::default().with_bind_address(([127, 0, 0, 1], 0));
        config.sys_topics_enabled = false;
        config.max_outbound_inflight = 200;
        config.storage_config = StorageConfig::new()
            .with_base_dir(dir.to_owned())
            .with_max_queued_messages_per_client(QUEUED_MAX);
        let mut broker = MqttBroker::with_config(config).await.context("the rig's own broker")?;
        let address = broker.local_addr().context("the rig's own broker has no address")?;
        let (shutdown, mut ready) = (broker.shutdown_handle(), broker.ready_receiver());
        let task = tokio::spawn(async move { drop(broker.run().await) });
        ready.wait_for(|is| *is).await.context("the rig's own broker ended")?;
        Ok(Self { address, shutdown, task })
    }

    async fn stop(mut self) {
        self.shutdown.shutdown();
        if timeout(STOP_MAX, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}
