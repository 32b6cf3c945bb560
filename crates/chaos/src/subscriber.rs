//! A department's program: receives alerts over MQTT with a session that is kept, notes each, and says so if it is to.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use fleet::EventTime;
use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Packet, QoS};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::Plant;
use crate::ledger::now_ms;

/// The largest message is far below this.
const PACKET_BYTES_MAX: usize = 1 << 20;
/// Alerts one receipt may name.
const RECEIPT_MAX: usize = 100;
/// How long receipts gather.
const RECEIPT_EVERY: Duration = Duration::from_millis(200);
/// A broker that says nothing for one and a half of these is gone.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// Receipts on their way to the client.
const REQUESTS_MAX: usize = 64;
/// Between two tries to reach the broker.
const AGAIN: Duration = Duration::from_millis(100);

/// One message of an alert.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Got {
    pub id: String,
    pub revision: u64,
    pub terminal: String,
    pub rule: String,
    /// When the episode began, ms since 1970.
    pub started_ms: i64,
    /// When it was received, ms since 1970.
    pub at_ms: i64,
}

/// What a department was told of what waits for it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Sum {
    /// Messages that wait.
    pub waiting: u64,
    /// Messages of alerts it had by then.
    pub had: usize,
    /// When it came, ms since 1970.
    pub at_ms: i64,
}

/// Who subscribes to what.
#[derive(Clone, Debug)]
pub struct Consumer {
    pub department: &'static str,
    /// Name and password.
    pub account: Option<(String, String)>,
    /// Under this name the broker keeps its session.
    pub client: String,
    /// Sends receipts for what it received.
    pub with_receipts: bool,
    pub plant: Plant,
}

/// A subscriber; ends when dropped.
pub struct Subscriber {
    broker: SocketAddr,
    consumer: Consumer,
    tasks: Vec<JoinHandle<()>>,
    noted: Arc<Mutex<Vec<Got>>>,
    sums: Arc<Mutex<Vec<Sum>>>,
}

/// What a subscriber has, in short.
#[derive(Debug, Default)]
pub struct Summary {
    /// Every (`id`, `revision`) once.
    pub distinct: u64,
    pub ids: BTreeSet<String>,
    /// Alerts whose first messages came out of the order of their revisions.
    pub disordered: u64,
}

impl Subscriber {
    /// All alerts of the police; `account` is name and password.
    pub fn start(broker: SocketAddr, account: Option<(&str, &str)>, client: &str) -> Result<Self> {
        let account = account.map(|(name, password)| (name.to_owned(), password.to_owned()));
        let (client, plant) = (client.to_owned(), Plant::None);
        let consumer = Consumer { department: "police", account, client, with_receipts: false, plant };
        Ok(Self::follow(broker, consumer))
    }

    /// All alerts of a department; what it lost of its link it dials again.
    pub fn follow(broker: SocketAddr, consumer: Consumer) -> Self {
        let mut subscriber =
            Self { broker, consumer, tasks: Vec::new(), noted: Arc::default(), sums: Arc::default() };
        subscriber.come();
        subscriber
    }

    /// Is there again, with the session the broker kept.
    pub fn come(&mut self) {
        let Consumer { department, account, client, with_receipts, plant } = &self.consumer;
        let mut options = MqttOptions::new(client, self.broker.ip().to_string(), self.broker.port());
        options.set_clean_session(false).set_keep_alive(KEEP_ALIVE);
        options.set_max_packet_size(PACKET_BYTES_MAX, PACKET_BYTES_MAX);
        if let Some((name, password)) = account {
            options.set_credentials(name, password);
        }
        let (client, events) = AsyncClient::new(options, REQUESTS_MAX);
        let (owed, to_send) = mpsc::channel(RECEIPT_MAX * 100);
        let receiver = Receiver {
            client: client.clone(),
            topic: format!("roadwarden/v1/alerts/{department}/#"),
            sums_topic: format!("roadwarden/v1/summaries/{department}"),
            noted: Arc::clone(&self.noted),
            sums: Arc::clone(&self.sums),
            owed: with_receipts.then_some(owed),
            is_forgetful: *plant == Plant::Forget,
        };
        self.tasks.push(tokio::spawn(receiver.run(events)));
        if *with_receipts {
            let topic = format!("roadwarden/v1/receipts/{department}");
            self.tasks.push(tokio::spawn(send_receipts(client, topic, to_send)));
        }
    }

    /// Goes without a word; the broker keeps its session.
    pub fn go(&mut self) {
        self.tasks.drain(..).for_each(|task| task.abort());
    }

    /// Everything it received, in that order.
    pub fn got(&self) -> MutexGuard<'_, Vec<Got>> {
        lock(&self.noted)
    }

    /// What it was told of what waits, in that order.
    pub fn sums(&self) -> Vec<Sum> {
        lock(&self.sums).clone()
    }

    pub fn summary(&self) -> Summary {
        let got = self.got();
        let mut summary = Summary::default();
        let mut seen: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
        for Got { id, revision, .. } in got.iter() {
            let revisions = seen.entry(id).or_default();
            let newest = revisions.last().copied().unwrap_or(0);
            if revisions.insert(*revision) {
                summary.distinct += 1;
                // What was never seen before and is older than what was: it was overtaken.
                summary.disordered += u64::from(*revision < newest);
            }
        }
        summary.ids = seen.into_keys().map(str::to_owned).collect();
        summary
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.go();
    }
}

/// What takes messages.
struct Receiver {
    client: AsyncClient,
    topic: String,
    sums_topic: String,
    noted: Arc<Mutex<Vec<Got>>>,
    sums: Arc<Mutex<Vec<Sum>>>,
    owed: Option<mpsc::Sender<(String, u64)>>,
    /// Its first alert is as if it had never come.
    is_forgetful: bool,
}

impl Receiver {
    async fn run(self, mut events: EventLoop) {
        let mut forgotten: Option<String> = None;
        loop {
            match events.poll().await {
                // A broker may have forgotten the session: what is subscribed already does no harm.
                Ok(Event::Incoming(Packet::ConnAck(_))) => {
                    let _ = self.client.try_subscribe(&self.topic, QoS::AtLeastOnce);
                    let _ = self.client.try_subscribe(&self.sums_topic, QoS::AtLeastOnce);
                }
                Ok(Event::Incoming(Packet::Publish(publish))) if publish.topic == self.sums_topic => {
                    let message: Value = serde_json::from_slice(&publish.payload).unwrap_or_default();
                    if let Some(waiting) = message["waiting"].as_u64() {
                        let had = lock(&self.noted).len();
                        lock(&self.sums).push(Sum { waiting, had, at_ms: now_ms() });
                    }
                }
                Ok(Event::Incoming(Packet::Publish(publish))) => {
                    let Some(got) = read(&publish.payload) else { continue };
                    if self.is_forgetful && *forgotten.get_or_insert_with(|| got.id.clone()) == got.id {
                        continue;
                    }
                    let due = (got.id.clone(), got.revision);
                    lock(&self.noted).push(got);
                    if let Some(owed) = &self.owed {
                        // A receipt that finds no room is missing: then the alert comes again.
                        let _ = owed.try_send(due);
                    }
                }
                Ok(Event::Incoming(_) | Event::Outgoing(_)) => {}
                Err(_) => sleep(AGAIN).await,
            }
        }
    }
}

/// Each names what gathered meanwhile, the newest revision of an alert.
async fn send_receipts(client: AsyncClient, topic: String, mut owed: mpsc::Receiver<(String, u64)>) {
    let mut gathered: HashMap<String, u64> = HashMap::new();
    loop {
        let next = timeout(RECEIPT_EVERY, owed.recv()).await;
        match &next {
            Ok(Some((id, revision))) => {
                let newest = gathered.entry(id.clone()).or_default();
                *newest = (*newest).max(*revision);
            }
            Ok(None) => return,
            Err(_) => {}
        }
        if gathered.len() >= RECEIPT_MAX || (next.is_err() && !gathered.is_empty()) {
            let alerts: Vec<Value> = gathered
                .drain()
                .map(|(id, revision)| json!({ "alert_id": id, "revision": revision }))
                .collect();
            let payload = json!({ "alerts": alerts }).to_string();
            if client.publish(&topic, QoS::AtLeastOnce, false, payload).await.is_err() {
                return;
            }
        }
    }
}

fn lock<T>(noted: &Mutex<T>) -> MutexGuard<'_, T> {
    noted.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read(payload: &[u8]) -> Option<Got> {
    let message: Value = serde_json::from_slice(payload).ok()?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let started: EventTime = message["started_at"].as_str()?.parse().ok()?;
    Some(Got {
        id: text(&message["id"])?,
        revision: message["revision"].as_u64()?,
        terminal: text(&message["vehicle"]["terminal"])?,
        rule: text(&message["rule"])?,
        started_ms: started.ms(),
        at_ms: now_ms(),
    })
}
