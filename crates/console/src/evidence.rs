//! All that proves an alert: as JSON for a page, and as an archive that can be checked years later with tools everybody has.
//!
//! ```text
//! README.txt       what each file is, and how to check them
//! alert.json       the newest revision
//! revisions.jsonl  every revision as published, oldest first
//! timeline.jsonl   what the engine and people did, oldest first
//! frames.jsonl     the deciding frames as received, in the form `replay` reads
//! track.csv        the way before, during and after, in the form `replay` reads
//! manifest.json    size and SHA-256 of each of these, and what they were judged by
//! SHA256SUMS       the same and the manifest's own, for `sha256sum -c`
//! ```
//!
//! The same state of an alert gives the same bytes. Who took an archive, and its SHA-256, stands in the audit log.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use fleet::{Alert, Fix};
use ledger::{AuditEntry, KeptFrame, TimelineEntry};
use rawzip::time::UtcDateTime;
use rawzip::{CompressionMethod, ZipArchiveWriter};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::alerts::find;
use crate::app::{Shared, now};
use crate::guard::Caller;
use crate::json::to_http;
use crate::problem::Problem;

/// How much of the track stands in the archive before the alert began.
const BEFORE: Duration = Duration::from_secs(15 * 60);
/// The same after its newest word.
const AFTER: Duration = Duration::from_secs(5 * 60);
/// Positions in an archive: 14 hours at one every ten seconds.
const TRACK_MAX: usize = 5_000;
/// The name of what `manifest.json` says.
const SCHEMA: &str = "roadwarden.evidence/1";

const README: &str = "\
道路卫士 证据包 / Roadwarden evidence archive

alert.json       告警最新版本 / the alert, newest revision
revisions.jsonl  告警全部版本，按发布原文 / every revision as published, oldest first
timeline.jsonl   系统与人员处置经过 / what the engine and people did, oldest first
frames.jsonl     终端原始报文（判定所依据） / the deciding frames as the terminal sent them
track.csv        告警前后轨迹（WGS-84，北京时间） / the way before, during and after (WGS-84, UTC+8)
manifest.json    文件清单、大小、SHA-256、规则与地图版本 / files, sizes, SHA-256, versions of rules and map
SHA256SUMS       校验和 / checksums

校验 / To check:      sha256sum -c SHA256SUMS
解码报文 / To decode: roadwarden decode < (the hex of frames.jsonl)
重放 / To replay:     roadwarden replay --config FILE frames.jsonl
";

/// The positions the alert carries, and the frames as received.
pub(crate) async fn shown(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let alert = find(&app, &caller, &id).await?.alert;
    let id = alert.id;
    let frames = app.blocking(move |parts| parts.ledger.frames(id)).await?.map_err(Problem::internal)?;
    let frames: Vec<Value> = frames
        .iter()
        .map(|kept| {
            json!({ "revision": kept.revision, "at": kept.received.to_rfc3339_ms(), "hex": hex(&kept.frame) })
        })
        .collect();
    let mut evidence = to_http(&alert.evidence)?;
    if let Some(evidence) = evidence.as_object_mut() {
        evidence.insert("frames".to_owned(), frames.into());
    }
    Ok(Json(evidence))
}

/// The archive.
pub(crate) async fn zip(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let alert = find(&app, &caller, &id).await?.alert;
    let id = alert.id;
    let proof = app
        .blocking(move |parts| -> Result<Proof, Problem> {
            let revisions = parts.ledger.revisions(id).map_err(Problem::internal)?;
            let timeline = parts.ledger.timeline(id).map_err(Problem::internal)?;
            let frames = parts.ledger.frames(id).map_err(Problem::internal)?;
            let (from, to) = (alert.started_at.minus(BEFORE), alert.position.time.plus(AFTER));
            let track = parts.history.track(alert.vehicle.terminal, from, to, TRACK_MAX);
            let track = track.map_err(Problem::internal)?;
            let revisions = revisions.into_iter().map(|(_, revision)| revision).collect();
            Ok(Proof { alert, revisions, timeline, frames, track })
        })
        .await??;
    let archive = proof.archive().map_err(Problem::internal)?;
    let digest = hex(&Sha256::digest(&archive));
    let entry = AuditEntry {
        at: now(),
        by: caller.name.clone(),
        via: caller.via(),
        action: "take-evidence".to_owned(),
        subject: id.to_string(),
        detail: format!("sha256 {digest}"),
    };
    app.blocking(move |parts| parts.ledger.audit(&entry)).await?.map_err(Problem::internal)?;
    let head = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"evidence-{id}.zip\"")),
        (header::ETAG, format!("\"{digest}\"")),
    ];
    Ok((head, archive).into_response())
}

/// What goes into an archive.
struct Proof {
    alert: Alert,
    revisions: Vec<Alert>,
    timeline: Vec<TimelineEntry>,
    frames: Vec<KeptFrame>,
    track: Vec<Fix>,
}

impl Proof {
    fn archive(&self) -> Result<Vec<u8>, rawzip::Error> {
        let mut files = vec![
            ("README.txt", README.to_owned()),
            ("alert.json", pretty(&self.alert)),
            ("revisions.jsonl", lines(&self.revisions)),
            ("timeline.jsonl", lines(&self.timeline)),
            ("frames.jsonl", self.frames()),
            ("track.csv", self.track()),
        ];
        files.push(("manifest.json", self.manifest(&files)));
        let sums = files.iter().fold(String::new(), |mut sums, (name, text)| {
            // Writing to a text cannot fail.
            let _ = writeln!(sums, "{}  {name}", hex(&Sha256::digest(text)));
            sums
        });
        files.push(("SHA256SUMS", sums));
        self.packed(&files)
    }

    fn packed(&self, files: &[(&str, String)]) -> Result<Vec<u8>, rawzip::Error> {
        // The moment stands in the files; this one is only for those that list the archive.
        let modified = UtcDateTime::from_unix(self.alert.position.time.ms() / 1000);
        let mut output = Vec::new();
        let mut archive = ZipArchiveWriter::new(&mut output);
        for (name, text) in files {
            let file = archive.new_file(name).compression_method(CompressionMethod::DEFLATE);
            let (mut entry, config) = file.last_modified(modified).start()?;
            let encoder = DeflateEncoder::new(&mut entry, Compression::default());
            let mut writer = config.wrap(encoder);
            writer.write_all(text.as_bytes())?;
            let (_, descriptor) = writer.finish()?;
            entry.finish(descriptor)?;
        }
        archive.finish()?;
        Ok(output)
    }

    fn manifest(&self, files: &[(&str, String)]) -> String {
        let described: Vec<Value> = files
            .iter()
            .map(|(name, text)| {
                json!({ "name": name, "bytes": text.len(), "sha256": hex(&Sha256::digest(text)) })
            })
            .collect();
        pretty(&json!({
            "schema": SCHEMA,
            "alert": self.alert.id.to_string(),
            "revision": self.alert.revision,
            "rules_version": self.alert.evidence.rules_version,
            "map_version": self.alert.evidence.map_version,
            "attachments": self.alert.evidence.attachments,
            "files": described,
        }))
    }

    fn frames(&self) -> String {
        self.frames.iter().fold(String::new(), |mut text, kept| {
            let line = json!({ "at": kept.received.to_rfc3339_ms(), "hex": hex(&kept.frame) });
            let _ = writeln!(text, "{line}");
            text
        })
    }

    fn track(&self) -> String {
        let head = "terminal,time,lon,lat,speed_kmh,heading\n".to_owned();
        self.track.iter().fold(head, |mut text, fix| {
            let heading = fix.heading.map(|heading| heading.deg().to_string()).unwrap_or_default();
            let (terminal, at) = (self.alert.vehicle.terminal, fix.at.to_rfc3339_ms());
            let (lon, lat, kmh) = (fix.position.lon(), fix.position.lat(), fix.speed.kmh());
            let _ = writeln!(text, "{terminal},{at},{lon:.6},{lat:.6},{kmh:.1},{heading}");
            text
        })
    }
}

fn pretty(value: &impl serde::Serialize) -> String {
    let text = serde_json::to_string_pretty(value).expect("our types can be written as JSON");
    text + "\n"
}

fn lines(values: &[impl serde::Serialize]) -> String {
    let line = |value| serde_json::to_string(value).expect("our types can be written as JSON") + "\n";
    values.iter().map(line).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
