//! What format 3 brings for access: second factors, passwords that were, how long a session may lie idle, and a count by
//! which every process that has the ledger open learns that a credential ended.

use rusqlite::Connection;

/// Sessions that were begun before had two hours.
const TO_3: &str = "
ALTER TABLE secret ADD COLUMN idle INTEGER;
UPDATE secret SET idle = 7200000 WHERE kind = 'session';
CREATE TABLE factor (
    name TEXT PRIMARY KEY, secret BLOB, pending BLOB, used INTEGER NOT NULL, since INTEGER) WITHOUT ROWID;
CREATE TABLE recovery (name TEXT NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (name, hash)) WITHOUT ROWID;
CREATE TABLE past_password (
    seq INTEGER PRIMARY KEY, name TEXT NOT NULL, at INTEGER NOT NULL, own INTEGER NOT NULL, hash TEXT NOT NULL);
CREATE INDEX past_password_by_name ON past_password (name, seq);
INSERT INTO past_password (name, at, own, hash) SELECT name, unixepoch() * 1000, 1, password FROM user;
CREATE TABLE access_epoch (one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL);
INSERT INTO access_epoch VALUES (1, 0);
CREATE TRIGGER credential_ended AFTER DELETE ON secret WHEN OLD.kind <> 'ticket'
    BEGIN UPDATE access_epoch SET epoch = epoch + 1; END;
CREATE TRIGGER credential_changed AFTER UPDATE OF hash ON secret
    BEGIN UPDATE access_epoch SET epoch = epoch + 1; END;";

/// Brings a file of an earlier format to what this one needs.
pub(super) fn to_format_3(connection: &Connection, found: i64) -> Result<(), rusqlite::Error> {
    if found < 3 { connection.execute_batch(TO_3) } else { Ok(()) }
}
