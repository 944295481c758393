//! The names of unix sockets, as people write them: a path, or `@NAME`.
//!
//! A leading `@` means a name in the abstract namespace, which only Linux has: no file belongs to it, and it is gone with
//! its socket (unix(7)). ss, socat and systemd show it so, too. A file that is called `@NAME` is written `./@NAME`. All
//! this is known here and nowhere else: to others a name is a path.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::net::SocketAddr;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::net::SocketAddrUnix;

/// The address that a name stands for. The error says what is wrong with the name, and not which it is.
pub(super) fn address_of(name: &Path) -> io::Result<SocketAddrUnix> {
    match abstract_part(name) {
        Some(name) => abstract_address(name),
        None => SocketAddrUnix::new(name).map_err(reason_of),
    }
}

/// Whether no file belongs to the name.
pub(super) fn is_abstract(name: &Path) -> bool {
    abstract_part(name).is_some()
}

/// The name of an address, if it has one; [`address_of`] takes it.
pub(super) fn name_of(address: &SocketAddr) -> Option<PathBuf> {
    match address.as_pathname() {
        Some(path) if is_abstract(path) => Some(Path::new(".").join(path)),
        Some(path) => Some(path.to_owned()),
        None => abstract_name(address).map(|name| OsString::from_vec([b"@", name].concat()).into()),
    }
}

/// What follows the `@`. It is the first byte that counts: of `./@name`, the first component would be the same.
fn abstract_part(name: &Path) -> Option<&[u8]> {
    name.as_os_str().as_bytes().strip_prefix(b"@")
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn abstract_address(name: &[u8]) -> io::Result<SocketAddrUnix> {
    SocketAddrUnix::new_abstract_name(name).map_err(reason_of)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn abstract_address(_name: &[u8]) -> io::Result<SocketAddrUnix> {
    let reason = "only Linux has names with @, without a file; a file whose name begins with @ is written ./@NAME";
    Err(io::Error::new(io::ErrorKind::Unsupported, reason))
}

#[cfg(target_os = "linux")]
fn abstract_name(address: &SocketAddr) -> Option<&[u8]> {
    std::os::linux::net::SocketAddrExt::as_abstract_name(address)
}

#[cfg(target_os = "android")]
fn abstract_name(address: &SocketAddr) -> Option<&[u8]> {
    std::os::android::net::SocketAddrExt::as_abstract_name(address)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn abstract_name(_address: &SocketAddr) -> Option<&[u8]> {
    None
}

/// "File name too long" would have the reader look at the last part of a path; the whole of it counts.
fn reason_of(errno: Errno) -> io::Error {
    if errno == Errno::NAMETOOLONG {
        io::Error::other("the name is too long for a socket, which takes about 100 bytes; use a shorter one")
    } else {
        errno.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The name of the address that this name stands for.
    #[cfg(target_os = "linux")]
    fn there_and_back(name: &str) -> PathBuf {
        let address = address_of(Path::new(name)).unwrap();
        let bytes = address.path_bytes().map(|path| OsString::from_vec(path.to_vec()));
        let address = match bytes {
            Some(path) => SocketAddr::from_pathname(path).unwrap(),
            None => from_abstract(address.abstract_name().unwrap()),
        };
        name_of(&address).unwrap()
    }

    #[cfg(target_os = "linux")]
    fn from_abstract(name: &[u8]) -> SocketAddr {
        <SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(name).unwrap()
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_name_comes_back_as_it_was_written() {
        for name in ["/run/a", "a", "./@a", "a/@b", "@a", "@/run/a", "@@", "@a b:c"] {
            assert_eq!(there_and_back(name), Path::new(name));
            assert_eq!(is_abstract(Path::new(name)), name.starts_with('@'), "{name}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn an_abstract_name_takes_just_its_bytes() {
        // As systemd, ss and socat have it: no NUL behind it, which would be part of the name.
        assert_eq!(address_of(Path::new("@ab")).unwrap().abstract_name(), Some(&b"ab"[..]));
        assert_eq!(address_of(Path::new("./@ab")).unwrap().abstract_name(), None);
    }

    #[test]
    fn a_file_that_begins_with_at_is_told_from_an_abstract_name() {
        let address = SocketAddr::from_pathname("@a").unwrap();
        assert_eq!(name_of(&address), Some("./@a".into()));
    }

    #[test]
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn elsewhere_an_abstract_name_is_an_error() {
        let error = address_of(Path::new("@a")).unwrap_err();
        assert!(error.to_string().contains("only Linux"), "{error}");
    }

    #[test]
    fn a_name_that_is_too_long_is_explained() {
        for name in ["x".repeat(200), format!("@{}", "x".repeat(200))] {
            let error = address_of(Path::new(&name)).unwrap_err().to_string();
            assert!(error.contains("too long") || error.contains("only Linux"), "{error}");
        }
    }
}
