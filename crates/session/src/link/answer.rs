//! What the platform sends: answers with the terminal's own phone bytes and edition, and commands.

use fleet::{ReceiveTime, TerminalId};
use jt808::{
    Acknowledgement, AlarmConfirmation, DeviceTime, Edition, Header, Message, Parameter, Parameters,
    RegistrationAnswer, Text, TextMessage, TimeAnswer, encode_frame, encode_text,
};

use super::{Link, is_answer};
use crate::{Command, code};

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
    /// 0x8001, except to what is an answer itself.
    pub(super) fn acknowledge(&mut self, header: &Header, result: AckResult) {
        if !is_answer(header.id) {
            let answer = Acknowledgement::new(header.serial, header.id, result as u8);
            self.answer(header, &Message::PlatformAcknowledgement(answer));
        }
    }

    /// 0x8100, with the code only where the result is 0.
    pub(super) fn answer_registration(&mut self, header: &Header, result: RegistrationResult) {
        let code = match (result, TerminalId::parse(&header.phone.digits())) {
            (RegistrationResult::Ok, Ok(terminal)) => code::derive(&self.policy.secret, terminal),
            _ => String::new(),
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

    fn answer(&mut self, header: &Header, message: &Message<'_>) {
        let serial = match self.position(&header.phone).and_then(|at| self.speakers.get_mut(at)) {
            Some(speaker) => speaker.next_serial(),
            None => 0, // A terminal that was refused has no state.
        };
        self.body.clear();
        message.encode_body(header.edition, &mut self.body);
        encode_frame(&header.reply(message.id(), serial), &self.body, &mut self.transmit);
    }
}

/// The body of a command, or nothing where it does not fit one frame.
pub(crate) fn command_body(command: &Command, edition: Edition) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    match command {
        Command::ConfirmAlarm { serial, bits } => {
            let confirmation = AlarmConfirmation { serial: *serial, alarms: *bits, trailing: &[] };
            Message::AlarmConfirmation(confirmation).encode_body(edition, &mut body);
        }
        Command::QueryLocation | Command::QueryParameters | Command::QueryProperties => {}
        Command::SetParameters(parameters) => {
            let mut bytes = Vec::new();
            for (id, value) in parameters {
                // The length before a value is one byte.
                u8::try_from(value.len()).ok()?;
                Parameter { id: *id, value }.encode(&mut bytes);
            }
            let count = u8::try_from(parameters.len()).ok()?;
            Message::SetParameters(Parameters { count, bytes: &bytes }).encode_body(edition, &mut body);
        }
        Command::Text { flags, text } => {
            let text = encode_text(text);
            let message = TextMessage { flags: *flags, kind: Some(NOTICE), text: Text(&text) };
            Message::TextMessage(message).encode_body(edition, &mut body);
        }
    }
    (body.len() <= BODY_BYTES_MAX).then_some(body)
}

/// 0x8300 of 2019 has a type: 1 notice, 2 service.
const NOTICE: u8 = 1;
