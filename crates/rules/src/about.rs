//! What people are told about the rules: names, the law behind each and who hears of it. The one table for the console,
//! `config/reference.toml` and the README, which tests compare with it; a scenario that says more than it fails.

mod settings;

use fleet::{Basis, Department, RULES, RuleId};

use crate::law::{self, Law};

pub use settings::{Setting, SettingKind, setting, settings};

/// A rule, or one of the two tables that are no rule: `common` and `quality`.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// The name of its table.
    pub id: &'static str,
    /// Chinese.
    pub title_zh: &'static str,
    /// English.
    pub title_en: &'static str,
    basis: &'static [&'static [Law]],
    departments: &'static [Department],
}

impl About {
    /// Everything an alert of the rule may rest on, each once.
    pub fn basis(&self) -> Vec<Basis> {
        let mut all: Vec<Basis> = Vec::new();
        for law in self.basis.iter().copied().flatten() {
            let basis = cited(law);
            if !all.contains(&basis) {
                all.push(basis);
            }
        }
        all
    }

    /// Everybody an alert of the rule may go to.
    pub fn departments(&self) -> &'static [Department] {
        self.departments
    }

    /// Whether it is a rule, with alerts of its own.
    pub fn is_rule(&self) -> bool {
        RuleId::parse(self.id).is_ok()
    }
}

pub(crate) fn cited((document, article): &Law) -> Basis {
    Basis { document: (*document).to_owned(), article: (*article).to_owned() }
}

/// What holds for all rules first, then every rule in the order of [`RULES`].
pub fn about() -> impl Iterator<Item = &'static About> {
    let rank = |about: &&About| RULES.iter().position(|rule| *rule == about.id);
    let mut all: Vec<&'static About> = ABOUT.iter().collect();
    all.sort_by_key(rank);
    all.into_iter()
}

type Words = (&'static str, &'static str, &'static str);

const fn row(
    (id, title_zh, title_en): Words,
    departments: &'static [Department],
    basis: &'static [&'static [Law]],
) -> About {
    About { id, title_zh, title_en, basis, departments }
}

const ROAD: &[Department] = law::POLICE_TRANSPORT_EDUCATION;
const RESCUE: &[Department] = &[
    Department::Police,
    Department::Transport,
    Department::Emergency,
    Department::Ecology,
    Department::Education,
];
const CAMERA: &[&[Law]] = &[law::BEHAVIOUR];

const ABOUT: &[About] = &[
    row(("common", "所有规则", "All rules"), &[], &[]),
    row(("quality", "数据质量考核", "Quality of data"), &[], &[law::ASSESSED]),
    row(
        ("speeding", "超速", "Speeding"),
        ROAD,
        &[
            law::SPEED_NIGHT,
            law::SPEED_UNSIGNED,
            law::SPEED_CAUTION,
            law::SPEED_URBAN_EXPRESSWAY,
            law::SPEED_HAZMAT,
            law::SPEED_SCHOOL_BUS,
            law::SPEED_SCHOOL_BUS_CAUTION,
        ],
    ),
    row(("fatigue-warning", "疲劳预警", "Fatigue warning"), ROAD, &[law::DRIVING_TIME_COACH]),
    row(("fatigue", "疲劳驾驶", "Fatigue driving"), ROAD, &[law::DRIVING_TIME_COACH, law::DRIVING_TOTALS]),
    row(
        ("night-ban", "夜间禁行", "Night ban"),
        law::POLICE_TRANSPORT,
        &[law::NIGHT_COACH, law::NIGHT_HAZMAT],
    ),
    row(
        ("off-route", "偏离线路", "Off its route"),
        ROAD,
        &[
            law::ROUTE_SCHEDULED,
            law::ROUTE_SCHOOL_BUS,
            law::SCHOOL_BUS_STOP,
            law::SCHOOL_BUS_HOURS,
            law::ROUTE_HAZMAT,
            law::ROUTE_OTHER,
        ],
    ),
    row(
        ("hazmat-zone", "危货驶入禁区", "Dangerous goods in a restricted zone"),
        law::POLICE_TRANSPORT_EMERGENCY_ECOLOGY,
        &[law::ZONE_TUNNEL_CODE, law::ZONE_WATER, law::ZONE_CLOSED_HAZMAT],
    ),
    row(
        ("hazmat-zone-approach", "危货接近禁区", "Dangerous goods near a restricted zone"),
        law::POLICE_TRANSPORT_EMERGENCY_ECOLOGY,
        &[law::ZONE_TUNNEL_CODE, law::ZONE_WATER, law::ZONE_CLOSED_HAZMAT, law::STRUCTURE_CLOSED],
    ),
    row(
        ("no-parking", "违规停车", "Standing where it must not"),
        law::POLICE_TRANSPORT_EMERGENCY_EDUCATION,
        &[law::PARKING, law::PARKING_EXPRESSWAY_STRUCTURE, law::LONG_STOP],
    ),
    row(
        ("charter-origin", "包车异地经营", "Charter outside its home"),
        law::POLICE_TRANSPORT,
        &[law::CHARTER, law::CHARTER_PERMIT],
    ),
    row(
        ("unqualified-driver", "驾驶员资质不符", "Driver without the right certificate"),
        ROAD,
        &[law::DRIVER, law::DRIVER_HAZMAT, law::IDENTITY],
    ),
    row(("clone-plate", "疑似套牌", "One plate, two vehicles"), law::POLICE_TRANSPORT, &[law::CLONE]),
    row(("offline-move", "离线位移", "Moved while silent"), ROAD, &[law::TAMPER]),
    row(
        ("gnss-fault", "定位异常", "Positions that can't be right"),
        law::TRANSPORT_EDUCATION,
        &[law::DEVICE],
    ),
    row(
        ("device-tamper", "终端遭人为干扰", "Terminal tampered with"),
        law::TRANSPORT_EDUCATION,
        &[law::TAMPER, law::DEVICE],
    ),
    row(("sos", "紧急报警", "Emergency button"), RESCUE, &[law::EMERGENCY_HAZMAT]),
    row(("collision", "碰撞侧翻", "Collision or rollover"), RESCUE, &[law::EMERGENCY_HAZMAT]),
    row(
        ("closed-structure", "驶入封闭区域", "Inside what is closed"),
        RESCUE,
        &[law::ZONE_CLOSED, law::STRUCTURE_CLOSED],
    ),
    row(("dsm-fatigue", "疲劳状态", "Drowsy (camera)"), ROAD, &[law::BEHAVIOUR_FATIGUE]),
    row(("dsm-phone", "接打手机", "Hand-held phone"), ROAD, &[law::BEHAVIOUR_HANDS]),
    row(("dsm-smoking", "抽烟", "Smoking"), ROAD, CAMERA),
    row(("dsm-distraction", "分神", "Eyes off the road"), ROAD, &[law::BEHAVIOUR_HANDS]),
    row(("dsm-absent", "驾驶员离岗", "Nobody in the seat"), ROAD, CAMERA),
    row(("dsm-other", "驾驶员其他", "Other, of the driver"), ROAD, &[law::BEHAVIOUR, law::OVERLOAD]),
    row(("adas-forward-collision", "前向碰撞", "Forward collision warning"), ROAD, CAMERA),
    row(("adas-lane-departure", "车道偏离", "Lane departure"), ROAD, CAMERA),
    row(("adas-headway", "车距过近", "Headway too short"), ROAD, &[law::BEHAVIOUR_HEADWAY]),
    row(("adas-pedestrian", "行人碰撞", "Pedestrian collision warning"), ROAD, CAMERA),
    row(("adas-other", "驾驶辅助其他", "Other, of driver assistance"), ROAD, CAMERA),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_named_once_in_both_languages() {
        let ids: Vec<&str> = about().map(|about| about.id).collect();
        assert_eq!((ids.first(), ids.get(1)), (Some(&"common"), Some(&"quality")));
        assert_eq!(ids.get(2..).unwrap(), RULES);
        for about in about() {
            let is_chinese = about.title_zh.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
            assert!(is_chinese && about.title_en.is_ascii() && !about.title_en.is_empty(), "{}", about.id);
            assert_eq!(about.is_rule(), !about.basis().is_empty() && !about.departments().is_empty());
        }
    }
}
