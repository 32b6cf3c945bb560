//! The published schemas, read by a validator of the keywords they use.

use std::path::Path;

use serde_json::Value;

/// The schema of a kind of topic.
pub fn of(kind: &str) -> &'static str {
    match kind {
        "alerts" => "alert.schema.json",
        "handling" => "handling.schema.json",
        "dispositions" => "disposition-result.schema.json",
        "status" => "status.schema.json",
        other => panic!("no schema for {other}"),
    }
}

/// Fails with everything that is wrong.
pub fn check(name: &str, document: &Value) {
    let problems = problems(name, document);
    assert!(problems.is_empty(), "{name}: {problems:#?} in {document:#}");
}

fn problems(name: &str, document: &Value) -> Vec<String> {
    let mut out = Vec::new();
    let root = read(name);
    validate(&root, &root, document, "", &mut out);
    out
}

fn read(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../protocol/schemas").join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// A keyword that is unknown here fails, so that none is passed over in silence.
fn validate(root: &Value, schema: &Value, value: &Value, at: &str, out: &mut Vec<String>) {
    for (keyword, wanted) in schema.as_object().unwrap() {
        let is_right = match keyword.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" | "properties" => true,
            "$ref" => return follow(root, wanted.as_str().unwrap(), value, at, out),
            "type" => is_type(value, wanted.as_str().unwrap()),
            "const" => value == wanted,
            "enum" => wanted.as_array().unwrap().contains(value),
            "oneOf" => wanted.as_array().unwrap().iter().filter(|one| fits(root, one, value)).count() == 1,
            "required" => {
                wanted.as_array().unwrap().iter().all(|key| value.get(key.as_str().unwrap()).is_some())
            }
            "additionalProperties" => known_only(schema, value),
            "items" => {
                for (n, item) in value.as_array().into_iter().flatten().enumerate() {
                    validate(root, wanted, item, &format!("{at}/{n}"), out);
                }
                true
            }
            "format" => value.as_str().is_none_or(|text| is_format(text, wanted.as_str().unwrap())),
            "minimum" => value.as_f64().is_none_or(|number| number >= wanted.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|number| number <= wanted.as_f64().unwrap()),
            "minItems" => value.as_array().is_none_or(|list| list.len() as u64 >= wanted.as_u64().unwrap()),
            "maxItems" => value.as_array().is_none_or(|list| list.len() as u64 <= wanted.as_u64().unwrap()),
            "minLength" => {
                value.as_str().is_none_or(|text| text.chars().count() as u64 >= wanted.as_u64().unwrap())
            }
            "maxLength" => {
                value.as_str().is_none_or(|text| text.chars().count() as u64 <= wanted.as_u64().unwrap())
            }
            "uniqueItems" => {
                value.as_array().is_none_or(|list| (1..list.len()).all(|n| !list[..n].contains(&list[n])))
            }
            other => panic!("the schemas use {other}, which this validator does not know"),
        };
        if !is_right {
            out.push(format!("{at}: {value} against {keyword} {wanted}"));
        }
    }
    for (key, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        if let Some(member) = value.get(key) {
            validate(root, property, member, &format!("{at}/{key}"), out);
        }
    }
}

fn follow(root: &Value, reference: &str, value: &Value, at: &str, out: &mut Vec<String>) {
    let (file, pointer) = reference.split_once('#').unwrap_or((reference, ""));
    let other = (!file.is_empty()).then(|| read(file));
    let root = other.as_ref().unwrap_or(root);
    validate(root, root.pointer(pointer).unwrap(), value, at, out);
}

fn fits(root: &Value, schema: &Value, value: &Value) -> bool {
    let mut out = Vec::new();
    validate(root, schema, value, "", &mut out);
    out.is_empty()
}

fn known_only(schema: &Value, value: &Value) -> bool {
    let known = &schema["properties"];
    value.as_object().is_none_or(|object| object.keys().all(|key| known.get(key).is_some()))
}

fn is_type(value: &Value, name: &str) -> bool {
    match name {
        "array" => value.is_array(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "object" => value.is_object(),
        "string" => value.is_string(),
        other => panic!("no type {other}"),
    }
}

fn is_format(text: &str, name: &str) -> bool {
    match name {
        "date-time" => text.parse::<fleet::EventTime>().is_ok(),
        "uuid" => fleet::AlertId::parse(text).is_some(),
        other => panic!("no format {other}"),
    }
}

#[test]
fn the_validator_sees_what_is_wrong() {
    let good = serde_json::to_value(super::world::alert(0)).unwrap();
    assert_eq!(problems("alert.schema.json", &good), Vec::<String>::new());
    for (pointer, wrong) in [
        ("/id", "no uuid".into()),
        ("/rule", "overspeeding".into()),
        ("/position/lon", 181.into()),
        ("/place/zone/kind", "hill".into()),
        ("/departments", serde_json::json!(["police", "police"])),
        ("/started_at", "yesterday".into()),
        ("/revision", 0.into()),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = wrong;
        assert_eq!(problems("alert.schema.json", &bad).len(), 1, "{pointer}");
    }
    let mut more = good.clone();
    more["driver"]["age"] = 7.into();
    assert_eq!(problems("alert.schema.json", &more).len(), 1, "an unknown key");
    let mut less = good;
    less.as_object_mut().unwrap().remove("late");
    assert_eq!(problems("alert.schema.json", &less).len(), 1, "a missing key");
}

#[test]
fn the_lists_of_the_schemas_are_those_of_the_code() {
    let alert = read("alert.schema.json");
    let list = |pointer: &str| -> Vec<String> {
        serde_json::from_value(alert.pointer(pointer).unwrap().clone()).unwrap()
    };
    assert_eq!(list("/properties/rule/enum"), fleet::RULES);
    let departments: Vec<_> = fleet::Department::ALL.iter().map(|department| department.as_str()).collect();
    assert_eq!(list("/properties/departments/items/enum"), departments);
    let handling = read("handling.schema.json");
    let statuses: Vec<_> = ledger::HandlingStatus::ALL.iter().map(|status| status.as_str()).collect();
    assert_eq!(
        handling.pointer("/$defs/handling/properties/status/enum").unwrap(),
        &serde_json::json!(statuses)
    );
}
