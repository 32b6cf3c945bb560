//! `sos`, `collision`, and everything active-safety devices report (`dsm-…`, `adas-…`).

use fleet::{
    Alarms, MeasureKind, Report, RuleId, SafetyCode, SafetyEvent, SafetyPhase, Severity, VehicleClass,
};

use crate::law::{self, Law};
use crate::scene::Scene;
use crate::signal::{Grip, Signal, Subject};

/// Someone may need help now.
pub(crate) const URGENT: Alarms = Alarms::EMERGENCY.with(Alarms::COLLISION).with(Alarms::ROLLOVER);

pub(crate) fn step(scene: &Scene<'_>, report: &Report, signals: &mut Vec<Signal>) {
    if report.alarms.has(URGENT) {
        bits(scene, report, signals);
    }
    for event in &report.safety {
        let signal = safety(scene, event);
        // One report may hold several events of a kind; the episode is stepped once a moment.
        if !signals.iter().any(|s| s.rule == signal.rule && s.text == signal.text) {
            signals.push(signal);
        }
    }
}

pub(crate) fn bits(scene: &Scene<'_>, report: &Report, signals: &mut Vec<Signal>) {
    let basis = match scene.class {
        VehicleClass::HazmatTruck => law::EMERGENCY_HAZMAT,
        VehicleClass::CharterCoach
        | VehicleClass::HeavyTruck
        | VehicleClass::ScheduledCoach
        | VehicleClass::SchoolBus => law::EMERGENCY,
    };
    let mut push = |rule, text| {
        signals.push(Signal::new(rule, Severity::Critical, text).to(law::rescue(scene.class), basis));
    };
    if report.alarms.has(Alarms::EMERGENCY) {
        push(RuleId::SOS, ("紧急报警", "the driver pressed the emergency button"));
    }
    if report.alarms.has(Alarms::COLLISION) {
        push(RuleId::COLLISION, ("发生碰撞或侧翻", "collision or rollover"));
    } else if report.alarms.has(Alarms::ROLLOVER) {
        push(RuleId::COLLISION, ("侧翻预警", "about to roll over"));
    }
}

fn safety(scene: &Scene<'_>, event: &SafetyEvent) -> Signal {
    let (rule, name, text, basis) = meaning(event.code);
    let grip = match event.phase {
        SafetyPhase::End => Grip::Ends,
        SafetyPhase::Moment => Grip::Counts(scene.fix.at),
        SafetyPhase::Start => Grip::Counts(scene.fix.at.plus(scene.book.safety(rule).active_max)),
    };
    let signal = Signal::new(rule, severity(scene.class, event), text)
        .to(law::road(scene.class), basis)
        .measured(MeasureKind::Count, 1.0, None)
        .about(Subject::Named(name));
    Signal { grip, ..signal }
}

/// The level of the device; smoking on dangerous goods counts one level more, and so does marked fatigue.
fn severity(class: VehicleClass, event: &SafetyEvent) -> Severity {
    let graver = match event.code {
        SafetyCode::Smoking => class == VehicleClass::HazmatTruck,
        SafetyCode::Fatigue { degree } => degree >= 8,
        SafetyCode::PassengerOverload => true,
        _ => false,
    };
    let severe = event.level >= 2;
    match (severe, graver) {
        (false, false) => Severity::Minor,
        (true, false) | (false, true) => Severity::Major,
        (true, true) => Severity::Critical,
    }
}

type Meaning = (RuleId, &'static str, (&'static str, &'static str), &'static [Law]);

/// The rule that judges what an active-safety device reports.
pub fn rule_of(code: SafetyCode) -> RuleId {
    meaning(code).0
}

/// Rule, subject within it, words and law of each code.
fn meaning(code: SafetyCode) -> Meaning {
    use law::{BEHAVIOUR, BEHAVIOUR_FATIGUE, BEHAVIOUR_HANDS, BEHAVIOUR_HEADWAY, OVERLOAD};
    match code {
        SafetyCode::ForwardCollision => {
            (RuleId::ADAS_FORWARD_COLLISION, "", ("前向碰撞预警", "forward collision warning"), BEHAVIOUR)
        }
        SafetyCode::LaneDeparture => {
            (RuleId::ADAS_LANE_DEPARTURE, "", ("车道偏离", "lane departure"), BEHAVIOUR)
        }
        SafetyCode::Headway => {
            (RuleId::ADAS_HEADWAY, "", ("车距过近", "headway too short"), BEHAVIOUR_HEADWAY)
        }
        SafetyCode::Pedestrian => {
            (RuleId::ADAS_PEDESTRIAN, "", ("行人碰撞预警", "pedestrian collision warning"), BEHAVIOUR)
        }
        SafetyCode::AdasOther(_) => {
            (RuleId::ADAS_OTHER, "", ("驾驶辅助报警", "driver-assistance alarm"), BEHAVIOUR)
        }
        SafetyCode::Fatigue { .. } => {
            (RuleId::DSM_FATIGUE, "", ("驾驶员疲劳", "driver looks tired"), BEHAVIOUR_FATIGUE)
        }
        SafetyCode::Phone => (RuleId::DSM_PHONE, "", ("接打手持电话", "hand-held phone"), BEHAVIOUR_HANDS),
        SafetyCode::Smoking => (RuleId::DSM_SMOKING, "", ("驾驶时抽烟", "smoking"), BEHAVIOUR),
        SafetyCode::Distraction => {
            (RuleId::DSM_DISTRACTION, "", ("注意力分散", "eyes off the road"), BEHAVIOUR_HANDS)
        }
        SafetyCode::Absent => (RuleId::DSM_ABSENT, "", ("驾驶员异常", "no driver in the seat"), BEHAVIOUR),
        SafetyCode::CameraCovered => {
            (RuleId::DSM_OTHER, "camera-covered", ("摄像头遮挡", "camera covered"), BEHAVIOUR)
        }
        SafetyCode::DsmOther(_) => {
            (RuleId::DSM_OTHER, "", ("驾驶员行为报警", "driver-monitoring alarm"), BEHAVIOUR)
        }
        SafetyCode::Tyre => {
            (RuleId::ADAS_OTHER, "tyre", ("轮胎异常", "tyre pressure or temperature"), BEHAVIOUR)
        }
        SafetyCode::BlindSpot(_) => {
            (RuleId::ADAS_OTHER, "blind-spot", ("盲区报警", "someone in the blind spot"), BEHAVIOUR)
        }
        SafetyCode::Harsh(_) => (RuleId::ADAS_OTHER, "harsh", ("激烈驾驶", "harsh driving"), BEHAVIOUR),
        SafetyCode::PassengerOverload => {
            (RuleId::DSM_OTHER, "overload", ("客车超员", "more passengers than allowed"), OVERLOAD)
        }
    }
}
