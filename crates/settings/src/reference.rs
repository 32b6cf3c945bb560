//! Reads the configuration and the files it names.

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
    let text = match std::fs::read(path).map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(error)) => {
            let line = 1 + error
                .as_bytes()
                .iter()
                .take(error.utf8_error().valid_up_to())
                .filter(|b| **b == b'\n')
                .count();
            out.add(&file, line, "is not UTF-8, expected a TOML file in UTF-8");
            return None;
        }
        Err(error) => {
            out.add(&file, 1, format!("cannot be read: {error}, expected a TOML file"));
            return None;
        }
    };
    let (root, errors) = DeTable::parse_recoverable(&text);
    for error in &errors {
        let line = error.span().map_or(1, |span| line_at(&text, span.start));
        out.add(&file, line, format!("{}, expected TOML", error.message().replace('\n', ", ")));
    }
    if !errors.is_empty() {
        return None;
    }
    let source = Source { file: &file, text: &text, dir: path.parent().unwrap_or(Path::new("")) };
    let mut table = Table::root(source, &root);
    table.pass(&["rules"]);
    let settings = meant::lower(&mut table, &env, out);
    table.finish(out);
    let book = rulebook::lower(source, root.get_ref(), out);
    let reference = reference(&settings, book, &Files { source, root: root.get_ref() }, out);
    Some(Loaded { settings, reference })
}

fn reference(settings: &Settings, book: rules::Book, files: &Files<'_>, out: &mut Collector) -> Reference {
    let mut hash = Sha256::new();
    let maps = &settings.atlas;
    let mut geo = geojson::Reader::default();
    for (kind, key, paths) in [
        (geojson::Kind::Zones, "zones", &maps.zones),
        (geojson::Kind::Routes, "routes", &maps.routes),
        (geojson::Kind::Roads, "roads", &maps.roads),
        (geojson::Kind::Divisions, "divisions", &maps.divisions),
    ] {
        for (index, path) in paths.iter().enumerate() {
            if let Some((file, text)) = files.read(path, ("atlas", key, Some(index)), &mut hash, out) {
                geo.read(kind, &file, &text, out);
            }
        }
    }
    let mut rows = csvs::Reader::default();
    let fleet = &settings.fleet;
    for (kind, key, path) in [
        (csvs::Kind::Operators, "operators", &fleet.operators),
        (csvs::Kind::Drivers, "drivers", &fleet.drivers),
        (csvs::Kind::Vehicles, "vehicles", &fleet.vehicles),
    ] {
        let Some(path) = path else { continue };
        if let Some((file, text)) = files.read(path, ("fleet", key, None), &mut hash, out) {
            rows.read(kind, &file, &text, out);
        }
    }
    // A reference into a file that was not given, or not understood, is not judged.
    rows.check_routes(!maps.routes.is_empty() && !geo.routes_failed, |id| geo.has_route(id), out);
    hash.update(serde_json::to_vec(&book).expect("a rule book is plain data"));
    let version: String = hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    Reference {
        registry: Arc::new(Registry::new(rows.vehicles, rows.drivers, rows.operators)),
        atlas: Arc::new(Atlas::build(geo.zones, geo.routes, geo.divisions)),
        book: Arc::new(book),
        version,
    }
}

struct Files<'a> {
    source: Source<'a>,
    root: &'a DeTable<'a>,
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
                let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").map(<[u8]>::to_vec).unwrap_or(bytes);
                match String::from_utf8(bytes) {
                    Ok(text) => Some((file, text)),
                    Err(error) => {
                        let before = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
                        let line = 1 + before.filter(|byte| **byte == b'\n').count();
                        out.add(
                            &file,
                            line,
                            "is not UTF-8, expected text in UTF-8 (a spreadsheet may have saved it as GBK)",
                        );
                        None
                    }
                }
            }
        }
    }

    fn line(&self, (table, key, index): (&str, &str, Option<usize>)) -> usize {
        let value = self.root.get(table).and_then(|t| t.get_ref().as_table()?.get(key));
        let item = |value: &Spanned<DeValue<'_>>| {
            index.and_then(|index| value.get_ref().as_array()?.get(index).map(Spanned::span))
        };
        value.map_or(1, |value| line_at(self.source.text, item(value).unwrap_or(value.span()).start))
    }
}
