//! Small maps as text, and as the .osm.pbf file they are: an encoder of the format, for tests only.
//!
//! ```text
//! n1 0 0                                  a node, metres east and north of 91 E 29.6 N
//! n2 500 0 railway=level_crossing         with a tag; ~ in a value is a space
//! w7 n1 n2 highway=primary                a way
//! r9 outer:w7 inner:w8 type=multipolygon  a relation
//! ```
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// How a file is written.
#[derive(Clone, Copy, Default)]
pub struct Style {
    /// Elements a block at most; 0: all.
    pub block: usize,
    /// Relations first, then ways, then nodes.
    pub backwards: bool,
    /// Nodes one by one, blobs not compressed.
    pub plain: bool,
}

/// The file of a map.
pub fn file(map: &str, style: Style) -> Vec<u8> {
    let mut header = Vec::new();
    bytes(&mut header, 4, b"OsmSchema-V0.6");
    bytes(&mut header, 4, b"DenseNodes");
    let mut file = blob("OSMHeader", &header, style.plain);
    let mut kinds: Vec<Vec<&str>> = ["n", "w", "r"].map(|kind| lines(map, kind)).into();
    if style.backwards {
        kinds.reverse();
        kinds.iter_mut().for_each(|lines| lines.reverse());
    }
    for lines in kinds {
        let size = if style.block == 0 { lines.len().max(1) } else { style.block };
        for part in lines.chunks(size) {
            file.extend(blob("OSMData", &block(part, style), style.plain));
        }
    }
    file
}

/// A blob with its header.
pub fn blob(name: &str, message: &[u8], plain: bool) -> Vec<u8> {
    let mut packed = Vec::new();
    if plain {
        bytes(&mut packed, 1, message);
    } else {
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(message).unwrap();
        number(&mut packed, 2, message.len() as u64);
        bytes(&mut packed, 3, &zlib.finish().unwrap());
    }
    framed(name, packed.len() as u64, &packed)
}

/// A blob as it stands in the file, with the length its header gives.
pub fn framed(name: &str, length: u64, packed: &[u8]) -> Vec<u8> {
    let mut header = Vec::new();
    bytes(&mut header, 1, name.as_bytes());
    number(&mut header, 3, length);
    let mut file = u32::try_from(header.len()).unwrap().to_be_bytes().to_vec();
    file.extend(header);
    file.extend(packed);
    file
}

fn lines<'a>(map: &'a str, kind: &str) -> Vec<&'a str> {
    map.lines().map(str::trim).filter(|line| line.starts_with(kind)).collect()
}

/// The table of strings; number 0 is never used.
struct Strings(Vec<String>);

impl Strings {
    fn number(&mut self, text: &str) -> u64 {
        let text = text.replace('~', " ");
        let place = self.0.iter().position(|found| *found == text).unwrap_or_else(|| {
            self.0.push(text);
            self.0.len() - 1
        });
        place as u64
    }

    /// Keys and values of a line.
    fn tags(&mut self, line: &str) -> (Vec<u64>, Vec<u64>) {
        let tags = line.split_whitespace().filter_map(|word| word.split_once('='));
        tags.map(|(key, value)| (self.number(key), self.number(value))).unzip()
    }
}

fn block(lines: &[&str], style: Style) -> Vec<u8> {
    let mut strings = Strings(vec![String::new()]);
    let mut group = Vec::new();
    if lines[0].starts_with('n') && !style.plain {
        bytes(&mut group, 2, &dense(lines, &mut strings));
    } else {
        for line in lines {
            let (kind, message) = element(line, &mut strings);
            bytes(&mut group, kind, &message);
        }
    }
    let mut table = Vec::new();
    strings.0.iter().for_each(|text| bytes(&mut table, 1, text.as_bytes()));
    let mut block = Vec::new();
    bytes(&mut block, 1, &table);
    bytes(&mut block, 2, &group);
    block
}

fn element(line: &str, strings: &mut Strings) -> (u64, Vec<u8>) {
    let mut message = Vec::new();
    let (keys, values) = strings.tags(line);
    if line.starts_with('n') {
        let (id, lon, lat) = place(line);
        number(&mut message, 1, fold(id));
        number(&mut message, 8, fold(lat));
        number(&mut message, 9, fold(lon));
    } else {
        number(&mut message, 1, id(line).cast_unsigned());
    }
    bytes(&mut message, 2, &packed(&keys));
    bytes(&mut message, 3, &packed(&values));
    let members = line.split_whitespace().skip(1).filter(|word| !word.contains('='));
    match line.as_bytes()[0] {
        b'w' => {
            bytes(&mut message, 8, &deltas(&members.map(id).collect::<Vec<_>>()));
            (3, message)
        }
        b'r' => {
            let (roles, ways): (Vec<u64>, Vec<i64>) = members
                .filter_map(|word| word.split_once(':'))
                .map(|(role, way)| (strings.number(role), id(way)))
                .unzip();
            bytes(&mut message, 8, &packed(&roles));
            bytes(&mut message, 9, &deltas(&ways));
            bytes(&mut message, 10, &packed(&vec![1; ways.len()]));
            (4, message)
        }
        _ => (1, message),
    }
}

fn dense(lines: &[&str], strings: &mut Strings) -> Vec<u8> {
    let places: Vec<(i64, i64, i64)> = lines.iter().map(|line| place(line)).collect();
    let mut words = Vec::new();
    for line in lines {
        let (keys, values) = strings.tags(line);
        words.extend(keys.into_iter().zip(values).flat_map(|(key, value)| [key, value]));
        words.push(0);
    }
    let mut message = Vec::new();
    bytes(&mut message, 1, &deltas(&places.iter().map(|place| place.0).collect::<Vec<_>>()));
    bytes(&mut message, 8, &deltas(&places.iter().map(|place| place.2).collect::<Vec<_>>()));
    bytes(&mut message, 9, &deltas(&places.iter().map(|place| place.1).collect::<Vec<_>>()));
    bytes(&mut message, 10, &packed(&words));
    message
}

fn id(word: &str) -> i64 {
    word.split_whitespace().next().unwrap()[1..].parse().unwrap()
}

/// Number, longitude and latitude in units of 100 nanodegrees.
fn place(line: &str) -> (i64, i64, i64) {
    let mut words = line.split_whitespace();
    let id = id(words.next().unwrap());
    let mut meters = || words.next().unwrap().parse::<f64>().unwrap();
    let (east, north) = (meters(), meters());
    let degree = 6_371_008.8_f64.to_radians();
    let lon = 91.0 + east / degree / 29.6_f64.to_radians().cos();
    ((id), (lon * 1e7).round() as i64, ((29.6 + north / degree) * 1e7).round() as i64)
}

fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn fold(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

/// A field with a number.
pub fn number(out: &mut Vec<u8>, field: u64, value: u64) {
    varint(out, field << 3);
    varint(out, value);
}

/// A field with bytes.
pub fn bytes(out: &mut Vec<u8>, field: u64, value: &[u8]) {
    varint(out, field << 3 | 2);
    varint(out, value.len() as u64);
    out.extend(value);
}

fn packed(numbers: &[u64]) -> Vec<u8> {
    let mut out = Vec::new();
    numbers.iter().for_each(|number| varint(&mut out, *number));
    out
}

fn deltas(numbers: &[i64]) -> Vec<u8> {
    let mut last = 0;
    let folded: Vec<u64> =
        numbers.iter().map(|number| fold(number - std::mem::replace(&mut last, *number))).collect();
    packed(&folded)
}
