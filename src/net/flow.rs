//! A socket that tells whether its peer moves.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{Interest, Socket, wait};

/// How often it is tried whether a socket without room has some again. The system itself tells when there is much: over
/// loopback a slow peer takes many seconds for that.
const LOOK: Duration = Duration::from_millis(50);

/// A socket that, while it is watched, remembers when the peer last sent anything, or took anything that there had been no
/// room for. (What only goes into the system's own buffers says nothing about the peer.)
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) socket: Socket,
    is_watched: AtomicBool,
    moved: Mutex<Option<Instant>>,
}

impl Flow {
    pub(super) fn new(socket: Socket) -> Self {
        Flow { socket, is_watched: AtomicBool::new(false), moved: Mutex::default() }
    }

    /// Begins, or ends, to watch it.
    pub(super) fn watch(&self, is_watched: bool) {
        self.is_watched.store(is_watched, Relaxed);
    }

    fn is_watched(&self) -> bool {
        self.is_watched.load(Relaxed)
    }

    /// The peer has moved.
    pub(super) fn move_now(&self) {
        if self.is_watched() {
            *self.lock() = Some(Instant::now());
        }
    }

    /// When the peer last moved, since it has been watched.
    pub(super) fn last_moved(&self) -> Option<Instant> {
        *self.lock()
    }

    pub(super) fn read(&self, space: &mut [u8]) -> io::Result<usize> {
        let count = (&self.socket).read(space)?;
        if count > 0 {
            self.move_now();
        }
        Ok(count)
    }

    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut had_room = true;
        while self.is_watched() {
            match self.socket.try_write(bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => had_room = false,
                result => {
                    if result.is_ok() && !had_room {
                        self.move_now();
                    }
                    return result;
                }
            }
            wait(&[(self.socket.as_fd(), Interest::Write)], Some(LOOK))?;
        }
        (&self.socket).write(bytes)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        // Nothing in here panics half-way.
        self.moved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Shutdown;
    use std::os::unix::net::UnixStream;
    use std::sync::Arc;
    use std::thread;

    use super::*;

    fn watched() -> (Arc<Flow>, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let flow = Flow::new(ours.into());
        flow.watch(true);
        (Arc::new(flow), theirs)
    }

    /// Fills the system's buffers.
    fn fill(flow: &Flow) {
        while flow.socket.try_write(&[0; 1000]).is_ok() {}
    }

    #[test]
    fn room_that_was_there_is_nobody_s_doing() {
        let (flow, _theirs) = watched();
        flow.write(&[0; 1000]).unwrap();
        assert_eq!(flow.last_moved(), None);
    }

    #[test]
    fn room_that_is_made_is_a_move() {
        let (flow, mut theirs) = watched();
        let start = Instant::now();
        let writer = Arc::clone(&flow);
        // Sooner or later it is faster than the reader.
        let thread = thread::spawn(move || {
            while writer.last_moved().is_none() {
                writer.write(&[0; 10_000]).unwrap();
            }
            writer.socket.shutdown(Shutdown::Both).unwrap();
        });
        while theirs.read(&mut [0; 100]).unwrap() > 0 {}
        thread.join().unwrap();
        assert!(flow.last_moved().unwrap() >= start);
    }

    #[test]
    fn bytes_are_a_move() {
        let (flow, mut theirs) = watched();
        theirs.write_all(b"x").unwrap();
        assert_eq!(flow.read(&mut [0; 10]).unwrap(), 1);
        assert!(flow.last_moved().is_some());
    }

    #[test]
    fn the_end_is_none() {
        let (flow, theirs) = watched();
        drop(theirs);
        assert_eq!(flow.read(&mut [0; 10]).unwrap(), 0);
        assert_eq!(flow.last_moved(), None);
    }

    #[test]
    fn a_shutdown_frees_who_waits_for_room() {
        let (flow, _theirs) = watched();
        fill(&flow);
        let writer = Arc::clone(&flow);
        let thread = thread::spawn(move || writer.write(&[0; 1000]));
        flow.socket.shutdown(Shutdown::Both).unwrap();
        assert_eq!(thread.join().unwrap().unwrap_err().kind(), ErrorKind::BrokenPipe);
        assert_eq!(flow.last_moved(), None);
    }
}
