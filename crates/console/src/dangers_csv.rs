//! The list of major dangers as CSV for a spreadsheet.

use std::convert::Infallible;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use fleet::ReceiveTime;
use ledger::{Danger, DangerQuery};

use crate::alerts::refused;
use crate::app::{Shared, now};
use crate::dangers;
use crate::guard::Caller;
use crate::problem::Problem;
use crate::query::{LIMIT_MAX, Params};
use crate::rights::Right;
use crate::sheet::{Cell, Column, Lang, csv_head, csv_line};

const COLUMNS: &[Column] = &[
    Column("编号", "Number", 16),
    Column("隐患", "Danger", 16),
    Column("判定依据", "Basis", 16),
    Column("等级", "Level", 16),
    Column("企业", "Operator", 16),
    Column("终端号", "Terminal", 16),
    Column("从业资格证", "Certificate", 16),
    Column("行政区划", "Division", 16),
    Column("来源", "Source", 16),
    Column("发现时间", "Found (UTC+8)", 16),
    Column("列入时间", "Listed (UTC+8)", 16),
    Column("状态", "Status", 16),
    Column("责任单位", "Unit", 16),
    Column("责任人", "Person", 16),
    Column("交办时间", "Assigned (UTC+8)", 16),
    Column("整改期限", "Due (UTC+8)", 16),
    Column("超期", "Overdue", 16),
    Column("督办级别", "Escalation", 16),
    Column("整改措施", "Measures", 16),
    Column("申请销号人", "Asked for closing", 16),
    Column("验收人", "Inspector", 16),
    Column("销号时间", "Closed (UTC+8)", 16),
    Column("通报", "Bulletins", 16),
    Column("报告主管部门", "Reported to department (UTC+8)", 16),
    Column("报告职代会", "Reported to congress (UTC+8)", 16),
];

pub(crate) async fn csv(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(params): Extension<Params>,
) -> Result<Response, Problem> {
    if !caller.has(Right::Dangers) {
        return Err(Problem::forbidden(format!("the role {} may not see dangers", caller.identity.role)));
    }
    let lang = params.one::<Lang>("lang")?.unwrap_or_default();
    let query = DangerQuery { limit: LIMIT_MAX, ..dangers::query(&params, &caller)? };
    let first = rows(&app, query.clone()).await?;
    let start = csv_head(COLUMNS, lang);
    // The first page is asked before the head goes out, so that a refusal is still a refusal.
    let pages = futures_util::stream::unfold(Some((start + &first.0, first.1, query, app)), async |state| {
        let (text, next, query, app) = state?;
        let following = match next {
            Some(cursor) => {
                let query = DangerQuery { cursor: Some(cursor), ..query };
                // A store that fails half way ends the file; its last line then is not the first entry.
                rows(&app, query.clone()).await.ok().map(|(text, next)| (text, next, query, app))
            }
            None => None,
        };
        Some((Ok::<_, Infallible>(Bytes::from(text)), following))
    });
    let head = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"dangers.csv\""),
    ];
    Ok((head, Body::from_stream(pages)).into_response())
}

async fn rows(app: &Shared, query: DangerQuery) -> Result<(String, Option<String>), Problem> {
    let page = app.blocking(move |parts| parts.ledger.dangers(&query, now())).await?.map_err(refused)?;
    Ok((page.items.iter().map(|danger| csv_line(&row(danger))).collect(), page.next))
}

fn row(danger: &Danger) -> Vec<Cell> {
    let text = |value: Option<&str>| Cell::text(value.unwrap_or_default());
    let at = |time: Option<ReceiveTime>| Cell::time(time.map(ReceiveTime::as_event));
    let unit = danger.assigned_to.as_ref();
    let bulletins: Vec<_> =
        danger.announced.iter().filter_map(|announced| announced.bulletin.as_deref()).collect();
    vec![
        Cell::text(&danger.id.to_string()),
        Cell::text(&danger.title),
        Cell::text(&danger.category),
        Cell::text(&danger.level.to_string()),
        Cell::text(&danger.operator),
        text(danger.terminal.as_ref().map(fleet::TerminalId::as_str)),
        text(danger.driver.as_deref()),
        Cell::text(&danger.division),
        Cell::text(danger.source.trigger.map_or(danger.source.kind.as_str(), |trigger| trigger.as_str())),
        at(Some(danger.discovered_at)),
        at(Some(danger.created_at)),
        Cell::text(&danger.status.to_string()),
        text(unit.map(|unit| unit.unit.as_str())),
        text(unit.and_then(|unit| unit.person.as_deref())),
        at(danger.assigned_at),
        at(danger.due_at),
        Cell::text(if danger.overdue { "是 yes" } else { "" }),
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
