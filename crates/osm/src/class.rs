//! What kind of road a way is, whether vehicles may use it at all, and which way.

use fleet::{Along, RoadClass};

use crate::block::Tags;

/// What a way is to this import.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Found {
    /// No road, or one for other than motor vehicles.
    Nothing,
    /// A road that no vehicle of ours may or does use.
    LeftOut(Reason),
    /// A road.
    Road(RoadClass),
}

/// Why a road is left out.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Reason {
    /// Driveways of houses and ways for rescue only.
    Driveway,
    /// `access=no` or the like for all motor vehicles.
    Closed,
    /// Tracks through fields and woods that are not paved.
    Track,
}

/// What a way is.
///
/// | highway | class |
/// |---|---|
/// | motorway | expressway |
/// | motorway_link, links of roads with motorroad=yes | ramp |
/// | trunk … tertiary with motorroad=yes | urban-expressway (what is 高速公路 is a motorway on this map, so this is 快速路) |
/// | trunk … tertiary and their links, unclassified (乡道, 村道) | highway; street where tags say it is built-up |
/// | residential, living_street | street |
/// | service, road, paved tracks; any private way | minor |
///
/// Private ways stay: a truck in a works' yard must not be taken to be on the street beside it.
pub fn of(tags: &Tags<'_>) -> Found {
    let Some(highway) = tags.get("highway") else { return Found::Nothing };
    if tags.is("area", "yes") {
        return Found::Nothing;
    }
    let (kind, link) = match highway.strip_suffix("_link") {
        Some(kind) => (kind, true),
        None => (highway, false),
    };
    let motorroad = tags.is("motorroad", "yes");
    let class = match kind {
        "motorway" if link => RoadClass::Ramp,
        "motorway" => RoadClass::Expressway,
        "trunk" | "primary" | "secondary" | "tertiary" if motorroad && link => RoadClass::Ramp,
        "trunk" | "primary" | "secondary" | "tertiary" if motorroad => RoadClass::UrbanExpressway,
        "trunk" | "primary" | "secondary" | "tertiary" | "unclassified" if built_up(tags) => {
            RoadClass::Street
        }
        "trunk" | "primary" | "secondary" | "tertiary" | "unclassified" => RoadClass::Highway,
        "residential" | "living_street" => RoadClass::Street,
        "road" | "service" | "track" => RoadClass::Minor,
        _ => return Found::Nothing,
    };
    match access(tags) {
        Access::No => Found::LeftOut(Reason::Closed),
        _ if matches!(tags.get("service"), Some("driveway" | "emergency_access")) => {
            Found::LeftOut(Reason::Driveway)
        }
        _ if kind == "track" && !paved(tags) => Found::LeftOut(Reason::Track),
        Access::Private => Found::Road(RoadClass::Minor),
        Access::Public => Found::Road(class),
    }
}

/// Which way one may drive along the way as drawn.
pub fn open(tags: &Tags<'_>) -> Along {
    let oneway = tags.get("oneway:motor_vehicle").or_else(|| tags.get("oneway"));
    match oneway {
        Some("yes" | "true" | "1") => Along::Forward,
        Some("-1" | "reverse") => Along::Backward,
        None if tags.is("highway", "motorway") => Along::Forward,
        None if matches!(tags.get("junction"), Some("roundabout" | "circular")) => Along::Forward,
        _ => Along::Both, // Also what changes by the hour (reversible, alternating).
    }
}

/// Whether tags say that the rules of built-up areas hold.
pub fn built_up(tags: &Tags<'_>) -> bool {
    ["zone:traffic", "maxspeed:type", "source:maxspeed", "maxspeed:source", "zone:maxspeed", "maxspeed"]
        .iter()
        .filter_map(|key| tags.get(key))
        .any(|value| {
            // `DE:urban`, `FR:zone30`, `DE:zone:20`: zones of 30 km/h and less are inside built-up areas.
            value.split_once(':').is_some_and(|(country, kind)| {
                country.len() >= 2 && (kind == "urban" || kind.starts_with("zone") || kind == "living_street")
            })
        })
}

enum Access {
    Public,
    Private,
    No,
}

/// The most particular of the access tags decides; a way that is closed but open to coaches or trucks is public.
fn access(tags: &Tags<'_>) -> Access {
    let particular = ["bus", "psv", "coach", "tourist_bus", "hgv", "hazmat", "goods"];
    let opened =
        particular.iter().any(|key| matches!(tags.get(key), Some("yes" | "designated" | "official")));
    match ["motor_vehicle", "vehicle", "access"].iter().find_map(|key| tags.get(key)) {
        Some("no") if opened => Access::Public,
        Some("no") => Access::No,
        Some("private" | "permit" | "agricultural" | "forestry" | "customers" | "delivery") if !opened => {
            Access::Private
        }
        _ => Access::Public,
    }
}

fn paved(tags: &Tags<'_>) -> bool {
    tags.is("tracktype", "grade1") || matches!(tags.get("surface"), Some("paved" | "asphalt" | "concrete"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(text: &str) -> Tags<'_> {
        Tags(text.split_whitespace().filter_map(|tag| tag.split_once('=')).collect())
    }

    #[test]
    fn a_way_is_what_its_tags_say() {
        use RoadClass::{Expressway, Highway, Minor, Ramp, Street, UrbanExpressway};
        for (text, found) in [
            ("highway=motorway", Found::Road(Expressway)),
            ("highway=motorway_link", Found::Road(Ramp)),
            ("highway=trunk motorroad=yes", Found::Road(UrbanExpressway)),
            ("highway=trunk_link motorroad=yes", Found::Road(Ramp)),
            ("highway=trunk", Found::Road(Highway)),
            ("highway=secondary zone:traffic=CN:urban", Found::Road(Street)),
            ("highway=primary maxspeed:type=DE:zone:30", Found::Road(Street)),
            ("highway=tertiary source:maxspeed=DE:rural", Found::Road(Highway)),
            ("highway=unclassified", Found::Road(Highway)),
            ("highway=residential", Found::Road(Street)),
            ("highway=residential access=private", Found::Road(Minor)),
            ("highway=service", Found::Road(Minor)),
            ("highway=service service=driveway", Found::LeftOut(Reason::Driveway)),
            ("highway=track", Found::LeftOut(Reason::Track)),
            ("highway=track tracktype=grade1", Found::Road(Minor)),
            ("highway=tertiary access=no", Found::LeftOut(Reason::Closed)),
            ("highway=tertiary access=no motor_vehicle=yes", Found::Road(Highway)),
            ("highway=tertiary motor_vehicle=no bus=yes", Found::Road(Highway)),
            ("highway=tertiary area=yes", Found::Nothing),
            ("highway=footway", Found::Nothing),
            ("highway=construction", Found::Nothing),
            ("waterway=river", Found::Nothing),
        ] {
            assert_eq!(of(&tags(text)), found, "{text}");
        }
    }

    #[test]
    fn a_way_is_open_as_its_tags_say() {
        for (text, along) in [
            ("highway=primary", Along::Both),
            ("highway=primary oneway=yes", Along::Forward),
            ("highway=primary oneway=-1", Along::Backward),
            ("highway=primary oneway=reversible", Along::Both),
            ("highway=motorway", Along::Forward),
            ("highway=motorway oneway=no", Along::Both),
            ("highway=motorway oneway=-1", Along::Backward),
            ("highway=motorway_link", Along::Both),
            ("highway=tertiary junction=roundabout", Along::Forward),
        ] {
            assert_eq!(open(&tags(text)), along, "{text}");
        }
    }
}
