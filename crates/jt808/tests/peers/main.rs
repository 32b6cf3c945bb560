//! Frames that stand in the tests and documents of other implementations, and what those say of them.
//!
//! The file is not part of the project; where it is not at hand this says so and passes. Every field a peer names is
//! compared with ours. Where the two differ, `explained.rs` says which is wrong and why; an explanation whose
//! difference no longer occurs fails as well.

mod claims;
mod explained;
mod facts;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::claims::Verdict;
use crate::explained::EXPLAINED;
use crate::facts::Facts;

#[test]
fn peers_agree_or_it_is_said_which_is_wrong() {
    let path = std::env::var("JT808_FRAMES").unwrap_or_else(|_| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/frames.jsonl").into()
    });
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: no frames at {path}");
        return;
    };
    let mut differences = BTreeMap::new();
    let mut counts = BTreeMap::new();
    for (line, row) in (1_usize..).zip(text.lines()) {
        let row: Value = serde_json::from_str(row).expect("every line is an object");
        let facts = Facts::of(row["hex"].as_str().expect("every row has a frame"));
        for claim in claims::of(line, &row) {
            let verdict = claim.judge(&facts);
            *counts.entry(verdict.as_str()).or_insert(0) += 1;
            if let Verdict::Differs { ours } = verdict {
                differences.insert((line, claim.name()), (ours, claim.theirs()));
            }
        }
    }
    println!("{} frames, fields by verdict: {counts:?}", text.lines().count());
    let explained: BTreeMap<_, _> = EXPLAINED
        .iter()
        .flat_map(|group| group.rows.iter())
        .map(|(line, name, ours, theirs)| {
            ((*line, (*name).to_owned()), ((*ours).to_owned(), (*theirs).to_owned()))
        })
        .collect();
    assert_eq!(differences, explained, "left: what differs, right: what is explained");
}
