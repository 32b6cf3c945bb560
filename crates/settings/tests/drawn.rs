//! What is drawn in the console stands over the files, reads back as it was, and is held to more than they are.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use fleet::{Map, ReceiveTime};
use serde_json::{Value, json};
use settings::{
    Change, Edit, Loaded, Place, PlaceKind, Problems, Unfit, check_feature, load_drawn, load_with,
};

const CONFIG: &str = "gateway.admission = \"open\"\n[atlas]\nzones = [\"zones.geojson\"]\nroutes = [\"routes.geojson\"]\n[fleet]\nvehicles = \"vehicles.csv\"\n";
const VEHICLES: &str = "terminal,plate,plate_color,class,operator,division,route,hazmat_class,hazmat_un
13800000001,藏A00001,yellow,scheduled-coach,OP1,540102,r1,,
";

/// A folder with a zone that says everything, one that says little, and a route.
fn home(test: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("drawn").join(test);
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    let ring = json!([[91.0, 29.0], [91.1, 29.0], [91.1, 29.1], [91.0, 29.0]]);
    let zones = json!([
        { "type": "Feature", "geometry": { "type": "MultiPolygon", "coordinates": [[ring], [ring, ring]] }, "properties": {
            "id": "all", "kind": "tunnel", "name_zh": "隧道", "name_en": "Tunnel", "division": "540102", "classes": [],
            "hazmat_classes": ["2.1"], "hazmat_un": ["1203"], "tunnel_category": "D", "hours": "22:00-06:00",
            "valid_from": "2026-01-01", "valid_until": "2026-12-31", "limit_kmh": 60, "length_m": 5200.5,
            "approach_m": 800, "document": "2026-7" } },
        { "type": "Feature", "geometry": { "type": "LineString", "coordinates": [[91.0, 29.0], [91.123_456_7, 29.0]] },
          "properties": { "id": "little", "kind": "water-source", "name_en": "Water", "width_m": 30 } },
    ]);
    let routes = json!([{ "type": "Feature", "properties": { "id": "r1", "hours": "06:00-22:00", "stops": [[91.0, 29.0]] },
        "geometry": { "type": "LineString", "coordinates": [[91.0, 29.0], [91.1, 29.0]] } }]);
    let collection =
        |features: Value| json!({ "type": "FeatureCollection", "features": features }).to_string();
    fs::write(dir.join("zones.geojson"), collection(zones)).unwrap();
    fs::write(dir.join("routes.geojson"), collection(routes)).unwrap();
    fs::write(dir.join("vehicles.csv"), VEHICLES).unwrap();
    fs::write(dir.join("operators.csv"), "operator,name,division\n").unwrap();
    fs::write(dir.join("r.toml"), CONFIG).unwrap();
    dir
}

fn load(dir: &Path) -> Loaded {
    load_with(&dir.join("r.toml"), &|_| None).unwrap()
}

/// Plans, checks, and puts it in its place.
fn edit(dir: &Path, kind: PlaceKind, changes: Vec<Change>) -> Result<Loaded, Problems> {
    let edit = Edit { kind, changes, seen: None, note: "why".to_owned() };
    let reference = load(dir).reference;
    let drawn = reference.plan(&edit, "admin", ReceiveTime::from_ms(1_767_225_600_000)).unwrap();
    let loaded = load_drawn(&dir.join("r.toml"), kind, &drawn)?;
    drawn.stage(kind, &reference.drawn.dir).unwrap().commit().unwrap();
    Ok(loaded)
}

#[test]
fn every_place_reads_back_as_it_was() {
    let dir = home("back");
    let reference = load(&dir).reference;
    for (kind, id) in [(PlaceKind::Zones, "all"), (PlaceKind::Zones, "little"), (PlaceKind::Routes, "r1")] {
        let place = reference.place(kind, id).unwrap();
        let feature = place.to_feature();
        // What is in the file crosses itself: it is read as it stands there, and not drawn so again.
        if id == "all" {
            let problems = check_feature(kind, &feature, false).unwrap_err();
            assert_eq!(problems[0].pointer.as_deref(), Some("geometry/coordinates/1/0/0"), "{problems:?}");
            let mut one = feature.clone();
            one["geometry"]["coordinates"].as_array_mut().unwrap().pop();
            let read = check_feature(kind, &one, false).unwrap();
            let (Place::Zone(read, _), Place::Zone(zone, _)) = (&read, &place) else { panic!("{read:?}") };
            assert_eq!(read, zone);
            // Nothing it may say is left unsaid here.
            assert_eq!(feature["properties"].as_object().unwrap().len(), 16);
        } else {
            assert_eq!(check_feature(kind, &feature, false).unwrap(), place);
        }
    }
}

#[test]
fn a_place_drawn_over_a_file_holds_and_gives_way_again() {
    let dir = home("over");
    let before = load(&dir).reference;
    let mut feature = before.place(PlaceKind::Zones, "little").unwrap().to_feature();
    feature["properties"]["width_m"] = 50.into();
    let place = check_feature(PlaceKind::Zones, &feature, false).unwrap();
    let loaded = edit(&dir, PlaceKind::Zones, vec![Change::Replace(place.clone())]).unwrap();
    let after = load(&dir).reference;
    assert_eq!(
        (&after.version, after.atlas.version()),
        (&loaded.reference.version, loaded.reference.atlas.version())
    );
    assert_ne!(after.atlas.version(), before.atlas.version());
    assert_eq!((after.atlas.zones().len(), after.place(PlaceKind::Zones, "little")), (2, Some(place)));
    assert_eq!(after.drawn.beneath(PlaceKind::Zones, "little"), before.place(PlaceKind::Zones, "little"));
    let mark = &after.drawn.zones.places["little"].mark;
    assert_eq!((mark.version, mark.by.as_str(), mark.note.as_str()), (1, "admin", "why"));

    edit(&dir, PlaceKind::Zones, vec![Change::Close("all".into()), Change::Remove("little".into())]).unwrap();
    let after = load(&dir).reference;
    assert_eq!(
        (after.atlas.zones().len(), after.atlas.zone_index("all"), after.drawn.zones.revision),
        (1, None, 2)
    );
    assert_eq!(after.place(PlaceKind::Zones, "all"), before.place(PlaceKind::Zones, "all"));
    assert_eq!(after.place(PlaceKind::Zones, "little"), before.place(PlaceKind::Zones, "little"));
}

#[test]
fn what_does_not_fit_is_told_before_anything_is_read() {
    let dir = home("unfit");
    let reference = load(&dir).reference;
    let plan = |change: Change, seen| {
        let edit = Edit { kind: PlaceKind::Zones, changes: vec![change], seen, note: String::new() };
        reference.plan(&edit, "admin", ReceiveTime::from_ms(0)).unwrap_err()
    };
    let little = reference.place(PlaceKind::Zones, "little").unwrap();
    assert_eq!(plan(Change::Add(little.clone()), None), Unfit::Exists("little".into()));
    assert_eq!(plan(Change::Replace(little), Some(4)), Unfit::Stale(0));
    assert_eq!(plan(Change::Remove("little".into()), Some(0)), Unfit::InFile("little".into()));
    assert_eq!(plan(Change::Remove("none".into()), None), Unfit::Absent("none".into()));
    assert_eq!(plan(Change::Close("none".into()), None), Unfit::Absent("none".into()));
}

#[test]
fn a_route_that_vehicles_keep_to_cannot_be_closed() {
    let dir = home("kept");
    let problems = edit(&dir, PlaceKind::Routes, vec![Change::Close("r1".into())]).unwrap_err();
    assert!(problems.to_string().contains("vehicles.csv:2: route"), "{problems}");
    assert_eq!(load(&dir).reference.atlas.routes().len(), 1);
}

#[test]
fn too_many_points_are_one_mistake() {
    let outline = |count: u32| {
        let corner = |n: u32| {
            let turn = f64::from(n % count) / f64::from(count) * std::f64::consts::TAU;
            [91.0 + 0.1 * turn.cos(), 29.0 + 0.1 * turn.sin()]
        };
        let ring: Vec<_> = (0..=count).map(corner).collect();
        json!({ "type": "Feature", "properties": { "id": "x", "kind": "closed", "name_zh": "圆" },
            "geometry": { "type": "Polygon", "coordinates": [ring] } })
    };
    assert!(check_feature(PlaceKind::Zones, &outline(4_999), false).is_ok());
    let problems = check_feature(PlaceKind::Zones, &outline(5_000), false).unwrap_err();
    assert_eq!((problems.len(), problems[0].pointer.as_deref()), (1, Some("geometry/coordinates/0")));
}

#[test]
fn a_file_that_somebody_broke_is_told_and_holds_nothing() {
    let dir = home("broken");
    fs::create_dir_all(dir.join("data/atlas")).unwrap();
    fs::write(dir.join("data/atlas/zones.geojson"), "{\"type\": \"FeatureCollection\"").unwrap();
    let problems = load_with(&dir.join("r.toml"), &|_| None).unwrap_err();
    assert!(problems.to_string().contains("data/atlas/zones.geojson:1: "), "{problems}");
}
