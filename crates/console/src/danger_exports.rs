//! The list of major dangers as CSV, and as a workbook of Excel.

use std::convert::Infallible;
use std::fs::File;
use std::sync::Arc;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use fleet::ReceiveTime;
use ledger::{Danger, DangerLevel, DangerQuery, DangerStatus, Ledger, Source, SourceKind, Trigger};

use crate::alerts::refused;
use crate::app::{Shared, now};
use crate::dangers;
use crate::exports::{file, say_truncated, truncated};
use crate::guard::Caller;
use crate::problem::Problem;
use crate::query::{LIMIT_MAX, Params};
use crate::rights::Right;
use crate::sheet::{Cell, Column, Lang, Sheet, csv_head, csv_line};

/// Entries of one workbook, which is made before it is sent; a list of open dangers has some hundreds.
const XLSX_ROWS_MAX: usize = 50_000;

const COLUMNS: &[Column] = &[
    Column("编号", "Number", 18),
    Column("隐患", "Danger", 36),
    Column("判定依据", "Basis", 36),
    Column("等级", "Level", 16),
    Column("企业", "Operator", 16),
    Column("终端号", "Terminal", 16),
    Column("从业资格证", "Certificate", 16),
    Column("行政区划", "Division", 16),
    Column("来源", "Source", 16),
    Column("发现时间", "Found (UTC+8)", 20),
    Column("列入时间", "Listed (UTC+8)", 20),
    Column("状态", "Status", 16),
    Column("责任单位", "Unit", 16),
    Column("责任人", "Person", 16),
    Column("交办时间", "Assigned (UTC+8)", 20),
    Column("整改期限", "Due (UTC+8)", 20),
    Column("超期", "Overdue", 16),
    Column("督办级别", "Escalation", 16),
    Column("整改措施", "Measures", 36),
    Column("申请销号人", "Asked for closing", 16),
    Column("验收人", "Inspector", 16),
    Column("销号时间", "Closed (UTC+8)", 20),
    Column("通报", "Bulletins", 16),
    Column("报告主管部门", "Reported to department (UTC+8)", 20),
    Column("报告职代会", "Reported to congress (UTC+8)", 20),
];

pub(crate) async fn csv(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(params): Extension<Params>,
) -> Result<Response, Problem> {
    let (query, lang) = asked(&params, &caller)?;
    let first = rows(&app, query.clone(), lang).await?;
    let start = csv_head(COLUMNS, lang);
    // The first page is asked before the head goes out, so that a refusal is still a refusal.
    let pages = futures_util::stream::unfold(
        Some((start + &first.0, first.1, query, app)),
        move |state| async move {
            let (text, next, query, app) = state?;
            let following = match next {
                Some(cursor) => {
                    let query = DangerQuery { cursor: Some(cursor), ..query };
                    // A store that fails half way ends the file; its last line then is not the first entry.
                    rows(&app, query.clone(), lang).await.ok().map(|(text, next)| (text, next, query, app))
                }
                None => None,
            };
            Some((Ok::<_, Infallible>(Bytes::from(text)), following))
        },
    );
    let head = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"dangers.csv\""),
    ];
    Ok((head, Body::from_stream(pages)).into_response())
}

pub(crate) async fn xlsx(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(params): Extension<Params>,
) -> Result<Response, Problem> {
    let (query, lang) = asked(&params, &caller)?;
    let permit = Arc::clone(&app.workbooks).acquire_owned().await.map_err(Problem::internal)?;
    let (made, more) = app
        .blocking(move |parts| {
            // Held until the work is done, also when nobody waits for it any more.
            let _permit = permit;
            workbook(&parts.ledger, query, lang)
        })
        .await??;
    let mut response = file(made, "dangers.xlsx")?;
    if more {
        say_truncated(&mut response, XLSX_ROWS_MAX)?;
    }
    Ok(response)
}

/// The file, and whether there is more than it holds.
fn workbook(ledger: &Ledger, mut query: DangerQuery, lang: Lang) -> Result<((File, u64), bool), Problem> {
    let mut sheet =
        Sheet::new(lang.pick("重大隐患清单", "Dangers"), COLUMNS, lang).map_err(Problem::internal)?;
    let mut left = XLSX_ROWS_MAX;
    let more = loop {
        let page = ledger.dangers(&DangerQuery { limit: left.min(LIMIT_MAX), ..query.clone() }, now());
        let page = page.map_err(refused)?;
        for danger in &page.items {
            sheet.push(&row(danger, lang)).map_err(Problem::internal)?;
        }
        left = left.saturating_sub(page.items.len());
        match page.next {
            None => break false,
            Some(_) if left == 0 => break true,
            next => query.cursor = next,
        }
    };
    if more {
        sheet.push(&truncated(XLSX_ROWS_MAX, lang)).map_err(Problem::internal)?;
    }
    Ok((sheet.finish().map_err(Problem::internal)?, more))
}

fn asked(params: &Params, caller: &Caller) -> Result<(DangerQuery, Lang), Problem> {
    if !caller.has(Right::Dangers) {
        return Err(Problem::forbidden(format!("the role {} may not see dangers", caller.identity.role)));
    }
    let lang = params.one::<Lang>("lang")?.unwrap_or_default();
    Ok((DangerQuery { limit: LIMIT_MAX, ..dangers::query(params, caller)? }, lang))
}

async fn rows(app: &Shared, query: DangerQuery, lang: Lang) -> Result<(String, Option<String>), Problem> {
    let page = app.blocking(move |parts| parts.ledger.dangers(&query, now())).await?.map_err(refused)?;
    Ok((page.items.iter().map(|danger| csv_line(&row(danger, lang))).collect(), page.next))
}

fn row(danger: &Danger, lang: Lang) -> Vec<Cell> {
    let text = |value: Option<&str>| Cell::text(value.unwrap_or_default());
    let at = |time: Option<ReceiveTime>| Cell::time(time.map(ReceiveTime::as_event));
    let unit = danger.assigned_to.as_ref();
    let bulletins: Vec<_> =
        danger.announced.iter().filter_map(|announced| announced.bulletin.as_deref()).collect();
    vec![
        Cell::text(&danger.id.to_string()),
        Cell::text(&danger.title),
        Cell::text(&danger.category),
        Cell::text(level(danger.level, lang)),
        Cell::text(&danger.operator),
        text(danger.terminal.as_ref().map(fleet::TerminalId::as_str)),
        text(danger.driver.as_deref()),
        Cell::text(&danger.division),
        Cell::text(source(&danger.source, lang)),
        at(Some(danger.discovered_at)),
        at(Some(danger.created_at)),
        Cell::text(status(danger.status, lang)),
        text(unit.map(|unit| unit.unit.as_str())),
        text(unit.and_then(|unit| unit.person.as_deref())),
        at(danger.assigned_at),
        at(danger.due_at),
        Cell::text(if danger.overdue { lang.pick("是", "yes") } else { "" }),
        Cell::Number(f64::from(danger.escalation)),
        text(danger.measures.as_deref()),
        text(danger.requested_by.as_deref()),
        text(danger.inspector.as_deref()),
        at(danger.closed_at),
        Cell::text(&bulletins.join(" ")),
        at(danger.reports.department_at),
        at(danger.reports.congress_at),
    ]
}

const fn level(level: DangerLevel, lang: Lang) -> &'static str {
    match level {
        DangerLevel::Major => lang.pick("重大", "Major"),
        DangerLevel::General => lang.pick("一般", "General"),
    }
}

const fn status(status: DangerStatus, lang: Lang) -> &'static str {
    match status {
        DangerStatus::Open => lang.pick("待交办", "To assign"),
        DangerStatus::Assigned => lang.pick("已交办", "Assigned"),
        DangerStatus::Rectifying => lang.pick("整改中", "Being put right"),
        DangerStatus::Closing => lang.pick("待销号", "To inspect"),
        DangerStatus::Closed => lang.pick("已销号", "Closed"),
    }
}

const fn source(source: &Source, lang: Lang) -> &'static str {
    match (source.trigger, source.kind) {
        (Some(Trigger::HandlingRate), _) => lang.pick("告警处置率过低", "Too few alerts handled"),
        (Some(Trigger::SpeedingCount), _) => lang.pick("超速告警过多", "Too many speeding alerts"),
        (Some(Trigger::HandlingSlips), _) => lang.pick("多次未处置", "Alerts left unhandled too often"),
        (Some(Trigger::UnhandledMonth), _) => {
            lang.pick("超速或疲劳告警一月未处置", "Speeding or fatigue unhandled for a month")
        }
        (None, SourceKind::Alert) => lang.pick("由告警转入", "From alerts"),
        (None, SourceKind::Manual) => lang.pick("人工登记", "By hand"),
        (None, SourceKind::Trigger) => lang.pick("自动触发", "By a pattern"),
    }
}
