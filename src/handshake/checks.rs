//! The rules of the opening handshake, one by one: what was expected, what came, and whether that will do.
//!
//! One list, two readers: `connect` and `listen` act on the first check that failed, `inspect` prints them all.

mod request;
mod response;

pub use request::request_checks;
pub(super) use request::{HOST, METHOD, TARGET, UPGRADE, VERSION};
pub(super) use response::STATUS;
pub use response::{agreed_deflate, lone_response_checks, response_checks};

use std::fmt;

use serde::Serialize;

use super::head::{Head, RequestHead};
use super::printable::printable;
use super::token::{SUBPROTOCOLS, hidden_in_list};

/// How many bytes of a value of the peer are shown.
const SHOWN: usize = 200;

/// The subject of the check of a start line's version.
pub(super) const HTTP_VERSION: &str = "HTTP version";

/// What a check found absent.
const NOTHING: &str = "nothing";

/// One rule of the handshake, applied to one head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The clause, as in `RFC 6455, 4.1 (4)`; in parentheses the item of its list.
    pub clause: &'static str,
    /// What is checked: as a rule the name of a header.
    pub subject: &'static str,
    /// What the clause asks for.
    pub expected: String,
    /// What came, safe to print.
    pub found: String,
    /// Whether that will do.
    pub verdict: Verdict,
}

/// The outcome of a [`Check`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As the clause asks.
    Pass,
    /// Against the clause: the handshake is void.
    Fail,
    /// Allowed, but worth knowing.
    Note,
}

impl Check {
    /// Whether this check makes the handshake void.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.verdict == Verdict::Fail
    }
}

impl fmt::Display for Check {
    /// `Upgrade: expected websocket, found nothing (RFC 6455, 4.1 (2))`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { clause, subject, expected, found, .. } = self;
        write!(f, "{subject}: expected {expected}, found {found} ({clause})")
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Note => "note",
        })
    }
}

/// What a client's request offered: all that its answer has to be checked against.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Offer {
    /// `Sec-WebSocket-Key`.
    pub key: String,
    /// The elements of `Sec-WebSocket-Protocol`.
    pub subprotocols: Vec<String>,
    /// The elements of `Sec-WebSocket-Extensions`, with their parameters.
    pub extensions: Vec<String>,
}

impl Offer {
    /// What a request offers, a captured one for instance.
    #[must_use]
    pub fn read(request: &RequestHead) -> Self {
        let key = request.head.field("Sec-WebSocket-Key").unwrap_or_default();
        Self {
            key: String::from_utf8_lossy(key).into_owned(),
            subprotocols: request.head.tokens("Sec-WebSocket-Protocol"),
            extensions: request.head.tokens("Sec-WebSocket-Extensions"),
        }
    }
}

/// A check with a plain outcome.
fn check(
    clause: &'static str,
    subject: &'static str,
    expected: impl Into<String>,
    found: impl Into<String>,
    passes: bool,
) -> Check {
    let verdict = if passes { Verdict::Pass } else { Verdict::Fail };
    Check { clause, subject, expected: expected.into(), found: found.into(), verdict }
}

/// The values of all fields called `name`, to be shown.
fn shown(head: &Head, name: &str) -> String {
    let is_list = name == SUBPROTOCOLS;
    let values = head.values(name).map(|value| if is_list { hidden_in_list(value) } else { value.to_owned() });
    let values: Vec<String> = values.map(|value| quoted(&String::from_utf8_lossy(&value))).collect();
    match values.len() {
        0 => NOTHING.to_owned(),
        1 => values.concat(),
        count => format!("{count} such headers: {}", values.join(", ")),
    }
}

/// A value of the peer, to be shown.
fn quoted(value: &str) -> String {
    if value.is_empty() { "an empty value".to_owned() } else { format!("`{}`", printable(value.as_bytes(), SHOWN)) }
}

/// `HTTP/1.0` or `HTTP/1.1`.
fn version(minor: u8) -> String {
    format!("HTTP/1.{minor}")
}
