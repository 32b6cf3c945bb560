//! Ends connections of accounts that are no longer what they were.

use std::sync::Arc;
use std::time::Duration;

use rumqttc::{AsyncClient, Event, Packet};
use settings::MqttAccount;
use tokio::runtime::Handle;

use crate::acl::Accounts;
use crate::target::Target;

/// The broker is in this process: what takes longer has failed.
const EVICT_MAX: Duration = Duration::from_secs(5);

/// Takes client ids over: the broker then ends whoever had one, and discards its subscriptions and what was queued.
pub(crate) struct Evictor {
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) target: Target,
    pub(crate) runtime: Handle,
}

impl Evictor {
    /// Puts accounts into force. From here on nobody of before gets in; those who are in are put out.
    pub(crate) fn take_over(&self, accounts: &[MqttAccount]) {
        let gone = self.accounts.replace(accounts);
        if gone.is_empty() {
            return;
        }
        let target = self.target.clone();
        self.runtime.spawn(async move {
            for client_id in gone {
                match tokio::time::timeout(EVICT_MAX, evict(&target, &client_id)).await {
                    Ok(Ok(())) => tracing::info!(client_id, "an account changed, its client is disconnected"),
                    Ok(Err(error)) => {
                        tracing::error!(client_id, %error, "a client could not be disconnected")
                    }
                    Err(_) => tracing::error!(client_id, "a client could not be disconnected in time"),
                }
            }
        });
    }
}

async fn evict(target: &Target, client_id: &str) -> Result<(), rumqttc::ConnectionError> {
    let (client, mut events) = AsyncClient::new(target.takeover(client_id), 1);
    while !matches!(events.poll().await?, Event::Incoming(Packet::ConnAck(_))) {}
    // A clean session ends with its connection.
    let _ = client.try_disconnect();
    while events.poll().await.is_ok() {}
    Ok(())
}
