//! Every setting of the rules: its names, what it takes, the law behind its figure.

use std::time::Duration;

use fleet::Basis;

use super::cited;
use crate::law::{self, Law};

/// A key of a rule's table.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The key.
    pub key: &'static str,
    /// Chinese.
    pub title_zh: &'static str,
    /// English.
    pub title_en: &'static str,
    /// What it takes.
    pub kind: SettingKind,
    law: &'static [Law],
}

impl Setting {
    /// The law that gives the default; empty where it is a figure of ours.
    pub fn law(&self) -> Vec<Basis> {
        self.law.iter().map(cited).collect()
    }
}

/// What a setting takes. Every bound is part of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SettingKind {
    /// m/s², 0 to 100.
    Acceleration,
    /// Degrees, 0 to 180.
    Angle,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Any of these words, at most [`SettingKind::ITEMS_MAX`].
    Choices(&'static [&'static str]),
    /// A whole number, from and to.
    Count(u16, u16),
    /// Millimetres, 0 to 100,000.
    Displacement,
    /// Metres, 0 to 10,000,000.
    Distance,
    /// A duration such as `10s`, up to 366 days: past it a clock is wrong, not a driver.
    Duration,
    /// `true` or `false`.
    Flag,
    /// Hours of the day in China such as `22:00-06:00`.
    Hours,
    /// Several of them, at most [`SettingKind::ITEMS_MAX`].
    HoursList,
    /// A part, 0 to 1.
    Share,
    /// km/h, 0 to 1,000.
    Speed,
    /// Texts, at most [`SettingKind::ITEMS_MAX`].
    Texts,
}

impl SettingKind {
    /// Items of a list; the exempt routes of a province are some tens.
    pub const ITEMS_MAX: usize = 1_000;
    /// The longest duration.
    pub const DURATION_MAX: Duration = Duration::from_secs(366 * 86_400);

    /// Its name on the interface.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Acceleration => "acceleration",
            Self::Angle => "angle",
            Self::Choice(_) => "choice",
            Self::Choices(_) => "choices",
            Self::Count(..) => "count",
            Self::Displacement => "displacement",
            Self::Distance => "distance",
            Self::Duration => "duration",
            Self::Flag => "boolean",
            Self::Hours => "hours",
            Self::HoursList => "hours-list",
            Self::Share => "share",
            Self::Speed => "speed",
            Self::Texts => "texts",
        }
    }

    /// The unit of its number.
    pub const fn unit(self) -> Option<&'static str> {
        match self {
            Self::Acceleration => Some("m/s²"),
            Self::Angle => Some("°"),
            Self::Displacement => Some("mm"),
            Self::Distance => Some("m"),
            Self::Speed => Some("km/h"),
            Self::Choice(_)
            | Self::Choices(_)
            | Self::Count(..)
            | Self::Duration
            | Self::Flag
            | Self::Hours
            | Self::HoursList
            | Self::Share
            | Self::Texts => None,
        }
    }

    /// The least and the most of its number.
    pub fn bounds(self) -> Option<(f64, f64)> {
        match self {
            Self::Acceleration => Some((0.0, 100.0)),
            Self::Angle => Some((0.0, 180.0)),
            Self::Count(least, most) => Some((least.into(), most.into())),
            Self::Displacement => Some((0.0, 100_000.0)),
            Self::Distance => Some((0.0, 10_000_000.0)),
            Self::Share => Some((0.0, 1.0)),
            Self::Speed => Some((0.0, 1_000.0)),
            Self::Choice(_)
            | Self::Choices(_)
            | Self::Duration
            | Self::Flag
            | Self::Hours
            | Self::HoursList
            | Self::Texts => None,
        }
    }

    /// The words there are to choose from.
    pub const fn choices(self) -> &'static [&'static str] {
        match self {
            Self::Choice(words) | Self::Choices(words) => words,
            _ => &[],
        }
    }
}

/// The settings of a table of the rule book, `common` and `quality` among them; empty for a name that is none. Those
/// that every rule has come first.
pub fn settings(id: &str) -> Vec<&'static Setting> {
    let own = match id {
        "common" => return COMMON.iter().collect(),
        "quality" => return QUALITY.iter().collect(),
        "speeding" => SPEEDING,
        "fatigue-warning" => FATIGUE_WARNING,
        "fatigue" => FATIGUE,
        "night-ban" => NIGHT_BAN,
        "off-route" => OFF_ROUTE,
        "hazmat-zone" => HAZMAT_ZONE,
        "hazmat-zone-approach" => HAZMAT_ZONE_APPROACH,
        "no-parking" => NO_PARKING,
        "charter-origin" => CHARTER_ORIGIN,
        "unqualified-driver" => UNQUALIFIED_DRIVER,
        "clone-plate" => CLONE_PLATE,
        "offline-move" => OFFLINE_MOVE,
        "gnss-fault" => GNSS_FAULT,
        "device-tamper" => DEVICE_TAMPER,
        "sos" | "collision" => &[],
        "closed-structure" => CLOSED_STRUCTURE,
        id if id.starts_with("dsm-") || id.starts_with("adas-") => SAFETY,
        _ => return Vec::new(),
    };
    let hold = if id == "speeding" { &HOLD_ASSESSED } else { &HOLD };
    [&ENABLED, hold, &CLEAR_HOLD].into_iter().chain(own).collect()
}

/// One setting.
pub fn setting(id: &str, key: &str) -> Option<&'static Setting> {
    settings(id).into_iter().find(|setting| setting.key == key)
}

use SettingKind::{
    Acceleration, Angle, Choice, Choices, Count, Displacement, Distance, Duration as Time, Flag, Hours,
    HoursList, Share, Speed, Texts,
};

/// A figure that a law gives.
const fn by(
    law: &'static [Law],
    (key, title_zh, title_en): (&'static str, &'static str, &'static str),
    kind: SettingKind,
) -> Setting {
    Setting { key, title_zh, title_en, kind, law }
}

/// A figure of ours.
const fn own(
    key: &'static str,
    title_zh: &'static str,
    title_en: &'static str,
    kind: SettingKind,
) -> Setting {
    Setting { key, title_zh, title_en, kind, law: &[] }
}

const CAUTIONS: SettingKind =
    Choices(&["sharp-bend", "steep", "narrow", "narrow-bridge", "crossing", "mountain"]);
const BYTE: SettingKind = Count(0, 255);

const ENABLED: Setting = own("enabled", "启用", "Runs", Flag);
const HOLD: Setting = own("hold", "持续多久触发", "Held this long before it is raised", Time);
const HOLD_ASSESSED: Setting = by(law::ASSESSED, (HOLD.key, HOLD.title_zh, HOLD.title_en), Time);
const CLEAR_HOLD: Setting = own("clear_hold", "消失多久解除", "Gone this long before it is cleared", Time);

const COMMON: &[Setting] = &[
    own("live_window", "实时窗口", "Older on arrival is history", Time),
    own("future_tolerance", "时钟超前容许", "Clock ahead, tolerated", Time),
    own("history_window", "历史数据时限", "Clock behind, tolerated", Time),
    own("silence", "静默多久解除报警", "Silence that clears open alerts", Time),
    own("gap", "定位间断", "Fixes further apart tell nothing", Time),
    own("update_every", "报警更新间隔", "Updates at most this often", Time),
    own("jump_kmh", "漂移判定速度", "Faster from fix to fix is a jump", Speed),
    own("jump_slack_m", "漂移容许距离", "Never a jump within", Distance),
    by(law::ASSESSED, ("china_only", "仅限中国境内坐标", "Positions in China only"), Flag),
    by(law::ASSESSED, ("speed_kmh_max", "有效速度上限", "Reported speed above is invalid"), Speed),
    own("moving_kmh", "行驶判定速度", "Moves from this speed on", Speed),
    own("road_sure", "道路匹配把握", "Share of places that must agree on the road", Share),
    own("road_off_m", "偏离道路距离", "Off the road beyond", Distance),
    own("hazmat_loaded", "危货载货判定", "Dangerous goods count as loaded", Choice(&["always", "waybill"])),
];

const QUALITY: &[Setting] = &[
    own("track_gap", "轨迹中断间隔", "Track is broken beyond", Time),
    own("drift_jumps", "漂移次数", "Jumps a day that make a drift", Count(0, u16::MAX)),
];

const SPEEDING: &[Setting] = &[
    by(law::SPEED, ("coach_kmh", "客车限速", "Cap of coaches"), Speed),
    by(
        law::SPEED_HAZMAT,
        ("hazmat_truck_kmh", "危货车高速公路限速", "Cap of loaded dangerous goods, expressway"),
        Speed,
    ),
    by(
        law::SPEED_HAZMAT,
        ("hazmat_truck_road_kmh", "危货车其他道路限速", "Cap of loaded dangerous goods, other roads"),
        Speed,
    ),
    by(
        law::SPEED_SCHOOL_BUS,
        ("school_bus_kmh", "校车高速公路限速", "Cap of school buses, expressway"),
        Speed,
    ),
    by(
        law::SPEED_SCHOOL_BUS,
        ("school_bus_road_kmh", "校车其他道路限速", "Cap of school buses, other roads"),
        Speed,
    ),
    by(law::SPEED, ("school_bus_empty_kmh", "校车空驶限速", "Cap of school buses without students"), Speed),
    by(law::SPEED, ("heavy_truck_kmh", "重型货车限速", "Cap of heavy trucks"), Speed),
    by(law::SPEED_BY_NIGHT, ("night", "客车夜间时段", "Night of coaches"), Hours),
    by(law::SPEED_BY_NIGHT, ("night_factor", "客车夜间限速比例", "Part of the day's limit by night"), Share),
    own("tolerance_kmh", "超速容许值", "Above the limit, let pass", Speed),
    by(law::SPEED_EXPRESSWAY, ("expressway_kmh", "高速公路限速", "Expressways"), Speed),
    by(
        law::SPEED_UNSIGNED,
        ("unsigned", "无标志道路按法定限速", "Roads without signs have the law's limits"),
        Flag,
    ),
    by(law::SPEED_UNSIGNED, ("street_kmh", "无中心线城市道路限速", "Streets without a centre line"), Speed),
    by(law::SPEED_UNSIGNED, ("highway_kmh", "无中心线公路限速", "Highways without a centre line"), Speed),
    by(
        law::SPEED_UNSIGNED,
        ("street_lane_kmh", "同方向一车道城市道路限速", "Streets with one lane each way"),
        Speed,
    ),
    by(
        law::SPEED_UNSIGNED,
        ("highway_lane_kmh", "同方向一车道公路限速", "Highways with one lane each way"),
        Speed,
    ),
    by(law::SPEED_CAUTION, ("cautions", "须减速路段", "What calls for slowing down"), CAUTIONS),
    by(law::SPEED_CAUTION, ("caution_kmh", "须减速路段限速", "Limit there"), Speed),
    by(
        law::SPEED_SCHOOL_BUS_CAUTION,
        ("school_bus_cautions", "校车须减速路段", "The same for school buses"),
        CAUTIONS,
    ),
    by(
        law::SPEED_SCHOOL_BUS_CAUTION,
        ("school_bus_caution_kmh", "校车须减速路段限速", "Limit there for school buses"),
        Speed,
    ),
    own("students", "校车载学生判定", "Students count as aboard", Choice(&["always", "hours"])),
    own("student_hours", "上下学时段", "Ways to and from school", HoursList),
    own("wet", "雨天限速生效", "Limits for wet roads hold", Flag),
    own("acceleration_mps2", "加速度上限", "Nobody gains speed faster", Acceleration),
    own("spike", "速度毛刺时长", "A shorter peak is a spike", Time),
    own("way_after", "里程佐证间隔", "Fixes further apart need proof by the way", Time),
    own("way_share", "里程佐证比例", "Part of the way that proves it", Share),
];

const FATIGUE_WARNING: &[Setting] = &[own("before", "提前多久预警", "How long before the limit", Time)];

const FATIGUE: &[Setting] = &[
    by(law::DRIVING_TIME, ("limit", "连续驾驶时限", "Driving without a rest"), Time),
    by(law::DRIVING_TOTALS, ("night_limit", "客车夜间连续驾驶时限", "The same by night, coaches"), Time),
    own("night_hazmat", "危货车适用夜间时限", "Dangerous goods too by night", Flag),
    by(law::DRIVING_TOTALS, ("night", "夜间时段", "Night"), Hours),
    by(law::DRIVING_TOTALS, ("day_limit", "24 小时累计驾驶时限", "Driving in 24 hours"), Time),
    by(law::DRIVING_TOTALS, ("week_limit", "7 天累计驾驶时限", "Driving in 7 days"), Time),
    own("totals_hazmat", "危货车适用累计时限", "Dangerous goods keep to both totals", Flag),
    by(law::NIGHT_COACH, ("alone_m", "单班里程上限", "Longest way with one driver"), Distance),
    by(law::NIGHT_COACH, ("alone_expressway_m", "高速公路单班里程上限", "The same on expressways"), Distance),
    own("trip_rest", "趟次结束停车时长", "Stop that ends a way", Time),
    by(law::DRIVING_TIME, ("rest", "休息时长", "A stop this long is a rest"), Time),
    own("stop_after", "停车判定时长", "A stop begins after", Time),
    own("creep", "停车中挪车时长", "Movement inside a stop, time", Time),
    own("creep_m", "停车中挪车距离", "Movement inside a stop, way", Distance),
    own("driver_change_stop", "换驾停车时长", "Stop that allows a change of driver", Time),
    own("gap_driving_max", "数据间断计入驾驶上限", "Longest gap counted as driving", Time),
];

const NIGHT_BAN: &[Setting] = &[
    by(law::NIGHT_COACH, ("coach_hours", "客车停运时段", "Coaches stand"), Hours),
    own("relay", "接驳须在接驳点换驾", "Relay must be seen at a relay point", Flag),
    own("relay_hours", "接驳时段", "Relays are carried out", Hours),
    own("exempt_routes", "豁免线路", "Routes that are free of it", Texts),
    by(law::NIGHT_COACH, ("mountain", "三级以下山区公路夜间禁行", "Mountain roads by night"), Flag),
    by(law::NIGHT_COACH, ("mountain_hours", "山区公路禁行时段", "Hours for mountain roads"), Hours),
    by(law::NIGHT_HAZMAT, ("hazmat", "危货车高速公路夜间禁行", "Dangerous goods off expressways"), Flag),
    by(law::NIGHT_HAZMAT, ("hazmat_hours", "危货车禁行时段", "Hours for dangerous goods"), Hours),
];

const OFF_ROUTE: &[Setting] = &[
    own("school_bus_hold", "校车持续多久触发", "The hold for school buses", Time),
    own("stop_m", "站点范围", "At a stop within", Distance),
    own("door_stop", "站外开门停车时长", "Halt with a door open", Time),
    own("stand_stop", "站外停车时长", "Halt without one", Time),
    own("school_bus_stand_stop", "校车站外停车时长", "Halt of school buses", Time),
    own("end_m", "起讫站范围", "At an end within", Distance),
];

const HAZMAT_ZONE: &[Setting] = &[
    own("unsure_hold", "道路存疑时持续时长", "Hold where the road is unsure", Time),
    own("confidence_min", "推断把握下限", "Least confidence of an inference", Share),
    own("passage_gap", "同次通行间隔", "Back within is the same passage", Time),
];

const HAZMAT_ZONE_APPROACH: &[Setting] = &[
    own("heading_deg_max", "航向偏差上限", "Heading differs at most", Angle),
    own("time", "提前时间", "At most this long before it", Time),
];

const NO_PARKING: &[Setting] = &[
    by(law::PARKING_EXPRESSWAY, ("expressways", "含高速公路", "Expressways too"), Flag),
    by(law::PARKING_STRUCTURE, ("structures", "含桥梁隧道", "Bridges and tunnels too"), Flag),
    own("hazmat_stop", "危货车停车时限", "Dangerous goods may stand", Time),
    own("toxic_stop", "剧毒爆炸品停车时限", "Toxic goods and explosives may stand", Time),
    own("toxic_classes", "剧毒爆炸品类别", "Classes of toxic goods and explosives", Texts),
];

const CHARTER_ORIGIN: &[Setting] = &[
    own("long_stop", "趟次结束停留时长", "Stay that ends a trip", Time),
    own("stay_m", "停留范围", "A stay is within", Distance),
    own("trip_m", "最短趟次距离", "A trip goes at least", Distance),
    by(law::OFF_STATION, ("home_digits", "属地区划位数", "Digits of the home division"), Count(2, 6)),
    by(law::OFF_STATION, ("away_max", "异地最长时限", "Away at most"), Time),
    own("permit_hold", "无包车牌多久触发", "Away without a permit", Time),
];

const UNQUALIFIED_DRIVER: &[Setting] = &[
    own("other_operator", "他企驾驶员视为不符", "Drivers of others don't count", Flag),
    own("nobody_after", "未插卡行驶时长", "Driven without a card", Time),
    own("expects_card", "未见过卡的车也须插卡", "Vehicles without a card so far too", Flag),
    own("escort", "危货车须押运员插卡", "Escorts need a card", Flag),
    own("escort_within", "押运员登签有效时长", "An escort stays aboard", Time),
    own("twice_after", "一卡两车时长", "One card in two vehicles", Time),
];

const CLONE_PLATE: &[Setting] = &[
    own("impossible_kmh", "不可能速度", "Nobody gets there faster", Speed),
    own("sightings", "异地出现次数", "Seen elsewhere this often", Count(1, 255)),
    own("sighting_slack_m", "卡口定位容差", "Camera and fix may differ", Distance),
    own("live_within", "在线判定时长", "Heard within is live", Time),
];

const OFFLINE_MOVE: &[Setting] = &[
    own("gap", "最短离线时长", "Shortest silence", Time),
    own("distance_m", "最短位移", "Shortest way", Distance),
    own("limit_gap", "临近时限离线时长", "Shortest silence near a limit", Time),
    own("limit_gap_max", "临近时限离线上限", "Longest silence near a limit", Time),
    own("limit_distance_m", "临近时限位移", "Shortest way near a limit", Distance),
    own("plausible_kmh", "合理速度上限", "Faster is drift", Speed),
    own("zone_gap", "穿越禁区离线时长", "Shortest silence past a zone", Time),
    own("tunnel_kmh", "隧道通行速度", "Speed through tunnels", Speed),
];

const GNSS_FAULT: &[Setting] =
    &[own("reported_hold", "终端自报故障时长", "The terminal reports it this long", Time)];

const DEVICE_TAMPER: &[Setting] = &[
    own("before_limit", "临近驾驶时限", "This short before a limit", Time),
    own("alternations", "交替换卡次数", "Cards that alternate this often", BYTE),
    own("clock_back", "时钟回拨", "Clock set back", Time),
    own("frozen_m", "定位冻结里程", "Odometer on one position", Distance),
    own("clock_ahead", "时钟快进", "Clock set ahead", Time),
    own("speed_kmh", "位移速度差", "Displacement above the speed", Speed),
    own("speed_hold", "速度差持续时长", "So long without a break", Time),
    own("speed_step", "速度差取样间隔", "Reports further apart are not measured", Time),
    own("recorder_share", "记录仪速度差比例", "Recorder and GNSS differ by", Share),
    own("recorder_kmh", "记录仪比对起始速度", "Compared from", Speed),
    own("recorder_hold", "记录仪速度差持续时长", "Recorder differs so long", Time),
    own("ceiling_after", "速度封顶判定时长", "Ceiling judged after driving", Time),
    own("ceiling_at", "贴顶行驶时长", "Of it just below the ceiling", Time),
    own("ceiling_over", "超顶位移时长", "With a displacement above", Time),
    own("ceiling_over_kmh", "超顶位移速度差", "Above by more than", Speed),
    own("jitter_kmh", "自称停车速度", "Claims to stand below", Speed),
    own("jitter_after", "假停车时长", "A claimed stop this long", Time),
    own("jitter_step", "假停车取样间隔", "Reports further apart prove nothing", Time),
    own("jitter_m", "假停车位移", "Moved so far", Distance),
    own("fault_hold", "设备故障持续时长", "Device faulty this long", Time),
];

const CLOSED_STRUCTURE: &[Setting] = &[
    own("level_1_mm", "一级位移", "Displacement of level 1", Displacement),
    own("level_2_mm", "二级位移", "Displacement of level 2", Displacement),
    own("level_3_mm", "三级位移", "Displacement of level 3", Displacement),
    own("displacement_mm_max", "有效位移上限", "Displacement beyond is a fault", Displacement),
    own("readings", "连续读数次数", "Readings in a row", Count(1, 255)),
    own("reading_age_max", "读数有效时长", "An older reading says nothing", Time),
];

const SAFETY: &[Setting] = &[own("active_max", "报警最长时长", "A beginning without an end lasts", Time)];

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{Book, about};

    fn takes(id: &str, key: &str, value: &Value) -> bool {
        serde_json::from_value::<Book>(json!({ id: { key: value } })).is_ok()
    }

    #[test]
    fn the_table_has_every_key_of_the_book_and_no_other() {
        let book = serde_json::to_value(Book::default()).unwrap();
        let tables = book.as_object().unwrap();
        assert_eq!(about().count(), tables.len());
        for about in about() {
            let mut keys: Vec<&str> =
                tables[about.id].as_object().unwrap().keys().map(String::as_str).collect();
            let mut told: Vec<&str> = settings(about.id).iter().map(|setting| setting.key).collect();
            keys.sort_unstable();
            told.sort_unstable();
            assert_eq!(keys, told, "{}", about.id);
        }
    }

    #[test]
    fn every_kind_says_what_the_book_takes() {
        let book = serde_json::to_value(Book::default()).unwrap();
        for about in about() {
            for setting in settings(about.id) {
                let (key, default) = (setting.key, &book[about.id][setting.key]);
                let at = format!("{}.{key}", about.id);
                let unit = setting.kind.unit().unwrap_or_default();
                let suffix = [("_kmh", "km/h"), ("_mps2", "m/s²"), ("_mm", "mm"), ("_m", "m"), ("_deg", "°")];
                let name = key.trim_end_matches("_max");
                let told = suffix.iter().find(|(end, _)| name.ends_with(end)).map_or("", |(_, unit)| unit);
                assert_eq!(unit, told, "{at}");
                let is_right = match setting.kind {
                    SettingKind::Flag => default.is_boolean(),
                    SettingKind::Duration => takes(about.id, key, &"1s".into()),
                    SettingKind::Hours => takes(about.id, key, &"01:00-02:00".into()),
                    SettingKind::HoursList => takes(about.id, key, &json!(["01:00-02:00"])),
                    SettingKind::Texts => takes(about.id, key, &json!(["any text"])),
                    SettingKind::Choice(words) => {
                        words.iter().all(|word| takes(about.id, key, &(*word).into()))
                    }
                    SettingKind::Choices(words) => {
                        let wrong = "x".parse::<fleet::Caution>().unwrap_err().to_string();
                        takes(about.id, key, &json!(words)) && wrong.contains(&words.join(", "))
                    }
                    SettingKind::Count(least, most) => {
                        takes(about.id, key, &least.into())
                            && takes(about.id, key, &most.into())
                            && default.is_u64()
                    }
                    _ => default.is_f64(),
                };
                assert!(is_right, "{at} {:?}", setting.kind);
                if let Some((least, most)) = setting.kind.bounds() {
                    assert!((least..=most).contains(&default.as_f64().unwrap()), "{at}");
                }
                assert!(!setting.title_zh.is_ascii() && setting.title_en.is_ascii(), "{at}");
            }
        }
    }
}
