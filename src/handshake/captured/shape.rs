//! What a line of a capture looks like, whatever it is.

use super::Side;
use crate::handshake::grammar;

/// Methods by which a request line is known though its end is missing or wrong.
const METHODS: [&str; 9] = ["GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT", "DELETE", "PATCH", "TRACE"];

/// Fields that only clients send, in lower case.
const OF_REQUESTS: [&str; 12] = [
    "host",
    "sec-websocket-key",
    "origin",
    "user-agent",
    "cookie",
    "accept",
    "accept-encoding",
    "accept-language",
    "authorization",
    "referer",
    "sec-fetch-mode",
    "sec-gpc",
];

/// Fields that only servers send.
const OF_RESPONSES: [&str; 9] = [
    "sec-websocket-accept",
    "server",
    "set-cookie",
    "date",
    "location",
    "www-authenticate",
    "retry-after",
    "last-modified",
    "allow",
];

/// Fields of handshakes that both may send.
const OF_BOTH: [&str; 5] =
    ["upgrade", "connection", "sec-websocket-version", "sec-websocket-protocol", "sec-websocket-extensions"];

/// Titles over heads, as browsers and people write them.
const TITLES: [(&str, Title); 17] = [
    ("general", Title::General),
    ("provisional headers are shown", Title::Provisional),
    ("request", Title::Of(Side::Request)),
    ("http request", Title::Of(Side::Request)),
    ("client request", Title::Of(Side::Request)),
    ("client handshake", Title::Of(Side::Request)),
    ("handshake request", Title::Of(Side::Request)),
    ("the request", Title::Of(Side::Request)),
    ("request header", Title::Of(Side::Request)),
    ("request headers", Title::Of(Side::Request)),
    ("response", Title::Of(Side::Response)),
    ("http response", Title::Of(Side::Response)),
    ("server response", Title::Of(Side::Response)),
    ("server handshake", Title::Of(Side::Response)),
    ("handshake response", Title::Of(Side::Response)),
    ("response header", Title::Of(Side::Response)),
    ("response headers", Title::Of(Side::Response)),
];

/// A line that says what the ones below it are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Title {
    /// The browser's summary.
    General,
    /// The browser does not know the request as it was sent.
    Provisional,
    /// A head of this side.
    Of(Side),
}

/// The side whose start line this is, be it a broken one.
pub(super) fn start_line(text: &[u8]) -> Option<Side> {
    let text = text.trim_ascii();
    if is_status_line(text) {
        return Some(Side::Response);
    }
    is_request_line(text).then_some(Side::Request)
}

/// Where the version stands in a start line: at `HTTP/` and a digit, in any case.
pub(super) fn version_at(line: &[u8]) -> Option<usize> {
    line.windows(6).rposition(|window| window[..5].eq_ignore_ascii_case(b"HTTP/") && window[5].is_ascii_digit())
}

/// The method of [`METHODS`] that `line` begins with, before a space or the path.
pub(super) fn known_method(line: &[u8]) -> Option<&'static str> {
    let is_here = |method: &&str| {
        line.strip_prefix(method.as_bytes()).is_some_and(|rest| rest.starts_with(b" ") || rest.starts_with(b"/"))
    };
    METHODS.into_iter().find(is_here)
}

fn is_status_line(text: &[u8]) -> bool {
    version_at(text.get(..6).unwrap_or_default()) == Some(0)
}

fn is_request_line(text: &[u8]) -> bool {
    let words: Vec<&[u8]> = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
    let ends_in_version = version_at(text).is_some_and(|at| !text[at..].contains(&b' '));
    let is_path = |word: &[u8]| word.starts_with(b"/") || word.windows(3).any(|window| window == b"://");
    if known_method(text).is_some() {
        return ends_in_version || (words.len() == 2 && is_path(words[1]));
    }
    let is_method = |word: &[u8]| word.iter().all(u8::is_ascii_alphabetic);
    ends_in_version && words.len() == 3 && is_method(words[0]) && is_path(words[1])
}

/// The name of a field, as `Name: value` has it; also `:name`, HTTP/2's. White space may stand before the colon.
pub(super) fn field_name(text: &[u8]) -> Option<&str> {
    let text = text.trim_ascii();
    let inner = text.strip_prefix(b":").unwrap_or(text);
    let colon = inner.iter().position(|&b| b == b':')?;
    let name = std::str::from_utf8(inner[..colon].trim_ascii_end()).ok()?;
    let is_url = inner[colon + 1..].starts_with(b"//");
    (grammar::is_token(name) && !is_url).then_some(name)
}

/// A line of a browser's summary: its name in lower case, and its value.
pub(super) fn general(text: &[u8]) -> Option<(&'static str, &[u8])> {
    const NAMES: [&str; 5] = ["request url", "request method", "status code", "remote address", "referrer policy"];
    let colon = text.iter().position(|&b| b == b':')?;
    let name = text[..colon].trim_ascii();
    let known = NAMES.into_iter().find(|known| known.as_bytes().eq_ignore_ascii_case(name))?;
    Some((known, text[colon + 1..].trim_ascii()))
}

/// Whether this is `Name:` alone, as browsers copy it with the value on the next line.
pub(super) fn is_name_alone(text: &[u8]) -> bool {
    let Some(name) = text.trim_ascii().strip_suffix(b":") else { return false };
    let inner = name.strip_prefix(b":").unwrap_or(name);
    !inner.contains(&b':') && (field_name(text).is_some() || general(text).is_some())
}

/// The title that a line is.
pub(super) fn title(text: &[u8]) -> Option<Title> {
    let text = std::str::from_utf8(text).ok()?;
    let words = text.split('(').next().unwrap_or_default();
    let words = words.trim_matches(|c: char| !c.is_alphanumeric()).to_ascii_lowercase();
    let plain = words.strip_suffix("view source").or(words.strip_suffix("view parsed")).unwrap_or(&words).trim_end();
    TITLES.into_iter().find(|(known, _)| *known == plain).map(|(_, title)| title)
}

/// The side that a field's name tells, and whether it belongs to handshakes at all.
pub(super) fn side_of(name: &str) -> Option<Side> {
    let among = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    match () {
        () if among(&OF_REQUESTS) => Some(Side::Request),
        () if among(&OF_RESPONSES) => Some(Side::Response),
        () => None,
    }
}

/// Whether a field of this name shows that the lines around it are a head.
pub(super) fn is_telling(name: &str) -> bool {
    side_of(name).is_some() || OF_BOTH.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Whether a line without a colon was meant to be a field: `Upgrade websocket`.
pub(super) fn is_broken_field(text: &[u8]) -> bool {
    let first = text.trim_ascii().split(|b| b" \t=".contains(b)).next().unwrap_or_default();
    std::str::from_utf8(first).is_ok_and(|name| is_telling(name) && name.contains('-'))
        || [&b"Upgrade websocket"[..], b"Connection Upgrade"]
            .iter()
            .any(|line| text.trim_ascii().eq_ignore_ascii_case(line))
}

/// A Markdown fence, or a shell's prompt.
pub(super) fn is_fence_or_prompt(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let begins = [&b"```"[..], b"~~~", b"$ ", b"% ", b"# ", b"PS "];
    let prompt_end = text.windows(2).position(|window| window == b"$ ").or(text.ends_with(b"$").then_some(text.len()));
    begins.iter().any(|begin| text.starts_with(begin))
        || prompt_end.is_some_and(|end| text[..end].is_empty() || text[..end].contains(&b'@'))
}

/// What curl says besides the heads: `* …`, `{ [5 bytes data]`, and its progress.
pub(super) fn is_comment(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    text == b"*"
        || [&b"* "[..], b"{ [", b"} [", b"% Total", b"Dload "].iter().any(|begin| text.starts_with(begin))
        || text.windows(8).any(|window| window == b"--:--:--")
}
