//! Where dangerous goods may not go: `hazmat=no`, `hazmat:water=no`, `hazmat:E=no`, tunnel categories.

use fleet::{Along, DailyHours, Structure, TunnelCategory};

use crate::block::Tags;
use crate::limits::conditions;

/// What a ban is for.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Load {
    /// All dangerous goods.
    All,
    /// What pollutes water.
    Water,
    /// Explosives and what burns readily.
    Explosive,
    /// What a tunnel of this category forbids.
    Category(TunnelCategory),
}

/// A ban on a way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ban {
    pub load: Load,
    /// Only in these hours.
    pub hours: Option<DailyHours>,
}

/// What is counted while bans are read.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Read {
    /// `yes`, `designated`, `permissive`: no restriction.
    pub allowed: u64,
    /// For some only (`destination`, `private`, `delivery`), or in one direction of a road open in both.
    pub partly: u64,
    /// Tunnel categories on roads that lead to a tunnel: the tunnel has its own tag.
    pub outside: u64,
    /// Conditions that a zone has no place for.
    pub too_complex: u64,
    /// Keys and values that are not known.
    pub not_understood: u64,
}

/// All bans of a way; of several tunnel categories the least strict that forbids all that the tags forbid.
pub fn bans(tags: &Tags<'_>, open: Along, structure: Option<Structure>, read: &mut Read) -> Vec<Ban> {
    let mut bans = Vec::new();
    let mut category: Option<TunnelCategory> = None;
    for (key, value) in &tags.0 {
        let value = value.trim();
        if CATEGORY_KEYS.contains(key) {
            match value.parse() {
                Ok(TunnelCategory::A) => read.allowed += 1,
                Ok(found) => category = category.max(Some(found)),
                Err(_) => read.not_understood += 1,
            }
            continue;
        }
        let Some((load, along, has_conditions)) = key_of(key, read) else { continue };
        let one_way = along == Along::Both || along == open;
        if has_conditions {
            bans.extend(conditional(load, value, read).into_iter().filter(|_| one_way));
        } else if one_way && is_no(value, read) {
            match load {
                Load::Category(found) => category = category.max(Some(found)),
                Load::All | Load::Explosive | Load::Water => bans.push(Ban { load, hours: None }),
            }
        } else if !one_way {
            read.partly += 1;
        }
    }
    if structure != Some(Structure::Tunnel) {
        let outside = |ban: &Ban| matches!(ban.load, Load::Category(_));
        read.outside += u64::from(category.take().is_some() || bans.iter().any(outside));
        bans.retain(|ban| !outside(ban));
    }
    bans.extend(category.map(|category| Ban { load: Load::Category(category), hours: None }));
    bans.sort_by_key(|ban| (ban.load, ban.hours.map(|hours| (hours.from_s(), hours.until_s()))));
    bans
}

/// Keys whose value is a category.
const CATEGORY_KEYS: &[&str] =
    &["hazmat:tunnel_cat", "hazmat:tunnel_category", "tunnel:category", "tunnel_category"];

/// Load, direction and whether conditions follow; `None`: a key about something else, or not known and counted.
fn key_of(key: &str, read: &mut Read) -> Option<(Load, Along, bool)> {
    let rest = key.strip_prefix("hazmat")?;
    let (mut load, mut along, mut has_conditions) = (Load::All, Along::Both, false);
    for part in rest.split(':').skip(1) {
        match part {
            "backward" => along = Along::Backward,
            "conditional" => has_conditions = true,
            "explosive" | "explosives" => load = Load::Explosive,
            "forward" => along = Along::Forward,
            "water" => load = Load::Water,
            "A" | "B" | "C" | "D" | "E" => load = Load::Category(part.parse().ok()?),
            _ => {
                read.not_understood += 1;
                return None;
            }
        }
    }
    if load == Load::Category(TunnelCategory::A) {
        read.allowed += 1; // A tunnel of category A forbids nothing.
        return None;
    }
    (rest.is_empty() || rest.starts_with(':')).then_some((load, along, has_conditions))
}

fn is_no(value: &str, read: &mut Read) -> bool {
    match value {
        "no" => return true,
        "yes" | "designated" | "permissive" | "official" => read.allowed += 1,
        "private" | "permit" | "destination" | "delivery" | "customers" => read.partly += 1,
        _ => read.not_understood += 1,
    }
    false
}

fn conditional(load: Load, text: &str, read: &mut Read) -> Vec<Ban> {
    let mut bans = Vec::new();
    for (value, condition) in conditions(text) {
        match condition {
            Some(condition) if !condition.wet => {
                if is_no(value, read) {
                    bans.extend(condition.each_hours().map(|hours| Ban { load, hours }));
                }
            }
            _ => read.too_complex += 1,
        }
    }
    bans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ban_is_what_its_tags_say_and_what_allows_is_none() {
        let print =
            |ban: &Ban| format!("{:?}{}", ban.load, ban.hours.map_or(String::new(), |h| format!(" {h}")));
        for (text, open, found, counts) in [
            ("hazmat=no", Along::Both, "All", [0, 0, 0, 0]),
            ("hazmat:water=no", Along::Both, "Water", [0, 0, 0, 0]),
            ("hazmat:water=permissive", Along::Both, "", [1, 0, 0, 0]),
            ("hazmat=designated", Along::Both, "", [1, 0, 0, 0]),
            ("hazmat=destination", Along::Both, "", [0, 1, 0, 0]),
            ("hazmat:explosive=no", Along::Both, "Explosive", [0, 0, 0, 0]),
            ("hazmat:E=no", Along::Both, "Category(E)", [0, 0, 0, 0]),
            ("hazmat:C=no|hazmat:D=no", Along::Both, "Category(D)", [0, 0, 0, 0]),
            ("hazmat:A=no", Along::Both, "", [1, 0, 0, 0]),
            ("hazmat:B=yes|hazmat:C=no", Along::Both, "Category(C)", [1, 0, 0, 0]),
            ("tunnel:category=B", Along::Both, "Category(B)", [0, 0, 0, 0]),
            ("hazmat:conditional=no @ (22:00-06:00)", Along::Both, "All 22:00-06:00", [0, 0, 0, 0]),
            ("hazmat:conditional=no @ (Mo-Fr 07:00-09:00)", Along::Both, "", [0, 0, 1, 0]),
            ("hazmat:forward=no", Along::Both, "", [0, 1, 0, 0]),
            ("hazmat:forward=no", Along::Forward, "All", [0, 0, 0, 0]),
            ("hazmat=perhaps|hazmat:soup=no", Along::Both, "", [0, 0, 0, 2]),
            ("highway=primary", Along::Both, "", [0, 0, 0, 0]),
        ] {
            let tags = Tags(text.split('|').filter_map(|tag| tag.split_once('=')).collect());
            let mut read = Read::default();
            let bans: Vec<String> =
                bans(&tags, open, Some(Structure::Tunnel), &mut read).iter().map(print).collect();
            assert_eq!(bans.join(" "), found, "{text}");
            let Read { allowed, partly, outside: _, too_complex, not_understood } = read;
            assert_eq!([allowed, partly, too_complex, not_understood], counts, "{text}");
        }
    }

    #[test]
    fn a_tunnel_category_holds_in_the_tunnel_only() {
        let tags = Tags(vec![("hazmat:E", "no"), ("hazmat:C:conditional", "no @ (07:00-09:00)")]);
        for (structure, found, outside) in
            [(Some(Structure::Tunnel), 2, 0), (Some(Structure::Bridge), 0, 1), (None, 0, 1)]
        {
            let mut read = Read::default();
            assert_eq!(bans(&tags, Along::Both, structure, &mut read).len(), found);
            assert_eq!(read, Read { outside, ..Read::default() });
        }
    }
}
