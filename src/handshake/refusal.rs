//! Why a handshake failed, in words for a person: what the server said, what that most probably means, and what to do.
//!
//! Invariant: whatever the server sent, the text is safe for a terminal.

mod echoed;
mod html;
mod meaning;
mod proxy;

use std::borrow::Cow;
use std::fmt;
use std::iter;
use std::time::Duration;

use super::body::BODY_EXCERPT;
use super::checks::Check;
use super::head::{RequestHead, ResponseHead};
use super::printable::printable;
use super::redirect::scheme_of;
use super::target::Target;
pub(crate) use meaning::schemes;

/// How many lines of the body are shown, and how many bytes of each.
const LINES: usize = 12;
const LINE: usize = 200;

/// A response that is no valid 101, or a 101 that breaks a rule of the handshake.
///
/// `Display` gives what `connect` prints: a line with the status, a line with the meaning, then the body's beginning,
/// indented; without a line end at the end.
///
/// ```text
/// the server refused the handshake: 403 Forbidden
/// the server does not want this client: it may want an Origin, as browsers send (--origin), credentials (-u, --bearer), or only some addresses
///     origin not allowed
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    response: ResponseHead,
    failed: Option<Check>,
    body: Vec<u8>,
    request: Option<RequestHead>,
    /// Where a relative redirect leads.
    destination: Option<String>,
}

impl Refusal {
    /// The refusal that `response` is, by the `checks` that [`response_checks`](super::response_checks) made of it;
    /// `None` where it accepts and no check failed.
    #[must_use]
    pub fn of(response: &ResponseHead, checks: &[Check]) -> Option<Self> {
        let first_failed = checks.iter().find(|check| check.failed()).cloned();
        // With another status than 101 the status is the reason, even where the HTTP version is wrong, too.
        let failed = first_failed.filter(|_| response.status == 101);
        let is_refusal = response.status != 101 || failed.is_some();
        is_refusal.then(|| Self {
            response: response.clone(),
            failed,
            body: Vec::new(),
            request: None,
            destination: None,
        })
    }

    /// A response that is none to this handshake, but of somebody in between.
    pub(crate) fn of_another(response: &ResponseHead) -> Self {
        Self { response: response.clone(), failed: None, body: Vec::new(), request: None, destination: None }
    }

    /// The same refusal with the beginning of its body, as [`BodyExcerpt`](super::BodyExcerpt) collects it. What is
    /// longer than [`BODY_EXCERPT`] bytes is cut.
    #[must_use]
    pub fn with_body(mut self, mut body: Vec<u8>) -> Self {
        body.truncate(BODY_EXCERPT);
        self.body = body;
        self
    }

    /// The same refusal with the request that it answers, where that is known: what was sent says more of what was wrong.
    #[must_use]
    pub fn answering(mut self, request: Option<RequestHead>) -> Self {
        self.request = request;
        self
    }

    /// The same refusal, of a handshake with `target`: a relative redirect leads somewhere then.
    #[must_use]
    pub fn at(mut self, target: &Target) -> Self {
        let location = String::from_utf8_lossy(self.location().unwrap_or_default());
        let is_relative = scheme_of(&location).is_none();
        self.destination = target.redirected(&self).ok().filter(|_| is_relative).map(|destination| destination.url());
        self
    }

    /// The response.
    #[must_use]
    pub fn response(&self) -> &ResponseHead {
        &self.response
    }

    /// The status code.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.response.status
    }

    /// The rule that a 101 breaks; `None` for any other status.
    #[must_use]
    pub fn failed(&self) -> Option<&Check> {
        self.failed.as_ref()
    }

    /// The beginning of the body as it was received, but for credentials of the request that came back with it: they are
    /// `***`, unless `show_secrets`.
    #[must_use]
    pub fn body(&self, show_secrets: bool) -> Cow<'_, [u8]> {
        match &self.request {
            Some(request) if !show_secrets => Cow::Owned(echoed::without_secrets(&self.body, request)),
            _ => Cow::Borrowed(&self.body),
        }
    }

    /// How long the server asks to be left alone (RFC 9110, 10.2.3), where it gives that in seconds.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let seconds = std::str::from_utf8(self.response.head.field("Retry-After")?).ok()?;
        seconds.trim().parse().ok().map(Duration::from_secs)
    }

    /// Whether the status sends the client elsewhere (RFC 9110, 15.4): 301, 302, 303, 307 or 308.
    #[must_use]
    pub fn is_redirect(&self) -> bool {
        matches!(self.status(), 301..=303 | 307 | 308)
    }

    /// Where a redirect leads: its `Location`, as sent.
    #[must_use]
    pub fn location(&self) -> Option<&[u8]> {
        self.response.head.field("Location").filter(|_| self.is_redirect())
    }

    /// The beginning of the body as lines that can be printed, without empty ones at the start and the end. A body that
    /// is compressed gives one line that says so, and one in HTML its text.
    #[must_use]
    pub fn excerpt(&self, show_secrets: bool) -> Vec<String> {
        let codings = self.response.head.tokens("Content-Encoding");
        let body = self.body(show_secrets);
        let body = body.trim_ascii();
        if body.is_empty() {
            return Vec::new();
        }
        if codings.iter().any(|coding| !coding.eq_ignore_ascii_case("identity")) {
            return vec![format!("(a body compressed with {})", printable(codings.join(", ").as_bytes(), 40))];
        }
        let page = String::from_utf8_lossy(body);
        let text = if html::is_html(self.response.head.field("Content-Type"), &page) {
            html::text_of(&page)
        } else {
            Vec::new()
        };
        if !text.is_empty() {
            return first_lines(text.iter().map(String::as_bytes));
        }
        first_lines(body.split(|&b| b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)))
    }

    /// All of it, as `Display` gives it, but for the advice to have a look with `inspect`: it is `inspect` that asks.
    #[must_use]
    pub fn explained(&self, show_secrets: bool) -> String {
        self.assembled(&self.meaning(), &self.excerpt(show_secrets))
    }

    fn assembled(&self, meaning: &str, excerpt: &[String]) -> String {
        let mut text = match &self.failed {
            Some(check) => format!("the server's handshake is wrong: {}", check.subject),
            None => format!("the server refused the handshake: {}", self.status_line()),
        };
        for (indent, line) in iter::once(("\n", meaning)).chain(excerpt.iter().map(|line| ("\n    ", line.as_str()))) {
            text.push_str(indent);
            text.push_str(line);
        }
        text
    }

    /// The status and reason, safe to print.
    fn status_line(&self) -> String {
        let reason = printable(self.response.reason.as_bytes(), 100);
        format!("{} {reason}", self.status()).trim_end().to_owned()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let meaning = format!("{}{}", self.meaning(), self.hint());
        f.write_str(&self.assembled(&meaning, &self.excerpt(false)))
    }
}

/// The first lines, safe to print, and a mark where there are more.
fn first_lines<'a>(mut lines: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    let mut shown: Vec<String> = lines.by_ref().take(LINES).map(|line| printable(line, LINE)).collect();
    if lines.next().is_some() {
        shown.push("…".to_owned());
    }
    shown
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests;
