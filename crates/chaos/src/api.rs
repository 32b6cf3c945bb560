//! The HTTP interface, asked over one connection that is kept.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long one answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// The longest body: a page of a thousand places is 150 KB, metrics some 100 KB.
const BODY_BYTES_MAX: usize = 64 << 20;

/// A client with its token.
#[derive(Debug)]
pub struct Api {
    address: SocketAddr,
    /// The lines that say who asks.
    credential: String,
    stream: Option<BufReader<TcpStream>>,
}

impl Api {
    pub fn new(address: SocketAddr, token: &str) -> Self {
        Self { address, credential: format!("Authorization: Bearer {token}\r\n"), stream: None }
    }

    /// A person's session in the console, by name and password.
    pub async fn sign_in(mut self, (name, password): (&str, &str)) -> Result<Self> {
        self.credential = String::new();
        let body = json!({ "name": name, "password": password }).to_string();
        let answer = timeout(ANSWER_MAX, self.exchange("POST", "/api/v1/session", &body));
        let Answer { status, cookie, body } = answer.await.context("no answer in time")??;
        ensure!(status == 200, "{name} may not sign in: status {status}: {body}");
        self.credential = format!("X-CSRF: 1\r\nCookie: {}\r\n", cookie.context("no cookie")?);
        Ok(self)
    }

    /// Status and body; a connection that was closed meanwhile is made anew once.
    pub async fn get(&mut self, path: &str) -> Result<(u16, String)> {
        self.ask("GET", path, "").await
    }

    /// The same with a body of JSON.
    pub async fn ask(&mut self, method: &str, path: &str, body: &str) -> Result<(u16, String)> {
        let was_open = self.stream.is_some();
        match self.try_ask(method, path, body).await {
            Err(_) if was_open => self.try_ask(method, path, body).await,
            answer => answer,
        }
        .with_context(|| format!("{method} {path}"))
    }

    pub async fn json(&mut self, path: &str) -> Result<Value> {
        let (status, body) = self.get(path).await?;
        ensure!(status == 200, "{path}: status {status}, expected 200: {body}");
        serde_json::from_str(&body).with_context(|| format!("{path} is not JSON: {body}"))
    }

    /// Every item of a list.
    pub async fn list(&mut self, path: &str) -> Result<Vec<Value>> {
        let joint = if path.contains('?') { '&' } else { '?' };
        let (mut items, mut cursor) = (Vec::new(), String::new());
        loop {
            let mut page = self.json(&format!("{path}{joint}limit=1000{cursor}")).await?;
            if let Some(found) = page["items"].as_array_mut() {
                items.append(found);
            }
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={}", escape(next)),
                None => return Ok(items),
            }
        }
    }

    /// Whether it would keep its promises now; `None` where nobody answers.
    pub async fn ready(&mut self) -> Option<bool> {
        let asked = timeout(Duration::from_secs(2), self.get("/readyz")).await;
        if asked.is_err() {
            self.stream = None;
        }
        Some(asked.ok()?.ok()?.0 == 200)
    }

    async fn try_ask(&mut self, method: &str, path: &str, body: &str) -> Result<(u16, String)> {
        let answer = timeout(ANSWER_MAX, self.exchange(method, path, body));
        let Answer { status, body, .. } = answer.await.context("no answer in time")??;
        Ok((status, body))
    }

    async fn exchange(&mut self, method: &str, path: &str, body: &str) -> Result<Answer> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => BufReader::new(TcpStream::connect(self.address).await?),
        };
        let (credential, length) = (&self.credential, body.len());
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: rig\r\n{credential}Content-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(head.as_bytes()).await?;
        let answer = read_answer(&mut stream).await?;
        self.stream = Some(stream);
        Ok(answer)
    }
}

/// What the service said.
struct Answer {
    status: u16,
    /// The first part of a cookie it set.
    cookie: Option<String>,
    body: String,
}

async fn read_answer(stream: &mut BufReader<TcpStream>) -> Result<Answer> {
    let status = read_line(stream).await?;
    let status = status.split(' ').nth(1).and_then(|text| text.parse().ok()).context("no status line")?;
    let (mut length, mut is_chunked, mut cookie) = (0, false, None);
    loop {
        let line = read_line(stream).await?;
        if let Some((head, value)) = line.split_once(": ")
            && head.eq_ignore_ascii_case("set-cookie")
        {
            cookie = value.split(';').next().map(str::to_owned);
        }
        match line.to_ascii_lowercase().split_once(':') {
            None => break,
            Some(("content-length", text)) => length = text.trim().parse().context("content-length")?,
            Some(("transfer-encoding", text)) => is_chunked = text.trim() == "chunked",
            Some(_) => {}
        }
    }
    let mut body = Vec::new();
    if !is_chunked {
        take(stream, length, &mut body).await?;
    }
    while is_chunked {
        let size = usize::from_str_radix(read_line(stream).await?.trim(), 16).context("size of a chunk")?;
        take(stream, size, &mut body).await?;
        read_line(stream).await?;
        is_chunked = size > 0;
    }
    Ok(Answer { status, cookie, body: String::from_utf8_lossy(&body).into_owned() })
}

async fn take(stream: &mut BufReader<TcpStream>, count: usize, body: &mut Vec<u8>) -> Result<()> {
    let from = body.len();
    ensure!(from + count <= BODY_BYTES_MAX, "a body of more than {BODY_BYTES_MAX} bytes");
    body.resize(from + count, 0);
    stream.read_exact(&mut body[from..]).await?;
    Ok(())
}

async fn read_line(stream: &mut BufReader<TcpStream>) -> Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        bail!("the connection was closed");
    }
    Ok(line.trim_end().to_owned())
}

/// For a query: what cursors and times are made of.
pub fn escape(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
        out
    })
}
