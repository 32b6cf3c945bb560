//! The actors of a plan on TCP.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::actor::{Actor, Noise};
use crate::latency::{Latency, Percentiles};
use crate::plan::Plan;
use crate::terminal::{Counts, Output};
use crate::upload::Upload;

/// Connections from one loopback address, below the number of its free ports.
const PER_SOURCE: usize = 25_000;

/// An upload that takes longer is given up.
const UPLOAD_MAX: Duration = Duration::from_secs(60);

/// What to run against what.
#[derive(Clone, Debug)]
pub struct Options {
    /// The gateway.
    pub target: SocketAddr,
    /// The terminals.
    pub plan: Plan,
}

/// How it goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Report {
    /// Terminals that are online now.
    pub online: u64,
    /// Reports written, repetitions counted again.
    pub sent: u64,
    /// Reports answered with result 0.
    pub acknowledged: u64,
    /// Reports waiting for their answer, or for a connection.
    pub unacknowledged: u64,
    /// Answers that refuse.
    pub refused: u64,
    /// Files of alarms that the platform has.
    pub files: u64,
    /// Connections beyond the first of each terminal.
    pub reconnects: u64,
    /// From write to acknowledgement.
    pub latency: Percentiles,
}

#[derive(Clone, Debug, Default)]
struct Share {
    online: bool,
    counts: Counts,
    unacknowledged: u64,
    connects: u64,
    files: u64,
    latency: Latency,
}

type Shares = Arc<Vec<Mutex<Share>>>;

/// Terminals at work.
#[derive(Debug)]
pub struct Simulator {
    shares: Shares,
    tasks: JoinSet<()>,
    stop: CancellationToken,
}

impl Simulator {
    /// Starts every actor on the runtime of the caller.
    pub fn start(options: Options) -> Self {
        let Options { target, plan } = options;
        let shares: Shares = Arc::new(plan.actors.iter().map(|_| Mutex::default()).collect());
        let (mut tasks, stop) = (JoinSet::new(), CancellationToken::new());
        let start_ms = now_ms();
        for (index, actor) in plan.actors.into_iter().enumerate() {
            let player = Player {
                actor,
                index,
                target,
                start_ms,
                shares: shares.clone(),
                connects: 0,
                upload: JoinSet::new(),
                uploads: 0,
                files: 0,
            };
            let stop = stop.clone();
            tasks.spawn(async move { stop.run_until_cancelled(player.play()).await.unwrap_or_default() });
        }
        Self { shares, tasks, stop }
    }

    /// How it goes.
    pub fn report(&self) -> Report {
        let mut report = Report::default();
        let mut latency = Latency::default();
        for share in self.shares.iter() {
            let share = share.lock().unwrap_or_else(PoisonError::into_inner);
            report.online += u64::from(share.online);
            report.sent += share.counts.sent;
            report.acknowledged += share.counts.acknowledged;
            report.refused += share.counts.refused;
            report.files += share.files;
            report.unacknowledged += share.unacknowledged;
            report.reconnects += share.connects.saturating_sub(1);
            latency.merge(&share.latency);
        }
        Report { latency: latency.percentiles(), ..report }
    }

    /// Closes every connection; what is unacknowledged stays counted.
    pub async fn stop(mut self) -> Report {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
        self.report()
    }
}

struct Player {
    actor: Actor,
    index: usize,
    target: SocketAddr,
    start_ms: i64,
    shares: Shares,
    connects: u64,
    /// One upload after the other, as a device does.
    upload: JoinSet<u64>,
    uploads: u32,
    files: u64,
}

impl Player {
    async fn play(mut self) {
        // Spread over the interval, so that a fleet does not report in one burst.
        let spread_ms = u64::try_from(self.actor.interval_s).unwrap_or(1) * 1000;
        tokio::time::sleep(Duration::from_millis(self.index as u64 * 137 % spread_ms)).await;
        let mut next_ms = now_ms();
        let mut pause_ms = 500;
        loop {
            if self.actor.wants_link(self.since_start_s())
                && let Ok(stream) = self.connect().await
            {
                self.connects += 1;
                pause_ms = 500;
                self.talk(stream, &mut next_ms).await;
                self.actor.terminal.handle_disconnected();
            } else {
                // Doubled up to half a minute: a gateway that comes back is not run over.
                pause_ms = (pause_ms * 2).min(30_000);
            }
            self.tick(&mut next_ms);
            self.share();
            tokio::time::sleep(Duration::from_millis(pause_ms)).await;
        }
    }

    async fn connect(&self) -> std::io::Result<TcpStream> {
        let socket = if self.target.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        if self.target.ip().is_loopback() && self.target.is_ipv4() {
            let source = u8::try_from(1 + self.index / PER_SOURCE).unwrap_or(u8::MAX);
            socket.bind((Ipv4Addr::new(127, 0, 0, source), 0).into())?;
        }
        let stream = socket.connect(self.target).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// Until the connection ends or the script wants it down.
    async fn talk(&mut self, mut stream: TcpStream, next_ms: &mut i64) {
        let mut buffer = vec![0; 2048];
        self.actor.terminal.handle_connected(now_ms());
        loop {
            if !self.actor.wants_link(self.since_start_s()) || self.flush(&mut stream).await.is_err() {
                return;
            }
            self.share();
            self.upload();
            let wait = u64::try_from(*next_ms - now_ms()).unwrap_or_default().min(1000);
            tokio::select! {
                read = stream.read(&mut buffer) => match read {
                    Ok(bytes) if bytes > 0 => {
                        self.actor.terminal.handle_input(now_ms(), &buffer[..bytes]);
                    }
                    Ok(_) | Err(_) => return,
                },
                () = tokio::time::sleep(Duration::from_millis(wait)) => {
                    self.tick(next_ms);
                    self.actor.terminal.handle_timeout(now_ms());
                }
            }
        }
    }

    fn tick(&mut self, next_ms: &mut i64) {
        let now = now_ms();
        if now < *next_ms {
            return;
        }
        // Nothing is made up for time that has passed unseen, such as a suspended machine.
        *next_ms = (*next_ms).max(now - 60_000);
        let step_ms = self.actor.interval_s() * 1000;
        while *next_ms <= now {
            // A batch holds reports of different seconds, as the wire has no finer time.
            for turn in 0..i64::try_from(self.actor.batch).unwrap_or(1) {
                let at = *next_ms + turn * step_ms / i64::try_from(self.actor.batch).unwrap_or(1);
                self.actor.step(at, (at - self.start_ms) / 1000);
            }
            *next_ms += step_ms;
        }
    }

    async fn flush(&mut self, stream: &mut TcpStream) -> std::io::Result<()> {
        while let Output::Transmit(bytes) = self.actor.terminal.poll_output(now_ms()) {
            let cut = if self.actor.noise == Some(Noise::Split) { bytes.len() / 2 } else { 0 };
            let (first, second) = bytes.split_at(cut);
            stream.write_all(first).await?;
            stream.write_all(second).await?;
        }
        Ok(())
    }

    /// Begins the next upload once the one before is over.
    fn upload(&mut self) {
        while let Some(done) = self.upload.try_join_next() {
            self.files += done.unwrap_or_default();
        }
        if !self.upload.is_empty() {
            return;
        }
        if let Some(request) = self.actor.terminal.take_request() {
            self.uploads += 1;
            // Terminals that lose a block are not all the first ones.
            let number = u32::try_from(self.index).unwrap_or_default().wrapping_add(self.uploads);
            let (address, port) = (request.address.clone(), request.port);
            let upload = Upload::new(self.actor.terminal.identity().clone(), request, number);
            self.upload.spawn(async move {
                let sent = tokio::time::timeout(UPLOAD_MAX, send(upload, &address, port)).await;
                sent.ok().and_then(Result::ok).unwrap_or_default()
            });
        }
    }

    fn since_start_s(&self) -> i64 {
        (now_ms() - self.start_ms) / 1000
    }

    fn share(&mut self) {
        let Some(share) = self.shares.get(self.index) else { return };
        let mut share = share.lock().unwrap_or_else(PoisonError::into_inner);
        let terminal = &mut self.actor.terminal;
        share.online = terminal.is_online();
        share.counts = terminal.counts;
        share.unacknowledged = terminal.unacknowledged();
        share.connects = self.connects;
        share.files = self.files;
        share.latency.merge(&std::mem::take(&mut terminal.latency));
    }
}

/// Says how many files the platform has.
async fn send(mut upload: Upload, address: &str, port: u16) -> std::io::Result<u64> {
    let mut stream = TcpStream::connect((address, port)).await?;
    let mut buffer = vec![0; 2048];
    while !upload.is_over() {
        stream.write_all(&upload.take_output()).await?;
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            break;
        }
        upload.handle_input(&buffer[..read]);
    }
    Ok(upload.whole())
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
