//! What a peer can do wrong, in both roles: it gets the close code that says so, and the run ends with status 6.

use crate::harness::{BINARY, CLOSE, CONTINUATION, FIN, Finished, PING, PONG, Peer, Run, Server, TEXT};

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
    for bits in [0x40, 0x20, 0x10, 0x70] {
        both_see(1002, "reserved bits", |peer| peer.frame(FIN | bits | TEXT, "x"));
    }
    both_see(1002, "reserved bits", |peer| peer.frame(FIN | 0x40 | PING, "x"));
    both_see(1002, "reserved bits", |peer| {
        peer.frame(TEXT, "x");
        peer.frame(FIN | 0x20 | CONTINUATION, "x");
    });
}

#[test]
fn reserved_opcodes() {
    for opcode in (3..=7).chain(11..=15) {
        let words = format!("opcode {opcode:#x} is reserved");
        both_see(1002, &words, |peer| peer.frame(FIN | opcode, "x"));
    }
}

#[test]
fn a_fragmented_control_frame() {
    for opcode in [CLOSE, PING, PONG] {
        both_see(1002, "a control frame is fragmented", |peer| peer.frame(opcode, b"\x03\xe8"));
    }
}

#[test]
fn a_control_frame_that_is_too_long() {
    for opcode in [CLOSE, PING, PONG] {
        for length in [126, 70_000] {
            // The header is enough, and what follows it is never asked for.
            both_see(1002, &format!("{length} bytes, more than 125"), |peer| {
                let frame = peer.bytes(FIN | opcode, vec![b'x'; length]);
                peer.send(&frame[..14]);
            });
        }
    }
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
    let server = server_sees(1002, "", |peer| peer.send(b"\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0"));
    server.status(6).stderr_has("most significant bit");
}

#[test]
fn a_length_beyond_any_memory_is_no_violation() {
    let server = Server::start();
    let run = Run::connect("", &server.url()).start();
    let mut peer = server.accept();
    peer.send(b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xffbeginning");
    run.wait_stdout("beginning");
    drop(peer);
    run.finish().status(6).stdout("beginning").stderr_has("without a Close");
}

#[test]
fn a_continuation_of_nothing() {
    for first in [FIN | CONTINUATION, CONTINUATION] {
        both_see(1002, "continues no message", |peer| peer.frame(first, "x"));
    }
    both_see(1002, "continues no message", |peer| {
        peer.frame(TEXT, "a");
        peer.ping("between");
        peer.expect_pong("between");
        peer.frame(FIN | CONTINUATION, "b");
        peer.frame(FIN | CONTINUATION, "c");
    });
}

#[test]
fn a_message_inside_a_message() {
    for (outer, inner) in [(TEXT, FIN | BINARY), (BINARY, FIN | TEXT), (TEXT, TEXT), (BINARY, BINARY)] {
        both_see(1002, "a new message begins before", |peer| {
            peer.frame(outer, "a");
            peer.frame(inner, "b");
        });
    }
}

#[test]
fn close_frames_that_say_nothing_valid() {
    both_see(1002, "half a code", |peer| peer.frame(FIN | CLOSE, [3]));
    for code in [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535] {
        let words = format!("close code {code} must not be sent");
        both_see(1002, &words, |peer| peer.close(code, ""));
    }
    both_see(1007, "the close reason is not UTF-8", |peer| {
        peer.frame(FIN | CLOSE, b"\x03\xe8\xff");
    });
    both_see(1007, "the close reason is not UTF-8", |peer| {
        peer.frame(FIN | CLOSE, b"\x03\xe8cut short \xe2\x9c");
    });
}

#[test]
fn close_codes_that_may_be_sent_are_none() {
    for code in [1002, 1003, 1007, 1014, 3000, 3999, 4999] {
        let run = client_sees(code, "", |peer| peer.close(code, ""));
        run.status(7).stderr_has("the peer closed with").stderr_has(&code.to_string());
    }
}

#[test]
fn text_that_is_not_utf_8() {
    both_see(1007, "not UTF-8, at byte 2", |peer| peer.text(b"ab\xff"));
    both_see(1007, "not UTF-8", |peer| {
        peer.frame(TEXT, b"\xe2\x9c");
        peer.frame(FIN | CONTINUATION, b"x");
    });
    both_see(1007, "not UTF-8", |peer| peer.text(b"cut short \xe2\x9c"));
    both_see(1007, "not UTF-8, at byte 6", |peer| {
        peer.frame(TEXT, "cut ");
        peer.frame(CONTINUATION, "");
        peer.frame(FIN | CONTINUATION, b"sh\xe2\x9c");
    });
    // A surrogate, a character beyond the last one, one in more bytes than it needs.
    for bytes in [&b"\xed\xa0\x80"[..], b"\xf4\x90\x80\x80", b"\xc0\xaf"] {
        both_see(1007, "not UTF-8, at byte 0", |peer| peer.text(bytes));
    }
    // It is said as soon as it is seen, not at the end of the frame.
    both_see(1007, "not UTF-8, at byte 1", |peer| {
        let frame = peer.bytes(FIN | TEXT, [&b"a\xff"[..], &[b'x'; 10_000]].concat());
        peer.send(&frame[..20]);
    });
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
            run.status(6).stderr_has("larger than the limit of 10 bytes (--max-message raises it)");
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
