//! What is awaited and what comes, in a few words.

use std::fmt::Write as _;

use crate::handshake::printable;
use crate::protocol::{Close, Event, Kind, code_name};
use crate::records::script::{Expected, Wanted};

/// How much of a message is shown, in bytes.
const SHOWN: usize = 100;

/// What is awaited.
pub(super) fn expected(expected: &Expected) -> String {
    match expected {
        Expected::Message(Kind::Text, Wanted::Exactly(payload)) => format!("text {}", text(payload)),
        Expected::Message(Kind::Binary, Wanted::Exactly(payload)) => format!("binary {}", bytes(payload)),
        Expected::Message(Kind::Text, wanted) => format!("text{}", open(wanted)),
        Expected::Message(Kind::Binary, wanted) => format!("binary{}", open(wanted)),
        Expected::Ping(wanted) => format!("ping{}", open(wanted)),
        Expected::Pong(wanted) => format!("pong{}", open(wanted)),
        Expected::Close { code, reason } => close(*code, reason.as_deref().unwrap_or_default()),
    }
}

/// What has come; a message has to be whole.
pub(super) fn event(event: &Event<'_>) -> String {
    match event {
        Event::Data(chunk) if chunk.kind == Kind::Text => format!("text {}", text(chunk.payload)),
        Event::Data(chunk) => format!("binary {}", bytes(chunk.payload)),
        Event::Ping(payload) => format!("ping {}", text(payload)),
        Event::Pong(payload) => format!("pong {}", text(payload)),
        Event::Close(Close { code, reason }) => close(*code, reason),
    }
}

/// How much of a message is shown before where it differs, and from there on, in bytes.
const BEFORE: usize = 10;
const BEHIND: usize = 20;

/// Where the beginnings that are shown of two messages say nothing, where they differ.
pub(super) fn difference(expected: &Expected, event: &Event<'_>) -> String {
    let (Expected::Message(_, Wanted::Exactly(one)), Event::Data(chunk)) = (expected, event) else {
        return String::new();
    };
    let same = one.iter().zip(chunk.payload).take_while(|(one, other)| one == other).count();
    let [came, awaited] = [chunk.payload, one].map(|payload| around(chunk.kind, payload, same));
    format!(", another from byte {} on: {came} instead of {awaited}", same + 1)
}

/// What stands there in a message, and a little of what stands before.
fn around(kind: Kind, payload: &[u8], at: usize) -> String {
    let is_inside = |byte: &u8| kind == Kind::Text && byte & 0xc0 == 0x80;
    let mut from = at.saturating_sub(BEFORE);
    while from > 0 && payload.get(from).is_some_and(is_inside) {
        from -= 1;
    }
    let more = if from > 0 { "…" } else { "" };
    let rest = &payload[from..];
    match kind {
        Kind::Text => format!("\"{more}{}\"", printable(rest, BEFORE + BEHIND)),
        Kind::Binary => format!("{more}{}", digits(rest, BEFORE + BEHIND)),
    }
}

fn open(wanted: &Wanted) -> String {
    match wanted {
        Wanted::Any => String::new(),
        Wanted::Exactly(payload) => format!(" {}", text(payload)),
        Wanted::Match(pattern) => format!(" that matches {}", printable(pattern.as_str().as_bytes(), SHOWN)),
    }
}

fn text(payload: &[u8]) -> String {
    let mut words = format!("\"{}\"", printable(payload, SHOWN));
    add_length(&mut words, payload.len());
    words
}

fn bytes(payload: &[u8]) -> String {
    const FEW: usize = SHOWN / 4;
    let mut words = if payload.is_empty() { "of 0 bytes".to_owned() } else { digits(payload, FEW) };
    if payload.len() > FEW {
        add_length(&mut words, payload.len());
    }
    words
}

/// The first few bytes.
fn digits(payload: &[u8], few: usize) -> String {
    let digits: Vec<String> = payload.iter().take(few).map(|byte| format!("{byte:02x}")).collect();
    digits.join(" ") + if payload.len() > few { " …" } else { "" }
}

fn add_length(words: &mut String, length: usize) {
    if length > SHOWN / 4 {
        // Writing to a String never fails.
        let _ = write!(words, " ({length} bytes)");
    }
}

fn close(code: Option<u16>, reason: &str) -> String {
    let Some(code) = code else { return "close without a code".to_owned() };
    let name = code_name(code).map(|name| format!(" ({name})")).unwrap_or_default();
    let reason = if reason.is_empty() { String::new() } else { format!(" {}", text(reason.as_bytes())) };
    format!("close {code}{name}{reason}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Chunk;

    #[test]
    fn two_messages_that_begin_alike() {
        let told = |kind, came: &[u8], awaited: &[u8]| {
            let expected = Expected::Message(kind, Wanted::Exactly(awaited.to_vec()));
            difference(&expected, &Event::Data(Chunk::whole(kind, came)))
        };
        let [came, awaited] = ["quick", "quack"].map(|word| format!("{}the {word} brown fox", "x".repeat(180)));
        let words = told(Kind::Text, came.as_bytes(), awaited.as_bytes());
        let both = r#""…xxxxthe quick brown fox" instead of "…xxxxthe quack brown fox""#;
        assert_eq!(words, format!(", another from byte 187 on: {both}"));
        // No character is cut in two, and one of them may have ended.
        let [came, awaited] = [0, 1].map(|more| "ä".repeat(60) + &"b".repeat(more));
        let words = told(Kind::Text, came.as_bytes(), awaited.as_bytes());
        assert_eq!(words, r#", another from byte 121 on: "…äääää" instead of "…äääääb""#);
        let [came, awaited] = [1, 2].map(|last| [vec![0; 100], vec![last]].concat());
        let words = told(Kind::Binary, &came, &awaited);
        assert!(words.ends_with("on: …00 00 00 00 00 00 00 00 00 00 01 instead of …00 00 00 00 00 00 00 00 00 00 02"));
    }

    #[test]
    fn events_in_words() {
        let data = |kind, payload| event(&Event::Data(Chunk::whole(kind, payload)));
        assert_eq!(data(Kind::Text, b"a\n\x1b"), r#"text "a\n\x1b""#);
        assert_eq!(data(Kind::Text, &[b'x'; 101]), format!("text \"{}…\" (101 bytes)", "x".repeat(100)));
        assert_eq!(data(Kind::Binary, b""), "binary of 0 bytes");
        assert_eq!(data(Kind::Binary, b"\x00\xff"), "binary 00 ff");
        assert_eq!(data(Kind::Binary, &[0; 26]), format!("binary {}… (26 bytes)", "00 ".repeat(25)));
        assert_eq!(event(&Event::Pong(b"")), "pong \"\"");
        assert_eq!(event(&Event::Close(Close::new(1003, "no"))), "close 1003 (unsupported data) \"no\"");
        assert_eq!(event(&Event::Close(Close::default())), "close without a code");
    }
}
