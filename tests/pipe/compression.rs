//! permessage-deflate (RFC 7692), as it is offered, answered and used.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::harness::{BINARY, CONTINUATION, FIN, Finished, PING, Peer, Run, Running, Server, Stdin, TEXT};

/// The bit that marks a message as compressed.
const RSV1: u8 = 0x40;
const ACCEPTED: &str = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
/// `Hello`, compressed (RFC 7692, 7.2.3.1).
const HELLO: &[u8] = b"\xf2\x48\xcd\xc9\xc9\x07\x00";

/// Runs `connect` with a server that accepts with these header lines.
fn connected(options: &str, answer: &str, input: &str) -> (Running, Peer, String) {
    let server = Server::start();
    let run = Run::connect(options, &server.url()).input(input).start();
    let mut peer = server.connection();
    let request = peer.accept(answer);
    (run, peer, request)
}

/// The 64 characters of base64.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What was compressed in one direction, read by another implementation.
struct Inflate(Decompress);

impl Inflate {
    fn new() -> Self {
        Inflate(Decompress::new(false))
    }

    fn message(&mut self, compressed: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(1 << 20);
        let input = [compressed, &[0, 0, 0xff, 0xff]].concat();
        self.0.decompress_vec(&input, &mut out, FlushDecompress::Sync).expect("it is DEFLATE data");
        out
    }
}

#[test]
fn what_is_offered() {
    for (option, offer) in [
        ("--compress", "permessage-deflate; client_max_window_bits"),
        ("--compress=server_no_context_takeover", "permessage-deflate; server_no_context_takeover"),
        (
            "--compress=client_max_window_bits=10,server_max_window_bits=8,client_no_context_takeover",
            "permessage-deflate; client_no_context_takeover; server_max_window_bits=8; client_max_window_bits=10",
        ),
    ] {
        let server = Server::start();
        let run = Run::connect(option, &server.url()).start();
        let mut peer = server.connection();
        let request = peer.head();
        assert!(request.contains(&format!("\r\nSec-WebSocket-Extensions: {offer}\r\n")), "{request}");
        drop(peer);
        run.finish().status(5);
    }
    let (run, peer, request) = connected("", "", "");
    assert!(!request.contains("Extensions"), "it is not offered unless asked for: {request}");
    peer.finish(1000);
    run.finish().status(0);
}

#[test]
fn wrong_parameters_are_wrong_usage() {
    for (option, words) in [
        ("--compress=x", "`x` is no parameter of permessage-deflate"),
        ("--compress=server_max_window_bits=7", "`server_max_window_bits` wants a number from 8 to 15, not `7`"),
        ("--compress=client_max_window_bits=8", "no window of 256 bytes"),
        ("--compress --compress-level 10", "\"10\" is no level: write 1"),
        ("--compress-level 5", "--compress"),
    ] {
        Run::connect(option, "echo:").finish().status(2).stderr_has(words);
    }
    Run::listen("--compress=client_max_window_bits").finish().status(2).stderr_has("client_max_window_bits=N");
    Run::listen("--compress=server_max_window_bits=8").finish().status(2).stderr_has("no window of 256 bytes");
}

#[test]
fn an_answer_that_does_not_fit_the_offer_is_named() {
    for (option, answer, words, clause) in [
        (
            "",
            "permessage-deflate",
            "asks that Sec-WebSocket-Extensions be nothing, and the server sent `permessage-deflate`",
            "RFC 6455, 4.1 (5)",
        ),
        ("--compress", "x", "`x` was not offered", "RFC 6455, 4.1 (5)"),
        ("--compress", "permessage-deflate; a", "`a` is no parameter of permessage-deflate", "RFC 7692, 7.1"),
        ("--compress", "permessage-deflate, permessage-deflate", "accepts permessage-deflate twice", "RFC 7692, 5"),
        (
            "--compress",
            "permessage-deflate; server_max_window_bits=9; server_max_window_bits=9",
            "`server_max_window_bits` stands there twice",
            "RFC 7692, 7.1",
        ),
        (
            "--compress",
            "permessage-deflate; client_max_window_bits=16",
            "`client_max_window_bits` wants a number from 8 to 15, not `16`",
            "RFC 7692, 7.1.2.2",
        ),
        (
            "--compress=client_no_context_takeover",
            "permessage-deflate; client_max_window_bits=10",
            "`client_max_window_bits` was not offered",
            "RFC 7692, 7.1.2.2",
        ),
        (
            "--compress=server_no_context_takeover",
            "permessage-deflate",
            "`server_no_context_takeover`, which was asked for, is not granted",
            "RFC 7692, 7.1.1.1",
        ),
        ("--compress", "permessage-deflate; =1", "is no extension", "RFC 6455, 9.1"),
    ] {
        let (run, peer, _) = connected(option, &format!("Sec-WebSocket-Extensions: {answer}\r\n"), "x\n");
        let run = run.finish();
        run.status(5).stderr_has("Sec-WebSocket-Extensions").stderr_has(words).stderr_has(clause);
        drop(peer);
    }
}

#[test]
fn a_server_that_does_not_compress_is_no_failure() {
    let (run, mut peer, _) = connected("--compress -v", "", "Hello, Hello, Hello!\n");
    peer.expect_text("Hello, Hello, Hello!");
    peer.finish(1000);
    run.finish().status(0).stderr_has("the server did not take the compression offered").stderr_lacks("compression:");
}

#[test]
fn a_client_compresses_and_reads_what_is_compressed() {
    let (run, mut peer, _) = connected("--compress -v", ACCEPTED, "Hello, Hello, Hello!\nok\nHello, Hello, Hello!\n");
    let mut inflate = Inflate::new();
    let first = peer.read();
    assert_eq!(first.first, FIN | RSV1 | TEXT);
    assert_eq!(inflate.message(&first.payload), b"Hello, Hello, Hello!");
    peer.expect_text("ok");
    let second = peer.read();
    assert_eq!(inflate.message(&second.payload), b"Hello, Hello, Hello!");
    assert!(second.payload.len() < first.payload.len(), "the second message refers to the first");
    peer.frame(FIN | RSV1 | TEXT, HELLO);
    peer.frame(FIN | RSV1 | TEXT, b"\xf2\x00\x11\x00\x00");
    peer.frame(RSV1 | TEXT, &HELLO[..3]);
    peer.ping("now");
    peer.frame(FIN | CONTINUATION, &HELLO[3..]);
    peer.text("as it is");
    peer.expect_pong("now");
    peer.finish(1000);
    let sent = first.payload.len() + second.payload.len() + 2;
    let run = run.finish();
    run.status(0).stdout("Hello\nHello\nHello\nas it is\n");
    run.stderr_has("permessage-deflate, client: 32 KiB window, context kept; server: 32 KiB window, context kept");
    run.stderr_has(&format!("compression: sent 42 bytes as {sent} ("));
    run.stderr_has("compression: received 23 bytes as 27 (117.3 %)");
}

#[test]
fn a_client_keeps_to_the_window_and_forgets_if_it_has_to() {
    let answer =
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=9; client_no_context_takeover\r\n";
    // Six bits of each character are news, so a compressor takes a quarter off, and the second half off if it looks back
    // so far.
    let mut random = StdRng::seed_from_u64(1);
    let news: String = (0..1000).map(|_| ALPHABET[(random.next_u32() % 64) as usize] as char).collect();
    let (run, mut peer, _) = connected("--compress", answer, &format!("{news}{news}\n").repeat(2));
    let [first, second] = [peer.read(), peer.read()];
    assert_eq!(first.payload, second.payload, "nothing is remembered");
    assert_eq!(Inflate::new().message(&first.payload), news.repeat(2).as_bytes());
    assert!(first.payload.len() > 1300, "{} bytes refer to what 512 bytes don't hold", first.payload.len());
    peer.finish(1000);
    run.finish().status(0);
}

#[test]
fn a_server_takes_what_is_offered() {
    let run = Run::listen("--once --compress -v").input("Hello, Hello, Hello!\n").start();
    let mut peer = Peer::connect(&run.url());
    peer.request(
        "/",
        "Sec-WebSocket-Extensions: x, permessage-deflate; client_max_window_bits; server_max_window_bits=10\r\n",
    );
    let answer = peer.head();
    assert!(
        answer.contains("\r\nSec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10\r\n"),
        "{answer}"
    );
    let frame = peer.read();
    assert_eq!(frame.first, FIN | RSV1 | TEXT);
    assert_eq!(Inflate::new().message(&frame.payload), b"Hello, Hello, Hello!");
    peer.frame(FIN | RSV1 | TEXT, HELLO);
    peer.finish(1000);
    run.finish().status(0).stdout("Hello\n").stderr_has("server: 1 KiB window");
}

/// What goes to all is compressed for each one as agreed with it.
#[test]
fn a_listener_speaks_to_each_as_agreed() {
    let mut run = Run::listen("--compress -v").stdin(Stdin::Held).start();
    let open = |extensions: &str| {
        let mut peer = Peer::connect(&run.url());
        peer.request("/", extensions);
        peer.head();
        // Once its message is out, it is among those who get what goes to all.
        peer.text("here");
        peer
    };
    let mut plain = open("");
    run.wait_lines(1);
    let mut kept = open("Sec-WebSocket-Extensions: permessage-deflate\r\n");
    run.wait_lines(2);
    let mut alone = open("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n");
    run.wait_lines(3);
    run.write("Hello, Hello, Hello!\nHello, Hello, Hello!\nok\n");
    for _ in 0..2 {
        plain.expect_text("Hello, Hello, Hello!");
    }
    plain.expect_text("ok");
    let mut inflate = Inflate::new();
    let [first, second] = [kept.read(), kept.read()];
    assert_eq!(inflate.message(&first.payload), b"Hello, Hello, Hello!");
    assert_eq!(inflate.message(&second.payload), b"Hello, Hello, Hello!");
    assert!(second.payload.len() < first.payload.len());
    kept.expect_text("ok");
    let [first, second] = [alone.read(), alone.read()];
    assert_eq!(first.payload, second.payload);
    assert_eq!(Inflate::new().message(&second.payload), b"Hello, Hello, Hello!");
    alone.expect_text("ok");
    run.end_input();
    for peer in [plain, kept, alone] {
        peer.finish(1000);
    }
    run.finish().status(0).stderr_has("client 2 at ").stderr_has(": compression: sent 42 bytes as ");
}

#[test]
fn an_echo_is_compressed_anew() {
    let (run, mut peer, _) = connected("--echo --compress", ACCEPTED, "");
    peer.frame(RSV1 | BINARY, &HELLO[..4]);
    peer.frame(FIN | CONTINUATION, &HELLO[4..]);
    let (opcode, payload, _) = peer.message();
    assert_eq!((opcode, Inflate::new().message(&payload)), (BINARY, b"Hello".to_vec()));
    peer.finish_first(1000);
    run.finish().status(0);
}

/// A session in each role with a peer that compresses and does this; it gets this close code. What came of the runs, and the
/// memory that they had needed by then, in bytes.
#[track_caller]
fn both_see(code: u16, options: &str, act: impl Fn(&mut Peer)) -> [(Finished, u64); 2] {
    let see = |run: Running, mut peer: Peer| {
        act(&mut peer);
        peer.expect_close(code);
        let memory = run.peak_memory();
        drop(peer);
        (run.finish(), memory)
    };
    let (run, peer, _) = connected(&format!("--compress {options}"), ACCEPTED, "");
    let client = see(run, peer);
    let run = Run::listen("--once --compress").words(options).start();
    let mut peer = Peer::connect(&run.url());
    peer.request("/", ACCEPTED);
    assert!(peer.head().contains(ACCEPTED), "the offer is taken");
    [client, see(run, peer)]
}

#[test]
fn what_can_not_be_decompressed() {
    for (first, payload, code, words) in [
        (FIN | RSV1 | TEXT, &b"\x07"[..], 1007, "can't be decompressed (RFC 7692, 7.2.2)"),
        (FIN | RSV1 | TEXT, &HELLO[..4], 1007, "can't be decompressed"),
        (FIN | RSV1 | PING, b"", 1002, "begins no message is marked as compressed (RFC 7692, 6)"),
        (FIN | RSV1 | 0x20 | TEXT, HELLO, 1002, "reserved bits 0b110"),
    ] {
        let runs = both_see(code, "", |peer| {
            peer.frame(FIN | RSV1 | TEXT, HELLO);
            peer.frame(first, payload);
        });
        for (run, _) in runs {
            run.status(6).stdout("Hello\n").stderr_has("the peer broke the protocol").stderr_has(words);
        }
    }
}

/// A gigabyte of zeros in a megabyte: it ends at the limit, not after it.
#[test]
fn a_bomb_is_stopped_at_the_limit() {
    let mut compress = Compress::new(Compression::fast(), false);
    let mut block = Vec::with_capacity(1 << 16);
    compress.compress_vec(&vec![0; 4 << 20], &mut block, FlushCompress::Sync).expect("it is compressed");
    let runs = both_see(1009, "-b --max-message 10M -v", |peer| {
        peer.frame(RSV1 | BINARY, &block);
        for _ in 0..255 {
            peer.try_send(peer.bytes(CONTINUATION, &block));
        }
    });
    for (run, memory) in runs {
        run.status(6).stderr_has("larger than the limit of 10485760 bytes (--max-message raises it)");
        assert!(run.stdout.len() <= 10 << 20, "{} bytes are out", run.stdout.len());
        assert!(memory < 22 << 20, "{memory} bytes");
    }
}

/// What comes out of a bomb is sent back as it is taken, and never waits in memory as a whole.
#[test]
fn an_echo_of_a_bomb_takes_no_memory() {
    let mut compress = Compress::new(Compression::fast(), false);
    let mut block = Vec::with_capacity(1 << 16);
    compress.compress_vec(&vec![0; 4 << 20], &mut block, FlushCompress::Sync).expect("it is compressed");
    let (run, mut peer, _) = connected("--echo --compress --compress-level 1", ACCEPTED, "");
    peer.frame(RSV1 | BINARY, &block);
    for _ in 0..62 {
        peer.frame(CONTINUATION, &block);
    }
    peer.frame(FIN | CONTINUATION, b"\x00");
    let (opcode, payload, frames) = peer.message();
    assert_eq!(opcode, BINARY);
    assert!(payload.len() < 63 << 16 && frames > 63, "{} bytes in {frames} frames", payload.len());
    let memory = run.peak_memory();
    peer.finish_first(1000);
    run.finish().status(0);
    assert!(memory < 24 << 20, "{memory} bytes");
}

#[test]
fn inspect_says_what_was_agreed() {
    let text = Run::new(["inspect", "--compress", "echo:"]).finish();
    text.status(0).stdout_has("compression             permessage-deflate, client: 32 KiB window, context kept");
    let json = Run::new(["inspect", "--compress=server_no_context_takeover", "--json", "echo:"]).finish();
    let report = &json.json()[0];
    assert_eq!(report["extensions"][0], "permessage-deflate; server_no_context_takeover");
    assert_eq!(report["compression"]["server"]["context_takeover"], false);
    assert_eq!(report["compression"]["client"]["window_bits"], 15);
    let plain = Run::new(["inspect", "--json", "echo:"]).finish();
    assert!(plain.json()[0]["compression"].is_null());
}
