//! An open connection as two halves.

use std::fmt;
use std::io::{self, IoSlice, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::flow::Flow;
use super::{Interest, Socket, wait};

/// An open connection: two halves that two threads can use at once, and the line that both stand on.
pub struct Connection {
    /// What the peer sends.
    pub reader: Box<dyn Read + Send>,
    /// What goes to the peer.
    pub writer: Box<dyn Write + Send>,
    /// What lies below, for whoever keeps the time.
    pub line: Line,
}

/// What a connection stands on: the socket, and what lies between it and the halves. Every thread may use it.
#[derive(Debug, Clone)]
pub struct Line {
    flow: Arc<Flow>,
    /// The lowest first.
    layers: Vec<Arc<dyn Layer>>,
}

/// Something between the socket and the halves.
pub(super) trait Layer: fmt::Debug + Send + Sync {
    /// Says the layer's own last word, if nobody else is sending.
    fn say_goodbye(&self);
}

/// How much is written by a deadline before that is looked at again, in bytes.
const PIECE: usize = 16 << 10;
/// How long the peer may take to take a layer's last word.
const LAST_WORD: Duration = Duration::from_millis(100);

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("line", &self.line).finish_non_exhaustive()
    }
}

impl Connection {
    /// A connection without anything between the frames and the socket.
    #[must_use]
    pub fn plain(socket: Socket) -> Self {
        let (reader, writer) = Half::of(socket);
        let flow = Arc::clone(&reader.0);
        let (reader, writer) = (Box::new(reader), Box::new(writer));
        Connection { reader, writer, line: Line { flow, layers: Vec::new() } }
    }

    /// Writes all of `bytes` by `deadline`, however slowly the peer takes them; without one, whenever. Nothing can be written
    /// after it has failed, for nobody knows how much has left.
    ///
    /// # Errors
    /// `TimedOut` when time is up; or the connection is gone.
    pub fn write_by(&mut self, bytes: &[u8], deadline: Option<Instant>) -> io::Result<()> {
        // In pieces, because a layer in between writes all that it makes of one, as long as each write gets anywhere.
        for piece in bytes.chunks(PIECE) {
            let mut rest = piece;
            while !rest.is_empty() {
                let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
                if left.is_some_and(|left| left.is_zero()) {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                self.line.set_write_timeout(left)?;
                match self.writer.write(rest) {
                    Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                    Ok(count) => rest = &rest[count..],
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        self.line.set_write_timeout(None)
    }

    /// The same connection, of which these bytes have been read already: they are read first.
    #[must_use]
    pub fn with_early(self, bytes: Vec<u8>) -> Self {
        if bytes.is_empty() {
            return self;
        }
        let reader = Box::new(Early { bytes, taken: 0, below: self.reader });
        Connection { reader, ..self }
    }
}

impl Line {
    /// Bounds each later read of the connection; past it the read fails with `WouldBlock`. `None` waits for ever.
    ///
    /// # Errors
    /// The system refuses the time.
    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.flow.socket.set_read_timeout(timeout)
    }

    /// Bounds each later write of the connection, as for reads.
    ///
    /// # Errors
    /// The system refuses the time.
    pub fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.flow.socket.set_write_timeout(timeout)
    }

    /// Says that nothing more is sent, and goes on reading.
    ///
    /// # Errors
    /// The connection is gone.
    pub fn end_sending(&self) -> io::Result<()> {
        self.say_goodbye();
        self.flow.socket.shutdown(Shutdown::Write)
    }

    /// Ends both directions; a thread that waits in one of them returns.
    pub fn hang_up(&self) {
        self.say_goodbye();
        // It fails where the peer has done so before, and then nothing is left to do.
        let _ = self.flow.socket.shutdown(Shutdown::Both);
    }

    /// Begins to watch whether the peer moves, which costs a little.
    pub fn watch(&self) {
        self.flow.watch(true);
    }

    /// Says that the peer has moved, for whoever has seen it elsewhere.
    pub fn moved(&self) {
        self.flow.move_now();
    }

    /// When the peer last sent anything, or took anything that there had been no room for, since it has been watched.
    #[must_use]
    pub fn last_moved(&self) -> Option<Instant> {
        self.flow.last_moved()
    }

    /// The same line with one more layer on it.
    pub(super) fn under(mut self, layer: Arc<dyn Layer>) -> Self {
        self.layers.push(layer);
        self
    }

    fn say_goodbye(&self) {
        if self.layers.is_empty() {
            return;
        }
        self.flow.watch(false);
        // A last word is short: it finds room at once, or the peer has stopped reading, and nobody waits for that one.
        let room = wait(&[(self.as_fd(), Interest::Write)], Some(Duration::ZERO));
        if !room.is_ok_and(|[socket]| socket.is_writable()) {
            return;
        }
        let _ = self.set_write_timeout(Some(LAST_WORD));
        self.layers.iter().rev().for_each(|layer| layer.say_goodbye());
    }
}

impl AsFd for Line {
    /// The socket, to wait until something comes.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.flow.socket.as_fd()
    }
}

/// What was read before it was due, and what follows.
struct Early {
    bytes: Vec<u8>,
    taken: usize,
    below: Box<dyn Read + Send>,
}

impl Read for Early {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let mut rest = &self.bytes[self.taken..];
        if rest.is_empty() {
            return self.below.read(space);
        }
        let count = rest.read(space)?;
        self.taken += count;
        Ok(count)
    }
}

/// A shared socket that is used in one direction.
#[derive(Debug, Clone)]
pub struct Half(Arc<Flow>);

impl Half {
    /// Both directions of a socket.
    #[must_use]
    pub fn of(socket: Socket) -> (Self, Self) {
        let half = Half(Arc::new(Flow::new(socket)));
        (half.clone(), half)
    }

    /// The socket, of which the other half is a part, too.
    #[must_use]
    pub fn socket(&self) -> &Socket {
        &self.0.socket
    }
}

impl AsFd for Half {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.socket.as_fd()
    }
}

impl Read for Half {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        self.0.read(space)
    }
}

impl Write for Half {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        (&self.0.socket).write_vectored(pieces)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;
    use std::thread;

    use super::*;

    /// A peer that reads slowly lets each write get somewhere, and not all of them.
    #[test]
    fn a_deadline_holds_for_all_writes_together() {
        for reads in [0, 1000] {
            let (ours, mut theirs) = UnixStream::pair().unwrap();
            let reader = thread::spawn(move || {
                let mut bytes = [0; 4096];
                for _ in 0..reads {
                    if theirs.read(&mut bytes).unwrap() == 0 {
                        return None;
                    }
                    thread::sleep(Duration::from_millis(5));
                }
                Some(theirs)
            });
            let mut connection = Connection::plain(ours.into());
            let start = Instant::now();
            let error = connection.write_by(&vec![0; 16 << 20], Some(start + Duration::from_millis(100))).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
            assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
            let error = connection.write_by(b"x", Some(start)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
            drop(connection);
            drop(reader.join().unwrap());
        }
    }

    #[test]
    fn what_was_read_early_comes_first() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        theirs.write_all(b"late").unwrap();
        theirs.shutdown(Shutdown::Write).unwrap();
        let mut connection = Connection::plain(ours.into()).with_early(b"early and ".to_vec());
        let mut first = [0; 3];
        connection.reader.read_exact(&mut first).unwrap();
        let mut rest = String::new();
        connection.reader.read_to_string(&mut rest).unwrap();
        assert_eq!((&first, rest.as_str()), (b"ear", "ly and late"));
    }
}
