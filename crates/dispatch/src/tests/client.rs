//! A department's consumer.

use std::net::SocketAddr;
use std::time::Duration;

use rumqttc::{AsyncClient, Event, EventLoop, LastWill, MqttOptions, Packet, QoS, SubscribeReasonCode};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use crate::Dispatch;

/// Long enough for the slowest machine; never waited for when all is well.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Client {
    user: String,
    client: AsyncClient,
    packets: mpsc::Receiver<Packet>,
    messages: Vec<Message>,
    /// Alert ids, each once, in the order they came.
    pub seen: Vec<String>,
    _pump: AbortOnDropHandle<()>,
}

#[derive(Clone, Debug)]
pub struct Message {
    pub topic: String,
    pub retain: bool,
    payload: Vec<u8>,
}

impl Message {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.payload).unwrap()
    }
}

impl Client {
    pub async fn connect(dispatch: &Dispatch, user: &str, client_id: &str) -> Self {
        Self::connect_to(dispatch.broker_addr().unwrap(), user, client_id).await
    }

    /// With a session that the broker keeps; an empty `user` gives no name.
    pub async fn connect_to(addr: SocketAddr, user: &str, client_id: &str) -> Self {
        let mut options = options(addr, client_id);
        options.set_clean_session(false);
        if !user.is_empty() {
            options.set_credentials(user, format!("pw-{user}"));
        }
        let (client, eventloop) = AsyncClient::new(options, 100);
        let (sender, packets) = mpsc::channel(1_000);
        let pump = AbortOnDropHandle::new(tokio::spawn(pump(eventloop, sender)));
        let mut connected =
            Self { user: user.to_owned(), client, packets, messages: vec![], seen: vec![], _pump: pump };
        connected.until(|packet| matches!(packet, Packet::ConnAck(_))).await;
        connected
    }

    /// Over TLS, trusting the authority of the fixtures; `None` where it is not let in.
    pub async fn connect_tls(dispatch: &Dispatch, user: &str, with_certificate: bool) -> Option<Self> {
        let mut options = options(dispatch.tls_addr().unwrap(), &format!("{user}-tls"));
        options.set_credentials(user, format!("pw-{user}"));
        options.set_transport(super::access::transport(with_certificate));
        let (client, eventloop) = AsyncClient::new(options, 100);
        let (sender, packets) = mpsc::channel(1_000);
        let pump = AbortOnDropHandle::new(tokio::spawn(pump(eventloop, sender)));
        let mut connected =
            Self { user: user.to_owned(), client, packets, messages: vec![], seen: vec![], _pump: pump };
        let first = timeout(PATIENCE, connected.packets.recv()).await.unwrap();
        matches!(first, Some(Packet::ConnAck(_))).then_some(connected)
    }

    /// Messages that still come until the broker ends the connection.
    pub async fn rest(&mut self) -> Vec<Message> {
        while let Some(packet) = timeout(PATIENCE, self.packets.recv()).await.unwrap() {
            if let Packet::Publish(publish) = packet {
                let payload = publish.payload.to_vec();
                self.messages.push(Message { topic: publish.topic, retain: publish.retain, payload });
                assert!(self.messages.len() < 100, "the connection goes on");
            }
        }
        std::mem::take(&mut self.messages)
    }

    pub async fn is_admitted(dispatch: &Dispatch, login: Option<(&str, &str)>, client_id: &str) -> bool {
        let mut options = options(dispatch.broker_addr().unwrap(), client_id);
        if let Some((user, password)) = login {
            options.set_credentials(user, password);
        }
        let (_client, mut eventloop) = AsyncClient::new(options, 1);
        timeout(PATIENCE, eventloop.poll()).await.unwrap().is_ok()
    }

    /// Connects with a last will and goes without a word.
    pub async fn die_with_will(dispatch: &Dispatch, user: &str, topic: &str) {
        let mut options = options(dispatch.broker_addr().unwrap(), &format!("{user}-dies"));
        options.set_credentials(user, format!("pw-{user}"));
        options.set_last_will(LastWill::new(topic, "{}", QoS::AtLeastOnce, false));
        let (_client, mut eventloop) = AsyncClient::new(options, 1);
        let _ = timeout(PATIENCE, eventloop.poll()).await.unwrap();
    }

    pub async fn subscribe(&mut self, filter: &str) -> bool {
        self.client.subscribe(filter, QoS::AtLeastOnce).await.unwrap();
        let Packet::SubAck(ack) = self.until(|packet| matches!(packet, Packet::SubAck(_))).await else {
            unreachable!("just matched")
        };
        ack.return_codes == [SubscribeReasonCode::Success(QoS::AtLeastOnce)]
    }

    /// Until the broker acknowledged it.
    pub async fn publish(&mut self, topic: &str, payload: &[u8]) {
        self.client.publish(topic, QoS::AtLeastOnce, false, payload).await.unwrap();
        self.until(|packet| matches!(packet, Packet::PubAck(_))).await;
    }

    /// Until the broker acknowledged the receipt.
    pub async fn receipt(&mut self, alerts: &Value) {
        let department = self.user.parse().unwrap();
        let message = serde_json::json!({ "alerts": alerts });
        self.publish(&crate::topic::receipts(department), message.to_string().as_bytes()).await;
    }

    /// Sends a disposition of the account's department, and gives the answer.
    pub async fn ask(&mut self, request: &Value) -> Value {
        let department = self.user.parse().unwrap();
        self.publish(&crate::topic::dispositions(department), request.to_string().as_bytes()).await;
        self.next().await.json()
    }

    pub async fn next(&mut self) -> Message {
        while self.messages.is_empty() {
            self.until(|packet| matches!(packet, Packet::Publish(_))).await;
        }
        self.messages.remove(0)
    }

    /// The ids of `count` different alerts.
    pub async fn distinct(&mut self, count: usize) -> Vec<String> {
        while self.seen.len() < count {
            let id = self.next().await.json()["id"].as_str().unwrap().to_owned();
            if !self.seen.contains(&id) {
                self.seen.push(id);
            }
        }
        self.seen.clone()
    }

    /// The next packet that is wanted; messages on the way there are kept.
    async fn until(&mut self, is_wanted: impl Fn(&Packet) -> bool) -> Packet {
        loop {
            let packet = timeout(PATIENCE, self.packets.recv()).await.unwrap().unwrap();
            if let Packet::Publish(publish) = &packet {
                self.messages.push(Message {
                    topic: publish.topic.clone(),
                    retain: publish.retain,
                    payload: publish.payload.to_vec(),
                });
            }
            if is_wanted(&packet) {
                return packet;
            }
        }
    }
}

fn options(addr: SocketAddr, client_id: &str) -> MqttOptions {
    let mut options = MqttOptions::new(client_id, addr.ip().to_string(), addr.port());
    options.set_max_packet_size(1 << 20, 1 << 20);
    options
}

async fn pump(mut eventloop: EventLoop, packets: mpsc::Sender<Packet>) {
    while let Ok(event) = eventloop.poll().await {
        if let Event::Incoming(packet) = event
            && packets.send(packet).await.is_err()
        {
            return;
        }
    }
}
