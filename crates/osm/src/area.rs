//! Drinking-water protection areas: closed ways and multipolygons put together from ways.

use std::collections::BTreeMap;

use crate::block::{Relation, Tags, Way};
use crate::counts::Counts;
use crate::facts::{NAME, NAME_EN};
use crate::places::Places;
use crate::plane::Point;
use crate::wire::Malformed;

/// An area and what it is made of, by number.
#[derive(Debug)]
pub struct Area {
    /// `osm-w` or `osm-r`, and the number.
    pub id: String,
    /// Ways before relations, then by number.
    order: (bool, i64),
    /// Chinese (or local) and English.
    pub names: [Option<String>; 2],
    /// Ways of the outline.
    outer: Vec<i64>,
    /// Ways around holes.
    inner: Vec<i64>,
}

/// A ring: its first point again at its end.
type Ring = Vec<Point>;
/// An outline, and the holes in it.
pub type Polygon = Vec<Ring>;

/// Areas found so far, and the ways they need.
#[derive(Debug, Default)]
pub struct Areas {
    found: Vec<Area>,
    ways: BTreeMap<i64, Option<Vec<i64>>>,
}

impl Areas {
    /// Takes a closed way that is such an area.
    pub fn take_way(&mut self, way: &Way<'_, '_>, counts: &mut Counts) -> Result<(), Malformed> {
        if !protects_water(way.tags) {
            return Ok(());
        }
        let refs = way.refs.collect::<Result<Vec<i64>, Malformed>>()?;
        if refs.len() < 4 || refs.first() != refs.last() {
            counts.incomplete(format!("osm-w{}", way.id));
            return Ok(());
        }
        self.add((false, way.id), way.tags, vec![way.id], Vec::new());
        self.ways.insert(way.id, Some(refs));
        Ok(())
    }

    /// Takes a relation that is such an area.
    pub fn take_relation(&mut self, relation: &Relation<'_, '_>) {
        if !protects_water(relation.tags)
            || !matches!(relation.tags.get("type"), Some("boundary" | "multipolygon"))
        {
            return;
        }
        let of_role = |inner: bool| {
            let ways = relation.ways.iter().filter(|(_, role)| (*role == "inner") == inner);
            ways.map(|(way, _)| *way).collect::<Vec<i64>>()
        };
        let (outer, inner) = (of_role(false), of_role(true));
        for way in outer.iter().chain(&inner) {
            self.ways.entry(*way).or_insert(None);
        }
        self.add((true, relation.id), relation.tags, outer, inner);
    }

    /// Whether ways have still to be read.
    pub fn wants_ways(&self) -> bool {
        self.ways.values().any(Option::is_none)
    }

    /// Takes a way that an area is made of.
    pub fn take_member(&mut self, way: &Way<'_, '_>) -> Result<(), Malformed> {
        if let Some(refs @ None) = self.ways.get_mut(&way.id) {
            *refs = Some(way.refs.collect::<Result<_, _>>()?);
        }
        Ok(())
    }

    /// The nodes all of them need.
    pub fn nodes(&self) -> Vec<i64> {
        self.ways.values().flatten().flatten().copied().collect()
    }

    /// The areas with their shapes; those that the file does not have whole are counted.
    pub fn shapes(mut self, places: &Places, counts: &mut Counts) -> Vec<(Area, Vec<Polygon>)> {
        let mut shapes = Vec::new();
        self.found.sort_by_key(|area| area.order);
        self.found.dedup_by_key(|area| area.order);
        for area in self.found {
            match shape(&area, &self.ways, places) {
                Some(polygons) => shapes.push((area, polygons)),
                None => counts.incomplete(area.id),
            }
        }
        shapes
    }

    fn add(&mut self, order: (bool, i64), tags: &Tags<'_>, outer: Vec<i64>, inner: Vec<i64>) {
        let name = |keys: &[&str]| keys.iter().find_map(|key| tags.get(key)).map(str::to_owned);
        let id = format!("osm-{}{}", if order.0 { 'r' } else { 'w' }, order.1);
        self.found.push(Area { id, order, names: [name(NAME), name(NAME_EN)], outer, inner });
    }
}

/// Whether tags mean a drinking-water protection area. Class 12 of protected areas is the protection of water; names are
/// taken at their word where they are the law's own (饮用水水源保护区).
fn protects_water(tags: &Tags<'_>) -> bool {
    match tags.get("boundary") {
        Some("water_protection_area") => true,
        Some("protected_area") => {
            let objects = ["protection_object", "protect_object", "protected"];
            tags.is("protect_class", "12")
                || objects.iter().any(|key| matches!(tags.get(key), Some("water" | "drinking_water")))
                || tags
                    .get("protection_title")
                    .or_else(|| tags.get("name"))
                    .is_some_and(|text| text.contains("水源") && text.contains("保护区"))
        }
        _ => false,
    }
}

/// All polygons of an area; `None`: some of it is missing.
fn shape(area: &Area, ways: &BTreeMap<i64, Option<Vec<i64>>>, places: &Places) -> Option<Vec<Polygon>> {
    let located = |ring: Vec<i64>| -> Option<Ring> {
        let mut ring = ring.into_iter().map(|id| Some(places.get(id)?.at)).collect::<Option<Ring>>()?;
        ring.dedup();
        (ring.len() >= 4).then_some(ring)
    };
    let closed =
        |members: &[i64]| -> Option<Vec<Ring>> { rings(members, ways)?.into_iter().map(located).collect() };
    let (outer, inner) = (closed(&area.outer)?, closed(&area.inner)?);
    let mut polygons: Vec<Polygon> = outer.into_iter().map(|ring| vec![ring]).collect();
    for hole in inner {
        // A hole in nothing takes nothing away.
        if let Some(polygon) =
            polygons.iter_mut().find(|polygon| hole.iter().any(|at| holds(&polygon[0], *at)))
        {
            polygon.push(hole);
        }
    }
    (!polygons.is_empty()).then_some(polygons)
}

/// Closed rings of nodes from ways in any order and direction; `None`: a way is missing, or a ring stays open.
fn rings(members: &[i64], ways: &BTreeMap<i64, Option<Vec<i64>>>) -> Option<Vec<Vec<i64>>> {
    let mut parts: Vec<&[i64]> = Vec::new();
    for way in members {
        parts.push(ways.get(way)?.as_deref().filter(|refs| refs.len() > 1)?);
    }
    let mut ends: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for (index, part) in parts.iter().enumerate() {
        ends.entry(*part.first()?).or_default().push(index);
        ends.entry(*part.last()?).or_default().push(index);
    }
    let mut used = vec![false; parts.len()];
    let mut rings = Vec::new();
    for (first, part) in parts.iter().enumerate() {
        if std::mem::replace(&mut used[first], true) {
            continue;
        }
        let mut ring = part.to_vec();
        while ring.first() != ring.last() {
            let end = ring.last()?;
            let next = *ends.get(end)?.iter().find(|index| !used[**index])?;
            used[next] = true;
            if parts[next].first() == Some(end) {
                ring.extend(parts[next].iter().skip(1));
            } else {
                ring.extend(parts[next].iter().rev().skip(1));
            }
        }
        rings.push(ring);
    }
    Some(rings)
}

/// Whether a ring holds a place, by the crossings of a line to the east of it.
fn holds(ring: &Ring, at: Point) -> bool {
    let crosses = |from: Point, to: Point| {
        let (x, y) = (f64::from(at.lon), f64::from(at.lat));
        let (from, to) = ([f64::from(from.lon), f64::from(from.lat)], [f64::from(to.lon), f64::from(to.lat)]);
        (from[1] > y) != (to[1] > y) && x < from[0] + (y - from[1]) / (to[1] - from[1]) * (to[0] - from[0])
    };
    ring.windows(2).filter(|pair| crosses(pair[0], pair[1])).count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rings_come_from_ways_in_any_order_and_direction() {
        let ways: BTreeMap<i64, Option<Vec<i64>>> = [
            (1, Some(vec![10, 11, 12])),
            (2, Some(vec![14, 13, 12])),
            (3, Some(vec![14, 15, 10])),
            (4, Some(vec![20, 21, 22, 20])),
            (5, None),
        ]
        .into();
        assert_eq!(
            rings(&[1, 4, 3, 2], &ways),
            Some(vec![vec![10, 11, 12, 13, 14, 15, 10], vec![20, 21, 22, 20]])
        );
        assert_eq!(rings(&[1, 2], &ways), None);
        assert_eq!(rings(&[4, 5], &ways), None);
        assert_eq!(rings(&[4, 6], &ways), None);
    }

    #[test]
    fn only_protection_of_water_is_taken() {
        for (text, found) in [
            ("boundary=water_protection_area", true),
            ("boundary=protected_area|protect_class=12", true),
            ("boundary=protected_area|protection_object=water", true),
            ("boundary=protected_area|name=纳金饮用水水源一级保护区", true),
            ("boundary=protected_area|name=拉鲁湿地自然保护区", false),
            ("boundary=protected_area|protect_class=5", false),
            ("boundary=national_park", false),
            ("natural=water", false),
        ] {
            let tags = Tags(text.split('|').filter_map(|tag| tag.split_once('=')).collect());
            assert_eq!(protects_water(&tags), found, "{text}");
        }
    }
}
