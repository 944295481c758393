//! How many descriptors the process may have open, and running out of what the system has.

use std::io;
use std::process::Child;
use std::sync::OnceLock;

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What the limit was before it was raised.
static BEFORE: OnceLock<Rlimit> = OnceLock::new();

/// Raises the soft limit to the hard one, where the system lets us: the usual 1024 are few for a server. (The soft limit is
/// that low for the sake of programs that use select(2).)
pub fn raise_descriptor_limit() {
    let before = getrlimit(Resource::Nofile);
    let Rlimit { current, maximum } = before;
    if current == maximum {
        return;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => drop(BEFORE.set(before)),
        Err(error) => log::debug!("the limit of open descriptors stays as it is: {error}"),
    }
}

/// Whether an error says that this process, or the system, has no descriptors, processes, threads or memory to spare just now.
#[must_use]
pub fn is_shortage(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE | Errno::AGAIN | Errno::NOMEM))
}

/// Gives a process that was just started the limit back that we had: it may use select(2). Only Linux lets us.
pub(super) fn restore_descriptor_limit(child: &Child) {
    #[cfg(target_os = "linux")]
    if let Some(before) = BEFORE.get() {
        // It fails where the process has ended.
        let _ = rustix::process::prlimit(Some(rustix::process::Pid::from_child(child)), Resource::Nofile, *before);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = child;
}
