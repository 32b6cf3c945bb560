//! What goes out of the service: who reads it over MQTT, what waits to be sent, and what the time series database owes.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use fleet::{Department, ReceiveTime};
use prometheus::proto::{Metric, MetricFamily};
use serde_json::{Value, json};

use crate::app::Shared;
use crate::json::to_http;
use crate::problem::Problem;

/// An account of the embedded broker.
#[derive(Clone, Debug)]
pub struct Consumer {
    /// The user name; empty for those who give none.
    pub name: String,
    /// Whose messages it reads; `None` for those who give no name.
    pub department: Option<Department>,
    /// Connections now.
    pub connections: usize,
    /// When one of its connections began or ended last; `None`: not since the service started.
    pub seen_at: Option<ReceiveTime>,
}

/// The accounts of the embedded broker; `None` with a broker outside.
pub type Consumers = Arc<dyn Fn() -> Option<Vec<Consumer>> + Send + Sync>;

pub(crate) async fn feeds(State(app): State<Shared>) -> Result<Json<Value>, Problem> {
    let consumers = (app.parts.consumers)();
    let families = app.parts.metrics.gather();
    let sum = |name: &str| all(&families, name).reduce(|sum, (_, value)| ("", sum.1 + value)).map(|it| it.1);
    let count = |name: &str| sum(name).map(|value| value as u64);
    let waiting = all(&families, "roadwarden_receipts_waiting");
    let receipts = waiting.map(|(department, waiting)| {
        let mut ages = all(&families, "roadwarden_receipts_oldest_seconds");
        let oldest = ages.find(|(of, _)| *of == department).map(|(_, age)| age);
        json!({ "department": department, "waiting": waiting as u64, "oldest_s": oldest })
    });
    let receipts: Vec<Value> = receipts.collect();
    let held = all(&families, "roadwarden_mqtt_held");
    let held =
        held.map(|(department, waiting)| json!({ "department": department, "waiting": waiting as u64 }));
    let held: Vec<Value> = held.collect();
    let influx = count("roadwarden_influxdb_spool_bytes").map(|bytes| {
        json!({
            "spool_bytes": bytes,
            "written": count("roadwarden_influxdb_lines_written_total"),
            "dropped": count("roadwarden_influxdb_lines_dropped_total"),
            "failures": count("roadwarden_influxdb_failures_total"),
        })
    });
    let accounts = consumers.as_ref().map(|consumers| consumers.iter().map(account).collect::<Vec<_>>());
    to_http(&json!({
        "broker": {
            "mode": if consumers.is_some() { "embedded" } else { "external" },
            "connected": sum("roadwarden_mqtt_connected").is_some_and(|connected| connected > 0.0),
            "reconnects": count("roadwarden_mqtt_reconnects_total").unwrap_or_default(),
        },
        "accounts": accounts.unwrap_or_default(),
        "outbox": {
            "waiting": count("roadwarden_outbox_depth").unwrap_or_default(),
            "oldest_s": sum("roadwarden_outbox_oldest_seconds").unwrap_or_default(),
            "published": count("roadwarden_mqtt_published_total").unwrap_or_default(),
        },
        "held": held,
        "receipts": receipts,
        "influxdb": influx,
    }))
    .map(Json)
}

fn account(consumer: &Consumer) -> Value {
    let Consumer { name, department, connections, seen_at } = consumer;
    json!({ "name": name, "department": department, "connections": connections, "seen_at": seen_at })
}

/// Each series of a metric: its first label's value, empty where it has none, and its own value.
fn all<'f>(families: &'f [MetricFamily], name: &str) -> impl Iterator<Item = (&'f str, f64)> {
    let found = families.iter().find(|family| family.name() == name);
    let value = |metric: &Metric| metric.get_counter().get_value() + metric.get_gauge().get_value();
    found.into_iter().flat_map(MetricFamily::get_metric).map(move |metric| {
        let label = metric.get_label().first().map_or("", |label| label.value());
        (label, value(metric))
    })
}
