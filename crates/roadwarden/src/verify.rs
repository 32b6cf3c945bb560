//! `verify`: the journal against its own hashes, and against what was noted of it elsewhere.

use std::fs;
use std::io::{IsTerminal, stderr};
use std::path::Path;

use anyhow::{Context, Result};
use journal::Anchor;

use crate::args::Verify;
use crate::exit::Wrong;
use crate::serve::load;

/// What a line of output begins with, and a line that is compared.
const WORD: &str = "journal";

/// Prints the head of the chain, one line to keep elsewhere; every finding is a line on standard error.
///
/// # Errors
/// Where something is wrong with what is kept, or nothing can be read.
pub fn run(args: &Verify) -> Result<()> {
    let settings = load(&args.config)?.settings;
    let anchors = args.against.as_deref().map(read_anchors).transpose()?.unwrap_or_default();
    let dir = settings.data_dir.join("journal");
    let shows = stderr().is_terminal();
    let progress = |at, end| {
        if shows {
            eprint!("\rrecord 记录 {at} of {end} …");
        }
    };
    let found = journal::verify(&dir, &anchors, progress)
        .with_context(|| format!("cannot read the journal in {}", dir.display()))?;
    eprintln!(
        "{}{} records in {} segments are whole 完好, {} from before there was a chain 无链; {} of {} noted values hold 存档值相符",
        if shows { "\r" } else { "" },
        found.records,
        found.segments,
        found.unchained,
        found.anchors,
        anchors.len(),
    );
    if found.wrong > 0 {
        let more = found.wrong - found.findings.len();
        let rest = if more > 0 { format!("\nand {more} more 另有 {more} 处") } else { String::new() };
        return Err(Wrong(format!(
            "{} findings in the journal 接收日志有 {} 处异常:\n{}{rest}",
            found.wrong,
            found.wrong,
            found.findings.join("\n")
        ))
        .into());
    }
    println!("{WORD} {} {}", found.end.position, found.end.chain);
    Ok(())
}

/// Lines as [`run`] prints them; others are no business of it.
fn read_anchors(path: &Path) -> Result<Vec<Anchor>> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| line.split(' ').next() == Some(WORD));
    let anchor = |(at, line): (usize, &str)| {
        let mut words = line.split(' ').skip(1);
        let position = words.next().and_then(|word| word.parse().ok());
        let chain = words.next().and_then(|word| word.parse().ok());
        match (position, chain, words.next()) {
            (Some(position), Some(chain), None) => Ok(Anchor { position, chain }),
            _ => Err(Wrong(format!(
                "{}:{}: expected `{WORD} RECORD HASH` with a number and 64 hex digits, found `{line}`",
                path.display(),
                at + 1
            ))
            .into()),
        }
    };
    lines.map(anchor).collect()
}
