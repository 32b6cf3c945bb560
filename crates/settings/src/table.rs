//! One TOML table, read key by key; what is wrong is reported with its line, and reading goes on.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fleet::duration_text;
use ipnet::IpNet;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::traits::PublicKeyParts;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::meant::Advertised;
use crate::near;
use crate::problem::{Collector, line_at};

/// Looks up a variable of the environment.
pub(crate) type Secret<'e> = &'e dyn Fn(&str) -> Option<String>;

/// The file a table stands in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    pub(crate) file: &'a str,
    pub(crate) text: &'a str,
    pub(crate) dir: &'a Path,
}

/// A table and which of its keys have been read.
pub(crate) struct Table<'a> {
    source: Source<'a>,
    name: String,
    span: Range<usize>,
    table: Option<&'a DeTable<'a>>,
    known: BTreeSet<&'static str>,
}

impl<'a> Table<'a> {
    pub(crate) fn root(source: Source<'a>, table: &'a Spanned<DeTable<'a>>) -> Self {
        Self { source, name: String::new(), span: 0..0, table: Some(table.get_ref()), known: BTreeSet::new() }
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(key))
    }

    /// A path beside the configuration.
    pub(crate) fn beside(&self, path: &str) -> PathBuf {
        self.source.dir.join(path)
    }

    /// A table below; an absent one reads as empty.
    pub(crate) fn table(&mut self, key: &'static str, out: &mut Collector) -> Self {
        let value = self.take(key);
        let table = value.and_then(|value| value.get_ref().as_table());
        if value.is_some() && table.is_none() {
            self.expected(key, "a table", out);
        }
        self.below(key, value.map(Spanned::span), table)
    }

    /// An array of tables below.
    pub(crate) fn tables(&mut self, key: &'static str, out: &mut Collector) -> Vec<Self> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let items = value.get_ref().as_array().map(|array| array.iter().collect::<Vec<_>>());
        let tables: Option<Vec<Self>> = items.and_then(|items| {
            items
                .into_iter()
                .map(|item| Some(self.below(key, Some(item.span()), Some(item.get_ref().as_table()?))))
                .collect()
        });
        if tables.is_none() {
            self.expected(key, "an array of tables", out);
        }
        tables.unwrap_or_default()
    }

    fn below(&self, key: &str, span: Option<Range<usize>>, table: Option<&'a DeTable<'a>>) -> Self {
        let (name, span) = (self.path_of(key), span.unwrap_or(self.span.clone()));
        Self { source: self.source, name, span, table, known: BTreeSet::new() }
    }

    /// A text that is not blank.
    pub(crate) fn text(&mut self, key: &'static str, out: &mut Collector) -> Option<String> {
        let value = self.take(key)?;
        let text = value.get_ref().as_str().filter(|text| !text.trim().is_empty());
        if text.is_none() {
            self.expected(key, "a text that is not blank", out);
        }
        text.map(str::to_owned)
    }

    pub(crate) fn flag(&mut self, key: &'static str, out: &mut Collector) -> bool {
        let Some(value) = self.take(key) else { return false };
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.expected(key, "true or false", out);
        }
        flag.unwrap_or_default()
    }

    pub(crate) fn integer(
        &mut self,
        key: &'static str,
        default: u64,
        range: (u64, u64),
        out: &mut Collector,
    ) -> u64 {
        let Some(value) = self.take(key) else { return default };
        let number = value
            .get_ref()
            .as_integer()
            .and_then(|n| u64::from_str_radix(&n.as_str().replace('_', ""), n.radix()).ok());
        let number = number.filter(|n| (range.0..=range.1).contains(n));
        if number.is_none() {
            self.expected(key, &format!("a whole number from {} to {}", range.0, range.1), out);
        }
        number.unwrap_or(default)
    }

    pub(crate) fn duration(
        &mut self,
        key: &'static str,
        default: &str,
        range: (&str, &str),
        out: &mut Collector,
    ) -> Duration {
        let parse = |text: &str| duration_text::parse(text).expect("durations in this crate are well formed");
        let Some(value) = self.take(key) else { return parse(default) };
        let duration = value.get_ref().as_str().and_then(|text| duration_text::parse(text).ok());
        let duration = duration.filter(|d| (parse(range.0)..=parse(range.1)).contains(d));
        if duration.is_none() {
            self.expected(
                key,
                &format!("a duration such as \"{default}\", from {} to {}", range.0, range.1),
                out,
            );
        }
        duration.unwrap_or_else(|| parse(default))
    }

    pub(crate) fn address(&mut self, key: &'static str, default: &str, out: &mut Collector) -> SocketAddr {
        let parse = |text: &str| text.parse::<SocketAddr>();
        let fallback = parse(default).expect("addresses in this crate are well formed");
        let Some(value) = self.take(key) else { return fallback };
        let address = value.get_ref().as_str().and_then(|text| parse(text).ok());
        if address.is_none() {
            self.expected(key, &format!("an address and a port such as \"{default}\""), out);
        }
        address.unwrap_or(fallback)
    }

    /// A host and a port as others know them.
    pub(crate) fn advertised(&mut self, key: &'static str, out: &mut Collector) -> Option<Advertised> {
        let value = self.take(key)?;
        let advertised = value.get_ref().as_str().and_then(|text| {
            let (host, port) = text.rsplit_once(':')?;
            let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
            let port = port.parse().ok().filter(|port| *port > 0)?;
            let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b':' | b'-');
            let fits = (1..=64).contains(&host.len()) && host.bytes().all(is_letter);
            fits.then(|| Advertised { host: host.to_owned(), port })
        });
        if advertised.is_none() {
            self.expected(key, "a host and a port such as \"files.example.cn:6809\"", out);
        }
        advertised
    }

    /// One of some words; the first is the default.
    pub(crate) fn choice<'c>(
        &mut self,
        key: &'static str,
        choices: &[&'c str],
        out: &mut Collector,
    ) -> &'c str {
        self.one_of(key, choices, out).or(choices.first().copied()).unwrap_or_default()
    }

    /// One of some words.
    pub(crate) fn one_of<'c>(
        &mut self,
        key: &'static str,
        choices: &[&'c str],
        out: &mut Collector,
    ) -> Option<&'c str> {
        let value = self.take(key)?;
        let chosen = choices.iter().copied().find(|choice| value.get_ref().as_str() == Some(choice));
        if chosen.is_none() {
            self.expected(key, &format!("one of {}", choices.join(", ")), out);
        }
        chosen
    }

    /// Several of some words.
    pub(crate) fn words(
        &mut self,
        key: &'static str,
        choices: &[&'static str],
        out: &mut Collector,
    ) -> Vec<&'static str> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let known = |text: &str| choices.iter().copied().find(|choice| *choice == text);
        let items = value.get_ref().as_array();
        let words =
            items.and_then(|items| items.iter().map(|item| known(item.get_ref().as_str()?)).collect());
        if words.is_none() {
            self.expected(key, &format!("an array of {}", choices.join(", ")), out);
        }
        words.unwrap_or_default()
    }

    /// A URL with a host, which must be given.
    pub(crate) fn url(&mut self, key: &'static str, schemes: &[&str], out: &mut Collector) -> String {
        let Some(text) = self.needed(key, Self::text, out) else { return String::new() };
        let host =
            text.split_once("://").filter(|(scheme, _)| schemes.contains(scheme)).map(|(_, rest)| rest);
        if host.is_none_or(|host| {
            host.is_empty() || host.starts_with([':', '/']) || host.contains(char::is_whitespace)
        }) {
            self.expected(key, &format!("a URL that begins with {}://", schemes.join(":// or ")), out);
        }
        text
    }

    pub(crate) fn path(&mut self, key: &'static str, out: &mut Collector) -> Option<PathBuf> {
        self.text(key, out).map(|text| self.beside(&text))
    }

    /// The path of a file that can be read.
    pub(crate) fn readable(&mut self, key: &'static str, out: &mut Collector) -> Option<PathBuf> {
        let path = self.path(key, out)?;
        if let Err(error) = std::fs::File::open(&path) {
            let text = format!("{}: the file {} cannot be read: {error}", self.path_of(key), path.display());
            self.report(Some(key), text, out);
        }
        Some(path)
    }

    /// The path of an RSA key of 1,024 bits: JT/T 808 knows no other length.
    pub(crate) fn rsa_key(&mut self, key: &'static str, out: &mut Collector) -> Option<rsa::PrivateKey> {
        let path = self.text(key, out)?;
        let read = match std::fs::read_to_string(self.beside(&path)) {
            Ok(pem) => rsa_key(&pem).ok_or_else(|| format!("the file {path:?} holds no such key")),
            Err(error) => Err(format!("the file {path:?} cannot be read: {error}")),
        };
        let expected = "an RSA key of 1024 bits in PEM, made with `openssl genrsa 1024`";
        read.map_err(|text| {
            self.report(Some(key), format!("{}: {text}, expected {expected}", self.path_of(key)), out);
        })
        .ok()
    }

    pub(crate) fn paths(&mut self, key: &'static str, out: &mut Collector) -> Vec<PathBuf> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let items = value.get_ref().as_array();
        let texts = items
            .and_then(|items| items.iter().map(|item| item.get_ref().as_str()).collect::<Option<Vec<_>>>());
        if texts.is_none() {
            self.expected(key, "an array of paths", out);
        }
        texts.unwrap_or_default().into_iter().map(|text| self.beside(text)).collect()
    }

    /// Networks; an address alone is one of its own.
    pub(crate) fn networks(&mut self, key: &'static str, out: &mut Collector) -> Vec<IpNet> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let parse = |text: &str| text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok();
        let networks = value.get_ref().as_array().and_then(|items| {
            items.iter().map(|item| item.get_ref().as_str().and_then(parse)).collect::<Option<Vec<_>>>()
        });
        if networks.is_none() {
            self.expected(key, "an array of networks such as \"10.1.0.0/16\"", out);
        }
        networks.unwrap_or_default()
    }

    /// A text, or where to find it: `{ env = "NAME" }` or `{ file = "PATH" }`.
    pub(crate) fn secret(
        &mut self,
        key: &'static str,
        env: &Secret<'_>,
        out: &mut Collector,
    ) -> Option<String> {
        let value = self.take(key)?;
        let table = value.get_ref().as_table().filter(|table| table.len() == 1);
        let entry = |name: &str| table.and_then(|t| t.get(name)).and_then(|v| v.get_ref().as_str());
        let found = if let Some(text) = value.get_ref().as_str() {
            Ok(text.to_owned())
        } else if let Some(name) = entry("env") {
            env(name)
                .ok_or_else(|| format!("{}: the environment variable {name} is not set", self.path_of(key)))
        } else if let Some(path) = entry("file") {
            std::fs::read_to_string(self.beside(path))
                .map(|text| text.trim_end_matches(['\r', '\n']).to_owned())
                .map_err(|error| format!("{}: the file {path:?} cannot be read: {error}", self.path_of(key)))
        } else {
            // What stands there may be the secret itself: it is not repeated.
            let expected = "a text, { env = \"NAME\" } or { file = \"PATH\" }";
            self.report(Some(key), format!("{} is no secret, expected {expected}", self.path_of(key)), out);
            return None;
        };
        match found {
            Ok(text) if !text.is_empty() => return Some(text),
            Ok(_) => {
                self.report(Some(key), format!("{} is empty, expected a secret", self.path_of(key)), out)
            }
            Err(text) => self.report(Some(key), format!("{text}, expected it to hold the secret"), out),
        }
        None
    }

    /// A key that has no default.
    pub(crate) fn needed<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Self, &'static str, &mut Collector) -> Option<T>,
        out: &mut Collector,
    ) -> Option<T> {
        if self.has(key) {
            return read(self, key, out);
        }
        self.known.insert(key);
        self.report(None, format!("{} is missing, expected it to be given", self.path_of(key)), out);
        None
    }

    /// Keys that are allowed and not read.
    pub(crate) fn pass(&mut self, keys: &[&'static str]) {
        self.known.extend(keys);
    }

    /// Reports the keys nobody asked for.
    pub(crate) fn finish(&self, out: &mut Collector) {
        for (key, _) in self.table.into_iter().flatten() {
            if !self.known.contains(key.get_ref().as_ref()) {
                let expected = near::expected(key.get_ref(), self.known.iter().copied());
                let text = format!("unknown key {}, expected {expected}", self.path_of(key.get_ref()));
                out.add(self.source.file, line_at(self.source.text, key.span().start), text);
            }
        }
    }

    /// Reports at a key, or at the head of the table.
    pub(crate) fn report(&self, key: Option<&str>, text: impl Into<String>, out: &mut Collector) {
        let entry = key.and_then(|key| self.table?.get_key_value(key));
        let at = entry.map_or(self.span.start, |(key, _)| key.span().start);
        out.add(self.source.file, line_at(self.source.text, at), text);
    }

    fn expected(&self, key: &str, expected: &str, out: &mut Collector) {
        let value = self.table.and_then(|table| table.get(key));
        let written = value.map_or("", |value| written(self.source, value));
        self.report(Some(key), format!("{} is {written}, expected {expected}", self.path_of(key)), out);
    }

    fn take(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.known.insert(key);
        self.table?.get(key)
    }

    fn path_of(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }
}

/// PKCS#8 or PKCS#1. The exponent has four bytes on the wire.
fn rsa_key(pem: &str) -> Option<rsa::PrivateKey> {
    let key = rsa::PrivateKey::from_pkcs8_pem(pem).ok().or(rsa::PrivateKey::from_pkcs1_pem(pem).ok())?;
    (key.n().bit_width() == 1_024 && key.e().bit_width() <= 32).then_some(key)
}

/// A value as it stands in the file, its first line.
pub(crate) fn written<'a>(source: Source<'a>, value: &Spanned<DeValue<'_>>) -> &'a str {
    source.text.get(value.span()).and_then(|text| text.lines().next()).unwrap_or_default()
}
