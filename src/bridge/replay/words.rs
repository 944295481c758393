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

/// Where the beginnings that are shown of two messages say nothing, where they differ.
pub(super) fn difference(expected: &Expected, event: &Event<'_>) -> String {
    let (Expected::Message(_, Wanted::Exactly(one)), Event::Data(chunk)) = (expected, event) else {
        return String::new();
    };
    let same = one.iter().zip(chunk.payload).take_while(|(one, other)| one == other).count();
    format!(", another from byte {} on", same + 1)
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
    let shown = &payload[..payload.len().min(SHOWN / 4)];
    let digits: Vec<String> = shown.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut words = if digits.is_empty() { "of 0 bytes".to_owned() } else { digits.join(" ") };
    if shown.len() < payload.len() {
        words.push_str(" …");
        add_length(&mut words, payload.len());
    }
    words
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
