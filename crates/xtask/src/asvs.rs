//! `deploy/ASVS.md` says which test shows what about access: every test it names has to be there, and every number once.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// What is wrong with the table.
pub fn check(root: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(root.join("deploy/ASVS.md")).context("cannot read deploy/ASVS.md")?;
    let mut wrong = mistakes(&text, |path, name| {
        let source = fs::read_to_string(root.join(path)).unwrap_or_default();
        source.contains(&format!("fn {name}("))
    });
    if !text.contains("| V8.4.1 |") {
        wrong.push("deploy/ASVS.md: no row about what is another's, expected V8.4.1".to_owned());
    }
    Ok(wrong)
}

fn mistakes(text: &str, is_there: impl Fn(&str, &str) -> bool) -> Vec<String> {
    let (mut wrong, mut seen) = (Vec::new(), BTreeSet::new());
    for row in text.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let Some(test) = cells.last().and_then(|cell| cell.strip_prefix('`')?.strip_suffix('`')) else {
            continue;
        };
        if cells.len() == 3 && !seen.insert(cells[0].to_owned()) {
            wrong.push(format!("deploy/ASVS.md: {} stands twice, expected once", cells[0]));
        }
        match test.split_once("::") {
            Some((path, name)) if is_there(path, name) => {}
            Some(_) | None => wrong.push(format!("deploy/ASVS.md: there is no test {test}")),
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_is_not_there_and_a_number_that_stands_twice_are_named() {
        let text = "| id | what | test |\n| V1.1.1 | x | `a.rs::one` |\n| V1.1.1 | x | `a.rs::two` |\n";
        let wrong = mistakes(text, |_, name| name == "one");
        assert_eq!(
            wrong,
            [
                "deploy/ASVS.md: V1.1.1 stands twice, expected once",
                "deploy/ASVS.md: there is no test a.rs::two"
            ]
        );
    }

    #[test]
    fn the_table_names_tests_that_are_there() -> Result<()> {
        assert_eq!(check(&crate::house::root())?, Vec::<String>::new());
        Ok(())
    }
}
