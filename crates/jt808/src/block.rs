//! The stream an attachment connection carries: frames and raw blocks of files (T/JSATL 12-2017).
//!
//! Block | 30 31 63 64 | file name BYTE\[50\], zeros behind | offset 4 | length 4 | data … |
//! 黑    | 30 31 63 64 | length 1, file name … | offset 4 | length 4 | data … |
//!
//! A block has no escapes, no check byte and no answer. Only what was agreed before tells the two forms apart.

use memchr::{memchr, memchr2};

use crate::frame::DELIMITER;
use crate::reader::{put_counted, put_fixed};
use crate::{Deframer, FRAME_BYTES_MAX, Piece};

/// What a block begins with. No id of a message is 0x3031, so neither is ever taken for the other.
pub const BLOCK_MAGIC: [u8; 4] = [0x30, 0x31, 0x63, 0x64];

/// Data in a block by the standard. What comes in is not held to it: data is handed over as it arrives, so a block
/// of any length costs the memory of none.
pub const BLOCK_DATA_BYTES_MAX: usize = 65_536;

/// Bytes of a file name in the fixed form.
const NAME_BYTES: usize = 50;

/// How a block says which file it belongs to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum BlockName {
    /// Fifty bytes with zeros behind.
    #[default]
    Fixed,
    /// A length byte and the name: 黑标.
    Counted,
}

/// Data of a file, a block or a part of one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Block<'a> {
    /// Name of the file as sent, without the zeros behind it.
    pub name: &'a [u8],
    /// Where in the file `data` belongs. Beyond 32 bits where offset and length together are.
    pub offset: u64,
    /// What stands there; empty for a block without data alone.
    pub data: &'a [u8],
}

/// A piece of the stream.
#[derive(Debug)]
pub enum Inflow<'a> {
    /// Data of a file.
    Block(Block<'a>),
    /// A run between two delimiters.
    Frame(Piece<'a>),
}

/// Cuts a stream of frames and blocks. A block may begin at the start, behind a delimiter or behind another block;
/// anything else up to the next delimiter or block is skipped and counted. Any slicing gives the same frames, and the
/// same data at the same offsets; it keeps the unfinished rest of a frame or the head of a block, never data.
#[derive(Debug, Default)]
pub struct BlockDeframer {
    frames: Deframer,
    /// Of the frames given up before the one in use.
    skipped_bytes: u64,
    state: State,
    /// The head of a block as it comes: 264 bytes at most, with a name of 255 in the counted form.
    head: Vec<u8>,
    names: BlockName,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Outside of everything; so many bytes of the magic have been met.
    Between(usize),
    /// Behind a delimiter, where a frame, a block or another delimiter follows; so many bytes of the magic.
    Opened(usize),
    /// Inside a frame, so many bytes behind its delimiter.
    Run(usize),
    /// Behind the magic of a block.
    Head,
    /// Inside the data of a block: where the next byte belongs, and how many are to come.
    Data { offset: u64, left: u64 },
}

impl Default for State {
    fn default() -> Self {
        Self::Between(0)
    }
}

/// Receives pieces, and says how the names of later blocks are written.
type Each<'e> = &'e mut dyn FnMut(Inflow<'_>) -> BlockName;

impl BlockDeframer {
    /// Takes the next bytes of the stream and hands over what they complete. `each` answers with the form of name that
    /// blocks have from then on: a terminal's list of files tells its dialect, and blocks may follow in the same bytes.
    pub fn push(&mut self, mut bytes: &[u8], each: &mut dyn FnMut(Inflow<'_>) -> BlockName) {
        while !bytes.is_empty() {
            let taken = match self.state {
                State::Between(matched) => self.seek(matched, bytes),
                State::Opened(matched) => self.open(matched, bytes, each),
                State::Run(len) => self.run(len, bytes, each),
                State::Head => self.read_head(bytes, each),
                State::Data { offset, left } => self.read_data(offset, left, bytes, each),
            };
            bytes = bytes.get(taken..).unwrap_or_default();
        }
    }

    /// Bytes skipped so far: what was neither frame nor block, and runs too long for a frame.
    #[must_use]
    pub const fn skipped_bytes(&self) -> u64 {
        self.skipped_bytes.saturating_add(self.frames.skipped_bytes())
    }

    /// How many bytes were taken.
    fn seek(&mut self, matched: usize, bytes: &[u8]) -> usize {
        match bytes.first() {
            Some(byte) if BLOCK_MAGIC.get(matched) == Some(byte) => {
                self.matched(matched + 1, State::Between);
                1
            }
            Some(_) if matched > 0 => {
                self.skip(matched);
                self.state = State::Between(0);
                0
            }
            Some(&DELIMITER) => {
                self.frames.push(&[DELIMITER], &mut |_| {});
                self.state = State::Opened(0);
                1
            }
            _ => {
                let [first, ..] = BLOCK_MAGIC;
                let junk = memchr2(DELIMITER, first, bytes).unwrap_or(bytes.len());
                self.skip(junk);
                junk
            }
        }
    }

    fn open(&mut self, matched: usize, bytes: &[u8], each: Each<'_>) -> usize {
        if bytes.first().is_some_and(|byte| BLOCK_MAGIC.get(matched) == Some(byte)) {
            self.matched(matched + 1, State::Opened);
            return 1;
        }
        self.frame(BLOCK_MAGIC.get(..matched).unwrap_or_default(), each);
        self.state = State::Run(matched);
        0
    }

    fn matched(&mut self, count: usize, state: fn(usize) -> State) {
        if count < BLOCK_MAGIC.len() {
            self.state = state(count);
        } else {
            self.give_up_frame(0);
            self.head.clear();
            self.state = State::Head;
        }
    }

    fn run(&mut self, len: usize, bytes: &[u8], each: Each<'_>) -> usize {
        let room = FRAME_BYTES_MAX - 2 - len;
        let near = bytes.get(..=room).unwrap_or(bytes);
        if let Some(end) = memchr(DELIMITER, near) {
            self.frame(near.get(..=end).unwrap_or_default(), each);
            self.state = State::Opened(0);
            return end + 1;
        }
        let taken = near.len().min(room);
        self.frame(near.get(..taken).unwrap_or_default(), each);
        self.state = State::Run(len + taken);
        if near.len() > room {
            // No frame is longer: from here on a block may begin.
            self.give_up_frame(len + taken);
            self.state = State::Between(0);
        }
        taken
    }

    fn read_head(&mut self, bytes: &[u8], each: Each<'_>) -> usize {
        let (before, name) = match (self.names, self.head.first()) {
            (BlockName::Fixed, _) => (0, Some(NAME_BYTES)),
            (BlockName::Counted, None) => (1, None),
            (BlockName::Counted, Some(len)) => (1, Some(usize::from(*len))),
        };
        let needed = before + name.map_or(0, |name| name + 8);
        let taken = bytes.len().min(needed - self.head.len());
        self.head.extend(bytes.iter().take(taken));
        if let (Some(name), true) = (name, self.head.len() == needed) {
            self.begin_data(before, name, each);
        }
        taken
    }

    /// The head is whole; only its name is kept.
    fn begin_data(&mut self, before: usize, name: usize, each: Each<'_>) {
        let Some([a, b, c, d, e, f, g, h]) = self.head.last_chunk::<8>() else { return };
        let offset = u32::from_be_bytes([*a, *b, *c, *d]).into();
        let left = u32::from_be_bytes([*e, *f, *g, *h]).into();
        self.head.truncate(before + name);
        self.head.drain(..before);
        if self.names == BlockName::Fixed {
            let end = self.head.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            self.head.truncate(end);
        }
        self.state = State::Data { offset, left };
        if left == 0 {
            self.read_data(offset, left, &[], each);
        }
    }

    fn read_data(&mut self, offset: u64, left: u64, bytes: &[u8], each: Each<'_>) -> usize {
        let taken = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
        let data = bytes.get(..taken).unwrap_or_default();
        self.names = each(Inflow::Block(Block { name: &self.head, offset, data }));
        let done = taken as u64;
        self.state = match left - done {
            0 => State::Between(0),
            left => State::Data { offset: offset + done, left },
        };
        taken
    }

    fn frame(&mut self, bytes: &[u8], each: Each<'_>) {
        let Self { frames, names, .. } = self;
        frames.push(bytes, &mut |piece| *names = each(Inflow::Frame(piece)));
    }

    /// What stands behind the last delimiter is no frame.
    fn give_up_frame(&mut self, len: usize) {
        self.skip(len);
        self.skipped_bytes = self.skipped_bytes();
        self.frames = Deframer::default();
    }

    fn skip(&mut self, len: usize) {
        self.skipped_bytes = self.skipped_bytes.saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
    }
}

/// Appends a block. A name too long for its field is cut.
pub fn encode_block(names: BlockName, name: &[u8], offset: u32, data: &[u8], into: &mut Vec<u8>) {
    into.extend_from_slice(&BLOCK_MAGIC);
    match names {
        BlockName::Fixed => put_fixed(name, NAME_BYTES, into),
        BlockName::Counted => put_counted(name, into),
    }
    let len = u32::try_from(data.len()).unwrap_or(u32::MAX);
    into.extend_from_slice(&offset.to_be_bytes());
    into.extend_from_slice(&len.to_be_bytes());
    into.extend(data.iter().take(usize::try_from(len).unwrap_or(usize::MAX)));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A frame as received, or name, offset and data with what follows it at once joined.
    #[derive(Clone, Debug, Eq, PartialEq)]
    enum Found {
        Block(Vec<u8>, u64, Vec<u8>),
        Frame(Vec<u8>),
    }

    fn cut(slices: &mut dyn Iterator<Item = &[u8]>, names: BlockName) -> (Vec<Found>, u64) {
        let (mut deframer, mut found) = (BlockDeframer { names, ..BlockDeframer::default() }, Vec::new());
        for slice in slices {
            deframer.push(slice, &mut |inflow| {
                match (inflow, found.last_mut()) {
                    (Inflow::Frame(piece), _) => found.push(Found::Frame(piece.raw.to_vec())),
                    (Inflow::Block(block), Some(Found::Block(name, offset, data)))
                        if block.name == name && *offset + data.len() as u64 == block.offset =>
                    {
                        data.extend_from_slice(block.data);
                    }
                    (Inflow::Block(Block { name, offset, data }), _) => {
                        found.push(Found::Block(name.to_vec(), offset, data.to_vec()));
                    }
                }
                names
            });
        }
        (found, deframer.skipped_bytes())
    }

    fn block(names: BlockName, name: &[u8], offset: u32, data: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        encode_block(names, name, offset, data, &mut bytes);
        bytes
    }

    fn found(name: &[u8], offset: u64, data: &[u8]) -> Found {
        Found::Block(name.to_vec(), offset, data.to_vec())
    }

    const FRAME: [u8; 4] = [0x7e, 1, 1, 0x7e];

    fn check(stream: &[&[u8]], expected: &[Found], skipped_bytes: u64) {
        let stream = stream.concat();
        let whole = cut(&mut std::iter::once(stream.as_slice()), BlockName::Fixed);
        assert_eq!(whole, (expected.to_vec(), skipped_bytes));
    }

    #[test]
    fn frames_and_blocks_share_a_stream() {
        let frame = Found::Frame(FRAME.to_vec());
        let data = [0x7e, 0x30, 0x31, 0x63, 0x64, 0x7d];
        let first = block(BlockName::Fixed, b"00_65_6501_0_a.jpg", 0, &data);
        let second = block(BlockName::Fixed, b"b", 70_000, &data);
        let blocks = [found(b"00_65_6501_0_a.jpg", 0, &data), found(b"b", 70_000, &data)];
        let [one, two] = blocks.clone();
        check(&[&first, &second], &blocks, 0);
        check(&[&FRAME, &first, &FRAME, &second], &[frame.clone(), one.clone(), frame.clone(), two], 0);
        check(&[&FRAME, &block(BlockName::Fixed, b"x", 5, &[])], &[frame.clone(), found(b"x", 5, &[])], 0);
        check(&[&[0x24, 0x30, 0x31, 0x30, 0x24], &first, &[9, 9], &FRAME], &[one, frame], 7);
    }

    #[test]
    fn a_frame_may_begin_like_a_block() {
        let next = Found::Frame(FRAME.to_vec());
        let like = [0x7e, 0x30, 0x31, 0x63, 0x62, 0x7e];
        check(&[&like, &FRAME], &[Found::Frame(like.to_vec()), next.clone()], 0);
        let short = Found::Frame(vec![0x7e, 0x30, 0x31, 0x7e]);
        check(&[&[0x7e, 0x30, 0x31], &FRAME], &[short, next], 0);
    }

    #[test]
    fn a_run_too_long_for_a_frame_ends_before_the_next_block() {
        let next = Found::Frame(FRAME.to_vec());
        let data = block(BlockName::Fixed, b"x", 1, &[5]);
        let run = vec![0x55; 5_000];
        check(&[&[0x7e], &run, &data, &FRAME], &[found(b"x", 1, &[5]), next.clone()], 5_000);
        let longest = [&[0x7e], &vec![0x55; FRAME_BYTES_MAX - 2][..], &[0x7e]].concat();
        check(&[&longest, &FRAME], &[Found::Frame(longest.clone()), next], 0);
    }

    #[test]
    fn a_length_out_of_all_bounds_holds_nothing() {
        let mut hostile = block(BlockName::Fixed, b"x", u32::MAX, &[]);
        hostile.truncate(hostile.len() - 4);
        hostile.extend(u32::MAX.to_be_bytes());
        let (mut deframer, mut ends) = (BlockDeframer::default(), Vec::new());
        for slice in [hostile.as_slice(), &[1; 100_000], &[2; 100_000]] {
            deframer.push(slice, &mut |inflow| {
                if let Inflow::Block(block) = inflow {
                    ends.push(block.offset + block.data.len() as u64);
                }
                BlockName::Fixed
            });
        }
        assert_eq!(ends, [u64::from(u32::MAX) + 100_000, u64::from(u32::MAX) + 200_000]);
        assert!(deframer.head.capacity() < 1_000);
    }

    #[test]
    fn the_form_of_the_name_may_change_between_two_pieces() {
        let stream = [&FRAME[..], &block(BlockName::Counted, b"49.jpg", 7, &[1, 2])].concat();
        let mut seen = Vec::new();
        BlockDeframer::default().push(&stream, &mut |inflow| {
            if let Inflow::Block(Block { name, offset, data }) = inflow {
                seen.push((name.to_vec(), offset, data.to_vec()));
            }
            BlockName::Counted
        });
        assert_eq!(seen, [(b"49.jpg".to_vec(), 7, vec![1, 2])]);
    }

    fn piece(names: BlockName) -> impl Strategy<Value = Vec<u8>> {
        let byte = || prop_oneof![Just(0x7e_u8), Just(0x30), Just(0x31), Just(0x63), Just(0x64), any::<u8>()];
        let bytes = move |max| prop::collection::vec(byte(), 0..max);
        prop_oneof![
            2 => bytes(40),
            2 => (bytes(60), any::<u32>(), bytes(200))
                .prop_map(move |(name, offset, data)| block(names, &name, offset, &data)),
            1 => bytes(30).prop_map(|run| [&[0x7e], &run[..], &[0x7e]].concat()),
            1 => (1_900_usize..2_300).prop_map(|len| [&[0x7e], &vec![0x55; len][..]].concat()),
        ]
    }

    proptest! {
        #[test]
        fn any_slicing_gives_the_same_pieces(
            pieces in prop::collection::vec(piece(BlockName::Fixed), 0..8),
            counted in prop::collection::vec(piece(BlockName::Counted), 0..8),
            size in 1_usize..300,
        ) {
            for (pieces, names) in [(pieces, BlockName::Fixed), (counted, BlockName::Counted)] {
                let stream = pieces.concat();
                let whole = cut(&mut std::iter::once(stream.as_slice()), names);
                prop_assert_eq!(&cut(&mut stream.chunks(size), names), &whole);
                prop_assert_eq!(&cut(&mut stream.chunks(1), names), &whole);
            }
        }
    }
}
