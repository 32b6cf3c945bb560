//! What terminals are bound to, who tried to be one, and what was suspicious about it. Each table is bounded and holds
//! sums: a thousand attempts are one row.

use fleet::{Binding, ReceiveTime, TerminalId, Threat};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use crate::act::insert_audit;
use crate::{AuditEntry, Author, Ledger, StoreError, lock};

/// Numbers that are not on file and that are remembered; those that came least lately give way. Some hundred times what a
/// fleet that is being installed has.
pub const STRANGERS_MAX: usize = 1_000;
/// Kinds of security events times terminals that are remembered; those that came least lately give way.
pub const SECURITY_EVENTS_MAX: usize = 1_000;

/// What brings a ledger of format 2 to format 3; nothing of what it holds changes.
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS binding (
    terminal TEXT PRIMARY KEY, generation INTEGER NOT NULL, device TEXT, maker TEXT NOT NULL, plate TEXT NOT NULL,
    imei TEXT NOT NULL, since INTEGER NOT NULL, released INTEGER) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS binding_released ON binding (released) WHERE released IS NOT NULL;
CREATE TABLE IF NOT EXISTS stranger (
    number TEXT PRIMARY KEY, plate TEXT NOT NULL, device TEXT NOT NULL, maker TEXT NOT NULL, address TEXT NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL, tries INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS security_event (
    threat TEXT NOT NULL, terminal TEXT NOT NULL, addresses TEXT NOT NULL, first INTEGER NOT NULL,
    last INTEGER NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (threat, terminal)) WITHOUT ROWID;";

pub(crate) fn make_tables(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.execute_batch(TABLES)
}

/// A number that is not on file and was refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stranger {
    /// As its messages have it.
    pub number: String,
    /// The plate it registered with last; empty where it did not register.
    pub plate: String,
    /// The terminal id it registered with last.
    pub device: String,
    /// The maker it registered with last.
    pub maker: String,
    /// Where it came from last.
    pub address: String,
    /// When it came first.
    pub first: ReceiveTime,
    /// When it came last.
    pub last: ReceiveTime,
    /// How many messages of it were refused.
    pub tries: u64,
}

/// Suspicious messages of one kind under one number.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SecurityEvent {
    /// What kind.
    pub threat: Threat,
    /// Whose number was used; absent where nobody's was.
    pub terminal: Option<TerminalId>,
    /// Where they came from, oldest first, some at most.
    pub addresses: Vec<String>,
    /// The first.
    pub first: ReceiveTime,
    /// The newest.
    pub last: ReceiveTime,
    /// How many.
    pub count: u64,
}

impl Ledger {
    /// What a terminal is bound to. Never waits for lists.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn binding(&self, terminal: TerminalId) -> Result<Option<Binding>, StoreError> {
        let reader = lock(&self.inner.profile_reader);
        let mut statement = reader.prepare_cached(
            "SELECT generation, device, maker, plate, imei, since FROM binding WHERE terminal = ?1",
        )?;
        Ok(statement.query_row([terminal.as_str()], read_binding).optional()?)
    }

    /// Puts bindings in place of those there are, in one transaction. One of an earlier generation than there is changes
    /// nothing: the terminal was released meanwhile.
    ///
    /// # Errors
    /// When the store can't be written.
    pub fn put_bindings(&self, bindings: &[(TerminalId, Binding)]) -> Result<(), StoreError> {
        self.write(|transaction| {
            let mut statement = transaction.prepare_cached(
                "INSERT INTO binding (terminal, generation, device, maker, plate, imei, since)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (terminal) DO UPDATE SET generation = excluded.generation, device = excluded.device,
                    maker = excluded.maker, plate = excluded.plate, imei = excluded.imei, since = excluded.since
                 WHERE excluded.generation >= binding.generation",
            )?;
            for (terminal, it) in bindings {
                let Binding { generation, device, maker, plate, imei, since } = it;
                statement.execute(params![
                    terminal.as_str(),
                    generation,
                    device,
                    maker,
                    plate,
                    imei,
                    since.ms()
                ])?;
            }
            Ok::<(), StoreError>(())
        })
    }

    /// Binds a terminal to nothing: the code it has is worth nothing any more, and the next device that registers under its
    /// number has it from then on.
    ///
    /// # Errors
    /// When the store can't be written.
    pub fn release_terminal(&self, terminal: TerminalId, by: &Author) -> Result<Binding, StoreError> {
        self.write(|transaction| {
            let known: Option<u32> = transaction
                .prepare_cached("SELECT generation FROM binding WHERE terminal = ?1")?
                .query_row([terminal.as_str()], |row| row.get(0))
                .optional()?;
            let generation = known.unwrap_or(0).saturating_add(1);
            transaction
                .prepare_cached(
                    "INSERT INTO binding (terminal, generation, maker, plate, imei, since, released)
                     VALUES (?1, ?2, '', '', '', 0, (SELECT coalesce(max(released), 0) + 1 FROM binding))
                     ON CONFLICT (terminal) DO UPDATE SET generation = excluded.generation, device = NULL, maker = '',
                        plate = '', imei = '', since = 0, released = excluded.released",
                )?
                .execute(params![terminal.as_str(), generation])?;
            let entry = AuditEntry {
                at: by.at,
                by: by.by.clone(),
                via: by.via,
                action: "release-terminal".into(),
                subject: terminal.to_string(),
                detail: String::new(),
            };
            insert_audit(transaction, &entry)?;
            Ok(Binding { generation, ..Binding::default() })
        })
    }

    /// Terminals released after this number, which is 0 for all, with the newest number.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn released_since(&self, number: i64) -> Result<(i64, Vec<TerminalId>), StoreError> {
        let reader = lock(&self.inner.profile_reader);
        let mut statement = reader
            .prepare_cached("SELECT released, terminal FROM binding WHERE released > ?1 ORDER BY released")?;
        let rows = statement.query_map([number], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
        let rows: Vec<(i64, String)> = rows.collect::<Result<_, _>>()?;
        let newest = rows.last().map_or(number, |(released, _)| *released);
        let terminals = rows.iter().filter_map(|(_, terminal)| TerminalId::parse(terminal).ok());
        Ok((newest, terminals.collect()))
    }

    /// Puts these strangers and events in place of those of the same number and kind, and forgets the oldest beyond the
    /// bounds: one transaction, however many attempts there were.
    ///
    /// # Errors
    /// When the store can't be written.
    pub fn put_security(&self, strangers: &[Stranger], events: &[SecurityEvent]) -> Result<(), StoreError> {
        self.write(|transaction| {
            put_strangers(transaction, strangers)?;
            put_events(transaction, events)
        })
    }

    /// Who is not on file and came, newest first; at most [`STRANGERS_MAX`].
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn strangers(&self) -> Result<Vec<Stranger>, StoreError> {
        let reader = self.reader();
        let mut statement = reader.prepare_cached(
            "SELECT number, plate, device, maker, address, first, last, tries FROM stranger
             ORDER BY last DESC, number LIMIT ?1",
        )?;
        let rows = statement.query_map([count(STRANGERS_MAX)], read_stranger)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What was suspicious, newest first; at most [`SECURITY_EVENTS_MAX`].
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn security_events(&self) -> Result<Vec<SecurityEvent>, StoreError> {
        let reader = self.reader();
        let mut statement = reader.prepare_cached(
            "SELECT threat, terminal, addresses, first, last, count FROM security_event
             ORDER BY last DESC, threat, terminal LIMIT ?1",
        )?;
        let rows = statement.query_map([count(SECURITY_EVENTS_MAX)], read_event)?;
        // A kind that a newer version wrote is not ours to show.
        Ok(rows.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }
}

fn put_strangers(transaction: &Transaction<'_>, strangers: &[Stranger]) -> Result<(), StoreError> {
    let mut statement = transaction.prepare_cached(
        "INSERT OR REPLACE INTO stranger (number, plate, device, maker, address, first, last, tries)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for it in strangers {
        let (first, last, tries) = (it.first.ms(), it.last.ms(), it.tries.cast_signed());
        statement
            .execute(params![it.number, it.plate, it.device, it.maker, it.address, first, last, tries])?;
    }
    transaction
        .prepare_cached(
            "DELETE FROM stranger WHERE number IN (
                SELECT number FROM stranger ORDER BY last DESC, number LIMIT -1 OFFSET ?1)",
        )?
        .execute([count(STRANGERS_MAX)])?;
    Ok(())
}

fn put_events(transaction: &Transaction<'_>, events: &[SecurityEvent]) -> Result<(), StoreError> {
    let mut statement = transaction.prepare_cached(
        "INSERT OR REPLACE INTO security_event (threat, terminal, addresses, first, last, count)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for it in events {
        let terminal = it.terminal.as_ref().map_or("", TerminalId::as_str);
        let (first, last, count) = (it.first.ms(), it.last.ms(), it.count.cast_signed());
        let addresses = serde_json::to_string(&it.addresses)?;
        statement.execute(params![it.threat.as_str(), terminal, addresses, first, last, count])?;
    }
    transaction
        .prepare_cached(
            "DELETE FROM security_event WHERE (threat, terminal) IN (
                SELECT threat, terminal FROM security_event ORDER BY last DESC, threat, terminal LIMIT -1 OFFSET ?1)",
        )?
        .execute([count(SECURITY_EVENTS_MAX)])?;
    Ok(())
}

fn read_binding(row: &Row<'_>) -> Result<Binding, rusqlite::Error> {
    Ok(Binding {
        generation: row.get(0)?,
        device: row.get(1)?,
        maker: row.get(2)?,
        plate: row.get(3)?,
        imei: row.get(4)?,
        since: ReceiveTime::from_ms(row.get(5)?),
    })
}

fn read_stranger(row: &Row<'_>) -> Result<Stranger, rusqlite::Error> {
    Ok(Stranger {
        number: row.get(0)?,
        plate: row.get(1)?,
        device: row.get(2)?,
        maker: row.get(3)?,
        address: row.get(4)?,
        first: ReceiveTime::from_ms(row.get(5)?),
        last: ReceiveTime::from_ms(row.get(6)?),
        tries: row.get::<_, i64>(7)?.cast_unsigned(),
    })
}

fn read_event(row: &Row<'_>) -> Result<Option<SecurityEvent>, rusqlite::Error> {
    let Ok(threat) = Threat::parse(&row.get::<_, String>(0)?) else {
        return Ok(None);
    };
    Ok(Some(SecurityEvent {
        threat,
        terminal: TerminalId::parse(&row.get::<_, String>(1)?).ok(),
        addresses: serde_json::from_str(&row.get::<_, String>(2)?).unwrap_or_default(),
        first: ReceiveTime::from_ms(row.get(3)?),
        last: ReceiveTime::from_ms(row.get(4)?),
        count: row.get::<_, i64>(5)?.cast_unsigned(),
    }))
}

fn count(bound: usize) -> i64 {
    i64::try_from(bound).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Via;

    fn with_ledger(name: &str, check: impl FnOnce(&Ledger)) {
        let dir = std::env::temp_dir().join(format!("ledger-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        check(&Ledger::open(&dir.join("ledger.db"), &prometheus::Registry::new()).unwrap());
        std::fs::remove_dir_all(&dir).unwrap();
    }

    fn terminal(number: usize) -> TerminalId {
        TerminalId::parse(&number.to_string()).unwrap()
    }

    fn stranger(number: usize, last: i64) -> Stranger {
        Stranger {
            number: number.to_string(),
            plate: "藏A12345".into(),
            device: "D".into(),
            maker: "M".into(),
            address: "192.0.2.1".into(),
            first: ReceiveTime::from_ms(1),
            last: ReceiveTime::from_ms(last),
            tries: 3,
        }
    }

    #[test]
    fn a_release_outdates_what_was_bound_before() {
        with_ledger("release", |ledger| {
            let bound = Binding { device: Some("D1".into()), imei: "86".into(), ..Binding::default() };
            ledger.put_bindings(&[(terminal(1), bound.clone())]).unwrap();
            assert_eq!(ledger.binding(terminal(1)).unwrap(), Some(bound.clone()));
            let by = Author { by: "root".into(), via: Via::Console, at: ReceiveTime::from_ms(5) };
            let released = ledger.release_terminal(terminal(1), &by).unwrap();
            assert_eq!(released, Binding { generation: 1, ..Binding::default() });
            // Learnt before the release, written after it.
            ledger.put_bindings(&[(terminal(1), bound)]).unwrap();
            assert_eq!(ledger.binding(terminal(1)).unwrap(), Some(released));
            ledger.release_terminal(terminal(2), &by).unwrap();
            assert_eq!(ledger.released_since(0).unwrap(), (2, vec![terminal(1), terminal(2)]));
            assert_eq!(ledger.released_since(1).unwrap(), (2, vec![terminal(2)]));
            assert_eq!(ledger.released_since(2).unwrap(), (2, vec![]));
            let audit = ledger.audit_log(1).unwrap();
            assert_eq!((audit[0].action.as_str(), audit[0].subject.as_str()), ("release-terminal", "2"));
        });
    }

    #[test]
    fn strangers_and_events_are_sums_within_their_bounds() {
        with_ledger("strangers", |ledger| {
            let many: Vec<_> = (0..STRANGERS_MAX + 5).map(|at| stranger(at, count(at) + 1)).collect();
            ledger.put_security(&many, &[]).unwrap();
            let again = Stranger { tries: 9, ..stranger(7, 5_000) };
            ledger.put_security(std::slice::from_ref(&again), &[]).unwrap();
            let listed = ledger.strangers().unwrap();
            assert_eq!((listed.len(), &listed[0]), (STRANGERS_MAX, &again));
            assert!(listed.iter().all(|it| !["0", "4"].contains(&it.number.as_str())));
            let event = |terminal, last, count| SecurityEvent {
                threat: Threat::WrongCode,
                terminal,
                addresses: vec!["192.0.2.1".into(), "2001:db8::1".into()],
                first: ReceiveTime::from_ms(1),
                last: ReceiveTime::from_ms(last),
                count,
            };
            let many: Vec<_> = (0..SECURITY_EVENTS_MAX + 5)
                .map(|at| event(Some(terminal(at)), count(at) + 1, 1))
                .chain([event(None, 9_000, 2)])
                .collect();
            ledger.put_security(&[], &many).unwrap();
            let listed = ledger.security_events().unwrap();
            assert_eq!((listed.len(), &listed[0]), (SECURITY_EVENTS_MAX, many.last().unwrap()));
        });
    }
}
