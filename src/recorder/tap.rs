//! The taps on the two directions of a connection.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::SystemTime;

use super::queue::{Piece, Queue};
use crate::net::Connection;
use crate::records::Direction;

/// The same connection, of which all bytes are recorded.
pub(super) fn on(connection: Connection, session: u64, queue: &Arc<Queue>) -> Connection {
    let Connection { reader, writer, line } = connection;
    let end = || End { session, queue: Arc::clone(queue) };
    let (reader, writer) = (TappedReader { below: reader, end: end() }, TappedWriter { below: writer, end: end() });
    Connection { reader: Box::new(reader), writer: Box::new(writer), line }
}

/// One of a session's two ends at the queue.
struct End {
    session: u64,
    queue: Arc<Queue>,
}

impl End {
    fn bytes(&self, dir: Direction, bytes: &[u8]) -> Piece {
        // First: the copy may take its time.
        let time = SystemTime::now();
        Piece::Bytes { session: self.session, dir, time, bytes: self.queue.copy(bytes) }
    }

    fn ended(&self, why: Option<String>) {
        self.queue.push(Piece::Ended { session: self.session, why, time: SystemTime::now() });
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.queue.push(Piece::Gone { session: self.session, time: SystemTime::now() });
    }
}

struct TappedReader<R> {
    below: R,
    end: End,
}

impl<R: Read> Read for TappedReader<R> {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let result = self.below.read(space);
        let queue = &self.end.queue;
        if !queue.is_open() {
            return result;
        }
        match &result {
            Ok(0) if !space.is_empty() => self.end.ended(None),
            Ok(count) => queue.push(self.end.bytes(Direction::In, &space[..*count])),
            Err(error) => match error.kind() {
                io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {}
                _ => self.end.ended(Some(error.to_string())),
            },
        }
        result
    }
}

struct TappedWriter<W> {
    below: W,
    end: End,
}

impl<W: Write> Write for TappedWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let End { session, queue } = &self.end;
        if !queue.is_open() {
            return self.below.write(bytes);
        }
        let ticket = queue.begin_write(*session);
        let result = self.below.write(bytes);
        let written = result.as_ref().ok().filter(|count| **count > 0);
        let piece = written.map(|count| self.end.bytes(Direction::Out, &bytes[..*count]));
        queue.end_write(*session, &ticket, piece);
        result
    }

    fn flush(&mut self) -> io::Result<()> {
        self.below.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::super::queue::Next;
    use super::*;

    /// Takes and gives at most three bytes a call.
    struct Narrow(Vec<u8>);

    impl Read for Narrow {
        fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
            let count = space.len().min(self.0.len()).min(3);
            space[..count].copy_from_slice(&self.0[..count]);
            self.0.drain(..count);
            Ok(count)
        }
    }

    impl Write for Narrow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match bytes {
                [b'!', ..] => Err(io::ErrorKind::BrokenPipe.into()),
                bytes => Ok(bytes.len().min(3)),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn end(queue: &Arc<Queue>) -> End {
        End { session: 7, queue: Arc::clone(queue) }
    }

    /// What the queue holds, as text.
    fn taken(queue: &Queue) -> Vec<String> {
        queue.end();
        let mut all = Vec::new();
        loop {
            all.push(match queue.next(None, false) {
                Next::Piece(Piece::Bytes { session: 7, dir, bytes, .. }) => {
                    format!("{dir:?} {}", String::from_utf8(bytes).unwrap())
                }
                Next::Piece(Piece::Ended { session: 7, why, .. }) => format!("ended {why:?}"),
                Next::Piece(Piece::Gone { session: 7, .. }) => "gone".to_owned(),
                Next::End => return all,
                other => format!("{other:?}"),
            });
        }
    }

    #[test]
    fn what_was_read_is_recorded_in_its_pieces() {
        let queue = Arc::default();
        let mut reader = TappedReader { below: Narrow(b"Hello".to_vec()), end: end(&queue) };
        let mut read = Vec::new();
        reader.read_to_end(&mut read).unwrap();
        assert_eq!(read, b"Hello");
        drop(reader);
        assert_eq!(taken(&queue)[..3], ["In Hel", "In lo", "ended None"]);
    }

    /// What the system did not take is not recorded.
    #[test]
    fn what_was_written_is_recorded_as_far_as_it_was_taken() {
        let queue = Arc::default();
        let mut writer = TappedWriter { below: Narrow(Vec::new()), end: end(&queue) };
        writer.write_all(b"Hello").unwrap();
        assert_eq!(writer.write(b"abcdef").unwrap(), 3);
        writer.write_all(b"!no").unwrap_err();
        drop(writer);
        assert_eq!(taken(&queue), ["Out Hel", "Out lo", "Out abc", "gone"]);
    }

    /// The writing thread may be slow to come back from the system, and the peer may be quick.
    #[test]
    fn an_answer_never_stands_before_its_question() {
        let queue = Arc::default();
        let end = end(&queue);
        let ticket = queue.begin_write(7);
        queue.push(end.bytes(Direction::In, b"answer"));
        queue.end_write(7, &ticket, Some(end.bytes(Direction::Out, b"question")));
        assert_eq!(taken(&queue), ["Out question", "In answer"]);
    }

    /// A write may also wait for a peer that waits to be read.
    #[test]
    fn what_comes_does_not_wait_for_a_write_that_hangs() {
        let queue = Arc::default();
        let end = end(&queue);
        let _ticket = queue.begin_write(7);
        queue.push(end.bytes(Direction::In, b"something"));
        assert_eq!(taken(&queue), ["In something"]);
    }
}
