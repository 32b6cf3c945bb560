//! What a ledger and a replay say, to be compared.

use std::collections::BTreeMap;
use std::path::Path;

use fleet::Alert;
use ledger::Ledger;
use pipeline::{Fold, Ground};

/// Every revision of every alert, as bytes.
pub type Told = BTreeMap<(String, u32, bool), String>;

pub fn told(alert: &Alert) -> ((String, u32, bool), String) {
    ((alert.id.to_string(), alert.revision, alert.late), serde_json::to_string(alert).unwrap())
}

/// All that is in the ledger of a data directory.
pub fn stored(home: &Path) -> Told {
    let ledger = Ledger::open(&home.join("ledger.sqlite"), &prometheus::Registry::new()).unwrap();
    let mut all = Told::new();
    let mut query = ledger::Query { limit: 1000, ..Default::default() };
    loop {
        let page = ledger.alerts(&query).unwrap();
        for listed in page.items {
            all.extend(ledger.revisions(listed.alert.id).unwrap().iter().map(|(_, alert)| told(alert)));
        }
        match page.next {
            Some(cursor) => query.cursor = Some(cursor),
            None => return all,
        }
    }
}

/// The same frames on one thread, with no service.
pub fn replayed<'a>(ground: &Ground, records: impl IntoIterator<Item = &'a journal::Record>) -> Told {
    let mut fold = Fold::new(ground);
    let mut alerts = Vec::new();
    for record in records {
        fold.handle_frame(record.received, &record.frame, &mut alerts, &mut |_, _| {}).unwrap();
    }
    let all: Told = alerts.iter().map(told).collect();
    assert_eq!(all.len(), alerts.len(), "one revision is said twice");
    all
}
