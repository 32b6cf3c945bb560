//! 0x0102 authentication (2013 section 8.8, 2019 section 8.9; the printed offsets of 2019 are wrong).
//!
//! 2011/2013 | code … |      2019 | length 1 | code … | IMEI 15 | software version 20 |

use crate::field::Show;
use crate::layout::Body;
use crate::reader::{Reader, put_counted};
use crate::text::Text;
use crate::{DecodeError, Edition};

/// The code a terminal got when it registered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Authentication<'a> {
    /// Authentication code.
    pub code: Text<'a>,
    /// What follows the code in the 2019 layout, as sent; nothing in the older one.
    pub details: Option<&'a [u8]>,
}

impl<'a> Body<'a> for Authentication<'a> {
    /// Terminals send the older body with bit 14 set: a first byte that is no plausible length is part of the code.
    fn decode(reader: Reader<'a>, header: Edition) -> Result<Self, DecodeError> {
        let body = reader.rest();
        let whole = Self { code: Text(body), details: None };
        if header != Edition::V2019 {
            return Ok(whole);
        }
        let mut counted = reader;
        let Ok(code) = counted.counted("code") else { return Ok(whole) };
        let details = counted.rest();
        let control = body.first().is_some_and(|len| *len < b' ');
        Ok(if control || matches!(details.len(), 0 | 35) {
            Self { code: Text(code), details: Some(details) }
        } else {
            whole
        })
    }

    fn encode(&self, _: Edition, into: &mut Vec<u8>) {
        match self.details {
            Some(details) => {
                put_counted(self.code.0, into);
                into.extend_from_slice(details);
            }
            None => into.extend_from_slice(self.code.0),
        }
    }

    fn show(&self, show: &mut dyn Show) {
        let length = usize::from(self.details.is_some());
        show.text("code", length + self.code.0.len(), &self.code);
        if let Some(imei) = self.imei() {
            show.text("imei", 15, &imei);
        }
        if let Some(software) = self.software() {
            show.text("software", 20, &software);
        }
        show.trailing(self.trailing());
    }
}

impl<'a> Authentication<'a> {
    /// IMEI (2019).
    #[must_use]
    pub fn imei(&self) -> Option<Text<'a>> {
        self.details?.get(..15).map(Text)
    }

    /// Software version (2019).
    #[must_use]
    pub fn software(&self) -> Option<Text<'a>> {
        self.details?.get(15..35).map(Text)
    }

    /// What the layout of 2019 does not explain.
    fn trailing(&self) -> &'a [u8] {
        let details = self.details.unwrap_or_default();
        let explained = if self.software().is_some() {
            35
        } else if self.imei().is_some() {
            15
        } else {
            0
        };
        details.get(explained..).unwrap_or_default()
    }
}
