//! Peers that stay and say nothing, or stop reading, and an output that nobody reads: a run ends in its time all the same.
//!
//! Where a Close may be waited for, `--close-timeout` is an hour, so that only the shorter time that a test is about ends it.

use std::os::unix::net::UnixListener;

use rustix::process::Signal;

use crate::harness::{FIN, Frame, Peer, Run, Server, Stdin, Stdout, unix_connection};

const HOUR: &str = "--close-timeout 1h";

#[test]
fn a_server_that_stays_after_its_violation_does_not_keep_the_run() {
    let server = Server::start();
    let run = Run::connect(HOUR, &server.url()).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    peer.send(b"\xff\0");
    peer.expect_close(1002);
    run.finish().status(6).stderr_has("the peer broke the protocol: ");
    peer.expect_end();
}

#[test]
fn a_client_that_stays_after_its_violation_does_not_keep_the_run() {
    let run = Run::listen("--once").words(HOUR).stdin(Stdin::Held).start();
    let mut peer = Peer::open(&run.url());
    peer.send(Frame::new(FIN | 1, "x").bytes());
    peer.expect_close(1002);
    run.finish().status(6).stderr_has("is not masked");
    peer.expect_end();
}

#[test]
fn input_that_a_peer_does_not_read_any_more_is_not_called_sent() {
    let server = Server::start();
    let mut run = Run::connect("--close-timeout 300ms", &server.url()).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    run.fill_stdin();
    peer.close(1000, "");
    run.finish().status(6).stderr_has("last message");
}

#[test]
fn greetings_that_a_peer_does_not_read_are_not_called_sent() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let url = format!("ws+unix:{}:/", path.display());
    let run = Run::connect("--no-stdin --close-timeout 300ms", &url);
    // More than the buffers of such a socket take, less than the system allows as arguments.
    let greeting = "x".repeat(120_000);
    let run = run.args(["--send", &greeting].repeat(14)).start();
    let mut peer = unix_connection(&listener);
    peer.accept("");
    peer.close(1000, "");
    run.finish().status(6).stderr_has("not sent");
}

#[test]
fn a_signal_ends_a_run_whose_output_nobody_reads() {
    let server = Server::start();
    let run = Run::connect("--no-stdin", &server.url()).words(HOUR).stdout(Stdout::Held).start();
    let mut peer = server.accept();
    peer.fill();
    run.signal(Signal::TERM);
    run.finish().died_of(Signal::TERM);
}

#[test]
fn a_signal_ends_a_listener_whose_output_nobody_reads() {
    let run = Run::listen("--no-stdin").words(HOUR).stdout(Stdout::Held).start();
    let url = run.url();
    let mut peers = [Peer::open(&url), Peer::open(&url)];
    peers.iter_mut().for_each(Peer::fill);
    run.signal(Signal::TERM);
    run.finish().died_of(Signal::TERM);
}

#[test]
fn the_time_for_the_whole_run_ends_a_listener_whose_output_nobody_reads() {
    let run = Run::listen("--no-stdin --timeout 1s").words(HOUR).stdout(Stdout::Held).start();
    let mut peer = Peer::open(&run.url());
    peer.fill();
    run.finish().status(9).stderr_has("--timeout");
}

#[test]
fn a_run_that_a_signal_is_ending_dies_of_it_when_its_time_is_over_as_well() {
    let server = Server::start();
    let run = Run::connect("--timeout 900ms", &server.url()).words(HOUR).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    peer.ping("");
    peer.expect_pong("");
    run.signal(Signal::TERM);
    peer.expect_close(1001);
    run.finish().died_of(Signal::TERM);
}

#[test]
fn a_bad_record_is_named_when_the_time_of_the_run_is_over_as_well() {
    let server = Server::start();
    let run = Run::connect("--timeout 2s", &server.url()).words(HOUR);
    let run = run.stdin(Stdin::Bytes(b"good\n\xff\n".to_vec())).start();
    let mut peer = server.accept();
    peer.expect_text("good");
    assert_eq!(&peer.expect_close(1011).payload[2..], b"cut short: a record can't be sent");
    run.finish().status(1).stderr_has("record 2 of the input");
    peer.expect_end();
}

/// More headers than the socket's buffers take.
#[test]
fn a_request_that_nobody_reads_ends_with_the_time() {
    let directory = tempfile::tempdir().unwrap();
    let [path, file] = ["socket", "headers"].map(|name| directory.path().join(name));
    let listener = UnixListener::bind(&path).unwrap();
    let url = format!("ws+unix:{}:/", path.display());
    std::fs::write(&file, format!("X: {}\n", "x".repeat(4000)).repeat(1000)).unwrap();
    for (limit, status) in [("--connect-timeout", 3), ("--timeout", 9)] {
        let run = Run::connect("", &url).args([limit, "0.2", "-H", &format!("@{}", file.display())]).start();
        let peer = unix_connection(&listener);
        run.finish().status(status).stderr_has(limit);
        drop(peer);
    }
}
