//! Any body under any id.

use std::fmt::{self, Write};

use jt808::{Edition, Field, Items, Message, Show, Shown};

/// Two bytes are the id, one says the edition, the others are the body.
pub fn check(input: &[u8]) {
    let Some((id, edition, body)) = split(input) else { return };
    let Ok(message) = Message::decode(id, edition, body) else { return };
    assert_eq!(message.id(), id);
    let mut again = Vec::new();
    message.encode_body(edition, &mut again);
    assert_eq!(again, body, "{id:04x} {edition:?}");
    let mut widths = Widths::default();
    message.show(&mut widths);
    assert_eq!((widths.bytes, widths.depth), (body.len(), 0), "{id:04x} {edition:?}");
    match message {
        Message::LocationReport(location) => check_items(location.items),
        Message::LocationAnswer(answer) => check_items(answer.location.items),
        Message::LocationBatch(batch) => {
            batch.iter().flatten().for_each(|location| check_items(location.items));
        }
        _ => {}
    }
}

/// A body is decoded, shown and encoded again in memory of its own size.
pub fn check_heap(input: &[u8]) {
    let Some((id, edition, body)) = split(input) else { return };
    // One line of the listing at a time: a byte shows as two digits, in buffers that double.
    super::heap::bounded(16 * body.len() + 4_096, || {
        let Ok(message) = Message::decode(id, edition, body) else { return };
        let mut listing = Counted(0);
        write!(listing, "{message}").expect("a counter takes everything");
        assert!(listing.0 <= 64 * body.len() + 4_096, "{} letters", listing.0);
        message.encode_body(edition, &mut Vec::new());
    });
}

/// The input that a body makes.
pub fn input(id: u16, edition: Edition, body: &[u8]) -> Vec<u8> {
    let edition = EDITIONS.iter().position(|known| *known == edition).expect("every edition is listed");
    [&id.to_be_bytes()[..], &[u8::try_from(edition).expect("there are three")], body].concat()
}

const EDITIONS: [Edition; 3] = [Edition::V2011, Edition::V2013, Edition::V2019];

fn split(input: &[u8]) -> Option<(u16, Edition, &[u8])> {
    let (head, body) = input.split_first_chunk::<3>()?;
    Some((u16::from_be_bytes([head[0], head[1]]), EDITIONS[usize::from(head[2]) % 3], body))
}

/// What is read out of items, and encoded again, is what was sent.
fn check_items(items: Items<'_>) {
    let mut again = Vec::new();
    for item in items {
        item.value().encode(&mut again);
    }
    again.extend_from_slice(items.leftover());
    assert_eq!(again, items.bytes());
}

/// Bytes of all fields a message shows, and how many entries are open.
#[derive(Default)]
struct Widths {
    bytes: usize,
    depth: usize,
}

impl Show for Widths {
    fn field(&mut self, field: Shown<'_>) {
        self.bytes += field.bytes;
        if let Field::Number(number) = field.value {
            assert!(field.meaning.of(number).count() <= 64);
        }
    }

    fn begin(&mut self, _: &'static str) {
        self.depth += 1;
    }

    fn end(&mut self) {
        self.depth -= 1;
    }
}

/// Counts what is written, keeps nothing.
struct Counted(usize);

impl Write for Counted {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}
