//! Whole configurations load.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::path::{Path, PathBuf};

use settings::{Loaded, Problems, load_with};

fn config(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config").join(name)
}

/// Writes files into a directory of their own and loads the first.
fn check(test: &str, files: &[(&str, &str)]) -> Result<Loaded, Problems> {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    std::fs::create_dir_all(&dir).unwrap();
    for (name, text) in files {
        std::fs::write(dir.join(name), text).unwrap();
    }
    load_with(&dir.join(files[0].0), &|name| (name == "SET").then(|| "secret".to_owned()))
}

#[test]
fn the_example_has_no_problems() {
    let loaded = load_with(&config("one-machine/roadwarden.toml"), &|_| Some("secret".to_owned())).unwrap();
    assert_eq!(loaded.reference.registry.vehicles().len(), 5);
    assert_eq!(loaded.reference.atlas.zones().len(), 4);
    assert_eq!(loaded.reference.version.len(), 12);
}

#[test]
fn the_same_contents_give_the_same_version() {
    let version = |test, rules| check(test, &[("r.toml", rules)]).unwrap().reference.version;
    let plain = version("version-a", "gateway.admission = \"open\"\n");
    assert_eq!(plain, version("version-b", "gateway.admission = \"open\"\n"));
    assert_ne!(plain, version("version-c", "gateway.admission = \"open\"\nrules.speeding.hold = \"9s\"\n"));
}

#[test]
fn no_secret_is_printed_for_debugging() {
    let secrets = "\
gateway.admission = \"open\"
[influxdb]
url = \"http://localhost\"
org = \"o\"
bucket = \"b\"
token = \"hush-token\"
[mqtt]
url = \"mqtt://localhost\"
username = \"me\"
password = \"hush-external\"
accounts = [{ name = \"police\", department = \"police\", password = \"hush-account\" }]
";
    for (mode, shown) in [("embedded", "police"), ("external", "me")] {
        let text = format!("{secrets}mode = {mode:?}\n");
        let printed = format!("{:?}", check(mode, &[("r.toml", &text)]).unwrap().settings);
        assert!(printed.contains(shown) && !printed.contains("hush"), "{printed}");
    }
}

#[test]
fn a_shifted_collection_lies_where_wgs_84_has_it() {
    // Corners on the map of Beijing; their WGS-84 positions are published with them.
    let map = |system: &str| {
        format!(
            r#"{{"type": "FeatureCollection", {system} "features": [
{{"type": "Feature", "properties": {{"id": "z", "kind": "closed", "name_en": "Z"}}, "geometry": {{"type": "Polygon",
"coordinates": [[[116.410244, 39.916404], [116.5, 39.916404], [116.5, 40.0], [116.410244, 39.916404]]]}}}}]}}"#
        )
    };
    let toml = "gateway.admission = \"open\"\natlas.zones = [\"z.geojson\"]\n";
    let corner = |test, system| {
        let loaded = check(test, &[("r.toml", toml), ("z.geojson", &map(system))]).unwrap();
        let atlas = loaded.reference.atlas;
        let (_, shape) = atlas.zones().next().unwrap();
        let atlas::Shape::Area(area) = shape else { panic!("{shape:?}") };
        let corner = area.0[0].exterior().0[0];
        fleet::LonLat::from_degrees(corner.x, corner.y)
    };
    let (shown, real) =
        (fleet::LonLat::from_degrees(116.410_244, 39.916_404), fleet::LonLat::from_degrees(116.404, 39.915));
    assert!(corner("gcj02", r#""coordinate_system": "gcj02","#).distance_m(real) < 0.5);
    assert_eq!(corner("wgs84", r#""coordinate_system": "wgs84","#), shown);
    assert_eq!(corner("no-system", ""), shown);
}
