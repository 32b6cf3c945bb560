//! `verify`: the journal and the ledger against their own hashes, and against what was noted of them: the journal in the
//! ledger, both elsewhere.

use std::fs;
use std::io::{IsTerminal, stderr};
use std::path::Path;

use anyhow::{Context, Result};
use fleet::Chain;
use journal::Anchor;
use ledger::{Head, Noted};

use crate::args::Verify;
use crate::chains::{JOURNAL, LEDGER, lines};
use crate::exit::Wrong;
use crate::serve::load;

/// Prints the heads of both chains, lines to keep elsewhere; every finding is a line on standard error.
///
/// # Errors
/// Where something is wrong with what is kept, or nothing can be read.
pub fn run(args: &Verify) -> Result<()> {
    let settings = load(&args.config)?.settings;
    let (mut anchors, heads) = args.against.as_deref().map(read_anchors).transpose()?.unwrap_or_default();
    // The ledger first: the journal only grows, and what is noted of it meanwhile is in it.
    let ledger = verify_ledger(&settings.data_dir.join("ledger.db"), &heads)?;
    let inside = ledger.journal.iter().map(|note| Anchor { position: note.position, chain: note.chain });
    anchors.extend(inside);
    let journal = verify_journal(&settings.data_dir.join("journal"), &anchors)?;
    let findings: Vec<&str> = ledger.findings.iter().chain(&journal.findings).map(String::as_str).collect();
    let wrong = ledger.wrong + journal.wrong;
    if wrong > 0 {
        let more = wrong - findings.len();
        let rest = if more > 0 { format!("\nand {more} more 另有 {more} 处") } else { String::new() };
        let text = findings.join("\n");
        return Err(Wrong(format!("{wrong} findings 共 {wrong} 处异常:\n{text}{rest}")).into());
    }
    let end = journal.end;
    let journal = (end.chain != Chain::START).then_some((end.position, end.chain));
    if let Some(ledger) = ledger.end {
        print!("{}", lines(&Noted { journal, ledger }));
    }
    Ok(())
}

fn verify_ledger(path: &Path, anchors: &[Head]) -> Result<ledger::Verified> {
    let found = ledger::verify(path, anchors, progress("row 行"))?;
    eprintln!(
        "{}ledger 台账: {} audit rows 审计记录, {} revisions of alerts with their frames 告警版本, {} timeline rows 处置记录 are whole 完好; \
         {} were deleted in order 按期删除; {} of {} noted values hold 存档值相符. \
         Not under the chain: accounts, commands, dangers, which the audit log tells of 未入链：账号、指令、隐患（见审计日志）",
        clear(),
        found.audit,
        found.revisions,
        found.entries,
        found.gone,
        found.anchors,
        anchors.len(),
    );
    Ok(found)
}

fn verify_journal(dir: &Path, anchors: &[Anchor]) -> Result<journal::Verified> {
    let found = journal::verify(dir, anchors, progress("record 记录"))
        .with_context(|| format!("cannot read the journal in {}", dir.display()))?;
    eprintln!(
        "{}journal 接收日志: {} records in {} segments are whole 完好, {} from before there was a chain 无链; {} of {} noted values hold 存档值相符",
        clear(),
        found.records,
        found.segments,
        found.unchained,
        found.anchors,
        anchors.len(),
    );
    Ok(found)
}

fn progress(what: &'static str) -> impl FnMut(u64, u64) {
    let shows = stderr().is_terminal();
    move |at, end| {
        if shows {
            eprint!("\r{what} {at} of {end} …");
        }
    }
}

fn clear() -> &'static str {
    if stderr().is_terminal() { "\r" } else { "" }
}

/// Lines as [`run`] prints them; others are no business of it.
fn read_anchors(path: &Path) -> Result<(Vec<Anchor>, Vec<Head>)> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let (mut anchors, mut heads) = (Vec::new(), Vec::new());
    for (at, line) in text.lines().enumerate() {
        let mut words = line.split(' ');
        let Some(word @ (JOURNAL | LEDGER)) = words.next() else { continue };
        let number = words.next().and_then(|word| word.parse().ok());
        let chain = words.next().and_then(|word| word.parse().ok());
        let (Some(number), Some(chain), None) = (number, chain, words.next()) else {
            let (path, at) = (path.display(), at + 1);
            let expected = "with a number and 64 hex digits";
            return Err(Wrong(format!(
                "{path}:{at}: expected `{word} NUMBER HASH` {expected}, found `{line}`"
            ))
            .into());
        };
        match word {
            JOURNAL => anchors.push(Anchor { position: number, chain }),
            _ => heads.push(Head { seq: number, chain }),
        }
    }
    Ok((anchors, heads))
}
