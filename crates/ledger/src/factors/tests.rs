use super::*;
use crate::tests::Dir;
use crate::{Identity, Origin, Role, SessionLimits, Use, Via};

const START: i64 = 1_700_000_000_000;

fn author(ms: i64) -> Author {
    Author { by: "duty".into(), via: Via::Console, at: ReceiveTime::from_ms(START + ms) }
}

fn secret_of(new: &NewFactor) -> Vec<u8> {
    BASE32_NOPAD.decode(new.secret.as_bytes()).unwrap()
}

fn shown(new: &NewFactor, ms: i64) -> String {
    format!("{:06}", totp::code(&secret_of(new), (START + ms).div_euclid(30_000)))
}

struct Stage {
    dir: Dir,
    ledger: Ledger,
    session: String,
}

fn stage() -> Stage {
    let dir = Dir::new();
    let ledger = dir.open();
    let user = Identity::new("duty", Role::Duty);
    ledger.add_user(&user, "secret", &author(0)).unwrap();
    let limits = SessionLimits::default();
    let session = ledger.start_session(&user, &Origin::default(), limits, &author(0)).unwrap();
    Stage { dir, ledger, session }
}

#[test]
fn a_factor_holds_once_confirmed_and_a_code_counts_once() {
    let Stage { dir: _dir, ledger, session } = stage();
    let new = ledger.begin_factor("duty").unwrap();
    assert!(new.uri.starts_with("otpauth://totp/Roadwarden:duty?secret="), "{}", new.uri);
    assert_eq!(ledger.check_factor("duty", None, &author(0)).unwrap(), FactorCheck::Absent, "not yet");
    let wrong = ledger.confirm_factor("duty", "000000", &session, &author(0));
    assert!(matches!(wrong, Err(FactorError::WrongCode)));
    let confirmed = ledger.confirm_factor("duty", &shown(&new, 0), &session, &author(0)).unwrap();
    let check = |code: Option<&str>, ms| ledger.check_factor("duty", code, &author(ms)).unwrap();
    assert_eq!(check(None, 0), FactorCheck::Needed);
    assert_eq!(check(Some(&shown(&new, 0)), 0), FactorCheck::Wrong, "used to confirm");
    let next = shown(&new, 60_000);
    assert_eq!(check(Some(&next), 60_000), FactorCheck::Fits);
    assert_eq!(check(Some(&next), 60_000), FactorCheck::Wrong, "replayed");
    assert_eq!(check(Some(&shown(&new, 30_000)), 60_000), FactorCheck::Wrong, "older than the last");
    assert_eq!(check(Some(&shown(&new, 120_000)), 200_000), FactorCheck::Wrong, "too old");
    let lives = |secret: &str| {
        ledger
            .check_session(secret, ReceiveTime::from_ms(START + 9), Use::Look)
            .unwrap()
            .map(|it| it.has_factor)
    };
    assert_eq!((lives(&session), lives(&confirmed.session.unwrap())), (None, Some(true)));
}

#[test]
fn ten_codes_on_paper_each_sign_in_once() {
    let Stage { dir: _dir, ledger, session } = stage();
    let new = ledger.begin_factor("duty").unwrap();
    let codes = ledger.confirm_factor("duty", &shown(&new, 0), &session, &author(0)).unwrap().recovery_codes;
    assert_eq!(codes.len(), RECOVERY_CODES);
    let check = |code: &str| ledger.check_factor("duty", Some(code), &author(1)).unwrap();
    for (n, code) in (0..10).rev().zip(&codes) {
        let typed = code.to_lowercase().replace('-', " ");
        assert_eq!(check(&typed), FactorCheck::FitsRecovery { left: n });
        assert_eq!(check(code), FactorCheck::Wrong, "used");
    }
    assert_eq!(ledger.factor("duty").unwrap().unwrap().recovery_left, 0);
}

#[test]
fn a_copy_of_the_ledger_holds_no_secret_and_no_code() {
    let Stage { dir, ledger, session } = stage();
    let new = ledger.begin_factor("duty").unwrap();
    let codes = ledger.confirm_factor("duty", &shown(&new, 0), &session, &author(0)).unwrap().recovery_codes;
    drop(ledger);
    let mut bytes = std::fs::read(dir.path()).unwrap();
    bytes.extend(std::fs::read(dir.path().with_extension("sqlite-wal")).unwrap_or_default());
    let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    assert!(holds(b"second-factor-on"), "the right file is looked at");
    assert!(!holds(&secret_of(&new)) && !holds(new.secret.as_bytes()));
    assert!(codes.iter().all(|code| !holds(code.as_bytes()) && !holds(plain(code).as_bytes())));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(dir.path().with_extension("key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn a_secret_opens_for_its_own_name_and_under_its_own_key_only() {
    let Stage { dir, ledger, session } = stage();
    let new = ledger.begin_factor("duty").unwrap();
    let codes = ledger.confirm_factor("duty", &shown(&new, 0), &session, &author(0)).unwrap().recovery_codes;
    drop(ledger);
    let database = rusqlite::Connection::open(dir.path()).unwrap();
    database
        .execute("INSERT INTO factor (name, secret, used) SELECT 'chief', secret, 0 FROM factor", [])
        .unwrap();
    let ledger = dir.open();
    let moved = ledger.check_factor("chief", Some(&shown(&new, 60_000)), &author(60_000));
    assert!(matches!(moved, Err(FactorError::Key { .. })));
    drop(ledger);
    std::fs::remove_file(dir.path().with_extension("key")).unwrap();
    let ledger = dir.open();
    let lost = ledger.check_factor("duty", Some(&shown(&new, 60_000)), &author(60_000));
    assert!(matches!(lost, Err(FactorError::Key { .. })));
    let paper = ledger.check_factor("duty", Some(&codes[0]), &author(60_000)).unwrap();
    assert_eq!(paper, FactorCheck::FitsRecovery { left: 9 });
}

#[test]
fn a_reset_ends_the_sessions_and_a_removed_account_leaves_nothing() {
    let Stage { dir: _dir, ledger, session } = stage();
    let new = ledger.begin_factor("duty").unwrap();
    let confirmed = ledger.confirm_factor("duty", &shown(&new, 0), &session, &author(0)).unwrap();
    let admin = Author { by: "chief".into(), ..author(1) };
    assert!(ledger.reset_factor("duty", &admin).unwrap() && !ledger.reset_factor("duty", &admin).unwrap());
    let now = ReceiveTime::from_ms(START + 2);
    assert_eq!(ledger.check_session(&confirmed.session.unwrap(), now, Use::Look).unwrap(), None);
    let old = ledger.check_factor("duty", Some(&confirmed.recovery_codes[0]), &author(2)).unwrap();
    assert_eq!(old, FactorCheck::Absent);
    ledger.begin_factor("duty").unwrap();
    ledger.remove_user("duty", &admin).unwrap();
    assert!(matches!(ledger.confirm_factor("duty", "1", "", &author(3)), Err(FactorError::NotBegun)));
}

#[test]
fn passwords_that_were_are_known_and_an_end_of_a_credential_is_told_to_every_process() {
    let Stage { dir, ledger, session } = stage();
    let mut changes = ledger.access_changes();
    let (other, before) = (dir.open(), ledger.access_epoch().unwrap());
    for (n, password) in ["one", "two"].into_iter().enumerate() {
        ledger.set_password("duty", password, &session, &author(n as i64)).unwrap();
    }
    let was = |password: &str, last| ledger.was_password("duty", password, last).unwrap();
    assert!(was("two", 1) && was("one", 2) && was("secret", 3));
    assert!(!was("one", 1) && !was("three", 9));
    assert!(changes.has_changed().unwrap());
    changes.borrow_and_update();
    let token = other.add_token(&Identity::new("robot", Role::Duty), &author(5)).unwrap();
    let middle = ledger.access_epoch().unwrap();
    assert!(middle > before);
    other.revoke_tokens("robot", &author(6)).unwrap();
    assert!(ledger.access_epoch().unwrap() > middle && ledger.check_token(&token).unwrap().is_none());
}
