//! A terminal as they are: it registers, authenticates, reports, sends again what has no answer, keeps what it can't
//! send, and begins anew.

use std::collections::VecDeque;

use jt808::{
    Authentication, Edition, Frame, Header, LocationBatch, Message as Wire, Phone, Registration, Text,
    encode_frame,
};

use crate::chance::Chance;
use crate::fold::digits;
use crate::site::{bcd, location};

pub const START_MS: i64 = 1_767_225_600_000; // 2026-01-01T08:00:00+08:00
/// Messages on their way at once.
const WINDOW: usize = 6;
/// An answer that takes longer is missed, and what had none is sent again.
const ANSWER_MS: i64 = 8_000;
/// After so many times the connection is given up.
const SENDS_MAX: u32 = 3;
/// Reports in one 0x0704.
const BATCH: usize = 5;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Standing {
    Silent,
    Registering,
    Authenticating,
    Online,
}

/// Something it wants acknowledged.
struct Message {
    id: u16,
    body: Vec<u8>,
    /// Reports in it.
    reports: usize,
    /// As it was sent on this connection, and when last.
    sent: Option<Sent>,
}

struct Sent {
    serial: u16,
    frame: Vec<u8>,
    keeps: Keeps,
    at: i64,
    times: u32,
}

/// What it does to the world.
pub enum Act {
    /// These bytes, and whether the platform has to keep them.
    Send(Vec<u8>, Keeps),
    /// It believes the connection is dead.
    GiveUp,
}

#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Keeps {
    No,
    Report,
}

pub struct Terminal {
    edition: Edition,
    phone: Phone,
    number: usize,
    chance: Chance,
    standing: Standing,
    asked: Option<Sent>,
    code: Option<Vec<u8>>,
    serial: u16,
    queue: VecDeque<Message>,
    /// How far its clock is wrong.
    pub skew_ms: i64,
    every_ms: i64,
    joins: bool,
    report_at: i64,
    lon_e6: u32,
    speed_kmh: u16,
    speed_until: i64,
    driver: Option<usize>,
    said: u32,
    /// It is switched off for good.
    pub dies_at: Option<i64>,
    /// Reports it made, and those it saw acknowledged.
    pub made: usize,
    pub done: usize,
    /// The planted fault: what is sent again is not all of it.
    pub forgets: bool,
    /// It makes no new reports.
    pub is_quiet: bool,
}

impl Terminal {
    pub fn new(number: usize, chance: &mut Chance) -> Self {
        let edition = chance.pick(&[Edition::V2011, Edition::V2013, Edition::V2019]);
        // Most clocks are right, some a little or much wrong.
        let skew_ms = match chance.below(8) {
            0 => chance.between(-90_000, 90_000),
            1 => chance.pick(&[-7_200_000, 3_600_000, -400 * 86_400_000]),
            _ => chance.between(-800, 800),
        };
        let mut own = Chance::new(chance.between(0, i64::MAX - 1).unsigned_abs());
        Self {
            edition,
            phone: Phone::from_digits(&digits(number), edition).unwrap(),
            number,
            standing: Standing::Silent,
            asked: None,
            code: None,
            serial: 0,
            queue: VecDeque::new(),
            skew_ms,
            every_ms: own.pick(&[5_000, 10_000, 15_000]),
            joins: own.one_in(2),
            report_at: own.between(0, 20_000),
            lon_e6: 91_000_000,
            speed_kmh: 60,
            speed_until: 0,
            driver: None,
            said: 0,
            dies_at: None,
            made: 0,
            done: 0,
            forgets: false,
            is_quiet: false,
            chance: own,
        }
    }

    pub fn is_dead(&self, now: i64) -> bool {
        self.dies_at.is_some_and(|at| at <= now)
    }

    pub fn is_done(&self) -> bool {
        self.queue.is_empty()
    }

    /// The connection is gone: what had no answer goes out again on the next one.
    pub fn lose_connection(&mut self) {
        (self.standing, self.asked) = (Standing::Silent, None);
        for message in &mut self.queue {
            message.sent = None;
        }
        if self.forgets && self.queue.len() > 1 {
            self.queue.pop_front();
        }
        if self.joins {
            self.join();
        }
        if !self.is_quiet && self.chance.one_in(5) {
            self.code = None; // its memory failed too
        }
    }

    /// Time has passed.
    pub fn wake(&mut self, now: i64, is_connected: bool, acts: &mut Vec<Act>) {
        if !self.is_quiet && now >= self.report_at {
            self.report(now);
        }
        if !is_connected {
            return;
        }
        match self.standing {
            Standing::Silent => self.greet(now, acts),
            Standing::Registering | Standing::Authenticating => {
                let Some(asked) = &mut self.asked else { return };
                resend(asked, now, acts);
            }
            Standing::Online => self.send(now, acts),
        }
    }

    /// It has to say something although it has nothing new to say.
    fn greet(&mut self, now: i64, acts: &mut Vec<Act>) {
        let mut body = Vec::new();
        let (id, keeps) = match &self.code {
            None => {
                let plate = format!("A{:05}", self.number);
                let registration = Registration {
                    edition: self.edition,
                    province: 54,
                    city: 102,
                    maker: Text(b"MAKER"),
                    model: Text(b"MODEL"),
                    terminal: Text(b"ID"),
                    colour: 2,
                    plate: Text(plate.as_bytes()),
                };
                Wire::Registration(registration).encode_body(self.edition, &mut body);
                self.standing = Standing::Registering;
                (0x0100, Keeps::Report)
            }
            Some(code) => {
                let details = (self.edition == Edition::V2019).then_some(&[b'0'; 35][..]);
                Wire::Authentication(Authentication { code: Text(code), details })
                    .encode_body(self.edition, &mut body);
                self.standing = Standing::Authenticating;
                (0x0102, Keeps::No)
            }
        };
        let (serial, frame) = self.frame(id, &body);
        acts.push(Act::Send(frame.clone(), keeps));
        self.asked = Some(Sent { serial, frame, keeps, at: now, times: 1 });
    }

    fn send(&mut self, now: i64, acts: &mut Vec<Act>) {
        for at in 0..self.queue.len().min(WINDOW) {
            if let Some(sent) = &mut self.queue[at].sent {
                resend(sent, now, acts);
                continue;
            }
            let message = &self.queue[at];
            let (id, body) = (message.id, message.body.clone());
            let (serial, frame) = self.frame(id, &body);
            acts.push(Act::Send(frame.clone(), Keeps::Report));
            self.queue[at].sent = Some(Sent { serial, frame, keeps: Keeps::Report, at: now, times: 1 });
        }
    }

    /// An answer of the platform; gives the frame that it acknowledges, if it is one that had to be kept.
    pub fn answer(&mut self, frame: &Frame<'_>) -> Result<Option<Vec<u8>>, String> {
        match frame.message() {
            Ok(Wire::RegistrationAnswer(answer)) => {
                let is_it = |asked: &mut Sent| asked.serial == answer.serial;
                let asked = self.asked.take_if(is_it).filter(|_| self.standing == Standing::Registering);
                let Some(asked) = asked else { return Ok(None) };
                if answer.result != 0 {
                    return Err(format!("terminal {} is refused: {}", self.number, answer.result));
                }
                (self.code, self.standing) = (Some(answer.code.0.to_vec()), Standing::Silent);
                Ok(Some(asked.frame))
            }
            Ok(Wire::PlatformAcknowledgement(answer)) => {
                self.acknowledged(answer.serial, answer.id, answer.result)
            }
            Ok(_) => Ok(None),
            Err(error) => Err(format!("terminal {} can't read its answer: {error}", self.number)),
        }
    }

    fn acknowledged(&mut self, serial: u16, id: u16, result: u8) -> Result<Option<Vec<u8>>, String> {
        if id == 0x0102 {
            if self.asked.take_if(|asked| asked.serial == serial).is_some() {
                self.standing = if result == 0 { Standing::Online } else { Standing::Silent };
                self.code.take_if(|_| result != 0);
            }
            return Ok(None);
        }
        let is_it =
            |message: &Message| message.id == id && message.sent.as_ref().is_some_and(|s| s.serial == serial);
        let Some(at) = self.queue.iter().position(is_it) else {
            return Ok(None); // the answer to what was sent twice
        };
        if result != 0 {
            return Err(format!("terminal {}: {id:#06x} is answered {result}", self.number));
        }
        let message = self.queue.remove(at).unwrap();
        self.done += message.reports;
        Ok(message.sent.map(|sent| sent.frame))
    }

    fn frame(&mut self, id: u16, body: &[u8]) -> (u16, Vec<u8>) {
        let serial = self.serial;
        self.serial = serial.wrapping_add(1);
        let mut frame = Vec::new();
        encode_frame(&Header::new(id, self.edition, self.phone, serial), body, &mut frame);
        (serial, frame)
    }

    fn report(&mut self, now: i64) {
        self.report_at = now + self.every_ms;
        if now >= self.speed_until {
            self.speed_kmh = self.chance.pick(&[0, 55, 62, 96, 110, 128]);
            self.speed_until = now + self.chance.between(20_000, 150_000);
        }
        let moved_m = f64::from(self.speed_kmh) / 3.6 * self.every_ms as f64 / 1000.0;
        self.lon_e6 += (moved_m / 0.0968) as u32;
        let at_ms = START_MS + now + self.skew_ms;
        let mut body = location(at_ms, self.lon_e6, self.speed_kmh);
        self.said += 1;
        // The button, and the power; both for a while.
        let alarms = u32::from(self.said % 29 < 2) | u32::from(self.said % 41 > 37) << 8;
        body[..4].copy_from_slice(&alarms.to_be_bytes());
        body.extend([0x01, 4]);
        body.extend((self.lon_e6 / 1000).to_be_bytes());
        self.push(0x0200, body, 1);
        if self.edition != Edition::V2019 && self.chance.one_in(12) {
            self.change_driver(at_ms);
        }
    }

    fn change_driver(&mut self, at_ms: i64) {
        let next = self.driver.is_none().then(|| self.chance.below(4));
        let mut body = vec![if next.is_some() { 1 } else { 2 }];
        body.extend(bcd(at_ms));
        if let Some(driver) = next {
            body.extend([0, 2]);
            body.extend(b"AB");
            body.extend(format!("{:\0<20}", format!("54010{driver}")).into_bytes());
            body.extend([0, 0x20, 0x30, 0x01, 0x01]);
        }
        self.driver = next;
        self.push(0x0702, body, 1);
    }

    fn push(&mut self, id: u16, body: Vec<u8>, reports: usize) {
        self.made += reports;
        self.queue.push_back(Message { id, body, reports, sent: None });
    }

    /// Positions that wait go together, as from a blind zone.
    fn join(&mut self) {
        let mut joined: VecDeque<Message> = VecDeque::new();
        let mut waiting: Vec<Message> = Vec::new();
        for message in self.queue.drain(..) {
            if message.id == 0x0200 && waiting.len() < BATCH {
                waiting.push(message);
                continue;
            }
            joined.extend(batch(std::mem::take(&mut waiting), self.edition));
            match message.id {
                0x0200 => waiting.push(message),
                _ => joined.push_back(message),
            }
        }
        joined.extend(batch(waiting, self.edition));
        self.queue = joined;
    }
}

fn resend(sent: &mut Sent, now: i64, acts: &mut Vec<Act>) {
    if now - sent.at < ANSWER_MS {
        return;
    }
    if sent.times >= SENDS_MAX {
        acts.push(Act::GiveUp);
        return;
    }
    (sent.at, sent.times) = (now, sent.times + 1);
    acts.push(Act::Send(sent.frame.clone(), sent.keeps));
}

fn batch(mut waiting: Vec<Message>, edition: Edition) -> Option<Message> {
    if waiting.len() < 2 {
        return waiting.pop();
    }
    let mut bytes = Vec::new();
    for Message { body, .. } in &waiting {
        bytes.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
        bytes.extend(body);
    }
    let count = u16::try_from(waiting.len()).unwrap();
    let mut body = Vec::new();
    Wire::LocationBatch(LocationBatch { count, kind: 1, bytes: &bytes }).encode_body(edition, &mut body);
    Some(Message { id: 0x0704, body, reports: waiting.len(), sent: None })
}
