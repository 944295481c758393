//! `--out hex` and `--timestamps`.

use std::process::{Command, Stdio};

use crate::harness::{BINARY, CONTINUATION, FIN, Peer, Run, Server};

#[test]
fn messages_are_shown_as_hexdumps() {
    let finished = Run::connect("--out hex", "echo:").input("hello\n\nsixteen letters.\n").finish();
    let expected = "\
text, 5 bytes
00000000  68 65 6c 6c 6f                                    |hello|
text, 0 bytes
text, 16 bytes
00000000  73 69 78 74 65 65 6e 20  6c 65 74 74 65 72 73 2e  |sixteen letters.|
";
    finished.status(0).silent().stdout(expected);
}

#[test]
fn a_message_that_comes_in_pieces_has_its_size_at_the_end() {
    let server = Server::start();
    let running = Run::connect("--out hex", &server.url()).start();
    let mut peer = server.accept();
    peer.frame(BINARY, "first piece");
    // What has come is shown before the rest is there.
    running.wait_stdout("binary\n00000000  66 69 72 73 74 20 70 69  65 63 65");
    peer.frame(CONTINUATION | FIN, ", last piece");
    peer.finish_first(1000);
    let expected = "\
binary
00000000  66 69 72 73 74 20 70 69  65 63 65 2c 20 6c 61 73  |first piece, las|
00000010  74 20 70 69 65 63 65                              |t piece|
00000017
";
    running.finish().status(0).stdout(expected);
}

/// What others call the canonical dump is the measure, where it is installed.
#[test]
fn a_long_dump_is_that_of_hexdump() {
    let bytes: Vec<u8> = (0..100_003_u32).map(|number| (number * 7 % 251) as u8).collect();
    let finished = Run::connect("-b --in whole --out hex", "echo:").input(bytes.clone()).finish();
    finished.status(0);
    let text = finished.text();
    let (_, dump) = text.split_once('\n').expect("a line says what came");
    let directory = tempfile::tempdir().expect("there is room");
    let path = directory.path().join("bytes");
    std::fs::write(&path, &bytes).expect("there is room");
    let Ok(other) = Command::new("hexdump").args(["-v", "-C"]).arg(&path).stderr(Stdio::inherit()).output() else {
        assert_eq!(dump.lines().count(), bytes.len().div_ceil(16) + 1);
        return;
    };
    let expected = String::from_utf8(other.stdout).expect("a dump is text");
    assert!(dump == expected, "the dumps differ");
}

#[test]
fn clients_are_told_apart() {
    let running = Run::listen("--out hex").start();
    let mut clients = [0; 2].map(|_| Peer::open(&running.url()));
    for client in &mut clients {
        client.text("hi");
    }
    running.wait_lines(4);
    for client in clients {
        client.finish_first(1000);
    }
    running.wait_stdout(", client 1\n00000000  68 69 ");
    running.wait_stdout(", client 2\n00000000  68 69 ");
}

#[test]
fn hex_is_no_format_of_input() {
    for option in ["--in", "--format"] {
        let finished = Run::new(["connect", option, "hex", "echo:"]).finish();
        finished.status(2).stderr_has("invalid value 'hex'");
    }
}

/// A line's time, taken off it.
#[track_caller]
fn without_time(line: &str) -> &str {
    let (time, rest) = line.split_once(' ').expect("a time stands before it");
    let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000Z", "{line}");
    rest
}

#[test]
fn times_stand_before_messages() {
    let finished = Run::connect("--timestamps", "echo:").input("one\n\ntwo words\n").finish();
    finished.status(0).silent();
    let text = finished.text();
    let lines: Vec<&str> = text.lines().map(without_time).collect();
    assert_eq!(lines, ["one", "", "two words"]);

    let finished = Run::connect("--timestamps -0", "echo:").input("a\0b\0").finish();
    finished.status(0);
    let text = finished.text();
    let records: Vec<&str> = text.trim_end_matches('\0').split('\0').map(without_time).collect();
    assert_eq!(records, ["a", "b"]);

    let finished = Run::connect("--timestamps --out hex", "echo:").input("a\n").finish();
    finished.status(0);
    let text = finished.text();
    let first = text.lines().next().expect("there is a line");
    assert_eq!(without_time(first), "text, 1 byte");
}

#[test]
fn formats_without_a_place_for_times_take_none() {
    for words in ["--out json", "--out raw", "--format length", "-b", "--in lines --out whole"] {
        let finished = Run::connect(&format!("--timestamps {words}"), "echo:").finish();
        finished.status(2).stderr_has("--timestamps goes with --out lines, nul or hex");
    }
}
