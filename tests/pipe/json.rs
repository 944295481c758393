//! JSON Lines: every event as a line, and lines as events.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{CLOSE, CONTINUATION, FIN, Frame, PING, PONG, Peer, Run, Server, Stdin, TEXT};

/// The event without its time, which must be one of this century, in UTC.
#[track_caller]
fn timeless(mut event: Value) -> Value {
    let time = event.as_object_mut().and_then(|fields| fields.remove("time"));
    let time = time.expect("every event has its time");
    let time = humantime::parse_rfc3339(time.as_str().unwrap_or_default()).expect("RFC 3339");
    assert!(time.elapsed().is_ok_and(|age| age < Duration::from_secs(3600)), "{event}");
    event
}

#[test]
fn events_are_printed_in_their_order() {
    let server = Server::start();
    let run = Run::connect("--out json -s chat", &server.url()).start();
    let mut peer = server.connection();
    peer.accept("Sec-WebSocket-Protocol: chat\r\n");
    peer.text("a \"b\"\nc");
    peer.binary([0, 1, 2, 0xff]);
    peer.ping("");
    peer.ping([0xff]);
    peer.frame(FIN | PONG, "pong");
    peer.frame(TEXT, "in ");
    peer.frame(FIN | CONTINUATION, "pieces");
    peer.close(1000, "bye");
    let run = run.finish();
    let mut events: Vec<Value> = run.status(0).silent().json().into_iter().map(timeless).collect();
    let phases = events[0].as_object_mut().and_then(|open| open.remove("milliseconds")).expect("a client knows");
    assert!(phases["connect"].as_f64().is_some() && phases["http"].as_f64() > Some(0.0), "{phases}");
    let address = format!("127.0.0.1:{}", server.port());
    let expected = [
        json!({"type": "open", "version": 1, "url": server.url(), "address": address, "subprotocol": "chat"}),
        json!({"type": "text", "data": "a \"b\"\nc", "dir": "in"}),
        json!({"type": "binary", "data": "AAEC/w==", "dir": "in"}),
        json!({"type": "ping", "data": "", "dir": "in"}),
        json!({"type": "ping", "base64": "/w==", "dir": "in"}),
        json!({"type": "pong", "data": "pong", "dir": "in"}),
        json!({"type": "text", "data": "in pieces", "dir": "in"}),
        json!({"type": "close", "code": 1000, "reason": "bye", "first": "peer", "dir": "in"}),
    ];
    assert_eq!(events, expected);
}

#[test]
fn a_close_without_a_code_is_an_event_without_one() {
    let server = Server::start();
    let run = Run::connect("--out json", &server.url()).start();
    server.accept().frame(FIN | CLOSE, "");
    let run = run.finish();
    let close = run.status(0).json().pop().map(timeless);
    assert_eq!(close, Some(json!({"type": "close", "first": "peer", "dir": "in"})));
}

#[test]
fn a_connection_that_breaks_is_an_error_event() {
    let server = Server::start();
    let run = Run::connect("--out json", &server.url()).start();
    drop(server.accept());
    let run = run.finish();
    let error = run.status(6).json().pop().unwrap();
    assert_eq!(error["type"], "error");
    assert!(error["message"].as_str().unwrap().contains("without a Close"), "{error}");
}

#[test]
fn a_violation_is_an_error_event() {
    let server = Server::start();
    let run = Run::connect("--out json", &server.url()).start();
    let mut peer = server.accept();
    peer.frame(FIN | 3, "");
    peer.expect_close(1002);
    drop(peer);
    let run = run.finish();
    let error = run.status(6).json().pop().unwrap();
    assert_eq!(error["type"], "error");
    assert!(error["message"].as_str().unwrap().contains("0x3 is reserved"), "{error}");
}

/// What the peer gets of these lines, up to its Close, which it answers.
#[track_caller]
fn sent(input: &str) -> Vec<Frame> {
    let server = Server::start();
    let run = Run::connect("--in json --wait 0", &server.url()).input(input).start();
    let frames = to_close(&mut server.accept());
    run.finish().status(0).silent();
    frames
}

fn to_close(peer: &mut Peer) -> Vec<Frame> {
    let mut frames = Vec::new();
    loop {
        let frame = peer.read();
        if frame.opcode() == CLOSE {
            peer.close(1000, "");
            frames.push(frame);
            return frames;
        }
        frames.push(frame);
    }
}

/// What stands behind a Close can't be sent, and that is told.
#[test]
fn an_input_that_goes_on_after_its_close_is_an_error() {
    let server = Server::start();
    let input = "{\"type\":\"close\",\"code\":1000}\n{\"type\":\"text\",\"data\":\"late\"}\n";
    let run = Run::connect("--in json", &server.url()).input(input).start();
    assert_eq!(to_close(&mut server.accept()).len(), 1);
    run.finish().status(1).stderr_has("the input goes on after its close event");
}

#[test]
fn lines_are_sent_as_the_frames_they_name() {
    let frames = sent(concat!(
        r#"{"type":"text","data":"zwölf \u2713\n"}"#,
        "\n",
        r#"{"type":"binary","data":"AAEC/w=="}"#,
        "\n\n",
        r#"{"data":"p","type":"ping"}"#,
        "\n",
        r#"{"type":"pong"}"#,
        "\n",
        r#"{"type":"ping","base64":"/w=="}"#,
        "\n",
        r#"{"type":"close","code":1001,"reason":"bye"}"#,
        "\n\n",
    ));
    let frames: Vec<_> = frames.iter().map(|frame| (frame.first, &frame.payload[..])).collect();
    let expected: [(u8, &[u8]); 6] = [
        (FIN | TEXT, "zwölf ✓\n".as_bytes()),
        (FIN | 2, &[0, 1, 2, 0xff]),
        (FIN | PING, b"p"),
        (FIN | PONG, b""),
        (FIN | PING, &[0xff]),
        (FIN | CLOSE, b"\x03\xe9bye"),
    ];
    assert_eq!(frames, expected);
}

#[test]
fn what_one_run_prints_another_takes() {
    let server = Server::start();
    let run = Run::connect("--out json", &server.url()).start();
    let mut peer = server.accept();
    peer.text("a");
    peer.binary([0xff]);
    peer.finish_first(1000);
    let run = run.finish();
    let frames = sent(&run.status(0).text());
    let frames: Vec<_> = frames.iter().map(|frame| (frame.first, &frame.payload[..])).collect();
    let expected: [(u8, &[u8]); 3] = [(FIN | TEXT, b"a"), (FIN | 2, &[0xff]), (FIN | CLOSE, b"\x03\xe8")];
    assert_eq!(frames, expected);
}

#[test]
fn a_close_without_a_code_can_be_sent() {
    let frames = sent("{\"type\":\"close\"}\n");
    assert_eq!((frames.len(), frames[0].payload.len()), (1, 0));
}

#[test]
fn a_close_ends_the_input_also_while_that_is_open() {
    let server = Server::start();
    let mut run = Run::connect("--in json", &server.url()).stdin(Stdin::Held).start();
    run.write("{\"type\":\"close\",\"code\":1000}\n");
    server.accept().finish(1000);
    run.finish().status(0).silent();
}

#[test]
fn a_close_before_the_awaited_messages_is_status_8() {
    let server = Server::start();
    let run = Run::connect("--in json --count 2", &server.url()).input("{\"type\":\"close\",\"code\":1000}\n").start();
    server.accept().finish(1000);
    run.finish().status(8).stderr_has("only 0 of 2 messages had come (--count): the input closed the session");
}

#[test]
fn messages_that_come_after_the_close_count_among_the_awaited() {
    let server = Server::start();
    let run = Run::connect("--in json --out lines --count 1", &server.url())
        .input("{\"type\":\"close\",\"code\":1000}\n")
        .start();
    let mut peer = server.accept();
    peer.expect_close(1000);
    peer.text("just in time");
    peer.close(1000, "");
    run.finish().status(0).stdout("just in time\n").silent();
}

#[test]
fn a_line_that_is_no_event_is_status_1_and_named() {
    for (line, words) in [
        ("{\"type\":\"text\",", "record 2 of the input is not a JSON event"),
        ("{\"type\":\"text\",", "column 15"),
        ("hello", "column 1"),
        ("{\"type\":\"test\",\"data\":\"\"}", "has the unknown type \"test\""),
        ("{\"type\":\"wait\",\"ms\":1}", "is of type wait, which is for scripts: wspipe replay plays them"),
        ("# no comment", "JSON has no comments"),
        ("{\"type\":\"text\"}", "needs the field \"data\""),
        ("{\"data\":\"x\"}", "type"),
        ("{\"type\":\"binary\",\"data\":\"!\"}", "not base64"),
        ("{\"type\":\"close\",\"code\":1005}", "1005"),
        ("{\"type\":\"text\",\"data\":5}", "integer"),
    ] {
        let server = Server::start();
        let input = format!("{{\"type\":\"text\",\"data\":\"good\"}}\n{line}\n");
        let run = Run::connect("--in json --wait 0", &server.url()).input(input).start();
        let mut peer = server.accept();
        peer.expect_text("good");
        peer.finish(1011);
        run.finish().status(1).stderr_has("record 2").stderr_has(words);
    }
}

#[test]
fn a_ping_that_is_too_long_is_not_sent() {
    let server = Server::start();
    let input = json!({"type": "ping", "data": "x".repeat(126)}).to_string();
    let run = Run::connect("--in json --wait 0", &server.url()).input(input).start();
    server.accept().finish(1011);
    run.finish().status(1).stderr_has("126 bytes");
}

#[test]
fn a_listener_numbers_its_clients() {
    let run = Run::listen("--out json --count 2").start();
    let url = run.url();
    let mut peers = [Peer::open(&url), Peer::open(&url)];
    run.wait_lines(2);
    for peer in &mut peers {
        peer.text("hello");
    }
    for peer in peers {
        peer.finish(1000);
    }
    let run = run.finish();
    let events = run.status(0).json();
    let of = |kind: &str| {
        let mut clients: Vec<_> =
            events.iter().filter(|event| event["type"] == kind).map(|event| event["client"].as_u64()).collect();
        clients.sort_unstable();
        clients
    };
    assert_eq!((of("open"), of("text")), (vec![Some(1), Some(2)], vec![Some(1), Some(2)]));
}
