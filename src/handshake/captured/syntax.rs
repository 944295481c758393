//! The syntax of a head, line by line: what breaks it is found, and the rest is made readable.
//!
//! Invariant: what [`mend`] gives is a head that parses, however the lines look, but for their number.

use super::{Side, shape};
use crate::handshake::checks::{Check, Verdict};
use crate::handshake::grammar;
use crate::handshake::head::{is_secret, redact};
use crate::handshake::printable::printable;

/// How many bytes of a line are shown.
const SHOWN: usize = 200;

const REQUEST_LINE: &str = "request line";
const STATUS_LINE: &str = "status line";
const HEADER_LINE: &str = "header line";

/// A head that can be parsed, and what was wrong with it.
#[derive(Debug, Default)]
pub(super) struct Mended {
    pub(super) bytes: Vec<u8>,
    /// A failed check for each thing that is wrong, or a note.
    pub(super) faults: Vec<Check>,
    /// The version, where it is none that the mended head could have: `HTTP/2`; empty where there is none.
    pub(super) other_version: Option<String>,
    /// Whether the mended target stands for one that can't be read.
    pub(super) lacks_target: bool,
    /// Whether the mended status stands for one that can't be read.
    pub(super) lacks_status: bool,
}

/// Reads a start line and the lines under it.
pub(super) fn mend(side: Side, start: &[u8], fields: &[Vec<u8>]) -> Mended {
    let mut mended = Mended::default();
    match side {
        Side::Request => mended.request_line(start),
        Side::Response => mended.status_line(start),
    }
    mended.fields(side, fields);
    mended.bytes.extend_from_slice(b"\r\n");
    mended
}

/// A line to be shown, without the credentials in it, even where it lacks its colon.
pub(super) fn hidden(line: &[u8]) -> Vec<u8> {
    let name = line.trim_ascii_start().split(|b| b" \t=".contains(b)).next().unwrap_or_default();
    if is_secret(name) { [name, b" ***"].concat() } else { redact(line) }
}

impl Mended {
    fn request_line(&mut self, line: &[u8]) {
        let clause = "RFC 9112, 3";
        let expected = "a method, a target and a version, with one space between";
        let version_at = shape::version_at(line).unwrap_or(line.len());
        let (before, version) = line.split_at(version_at);
        let (method, target) = match before.iter().position(|&b| b == b' ') {
            _ if shape::known_method(before).is_some_and(|method| before[method.len()] == b'/') => {
                let at = before.iter().position(|&b| b == b'/').unwrap_or_default();
                let found = format!("{}, with no space behind the method", shown(line));
                self.fault(clause, REQUEST_LINE, expected, found);
                before.split_at(at)
            }
            Some(at) => (&before[..at], &before[at + 1..]),
            None => (before, &b""[..]),
        };
        let path = target.trim_ascii();
        let said = printable(version, SHOWN);
        let fault = match () {
            () if version.is_empty() => Some(("RFC 9112, 3", "with no version".to_owned())),
            () if path.is_empty() => Some((clause, "with no target".to_owned())),
            () if !target.ends_with(b" ") => Some((clause, format!("with no space before `{said}`"))),
            () if path.len() + 1 < target.len() => Some((clause, "with more than one space".to_owned())),
            () if path.iter().any(u8::is_ascii_whitespace) => {
                Some(("RFC 9112, 3.2", "with white space in the target".to_owned()))
            }
            () if !path.iter().all(u8::is_ascii_graphic) => {
                Some(("RFC 9112, 3.2", "with a character in the target that has to be percent-encoded".to_owned()))
            }
            () => None,
        };
        if let Some((clause, words)) = fault {
            self.fault(clause, REQUEST_LINE, expected, format!("{}, {words}", shown(line)));
        }
        self.lacks_target = path.is_empty() || !path.iter().all(u8::is_ascii_graphic);
        let minor = self.version(version, REQUEST_LINE);
        let method = Some(method).filter(|method| is_token(method)).unwrap_or(b"GET");
        let mut path: Vec<u8> = path.iter().copied().filter(u8::is_ascii_graphic).collect();
        if path.is_empty() {
            path.push(b'/');
        }
        self.bytes = [method, b" ", &path, b" HTTP/1.", minor, b"\r\n"].concat();
    }

    fn status_line(&mut self, line: &[u8]) {
        let expected = "a version, a status of three digits and a reason, with one space between";
        let end = line.iter().position(|&b| b == b' ').unwrap_or(line.len());
        // `HTTP/1.1101`: what follows the minor version's digit is the status.
        let is_glued = end > 8 && line[..8].ends_with(b".1") && line[8..end].iter().all(u8::is_ascii_digit);
        let (version, rest) = line.split_at(if is_glued { 8 } else { end });
        let rest = rest.trim_ascii();
        let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        let (status, reason) = rest.split_at(digits);
        let fault = match () {
            () if digits == 0 => Some("with no status"),
            () if digits != 3 => Some("where the status has not three digits"),
            () if is_glued => Some("with no space before the status"),
            () if !reason.is_empty() && !reason.starts_with(b" ") => Some("with no space behind the status"),
            () if reason.iter().any(|b| b.is_ascii_control() && *b != b'\t') => Some("with a control character"),
            () => None,
        };
        if let Some(words) = fault {
            self.fault("RFC 9112, 4", STATUS_LINE, expected, format!("{}, {words}", shown(line)));
        }
        self.lacks_status = digits != 3;
        let minor = self.version(version, STATUS_LINE);
        let status = if self.lacks_status { b"101" } else { status };
        self.bytes = [b"HTTP/1.", minor, b" ", status, b" ", &plain(reason.trim_ascii()), b"\r\n"].concat();
    }

    /// The minor version that stands in the mended head for `version`.
    fn version(&mut self, version: &[u8], subject: &'static str) -> &'static [u8] {
        if version.len() == 8 && version.eq_ignore_ascii_case(b"HTTP/1.1") || version == b"HTTP/1.0" {
            if !version.starts_with(b"HTTP") {
                let found = format!("`{}`, and case matters", printable(version, SHOWN));
                self.fault("RFC 9112, 2.3", subject, "`HTTP` in capitals", found);
            }
            return if version.ends_with(b"0") { b"0" } else { b"1" };
        }
        self.other_version = Some(printable(version, SHOWN));
        b"1"
    }

    fn fields(&mut self, side: Side, lines: &[Vec<u8>]) {
        let mut can_fold = false;
        for line in lines {
            let is_folded = line.starts_with(b" ") || line.starts_with(b"\t");
            if is_folded && can_fold {
                self.fold(side, line);
            } else {
                can_fold = self.field(side, line);
            }
        }
    }

    /// A line that goes on with the value of the one before.
    fn fold(&mut self, side: Side, line: &[u8]) {
        let found = "one that is folded over several lines".to_owned();
        // Credentials may stand in it.
        self.fault("RFC 9112, 5.2", HEADER_LINE, "a line of its own", found);
        self.tolerate(side);
        self.bytes.truncate(self.bytes.len() - 2);
        self.bytes.push(b' ');
        self.bytes.extend(plain(line.trim_ascii()));
        self.bytes.extend_from_slice(b"\r\n");
    }

    /// A field; whether the line is one that the next may go on with.
    fn field(&mut self, side: Side, line: &[u8]) -> bool {
        let expected = "a name, a colon and a value";
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            let found = format!("{}, which begins with white space", shown(line));
            self.fault("RFC 9112, 2.2", HEADER_LINE, expected, found);
        }
        let line = line.trim_ascii();
        let Some(colon) = line.iter().position(|&b| b == b':') else {
            self.fault("RFC 9112, 5", HEADER_LINE, expected, format!("{}, with no colon", shown(line)));
            return false;
        };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        let own = name.trim_ascii_end();
        if !is_token(own) {
            let found = format!("{}, whose name is not one word of letters, digits and `-`", shown(line));
            self.fault("RFC 9110, 5.1", HEADER_LINE, expected, found);
            return false;
        }
        if own.len() < name.len() {
            self.fault(
                "RFC 9112, 5.1",
                HEADER_LINE,
                expected,
                format!("{}, with a space before the colon", shown(line)),
            );
            self.tolerate(side);
        }
        if value.iter().any(|&b| b.is_ascii_control() && b != b'\t') {
            self.fault("RFC 9110, 5.5", HEADER_LINE, expected, format!("{}, with a control character", shown(line)));
        }
        for part in [own, b": ", &plain(value), b"\r\n"] {
            self.bytes.extend_from_slice(part);
        }
        true
    }

    fn fault(&mut self, clause: &'static str, subject: &'static str, expected: &str, found: String) {
        self.faults.push(Check { clause, subject, expected: expected.to_owned(), found, verdict: Verdict::Fail });
    }

    /// Makes the last fault a note where a client has to take it from a server.
    fn tolerate(&mut self, side: Side) {
        if let (Side::Response, Some(last)) = (side, self.faults.last_mut()) {
            last.verdict = Verdict::Note;
        }
    }
}

fn shown(line: &[u8]) -> String {
    format!("`{}`", printable(&hidden(line), SHOWN))
}

fn is_token(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(grammar::is_token)
}

/// With spaces for control characters.
fn plain(value: &[u8]) -> Vec<u8> {
    value.iter().map(|&b| if b.is_ascii_control() && b != b'\t' { b' ' } else { b }).collect()
}
