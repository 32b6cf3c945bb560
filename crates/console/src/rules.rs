//! The rules: what each is, every setting with the figure in force, what may be set, and the law behind it.

pub(crate) mod changes;
pub(crate) mod trials;

use axum::Json;
use axum::extract::State;
use fleet::{Basis, duration_text};
use rules::{About, Rulebook, Selector, Setting, SettingKind};
use serde_json::{Map, Value, json};
use settings::{Reference, RulesSet};

use crate::app::Shared;

/// A book as its keys and values; a rule book is plain data, so that this never fails.
fn written(book: &rules::Book) -> Value {
    serde_json::to_value(book).unwrap_or_default()
}

pub(crate) async fn list(State(app): State<Shared>) -> Json<Value> {
    let reference = app.parts.reference.borrow().clone();
    let shown = Shown::of(&reference);
    let items: Vec<Value> = rules::about().map(|about| shown.rule(about)).collect();
    Json(json!({
        "items": items,
        "next": null,
        "version": reference.book.version(),
        "two_person": reference.rules.two_person(),
    }))
}

/// The books in force beside the defaults.
struct Shown<'a> {
    set: &'a RulesSet,
    base: Value,
    defaults: Value,
    overrides: Vec<(&'a Selector, Value)>,
}

impl<'a> Shown<'a> {
    fn of(reference: &'a Reference) -> Self {
        let book: &Rulebook = &reference.book;
        Self {
            set: &reference.rules,
            base: written(book.base()),
            defaults: written(&rules::Book::default()),
            overrides: book.overrides().map(|(selector, book)| (selector, written(book))).collect(),
        }
    }

    fn rule(&self, about: &About) -> Value {
        let id = about.id;
        let settings: Vec<Value> =
            rules::settings(id).into_iter().map(|setting| self.setting(id, setting)).collect();
        json!({
            "id": id,
            "title_zh": about.title_zh,
            "title_en": about.title_en,
            "enabled": self.base[id].get("enabled"),
            "basis": about.basis(),
            "departments": about.departments(),
            "settings": settings,
            "overrides": self.overrides(id),
            "changed": self.base[id] != self.defaults[id],
        })
    }

    fn setting(&self, id: &str, setting: &Setting) -> Value {
        let (value, default) = (&self.base[id][setting.key], &self.defaults[id][setting.key]);
        let (min, max) = bounds(setting.kind);
        json!({
            "key": setting.key,
            "kind": setting.kind.as_str(),
            "value": value,
            "default": default,
            "changed": value != default,
            "set_by": self.set_by(id, setting.key),
            "unit": setting.kind.unit(),
            "min": min,
            "max": max,
            "choices": setting.kind.choices(),
            "title_zh": setting.title_zh,
            "title_en": setting.title_en,
            "law": cited(&setting.law()),
        })
    }

    fn set_by(&self, id: &str, key: &str) -> Option<&'static str> {
        let by_file = self.set.is_by_file(id, key).then_some("file");
        self.set.is_by_console(id, key).then_some("console").or(by_file)
    }

    /// What is set otherwise for some vehicles: the keys that differ from what holds for all.
    fn overrides(&self, id: &str) -> Vec<Value> {
        let own = |book: &Value| -> Map<String, Value> {
            let keys = book[id].as_object().into_iter().flatten();
            let keys = keys.filter(|(key, value)| self.base[id][key.as_str()] != **value);
            keys.map(|(key, value)| (key.clone(), value.clone())).collect()
        };
        let all = self.overrides.iter().map(|(selector, book)| (selector, own(book)));
        all.filter(|(_, values)| !values.is_empty())
            .map(|(selector, values)| {
                json!({
                    "class": selector.class,
                    "operator": selector.operator,
                    "division": selector.division,
                    "terminal": selector.terminal,
                    "values": values,
                })
            })
            .collect()
    }
}

/// The least and the most a setting takes; durations as texts.
fn bounds(kind: SettingKind) -> (Value, Value) {
    match (kind, kind.bounds()) {
        (SettingKind::Duration, _) => ("0ms".into(), duration_text::print(SettingKind::DURATION_MAX).into()),
        (SettingKind::Count(least, most), _) => (least.into(), most.into()),
        (_, Some((least, most))) => (least.into(), most.into()),
        (_, None) => (Value::Null, Value::Null),
    }
}

/// `《…》第四十二条；《…》`; `None` for a figure of ours.
fn cited(law: &[Basis]) -> Option<String> {
    let all: Vec<String> = law.iter().map(|b| format!("{}{}", b.document, b.article)).collect();
    (!all.is_empty()).then(|| all.join("；"))
}
