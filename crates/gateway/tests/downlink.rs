//! Commands from the ledger's queue to a terminal's socket and back, over every way it can go.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod site;

use std::time::Duration;

use gateway::Options;
use ledger::{CommandId, CommandRecord, CommandState, Ledger, NewCommand, Via};
use serde_json::{Value, json};
use session::{Command, DriverText};
use tokio::net::UdpSocket;
use tokio::sync::broadcast::Receiver;
use tokio::time::timeout;

use crate::site::{Client, LOCATION, Site, frame, now, options, report, terminal};

/// Nothing here takes so long unless it never happens.
const PATIENCE: Duration = Duration::from_secs(20);

fn queue(ledger: &Ledger, number: u64, command: &Command) -> CommandId {
    queue_for(ledger, number, serde_json::to_value(command).unwrap(), Duration::from_secs(3_600))
}

fn queue_for(ledger: &Ledger, number: u64, command: Value, lasts: Duration) -> CommandId {
    let new = NewCommand {
        terminal: terminal(number),
        command,
        by: "duty".into(),
        via: Via::Console,
        lasts,
        request_key: None,
    };
    ledger.queue_command(&new, now()).unwrap().id
}

fn text(text: &str) -> Command {
    Command::Text(DriverText::new(text))
}

/// Waits for the next change of a command into a state.
async fn comes_to(
    changes: &mut Receiver<CommandRecord>,
    id: CommandId,
    state: CommandState,
) -> CommandRecord {
    loop {
        let change = timeout(PATIENCE, changes.recv()).await.unwrap_or_else(|_| panic!("never {state}"));
        let record = change.unwrap();
        if record.id == id && record.state == state {
            return record;
        }
    }
}

/// The states a command has gone through, as the audit log tells them.
fn story(ledger: &Ledger, id: CommandId) -> Vec<String> {
    let mut rows = ledger.audit_log(1_000).unwrap();
    rows.reverse();
    let own = rows.into_iter().filter(|row| row.subject == id.to_string());
    own.map(|row| row.action.trim_start_matches("command-").to_owned()).collect()
}

/// Logs a terminal in with a heartbeat.
async fn log_in(site: &Site, number: u64) -> Client {
    let mut client = site.connect().await;
    client.write(&frame(number, 0x0002, 1, &[])).await;
    assert_eq!(client.acknowledgement().await, Some((number, 1, 0x0002, 0)));
    client
}

/// The next command a terminal gets: id, serial, body.
async fn asked(client: &mut Client) -> (u16, u16, Vec<u8>) {
    let (id, _, serial, body) = client.frame().await.unwrap();
    (id, serial, body)
}

async fn answer(client: &mut Client, number: u64, serial: u16, id: u16, result: u8) {
    let [[s1, s2], [i1, i2]] = [serial.to_be_bytes(), id.to_be_bytes()];
    client.write(&frame(number, 0x0001, 2, &[s1, s2, i1, i2, result])).await;
}

fn reason(record: &CommandRecord) -> &str {
    record.reason.as_ref().map_or("", |reason| reason.en.as_str())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_waits_for_its_terminal_and_is_acknowledged() {
    let site = Site::start("queued", |_, _| {}).await;
    let mut changes = site.ledger.subscribe_commands();
    let id = queue(&site.ledger, 1, &text("前方限速"));
    let mut client = log_in(&site, 1).await;
    let (message, serial, body) = asked(&mut client).await;
    assert_eq!((message, body), (0x8300, [&[8][..], &jt808::encode_text("前方限速")].concat()));
    // Before its bytes left it was on disk that they would.
    assert_eq!(site.ledger.command(id).unwrap().unwrap().state, CommandState::Sent);
    assert_eq!(site.metric("roadwarden_commands"), 1.0);
    answer(&mut client, 1, serial, message, 0).await;
    let done = comes_to(&mut changes, id, CommandState::Acknowledged).await;
    assert_eq!((done.attempts, done.serial, done.result, &done.answer), (1, Some(serial), Some(0), &None));
    assert_eq!(story(&site.ledger, id), ["queued", "sent", "acknowledged"]);
    assert_eq!(site.metric("roadwarden_commands"), 0.0);
    assert_eq!(site.metric("roadwarden_commands_ended_total"), 1.0);
    // One that is there already gets it at once.
    let id = queue(&site.ledger, 1, &text("慢行"));
    let (message, serial, _) = asked(&mut client).await;
    answer(&mut client, 1, serial, message, 0).await;
    comes_to(&mut changes, id, CommandState::Acknowledged).await;
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_leave_in_order_and_only_a_few_at_a_time() {
    let site = Site::start("order", |_, _| {}).await;
    let texts: Vec<String> = (0..10).map(|n| n.to_string()).collect();
    for each in &texts {
        queue(&site.ledger, 1, &text(each));
    }
    let mut client = log_in(&site, 1).await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(asked(&mut client).await);
    }
    assert_eq!(site.ledger.sent_commands().unwrap().len(), 4);
    for at in 0..10 {
        let (message, serial, _) = seen[at];
        answer(&mut client, 1, serial, message, 0).await;
        if seen.len() < 10 {
            seen.push(asked(&mut client).await);
        }
    }
    let bodies: Vec<String> =
        seen.into_iter().map(|(_, _, body)| String::from_utf8(body[1..].to_vec()).unwrap()).collect();
    assert_eq!(bodies, texts);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_terminal_tells_is_kept_with_the_command() {
    let site = Site::start("answers", |_, _| {}).await;
    let mut changes = site.ledger.subscribe_commands();
    let mut client = log_in(&site, 1).await;
    let id = queue(&site.ledger, 1, &Command::QueryParameters);
    let (message, serial, _) = asked(&mut client).await;
    assert_eq!(message, 0x8104);
    let parameters = [0, 1, 0, 0, 0, 0x55, 4, 0, 0, 0, 80];
    let [high, low] = serial.to_be_bytes();
    client.write(&frame(1, 0x0104, 3, &[&[high, low, 1][..], &parameters[2..]].concat())).await;
    let told = comes_to(&mut changes, id, CommandState::Acknowledged).await.answer.unwrap();
    let parameters = json!([{ "id": "0055 最高速度", "length": 4, "max_speed_kmh": 80 }]);
    assert_eq!((&told["id"], &told["body"]["parameters"]), (&json!("0104"), &parameters));

    let id = queue(&site.ledger, 1, &Command::QueryLocation);
    let (message, serial, _) = asked(&mut client).await;
    assert_eq!(message, 0x8201);
    client.write(&frame(1, 0x0201, 4, &[&serial.to_be_bytes()[..], &LOCATION].concat())).await;
    let told = comes_to(&mut changes, id, CommandState::Acknowledged).await.answer.unwrap();
    let body = &told["body"];
    assert_eq!(
        (&told["id"], &body["speed_kmh"], &body["heading_deg"]),
        (&json!("0201"), &json!(60.0), &json!(90))
    );
    assert_eq!((&body["lon"], &body["time"]), (&json!(91.131168), &json!("2026-01-01T08:00:00+08:00")));

    let id = queue(&site.ledger, 1, &Command::QueryProperties);
    let (message, ..) = asked(&mut client).await;
    assert_eq!(message, 0x8107);
    let mut attributes = vec![0, 7];
    attributes.extend(
        [&b"MAKER"[..], b"MODEL-1", &[0; 13], b"TERM-01", &[0x89; 10], b"\x02H1\x02F1", &[3, 32]].concat(),
    );
    client.write(&frame(1, 0x0107, 5, &attributes)).await;
    let told = comes_to(&mut changes, id, CommandState::Acknowledged).await.answer.unwrap();
    assert_eq!((&told["body"]["hardware"], &told["body"]["gnss"]), (&json!("H1"), &json!(3)));
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_ends_a_command_with_its_meaning() {
    let site = Site::start("refused", |_, _| {}).await;
    let mut changes = site.ledger.subscribe_commands();
    let mut client = log_in(&site, 1).await;
    for (result, meaning) in [
        (1, "the terminal could not do it"),
        (2, "the terminal finds the message wrong"),
        (3, "the terminal does not support it"),
        (9, "the terminal's result is 9"),
    ] {
        let id = queue(&site.ledger, 1, &text("a"));
        let (message, serial, _) = asked(&mut client).await;
        answer(&mut client, 1, serial, message, result).await;
        let failed = comes_to(&mut changes, id, CommandState::Failed).await;
        assert_eq!((failed.result, reason(&failed)), (Some(result), meaning));
    }
    let id = queue_for(&site.ledger, 1, json!({ "kind": "of-tomorrow" }), PATIENCE);
    let failed = comes_to(&mut changes, id, CommandState::Failed).await;
    assert_eq!(reason(&failed), "this version does not know the command");
    let id = queue(&site.ledger, 1, &text(&"慢".repeat(40_000)));
    let failed = comes_to(&mut changes, id, CommandState::Failed).await;
    assert_eq!(reason(&failed), "the message is longer than 64 packages of 1,023 bytes");
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_sends_it_again_and_not_for_ever() {
    let site = Site::start("lost", |_, _| {}).await;
    let mut changes = site.ledger.subscribe_commands();
    let id = queue(&site.ledger, 1, &text("a"));
    for attempt in 1..=4 {
        let mut client = log_in(&site, 1).await;
        assert_eq!(asked(&mut client).await.0, 0x8300);
        drop(client);
        let requeued = loop {
            let record = comes_to(&mut changes, id, CommandState::Queued).await;
            if record.attempts > 0 {
                break record;
            }
        };
        assert_eq!(
            (requeued.attempts, reason(&requeued)),
            (attempt, "the connection ended before the terminal answered")
        );
    }
    let mut client = log_in(&site, 1).await;
    asked(&mut client).await;
    drop(client);
    assert_eq!(comes_to(&mut changes, id, CommandState::TimedOut).await.attempts, 5);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_connection_gets_what_the_old_one_left_unanswered() {
    let site = Site::start("newer", |_, _| {}).await;
    let mut changes = site.ledger.subscribe_commands();
    // A relay: its connection goes on when one of its terminals has left it.
    let mut relay = site.connect().await;
    relay.write(&[report(1, 1), report(2, 1)].concat()).await;
    for _ in 0..2 {
        relay.acknowledgement().await.unwrap();
    }
    let id = queue(&site.ledger, 2, &text("a"));
    assert_eq!(asked(&mut relay).await.0, 0x8300);
    let mut own = log_in(&site, 2).await;
    let (message, serial, _) = asked(&mut own).await;
    answer(&mut own, 2, serial, message, 0).await;
    assert_eq!(comes_to(&mut changes, id, CommandState::Acknowledged).await.attempts, 2);
    assert_eq!(story(&site.ledger, id), ["queued", "sent", "queued", "sent", "acknowledged"]);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_sends_it_again_and_then_gives_up() {
    let site = Site::start("silence", |options, _| options.command_timeout = Duration::from_millis(50)).await;
    let mut changes = site.ledger.subscribe_commands();
    let mut client = log_in(&site, 1).await;
    let id = queue(&site.ledger, 1, &text("a"));
    for _ in 0..5 {
        assert_eq!(asked(&mut client).await.0, 0x8300);
    }
    let given_up = comes_to(&mut changes, id, CommandState::TimedOut).await;
    assert_eq!((given_up.attempts, reason(&given_up)), (5, "the terminal did not answer in time"));
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_came_for_expires() {
    let site = Site::start("expired", |_, _| {}).await;
    let mut changes = site.ledger.subscribe_commands();
    let command = serde_json::to_value(text("a")).unwrap();
    let id = queue_for(&site.ledger, 1, command, Duration::from_millis(1));
    let expired = comes_to(&mut changes, id, CommandState::TimedOut).await;
    assert_eq!(
        (expired.attempts, reason(&expired)),
        (0, "the terminal did not come within the command's time")
    );
    let mut client = log_in(&site, 1).await;
    let id = queue(&site.ledger, 1, &text("b"));
    assert_eq!(asked(&mut client).await.2, b"\x08b");
    assert_eq!(story(&site.ledger, id), ["queued", "sent"]);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_command_never_leaves() {
    let site = Site::start("cancelled", |_, _| {}).await;
    let id = queue(&site.ledger, 1, &text("a"));
    site.ledger.cancel_command(id, "duty", Via::Console, now()).unwrap();
    queue(&site.ledger, 1, &text("b"));
    let mut client = log_in(&site, 1).await;
    assert_eq!(asked(&mut client).await.2, b"\x08b");
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_and_a_crash_leave_nothing_unanswered_for_ever() {
    let site = Site::start("restart", |_, _| {}).await;
    let stopped = queue(&site.ledger, 1, &text("stopped"));
    let mut client = log_in(&site, 1).await;
    asked(&mut client).await;
    let mut crashed = None;
    let site = site
        .restart(options(), |ledger| {
            // The stop has put it back; a crash right after a send leaves this.
            assert_eq!(ledger.command(stopped).unwrap().unwrap().state, CommandState::Queued);
            let unreadable = queue_for(ledger, 2, json!({ "kind": "of-tomorrow" }), PATIENCE);
            let text = queue(ledger, 2, &text("crashed"));
            assert_eq!(ledger.take_commands(&[(terminal(2), 9)], now()).unwrap().len(), 2);
            crashed = Some((unreadable, text));
        })
        .await;
    let (unreadable, crashed) = crashed.unwrap();
    // What is not known to be repeatable is not repeated.
    let ended = site.ledger.command(unreadable).unwrap().unwrap();
    assert_eq!(
        (ended.state, reason(&ended)),
        (CommandState::TimedOut, "the service stopped before the terminal answered")
    );
    for (number, id, body) in [(1, stopped, "stopped"), (2, crashed, "crashed")] {
        let mut changes = site.ledger.subscribe_commands();
        let mut client = log_in(&site, number).await;
        let (message, serial, sent) = asked(&mut client).await;
        assert_eq!(sent, [b"\x08", body.as_bytes()].concat());
        answer(&mut client, number, serial, message, 0).await;
        assert_eq!(comes_to(&mut changes, id, CommandState::Acknowledged).await.attempts, 2);
        assert_eq!(story(&site.ledger, id), ["queued", "sent", "queued", "sent", "acknowledged"]);
    }
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_registers_gets_its_commands_once_it_has_authenticated() {
    let site = Site::start("registers", |_, _| {}).await;
    let (mut client, mut other) = (site.connect().await, log_in(&site, 2).await);
    client.write(&frame(1, 0x0100, 1, &[b'0'; 44])).await;
    let (id, _, _, code) = client.frame().await.unwrap();
    assert_eq!(id, 0x8100);
    let command = queue(&site.ledger, 1, &text("a"));
    // Once the other's later one has left, the sender has passed over the first.
    queue(&site.ledger, 2, &text("b"));
    assert_eq!(asked(&mut other).await.0, 0x8300);
    assert_eq!(story(&site.ledger, command), ["queued"]);
    client.write(&frame(1, 0x0102, 2, &code[3..])).await;
    assert_eq!(client.acknowledgement().await, Some((1, 2, 0x0102, 0)));
    assert_eq!(asked(&mut client).await.0, 0x8300);
    assert_eq!(story(&site.ledger, command), ["queued", "sent"]);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_with_many_terminals_is_not_flooded() {
    let site = Site::start("flood", |_, _| {}).await;
    let mut changes = site.ledger.subscribe_commands();
    for number in 1..=50 {
        queue(&site.ledger, number, &text("a"));
    }
    let mut relay = site.connect().await;
    relay.write(&(1..=50).flat_map(|number| frame(number, 0x0002, 1, &[])).collect::<Vec<u8>>()).await;
    let mut asked = Vec::new();
    while asked.len() < 32 {
        let (id, number, serial, _) = relay.frame().await.unwrap();
        asked.extend((id == 0x8300).then_some((number, serial)));
    }
    assert_eq!(site.ledger.sent_commands().unwrap().len(), 32);
    for answered in 0..50 {
        let (number, serial) = asked[answered];
        answer(&mut relay, number, serial, 0x8300, 0).await;
        if asked.len() < 50 {
            let (_, number, serial, _) = relay.frame().await.unwrap();
            asked.push((number, serial));
        }
    }
    let mut done = 0;
    while done < 50 {
        let record = timeout(PATIENCE, changes.recv()).await.unwrap().unwrap();
        assert!(record.attempts <= 1, "{record:?}");
        done += usize::from(record.state == CommandState::Acknowledged);
    }
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_over_datagrams_is_sent_to_where_it_last_spoke_from() {
    let site = Site::start("datagrams", |options: &mut Options, _| options.udp = true).await;
    let mut changes = site.ledger.subscribe_commands();
    let (old, new) =
        (UdpSocket::bind("127.0.0.1:0").await.unwrap(), UdpSocket::bind("127.0.0.1:0").await.unwrap());
    let mut buffer = [0; 256];
    for socket in [&old, &new] {
        socket.send_to(&frame(1, 0x0102, 1, b"code"), site.gateway.local_addr()).await.unwrap();
        timeout(PATIENCE, socket.recv_from(&mut buffer)).await.unwrap().unwrap();
    }
    let id = queue(&site.ledger, 1, &text("a"));
    let (len, _) = timeout(PATIENCE, new.recv_from(&mut buffer)).await.unwrap().unwrap();
    let mut plain = Vec::new();
    jt808::unescape(&buffer[..len], &mut plain).unwrap();
    let header = jt808::Frame::decode(&plain).unwrap().header;
    let [high, low] = header.serial.to_be_bytes();
    new.send_to(&frame(1, 0x0001, 2, &[high, low, 0x83, 0, 0]), site.gateway.local_addr()).await.unwrap();
    comes_to(&mut changes, id, CommandState::Acknowledged).await;
    site.stop().await;
}
