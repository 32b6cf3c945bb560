//! `import-osm`: what it writes is what `check` reads, and a mistake is named.

mod harness;
#[path = "../../osm/tests/pbf/mod.rs"]
mod pbf;

use std::fs;

use harness::{Home, run};

const MAP: &str = "
    n1 0 0
    n2 800 0
    n3 1600 0
    n4 1600 1000
    n5 0 1000
    w1 n1 n2 highway=motorway ref=G4218 bridge=yes maxspeed=100 maxspeed:hgv=80
    w2 n2 n3 highway=motorway ref=G4218 bridge=yes maxspeed:conditional=60~@~(22:00-06:00)
    w3 n3 n4 highway=primary tunnel=yes hazmat:E=no incline=9%
    w4 n1 n3 n4 n5 n1 boundary=protected_area protect_class=12 name=北郊水源地
";

#[test]
fn what_is_imported_is_what_check_reads_and_is_the_same_every_time() {
    let home = Home::new("import", "");
    let input = home.path.join("region.osm.pbf");
    fs::write(&input, pbf::file(MAP, pbf::Style::default())).unwrap();
    let import = |out: &str| {
        let out = home.path.join(out);
        let done = run(&["import-osm", input.to_str().unwrap(), "--out", out.to_str().unwrap()]);
        let text = String::from_utf8(done.stderr).unwrap();
        assert!(done.status.success(), "{text}");
        let names: Vec<_> = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names.len(), 2, "{names:?}");
        (["roads.geojson", "zones.geojson"].map(|name| fs::read(out.join(name)).unwrap()), text)
    };
    let (files, text) = import("maps");
    assert_eq!(files, import("again").0);
    for line in [
        "3 pieces of 3 ways, 2.6 km, 2 with a posted limit",
        "zones 区域: 3; 1 bridges and 1 tunnels, joined, were measured",
        "1 bridge, 1 tunnel, 1 water-source",
        "© OpenStreetMap contributors, ODbL",
    ] {
        assert!(text.contains(line), "{line} is not in:\n{text}");
    }
    let config = fs::read_to_string(home.config()).unwrap();
    let with_maps = "roads = [\"maps/roads.geojson\"]\nzones = [\"maps/zones.geojson\"]";
    home.write("roadwarden.toml", &config.replace("zones = [\"zones.geojson\"]", with_maps));
    let checked = run(&["check", "--config", home.config().to_str().unwrap()]);
    let text = String::from_utf8(checked.stderr).unwrap();
    assert!(checked.status.success() && text.contains("3 zones"), "{text}");
}

#[test]
fn a_file_that_is_none_is_named_and_nothing_is_left_of_it() {
    let home = Home::new("import-none", "");
    let out = home.path.join("maps");
    let import = |input: &str| {
        let input = home.path.join(input);
        let done = run(&["import-osm", input.to_str().unwrap(), "--out", out.to_str().unwrap()]);
        assert_eq!(done.status.code(), Some(1));
        String::from_utf8(done.stderr).unwrap()
    };
    let text = import("vehicles.csv");
    assert!(text.contains("vehicles.csv is no .osm.pbf file") && text.contains("expected"), "{text}");
    assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
    assert!(import("nowhere.osm.pbf").contains("nowhere.osm.pbf"));
    let usage = run(&["import-osm", "x.osm.pbf", "--out", "x", "--tunnel-m", "long"]);
    assert_eq!(usage.status.code(), Some(2));
}
