//! Reads the configuration and the files it names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use fleet::Registry;
use sha2::{Digest, Sha256};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::problem::{Collector, line_at};
use crate::table::{Secret, Source, Table};
use crate::{
    Drawn, DrawnMap, Loaded, Maps, PlaceKind, Reference, RuleChanges, RulesSet, Settings, console_rules,
    csvs, drawn, geojson, meant, rulebook,
};

/// What the console would set besides what is in its files: it is read as if it stood there.
#[derive(Clone, Copy, Default)]
pub(crate) struct Draft<'d> {
    /// A zone or route in the place of its file.
    pub(crate) drawn: Option<(PlaceKind, &'d Drawn)>,
    /// Rules, and the number of that change.
    pub(crate) rules: Option<(&'d RuleChanges, u64)>,
}

/// `None` if there is no table at all; problems are in `out`.
pub(crate) fn load(path: &Path, env: Secret<'_>, draft: Draft<'_>, out: &mut Collector) -> Option<Loaded> {
    let file = path.display().to_string();
    let text = match std::fs::read(path).map(decoded) {
        Ok(Ok(text)) => text,
        Ok(Err(line)) => {
            out.add(&file, line, "is not UTF-8, expected a TOML file in UTF-8");
            return None;
        }
        Err(error) => {
            out.add(&file, 1, format!("cannot be read: {error}, expected a TOML file"));
            return None;
        }
    };
    let source = Source { file: &file, text: &text, dir: path.parent().unwrap_or(Path::new("")) };
    let (root, errors) = DeTable::parse_recoverable(&text);
    if errors.is_empty() {
        return Some(lower(Files { source, root: &root, draft, is_whole: true }, env, out));
    }
    let mut broken = BTreeSet::new();
    for error in &errors {
        let line = error.span().map_or(1, |span| line_at(&text, span.start));
        broken.insert(line);
        let message = error.message().replace('\n', ", ");
        let expected = if message.contains("expected") { "" } else { ", expected TOML" };
        out.add(&file, line, format!("{message}{expected}"));
    }
    // Without the broken lines the rest still names files, and their mistakes are said in the same run. What the rest
    // of the configuration means is not judged: it would blame the user for keys that were lost with those lines.
    let whole = |(number, line)| if broken.contains(&(number + 1)) { "" } else { line };
    let mended = text.lines().enumerate().map(whole).collect::<Vec<_>>().join("\n");
    let mut rest = Collector::default();
    let root = DeTable::parse_recoverable(&mended).0;
    let source = Source { text: &mended, ..source };
    lower(Files { source, root: &root, draft, is_whole: false }, env, &mut rest);
    out.add_all_but(&file, rest);
    None
}

fn lower(files: Files<'_>, env: Secret<'_>, out: &mut Collector) -> Loaded {
    let mut table = Table::root(files.source, files.root);
    table.pass(&["rules"]);
    let settings = meant::lower(&mut table, &env, out);
    table.finish(out);
    let reference = reference(&settings, &files, out);
    Loaded { settings, reference }
}

fn reference(settings: &Settings, files: &Files<'_>, out: &mut Collector) -> Reference {
    let mut digests = Digests::default();
    let maps = &settings.atlas;
    let mut drawn = DrawnMap { dir: settings.data_dir.join("atlas"), ..DrawnMap::default() };
    let geo = places(maps, files, (&mut drawn, &mut digests), out);
    let mut rows = csvs::Reader::default();
    let fleet = &settings.fleet;
    for (kind, key, path) in [
        (csvs::Kind::Operators, "operators", &fleet.operators),
        (csvs::Kind::Drivers, "drivers", &fleet.drivers),
        (csvs::Kind::Vehicles, "vehicles", &fleet.vehicles),
        (csvs::Kind::Permits, "permits", &fleet.permits),
    ] {
        let Some(path) = path else { continue };
        if let Some((file, text)) = files.read(path, ("fleet", key, None), &mut digests, out) {
            rows.read(kind, &file, &text, out);
        }
    }
    // A reference into a file that was not given, or not understood, is not judged.
    let known = |kind, paths: &[_]| !paths.is_empty() && !geo.failed.contains(&kind);
    rows.check_routes(known(geojson::Kind::Routes, &maps.routes), |id| geo.has_route(id), out);
    rows.check_zones(known(geojson::Kind::Zones, &maps.zones), |id| geo.has_zone(id), out);
    geo.check_roads(out);
    let mut rules = rulebook::lower(files.source, files.root.get_ref(), &rows, out);
    console(&settings.data_dir, &rows, &mut rules, out);
    if let Some((changes, number)) = files.draft.rules {
        rules = RulesSet { change: number, ..rules.with(changes) };
    }
    let registry = Registry::new(rows.vehicles, rows.drivers, rows.operators);
    let book = rules.books(&registry);
    let map = digests.map.take().map(|map| hex(map.finalize())).unwrap_or_default();
    digests.all.update(&map);
    digests.all.update(book.version());
    // With a mistake anywhere nothing comes into force: the index of a country would be built for nothing.
    let mut geo = if out.is_empty() { geo } else { geojson::Reader::default() };
    let beneath = std::mem::take(&mut geo.beneath_zones);
    drawn.beneath_zones = beneath.into_iter().map(|(zone, shape)| (zone.id.clone(), (zone, shape))).collect();
    let beneath = std::mem::take(&mut geo.beneath_routes);
    drawn.beneath_routes = beneath.into_iter().map(|route| (route.id.clone(), route)).collect();
    Reference {
        registry: Arc::new(registry.with_permits(rows.permits)),
        atlas: Arc::new(geo.into_atlas().with_version(map)),
        book: Arc::new(book),
        drawn: Arc::new(drawn),
        rules: Arc::new(rules),
        files: digests.files,
        version: hex(digests.all.finalize()),
    }
}

/// Reads what the console has set, where there is such a file.
fn console(data_dir: &Path, rows: &csvs::Reader, rules: &mut RulesSet, out: &mut Collector) {
    let path = console_rules(data_dir);
    let file = path.display().to_string();
    let text = match std::fs::read(&path).map(decoded) {
        Ok(Ok(text)) => text,
        Ok(Err(line)) => return out.add(&file, line, "is not UTF-8, expected a TOML file in UTF-8"),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
        Err(error) => return out.add(&file, 1, format!("cannot be read: {error}, expected a TOML file")),
    };
    let (root, errors) = DeTable::parse_recoverable(&text);
    for error in &errors {
        let line = error.span().map_or(1, |span| line_at(&text, span.start));
        out.add(&file, line, format!("{}, expected TOML", error.message().replace('\n', ", ")));
    }
    let source = Source { file: &file, text: &text, dir: data_dir };
    let mut table = Table::root(source, &root);
    table.pass(&["rules"]);
    rules.change = table.integer("change", 0, (0, u64::MAX), out);
    table.finish(out);
    rules.console = rulebook::lower_console(source, root.get_ref(), rows, out);
}

fn places(
    maps: &Maps,
    files: &Files<'_>,
    (drawn, digests): (&mut DrawnMap, &mut Digests),
    out: &mut Collector,
) -> geojson::Reader {
    let mut geo = geojson::Reader::default();
    if !files.is_whole {
        geo.failed = vec![geojson::Kind::Roads, geojson::Kind::Routes, geojson::Kind::Zones];
    }
    for (kind, key, paths, drawable) in [
        (geojson::Kind::Zones, "zones", &maps.zones, Some(PlaceKind::Zones)),
        (geojson::Kind::Routes, "routes", &maps.routes, Some(PlaceKind::Routes)),
        (geojson::Kind::Roads, "roads", &maps.roads, None),
        (geojson::Kind::Divisions, "divisions", &maps.divisions, None),
    ] {
        let over = drawable.and_then(|kind| drawn::read(kind, &drawn.dir, files.draft.drawn, out));
        if let (Some(kind), Some((_, _, over))) = (drawable, &over) {
            geo.draw_over(kind.one(), over);
        }
        for (index, path) in paths.iter().enumerate() {
            if let Some((file, text)) = files.read(path, ("atlas", key, Some(index)), digests, out) {
                geo.read(kind, &file, &text, out);
            } else {
                geo.failed.push(kind);
            }
        }
        if let (Some(drawable), Some((file, text, over))) = (drawable, over) {
            digests.add(("atlas", key), text.as_bytes());
            geo.read_drawn(kind, &file, &text, out);
            match drawable {
                PlaceKind::Routes => drawn.routes = over,
                PlaceKind::Zones => drawn.zones = over,
            }
        }
    }
    geo
}

/// Names of what was read.
#[derive(Default)]
struct Digests {
    /// Over all of it.
    all: Sha256,
    /// Over the bytes of the files about places, one after the other; `None`: there are none.
    map: Option<Sha256>,
    /// Of each file about vehicles and people, by its key.
    files: BTreeMap<&'static str, String>,
}

impl Digests {
    fn add(&mut self, (table, key): (&str, &'static str), bytes: &[u8]) {
        self.all.update(bytes.len().to_le_bytes());
        self.all.update(key);
        if table == "atlas" {
            // `all` gets the digest of these in the end: they may be large, and are gone over once.
            self.map.get_or_insert_default().update(bytes);
        } else {
            self.all.update(bytes);
            self.files.insert(key, hex(Sha256::digest(bytes)));
        }
    }
}

/// The first 12 digits of a digest.
pub(crate) fn hex(digest: impl IntoIterator<Item = u8>) -> String {
    digest.into_iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

struct Files<'a> {
    source: Source<'a>,
    root: &'a Spanned<DeTable<'a>>,
    draft: Draft<'a>,
    /// Nothing of the configuration was lost with lines that are no TOML.
    is_whole: bool,
}

impl Files<'_> {
    /// Name and text of a reference file; a failure is reported where the file is named.
    fn read(
        &self,
        path: &Path,
        at: (&str, &'static str, Option<usize>),
        digests: &mut Digests,
        out: &mut Collector,
    ) -> Option<(String, String)> {
        let file = path.display().to_string();
        match std::fs::read(path) {
            Err(error) => {
                let text =
                    format!("{}.{}: {file} cannot be read: {error}, expected a readable file", at.0, at.1);
                out.add(self.source.file, self.line(at), text);
                None
            }
            Ok(bytes) => {
                digests.add((at.0, at.1), &bytes);
                decoded(bytes)
                    .map(|text| (file.clone(), text))
                    .map_err(|line| {
                        let text =
                            "is not UTF-8, expected text in UTF-8 (a spreadsheet may have saved it as GBK)";
                        out.add(&file, line, text);
                    })
                    .ok()
            }
        }
    }

    fn line(&self, (table, key, index): (&str, &str, Option<usize>)) -> usize {
        let value = self.root.get_ref().get(table).and_then(|t| t.get_ref().as_table()?.get(key));
        let item = |value: &Spanned<DeValue<'_>>| {
            index.and_then(|index| value.get_ref().as_array()?.get(index).map(Spanned::span))
        };
        value.map_or(1, |value| line_at(self.source.text, item(value).unwrap_or(value.span()).start))
    }
}

/// The text of a file without its byte order mark, or the line that is not UTF-8.
fn decoded(mut bytes: Vec<u8>) -> Result<String, usize> {
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    String::from_utf8(bytes).map_err(|error| {
        let before = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
        1 + before.filter(|byte| **byte == b'\n').count()
    })
}
