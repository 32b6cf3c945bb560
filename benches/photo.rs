//! How long does a photo of 1 MB take to come whole when one frame in twenty is lost, and how much is sent again?
//!
//! A terminal of 2013 sends it in packages of 768 bytes, 50 a second, as over a mobile network; one frame in twenty of
//! either side is lost. It sends again what 0x8003 asks for and nothing of its own accord. Time is virtual, CPU time is
//! real. The answer that is checked: every byte of the photo has come, once, and no other.

use std::collections::VecDeque;

use benches::{Numbers, cpu_time, is_measuring};
use fleet::{ReceiveTime, TerminalId};
use jt808::{Deframer, Edition, Frame, Header, Message, Packet, Phone, encode_frame};
use session::{Admission, Directory, Link, Output, Policy};

const PHOTO_BYTES: usize = 1_000_000;
const PACKAGE_BYTES: usize = 768;
/// Between two packages.
const PACE_MS: i64 = 20;
const LOST_OF_20: u64 = 1;

fn main() {
    let photo: Vec<u8> = (0..=250).cycle().take(PHOTO_BYTES).collect();
    let rounds: u32 = if is_measuring() { 50 } else { 2 };
    let (mut ms, mut sent_bytes, mut requests) = (0.0, 0.0, 0.0);
    let before = cpu_time();
    for seed in 1..=rounds {
        let upload = Upload::run(&photo, seed.into());
        ms += f64::from(u32::try_from(upload.now_ms).expect("some minutes"));
        sent_bytes += f64::from(upload.sent_bytes);
        requests += f64::from(upload.requests);
    }
    let cpu = (cpu_time() - before) / rounds;
    let times = f64::from(rounds);
    let packages = PHOTO_BYTES.div_ceil(PACKAGE_BYTES);
    println!(
        "a photo of 1 MB in {packages} packages 20 ms apart, 5 % lost, {rounds} times: whole after {:.1} s, {:.1} % sent \
         again, {:.1} requests; both sides take {:.2} ms of CPU",
        ms / times / 1e3,
        (sent_bytes / times / 1e6 - 1.0) * 100.0,
        requests / times,
        cpu.as_secs_f64() * 1e3,
    );
}

struct Anybody;

impl Directory for Anybody {
    fn admits(&self, _: TerminalId) -> bool {
        true
    }
}

struct Upload<'p> {
    packages: Vec<&'p [u8]>,
    link: Link<u64>,
    numbers: Numbers,
    now_ms: i64,
    /// What has come, by place.
    come: Vec<Option<Vec<u8>>>,
    missing: usize,
    /// Numbers of packages that are to be sent.
    queue: VecDeque<u16>,
    sent_bytes: u32,
    requests: u32,
}

impl<'p> Upload<'p> {
    fn run(photo: &'p [u8], seed: u64) -> Self {
        let packages: Vec<&[u8]> = photo.chunks(PACKAGE_BYTES).collect();
        let count = u16::try_from(packages.len()).expect("some thousand");
        let mut upload = Self {
            come: vec![None; packages.len()],
            missing: packages.len(),
            packages,
            link: Link::new(ReceiveTime::from_ms(0), Policy::new(Admission::Open, [7; 32])),
            numbers: Numbers::new(seed),
            now_ms: 0,
            queue: (1..=count).collect(),
            sent_bytes: 0,
            requests: 0,
        };
        while upload.missing > 0 {
            upload.step();
        }
        assert!(upload.come.iter().flatten().flatten().eq(photo), "the photo came as it went");
        upload
    }

    /// Sends one package, or waits for the platform to ask.
    fn step(&mut self) {
        match self.queue.pop_front() {
            Some(index) => {
                self.now_ms += PACE_MS;
                self.send(index);
            }
            None => self.now_ms += 100,
        }
        assert!(self.now_ms < 3_600_000, "it never became whole");
        self.link.handle_timeout(ReceiveTime::from_ms(self.now_ms));
        self.drain();
    }

    fn send(&mut self, index: u16) {
        let Some(body) = self.packages.get(usize::from(index) - 1).copied() else {
            panic!("nobody has package {index}")
        };
        self.sent_bytes += u32::try_from(body.len()).expect("a package");
        if self.is_lost() {
            return;
        }
        let phone = Phone::from_digits("13800000001", Edition::V2013).expect("eleven digits fit");
        let total = u16::try_from(self.packages.len()).expect("some thousand");
        let mut header = Header::new(0x0801, Edition::V2013, phone, index);
        header.packet = Some(Packet { total, index });
        let mut wire = Vec::new();
        encode_frame(&header, body, &mut wire);
        self.link.handle_input(ReceiveTime::from_ms(self.now_ms), &wire, &Anybody);
    }

    fn drain(&mut self) {
        loop {
            match self.link.poll_output() {
                Output::Media(package) => {
                    let place = usize::from(package.index) - 1;
                    let slot = self.come.get_mut(place).expect("a package of this photo");
                    assert!(slot.replace(package.body).is_none(), "a package is kept once");
                    self.missing -= 1;
                }
                Output::Transmit(bytes) => self.hear(&bytes),
                Output::Wait(_) => return,
                Output::Login { .. } | Output::Ready(_) => {}
                other => panic!("nobody asked for {other:?}"),
            }
        }
    }

    fn hear(&mut self, bytes: &[u8]) {
        let mut asked = Vec::new();
        Deframer::default().push(bytes, &mut |piece| {
            let frame =
                Frame::decode(piece.unescaped.expect("our frames are right")).expect("they are whole");
            if let Ok(Message::PlatformResend(resend)) = frame.message() {
                asked.push(resend.numbers().collect::<Vec<u16>>());
            }
        });
        for numbers in asked {
            self.requests += 1;
            if !self.is_lost() {
                self.queue.extend(numbers);
            }
        }
    }

    fn is_lost(&mut self) -> bool {
        self.numbers.bits() % 20 < LOST_OF_20
    }
}
