//! The moment an alert speaks of, and the words it is put in.

use std::collections::VecDeque;
use std::ops::Deref;

use fleet::{
    Alert, AlertId, Basis, Candidate, DriverSource, EventTime, Evidence, Fix, Measure, MeasureKind, OnRoad,
    PermitKind, PlaceLabel, PlateColor, PositionLabel, Road, RoadIndex, RuleId, Title, VehicleClass,
    VehicleLabel, ZoneLabel,
};

use crate::lane::Ground;
use crate::signal::{Signal, Subject};

/// Positions an alert may carry as its proof (contract, section 4).
pub(crate) const EVIDENCE_MAX: usize = 20;
/// Of these, how many come from before the raising, and how many are the newest: what a vehicle always remembers.
pub(crate) const RECENT_MAX: usize = EVIDENCE_MAX / 2;

/// What is known at the moment a rule speaks.
pub(crate) struct Scene<'a> {
    pub(crate) ground: Ground<'a>,
    /// The moment; its position is the last good one where the report has none.
    pub(crate) fix: Fix,
    /// Accepted fixes, oldest first, this one included.
    pub(crate) recent: &'a VecDeque<Fix>,
    /// The road the fix lies on, where it is known.
    pub(crate) road: Option<OnRoad>,
    /// The places on roads the fix may lie at, likeliest first; empty where none comes into question.
    pub(crate) candidates: &'a [Candidate],
    /// The places on roads the fix before may have lain at.
    pub(crate) left: &'a [Candidate],
    /// The roads gone over since then, oldest first, this one included.
    pub(crate) passed: &'a [RoadIndex],
}

impl<'a> Deref for Scene<'a> {
    type Target = Ground<'a>;

    fn deref(&self) -> &Ground<'a> {
        &self.ground
    }
}

impl<'a> Scene<'a> {
    /// The first revision.
    pub(crate) fn compose(&self, signal: &Signal, subject: &str, started_at: EventTime) -> Alert {
        let mut alert = Alert {
            schema: Alert::SCHEMA.to_owned(),
            id: AlertId::derive(self.terminal, signal.rule, subject, started_at),
            revision: 1,
            state: fleet::State::Raised,
            rule: signal.rule,
            severity: signal.severity,
            late: self.late,
            title: self.title(signal),
            vehicle: self.vehicle(),
            driver: self.driver.cloned(),
            started_at,
            raised_at: self.fix.at,
            ended_at: None,
            position: PositionLabel::from(&self.fix),
            place: self.place(signal),
            measure: Measure {
                kind: signal.kind,
                value: signal.value,
                limit: signal.limit,
                peak: signal.value,
                duration_s: 0,
            },
            basis: self.basis(signal),
            departments: signal.departments.to_vec(),
            evidence: Evidence {
                rules_version: self.rules_version.to_owned(),
                map_version: self.map.version().to_owned(),
                limit: signal.why.clone(),
                driver_source: self.driver.map(|_| DriverSource::Card),
                confidence: signal.confidence,
                ..Evidence::default()
            },
        };
        self.locate(&mut alert);
        alert
    }

    /// Moves an alert to this moment and place.
    pub(crate) fn locate(&self, alert: &mut Alert) {
        alert.position = PositionLabel::from(&self.fix);
        alert.measure.duration_s = self.fix.at.since(alert.started_at).as_secs();
        if alert.place.zone.is_none() {
            alert.place.division = self.division();
        }
        if alert.driver.is_none() {
            alert.driver = self.driver.cloned();
        }
    }

    /// `proof`, then the newest positions after it.
    pub(crate) fn evidence(&self, proof: &[Fix]) -> Vec<PositionLabel> {
        let after = proof.last().map_or(EventTime::from_ms(i64::MIN), |last| last.at);
        let newer: Vec<&Fix> = self.recent.iter().filter(|fix| fix.at > after).collect();
        let room = EVIDENCE_MAX.saturating_sub(proof.len());
        let skipped = newer.len().saturating_sub(room);
        proof.iter().chain(newer.into_iter().skip(skipped)).map(PositionLabel::from).collect()
    }

    /// Class, what happened, where, and the figures.
    pub(crate) fn title(&self, signal: &Signal) -> Title {
        let (zh, en) = signal.text;
        let class = self.class;
        let (mut zh, mut en) = (format!("{}{zh}", class.zh()), format!("{}: {en}", class_en(class)));
        if let Subject::Zone(zone) = signal.subject {
            let zone = self.map.zone(zone);
            zh.push_str(&format!("：{}", zone.name_zh));
            en.push_str(&format!(": {}", zone.name_en));
        }
        if let (true, Some(road)) = (is_of_roads(signal), self.sure_road_name()) {
            zh.push_str(&format!("：{road}"));
            en.push_str(&format!(": {road}"));
        }
        if let Subject::Other { plate, .. } = &signal.subject {
            zh.push_str(&format!("：{plate}"));
            en.push_str(&format!(": {plate}"));
        }
        if let Some((detail_zh, detail_en)) = signal.detail.as_deref() {
            zh.push_str(detail_zh);
            en.push_str(detail_en);
        }
        let (value_zh, value_en) = figures(signal);
        let (doubt_zh, doubt_en) = doubt(signal);
        Title { zh: zh + &value_zh + &doubt_zh, en: en + &value_en + &doubt_en }
    }

    /// The title of something inferred that was not so.
    pub(crate) fn withdrawn(&self, title: &Title) -> Title {
        Title { zh: format!("{}（推定已撤销）", title.zh), en: format!("{} (withdrawn)", title.en) }
    }

    fn vehicle(&self) -> VehicleLabel {
        match self.registry.vehicle(self.terminal) {
            Some(vehicle) => VehicleLabel {
                terminal: self.terminal,
                plate: vehicle.plate.clone(),
                plate_color: vehicle.plate_color,
                class: vehicle.class,
                operator: vehicle.operator.clone(),
                hazmat_class: vehicle.hazmat_class.clone(),
                hazmat_un: vehicle.hazmat_un.clone(),
            },
            None => VehicleLabel {
                terminal: self.terminal,
                plate: String::new(),
                plate_color: PlateColor::Other,
                class: self.class,
                operator: String::new(),
                hazmat_class: None,
                hazmat_un: None,
            },
        }
    }

    /// The law, and the order behind the zone.
    fn basis(&self, signal: &Signal) -> Vec<Basis> {
        let order = match &signal.subject {
            Subject::Zone(zone) => self.map.zone(*zone).document.as_deref(),
            Subject::Named(_) | Subject::Other { .. } | Subject::Text(_) | Subject::Vehicle => None,
        };
        let law = signal.basis.iter().map(|(document, article)| basis(document, article));
        law.chain(order.map(|order| basis(order, ""))).collect()
    }

    fn place(&self, signal: &Signal) -> PlaceLabel {
        let Subject::Zone(zone) = signal.subject else {
            return PlaceLabel { division: self.division(), zone: None, road: self.road_name() };
        };
        let zone = self.map.zone(zone);
        let label = ZoneLabel {
            id: zone.id.clone(),
            kind: zone.kind,
            name_zh: zone.name_zh.clone(),
            name_en: zone.name_en.clone(),
        };
        PlaceLabel { division: zone.division, zone: Some(label), road: self.road_name() }
    }

    /// The road the fix lies on, where it is known.
    pub(crate) fn on(&self) -> Option<&'a Road> {
        self.road.map(|on| self.ground.map.road(on.road))
    }

    /// Number and name of the road.
    pub(crate) fn road_name(&self) -> Option<String> {
        let road = self.on()?;
        match (&road.reference, &road.name) {
            (Some(number), Some(name)) => Some(format!("{number} {name}")),
            (one, other) => one.as_ref().or(other.as_ref()).map(|text| text.to_string()),
        }
    }

    /// Whether a permit of this kind holds at this moment.
    pub(crate) fn has_permit(&self, kind: PermitKind) -> bool {
        let permits = self.registry.permits(self.terminal);
        permits.iter().any(|permit| permit.kind == kind && permit.holds(self.fix.at))
    }

    fn division(&self) -> fleet::Division {
        self.map
            .division(self.fix.position)
            .or_else(|| self.registry.vehicle(self.terminal).map(|vehicle| vehicle.division))
            .unwrap_or_default()
    }
}

fn basis(document: &str, article: &str) -> Basis {
    Basis { document: document.to_owned(), article: article.to_owned() }
}

const fn class_en(class: VehicleClass) -> &'static str {
    match class {
        VehicleClass::ScheduledCoach => "Scheduled coach",
        VehicleClass::CharterCoach => "Charter coach",
        VehicleClass::HazmatTruck => "Dangerous-goods truck",
        VehicleClass::SchoolBus => "School bus",
        VehicleClass::HeavyTruck => "Heavy truck",
    }
}

/// Whether its alert names the road: a zone names itself.
fn is_of_roads(signal: &Signal) -> bool {
    let rule = [RuleId::NIGHT_BAN, RuleId::NO_PARKING, RuleId::SPEEDING].contains(&signal.rule);
    rule && !matches!(signal.subject, Subject::Zone(_))
}

/// A speed to the tenth, where it has one: what is over by less than 1 km/h is over.
fn tenth(kmh: f64) -> f64 {
    (kmh * 10.0).round() / 10.0
}

/// How sure it is to be in a zone, where that was inferred and not seen.
fn doubt(signal: &Signal) -> (String, String) {
    match (&signal.subject, signal.confidence) {
        (Subject::Zone(_), Some(confidence)) if confidence < 1.0 => {
            let percent = confidence * 100.0;
            (format!("（推定可信度 {percent:.0} %）"), format!(" (inferred, confidence {percent:.0} %)"))
        }
        _ => (String::new(), String::new()),
    }
}

fn figures(signal: &Signal) -> (String, String) {
    if let Some(words) = &signal.words {
        return words.clone();
    }
    let value = signal.value;
    match (signal.kind, signal.limit) {
        (MeasureKind::SpeedKmh, Some(limit)) => (
            format!("（{} km/h，限速 {} km/h）", tenth(value), tenth(limit)),
            format!(" ({} km/h, limit {} km/h)", tenth(value), tenth(limit)),
        ),
        (MeasureKind::DurationS, Some(limit)) => (
            format!("（{:.0} 分钟，限值 {:.0} 分钟）", (value / 60.0).floor(), limit / 60.0),
            format!(" ({:.0} min, limit {:.0} min)", (value / 60.0).floor(), limit / 60.0),
        ),
        (MeasureKind::DistanceM, _) => (format!("（{value:.0} 米）"), format!(" ({value:.0} m)")),
        (MeasureKind::SpeedKmh | MeasureKind::DurationS, None)
        | (MeasureKind::Count | MeasureKind::Level, _) => (String::new(), String::new()),
    }
}
