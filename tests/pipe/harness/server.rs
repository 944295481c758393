//! A server that does exactly what a test says.

use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::peer::switching_protocols;
use super::{PATIENCE, Peer};

/// A listening socket on a port that the system has picked.
#[derive(Debug)]
pub(crate) struct Server {
    listener: TcpListener,
}

impl Server {
    /// A server on the loopback interface.
    pub(crate) fn start() -> Self {
        Server::at("127.0.0.1").expect("the loopback interface has a port left")
    }

    /// A server on a port of the loopback interface that was closed until now.
    #[track_caller]
    pub(crate) fn on(port: u16) -> Self {
        Server { listener: TcpListener::bind(("127.0.0.1", port)).expect("the port is free") }
    }

    /// A server at this address, if the machine has it.
    pub(crate) fn at(host: &str) -> Option<Self> {
        let listener = TcpListener::bind((host, 0)).ok()?;
        Some(Server { listener })
    }

    pub(crate) fn port(&self) -> u16 {
        self.listener.local_addr().expect("it is bound").port()
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://127.0.0.1:{}/", self.port())
    }

    /// Waits for a connection, on which nothing has been said.
    #[track_caller]
    pub(crate) fn connection(&self) -> Peer {
        wait_for_somebody(&self.listener);
        let (stream, _) = self.listener.accept().expect("somebody is there");
        Peer::new(stream, false)
    }

    /// A connection, on which nothing has been said, if one comes in this time.
    pub(crate) fn connection_within(&self, time: Duration) -> Option<Peer> {
        let mut ready = [PollFd::new(&self.listener, PollFlags::IN)];
        let time = Timespec::try_from(time).expect("it is short");
        let count = poll(&mut ready, Some(&time)).expect("a socket can be polled");
        (count == 1).then(|| self.connection())
    }

    /// Waits for a client and opens a session.
    #[track_caller]
    pub(crate) fn accept(&self) -> Peer {
        let mut peer = self.connection();
        peer.accept("");
        peer
    }

    /// Nobody has connected besides those who were let in.
    #[track_caller]
    pub(crate) fn expect_nobody(&self) {
        let mut ready = [PollFd::new(&self.listener, PollFlags::IN)];
        let count = poll(&mut ready, Some(&Timespec::default())).expect("a socket can be polled");
        assert_eq!(count, 0, "somebody connected");
    }

    /// Waits for a client and opens a session; these bytes come in one segment with the answer.
    #[track_caller]
    pub(crate) fn accept_with(&self, early: impl AsRef<[u8]>) -> Peer {
        let mut peer = self.connection();
        let mut answer = switching_protocols(&peer.head(), "").into_bytes();
        answer.extend_from_slice(early.as_ref());
        peer.send(answer);
        peer
    }

    /// Waits for a client and answers its request with `text`, as it is.
    #[track_caller]
    pub(crate) fn answer(&self, text: impl AsRef<[u8]>) -> Peer {
        let mut peer = self.connection();
        peer.head();
        peer.send(text);
        peer
    }
}

/// Waits for a connection through a socket of the file system, whose buffers take much less than those of TCP.
#[track_caller]
pub(crate) fn unix_connection(listener: &UnixListener) -> Peer {
    wait_for_somebody(listener);
    let (stream, _) = listener.accept().expect("somebody is there");
    Peer::new(OwnedFd::from(stream).into(), false)
}

/// Waits until somebody connects.
#[track_caller]
pub(crate) fn wait_for_somebody(listener: &impl AsFd) {
    let mut ready = [PollFd::new(listener, PollFlags::IN)];
    let patience = Timespec::try_from(PATIENCE).expect("it is short");
    let count = poll(&mut ready, Some(&patience)).expect("a socket can be polled");
    assert_eq!(count, 1, "nobody connected");
}
