//! What a peer can do wrong, in both roles: it gets the close code that says so, and the run ends with status 6.

use crate::harness::{BINARY, CLOSE, CONTINUATION, FIN, Finished, PING, Peer, Run, Server, TEXT};

/// Runs a session in the client's role with a peer that breaks the protocol; the peer gets this close code.
#[track_caller]
fn client_sees(code: u16, options: &str, act: impl Fn(&mut Peer)) -> Finished {
    let server = Server::start();
    let run = Run::connect(options, &server.url()).start();
    let mut peer = server.accept();
    act(&mut peer);
    peer.expect_close(code);
    drop(peer);
    run.finish()
}

/// The same in the server's role.
#[track_caller]
fn server_sees(code: u16, options: &str, act: impl Fn(&mut Peer)) -> Finished {
    let run = Run::listen("--once").words(options).start();
    let mut peer = Peer::open(&run.url());
    act(&mut peer);
    peer.expect_close(code);
    drop(peer);
    run.finish()
}

#[track_caller]
fn both_see(code: u16, words: &str, act: impl Fn(&mut Peer)) {
    for run in [client_sees(code, "", &act), server_sees(code, "", &act)] {
        run.status(6).stderr_has("the peer broke the protocol: ").stderr_has(words);
    }
}

#[test]
fn reserved_bits() {
    for bit in [0x40, 0x20, 0x10] {
        both_see(1002, "reserved bits", |peer| peer.frame(FIN | bit | TEXT, "x"));
    }
}

#[test]
fn reserved_opcodes() {
    for opcode in [3, 7, 11, 15] {
        both_see(1002, "is reserved", |peer| peer.frame(FIN | opcode, "x"));
    }
}

#[test]
fn a_fragmented_control_frame() {
    both_see(1002, "a control frame is fragmented", |peer| peer.frame(PING, "x"));
}

#[test]
fn a_control_frame_that_is_too_long() {
    both_see(1002, "126 bytes", |peer| peer.frame(FIN | PING, [b'x'; 126]));
}

#[test]
fn a_server_that_masks() {
    let masked = b"\x81\x81\0\0\0\0x";
    client_sees(1002, "", |peer| peer.send(masked)).status(6).stderr_has("is masked");
}

#[test]
fn a_client_that_does_not_mask() {
    server_sees(1002, "", |peer| peer.send(b"\x81\x01x")).status(6).stderr_has("is not masked");
}

#[test]
fn a_length_in_more_bytes_than_it_needs() {
    for [length, of_client] in [
        [&b"\x81\x7e\x00\x05"[..], b"\x81\xfe\x00\x05"],
        [b"\x81\x7f\0\0\0\0\0\0\xff\xff", b"\x81\xff\0\0\0\0\0\0\xff\xff"],
    ] {
        let client = client_sees(1002, "", |peer| peer.send([length, b"hello"].concat()));
        client.status(6).stderr_has("more bytes than it needs");
        let server = server_sees(1002, "", |peer| peer.send([of_client, b"\0\0\0\0hello"].concat()));
        server.status(6).stderr_has("more bytes than it needs");
    }
}

#[test]
fn a_length_with_its_highest_bit_set() {
    let client = client_sees(1002, "", |peer| peer.send(b"\x82\x7f\x80\0\0\0\0\0\0\0"));
    client.status(6).stderr_has("most significant bit");
}

#[test]
fn a_continuation_of_nothing() {
    both_see(1002, "continues no message", |peer| peer.frame(FIN | CONTINUATION, "x"));
}

#[test]
fn a_message_inside_a_message() {
    both_see(1002, "a new message begins before", |peer| {
        peer.frame(TEXT, "a");
        peer.frame(FIN | BINARY, "b");
    });
}

#[test]
fn close_frames_that_say_nothing_valid() {
    both_see(1002, "half a code", |peer| peer.frame(FIN | CLOSE, [3]));
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000] {
        let words = format!("close code {code} must not be sent");
        both_see(1002, &words, |peer| peer.close(code, ""));
    }
    both_see(1007, "the close reason is not UTF-8", |peer| {
        peer.frame(FIN | CLOSE, b"\x03\xe8\xff");
    });
}

#[test]
fn text_that_is_not_utf_8() {
    both_see(1007, "not UTF-8, at byte 2", |peer| peer.text(b"ab\xff"));
    both_see(1007, "not UTF-8", |peer| {
        peer.frame(TEXT, b"\xe2\x9c");
        peer.frame(FIN | CONTINUATION, b"x");
    });
    both_see(1007, "not UTF-8", |peer| peer.text(b"cut short \xe2\x9c"));
}

#[test]
fn text_that_is_split_inside_a_character_is_no_violation() {
    let server = Server::start();
    let run = Run::connect("", &server.url()).start();
    let mut peer = server.accept();
    peer.frame(TEXT, b"\xe2\x9c");
    peer.ping("between");
    peer.frame(FIN | CONTINUATION, b"\x93");
    peer.expect_pong("between");
    peer.finish_first(1000);
    run.finish().status(0).stdout("✓\n").silent();
}

#[test]
fn a_message_over_the_limit() {
    let limit = "--max-message 10";
    for act in [
        |peer: &mut Peer| peer.text("12345678901"),
        |peer: &mut Peer| {
            peer.frame(TEXT, "123456");
            peer.frame(CONTINUATION, "78901");
        },
    ] {
        for run in [client_sees(1009, limit, act), server_sees(1009, limit, act)] {
            run.status(6).stderr_has("larger than the limit of 10 bytes (--max-message)");
        }
    }
}

#[test]
fn a_message_of_just_the_limit_is_taken() {
    let server = Server::start();
    let run = Run::connect("--max-message 10", &server.url()).start();
    let mut peer = server.accept();
    peer.text("1234567890");
    peer.finish_first(1000);
    run.finish().status(0).stdout("1234567890\n");
}

#[test]
fn what_came_before_a_violation_is_printed() {
    let run = client_sees(1002, "", |peer| {
        let frames = [peer.bytes(FIN | TEXT, "good"), peer.bytes(FIN | 3, "bad"), peer.bytes(FIN | TEXT, "late")];
        peer.send(frames.concat());
    });
    run.status(6).stdout("good\n");
}
