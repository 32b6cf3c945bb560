//! The topics of the contract, and which filters lie inside which.

use fleet::{Department, Division, RuleId, TerminalId};

/// Everything this service publishes or reads lies below this.
pub(crate) const ROOT: &str = "roadwarden/v1";

/// Retained `online`, and `offline` as the last will.
pub(crate) const STATUS: &str = "roadwarden/v1/status";

/// Where readings of bridge and tunnel monitors arrive.
pub(crate) const STRUCTURES: &str = "roadwarden/v1/structures/+/displacement";

/// `roadwarden/v1/alerts/{department}/{province}/{prefecture}/{county}/{rule}`
pub(crate) fn alert(department: Department, division: Division, rule: RuleId) -> String {
    format!("{ROOT}/alerts/{department}/{}/{rule}", path(division))
}

/// `roadwarden/v1/handling/{department}/{province}/{prefecture}/{county}/{rule}`
pub(crate) fn handling(department: Department, division: Division, rule: RuleId) -> String {
    format!("{ROOT}/handling/{department}/{}/{rule}", path(division))
}

/// `roadwarden/v1/positions/{province}/{prefecture}/{county}/{terminal}`
pub(crate) fn position(division: Division, terminal: TerminalId) -> String {
    format!("{ROOT}/positions/{}/{terminal}", path(division))
}

/// `roadwarden/v1/heartbeat/{department}`
pub(crate) fn heartbeat(department: Department) -> String {
    format!("{ROOT}/heartbeat/{department}")
}

/// `roadwarden/v1/dispositions/{department}`
pub(crate) fn dispositions(department: Department) -> String {
    format!("{ROOT}/dispositions/{department}")
}

/// `roadwarden/v1/dispositions/{department}/results`
pub(crate) fn results(department: Department) -> String {
    format!("{ROOT}/dispositions/{department}/results")
}

/// `roadwarden/v1/receipts/{department}`
pub(crate) fn receipts(department: Department) -> String {
    format!("{ROOT}/receipts/{department}")
}

/// `roadwarden/v1/receipts/{department}/results`
pub(crate) fn receipt_results(department: Department) -> String {
    format!("{ROOT}/receipts/{department}/results")
}

/// `roadwarden/v1/summaries/{department}`
pub(crate) fn summary(department: Department) -> String {
    format!("{ROOT}/summaries/{department}")
}

/// The department a receipt came from; `None` for every other topic.
pub(crate) fn receiver(topic: &str) -> Option<Department> {
    topic.strip_prefix(ROOT)?.strip_prefix("/receipts/")?.parse().ok()
}

/// The department a disposition came from; `None` for every other topic.
pub(crate) fn sender(topic: &str) -> Option<Department> {
    topic.strip_prefix(ROOT)?.strip_prefix("/dispositions/")?.parse().ok()
}

/// The structure a reading is of; `None` for every other topic.
pub(crate) fn structure(topic: &str) -> Option<&str> {
    let id = topic.strip_prefix(ROOT)?.strip_prefix("/structures/")?.strip_suffix("/displacement")?;
    (!id.contains('/')).then_some(id)
}

/// Whether every topic that `filter` matches is also matched by `rule`.
///
/// `#` in the rule covers whatever is left; `+` covers one level but never `#`; a name covers itself only. A shared
/// subscription (`$share/…`) begins with a name no rule has, so it is refused.
pub(crate) fn covers(rule: &str, filter: &str) -> bool {
    let (mut rule, mut filter) = (rule.split('/'), filter.split('/'));
    loop {
        return match (rule.next(), filter.next()) {
            (Some("#"), _) | (None, None) => true,
            (Some("+"), Some(level)) if level != "#" => continue,
            (Some(name), Some(level)) if name == level => continue,
            (Some(_) | None, Some(_)) | (Some(_), None) => false,
        };
    }
}

fn path(division: Division) -> String {
    format!("{}/{}/{division}", division.province(), division.prefecture())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_those_of_the_contract() {
        let division = Division::parse("540102").unwrap();
        let terminal = TerminalId::parse("13800000001").unwrap();
        assert_eq!(
            alert(Department::Police, division, RuleId::HAZMAT_ZONE),
            "roadwarden/v1/alerts/police/54/5401/540102/hazmat-zone"
        );
        assert_eq!(
            handling(Department::Ecology, Division::UNKNOWN, RuleId::SOS),
            "roadwarden/v1/handling/ecology/00/0000/000000/sos"
        );
        assert_eq!(position(division, terminal), "roadwarden/v1/positions/54/5401/540102/13800000001");
        assert_eq!(heartbeat(Department::Police), "roadwarden/v1/heartbeat/police");
        assert_eq!(sender(&dispositions(Department::Police)), Some(Department::Police));
        assert_eq!(sender(&results(Department::Police)), None);
        assert_eq!(sender("roadwarden/v1/dispositions/army"), None);
        assert_eq!(receipts(Department::Police), "roadwarden/v1/receipts/police");
        assert_eq!(receiver(&receipts(Department::Police)), Some(Department::Police));
        assert_eq!(receiver(&receipt_results(Department::Police)), None);
        assert_eq!(receiver(&dispositions(Department::Police)), None);
        assert_eq!(structure("roadwarden/v1/structures/galashan/displacement"), Some("galashan"));
        assert_eq!(structure("roadwarden/v1/structures/a/b/displacement"), None);
        assert_eq!(structure("roadwarden/v1/status"), None);
    }

    #[test]
    fn a_filter_is_covered_only_where_all_its_topics_are() {
        for (rule, filter) in [
            ("a/#", "a/#"),
            ("a/#", "a"),
            ("a/#", "a/b/+/d"),
            ("a/+", "a/b"),
            ("a/+", "a/+"),
            ("a/b", "a/b"),
            ("#", "#"),
        ] {
            assert!(covers(rule, filter), "{rule} covers {filter}");
        }
        for (rule, filter) in [
            ("a/#", "#"),
            ("a/#", "+/b"),
            ("a/b/#", "a/#"),
            ("a/+", "a/#"),
            ("a/+", "a/b/c"),
            ("a/+", "a"),
            ("a/b", "a/+"),
            ("a/b", "a/#"),
            ("a/#", "$share/g/a/b"),
        ] {
            assert!(!covers(rule, filter), "{rule} does not cover {filter}");
        }
    }
}
