//! Listening on a TCP port, on a unix socket, or on either as another process has made it.

mod address;
mod error;
mod inherited;
mod unix;

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::fs::{Mode, RawMode};
use rustix::io::Errno;
use rustix::process::umask;

use super::poll::{Interest, wait};
use super::socket::{self, Socket};
use unix::NamedListener;

pub use address::{ListenAddr, ListenAddrError};
pub use error::BindError;
pub use inherited::Unsuitable;

/// How many connections may wait to be accepted. The system cuts this down to its own limit (`net.core.somaxconn` on
/// Linux, 4096 there), so it asks for all that there is: a test that opens a thousand clients at once should see none
/// of them refused, and an entry costs nothing while unused.
const BACKLOG: i32 = 4096;

/// What to listen on.
#[derive(Debug)]
pub enum ListenOn {
    /// An address, which is bound.
    Address(ListenAddr),
    /// A unix socket whose file has this mode, whatever the umask says.
    UnixWithMode(PathBuf, u32),
    /// A socket that listens already, as service managers pass it (`sd_listen_fds(3)`).
    Inherited(OwnedFd),
}

/// A socket that accepts connections. The file of a unix socket that was bound here is removed when this is dropped.
#[derive(Debug)]
pub struct Listener {
    inner: Inner,
}

#[derive(Debug)]
enum Inner {
    Tcp { listener: TcpListener, local: SocketAddr },
    Unix(NamedListener),
}

impl Listener {
    /// Listens on an address, see [`Listener::bind`], or takes over a socket that listens already.
    ///
    /// Such a socket may be TCP or unix, and is made not to block and not to be inherited by children. A unix socket's
    /// file is left alone.
    pub fn open(on: ListenOn) -> Result<Self, BindError> {
        match on {
            ListenOn::Address(address) => Self::bind(&address),
            ListenOn::UnixWithMode(name, mode) => {
                // The file has to have its mode from the beginning: a client that gets in before stays in. Nobody else makes
                // files now.
                let before = umask(Mode::from_raw_mode((!mode & 0o777) as RawMode));
                let listener = NamedListener::bind(&name);
                umask(before);
                listener.map(|listener| Self { inner: Inner::Unix(listener) })
            }
            ListenOn::Inherited(fd) => inherited::adopt(fd).map(|inner| Self { inner }),
        }
    }

    /// Starts to listen; from here on clients can connect, even before the first [`Listener::accept`].
    ///
    /// A name may stand for several addresses: the first that can be bound is used, and only that. A port that has
    /// just been given up is bound again at once (`SO_REUSEADDR`). For a unix socket, a file that an earlier listener
    /// left behind is replaced; one that is in use, or is no socket, is not.
    pub fn bind(address: &ListenAddr) -> Result<Self, BindError> {
        let inner = match address {
            ListenAddr::Tcp { host, port } => bind_any(host, *port)?,
            ListenAddr::Unix(name) => Inner::Unix(NamedListener::bind(name)?),
        };
        Ok(Self { inner })
    }

    /// Waits for a client; see [`Listener::try_accept`].
    pub fn accept(&self) -> io::Result<(Socket, String)> {
        loop {
            if let Some(client) = self.try_accept()? {
                return Ok(client);
            }
            wait(&[(self.as_fd(), Interest::Read)], None)?;
        }
    }

    /// Takes a client, if one is there: the connection and the client's address, as in [`Socket::peer`].
    ///
    /// It never waits: whoever made the listener readable may be gone, or another process that shares the socket was
    /// faster. Other errors are returned; when descriptors have run out, the client goes on waiting, so that the next call
    /// fails at once as well.
    pub fn try_accept(&self) -> io::Result<Option<(Socket, String)>> {
        loop {
            let accepted = match &self.inner {
                // The address comes with the connection: one that was reset since can't be asked for it.
                Inner::Tcp { listener, .. } => {
                    listener.accept().map(|(stream, peer)| (Socket::from(stream), Some(peer.to_string())))
                }
                Inner::Unix(listener) => listener.accept().map(|stream| (Socket::from(stream), None)),
            };
            match accepted {
                Ok((socket, peer)) => {
                    // BSD, unlike Linux, hands the mode of the listener on to its connections.
                    #[cfg(not(any(target_os = "linux", target_os = "android")))]
                    rustix::io::ioctl_fionbio(&socket, false)?;
                    let peer = peer.unwrap_or_else(|| socket.peer());
                    return Ok(Some((socket, peer)));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The URL for clients: `ws://127.0.0.1:9001/`, `ws://[::1]:9001/`, `ws+unix:PATH:/` or `ws+unix:@NAME:/`,
    /// with the port that the system picked where 0 was asked for.
    #[must_use]
    pub fn url(&self) -> String {
        match &self.inner {
            Inner::Tcp { local, .. } => format!("ws://{local}/"),
            Inner::Unix(listener) => format!("ws+unix:{}:/", listener.name().display()),
        }
    }

    /// The address: `127.0.0.1:9001`, `[::1]:9001`, `unix:PATH` or `unix:@NAME`, with the port that the system picked
    /// where 0 was asked for.
    #[must_use]
    pub fn address(&self) -> String {
        match &self.inner {
            Inner::Tcp { local, .. } => local.to_string(),
            Inner::Unix(listener) => format!("unix:{}", listener.name().display()),
        }
    }

    /// The TCP port, with the one that the system picked where 0 was asked for; none for a unix socket.
    #[must_use]
    pub fn local_port(&self) -> Option<u16> {
        match &self.inner {
            Inner::Tcp { local, .. } => Some(local.port()),
            Inner::Unix(_) => None,
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.inner {
            Inner::Tcp { listener, .. } => listener.as_fd(),
            Inner::Unix(listener) => listener.as_fd(),
        }
    }
}

/// Whether an error of accept(2) is about one client, and the next call may well succeed. Linux hands out the errors
/// of the new connection here; accept(2) names them.
fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Interrupted
            | ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::NetworkDown
            | ErrorKind::NetworkUnreachable
            | ErrorKind::HostUnreachable
    )
}

fn bind_any(host: &str, port: u16) -> Result<Inner, BindError> {
    let addresses = (host, port).to_socket_addrs();
    let addresses = addresses.map_err(|error| BindError::of_look_up(host, &error))?;
    let mut first_error = None;
    for address in addresses {
        match bind_tcp(address) {
            Ok((listener, local)) => return Ok(Inner::Tcp { listener, local }),
            Err(error) => {
                first_error.get_or_insert_with(|| BindError::of_tcp(address, error));
            }
        }
    }
    Err(first_error
        .unwrap_or_else(|| BindError::NameNotFound { host: host.to_owned(), reason: "it has no address".to_owned() }))
}

fn bind_tcp(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let fd = socket::open(socket::family_of(address))?;
    rustix::net::sockopt::set_socket_reuseaddr(&fd, true)?;
    rustix::net::bind(&fd, &address)?;
    start(&fd)?;
    let listener = TcpListener::from(fd);
    let local = listener.local_addr()?;
    Ok((listener, local))
}

/// Lets clients come. The socket does not block, see [`Listener::try_accept`].
fn start(socket: &impl AsFd) -> Result<(), Errno> {
    rustix::io::ioctl_fionbio(socket, true)?;
    rustix::net::listen(socket, BACKLOG)
}

#[cfg(test)]
mod tests;
