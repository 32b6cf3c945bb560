//! `clone-plate`: one plate, two vehicles — by what a terminal registers as, and by a track that is in two places.

use fleet::{MeasureKind, Registration, RuleId, Severity};

use crate::episode::{SIGHTING, TRACK};
use crate::law;
use crate::scene::Scene;
use crate::signal::{Signal, Subject};
use crate::track::Suspect;

/// The plate a terminal registers with is on file for another terminal, which was heard just now.
pub(crate) fn registered(registration: &Registration, signals: &mut Vec<Signal>) {
    let text = ("疑似套牌：以他车号牌注册", "suspected clone, registered with another vehicle's plate");
    signals.push(
        Signal::new(RuleId::CLONE_PLATE, Severity::Major, text)
            .to(law::POLICE_TRANSPORT, law::CLONE)
            .about(Subject::Text(registration.plate.clone())),
    );
}

/// Fixes of one terminal alternate between two places nobody gets between in time.
pub(crate) fn track(scene: &Scene<'_>, suspect: Option<&Suspect>, signals: &mut Vec<Signal>) {
    let rule = &scene.book.clone_plate;
    let Some(suspect) = suspect.filter(|suspect| suspect.alternates(rule.sightings)) else { return };
    if suspect.kmh <= rule.impossible_kmh {
        return;
    }
    let text = ("疑似套牌：同一终端同时出现在两地", "suspected clone, in two places at once");
    signals.push(
        Signal::new(RuleId::CLONE_PLATE, Severity::Major, text)
            .to(law::POLICE_TRANSPORT, law::CLONE)
            .measured(MeasureKind::SpeedKmh, suspect.kmh, Some(rule.impossible_kmh))
            .about(Subject::Named(TRACK)),
    );
}

/// A camera saw the plate at a place nobody gets to in time from where the vehicle was.
pub(crate) fn sighted(scene: &Scene<'_>, kmh: f64, signals: &mut Vec<Signal>) {
    let text = ("疑似套牌：卡口在他处识别到该号牌", "suspected clone, a camera saw the plate elsewhere");
    signals.push(
        Signal::new(RuleId::CLONE_PLATE, Severity::Major, text)
            .to(law::POLICE_TRANSPORT, law::CLONE)
            .measured(MeasureKind::SpeedKmh, kmh, Some(scene.book.clone_plate.impossible_kmh))
            .about(Subject::Named(SIGHTING)),
    );
}
