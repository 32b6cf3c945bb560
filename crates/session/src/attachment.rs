//! The platform's side of an attachment connection (T/JSATL 12-2017): a terminal sends the files of one alarm.
//!
//! ```text
//! 1210 ─▶ 8001 · for each file 1211 ─▶ Begin ─▶ 8001 · blocks ─▶ Write · 1212 ─▶ Finish ─▶ 9212 whole, or what is missing
//! ```
//!
//! Nobody logs in here: a terminal is who its header says, and it may send files only under an alarm number that was
//! given to that terminal. Everything else is refused with result 1 and counted; too much of it ends the connection.

mod counts;
mod files;
mod output;
mod wanted;

use std::collections::VecDeque;
use std::time::Duration;

use fleet::{AlertId, ReceiveTime, TerminalId};
use jt808::{
    ATTACHMENT_NUMBER_BYTES, Acknowledgement, AttachmentAnswer, AttachmentFile, AttachmentGap,
    AttachmentList, Block, BlockDeframer, BlockName, Dialect, Edition, Frame, Header, Inflow, List, Message,
    Packet, Text, Text8, encode_frame,
};

pub use self::counts::{AttachmentCounts, AttachmentRefused};
pub use self::output::{Arrival, AttachmentClose, AttachmentOutput, FileBegun, FileFinished};
pub use self::wanted::{Wanted, wanted};

use self::files::{Files, State};
use crate::reassembly::{Joined, Reassembly};

/// Answers that were not taken by the shell: some hundred files of them. Beyond it the peer does not read.
const OUTPUT_BYTES_MAX: usize = 64 << 10;
/// Frames and pieces refused on one connection; a terminal with an old list has one for each of its files.
const REFUSED_MAX: u32 = 64;
/// Bytes for files nobody announced, and bytes that are neither frame nor block: four whole blocks.
const STRAY_BYTES_MAX: u64 = 256 << 10;
/// How often the gaps of one file are asked for. A round asks for a hundred and more, so a whole film can be lost once.
const ROUNDS_MAX: u32 = 64;
/// Packages of one list: 255 files with the longest names of the standard.
const LIST_PACKAGES_MAX: u16 = 16;
/// What the length field of a header can say.
const BODY_BYTES_MAX: usize = 1_023;

/// The number given to the files of an alert: its id in 32 hex digits, which is exactly what the field holds.
pub fn alarm_number(alert: AlertId) -> [u8; ATTACHMENT_NUMBER_BYTES] {
    let mut number = [0; ATTACHMENT_NUMBER_BYTES];
    let digit = |value: u8| if value < 10 { b'0' + value } else { b'a' + value - 10 };
    for ([high, low], byte) in number.as_chunks_mut::<2>().0.iter_mut().zip(alert.as_bytes()) {
        (*high, *low) = (digit(byte >> 4), digit(byte & 15));
    }
    number
}

/// Which numbers were given to whom. The shell answers it from what it asked terminals for.
pub trait Issued {
    /// Whether this terminal was asked for the files of this alert.
    fn is_issued(&self, alert: AlertId, terminal: TerminalId) -> bool;
}

/// Deadlines of one connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AttachmentPolicy {
    /// How long a connection may take to give a number that was issued.
    pub hello: Duration,
    /// A connection that sends nothing of use for this long is closed.
    pub idle: Duration,
}

impl Default for AttachmentPolicy {
    /// A terminal on a bad link needs a minute for a block; one that says nothing at first never will.
    fn default() -> Self {
        Self { hello: Duration::from_secs(30), idle: Duration::from_secs(120) }
    }
}

/// Whose files these are.
#[derive(Debug)]
struct Sender {
    terminal: TerminalId,
    alert: AlertId,
    sign: Vec<u8>,
    names: BlockName,
}

/// See the module.
#[derive(Debug)]
pub struct AttachmentLink {
    policy: AttachmentPolicy,
    deframer: BlockDeframer,
    /// Lists that come in packages: at most eight of 16 KiB.
    lists: Reassembly,
    sender: Option<Sender>,
    files: Files,
    /// Serial of the next message to the terminal.
    serial: u16,
    transmit: Vec<u8>,
    /// Some for each piece of one read.
    events: VecDeque<AttachmentOutput>,
    closing: Option<AttachmentClose>,
    deadline: ReceiveTime,
    refused: u32,
    stray_bytes: u64,
    counts: AttachmentCounts,
}

impl AttachmentLink {
    /// A connection that begins now.
    pub fn new(now: ReceiveTime, policy: AttachmentPolicy) -> Self {
        Self {
            policy,
            deframer: BlockDeframer::default(),
            lists: Reassembly::default(),
            sender: None,
            files: Files::default(),
            serial: 0,
            transmit: Vec::new(),
            events: VecDeque::new(),
            closing: None,
            deadline: now.plus(policy.hello),
            refused: 0,
            stray_bytes: 0,
            counts: AttachmentCounts::default(),
        }
    }

    /// Bytes from the connection, sliced in any way.
    pub fn handle_input(&mut self, now: ReceiveTime, bytes: &[u8], issued: &dyn Issued) {
        let mut deframer = std::mem::take(&mut self.deframer);
        let before = deframer.skipped_bytes();
        deframer.push(bytes, &mut |inflow| {
            match inflow {
                Inflow::Block(block) => self.handle_block(now, &block),
                Inflow::Frame(piece) => match piece.unescaped.and_then(Frame::decode) {
                    Ok(frame) => self.handle_frame(now, &frame, issued),
                    Err(_) => self.refuse(AttachmentRefused::Frame),
                },
            }
            self.sender.as_ref().map_or(BlockName::default(), |sender| sender.names)
        });
        self.stray(deframer.skipped_bytes() - before);
        self.deframer = deframer;
    }

    /// What became of [`AttachmentOutput::Begin`].
    pub fn handle_begun(&mut self, _now: ReceiveTime, file: u32, begun: FileBegun) {
        if begun != FileBegun::Open {
            // Blocks that came in the same read wait behind the beginning, and nobody holds the file open for them.
            let is_of = |event: &AttachmentOutput| matches!(event, AttachmentOutput::Write { file: of, .. } if *of == file);
            self.events.retain(|event| !is_of(event));
        }
        let Some(file) = self.files.numbered(file) else { return };
        // It may have given way to others meanwhile.
        if file.state == State::Beginning {
            file.state = match begun {
                FileBegun::Complete => State::Complete,
                FileBegun::Open => State::Open,
                FileBegun::Refused => State::Refused,
            };
        }
        let waits = file.begun.take();
        if begun == FileBegun::Refused {
            self.refuse(AttachmentRefused::Store);
        }
        if let Some(header) = waits {
            self.acknowledge(&header, begun != FileBegun::Refused);
        }
    }

    /// What became of [`AttachmentOutput::Finish`].
    pub fn handle_finished(&mut self, _now: ReceiveTime, file: u32, finished: FileFinished) {
        let Some(file) = self.files.numbered(file) else { return };
        let Some(header) = file.finished.take() else { return };
        match finished {
            FileFinished::Complete => {
                file.state = State::Complete;
                self.counts.files += 1;
                let (name, kind) = (file.name.clone(), file.kind);
                self.answer_done(&header, &name, kind, &[]);
            }
            FileFinished::Failed => self.close(AttachmentClose::Store),
            FileFinished::Missing(gaps) => {
                file.rounds += 1;
                if file.rounds > ROUNDS_MAX {
                    return self.close(AttachmentClose::Stubborn);
                }
                let (name, kind) = (file.name.clone(), file.kind);
                self.answer_done(&header, &name, kind, &gaps);
            }
            FileFinished::Unknown => {
                self.refuse(AttachmentRefused::Store);
                self.acknowledge(&header, false);
            }
        }
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: ReceiveTime) {
        if now >= self.deadline {
            self.close(AttachmentClose::Idle);
        }
    }

    /// What to do next, see [`AttachmentOutput`].
    pub fn poll_output(&mut self) -> AttachmentOutput {
        if let Some(event) = self.events.pop_front() {
            return event;
        }
        if self.transmit.len() > OUTPUT_BYTES_MAX {
            self.transmit.clear();
            self.close(AttachmentClose::Overflow);
        }
        if !self.transmit.is_empty() {
            return AttachmentOutput::Transmit(std::mem::take(&mut self.transmit));
        }
        match self.closing {
            Some(reason) => AttachmentOutput::Close(reason),
            None => AttachmentOutput::Wait(self.deadline),
        }
    }

    /// What was counted since the last call.
    pub fn take_counts(&mut self) -> AttachmentCounts {
        std::mem::take(&mut self.counts)
    }

    fn handle_frame(&mut self, now: ReceiveTime, frame: &Frame<'_>, issued: &dyn Issued) {
        if self.closing.is_some() {
            return;
        }
        self.counts.frames += 1;
        let header = &frame.header;
        if let (ID_LIST, Some(packet), false) = (header.id, header.packet, header.encrypted()) {
            return self.handle_list_package(now, header, packet, frame.body, issued);
        }
        match frame.message() {
            Ok(Message::AttachmentList(list)) => self.handle_list(now, header, &list, issued),
            Ok(Message::AttachmentStart(file)) => self.handle_start(now, header, &file),
            Ok(Message::AttachmentDone(file)) => self.handle_done(now, header, &file),
            // A heartbeat, most of all: any other answer makes terminals repeat it for ever.
            Ok(_) => self.acknowledge(header, true),
            Err(_) => {
                self.refuse(AttachmentRefused::Body);
                self.acknowledge(header, false);
            }
        }
    }

    /// Each package is answered; the last one is the list.
    fn handle_list_package(
        &mut self,
        now: ReceiveTime,
        header: &Header,
        packet: Packet,
        body: &[u8],
        issued: &dyn Issued,
    ) {
        let terminal = TerminalId::parse(&header.phone.digits()).ok();
        let (Some(terminal), true) = (terminal, packet.total <= LIST_PACKAGES_MAX) else {
            self.refuse(AttachmentRefused::Body);
            return self.acknowledge(header, false);
        };
        match self.lists.insert(now, terminal, header, packet, body) {
            Joined::Not => self.acknowledge(header, true),
            Joined::Refused => {
                self.refuse(AttachmentRefused::Body);
                self.acknowledge(header, false);
            }
            Joined::Whole(body) => match Message::decode(ID_LIST, header.edition, &body) {
                Ok(Message::AttachmentList(list)) => self.handle_list(now, header, &list, issued),
                Ok(_) | Err(_) => {
                    self.refuse(AttachmentRefused::Body);
                    self.acknowledge(header, false);
                }
            },
        }
    }

    fn handle_list(
        &mut self,
        now: ReceiveTime,
        header: &Header,
        list: &AttachmentList<'_>,
        issued: &dyn Issued,
    ) {
        let terminal = TerminalId::parse(&header.phone.digits()).ok();
        let number = std::str::from_utf8(&list.number).ok().and_then(AlertId::parse);
        let (Some(terminal), Some(alert)) = (terminal, number) else {
            self.refuse(AttachmentRefused::Foreign);
            return self.acknowledge(header, false);
        };
        if !issued.is_issued(alert, terminal) {
            self.refuse(AttachmentRefused::Foreign);
            return self.acknowledge(header, false);
        }
        let is_same = |sender: &Sender| {
            sender.terminal == terminal && sender.alert == alert && sender.sign == list.sign.bytes()
        };
        if !self.sender.as_ref().is_some_and(is_same) {
            let left = self.files.clear();
            self.events.extend(left.map(|file| AttachmentOutput::Leave { file }));
            let names = match list.sign.dialect() {
                Dialect::Heilongjiang => BlockName::Counted,
                Dialect::Beijing
                | Dialect::Chongqing
                | Dialect::Guangdong
                | Dialect::Hunan
                | Dialect::Jiangsu
                | Dialect::Sichuan
                | Dialect::Sichuan2013 => BlockName::Fixed,
            };
            self.sender = Some(Sender { terminal, alert, sign: list.sign.bytes().to_vec(), names });
        }
        for file in list.files.iter() {
            self.files.list(file.name.0.trimmed(), file.size_bytes);
        }
        self.useful(now);
        self.acknowledge(header, true);
    }

    fn handle_start(&mut self, now: ReceiveTime, header: &Header, start: &AttachmentFile<'_>) {
        let (Some(_), Some(place)) = (&self.sender, self.files.announce(start)) else {
            return self.refuse_stray(header);
        };
        self.useful(now);
        self.begin(place);
        let Some(file) = self.files.at(place) else { return };
        match file.state {
            State::Listed | State::Beginning => file.begun = Some(*header),
            State::Complete | State::Open => self.acknowledge(header, true),
            State::Refused => self.acknowledge(header, false),
        }
    }

    fn handle_done(&mut self, now: ReceiveTime, header: &Header, done: &AttachmentFile<'_>) {
        let place = self.files.place(done.name.0.trimmed()).filter(|_| self.sender.is_some());
        let Some(place) = place else {
            return self.refuse_stray(header);
        };
        self.useful(now);
        if let Some(file) = self.files.at(place) {
            // What the answer repeats; where 0x1211 was left out it is the first word on it.
            file.kind = done.kind;
        }
        self.begin(place);
        let Some(file) = self.files.at(place) else { return };
        match file.state {
            State::Beginning | State::Listed | State::Open => {
                file.finished = Some(*header);
                let file = file.number;
                self.events.push_back(AttachmentOutput::Finish { file });
            }
            State::Complete => {
                let (name, kind) = (file.name.clone(), file.kind);
                self.answer_done(header, &name, kind, &[]);
            }
            State::Refused => self.acknowledge(header, false),
        }
    }

    fn handle_block(&mut self, now: ReceiveTime, block: &Block<'_>) {
        if self.closing.is_some() {
            return;
        }
        let place = self.files.place(Text(block.name).trimmed());
        let Some(place) = place.filter(|_| self.sender.is_some()) else {
            return self.stray(block.data.len() as u64);
        };
        self.useful(now);
        self.begin(place);
        self.counts.data_bytes += block.data.len() as u64;
        let Some(file) = self.files.at(place) else { return };
        match file.state {
            State::Beginning | State::Listed | State::Open if !block.data.is_empty() => {
                let (file, data) = (file.number, block.data.to_vec());
                self.events.push_back(AttachmentOutput::Write { file, offset: block.offset, data });
            }
            // What is whole stays as it is; what was refused is not wanted.
            State::Beginning | State::Complete | State::Listed | State::Open | State::Refused => {}
        }
    }

    /// Begins a file that is known but not under way, also one of which the terminal sends data before it says so.
    fn begin(&mut self, place: usize) {
        let Some(sender) = &self.sender else { return };
        let Some(file) = self.files.at(place).filter(|file| file.state == State::Listed) else { return };
        file.state = State::Beginning;
        let arrival = Arrival {
            file: file.number,
            alert: sender.alert,
            sign: sender.sign.clone(),
            terminal: sender.terminal,
            name: file.name.clone(),
            kind: file.kind,
            channel: file.channel(),
            bytes: file.bytes,
        };
        if let Some(file) = self.files.make_room(place) {
            self.events.push_back(AttachmentOutput::Leave { file });
        }
        self.events.push_back(AttachmentOutput::Begin(arrival));
    }

    /// 0x9212: whole, or as many gaps as one frame holds: 127 at most, which one byte can count.
    fn answer_done(&mut self, header: &Header, name: &[u8], kind: u8, gaps: &[(u32, u32)]) {
        let room = BODY_BYTES_MAX.saturating_sub(name.len() + 4) / 8;
        let gaps: Vec<AttachmentGap> = gaps
            .iter()
            .take(room)
            .map(|(offset, length)| AttachmentGap { offset: *offset, length: *length })
            .collect();
        let mut bytes = Vec::new();
        let result = u8::from(!gaps.is_empty());
        let gaps = List::build(&gaps, &mut bytes);
        let answer = AttachmentAnswer { name: Text8(Text(name)), kind, result, gaps, trailing: &[] };
        self.answer(header, &Message::AttachmentAnswer(answer));
    }

    fn acknowledge(&mut self, header: &Header, is_ok: bool) {
        let answer = Acknowledgement::new(header.serial, header.id, u8::from(!is_ok));
        self.answer(header, &Message::PlatformAcknowledgement(answer));
    }

    fn answer(&mut self, header: &Header, message: &Message<'_>) {
        let mut body = Vec::new();
        message.encode_body(Edition::default(), &mut body);
        encode_frame(&header.reply(message.id(), self.serial), &body, &mut self.transmit);
        self.serial = self.serial.wrapping_add(1);
    }

    fn refuse_stray(&mut self, header: &Header) {
        self.refuse(AttachmentRefused::Stray);
        self.acknowledge(header, false);
    }

    fn refuse(&mut self, why: AttachmentRefused) {
        self.counts.refuse(why);
        self.refused += 1;
        if self.refused > REFUSED_MAX {
            self.close(AttachmentClose::Refused);
        }
    }

    /// Bytes that are of no use.
    fn stray(&mut self, bytes: u64) {
        self.counts.stray_bytes += bytes;
        self.stray_bytes += bytes;
        if self.stray_bytes > STRAY_BYTES_MAX {
            self.close(AttachmentClose::Refused);
        }
    }

    fn useful(&mut self, now: ReceiveTime) {
        self.deadline = now.plus(self.policy.idle);
    }

    fn close(&mut self, reason: AttachmentClose) {
        self.closing.get_or_insert(reason);
    }
}

const ID_LIST: u16 = 0x1210;

#[cfg(test)]
mod tests;
