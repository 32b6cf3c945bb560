//! What somebody may have meant who wrote a name that nobody knows.

/// More than this many guesses help nobody.
const GUESSES_MAX: usize = 3;

/// What was expected instead of an unknown name: the known ones near it, or all of them where none is near.
pub(crate) fn expected<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let mut near: Vec<(usize, &str)> = known
        .iter()
        .map(|name| (edits(written, name), *name))
        .filter(|near| is_near(written, *near))
        .collect();
    near.sort_unstable();
    let near: Vec<&str> = near.into_iter().map(|(_, name)| name).take(GUESSES_MAX).collect();
    if near.is_empty() {
        format!("one of {}", known.join(", "))
    } else {
        format!("perhaps {}", near.join(" or "))
    }
}

/// A third of the letters may be wrong and one more, or the beginning or the end is missing.
fn is_near(written: &str, (edits, name): (usize, &str)) -> bool {
    let letters = written.chars().count();
    edits <= 1 + letters / 3 && edits < letters || letters > 2 && name.contains(written)
}

/// How many letters must be put in, left out or exchanged to get from one name to the other.
fn edits(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (line, a) in from.chars().enumerate() {
        let mut corner = line;
        let mut left = line + 1;
        for (cell, b) in row.iter_mut().skip(1).zip(to.chars()) {
            let above = *cell;
            left = (corner + usize::from(a != b)).min(above + 1).min(left + 1);
            (corner, *cell) = (above, left);
        }
        if let Some(first) = row.first_mut() {
            *first = line + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        for (from, to, count) in [
            ("", "", 0),
            ("", "sos", 3),
            ("sos", "", 3),
            ("holds", "hold", 1),
            ("speedy", "speeding", 3),
            ("限速", "限高", 1),
        ] {
            assert_eq!(edits(from, to), count, "{from} {to}");
        }
    }

    #[test]
    fn the_nearest_comes_first_and_without_one_all_are_named() {
        let known = ["enabled", "hold", "clear_hold", "old"];
        assert_eq!(expected("holds", known), "perhaps hold or old");
        assert_eq!(expected("clear", known), "perhaps clear_hold");
        assert_eq!(expected("x", known), "one of enabled, hold, clear_hold, old");
    }
}
