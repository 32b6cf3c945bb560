//! Any stream, sliced in any way.

use jt808::{Deframer, FRAME_BYTES_MAX, Frame, FrameError, Warnings, encode_frame, unescape};

/// One byte says how the stream is sliced, the others are the stream.
pub fn check(input: &[u8]) {
    let Some((size, stream)) = input.split_first() else { return };
    let whole = Cut::of(std::iter::once(stream));
    assert_eq!(Cut::of(stream.chunks(usize::from(*size) * 8 + 2)), whole);
    assert_eq!(Cut::of(stream.chunks(1)), whole);
    check_places(stream, &whole);
    for (raw, unescaped) in &whole.pieces {
        check_piece(raw, unescaped);
    }
}

/// What the deframer holds is its own: neither the length of the stream nor its content adds to it.
pub fn check_heap(input: &[u8]) {
    // The pending run and its unescaped copy, each in a buffer that doubles, for a moment beside the old one.
    super::heap::bounded(6 * FRAME_BYTES_MAX, || {
        let mut deframer = Deframer::default();
        let mut each = |piece: jt808::Piece<'_>| assert!(piece.raw.len() <= FRAME_BYTES_MAX);
        input.chunks(100).for_each(|slice| deframer.push(slice, &mut each));
    });
}

type Unescaped = Result<(Vec<u8>, Warnings), FrameError>;

/// What a stream was cut into.
#[derive(Debug, Default, Eq, PartialEq)]
pub struct Cut {
    pub pieces: Vec<(Vec<u8>, Unescaped)>,
    skipped_bytes: u64,
}

impl Cut {
    /// Pushes one slice after the other.
    pub fn of<'s>(slices: impl Iterator<Item = &'s [u8]>) -> Self {
        let (mut deframer, mut pieces) = (Deframer::default(), Vec::new());
        for slice in slices {
            deframer.push(slice, &mut |piece| {
                let unescaped = piece.unescaped.map(|plain| (plain.to_vec(), piece.warnings));
                pieces.push((piece.raw.to_vec(), unescaped));
            });
        }
        Self { pieces, skipped_bytes: deframer.skipped_bytes() }
    }
}

/// Every byte that is no delimiter is in a piece, skipped, or pending; and what is pending is bounded.
fn check_places(stream: &[u8], cut: &Cut) {
    let count = |bytes: &[u8]| bytes.iter().filter(|byte| **byte != 0x7e).count();
    let given: usize = cut.pieces.iter().map(|(raw, _)| count(raw)).sum();
    let skipped = usize::try_from(cut.skipped_bytes).expect("the stream is in memory");
    let pending = count(stream).checked_sub(given + skipped).expect("no byte is counted twice");
    assert!(pending < FRAME_BYTES_MAX, "{pending} bytes pending");
}

/// A piece reads alone as in the stream, and its frame comes back as it went.
fn check_piece(raw: &[u8], unescaped: &Unescaped) {
    let mut plain = Vec::new();
    let alone = unescape(raw, &mut plain).map(|warnings| (plain, warnings));
    assert_eq!(&alone, unescaped);
    let Ok((plain, _)) = alone else { return };
    let Ok(frame) = Frame::decode(&plain) else { return };
    // The listing of a frame of two thousand bytes: every byte a field of its own, with its name.
    assert!(frame.to_string().len() < 64 * FRAME_BYTES_MAX);
    if frame.body.len() > 1_023 {
        return;
    }
    let (mut wire, mut again) = (Vec::new(), Vec::new());
    encode_frame(&frame.header, frame.body, &mut wire);
    assert!(wire.len() <= FRAME_BYTES_MAX);
    assert_eq!(unescape(&wire, &mut again), Ok(Warnings::default()));
    let back = Frame::decode(&again).expect("what was encoded decodes");
    assert_eq!((back.header, back.body), (frame.header, frame.body));
    assert!(!back.warnings.contains(Warnings::LENGTH_FIELD));
}
