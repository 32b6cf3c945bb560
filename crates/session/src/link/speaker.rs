//! Who speaks on a connection, and whether he may.

use std::sync::Arc;

use fleet::{Binding, ReceiveTime, TerminalId, Threat};
use jt808::{Authentication, Edition, Frame, Header, Message, Phone};

use super::answer::AckResult;
use super::sealed::Closed;
use super::{ID_AUTHENTICATION, ID_REGISTRATION, Link, Output, is_part};
use crate::{Admission, Directory, Profile, Proof, Rejected, Sealed, code};

/// A terminal that speaks on this connection.
#[derive(Debug)]
pub(super) struct Speaker {
    pub terminal: TerminalId,
    /// Its newest header: what answers and commands repeat of it.
    pub header: Header,
    /// Serial of the next message to it.
    pub serial: u16,
    pub standing: Standing,
    /// Why it is believed here.
    pub proof: Proof,
    /// What it is bound to, as of its last registration or authentication here.
    pub binding: Option<Arc<Binding>>,
    /// Whether it has said anything but a registration since it logged in.
    pub is_ready: bool,
    /// Whether its newest message was encrypted: then commands to it are.
    pub is_sealed: bool,
    /// What it has shown of itself, here or on an earlier connection.
    pub profile: Arc<Profile>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Standing {
    /// It has sent nothing that was accepted yet.
    New,
    /// It speaks here and nowhere else.
    Online,
    /// Its authentication code was wrong: until it gives the right one it may only register.
    Refused,
    /// It has logged in on another connection since. Its reports are still kept and acknowledged here.
    Superseded,
}

impl Speaker {
    /// A terminal that registers waits for the answer and authenticates; whatever else comes in between it may drop.
    pub fn takes_commands(&self) -> bool {
        self.standing == Standing::Online && self.is_ready
    }

    /// How to write bodies for it: as it writes its own, else as its header says.
    pub fn edition(&self) -> Edition {
        self.profile.edition.unwrap_or(self.header.edition)
    }

    pub fn next_serial(&mut self) -> u16 {
        let serial = self.serial;
        self.serial = serial.wrapping_add(1);
        serial
    }
}

impl<D: Into<u64>> Link<D> {
    /// Where the sender of this frame stands in `speakers`; refuses it where it may not speak.
    pub(super) fn speaker(&mut self, frame: &Frame<'_>, directory: &dyn Directory) -> Option<usize> {
        let header = &frame.header;
        if let Some(at) = self.position(&header.phone) {
            return Some(at);
        }
        let terminal = TerminalId::parse(&header.phone.digits()).ok();
        // The same terminal may write its number in another way after a change of its firmware.
        if let Some(at) = self.speakers.iter().position(|speaker| Some(speaker.terminal) == terminal) {
            self.speakers.get_mut(at)?.header = *header;
            return Some(at);
        }
        let is_anothers = self.policy.certified.is_some_and(|own| Some(own) != terminal);
        if is_anothers || self.policy.is_strict() && self.is_proven() {
            self.suspect(Threat::ForeignNumber, terminal);
            self.refuse(header, Rejected::Foreign);
            return None;
        }
        let Some(terminal) = terminal.filter(|terminal| self.policy.admits(*terminal, directory)) else {
            self.refuse_stranger(frame);
            return None;
        };
        if self.policy.is_strict() {
            // Nobody has authenticated: one number after the other may be tried, and the last one alone is remembered.
            self.speakers.clear();
        } else if self.speakers.len() >= self.policy.terminals_max {
            self.refuse(header, Rejected::Terminals);
            return None;
        }
        self.speakers.push(Speaker {
            terminal,
            header: *header,
            serial: 0,
            standing: Standing::New,
            proof: Proof::Claimed,
            binding: None,
            is_ready: false,
            is_sealed: false,
            profile: directory.profile(terminal).unwrap_or_default(),
        });
        Some(self.speakers.len() - 1)
    }

    /// Many terminals report without authentication: where that is taken, whatever they send first logs them in. Says why
    /// this message is not accepted.
    pub(super) fn log_in(&mut self, at: usize, id: u16, directory: &dyn Directory) -> Result<(), Rejected> {
        let is_strict = self.policy.is_strict();
        let Some(speaker) = self.speakers.get_mut(at) else {
            return Err(Rejected::Unadmitted);
        };
        match (speaker.standing, id) {
            // Registering proves nothing and displaces nobody: the code that it gives is to come back first.
            (Standing::New | Standing::Refused, ID_REGISTRATION) if is_strict => return Ok(()),
            (Standing::New, _) if is_strict => {
                if !directory.goes_on_here(speaker.terminal) {
                    return Err(Rejected::Unauthenticated);
                }
                self.go_online(at, Proof::Code);
            }
            (Standing::Refused, _) if is_strict => return Err(Rejected::Unauthenticated),
            (Standing::New, _) | (Standing::Superseded, ID_REGISTRATION) => {
                self.go_online(at, Proof::Claimed);
            }
            (Standing::Online | Standing::Superseded, _) | (Standing::Refused, ID_REGISTRATION) => {}
            (Standing::Refused, _) => return Err(Rejected::Code),
        }
        self.take_commands(at, id);
        Ok(())
    }

    fn go_online(&mut self, at: usize, proof: Proof) {
        let Some(speaker) = self.speakers.get_mut(at) else {
            return;
        };
        if speaker.standing != Standing::Online {
            speaker.standing = Standing::Online;
            speaker.is_ready = false;
        } else if speaker.proof >= proof {
            return;
        }
        speaker.proof = proof;
        self.events.push_back(Output::Login { terminal: speaker.terminal, proof });
    }

    fn take_commands(&mut self, at: usize, id: u16) {
        let is_waiting = |speaker: &&mut Speaker| {
            speaker.standing == Standing::Online && !speaker.is_ready && id != ID_REGISTRATION
        };
        if let Some(speaker) = self.speakers.get_mut(at).filter(is_waiting) {
            speaker.is_ready = true;
            self.events.push_back(Output::Ready(speaker.terminal));
        }
    }

    pub(super) fn position(&self, phone: &Phone) -> Option<usize> {
        let is_it = |speaker: &Speaker| speaker.header.phone == *phone;
        if self.speakers.get(self.last_speaker).is_some_and(is_it) {
            return Some(self.last_speaker);
        }
        self.speakers.iter().position(is_it)
    }

    /// 2013 section 8.8, 2019 section 8.9: the answer is the general one. Only the right code logs in.
    pub(super) fn handle_authentication(
        &mut self,
        now: ReceiveTime,
        frame: &Frame<'_>,
        directory: &dyn Directory,
    ) {
        // Once it has authenticated here nobody can have taken its place: then its code is looked at whatever happened
        // elsewhere.
        let is_known = self.speakers.get(self.last_speaker).is_some_and(|it| it.proof == Proof::Code);
        let terminal = self.speakers.get(self.last_speaker).map(|it| it.terminal);
        if self.policy.admission == Admission::Registry
            && !is_known
            && !terminal.is_some_and(|terminal| directory.may_authenticate(terminal))
        {
            return self.refuse(&frame.header, Rejected::Barred);
        }
        if !frame.header.encrypted() {
            self.mark_sealed(false);
            return self.handle_code(now, frame);
        }
        match self.unseal(now, frame) {
            Ok(opened) => {
                self.mark_sealed(true);
                self.handle_code(now, &opened.frame());
            }
            Err(Closed::Sealed(Sealed::Busy)) => self.refuse(&frame.header, Rejected::Flood),
            // What cannot be read is no right code.
            Err(Closed::Sealed(Sealed::Wrong) | Closed::Unsupported) => self.handle_code(now, frame),
        }
    }

    fn handle_code(&mut self, now: ReceiveTime, frame: &Frame<'_>) {
        let proof = match self.prove(frame) {
            Ok(proof) => proof,
            Err((why, threat)) => return self.handle_wrong_code(frame, why, threat),
        };
        let at = self.last_speaker;
        self.go_online(at, proof);
        self.take_commands(at, ID_AUTHENTICATION);
        self.hear(now);
        self.counts.handled += 1;
        if let Ok(message) = frame.message() {
            self.learn(&frame.header, &message);
        }
        self.acknowledge(&frame.header, AckResult::Ok);
    }

    fn handle_wrong_code(&mut self, frame: &Frame<'_>, why: Rejected, threat: Threat) {
        if let Some(speaker) = self.speakers.get_mut(self.last_speaker) {
            let (terminal, was_online) = (speaker.terminal, speaker.standing == Standing::Online);
            speaker.standing = Standing::Refused;
            speaker.proof = Proof::Claimed;
            if was_online {
                self.lose(terminal);
                self.events.push_back(Output::Logout(terminal));
            }
            self.suspect(threat, Some(terminal));
        }
        self.refuse(&frame.header, why);
    }

    /// Whether it is who it says, or why not.
    fn prove(&mut self, frame: &Frame<'_>) -> Result<Proof, (Rejected, Threat)> {
        if self.policy.admission == Admission::Open {
            return Ok(Proof::Claimed);
        }
        let wrong = (Rejected::Code, Threat::WrongCode);
        let Ok(Message::Authentication(given)) = frame.message() else {
            return Err(wrong);
        };
        if frame.header.encrypted() || is_part(&frame.header) || !self.has_right_code(&given) {
            return Err(wrong);
        }
        if !self.bind_imei(&given) {
            return Err((Rejected::Device, Threat::DeviceChanged));
        }
        Ok(Proof::Code)
    }

    fn has_right_code(&self, given: &Authentication<'_>) -> bool {
        self.speakers.get(self.last_speaker).is_some_and(|speaker| {
            let code = given.code.decode();
            code::is_right(&self.policy.secret, speaker.terminal, speaker.binding.as_deref(), &code)
        })
    }
}
