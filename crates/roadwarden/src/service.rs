//! The assembly: every part started in the order data flows backwards, and stopped in the order it flows.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use anyhow::{Context, Result};
use console::Console;
use dispatch::Dispatch;
use gateway::{Asker, AttachmentOptions, Attachments, Gateway, Tls, TlsOptions};
use history::History;
use history::influx::{self, Sink};
use journal::Journal;
use ledger::Ledger;
use media::Media;
use pipeline::{Ground, LiveEvent, Parts, Pipeline};
use settings::{Loaded, Mqtt, Reference, Settings};
use tokio::sync::{broadcast, watch};
use tokio::task::JoinHandle;

use crate::chains::Chains;
use crate::clock;
use crate::dangers;
use crate::evidence;
use crate::exit::Unavailable;
use crate::reload::{NotRedrawn, Refused, Reloader};
use crate::trial::Trials;

/// Records the rules may be behind before `/readyz` says so.
const BEHIND_MAX: u64 = 50_000;
/// How long a store that fails may hold up the shutdown.
const PATIENCE: Duration = Duration::from_secs(20);

/// The running service.
pub struct Service {
    gateway: Gateway,
    attachments: Attachments,
    journal: Journal,
    pipeline: Arc<Pipeline>,
    dispatch: Arc<Dispatch>,
    console: Console,
    influx: Option<Arc<Sink>>,
    /// Tasks that only look: they end when they are told.
    watching: Vec<JoinHandle<()>>,
    reloader: Arc<Reloader>,
    trials: Arc<Trials>,
    chains: Chains,
}

/// Where the parts of a running service listen.
pub struct Addresses {
    /// JT/T 808.
    pub gateway: SocketAddr,
    /// JT/T 808 under TLS.
    pub gateway_tls: Option<SocketAddr>,
    /// Files of alarms.
    pub attachments: SocketAddr,
    /// The embedded broker.
    pub mqtt: Option<SocketAddr>,
    /// The console.
    pub http: SocketAddr,
}

impl Service {
    /// Starts everything; an error names what is missing, and the process ends with it.
    /// `config` is where `loaded` comes from, and what is read again when somebody asks.
    pub async fn start(loaded: Loaded, config: &Path, demo: bool) -> Result<Self> {
        let Loaded { settings, reference } = loaded;
        let metrics = prometheus::Registry::new();
        let stores = Stores::open(&settings, &metrics)?;
        let Stores { journal, ledger, media, .. } = stores.clone();
        let (reference, reference_seen) = watch::channel(Arc::new(reference));
        let (registry, registry_seen) = watch::channel(Arc::clone(&reference_seen.borrow().registry));
        let ground = ground(&reference_seen.borrow());
        let pipeline = Arc::new(Pipeline::start(stores.pipeline_parts(&settings, ground), &metrics)?);
        let reloader = Arc::new(Reloader {
            config: config.to_owned(),
            settings: settings.clone(),
            ledger: ledger.clone(),
            pipeline: Arc::downgrade(&pipeline),
            registry,
            reference,
            dispatch: OnceLock::new(),
            is_stopping: Mutex::default(),
        });
        reloader.settle().context("cannot settle what was drawn in the console")?;
        let dispatch = start_dispatch(&settings, &stores, &metrics, &reloader).await?;
        let mut watching: Vec<_> =
            publish_positions(&settings, &pipeline, &dispatch, registry_seen.clone()).into_iter().collect();
        watching.push(tokio::spawn(clock::watch(&metrics)?));
        watching.push(evidence::trim(media.clone(), ledger.clone(), settings.media.keep));
        watching.push(dangers::watch(ledger.clone(), &settings.dangers, registry_seen.clone()));
        let trials = Arc::new(Trials::new(journal.clone(), reference_seen.clone()));
        let console =
            stores.console_parts(&settings, &pipeline, reference_seen, &metrics, (&reloader, &trials));
        let console = console::Parts { demo, tiles: settings.map.clone(), ..console };
        let console = Console::start(settings.http.listen, console).await.map_err(unavailable)?;
        let options = AttachmentOptions::new(settings.gateway.attachments);
        let attachments = Attachments::start(options, media.clone(), ledger.clone(), &metrics).await;
        let attachments = attachments.map_err(unavailable)?;
        match asker(&settings, &attachments, &ledger) {
            Some(asker) => watching.push(evidence::ask(asker, &pipeline.live())),
            None => tracing::warn!("{}", NOT_ADVERTISED),
        }
        // Last: a terminal is heard only once everything behind its report is there.
        let options = gateway_options(&settings);
        let gateway =
            Gateway::start(options, journal.clone(), ledger.clone(), media, registry_seen, &metrics)
                .await
                .map_err(unavailable)?;
        reloader.started().context("cannot write the audit log")?;
        let chains = Chains::new(journal.clone(), ledger, &settings);
        watching.push(chains.watch().context("cannot write the audit log")?);
        Ok(Self {
            gateway,
            attachments,
            journal,
            pipeline,
            dispatch,
            console,
            influx: stores.influx,
            watching,
            reloader,
            trials,
            chains,
        })
    }

    /// Where everything listens.
    pub fn addresses(&self) -> Addresses {
        Addresses {
            gateway: self.gateway.local_addr(),
            gateway_tls: self.gateway.tls_addr(),
            attachments: self.attachments.local_addr(),
            mqtt: self.dispatch.broker_addr(),
            http: self.console.local_addr(),
        }
    }

    /// What is true now.
    pub fn live(&self) -> pipeline::Live {
        self.pipeline.live()
    }

    /// The certificates of the terminals' port.
    pub fn tls(&self) -> Option<Tls> {
        self.gateway.tls()
    }

    /// The ledger, for what the commands do besides.
    pub fn ledger(&self) -> &Ledger {
        &self.chains.ledger
    }

    /// Ends when the journal can store nothing any more; says why.
    pub async fn failed(&self) -> anyhow::Error {
        let journal = self.journal.clone();
        let error = journal.failed().await;
        Unavailable(format!(
            "the journal stopped: {error}; everything acknowledged is kept; see to the disk and start again \
             接收日志已停止：已应答的报文均已保存，请检查磁盘后重新启动"
        ))
        .into()
    }

    /// What reads the configuration again.
    pub fn reloader(&self) -> &Arc<Reloader> {
        &self.reloader
    }

    /// Stops in the order data flows: no new frames, everything received judged and kept, then the edges.
    pub async fn stop(self) {
        self.trials.stop();
        self.attachments.stop().await;
        self.gateway.stop().await;
        let reloader = self.reloader;
        // One that is under way holds the pipeline; a country's roads take seconds to read.
        let _ = tokio::task::spawn_blocking(move || reloader.stop()).await;
        self.journal.close().await;
        self.console.stop().await;
        for task in self.watching {
            task.abort();
            let _ = task.await;
        }
        match Arc::try_unwrap(self.pipeline) {
            Ok(pipeline) => {
                let joined = tokio::task::spawn_blocking(move || pipeline.join(PATIENCE)).await;
                if joined.is_err() {
                    tracing::error!("the pipeline did not end in order");
                }
            }
            Err(_) => {
                tracing::error!("somebody still holds the pipeline; its last snapshot is the one before")
            }
        }
        match Arc::try_unwrap(self.dispatch) {
            Ok(dispatch) => dispatch.stop().await,
            Err(_) => tracing::error!("somebody still holds the dispatch"),
        }
        if let Some(sink) = self.influx.and_then(Arc::into_inner) {
            sink.stop().await;
        }
        // Nothing is written any more.
        let chains = self.chains;
        match tokio::task::spawn_blocking(move || chains.note("stop")).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the chains cannot be noted"),
            Err(error) => tracing::error!(%error, "noting the chains has failed"),
        }
    }
}

/// Everything that is kept, opened.
#[derive(Clone)]
struct Stores {
    journal: Journal,
    ledger: Ledger,
    history: History,
    media: Media,
    influx: Option<Arc<Sink>>,
}

impl Stores {
    fn open(settings: &Settings, metrics: &prometheus::Registry) -> Result<Self> {
        let dir = &settings.data_dir;
        Ok(Self {
            journal: Journal::open(journal_options(settings), metrics).context("cannot open the journal")?,
            ledger: Ledger::open(&dir.join("ledger.db"), metrics).context("cannot open the ledger")?,
            history: History::open(&dir.join("history"), metrics).context("cannot open the history")?,
            media: Media::open(media_options(settings), metrics).context("cannot open the store of files")?,
            influx: start_influx(settings, metrics)?,
        })
    }

    fn console_parts(
        &self,
        settings: &Settings,
        pipeline: &Arc<Pipeline>,
        reference: watch::Receiver<Arc<Reference>>,
        metrics: &prometheus::Registry,
        (reloader, trials): (&Arc<Reloader>, &Arc<Trials>),
    ) -> console::Parts {
        let trials: Arc<dyn console::Trials> = Arc::<Trials>::clone(trials);
        console::Parts {
            ledger: self.ledger.clone(),
            media: self.media.clone(),
            history: self.history.clone(),
            live: pipeline.live(),
            journal: self.journal.clone(),
            reference,
            metrics: metrics.clone(),
            ready: ready(pipeline, &self.journal),
            consumers: consumers(reloader),
            reload: asked_over_http(reloader),
            redraw: drawn_over_http(reloader),
            change_rules: changed_over_http(reloader),
            tiles: None,
            trials,
            access: Arc::new(settings.access.clone()),
            behind_tls: settings.http.behind_tls,
            demo: false,
        }
    }

    fn pipeline_parts(&self, settings: &Settings, ground: Ground) -> Parts {
        Parts {
            journal: self.journal.clone(),
            ledger: self.ledger.clone(),
            history: self.history.clone(),
            influx: self.influx.clone(),
            ground,
            shards: settings.pipeline.shards,
            snapshot: settings.data_dir.join("snapshot"),
            snapshot_every: settings.pipeline.snapshot_every,
            clock: clock::clock(),
        }
    }
}

/// Starts what sends alerts out; a reload then changes its accounts.
async fn start_dispatch(
    settings: &Settings,
    stores: &Stores,
    metrics: &prometheus::Registry,
    reloader: &Reloader,
) -> Result<Arc<Dispatch>> {
    let (ledger, journal) = (stores.ledger.clone(), stores.journal.clone());
    let dispatch = Dispatch::start(&settings.mqtt, &settings.data_dir, ledger, journal, metrics).await;
    let dispatch = Arc::new(dispatch.map_err(unavailable)?);
    // The first to set it is the only one.
    let _ = reloader.dispatch.set(Arc::downgrade(&dispatch));
    Ok(dispatch)
}

/// A part whose port or store is not to be had.
fn unavailable(error: impl std::fmt::Display) -> anyhow::Error {
    Unavailable(error.to_string()).into()
}

/// What the rules stand on.
pub fn ground(reference: &Reference) -> Ground {
    let map: Arc<atlas::Atlas> = Arc::clone(&reference.atlas);
    Ground { book: Arc::clone(&reference.book), registry: Arc::clone(&reference.registry), map }
}

fn journal_options(settings: &Settings) -> journal::Options {
    journal::Options {
        commit_every: settings.journal.commit_every,
        segment_bytes_max: settings.journal.segment_bytes_max,
        keep: settings.journal.keep,
        disk_bytes_max: settings.journal.disk_bytes_max,
        reserve_bytes: settings.journal.reserve_bytes,
        ..journal::Options::new(settings.data_dir.join("journal"))
    }
}

fn media_options(settings: &Settings) -> media::Options {
    media::Options {
        dir: settings.data_dir.join("media"),
        terminal_bytes_max: settings.media.terminal_bytes_max,
        bytes_max: settings.media.disk_bytes_max,
    }
}

/// Why no files are asked for.
pub const NOT_ADVERTISED: &str = "gateway.attachments listens on all addresses and gateway.attachments_advertise does \
    not say which one terminals reach: no alert gets pictures or films 未设置附件对外地址，不会向终端索取附件";

/// Who asks for files: nobody where it is not known what terminals are to dial.
fn asker(settings: &Settings, attachments: &Attachments, ledger: &Ledger) -> Option<Asker> {
    let (address, tcp_port) = match &settings.gateway.attachments_advertise {
        Some(advertised) => (advertised.host.clone(), advertised.port),
        None if is_advertised(settings) => {
            let bound = attachments.local_addr();
            (bound.ip().to_string(), bound.port())
        }
        None => return None,
    };
    Some(Asker { ledger: ledger.clone(), address, tcp_port })
}

/// Whether it is known what terminals are to dial for files.
pub fn is_advertised(settings: &Settings) -> bool {
    settings.gateway.attachments_advertise.is_some() || !settings.gateway.attachments.ip().is_unspecified()
}

fn gateway_options(settings: &Settings) -> gateway::Options {
    gateway::Options {
        listen: settings.gateway.listen,
        tls: gateway_tls(settings),
        udp: settings.gateway.udp,
        admission: match settings.gateway.admission {
            settings::Admission::Open => session::Admission::Open,
            settings::Admission::Registry => session::Admission::Registry,
        },
        relays: settings.gateway.relays.clone(),
        idle_timeout: settings.gateway.idle_timeout,
        command_timeout: gateway::COMMAND_TIMEOUT,
        connections_max: settings.gateway.connections_max,
        limits: limits(&settings.gateway.limits),
        rsa_key: settings.gateway.rsa_key.clone(),
        codes_path: settings.data_dir.join("gateway.secret"),
    }
}

/// Where terminals speak TLS, and with which files.
pub fn gateway_tls(settings: &Settings) -> Option<TlsOptions> {
    let settings::GatewayTls { listen, cert, key, client_ca } = settings.gateway.tls.clone()?;
    Some(TlsOptions { listen, cert, key, client_ca })
}

fn limits(limits: &settings::Limits) -> gateway::Limits {
    gateway::Limits {
        accepts_per_second: limits.accepts_per_second,
        address_accepts_per_second: limits.address_accepts_per_second,
        address_connections: limits.address_connections,
        connection_bytes_per_second: limits.connection_kib_per_second.saturating_mul(1_024),
        connection_frames_per_second: limits.connection_frames_per_second,
        unlimited: limits.unlimited.clone(),
    }
}

fn start_influx(settings: &Settings, metrics: &prometheus::Registry) -> Result<Option<Arc<Sink>>> {
    let Some(target) = &settings.influxdb else { return Ok(None) };
    let options = influx::Options {
        url: target.url.clone(),
        org: target.org.clone(),
        bucket: target.bucket.clone(),
        token: target.token.clone(),
        spool_dir: settings.data_dir.join("influx"),
        spool_bytes_max: target.spool_bytes_max,
    };
    Ok(Some(Arc::new(Sink::start(options, metrics).context("cannot start the InfluxDB sink")?)))
}

/// Positions go out as they come, when they are wanted; a broker that can't follow misses some.
fn publish_positions(
    settings: &Settings,
    pipeline: &Pipeline,
    dispatch: &Arc<Dispatch>,
    registry: watch::Receiver<Arc<fleet::Registry>>,
) -> Option<JoinHandle<()>> {
    let (Mqtt::Embedded { positions: true, .. } | Mqtt::External { positions: true, .. }) = settings.mqtt
    else {
        return None;
    };
    let (mut feed, dispatch) = (pipeline.live().subscribe(), Arc::clone(dispatch));
    Some(tokio::spawn(async move {
        loop {
            match feed.recv().await {
                Ok(LiveEvent::Vehicle(vehicle)) => {
                    let registry = registry.borrow().clone();
                    if let (Some(fix), Some(known)) = (&vehicle.fix, registry.vehicle(vehicle.terminal)) {
                        dispatch.offer_position(known, fix);
                    }
                }
                Ok(LiveEvent::Alert(_)) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    }))
}

/// What `POST /api/v1/reload` does.
fn asked_over_http(reloader: &Arc<Reloader>) -> console::Reload {
    let reloader = Arc::clone(reloader);
    Arc::new(move |by, via| reloader.reload(by, via).map_err(not_reloaded))
}

/// What puts a change of the rules into force.
fn changed_over_http(reloader: &Arc<Reloader>) -> console::ChangeRules {
    let reloader = Arc::clone(reloader);
    Arc::new(move |id, who, note| reloader.change_rules(id, who, note).map_err(not_reloaded))
}

fn not_reloaded(refused: Refused) -> console::NotReloaded {
    match refused {
        Refused::Problems(problems) => {
            console::NotReloaded::Mistakes(problems.to_string().lines().map(str::to_owned).collect())
        }
        Refused::File(..) | Refused::Ledger(_) | Refused::Stopping => {
            console::NotReloaded::Unavailable(refused.to_string())
        }
    }
}

/// What drawing a zone or a route does.
fn drawn_over_http(reloader: &Arc<Reloader>) -> console::Redraw {
    let reloader = Arc::clone(reloader);
    Arc::new(move |edit, by, via, is_trial| {
        reloader.redraw(edit, by, via, is_trial).map_err(|error| match error {
            NotRedrawn::Unfit(unfit) => console::NotRedrawn::Unfit(unfit),
            NotRedrawn::Refused(Refused::Problems(problems)) => console::NotRedrawn::Mistakes(problems),
            NotRedrawn::Refused(_) | NotRedrawn::File(_) => {
                console::NotRedrawn::Unavailable(error.to_string())
            }
        })
    })
}

/// Who reads what dispatch publishes; nobody once it has stopped.
fn consumers(reloader: &Arc<Reloader>) -> console::Consumers {
    let reloader = Arc::clone(reloader);
    let told = |consumer: dispatch::Consumer| console::Consumer {
        name: consumer.name,
        department: consumer.department,
        connections: consumer.connections,
        seen_at: consumer.seen_at,
    };
    Arc::new(move || {
        let consumers = reloader.dispatch.get()?.upgrade()?.consumers()?;
        Some(consumers.into_iter().map(told).collect())
    })
}

/// What `/readyz` asks: would every promise be kept now?
fn ready(pipeline: &Arc<Pipeline>, journal: &Journal) -> console::Ready {
    let (pipeline, journal) = (Arc::downgrade(pipeline), journal.clone());
    Arc::new(move || {
        let rules = pipeline.upgrade().is_some_and(|pipeline| pipeline.is_ready(BEHIND_MAX));
        let stores = journal.failure().is_none() && journal.suspension().is_none();
        vec![("storing", stores), ("pipeline", rules)]
    })
}
