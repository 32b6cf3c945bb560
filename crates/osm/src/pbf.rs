//! The file: blobs one after the other, each a header and a compressed message.
//!
//! The format's own limits are held, so that no file can ask for more memory than a blob of it may have.

use std::io::{self, Read, Seek, SeekFrom};

use flate2::read::ZlibDecoder;

use crate::block::{Block, Kinds};
use crate::wire::{Fields, Malformed};

/// What a blob's header may have at most, bytes; the format's own limit.
pub const HEADER_BYTES_MAX: u32 = 64 * 1024;
/// What a blob may have at most, compressed or not, bytes; the format's own limit.
pub const BLOB_BYTES_MAX: u32 = 32 * 1024 * 1024;
/// What a file may demand of its reader; anything else would be misread.
const FEATURES: &[&str] = &["OsmSchema-V0.6", "DenseNodes"];

/// Why a file can't be read, without its name.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another kind of file.
    #[error("is no .osm.pbf file: it begins with {found}, expected a blob header named OSMHeader")]
    NotPbf {
        /// What it begins with.
        found: String,
    },
    /// The end is missing.
    #[error("ends inside the blob at byte {at}, expected {missing} bytes more: the file is cut off")]
    CutOff {
        /// Where the blob begins.
        at: u64,
        /// How much is missing.
        missing: u64,
    },
    /// A blob that is not as the format says.
    #[error("the blob at byte {at} is damaged: {what}, expected {expected}")]
    Blob {
        /// Where the blob begins.
        at: u64,
        /// What is wrong.
        what: String,
        /// What should be there.
        expected: &'static str,
    },
    /// The file says that readers must know something this one does not.
    #[error("needs the feature {name:?} of its reader, expected OsmSchema-V0.6 and DenseNodes only")]
    Feature {
        /// Its name.
        name: String,
    },
    /// The file can't be read.
    #[error("cannot be read at byte {at}: {source}")]
    Read {
        /// Where.
        at: u64,
        /// Why.
        source: io::Error,
    },
    /// What was found can't be written.
    #[error("cannot write {what}: {source}")]
    Write {
        /// Which of the two files.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
}

/// An open file whose frame of blobs has been checked to its end.
pub struct Pbf<R> {
    source: R,
    blobs: Vec<Blob>,
}

/// One blob with data.
#[derive(Clone, Copy, Debug)]
struct Blob {
    /// Where its header begins.
    at: u64,
    /// Where it begins itself.
    from: u64,
    bytes: u32,
    /// What it holds; all until it has been read once.
    holds: Kinds,
}

impl<R: Read + Seek> Pbf<R> {
    /// Goes over the headers of all blobs and reads the file's own.
    pub fn open(mut source: R) -> Result<Self, Error> {
        let end = source.seek(SeekFrom::End(0)).map_err(|source| Error::Read { at: 0, source })?;
        let mut pbf = Self { source, blobs: Vec::new() };
        let mut at = 0;
        while at < end || at == 0 {
            let (name, blob) = pbf.header(at, end)?;
            match (name.as_str(), at) {
                ("OSMHeader", 0) => pbf.features(blob)?,
                (_, 0) => return Err(Error::NotPbf { found: format!("a blob header named {name:?}") }),
                ("OSMData", _) => pbf.blobs.push(blob),
                _ => {} // The format says to pass over what a reader does not know.
            }
            at = blob.from + u64::from(blob.bytes);
        }
        Ok(pbf)
    }

    /// Bytes of all blobs that hold any of `kinds`, as far as is known.
    pub fn bytes(&self, kinds: Kinds) -> u64 {
        self.blobs.iter().filter(|blob| blob.holds.any(kinds)).map(|blob| u64::from(blob.bytes)).sum()
    }

    /// Visits all blocks that may hold any of `kinds`, in the order of the file; `visit` gets the bytes that lie behind it too.
    pub fn each(
        &mut self,
        kinds: Kinds,
        mut visit: impl FnMut(&Block<'_>, u64) -> Result<(), Malformed>,
    ) -> Result<(), Error> {
        let mut plain = Vec::new();
        for index in 0..self.blobs.len() {
            let Some(&blob) = self.blobs.get(index).filter(|blob| blob.holds.any(kinds)) else { continue };
            self.inflate(blob, &mut plain)?;
            let damaged = |error: Malformed| blob.damaged(error.to_string(), "a block of OpenStreetMap data");
            let block = Block::parse(&plain).map_err(damaged)?;
            if let Some(blob) = self.blobs.get_mut(index) {
                blob.holds = block.holds();
            }
            visit(&block, u64::from(blob.bytes)).map_err(damaged)?;
        }
        Ok(())
    }

    fn header(&mut self, at: u64, end: u64) -> Result<(String, Blob), Error> {
        let cut_off = |needed: u64| Error::CutOff { at, missing: needed.saturating_sub(end - at) };
        let mut length = [0; 4];
        if end - at < 4 {
            return Err(if at == 0 { self.foreign(end) } else { cut_off(4) });
        }
        self.read(at, &mut length)?;
        let length = u32::from_be_bytes(length);
        if length > HEADER_BYTES_MAX {
            let what = format!("a header of {length} bytes");
            let wrong = Error::Blob { at, what, expected: "at most 65536" };
            return Err(if at == 0 { self.foreign(end) } else { wrong });
        }
        let from = at + 4 + u64::from(length);
        if from > end {
            return Err(cut_off(4 + u64::from(length)));
        }
        let mut header = vec![0; length as usize];
        self.read(at + 4, &mut header)?;
        let (name, bytes) = match header_fields(&header) {
            Ok(fields) => fields,
            Err(_) if at == 0 => return Err(self.foreign(end)),
            Err(error) => {
                let what = format!("its header has {error}");
                return Err(Error::Blob { at, what, expected: "a blob header" });
            }
        };
        let blob = Blob { at, from, bytes: u32::try_from(bytes).unwrap_or(u32::MAX), holds: Kinds::ALL };
        if blob.bytes > BLOB_BYTES_MAX {
            return Err(blob.damaged(format!("a blob of {bytes} bytes"), "at most 33554432"));
        }
        if from + bytes > end {
            return Err(cut_off(4 + u64::from(length) + bytes));
        }
        Ok((name, blob))
    }

    /// What a file that is no PBF seems to be.
    fn foreign(&mut self, end: u64) -> Error {
        let mut head = [0; 16];
        let head = &mut head[..end.min(16) as usize];
        if let Err(error) = self.read(0, head) {
            return error;
        }
        let found = match head {
            [] => "nothing".to_owned(),
            [0x1f, 0x8b, ..] => "gzip data".to_owned(),
            [b'B', b'Z', b'h', ..] => "bzip2 data".to_owned(),
            [b'P', b'K', ..] => "a zip archive".to_owned(),
            [b'<', ..] => {
                format!("{:?} (OpenStreetMap XML has to be converted first)", String::from_utf8_lossy(head))
            }
            _ => format!("{:?}", String::from_utf8_lossy(head)),
        };
        Error::NotPbf { found }
    }

    /// Refuses a file that needs more of its reader.
    fn features(&mut self, blob: Blob) -> Result<(), Error> {
        let mut plain = Vec::new();
        self.inflate(blob, &mut plain)?;
        for field in Fields(&plain) {
            let named = field.and_then(|(number, value)| (number == 4).then(|| value.bytes()).transpose());
            let named = named.map_err(|error| blob.damaged(error.to_string(), "the header of the file"))?;
            let name = named.map(String::from_utf8_lossy).unwrap_or_default();
            if named.is_some() && !FEATURES.contains(&name.as_ref()) {
                return Err(Error::Feature { name: name.into_owned() });
            }
        }
        Ok(())
    }

    /// A blob's message, at most [`BLOB_BYTES_MAX`].
    fn inflate(&mut self, blob: Blob, plain: &mut Vec<u8>) -> Result<(), Error> {
        let mut stored = vec![0; blob.bytes as usize];
        self.read(blob.from, &mut stored)?;
        plain.clear();
        let (packing, data) =
            packed(&stored).map_err(|error| blob.damaged(error.to_string(), "a compressed message"))?;
        match packing {
            1 => plain.extend_from_slice(data),
            3 => {
                let limit = u64::from(BLOB_BYTES_MAX);
                let read = ZlibDecoder::new(data).take(limit + 1).read_to_end(plain);
                let read = read.map_err(|error| blob.damaged(error.to_string(), "zlib data"))?;
                if read as u64 > limit {
                    return Err(blob.damaged("more than 33554432 bytes unpacked".to_owned(), "at most those"));
                }
            }
            4 => return Err(blob.damaged("LZMA compression".to_owned(), "zlib or none")),
            5 => return Err(blob.damaged("bzip2 compression".to_owned(), "zlib or none")),
            6 => return Err(blob.damaged("LZ4 compression".to_owned(), "zlib or none")),
            7 => return Err(blob.damaged("Zstandard compression".to_owned(), "zlib or none")),
            _ => return Err(blob.damaged("no data".to_owned(), "zlib or raw data")),
        }
        Ok(())
    }

    fn read(&mut self, at: u64, bytes: &mut [u8]) -> Result<(), Error> {
        let sought = self.source.seek(SeekFrom::Start(at));
        sought.and_then(|_| self.source.read_exact(bytes)).map_err(|source| Error::Read { at, source })
    }
}

impl Blob {
    fn damaged(&self, what: String, expected: &'static str) -> Error {
        Error::Blob { at: self.at, what, expected }
    }
}

/// A blob header's type and the bytes of its blob.
fn header_fields(header: &[u8]) -> Result<(String, u64), Malformed> {
    let (mut name, mut bytes) = (None, None);
    for field in Fields(header) {
        match field? {
            (1, value) => name = Some(String::from_utf8_lossy(value.bytes()?).into_owned()),
            (3, value) => bytes = Some(value.number()?),
            _ => {}
        }
    }
    Ok((name.ok_or(Malformed::Type)?, bytes.ok_or(Malformed::Type)?))
}

/// A blob's field with the data, and the data.
fn packed(stored: &[u8]) -> Result<(u64, &[u8]), Malformed> {
    let mut data = (0, &[][..]);
    for field in Fields(stored) {
        let (number, value) = field?;
        if matches!(number, 1 | 3..=7) {
            data = (number, value.bytes()?);
        }
    }
    Ok(data)
}
