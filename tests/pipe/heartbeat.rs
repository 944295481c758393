//! Pings that ask whether the peer is there: `--ping-interval`, `--ping-timeout`.
//!
//! A limit that is to be kept is short; one that must not misfire is some seconds, for a busy machine may stop for one.

use std::io::Write;
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::harness::{BINARY, CLOSE, CONTINUATION, FIN, Finished, Frame, PING, PONG, Peer, Run, Running, Server};
use crate::harness::{Stdin, Stdout, TEXT, line, unix_connection};
use crate::tls::Files;

const HOUR: &str = "--close-timeout 1h";

/// A peer that is there and answers nothing: a process that can be stopped.
fn echo() -> (Running, String) {
    let server = Run::listen("--echo").start();
    let url = server.url();
    (server, url)
}

#[track_caller]
fn had_no_pong(run: &Finished, seconds: &str) {
    run.status(6).stderr_has(&format!("no pong for {seconds} s (--ping-timeout)"));
}

#[track_caller]
fn expect_ping(peer: &mut Peer) {
    let frame = peer.read();
    assert!(frame.first == FIN | PING && frame.payload.is_empty(), "expected a Ping: {frame:?}");
}

#[test]
fn pings_come_at_the_interval() {
    let start = Instant::now();
    let server = Server::start();
    let run = Run::connect("--ping-interval 100ms", &server.url()).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    for _ in 0..3 {
        expect_ping(&mut peer);
        peer.frame(FIN | PONG, "");
    }
    assert!(start.elapsed() >= Duration::from_millis(300), "{:?}", start.elapsed());
    peer.close(1000, "");
    while peer.read().opcode() == PING {}
    run.finish().status(0).silent();
}

#[test]
fn a_listener_pings_every_client_and_so_does_once() {
    for how in ["", "--once", "--echo", "--broadcast"] {
        let run = Run::listen("--ping-interval 50ms").words(how).stdin(Stdin::Held).start();
        let mut peer = Peer::open(&run.url());
        expect_ping(&mut peer);
        peer.frame(FIN | PONG, "");
        expect_ping(&mut peer);
    }
}

#[test]
fn pings_go_between_the_fragments_of_a_message() {
    let server = Server::start();
    let mut run = Run::connect("--in whole --ping-interval 50ms", &server.url()).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    run.write("a long ");
    assert_eq!(peer.read().first, TEXT);
    expect_ping(&mut peer);
    run.write("message");
    let mut frame = peer.read();
    while frame.opcode() == PING {
        frame = peer.read();
    }
    assert_eq!((frame.first, &frame.payload[..]), (CONTINUATION, &b"message"[..]));
}

#[test]
fn the_timeout_alone_is_the_interval_too() {
    let server = Server::start();
    let run = Run::connect("--ping-timeout 100ms", &server.url()).words(HOUR).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    expect_ping(&mut peer);
    had_no_pong(&run.finish(), "0.1");
}

#[test]
fn a_peer_without_a_pong_is_told_and_left() {
    let start = Instant::now();
    let server = Server::start();
    let run = Run::connect("--ping-interval 100ms --ping-timeout 350ms", &server.url()).words(HOUR);
    let run = run.stdin(Stdin::Held).start();
    let mut peer = server.accept();
    let mut frame = peer.read();
    while frame.opcode() == PING {
        frame = peer.read();
    }
    assert_eq!((frame.close_code(), &frame.payload[2..]), (Some(1001), &b"no pong for 0.35 s"[..]));
    had_no_pong(&run.finish(), "0.35");
    assert!(start.elapsed() >= Duration::from_millis(450), "{:?}", start.elapsed());
}

#[test]
fn a_peer_that_is_stopped_is_found_out() {
    let (server, url) = echo();
    let run = Run::connect("--ping-interval 100ms --ping-timeout 1s", &url).words(HOUR);
    let mut run = run.stdin(Stdin::Held).start();
    run.write("hello\n");
    run.wait_stdout("hello\n");
    server.signal(Signal::STOP);
    had_no_pong(&run.finish(), "1");
}

/// What came of the Pings is not known before the run goes on.
#[test]
fn a_run_that_was_stopped_itself_holds_nobody_for_dead() {
    let (_server, url) = echo();
    let mut run = Run::connect("--ping-interval 50ms --ping-timeout 1s", &url).stdin(Stdin::Held).start();
    for round in ["one\n", "two\n"] {
        run.write(round);
        run.wait_stdout(round);
        run.signal(Signal::STOP);
        // The scenario itself: longer than the limit.
        thread::sleep(Duration::from_millis(2500));
        run.signal(Signal::CONT);
    }
    run.write("alive\n");
    run.wait_stdout("alive\n");
    run.end_input_and_finish().status(0).silent();
}

#[test]
fn a_peer_that_is_gone_is_connected_to_again() {
    let server = Server::start();
    let options = "--ping-interval 100ms --ping-timeout 1500ms --reconnect --reconnect-delay 10ms";
    let mut run = Run::connect(options, &server.url()).stdin(Stdin::Held).start();
    let _gone = server.accept();
    let mut peer = server.accept();
    run.wait_stderr("no pong for 1.5 s (--ping-timeout)");
    run.write("here again\n");
    let mut frame = peer.read();
    while frame.opcode() == PING {
        peer.frame(FIN | PONG, "");
        frame = peer.read();
    }
    assert_eq!((frame.first, &frame.payload[..]), (FIN | TEXT, &b"here again"[..]));
}

/// Says on standard error that a test of its own network is left out where there can't be one.
fn has_networks() -> bool {
    let found = Command::new("unshare").args(["-Urnpf", "--kill-child", "ip", "link", "set", "lo", "up"]).output();
    let can = found.is_ok_and(|output| output.status.success());
    if !can {
        eprintln!("left out: there is no unshare or no ip here, or no network namespace for us");
    }
    can
}

/// Runs `connect` with this input against an echo server in a network of their own, which is cut when the first line has come
/// back; gives its status and its standard error.
fn cut_off(input: &str, options: &str) -> (String, String) {
    let script = "
        ip link set lo up && mkfifo in && exec 9<>in || exit
        $wspipe listen --echo --url-file url 0 2>/dev/null & server=$!
        until [ -e url ]; do sleep 0.02; done
        $input >in 9<&- &
        { $wspipe connect $options $(cat url) <in 9<&-; echo \"status $?\"; } |
            { read -r line; ip link set lo down; tail -n 1; }
        kill $server
    ";
    let folder = tempfile::tempdir().expect("there is room");
    let mut shell = Command::new("timeout");
    shell.args(["-k", "1", "30", "unshare", "-Urnpf", "--kill-child", "sh", "-c", script]).current_dir(&folder);
    shell.envs([("wspipe", env!("CARGO_BIN_EXE_wspipe")), ("input", input), ("options", options)]);
    let output = shell.stdin(Stdio::null()).output().expect("it runs");
    let [stdout, stderr] = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (stdout.trim().to_owned(), stderr)
}

#[test]
fn a_network_that_is_cut_is_found_out() {
    if !has_networks() {
        return;
    }
    let beat = "--close-timeout 1h --ping-interval 200ms --ping-timeout 1500ms";
    for input in ["echo hello", "yes"] {
        let (status, stderr) = cut_off(input, beat);
        assert_eq!(status, "status 6", "{input}: {stderr}");
        assert!(stderr.contains("no pong for 1.5 s (--ping-timeout)"), "{input}: {stderr}");
    }
}

#[test]
fn a_peer_that_is_stopped_in_the_middle_of_an_upload_is_found_out() {
    let (server, url) = echo();
    let beat = "-b --ping-interval 100ms --ping-timeout 1s";
    stopped_in_an_upload(&server, Run::connect(beat, &url));
    let files = Files::good();
    let server = files.listen("--echo");
    stopped_in_an_upload(&server, files.connect(beat, &server.url()));
}

fn stopped_in_an_upload(server: &Running, run: Run) {
    let mut run = run.words(HOUR).stdin(Stdin::Held).start();
    let mut stdin = run.take_stdin();
    let endless = thread::spawn(move || while stdin.write_all(&[b'x'; 8 << 10]).is_ok() {});
    run.wait_stdout("x");
    server.signal(Signal::STOP);
    let run = run.finish();
    had_no_pong(&run, "1");
    run.stderr_has("not sent");
    endless.join().expect("it ends");
}

#[test]
fn any_byte_is_an_answer() {
    let server = Server::start();
    let run = Run::connect("--ping-interval 50ms --ping-timeout 3s", &server.url()).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    let frame = peer.bytes(FIN | TEXT, "slow");
    let start = Instant::now();
    // Longer than the limit in all, a byte after every few Pings, and never a Pong.
    for byte in frame {
        for _ in 0..15 {
            expect_ping(&mut peer);
        }
        peer.send([byte]);
    }
    assert!(start.elapsed() >= Duration::from_secs(4), "{:?}", start.elapsed());
    run.wait_stdout("slow\n");
    peer.close(1000, "");
    run.finish().status(0).silent();
}

#[test]
fn an_output_that_nobody_takes_is_no_death() {
    let server = Server::start();
    let run = Run::connect("--ping-interval 100ms --ping-timeout 500ms", &server.url()).stdout(Stdout::Held);
    let mut run = run.start();
    let mut peer = server.accept();
    // More than the pipe behind the output holds.
    let message = line(1, 1999);
    for _ in 0..1000 {
        peer.text(&message);
    }
    // Nobody reads for longer than the limit; the Pings that come meanwhile say how long.
    for _ in 0..15 {
        expect_ping(&mut peer);
    }
    let mut stdout = run.take_stdout();
    let reader = thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()).unwrap());
    peer.close(1000, "");
    run.finish().status(0).silent();
    assert_eq!(reader.join().unwrap(), 1000 * 2000);
}

/// Over a socket of the file system, whose buffers take little: so a Ping waits behind the messages.
#[test]
fn a_peer_that_takes_much_slowly_is_not_dead() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let url = format!("ws+unix:{}:/", path.display());
    let run = Run::connect("--wait 0 --ping-interval 100ms --ping-timeout 3s", &url);
    let run = run.input(format!("{}\n", line(1, 999)).repeat(2000)).start();
    let mut peer = unix_connection(&listener);
    peer.accept("");
    takes_slowly(&mut peer);
    while peer.read().opcode() == PING {}
    peer.close(1000, "");
    run.finish().status(0).silent();
}

/// Takes 2000 messages of 1000 bytes, and answers no Ping meanwhile.
#[track_caller]
fn takes_slowly(peer: &mut Peer) {
    let start = Instant::now();
    let mut messages = 0;
    while messages < 2000 {
        messages += usize::from(peer.read().opcode() == TEXT);
        if messages % 64 == 0 {
            // The scenario itself: a peer that is slow.
            thread::sleep(Duration::from_millis(150));
        }
    }
    assert!(start.elapsed() >= Duration::from_secs(4), "{:?}", start.elapsed());
}

#[test]
fn a_listener_lets_go_of_who_is_stopped_and_serves_the_others() {
    let mut run = Run::listen("--ping-interval 100ms --ping-timeout 2s").stdin(Stdin::Held).start();
    let url = run.url();
    let stopped = Run::connect("-v", &url).stdin(Stdin::Held).start();
    stopped.wait_stderr("connected to");
    let other = Run::connect("-v", &url).stdin(Stdin::Held).start();
    other.wait_stderr("connected to");
    stopped.signal(Signal::STOP);
    run.wait_stderr("client 1 at ");
    run.wait_stderr("no pong for 2 s (--ping-timeout)");
    run.write("still here\n");
    other.wait_stdout("still here\n");
    run.end_input_and_finish().status(0).stderr_lacks("client 2 at");
    other.finish().status(0);
}

/// A queue's frames leave in pieces, and each waits until there is room.
#[test]
fn a_client_that_takes_much_slowly_is_not_dead() {
    let directory = tempfile::tempdir().unwrap();
    let address = format!("unix:{}", directory.path().join("socket").display());
    let run = Run::new(["listen", &address]).words("--lossless --ping-interval 100ms --ping-timeout 3s");
    let mut run = run.stdin(Stdin::Held).start();
    let mut peer = Peer::open(&run.url());
    let mut stdin = run.take_stdin();
    let input = thread::spawn(move || stdin.write_all(format!("{}\n", line(1, 999)).repeat(2000).as_bytes()).unwrap());
    takes_slowly(&mut peer);
    input.join().unwrap();
    peer.close(1000, "");
    run.finish().status(0).stderr_lacks("no pong");
}

#[test]
fn the_end_of_a_dead_session_is_an_error_event() {
    let cases = [
        ("--ping-timeout 100ms", 6, "no pong for 0.1 s (--ping-timeout): the peer is gone, or the way to it"),
        ("--idle-timeout 100ms", 6, "nothing has come from the peer for 0.1 s (--idle-timeout)"),
        ("--timeout 1s", 9, "the time for the whole run is over (--timeout)"),
    ];
    for (options, status, words) in cases {
        for answers in [false, true] {
            let server = Server::start();
            let run = Run::connect("--out json --close-timeout 100ms", &server.url()).words(options).start();
            let mut peer = server.accept();
            if answers {
                while peer.read().opcode() == PING {}
                // It may have been given up already.
                peer.try_send(Frame::new(FIN | CLOSE, "").bytes());
            }
            let run = run.finish();
            let last = run.status(status).stderr_has(words).json().pop().unwrap();
            assert_eq!((&last["type"], &last["message"]), (&"error".into(), &words.into()), "{last}");
            // One line says whether it was closed cleanly.
            let lines = run.json();
            assert_eq!(lines.iter().filter(|line| !line["clean"].is_null()).count(), 1, "{lines:?}");
        }
    }
}

#[test]
fn a_listener_tells_of_each_client_that_is_gone() {
    let run = Run::listen("--out json --ping-interval 50ms --ping-timeout 150ms").stdin(Stdin::Held).start();
    let _silent = Peer::open(&run.url());
    run.wait_stdout("\"message\":\"no pong for 0.15 s (--ping-timeout)");
}

#[test]
fn forward_finds_out_that_the_other_end_is_gone() {
    let server = Server::start();
    let run = Run::new(["forward", "0", &server.url()]).words("--ping-interval 100ms --ping-timeout 1s").start();
    let mut stream = std::net::TcpStream::connect(run.listening_on()).unwrap();
    let mut peer = server.accept();
    stream.write_all(b"x").unwrap();
    let mut frames = Vec::new();
    while !(frames.contains(&(FIN | BINARY)) && frames.contains(&(FIN | PING))) {
        frames.push(peer.read().first);
    }
    run.wait_stderr("no pong for 1 s (--ping-timeout)");
}

#[test]
fn no_time_at_all_is_wrong_usage() {
    for option in ["--ping-interval", "--ping-timeout"] {
        Run::connect(option, "0").arg("echo:").finish().status(2).stderr_has("leave the option out");
    }
}
