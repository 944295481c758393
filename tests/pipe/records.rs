//! Every format, in both directions.

use crate::harness::{BINARY, CONTINUATION, FIN, Run, Server, Stdin, TEXT, line};

/// What comes back of `input` from an echo server.
#[track_caller]
fn echoed(options: &str, input: &[u8]) -> Vec<u8> {
    let run = Run::connect("--wait 0", "echo:").words(options).input(input).finish();
    run.status(0).silent();
    run.stdout
}

#[test]
fn every_format_gives_back_what_went_in() {
    let all: Vec<u8> = (0..=255).collect();
    let text = "zwölf\n\nβ ✓ 👩\n".as_bytes();
    let lengths = [&b"\0\0\0\x02ab\0\0\0\0\0\0\0\x01c"[..], &1_000_000_u32.to_be_bytes(), &vec![b'x'; 1_000_000]];
    for (options, input) in [
        ("", text),
        ("--format lines", text),
        ("-b --format lines", b"\xff\n\0\n"),
        ("-0", b"a\nb\0\0c\0"),
        ("--format nul", b"a\nb\0\0c\0"),
        ("-b", &all),
        ("-b --format raw", &all),
        ("--format raw", text),
        ("--format whole", text),
        ("-b --format whole", &all),
        ("--format length", &lengths.concat()),
    ] {
        assert!(echoed(options, input) == input, "{options}");
    }
}

#[test]
fn the_two_directions_can_have_different_formats() {
    assert_eq!(echoed("--in lines --out nul", b"a\nb\n"), b"a\0b\0");
    assert_eq!(echoed("--in nul --out length", b"a\0\0"), b"\0\0\0\x01a\0\0\0\0");
    assert_eq!(echoed("--in length --out lines", b"\0\0\0\x01a\0\0\0\0"), b"a\n\n");
    assert_eq!(echoed("--in lines --out raw", b"a\nb\n"), b"ab");
    assert_eq!(echoed("-0 --out lines", b"a\0b"), b"a\nb\n");
}

#[test]
fn all_of_the_input_comes_back_as_one_json_event() {
    let run = Run::connect("--in whole --out json --wait 0", "echo:").input("{\n  \"a\": 1\n}\n").finish();
    let data: Vec<_> = run.status(0).json().into_iter().filter(|event| event["type"] == "text").collect();
    assert_eq!(data.len(), 1, "{data:?}");
    assert_eq!(data[0]["data"], "{\n  \"a\": 1\n}\n");
}

#[test]
fn an_empty_input_as_one_message_is_an_empty_message() {
    let server = Server::start();
    let run = Run::connect("--in whole --wait 0", &server.url()).input("").start();
    let mut peer = server.accept();
    assert_eq!(peer.message().1, b"");
    peer.finish(1000);
    run.finish().status(0);
}

#[test]
fn binary_messages_are_raw_unless_told_otherwise() {
    let server = Server::start();
    let run = Run::connect("-b --wait 0", &server.url()).input(b"a\nb\n").start();
    let mut peer = server.accept();
    assert_eq!(peer.message(), (BINARY, b"a\nb\n".to_vec(), 1));
    peer.binary("c\n");
    peer.text("d");
    peer.finish(1000);
    run.finish().status(0).stdout("c\nd");
}

#[test]
fn a_chunk_is_never_longer_than_asked_for() {
    let server = Server::start();
    let run = Run::connect("-b --chunk-size 4 --wait 0", &server.url()).input("0123456789").start();
    let mut peer = server.accept();
    let (mut all, mut longest) = (Vec::new(), 0);
    while all.len() < 10 {
        let (_, payload, _) = peer.message();
        longest = longest.max(payload.len());
        all.extend(payload);
    }
    assert_eq!((&all[..], longest), (&b"0123456789"[..], 4));
    peer.finish(1000);
    run.finish().status(0);
}

#[test]
fn a_chunk_of_text_never_ends_inside_a_character() {
    let server = Server::start();
    let run = Run::connect("--format raw --chunk-size 4 --wait 0", &server.url()).input("aé✓👩b").start();
    let mut peer = server.accept();
    for text in ["aé", "✓", "👩", "b"] {
        peer.expect_text(text);
    }
    peer.finish(1000);
    run.finish().status(0);
}

#[test]
fn a_length_makes_one_frame_however_the_record_comes() {
    let server = Server::start();
    let mut run = Run::connect("--format length --wait 0", &server.url()).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    for piece in [&b"\0"[..], b"\0\0", b"\x05he", b"ll", b"o"] {
        run.write(piece);
    }
    assert_eq!(peer.message(), (TEXT, b"hello".to_vec(), 1));
    run.end_input();
    peer.finish(1000);
    run.finish().status(0);
}

#[test]
fn a_length_stands_before_a_fragmented_message() {
    let server = Server::start();
    let long = line(1, 300_000);
    let run = Run::connect("--out length", &server.url()).start();
    let mut peer = server.accept();
    peer.frame(BINARY, "ab");
    peer.frame(CONTINUATION, "");
    peer.frame(FIN | CONTINUATION, "c");
    peer.text("");
    peer.binary(&long);
    peer.finish_first(1000);
    let expected = [b"\0\0\0\x03abc\0\0\0\0", &300_000_u32.to_be_bytes()[..], long.as_bytes()];
    run.finish().status(0).stdout(expected.concat());
}

#[test]
fn a_record_that_is_cut_short_is_status_1_and_not_sent() {
    let cases = [
        (&b"\0\0\0\x01a\0\0\0\x05hel"[..], "record 2 of the input is cut short: 5 bytes were announced and 3 came"),
        (b"\0\0\0\x01a\0\0", "record 2 of the input is cut short"),
    ];
    for (input, words) in cases {
        let server = Server::start();
        let run = Run::connect("--format length --wait 0", &server.url()).input(input).start();
        let mut peer = server.accept();
        peer.expect_text("a");
        peer.finish(1011);
        run.finish().status(1).stderr_has(words);
    }
}
