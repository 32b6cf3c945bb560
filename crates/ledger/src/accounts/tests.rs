use std::time::Duration;

use fleet::{Department, Division};
use rusqlite::Connection;

use super::*;
use crate::tests::Dir;
use crate::{Origin, Owner, SessionLimits, Use, VIEWS_MAX, ViewError, session_id};

fn author(ms: i64) -> Author {
    Author { by: "admin".into(), via: Via::Api, at: ReceiveTime::from_ms(ms) }
}

fn operator() -> Identity {
    Identity { operators: vec!["OP1".into()], ..Identity::new("robot", Role::Operator) }
}

#[test]
fn people_are_known_by_their_password_and_programs_by_their_token() {
    let dir = Dir::new();
    let ledger = dir.open();
    let user = User { department: Some(Department::Police), ..Identity::new("duty", Role::Duty) };
    ledger.add_user(&user, "secret", &author(1)).unwrap();
    assert_eq!(ledger.check_password("duty", "secret").unwrap(), Some(user.clone()));
    assert_eq!(ledger.check_password("duty", "Secret").unwrap(), None);
    assert_eq!(ledger.check_password("nobody", "secret").unwrap(), None);
    let token = ledger.add_token(&operator(), &author(2)).unwrap();
    assert_eq!(token.len(), 64);
    // Works from another process while the service runs.
    assert_eq!(dir.open().check_token(&token).unwrap(), Some(operator()));
    let tokens = ledger.tokens().unwrap();
    assert_eq!(
        (tokens.len(), &tokens[0].identity, tokens[0].created_by.as_deref()),
        (1, &operator(), Some("admin"))
    );
    assert!(matches!(ledger.issue_token(&operator(), &author(3)), Err(AccountError::NameTaken(_))));
    assert_eq!(ledger.revoke_tokens("robot", &author(4)).unwrap(), 1);
    assert_eq!(ledger.check_token(&token).unwrap(), None);
    let told: Vec<_> =
        ledger.audit_log(9).unwrap().into_iter().map(|row| (row.action, row.subject)).collect();
    let expected = [("token-revoke", "robot"), ("token-add", "robot"), ("user-add", "duty")];
    assert_eq!(told, expected.map(|(action, subject)| (action.to_owned(), subject.to_owned())));
}

#[test]
fn a_session_ends_by_time_by_idleness_and_by_hand() {
    let dir = Dir::new();
    let ledger = dir.open();
    let (user, origin) =
        (Identity::new("duty", Role::Duty), Origin { address: "::1".into(), agent: "x".into() });
    let limits = SessionLimits { idle: Duration::from_secs(2 * 3600), lasts: Duration::from_secs(12 * 3600) };
    let start = |at: ReceiveTime| ledger.start_session(&user, &origin, limits, &author(at.ms())).unwrap();
    let check = |session: &str, at: ReceiveTime| {
        ledger.check_session(session, at, Use::Counts).unwrap().map(|signed_in| signed_in.identity)
    };
    let zero = ReceiveTime::from_ms(1_000_000);
    let session = start(zero);
    assert_eq!(ledger.check_token(&session).unwrap(), None);
    // Used every hour it lasts until its end; left alone it does not.
    for hour in 1..12 {
        let at = zero.plus(Duration::from_secs(3600 * hour));
        assert_eq!(check(&session, at), Some(user.clone()), "{hour}");
    }
    assert_eq!(check(&session, zero.plus(limits.lasts)), None);
    let idle = start(zero);
    // Looking is no use.
    let half = zero.plus(limits.idle / 2);
    assert!(ledger.check_session(&idle, half, Use::Look).unwrap().is_some());
    assert!(ledger.sessions(Some("duty"), zero).unwrap().iter().any(|one| one.id == session_id(&idle)));
    assert_eq!(check(&idle, zero.plus(limits.idle)), None);
    assert!(ledger.sessions(None, zero.plus(limits.lasts)).unwrap().is_empty());
    let (first, second) = (start(zero), start(zero));
    assert!(!ledger.revoke_session(&session_id(&first), Some("other"), &author(5)).unwrap());
    assert!(ledger.revoke_session(&session_id(&first), Some("duty"), &author(5)).unwrap());
    assert_eq!(check(&first, zero), None);
    assert_eq!(check(&second, zero), Some(user.clone()));
    ledger.end_session(&second, &author(6)).unwrap();
    assert_eq!(check(&second, zero), None);
    let ticket = ledger.add_one_time_ticket(&user, zero, Duration::from_secs(1)).unwrap();
    assert_eq!(ledger.take_one_time_ticket(&ticket, zero).unwrap(), Some(user.clone()));
    assert_eq!(ledger.take_one_time_ticket(&ticket, zero).unwrap(), None);
}

#[test]
fn a_changed_account_has_no_old_sessions_and_the_last_admin_stays() {
    let dir = Dir::new();
    let ledger = dir.open();
    let (chief, duty) = (Identity::new("chief", Role::Admin), Identity::new("duty", Role::Duty));
    ledger.make_user(&chief, "one", &author(1)).unwrap();
    ledger.make_user(&duty, "one", &author(1)).unwrap();
    assert!(matches!(ledger.make_user(&duty, "two", &author(1)), Err(AccountError::NameTaken(_))));
    let start = |whose| {
        ledger.start_session(whose, &Origin::default(), SessionLimits::default(), &author(1)).unwrap()
    };
    let (kept, gone, other) = (start(&duty), start(&duty), start(&chief));
    let lives =
        |session: &str| ledger.check_session(session, ReceiveTime::from_ms(2), Use::Look).unwrap().is_some();
    let old = kept;
    let kept = ledger.set_password("duty", "three", &old, &author(2)).unwrap().expect("a new secret");
    assert!(!lives(&old), "the secret of before opens nothing");
    assert!(ledger.check_password("duty", "three").unwrap().is_some() && lives(&kept) && !lives(&gone));
    let narrowed = Identity { divisions: vec!["5401".into()], ..duty.clone() };
    ledger.change_user(&narrowed, None, &author(3)).unwrap();
    assert_eq!(ledger.check_password("duty", "three").unwrap(), Some(narrowed));
    assert!(!lives(&kept) && lives(&other));
    let demoted = Identity { role: Role::Analyst, ..chief.clone() };
    assert!(matches!(ledger.change_user(&demoted, None, &author(4)), Err(AccountError::LastAdmin(_))));
    assert!(matches!(ledger.dismiss_user("chief", &author(4)), Err(AccountError::LastAdmin(_))));
    assert!(matches!(ledger.add_user(&demoted, "two", &author(4)), Err(AccountError::LastAdmin(_))));
    assert!(matches!(ledger.dismiss_user("nobody", &author(4)), Err(AccountError::Unknown(_))));
    ledger.change_user(&Identity { role: Role::Admin, ..duty }, None, &author(5)).unwrap();
    ledger.dismiss_user("chief", &author(6)).unwrap();
    assert!(!lives(&other) && ledger.users().unwrap().len() == 1);
}

#[test]
fn views_are_their_owners_and_are_bounded() {
    let dir = Dir::new();
    let ledger = dir.open();
    let (person, program) = (Owner::User("duty".into()), Owner::Token("duty".into()));
    for n in 0..VIEWS_MAX {
        ledger.put_view(&person, &format!("{n:02}"), "severity=major", &author(1)).unwrap();
    }
    assert!(matches!(ledger.put_view(&person, "more", "", &author(2)), Err(ViewError::TooMany)));
    ledger.put_view(&person, "00", "severity=critical", &author(2)).unwrap();
    let views = ledger.views(&person).unwrap();
    assert_eq!((views.len(), views[0].query.as_str()), (VIEWS_MAX, "severity=critical"));
    assert!(ledger.views(&program).unwrap().is_empty());
    assert!(!ledger.remove_view(&program, "00", &author(3)).unwrap());
    assert!(ledger.remove_view(&person, "00", &author(3)).unwrap());
    ledger.add_user(&Identity::new("duty", Role::Duty), "secret", &author(4)).unwrap();
    ledger.remove_user("duty", &author(5)).unwrap();
    assert!(ledger.views(&person).unwrap().is_empty());
}

#[test]
fn an_account_that_contradicts_itself_is_refused_by_its_member() {
    let plain = |role| Identity::new("x", role);
    let texts = |text: &str| vec![text.to_owned()];
    let cases = [
        (Identity::new(" x", Role::Duty), "name: \" x\" is no name, expected 1 to 64 characters"),
        (plain(Role::Operator), "operators: the role operator needs an operator"),
        (
            Identity { divisions: texts("54"), ..operator() },
            "divisions: the role operator sees its own vehicles wherever they are, expected none",
        ),
        (plain(Role::Department), "department: the role department needs a department"),
        (
            Identity { department: Some(Department::Ecology), ..plain(Role::Police) },
            "department: the role police is that of the police, expected police or none",
        ),
        (
            Identity { operators: texts("OP1"), ..plain(Role::Admin) },
            "operators: the role admin is for the whole service, expected none",
        ),
        (
            Identity { divisions: texts("543"), ..plain(Role::Duty) },
            "divisions: \"543\" is no division, expected 2, 4 or 6 digits",
        ),
        (Identity { operators: texts(""), ..plain(Role::Duty) }, "operators: \"\" is no operator's id"),
    ];
    for (identity, expected) in cases {
        assert_eq!(identity.check().unwrap_err().to_string(), expected);
    }
    for role in [Role::Duty, Role::Police, Role::Admin, Role::Auditor, Role::Analyst, Role::Supervisor] {
        plain(role).check().unwrap();
    }
}

#[test]
fn a_role_bounds_what_is_seen() {
    let here = Division::parse("540102").unwrap();
    let sees = |identity: &Identity| identity.scope().sees_vehicle("OP1", here);
    let plain = |role| Identity::new("x", role);
    for role in [Role::Duty, Role::Supervisor, Role::Police, Role::Analyst, Role::Admin] {
        assert!(sees(&plain(role)), "{role}");
    }
    for role in [Role::Operator, Role::Auditor, Role::Department] {
        assert!(!sees(&plain(role)), "{role}");
    }
    // An operator's division would show it vehicles of others.
    let wide =
        Identity { operators: vec!["OP2".into()], divisions: vec!["54".into()], ..plain(Role::Operator) };
    assert!(!sees(&wide));
    assert_eq!(plain(Role::Police).scope().department, Some(Department::Police));
    let fire = Identity { department: Some(Department::Emergency), ..plain(Role::Department) };
    assert_eq!((fire.scope().department, sees(&fire)), (Some(Department::Emergency), true));
}

#[test]
fn a_file_of_format_1_keeps_its_accounts_and_gets_what_is_new() {
    let dir = Dir::new();
    let path = dir.path();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    Connection::open(&path).unwrap().execute_batch(include_str!("../../fixtures/format-1.sql")).unwrap();
    for _ in 0..2 {
        let ledger = dir.open();
        let company =
            Identity { operators: vec!["OP001".into()], ..Identity::new("company", Role::Operator) };
        let fire = Identity { department: Some(Department::Emergency), ..Identity::new("fire", Role::Duty) };
        assert_eq!(ledger.users().unwrap(), [company, fire]);
        let robot = Identity { operators: vec!["OP\"1".into()], ..Identity::new("robot", Role::Operator) };
        assert_eq!(ledger.check_token("one").unwrap(), Some(robot));
        assert_eq!(ledger.check_token("two").unwrap(), Some(Identity::new("room", Role::Duty)));
        assert_eq!(ledger.tokens().unwrap()[0].created_at, None);
        let now = ReceiveTime::from_ms(1_000);
        assert_eq!(ledger.check_session("three", now, Use::Look).unwrap(), None);
        assert_eq!(ledger.take_one_time_ticket("four", now).unwrap(), None);
        assert_eq!(ledger.audit_log(9).unwrap().len(), 2, "with the row that says what is under the chain");
        assert!(ledger.views(&Owner::User("fire".into())).unwrap().is_empty());
    }
    let format: i64 =
        Connection::open(&path).unwrap().query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    assert_eq!(format, crate::schema::FORMAT);
}
