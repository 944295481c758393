//! A byte stream as a source: read, cut into records, encoded.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Instant;

use super::Unsent;
use super::send::{BATCH, Pulled, Source, SourceError};
use crate::net::{Interest, Wake, wait};
use crate::protocol::{Chunk, Encoder, Event, Kind};
use crate::records::Splitter;

/// Messages to send first, then the records of a byte stream.
#[derive(Debug)]
pub struct StreamInput<R> {
    greetings: VecDeque<String>,
    /// None where nothing is to be read: receive only.
    input: Option<R>,
    splitter: Splitter,
    bell: Arc<Wake>,
    /// Bytes of greetings and input taken.
    taken: u64,
    /// How many of them had reached the socket when all had that were encoded.
    sent: u64,
    ended: bool,
    /// Nothing more may be read or sent.
    over: bool,
    /// What was given last were orders.
    gave_orders: bool,
}

impl<R: Read + AsFd + Send> StreamInput<R> {
    /// A source that gives the greetings as text messages, then what is read from `input`. Without an input, and with no
    /// greeting, it never ends by itself; `bell` must be the one that its session's [`Control`](super::Control) rings.
    #[must_use]
    pub fn new(greetings: Vec<String>, input: Option<R>, splitter: Splitter, bell: Arc<Wake>) -> Self {
        let ended = input.is_none() && greetings.is_empty();
        StreamInput {
            greetings: greetings.into(),
            input,
            splitter,
            bell,
            taken: 0,
            sent: 0,
            ended,
            over: false,
            gave_orders: false,
        }
    }

    /// Encodes the complete records in the buffer, up to a batch.
    fn split(&mut self, encoder: &mut Encoder) -> Result<Option<Pulled>, SourceError> {
        loop {
            match self.splitter.next() {
                Ok(Some(Event::Close(close))) => {
                    self.over = true;
                    return Ok(Some(Pulled::Close(close)));
                }
                Ok(Some(event)) => {
                    encoder.push(&event);
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
        while let Some(text) = self.greetings.pop_front() {
            encoder.push(&Event::Data(Chunk::whole(Kind::Text, text.as_bytes())));
            self.taken += text.len() as u64;
        }
        if !encoder.pending().is_empty() {
            return Ok(Pulled::Frames);
        }
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

    fn wait_for_orders(&mut self) {
        // If waiting fails, the orders are looked at again at once.
        let _ = wait(&[(self.bell.as_fd(), Interest::Read)], None);
        self.bell.clear();
    }

    fn sent(&mut self) {
        self.sent = self.taken - self.splitter.held() as u64;
    }

    fn unsent(&self) -> Unsent {
        Unsent { bytes: self.taken - self.sent, inside_message: self.splitter.is_inside_message() }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::records::Format;

    #[test]
    fn orders_and_input_take_turns() {
        let (input, mut to_input) = io::pipe().unwrap();
        let bell = Arc::new(Wake::new().unwrap());
        let splitter = Splitter::new(Format::Lines, Kind::Text, 100, None);
        let mut source = StreamInput::new(Vec::new(), Some(input), splitter, Arc::clone(&bell));
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
