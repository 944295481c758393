//! `--progress`: a meter on a terminal, and nowhere else.

use std::io::{Seek, SeekFrom, Write};

use crate::harness::{Run, Server, Stdin};

#[test]
fn a_meter_runs_on_the_terminal_and_leaves_a_last_line() {
    let server = Server::start();
    let run = Run::connect("--progress", &server.url()).env("TERM", "xterm").stdin(Stdin::Held);
    let (mut running, terminal) = run.start_with_stderr_on_terminal();
    let mut peer = server.accept();
    terminal.wait_for("00:00:00 sent 0 B (0 B/s)");
    running.write("hello\n");
    peer.expect_text("hello");
    peer.text("x".repeat(2048));
    terminal.wait_for(" sent 5 B (");
    terminal.wait_for("received 2.00 KiB (");
    peer.finish_first(1000);
    let finished = running.finish();
    finished.status(0).stdout("x".repeat(2048) + "\n");
    // Only the line that stays ends with a line feed.
    let is_last = |line: &str| line.contains(" sent 5 B (") && line.ends_with("/s)\r\n");
    terminal.wait_for("/s)\r\n");
    let shown = terminal.shown();
    assert!(shown.split_inclusive('\n').any(is_last), "{shown:?}");
}

#[test]
fn of_a_file_it_shows_how_much_is_left() {
    let mut file = tempfile::tempfile().expect("there is room");
    file.write_all(&[b'a'; 4096]).expect("there is room");
    // What has been read already is none of this run's.
    file.seek(SeekFrom::Start(2048)).expect("it is a file");
    let server = Server::start();
    let run = Run::connect("--progress -b", &server.url()).env("TERM", "xterm").stdin(Stdin::File(file));
    let (running, terminal) = run.start_with_stderr_on_terminal();
    let mut peer = server.accept();
    terminal.wait_for("[==========] 100 % of 2.00 KiB, ETA 0s, sent 2.00 KiB (");
    assert_eq!(peer.message().1.len(), 2048);
    peer.finish(1000);
    running.finish().status(0);
    // From the first time on.
    let shown = terminal.shown();
    assert!(!shown.contains("0/2048"), "{shown:?}");
}

#[test]
fn messages_on_standard_error_stand_above_it() {
    let server = Server::start();
    let run = Run::connect("--progress -v", &server.url()).env("TERM", "xterm").stdin(Stdin::Held);
    let (running, terminal) = run.start_with_stderr_on_terminal();
    let peer = server.accept();
    terminal.wait_for("wspipe: connected to ");
    terminal.wait_for("sent 0 B (0 B/s)");
    peer.finish_first(1011);
    running.finish().status(7);
    terminal.wait_for("wspipe: the peer closed with 1011");
    // Each message begins a line.
    let shown = terminal.shown();
    for (at, _) in shown.match_indices("wspipe: ") {
        let before = &shown[..at];
        let begins = before.is_empty() || before.ends_with(['\n', '\r']) || before.ends_with("\x1b[2K");
        assert!(begins, "{shown:?}");
    }
}

#[test]
fn without_a_terminal_nothing_is_shown() {
    Run::connect("--progress", "echo:")
        .env("TERM", "xterm")
        .input("hello\n")
        .finish()
        .status(0)
        .stdout("hello\n")
        .silent();
}

#[test]
fn quiet_leaves_what_was_asked_for() {
    let (running, terminal) =
        Run::connect("--progress -q", "echo:").env("TERM", "xterm").input("hello\n").start_with_stderr_on_terminal();
    running.finish().status(0).stdout("hello\n");
    terminal.wait_for("sent 5 B (");
}

#[test]
fn one_client_has_a_meter_and_many_have_none() {
    let finished = Run::listen("--progress").finish();
    finished.status(2).stderr_has("--progress is for one client: it goes with --once");

    let (running, terminal) = Run::listen("--once --progress").env("TERM", "xterm").start_with_stderr_on_terminal();
    let line = terminal.wait_for_line("listening on ");
    let mut client = crate::harness::Peer::open(&line);
    client.text("hello");
    running.wait_stdout("hello\n");
    terminal.wait_for("received 5 B (");
    client.finish_first(1000);
    running.finish().status(0);
}
