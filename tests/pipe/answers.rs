//! What may come instead of a server's good answer, to `connect` and to `inspect`: malformed, of another protocol, without
//! measure, or cut off. Each ends in bounded time with status 5 and words that say what came.

use std::thread;

use crate::harness::{CLOSE, FIN, Finished, Peer, Run, Server};

/// Runs a command against a server that reads the request, sends these bytes and, unless it `stays`, closes.
#[track_caller]
fn answered(command: &str, options: &str, answer: &[u8], stays: bool) -> Finished {
    let server = Server::start();
    let run = Run::new([command, &server.url()]).words(options).start();
    let mut peer = server.connection();
    peer.head();
    peer.try_send(answer);
    let peer = Some(peer).filter(|_| stays);
    let run = run.finish();
    drop(peer);
    match command {
        "inspect" => run.stdout_has("> GET / HTTP/1.1\n"),
        _ => run.stdout(""),
    };
    run
}

/// Both commands name what came, and a server that stays holds nobody up.
#[track_caller]
fn is_named(answer: impl AsRef<[u8]>, words: &str) {
    for (command, stays) in [("connect", false), ("inspect", false), ("connect", true)] {
        let run = answered(command, "", answer.as_ref(), stays);
        run.status(5).stderr_has("the answer to the handshake is not one: ").stderr_has(words);
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    }
}

/// Both commands name what came, from a server that then closes.
#[track_caller]
fn is_named_at_its_end(answer: impl AsRef<[u8]>, words: &str) {
    for command in ["connect", "inspect"] {
        let run = answered(command, "", answer.as_ref(), false);
        run.status(5).stderr_has("the answer to the handshake is not one: ").stderr_has(words);
    }
}

/// A session with a server whose answer is a good one, changed like this, and sent by `send`.
#[track_caller]
fn opens_with(change: impl Fn(&str) -> String, send: impl Fn(&mut Peer, &[u8])) {
    let server = Server::start();
    let run = Run::connect("", &server.url()).start();
    let mut peer = server.connection();
    let answer = change(&peer.answer_to_request());
    send(&mut peer, answer.as_bytes());
    peer.text("hello");
    peer.finish_first(1000);
    run.finish().status(0).stdout("hello\n").silent();
}

fn at_once(peer: &mut Peer, answer: &[u8]) {
    peer.send(answer);
}

#[test]
fn an_answer_may_come_a_byte_at_a_time() {
    opens_with(str::to_owned, |peer, answer| answer.iter().for_each(|byte| peer.send([*byte])));
}

#[test]
fn what_old_servers_do_is_taken() {
    for (from, to) in [
        // Line ends without a carriage return, a fold, no reason phrase, with and without its space (RFC 9112, 2.2, 4, 5.2).
        ("\r\n", "\n"),
        ("Upgrade: websocket", "Upgrade:\r\n\twebsocket"),
        (" Switching Protocols", ""),
        (" Switching Protocols", " "),
        ("HTTP/1.1 101", "\r\n\r\nHTTP/1.1 101"),
        // A body that a 101 can't have (RFC 9110, 15.2).
        ("\r\n\r\n", "\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ] {
        opens_with(|answer| answer.replace(from, to), at_once);
    }
}

#[test]
fn tls_is_named() {
    is_named(b"\x16\x03\x03\0\x4a\x02\0\0\x46\x03\x03 a ServerHello", "use wss://");
    is_named(b"\x15\x03\x01\0\x02\x02\x50", "use wss://");
}

#[test]
fn http_2_is_named() {
    is_named(b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64", "speaks HTTP/2");
    is_named(b"\0\0\0\x04\0\0\0\0\0", "speaks HTTP/2");
    is_named(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "speaks HTTP/2");
    is_named(b"HTTP/2 101\r\n\r\n", "the version is not HTTP/1.1");
}

#[test]
fn banners_and_texts_are_named() {
    is_named(b"SSH-2.0-OpenSSH_9.9\r\n", "speaks SSH");
    is_named(b"220-mail.example.com ESMTP\r\n", "mail or FTP server");
    for text in ["* OK IMAP4rev1 ready\r\n", "-ERR unknown command 'GET'\r\n", "<!doctype html>\n", "hello"] {
        is_named(text, "plain text came");
    }
}

#[test]
fn binary_data_is_named() {
    is_named([0; 100], "binary data came");
    is_named(b"\x4a\0\0\0\x0a8.0.36\0", "binary data came");
    is_named(b"\x81\x05hello", "no handshake before it");
    is_named_at_its_end(b"\0", "binary data came");
}

#[test]
fn what_is_wrong_with_a_head_is_said_with_its_line() {
    for (head, words) in [
        ("HTTP/1.1 1010 X\r\n", "line 1 of the HTTP head is malformed, the status is not three digits"),
        ("HTTP/1.1 abc X\r\n", "line 1 of the HTTP head is malformed, the status is not three digits"),
        ("HTTP/1.1 101 X\r\n folded\r\n", "line 2 of the HTTP head is malformed, it begins with white space"),
        (
            "HTTP/1.1 101 X\r\nA: b\r\nA\0: b\r\n",
            "line 3 of the HTTP head is malformed, the header name is not a token",
        ),
        ("HTTP/1.1 101 X\r\nA: b\0c\r\n", "line 2 of the HTTP head is malformed, the header value has a control"),
        ("HTTP/1.1 101 X\r\nA: \u{1b}[2J\r\n", "A: \\x1b[2J"),
        ("HTTP/1.1 101 X\r\n: b\r\n", "line 2 of the HTTP head is malformed"),
    ] {
        is_named(format!("{head}\r\n"), words);
    }
}

#[test]
fn a_head_that_never_ends_is_cut() {
    for filling in ["x", "\r\n", "X: x\r\n", " x\r\n"] {
        let begin = if filling == "\r\n" { "" } else { "HTTP/1.1 101 Switching Protocols\r\nX: x" };
        is_named(begin.to_owned() + &filling.repeat(1 << 16), "longer than 16384 bytes");
    }
}

#[test]
fn an_answer_that_ends_early_is_named() {
    is_named_at_its_end("", "closed before anything came");
    is_named_at_its_end("\r\n", "closed in the middle of the HTTP head, after 2 bytes");
    is_named_at_its_end("H", "closed in the middle of the HTTP head, after 1 byte: H");
    is_named_at_its_end("HT", "closed in the middle of the HTTP head, after 2 bytes: HT");
    is_named_at_its_end("HTTP/1.1 101 X\r\nSet-Cookie: cr1sps", "after 34 bytes: HTTP/1.1 101 X\\r\\nSet-Cookie: ***");
}

#[test]
fn a_reset_instead_of_an_answer_is_status_5() {
    for (answer, words) in [("", "before anything came"), ("HTTP/1.1 101 Switch", "in the middle of the HTTP head")] {
        for command in ["connect", "inspect"] {
            let server = Server::start();
            let run = Run::new([command, &server.url()]).start();
            server.answer(answer).reset();
            run.finish().status(5).stderr_has(words);
        }
    }
}

#[test]
fn an_answer_that_stops_in_the_middle_is_left_in_time() {
    for (answer, words) in [
        (&b""[..], "did not answer the handshake within 0.2 s (--connect-timeout)"),
        (b"\x16", "began an answer and did not come to its end within 0.2 s (--connect-timeout): \\x16"),
        (b"HTTP/1.1 101 Switch", "within 0.2 s (--connect-timeout): HTTP/1.1 101 Switch"),
    ] {
        for command in ["connect", "inspect"] {
            let run = answered(command, "--connect-timeout 200ms", answer, true);
            run.status(3).stderr_has(words);
        }
    }
}

#[test]
fn headers_that_contradict_each_other_are_refused() {
    let accept =
        |answer: &str| answer.split_once("Sec-WebSocket-Accept: ").unwrap().1.lines().next().unwrap().to_owned();
    for (name, again) in [("Sec-WebSocket-Accept", None), ("Sec-WebSocket-Accept", Some("x")), ("Upgrade", Some("h2c"))]
    {
        let server = Server::start();
        let run = Run::connect("", &server.url()).start();
        let mut peer = server.connection();
        let answer = peer.answer_to_request();
        let value = again.map_or_else(|| accept(&answer), str::to_owned);
        peer.send(answer.replacen("\r\n", &format!("\r\n{name}: {value}\r\n"), 1));
        let run = run.finish();
        run.status(5).stderr_has(&format!("the server's handshake is wrong: {name}")).stderr_has("2 such headers");
    }
}

/// A refusal with these headers and this body shows `excerpt` and nothing else of the body.
#[track_caller]
fn refusal_shows(fields: &str, body: impl AsRef<[u8]>, stays: bool, excerpt: &str) {
    let head = format!("HTTP/1.1 599 Odd\r\n{fields}\r\n");
    let run = answered("connect", "", &[head.as_bytes(), body.as_ref()].concat(), stays);
    run.status(5).stderr_has("the server refused the handshake: 599 Odd");
    let shown: Vec<&str> = run.stderr.lines().filter_map(|line| line.strip_prefix("    ")).collect();
    assert_eq!(shown.join("\n"), excerpt, "{fields}{}", run.stderr);
}

#[test]
fn bodies_whose_length_is_contradictory_or_none_are_shown_as_far_as_they_make_sense() {
    for (fields, body, excerpt) in [
        ("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n", "hello"),
        ("Content-Length: 2\r\nContent-Length: 2\r\n", "hello", "he"),
        ("Content-Length: 2\r\nContent-Length: 9\r\n", "hello", "hello"),
        ("Content-Length: -2\r\n", "hello", "hello"),
        ("Content-Length: 99999999999999999999999999\r\n", "hello", "hello"),
        ("Transfer-Encoding: chunked\r\n", "zz\r\nhello", ""),
        ("Transfer-Encoding: chunked\r\n", "5\r\nhelloworld", "hello"),
        ("Transfer-Encoding: chunked\r\n", "ffffffffffffffffffff\r\nhello", ""),
        ("Transfer-Encoding: chunked\r\n", "5;x=\"\r\nhello\r\n0\r\nTrailer: x\r\n\r\nmore", "hello"),
    ] {
        refusal_shows(fields, body, false, excerpt);
    }
}

#[test]
fn a_body_without_end_is_cut() {
    let server = Server::start();
    for begin in ["HTTP/1.1 503 Busy\r\n\r\n", "HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n1;"] {
        let run = Run::connect("", &server.url()).start();
        let mut peer = server.answer(begin);
        let endless = thread::spawn(move || while peer.try_send([b'x'; 10_000]) {});
        run.finish().status(5).stderr_has("503 Busy");
        endless.join().unwrap();
    }
}

#[test]
fn what_comes_with_the_answer_is_not_lost() {
    let server = Server::start();
    let text = |payload: &str| [&[0x81, payload.len() as u8], payload.as_bytes()].concat();
    let close = [FIN | CLOSE, 2, 3, 0xe8];
    let whole = [text("one"), text("two"), close.to_vec()].concat();
    // Every place where the segment may end.
    for at in 0..=whole.len() {
        let run = Run::connect("", &server.url()).start();
        let mut peer = server.accept_with(&whole[..at]);
        peer.send(&whole[at..]);
        peer.expect_close(1000);
        run.finish().status(0).stdout("one\ntwo\n").silent();
    }
}
