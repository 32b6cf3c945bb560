//! Whole configurations load.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::path::{Path, PathBuf};

use fleet::{Along, Caution, RoadClass, VehicleClass};
use settings::{Loaded, Problems, Receipts, Reference, load_with};

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
fn departments_owe_receipts_by_an_account_inside_and_by_name_outside_and_have_rates_in_both() {
    let text = "\
gateway.admission = \"open\"
[mqtt]
url = \"mqtt://localhost\"
receipts = [\"ecology\", \"police\"]
receipt_after = \"5s\"
receipt_pause_max = \"5s\"
receipts_in_flight = 1_000
alerts_per_second = { police = 50, ecology = 1 }
accounts = [
    { name = \"desk\", department = \"transport\", password = \"p\" },
    { name = \"store\", department = \"transport\", password = \"p\", receipts = true },
    { name = \"fire\", department = \"emergency\", password = \"p\", receipts = false },
]
";
    for (mode, owing) in [("embedded", &["transport"][..]), ("external", &["police", "ecology"])] {
        let mqtt = check(mode, &[("r.toml", &format!("{text}mode = {mode:?}\n"))]).unwrap().settings.mqtt;
        assert_eq!(mqtt.owing().iter().map(|one| one.as_str()).collect::<Vec<_>>(), owing);
        let after = std::time::Duration::from_secs(5);
        assert_eq!(*mqtt.receipts(), Receipts { after, pause_max: after, in_flight: 1_000 });
        let rates = [(fleet::Department::Police, 50), (fleet::Department::Ecology, 1)];
        assert_eq!(*mqtt.alerts_per_second(), rates.into());
    }
}

#[test]
fn an_rsa_key_is_read_in_both_its_forms_and_not_printed() {
    let load = |test, pem| {
        let text = "gateway = { admission = \"open\", rsa_key = \"key.pem\" }\n";
        check(test, &[("r.toml", text), ("key.pem", pem)]).unwrap().settings.gateway
    };
    let gateway = load("pkcs8", include_str!("keys/pkcs8.pem"));
    assert!(gateway.rsa_key.is_some());
    assert_eq!(gateway, load("pkcs1", include_str!("keys/pkcs1.pem")));
    let printed = format!("{gateway:?}");
    assert!(printed.contains("d: \"...\"") && printed.contains("primes: \"&[...]\""), "{printed}");
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

const ROADS: &str = r#"{"type": "FeatureCollection", "features": [
{"type": "Feature", "properties": {"id": "a1", "class": "expressway", "open": "forward", "name": " 林拉高速公路", "ref": "G4218",
 "lanes": 2, "centre_line": true, "structure": "tunnel", "cautions": ["steep", "mountain"],
 "limits": [{"kmh": 80, "along": "forward", "classes": ["hazmat-truck"], "hours": "22:00-06:00", "wet": true}, {"kmh": 100}]},
 "geometry": {"type": "LineString", "coordinates": [[91, 29, 3650.5], [91.1, 29, 3660]]}},
{"type": "Feature", "properties": {"id": "a2", "class": "minor", "name": null}, "geometry": {"type": "LineString", "coordinates": [[91.1, 29], [91.2, 29]]}}
]}"#;

#[test]
fn a_road_is_what_the_file_says() {
    let toml = "gateway.admission = \"open\"\natlas.roads = [\"s.geojson\"]\n";
    let atlas = check("roads", &[("r.toml", toml), ("s.geojson", ROADS)]).unwrap().reference.atlas;
    let roads: Vec<_> = atlas.roads().cloned().collect();
    let night = fleet::DailyHours::parse("22:00-06:00").unwrap();
    let limit =
        |kmh| fleet::PostedLimit { kmh, along: Along::Both, classes: Vec::new(), hours: None, wet: false };
    let plain = fleet::Road {
        id: "a2".into(),
        class: RoadClass::Minor,
        open: Along::Both,
        name: None,
        reference: None,
        limits: Box::default(),
        lanes: None,
        centre_line: None,
        structure: None,
        cautions: Box::default(),
    };
    let full = fleet::Road {
        id: "a1".into(),
        class: RoadClass::Expressway,
        open: Along::Forward,
        name: Some("林拉高速公路".into()),
        reference: Some("G4218".into()),
        limits: Box::new([
            fleet::PostedLimit {
                along: Along::Forward,
                classes: vec![VehicleClass::HazmatTruck],
                hours: Some(night),
                wet: true,
                ..limit(80.0)
            },
            limit(100.0),
        ]),
        lanes: Some(2),
        centre_line: Some(true),
        structure: Some(fleet::Structure::Tunnel),
        cautions: Box::new([Caution::Steep, Caution::Mountain]),
    };
    assert_eq!(roads, [full, plain]);
    let version = fleet::Map::version(&*atlas).to_owned();
    // What `sha256sum` says of the file.
    assert_eq!(version, sha256(ROADS));
    let again = check("roads-2", &[("r.toml", toml), ("s.geojson", &format!("{ROADS}\n"))]).unwrap();
    assert_ne!(fleet::Map::version(&*again.reference.atlas), version);
    let none = check("roads-3", &[("r.toml", "gateway.admission = \"open\"\n")]).unwrap();
    assert_eq!(fleet::Map::version(&*none.reference.atlas), "");
}

#[test]
fn zones_permits_and_crews_are_what_the_files_say() {
    let loaded = check(
        "files",
        &[
            (
                "r.toml",
                "[fleet]\nvehicles = \"v.csv\"\ndrivers = \"d.csv\"\npermits = \"p.csv\"\n[atlas]\nzones = [\"z.geojson\"]\n",
            ),
            (
                "v.csv",
                "terminal,plate,plate_color,class,operator,division,route,hazmat_class,hazmat_un,tunnel_code,tank\n1,藏A1,yellow,hazmat-truck,O,540102,,3,1203,D/E,no\n",
            ),
            (
                "d.csv",
                "role,certificate,name,operator,classes,valid_until\nescort,C1,扎西,O,hazmat-truck,2030-01-01\n,C2,卓玛,O,hazmat-truck,2030-01-01\n",
            ),
            (
                "p.csv",
                "permit,kind,terminal,valid_from,valid_until,zone,origin,destination\nP1,passage,01,2026-01-01,2026-01-01,z,540102,\nP2,waybill,1,2026-01-01T08:00:00+08:00,2026-01-01T09:00:00+08:00,,,\n",
            ),
            (
                "z.geojson",
                r#"{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"id": "z", "kind": "tunnel",
"name_en": "Z", "width_m": 20, "hazmat_un": ["1203"], "tunnel_category": "D", "valid_from": "2026-01-01", "valid_until": "2026-02-28",
"document": "拉公交〔2026〕1号", "roads": ["a1"]}, "geometry": {"type": "LineString", "coordinates": [[91, 29], [91.1, 29]]}}]}"#,
            ),
        ],
    );
    let Reference { registry, atlas, .. } = loaded.unwrap().reference;
    let at = |text: &str| text.parse::<fleet::EventTime>().unwrap();
    let terminal = fleet::TerminalId::parse("1").unwrap();
    let vehicle = registry.vehicle(terminal).unwrap();
    assert_eq!((vehicle.tunnel_code, vehicle.tank), (Some(fleet::TunnelCode::DE), Some(false)));
    assert_eq!(registry.driver("C1").unwrap().role, fleet::Role::Escort);
    assert_eq!(registry.driver("C2").unwrap().role, fleet::Role::Driver);
    let permits = registry.permits(terminal);
    assert_eq!((permits[0].permit.as_str(), permits[0].zone.as_deref()), ("P1", Some("z")));
    assert_eq!((permits[0].origin, permits[0].destination), (Some("540102".parse().unwrap()), None));
    // A day is all of it.
    assert!(
        permits[0].holds(at("2026-01-01T00:00:00+08:00"))
            && permits[0].holds(at("2026-01-01T23:59:59+08:00"))
    );
    assert!(
        !permits[0].holds(at("2026-01-02T00:00:00+08:00"))
            && !permits[0].holds(at("2025-12-31T23:59:59+08:00"))
    );
    assert!(
        permits[1].holds(at("2026-01-01T08:00:00+08:00"))
            && !permits[1].holds(at("2026-01-01T09:00:00+08:00"))
    );
    let (zone, _) = atlas.zones().next().unwrap();
    assert_eq!(zone.hazmat_un, ["1203"]);
    assert_eq!(zone.tunnel_category, Some(fleet::TunnelCategory::D));
    assert_eq!(zone.valid_from, Some(at("2026-01-01T00:00:00+08:00")));
    assert_eq!(zone.valid_until, Some(at("2026-03-01T00:00:00+08:00")));
    assert_eq!(zone.document.as_deref(), Some("拉公交〔2026〕1号"));
    assert_eq!(zone.roads, ["a1"]);
}

const OVERRIDES: &str = "\
[fleet]
vehicles = \"v.csv\"
[rules.speeding]
hold = \"20s\"
[[rules.override]]
class = \"hazmat-truck\"
[rules.override.speeding]
hold = \"15s\"
clear_hold = \"7s\"
[[rules.override]]
division = \"54\"
[rules.override.speeding]
hold = \"14s\"
[[rules.override]]
division = \"5401\"
operator = \"O\"
[rules.override.sos]
enabled = false
[[rules.override]]
terminal = \"01\"
[rules.override.speeding]
hold = \"10s\"
";

/// An override stands on the base and on every earlier one that is for all of its vehicles; the last that fits holds.
#[test]
fn an_override_is_laid_over_the_base_and_over_wider_ones() {
    let vehicles = "terminal,plate,plate_color,class,operator,division,route,hazmat_class,hazmat_un
1,藏A1,yellow,hazmat-truck,O,540102,,3,1203
2,藏A2,yellow,hazmat-truck,P,510100,,3,1203
3,藏A3,yellow,heavy-truck,O,540102,,,
4,藏A4,yellow,heavy-truck,P,540202,,,
5,藏A5,yellow,heavy-truck,P,510100,,,
";
    let loaded = check("overrides", &[("r.toml", OVERRIDES), ("v.csv", vehicles)]).unwrap();
    let Reference { book, registry, .. } = loaded.reference;
    let said = |terminal: &str| {
        let terminal = fleet::TerminalId::parse(terminal).unwrap();
        let vehicle = registry.vehicle(terminal).unwrap();
        let book = book.book(terminal, vehicle.class, Some(vehicle));
        (book.speeding.hold.as_secs(), book.speeding.clear_hold.as_secs(), book.sos.enabled)
    };
    let usual = rules::Book::default().speeding.clear_hold.as_secs();
    assert_ne!(usual, 7);
    assert_eq!(said("1"), (10, 7, false), "every wider one and its own");
    assert_eq!(said("2"), (15, 7, true), "its class");
    assert_eq!(said("3"), (14, usual, false), "its operator in its prefecture, and the province before");
    assert_eq!(said("4"), (14, usual, true), "its province");
    assert_eq!(said("5"), (20, usual, true), "the base");
}

#[test]
fn books_that_judge_alike_have_one_version() {
    let vehicles = (
        "v.csv",
        "terminal,plate,plate_color,class,operator,division,route,hazmat_class,hazmat_un\n1,藏A1,yellow,heavy-truck,O,540102,,,\n",
    );
    let version = |test, toml: &str| {
        check(test, &[("r.toml", toml), vehicles]).unwrap().reference.book.version().to_owned()
    };
    let usual = version("book-a", OVERRIDES);
    assert_eq!(usual.len(), 12);
    assert_eq!(version("book-b", &OVERRIDES.replace("hold = \"20s\"", "hold = \"20000ms\"")), usual);
    for (test, from, to) in [
        ("book-c", "hold = \"20s\"", "hold = \"21s\""),
        ("book-d", "hold = \"10s\"", "hold = \"11s\""),
        ("book-e", "division = \"54\"", "division = \"5402\""),
        ("book-f", "class = \"hazmat-truck\"", "class = \"heavy-truck\""),
        ("book-g", "operator = \"O\"", "operator = \"P\""),
    ] {
        assert_ne!(version(test, &OVERRIDES.replacen(from, to, 1)), usual, "{from}");
    }
}

fn sha256(text: &str) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(text).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn what_changed_is_said_in_words() {
    let head = "gateway.admission = \"open\"\n";
    let version = |name: &str, toml: &str, files: &[(&str, &str)]| {
        let toml = format!("{head}{toml}");
        let all: Vec<_> = [("r.toml", toml.as_str())].into_iter().chain(files.iter().copied()).collect();
        check(&format!("changes-{name}"), &all).unwrap().reference
    };
    let operators = ("o.csv", "operator,name,division\nOP1,a,540102\n");
    let old = version(
        "old",
        "[fleet]\noperators = \"o.csv\"\n[rules.night-ban]\nexempt_routes = [\"R1\"]
[[rules.override]]\nclass = \"hazmat-truck\"\n[rules.override.speeding]\nhold = \"20s\"\nclear_hold = \"9s\"
[[rules.override]]\ndivision = \"51\"\n[rules.override.sos]\nenabled = false\n",
        &[operators],
    );
    let new = version(
        "new",
        "[fleet]\noperators = \"o.csv\"\ndrivers = \"d.csv\"\n[atlas]\nroads = [\"s.geojson\"]
[rules.speeding]\nhold = \"10s\"\ncoach_kmh = 90
[[rules.override]]\nclass = \"hazmat-truck\"\n[rules.override.speeding]\nhold = \"15s\"
[[rules.override]]\noperator = \"OP2\"\ndivision = \"5401\"\n[rules.override.sos]\nenabled = false\n",
        &[
            ("o.csv", "operator,name,division\nOP2,a,540102\n"),
            ("d.csv", "certificate,name,operator,classes,valid_until\n"),
            ("s.geojson", ROADS),
        ],
    );
    let operators = |reference: &Reference| reference.files["operators"].clone();
    let digests = format!("fleet.operators {} → {}", operators(&old), operators(&new));
    assert_eq!(
        old.changes(&new),
        [
            "night-ban.exempt_routes [\"R1\"] → []",
            "speeding.coach_kmh 100.0 → 90.0",
            "speeding.hold 30s → 10s",
            "override for class hazmat-truck: speeding.clear_hold 9s → (as for all)",
            "override for class hazmat-truck: speeding.hold 20s → 15s",
            "override for operator OP2, division 5401 added: sos.enabled false",
            "override for division 51 removed",
            "fleet.drivers added",
            &digests,
            "places: zones 0 → 0, routes 0 → 0, roads 0 → 2",
        ]
    );
    assert!(old.changes(&old).is_empty());
}

#[test]
fn overrides_in_another_order_are_a_change() {
    let one = "[[rules.override]]\nclass = \"hazmat-truck\"\n[rules.override.sos]\nenabled = false\n";
    let two = "[[rules.override]]\noperator = \"OP1\"\n[rules.override.speeding]\nhold = \"1s\"\n";
    let load = |test: &str, toml: String| {
        check(test, &[("r.toml", &format!("gateway.admission = \"open\"\n{toml}"))]).unwrap().reference
    };
    let (old, new) = (load("order-1", format!("{one}{two}")), load("order-2", format!("{two}{one}")));
    assert_eq!(old.changes(&new), ["overrides stand in another order"]);
}

#[test]
fn relays_are_networks_or_single_addresses() {
    let relays = |written: &str| {
        let text = format!("gateway = {{ admission = \"open\", relays = {written} }}\n");
        check(&format!("relays-{}", written.len()), &[("r.toml", &text)])
    };
    let gateway = relays(r#"["10.1.0.0/16", "192.0.2.7", "2001:db8::/32"]"#).unwrap().settings.gateway;
    let written: Vec<_> = gateway.relays.iter().map(ToString::to_string).collect();
    assert_eq!(written, ["10.1.0.0/16", "192.0.2.7/32", "2001:db8::/32"]);
    let said = relays(r#"["10.1.0.0/33"]"#).unwrap_err().to_string();
    assert!(said.contains(", expected an array of networks such as \"10.1.0.0/16\""), "{said}");
}

#[test]
fn tls_for_terminals_has_a_port_and_files_or_nothing() {
    let tls = |written: &str| {
        let text = format!("gateway = {{ admission = \"open\", {written} }}\n");
        check(&format!("tls-{}", written.len()), &[("r.toml", &text)])
    };
    let port = "tls_listen = \"0.0.0.0:6810\"";
    let whole = format!("{port}, tls_cert = \"c.pem\", tls_key = \"k.pem\", tls_client_ca = \"a.pem\"");
    let meant = tls(&whole).unwrap().settings.gateway.tls.unwrap();
    assert_eq!(meant.listen.port(), 6810);
    assert!(meant.cert.ends_with("c.pem") && meant.key.ends_with("k.pem") && meant.cert.is_absolute());
    assert!(meant.client_ca.unwrap().ends_with("a.pem"));
    let said = tls(port).unwrap_err().to_string();
    assert!(
        said.contains("gateway.tls_cert is missing") && said.contains("gateway.tls_key is missing"),
        "{said}"
    );
    let said = tls("tls_cert = \"c.pem\"").unwrap_err().to_string();
    assert!(said.contains("gateway.tls_cert is given and gateway.tls_listen is not"), "{said}");
}
