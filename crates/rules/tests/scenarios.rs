//! Every file below `scenarios/` is a story: what happens, and after `->` what must come out, and nothing else.
//! Each is told twice, the second time with the state saved and restored before every line. No alert is said twice in
//! one revision.
//!
//! ```text
//! rule     speeding hold=10s                  settings of one rule; only the rules named run
//! vehicle  藏A12345 class=hazmat-truck hazmat=3 route=r1
//! zone     galashan kind=tunnel x=1000..2000 y=-50..50 approach=500
//! route    r1 y=0 half=100 stops=0,5000
//! road     g1 y=0 x=0..5000 class=expressway limit=80 limit.hazmat-truck=60 structure=tunnel cautions=steep open=forward
//!          …also limit.forward=, limit.22:00-06:00=, limit.wet=, winding=3; a fix between two roads may lie on either
//! division 540102 x=0..9000
//! permit   p1 kind=passage plate=藏A12345 zone=galashan from=2026-01-01T08:00:00+08:00 until=2026-01-02T00:00:00+08:00
//! driver   5401 classes=hazmat-truck until=2027-01-01T00:00:00+08:00
//! 08:00:00 fix x=0 speed=85 heading=90        x goes on by itself; alarm=sos door=front acc=off event=phone:start:2 …
//! 08:00:10 fix speed=90 -> raised speeding speed=90 started=08:00:00
//! 08:00:20 藏A2 fix speed=90 -> rejected jump a verdict may be named too
//! 08:00:30 fix speed=95 -> updated speeding zh~限速       zh~: a part of the Chinese title
//! 08:40:00 quiet                              nothing but time passes
//! 08:41:00 reading galashan mm=25 level=2     a monitor on a bridge; at=… when it was measured
//! 08:42:00 reopen galashan                    a person opens it again
//! 08:43:00 sighting 藏A12345 x=90000 at=08:42:50 -> noticed taken   a camera saw a plate
//! 08:40:00 fix speed=60 step=90 recorder=50 lag=8m    90 m further than the fix before; heard eight minutes later
//! 08:40:10 fix speed=60 every=10s until=08:50:00    the line again and again; -> what comes of all of them
//! ```
#![allow(missing_docs)]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod world;

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use fleet::{
    Alarms, Alert, Along, Basis, Card, DailyHours, Dialect, Driver, EventTime, Fix, Heading, MeasureKind,
    News, Notice, Observation, Permit, PlateColor, PostedLimit, ReceiveTime, Registration, Registry, Report,
    Road, Role, SafetyCode, SafetyEvent, SafetyPhase, Speed, Status, TerminalId, Vehicle, VehicleClass,
};
use rules::{Book, Crews, CrewsState, Engine, Rulebook, State, Verdict};
use world::{Rectangle, Straight, World};

#[test]
fn every_scenario_comes_out_as_told() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut files: Vec<_> = std::fs::read_dir(root)
        .unwrap()
        .flat_map(|rule| std::fs::read_dir(rule.unwrap().path()).unwrap())
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() >= 30, "only {} scenarios were found", files.len());
    let wrong: Vec<String> = files.iter().filter_map(|file| check(file).err()).collect();
    assert!(wrong.is_empty(), "{} of {} scenarios:\n{}", wrong.len(), files.len(), wrong.join("\n"));
}

fn check(file: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(file).unwrap();
    let straight = Story::tell(&text, false).map_err(|why| format!("{}: {why}", file.display()))?;
    let restarted = Story::tell(&text, true).map_err(|why| format!("{} restarted: {why}", file.display()))?;
    if let Some(alert) = straight.iter().find(|alert| !is_told_of(alert)) {
        return Err(format!(
            "{}: the table about {} lacks its law or department",
            file.display(),
            alert.rule
        ));
    }
    let revisions: BTreeSet<_> = straight.iter().map(|alert| (alert.id, alert.revision)).collect();
    if revisions.len() != straight.len() {
        return Err(format!("{}: one revision is said twice", file.display()));
    }
    if straight == restarted { Ok(()) } else { Err(format!("{}: a restart changes it", file.display())) }
}

/// Whether the table that people read names the law and the departments of an alert. The order behind a zone is the
/// zone's own.
fn is_told_of(alert: &Alert) -> bool {
    let about = rules::about().find(|about| about.id == alert.rule.as_str()).unwrap();
    let basis = about.basis();
    let ordered = |b: &&Basis| !basis.contains(b) && alert.place.zone.is_some() && b.article.is_empty();
    alert.basis.iter().all(|cited| basis.contains(cited) || ordered(&cited))
        && alert.departments.iter().all(|department| about.departments().contains(department))
}

#[derive(Default)]
struct Story {
    rules: Vec<(String, HashMap<String, String>)>,
    vehicles: Vec<Vehicle>,
    drivers: Vec<Driver>,
    permits: Vec<Permit>,
    world: World,
    engine: Option<Engine>,
    crews: Option<Crews>,
    at: HashMap<TerminalId, (EventTime, f64, f64)>,
    alarm_id: u32,
}

impl Story {
    fn tell(text: &str, restarts: bool) -> Result<Vec<Alert>, String> {
        let mut story = Self::default();
        let mut all = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (told, expected) = line.split_once("->").unwrap_or((line, ""));
            let words: Vec<&str> = told.split_whitespace().collect();
            let mut out = Vec::new();
            let mut verdict = None;
            for (number, moment) in moments(words[0], &keys(&words)).iter().enumerate() {
                let rest = words.iter().skip(1).copied();
                // A place is where it begins.
                let rest = rest.filter(|word| number == 0 || !word.starts_with("x="));
                let words: Vec<&str> = std::iter::once(&**moment).chain(rest).collect();
                verdict = story.line(&words, restarts, &mut out);
            }
            compare(verdict, &out, expected).map_err(|why| format!("line {number}: {why}\n    {line}"))?;
            all.extend(out);
        }
        Ok(all)
    }

    fn line(&mut self, words: &[&str], restarts: bool, out: &mut Vec<Alert>) -> Option<String> {
        let keys = keys(words);
        match words[0] {
            "rule" => self.rules.push((words[1].to_owned(), keys)),
            "vehicle" => self.vehicle(words[1], &keys),
            "driver" => self.drivers.push(driver(words[1], &keys)),
            "permit" => self.permits.push(permit(words[1], &keys, &self.vehicles)),
            "road" => self.world.roads.push(road(words[1], &keys)),
            "division" => {
                self.world.divisions.push((words[1].parse().unwrap(), range(&keys, "x")));
            }
            "zone" => self.world.zones.push(zone(words[1], &keys)),
            "route" => {
                let number = |key: &str| keys.get(key).map_or(0.0, |value| value.parse().unwrap());
                let hours = keys.get("hours").map(|hours| DailyHours::parse(hours).unwrap());
                let stops = keys.get("stops").map(|x| x.split(',').map(|x| x.parse().unwrap()).collect());
                self.world.stops.push(stops.unwrap_or_default());
                self.world.routes.push((words[1].to_owned(), number("y"), number("half"), hours));
            }
            _ if ["reading", "reopen", "sighting"].contains(&words[1]) => {
                return Some(self.notice(words, &keys, restarts, out));
            }
            _ => return self.happens(words, &keys, restarts, out).map(verdict_name),
        }
        None
    }

    fn vehicle(&mut self, plate: &str, keys: &HashMap<String, String>) {
        let text = |key: &str| keys.get(key).cloned();
        let terminal = format!("1380000{:04}", self.vehicles.len() + 1);
        self.vehicles.push(Vehicle {
            terminal: TerminalId::parse(&text("terminal").unwrap_or(terminal)).unwrap(),
            plate: plate.to_owned(),
            plate_color: PlateColor::Yellow,
            class: keys["class"].parse().unwrap(),
            operator: text("operator").unwrap_or("OP001".to_owned()),
            division: text("division").unwrap_or("540102".to_owned()).parse().unwrap(),
            route: text("route"),
            hazmat_class: text("hazmat"),
            hazmat_un: text("un"),
            tunnel_code: text("code").map(|code| code.parse().unwrap()),
            tank: text("tank").map(|tank| tank == "yes"),
        });
    }

    fn happens(
        &mut self,
        words: &[&str],
        keys: &HashMap<String, String>,
        restarts: bool,
        out: &mut Vec<Alert>,
    ) -> Option<Verdict> {
        let event_at = time(words[0]);
        let lag = keys.get("lag").map(|lag| fleet::duration_text::parse(lag).unwrap());
        let received = keys.get("received").map_or(event_at.plus(lag.unwrap_or_default()), |text| time(text));
        let received = ReceiveTime::from_ms(received.ms());
        let named = self.vehicles.iter().find(|vehicle| vehicle.plate == words[1]);
        let (terminal, words) = match (named, words[1].strip_prefix("terminal=")) {
            (Some(vehicle), _) => (vehicle.terminal, &words[2..]),
            (None, Some(terminal)) => (TerminalId::parse(terminal).unwrap(), &words[2..]),
            (None, None) => (self.vehicles[0].terminal, &words[1..]),
        };
        let news = match words[0] {
            "fix" => News::Report(Box::new(self.report(terminal, event_at, words, keys))),
            "card" => News::Card(Card {
                at: event_at,
                certificate: words.get(2).map(|text| (*text).to_owned()),
                name: None,
                inserted: words[1] == "in",
            }),
            "register" => {
                News::Registration(Registration { plate: words[1].to_owned(), color: PlateColor::Yellow })
            }
            "quiet" => {
                self.engine(restarts).handle_timeout(received, out);
                self.crews(restarts).handle_timeout(received, out);
                return None;
            }
            other => panic!("{other} is nothing that happens"),
        };
        let observation = Observation { terminal, received, news };
        let engine = self.engine(restarts);
        engine.handle_timeout(received, out); // time passes for everyone, as in the fold
        let verdict = engine.handle_observation(&observation, out);
        let shifts = engine.shifts().to_vec();
        let crews = self.crews(restarts);
        for shift in &shifts {
            crews.handle_shift(received, shift, out);
        }
        Some(verdict)
    }

    fn ground(&self) -> (Arc<Rulebook>, Arc<Registry>, Arc<World>) {
        let registry = Registry::new(self.vehicles.clone(), self.drivers.clone(), Vec::new())
            .with_permits(self.permits.clone());
        let book = Arc::new(Rulebook::new(book(&self.rules), Vec::new(), "test-rules".to_owned()));
        (book, Arc::new(registry), Arc::new(self.world.clone()))
    }

    /// The accounts of drivers, made on first use; with `restarts`, from their own saved state each time.
    fn crews(&mut self, restarts: bool) -> &mut Crews {
        let state = match self.crews.take() {
            Some(crews) if !restarts => return self.crews.insert(crews),
            Some(crews) => {
                let saved = postcard::to_allocvec(crews.state()).unwrap();
                let state: CrewsState = postcard::from_bytes(&saved).unwrap();
                assert_eq!(&state, crews.state());
                state
            }
            None => CrewsState::default(),
        };
        let (book, registry, world) = self.ground();
        self.crews.insert(Crews::with_state(book, registry, world, state))
    }

    /// What no terminal sends.
    fn notice(
        &mut self,
        words: &[&str],
        keys: &HashMap<String, String>,
        restarts: bool,
        out: &mut Vec<Alert>,
    ) -> String {
        let received = ReceiveTime::from_ms(time(words[0]).ms());
        let at = keys.get("at").map_or(time(words[0]), |text| time(text));
        let number = |key: &str| keys.get(key).map_or(0.0, |value| value.parse::<f64>().unwrap());
        let notice = match words[1] {
            "reading" => Notice::Displacement {
                structure: words[2].to_owned(),
                at,
                displacement_mm: number("mm"),
                level: keys.get("level").map(|level| level.parse().unwrap()),
            },
            "reopen" => Notice::Reopen { structure: words[2].to_owned(), at, by: "duty".to_owned() },
            _ => Notice::Sighting {
                plate: words[2].to_owned(),
                color: PlateColor::Yellow,
                at,
                position: world::at(number("x"), number("y")),
                camera: "K1".to_owned(),
            },
        };
        format!("noticed {}", self.engine(restarts).handle_notice(received, &notice, out).as_str())
    }

    /// The engine, made on first use; with `restarts`, from its own saved state each time.
    fn engine(&mut self, restarts: bool) -> &mut Engine {
        let state = match self.engine.take() {
            Some(engine) if !restarts => return self.engine.insert(engine),
            Some(engine) => {
                let saved = postcard::to_allocvec(engine.state()).unwrap();
                let state: State = postcard::from_bytes(&saved).unwrap();
                assert_eq!(&state, engine.state());
                state
            }
            None => State::default(),
        };
        let (book, registry, world) = self.ground();
        let engine = Engine::with_state(book, registry, world, state);
        self.engine.insert(engine)
    }

    fn report(
        &mut self,
        terminal: TerminalId,
        at: EventTime,
        words: &[&str],
        keys: &HashMap<String, String>,
    ) -> Report {
        let number = |key: &str| keys.get(key).map(|value| value.parse::<f64>().unwrap());
        let speed_kmh = number("speed").unwrap_or(0.0);
        let (last_at, last_x, last_y) = self.at.get(&terminal).copied().unwrap_or((at, 0.0, 0.0));
        let rolled_m = speed_kmh / 3.6 * at.since(last_at).as_secs_f64();
        let rolled_m = number("step").unwrap_or(rolled_m);
        let (x, y) = (number("x").unwrap_or(last_x + rolled_m), number("y").unwrap_or(last_y));
        if at >= last_at && !words.contains(&"wild") {
            self.at.insert(terminal, (at, x, y));
        }
        let fix = Fix {
            at,
            position: world::at(x, y),
            altitude_m: 3650,
            speed: Speed::from_kmh(speed_kmh),
            heading: Some(Heading::from_deg(number("heading").map_or(90, |deg| deg as u16))),
        };
        let positioned = if words.contains(&"no-position") { Status(0) } else { Status::POSITIONED };
        self.alarm_id += 1;
        Report {
            fix,
            alarms: keys.get("alarm").map_or(Alarms(0), |text| alarms(text)),
            status: keys.iter().fold(positioned.with(Status::ACC_ON), status),
            odometer_tenth_km: number("odometer").map(|km| (km * 10.0) as u32),
            recorder_speed: number("recorder").map(Speed::from_kmh),
            safety: keys.get("event").map(|text| event(text, &fix, self.alarm_id)).into_iter().collect(),
            backfill: words.contains(&"backfill"),
        }
    }
}

fn keys(words: &[&str]) -> HashMap<String, String> {
    words
        .iter()
        .filter_map(|word| word.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.trim_end_matches("km/h").to_owned()))
        .collect()
}

/// The moments of a line: one, or with `every` and `until` many.
fn moments(word: &str, keys: &HashMap<String, String>) -> Vec<String> {
    let Some((every, until)) = keys.get("every").zip(keys.get("until")) else { return vec![word.to_owned()] };
    let (every, until) = (fleet::duration_text::parse(every).unwrap(), time(until));
    let first = time(word);
    std::iter::successors(Some(first), |at| Some(at.plus(every)).filter(|at| *at <= until))
        .map(|at| at.to_string()[8..19].to_owned())
        .collect()
}

/// `08:00:00` is the first of January 2026 in China, `2T08:00:00` the second.
fn time(text: &str) -> EventTime {
    let (day, clock) = text.split_once('T').unwrap_or(("1", text));
    if clock.contains('+') {
        return text.parse().unwrap();
    }
    format!("2026-01-{:0>2}T{clock}+08:00", day).parse().unwrap()
}

fn book(settings: &[(String, HashMap<String, String>)]) -> Book {
    let mut written = serde_json::to_value(Book::default()).unwrap();
    for rule in fleet::RULES {
        written[rule]["enabled"] = settings.iter().any(|(name, _)| name == rule).into();
    }
    for (rule, keys) in settings {
        for (key, value) in keys {
            let number = value.parse::<f64>().ok();
            let list = value.strip_prefix('[').and_then(|list| list.strip_suffix(']'));
            written[rule][key] = match (number, list) {
                (Some(number), _) if !["sightings", "home_digits"].contains(&key.as_str()) => number.into(),
                (Some(number), _) => (number as u64).into(),
                (None, Some(list)) => list.split(',').filter(|item| !item.is_empty()).collect(),
                (None, None) => value.parse::<bool>().map_or(value.as_str().into(), Into::into),
            };
        }
    }
    serde_json::from_value(written).unwrap()
}

fn driver(certificate: &str, keys: &HashMap<String, String>) -> Driver {
    Driver {
        certificate: certificate.to_owned(),
        name: "扎西".to_owned(),
        operator: keys.get("operator").cloned().unwrap_or("OP001".to_owned()),
        classes: classes(&keys["classes"]),
        valid_until: keys["until"].parse().unwrap(),
        role: keys.get("role").map_or(Role::Driver, |role| role.parse().unwrap()),
    }
}

fn classes(text: &str) -> Vec<VehicleClass> {
    text.split(',').map(|class| class.parse().unwrap()).collect()
}

fn range(keys: &HashMap<String, String>, key: &str) -> (f64, f64) {
    let (low, high) = keys[key].split_once("..").unwrap();
    (low.parse().unwrap(), high.parse().unwrap())
}

fn road(id: &str, keys: &HashMap<String, String>) -> (Road, Straight) {
    let limit = |(key, kmh): (&String, &String)| {
        let parts: Vec<&str> = key.strip_prefix("limit")?.split('.').skip(1).collect();
        let class = |part: &&str| part.parse::<VehicleClass>().ok();
        Some(PostedLimit {
            kmh: kmh.parse().unwrap(),
            along: parts.iter().find_map(|part| part.parse().ok()).unwrap_or(Along::Both),
            classes: parts.iter().filter_map(class).collect(),
            hours: parts.iter().find_map(|part| DailyHours::parse(part).ok()),
            wet: parts.contains(&"wet"),
        })
    };
    let text = |key: &str| keys.get(key).map(|text| text.as_str().into());
    let cautions = |text: &String| text.split(',').map(|caution| caution.parse().unwrap()).collect();
    let road = Road {
        id: id.into(),
        class: keys["class"].parse().unwrap(),
        open: keys.get("open").map_or(Along::Both, |open| open.parse().unwrap()),
        name: text("name"),
        reference: text("ref"),
        limits: keys.iter().filter_map(limit).collect(),
        lanes: keys.get("lanes").map(|lanes| lanes.parse().unwrap()),
        centre_line: keys.get("centre-line").map(|line| line == "yes"),
        structure: keys.get("structure").map(|structure| structure.parse().unwrap()),
        cautions: keys.get("cautions").map(cautions).unwrap_or_default(),
    };
    let winding = keys.get("winding").map_or(1.0, |winding| winding.parse().unwrap());
    (road, Straight { x: range(keys, "x"), y: keys["y"].parse().unwrap(), winding })
}

fn permit(number: &str, keys: &HashMap<String, String>, vehicles: &[Vehicle]) -> Permit {
    let vehicle = vehicles.iter().find(|vehicle| vehicle.plate == keys["plate"]).unwrap();
    Permit {
        permit: number.to_owned(),
        kind: keys["kind"].parse().unwrap(),
        terminal: vehicle.terminal,
        valid_from: keys["from"].parse().unwrap(),
        valid_until: keys["until"].parse().unwrap(),
        zone: keys.get("zone").cloned(),
        origin: keys.get("origin").map(|division| division.parse().unwrap()),
        destination: keys.get("destination").map(|division| division.parse().unwrap()),
    }
}

fn zone(id: &str, keys: &HashMap<String, String>) -> (fleet::Zone, Rectangle) {
    let mut zone = World::zone_named(id, keys["kind"].parse().unwrap());
    zone.approach_m = keys.get("approach").map(|m| m.parse().unwrap());
    zone.limit_kmh = keys.get("limit").map(|kmh| kmh.parse().unwrap());
    zone.classes = keys.get("classes").map(|text| classes(text)).unwrap_or_default();
    zone.hours = keys.get("hours").map(|text| DailyHours::parse(text).unwrap());
    let hazmat = |text: &String| text.split(',').map(str::to_owned).collect();
    zone.hazmat_classes = keys.get("hazmat").map(hazmat).unwrap_or_default();
    zone.hazmat_un = keys.get("un").map(hazmat).unwrap_or_default();
    zone.roads = keys.get("roads").map(hazmat).unwrap_or_default();
    zone.tunnel_category = keys.get("category").map(|category| category.parse().unwrap());
    zone.valid_from = keys.get("from").map(|at| at.parse().unwrap());
    zone.valid_until = keys.get("until").map(|at| at.parse().unwrap());
    zone.document = keys.get("document").cloned();
    zone.length_m = keys.get("length").map(|m| m.parse().unwrap());
    (zone, Rectangle { x: range(keys, "x"), y: range(keys, "y") })
}

fn alarms(text: &str) -> Alarms {
    text.split(',').fold(Alarms(0), |all, name| {
        all.with(match name {
            "sos" => Alarms::EMERGENCY,
            "gnss" => Alarms::GNSS_FAULT,
            "antenna" => Alarms::ANTENNA_CUT,
            "power" => Alarms::POWER_LOST,
            "collision" => Alarms::COLLISION,
            "rollover" => Alarms::ROLLOVER,
            "tts" => Alarms::TTS_FAULT,
            "camera" => Alarms::CAMERA_FAULT,
            "card-reader" => Alarms::CARD_READER_FAULT,
            "sensor" => Alarms::SPEED_SENSOR_FAULT,
            other => panic!("{other} is no alarm"),
        })
    })
}

/// `door=front`, `acc=off`, `load=half`; other keys say nothing of it.
fn status(all: Status, (key, value): (&String, &String)) -> Status {
    match (key.as_str(), value.as_str()) {
        ("acc", "off") => all.without(Status::ACC_ON),
        ("door", "front") => all.with(Status::DOOR_FRONT_OPEN),
        ("door", "driver") => all.with(Status::DOOR_DRIVER_OPEN),
        ("door", "rear") => all.with(Status::DOOR_REAR_OPEN),
        ("load", "half") => all.with(Status::LOAD_LOW),
        ("load", "full") => all.with(Status::LOAD_LOW).with(Status::LOAD_HIGH),
        ("acc" | "door" | "load", other) => panic!("{key} is never {other}"),
        _ => all,
    }
}

/// `phone:start:2`: code, phase, level.
fn event(text: &str, fix: &Fix, alarm_id: u32) -> SafetyEvent {
    let parts: Vec<&str> = text.split(':').collect();
    let code = match parts[0] {
        "fatigue" => SafetyCode::Fatigue { degree: 3 },
        "phone" => SafetyCode::Phone,
        "smoking" => SafetyCode::Smoking,
        "distraction" => SafetyCode::Distraction,
        "absent" => SafetyCode::Absent,
        "covered" => SafetyCode::CameraCovered,
        "overload" => SafetyCode::PassengerOverload,
        "tyre" => SafetyCode::Tyre,
        "forward" => SafetyCode::ForwardCollision,
        "lane" => SafetyCode::LaneDeparture,
        "headway" => SafetyCode::Headway,
        "pedestrian" => SafetyCode::Pedestrian,
        other => panic!("{other} is no event"),
    };
    let phase = match parts[1] {
        "start" => SafetyPhase::Start,
        "end" => SafetyPhase::End,
        _ => SafetyPhase::Moment,
    };
    SafetyEvent {
        code,
        alarm_id,
        phase,
        level: parts[2].parse().unwrap(),
        at: fix.at,
        position: fix.position,
        speed_kmh: 60,
        attachments: 0,
        dialect: Dialect::Jiangsu,
    }
}

/// What came out against what was told: `raised speeding speed=90; late`.
fn compare(verdict: Option<String>, out: &[Alert], expected: &str) -> Result<(), String> {
    let mut left = out.iter();
    for part in expected.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let words: Vec<&str> = part.split_whitespace().collect();
        if let Some(name) = verdict.as_ref().filter(|_| is_verdict(words[0])) {
            if name != part {
                return Err(format!("the verdict is {name}"));
            }
            continue;
        }
        let alert = left.next().ok_or_else(|| format!("{part} did not come out"))?;
        let shown = show(alert);
        let missing: Vec<&&str> = words
            .iter()
            .filter(|word| match word.strip_prefix("zh~") {
                Some(part) => !alert.title.zh.contains(part),
                None => !shown.split(' ').any(|have| have == word.trim_end_matches("km/h")),
            })
            .collect();
        if !missing.is_empty() {
            return Err(format!("{missing:?} is not in: {shown}"));
        }
    }
    left.next().map_or(Ok(()), |alert| Err(format!("nobody expected {}", show(alert))))
}

fn is_verdict(word: &str) -> bool {
    ["live", "late", "duplicate", "rejected", "no-position", "noticed"].contains(&word)
}

fn verdict_name(verdict: Verdict) -> String {
    match verdict {
        Verdict::Live => "live".to_owned(),
        Verdict::Late => "late".to_owned(),
        Verdict::Duplicate => "duplicate".to_owned(),
        Verdict::NoPosition => "no-position".to_owned(),
        Verdict::Other => "other".to_owned(),
        Verdict::Rejected(fault) => format!("rejected {}", fault.as_str()),
    }
}

/// An alert in the words of a scenario.
fn show(alert: &Alert) -> String {
    let clock = |at: EventTime| {
        let text = at.to_string();
        let (day, clock) = (&text[8..10], &text[11..19]);
        if day == "01" { clock.to_owned() } else { format!("{}T{clock}", day.trim_start_matches('0')) }
    };
    let kind = match alert.measure.kind {
        MeasureKind::Count => "count",
        MeasureKind::DistanceM => "distance",
        MeasureKind::DurationS => "duration",
        MeasureKind::Level => "level",
        MeasureKind::SpeedKmh => "speed",
    };
    let departments: Vec<&str> = alert.departments.iter().map(|d| d.as_str()).collect();
    let mut words = vec![
        alert.state.to_string(),
        alert.rule.to_string(),
        alert.severity.to_string(),
        format!("{kind}={}", (alert.measure.value * 10.0).round() / 10.0),
        format!("peak={}", (alert.measure.peak * 10.0).round() / 10.0),
        format!("started={}", clock(alert.started_at)),
        format!("lasted={}s", alert.lasted_s()),
        format!("revision={}", alert.revision),
        format!("positions={}", alert.evidence.positions.len()),
        format!("to={}", departments.join(",")),
        format!("plate={}", alert.vehicle.plate),
        format!("basis={}", alert.basis[0].document),
        format!("article={}", alert.basis[0].article),
        format!("laws={}", alert.basis.len()),
        format!("title={}", alert.title.zh.replace(' ', "_")),
        format!("title-en={}", alert.title.en.replace(' ', "_")),
        (if alert.late { "late=yes" } else { "late=no" }).to_owned(),
    ];
    words
        .extend(alert.basis.iter().skip(1).map(|basis| format!("also={}", basis.document.replace(' ', "_"))));
    words.extend(alert.measure.limit.map(|limit| format!("limit={}", (limit * 10.0).round() / 10.0)));
    words.extend(alert.ended_at.map(|ended_at| format!("ended={}", clock(ended_at))));
    words.extend(alert.place.zone.as_ref().map(|zone| format!("zone={}", zone.id)));
    words.extend(alert.place.road.as_ref().map(|road| format!("road={}", road.replace(' ', "_"))));
    words.extend(alert.evidence.limit.as_ref().map(|why| format!("why={}", why.source)));
    words.extend(alert.evidence.limit.as_ref().map(|why| format!("day={}", why.day_kmh)));
    words.extend(
        alert.evidence.limit.as_ref().filter(|why| !why.road_known).map(|_| "limit-unknown".to_owned()),
    );
    words.extend(alert.evidence.positions.first().map(|first| format!("first={}", clock(first.time))));
    words.extend(alert.evidence.confidence.map(|confidence| format!("confidence={confidence}")));
    words.extend(alert.driver.as_ref().map(|driver| format!("driver={}", driver.certificate)));
    words.push(format!("says={}", alert.title.en.replace(' ', "_")));
    words.join(" ")
}
