//! Builds the console's pages with Node and packs them, gzipped, into the binary.
//!
//! `CONSOLE_WEB` says where the pages come from: `build` (the default: `npm ci` and `vite build`), `stub` (one page that says
//! what is missing; for checks that look at Rust only), or a directory with a finished build. Nothing but `web/node_modules`
//! and `web/.build.lock` is written outside the build's own folder.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, error};

use flate2::Compression;
use flate2::write::GzEncoder;

type Result<T> = std::result::Result<T, Box<dyn error::Error>>;

/// What a build depends on, in `web`.
const SOURCES: &[&str] =
    &["index.html", "package.json", "package-lock.json", "public", "src", "tsconfig.json", "vite.config.ts"];
/// Lines of npm shown when it fails; the mistake stands at the end.
const LINES_SHOWN: usize = 30;

fn main() -> Result<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-env-changed=CONSOLE_WEB");
    println!("cargo::rerun-if-changed=build.rs");
    let wanted = env::var("CONSOLE_WEB").unwrap_or_else(|_| "build".to_owned());
    let pages = match wanted.as_str() {
        "build" => build(&root.join("web"), &out)?,
        "stub" => stub(&out, "These pages were left out of this build (CONSOLE_WEB=stub).")?,
        directory => {
            println!("cargo::rerun-if-changed={directory}");
            finished(Path::new(directory))?
        }
    };
    pack(&pages, &out)
}

fn finished(directory: &Path) -> Result<PathBuf> {
    if directory.join("index.html").is_file() {
        return Ok(directory.to_owned());
    }
    Err(format!(
        "CONSOLE_WEB={} holds no index.html; expected build, stub, or the absolute path of a finished build",
        directory.display()
    )
    .into())
}

/// The pages out of their sources. What fails stops a release, and leaves a page that says so in any other build.
fn build(web: &Path, out: &Path) -> Result<PathBuf> {
    for source in SOURCES {
        println!("cargo::rerun-if-changed={}", web.join(source).display());
    }
    let target = out.join("web");
    let Err(why) = try_build(web, &target) else { return Ok(target) };
    if env::var("PROFILE")? == "release" {
        return Err(format!(
            "the console's pages can't be built: {why}\n\
             They need Node 20.19 or newer with npm (https://nodejs.org) and a package registry.\n\
             控制台页面无法构建:需要 Node 20.19 以上、npm 和可访问的软件包源。\n\
             For a service without pages: CONSOLE_WEB=stub cargo build --release"
        )
        .into());
    }
    let line = why.to_string().lines().next().unwrap_or_default().to_owned();
    println!("cargo::warning=the console shows a notice instead of its pages: {line}");
    stub(out, &format!("The pages could not be built: {why}"))
}

fn try_build(web: &Path, target: &Path) -> Result<()> {
    // Two builds with two target folders would run two `npm ci` in one place.
    let lock = File::create(web.join(".build.lock"))?;
    lock.lock()?;
    if !is_installed(web) {
        npm(web, &["ci", "--ignore-scripts", "--no-audit", "--no-fund"])?;
    }
    let target = target.to_str().ok_or("the build folder's path is not UTF-8")?;
    npm(web, &["run", "--silent", "build", "--", "--outDir", target, "--emptyOutDir"])
}

/// Whether what npm installed last is at least as new as the lock file.
fn is_installed(web: &Path) -> bool {
    let modified = |path: &str| fs::metadata(web.join(path)).and_then(|it| it.modified()).ok();
    match (modified("node_modules/.package-lock.json"), modified("package-lock.json")) {
        (Some(installed), Some(wanted)) => installed >= wanted,
        _ => false,
    }
}

fn npm(web: &Path, args: &[&str]) -> Result<()> {
    let output =
        Command::new("npm").args(args).current_dir(web).output().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => "npm is not installed".to_owned(),
            _ => format!("npm can't be run: {error}"),
        })?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let lines: Vec<&str> = said.lines().collect();
    let end = lines[lines.len().saturating_sub(LINES_SHOWN)..].join("\n");
    Err(format!("npm {} failed\n{end}", args.join(" ")).into())
}

fn stub(out: &Path, why: &str) -> Result<PathBuf> {
    let directory = out.join("stub");
    fs::create_dir_all(&directory)?;
    let escaped = why.replace('&', "&amp;").replace('<', "&lt;");
    let page = format!(
        "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><title>Roadwarden 道路卫士</title>\
         <h1>Roadwarden 道路卫士</h1><p>这个程序没有包含控制台页面;接口照常工作:<a href=\"/api/openapi.json\">/api/openapi.json</a></p>\
         <p>This program was built without its pages; the interface works. With Node 20.19 and npm installed, \
         build again.</p><pre>{escaped}</pre></html>"
    );
    fs::write(directory.join("index.html"), page)?;
    Ok(directory)
}

/// Writes `pages.rs`: a row a file with its path, its gzipped bytes and a tag made from its contents.
fn pack(pages: &Path, out: &Path) -> Result<()> {
    let packed = out.join("packed");
    if packed.exists() {
        fs::remove_dir_all(&packed)?;
    }
    fs::create_dir_all(&packed)?;
    let mut files = Vec::new();
    collect(pages, &mut files)?;
    files.sort();
    let mut table = String::from("&[\n");
    for (place, file) in files.iter().enumerate() {
        let bytes = fs::read(file)?;
        let gzipped = packed.join(format!("{place}.gz"));
        let mut encoder = GzEncoder::new(File::create(&gzipped)?, Compression::best());
        encoder.write_all(&bytes)?;
        encoder.finish()?;
        let path = file.strip_prefix(pages)?.to_str().ok_or("a file name is not UTF-8")?.replace('\\', "/");
        writeln!(
            table,
            "    Page {{ path: {path:?}, gzipped: include_bytes!({gzipped:?}), tag: \"\\\"{:016x}\\\"\" }},",
            fnv1a64(&bytes)
        )?;
    }
    table.push(']');
    fs::write(out.join("pages.rs"), table)?;
    Ok(())
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() { collect(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

fn fnv1a64(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
