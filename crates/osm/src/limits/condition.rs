//! Conditional values: `80 @ (22:00-06:00); 60 @ wet`.

use fleet::DailyHours;

/// When a value holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Condition {
    /// Daily windows; none: at any hour.
    pub hours: Vec<DailyHours>,
    /// Only on a wet road.
    pub wet: bool,
}

impl Condition {
    /// Once for each window, once without where there is none.
    pub fn each_hours(&self) -> impl Iterator<Item = Option<DailyHours>> {
        let always = self.hours.is_empty().then_some(None);
        always.into_iter().chain(self.hours.iter().copied().map(Some))
    }
}

/// The parts of a conditional value; a condition that can't be told is `None` and never guessed.
pub fn conditions(text: &str) -> impl Iterator<Item = (&str, Option<Condition>)> {
    parts(text).into_iter().map(|part| match part.split_once('@') {
        Some((value, condition)) => (value.trim(), parse(condition)),
        None => (part, Some(Condition::default())), // `80` alone: what holds otherwise.
    })
}

/// Cuts at each `;` that stands in no brackets.
fn parts(text: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    text.split(|c: char| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ';' && depth <= 0
    })
    .map(str::trim)
    .filter(|part| !part.is_empty())
    .collect()
}

fn parse(text: &str) -> Option<Condition> {
    let text = text.trim();
    let text = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(text);
    let mut condition = Condition::default();
    for term in text.replace(" and ", " AND ").split(" AND ").map(str::trim) {
        match term {
            "24/7" => {}
            "wet" => condition.wet = true,
            _ if condition.hours.is_empty() => condition.hours = hours(term)?,
            _ => return None,
        }
    }
    Some(condition)
}

/// Plain daily windows, `22:00-06:00` or `06:00-09:00,16:00-19:00`; days, months and the sun are not.
fn hours(text: &str) -> Option<Vec<DailyHours>> {
    let text = text.strip_prefix("Mo-Su ").unwrap_or(text).trim();
    let clock = |text: &str| {
        let text = text.trim();
        if text.len() == 4 { format!("0{text}") } else { text.to_owned() }
    };
    text.split(',')
        .map(|window| {
            let (from, until) = window.split_once('-')?;
            DailyHours::parse(&format!("{}-{}", clock(from), clock(until))).ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_hours_and_a_wet_road_are_told_and_nothing_else() {
        let read = |text: &str| {
            conditions(text)
                .map(|(value, condition)| {
                    let condition = condition.map_or("?".to_owned(), |condition| {
                        let hours: Vec<_> = condition.hours.iter().map(ToString::to_string).collect();
                        format!("{}{}", hours.join(","), if condition.wet { "wet" } else { "" })
                    });
                    format!("{value}@{condition}")
                })
                .collect::<Vec<_>>()
                .join(" ")
        };
        for (text, found) in [
            ("80 @ (22:00-06:00)", "80@22:00-06:00"),
            ("80 @ 22:00-6:00", "80@22:00-06:00"),
            ("80 @ (22:00-06:00); 60 @ wet", "80@22:00-06:00 60@wet"),
            ("60 @ (06:00-09:00,16:00-19:00)", "60@06:00-09:00,16:00-19:00"),
            ("60 @ (22:00-06:00 AND wet)", "60@22:00-06:00wet"),
            ("60 @ (Mo-Su 22:00-06:00)", "60@22:00-06:00"),
            ("60 @ (24/7)", "60@"),
            ("30 @ (Mo-Fr 07:00-17:00; PH off); 50", "30@? 50@"),
            ("60 @ (snow)", "60@?"),
            ("60 @ (weight>7.5)", "60@?"),
            ("60 @ (sunset-sunrise)", "60@?"),
            ("60 @ (22:00-06:00 AND Mo)", "60@?"),
            ("60 @ ()", "60@?"),
            ("", ""),
        ] {
            assert_eq!(read(text), found, "{text}");
        }
    }
}
