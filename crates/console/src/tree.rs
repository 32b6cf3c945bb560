//! The fleet as a tree: divisions, operators, and how many of their vehicles are there.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use fleet::{Division, Severity};
use serde_json::{Value, json};

use crate::app::Shared;
use crate::guard::Caller;
use crate::slots::{Point, Slots, sees_group, severity_number};

/// Vehicles of one operator in one division.
#[derive(Clone, Copy, Default)]
struct Count {
    total: usize,
    online: usize,
    worst: u8,
}

type Tree = BTreeMap<Division, BTreeMap<String, Count>>;

pub(crate) async fn tree(State(app): State<Shared>, Extension(caller): Extension<Caller>) -> Json<Value> {
    let tree = grown(&app.fold.read(), &caller);
    let registry = Arc::clone(&app.parts.reference.borrow().registry);
    let name = |operator: &str| registry.operator(operator).map(|operator| operator.name.clone());
    let divisions: Vec<Value> = tree
        .into_iter()
        .map(|(division, operators)| {
            let sum = |of: fn(&Count) -> usize| operators.values().map(of).sum::<usize>();
            let (total, online) = (sum(|count| count.total), sum(|count| count.online));
            let operators: Vec<Value> = operators
                .iter()
                .map(|(operator, count)| {
                    json!({
                        "operator": operator, "name": name(operator), "total": count.total, "online": count.online,
                        "worst_open": severity(count.worst),
                    })
                })
                .collect();
            json!({
                "division": division, "name_zh": null, "name_en": null, "total": total, "online": online,
                "operators": operators,
            })
        })
        .collect();
    Json(json!({ "divisions": divisions }))
}

fn grown(slots: &Slots, caller: &Caller) -> Tree {
    let groups = slots.groups();
    let mut counts = vec![Count::default(); groups.len()];
    for (_, point) in slots.known() {
        if let Some(count) = counts.get_mut(point.group_index()) {
            count.take(point);
        }
    }
    let mut tree = Tree::new();
    let mine =
        groups.iter().zip(counts).filter(|(group, count)| count.total > 0 && sees_group(caller, group));
    for (group, count) in mine {
        tree.entry(group.division).or_default().insert(group.operator.clone(), count);
    }
    tree
}

impl Count {
    fn take(&mut self, point: &Point) {
        self.total += 1;
        self.online += usize::from(point.is_online());
        self.worst = self.worst.max(point.severity());
    }
}

fn severity(number: u8) -> Option<Severity> {
    Severity::ALL.iter().copied().find(|severity| severity_number(*severity) == number)
}
