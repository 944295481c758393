//! Why a listener could not start.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::path::{Path, PathBuf};

use super::Unsuitable;
use crate::net::resolve;

/// Why [`Listener::open`](super::Listener::open) failed. Of a name with several addresses, the first one's failure.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// The host to listen on has no address.
    #[error("could not find the host {host} to listen on: {reason}; use one of this machine's addresses")]
    NameNotFound {
        /// The name that was looked up.
        host: String,
        /// The resolver's words.
        reason: String,
    },
    /// Another socket has the port.
    #[error(
        "could not listen on {address}: another program is using it; stop that, or use another port (0 picks a free one)"
    )]
    InUse {
        /// The address.
        address: SocketAddr,
    },
    /// Ports below 1024 are the administrator's on most systems.
    #[error(
        "could not listen on {address}: permission denied; ports below 1024 mostly need privileges, use a higher one"
    )]
    PermissionDenied {
        /// The address.
        address: SocketAddr,
    },
    /// The address is another machine's.
    #[error(
        "could not listen on {address}: this machine has no such address; use one of its own, 127.0.0.1, or 0.0.0.0 for all"
    )]
    NotLocal {
        /// The address.
        address: SocketAddr,
    },
    /// Another process listens on the unix socket.
    #[error("could not listen on unix:{}: another program is using it; stop that, or use another name", path.display())]
    SocketInUse {
        /// The path, or `@NAME`.
        path: PathBuf,
    },
    /// There is a file, and it is no socket.
    #[error("could not listen on unix:{}: there is a file that is not a socket; move it, or use another path", path.display())]
    NotASocket {
        /// The path.
        path: PathBuf,
    },
    /// Something else with a TCP address.
    #[error("could not listen on {address}: {reason}")]
    Tcp {
        /// The address.
        address: SocketAddr,
        /// The system's words.
        reason: io::Error,
    },
    /// Something else with a unix socket, such as a directory that does not exist.
    #[error("could not listen on unix:{}: {reason}", path.display())]
    Unix {
        /// The path, or `@NAME`.
        path: PathBuf,
        /// The system's words.
        reason: io::Error,
    },
    /// A descriptor that was to be inherited.
    #[error("could not listen on fd:{number}: {problem}")]
    Inherited {
        /// The descriptor.
        number: RawFd,
        /// What is wrong with it.
        problem: Unsuitable,
    },
}

impl BindError {
    pub(super) fn of_tcp(address: SocketAddr, reason: io::Error) -> Self {
        match reason.kind() {
            ErrorKind::AddrInUse => Self::InUse { address },
            ErrorKind::PermissionDenied => Self::PermissionDenied { address },
            ErrorKind::AddrNotAvailable => Self::NotLocal { address },
            _ => Self::Tcp { address, reason },
        }
    }

    pub(super) fn of_look_up(host: &str, error: &io::Error) -> Self {
        Self::NameNotFound { host: host.to_owned(), reason: resolve::reason_of(error) }
    }

    pub(super) fn of_unix(path: &Path, reason: io::Error) -> Self {
        let path = path.to_owned();
        Self::Unix { path, reason }
    }
}
