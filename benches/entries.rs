//! Is every truck with dangerous goods that enters a restricted bridge, tunnel or road found, within 10 s, and is nobody
//! accused who passed beside, above or below?
//!
//! Trucks drive by the quickest way between pieces drawn at random, half of them through a restricted one, with a report
//! every 10 s; in tunnels their receivers are blind, and say so. What comes out is compared with where they truly were. The
//! country is made up (see `made`), or read, zones and all: `CONFIG=roadwarden.toml ROADS=roads.geojson cargo bench
//! --package benches --bench entries`, where the configuration names the same roads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use atlas::{Atlas, Shape};
use benches::made::country;
use benches::roads::{Net, Receiver, Truth, drive, pick};
use benches::vehicles::{report, vehicle};
use benches::{Numbers, is_measuring};
use fleet::{
    Alert, Fix, Map, ReceiveTime, Registry, Road, RoadClass, RoadIndex, RuleId, State, Structure, Vehicle,
    VehicleClass, Zone, ZoneKind,
};
use geo::LineString;
use rules::{Book, Engine};

/// Seconds from report to report, and within which an entry must be said.
const EVERY_S: usize = 10;
/// Out of a zone and in again sooner than this is one entry, seconds.
const ONE_ENTRY_S: usize = 30;
/// A truck this near in time to being inside is not accused without reason, seconds.
const NEARLY_S: usize = 15;

type Way = Vec<(RoadIndex, bool)>;

struct Land {
    net: Net,
    /// The same roads, all under the open sky: what a truck's own memory would say.
    open: Net,
    map: Arc<Atlas>,
    /// Which zones restrict a truck, and their roads.
    zones: BTreeMap<String, BTreeSet<u32>>,
}

fn main() {
    let mut numbers = Numbers::new(49);
    let land = match (std::env::var("CONFIG"), std::env::var("ROADS")) {
        (Ok(config), Ok(roads)) => read(&config, &roads),
        _ => made(if is_measuring() { 8_000 } else { 2_000 }, &mut numbers),
    };
    let ways = ways(&land, if is_measuring() { 300 } else { 20 }, &mut numbers);
    println!("{} pieces, {} restricted zones, {} drives", land.net.roads.len(), land.zones.len(), ways.len());
    let mut clean = [Tally::default(), Tally::default()];
    for stays in [0.0, 0.98] {
        for error_m in [5.0, 10.0, 20.0] {
            let mut tallies = [Tally::default(), Tally::default()];
            for (number, way) in (1..).zip(&ways) {
                drive_one(&land, way, Receiver { every_s: 1, error_m, stays }, number, &mut tallies);
            }
            let kind = if stays > 0.0 { "wandering" } else { "fresh" };
            println!("error {error_m} m, {kind}\n  tunnels  {}\n  others   {}", tallies[0], tallies[1]);
            if error_m < 6.0 {
                clean.iter_mut().zip(&tallies).for_each(|(sum, tally)| sum.add(tally));
            }
        }
    }
    // What is read is measured; the made-up country is the same everywhere.
    let is_made = std::env::var("CONFIG").is_err();
    for tally in clean.iter().filter(|_| is_made) {
        assert!(tally.entries > 0, "no truck entered a zone");
        assert!((tally.found + tally.late) * 100 >= tally.entries * 98, "entries are missed: {tally}");
        assert!(tally.false_ones * 50 <= tally.entries, "trucks are accused without reason: {tally}");
    }
    assert!(!is_made || clean[0].found * 100 >= clean[0].entries * 90, "tunnels are told late: {}", clean[0]);
}

fn read(config: &str, roads: &str) -> Land {
    let reference = settings::load_reference(config.as_ref()).unwrap_or_else(|problems| panic!("{problems}"));
    let text = std::fs::read_to_string(roads).unwrap_or_else(|error| panic!("{roads}: {error}"));
    let net = Net::read(&text);
    land(net, reference.atlas)
}

/// A made-up country. Restricted are the tunnels, each right under a street, and every third leg of the expressways, both
/// carriageways, which the old road winds along and crosses. Its elevated roads, 9 m beside the avenue below, are left out: a
/// receiver that errs by as much cannot tell the two apart until they part.
fn made(pieces: usize, numbers: &mut Numbers) -> Land {
    let net = Net::new(country(pieces, 30, numbers));
    let mut zones: BTreeMap<String, (ZoneKind, Vec<usize>)> = BTreeMap::new();
    let mut legs: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, (road, _)) in net.roads.iter().enumerate() {
        if road.structure == Some(Structure::Tunnel) {
            zones.insert(road.id.to_string(), (ZoneKind::Tunnel, vec![number]));
        }
        if let Some(reference) = road.reference.as_deref().filter(|_| road.class == RoadClass::Expressway) {
            let leg = legs.entry(reference).or_insert(0);
            *leg += 1;
            if leg.is_multiple_of(3) {
                // G and H are the two carriageways of one expressway.
                let id = format!("leg {leg} of {}", reference.trim_start_matches(['G', 'H']));
                zones.entry(id).or_insert((ZoneKind::Bridge, Vec::new())).1.push(number);
            }
        }
    }
    let zones = zones.into_iter().map(|(id, (kind, roads))| {
        let lines = roads.iter().map(|number| &net.roads[*number]);
        let line: LineString<f64> = lines.clone().flat_map(|(_, line)| line.coords().copied()).collect();
        let roads = lines.map(|(road, _)| road.id.to_string()).collect();
        let zone = Zone {
            classes: vec![VehicleClass::HazmatTruck],
            roads,
            approach_m: Some(1_000.0),
            ..Zone::new(&id, kind)
        };
        (zone, Shape::Corridor { line, width_m: 12.0 })
    });
    let atlas = Atlas::build(zones.collect(), vec![], vec![]).with_roads(net.roads.clone());
    land(net, Arc::new(atlas))
}

fn land(net: Net, map: Arc<Atlas>) -> Land {
    let places: BTreeMap<&str, u32> = (0..).zip(&net.roads).map(|(n, (road, _))| (&*road.id, n)).collect();
    let restricts = |zone: &Zone| {
        zone.classes.contains(&VehicleClass::HazmatTruck)
            && (zone.hazmat_classes.is_empty() || zone.hazmat_classes.iter().any(|class| class == "3"))
            && zone.tunnel_category.is_none_or(|category| category >= fleet::TunnelCategory::D)
    };
    let restricted = map.zones().filter(|(zone, _)| restricts(zone) && !zone.roads.is_empty());
    let zones = restricted.map(|(zone, _)| {
        (zone.id.clone(), zone.roads.iter().filter_map(|id| places.get(&**id).copied()).collect())
    });
    let open = |(road, line): &(Road, _)| (Road { structure: None, ..road.clone() }, LineString::clone(line));
    Land { zones: zones.collect(), open: Net::new(net.roads.iter().map(open).collect()), net, map }
}

/// Ways between pieces drawn at random, every other one through a restricted piece.
fn ways(land: &Land, count: usize, numbers: &mut Numbers) -> Vec<Way> {
    let all: Vec<u32> = (0..).take(land.net.roads.len()).collect();
    let restricted: Vec<u32> = land.zones.values().flatten().copied().collect();
    let mut ways = Vec::new();
    for turn in 0..count * 30 {
        let through = if turn % 2 == 0 { &restricted } else { &all };
        let stops = (pick(&all, numbers), pick(through, numbers), pick(&all, numbers));
        let (Some(from), Some(by), Some(to)) = stops else { break };
        let halves = land.net.route(*from, *by).zip(land.net.route(*by, *to));
        // Nobody turns in a tunnel.
        if let Some((mut way, rest)) = halves.filter(|(way, rest)| way.last() == rest.first()) {
            way.extend(rest.into_iter().skip(1));
            if way.len() >= 10 && way.len() <= 400 {
                ways.push(way);
            }
        }
        if ways.len() == count {
            break;
        }
    }
    ways
}

#[derive(Default)]
struct Tally {
    entries: usize,
    found: usize,
    late: usize,
    missed: usize,
    false_ones: usize,
    slowest_s: usize,
    reports: usize,
}

/// Drives once and counts, tunnels in the first tally and everything else in the second.
fn drive_one(land: &Land, way: &Way, receiver: Receiver, number: u32, tallies: &mut [Tally; 2]) {
    let mut numbers = Numbers::new(u64::from(number) * 7 + 1);
    let seconds = drive(&land.open, way, receiver, &mut numbers);
    let said = told(land, &seconds, number);
    let place_of = |zone: &str| usize::from(!land.is_tunnel(zone));
    let mut used = vec![false; said.len()];
    for (zone, entered, left) in entries(land, &seconds) {
        let tally = &mut tallies[place_of(&zone)];
        tally.entries += 1;
        let about =
            |(at, id): &(usize, String)| *id == zone && at + NEARLY_S >= entered && *at <= left + NEARLY_S;
        for (place, said) in said.iter().enumerate() {
            used[place] |= about(said);
        }
        match said.iter().find(|said| about(said)) {
            Some((at, _)) if *at <= entered + EVERY_S => {
                tally.found += 1;
                tally.slowest_s = tally.slowest_s.max(at.saturating_sub(entered));
            }
            Some(_) => tally.late += 1,
            None => tally.missed += 1,
        }
    }
    for ((_, zone), _) in said.iter().zip(&used).filter(|(_, used)| !**used) {
        tallies[place_of(zone)].false_ones += 1;
    }
    tallies.iter_mut().for_each(|tally| tally.reports += seconds.len() / EVERY_S);
}

impl Land {
    fn is_tunnel(&self, zone: &str) -> bool {
        let index = self.map.zone_index(zone).expect("a zone of this map");
        Map::zone(&*self.map, index).kind == ZoneKind::Tunnel
    }
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.entries += other.entries;
        self.found += other.found;
        self.late += other.late;
        self.missed += other.missed;
        self.false_ones += other.false_ones;
        self.slowest_s = self.slowest_s.max(other.slowest_s);
        self.reports += other.reports;
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { entries, found, late, missed, false_ones, slowest_s, reports } = self;
        write!(
            f,
            "{entries} entries in {reports} reports: {found} found within {EVERY_S} s (slowest {slowest_s} s), {late} later, {missed} missed, {false_ones} false"
        )
    }
}

/// When a truck was in which zone: from and until which second.
fn entries(land: &Land, seconds: &[(Fix, Truth)]) -> Vec<(String, usize, usize)> {
    let mut all: Vec<(String, usize, usize)> = Vec::new();
    for (id, roads) in &land.zones {
        let mut last: Option<(usize, usize)> = None;
        for (second, _) in seconds.iter().enumerate().filter(|(_, (_, truth))| roads.contains(&truth.road.0))
        {
            match &mut last {
                Some((_, until)) if second - *until <= ONE_ENTRY_S => *until = second,
                _ => {
                    all.extend(last.replace((second, second)).map(|(from, until)| (id.clone(), from, until)));
                }
            }
        }
        all.extend(last.map(|(from, until)| (id.clone(), from, until)));
    }
    // A drive that begins inside has no entry.
    all.retain(|(_, from, _)| *from > EVERY_S);
    all
}

/// What the rules say of a drive: the second and the zone of each alert raised.
fn told(land: &Land, seconds: &[(Fix, Truth)], number: u32) -> Vec<(usize, String)> {
    let truck = Vehicle { tank: Some(true), ..vehicle(number, VehicleClass::HazmatTruck) };
    let registry = Registry::new(vec![truck], vec![], vec![]);
    let mut book = Book::default();
    book.common.china_only = false;
    let map: Arc<dyn Map> = Arc::<Atlas>::clone(&land.map);
    let mut engine = Engine::new(Arc::new(book.into()), Arc::new(registry), map);
    let (mut said, mut alerts, mut last): (_, Vec<Alert>, Option<Fix>) = (Vec::new(), Vec::new(), None);
    for (second, (fix, truth)) in seconds.iter().enumerate().step_by(EVERY_S) {
        let blind = land.net.road(truth.road).structure == Some(Structure::Tunnel);
        let shown = if blind { Fix { at: fix.at, ..last.unwrap_or(*fix) } } else { *fix };
        let observation = report(number, ReceiveTime::from_ms(fix.at.ms() + 500), shown, !blind);
        last = if blind { last } else { Some(*fix) };
        engine.handle_observation(&observation, &mut alerts);
        let raised = alerts
            .drain(..)
            .filter(|alert| alert.rule == RuleId::HAZMAT_ZONE && alert.state == State::Raised);
        said.extend(raised.filter_map(|alert| Some((second, alert.place.zone?.id))));
    }
    said
}
