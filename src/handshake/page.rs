//! The page for browsers that a server shows where its WebSocket is.
//!
//! Invariant: the console asks nobody but its own server for anything. The `Content-Security-Policy` that goes with it
//! lets in its one script and its one style by their hashes, and nothing else, whatever a peer sends.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::checks::{Check, HOST, TARGET, request_checks};
use super::head::RequestHead;

/// A page, and what its response says besides. Clones share it.
#[derive(Clone, PartialEq, Eq)]
pub struct Page {
    html: Arc<[u8]>,
    /// The `Content-Security-Policy`, if it has one.
    policy: Option<String>,
}

impl Page {
    /// The console that wspipe has: it connects to where it came from, sends, and shows what comes.
    #[must_use]
    pub fn console() -> Self {
        const CONSOLE: &str = include_str!("page/console.html");
        Page { html: CONSOLE.as_bytes().into(), policy: Some(policy_for(CONSOLE)) }
    }

    /// A page of somebody's own, in HTML and UTF-8. What it may do is its author's matter: no policy goes with it.
    #[must_use]
    pub fn own(html: Vec<u8>) -> Self {
        Page { html: html.into(), policy: None }
    }

    /// The response to a request for it; the one to HEAD ends with its head (RFC 9110, 9.3.2).
    pub(super) fn response(&self, request: &RequestHead) -> Vec<u8> {
        let mut head = "HTTP/1.1 200 OK\r\n".to_owned();
        let length = self.html.len().to_string();
        let policy = self.policy.as_deref().map(|policy| ("Content-Security-Policy", policy));
        let fields = [
            ("Connection", "close"),
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", &length),
            // The next run may show another page here, or none.
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            // A token may stand in the URL.
            ("Referrer-Policy", "no-referrer"),
        ];
        for (name, value) in fields.into_iter().chain(policy) {
            let _ = write!(head, "{name}: {value}\r\n"); // writing to a String can't fail
        }
        head.push_str("\r\n");
        let body = if request.method == "HEAD" { &[][..] } else { &self.html };
        [head.as_bytes(), body].concat()
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Page({} bytes)", self.html.len())
    }
}

/// Whether a request is a browser's for a page: plain HTTP, and no attempt at a handshake, not even one that something
/// on the way has taken the `Upgrade` from. HTTP/1.0 will do, and needs no `Host`.
pub(super) fn asks_for_page(request: &RequestHead) -> bool {
    let head = &request.head;
    let is_attempt = head.has_token("Upgrade", "websocket")
        || head.fields().any(|(name, _)| name.to_ascii_lowercase().starts_with("sec-websocket-"));
    let is_wrong = |check: &Check| {
        check.failed() && (check.subject == TARGET || check.subject == HOST && request.minor_version > 0)
    };
    matches!(request.method.as_str(), "GET" | "HEAD") && !is_attempt && !request_checks(request).iter().any(is_wrong)
}

/// The policy (CSP 3) under which a page with one script and one style does its work: connections go to its own server
/// only, the icon is in the page, and no text becomes HTML.
fn policy_for(html: &str) -> String {
    let hash = |name| STANDARD.encode(Sha256::digest(element(html, name)));
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
        hash("script"),
        hash("style")
    )
}

/// What stands in the first element of this name, which has no attributes.
fn element<'a>(html: &'a str, name: &str) -> &'a str {
    let inside = html.split_once(&format!("<{name}>")).map_or("", |(_, rest)| rest);
    inside.split_once(&format!("</{name}>")).map_or("", |(inside, _)| inside)
}

#[cfg(test)]
mod tests;
