//! A terminal that asks for packages of a long command again and again, and reads none.
//!
//! One test: the heap is measured, and another thread would be counted as well.

mod property;

use fleet::{ReceiveTime, TerminalId};
use jt808::{Edition, Header, Phone, encode_frame};
use session::{Admission, CloseReason, Command, Directory, Link, Output, Policy};

#[test]
fn packages_asked_for_again_and_again_stay_within_the_bound_of_answers() {
    let mut link = Link::new(NOW, Policy::new(Admission::Open, [7; 32]));
    link.handle_input(NOW, &frame(0x0002, 1, &[]), &Everybody);
    drain(&mut link);
    let parameters = (0xf000..0xf0fa).map(|id| (id, vec![0; 250])).collect();
    let terminal = TerminalId::parse("1").expect("a number");
    let serial =
        link.handle_command(NOW, terminal, &Command::SetParameters(parameters)).expect("it is online");
    drain(&mut link);
    let numbers = (1..=64_u16).flat_map(u16::to_be_bytes);
    let body: Vec<u8> = serial.to_be_bytes().into_iter().chain(64_u16.to_be_bytes()).chain(numbers).collect();
    let flood: Vec<u8> = (2..100).flat_map(|serial| frame(0x0005, serial, &body)).collect();
    // A mebibyte and one answer more, in a buffer that doubles beside the old one.
    property::heap::bounded(4 << 20, || link.handle_input(NOW, &flood, &Everybody));
    assert_eq!(drain(&mut link), Some(CloseReason::Overflow));
}

const NOW: ReceiveTime = ReceiveTime::from_ms(1_767_225_600_000);

fn drain(link: &mut Link<u64>) -> Option<CloseReason> {
    loop {
        match link.poll_output() {
            Output::Wait(_) => return None,
            Output::Close(reason) => return Some(reason),
            _ => {}
        }
    }
}

fn frame(id: u16, serial: u16, body: &[u8]) -> Vec<u8> {
    let phone = Phone::from_digits("1", Edition::V2013).expect("a digit fits");
    let mut wire = Vec::new();
    encode_frame(&Header::new(id, Edition::V2013, phone, serial), body, &mut wire);
    wire
}

struct Everybody;

impl Directory for Everybody {
    fn admits(&self, _: TerminalId) -> bool {
        true
    }
}
