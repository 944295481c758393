//! Listening on a unix socket; its file, if it has one: when that may be replaced, and when it is removed.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix};

use super::BindError;
use crate::net::{socket, unix};

/// A listening unix socket, and its file where it is ours.
#[derive(Debug)]
pub(super) struct NamedListener {
    /// None where there is no file. It goes before the socket is closed: nobody is to take it for one left behind.
    _file: Option<OwnFile>,
    listener: UnixListener,
    /// A path, or `@NAME`.
    name: PathBuf,
}

impl NamedListener {
    pub(super) fn bind(name: &Path) -> Result<Self, BindError> {
        let other = |error: io::Error| BindError::of_unix(name, error);
        let address = unix::address_of(name).map_err(other)?;
        let has_file = !unix::is_abstract(name);
        let fd = match try_bind(&address) {
            Err(Errno::ADDRINUSE) if has_file => {
                remove_stale(name, &address)?;
                try_bind(&address)
            }
            result => result,
        };
        let fd = fd.map_err(|errno| match errno {
            // Of a file: somebody else was faster, between the removal and now.
            Errno::ADDRINUSE => BindError::SocketInUse { path: name.to_owned() },
            errno => other(errno.into()),
        })?;
        let file = if has_file { OwnFile::at(name) } else { None };
        let listener = Self { listener: fd.into(), name: name.to_owned(), _file: file };
        super::start(&listener).map_err(|errno| other(errno.into()))?;
        Ok(listener)
    }

    /// Takes over a socket that listens already. Its file is left to whoever made it.
    pub(super) fn adopt(listener: UnixListener) -> io::Result<Self> {
        let name = unix::name_of(&listener.local_addr()?);
        let name = name.ok_or_else(|| io::Error::other("the unix socket has no name that clients could use"))?;
        Ok(Self { listener, name, _file: None })
    }

    pub(super) fn accept(&self) -> io::Result<UnixStream> {
        self.listener.accept().map(|(stream, _)| stream)
    }

    /// The path, or `@NAME`.
    pub(super) fn name(&self) -> &Path {
        &self.name
    }
}

impl AsFd for NamedListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }
}

/// A file that this process has made, which goes when this is dropped.
#[derive(Debug)]
struct OwnFile {
    path: PathBuf,
    identity: Identity,
}

/// Device and inode.
type Identity = (u64, u64);

impl OwnFile {
    fn at(path: &Path) -> Option<Self> {
        identity(path).map(|identity| Self { path: path.to_owned(), identity })
    }
}

impl Drop for OwnFile {
    fn drop(&mut self) {
        // Not where another listener has put its own in this place since.
        if identity(&self.path) == Some(self.identity) {
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
