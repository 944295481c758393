use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

use super::*;
use crate::protocol::{Close, Kind};
use crate::records::Opening;

/// The chunks of a text, each with a length told in advance if it is known.
fn chunks<'a>(kind: Kind, pieces: &[&'a [u8]], length: Option<u64>) -> Vec<Event<'a>> {
    let last = pieces.len() - 1;
    let chunk =
        |(i, payload): (usize, &&'a [u8])| Event::Data(Chunk { kind, first: i == 0, last: i == last, length, payload });
    pieces.iter().enumerate().map(chunk).collect()
}

fn text(text: &str) -> Event<'_> {
    Event::Data(Chunk::whole(Kind::Text, text.as_bytes()))
}

fn binary(bytes: &[u8]) -> Event<'_> {
    Event::Data(Chunk::whole(Kind::Binary, bytes))
}

fn json() -> JsonEvents {
    json_of(None)
}

fn json_of(client: Option<u64>) -> JsonEvents {
    let mut json = JsonEvents::new(client);
    json.at(SystemTime::UNIX_EPOCH + Duration::from_millis(1_767_323_045_678));
    json
}

fn joined(format: Format, limit: Option<u64>, events: &[Event<'_>]) -> Result<Vec<u8>, JoinError> {
    let mut joiner = Joiner::new(format, limit, json());
    let mut out = Vec::new();
    for event in events {
        joiner.push(event, &mut out)?;
    }
    Ok(out)
}

fn check(format: Format, events: &[Event<'_>], expected: &[u8]) {
    let out = joined(format, None, events).unwrap();
    assert_eq!(out.escape_ascii().to_string(), expected.escape_ascii().to_string());
}

/// Control frames say nothing but in JSON.
fn with_controls(events: Vec<Event<'_>>) -> Vec<Event<'_>> {
    let mut all = vec![Event::Ping(b"p")];
    for event in events {
        all.extend([event, Event::Pong(b"")]);
    }
    all.push(Event::Close(Close::new(1000, "bye")));
    all
}

#[test]
fn delimiters_end_messages() {
    let mut events = vec![text("one"), text(""), binary(b"\xff")];
    events.extend(chunks(Kind::Text, &[b"", b"t\n", b"", b"wo", b""], None));
    let events = with_controls(events);
    check(Format::Lines, &events, b"one\n\n\xff\nt\nwo\n");
    check(Format::Nul, &events, b"one\0\0\xff\0t\nwo\0");
}

#[test]
fn raw_and_whole_add_nothing() {
    let mut events = vec![text("one"), text(""), binary(b"\xff")];
    events.extend(chunks(Kind::Text, &[b"t\n", b"wo"], None));
    let events = with_controls(events);
    check(Format::Raw, &events, b"one\xfft\nwo");
    check(Format::Whole, &events, b"one\xfft\nwo");
}

#[test]
fn lengths_stand_before_messages() {
    let mut events = vec![text("one"), text(""), binary(b"\xff")];
    events.extend(chunks(Kind::Text, &[b"", b"t\n", b"", b"wo", b""], None));
    events.extend(chunks(Kind::Binary, &[b"th", b"", b"ree"], Some(5)));
    events.extend(chunks(Kind::Binary, &[b"", b""], None));
    check(
        Format::Length,
        &with_controls(events),
        b"\0\0\0\x03one\0\0\0\0\0\0\0\x01\xff\0\0\0\x04t\nwo\0\0\0\x05three\0\0\0\0",
    );
}

/// Only what has no length in advance is held until its end.
#[test]
fn lengths_that_are_known_let_payload_pass() {
    let mut joiner = Joiner::new(Format::Length, Some(3), json());
    let mut out = Vec::new();
    for (event, expected) in
        chunks(Kind::Text, &[b"abcd", b"e"], Some(5)).iter().zip([&b"\0\0\0\x05abcd"[..], b"\0\0\0\x05abcde"])
    {
        joiner.push(event, &mut out).unwrap();
        assert_eq!(out, expected);
    }
    out.clear();
    for (event, expected) in chunks(Kind::Text, &[b"ab", b"c"], None).iter().zip([&b""[..], b"\0\0\0\x03abc"]) {
        joiner.push(event, &mut out).unwrap();
        assert_eq!(out, expected);
    }
}

#[test]
fn what_is_held_has_a_limit() {
    for format in [Format::Length, Format::Json] {
        let fits = chunks(Kind::Text, &[b"ab", b"c"], None);
        assert!(joined(format, Some(3), &[fits.clone(), fits].concat()).is_ok());
        let over = chunks(Kind::Text, &[b"ab", b"cd", b""], None);
        assert!(matches!(
            joined(format, Some(3), &over[..2]),
            Err(JoinError::TooBig(Violation::MessageTooBig { limit: 3 }))
        ));
    }
}

#[test]
fn a_length_has_four_bytes() {
    let longest = chunks(Kind::Text, &[b"a", b""], Some(u32::MAX.into()));
    let out = joined(Format::Length, None, &longest[..1]).unwrap();
    assert_eq!(out, b"\xff\xff\xff\xffa");
    let longer = chunks(Kind::Text, &[b"a", b""], Some(1 << 32));
    assert!(matches!(joined(Format::Length, None, &longer[..1]), Err(JoinError::TooBig(_))));
}

#[test]
fn json_shows_every_event() {
    let mut events = vec![text("h\"é\n"), binary(b"\0\xff")];
    events.extend(chunks(Kind::Text, &[b"\xc3", b"\xa9"], None));
    events.insert(3, Event::Ping(b"p"));
    events.extend([Event::Pong(b"\xff"), Event::Ping(b""), Event::Close(Close::new(1000, "bye"))]);
    let lines = [
        r#""type":"text","data":"h\"é\n""#,
        r#""type":"binary","data":"AP8=""#,
        r#""type":"ping","data":"p""#,
        r#""type":"text","data":"é""#,
        r#""type":"pong","base64":"/w==""#,
        r#""type":"ping","data":"""#,
        r#""type":"close","code":1000,"reason":"bye","first":"peer""#,
    ];
    let rest = ",\"dir\":\"in\",\"time\":\"2026-01-02T03:04:05.678Z\"}\n";
    let expected = lines.map(|line| ["{", line, rest].concat()).concat();
    check(Format::Json, &events, expected.as_bytes());
}

#[test]
fn json_tells_how_a_session_begins_and_fails() {
    let mut joiner = Joiner::new(Format::Json, None, json_of(Some(7)));
    let mut out = Vec::new();
    let opening = Opening { url: "ws://h/".into(), address: "[::1]:80".into(), ..Opening::default() };
    let chat = Opening { subprotocol: Some("chat".into()), ..opening.clone() };
    joiner.tell(&mut out, |json, line| json.open(&chat, line)).unwrap();
    joiner.tell(&mut out, |json, line| json.open(&opening, line)).unwrap();
    joiner.tell(&mut out, |json, line| json.broken("it \"broke\"", line)).unwrap();
    let rest = "\"client\":7,\"time\":\"2026-01-02T03:04:05.678Z\"}\n";
    let expected = [
        r#"{"type":"open","version":1,"url":"ws://h/","address":"[::1]:80","subprotocol":"chat","#,
        rest,
        r#"{"type":"open","version":1,"url":"ws://h/","address":"[::1]:80","#,
        rest,
        r#"{"type":"error","message":"it \"broke\"","clean":false,"#,
        rest,
    ]
    .concat();
    assert_eq!(String::from_utf8(out).unwrap(), expected);
    let mut out = Vec::new();
    Joiner::new(Format::Lines, None, json()).tell(&mut out, |json, line| json.broken("it", line)).unwrap();
    assert!(out.is_empty());
}

#[test]
fn errors_of_the_output_are_told() {
    for format in [Format::Lines, Format::Raw, Format::Length, Format::Json] {
        let mut joiner = Joiner::new(format, None, json());
        let mut full: &mut [u8] = &mut [0; 2];
        let error = joiner.push(&text("abc"), &mut full).unwrap_err();
        assert!(matches!(error, JoinError::Output(_)), "{format:?}");
    }
}

/// Lays events out with a clock that gives another millisecond each time it is read.
fn stamped(format: OutputFormat, batches: &[&[Event<'_>]]) -> String {
    static READINGS: AtomicU64 = AtomicU64::new(0);
    let _alone = TURN.lock().unwrap();
    READINGS.store(0, Relaxed);
    let clock = || SystemTime::UNIX_EPOCH + Duration::from_millis(READINGS.fetch_add(1, Relaxed));
    let mut joiner = Joiner::new(format, None, json());
    joiner.stamps = Some(Stamps::new(clock));
    let mut out = Vec::new();
    for batch in batches {
        for event in *batch {
            joiner.push(event, &mut out).unwrap();
        }
        joiner.pause();
    }
    String::from_utf8(out).unwrap().replace("1970-01-01T00:00:00", "T")
}

static TURN: Mutex<()> = Mutex::new(());

#[test]
fn times_stand_before_messages_one_for_each_batch() {
    let pieces = chunks(Kind::Text, &[b"", b"thr", b"ee"], None);
    let batches: [&[Event<'_>]; 3] =
        [&[text("one"), Event::Ping(b""), text("two")], &[pieces[0].clone()], &pieces[1..]];
    let lines = stamped(OutputFormat::Stamped(Format::Lines), &batches);
    assert_eq!(lines, "T.000Z one\nT.000Z two\nT.001Z three\n");
    let nul = stamped(OutputFormat::Stamped(Format::Nul), &batches);
    assert_eq!(nul, "T.000Z one\0T.000Z two\0T.001Z three\0");
    let hex = stamped(OutputFormat::Hex { stamped: true }, &[&[text("")], &[binary(b"")]]);
    assert_eq!(hex, "T.000Z text, 0 bytes\nT.001Z binary, 0 bytes\n");
}

#[test]
fn hexdumps_show_messages_only() {
    let events = with_controls(vec![text("one"), binary(b"\xff")]);
    let mut joiner = Joiner::new(OutputFormat::Hex { stamped: false }, None, json());
    let mut out = Vec::new();
    for event in &events {
        joiner.push(event, &mut out).unwrap();
    }
    let [one, other] = [
        "text, 3 bytes\n00000000  6f 6e 65                                          |one|\n",
        "binary, 1 byte\n00000000  ff                                                |.|\n",
    ];
    assert_eq!(String::from_utf8(out).unwrap(), format!("{one}{other}"));
}
