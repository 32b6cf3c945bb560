//! An alert as a row of an export: what happened, where, against which limit and law, and who did what about it.

use fleet::{Alert, MeasureKind, Registry};
use ledger::{Exported, Handling, HandlingStatus, Listed, Outcome, Reason};

use crate::drivers;
use crate::guard::Caller;
use crate::sheet::{Cell, Column, Lang};
use crate::stats::{phrase, title};

/// In the order of [`cells`].
pub(crate) const COLUMNS: &[Column] = &[
    Column("告警编号", "Alert", 38),
    Column("车牌号码", "Plate", 12),
    Column("车牌颜色", "Plate colour", 10),
    Column("车辆类型", "Class", 16),
    Column("终端号", "Terminal", 16),
    Column("企业编号", "Operator", 12),
    Column("企业名称", "Operator's name", 24),
    Column("驾驶员", "Driver", 10),
    Column("从业资格证号", "Certificate", 22),
    Column("告警类型", "Rule", 16),
    Column("严重程度", "Severity", 10),
    Column("状态", "State", 10),
    Column("内容", "What", 40),
    Column("开始时间", "Started (UTC+8)", 20),
    Column("触发时间", "Raised (UTC+8)", 20),
    Column("结束时间", "Ended (UTC+8)", 20),
    Column("持续时间（秒）", "Duration (s)", 12),
    Column("行政区划", "Division", 10),
    Column("地点", "Place", 30),
    Column("经度", "Longitude", 12),
    Column("纬度", "Latitude", 12),
    Column("地图链接", "Map", 24),
    Column("速度（km/h）", "Speed (km/h)", 12),
    Column("指标", "Measure", 12),
    Column("最大值", "Peak", 10),
    Column("限值", "Limit", 10),
    Column("依据", "Basis", 40),
    Column("补传", "Late", 6),
    Column("处理状态", "Handling", 12),
    Column("处理结果", "Result", 14),
    Column("误报原因", "Reason", 12),
    Column("责任人", "Assignee", 14),
    Column("处理人", "Handled by", 14),
    Column("处理时间", "Handled (UTC+8)", 20),
    Column("处理用时（分钟）", "Time to handle (min)", 14),
];

pub(crate) fn cells(exported: &Exported, lang: Lang, registry: &Registry, caller: &Caller) -> Vec<Cell> {
    let Exported { listed: Listed { alert, handling }, handled_at, handled_by } = exported;
    let text = |zh: &str, en: &str| Cell::text(lang.pick(zh, en));
    let id = |zh: &str, id: &str| Cell::text(lang.pick(zh, &phrase(id)));
    let driver = alert.driver.as_ref();
    let number = driver.map(|driver| drivers::certificate(caller, &driver.certificate));
    let operator = registry.operator(&alert.vehicle.operator).map_or("", |operator| operator.name.as_str());
    let took = handled_at.map(|at| at.as_event().since(alert.raised_at).as_secs_f64() / 60.0);
    let (measure_zh, measure_en) = measure(alert.measure.kind);
    vec![
        Cell::Text(alert.id.to_string()),
        Cell::text(&alert.vehicle.plate),
        id(alert.vehicle.plate_color.zh(), alert.vehicle.plate_color.as_str()),
        id(alert.vehicle.class.zh(), alert.vehicle.class.as_str()),
        Cell::Text(alert.vehicle.terminal.to_string()),
        Cell::text(&alert.vehicle.operator),
        Cell::text(operator),
        Cell::text(driver.map_or("", |driver| driver.name.as_str())),
        Cell::text(number.as_deref().unwrap_or_default()),
        Cell::Text(title(alert.rule.as_str(), |about| lang.pick(about.title_zh, about.title_en))),
        id(alert.severity.zh(), alert.severity.as_str()),
        id(alert.state.zh(), alert.state.as_str()),
        text(&alert.title.zh, &alert.title.en),
        Cell::Time(alert.started_at),
        Cell::Time(alert.raised_at),
        Cell::time(alert.ended_at),
        Cell::Number(alert.lasted_s() as f64),
        Cell::Text(alert.place.division.to_string()),
        Cell::text(&place(alert, lang)),
        Cell::Number(rounded(alert.position.lon, 6)),
        Cell::Number(rounded(alert.position.lat, 6)),
        Cell::Link(map_link(alert)),
        Cell::Number(rounded(alert.position.speed_kmh, 1)),
        text(measure_zh, measure_en),
        Cell::Number(alert.measure.peak),
        Cell::number(alert.measure.limit),
        Cell::text(&basis(alert, lang)),
        if alert.late { text("是", "yes") } else { Cell::Empty },
        status(handling, lang),
        handling.result.map_or(Cell::Empty, |result| text(result_zh(result), &phrase(result.as_str()))),
        handling.reason.map_or(Cell::Empty, |reason| text(reason_zh(reason), &phrase(reason.as_str()))),
        Cell::text(handling.assignee.as_deref().unwrap_or_default()),
        Cell::text(handled_by.as_deref().unwrap_or_default()),
        Cell::time(handled_at.map(fleet::ReceiveTime::as_event)),
        Cell::number(took.map(|minutes| rounded(minutes, 1))),
    ]
}

fn place(alert: &Alert, lang: Lang) -> String {
    let zone = alert.place.zone.as_ref().map(|zone| lang.pick(&zone.name_zh, &zone.name_en));
    let parts: Vec<_> = zone.into_iter().chain(alert.place.road.as_deref()).collect();
    parts.join(" ")
}

/// A marker on a map of AMap, which turns WGS-84 into its own coordinates.
fn map_link(alert: &Alert) -> String {
    let (lon, lat) = (alert.position.lon, alert.position.lat);
    format!("https://uri.amap.com/marker?position={lon:.6},{lat:.6}&coordinate=wgs84")
}

fn basis(alert: &Alert, lang: Lang) -> String {
    let all: Vec<_> =
        alert.basis.iter().map(|basis| format!("{} {}", basis.document, basis.article)).collect();
    all.join(lang.pick("；", "; "))
}

fn rounded(number: f64, digits: i32) -> f64 {
    let factor = 10_f64.powi(digits);
    (number * factor).round() / factor
}

const fn measure(kind: MeasureKind) -> (&'static str, &'static str) {
    match kind {
        MeasureKind::Count => ("次数", "Count"),
        MeasureKind::DistanceM => ("距离（米）", "Distance (m)"),
        MeasureKind::DurationS => ("时长（秒）", "Duration (s)"),
        MeasureKind::Level => ("等级", "Level"),
        MeasureKind::SpeedKmh => ("速度（km/h）", "Speed (km/h)"),
    }
}

fn status(handling: &Handling, lang: Lang) -> Cell {
    let zh = match handling.status {
        HandlingStatus::New => "待确认",
        HandlingStatus::Acknowledged => "已确认",
        HandlingStatus::Handling => "处理中",
        HandlingStatus::Handled => "已处理",
        HandlingStatus::Deferred => "已延后",
        HandlingStatus::Closed => "已关闭",
    };
    Cell::text(lang.pick(zh, &phrase(handling.status.as_str())))
}

const fn result_zh(result: Outcome) -> &'static str {
    match result {
        Outcome::Warned => "已提醒驾驶员",
        Outcome::Penalised => "已处罚",
        Outcome::Dispatched => "已派警",
        Outcome::Trained => "已培训",
        Outcome::NoAction => "不做处理",
        Outcome::FalseAlarm => "误报",
        Outcome::Upheld => "申诉成立",
        Outcome::Rejected => "申诉驳回",
    }
}

const fn reason_zh(reason: Reason) -> &'static str {
    match reason {
        Reason::Device => "设备故障",
        Reason::Algorithm => "算法误判",
        Reason::Environment => "环境干扰",
        Reason::Map => "地图错误",
        Reason::Other => "其他",
    }
}
