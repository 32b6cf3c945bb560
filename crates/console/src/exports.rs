//! Tables out: alerts as CSV or as a workbook of Excel, statistics as a workbook.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::sync::Arc;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use fleet::{EventTime, Registry};
use ledger::{AlertCount, By, Exported, MonthCount, Query};
use rust_xlsxwriter::XlsxError;

use crate::alerts::{query, refused};
use crate::app::Shared;
use crate::attachments::chunks;
use crate::dossiers::note_reading;
use crate::drivers;
use crate::guard::Caller;
use crate::problem::Problem;
use crate::query::Params;
use crate::sheet::{Cell, Column, Lang, Sheet, csv_head, csv_line};
use crate::stats::{Asked, KEYS_MAX, names, title};
use crate::violations;

/// Alerts read at a time: some 6 MB.
const PAGE: usize = 1000;
/// Alerts of one CSV file: a sheet of Excel holds 1,048,576 rows.
const CSV_ROWS_MAX: usize = 1_000_000;
/// Alerts of one workbook, which is made before it is sent: some seconds and 100 MB of a file that goes when it is sent.
const XLSX_ROWS_MAX: usize = 50_000;
/// With this the answer says that there is more than it holds, and how much it holds.
const TRUNCATED: HeaderName = HeaderName::from_static("x-truncated");
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// What goes into a file: at most so many of the newest alerts within the caller's scope.
#[derive(Clone)]
struct Wanted {
    query: Query,
    rows: usize,
    lang: Lang,
    caller: Caller,
    registry: Arc<Registry>,
}

pub(crate) async fn csv(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(params): Extension<Params>,
) -> Result<Response, Problem> {
    let wanted = Wanted::from_params(&app, params, caller, CSV_ROWS_MAX).await?;
    let more = wanted.are_more(&app).await?;
    // The first page is read before the head goes out, so that a refusal is still a refusal.
    let first = wanted.page(&app, None, 0).await?;
    let head = csv_head(violations::COLUMNS, wanted.lang);
    let rows = wanted.rows;
    let note = if more { csv_line(&wanted.note()) } else { String::new() };
    let state = Some((head, first, 0_usize, note));
    let pages = futures_util::stream::unfold((state, wanted, app), async |(state, wanted, app)| {
        let (before, page, sent, note): (String, Vec<Exported>, usize, String) = state?;
        let sent = sent + page.len();
        let lines: String = page.iter().map(|row| csv_line(&wanted.cells(row))).collect();
        let is_last = page.len() < PAGE || sent >= wanted.rows;
        let text = before + &lines;
        if is_last {
            return Some((Ok(Bytes::from(text + &note)), (None, wanted, app)));
        }
        // A store that fails half way breaks the answer off, so that nobody takes a part for the whole.
        match wanted.page(&app, page.last(), sent).await {
            Ok(next) => {
                let state = Some((String::new(), next, sent, note));
                Some((Ok(Bytes::from(text)), (state, wanted, app)))
            }
            Err(_) => Some((Err(io::Error::other("the store failed")), (None, wanted, app))),
        }
    });
    let mut response = Body::from_stream(pages).into_response();
    name(&mut response, "text/csv; charset=utf-8", "violations.csv")?;
    if more {
        say_truncated(&mut response, rows)?;
    }
    Ok(response)
}

pub(crate) async fn xlsx(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(params): Extension<Params>,
) -> Result<Response, Problem> {
    let wanted = Wanted::from_params(&app, params, caller, XLSX_ROWS_MAX).await?;
    let more = wanted.are_more(&app).await?;
    let rows = wanted.rows;
    let permit = Arc::clone(&app.workbooks).acquire_owned().await.map_err(Problem::internal)?;
    let made = app
        .blocking(move |parts| {
            // Held until the work is done, also when nobody waits for it any more.
            let _permit = permit;
            wanted.workbook(&parts.ledger, more)
        })
        .await??;
    let mut response = file(made, "violations.xlsx")?;
    if more {
        say_truncated(&mut response, rows)?;
    }
    Ok(response)
}

pub(crate) async fn stats(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(params): Extension<Params>,
) -> Result<Response, Problem> {
    let asked = Asked::from_params(&params, &caller)?;
    let lang = params.one::<Lang>("lang")?.unwrap_or_default();
    let (counts, more) = asked.counts(&app).await?;
    let registry = Arc::clone(&app.parts.reference.borrow().registry);
    let by = asked.by;
    let made = app
        .blocking(move |_| {
            let mut sheet = Sheet::new(lang.pick("告警统计", "Statistics"), STATS_COLUMNS, lang)?;
            for count in &counts {
                sheet.push(&stats_cells(count, by, lang, &registry))?;
            }
            if more {
                sheet.push(&truncated(KEYS_MAX, lang))?;
            }
            sheet.finish()
        })
        .await?
        .map_err(Problem::internal)?;
    let mut response = file(made, "statistics.xlsx")?;
    if more {
        say_truncated(&mut response, KEYS_MAX)?;
    }
    Ok(response)
}

impl Wanted {
    /// Who takes what a driver did away stands in the audit log before it is sent.
    async fn from_params(app: &Shared, params: Params, caller: Caller, most: usize) -> Result<Self, Problem> {
        let rows = params.one::<usize>("rows")?.unwrap_or(most);
        if rows == 0 || rows > most {
            return Err(Problem::parameter("rows", format!("rows {rows} is not within 1 to {most}")));
        }
        let registry = Arc::clone(&app.parts.reference.borrow().registry);
        let lang = params.one::<Lang>("lang")?.unwrap_or_default();
        let mut query = query(&params, &caller)?;
        if let Some(certificate) = params.one::<String>("driver")? {
            drivers::find(&registry, &caller, &certificate)?;
            query.drivers = vec![certificate.clone()];
            note_reading(app, &caller, certificate, "export").await?;
        }
        Ok(Self { query, rows, lang, caller, registry })
    }

    async fn are_more(&self, app: &Shared) -> Result<bool, Problem> {
        let (query, rows) = (self.query.clone(), self.rows);
        app.blocking(move |parts| parts.ledger.are_more(&query, rows)).await?.map_err(refused)
    }

    /// The next alerts after `last`, of which `sent` were before.
    async fn page(
        &self,
        app: &Shared,
        last: Option<&Exported>,
        sent: usize,
    ) -> Result<Vec<Exported>, Problem> {
        let (query, last) = (self.query.clone(), last.cloned());
        let limit = PAGE.min(self.rows - sent);
        app.blocking(move |parts| parts.ledger.export_page(&query, last.as_ref(), limit))
            .await?
            .map_err(refused)
    }

    fn workbook(&self, ledger: &ledger::Ledger, more: bool) -> Result<(File, u64), Problem> {
        let name = self.lang.pick("告警", "Alerts");
        let mut sheet = Sheet::new(name, violations::COLUMNS, self.lang).map_err(Problem::internal)?;
        let (mut sent, mut last) = (0, None);
        while sent < self.rows {
            let limit = PAGE.min(self.rows - sent);
            let mut page = ledger.export_page(&self.query, last.as_ref(), limit).map_err(refused)?;
            for row in &page {
                sheet.push(&self.cells(row)).map_err(Problem::internal)?;
            }
            sent += page.len();
            if page.len() < limit {
                break;
            }
            last = page.pop();
        }
        if more {
            sheet.push(&self.note()).map_err(Problem::internal)?;
        }
        let months = ledger.count_by_month(&self.query).map_err(refused)?;
        write_months(&mut sheet, &months, self.lang).map_err(Problem::internal)?;
        sheet.finish().map_err(Problem::internal)
    }

    fn cells(&self, row: &Exported) -> Vec<Cell> {
        violations::cells(row, self.lang, &self.registry, &self.caller)
    }

    fn note(&self) -> Vec<Cell> {
        truncated(self.rows, self.lang)
    }
}

/// A sheet of how many of each kind there were each month in China: all of the query, also where the rows were cut.
fn write_months(sheet: &mut Sheet, months: &[MonthCount], lang: Lang) -> Result<(), XlsxError> {
    let mut kinds: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
    for MonthCount { month, rule, count } in months {
        kinds.entry(rule.as_str()).or_default().insert(month, count.total);
    }
    // Months that have any: at most some 60 within the five years of a dossier, and as many more as the store keeps.
    let columns: BTreeSet<&str> = months.iter().map(|month| month.month.as_str()).collect();
    let total = (lang.pick("合计", "Total"), 10);
    let mut headings = vec![(lang.pick("告警类型", "Rule"), 24), total];
    headings.extend(columns.iter().map(|month| (*month, 10)));
    sheet.turn(lang.pick("分类月度统计", "By kind and month"), &headings)?;
    let mut kinds: Vec<_> =
        kinds.into_iter().map(|(rule, by)| (rule, by.values().sum::<u64>(), by)).collect();
    kinds.sort_by_key(|(_, total, _)| Reverse(*total));
    for (rule, total, by) in &kinds {
        let name = Cell::Text(title(rule, |about| lang.pick(about.title_zh, about.title_en)));
        let counts = columns.iter().map(|month| by.get(month).copied().unwrap_or_default());
        let numbers = std::iter::once(*total).chain(counts).map(|count| Cell::Number(count as f64));
        sheet.push(&std::iter::once(name).chain(numbers).collect::<Vec<_>>())?;
    }
    Ok(())
}

/// The last row of a file that does not hold all.
pub(crate) fn truncated(rows: usize, lang: Lang) -> Vec<Cell> {
    vec![Cell::Text(match lang {
        Lang::Zh => format!("仅导出前 {rows} 条，其余未导出，请缩小查询范围"),
        Lang::En => format!("Only the first {rows} are in this file: narrow the query for the rest"),
    })]
}

const STATS_COLUMNS: &[Column] = &[
    Column("代码", "Key", 24),
    Column("名称", "Name", 28),
    Column("合计", "Total", 10),
    Column("特别严重", "Critical", 10),
    Column("严重", "Major", 10),
    Column("一般", "Minor", 10),
    Column("提示", "Info", 10),
    Column("未解除", "Open", 10),
    Column("已处理", "Handled", 10),
    Column("误报", "False alarms", 12),
    Column("按期处理", "Handled in time", 14),
    Column("处理率（%）", "Handled (%)", 12),
];

fn stats_cells(count: &AlertCount, by: By, lang: Lang, registry: &Registry) -> Vec<Cell> {
    let (zh, en) = names(&count.key, by, registry);
    let day = (by == By::Day).then(|| format!("{}T00:00:00+08:00", count.key).parse::<EventTime>());
    let key = day.and_then(Result::ok).map_or_else(|| Cell::text(&count.key), Cell::Date);
    let numbers = [
        count.total,
        count.critical,
        count.major,
        count.minor,
        count.info,
        count.open,
        count.handled,
        count.false_alarm,
        count.due_handled,
    ];
    let share = rules::rate(count.handled as f64, count.total as f64);
    let percent = Cell::number(share.map(|share| (share * 1000.0).round() / 10.0));
    let names = [key, Cell::text(lang.pick(&zh, &en))];
    names.into_iter().chain(numbers.map(|number| Cell::Number(number as f64))).chain([percent]).collect()
}

pub(crate) fn file((file, bytes): (File, u64), file_name: &str) -> Result<Response, Problem> {
    let mut response = Body::from_stream(chunks(file, 0, bytes)).into_response();
    name(&mut response, XLSX, file_name)?;
    response.headers_mut().insert(header::CONTENT_LENGTH, bytes.into());
    Ok(response)
}

fn name(response: &mut Response, media: &'static str, file_name: &str) -> Result<(), Problem> {
    let heads = response.headers_mut();
    heads.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(media));
    let shown = format!("attachment; filename=\"{file_name}\"").parse().map_err(Problem::internal)?;
    heads.insert(header::CONTENT_DISPOSITION, shown);
    Ok(())
}

pub(crate) fn say_truncated(response: &mut Response, rows: usize) -> Result<(), Problem> {
    response.headers_mut().insert(TRUNCATED, rows.into());
    Ok(())
}
