//! What the tags of one way say of the road.

use std::collections::HashMap;
use std::sync::Arc;

use fleet::{Along, Caution, PostedLimit, RoadClass, Structure};

use crate::ban::{Ban, bans};
use crate::block::Tags;
use crate::class;
use crate::counts::Counts;
use crate::limits;

/// Slopes from here on are steep, percent: the steepest that JTG B01 allows on roads designed for 30 km/h.
pub const STEEP_PERCENT: f64 = 8.0;
/// A road open both ways is narrow where two vehicles of the greatest width that GB 1589 allows can't pass, metres.
pub const NARROW_M: f64 = 2.0 * 2.55;

/// A road without its geometry.
#[derive(Debug)]
pub struct Facts {
    pub class: RoadClass,
    pub open: Along,
    pub name: Option<Arc<str>>,
    pub name_en: Option<Arc<str>>,
    pub reference: Option<Arc<str>>,
    pub limits: Box<[PostedLimit]>,
    pub lanes: Option<u8>,
    pub centre_line: Option<bool>,
    pub structure: Option<Structure>,
    /// What holds on all of it, in order, each once.
    pub cautions: Box<[Caution]>,
    /// Whether its bends say anything: they don't on roundabouts and in yards.
    pub bends: bool,
    /// What only zones need.
    pub special: Option<Box<Special>>,
}

/// Of ways that zones are made of.
#[derive(Debug)]
pub struct Special {
    /// Names of the bridge or tunnel itself, Chinese (or local) and English.
    pub names: [Option<Arc<str>>; 2],
    pub layer: i16,
    /// The longest span a tag gives, metres.
    pub span_m: Option<f64>,
    /// Lanes both ways together.
    pub lanes: Option<u8>,
    pub bans: Vec<Ban>,
}

/// Texts that many ways share are kept once.
#[derive(Default)]
pub struct Texts(HashMap<Box<str>, Arc<str>>);

impl Texts {
    fn keep(&mut self, text: &str) -> Arc<str> {
        if let Some(kept) = self.0.get(text) {
            return Arc::clone(kept);
        }
        let kept: Arc<str> = text.into();
        self.0.insert(text.into(), Arc::clone(&kept));
        kept
    }

    fn first(&mut self, tags: &Tags<'_>, keys: &[&str]) -> Option<Arc<str>> {
        keys.iter().find_map(|key| tags.get(key)).map(|text| self.keep(text))
    }
}

/// Keys of a name, Chinese first, then what is written on the spot.
pub const NAME: &[&str] = &["name:zh-Hans", "name:zh", "name", "name:en"];
/// Keys of an English name.
pub const NAME_EN: &[&str] = &["name:en", "int_name"];

impl Facts {
    pub fn of(tags: &Tags<'_>, class: RoadClass, texts: &mut Texts, counts: &mut Counts) -> Self {
        let open = class::open(tags);
        let structure = structure(tags);
        let lanes = lanes(tags, open);
        Self {
            class,
            open,
            name: texts.first(tags, NAME),
            name_en: texts.first(tags, NAME_EN),
            reference: texts.first(tags, &["ref"]),
            limits: limits::posted(tags, open, &mut counts.limits),
            lanes,
            centre_line: centre_line(tags, open),
            structure,
            cautions: cautions(tags, open, structure),
            bends: class != RoadClass::Minor && tags.get("junction").is_none(),
            special: special(tags, open, structure, lanes, texts, counts),
        }
    }
}

/// Neither a passage through a building nor a roof over the road is a tunnel.
fn structure(tags: &Tags<'_>) -> Option<Structure> {
    let is = |key: &str, others: &[&str]| tags.get(key).is_some_and(|value| !others.contains(&value));
    if is("tunnel", &["no", "building_passage", "culvert", "covered", "abandoned", "proposed"]) {
        Some(Structure::Tunnel)
    } else if is("bridge", &["no", "abandoned", "proposed", "construction"]) {
        Some(Structure::Bridge)
    } else {
        None
    }
}

/// Lanes in each direction; where the directions differ there is no one number.
fn lanes(tags: &Tags<'_>, open: Along) -> Option<u8> {
    let number = |key: &str| tags.get(key)?.parse::<u8>().ok().filter(|lanes| (1..=20).contains(lanes));
    match open {
        Along::Forward => number("lanes").or_else(|| number("lanes:forward")),
        Along::Backward => number("lanes").or_else(|| number("lanes:backward")),
        Along::Both => match (number("lanes:forward"), number("lanes:backward"), number("lanes")) {
            (Some(forward), Some(backward), _) => (forward == backward).then_some(forward),
            (_, _, Some(1)) => Some(1),
            (None, None, Some(all)) if all % 2 == 0 => Some(all / 2),
            _ => None,
        },
    }
}

/// Only where tags say so: `lanes` counts marked lanes unless `lane_markings=no`. A road of one direction has none to
/// speak of.
fn centre_line(tags: &Tags<'_>, open: Along) -> Option<bool> {
    if open != Along::Both {
        return None;
    }
    match (tags.get("divider"), tags.get("lane_markings")) {
        (Some("no" | "none"), _) | (_, Some("no")) => return Some(false),
        (Some(_), _) => return Some(true),
        (None, _) => {}
    }
    let lanes = tags.get("lanes")?.parse::<u8>().ok()?;
    Some(lanes >= 2)
}

fn cautions(tags: &Tags<'_>, open: Along, structure: Option<Structure>) -> Box<[Caution]> {
    let hazards: Vec<&str> = ["hazard", "hazard:forward", "hazard:backward"]
        .iter()
        .filter_map(|key| tags.get(key))
        .flat_map(|value| value.split(';'))
        .map(str::trim)
        .collect();
    let hazard = |names: &[&str]| hazards.iter().any(|hazard| names.contains(hazard));
    let width = ["width", "est_width"].iter().find_map(|key| meters(tags.get(key)?));
    let narrow = tags.is("narrow", "yes")
        || hazard(&["narrow", "road_narrows", "narrow_bridge"])
        || (open == Along::Both && width.is_some_and(|width| width < NARROW_M));
    let on_bridge = structure == Some(Structure::Bridge);
    let found = [
        (Caution::SharpBend, hazard(&["curve", "curves", "sharp_curve", "turn", "turns", "dangerous_turn"])),
        (Caution::Steep, slope(tags) || hazard(&["steep", "steep_incline", "steep_decline"])),
        (Caution::Narrow, narrow && !on_bridge),
        (Caution::NarrowBridge, narrow && on_bridge),
    ];
    found.iter().filter(|(_, there)| *there).map(|(caution, _)| *caution).collect()
}

/// Whether `incline` gives a slope of at least [`STEEP_PERCENT`]; `up` and `down` give none.
fn slope(tags: &Tags<'_>) -> bool {
    let percent = tags.get("incline").and_then(|text| {
        let (number, unit) = text.split_at_checked(text.find(['%', '°'])?)?;
        let number: f64 = number.trim().parse().ok()?;
        Some(if unit == "%" { number } else { number.to_radians().tan() * 100.0 })
    });
    percent.is_some_and(|percent| percent.abs() >= STEEP_PERCENT)
}

fn special(
    tags: &Tags<'_>,
    open: Along,
    structure: Option<Structure>,
    lanes: Option<u8>,
    texts: &mut Texts,
    counts: &mut Counts,
) -> Option<Box<Special>> {
    let bans = bans(tags, open, structure, &mut counts.bans);
    if structure.is_none() && bans.is_empty() {
        return None;
    }
    let keys: [&[&str]; 2] = match structure {
        Some(Structure::Bridge) => [&["bridge:name:zh", "bridge:name"], &["bridge:name:en"]],
        Some(Structure::Tunnel) => [&["tunnel:name:zh", "tunnel:name"], &["tunnel:name:en"]],
        None => [&[], &[]],
    };
    let spans = ["bridge:maxspan", "bridge:span", "maxspan", "longest_span", "span"];
    let both = if open == Along::Both { 2 } else { 1 };
    Some(Box::new(Special {
        names: keys.map(|keys| texts.first(tags, keys)),
        layer: tags.get("layer").and_then(|layer| layer.parse().ok()).unwrap_or(0),
        span_m: spans.iter().find_map(|key| meters(tags.get(key)?)),
        lanes: tags.get("lanes").and_then(|text| text.parse().ok()).or(lanes.map(|lanes| lanes * both)),
        bans,
    }))
}

/// `12`, `12.5 m`; other units are not read.
fn meters(text: &str) -> Option<f64> {
    let number: f64 = text.trim_end_matches('m').trim_end().parse().ok()?;
    (number > 0.0 && number.is_finite()).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(text: &str) -> Facts {
        let tags = Tags(text.split_whitespace().filter_map(|tag| tag.split_once('=')).collect());
        Facts::of(&tags, RoadClass::Highway, &mut Texts::default(), &mut Counts::default())
    }

    #[test]
    fn lanes_and_centre_line_are_those_the_tags_give() {
        for (text, lanes, centre_line) in [
            ("", None, None),
            ("lanes=1", Some(1), Some(false)),
            ("lanes=2", Some(1), Some(true)),
            ("lanes=3", None, Some(true)),
            ("lanes=4", Some(2), Some(true)),
            ("lanes=2 oneway=yes", Some(2), None),
            ("lanes=2 oneway=-1", Some(2), None),
            ("lanes=3 lanes:forward=2 lanes:backward=1", None, Some(true)),
            ("lanes=4 lanes:forward=2 lanes:backward=2", Some(2), Some(true)),
            ("lanes=2 lane_markings=no", Some(1), Some(false)),
            ("divider=solid_line", None, Some(true)),
            ("divider=no", None, Some(false)),
            ("lanes=many", None, None),
            ("lanes=0", None, Some(false)),
        ] {
            let facts = facts(text);
            assert_eq!((facts.lanes, facts.centre_line), (lanes, centre_line), "{text}");
        }
    }

    #[test]
    fn cautions_and_structures_are_those_the_tags_give() {
        for (text, found) in [
            ("incline=8%", "None steep"),
            ("incline=-12%", "None steep"),
            ("incline=7.9%", "None"),
            ("incline=up", "None"),
            ("incline=5°", "None steep"),
            ("width=5.0", "None narrow"),
            ("width=5.1", "None"),
            ("width=3 oneway=yes", "None"),
            ("narrow=yes bridge=yes", "Some(Bridge) narrow-bridge"),
            ("hazard=animal_crossing;curve", "None sharp-bend"),
            ("bridge=viaduct", "Some(Bridge)"),
            ("bridge=no", "None"),
            ("tunnel=yes", "Some(Tunnel)"),
            ("tunnel=avalanche_protector", "Some(Tunnel)"),
            ("tunnel=building_passage", "None"),
            ("covered=yes", "None"),
        ] {
            let facts = facts(text);
            let cautions: String = facts.cautions.iter().map(|c| format!(" {c}")).collect();
            assert_eq!(format!("{:?}{cautions}", facts.structure), found, "{text}");
        }
    }

    #[test]
    fn the_chinese_name_is_preferred() {
        assert_eq!(facts("name=བོད name:zh=西藏 name:en=Tibet").name.as_deref(), Some("西藏"));
        assert_eq!(facts("name=Hauptstraße name:en=High").name.as_deref(), Some("Hauptstraße"));
        assert_eq!(facts("name:en=High").name.as_deref(), Some("High"));
    }
}
