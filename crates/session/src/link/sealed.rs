//! Encrypted bodies in and out, and the exchange of keys.

use fleet::ReceiveTime;
use jt808::{
    DeviceTime, DriverIdentity, Frame, Header, Location, Message, PlatformKey, TerminalKey, encode_frame,
};

use super::answer::AckResult;
use super::speaker::Speaker;
use super::{Link, is_part};
use crate::cipher::blocks;
use crate::{Policy, PublicKey, Rejected, Sealed};

/// A frame whose body was encrypted.
pub(super) struct Opened {
    header: Header,
    body: Vec<u8>,
}

/// Why there is none.
#[derive(Clone, Copy, Debug)]
pub(super) enum Closed {
    /// There is no key, or the way of encryption is a reserved one.
    Unsupported,
    Sealed(Sealed),
}

impl Opened {
    pub fn frame(&self) -> Frame<'_> {
        Frame { header: self.header, body: &self.body, warnings: Default::default() }
    }
}

impl<D: Into<u64>> Link<D> {
    /// What the journal keeps of it is the frame as it would have been without encryption, so that a replay needs no key;
    /// the bytes on the wire can be made again from it by nobody. All else is as for a plain one.
    pub(super) fn handle_sealed(&mut self, now: ReceiveTime, frame: &Frame<'_>) {
        let header = &frame.header;
        let (why, result) = match self.unseal(now, frame) {
            Ok(opened) => return self.handle_opened(now, &opened.frame()),
            Err(Closed::Unsupported) => (Rejected::Encrypted, AckResult::Unsupported),
            Err(Closed::Sealed(Sealed::Busy)) => (Rejected::Flood, AckResult::Failure),
            Err(Closed::Sealed(Sealed::Wrong)) => (Rejected::Encrypted, AckResult::Wrong),
        };
        self.counts.reject(why);
        self.acknowledge(header, result);
    }

    fn handle_opened(&mut self, now: ReceiveTime, frame: &Frame<'_>) {
        let mut raw = Vec::new();
        encode_frame(&frame.header, frame.body, &mut raw);
        self.mark_sealed(true);
        self.handle_plain(now, &raw, frame, Rejected::Encrypted);
    }

    /// The frame without its encryption.
    pub(super) fn unseal(&mut self, now: ReceiveTime, frame: &Frame<'_>) -> Result<Opened, Closed> {
        let header = frame.header.plain();
        let cipher = self.policy.cipher.as_ref().filter(|_| frame.header.is_rsa());
        let cipher = cipher.ok_or(Closed::Unsupported)?;
        let blocks = blocks(frame.body).ok_or(Closed::Sealed(Sealed::Wrong))?;
        if !self.decrypted.take(now, blocks) {
            return Err(Closed::Sealed(Sealed::Busy));
        }
        let body = cipher.decrypt(now, frame.body).map_err(Closed::Sealed)?;
        let opened = Opened { header, body };
        if is_chance(&opened.frame()) {
            return Err(Closed::Sealed(Sealed::Wrong));
        }
        Ok(opened)
    }

    /// Commands are encrypted for a terminal that encrypts.
    pub(super) fn mark_sealed(&mut self, is_sealed: bool) {
        if let Some(speaker) = self.speakers.get_mut(self.last_speaker) {
            speaker.is_sealed = is_sealed;
        }
    }

    /// 0x0a00, answered with our own key (0x8a00); the terminal's is in its profile by now.
    pub(super) fn exchange_keys(&mut self, header: &Header, key: &TerminalKey<'_>) {
        if PublicKey::new(key.e, key.n).is_none() {
            self.counts.reject(Rejected::Body);
            return self.acknowledge(header, AckResult::Wrong);
        }
        self.counts.handled += 1;
        match self.policy.cipher.as_ref().map(|cipher| cipher.key()) {
            Some(own) => {
                let key = PlatformKey { e: own.e(), n: own.n(), trailing: &[] };
                self.answer(header, &Message::PlatformKey(key));
            }
            None => self.acknowledge(header, AckResult::Unsupported),
        }
    }
}

/// The body of a command as this terminal takes it: encrypted where it encrypts and its key is known. Nothing where the
/// encryption fails: in plain it is never sent instead.
pub(super) fn seal(policy: &Policy, speaker: &Speaker, body: Vec<u8>) -> Option<(Vec<u8>, bool)> {
    match (&policy.cipher, &speaker.profile.key) {
        (Some(cipher), Some(key)) if speaker.is_sealed && !body.is_empty() => {
            Some((cipher.encrypt(key, &body)?, true))
        }
        _ => Some((body, false)),
    }
}

/// What was not made with our key gives bytes by chance instead of an error, so that nobody learns from our answers how
/// blocks are padded. A report of them might raise an alarm: what only chance can have written is not taken. The first
/// part of a report in parts has the fields in question.
fn is_chance(frame: &Frame<'_>) -> bool {
    let Header { id, edition, packet, .. } = frame.header;
    if packet.is_some_and(|packet| packet.index > 1) {
        return false;
    }
    let Ok(message) = Message::decode(id, edition, frame.body) else {
        // A part may break off anywhere; a whole one says what is wrong with it.
        return false;
    };
    let is_decimal = |bytes: &[u8]| bytes.iter().all(|byte| byte >> 4 <= 9 && byte & 0x0f <= 9);
    match message {
        Message::LocationReport(location) => !is_dated(&location),
        Message::LocationAnswer(answer) => !is_dated(&answer.location),
        Message::LocationBatch(batch) => {
            !is_part(&frame.header)
                && !batch.bytes.is_empty()
                && !batch.iter().any(|item| item.is_ok_and(|location| is_dated(&location)))
        }
        Message::Registration(it) => it.province > 99 || it.city > 9_999,
        Message::DriverIdentity(DriverIdentity::Event { time, .. }) => time.unix_ms().is_none(),
        Message::Attributes(it) => !is_decimal(&it.iccid),
        Message::Authentication(it) => it.imei().is_some_and(|imei| !imei.0.iter().all(u8::is_ascii_digit)),
        _ => false,
    }
}

/// Before its first fix a terminal sends zeros, and its driver may press the button.
fn is_dated(location: &Location<'_>) -> bool {
    location.time.unix_ms().is_some() || location.time == DeviceTime::default()
}
