//! A connection, plain or under TLS.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

/// A peer that takes no answer for this long is gone.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) enum Socket {
    Plain(TcpStream),
    /// Some kilobytes of state: apart from the plain ones, which are most.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Socket {
    pub(crate) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(stream) => {
                // Nearly always it fits the socket's buffer, and no timer is needed.
                let written = match stream.try_write(bytes) {
                    Ok(written) => written,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
                    Err(error) => return Err(error),
                };
                match bytes.get(written..) {
                    Some(rest) if !rest.is_empty() => write_all(stream, rest).await,
                    Some(_) | None => Ok(()),
                }
            }
            Self::Tls(stream) => write_all(stream, bytes).await,
        }
    }

    /// Nothing more is written; the peer reads to the end of what was.
    pub(crate) async fn shutdown(&mut self) {
        // A peer that takes no goodbye gets none.
        let _ = match self {
            Self::Plain(stream) => stream.shutdown().await,
            Self::Tls(stream) => timeout(WRITE_TIMEOUT, stream.shutdown()).await.unwrap_or(Ok(())),
        };
    }
}

async fn write_all<S: AsyncWrite + Unpin>(stream: &mut S, bytes: &[u8]) -> io::Result<()> {
    let written = async {
        stream.write_all(bytes).await?;
        stream.flush().await
    };
    timeout(WRITE_TIMEOUT, written).await?
}
