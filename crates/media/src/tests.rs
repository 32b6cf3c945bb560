use std::io::Read;
use std::sync::atomic::{AtomicU32, Ordering};

use fleet::RuleId;
use proptest::prelude::*;

use super::*;

struct Dir(PathBuf);

impl Dir {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("media-{}-{number}", std::process::id())))
    }

    fn open(&self) -> Media {
        self.open_with(1 << 30, 1 << 30)
    }

    fn open_with(&self, terminal_bytes_max: u64, bytes_max: u64) -> Media {
        let options = Options { dir: self.0.clone(), terminal_bytes_max, bytes_max };
        Media::open(options, &prometheus::Registry::new()).unwrap()
    }

    /// Names of files in a directory of the store.
    fn names(&self, dir: &str) -> Vec<String> {
        let entries = fs::read_dir(self.0.join(dir)).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const NOW: ReceiveTime = ReceiveTime::from_ms(1_767_225_600_000);

fn terminal(number: u32) -> TerminalId {
    TerminalId::parse(&format!("1380000000{number}")).unwrap()
}

fn alert(number: u32) -> AlertId {
    AlertId::derive(terminal(1), RuleId::DSM_FATIGUE, &number.to_string(), EventTime::from_ms(0))
}

fn file(name: &[u8], bytes: u32) -> Announced<'_> {
    let origin = Origin::Alert { alert: alert(1), sign: vec![7; 16] };
    Announced { origin, terminal: terminal(1), name, kind: 0, channel: Some(65), bytes }
}

fn begin(media: &Media, announced: &Announced<'_>) -> FileId {
    match media.begin(announced, NOW).unwrap() {
        Begun::Open(id) => id,
        Begun::Complete(id) => panic!("{id:?} is whole"),
    }
}

fn content(len: u32) -> Vec<u8> {
    (0..len).map(|at| u8::try_from(at * 7 % 251).unwrap()).collect()
}

fn bytes(media: &Media, id: FileId) -> Vec<u8> {
    let mut bytes = Vec::new();
    media.read(id).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

fn refused<T: std::fmt::Debug>(result: Result<T, StoreError>) -> Refused {
    match result {
        Err(StoreError::Refused(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_in_pieces_is_whole_and_described() {
    let dir = Dir::new();
    let media = dir.open();
    let data = [&[0xff, 0xd8, 0xff, 0xe0][..], &content(5_000)].concat();
    let id = begin(&media, &file(b"00_65_6501_0_x.jpg", 5_004));
    media.write(id, 2_000, &data[2_000..]).unwrap();
    assert_eq!(media.finish(id, 255, NOW).unwrap(), Finished::Missing(vec![(0, 2_000)]));
    media.write(id, 0, &data[..2_500]).unwrap();
    assert_eq!(media.finish(id, 255, NOW).unwrap(), Finished::Complete);
    assert_eq!(media.finish(id, 255, NOW).unwrap(), Finished::Complete);
    assert_eq!(bytes(&media, id), data);
    let [entry] = media.of_alert(alert(1)).unwrap().try_into().unwrap();
    assert_eq!((entry.file_name().as_str(), entry.kind(), entry.number), ("000001.jpg", Kind::Picture, 1));
    assert_eq!((entry.bytes, entry.stored_bytes, entry.channel), (5_004, 5_004, Some(65)));
    assert_eq!(entry.sha256.unwrap()[..], sha2::Sha256::new_with_prefix(&data).finalize()[..]);
    assert_eq!(media.begin(&file(b"00_65_6501_0_x.jpg", 9), NOW).unwrap(), Begun::Complete(id));
    assert_eq!((dir.names("partial").len(), dir.names("whole").len()), (0, 1));
}

use sha2::Digest;

#[test]
fn an_upload_goes_on_after_a_restart() {
    let (dir, data) = (Dir::new(), content(10_000));
    let media = dir.open();
    let id = begin(&media, &file(b"a", 10_000));
    media.write(id, 0, &data[..4_000]).unwrap();
    media.keep(id).unwrap();
    // Not synced, so not promised.
    media.write(id, 4_000, &data[4_000..6_000]).unwrap();
    drop(media);
    let media = dir.open();
    assert_eq!(media.of_alert(alert(1)).unwrap()[0].stored_bytes, 4_000);
    let again = begin(&media, &file(b"a", 10_000));
    assert_eq!(again, id);
    assert_eq!(media.finish(id, 255, NOW).unwrap(), Finished::Missing(vec![(4_000, 6_000)]));
    media.write(id, 4_000, &data[4_000..]).unwrap();
    assert_eq!(media.finish(id, 255, NOW).unwrap(), Finished::Complete);
    assert_eq!(bytes(&media, id), data);
}

#[test]
fn a_crash_between_the_last_name_and_the_index_loses_nothing() {
    let (dir, data) = (Dir::new(), content(3_000));
    let media = dir.open();
    let id = begin(&media, &file(b"a", 3_000));
    media.write(id, 0, &data).unwrap();
    drop(media);
    let [name] = dir.names("partial").try_into().unwrap();
    fs::rename(dir.0.join("partial").join(&name), dir.0.join("whole").join(&name)).unwrap();
    let media = dir.open();
    assert_eq!(media.begin(&file(b"a", 3_000), NOW).unwrap(), Begun::Complete(id));
    assert_eq!(media.of_alert(alert(1)).unwrap()[0].sha256.unwrap()[..], sha2::Sha256::digest(&data)[..]);
}

#[test]
fn a_file_shorter_than_its_index_is_asked_for_again() {
    let (dir, data) = (Dir::new(), content(3_000));
    let media = dir.open();
    let id = begin(&media, &file(b"a", 3_000));
    media.write(id, 0, &data).unwrap();
    media.keep(id).unwrap();
    drop(media);
    let [name] = dir.names("partial").try_into().unwrap();
    let lost = fs::OpenOptions::new().write(true).open(dir.0.join("partial").join(name)).unwrap();
    lost.set_len(1_000).unwrap();
    let media = dir.open();
    begin(&media, &file(b"a", 3_000));
    assert_eq!(media.finish(id, 255, NOW).unwrap(), Finished::Missing(vec![(1_000, 2_000)]));
}

#[test]
fn what_a_terminal_calls_a_file_is_never_a_path() {
    let dir = Dir::new();
    let media = dir.open();
    let long = [b'x'; 300];
    for (name, shown) in [
        (&b"../../../etc/passwd"[..], "../../../etc/passwd"),
        (b"/etc/passwd", "/etc/passwd"),
        (b"a\0b\n\xff\xfe", "a\u{fffd}b\u{fffd}\u{fffd}\u{fffd}"),
        (b"", ""),
        (&long, "x"),
    ] {
        let id = begin(&media, &file(name, 1));
        media.write(id, 0, &[9]).unwrap();
        assert_eq!(media.finish(id, 255, NOW).unwrap(), Finished::Complete);
        let entry = media.of_alert(alert(1)).unwrap().pop().unwrap();
        assert!(entry.terminal_name().starts_with(shown), "{:?}", entry.terminal_name());
        assert!(entry.name.len() <= NAME_BYTES_MAX);
    }
    let is_ours = |name: &String| name.len() == 16 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(dir.names("whole").iter().all(is_ours), "{:?}", dir.names("whole"));
    assert_eq!(dir.names("whole").len(), 5);
}

#[test]
fn one_terminal_cannot_use_the_room_of_all() {
    let dir = Dir::new();
    let media = dir.open_with(1_000, 1_500);
    assert_eq!(refused(media.begin(&file(b"a", u32::MAX), NOW)), Refused::Share);
    let id = begin(&media, &file(b"a", 900));
    media.write(id, 0, &[1; 900]).unwrap();
    let second = begin(&media, &file(b"b", 900));
    assert_eq!(refused(media.write(second, 0, &[1; 101])), Refused::Share);
    media.write(second, 0, &[1; 100]).unwrap();
    let other = begin(&media, &Announced { terminal: terminal(2), ..file(b"c", 900) });
    assert_eq!(refused(media.write(other, 0, &[1; 501])), Refused::Full);
    // What was refused is not there, so it is a gap.
    assert_eq!(media.finish(other, 255, NOW).unwrap(), Finished::Missing(vec![(0, 900)]));
    for id in [id, second, other] {
        media.leave(id).unwrap();
    }
    drop(media);
    let media = dir.open_with(1_000, 1_500);
    let second = begin(&media, &file(b"b", 900));
    assert_eq!(refused(media.write(second, 100, &[1; 1])), Refused::Share);
}

#[test]
fn a_size_of_four_gigabytes_reserves_nothing() {
    let dir = Dir::new();
    let media = dir.open_with(8 << 30, 8 << 30);
    let id = begin(&media, &file(b"a", u32::MAX));
    media.write(id, u64::from(u32::MAX) - 1, &[1]).unwrap();
    assert_eq!(refused(media.write(id, u64::from(u32::MAX), &[1, 2])), Refused::Outside);
    assert_eq!(refused(media.write(id, 5 << 32, &[1])), Refused::Outside);
    assert_eq!(media.finish(id, 255, NOW).unwrap(), Finished::Missing(vec![(0, u32::MAX - 1)]));
    use std::os::unix::fs::MetadataExt;
    let [name] = dir.names("partial").try_into().unwrap();
    let blocks = fs::metadata(dir.0.join("partial").join(name)).unwrap().blocks();
    assert!(blocks < 64, "{blocks}");
    assert_eq!(media.of_alert(alert(1)).unwrap()[0].stored_bytes, 1);
}

#[test]
fn data_behind_the_end_is_dropped() {
    let dir = Dir::new();
    let media = dir.open();
    let id = begin(&media, &file(b"a", 10));
    assert_eq!(refused(media.write(id, 5, &[2; 10])), Refused::Outside);
    media.write(id, 0, &[1; 5]).unwrap();
    assert_eq!(media.finish(id, 255, NOW).unwrap(), Finished::Complete);
    assert_eq!(bytes(&media, id), [1, 1, 1, 1, 1, 2, 2, 2, 2, 2]);
}

#[test]
fn pieces_that_do_not_touch_are_bounded() {
    let dir = Dir::new();
    let media = dir.open();
    let id = begin(&media, &file(b"a", 100_000));
    for at in 0..4_096 {
        media.write(id, at * 2, &[1]).unwrap();
    }
    assert_eq!(refused(media.write(id, 50_000, &[1])), Refused::Scattered);
    let Finished::Missing(gaps) = media.finish(id, 255, NOW).unwrap() else { panic!() };
    assert_eq!((gaps.len(), gaps[0], gaps[254]), (255, (1, 1), (509, 1)));
}

#[test]
fn an_alert_has_at_most_as_many_files_as_a_sign_can_count() {
    let dir = Dir::new();
    let media = dir.open();
    for number in 0..255_u8 {
        media.leave(begin(&media, &file(&[number], 1))).unwrap();
    }
    assert_eq!(refused(media.begin(&file(&[255], 1), NOW)), Refused::Files);
    begin(&media, &file(&[0], 1));
}

#[test]
fn another_length_begins_anew_and_another_sign_is_another_file() {
    let dir = Dir::new();
    let media = dir.open_with(1_000, 1_000);
    let id = begin(&media, &file(b"a", 900));
    media.write(id, 0, &[1; 800]).unwrap();
    assert_eq!(begin(&media, &file(b"a", 500)), id);
    media.write(id, 0, &[2; 500]).unwrap();
    assert_eq!(media.finish(id, 255, NOW).unwrap(), Finished::Complete);
    assert_eq!(bytes(&media, id), [2; 500]);
    let other = Announced { origin: Origin::Alert { alert: alert(1), sign: vec![8; 16] }, ..file(b"a", 500) };
    let other = begin(&media, &other);
    assert_ne!(other, id);
    media.write(other, 0, &[3; 500]).unwrap();
    assert_eq!(media.finish(other, 255, NOW).unwrap(), Finished::Complete);
}

#[test]
fn two_connections_may_send_one_file() {
    let dir = Dir::new();
    let media = dir.open();
    let (id, same) = (begin(&media, &file(b"a", 10)), begin(&media, &file(b"a", 10)));
    assert_eq!(id, same);
    media.write(id, 0, &[1; 5]).unwrap();
    media.leave(id).unwrap();
    media.write(same, 5, &[1; 5]).unwrap();
    assert_eq!(media.finish(same, 255, NOW).unwrap(), Finished::Complete);
    assert!(matches!(media.write(id, 0, &[1]), Err(StoreError::Unknown(_))));
    assert_eq!(media.finish(id, 255, NOW).unwrap(), Finished::Complete);
}

#[test]
fn old_files_go_but_not_those_somebody_still_needs() {
    let dir = Dir::new();
    let media = dir.open_with(100, 100);
    let whole = |number: u32| {
        let origin = Origin::Alert { alert: alert(number), sign: vec![7; 16] };
        let id = begin(&media, &Announced { origin, ..file(b"a", 50) });
        media.write(id, 0, &[1; 50]).unwrap();
        assert_eq!(media.finish(id, 255, NOW).unwrap(), Finished::Complete);
    };
    whole(1);
    whole(2);
    assert_eq!(media.trim(NOW, &mut |_| false).unwrap(), 0);
    let later = ReceiveTime::from_ms(NOW.ms() + 1);
    assert_eq!(media.trim(later, &mut |id| id == alert(2)).unwrap(), 1);
    assert_eq!(media.of_alert(alert(1)).unwrap().len(), 0);
    assert_eq!(dir.names("whole").len(), 1);
    whole(3);
}

#[test]
fn media_of_an_event_is_found_by_terminal_and_time() {
    let dir = Dir::new();
    let media = dir.open();
    let at = EventTime::from_ms(5_000);
    let event = Announced { origin: Origin::Event { id: 9, taken: at }, ..file(b"", 0) };
    let id = begin(&media, &event);
    assert_eq!(media.finish(id, 255, NOW).unwrap(), Finished::Complete);
    let find = |from, to| {
        media.of_terminal(terminal(1), (EventTime::from_ms(from), EventTime::from_ms(to)), 9).unwrap()
    };
    assert_eq!((find(4_000, 5_000).len(), find(5_001, 9_000).len()), (1, 0));
    assert_eq!(find(0, 9_000)[0].taken, Some(at));
}

fn key(number: u64, total: u16) -> PackageKey {
    PackageKey { terminal: terminal(1), total, number }
}

#[test]
fn packages_join_in_any_order_and_leave_nothing() {
    let dir = Dir::new();
    let media = dir.open();
    let put = |number, total, index: u16, bytes: &[u8]| {
        media.package(key(number, total), index, bytes, <[u8]>::to_vec).unwrap()
    };
    assert_eq!(put(7, 3, 3, &[3]), None);
    assert_eq!(put(7, 3, 1, &[1; 1_023]), None);
    assert_eq!(put(8, 3, 2, &[9]), None);
    assert_eq!(put(7, 3, 1, &[8]), None);
    assert_eq!(put(7, 3, 2, &[2, 2]).unwrap(), [&[1; 1_023][..], &[2, 2, 3]].concat());
    assert_eq!((media.inner.spool.len(), dir.names("spool").len()), (1, 1));
    assert_eq!(put(9, 1, 1, &[5]).unwrap(), [5]);
    for (total, index, len) in [(3, 0, 1), (3, 4, 1), (3, 1, 1_024), (16_385, 1, 1)] {
        let refusal = media.package(key(1, total), index, &vec![0; len], |_| ());
        assert_eq!(refused(refusal), Refused::Outside);
    }
    drop(media);
    dir.open();
    assert_eq!(dir.names("spool").len(), 0);
}

#[test]
fn a_terminal_pushes_out_its_own_media() {
    let dir = Dir::new();
    let media = dir.open();
    let other = PackageKey { terminal: terminal(2), ..key(1, 2) };
    media.package(other, 1, &[1], |_| ()).unwrap();
    for number in 0..50 {
        assert_eq!(media.package(key(number, 2), 1, &[1], |_| ()).unwrap(), None);
    }
    assert_eq!((media.inner.spool.len(), dir.names("spool").len()), (5, 5));
    assert_eq!(media.package(other, 2, &[2], |bytes| bytes.len()).unwrap(), Some(2));
    assert_eq!(media.package(key(49, 2), 2, &[2], |bytes| bytes.len()).unwrap(), Some(2));
    assert_eq!(media.package(key(0, 2), 2, &[2], |bytes| bytes.len()).unwrap(), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn blocks_in_any_order_give_the_file_or_its_gaps(
        size in 1_u32..3_000,
        blocks in prop::collection::vec((0_u32..3_000, 0_u32..900, any::<u8>()), 0..25),
    ) {
        let (dir, data) = (Dir::new(), content(size));
        let mut media = dir.open();
        let id = begin(&media, &file(b"a", size));
        for (from, len, chance) in blocks {
            let (from, to) = (from.min(size), from.saturating_add(len).min(size));
            media.write(id, from.into(), &data[from as usize..to as usize]).unwrap();
            if chance < 20 {
                // Kept or not, a restart leaves nothing that is not true.
                if chance < 10 {
                    media.keep(id).unwrap();
                }
                drop(media);
                media = dir.open();
                prop_assert_eq!(begin(&media, &file(b"a", size)), id);
            }
        }
        if let Finished::Missing(gaps) = media.finish(id, usize::MAX, NOW).unwrap() {
            for (offset, len) in gaps {
                media.write(id, offset.into(), &data[offset as usize..(offset + len) as usize]).unwrap();
            }
        }
        prop_assert_eq!(media.finish(id, 255, NOW).unwrap(), Finished::Complete);
        prop_assert_eq!(bytes(&media, id), data);
    }
}
