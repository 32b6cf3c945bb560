//! Permits to pass a zone. A permit is for one passage: once the vehicle has entered with it and left again, it is
//! used up.

use fleet::{EventTime, Permit, PermitKind, Zone};
use serde::{Deserialize, Serialize};

use crate::scene::Scene;

/// Permits in use or used up that one vehicle has; those that are no longer valid make room. Past it a further one
/// does not hold, for its use could not be remembered.
const PASSES_MAX: usize = 16;

/// A permit that was used.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Pass {
    permit: String,
    /// The first fix outside since it was last used inside.
    left: Option<EventTime>,
    /// Used at the moment that is being judged.
    #[serde(skip)]
    in_use: bool,
}

/// The permits of one vehicle that were used; nothing for nearly all.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct Passes(Option<Box<Used>>);

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
struct Used {
    list: Vec<Pass>,
}

impl Passes {
    /// The permit by which the vehicle may be in a zone now.
    pub(super) fn permit<'a>(&self, scene: &Scene<'a>, zone: &Zone) -> Option<&'a Permit> {
        let at = scene.fix.at;
        let list = self.0.as_deref().map_or(&[][..], |used| &used.list);
        let back = scene.book.hazmat_zone.passage_gap;
        let is_good = |permit: &&Permit| match list.iter().find(|pass| pass.permit == permit.permit) {
            Some(pass) => pass.left.is_none_or(|left| at.since(left) <= back),
            None => list.iter().filter(|pass| is_valid(scene, pass)).count() < PASSES_MAX,
        };
        let registry = scene.ground.registry;
        let mut opens = registry.permits(scene.terminal).iter().filter(|permit| {
            permit.kind == PermitKind::Passage && permit.zone.as_deref() == Some(&zone.id) && permit.holds(at)
        });
        opens.find(is_good)
    }

    /// The permit is used now: the vehicle is inside, or went through.
    pub(super) fn note(&mut self, scene: &Scene<'_>, permit: &Permit, inside: bool) {
        let list = &mut self.0.get_or_insert_default().list;
        if !list.iter().any(|pass| pass.permit == permit.permit) {
            list.retain(|pass| is_valid(scene, pass));
            list.push(Pass { permit: permit.permit.clone(), left: None, in_use: false });
        }
        for pass in list.iter_mut().filter(|pass| pass.permit == permit.permit) {
            pass.in_use = inside;
            pass.left = if inside { None } else { pass.left.or(Some(scene.fix.at)) };
        }
    }

    /// Whatever was not noted as inside was left.
    pub(super) fn settle(&mut self, at: EventTime) {
        for pass in self.0.iter_mut().flat_map(|used| &mut used.list) {
            if !std::mem::take(&mut pass.in_use) && pass.left.is_none() {
                pass.left = Some(at);
            }
        }
    }

    /// What another lane of the same vehicle used up is used up here too.
    pub(super) fn learn(&mut self, other: &Self) {
        let used_up = other.0.iter().flat_map(|used| &used.list).filter(|pass| pass.left.is_some());
        for pass in used_up {
            let list = &mut self.0.get_or_insert_default().list;
            if list.len() < PASSES_MAX && !list.iter().any(|known| known.permit == pass.permit) {
                list.push(pass.clone());
            }
        }
    }
}

fn is_valid(scene: &Scene<'_>, pass: &Pass) -> bool {
    let permits = scene.registry.permits(scene.terminal);
    permits.iter().any(|permit| permit.permit == pass.permit && scene.fix.at < permit.valid_until)
}
