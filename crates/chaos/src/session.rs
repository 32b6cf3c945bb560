//! One terminal over TCP: registers, authenticates with the code it was given, reports, and counts what it is answered.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use jt808::{Deframer, Edition, Frame, Message, Registration, Text, encode_text};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval_at, sleep, timeout};

use crate::ledger::{Ledger, now_ms};
use crate::report::Alarms;
use crate::{Plant, report};

/// How long a terminal waits for the answers to its sign-in.
const SIGN_IN_MAX: Duration = Duration::from_secs(20);
/// How long one that is told to stop waits for its acknowledgements.
const SETTLE_MAX: Duration = Duration::from_secs(10);
/// Reports without an answer on one connection; beyond it the terminal waits, as a real one does.
const WINDOW: usize = 128;
/// Reports of an earlier connection that are sent again on the next.
const AGAIN_MAX: usize = 256;
/// Ids of JT/T 808.
const REGISTER: u16 = 0x0100;
const AUTHENTICATE: u16 = 0x0102;
const REPORT: u16 = 0x0200;
const ACKNOWLEDGE: u16 = 0x8001;
const REGISTERED: u16 = 0x8100;

/// How a terminal behaves.
#[derive(Clone)]
pub struct Habit {
    pub address: SocketAddr,
    /// Between two reports.
    pub every: Duration,
    /// Dials again after a connection ended.
    pub is_persistent: bool,
    /// Gives a connection up on which nothing was answered for so long.
    pub patience: Option<Duration>,
    /// Alarms of a report, by terminal and its number.
    pub alarm: fn(usize, u32) -> Alarms,
    pub plant: Plant,
}

/// What one terminal saw.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub connections: u64,
    pub signed_in: u64,
    pub sent: u64,
    pub acknowledged: u64,
    /// Reports answered with another result than 0.
    pub refused: u64,
    /// Acknowledgements of what was not sent on that connection.
    pub strange: u64,
    /// From a report to its acknowledgement, microseconds.
    pub micros: Vec<u32>,
    /// When the newest report that was acknowledged had been sent, ms since 1970.
    pub newest_ms: i64,
    /// Why the last connection could not be used, if it could not.
    pub problem: Option<String>,
}

/// Goes on until `stop`, or to the end of the connection.
pub async fn drive(
    ledger: Arc<Ledger>,
    terminal: usize,
    habit: Arc<Habit>,
    mut stop: watch::Receiver<bool>,
) -> Tally {
    let mut tally = Tally::default();
    loop {
        tally.connections += 1;
        let ended = converse(&ledger, terminal, &habit, &mut stop, &mut tally).await;
        tally.problem = ended.err().map(|error| format!("{error:#}"));
        if *stop.borrow() || !habit.is_persistent {
            return tally;
        }
        // Terminals of one gateway don't come back in step.
        let wait = Duration::from_millis(100 + (terminal as u64 * 37) % 400);
        tokio::select! {
            () = sleep(wait) => {}
            _ = stop.changed() => return tally,
        }
    }
}

async fn converse(
    ledger: &Ledger,
    terminal: usize,
    habit: &Habit,
    stop: &mut watch::Receiver<bool>,
    tally: &mut Tally,
) -> Result<()> {
    let mut wire = timeout(SIGN_IN_MAX, Wire::dial(habit.address, terminal)).await.context("dialling")??;
    timeout(SIGN_IN_MAX, wire.sign_in(ledger)).await.context("no answer to the sign-in")??;
    tally.signed_in += 1;
    let unanswered: Vec<u32> = {
        let book = ledger.book(terminal);
        let all = book.acknowledged.iter().enumerate().rev().take(AGAIN_MAX);
        all.filter(|(_, is)| !**is).map(|(n, _)| n as u32).collect()
    };
    for n in unanswered.into_iter().rev() {
        wire.report(ledger, n, habit, tally).await?;
    }
    report_on(&mut wire, ledger, habit, stop, tally).await
}

async fn report_on(
    wire: &mut Wire,
    ledger: &Ledger,
    habit: &Habit,
    stop: &mut watch::Receiver<bool>,
    tally: &mut Tally,
) -> Result<()> {
    let first = Instant::now() + habit.every.mul_f64((wire.terminal as f64 * 0.618).fract());
    let mut ticks = interval_at(first.into(), habit.every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // It may have been told while it signed in.
    let mut settle_until = stop.borrow().then(|| Instant::now() + SETTLE_MAX);
    loop {
        let is_settling = settle_until.is_some();
        if habit.patience.is_some_and(|patience| wire.waits() > patience) {
            bail!("no answer for {:?}", wire.waits());
        }
        if settle_until.is_some_and(|until| wire.open.is_empty() || Instant::now() >= until) {
            return Ok(());
        }
        tokio::select! {
            _ = ticks.tick(), if !is_settling && wire.open.len() < WINDOW => {
                match ledger.send(wire.terminal) {
                    // A write to a service that is gone fails; what it said before is still there to be read.
                    Some(n) => drop(wire.report(ledger, n, habit, tally).await),
                    None => settle_until = Some(Instant::now() + SETTLE_MAX),
                }
            }
            read = wire.read() => {
                let answers = read?;
                for answer in answers {
                    wire.settle(&answer, ledger, tally);
                }
            }
            _ = stop.changed(), if !is_settling => settle_until = Some(Instant::now() + SETTLE_MAX),
            () = sleep(Duration::from_millis(100)), if is_settling => {}
        }
    }
}

/// A frame of the platform.
pub struct Down {
    pub id: u16,
    pub body: Vec<u8>,
}

/// A connection.
pub struct Wire {
    stream: TcpStream,
    deframer: Deframer,
    terminal: usize,
    number: String,
    serial: u16,
    /// Reports without an answer, by serial: their number, when they were sent by both clocks.
    open: HashMap<u16, (u32, Instant, i64)>,
}

impl Wire {
    pub async fn dial(address: SocketAddr, terminal: usize) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let number = report::number(terminal);
        // Anywhere: a serial says nothing about the reports before it.
        let serial = (terminal as u16).wrapping_mul(7_919);
        Ok(Self { stream, deframer: Deframer::default(), terminal, number, serial, open: HashMap::new() })
    }

    /// With the code of the ledger, or one that is asked for. A code that is refused is asked for anew.
    pub async fn sign_in(&mut self, ledger: &Ledger) -> Result<()> {
        for _ in 0..2 {
            let known = ledger.book(self.terminal).code.clone();
            let code = match known {
                Some(code) => code,
                None => self.register().await?,
            };
            let mut body = Vec::new();
            body.extend_from_slice(&code);
            let serial = self.send(AUTHENTICATE, &body).await?;
            let result = loop {
                let answer = self.next(ACKNOWLEDGE).await?;
                if let Some((answered, AUTHENTICATE, result)) = acknowledgement(&answer)
                    && answered == serial
                {
                    break result;
                }
            };
            let mut book = ledger.book(self.terminal);
            book.code = (result == 0).then_some(code);
            if result == 0 {
                return Ok(());
            }
        }
        bail!("terminal {}: its code was refused twice", self.number)
    }

    async fn register(&mut self) -> Result<Vec<u8>> {
        let plate = encode_text(&crate::site::plate(self.terminal));
        let id = format!("{:07}", self.terminal);
        let registration = Registration {
            edition: Edition::V2013,
            province: 54,
            city: 102,
            maker: Text(b"CHAOS"),
            model: Text(b"RIG-1"),
            terminal: Text(id.as_bytes()),
            colour: 2,
            plate: Text(&plate),
        };
        let mut body = Vec::new();
        Message::Registration(registration).encode_body(Edition::V2013, &mut body);
        self.send(REGISTER, &body).await?;
        let answer = self.next(REGISTERED).await?;
        let (head, code) = answer.body.split_at_checked(3).context("0x8100 of less than 3 bytes")?;
        ensure!(head[2] == 0, "terminal {}: registration refused with result {}", self.number, head[2]);
        Ok(code.to_vec())
    }

    /// Sends report `n`, which the ledger has as sent.
    async fn report(&mut self, ledger: &Ledger, n: u32, habit: &Habit, tally: &mut Tally) -> Result<()> {
        let mut body = Vec::new();
        report::body(&ledger.said(self.terminal, n), (habit.alarm)(self.terminal, n), &mut body);
        let sent = (n, Instant::now(), now_ms());
        let serial = self.send(REPORT, &body).await?;
        tally.sent += 1;
        self.open.insert(serial, sent);
        if habit.plant == Plant::AckEarly {
            ledger.acknowledge(self.terminal, n);
        }
        Ok(())
    }

    /// How long the oldest report without an answer has waited.
    fn waits(&self) -> Duration {
        self.open.values().map(|(_, since, _)| since.elapsed()).max().unwrap_or_default()
    }

    /// Takes one answer into the account.
    fn settle(&mut self, answer: &Down, ledger: &Ledger, tally: &mut Tally) {
        let Some((serial, REPORT, result)) = acknowledgement(answer) else { return };
        let Some((n, since, sent_ms)) = self.open.remove(&serial) else {
            tally.strange += 1;
            return;
        };
        if result != 0 {
            tally.refused += 1;
            return;
        }
        ledger.acknowledge(self.terminal, n);
        tally.acknowledged += 1;
        tally.newest_ms = tally.newest_ms.max(sent_ms);
        tally.micros.push(u32::try_from(since.elapsed().as_micros()).unwrap_or(u32::MAX));
    }

    pub async fn send(&mut self, id: u16, body: &[u8]) -> Result<u16> {
        self.serial = self.serial.wrapping_add(1);
        let mut bytes = Vec::new();
        report::frame(&self.number, id, self.serial, body, &mut bytes);
        self.stream.write_all(&bytes).await?;
        Ok(self.serial)
    }

    /// The next frame of this id; others are passed over.
    async fn next(&mut self, id: u16) -> Result<Down> {
        loop {
            if let Some(found) = self.read().await?.into_iter().find(|down| down.id == id) {
                return Ok(found);
            }
        }
    }

    /// What comes next; an error once the platform has closed. Can be given up while it waits.
    pub async fn read(&mut self) -> Result<Vec<Down>> {
        let mut buffer = [0; 4096];
        let count = self.stream.read(&mut buffer).await?;
        ensure!(count > 0, "the platform closed the connection");
        let mut downs = Vec::new();
        self.deframer.push(&buffer[..count], &mut |piece| {
            if let Ok(frame) = piece.unescaped.and_then(Frame::decode) {
                downs.push(Down { id: frame.header.id, body: frame.body.to_vec() });
            }
        });
        Ok(downs)
    }
}

/// Serial, id and result of a 0x8001.
fn acknowledgement(down: &Down) -> Option<(u16, u16, u8)> {
    match down.body[..] {
        [a, b, c, d, result, ..] if down.id == ACKNOWLEDGE => {
            Some((u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]), result))
        }
        _ => None,
    }
}
