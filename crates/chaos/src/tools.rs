//! Programs of the machine.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

/// Runs a program to its end; what it printed.
pub fn run<S: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = S>) -> Result<String> {
    let mut command = Command::new(program);
    command.args(arguments);
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?} failed, {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Fails where a program is missing, with the package that brings it.
pub fn need(file: &str, package: &str) -> Result<()> {
    ensure!(Path::new(file).exists(), "{file} is missing, expected Debian's package {package}");
    Ok(())
}

/// Mounts and namespaces are root's.
pub fn need_root(what: &str) -> Result<()> {
    ensure!(run("id", ["-u"])? == "0", "{what} needs root");
    Ok(())
}
