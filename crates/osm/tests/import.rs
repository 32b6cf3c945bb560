//! Whole files in, both collections out.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod pbf;

use std::io::Cursor;

use osm::{Counts, Error, Limits, import};
use pbf::{Style, file};
use serde_json::Value;

/// Both files as text.
fn run(file: &[u8], limits: Limits) -> Result<(String, String, Counts), Error> {
    let (mut roads, mut zones) = (Vec::new(), Vec::new());
    let counts = import(Cursor::new(file), limits, (&mut roads, &mut zones), &mut |_, _| {})?;
    Ok((String::from_utf8(roads).unwrap(), String::from_utf8(zones).unwrap(), counts))
}

fn of(map: &str) -> (Vec<Value>, Vec<Value>, Counts) {
    let (roads, zones, counts) = run(&file(map, Style::default()), Limits::default()).unwrap();
    (features(&roads), features(&zones), counts)
}

fn features(text: &str) -> Vec<Value> {
    let collection: Value = serde_json::from_str(text).unwrap();
    assert_eq!(collection["type"], "FeatureCollection");
    assert!(collection["attribution"].as_str().unwrap().contains("OpenStreetMap contributors, ODbL"));
    collection["features"].as_array().unwrap().clone()
}

/// One feature's properties without its id, as one line; and its number of points.
fn print(feature: &Value) -> String {
    let mut properties = feature["properties"].as_object().unwrap().clone();
    let id = properties.remove("id").unwrap();
    let text = serde_json::to_string(&properties).unwrap().replace('"', "");
    format!("{} {text}", id.as_str().unwrap())
}

fn ids(features: &[Value]) -> Vec<&str> {
    features.iter().map(|feature| feature["properties"]["id"].as_str().unwrap()).collect()
}

fn ends(feature: &Value) -> [&Value; 2] {
    let line = feature["geometry"]["coordinates"].as_array().unwrap();
    [&line[0], line.last().unwrap()]
}

#[test]
fn a_road_says_what_its_tags_say() {
    let (roads, zones, _) = of("
        n1 0 0
        n2 500 0
        w1 n1 n2 highway=primary name=G~318 name:zh=川藏公路 ref=G318 lanes=2 maxspeed=50~mph incline=9%
        w2 n1 n2 highway=motorway oneway=-1 maxspeed=120 maxspeed:hgv=80 maxspeed:conditional=100~@~(22:00-06:00);~80~@~wet
        w3 n1 n2 highway=residential
        w4 n1 n2 highway=footway
    ");
    let found: Vec<String> = roads.iter().map(print).collect();
    assert_eq!(
        found,
        [
            "osm-w1-1 {cautions:[steep],centre_line:true,class:highway,lanes:1,limits:[{kmh:80.5}],name:川藏公路,ref:G318}",
            "osm-w2-1 {class:expressway,limits:[{classes:[hazmat-truck,heavy-truck],kmh:80},{classes:[scheduled-coach,charter-coach,school-bus],kmh:80,wet:true},{classes:[scheduled-coach,charter-coach,school-bus],hours:22:00-06:00,kmh:100},{classes:[scheduled-coach,charter-coach,school-bus],hours:06:00-22:00,kmh:120}],open:backward}",
            "osm-w3-1 {class:street}",
        ]
    );
    assert!(zones.is_empty());
}

#[test]
fn roads_are_cut_where_others_meet_them_and_pieces_meet_at_their_ends() {
    let (roads, _, counts) = of("
        n1 0 0
        n2 100 0
        n3 200 0
        n4 300 0
        n5 200 100
        n6 100 -100
        w1 n1 n2 n3 n4 highway=primary
        w2 n3 n5 highway=tertiary
        w3 n2 n6 highway=footway
    ");
    assert_eq!(ids(&roads), ["osm-w1-1", "osm-w1-2", "osm-w2-1"]);
    assert_eq!(ends(&roads[0])[1], ends(&roads[1])[0]);
    assert_eq!(ends(&roads[1])[0], ends(&roads[2])[0]);
    assert_eq!((counts.ways, counts.pieces, counts.length_m.round() as i64), (2, 3, 400));
}

#[test]
fn roads_that_cross_in_the_middle_of_both_are_cut_and_so_is_one_that_crosses_itself() {
    let (roads, _, _) = of("
        n1 0 0
        n2 100 0
        n3 200 0
        n4 100 100
        n5 100 -100
        w1 n1 n2 n3 highway=service
        w2 n4 n2 n5 highway=service
    ");
    assert_eq!(ids(&roads), ["osm-w1-1", "osm-w1-2", "osm-w2-1", "osm-w2-2"]);
    let (roads, _, _) = of("
        n1 0 0
        n2 100 0
        n3 200 0
        n4 200 100
        w1 n1 n2 n3 n4 n2 highway=service
    ");
    assert_eq!(ids(&roads), ["osm-w1-1", "osm-w1-2"]);
}

#[test]
fn what_calls_for_care_is_a_piece_of_its_own() {
    let (roads, _, _) = of("
        n1 0 0
        n2 400 0 railway=level_crossing
        n3 800 0
        n4 800 300
        w1 n1 n2 n3 n4 highway=primary
    ");
    let found: Vec<String> = roads.iter().map(print).collect();
    assert_eq!(
        found,
        [
            "osm-w1-1 {class:highway}",
            "osm-w1-2 {cautions:[crossing],class:highway}",
            "osm-w1-3 {class:highway}",
            "osm-w1-4 {cautions:[sharp-bend],class:highway}",
            "osm-w1-5 {class:highway}",
        ]
    );
    for pair in roads.windows(2) {
        assert_eq!(ends(&pair[0])[1], ends(&pair[1])[0]);
    }
}

/// Two tubes 30 m apart: the northern one of two ways, 1,600 m and 1,500 m, the southern one of one.
const TUNNEL: &str = "
    n1 0 0
    n2 1600 0
    n3 3100 0
    n4 3050 -30
    n5 50 -30
    n6 -500 0
    w10 n6 n1 highway=motorway ref=G4218
    w12 n1 n2 highway=motorway ref=G4218 tunnel=yes lanes=2 tunnel:name=米拉山隧道 tunnel:name:en=Mila~tunnel
    w13 n2 n3 highway=motorway ref=G4218 tunnel=yes lanes=2 tunnel:name=米拉山隧道
    w11 n4 n5 highway=motorway ref=G4218 tunnel=yes lanes=3
";

#[test]
fn both_tubes_of_a_tunnel_are_one_zone_as_long_as_the_longer() {
    let (_, zones, counts) = of(TUNNEL);
    let found: Vec<String> = zones.iter().map(print).collect();
    assert_eq!(
        found,
        [
            "osm-w11 {kind:tunnel,length_m:3100,name_en:Mila tunnel,name_zh:米拉山隧道,roads:[osm-w11-1,osm-w12-1,osm-w13-1],width_m:21.25}"
        ]
    );
    // Out through one tube and back through the other, or the other way round.
    assert_eq!(zones[0]["geometry"]["coordinates"].as_array().unwrap().len(), 5);
    assert_eq!(counts.structures.tunnels, 1);
}

#[test]
fn each_tube_alone_is_too_short_only_below_the_limit() {
    let map = TUNNEL.replace("n3 3100", "n3 2999").replace("n4 3050", "n4 2950");
    assert!(of(&map).1.is_empty());
    let (_, zones, _) =
        run(&file(&map, Style::default()), Limits { tunnel_m: 2_998.0, ..Limits::default() }).unwrap();
    assert_eq!(ids(&features(&zones)), ["osm-w11"]);
}

#[test]
fn a_service_way_into_a_tunnel_makes_it_no_longer() {
    let adit = "
        n7 3200 -500
        w14 n2 n7 highway=service tunnel=yes
    ";
    let map = TUNNEL.replace("n3 3100", "n3 2999").replace("n4 3050", "n4 2950");
    assert!(of(&format!("{map}{adit}")).1.is_empty());
    let side_road = adit.replace("service", "primary");
    assert_eq!(of(&format!("{map}{side_road}")).1[0]["properties"]["length_m"], 3276.3);
}

#[test]
fn what_lies_beside_is_joined_by_its_name_or_number_only() {
    let joined = |map: &str| of(map).2.structures.tunnels;
    assert_eq!(joined(TUNNEL), 1);
    let other_number =
        TUNNEL.replace("w11 n4 n5 highway=motorway ref=G4218", "w11 n4 n5 highway=motorway ref=G318");
    assert_eq!(joined(&other_number), 2);
    let far = TUNNEL.replace("3050 -30", "3050 -60").replace("50 -30", "50 -60");
    assert_eq!(joined(&far), 2);
    let end_to_end_only_in_line =
        TUNNEL.replace("n4 3050 -30", "n4 6000 -30").replace("n5 50 -30", "n5 3050 -30");
    assert_eq!(joined(&end_to_end_only_in_line), 2);
    // The same number, and all of the shorter within 50 m of the longer, but across it.
    let across = TUNNEL.replace("n4 3050 -30", "n4 1500 40").replace("n5 50 -30", "n5 1500 -40");
    assert_eq!(joined(&across), 2);
    let other_names = other_number.replace("米拉山隧道\n    w11", "嘎拉山隧道\n    w11");
    assert_eq!(joined(&other_names), 3);
    assert!(of(&other_names.replace("3050 -30", "2950 -30")).1.is_empty());
}

#[test]
fn a_bridge_of_two_ways_is_judged_as_one_and_a_long_span_alone_is_enough() {
    let bridge = |second: &str| {
        of(&format!(
            "
            n1 0 0
            n2 600 0
            n3 1000 0
            n4 1001 0
            n5 0 100
            n6 200 100
            w1 n1 n2 highway=primary bridge=yes name=大桥
            w2 n2 {second} highway=primary bridge=viaduct
            w3 n5 n6 highway=primary bridge=yes bridge:span=SPAN
        "
        )
        .replace("SPAN", if second == "n3" { "150" } else { "151" }))
        .1
    };
    assert!(bridge("n3").is_empty());
    let found: Vec<String> = bridge("n4").iter().map(print).collect();
    assert_eq!(
        found,
        [
            "osm-w1 {kind:bridge,length_m:1001,name_en:大桥,name_zh:大桥,roads:[osm-w1-1,osm-w2-1],width_m:17.5}",
            "osm-w3 {kind:bridge,length_m:200,name_en:Bridge, osm-w3,name_zh:osm-w3 桥梁,roads:[osm-w3-1],width_m:17.5}",
        ]
    );
}

#[test]
fn a_bridge_with_ramps_is_as_long_as_the_longest_way_over_it() {
    let (_, zones, _) = of("
        n1 0 0
        n2 500 0
        n3 1100 0
        n4 800 300
        w1 n1 n2 n3 highway=primary bridge=yes
        w2 n2 n4 highway=primary_link bridge=yes
    ");
    let line = zones[0]["geometry"]["coordinates"].as_array().unwrap();
    assert_eq!(zones[0]["properties"]["length_m"], 1100.0);
    // From one end to the middle, over the ramp and back, on to the other end.
    assert_eq!(line.len(), 5);
    assert_eq!(line[1], line[3]);
    // Whatever end of it is looked at first.
    let (_, zones, _) = of("
        n1 100 -600
        n2 100 0
        n3 100 600
        n4 0 0
        w1 n1 n2 n3 highway=primary bridge=yes
        w2 n2 n4 highway=primary_link bridge=yes
    ");
    assert_eq!(zones[0]["properties"]["length_m"], 1200.0);
}

#[test]
fn bans_of_dangerous_goods_are_zones_and_permissions_are_none() {
    let (_, zones, counts) = of("
        n1 0 0
        n2 500 0
        n3 900 0
        n4 0 1000
        n5 500 1000
        n6 900 1000
        w1 n1 n2 highway=primary ref=S5 hazmat=no
        w2 n2 n3 highway=primary ref=S5 hazmat=no hazmat:water=permissive
        w3 n4 n5 highway=primary hazmat:water=no
        w5 n4 n6 highway=primary hazmat:C=no
        w4 n5 n6 highway=primary tunnel=yes hazmat:C=no hazmat:D=no hazmat:conditional=no~@~(07:00-09:00)
    ");
    let found: Vec<String> = zones.iter().map(print).collect();
    assert_eq!(
        found,
        [
            "osm-w1-hazmat {classes:[hazmat-truck],kind:closed,name_en:No dangerous goods, S5,name_zh:S5 危险货物禁行路段,roads:[osm-w1-1,osm-w2-1],width_m:17.5}",
            "osm-w3-water {classes:[hazmat-truck],kind:water-source,name_en:No water-polluting goods, osm-w3-water,name_zh:osm-w3-water 污染水体货物禁行路段,roads:[osm-w3-1],width_m:17.5}",
            "osm-w4-hazmat-0700-0900 {classes:[hazmat-truck],hours:07:00-09:00,kind:tunnel,name_en:No dangerous goods, osm-w4-hazmat-0700-0900,name_zh:osm-w4-hazmat-0700-0900 危险货物禁行路段,roads:[osm-w4-1],width_m:17.5}",
            "osm-w4-category {classes:[hazmat-truck],kind:tunnel,name_en:Restricted by tunnel category, osm-w4-category,name_zh:osm-w4-category 隧道类别限行路段,roads:[osm-w4-1],tunnel_category:D,width_m:17.5}",
        ]
    );
    assert_eq!((counts.bans.allowed, counts.bans.outside), (1, 1));
}

const WATER: &str = "
    n101 0 0
    n102 1000 0
    n103 1000 1000
    n104 0 1000
    n105 400 400
    n106 600 400
    n107 500 600
    n108 5000 0
    n109 5100 0
    n110 5100 100
    w101 n101 n102 n103
    w102 n101 n104 n103
    w103 n105 n106 n107 n105
    w104 n108 n109 n110 n108 boundary=protected_area protect_class=12
    r101 outer:w101 outer:w102 inner:w103 type=multipolygon boundary=protected_area name=纳金饮用水水源保护区
    r102 outer:w101 outer:w109 type=boundary boundary=water_protection_area
    r103 outer:w101 outer:w102 type=boundary boundary=protected_area protect_class=5
";

#[test]
fn protected_waters_are_zones_with_their_holes_and_parts_of_one_are_none() {
    let (_, zones, counts) = of(WATER);
    let found: Vec<String> = zones.iter().map(print).collect();
    assert_eq!(
        found,
        [
            "osm-w104 {kind:water-source,name_en:Drinking-water protection area osm-w104,name_zh:饮用水水源保护区 osm-w104}",
            "osm-r101 {kind:water-source,name_en:纳金饮用水水源保护区,name_zh:纳金饮用水水源保护区}",
        ]
    );
    let rings = zones[1]["geometry"]["coordinates"][0].as_array().unwrap();
    let points: Vec<usize> = rings.iter().map(|ring| ring.as_array().unwrap().len()).collect();
    assert_eq!(points, [5, 4]);
    assert_eq!((counts.incomplete_areas, counts.incomplete_ids), (1, vec!["osm-r102".to_owned()]));
}

#[test]
fn a_missing_node_cuts_its_way_and_is_counted() {
    let (roads, _, counts) = of("
        n1 0 0
        n2 100 0
        n4 300 0
        n5 400 0
        w1 n1 n2 n3 n4 n5 highway=primary
        w2 n7 n8 highway=primary
    ");
    assert_eq!(ids(&roads), ["osm-w1-1", "osm-w1-2"]);
    assert_eq!((counts.missing_nodes, counts.cut_ways, counts.pointless_ways), (3, 2, 1));
}

#[test]
fn parts_of_one_way_that_do_not_meet_are_zones_of_different_ids() {
    let (_, zones, _) = of("
        n1 0 0
        n2 100 0
        n4 5000 0
        n5 5100 0
        w1 n1 n2 n3 n4 n5 highway=primary hazmat=no
    ");
    assert_eq!(ids(&zones), ["osm-w1-hazmat", "osm-w1-hazmat-2"]);
}

#[test]
fn a_place_out_of_reach_of_the_one_before_is_no_road() {
    let (roads, _, counts) = of("
        n1 0 0
        n2 100 0
        n3 200000 0
        n4 200100 0
        w1 n1 n2 n3 n4 highway=primary
    ");
    assert_eq!(ids(&roads), ["osm-w1-1", "osm-w1-2"]);
    assert_eq!((counts.gaps, counts.length_m.round() as i64), (1, 200));
}

#[test]
fn the_order_and_the_packing_of_a_file_do_not_matter() {
    let map = format!("{TUNNEL}{WATER}");
    let (roads, zones, counts) = run(&file(&map, Style::default()), Limits::default()).unwrap();
    for (block, backwards, plain) in [(1, false, false), (2, true, false), (0, true, true), (3, false, true)]
    {
        let style = Style { block, backwards, plain };
        let again = run(&file(&map, style), Limits::default()).unwrap();
        assert!(again == (roads.clone(), zones.clone(), counts.clone()), "{block} {backwards} {plain}");
    }
}
