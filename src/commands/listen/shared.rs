//! One output for many clients: whole messages, one at a time.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::bridge::{Output, Sink, SinkError};
use crate::net::Wake;
use crate::protocol::Event;
use crate::records::Joiner;

/// Up to this many bytes of an unfinished message wait in memory; a longer one takes the output for itself until its end.
const HELD: usize = 256 << 10;

/// The output that clients take turns at.
#[derive(Debug)]
pub(super) struct SharedOutput {
    state: Mutex<State>,
    free: Condvar,
}

#[derive(Debug)]
struct State {
    output: Output,
    /// Somebody's long message is being written.
    taken: bool,
    /// Messages that are still awaited, if the run ends with the last of them.
    remaining: Option<u64>,
    /// Rung when the last of them has been written.
    satisfied: Arc<Wake>,
}

impl SharedOutput {
    /// An output that takes `count` messages, or any number; `satisfied` is rung after the last one.
    pub(super) fn new(output: Output, count: Option<u64>, satisfied: Arc<Wake>) -> Self {
        let state = State { output, taken: false, remaining: count, satisfied };
        SharedOutput { state: Mutex::new(state), free: Condvar::new() }
    }

    /// Whether all messages that were awaited have been written.
    pub(super) fn is_satisfied(&self) -> bool {
        self.lock().remaining == Some(0)
    }

    /// Waits for a turn, unless the output is `held` by the caller already.
    fn turn(&self, held: bool) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        while state.taken && !held {
            state = self.free.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state
    }

    fn release(&self) {
        self.lock().taken = false;
        self.free.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One client's way to the shared output.
#[derive(Debug)]
pub(super) struct ClientSink {
    joiner: Joiner,
    delimiter: Option<u8>,
    shared: Arc<SharedOutput>,
    buffer: Vec<u8>,
    /// Where in the buffer messages end.
    ends: Vec<usize>,
    /// This client has the output for itself: the beginning of its message has been written.
    holds: bool,
}

impl ClientSink {
    /// A sink that lays messages out with a joiner of its own.
    pub(super) fn new(joiner: Joiner, delimiter: Option<u8>, shared: Arc<SharedOutput>) -> Self {
        ClientSink { joiner, delimiter, shared, buffer: Vec::new(), ends: Vec::new(), holds: false }
    }

    /// Says that the session is open, where the format has a place for that.
    pub(super) fn open(&mut self, url: &str, address: &str, subprotocol: Option<&str>) {
        if let Some(json) = self.joiner.json() {
            // Writing to memory never fails.
            let _ = json.open(url, address, subprotocol, &mut self.buffer);
            let _ = self.write(self.buffer.len());
        }
    }

    /// Writes what there is up to `end`, but no more messages than are awaited.
    fn write(&mut self, mut end: usize) -> io::Result<()> {
        let mut state = self.shared.turn(self.holds);
        if let Some(remaining) = state.remaining {
            let awaited = remaining as usize;
            if self.ends.len() >= awaited {
                end = awaited.checked_sub(1).map_or(0, |last| self.ends[last]);
                state.satisfied.wake();
            }
            state.remaining = Some(remaining.saturating_sub(self.ends.len() as u64));
        }
        state.output.write_all(&self.buffer[..end])?;
        state.output.flush()?;
        let over = state.remaining == Some(0);
        self.buffer.drain(..if over { self.buffer.len() } else { end });
        self.ends.clear();
        Ok(())
    }

    /// Writes all complete messages.
    fn write_complete(&mut self) -> io::Result<()> {
        let Some(&end) = self.ends.last() else {
            return Ok(());
        };
        self.write(end)?;
        if self.holds {
            self.holds = false;
            self.shared.release();
        }
        Ok(())
    }

    /// Takes the output until the end of the message whose beginning is in the buffer.
    fn hold(&mut self) -> io::Result<()> {
        if !self.holds {
            self.shared.turn(false).taken = true;
            self.holds = true;
        }
        self.write(self.buffer.len())
    }
}

impl Sink for ClientSink {
    fn take(&mut self, event: &Event<'_>) -> Result<(), SinkError> {
        let before = self.buffer.len();
        self.joiner.push(event, &mut self.buffer)?;
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
        Ok(self.write_complete()?)
    }
}

impl Drop for ClientSink {
    /// A client that leaves inside a long message must not keep the output; the next record begins behind a delimiter.
    fn drop(&mut self) {
        if self.holds {
            if let Some(delimiter) = self.delimiter {
                self.buffer.push(delimiter);
            }
            let _ = self.write(self.buffer.len());
            self.shared.release();
        }
    }
}
