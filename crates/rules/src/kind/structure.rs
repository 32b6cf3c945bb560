//! `closed-structure` where a monitor closed it: displaced bridges and tunnels, for those they are closed to.

use fleet::{MeasureKind, RuleId, Severity, Structure, Zone, ZoneIndex};

use crate::kind::limit::is_loaded;
use crate::law;
use crate::scene::Scene;
use crate::signal::{Signal, Subject};
use crate::structure::{CLOSED_TO_ALL, CLOSED_TO_HAZMAT};

/// Closed to this vehicle: how bad it is, and from which level on it is closed to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shut {
    level: u8,
    from_level: u8,
}

/// Whether a zone is closed to this vehicle for displacement. No permit opens it.
pub(crate) fn shut(scene: &Scene<'_>, zone: &Zone) -> Option<Shut> {
    let level = scene.structures.closed(&zone.id, scene.fix.at)?;
    let from_level = if is_loaded(scene) { CLOSED_TO_HAZMAT } else { CLOSED_TO_ALL };
    (level >= from_level).then_some(Shut { level, from_level })
}

/// On it or in it; level 3 is worse, and is said at once.
pub(crate) fn entered(scene: &Scene<'_>, (index, zone): (ZoneIndex, &Zone), shut: Shut) -> Signal {
    let text = match zone.kind.structure() {
        Some(Structure::Bridge) => ("在因位移告警封闭的桥梁上", "on a bridge closed for displacement"),
        Some(Structure::Tunnel) => ("在因位移告警封闭的隧道内", "in a tunnel closed for displacement"),
        None => ("在因位移告警封闭的区域内", "in an area closed for displacement"),
    };
    let severity = if shut.level >= CLOSED_TO_ALL { Severity::Critical } else { Severity::Major };
    signal(scene, index, shut, severity, text)
}

/// On the way to it; going on makes the same alert worse.
pub(crate) fn approach(scene: &Scene<'_>, index: ZoneIndex, shut: Shut) -> Signal {
    let text = ("正在驶近因位移告警封闭的路段", "on the way to a structure closed for displacement");
    signal(scene, index, shut, Severity::Minor, text)
}

fn signal(
    scene: &Scene<'_>,
    index: ZoneIndex,
    shut: Shut,
    severity: Severity,
    text: (&'static str, &'static str),
) -> Signal {
    Signal::new(RuleId::CLOSED_STRUCTURE, severity, text)
        .to(law::rescue(scene.class), law::STRUCTURE_CLOSED)
        .measured(MeasureKind::Level, f64::from(shut.level), Some(f64::from(shut.from_level)))
        .about(Subject::Zone(index))
}
