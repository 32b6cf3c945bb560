//! Who drives where: the demo's fleet, and load.

use fleet::VehicleClass;

use crate::act::{ACTS, Act, Deed};
use crate::actor::{Actor, Noise};
use crate::chance::Chance;
use crate::drive::Drive;
use crate::seeds::{Road, Row, Seeds, SeedsError};
use crate::terminal::{Edition, Identity};

/// Seconds between two reports of a demo vehicle.
const DEMO_INTERVAL_S: i64 = 5;
/// Messages of a demo terminal on the way at once.
const DEMO_WINDOW: usize = 16;

/// The prefecture, by its first four digits.
const LHASA: &str = "5401";

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
        let cast = cast(&seeds.rows);
        let noises = [Noise::Garbage, Noise::WildFix, Noise::FrozenFix, Noise::Unknown, Noise::Split];
        let mut actors = Vec::with_capacity(seeds.rows.len());
        for (index, (row, part)) in seeds.rows.iter().zip(cast).enumerate() {
            let Some(mut actor) = actor(&seeds, (row, index), part, &mut chance) else { continue };
            actor.noise = noises.get(index % 9).copied().filter(|_| part.is_none());
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

/// Who performs what: the act and the number of the performer, from 0.
type Part = Option<(Act, u8)>;

/// Gives every part to a vehicle of its class; those of a section to one without a route of its own, that of a
/// stranger to one that is not at home in Lhasa.
fn cast(rows: &[Row]) -> Vec<Part> {
    let mut cast: Vec<Part> = vec![None; rows.len()];
    for act in ACTS {
        for performer in 0..act.performers {
            let at_home = |row: &Row| row.division.starts_with(LHASA);
            let fits = |row: &Row| {
                row.class == act.class
                    && (act.section.is_none() || row.route.is_empty())
                    && !(matches!(act.deed, Deed::Elsewhere(_)) && at_home(row))
            };
            let mut free = rows.iter().zip(&mut cast).filter(|(row, part)| part.is_none() && fits(row));
            if let Some((_, part)) = free.next() {
                *part = Some((*act, performer));
            }
        }
    }
    cast
}

fn actor(seeds: &Seeds, (row, index): (&Row, usize), part: Part, chance: &mut Chance) -> Option<Actor> {
    let section = part.and_then(|(act, performer)| Some((act.section?, performer)));
    let road = road(seeds, row, section.map(|(section, _)| section.road), part, index)?;
    let kmh = cruise_kmh(row.class) * (1.0 + chance.around_zero(0.15));
    let mut drive = Drive::new(road, 0.0, section.map_or(kmh, |(section, _)| section.kmh), chance.next());
    match (section, part) {
        (Some((section, performer)), _) => {
            drive.way_m = section.starts_m.get(usize::from(performer)).copied().unwrap_or_default();
            drive.keep_between(section.ends_m.0, section.ends_m.1);
            drive.pause_s = section.pause_s;
        }
        // Far from the ends, where it would stop to turn round.
        (None, Some(_)) => drive.way_m = drive.length_m() * (0.2 + 0.4 * chance.unit()),
        (None, None) => {
            drive.way_m = drive.length_m() * chance.unit();
            drive.back = chance.unit() < 0.5;
            drive.join(chance.unit());
        }
    }
    if section.is_none() {
        drive.leave_structure();
    }
    if let Some((Act { deed: Deed::Halt(at_m, stand_s), .. }, _)) = part {
        drive.halt = Some((at_m, stand_s));
    }
    let mut actor = Actor::new(identity(row, index, part), drive, DEMO_INTERVAL_S, DEMO_WINDOW);
    actor.stands = match row.class {
        VehicleClass::CharterCoach | VehicleClass::ScheduledCoach => Some((1, 6)),
        VehicleClass::SchoolBus => Some((22, 6)),
        VehicleClass::HazmatTruck | VehicleClass::HeavyTruck => None,
    };
    // Everybody has a vehicle of their own: one card in two at once is an offence.
    let mut drivers = seeds.drivers.iter().filter(|(_, operator)| *operator == row.operator);
    let number = seeds.rows.iter().take(index).filter(|other| other.operator == row.operator).count();
    actor.card = drivers.nth(number).map(|(certificate, _)| certificate.clone());
    actor.act = part.map(|(act, performer)| act.of(performer));
    let other = seeds.rows.iter().rfind(|other| other.class == row.class);
    actor.other = other.map(|other| (other.plate.clone(), other.color));
    Some(actor)
}

fn identity(row: &Row, index: usize, part: Part) -> Identity {
    let edition = match index % 8 {
        // 2011 knows no event of a card.
        0 if part.is_none_or(|(act, _)| !matches!(act.deed, Deed::Card(_))) => Edition::V2011,
        0..=4 => Edition::V2013,
        _ => Edition::V2019,
    };
    Identity { phone: row.terminal.clone(), plate: row.plate.clone(), color: row.color, edition }
}

/// That of its act, its own, or one that suits its class and leads through no zone that is closed to it.
fn road<'a>(seeds: &'a Seeds, row: &Row, of_act: Option<&str>, part: Part, index: usize) -> Option<&'a Road> {
    // Without towns: whoever speeds there would not only be speeding.
    let open = part.is_some_and(|(act, _)| matches!(act.deed, Deed::Speed(_) | Deed::Offline));
    let free: &[&str] = match row.class {
        VehicleClass::CharterCoach => &["lhasa-ring", "lhasa-shannan", "lhasa-nyingchi", "lhasa-ring"],
        VehicleClass::HazmatTruck | VehicleClass::HeavyTruck if open => &["lhasa-shannan"],
        VehicleClass::HazmatTruck => &["duilong-yangbajain", "lhasa-nagqu", "lhasa-shannan"],
        VehicleClass::HeavyTruck => &["lhasa-shigatse", "lhasa-nagqu", "lhasa-nyingchi", "lhasa-shannan"],
        VehicleClass::ScheduledCoach | VehicleClass::SchoolBus => &["lhasa-shannan"],
    };
    let own = Some(row.route.as_str()).filter(|id| !id.is_empty());
    seeds.road(of_act.or(own).or_else(|| free.get(index % free.len()).copied())?)
}

/// Below every limit of the open road, by night too.
const fn cruise_kmh(class: VehicleClass) -> f64 {
    match class {
        VehicleClass::SchoolBus => 26.0,
        VehicleClass::HazmatTruck => 51.0,
        VehicleClass::CharterCoach | VehicleClass::ScheduledCoach => 54.0,
        VehicleClass::HeavyTruck => 55.0,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

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
            let same = |actor: &&Actor| {
                actor.act.is_some_and(|a| (a.rule, a.class, a.deed) == (act.rule, act.class, act.deed))
            };
            let performers = plan.actors.iter().filter(same).count();
            assert_eq!(performers, usize::from(act.performers), "{}", act.rule);
        }
        for noise in [Noise::Garbage, Noise::WildFix, Noise::FrozenFix, Noise::Unknown, Noise::Split] {
            assert!(plan.actors.iter().any(|actor| actor.noise == Some(noise)), "{noise:?}");
        }
    }

    #[test]
    fn the_fleet_is_spread_out_and_most_of_it_moves() {
        const NOON_MS: i64 = 1_780_286_400_000;
        let mut plan = Plan::demo(1).unwrap();
        let positions: Vec<_> = plan
            .actors
            .iter_mut()
            .map(|actor| {
                (0..60).step_by(5).for_each(|second| actor.step(NOON_MS + second * 1000, second));
                actor.drive.position(NOON_MS + 60_000)
            })
            .collect();
        let moving = positions.iter().filter(|position| position.speed_kmh > 5.0).count();
        assert!((120..=185).contains(&moving), "{moving}");
        let speeds: BTreeSet<_> = positions.iter().map(|position| position.speed_kmh as i64).collect();
        assert!(speeds.len() > 25, "{speeds:?}");
        // Squares of some six kilometres.
        let squares: BTreeSet<_> =
            positions.iter().map(|p| ((p.lon * 16.0) as i64, (p.lat * 16.0) as i64)).collect();
        assert!(squares.len() > 60, "{}", squares.len());
        for (row, position) in Seeds::load().unwrap().rows.iter().zip(&positions) {
            let in_town = (90.95..91.25).contains(&position.lon) && (29.58..29.72).contains(&position.lat);
            assert!(row.class != VehicleClass::SchoolBus || in_town, "{position:?}");
        }
    }
}
