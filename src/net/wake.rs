//! Waking a thread that waits in poll(2).

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::io::Errno;

#[cfg(any(target_os = "linux", target_os = "android"))]
use counter::Signal;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
use pipe::Signal;

/// A level-triggered wake-up: once [woken](Wake::wake) its descriptor is readable until it is [cleared](Wake::clear).
///
/// Waking twice is the same as waking once. Clear first and look at the shared state after: then what is stored and
/// signalled in between is seen in the next round.
#[derive(Debug)]
pub struct Wake {
    signal: Signal,
}

impl Wake {
    /// Makes one that is not woken. Fails where the process may not open more descriptors.
    pub fn new() -> io::Result<Self> {
        Ok(Self { signal: Signal::new()? })
    }

    /// Makes the descriptor readable. Never blocks; may be called from any thread.
    pub fn wake(&self) {
        self.signal.raise();
    }

    /// Takes the wake-up back. Never blocks; does nothing where there is none.
    pub fn clear(&self) {
        self.signal.lower();
    }
}

impl AsFd for Wake {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.signal.as_fd()
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod counter {
    use super::{AsFd, BorrowedFd, io, until_not_interrupted};
    use rustix::event::{EventfdFlags, eventfd};
    use std::os::fd::OwnedFd;

    /// An eventfd: one descriptor, and one read clears any number of writes.
    #[derive(Debug)]
    pub(super) struct Signal(OwnedFd);

    impl Signal {
        pub(super) fn new() -> io::Result<Self> {
            Ok(Self(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?))
        }

        pub(super) fn raise(&self) {
            // The one possible failure is a full counter, which is readable as it is.
            until_not_interrupted(|| rustix::io::write(&self.0, &1u64.to_ne_bytes()));
        }

        pub(super) fn lower(&self) {
            until_not_interrupted(|| rustix::io::read(&self.0, &mut [0u8; 8]));
        }
    }

    impl AsFd for Signal {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.0.as_fd()
        }
    }
}

// Tested on Linux too, where nothing else uses it.
#[cfg(any(test, not(any(target_os = "linux", target_os = "android"))))]
mod pipe {
    use super::{AsFd, BorrowedFd, io, until_not_interrupted};
    use std::io::{PipeReader, PipeWriter};

    /// A pipe with both ends non-blocking.
    #[derive(Debug)]
    pub(super) struct Signal {
        reader: PipeReader,
        writer: PipeWriter,
    }

    impl Signal {
        pub(super) fn new() -> io::Result<Self> {
            let (reader, writer) = io::pipe()?;
            rustix::io::ioctl_fionbio(&reader, true)?;
            rustix::io::ioctl_fionbio(&writer, true)?;
            Ok(Self { reader, writer })
        }

        pub(super) fn raise(&self) {
            // The one possible failure is a full pipe, which is readable as it is.
            until_not_interrupted(|| rustix::io::write(&self.writer, &[1]));
        }

        pub(super) fn lower(&self) {
            let mut bytes = [0u8; 512];
            while until_not_interrupted(|| rustix::io::read(&self.reader, &mut bytes)) == bytes.len() {}
        }
    }

    impl AsFd for Signal {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.reader.as_fd()
        }
    }
}

/// Repeats a call while signals interrupt it; the number of bytes moved, none on any other failure.
fn until_not_interrupted(mut call: impl FnMut() -> rustix::io::Result<usize>) -> usize {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            result => return result.unwrap_or(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{Interest, wait};
    use std::time::Duration;

    fn is_readable(fd: impl AsFd) -> bool {
        let [ready] = wait(&[(fd.as_fd(), Interest::Read)], Some(Duration::ZERO)).unwrap();
        ready.is_readable()
    }

    #[test]
    fn stays_woken_until_cleared() {
        let wake = Wake::new().unwrap();
        assert!(!is_readable(&wake));
        wake.wake();
        wake.wake();
        assert!(is_readable(&wake));
        assert!(is_readable(&wake));
        wake.clear();
        assert!(!is_readable(&wake));
        wake.clear();
        wake.wake();
        assert!(is_readable(&wake));
    }

    #[test]
    fn wakes_a_thread_that_waits() {
        let wake = Wake::new().unwrap();
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| wait(&[(wake.as_fd(), Interest::Read)], None));
            wake.wake();
            assert!(waiter.join().unwrap().unwrap()[0].is_readable());
        });
    }

    #[test]
    fn the_pipe_form_neither_blocks_when_full_nor_keeps_a_rest() {
        let signal = pipe::Signal::new().unwrap();
        assert!(!is_readable(&signal));
        // More bytes than a pipe of 64 KiB holds.
        for _ in 0..70_000 {
            signal.raise();
        }
        assert!(is_readable(&signal));
        signal.lower();
        assert!(!is_readable(&signal));
    }
}
