//! What one connection may cost, each bound to its edge.

use jt808::{Deframer, Phone};

use super::*;

const NOW: ReceiveTime = ReceiveTime::from_ms(0);

struct Everybody;

impl Issued for Everybody {
    fn is_issued(&self, _: AlertId, _: TerminalId) -> bool {
        true
    }
}

fn link() -> AttachmentLink {
    AttachmentLink::new(NOW, AttachmentPolicy::default())
}

/// A file of this name was listed.
fn listed(name: &[u8]) -> AttachmentLink {
    let mut link = link();
    let sign = [&[b'T'; 7][..], &[7; 16]].concat();
    let files = [&[1, u8::try_from(name.len()).unwrap()][..], name, &[0, 0, 16, 0]].concat();
    let body = [&sign[..], b"0f1e2d3c4b5a69788796a5b4c3d2e1f0", &[0], &files].concat();
    send(&mut link, 0x1210, &body);
    drain(&mut link);
    link
}

/// The terminal is done with file 0, and the store misses so many pieces of it.
fn missing(link: &mut AttachmentLink, name: &[u8], pieces: u32) {
    let body = [&[u8::try_from(name.len()).unwrap()][..], name, &[0, 0, 0, 16, 0]].concat();
    send(link, 0x1212, &body);
    link.handle_finished(NOW, 0, FileFinished::Missing((0..pieces).map(|at| (at * 2, 1)).collect()));
}

fn send(link: &mut AttachmentLink, id: u16, body: &[u8]) {
    let phone = Phone::from_digits("13800000001", Edition::V2013).unwrap();
    let mut bytes = Vec::new();
    encode_frame(&Header::new(id, Edition::V2013, phone, 1), body, &mut bytes);
    link.handle_input(NOW, &bytes, &Everybody);
}

/// What is written to the terminal, and why the connection ends.
fn drain(link: &mut AttachmentLink) -> (Vec<u8>, Option<AttachmentClose>) {
    let mut written = Vec::new();
    loop {
        match link.poll_output() {
            AttachmentOutput::Close(reason) => return (written, Some(reason)),
            AttachmentOutput::Transmit(bytes) => written.extend(bytes),
            AttachmentOutput::Wait(_) => return (written, None),
            AttachmentOutput::Begin(_)
            | AttachmentOutput::Finish { .. }
            | AttachmentOutput::Leave { .. }
            | AttachmentOutput::Write { .. } => {}
        }
    }
}

#[test]
fn a_connection_ends_just_beyond_each_bound() {
    let check = |most: usize, reason, do_times: fn(&mut AttachmentLink, usize)| {
        for (times, expected) in [(most, None), (most + 1, Some(reason))] {
            let mut link = listed(b"a");
            do_times(&mut link, times);
            assert_eq!(drain(&mut link).1, expected, "{reason:?} after {times}");
        }
    };
    check(64, AttachmentClose::Refused, |link, times| {
        link.handle_input(NOW, &[0x7e, 1, 0x7e].repeat(times), &Everybody);
    });
    check(64, AttachmentClose::Stubborn, |link, times| {
        (0..times).for_each(|_| missing(link, b"a", 1));
    });
    check(262_144, AttachmentClose::Refused, |link, times| {
        link.handle_input(NOW, &vec![b'$'; times], &Everybody);
    });
    check(65_536, AttachmentClose::Overflow, |link, times| link.transmit = vec![0; times]);
}

#[test]
fn a_frame_asks_for_as_many_gaps_as_it_holds() {
    let check = |name: &[u8], pieces: u32, expected: u8| {
        let mut link = listed(name);
        missing(&mut link, name, pieces);
        let mut answers = Vec::new();
        Deframer::default().push(&drain(&mut link).0, &mut |piece| {
            let frame = Frame::decode(piece.unescaped.unwrap()).unwrap();
            answers.push((frame.header.id, frame.body.len(), frame.body.get(name.len() + 3).copied()));
        });
        let bytes = name.len() + 4 + 8 * usize::from(expected);
        assert_eq!(answers, [(0x9212, bytes, Some(expected))], "a name of {}", name.len());
    };
    check(b"a", 1, 1);
    check(b"a", 126, 126);
    check(b"a", 200, 127);
    check(b"abc", 200, 127);
    check(b"abcd", 200, 126);
    check(&[b'a'; 255], 200, 95);
}
