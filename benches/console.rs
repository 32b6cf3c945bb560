//! How fast does the console answer over a million alerts while more come in, and what does the map of 100,000 vehicles cost?
//!
//! Asked over HTTP as pages do, in an open loop: a request is due when it is due, however long others take, and its time
//! counts from then. A writer records alerts and another stores positions meanwhile. CPU time is that of the server's threads.
//! Every answer is looked at. `LEDGER=DIR cargo bench --package benches --bench console` keeps what it fills and takes it
//! up again.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use benches::desk::{DAY_MS, DAYS, Desk, alert, clock, fill, place, server_cpu, truck, word};
use benches::vehicles::terminal;
use benches::{Numbers, is_measuring};
use fleet::EventTime;
use futures_util::{SinkExt, StreamExt};
use ledger::Query;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

/// How much of everything.
struct Size {
    alerts: usize,
    vehicles: u32,
    /// Requests in the open loop.
    requests: u64,
    /// Alerts and positions that come in meanwhile, a second.
    alerts_each_s: u32,
    positions_each_s: u32,
    /// Maps that are looked at, and for so long.
    maps: usize,
    watched: Duration,
}

const REQUESTS_EACH_S: u64 = 50;
/// Requests under way at a time; with more the loop would no longer be open.
const CLIENTS: u64 = 32;
const LIMIT: usize = 200;
/// What an inbox opens with.
const INBOX: &str = "handling=new&handling=acknowledged&handling=handling";

fn main() {
    let size = if is_measuring() {
        Size {
            alerts: 1_000_000,
            vehicles: 100_000,
            requests: 60 * REQUESTS_EACH_S,
            alerts_each_s: 200,
            positions_each_s: 10_000,
            maps: 20,
            watched: Duration::from_secs(20),
        }
    } else {
        Size {
            alerts: 3_000,
            vehicles: 500,
            requests: 2 * REQUESTS_EACH_S,
            alerts_each_s: 200,
            positions_each_s: 500,
            maps: 2,
            watched: Duration::from_secs(2),
        }
    };
    let made = tempfile::tempdir().expect("a directory");
    let dir = std::env::var("LEDGER").map_or_else(|_| made.path().to_owned(), Into::into);
    let started = Instant::now();
    fill(&dir, size.alerts, size.vehicles);
    let bytes = std::fs::metadata(dir.join("ledger.db")).map_or(0, |file| file.len());
    println!("{} alerts are there after {:.0?}, {} MB", size.alerts, started.elapsed(), bytes / 1_000_000);
    let desk = Desk::open(&dir, size.vehicles);
    statistics(&desk, &size);
    alone(&desk, &size);
    load(&desk, &size);
    maps(&desk, &size);
}

/// One after the other, twice each: the second finds in memory what the first read.
fn statistics(desk: &Desk, size: &Size) {
    let now = clock();
    let back = |days: i64| EventTime::from_ms(now.ms() - days * DAY_MS);
    let counted = |from: EventTime| {
        let query =
            Query { from: Some(from), to: Some(now.plus(Duration::from_secs(3600))), ..Query::default() };
        desk.ledger.count(&query, u64::MAX / 2).expect("a count")
    };
    for (days, by) in
        [(30, "rule"), (30, "day"), (30, "hour"), (30, "operator"), (30, "division"), (DAYS, "day")]
    {
        let from = EventTime::from_ms(back(days).ms() / 1000 * 1000);
        let at = from.to_string().replace('+', "%2B");
        let path = format!("/api/v1/stats/alerts?by={by}&from={at}");
        let answer = timed(desk, &format!("statistics by {by}, {days} days"), &path);
        let items = answer["items"].as_array().expect("items");
        let sum: u64 = items.iter().filter_map(|item| item["total"].as_u64()).sum();
        assert_eq!(sum, counted(from), "{path}");
    }
    let busiest = truck(0).terminal;
    let answer =
        timed(desk, "violations of the busiest vehicle", &format!("/api/v1/vehicles/{busiest}/violations"));
    assert!(
        answer["items"]
            .as_array()
            .expect("items")
            .iter()
            .all(|it| it["vehicle"]["terminal"] == busiest.as_str())
    );
    assert!(!answer["items"][0].is_null(), "it has some");
    let answer = timed(desk, "its dossier", &format!("/api/v1/vehicles/{busiest}/dossier"));
    assert_eq!(answer["subject"]["terminal"], busiest.as_str());
    let ordinary = truck(size.vehicles / 2).terminal;
    timed(desk, "violations of an ordinary one", &format!("/api/v1/vehicles/{ordinary}/violations"));
}

fn timed(desk: &Desk, name: &str, path: &str) -> Value {
    let mut said = String::new();
    let mut answer = Value::Null;
    for _ in 0..2 {
        let (cpu, at) = (server_cpu(), Instant::now());
        answer = desk.get(path).0;
        said += &format!("  {:.1?} ({:.1?} CPU)", at.elapsed(), server_cpu() - cpu);
    }
    println!("{name}:{said}");
    answer
}

/// Each kind of request by itself, one after the other.
fn alone(desk: &Desk, size: &Size) {
    let cursor = Mutex::new(None);
    let mut times: BTreeMap<&str, (Vec<Duration>, Duration)> = BTreeMap::new();
    for number in 0..if is_measuring() { 300 } else { 20 } {
        let (before, at) = (server_cpu(), Instant::now());
        let kind = ask(desk, size, number, &cursor);
        let (took, cpu) = times.entry(kind).or_default();
        took.push(at.elapsed());
        *cpu += server_cpu() - before;
    }
    for (kind, (mut took, cpu)) in times {
        let each = cpu / u32::try_from(took.len()).expect("some");
        println!("{kind}, alone: {}; {each:.1?} of CPU each", quantiles(&mut took));
    }
}

/// What people at some desks ask, all at once.
fn load(desk: &Desk, size: &Size) {
    let (next, done) = (AtomicU64::new(0), AtomicBool::new(false));
    let cursor = Mutex::new(None);
    let times: Mutex<BTreeMap<&str, Vec<Duration>>> = Mutex::default();
    let before = server_cpu();
    let start = Instant::now() + Duration::from_millis(100);
    thread::scope(|scope| {
        scope.spawn(|| record(desk, size, &done));
        scope.spawn(|| store(desk, size, &done));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(|| {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= size.requests {
                            return;
                        }
                        let due = start + Duration::from_micros(number * 1_000_000 / REQUESTS_EACH_S);
                        sleep(due.saturating_duration_since(Instant::now()));
                        let kind = ask(desk, size, number, &cursor);
                        times.lock().expect("whole").entry(kind).or_default().push(due.elapsed());
                    }
                })
            })
            .collect();
        let ended: Vec<_> = clients.into_iter().map(thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::Relaxed);
        assert!(ended.iter().all(Result::is_ok), "an answer is wrong or did not come");
    });
    let cpu = server_cpu() - before;
    let mut all = Vec::new();
    for (kind, mut took) in times.into_inner().expect("whole") {
        all.extend(took.iter().copied());
        println!("{kind}: {}", quantiles(&mut took));
    }
    let requests = u32::try_from(size.requests).expect("some thousand");
    println!(
        "all {requests}, {REQUESTS_EACH_S} a second beside {} alerts and {} positions: {}; {:.1?} of CPU each, positions included",
        size.alerts_each_s,
        size.positions_each_s,
        quantiles(&mut all),
        cpu / requests
    );
}

fn quantiles(took: &mut [Duration]) -> String {
    took.sort_unstable();
    let at = |permille: usize| took[(took.len() - 1) * permille / 1000];
    format!("p50 {:.1?}, p99 {:.1?}, most {:.1?}", at(500), at(990), at(1000))
}

/// A page that holds something, and nothing but what was asked for.
fn each(page: &Value, is_right: &dyn Fn(&Value) -> bool) {
    let items = page["items"].as_array().expect("items");
    assert!(!items.is_empty() && items.iter().all(is_right), "{page}");
}

fn newest_first(page: &Value) {
    let items = page["items"].as_array().expect("items");
    let times: Vec<_> = items.iter().filter_map(|item| item["raised_at"].as_str()).collect();
    assert!(!times.is_empty() && times.is_sorted_by(|a, b| a >= b), "{times:?}");
}

/// One request, its answer looked at; says of which kind it was.
fn ask(desk: &Desk, size: &Size, number: u64, cursor: &Mutex<Option<String>>) -> &'static str {
    let list = |query: &str| desk.get(&format!("/api/v1/alerts?limit={LIMIT}&{query}")).0;
    let vehicle = truck(u32::try_from(number * 37 % u64::from(size.vehicles / 4)).expect("a vehicle"));
    match number % 10 {
        0 => {
            let page = list(&format!("{INBOX}&count=true"));
            newest_first(&page);
            assert!(page["count"].as_u64() > Some(0));
            *cursor.lock().expect("whole") = page["next"].as_str().map(str::to_owned);
            "inbox, counted"
        }
        1 => {
            newest_first(&list(""));
            "first page"
        }
        2 => {
            each(&list("severity=critical"), &|item| item["severity"] == "critical");
            "one severity"
        }
        3 => {
            let rule = ["speeding", "night-ban", "sos"][usize::try_from(number / 10 % 3).expect("three")];
            each(&list(&format!("rule={rule}")), &|item| item["rule"] == rule);
            "one rule"
        }
        4 => {
            let part = &vehicle.plate[vehicle.plate.len() - 5..];
            let holds =
                |item: &Value, key: &str| item["vehicle"][key].as_str().is_some_and(|it| it.contains(part));
            each(&list(&format!("q={part}")), &|item| holds(item, "plate") || holds(item, "terminal"));
            "part of a plate"
        }
        5 => {
            let cursor = cursor.lock().expect("whole").clone();
            newest_first(&list(&format!("{INBOX}&cursor={}", cursor.unwrap_or_default())));
            "next page"
        }
        6 => {
            let page = desk.get("/api/v1/alerts?limit=1&count=true").0;
            let known = u64::try_from(size.alerts).expect("fits").min(10_000);
            assert!(page["count"].as_u64() >= Some(known), "{page}");
            "a count"
        }
        7 => {
            let tally = desk.get(&format!("/api/v1/alerts/summary?{INBOX}")).0;
            assert!(tally["by_rule"]["speeding"].as_u64() > Some(0), "{tally}");
            "summary"
        }
        8 => {
            let page = desk.get(&format!("/api/v1/vehicles/{}/violations", vehicle.terminal)).0;
            each(&page, &|item| item["vehicle"]["plate"] == vehicle.plate);
            "violations"
        }
        _ => {
            each(&list(&format!("operator={}&sort=severity", vehicle.operator)), &|item| {
                item["vehicle"]["operator"] == vehicle.operator
            });
            "one operator, by severity"
        }
    }
}

/// More alerts, twenty times a second, as the pipeline would.
fn record(desk: &Desk, size: &Size, done: &AtomicBool) {
    let mut numbers = Numbers::new(7);
    let mut turn = Turn::new(20);
    while !done.load(Ordering::Relaxed) {
        let alerts: Vec<_> = (0..size.alerts_each_s / 20)
            .map(|_| std::sync::Arc::new(alert(&mut numbers, size.vehicles, clock(), true)))
            .collect();
        desk.ledger.record(&alerts).expect("recorded");
        alerts.into_iter().for_each(|alert| desk.live.publish_alert(alert));
        turn.wait();
    }
}

/// Positions go into the history and onto the map.
fn store(desk: &Desk, size: &Size, done: &AtomicBool) {
    let mut turn = Turn::new(100);
    let mut numbers = (0..size.vehicles).cycle();
    while !done.load(Ordering::Relaxed) {
        let now = clock();
        for number in numbers.by_ref().take(size.positions_each_s as usize / 100) {
            desk.history.append(terminal(number), &place(number, now));
            desk.live.publish_vehicle(word(number, now));
        }
        turn.wait();
    }
    desk.history.flush().expect("stored");
}

/// So many turns a second.
struct Turn {
    every: Duration,
    due: Instant,
}

impl Turn {
    fn new(each_s: u32) -> Self {
        Self { every: Duration::from_secs(1) / each_s, due: Instant::now() }
    }

    fn wait(&mut self) {
        self.due += self.every;
        sleep(self.due.saturating_duration_since(Instant::now()));
    }
}

const ALL_OF_TIBET: [f64; 4] = [78.0, 26.0, 100.0, 37.0];
const LHASA: [f64; 4] = [90.6, 29.3, 91.6, 30.1];

/// What the server works for maps, beside folding the same positions without any.
fn maps(desk: &Desk, size: &Size) {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| store(desk, size, &done));
        sleep(Duration::from_secs(1));
        let before = server_cpu();
        sleep(size.watched);
        let fold = (server_cpu() - before).as_secs_f64() / size.watched.as_secs_f64();
        println!(
            "{} positions a second and no map: {:.1} ms of CPU a second",
            size.positions_each_s,
            fold * 1e3
        );
        let views = [
            ("every vehicle", json!({ "view": { "bbox": ALL_OF_TIBET, "zoom": 6.0 }, "raw": true })),
            ("a city", json!({ "view": { "bbox": LHASA, "zoom": 10.0 } })),
            ("cells of the country", json!({ "view": { "bbox": ALL_OF_TIBET, "zoom": 5.0 } })),
        ];
        for (name, view) in views {
            watch(desk, size, (name, &view), fold);
        }
        done.store(true, Ordering::Relaxed);
    });
}

/// Some maps with one view: their first frames, then what comes each second.
fn watch(desk: &Desk, size: &Size, (name, view): (&str, &Value), fold: f64) {
    // Its one thread is this one, whose CPU time is not the server's.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let maps = f64::from(u32::try_from(size.maps).expect("some"));
    runtime.block_on(async {
        let mut sockets = Vec::new();
        let (before, at) = (server_cpu(), Instant::now());
        let mut first = Frames::default();
        for _ in 0..size.maps {
            let mut socket = open(desk).await;
            socket.send(Message::text(view.to_string())).await.expect("it listens");
            first.take(&socket.next().await.expect("a frame").expect("whole"));
            sockets.push(socket);
        }
        let fold_meanwhile = fold * at.elapsed().as_secs_f64();
        let opened = ((server_cpu() - before).as_secs_f64() - fold_meanwhile) / maps;
        // Names follow the first picture for some seconds.
        drain(&mut sockets, Duration::from_secs(if is_measuring() { 22 } else { 1 })).await;
        let before = server_cpu();
        let frames = drain(&mut sockets, size.watched).await;
        let each = ((server_cpu() - before).as_secs_f64() / size.watched.as_secs_f64() - fold) / maps;
        assert!(first.records > 0, "{name}: nothing to see");
        assert!(frames.count > 0 && frames.records > 0, "{name}: nothing moves");
        println!(
            "{name}, {maps} maps: opened with {} kB and {} records in {:.2} ms of CPU; then {:.2} ms of CPU a second each, {} kB and {} records a frame",
            first.bytes / size.maps / 1000,
            first.records / size.maps,
            opened * 1e3,
            each * 1e3,
            frames.bytes / frames.count / 1000,
            frames.records / frames.count,
        );
    });
}

/// What came.
#[derive(Default)]
struct Frames {
    count: usize,
    bytes: usize,
    records: usize,
}

impl Frames {
    fn take(&mut self, message: &Message) {
        let Message::Binary(bytes) = message else { panic!("no frame: {message:?}") };
        let [kind, 1, _, _, a, b, c, d, ..] = bytes[..] else { panic!("no frame of version 1") };
        assert!((1..=4).contains(&kind), "kind {kind}");
        self.count += 1;
        self.bytes += bytes.len();
        self.records += u32::from_le_bytes([a, b, c, d]) as usize;
    }
}

type Socket = WebSocketStream<TcpStream>;

async fn open(desk: &Desk) -> Socket {
    let mut request =
        format!("ws://{}/api/v1/live/positions", desk.address).into_client_request().expect("an address");
    let heads = request.headers_mut();
    heads.insert("authorization", format!("Bearer {}", desk.token).parse().expect("a token"));
    heads.insert("sec-websocket-protocol", "roadwarden.positions.v1".parse().expect("a name"));
    let socket = TcpStream::connect(desk.address).await.expect("it listens");
    client_async(request, socket).await.expect("it agrees").0
}

async fn drain(sockets: &mut [Socket], time: Duration) -> Frames {
    let until = tokio::time::Instant::now() + time;
    let reads = sockets.iter_mut().map(|socket| async move {
        let mut frames = Frames::default();
        while let Ok(message) = tokio::time::timeout_at(until, socket.next()).await {
            frames.take(&message.expect("it goes on").expect("whole"));
        }
        frames
    });
    let all = futures_util::future::join_all(reads).await;
    all.into_iter().fold(Frames::default(), |sum, frames| Frames {
        count: sum.count + frames.count,
        bytes: sum.bytes + frames.bytes,
        records: sum.records + frames.records,
    })
}
