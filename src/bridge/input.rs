//! A byte stream as a source: read, cut into records, encoded.

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Instant;

use super::Unsent;
use super::kept::{Kept, TooLong};
use super::send::{BATCH, Pulled, Source, SourceError};
use crate::net::{Interest, Wake, wait};
use crate::protocol::{Encoder, Event};
use crate::records::{Problem, Splitter};

/// The records of a byte stream.
#[derive(Debug)]
pub struct StreamInput<R> {
    /// None where nothing is to be read: receive only.
    input: Option<R>,
    splitter: Splitter,
    bell: Arc<Wake>,
    /// Bytes of the input taken.
    taken: u64,
    /// How many of them had reached the socket when all had that were encoded.
    sent: u64,
    ended: bool,
    /// Nothing more may be read or sent.
    over: bool,
    /// What was given last were orders.
    gave_orders: bool,
    /// What another connection may need, if there may be one.
    keeps: Option<Keeps>,
}

/// What a source keeps for another connection.
#[derive(Debug)]
struct Keeps {
    messages: Kept,
    /// Nothing is to be read: receive only.
    is_silent: bool,
    /// What the input ended with before its end, if it did.
    last: Option<Result<Pulled, SourceError>>,
    /// It is to be given on this connection, too.
    is_due: bool,
}

/// What a record of TLS holds, in bytes (RFC 8446, 5.1): of one that the socket has not taken to its end the peer can read
/// nothing. So what is written in such pieces, each as a whole, is taken or is not.
const TLS_RECORD: usize = 16 << 10;

impl<R: Read + AsFd + Send> StreamInput<R> {
    /// A source that gives what is read from `input`. Without an input it never ends by itself; `bell` must be the one that
    /// its session's [`Control`](super::Control) rings.
    #[must_use]
    pub fn new(input: Option<R>, splitter: Splitter, bell: Arc<Wake>) -> Self {
        let ended = input.is_none();
        StreamInput { input, splitter, bell, taken: 0, sent: 0, ended, over: false, gave_orders: false, keeps: None }
    }

    /// Says that something else is sent before the input. Without an input, that is then what ends.
    #[must_use]
    pub fn after_others(mut self) -> Self {
        self.ended = false;
        self
    }

    /// The same source, which outlives a connection: what has not reached the socket when one breaks is sent on the next. Of a
    /// message, at most so many bytes are kept; a longer one is an error.
    #[must_use]
    pub fn keeping(mut self, limit: u64) -> Self {
        let messages = Kept::new(limit);
        self.keeps = Some(Keeps { messages, is_silent: self.ended, last: None, is_due: false });
        self
    }

    /// Goes over to another connection.
    pub fn begin_again(&mut self) {
        self.gave_orders = false;
        if let Some(keeps) = &mut self.keeps {
            keeps.messages.begin_again();
            keeps.is_due = true;
            self.ended = keeps.is_silent;
        }
    }

    /// Encodes the complete records in the buffer, up to a batch.
    fn split(&mut self, encoder: &mut Encoder) -> Result<Option<Pulled>, SourceError> {
        loop {
            let held = self.splitter.held();
            match self.splitter.next() {
                Ok(Some(Event::Close(close))) => {
                    self.over = true;
                    return Ok(Some(Pulled::Close(close)));
                }
                Ok(Some(event)) => {
                    match &mut self.keeps {
                        None => encoder.push(&event),
                        Some(keeps) => {
                            let kept = keeps.messages.encode(&event, encoder);
                            if let Err(TooLong(limit)) = kept {
                                return Err(self.refuse(limit, encoder.is_inside_message()));
                            }
                            keeps.messages.made_of(held.saturating_sub(self.splitter.held()) as u64);
                        }
                    }
                    if encoder.pending().len() >= BATCH {
                        return Ok(Some(Pulled::Frames));
                    }
                }
                Ok(None) if encoder.pending().is_empty() => return Ok(None),
                Ok(None) => return Ok(Some(Pulled::Frames)),
                Err(error) => {
                    self.over = true;
                    return Err(SourceError::BadRecord(error, self.splitter.is_inside_message()));
                }
            }
        }
    }

    /// Gives up a record that is too long to be kept.
    fn refuse(&mut self, limit: u64, has_begun: bool) -> SourceError {
        self.over = true;
        SourceError::BadRecord(self.splitter.refuse(Problem::TooLongToKeep(limit)), has_begun)
    }

    /// What goes before anything new on another connection.
    fn left_over(&mut self, encoder: &mut Encoder) -> Option<Result<Pulled, SourceError>> {
        let keeps = self.keeps.as_mut()?;
        if keeps.messages.resume(encoder) {
            return Some(Ok(Pulled::Frames));
        }
        keeps.last.clone().filter(|_| std::mem::take(&mut keeps.is_due))
    }

    /// The next of the input, or orders.
    fn go_on(&mut self, encoder: &mut Encoder) -> Result<Pulled, SourceError> {
        loop {
            if !self.over
                && let Some(pulled) = self.split(encoder)?
            {
                return Ok(pulled);
            }
            if self.input.is_none() && !self.ended {
                self.ended = true;
                return Ok(Pulled::Ended);
            }
            if let Some(pulled) = self.read()? {
                return Ok(pulled);
            }
        }
    }

    /// Waits for the input and reads it once. Orders come first, but not twice while there is something to read: a peer that
    /// sends pings without pause holds nothing up.
    fn read(&mut self) -> Result<Option<Pulled>, SourceError> {
        let wake = (self.bell.as_fd(), Interest::Read);
        let input = self.input.as_mut().filter(|_| !self.ended && !self.over);
        let turn_of_input = std::mem::take(&mut self.gave_orders);
        let rung = match &input {
            Some(input) => wait(&[wake, (input.as_fd(), Interest::Read)], None)
                .map(|[bell, input]| bell.is_readable() && !(turn_of_input && input.is_readable())),
            None => wait(&[wake], None).map(|_| true),
        };
        if rung.map_err(|error| SourceError::Failed(error.to_string()))? {
            self.bell.clear();
            self.gave_orders = true;
            return Ok(Some(Pulled::Orders));
        }
        if input.is_some() {
            self.fill()?;
        }
        Ok(None)
    }

    /// Reads once.
    fn fill(&mut self) -> Result<(), SourceError> {
        let Some(input) = &mut self.input else { return Ok(()) };
        match input.read(self.splitter.space()) {
            Ok(0) => {
                self.splitter.finish();
                self.input = None;
            }
            Ok(count) => {
                self.splitter.filled(count);
                self.taken += count as u64;
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => {}
            Err(error) => {
                self.over = true;
                return Err(SourceError::Failed(error.to_string()));
            }
        }
        Ok(())
    }

    /// Whether all of the input has been read.
    pub(super) fn is_at_end(&self) -> bool {
        self.input.is_none()
    }

    /// Waits until it is woken, or until then; false if the time is over. Whoever calls it sees to the orders later.
    pub(super) fn wait_until(&self, until: Instant) -> bool {
        let left = until.saturating_duration_since(Instant::now());
        let rung = wait(&[(self.bell.as_fd(), Interest::Read)], Some(left)).is_ok_and(|[bell]| bell.is_readable());
        self.bell.clear();
        rung
    }

    /// Encodes what is there, or comes until then, up to a batch; false at the end of the input or of the time. Orders wait.
    pub(super) fn pull_until(&mut self, encoder: &mut Encoder, until: Instant) -> Result<bool, SourceError> {
        while !self.over {
            match self.split(encoder)? {
                Some(Pulled::Frames) => return Ok(true),
                Some(_) => return Ok(false),
                None => {}
            }
            let left = until.saturating_duration_since(Instant::now());
            let Some(input) = self.input.as_ref().filter(|_| !left.is_zero()) else { return Ok(false) };
            if wait(&[(input.as_fd(), Interest::Read)], Some(left)).is_ok_and(|[input]| input.is_readable()) {
                self.fill()?;
            }
        }
        Ok(false)
    }
}

impl<R: Read + AsFd + Send> Source for StreamInput<R> {
    fn pull(&mut self, encoder: &mut Encoder) -> Result<Pulled, SourceError> {
        if let Some(pulled) = self.left_over(encoder) {
            return pulled;
        }
        let was_over = self.over;
        let pulled = self.go_on(encoder);
        if self.over
            && !was_over
            && let Some(keeps) = &mut self.keeps
        {
            keeps.last = Some(pulled.clone());
        }
        pulled
    }

    fn wait_for_orders(&mut self) {
        // If waiting fails, the orders are looked at again at once.
        let _ = wait(&[(self.bell.as_fd(), Interest::Read)], None);
        self.bell.clear();
    }

    fn largest_write(&self) -> usize {
        if self.keeps.is_some() { TLS_RECORD } else { usize::MAX }
    }

    fn took(&mut self, bytes: usize) {
        if let Some(keeps) = &mut self.keeps {
            keeps.messages.took(bytes);
        }
    }

    fn sent(&mut self) {
        if let Some(keeps) = &mut self.keeps {
            keeps.messages.sent();
        }
        self.sent = self.taken - self.splitter.held() as u64;
    }

    fn unsent(&self) -> Unsent {
        let bytes = match &self.keeps {
            None => self.taken - self.sent,
            Some(keeps) => keeps.messages.unsent() + self.splitter.held() as u64,
        };
        Unsent { bytes, queued: 0, inside_message: self.splitter.is_inside_message() }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::protocol::Kind;
    use crate::records::Format;

    #[test]
    fn orders_and_input_take_turns() {
        let (input, mut to_input) = io::pipe().unwrap();
        let bell = Arc::new(Wake::new().unwrap());
        let splitter = Splitter::new(Format::Lines, Kind::Text, 100, None);
        let mut source = StreamInput::new(Some(input), splitter, Arc::clone(&bell));
        let mut encoder = Encoder::server();
        for _ in 0..3 {
            to_input.write_all(b"line\n").unwrap();
            for expected in [Pulled::Orders, Pulled::Frames] {
                bell.wake();
                assert_eq!(source.pull(&mut encoder).unwrap(), expected);
                encoder.clear();
            }
        }
        // Nothing waits, so there is nothing to give way to.
        for _ in 0..3 {
            bell.wake();
            assert_eq!(source.pull(&mut encoder).unwrap(), Pulled::Orders);
        }
    }
}
