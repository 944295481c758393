//! One output for many clients: whole messages, one at a time.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::bridge::{Cause, Ending, Output, Peer, Sink, SinkError, Traffic};
use crate::net::Wake;
use crate::outcome::{Failure, judge};
use crate::protocol::{Chunk, Event};
use crate::records::{Direction, Format, Joiner, JsonEvents, Opening, OutputFormat, Parting};

/// Up to this many bytes of an unfinished message wait in memory; a longer one takes the output for itself until its end.
const HELD: usize = 256 << 10;

/// The output that clients take turns at.
#[derive(Debug)]
pub(super) struct SharedOutput {
    /// Only whose turn it is uses it, so nobody ever waits here.
    output: Mutex<Output>,
    state: Mutex<State>,
    free: Condvar,
    /// Rung when the last message that was awaited has been written.
    satisfied: Arc<Wake>,
}

#[derive(Debug)]
struct State {
    /// It is somebody's turn.
    taken: bool,
    /// Messages that are still awaited, if the run ends with the last of them.
    remaining: Option<u64>,
}

impl SharedOutput {
    /// An output that takes `count` messages, or any number; `satisfied` is rung after the last one.
    pub(super) fn new(output: Output, count: Option<u64>, satisfied: Arc<Wake>) -> Self {
        let state = Mutex::new(State { taken: false, remaining: count });
        SharedOutput { output: Mutex::new(output), state, free: Condvar::new(), satisfied }
    }

    /// Whether all messages that were awaited have been written.
    pub(super) fn is_satisfied(&self) -> bool {
        lock(&self.state).remaining == Some(0)
    }

    /// Waits for a turn.
    fn take_turn(&self) {
        let mut state = lock(&self.state);
        while state.taken {
            state = self.free.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.taken = true;
    }

    /// Writes, in the caller's turn. No lock that anybody else may want is held meanwhile.
    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let mut output = lock(&self.output);
        output.write_all(bytes)?;
        output.flush()
    }

    /// Writes whole lines in a turn of their own. An output's trouble will show at the next message.
    pub(super) fn write_line(&self, line: &[u8]) {
        self.take_turn();
        let _ = self.write(line);
        self.release();
    }

    /// Messages that are still awaited, if any are, in the caller's turn.
    fn remaining(&self) -> Option<u64> {
        lock(&self.state).remaining
    }

    /// Says that so many messages have been written.
    fn count(&self, messages: u64) {
        let mut state = lock(&self.state);
        state.remaining = state.remaining.map(|remaining| remaining.saturating_sub(messages));
        if state.remaining == Some(0) {
            self.satisfied.wake();
        }
    }

    fn release(&self) {
        lock(&self.state).taken = false;
        self.free.notify_one();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that holds one of these panics half-way.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One client's way to the shared output.
#[derive(Debug)]
pub(super) struct ClientSink {
    joiner: Joiner,
    format: OutputFormat,
    shared: Arc<SharedOutput>,
    buffer: Vec<u8>,
    /// Where in the buffer messages end.
    ends: Vec<usize>,
    /// This client has the output for itself: the beginning of its message has been written.
    holds: bool,
    /// Why nothing more came, in words, where that was no Close.
    trouble: Option<String>,
}

impl ClientSink {
    /// A sink that lays messages out with a joiner of its own.
    pub(super) fn new(joiner: Joiner, format: OutputFormat, shared: Arc<SharedOutput>) -> Self {
        ClientSink { joiner, format, shared, buffer: Vec::new(), ends: Vec::new(), holds: false, trouble: None }
    }

    /// Says that the session is open, where the format has a place for that.
    pub(super) fn open(&mut self, opening: &Opening) {
        self.tell(|json, line| json.open(opening, line));
    }

    /// Says that the session is over, and how, where the format has a place for that.
    pub(super) fn close(&mut self, ending: &Ending) {
        if !matches!(ending.peer, Peer::Closed(_)) {
            let words = match (&ending.cause, self.trouble.take(), judge(ending)) {
                (Cause::PeerGone(_) | Cause::Violation(_), Some(trouble), _) => trouble,
                (_, _, Err(failure @ Failure::Session(_))) => failure.to_string(),
                _ => "the client never answered our Close".into(),
            };
            self.tell(|json, line| json.broken(&words, line));
        }
        let (close, is_answered) = match &ending.peer {
            Peer::Closed(close) => (Some(close.clone()), ending.our_close.is_some()),
            Peer::There | Peer::Gone => (None, false),
        };
        let first = match ending.cause {
            Cause::PeerClosed => Some(Direction::In),
            _ => ending.our_close.is_some().then_some(Direction::Out),
        };
        let Traffic { received, sent, .. } = ending.traffic;
        let parting = Parting { close, first, clean: is_answered, received, sent };
        self.tell(|json, line| json.parted(&parting, line));
    }

    /// Writes a line, where the format has a place for that; whatever of a message is there has been written, or never will be.
    fn tell(&mut self, what: impl FnOnce(&mut JsonEvents, &mut Vec<u8>)) {
        let mut line = Vec::new();
        // Writing to memory never fails.
        let _ = self.joiner.tell(&mut line, what);
        if !line.is_empty() {
            let _ = self.write_complete();
            self.shared.write_line(&line);
        }
    }

    /// Writes what there is up to `end`, but no more messages than are awaited, in a turn of its own or in the one it has.
    fn write(&mut self, mut end: usize) -> io::Result<()> {
        if !self.holds {
            self.shared.take_turn();
        }
        let remaining = self.shared.remaining();
        let awaited = remaining.map_or(usize::MAX, |remaining| remaining as usize);
        let over = self.ends.len() >= awaited;
        if over {
            end = awaited.checked_sub(1).map_or(0, |last| self.ends[last]);
        }
        let written = self.shared.write(&self.buffer[..end]);
        self.shared.count(self.ends.len() as u64);
        self.buffer.drain(..if over { self.buffer.len() } else { end });
        self.ends.clear();
        if !self.holds {
            self.shared.release();
        }
        written
    }

    /// Writes all complete messages.
    fn write_complete(&mut self) -> io::Result<()> {
        let Some(&end) = self.ends.last() else { return Ok(()) };
        let written = self.write(end);
        if std::mem::take(&mut self.holds) {
            self.shared.release();
        }
        written
    }

    /// Takes the output until the end of the message whose beginning is in the buffer.
    fn hold(&mut self) -> io::Result<()> {
        if !self.holds {
            self.shared.take_turn();
            self.holds = true;
        }
        self.write(self.buffer.len())
    }
}

impl Sink for ClientSink {
    fn take(&mut self, event: &Event<'_>) -> Result<(), SinkError> {
        let before = self.buffer.len();
        match event {
            // A length is not written before its message is here: the client might leave, and the next record would be
            // read as the rest of this one.
            Event::Data(chunk) if self.format == Format::Length.into() => {
                self.joiner.push(&Event::Data(Chunk { length: None, ..*chunk }), &mut self.buffer)?;
            }
            // What is told of a client that goes holds it, and more.
            Event::Close(_) => {}
            event => self.joiner.push(event, &mut self.buffer)?,
        }
        match event {
            Event::Data(chunk) if chunk.last => self.ends.push(self.buffer.len()),
            // The events of JSON Lines are complete as they are.
            Event::Data(_) => {}
            _ if self.buffer.len() > before => {
                self.write(self.buffer.len())?;
            }
            _ => {}
        }
        if self.buffer.len() > HELD {
            self.write_complete()?;
            if self.buffer.len() > HELD {
                self.hold()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        self.joiner.pause();
        Ok(self.write_complete()?)
    }

    fn trouble(&mut self, what: &str) {
        // Whether it is the cause of the session's end will be known then.
        self.trouble = Some(what.to_owned());
    }
}

impl Drop for ClientSink {
    /// A client that leaves inside a long message must not keep the output; the next record begins behind a delimiter.
    fn drop(&mut self) {
        if self.holds {
            if let Some(delimiter) = self.format.delimiter() {
                self.buffer.push(delimiter);
            }
            let _ = self.write(self.buffer.len());
            self.shared.release();
        }
    }
}
