//! Exit codes: 0 done; 1 the input or the configuration is wrong; 2 wrong usage; 3 a needed resource is not there.

use std::fmt;
use std::process::ExitCode;

/// Marks an error as "a needed resource is not there": a port that is taken, a broker out of reach.
#[derive(Debug)]
pub struct Unavailable(pub String);

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unavailable {}

/// Marks an error whose text is already complete and was printed, or has lines of its own to print as they are.
#[derive(Debug)]
pub struct Wrong(pub String);

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Wrong {}

/// Prints an error for people and says which exit code it means.
pub fn report(error: &anyhow::Error) -> ExitCode {
    if let Some(Wrong(text)) = error.downcast_ref() {
        eprintln!("{}", text.trim_end());
    } else {
        eprintln!("roadwarden: {error:#}");
    }
    ExitCode::from(if error.downcast_ref::<Unavailable>().is_some() { 3 } else { 1 })
}
