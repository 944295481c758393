//! An open connection as two halves.

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::Arc;

use super::Socket;

/// An open connection: two halves that two threads can use at once, and the socket below, to hang up.
pub struct Connection {
    /// What the peer sends.
    pub reader: Box<dyn Read + Send>,
    /// What goes to the peer.
    pub writer: Box<dyn Write + Send>,
    /// The socket that both stand on.
    pub socket: Arc<Socket>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("socket", &self.socket).finish_non_exhaustive()
    }
}

impl Connection {
    /// A connection without anything between the frames and the socket.
    #[must_use]
    pub fn plain(socket: Socket) -> Self {
        let socket = Arc::new(socket);
        let half = || Half(Arc::clone(&socket));
        Connection { reader: Box::new(half()), writer: Box::new(half()), socket }
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
