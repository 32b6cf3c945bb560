//! Whom a connection believes, how long it waits for a reason to, and what it makes of those who give none.

use std::sync::Arc;
use std::time::Duration;

use fleet::{Binding, ReceiveTime, TerminalId, Threat};
use jt808::{Authentication, Frame, Header, Message, Registration, Text};

use super::answer::{AckResult, RegistrationResult};
use super::{CloseReason, ID_REGISTRATION, Link, Output};
use crate::{Admission, Carries, Directory, Policy, Proof, Rejected};

/// Characters of what a terminal says of itself that are kept: a plate has 8, a VIN 17, a terminal id 30.
const TEXT_MAX: usize = 32;

/// The minute in which frames at fault are counted.
const FAULTS_WINDOW: Duration = Duration::from_secs(60);

/// A number that is not on file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stranger {
    /// As its header has it, without leading zeros; at most 20 characters.
    pub number: String,
    /// What it said of itself, where the message was a registration.
    pub claim: Option<Claim>,
}

/// What a stranger that registers says of itself.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Claim {
    /// Plate.
    pub plate: String,
    /// Terminal id.
    pub device: String,
    /// Maker.
    pub maker: String,
}

impl<D: Into<u64>> Link<D> {
    /// Brings what the terminal is bound to up to date: it may have registered elsewhere since, or been released.
    pub(super) fn recall(&mut self, at: usize, directory: &dyn Directory) {
        if let Some(speaker) = self.speakers.get_mut(at) {
            speaker.binding = directory.binding(speaker.terminal);
        }
    }

    /// Binds the terminal to the device that registers as it, where it is bound to none; otherwise it has to be the same.
    pub(super) fn bind(&mut self, now: ReceiveTime, header: &Header, said: &Registration<'_>) -> bool {
        if self.policy.admission == Admission::Open {
            return true;
        }
        let Some(speaker) = self.speakers.get_mut(self.last_speaker) else {
            return false;
        };
        let (terminal, known) = (speaker.terminal, speaker.binding.clone().unwrap_or_default());
        let device = kept(said.terminal);
        if known.device.as_ref().is_some_and(|bound| *bound != device) {
            self.suspect(Threat::DeviceChanged, Some(terminal));
            self.refuse_registration(header, Rejected::Device, RegistrationResult::Taken);
            return false;
        }
        let since = if known.device.is_some() { known.since } else { now };
        let (maker, plate) = (kept(said.maker), kept(said.plate));
        self.keep(Binding { device: Some(device), maker, plate, since, ..(*known).clone() });
        true
    }

    /// Whether the IMEI is the one the terminal is bound to; the first one it shows binds it.
    pub(super) fn bind_imei(&mut self, said: &Authentication<'_>) -> bool {
        let imei = said.imei().map(kept).unwrap_or_default();
        // Terminals without one send zeros.
        if imei.bytes().all(|digit| digit == b'0') {
            return true;
        }
        let speaker = self.speakers.get(self.last_speaker);
        let known = speaker.and_then(|speaker| speaker.binding.clone()).unwrap_or_default();
        if known.imei.is_empty() {
            self.keep(Binding { imei, ..(*known).clone() });
            return true;
        }
        known.imei == imei
    }

    fn keep(&mut self, binding: Binding) {
        let Some(speaker) = self.speakers.get_mut(self.last_speaker) else {
            return;
        };
        if speaker.binding.as_deref() != Some(&binding) {
            let binding = Arc::new(binding);
            speaker.binding = Some(Arc::clone(&binding));
            self.events.push_back(Output::Bound { terminal: speaker.terminal, binding });
        }
    }

    /// Whether a terminal has given its code here.
    pub(super) fn is_proven(&self) -> bool {
        self.speakers.iter().any(|speaker| speaker.proof == Proof::Code)
    }

    /// Who is neither on file nor anybody's relay.
    pub(super) fn refuse_stranger(&mut self, frame: &Frame<'_>) {
        if self.policy.admission == Admission::Registry {
            let claim = match frame.message() {
                Ok(Message::Registration(said)) if !frame.header.encrypted() => Some(Claim {
                    plate: kept(said.plate),
                    device: kept(said.terminal),
                    maker: kept(said.maker),
                }),
                Ok(_) | Err(_) => None,
            };
            let digits = frame.header.phone.digits();
            let number = digits.trim_start_matches('0').to_owned();
            self.events.push_back(Output::Stranger(Stranger { number, claim }));
        }
        self.refuse(&frame.header, Rejected::Unadmitted);
    }

    /// The standard's own refusal, without any state.
    pub(super) fn refuse(&mut self, header: &Header, why: Rejected) {
        match header.id {
            ID_REGISTRATION => self.refuse_registration(header, why, RegistrationResult::NoSuchTerminal),
            _ => {
                self.count_refusal(why);
                self.acknowledge(header, AckResult::Failure);
            }
        }
    }

    fn refuse_registration(&mut self, header: &Header, why: Rejected, result: RegistrationResult) {
        self.count_refusal(why);
        self.answer_registration(header, result);
    }

    /// A good terminal is refused seldom: who is refused again and again gives his place to one that may speak. A relay
    /// lives on for its other terminals.
    fn count_refusal(&mut self, why: Rejected) {
        self.counts.reject(why);
        if !self.policy.is_strict() {
            return;
        }
        self.refusals += 1;
        if self.refusals >= self.policy.refusals_max {
            if why == Rejected::Unauthenticated {
                let terminal = self.speakers.get(self.last_speaker).map(|speaker| speaker.terminal);
                self.suspect(Threat::Unauthenticated, terminal);
            }
            self.close(CloseReason::Refusals);
        }
    }

    /// A frame that is none. No answer is possible.
    pub(super) fn handle_fault(&mut self, now: ReceiveTime) {
        self.counts.reject(Rejected::Frame);
        if self.faults.count(now) != self.policy.faults_max {
            return;
        }
        let terminal = self.speakers.get(self.last_speaker).map(|speaker| speaker.terminal);
        self.suspect(Threat::FrameFlood, terminal);
        if self.policy.carries == Carries::Terminal {
            self.close(CloseReason::Faults);
        }
    }

    pub(super) fn suspect(&mut self, threat: Threat, terminal: Option<TerminalId>) {
        self.events.push_back(Output::Suspicious { threat, terminal });
    }
}

/// Until when a peer has to have said what.
#[derive(Debug)]
pub(super) struct Deadlines {
    begun: ReceiveTime,
    /// When something good came last.
    heard: ReceiveTime,
    /// Any whole frame has come.
    has_seen: bool,
    /// A terminal was taken.
    is_taken: bool,
    /// When the first byte of the frame came that is not whole yet.
    frame_begun: Option<ReceiveTime>,
}

impl Deadlines {
    pub fn new(now: ReceiveTime) -> Self {
        Self { begun: now, heard: now, has_seen: false, is_taken: false, frame_begun: None }
    }

    /// These bytes have come, after which a frame is unfinished or not.
    pub fn handle_input(&mut self, now: ReceiveTime, bytes: &[u8], is_inside: bool) {
        const DELIMITER: u8 = 0x7e;
        if !is_inside {
            self.frame_begun = None;
        } else if self.frame_begun.is_none() || bytes.contains(&DELIMITER) {
            self.frame_begun = Some(now);
        }
    }

    /// A whole frame.
    pub fn see(&mut self) {
        self.has_seen = true;
    }

    /// Something good, by which a terminal is taken or not.
    pub fn hear(&mut self, now: ReceiveTime, is_taken: bool) {
        self.is_taken |= is_taken;
        if self.is_taken {
            self.heard = now;
        }
    }

    /// The next that is due, and what it is called when it passes.
    pub fn next(&self, policy: &Policy) -> (ReceiveTime, CloseReason) {
        let waits = if self.is_taken || policy.idle <= policy.handshake {
            (self.heard.plus(policy.idle), CloseReason::Idle)
        } else if self.has_seen {
            (self.begun.plus(policy.handshake), CloseReason::Handshake)
        } else {
            (self.begun.plus(policy.first_frame.min(policy.handshake)), CloseReason::Handshake)
        };
        let slow = self.frame_begun.map(|begun| (begun.plus(policy.frame), CloseReason::Slow));
        slow.filter(|(due, _)| *due < waits.0).unwrap_or(waits)
    }
}

/// Frames at fault, by the minute.
#[derive(Debug, Default)]
pub(super) struct Faults {
    since: ReceiveTime,
    count: u32,
}

impl Faults {
    /// One more; gives how many there are in this minute.
    fn count(&mut self, now: ReceiveTime) -> u32 {
        if now.since(self.since) >= FAULTS_WINDOW {
            *self = Self { since: now, count: 0 };
        }
        self.count = self.count.saturating_add(1);
        self.count
    }
}

/// What is kept of a text: bounded, and without what only a screen's or a log's own language has.
fn kept(text: Text<'_>) -> String {
    text.to_string().chars().filter(|it| !it.is_control()).take(TEXT_MAX).collect()
}
