//! The files that prove an alert: pictures, sound and films of its terminal.
//!
//! Files sent for the alert come first, then media the terminal sent of itself within a minute of it. What a file is
//! served as says its own bytes, out of a closed list; it is always for saving, never for showing in place.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use fleet::Alert;
use media::{Entry, Media, StoreError};
use serde_json::{Value, json};

use crate::alerts::find;
use crate::app::Shared;
use crate::evidence::hex;
use crate::guard::Caller;
use crate::problem::Problem;

/// Media a terminal sends of itself belongs to an alert of the same terminal that began or was last heard of within so
/// long of when it was taken.
const AROUND: Duration = Duration::from_secs(60);
/// Media of events shown with one alert: some for each camera and minute.
const EVENTS_MAX: usize = 64;
/// Bytes of a file in memory at a time.
const CHUNK_BYTES: usize = 256 * 1024;

/// The files of an alert.
pub(crate) async fn list(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let alert = find(&app, &caller, &id).await?.alert;
    let entries = app.blocking(move |parts| of_alert(&parts.media, &alert)).await?;
    let items: Vec<Value> = entries.map_err(Problem::internal)?.iter().map(described).collect();
    Ok(Json(json!({ "items": items })))
}

/// One file, or a run of its bytes.
pub(crate) async fn one(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path((id, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let alert = find(&app, &caller, &id).await?.alert;
    let opened = app
        .blocking(move |parts| -> Result<Option<(Entry, File)>, StoreError> {
            let entries = of_alert(&parts.media, &alert)?;
            let is_it = |entry: &Entry| entry.sha256.is_some() && entry.file_name() == name;
            let Some(entry) = entries.into_iter().find(is_it) else { return Ok(None) };
            let file = parts.media.read(entry.id)?;
            Ok(Some((entry, file)))
        })
        .await?
        .map_err(Problem::internal)?;
    let (entry, file) = opened.ok_or_else(|| Problem::not_found("such file"))?;
    let whole = u64::from(entry.bytes);
    let wished = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let (status, (from, to)) = match wished.and_then(|wished| range(wished, whole)) {
        Some(range) => (StatusCode::PARTIAL_CONTENT, range),
        None => (StatusCode::OK, (0, whole)),
    };
    let etag = entry.sha256.map(|sha256| format!("\"{}\"", hex(&sha256))).unwrap_or_default();
    let mut head = vec![
        (header::CONTENT_TYPE, entry.form.media_type.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", entry.file_name())),
        (header::CONTENT_LENGTH, (to - from).to_string()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (header::ETAG, etag),
    ];
    if status == StatusCode::PARTIAL_CONTENT {
        head.push((header::CONTENT_RANGE, format!("bytes {from}-{}/{whole}", to.saturating_sub(1))));
    }
    let mut response = (status, Body::from_stream(chunks(file, from, to))).into_response();
    for (name, value) in head {
        response.headers_mut().insert(name, value.parse().map_err(Problem::internal)?);
    }
    Ok(response)
}

/// The files of an alert, in the order they are shown; of its own terminal alone, whatever is filed under it: who sees the
/// alert sees them.
pub(crate) fn of_alert(media: &Media, alert: &Alert) -> Result<Vec<Entry>, StoreError> {
    let mut entries = media.of_alert(alert.id)?;
    entries.retain(|entry| entry.terminal == alert.vehicle.terminal);
    let around = (alert.started_at.minus(AROUND), alert.position.time.plus(AROUND));
    entries.extend(media.of_terminal(alert.vehicle.terminal, around, EVENTS_MAX)?);
    Ok(entries)
}

pub(crate) fn described(entry: &Entry) -> Value {
    let is_whole = entry.sha256.is_some();
    json!({
        "name": entry.file_name(),
        "kind": entry.kind().as_str(),
        "media_type": is_whole.then_some(entry.form.media_type),
        "channel": entry.channel,
        "state": if is_whole { "complete" } else { "partial" },
        "bytes": entry.bytes,
        "stored_bytes": entry.stored_bytes,
        "sha256": entry.sha256.map(|sha256| hex(&sha256)),
        "received_at": is_whole.then(|| entry.changed.to_rfc3339_ms()),
        "taken_at": entry.taken.map(fleet::EventTime::to_rfc3339_ms),
        "terminal_name": entry.terminal_name(),
    })
}

/// One run as RFC 9110 section 14 writes it, as bytes from and up to; anything else is answered with the whole file.
fn range(wished: &str, whole: u64) -> Option<(u64, u64)> {
    let (from, to) = wished.strip_prefix("bytes=")?.split_once('-')?;
    let (from, to) = match (from, to) {
        ("", last) => (whole.saturating_sub(last.parse().ok()?), whole),
        (from, "") => (from.parse().ok()?, whole),
        (from, to) => (from.parse().ok()?, to.parse::<u64>().ok()?.checked_add(1)?.min(whole)),
    };
    (from < to).then_some((from, to))
}

/// A file that ends too early ends the answer, which its length then gives away.
pub(crate) fn chunks(
    file: File,
    from: u64,
    to: u64,
) -> impl futures_util::Stream<Item = std::io::Result<Bytes>> + Send {
    futures_util::stream::unfold(Some((file, from, to)), async |state| {
        let (file, from, to) = state.filter(|(_, from, to)| from < to)?;
        let read = tokio::task::spawn_blocking(move || chunk(file, from, to)).await;
        match read.map_err(std::io::Error::other).flatten() {
            Ok((_, bytes)) if bytes.is_empty() => None,
            Ok((file, bytes)) => {
                let next = from + bytes.len() as u64;
                Some((Ok(bytes), Some((file, next, to))))
            }
            Err(error) => Some((Err(error), None)),
        }
    })
}

fn chunk(mut file: File, from: u64, to: u64) -> std::io::Result<(File, Bytes)> {
    let mut buffer = Vec::new();
    file.seek(SeekFrom::Start(from))?;
    (&mut file).take((to - from).min(CHUNK_BYTES as u64)).read_to_end(&mut buffer)?;
    Ok((file, Bytes::from(buffer)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_run_of_bytes_is_understood_and_nothing_else() {
        let check = |wished, expected| assert_eq!(range(wished, 100), expected, "{wished}");
        check("bytes=0-9", Some((0, 10)));
        check("bytes=90-", Some((90, 100)));
        check("bytes=-5", Some((95, 100)));
        check("bytes=-500", Some((0, 100)));
        check("bytes=90-500", Some((90, 100)));
        check("bytes=100-", None);
        check("bytes=9-3", None);
        check("bytes=0-1,5-6", None);
        check("lines=0-1", None);
        check("bytes=0-18446744073709551615", None);
    }
}
