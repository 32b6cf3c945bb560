//! What was drawn in the console: one file for zones and one for routes beside the data, read after those of the
//! configuration. A place in it stands over the one with the same id in a file, or is closed: then that one is hidden.
//!
//! ```text
//! data/atlas/zones.geojson   {"type": "FeatureCollection", "revision": 7, "closed": [..], "features": [one a line]}
//! data/atlas/routes.geojson  the same
//! ```
//!
//! A file is replaced whole: what is there is the old or the new, whatever happens in between.

mod edit;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use atlas::{Route, Shape};
use fleet::{ReceiveTime, Zone};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use edit::{Change, Edit, Unfit};

use crate::geojson::{self, Place};
use crate::problem::{Collector, Problem};

/// Places of one kind drawn or closed in the console; every load reads and checks them all.
pub const PLACES_MAX: usize = 2_000;
/// Bytes of one of its files.
pub const BYTES_MAX: usize = 16 << 20;

/// What can be drawn.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum PlaceKind {
    /// Routes.
    Routes,
    /// Zones.
    Zones,
}

impl PlaceKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Zones, Self::Routes];

    /// As in paths and file names.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Routes => "routes",
            Self::Zones => "zones",
        }
    }

    /// One of them.
    pub const fn one(self) -> &'static str {
        match self {
            Self::Routes => "route",
            Self::Zones => "zone",
        }
    }

    /// The file in the console's folder.
    pub fn file(self, dir: &Path) -> PathBuf {
        dir.join(self.as_str()).with_extension("geojson")
    }
}

/// Who drew something last, and when.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Mark {
    /// The revision of the file that brought it.
    pub version: u64,
    /// When.
    pub at: ReceiveTime,
    /// Who.
    pub by: String,
    /// Why.
    pub note: String,
}

/// A place as the console left it.
#[derive(Clone, Debug, PartialEq)]
pub struct DrawnPlace {
    /// Its last change.
    pub mark: Mark,
    /// What was drawn; `None`: the one in a file is closed.
    pub feature: Option<Value>,
}

/// All that was drawn of one kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawn {
    /// One more with each change.
    pub revision: u64,
    /// By id.
    pub places: BTreeMap<String, DrawnPlace>,
}

/// What was drawn, and what it stands over.
#[derive(Clone, Debug, Default)]
pub struct DrawnMap {
    /// The folder of the files.
    pub dir: PathBuf,
    /// Zones.
    pub zones: Drawn,
    /// Routes.
    pub routes: Drawn,
    /// Zones of files that the console replaced or closed, by id.
    pub beneath_zones: BTreeMap<String, (Zone, Shape)>,
    /// The same of routes.
    pub beneath_routes: BTreeMap<String, Route>,
}

impl DrawnMap {
    /// What was drawn of one kind.
    pub fn of(&self, kind: PlaceKind) -> &Drawn {
        match kind {
            PlaceKind::Routes => &self.routes,
            PlaceKind::Zones => &self.zones,
        }
    }

    /// What stands in a file beneath what was drawn.
    pub fn beneath(&self, kind: PlaceKind, id: &str) -> Option<Place> {
        match kind {
            PlaceKind::Routes => self.beneath_routes.get(id).cloned().map(Place::Route),
            PlaceKind::Zones => {
                self.beneath_zones.get(id).cloned().map(|(zone, shape)| Place::Zone(Box::new(zone), shape))
            }
        }
    }
}

#[derive(Deserialize)]
struct Stored {
    revision: u64,
    #[serde(default)]
    closed: Vec<Closed>,
    features: Vec<Value>,
}

#[derive(Deserialize, Serialize)]
struct Closed {
    id: String,
    console: Mark,
}

impl Drawn {
    /// The text of its file, one feature a line.
    pub fn to_text(&self) -> String {
        let closed: Vec<Closed> = self
            .places
            .iter()
            .filter(|(_, place)| place.feature.is_none())
            .map(|(id, place)| Closed { id: id.clone(), console: place.mark.clone() })
            .collect();
        let features: Vec<String> = self
            .places
            .values()
            .filter_map(|place| {
                let mut feature = place.feature.clone()?;
                feature["console"] = json!(place.mark);
                Some(feature.to_string())
            })
            .collect();
        format!(
            "{{\"type\": \"FeatureCollection\", \"revision\": {}, \"closed\": {}, \"features\": [\n{}\n]}}\n",
            self.revision,
            json!(closed),
            features.join(",\n")
        )
    }

    /// What a file says of itself; its features are read and checked with those of the other files.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let Stored { revision, closed, features } =
            serde_json::from_str(text).map_err(|error| error.to_string())?;
        let mut places = BTreeMap::new();
        for mut feature in features {
            let console = feature.as_object_mut().and_then(|members| members.remove("console"));
            let mark = serde_json::from_value(console.unwrap_or_default());
            let mark = mark.map_err(|error| format!("a feature's console is wrong: {error}"))?;
            let id = feature["properties"]["id"].as_str().unwrap_or_default().to_owned();
            places.insert(id, DrawnPlace { mark, feature: Some(feature) });
        }
        for Closed { id, console } in closed {
            places.insert(id, DrawnPlace { mark: console, feature: None });
        }
        Ok(Self { revision, places })
    }

    /// Writes the new file beside the old one, on disk when it returns. It holds once it is committed.
    pub fn stage(&self, kind: PlaceKind, dir: &Path) -> io::Result<Staged> {
        fs::create_dir_all(dir)?;
        let to = kind.file(dir);
        let from = to.with_extension("geojson.new");
        let mut file = File::create(&from)?;
        file.write_all(self.to_text().as_bytes())?;
        file.sync_all()?;
        Ok(Staged { from, to })
    }
}

/// A file that waits to take the place of another.
#[derive(Debug)]
pub struct Staged {
    from: PathBuf,
    to: PathBuf,
}

impl Staged {
    /// Puts it in its place; after an error the old one is still there.
    pub fn commit(&self) -> io::Result<()> {
        fs::rename(&self.from, &self.to)
    }

    /// That it was put there is on disk when this returns.
    pub fn sync(&self) -> io::Result<()> {
        self.to.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
    }
}

/// A place as the console would draw it, or everything that is wrong with it by itself, each with a pointer into the
/// feature. Whether what it names exists is told by [`crate::load_drawn`]. `is_shifted`: its coordinates are GCJ-02.
pub fn check_feature(kind: PlaceKind, feature: &Value, is_shifted: bool) -> Result<Place, Vec<Problem>> {
    geojson::check(kind, feature, is_shifted)
}

/// The text of a file of the console and what it says of itself; `None`: nothing was drawn, or it can't be read.
pub(crate) fn read(
    kind: PlaceKind,
    dir: &Path,
    draft: Option<(PlaceKind, &Drawn)>,
    out: &mut Collector,
) -> Option<(String, String, Drawn)> {
    let path = kind.file(dir);
    let file = path.display().to_string();
    if let Some((_, drawn)) = draft.filter(|(drafted, _)| *drafted == kind) {
        return Some((file, drawn.to_text(), drawn.clone()));
    }
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => {
            out.add(&file, 1, format!("cannot be read: {error}, expected what was drawn in the console"));
            return None;
        }
    };
    let drawn = Drawn::parse(&text).map_err(|error| {
        out.add(&file, 1, format!("{error}, expected what the console writes"));
    });
    drawn.ok().map(|drawn| (file, text, drawn))
}
