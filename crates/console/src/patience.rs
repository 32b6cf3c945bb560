//! Connections whose other end takes nothing any more: the kernel ends them, and with them what waited to be written.

use std::time::Duration;

use socket2::SockRef;
use tokio::net::TcpStream;

/// How long bytes may wait for a client that takes none. A live feed makes nothing meanwhile, so it costs its place among
/// the feeds and what the kernel holds; after this it costs nothing.
pub(crate) const TAKEN_MAX: Duration = Duration::from_secs(60);

/// A socket that refuses it works all the same, until somebody holds it.
pub(crate) fn limit(stream: &TcpStream, taken_max: Duration) {
    let _ = SockRef::from(stream).set_tcp_user_timeout(Some(taken_max));
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::{Arc, Mutex};

    use axum::Router;
    use axum::body::{Body, Bytes};
    use axum::routing::get;
    use axum::serve::ListenerExt;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;
    use tokio::sync::oneshot;
    use tokio::time::timeout;

    use super::*;

    /// A stuck test fails instead of hanging.
    const WAIT_MAX: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn e20_a_client_that_stays_and_reads_nothing_is_let_go() {
        let (held, gone) = oneshot::channel::<()>();
        let held = Arc::new(Mutex::new(Some(held)));
        let feed = move || async move {
            let held = held.lock().unwrap().take();
            let endless = futures_util::stream::unfold(held, async |held| {
                Some((Ok::<_, Infallible>(Bytes::from_static(&[b'.'; 4_096])), held))
            });
            Body::from_stream(endless)
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let listener = listener.tap_io(|stream| limit(stream, Duration::from_secs(1)));
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/", get(feed))).await });
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        // What the feed holds goes when its connection does.
        timeout(WAIT_MAX, gone).await.expect("the feed is still held").unwrap_err();
        drop(client);
    }
}
