//! The session cookie. Over HTTPS it bears the prefix `__Host-` (RFC 6265bis, 4.1.3.2): a browser then takes it from this
//! host over HTTPS alone and sends it nowhere else. Over plain HTTP, as the demo is served, browsers would refuse that.

use axum::http::{HeaderMap, header};

use crate::Parts;

/// Name of the cookie over plain HTTP.
pub(crate) const PLAIN: &str = "roadwarden_session";
/// Name of the cookie over HTTPS.
const SECURE: &str = "__Host-roadwarden_session";

/// Whether a browser that sent this reached us over HTTPS. Who lies with the header harms nobody but himself: a cookie of
/// the other name is not looked at.
pub(crate) fn is_secure(parts: &Parts, headers: &HeaderMap) -> bool {
    let forwarded = headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok());
    parts.behind_tls || forwarded.is_some_and(|proto| proto.trim().eq_ignore_ascii_case("https"))
}

/// The value of `Set-Cookie` that signs in.
pub(crate) fn set(secret: &str, is_secure: bool) -> String {
    write(secret, "", is_secure)
}

/// The value of `Set-Cookie` that signs out.
pub(crate) fn gone(is_secure: bool) -> String {
    write("", "; Max-Age=0", is_secure)
}

/// The secret a browser sent.
pub(crate) fn read(headers: &HeaderMap, is_secure: bool) -> Option<String> {
    let wanted = name(is_secure);
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == wanted).map(|(_, secret)| secret.to_owned())
}

fn name(is_secure: bool) -> &'static str {
    if is_secure { SECURE } else { PLAIN }
}

fn write(value: &str, more: &str, is_secure: bool) -> String {
    let secure = if is_secure { "; Secure" } else { "" };
    format!("{}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{more}", name(is_secure))
}
