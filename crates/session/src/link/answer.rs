//! What the platform sends: answers with the terminal's own phone bytes and edition, and commands.

use fleet::ReceiveTime;
use jt808::{
    Acknowledgement, DeviceTime, Header, Message, Packet, RegistrationAnswer, Resend, Text, TimeAnswer,
    encode_frame,
};

use super::parts::Request;
use super::speaker::Speaker;
use super::waiting::Kept;
use super::{Link, is_answer, is_kept};
use crate::cipher::SEALED_BYTES_MAX;
use crate::code;
use crate::command::BODY_BYTES_MAX;

/// GMT+8, which [`DeviceTime`] prints; 0x8004 alone is in UTC.
const CHINA_OFFSET_MS: i64 = 8 * 3_600_000;

/// Results of 0x8001.
#[derive(Clone, Copy, Debug)]
pub(super) enum AckResult {
    Ok = 0,
    Failure = 1,
    Wrong = 2,
    Unsupported = 3,
}

/// Results of 0x8100 that we give.
#[derive(Clone, Copy, Debug)]
pub(super) enum RegistrationResult {
    Ok = 0,
    /// The vehicle is registered already, with another device.
    Taken = 1,
    NoSuchTerminal = 4,
}

impl<D: Into<u64>> Link<D> {
    /// 0x8001, except to what is an answer itself. Result 0 for what is kept is [`Self::acknowledge_kept`]'s.
    pub(super) fn acknowledge(&mut self, header: &Header, result: AckResult) {
        if matches!(result, AckResult::Ok) && is_kept(header.id) {
            // Silence does no harm: the terminal sends it again.
            debug_assert!(false, "0x{:04x} would be acknowledged before it is durable", header.id);
            return;
        }
        self.acknowledge_with(header, result);
    }

    /// 0x8001 result 0 for a report that is on disk.
    pub(super) fn acknowledge_kept(&mut self, kept: &Kept) {
        self.acknowledge_with(kept.header(), AckResult::Ok);
    }

    fn acknowledge_with(&mut self, header: &Header, result: AckResult) {
        if !is_answer(header.id) {
            let answer = Acknowledgement::new(header.serial, header.id, result as u8);
            self.answer(header, &Message::PlatformAcknowledgement(answer));
        }
    }

    /// 0x8100, with the code only where the result is 0.
    pub(super) fn answer_registration(&mut self, header: &Header, result: RegistrationResult) {
        let speaker = self.position(&header.phone).and_then(|at| self.speakers.get(at));
        let (result, code) = match (result, speaker) {
            (RegistrationResult::Ok, Some(Speaker { terminal, binding, .. })) => {
                (result, code::derive(&self.policy.secret, *terminal, binding.as_deref()))
            }
            // It has left, or was released or taken off the file, while its registration was written.
            (RegistrationResult::Ok, None) => (RegistrationResult::NoSuchTerminal, String::new()),
            (RegistrationResult::NoSuchTerminal | RegistrationResult::Taken, _) => (result, String::new()),
        };
        let answer =
            RegistrationAnswer { serial: header.serial, result: result as u8, code: Text(code.as_bytes()) };
        self.answer(header, &Message::RegistrationAnswer(answer));
    }

    /// 0x8004, 2019 section 8.6: the only time in the standard that is UTC.
    pub(super) fn answer_time(&mut self, now: ReceiveTime, header: &Header) {
        let utc = DeviceTime::from_unix_ms(now.ms() - CHINA_OFFSET_MS).unwrap_or_default();
        self.answer(header, &Message::TimeAnswer(TimeAnswer { utc: utc.bcd(), trailing: &[] }));
    }

    /// 0x8003, with the count as wide as the terminal's edition has it.
    pub(super) fn ask_again(&mut self, request: &Request) {
        let packages: Vec<u8> = request.missing.iter().flat_map(|index| index.to_be_bytes()).collect();
        let serial = request.first_serial;
        let speaker = self.position(&request.header.phone).and_then(|at| self.speakers.get(at));
        let edition = speaker.map_or(request.header.edition, Speaker::edition);
        let resend = Resend { serial, edition, packages: &packages };
        self.answer(&request.header, &Message::PlatformResend(resend));
    }

    /// 0x0005: packages of a command that waits for its answer, unchanged. Others are not kept. A request of a hundred
    /// bytes asks for 64 KiB: nothing is added to what is too much already and ends the connection.
    pub(super) fn send_again(&mut self, request: &Resend<'_>) {
        if self.transmit.len() > self.policy.output_bytes_max {
            return;
        }
        let Some(speaker) = self.speakers.get(self.last_speaker) else {
            return;
        };
        if let Some(packages) = self.commands.packages(speaker.terminal, request.serial) {
            packages.encode(Some(request), &mut self.transmit);
        }
    }

    pub(super) fn answer(&mut self, header: &Header, message: &Message<'_>) {
        let serial = match self.position(&header.phone).and_then(|at| self.speakers.get_mut(at)) {
            Some(speaker) => speaker.next_serial(),
            None => 0, // A terminal that was refused has no state.
        };
        self.body.clear();
        message.encode_body(header.edition, &mut self.body);
        encode_frame(&header.reply(message.id(), serial), &self.body, &mut self.transmit);
    }
}

/// A message to a terminal, cut where one frame is too short for it: header bit 13, serials in a row.
#[derive(Debug)]
pub(crate) struct Packages {
    /// Of the first package.
    header: Header,
    body: Vec<u8>,
}

impl Packages {
    /// Takes as many serials as it needs. An encrypted body is cut between its blocks.
    pub(super) fn new(speaker: &mut Speaker, id: u16, body: Vec<u8>, is_sealed: bool) -> Self {
        let serial = speaker.next_serial();
        let header = speaker.header.reply(id, serial);
        let header = if is_sealed { header.with_rsa() } else { header };
        let packages = Self { header, body };
        (1..packages.total()).for_each(|_| {
            speaker.next_serial();
        });
        packages
    }

    /// Serials of the first and the last package.
    pub(super) fn serials(&self) -> (u16, u16) {
        (self.header.serial, self.header.serial.wrapping_add(self.total() - 1))
    }

    /// All packages, or those a terminal asks for.
    pub(super) fn encode(&self, asked: Option<&Resend<'_>>, into: &mut Vec<u8>) {
        let total = self.total();
        if total == 1 {
            return encode_frame(&self.header, &self.body, into);
        }
        for (index, chunk) in (1..=total).zip(self.body.chunks(self.bytes_max())) {
            if asked.is_none_or(|asked| asked.numbers().any(|number| number == index)) {
                let serial = self.header.serial.wrapping_add(index - 1);
                let packet = Some(Packet { total, index });
                encode_frame(&Header { serial, packet, ..self.header }, chunk, into);
            }
        }
    }

    /// Of one package.
    fn bytes_max(&self) -> usize {
        if self.header.encrypted() { SEALED_BYTES_MAX } else { BODY_BYTES_MAX }
    }

    /// At least 1; a command has at most 64, encrypted 80.
    fn total(&self) -> u16 {
        u16::try_from(self.body.len().div_ceil(self.bytes_max()).max(1)).unwrap_or(u16::MAX)
    }

    #[cfg(test)]
    pub(super) fn test() -> Self {
        use jt808::Edition;

        let phone = jt808::Phone::from_digits("1", Edition::V2013).expect("one digit fits");
        Self { header: Header::new(0x8300, Edition::V2013, phone, 0), body: Vec::new() }
    }
}
