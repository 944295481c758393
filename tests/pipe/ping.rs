//! `ping`: what it sends, what it makes of pongs, and how it ends.

use std::time::Instant;

use rustix::process::Signal;

use crate::harness::{CLOSE, FIN, Finished, Frame, PING, PONG, Peer, Run, Server};

fn ping(words: &str, url: &str) -> Run {
    Run::new(["ping"]).words(words).arg(url)
}

/// Reads so many pings, and gives what they carry.
#[track_caller]
fn pings(peer: &mut Peer, count: usize) -> Vec<Vec<u8>> {
    let payload = |frame: Frame| {
        assert_eq!(frame.first, FIN | PING, "{frame:?}");
        frame.payload
    };
    (0..count).map(|_| payload(peer.read())).collect()
}

/// The lines that begin with these words.
fn lines(finished: &Finished, words: &str) -> usize {
    finished.text().lines().filter(|line| line.starts_with(words)).count()
}

#[test]
fn an_echo_server_answers_every_ping() {
    let finished = ping("-c 3 -i 0.01", "echo:").finish();
    finished.status(0).silent();
    let text = finished.text();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("PING ws://127.0.0.1:"), "{text}");
    assert!(lines[0].contains("): handshake ") && lines[0].ends_with(" ms)"), "{text}");
    for (seq, line) in (1..).zip(&lines[1..4]) {
        assert!(line.starts_with("8 bytes from 127.0.0.1:"), "{text}");
        assert!(line.contains(&format!(": seq={seq} time=")) && line.ends_with(" ms"), "{text}");
    }
    assert!(lines[5].starts_with("--- ws://127.0.0.1:") && lines[5].ends_with("/ ping statistics ---"), "{text}");
    assert!(lines[6].starts_with("3 pings sent, 3 pongs received, 0% lost, "), "{text}");
    assert!(lines[7].starts_with("rtt min/avg/max/stddev = "), "{text}");
    assert!(lines[8].starts_with("p50/p90/p99 = "), "{text}");
}

#[test]
fn a_flood_follows_the_pongs() {
    let finished = ping("-q -c 500 -i 0", "echo:").finish();
    finished.status(0).stdout_has("500 pings sent, 500 pongs received, 0% lost");
    assert_eq!(lines(&finished, "8 bytes"), 0);
    assert!(finished.text().starts_with("PING ws://127.0.0.1:"), "{finished:?}");
    assert_eq!(lines(&finished, "PING"), 1);
}

#[test]
fn the_size_is_that_of_the_payload() {
    for size in ["0", "1", "8", "125"] {
        let server = Server::start();
        let running = ping(&format!("-c 2 -i 0 -s {size}"), &server.url()).start();
        let mut peer = server.accept();
        for _ in 0..2 {
            let payload = pings(&mut peer, 1).remove(0);
            assert_eq!(payload.len().to_string(), size);
            peer.frame(FIN | PONG, payload);
        }
        peer.finish(1000);
        running.finish().status(0).stdout_has(&format!("\n{size} bytes from "));
    }
    ping("-s 126", "echo:").finish().status(2).stderr_has("at most 125 bytes");
}

#[test]
fn a_ping_without_a_pong_is_lost() {
    let server = Server::start();
    let running = ping("-c 2 -i 0.001 -W 0.5", &server.url()).start();
    let mut peer = server.accept();
    let first = pings(&mut peer, 2).remove(0);
    peer.frame(FIN | PONG, first);
    running.wait_stdout("no pong for seq=2");
    peer.finish(1000);
    running.finish().status(6).silent().stdout_has("2 pings sent, 1 pong received, 50% lost");
}

#[test]
fn a_late_pong_is_told_and_its_ping_stays_lost() {
    let server = Server::start();
    let running = ping("-i 1h -W 0.01", &server.url()).start();
    let mut peer = server.accept();
    let payload = pings(&mut peer, 1).remove(0);
    running.wait_stdout("no pong for seq=1");
    peer.frame(FIN | PONG, payload);
    running.wait_stdout(" (late)");
    running.signal(Signal::INT);
    peer.finish(1001);
    running
        .finish()
        .status(6)
        .stdout_has("1 ping sent, 0 pongs received, 1 too late, 100% lost")
        .stdout_has(": seq=1 time=");
}

#[test]
fn pongs_in_another_order_are_told_by_their_numbers() {
    let server = Server::start();
    let running = ping("-c 3 -i 0.001", &server.url()).start();
    let mut peer = server.accept();
    let payloads = pings(&mut peer, 3);
    let pongs = [2, 0, 1].map(|at| peer.bytes(FIN | PONG, &payloads[at])).concat();
    peer.send(pongs);
    peer.finish(1000);
    let finished = running.finish();
    finished.status(0).stdout_has("3 pings sent, 3 pongs received, 0% lost");
    let text = finished.text();
    let places = [3, 1, 2].map(|seq| text.find(&format!("seq={seq} ")).expect("each has a line"));
    assert!(places.is_sorted(), "{text}");
}

/// RFC 6455, 5.5.3.
#[test]
fn a_pong_to_the_most_recent_ping_only_is_no_loss() {
    let server = Server::start();
    let running = ping("-c 3 -i 0.001", &server.url()).start();
    let mut peer = server.accept();
    let last = pings(&mut peer, 3).remove(2);
    peer.frame(FIN | PONG, last);
    peer.finish(1000);
    let words = "3 pings sent, 1 pong received, 2 answered together with a later one, 0% lost";
    running.finish().status(0).stdout_has(words);
}

#[test]
fn what_nobody_asked_for_is_told_and_messages_pass_by() {
    let server = Server::start();
    let running = ping("-c 2 -i 0.001", &server.url()).start();
    let mut peer = server.accept();
    let payloads = pings(&mut peer, 2);
    peer.frame(FIN | PONG, "heartbeat");
    peer.text("hello");
    peer.binary(vec![0; 300_000]);
    peer.ping("and you?");
    peer.expect_pong("and you?");
    peer.frame(FIN | PONG, &payloads[0]);
    peer.frame(FIN | PONG, &payloads[0]);
    running.wait_stdout("seq=1 time=");
    running.wait_stdout(" ms (duplicate)");
    peer.frame(FIN | PONG, &payloads[1]);
    peer.finish(1000);
    let finished = running.finish();
    finished.status(0).stdout_has("9 bytes from 127.0.0.1:").stdout_has(": a pong that nobody asked for\n");
    finished.stdout_has("2 pings sent, 2 pongs received, 1 duplicate, 1 unasked for, 0% lost");
    assert!(!finished.text().contains("hello"));
}

#[test]
fn ctrl_c_is_the_usual_end() {
    let running = ping("-i 0.001", "echo:").start();
    running.wait_stdout("seq=3 ");
    running.signal(Signal::INT);
    running.finish().status(0).silent().stdout_has(" 0% lost, ").stdout_has("rtt min/avg/max/stddev");
}

#[test]
fn at_ctrl_c_what_is_on_its_way_still_counts() {
    let server = Server::start();
    let running = ping("", &server.url()).start();
    let mut peer = server.accept();
    let payload = pings(&mut peer, 1).remove(0);
    running.signal(Signal::INT);
    let close = peer.expect_close(1001);
    let answer = [peer.bytes(FIN | PONG, payload), peer.bytes(FIN | CLOSE, close.payload)].concat();
    peer.send(answer);
    running.finish().status(0).stdout_has("1 ping sent, 1 pong received, 0% lost");
}

#[test]
fn a_server_that_never_answers_is_told_at_ctrl_c() {
    let server = Server::start();
    let running = ping("", &server.url()).start();
    let mut peer = server.accept();
    pings(&mut peer, 1);
    running.signal(Signal::INT);
    peer.finish(1001);
    running.finish().status(6).stdout_has("no pong for seq=1").stdout_has("1 ping sent, 0 pongs received, 100% lost");
}

#[test]
fn sigterm_has_its_summary_and_its_death() {
    let running = ping("-i 1h", "echo:").start();
    running.wait_stdout("seq=1 ");
    running.signal(Signal::TERM);
    running.finish().died_of(Signal::TERM).stdout_has("1 ping sent, 1 pong received, 0% lost");
}

#[test]
fn sigquit_asks_how_far_it_is() {
    let running = ping("-i 1h", "echo:").start();
    running.wait_stdout("seq=1 ");
    running.signal(Signal::QUIT);
    running.wait_stderr("1/1 pongs, 0% lost, min/avg/max = ");
    running.signal(Signal::INT);
    running.finish().status(0);
}

#[test]
fn the_server_may_end_it() {
    let server = Server::start();
    let running = ping("-i 0.001", &server.url()).start();
    let mut peer = server.accept();
    let payload = pings(&mut peer, 1).remove(0);
    let answer = [peer.bytes(FIN | PONG, payload), peer.bytes(FIN | CLOSE, 1011_u16.to_be_bytes())].concat();
    peer.send(answer);
    peer.rest();
    let finished = running.finish();
    finished.status(7).stdout_has(" 1 pong received").stderr_has("the peer closed with 1011");
}

#[test]
fn a_close_before_the_last_ping_leaves_the_count_unmet() {
    let server = Server::start();
    let running = ping("-c 5 -i 1h", &server.url()).start();
    let mut peer = server.accept();
    let payload = pings(&mut peer, 1).remove(0);
    peer.frame(FIN | PONG, payload);
    peer.finish_first(1000);
    let finished = running.finish();
    finished
        .status(8)
        .stdout_has("1 ping sent, 1 pong received")
        .stderr_has("the peer closed after 1 of 5 pings (--count)");
}

#[test]
fn a_close_instead_of_a_pong_is_told() {
    let server = Server::start();
    let running = ping("-c 2 -i 1h", &server.url()).start();
    let mut peer = server.accept();
    pings(&mut peer, 1);
    peer.finish_first(1000);
    running.finish().status(6).stdout_has("no pong for seq=1").stderr_has("closed by the peer, 1000 (normal closure)");
}

#[test]
fn a_connection_that_breaks_is_told_with_a_summary() {
    let server = Server::start();
    let running = ping("-i 1h", &server.url()).start();
    let mut peer = server.accept();
    pings(&mut peer, 1);
    peer.reset();
    let finished = running.finish();
    finished.status(6).stdout_has("1 ping sent, 0 pongs received, 100% lost").stderr_has("the connection broke");
}

#[test]
fn the_time_may_run_out() {
    let finished = ping("-i 1h --timeout 1", "echo:").finish();
    finished.status(9).stdout_has("1 ping sent, 1 pong received, 0% lost").stderr_has("--timeout");
}

#[test]
fn a_refusal_is_told_as_connect_tells_it() {
    let server = Server::start();
    let running = ping("--bearer secret --origin http://page.test", &server.url()).start();
    let mut peer = server.connection();
    let request = peer.head();
    assert!(request.contains("Authorization: Bearer secret\r\n") && request.contains("Origin: http://page.test\r\n"));
    peer.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno\n");
    let finished = running.finish();
    finished.status(5).stdout("").stderr_has("403 Forbidden");
}

#[test]
fn json_has_an_object_for_each_event() {
    let server = Server::start();
    let running = ping("--json -c 2 -i 0.001 -W 0.5", &server.url()).start();
    let mut peer = server.accept();
    let payloads = pings(&mut peer, 2);
    peer.frame(FIN | PONG, "x");
    peer.frame(FIN | PONG, &payloads[0]);
    // Each line is there at once.
    running.wait_stdout("\"type\":\"pong\"");
    running.wait_stdout("\"type\":\"lost\"");
    peer.finish(1000);
    let finished = running.finish();
    finished.status(6).silent();
    let lines = finished.json();
    let types: Vec<_> = lines.iter().map(|line| line["type"].as_str().expect("each has a type")).collect();
    assert_eq!(types, ["open", "unasked", "pong", "lost", "summary"]);
    assert_eq!(lines[0]["url"], server.url());
    assert!(lines[0]["milliseconds"]["handshake"].as_f64() > lines[0]["milliseconds"]["http"].as_f64());
    assert_eq!((&lines[2]["seq"], &lines[3]["seq"]), (&1.into(), &2.into()));
    let summary = &lines[4];
    assert_eq!([&summary["sent"], &summary["received"], &summary["lost"], &summary["unasked"]], [2, 1, 1, 1]);
    assert_eq!(summary["milliseconds"]["p99"], lines[2]["milliseconds"]);
}

/// What it says of the server is not how long there was none.
#[test]
fn attempts_in_vain_are_no_part_of_the_handshake() {
    let server = Server::start();
    let start = Instant::now();
    let running = ping("-c 1 --json --retry", &server.url()).start();
    for _ in 0..3 {
        drop(server.answer("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"));
    }
    let mut peer = server.accept();
    let all = start.elapsed().as_secs_f64() * 1e3;
    let payload = pings(&mut peer, 1).remove(0);
    peer.frame(FIN | PONG, payload);
    peer.finish(1000);
    let finished = running.finish();
    let took = finished.status(0).json()[0]["milliseconds"]["handshake"].as_f64().expect("a number");
    assert!(took < all / 2.0, "{took} of {all}");
}

#[test]
fn a_short_json_report_is_one_line() {
    let finished = ping("-q --json -c 2 -i 0", "echo:").finish();
    finished.status(0).silent();
    let lines = finished.json();
    assert_eq!((lines.len(), &lines[0]["type"]), (1, &"summary".into()));
}

#[test]
fn quiet_means_standard_error_too_wherever_it_stands() {
    for words in ["-q ping ws://127.0.0.1:1/", "ping -q ws://127.0.0.1:1/"] {
        Run::new(words.split(' ')).finish().status(3).silent().stdout("");
    }
    let finished = Run::new("-q ping -c 1 echo:".split(' ')).finish();
    finished.status(0).silent().stdout_has("1 ping sent");
    assert_eq!(lines(&finished, "8 bytes"), 0);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let server = Server::start();
    let mut running = ping("-i 1h", &server.url()).stdout(crate::harness::Stdout::Held).start();
    let mut peer = server.accept();
    pings(&mut peer, 1);
    drop(running.take_stdout());
    peer.finish(1000);
    running.finish().status(0).silent();
}
