//! Ids and values of parameters as hex digits: 0x8103 and 0x8106.

use jt808::{Edition, List, Message, Parameter, ParameterId, Parameters, ParametersQuerySome};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::hex;

/// A byte counts them.
pub(super) const PARAMETERS_MAX: usize = 255;

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Values {
    parameters: Vec<Value>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Value {
    id: String,
    value: String,
}

pub(super) fn serialize<S: Serializer>(
    parameters: &[(u32, Vec<u8>)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let parameters = parameters
        .iter()
        .map(|(id, value)| Value { id: format!("{id:04x}"), value: hex::text(value) })
        .collect();
    Values { parameters }.serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<(u32, Vec<u8>)>, D::Error> {
    let Values { parameters } = Values::deserialize(deserializer)?;
    let read = |Value { id, value }: Value| {
        let bytes = hex::bytes(&value).ok_or_else(|| wrong("value", &value, "hex digits, two a byte"))?;
        Ok((number(&id)?, bytes))
    };
    parameters.into_iter().map(read).collect()
}

/// Ids alone.
pub(super) mod ids {
    use super::{Deserialize, Deserializer, Serializer, number};

    pub(crate) fn serialize<S: Serializer>(ids: &[u32], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(ids.iter().map(|id| format!("{id:04x}")))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u32>, D::Error> {
        Vec::<String>::deserialize(deserializer)?.iter().map(|id| number(id)).collect()
    }
}

fn number<E: Error>(id: &str) -> Result<u32, E> {
    let digits = (1..=8).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u32::from_str_radix(id, 16).ok().filter(|_| digits);
    number.ok_or_else(|| wrong("id", id, "up to eight hex digits such as 0055"))
}

fn wrong<E: Error>(field: &str, text: &str, expected: &str) -> E {
    E::custom(format!("{field} {text:?} of a parameter is wrong, expected {expected}"))
}

pub(super) fn set(parameters: &[(u32, Vec<u8>)], edition: Edition, body: &mut Vec<u8>) {
    let mut bytes = Vec::new();
    for (id, value) in parameters {
        Parameter { id: *id, value }.encode(&mut bytes);
    }
    let count = u8::try_from(parameters.len()).unwrap_or(u8::MAX);
    Message::SetParameters(Parameters { count, bytes: &bytes }).encode_body(edition, body);
}

pub(super) fn query(ids: &[u32], edition: Edition, body: &mut Vec<u8>) {
    let (ids, mut bytes) = (ids.iter().map(|id| ParameterId(*id)).collect::<Vec<_>>(), Vec::new());
    let ids = List::build(&ids, &mut bytes);
    Message::ParametersQuerySome(ParametersQuerySome { ids, trailing: &[] }).encode_body(edition, body);
}
