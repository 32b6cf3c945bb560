//! The console's pages: files that the build packed into the binary, gzipped. No request goes to anywhere else.

use std::io::Read;

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;

use crate::problem::Problem;

/// A file of the pages.
struct Page {
    /// Such as `assets/main-4f2a.js`.
    path: &'static str,
    gzipped: &'static [u8],
    /// `ETag`, made from the contents.
    tag: &'static str,
}

/// By path.
const PAGES: &[Page] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// Answers every path the interface does not have; open, for pages show nothing before somebody signs in. A path
/// without a dot is a place in the application and gets its first page; a file that is not there is 404, never that
/// page: a browser would take HTML for a script.
pub(crate) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    let is_read = matches!(method, Method::GET | Method::HEAD);
    if !is_read || path.starts_with("api/") {
        return Problem::not_found("such path").into_response();
    }
    let wanted = if path.contains('.') { path } else { "index.html" };
    match PAGES.binary_search_by_key(&wanted, |page| page.path) {
        Ok(found) => answer(&PAGES[found], &headers),
        Err(_) => Problem::not_found("such file").into_response(),
    }
}

fn answer(page: &Page, headers: &HeaderMap) -> Response {
    let head = [
        (header::CONTENT_TYPE, media_type(page.path)),
        (header::CACHE_CONTROL, caching(page.path)),
        (header::ETAG, page.tag),
        (header::VARY, "accept-encoding"),
    ];
    let lists = |name, wanted: &str| {
        headers.get(name).and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains(wanted))
    };
    if lists(header::IF_NONE_MATCH, page.tag) {
        return (StatusCode::NOT_MODIFIED, head).into_response();
    }
    if lists(header::ACCEPT_ENCODING, "gzip") {
        let gzip = [(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))];
        return (head, gzip, page.gzipped).into_response();
    }
    match contents(page) {
        Ok(bytes) => (head, bytes).into_response(),
        Err(error) => Problem::internal(error).into_response(),
    }
}

fn contents(page: &Page) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    GzDecoder::new(page.gzipped).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Names under `assets` carry a hash of what they hold; everything else is asked for again each time.
fn caching(path: &str) -> &'static str {
    if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" }
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, kind)| kind) {
        "css" => "text/css; charset=utf-8",
        "geojson" => "application/geo+json",
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" | "map" => "application/json",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "txt" => "text/plain; charset=utf-8",
        "webmanifest" => "application/manifest+json",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_found_by_path() {
        assert!(PAGES.is_sorted_by_key(|page| page.path), "the search needs the order");
        assert!(PAGES.iter().any(|page| page.path == "index.html"));
    }
}
