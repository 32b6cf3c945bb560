//! What of the fleet an account sees. Asked of one thing in memory, or put into a query: both say the same.

use fleet::{Alert, Department, Division};
use rusqlite::types::Value;

use crate::StoreError;
use crate::query::Filter;
use crate::record;

/// What is seen. [`Scope::default`] is everything, for the service's own questions; an account's is
/// [`Identity::scope`](crate::Identity::scope).
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Scope {
    /// Whose vehicles and which regions; `None`: all.
    pub within: Option<Within>,
    /// Only alerts that are addressed to it.
    pub department: Option<Department>,
}

/// Vehicles of these operators, and what is in these divisions. Both empty: nothing.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Within {
    /// Operators by id.
    pub operators: Vec<String>,
    /// Divisions: 2, 4 or 6 digits, everything that begins so.
    pub divisions: Vec<String>,
}

impl Scope {
    /// Nothing at all.
    pub fn nothing() -> Self {
        Self { within: Some(Within::default()), department: None }
    }

    /// Whether nothing is left out.
    pub const fn is_everything(&self) -> bool {
        self.within.is_none() && self.department.is_none()
    }

    /// An alert is seen by its vehicle's operator and by the division it happened in.
    pub fn sees_alert(&self, alert: &Alert) -> bool {
        self.sees_vehicle(&alert.vehicle.operator, alert.place.division)
            && self.department.is_none_or(|own| alert.departments.contains(&own))
    }

    /// A vehicle is seen by its operator and by the division it is registered in. Outside the registry the operator is
    /// empty, which is nobody's, and the division unknown.
    pub fn sees_vehicle(&self, operator: &str, division: Division) -> bool {
        let Some(Within { operators, divisions }) = &self.within else { return true };
        let is_own = !operator.is_empty() && operators.iter().any(|own| own == operator);
        is_own || divisions.iter().any(|prefix| is_within(division, prefix))
    }

    /// A zone or structure is seen in its divisions, in what holds them, and by whoever sees vehicles wherever they go.
    pub fn sees_place(&self, division: Division) -> bool {
        let Some(Within { operators, divisions }) = &self.within else { return true };
        let text = division.to_string();
        let holds = |prefix: &String| prefix.starts_with(cut(&text));
        !operators.is_empty()
            || divisions.iter().any(|prefix| is_within(division, prefix) || holds(prefix))
            || !divisions.is_empty() && division == Division::UNKNOWN
    }
}

impl Filter {
    /// Narrows a question about `alert a`.
    pub(crate) fn scope(&mut self, scope: &Scope) -> Result<(), StoreError> {
        self.within(scope.within.as_ref())?;
        if let Some(department) = scope.department {
            self.and("a.departments & ? <> 0", Value::Integer(record::mask(&[department])));
        }
        Ok(())
    }

    /// Narrows a question about an `a` that has an operator and a division.
    pub(crate) fn within(&mut self, within: Option<&Within>) -> Result<(), StoreError> {
        let Some(Within { operators, divisions }) = within else { return Ok(()) };
        let mut either = vec!["0".to_owned()];
        if !operators.is_empty() {
            either.push(format!("a.operator IN ({})", vec!["?"; operators.len()].join(",")));
            self.values.extend(operators.iter().cloned().map(Value::Text));
        }
        for prefix in divisions {
            either.push("a.division GLOB ?".to_owned());
            self.values.push(Value::Text(format!("{}*", checked(prefix)?)));
        }
        self.sql.push_str(&format!(" AND ({})", either.join(" OR ")));
        Ok(())
    }
}

fn is_within(division: Division, prefix: &str) -> bool {
    // An empty text would hold all.
    !prefix.is_empty() && division.to_string().starts_with(cut(prefix))
}

/// The prefix a division is asked by, if it is one: `540100` means all of `5401`.
pub(crate) fn checked(division: &str) -> Result<&str, StoreError> {
    if !matches!(division.len(), 2 | 4 | 6) || !division.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(StoreError::Division(division.to_owned()));
    }
    Ok(cut(division))
}

fn cut(division: &str) -> &str {
    let shorter = division.strip_suffix("0000").or_else(|| division.strip_suffix("00"));
    // All zeros is the unknown division and not everywhere.
    shorter.filter(|text| text.bytes().any(|byte| byte != b'0')).unwrap_or(division)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(operators: &[&str], divisions: &[&str]) -> Scope {
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Scope {
            within: Some(Within { operators: own(operators), divisions: own(divisions) }),
            department: None,
        }
    }

    #[test]
    fn a_vehicle_is_seen_by_its_operator_or_its_division() {
        let cases = [
            (Scope::default(), "OP1", "540102", true),
            (Scope::nothing(), "OP1", "540102", false),
            (scope(&["OP1"], &[]), "OP1", "540102", true),
            (scope(&["OP1"], &[]), "OP10", "540102", false),
            (scope(&[""], &[]), "", "000000", false),
            (scope(&[], &["54"]), "OP1", "540102", true),
            (scope(&[], &["540100"]), "OP1", "540102", true),
            (scope(&[], &["5402"]), "OP1", "540102", false),
            (scope(&[], &[""]), "OP1", "540102", false),
            (scope(&[], &["00"]), "OP1", "540102", false),
            (scope(&["OP2"], &["5401"]), "OP1", "540102", true),
            (scope(&[], &["54"]), "", "000000", false),
        ];
        for (scope, operator, division, expected) in cases {
            let division = Division::parse(division).unwrap();
            assert_eq!(scope.sees_vehicle(operator, division), expected, "{scope:?} {operator:?} {division}");
        }
    }

    #[test]
    fn a_place_is_seen_from_below_from_above_and_by_who_drives_there() {
        let cases = [
            (scope(&[], &["5401"]), "540102", true),
            (scope(&[], &["540102"]), "540000", true),
            (scope(&[], &["540102"]), "540100", true),
            (scope(&[], &["5402"]), "540102", false),
            (scope(&[], &["5402"]), "000000", true),
            (scope(&["OP1"], &[]), "540102", true),
            (Scope::nothing(), "540102", false),
            (Scope::nothing(), "000000", false),
        ];
        for (scope, division, expected) in cases {
            assert_eq!(
                scope.sees_place(Division::parse(division).unwrap()),
                expected,
                "{scope:?} {division}"
            );
        }
    }
}
