//! Who may connect to the embedded broker, what each may read, and what each may write.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use fleet::Department;
use settings::MqttAccount;

use crate::topic::{self, covers};

/// User name of the service itself; no account may have it.
pub(crate) const SERVICE: &str = "roadwarden";

/// Client ids the broker remembers for a user. A department runs a handful of consumers; past the bound the oldest is
/// forgotten, and another account could then take that id over.
const CLIENT_IDS_MAX: usize = 1_000;

/// What a connection may do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Role {
    /// Reads everything of ours, writes nothing: the demo without an account.
    Anonymous,
    /// Reads what is addressed to it, writes its own dispositions.
    Department(Department),
    /// Ourselves.
    Service,
}

impl Role {
    /// Whether every topic of `filter` is one it may read.
    pub(crate) fn may_read(self, filter: &str) -> bool {
        match self {
            Self::Anonymous | Self::Service => covers("roadwarden/v1/#", filter),
            Self::Department(department) => {
                ["alerts", "handling"]
                    .iter()
                    .any(|kind| covers(&format!("{}/{kind}/{department}/#", topic::ROOT), filter))
                    || [topic::heartbeat(department).as_str(), &topic::results(department), topic::STATUS]
                        .contains(&filter)
            }
        }
    }

    /// Whether it may publish to `topic`, now or as a last will.
    pub(crate) fn may_write(self, topic: &str) -> bool {
        match self {
            Self::Anonymous => false,
            Self::Service => covers("roadwarden/v1/#", topic),
            Self::Department(department) => {
                topic == topic::dispositions(department)
                    || (department == Department::Transport && covers(topic::STRUCTURES, topic))
            }
        }
    }
}

/// Everybody the broker knows.
pub(crate) struct Accounts {
    by_name: BTreeMap<String, (Role, String)>,
    anonymous: bool,
    client_ids: Mutex<BTreeMap<String, VecDeque<String>>>,
}

impl Accounts {
    /// The departments' accounts and our own; `anonymous` lets in whoever gives no user name.
    pub(crate) fn new(accounts: &[MqttAccount], anonymous: bool, service_password: &str) -> Self {
        let mut by_name: BTreeMap<_, _> = accounts
            .iter()
            .map(|account| {
                (account.name.clone(), (Role::Department(account.department), account.password.clone()))
            })
            .collect();
        by_name.insert(SERVICE.to_owned(), (Role::Service, service_password.to_owned()));
        Self { by_name, anonymous, client_ids: Mutex::default() }
    }

    /// Whether the name and password are right, and the client id nobody else's.
    pub(crate) fn admits(&self, client_id: &str, user: Option<&str>, password: Option<&[u8]>) -> bool {
        let known = match user {
            None => self.anonymous && password.is_none(),
            Some(user) => self.by_name.get(user).is_some_and(|(_, expected)| {
                password.is_some_and(|given| is_same(given, expected.as_bytes()))
            }),
        };
        known && self.claim(client_id, user.unwrap_or_default())
    }

    /// The role behind a user name; `None` where there is no such account.
    pub(crate) fn role(&self, user: Option<&str>) -> Option<Role> {
        match user {
            None => self.anonymous.then_some(Role::Anonymous),
            Some(user) => self.by_name.get(user).map(|(role, _)| *role),
        }
    }

    /// The broker ends a connection, and may discard its session, when another comes with the same client id: the
    /// first account to use one keeps it.
    fn claim(&self, client_id: &str, user: &str) -> bool {
        if client_id.is_empty() {
            return true;
        }
        let mut all = self.client_ids.lock().unwrap_or_else(PoisonError::into_inner);
        if all.iter().any(|(owner, ids)| owner != user && ids.iter().any(|id| id == client_id)) {
            return false;
        }
        let ids = all.entry(user.to_owned()).or_default();
        if !ids.iter().any(|id| id == client_id) {
            ids.push_back(client_id.to_owned());
            if ids.len() > CLIENT_IDS_MAX {
                ids.pop_front();
            }
        }
        true
    }
}

/// Compares without stopping at the first difference, so that time tells nothing about how much was right.
fn is_same(given: &[u8], expected: &[u8]) -> bool {
    given.len() == expected.len() && given.iter().zip(expected).fold(0, |seen, (a, b)| seen | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_department_reads_its_own_and_nothing_wider() {
        let police = Role::Department(Department::Police);
        for own in [
            "roadwarden/v1/alerts/police/#",
            "roadwarden/v1/alerts/police/54/5401/#",
            "roadwarden/v1/alerts/police/+/+/+/sos",
            "roadwarden/v1/handling/police/54/#",
            "roadwarden/v1/heartbeat/police",
            "roadwarden/v1/dispositions/police/results",
            "roadwarden/v1/status",
        ] {
            assert!(police.may_read(own), "{own}");
        }
        for other in [
            "roadwarden/v1/alerts/transport/#",
            "roadwarden/v1/alerts/+/54/#",
            "roadwarden/v1/alerts/#",
            "roadwarden/v1/#",
            "#",
            "+/v1/alerts/police/#",
            "roadwarden/v1/heartbeat/+",
            "roadwarden/v1/dispositions/police",
            "roadwarden/v1/dispositions/police/#",
            "roadwarden/v1/positions/#",
            "$share/g/roadwarden/v1/alerts/police/#",
            "$SYS/#",
        ] {
            assert!(!police.may_read(other), "{other}");
        }
    }

    #[test]
    fn a_department_writes_its_dispositions_and_transport_its_structures() {
        let (police, transport) =
            (Role::Department(Department::Police), Role::Department(Department::Transport));
        assert!(police.may_write("roadwarden/v1/dispositions/police"));
        assert!(transport.may_write("roadwarden/v1/structures/galashan/displacement"));
        for other in [
            "roadwarden/v1/dispositions/transport",
            "roadwarden/v1/dispositions/police/results",
            "roadwarden/v1/alerts/police/54/5401/540102/sos",
            "roadwarden/v1/structures/galashan/displacement",
            "roadwarden/v1/status",
        ] {
            assert!(!police.may_write(other), "{other}");
        }
        assert!(!Role::Anonymous.may_write("roadwarden/v1/dispositions/police"));
    }

    #[test]
    fn a_password_is_needed_and_a_client_id_has_one_owner() {
        let account = |name: &str| MqttAccount {
            name: name.to_owned(),
            department: Department::Police,
            password: "secret".to_owned(),
        };
        let accounts = Accounts::new(&[account("a"), account("b")], false, "ours");
        assert!(accounts.admits("desk", Some("a"), Some(b"secret")));
        assert!(accounts.admits("desk", Some("a"), Some(b"secret")), "again");
        assert!(!accounts.admits("desk", Some("b"), Some(b"secret")), "taken");
        assert!(!accounts.admits("x", Some("a"), Some(b"Secret")));
        assert!(!accounts.admits("x", Some("a"), None));
        assert!(!accounts.admits("x", Some("c"), Some(b"secret")));
        assert!(!accounts.admits("x", None, None));
        assert!(Accounts::new(&[], true, "ours").admits("x", None, None));
    }
}
