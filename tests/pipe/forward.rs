//! Byte streams: `forward`, `listen --forward` and `connect --forward`, alone and together.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::harness::{BINARY, FIN, PATIENCE, Peer, Run, Running, Server, Stdin};

/// A TCP server of the test.
struct Place(TcpListener);

impl Place {
    fn new() -> Self {
        Place(TcpListener::bind("127.0.0.1:0").expect("a port"))
    }

    fn address(&self) -> String {
        self.0.local_addr().expect("it is bound").to_string()
    }

    fn accept(&self) -> TcpStream {
        patient(self.0.accept().expect("a connection").0)
    }
}

fn patient(stream: TcpStream) -> TcpStream {
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket takes a time-out");
    stream
}

fn read(stream: &mut impl Read, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    stream.read_exact(&mut bytes).expect("so many bytes come");
    bytes
}

fn rest(stream: &mut impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("it ends as a stream does");
    bytes
}

#[track_caller]
fn expect_reset(stream: &mut impl Read) {
    let error = stream.read(&mut [0; 10]).expect_err("it is reset");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

/// `forward` to a URL, and a connection to it.
fn forward(options: &str, url: &str) -> (Running, TcpStream) {
    let run = Run::new(["forward", "0"]).words(options).arg(url).start();
    let address = run.listening_on();
    (run, patient(TcpStream::connect(address).expect("it listens")))
}

/// A connection through `forward` and `listen --forward`, both ends of it, and the two runs.
fn pair(options: &str) -> (TcpStream, TcpStream, [Running; 2]) {
    let place = Place::new();
    let listen = Run::listen(options).args(["--forward", &place.address()]).start();
    let (forward, client) = forward(options, &listen.url());
    let server = place.accept();
    (client, server, [forward, listen])
}

fn stop(runs: [Running; 2]) {
    for run in runs {
        run.signal(Signal::TERM);
        run.finish().died_of(Signal::TERM);
    }
}

#[test]
fn bytes_go_through_the_pair_both_ways() {
    for options in ["", "--compress"] {
        let (mut client, mut server, runs) = pair(options);
        client.write_all(b"to the server").expect("it takes");
        assert_eq!(read(&mut server, 13), b"to the server");
        server.write_all(b"to the client").expect("it takes");
        assert_eq!(read(&mut client, 13), b"to the client");
        stop(runs);
    }
}

/// One direction ends, and the other goes on; in both orders.
#[test]
fn the_end_of_a_direction_is_carried_for_itself() {
    for swapped in [false, true] {
        let (client, server, runs) = pair("");
        let (mut first, mut second) = if swapped { (server, client) } else { (client, server) };
        first.write_all(b"that is all").expect("it takes");
        first.shutdown(Shutdown::Write).expect("it is open");
        assert_eq!(rest(&mut second), b"that is all");
        for part in ["much ", "later ", "still"] {
            second.write_all(part.as_bytes()).expect("it takes");
            assert_eq!(read(&mut first, part.len()), part.as_bytes());
        }
        drop(second);
        assert_eq!(rest(&mut first), b"");
        stop(runs);
    }
}

#[test]
fn much_goes_both_ways_at_once() {
    let (client, server, runs) = pair("");
    let bytes: Vec<u8> = (0..20_000_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    thread::scope(|scope| {
        let bytes = &bytes;
        for mut stream in [&client, &server] {
            scope.spawn(move || {
                stream.write_all(bytes).expect("it takes");
                stream.shutdown(Shutdown::Write).expect("it is open");
            });
            scope.spawn(move || assert!(rest(&mut stream) == *bytes, "the bytes are others"));
        }
    });
    stop(runs);
}

#[test]
fn a_reset_is_carried_as_a_reset() {
    for swapped in [false, true] {
        let (client, server, runs) = pair("");
        let (mut first, mut second) = if swapped { (server, client) } else { (client, server) };
        first.write_all(b"half").expect("it takes");
        assert_eq!(read(&mut second, 4), b"half");
        rustix::net::sockopt::set_socket_linger(&first, Some(std::time::Duration::ZERO)).expect("an option");
        drop(first);
        expect_reset(&mut second);
        runs[usize::from(swapped)].wait_stderr("the stream: Connection reset by peer");
        stop(runs);
    }
}

#[test]
fn a_run_that_is_stopped_is_no_end_of_the_stream() {
    for which in [0, 1] {
        let (mut client, mut server, runs) = pair("");
        client.write_all(b"x").expect("it takes");
        assert_eq!(read(&mut server, 1), b"x");
        runs[which].signal(Signal::TERM);
        expect_reset(&mut client);
        expect_reset(&mut server);
        let [forward, listen] = runs;
        let (stopped, other) = if which == 0 { (forward, listen) } else { (listen, forward) };
        stopped.finish().died_of(Signal::TERM);
        other.signal(Signal::TERM);
        other.finish().died_of(Signal::TERM);
    }
}

/// The command is a process group of its own, so nobody else would end it.
#[test]
fn what_leads_to_a_place_goes_with_the_run_though_it_has_not_got_there() {
    let command = "echo \"it is $$.\" >&2; exec sleep 1000";
    let run = Run::new(["forward", "0", "--connect-timeout", "1s", "--via-command", command, "ws://there/"]).start();
    let client = TcpStream::connect(run.listening_on()).expect("it listens");
    run.wait_stderr("it is ");
    run.signal(Signal::TERM);
    let run = run.finish();
    run.died_of(Signal::TERM);
    let number = run.stderr.split("it is ").nth(1).and_then(|rest| rest.split('.').next()).expect("it says");
    let pid = rustix::process::Pid::from_raw(number.parse().expect("a number")).expect("it is not 0");
    assert!(rustix::process::test_kill_process(pid).is_err(), "process {number} is there");
    drop(client);
}

#[test]
fn a_place_that_is_not_there_is_a_refusal() {
    let gone = Place::new().address();
    let listen = Run::listen("").args(["--forward", &gone]).start();
    let mut peer = Peer::connect(&listen.url());
    peer.request("/", "");
    let answer = peer.head();
    assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
    // What stands behind the listener is none of its clients' business.
    let body = peer.rest();
    assert!(body.contains("cannot reach the place") && !body.contains(&gone), "{body}");
    listen.wait_stderr(&gone);
    let (forward, mut client) = forward("", &listen.url());
    expect_reset(&mut client);
    forward.wait_stderr("502 Bad Gateway");
    forward.wait_stderr("could not reach the server behind");
    stop([forward, listen]);
}

/// RFC 6455, 5.5.1: the Close answers ours when the other direction is through.
#[test]
fn on_the_wire_a_direction_ends_with_its_close() {
    let place = Place::new();
    let listen = Run::listen("").args(["--forward", &place.address()]).start();
    let mut peer = Peer::open(&listen.url());
    let mut server = place.accept();
    peer.text("text is ");
    peer.binary("as good as binary");
    peer.close(1000, "");
    assert_eq!(rest(&mut server), b"text is as good as binary");
    server.write_all(b"answer").expect("it takes");
    let frame = peer.read();
    assert_eq!((frame.first, &frame.payload[..]), (FIN | BINARY, &b"answer"[..]));
    drop(server);
    peer.expect_close(1000);
    peer.expect_end();
    // The other order: our Close comes first, and is answered later.
    let mut peer = Peer::open(&listen.url());
    let mut server = place.accept();
    server.shutdown(Shutdown::Write).expect("it is open");
    peer.expect_close(1000);
    peer.binary("still");
    assert_eq!(read(&mut server, 5), b"still");
    peer.close(1000, "");
    assert_eq!(rest(&mut server), b"");
    // A Close with another code is none of an end.
    let mut peer = Peer::open(&listen.url());
    let mut server = place.accept();
    peer.close(1001, "");
    peer.expect_close(1001);
    expect_reset(&mut server);
    // Nor is a connection that breaks behind a Close that was to be answered.
    let mut peer = Peer::open(&listen.url());
    let mut server = place.accept();
    peer.close(1000, "");
    assert_eq!(rest(&mut server), b"");
    peer.reset();
    server.set_write_timeout(Some(PATIENCE)).expect("a socket takes a time-out");
    let error = loop {
        if let Err(error) = server.write_all(b"is anybody there?") {
            break error;
        }
    };
    assert!([ErrorKind::BrokenPipe, ErrorKind::ConnectionReset].contains(&error.kind()), "{error}");
    stop([listen, Run::listen("").start()]);
}

#[test]
fn connect_carries_a_stream_too() {
    let place = Place::new();
    let server = Server::start();
    let run = Run::connect("", &server.url()).args(["--forward", &place.address()]).stdin(Stdin::Held).start();
    let mut stream = place.accept();
    let mut peer = server.accept();
    peer.binary("up");
    assert_eq!(read(&mut stream, 2), b"up");
    stream.write_all(b"down").expect("it takes");
    drop(stream);
    assert_eq!(peer.read().payload, b"down");
    peer.finish(1000);
    run.finish().status(0).stdout("");
    let gone = Place::new().address();
    let run = Run::connect("", &server.url()).args(["--forward", &gone]).finish();
    run.status(3).stderr_has(&gone);
    server.expect_nobody();
}

#[test]
fn unix_sockets_are_streams_too() {
    let folder = TempDir::new().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let place = UnixListener::bind(path("place")).expect("a socket");
    let listen = Run::listen("--once").args(["--forward", &format!("unix:{}", path("place"))]).start();
    let run = Run::new(["forward", &format!("unix:{}", path("door")), &listen.url()]).start();
    run.listening_on();
    let mut client = UnixStream::connect(path("door")).expect("it listens");
    let (mut server, _) = place.accept().expect("a connection");
    client.write_all(b"there").expect("it takes");
    client.shutdown(Shutdown::Write).expect("it is open");
    assert_eq!(rest(&mut server), b"there");
    server.write_all(b"back").expect("it takes");
    drop(server);
    assert_eq!(rest(&mut client), b"back");
    listen.finish().status(0);
    run.signal(Signal::INT);
    run.finish().died_of(Signal::INT);
}

#[test]
fn several_connections_have_a_session_each() {
    let place = Place::new();
    let listen = Run::listen("").args(["--forward", &place.address()]).start();
    let forward = Run::new(["forward", "0", &listen.url()]).start();
    let address = forward.listening_on();
    let mut ends: Vec<_> =
        (0..10).map(|_| (patient(TcpStream::connect(&address).expect("it listens")), place.accept())).collect();
    for (number, (client, server)) in ends.iter_mut().enumerate().rev() {
        client.write_all(&[number as u8]).expect("it takes");
        assert_eq!(read(server, 1), [number as u8]);
    }
    stop([forward, listen]);
}

#[test]
fn options_for_messages_are_wrong_usage() {
    for option in ["--in=lines", "--send=x", "--echo", "-b", "--count=1"] {
        Run::listen(option).args(["--forward", "127.0.0.1:1"]).finish().status(2);
    }
    for place in ["", "nowhere", "127.0.0.1:0", "ws://127.0.0.1:1/"] {
        Run::listen("").args(["--forward", place]).finish().status(2).stderr_has("nowhere to connect to");
    }
}
