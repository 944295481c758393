//! An open connection as two halves.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use super::Socket;

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
    socket: Arc<Socket>,
    /// The lowest first.
    layers: Vec<Arc<dyn Layer>>,
}

/// Something between the socket and the halves.
pub(super) trait Layer: fmt::Debug + Send + Sync {
    /// Says the layer's own last word, if nobody else is sending.
    fn say_goodbye(&self);
}

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
        let socket = Arc::new(socket);
        let half = || Half(Arc::clone(&socket));
        let (reader, writer) = (Box::new(half()), Box::new(half()));
        Connection { reader, writer, line: Line { socket, layers: Vec::new() } }
    }
}

impl Line {
    /// Bounds each later read of the connection; past it the read fails with `WouldBlock`. `None` waits for ever.
    ///
    /// # Errors
    /// The system refuses the time.
    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.socket.set_read_timeout(timeout)
    }

    /// Bounds each later write of the connection, as for reads.
    ///
    /// # Errors
    /// The system refuses the time.
    pub fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.socket.set_write_timeout(timeout)
    }

    /// Says that nothing more is sent, and goes on reading.
    ///
    /// # Errors
    /// The connection is gone.
    pub fn end_sending(&self) -> io::Result<()> {
        self.say_goodbye();
        self.socket.shutdown(Shutdown::Write)
    }

    /// Ends both directions; a thread that waits in one of them returns.
    pub fn hang_up(&self) {
        self.say_goodbye();
        // It fails where the peer has done so before, and then nothing is left to do.
        let _ = self.socket.shutdown(Shutdown::Both);
    }

    /// The same line with one more layer on it.
    pub(super) fn under(mut self, layer: Arc<dyn Layer>) -> Self {
        self.layers.push(layer);
        self
    }

    fn say_goodbye(&self) {
        if !self.layers.is_empty() {
            let _ = self.set_write_timeout(Some(LAST_WORD));
        }
        self.layers.iter().rev().for_each(|layer| layer.say_goodbye());
    }
}

impl AsFd for Line {
    /// The socket, to wait until something comes.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// A shared socket that is used in one direction.
struct Half(Arc<Socket>);

impl Read for Half {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        (&*self.0).read(space)
    }
}

impl Write for Half {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
