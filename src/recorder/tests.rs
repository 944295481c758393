//! What becomes of bytes in the file.

use super::session::Transcript;
use super::*;
use crate::records::Direction;

fn transcript(role: Role) -> Transcript {
    let opening = Opening { url: "ws://h/".into(), address: "[::1]:80".into(), ..Opening::default() };
    Transcript::new(Beginning { role, opening, compression: None, early: b"", client: None })
}

/// The lines that these bytes give, each without the time.
fn lines(feed: impl FnOnce(&mut Transcript, &mut Vec<u8>)) -> Vec<String> {
    let mut out = Vec::new();
    feed(&mut transcript(Role::Client), &mut out);
    let text = String::from_utf8(out).expect("lines are UTF-8");
    text.lines().map(|line| line.replace(",\"time\":\"1970-01-01T00:00:00.000Z\"", "")).collect()
}

const THEN: SystemTime = SystemTime::UNIX_EPOCH;

#[test]
fn every_split_of_the_bytes_gives_the_same_lines() {
    let bytes = b"\x01\x03one\x89\x01p\x80\x04 two\x82\x01\xff\x81\x02\xc3\xa9\x88\x05\x03\xe8bye";
    let expected = [
        r#"{"type":"ping","data":"p","dir":"in"}"#,
        r#"{"type":"text","data":"one two","dir":"in"}"#,
        r#"{"type":"binary","data":"/w==","dir":"in"}"#,
        r#"{"type":"text","data":"é","dir":"in"}"#,
        r#"{"type":"close","code":1000,"reason":"bye","first":"peer","dir":"in"}"#,
    ];
    for split in 0..bytes.len() {
        let lines = lines(|transcript, out| {
            let (first, second) = bytes.split_at(split);
            transcript.feed(Direction::In, THEN, first, out);
            transcript.feed(Direction::In, THEN, second, out);
        });
        assert_eq!(lines, expected, "split at {split}");
    }
}

#[test]
fn the_second_close_is_clean_and_pongs_may_follow_ours() {
    let lines = lines(|transcript, out| {
        // Masked with zeros, as whoever we are a client of gets it.
        transcript.feed(Direction::Out, THEN, b"\x88\x82\0\0\0\0\x03\xe8\x8a\x81\0\0\0\0p", out);
        transcript.feed(Direction::In, THEN, b"\x88\x00", out);
        transcript.ended(None, THEN, out);
        transcript.end(THEN, out);
    });
    let expected = [
        r#"{"type":"close","code":1000,"reason":"","first":"us","dir":"out"}"#,
        r#"{"type":"pong","data":"p","dir":"out"}"#,
        r#"{"type":"close","first":"us","clean":true,"dir":"in"}"#,
    ];
    assert_eq!(lines, expected);
}

#[test]
fn one_line_says_why_a_session_was_not_closed_cleanly() {
    let broken = |feed: fn(&mut Transcript, &mut Vec<u8>)| {
        let mut lines = lines(|transcript, out| {
            feed(transcript, out);
            transcript.end(THEN, out);
        });
        assert_eq!(lines.iter().filter(|line| line.contains("clean")).count(), 1, "{lines:?}");
        lines.pop().expect("there is one")
    };
    let says = |message: &str| format!("{{\"type\":\"error\",\"message\":\"{message}\",\"clean\":false}}");
    assert_eq!(broken(|_, _| {}), says("the connection ended without a Close"));
    assert_eq!(
        broken(|transcript, out| transcript.ended(Some("reset".into()), THEN, out)),
        says("the connection broke: reset")
    );
    assert_eq!(
        broken(|transcript, out| transcript.feed(Direction::In, THEN, b"\x88\x00", out)),
        says("the peer's Close was not answered")
    );
    assert_eq!(
        broken(|transcript, out| transcript.feed(Direction::Out, THEN, b"\x88\x80\0\0\0\0", out)),
        says("our Close was not answered")
    );
    let reserved = broken(|transcript, out| transcript.feed(Direction::In, THEN, b"\x83\x00more", out));
    assert!(reserved.contains("reserved"), "{reserved}");
}

/// What came of a message is there, also where its end never does.
#[test]
fn the_beginning_of_a_message_is_not_lost() {
    let lines = lines(|transcript, out| {
        transcript.feed(Direction::In, THEN, b"\x81\x04ab\xc3", out);
        transcript.end(THEN, out);
    });
    assert_eq!(lines[0], r#"{"type":"text","data":"ab","fin":false,"dir":"in"}"#);
    assert_eq!(lines.len(), 2);
}

/// Also where it was the peer's fault that we never came to the end of ours.
#[test]
fn the_beginning_of_our_message_is_not_lost_with_a_violation() {
    let lines = lines(|transcript, out| {
        transcript.feed(Direction::Out, THEN, b"\x01\x82\0\0\0\0ab", out);
        transcript.feed(Direction::In, THEN, b"\x83\x00", out);
        transcript.end(THEN, out);
    });
    assert!(lines[0].contains("\"clean\":false"), "{lines:?}");
    assert_eq!(lines[1], r#"{"type":"text","data":"ab","fin":false,"dir":"out"}"#);
    assert_eq!(lines.len(), 2);
}

/// A frame of a server.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first, 127];
    bytes.extend((payload.len() as u64).to_be_bytes());
    // The size must be the least that holds it (RFC 6455, 5.2).
    assert!(payload.len() > 0xffff);
    bytes.extend_from_slice(payload);
    bytes
}

#[test]
fn a_long_text_is_cut_between_characters() {
    // 3 bytes each, so that a piece of 1 MiB would end inside one.
    let text = "✓".repeat(1_000_000);
    let lines = lines(|transcript, out| transcript.feed(Direction::In, THEN, &frame(0x81, text.as_bytes()), out));
    let pieces: Vec<serde_json::Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let read: String = pieces.iter().map(|piece| piece["data"].as_str().unwrap()).collect();
    assert_eq!(read, text);
    let fins: Vec<_> = pieces.iter().map(|piece| piece.get("fin").is_none()).collect();
    assert_eq!(fins, [false, false, true]);
    assert_eq!(pieces[0]["data"].as_str().unwrap().len(), (1 << 20) - 1);
}

#[test]
fn a_message_of_one_piece_is_one_line() {
    for (length, expected) in [(1 << 20, 1), ((1 << 20) + 1, 2), (2 << 20, 2)] {
        let bytes = frame(0x82, &vec![7; length]);
        let lines = lines(|transcript, out| transcript.feed(Direction::In, THEN, &bytes, out));
        assert_eq!(lines.len(), expected, "{length} bytes");
    }
}
