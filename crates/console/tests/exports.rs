//! Exports over real sockets, read back as a spreadsheet would.

#![allow(clippy::unwrap_used, reason = "a broken promise is a failed test")]

mod client;
mod common;
mod desk;

use std::io::Read as _;
use std::sync::Arc;

use desk::Desk;
use fleet::Alert;
use ledger::Role;
use serde_json::{Value, json};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

impl Desk {
    /// One more alert of vehicle 0 at eight in the morning of 2025-07-01 in China, made from the one that is there.
    async fn add(&self, change: impl FnOnce(&mut Alert)) -> Alert {
        let terminal = common::terminal(0);
        let path = format!("/api/v1/alerts?terminal={terminal}&limit=1");
        let mut item = self.token(Role::Duty).get(&path).await.json()["items"][0].take();
        item.as_object_mut().unwrap().remove("handling");
        let mut alert: Alert = serde_json::from_value(item).unwrap();
        alert.raised_at = "2025-07-01T08:00:00+08:00".parse().unwrap();
        change(&mut alert);
        alert.id = fleet::AlertId::derive(terminal, alert.rule, "more", alert.raised_at);
        self.world.ledger.record(&[Arc::new(alert.clone())]).unwrap();
        alert
    }
}

const THEN: &str = "from=2025-06-30T00:00:00Z&to=2025-07-02T00:00:00Z";

/// Each cell of a sheet: what kind of value it says it is, and the value; by row and letter.
struct Read {
    rows: Vec<Vec<(String, String, String)>>,
    xml: String,
}

impl Read {
    fn of(bytes: &[u8]) -> Self {
        Self::sheet(bytes, 1)
    }

    fn sheet(bytes: &[u8], number: usize) -> Self {
        let wanted = format!("xl/worksheets/sheet{number}.xml");
        let archive = rawzip::ZipArchive::from_slice(bytes).unwrap();
        let mut entries = archive.entries();
        let mut xml = String::new();
        while let Some(entry) = entries.next_entry().unwrap() {
            if entry.file_path().try_normalize().unwrap().as_ref() == wanted {
                let packed = archive.get_entry(entry.wayfinder()).unwrap();
                let plain = flate2::read::DeflateDecoder::new(packed.data());
                packed.verifying_reader(plain).read_to_string(&mut xml).unwrap();
            }
        }
        let between = |text: &str, open: &str, close: &str| -> String {
            let rest = text.split_once(open).map_or("", |(_, rest)| rest);
            rest.split_once(close).map_or("", |(inner, _)| inner).to_owned()
        };
        let cell = |text: &str| {
            let head = text.split_once('>').unwrap().0;
            let kind = between(head, "t=\"", "\"");
            let value = if kind == "inlineStr" {
                let inner = between(text, "<t", "</t>");
                inner.split_once('>').unwrap().1.to_owned()
            } else {
                between(text, "<v>", "</v>")
            };
            let place: String = between(head, "r=\"", "\"");
            (place.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned(), kind, value)
        };
        let rows = xml.split("<row ").skip(1);
        let rows = rows.map(|row| row.split("<c ").skip(1).map(cell).collect()).collect();
        Self { rows, xml }
    }

    /// Kind and value under a heading.
    fn under(&self, row: usize, heading: &str) -> (&str, &str) {
        let column = &self.rows[0].iter().find(|cell| cell.2 == heading).unwrap().0;
        let cell = self.rows[row].iter().find(|cell| cell.0 == *column);
        cell.map_or(("", ""), |cell| (cell.1.as_str(), cell.2.as_str()))
    }
}

#[tokio::test]
async fn a_plate_like_a_formula_is_text_in_both_formats() {
    let desk = Desk::start().await;
    desk.add(|alert| {
        alert.vehicle.plate = "=HYPERLINK(\"http://x\",\"A\")&1".into();
        alert.driver.as_mut().unwrap().name = "@SUM(A1)".into();
    })
    .await;
    let duty = desk.token(Role::Duty);
    let csv = duty.get(&format!("/api/v1/exports/violations.csv?{THEN}")).await.body;
    assert!(csv.contains("\"'=HYPERLINK(\"\"http://x\"\",\"\"A\"\")&1\""), "{csv}");
    assert!(csv.contains("\"'@SUM(A1)\"") && csv.contains("\"'54010219800100000X\""), "{csv}");
    let reply = duty.get(&format!("/api/v1/exports/violations.xlsx?{THEN}")).await;
    assert_eq!((reply.status, reply.head("content-type")), (200, XLSX));
    assert_eq!(reply.head("content-length"), reply.bytes.len().to_string());
    let read = Read::of(&reply.bytes);
    assert_eq!(read.rows.len(), 2);
    assert_eq!(read.under(1, "车牌号码"), ("inlineStr", "=HYPERLINK(\"http://x\",\"A\")&amp;1"));
    assert_eq!(read.under(1, "驾驶员"), ("inlineStr", "@SUM(A1)"));
    assert_eq!(read.under(1, "从业资格证号"), ("inlineStr", "54010219800100000X"));
    assert_eq!(read.under(1, "终端号"), ("inlineStr", "13800000000"));
    assert!(!read.xml.contains("<f>") && !read.xml.contains("<f "), "a formula");
}

#[tokio::test]
async fn cells_have_types_and_times_are_those_of_china() {
    let desk = Desk::start().await;
    let alert = desk.add(|alert| alert.vehicle.plate = "藏A00001".into()).await;
    let duty = desk.token(Role::Duty);
    let act = format!("/api/v1/alerts/{}/actions", alert.id);
    let body = json!({"action": "handle", "result": "warned"});
    assert_eq!(duty.send("POST", &act, Some(&body)).await.status, 200);
    let read = Read::of(&duty.get(&format!("/api/v1/exports/violations.xlsx?{THEN}")).await.bytes);
    // 45839 is 2025-07-01 in Excel; eight hours are a third of a day.
    let (kind, value) = read.under(1, "触发时间");
    assert!(
        kind.is_empty() && (value.parse::<f64>().unwrap() - (45_839.0 + 1.0 / 3.0)).abs() < 1e-6,
        "{value}"
    );
    let (kind, limit) = read.under(1, "限值");
    assert_eq!((kind, limit.parse::<f64>().ok()), ("", alert.measure.limit));
    assert_eq!(read.under(1, "处理人"), ("inlineStr", "duty"));
    assert_eq!(read.under(1, "处理结果"), ("inlineStr", "已提醒驾驶员"));
    let handled: f64 = read.under(1, "处理时间").1.parse().unwrap();
    assert!(handled > 45_839.0, "{handled}");
    assert_eq!(read.under(1, "企业名称"), ("inlineStr", "藏运1公司"));
    assert!(read.under(1, "依据").1.contains("《"), "{:?}", read.under(1, "依据"));
    assert!(read.under(1, "持续时间（秒）").1.parse::<f64>().is_ok());
    assert!(read.xml.contains("<hyperlink "), "a map link");
    let csv = duty.get(&format!("/api/v1/exports/violations.csv?{THEN}")).await.body;
    assert!(
        csv.contains(",2025-07-01 08:00:00,") && csv.contains("https://uri.amap.com/marker?position="),
        "{csv}"
    );
}

#[tokio::test]
async fn headings_are_chinese_unless_english_is_asked_for() {
    let desk = Desk::start().await;
    let duty = desk.token(Role::Duty);
    let first = |text: &str| text.lines().next().unwrap().to_owned();
    let zh = first(&duty.get("/api/v1/exports/violations.csv").await.body);
    assert!(zh.starts_with("\u{feff}\"告警编号\",\"车牌号码\"") && !zh.contains("Alert"), "{zh}");
    let en = first(&duty.get("/api/v1/exports/violations.csv?lang=en").await.body);
    assert!(en.starts_with("\u{feff}\"Alert\",\"Plate\""), "{en}");
    assert!(en.trim_start_matches('\u{feff}').is_ascii(), "{en}");
    assert_eq!(zh.matches(',').count(), en.matches(',').count());
    let read = Read::of(&duty.get("/api/v1/exports/violations.xlsx?lang=en").await.bytes);
    assert_eq!(read.rows[0][1].2, "Plate");
    for (query, pointer) in
        [("lang=fr", "query/lang"), ("rows=0", "query/rows"), ("rows=50001", "query/rows")]
    {
        let reply = duty.get(&format!("/api/v1/exports/violations.xlsx?{query}")).await;
        assert_eq!((reply.status, &reply.json()["errors"][0]["pointer"]), (400, &json!(pointer)), "{query}");
    }
}

#[tokio::test]
async fn an_export_holds_what_the_list_holds_and_to_an_operator_its_own_only() {
    let desk = Desk::start().await;
    for (client, filters) in [
        (desk.token(Role::Duty), ""),
        (desk.token(Role::Duty), "&severity=critical&operator=OP002"),
        (desk.token(Role::Operator), ""),
        (desk.token(Role::Operator), "&operator=OP002"),
    ] {
        let list = client.get(&format!("/api/v1/alerts?limit=1000{filters}")).await.json();
        let ids: Vec<&str> =
            list["items"].as_array().unwrap().iter().map(|alert| alert["id"].as_str().unwrap()).collect();
        let csv = client.get(&format!("/api/v1/exports/violations.csv?{filters}")).await;
        assert_eq!(csv.head("x-truncated"), "");
        let in_csv: Vec<&str> = csv.body.lines().skip(1).map(|line| &line[1..37]).collect();
        assert_eq!(in_csv, ids, "{filters}");
        let read = Read::of(&client.get(&format!("/api/v1/exports/violations.xlsx?{filters}")).await.bytes);
        let in_xlsx: Vec<&str> = read.rows.iter().skip(1).map(|row| row[0].2.as_str()).collect();
        assert_eq!(in_xlsx, ids, "{filters}");
        let stats = client.get(&format!("/api/v1/stats/alerts?by=operator{filters}")).await.json();
        let read =
            Read::of(&client.get(&format!("/api/v1/exports/stats.xlsx?by=operator{filters}")).await.bytes);
        let keys: Vec<Value> =
            stats["items"].as_array().unwrap().iter().map(|item| item["key"].clone()).collect();
        let in_xlsx: Vec<Value> = read.rows.iter().skip(1).map(|row| json!(row[0].2)).collect();
        assert_eq!(in_xlsx, keys, "{filters}");
        let total: f64 =
            (1..read.rows.len()).map(|row| read.under(row, "合计").1.parse::<f64>().unwrap()).sum();
        assert_eq!(total as usize, ids.len(), "{filters}");
    }
}

#[tokio::test]
async fn a_workbook_counts_what_its_dossier_counts_by_kind_and_month() {
    let desk = Desk::start().await;
    for at in ["2025-06-30T23:59:00+08:00", "2025-07-01T00:01:00+08:00", "2025-07-02T08:00:00+08:00"] {
        desk.add(|alert| alert.raised_at = at.parse().unwrap()).await;
    }
    let duty = desk.token(Role::Duty);
    let range = "from=2025-06-01T00:00:00Z&to=2025-08-01T00:00:00Z";
    let terminal = common::terminal(0);
    let dossier = duty.get(&format!("/api/v1/vehicles/{terminal}/dossier?{range}")).await.json();
    let path = format!("/api/v1/exports/violations.xlsx?terminal={terminal}&rows=1&{range}");
    let read = Read::sheet(&duty.get(&path).await.bytes, 2);
    let counted = (1..read.rows.len()).map(|row| {
        ["合计", "2025-06", "2025-07"].map(|under| read.under(row, under).1.parse::<u64>().unwrap())
    });
    assert_eq!(counted.collect::<Vec<_>>(), [[3, 1, 2]]);
    assert_eq!((&dossier["totals"]["alerts"], &dossier["by_month"][1]["total"]), (&json!(3), &json!(2)));
    let english = Read::sheet(&duty.get(&format!("{path}&lang=en")).await.bytes, 2);
    assert_eq!((english.under(0, "Rule").1, english.under(1, "Total").1), ("Rule", "3"));
}

#[tokio::test]
async fn a_file_that_does_not_hold_all_says_so() {
    let desk = Desk::start().await;
    let duty = desk.token(Role::Duty);
    let csv = duty.get("/api/v1/exports/violations.csv?rows=4").await;
    assert_eq!(csv.head("x-truncated"), "4");
    assert_eq!(csv.body.lines().count(), 6);
    assert!(csv.body.lines().last().unwrap().contains("仅导出前 4 条"), "{}", csv.body);
    let xlsx = duty.get("/api/v1/exports/violations.xlsx?rows=4&lang=en").await;
    assert_eq!(xlsx.head("x-truncated"), "4");
    let read = Read::of(&xlsx.bytes);
    assert_eq!(read.rows.len(), 6);
    assert!(read.rows[5][0].2.contains("Only the first 4"), "{:?}", read.rows[5]);
    // A file that just holds all says nothing.
    let all = duty.get("/api/v1/exports/violations.xlsx?rows=30").await;
    assert_eq!((all.head("x-truncated"), Read::of(&all.bytes).rows.len()), ("", 31));
}

#[tokio::test]
async fn days_of_statistics_are_dates() {
    let desk = Desk::start().await;
    desk.add(|alert| alert.raised_at = "2025-07-01T00:30:00+08:00".parse().unwrap()).await;
    let reply = desk.token(Role::Duty).get(&format!("/api/v1/exports/stats.xlsx?by=day&{THEN}")).await;
    let read = Read::of(&reply.bytes);
    assert_eq!((read.under(1, "代码"), read.under(1, "合计")), (("", "45839"), ("", "1")));
}

#[tokio::test]
async fn dangers_are_a_workbook_with_types_and_no_formula() {
    let desk = Desk::start().await;
    let duty = desk.token(Role::Duty);
    let body = json!({"title": "=HYPERLINK(1)", "category": "@x", "level": "major", "operator": "OP001",
        "driver": "540102198001010000X"});
    let listed = duty.send("POST", "/api/v1/dangers", Some(&body)).await;
    assert_eq!(listed.status, 201, "{}", listed.body);
    let reply = duty.get("/api/v1/exports/dangers.xlsx").await;
    assert_eq!((reply.status, reply.head("content-type")), (200, XLSX));
    let read = Read::of(&reply.bytes);
    assert_eq!(read.rows.len(), 2);
    assert_eq!(read.under(1, "隐患"), ("inlineStr", "=HYPERLINK(1)"));
    assert_eq!(read.under(1, "判定依据"), ("inlineStr", "@x"));
    assert_eq!(read.under(1, "从业资格证"), ("inlineStr", "540102198001010000X"));
    assert_eq!(
        (read.under(1, "等级").1, read.under(1, "状态").1, read.under(1, "来源").1),
        ("重大", "待交办", "人工登记")
    );
    assert_eq!(read.under(1, "督办级别"), ("", "0"));
    let (kind, time) = read.under(1, "列入时间");
    assert!(kind.is_empty() && time.parse::<f64>().unwrap() > 45_839.0, "{kind} {time}");
    assert!(!read.xml.contains("<f>") && !read.xml.contains("<f "), "a formula");
    let english = Read::of(&duty.get("/api/v1/exports/dangers.xlsx?lang=en&level=major").await.bytes);
    assert_eq!(english.under(1, "Level").1, "Major");
    let none = Read::of(&duty.get("/api/v1/exports/dangers.xlsx?level=general").await.bytes);
    assert_eq!(none.rows.len(), 1);
    let others = desk.token(Role::Operator).get("/api/v1/exports/dangers.xlsx?operator=OP002").await;
    assert_eq!(Read::of(&others.bytes).rows.len(), 1);
}

#[tokio::test]
async fn what_a_driver_did_is_exported_to_who_may_know_and_that_is_on_record() {
    let desk = Desk::start().await;
    let certificate = common::certificate(0);
    let alert = desk.add(|alert| alert.vehicle.plate = "藏A00001".into()).await;
    assert_eq!(alert.driver.as_ref().unwrap().certificate, certificate);
    let police = desk.token(Role::Police);
    let of = |format: &str, certificate: &str| {
        format!("/api/v1/exports/violations.{format}?driver={certificate}&{THEN}")
    };
    let read = Read::of(&police.get(&of("xlsx", &certificate)).await.bytes);
    assert_eq!((read.rows.len(), read.under(1, "从业资格证号").1), (2, certificate.as_str()));
    let csv = police.get(&of("csv", &certificate)).await;
    assert_eq!(csv.body.lines().count(), 2, "{}", csv.body);
    let somebody_else = police.get(&of("csv", &common::certificate(1))).await;
    assert_eq!((somebody_else.status, somebody_else.body.lines().count()), (200, 1));
    assert_eq!(police.get(&of("csv", "none")).await.status, 404);
    // Who sees the end of the number only can't ask for the whole.
    assert_eq!(desk.token(Role::Analyst).get(&of("csv", &certificate)).await.status, 404);
    let log = desk.token(Role::Auditor).get(&format!("/api/v1/audit?subject={certificate}")).await.json();
    let entries = log["items"].as_array().unwrap();
    assert_eq!(entries.len(), 2, "{log}");
    let shown = |key: &str| entries.iter().map(|entry| entry[key].clone()).collect::<Vec<_>>();
    assert_eq!(shown("action"), vec![json!("read-dossier"); 2]);
    assert_eq!(shown("detail"), vec![json!("export"); 2]);
}
