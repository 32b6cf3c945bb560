//! The files of an attachment connection, by the names a terminal gives them.

use jt808::{AttachmentFile, Header};

/// Files of one alarm: what one byte of its sign can count. Further ones are unknown.
const FILES_MAX: usize = 255;
/// Files under way at once, each an open file on disk; terminals send one after the other. The one that began first
/// gives way and is begun again with its next block.
const OPEN_MAX: usize = 8;
/// Bytes of a name in a block; a longer one is cut there.
const BLOCK_NAME_BYTES: usize = 50;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum State {
    /// Known by its name.
    Listed,
    /// The store is asked.
    Beginning,
    /// Data is taken.
    Open,
    /// It is whole and durable.
    Complete,
    /// It is not wanted.
    Refused,
}

#[derive(Debug)]
pub(super) struct File {
    pub number: u32,
    /// As the terminal wrote it, without padding; at most 255 bytes.
    pub name: Vec<u8>,
    pub kind: u8,
    pub bytes: u32,
    pub state: State,
    /// How often its gaps were asked for.
    pub rounds: u32,
    /// Header of a 0x1211 that waits for its answer.
    pub begun: Option<Header>,
    /// Header of a 0x1212 that waits for its answer.
    pub finished: Option<Header>,
}

impl File {
    /// `kind_channel_alarm_sequence_number.ext` (T/JSATL 12-2017), where the terminal keeps to it.
    pub(super) fn channel(&self) -> Option<u8> {
        let field = plain(&self.name).split(|byte| *byte == b'_').nth(1)?;
        std::str::from_utf8(field).ok()?.parse().ok()
    }
}

#[derive(Debug, Default)]
pub(super) struct Files {
    /// At most [`FILES_MAX`].
    files: Vec<File>,
    /// Number of the next one; none is used twice on a connection.
    next: u32,
    /// Numbers of those under way, the one that began first in front.
    open: Vec<u32>,
}

impl Files {
    /// From a list: a name and a size.
    pub(super) fn list(&mut self, name: &[u8], bytes: u32) {
        match self.exactly(name) {
            // What is under way keeps the size its data came with until 0x1211 says otherwise.
            Some(place) => {
                if let Some(file) = self.at(place).filter(|file| file.state == State::Listed) {
                    file.bytes = bytes;
                }
            }
            None => {
                self.push(name, kind_of(name), bytes);
            }
        }
    }

    /// From 0x1211. A name the list did not have is taken as well; another size begins the file anew.
    pub(super) fn announce(&mut self, start: &AttachmentFile<'_>) -> Option<usize> {
        let name = start.name.0.trimmed();
        let Some(place) = self.exactly(name) else {
            return self.push(name, start.kind, start.size_bytes);
        };
        let file = self.at(place)?;
        file.kind = start.kind;
        if file.bytes != start.size_bytes && file.state != State::Complete {
            file.bytes = start.size_bytes;
            file.state = State::Listed;
        }
        Some(place)
    }

    /// The file a block or a 0x1212 means: of this name, of a name that begins so where a block could not hold more,
    /// or of this name in a folder.
    pub(super) fn place(&self, name: &[u8]) -> Option<usize> {
        let cut = |file: &File| file.name.len() > BLOCK_NAME_BYTES && file.name.starts_with(name);
        let is_cut = |file: &File| name.len() == BLOCK_NAME_BYTES && cut(file);
        let in_folder = |file: &File| !plain(name).is_empty() && plain(&file.name) == plain(name);
        self.exactly(name).or_else(|| self.only(is_cut)).or_else(|| self.only(in_folder))
    }

    pub(super) fn at(&mut self, place: usize) -> Option<&mut File> {
        self.files.get_mut(place)
    }

    pub(super) fn numbered(&mut self, number: u32) -> Option<&mut File> {
        self.files.iter_mut().find(|file| file.number == number)
    }

    /// The file at `place` is under way from now on; says which one is not any more.
    pub(super) fn make_room(&mut self, place: usize) -> Option<u32> {
        let number = self.files.get(place)?.number;
        let Self { files, open, .. } = self;
        let is_open = |number: &u32| {
            let state = files.iter().find(|file| file.number == *number).map(|file| file.state);
            matches!(state, Some(State::Beginning | State::Open))
        };
        open.retain(|other| *other != number && is_open(other));
        open.push(number);
        let gone = (open.len() > OPEN_MAX).then(|| open.remove(0))?;
        if let Some(file) = self.numbered(gone) {
            file.state = State::Listed;
        }
        Some(gone)
    }

    /// Forgets all; gives those that may be under way.
    pub(super) fn clear(&mut self) -> impl Iterator<Item = u32> + use<> {
        self.files.clear();
        std::mem::take(&mut self.open).into_iter()
    }

    fn exactly(&self, name: &[u8]) -> Option<usize> {
        self.files.iter().position(|file| file.name == name)
    }

    /// Where two would do, neither does: proof is not put together by guessing.
    fn only(&self, is_it: impl Fn(&File) -> bool) -> Option<usize> {
        let mut places =
            self.files.iter().enumerate().filter(|(_, file)| is_it(file)).map(|(place, _)| place);
        let place = places.next()?;
        places.next().is_none().then_some(place)
    }

    fn push(&mut self, name: &[u8], kind: u8, bytes: u32) -> Option<usize> {
        if self.files.len() >= FILES_MAX {
            return None;
        }
        let file = File {
            number: self.next,
            name: name.to_vec(),
            kind,
            bytes,
            state: State::Listed,
            rounds: 0,
            begun: None,
            finished: None,
        };
        self.next = self.next.wrapping_add(1);
        self.files.push(file);
        Some(self.files.len() - 1)
    }
}

/// The two digits a name begins with, which say what a file holds; 4 is anything.
fn kind_of(name: &[u8]) -> u8 {
    match plain(name) {
        [b'0', digit @ b'0'..=b'9', b'_', ..] => digit - b'0',
        _ => 4,
    }
}

/// What follows the last slash of either kind.
fn plain(name: &[u8]) -> &[u8] {
    name.rsplit(|byte| matches!(byte, b'/' | b'\\')).next().unwrap_or_default()
}
