//! One attachment connection between its link and the store. Blocks.

use std::collections::HashMap;

use fleet::{AlertId, ReceiveTime, TerminalId};
use ledger::Ledger;
use media::{Announced, Begun, FileId, Finished, Media, Origin, StoreError};
use session::{
    Arrival, AttachmentCounts, AttachmentLink, AttachmentOutput, AttachmentPolicy, FileBegun, FileFinished,
    Issued,
};

use super::ask::is_asked;
use crate::events;

/// So much may come of a file before it is synced, and be asked for again after a crash.
const UNKEPT_BYTES_MAX: u64 = 4 << 20;
/// More gaps than one frame can tell.
const GAPS_MAX: usize = 255;

/// A file under way here.
struct Held {
    id: FileId,
    unkept_bytes: u64,
}

pub(super) struct Desk {
    link: AttachmentLink,
    media: Media,
    given: Given,
    /// By the link's numbers; it holds few open at once.
    files: HashMap<u32, Held>,
    failed: bool,
}

/// What a drained link leaves to its socket.
pub(super) struct Drained {
    pub transmit: Vec<u8>,
    pub close: Option<&'static str>,
    pub wait: ReceiveTime,
}

impl Desk {
    pub(super) fn new(now: ReceiveTime, policy: AttachmentPolicy, media: Media, ledger: Ledger) -> Self {
        Self {
            link: AttachmentLink::new(now, policy),
            media,
            given: Given(ledger),
            files: HashMap::new(),
            failed: false,
        }
    }

    pub(super) fn handle_input(&mut self, now: ReceiveTime, bytes: &[u8]) -> Drained {
        self.link.handle_input(now, bytes, &self.given);
        self.drain(now)
    }

    pub(super) fn handle_timeout(&mut self, now: ReceiveTime) -> Drained {
        self.link.handle_timeout(now);
        self.drain(now)
    }

    pub(super) fn take_counts(&mut self) -> AttachmentCounts {
        self.link.take_counts()
    }

    /// The connection has ended.
    pub(super) fn leave(self) {
        for held in self.files.into_values() {
            if let Err(error) = self.media.leave(held.id) {
                events::media_failed(&error);
            }
        }
    }

    fn drain(&mut self, now: ReceiveTime) -> Drained {
        let mut drained = Drained { transmit: Vec::new(), close: None, wait: now };
        loop {
            match self.link.poll_output() {
                AttachmentOutput::Begin(arrival) => {
                    let begun = self.begin(&arrival, now);
                    self.link.handle_begun(now, arrival.file, begun);
                }
                AttachmentOutput::Close(reason) => {
                    drained.close = Some(reason.as_str());
                    break;
                }
                AttachmentOutput::Finish { file } => {
                    let finished = self.finish(file, now);
                    self.link.handle_finished(now, file, finished);
                }
                AttachmentOutput::Leave { file } => {
                    if let Some(held) = self.files.remove(&file) {
                        let left = self.media.leave(held.id);
                        self.check(left);
                    }
                }
                AttachmentOutput::Transmit(bytes) => drained.transmit.extend_from_slice(&bytes),
                AttachmentOutput::Wait(until) => {
                    drained.wait = until;
                    break;
                }
                AttachmentOutput::Write { file, offset, data } => self.write(file, offset, &data),
            }
        }
        if self.failed {
            drained.close = Some("store");
        }
        drained
    }

    fn begin(&mut self, arrival: &Arrival, now: ReceiveTime) -> FileBegun {
        let announced = Announced {
            origin: Origin::Alert { alert: arrival.alert, sign: arrival.sign.clone() },
            terminal: arrival.terminal,
            name: &arrival.name,
            kind: arrival.kind,
            channel: arrival.channel,
            bytes: arrival.bytes,
        };
        match self.media.begin(&announced, now) {
            Ok(Begun::Complete(_)) => FileBegun::Complete,
            Ok(Begun::Open(id)) => {
                if let Some(old) = self.files.insert(arrival.file, Held { id, unkept_bytes: 0 }) {
                    let left = self.media.leave(old.id);
                    self.check(left);
                }
                FileBegun::Open
            }
            Err(error) => {
                self.check(Err(error));
                FileBegun::Refused
            }
        }
    }

    fn write(&mut self, file: u32, offset: u64, data: &[u8]) {
        // One that was refused is not here.
        let Some(held) = self.files.get_mut(&file) else { return };
        let mut written = self.media.write(held.id, offset, data);
        held.unkept_bytes += data.len() as u64;
        if held.unkept_bytes >= UNKEPT_BYTES_MAX && written.is_ok() {
            held.unkept_bytes = 0;
            written = self.media.keep(held.id);
        }
        self.check(written);
    }

    fn finish(&mut self, file: u32, now: ReceiveTime) -> FileFinished {
        let Some(held) = self.files.get(&file) else { return FileFinished::Unknown };
        match self.media.finish(held.id, GAPS_MAX, now) {
            Ok(Finished::Complete) => {
                self.files.remove(&file);
                FileFinished::Complete
            }
            Ok(Finished::Missing(gaps)) => FileFinished::Missing(gaps),
            Err(error) => {
                self.check(Err(error));
                FileFinished::Failed
            }
        }
    }

    /// What a peer caused was counted by the store and costs a file; what the disk or the index did costs the connection.
    fn check(&mut self, done: Result<(), StoreError>) {
        match done {
            // Another connection has finished the file.
            Ok(()) | Err(StoreError::Refused(_) | StoreError::Unknown(_)) => {}
            Err(error @ (StoreError::Database(_) | StoreError::Disk(_))) => {
                events::media_failed(&error);
                self.failed = true;
            }
        }
    }
}

/// Numbers are given by queueing the command that tells them.
struct Given(Ledger);

impl Issued for Given {
    fn is_issued(&self, alert: AlertId, terminal: TerminalId) -> bool {
        is_asked(&self.0, alert, terminal).unwrap_or_else(|error| {
            events::commands_failed(&error);
            false
        })
    }
}
