//! However a link cuts a stream, the same frames come out of it.

mod property;

use property::framing::Cut;
use property::vectors::frames;

/// Every place is a cut, and every two of them, in each golden frame between its neighbours.
#[test]
fn every_two_cuts_of_every_golden_frame_give_the_same_pieces() {
    let frames = frames();
    let (mut cuts, mut pieces) = (0_u64, 0);
    for (at, frame) in frames.iter().enumerate() {
        // The neighbour's delimiters are what a cut at an end stands beside.
        let neighbour = frames.get(at + 1).unwrap_or(&frames[0]);
        let stream = [&frame[..], &neighbour[..neighbour.len().min(24)], &[0x7e]].concat();
        let whole = Cut::of(std::iter::once(&stream[..]));
        pieces += whole.pieces.len();
        // All pairs of a short frame; of a long one those whose second cut is near the first or near the end.
        for first in 0..=frame.len() {
            for second in first..=frame.len() {
                if frame.len() > SHORT && second - first > NEAR && frame.len() - second > NEAR {
                    continue;
                }
                let slices = [&stream[..first], &stream[first..second], &stream[second..]];
                assert_eq!(Cut::of(slices.into_iter()), whole, "frame {at} cut at {first} and {second}");
                cuts += 1;
            }
        }
    }
    assert!(pieces >= frames.len() && cuts > 100_000, "{pieces} pieces, {cuts} cuts");
}

/// A frame of so many bytes is cut at every two places.
const SHORT: usize = 160;
/// In a longer one the second cut is so near to the first, or to the end.
const NEAR: usize = 8;

/// All golden frames as one stream, cut at random: 20,000 times, a million with `CUTS=full`.
#[test]
fn random_cuts_of_all_golden_frames_give_the_same_pieces() {
    let is_full = std::env::var("CUTS").is_ok_and(|wanted| wanted == "full");
    let frames = frames();
    let (mut pieces, rounds) = (0, if is_full { 1_000_000 } else { 20_000 });
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    for round in 0..rounds {
        let begin = chance.below(frames.len());
        let stream = frames.iter().cycle().skip(begin).take(1 + chance.below(6)).flatten();
        let stream: Vec<u8> = stream.copied().collect();
        // Mostly small slices, now and then what a socket's buffer gives.
        let longest = [1, 3, 17, 120, 1_460][chance.below(5)];
        let (mut slices, mut rest) = (Vec::new(), &stream[..]);
        while !rest.is_empty() {
            let (slice, more) = rest.split_at((1 + chance.below(longest)).min(rest.len()));
            slices.push(slice);
            rest = more;
        }
        let whole = Cut::of(std::iter::once(&stream[..]));
        pieces += whole.pieces.len();
        assert_eq!(Cut::of(slices.into_iter()), whole, "round {round}");
    }
    // Three and a half frames a stream; a few of the vectors are none on purpose.
    assert!(pieces > rounds * 3, "{pieces} pieces");
}

/// xorshift64: the same cuts on every machine.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}
