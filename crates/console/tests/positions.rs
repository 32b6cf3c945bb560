//! The feed of positions over real WebSockets: what a view shows, to whom, and when it ends.

#![allow(clippy::unwrap_used, reason = "a broken promise is a failed test")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use common::World;
use console::Console;
use fleet::{LonLat, TerminalId};
use futures_util::{SinkExt, StreamExt};
use ledger::Role;
use pipeline::LiveVehicle;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

const WAIT_MAX: Duration = Duration::from_secs(20);
const VEHICLES: usize = 30;
const TIBET: [f64; 4] = [78.0, 26.0, 99.0, 37.0];
const GONE: i32 = i32::MIN;

struct Desk {
    world: World,
    console: Console,
}

struct Map(WebSocketStream<TcpStream>);

#[derive(Debug)]
struct Point {
    lon_e7: i32,
    state: u8,
}

#[derive(Debug)]
enum Frame {
    Snapshot(BTreeMap<u32, Point>),
    Delta(BTreeMap<u32, Point>),
    /// Count, online permille, severity.
    Cells(Vec<(u32, u16, u8)>),
    Names(Value),
}

impl Desk {
    async fn start() -> Self {
        let world = World::new(VEHICLES);
        let console = Console::start("127.0.0.1:0".parse().unwrap(), world.parts(false)).await.unwrap();
        Self { world, console }
    }

    fn token(&self, role: Role) -> String {
        let operator = (role == Role::Operator).then_some("OP001");
        common::token(&self.world.ledger, role, operator)
    }

    async fn map(&self, role: Role) -> Map {
        let heads = [("Authorization", format!("Bearer {}", self.token(role))), protocol()];
        Map(connect(self.console.local_addr(), &heads).await.unwrap())
    }

    fn publish(&self, n: usize, change: impl FnOnce(&mut LiveVehicle)) {
        let mut word = (*self.world.live.vehicle(common::terminal(n)).unwrap()).clone();
        change(&mut word);
        self.world.live.publish_vehicle(word);
    }
}

fn protocol() -> (&'static str, String) {
    ("Sec-WebSocket-Protocol", "roadwarden.positions.v1".to_owned())
}

async fn connect(
    address: SocketAddr,
    heads: &[(&'static str, String)],
) -> Result<WebSocketStream<TcpStream>, Error> {
    let mut request = format!("ws://{address}/api/v1/live/positions").into_client_request().unwrap();
    for (name, value) in heads {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    let socket = TcpStream::connect(address).await.unwrap();
    let (socket, answer) = timeout(WAIT_MAX, client_async(request, socket)).await.unwrap()?;
    assert_eq!(answer.headers()["sec-websocket-protocol"], "roadwarden.positions.v1");
    Ok(socket)
}

async fn refusal(address: SocketAddr, heads: &[(&'static str, String)]) -> u16 {
    match connect(address, heads).await {
        Err(Error::Http(answer)) => answer.status().as_u16(),
        Err(other) => panic!("{other}"),
        Ok(_) => 101,
    }
}

impl Map {
    async fn ask(&mut self, view: Value) {
        self.0.send(Message::text(view.to_string())).await.unwrap();
    }

    async fn look(&mut self, bbox: [f64; 4], zoom: f64) {
        self.ask(json!({ "view": { "bbox": bbox, "zoom": zoom } })).await;
    }

    async fn next(&mut self) -> Frame {
        match timeout(WAIT_MAX, self.0.next()).await.unwrap().unwrap().unwrap() {
            Message::Binary(bytes) => read(&bytes),
            other => panic!("{other:?}"),
        }
    }

    async fn snapshot(&mut self) -> BTreeMap<u32, Point> {
        loop {
            if let Frame::Snapshot(points) = self.next().await {
                return points;
            }
        }
    }

    async fn names(&mut self) -> BTreeSet<TerminalId> {
        loop {
            if let Frame::Names(names) = self.next().await {
                let terminal = |name: &Value| TerminalId::parse(name["terminal"].as_str().unwrap()).unwrap();
                return names.as_object().unwrap().values().map(terminal).collect();
            }
        }
    }

    async fn cells(&mut self) -> Vec<(u32, u16, u8)> {
        loop {
            if let Frame::Cells(cells) = self.next().await {
                return cells;
            }
        }
    }

    /// Frames are passed over until one holds this slot.
    async fn change_of(&mut self, slot: u32) -> Point {
        loop {
            if let Frame::Delta(mut points) = self.next().await
                && let Some(point) = points.remove(&slot)
            {
                return point;
            }
        }
    }

    async fn end(&mut self) -> (u16, String) {
        timeout(WAIT_MAX, async {
            loop {
                match self.0.next().await.unwrap().unwrap() {
                    Message::Close(Some(close)) => return (close.code.into(), close.reason.to_string()),
                    Message::Binary(_) => {}
                    other => panic!("{other:?}"),
                }
            }
        })
        .await
        .unwrap()
    }
}

fn read(bytes: &[u8]) -> Frame {
    let u16_at = |at: usize| u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap());
    let u32_at = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let count = usize::try_from(u32_at(4)).unwrap();
    assert_eq!((bytes[1], u16_at(2)), (1, 0), "version and flags");
    let points = || {
        assert_eq!(bytes.len(), 16 + 20 * count);
        let at = |n: usize| 16 + 20 * n;
        (0..count)
            .map(|n| {
                (u32_at(at(n)), Point { lon_e7: u32_at(at(n) + 4).cast_signed(), state: bytes[at(n) + 19] })
            })
            .collect()
    };
    match bytes[0] {
        1 => Frame::Snapshot(points()),
        2 => Frame::Delta(points()),
        3 => {
            assert_eq!(bytes.len(), 16 + 16 * count);
            let cell = |n: usize| (u32_at(24 + 16 * n), u16_at(28 + 16 * n), bytes[30 + 16 * n]);
            Frame::Cells((0..count).map(cell).collect())
        }
        4 => {
            let names: Value = serde_json::from_slice(&bytes[16..]).unwrap();
            assert_eq!(names.as_object().unwrap().len(), count);
            Frame::Names(names)
        }
        other => panic!("kind {other}"),
    }
}

fn own() -> BTreeSet<TerminalId> {
    (0..VEHICLES).step_by(5).map(common::terminal).collect()
}

#[tokio::test]
async fn a_view_has_its_points_their_names_and_then_what_changes() {
    let desk = Desk::start().await;
    let mut map = desk.map(Role::Duty).await;
    map.look(TIBET, 9.0).await;
    let points = map.snapshot().await;
    assert_eq!(points.len(), VEHICLES);
    // One in nine has been silent for 50 minutes; half the others have something open.
    assert_eq!(points.values().filter(|point| point.state & 1 == 1).count(), 27);
    let Frame::Names(names) = map.next().await else { panic!("names follow") };
    let (slot, name) =
        names.as_object().unwrap().iter().find(|(_, name)| name["terminal"] == "13800000001").unwrap();
    let vehicle = common::vehicle(1);
    assert_eq!(
        name,
        &json!({ "terminal": "13800000001", "plate": vehicle.plate, "class": vehicle.class, "operator": "OP002" })
    );
    let slot: u32 = slot.parse().unwrap();
    assert_eq!(points[&slot].state >> 5, 2, "a truck with dangerous goods");
    assert_eq!(points[&slot].state >> 2 & 7, 4, "critical");

    desk.publish(1, |word| word.fix.as_mut().unwrap().position = LonLat::from_degrees(90.5, 30.0));
    assert_eq!(map.change_of(slot).await.lon_e7, 905_000_000);
    desk.publish(1, |word| word.fix.as_mut().unwrap().position = LonLat::from_degrees(116.4, 39.9));
    assert_eq!(map.change_of(slot).await.lon_e7, GONE, "it left the view");
    desk.publish(1, |word| word.fix.as_mut().unwrap().position = LonLat::from_degrees(90.5, 30.0));
    assert_eq!(map.change_of(slot).await.lon_e7, 905_000_000);
}

#[tokio::test]
async fn a_frame_comes_each_second_though_nothing_moves() {
    let desk = Desk::start().await;
    let mut map = desk.map(Role::Duty).await;
    map.look(TIBET, 9.0).await;
    map.names().await;
    for _ in 0..2 {
        assert!(matches!(map.next().await, Frame::Delta(points) if points.is_empty()));
    }
}

#[tokio::test]
async fn far_away_cells_are_sent_that_count_every_vehicle() {
    let desk = Desk::start().await;
    let mut map = desk.map(Role::Duty).await;
    map.look(TIBET, 6.5).await;
    let Frame::Cells(cells) = map.next().await else { panic!("cells") };
    assert!(cells.len() > 1);
    assert_eq!(cells.iter().map(|cell| cell.0).sum::<u32>(), 30);
    let online: f64 = cells.iter().map(|cell| f64::from(cell.0) * f64::from(cell.1) / 1000.0).sum();
    assert!((online - 27.0).abs() < 0.1, "{online}");
    assert_eq!(cells.iter().map(|cell| cell.2).max(), Some(4));

    map.ask(json!({ "view": { "bbox": TIBET, "zoom": 6.5 }, "raw": true, "operator": null })).await;
    assert_eq!(map.snapshot().await.len(), VEHICLES);
    map.look(TIBET, 6.5).await;
    assert_eq!(map.cells().await.iter().map(|cell| cell.0).sum::<u32>(), 30);
}

#[tokio::test]
async fn an_operator_sees_its_own_vehicles_only() {
    let desk = Desk::start().await;
    let mut map = desk.map(Role::Operator).await;
    map.look(TIBET, 9.0).await;
    assert_eq!(map.snapshot().await.len(), own().len());
    assert_eq!(map.names().await, own());
    // Not by asking for another's either.
    map.ask(json!({ "view": { "bbox": TIBET, "zoom": 9 }, "operator": "OP002" })).await;
    assert_eq!(map.snapshot().await.len(), 0);
    map.look(TIBET, 4.0).await;
    assert_eq!(map.cells().await.iter().map(|cell| cell.0).sum::<u32>(), 6);
    // Of what others do nothing is heard.
    map.look(TIBET, 9.0).await;
    let slots: BTreeSet<u32> = map.snapshot().await.into_keys().collect();
    desk.publish(1, |word| word.fix.as_mut().unwrap().position = LonLat::from_degrees(90.5, 30.0));
    desk.publish(5, |word| word.fix.as_mut().unwrap().position = LonLat::from_degrees(90.5, 30.0));
    loop {
        match map.next().await {
            Frame::Delta(points) if points.is_empty() => {}
            Frame::Delta(points) => {
                assert_eq!(points.len(), 1);
                assert!(points.keys().all(|slot| slots.contains(slot)));
                break;
            }
            other => assert!(matches!(other, Frame::Names(_))),
        }
    }
}

#[tokio::test]
async fn classes_and_operators_narrow_what_is_shown() {
    let desk = Desk::start().await;
    let mut map = desk.map(Role::Duty).await;
    map.ask(json!({ "view": { "bbox": TIBET, "zoom": 9 }, "classes": ["hazmat-truck", "school-bus"] })).await;
    let points = map.snapshot().await;
    let classes: BTreeSet<u8> = points.values().map(|point| point.state >> 5).collect();
    assert_eq!(classes, [2, 3].into());
    map.ask(json!({ "view": { "bbox": TIBET, "zoom": 9 }, "operator": "OP001" })).await;
    assert_eq!(map.snapshot().await.len(), own().len());
}

#[tokio::test]
async fn who_may_not_connect_is_refused_before_the_socket_opens() {
    let desk = Desk::start().await;
    let address = desk.console.local_addr();
    let bearer = ("Authorization", format!("Bearer {}", desk.token(Role::Duty)));
    let origin = |of: &str| ("Origin", format!("http://{of}"));
    let host = address.to_string();
    assert_eq!(refusal(address, &[protocol()]).await, 401);
    assert_eq!(refusal(address, &[bearer.clone(), protocol(), origin("elsewhere.example")]).await, 403);
    assert_eq!(refusal(address, &[bearer.clone(), protocol(), ("Origin", "null".to_owned())]).await, 403);
    assert_eq!(refusal(address, &[bearer.clone(), protocol(), origin(&host)]).await, 101);
    let proxied = ("X-Forwarded-Host", "Desk.example".to_owned());
    assert_eq!(refusal(address, &[bearer.clone(), protocol(), proxied, origin("desk.example")]).await, 101);
    let other = ("Sec-WebSocket-Protocol", "roadwarden.positions.v9".to_owned());
    assert_eq!(refusal(address, &[bearer.clone(), other]).await, 426);
    assert_eq!(refusal(address, &[bearer]).await, 426);
}

#[tokio::test]
async fn a_message_that_is_no_view_ends_the_feed_and_says_why() {
    let desk = Desk::start().await;
    let view = |bbox: [f64; 4]| json!({ "view": { "bbox": bbox, "zoom": 9 } }).to_string();
    let cases = [
        ("{}".to_owned(), 1008, "missing field `view` at line 1 column 2"),
        (view([0.0, 40.0, 1.0, 30.0]), 1008, "view/bbox: 40 to 30 are no latitudes from south to north"),
        (view([0.0, 0.0, 999.0, 1.0]), 1008, "view/bbox: 0 and 999 are no longitudes"),
        (
            json!({ "view": { "bbox": TIBET, "zoom": 9 }, "classes": ["tram"] }).to_string(),
            1008,
            "unknown variant `tram`, expected one of `scheduled-coach`",
        ),
        ("x".repeat(5000), 1009, "expected at most 4096 bytes"),
    ];
    for (message, code, reason) in cases {
        let mut map = desk.map(Role::Duty).await;
        map.0.send(Message::text(message)).await.unwrap();
        let end = map.end().await;
        assert!(end.0 == code && end.1.starts_with(reason), "{end:?}");
    }
}

#[tokio::test]
async fn sockets_are_counted_and_close_when_the_console_stops() {
    let desk = Desk::start().await;
    let heads = [("Authorization", format!("Bearer {}", desk.token(Role::Duty))), protocol()];
    let mut maps = Vec::new();
    for _ in 0..256 {
        maps.push(Map(connect(desk.console.local_addr(), &heads).await.unwrap()));
    }
    assert_eq!(refusal(desk.console.local_addr(), &heads).await, 503);
    desk.console.stop().await;
    assert_eq!(maps[0].end().await, (1001, "the server stops".to_owned()));
    assert_eq!(maps[255].end().await.0, 1001);
}

/// Binary messages that still come before the close with its code.
async fn frames_until_close(map: &mut Map) -> (usize, u16) {
    let mut frames = 0;
    timeout(WAIT_MAX, async {
        loop {
            match map.0.next().await.unwrap().unwrap() {
                Message::Close(Some(close)) => return (frames, close.code.into()),
                Message::Binary(_) => frames += 1,
                other => panic!("{other:?}"),
            }
        }
    })
    .await
    .unwrap()
}

type Ending = fn(&ledger::Ledger, &str);

/// CVE-2021-34434 is what happens without. Frames go out every second, and the credential is asked for by itself every
/// twenty: one that is on its way may still come, more may not.
#[tokio::test]
async fn what_ends_a_credential_closes_its_socket_before_the_next_frame() {
    let desk = Desk::start().await;
    let ledger = &desk.world.ledger;
    let endings: [(&str, Ending); 7] = [
        ("role", |ledger, _| {
            ledger
                .change_user(&ledger::Identity::new("duty", Role::Auditor), None, &common::author())
                .unwrap();
        }),
        ("scope", |ledger, _| {
            let narrow = ledger::Identity {
                divisions: vec!["99".into()],
                ..ledger::Identity::new("duty", Role::Duty)
            };
            ledger.change_user(&narrow, None, &common::author()).unwrap();
        }),
        ("removal", |ledger, _| assert!(ledger.remove_user("duty", &common::author()).unwrap())),
        ("password", |ledger, _| {
            ledger.set_password("duty", "another", "", &common::author()).unwrap();
        }),
        ("session", |ledger, secret| {
            let id = ledger::session_id(secret);
            assert!(ledger.revoke_session(&id, None, &common::author()).unwrap());
        }),
        ("sign-out", |ledger, secret| ledger.end_session(secret, &common::author()).unwrap()),
        ("everywhere", |ledger, _| {
            assert_eq!(ledger.end_all_sessions("duty", &common::author()).unwrap(), 1)
        }),
    ];
    for (what, end) in endings {
        common::user(ledger, "duty", "a password", Role::Duty);
        let (user, limits) = (ledger::Identity::new("duty", Role::Duty), ledger::SessionLimits::default());
        let secret =
            ledger.start_session(&user, &ledger::Origin::default(), limits, &common::author()).unwrap();
        let heads = [("Cookie", format!("roadwarden_session={secret}")), protocol()];
        let mut map = Map(connect(desk.console.local_addr(), &heads).await.unwrap());
        map.look(TIBET, 9.0).await;
        map.snapshot().await;
        end(ledger, &secret);
        let (frames, code) = frames_until_close(&mut map).await;
        assert!(frames <= 2 && code == 4401, "{what}: {frames} frames, {code}");
    }
    let mut map = desk.map(Role::Duty).await;
    map.look(TIBET, 9.0).await;
    map.snapshot().await;
    assert_eq!(ledger.revoke_tokens("duty", &common::author()).unwrap(), 1);
    let (frames, code) = frames_until_close(&mut map).await;
    assert!(frames <= 2 && code == 4401, "token: {frames} frames, {code}");
}

#[tokio::test]
async fn a_socket_shows_each_role_what_is_its_own() {
    let desk = Desk::start().await;
    for (role, shown) in [
        (Role::Duty, Some(VEHICLES)),
        (Role::Supervisor, Some(VEHICLES)),
        (Role::Police, Some(VEHICLES)),
        (Role::Analyst, Some(VEHICLES)),
        (Role::Admin, Some(VEHICLES)),
        (Role::Operator, Some(own().len())),
        (Role::Auditor, None),
        // Without a department nothing is addressed to it.
        (Role::Department, Some(0)),
    ] {
        let heads = [("Authorization", format!("Bearer {}", desk.token(role))), protocol()];
        match (shown, connect(desk.console.local_addr(), &heads).await) {
            (None, Err(Error::Http(answer))) => assert_eq!(answer.status().as_u16(), 403, "{role}"),
            (Some(count), Ok(socket)) => {
                let mut map = Map(socket);
                map.look(TIBET, 9.0).await;
                assert_eq!(map.snapshot().await.len(), count, "{role}");
            }
            (_, Err(error)) => panic!("{role}: {error}"),
            (None, Ok(_)) => panic!("{role} is let in"),
        }
    }
}
