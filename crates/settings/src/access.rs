//! `[access]`: how people prove who they are, and for how long that holds.
//!
//! Two profiles, for two bodies of rules that contradict each other about passwords. `asvs` follows OWASP ASVS 5.0: long
//! passwords, nothing common, no composition (V6.2.5) and no periodic change (V6.2.10). `dengbao3` follows what 等保2.0
//! level 3 (GB/T 22239-2019, 8.1.4.1 to 8.1.4.3) is assessed by: composition, periodic change, locking, two factors, separate
//! duties. A profile moves the defaults; what would break its rules is a mistake.

use std::time::Duration;

use crate::problem::Collector;
use crate::table::Table;

/// Words of [`Access::second_factor_roles`]: every role of an account.
pub const ROLES: [&str; 8] =
    ["duty", "supervisor", "department", "police", "operator", "analyst", "admin", "auditor"];

const DAY: Duration = Duration::from_secs(86_400);

/// `[access]`
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Access {
    /// Which body of rules holds.
    pub profile: AccessProfile,
    /// Whether a password is enough to sign in.
    pub second_factor: SecondFactor,
    /// Roles that need a second factor where the others may have one.
    pub second_factor_roles: Vec<&'static str>,
    /// A session that nothing uses ends after this long.
    pub session_idle: Duration,
    /// A session ends after this long whatever it does.
    pub session_max: Duration,
    /// Fewest characters of a password.
    pub password_chars_min: usize,
    /// Of lower case, upper case, digits and others, so many have to be there; 0 asks for none.
    pub password_classes_min: usize,
    /// A password that is older has to be changed; `None`: it stays good.
    pub password_max_age: Option<Duration>,
    /// A new password may be none of so many before it.
    pub password_history: usize,
    /// An account is locked after so many failures in a row; 0: never, guessing only gets slower.
    pub lock_after: u32,
    /// How long it stays locked.
    pub lock_for: Duration,
    /// Whether who asks where a vehicle was has to say why.
    pub track_reason: TrackReason,
}

/// Whether a reason is asked for: where a vehicle was tells where its driver was (个人信息保护法 articles 28 and 51).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum TrackReason {
    /// One that is given is kept.
    #[default]
    Off,
    /// Without one there is no track.
    Required,
}

/// A body of rules.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum AccessProfile {
    /// OWASP ASVS 5.0.
    #[default]
    Asvs,
    /// 等保2.0 level 3.
    Dengbao3,
}

/// Whether more than a password is asked for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SecondFactor {
    /// Nobody has one.
    Off,
    /// Who wants one has one.
    #[default]
    Optional,
    /// Everybody has one.
    Required,
}

impl Default for Access {
    fn default() -> Self {
        Self::of(AccessProfile::Asvs)
    }
}

impl Access {
    /// The defaults of a profile.
    pub fn of(profile: AccessProfile) -> Self {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        match profile {
            AccessProfile::Asvs => Self {
                profile,
                second_factor: SecondFactor::Optional,
                second_factor_roles: Vec::new(),
                session_idle: minutes(120),
                session_max: minutes(720),
                password_chars_min: 12,
                password_classes_min: 0,
                password_max_age: None,
                password_history: 0,
                lock_after: 0,
                lock_for: minutes(30),
                track_reason: TrackReason::Off,
            },
            AccessProfile::Dengbao3 => Self {
                profile,
                second_factor: SecondFactor::Required,
                second_factor_roles: Vec::new(),
                session_idle: minutes(15),
                session_max: minutes(480),
                password_chars_min: 12,
                password_classes_min: 3,
                password_max_age: Some(90 * DAY),
                password_history: 5,
                lock_after: 5,
                lock_for: minutes(30),
                track_reason: TrackReason::Required,
            },
        }
    }

    /// Whether somebody of this role may do nothing before a second factor is set up.
    pub fn needs_second_factor(&self, role: &str) -> bool {
        match self.second_factor {
            SecondFactor::Off => false,
            SecondFactor::Optional => self.second_factor_roles.contains(&role),
            SecondFactor::Required => true,
        }
    }

    /// Whether a live feed that runs is a use of its session: a duty room watches for hours without a touch. Under 等保2.0 it
    /// is not.
    pub fn is_use_to_watch(&self) -> bool {
        self.profile == AccessProfile::Asvs
    }

    /// Whether who keeps accounts may not read what the audit log says about it.
    pub fn separates_duties(&self) -> bool {
        self.profile == AccessProfile::Dengbao3
    }
}

pub(crate) fn lower(table: &mut Table<'_>, out: &mut Collector) -> Access {
    let profile = match table.choice("profile", &["asvs", "dengbao3"], out) {
        "dengbao3" => AccessProfile::Dengbao3,
        _ => AccessProfile::Asvs,
    };
    let usual = Access::of(profile);
    let factors = match usual.second_factor {
        SecondFactor::Required => ["required", "optional", "off"],
        SecondFactor::Optional | SecondFactor::Off => ["optional", "required", "off"],
    };
    let reasons = match usual.track_reason {
        TrackReason::Off => ["off", "required"],
        TrackReason::Required => ["required", "off"],
    };
    let is_dengbao = profile == AccessProfile::Dengbao3;
    let (idle, most, days) = if is_dengbao { ("15m", "8h", 90) } else { ("2h", "12h", 0) };
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let small = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let access = Access {
        profile,
        second_factor: match table.choice("second_factor", &factors, out) {
            "off" => SecondFactor::Off,
            "required" => SecondFactor::Required,
            _ => SecondFactor::Optional,
        },
        second_factor_roles: table.words("second_factor_roles", &ROLES, out),
        session_idle: table.duration("session_idle", idle, ("1m", "1d"), out),
        session_max: table.duration("session_max", most, ("5m", "7d"), out),
        password_chars_min: small(table.integer(
            "password_chars_min",
            count(usual.password_chars_min),
            (8, 64),
            out,
        )),
        password_classes_min: small(table.integer(
            "password_classes_min",
            count(usual.password_classes_min),
            (0, 4),
            out,
        )),
        password_max_age: match table.integer("password_max_days", days, (0, 3_650), out) {
            0 => None,
            days => Some(DAY * u32::try_from(days).unwrap_or(u32::MAX)),
        },
        password_history: small(table.integer(
            "password_history",
            count(usual.password_history),
            (0, 20),
            out,
        )),
        lock_after: u32::try_from(table.integer("lock_after", usual.lock_after.into(), (0, 100), out))
            .unwrap_or(0),
        lock_for: table.duration("lock_for", "30m", ("1m", "1d"), out),
        track_reason: match table.choice("track_reason", &reasons, out) {
            "required" => TrackReason::Required,
            _ => TrackReason::Off,
        },
    };
    contradictions(&access, table, out);
    table.finish(out);
    access
}

/// What the profile forbids, or what can't both hold.
fn contradictions(access: &Access, table: &Table<'_>, out: &mut Collector) {
    let mut wrong = |key: &str, text: &str| table.report(Some(key), format!("access.{key} {text}"), out);
    if access.session_idle > access.session_max {
        wrong("session_idle", "is longer than access.session_max, expected at most that");
    }
    if access.second_factor == SecondFactor::Off && !access.second_factor_roles.is_empty() {
        wrong("second_factor_roles", "names roles while access.second_factor is \"off\", expected none");
    }
    match access.profile {
        AccessProfile::Asvs => {
            if access.password_classes_min > 0 {
                wrong("password_classes_min", "is forbidden by the profile asvs (V6.2.5), expected 0");
            }
            if access.password_max_age.is_some() {
                wrong("password_max_days", "is forbidden by the profile asvs (V6.2.10), expected 0");
            }
        }
        AccessProfile::Dengbao3 => {
            for (key, is_loose, expected) in [
                ("second_factor", access.second_factor != SecondFactor::Required, "\"required\""),
                ("session_idle", access.session_idle > Duration::from_secs(1800), "at most 30m"),
                ("session_max", access.session_max > Duration::from_secs(12 * 3600), "at most 12h"),
                ("password_classes_min", access.password_classes_min < 3, "3 or 4"),
                ("password_max_days", access.password_max_age.is_none_or(|age| age > 180 * DAY), "1 to 180"),
                ("password_history", access.password_history < 5, "5 or more"),
                ("lock_after", !(1..=10).contains(&access.lock_after), "1 to 10"),
                ("lock_for", access.lock_for < Duration::from_secs(600), "10m or more"),
            ] {
                if is_loose {
                    wrong(key, &format!("is too loose for the profile dengbao3, expected {expected}"));
                }
            }
        }
    }
}
