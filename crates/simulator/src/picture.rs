//! Small pictures: a mosaic of grey squares as a baseline JPEG (ITU-T T.81), the same bytes for the same number.

/// Squares of 8 by 8 pixels.
const COLUMNS: u16 = 40;
const ROWS: u16 = 30;

/// A mosaic that tells one number from the next.
pub(crate) fn jpeg(number: u32) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8];
    segment(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0", &mut bytes);
    // Every coefficient is divided by 8, which makes the first one the mean grey of its square.
    segment(0xdb, &[&[0][..], &[8; 64]].concat(), &mut bytes);
    let ([high, low], [left, right]) = ((ROWS * 8).to_be_bytes(), (COLUMNS * 8).to_be_bytes());
    segment(0xc0, &[8, high, low, left, right, 1, 1, 0x11, 0], &mut bytes);
    // Means: twelve codes of four bits, for differences of 0 to 11 bits.
    segment(
        0xc4,
        &[&[0, 0, 0, 0, 12][..], &[0; 12], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]].concat(),
        &mut bytes,
    );
    // All else: one code of one bit, the end of the square.
    segment(0xc4, &[&[0x10, 1][..], &[0; 15], &[0]].concat(), &mut bytes);
    segment(0xda, &[1, 1, 0, 0, 63, 0], &mut bytes);
    let (mut bits, mut before) = (Bits::default(), 0);
    for square in 0..u32::from(COLUMNS * ROWS) {
        let grey = grey(number, square);
        bits.difference(grey - before, &mut bytes);
        before = grey;
    }
    bits.finish(&mut bytes);
    bytes.extend([0xff, 0xd9]);
    bytes
}

/// -100 to 99, by a small mixer of the two numbers.
fn grey(number: u32, square: u32) -> i32 {
    let mixed =
        (number.wrapping_mul(0x9e37_79b9) ^ square.wrapping_mul(0x85eb_ca6b)).wrapping_mul(0xc2b2_ae35);
    i32::try_from((mixed >> 16) % 200).unwrap_or_default() - 100
}

fn segment(marker: u8, body: &[u8], into: &mut Vec<u8>) {
    into.extend([0xff, marker]);
    into.extend(u16::try_from(body.len() + 2).unwrap_or(u16::MAX).to_be_bytes());
    into.extend(body);
}

#[derive(Default)]
struct Bits {
    held: u32,
    count: u32,
}

impl Bits {
    /// The number of bits of a difference, the difference, and the end of the square.
    fn difference(&mut self, value: i32, into: &mut Vec<u8>) {
        let size = 32 - value.unsigned_abs().leading_zeros();
        self.push(size, 4, into);
        // A negative one is written as if it were one less.
        let shown = if value < 0 { value - 1 } else { value };
        self.push(shown.cast_unsigned() & ((1 << size) - 1), size, into);
        self.push(0, 1, into);
    }

    fn push(&mut self, value: u32, bits: u32, into: &mut Vec<u8>) {
        for place in (0..bits).rev() {
            self.held = self.held << 1 | (value >> place & 1);
            self.count += 1;
            if self.count == 8 {
                let [.., byte] = self.held.to_be_bytes();
                into.push(byte);
                if byte == 0xff {
                    into.push(0);
                }
                (self.held, self.count) = (0, 0);
            }
        }
    }

    /// Ones up to a whole byte.
    fn finish(&mut self, into: &mut Vec<u8>) {
        while self.count > 0 {
            self.push(1, 1, into);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_gives_the_same_picture() {
        let picture = jpeg(7);
        assert_eq!((picture.get(..3), picture.last()), (Some(&[0xff, 0xd8, 0xff][..]), Some(&0xd9)));
        assert_eq!(picture, jpeg(7));
        assert_ne!(picture, jpeg(8));
        if let Some(path) = std::env::var_os("SIMULATOR_PICTURE") {
            std::fs::write(path, picture).unwrap();
        }
    }
}
