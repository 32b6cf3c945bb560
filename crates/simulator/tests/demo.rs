//! The whole demo in virtual time: its terminals against the platform's side of a connection and one engine with the
//! demo's own rules and map. Nothing else runs, so that what is raised comes from the fleet alone.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use fleet::{Alert, Binding, LimitSource, RULES, ReceiveTime, Registry, RuleId, Severity, State, TerminalId};
use rules::{Crews, Engine, Fault, Verdict};
use session::{Admission, Directory, Link, Observer, Policy, Rejected};
use simulator::{ACTS, Act, Actor, Noise, Output, Plan};

/// As long as one watches.
const RUN_S: i64 = 12 * 60;
/// Within this time everything has been seen once.
const SEEN_S: i64 = 10 * 60;
/// This one needs readings of structures, which no terminal sends.
const NOT_BY_TERMINALS: [&str; 1] = ["closed-structure"];
/// 03:00 on a day of the demo, China Standard Time.
const THREE_MS: i64 = 1_780_254_000_000;
const HOUR_MS: i64 = 3_600_000;

#[test]
fn in_the_hours_of_the_night_ban_every_rule_is_broken_live() {
    check(THREE_MS, &[]);
}

#[test]
fn in_the_morning_every_rule_but_the_night_ban_is_broken_live() {
    check(THREE_MS + 7 * HOUR_MS, &["night-ban"]);
}

#[test]
fn late_in_the_evening_every_rule_but_the_night_ban_is_broken_live() {
    check(THREE_MS + 20 * HOUR_MS, &["night-ban"]);
}

fn check(start_ms: i64, late: &[&str]) {
    let (raised, noise) = run(start_ms, RUN_S);
    let table = table(&raised);
    println!("{table}");
    assert!(
        raised.iter().find(|r| !r.alert.late).is_some_and(|first| first.at_s <= 10),
        "the first alert comes too late\n{table}"
    );
    for rule in RULES.iter().filter(|rule| !NOT_BY_TERMINALS.contains(rule)) {
        let in_time = |r: &&Raised| {
            r.alert.rule.as_str() == *rule && r.at_s <= SEEN_S && r.alert.late == late.contains(rule)
        };
        assert!(raised.iter().any(|r| in_time(&r)), "{rule} is not seen in time\n{table}");
    }
    for act in ACTS {
        assert!(raised.iter().any(|r| r.comes_from(act)), "{act:?} is not noticed\n{table}");
    }
    let unwanted: BTreeSet<_> = raised.iter().filter_map(Raised::unwanted).collect();
    assert!(unwanted.is_empty(), "unwanted: {unwanted:#?}\n{table}");
    let posted =
        |r: &Raised| r.alert.evidence.limit.as_ref().is_some_and(|l| l.source == LimitSource::Posted);
    assert!(raised.iter().any(posted), "nobody is held to a posted limit\n{table}");
    assert!(noise.all_came(), "{noise:?}");
    is_watchable(&raised, &table);
}

/// A handful of alerts a minute, few of them critical.
fn is_watchable(raised: &[Raised], table: &str) {
    let minutes = usize::try_from(RUN_S / 60).unwrap();
    assert!((4 * minutes..=10 * minutes).contains(&raised.len()), "{} alerts\n{table}", raised.len());
    let critical = raised.iter().filter(|r| r.alert.severity == Severity::Critical).count();
    assert!(critical <= minutes, "{critical} of {} are critical\n{table}", raised.len());
    for minute in 0..RUN_S / 60 {
        let alerts = raised.iter().filter(|r| r.at_s / 60 == minute).count();
        assert!((1..=12).contains(&alerts), "{alerts} alerts in minute {minute}\n{table}");
    }
}

/// What was meant to be no evidence, as it arrived.
#[derive(Debug, Default)]
struct Noisy {
    bad_frames: u64,
    jumps: u64,
    frozen: u64,
    unknown: u64,
}

impl Noisy {
    fn all_came(&self) -> bool {
        [self.bad_frames, self.jumps, self.frozen, self.unknown].iter().all(|count| *count >= 10)
    }
}

/// An alert when it was raised, and what its vehicle was meant to do.
struct Raised {
    at_s: i64,
    alert: Alert,
    act: Option<Act>,
    noise: Option<Noise>,
}

impl Raised {
    fn comes_from(&self, act: &Act) -> bool {
        self.alert.rule == act.rule
            && self.act.is_some_and(|own| (own.rule, own.deed) == (act.rule, act.deed))
    }

    /// What the vehicle's act does not account for.
    fn unwanted(&self) -> Option<String> {
        let rule = self.alert.rule;
        // Whoever is in a zone was near it; whoever is tired was about to be.
        let wanted = |act: &Act| {
            act.rule == rule
                || (act.rule, rule) == (RuleId::HAZMAT_ZONE, RuleId::HAZMAT_ZONE_APPROACH)
                || (act.rule, rule) == (RuleId::FATIGUE, RuleId::FATIGUE_WARNING)
                || (act.rule, rule) == (RuleId::FATIGUE_WARNING, RuleId::FATIGUE)
                // The wrong card goes in while it drives.
                || (act.rule, rule) == (RuleId::UNQUALIFIED_DRIVER, RuleId::DEVICE_TAMPER)
        };
        let Self { at_s, act, noise, alert } = self;
        let place = (alert.position.lon, alert.position.lat);
        (!act.as_ref().is_some_and(wanted)).then(|| {
            format!(
                "{rule} at {at_s} s: {} {:?} at {place:?}, act {:?}, noise {noise:?}: {:?}",
                alert.vehicle.terminal,
                alert.vehicle.class,
                act.map(|act| (act.rule, act.deed)),
                alert.title
            )
        })
    }
}

fn table(raised: &[Raised]) -> String {
    let mut rows: BTreeMap<RuleId, (usize, usize, i64)> = BTreeMap::new();
    for r in raised {
        let row = rows.entry(r.alert.rule).or_insert((0, 0, r.at_s));
        (row.0, row.1) = (row.0 + 1, row.1 + usize::from(r.alert.late));
    }
    let mut text = format!("{:<24} raised  late  first at, s\n", "rule");
    for (rule, (count, late, first_s)) in &rows {
        text += &format!("{rule:<24} {count:>6} {late:>5} {first_s:>12}\n");
    }
    text + &format!("{:<24} {:>6}", "all", raised.len())
}

/// Everything that is raised in this time, in order.
fn run(start_ms: i64, seconds: i64) -> (Vec<Raised>, Noisy) {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../seeds/roadwarden.toml");
    let loaded = settings::load(&seeds).unwrap_or_else(|problems| panic!("{problems}"));
    let reference = loaded.reference;
    let mut platform = Platform {
        crews: Crews::new(reference.book.clone(), reference.registry.clone(), reference.atlas.clone()),
        engine: Engine::new(reference.book, reference.registry.clone(), reference.atlas),
        on_file: OnFile { registry: reference.registry, bindings: HashMap::new() },
        observer: Observer::default(),
        recorded: 0,
        alerts: Vec::new(),
        noisy: Noisy::default(),
    };
    let mut stations: Vec<_> = Plan::demo(54).unwrap().actors.into_iter().map(Station::new).collect();
    let mut raised = Vec::new();
    for at_s in 0..seconds {
        for (number, station) in (0..).zip(&mut stations) {
            // As the simulator does it, a fleet does not report in one burst.
            if at_s >= number * 137 % 5000 / 1000 {
                station.second(start_ms, at_s, &mut platform);
            }
            let actor = &station.actor;
            let new = platform.alerts.drain(..).filter(|alert| alert.state == State::Raised);
            let (act, noise) = (actor.act().copied(), actor.noise());
            raised.extend(new.map(|alert| Raised { at_s, alert, act, noise }));
        }
    }
    (raised, platform.noisy)
}

struct OnFile {
    registry: Arc<Registry>,
    bindings: HashMap<TerminalId, Arc<Binding>>,
}

impl Directory for OnFile {
    fn admits(&self, terminal: TerminalId) -> bool {
        self.registry.vehicle(terminal).is_some()
    }

    fn binding(&self, terminal: TerminalId) -> Option<Arc<Binding>> {
        self.bindings.get(&terminal).cloned()
    }
}

/// What stands behind a connection: a journal that is durable at once, and the rules.
struct Platform {
    engine: Engine,
    crews: Crews,
    on_file: OnFile,
    observer: Observer,
    recorded: u64,
    alerts: Vec<Alert>,
    noisy: Noisy,
}

impl Platform {
    fn record(&mut self, records: &session::Records) {
        let mut from = 0;
        for end in &records.ends {
            let mut news = Vec::new();
            self.observer.handle_frame(records.received, &records.bytes[from..*end], &mut news).unwrap();
            for observation in &news {
                match self.engine.handle_observation(observation, &mut self.alerts) {
                    Verdict::Rejected(Fault::Jump) => self.noisy.jumps += 1,
                    Verdict::Rejected(Fault::Frozen) => self.noisy.frozen += 1,
                    _ => {}
                }
                for shift in self.engine.shifts() {
                    self.crews.handle_shift(observation.received, shift, &mut self.alerts);
                }
            }
            from = *end;
        }
        self.recorded += records.ends.len() as u64;
    }
}

/// An actor and its connection.
struct Station {
    actor: Actor,
    link: Option<Link<u64>>,
    next_s: Option<i64>,
}

impl Station {
    fn new(actor: Actor) -> Self {
        Self { actor, link: None, next_s: None }
    }

    fn second(&mut self, start_ms: i64, at_s: i64, platform: &mut Platform) {
        let now_ms = start_ms + at_s * 1000;
        let now = ReceiveTime::from_ms(now_ms);
        if !self.actor.wants_link(at_s) {
            if self.link.take().is_some() {
                self.actor.terminal().handle_disconnected();
            }
        } else if self.link.is_none() {
            self.link = Some(Link::new(now, Policy::new(Admission::Registry, [7; 32])));
            self.actor.terminal().handle_connected(now_ms);
        }
        self.converse(now_ms, platform);
        let next_s = self.next_s.unwrap_or(at_s);
        if at_s >= next_s {
            self.actor.step(now_ms, at_s);
            self.next_s = Some(next_s + self.actor.interval_s());
        }
        self.actor.terminal().handle_timeout(now_ms);
        self.converse(now_ms, platform);
    }

    /// To and fro, until neither side has anything to say.
    fn converse(&mut self, now_ms: i64, platform: &mut Platform) {
        let Some(link) = &mut self.link else { return };
        let now = ReceiveTime::from_ms(now_ms);
        while let Output::Transmit(bytes) = self.actor.terminal().poll_output(now_ms) {
            link.handle_input(now, &bytes, &platform.on_file);
            let counts = link.take_counts();
            platform.noisy.bad_frames += counts.rejected[Rejected::Frame as usize];
            loop {
                match link.poll_output() {
                    session::Output::Record(records) => {
                        let first = platform.recorded;
                        // What no standard knows is kept like anything else a terminal reports.
                        let unknown = records.bytes.windows(3).filter(|it| *it == [0x7e, 0x0f, 0x0f]);
                        platform.noisy.unknown += unknown.count() as u64;
                        platform.record(&records);
                        link.handle_recorded(now, first, records.ends.len());
                        link.handle_durable(now, platform.recorded);
                    }
                    session::Output::Transmit(bytes) => {
                        self.actor.terminal().handle_input(now_ms, &bytes);
                    }
                    session::Output::Bound { terminal, binding } => {
                        platform.on_file.bindings.insert(terminal, binding);
                    }
                    session::Output::Learned { .. }
                    | session::Output::Login { .. }
                    | session::Output::Media(_)
                    | session::Output::Ready(_) => {}
                    session::Output::Wait(_) => break,
                    other => panic!("{other:?}"),
                }
            }
        }
    }
}
