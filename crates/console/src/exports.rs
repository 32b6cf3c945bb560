//! Alerts as CSV for a spreadsheet: UTF-8 with a byte order mark, Chinese and English headings, no cell that is run as a formula.

use std::convert::Infallible;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use fleet::{EventTime, MeasureKind};
use ledger::{Listed, Query};

use crate::alerts::query;
use crate::app::Shared;
use crate::guard::Caller;
use crate::problem::Problem;
use crate::query::{LIMIT_MAX, Params};

const HEADINGS: &[&str] = &[
    "告警编号 Alert",
    "车牌 Plate",
    "车牌颜色 Plate colour",
    "车辆类型 Class",
    "终端号 Terminal",
    "企业 Operator",
    "驾驶员 Driver",
    "从业资格证 Certificate",
    "规则 Rule",
    "严重程度 Severity",
    "状态 State",
    "内容 What",
    "开始 Started (UTC+8)",
    "触发 Raised (UTC+8)",
    "结束 Ended (UTC+8)",
    "持续秒数 Duration s",
    "经度 Longitude",
    "纬度 Latitude",
    "速度 Speed km/h",
    "行政区划 Division",
    "地点 Place",
    "指标 Measure",
    "最大值 Peak",
    "限值 Limit",
    "依据 Basis",
    "补传 Late",
    "处置 Handling",
    "结果 Result",
    "原因 Reason",
    "处置人 Assignee",
    "处置更新 Handled (UTC+8)",
];
/// Spreadsheets keep 15 digits of a number; a longer one must stay text.
const DIGITS_MAX: usize = 15;

pub(crate) async fn csv(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(params): Extension<Params>,
) -> Result<Response, Problem> {
    let query = Query { limit: LIMIT_MAX, ..query(&params, &caller)? };
    let first = rows(&app, query.clone()).await?;
    let start = format!("\u{feff}{}", line(HEADINGS.iter().map(|text| (*text).to_owned())));
    // The first page is asked before the head goes out, so that a refusal is still a refusal.
    let pages = futures_util::stream::unfold(Some((start + &first.0, first.1, query, app)), async |state| {
        let (text, next, query, app) = state?;
        let following = match next {
            Some(cursor) => {
                let query = Query { cursor: Some(cursor), ..query };
                // A store that fails half way ends the file; its last line then is not the oldest alert.
                rows(&app, query.clone()).await.ok().map(|(text, next)| (text, next, query, app))
            }
            None => None,
        };
        Some((Ok::<_, Infallible>(Bytes::from(text)), following))
    });
    let head = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"violations.csv\""),
    ];
    Ok((head, Body::from_stream(pages)).into_response())
}

async fn rows(app: &Shared, query: Query) -> Result<(String, Option<String>), Problem> {
    let page =
        app.blocking(move |parts| parts.ledger.alerts(&query)).await?.map_err(crate::alerts::refused)?;
    Ok((page.items.iter().map(|listed| line(row(listed))).collect(), page.next))
}

fn row(Listed { alert, handling }: &Listed) -> Vec<String> {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let basis: Vec<_> =
        alert.basis.iter().map(|basis| format!("{} {}", basis.document, basis.article)).collect();
    let zone = alert.place.zone.as_ref().map(|zone| format!("{} {}", zone.name_zh, zone.name_en));
    let place: Vec<_> = zone.into_iter().chain(alert.place.road.clone()).collect();
    vec![
        alert.id.to_string(),
        alert.vehicle.plate.clone(),
        alert.vehicle.plate_color.zh().to_owned(),
        alert.vehicle.class.zh().to_owned(),
        alert.vehicle.terminal.to_string(),
        alert.vehicle.operator.clone(),
        text(alert.driver.as_ref().map(|driver| driver.name.as_str())),
        text(alert.driver.as_ref().map(|driver| driver.certificate.as_str())),
        alert.rule.to_string(),
        format!("{} {}", alert.severity.zh(), alert.severity),
        format!("{} {}", alert.state.zh(), alert.state),
        format!("{} {}", alert.title.zh, alert.title.en),
        when(Some(alert.started_at)),
        when(Some(alert.raised_at)),
        when(alert.ended_at),
        alert.lasted_s().to_string(),
        format!("{:.6}", alert.position.lon),
        format!("{:.6}", alert.position.lat),
        format!("{:.1}", alert.position.speed_kmh),
        alert.place.division.to_string(),
        place.join(" "),
        measure(alert.measure.kind).to_owned(),
        alert.measure.peak.to_string(),
        alert.measure.limit.map(|limit| limit.to_string()).unwrap_or_default(),
        basis.join("; "),
        if alert.late { "是 yes" } else { "" }.to_owned(),
        handling.status.as_str().to_owned(),
        text(handling.result.map(|result| result.as_str())),
        text(handling.reason.map(|reason| reason.as_str())),
        text(handling.assignee.as_deref()),
        when((handling.version > 0).then(|| handling.updated_at.as_event())),
    ]
}

/// `2026-01-01 08:00:00`, which a spreadsheet takes for a time.
fn when(time: Option<EventTime>) -> String {
    time.map(|time| time.to_rfc3339_ms().replace('T', " ").chars().take(19).collect()).unwrap_or_default()
}

const fn measure(kind: MeasureKind) -> &'static str {
    match kind {
        MeasureKind::Count => "次数 count",
        MeasureKind::DistanceM => "距离 m",
        MeasureKind::DurationS => "时长 s",
        MeasureKind::Level => "等级 level",
        MeasureKind::SpeedKmh => "速度 km/h",
    }
}

fn line(cells: impl IntoIterator<Item = String>) -> String {
    let cells: Vec<_> = cells.into_iter().map(|text| cell(&text)).collect();
    cells.join(",") + "\r\n"
}

/// Quoted; what a spreadsheet would run, or round, gets an apostrophe before it.
fn cell(text: &str) -> String {
    let is_number = text.parse::<f64>().is_ok();
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) && !is_number;
    let is_long = text.len() > DIGITS_MAX && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let guard = if is_formula || is_long { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_run_as_a_formula_or_rounded() {
        for (text, expected) in [
            ("=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\""),
            ("+86", "\"+86\""),
            ("-1+1", "\"'-1+1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'\t=1\""),
            ("-12.5", "\"-12.5\""),
            ("say \"no\"", "\"say \"\"no\"\"\""),
            ("54010219800101001X", "\"'54010219800101001X\""),
            ("藏A12345", "\"藏A12345\""),
        ] {
            assert_eq!(cell(text), expected);
        }
    }

    #[test]
    fn times_are_those_of_china() {
        assert_eq!(when(Some(EventTime::from_ms(1_767_225_600_000))), "2026-01-01 08:00:00");
        assert_eq!(when(None), "");
    }
}
