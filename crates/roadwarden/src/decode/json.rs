//! One object a line, with the keys of the contract.

use anyhow::Context;
use jt808::{DecodeError, Edition, Frame, Message};
use serde::Serialize;

use crate::hex;

/// The object of one frame as a line, and whether the frame could be decoded.
pub fn line(raw: &[u8]) -> anyhow::Result<(String, bool)> {
    let mut plain = Vec::new();
    let decoded = jt808::unescape(raw, &mut plain)
        .and_then(|warnings| Frame::decode(&plain).map(|frame| (frame, warnings)));
    match decoded {
        Ok((mut frame, unescaped)) => {
            frame.warnings.insert(unescaped);
            let described = Described::of(&frame);
            let is_decoded = described.error.is_none();
            written(&described, is_decoded)
        }
        Err(reason) => refused(&reason.to_string(), &hex::print(raw)),
    }
}

/// The object of what is no frame at all.
pub fn refused(reason: &str, hex: &str) -> anyhow::Result<(String, bool)> {
    written(&NoFrame { error: reason, hex }, false)
}

fn written(object: &impl Serialize, is_decoded: bool) -> anyhow::Result<(String, bool)> {
    let text = serde_json::to_string(object).context("writing JSON")?;
    Ok((format!("{text}\n"), is_decoded))
}

#[derive(Serialize)]
struct NoFrame<'f> {
    error: &'f str,
    hex: &'f str,
}

#[derive(Serialize)]
struct Described<'f> {
    id: String,
    name: &'static str,
    edition: &'static str,
    terminal: String,
    serial: u16,
    packet: Option<Package>,
    body: Option<Body<'f>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    warnings: Vec<&'static str>,
}

#[derive(Serialize)]
struct Package {
    total: u16,
    index: u16,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Body<'f> {
    /// Boxed: it is many times the size of the other.
    Message(Box<Message<'f>>),
    Raw {
        raw: String,
    },
}

impl<'f> Described<'f> {
    fn of(frame: &Frame<'f>) -> Self {
        let (header, message) = (frame.header, frame.message());
        let edition = edition(header.edition, message.as_ref().ok());
        let (body, error) = match message {
            Ok(message) => (Some(Body::Message(Box::new(message))), None),
            // One package of several, or an encrypted body, is a good frame whose body can't be read alone.
            Err(DecodeError::Packaged { .. } | DecodeError::Encrypted) => {
                (Some(Body::Raw { raw: hex::print(frame.body) }), None)
            }
            Err(reason) => (None, Some(reason.to_string())),
        };
        Self {
            id: format!("{:04x}", header.id),
            name: jt808::name_of(header.id),
            edition: edition.as_str(),
            terminal: header.phone.digits(),
            serial: header.serial,
            packet: header.packet.map(|packet| Package { total: packet.total, index: packet.index }),
            body,
            error,
            warnings: frame.warnings.names().collect(),
        }
    }
}

/// Only a registration's body tells 2011 from 2013.
fn edition(header: Edition, message: Option<&Message<'_>>) -> Edition {
    match message {
        Some(Message::Registration(registration)) => registration.edition,
        _ => header,
    }
}
