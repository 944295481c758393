//! What a server checks in a client's request (RFC 6455, 4.2.1).

use super::{Check, HTTP_VERSION, Verdict, check, quoted, shown, version};
use crate::handshake::extension::Extension;
use crate::handshake::grammar::is_token;
use crate::handshake::head::{Head, RequestHead};
use crate::handshake::key::{KeyError, check_key};
use crate::handshake::token::without_token;

/// The subjects by which a server chooses the status of its refusal.
pub(in crate::handshake) const METHOD: &str = "method";
pub(in crate::handshake) const UPGRADE: &str = "Upgrade";
pub(in crate::handshake) const VERSION: &str = "Sec-WebSocket-Version";

/// Another subject that a capture may not show.
pub(in crate::handshake) const TARGET: &str = "request target";

/// What any request of HTTP/1.1 has to have (RFC 9112, 3.2).
pub(in crate::handshake) const HOST: &str = "Host";

/// Checks a client's request, in the order in which a server asks: what a key has to be is the version's to say.
#[must_use]
pub fn request_checks(request: &RequestHead) -> Vec<Check> {
    let head = &request.head;
    vec![
        check("RFC 6455, 4.2.1 (1)", METHOD, "`GET`", quoted(&request.method), request.method == "GET"),
        http_version(request),
        target(request),
        host(head),
        list_with("RFC 6455, 4.2.1 (3)", UPGRADE, "websocket", head),
        list_with("RFC 6455, 4.2.1 (4)", "Connection", "Upgrade", head),
        websocket_version(head),
        key(head),
        origin(head),
        subprotocols(head),
        extensions(head),
        body(head),
    ]
}

fn http_version(request: &RequestHead) -> Check {
    let found = version(request.minor_version);
    check("RFC 6455, 4.2.1 (1)", HTTP_VERSION, "HTTP/1.1", found, request.minor_version == 1)
}

fn target(request: &RequestHead) -> Check {
    let target = &request.target;
    let is_url = || {
        let (scheme, rest) = target.split_once("://")?;
        let is_http = ["http", "https"].iter().any(|own| scheme.eq_ignore_ascii_case(own));
        (is_http && !rest.is_empty() && !rest.starts_with(['/', '?'])).then_some(())
    };
    let passes = !target.contains('#') && (target.starts_with('/') || is_url().is_some());
    let expected = "a path or an http URL, without a fragment";
    let shown = without_token(target.as_bytes());
    check("RFC 6455, 4.2.1 (1)", TARGET, expected, quoted(&String::from_utf8_lossy(&shown)), passes)
}

fn host(head: &Head) -> Check {
    let values: Vec<&[u8]> = head.values(HOST).collect();
    let is_host =
        |value: &[u8]| !value.is_empty() && value.iter().all(|b| b.is_ascii_graphic() && !b"/?#@,".contains(b));
    let passes = matches!(values[..], [value] if is_host(value));
    check("RFC 6455, 4.2.1 (2)", HOST, "the server's name, once", shown(head, HOST), passes)
}

fn list_with(clause: &'static str, subject: &'static str, token: &str, head: &Head) -> Check {
    check(clause, subject, format!("`{token}`"), shown(head, subject), head.has_token(subject, token))
}

fn key(head: &Head) -> Check {
    const SUBJECT: &str = "Sec-WebSocket-Key";
    let values: Vec<&[u8]> = head.values(SUBJECT).collect();
    let outcome = match values[..] {
        [value] => check_key(&String::from_utf8_lossy(value)).map_err(Some),
        _ => Err(None),
    };
    let fault = match &outcome {
        Ok(()) | Err(None) => String::new(),
        Err(Some(KeyError::Base64(_))) => ", which is not base64".to_owned(),
        Err(Some(KeyError::Length(length))) => format!(", which decodes to {length} bytes"),
    };
    let found = format!("{}{fault}", shown(head, SUBJECT));
    check("RFC 6455, 4.2.1 (5)", SUBJECT, "the base64 of 16 bytes, once", found, outcome.is_ok())
}

fn websocket_version(head: &Head) -> Check {
    let values: Vec<&[u8]> = head.values(VERSION).collect();
    check("RFC 6455, 4.2.1 (6)", VERSION, "`13`", shown(head, VERSION), values == [b"13"])
}

fn origin(head: &Head) -> Check {
    const SUBJECT: &str = "Origin";
    let verdict = if head.field(SUBJECT).is_some() { Verdict::Note } else { Verdict::Pass };
    let expected = "one from a browser".to_owned();
    Check { clause: "RFC 6455, 4.2.1 (7)", subject: SUBJECT, expected, found: shown(head, SUBJECT), verdict }
}

fn subprotocols(head: &Head) -> Check {
    const SUBJECT: &str = "Sec-WebSocket-Protocol";
    let names = head.tokens(SUBJECT);
    let is_new = |index: usize| !names[..index].contains(&names[index]);
    let is_empty = names.is_empty() && head.field(SUBJECT).is_some();
    let passes = !is_empty && names.iter().enumerate().all(|(index, name)| is_token(name) && is_new(index));
    let expected = "tokens, each once, or nothing";
    check("RFC 6455, 4.1 (10)", SUBJECT, expected, shown(head, SUBJECT), passes)
}

fn extensions(head: &Head) -> Check {
    const SUBJECT: &str = "Sec-WebSocket-Extensions";
    let elements = head.tokens(SUBJECT);
    let is_empty = elements.is_empty() && head.field(SUBJECT).is_some();
    let passes = !is_empty && elements.iter().all(|element| Extension::parse(element).is_some());
    check("RFC 6455, 9.1", SUBJECT, "a list of extensions, or nothing", shown(head, SUBJECT), passes)
}

/// What follows the head are frames. Where it is said to be a body as well, whoever stands in between may take the one for
/// the other, and the request is not to be trusted (RFC 9112, 6.1 and 6.3).
fn body(head: &Head) -> Check {
    let lengths: Vec<&[u8]> = head.values("Content-Length").collect();
    let coding = "Transfer-Encoding";
    let (name, passes) = match head.field(coding) {
        Some(_) => (coding, false),
        None => ("Content-Length", lengths.iter().all(|length| *length == b"0")),
    };
    let found = if head.field(name).is_none() { "none".to_owned() } else { format!("{name}: {}", shown(head, name)) };
    check("RFC 9112, 6", "body", "none", found, passes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

    fn checks(raw: &str) -> Vec<Check> {
        request_checks(&RequestHead::parse(raw.as_bytes().to_vec()).unwrap())
    }

    #[test]
    fn a_good_request_passes_every_check() {
        let checks = checks(GOOD);
        assert_eq!(checks.len(), 12);
        assert!(checks.iter().all(|check| check.verdict == Verdict::Pass), "{checks:?}");
    }

    /// Checks the good request with `from` replaced, and returns the only check that fails.
    fn failure(from: &str, to: &str) -> String {
        let failed: Vec<Check> = checks(&GOOD.replacen(from, to, 1)).into_iter().filter(Check::failed).collect();
        assert_eq!(failed.len(), 1, "{failed:?}");
        failed[0].to_string()
    }

    const LINE: &str = "Sec-WebSocket-Version: 13\r\n";

    fn with(more: &str) -> String {
        format!("{LINE}{more}\r\n")
    }

    #[test]
    fn each_rule_fails_alone() {
        for (from, to, expected) in [
            ("GET", "POST", "method: expected `GET`, found `POST` (RFC 6455, 4.2.1 (1))"),
            ("HTTP/1.1", "HTTP/1.0", "HTTP version: expected HTTP/1.1, found HTTP/1.0 (RFC 6455, 4.2.1 (1))"),
            (
                " /chat ",
                " chat ",
                "request target: expected a path or an http URL, without a fragment, found `chat` (RFC 6455, 4.2.1 (1))",
            ),
            (
                " /chat ",
                " /chat#top ",
                "request target: expected a path or an http URL, without a fragment, found `/chat#top` (RFC 6455, 4.2.1 (1))",
            ),
            (
                "Host: server.example.com\r\n",
                "",
                "Host: expected the server's name, once, found nothing (RFC 6455, 4.2.1 (2))",
            ),
            (
                " server.example.com",
                " a b",
                "Host: expected the server's name, once, found `a b` (RFC 6455, 4.2.1 (2))",
            ),
            (
                " server.example.com",
                "",
                "Host: expected the server's name, once, found an empty value (RFC 6455, 4.2.1 (2))",
            ),
            (
                LINE,
                &with("Host: h"),
                "Host: expected the server's name, once, found 2 such headers: `server.example.com`, `h` (RFC 6455, 4.2.1 (2))",
            ),
            ("Upgrade: WebSocket\r\n", "", "Upgrade: expected `websocket`, found nothing (RFC 6455, 4.2.1 (3))"),
            (", Upgrade", "", "Connection: expected `Upgrade`, found `keep-alive` (RFC 6455, 4.2.1 (4))"),
            (
                " dGhlIHNhbXBsZSBub25jZQ==",
                "",
                "Sec-WebSocket-Key: expected the base64 of 16 bytes, once, found an empty value, which decodes to 0 bytes (RFC 6455, 4.2.1 (5))",
            ),
            (
                "dGhlIHNhbXBsZSBub25jZQ==",
                "aGVsbG8=",
                "Sec-WebSocket-Key: expected the base64 of 16 bytes, once, found `aGVsbG8=`, which decodes to 5 bytes (RFC 6455, 4.2.1 (5))",
            ),
            (
                "dGhlIHNhbXBsZSBub25jZQ==",
                "!",
                "Sec-WebSocket-Key: expected the base64 of 16 bytes, once, found `!`, which is not base64 (RFC 6455, 4.2.1 (5))",
            ),
            (
                LINE,
                &with("Sec-WebSocket-Key: x"),
                "Sec-WebSocket-Key: expected the base64 of 16 bytes, once, found 2 such headers: `dGhlIHNhbXBsZSBub25jZQ==`, `x` (RFC 6455, 4.2.1 (5))",
            ),
            (LINE, "", "Sec-WebSocket-Version: expected `13`, found nothing (RFC 6455, 4.2.1 (6))"),
            ("Version: 13", "Version: 8", "Sec-WebSocket-Version: expected `13`, found `8` (RFC 6455, 4.2.1 (6))"),
            (LINE, &with("Content-Length: 5"), "body: expected none, found Content-Length: `5` (RFC 9112, 6)"),
            (
                LINE,
                &with("Content-Length: 0\r\nContent-Length: 00"),
                "body: expected none, found Content-Length: 2 such headers: `0`, `00` (RFC 9112, 6)",
            ),
            (
                LINE,
                &with("Content-Length: 0\r\nTransfer-Encoding: chunked"),
                "body: expected none, found Transfer-Encoding: `chunked` (RFC 9112, 6)",
            ),
        ] {
            assert_eq!(failure(from, to), expected);
        }
    }

    #[test]
    fn a_body_of_no_bytes_is_none() {
        assert!(!checks(&GOOD.replacen(LINE, &with("Content-Length: 0"), 1)).iter().any(Check::failed));
    }

    #[test]
    fn a_target_is_a_path_or_an_http_url() {
        let verdict = |target: &str| {
            let checks = checks(&GOOD.replacen("/chat", target, 1));
            checks.iter().find(|check| check.subject == TARGET).map(|check| check.verdict)
        };
        for target in ["/", "/a?b", "//a", "http://h", "https://h:1/a?b", "HTTP://h/"] {
            assert_eq!(verdict(target), Some(Verdict::Pass), "{target}");
        }
        for target in ["*", "chat", "h:80", "?a", "ftp://h/", "http://", "http:///a", "/#"] {
            assert_eq!(verdict(target), Some(Verdict::Fail), "{target}");
        }
    }

    /// RFC 6455, 8.1: bytes that are not UTF-8 fail the handshake wherever they are read as text.
    #[test]
    fn what_is_not_utf8_is_no_token() {
        let good = GOOD.replacen("13\r\n", "13\r\nSec-WebSocket-Protocol: abc\r\nSec-WebSocket-Extensions: def\r\n", 1);
        for (value, subject) in [
            ("WebSocket\r", "Upgrade"),
            ("Upgrade\r", "Connection"),
            ("ub25jZQ==", "Sec-WebSocket-Key"),
            ("13\r", "Sec-WebSocket-Version"),
            ("abc\r", "Sec-WebSocket-Protocol"),
            ("def\r", "Sec-WebSocket-Extensions"),
        ] {
            let (before, after) = good.split_at(good.find(value).unwrap());
            let raw = [before.as_bytes(), b"\xff", after.as_bytes()].concat();
            let checks = request_checks(&RequestHead::parse(raw).unwrap());
            let failed: Vec<&str> = checks.iter().filter(|check| check.failed()).map(|check| check.subject).collect();
            assert_eq!(failed, [subject]);
        }
    }

    #[test]
    fn malformed_offers_fail() {
        for (from, to, expected) in [
            (
                LINE,
                &with("Sec-WebSocket-Protocol: a, a"),
                "Sec-WebSocket-Protocol: expected tokens, each once, or nothing, found `a, a` (RFC 6455, 4.1 (10))",
            ),
            (
                LINE,
                &with("Sec-WebSocket-Protocol: a b"),
                "Sec-WebSocket-Protocol: expected tokens, each once, or nothing, found `a b` (RFC 6455, 4.1 (10))",
            ),
            (
                LINE,
                &with("Sec-WebSocket-Protocol:"),
                "Sec-WebSocket-Protocol: expected tokens, each once, or nothing, found an empty value (RFC 6455, 4.1 (10))",
            ),
            (
                LINE,
                &with("Sec-WebSocket-Extensions: ;x"),
                "Sec-WebSocket-Extensions: expected a list of extensions, or nothing, found `;x` (RFC 6455, 9.1)",
            ),
        ] {
            assert_eq!(failure(from, to), expected);
        }
    }

    #[test]
    fn what_may_be_there_is_shown() {
        let more = "\r\nOrigin: http://o\r\nSec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Extensions: permessage-deflate; x=\"12\"\r\n\r\n";
        let checks = checks(&GOOD.replace("\r\n\r\n", more));
        assert!(!checks.iter().any(Check::failed), "{checks:?}");
        let found: Vec<_> = checks[8..11].iter().map(|check| (check.verdict, check.found.as_str())).collect();
        assert_eq!(
            found,
            [
                (Verdict::Note, "`http://o`"),
                (Verdict::Pass, "`a, b`"),
                (Verdict::Pass, "`permessage-deflate; x=\"12\"`")
            ]
        );
    }
}
