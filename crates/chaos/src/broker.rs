//! A broker that lets everybody in and then says nothing: what hangs, from the service's side.

use std::net::SocketAddr;

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// CONNACK of MQTT 3.1.1: accepted, no session.
const ACCEPTED: [u8; 4] = [0x20, 2, 0, 0];

/// Listens on loopback until dropped.
pub struct Deaf {
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl Deaf {
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(swallow(stream));
            }
        });
        Ok(Self { address, task })
    }
}

impl Drop for Deaf {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn swallow(mut stream: TcpStream) {
    let mut buffer = [0; 4096];
    let mut is_first = true;
    while stream.read(&mut buffer).await.is_ok_and(|count| count > 0) {
        if std::mem::take(&mut is_first) && stream.write_all(&ACCEPTED).await.is_err() {
            return;
        }
    }
}
