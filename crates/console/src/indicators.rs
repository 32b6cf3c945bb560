//! The ten indicators an operator's month is assessed by: nine of the joint monitoring network's table, and the share of
//! alerts that were handled.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use fleet::{EventTime, Registry};
use ledger::{QualityRow, Whose};
use rules::{Average, Score, Standing, rate};
use serde_json::{Value, json};

use crate::app::{Shared, now};
use crate::guard::Caller;
use crate::problem::Problem;
use crate::quality::{HANDLED_ENOUGH, region, standing};
use crate::query::Params;

/// What the counts of a month say, and whose they are.
struct Month {
    row: QualityRow,
    standing: Standing,
    region: Average,
}

pub(crate) async fn month(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(params): Extension<Params>,
) -> Result<Json<Value>, Problem> {
    let name = params.one::<String>("month")?.unwrap_or_else(|| now().as_event().date()[..7].to_owned());
    let days = days(&name)?;
    let wanted = params.one::<String>("operator")?;
    let (registry, drift_jumps) = {
        let reference = app.parts.reference.borrow();
        (Arc::clone(&reference.registry), reference.book.base().quality.drift_jumps)
    };
    let mut seen: Vec<String> = registry
        .operators()
        .filter(|operator| caller.sees_operator(operator))
        .map(|operator| operator.operator.clone())
        .collect();
    if let Some(wanted) = &wanted {
        seen.retain(|operator| operator == wanted);
        if seen.is_empty() {
            return Err(Problem::not_found("such operator"));
        }
    }
    let month = app
        .blocking(move |parts| Month::read(&parts.ledger, &registry, &seen, days, drift_jumps))
        .await?
        .map_err(Problem::internal)?;
    let score = month.standing.score(month.region);
    let is_judged = score.out_of > 0.0;
    Ok(Json(json!({
        "month": name,
        "operator": wanted,
        "items": month.items(score),
        "score": is_judged.then_some(score.total),
        "out_of": score.out_of,
        "note_zh": "没有数据的指标不计分，满分相应减少。查岗响应率没有数据来源，始终不计分。车辆按当前登记计算。",
        "note_en": "What there are no data for is not scored and lowers the most that can be reached. There is no source for answers to \
                    inspections, so they are never scored. Vehicles are those on file now.",
    })))
}

/// The first day of a month in China and the first of the next.
fn days(month: &str) -> Result<(i32, i32), Problem> {
    let wrong =
        || Problem::parameter("month", format!("{month:?} is no month, expected one such as 2026-11"));
    let (year, number) = month.split_once('-').filter(|_| month.len() == 7).ok_or_else(wrong)?;
    let year: i32 = year.parse().map_err(|_| wrong())?;
    let number: i32 = number.parse().map_err(|_| wrong())?;
    let first = |year: i32, number: i32| -> Result<i32, Problem> {
        let start: EventTime =
            format!("{year:04}-{number:02}-01T00:00:00+08:00").parse().map_err(|_| wrong())?;
        i32::try_from(start.day()).map_err(|_| wrong())
    };
    let after = if number == 12 { first(year + 1, 1)? } else { first(year, number + 1)? };
    Ok((first(year, number)?, after))
}

impl Month {
    fn read(
        ledger: &ledger::Ledger,
        registry: &Registry,
        operators: &[String],
        (from, to): (i32, i32),
        drift_jumps: u16,
    ) -> Result<Self, ledger::StoreError> {
        let rows = ledger.quality_of_period((from, to), drift_jumps, Whose::All)?;
        let networked = ledger.networked(to - 1)?;
        let mut registered: BTreeMap<&str, u64> = BTreeMap::new();
        for vehicle in registry.vehicles() {
            *registered.entry(&vehicle.operator).or_default() += 1;
        }
        let (mut row, mut on_file, mut heard) = (QualityRow::default(), 0, 0);
        for operator in operators {
            let vehicles = registered.get(operator.as_str()).copied().unwrap_or_default();
            on_file += vehicles;
            // A vehicle that changed hands was heard for its old operator.
            heard += u64::from(networked.get(operator).copied().unwrap_or_default()).min(vehicles);
            if let Some(own) = rows.get(operator) {
                row = plus(row, own);
            }
        }
        Ok(Self { standing: standing(&row, on_file, heard), region: region(&rows), row })
    }

    fn items(&self, score: Score) -> Vec<Value> {
        let all = INDICATORS.iter().zip(self.figures(score)).zip(self.basis());
        all.map(|((indicator, (value, points)), basis)| {
            json!({
                "id": indicator.id,
                "name_zh": indicator.zh,
                "name_en": indicator.en,
                "value": value,
                "unit": indicator.unit,
                "score": points,
                "weight": indicator.weight,
                "basis_zh": basis.0,
                "basis_en": basis.1,
            })
        })
        .collect()
    }

    /// Values and points, in the order of [`INDICATORS`].
    fn figures(&self, score: Score) -> [(Option<f64>, Option<f64>); 10] {
        let (row, standing) = (&self.row, &self.standing);
        let own = standing.average();
        let is_known = row.reports > 0 || row.online > 0;
        [
            (standing.networked_rate(), score.networked),
            (standing.online_rate(), score.online),
            (standing.track_rate(), score.track),
            (standing.valid_rate(), score.data),
            (standing.drift_rate(), score.drift),
            (own.map(|own| own.overspeeds), score.overspeeds),
            (own.map(|own| own.fatigue_s), score.fatigue),
            (None, None),
            (is_known.then_some(row.tampers as f64), None),
            (rate(row.handled as f64, row.alerts as f64), None),
        ]
    }

    /// What each is counted from, Chinese and English.
    fn basis(&self) -> [(String, String); 10] {
        let (row, standing, region) = (&self.row, &self.standing, self.region);
        let part = |part: u64, whole: u64, zh: &str, en: &str| {
            (format!("{zh}：{part} ÷ {whole}"), format!("{en}: {part} of {whole}"))
        };
        let against = |own: u64, whole: f64| {
            (format!("合计 {own}，区域平均 {whole:.2}"), format!("{own} in all, {whole:.2} in the region"))
        };
        let (known_km, gap_km) =
            ((standing.continuous_m / 1000.0).round(), (standing.broken_m / 1000.0).round());
        let valid = row.reports - row.invalid.min(row.reports);
        let target = HANDLED_ENOUGH * 100.0;
        let both = |zh: &str, en: &str| (zh.to_owned(), en.to_owned());
        [
            part(
                standing.networked,
                standing.registered,
                "入网车辆 ÷ 登记车辆",
                "ever heard of those on file",
            ),
            part(standing.online, standing.networked, "上线车辆 ÷ 入网车辆", "heard of those ever heard"),
            (
                format!("连续里程 {known_km} km，不连续里程 {gap_km} km"),
                format!("{known_km} km known, {gap_km} km over gaps"),
            ),
            part(valid, row.reports, "合格数据 ÷ 全部数据", "reports that can be"),
            part(standing.drifted, standing.online, "漂移车辆 ÷ 上线车辆", "drifted of those heard"),
            against(row.overspeeds, region.overspeeds),
            against(row.fatigue_s, region.fatigue_s),
            both("没有数据来源", "no source of data"),
            both("发现篡改、干扰或造假，总分为零", "any falsification makes the score nothing"),
            part(
                row.handled,
                row.alerts,
                &format!("已处理 ÷ 全部（应不低于 {target:.0}%）"),
                &format!("handled, {target:.0} % are asked for"),
            ),
        ]
    }
}

struct Indicator {
    id: &'static str,
    zh: &'static str,
    en: &'static str,
    unit: &'static str,
    weight: Option<f64>,
}

const fn indicator(
    id: &'static str,
    zh: &'static str,
    en: &'static str,
    unit: &'static str,
    weight: Option<f64>,
) -> Indicator {
    Indicator { id, zh, en, unit, weight }
}

const INDICATORS: [Indicator; 10] = [
    indicator("networked", "车辆入网率", "Vehicles networked", "share", Some(5.0)),
    indicator("online", "车辆上线率", "Vehicles online", "share", Some(5.0)),
    indicator("track", "轨迹完整率", "Track completeness", "share", Some(15.0)),
    indicator("data", "数据合格率", "Valid data", "share", Some(15.0)),
    indicator("drift", "卫星定位漂移车辆率", "Vehicles that drifted", "share", Some(10.0)),
    indicator("overspeeds", "平均车辆超速次数", "Speedings a vehicle", "times-per-vehicle", Some(20.0)),
    indicator("fatigue", "平均疲劳驾驶时长", "Fatigue driving a vehicle", "seconds-per-vehicle", Some(20.0)),
    indicator("inspection", "平台查岗响应率", "Inspections answered", "share", Some(10.0)),
    indicator("truthful", "数据造假次数", "Falsifications found", "times", None),
    indicator("handled", "违法信息处理率", "Alerts handled", "share", None),
];

/// What a dossier says of the quality of data.
pub(crate) fn rates(row: &QualityRow) -> Value {
    let standing = standing(row, 0, 0);
    let average = standing.average();
    json!({
        "online": row.online,
        "continuous_km": standing.continuous_m / 1000.0,
        "broken_km": standing.broken_m / 1000.0,
        "track_rate": standing.track_rate(),
        "reports": row.reports,
        "invalid": row.invalid,
        "valid_rate": standing.valid_rate(),
        "drift_rate": standing.drift_rate(),
        "jumps": row.jumps,
        "overspeeds": row.overspeeds,
        "overspeeds_per_vehicle": average.map(|average| average.overspeeds),
        "fatigue_s": row.fatigue_s,
        "fatigue_s_per_vehicle": average.map(|average| average.fatigue_s),
        "tampers": row.tampers,
        "truthful": row.tampers == 0,
    })
}

/// Two rows added up.
pub(crate) fn plus(mut sum: QualityRow, more: &QualityRow) -> QualityRow {
    sum.online += more.online;
    sum.drifted += more.drifted;
    sum.reports += more.reports;
    sum.invalid += more.invalid;
    sum.unlocated += more.unlocated;
    sum.continuous_dm += more.continuous_dm;
    sum.broken_dm += more.broken_dm;
    sum.fatigue_s += more.fatigue_s;
    sum.jumps += more.jumps;
    sum.overspeeds += more.overspeeds;
    sum.tampers += more.tampers;
    sum.alerts += more.alerts;
    sum.handled += more.handled;
    sum
}
