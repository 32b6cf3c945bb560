//! 0x0100 registration and 0x8100 its answer (2011, 2013 and 2019, sections 8.5 and 8.6).
//!
//! | province 2 | city 2 | maker 5/5/11 | model 8/20/30 | terminal id 7/7/30 | colour 1 | plate … |

use crate::field::{Meaning, Show};
use crate::layout::Body;
use crate::reader::{Reader, put_fixed};
use crate::text::Text;
use crate::{DecodeError, Edition};

/// What a terminal says of itself and its vehicle.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Registration<'a> {
    /// The layout of this body.
    pub edition: Edition,
    /// GB/T 2260, first two digits.
    pub province: u16,
    /// GB/T 2260, last four digits.
    pub city: u16,
    /// Maker, padded.
    pub maker: Text<'a>,
    /// Model, padded.
    pub model: Text<'a>,
    /// Terminal id, padded.
    pub terminal: Text<'a>,
    /// JT/T 415 or 697.7; 0 where there is no plate.
    pub colour: u8,
    /// Plate, or the VIN where the colour is 0.
    pub plate: Text<'a>,
}

impl<'a> Body<'a> for Registration<'a> {
    /// Only the body tells 2011 from 2013, and bit 14 may lie: the layout whose colour and plate make sense wins.
    fn decode(reader: Reader<'a>, header: Edition) -> Result<Self, DecodeError> {
        let order = match header {
            Edition::V2011 | Edition::V2013 => [Edition::V2013, Edition::V2011, Edition::V2019],
            Edition::V2019 => [Edition::V2019, Edition::V2013, Edition::V2011],
        };
        let decoded = || order.into_iter().filter_map(|edition| Self::decode_as(reader, edition).ok());
        if let Some(found) = decoded().find(Self::is_plausible).or_else(|| decoded().next()) {
            return Ok(found);
        }
        Self::decode_as(reader, Edition::V2011)
    }

    fn encode(&self, _: Edition, into: &mut Vec<u8>) {
        let [maker, model, terminal] = widths(self.edition);
        into.extend_from_slice(&self.province.to_be_bytes());
        into.extend_from_slice(&self.city.to_be_bytes());
        put_fixed(self.maker.0, maker, into);
        put_fixed(self.model.0, model, into);
        put_fixed(self.terminal.0, terminal, into);
        into.push(self.colour);
        into.extend_from_slice(self.plate.0);
    }

    fn show(&self, show: &mut dyn Show) {
        let [maker, model, terminal] = widths(self.edition);
        show.text("layout", 0, &self.edition.as_str());
        show.number("province", self.province);
        show.number("city", self.city);
        show.text("maker", maker, &self.maker);
        show.text("model", model, &self.model);
        show.text("terminal_id", terminal, &self.terminal);
        show.meant("plate_color", self.colour, COLOURS);
        show.text("plate", self.plate.0.len(), &self.plate);
    }
}

impl<'a> Registration<'a> {
    fn decode_as(mut reader: Reader<'a>, edition: Edition) -> Result<Self, DecodeError> {
        let [maker, model, terminal] = widths(edition);
        Ok(Self {
            edition,
            province: reader.u16("province")?,
            city: reader.u16("city")?,
            maker: Text(reader.take(maker, "maker")?),
            model: Text(reader.take(model, "model")?),
            terminal: Text(reader.take(terminal, "terminal id")?),
            colour: reader.u8("plate colour")?,
            plate: Text(reader.rest()),
        })
    }

    fn is_plausible(&self) -> bool {
        let plate = self.plate.trimmed();
        match self.colour {
            0 => {
                plate.is_empty() || plate.len() == 17 && plate.iter().all(|byte| byte.is_ascii_alphanumeric())
            }
            1..=5 | 9 | 91..=94 => {
                (7..=10).contains(&plate.len())
                    && self.plate.decode_strict().is_some_and(|text| text.chars().all(char::is_alphanumeric))
            }
            _ => false,
        }
    }
}

const fn widths(edition: Edition) -> [usize; 3] {
    match edition {
        Edition::V2011 => [5, 8, 7],
        Edition::V2013 => [5, 20, 7],
        Edition::V2019 => [11, 30, 30],
    }
}

/// 0x8100: | serial 2 | result 1 | code … |
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RegistrationAnswer<'a> {
    /// Serial of the registration answered.
    pub serial: u16,
    /// 0 done, 1 vehicle registered already, 2 no such vehicle, 3 terminal registered already, 4 no such terminal.
    pub result: u8,
    /// Authentication code, only where the result is 0.
    pub code: Text<'a>,
}

impl<'a> Body<'a> for RegistrationAnswer<'a> {
    fn decode(mut reader: Reader<'a>, _: Edition) -> Result<Self, DecodeError> {
        Ok(Self {
            serial: reader.u16("answered serial")?,
            result: reader.u8("result")?,
            code: Text(reader.rest()),
        })
    }

    fn encode(&self, _: Edition, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.serial.to_be_bytes());
        into.push(self.result);
        into.extend_from_slice(self.code.0);
    }

    fn show(&self, show: &mut dyn Show) {
        show.number("answered_serial", self.serial);
        show.meant("result", self.result, RESULTS);
        if !self.code.0.is_empty() {
            show.text("code", self.code.0.len(), &self.code);
        }
    }
}

/// JT/T 697.7-2014; 93 and 94 are the new-energy plates.
pub(crate) const COLOURS: Meaning = Meaning::Codes(&[
    (0, "未上牌", "no plate"),
    (1, "蓝色", "blue"),
    (2, "黄色", "yellow"),
    (3, "黑色", "black"),
    (4, "白色", "white"),
    (5, "绿色", "green"),
    (9, "其他", "other"),
    (91, "农黄色", "agricultural yellow"),
    (92, "农绿色", "agricultural green"),
    (93, "黄绿色", "yellow-green"),
    (94, "渐变绿色", "gradient green"),
]);

const RESULTS: Meaning = Meaning::Codes(&[
    (0, "成功", "done"),
    (1, "车辆已被注册", "vehicle registered already"),
    (2, "数据库中无该车辆", "no such vehicle"),
    (3, "终端已被注册", "terminal registered already"),
    (4, "数据库中无该终端", "no such terminal"),
]);
