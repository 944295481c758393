//! What the peer sends reaches standard output, all of it and nothing else.

use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc;
use std::thread;

use crate::harness::{BINARY, CONTINUATION, FIN, PATIENCE, PING, Run, Server, Stdin, Stdout, TEXT, line};

#[test]
fn a_message_becomes_a_line() {
    let server = Server::start();
    let run = Run::connect("", &server.url()).start();
    let mut peer = server.accept();
    peer.text("text");
    peer.text("");
    peer.text("two\nlines");
    peer.binary(b"\xff\0");
    peer.finish_first(1000);
    run.finish().status(0).stdout(b"text\n\ntwo\nlines\n\xff\0\n").silent();
}

#[test]
fn fragments_become_one_line() {
    let server = Server::start();
    let run = Run::connect("", &server.url()).start();
    let mut peer = server.accept();
    for (first, payload) in [
        (TEXT, ""),
        (CONTINUATION, "a"),
        (FIN | PING, "?"),
        (CONTINUATION, ""),
        (CONTINUATION, "b"),
        (FIN | CONTINUATION, ""),
        (FIN | TEXT, "c"),
    ] {
        peer.frame(first, payload);
    }
    peer.expect_pong("?");
    peer.finish_first(1000);
    run.finish().status(0).stdout("ab\nc\n").silent();
}

#[test]
fn messages_that_come_with_the_answer_to_the_handshake_are_not_lost() {
    let server = Server::start();
    let run = Run::connect("", &server.url()).start();
    let peer = server.accept_with(b"\x81\x05early\x81\x04soon\x88\x02\x03\xe8");
    run.finish().status(0).stdout("early\nsoon\n").silent();
    drop(peer);
}

#[test]
fn a_frame_that_comes_byte_by_byte_is_one_message() {
    let server = Server::start();
    let run = Run::connect("", &server.url()).start();
    let mut peer = server.accept();
    let bytes = peer.bytes(FIN | TEXT, line(0, 300));
    for byte in bytes {
        peer.send([byte]);
    }
    peer.finish_first(1000);
    run.finish().status(0).stdout(line(0, 300) + "\n");
}

#[test]
fn a_message_of_megabytes_is_passed_on_byte_for_byte() {
    let server = Server::start();
    let run = Run::connect("", &server.url()).start();
    let mut peer = server.accept();
    let text = line(5, 4_000_000);
    peer.text(&text);
    let (first, rest) = text.as_bytes().split_at(1_234_567);
    let (second, third) = rest.split_at(1);
    peer.frame(BINARY, first);
    peer.frame(CONTINUATION, second);
    peer.frame(FIN | CONTINUATION, third);
    peer.finish_first(1000);
    let run = run.finish();
    run.status(0);
    assert!(run.stdout == format!("{text}\n{text}\n").as_bytes());
}

#[test]
fn a_long_message_is_passed_on_while_it_comes() {
    let server = Server::start();
    let run = Run::connect("", &server.url()).start();
    let mut peer = server.accept();
    let mut bytes = peer.bytes(FIN | TEXT, line(6, 100_000));
    let rest = bytes.split_off(50_000);
    peer.send(bytes);
    run.wait_stdout(line(6, 40_000));
    peer.send(rest);
    peer.finish_first(1000);
    run.finish().status(0).stdout(line(6, 100_000) + "\n");
}

#[test]
fn a_slow_reader_gets_everything_that_came_before_the_close() {
    let server = Server::start();
    let mut run = Run::connect("", &server.url()).stdout(Stdout::Held).start();
    let mut peer = server.accept();
    let lines: Vec<String> = (0..2000).map(|number| line(number, 1500)).collect();
    let frames: Vec<u8> = lines.iter().flat_map(|line| peer.bytes(FIN | TEXT, line)).collect();
    // More than the pipe holds is on its way before anybody reads.
    let (started, reading) = mpsc::channel();
    let sender = thread::spawn(move || {
        let (first, rest) = frames.split_at(1_200_000);
        peer.send(first);
        started.send(()).unwrap();
        peer.send(rest);
        peer.finish_first(1000);
    });
    reading.recv_timeout(PATIENCE).unwrap();
    let mut slow = BufReader::with_capacity(700, run.take_stdout());
    let mut text = String::new();
    slow.read_to_string(&mut text).unwrap();
    sender.join().unwrap();
    run.finish().status(0).silent();
    assert!(text == lines.join("\n") + "\n", "{} bytes", text.len());
}

#[test]
fn a_reader_that_has_seen_enough_ends_the_run_in_silence() {
    let server = Server::start();
    let mut run = Run::connect("", &server.url()).stdin(Stdin::Held).stdout(Stdout::Held).start();
    let mut peer = server.accept();
    peer.text("one");
    let mut head = BufReader::new(run.take_stdout());
    let mut line = String::new();
    head.read_line(&mut line).unwrap();
    drop(head);
    assert_eq!(line, "one\n");
    // No further message comes.
    peer.finish(1000);
    run.finish().status(0).silent();
}

#[test]
fn a_reader_that_goes_while_messages_come_ends_the_run_in_silence() {
    let server = Server::start();
    let mut run = Run::connect("", &server.url()).stdout(Stdout::Held).start();
    let mut peer = server.accept();
    let mut sender = peer.sender();
    let flood = thread::spawn(move || {
        for number in 0..20_000 {
            sender.try_send(sender.bytes(FIN | TEXT, line(number, 1000)));
        }
    });
    let mut head = BufReader::new(run.take_stdout());
    let mut first = String::new();
    head.read_line(&mut first).unwrap();
    drop(head);
    peer.expect_close(1000);
    run.finish().status(0).silent();
    drop(peer);
    flood.join().unwrap();
}

#[test]
fn what_comes_after_the_close_is_ignored() {
    let server = Server::start();
    let run = Run::connect("", &server.url()).start();
    let mut peer = server.accept();
    let [before, close, after] = [(TEXT, &b"before"[..]), (8, b"\x03\xe8"), (TEXT, b"after")]
        .map(|(opcode, payload)| peer.bytes(FIN | opcode, payload));
    peer.send([before, close, after].concat());
    peer.expect_close(1000);
    run.finish().status(0).stdout("before\n").silent();
}

#[test]
fn bytes_are_not_altered_on_a_pipe() {
    let server = Server::start();
    let run = Run::connect("--out raw", &server.url()).start();
    let mut peer = server.accept();
    let all: Vec<u8> = (0..=255).collect();
    peer.binary(&all);
    peer.text("\u{1b}[2J\0\u{202e}");
    peer.finish_first(1000);
    run.finish().status(0).stdout([&all[..], "\u{1b}[2J\0\u{202e}".as_bytes()].concat());
}
