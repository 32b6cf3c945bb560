//! Parts of sub-packaged messages, with whatever totals and numbers, from a few terminals on one connection, and what
//! the observer makes of those that are recorded.

use std::time::Duration;

use fleet::{Observation, ReceiveTime, TerminalId};
use jt808::{Edition, Header, Packet, Phone, encode_frame};
use session::{Admission, Counts, Directory, Link, Observer, Output, Policy, Refused};

/// Steps of one input; further ones are not looked at.
const STEPS_MAX: usize = 24;
/// Bytes of one step.
const STEP_BYTES: usize = 8;
const TERMINALS: usize = 4;
const IDS: [u16; 8] = [0x0200, 0x0704, 0x0801, 0x0100, 0x0005, 0x0702, 0x0900, 0x0201];

/// What the tables may hold for four terminals, by the constants beside them: on the connection 32 messages of 2 KiB;
/// in the observer 8 messages of 64 parts of 255 bytes a terminal, each in an allocation; and beside them what one
/// step brings and writes.
const HEAP_BYTES_MAX: usize = (256 << 10) + TERMINALS * 8 * 64 * 320;

/// Eight bytes are a step: who and what, total, number, serial, length, time, how often.
pub fn check(input: &[u8]) {
    let mut world = World::new();
    for step in input.as_chunks::<STEP_BYTES>().0.iter().take(STEPS_MAX) {
        world.step(step);
    }
    world.finish();
}

/// Whatever the totals claim, the tables stay within their bounds.
pub fn check_heap(input: &[u8]) {
    super::heap::bounded(HEAP_BYTES_MAX, || check(input));
}

/// Messages whose parts come in order, the wrong way round, twice, never all, and with totals that contradict.
pub fn seeds() -> Vec<Vec<u8>> {
    let step = |who: u8, total: u16, number: u8, serial: u8, times: u8| {
        let [high, low] = total.to_be_bytes();
        [who, high, low, number, serial, 28, 0, times]
    };
    let inputs: [&[[u8; 8]]; 8] = [
        &[step(0x00, 3, 1, 1, 3)],
        &[step(0x00, 2, 2, 2, 1), step(0x00, 2, 1, 1, 1)],
        &[step(0x10, 8, 1, 1, 4), step(0x10, 8, 1, 1, 8)],
        &[step(0x20, 65_535, 1, 1, 8), step(0x20, 65_535, 200, 1, 8)],
        &[step(0x20, 16_384, 1, 1, 8), step(0x21, 300, 1, 1, 8), [0x21, 0, 0, 0, 0, 0, 0xff, 1]],
        &[step(0x30, 5, 0, 1, 1), step(0x30, 5, 6, 1, 1), step(0x30, 4, 1, 1, 4)],
        &[step(0x48, 2, 1, 1, 2), step(0x58, 2, 1, 1, 2)],
        &[step(0x01, 0, 1, 1, 8), step(0x02, 1, 1, 1, 8), step(0x03, 64, 1, 1, 8)],
    ];
    inputs.iter().map(|steps| steps.concat()).collect()
}

struct World {
    link: Link<u64>,
    observer: Observer,
    now: ReceiveTime,
    head: u64,
    sums: Counts,
    seen: Vec<Observation>,
    wire: Vec<u8>,
}

impl World {
    fn new() -> Self {
        let policy = Policy { terminals_max: TERMINALS, ..Policy::new(Admission::Open, [7; 32]) };
        let now = ReceiveTime::from_ms(1_767_225_600_000);
        Self {
            link: Link::new(now, policy),
            observer: Observer::default(),
            now,
            head: 0,
            sums: Counts::default(),
            seen: Vec::new(),
            wire: Vec::new(),
        }
    }

    fn step(&mut self, [who, high, low, number, serial, len, time, times]: &[u8; STEP_BYTES]) {
        self.now = self.now.plus(Duration::from_millis(u64::from(*time) * 250));
        self.link.handle_timeout(self.now);
        self.drain();
        let edition = if who & 8 == 0 { Edition::V2013 } else { Edition::V2019 };
        let phone = Phone::from_digits(&(who & 3).to_string(), edition).expect("a digit fits");
        let id = IDS[usize::from(who >> 4 & 7)];
        // The upper bit says that the number is counted from behind.
        let total = u16::from_be_bytes([*high, *low]);
        let first = if who & 0x80 == 0 { u16::from(*number) } else { total.wrapping_sub(u16::from(*number)) };
        let body: Vec<u8> = (0..*len).map(|at| at.wrapping_mul(*number | 1)).collect();
        for time in 0..u16::from(times % 9) {
            let mut header = Header::new(id, edition, phone, u16::from(*serial).wrapping_add(time));
            header.packet = Some(Packet { total, index: first.wrapping_add(time) });
            self.wire.clear();
            encode_frame(&header, &body, &mut self.wire);
            self.link.handle_input(self.now, &self.wire, &Everybody);
            self.drain();
        }
    }

    /// Everything becomes durable at once.
    fn drain(&mut self) {
        loop {
            match self.link.poll_output() {
                Output::Wait(_) | Output::Close(_) => break,
                Output::Record(records) => {
                    let mut from = 0;
                    for end in &records.ends {
                        self.observe(&records.bytes[from..*end]);
                        from = *end;
                    }
                    self.link.handle_recorded(self.now, self.head, records.ends.len());
                    self.head += records.ends.len() as u64;
                    self.link.handle_durable(self.now, self.head);
                }
                // A frame is answered with a frame, a silence with a list of 255 numbers for each of 32 messages.
                Output::Transmit(bytes) => assert!(bytes.len() < 32 * 1_100, "{} bytes", bytes.len()),
                _ => {}
            }
        }
        let counts = self.link.take_counts();
        self.sums.received += counts.received;
        self.sums.handled += counts.acknowledged + counts.handled + counts.rejected.iter().sum::<u64>();
        let waiting = self.link.unacknowledged() as u64;
        assert_eq!(self.sums.received, self.sums.handled + waiting);
    }

    fn observe(&mut self, raw: &[u8]) {
        self.seen.clear();
        let taken: Result<(), Refused> = self.observer.handle_frame(self.now, raw, &mut self.seen);
        // A batch of 64 parts of 255 bytes holds at most so many reports.
        assert!(self.seen.len() <= 64 * 255 / 30, "{taken:?}");
        self.seen.shrink_to(16);
    }

    /// A day later nobody waits for a part any more.
    fn finish(mut self) {
        for _ in 0..4 {
            self.now = self.now.plus(Duration::from_secs(6 * 3_600));
            self.link.handle_timeout(self.now);
            self.drain();
        }
    }
}

struct Everybody;

impl Directory for Everybody {
    fn admits(&self, _: TerminalId) -> bool {
        true
    }
}
