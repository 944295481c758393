//! Peers from which nothing comes any more, and `--idle-timeout`.

use std::io::{Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{FIN, Finished, Frame, PONG, Peer, Run, Server, Stdin, Stdout, TEXT, line};

const HOUR: &str = "--close-timeout 1h";

/// It ended since nothing came, and not before that had lasted for so long.
#[track_caller]
fn was_silent(run: &Finished, since: Instant, millis: u64) {
    let limit = Duration::from_millis(millis);
    let seconds = limit.as_secs_f64();
    run.status(6).stderr_has(&format!("nothing has come from the peer for {seconds} s (--idle-timeout)"));
    assert!(since.elapsed() >= limit, "{:?}", since.elapsed());
}

#[test]
fn a_silent_server_is_told_and_left() {
    let start = Instant::now();
    let server = Server::start();
    let run = Run::connect("--idle-timeout 200ms", &server.url()).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    let close = peer.expect_close(1001);
    assert_eq!(&close.payload[2..], b"nothing came for 0.2 s");
    peer.close(1001, "");
    was_silent(&run.finish(), start, 200);
}

#[test]
fn a_silent_client_is_told_and_left() {
    let start = Instant::now();
    let run = Run::listen("--once --idle-timeout 200ms").stdin(Stdin::Held).start();
    let peer = Peer::open(&run.url());
    peer.finish(1001);
    was_silent(&run.finish(), start, 200);
}

#[test]
fn a_peer_that_does_not_even_answer_the_close_is_left() {
    let start = Instant::now();
    let server = Server::start();
    let run = Run::connect("--idle-timeout 100ms", &server.url()).words(HOUR).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    was_silent(&run.finish(), start, 100);
    peer.expect_close(1001);
    peer.expect_end();
}

#[test]
fn a_peer_that_stops_in_the_middle_of_a_frame_is_found_out() {
    for at in [1, 2, 5] {
        let server = Server::start();
        let run = Run::connect("--idle-timeout 100ms --close-timeout 100ms", &server.url()).start();
        let mut peer = server.accept();
        let frame = peer.bytes(FIN | TEXT, "hello");
        peer.send(&frame[..at]);
        run.finish().status(6).stdout(&b"hello"[..at.max(2) - 2]).stderr_has("(--idle-timeout)");
    }
}

#[test]
fn a_peer_that_neither_reads_nor_writes_is_left() {
    let server = Server::start();
    let mut run = Run::connect("--idle-timeout 500ms --close-timeout 100ms", &server.url()).stdin(Stdin::Held).start();
    let mut stdin = run.take_stdin();
    let endless = thread::spawn(move || while stdin.write_all(line(1, 1000).as_bytes()).is_ok() {});
    let peer = server.accept();
    run.finish().status(6).stderr_has("(--idle-timeout)").stderr_has("not sent");
    endless.join().unwrap();
    drop(peer);
}

#[test]
fn any_byte_is_a_sign_of_life() {
    let start = Instant::now();
    let server = Server::start();
    let run = Run::connect("--idle-timeout 600ms", &server.url()).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    // A message that comes a byte at a time, then a Pong: longer than the limit in all.
    let signs = [peer.bytes(FIN | TEXT, "a"), peer.bytes(FIN | PONG, "")].concat();
    for byte in signs {
        peer.send([byte]);
        // The scenario itself: a peer that is slow, but there.
        thread::sleep(Duration::from_millis(150));
    }
    peer.finish(1001);
    was_silent(run.finish().stdout("a\n"), start, 600);
    assert!(start.elapsed() >= Duration::from_millis(600 + 4 * 150), "{:?}", start.elapsed());
}

#[test]
fn time_in_which_nobody_takes_the_output_does_not_count() {
    // More than the pipe behind the output holds; made before, for that takes its time, too.
    let bytes: Vec<u8> = (0..1000).flat_map(|number| Frame::new(FIN | TEXT, line(number, 1999)).bytes()).collect();
    let server = Server::start();
    let mut run = Run::connect("--idle-timeout 300ms", &server.url()).stdout(Stdout::Held).start();
    let mut peer = server.accept();
    peer.send(bytes);
    // The scenario itself: nobody reads for longer than the limit.
    thread::sleep(Duration::from_millis(700));
    let mut stdout = run.take_stdout();
    let mut text = vec![0; 1000 * 2000];
    stdout.read_exact(&mut text).unwrap();
    peer.finish_first(1000);
    run.finish().status(0).silent();
}

#[test]
fn a_listener_lets_go_of_the_silent_and_serves_the_others() {
    let mut run = Run::listen("--idle-timeout 300ms").stdin(Stdin::Held).start();
    let url = run.url();
    let silent = Peer::open(&url);
    let mut other = Peer::open(&url);
    let mut alive = other.sender();
    let (told, is_told) = std::sync::mpsc::channel::<()>();
    let living = thread::spawn(move || {
        // The scenario itself: a client that shows now and then that it is there.
        while is_told.recv_timeout(Duration::from_millis(20)).is_err() {
            alive.frame(FIN | PONG, "");
        }
    });
    silent.finish(1001);
    run.wait_stderr("nothing has come from the peer for 0.3 s (--idle-timeout)\n");
    run.write("still here\n");
    other.expect_text("still here");
    told.send(()).unwrap();
    living.join().unwrap();
    other.finish_first(1000);
    let run = run.end_input_and_finish();
    run.status(0).stderr_has("wspipe: client 1 at ").stderr_lacks("client 2");
}

#[test]
fn no_time_at_all_is_wrong_usage() {
    Run::connect("--idle-timeout 0", "echo:").finish().status(2).stderr_has("leave the option out");
}

#[test]
fn a_limit_that_leaves_no_time_for_a_ping_is_told() {
    let words = "wspipe: --idle-timeout is over before a Ping asks whether a silent peer is there";
    for options in ["--idle-timeout 1h --ping-interval 1h", "--idle-timeout 1m --ping-timeout 1h"] {
        Run::connect(options, "echo:").input("").arg("--wait").arg("0").finish().status(0).stderr_has(words);
    }
    Run::connect("--idle-timeout 1h --ping-interval 1m --wait 0", "echo:").input("").finish().status(0).silent();
}
