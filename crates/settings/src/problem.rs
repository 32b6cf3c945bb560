//! What is wrong, and where.

use std::fmt;
use std::path::Path;

/// At most this many problems are kept of one run: a file of the wrong kind has one in every line, and nobody reads on.
const PROBLEMS_MAX: usize = 200;

/// One mistake.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Problem {
    /// The file, as the user named it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, what was expected.
    pub text: String,
    /// Which part of the feature at this line it is, such as `geometry/coordinates/0/3`; `None`: of no feature.
    pub pointer: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.text)
    }
}

/// Every mistake of one run, in the order of the files and lines.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{}", self.lines())]
pub struct Problems {
    /// At least one.
    pub problems: Vec<Problem>,
    /// How many more there are that were not kept.
    pub left_off: usize,
}

impl Problems {
    pub(crate) fn unreadable(path: &Path) -> Self {
        let (file, text) = (path.display().to_string(), "cannot be read, expected a TOML file".to_owned());
        Self { problems: vec![Problem { file, line: 1, text, pointer: None }], left_off: 0 }
    }

    fn lines(&self) -> String {
        let mut lines: Vec<String> = self.problems.iter().map(Problem::to_string).collect();
        if self.left_off > 0 {
            lines.push(format!("and {} more", self.left_off));
        }
        lines.join("\n")
    }
}

/// Gathers problems, file by file.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    files: Vec<String>,
    problems: Vec<(usize, Problem)>,
    left_off: usize,
}

impl Collector {
    pub(crate) fn add(&mut self, file: &str, line: usize, text: impl Into<String>) {
        self.push(Problem { file: file.to_owned(), line, text: text.into(), pointer: None });
    }

    /// A mistake in a part of a feature.
    pub(crate) fn add_at(&mut self, (file, line): (&str, usize), pointer: &str, text: String) {
        self.push(Problem { file: file.to_owned(), line, text, pointer: Some(pointer.to_owned()) });
    }

    fn push(&mut self, problem: Problem) {
        if self.problems.len() >= PROBLEMS_MAX {
            self.left_off += 1;
            return;
        }
        let rank = self.files.iter().position(|known| *known == problem.file).unwrap_or_else(|| {
            self.files.push(problem.file.clone());
            self.files.len() - 1
        });
        self.problems.push((rank, problem));
    }

    /// Whether nothing is wrong so far.
    pub(crate) fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// Takes over what another run found in all files but one.
    pub(crate) fn add_all_but(&mut self, file: &str, others: Self) {
        self.left_off += others.left_off;
        for (_, problem) in others.problems.into_iter().filter(|(_, problem)| problem.file != file) {
            self.push(problem);
        }
    }

    pub(crate) fn finish(mut self) -> Option<Problems> {
        self.problems.sort();
        self.problems.dedup();
        let problems: Vec<Problem> = self.problems.into_iter().map(|(_, problem)| problem).collect();
        (!problems.is_empty()).then_some(Problems { problems, left_off: self.left_off })
    }
}

/// The line of a byte, from 1.
pub(crate) fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}
