//! Zones and routes drawn in the console come into force the way a reload does, all or nothing.
//!
//! The steps, and what a crash after each leaves: the new file written beside the old one (old), everything loaded and
//! checked with it (old), the versions and the audit row committed (old: the next start forgets those versions and says
//! so), the file put in its place (new), in force.

use std::fmt;
use std::io;
use std::sync::Arc;

use fleet::ReceiveTime;
use ledger::{AuditEntry, PlaceVersion, StoreError, Via};
use settings::{Change, Drawn, Edit, PlaceKind, Problems, Reference, Unfit};

use super::{Refused, Reloader, map_version};
use crate::clock;

/// Why what was drawn before stays in force.
#[derive(Debug)]
pub enum NotRedrawn {
    /// It does not fit what is there.
    Unfit(Unfit),
    /// As for a reload.
    Refused(Refused),
    /// The console's file can't be written.
    File(io::Error),
}

impl fmt::Display for NotRedrawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unfit(unfit) => unfit.fmt(f),
            Self::Refused(refused) => refused.fmt(f),
            Self::File(error) => write!(f, "what was drawn can't be written: {error}"),
        }
    }
}

impl From<StoreError> for NotRedrawn {
    fn from(error: StoreError) -> Self {
        Self::Refused(Refused::Ledger(error))
    }
}

impl From<io::Error> for NotRedrawn {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

impl From<Problems> for NotRedrawn {
    fn from(problems: Problems) -> Self {
        Self::Refused(Refused::Problems(problems))
    }
}

impl Reloader {
    /// Puts an edit into force, together with whatever else stands in the files by now; blocks. With `is_trial` it is
    /// checked all the same, and nothing is kept. Gives the set that holds, or would hold.
    pub fn redraw(
        &self,
        edit: &Edit,
        by: &str,
        via: Via,
        is_trial: bool,
    ) -> Result<Arc<Reference>, NotRedrawn> {
        let turn = self.turn().map_err(NotRedrawn::Refused)?;
        let running = &turn.running;
        let at = clock::now();
        let drawn = running.plan(edit, by, at).map_err(NotRedrawn::Unfit)?;
        let staged = if is_trial { None } else { Some(drawn.stage(edit.kind, &running.drawn.dir)?) };
        let loaded = settings::load_drawn(&self.config, edit.kind, &drawn)?;
        let Some(staged) = staged else { return Ok(Arc::new(loaded.reference)) };
        let versions = versions(edit, (running, &loaded.reference), drawn.revision, (at, by, via));
        let detail = story(edit, &drawn, (running, &loaded.reference));
        let (action, subject) = named(edit);
        let audit = AuditEntry { at, by: by.to_owned(), via, action, subject, detail };
        self.ledger.record_places(&versions, &audit)?;
        if let Err(error) = staged.commit() {
            self.forget(edit.kind, running.drawn.of(edit.kind).revision)?;
            return Err(error.into());
        }
        if let Err(error) = staged.sync() {
            // It is in its place, and a crash may undo that: then the next start says so.
            tracing::error!(%error, "what was drawn may not outlive a crash");
        }
        tracing::info!(revision = drawn.revision, kind = edit.kind.as_str(), by, "drawn in the console");
        let changes = running.changes(&loaded.reference);
        Ok(self.put_in_force(&turn, loaded, &changes, by))
    }

    /// At the start: versions whose file was never put in its place are forgotten.
    pub fn settle(&self) -> Result<(), StoreError> {
        let reference = Arc::clone(&self.reference.borrow());
        PlaceKind::ALL.into_iter().try_for_each(|kind| self.forget(kind, reference.drawn.of(kind).revision))
    }

    fn forget(&self, kind: PlaceKind, revision: u64) -> Result<(), StoreError> {
        let audit = AuditEntry {
            at: clock::now(),
            by: "roadwarden".to_owned(),
            via: Via::Service,
            action: format!("{}-forgotten", kind.as_str()),
            subject: revision.to_string(),
            detail: format!("what was written down beyond revision {revision} never came into force"),
        };
        self.ledger.forget_places(kind.one(), revision, &audit).map(drop)
    }
}

/// What is written down of each place.
fn versions(
    edit: &Edit,
    (old, new): (&Reference, &Reference),
    version: u64,
    (at, by, via): (ReceiveTime, &str, Via),
) -> Vec<PlaceVersion> {
    let feature = |reference: &Reference, id: &str| {
        let is_closed = reference.drawn.of(edit.kind).places.get(id).is_some_and(|p| p.feature.is_none());
        reference.place(edit.kind, id).filter(|_| !is_closed).map(|place| place.to_feature())
    };
    let written = |change: &Change| {
        let (before, after) = (feature(old, change.id()), feature(new, change.id()));
        let action = match change {
            Change::Add(_) => "add",
            Change::Put(_) if before.is_none() => "add",
            Change::Put(_) | Change::Replace(_) => "change",
            Change::Close(_) => "close",
            Change::Remove(_) => "remove",
        };
        PlaceVersion {
            kind: edit.kind.one().to_owned(),
            id: change.id().to_owned(),
            version,
            at,
            by: by.to_owned(),
            via,
            action: action.to_owned(),
            note: edit.note.clone(),
            before,
            feature: after,
        }
    };
    edit.changes.iter().map(written).collect()
}

/// Action and subject of the audit row.
fn named(edit: &Edit) -> (String, String) {
    let one = edit.kind.one();
    match edit.changes.as_slice() {
        [Change::Add(place)] => (format!("{one}-add"), place.id().to_owned()),
        [Change::Replace(place)] => (format!("{one}-change"), place.id().to_owned()),
        [Change::Close(id)] => (format!("{one}-close"), id.clone()),
        [Change::Remove(id)] => (format!("{one}-remove"), id.clone()),
        _ => (format!("{}-import", edit.kind.as_str()), String::new()),
    }
}

/// `version 7; map 1f… → 2a…; places: zones 3 → 4, …; note: wider`
fn story(edit: &Edit, drawn: &Drawn, (old, new): (&Reference, &Reference)) -> String {
    let turn = format!("map {} → {}", map_version(old), map_version(new));
    let mut said = vec![format!("version {}", drawn.revision), turn];
    said.extend(old.changes(new));
    if edit.changes.len() > 1 {
        said.push(format!("{} {}", edit.changes.len(), edit.kind.as_str()));
    }
    if !edit.note.is_empty() {
        said.push(format!("note: {}", edit.note));
    }
    said.join("; ")
}
