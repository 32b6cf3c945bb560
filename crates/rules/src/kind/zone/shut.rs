//! Structures closed for displacement, among the other zones.

use fleet::{RuleId, Zone, ZoneHit, ZoneIndex};

use super::approach::{self, Way};
use super::{Around, Passed, Stand, applies, in_doubt, restricted, stand};
use crate::kind::limit::is_loaded;
use crate::kind::structure::{self, Shut};
use crate::law;
use crate::scene::Scene;
use crate::signal::{Grip, Signal};

/// A structure was just closed: who is in it, or on the way to it.
pub(crate) fn closed(scene: &Scene<'_>, hit: &ZoneHit, signals: &mut Vec<Signal>) {
    let zone = scene.map.zone(hit.zone);
    let Some(shut) = structure::shut(scene, zone) else { return };
    let stand = stand(scene, hit, Passed { roads: &[], from: None });
    signals.extend(entered_shut(scene, (hit.zone, zone), stand, shut));
    if let Stand::Out { distance_m, bearing_deg } = stand
        && let Some(way) = approach::way(scene, hit.zone, distance_m, bearing_deg)
    {
        // Nobody has measured whether it comes closer; that it heads there must do.
        let before_m = Some(f64::INFINITY);
        signals.extend(approaching(scene, (hit.zone, zone), &way, before_m, Some(shut)));
    }
}

/// What is over when a structure is opened, unless the zone is forbidden to the vehicle anyway.
pub(crate) fn over_when_opened(
    scene: &Scene<'_>,
    index: ZoneIndex,
    around: &Around,
) -> impl Iterator<Item = RuleId> + use<> {
    let zone = scene.map.zone(index);
    let forbidden = applies(zone, scene) && around.passes.permit(scene, zone).is_none();
    let rule = restricted(zone, scene).filter(|_| forbidden);
    let of_its_own = match rule {
        Some(RuleId::HAZMAT_ZONE) => Some(RuleId::HAZMAT_ZONE_APPROACH),
        other => other,
    };
    [RuleId::CLOSED_STRUCTURE, RuleId::HAZMAT_ZONE_APPROACH]
        .into_iter()
        .filter(move |rule| Some(*rule) != of_its_own)
}

pub(super) fn entered_shut(
    scene: &Scene<'_>,
    zone: (ZoneIndex, &Zone),
    stand: Stand,
    shut: Shut,
) -> Option<Signal> {
    let signal = structure::entered(scene, zone, shut);
    Some(match stand {
        Stand::In { share } => in_doubt(scene, signal, share),
        Stand::Through => Signal { grip: Grip::Passes, ..signal },
        Stand::Unclear => Signal { grip: Grip::Sustains, ..signal },
        Stand::Beside | Stand::Out { .. } => return None,
    })
}

/// One warning for one zone: of dangerous goods by their own rule, of others only where it is closed.
pub(super) fn approaching(
    scene: &Scene<'_>,
    (index, zone): (ZoneIndex, &Zone),
    way: &Way,
    before_m: Option<f64>,
    shut: Option<Shut>,
) -> Option<Signal> {
    let signal = approach::signal(scene, (index, zone), way, before_m)?;
    match shut {
        Some(shut) if !is_loaded(scene) => {
            Some(Signal { grip: signal.grip, ..structure::approach(scene, index, shut) })
        }
        Some(_) => Some(Signal {
            text: ("正在驶近因位移告警封闭的路段", "on the way to a structure closed for displacement"),
            basis: law::STRUCTURE_CLOSED,
            ..signal
        }),
        None => Some(signal),
    }
}
