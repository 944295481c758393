//! A unix socket's file: when it may be replaced, and when it is removed.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix};

use super::{BACKLOG, BindError};
use crate::net::socket;

/// A listening unix socket and the file that leads to it, which goes when this is dropped.
#[derive(Debug)]
pub(super) struct UnixPathListener {
    listener: UnixListener,
    path: PathBuf,
    identity: Option<Identity>,
}

/// Device and inode.
type Identity = (u64, u64);

impl UnixPathListener {
    pub(super) fn bind(path: &Path) -> Result<Self, BindError> {
        let other = |error: io::Error| BindError::of_unix(path, error);
        let address = SocketAddrUnix::new(path).map_err(|errno| other(reason_of(errno)))?;
        let fd = match try_bind(&address) {
            Err(Errno::ADDRINUSE) => {
                remove_stale(path, &address)?;
                try_bind(&address)
            }
            result => result,
        };
        let fd = fd.map_err(|errno| match errno {
            // Somebody else was faster, between the removal and now.
            Errno::ADDRINUSE => BindError::SocketInUse { path: path.to_owned() },
            errno => other(errno.into()),
        })?;
        let listener = Self { listener: fd.into(), path: path.to_owned(), identity: identity(path) };
        rustix::net::listen(&listener, BACKLOG).map_err(|errno| other(errno.into()))?;
        Ok(listener)
    }

    pub(super) fn accept(&self) -> io::Result<UnixStream> {
        self.listener.accept().map(|(stream, _)| stream)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl AsFd for UnixPathListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }
}

impl Drop for UnixPathListener {
    fn drop(&mut self) {
        // Not where another listener has put its own in this place since.
        if self.identity.is_some() && identity(&self.path) == self.identity {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn try_bind(address: &SocketAddrUnix) -> Result<OwnedFd, Errno> {
    let fd = open()?;
    rustix::net::bind(&fd, address)?;
    Ok(fd)
}

/// Removes the socket file of a listener that is no more; an error where there is something else.
fn remove_stale(path: &Path, address: &SocketAddrUnix) -> Result<(), BindError> {
    let other = |error: io::Error| BindError::of_unix(path, error);
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(other(error)),
    };
    let path = path.to_owned();
    if !metadata.file_type().is_socket() {
        return Err(BindError::NotASocket { path });
    }
    match try_connect(address) {
        Err(Errno::CONNREFUSED) => match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(other(error)),
            _ => Ok(()),
        },
        Err(Errno::NOENT) => Ok(()),
        // Connected, or not because the queue is full, it is another kind of socket, or not ours to connect to.
        _ => Err(BindError::SocketInUse { path }),
    }
}

/// Whether anybody listens; without waiting, as a listener that has stopped accepting would let us.
fn try_connect(address: &SocketAddrUnix) -> Result<(), Errno> {
    let fd = open()?;
    rustix::io::ioctl_fionbio(&fd, true)?;
    rustix::net::connect(&fd, address)
}

fn open() -> Result<OwnedFd, Errno> {
    socket::open(AddressFamily::UNIX).map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
}

fn identity(path: &Path) -> Option<Identity> {
    let metadata = fs::symlink_metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// "File name too long" would have the reader look at the last part of the path; the whole of it counts.
fn reason_of(errno: Errno) -> io::Error {
    if errno == Errno::NAMETOOLONG {
        io::Error::other("the path is too long for a socket, which takes about 100 bytes; use a shorter one")
    } else {
        errno.into()
    }
}
