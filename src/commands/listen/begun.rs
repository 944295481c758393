//! A bound on what is held of messages that clients have begun and not ended, where a message is held until it is whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::bridge::{Sink, SinkError};
use crate::protocol::{Chunk, Event, Violation};

/// So many messages of the greatest length may be held at a time: a limit for each client bounds nothing where many come.
const LONGEST: u64 = 4;
/// So many bytes may be held anyway: where messages are short, the beginnings of many clients' take little.
const ANYWAY: u64 = 16 << 20;

/// The bytes that are held for all clients together.
#[derive(Debug)]
pub(super) struct Begun {
    bytes: AtomicU64,
    limit: u64,
}

impl Begun {
    /// Nothing yet; a message may have `max_message` bytes.
    pub(super) fn new(max_message: u64) -> Self {
        Begun { bytes: AtomicU64::new(0), limit: max_message.saturating_mul(LONGEST).max(ANYWAY) }
    }

    /// A client's sink: it takes a chunk that it has to hold only while there is room.
    pub(super) fn bound<S: Sink>(self: &Arc<Self>, sink: S, holds: Holds) -> Bounded<S> {
        Bounded { sink, holds, begun: Arc::clone(self), held: 0 }
    }
}

/// Whether a chunk that is not its message's last has to be held.
pub(super) type Holds = fn(&Chunk<'_>) -> bool;

/// A client's sink, and what is held for it.
#[derive(Debug)]
pub(super) struct Bounded<S> {
    sink: S,
    holds: Holds,
    begun: Arc<Begun>,
    held: u64,
}

impl<S> Bounded<S> {
    pub(super) fn sink(&mut self) -> &mut S {
        &mut self.sink
    }

    fn hold(&mut self, bytes: u64) -> Result<(), Violation> {
        self.held += bytes;
        let limit = self.begun.limit;
        let before = self.begun.bytes.fetch_add(bytes, Relaxed);
        if before + bytes > limit { Err(Violation::TooMuchBegun { limit }) } else { Ok(()) }
    }

    fn give_back(&mut self) {
        self.begun.bytes.fetch_sub(std::mem::take(&mut self.held), Relaxed);
    }
}

impl<S: Sink> Sink for Bounded<S> {
    fn take(&mut self, event: &Event<'_>) -> Result<(), SinkError> {
        let Event::Data(chunk) = event else { return self.sink.take(event) };
        if !chunk.last && (self.holds)(chunk) {
            self.hold(chunk.payload.len() as u64).map_err(SinkError::TooBig)?;
        }
        let taken = self.sink.take(event);
        if chunk.last && self.held > 0 {
            self.give_back();
        }
        taken
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        self.sink.flush()
    }

    fn trouble(&mut self, what: &str) {
        self.sink.trouble(what);
    }

    fn we_closed_first(&mut self) {
        self.sink.we_closed_first();
    }
}

impl<S> Drop for Bounded<S> {
    fn drop(&mut self) {
        self.give_back();
    }
}
