//! One connected byte stream, TCP or unix, that a reading and a writing thread share.

use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::net::{AddressFamily, SocketType, sockopt};

use super::unix;

/// When the system asks a quiet peer whether it is there, how often, and how many times in vain.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(60);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_COUNT: u32 = 6;

/// A connected stream socket in blocking mode.
///
/// `Read` and `Write` are implemented for `&Socket`, so that an `Arc<Socket>` serves one thread per direction without
/// a lock. Make one with `From`: that sets `TCP_NODELAY`, which building a variant by hand does not.
#[derive(Debug)]
pub enum Socket {
    /// A TCP connection.
    Tcp(TcpStream),
    /// A connection over a unix domain socket.
    Unix(UnixStream),
}

impl Socket {
    /// Shuts down one direction, or both. A thread that is blocked in a read or write of that direction returns.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.shutdown(how),
            Self::Unix(stream) => stream.shutdown(how),
        }
    }

    /// Writes as much as there is room for now.
    ///
    /// # Errors
    /// `WouldBlock` where there is none; or the connection is gone.
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        // Whoever writes to a connection that is gone gets no signal: the runtime ignores it.
        Ok(rustix::net::send(self, bytes, rustix::net::SendFlags::DONTWAIT)?)
    }

    /// Bounds each later read; past it the read fails with `WouldBlock`. `None` waits for ever, zero hardly at all.
    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        let timeout = timeout.map(at_least_a_tick);
        match self {
            Self::Tcp(stream) => stream.set_read_timeout(timeout),
            Self::Unix(stream) => stream.set_read_timeout(timeout),
        }
    }

    /// Bounds each later write; past it the write fails with `WouldBlock`. `None` waits for ever, zero hardly at all.
    pub fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        let timeout = timeout.map(at_least_a_tick);
        match self {
            Self::Tcp(stream) => stream.set_write_timeout(timeout),
            Self::Unix(stream) => stream.set_write_timeout(timeout),
        }
    }

    /// Whether closing this socket, also by the end of the process, is a reset to the other end and not the end of a
    /// stream. Only TCP has that; over a unix socket the two look the same.
    pub fn resets_at_end(&self, resets: bool) {
        let _ = rustix::net::sockopt::set_socket_linger(self, resets.then_some(Duration::ZERO));
    }

    /// Has the system look whether the peer is still there when nothing has come for a minute; reads and writes fail about
    /// two minutes after its machine has gone. Does nothing for a unix socket, whose peers can't go unnoticed.
    pub fn keep_alive(&self) {
        let Self::Tcp(stream) = self else { return };
        // Where the system takes no such times it has its own.
        let _ = sockopt::set_socket_keepalive(stream, true);
        #[cfg(not(any(target_os = "openbsd", target_os = "haiku", target_os = "nto")))]
        {
            let _ = sockopt::set_tcp_keepidle(stream, KEEPALIVE_IDLE);
            let _ = sockopt::set_tcp_keepintvl(stream, KEEPALIVE_INTERVAL);
            let _ = sockopt::set_tcp_keepcnt(stream, KEEPALIVE_COUNT);
        }
    }

    /// The other end's address, for messages: `127.0.0.1:9001`, `[::1]:9001`, `unix:PATH` or `unix:@NAME`.
    ///
    /// A client of a unix socket has no name of its own; it gets the name of the socket that it came through.
    #[must_use]
    pub fn peer(&self) -> String {
        match self {
            Self::Tcp(stream) => describe_tcp(stream.peer_addr()),
            Self::Unix(stream) => unix_name(stream.peer_addr())
                .or_else(|| unix_name(stream.local_addr()))
                .unwrap_or_else(|| "unix socket".to_owned()),
        }
    }

    /// This end's address, for messages; in the same forms as [`Socket::peer`].
    #[must_use]
    pub fn local(&self) -> String {
        match self {
            Self::Tcp(stream) => describe_tcp(stream.local_addr()),
            Self::Unix(stream) => unix_name(stream.local_addr())
                .or_else(|| unix_name(stream.peer_addr()))
                .unwrap_or_else(|| "unix socket".to_owned()),
        }
    }
}

impl From<TcpStream> for Socket {
    fn from(stream: TcpStream) -> Self {
        // What is written here is already batched, so that Nagle's algorithm could only add delay. The one known
        // failure is macOS refusing the option once the peer has reset; the next read reports that better.
        let _ = stream.set_nodelay(true);
        Self::Tcp(stream)
    }
}

impl From<UnixStream> for Socket {
    fn from(stream: UnixStream) -> Self {
        Self::Unix(stream)
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
        }
    }
}

impl Read for &Socket {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(stream) => (&*stream).read(buf),
            Socket::Unix(stream) => (&*stream).read(buf),
        }
    }
}

impl Write for &Socket {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(stream) => (&*stream).write(buf),
            Socket::Unix(stream) => (&*stream).write(buf),
        }
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Socket::Tcp(stream) => (&*stream).write_vectored(bufs),
            Socket::Unix(stream) => (&*stream).write_vectored(bufs),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Opens a stream socket that child processes do not inherit.
pub(super) fn open(family: AddressFamily) -> io::Result<OwnedFd> {
    #[cfg(not(target_vendor = "apple"))]
    let fd = rustix::net::socket_with(family, SocketType::STREAM, rustix::net::SocketFlags::CLOEXEC, None)?;
    #[cfg(target_vendor = "apple")]
    let fd = {
        // There socket(2) takes no flags, and send(2) has no MSG_NOSIGNAL.
        let fd = rustix::net::socket(family, SocketType::STREAM, None)?;
        rustix::io::fcntl_setfd(&fd, rustix::io::FdFlags::CLOEXEC)?;
        rustix::net::sockopt::set_socket_nosigpipe(&fd, true)?;
        fd
    };
    Ok(fd)
}

/// The address family of a TCP address.
pub(super) fn family_of(address: SocketAddr) -> AddressFamily {
    match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    }
}

/// The system takes a time-out of zero for none; a caller whose time has just run out means the opposite.
pub(super) fn at_least_a_tick(timeout: Duration) -> Duration {
    timeout.max(Duration::from_micros(1))
}

fn describe_tcp(address: io::Result<SocketAddr>) -> String {
    address.map_or_else(|_| "a closed connection".to_owned(), |address| address.to_string())
}

fn unix_name(address: io::Result<std::os::unix::net::SocketAddr>) -> Option<String> {
    let name = unix::name_of(&address.ok()?)?;
    let mut text = "unix:".to_owned();
    // A client chooses its name itself, of any bytes.
    for c in name.to_string_lossy().chars() {
        if c.is_control() { text.extend(c.escape_default()) } else { text.push(c) }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;
    use std::net::TcpListener;
    use std::sync::Arc;

    fn tcp_pair() -> (Socket, Socket) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        (client.into(), server.into())
    }

    fn unix_pair() -> (Socket, Socket) {
        let (left, right) = UnixStream::pair().unwrap();
        (left.into(), right.into())
    }

    #[test]
    fn no_delay_is_set_on_both_ends() {
        let (client, server) = tcp_pair();
        for socket in [&client, &server] {
            let Socket::Tcp(stream) = socket else {
                panic!("not TCP: {socket:?}");
            };
            assert!(stream.nodelay().unwrap());
        }
    }

    #[test]
    fn the_system_can_be_asked_to_keep_watch() {
        let (_client, server) = tcp_pair();
        server.keep_alive();
        assert!(sockopt::socket_keepalive(&server).unwrap());
        #[cfg(target_os = "linux")]
        assert_eq!(sockopt::tcp_keepidle(&server).unwrap(), KEEPALIVE_IDLE);
        unix_pair().0.keep_alive();
    }

    #[test]
    fn two_threads_share_one_socket() {
        for (near, far) in [tcp_pair(), unix_pair()] {
            let near = Arc::new(near);
            let reader = Arc::clone(&near);
            let thread = std::thread::spawn(move || {
                let mut text = String::new();
                (&*reader).read_to_string(&mut text).unwrap();
                text
            });
            (&*near).write_all(b"there").unwrap();
            let mut seen = [0; 5];
            (&far).read_exact(&mut seen).unwrap();
            assert_eq!(&seen, b"there");
            (&far).write_all(b"and back").unwrap();
            far.shutdown(Shutdown::Write).unwrap();
            assert_eq!(thread.join().unwrap(), "and back");
        }
    }

    #[test]
    fn a_vectored_write_sends_every_part() {
        for (near, far) in [tcp_pair(), unix_pair()] {
            let parts = [IoSlice::new(b"head"), IoSlice::new(b""), IoSlice::new(b"body")];
            assert_eq!((&near).write_vectored(&parts).unwrap(), 8);
            let mut seen = [0; 8];
            (&far).read_exact(&mut seen).unwrap();
            assert_eq!(&seen, b"headbody");
        }
    }

    #[test]
    fn a_read_past_its_timeout_fails_and_zero_is_a_timeout() {
        for (near, _far) in [tcp_pair(), unix_pair()] {
            near.set_read_timeout(Some(Duration::ZERO)).unwrap();
            let error = (&near).read(&mut [0; 1]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
        }
    }

    #[test]
    fn a_write_past_its_timeout_fails() {
        for (near, _far) in [tcp_pair(), unix_pair()] {
            near.set_write_timeout(Some(Duration::ZERO)).unwrap();
            let block = [0; 8 * 1024];
            let error = loop {
                if let Err(error) = (&near).write(&block) {
                    break error;
                }
            };
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
        }
    }

    #[test]
    fn each_end_names_the_other() {
        let (client, server) = tcp_pair();
        assert_eq!(client.peer(), server.local());
        assert_eq!(server.peer(), client.local());
        assert!(client.peer().starts_with("127.0.0.1:"));
        assert_eq!(unix_pair().0.peer(), "unix socket");
    }
}
