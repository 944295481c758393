//! The closing handshake as the peer sees it: one Close from each side, nothing behind it, and then the end of the
//! connection (RFC 6455, 5.5.1 and 7).

use rustix::process::Signal;

use crate::harness::{CLOSE, FIN, PING, Peer, Run, Running, Server, Stdin};

/// A session in each role whose input stays open; `act` says what the peer does, and keeps the connection to its end.
#[track_caller]
fn both(options: &str, act: impl Fn(&mut Running, &mut Peer)) {
    let server = Server::start();
    let mut connect = Run::connect(options, &server.url()).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    act(&mut connect, &mut peer);
    connect.finish().status(0);
    let mut listen = Run::listen("").words(options).stdin(Stdin::Held).start();
    let mut peer = Peer::open(&listen.url());
    act(&mut listen, &mut peer);
    // It would not see the end of its input while nobody is there.
    listen.signal(Signal::TERM);
    listen.finish().died_of(Signal::TERM);
}

#[test]
fn only_pongs_follow_our_close() {
    let server = Server::start();
    let mut run = Run::connect("--count 1", &server.url()).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    peer.text("all that is awaited");
    peer.expect_close(1000);
    run.write("too late\n");
    // Not what the input still has, and one Close is enough; but a Ping is answered until the peer has closed, too.
    peer.ping("still there?");
    peer.expect_pong("still there?");
    peer.ping("and now?");
    peer.expect_pong("and now?");
    peer.close(1000, "");
    peer.expect_end();
    run.finish().status(0).stdout("all that is awaited\n").silent();
}

/// The peer stays, so it is the run that ends the connection, in a listener that goes on as well.
#[test]
fn an_answer_to_the_peers_close_ends_the_connection() {
    for payload in [&b""[..], &[3, 0xe8], &[3, 0xe9], b"\x03\xe8with a reason"] {
        both("", |_, peer| {
            peer.frame(FIN | CLOSE, payload);
            let answer = peer.read();
            let code = &payload[..payload.len().min(2)];
            assert_eq!((answer.first, answer.payload.as_slice()), (FIN | CLOSE, code), "{answer:?}");
            peer.expect_end();
        });
    }
}

#[test]
fn a_ping_is_answered_before_the_close_and_not_after_it() {
    both("", |_, peer| {
        let frames = [(PING, &b"before"[..]), (CLOSE, b"\x03\xe8"), (PING, b"after"), (CLOSE, b"\x03\xe8")];
        let bytes: Vec<u8> = frames.iter().flat_map(|(opcode, payload)| peer.bytes(FIN | opcode, payload)).collect();
        peer.send(bytes);
        peer.expect_pong("before");
        peer.expect_close(1000);
        peer.expect_end();
    });
}

/// A listener that closes first ends the connection as soon as the client has answered.
#[test]
fn a_server_ends_the_connection_once_both_have_closed() {
    let mut run = Run::listen("").stdin(Stdin::Held).start();
    let url = run.url();
    let [mut one, mut other] = [Peer::open(&url), Peer::open(&url)];
    for peer in [&mut one, &mut other] {
        // Once its message is out, it is among those who are told of the end.
        peer.text("here");
    }
    run.wait_lines(2);
    run.end_input();
    one.expect_close(1000);
    one.close(1000, "");
    one.expect_end();
    // The other has not answered yet, so the run goes on.
    other.expect_close(1000);
    other.close(1000, "");
    other.expect_end();
    run.finish().status(0);
}
