//! `[map]`: tiles of somebody else's map under the console's, fetched by browsers.

use crate::problem::Collector;
use crate::table::{Secret, Table};

/// A host of a policy can be nothing but these; what else stands there might say more than a host.
const HOST_BYTES: &[u8] = b".-:[]";

/// Raster tiles, and in which system they are drawn.
#[derive(Clone, Eq, PartialEq)]
pub struct Tiles {
    /// With `{z}`, `{x}` and `{y}`; the key is in its place.
    pub url: String,
    /// Where they come from: `https://host`, with a port where the address has one.
    pub origin: String,
    /// In which system they are drawn.
    pub datum: Datum,
    /// Whose map it is, with its review number (审图号).
    pub attribution: String,
    /// The deepest zoom that has tiles.
    pub max_zoom: u64,
    /// How wide a tile is, pixels.
    pub tile_px: u64,
}

/// The system of coordinates a map is drawn in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Datum {
    /// As everything here.
    Wgs84,
    /// As public maps of mainland China (GB 20263-2006, the state's shift).
    Gcj02,
}

impl Datum {
    /// The word in files and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wgs84 => "wgs84",
            Self::Gcj02 => "gcj02",
        }
    }
}

/// The address may hold a key.
impl std::fmt::Debug for Tiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { url: _, origin, datum, attribution, max_zoom, tile_px } = self;
        f.debug_struct("Tiles")
            .field("url", &"…")
            .field("origin", origin)
            .field("datum", datum)
            .field("attribution", attribution)
            .field("max_zoom", max_zoom)
            .field("tile_px", tile_px)
            .finish()
    }
}

pub(crate) fn lower(table: &mut Table<'_>, secret: &Secret<'_>, out: &mut Collector) -> Tiles {
    let template = table.needed("url", Table::text, out).unwrap_or_default();
    let origin = if template.is_empty() { String::new() } else { origin(table, &template, out) };
    let key = table.secret("key", secret, out);
    if !template.is_empty() && table.has("key") != template.contains("{key}") {
        let text = "map.url and map.key do not go together, expected {key} in map.url where map.key is given, and only there";
        table.report(Some("url"), text, out);
    }
    let datum = match table.choice("datum", &["wgs84", "gcj02"], out) {
        "gcj02" => Datum::Gcj02,
        _ => Datum::Wgs84,
    };
    let tiles = Tiles {
        url: template.replace("{key}", key.as_deref().unwrap_or_default()),
        origin,
        datum,
        attribution: table.needed("attribution", Table::text, out).unwrap_or_default(),
        max_zoom: table.integer("max_zoom", 18, (1, 24), out),
        tile_px: table.integer("tile_px", 256, (64, 1024), out),
    };
    table.finish(out);
    tiles
}

/// Scheme and host of the template, once everything in it is known to be right.
fn origin(table: &Table<'_>, template: &str, out: &mut Collector) -> String {
    let parts = template.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https"));
    let found = parts.and_then(|(scheme, rest)| {
        let host = rest.split_once('/')?.0;
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || HOST_BYTES.contains(&byte);
        let is_named =
            host.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric() || first == b'[');
        (is_named && host.bytes().all(is_host)).then(|| format!("{scheme}://{host}"))
    });
    let bare = ["{z}", "{x}", "{y}", "{key}"]
        .iter()
        .fold(template.to_owned(), |text, part| text.replacen(part, "", 1));
    let is_whole = ["{z}", "{x}", "{y}"].iter().all(|part| template.contains(part))
        && !bare.contains(|letter: char| matches!(letter, '{' | '}') || letter.is_whitespace());
    if found.is_none() || !is_whole {
        let text = "map.url is no address of tiles, expected one such as \"https://tiles.example.cn/{z}/{x}/{y}.png\", with {z}, {x} \
                    and {y} once each and, where there is a map.key, {key}";
        table.report(Some("url"), text, out);
    }
    found.unwrap_or_default()
}
