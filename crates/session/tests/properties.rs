//! What holds for every stream and every order of events.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::VecDeque;
use std::time::Duration;

use fleet::{ReceiveTime, TerminalId};
use jt808::{Deframer, Edition, Frame, Header, Message, Packet, Phone};
use proptest::prelude::*;
use session::{Admission, Carries, Directory, Link, Observer, Output, Policy};

const START: ReceiveTime = ReceiveTime::from_ms(1_767_225_600_000);
const LOCATION: [u8; 28] = [
    0, 0, 0, 0, 0, 0, 0, 3, 0x01, 0xc4, 0xaa, 0x90, 0x05, 0x6e, 0x8d, 0x20, 0x0e, 0x42, 0x02, 0x58, 0, 0x5a,
    0x26, 0x01, 0x01, 0x08, 0, 0,
];
const REGISTRATION: u16 = 0x0100;
const AUTHENTICATION: u16 = 0x0102;
const REPORT: u16 = 0x0200;

proptest! {
    #[test]
    fn any_slicing_of_any_stream_gives_the_same(
        stream in stream(),
        cuts in prop::collection::vec(1..200_usize, 0..40),
    ) {
        let mut whole = Shell::new();
        whole.input(&stream);
        let mut sliced = Shell::new();
        let mut rest = &stream[..];
        for cut in cuts {
            let (head, tail) = rest.split_at(cut.min(rest.len()));
            sliced.input(head);
            rest = tail;
        }
        sliced.input(rest);
        sliced.durable(u64::MAX);
        whole.durable(u64::MAX);
        prop_assert_eq!(&sliced.written, &whole.written);
        prop_assert_eq!(&sliced.recorded, &whole.recorded);
        prop_assert_eq!(&sliced.events, &whole.events);
        prop_assert_eq!(sliced.counts(), whole.counts());
    }

    #[test]
    fn an_acknowledgement_never_precedes_durability(steps in prop::collection::vec(step(), 0..60)) {
        let mut shell = Shell::new();
        shell.records_at_once = false;
        let mut serial = 0;
        for step in steps {
            shell.step(step, &mut serial);
            shell.check_written();
            shell.check_counts();
        }
        // In the end everything is recorded and durable: all of it is answered, each once.
        shell.place(usize::MAX, 0);
        shell.durable(u64::MAX);
        shell.check_written();
        shell.check_counts();
        prop_assert_eq!(shell.link.unacknowledged(), 0);
        prop_assert_eq!(shell.answered, shell.waiting_in_order.len());
    }

    #[test]
    fn no_bytes_panic_and_each_frame_is_counted(stream in stream()) {
        let mut shell = Shell::new();
        shell.input(&stream);
        shell.check_counts();
        shell.durable(u64::MAX);
        shell.check_counts();
        prop_assert_eq!(shell.link.unacknowledged(), 0);
        // What was recorded can be observed, and so can anything else.
        let (mut observer, mut seen) = (Observer::default(), Vec::new());
        for raw in shell.recorded.iter().map(Vec::as_slice).chain([&stream[..]]) {
            let _: Result<(), session::Refused> = observer.handle_frame(START, raw, &mut seen);
        }
        // A batch of 1,023 bytes holds at most 34 locations.
        prop_assert!(seen.len() <= shell.recorded.len() * 64 * 34 + 34);
    }

    #[test]
    fn no_body_panics_the_observer(
        id in prop::sample::select(vec![0x0100_u16, 0x0200, 0x0201, 0x0702, 0x0704]),
        flags in prop::sample::select(vec![0_u16, 1 << 14, 1 << 15]),
        head in prop::sample::select(vec![vec![], LOCATION.to_vec(), vec![0, 2, 1, 0, 28], vec![1, 0x26, 1, 1, 8, 0, 0, 0]]),
        tail in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut header = header(1, Edition::V2013, id, 1);
        header.flags = flags;
        let body = [head, tail].concat();
        let (mut observer, mut seen) = (Observer::default(), Vec::new());
        let _: Result<(), session::Refused> = observer.handle_frame(START, &wire(&header, &body), &mut seen);
        prop_assert!(seen.len() <= 8);
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// Messages of these ids from these terminals; 3 and 4 are not on file.
    Input(Vec<(u64, u16)>),
    Junk(Vec<u8>),
    /// So many records get positions, after so many of other connections.
    Place(usize, u64),
    /// Durable up to so many positions further.
    Durable(u64),
    Timeout(u64),
    Superseded(u64),
    Removed(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let id = prop::sample::select(vec![
        REPORT,
        REPORT,
        REPORT,
        0x0002,
        0x0704,
        REGISTRATION,
        AUTHENTICATION,
        0x0003,
    ]);
    prop_oneof![
        4 => prop::collection::vec((1..=4_u64, id), 1..6).prop_map(Step::Input),
        1 => prop::collection::vec(any::<u8>(), 0..40).prop_map(Step::Junk),
        3 => (0..6_usize, 0..3_u64).prop_map(|(count, others)| Step::Place(count, others)),
        3 => (0..8_u64).prop_map(Step::Durable),
        1 => (0..30_000_u64).prop_map(Step::Timeout),
        1 => (1..=2_u64).prop_map(Step::Superseded),
        1 => (1..=2_u64).prop_map(Step::Removed),
    ]
}

/// Good frames, cut ones, and bytes that are none.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let ids =
        vec![REPORT, 0x0002, 0x0001, 0x0003, 0x0004, 0x0704, REGISTRATION, AUTHENTICATION, 0x0201, 0x0f0f];
    let sender = (1..=4_u64, prop::sample::select(ids), any::<u16>(), prop::option::weighted(0.3, 1..=2_u16));
    let body = (prop::collection::vec(any::<u8>(), 0..60), any::<bool>());
    let good = (sender, body).prop_map(|((terminal, id, serial, part), (random, sensible))| {
        let mut header = header(terminal, Edition::V2013, id, serial);
        header.packet = part.map(|index| Packet { total: 2, index });
        wire(&header, if sensible { &LOCATION } else { &random })
    });
    let piece = prop_oneof![
        6 => good.clone(),
        2 => (good, any::<prop::sample::Index>()).prop_map(|(frame, at)| frame[..at.index(frame.len())].to_vec()),
        2 => prop::collection::vec(any::<u8>(), 0..30),
        1 => prop::collection::vec(prop::sample::select(vec![0x7e_u8, 0x7d, 1, 2]), 0..30),
    ];
    prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

/// A shell that may be slow to record, and a model of what must come out.
struct Shell {
    link: Link<u64>,
    on_file: OnFile,
    now: ReceiveTime,
    records_at_once: bool,
    written: Vec<u8>,
    /// How much of `written` was checked.
    checked: usize,
    recorded: Vec<Vec<u8>>,
    events: Vec<String>,
    /// Headers of what was recorded, with their positions as they become known; the first `answered` are answered.
    waiting_in_order: VecDeque<(Header, Option<u64>)>,
    answered: usize,
    placed: usize,
    head: u64,
    durable_upto: u64,
    sums: [u64; 4],
    closed: bool,
}

impl Shell {
    fn new() -> Self {
        let policy = Policy {
            carries: Carries::Relay,
            terminals_max: 3,
            idle: Duration::from_secs(60),
            ..Policy::new(Admission::Registry, [7; 32])
        };
        Self {
            link: Link::new(START, policy),
            on_file: OnFile(vec![id(1), id(2)]),
            now: START,
            records_at_once: true,
            written: Vec::new(),
            checked: 0,
            recorded: Vec::new(),
            events: Vec::new(),
            waiting_in_order: VecDeque::new(),
            answered: 0,
            placed: 0,
            head: 0,
            durable_upto: 0,
            sums: [0; 4],
            closed: false,
        }
    }

    fn step(&mut self, step: Step, serial: &mut u16) {
        match step {
            Step::Input(messages) => {
                let mut bytes = Vec::new();
                for (terminal, id) in messages {
                    *serial += 1;
                    let body = match id {
                        0x0704 => [&[0, 1, 0, 0, 28][..], &LOCATION].concat(),
                        _ => LOCATION.to_vec(),
                    };
                    bytes.extend(wire(&header(terminal, Edition::V2013, id, *serial), &body));
                }
                self.input(&bytes);
            }
            Step::Junk(bytes) => self.input(&bytes),
            Step::Place(count, others) => self.place(count, others),
            Step::Durable(more) => self.durable(self.durable_upto + more),
            Step::Timeout(ms) => {
                self.now = self.now.plus(Duration::from_millis(ms));
                self.link.handle_timeout(self.now);
                self.drain();
            }
            Step::Superseded(terminal) => {
                self.link.handle_superseded(self.now, id(terminal));
                self.drain();
            }
            Step::Removed(terminal) => {
                self.on_file.0.retain(|on_file| *on_file != id(terminal));
                self.link.handle_directory(self.now, &self.on_file);
                self.drain();
            }
        }
    }

    fn input(&mut self, bytes: &[u8]) {
        self.link.handle_input(self.now, bytes, &self.on_file);
        self.drain();
    }

    fn place(&mut self, count: usize, others: u64) {
        let count = count.min(self.recorded.len() - self.placed);
        self.head += others;
        self.link.handle_recorded(self.now, self.head, count);
        for (_, position) in self.waiting_in_order.iter_mut().skip(self.placed).take(count) {
            *position = Some(self.head);
            self.head += 1;
        }
        self.placed += count;
        self.drain();
    }

    fn durable(&mut self, upto: u64) {
        self.durable_upto = self.durable_upto.max(upto.min(self.head));
        self.link.handle_durable(self.now, self.durable_upto);
        self.drain();
    }

    fn drain(&mut self) {
        loop {
            match self.link.poll_output() {
                Output::Wait(_) => break,
                Output::Close(reason) => {
                    if !self.closed {
                        self.events.push(format!("close {}", reason.as_str()));
                    }
                    self.closed = true;
                    break;
                }
                Output::Record(records) => {
                    let mut from = 0;
                    for end in records.ends {
                        self.keep(records.bytes[from..end].to_vec());
                        from = end;
                    }
                    if self.records_at_once {
                        let count = self.recorded.len() - self.placed;
                        self.link.handle_recorded(self.now, self.head, count);
                        self.head += count as u64;
                        self.placed += count;
                    }
                }
                Output::Transmit(bytes) => self.written.extend(bytes),
                event @ (Output::Answered { .. }
                | Output::Learned { .. }
                | Output::Bound { .. }
                | Output::Login { .. }
                | Output::Media(_)
                | Output::Logout(_)
                | Output::Ready(_)
                | Output::Stranger(_)
                | Output::Suspicious { .. }) => {
                    self.events.push(format!("{event:?}"));
                }
            }
        }
    }

    fn keep(&mut self, raw: Vec<u8>) {
        let mut plain = Vec::new();
        jt808::unescape(&raw, &mut plain).unwrap();
        self.waiting_in_order.push_back((Frame::decode(&plain).unwrap().header, None));
        self.recorded.push(raw);
    }

    /// Every answer that says a report is safe is about the oldest report that has none, and that one is durable.
    fn check_written(&mut self) {
        let written = self.written.split_off(self.checked);
        Deframer::default().push(&written, &mut |piece| {
            let frame = Frame::decode(piece.unescaped.unwrap()).unwrap();
            let oldest = self.waiting_in_order.get(self.answered);
            let is_oldest = oldest.is_some_and(|(header, _)| header.phone == frame.header.phone);
            let serial = match frame.message().unwrap() {
                Message::PlatformAcknowledgement(answer)
                    if answer.result == 0 && matches!(answer.id, REPORT | 0x0704) =>
                {
                    answer.serial
                }
                Message::RegistrationAnswer(answer) if answer.result == 0 => answer.serial,
                // It has left since: no code is given away.
                Message::RegistrationAnswer(answer)
                    if is_oldest && oldest.is_some_and(|(header, _)| header.serial == answer.serial) =>
                {
                    answer.serial
                }
                _ => return,
            };
            let (header, position) = &self.waiting_in_order[self.answered];
            assert_eq!((header.serial, header.phone), (serial, frame.header.phone));
            assert!(position.unwrap() < self.durable_upto, "{position:?} is not below {}", self.durable_upto);
            self.answered += 1;
        });
        // And none that is durable waits.
        let next = self.waiting_in_order.get(self.answered).and_then(|(_, position)| *position);
        assert!(next.is_none_or(|position| position >= self.durable_upto));
    }

    fn counts(&mut self) -> [u64; 4] {
        let counts = self.link.take_counts();
        let news = [counts.received, counts.acknowledged, counts.handled, counts.rejected.iter().sum()];
        self.sums.iter_mut().zip(news).for_each(|(sum, more)| *sum += more);
        self.sums
    }

    fn check_counts(&mut self) {
        let [received, acknowledged, handled, rejected] = self.counts();
        let waiting = self.link.unacknowledged() as u64;
        assert_eq!(received, acknowledged + handled + rejected + waiting);
    }
}

struct OnFile(Vec<TerminalId>);

impl Directory for OnFile {
    fn admits(&self, terminal: TerminalId) -> bool {
        self.0.contains(&terminal)
    }
}

fn id(terminal: u64) -> TerminalId {
    TerminalId::parse(&terminal.to_string()).unwrap()
}

fn header(terminal: u64, edition: Edition, id: u16, serial: u16) -> Header {
    Header::new(id, edition, Phone::from_digits(&terminal.to_string(), edition).unwrap(), serial)
}

fn wire(header: &Header, body: &[u8]) -> Vec<u8> {
    let mut raw = Vec::new();
    jt808::encode_frame(header, body, &mut raw);
    raw
}
