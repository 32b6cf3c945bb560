//! `import-osm`: the reference files of a region out of OpenStreetMap data.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use osm::{ATTRIBUTION, Limits, import};

use crate::args;

/// Runs `import-osm`.
pub fn run(args: &args::ImportOsm) -> Result<()> {
    let name = args.input.display();
    let source = File::open(&args.input).with_context(|| format!("cannot read {name}"))?;
    fs::create_dir_all(&args.out).with_context(|| format!("cannot make {}", args.out.display()))?;
    let (mut roads, mut zones) =
        (Output::create(&args.out, "roads.geojson")?, Output::create(&args.out, "zones.geojson")?);
    let bar = bar(&args.input);
    let counts = import(
        BufReader::with_capacity(1 << 16, source),
        Limits { bridge_m: args.bridge_m, tunnel_m: args.tunnel_m },
        (&mut roads.file, &mut zones.file),
        &mut |done, all| {
            bar.set_length(all);
            bar.set_position(done);
        },
    );
    bar.finish_and_clear();
    let counts = counts.map_err(|error| anyhow::anyhow!("{name} {error}"))?;
    eprint!("{counts}");
    for output in [roads, zones] {
        eprintln!("{}", output.keep()?.display());
    }
    eprintln!("{ATTRIBUTION}");
    Ok(())
}

/// A file that takes its name once it is whole: a running service never reads half of one.
struct Output {
    file: BufWriter<File>,
    part: PathBuf,
    path: PathBuf,
    kept: bool,
}

impl Output {
    fn create(dir: &Path, name: &str) -> Result<Self> {
        let (path, part) = (dir.join(name), dir.join(format!("{name}.part")));
        let file = File::create(&part).with_context(|| format!("cannot write {}", part.display()))?;
        Ok(Self { file: BufWriter::with_capacity(1 << 16, file), part, path, kept: false })
    }

    fn keep(mut self) -> Result<PathBuf> {
        fs::rename(&self.part, &self.path)
            .with_context(|| format!("cannot write {}", self.path.display()))?;
        self.kept = true;
        Ok(self.path.clone())
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if !self.kept {
            let _ = fs::remove_file(&self.part); // The error that led here is the one to tell.
        }
    }
}

fn bar(path: &Path) -> ProgressBar {
    let bar = ProgressBar::new(0);
    let style = "{msg} {wide_bar} {bytes}/{total_bytes} {eta}";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default());
    bar
}
