//! Keys and values in a text: JSON, XML, or `key: value` in lines. None of the three has to be whole; each is gone over
//! once, without recursion.

use super::keys::{KEY_BYTES_MAX, WaybillField};

type Put<'p> = &'p mut dyn FnMut(WaybillField, &str);

/// Hands over every key that stands for a field, with its value.
pub(super) fn each_pair(text: &str, put: Put<'_>) {
    let text = text.trim_start_matches(|letter: char| letter.is_whitespace() || letter == '\0');
    match text.chars().next() {
        Some('{' | '[') => json(text, put),
        Some('<') => xml(text, put),
        Some(_) => text.split(is_hard).for_each(|segment| line(segment, put)),
        None => {}
    }
}

/// Objects and lists in one another: deeper, a text is no waybill.
const DEPTH_MAX: usize = 32;

/// Keys around a value, outermost first.
#[derive(Default)]
struct Around {
    keys: Vec<Option<WaybillField>>,
}

impl Around {
    /// The name of a thing stands for the thing.
    fn field(&self, key: &str) -> Option<WaybillField> {
        let is_name = ["name", "名称", "姓名", "value"].contains(&key.to_ascii_lowercase().as_str());
        WaybillField::of(key).or_else(|| self.nearest().filter(|_| is_name))
    }

    fn nearest(&self) -> Option<WaybillField> {
        self.keys.last().copied().flatten()
    }
}

fn json(text: &str, put: Put<'_>) {
    let mut around = Around::default();
    let mut key: Option<String> = None;
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let after = rest.get(letter.len_utf8()..).unwrap_or_default();
        rest = match letter {
            '"' => {
                let (string, after) = json_string(after);
                if let Some(behind) = after.trim_start().strip_prefix(':') {
                    key = Some(string);
                    behind
                } else {
                    value(&around, &mut key, &string, put);
                    after
                }
            }
            '{' | '[' if around.keys.len() < DEPTH_MAX => {
                // Without a key it is an entry of a list, and what the list is.
                let field = key.take().map_or_else(|| around.nearest(), |key| WaybillField::of(&key));
                around.keys.push(field);
                after
            }
            '{' | '[' => return,
            '}' | ']' => {
                around.keys.pop();
                key = None;
                after
            }
            letter if letter.is_ascii_digit() => {
                let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
                let (number, after) = rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or((rest, ""));
                value(&around, &mut key, number, put);
                after
            }
            ',' => {
                key = None;
                after
            }
            _ => after,
        };
    }
}

/// A value without a key is one of a list.
fn value(around: &Around, key: &mut Option<String>, text: &str, put: Put<'_>) {
    let field = match key.take() {
        Some(key) => around.field(&key),
        None => around.nearest(),
    };
    field.iter().for_each(|field| put(*field, text));
}

/// A string behind its opening quote, and what follows its closing one.
fn json_string(text: &str) -> (String, &str) {
    let mut string = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (string, text.get(at + 1..).unwrap_or_default()),
            '\\' => match letters.next().map(|(_, letter)| letter) {
                Some('n' | 'r' | 't') => string.push(' '),
                Some('u') => {
                    let digits: String = letters.by_ref().take(4).map(|(_, letter)| letter).collect();
                    let code = u32::from_str_radix(&digits, 16).ok();
                    string.push(code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                Some(other) => string.push(other),
                None => {}
            },
            letter => string.push(letter),
        }
    }
    (string, "")
}

fn xml(text: &str, put: Put<'_>) {
    let mut around = Around::default();
    let mut tag = String::new();
    for piece in text.split('<').skip(1) {
        let (inside, content) = piece.split_once('>').unwrap_or((piece, ""));
        if inside.starts_with('/') {
            around.keys.pop();
            tag.clear();
            continue;
        }
        if inside.starts_with(['?', '!']) {
            continue;
        }
        let is_empty = inside.ends_with('/');
        let (name, attributes) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
        tag.clear();
        tag.push_str(name.rsplit(':').next().unwrap_or(name).trim_end_matches('/'));
        each_attribute(attributes, &mut |key, text| {
            around.field(key).iter().for_each(|field| put(*field, &unescaped(text)));
        });
        if is_empty {
            continue;
        }
        if !content.trim().is_empty() {
            around.field(&tag).iter().for_each(|field| put(*field, &unescaped(content)));
        }
        if around.keys.len() >= DEPTH_MAX {
            return;
        }
        around.keys.push(WaybillField::of(&tag));
    }
}

fn each_attribute(text: &str, put: &mut dyn FnMut(&str, &str)) {
    let mut rest = text;
    while let Some((key, behind)) = rest.split_once('=') {
        let behind = behind.trim_start();
        let Some(quote) = behind.chars().next().filter(|letter| matches!(letter, '"' | '\'')) else { return };
        let Some((value, after)) = behind.get(1..).unwrap_or_default().split_once(quote) else { return };
        put(key.trim(), value);
        rest = after;
    }
}

fn unescaped(text: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    let text = text.trim().trim_start_matches("![CDATA[").trim_end_matches("]]");
    entities.iter().fold(text.to_owned(), |text, (entity, letter)| text.replace(entity, letter))
}

/// What ends a value whatever follows.
fn is_hard(letter: char) -> bool {
    matches!(letter, '\n' | '\r' | '\t' | ';' | '；' | '|' | '\0')
}

/// What ends a value where a key follows.
fn is_soft(letter: char) -> bool {
    matches!(letter, ',' | '，' | '。' | ' ' | '\u{3000}')
}

fn is_colon(letter: char) -> bool {
    matches!(letter, ':' | '：' | '=')
}

/// Words a key may have.
const KEY_WORDS_MAX: usize = 3;

fn line(segment: &str, put: Put<'_>) {
    // The field whose value is being gone over, and where that begins.
    let mut open: Option<(WaybillField, usize)> = None;
    let mut from = 0;
    for (at, letter) in segment.char_indices().filter(|(_, letter)| is_colon(*letter)) {
        let before = segment.get(from..at).unwrap_or_default();
        if let Some((key, start)) = key_at_end(before, from == 0) {
            if let Some((field, begin)) = open.take() {
                put(field, value_at(segment, begin, from + start));
            }
            open = WaybillField::of(unit_apart(key).0).map(|field| (field, at + letter.len_utf8()));
            if let (Some((WaybillField::Quantity, _)), Some(unit)) = (open, unit_apart(key).1) {
                put(WaybillField::QuantityUnit, unit);
            }
        }
        from = at + letter.len_utf8();
    }
    if let Some((field, begin)) = open {
        put(field, value_at(segment, begin, segment.len()));
    }
}

fn value_at(segment: &str, begin: usize, end: usize) -> &str {
    segment.get(begin..end).unwrap_or_default().trim_matches(is_soft)
}

/// A key that stands at the end of what is before a colon, and where it begins: the last word, or the last few where
/// they are a field together. Behind another colon there has to be something before it. Digits are the hours of a time.
fn key_at_end(before: &str, is_first: bool) -> Option<(&str, usize)> {
    let trimmed = before.trim_end();
    let (mut found, mut end) = (None, trimmed.len());
    for _ in 0..KEY_WORDS_MAX {
        let head = trimmed.get(..end)?.trim_end_matches(is_soft);
        let last = head.char_indices().rev().find(|(_, letter)| is_soft(*letter));
        let start = last.map_or(0, |(at, letter)| at + letter.len_utf8());
        let key = trimmed.get(start..)?;
        if (start > 0 || is_first) && key.len() <= KEY_BYTES_MAX {
            let is_word = !key.is_empty() && !key.chars().all(|letter| letter.is_ascii_digit());
            if WaybillField::of(unit_apart(key).0).is_some() || found.is_none() && is_word {
                found = Some((key, start));
            }
        }
        if start == 0 {
            break;
        }
        end = start;
    }
    found
}

/// `数量(吨)` is a quantity in tonnes.
fn unit_apart(key: &str) -> (&str, Option<&str>) {
    let Some((name, unit)) = key.split_once(['(', '（']) else { return (key, None) };
    (name, unit.strip_suffix([')', '）']))
}
