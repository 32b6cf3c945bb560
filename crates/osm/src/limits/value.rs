//! One value of `maxspeed`.

use crate::block::Tags;

/// Walking pace, km/h: what courts in the countries that post it take it to be at most.
const WALK_KMH: f64 = 7.0;
/// No sign says more.
const KMH_MAX: f64 = 250.0;
const MILE_KM: f64 = 1.609_344;

/// What a value says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// A limit, km/h.
    Posted(f64),
    /// No limit, or one that changes on a sign.
    Free,
    /// The limit the law of China sets where no sign stands: the rules know it by the class of road.
    Default,
    /// The same of another country, whose figure is not known here.
    National,
}

impl Speed {
    /// Whether this is a limit, and the other is a higher one or none.
    pub fn is_below(self, other: Self) -> bool {
        match (self, other) {
            (Self::Posted(kmh), Self::Posted(other)) => kmh < other,
            (Self::Posted(_), Self::Default | Self::Free | Self::National) => true,
            (Self::Default | Self::Free | Self::National, _) => false,
        }
    }
}

/// Reads `80`, `50 mph`, `none`, `walk`, `DE:urban`; `None`: it is none of these.
pub fn speed(text: &str) -> Option<Speed> {
    match text {
        "none" | "no" | "signals" | "variable" => return Some(Speed::Free),
        "walk" => return Some(Speed::Posted(WALK_KMH)),
        _ => {}
    }
    if let Some((country, kind)) = text.split_once(':') {
        return national(country, kind);
    }
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits)?;
    let number: f64 = number.parse().ok()?;
    let kmh = match unit.trim() {
        "" | "km/h" | "kmh" | "kph" => number,
        "mph" => number * MILE_KM,
        "knots" => number * 1.852,
        _ => return None,
    };
    (kmh > 0.0 && kmh <= KMH_MAX).then_some(Speed::Posted(kmh))
}

/// What a way without `maxspeed` has by the tag that says why: `maxspeed:type=DE:rural`.
pub fn implied(tags: &Tags<'_>) -> Option<Speed> {
    ["maxspeed:type", "source:maxspeed", "maxspeed:source"]
        .iter()
        .filter_map(|key| tags.get(key)?.split_once(':'))
        .find_map(|(country, kind)| national(country, kind))
}

/// km/h in built-up areas, outside them, on motorways (0: no limit); only what is sure.
const COUNTRIES: &[(&str, [u16; 3])] = &[
    ("AT", [50, 100, 130]),
    ("BG", [50, 90, 140]),
    ("BY", [60, 90, 110]),
    ("CH", [50, 80, 120]),
    ("CZ", [50, 90, 130]),
    ("DE", [50, 100, 0]),
    ("DK", [50, 80, 130]),
    ("ES", [50, 90, 120]),
    ("FR", [50, 80, 130]),
    ("GR", [50, 90, 130]),
    ("HR", [50, 90, 130]),
    ("HU", [50, 90, 130]),
    ("IT", [50, 90, 130]),
    ("PL", [50, 90, 140]),
    ("PT", [50, 90, 120]),
    ("RO", [50, 90, 130]),
    ("RU", [60, 90, 110]),
    ("SI", [50, 90, 130]),
    ("SK", [50, 90, 130]),
    ("UA", [50, 90, 130]),
];

fn national(country: &str, kind: &str) -> Option<Speed> {
    let letters = country.get(..2).is_some_and(|two| two.bytes().all(|b| b.is_ascii_alphabetic()));
    if !letters || !matches!(country.as_bytes().get(2), None | Some(b'-')) {
        return None;
    }
    // `FR:zone30`, `DE:zone:30`, `BE:30`: the sign is in the code.
    let signed = kind.trim_start_matches("zone").trim_start_matches(':');
    if let Ok(kmh @ 1..=130) = signed.parse::<u16>() {
        return Some(Speed::Posted(f64::from(kmh)));
    }
    if country == "CN" {
        return Some(Speed::Default);
    }
    let figures = COUNTRIES.iter().find(|(code, _)| *code == country).map(|(_, figures)| figures);
    let figure = |place: usize| figures.and_then(|figures| figures.get(place)).copied();
    let kmh = match (country, kind) {
        ("GB" | "UK", "nsl_single") => return Some(Speed::Posted(60.0 * MILE_KM)),
        ("GB" | "UK", "nsl_dual" | "motorway") => return Some(Speed::Posted(70.0 * MILE_KM)),
        ("RU", "living_street") => Some(20),
        ("DE", "living_street" | "walk") => return Some(Speed::Posted(WALK_KMH)),
        (_, "urban") => figure(0),
        (_, "rural") => figure(1),
        (_, "motorway") => figure(2),
        _ => None,
    };
    Some(match kmh {
        None => Speed::National,
        Some(0) => Speed::Free,
        Some(kmh) => Speed::Posted(f64::from(kmh)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_or_refused() {
        for (text, found) in [
            ("80", Some(Speed::Posted(80.0))),
            ("80 km/h", Some(Speed::Posted(80.0))),
            ("7.5", Some(Speed::Posted(7.5))),
            ("50 mph", Some(Speed::Posted(80.4672))),
            ("50mph", Some(Speed::Posted(80.4672))),
            ("none", Some(Speed::Free)),
            ("signals", Some(Speed::Free)),
            ("walk", Some(Speed::Posted(7.0))),
            ("DE:urban", Some(Speed::Posted(50.0))),
            ("DE:motorway", Some(Speed::Free)),
            ("DE:zone:30", Some(Speed::Posted(30.0))),
            ("FR:zone30", Some(Speed::Posted(30.0))),
            ("RU:urban", Some(Speed::Posted(60.0))),
            ("CN:urban", Some(Speed::Default)),
            ("CN:zone30", Some(Speed::Posted(30.0))),
            ("AD:urban", Some(Speed::National)),
            ("BE-VLG:rural", Some(Speed::National)),
            ("80;60", None),
            ("0", None),
            ("-50", None),
            ("900", None),
            ("fast", None),
            ("", None),
            (".", None),
            ("sign:80", None),
            ("限速80", None),
        ] {
            assert_eq!(speed(text), found, "{text:?}");
        }
    }
}
