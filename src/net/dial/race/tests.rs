//! Races on loopback. A delay of an hour stands for "must not be waited for".

use super::*;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::fd::OwnedFd;

const HOUR: Duration = Duration::from_secs(3600);

/// A port that refuses: bound, so that nothing else gets it, but not listened on.
struct Refusing {
    address: SocketAddr,
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "held open"))]
    socket: OwnedFd,
}

impl Refusing {
    fn new() -> Self {
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let socket = socket::open(socket::family_of(any)).unwrap();
        rustix::net::bind(&socket, &any).unwrap();
        let address = rustix::net::getsockname(&socket).unwrap().try_into().unwrap();
        Self { address, socket }
    }
}

/// A port that does not answer: its accept queue holds one connection, and that is in it, so that Linux drops every
/// SYN.
#[cfg(target_os = "linux")]
struct Silent {
    address: SocketAddr,
    _socket: OwnedFd,
    _queued: TcpStream,
}

#[cfg(target_os = "linux")]
impl Silent {
    fn new() -> Self {
        let Refusing { address, socket } = Refusing::new();
        rustix::net::listen(&socket, 0).unwrap();
        let queued = TcpStream::connect(address).unwrap();
        let listening = (socket.as_fd(), Interest::Read);
        assert!(crate::net::wait(&[listening], None).unwrap()[0].is_readable());
        Self { address, _socket: socket, _queued: queued }
    }
}

fn listening() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn outcomes(race: Race) -> Vec<(String, Outcome)> {
    race.into_attempts().into_iter().map(|(attempt, outcome)| (attempt.address, outcome)).collect()
}

#[test]
fn a_refusal_starts_the_next_attempt_at_once() {
    let refusing = Refusing::new();
    let (_listener, open) = listening();
    let mut race = Race::new(vec![refusing.address, open], HOUR, None);
    let (_, winner) = race.run().expect("one address listens");
    assert_eq!(winner, open);
    assert_eq!(
        outcomes(race),
        [(refusing.address.to_string(), Outcome::Refused), (open.to_string(), Outcome::Connected)]
    );
}

#[test]
fn addresses_behind_the_winner_are_not_tried() {
    let (_first, open) = listening();
    let (second, spare) = listening();
    let mut race = Race::new(vec![open, spare], HOUR, None);
    assert_eq!(race.run().unwrap().1, open);
    assert_eq!(outcomes(race), [(open.to_string(), Outcome::Connected)]);
    second.set_nonblocking(true).unwrap();
    assert_eq!(second.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn the_winner_is_in_blocking_mode() {
    let (listener, open) = listening();
    let (mut stream, _) = Race::new(vec![open], HOUR, None).run().unwrap();
    let (mut server, _) = listener.accept().unwrap();
    let answer = std::thread::spawn(move || {
        let mut byte = [0];
        stream.read_exact(&mut byte).map(|()| byte)
    });
    server.write_all(b"x").unwrap();
    assert_eq!(&answer.join().unwrap().unwrap(), b"x");

    let (stream, _) = Race::new(vec![open], HOUR, None).run().unwrap();
    let flags = rustix::fs::fcntl_getfl(&stream).unwrap();
    assert!(!flags.contains(rustix::fs::OFlags::NONBLOCK));
}

#[test]
fn every_refusal_is_reported() {
    let (one, two) = (Refusing::new(), Refusing::new());
    let mut race = Race::new(vec![one.address, two.address], HOUR, None);
    assert!(race.run().is_none());
    assert_eq!(
        outcomes(race),
        [(one.address.to_string(), Outcome::Refused), (two.address.to_string(), Outcome::Refused)]
    );
}

#[test]
fn a_deadline_in_the_past_leaves_all_untried() {
    let (_listener, open) = listening();
    let mut race = Race::new(vec![open], HOUR, Some(Instant::now()));
    assert!(race.run().is_none());
    assert_eq!(outcomes(race), [(open.to_string(), Outcome::NotTried)]);
}

#[cfg(target_os = "linux")]
#[test]
fn silence_starts_the_next_attempt_after_the_delay() {
    let silent = Silent::new();
    let (_listener, open) = listening();
    let delay = Duration::from_millis(20);
    let begun = Instant::now();
    let mut race = Race::new(vec![silent.address, open], delay, None);
    assert_eq!(race.run().unwrap().1, open);
    assert!(begun.elapsed() >= delay);
    assert_eq!(
        outcomes(race),
        [(silent.address.to_string(), Outcome::Abandoned), (open.to_string(), Outcome::Connected)]
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_refusal_beside_a_silent_attempt_does_not_end_the_race() {
    let (silent, refusing) = (Silent::new(), Refusing::new());
    let (_listener, open) = listening();
    let addresses = vec![silent.address, refusing.address, open];
    let mut race = Race::new(addresses, Duration::from_millis(1), None);
    assert_eq!(race.run().unwrap().1, open);
}

#[cfg(target_os = "linux")]
#[test]
fn the_deadline_ends_silence() {
    let silent = Silent::new();
    let (_listener, open) = listening();
    let deadline = Instant::now() + Duration::from_millis(20);
    let mut race = Race::new(vec![silent.address, open], HOUR, Some(deadline));
    assert!(race.run().is_none());
    assert!(Instant::now() >= deadline);
    assert_eq!(
        outcomes(race),
        [(silent.address.to_string(), Outcome::TimedOut), (open.to_string(), Outcome::NotTried)]
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_socket_connected_to_itself_counts_as_refused() {
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let socket = socket::open(socket::family_of(any)).unwrap();
    rustix::net::bind(&socket, &any).unwrap();
    let stream = TcpStream::from(socket);
    rustix::net::connect(&stream, &stream.local_addr().unwrap()).unwrap();
    let error = finish_connect(&stream).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}
