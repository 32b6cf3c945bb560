//! A relay in front of a broker: open, silent as a process that was stopped, or shut as one that is gone.

use std::net::SocketAddr;

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What becomes of bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Way {
    /// Connections are accepted by the kernel; nothing is read, nothing is closed.
    Frozen,
    Open,
    /// Connections end, and new ones end at once.
    Shut,
}

/// Listens on loopback until dropped.
pub struct Relay {
    pub address: SocketAddr,
    way: watch::Sender<Way>,
    target: watch::Sender<SocketAddr>,
    task: JoinHandle<()>,
}

impl Relay {
    pub async fn start(target: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (way, seen_way) = watch::channel(Way::Open);
        let (target, seen_target) = watch::channel(target);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(relay(stream, seen_target.clone(), seen_way.clone()));
            }
        });
        Ok(Self { address, way, target, task })
    }

    pub fn set(&self, way: Way) {
        self.way.send_replace(way);
    }

    /// Where new connections go.
    pub fn aim(&self, target: SocketAddr) {
        self.target.send_replace(target);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
        self.way.send_replace(Way::Shut);
    }
}

async fn relay(outside: TcpStream, target: watch::Receiver<SocketAddr>, mut way: watch::Receiver<Way>) {
    if open(&mut way).await.is_none() {
        return;
    }
    let target = *target.borrow();
    let Ok(inside) = TcpStream::connect(target).await else { return };
    let _ = (outside.set_nodelay(true), inside.set_nodelay(true));
    let (from_outside, to_outside) = outside.into_split();
    let (from_inside, to_inside) = inside.into_split();
    tokio::select! {
        () = pump(from_outside, to_inside, way.clone()) => {}
        () = pump(from_inside, to_outside, way) => {}
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut way: watch::Receiver<Way>) {
    let mut buffer = vec![0; 16 << 10];
    while open(&mut way).await.is_some() {
        let count = tokio::select! {
            read = from.read(&mut buffer) => read.unwrap_or(0),
            changed = way.changed() => if changed.is_ok() { continue } else { 0 },
        };
        if count == 0 {
            return;
        }
        // What was read before the way changed still arrives, unless it is shut meanwhile.
        let written = async { to.write_all(&buffer[..count]).await.is_ok() };
        let shut = async { while way.borrow_and_update().ne(&Way::Shut) && way.changed().await.is_ok() {} };
        let is_written = tokio::select! {
            is_written = written => is_written,
            () = shut => false,
        };
        if !is_written {
            return;
        }
    }
}

/// Waits until it is open; `None` once it is shut.
async fn open(way: &mut watch::Receiver<Way>) -> Option<()> {
    loop {
        match *way.borrow_and_update() {
            Way::Open => return Some(()),
            Way::Shut => return None,
            Way::Frozen => {}
        }
        way.changed().await.ok()?;
    }
}
