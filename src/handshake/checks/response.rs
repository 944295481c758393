//! What a client checks in the server's answer (RFC 6455, 4.1, the second list).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Check, HTTP_VERSION, NOTHING, Offer, SHOWN, Verdict, check, quoted, shown, version};
use crate::handshake::deflate::{AnswerFault, DeflateAgreement, read_answer};
use crate::handshake::grammar::is_token;
use crate::handshake::head::{Head, ResponseHead};
use crate::handshake::key::accept_for;
use crate::handshake::printable::printable;
use crate::handshake::token::hidden_in_list;

/// The subject by which a reader knows that the status itself is judged.
pub(in crate::handshake) const STATUS: &str = "status";

const ACCEPT: &str = "Sec-WebSocket-Accept";
const EXTENSIONS: &str = "Sec-WebSocket-Extensions";
const SUBPROTOCOL: &str = "Sec-WebSocket-Protocol";

/// The bytes that an accept value decodes to: a SHA-1 hash.
const ACCEPT_LENGTH: usize = 20;

/// The answer to the example key of RFC 6455, 1.3: servers that send it for every key do exist.
const EXAMPLE_ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Checks a server's answer against what was offered to it.
///
/// Where the status is not 101 the list ends with it: the other rules are about an answer that accepts.
#[must_use]
pub fn response_checks(offer: &Offer, response: &ResponseHead) -> Vec<Check> {
    let head = &response.head;
    let mut checks = vec![http_version(response), status(response)];
    if response.status == 101 {
        checks.push(list_of("RFC 6455, 4.1 (2)", "Upgrade", "websocket", head, true));
        checks.push(list_of("RFC 6455, 4.1 (3)", "Connection", "Upgrade", head, false));
        checks.push(accept(&offer.key, head));
        checks.push(extensions(&offer.extensions, head));
        checks.push(subprotocol(&offer.subprotocols, head));
    }
    checks
}

/// Checks a server's answer of which the request is not there, as far as that goes; `key` is what is known of it. What
/// would need the offer is noted, and not checked.
#[must_use]
pub fn lone_response_checks(key: Option<&str>, response: &ResponseHead) -> Vec<Check> {
    let offer = Offer { key: key.unwrap_or_default().to_owned(), ..Offer::default() };
    let mut checks = response_checks(&offer, response);
    for check in &mut checks {
        match check.subject {
            ACCEPT if key.is_none() => *check = lone_accept(&response.head),
            EXTENSIONS => *check = lone_extensions(&response.head),
            SUBPROTOCOL => *check = lone_subprotocol(&response.head),
            _ => {}
        }
    }
    checks
}

fn http_version(response: &ResponseHead) -> Check {
    let found = version(response.minor_version);
    check("RFC 6455, 4.2.2 (5.1)", HTTP_VERSION, "HTTP/1.1", found, response.minor_version == 1)
}

fn status(response: &ResponseHead) -> Check {
    let found = format!("{} {}", response.status, printable(response.reason.as_bytes(), 100));
    check("RFC 6455, 4.1 (1)", STATUS, "101", found.trim_end(), response.status == 101)
}

/// A header that must have `token` in it, or, when `alone`, nothing else.
fn list_of(clause: &'static str, subject: &'static str, token: &'static str, head: &Head, alone: bool) -> Check {
    let passes = head.has_token(subject, token) && (!alone || head.tokens(subject).len() == 1);
    check(clause, subject, format!("`{token}`"), shown(head, subject), passes)
}

fn accept(key: &str, head: &Head) -> Check {
    let computed = accept_for(key);
    let values: Vec<&[u8]> = head.values(ACCEPT).collect();
    let mut found = shown(head, ACCEPT);
    if let [value] = values[..] {
        found.push_str(match value {
            _ if value == computed.as_bytes() => "",
            _ if value == EXAMPLE_ACCEPT.as_bytes() => ", which answers the key that RFC 6455 has as its example",
            _ if value == key.as_bytes() => ", which is the key itself",
            _ => ", which answers another key",
        });
    }
    let passes = values == [computed.as_bytes()];
    check("RFC 6455, 4.1 (4)", ACCEPT, format!("`{computed}`, once"), found, passes)
}

/// The compression that an answer agrees to; none too where the answer is wrong.
#[must_use]
pub fn agreed_deflate(offer: &Offer, response: &ResponseHead) -> Option<DeflateAgreement> {
    read_answer(&offer.extensions, &response.head.tokens(EXTENSIONS)).ok().flatten()
}

fn extensions(offered: &[String], head: &Head) -> Check {
    let names: Vec<&str> = offered.iter().filter_map(|element| element.split(';').next()).map(str::trim).collect();
    let expected = match names.len() {
        0 => NOTHING.to_owned(),
        _ => format!("some of `{}`, or nothing", printable(names.join(", ").as_bytes(), 100)),
    };
    let answered = head.tokens(EXTENSIONS);
    let found = shown(head, EXTENSIONS);
    let plain = "RFC 6455, 4.1 (5)";
    let (clause, fault) = match read_answer(offered, &answered) {
        Ok(_) if answered.is_empty() && head.field(EXTENSIONS).is_some() => ("RFC 6455, 9.1", String::new()),
        Ok(_) if answered.is_empty() && !names.is_empty() => {
            let found = "nothing: the server takes none of the extensions offered".to_owned();
            return Check { clause: plain, subject: EXTENSIONS, expected, found, verdict: Verdict::Note };
        }
        Ok(_) => return check(plain, EXTENSIONS, expected, found, true),
        Err(AnswerFault::Grammar(element)) => {
            ("RFC 6455, 9.1", format!(", where {} is no extension", quoted(&element)))
        }
        Err(AnswerFault::NotOffered(_)) if names.is_empty() => (plain, String::new()),
        Err(AnswerFault::NotOffered(name)) => (plain, format!(", where {} was not offered", quoted(&name))),
        Err(AnswerFault::Twice) => ("RFC 7692, 5", ", which accepts permessage-deflate twice".to_owned()),
        Err(AnswerFault::Deflate(error)) => {
            (error.clause(), format!(", where {}", printable(error.to_string().as_bytes(), SHOWN)))
        }
    };
    check(clause, EXTENSIONS, expected, found + &fault, false)
}

fn subprotocol(offered: &[String], head: &Head) -> Check {
    let names = offered.iter().map(|name| hidden_in_list(name.as_bytes()));
    let names: Vec<_> = names.map(|name| quoted(&String::from_utf8_lossy(&name))).collect();
    let expected = if names.is_empty() { NOTHING.to_owned() } else { format!("one of {}", names.join(", ")) };
    let values: Vec<&[u8]> = head.values(SUBPROTOCOL).collect();
    let (verdict, found) = match values[..] {
        [] if offered.is_empty() => (Verdict::Pass, NOTHING.to_owned()),
        [] => (Verdict::Note, "nothing: the server chose none of the subprotocols offered".to_owned()),
        // RFC 6455, 11.3.4: once, and with one of the names as they were offered, case and all.
        [value] if offered.iter().any(|name| name.as_bytes() == value) => (Verdict::Pass, shown(head, SUBPROTOCOL)),
        _ => (Verdict::Fail, shown(head, SUBPROTOCOL)),
    };
    Check { clause: "RFC 6455, 4.1 (6)", subject: SUBPROTOCOL, expected, found, verdict }
}

/// An accept value of which the key is not known: it may be right if it is one at all.
fn lone_accept(head: &Head) -> Check {
    let values: Vec<&[u8]> = head.values(ACCEPT).collect();
    let found = shown(head, ACCEPT);
    let expected = "the base64 of 20 bytes, once";
    match values[..] {
        [value] if STANDARD.decode(value).is_ok_and(|hash| hash.len() == ACCEPT_LENGTH) => {
            unchecked("RFC 6455, 4.1 (4)", ACCEPT, expected, &format!("{found}: not checked, for the key is not known"))
        }
        _ => check("RFC 6455, 4.1 (4)", ACCEPT, expected, found, false),
    }
}

/// Extensions of which the offer is not known: held against an offer of just these.
fn lone_extensions(head: &Head) -> Check {
    let answered = head.tokens(EXTENSIONS);
    let offer = |element: &String| {
        let name = element.split(';').next().unwrap_or_default().trim().to_owned();
        let is_deflate = name.eq_ignore_ascii_case("permessage-deflate");
        if is_deflate { name + "; client_max_window_bits" } else { name }
    };
    let check = extensions(&answered.iter().map(offer).collect::<Vec<_>>(), head);
    match check.verdict {
        Verdict::Pass if !answered.is_empty() => {
            let found = format!("{}: not checked, for the offer is not known", check.found);
            unchecked(check.clause, EXTENSIONS, "what was offered, or nothing", &found)
        }
        _ => Check { expected: "what was offered, or nothing".to_owned(), ..check },
    }
}

/// A subprotocol of which the offer is not known.
fn lone_subprotocol(head: &Head) -> Check {
    let values: Vec<&[u8]> = head.values(SUBPROTOCOL).collect();
    let (clause, expected) = ("RFC 6455, 4.1 (6)", "one that was offered, or nothing");
    match values[..] {
        [] => check(clause, SUBPROTOCOL, expected, NOTHING, true),
        [value] if std::str::from_utf8(value).is_ok_and(is_token) => {
            let found = format!("{}: not checked, for the offer is not known", shown(head, SUBPROTOCOL));
            unchecked(clause, SUBPROTOCOL, expected, &found)
        }
        _ => check(clause, SUBPROTOCOL, expected, shown(head, SUBPROTOCOL), false),
    }
}

/// A check for which something is not known.
fn unchecked(clause: &'static str, subject: &'static str, expected: &str, found: &str) -> Check {
    Check { clause, subject, expected: expected.to_owned(), found: found.to_owned(), verdict: Verdict::Note }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "Upgrade: WebSocket\r\nConnection: keep-alive, upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

    fn offer(subprotocols: &[&str], extensions: &[&str]) -> Offer {
        let owned = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        Offer {
            key: "dGhlIHNhbXBsZSBub25jZQ==".into(),
            subprotocols: owned(subprotocols),
            extensions: owned(extensions),
        }
    }

    fn checks(offer: &Offer, fields: &str) -> Vec<Check> {
        let raw = format!("HTTP/1.1 101 Switching Protocols\r\n{fields}\r\n");
        response_checks(offer, &ResponseHead::parse(raw.into_bytes()).unwrap())
    }

    /// The only check that failed.
    fn failure(offer: &Offer, fields: &str) -> String {
        let failed: Vec<Check> = checks(offer, fields).into_iter().filter(Check::failed).collect();
        assert_eq!(failed.len(), 1, "{failed:?}");
        failed[0].to_string()
    }

    #[test]
    fn a_good_answer_passes_every_check() {
        let checks = checks(&offer(&[], &[]), GOOD);
        let subjects: Vec<_> = checks.iter().map(|check| check.subject).collect();
        assert_eq!(
            subjects,
            [
                "HTTP version",
                "status",
                "Upgrade",
                "Connection",
                "Sec-WebSocket-Accept",
                "Sec-WebSocket-Extensions",
                "Sec-WebSocket-Protocol"
            ]
        );
        assert!(checks.iter().all(|check| check.verdict == Verdict::Pass), "{checks:?}");
    }

    #[test]
    fn another_status_ends_the_list() {
        let head = ResponseHead::parse(b"HTTP/1.0 403 Forbidden\r\n\r\n".to_vec()).unwrap();
        let shown: Vec<String> = response_checks(&offer(&[], &[]), &head).iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "HTTP version: expected HTTP/1.1, found HTTP/1.0 (RFC 6455, 4.2.2 (5.1))",
                "status: expected 101, found 403 Forbidden (RFC 6455, 4.1 (1))"
            ]
        );
    }

    #[test]
    fn upgrade_and_connection() {
        let none = offer(&[], &[]);
        for (from, to, expected) in [
            ("Upgrade: WebSocket\r\n", "", "Upgrade: expected `websocket`, found nothing (RFC 6455, 4.1 (2))"),
            ("WebSocket", "h2c", "Upgrade: expected `websocket`, found `h2c` (RFC 6455, 4.1 (2))"),
            (
                "WebSocket",
                "websocket, h2c",
                "Upgrade: expected `websocket`, found `websocket, h2c` (RFC 6455, 4.1 (2))",
            ),
            (", upgrade", "", "Connection: expected `Upgrade`, found `keep-alive` (RFC 6455, 4.1 (3))"),
            ("keep-alive, upgrade", "", "Connection: expected `Upgrade`, found an empty value (RFC 6455, 4.1 (3))"),
        ] {
            assert_eq!(failure(&none, &GOOD.replacen(from, to, 1)), expected);
        }
    }

    #[test]
    fn the_accept_value_is_there_once_and_right() {
        let rest = "Sec-WebSocket-Accept: expected `s3pPLMBiTxaQ9kYGzzhZRbK+xOo=`, once, found";
        let line = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
        for (fields, found) in [
            (GOOD.replace(line, ""), "nothing"),
            (GOOD.replace("s3pP", "S3pP"), "`S3pPLMBiTxaQ9kYGzzhZRbK+xOo=`, which answers another key"),
            (
                GOOD.replace("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "dGhlIHNhbXBsZSBub25jZQ=="),
                "`dGhlIHNhbXBsZSBub25jZQ==`, which is the key itself",
            ),
            (format!("{GOOD}{line}"), "2 such headers: `s3pPLMBiTxaQ9kYGzzhZRbK+xOo=`, `s3pPLMBiTxaQ9kYGzzhZRbK+xOo=`"),
        ] {
            assert_eq!(failure(&offer(&[], &[]), &fields), format!("{rest} {found} (RFC 6455, 4.1 (4))"));
        }
        let other = Offer { key: "AQIDBAUGBwgJCgsMDQ4PEC==".into(), ..Offer::default() };
        assert!(failure(&other, GOOD).contains("which answers the key that RFC 6455 has as its example"));
    }

    /// RFC 6455, 4.1 (4).
    #[test]
    fn white_space_around_the_accept_value_is_ignored() {
        let value = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
        for to in [value.to_owned(), format!("   {value}"), format!("{value} \t "), format!("\t {value}\t")] {
            let checks = checks(&offer(&[], &[]), &GOOD.replace(&format!(" {value}"), &to));
            assert!(checks.iter().all(|check| check.verdict == Verdict::Pass), "{to:?}: {checks:?}");
        }
        let inside = GOOD.replace(value, "s3pPLMBiTxaQ9k YGzzhZRbK+xOo=");
        assert!(failure(&offer(&[], &[]), &inside).contains("which answers another key"));
    }

    /// RFC 6455, 8.1: bytes that are not UTF-8 fail the handshake wherever they are read as text.
    #[test]
    fn what_is_not_utf8_is_no_token() {
        let both = offer(&["a"], &["permessage-deflate"]);
        let good = format!("{GOOD}Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Extensions: permessage-deflate\r\n");
        for (value, subject) in [
            ("WebSocket\r", "Upgrade"),
            ("upgrade\r", "Connection"),
            ("s3pP", "Sec-WebSocket-Accept"),
            ("a\r", "Sec-WebSocket-Protocol"),
            ("permessage-deflate\r", "Sec-WebSocket-Extensions"),
        ] {
            let (before, after) = good.split_at(good.find(value).unwrap());
            let head = [b"HTTP/1.1 101 Switching Protocols\r\n", before.as_bytes(), b"\xff", after.as_bytes(), b"\r\n"];
            let checks = response_checks(&both, &ResponseHead::parse(head.concat()).unwrap());
            let failed: Vec<&str> = checks.iter().filter(|check| check.failed()).map(|check| check.subject).collect();
            assert_eq!(failed, [subject]);
        }
    }

    #[test]
    fn subprotocols() {
        let with = |lines: &str| format!("{GOOD}{lines}");
        let both = offer(&["a", "b"], &[]);
        let last = |offer: &Offer, fields: &str| checks(offer, fields).pop().unwrap();
        assert_eq!(last(&both, &with("Sec-WebSocket-Protocol: b\r\n")).verdict, Verdict::Pass);
        let absent = last(&both, GOOD);
        assert_eq!(absent.verdict, Verdict::Note);
        assert_eq!(absent.found, "nothing: the server chose none of the subprotocols offered");
        for (offer, lines, found) in [
            (&both, "Sec-WebSocket-Protocol: c\r\n", "one of `a`, `b`, found `c`"),
            (&both, "Sec-WebSocket-Protocol: A\r\n", "one of `a`, `b`, found `A`"),
            (&both, "Sec-WebSocket-Protocol: a, b\r\n", "one of `a`, `b`, found `a, b`"),
            (
                &both,
                "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b\r\n",
                "one of `a`, `b`, found 2 such headers: `a`, `b`",
            ),
            (&self::offer(&[], &[]), "Sec-WebSocket-Protocol: a\r\n", "nothing, found `a`"),
        ] {
            let expected = format!("Sec-WebSocket-Protocol: expected {found} (RFC 6455, 4.1 (6))");
            assert_eq!(failure(offer, &with(lines)), expected);
        }
    }

    #[test]
    fn extensions_must_have_been_offered() {
        let line = "Sec-WebSocket-Extensions: Permessage-Deflate; server_no_context_takeover\r\n";
        let deflate = offer(&[], &["permessage-deflate; client_max_window_bits"]);
        let with = format!("{GOOD}{line}");
        assert!(checks(&deflate, &with).iter().all(|check| check.verdict == Verdict::Pass));
        let refused = checks(&deflate, GOOD);
        let note = refused.iter().find(|check| check.verdict == Verdict::Note).unwrap();
        assert_eq!(note.found, "nothing: the server takes none of the extensions offered");
        assert_eq!(
            failure(&offer(&[], &[]), &with),
            "Sec-WebSocket-Extensions: expected nothing, found `Permessage-Deflate; server_no_context_takeover` (RFC 6455, 4.1 (5))"
        );
        assert_eq!(
            failure(&deflate, &format!("{GOOD}Sec-WebSocket-Extensions: x\r\n")),
            "Sec-WebSocket-Extensions: expected some of `permessage-deflate`, or nothing, found `x`, where `x` was not offered (RFC 6455, 4.1 (5))"
        );
        for (answer, fault, clause) in [
            ("permessage-deflate; y", "where `y` is no parameter of permessage-deflate", "RFC 7692, 7.1"),
            (
                "permessage-deflate; server_max_window_bits=7",
                "where `server_max_window_bits` wants a number from 8 to 15, not `7`",
                "RFC 7692, 7.1.2.1",
            ),
            ("permessage-deflate, permessage-deflate", "which accepts permessage-deflate twice", "RFC 7692, 5"),
            ("permessage-deflate; =", "where `permessage-deflate; =` is no extension", "RFC 6455, 9.1"),
        ] {
            let words = failure(&deflate, &format!("{GOOD}Sec-WebSocket-Extensions: {answer}\r\n"));
            assert_eq!(
                words,
                format!(
                    "Sec-WebSocket-Extensions: expected some of `permessage-deflate`, or nothing, found `{answer}`, {fault} ({clause})"
                )
            );
        }
        assert_eq!(
            failure(&deflate, &format!("{GOOD}Sec-WebSocket-Extensions:\r\n")),
            "Sec-WebSocket-Extensions: expected some of `permessage-deflate`, or nothing, found an empty value (RFC 6455, 9.1)"
        );
    }

    #[test]
    fn values_of_the_peer_are_printable() {
        let fields = GOOD.replace("WebSocket\r\n", "\u{202e}\u{9b}\r\n");
        assert!(failure(&offer(&[], &[]), &fields).contains("found `\\u{202e}\\u{9b}`"));
    }
}
