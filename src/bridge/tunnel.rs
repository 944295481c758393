//! A byte stream at this end of a session: what comes from it is sent, and what is received goes to it.
//!
//! The end of each direction is carried, for itself: the stream's end becomes a Close, and the peer's Close the stream's end.
//! An end that is none, of either, becomes a reset of the other, so that half of the bytes are never taken for all of them.

use std::io::{self, Write};
use std::net::Shutdown;
use std::sync::Arc;

use super::{Output, Sink, SinkError, StreamInput};
use crate::net::{Half, Socket, Wake};
use crate::protocol::{Event, Kind};
use crate::records::{Format, Splitter};

/// The longest message that is made of what one read of the stream gives, in bytes.
const CHUNK: usize = 256 << 10;

/// Both ends of a session that carries a byte stream.
#[derive(Debug)]
pub struct Tunnel {
    /// What comes from the stream, in binary messages.
    pub source: StreamInput<Half>,
    /// Where messages go, of whatever type.
    pub sink: StreamSink,
    /// What wakes the source.
    pub bell: Arc<Wake>,
}

impl Tunnel {
    /// The ends of a session that carries this stream.
    ///
    /// # Errors
    /// The system has no descriptors left.
    pub fn new(stream: Socket) -> io::Result<Self> {
        let bell = Arc::new(Wake::new()?);
        let (reader, writer) = Half::of(stream);
        let splitter = Splitter::new(Format::Raw, Kind::Binary, CHUNK, None);
        let source = StreamInput::new(Some(reader), splitter, Arc::clone(&bell));
        // Until all has come: whatever ends this process, an end of the stream it is not.
        writer.socket().resets_at_end(true);
        let sink = StreamSink { output: Output::new(writer.clone()), stream: writer };
        Ok(Tunnel { source, sink, bell })
    }
}

/// Writes what comes to the stream, and ends it when the peer does.
#[derive(Debug)]
pub struct StreamSink {
    output: Output<Half>,
    stream: Half,
}

impl Sink for StreamSink {
    fn take(&mut self, event: &Event<'_>) -> Result<(), SinkError> {
        match event {
            Event::Data(chunk) => self.output.write_all(chunk.payload)?,
            Event::Close(close) if close.is_planned() => {
                self.output.flush()?;
                self.stream.socket().resets_at_end(false);
                // It fails where nobody reads it any more.
                let _ = self.stream.socket().shutdown(Shutdown::Write);
            }
            Event::Close(_) | Event::Ping(_) | Event::Pong(_) => {}
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        Ok(self.output.flush()?)
    }
}
