//! `--reconnect`: one pipe over connections that follow each other.

mod kept;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::harness::{FIN, Peer, Run, Running, Server, Stdin, Stdout, TEXT, line};

/// Runs with short delays.
fn connect(words: &str, server: &Server) -> Run {
    Run::connect(&format!("--reconnect --reconnect-delay 10ms {words}"), &server.url())
}

/// How many lines of standard error say that it connects again.
fn reconnections(stderr: &str) -> usize {
    stderr.lines().filter(|line| line.contains("; connecting again in ")).count()
}

/// A session over which one line has come here.
fn session_with(server: &Server, run: &mut Running, text: &str) -> Peer {
    let mut peer = server.accept();
    run.write(format!("{text}\n"));
    peer.expect_text(text);
    peer
}

#[test]
fn a_clean_close_by_the_peer_ends_the_run() {
    let server = Server::start();
    let run = connect("", &server).stdin(Stdin::Held).start();
    server.accept().finish_first(1000);
    run.finish().status(0).silent();
    server.expect_nobody();

    let server = Server::start();
    let run = connect("", &server).stdin(Stdin::Held).start();
    server.accept().finish_first(1008);
    run.finish().status(7).stderr_has("1008");
    server.expect_nobody();
}

#[test]
fn a_peer_that_can_not_go_on_at_the_moment_is_connected_to_again() {
    let server = Server::start();
    let run = connect("", &server).stdin(Stdin::Held).start();
    for code in [1001, 1011, 1012, 1013, 1014] {
        server.accept().finish_first(code);
    }
    server.accept().finish_first(1000);
    let run = run.finish();
    run.status(0).stderr_has("the peer closed with 1001 (going away)").stderr_has("1012").stderr_has("1014");
    assert_eq!(reconnections(&run.stderr), 5, "{}", run.stderr);
}

#[test]
fn a_peer_that_breaks_the_protocol_is_left() {
    let server = Server::start();
    let run = connect("", &server).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    peer.frame(FIN | 0x70 | TEXT, "x");
    peer.expect_close(1002);
    drop(peer);
    run.finish().status(6).stderr_lacks("again");
    server.expect_nobody();
}

#[test]
fn a_peer_that_went_silent_is_connected_to_again() {
    for (words, told) in
        [("--idle-timeout 200ms", "--idle-timeout"), ("--ping-interval 100ms --ping-timeout 200ms", "--ping-timeout")]
    {
        let server = Server::start();
        let run = connect(words, &server).stdin(Stdin::Held).start();
        let silent = server.accept();
        let mut peer = server.accept();
        peer.close(1000, "");
        run.finish().status(0).stderr_has(told).stderr_has("connecting again");
        drop((silent, peer));
    }
}

#[test]
fn what_send_says_is_said_again() {
    let server = Server::start();
    let mut run = connect("--send subscribe --send more", &server).stdin(Stdin::Held).start();
    for number in 0..3 {
        let mut peer = server.accept();
        peer.expect_text("subscribe");
        peer.expect_text("more");
        run.write(format!("{number}\n"));
        peer.expect_text(number.to_string());
        if number < 2 { peer.reset() } else { peer.finish_first(1000) }
    }
    run.finish().status(0);
}

#[test]
fn messages_are_counted_on() {
    let server = Server::start();
    let run = connect("--count 3", &server).start();
    for number in 0..2 {
        let mut peer = server.accept();
        peer.text(number.to_string());
        run.wait_lines(number + 1);
        peer.reset();
    }
    let mut peer = server.accept();
    peer.text("2");
    peer.finish(1000);
    run.finish().status(0).stdout("0\n1\n2\n");
}

#[test]
fn attempts_in_a_row_are_bounded() {
    let server = Server::start();
    let run = Run::connect("--reconnect=3 --reconnect-delay 10ms", &server.url()).stdin(Stdin::Held).start();
    for _ in 0..4 {
        server.accept().reset();
    }
    run.finish().status(6).stderr_has("gave up after 3 attempts in a row");
    server.expect_nobody();

    // A close that is clean elsewhere is none where it was to be followed by another session.
    let server = Server::start();
    let run = Run::connect("--reconnect=1 --reconnect-delay 10ms", &server.url()).stdin(Stdin::Held).start();
    for _ in 0..2 {
        server.accept().finish_first(1001);
    }
    run.finish().status(7).stderr_has("gave up after 1 attempt (--reconnect): the peer closed with 1001 (going away)");

    // The server is gone for good.
    let server = Server::start();
    let run = Run::connect("--reconnect=3 --reconnect-delay 10ms -v", &server.url()).stdin(Stdin::Held).start();
    let peer = server.accept();
    drop(server);
    peer.reset();
    let run = run.finish();
    run.status(3).stderr_has("gave up after 3 attempts in a row").stderr_has("refused").stderr_has("attempt 2: ");
}

#[test]
fn attempts_that_fail_are_made_again_unless_they_fail_for_good() {
    let server = Server::start();
    let mut run = connect("", &server).stdin(Stdin::Held).start();
    session_with(&server, &mut run, "first").reset();
    run.write("kept\n");
    drop(server.connection());
    for status in ["502 Bad Gateway", "503 Service Unavailable"] {
        drop(server.answer(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n")));
    }
    let mut peer = server.accept();
    peer.expect_text("kept");
    peer.reset();
    let peer = server.answer("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    let run = run.finish();
    run.status(5).stderr_has("404");
    assert_eq!(reconnections(&run.stderr), 2, "{}", run.stderr);
    drop(peer);
    server.expect_nobody();
}

#[test]
fn the_first_connection_has_to_succeed() {
    let server = Server::start();
    let url = server.url();
    drop(server);
    let run = Run::connect("--reconnect --reconnect-delay 10ms", &url).finish();
    run.status(3).stderr_has("refused").stderr_lacks("again");
}

#[test]
fn a_signal_ends_the_waiting() {
    for signal in [Signal::INT, Signal::TERM] {
        let server = Server::start();
        let run = Run::connect("--reconnect --reconnect-delay 1h", &server.url()).stdin(Stdin::Held).start();
        server.accept().reset();
        run.wait_stderr("connecting again");
        run.signal(signal);
        run.finish().died_of(signal);
    }
}

#[test]
fn a_signal_while_waiting_leaves_nothing_unsaid() {
    let server = Server::start();
    let run = Run::connect("--reconnect --reconnect-delay 1h", &server.url());
    let run = run.input(format!("{}\n", line(1, 20_000_000))).start();
    let mut peer = server.accept();
    // Its beginning has come; sockets hold nothing like the rest.
    assert!(!peer.read().is_final());
    peer.reset();
    run.wait_stderr("connecting again");
    run.signal(Signal::INT);
    let run = run.finish();
    run.died_of(Signal::INT).stderr_has("bytes that had been read from the input were not sent");
}

#[test]
fn a_signal_ends_an_attempt() {
    let server = Server::start();
    let run = connect("--connect-timeout 1h", &server).stdin(Stdin::Held).start();
    server.accept().reset();
    let _unanswered = server.connection();
    run.signal(Signal::TERM);
    run.finish().died_of(Signal::TERM);
}

#[test]
fn the_bound_of_the_run_ends_the_waiting() {
    let server = Server::start();
    let run =
        Run::connect("--reconnect --reconnect-delay 1h --timeout 500ms", &server.url()).stdin(Stdin::Held).start();
    server.accept().reset();
    run.finish().status(9).stderr_has("connecting again").stderr_has("--timeout");
}

#[test]
fn the_reader_of_the_output_ends_the_waiting() {
    let server = Server::start();
    let run = Run::connect("--reconnect --reconnect-delay 1h", &server.url());
    let mut run = run.stdin(Stdin::Held).stdout(Stdout::Held).start();
    let stdout = run.take_stdout();
    server.accept().reset();
    run.wait_stderr("connecting again");
    drop(stdout);
    run.finish().status(0);
}

#[test]
fn json_lines_tell_of_it() {
    let server = Server::start();
    let run = connect("--out json", &server).stdin(Stdin::Held).start();
    server.accept().reset();
    drop(server.connection());
    server.accept().finish_first(1000);
    let run = run.finish();
    run.status(0);
    let lines = run.json();
    let types: Vec<_> = lines.iter().map(|line| line["type"].as_str().unwrap_or_default().to_owned()).collect();
    assert_eq!(types, ["open", "error", "reconnect", "reconnect", "open", "close"]);
    assert_eq!((&lines[2]["attempt"], &lines[3]["attempt"]), (&1.into(), &2.into()));
    assert!(lines[2]["why"].as_str().is_some_and(|why| why.contains("broke")), "{}", lines[2]);
    assert!(lines[2]["delay"].as_f64().is_some_and(|delay| (5.0..=10.0).contains(&delay)), "{}", lines[2]);
}

#[test]
fn a_recording_has_each_session() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("recording");
    let server = Server::start();
    let run = connect("", &server).arg("--record").arg(&file).stdin(Stdin::Held).start();
    server.accept().reset();
    server.accept().finish_first(1000);
    run.finish().status(0);
    let text = std::fs::read_to_string(file).expect("it was written");
    let events = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    let types: Vec<String> = events.map(|event| event["type"].as_str().unwrap_or_default().to_owned()).collect();
    assert_eq!(types, ["open", "error", "reconnect", "open", "close", "close"]);
}

#[test]
fn it_is_for_standard_input_and_output() {
    for words in ["--echo", "--forward 1", "--exec -- true"] {
        let words = format!("connect --reconnect ws://h/ {words}");
        Run::new(words.split(' ')).finish().status(2).stderr_has("--reconnect");
    }
    Run::connect("--reconnect-delay 1s", "ws://h/").finish().status(2).stderr_has("--reconnect");
    Run::connect("--reconnect=0", "ws://h/").finish().status(2);
    Run::new(["connect", "--reconnect", "5", "ws://h/"]).finish().status(2).stderr_has("tip: write '--reconnect=5'");
}
