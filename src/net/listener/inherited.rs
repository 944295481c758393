//! A listening socket that another process has made, such as a service manager: whether it can be used as one.

use std::io;
use std::net::TcpListener;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixListener;

use rustix::io::{Errno, FdFlags};
use rustix::net::{AddressFamily, SocketType, sockopt};

use super::unix::NamedListener;
use super::{BindError, Inner};

/// Why a descriptor is of no use for listening.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unsuitable {
    /// There is no such descriptor.
    #[error("it is not open; whoever starts wspipe has to pass a listening socket as this descriptor")]
    NotOpen,
    /// A file, a pipe, a terminal…
    #[error("it is not a socket")]
    NotASocket,
    /// A socket for datagrams or the like.
    #[error("it is not a stream socket")]
    NotAStream,
    /// A connection, or a socket that is only bound.
    #[error("it is a socket that does not listen; pass the listening socket, not a connection (systemd: Accept=no)")]
    NotListening,
    /// Neither TCP nor unix.
    #[error("it is neither a TCP nor a unix socket")]
    Family,
    /// Something else.
    #[error("{0}")]
    Other(io::Error),
}

/// Makes it a listener of this process. What belongs to whoever made it stays: the file of a unix socket, the length of
/// the queue.
pub(super) fn adopt(fd: OwnedFd) -> Result<Inner, BindError> {
    let number = fd.as_raw_fd();
    checked(fd).map_err(|problem| BindError::Inherited { number, problem })
}

fn checked(fd: OwnedFd) -> Result<Inner, Unsuitable> {
    match sockopt::socket_type(&fd) {
        Ok(SocketType::STREAM) => {}
        Ok(_) => return Err(Unsuitable::NotAStream),
        Err(Errno::NOTSOCK) => return Err(Unsuitable::NotASocket),
        Err(errno) => return Err(errno.into()),
    }
    let family = rustix::net::getsockname(&fd)?.address_family();
    if ![AddressFamily::INET, AddressFamily::INET6, AddressFamily::UNIX].contains(&family) {
        return Err(Unsuitable::Family);
    }
    // Apple's systems don't tell; there, accept fails.
    #[cfg(not(target_vendor = "apple"))]
    if !sockopt::socket_acceptconn(&fd)? {
        return Err(Unsuitable::NotListening);
    }
    rustix::io::fcntl_setfd(&fd, FdFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&fd, true)?;
    if family == AddressFamily::UNIX {
        return Ok(Inner::Unix(NamedListener::adopt(UnixListener::from(fd))?));
    }
    let listener = TcpListener::from(fd);
    let local = listener.local_addr()?;
    Ok(Inner::Tcp { listener, local })
}

impl From<io::Error> for Unsuitable {
    fn from(error: io::Error) -> Self {
        Self::Other(error)
    }
}

impl From<Errno> for Unsuitable {
    fn from(errno: Errno) -> Self {
        Self::Other(errno.into())
    }
}
