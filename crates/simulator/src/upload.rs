//! The files of an alarm on their way to the attachment port (T/JSATL 12-2017), without sockets or clock.

use crate::picture;
use crate::terminal::Identity;
use crate::wire::{self, Down, Reader};

/// Bytes of one block: small, so that a small picture has several.
const BLOCK_BYTES: usize = 512;
/// Every so many alarms lose a block on the way, so that the repetition is seen.
const LOSS_EVERY: u32 = 3;

/// Where the platform wants the files of an alarm (0x9208).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Request {
    /// Host name or address.
    pub address: String,
    /// TCP port.
    pub port: u16,
    /// The alarm sign: 16 bytes, in 粤标 40.
    sign: Vec<u8>,
    number: Vec<u8>,
}

impl Request {
    /// From the body of 0x9208.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let (len, rest) = body.split_first()?;
        let (address, rest) = rest.split_at_checked(usize::from(*len))?;
        let (port, rest) = rest.split_first_chunk::<2>()?;
        // Behind the ports: sign, number of 32 bytes, 16 reserved ones.
        let rest = rest.get(2..)?;
        let (sign, rest) = rest.split_at_checked(rest.len().checked_sub(48)?)?;
        Some(Self {
            address: String::from_utf8(address.to_vec()).ok()?,
            port: u16::from_be_bytes(*port),
            sign: sign.to_vec(),
            number: rest.get(..32)?.to_vec(),
        })
    }
}

#[derive(Clone, Debug)]
struct File {
    name: Vec<u8>,
    kind: u8,
    bytes: Vec<u8>,
}

/// One terminal's upload.
#[derive(Clone, Debug)]
pub struct Upload {
    identity: Identity,
    request: Request,
    files: Vec<File>,
    /// The one under way.
    at: usize,
    serial: u16,
    reader: Reader,
    out: Vec<u8>,
    /// One block is still to be lost.
    loses: bool,
    /// Nothing more is to come: all is whole, or the platform has refused.
    is_over: bool,
    whole: u64,
}

impl Upload {
    /// A picture and a text about alarm `number` of this terminal; begins with the list of them.
    pub fn new(identity: Identity, request: Request, number: u32) -> Self {
        let name = |kind: u8, extension: &str| {
            let number = String::from_utf8_lossy(&request.number).into_owned();
            format!("0{kind}_65_6501_{kind}_{number}.{extension}").into_bytes()
        };
        let text = format!("{} {}\n", identity.plate, identity.phone).into_bytes();
        let files = vec![
            File { name: name(0, "jpg"), kind: 0, bytes: picture::jpeg(number) },
            File { name: name(3, "txt"), kind: 3, bytes: text },
        ];
        let mut upload = Self {
            identity,
            request,
            files,
            at: 0,
            serial: 0,
            reader: Reader::default(),
            out: Vec::new(),
            loses: number.is_multiple_of(LOSS_EVERY),
            is_over: false,
            whole: 0,
        };
        upload.list();
        upload
    }

    /// Bytes from the platform.
    pub fn handle_input(&mut self, bytes: &[u8]) {
        let mut frames = Vec::new();
        self.reader.push(bytes, &mut frames);
        for frame in frames {
            self.handle_frame(&frame);
        }
    }

    /// What to write now.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// Whether nothing more is to come.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// Files the platform says it has.
    pub fn whole(&self) -> u64 {
        self.whole
    }

    fn handle_frame(&mut self, frame: &Down) {
        match (frame.id, frame.body.as_slice()) {
            (0x8001, [_, _, 0x12, 0x10, 0]) => self.start(),
            (0x8001, [_, _, 0x12, 0x11, 0]) => {
                let all = self.files.get(self.at).map_or(0, |file| file.bytes.len());
                self.send(0, all);
                self.done();
            }
            (0x8001, _) => self.is_over = true,
            (0x9212, [len, rest @ ..]) => match rest.get(usize::from(*len) + 1..) {
                Some([0, ..]) => {
                    self.whole += 1;
                    self.at += 1;
                    self.start();
                }
                Some([_, _, gaps @ ..]) => {
                    for [a, b, c, d, e, f, g, h] in gaps.as_chunks::<8>().0 {
                        let word = |bytes| usize::try_from(u32::from_be_bytes(bytes)).unwrap_or_default();
                        self.send(word([*a, *b, *c, *d]), word([*e, *f, *g, *h]));
                    }
                    self.done();
                }
                Some([] | [_]) | None => self.is_over = true,
            },
            _ => {}
        }
    }

    /// 0x1210.
    fn list(&mut self) {
        let mut id = b"SIM0001".to_vec();
        // 粤标 has the terminal id of 2019.
        id.resize(if self.request.sign.len() == 16 { 7 } else { 30 }, 0);
        let mut body = [id, self.request.sign.clone(), self.request.number.clone()].concat();
        body.extend([0, u8::try_from(self.files.len()).unwrap_or(u8::MAX)]);
        for file in &self.files {
            body.push(u8::try_from(file.name.len()).unwrap_or(u8::MAX));
            body.extend(&file.name);
            body.extend(size(file));
        }
        self.write(0x1210, &body);
    }

    /// 0x1211 of the next file.
    fn start(&mut self) {
        match self.announced() {
            Some(body) => self.write(0x1211, &body),
            None => self.is_over = true,
        }
    }

    fn done(&mut self) {
        if let Some(body) = self.announced() {
            self.write(0x1212, &body);
        }
    }

    fn announced(&self) -> Option<Vec<u8>> {
        let file = self.files.get(self.at)?;
        let mut body = vec![u8::try_from(file.name.len()).unwrap_or(u8::MAX)];
        body.extend(&file.name);
        body.push(file.kind);
        body.extend(size(file));
        Some(body)
    }

    /// Blocks of a run of the file under way; the second one may be lost once.
    fn send(&mut self, offset: usize, len: usize) {
        let Some(file) = self.files.get(self.at) else { return };
        let run = file.bytes.get(offset..).map(|rest| rest.get(..len).unwrap_or(rest)).unwrap_or_default();
        for (turn, data) in run.chunks(BLOCK_BYTES).enumerate() {
            if turn == 1 && std::mem::take(&mut self.loses) {
                continue;
            }
            self.out.extend([0x30, 0x31, 0x63, 0x64]);
            let mut name = file.name.clone();
            name.resize(50, 0);
            self.out.extend(name);
            let at = offset + turn * BLOCK_BYTES;
            self.out.extend(u32::try_from(at).unwrap_or(u32::MAX).to_be_bytes());
            self.out.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
            self.out.extend(data);
        }
    }

    fn write(&mut self, id: u16, body: &[u8]) {
        let Identity { phone, edition, .. } = &self.identity;
        wire::write(*edition, phone, id, self.serial, body, &mut self.out);
        self.serial = self.serial.wrapping_add(1);
    }
}

fn size(file: &File) -> [u8; 4] {
    u32::try_from(file.bytes.len()).unwrap_or(u32::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use fleet::{AlertId, ReceiveTime, TerminalId};
    use session::{
        AttachmentLink, AttachmentOutput, AttachmentPolicy, FileBegun, FileFinished, Issued, alarm_number,
    };

    use super::*;
    use crate::terminal::Edition;

    struct Everybody;

    impl Issued for Everybody {
        fn is_issued(&self, _: AlertId, terminal: TerminalId) -> bool {
            terminal.as_str() == "13989100001"
        }
    }

    /// What a platform asks for, with a sign of so many bytes.
    fn request(sign: usize) -> Request {
        let mut body = b"\x09127.0.0.1\x1a\x99\0\0".to_vec();
        body.extend(vec![7; sign]);
        body.extend(alarm_number(AlertId::from_bytes([0x1f; 16])));
        body.extend([0; 16]);
        Request::read(&body).unwrap()
    }

    /// Plays an upload against the platform's side; gives the files and how often a gap was told.
    fn play(edition: Edition, sign: usize, number: u32) -> (Vec<Vec<Option<u8>>>, u32) {
        let identity = Identity { phone: "13989100001".into(), plate: "藏A00001".into(), color: 2, edition };
        let mut upload = Upload::new(identity, request(sign), number);
        let now = ReceiveTime::from_ms(0);
        let mut link = AttachmentLink::new(now, AttachmentPolicy::default());
        let (mut files, mut gaps): (Vec<Vec<Option<u8>>>, u32) = (Vec::new(), 0);
        while !upload.is_over() {
            link.handle_input(now, &upload.take_output(), &Everybody);
            loop {
                match link.poll_output() {
                    AttachmentOutput::Begin(arrival) => {
                        files.push(vec![None; arrival.bytes as usize]);
                        link.handle_begun(now, arrival.file, FileBegun::Open);
                    }
                    AttachmentOutput::Finish { file } => {
                        let at = files[file as usize].iter().position(Option::is_none);
                        gaps += u32::from(at.is_some());
                        let gap = at.map(|at| vec![(u32::try_from(at).unwrap(), 512)]);
                        let finished = gap.map_or(FileFinished::Complete, FileFinished::Missing);
                        link.handle_finished(now, file, finished);
                    }
                    AttachmentOutput::Transmit(bytes) => upload.handle_input(&bytes),
                    AttachmentOutput::Wait(_) => break,
                    AttachmentOutput::Write { file, offset, data } => {
                        let offset = usize::try_from(offset).unwrap();
                        let there = files[file as usize].iter_mut().skip(offset);
                        there.zip(data).for_each(|(there, byte)| *there = Some(byte));
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
        assert_eq!(upload.whole(), 2);
        (files, gaps)
    }

    #[test]
    fn a_picture_and_a_text_arrive_though_a_block_is_lost() {
        for (edition, sign) in [(Edition::V2013, 16), (Edition::V2019, 40), (Edition::V2019, 16)] {
            for (number, lost) in [(1, 0), (3, 1)] {
                let (files, gaps) = play(edition, sign, number);
                assert_eq!(gaps, lost, "{edition:?} {sign}");
                let picture: Vec<u8> = files[0].iter().flatten().copied().collect();
                assert_eq!(picture, picture::jpeg(number));
                assert!(picture.len() > 2 * BLOCK_BYTES, "{}", picture.len());
                let text: Vec<u8> = files[1].iter().flatten().copied().collect();
                assert_eq!(text, "藏A00001 13989100001\n".as_bytes());
            }
        }
    }
}
