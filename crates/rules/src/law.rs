//! The law behind each rule. Only articles that were read in the source stand here with a number;
//! a document whose article is not certain stands without one.

use fleet::{Department, VehicleClass};

/// A document and the place in it; the place may be empty.
pub(crate) type Law = (&'static str, &'static str);

const SAFETY_LAW: &str = "《中华人民共和国道路交通安全法》";
const SAFETY_REGULATION: &str = "《中华人民共和国道路交通安全法实施条例》";
const DYNAMIC: &str = "《道路运输车辆动态监督管理办法》";
const PASSENGER: &str = "《道路旅客运输企业安全管理规范》（交运规〔2023〕4号）";
const STATIONS: &str = "《道路旅客运输及客运站管理规定》";
const HAZMAT: &str = "《危险货物道路运输安全管理办法》（2019年第29号令）";
const SCHOOL_BUS: &str = "《校车安全管理条例》";
const HIGHWAY: &str = "《公路安全保护条例》";
const CHEMICALS: &str = "《危险化学品安全管理条例》";
const NETWORK: &str = "《全国重点营运车辆联网联控系统考核管理办法》";
const ACTIVE_SAFETY: &str = "T/JSATL 12-2017";

const LIMIT: Law = (SAFETY_LAW, "第四十二条");
const EXPRESSWAY: Law = (SAFETY_REGULATION, "第七十八条");
const MONITORED: Law = (DYNAMIC, "第二十五条");

const URBAN_EXPRESSWAY: Law = (SAFETY_REGULATION, "第八十五条");
const UNSIGNED: Law = (SAFETY_REGULATION, "第四十五条");
const CAUTION: Law = (SAFETY_REGULATION, "第四十六条");
const NIGHT: [Law; 2] = [(DYNAMIC, ""), (PASSENGER, "")];
const STANDING_EXPRESSWAY: Law = (SAFETY_REGULATION, "第八十二条");
const STANDING: Law = (SAFETY_REGULATION, "第六十三条第（二）项");

pub(crate) const SPEED: &[Law] = &[LIMIT, EXPRESSWAY];
pub(crate) const SPEED_NIGHT: &[Law] = &[LIMIT, EXPRESSWAY, NIGHT[0], NIGHT[1]];
pub(crate) const SPEED_POSTED: &[Law] = &[LIMIT];
pub(crate) const SPEED_POSTED_NIGHT: &[Law] = &[LIMIT, NIGHT[0], NIGHT[1]];
pub(crate) const SPEED_EXPRESSWAY: &[Law] = &[EXPRESSWAY, LIMIT];
pub(crate) const SPEED_EXPRESSWAY_NIGHT: &[Law] = &[EXPRESSWAY, LIMIT, NIGHT[0], NIGHT[1]];
pub(crate) const SPEED_URBAN_EXPRESSWAY: &[Law] = &[EXPRESSWAY, URBAN_EXPRESSWAY, LIMIT];
pub(crate) const SPEED_URBAN_EXPRESSWAY_NIGHT: &[Law] =
    &[EXPRESSWAY, URBAN_EXPRESSWAY, LIMIT, NIGHT[0], NIGHT[1]];
pub(crate) const SPEED_UNSIGNED: &[Law] = &[UNSIGNED, LIMIT];
pub(crate) const SPEED_UNSIGNED_NIGHT: &[Law] = &[UNSIGNED, LIMIT, NIGHT[0], NIGHT[1]];
pub(crate) const SPEED_CAUTION: &[Law] = &[CAUTION, LIMIT];
pub(crate) const SPEED_CAUTION_NIGHT: &[Law] = &[CAUTION, LIMIT, NIGHT[0], NIGHT[1]];
pub(crate) const SPEED_HAZMAT: &[Law] = &[(HAZMAT, "第四十六条"), LIMIT];
pub(crate) const SPEED_SCHOOL_BUS: &[Law] = &[(SCHOOL_BUS, "第三十五条第一款"), LIMIT];
pub(crate) const SPEED_SCHOOL_BUS_CAUTION: &[Law] = &[(SCHOOL_BUS, "第三十五条第三款"), LIMIT];
pub(crate) const DRIVING_TIME: &[Law] = &[(SAFETY_REGULATION, "第六十二条第（七）项")];
pub(crate) const DRIVING_TIME_COACH: &[Law] =
    &[(SAFETY_REGULATION, "第六十二条第（七）项"), (DYNAMIC, ""), (PASSENGER, "")];
pub(crate) const DRIVING_TOTALS: &[Law] = &[(DYNAMIC, ""), (PASSENGER, "")];
pub(crate) const IDENTITY: &[Law] = &[(DYNAMIC, "")];
pub(crate) const NIGHT_COACH: &[Law] = &[(PASSENGER, "")];
pub(crate) const NIGHT_HAZMAT: &[Law] = &[(HAZMAT, "第四十九条第二款")];
pub(crate) const ROUTE_SCHEDULED: &[Law] = &[(STATIONS, ""), (PASSENGER, "")];
pub(crate) const OFF_STATION: &[Law] = &[(STATIONS, "")];
pub(crate) const CHARTER: &[Law] = &[(STATIONS, ""), (PASSENGER, "")];
pub(crate) const CHARTER_PERMIT: &[Law] =
    &[(STATIONS, "第五十七条"), ("《中华人民共和国道路运输条例》", "第十九条")];
pub(crate) const SCHOOL_BUS_STOP: &[Law] = &[(SCHOOL_BUS, "第三十二条"), (SCHOOL_BUS, "第三十三条")];
pub(crate) const SCHOOL_BUS_HOURS: &[Law] = &[(SCHOOL_BUS, "第十六条")];
pub(crate) const LONG_STOP: &[Law] = &[(CHEMICALS, "第四十八条"), (HAZMAT, "")];
pub(crate) const ROUTE_SCHOOL_BUS: &[Law] = &[(SCHOOL_BUS, "第三十条")];
pub(crate) const ROUTE_HAZMAT: &[Law] = &[(HAZMAT, "第四十八条"), (SAFETY_LAW, "第四十八条")];
pub(crate) const ROUTE_OTHER: &[Law] = &[(DYNAMIC, "")];
pub(crate) const ZONE_STRUCTURE: &[Law] = &[(HAZMAT, "第四十九条第一款第（三）项"), (HIGHWAY, "第四十二条")];
/// The categories are those of ADR; nothing in China posts them.
pub(crate) const ZONE_TUNNEL_CODE: &[Law] = &[
    (HAZMAT, "第四十九条第一款第（三）项"),
    (HIGHWAY, "第四十二条"),
    ("JT/T 617.3-2018", ""),
    ("ADR", "8.6"),
];
pub(crate) const ZONE_WATER: &[Law] =
    &[(HAZMAT, "第四十九条第一款第（二）项"), ("《中华人民共和国水污染防治法》", "第六十三条")];
pub(crate) const ZONE_CLOSED_HAZMAT: &[Law] = &[(HAZMAT, "第四十九条"), (CHEMICALS, "第四十九条")];
pub(crate) const ZONE_CLOSED: &[Law] = &[(SAFETY_LAW, "第三十九条")];
pub(crate) const STRUCTURE_CLOSED: &[Law] =
    &[(SAFETY_LAW, "第三十九条"), (SAFETY_LAW, "第四十条"), ("JT/T 1037-2022", "")];
pub(crate) const PARKING: &[Law] = &[(SAFETY_REGULATION, "第六十三条")];
pub(crate) const PARKING_EXPRESSWAY: &[Law] = &[STANDING_EXPRESSWAY];
pub(crate) const PARKING_STRUCTURE: &[Law] = &[STANDING];
pub(crate) const PARKING_EXPRESSWAY_STRUCTURE: &[Law] = &[STANDING_EXPRESSWAY, STANDING];
pub(crate) const DRIVER: &[Law] = &[("《中华人民共和国道路运输条例》", "")];
pub(crate) const DRIVER_HAZMAT: &[Law] = &[(HAZMAT, "第四十四条")];
pub(crate) const CLONE: &[Law] = &[(SAFETY_LAW, "第九十六条第三款")];
pub(crate) const DEVICE: &[Law] = &[(DYNAMIC, "第二十六条"), (NETWORK, "")];
pub(crate) const TAMPER: &[Law] = &[(DYNAMIC, ""), (NETWORK, "")];
pub(crate) const EMERGENCY: &[Law] = &[MONITORED];
pub(crate) const EMERGENCY_HAZMAT: &[Law] = &[(CHEMICALS, "第七十一条"), MONITORED];
pub(crate) const BEHAVIOUR: &[Law] = &[MONITORED, (ACTIVE_SAFETY, "")];
pub(crate) const BEHAVIOUR_HANDS: &[Law] =
    &[(SAFETY_REGULATION, "第六十二条第（三）项"), (ACTIVE_SAFETY, "")];
pub(crate) const BEHAVIOUR_FATIGUE: &[Law] =
    &[(SAFETY_REGULATION, "第六十二条第（七）项"), (ACTIVE_SAFETY, "")];
pub(crate) const BEHAVIOUR_HEADWAY: &[Law] = &[(SAFETY_REGULATION, "第八十条"), (ACTIVE_SAFETY, "")];
/// Figures of the assessment of the joint monitoring network.
pub(crate) const ASSESSED: &[Law] = &[(NETWORK, "")];
/// What lowers the limit of coaches by night.
pub(crate) const SPEED_BY_NIGHT: &[Law] = &NIGHT;
pub(crate) const OVERLOAD: &[Law] = &[(SCHOOL_BUS, "第三十四条"), ("JT/T 1078-2016", "")];

use Department::{Ecology, Education, Emergency, Police, Transport};

pub(crate) const TRANSPORT: &[Department] = &[Transport];
pub(crate) const POLICE_TRANSPORT: &[Department] = &[Police, Transport];
pub(crate) const POLICE_TRANSPORT_EMERGENCY: &[Department] = &[Police, Transport, Emergency];
pub(crate) const POLICE_TRANSPORT_EMERGENCY_ECOLOGY: &[Department] = &[Police, Transport, Emergency, Ecology];
pub(crate) const POLICE_TRANSPORT_EMERGENCY_EDUCATION: &[Department] =
    &[Police, Transport, Emergency, Education];
pub(crate) const POLICE_TRANSPORT_EDUCATION: &[Department] = &[Police, Transport, Education];
pub(crate) const TRANSPORT_EDUCATION: &[Department] = &[Transport, Education];

/// Traffic police and transport, and for school buses the education department.
pub(crate) const fn road(class: VehicleClass) -> &'static [Department] {
    match class {
        VehicleClass::SchoolBus => POLICE_TRANSPORT_EDUCATION,
        VehicleClass::ScheduledCoach
        | VehicleClass::CharterCoach
        | VehicleClass::HazmatTruck
        | VehicleClass::HeavyTruck => POLICE_TRANSPORT,
    }
}

/// Who looks after the operator, and for school buses the education department.
pub(crate) const fn supervision(class: VehicleClass) -> &'static [Department] {
    match class {
        VehicleClass::SchoolBus => TRANSPORT_EDUCATION,
        VehicleClass::ScheduledCoach
        | VehicleClass::CharterCoach
        | VehicleClass::HazmatTruck
        | VehicleClass::HeavyTruck => TRANSPORT,
    }
}

/// Who comes when something happened.
pub(crate) const fn rescue(class: VehicleClass) -> &'static [Department] {
    match class {
        VehicleClass::SchoolBus => POLICE_TRANSPORT_EMERGENCY_EDUCATION,
        VehicleClass::HazmatTruck => POLICE_TRANSPORT_EMERGENCY_ECOLOGY,
        VehicleClass::ScheduledCoach | VehicleClass::CharterCoach | VehicleClass::HeavyTruck => {
            POLICE_TRANSPORT_EMERGENCY
        }
    }
}
