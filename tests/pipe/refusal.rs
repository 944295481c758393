//! Servers that do not open a session: status 5, with what they said and what that means.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::harness::{Finished, Run, Server};

/// Runs `connect` against a server that answers like this and then closes the connection.
#[track_caller]
fn answered(options: &str, answer: impl AsRef<[u8]>) -> Finished {
    let server = Server::start();
    let run = Run::connect(options, &server.url()).start();
    drop(server.answer(answer));
    run.finish()
}

/// Runs `connect` against a server that accepts, with these header lines, of which some replace the right ones.
#[track_caller]
fn accepted_with(options: &str, change: impl Fn(String) -> String) -> Finished {
    let server = Server::start();
    let run = Run::connect(options, &server.url()).start();
    let mut peer = server.connection();
    let answer = peer.answer_to_request();
    peer.send(change(answer));
    let run = run.finish();
    drop(peer);
    run
}

#[test]
fn a_refusal_shows_the_status_what_it_means_and_the_body() {
    let body = "origin not allowed\nask the administrator\u{1b}[2J";
    let length = body.len();
    let run = answered("", format!("HTTP/1.1 403 Forbidden\r\nContent-Length: {length}\r\n\r\n{body}"));
    run.status(5).stdout("").stderr_has("the server refused the handshake: 403 Forbidden");
    run.stderr_has("--origin").stderr_has("\n    origin not allowed\n    ask the administrator");
    run.stderr_lacks("\u{1b}");
}

#[test]
fn a_body_in_chunks_is_shown_without_them() {
    let run = answered(
        "",
        "HTTP/1.1 503 Service Unavailable\r\nTransfer-Encoding: chunked\r\nRetry-After: 7\r\n\r\n\
         8\r\nno room \r\n3;x=y\r\nfor\r\n4\r\n you\r\n0\r\n\r\n",
    );
    run.status(5).stderr_has("503 Service Unavailable").stderr_has("try again in 7 seconds");
    run.stderr_has("\n    no room for you\n");
}

#[test]
fn a_body_that_never_ends_is_not_waited_for() {
    let server = Server::start();
    let run = Run::connect("", &server.url()).start();
    let peer = server.answer("HTTP/1.1 500 Oops\r\nContent-Length: 1000\r\n\r\nbeginning");
    run.finish().status(5).stderr_has("500 Oops").stderr_has("\n    beginning\n");
    drop(peer);
}

/// Squid's pages begin with a licence and 2 KiB of style.
#[test]
fn of_a_page_the_reason_is_shown() {
    let style = "/* licence */ body { margin: 0 }\n".repeat(100);
    let page = format!(
        "<html><head><title>ERROR</title><style>{style}</style></head><body><p>Access to <b>this</b>\nis &lt;denied&gt;\u{1b}"
    );
    let run = answered("", format!("HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\n\r\n{page}"));
    run.status(5).stderr_has("\n    ERROR\n    Access to this is <denied>\\x1b\n").stderr_lacks("margin");
}

#[test]
fn a_request_that_comes_back_shows_no_credentials() {
    for (words, is_shown) in [
        ("connect", false),
        ("inspect", false),
        ("inspect --json", false),
        ("inspect --show-secrets", true),
        ("inspect --json --show-secrets", true),
    ] {
        let server = Server::start();
        let run =
            Run::new(words.split(' ')).args(["-u", "al:opensesame", "--cookie", "id=cr1sps", &server.url()]).start();
        let mut peer = server.connection();
        let request = peer.head();
        peer.send(format!("HTTP/1.1 400 Bad\r\n\r\nyou (opensesame) sent:\n{request}"));
        drop(peer);
        let run = run.finish();
        let told = run.status(5).text() + &run.stderr;
        for secret in ["opensesame", "YWw6b3BlbnNlc2FtZQ==", "cr1sps"] {
            assert_eq!(told.contains(secret), is_shown, "{secret} in {run:?}");
        }
        assert!(told.contains("you (") && told.contains("id="), "{run:?}");
    }
}

#[test]
fn a_long_body_is_cut() {
    let lines: Vec<String> = (0..10_000).map(|number| format!("line {number}")).collect();
    let lines = lines.join("\n");
    let run = answered("", format!("HTTP/1.1 404 Not Found\r\n\r\n{lines}"));
    run.status(5).stderr_has("line 0").stderr_lacks("line 100\n");
    assert!(run.stderr.lines().count() < 20, "{}", run.stderr);
}

#[test]
fn what_the_status_means_is_said() {
    for (answer, words) in [
        ("200 OK\r\n\r\n", "a page"),
        ("301 Moved\r\nLocation: ws://other/\r\n\r\n", "ws://other/"),
        ("400 Bad Request\r\n\r\n", "found the request wrong"),
        ("400 Bad Request\r\n\r\nThe plain HTTP request was sent to HTTPS port", "wss://"),
        ("401 Unauthorized\r\nWWW-Authenticate: Basic realm=x\r\n\r\n", "-u USER:PASS"),
        ("401 Unauthorized\r\nWWW-Authenticate: Bearer\r\n\r\n", "--bearer"),
        ("404 Not Found\r\n\r\n", "check the path"),
        ("426 Upgrade Required\r\nSec-WebSocket-Version: 8\r\n\r\n", "version 8"),
        ("502 Bad Gateway\r\n\r\n", "could not reach the server behind"),
    ] {
        answered("", format!("HTTP/1.1 {answer}")).status(5).stderr_has(words);
    }
}

#[test]
fn a_wrong_accept_is_refused() {
    let run = accepted_with("", |answer| answer.replace("Sec-WebSocket-Accept: ", "Sec-WebSocket-Accept: x"));
    run.status(5).stderr_has("the server's handshake is wrong: Sec-WebSocket-Accept").stderr_has("RFC 6455, 4.1 (4)");
}

#[test]
fn an_answer_that_lacks_a_header_is_refused() {
    for name in ["Upgrade", "Connection", "Sec-WebSocket-Accept"] {
        let run = accepted_with("", |answer| answer.replace(&format!("\r\n{name}: "), "\r\nX: "));
        run.status(5).stderr_has(&format!("the server's handshake is wrong: {name}"));
    }
}

#[test]
fn a_subprotocol_that_was_not_offered_is_refused() {
    let with = |answer: String| answer.replace("\r\n\r\n", "\r\nSec-WebSocket-Protocol: b\r\n\r\n");
    for options in ["", "-s a"] {
        let run = accepted_with(options, with);
        run.status(5).stderr_has("Sec-WebSocket-Protocol").stderr_has("`b`");
    }
}

#[test]
fn an_extension_that_was_not_offered_is_refused() {
    let with = |answer: String| answer.replace("\r\n\r\n", "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n");
    let run = accepted_with("", with);
    run.status(5).stderr_has("Sec-WebSocket-Extensions").stderr_has("permessage-deflate");
}

#[test]
fn header_names_and_tokens_may_have_any_case_and_lists_more_elements() {
    let server = Server::start();
    let run = Run::connect("", &server.url()).start();
    let mut peer = server.connection();
    let answer = peer.answer_to_request();
    let answer = answer.replace("Upgrade: websocket", "UPGRADE:WebSocket");
    peer.send(answer.replace("Connection: Upgrade", "connection: keep-alive,  upgrade "));
    peer.finish_first(1000);
    run.finish().status(0).silent();
}

#[test]
fn what_is_no_http_is_named() {
    for (answer, words) in [
        (&b"SSH-2.0-OpenSSH_9.9\r\n"[..], "SSH"),
        (b"220 mail.example.com ESMTP\r\n", "mail or FTP"),
        (b"\x15\x03\x03\x00\x02\x02\x46", "wss://"),
        (b"hello there\r\n", "plain text"),
        (b"\x81\x05hello", "no handshake before it"),
        (b"", "closed before anything came"),
        (b"HTTP/1.1 101 Switch", "in the middle of the HTTP head"),
        (b"HTTP/1.1 101 Switching Protocols\r\nno colon\r\n\r\n", "line 2"),
    ] {
        answered("", answer).status(5).stderr_has(words);
    }
}

#[test]
fn a_head_without_measure_is_refused() {
    let long = format!("HTTP/1.1 101 X\r\nX: {}\r\n\r\n", "x".repeat(17_000));
    answered("", long).status(5).stderr_has("longer than 16384 bytes");
    let many = format!("HTTP/1.1 101 X\r\n{}\r\n", "X: x\r\n".repeat(101));
    answered("", many).status(5).stderr_has("more than 100 header lines");
}

#[test]
fn a_head_that_comes_slowly_is_given_up_in_time() {
    let server = Server::start();
    let run = Run::connect("--connect-timeout 300ms", &server.url()).start();
    let mut peer = server.answer("HTTP/1.1 101 Switching Protocols\r\nX: ");
    let (over, is_over) = mpsc::channel::<()>();
    let dripping = thread::spawn(move || {
        // The scenario itself: each byte comes long before the time is up, the end never does.
        while is_over
            .recv_timeout(Duration::from_millis(10))
            .is_err_and(|error| error == mpsc::RecvTimeoutError::Timeout)
        {
            peer.try_send(b"x");
        }
    });
    run.finish().status(3).stderr_has("(--connect-timeout)");
    drop(over);
    dripping.join().unwrap();
}
