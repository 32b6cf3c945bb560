//! All that proves an alert: as JSON for a page, and as an archive that can be checked years later with tools everybody has.
//!
//! ```text
//! README.txt       what each file is, and how to check them
//! alert.json       the newest revision
//! revisions.jsonl  every revision as published, oldest first
//! timeline.jsonl   what the engine and people did, oldest first
//! frames.jsonl     the deciding frames as received, decrypted where they were encrypted, in the form `replay` reads
//! track.csv        the way before, during and after, in the form `replay` reads
//! manifest.json    size and SHA-256 of each of these, and what they were judged by
//! attachments/…    pictures, sound and films of the terminal, whole ones
//! SHA256SUMS       the same and the manifest's own, for `sha256sum -c`
//! ```
//!
//! The same state of an alert gives the same bytes. Who took an archive, and its SHA-256, stands in the audit log.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use fleet::{Alert, Fix};
use ledger::{AuditEntry, KeptFrame, TimelineEntry};
use media::{Media, StoreError};
use rawzip::time::UtcDateTime;
use rawzip::{CompressionMethod, ZipArchiveWriter};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::alerts::find;
use crate::app::{Shared, now};
use crate::attachments::{described, of_alert};
use crate::guard::Caller;
use crate::json::to_http;
use crate::problem::Problem;

/// How much of the track stands in the archive before the alert began.
const BEFORE: Duration = Duration::from_secs(15 * 60);
/// The same after its newest word.
const AFTER: Duration = Duration::from_secs(5 * 60);
/// Positions in an archive: 14 hours at one every ten seconds.
const TRACK_MAX: usize = 5_000;
/// Bytes of files in one archive, which is made in memory. What is beyond, the manifest names as left out, with its
/// SHA-256: each can be taken by itself.
const ATTACHMENT_BYTES_MAX: u64 = 64 << 20;
/// The name of what `manifest.json` says.
const SCHEMA: &str = "roadwarden.evidence/1";

const README: &str = "\
道路卫士 证据包 / Roadwarden evidence archive

alert.json       告警最新版本 / the alert, newest revision
revisions.jsonl  告警全部版本，按发布原文 / every revision as published, oldest first
timeline.jsonl   系统与人员处置经过 / what the engine and people did, oldest first
frames.jsonl     终端原始报文（判定所依据；加密的为解密后的报文） / the deciding frames as the terminal sent them, decrypted where they were encrypted
track.csv        告警前后轨迹（WGS-84，北京时间） / the way before, during and after (WGS-84, UTC+8)
attachments/     终端上传的图片、音频、视频 / pictures, sound and films of the terminal
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
    let _place = app.archives.acquire().await.map_err(Problem::internal)?;
    let archive = app
        .blocking(move |parts| -> Result<Vec<u8>, Problem> {
            let revisions = parts.ledger.revisions(id).map_err(Problem::internal)?;
            let timeline = parts.ledger.timeline(id).map_err(Problem::internal)?;
            let frames = parts.ledger.frames(id).map_err(Problem::internal)?;
            let (from, to) = (alert.started_at.minus(BEFORE), alert.position.time.plus(AFTER));
            let track = parts.history.track(alert.vehicle.terminal, from, to, TRACK_MAX);
            let track = track.map_err(Problem::internal)?;
            let revisions = revisions.into_iter().map(|(_, revision)| revision).collect();
            let attachments = Attachments::read(&parts.media, &alert).map_err(Problem::internal)?;
            let proof = Proof { alert, revisions, timeline, frames, track, attachments };
            proof.archive().map_err(Problem::internal)
        })
        .await??;
    let digest = hex(&Sha256::digest(&archive));
    let entry = AuditEntry {
        at: now(),
        by: caller.name().to_owned(),
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
    attachments: Attachments,
}

/// Files of the terminal.
#[derive(Default)]
struct Attachments {
    /// Name in the archive and bytes.
    files: Vec<(String, Vec<u8>)>,
    /// All there are, each with whether it is in the archive.
    described: Vec<Value>,
}

impl Attachments {
    fn read(media: &Media, alert: &Alert) -> Result<Self, StoreError> {
        let (mut attachments, mut room) = (Self::default(), ATTACHMENT_BYTES_MAX);
        for entry in of_alert(media, alert)? {
            let is_in = entry.sha256.is_some() && u64::from(entry.bytes) <= room;
            if is_in {
                let mut bytes = Vec::new();
                media.read(entry.id)?.take(u64::from(entry.bytes)).read_to_end(&mut bytes)?;
                room -= u64::from(entry.bytes);
                attachments.files.push((format!("attachments/{}", entry.file_name()), bytes));
            }
            let mut described = described(&entry);
            if let Some(described) = described.as_object_mut() {
                described.insert("in_archive".to_owned(), is_in.into());
            }
            attachments.described.push(described);
        }
        Ok(attachments)
    }
}

/// A file of an archive; its digest stands in the manifest and among the sums.
struct Packed<'p> {
    name: &'p str,
    bytes: &'p [u8],
    sha256: String,
}

impl<'p> Packed<'p> {
    fn new(name: &'p str, bytes: &'p [u8]) -> Self {
        Self { name, bytes, sha256: hex(&Sha256::digest(bytes)) }
    }
}

impl Proof {
    fn archive(&self) -> Result<Vec<u8>, rawzip::Error> {
        let texts = [
            ("README.txt", README.to_owned()),
            ("alert.json", pretty(&self.alert)),
            ("revisions.jsonl", lines(&self.revisions)),
            ("timeline.jsonl", lines(&self.timeline)),
            ("frames.jsonl", self.frames()),
            ("track.csv", self.track()),
        ];
        let texts: Vec<_> = texts.into_iter().map(|(name, text)| (name, text.into_bytes())).collect();
        let mut files: Vec<Packed<'_>> = texts.iter().map(|(name, bytes)| Packed::new(name, bytes)).collect();
        files.extend(self.attachments.files.iter().map(|(name, bytes)| Packed::new(name, bytes)));
        let manifest = self.manifest(&files);
        files.push(Packed::new("manifest.json", manifest.as_bytes()));
        let sums = files.iter().fold(String::new(), |mut sums, Packed { name, sha256, .. }| {
            // Writing to a text cannot fail.
            let _ = writeln!(sums, "{sha256}  {name}");
            sums
        });
        files.push(Packed::new("SHA256SUMS", sums.as_bytes()));
        self.packed(&files)
    }

    fn packed(&self, files: &[Packed<'_>]) -> Result<Vec<u8>, rawzip::Error> {
        // The moment stands in the files; this one is only for those that list the archive.
        let modified = UtcDateTime::from_unix(self.alert.position.time.ms() / 1000);
        let mut output = Vec::new();
        let mut archive = ZipArchiveWriter::new(&mut output);
        for Packed { name, bytes, .. } in files {
            let file = archive.new_file(name).compression_method(CompressionMethod::DEFLATE);
            let (mut entry, config) = file.last_modified(modified).start()?;
            let encoder = DeflateEncoder::new(&mut entry, Compression::default());
            let mut writer = config.wrap(encoder);
            writer.write_all(bytes)?;
            let (_, descriptor) = writer.finish()?;
            entry.finish(descriptor)?;
        }
        archive.finish()?;
        Ok(output)
    }

    fn manifest(&self, files: &[Packed<'_>]) -> String {
        let described: Vec<Value> = files
            .iter()
            .map(|Packed { name, bytes, sha256 }| {
                json!({ "name": name, "bytes": bytes.len(), "sha256": sha256 })
            })
            .collect();
        pretty(&json!({
            "schema": SCHEMA,
            "alert": self.alert.id.to_string(),
            "revision": self.alert.revision,
            "rules_version": self.alert.evidence.rules_version,
            "map_version": self.alert.evidence.map_version,
            "attachments": self.attachments.described,
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

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
