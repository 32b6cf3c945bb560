//! A change to what was drawn: whether it fits, and what is there after it.

use std::fmt;

use fleet::{Map, ReceiveTime};

use super::{BYTES_MAX, Drawn, DrawnPlace, Mark, PLACES_MAX, PlaceKind};
use crate::Reference;
use crate::geojson::Place;

/// What somebody wants of a place.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A new one; its id must be free.
    Add(Place),
    /// One in the place of another, which must be there.
    Replace(Place),
    /// Either of both.
    Put(Place),
    /// The one in a file holds no longer.
    Close(String),
    /// What the console drew or closed is gone; the one in a file, if there is one, holds again.
    Remove(String),
}

impl Change {
    /// Of which place.
    pub fn id(&self) -> &str {
        match self {
            Self::Add(place) | Self::Replace(place) | Self::Put(place) => place.id(),
            Self::Close(id) | Self::Remove(id) => id,
        }
    }
}

/// Changes that come into force together.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// Of what.
    pub kind: PlaceKind,
    /// Each of another place.
    pub changes: Vec<Change>,
    /// The version somebody looked at who now changes it; `None`: any.
    pub seen: Option<u64>,
    /// Why.
    pub note: String,
}

/// Why a change does not fit what is there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Unfit {
    /// The id is taken.
    Exists(String),
    /// There is no such place.
    Absent(String),
    /// It was changed in between; the version now.
    Stale(u64),
    /// It stands in a file and nowhere else.
    InFile(String),
    /// There would be too much, see the bound.
    TooMuch(String),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exists(id) => write!(f, "{id:?} is there already"),
            Self::Absent(id) => write!(f, "{id:?} is not there"),
            Self::Stale(version) => write!(f, "it was changed in between, its version now is {version}"),
            Self::InFile(id) => write!(
                f,
                "{id:?} stands in a file of the configuration only: it can be replaced or closed, not removed"
            ),
            Self::TooMuch(text) => f.write_str(text),
        }
    }
}

impl Reference {
    /// A place as it is: what holds, or where it is closed what would hold.
    pub fn place(&self, kind: PlaceKind, id: &str) -> Option<Place> {
        let beneath = || self.drawn.beneath(kind, id);
        match kind {
            PlaceKind::Zones => {
                let index = self.atlas.zone_index(id).and_then(|index| usize::try_from(index.0).ok());
                let zone = index.and_then(|index| self.atlas.zones().nth(index));
                zone.map(|(zone, shape)| Place::Zone(Box::new(zone.clone()), shape.clone())).or_else(beneath)
            }
            PlaceKind::Routes => {
                let index = Map::route(&*self.atlas, id).and_then(|index| usize::try_from(index.0).ok());
                let route = index.and_then(|index| self.atlas.routes().nth(index));
                route.cloned().map(Place::Route).or_else(beneath)
            }
        }
    }

    /// The version of a place: 0 where it stands in a file alone.
    pub fn place_version(&self, kind: PlaceKind, id: &str) -> u64 {
        self.drawn.of(kind).places.get(id).map_or(0, |place| place.mark.version)
    }

    /// What is drawn after an edit of somebody; nothing is written.
    pub fn plan(&self, edit: &Edit, by: &str, at: ReceiveTime) -> Result<Drawn, Unfit> {
        let mut drawn = self.drawn.of(edit.kind).clone();
        drawn.revision += 1;
        let mark = Mark { version: drawn.revision, at, by: by.to_owned(), note: edit.note.clone() };
        for change in &edit.changes {
            self.fits(edit, change)?;
            let feature = match change {
                Change::Add(place) | Change::Replace(place) | Change::Put(place) => Some(place.to_feature()),
                Change::Close(_) => None,
                Change::Remove(id) => {
                    drawn.places.remove(id);
                    continue;
                }
            };
            drawn.places.insert(change.id().to_owned(), DrawnPlace { mark: mark.clone(), feature });
        }
        if drawn.places.len() > PLACES_MAX {
            let text =
                format!("{} {} drawn, expected at most {PLACES_MAX}", drawn.places.len(), edit.kind.as_str());
            return Err(Unfit::TooMuch(text));
        }
        let bytes = drawn.to_text().len();
        if bytes > BYTES_MAX {
            let text =
                format!("all {} drawn take {bytes} bytes, expected at most {BYTES_MAX}", edit.kind.as_str());
            return Err(Unfit::TooMuch(text));
        }
        Ok(drawn)
    }

    fn fits(&self, edit: &Edit, change: &Change) -> Result<(), Unfit> {
        let id = change.id();
        let is_there = self.place(edit.kind, id).is_some();
        let is_drawn = self.drawn.of(edit.kind).places.contains_key(id);
        let in_file = self.drawn.beneath(edit.kind, id).is_some() || (is_there && !is_drawn);
        let version = self.place_version(edit.kind, id);
        match change {
            Change::Add(_) if is_there => return Err(Unfit::Exists(id.to_owned())),
            Change::Replace(_) | Change::Close(_) | Change::Remove(_) if !is_there && !is_drawn => {
                return Err(Unfit::Absent(id.to_owned()));
            }
            Change::Add(_) | Change::Put(_) | Change::Replace(_) | Change::Close(_) | Change::Remove(_) => {}
        }
        if edit.seen.is_some_and(|seen| seen != version) {
            return Err(Unfit::Stale(version));
        }
        match change {
            Change::Remove(_) if !is_drawn => Err(Unfit::InFile(id.to_owned())),
            // What stands in no file is gone when it is removed; nothing is left to be closed.
            Change::Close(_) if !in_file => Err(Unfit::Absent(id.to_owned())),
            Change::Add(_) | Change::Put(_) | Change::Replace(_) | Change::Close(_) | Change::Remove(_) => {
                Ok(())
            }
        }
    }
}
