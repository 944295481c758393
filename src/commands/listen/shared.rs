//! One output for many clients: whole messages, one at a time.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::bridge::{Cause, Control, Ending, Fact, Output, Peer, Sink, SinkError, Traffic};
use crate::net::Wake;
use crate::outcome::{Failure, judge};
use crate::protocol::{Chunk, Event};
use crate::records::{Direction, Format, Joiner, JsonEvents, Opening, OutputFormat, Parting};

/// Up to this many bytes of an unfinished message wait in memory; a longer one takes the output for itself until its end.
const HELD: usize = 256 << 10;
/// A client that has the output for itself, while others wait, has to send so many bytes in this time.
const LEAST: usize = 16 << 10;
const STALLED: Duration = Duration::from_secs(5);
/// How often is looked whether it is still the output that takes its time.
const LOOK: Duration = Duration::from_secs(1);

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
    /// Who that is, if it lasts until the end of a long message.
    holder: Option<Holder>,
    /// How many have been holders.
    holders: u64,
    /// Messages that are still awaited, if the run ends with the last of them.
    remaining: Option<u64>,
}

/// A client that has the output for itself.
#[derive(Debug)]
struct Holder {
    ticket: u64,
    control: Arc<Control>,
    /// What ends its record if it has to give the output up.
    delimiter: Option<u8>,
    /// Since when it has sent this little.
    since: Instant,
    bytes: usize,
    /// It is the output that takes its time.
    writes: bool,
}

impl SharedOutput {
    /// An output that takes `count` messages, or any number; `satisfied` is rung after the last one.
    pub(super) fn new(output: Output, count: Option<u64>, satisfied: Arc<Wake>) -> Self {
        let state = Mutex::new(State { taken: false, holder: None, holders: 0, remaining: count });
        SharedOutput { output: Mutex::new(output), state, free: Condvar::new(), satisfied }
    }

    /// Whether all messages that were awaited have been written.
    pub(super) fn is_satisfied(&self) -> bool {
        lock(&self.state).remaining == Some(0)
    }

    /// Waits for a turn. A client that stands still inside a long message has to give its own up.
    fn take_turn(&self) {
        let begun = Instant::now();
        let mut state = lock(&self.state);
        while state.taken {
            let now = Instant::now();
            let due = state.holder.as_ref().map(|holder| holder.due(begun).unwrap_or(now + LOOK));
            if due.is_some_and(|due| due <= now)
                && let Some(Holder { control, delimiter, .. }) = state.holder.take()
            {
                drop(state);
                control.note(Fact::Stalled(STALLED));
                // It is our turn now, and its record is over.
                let _ = self.write(delimiter.as_slice());
                return;
            }
            state = match due {
                None => self.free.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(due) => self.free.wait_timeout(state, due - now).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
        state.taken = true;
    }

    /// Makes the caller's turn last until the end of its message; gives the ticket for that.
    fn hold(&self, control: Arc<Control>, delimiter: Option<u8>) -> u64 {
        let mut state = lock(&self.state);
        state.holders += 1;
        let ticket = state.holders;
        state.holder = Some(Holder { ticket, control, delimiter, since: Instant::now(), bytes: 0, writes: false });
        ticket
    }

    /// Does something about a turn that lasts; false if that had to be given up.
    fn about(&self, ticket: u64, what: impl FnOnce(&mut Holder)) -> bool {
        let mut state = lock(&self.state);
        state.holder.as_mut().filter(|holder| holder.ticket == ticket).map(what).is_some()
    }

    /// Ends a turn that lasts, unless that had to be given up.
    fn give_up(&self, ticket: u64) {
        let mut state = lock(&self.state);
        if state.holder.take_if(|holder| holder.ticket == ticket).is_some() {
            state.taken = false;
            self.free.notify_one();
        }
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

impl Holder {
    /// When it has to give the output up to somebody who has waited since `begun`; none while it is the output that takes its
    /// time.
    fn due(&self, begun: Instant) -> Option<Instant> {
        (!self.writes).then(|| self.since.max(begun) + STALLED)
    }

    fn moved(&mut self, bytes: usize) {
        self.bytes += bytes;
        if self.bytes >= LEAST {
            (self.since, self.bytes) = (Instant::now(), 0);
        }
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
    control: Arc<Control>,
    /// This client has the output for itself, by this ticket: the beginning of its message has been written.
    holds: Option<u64>,
    /// It had to give the output up, and nothing more of it is written.
    is_cut: bool,
    /// Why nothing more came, in words, where that was no Close.
    trouble: Option<String>,
}

impl ClientSink {
    /// A sink that lays messages out with a joiner of its own.
    pub(super) fn new(joiner: Joiner, format: OutputFormat, shared: Arc<SharedOutput>, control: Arc<Control>) -> Self {
        let (buffer, ends) = Default::default();
        ClientSink { joiner, format, shared, buffer, ends, control, holds: None, is_cut: false, trouble: None }
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
        match self.holds {
            None => self.shared.take_turn(),
            Some(ticket) if self.shared.about(ticket, |holder| holder.writes = true) => {}
            Some(_) => {
                self.cut();
                return Ok(());
            }
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
        match self.holds {
            None => self.shared.release(),
            Some(ticket) => {
                self.shared.about(ticket, |holder| {
                    holder.writes = false;
                    holder.since = Instant::now();
                });
            }
        }
        written
    }

    /// Writes all complete messages.
    fn write_complete(&mut self) -> io::Result<()> {
        let Some(&end) = self.ends.last() else { return Ok(()) };
        let written = self.write(end);
        if let Some(ticket) = self.holds.take() {
            self.shared.give_up(ticket);
        }
        written
    }

    /// Drops what is here, and whatever comes.
    fn cut(&mut self) {
        (self.holds, self.is_cut) = (None, true);
        self.buffer = Vec::new();
        self.ends.clear();
    }

    /// Takes the output until the end of the message whose beginning is in the buffer.
    fn hold(&mut self) -> io::Result<()> {
        if self.holds.is_none() {
            self.shared.take_turn();
            self.holds = Some(self.shared.hold(Arc::clone(&self.control), self.format.delimiter()));
        }
        self.write(self.buffer.len())
    }
}

impl Sink for ClientSink {
    fn take(&mut self, event: &Event<'_>) -> Result<(), SinkError> {
        if let (Some(ticket), Event::Data(chunk)) = (self.holds, event)
            && !self.shared.about(ticket, |holder| holder.moved(chunk.payload.len()))
        {
            self.cut();
        }
        if self.is_cut {
            return Ok(());
        }
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
        if let Some(ticket) = self.holds {
            if let Some(delimiter) = self.format.delimiter() {
                self.buffer.push(delimiter);
            }
            let _ = self.write(self.buffer.len());
            self.shared.give_up(ticket);
        }
    }
}
