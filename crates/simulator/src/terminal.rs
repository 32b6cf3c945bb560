//! A terminal's side of the conversation, without sockets or clock.

mod obey;

use std::collections::VecDeque;

use self::obey::Watched;
use crate::latency::Latency;
use crate::report::Position;
use crate::upload::Request;
use crate::wire::{self, Reader};

/// An answer that does not come in this time is asked for again.
const RETRY_MS: i64 = 15_000;
/// Silence after which a heartbeat is sent.
const HEARTBEAT_MS: i64 = 60_000;
/// Requests for files that wait; further ones are forgotten, as devices do.
const REQUESTS_MAX: usize = 8;
/// Bytes of reports in one 0x0704, well below the 1,023 of a frame.
const BATCH_BYTES_MAX: usize = 960;

/// Which edition of JT/T 808 a terminal was built for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Edition {
    /// JT/T 808-2011.
    V2011,
    /// JT/T 808-2013.
    V2013,
    /// JT/T 808-2019.
    V2019,
}

/// Who a terminal says it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Identity {
    /// Its number.
    pub phone: String,
    /// The plate it registers with.
    pub plate: String,
    /// Colour code of JT/T 697.7.
    pub color: u8,
    /// Edition.
    pub edition: Edition,
}

/// What to do next.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Output {
    /// Write these bytes.
    Transmit(Vec<u8>),
    /// Nothing until input, a report, or this moment.
    Wait(i64),
}

/// A message that waits for its acknowledgement.
#[derive(Clone, Debug)]
struct Pending {
    id: u16,
    body: Vec<u8>,
    reports: u64,
    sent: Option<(u16, i64)>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    Offline,
    Registering,
    Authenticating,
    Online,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Terminal {
    identity: Identity,
    stage: Stage,
    code: Option<Vec<u8>>,
    serial: u16,
    reader: Reader,
    out: Vec<u8>,
    /// At most `pending_max`; a report that finds no room is handed back, never dropped.
    pending: VecDeque<Pending>,
    pending_max: usize,
    window: usize,
    last_sent_ms: i64,
    asked_ms: i64,
    interval_s: Option<u32>,
    /// Body of the newest report, for 0x8201.
    newest: Vec<u8>,
    /// Parameters as set by 0x8103; a handful of ids, at most 64.
    parameters: Vec<(u32, Vec<u8>)>,
    texts: u64,
    /// What 0x8604 and 0x8606 brought; bounded where it is added to.
    watched: Vec<Watched>,
    /// Body of the newest 0x0702 of a card that went in, for 0x8702.
    card: Vec<u8>,
    /// Id of the newest picture.
    media: u32,
    /// Files the platform asks for; at most [`REQUESTS_MAX`].
    requests: VecDeque<Request>,
    /// Counts for the report.
    pub(crate) counts: Counts,
    /// How long acknowledgements took.
    pub(crate) latency: Latency,
}

/// What a terminal counts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Counts {
    pub(crate) sent: u64,
    pub(crate) acknowledged: u64,
    pub(crate) refused: u64,
}

impl Terminal {
    /// `window`: messages on the way at once; `pending_max`: messages kept.
    pub fn new(identity: Identity, window: usize, pending_max: usize) -> Self {
        Self {
            identity,
            stage: Stage::Offline,
            code: None,
            serial: 0,
            reader: Reader::default(),
            out: Vec::new(),
            pending: VecDeque::new(),
            pending_max: pending_max.max(1),
            window: window.max(1),
            last_sent_ms: 0,
            asked_ms: 0,
            interval_s: None,
            newest: Vec::new(),
            parameters: Vec::new(),
            texts: 0,
            watched: Vec::new(),
            card: Vec::new(),
            media: 0,
            requests: VecDeque::new(),
            counts: Counts::default(),
            latency: Latency::default(),
        }
    }

    /// A connection is there: registers, or authenticates where a code is known. What was reported while there was
    /// none goes out as blind-area batches (0x0704 type 1).
    pub fn handle_connected(&mut self, now_ms: i64) {
        self.reader = Reader::default();
        self.out.clear();
        self.pending.iter_mut().for_each(|message| message.sent = None);
        self.batch();
        self.knock(now_ms);
    }

    /// The connection is gone.
    pub fn handle_disconnected(&mut self) {
        self.stage = Stage::Offline;
    }

    /// Bytes from the platform.
    pub fn handle_input(&mut self, now_ms: i64, bytes: &[u8]) {
        let mut frames = Vec::new();
        self.reader.push(bytes, &mut frames);
        for frame in frames {
            self.handle_frame(now_ms, &frame);
        }
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now_ms: i64) {
        match self.stage {
            Stage::Offline => {}
            Stage::Registering | Stage::Authenticating => {
                if now_ms - self.asked_ms >= RETRY_MS {
                    self.knock(now_ms);
                }
            }
            Stage::Online => {
                for message in &mut self.pending {
                    if message.sent.is_some_and(|(_, at)| now_ms - at >= RETRY_MS) {
                        message.sent = None;
                    }
                }
                if now_ms - self.last_sent_ms >= HEARTBEAT_MS {
                    self.write(now_ms, 0x0002, &[]);
                }
            }
        }
    }

    /// Queues a report; `false`: there is no room, offer it again later.
    pub fn report(&mut self, position: &Position) -> bool {
        let mut body = Vec::with_capacity(128);
        position.encode(&mut body);
        self.newest.clone_from(&body);
        self.queue(0x0200, body, 1)
    }

    /// Queues what was recorded earlier as one blind-area batch after another.
    pub fn history(&mut self, positions: &[Position]) -> bool {
        positions.iter().all(|position| self.report(position)) && {
            self.batch();
            true
        }
    }

    /// Queues a card going in (0x0702); 2011 has no such event and sends nothing.
    pub fn card(&mut self, at_ms: i64, certificate: &str, name: &str) -> bool {
        if self.identity.edition == Edition::V2011 {
            return true;
        }
        let mut body = vec![0x01];
        wire::device_time(at_ms, &mut body);
        body.push(0x00);
        let name = gbk(name);
        body.push(u8::try_from(name.len()).unwrap_or_default());
        body.extend(&name);
        padded(certificate.as_bytes(), 20, &mut body);
        body.push(0);
        wire::bcd("20331231", 4, &mut body);
        if self.identity.edition == Edition::V2019 {
            padded(b"540100198001010000", 20, &mut body);
        }
        self.card.clone_from(&body);
        self.queue(0x0702, body, 0)
    }

    /// Registers anew, with this plate.
    pub(crate) fn register_as(&mut self, now_ms: i64, plate: &str, color: u8) {
        plate.clone_into(&mut self.identity.plate);
        (self.identity.color, self.code) = (color, None);
        if self.stage != Stage::Offline {
            self.knock(now_ms);
        }
    }

    /// Who it says it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Writes bytes that are no frame, and a call for help with a wrong checksum.
    pub(crate) fn garble(&mut self, now_ms: i64, position: &Position) {
        if self.stage != Stage::Online {
            return;
        }
        self.out.extend([0x00, 0x7e, 0x02, 0x00, 0x00, 0x7e, 0x55, 0x7d]);
        let mut body = Vec::with_capacity(128);
        Position { alarm: 1, ..position.clone() }.encode(&mut body);
        self.write(now_ms, 0x0200, &body);
        // The delimiter and, before it, the checksum or the end of its escape.
        if let Some(last) = self.out.iter_mut().rev().nth(1) {
            *last ^= 0x10;
        }
    }

    /// A frame that no standard knows.
    pub(crate) fn unknown(&mut self, now_ms: i64) {
        if self.stage == Stage::Online {
            self.write(now_ms, 0x0f0f, &[1, 2, 3]);
        }
    }

    /// What to do next; call until it waits.
    pub fn poll_output(&mut self, now_ms: i64) -> Output {
        if self.stage == Stage::Online {
            self.send_pending(now_ms);
        }
        if self.out.is_empty() {
            Output::Wait(now_ms + 1000)
        } else {
            Output::Transmit(std::mem::take(&mut self.out))
        }
    }

    /// Reports without an acknowledgement.
    pub fn unacknowledged(&self) -> u64 {
        self.pending.iter().map(|message| message.reports).sum()
    }

    /// Registered, authenticated and reporting.
    pub fn is_online(&self) -> bool {
        self.stage == Stage::Online
    }

    /// The reporting interval the platform has set (parameter 0x0029), seconds.
    pub fn interval_s(&self) -> Option<u32> {
        self.interval_s
    }

    /// Texts shown to the driver so far.
    pub fn texts(&self) -> u64 {
        self.texts
    }

    /// The next files the platform asks for.
    pub fn take_request(&mut self) -> Option<Request> {
        self.requests.pop_front()
    }

    fn queue(&mut self, id: u16, body: Vec<u8>, reports: u64) -> bool {
        let room = self.pending.len() < self.pending_max;
        if room {
            self.pending.push_back(Pending { id, body, reports, sent: None });
        }
        room
    }

    /// Puts neighbouring unsent reports together.
    fn batch(&mut self) {
        let waiting = std::mem::take(&mut self.pending);
        if waiting.iter().filter(|m| m.id == 0x0200 && m.sent.is_none()).count() < 2 {
            self.pending = waiting;
            return;
        }
        for message in waiting {
            if message.id != 0x0200 || message.sent.is_some() {
                self.pending.push_back(message);
                continue;
            }
            let more = message.body.len() + 2;
            let open = self.pending.back_mut().filter(|last| {
                last.id == 0x0704 && last.sent.is_none() && last.body.len() + more <= BATCH_BYTES_MAX
            });
            let batch = match open {
                Some(batch) => batch,
                None => {
                    self.pending.push_back(Pending {
                        id: 0x0704,
                        body: vec![0, 0, 1],
                        reports: 0,
                        sent: None,
                    });
                    let Some(batch) = self.pending.back_mut() else { return };
                    batch
                }
            };
            batch.reports += 1;
            let count = u16::try_from(batch.reports).unwrap_or(u16::MAX).to_be_bytes();
            batch.body[..2].copy_from_slice(&count);
            batch.body.extend(u16::try_from(message.body.len()).unwrap_or_default().to_be_bytes());
            batch.body.extend(&message.body);
        }
    }

    fn send_pending(&mut self, now_ms: i64) {
        let underway = self.pending.iter().filter(|message| message.sent.is_some()).count();
        let mut room = self.window.saturating_sub(underway);
        for index in 0..self.pending.len() {
            if room == 0 {
                return;
            }
            let Some(message) = self.pending.get_mut(index).filter(|message| message.sent.is_none()) else {
                continue;
            };
            let (id, body, reports) = (message.id, std::mem::take(&mut message.body), message.reports);
            let serial = self.write(now_ms, id, &body);
            if let Some(message) = self.pending.get_mut(index) {
                (message.body, message.sent) = (body, Some((serial, now_ms)));
            }
            self.counts.sent += reports;
            room -= 1;
        }
    }

    fn handle_frame(&mut self, now_ms: i64, frame: &wire::Down) {
        let word = |at: usize| Some(u16::from_be_bytes([*frame.body.get(at)?, *frame.body.get(at + 1)?]));
        match frame.id {
            0x8001 => {
                if let (Some(serial), Some(id), Some(result)) = (word(0), word(2), frame.body.get(4)) {
                    self.handle_answer(now_ms, serial, id, *result);
                }
            }
            0x8100 if frame.body.get(2) == Some(&0) => {
                self.code = frame.body.get(3..).map(<[u8]>::to_vec);
                self.knock(now_ms);
            }
            0x8100 => self.counts.refused += 1,
            0x8103 => {
                self.set_parameters(&frame.body);
                self.answer(now_ms, frame, 0);
            }
            0x8104 => self.tell_parameters(now_ms, frame.serial),
            // The 2011 edition has no such message.
            0x8107 if self.identity.edition == Edition::V2011 => self.answer(now_ms, frame, 3),
            0x8107 => self.tell_properties(now_ms),
            0x8201 => self.tell_position(now_ms, frame.serial),
            0x9208 => {
                let request = Request::read(&frame.body);
                self.answer(now_ms, frame, if request.is_some() { 0 } else { 2 });
                if self.requests.len() < REQUESTS_MAX {
                    self.requests.extend(request);
                }
            }
            0x8300 => {
                self.texts += 1;
                self.answer(now_ms, frame, 0);
            }
            _ => self.obey(now_ms, frame),
        }
    }

    fn handle_answer(&mut self, now_ms: i64, serial: u16, id: u16, result: u8) {
        match (self.stage, id, result) {
            (Stage::Authenticating, 0x0102, 0) => self.stage = Stage::Online,
            (Stage::Authenticating, 0x0102, _) => {
                self.code = None;
                self.counts.refused += 1;
            }
            (_, _, 0 | 4) => {
                let same = |m: &Pending| m.id == id && m.sent.is_some_and(|(sent, _)| sent == serial);
                let Some(at) = self.pending.iter().position(same) else { return };
                let Some(done) = self.pending.remove(at) else { return };
                self.counts.acknowledged += done.reports;
                let sent_ms = done.sent.map_or(now_ms, |(_, at)| at);
                self.latency.record(u64::try_from(now_ms - sent_ms).unwrap_or_default() * 1000);
            }
            _ => self.counts.refused += 1,
        }
    }

    /// Registers or authenticates.
    fn knock(&mut self, now_ms: i64) {
        self.asked_ms = now_ms;
        let Some(code) = self.code.clone() else {
            self.stage = Stage::Registering;
            let body = self.registration();
            self.write(now_ms, 0x0100, &body);
            return;
        };
        self.stage = Stage::Authenticating;
        let mut body = Vec::new();
        if self.identity.edition == Edition::V2019 {
            body.push(u8::try_from(code.len()).unwrap_or_default());
            body.extend(&code);
            padded(b"860000000000000", 15, &mut body);
            padded(b"simulated", 20, &mut body);
        } else {
            body = code;
        }
        self.write(now_ms, 0x0102, &body);
    }

    /// 0x0100; the lengths are those of the three editions.
    fn registration(&self) -> Vec<u8> {
        let (maker, model, id) = match self.identity.edition {
            Edition::V2011 => (5, 8, 7),
            Edition::V2013 => (5, 20, 7),
            Edition::V2019 => (11, 30, 30),
        };
        let mut body = vec![0x00, 54, 0x00, 0x01];
        padded(b"ROADW", maker, &mut body);
        padded(b"SIM-1", model, &mut body);
        padded(self.short_phone(), id, &mut body);
        body.push(self.identity.color);
        body.extend(gbk(&self.identity.plate));
        body
    }

    /// 0x8103: count, then id, length and value of each.
    fn set_parameters(&mut self, body: &[u8]) {
        let mut rest = body.get(1..).unwrap_or_default();
        while let Some((head, tail)) = rest.split_first_chunk::<5>() {
            let id = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
            let Some(value) = tail.get(..usize::from(head[4])) else { return };
            if id == 0x29 {
                self.interval_s = value.try_into().ok().map(u32::from_be_bytes).filter(|s| *s > 0);
            }
            self.parameters.retain(|(known, _)| *known != id);
            if self.parameters.len() < 64 {
                self.parameters.push((id, value.to_vec()));
            }
            rest = tail.get(usize::from(head[4])..).unwrap_or_default();
        }
    }

    fn tell_parameters(&mut self, now_ms: i64, serial: u16) {
        let mut body = serial.to_be_bytes().to_vec();
        body.push(u8::try_from(self.parameters.len()).unwrap_or_default());
        for (id, value) in self.parameters.iter().take(32) {
            body.extend(id.to_be_bytes());
            body.push(u8::try_from(value.len()).unwrap_or_default());
            body.extend(value);
        }
        self.write(now_ms, 0x0104, &body);
    }

    /// 0x0107: what it is; model and terminal id are longer in 2019.
    fn tell_properties(&mut self, now_ms: i64) {
        let (model, id) = if self.identity.edition == Edition::V2019 { (30, 30) } else { (20, 7) };
        let mut body = vec![0x00, 0x07];
        padded(b"ROADW", 5, &mut body);
        padded(b"SIM-1", model, &mut body);
        padded(self.short_phone(), id, &mut body);
        wire::bcd(&format!("898600{:0>14}", self.identity.phone), 10, &mut body);
        for version in [b"H1", b"F1"] {
            body.extend([2, version[0], version[1]]);
        }
        // GPS and BeiDou; TD-LTE.
        body.extend([0b11, 1 << 5]);
        self.write(now_ms, 0x0107, &body);
    }

    /// The last seven digits: what fits a terminal id.
    fn short_phone(&self) -> &[u8] {
        let phone = self.identity.phone.as_bytes();
        phone.get(phone.len().saturating_sub(7)..).unwrap_or_default()
    }

    /// 0x0201: the serial asked with and the newest report.
    fn tell_position(&mut self, now_ms: i64, serial: u16) {
        let mut body = serial.to_be_bytes().to_vec();
        body.extend(&self.newest);
        self.write(now_ms, 0x0201, &body);
    }

    /// 0x0001: 0 done, 1 failed, 2 wrong message, 3 unsupported.
    fn answer(&mut self, now_ms: i64, frame: &wire::Down, result: u8) {
        let mut body = frame.serial.to_be_bytes().to_vec();
        body.extend(frame.id.to_be_bytes());
        body.push(result);
        self.write(now_ms, 0x0001, &body);
    }

    fn write(&mut self, now_ms: i64, id: u16, body: &[u8]) -> u16 {
        let serial = self.serial;
        self.serial = serial.wrapping_add(1);
        self.last_sent_ms = now_ms;
        wire::write(self.identity.edition, &self.identity.phone, id, serial, body, &mut self.out);
        serial
    }
}

fn padded(text: &[u8], bytes: usize, into: &mut Vec<u8>) {
    let end = into.len() + bytes;
    into.extend(text.iter().take(bytes));
    into.resize(end, 0);
}

/// GBK of the few characters plates and names of the seeds are made of; anything else is a question mark.
fn gbk(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for character in text.chars() {
        match character {
            '藏' => bytes.extend([0xb2, 0xd8]),
            ascii if ascii.is_ascii() => bytes.extend(u8::try_from(ascii)),
            _ => bytes.push(b'?'),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A platform that answers what it is told to.
    struct Platform {
        terminal: Terminal,
        reader: Reader,
        now_ms: i64,
    }

    impl Platform {
        fn new(edition: Edition) -> Self {
            let identity =
                Identity { phone: "13989100001".into(), plate: "藏AF9276".into(), color: 2, edition };
            Self { terminal: Terminal::new(identity, 4, 8), reader: Reader::default(), now_ms: 0 }
        }

        fn hear(&mut self) -> Vec<wire::Down> {
            let mut frames = Vec::new();
            while let Output::Transmit(bytes) = self.terminal.poll_output(self.now_ms) {
                self.reader.push(&bytes, &mut frames);
            }
            frames
        }

        fn say(&mut self, id: u16, body: &[u8]) {
            let mut bytes = Vec::new();
            wire::write(self.terminal.identity.edition, "13989100001", id, 9, body, &mut bytes);
            self.terminal.handle_input(self.now_ms, &bytes);
        }

        fn acknowledge(&mut self, frame: &wire::Down, result: u8) {
            let mut body = frame.serial.to_be_bytes().to_vec();
            body.extend(frame.id.to_be_bytes());
            body.push(result);
            self.say(0x8001, &body);
        }

        fn sign_in(&mut self) {
            self.terminal.handle_connected(self.now_ms);
            let mut heard = self.hear();
            if heard[0].id == 0x0100 {
                self.say(0x8100, &[&heard[0].serial.to_be_bytes()[..], &[0], b"code"].concat());
                heard = self.hear();
            }
            assert_eq!(heard[0].id, 0x0102);
            self.acknowledge(&heard[0], 0);
            assert!(self.terminal.is_online());
        }

        fn ids(&mut self) -> Vec<u16> {
            self.hear().iter().map(|frame| frame.id).collect()
        }
    }

    fn position(at_ms: i64) -> Position {
        Position {
            at_ms,
            lon: 91.1,
            lat: 29.6,
            altitude_m: 3650,
            speed_kmh: 60.0,
            heading_deg: 0,
            alarm: 0,
            acc: true,
            positioned: true,
            odometer_tenth_km: 1,
            safety: None,
        }
    }

    #[test]
    fn every_edition_registers_in_its_own_length() {
        for (edition, expected) in [(Edition::V2011, 33), (Edition::V2013, 45), (Edition::V2019, 84)] {
            let mut platform = Platform::new(edition);
            platform.terminal.handle_connected(0);
            let heard = platform.hear();
            assert_eq!((heard[0].id, heard[0].body.len()), (0x0100, expected), "{edition:?}");
            platform.sign_in();
        }
    }

    #[test]
    fn what_is_unacknowledged_comes_again_after_a_reconnect_as_a_batch() {
        let mut platform = Platform::new(Edition::V2013);
        platform.sign_in();
        assert!((0..3).all(|n| platform.terminal.report(&position(n * 1000))));
        let first = platform.hear();
        assert_eq!(first.len(), 3);
        platform.acknowledge(&first[0], 0);
        platform.acknowledge(&first[1], 1);
        assert_eq!((platform.terminal.unacknowledged(), platform.terminal.counts.refused), (2, 1));
        platform.terminal.handle_disconnected();
        platform.sign_in();
        let again = platform.hear();
        assert_eq!((again[0].id, &again[0].body[..3]), (0x0704, &[0, 2, 1][..]));
        platform.acknowledge(&again[0], 0);
        assert_eq!((platform.terminal.unacknowledged(), platform.terminal.counts.acknowledged), (0, 3));
    }

    #[test]
    fn a_full_memory_hands_a_report_back() {
        let mut platform = Platform::new(Edition::V2019);
        assert!((0..8).all(|n| platform.terminal.report(&position(n))));
        assert!(!platform.terminal.report(&position(9)));
        assert_eq!(platform.terminal.unacknowledged(), 8);
    }

    #[test]
    fn an_answer_that_does_not_come_is_asked_for_again() {
        let mut platform = Platform::new(Edition::V2013);
        platform.sign_in();
        platform.terminal.report(&position(0));
        assert_eq!(platform.ids(), [0x0200]);
        assert!(platform.ids().is_empty());
        platform.now_ms = RETRY_MS;
        platform.terminal.handle_timeout(RETRY_MS);
        assert_eq!(platform.ids(), [0x0200]);
        platform.now_ms += HEARTBEAT_MS;
        platform.terminal.handle_timeout(platform.now_ms);
        assert_eq!(platform.ids(), [0x0002, 0x0200]);
    }

    /// What the terminal of an edition answers: ids, and bodies in hex.
    fn told(platform: &mut Platform, id: u16, body: &[u8]) -> Vec<(u16, String)> {
        platform.say(id, body);
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        platform.hear().iter().map(|frame| (frame.id, hex(&frame.body))).collect()
    }

    #[test]
    fn doors_are_locked_in_the_words_of_each_edition() {
        for (edition, lock, unlock) in [
            (Edition::V2013, &[1][..], &[0][..]),
            (Edition::V2019, &[0, 1, 0, 1, 0][..], &[0, 1, 0, 1, 1][..]),
        ] {
            let mut platform = Platform::new(edition);
            platform.sign_in();
            assert_eq!(told(&mut platform, 0x8500, lock), [(0x0001, "0009850001".into())]);
            platform.terminal.report(&position(0));
            platform.hear();
            let answers = [lock, unlock].map(|body| told(&mut platform, 0x8500, body).remove(0));
            let status = |(id, body): &(u16, String)| (*id, body[..4].to_owned(), body[12..20].to_owned());
            assert_eq!(status(&answers[0]), (0x0500, "0009".into(), "00001003".into()), "{edition:?}");
            assert_eq!(status(&answers[1]), (0x0500, "0009".into(), "00000003".into()), "{edition:?}");
        }
    }

    #[test]
    fn areas_are_kept_told_and_forgotten() {
        let mut platform = Platform::new(Edition::V2019);
        platform.sign_in();
        for id in 1..=2 {
            told(&mut platform, 0x8604, &[0, 0, 0, id, 0, 0, 0, 0, 0, 0]);
        }
        let all = &[3, 0, 0, 0, 0];
        let both = ["0300000002", "00000001000000000000", "00000002000000000000"].concat();
        assert_eq!(told(&mut platform, 0x8608, all), [(0x0608, both)]);
        let one = ["0300000001", "00000001000000000000"].concat();
        assert_eq!(told(&mut platform, 0x8608, &[3, 0, 0, 0, 1, 0, 0, 0, 1]), [(0x0608, one)]);
        assert_eq!(told(&mut platform, 0x8605, &[1, 0, 0, 0, 1]), [(0x0001, "0009860500".into())]);
        told(&mut platform, 0x8605, &[0]);
        assert_eq!(told(&mut platform, 0x8608, all), [(0x0608, "0300000000".into())]);
        let full: Vec<_> =
            (0..25).map(|id| told(&mut platform, 0x8606, &[0, 0, 0, id]).remove(0).1).collect();
        assert_eq!((full[23].as_str(), full[24].as_str()), ("0009860600", "0009860601"));
    }

    #[test]
    fn what_is_asked_for_is_told() {
        let mut platform = Platform::new(Edition::V2013);
        platform.sign_in();
        let clock = "000902557a0200060070010108000053";
        assert_eq!(told(&mut platform, 0x8700, &[2]), [(0x0700, clock.into())]);
        assert_eq!(told(&mut platform, 0x8700, &[1]), [(0x0001, "0009870003".into())]);
        assert_eq!(told(&mut platform, 0x8801, &[1, 0, 2]), [(0x0805, "00090000020000000100000002".into())]);
        assert_eq!(told(&mut platform, 0x8801, &[1, 0xff, 0xff]), [(0x0805, "000900000100000003".into())]);
        assert_eq!(told(&mut platform, 0x8802, &[0; 15]), [(0x0802, "00090000".into())]);
        assert_eq!(told(&mut platform, 0x8702, &[]), [(0x0702, "02700101080000".into())]);
        assert_eq!(told(&mut platform, 0x8105, &[4]), [(0x0001, "0009810500".into())]);
        assert_eq!(told(&mut platform, 0x8608, &[3, 0, 0, 0, 0]), [(0x0001, "0009860803".into())]);
    }

    #[test]
    fn commands_are_obeyed() {
        let mut platform = Platform::new(Edition::V2013);
        platform.sign_in();
        platform.terminal.report(&position(0));
        platform.hear();
        platform.say(0x8201, &[]);
        platform.say(0x8300, b"\x04slow down");
        platform.say(0x8103, &[1, 0, 0, 0, 0x29, 4, 0, 0, 0, 7]);
        platform.say(0x8104, &[]);
        assert_eq!(platform.ids(), [0x0201, 0x0001, 0x0001, 0x0104]);
        assert_eq!((platform.terminal.texts(), platform.terminal.interval_s()), (1, Some(7)));
    }

    #[test]
    fn every_edition_says_what_it_is_in_its_own_length() {
        for (edition, id, len) in
            [(Edition::V2011, 0x0001, 5), (Edition::V2013, 0x0107, 52), (Edition::V2019, 0x0107, 85)]
        {
            let mut platform = Platform::new(edition);
            platform.sign_in();
            platform.say(0x8107, &[]);
            let heard = platform.hear();
            assert_eq!((heard[0].id, heard[0].body.len()), (id, len), "{edition:?}");
            if id == 0x0001 {
                assert_eq!(heard[0].body, [0, 9, 0x81, 0x07, 3]);
            }
        }
    }
}
