//! 0x0702 driver identity (2011, 2013 and 2019); its request 0x8702 is empty.
//!
//! 2013/2019 | state 1 | time BCD\[6\] | result 1 | name 1+n | certificate 20 | issuer 1+m | valid to BCD\[4\] | id card 20 (2019) |
//! 2011      | name 1+n | id card 20 | certificate 40 | issuer 1+m |

use crate::field::{Hex, Meaning, Show};
use crate::layout::Body;
use crate::reader::{Reader, put_counted, put_fixed};
use crate::text::Text;
use crate::{DecodeError, DeviceTime, Edition};

/// Who drives.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DriverIdentity<'a> {
    /// A card was put in or taken out (2013 and 2019).
    Event {
        /// 1 card in, on duty; 2 card out, off duty.
        state: u8,
        /// When.
        time: DeviceTime,
        /// 0 read, 1 key failed, 2 locked, 3 pulled out, 4 check failed; nothing where the report ends before it.
        result: Option<u8>,
        /// What the card says, where it was read.
        card: Option<DriverCard<'a>>,
        /// Bytes behind the layout, as sent.
        trailing: &'a [u8],
    },
    /// The driver's data alone (2011).
    Plain {
        /// Name.
        name: Text<'a>,
        /// Identity card number, 20 bytes, padded.
        id_card: Text<'a>,
        /// Qualification certificate, 40 bytes, padded.
        certificate: Text<'a>,
        /// Who issued the certificate.
        issuer: Text<'a>,
        /// Bytes behind the layout, as sent.
        trailing: &'a [u8],
    },
}

/// What a qualification card says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DriverCard<'a> {
    /// Name.
    pub name: Text<'a>,
    /// Qualification certificate, 20 bytes, padded.
    pub certificate: Text<'a>,
    /// Who issued it.
    pub issuer: Text<'a>,
    /// Valid to, BCD YYYYMMDD as sent.
    pub valid_until: [u8; 4],
    /// Identity card number, 20 bytes, padded (2019).
    pub id_card: Option<Text<'a>>,
}

impl<'a> Body<'a> for DriverIdentity<'a> {
    /// The older layout starts with the length of a name, which is never 1 or 2 bytes.
    fn decode(reader: Reader<'a>, _: Edition) -> Result<Self, DecodeError> {
        match reader.rest().first() {
            Some(1 | 2) | None => Self::decode_event(reader),
            Some(_) => Self::decode_plain(reader).or_else(|_| Self::decode_event(reader)),
        }
    }

    fn encode(&self, _: Edition, into: &mut Vec<u8>) {
        match self {
            Self::Event { state, time, result, card, trailing } => {
                into.push(*state);
                into.extend_from_slice(&time.bcd());
                into.extend(result);
                if let Some(card) = card {
                    card.encode(into);
                }
                into.extend_from_slice(trailing);
            }
            Self::Plain { name, id_card, certificate, issuer, trailing } => {
                put_counted(name.0, into);
                put_fixed(id_card.0, 20, into);
                put_fixed(certificate.0, 40, into);
                put_counted(issuer.0, into);
                into.extend_from_slice(trailing);
            }
        }
    }

    fn show(&self, show: &mut dyn Show) {
        match self {
            Self::Event { state, time, result, card, trailing } => {
                show.meant("state", *state, STATES);
                show.text("time", 6, time);
                result.iter().for_each(|result| show.meant("card_result", *result, CARD_RESULTS));
                if let Some(card) = card {
                    card.show(show);
                }
                show.trailing(trailing);
            }
            Self::Plain { name, id_card, certificate, issuer, trailing } => {
                show.text("name", 1 + name.0.len(), name);
                show.text("id_card", 20, id_card);
                show.text("certificate", 40, certificate);
                show.text("issuer", 1 + issuer.0.len(), issuer);
                show.trailing(trailing);
            }
        }
    }
}

impl<'a> DriverIdentity<'a> {
    fn decode_event(mut reader: Reader<'a>) -> Result<Self, DecodeError> {
        let (state, time) = (reader.u8("state")?, reader.time("time")?);
        let event = |result, card, trailing| Self::Event { state, time, result, card, trailing };
        // A card taken out carries nothing more, although some terminals send the fields all the same.
        if reader.rest().is_empty() {
            return Ok(event(None, None, &[]));
        }
        let result = reader.u8("card result")?;
        if result != 0 || reader.rest().is_empty() {
            return Ok(event(Some(result), None, reader.rest()));
        }
        let card = DriverCard::decode(&mut reader)?;
        Ok(event(Some(result), Some(card), reader.rest()))
    }

    fn decode_plain(mut reader: Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self::Plain {
            name: Text(reader.counted("name")?),
            id_card: Text(reader.take(20, "id card")?),
            certificate: Text(reader.take(40, "certificate")?),
            issuer: Text(reader.counted("issuer")?),
            trailing: reader.rest(),
        })
    }
}

impl<'a> DriverCard<'a> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            name: Text(reader.counted("name")?),
            certificate: Text(reader.take(20, "certificate")?),
            issuer: Text(reader.counted("issuer")?),
            valid_until: reader.array("valid until")?,
            id_card: reader.take(20, "id card").ok().map(Text),
        })
    }

    fn encode(&self, into: &mut Vec<u8>) {
        put_counted(self.name.0, into);
        put_fixed(self.certificate.0, 20, into);
        put_counted(self.issuer.0, into);
        into.extend_from_slice(&self.valid_until);
        if let Some(id_card) = self.id_card {
            put_fixed(id_card.0, 20, into);
        }
    }

    fn show(&self, show: &mut dyn Show) {
        show.text("name", 1 + self.name.0.len(), &self.name);
        show.text("certificate", 20, &self.certificate);
        show.text("issuer", 1 + self.issuer.0.len(), &self.issuer);
        show.text("valid_until", 4, &Hex(&self.valid_until));
        if let Some(id_card) = self.id_card {
            show.text("id_card", 20, &id_card);
        }
    }
}

const STATES: Meaning = Meaning::Codes(&[(1, "插卡上班", "card in"), (2, "拔卡下班", "card out")]);

const CARD_RESULTS: Meaning = Meaning::Codes(&[
    (0, "读卡成功", "read"),
    (1, "卡片密钥认证未通过", "key failed"),
    (2, "卡片已被锁定", "locked"),
    (3, "卡片被拔出", "pulled out"),
    (4, "数据校验错误", "check failed"),
]);
