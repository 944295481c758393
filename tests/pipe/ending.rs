//! When a run ends, and what is still heard until then.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{CLOSE, CONTINUATION, FIN, PATIENCE, Run, Server, Stdin, Stdout, TEXT, line};

#[test]
fn an_answer_that_comes_after_the_input_has_ended_is_printed() {
    let server = Server::start();
    let run = Run::connect("--wait 10s", &server.url()).input("question\n").start();
    let mut peer = server.accept();
    peer.expect_text("question");
    // The scenario itself: a server that has to think.
    thread::sleep(Duration::from_millis(500));
    peer.text("answer");
    peer.finish_first(1000);
    run.finish().status(0).stdout("answer\n").silent();
}

#[test]
fn the_session_is_closed_when_nothing_has_come_for_the_time_of_wait() {
    let start = Instant::now();
    let server = Server::start();
    let run = Run::connect("--wait 400ms", &server.url()).input("question\n").start();
    let mut peer = server.accept();
    peer.expect_text("question");
    peer.expect_close(1000);
    assert!(start.elapsed() >= Duration::from_millis(400), "{:?}", start.elapsed());
    peer.close(1000, "");
    run.finish().status(0).silent();
}

#[test]
fn what_comes_between_our_close_and_the_answer_is_printed() {
    let server = Server::start();
    let run = Run::connect("--wait 0", &server.url()).input("question\n").start();
    let mut peer = server.accept();
    peer.expect_text("question");
    peer.expect_close(1000);
    peer.text("late answer");
    peer.text("later answer");
    peer.close(1000, "");
    run.finish().status(0).stdout("late answer\nlater answer\n").silent();
}

#[test]
fn a_wait_of_0_closes_at_once_whatever_comes() {
    let server = Server::start();
    let run = Run::connect("--wait 0", &server.url()).input("enough\n").start();
    let mut peer = server.accept();
    let mut sender = peer.sender();
    let enough = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&enough);
    let flood = thread::spawn(move || {
        while !told.load(SeqCst) {
            sender.try_send(sender.bytes(FIN | TEXT, "more"));
        }
        sender
    });
    peer.expect_text("enough");
    peer.expect_close(1000);
    enough.store(true, SeqCst);
    flood.join().unwrap().close(1000, "");
    run.finish().status(0);
}

#[test]
fn a_session_that_is_kept_outlives_the_input() {
    let server = Server::start();
    let run = Run::connect("--on-eof keep --wait 0", &server.url()).input("a\n").start();
    let mut peer = server.accept();
    peer.expect_text("a");
    peer.ping("is it open");
    peer.expect_pong("is it open");
    peer.text("b");
    peer.finish_first(1000);
    run.finish().status(0).stdout("b\n").silent();
}

#[test]
fn the_run_ends_with_the_session_also_while_the_input_is_open() {
    let server = Server::start();
    let run = Run::connect("", &server.url()).stdin(Stdin::Held).start();
    server.accept().finish_first(1000);
    run.finish().status(0).silent();
}

#[test]
fn a_count_prints_exactly_so_many_messages() {
    let server = Server::start();
    let run = Run::connect("--count 3", &server.url()).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    let frames: Vec<u8> = (0..1000).flat_map(|n| peer.bytes(FIN | TEXT, n.to_string())).collect();
    peer.send(frames);
    peer.finish(1000);
    run.finish().status(0).stdout("0\n1\n2\n").silent();
}

#[test]
fn a_count_that_is_met_is_status_0_also_when_the_peer_closes_then() {
    let server = Server::start();
    let run = Run::connect("-c 1", &server.url()).start();
    let mut peer = server.accept();
    let frames = [peer.bytes(FIN | TEXT, "a"), peer.bytes(FIN | 8, b"\x03\xe8")];
    peer.send(frames.concat());
    peer.expect_close(1000);
    run.finish().status(0).stdout("a\n").silent();
}

#[test]
fn while_messages_are_awaited_the_end_of_the_input_closes_nothing() {
    let server = Server::start();
    let run = Run::connect("--count 1 --wait 0", &server.url()).input("question\n").start();
    let mut peer = server.accept();
    peer.expect_text("question");
    peer.ping("is it open");
    peer.expect_pong("is it open");
    peer.text("answer");
    peer.finish(1000);
    run.finish().status(0).stdout("answer\n").silent();
}

#[test]
fn the_close_has_the_code_and_reason_asked_for() {
    let server = Server::start();
    let run = Run::connect("--wait 0 --close-code 4000", &server.url());
    let run = run.arg("--close-reason").arg("done: ✓").input("").start();
    let mut peer = server.accept();
    let close = peer.expect_close(4000);
    assert_eq!(&close.payload[2..], "done: ✓".as_bytes());
    peer.close(1000, "");
    run.finish().status(0).silent();
}

#[test]
fn an_echo_of_our_own_code_in_the_answer_is_no_error() {
    let server = Server::start();
    let run = Run::connect("--wait 0 --close-code 4000", &server.url()).input("").start();
    server.accept().finish(4000);
    run.finish().status(0).silent();
}

/// RFC 6455, 5.4 and 5.5.1: a message ends with a final frame, and nothing follows a Close.
#[test]
fn a_close_inside_a_message_is_no_clean_end() {
    let inside = |format: &str, code| {
        let server = Server::start();
        let run = Run::connect(format, &server.url()).arg("--no-stdin").start();
        let mut peer = server.accept();
        peer.text("whole");
        peer.frame(TEXT, "cut ");
        peer.frame(CONTINUATION, "off");
        peer.finish_first(code);
        run.finish()
    };
    for (format, output) in [("--out lines", "whole\ncut off"), ("--out length", "\0\0\0\x05whole")] {
        let words = "wspipe: the peer closed, 1000 (normal closure); its last message was cut off after 7 bytes\n";
        inside(format, 1000).status(6).stdout(output).stderr_has(words);
    }
    let words = "(going away); its last message was cut off after 7 bytes";
    let run = inside("--out json", 1001);
    assert!(
        run.status(6).stderr_has(words).text().contains(r#""message":"its last message was cut off after 7 bytes""#)
    );
    inside("--reconnect", 1000).status(6).stdout("whole\n").stderr_has("cut off after 7 bytes");
    inside("--expect x", 1000).status(6).stderr_has(r#"after 7 bytes; --expect "x" (step 1 of 1) was not met"#);
    inside("", 4000).status(7).stderr_has("closed with 4000; its last message was cut off after 7 bytes");
    inside("--count 1", 1000).status(0).stdout("whole\n").silent();
}

#[test]
fn a_break_inside_a_frame_says_how_much_of_the_message_had_come() {
    let server = Server::start();
    let run = Run::connect("--no-stdin", &server.url()).start();
    let mut peer = server.accept();
    peer.frame(TEXT, "abc");
    peer.send(b"\x80\x05de");
    drop(peer);
    run.finish().status(6).stdout("abcde").stderr_has("without a Close; its last message was cut off after 5 bytes");
}

#[test]
fn a_slow_output_does_not_count_against_the_close_timeout() {
    let server = Server::start();
    let run = Run::connect("--wait 0 --close-timeout 500ms", &server.url());
    let mut run = run.stdin(Stdin::Held).stdout(Stdout::Held).start();
    let mut peer = server.accept();
    let mut frames: Vec<u8> = (0..2000).flat_map(|n| peer.bytes(FIN | TEXT, line(n, 1500))).collect();
    frames.extend(peer.bytes(FIN | CLOSE, 1000_u16.to_be_bytes()));
    let mut sender = peer.sender();
    let (started, flooding) = mpsc::channel();
    let flood = thread::spawn(move || {
        let (first, rest) = frames.split_at(1_200_000);
        sender.send(first);
        started.send(()).unwrap();
        sender.send(rest);
    });
    flooding.recv_timeout(PATIENCE).unwrap();
    run.end_input();
    peer.expect_close(1000);
    // The scenario itself: nobody reads for longer than the limit.
    thread::sleep(Duration::from_millis(800));
    let mut text = String::new();
    run.take_stdout().read_to_string(&mut text).unwrap();
    flood.join().unwrap();
    run.finish().status(0).silent();
    assert_eq!(text.len(), 2000 * 1501);
}

#[test]
fn a_session_can_be_with_an_echo_server_of_our_own() {
    let run = Run::new(["echo:"]).words("--wait 0").input("hello\n\nthere\n").finish();
    run.status(0).stdout("hello\n\nthere\n").silent();
}
