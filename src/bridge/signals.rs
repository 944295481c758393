//! The signals that ask a run to end.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use signal_hook::consts::{SIGINT, SIGTERM};

/// SIGINT and SIGTERM, caught so that the peer can be told first. Whoever sees one ends the run and then dies of it.
#[derive(Debug)]
pub struct Signals {
    /// The signal that arrived last, 0 if none has.
    caught: Arc<AtomicUsize>,
    woken: UnixStream,
}

impl Signals {
    /// Catches the signals from now on.
    ///
    /// # Errors
    /// The system has no descriptors left.
    pub fn catch() -> io::Result<Self> {
        let caught = Arc::new(AtomicUsize::new(0));
        let (woken, waker) = UnixStream::pair()?;
        woken.set_nonblocking(true)?;
        for signal in [SIGINT, SIGTERM] {
            // Actions run in the order in which they are registered: the value is there before the wake-up is.
            signal_hook::flag::register_usize(signal, Arc::clone(&caught), signal.unsigned_abs() as usize)?;
            signal_hook::low_level::pipe::register(signal, waker.try_clone()?)?;
        }
        Ok(Signals { caught, woken })
    }

    /// The signal that has arrived since this was last asked.
    #[must_use]
    pub fn caught(&self) -> Option<i32> {
        let _ = io::Read::read(&mut &self.woken, &mut [0; 16]);
        match self.caught.swap(0, SeqCst) {
            0 => None,
            signal => i32::try_from(signal).ok(),
        }
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.woken.as_fd()
    }
}
