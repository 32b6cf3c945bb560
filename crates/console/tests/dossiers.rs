//! Dossiers, operators, drivers and indicators over real sockets: they add up, and hold nobody else's.

#![allow(clippy::unwrap_used, reason = "a broken promise is a failed test")]

mod client;
mod common;
mod desk;

use desk::{Desk, OWN};
use ledger::Role;
use serde_json::{Value, json};

impl Desk {
    /// The first day of 2026, and the one after: two vehicles of OP001 were heard, one of them on both, one of OP002.
    fn count_two_days(&self) {
        let count = |n: usize, day: i32, change: &dyn Fn(&mut fleet::DayCount)| {
            let mut count = fleet::DayCount { day, seen: 9, heard: true, ..Default::default() };
            change(&mut count);
            let (terminal, operator) = (common::terminal(n), common::operator_id(n % 5 + 1));
            self.world.ledger.record_quality(&[fleet::Tally { terminal, operator, count }]).unwrap();
        };
        count(0, 20_454, &|count| {
            (count.reports, count.invalid, count.continuous_dm) = (90, 9, 80_000);
            (count.overspeeds, count.fatigue_s) = (3, 600);
        });
        count(5, 20_454, &|count| (count.reports, count.invalid, count.broken_dm) = (5, 1, 20_000));
        count(0, 20_455, &|count| (count.reports, count.overspeeds) = (5, 1));
        count(1, 20_455, &|count| (count.reports, count.overspeeds) = (50, 8));
    }
}

fn items(list: &Value) -> Vec<Value> {
    list["items"].as_array().unwrap().clone()
}

fn sum(items: &Value, field: &str) -> u64 {
    items.as_array().unwrap().iter().map(|item| item[field].as_u64().unwrap()).sum()
}

#[tokio::test]
async fn a_dossier_adds_up_to_the_list_of_its_subject() {
    let desk = Desk::start().await;
    let duty = desk.token(Role::Duty);
    let list = items(&duty.get("/api/v1/alerts?limit=1000").await.json());
    let id = list.iter().find(|alert| alert["vehicle"]["operator"] == OWN).unwrap()["id"].as_str().unwrap();
    let body = json!({"action": "false-alarm", "reason": "map"});
    assert_eq!(duty.send("POST", &format!("/api/v1/alerts/{id}/actions"), Some(&body)).await.status, 200);
    let list = items(&duty.get("/api/v1/alerts?limit=1000").await.json());
    let certificate = common::certificate(0);
    for (path, is_of) in [
        (
            "vehicles/13800000005",
            &(|alert: &Value| alert["vehicle"]["terminal"] == "13800000005") as &dyn Fn(&Value) -> bool,
        ),
        ("operators/OP001", &|alert| alert["vehicle"]["operator"] == OWN),
        (&format!("drivers/{certificate}"), &|alert| alert["driver"]["certificate"] == certificate.as_str()),
    ] {
        let own: Vec<&Value> = list.iter().filter(|alert| is_of(alert)).collect();
        let count = |holds: &dyn Fn(&Value) -> bool| own.iter().filter(|alert| holds(alert)).count();
        let dossier = duty.get(&format!("/api/v1/{path}/dossier")).await.json();
        let handled = count(&|alert| alert["handling"]["status"] == "handled");
        assert!(!own.is_empty(), "{path}");
        assert_eq!(
            dossier["totals"],
            json!({
                "alerts": own.len(),
                "open": count(&|alert| alert["state"] != "cleared"),
                "handled": handled,
                "false_alarm": handled,
                "late": count(&|alert| alert["late"] == true),
            }),
            "{path}"
        );
        assert_eq!(sum(&dossier["by_rule"], "total"), own.len() as u64, "{path}");
        assert_eq!(sum(&dossier["by_month"], "total"), own.len() as u64, "{path}");
        let month = &dossier["by_month"][0]["by_rule"];
        assert!(month.as_object().unwrap().values().all(Value::is_u64), "{month}");
        assert_eq!(dossier["handling"]["rate"], json!(handled as f64 / own.len() as f64), "{path}");
        let worst = dossier["worst"].as_array().unwrap();
        assert_eq!(worst.len(), own.len().min(10), "{path}");
        assert!(worst.iter().all(is_of), "{path}");
        let rank = |alert: &Value| alert["severity"].as_str().unwrap().parse::<fleet::Severity>().unwrap();
        assert!(worst.is_sorted_by_key(|alert| std::cmp::Reverse(rank(alert))), "{path}");
        let gravest = own.iter().map(|alert| rank(alert)).max().unwrap();
        assert_eq!(rank(&worst[0]), gravest, "{path}");
    }
    let of_operator = duty.get("/api/v1/operators/OP001/dossier").await.json();
    assert_eq!((&of_operator["vehicles"], &of_operator["drivers"]), (&json!(6), &json!(6)));
    assert_eq!(of_operator["subject"]["name"], "藏运1公司");
    // Outside the time there is nothing.
    let range = "from=2024-01-01T00:00:00Z&to=2024-02-01T00:00:00Z";
    let empty = duty.get(&format!("/api/v1/operators/OP001/dossier?{range}")).await.json();
    assert_eq!(
        (&empty["totals"]["alerts"], &empty["handling"]["rate"], &empty["by_month"], &empty["quality"]),
        (&json!(0), &Value::Null, &json!([]), &Value::Null)
    );
    let long = duty.get("/api/v1/operators/OP001/dossier?from=2001-01-01T00:00:00Z").await;
    assert_eq!((long.status, &long.json()["errors"][0]["pointer"]), (400, &json!("query/from")));
}

#[tokio::test]
async fn an_operators_account_finds_its_own_people_and_vehicles_only() {
    let desk = Desk::start().await;
    let (own, duty) = (desk.token(Role::Operator), desk.token(Role::Duty));
    let operators = items(&own.get("/api/v1/operators").await.json());
    assert_eq!(operators.len(), 1);
    assert_eq!((&operators[0]["operator"], &operators[0]["vehicles"]), (&json!(OWN), &json!(6)));
    let vehicles = items(&duty.get("/api/v1/vehicles?operator=OP001&limit=1000").await.json());
    let online = vehicles.iter().filter(|vehicle| vehicle["online"] == true).count();
    let open: u64 = vehicles.iter().map(|vehicle| vehicle["open_alerts"].as_u64().unwrap()).sum();
    assert_eq!((&operators[0]["online"], &operators[0]["open_alerts"]), (&json!(online), &json!(open)));
    assert_eq!(items(&own.get("/api/v1/operators?q=OP002").await.json()), Vec::<Value>::new());
    let drivers = items(&own.get("/api/v1/drivers?limit=1000").await.json());
    assert_eq!(drivers.len(), 6);
    assert!(drivers.iter().all(|driver| driver["operator"] == OWN && driver["valid"] == true));
    assert_eq!(items(&own.get("/api/v1/drivers?operator=OP002").await.json()), Vec::<Value>::new());
    for path in [
        "operators/OP002/dossier".to_owned(),
        format!("drivers/{}/dossier", common::certificate(1)),
        "operators/OP999/dossier".to_owned(),
        "drivers/none/dossier".to_owned(),
    ] {
        assert_eq!(own.get(&format!("/api/v1/{path}")).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn lists_come_page_by_page_and_are_searched() {
    let desk = Desk::start().await;
    let duty = desk.token(Role::Duty);
    for (path, key, count) in [("operators", "operator", 5), ("drivers", "certificate", 30)] {
        let (mut met, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = duty.get(&format!("/api/v1/{path}?limit=4{cursor}")).await.json();
            met.extend(items(&page).iter().map(|item| item[key].as_str().unwrap().to_owned()));
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        let met_once: std::collections::BTreeSet<_> = met.iter().collect();
        assert_eq!((met.len(), met_once.len()), (count, count), "{path}");
    }
    let found = items(&duty.get("/api/v1/operators?q=%E8%97%8F%E8%BF%903").await.json());
    assert_eq!((found.len(), &found[0]["operator"]), (1, &json!("OP003")));
    let found = items(&duty.get("/api/v1/drivers?q=0007x").await.json());
    assert_eq!((found.len(), &found[0]["certificate"]), (1, &json!(common::certificate(7))));
}

#[tokio::test]
async fn who_read_a_drivers_dossier_is_on_record() {
    let desk = Desk::start().await;
    let certificate = common::certificate(0);
    let path = format!("/api/v1/drivers/{certificate}/dossier");
    assert_eq!(desk.token(Role::Police).get(&path).await.status, 200);
    let rows = items(&desk.token(Role::Admin).get("/api/v1/audit?action=read-dossier").await.json());
    assert_eq!(
        (&rows[0]["by"], &rows[0]["action"], &rows[0]["subject"]),
        (&json!("police"), &json!("read-dossier"), &json!(certificate))
    );
}

#[tokio::test]
async fn a_month_is_assessed_by_ten_indicators() {
    let desk = Desk::start().await;
    desk.count_two_days();
    let own = desk.token(Role::Operator);
    let month = own.get("/api/v1/stats/indicators?month=2026-01").await.json();
    let indicators = items(&month);
    assert_eq!(indicators.len(), 10);
    let of = |id: &str| indicators.iter().find(|item| item["id"] == id).unwrap();
    let near = |value: &Value, expected: f64| {
        assert!((value.as_f64().unwrap() - expected).abs() < 1e-9, "{value} {expected}");
    };
    // Six vehicles on file, two ever heard, both this month, the one on two days counted once.
    near(&of("networked")["value"], 2.0 / 6.0);
    near(&of("networked")["score"], 0.0);
    near(&of("online")["value"], 1.0);
    near(&of("track")["value"], 0.8);
    near(&of("data")["value"], 0.9);
    near(&of("drift")["value"], 0.0);
    // Four speedings of two vehicles; the region has twelve of three.
    near(&of("overspeeds")["value"], 2.0);
    near(&of("overspeeds")["score"], 10.0 + (4.0 - 2.0) / 4.0 * 10.0);
    near(&of("fatigue")["value"], 300.0);
    near(&of("truthful")["value"], 0.0);
    assert_eq!((&of("inspection")["value"], &of("handled")["value"]), (&Value::Null, &Value::Null));
    near(&month["score"], 0.0 + 5.0 + 12.0 + 13.5 + 10.0 + 15.0 + 5.0);
    near(&month["out_of"], 90.0);
    let all = desk.token(Role::Duty).get("/api/v1/stats/indicators?month=2026-01").await.json();
    let overspeeds = items(&all).into_iter().find(|item| item["id"] == "overspeeds").unwrap();
    near(&overspeeds["value"], 4.0);
    // The dossier of the same time says the same.
    let range = "from=2026-01-01T00:00:00%2B08:00&to=2026-02-01T00:00:00%2B08:00";
    let dossier = own.get(&format!("/api/v1/operators/OP001/dossier?{range}")).await.json();
    near(&dossier["quality"]["track_rate"], 0.8);
    near(&dossier["quality"]["overspeeds_per_vehicle"], 2.0);
    let vehicle = own.get(&format!("/api/v1/vehicles/{}/dossier?{range}", common::terminal(0))).await.json();
    assert_eq!((&vehicle["quality"]["reports"], &vehicle["quality"]["overspeeds"]), (&json!(95), &json!(4)));
    let empty = own.get("/api/v1/stats/indicators?month=2025-01").await.json();
    assert_eq!(empty["items"][2]["value"], Value::Null);
    for month in ["2026-13", "2026-1", "26-01", "2026-1-", "now", "2026/01", "+026-01"] {
        let reply = own.get(&format!("/api/v1/stats/indicators?month={month}")).await;
        assert_eq!(
            (reply.status, &reply.json()["errors"][0]["pointer"]),
            (400, &json!("query/month")),
            "{month}"
        );
    }
}
