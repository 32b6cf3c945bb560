//! Which consumers of the embedded broker are there, by account.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fleet::{Department, ReceiveTime};
use mqtt5::broker::events::{BrokerEventHandler, ClientConnectEvent, ClientDisconnectEvent};
use settings::MqttAccount;

use crate::now;

/// An account of the embedded broker and whether anybody uses it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Consumer {
    /// The user name; empty for those who give none.
    pub name: String,
    /// Whose messages it reads; `None` for those who give no name.
    pub department: Option<Department>,
    /// Connections now.
    pub connections: usize,
    /// When one of its connections began or ended last; `None`: not since the broker started.
    pub seen_at: Option<ReceiveTime>,
}

/// Counts connections as the broker tells of them. Holds a row an account, and one for all who give no name.
pub(crate) struct Presence {
    rows: Mutex<BTreeMap<String, Row>>,
    has_anonymous: bool,
}

#[derive(Default)]
struct Row {
    department: Option<Department>,
    connections: usize,
    seen_at: Option<ReceiveTime>,
}

impl Presence {
    pub(crate) fn new(accounts: &[MqttAccount], has_anonymous: bool) -> Arc<Self> {
        let presence = Self { rows: Mutex::default(), has_anonymous };
        presence.take_over(accounts);
        Arc::new(presence)
    }

    /// Other accounts hold from now on; those that stay keep their counts.
    pub(crate) fn take_over(&self, accounts: &[MqttAccount]) {
        let mut rows = self.rows();
        let mut before = std::mem::take(&mut *rows);
        for account in accounts {
            let row = before.remove(&account.name).unwrap_or_default();
            rows.insert(account.name.clone(), Row { department: Some(account.department), ..row });
        }
        if self.has_anonymous {
            rows.insert(String::new(), before.remove("").unwrap_or_default());
        }
    }

    /// By rising name.
    pub(crate) fn consumers(&self) -> Vec<Consumer> {
        let consumer = |(name, row): (&String, &Row)| Consumer {
            name: name.clone(),
            department: row.department,
            connections: row.connections,
            seen_at: row.seen_at,
        };
        self.rows().iter().map(consumer).collect()
    }

    /// Ourselves, and accounts that were taken away meanwhile, have no row.
    fn note(&self, user: Option<&str>, change: impl FnOnce(usize) -> usize) {
        if let Some(row) = self.rows().get_mut(user.unwrap_or_default()) {
            row.connections = change(row.connections);
            row.seen_at = Some(now());
        }
    }

    fn rows(&self) -> MutexGuard<'_, BTreeMap<String, Row>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Done<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

impl BrokerEventHandler for Presence {
    fn on_client_connect<'a>(&'a self, event: ClientConnectEvent) -> Done<'a> {
        self.note(event.user_id.as_deref(), |connections| connections + 1);
        Box::pin(std::future::ready(()))
    }

    fn on_client_disconnect<'a>(&'a self, event: ClientDisconnectEvent) -> Done<'a> {
        self.note(event.user_id.as_deref(), |connections| connections.saturating_sub(1));
        Box::pin(std::future::ready(()))
    }
}
