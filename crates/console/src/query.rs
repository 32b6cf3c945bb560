//! The query part of an address: known keys only, each value parsed or refused by name.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use serde_json::Value;

use crate::problem::Problem;

/// Items in one answer unless told, and at most.
pub(crate) const LIMIT_DEFAULT: usize = 100;
/// See contract section 6.
pub(crate) const LIMIT_MAX: usize = 1000;

/// The keys of a request and their values, in the order given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// Refuses a key that is not among `keys`.
    pub(crate) fn parse(raw: Option<&str>, keys: &[&str]) -> Result<Self, Problem> {
        let mut params = Vec::new();
        for part in raw.unwrap_or_default().split('&').filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let (key, value) = (decode(key)?, decode(value)?);
            if !keys.contains(&key.as_str()) {
                let known = if keys.is_empty() { "none".to_owned() } else { keys.join(", ") };
                return Err(Problem::parameter(
                    &key,
                    format!("{key:?} is no query key here, expected {known}"),
                ));
            }
            params.push((key, value));
        }
        Ok(Self(params))
    }

    /// The same out of the members of a document: a text or a list of texts.
    pub(crate) fn from_members(members: &BTreeMap<String, Value>, keys: &[&str]) -> Result<Self, Problem> {
        let mut params = Vec::new();
        for (key, value) in members {
            let wrong = |detail| Problem::body(&format!("filter/{key}"), detail);
            if !keys.contains(&key.as_str()) {
                return Err(wrong(format!("{key:?} is no filter, expected {}", keys.join(", "))));
            }
            let values = match value {
                Value::Array(values) => values.as_slice(),
                one => std::slice::from_ref(one),
            };
            for value in values {
                let text = match value {
                    Value::String(text) => text.clone(),
                    Value::Null => continue,
                    other => return Err(wrong(format!("{other} is no text"))),
                };
                params.push((key.clone(), text));
            }
        }
        Ok(Self(params))
    }

    /// Every value of a key, parsed. An empty value counts as absent: a form leaves it so.
    pub(crate) fn all<T: FromStr<Err: Display>>(&self, key: &str) -> Result<Vec<T>, Problem> {
        self.values(key).map(|value| parse(key, value)).collect()
    }

    /// The value of a key that may stand once.
    pub(crate) fn one<T: FromStr<Err: Display>>(&self, key: &str) -> Result<Option<T>, Problem> {
        let mut values = self.values(key);
        let first = values.next().map(|value| parse(key, value)).transpose()?;
        match values.next() {
            None => Ok(first),
            Some(_) => Err(Problem::parameter(key, format!("{key:?} may be given once only"))),
        }
    }

    /// A moment, RFC 3339; the `+` of an offset that arrived as a blank is put back.
    pub(crate) fn time<T: FromStr<Err: Display>>(&self, key: &str) -> Result<Option<T>, Problem> {
        let Some(text) = self.one::<String>(key)? else { return Ok(None) };
        parse(key, &text.replace(' ', "+")).map(Some)
    }

    /// How many items: 1 to [`LIMIT_MAX`].
    pub(crate) fn limit(&self) -> Result<usize, Problem> {
        match self.one::<usize>("limit")?.unwrap_or(LIMIT_DEFAULT) {
            limit @ 1..=LIMIT_MAX => Ok(limit),
            limit => {
                Err(Problem::parameter("limit", format!("limit {limit} is not within 1 to {LIMIT_MAX}")))
            }
        }
    }

    fn values<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(name, value)| name == key && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }
}

fn parse<T: FromStr<Err: Display>>(key: &str, value: &str) -> Result<T, Problem> {
    value.parse().map_err(|error: T::Err| Problem::parameter(key, format!("{key}: {error}")))
}

/// Percent-decoding with `+` as blank.
fn decode(text: &str) -> Result<String, Problem> {
    let wrong = || Problem::parameter(text, format!("{text:?} is not percent-encoded UTF-8"));
    let bytes = text.as_bytes();
    let (mut decoded, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'+' => decoded.push(b' '),
            b'%' => {
                let hex = text.get(at..at + 2).ok_or_else(wrong)?;
                decoded.push(u8::from_str_radix(hex, 16).map_err(|_| wrong())?);
                at += 2;
            }
            other => decoded.push(other),
        }
    }
    String::from_utf8(decoded).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use fleet::EventTime;

    use super::*;

    const KEYS: &[&str] = &["from", "limit", "plate"];

    fn refusal(raw: &str, read: impl FnOnce(&Params) -> Result<(), Problem>) -> String {
        let problem = Params::parse(Some(raw), KEYS).and_then(|params| read(&params)).unwrap_err();
        let document = problem.to_json();
        format!(
            "{} {}",
            document["errors"][0]["pointer"].as_str().unwrap(),
            document["detail"].as_str().unwrap()
        )
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        assert_eq!(
            refusal("plates=1", |_| Ok(())),
            "query/plates \"plates\" is no query key here, expected from, limit, plate"
        );
        assert_eq!(refusal("plate=%e8", |_| Ok(())), "query/%e8 \"%e8\" is not percent-encoded UTF-8");
    }

    #[test]
    fn a_wrong_value_names_its_key() {
        assert_eq!(
            refusal("limit=1001", |p| p.limit().map(drop)),
            "query/limit limit 1001 is not within 1 to 1000"
        );
        assert_eq!(
            refusal("from=now", |p| p.time::<EventTime>("from").map(drop)),
            "query/from from: \"now\" is no RFC 3339 time such as 2026-01-01T08:00:00+08:00"
        );
        assert_eq!(
            refusal("plate=1&plate=2", |p| p.one::<String>("plate").map(drop)),
            "query/plate \"plate\" may be given once only"
        );
    }

    #[test]
    fn a_plus_that_arrives_as_a_blank_is_an_offset() {
        let params = Params::parse(Some("from=2026-01-01T08:00:00+08:00&plate=%E8%97%8FA1+2"), KEYS).unwrap();
        assert_eq!(params.time::<EventTime>("from").unwrap().unwrap().ms(), 1_767_225_600_000);
        assert_eq!(params.all::<String>("plate").unwrap(), ["藏A1 2"]);
        assert_eq!(params.limit().unwrap(), LIMIT_DEFAULT);
    }
}
