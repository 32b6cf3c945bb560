//! Who speaks on a connection, and whether he may.

use std::sync::Arc;

use fleet::{ReceiveTime, TerminalId};
use jt808::{Edition, Frame, Header, Message, Phone};

use super::answer::{AckResult, RegistrationResult};
use super::sealed::Closed;
use super::{ID_AUTHENTICATION, ID_REGISTRATION, Link, Output, is_part};
use crate::{Admission, Directory, Profile, Rejected, Sealed, code};

/// A terminal that speaks on this connection.
#[derive(Debug)]
pub(super) struct Speaker {
    pub terminal: TerminalId,
    /// Its newest header: what answers and commands repeat of it.
    pub header: Header,
    /// Serial of the next message to it.
    pub serial: u16,
    pub standing: Standing,
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

impl Link {
    /// Where the sender of this frame stands in `speakers`; refuses it where it may not speak.
    pub(super) fn speaker(&mut self, header: &Header, directory: &dyn Directory) -> Option<usize> {
        if let Some(at) = self.position(&header.phone) {
            return Some(at);
        }
        let terminal = TerminalId::parse(&header.phone.digits()).ok();
        let Some(terminal) = terminal.filter(|terminal| self.policy.admits(*terminal, directory)) else {
            self.refuse(header, Rejected::Unadmitted);
            return None;
        };
        // The same terminal may write its number in another way after a change of its firmware.
        if let Some(at) = self.speakers.iter().position(|speaker| speaker.terminal == terminal) {
            self.speakers.get_mut(at)?.header = *header;
            return Some(at);
        }
        if self.speakers.len() >= self.policy.terminals_max {
            self.refuse(header, Rejected::Terminals);
            return None;
        }
        self.speakers.push(Speaker {
            terminal,
            header: *header,
            serial: 0,
            standing: Standing::New,
            is_ready: false,
            is_sealed: false,
            profile: directory.profile(terminal).unwrap_or_default(),
        });
        Some(self.speakers.len() - 1)
    }

    /// Many terminals report without authentication, so whatever they send first logs them in. Says whether this
    /// message is accepted.
    pub(super) fn log_in(&mut self, at: usize, id: u16) -> bool {
        let Some(speaker) = self.speakers.get_mut(at) else {
            return false;
        };
        let accepted = match (speaker.standing, id) {
            (Standing::New, _) | (Standing::Superseded, ID_REGISTRATION | ID_AUTHENTICATION) => {
                speaker.standing = Standing::Online;
                speaker.is_ready = false;
                self.events.push_back(Output::Login(speaker.terminal));
                true
            }
            (Standing::Online | Standing::Superseded, _) | (Standing::Refused, ID_REGISTRATION) => true,
            (Standing::Refused, _) => false,
        };
        if speaker.standing == Standing::Online && !speaker.is_ready && id != ID_REGISTRATION {
            speaker.is_ready = true;
            self.events.push_back(Output::Ready(speaker.terminal));
        }
        accepted
    }

    pub(super) fn position(&self, phone: &Phone) -> Option<usize> {
        let is_it = |speaker: &Speaker| speaker.header.phone == *phone;
        if self.speakers.get(self.last_speaker).is_some_and(is_it) {
            return Some(self.last_speaker);
        }
        self.speakers.iter().position(is_it)
    }

    /// 2013 section 8.8, 2019 section 8.9: the answer is the general one. Only the right code logs in.
    pub(super) fn handle_authentication(&mut self, now: ReceiveTime, frame: &Frame<'_>) {
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
        let at = self.last_speaker;
        if self.is_authentic(at, frame) {
            if let Some(speaker) = self.speakers.get_mut(at).filter(|it| it.standing == Standing::Refused) {
                speaker.standing = Standing::New;
            }
            self.log_in(at, ID_AUTHENTICATION);
            self.hear(now);
            self.counts.handled += 1;
            if let Ok(message) = frame.message() {
                self.learn(&frame.header, &message);
            }
            return self.acknowledge(&frame.header, AckResult::Ok);
        }
        if let Some(speaker) = self.speakers.get_mut(at) {
            let (terminal, was_online) = (speaker.terminal, speaker.standing == Standing::Online);
            speaker.standing = Standing::Refused;
            if was_online {
                self.lose(terminal);
                self.events.push_back(Output::Logout(terminal));
            }
        }
        self.refuse(&frame.header, Rejected::Code);
    }

    fn is_authentic(&self, at: usize, frame: &Frame<'_>) -> bool {
        let header = &frame.header;
        match (self.policy.admission, self.speakers.get(at), frame.message()) {
            (Admission::Open, ..) => true,
            (Admission::Registry, Some(speaker), Ok(Message::Authentication(given)))
                if !header.encrypted() && !is_part(header) =>
            {
                code::is_right(&self.policy.secret, speaker.terminal, &given.code.decode())
            }
            (Admission::Registry, ..) => false,
        }
    }

    /// The standard's own refusal, without any state.
    pub(super) fn refuse(&mut self, header: &Header, why: Rejected) {
        self.counts.reject(why);
        match header.id {
            ID_REGISTRATION => self.answer_registration(header, RegistrationResult::NoSuchTerminal),
            _ => self.acknowledge(header, AckResult::Failure),
        }
    }
}
