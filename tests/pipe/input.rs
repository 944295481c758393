//! What is read from standard input reaches the peer, all of it and nothing else.

use std::io::Write;

use crate::harness::{CONTINUATION, FIN, Run, Server, Stdin, TEXT, line};

/// The most that leaves as one frame, in bytes.
const ONE_FRAME: usize = 256 << 10;

#[test]
fn a_last_line_needs_no_line_feed() {
    let server = Server::start();
    let run = Run::connect("--wait 0", &server.url()).input("a\nb").start();
    let mut peer = server.accept();
    peer.expect_text("a");
    peer.expect_text("b");
    peer.finish(1000);
    run.finish().status(0).silent();
}

#[test]
fn an_empty_line_is_an_empty_message() {
    let server = Server::start();
    let run = Run::connect("--wait 0", &server.url()).input("\n\na\n\n").start();
    let mut peer = server.accept();
    for text in ["", "", "a", ""] {
        peer.expect_text(text);
    }
    peer.finish(1000);
    run.finish().status(0).silent();
}

#[test]
fn a_carriage_return_belongs_to_the_line() {
    let server = Server::start();
    let run = Run::connect("--wait 0", &server.url()).input("a\r\n").start();
    let mut peer = server.accept();
    peer.expect_text("a\r");
    peer.finish(1000);
    run.finish().status(0);
}

#[test]
fn an_empty_pipe_is_an_input_that_ends() {
    let server = Server::start();
    let run = Run::connect("--wait 0", &server.url()).input("").start();
    server.accept().finish(1000);
    run.finish().status(0).silent();
}

#[test]
fn an_empty_file_is_an_input_that_ends() {
    let server = Server::start();
    let empty = tempfile::tempfile().unwrap();
    let run = Run::connect("--wait 0", &server.url()).stdin(Stdin::File(empty)).start();
    server.accept().finish(1000);
    run.finish().status(0).silent();
}

#[test]
fn a_file_is_sent_to_its_end() {
    let server = Server::start();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let lines: Vec<String> = (0..5000).map(|number| line(number, 100)).collect();
    file.write_all((lines.join("\n") + "\n").as_bytes()).unwrap();
    let file = file.reopen().unwrap();
    let run = Run::connect("--wait 0", &server.url()).stdin(Stdin::File(file)).start();
    let mut peer = server.accept();
    for line in lines {
        peer.expect_text(line);
    }
    peer.finish(1000);
    run.finish().status(0).silent();
}

/// What must not be taken for an input that ends: the session stays open until the peer closes it.
#[track_caller]
fn only_receives(stdin: Stdin, options: &str) {
    let server = Server::start();
    let run = Run::connect("--wait 0", &server.url()).words(options).stdin(stdin).start();
    let mut peer = server.accept();
    peer.ping("is it open");
    peer.expect_pong("is it open");
    peer.text("news");
    peer.finish_first(1000);
    run.finish().status(0).stdout("news\n").silent();
}

#[test]
fn the_null_device_is_no_input_at_all() {
    only_receives(Stdin::Null, "");
}

#[test]
fn a_closed_standard_input_is_no_input_at_all() {
    only_receives(Stdin::Closed, "");
}

#[test]
fn an_input_that_must_not_be_read_is_not() {
    only_receives(Stdin::Bytes(b"secret\n".to_vec()), "--no-stdin");
}

#[test]
fn no_input_with_a_message_to_send_is_an_input_that_ends() {
    for stdin in [Stdin::Null, Stdin::Closed] {
        let server = Server::start();
        let run = Run::connect("--wait 0 --send hi", &server.url()).stdin(stdin).start();
        let mut peer = server.accept();
        peer.expect_text("hi");
        peer.finish(1000);
        run.finish().status(0).silent();
    }
}

#[test]
fn messages_to_send_go_before_the_input_in_their_order() {
    let server = Server::start();
    let run = Run::connect("--wait 0 --send 1 --send 2", &server.url()).input("3\n4\n").start();
    let mut peer = server.accept();
    for text in ["1", "2", "3", "4"] {
        peer.expect_text(text);
    }
    peer.finish(1000);
    run.finish().status(0);
}

#[test]
fn input_that_is_there_before_the_connection_is_open_waits() {
    let server = Server::start();
    let mut run = Run::connect("--wait 0", &server.url()).stdin(Stdin::Held).start();
    run.write("early\n");
    let mut peer = server.connection();
    let request = peer.head();
    run.write("still early\n");
    run.end_input();
    peer.switch(&request, "");
    peer.expect_text("early");
    peer.expect_text("still early");
    peer.finish(1000);
    run.finish().status(0).silent();
}

/// RFC 6455, 4.1: nothing but the request is sent before the answer is there and good.
#[test]
fn input_is_not_sent_to_a_server_that_refuses() {
    for answer in ["HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 101 Not Really\r\n\r\n"] {
        let server = Server::start();
        let run = Run::connect("--send first", &server.url()).input("second\n").start();
        let mut peer = server.answer(answer);
        peer.expect_end();
        run.finish().status(5);
    }
}

#[test]
fn each_line_leaves_when_it_is_there() {
    let server = Server::start();
    let mut run = Run::connect("--wait 0", &server.url()).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    for text in ["one", "two", "three"] {
        run.write(format!("{text}\n"));
        peer.expect_text(text);
    }
    run.end_input();
    peer.finish(1000);
    run.finish().status(0);
}

#[test]
fn a_line_that_comes_in_pieces_is_one_message() {
    let server = Server::start();
    let mut run = Run::connect("--wait 0", &server.url()).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    run.write("first\nsec");
    peer.expect_text("first");
    run.write("ond\n");
    peer.expect_text("second");
    run.end_input();
    peer.finish(1000);
    run.finish().status(0);
}

#[test]
fn a_line_of_200_kilobytes_is_one_message_in_one_frame() {
    let server = Server::start();
    let line = line(1, 200_000);
    let run = Run::connect("--wait 0", &server.url()).input(format!("{line}\n")).start();
    let mut peer = server.accept();
    let (opcode, payload, frames) = peer.message();
    assert_eq!((opcode, payload.len(), frames), (TEXT, 200_000, 1));
    assert!(payload == line.as_bytes());
    peer.finish(1000);
    run.finish().status(0);
}

#[test]
fn a_line_of_megabytes_is_one_message_in_several_frames() {
    let server = Server::start();
    let line = line(2, 3_000_000);
    let run = Run::connect("--wait 0", &server.url()).input(format!("{line}\nnext\n")).start();
    let mut peer = server.accept();
    let (opcode, payload, frames) = peer.message();
    assert_eq!((opcode, payload.len()), (TEXT, 3_000_000));
    assert!(payload == line.as_bytes() && frames > 1, "{frames} frames");
    peer.expect_text("next");
    peer.finish(1000);
    run.finish().status(0);
}

#[test]
fn text_that_is_not_utf_8_is_not_sent_and_named() {
    let server = Server::start();
    let run = Run::connect("--wait 0", &server.url()).input(b"good\nbad \xff\nlate\n").start();
    let mut peer = server.accept();
    peer.expect_text("good");
    peer.finish(1011);
    let run = run.finish();
    run.status(1).stderr_has("record 2 of the input is not UTF-8 (at its byte 4)").stderr_has("--binary");
}

#[test]
fn a_message_that_turns_out_not_to_be_utf_8_is_never_completed() {
    let server = Server::start();
    let mut run = Run::connect("--wait 0", &server.url()).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    run.write("short\n");
    peer.expect_text("short");
    run.write(line(3, ONE_FRAME + 1));
    let frame = peer.read();
    assert_eq!((frame.first, frame.payload.len()), (TEXT, ONE_FRAME));
    run.write(b"\xff\n");
    peer.finish(1007);
    run.finish().status(1).stderr_has(&format!("record 2 of the input is not UTF-8 (at its byte {})", ONE_FRAME + 1));
}

#[test]
fn binary_messages_may_hold_anything() {
    let server = Server::start();
    let run = Run::connect("--wait 0 -b --format lines", &server.url()).input(b"\xff\0\n\xc3(\n").start();
    let mut peer = server.accept();
    for payload in [&b"\xff\0"[..], b"\xc3("] {
        let (opcode, sent, _) = peer.message();
        assert_eq!((opcode, &sent[..]), (2, payload));
    }
    peer.finish(1000);
    run.finish().status(0);
}

#[test]
fn each_frame_has_a_masking_key_of_its_own() {
    let server = Server::start();
    let run = Run::connect("--wait 0", &server.url()).input("same\nsame\nsame\n").start();
    let mut peer = server.accept();
    let mut wire = [0; 3 * 10];
    peer.read_exactly(&mut wire);
    let mut keys: Vec<&[u8]> = wire.chunks(10).map(|frame| &frame[2..6]).collect();
    keys.sort_unstable();
    keys.dedup();
    assert!(keys.len() > 1, "{wire:x?}");
    peer.finish(1000);
    run.finish().status(0);
}

#[test]
fn all_of_the_input_as_one_message_leaves_as_it_comes() {
    let server = Server::start();
    let mut run = Run::connect("--wait 0 --in whole", &server.url()).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    run.write("a\n");
    let first = peer.read();
    assert_eq!((first.first, &first.payload[..]), (TEXT, &b"a\n"[..]));
    run.write("b");
    let second = peer.read();
    assert_eq!((second.first, &second.payload[..]), (CONTINUATION, &b"b"[..]));
    run.end_input();
    let last = peer.read();
    assert_eq!((last.first, last.payload.len()), (FIN | CONTINUATION, 0));
    peer.finish(1000);
    run.finish().status(0);
}
