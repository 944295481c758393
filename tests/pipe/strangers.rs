//! What may come instead of a good request, to `listen`: malformed, of another protocol, without measure, or cut off. Each is
//! answered as far as that makes sense, and none is in the way of those who come after it.

use rustix::process::Signal;

use crate::harness::{Peer, Run, Running, good_request};

/// A listener that a good client is served by in the end.
struct Host {
    run: Running,
    url: String,
}

impl Host {
    fn start(options: &str) -> Self {
        let run = Run::listen(options).start();
        let url = run.url();
        Host { run, url }
    }

    /// Sends these bytes on a connection of its own; all that is answered.
    fn answer(&self, request: impl AsRef<[u8]>) -> String {
        let mut peer = Peer::connect(&self.url);
        peer.try_send(request);
        peer.rest()
    }

    /// These bytes are refused with this status and these words.
    #[track_caller]
    fn refuses(&self, request: impl AsRef<[u8]>, status: u16, words: &str) {
        let request = request.as_ref();
        let answer = self.answer(request);
        let shown = String::from_utf8_lossy(&request[..request.len().min(300)]);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{shown:?}\n{answer}");
        assert!(answer.contains(words), "{shown:?}\n{answer}");
    }

    /// The next good client is served, and nobody has complained about the others.
    #[track_caller]
    fn serves(self) {
        let mut peer = Peer::open(&self.url);
        peer.text("good");
        self.run.wait_stdout("good\n");
        self.run.signal(Signal::TERM);
        peer.finish(1001);
        let run = self.run.finish();
        run.died_of(Signal::TERM).stdout("good\n");
        assert_eq!(run.stderr, format!("listening on {}\n", self.url));
    }
}

#[test]
fn other_protocols_are_told_that_this_is_http() {
    let host = Host::start("");
    host.refuses(b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03 a ClientHello", 400, "the client speaks TLS");
    host.refuses(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", 400, "speaks HTTP/2");
    host.refuses(b"SSH-2.0-OpenSSH_9.9\r\n", 400, "speaks SSH");
    host.refuses(b"EHLO client.example.com\r\n", 400, "plain text came");
    host.refuses(b"\x81\x85\0\0\0\0hello", 400, "no handshake before it");
    host.refuses([0; 100], 400, "binary data came");
    host.refuses(b"\x05\x01\0", 400, "binary data came");
    host.serves();
}

#[test]
fn malformed_requests_are_refused_with_the_line_that_is_wrong() {
    let host = Host::start("");
    for (from, to, words) in [
        ("Upgrade: ", "Upgrade:\r\n ", "line 4 of the HTTP head is malformed, it begins with white space"),
        ("Host: h", "Host : h", "line 2 of the HTTP head is malformed, the header name is not a token"),
        ("Host: h", "Host: h\0", "line 2 of the HTTP head is malformed, the header value has a control character"),
        ("Host: h", "no colon", "line 2 of the HTTP head is malformed, it has no colon"),
        ("GET /", "GET  /", "malformed"),
        ("HTTP/1.1", "HTTP/1.2", "the version is not HTTP/1.1"),
        ("HTTP/1.1", "HTTP/2", "the version is not HTTP/1.1"),
        ("Host: h", "Host: h\r\nHost: h", "2 such headers"),
        ("Host: h", "Host: h\r\nhost: other", "2 such headers"),
        (
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13",
            "2 such",
        ),
        ("Sec-WebSocket-Key: ", "Sec-WebSocket-Key: !", "not base64"),
        ("Host: h", "Host: h\r\nContent-Length: 5", "body: expected none, found Content-Length: `5`"),
        ("Host: h", "Host: h\r\nTransfer-Encoding: chunked", "body: expected none, found Transfer-Encoding: `chunked`"),
    ] {
        host.refuses(good_request("/", "").replace(from, to), 400, words);
    }
    for again in ["Sec-WebSocket-Version: 13\r\n", "Sec-WebSocket-Version: 8\r\n"] {
        host.refuses(good_request("/", again), 426, "2 such headers");
    }
    host.serves();
}

#[test]
fn requests_without_measure_are_refused_at_once() {
    let host = Host::start("");
    host.refuses("x".repeat(1 << 20), 400, "plain text");
    host.refuses("GET /".to_owned() + &"x".repeat(1 << 20), 431, "longer than 16384 bytes");
    host.refuses("GET / HTTP/1.1\r\n".to_owned() + &"X: x\r\n".repeat(1 << 16), 431, "longer than 16384 bytes");
    host.refuses("\r\n".repeat(1 << 16), 431, "longer than 16384 bytes");
    host.serves();
}

#[test]
fn those_who_leave_early_are_forgotten() {
    let host = Host::start("");
    let request = good_request("/", "");
    for at in [0, 1, 10, request.len() - 1] {
        let mut peer = Peer::connect(&host.url);
        peer.send(&request[..at]);
        drop(peer);
        let mut peer = Peer::connect(&host.url);
        peer.send(&request[..at]);
        peer.half_close();
        assert_eq!(peer.rest(), "");
        let mut peer = Peer::connect(&host.url);
        peer.send(&request[..at]);
        peer.reset();
    }
    host.serves();
}

#[test]
fn those_who_stay_and_say_nothing_are_in_nobodys_way() {
    let host = Host::start("");
    let crowd: Vec<Peer> = (0..50).map(|_| Peer::connect(&host.url)).collect();
    host.serves();
    drop(crowd);
}

#[test]
fn a_request_may_come_a_byte_at_a_time_and_with_bare_line_feeds() {
    for request in [good_request("/", ""), good_request("/", "").replace("\r\n", "\n")] {
        let run = Run::listen("--once").start();
        let mut peer = Peer::connect(&run.url());
        request.bytes().for_each(|byte| peer.send([byte]));
        assert!(peer.head().starts_with("HTTP/1.1 101 "));
        peer.finish_first(1000);
        run.finish().status(0).stdout("");
    }
}

#[test]
fn what_comes_with_the_request_is_not_lost_wherever_the_segment_ends() {
    let request = good_request("/", "");
    let mut frames = None;
    for at in 0.. {
        let run = Run::listen("--once").start();
        let mut peer = Peer::connect(&run.url());
        let frames = frames.get_or_insert_with(|| {
            [peer.bytes(0x81, "one"), peer.bytes(0x81, "two"), peer.bytes(0x88, b"\x03\xe8")].concat()
        });
        let Some((early, late)) = frames.split_at_checked(at) else { return };
        peer.send([request.as_bytes(), early].concat());
        assert!(peer.head().starts_with("HTTP/1.1 101 "));
        peer.send(late);
        peer.expect_close(1000);
        run.finish().status(0).stdout("one\ntwo\n");
    }
}

#[test]
fn text_of_the_request_can_drive_no_terminal() {
    let run = Run::listen("-v").start();
    let mut peer = Peer::connect(&run.url());
    peer.send(b"GET /\x1b[2J HTTP/1.1\r\nHost: \x1b]0;x\x07\r\n\r\n");
    let answer = peer.rest();
    assert!(!answer.contains('\u{1b}'), "{answer}");
    run.wait_stderr("400: ");
    run.signal(Signal::TERM);
    run.finish().died_of(Signal::TERM).stderr_lacks("\u{1b}");
}
