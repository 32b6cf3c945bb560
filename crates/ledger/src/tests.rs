use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use fleet::{
    Alert, Basis, Department, Division, EventTime, Evidence, Measure, MeasureKind, PlaceLabel, PlateColor,
    PositionLabel, ReceiveTime, RuleId, Severity, State, TerminalId, Title, VehicleClass, VehicleLabel,
};

use super::*;

pub(crate) struct Dir(PathBuf);

impl Dir {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("ledger-{}-{number}", std::process::id())))
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.join("ledger.sqlite")
    }

    pub(crate) fn open(&self) -> Ledger {
        Ledger::open(&self.path(), &prometheus::Registry::new()).unwrap()
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn scope(operators: &[&str], divisions: &[&str]) -> Scope {
    let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Scope { within: Some(Within { operators: own(operators), divisions: own(divisions) }), department: None }
}

pub(crate) fn alert(number: i64, revision: u32, state: State) -> Alert {
    let terminal = TerminalId::parse(&format!("138{:08}", number % 7)).unwrap();
    let at = EventTime::from_ms(1_767_225_600_000 + number * 1000);
    let position =
        PositionLabel { time: at, lon: 91.1, lat: 29.6, altitude_m: 3650, speed_kmh: 90.0, heading_deg: 0 };
    Alert {
        schema: Alert::SCHEMA.into(),
        id: AlertId::derive(terminal, RuleId::SPEEDING, &number.to_string(), at),
        revision,
        state,
        rule: if number % 2 == 0 { RuleId::SPEEDING } else { RuleId::FATIGUE },
        severity: if number % 3 == 0 { Severity::Critical } else { Severity::Minor },
        late: false,
        title: Title { zh: "超速".into(), en: "Speeding".into() },
        vehicle: VehicleLabel {
            terminal,
            plate: format!("藏A{:05}", number % 7),
            plate_color: PlateColor::Yellow,
            class: VehicleClass::CharterCoach,
            operator: format!("OP{}", number % 2),
            hazmat_class: None,
            hazmat_un: None,
        },
        driver: None,
        started_at: at,
        raised_at: at,
        ended_at: None,
        position,
        place: PlaceLabel {
            division: Division::parse(if number % 4 == 0 { "540102" } else { "540202" }).unwrap(),
            ..PlaceLabel::default()
        },
        measure: Measure {
            kind: MeasureKind::SpeedKmh,
            value: 90.0,
            limit: Some(80.0),
            peak: 95.0,
            duration_s: 10,
        },
        basis: vec![Basis { document: "x".into(), article: "1".into() }],
        departments: vec![Department::Police, Department::Transport],
        evidence: Evidence { positions: vec![position; 4], attachments: vec![], ..Evidence::default() },
    }
}

pub(crate) fn record(ledger: &Ledger, count: i64) {
    let alerts: Vec<_> = (0..count).map(|n| Arc::new(alert(n, 1, State::Raised))).collect();
    assert!(ledger.record(&alerts).unwrap().iter().all(|new| *new));
}

pub(crate) fn action(kind: ActionKind) -> Action {
    Action {
        alert: alert(0, 1, State::Raised).id,
        kind,
        by: "duty-03".into(),
        department: Some(Department::Police),
        via: Via::Console,
        note: None,
        result: None,
        reason: None,
        assignee: None,
        until: None,
        expected_version: None,
        request_id: None,
        at: ReceiveTime::from_ms(4_000_000_000_000),
    }
}

#[test]
fn a_revision_is_recorded_and_announced_once() {
    let dir = Dir::new();
    let ledger = dir.open();
    let first = Arc::new(alert(0, 1, State::Raised));
    let second = Arc::new(alert(0, 2, State::Cleared));
    assert_eq!(ledger.record(&[Arc::clone(&first), Arc::clone(&second)]).unwrap(), [true, true]);
    assert_eq!(ledger.record(&[Arc::clone(&second), Arc::clone(&first)]).unwrap(), [false, false]);
    let out = dir.open().outbox_next(0, 100).unwrap();
    assert_eq!(out.len(), 4);
    assert_eq!(serde_json::from_slice::<Alert>(&out[0].payload).unwrap(), *first);
    assert_eq!(ledger.alert(first.id).unwrap().unwrap().alert, *second);
    // An older revision that comes late is kept and sent, but is not the current one.
    let (third, fourth) = (alert(1, 1, State::Raised), alert(1, 2, State::Updated));
    ledger.record(&[Arc::new(fourth.clone())]).unwrap();
    assert_eq!(ledger.record(&[Arc::new(third)]).unwrap(), [true]);
    assert_eq!(ledger.alert(fourth.id).unwrap().unwrap().alert, fourth);
}

#[test]
fn what_was_published_can_be_published_again() {
    let dir = Dir::new();
    let ledger = dir.open();
    record(&ledger, 2);
    let seqs: Vec<_> = ledger.outbox_next(0, 3).unwrap().iter().map(|out| out.seq).collect();
    let sent = |seqs: &[i64]| Sent { rows: seqs.to_vec(), again: Vec::new() };
    // The machine's clock is set back by an hour between the two; what counts is the other one.
    let taken = |at, steady| Moment { at: ReceiveTime::from_ms(at), steady: ReceiveTime::from_ms(steady) };
    ledger.outbox_published(&sent(&seqs[..2]), taken(3_600_100, 100), &Owing::default()).unwrap();
    ledger.outbox_published(&sent(&seqs[2..]), taken(200, 200), &Owing::default()).unwrap();
    assert_eq!(ledger.outbox_depth().unwrap().0, 1);
    assert_eq!(ledger.outbox_republish_since(ReceiveTime::from_ms(200)).unwrap(), 1);
    assert_eq!(ledger.outbox_next(0, 9).unwrap()[0].seq, seqs[2]);
    assert!(ledger.outbox_next(seqs[2], 9).unwrap().iter().all(|out| out.seq > seqs[2]));
}

#[test]
fn pages_walk_every_alert_once_and_filters_hold() {
    let dir = Dir::new();
    let ledger = dir.open();
    record(&ledger, 50);
    let mut query = Query { limit: 7, ..Query::default() };
    let mut seen = Vec::new();
    loop {
        let page = ledger.alerts(&query).unwrap();
        seen.extend(page.items.iter().map(|item| item.alert.raised_at.ms()));
        query.cursor = page.next;
        if query.cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 50);
    assert!(seen.is_sorted_by(|a, b| a > b));
    let count = |query: Query| ledger.count(&query, 1000).unwrap();
    assert_eq!(count(Query { divisions: vec!["540100".into()], ..Query::default() }), 13);
    assert_eq!(count(Query { divisions: vec!["5401".into(), "540202".into()], ..Query::default() }), 50);
    assert_eq!(
        count(Query { scope: scope(&["OP1"], &[]), operators: vec!["OP0".into()], ..Query::default() }),
        0
    );
    assert_eq!(count(Query { scope: scope(&["OP1"], &["00"]), ..Query::default() }), 25);
    assert_eq!(count(Query { scope: scope(&[], &["5401"]), ..Query::default() }), 13);
    assert_eq!(count(Query { scope: scope(&["OP1"], &["5401"]), ..Query::default() }), 38);
    assert_eq!(count(Query { scope: Scope::nothing(), ..Query::default() }), 0);
    for (department, expected) in [(Department::Police, 50), (Department::Ecology, 0)] {
        let scope = Scope { department: Some(department), within: None };
        assert_eq!(count(Query { scope, ..Query::default() }), expected);
    }
    assert_eq!(
        count(Query {
            rules: vec![RuleId::FATIGUE],
            severities: vec![Severity::Critical],
            ..Query::default()
        }),
        8
    );
    assert_eq!(count(Query { departments: vec![Department::Ecology], ..Query::default() }), 0);
    let from = EventTime::from_ms(seen[9]);
    assert_eq!(count(Query { from: Some(from), ..Query::default() }), 10);
    assert_eq!(count(Query { to: Some(from), ..Query::default() }), 40);
    assert!(matches!(
        ledger.alerts(&Query { cursor: Some("x".into()), ..Query::default() }),
        Err(StoreError::Cursor(_))
    ));
    assert_eq!(ledger.open_counts(Department::Police).unwrap()[&Severity::Critical], 17);
}

#[test]
fn handling_walks_from_new_to_closed_and_tells_departments() {
    let dir = Dir::new();
    let ledger = dir.open();
    record(&ledger, 1);
    let mut changes = ledger.subscribe_handling();
    ledger.act(&action(ActionKind::Acknowledge)).unwrap();
    ledger.act(&action(ActionKind::Dispatch)).unwrap();
    let missing = ledger.act(&action(ActionKind::FalseAlarm)).unwrap_err();
    assert_eq!(missing.to_string(), "false-alarm needs a reason");
    ledger.act(&Action { reason: Some(Reason::Map), ..action(ActionKind::FalseAlarm) }).unwrap();
    let closed = ledger.act(&action(ActionKind::Close)).unwrap();
    assert_eq!(
        (closed.status, closed.result, closed.version),
        (HandlingStatus::Closed, Some(Outcome::FalseAlarm), 4)
    );
    let refused = ledger.act(&action(ActionKind::Defer)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "defer is not allowed when closed, only when new, acknowledged, handling"
    );
    ledger.act(&action(ActionKind::Appeal)).unwrap();
    let upheld = Action { result: Some(Outcome::Upheld), ..action(ActionKind::DecideAppeal) };
    let again = ledger.act(&upheld).unwrap();
    assert_eq!(
        (again.status, again.appeal, again.result),
        (HandlingStatus::Handling, Some(Appeal::Upheld), None)
    );
    assert!(matches!(ledger.act(&upheld), Err(ActError::NoAppeal)));
    let told =
        ledger.outbox_next(0, 99).unwrap().iter().filter(|out| out.kind == OutgoingKind::Handling).count();
    assert_eq!(told, 6 * 2);
    assert_eq!(changes.try_recv().unwrap().1.status, HandlingStatus::Acknowledged);
    let story = ledger.timeline(closed_id()).unwrap();
    assert_eq!(story.len(), 7);
    assert_eq!((story[0].action.as_str(), story[1].to), ("raised", Some(HandlingStatus::Acknowledged)));
    assert_eq!(ledger.audit_log(99).unwrap().len(), 6);
}

fn closed_id() -> AlertId {
    alert(0, 1, State::Raised).id
}

#[test]
fn a_stale_version_and_a_repeated_request_change_nothing() {
    let dir = Dir::new();
    let ledger = dir.open();
    record(&ledger, 1);
    let first = Action {
        expected_version: Some(0),
        request_id: Some("r1".into()),
        ..action(ActionKind::Acknowledge)
    };
    let done = ledger.act(&first).unwrap();
    match ledger.act(&first) {
        Err(ActError::Duplicate { handling }) => assert_eq!(*handling, done),
        other => panic!("{other:?}"),
    }
    match ledger.act(&Action { expected_version: Some(0), ..action(ActionKind::Dispatch) }) {
        Err(ActError::Stale { current }) => assert_eq!(*current, done),
        other => panic!("{other:?}"),
    }
    let stranger = Action { alert: alert(5, 1, State::Raised).id, ..action(ActionKind::Acknowledge) };
    assert!(matches!(ledger.act(&stranger), Err(ActError::UnknownAlert(_))));
    let listed = ledger.alert(closed_id()).unwrap().unwrap();
    assert_eq!(listed.handling, done);
    let json = serde_json::to_value(&listed).unwrap();
    assert_eq!((&json["rule"], &json["handling"]["status"]), (&"speeding".into(), &"acknowledged".into()));
}

#[test]
fn every_action_is_refused_outside_its_states() {
    let at = ReceiveTime::from_ms(0);
    for kind in ActionKind::ALL {
        for status in HandlingStatus::ALL {
            let handling = Handling { status: *status, appeal: None, ..Handling::new(at) };
            let refused = matches!(handling.after(&action(*kind)), Err(ActError::NotAllowed { .. }));
            assert_eq!(refused, !kind.legal_from().contains(status), "{kind} from {status}");
        }
    }
}

#[test]
fn the_frames_stay_with_their_alert() {
    let dir = Dir::new();
    let ledger = dir.open();
    let frame = |byte: u8| (ReceiveTime::from_ms(i64::from(byte)), Bytes::from(vec![0x7e, byte, 0x7e]));
    let ruled = |revision, state, frames| Ruled { alert: Arc::new(alert(0, revision, state)), frames };
    let raised = ruled(1, State::Raised, vec![frame(0), frame(1)]);
    assert_eq!(
        ledger.record_ruled(&[raised.clone(), ruled(2, State::Updated, vec![])]).unwrap(),
        [true, true]
    );
    // Met again after a restart, with another frame: the first stays.
    let again = ruled(1, State::Raised, vec![frame(9)]);
    assert_eq!(
        ledger.record_ruled(&[again, ruled(3, State::Cleared, vec![frame(1), frame(3)])]).unwrap(),
        [false, true]
    );
    let kept = ledger.frames(raised.alert.id).unwrap();
    let expected = [(1, 0), (1, 1), (3, 3)].map(|(revision, byte)| KeptFrame {
        revision,
        received: ReceiveTime::from_ms(byte),
        frame: vec![0x7e, u8::try_from(byte).unwrap(), 0x7e],
    });
    assert_eq!(kept, expected);
}

#[test]
fn a_newer_format_is_refused() {
    let dir = Dir::new();
    drop(dir.open());
    let path = dir.0.join("ledger.sqlite");
    Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 9").unwrap();
    let error = Ledger::open(&path, &prometheus::Registry::new()).err().unwrap();
    assert!(error.to_string().ends_with("has format 9, this version reads up to 5"), "{error}");
}

fn tally(terminal: &str, operator: &str, day: i32, seen: u32) -> fleet::Tally {
    let count = fleet::DayCount {
        day,
        seen,
        reports: seen,
        invalid: 1,
        continuous_dm: seen * 100,
        broken_dm: 50,
        jumps: 3,
        overspeeds: 2,
        heard: true,
        faults: Some(Box::new([0, 0, 0, 0, 0, 0, 0, 4, 0])),
        ..Default::default()
    };
    fleet::Tally { terminal: TerminalId::parse(terminal).unwrap(), operator: operator.into(), count }
}

#[test]
fn a_days_counts_are_said_again_without_adding_up() {
    let dir = Dir::new();
    let ledger = dir.open();
    let rows = [
        tally("1", "OP1", 20_454, 10),
        tally("2", "OP1", 20_454, 20),
        tally("3", "OP2", 20_454, 5),
        tally("1", "OP1", 20_455, 7),
    ];
    ledger.record_quality(&rows).unwrap();
    ledger.record_quality(&rows).unwrap();
    // A journal that begins in the middle of the day knows less of it.
    ledger.record_quality(&[tally("2", "OP1", 20_454, 4)]).unwrap();
    let day = ledger.quality_of_operators(20_454, 3).unwrap();
    let own = &day["OP1"];
    assert_eq!((day.len(), own.online, own.drifted, own.reports, own.invalid), (2, 2, 2, 30, 2));
    assert_eq!((own.continuous_dm, own.broken_dm, own.overspeeds, own.faults[7]), (3000, 100, 4, 8));
    assert_eq!(ledger.quality_of_operators(20_454, 4).unwrap()["OP1"].drifted, 0);
    ledger.record_quality(&[tally("2", "OP1", 20_454, 21)]).unwrap();
    assert_eq!(ledger.quality_of_operators(20_454, 3).unwrap()["OP1"].reports, 31);
    let heard = ledger.networked(20_454).unwrap();
    assert_eq!((heard["OP1"], heard["OP2"]), (2, 1));
    assert!(ledger.networked(20_453).unwrap().is_empty());
    assert_eq!(ledger.last_heard(TerminalId::parse("1").unwrap()).unwrap(), Some(20_455));
    assert_eq!(ledger.last_heard(TerminalId::parse("9").unwrap()).unwrap(), None);
}

#[test]
fn vehicles_days_come_in_pages_and_within_their_scope() {
    let dir = Dir::new();
    let ledger = dir.open();
    let rows: Vec<_> = (0..30)
        .map(|n| {
            let operator = format!("OP{}", n % 10 % 3);
            tally(&format!("{:03}", 100 + n % 10), &operator, 20_450 + n / 10, 9)
        })
        .collect();
    ledger.record_quality(&rows).unwrap();
    let mut query = QualityQuery { from: 20_450, to: 20_452, limit: 7, ..Default::default() };
    let mut met = Vec::new();
    loop {
        let (page, more) = ledger.quality_of_vehicles(&query).unwrap();
        query.after = page.last().map(|row| (row.day, row.terminal.unwrap()));
        met.extend(page.into_iter().map(|row| (row.day, row.terminal.unwrap().to_string())));
        if !more {
            break;
        }
    }
    let mut sorted = met.clone();
    sorted.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    sorted.dedup();
    assert_eq!((met.len(), &met), (20, &sorted));
    let own = QualityQuery { scope: scope(&["OP1"], &[]), limit: 1000, after: None, ..query.clone() };
    assert_eq!(ledger.quality_of_vehicles(&own).unwrap().0.len(), 6);
    let also = vec![TerminalId::parse("100").unwrap()];
    let more = QualityQuery { scope: scope(&["OP1"], &["54"]), also, ..own.clone() };
    assert_eq!(ledger.quality_of_vehicles(&more).unwrap().0.len(), 8);
    let nothing = QualityQuery { scope: Scope::nothing(), ..own.clone() };
    assert!(ledger.quality_of_vehicles(&nothing).unwrap().0.is_empty());
    let nobody = QualityQuery { operators: vec!["OP2".into()], ..own.clone() };
    assert!(ledger.quality_of_vehicles(&nobody).unwrap().0.is_empty());
    let one = QualityQuery { terminals: vec![TerminalId::parse("101").unwrap()], ..own };
    assert_eq!(ledger.quality_of_vehicles(&one).unwrap().0.len(), 2);
}

#[test]
fn the_share_of_handled_alerts_is_that_of_the_day_they_were_raised() {
    let dir = Dir::new();
    let ledger = dir.open();
    let day = 20_454; // 2026-01-01
    let alerts: Vec<_> = (0..4).map(|n| Arc::new(alert(n * 2, 1, State::Raised))).collect();
    ledger.record(&alerts).unwrap();
    let terminal = alerts[0].vehicle.terminal;
    ledger.record_quality(&[tally(terminal.as_str(), "OP0", day, 3)]).unwrap();
    ledger.act(&action(ActionKind::Acknowledge)).unwrap();
    let all = |ledger: &Ledger| {
        let row = ledger.quality_of_operators(day, 3).unwrap()["OP0"].clone();
        (row.alerts, row.handled)
    };
    assert_eq!(all(&ledger), (4, 0));
    ledger.act(&Action { result: Some(Outcome::Warned), ..action(ActionKind::Handle) }).unwrap();
    assert_eq!(all(&ledger), (4, 1));
    assert!(ledger.quality_of_operators(day - 1, 3).unwrap().is_empty());
    let query = QualityQuery { from: day, to: day + 1, limit: 9, ..Default::default() };
    let row = &ledger.quality_of_vehicles(&query).unwrap().0[0];
    assert_eq!((row.alerts, row.handled), (1, 1));
    // Kept as long as everything else.
    while ledger
        .trim_rows(ReceiveTime::from_ms(0), ReceiveTime::from_ms(alerts[0].raised_at.ms() + 86_400_000))
        .unwrap()
        > 0
    {}
    assert!(ledger.quality_of_vehicles(&query).unwrap().0.is_empty());
}

fn counts(ledger: &Ledger, query: &Query, by: By) -> Vec<(String, u64)> {
    let counts = ledger.count_by(query, by, 1000).unwrap();
    counts.into_iter().map(|count| (count.key, count.total)).collect()
}

#[test]
fn alerts_are_counted_by_each_key_and_in_chinas_days() {
    let dir = Dir::new();
    let ledger = dir.open();
    // 2026-01-01 00:00 UTC is eight in the morning in China; sixteen hours later its day is over.
    let at = |n: i64, hours: i64| {
        let mut alert = alert(n, 1, State::Raised);
        alert.raised_at = EventTime::from_ms(1_767_225_600_000 + hours * 3_600_000 - 1);
        Arc::new(alert)
    };
    ledger.record(&[at(0, 0), at(1, 1), at(2, 16), at(3, 17), at(4, 800)]).unwrap();
    let all = Query::default();
    let text =
        |pairs: &[(&str, u64)]| -> Vec<_> { pairs.iter().map(|(k, n)| ((*k).to_owned(), *n)).collect() };
    assert_eq!(
        counts(&ledger, &all, By::Hour),
        text(&[("00", 1), ("07", 1), ("08", 1), ("15", 1), ("23", 1)])
    );
    assert_eq!(
        counts(&ledger, &all, By::Day),
        text(&[("2026-01-01", 3), ("2026-01-02", 1), ("2026-02-03", 1)])
    );
    assert_eq!(counts(&ledger, &all, By::Rule), text(&[("speeding", 3), ("fatigue", 2)]));
    assert_eq!(counts(&ledger, &all, By::Severity), text(&[("minor", 3), ("critical", 2)]));
    assert_eq!(counts(&ledger, &all, By::Class), text(&[("charter-coach", 5)]));
    assert_eq!(counts(&ledger, &all, By::Division), text(&[("540202", 3), ("540102", 2)]));
    let within = Within { operators: vec!["OP1".into()], divisions: Vec::new() };
    let scope = Scope { within: Some(within), department: None };
    let own = Query { scope, ..Query::default() };
    assert_eq!(counts(&ledger, &own, By::Operator), text(&[("OP1", 2)]));
    assert_eq!(ledger.count_by(&all, By::Hour, 2).unwrap().len(), 2);
    let months = ledger.count_by_month(&all).unwrap();
    let months: Vec<_> =
        months.iter().map(|m| (m.month.as_str(), m.rule, m.count.total, m.count.critical)).collect();
    assert_eq!(
        months,
        [
            ("2026-01", RuleId::FATIGUE, 2, 1),
            ("2026-01", RuleId::SPEEDING, 2, 1),
            ("2026-02", RuleId::SPEEDING, 1, 0)
        ]
    );
    let worst: Vec<_> = ledger.worst(&all, 3).unwrap().into_iter().map(|listed| listed.alert.id).collect();
    assert_eq!(worst, [at(3, 0).id, at(0, 0).id, at(4, 0).id]);
}

#[test]
fn what_became_of_alerts_is_counted() {
    let dir = Dir::new();
    let ledger = dir.open();
    record(&ledger, 5);
    ledger.record(&[Arc::new(alert(4, 2, State::Cleared))]).unwrap();
    let act = |n, kind, change: &dyn Fn(&mut Action)| {
        let mut action = action(kind);
        action.alert = alert(n, 1, State::Raised).id;
        change(&mut action);
        ledger.act(&action).unwrap()
    };
    let due = |at: i64| {
        move |action: &mut Action| {
            action.assignee = Some("duty-01".into());
            action.until = Some(ReceiveTime::from_ms(at));
        }
    };
    // 0 handled, 1 handled in time and filed by somebody else, 2 too late, 3 a false alarm taken up again, 4 false.
    act(0, ActionKind::Handle, &|_| ());
    act(1, ActionKind::Assign, &due(4_000_000_000_000));
    act(1, ActionKind::Handle, &|_| ());
    act(1, ActionKind::Close, &|action| action.by = "duty-09".into());
    act(2, ActionKind::Assign, &due(3_999_999_999_999));
    act(2, ActionKind::Handle, &|_| ());
    let false_alarm = |action: &mut Action| action.reason = Some(Reason::Device);
    act(3, ActionKind::FalseAlarm, &false_alarm);
    act(3, ActionKind::Reopen, &|_| ());
    act(4, ActionKind::FalseAlarm, &false_alarm);
    let counts = ledger.count_by(&Query::default(), By::Class, 10).unwrap();
    let expected = AlertCount {
        key: "charter-coach".into(),
        total: 5,
        critical: 2,
        minor: 3,
        open: 4,
        handled: 4,
        false_alarm: 1,
        due_handled: 3,
        ..AlertCount::default()
    };
    assert_eq!(counts, [expected]);
    let page = ledger.export_page(&Query::default(), None, 4).unwrap();
    let who: Vec<_> = page.iter().map(|row| row.handled_by.as_deref()).collect();
    assert_eq!(who, [Some("duty-03"), None, Some("duty-03"), Some("duty-03")]);
    assert_eq!(page[3].handled_at, Some(ReceiveTime::from_ms(4_000_000_000_000)));
    let rest = ledger.export_page(&Query::default(), page.last(), 4).unwrap();
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0].listed.alert.id, alert(0, 1, State::Raised).id);
    assert!(
        ledger.are_more(&Query::default(), 4).unwrap() && !ledger.are_more(&Query::default(), 5).unwrap()
    );
}

#[test]
fn a_ledger_without_the_counted_columns_gets_them_filled() {
    let dir = Dir::new();
    let ledger = dir.open();
    let mut with_driver = alert(0, 1, State::Raised);
    with_driver.driver =
        Some(fleet::DriverLabel { certificate: "54010219800101001X".into(), name: "扎西".into() });
    with_driver.late = true;
    ledger.record(&[Arc::new(with_driver), Arc::new(alert(1, 1, State::Raised))]).unwrap();
    let mut assign = action(ActionKind::Assign);
    (assign.assignee, assign.until) = (Some("x".into()), Some(ReceiveTime::from_ms(4_000_000_000_001)));
    ledger.act(&assign).unwrap();
    ledger.act(&Action { reason: Some(Reason::Map), ..action(ActionKind::FalseAlarm) }).unwrap();
    let dump = |ledger: &Ledger| {
        let reader = ledger.reader();
        let sql = "SELECT class || '|' || driver || '|' || late || '|' || ifnull(result, '-') || '|' || ifnull(due_at, '-')
            || '|' || ifnull(handled_at, '-') || '|' || ifnull(handled_by, '-') FROM alert ORDER BY raised_at";
        let mut statement = reader.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        rows.collect::<Result<Vec<_>, _>>().unwrap()
    };
    let kept = dump(&ledger);
    assert_eq!(kept[0], "charter-coach|54010219800101001X|1|false-alarm|4000000000001|4000000000000|duty-03");
    assert_eq!(kept[1], "charter-coach||0|-|-|-|-");
    lock(&ledger.inner.writer)
        .execute_batch(
            "DROP INDEX alert_by_work; DROP INDEX alert_counted; DROP INDEX alert_by_driver; ALTER TABLE alert DROP COLUMN class;
             ALTER TABLE alert DROP COLUMN driver; ALTER TABLE alert DROP COLUMN late;
             ALTER TABLE alert DROP COLUMN result; ALTER TABLE alert DROP COLUMN due_at;
             ALTER TABLE alert DROP COLUMN handled_at; ALTER TABLE alert DROP COLUMN handled_by;",
        )
        .unwrap();
    drop(ledger);
    assert_eq!(dump(&dir.open()), kept);
    assert_eq!(dump(&dir.open()), kept);
}
