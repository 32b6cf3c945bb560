//! Who may connect to the embedded broker, what each may read, and what each may write.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use argon2::{Argon2, PasswordHash, PasswordVerifier};
use fleet::Department;
use settings::MqttAccount;
use tokio::sync::Semaphore;

use crate::tls::Peers;
use crate::topic::{self, covers};

/// User name of the service itself; no account may have it.
pub(crate) const SERVICE: &str = "roadwarden";

/// Client ids the broker remembers for a user. A department runs a handful of consumers; past the bound the oldest is
/// forgotten, and another account could then take that id over.
const CLIENT_IDS_MAX: usize = 1_000;

/// Failures that cost nothing: a consumer with an old password tries again and again, and others with it.
const FREE_FAILURES: u32 = 5;
/// How long a pair is remembered after its last failure.
const MEMORY: Duration = Duration::from_secs(300);
/// Pairs remembered, about 1 MB; past this the one that failed longest ago is forgotten.
const FAILURES_MAX: usize = 4096;
/// Characters of a name that are told apart; bounds the memory of a pair.
const NAME_CHARS_MAX: usize = 64;
/// Passwords hashed at a time: each takes a core and 19 MB for some tens of milliseconds.
const HASHING_MAX: usize = 2;

/// What a connection may do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Role {
    /// Reads everything of ours, writes nothing: the demo without an account.
    Anonymous,
    /// Reads what is addressed to it, writes its own dispositions, and its own receipts where it gives them.
    Department {
        /// Which.
        of: Department,
        /// Whether it gives receipts.
        receipts: bool,
    },
    /// Ourselves.
    Service,
}

impl Role {
    /// Whether every topic of `filter` is one it may read.
    pub(crate) fn may_read(self, filter: &str) -> bool {
        match self {
            Self::Anonymous | Self::Service => covers("roadwarden/v1/#", filter),
            Self::Department { of, .. } => {
                let single = [
                    topic::heartbeat(of),
                    topic::results(of),
                    topic::receipt_results(of),
                    topic::summary(of),
                ];
                ["alerts", "handling"]
                    .iter()
                    .any(|kind| covers(&format!("{}/{kind}/{of}/#", topic::ROOT), filter))
                    || filter == topic::STATUS
                    || single.iter().any(|own| own == filter)
            }
        }
    }

    /// Whether it may publish to `topic`, now or as a last will.
    pub(crate) fn may_write(self, topic: &str) -> bool {
        // A name with a wildcard in it would be covered by a rule with one there.
        if topic.contains(['+', '#']) {
            return false;
        }
        match self {
            Self::Anonymous => false,
            Self::Service => covers("roadwarden/v1/#", topic),
            Self::Department { of, receipts } => {
                topic == topic::dispositions(of)
                    || (receipts && topic == topic::receipts(of))
                    || (of == Department::Transport && covers(topic::STRUCTURES, topic))
            }
        }
    }
}

/// Everybody the broker knows.
pub(crate) struct Accounts {
    by_name: RwLock<BTreeMap<String, Account>>,
    anonymous: bool,
    client_ids: Mutex<BTreeMap<String, VecDeque<String>>>,
    failures: Mutex<Failures>,
    peers: Peers,
    hashing: Semaphore,
}

#[derive(Clone)]
struct Account {
    role: Role,
    password: Arc<str>,
}

impl Account {
    /// Whether who got in with the other would get in with this one, as the same department. Receipts are asked about
    /// with each message.
    fn admits_same(&self, other: &Self) -> bool {
        let department = |role| match role {
            Role::Department { of, .. } => Some(of),
            Role::Anonymous | Role::Service => None,
        };
        self.password == other.password && department(self.role) == department(other.role)
    }
}

impl Accounts {
    /// The departments' accounts and our own; `anonymous` lets in whoever gives no user name.
    pub(crate) fn new(accounts: &[MqttAccount], anonymous: bool, service_password: &str) -> Self {
        let mut by_name = departments(accounts);
        let service = Account { role: Role::Service, password: service_password.into() };
        by_name.insert(SERVICE.to_owned(), service);
        Self {
            by_name: RwLock::new(by_name),
            anonymous,
            client_ids: Mutex::default(),
            failures: Mutex::default(),
            peers: Peers::default(),
            hashing: Semaphore::new(HASHING_MAX),
        }
    }

    /// Who is behind connections that come over loopback.
    pub(crate) fn peers(&self) -> Peers {
        self.peers.clone()
    }

    /// Puts other accounts into force; returns the client ids of those that are gone or not as they were.
    pub(crate) fn replace(&self, accounts: &[MqttAccount]) -> Vec<String> {
        let mut fresh = departments(accounts);
        let mut by_name = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        fresh.extend(by_name.get_key_value(SERVICE).map(|(name, account)| (name.clone(), account.clone())));
        let changed: Vec<String> = by_name
            .iter()
            .filter(|(name, account)| !fresh.get(*name).is_some_and(|fresh| fresh.admits_same(account)))
            .map(|(name, _)| name.clone())
            .collect();
        *by_name = fresh;
        drop(by_name);
        let mut ids = self.client_ids.lock().unwrap_or_else(PoisonError::into_inner);
        changed.iter().filter_map(|name| ids.remove(name)).flatten().collect()
    }

    /// Whether the name and password are right, and the client id nobody else's. Who guesses waits.
    pub(crate) async fn admits(
        &self,
        client_id: &str,
        user: Option<&str>,
        password: Option<&[u8]>,
        from: SocketAddr,
    ) -> bool {
        let Some(user) = user else {
            return self.anonymous && password.is_none() && self.claim(client_id, "");
        };
        let known = self.by_name.read().unwrap_or_else(PoisonError::into_inner).get(user).cloned();
        // Ours is random and can't be guessed: nobody shall keep us out by guessing it.
        if user == SERVICE {
            return known
                .zip(password)
                .is_some_and(|(account, given)| is_same(given, account.password.as_bytes()));
        }
        let peer = self.peers.real(from);
        // A certificate opens the account that it is of and no other.
        if peer.certified.is_some_and(|name| name != user) {
            return false;
        }
        let who = (peer.ip, user.chars().take(NAME_CHARS_MAX).collect::<String>());
        if self.failures().must_wait(&who, Instant::now()) {
            return false;
        }
        let fits = match (known, password) {
            (Some(account), Some(given)) => self.fits(account, given).await,
            (Some(_) | None, _) => false,
        };
        self.failures().handle(who, fits, Instant::now());
        // An account that was taken while its password was looked at does not get in.
        fits && self.role(Some(user)).is_some() && self.claim(client_id, user)
    }

    async fn fits(&self, account: Account, given: &[u8]) -> bool {
        if !account.password.starts_with("$argon2") {
            return is_same(given, account.password.as_bytes());
        }
        let Ok(_turn) = self.hashing.acquire().await else { return false };
        let given = given.to_vec();
        let checked = tokio::task::spawn_blocking(move || {
            let hash = PasswordHash::new(&account.password);
            hash.is_ok_and(|hash| Argon2::default().verify_password(&given, &hash).is_ok())
        });
        checked.await.unwrap_or(false)
    }

    fn failures(&self) -> MutexGuard<'_, Failures> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The role behind a user name; `None` where there is no such account.
    pub(crate) fn role(&self, user: Option<&str>) -> Option<Role> {
        match user {
            None => self.anonymous.then_some(Role::Anonymous),
            Some(user) => self
                .by_name
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .get(user)
                .map(|account| account.role),
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

fn departments(accounts: &[MqttAccount]) -> BTreeMap<String, Account> {
    let account = |account: &MqttAccount| Account {
        role: Role::Department { of: account.department, receipts: account.receipts },
        password: account.password.as_str().into(),
    };
    accounts.iter().map(|each| (each.name.clone(), account(each))).collect()
}

/// Who failed lately, by address and name.
#[derive(Default)]
struct Failures(HashMap<(IpAddr, String), (u32, Instant)>);

impl Failures {
    /// Whether it is too early for another try.
    fn must_wait(&self, who: &(IpAddr, String), now: Instant) -> bool {
        let Some((count, last)) = self.0.get(who) else { return false };
        let excess = count.checked_sub(FREE_FAILURES);
        let pause = excess.map(|excess| Duration::from_secs(2 << excess.min(5)));
        pause.is_some_and(|pause| now.saturating_duration_since(*last) < pause)
    }

    fn handle(&mut self, who: (IpAddr, String), fits: bool, now: Instant) {
        if fits {
            self.0.remove(&who);
            return;
        }
        self.0.retain(|_, (_, last)| now.saturating_duration_since(*last) < MEMORY);
        if self.0.len() >= FAILURES_MAX {
            let oldest = self.0.iter().min_by_key(|(_, (_, last))| *last).map(|(who, _)| who.clone());
            oldest.and_then(|who| self.0.remove(&who));
        }
        let entry = self.0.entry(who).or_insert((0, now));
        *entry = (entry.0.saturating_add(1), now);
    }
}

/// Compares without stopping at the first difference, so that time tells nothing about how much was right.
fn is_same(given: &[u8], expected: &[u8]) -> bool {
    given.len() == expected.len() && given.iter().zip(expected).fold(0, |seen, (a, b)| seen | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use fleet::{Division, RuleId};

    use super::*;

    #[test]
    fn a_department_reads_its_own_and_nothing_wider() {
        let police = Role::Department { of: Department::Police, receipts: false };
        for own in [
            "roadwarden/v1/alerts/police/#",
            "roadwarden/v1/alerts/police/54/5401/#",
            "roadwarden/v1/alerts/police/+/+/+/sos",
            "roadwarden/v1/handling/police/54/#",
            "roadwarden/v1/heartbeat/police",
            "roadwarden/v1/dispositions/police/results",
            "roadwarden/v1/receipts/police/results",
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
        let department = |of| Role::Department { of, receipts: true };
        let (police, transport) = (department(Department::Police), department(Department::Transport));
        assert!(police.may_write("roadwarden/v1/receipts/police"));
        assert!(
            !Role::Department { of: Department::Police, receipts: false }
                .may_write("roadwarden/v1/receipts/police")
        );
        assert!(police.may_write("roadwarden/v1/dispositions/police"));
        assert!(transport.may_write("roadwarden/v1/structures/galashan/displacement"));
        for other in [
            "roadwarden/v1/dispositions/transport",
            "roadwarden/v1/dispositions/police/results",
            "roadwarden/v1/receipts/transport",
            "roadwarden/v1/receipts/police/results",
            "roadwarden/v1/receipts/+",
            "roadwarden/v1/alerts/police/54/5401/540102/sos",
            "roadwarden/v1/structures/galashan/displacement",
            "roadwarden/v1/status",
        ] {
            assert!(!police.may_write(other), "{other}");
        }
        assert!(!Role::Anonymous.may_write("roadwarden/v1/dispositions/police"));
    }

    const FROM: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 1);

    fn account(name: &str, password: &str) -> MqttAccount {
        let (name, password) = (name.to_owned(), password.to_owned());
        MqttAccount { name, department: Department::Police, password, receipts: false }
    }

    async fn admits(accounts: &Accounts, id: &str, user: Option<&str>, password: Option<&str>) -> bool {
        accounts.admits(id, user, password.map(str::as_bytes), FROM).await
    }

    #[tokio::test]
    async fn a_password_is_needed_and_a_client_id_has_one_owner() {
        let accounts = Accounts::new(&[account("a", "secret"), account("b", "secret")], false, "ours");
        assert!(admits(&accounts, "desk", Some("a"), Some("secret")).await);
        assert!(admits(&accounts, "desk", Some("a"), Some("secret")).await, "again");
        assert!(!admits(&accounts, "desk", Some("b"), Some("secret")).await, "taken");
        assert!(!admits(&accounts, "x", Some("a"), Some("Secret")).await);
        assert!(!admits(&accounts, "x", Some("a"), None).await);
        assert!(!admits(&accounts, "x", Some("c"), Some("secret")).await);
        assert!(!admits(&accounts, "x", None, None).await);
        assert!(admits(&Accounts::new(&[], true, "ours"), "x", None, None).await);
    }

    #[tokio::test]
    async fn a_password_may_be_given_as_its_argon2_hash_and_the_hash_opens_nothing() {
        let costs = argon2::Params::new(64, 1, 1, None).unwrap();
        let hasher = Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, costs);
        let salt = argon2::password_hash::SaltString::from_b64("c29tZXNhbHRzb21lc2FsdA").unwrap();
        let hash = argon2::PasswordHasher::hash_password(&hasher, b"secret", &salt).unwrap().to_string();
        let hash = hash.as_str();
        let accounts = Accounts::new(&[account("a", hash)], false, "ours");
        assert!(admits(&accounts, "x", Some("a"), Some("secret")).await);
        assert!(!admits(&accounts, "x", Some("a"), Some(hash)).await);
        assert!(!admits(&accounts, "x", Some("a"), Some("")).await);
    }

    /// CVE-2018-12551: a line of the password file that could not be read let its name in.
    #[tokio::test]
    async fn a_hash_that_is_none_lets_nobody_in() {
        for broken in ["$argon2id$", "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ", "$argon2"] {
            let accounts = Accounts::new(&[account("a", broken)], false, "ours");
            for given in [Some(broken), Some(""), None] {
                assert!(!admits(&accounts, "x", Some("a"), given).await, "{broken} {given:?}");
            }
        }
    }

    /// Every department × every topic there is × reading it, everything around it, shared, and writing it; a last will and
    /// what is retained are writes like others.
    #[test]
    fn each_department_reads_and_writes_what_the_contract_says_and_nothing_else() {
        let mut allowed = 0;
        let roles = Department::ALL.iter().flat_map(|own| [(own, false), (own, true)]);
        for (own, receipts) in roles {
            let role = Role::Department { of: *own, receipts };
            for other in Department::ALL {
                let is_own = own == other;
                let alert = topic::alert(*other, Division::UNKNOWN, RuleId::SOS);
                let topics = [
                    (alert.clone(), is_own, false),
                    (alert.replace("/alerts/", "/handling/"), is_own, false),
                    (topic::heartbeat(*other), is_own, false),
                    (topic::results(*other), is_own, false),
                    (topic::dispositions(*other), false, is_own),
                    (topic::receipt_results(*other), is_own, false),
                    (topic::summary(*other), is_own, false),
                    (topic::receipts(*other), false, is_own && receipts),
                    (topic::STATUS.to_owned(), true, false),
                    ("roadwarden/v1/positions/54/5401/540102/13800000001".to_owned(), false, false),
                    (
                        "roadwarden/v1/structures/x/displacement".to_owned(),
                        false,
                        *own == Department::Transport,
                    ),
                    ("roadwarden/v2/alerts/police/54".to_owned(), false, false),
                    ("$SYS/broker/uptime".to_owned(), false, false),
                ];
                for (topic, reads, writes) in topics {
                    assert_eq!(role.may_read(&topic), reads, "{own} reads {topic}");
                    assert_eq!(role.may_write(&topic), writes, "{own} writes {topic}");
                    allowed += usize::from(reads) + usize::from(writes);
                    let shared = format!("$share/g/{topic}");
                    assert!(!role.may_read(&shared) && !role.may_write(&shared), "{own} {shared}");
                    for wider in wider(&topic) {
                        let may = wider.starts_with(&format!("roadwarden/v1/alerts/{own}/"))
                            || wider.starts_with(&format!("roadwarden/v1/handling/{own}/"));
                        assert_eq!(role.may_read(&wider), may, "{own} reads {wider}");
                        assert!(!role.may_write(&wider), "{own} writes {wider}");
                    }
                }
            }
        }
        // Six and the status of each, its dispositions, and the structures of one, asked once for each other department;
        // all of it without receipts and with them, which are one more.
        assert_eq!(allowed, 2 * (5 * (6 + 1) + 5 * 5 + 5) + 5);
    }

    /// The topic with each of its levels replaced by `+`, and cut off at each by `#`.
    fn wider(topic: &str) -> Vec<String> {
        let levels: Vec<&str> = topic.split('/').collect();
        let replaced = (0..levels.len()).map(|at| {
            let mut levels = levels.clone();
            levels[at] = "+";
            levels.join("/")
        });
        let cut = (0..levels.len()).map(|at| [&levels[..at], &["#"]].concat().join("/"));
        replaced.chain(cut).collect()
    }

    #[tokio::test]
    async fn who_guesses_waits_and_keeps_neither_others_nor_the_service_out() {
        let accounts = Accounts::new(&[account("a", "secret")], false, "ours");
        for _ in 0..FREE_FAILURES {
            assert!(!admits(&accounts, "x", Some("a"), Some("guess")).await);
            assert!(!admits(&accounts, "x", Some(SERVICE), Some("guess")).await);
        }
        assert!(!admits(&accounts, "x", Some("a"), Some("secret")).await, "too early");
        assert!(admits(&accounts, "s", Some(SERVICE), Some("ours")).await);
        let elsewhere: SocketAddr = "127.0.0.2:1".parse().unwrap();
        assert!(accounts.admits("x", Some("a"), Some(b"secret"), elsewhere).await);
        let (mut failures, now, who) = (Failures::default(), Instant::now(), (FROM.ip(), "a".to_owned()));
        for _ in 0..FREE_FAILURES {
            failures.handle(who.clone(), false, now);
        }
        assert!(failures.must_wait(&who, now + Duration::from_millis(1_999)));
        assert!(!failures.must_wait(&who, now + Duration::from_secs(2)));
        for n in 0..=FAILURES_MAX {
            failures.handle((FROM.ip(), n.to_string()), false, now);
        }
        assert_eq!(failures.0.len(), FAILURES_MAX);
    }

    #[tokio::test]
    async fn replaced_accounts_name_the_clients_that_have_to_go() {
        let accounts =
            Accounts::new(&[account("a", "1"), account("b", "1"), account("c", "1")], false, "ours");
        for (id, user) in [("one", "a"), ("two", "b"), ("three", "c")] {
            assert!(admits(&accounts, id, Some(user), Some("1")).await);
        }
        let moved = MqttAccount { department: Department::Ecology, ..account("b", "1") };
        assert_eq!(accounts.replace(&[account("a", "1"), moved]), ["two", "three"]);
        let ecology = |receipts| Some(Role::Department { of: Department::Ecology, receipts });
        assert_eq!(accounts.role(Some("b")), ecology(false));
        assert_eq!((accounts.role(Some("c")), accounts.role(Some(SERVICE))), (None, Some(Role::Service)));
        let gives = MqttAccount { receipts: true, department: Department::Ecology, ..account("b", "1") };
        assert!(admits(&accounts, "two", Some("b"), Some("1")).await);
        assert!(accounts.replace(&[account("a", "1"), gives]).is_empty(), "receipts put nobody out");
        assert_eq!(accounts.role(Some("b")), ecology(true));
        assert_eq!(accounts.replace(&[account("a", "1")]), ["two"]);
        assert_eq!(accounts.replace(&[]), ["one"], "an empty list is nobody, not everybody");
    }
}
