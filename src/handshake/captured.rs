//! Handshakes as people paste them: raw bytes, curl's `-v`, a browser's developer tools, a log, a page of Markdown.
//!
//! Two things are kept apart. What the pasting has done to the heads is a [`Repair`], undone and told: marks before the
//! lines, LF for CRLF, a start line that the browser did not copy. What was wrong on the wire is a [`Check`] that fails,
//! the head being mended no more than it takes to make the other checks.
//!
//! Invariant: whatever the bytes are, they are read without a panic, and what is shown of them is safe for a terminal
//! once it has gone through [`printable`](super::printable()).
//!
//! ```text
//! bytes ─► Source ─► Blocks ─► mend ─► RequestHead, ResponseHead ─► checks
//!          (lines)   (heads)   (syntax)
//! ```

mod blocks;
mod repair;
mod shape;
mod source;
mod syntax;
mod told;

use std::fmt;

use serde::Serialize;

use super::body::{BODY_EXCERPT, BodyLength, Dechunker};
use super::checks::{
    Check, HTTP_VERSION, METHOD, Offer, STATUS, TARGET, Verdict, lone_response_checks, request_checks, response_checks,
};
use super::head::{RequestHead, ResponseHead};
use super::head_error::HeadError;
use super::printable::printable;
use blocks::{Block, Blocks};
use source::Source;
use told::{Summary, Told, path_of};

pub use repair::Repair;

/// Who sent a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The client, a request.
    Request,
    /// The server, a response.
    Response,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Request => "request",
            Self::Response => "response",
        })
    }
}

/// A capture, read.
///
/// ```
/// use wspipe::handshake::{Captured, Check};
/// let captured = Captured::read(b"> GET /chat/HTTP/1.1\n> Host: h\n", None).unwrap();
/// let failed = captured.request.unwrap().request_checks().into_iter().find(Check::failed).unwrap();
/// assert_eq!((failed.clause, failed.subject), ("RFC 9112, 3", "request line"));
/// assert_eq!(failed.found, "`GET /chat/HTTP/1.1`, with no space before `HTTP/1.1`");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Captured {
    /// The client's head; the last one, where there are several.
    pub request: Option<CapturedHead<RequestHead>>,
    /// The responses that said that another would follow.
    pub interim: Vec<CapturedHead<ResponseHead>>,
    /// The server's head; the last one, where there are several.
    pub response: Option<CapturedHead<ResponseHead>>,
    /// What was done to the capture as a whole.
    pub repairs: Vec<Repair>,
}

/// A head of a capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapturedHead<H> {
    /// The head, mended so far that it can be read.
    pub head: H,
    /// What was done to the lines.
    pub repairs: Vec<Repair>,
    /// The beginning of what follows the head, up to [`BODY_EXCERPT`] bytes.
    pub body: Vec<u8>,
    lines: Vec<Vec<u8>>,
    faults: Vec<Check>,
    /// What is said about some subjects instead of what the mended head would show.
    instead: Vec<(&'static str, Instead)>,
}

/// What is said about a subject of which the mended head does not tell the truth.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Instead {
    /// It is not in the capture.
    Unknown,
    /// It is this, which is wrong.
    Wrong(String),
    /// Another check has said it.
    Nothing,
}

impl Captured {
    /// Reads a capture of one head or of both, in any order. Lines that don't tell their side are taken for `expected`.
    ///
    /// # Errors
    /// A head has too many fields. That there is no head is none: then both are absent.
    pub fn read(bytes: &[u8], expected: Option<Side>) -> Result<Self, HeadError> {
        let source = Source::read(bytes);
        let Blocks { found, summary, repairs: more } = blocks::find(&source, expected);
        let mut repairs = [source.repairs, more].concat();
        let (requests, responses): (Vec<_>, Vec<_>) = found.into_iter().partition(|block| block.side == Side::Request);
        let request = last(requests, "requests", &mut repairs);
        let request = request.map(|block| CapturedHead::of_request(block, &summary)).transpose()?;
        let (interim, responses) = interim_first(responses);
        let response = last(responses, "responses", &mut repairs).or_else(|| summary.refusal());
        let response = response.map(|block| CapturedHead::of_response(block, &summary)).transpose()?;
        let interim = interim.into_iter().map(|block| CapturedHead::of_response(block, &summary));
        Ok(Self { request, interim: interim.collect::<Result<_, _>>()?, response, repairs })
    }
}

impl<H> CapturedHead<H> {
    /// The lines of the head, with what was wrong in them and without what the pasting has added, each with CRLF; with
    /// `***` for credentials if they are to be `hidden`. An empty line ends them.
    #[must_use]
    pub fn text(&self, hidden: bool) -> Vec<u8> {
        let mut text = Vec::new();
        let mut in_secret = false;
        for line in &self.lines {
            let is_folded = line.starts_with(b" ") || line.starts_with(b"\t");
            if hidden && is_folded && in_secret {
                continue;
            }
            let shown = if hidden { syntax::hidden(line) } else { line.clone() };
            in_secret = shown != *line;
            text.extend(shown);
            text.extend_from_slice(b"\r\n");
        }
        text.extend_from_slice(b"\r\n");
        text
    }

    /// The faults of the syntax, then `checks` of the mended head as far as they are about what was captured.
    fn settle(&self, checks: Vec<Check>) -> Vec<Check> {
        let told = checks.into_iter().filter_map(|mut check| {
            let instead = self.instead.iter().find(|(subject, _)| *subject == check.subject);
            match instead.map(|(_, instead)| instead) {
                None => {}
                Some(Instead::Nothing) => return None,
                Some(Instead::Wrong(found)) => {
                    (check.found, check.verdict) = (found.clone(), Verdict::Fail);
                }
                Some(Instead::Unknown) => {
                    (check.found, check.verdict) = ("nothing in the capture: not checked".to_owned(), Verdict::Note);
                }
            }
            Some(check)
        });
        self.faults.iter().cloned().chain(told).collect()
    }

    fn new(block: Block, mended: syntax::Mended, head: H) -> Self {
        let Block { start, fields, body, repairs, .. } = block;
        let mut instead = Vec::new();
        match mended.other_version {
            Some(version) if version.is_empty() => instead.push((HTTP_VERSION, Instead::Nothing)),
            Some(version) => instead.push((HTTP_VERSION, Instead::Wrong(version))),
            None => {}
        }
        if mended.lacks_target {
            instead.push((TARGET, Instead::Nothing));
        }
        if mended.lacks_status {
            instead.push((STATUS, Instead::Nothing));
        }
        let lines = start.into_iter().chain(fields).collect();
        Self { head, repairs, body, lines, faults: mended.faults, instead }
    }
}

impl CapturedHead<RequestHead> {
    /// What a server checks in it.
    #[must_use]
    pub fn request_checks(&self) -> Vec<Check> {
        self.settle(request_checks(&self.head))
    }

    fn of_request(mut block: Block, summary: &Summary) -> Result<Self, HeadError> {
        let told = Told::take(&mut block);
        let method = told.method.as_ref().or(summary.method.as_ref());
        let path = told.path.as_deref().or(summary.url.as_deref().map(path_of));
        let (has_start, knows_method, knows_path) = (block.start.is_some(), method.is_some(), path.is_some());
        let start = block.start.clone().unwrap_or_else(|| {
            let line = format!("{} {} HTTP/1.1", method.map_or("GET", |method| method), path.unwrap_or("/"));
            block.repairs.push(no_start_line("request line", &line, knows_method && knows_path));
            line.into_bytes()
        });
        let start = without_ws_url(&start).inspect(|_| block.repairs.push(Repair::WholeUrl)).unwrap_or(start);
        let mut fields = block.fields.clone();
        let has_host =
            fields.iter().any(|line| shape::field_name(line).is_some_and(|n| n.eq_ignore_ascii_case("Host")));
        fields.extend(told.authority.filter(|_| !has_host).map(|host| format!("Host: {host}").into_bytes()));
        let mended = syntax::mend(Side::Request, &start, &fields);
        let head = RequestHead::parse(mended.bytes.clone())?;
        block.fields.splice(0..0, told.lines);
        let mut captured = Self::new(block, mended, head);
        let unknown = [(HTTP_VERSION, false), (METHOD, knows_method), (TARGET, knows_path)];
        let unknown = unknown.into_iter().filter(|(_, is_known)| !has_start && !is_known);
        captured.instead.extend(unknown.map(|(subject, _)| (subject, Instead::Unknown)));
        Ok(captured)
    }
}

impl CapturedHead<ResponseHead> {
    /// What a client checks in it, by what it had offered.
    #[must_use]
    pub fn response_checks(&self, offer: &Offer) -> Vec<Check> {
        self.settle(response_checks(offer, &self.head))
    }

    /// What can be checked without the request, or with no more of it than its key.
    #[must_use]
    pub fn lone_response_checks(&self, key: Option<&str>) -> Vec<Check> {
        self.settle(lone_response_checks(key, &self.head))
    }

    fn of_response(mut block: Block, summary: &Summary) -> Result<Self, HeadError> {
        let told = Told::take(&mut block);
        let status = told.status.or(summary.status.clone());
        let start = block.start.clone().unwrap_or_else(|| {
            let line = format!("HTTP/1.1 {}", status.as_deref().unwrap_or("101"));
            block.repairs.push(no_start_line("status line", &line, status.is_some()));
            line.into_bytes()
        });
        let mended = syntax::mend(Side::Response, &start, &block.fields);
        let head = ResponseHead::parse(mended.bytes.clone())?;
        let has_start = block.start.is_some();
        block.fields.splice(0..0, told.lines);
        block.body = body_of(&head, &block.body);
        let mut captured = Self::new(block, mended, head);
        if !has_start {
            captured.instead.push((HTTP_VERSION, Instead::Unknown));
            if status.is_none() {
                captured.instead.push((STATUS, Instead::Unknown));
            }
        }
        Ok(captured)
    }
}

fn no_start_line(what: &'static str, line: &str, is_told: bool) -> Repair {
    Repair::NoStartLine { what, instead: printable(line.as_bytes(), 200), is_told }
}

/// A request line with the path of the ws URL that stands in it; none if none does.
fn without_ws_url(line: &[u8]) -> Option<Vec<u8>> {
    let line = std::str::from_utf8(line).ok()?;
    let (method, rest) =
        line.split_once(' ').filter(|(_, rest)| rest.starts_with("ws://") || rest.starts_with("wss://"))?;
    let (url, version) = rest.split_at(rest.find(' ')?);
    Some(format!("{method} {}{version}", path_of(url)).into_bytes())
}

/// The last block that has its start line, or else the last one.
fn last(mut blocks: Vec<Block>, what: &'static str, repairs: &mut Vec<Repair>) -> Option<Block> {
    let count = blocks.iter().filter(|block| block.start.is_some()).count();
    if count > 1 {
        repairs.push(Repair::Others { what, count });
    }
    let at = blocks.iter().rposition(|block| block.start.is_some()).or(blocks.len().checked_sub(1))?;
    let is_followed = blocks.len() > at + 1;
    let mut block = blocks.swap_remove(at);
    if is_followed {
        block.repairs.push(Repair::Behind);
    }
    Some(block)
}

/// The responses that said that another follows (RFC 9110, 15.2), and the rest.
fn interim_first(blocks: Vec<Block>) -> (Vec<Block>, Vec<Block>) {
    let is_interim = |block: &Block| {
        let status = block.start.as_ref().and_then(|line| line.split(|&b| b == b' ').nth(1)).unwrap_or_default();
        status.len() == 3 && status.starts_with(b"1") && status != b"101"
    };
    blocks.into_iter().partition(is_interim)
}

/// The beginning of the body. A capture may have it with the transfer coding or, as curl shows it, without.
fn body_of(head: &ResponseHead, text: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    match BodyLength::of(head) {
        BodyLength::None => {}
        BodyLength::Chunked => {
            if Dechunker::new().feed(text, &mut body).is_err() {
                body = text.to_vec();
            }
        }
        BodyLength::Length(length) => body.extend(text.iter().take(usize::try_from(length).unwrap_or(usize::MAX))),
        BodyLength::UntilClose => body.extend_from_slice(text),
    }
    body.truncate(BODY_EXCERPT);
    body
}

#[cfg(test)]
mod tests;
