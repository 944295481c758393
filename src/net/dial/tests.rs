//! Dialling by each kind of endpoint, and what the errors say.

use super::*;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;

use rustix::net::SocketAddrUnix;

fn listening() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

fn host(name: &str, port: u16) -> Endpoint {
    let name = name.to_owned();
    Endpoint::Host { name, port }
}

fn attempt(address: &str, outcome: Outcome) -> (Attempt, Outcome) {
    let attempt = Attempt { address: address.to_owned(), outcome: outcome.to_string(), duration: Duration::ZERO };
    (attempt, outcome)
}

#[test]
fn an_address_or_its_text_connects() {
    let (listener, port) = listening();
    for endpoint in [host("127.0.0.1", port), Endpoint::Ip(SocketAddr::from(([127, 0, 0, 1], port)))] {
        let dialed = dial(&endpoint, &Lookup::default(), None).unwrap();
        let (mut server, client) = listener.accept().unwrap();
        assert_eq!(dialed.address, format!("127.0.0.1:{port}"));
        assert_eq!(dialed.socket.local(), client.to_string());
        assert_eq!(dialed.attempts.len(), 1);
        assert_eq!(dialed.attempts[0].outcome, "connected");
        (&dialed.socket).write_all(b"hello").unwrap();
        drop(dialed);
        let mut text = String::new();
        server.read_to_string(&mut text).unwrap();
        assert_eq!(text, "hello");
    }
}

#[test]
fn localhost_connects_to_a_listener_of_either_family() {
    let (_listener, port) = listening();
    let deadline = Some(Instant::now() + Duration::from_secs(60));
    let dialed = dial(&host("localhost", port), &Lookup::default(), deadline).unwrap();
    assert_eq!(dialed.address, format!("127.0.0.1:{port}"));
    let Socket::Tcp(stream) = &dialed.socket else {
        panic!("not TCP");
    };
    assert!(stream.nodelay().unwrap());
}

#[test]
fn a_family_leaves_the_other_out() {
    let (_listener, port) = listening();
    let endpoint = host("127.0.0.1", port);
    let of = |family| Lookup { family, ..Lookup::default() };
    assert!(dial(&endpoint, &of(Family::V4), None).is_ok());
    let error = dial(&endpoint, &of(Family::V6), None).unwrap_err();
    assert_eq!(error.to_string(), format!("127.0.0.1 port {port} has no IPv6 address"));
}

#[test]
fn a_unix_socket_connects() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let deadline = Some(Instant::now() + Duration::from_secs(60));
    let dialed = dial(&Endpoint::Unix(path.clone()), &Lookup::default(), deadline).unwrap();
    assert_eq!(dialed.address, format!("unix:{}", path.display()));
    assert_eq!(dialed.socket.peer(), dialed.address);
    let Socket::Unix(stream) = &dialed.socket else {
        panic!("not unix");
    };
    assert_eq!(stream.write_timeout().unwrap(), None, "the deadline's rest stayed set");
    listener.accept().unwrap();
}

#[test]
fn a_unix_socket_that_nobody_listens_on_refuses_and_a_missing_one_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let endpoint = Endpoint::Unix(path.clone());
    let missing = dial(&endpoint, &Lookup::default(), None).unwrap_err().to_string();
    assert!(missing.contains(&*path.to_string_lossy()) && missing.contains("No such file"), "{missing}");
    drop(UnixListener::bind(&path).unwrap());
    let refused = dial(&endpoint, &Lookup::default(), None).unwrap_err();
    assert!(refused.is_refused(), "{refused:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn the_deadline_bounds_a_unix_socket_whose_queue_is_full() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let listener = socket::open(AddressFamily::UNIX).unwrap();
    rustix::net::bind(&listener, &SocketAddrUnix::new(&path).unwrap()).unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    let _queued = UnixStream::connect(&path).unwrap();
    let deadline = Instant::now() + Duration::from_millis(20);
    let error = dial(&Endpoint::Unix(path), &Lookup::default(), Some(deadline)).unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
}

#[test]
fn the_error_names_every_attempt_unless_there_is_nothing_to_add() {
    let text =
        |endpoint: &Endpoint, attempts| error::of_attempts(endpoint, Duration::from_secs(2), attempts).to_string();
    let refused = vec![attempt("[::1]:9", Outcome::Refused), attempt("127.0.0.1:9", Outcome::Refused)];
    assert_eq!(
        text(&host("localhost", 9), refused),
        "could not connect to localhost port 9: [::1]:9 refused, 127.0.0.1:9 refused"
    );
    let ip = Endpoint::Ip("127.0.0.1:9".parse().unwrap());
    assert_eq!(text(&ip, vec![attempt("127.0.0.1:9", Outcome::Refused)]), "could not connect to 127.0.0.1:9: refused");
    assert_eq!(
        text(&ip, vec![attempt("127.0.0.1:9", Outcome::TimedOut)]),
        "timed out after 2.0s while connecting to 127.0.0.1:9"
    );
    assert_eq!(
        text(&host("a.test", 9), vec![attempt("1.0.0.1:9", Outcome::TimedOut)]),
        "timed out after 2.0s while connecting to a.test port 9 (1.0.0.1:9 no answer in time)"
    );
}

#[test]
fn of_several_outcomes_the_most_telling_gives_the_error() {
    let error = |outcomes: &[Outcome]| {
        let attempts = outcomes.iter().map(|it| attempt("1.0.0.1:9", it.clone())).collect();
        error::of_attempts(&host("a.test", 9), Duration::ZERO, attempts)
    };
    let other = || Outcome::Other("odd".to_owned());
    assert!(error(&[Outcome::Unreachable, Outcome::Refused]).is_refused());
    assert!(error(&[Outcome::Refused, Outcome::NotTried]).is_timeout());
    assert!(matches!(error(&[Outcome::Unreachable, Outcome::Unreachable]), DialError::Unreachable { .. }));
    assert!(matches!(error(&[Outcome::Unreachable, other()]), DialError::Other { .. }));
    assert_eq!(error(&[Outcome::Refused, other()]).attempts().len(), 2);
}
