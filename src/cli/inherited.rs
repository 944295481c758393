//! Where to listen: an address, or a descriptor that is inherited, by its number or as a service manager passes it
//! (`sd_listen_fds(3)`).

#![allow(unsafe_code, reason = "a number can't be made a descriptor otherwise; see `take`")]

use std::env;
use std::fmt;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::process;
use std::str::FromStr;

use rustix::io::FdFlags;
use wspipe::net::{BindError, ListenAddr, ListenAddrError, ListenOn, Unsuitable};
use wspipe::outcome::Failure;

/// What a service manager says to us, and not to those whom we start (`sd_listen_fds(3)`).
pub(super) const VARIABLES: [&str; 3] = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"];

/// Where to listen, as people write it: `fd:3`, `fd:`, `fd:NAME`, or an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Address(ListenAddr),
    Inherited(Inherited),
}

/// Which of the descriptors that are inherited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Inherited {
    /// `fd:3`
    Number(RawFd),
    /// `fd:`, the only one that was passed.
    Only,
    /// `fd:NAME`, the one that was passed under this name.
    Named(String),
}

/// The first descriptor that a service manager passes, and the first that is no standard stream.
const FIRST: RawFd = 3;

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        match text.strip_prefix("fd:") {
            None => Ok(Self::Address(text.parse()?)),
            Some(which) => Ok(Self::Inherited(which.parse()?)),
        }
    }
}

impl FromStr for Inherited {
    type Err = InheritedError;

    fn from_str(which: &str) -> Result<Self, InheritedError> {
        if which.is_empty() {
            return Ok(Self::Only);
        }
        if !which.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Self::Named(which.to_owned()));
        }
        match which.parse() {
            Ok(number) if number < FIRST => Err(InheritedError::StandardStream(number)),
            Ok(number) => Ok(Self::Number(number)),
            Err(_) => Err(InheritedError::NoNumber(which.to_owned())),
        }
    }
}

impl Place {
    /// Takes the descriptor, if it is one; so this has to come before anything else opens any. A socket's file gets the
    /// mode, if there is one.
    pub(super) fn resolve(self, mode: Option<u32>) -> Result<ListenOn, Failure> {
        let which = match (self, mode) {
            (Self::Address(address), None) => return Ok(ListenOn::Address(address)),
            (Self::Address(ListenAddr::Unix(path)), Some(mode)) if !path.as_os_str().as_bytes().starts_with(b"@") => {
                return Ok(ListenOn::UnixWithMode(path, mode));
            }
            (_, Some(_)) => {
                return Err(Failure::Usage("--socket-mode is for a socket that has a file: unix:PATH".into()));
            }
            (Self::Inherited(which), None) => which,
        };
        let number = which.number().map_err(|error| Failure::Usage(error.to_string()))?;
        let fd = take(number).ok_or(BindError::Inherited { number, problem: Unsuitable::NotOpen })?;
        Ok(ListenOn::Inherited(fd))
    }
}

impl Inherited {
    fn number(&self) -> Result<RawFd, InheritedError> {
        match self {
            Self::Number(number) => Ok(*number),
            Self::Only => passed()?.only(),
            Self::Named(name) => passed()?.named(name),
        }
    }
}

/// Makes the number of a descriptor that was open when the program started a descriptor of ours; none if it is not open.
fn take(number: RawFd) -> Option<OwnedFd> {
    // SAFETY: it is not -1, and the system is only asked whether it stands for anything; if not, nothing else is done with it.
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    rustix::io::fcntl_getfd(borrowed).ok()?;
    // SAFETY: it is open, and nobody else in this process owns it: options are resolved before anything is opened that
    // stays open, so it was inherited; standard streams are refused above; and a command has one place to listen.
    Some(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Keeps what a service manager has passed from the processes that we start; what somebody else lets us inherit, they do too.
pub(super) fn keep_from_children() {
    for (number, _) in passed().map_or(Vec::new(), |passed| passed.0) {
        // SAFETY: it is not -1, and nothing is done with it but to set a flag of whatever it stands for, if anything.
        let _ = rustix::io::fcntl_setfd(unsafe { BorrowedFd::borrow_raw(number) }, FdFlags::CLOEXEC);
    }
}

/// What a service manager has passed to this process, by the variables that it sets.
fn passed() -> Result<Passed, InheritedError> {
    let [fds, pid, names] = ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"]
        .map(|name| env::var_os(name).map(|value| value.to_string_lossy().into_owned()));
    Passed::read(fds, pid, names, process::id())
}

/// The descriptors that were passed: from [`FIRST`] on, each with a name if it has one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Passed(Vec<(RawFd, Option<String>)>);

impl Passed {
    fn read(
        fds: Option<String>,
        pid: Option<String>,
        names: Option<String>,
        own_pid: u32,
    ) -> Result<Self, InheritedError> {
        let fds = fds.ok_or(InheritedError::NothingPassed)?;
        let pid = pid.unwrap_or_default();
        if pid.parse() != Ok(own_pid) {
            return Err(InheritedError::ForAnother { pid, own_pid });
        }
        let count: u16 = fds.parse().map_err(|_| InheritedError::NoCount(fds.clone()))?;
        if count == 0 {
            return Err(InheritedError::NoCount(fds));
        }
        let names = names.unwrap_or_default();
        let names = names.split(':').map(|name| Some(name.to_owned()).filter(|name| !name.is_empty()));
        Ok(Self((0..count).map(|at| FIRST + RawFd::from(at)).zip(names.chain(std::iter::repeat(None))).collect()))
    }

    fn only(self) -> Result<RawFd, InheritedError> {
        match self.0[..] {
            [(number, _)] => Ok(number),
            _ => Err(InheritedError::Several(self)),
        }
    }

    fn named(self, wanted: &str) -> Result<RawFd, InheritedError> {
        let mut found = self.0.iter().filter(|(_, name)| name.as_deref() == Some(wanted));
        match (found.next(), found.next()) {
            (Some((number, _)), None) => Ok(*number),
            (Some(_), Some(_)) => Err(InheritedError::Several(self)),
            (None, _) => Err(InheritedError::NoSuchName { wanted: wanted.to_owned(), passed: self }),
        }
    }
}

impl fmt::Display for Passed {
    /// As people write them: `fd:3 (web), fd:4`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (number, name)) in self.0.iter().enumerate() {
            let separator = if at == 0 { "" } else { ", " };
            write!(f, "{separator}fd:{number}")?;
            if let Some(name) = name {
                write!(f, " ({name})")?;
            }
        }
        Ok(())
    }
}

/// Why a text is no place to listen.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PlaceError {
    #[error(transparent)]
    Address(#[from] ListenAddrError),
    #[error(transparent)]
    Inherited(#[from] InheritedError),
}

/// Why it is not known which descriptor is meant.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum InheritedError {
    #[error("fd:{0} is a standard stream; pass the socket as another descriptor, such as fd:3 (in a shell: 3<&{0})")]
    StandardStream(RawFd),
    #[error("{0} is no descriptor; write fd:3, or fd: for the one that a service manager passes")]
    NoNumber(String),
    #[error("no service manager has passed a socket (LISTEN_FDS is not set); name the descriptor, such as fd:3")]
    NothingPassed,
    #[error(
        "LISTEN_FDS is not for this process: LISTEN_PID is {pid:?}, and this is {own_pid}; \
         start wspipe directly (in a shell: exec), or name the descriptor, such as fd:3"
    )]
    ForAnother { pid: String, own_pid: u32 },
    #[error(
        "LISTEN_FDS is {0:?}, and should be the number of sockets that were passed; name the descriptor, such as fd:3"
    )]
    NoCount(String),
    #[error("more than one socket was passed; name one by its number: {0}")]
    Several(Passed),
    #[error("no socket that was passed is named {wanted:?}; there is {passed}")]
    NoSuchName { wanted: String, passed: Passed },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fds: &str, pid: &str, names: Option<&str>) -> Result<Passed, InheritedError> {
        Passed::read(Some(fds.into()), Some(pid.into()), names.map(Into::into), 17)
    }

    #[test]
    fn each_form_is_understood() {
        let inherited = |text: &str| match text.parse().unwrap() {
            Place::Inherited(which) => which,
            Place::Address(address) => panic!("{address}"),
        };
        assert_eq!(inherited("fd:3"), Inherited::Number(3));
        assert_eq!(inherited("fd:"), Inherited::Only);
        assert_eq!(inherited("fd:web-1"), Inherited::Named("web-1".into()));
        assert_eq!("9001".parse(), Ok(Place::Address("9001".parse().unwrap())));
        // A host may well be called so.
        assert_eq!("fd.:80".parse(), Ok(Place::Address("fd.:80".parse().unwrap())));
    }

    #[test]
    fn numbers_that_can_not_be_are_refused() {
        for (text, number) in [("0", 0), ("1", 1), ("002", 2)] {
            assert_eq!(text.parse::<Inherited>(), Err(InheritedError::StandardStream(number)));
        }
        let text = "99999999999";
        assert_eq!(text.parse::<Inherited>(), Err(InheritedError::NoNumber(text.into())));
        assert!(take(RawFd::MAX).is_none());
    }

    #[test]
    fn the_only_one_is_the_first() {
        assert_eq!(read("1", "17", None).unwrap().only(), Ok(3));
        assert_eq!(read("1", "17", Some("web")).unwrap().only(), Ok(3));
    }

    #[test]
    fn of_several_one_has_to_be_named() {
        let three = || read("3", "17", Some("web:api:api")).unwrap();
        assert_eq!(three().named("web"), Ok(3));
        for error in [three().only(), three().named("api")] {
            let words = "more than one socket was passed; name one by its number: fd:3 (web), fd:4 (api), fd:5 (api)";
            assert_eq!(error.unwrap_err().to_string(), words);
        }
        let words = "no socket that was passed is named \"x\"; there is fd:3, fd:4 (api)";
        assert_eq!(read("2", "17", Some(":api")).unwrap().named("x").unwrap_err().to_string(), words);
        assert_eq!(read("2", "17", None).unwrap().to_string(), "fd:3, fd:4");
    }

    #[test]
    fn what_is_not_for_this_process_is_left_alone() {
        assert_eq!(Passed::read(None, None, None, 17), Err(InheritedError::NothingPassed));
        for pid in ["", "18", "x"] {
            let pid = pid.to_owned();
            assert_eq!(read("1", &pid, None), Err(InheritedError::ForAnother { pid, own_pid: 17 }));
        }
        for fds in ["", "0", "-1", "x", "65536"] {
            assert_eq!(read(fds, "17", None), Err(InheritedError::NoCount(fds.into())));
        }
    }
}
