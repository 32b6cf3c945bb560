//! Compiles the shim that fails a system call or sets a clock, and says how a process gets it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::service::Launch;
use crate::site::Site;
use crate::tools;

const SOURCE: &str = include_str!("shim.c");

/// The compiled shim.
#[derive(Debug)]
pub struct Shim(PathBuf);

/// One fault.
#[derive(Clone, Copy, Debug)]
pub struct Fault<'a> {
    /// The call, or `sync` for both kinds.
    pub call: &'a str,
    /// Which one, from 1.
    pub k: u32,
    /// `once`, `always` or `lie`.
    pub mode: &'a str,
}

/// What the shim noted of its first fault.
#[derive(Clone, Debug)]
pub struct Struck {
    pub at_ms: i64,
    pub path: String,
}

impl Shim {
    /// Compiles it with the machine's `cc`.
    pub fn compile(dir: &Path) -> Result<Self> {
        let (source, object) = (dir.join("shim.c"), dir.join("shim.so"));
        fs::write(&source, SOURCE)?;
        let paths = [source.as_os_str(), "-o".as_ref(), object.as_os_str()];
        let flags = ["-shared", "-fPIC", "-O1", "-Wall", "-Werror"].map(AsRef::as_ref);
        tools::run("cc", flags.into_iter().chain(paths).chain(["-ldl".as_ref()]))
            .context("the shim needs a C compiler, expected Debian's package gcc")?;
        Ok(Self(object))
    }

    /// The service with a clock that [`set_clock`] sets.
    pub fn clock(&self, site: &Site) -> Launch {
        Launch::default()
            .env("LD_PRELOAD", self.0.display().to_string())
            .env("CHAOS_CLOCK", ahead(site).display().to_string())
    }

    /// The service with this fault in its data directory.
    pub fn launch(&self, site: &Site, fault: Fault<'_>) -> Launch {
        let _ = fs::remove_file(mark(site));
        Launch::default()
            .env("LD_PRELOAD", self.0.display().to_string())
            .env("CHAOS_DIR", site.data_dir.display().to_string())
            .env("CHAOS_CALL", fault.call)
            .env("CHAOS_K", fault.k.to_string())
            .env("CHAOS_MODE", fault.mode)
            .env("CHAOS_MARK", mark(site).display().to_string())
    }
}

/// Puts the clock of the service so far ahead of the machine's; whole seconds of it count.
pub fn set_clock(site: &Site, ahead_ms: i64) -> Result<()> {
    // Read while it is being written it would be another number.
    let new = site.path.join("ahead.new");
    fs::write(&new, ahead_ms.to_string())?;
    fs::rename(&new, ahead(site)).context("cannot set the clock")
}

/// Whether and where the fault struck.
pub fn struck(site: &Site) -> Option<Struck> {
    let text = fs::read_to_string(mark(site)).ok()?;
    let mut words = text.lines().next()?.splitn(3, ' ');
    let at_ms = words.next()?.parse().ok()?;
    Some(Struck { at_ms, path: words.nth(1)?.to_owned() })
}

fn ahead(site: &Site) -> PathBuf {
    site.path.join("ahead")
}

fn mark(site: &Site) -> PathBuf {
    site.path.join("struck")
}
