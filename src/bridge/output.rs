//! A byte stream as a sink: events, laid out as records, written.

use std::io::{self, Write};
use std::time::Duration;

use super::{Sink, SinkError};
use crate::net::Stdio;
use crate::protocol::Event;
use crate::records::{Joiner, JsonEvents, Opening, Visible};

/// Pieces up to this many bytes are gathered; a larger one is written from where it lies, together with those gathered.
const GATHER: usize = 16 << 10;
/// What is gathered is written at the latest when it has this many bytes.
const FULL: usize = 256 << 10;

/// A file, pipe or terminal that small pieces are gathered for, so that all that one read of the socket brought leaves in
/// one write.
#[derive(Debug)]
pub struct Output<W = Stdio> {
    to: W,
    gathered: Vec<u8>,
    /// On a terminal, what could drive it is made visible.
    visible: Option<Visible>,
}

impl<W: Write> Output<W> {
    /// An output that passes all bytes on as they are.
    pub fn new(to: W) -> Self {
        Output { to, gathered: Vec::new(), visible: None }
    }

    /// An output on a terminal.
    pub fn terminal(to: W) -> Self {
        Output { visible: Some(Visible::default()), ..Output::new(to) }
    }
}

impl<W: Write> Write for Output<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(visible) = &mut self.visible {
            visible.push(bytes, &mut self.gathered);
        } else if bytes.len() > GATHER {
            write_both(&mut self.to, &self.gathered, bytes)?;
            self.gathered.clear();
        } else {
            self.gathered.extend_from_slice(bytes);
        }
        if self.gathered.len() >= FULL { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.write_all(&self.gathered)?;
        self.gathered.clear();
        self.to.flush()
    }
}

/// Writes one piece behind the other, in one call as far as the system takes it.
fn write_both(to: &mut impl Write, mut first: &[u8], mut second: &[u8]) -> io::Result<()> {
    while !first.is_empty() {
        let written = match to.write_vectored(&[io::IoSlice::new(first), io::IoSlice::new(second)]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => written,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let of_first = written.min(first.len());
        first = &first[of_first..];
        second = &second[written - of_first..];
    }
    to.write_all(second)
}

/// The sink that lays messages out in a format and writes them to an output.
#[derive(Debug)]
pub struct RecordSink<W = Stdio> {
    joiner: Joiner,
    output: Output<W>,
}

impl<W: Write + Send> RecordSink<W> {
    /// A sink of records.
    pub fn new(joiner: Joiner, output: Output<W>) -> Self {
        RecordSink { joiner, output }
    }

    /// Says that the session is open, where the format has a place for that.
    pub fn open(&mut self, opening: &Opening) {
        self.tell(|json, line| json.open(opening, line));
    }

    /// Says that the connection will be made once more, where the format has a place for that.
    pub fn reconnect(&mut self, attempt: u64, why: &str, delay: Duration) {
        self.tell(|json, line| json.reconnect(attempt, why, delay, line));
    }

    fn tell(&mut self, what: impl FnOnce(&mut JsonEvents, &mut Vec<u8>)) {
        // The output's trouble, if there is any, will show at the next message, or is told elsewhere.
        let _ = self.joiner.tell(&mut self.output, what).and_then(|()| self.output.flush());
    }
}

impl<W: Write + Send> Sink for RecordSink<W> {
    fn take(&mut self, event: &Event<'_>) -> Result<(), SinkError> {
        Ok(self.joiner.push(event, &mut self.output)?)
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        self.joiner.pause();
        Ok(self.output.flush()?)
    }

    fn trouble(&mut self, what: &str) {
        self.tell(|json, line| json.broken(what, line));
    }

    fn we_closed_first(&mut self) {
        self.tell(|json, _| json.sent_close());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes at most so many bytes a call, and keeps each call's.
    struct Narrow(usize, Vec<Vec<u8>>);

    impl Write for Narrow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.0);
            self.1.push(bytes[..taken].to_vec());
            Ok(taken)
        }

        fn write_vectored(&mut self, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
            let all: Vec<u8> = pieces.iter().flat_map(|piece| piece.to_vec()).collect();
            self.write(&all)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn small_pieces_leave_in_one_write() {
        let mut output = Output::new(Narrow(usize::MAX, Vec::new()));
        for piece in [&b"a"[..], b"\n", b"", b"bc", b"\n"] {
            output.write_all(piece).unwrap();
        }
        output.flush().unwrap();
        assert_eq!(output.to.1, [b"a\nbc\n"]);
    }

    #[test]
    fn a_large_piece_takes_the_small_ones_along() {
        let large = vec![b'x'; GATHER + 1];
        for width in [1, 3, 4, 5, 1000, usize::MAX] {
            let mut output = Output::new(Narrow(width, Vec::new()));
            output.write_all(b"head").unwrap();
            output.write_all(&large).unwrap();
            output.write_all(b"tail").unwrap();
            output.flush().unwrap();
            assert_eq!(output.to.1.concat(), [b"head", &large[..], b"tail"].concat(), "{width} bytes a call");
            if width == usize::MAX {
                assert_eq!(output.to.1.len(), 2);
            }
        }
    }

    #[test]
    fn a_terminal_sees_no_escapes() {
        let mut output = Output::terminal(Narrow(usize::MAX, Vec::new()));
        output.write_all(b"\x1b[2J\n").unwrap();
        output.flush().unwrap();
        assert_eq!(output.to.1, [b"^[[2J\n"]);
    }
}
