//! Reads the configuration and the files it names.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use atlas::Atlas;
use fleet::Registry;
use sha2::{Digest, Sha256};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::problem::{Collector, line_at};
use crate::table::{Secret, Source, Table};
use crate::{Loaded, Reference, Settings, csvs, geojson, meant, rulebook};

/// `None` if there is no table at all; problems are in `out`.
pub(crate) fn load(path: &Path, env: Secret<'_>, out: &mut Collector) -> Option<Loaded> {
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
        return Some(lower(Files { source, root: &root, is_whole: true }, env, out));
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
    lower(Files { source, root: &root, is_whole: false }, env, &mut rest);
    out.add_all_but(&file, rest);
    None
}

fn lower(files: Files<'_>, env: Secret<'_>, out: &mut Collector) -> Loaded {
    let mut table = Table::root(files.source, files.root);
    table.pass(&["rules"]);
    let settings = meant::lower(&mut table, &env, out);
    table.finish(out);
    let book = rulebook::lower(files.source, files.root.get_ref(), out);
    let reference = reference(&settings, book, &files, out);
    Loaded { settings, reference }
}

fn reference(settings: &Settings, book: rules::Book, files: &Files<'_>, out: &mut Collector) -> Reference {
    let mut hash = Sha256::new();
    let maps = &settings.atlas;
    let mut geo = geojson::Reader::default();
    if !files.is_whole {
        geo.failed = vec![geojson::Kind::Roads, geojson::Kind::Routes, geojson::Kind::Zones];
    }
    for (kind, key, paths) in [
        (geojson::Kind::Zones, "zones", &maps.zones),
        (geojson::Kind::Routes, "routes", &maps.routes),
        (geojson::Kind::Roads, "roads", &maps.roads),
        (geojson::Kind::Divisions, "divisions", &maps.divisions),
    ] {
        for (index, path) in paths.iter().enumerate() {
            if let Some((file, text)) = files.read(path, ("atlas", key, Some(index)), &mut hash, out) {
                geo.read(kind, &file, &text, out);
            } else {
                geo.failed.push(kind);
            }
        }
    }
    let mut rows = csvs::Reader::default();
    let fleet = &settings.fleet;
    for (kind, key, path) in [
        (csvs::Kind::Operators, "operators", &fleet.operators),
        (csvs::Kind::Drivers, "drivers", &fleet.drivers),
        (csvs::Kind::Vehicles, "vehicles", &fleet.vehicles),
        (csvs::Kind::Permits, "permits", &fleet.permits),
    ] {
        let Some(path) = path else { continue };
        if let Some((file, text)) = files.read(path, ("fleet", key, None), &mut hash, out) {
            rows.read(kind, &file, &text, out);
        }
    }
    // A reference into a file that was not given, or not understood, is not judged.
    let known = |kind, paths: &[_]| !paths.is_empty() && !geo.failed.contains(&kind);
    rows.check_routes(known(geojson::Kind::Routes, &maps.routes), |id| geo.has_route(id), out);
    rows.check_zones(known(geojson::Kind::Zones, &maps.zones), |id| geo.has_zone(id), out);
    geo.check_roads(out);
    hash.update(serde_json::to_vec(&book).expect("a rule book is plain data"));
    let version: String = hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let registry = Registry::new(rows.vehicles, rows.drivers, rows.operators);
    Reference {
        registry: Arc::new(registry.with_permits(rows.permits)),
        atlas: Arc::new(Atlas::build(geo.zones, geo.routes, geo.divisions)),
        book: Arc::new(book.into()),
        version,
    }
}

struct Files<'a> {
    source: Source<'a>,
    root: &'a Spanned<DeTable<'a>>,
    /// Nothing of the configuration was lost with lines that are no TOML.
    is_whole: bool,
}

impl Files<'_> {
    /// Name and text of a reference file; a failure is reported where the file is named.
    fn read(
        &self,
        path: &Path,
        at: (&str, &str, Option<usize>),
        hash: &mut Sha256,
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
                for part in [at.1.as_bytes(), &bytes] {
                    hash.update(part.len().to_le_bytes());
                    hash.update(part);
                }
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
