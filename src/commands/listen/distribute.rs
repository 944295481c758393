//! Standard input, sent to every client that is there.

use std::io::{ErrorKind, Read};
use std::os::fd::AsFd;
use std::sync::Arc;

use super::crowd::{Crowd, Input};
use super::events::Events;
use crate::bridge::Fact;
use crate::net::{Interest, Stdio, wait};
use crate::protocol::{Encoder, Event};
use crate::records::Splitter;

/// A batch is handed to the clients when it has this many bytes, or when the input has nothing more at the moment.
const BATCH: usize = 64 << 10;

/// Reads the input to its end; nothing is read while nobody is there. Frames are encoded once, for all.
pub(super) fn distribute(mut input: Stdio, mut splitter: Splitter, crowd: &Crowd, events: Option<&Events>) {
    let mut batch = Batch { encoder: Encoder::server(), message: 0, messages: Vec::new(), crowd, events };
    let mut over = Input::Open;
    while over == Input::Open {
        if !crowd.wait_for_somebody(&input) {
            over = Input::Ended;
            break;
        }
        match input.read(splitter.space()) {
            Ok(0) => {
                splitter.finish();
                over = Input::Ended;
            }
            Ok(count) => splitter.filled(count),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                // Somebody has made it non-blocking; what fails here fails again in the read that follows.
                let _ = wait(&[(input.as_fd(), Interest::Read)], None);
            }
            Err(error) => over = Input::EndedWith(Fact::InputFailed(error.to_string())),
        }
        if let Err(fact) = batch.hand_out(&mut splitter) {
            over = Input::EndedWith(fact);
        }
    }
    crowd.end_input(over);
}

/// Frames that are about to be handed out.
struct Batch<'a> {
    encoder: Encoder,
    /// The bytes of a message that is not complete.
    message: u64,
    /// The bytes of each message that is.
    messages: Vec<u64>,
    crowd: &'a Crowd,
    /// Where messages are told of that have been handed out.
    events: Option<&'a Events>,
}

impl Batch<'_> {
    /// Hands out the complete records in the buffer. What ends the sessions, if something does, is the error.
    fn hand_out(&mut self, splitter: &mut Splitter) -> Result<(), Fact> {
        loop {
            let next = match splitter.next() {
                Ok(Some(Event::Close(close))) => Err(Fact::CloseAsked(close)),
                Ok(Some(event)) => {
                    self.push(&event);
                    Ok(true)
                }
                Ok(None) => Ok(false),
                Err(error) => Err(Fact::BadRecord(error, self.encoder.is_inside_message())),
            };
            let full = self.encoder.pending().len() >= BATCH;
            if !self.encoder.pending().is_empty() && (full || next != Ok(true)) {
                self.send();
            }
            if !next? {
                return Ok(());
            }
        }
    }

    fn push(&mut self, event: &Event<'_>) {
        self.encoder.push(event);
        if let (Event::Data(chunk), Some(_)) = (event, self.events) {
            self.message += chunk.payload.len() as u64;
            if chunk.last {
                self.messages.push(std::mem::take(&mut self.message));
            }
        }
    }

    fn send(&mut self) {
        let clients = self.crowd.send(&Arc::from(self.encoder.pending()), !self.encoder.is_inside_message());
        self.encoder.clear();
        if let Some(events) = self.events.filter(|_| !self.messages.is_empty()) {
            events.send(clients, &self.messages);
            self.messages.clear();
        }
    }
}
