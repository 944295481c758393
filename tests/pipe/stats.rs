//! `--stats`: what a run has carried, however it ends.

use rustix::process::Signal;
use serde_json::Value;

use crate::harness::{Finished, Peer, Run, Server, Stdin};

/// The summary, which is the last line of JSON on standard error.
#[track_caller]
fn stats(finished: &Finished) -> Value {
    let line = finished.stderr.lines().find(|line| line.starts_with("{\"type\":\"stats\""));
    let line = line.unwrap_or_else(|| panic!("no summary: {finished:?}"));
    serde_json::from_str(line).expect("it is JSON")
}

/// Messages and bytes of a direction.
fn carried(stats: &Value, direction: &str) -> (u64, u64) {
    let number = |name: &str| stats[direction][name].as_u64().expect("it is a number");
    (number("messages"), number("bytes"))
}

#[test]
fn both_directions_are_told_in_words() {
    let finished = Run::connect("--stats", "echo:").input("a\nbc\n").finish();
    finished.status(0).stdout("a\nbc\n").stderr_has("sent 2 messages, 3 bytes (");
    finished.stderr_has("received 2 messages, 3 bytes (").stderr_has(" s, 1 session\n");
    assert_eq!(finished.stderr.lines().count(), 3);
}

#[test]
fn it_is_told_quietly_too() {
    let finished = Run::connect("-q --stats=json", "echo:").input("hello\n").finish();
    finished.status(0);
    let stats = stats(&finished);
    assert_eq!((carried(&stats, "sent"), carried(&stats, "received")), ((1, 5), (1, 5)));
    assert_eq!(stats["sessions"], 1);
    assert!(stats["seconds"].as_f64() >= Some(1.0), "it waits for a second: {stats}");
    assert_eq!(stats["sent"].get("compressed"), None);
    assert_eq!(finished.stderr.lines().count(), 1);
}

#[test]
fn what_compression_has_saved_is_told() {
    let finished = Run::connect("--compress --stats=json --wait 0.2", "echo:").input("x".repeat(10_000)).finish();
    finished.status(0);
    let compressed = &stats(&finished)["sent"]["compressed"];
    assert_eq!(compressed["bytes"], 10_000);
    assert!(compressed["to"].as_u64() < Some(200) && compressed["ratio"].as_f64() < Some(0.02), "{compressed}");
}

#[test]
fn it_is_told_after_a_failure() {
    let server = Server::start();
    let running = Run::connect("--stats=json", &server.url()).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    peer.text("last words");
    running.wait_stdout("last words\n");
    peer.reset();
    let finished = running.finish();
    finished.status(6).stderr_has("the connection broke");
    assert_eq!(carried(&stats(&finished), "received"), (1, 10));
}

#[test]
fn it_is_told_where_nothing_was_opened() {
    let finished = Run::connect("--stats=json", "ws://127.0.0.1:1/").finish();
    finished.status(3);
    assert_eq!(stats(&finished)["sessions"], 0);
}

#[test]
fn it_is_told_before_a_signal_ends_the_run() {
    let server = Server::start();
    let running = Run::connect("--stats=json", &server.url()).start();
    let mut peer = server.accept();
    peer.text("hello");
    running.wait_stdout("hello\n");
    running.signal(Signal::TERM);
    peer.finish(1001);
    let finished = running.finish();
    finished.died_of(Signal::TERM);
    assert_eq!(carried(&stats(&finished), "received"), (1, 5));
}

#[test]
fn a_listener_adds_up_its_clients() {
    let running = Run::listen("--echo --stats=json").start();
    for number in 1..=3 {
        let mut client = Peer::open(&running.url());
        for _ in 0..number {
            client.text("four");
            client.expect_text("four");
        }
        client.finish_first(1000);
    }
    running.signal(Signal::INT);
    let finished = running.finish();
    finished.died_of(Signal::INT);
    let stats = stats(&finished);
    assert_eq!((carried(&stats, "sent"), carried(&stats, "received")), ((6, 24), (6, 24)));
    assert_eq!(stats["sessions"], 3);
}

#[test]
fn one_client_is_told_as_a_server_is() {
    let running = Run::listen("--once --stats").start();
    let mut client = Peer::open(&running.url());
    client.text("hello");
    running.wait_stdout("hello\n");
    client.finish_first(1000);
    running.finish().status(0).stderr_has("received 1 message, 5 bytes (").stderr_has(", 1 session\n");
}

#[test]
fn connections_that_follow_each_other_are_added_up() {
    let server = Server::start();
    let options = "-q --stats=json --reconnect --reconnect-delay 10ms";
    let running = Run::connect(options, &server.url()).stdin(Stdin::Held).start();
    let mut first = server.accept();
    first.text("one");
    running.wait_stdout("one\n");
    first.reset();
    let mut second = server.accept();
    second.text("three");
    second.finish_first(1000);
    let finished = running.finish();
    finished.status(0).stdout("one\nthree\n");
    let stats = stats(&finished);
    assert_eq!((carried(&stats, "received"), &stats["sessions"]), ((2, 8), &2.into()));
}
