//! `--record`: both directions in a file, whatever the pipe does.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{CONTINUATION, FIN, PATIENCE, PONG, Peer, Run, Server, Stdin, TEXT};
use crate::schema::Judge;

/// The file of a recording, in a folder of its own.
struct Tape {
    path: PathBuf,
    _folder: TempDir,
}

impl Tape {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("there is room");
        Tape { path: folder.path().join("tape.jsonl"), _folder: folder }
    }

    fn on(&self, run: Run) -> Run {
        run.arg("--record").arg(&self.path)
    }

    /// The lines, each of which is what the schema says, without their times, which don't go back.
    #[track_caller]
    fn lines(&self) -> Vec<Value> {
        read(&self.path).into_iter().map(timeless).collect()
    }

    /// The lines of one type.
    #[track_caller]
    fn of(&self, kind: &str) -> Vec<Value> {
        self.lines().into_iter().filter(|line| line["type"] == kind).collect()
    }

    /// Waits until the file has so many lines.
    #[track_caller]
    fn wait_lines(&self, count: usize) {
        let start = Instant::now();
        while fs::read_to_string(&self.path).unwrap_or_default().lines().count() < count {
            assert!(start.elapsed() < PATIENCE, "the record never had {count} lines");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

#[track_caller]
fn read(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("there is a record");
    assert!(text.is_empty() || text.ends_with('\n'), "the last line is whole");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let mut judge = Judge::of_transcripts();
    let mut last = String::new();
    for line in &lines {
        judge.accept(line);
        let time = line["time"].as_str().expect("a time");
        assert!(*time >= *last, "{time} after {last}");
        time.clone_into(&mut last);
    }
    lines
}

fn timeless(mut line: Value) -> Value {
    let fields = line.as_object_mut().expect("an object");
    fields.remove("time");
    fields.remove("milliseconds");
    line
}

fn message(kind: &str, data: &str, dir: &str) -> Value {
    json!({"type": kind, "data": data, "dir": dir})
}

fn close(code: u16, reason: &str, first: &str, dir: &str) -> Value {
    let mut line = json!({"type": "close", "code": code, "reason": reason, "first": first, "dir": dir});
    if (first == "us") != (dir == "out") {
        line["clean"] = true.into();
    }
    line
}

#[test]
fn both_directions_and_control_frames_are_recorded() {
    let (tape, server) = (Tape::new(), Server::start());
    let run = tape.on(Run::connect("-s chat", &server.url())).stdin(Stdin::Held);
    let mut run = run.start();
    let mut peer = server.connection();
    peer.accept("Sec-WebSocket-Protocol: chat\r\n");
    run.write("one \"1\"\n");
    peer.expect_text("one \"1\"");
    peer.ping("p");
    peer.expect_pong("p");
    peer.binary([0, 1, 0xff]);
    peer.frame(FIN | PONG, [0xff]);
    peer.frame(TEXT, "in ");
    peer.frame(FIN | CONTINUATION, "pieces");
    peer.finish_first(1000);
    run.finish().status(0).stdout(b"\x00\x01\xff\nin pieces\n").silent();
    let address = format!("127.0.0.1:{}", server.port());
    let expected = [
        json!({"type": "open", "version": 1, "url": server.url(), "address": address, "subprotocol": "chat"}),
        message("text", "one \"1\"", "out"),
        message("ping", "p", "in"),
        message("pong", "p", "out"),
        message("binary", "AAH/", "in"),
        json!({"type": "pong", "base64": "/w==", "dir": "in"}),
        message("text", "in pieces", "in"),
        close(1000, "", "peer", "in"),
        close(1000, "", "peer", "out"),
    ];
    assert_eq!(tape.lines(), expected);
    let phases = &read(&tape.path)[0]["milliseconds"];
    assert!(phases["http"].as_f64() > Some(0.0), "{phases}");
}

#[test]
fn every_format_gives_the_same_record() {
    let formats: [(&str, &[u8], &str, &str); 6] = [
        ("--format lines", b"a\xc3\xa9\n", "text", "aé"),
        ("--format nul", b"a\n\0", "text", "a\n"),
        ("--format length", b"\0\0\0\x01a", "text", "a"),
        ("--format whole", b"a", "text", "a"),
        ("-b --format raw", b"a", "binary", "YQ=="),
        ("--format json", b"{\"type\":\"text\",\"data\":\"a\"}\n", "text", "a"),
    ];
    for (format, input, kind, data) in formats {
        let (tape, server) = (Tape::new(), Server::start());
        let run = tape.on(Run::connect(&format!("--wait 0 {format}"), &server.url())).input(input).start();
        let mut peer = server.accept();
        peer.message();
        peer.text("answer");
        peer.finish(1000);
        run.finish().status(0);
        let mut expected = vec![message("text", "answer", "in"), message(kind, data, "out")];
        expected.sort_by_key(|line| line["dir"].to_string());
        let mut messages: Vec<_> = tape.lines().into_iter().filter(|line| line.get("data").is_some()).collect();
        messages.sort_by_key(|line| line["dir"].to_string());
        assert_eq!(messages, expected, "{format}");
    }
}

#[test]
fn what_comes_with_the_handshake_is_recorded() {
    let (tape, server) = (Tape::new(), Server::start());
    let run = tape.on(Run::connect("", &server.url())).start();
    let peer = server.accept_with(b"\x81\x05early");
    peer.finish_first(1000);
    run.finish().status(0).stdout("early\n");
    assert_eq!(tape.of("text"), [message("text", "early", "in")]);
}

#[test]
fn compressed_messages_are_recorded_as_they_were() {
    let tape = Tape::new();
    let text = "over and over ".repeat(1000);
    let run = tape.on(Run::connect("--compress --count 2 --send x", "echo:")).arg("--send").arg(&text);
    run.finish().status(0);
    let open = &tape.lines()[0];
    assert_eq!(open["extensions"], json!(["permessage-deflate"]), "{open}");
    for dir in ["out", "in"] {
        let data: Vec<_> = tape.of("text").into_iter().filter(|line| line["dir"] == dir).collect();
        assert_eq!(data, [message("text", "x", dir), message("text", &text, dir)]);
    }
}

#[test]
fn the_line_of_the_second_close_says_clean() {
    let (tape, server) = (Tape::new(), Server::start());
    let run = tape.on(Run::connect("--wait 0 --close-code 4000 --close-reason over", &server.url())).input("").start();
    let mut peer = server.accept();
    peer.expect_close(4000);
    peer.close(4000, "");
    run.finish().status(0);
    assert_eq!(tape.of("close"), [close(4000, "over", "us", "out"), close(4000, "", "us", "in")]);
}

#[test]
fn a_break_is_an_error_that_is_not_clean() {
    let (tape, server) = (Tape::new(), Server::start());
    let run = tape.on(Run::connect("", &server.url())).start();
    let mut peer = server.accept();
    peer.text("before");
    peer.frame(TEXT, "half of");
    drop(peer);
    run.finish().status(6);
    let lines = tape.lines();
    assert_eq!(
        lines[1..3],
        [message("text", "before", "in"), json!({"type": "text", "data": "half of", "fin": false, "dir": "in"})]
    );
    assert_eq!(
        lines[3..],
        [json!({
            "type": "error", "message": "the connection ended without a Close", "clean": false
        })]
    );
}

#[test]
fn a_violation_is_recorded_with_our_close() {
    let (tape, server) = (Tape::new(), Server::start());
    let run = tape.on(Run::connect("", &server.url())).start();
    let mut peer = server.accept();
    peer.frame(FIN | 3, "");
    peer.expect_close(1002);
    drop(peer);
    run.finish().status(6);
    let [_, error, close] = &tape.lines()[..] else { panic!("{:?}", tape.lines()) };
    assert_eq!((&error["type"], &error["clean"]), (&json!("error"), &json!(false)));
    assert_eq!((&close["code"], &close["first"], close.get("clean")), (&json!(1002), &json!("us"), None));
}

#[test]
fn a_signal_leaves_a_whole_record() {
    let (tape, server) = (Tape::new(), Server::start());
    let run = tape.on(Run::connect("", &server.url())).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    peer.text("hello");
    run.wait_stdout("hello\n");
    run.signal(Signal::TERM);
    peer.finish(1001);
    run.finish().died_of(Signal::TERM);
    assert_eq!(tape.of("text").len(), 1);
    assert_eq!(tape.of("close"), [close(1001, "", "us", "out"), close(1001, "", "us", "in")]);
}

#[test]
fn what_was_said_shows_while_the_run_goes_on() {
    let (tape, server) = (Tape::new(), Server::start());
    let run = tape.on(Run::connect("", &server.url())).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    peer.text("now");
    tape.wait_lines(2);
    peer.finish_first(1000);
    run.finish().status(0);
}

#[test]
fn long_messages_are_recorded_in_pieces() {
    let tape = Tape::new();
    let line = "é".repeat(1_500_000);
    tape.on(Run::connect("--count 1", "echo:")).input(format!("{line}\n")).finish().status(0);
    for dir in ["out", "in"] {
        let pieces: Vec<_> = tape.of("text").into_iter().filter(|line| line["dir"] == dir).collect();
        let text: String = pieces.iter().map(|piece| piece["data"].as_str().unwrap()).collect();
        assert!(text == line, "{dir}: {} bytes", text.len());
        let fins: Vec<_> = pieces.iter().map(|piece| piece.get("fin") == Some(&json!(false))).collect();
        assert_eq!(fins, [true, true, false], "{dir}");
    }
}

#[test]
fn a_handshake_that_fails_is_recorded_as_an_error() {
    let (tape, server) = (Tape::new(), Server::start());
    let run = tape.on(Run::connect("", &server.url())).start();
    drop(server.answer("HTTP/1.1 403 Forbidden\r\n\r\n"));
    run.finish().status(5);
    let [error] = &tape.lines()[..] else { panic!("{:?}", tape.lines()) };
    assert!(error["message"].as_str().unwrap().contains("403"), "{error}");
}

#[test]
fn a_record_is_for_its_owner_and_takes_the_place_of_another() {
    let tape = Tape::new();
    let run = || {
        let run = tape.on(Run::connect("--send x --count 1", "echo:")).finish();
        run.status(0).silent().stdout("x\n");
    };
    run();
    assert_eq!(fs::metadata(&tape.path).unwrap().permissions().mode() & 0o777, 0o600);
    fs::write(&tape.path, "longer than a record: ".repeat(1000)).unwrap();
    run();
    assert_eq!(tape.of("text").len(), 2);
}

#[test]
fn a_file_that_cannot_be_written_is_told_before_anybody_is_asked() {
    let server = Server::start();
    let run = Run::connect("--record /nowhere/tape", &server.url()).finish();
    run.status(1).stderr_has("--record");
    server.expect_nobody();
    Run::connect("--record -", &server.url()).finish().status(2).stderr_has("standard output is for messages");
}

/// The pipe goes on, and the status says that the record is not complete.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_once_and_ends_nothing() {
    let server = Server::start();
    let run = Run::connect("--record /dev/full", &server.url()).stdin(Stdin::Held);
    let mut run = run.start();
    let mut peer = server.accept();
    run.wait_stderr("cannot write /dev/full");
    for line in ["one", "two"] {
        run.write(format!("{line}\n"));
        peer.expect_text(line);
        peer.text(line);
    }
    peer.finish_first(1000);
    let run = run.finish();
    run.status(1).stdout("one\ntwo\n").stderr_has("No space left");
    assert_eq!(run.stderr.lines().count(), 1, "{run:?}");
}

#[test]
fn a_listener_records_its_clients_with_their_numbers() {
    let tape = Tape::new();
    let run = tape.on(Run::listen("--count 2 --no-stdin")).start();
    let url = run.url();
    let mut peers = [Peer::open(&url), Peer::open(&url)];
    for (number, peer) in peers.iter_mut().enumerate() {
        peer.text(format!("I am {number}"));
    }
    for peer in peers {
        peer.finish(1000);
    }
    run.finish().status(0);
    for client in [1, 2] {
        let lines: Vec<_> = tape.lines().into_iter().filter(|line| line["client"] == client).collect();
        let types: Vec<_> = lines.iter().map(|line| line["type"].as_str().unwrap()).collect();
        assert_eq!(types, ["open", "text", "close", "close"], "{lines:?}");
        assert_eq!((&lines[0]["url"], lines[0].get("milliseconds")), (&json!(url), None));
        assert_eq!(lines[3]["clean"], true);
    }
}

#[test]
fn one_client_is_recorded_without_a_number() {
    for options in ["--once --no-stdin", "--once --echo", "--once --exec -- cat"] {
        let tape = Tape::new();
        let run = Run::new(["listen", "0", "--record"]).arg(&tape.path).words(options).start();
        let mut peer = Peer::open(&run.url());
        peer.text("hello");
        peer.close(1000, "");
        peer.rest();
        run.finish().status(0);
        assert_eq!(tape.of("text")[0], message("text", "hello", "in"), "{options}");
        assert_eq!(tape.of("close").len(), 2, "{options}");
    }
}

#[test]
fn what_a_tunnel_carries_is_recorded() {
    let (tape, server) = (Tape::new(), Server::start());
    let run = tape.on(Run::new(["forward", "0"]).arg(server.url())).start();
    let address = run.listening_on();
    let mut plain = std::net::TcpStream::connect(address.trim_start_matches("tcp://")).unwrap();
    std::io::Write::write_all(&mut plain, b"GET").unwrap();
    let mut peer = server.accept();
    peer.read();
    tape.wait_lines(2);
    let mut line = message("binary", "R0VU", "out");
    line["client"] = 1.into();
    assert_eq!(tape.of("binary"), [line]);
    run.signal(Signal::INT);
    peer.expect_close(1001);
    peer.close(1001, "");
    run.finish().died_of(Signal::INT);
    assert_eq!(tape.of("close").len(), 2);
}

/// What one run has recorded another can send again.
#[test]
fn a_record_can_be_read_back() {
    let tape = Tape::new();
    let long = "x".repeat(1_500_000);
    tape.on(Run::connect("--in json --count 1", "echo:"))
        .input(format!("{{\"type\":\"text\",\"data\":\"{long}\"}}\n"))
        .finish()
        .status(0);
    let text = fs::read_to_string(&tape.path).unwrap();
    let is_sent = |line: &&str| !line.contains("\"dir\":\"in\"") && !line.contains("\"close\"");
    let lines: Vec<_> = text.lines().filter(is_sent).collect();
    let run = Run::connect("--in json --count 1", "echo:").input(lines.join("\n")).finish();
    run.status(0).stdout(format!("{long}\n"));
}
