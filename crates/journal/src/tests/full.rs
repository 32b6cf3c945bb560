//! A full disk holds everything back and is survived; any other failure ends the journal until it is opened again.

use super::*;

/// What the disk does with the next commits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fault {
    None,
    /// No room: nothing is written.
    Full,
    /// All of it is written, and then there is no room to sync it.
    FullAfterWrite,
    /// The sync fails, after all of it was written.
    Sync,
}

struct Failing {
    disk: SegmentWriter,
    durable: Durable,
    fault: Arc<std::sync::Mutex<Fault>>,
    refused: Arc<AtomicBool>,
}

impl Disk for Failing {
    fn commit(&mut self, segments: &Segments, sealed: &Sealed) -> Result<Durable, StoreError> {
        let fault = *self.fault.lock().unwrap();
        if fault == Fault::None {
            let durable = self.disk.commit(segments, sealed)?;
            self.durable = durable;
            return Ok(durable);
        }
        self.refused.store(true, Ordering::SeqCst);
        if fault == Fault::Full {
            return Err(StoreError::Full { path: "x".into(), free: 1, reserve: 2 });
        }
        // What the sync would have made durable stands in the file, and may or may not be there after a power cut.
        self.disk.commit(segments, sealed)?;
        self.disk.unsay(segments, self.durable);
        let kind =
            if fault == Fault::Sync { std::io::ErrorKind::Other } else { std::io::ErrorKind::StorageFull };
        Err(StoreError::File { path: "x".into(), source: kind.into() })
    }

    fn close(&mut self, segments: &Segments) {
        self.disk.close(segments);
    }
}

struct Rig {
    journal: Journal,
    fault: Arc<std::sync::Mutex<Fault>>,
    refused: Arc<AtomicBool>,
}

fn rig(dir: &Dir) -> Rig {
    let (fault, refused) = (Arc::new(std::sync::Mutex::new(Fault::None)), Arc::new(AtomicBool::new(false)));
    let options = Options { commit_every: Duration::from_millis(1), ..Options::new(&dir.0) };
    let (fault_too, refused_too) = (Arc::clone(&fault), Arc::clone(&refused));
    let journal = Journal::open_on(options, &prometheus::Registry::new(), move |disk| {
        let durable = disk.opened();
        Box::new(Failing { disk, durable, fault: fault_too, refused: refused_too })
    })
    .unwrap();
    Rig { journal, fault, refused }
}

impl Rig {
    fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
        self.refused.store(false, Ordering::SeqCst);
    }

    async fn refused(&self) {
        while !self.refused.load(Ordering::SeqCst) || self.journal.suspension().is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

#[tokio::test]
async fn a_full_disk_makes_nothing_durable_and_goes_on_by_itself() {
    for fault in [Fault::Full, Fault::FullAfterWrite] {
        let dir = Dir::new("full");
        let rig = rig(&dir);
        rig.journal.append(records(0..3)).await.unwrap();
        synced(&rig.journal, 3).await;
        rig.set(fault);
        rig.journal.append(records(3..5)).await.unwrap();
        rig.refused().await;
        assert_eq!(rig.journal.durable().borrow().upto(), 3);
        assert!(rig.journal.failure().is_none());
        assert!(!rig.journal.suspension().unwrap().is_empty());
        // What comes meanwhile waits its turn.
        rig.journal.append(records(5..6)).await.unwrap();
        rig.set(Fault::None);
        synced(&rig.journal, 6).await;
        assert!(rig.journal.suspension().is_none());
        assert_eq!(read(&rig.journal, 0, 6).await, records(0..6));
        rig.journal.close().await;
        drop(rig);
        let again = open(&dir, 1 << 20);
        assert_eq!(again.head(), 6, "{fault:?}");
        assert_eq!(read(&again, 0, 6).await, records(0..6), "{fault:?}");
        again.close().await;
        let found = verify(&dir.0, &[], |_, _| {}).unwrap();
        assert_eq!((found.findings, found.records), (vec![], 6), "{fault:?}");
    }
}

#[tokio::test]
async fn a_journal_that_is_closed_while_the_disk_is_full_calls_nothing_durable() {
    let dir = Dir::new("full-closed");
    let rig = rig(&dir);
    rig.set(Fault::Full);
    rig.journal.append(records(0..2)).await.unwrap();
    rig.refused().await;
    rig.journal.close().await;
    assert_eq!(rig.journal.durable().borrow().upto(), 0);
    assert!(rig.journal.failure().is_some());
    drop(rig);
    assert_eq!(open(&dir, 1 << 20).head(), 0);
}

#[tokio::test]
async fn after_a_failed_sync_nothing_is_written_to_that_file_again() {
    let dir = Dir::new("sync");
    let rig = rig(&dir);
    rig.journal.append(records(0..3)).await.unwrap();
    synced(&rig.journal, 3).await;
    rig.set(Fault::Sync);
    rig.journal.append(records(3..5)).await.unwrap();
    rig.journal.handle.shared.stopped.subscribe().wait_for(|stopped| *stopped).await.unwrap();
    assert_eq!(rig.journal.durable().borrow().upto(), 3);
    assert!(matches!(rig.journal.append(records(5..6)).await, Err(AppendError::Failed(_))));
    drop(rig);
    let before = segment_files(&dir);
    // It was not acknowledged, and is there: storing more than was promised does no harm.
    let again = open(&dir, 1 << 20);
    assert_eq!(read(&again, 0, 5).await, records(0..5));
    again.append(records(5..6)).await.unwrap();
    synced(&again, 6).await;
    let after = segment_files(&dir);
    assert_eq!(after[..before.len()], before);
    assert_eq!(after.len(), before.len() + 1, "a new segment takes what comes after");
}

#[tokio::test]
async fn what_is_kept_for_alerts_is_not_filled() {
    let dir = Dir::new("reserve");
    let options = Options {
        commit_every: Duration::from_millis(1),
        // No disk has so much.
        reserve_bytes: u64::MAX,
        ..Options::new(&dir.0)
    };
    let journal = Journal::open(options, &prometheus::Registry::new()).unwrap();
    journal.append(records(0..1)).await.unwrap();
    while journal.suspension().is_none() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let text = journal.suspension().unwrap();
    assert!(text.contains("are kept for alerts and the audit log"), "{text}");
    assert_eq!(journal.durable().borrow().upto(), 0);
    journal.close().await;
}
