//! A client of a few lines: HTTP/1.0, so that an answer ends where the connection does.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "a helper of tests: a broken promise is a failed test")]

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A stuck test fails instead of hanging.
const WAIT_MAX: Duration = Duration::from_secs(20);

#[derive(Clone, Debug)]
pub enum Credential {
    None,
    Token(String),
    /// The cookie, and whether X-CSRF goes with it.
    Cookie(String, bool),
}

pub struct Client {
    pub address: SocketAddr,
    pub credential: Credential,
}

pub struct Reply {
    pub status: u16,
    pub heads: Vec<(String, String)>,
    /// As text, what is none replaced.
    pub body: String,
    pub bytes: Vec<u8>,
}

impl Reply {
    pub fn head(&self, name: &str) -> &str {
        self.heads.iter().find(|head| head.0 == name).map_or("", |head| head.1.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Client {
    pub async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, None).await
    }

    pub async fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Reply {
        let body = body.map(Value::to_string).unwrap_or_default();
        self.send_raw(method, path, "application/json", &body).await
    }

    pub async fn send_raw(&self, method: &str, path: &str, media: &str, body: &str) -> Reply {
        let socket = self.ask(method, path, media, body, "").await;
        timeout(WAIT_MAX, read(socket, path)).await.unwrap()
    }

    /// A write that may be repeated under its key.
    pub async fn send_keyed(&self, path: &str, body: &Value, key: &str) -> Reply {
        let key = format!("Idempotency-Key: {key}\r\n");
        let socket = self.ask("POST", path, "application/json", &body.to_string(), &key).await;
        timeout(WAIT_MAX, read(socket, path)).await.unwrap()
    }

    /// With more header lines, each ended by CRLF.
    pub async fn get_with(&self, path: &str, heads: &str) -> Reply {
        let socket = self.ask("GET", path, "application/json", "", heads).await;
        timeout(WAIT_MAX, read(socket, path)).await.unwrap()
    }

    pub async fn stream(&self, path: &str, last_event_id: Option<&str>) -> Feed {
        let last = last_event_id.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
        let socket = self.ask("GET", path, "application/json", "", &last).await;
        Feed { lines: BufReader::new(socket) }
    }

    async fn ask(&self, method: &str, path: &str, media: &str, body: &str, more: &str) -> TcpStream {
        let mut heads = format!("Content-Type: {media}\r\nContent-Length: {}\r\n", body.len());
        match &self.credential {
            Credential::None => {}
            Credential::Token(token) => heads += &format!("Authorization: Bearer {token}\r\n"),
            Credential::Cookie(cookie, with_header) => {
                heads += &format!("Cookie: other=1; {cookie}\r\n");
                heads += if *with_header { "X-CSRF: 1\r\n" } else { "" };
            }
        }
        heads += more;
        let mut socket = TcpStream::connect(self.address).await.unwrap();
        // A refusal may come before the whole body has been taken.
        let _ = socket
            .write_all(format!("{method} {path} HTTP/1.0\r\nHost: test\r\n{heads}\r\n{body}").as_bytes())
            .await;
        socket
    }
}

async fn read(socket: TcpStream, path: &str) -> Reply {
    let mut lines = BufReader::new(socket);
    let mut line = String::new();
    lines.read_line(&mut line).await.unwrap();
    let status = line.split(' ').nth(1).unwrap().parse().unwrap();
    let mut heads = Vec::new();
    loop {
        line.clear();
        lines.read_line(&mut line).await.unwrap();
        let Some((name, value)) = line.trim().split_once(": ") else { break };
        heads.push((name.to_lowercase(), value.to_owned()));
    }
    let mut body = Vec::new();
    // A live feed never ends by itself.
    if !path.contains("/live") || status != 200 {
        let _ = lines.read_to_end(&mut body).await;
    }
    Reply { status, heads, body: String::from_utf8_lossy(&body).into_owned(), bytes: body }
}

pub struct Feed {
    lines: BufReader<TcpStream>,
}

impl Feed {
    /// The data of the next event of this name; others are passed over.
    pub async fn next(&mut self, name: &str) -> Value {
        let wanted = format!("event: {name}");
        timeout(WAIT_MAX, async {
            let mut is_wanted = false;
            loop {
                let line = self.line().await.expect("the feed goes on");
                if line == wanted {
                    is_wanted = true;
                } else if let Some(data) = line.strip_prefix("data: ").filter(|_| is_wanted) {
                    return serde_json::from_str(data).unwrap();
                } else if line.is_empty() {
                    is_wanted = false;
                }
            }
        })
        .await
        .unwrap_or_else(|_| panic!("no event {name}"))
    }

    /// The name, the id and the data of the next event.
    pub async fn event(&mut self) -> (String, String, Value) {
        timeout(WAIT_MAX, async {
            let (mut name, mut id) = (String::new(), String::new());
            loop {
                let line = self.line().await.expect("the feed goes on");
                if let Some(text) = line.strip_prefix("event: ") {
                    name = text.to_owned();
                } else if let Some(text) = line.strip_prefix("id: ") {
                    id = text.to_owned();
                } else if let Some(data) = line.strip_prefix("data: ") {
                    return (name, id, serde_json::from_str(data).unwrap());
                }
            }
        })
        .await
        .expect("an event")
    }

    /// The name and the data of the next event; `None`: the feed ended.
    pub async fn event_or_end(&mut self) -> Option<(String, String)> {
        timeout(WAIT_MAX, async {
            let mut name = String::new();
            while let Some(line) = self.line().await {
                if let Some(text) = line.strip_prefix("event: ") {
                    name = text.to_owned();
                } else if let Some(data) = line.strip_prefix("data: ") {
                    return Some((name, data.to_owned()));
                }
            }
            None
        })
        .await
        .expect("an event or the end")
    }

    pub async fn ended(&mut self) -> bool {
        timeout(WAIT_MAX, async { while self.line().await.is_some() {} }).await.is_ok()
    }

    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.lines.read_line(&mut line).await {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(line.trim_end().to_owned()),
        }
    }
}
