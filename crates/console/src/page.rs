//! The duty room's page: plain files inside the binary, no build step, no request to anywhere else.

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const JSON: &str = "application/json";
const SVG: &str = "image/svg+xml";

macro_rules! files {
    ($($path:literal $media:ident $file:literal;)+) => {
        /// Path, media type, contents.
        const FILES: &[(&str, &str, &str)] = &[$(($path, $media, include_str!(concat!("../page/", $file)))),+];
    };
}

files! {
    "/" HTML "index.html";
    "/style.css" CSS "style.css";
    "/icon.svg" SVG "icon.svg";
    "/base.json" JSON "base.json";
    "/js/api.js" SCRIPT "js/api.js";
    "/js/ask.js" SCRIPT "js/ask.js";
    "/js/chart.js" SCRIPT "js/chart.js";
    "/js/dom.js" SCRIPT "js/dom.js";
    "/js/inbox.js" SCRIPT "js/inbox.js";
    "/js/live.js" SCRIPT "js/live.js";
    "/js/main.js" SCRIPT "js/main.js";
    "/js/map.js" SCRIPT "js/map.js";
    "/js/sheet.js" SCRIPT "js/sheet.js";
    "/js/sound.js" SCRIPT "js/sound.js";
    "/js/time.js" SCRIPT "js/time.js";
    "/js/words.js" SCRIPT "js/words.js";
}

/// The page's own routes; open, for it shows nothing before somebody signs in.
pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    FILES.iter().fold(Router::new(), |router, &(path, media, text)| {
        router.route(path, get(async move |headers: HeaderMap| file(&headers, media, text)))
    })
}

/// A browser asks again each time and is told when nothing has changed.
fn file(headers: &HeaderMap, media: &'static str, text: &'static str) -> Response {
    let tag = format!("\"{:016x}\"", fnv1a64(text.as_bytes()));
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == tag.as_bytes());
    let head = [
        (header::CONTENT_TYPE, media.to_owned()),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
        (header::ETAG, tag),
    ];
    if known { (StatusCode::NOT_MODIFIED, head).into_response() } else { (head, text).into_response() }
}

fn fnv1a64(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &str) -> &'static str {
        FILES.iter().find(|file| file.0 == path).unwrap().2
    }

    #[test]
    fn every_file_that_is_asked_for_is_there() {
        for (path, _, contents) in FILES.iter().filter(|file| file.1 == SCRIPT) {
            for imported in contents.lines().filter_map(|line| line.split(" from \"./").nth(1)) {
                let wanted = format!("/js/{}", imported.trim_end_matches("\";"));
                assert!(FILES.iter().any(|file| file.0 == wanted), "{path} imports {wanted}");
            }
        }
        for wanted in ["/style.css", "/js/main.js", "/icon.svg"] {
            assert!(text("/").contains(&format!("\"{wanted}\"")), "{wanted}");
        }
    }

    #[test]
    fn the_page_needs_no_inline_script_and_no_other_host() {
        for (path, _, contents) in FILES {
            for place in contents.match_indices("://") {
                let around: String = contents[..place.0].chars().rev().take(5).collect();
                let rest = &contents[place.0 + 3..];
                assert!(rest.starts_with("www.w3.org/"), "{path} names another host after {around:?}");
            }
        }
        let page = text("/");
        assert!(
            !page.contains(" style=") && !page.contains(" onclick=") && page.matches("<script").count() == 1
        );
    }

    #[test]
    fn every_rule_has_its_words() {
        for rule in fleet::RULES {
            assert!(text("/js/words.js").contains(&format!("\"{rule}\": [")), "{rule}");
        }
    }
}
