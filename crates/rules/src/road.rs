//! Which road a vehicle is on is seldom certain: what a rule says of the road must be true of nearly all places it may be at.

use fleet::{Along, Candidate, OnRoad, Road, RoadIndex};

use crate::scene::Scene;

/// A road and whether the vehicle drives as it is drawn; `None`: no road of the map.
pub(crate) type Place<'a> = Option<(&'a Road, bool)>;

impl<'a> Scene<'a> {
    /// The places the fix may lie at, each with its share of all; what lies far beside its road lies on none.
    pub(crate) fn places(&self) -> impl Iterator<Item = (Place<'a>, f64)> {
        let known = self.weighed().map(|(place, share)| {
            (self.is_near(place).then(|| (self.ground.map.road(place.road), place.forward)), share)
        });
        known.chain(self.candidates.is_empty().then_some((None, 1.0)))
    }

    /// The roads the fix may lie on, each with its share of all places.
    pub(crate) fn shares(&self) -> impl Iterator<Item = (RoadIndex, f64)> {
        self.weighed().filter(|(place, _)| self.is_near(place)).map(|(place, share)| (place.road, share))
    }

    /// Every place the fix may lie at as the map would say it, `sure` its share of all.
    pub(crate) fn stands(&self) -> impl Iterator<Item = OnRoad> {
        self.weighed().map(|(place, share)| OnRoad {
            road: place.road,
            forward: place.forward,
            along_m: place.along_m,
            off_m: place.off_m,
            sure: share as f32,
        })
    }

    /// Every place the fix may lie at and its share of all, likeliest first.
    fn weighed(&self) -> impl Iterator<Item = (&'a Candidate, f64)> + use<'a> {
        let all: f64 = self.candidates.iter().map(|place| weight(place.cost)).sum();
        self.candidates.iter().map(move |place| (place, weight(place.cost) / all))
    }

    /// Whether a place is no further beside its road than a receiver may err.
    fn is_near(&self, place: &Candidate) -> bool {
        f64::from(place.off_m) <= self.book.common.road_off_m
    }

    /// The likeliest place, as the map would say it.
    pub(crate) fn likeliest(&self) -> Option<OnRoad> {
        self.stands().next()
    }

    /// Whether this is true of the road, as sure as the book asks.
    pub(crate) fn surely(&self, is: impl Fn(&Road) -> bool) -> bool {
        let share: f64 =
            self.places().filter(|(place, _)| place.is_some_and(|(road, _)| is(road))).map(|p| p.1).sum();
        self.is_sure(share)
    }

    /// Whether a share of the places is as good as all.
    pub(crate) fn is_sure(&self, share: f64) -> bool {
        share + 1e-6 >= self.book.common.road_sure
    }

    /// Number and name of the road, where it is sure; pieces of one road are one.
    pub(crate) fn sure_road_name(&self) -> Option<String> {
        let here = self.on()?;
        let same = |road: &Road| road.id == here.id || (names(road) && same_name(road, here));
        self.surely(same).then(|| self.road_name())?
    }

    /// The way along the roads since the fix before, metres; `None` where the map cannot tell. Of two ways the
    /// shorter one is taken.
    pub(crate) fn way_m(&self) -> Option<f64> {
        let here = self.road?;
        let (first, others) = self.passed.split_first()?;
        let left = self.left.iter().filter(|place| place.road == *first);
        let Some((_, between)) = others.split_last() else {
            let ways = left.map(|place| f64::from((place.along_m - here.along_m).abs()));
            return ways.min_by(f64::total_cmp).filter(|_| here.road == *first);
        };
        let length_m = |road| self.ground.map.length_m(road);
        let rest = left.filter_map(|place| rest_m(place, length_m(place.road)?)).min_by(f64::total_cmp)?;
        let between = between.iter().try_fold(0.0, |sum, road| Some(sum + length_m(*road)?))?;
        let along_m = f64::from(here.along_m);
        let gone = if here.forward { along_m } else { length_m(here.road)? - along_m };
        Some(rest + between + gone)
    }
}

/// How far it is to the end of the piece, metres.
fn rest_m(place: &Candidate, length_m: f64) -> Option<f64> {
    let along_m = f64::from(place.along_m);
    Some(if place.forward { length_m - along_m } else { along_m }).filter(|rest_m| *rest_m >= 0.0)
}

/// How likely a place is beside the likeliest.
fn weight(cost: f32) -> f64 {
    f64::from(-cost).exp()
}

fn names(road: &Road) -> bool {
    road.reference.is_some() || road.name.is_some()
}

fn same_name(one: &Road, other: &Road) -> bool {
    one.reference == other.reference && one.name == other.name
}

/// Whether something that holds along a line holds for a vehicle that drives this way.
pub(crate) fn holds_along(along: Along, forward: bool) -> bool {
    match along {
        Along::Both => true,
        Along::Forward => forward,
        Along::Backward => !forward,
    }
}
