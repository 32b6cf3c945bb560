//! Positions and alerts to InfluxDB, besides the embedded store.
//!
//! ```text
//! offer ─ bounded queue ─▶ batch ─▶ POST /api/v2/write
//!                            │ away            ▲
//!                            └▶ segments on disk ┘
//! ```
//!
//! Offering never waits: what finds the queue full is dropped and counted. While the server is away batches go to a
//! bounded spool, oldest dropped first and counted, and are sent when it is back. Everything happens on a thread of
//! its own, so that neither a slow disk nor a slow server is in anybody's way.

mod line;
mod metrics;
mod spool;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use fleet::{Alert, Fix, TerminalId, Vehicle};
use influxdb2::api::write::TimestampPrecision;
use influxdb2::{Client, ClientBuilder, RequestError};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};

use crate::influx::metrics::{Dropped, Metrics};
use crate::influx::spool::{Batch, Spool};

/// Lines that wait for the thread: a few seconds of 10,000 vehicles, about 10 MB.
const QUEUE_LINES_MAX: usize = 65_536;

/// Lines of one request, as InfluxDB advises; about 0.7 MB.
const BATCH_LINES_MAX: u64 = 5_000;

/// A server that takes longer for one request is as good as away.
const REQUEST_MAX: Duration = Duration::from_secs(15);

/// How long an orderly stop waits for the server before it spools.
const STOP_MAX: Duration = Duration::from_secs(2);

/// Where to, and what may be kept while it is away.
#[derive(Clone)]
pub struct Options {
    /// `http://host:port` or `https://host:port`
    pub url: String,
    /// Organisation.
    pub org: String,
    /// Bucket.
    pub bucket: String,
    /// Access token.
    pub token: String,
    /// Directory of the spool, of nothing else.
    pub spool_dir: PathBuf,
    /// What the spool may fill; the oldest is dropped beyond it.
    pub spool_bytes_max: u64,
}

/// Why the sink can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The HTTP client.
    #[error("can't make an http client for influxdb: {0}")]
    Client(String),
    /// The metrics are registered already.
    #[error("can't register the metrics of influxdb: {0}")]
    Metrics(#[from] prometheus::Error),
    /// The spool.
    #[error("can't use influxdb spool {dir}: {source}")]
    Spool {
        /// Its directory.
        dir: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// No thread or runtime.
    #[error("can't start the thread of influxdb: {0}")]
    Thread(std::io::Error),
    /// No URL of a server.
    #[error("{url:?} is no url of influxdb, expected http://host:port or https://host:port")]
    Url {
        /// What was given.
        url: String,
    },
}

/// The way in; clones share it.
#[derive(Clone)]
pub struct Sink {
    lines: mpsc::Sender<String>,
    metrics: Metrics,
    stop: Arc<watch::Sender<bool>>,
    done: watch::Receiver<()>,
}

impl Sink {
    /// Opens the spool and starts the thread. The server need not be there.
    pub fn start(options: Options, metrics: &prometheus::Registry) -> Result<Self, StartError> {
        Self::start_with(options, metrics, Pace::default())
    }

    fn start_with(options: Options, metrics: &prometheus::Registry, pace: Pace) -> Result<Self, StartError> {
        let client = client(&options)?;
        let spool = Spool::open(&options.spool_dir, options.spool_bytes_max)
            .map_err(|source| StartError::Spool { dir: options.spool_dir.clone(), source })?;
        let metrics = Metrics::register(metrics)?;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(StartError::Thread)?;
        let (lines, queue) = mpsc::channel(QUEUE_LINES_MAX);
        let (stop, stopping) = watch::channel(false);
        let (finished, done) = watch::channel(());
        let worker = Worker {
            client: Arc::new(client),
            options,
            queue,
            batch: Batch::default(),
            spool,
            metrics: metrics.clone(),
            pace,
            sending: None,
            wait: pace.retry_min,
            not_before: None,
        };
        let work = move || {
            runtime.block_on(worker.run(stopping));
            drop(finished);
        };
        std::thread::Builder::new().name("influxdb".to_owned()).spawn(work).map_err(StartError::Thread)?;
        Ok(Self { lines, metrics, stop: Arc::new(stop), done })
    }

    /// A position, with the vehicle where the terminal is in the registry.
    pub fn offer_position(&self, terminal: TerminalId, vehicle: Option<&Vehicle>, fix: &Fix) {
        self.offer(line::position(terminal, vehicle, fix));
    }

    /// One revision of an alert.
    pub fn offer_alert(&self, alert: &Alert) {
        self.offer(line::alert(alert));
    }

    /// Sends what is there, or spools it if the server doesn't answer at once.
    pub async fn stop(self) {
        let Self { stop, mut done, .. } = self;
        stop.send_replace(true);
        // The other half is dropped when the thread is through.
        while done.changed().await.is_ok() {}
    }

    fn offer(&self, line: String) {
        if self.lines.try_send(line).is_err() {
            self.metrics.count_dropped(Dropped::Queue, 1);
        }
    }
}

/// How fast things go; tests go faster.
#[derive(Clone, Copy)]
struct Pace {
    /// A batch waits at most this long for more lines.
    flush: Duration,
    /// First wait after a failure; doubled each time.
    retry_min: Duration,
    /// Longest wait.
    retry_max: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            flush: Duration::from_secs(1),
            retry_min: Duration::from_secs(1),
            retry_max: Duration::from_secs(60),
        }
    }
}

/// The library panics on a URL it can't read, so one it can is replaced.
fn client(options: &Options) -> Result<Client, StartError> {
    let wrong = || StartError::Url { url: options.url.clone() };
    let mut client = ClientBuilder::new("http://localhost", &options.org, &options.token)
        .build()
        .map_err(|error| StartError::Client(error.to_string()))?;
    client.base = options.url.parse().map_err(|_| wrong())?;
    let is_http = matches!(client.base.scheme(), "http" | "https") && client.base.has_host();
    is_http.then_some(client).ok_or_else(wrong)
}

/// What became of a request.
enum Outcome {
    /// It is stored.
    Delivered,
    /// The server will never take it.
    Refused(String),
    /// Again later.
    Retry(String),
}

/// Where the lines of a request came from.
enum Source {
    Memory(Batch),
    Segment { number: u64, lines: u64 },
}

struct Sending {
    source: Source,
    request: Pin<Box<dyn Future<Output = Outcome> + Send>>,
}

struct Worker {
    client: Arc<Client>,
    options: Options,
    queue: mpsc::Receiver<String>,
    batch: Batch,
    spool: Spool,
    metrics: Metrics,
    pace: Pace,
    sending: Option<Sending>,
    wait: Duration,
    /// Set after a failure.
    not_before: Option<Instant>,
}

impl Worker {
    async fn run(mut self, mut stopping: watch::Receiver<bool>) {
        let mut flush = interval(self.pace.flush);
        flush.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.send_spooled();
            let wake = self.not_before.filter(|_| self.sending.is_none());
            tokio::select! {
                line = self.queue.recv() => match line {
                    Some(line) => self.take(line),
                    None => break,
                },
                _ = flush.tick() => self.cut(),
                outcome = answer(&mut self.sending) => self.settle(outcome),
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => self.not_before = None,
                _ = stopping.wait_for(|stop| *stop) => break,
            }
        }
        self.finish().await;
    }

    /// This line and those behind it, up to a full batch.
    fn take(&mut self, line: String) {
        self.batch.push(&line);
        while self.batch.lines < BATCH_LINES_MAX {
            let Ok(line) = self.queue.try_recv() else { return };
            self.batch.push(&line);
        }
        self.cut();
    }

    /// Ends the batch: to the server if nothing is before it, else to disk.
    fn cut(&mut self) {
        if self.batch.lines == 0 {
            return;
        }
        let batch = std::mem::take(&mut self.batch);
        if self.sending.is_none() && self.not_before.is_none() && self.spool.is_empty() {
            self.send(batch.text.clone(), Source::Memory(batch));
        } else {
            self.keep(&batch);
        }
    }

    fn send_spooled(&mut self) {
        while self.sending.is_none() && self.not_before.is_none() {
            match self.spool.oldest() {
                Ok(None) => return,
                Ok(Some((number, batch))) => {
                    self.send(batch.text, Source::Segment { number, lines: batch.lines });
                }
                Err((lines, error)) => {
                    tracing::error!(%error, lines, "a segment of the influxdb spool can't be read and is left out");
                    self.metrics.count_dropped(Dropped::Disk, lines);
                }
            }
        }
    }

    fn send(&mut self, text: String, source: Source) {
        let (client, options) = (Arc::clone(&self.client), &self.options);
        let (org, bucket) = (options.org.clone(), options.bucket.clone());
        let request = async move {
            let write = client.write_line_protocol_with_precision(
                &org,
                &bucket,
                text,
                TimestampPrecision::Milliseconds,
            );
            match timeout(REQUEST_MAX, write).await {
                Ok(Ok(())) => Outcome::Delivered,
                Ok(Err(error)) => judge(&error),
                Err(_) => Outcome::Retry(format!("no answer in {REQUEST_MAX:?}")),
            }
        };
        self.sending = Some(Sending { source, request: Box::pin(request) });
    }

    fn settle(&mut self, outcome: Outcome) {
        let Some(Sending { source, .. }) = self.sending.take() else { return };
        let lines = match &source {
            Source::Memory(batch) => batch.lines,
            Source::Segment { lines, .. } => *lines,
        };
        match outcome {
            Outcome::Delivered => {
                self.metrics.written.inc_by(lines);
                self.wait = self.pace.retry_min;
                self.forget(&source);
            }
            Outcome::Refused(problem) => {
                tracing::error!(%problem, lines, "influxdb refuses lines for good, they are left out");
                self.metrics.count_dropped(Dropped::Refused, lines);
                self.forget(&source);
            }
            Outcome::Retry(problem) => {
                tracing::warn!(%problem, retry_s = self.wait.as_secs_f64(), "influxdb is away, lines go to the spool");
                self.metrics.failures.inc();
                self.not_before = Some(Instant::now() + self.wait);
                self.wait = self.wait.saturating_mul(2).min(self.pace.retry_max);
                match source {
                    Source::Memory(batch) => self.keep(&batch),
                    Source::Segment { .. } => self.spool.release(),
                }
            }
        }
    }

    fn forget(&mut self, source: &Source) {
        if let Source::Segment { number, .. } = source {
            self.spool.remove(*number);
            self.metrics.spool_bytes(self.spool.bytes());
        }
    }

    fn keep(&mut self, batch: &Batch) {
        match self.spool.append(batch) {
            Ok(0) => {}
            Ok(dropped) => {
                tracing::error!(dropped, "the influxdb spool is full, the oldest lines are left out");
                self.metrics.count_dropped(Dropped::Spool, dropped);
            }
            Err(error) => {
                tracing::error!(%error, lines = batch.lines, "the influxdb spool can't be written");
                self.metrics.count_dropped(Dropped::Disk, batch.lines);
            }
        }
        self.metrics.spool_bytes(self.spool.bytes());
    }

    async fn finish(mut self) {
        while let Ok(line) = self.queue.try_recv() {
            self.take(line);
        }
        self.await_answer().await;
        self.cut();
        self.await_answer().await;
    }

    /// Once; what is not answered is kept.
    async fn await_answer(&mut self) {
        if self.sending.is_none() {
            return;
        }
        let outcome = timeout(STOP_MAX, answer(&mut self.sending)).await;
        self.settle(outcome.unwrap_or_else(|_| Outcome::Retry(format!("no answer in {STOP_MAX:?}"))));
    }
}

/// Waits for ever where nothing is on its way.
async fn answer(sending: &mut Option<Sending>) -> Outcome {
    match sending {
        Some(sending) => (&mut sending.request).await,
        None => std::future::pending().await,
    }
}

/// Lines that can't be read will never be; everything else, a wrong token too, somebody can put right.
fn judge(error: &RequestError) -> Outcome {
    match error {
        RequestError::Http { status, text } if matches!(status.as_u16(), 400 | 422) => {
            Outcome::Refused(format!("{status}: {text}"))
        }
        RequestError::Deserializing { .. }
        | RequestError::Http { .. }
        | RequestError::ReqwestProcessing { .. }
        | RequestError::Serializing { .. } => Outcome::Retry(error.to_string()),
    }
}
