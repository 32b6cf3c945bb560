//! What we read out of a frame, flat: a path and a text for every field.

use jt808::{Frame, Message, Show, Shown, unescape};

/// See the module. The paths of items begin with their id: `03/speed_kmh`.
pub struct Facts {
    /// Why the frame is refused, where it is.
    pub refused: Option<String>,
    /// Of header and body, in wire order.
    pub fields: Vec<(String, String)>,
    /// Header and body, or all that stands between the delimiters where the frame is refused.
    pub plain: Vec<u8>,
    /// The body has a type here.
    pub typed: bool,
}

impl Facts {
    /// Reads a whole frame in hex.
    pub fn of(hex: &str) -> Self {
        let raw: Vec<u8> = (0..hex.len() / 2)
            .map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).expect("the file holds hex"))
            .collect();
        let mut facts = Self { refused: None, fields: Vec::new(), plain: Vec::new(), typed: false };
        let mut plain = Vec::new();
        if let Err(error) = unescape(&raw, &mut plain) {
            facts.refused = Some(error.to_string());
        } else {
            facts.read(&plain);
        }
        facts.plain = plain;
        facts
    }

    fn read(&mut self, plain: &[u8]) {
        let frame = Frame::decode(plain).expect("frames with a right checksum have a header");
        let header = frame.header;
        let sum = plain.iter().fold(0, |sum, byte| sum ^ byte);
        let edition = if header.edition == jt808::Edition::V2019 { "2019" } else { "2011/2013" };
        for (name, text) in [
            ("id", header.id.to_string()),
            ("edition", edition.to_owned()),
            ("phone", to_hex(header.phone.bytes())),
            ("digits", header.phone.digits()),
            ("serial", header.serial.to_string()),
            ("length", frame.body.len().to_string()),
            ("checksum", sum.to_string()),
        ] {
            self.fields.push((format!("{HEADER}{name}"), text));
        }
        match frame.message() {
            Ok(message) => {
                self.typed = !matches!(message, Message::Unknown(_));
                message.show(&mut Flat { facts: self, lists: Vec::new(), item: None });
            }
            Err(_) => self.fields.push(("raw".to_owned(), to_hex(frame.body))),
        }
    }
}

/// Before the names of what is not in the body.
pub const HEADER: &str = "header.";

/// Bytes as lower-case hex.
pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

struct Flat<'f> {
    facts: &'f mut Facts,
    lists: Vec<&'static str>,
    /// The id of the item that is open, in hex.
    item: Option<String>,
}

impl Show for Flat<'_> {
    fn field(&mut self, field: Shown<'_>) {
        let text = field.value.to_string();
        if field.name == "id" && self.lists.last() == Some(&"items") {
            self.item = text.parse::<u8>().ok().map(|id| format!("{id:02x}"));
        }
        let path = match &self.item {
            Some(item) => format!("{item}/{}", field.name),
            None => field.name.to_owned(),
        };
        self.facts.fields.push((path, text));
    }

    fn begin(&mut self, name: &'static str) {
        self.lists.push(name);
        self.item = None;
    }

    fn end(&mut self) {
        self.lists.pop();
        self.item = None;
    }
}
