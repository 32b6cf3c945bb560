//! 0x8103 set parameters, 0x8106 query of some, and 0x0104 the answer to that and to 0x8104 (2013 and 2019, tables 10,
//! 11, 15 and 16).
//!
//! 8103 | count 1 | id 4, length 1, value … |      0104 | serial 2 | count 1 | id 4, length 1, value … |
//! 8106 | count 1 | id 4 … |

use crate::field::{Field, Meaning, Show};
use crate::layout::{Body, List, Part, body};
use crate::parameter::ParameterInfo;
use crate::reader::{Reader, put_counted};
use crate::{DecodeError, Edition};

/// Parameters as sent, read on demand.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Parameters<'a> {
    /// How many the sender announces; the bytes decide.
    pub count: u8,
    /// All of them.
    pub bytes: &'a [u8],
}

impl<'a> Parameters<'a> {
    /// The whole parameters, in order.
    pub fn iter(&self) -> impl Iterator<Item = Parameter<'a>> + use<'a> {
        let mut reader = Reader::new(self.bytes);
        std::iter::from_fn(move || Parameter::decode(&mut reader).ok())
    }

    fn leftover(&self) -> &'a [u8] {
        let used: usize = self.iter().map(|parameter| parameter.value.len() + 5).sum();
        self.bytes.get(used..).unwrap_or_default()
    }
}

impl<'a> Body<'a> for Parameters<'a> {
    fn decode(mut reader: Reader<'a>, _: Edition) -> Result<Self, DecodeError> {
        Ok(Self { count: reader.u8("count")?, bytes: reader.rest() })
    }

    fn encode(&self, _: Edition, into: &mut Vec<u8>) {
        into.push(self.count);
        into.extend_from_slice(self.bytes);
    }

    fn show(&self, show: &mut dyn Show) {
        show.number("count", self.count);
        for parameter in self.iter() {
            show.begin("parameters");
            parameter.show(show);
            show.end();
        }
        show.trailing(self.leftover());
    }
}

/// One parameter of a terminal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Parameter<'a> {
    /// Parameter id.
    pub id: u32,
    /// Value as sent.
    pub value: &'a [u8],
}

impl<'a> Parameter<'a> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self { id: reader.u32("parameter id")?, value: reader.counted("parameter")? })
    }

    /// Appends id, length and value, to build [`Parameters::bytes`].
    pub fn encode(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.id.to_be_bytes());
        put_counted(self.value, into);
    }
}

/// 0x0104.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ParametersAnswer<'a> {
    /// Serial of the query answered.
    pub serial: u16,
    /// The parameters.
    pub parameters: Parameters<'a>,
}

impl<'a> Body<'a> for ParametersAnswer<'a> {
    fn decode(mut reader: Reader<'a>, edition: Edition) -> Result<Self, DecodeError> {
        Ok(Self { serial: reader.u16("answered serial")?, parameters: Parameters::decode(reader, edition)? })
    }

    fn encode(&self, edition: Edition, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.serial.to_be_bytes());
        self.parameters.encode(edition, into);
    }

    fn show(&self, show: &mut dyn Show) {
        show.number("answered_serial", self.serial);
        self.parameters.show(show);
    }
}

body! {
    /// 0x8106.
    ParametersQuerySome {
        /// Which.
        ids: List<'a, u8, ParameterId>,
    }
}

/// The id of a parameter, shown as the standard prints it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ParameterId(pub u32);

impl<'a> Part<'a> for ParameterId {
    fn read(reader: &mut Reader<'a>, field: &'static str) -> Result<Self, DecodeError> {
        reader.u32(field).map(Self)
    }

    fn write(&self, into: &mut Vec<u8>) {
        self.0.write(into);
    }

    fn show(&self, name: &'static str, _: Meaning, show: &mut dyn Show) {
        let chinese = ParameterInfo::of(self.0).map_or("未知", |info| info.chinese);
        show.value(name, 4, Field::Entry(&format_args!("{:04x} {chinese}", self.0)));
    }
}
