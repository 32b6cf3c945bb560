//! The demo's reference data, as committed in `seeds/`.

use fleet::VehicleClass;

use crate::drive::distance_m;

/// What the demo's terminals need to know of a vehicle.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) terminal: String,
    pub(crate) plate: String,
    pub(crate) color: u8,
    pub(crate) class: VehicleClass,
    pub(crate) operator: String,
    pub(crate) division: String,
    pub(crate) route: String,
}

/// A line to drive along.
#[derive(Clone, Debug)]
pub struct Road {
    /// Its id in `routes.geojson`.
    pub id: String,
    /// Degrees, longitude first.
    pub line: Vec<(f64, f64)>,
    /// Where one drives slower: from and to, metres from the beginning, and km/h.
    pub slow: Vec<(f64, f64, f64)>,
    /// Bridges and tunnels where nobody stands: from and to, metres from the beginning, with some room.
    pub structures: Vec<(f64, f64)>,
}

/// Certificates that end before this day are in the table to be noticed; nobody drives with them by default.
const EXPIRED: &str = "2025-01-01";
/// Before and behind a speed-limit zone, metres: enough to brake in, from report to report.
const BRAKING_M: f64 = 400.0;
/// Before and behind a bridge or tunnel, metres: as long as a fix may be taken for one on it.
const ROOM_M: f64 = 100.0;
/// Part of a zone's limit that careful drivers keep to; coaches by night may drive 0.8 of it.
const CAREFUL: f64 = 0.7;

/// Everything in `seeds/` that terminals use.
#[derive(Clone, Debug)]
pub struct Seeds {
    pub(crate) rows: Vec<Row>,
    /// Certificates of drivers that are valid, and whose drivers' employer.
    pub(crate) drivers: Vec<(String, String)>,
    /// The routes.
    pub roads: Vec<Road>,
}

/// Committed data that does not read.
#[derive(Debug, thiserror::Error)]
pub enum SeedsError {
    /// A row of a table.
    #[error("row {row:?} of {file} does not read")]
    Row {
        /// Which file.
        file: &'static str,
        /// The row.
        row: String,
    },
    /// The routes, roads or zones.
    #[error("routes.geojson, roads.geojson or zones.geojson does not read")]
    Geometry(#[from] serde_json::Error),
}

impl Seeds {
    /// Reads what is built in.
    pub fn load() -> Result<Self, SeedsError> {
        let rows = table("vehicles.csv", include_str!("../../../seeds/vehicles.csv"), row)?;
        let mut drivers = table("drivers.csv", include_str!("../../../seeds/drivers.csv"), |cells| {
            let drives = *cells.get(4)? > EXPIRED && cells.get(5)?.is_empty();
            Some((drives, ((*cells.first()?).to_owned(), (*cells.get(2)?).to_owned())))
        })?;
        drivers.retain(|(drives, _)| *drives);
        let drivers = drivers.into_iter().map(|(_, driver)| driver).collect();
        let routes: Collection = serde_json::from_str(include_str!("../../../seeds/routes.geojson"))?;
        let zones: Collection = serde_json::from_str(include_str!("../../../seeds/zones.geojson"))?;
        let limits: Vec<_> = zones.features.iter().filter_map(limit).collect();
        let pieces: Collection = serde_json::from_str(include_str!("../../../seeds/roads.geojson"))?;
        let carried: Vec<_> = pieces.features.iter().filter_map(structure).collect();
        let roads = routes.features.into_iter().filter_map(|feature| {
            let Shape::LineString(line) = feature.geometry else { return None };
            let line: Vec<_> = line.into_iter().map(Into::into).collect();
            let structures = carried.iter().filter_map(|ends| along(&line, *ends)).collect();
            Some(Road { id: feature.properties.id, slow: slow(&line, &limits), structures, line })
        });
        Ok(Self { rows, drivers, roads: roads.collect() })
    }

    /// The road with this id.
    pub fn road(&self, id: &str) -> Option<&Road> {
        self.roads.iter().find(|road| road.id == id)
    }
}

fn table<T>(
    file: &'static str,
    text: &str,
    read: impl Fn(&[&str]) -> Option<T>,
) -> Result<Vec<T>, SeedsError> {
    text.lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<_> = line.split(',').collect();
            read(&cells).ok_or_else(|| SeedsError::Row { file, row: line.to_owned() })
        })
        .collect()
}

fn row(cells: &[&str]) -> Option<Row> {
    let [terminal, plate, color, class, operator, division, route, ..] = *cells else { return None };
    Some(Row {
        terminal: terminal.to_owned(),
        plate: plate.to_owned(),
        color: color.parse::<fleet::PlateColor>().ok()?.code(),
        class: class.parse().ok()?,
        operator: operator.to_owned(),
        division: division.to_owned(),
        route: route.to_owned(),
    })
}

/// Ring and limit of a zone that has a limit.
fn limit(zone: &Feature) -> Option<(&[[f64; 2]], f64)> {
    match &zone.geometry {
        Shape::LineString(_) => None,
        Shape::Polygon(rings) => Some((rings.first()?, zone.properties.limit_kmh?)),
    }
}

/// The ends of a bridge or tunnel.
fn structure(piece: &Feature) -> Option<[[f64; 2]; 2]> {
    piece.properties.structure.as_ref()?;
    match &piece.geometry {
        Shape::LineString(line) => Some([*line.first()?, *line.last()?]),
        Shape::Polygon(_) => None,
    }
}

/// From where to where a line leads over a piece that was cut out of it.
fn along(line: &[(f64, f64)], ends: [[f64; 2]; 2]) -> Option<(f64, f64)> {
    let way_m = |end: [f64; 2]| {
        let place = line.iter().position(|point| *point == end.into())?;
        Some(line.iter().zip(line.iter().skip(1)).take(place).map(|(a, b)| distance_m(*a, *b)).sum::<f64>())
    };
    let [from_m, to_m] = ends.map(way_m);
    Some((from_m? - ROOM_M, to_m? + ROOM_M))
}

/// Where a road leads through zones with a limit.
fn slow(line: &[(f64, f64)], limits: &[(&[[f64; 2]], f64)]) -> Vec<(f64, f64, f64)> {
    const STEP_M: f64 = 50.0;
    let mut slow: Vec<(f64, f64, f64)> = Vec::new();
    for (ring, limit_kmh) in limits {
        let (mut way_m, mut within) = (0.0, None::<(f64, f64)>);
        for pair in line.windows(2) {
            let length_m = distance_m(pair[0], pair[1]);
            let mut into_m = 0.0;
            while into_m < length_m {
                let part = into_m / length_m;
                let at =
                    (pair[0].0 + (pair[1].0 - pair[0].0) * part, pair[0].1 + (pair[1].1 - pair[0].1) * part);
                if is_inside(ring, at) {
                    within = Some((within.map_or(way_m + into_m, |(from, _)| from), way_m + into_m));
                }
                into_m += STEP_M;
            }
            way_m += length_m;
        }
        slow.extend(within.map(|(from, to)| (from - BRAKING_M, to + BRAKING_M, limit_kmh * CAREFUL)));
    }
    slow
}

/// Even and odd: how often a ray to the east meets the ring.
fn is_inside(ring: &[[f64; 2]], (lon, lat): (f64, f64)) -> bool {
    let meets = |pair: &&[[f64; 2]]| {
        let ([a_lon, a_lat], [b_lon, b_lat]) = (pair[0], pair[1]);
        (a_lat > lat) != (b_lat > lat) && lon < (b_lon - a_lon) * (lat - a_lat) / (b_lat - a_lat) + a_lon
    };
    ring.windows(2).filter(meets).count() % 2 == 1
}

#[derive(serde::Deserialize)]
struct Collection {
    features: Vec<Feature>,
}

#[derive(serde::Deserialize)]
struct Feature {
    properties: Properties,
    geometry: Shape,
}

#[derive(serde::Deserialize)]
struct Properties {
    id: String,
    limit_kmh: Option<f64>,
    structure: Option<String>,
}

#[derive(serde::Deserialize)]
#[serde(tag = "type", content = "coordinates")]
enum Shape {
    LineString(Vec<[f64; 2]>),
    Polygon(Vec<Vec<[f64; 2]>>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roads_are_slow_where_they_lead_through_a_town() {
        let seeds = Seeds::load().unwrap();
        let slow = &seeds.road("lhasa-shigatse").unwrap().slow;
        assert_eq!(slow.len(), 2);
        assert!(slow.iter().all(|(from, to, kmh)| to - from > 3000.0 && *kmh < 32.0), "{slow:?}");
        assert!(seeds.road("school-1").unwrap().slow.is_empty());
    }

    #[test]
    fn the_road_to_the_airport_has_a_tunnel_and_a_bridge() {
        let seeds = Seeds::load().unwrap();
        let lengths = |id| -> Vec<f64> {
            seeds.road(id).unwrap().structures.iter().map(|(from, to)| to - from).collect()
        };
        let [tunnel, bridge] = lengths("lhasa-gonggar-airport")[..] else { panic!() };
        assert!(
            (2400.0..3000.0).contains(&tunnel) && (3000.0..4500.0).contains(&bridge),
            "{tunnel} {bridge}"
        );
        assert!(lengths("lhasa-shannan").is_empty());
    }

    #[test]
    fn what_is_committed_hangs_together() {
        let seeds = Seeds::load().unwrap();
        assert_eq!(seeds.rows.len(), 200);
        for class in VehicleClass::ALL {
            assert!(seeds.rows.iter().any(|row| row.class == *class), "{class}");
        }
        let operators = include_str!("../../../seeds/operators.csv");
        for row in &seeds.rows {
            assert!(row.route.is_empty() || seeds.road(&row.route).is_some(), "{row:?}");
            assert!(operators.contains(&format!("\n{},", row.operator)), "{row:?}");
            assert!(fleet::TerminalId::parse(&row.terminal).is_ok(), "{row:?}");
            let drivers = seeds.drivers.iter().filter(|(_, operator)| *operator == row.operator).count();
            let vehicles = seeds.rows.iter().filter(|other| other.operator == row.operator).count();
            assert!(drivers >= vehicles, "{}: {drivers} drivers for {vehicles} vehicles", row.operator);
        }
        let mut plates: Vec<_> = seeds.rows.iter().map(|row| &row.plate).collect();
        plates.sort();
        plates.dedup();
        assert_eq!(plates.len(), 200);
        for road in &seeds.roads {
            assert!((20..=80).contains(&road.line.len()), "{} has {} points", road.id, road.line.len());
        }
    }
}
