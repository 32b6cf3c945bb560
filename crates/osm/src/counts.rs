//! What was found, taken over and left out.

use std::collections::BTreeMap;
use std::fmt;

use fleet::ZoneKind;

use crate::class::Reason;
use crate::zones::Structures;
use crate::{ban, limits};

/// Areas that are named in the summary at most; the others are counted.
const NAMED_MAX: usize = 20;

/// Counts of one import; nothing is dropped without being in here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts {
    /// Ways taken over as roads.
    pub ways: u64,
    /// Roads left out, by reason.
    pub left_out: BTreeMap<Reason, u64>,
    /// Pieces written.
    pub pieces: u64,
    /// Their length, metres.
    pub length_m: f64,
    /// Pieces with any posted limit.
    pub with_limit: u64,
    /// Ways met again under the same number.
    pub repeated_ways: u64,
    /// Nodes that ways name and the file does not have.
    pub missing_nodes: u64,
    /// Ways with any such node.
    pub cut_ways: u64,
    /// Places in a row of a way too far from each other to be true; the way is cut there.
    pub gaps: u64,
    /// Ways without two places.
    pub pointless_ways: u64,
    /// Bridges and tunnels, joined, long or not.
    pub structures: Structures,
    /// Zones written, by kind.
    pub zones: BTreeMap<ZoneKind, u64>,
    /// Water protection areas of which the file has a part only; left out.
    pub incomplete_areas: u64,
    /// Their ids, the first ones.
    pub incomplete_ids: Vec<String>,
    /// Speed limits.
    pub limits: limits::Read,
    /// Bans of dangerous goods.
    pub bans: ban::Read,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.roads(f)?;
        self.zones(f)?;
        let limits::Read { not_understood, too_complex, national, unlimited } = self.limits;
        let limits = [
            ("not understood", not_understood),
            ("too complex a condition", too_complex),
            ("a country's own, figure not known", national),
            ("none or variable", unlimited),
        ];
        line(f, "limits not taken over 未采用的限速", &limits)?;
        let ban::Read { allowed, partly, outside, too_complex, not_understood } = self.bans;
        let bans = [
            ("allowed", allowed),
            ("for some or one direction only", partly),
            ("a tunnel category outside a tunnel", outside),
            ("too complex a condition", too_complex),
            ("not understood", not_understood),
        ];
        line(f, "dangerous-goods tags that make no zone 未成区的危货标签", &bans)
    }
}

impl Counts {
    /// Counts an area that is not whole.
    pub(crate) fn incomplete(&mut self, id: String) {
        self.incomplete_areas += 1;
        if self.incomplete_ids.len() < NAMED_MAX {
            self.incomplete_ids.push(id);
        }
    }

    fn roads(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ways, pieces, with_limit, .. } = self;
        let km = self.length_m / 1000.0;
        writeln!(
            f,
            "roads 道路: {pieces} pieces of {ways} ways, {km:.1} km, {with_limit} with a posted limit"
        )?;
        let left_out = |reason| self.left_out.get(&reason).copied().unwrap_or_default();
        let without = [
            ("tracks, not paved", left_out(Reason::Track)),
            ("driveways", left_out(Reason::Driveway)),
            ("closed to motor vehicles", left_out(Reason::Closed)),
            ("ways without two places", self.pointless_ways),
            ("ways met twice", self.repeated_ways),
        ];
        line(f, "left out 未导入", &without)?;
        let missing = [
            ("nodes missing", self.missing_nodes),
            ("ways cut there", self.cut_ways),
            ("places out of reach of the one before", self.gaps),
        ];
        line(f, "incomplete 缺失", &missing)
    }

    fn zones(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zones = self.zones.values().sum::<u64>();
        let Structures { bridges, tunnels } = self.structures;
        writeln!(f, "zones 区域: {zones}; {bridges} bridges and {tunnels} tunnels, joined, were measured")?;
        let kinds: Vec<(&str, u64)> =
            self.zones.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
        line(f, "kinds 类型", &kinds)?;
        if self.incomplete_areas == 0 {
            return Ok(());
        }
        let (count, ids) = (self.incomplete_areas, self.incomplete_ids.join(" "));
        writeln!(f, "water protection areas not whole in this file 不完整的水源保护区: {count}: {ids}")
    }
}

/// A line of what there is any of; none where there is nothing.
fn line(f: &mut fmt::Formatter<'_>, title: &str, counts: &[(&str, u64)]) -> fmt::Result {
    let found: Vec<String> = counts
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(what, count)| format!("{count} {what}"))
        .collect();
    if found.is_empty() { Ok(()) } else { writeln!(f, "{title}: {}", found.join(", ")) }
}
