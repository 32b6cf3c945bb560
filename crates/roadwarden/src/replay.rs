//! `replay`: the rules over recordings, in event time. The same input and configuration give the same bytes.

mod frames;
mod summary;
mod tracks;

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use flate2::read::MultiGzDecoder;
use fleet::{Alert, Notice, ReceiveTime};
use indicatif::{ProgressBar, ProgressStyle};
use pipeline::Fold;

use crate::args;
use crate::compare::{Comparison, Counts, Side};
use crate::serve;
use crate::service::ground;
use frames::Recorded;
use summary::Summary;

/// Runs `replay`.
pub fn run(args: &args::Replay) -> Result<()> {
    let fold = fold(&args.config)?;
    let other = args.compare.as_deref().map(self::fold).transpose()?;
    let out: Box<dyn Write> = match &args.alerts {
        Some(path) => {
            Box::new(File::create(path).with_context(|| format!("cannot write {}", path.display()))?)
        }
        None => Box::new(io::stdout().lock()),
    };
    let mut replay = Replay {
        fold,
        other: other.map(|fold| Other { fold, alerts: Vec::new(), comparison: Comparison::default() }),
        out: BufWriter::with_capacity(1 << 16, out),
        alerts: Vec::new(),
        summary: Summary::start(),
    };
    for input in &args.inputs {
        replay.input(input)?;
    }
    let Replay { other, mut out, summary, .. } = replay;
    let counts = other.map(|other| differences(other.comparison, &mut out)).transpose()?;
    out.flush().context("cannot write the alerts")?;
    eprintln!("{summary}");
    if let Some(counts) = counts {
        eprintln!("{counts}");
    }
    Ok(())
}

/// Writes every difference; gives the counts.
fn differences(comparison: Comparison, out: &mut dyn Write) -> Result<Counts> {
    let (differences, counts) = comparison.finish();
    for difference in &differences {
        serde_json::to_writer(&mut *out, difference).context("cannot write the alerts")?;
        out.write_all(b"\n").context("cannot write the alerts")?;
    }
    Ok(counts)
}

/// The rules of a configuration, at the beginning of a recording.
fn fold(config: &Path) -> Result<Fold> {
    let reference = serve::load(config)?.reference;
    Ok(Fold::new(&ground(&reference)))
}

/// A replay under way.
struct Replay<'a> {
    fold: Fold,
    other: Option<Other>,
    out: BufWriter<Box<dyn Write + 'a>>,
    alerts: Vec<Alert>,
    summary: Summary,
}

/// What another configuration makes of the same recording.
struct Other {
    fold: Fold,
    alerts: Vec<Alert>,
    comparison: Comparison,
}

impl Replay<'_> {
    fn input(&mut self, path: &Path) -> Result<()> {
        let name = path.to_string_lossy().into_owned();
        let plain = name.strip_suffix(".gz").unwrap_or(&name);
        let (source, bar) = open(path)?;
        let source: Box<dyn Read> =
            if name.ends_with(".gz") { Box::new(MultiGzDecoder::new(source)) } else { source };
        let mut source = BufReader::with_capacity(1 << 16, source);
        let read = if plain.ends_with(".csv") {
            self.tracks(&name, &mut source)
        } else if plain.ends_with(".jsonl") || name == "-" {
            self.frames(&name, &mut source)
        } else {
            bail!(
                "{name}: expected a recording named .jsonl or .csv (either may end in .gz), or - for frames on standard input"
            )
        };
        bar.finish_and_clear();
        read
    }

    fn frames(&mut self, name: &str, source: &mut dyn BufRead) -> Result<()> {
        let mut line = String::new();
        let mut number = 0_u64;
        while {
            line.clear();
            source.read_line(&mut line).with_context(|| format!("cannot read {name}"))?
        } > 0
        {
            number += 1;
            if line.trim().is_empty() {
                continue;
            }
            let (at, recorded) = frames::parse(&line).with_context(|| format!("{name}:{number}"))?;
            match recorded {
                Recorded::Frame(frame) => self.frame(at, &frame),
                Recorded::Notice(notice) => self.notice(at, &notice),
            }
            self.write()?;
        }
        Ok(())
    }

    fn frame(&mut self, at: ReceiveTime, frame: &[u8]) {
        let Self { fold, other, alerts, summary, .. } = self;
        if let Some(Other { fold, alerts, .. }) = other {
            // It refuses the same frames, which the summary counts once.
            let _ = fold.handle_frame(at, frame, alerts, &mut |_, _| {});
        }
        if let Err(reason) = fold.handle_frame(at, frame, alerts, &mut |_, verdict| summary.judged(verdict)) {
            summary.refused(reason.as_str());
        }
    }

    fn notice(&mut self, at: ReceiveTime, notice: &Notice) {
        if let Some(Other { fold, alerts, .. }) = &mut self.other {
            fold.handle_notice(at, notice, alerts);
        }
        self.summary.noticed(self.fold.handle_notice(at, notice, &mut self.alerts));
    }

    fn tracks(&mut self, name: &str, source: &mut dyn BufRead) -> Result<()> {
        let mut rows = csv::ReaderBuilder::new().flexible(true).from_reader(source);
        let columns = tracks::Columns::of(rows.headers().with_context(|| format!("cannot read {name}"))?)
            .with_context(|| format!("{name}:1"))?;
        let mut record = csv::StringRecord::new();
        while rows.read_record(&mut record).with_context(|| format!("cannot read {name}"))? {
            let line = record.position().map_or(0, csv::Position::line);
            let observation = columns.parse(&record).with_context(|| format!("{name}:{line}"))?;
            let verdict = self.fold.handle_observation(&observation, &mut self.alerts);
            self.summary.judged(verdict);
            if let Some(Other { fold, alerts, .. }) = &mut self.other {
                fold.handle_observation(&observation, alerts);
            }
            self.write()?;
        }
        Ok(())
    }

    fn write(&mut self) -> Result<()> {
        for alert in self.alerts.drain(..) {
            self.summary.alert(&alert);
            if let Some(other) = &mut self.other {
                other.comparison.take(Side::Base, alert);
                continue;
            }
            serde_json::to_writer(&mut self.out, &alert).context("cannot write the alerts")?;
            self.out.write_all(b"\n").context("cannot write the alerts")?;
        }
        if let Some(Other { alerts, comparison, .. }) = &mut self.other {
            alerts.drain(..).for_each(|alert| comparison.take(Side::Other, alert));
        }
        Ok(())
    }
}

/// A recording and the bar that shows how far it has been read.
fn open(path: &Path) -> Result<(Box<dyn Read>, ProgressBar)> {
    if path.as_os_str() == "-" {
        return Ok((Box::new(io::stdin().lock()), ProgressBar::hidden()));
    }
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let bar = ProgressBar::new(file.metadata().map(|m| m.len()).unwrap_or(0));
    let style = "{msg} {wide_bar} {bytes}/{total_bytes} {eta}";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default());
    Ok((Box::new(bar.wrap_read(file)), bar))
}
