//! Who drives where: the demo's fleet, and load.

use fleet::VehicleClass;

use crate::act::ACTS;
use crate::actor::{Actor, Noise};
use crate::chance::Chance;
use crate::drive::Drive;
use crate::seeds::{Road, Row, Seeds, SeedsError};
use crate::terminal::{Edition, Identity};

/// Seconds between two reports of a demo vehicle.
const DEMO_INTERVAL_S: i64 = 5;
/// Messages of a demo terminal on the way at once.
const DEMO_WINDOW: usize = 16;

/// A set of actors.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Each with its own connection.
    pub actors: Vec<Actor>,
}

/// How a load is made.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// Terminals.
    pub vehicles: u32,
    /// Seconds between two reports of one.
    pub interval_s: i64,
    /// Reports in one write.
    pub batch: usize,
    /// Unacknowledged messages of one on the way at once.
    pub window: usize,
    /// Edition of all.
    pub edition: Edition,
    /// Seed of their places.
    pub seed: u64,
}

impl Plan {
    /// The fleet of `seeds/` around Lhasa, which breaks every rule now and then.
    pub fn demo(seed: u64) -> Result<Self, SeedsError> {
        let seeds = Seeds::load()?;
        let mut chance = Chance::new(seed);
        let mut free: Vec<_> = ACTS.iter().collect();
        let mut actors = Vec::with_capacity(seeds.rows.len());
        let noises = [Noise::Garbage, Noise::WildFix, Noise::FrozenFix, Noise::Unknown, Noise::Split];
        for (index, row) in seeds.rows.iter().enumerate() {
            let own_road = !row.route.is_empty();
            let fits = |act: &&crate::Act| act.class == row.class && !(own_road && act.road.is_some());
            let act = free.iter().position(fits).map(|at| *free.remove(at));
            let Some(road) = road(&seeds, row, act.and_then(|act| act.road), index) else { continue };
            let way = act.map_or_else(|| chance.unit() * 15_000.0, |act| act.way_m);
            let drive = Drive::new(road, way, cruise_kmh(row.class), seed ^ index as u64);
            let mut actor = Actor::new(identity(row, index), drive, DEMO_INTERVAL_S, DEMO_WINDOW);
            actor.keeps_night =
                matches!(row.class, VehicleClass::ScheduledCoach | VehicleClass::CharterCoach);
            actor.noise = noises.get(index % 9).copied().filter(|_| act.is_none());
            actor.card = seeds.drivers.iter().find(|(_, op)| *op == row.operator).map(|(c, _)| c.clone());
            actor.act = act;
            actors.push(actor);
        }
        Ok(Self { actors })
    }

    /// Well-behaved terminals that are on file nowhere: the gateway must admit any.
    pub fn load(options: &LoadOptions) -> Result<Self, SeedsError> {
        let seeds = Seeds::load()?;
        let mut chance = Chance::new(options.seed);
        let actor = |index: u32| {
            let road = &seeds.roads[index as usize % seeds.roads.len()];
            let drive = Drive::new(road, chance.unit() * 50_000.0, 50.0, options.seed ^ u64::from(index));
            let identity = Identity {
                phone: format!("139{index:08}"),
                plate: format!("藏A{:05}", index % 100_000),
                color: 2,
                edition: options.edition,
            };
            let mut actor = Actor::new(identity, drive, options.interval_s, options.window);
            actor.batch = options.batch.max(1);
            actor
        };
        Ok(Self { actors: (0..options.vehicles).map(actor).collect() })
    }
}

fn identity(row: &Row, index: usize) -> Identity {
    let edition = match index % 8 {
        0 => Edition::V2011,
        1..=4 => Edition::V2013,
        _ => Edition::V2019,
    };
    Identity { phone: row.terminal.clone(), plate: row.plate.clone(), color: row.color, edition }
}

/// Its own, that of its act, or one that suits its class and leads through no restricted zone.
fn road<'a>(seeds: &'a Seeds, row: &Row, of_act: Option<&str>, index: usize) -> Option<&'a Road> {
    let free: &[&str] = match row.class {
        VehicleClass::CharterCoach => &["lhasa-ring", "lhasa-shannan", "lhasa-nyingchi"],
        VehicleClass::HazmatTruck => &["duilong-yangbajain"],
        VehicleClass::HeavyTruck | VehicleClass::ScheduledCoach | VehicleClass::SchoolBus => {
            &["lhasa-shannan"]
        }
    };
    let own = Some(row.route.as_str()).filter(|id| !id.is_empty());
    seeds.road(of_act.or(own).or_else(|| free.get(index % free.len()).copied())?)
}

/// Below every limit, by night and in towns too.
const fn cruise_kmh(class: VehicleClass) -> f64 {
    match class {
        VehicleClass::SchoolBus | VehicleClass::ScheduledCoach => 36.0,
        VehicleClass::CharterCoach | VehicleClass::HeavyTruck | VehicleClass::HazmatTruck => 55.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::Output;

    fn frames(seed: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        for mut actor in Plan::demo(seed).unwrap().actors {
            actor.terminal().handle_connected(0);
            for second in (0..60).step_by(5) {
                actor.step(second * 1000, second);
                while let Output::Transmit(frame) = actor.terminal().poll_output(second * 1000) {
                    bytes.extend(frame);
                }
            }
            let kept = actor.terminal().unacknowledged();
            assert!(kept > 0);
        }
        bytes
    }

    #[test]
    fn a_plan_repeats_itself() {
        assert_eq!(frames(1), frames(1));
    }

    #[test]
    fn every_act_has_an_actor_and_noise_is_there() {
        let plan = Plan::demo(1).unwrap();
        assert_eq!(plan.actors.len(), 200);
        for act in ACTS {
            assert!(plan.actors.iter().any(|actor| actor.act == Some(*act)), "{}", act.rule);
        }
        for noise in [Noise::Garbage, Noise::WildFix, Noise::FrozenFix, Noise::Unknown, Noise::Split] {
            assert!(plan.actors.iter().any(|actor| actor.noise == Some(noise)), "{noise:?}");
        }
    }
}
