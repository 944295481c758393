//! `listen` with clients that read slowly or not at all, more of them than there is room for, and its end by a signal.

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::harness::{CLOSE, FIN, Peer, Run, Running, Stdin, TEXT, good_request, line};
use crate::tls::Files;

/// Lines of so many bytes, and so many of them: more than a queue and the buffers of a connection take.
const LENGTH: usize = 1000;
const LINES: usize = 20_000;

/// A listener at a socket of the file system, whose buffers are small.
fn listen(options: &str) -> (Running, tempfile::TempDir) {
    let directory = tempfile::tempdir().expect("there is room");
    let address = format!("unix:{}", directory.path().join("socket").display());
    (Run::new(["listen", &address]).words(options).stdin(Stdin::Held).start(), directory)
}

/// A thread that writes the lines, as fast as they are taken.
fn pour(run: &mut Running, lines: usize) -> thread::JoinHandle<()> {
    let mut stdin = run.take_stdin();
    thread::spawn(move || {
        for number in 0..lines {
            let line = line(number, LENGTH) + "\n";
            stdin.write_all(line.as_bytes()).expect("the listener reads");
        }
    })
}

/// Reads the lines.
#[track_caller]
fn expect_lines(peer: &mut Peer, lines: std::ops::Range<usize>) {
    for number in lines {
        peer.expect_text(line(number, LENGTH));
    }
}

/// Reads lines up to the Close of who was let go; how many there were.
#[track_caller]
fn expect_to_be_let_go(peer: &mut Peer, queue: &str) -> usize {
    for number in 0.. {
        let frame = peer.read();
        if frame.opcode() == CLOSE {
            assert_eq!(frame.close_code(), Some(1013), "{frame:?}");
            assert_eq!(frame.payload[2..], *format!("too slow: its queue of {queue} is full").as_bytes());
            return number;
        }
        assert!(frame.payload == line(number, LENGTH).as_bytes(), "line {number}: {frame:?}");
    }
    unreachable!("there are fewer lines than numbers")
}

#[test]
fn who_does_not_read_is_let_go_and_the_others_get_everything() {
    let mut run = Run::listen("").stdin(Stdin::Held).start();
    let url = run.url();
    let [mut deaf, mut other] = [Peer::open(&url), Peer::open(&url)];
    let pouring = pour(&mut run, LINES);
    let start = Instant::now();
    expect_lines(&mut other, 0..LINES);
    pouring.join().unwrap();
    // It has waited for a second once; the rest is what a busy machine takes.
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    run.wait_stderr("client 1 at 127.0.0.1:");
    run.wait_stderr(
        " is too slow, and is let go: its queue of 1 MiB is full (--queue makes it longer, --lossless waits)\n",
    );
    // Though it did not read, the Close stands behind what it had got.
    let got = expect_to_be_let_go(&mut deaf, "1 MiB");
    assert!(got * LENGTH > 1000 && got < LINES, "{got} lines");
    deaf.close(1013, "");
    other.finish(1000);
    let run = run.finish();
    run.status(0).stderr_has("1 client did not get all that was queued: ");
    assert_eq!(run.stderr.lines().count(), 3, "{run:?}");
}

#[test]
fn who_does_not_read_is_let_go_also_when_nobody_else_is_there() {
    let (mut run, _directory) = listen("--queue 64K -v");
    let mut deaf = Peer::open(&run.url());
    let mut stdin = run.take_stdin();
    let endless = thread::spawn(move || while stdin.write_all((line(0, LENGTH) + "\n").as_bytes()).is_ok() {});
    run.wait_stderr("its queue of 64 KiB is full");
    let got = std::iter::repeat_with(|| deaf.read()).take_while(|frame| frame.opcode() == TEXT).count();
    deaf.close(1013, "");
    run.signal(Signal::TERM);
    let run = run.finish();
    // What is told is what it got.
    run.died_of(Signal::TERM).stderr_has(&format!(", {got} out ({} bytes), ", got * LENGTH));
    endless.join().unwrap();
}

#[test]
fn who_does_not_read_is_let_go_from_a_room() {
    let (run, _directory) = listen("--broadcast --queue 64K");
    let url = run.url();
    let [mut deaf, mut other, mut talker] = [Peer::open(&url), Peer::open(&url), Peer::open(&url)];
    let talking = thread::spawn(move || {
        (0..2000).for_each(|number| talker.text(line(number, LENGTH)));
        talker
    });
    expect_lines(&mut other, 0..2000);
    run.wait_stderr("client 1 at ");
    let got = expect_to_be_let_go(&mut deaf, "64 KiB");
    assert!(got < 2000, "{got} lines");
    deaf.close(1013, "");
    let mut talker = talking.join().unwrap();
    other.text("still here");
    talker.expect_text("still here");
    run.signal(Signal::TERM);
    other.finish(1001);
    talker.finish(1001);
    run.finish().died_of(Signal::TERM);
}

#[test]
fn who_never_answers_the_close_is_hung_up_on() {
    let (mut run, _directory) = listen("--queue 64K --close-timeout 200ms -v");
    let url = run.url();
    let [_deaf, mut other] = [Peer::open(&url), Peer::open(&url)];
    let pouring = pour(&mut run, 2000);
    expect_lines(&mut other, 0..2000);
    pouring.join().unwrap();
    run.wait_stderr("closed without an answer");
    other.finish(1000);
    run.finish().status(0);
}

#[test]
fn who_reads_loses_nothing_however_fast_the_input_is() {
    for options in ["--queue 16K", "--queue 1"] {
        let (mut run, _directory) = listen(options);
        let url = run.url();
        let peers: [Peer; 3] = std::array::from_fn(|_| Peer::open(&url));
        let readers = peers.map(|mut peer| {
            thread::spawn(move || {
                expect_lines(&mut peer, 0..3000);
                peer.finish(1000);
            })
        });
        pour(&mut run, 3000).join().unwrap();
        for reader in readers {
            reader.join().unwrap();
        }
        run.finish().status(0).silent_but_for_the_url();
    }
}

#[test]
fn who_reads_slowly_but_reads_is_waited_for() {
    let (mut run, _directory) = listen("--queue 64K");
    let mut slow = Peer::open(&run.url());
    let pouring = pour(&mut run, 1500);
    for number in 0..1500 {
        expect_lines(&mut slow, number..number + 1);
        // The scenario itself: 1.5 MB in at least 3 seconds.
        thread::sleep(Duration::from_millis(2));
    }
    pouring.join().unwrap();
    slow.finish(1000);
    run.finish().status(0).silent_but_for_the_url();
}

#[test]
fn a_message_longer_than_the_queue_comes() {
    let text = line(1, 5_000_000);
    let run = Run::listen("--queue 1000 --wait 0").input(text.clone() + "\nshort\n").start();
    let mut peer = Peer::open(&run.url());
    assert!(peer.message().1 == text.as_bytes());
    peer.expect_text("short");
    peer.finish(1000);
    run.finish().status(0).silent_but_for_the_url();
}

#[test]
fn with_lossless_everything_waits_for_who_does_not_read() {
    let (mut run, _directory) = listen("--lossless --queue 64K");
    let url = run.url();
    let [mut deaf, mut other] = [Peer::open(&url), Peer::open(&url)];
    let pouring = pour(&mut run, 3000);
    expect_lines(&mut other, 0..50);
    // The scenario itself: longer than anybody would be waited for without it.
    thread::sleep(Duration::from_millis(1500));
    let others = thread::spawn(move || {
        expect_lines(&mut other, 50..3000);
        other.finish(1000);
    });
    expect_lines(&mut deaf, 0..3000);
    deaf.finish(1000);
    others.join().unwrap();
    pouring.join().unwrap();
    run.finish().status(0).silent_but_for_the_url();
}

#[test]
fn there_is_room_for_so_many_and_the_next_one_is_told_when_to_come_again() {
    let run = Run::listen("--max-clients 2 -v").stdin(Stdin::Held).start();
    let url = run.url();
    let [first, second] = [Peer::open(&url), Peer::open(&url)];
    let mut third = Peer::connect(&url);
    third.send(good_request("/", ""));
    let answer = third.rest();
    assert!(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nAll places are taken (2). Try again in 5 seconds.\n"), "{answer}");
    // Whoever asks for something else hears about that.
    let mut page = Peer::connect(&url);
    page.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert!(page.rest().starts_with("HTTP/1.1 426 "));
    first.finish_first(1000);
    run.wait_stderr("closed by the peer");
    let third = Peer::open(&url);
    run.signal(Signal::TERM);
    second.finish(1001);
    third.finish(1001);
    run.finish().died_of(Signal::TERM);
}

#[test]
fn a_signal_lets_out_what_is_queued_first() {
    let (mut run, _directory) = listen("");
    let mut peer = Peer::open(&run.url());
    // More than the buffers of such a socket take, and less than the queue.
    run.write((0..700).map(|number| line(number, LENGTH) + "\n").collect::<String>());
    // Whoever comes now gets none of it: all of it has been handed out when a line comes that was written later.
    let mut late = Peer::open(&run.url());
    run.write("last\n");
    while late.read().payload != b"last" {}
    run.signal(Signal::TERM);
    expect_lines(&mut peer, 0..700);
    peer.expect_text("last");
    peer.finish(1001);
    late.finish(1001);
    run.finish().died_of(Signal::TERM);
}

#[test]
fn a_signal_waits_no_longer_than_its_grace() {
    let (mut run, _directory) = listen("--grace 300ms --close-timeout 1h -v");
    let url = run.url();
    let [_deaf, mut polite] = [Peer::open(&url), Peer::open(&url)];
    run.write((0..500).map(|number| line(number, LENGTH) + "\n").collect::<String>());
    expect_lines(&mut polite, 0..500);
    let start = Instant::now();
    run.signal(Signal::INT);
    polite.finish(1001);
    let run = run.finish();
    let elapsed = start.elapsed();
    assert!(elapsed >= Duration::from_millis(300) && elapsed < Duration::from_secs(10), "{elapsed:?}");
    // What was sent and what was not is all there was, in payload.
    let words =
        run.stderr.split_once("closed without an answer; 0 messages in (0 bytes), ").expect("its end is told").1;
    let (sent, rest) = words.split_once(" out (").expect("it was sent something");
    let (unsent, rest) = rest.split_once("; not sent: ").expect("not all was").1.split_once(" messages (").unwrap();
    let bytes = rest.split_once(" bytes)").unwrap().0;
    let [sent, unsent, bytes] = [sent, unsent, bytes].map(|number| number.parse::<usize>().expect("a number"));
    assert_eq!((sent + unsent, bytes), (500, unsent * LENGTH), "{run:?}");
    let told = format!("1 client did not get all that was queued: {unsent} messages ({bytes} bytes) not sent\n");
    run.died_of(Signal::INT).stderr_has(&told);
}

#[test]
fn a_second_signal_ends_at_once() {
    let run = Run::listen("--grace 1h --close-timeout 1h").stdin(Stdin::Held).start();
    let mut silent = Peer::open(&run.url());
    run.signal(Signal::TERM);
    silent.expect_close(1001);
    run.signal(Signal::TERM);
    run.finish().died_of(Signal::TERM);
    silent.expect_end();
}

/// Descriptors run out, and are there again.
#[cfg(target_os = "linux")]
#[test]
fn too_few_descriptors_are_told_once_a_second_and_survived() {
    let (nothing, _) = std::io::pipe().unwrap();
    let stdin = Stdin::Passing(nothing.into(), "ulimit -Sn 20; ulimit -Hn 28");
    let run = Run::listen("--no-stdin").stdin(stdin).start();
    let url = run.url();
    // The limit is raised to the hard one: more clients are served than the soft one lets in.
    let mut served: Vec<Peer> = (0..8).map(|_| Peer::open(&url)).collect();
    let mut waiting: Vec<Peer> = (0..20).map(|_| Peer::connect(&url)).collect();
    for peer in &mut waiting {
        peer.request("/", "");
    }
    run.wait_stderr("cannot take another client for the moment: ");
    let before = run.cpu_time();
    // The scenario itself: it lasts.
    thread::sleep(Duration::from_millis(1500));
    let spent = run.cpu_time().saturating_sub(before);
    assert!(spent < Duration::from_millis(500), "{spent:?}: it must not try again and again");
    served[0].text("served");
    run.wait_stdout("served\n");
    for peer in served {
        peer.finish_first(1000);
    }
    for peer in &mut waiting[..8] {
        assert!(peer.head().starts_with("HTTP/1.1 101 "));
    }
    drop(waiting);
    run.signal(Signal::TERM);
    let run = run.finish();
    run.died_of(Signal::TERM);
    let told = run.stderr.matches("cannot take another client").count();
    assert!((1..=4).contains(&told), "{run:?}");
}

/// Who finds that there is none left for a command, or for the way to another place, is told to come again.
#[cfg(target_os = "linux")]
#[test]
fn too_few_descriptors_for_what_a_client_needs_are_a_refusal() {
    let place = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let place = place.local_addr().unwrap().to_string();
    let endpoints: [&[&str]; 2] = [&["--exec", "--", "sh", "-c", "echo ready; cat"], &["--forward", &place]];
    for (endpoint, spare) in endpoints.into_iter().flat_map(|endpoint| [(endpoint, 1), (endpoint, 2)]) {
        let run = Run::listen("-v").args(endpoint).start();
        let url = run.url();
        let mut first = Peer::open(&url);
        if endpoint[0] == "--exec" {
            first.expect_text("ready");
        }
        // The connection itself takes one.
        run.leave_descriptors(spare);
        let mut refused = Peer::connect(&url);
        refused.request("/", "");
        let head = refused.head();
        assert!(head.starts_with("HTTP/1.1 503 ") && head.contains("\r\nRetry-After: 5\r\n"), "{head}");
        assert!(refused.rest().contains("no room for another client now"));
        run.wait_stderr("cannot take another client for the moment: ");
        run.wait_stderr("refused with 503: ");
        drop(refused);
        run.leave_descriptors(100);
        let second = Peer::open(&url);
        drop((first, second));
        run.signal(Signal::TERM);
        run.finish().died_of(Signal::TERM).stderr_lacks("cannot serve").stderr_lacks("refused with 502");
    }
}

/// A peer whose machine has gone without a word is found out by the system's own probes.
#[cfg(target_os = "linux")]
#[test]
fn connections_are_kept_alive() {
    // The columns of proc_net_tcp(5): the local address, the state, which is 01 when established, and the timer that runs,
    // which is 02 when that is the one of keep-alive.
    let timer = |port: u16| {
        let table = std::fs::read_to_string("/proc/net/tcp").expect("Linux has it");
        let line = table.lines().find_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let is_it = fields[1].ends_with(&format!(":{port:04X}")) && fields[3] == "01";
            is_it.then(|| fields[5][..2].to_owned())
        });
        line.expect("the connection is there")
    };
    let port = |url: &str| url.trim_end_matches('/').rsplit(':').next().unwrap().parse().expect("a port");
    for options in ["", "--once", "--echo"] {
        let run = Run::listen(options).stdin(Stdin::Held).start();
        let peer = Peer::open(&run.url());
        // Our answer may not have been acknowledged yet: then that is waited for.
        let timer = std::iter::repeat_with(|| timer(port(&run.url()))).find(|timer| timer != "01");
        assert_eq!(timer.as_deref(), Some("02"), "{options}");
        peer.finish_first(1000);
        run.signal(Signal::TERM);
        drop(run.finish());
    }
}

/// What one who only connects and goes on talking nonsense costs is bounded in time, whatever the pace.
#[test]
fn a_byte_at_a_time_does_not_lengthen_the_handshake() {
    let run = Run::listen("--handshake-timeout 400ms").stdin(Stdin::Held).start();
    let mut peer = Peer::connect(&run.url());
    let mut sender = peer.sender();
    let start = Instant::now();
    let dripping = thread::spawn(move || {
        for byte in good_request("/", &format!("X: {}\r\n", "x".repeat(1000))).as_bytes() {
            // The scenario itself.
            thread::sleep(Duration::from_millis(20));
            if !sender.try_send([*byte]) {
                return;
            }
        }
    });
    let answer = peer.rest();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    dripping.join().unwrap();
    run.signal(Signal::TERM);
    run.finish().died_of(Signal::TERM);
}

#[test]
fn a_tls_handshake_that_stops_is_given_up() {
    let files = Files::good();
    let run = files.listen("--handshake-timeout 300ms -v");
    let address = run.url().replace("wss://", "ws://");
    // Nothing at all, the beginning of a record, and a record that is none.
    for hello in [&b""[..], b"\x16\x03\x01\x02\x00\x01", b"\x16\x03\x01\x00\x02\xff\xff"] {
        let mut peer = Peer::connect(&address);
        let start = Instant::now();
        peer.send(hello);
        peer.rest();
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    }
    run.signal(Signal::TERM);
    run.finish().died_of(Signal::TERM).stderr_has("TLS: ");
}

#[test]
fn limits_that_are_none_are_wrong_usage() {
    for options in ["--max-clients 0", "--queue 0", "--queue 2G", "--grace -1s"] {
        Run::listen(options).finish().status(2);
    }
    // It says again what is so anyway.
    let run = Run::listen("--once --lossless").stdin(Stdin::Held).start();
    let mut peer = Peer::open(&run.url());
    peer.frame(FIN | TEXT, "hello");
    peer.finish_first(1000);
    run.finish().status(0).stdout("hello\n");
}
