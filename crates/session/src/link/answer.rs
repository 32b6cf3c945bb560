//! What the platform sends: answers with the terminal's own phone bytes and edition, and commands.

use fleet::{ReceiveTime, TerminalId};
use jt808::{DeviceTime, Edition, Header, encode_frame, encode_text};

use super::Link;
use crate::{Command, code};

const ID_ACKNOWLEDGEMENT: u16 = 0x8001;
const ID_TIME_ANSWER: u16 = 0x8004;
const ID_REGISTRATION_ANSWER: u16 = 0x8100;
/// What the length field of a header can say.
const BODY_BYTES_MAX: usize = 1_023;
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
    NoSuchTerminal = 4,
}

impl Link {
    /// 0x8001: serial and id of what is answered, result.
    pub(super) fn acknowledge(&mut self, header: &Header, result: AckResult) {
        let [serial_high, serial_low] = header.serial.to_be_bytes();
        let [id_high, id_low] = header.id.to_be_bytes();
        self.answer(header, ID_ACKNOWLEDGEMENT, &[serial_high, serial_low, id_high, id_low, result as u8]);
    }

    /// 0x8100: serial of what is answered, result, and the code only with result 0.
    pub(super) fn answer_registration(&mut self, header: &Header, result: RegistrationResult) {
        let mut body = header.serial.to_be_bytes().to_vec();
        body.push(result as u8);
        if let (RegistrationResult::Ok, Ok(terminal)) = (result, TerminalId::parse(&header.phone.digits())) {
            body.extend_from_slice(code::derive(&self.policy.secret, terminal).as_bytes());
        }
        self.answer(header, ID_REGISTRATION_ANSWER, &body);
    }

    /// 0x8004, 2019 section 8.6: the only time in the standard that is UTC.
    pub(super) fn answer_time(&mut self, now: ReceiveTime, header: &Header) {
        let utc = DeviceTime::from_unix_ms(now.ms() - CHINA_OFFSET_MS).unwrap_or_default();
        self.answer(header, ID_TIME_ANSWER, &utc.bcd());
    }

    fn answer(&mut self, header: &Header, id: u16, body: &[u8]) {
        let serial = match self.position(&header.phone).and_then(|at| self.speakers.get_mut(at)) {
            Some(speaker) => speaker.next_serial(),
            None => 0, // A terminal that was refused has no state.
        };
        encode_frame(&header.reply(id, serial), body, &mut self.transmit);
    }
}

/// The body of a command, or nothing where it does not fit one frame.
pub(super) fn command_body(command: &Command, edition: Edition) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    match command {
        Command::ConfirmAlarm { serial, bits } => {
            body.extend_from_slice(&serial.to_be_bytes());
            body.extend_from_slice(&bits.to_be_bytes());
        }
        Command::QueryLocation | Command::QueryParameters | Command::QueryProperties => {}
        Command::SetParameters(parameters) => {
            body.push(u8::try_from(parameters.len()).ok()?);
            for (id, value) in parameters {
                body.extend_from_slice(&id.to_be_bytes());
                body.push(u8::try_from(value.len()).ok()?);
                body.extend_from_slice(value);
            }
        }
        Command::Text { flags, text } => {
            body.push(*flags);
            // 2019 puts a type behind the flags: 1 notice, 2 service.
            if edition == Edition::V2019 {
                body.push(1);
            }
            body.extend_from_slice(&encode_text(text));
        }
    }
    (body.len() <= BODY_BYTES_MAX).then_some(body)
}
