//! How a mode ends: figures, and what was broken.

use std::time::Instant;

use serde_json::{Map, Value, json};

/// Broken promises that are printed; the rest is counted.
const SHOWN_MAX: usize = 20;

/// What came out of a mode.
#[derive(Debug)]
pub struct Verdict {
    mode: &'static str,
    started: Instant,
    figures: Map<String, Value>,
    broken: Vec<String>,
    left_off: usize,
}

impl Verdict {
    pub(crate) fn new(mode: &'static str) -> Self {
        Self { mode, started: Instant::now(), figures: Map::new(), broken: Vec::new(), left_off: 0 }
    }

    pub(crate) fn figure(&mut self, key: &str, value: impl Into<Value>) {
        self.figures.insert(key.to_owned(), value.into());
    }

    /// A promise is broken; what is said names what, where, and what was expected.
    pub(crate) fn broken(&mut self, what: impl Into<String>) {
        let what = what.into();
        eprintln!("{}: BROKEN {what}", self.mode);
        if self.broken.len() < SHOWN_MAX {
            self.broken.push(what);
        } else {
            self.left_off += 1;
        }
    }

    pub(crate) fn progress(&self, what: impl AsRef<str>) {
        eprintln!("{} {:6.1} s: {}", self.mode, self.started.elapsed().as_secs_f64(), what.as_ref());
    }

    /// Whether every promise was kept.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.broken.is_empty()
    }

    /// What is said of it, by key.
    #[must_use]
    pub fn get(&self, key: &str) -> &Value {
        self.figures.get(key).unwrap_or(&Value::Null)
    }

    /// One line of JSON.
    #[must_use]
    pub fn line(&self) -> String {
        let mut all = json!({
            "mode": self.mode,
            "kept": self.is_kept(),
            "seconds": self.started.elapsed().as_secs(),
            "broken": self.broken,
            "broken_left_off": self.left_off,
        });
        if let Some(object) = all.as_object_mut() {
            object.extend(self.figures.clone());
        }
        all.to_string()
    }
}
