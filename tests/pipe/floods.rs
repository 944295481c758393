//! Peers that send more than anybody wants: memory stays bounded, and what we send arrives meanwhile.
#![cfg(target_os = "linux")]

use std::io::Write;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::{self, JoinHandle};

use rustix::process::Signal;

use crate::harness::{
    BINARY, CONTINUATION, FIN, PING, PONG, Peer, Run, Running, Server, Stdin, Stdout, TEXT, unix_connection,
};

/// How many frames a flood has at least.
const FRAMES: usize = 100_000;
/// How many of them leave in one write.
const AT_ONCE: usize = 1000;
/// What a process may take, in bytes: half as much again as one that has little to do.
const ENOUGH: u64 = 22 << 20;

/// The longest payload of a control frame: if such were kept, they would take more than is enough.
const LONGEST: &str = "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz\
                       0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefg";

/// A thread that sends frames until it is told that it is enough.
struct Flood {
    enough: Arc<AtomicBool>,
    thread: JoinHandle<Peer>,
}

impl Flood {
    fn start(mut sender: Peer, first: u8, payload: &'static str) -> Self {
        let enough = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&enough);
        let thread = thread::spawn(move || {
            let frames = sender.bytes(first, payload).repeat(AT_ONCE);
            let mut sent = 0;
            while sent < FRAMES || !told.load(SeqCst) {
                sender.send(&frames);
                sent += AT_ONCE;
            }
            sender
        });
        Flood { enough, thread }
    }

    fn end(self) -> Peer {
        self.enough.store(true, SeqCst);
        self.thread.join().expect("the program reads on")
    }
}

/// Lines that go in arrive at the peer, whatever else it gets.
#[track_caller]
fn lines_arrive(run: &mut Running, peer: &mut Peer) {
    for number in 0..5 {
        let line = format!("line {number}");
        run.write(format!("{line}\n"));
        let frame = loop {
            let frame = peer.read();
            if frame.opcode() != PONG {
                break frame;
            }
        };
        assert!(frame.first == FIN | TEXT && frame.payload == line.as_bytes(), "expected {line:?}: {frame:?}");
    }
}

#[track_caller]
fn took_little(run: &Running) {
    let memory = run.peak_memory();
    assert!(memory < ENOUGH, "{memory} bytes");
}

/// A session with a peer that begins like this and then sends such frames without pause.
#[track_caller]
fn is_withstood(mut run: Running, mut peer: Peer, begin: Option<u8>, first: u8, payload: &'static str) {
    if let Some(begin) = begin {
        peer.frame(begin, "");
    }
    let flood = Flood::start(peer.sender(), first, payload);
    lines_arrive(&mut run, &mut peer);
    let mut sender = flood.end();
    if begin.is_some() {
        sender.frame(FIN | CONTINUATION, "");
    }
    sender.text("over");
    run.wait_stdout("over\n");
    took_little(&run);
    sender.close(1000, "");
    while peer.read().opcode() == PONG {}
    run.finish().status(0);
}

/// Both roles, through sockets of the file system: their buffers are small, so that it is not they that take the flood in.
#[track_caller]
fn both_withstand(begin: Option<u8>, first: u8, payload: &'static str) {
    let directory = tempfile::tempdir().expect("there is room");
    let path = directory.path().join("server");
    let listener = UnixListener::bind(&path).expect("the path is free");
    let run = Run::connect("", &format!("ws+unix:{}:/", path.display())).stdin(Stdin::Held).start();
    let mut peer = unix_connection(&listener);
    peer.accept("");
    is_withstood(run, peer, begin, first, payload);

    let path = directory.path().join("listener");
    let run = Run::new(["listen", "--once"]).arg(format!("unix:{}", path.display())).stdin(Stdin::Held).start();
    let peer = Peer::open(&run.url());
    is_withstood(run, peer, begin, first, payload);
}

#[test]
fn pings() {
    both_withstand(None, FIN | PING, "");
}

#[test]
fn pongs_that_nobody_asked_for() {
    both_withstand(None, FIN | PONG, "x");
}

#[test]
fn empty_messages() {
    both_withstand(None, FIN | TEXT, "");
}

#[test]
fn messages_of_one_byte() {
    both_withstand(None, FIN | BINARY, "x");
}

#[test]
fn empty_fragments() {
    both_withstand(Some(TEXT), CONTINUATION, "");
}

#[test]
fn fragments_of_one_byte() {
    both_withstand(Some(TEXT), CONTINUATION, "x");
}

#[test]
fn control_frames_as_events() {
    let server = Server::start();
    let run = Run::connect("--out json", &server.url()).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    Flood::start(peer.sender(), FIN | PONG, "").end().close(1000, "");
    peer.expect_close(1000);
    let run = run.finish();
    let events = run.status(0).text().lines().count();
    assert_eq!(events, FRAMES + 2, "an event for each Pong, one at the beginning and one at the end");
}

#[test]
fn pings_from_a_peer_that_never_reads_while_the_input_has_no_end() {
    let server = Server::start();
    let mut run = Run::connect("--close-timeout 100ms", &server.url()).stdin(Stdin::Held).start();
    let peer = server.accept();
    let mut stdin = run.take_stdin();
    let endless = thread::spawn(move || while stdin.write_all(&[b'x'; 4096]).is_ok() {});
    // All of them are dealt with, though neither a Pong nor a message leaves any more.
    Flood::start(peer.sender(), FIN | PING, LONGEST).end().text("over");
    run.wait_stdout("over\n");
    took_little(&run);
    run.signal(Signal::TERM);
    run.finish().died_of(Signal::TERM);
    endless.join().unwrap();
    drop(peer);
}

#[test]
fn messages_that_nobody_takes_do_not_stop_what_is_sent() {
    let server = Server::start();
    let mut run = Run::connect("", &server.url()).stdin(Stdin::Held).stdout(Stdout::Held).start();
    let mut peer = server.accept();
    peer.sender().fill();
    lines_arrive(&mut run, &mut peer);
    took_little(&run);
}

#[test]
fn one_client_of_many_stops_nobody() {
    let mut run = Run::listen("").stdin(Stdin::Held).start();
    let url = run.url();
    let [mut one, mut other] = [Peer::open(&url), Peer::open(&url)];
    let flood = Flood::start(one.sender(), FIN | PING, "");
    for number in 0..5 {
        let text = format!("message {number}");
        other.text(&text);
        run.wait_stdout(text + "\n");
    }
    lines_arrive(&mut run, &mut one);
    for number in 0..5 {
        other.expect_text(format!("line {number}"));
    }
    flood.end();
    took_little(&run);
    run.signal(Signal::TERM);
    other.finish(1001);
    run.finish().died_of(Signal::TERM);
}

/// A limit for each client bounds nothing where clients are many.
#[test]
fn messages_that_clients_begin_and_never_end_take_bounded_memory() {
    for options in ["--broadcast", "--out json", "--out length"] {
        let run = Run::listen("--max-message 4M --grace 100ms").words(options).start();
        let url = run.url();
        let begin = || {
            let mut peer = Peer::open(&url);
            peer.frame(BINARY, vec![b'x'; 4_000_000]);
            peer
        };
        // With the answer to a Ping what came before it has been taken.
        let is_taken = |peer: &mut Peer| {
            peer.ping("taken?");
            peer.expect_pong("taken?");
        };
        let mut crowd: Vec<Peer> = (0..4).map(|_| begin()).collect();
        crowd.iter_mut().for_each(is_taken);
        let mut fifth = begin();
        fifth.expect_close(1013);
        run.wait_stderr(
            "the peer sent too much: messages that have not come to their end take more than 16777216 bytes",
        );
        // Who leaves, and who comes to an end, makes room.
        drop(fifth);
        crowd.pop().expect("there are four").finish_first(1000);
        crowd[0].frame(FIN | CONTINUATION, "");
        is_taken(&mut crowd[0]);
        run.wait_stderr("its last message was cut off after 4000000 bytes");
        let mut sixth = begin();
        // (The first answer may come before a Close.)
        is_taken(&mut sixth);
        is_taken(&mut sixth);
        run.signal(Signal::TERM);
        run.finish().died_of(Signal::TERM);
    }
}

/// A small limit is for each message, and no bound on how many clients may speak at a time.
#[test]
fn short_messages_of_many_clients_may_begin_at_the_same_time() {
    let run = Run::listen("--max-message 4K --broadcast").start();
    let mut crowd: Vec<Peer> = (0..12).map(|_| Peer::open(&run.url())).collect();
    for peer in &mut crowd {
        peer.frame(BINARY, vec![b'x'; 4000]);
        peer.ping("taken?");
        peer.expect_pong("taken?");
    }
    for peer in &mut crowd {
        peer.ping("still there?");
        peer.expect_pong("still there?");
    }
    run.signal(Signal::TERM);
    for peer in crowd {
        peer.finish(1001);
    }
    run.finish().died_of(Signal::TERM);
}

#[test]
fn an_echo_to_a_client_that_never_reads_takes_no_memory_and_stops_no_other() {
    let run = Run::listen("--echo --close-timeout 100ms").start();
    let url = run.url();
    let mut deaf = Peer::open(&url);
    deaf.fill();
    let mut other = Peer::open(&url);
    for number in 0..5 {
        other.text(number.to_string());
        other.expect_text(number.to_string());
    }
    took_little(&run);
    run.signal(Signal::TERM);
    other.finish(1001);
    run.finish().died_of(Signal::TERM);
    drop(deaf);
}
