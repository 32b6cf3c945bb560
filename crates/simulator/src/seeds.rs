//! The demo's reference data, as committed in `seeds/`.

use fleet::VehicleClass;

/// What the demo's terminals need to know of a vehicle.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) terminal: String,
    pub(crate) plate: String,
    pub(crate) color: u8,
    pub(crate) class: VehicleClass,
    pub(crate) operator: String,
    pub(crate) route: String,
}

/// A line to drive along.
#[derive(Clone, Debug)]
pub struct Road {
    /// Its id in `routes.geojson`.
    pub id: String,
    /// Degrees, longitude first.
    pub line: Vec<(f64, f64)>,
}

/// Everything in `seeds/` that terminals use.
#[derive(Clone, Debug)]
pub struct Seeds {
    pub(crate) rows: Vec<Row>,
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
    /// The routes.
    #[error("routes.geojson does not read")]
    Routes(#[from] serde_json::Error),
}

impl Seeds {
    /// Reads what is built in.
    pub fn load() -> Result<Self, SeedsError> {
        let rows = table("vehicles.csv", include_str!("../../../seeds/vehicles.csv"), row)?;
        let drivers = table("drivers.csv", include_str!("../../../seeds/drivers.csv"), |cells| {
            Some(((*cells.first()?).to_owned(), (*cells.get(2)?).to_owned()))
        })?;
        let routes: Collection = serde_json::from_str(include_str!("../../../seeds/routes.geojson"))?;
        let roads = routes.features.into_iter().map(|feature| Road {
            id: feature.properties.id,
            line: feature.geometry.coordinates.into_iter().map(Into::into).collect(),
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
    let [terminal, plate, color, class, operator, _, route, ..] = *cells else { return None };
    Some(Row {
        terminal: terminal.to_owned(),
        plate: plate.to_owned(),
        color: color.parse::<fleet::PlateColor>().ok()?.code(),
        class: class.parse().ok()?,
        operator: operator.to_owned(),
        route: route.to_owned(),
    })
}

#[derive(serde::Deserialize)]
struct Collection {
    features: Vec<Feature>,
}

#[derive(serde::Deserialize)]
struct Feature {
    properties: Properties,
    geometry: Geometry,
}

#[derive(serde::Deserialize)]
struct Properties {
    id: String,
}

#[derive(serde::Deserialize)]
struct Geometry {
    coordinates: Vec<[f64; 2]>,
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert!(seeds.drivers.iter().any(|(_, operator)| *operator == row.operator), "{row:?}");
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
