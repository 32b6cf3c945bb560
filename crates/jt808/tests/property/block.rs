//! Any stream of an attachment connection, sliced in any way.

use jt808::{Block, BlockDeframer, BlockName, FRAME_BYTES_MAX, Inflow, encode_block};

/// One byte says how the stream is sliced, one when the form of the names changes, the others are the stream.
pub fn check(input: &[u8]) {
    let [size, change, stream @ ..] = input else { return };
    let whole = Cut::of(*change, std::iter::once(stream));
    assert_eq!(Cut::of(*change, stream.chunks(usize::from(*size) * 8 + 2)), whole);
    assert_eq!(Cut::of(*change, stream.chunks(1)), whole);
    let skipped = usize::try_from(whole.skipped_bytes).expect("the stream is in memory");
    let given: usize = whole.found.iter().map(Found::len).sum();
    assert!(skipped + given <= stream.len(), "no byte is counted twice");
    whole.found.iter().for_each(check_block);
}

/// The deframer holds the rest of a frame or the head of a block; data adds nothing to it.
pub fn check_heap(input: &[u8]) {
    super::heap::bounded(6 * FRAME_BYTES_MAX, || {
        let mut deframer = BlockDeframer::default();
        input.chunks(100).for_each(|slice| deframer.push(slice, &mut |_| BlockName::Counted));
    });
}

/// Frames of the golden vectors, blocks of either form, and both in one stream.
pub fn seeds() -> Vec<Vec<u8>> {
    let (mut fixed, mut counted) = (Vec::new(), Vec::new());
    encode_block(BlockName::Fixed, b"00_65_6501_0_a.jpg", 7, &[0x7e, 0x30, 0x31, 0x63, 0x64], &mut fixed);
    encode_block(BlockName::Counted, b"02_64_6401_1_b.mp4", 0, &[0x7d; 40], &mut counted);
    let frames = super::vectors::frames();
    let both = frames.iter().take(4).flat_map(|frame| [frame.as_slice(), &counted, &counted].concat());
    let streams = frames.iter().cloned().chain([fixed.clone(), counted.clone(), both.collect()]);
    streams.map(|stream| [&[3, 1][..], &stream, &fixed].concat()).collect()
}

/// A frame as received, or name, offset and data of a block with what follows it at once joined.
#[derive(Debug, Eq, PartialEq)]
enum Found {
    Block(Vec<u8>, u64, Vec<u8>),
    Frame(Vec<u8>),
}

impl Found {
    /// Bytes that stand in it and nowhere else.
    fn len(&self) -> usize {
        match self {
            Self::Block(_, _, data) => data.len(),
            Self::Frame(raw) => raw.len() - 2,
        }
    }
}

#[derive(Debug, Eq, PartialEq)]
struct Cut {
    found: Vec<Found>,
    skipped_bytes: u64,
}

impl Cut {
    /// Pushes one slice after the other; a frame whose check byte fits changes the form of names where `change` says.
    fn of<'s>(change: u8, slices: impl Iterator<Item = &'s [u8]>) -> Self {
        let (mut deframer, mut found) = (BlockDeframer::default(), Vec::new());
        let mut names = BlockName::Fixed;
        for slice in slices {
            deframer.push(slice, &mut |inflow| {
                match inflow {
                    Inflow::Frame(piece) => {
                        if piece.raw.len() % 8 < usize::from(change % 8) {
                            names = BlockName::Counted;
                        }
                        assert!(piece.raw.len() <= FRAME_BYTES_MAX);
                        found.push(Found::Frame(piece.raw.to_vec()));
                    }
                    Inflow::Block(block) => join(&mut found, block),
                }
                names
            });
        }
        Self { found, skipped_bytes: deframer.skipped_bytes() }
    }
}

/// How a block comes in pieces is the slicing's; where its bytes belong is not.
fn join(found: &mut Vec<Found>, block: Block<'_>) {
    if let Some(Found::Block(name, offset, data)) = found.last_mut()
        && name == block.name
        && *offset + data.len() as u64 == block.offset
    {
        return data.extend_from_slice(block.data);
    }
    found.push(Found::Block(block.name.to_vec(), block.offset, block.data.to_vec()));
}

/// A block comes back as it went.
fn check_block(found: &Found) {
    let Found::Block(name, offset, data) = found else { return };
    let (Ok(offset), true) = (u32::try_from(*offset), name.len() <= 50 && name.last() != Some(&0)) else {
        return;
    };
    let (mut wire, mut back) = (Vec::new(), Vec::new());
    encode_block(BlockName::Fixed, name, offset, data, &mut wire);
    BlockDeframer::default().push(&wire, &mut |inflow| {
        if let Inflow::Block(block) = inflow {
            join(&mut back, block);
        }
        BlockName::Fixed
    });
    assert_eq!(back, [Found::Block(name.clone(), offset.into(), data.clone())]);
}
