//! Tables. A revision's document is stored once; the current alert and the outbox point at it.

mod access;
mod seals;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::{OpenError, security};

pub(crate) const FORMAT: i64 = 5;

/// What brings a file of format 1 to format 2: an account may have several operators and divisions. Sessions and tickets
/// end, for nothing is known of where they came from.
const FROM_1: &str = "
ALTER TABLE user ADD COLUMN operators TEXT NOT NULL DEFAULT '[]';
ALTER TABLE user ADD COLUMN divisions TEXT NOT NULL DEFAULT '[]';
UPDATE user SET operators = json_array(operator) WHERE operator IS NOT NULL;
ALTER TABLE user DROP COLUMN operator;
DELETE FROM secret WHERE kind <> 'token';
ALTER TABLE secret ADD COLUMN operators TEXT NOT NULL DEFAULT '[]';
ALTER TABLE secret ADD COLUMN divisions TEXT NOT NULL DEFAULT '[]';
UPDATE secret SET operators = json_array(operator) WHERE operator IS NOT NULL;
ALTER TABLE secret DROP COLUMN operator;
ALTER TABLE secret ADD COLUMN created INTEGER;
ALTER TABLE secret ADD COLUMN created_by TEXT;
ALTER TABLE secret ADD COLUMN id TEXT;
ALTER TABLE secret ADD COLUMN seen INTEGER;
ALTER TABLE secret ADD COLUMN address TEXT;
ALTER TABLE secret ADD COLUMN agent TEXT;";

/// What brings a file of format 3 to format 4: what was published before is known to be delivered, and nobody owes a
/// receipt for it.
const TO_4: &str = "
INSERT INTO delivery (id, department, revision, published, sent, received)
    SELECT r.id, o.department, max(r.revision), o.published, 1, 0
    FROM outbox o JOIN revision r ON r.seq = o.revision_seq
    WHERE o.kind = 'alert' AND o.published IS NOT NULL GROUP BY r.id, o.department;";

/// What waits is read a department at a time, what is urgent first. `outbox_unsent` finds what waits of one alert.
const OUTBOX: &str = "
DROP INDEX IF EXISTS outbox_waiting;
CREATE INDEX IF NOT EXISTS outbox_lane ON outbox (department, urgent, seq, created) WHERE published IS NULL;
CREATE INDEX IF NOT EXISTS outbox_unsent ON outbox (revision_seq) WHERE published IS NULL;";

/// The tables as this version has them.
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS revision (
    seq INTEGER PRIMARY KEY, id BLOB NOT NULL, revision INTEGER NOT NULL, state TEXT NOT NULL,
    at INTEGER NOT NULL, document BLOB NOT NULL, UNIQUE (id, revision));
CREATE TABLE IF NOT EXISTS frame (
    id BLOB NOT NULL, revision INTEGER NOT NULL, place INTEGER NOT NULL, received INTEGER NOT NULL,
    frame BLOB NOT NULL, PRIMARY KEY (id, revision, place)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alert (
    id BLOB NOT NULL UNIQUE, revision INTEGER NOT NULL, revision_seq INTEGER NOT NULL, state TEXT NOT NULL,
    rule TEXT NOT NULL, severity TEXT NOT NULL, plate TEXT NOT NULL, terminal TEXT NOT NULL,
    operator TEXT NOT NULL, division TEXT NOT NULL, departments INTEGER NOT NULL, raised_at INTEGER NOT NULL,
    status TEXT NOT NULL, handling TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS alert_by_time ON alert (raised_at, id);
CREATE INDEX IF NOT EXISTS alert_by_terminal ON alert (terminal, raised_at, id);
CREATE INDEX IF NOT EXISTS alert_by_plate ON alert (plate, raised_at, id);
CREATE INDEX IF NOT EXISTS alert_by_operator ON alert (operator, raised_at, id);
CREATE INDEX IF NOT EXISTS alert_open ON alert (severity) WHERE state <> 'cleared';
CREATE INDEX IF NOT EXISTS alert_open_by_time ON alert (raised_at, id) WHERE state <> 'cleared';
CREATE INDEX IF NOT EXISTS alert_by_severity ON alert (severity, raised_at, id);
CREATE INDEX IF NOT EXISTS alert_by_status ON alert (status, severity, raised_at, id);
CREATE INDEX IF NOT EXISTS alert_by_rule ON alert (rule, raised_at, id);
CREATE INDEX IF NOT EXISTS alert_by_assignee ON alert (json_extract(handling, '$.assignee'))
    WHERE json_extract(handling, '$.assignee') IS NOT NULL;
CREATE INDEX IF NOT EXISTS alert_by_revision ON alert (revision_seq);
CREATE INDEX IF NOT EXISTS alert_by_handling ON alert (json_extract(handling, '$.updated_at'));
CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, department TEXT NOT NULL, division TEXT NOT NULL,
    rule TEXT NOT NULL, revision_seq INTEGER, payload BLOB, created INTEGER NOT NULL, published INTEGER,
    urgent INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS outbox_published ON outbox (published) WHERE published IS NOT NULL;
CREATE TABLE IF NOT EXISTS delivery (
    id BLOB NOT NULL, department TEXT NOT NULL, revision INTEGER NOT NULL, published INTEGER, sent INTEGER NOT NULL,
    since INTEGER, due INTEGER, received INTEGER NOT NULL, received_at INTEGER, PRIMARY KEY (id, department))
    WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (department, due, since) WHERE due IS NOT NULL;
CREATE TABLE IF NOT EXISTS timeline (
    seq INTEGER PRIMARY KEY, id BLOB NOT NULL, at INTEGER NOT NULL, entry TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS timeline_by_alert ON timeline (id, seq);
CREATE TABLE IF NOT EXISTS audit (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, by TEXT NOT NULL, via TEXT NOT NULL,
    action TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS audit_by_time ON audit (at, seq);
CREATE INDEX IF NOT EXISTS audit_by_name ON audit (by, at, seq);
CREATE INDEX IF NOT EXISTS audit_by_subject ON audit (subject, at, seq);
CREATE TABLE IF NOT EXISTS request (
    id TEXT PRIMARY KEY, at INTEGER NOT NULL, handling TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS user (
    name TEXT PRIMARY KEY, password TEXT NOT NULL, role TEXT NOT NULL, department TEXT,
    operators TEXT NOT NULL DEFAULT '[]', divisions TEXT NOT NULL DEFAULT '[]');
CREATE TABLE IF NOT EXISTS secret (
    hash BLOB PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL, department TEXT,
    expires INTEGER, operators TEXT NOT NULL DEFAULT '[]', divisions TEXT NOT NULL DEFAULT '[]', created INTEGER,
    created_by TEXT, id TEXT, seen INTEGER, address TEXT, agent TEXT);
CREATE INDEX IF NOT EXISTS secret_by_name ON secret (kind, name);
CREATE INDEX IF NOT EXISTS session_by_id ON secret (id) WHERE id IS NOT NULL;
CREATE TABLE IF NOT EXISTS view (
    owner TEXT NOT NULL, name TEXT NOT NULL, query TEXT NOT NULL, updated INTEGER NOT NULL,
    PRIMARY KEY (owner, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS terminal (
    id TEXT PRIMARY KEY, profile TEXT NOT NULL, updated INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS quality (
    day INTEGER NOT NULL, terminal TEXT NOT NULL, operator TEXT NOT NULL, seen INTEGER NOT NULL,
    reports INTEGER NOT NULL, invalid INTEGER NOT NULL, unlocated INTEGER NOT NULL,
    continuous_dm INTEGER NOT NULL, broken_dm INTEGER NOT NULL, fatigue_s INTEGER NOT NULL, jumps INTEGER NOT NULL,
    overspeeds INTEGER NOT NULL, tampers INTEGER NOT NULL, heard INTEGER NOT NULL, f4 INTEGER NOT NULL,
    f5 INTEGER NOT NULL, f6 INTEGER NOT NULL, f7 INTEGER NOT NULL, f8 INTEGER NOT NULL, f9 INTEGER NOT NULL,
    f10 INTEGER NOT NULL, f11 INTEGER NOT NULL, f12 INTEGER NOT NULL, PRIMARY KEY (day, terminal)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS quality_by_terminal ON quality (terminal, day);
CREATE TABLE IF NOT EXISTS heard (
    terminal TEXT PRIMARY KEY, operator TEXT NOT NULL, first_day INTEGER NOT NULL, last_day INTEGER NOT NULL)
    WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS heard_by_operator ON heard (operator, first_day);
CREATE TABLE IF NOT EXISTS place_version (
    kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL,
    via TEXT NOT NULL, action TEXT NOT NULL, note TEXT NOT NULL, before TEXT, feature TEXT,
    PRIMARY KEY (kind, id, version)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS command (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, terminal TEXT NOT NULL, kind TEXT NOT NULL,
    body TEXT NOT NULL, state TEXT NOT NULL, by TEXT NOT NULL, via TEXT NOT NULL, created INTEGER NOT NULL,
    expires INTEGER NOT NULL, attempts INTEGER NOT NULL, serial INTEGER, result INTEGER, reason TEXT, answer TEXT,
    updated INTEGER NOT NULL, request_key TEXT UNIQUE);
CREATE INDEX IF NOT EXISTS command_by_terminal ON command (terminal, seq);
CREATE INDEX IF NOT EXISTS command_open ON command (terminal, seq) WHERE state = 'queued' OR state = 'sent';
CREATE INDEX IF NOT EXISTS command_queued ON command (expires) WHERE state = 'queued';
CREATE INDEX IF NOT EXISTS command_sent ON command (seq) WHERE state = 'sent';
CREATE INDEX IF NOT EXISTS command_ended ON command (updated, seq) WHERE state NOT IN ('queued', 'sent');
CREATE TABLE IF NOT EXISTS danger (
    year INTEGER NOT NULL, number INTEGER NOT NULL, key TEXT UNIQUE, pattern TEXT, level TEXT NOT NULL,
    operator TEXT NOT NULL, division TEXT NOT NULL, discovered INTEGER NOT NULL, created INTEGER NOT NULL,
    status TEXT NOT NULL, due INTEGER, closed INTEGER, escalation INTEGER NOT NULL, document TEXT NOT NULL,
    PRIMARY KEY (year, number)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS danger_by_operator ON danger (operator, pattern, discovered);
CREATE INDEX IF NOT EXISTS danger_due ON danger (due) WHERE status <> 'closed';
CREATE TABLE IF NOT EXISTS danger_timeline (
    seq INTEGER PRIMARY KEY, year INTEGER NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL, entry TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS danger_story ON danger_timeline (year, number, seq);
CREATE TABLE IF NOT EXISTS bulletin (
    id TEXT PRIMARY KEY, at INTEGER NOT NULL, month TEXT NOT NULL, title TEXT NOT NULL, document TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS bulletin_by_time ON bulletin (at, id);
CREATE TABLE IF NOT EXISTS rule_change (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, state TEXT NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL,
    via TEXT NOT NULL, note TEXT NOT NULL, changes TEXT NOT NULL, before TEXT NOT NULL, decided_at INTEGER,
    decided_by TEXT, decision_note TEXT);
CREATE INDEX IF NOT EXISTS rule_change_pending ON rule_change (seq) WHERE state = 'pending';
PRAGMA user_version = 5;";

/// What `alert` holds beside its first columns, so that counting and exports read no document: taken from the newest
/// revision and from the handling. `handled_at` and `handled_by` are of the entry of the result that still stands.
const ADDED: &str = "
ALTER TABLE alert ADD COLUMN class TEXT NOT NULL DEFAULT '';
ALTER TABLE alert ADD COLUMN driver TEXT NOT NULL DEFAULT '';
ALTER TABLE alert ADD COLUMN late INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alert ADD COLUMN result TEXT;
ALTER TABLE alert ADD COLUMN due_at INTEGER;
ALTER TABLE alert ADD COLUMN handled_at INTEGER;
ALTER TABLE alert ADD COLUMN handled_by TEXT;
UPDATE alert SET (class, driver, late) = (
    SELECT coalesce(json_extract(d, '$.vehicle.class'), ''), coalesce(json_extract(d, '$.driver.certificate'), ''),
        coalesce(json_extract(d, '$.late'), 0)
    FROM (SELECT CAST(document AS TEXT) AS d FROM revision WHERE seq = alert.revision_seq));
UPDATE alert SET result = json_extract(handling, '$.result'),
    due_at = CAST(round(unixepoch(json_extract(handling, '$.due_at'), 'subsec') * 1000) AS INTEGER)
    WHERE status <> 'new';
UPDATE alert SET (handled_at, handled_by) = (
    SELECT at, json_extract(entry, '$.by') FROM timeline WHERE timeline.id = alert.id
        AND json_extract(entry, '$.to') = 'handled' AND json_extract(entry, '$.from') <> 'handled'
    ORDER BY seq DESC LIMIT 1)
    WHERE status IN ('handled', 'closed');";

/// Statistics read these alone.
const ADDED_INDEXES: &str = "
CREATE INDEX IF NOT EXISTS alert_by_driver ON alert (driver, raised_at) WHERE driver <> '';
CREATE INDEX IF NOT EXISTS alert_by_work ON alert (status, rule, severity, raised_at, state, operator, division, class,
    departments);
CREATE INDEX IF NOT EXISTS quality_by_operator ON quality (operator, day);
CREATE INDEX IF NOT EXISTS alert_counted ON alert (raised_at, rule, severity, state, status, result, operator, division,
    class, departments, late, due_at, handled_at);";

pub(crate) fn open_writer(path: &Path) -> Result<Connection, OpenError> {
    let wrong = |source| OpenError::Database { path: path.to_owned(), source };
    let mut connection = Connection::open(path).map_err(wrong)?;
    connection.busy_timeout(Duration::from_secs(5)).map_err(wrong)?;
    connection.set_prepared_statement_cache_capacity(64);
    refuse_newer(&connection, path)?;
    connection
        .execute_batch("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")
        .map_err(wrong)?;
    // A second process that opens the file waits here, and then finds the new format.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(wrong)?;
    let found = refuse_newer(&transaction, path)?;
    if found == 1 {
        transaction.execute_batch(FROM_1).map_err(wrong)?;
    }
    transaction
        .execute_batch(TABLES)
        .and_then(|()| add_columns(&transaction))
        .and_then(|()| to_format_5(&transaction))
        // Format 3: tables beside those of format 2.
        .and_then(|()| security::make_tables(&transaction))
        .and_then(|()| access::to_format_3(&transaction, found))
        .and_then(|()| if (1..4).contains(&found) { transaction.execute_batch(TO_4) } else { Ok(()) })
        .and_then(|()| seals::to_format_4(&transaction, found))
        .and_then(|()| transaction.commit())
        .map_err(wrong)?;
    Ok(connection)
}

/// The format of a file; 0 is a new one.
fn refuse_newer(connection: &Connection, path: &Path) -> Result<i64, OpenError> {
    let found = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(|source| OpenError::Database { path: path.to_owned(), source })?;
    if found > FORMAT {
        return Err(OpenError::Newer { path: path.to_owned(), found, known: FORMAT });
    }
    Ok(found)
}

/// A ledger that was made before there were these columns gets them, filled, once.
fn add_columns(connection: &Connection) -> Result<(), rusqlite::Error> {
    let has = "SELECT 1 FROM pragma_table_info('alert') WHERE name = 'handled_by'";
    if !connection.prepare(has)?.exists([])? {
        connection.execute_batch(ADDED)?;
    }
    connection.execute_batch(ADDED_INDEXES)
}

/// Whether a message of the outbox is urgent; what waits already goes out in its order.
fn to_format_5(connection: &Connection) -> Result<(), rusqlite::Error> {
    let has = "SELECT 1 FROM pragma_table_info('outbox') WHERE name = 'urgent'";
    if !connection.prepare(has)?.exists([])? {
        connection.execute_batch("ALTER TABLE outbox ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0;")?;
    }
    connection.execute_batch(OUTBOX)
}

/// How many commands are in each state that is no end.
pub(crate) fn open_commands(connection: &Connection, path: &Path) -> Result<Vec<(String, i64)>, OpenError> {
    let count = || {
        connection
            .prepare(
                "SELECT state, count(*) FROM command WHERE state = 'queued' OR state = 'sent' GROUP BY state",
            )?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()
    };
    count().map_err(|source| OpenError::Database { path: path.to_owned(), source })
}

pub(crate) fn open_reader(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags)
        .and_then(|connection| connection.busy_timeout(Duration::from_secs(5)).map(|()| connection))
        .map_err(|source| OpenError::Database { path: path.to_owned(), source })
}
