//! Which positions are evidence: noise is told from movement here, before any rule looks.

use fleet::{Fix, LonLat, Report, Status};
use serde::{Deserialize, Serialize};
use std::time::Duration;

use crate::book::Common;
use crate::engine::Fault;

/// Valid positions by the assessment rules of the joint monitoring network: 73°33′–135°05′ E, 3°51′–53°33′ N.
const REGION_LON_E6: std::ops::RangeInclusive<i32> = 73_550_000..=135_083_333;
const REGION_LAT_E6: std::ops::RangeInclusive<i32> = 3_850_000..=53_550_000;
/// Metres a millionth of a degree has at most.
const METRES_PER_E6: f64 = 0.111_33;
/// A vehicle at this speed that reports the very same position does not measure it, km/h.
const FROZEN_KMH: f64 = 10.0;
/// Fixes that must agree on another place before it is believed.
const AGREE: u8 = 3;
/// A suspect not seen again within this time is forgotten.
const SUSPECT_FOR: Duration = Duration::from_secs(600);

/// A place the vehicle cannot have reached, and how often it was seen there.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Suspect {
    fix: Fix,
    sightings: u8,
    /// How often the vehicle was back on its own track in between.
    returns: u8,
    back: bool,
    /// The least speed that would be needed, km/h.
    pub(crate) kmh: f64,
}

impl Suspect {
    /// Whether the track goes to and fro between two places.
    pub(crate) fn alternates(&self, sightings: u8) -> bool {
        self.sightings >= sightings && self.returns + 1 >= sightings
    }
}

/// How a fix that was believed goes on from the one before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Way {
    /// The first one, or the vehicle turned out to be elsewhere: no way led here.
    Anew,
    /// From the newest fix.
    On,
}

/// Whether two positions are at most this far apart; the sum of both sides is tried before the great circle.
pub(crate) fn within_m(a: LonLat, b: LonLat, limit_m: f64) -> bool {
    let sides_e6 = f64::from(a.lon_e6.abs_diff(b.lon_e6)) + f64::from(a.lat_e6.abs_diff(b.lat_e6));
    sides_e6 * METRES_PER_E6 <= limit_m || a.distance_m(b) <= limit_m
}

/// Whether the report has a position that can be used at all; `Ok(false)`: the terminal itself says no.
pub(crate) fn has_position(common: &Common, report: &Report) -> Result<bool, Fault> {
    if !report.status.has(Status::POSITIONED) {
        return Ok(false);
    }
    if report.status.has(Status::ENCRYPTED) {
        return Err(Fault::Encrypted);
    }
    let position = report.fix.position;
    let in_region = !common.china_only
        || (REGION_LON_E6.contains(&position.lon_e6) && REGION_LAT_E6.contains(&position.lat_e6));
    if !in_region || report.fix.speed.kmh() > common.speed_kmh_max {
        return Err(Fault::Impossible);
    }
    Ok(true)
}

/// Believes a fix, or says why not.
pub(crate) fn believe(
    common: &Common,
    newest: Option<&Fix>,
    suspect: &mut Option<Suspect>,
    fix: &Fix,
) -> Result<Way, Fault> {
    let Some(newest) = newest else { return Ok(Way::Anew) };
    if is_frozen(common, newest, fix) {
        return Err(Fault::Frozen);
    }
    if reaches(common, newest, fix) {
        if let Some(there) = suspect {
            if fix.at.since(there.fix.at) > SUSPECT_FOR {
                *suspect = None;
            } else if !there.back {
                (there.back, there.returns) = (true, there.returns.saturating_add(1));
            }
        }
        return Ok(Way::On);
    }
    let kmh = newest.position.distance_m(fix.position) / fix.at.since(newest.at).as_secs_f64().max(1.0) * 3.6;
    let there = match suspect.take().filter(|there| reaches(common, &there.fix, fix)) {
        Some(there) => {
            Suspect { fix: *fix, sightings: there.sightings.saturating_add(1), back: false, kmh, ..there }
        }
        None => Suspect { fix: *fix, sightings: 1, returns: 0, back: false, kmh },
    };
    if there.returns == 0 && there.sightings >= AGREE {
        return Ok(Way::Anew);
    }
    *suspect = Some(there);
    Err(Fault::Jump)
}

/// Whether anybody gets from one fix to the other in the time between.
pub(crate) fn reaches(common: &Common, from: &Fix, to: &Fix) -> bool {
    let seconds = to.at.since(from.at).as_secs_f64();
    within_m(from.position, to.position, common.jump_slack_m + common.jump_kmh / 3.6 * seconds)
}

/// Over a gap it may have gone and come back.
fn is_frozen(common: &Common, newest: &Fix, fix: &Fix) -> bool {
    newest.position == fix.position
        && newest.at < fix.at
        && fix.at.since(newest.at) <= common.gap
        && newest.speed.kmh() >= FROZEN_KMH
        && fix.speed.kmh() >= FROZEN_KMH
}
