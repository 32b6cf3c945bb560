//! The fields of a header, as many as there are.

use super::{State, Walk};
use crate::header::{ENCRYPTION, LENGTH, Layout, PACKAGED, Packet, VERSION_FLAG, header_len};
use crate::{Edition, FrameError, Phone, Warnings, chinese_name_of, name_of};

/// What a header says about the body behind it.
pub(super) struct Known {
    pub(super) id: u16,
    pub(super) edition: Edition,
    pub(super) encrypted: bool,
    pub(super) packet: Option<Packet>,
}

impl Walk<'_> {
    /// Nothing where the header is cut; the bytes of it that are there are noted then, and that it is cut.
    pub(super) fn header(&mut self) -> Option<Known> {
        let content = self.rest();
        let layout = Layout::of(content);
        let needed = layout.map_or(12, |layout| header_len(layout.v2019, layout.attributes));
        let known = self.fields(layout, content.len());
        if known.is_none() {
            let error = FrameError::Short { len: content.len(), needed };
            self.not_understood(&error.chinese(), &error.to_string());
        }
        known
    }

    fn fields(&mut self, layout: Option<Layout>, len: usize) -> Option<Known> {
        let id = self.number("message_id", |id| format!("{id:04x}"))?;
        self.means((chinese_name_of(id), name_of(id)));
        let layout = layout?;
        self.note(2, "body_attributes", format_args!("{:#06x}", layout.attributes));
        self.attributes(layout, len);
        let edition = if layout.v2019 { Edition::V2019 } else { Edition::V2013 };
        let phone_bytes = if layout.v2019 {
            let version = *self.rest().first()?;
            self.note(1, "protocol_version", version);
            10
        } else {
            6
        };
        let phone = Phone::new(self.rest().get(..phone_bytes)?)?;
        self.note(phone_bytes, "phone", phone);
        self.number("serial", |serial| serial.to_string())?;
        let packet = if layout.attributes & PACKAGED == 0 { None } else { Some(self.packet()?) };
        Some(Known { id, edition, encrypted: layout.attributes & ENCRYPTION != 0, packet })
    }

    /// The parts of the attributes, by bits.
    fn attributes(&mut self, layout: Layout, len: usize) {
        let Layout { v2019, attributes, warnings } = layout;
        self.depth += 1;
        let note = self.note(0, "body_length", attributes & LENGTH);
        note.unit = "B";
        if warnings.contains(Warnings::LENGTH_FIELD)
            && let Some(left) = len.checked_sub(header_len(v2019, attributes))
        {
            note.means(State::Odd, format!("实际 {left} 字节"), format!("{left} bytes are there"));
        }
        let encryption = (attributes & ENCRYPTION) >> 10;
        self.note(0, "encryption", encryption);
        self.means(match encryption {
            0 => ("不加密", "none"),
            1 => ("RSA", "RSA"),
            _ => ("保留", "reserved"),
        });
        let packaged = attributes & PACKAGED != 0;
        self.note(0, "sub_packaged", u8::from(packaged));
        self.means(if packaged { ("分包", "one of several") } else { ("不分包", "whole") });
        let flagged = attributes & VERSION_FLAG != 0;
        let note = self.note(0, "version_flag", u8::from(flagged));
        if warnings.contains(Warnings::VERSION_FLAG) {
            let (sent, found) = if flagged { ("2019", "2013") } else { ("2013", "2019") };
            let english = format!("says {sent}, but the length fits {found}");
            note.means(State::Odd, format!("标为 {sent} 版，长度符合 {found} 版"), english);
        } else {
            self.means(if flagged { ("2019 版", "2019") } else { ("2011/2013 版", "2011 or 2013") });
        }
        if attributes & 1 << 15 != 0 {
            self.note(0, "reserved", 1);
        }
        self.depth -= 1;
    }

    fn packet(&mut self) -> Option<Packet> {
        let total = self.number("package_total", |total| total.to_string())?;
        let index = self.number("package_index", |index| index.to_string())?;
        if index == 0 || index > total {
            let error = FrameError::Packet { index, total };
            self.last(State::Wrong, error.chinese(), error);
        }
        Some(Packet { total, index })
    }

    /// A field of two bytes, where there are two.
    fn number(&mut self, name: &'static str, value: impl Fn(u16) -> String) -> Option<u16> {
        let number = u16::from_be_bytes(*self.rest().first_chunk()?);
        self.note(2, name, value(number));
        Some(number)
    }

    /// Gives the latest note a meaning.
    fn means(&mut self, (chinese, english): (&str, &str)) {
        self.last(State::Plain, chinese, english);
    }

    fn last(&mut self, state: State, chinese: impl ToString, english: impl ToString) {
        if let Some(note) = self.notes.last_mut() {
            note.means(state, chinese, english);
        }
    }
}
