//! What a terminal has shown of itself: kept beyond its connection, since most of it is said once, when it registers.

use jt808::{Dialect, Edition, Location, Message, Text};
use serde::{Deserialize, Serialize};

use crate::PublicKey;

/// Items of active safety are longer than this with their id and length; what is shorter holds none.
const SAFETY_ITEM_BYTES_MIN: usize = 43;

/// Edition, dialect and make of a terminal. What it has not shown is absent or empty.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Profile {
    /// Edition of its bodies, which its header cannot tell: 2011 from 2013, or 2013 under the flag of 2019.
    #[serde(with = "edition", skip_serializing_if = "Option::is_none")]
    pub edition: Option<Edition>,
    /// Whose variant of T/JSATL 12 its alarm signs follow.
    #[serde(with = "dialect", skip_serializing_if = "Option::is_none")]
    pub dialect: Option<Dialect>,
    /// Province it is registered in (0x0100, GB/T 2260), which tells dialects apart whose signs are alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub province: Option<u16>,
    /// Maker (0x0100, 0x0107); at most 11 bytes on the wire.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub maker: String,
    /// Model (0x0100, 0x0107); at most 30 bytes on the wire.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// Firmware (0x0107, or 0x0102 of 2019); at most 255 bytes on the wire.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub firmware: String,
    /// IMEI (0x0102 of 2019); 15 bytes on the wire.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub imei: String,
    /// Its RSA key (0x0a00): exponent and modulus as 264 hex digits.
    #[serde(with = "key", skip_serializing_if = "Option::is_none")]
    pub key: Option<PublicKey>,
}

impl Profile {
    /// The profile with what this message adds, where it adds anything.
    #[must_use]
    pub fn learned(&self, header: Edition, message: &Message<'_>) -> Option<Self> {
        let mut new = match message {
            Message::LocationReport(location) => return self.learned_sign(location),
            Message::Registration(_)
            | Message::Authentication(_)
            | Message::Attributes(_)
            | Message::TerminalKey(_) => self.clone(),
            _ => return None,
        };
        match message {
            Message::Registration(registration) => {
                new.edition = Some(registration.edition);
                new.province = Some(registration.province);
                put(&mut new.maker, registration.maker);
                put(&mut new.model, registration.model);
            }
            Message::Authentication(authentication) => {
                new.learn_authentication(header, authentication.details.is_some());
                authentication.imei().into_iter().for_each(|imei| put(&mut new.imei, imei));
                authentication.software().into_iter().for_each(|software| put(&mut new.firmware, software));
            }
            Message::Attributes(attributes) => {
                put(&mut new.maker, attributes.maker);
                put(&mut new.model, attributes.model);
                put(&mut new.firmware, attributes.firmware);
            }
            // What can't be a key takes none away.
            Message::TerminalKey(key) => new.key = PublicKey::new(key.e, key.n).or(self.key),
            _ => {}
        }
        (new != *self).then_some(new)
    }

    /// Only a body of 2019 has details; a code alone under its flag is of 2013, unless a registration said 2011.
    fn learn_authentication(&mut self, header: Edition, has_details: bool) {
        match (header, has_details) {
            (_, true) => self.edition = Some(Edition::V2019),
            (Edition::V2019, false) if self.edition.is_none_or(|known| known == Edition::V2019) => {
                self.edition = Some(Edition::V2013);
            }
            (Edition::V2011 | Edition::V2013 | Edition::V2019, false) => {}
        }
    }

    fn learned_sign(&self, location: &Location<'_>) -> Option<Self> {
        if location.items.bytes().len() < SAFETY_ITEM_BYTES_MIN {
            return None;
        }
        let hint = self.province.and_then(Dialect::of_province);
        let sign = location.items.iter().find_map(|item| item.value().sign())?;
        let dialect = sign.hinted(hint).dialect();
        (self.dialect != Some(dialect)).then(|| Self { dialect: Some(dialect), ..self.clone() })
    }
}

/// What is empty says nothing and takes nothing away.
fn put(to: &mut String, text: Text<'_>) {
    let text = text.to_string();
    if !text.is_empty() {
        *to = text;
    }
}

/// As the year.
mod edition {
    use jt808::Edition;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    const ALL: [Edition; 3] = [Edition::V2011, Edition::V2013, Edition::V2019];

    pub(super) fn serialize<S: Serializer>(
        edition: &Option<Edition>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        edition.map(Edition::as_str).serialize(serializer)
    }

    /// A year that this version does not know is no edition.
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Edition>, D::Error> {
        let year = Option::<String>::deserialize(deserializer)?;
        Ok(year.and_then(|year| ALL.into_iter().find(|edition| edition.as_str() == year)))
    }
}

/// As its short name.
mod dialect {
    use jt808::Dialect;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(
        dialect: &Option<Dialect>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        dialect.map(Dialect::as_str).serialize(serializer)
    }

    /// A name that this version does not know is no dialect.
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Dialect>, D::Error> {
        let name = Option::<String>::deserialize(deserializer)?;
        Ok(name.and_then(|name| Dialect::ALL.into_iter().find(|dialect| dialect.as_str() == name)))
    }
}

/// As hex digits.
mod key {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::PublicKey;

    pub(super) fn serialize<S: Serializer>(
        key: &Option<PublicKey>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        key.map(PublicKey::to_hex).serialize(serializer)
    }

    /// What is no key is none.
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<PublicKey>, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.and_then(|text| PublicKey::from_hex(&text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a profile becomes by a message, as JSON; nothing where it adds nothing.
    fn learned(known: &str, id: u16, header: Edition, body: &[u8]) -> Option<String> {
        let known: Profile = serde_json::from_str(known).unwrap();
        let message = Message::decode(id, header, body).unwrap();
        let new = known.learned(header, &message)?;
        assert_eq!(new.learned(header, &message), None, "twice says no more than once");
        let text = serde_json::to_string(&new).unwrap();
        assert_eq!(serde_json::from_str::<Profile>(&text).unwrap(), new);
        Some(text)
    }

    fn registration(model: usize) -> Vec<u8> {
        let mut body = vec![0, 54, 0, 1];
        body.extend(b"MAKERM1");
        body.resize(4 + 5 + model, 0);
        body.extend(b"0000001\x02");
        body.extend([0xb2, 0xd8]);
        body.extend(b"A12345");
        body
    }

    #[test]
    fn a_registration_tells_edition_and_make() {
        let v2011 = r#"{"edition":"2011","province":54,"maker":"MAKER","model":"M1"}"#;
        assert_eq!(learned("{}", 0x0100, Edition::V2013, &registration(8)).as_deref(), Some(v2011));
        assert_eq!(learned(v2011, 0x0100, Edition::V2013, &registration(8)), None);
        let v2013 = r#"{"edition":"2013","province":54,"maker":"MAKER","model":"M1"}"#;
        assert_eq!(learned(v2011, 0x0100, Edition::V2019, &registration(20)).as_deref(), Some(v2013));
    }

    #[test]
    fn an_authentication_tells_2019_from_what_only_says_so() {
        let mut details = b"\x04code860000000000001V1".to_vec();
        details.resize(5 + 35, 0);
        let v2019 = r#"{"edition":"2019","firmware":"V1","imei":"860000000000001"}"#;
        assert_eq!(learned("{}", 0x0102, Edition::V2019, &details).as_deref(), Some(v2019));
        let v2013 = r#"{"edition":"2013"}"#;
        assert_eq!(learned("{}", 0x0102, Edition::V2019, b"code").as_deref(), Some(v2013));
        assert_eq!(learned(r#"{"edition":"2011"}"#, 0x0102, Edition::V2019, b"code"), None);
        assert_eq!(learned("{}", 0x0102, Edition::V2013, b"code"), None);
    }

    #[test]
    fn a_key_is_remembered_until_another_one_comes() {
        let body = |last: u8| {
            let mut body = [0, 1, 0, 1].to_vec();
            body.extend([0xc5; 127]);
            body.push(last);
            body
        };
        let known = format!(r#"{{"key":"00010001{}c7"}}"#, "c5".repeat(127));
        assert_eq!(learned("{}", 0x0a00, Edition::V2013, &body(0xc7)).as_deref(), Some(&*known));
        assert_eq!(learned(&known, 0x0a00, Edition::V2013, &body(0xc8)), None, "an even modulus");
        assert_eq!(learned(&known, 0x0a00, Edition::V2013, &body(0xc7)), None);
        let newer = known.replace("c7", "c9");
        assert_eq!(learned(&known, 0x0a00, Edition::V2019, &body(0xc9)).as_deref(), Some(&*newer));
        assert_eq!(learned(r#"{"key":"c5"}"#, 0x0a00, Edition::V2013, &body(0xc8)), None);
    }

    #[test]
    fn a_sign_tells_the_dialect() {
        let report = |sign: usize| {
            let mut body = vec![0; 28];
            body.extend([0x30, 1, 9, 0x65, u8::try_from(31 + sign).unwrap()]);
            body.resize(body.len() + 31 + sign, 0);
            body
        };
        let check = |known, sign, expected| {
            assert_eq!(learned(known, 0x0200, Edition::V2013, &report(sign)).as_deref(), expected);
        };
        check("{}", 16, Some(r#"{"dialect":"jiangsu"}"#));
        check(r#"{"dialect":"jiangsu"}"#, 16, None);
        check(r#"{"dialect":"jiangsu"}"#, 40, Some(r#"{"dialect":"guangdong"}"#));
        check("{}", 17, None);
        check(r#"{"province":43}"#, 16, Some(r#"{"dialect":"hunan","province":43}"#));
        check(r#"{"province":43}"#, 40, Some(r#"{"dialect":"guangdong","province":43}"#));
        check(r#"{"dialect":"of another version","edition":"2031"}"#, 40, Some(r#"{"dialect":"guangdong"}"#));
    }
}
