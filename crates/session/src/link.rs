//! The platform's side of one connection; one terminal speaks on it, or a relay for several.

mod answer;
mod media;
mod parts;
mod sealed;
mod speaker;
mod trust;
mod waiting;

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::sync::Arc;

use fleet::{Binding, ReceiveTime, TerminalId, Threat};
use jt808::{Acknowledgement, Deframer, Edition, Frame, Header, Message, Packet, Piece};

use self::answer::{AckResult, RegistrationResult};
pub use self::media::MediaPackage;
use self::parts::Parts;
use self::speaker::{Speaker, Standing};
pub use self::trust::{Claim, Stranger};
use self::trust::{Deadlines, Faults};
use self::waiting::{Acknowledgements, Commands};
use crate::command::{Answer, command_body};
use crate::reassembly::{Joined, Reassembly};
use crate::{Busy, Command, Counts, Directory, Meter, Policy, Profile, Proof, Rejected};

/// What the shell has to do. After each `handle_*` drain [`Link::poll_output`] until it says [`Output::Wait`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Output {
    /// A command has come to its end.
    Answered {
        /// Whose.
        terminal: TerminalId,
        /// The serial [`Link::handle_command`] gave.
        serial: u16,
        /// How it ended.
        outcome: Outcome,
        /// What was asked for, where the answer says more than that it is done.
        content: Option<Content>,
    },
    /// This terminal is bound to this from now on: keep it for [`Directory::binding`].
    Bound {
        /// Whose.
        terminal: TerminalId,
        /// What to.
        binding: Arc<Binding>,
    },
    /// Nothing more is sent or read: close the connection.
    Close(CloseReason),
    /// This terminal has shown something new of itself: keep it for [`Directory::profile`].
    Learned {
        /// Whose.
        terminal: TerminalId,
        /// All that is known of it now.
        profile: Arc<Profile>,
    },
    /// This terminal speaks here from now on: whatever other connection had it has lost it, unless that was proven better.
    /// Comes again where a proof comes later.
    Login {
        /// Whose.
        terminal: TerminalId,
        /// Why it is believed.
        proof: Proof,
    },
    /// This terminal has said goodbye.
    Logout(TerminalId),
    /// Keep this package of media; once all of its media is durable, say so with [`Link::handle_media`].
    Media(MediaPackage),
    /// From now on this terminal takes commands: one that registers has to be answered and to authenticate first. Comes
    /// after its [`Output::Login`].
    Ready(TerminalId),
    /// Append these to the journal, in order, then call [`Link::handle_recorded`].
    Record(Records),
    /// Somebody who is not on file, who has just been refused.
    Stranger(Stranger),
    /// Who speaks here may not be who he says; he has been refused.
    Suspicious {
        /// In what way.
        threat: Threat,
        /// Whose number he used; absent where nobody's was.
        terminal: Option<TerminalId>,
    },
    /// Write these bytes.
    Transmit(Vec<u8>),
    /// Nothing to do until input, or until this moment ([`Link::handle_timeout`]).
    Wait(Option<ReceiveTime>),
}

/// The body of a message that was asked for, whole where it came in packages.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Content {
    /// Message id.
    pub id: u16,
    /// Edition of the body.
    pub edition: Edition,
    /// The body.
    pub body: Vec<u8>,
}

/// Raw frames for the journal, one behind the other, so that a batch costs one allocation.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Records {
    /// When they were received.
    pub received: ReceiveTime,
    /// Whole frames 7e…7e.
    pub bytes: Vec<u8>,
    /// Where each ends in `bytes`.
    pub ends: Vec<usize>,
}

/// Why a connection ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CloseReason {
    /// More than [`Policy::faults_max`] frames in a minute were broken.
    Faults,
    /// No terminal was taken for [`Policy::handshake`] after the beginning.
    Handshake,
    /// No good frame for [`Policy::idle`].
    Idle,
    /// More answers wait than [`Policy::output_bytes_max`]: the peer does not read.
    Overflow,
    /// [`Policy::refusals_max`] messages were refused.
    Refusals,
    /// Its terminal was released: it is bound to nothing any more and has to register.
    Released,
    /// A frame was not whole [`Policy::frame`] after its first byte.
    Slow,
    /// Its only terminal speaks on another connection now.
    Superseded,
}

impl CloseReason {
    /// The label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Faults => "faults",
            Self::Handshake => "handshake",
            Self::Idle => "idle",
            Self::Overflow => "overflow",
            Self::Refusals => "refusals",
            Self::Released => "released",
            Self::Slow => "slow",
            Self::Superseded => "superseded",
        }
    }
}

/// How a command ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// The terminal has done it, or sent what was asked for; or it has acknowledged it within
    /// [`Policy::command_timeout`] and sent nothing.
    Done,
    /// The terminal has left this connection before it answered.
    Lost,
    /// The terminal's result code, not 0.
    Refused(u8),
    /// No answer within [`Policy::command_timeout`].
    TimedOut,
}

/// See the module. Every table in it is bounded by [`Policy`]. `D` proves that records are durable, up to the position it
/// turns into; where only the journal can make one, nothing but the journal releases an acknowledgement.
#[derive(Debug)]
pub struct Link<D> {
    policy: Policy,
    deframer: Deframer,
    /// At most `terminals_max`.
    speakers: Vec<Speaker>,
    /// The one that spoke last: on a direct connection always the right guess.
    last_speaker: usize,
    acknowledgements: Acknowledgements,
    commands: Commands,
    /// Answers that come in packages, while something waits for them.
    answers: Reassembly,
    parts: Parts,
    /// What may still be decrypted.
    decrypted: Meter,
    records: Records,
    transmit: Vec<u8>,
    /// Of the answer being made: one buffer for all.
    body: Vec<u8>,
    /// At most a few a frame of one input.
    events: VecDeque<Output>,
    closing: Option<CloseReason>,
    deadlines: Deadlines,
    faults: Faults,
    /// Messages refused on a connection that carries one terminal.
    refusals: u32,
    counts: Counts,
    proof: PhantomData<fn(D)>,
}

impl<D: Into<u64>> Link<D> {
    /// A connection that begins now.
    pub fn new(now: ReceiveTime, policy: Policy) -> Self {
        Self {
            policy,
            deframer: Deframer::default(),
            speakers: Vec::new(),
            last_speaker: 0,
            acknowledgements: Acknowledgements::default(),
            commands: Commands::default(),
            answers: Reassembly::default(),
            parts: Parts::default(),
            decrypted: Meter::default(),
            records: Records::default(),
            transmit: Vec::new(),
            body: Vec::new(),
            events: VecDeque::new(),
            closing: None,
            deadlines: Deadlines::new(now),
            faults: Faults::default(),
            refusals: 0,
            counts: Counts::default(),
            proof: PhantomData,
        }
    }

    /// Bytes from the connection, sliced in any way.
    pub fn handle_input(&mut self, now: ReceiveTime, bytes: &[u8], directory: &dyn Directory) {
        let mut deframer = std::mem::take(&mut self.deframer);
        deframer.push(bytes, &mut |piece| self.handle_piece(now, &piece, directory));
        self.deadlines.handle_input(now, bytes, deframer.is_inside());
        self.deframer = deframer;
    }

    /// One datagram: whole frames, nothing is left over for the next.
    pub fn handle_datagram(&mut self, now: ReceiveTime, bytes: &[u8], directory: &dyn Directory) {
        self.handle_input(now, bytes, directory);
        self.deframer = Deframer::default();
        self.deadlines.handle_input(now, bytes, false);
    }

    /// The oldest `count` records that had none have the positions from `first` on.
    pub fn handle_recorded(&mut self, _now: ReceiveTime, first: u64, count: usize) {
        self.acknowledgements.place(first, count);
    }

    /// Every record below what this proves is durable: only this releases acknowledgements.
    pub fn handle_durable(&mut self, _now: ReceiveTime, proof: D) {
        let upto = proof.into();
        while let Some(kept) = self.acknowledgements.release(upto) {
            match kept.header().id {
                ID_REGISTRATION => self.answer_registration(kept.header(), RegistrationResult::Ok),
                _ => self.acknowledge_kept(&kept),
            }
            self.counts.acknowledged += 1;
        }
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: ReceiveTime) {
        let (deadline, reason) = self.deadlines.next(&self.policy);
        if now >= deadline {
            self.close(reason);
        }
        while let Some((terminal, serial, is_acknowledged)) = self.commands.expire(now) {
            let outcome = if is_acknowledged { Outcome::Done } else { Outcome::TimedOut };
            self.events.push_back(Output::Answered { terminal, serial, outcome, content: None });
        }
        while let Some(request) = self.parts.expire(now) {
            self.ask_again(&request);
        }
    }

    /// Sends a command and gives its serial; [`Output::Answered`] tells how it ends.
    pub fn handle_command(
        &mut self,
        now: ReceiveTime,
        terminal: TerminalId,
        command: &Command,
    ) -> Result<u16, Busy> {
        let speaker = self
            .speakers
            .iter_mut()
            .find(|speaker| speaker.terminal == terminal && speaker.takes_commands())
            .ok_or(Busy::Absent)?;
        if self.commands.len() >= self.policy.commands_max {
            return Err(Busy::Full);
        }
        let body = command_body(command, speaker.edition()).ok_or(Busy::TooLong)?;
        let (body, is_sealed) = sealed::seal(&self.policy, speaker, body).ok_or(Busy::Full)?;
        let packages = answer::Packages::new(speaker, command.id(), body, is_sealed);
        packages.encode(None, &mut self.transmit);
        let serials = packages.serials();
        let due = now.plus(self.policy.command_timeout);
        self.commands.insert(terminal, serials, command.id(), due, packages);
        Ok(serials.0)
    }

    /// The terminal has logged in on another connection.
    pub fn handle_superseded(&mut self, _now: ReceiveTime, terminal: TerminalId) {
        let online =
            |speaker: &&mut Speaker| speaker.terminal == terminal && speaker.standing == Standing::Online;
        let Some(speaker) = self.speakers.iter_mut().find(online) else {
            return;
        };
        speaker.standing = Standing::Superseded;
        self.lose(terminal);
        // A relay goes on for its other terminals.
        if self.speakers.iter().all(|speaker| speaker.standing == Standing::Superseded) {
            self.close(CloseReason::Superseded);
        }
    }

    /// A person has released the terminal: who speaks as it is no longer believed.
    pub fn handle_released(&mut self, _now: ReceiveTime, terminal: TerminalId) {
        let Some(at) = self.speakers.iter().position(|speaker| speaker.terminal == terminal) else {
            return;
        };
        let was_online = self.speakers.remove(at).standing == Standing::Online;
        self.lose(terminal);
        if was_online {
            self.events.push_back(Output::Logout(terminal));
        }
        if self.policy.is_strict() {
            self.close(CloseReason::Released);
        }
    }

    /// The directory has changed: terminals that are no longer on file are heard no more.
    pub fn handle_directory(&mut self, _now: ReceiveTime, directory: &dyn Directory) {
        let Self { policy, speakers, events, commands, parts, .. } = self;
        speakers.retain(|speaker| {
            let stays = policy.admits(speaker.terminal, directory);
            if !stays && speaker.standing == Standing::Online {
                parts.forget(speaker.terminal);
                lose(commands, events, speaker.terminal);
                events.push_back(Output::Logout(speaker.terminal));
            }
            stays
        });
    }

    /// What to do next, see [`Output`].
    pub fn poll_output(&mut self) -> Output {
        if let Some(event) = self.events.pop_front() {
            return event;
        }
        if !self.records.ends.is_empty() {
            return Output::Record(std::mem::take(&mut self.records));
        }
        if !self.transmit.is_empty() {
            if self.transmit.len() > self.policy.output_bytes_max {
                self.transmit.clear();
                self.close(CloseReason::Overflow);
            } else {
                return Output::Transmit(std::mem::take(&mut self.transmit));
            }
        }
        match self.closing {
            Some(reason) => Output::Close(reason),
            None => Output::Wait(Some(self.next_timeout())),
        }
    }

    /// Whether so many reports wait for their acknowledgement that no more should be read.
    pub fn is_full(&self) -> bool {
        self.acknowledgements.len() >= self.policy.unacknowledged_max
    }

    /// Reports that wait for their acknowledgement.
    pub fn unacknowledged(&self) -> usize {
        self.acknowledgements.len()
    }

    /// The position of the oldest record whose acknowledgement waits: once that is durable there is something to do.
    pub fn awaits(&self) -> Option<u64> {
        self.acknowledgements.oldest()
    }

    /// The terminals that speak here and nowhere else.
    pub fn terminals(&self) -> impl Iterator<Item = TerminalId> {
        let online = self.speakers.iter().filter(|speaker| speaker.standing == Standing::Online);
        online.map(|speaker| speaker.terminal)
    }

    /// Frames received, good and bad, since [`Link::take_counts`] was last called.
    pub fn received(&self) -> u64 {
        self.counts.received
    }

    /// What was counted since the last call.
    pub fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }

    fn next_timeout(&self) -> ReceiveTime {
        let (silence, _) = self.deadlines.next(&self.policy);
        let due = self.commands.next_timeout().into_iter().chain(self.parts.next_timeout());
        due.fold(silence, ReceiveTime::min)
    }

    /// A message that nobody but the terminal it is of can have sent, or that could do no harm.
    fn hear(&mut self, now: ReceiveTime) {
        self.deadlines.hear(now, !self.policy.is_strict() || self.is_proven());
    }

    fn close(&mut self, reason: CloseReason) {
        self.closing.get_or_insert(reason);
    }

    fn handle_piece(&mut self, now: ReceiveTime, piece: &Piece<'_>, directory: &dyn Directory) {
        if self.closing.is_some() {
            return;
        }
        self.counts.received += 1;
        let Ok(frame) = piece.unescaped.and_then(Frame::decode) else {
            return self.handle_fault(now);
        };
        self.deadlines.see();
        let Some(at) = self.speaker(&frame, directory) else {
            return;
        };
        self.last_speaker = at;
        if matches!(frame.header.id, ID_AUTHENTICATION | ID_REGISTRATION) {
            self.recall(at, directory);
        }
        if frame.header.id == ID_AUTHENTICATION {
            return self.handle_authentication(now, &frame, directory);
        }
        if let Err(why) = self.log_in(at, frame.header.id, directory) {
            return self.refuse(&frame.header, why);
        }
        self.hear(now);
        self.handle_frame(now, piece.raw, &frame);
    }

    fn handle_frame(&mut self, now: ReceiveTime, raw: &[u8], frame: &Frame<'_>) {
        let header = &frame.header;
        if header.encrypted() {
            return self.handle_sealed(now, frame);
        }
        self.mark_sealed(false);
        self.handle_plain(now, raw, frame, Rejected::Body);
    }

    /// A frame that is not encrypted, or is no longer; what cannot be decoded counts as `wrong`.
    fn handle_plain(&mut self, now: ReceiveTime, raw: &[u8], frame: &Frame<'_>, wrong: Rejected) {
        if let Some(packet) = frame.header.packet.filter(|packet| packet.total > 1) {
            // A part of a registration does not say which device registers; a whole one has a hundred bytes.
            if frame.header.id == ID_REGISTRATION && self.policy.is_strict() {
                return self.refuse(&frame.header, Rejected::Body);
            }
            return self.handle_part(now, raw, frame, packet);
        }
        match frame.message() {
            Ok(message) => self.handle_message(now, raw, frame, &message),
            Err(_) => {
                self.counts.reject(wrong);
                self.acknowledge(&frame.header, AckResult::Wrong);
            }
        }
    }

    /// Parts are kept as they come, the observer joins those of reports; each part is answered (T/JSATL 12, 4.3).
    fn handle_part(&mut self, now: ReceiveTime, raw: &[u8], frame: &Frame<'_>, packet: Packet) {
        let header = &frame.header;
        self.handle_answer_part(now, frame, packet);
        if let Some(speaker) = self.speakers.get(self.last_speaker) {
            let came = self.parts.insert(now, speaker.terminal, header, packet);
            if header.id == ID_MEDIA {
                self.handle_media_part(header, packet, came, frame.body);
            }
        }
        if is_kept(header.id) {
            self.record(now, raw, header);
        } else {
            self.counts.handled += 1;
            self.acknowledge(header, AckResult::Ok);
        }
    }

    fn record(&mut self, now: ReceiveTime, raw: &[u8], header: &Header) {
        if self.records.ends.is_empty() {
            self.records.received = now;
        }
        self.records.bytes.extend_from_slice(raw);
        self.records.ends.push(self.records.bytes.len());
        self.acknowledgements.push(*header);
    }

    fn handle_message(&mut self, now: ReceiveTime, raw: &[u8], frame: &Frame<'_>, message: &Message<'_>) {
        let header = &frame.header;
        if let Message::Registration(registration) = message
            && !self.bind(now, header, registration)
        {
            return;
        }
        self.learn(header, message);
        match message {
            Message::MediaData(media) => self.handle_media_data(header, media),
            Message::TerminalKey(key) => return self.exchange_keys(header, key),
            Message::TerminalResend(request) => self.send_again(request),
            Message::TerminalAcknowledgement(answer) => self.handle_acknowledgement(answer),
            _ => self.handle_answer(header, frame.body),
        }
        if is_kept(header.id) {
            self.record(now, raw, header);
        } else {
            self.counts.handled += 1;
            self.handle_other(now, header);
        }
    }

    fn learn(&mut self, header: &Header, message: &Message<'_>) {
        let Some(speaker) = self.speakers.get_mut(self.last_speaker) else {
            return;
        };
        if let Some(profile) = speaker.profile.learned(header.edition, message).map(Arc::new) {
            speaker.profile = Arc::clone(&profile);
            self.events.push_back(Output::Learned { terminal: speaker.terminal, profile });
        }
    }

    fn handle_other(&mut self, now: ReceiveTime, header: &Header) {
        match header.id {
            ID_RESEND => {} // The packages themselves are the answer.
            ID_TIME => self.answer_time(now, header),
            ID_LOGOUT | ID_LOGOUT_2011 => {
                self.acknowledge(header, AckResult::Ok);
                if let Some(terminal) = self.speakers.get(self.last_speaker).map(|it| it.terminal) {
                    self.lose(terminal);
                    self.events.push_back(Output::Logout(terminal));
                    self.speakers.remove(self.last_speaker);
                }
            }
            // Whatever it is, its checksum held: any other answer makes terminals repeat it for ever.
            _ => self.acknowledge(header, AckResult::Ok),
        }
    }

    /// 0x0001. Where the command has an answer of its own that is still to come.
    fn handle_acknowledgement(&mut self, answer: &Acknowledgement<'_>) {
        let Acknowledgement { serial, id, result, .. } = *answer;
        if result != 0 {
            self.settle(&[id], Some(serial), Outcome::Refused(result), None);
        } else if Answer::is_expected(id) {
            if let Some(speaker) = self.speakers.get(self.last_speaker) {
                self.commands.acknowledge(speaker.terminal, id, serial);
            }
        } else {
            self.settle(&[id], Some(serial), Outcome::Done, None);
        }
    }

    fn handle_answer(&mut self, header: &Header, body: &[u8]) {
        let Some(answer) = Answer::of(header.id, body).filter(|answer| self.expects(answer.commands)) else {
            return;
        };
        let content = Content { id: header.id, edition: header.edition, body: body.to_vec() };
        self.settle(answer.commands, answer.serial, answer.outcome, Some(content));
    }

    /// Joins a long answer to something that was asked. Where it is too long for that, its first part says what it
    /// answers.
    fn handle_answer_part(&mut self, now: ReceiveTime, frame: &Frame<'_>, packet: Packet) {
        let Frame { header, body, .. } = frame;
        let Some(terminal) = self.speakers.get(self.last_speaker).map(|speaker| speaker.terminal) else {
            return;
        };
        if !self.expects(Answer::commands_of(header.id)) {
            return;
        }
        match self.answers.insert(now, terminal, header, packet, body) {
            Joined::Whole(body) => self.handle_answer(header, &body),
            Joined::Refused if packet.index == 1 => self.handle_answer(header, body),
            Joined::Refused | Joined::Not => {}
        }
    }

    /// Whether the terminal that speaks was asked for something by one of these messages.
    fn expects(&self, ids: &[u16]) -> bool {
        let speaker = self.speakers.get(self.last_speaker);
        speaker.is_some_and(|speaker| self.commands.expects(speaker.terminal, ids))
    }

    fn settle(&mut self, ids: &[u16], serial: Option<u16>, outcome: Outcome, content: Option<Content>) {
        let Some(terminal) = self.speakers.get(self.last_speaker).map(|speaker| speaker.terminal) else {
            return;
        };
        let is_refusal = matches!(outcome, Outcome::Refused(_));
        if let Some(serial) = self.commands.settle(terminal, ids, serial, is_refusal) {
            self.events.push_back(Output::Answered { terminal, serial, outcome, content });
        }
    }

    /// What a terminal that has left was still asked, nobody here will hear the answer to.
    fn lose(&mut self, terminal: TerminalId) {
        self.parts.forget(terminal);
        lose(&mut self.commands, &mut self.events, terminal);
    }
}

fn lose(commands: &mut Commands, events: &mut VecDeque<Output>, terminal: TerminalId) {
    while let Some(serial) = commands.forget(terminal) {
        events.push_back(Output::Answered { terminal, serial, outcome: Outcome::Lost, content: None });
    }
}

/// One of several frames of a message.
fn is_part(header: &Header) -> bool {
    header.packet.is_some_and(|packet| packet.total > 1)
}

/// Answers to our own messages: they get none. Those of vehicle control, recorder and media do: terminals that wait for it
/// would repeat them.
const fn is_answer(id: u16) -> bool {
    matches!(id, ID_ANSWER | ID_PARAMETERS_ANSWER | ID_PROPERTIES_ANSWER | ID_LOCATION_ANSWER)
}

const ID_ANSWER: u16 = 0x0001;
const ID_HEARTBEAT: u16 = 0x0002;
const ID_LOGOUT: u16 = 0x0003;
/// What the table of ids in the 2011 edition prints.
const ID_LOGOUT_2011: u16 = 0x0101;
const ID_TIME: u16 = 0x0004;
const ID_RESEND: u16 = 0x0005;
const ID_REGISTRATION: u16 = 0x0100;
const ID_AUTHENTICATION: u16 = 0x0102;
const ID_PARAMETERS_ANSWER: u16 = 0x0104;
const ID_PROPERTIES_ANSWER: u16 = 0x0107;
const ID_LOCATION: u16 = 0x0200;
const ID_LOCATION_ANSWER: u16 = 0x0201;
const ID_DRIVER: u16 = 0x0702;
const ID_LOCATION_BATCH: u16 = 0x0704;
const ID_MEDIA: u16 = 0x0801;

/// Messages that are written to the journal before they are answered: whatever a terminal reports, known to us or not.
/// Left out are those of the conversation itself, files, which have a store of their own, and answers to commands,
/// which are kept with their command.
fn is_kept(id: u16) -> bool {
    let is_talk =
        matches!(id, ID_HEARTBEAT | ID_LOGOUT | ID_LOGOUT_2011 | ID_TIME | ID_RESEND | ID_AUTHENTICATION);
    carries_news(id) || !(is_talk || id == ID_MEDIA || id == ID_ANSWER || Answer::is_one(id))
}

/// Messages the rules can learn from.
pub(crate) const fn carries_news(id: u16) -> bool {
    matches!(id, ID_REGISTRATION | ID_LOCATION | ID_LOCATION_ANSWER | ID_DRIVER | ID_LOCATION_BATCH)
}
