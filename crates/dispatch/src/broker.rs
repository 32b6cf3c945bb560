//! The embedded broker. Nothing else in this crate knows which one it is.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use mqtt5::broker::auth::{AuthProvider, AuthResult};
use mqtt5::broker::config::{BrokerConfig, StorageConfig};
use mqtt5::broker::{BrokerShutdownHandle, MqttBroker};
use mqtt5::packet::connect::ConnectPacket;
use mqtt5::types::ReasonCode;
use tokio::task::JoinHandle;

use crate::StartError;
use crate::acl::Accounts;
use crate::presence::Presence;

/// How long a consumer may be away and still find its subscriptions and what was queued for it.
const SESSION_EXPIRY: Duration = Duration::from_secs(7 * 86_400);

/// Messages queued for a consumer that is away. Longer queues resume slowly (20,000 took 5 s), and the list of open
/// alerts over HTTP is the better way back; the broker drops the oldest beyond it.
const QUEUED_MAX: usize = 20_000;

/// The largest message is an alert with 20 positions, about 8 KB.
const PACKET_BYTES_MAX: usize = 256 * 1024;

/// Departments' consumers and the service itself; far more than five departments run.
pub(crate) const CLIENTS_MAX: usize = 1_000;

/// Unacknowledged messages on their way to one consumer.
const OUTBOUND_INFLIGHT_MAX: u16 = 200;

/// Subscriptions of one consumer: every rule in every county of a prefecture one by one fits.
const SUBSCRIPTIONS_MAX: usize = 1_000;

/// How long an orderly stop may take before the broker is dropped as it stands; 0.35 s is the longest seen.
const STOP_MAX: Duration = Duration::from_secs(5);

/// A running broker.
pub(crate) struct Broker {
    addr: SocketAddr,
    presence: Arc<Presence>,
    shutdown: BrokerShutdownHandle,
    task: JoinHandle<()>,
}

impl Broker {
    /// Listens on `listen` and keeps sessions, queues and retained messages in `dir`.
    pub(crate) async fn start(
        listen: SocketAddr,
        accounts: Arc<Accounts>,
        presence: Arc<Presence>,
        dir: &Path,
    ) -> Result<Self, StartError> {
        let failed = |problem: String| StartError::Broker { listen, problem };
        // The broker wraps what binding said into prose, so the port is tried first for a plain answer.
        std::net::TcpListener::bind(listen).map_err(|source| StartError::Listen { listen, source })?;
        std::fs::create_dir_all(dir)
            .map_err(|source| StartError::Directory { dir: dir.to_owned(), source })?;
        let broker = MqttBroker::with_config(
            config(listen, dir).with_event_handler(Arc::<Presence>::clone(&presence)),
        )
        .await
        .map_err(|e| failed(e.to_string()))?;
        let mut broker = broker.with_auth_provider(Arc::new(Guard(accounts)));
        let addr = broker.local_addr().ok_or_else(|| failed("it has no address".to_owned()))?;
        let (shutdown, mut ready) = (broker.shutdown_handle(), broker.ready_receiver());
        let task = tokio::spawn(async move {
            if let Err(error) = broker.run().await {
                tracing::error!(%error, "the embedded broker ended");
            }
        });
        ready.wait_for(|ready| *ready).await.map_err(|_| failed("it ended while starting".to_owned()))?;
        Ok(Self { addr, presence, shutdown, task })
    }

    /// Where it listens.
    pub(crate) const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Who is connected.
    pub(crate) fn presence(&self) -> &Presence {
        &self.presence
    }

    /// Ends every connection and writes what is kept.
    pub(crate) async fn stop(mut self) {
        self.shutdown.shutdown();
        if tokio::time::timeout(STOP_MAX, &mut self.task).await.is_err() {
            tracing::warn!("the embedded broker did not stop in time");
            self.task.abort();
        }
    }
}

fn config(listen: SocketAddr, dir: &Path) -> BrokerConfig {
    let mut config = BrokerConfig::default().with_bind_address(listen).with_session_expiry(SESSION_EXPIRY);
    config.sys_topics_enabled = false;
    config.max_clients = CLIENTS_MAX;
    config.max_packet_size = PACKET_BYTES_MAX;
    config.max_outbound_inflight = OUTBOUND_INFLIGHT_MAX;
    config.max_subscriptions_per_client = SUBSCRIPTIONS_MAX;
    config.storage_config =
        StorageConfig::new().with_base_dir(dir.to_owned()).with_max_queued_messages_per_client(QUEUED_MAX);
    config
}

/// Asks [`Accounts`] on the broker's behalf.
struct Guard(Arc<Accounts>);

type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl AuthProvider for Guard {
    fn authenticate<'a>(
        &'a self,
        connect: &'a ConnectPacket,
        from: SocketAddr,
    ) -> Answer<'a, mqtt5::Result<AuthResult>> {
        Box::pin(async move {
            let user = connect.username.as_deref();
            let admitted = self.0.admits(&connect.client_id, user, connect.password.as_deref(), from).await;
            Ok(match (admitted, user) {
                (true, Some(user)) => AuthResult::success_with_user(user),
                (true, None) => AuthResult::success(),
                (false, _) => AuthResult::fail(ReasonCode::BadUsernameOrPassword),
            })
        })
    }

    fn authorize_publish<'a>(
        &'a self,
        _client: &str,
        user: Option<&'a str>,
        topic: &'a str,
    ) -> Answer<'a, bool> {
        let allowed = self.0.role(user).is_some_and(|role| role.may_write(topic));
        Box::pin(std::future::ready(allowed))
    }

    fn authorize_subscribe<'a>(
        &'a self,
        _client: &str,
        user: Option<&'a str>,
        filter: &'a str,
    ) -> Answer<'a, bool> {
        let allowed = self.0.role(user).is_some_and(|role| role.may_read(filter));
        Box::pin(std::future::ready(allowed))
    }
}
