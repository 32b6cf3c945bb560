//! Alerts out to the departments over MQTT, and what they did about them back.
//!
//! ```text
//! ledger ─ outbox ─▶ publisher ══MQTT QoS 1══▶ broker ══▶ departments
//!    ▲                  │  ▲ PUBACK              │ embedded, or outside
//!    └─ act ── dispositions ◀════════════════════┤
//!    └─ receive ── receipts ◀════════════════════┤ departments that owe them
//! journal ◀──── readings ◀════════════════════════┘ monitors of bridges and tunnels
//! ```
//!
//! A message leaves the outbox when the broker has acknowledged it, and is published again after the link was lost
//! if that was shortly before: an acknowledgement proves no durability. Where a department owes receipts, an alert is
//! published again until the department has said that it has it. A department sees a message at least once, what is critical
//! before the rest, each in order by topic but for what is sent again, and drops what it has by (`id`, `revision`). It may
//! take so many messages a second; what waits then is told in sums. This crate does **not** judge
//! alerts or keep them.

mod acl;
mod broker;
mod caps;
mod disposition;
mod evict;
mod lanes;
mod message;
mod metrics;
mod presence;
mod publisher;
mod reading;
mod receipt;
mod session;
mod state;
mod steady;
mod target;
#[cfg(test)]
mod tests;
mod tls;
mod topic;
mod window;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clock::now;
use fleet::{Department, Fix, Vehicle};
use journal::Journal;
use ledger::Ledger;
use rumqttc::tokio_rustls::rustls;
use settings::Mqtt;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::acl::{Accounts, SERVICE};
use crate::broker::Broker;
use crate::caps::Caps;
use crate::evict::Evictor;
use crate::metrics::Metrics;
pub use crate::presence::Consumer;
use crate::presence::Presence;
use crate::publisher::{Position, Publisher, Receipts};
use crate::state::State;
use crate::target::Target;
use crate::tls::{Bound, Front};
use crate::window::Bounds;

/// Positions that wait for the broker: a second of 10,000 vehicles that report every second. More are dropped and
/// counted; the next one replaces what was lost.
const POSITIONS_MAX: usize = 10_000;

/// Why dispatch can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An account has our name, or two have the same.
    #[error("mqtt account {name:?} is there twice or reserved, expected a name of its own")]
    Account {
        /// Its name.
        name: String,
    },
    /// The embedded broker.
    #[error("the embedded broker on {listen} can't start: {problem}")]
    Broker {
        /// Where it was to listen.
        listen: SocketAddr,
        /// What it says.
        problem: String,
    },
    /// A directory.
    #[error("can't write to {dir}: {source}")]
    Directory {
        /// Which.
        dir: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The port is taken, or not ours to use.
    #[error("mqtt can't listen on port {} of {}: {source}", listen.port(), listen.ip())]
    Listen {
        /// Where.
        listen: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// TLS can't be spoken with the files there are.
    #[error("cannot speak TLS to departments")]
    Pem(#[from] ::tls::Error),
    /// Registered twice.
    #[error("can't register the metrics of dispatch: {0}")]
    Metrics(#[from] prometheus::Error),
    /// No randomness.
    #[error("the system gives no random bytes for the broker's internal account")]
    Random,
    /// Nobody is trusted.
    #[error("no certificate is trusted on this system, expected some in its store or in SSL_CERT_FILE")]
    Roots,
    /// TLS.
    #[error("tls can't be set up: {0}")]
    Tls(rustls::Error),
    /// Not a URL we can connect to.
    #[error("{url:?} is no broker url, expected mqtt://host:port or mqtts://host:port")]
    Url {
        /// What was given.
        url: String,
    },
}

/// The running dispatch.
pub struct Dispatch {
    broker: Option<Broker>,
    front: Option<Front>,
    evictor: Option<Evictor>,
    positions: Option<mpsc::Sender<Position>>,
    owing: watch::Sender<Vec<Department>>,
    metrics: Metrics,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Dispatch {
    /// Starts the embedded broker where there is one, publishes what the ledger's outbox holds, and puts readings of
    /// monitors into the journal. A broker outside need not be there yet.
    pub async fn start(
        mqtt: &Mqtt,
        data_dir: &Path,
        ledger: Ledger,
        journal: Journal,
        metrics: &prometheus::Registry,
    ) -> Result<Self, StartError> {
        Self::start_with(mqtt, data_dir, (ledger, journal), metrics, Pace::default()).await
    }

    async fn start_with(
        mqtt: &Mqtt,
        data_dir: &Path,
        stores: (Ledger, Journal),
        metrics: &prometheus::Registry,
        pace: Pace,
    ) -> Result<Self, StartError> {
        let metrics = Metrics::register(metrics)?;
        let state = State::open(data_dir)?;
        let (embedded, target, with_positions) = match mqtt {
            Mqtt::Embedded { listen, accounts, anonymous, positions, tls, .. } => {
                check_names(accounts)?;
                let secret = target::secret()?;
                // Before the broker: what is wrong with it then leaves nothing running.
                let front = match tls {
                    Some(tls) => Some(Bound::new(tls).await?),
                    None => None,
                };
                let here = accounts;
                let accounts = Arc::new(Accounts::new(here, *anonymous, &secret));
                let presence = Presence::new(here, *anonymous);
                let broker =
                    Broker::start(*listen, Arc::clone(&accounts), presence, &data_dir.join("broker")).await?;
                let target = Target::embedded(broker.addr(), secret);
                let inside = target.loopback(broker.addr());
                let front = front.map(|bound| bound.serve(inside, accounts.peers()));
                let evictor = Evictor { accounts, target: target.clone(), runtime: Handle::current() };
                (Some((broker, front, evictor)), target, *positions)
            }
            Mqtt::External { url, username, password, positions, .. } => {
                (None, Target::parse(url, username.as_deref(), password.as_deref())?, *positions)
            }
        };
        let (broker, front, evictor) = match embedded {
            Some((broker, front, evictor)) => (Some(broker), front, Some(evictor)),
            None => (None, None, None),
        };
        let (offer, offered) = mpsc::channel(POSITIONS_MAX);
        let stop = CancellationToken::new();
        let (owing, owing_now) = watch::channel(mqtt.owing());
        mqtt.alerts_per_second().keys().for_each(|department| metrics.set_held(*department, 0));
        let asked = (asked(mqtt, owing_now), Caps::new(mqtt.alerts_per_second(), Instant::now()));
        let publisher = Publisher::new((target, state), asked, stores, metrics.clone(), pace, offered);
        let task = tokio::spawn(publisher.run(stop.clone()));
        let positions = with_positions.then_some(offer);
        Ok(Self { broker, front, evictor, positions, owing, metrics, stop, task })
    }

    /// Where the embedded broker listens; `None` with a broker outside.
    pub fn broker_addr(&self) -> Option<SocketAddr> {
        self.broker.as_ref().map(Broker::addr)
    }

    /// Where the embedded broker listens for TLS; `None` without.
    pub fn tls_addr(&self) -> Option<SocketAddr> {
        self.front.as_ref().map(Front::addr)
    }

    /// The accounts of the embedded broker and who of them is there; `None` with a broker outside, which tells nobody.
    pub fn consumers(&self) -> Option<Vec<Consumer>> {
        self.broker.as_ref().map(|broker| broker.presence().consumers())
    }

    /// Takes changed accounts of the embedded broker over. Whoever lost an account, its password or
    /// its department is disconnected, and what was subscribed to and kept under it is gone. A department without an
    /// account that gives receipts owes none from here on. Everything else of `mqtt` holds as it was.
    pub fn set_accounts(&self, mqtt: &Mqtt) -> Result<(), StartError> {
        let (Some(evictor), Mqtt::Embedded { accounts, .. }) = (&self.evictor, mqtt) else { return Ok(()) };
        check_names(accounts)?;
        evictor.take_over(accounts);
        self.owing.send_replace(mqtt.owing());
        if let Some(broker) = &self.broker {
            broker.presence().take_over(accounts);
        }
        Ok(())
    }

    /// Publishes a position where that is switched on; never waits, drops and counts instead.
    pub fn offer_position(&self, vehicle: &Vehicle, fix: &Fix) {
        let Some(positions) = &self.positions else { return };
        let position = Position { division: vehicle.division, terminal: vehicle.terminal, fix: *fix };
        if positions.try_send(position).is_err() {
            self.metrics.positions_dropped.inc();
        }
    }

    /// Says `offline`, waits a moment for what is on its way, and stops the embedded broker last.
    pub async fn stop(self) {
        self.stop.cancel();
        if let Err(error) = self.task.await {
            tracing::error!(%error, "dispatch ended badly");
        }
        if let Some(front) = &self.front {
            front.stop();
        }
        if let Some(broker) = self.broker {
            broker.stop().await;
        }
    }
}

/// How fast things go; tests go faster.
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// Between heartbeats.
    heartbeat: Duration,
    /// Between looks at the outbox where nobody rang.
    poll: Duration,
    /// Between two words to a department about what waits for it.
    summary: Duration,
    /// What was published this long before the link was last seen alive is published again.
    republish: Duration,
    /// First wait after a lost link; doubled each time.
    retry_min: Duration,
    /// Longest wait.
    retry_max: Duration,
    /// A message unacknowledged this long means the link is dead.
    acknowledge_max: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_secs(30),
            poll: Duration::from_secs(1),
            summary: Duration::from_secs(10),
            republish: Duration::from_secs(30),
            retry_min: Duration::from_millis(500),
            retry_max: Duration::from_secs(30),
            acknowledge_max: Duration::from_secs(30),
        }
    }
}

/// With the embedded broker any account may come to give receipts; outside, its topic rules need not know the others.
fn asked(mqtt: &Mqtt, owing: watch::Receiver<Vec<Department>>) -> Receipts {
    let settings::Receipts { after, pause_max, in_flight } = *mqtt.receipts();
    let from = match mqtt {
        Mqtt::Embedded { .. } => Department::ALL.to_vec(),
        Mqtt::External { owing, .. } => owing.clone(),
    };
    Receipts { owing, from, bounds: Bounds { after, pause_max, in_flight } }
}

fn check_names(accounts: &[settings::MqttAccount]) -> Result<(), StartError> {
    let mut seen = vec![SERVICE];
    for account in accounts {
        if seen.contains(&account.name.as_str()) {
            return Err(StartError::Account { name: account.name.clone() });
        }
        seen.push(&account.name);
    }
    Ok(())
}
