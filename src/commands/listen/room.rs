//! `listen --broadcast`: what one client sends goes to all others.

use std::sync::Arc;

use super::crowd::Crowd;
use crate::bridge::{Sink, SinkError};
use crate::protocol::{Chunk, Encoder, Event};

/// Messages are passed on when they have this many bytes together, or when nothing more has come for the moment.
const BATCH: usize = 64 << 10;

/// One client's way to the others. A message is passed on when it is complete, so that those of several clients never mix,
/// and one whose sender leaves inside it is none.
#[derive(Debug)]
pub(super) struct RoomSink {
    number: u64,
    crowd: Arc<Crowd>,
    /// Frames as they wait in the outboxes, made once for all.
    encoder: Encoder,
    /// The beginning of a message that is not complete.
    held: Vec<u8>,
}

impl RoomSink {
    /// The way to the others of the client with this number.
    pub(super) fn new(number: u64, crowd: Arc<Crowd>) -> Self {
        RoomSink { number, crowd, encoder: Encoder::server(), held: Vec::new() }
    }

    fn pass_on(&mut self) {
        if !self.encoder.pending().is_empty() {
            self.crowd.pass_on(&self.encoder.pending().into(), self.number);
            self.encoder.clear();
            self.encoder.give_back();
        }
    }
}

impl Sink for RoomSink {
    fn take(&mut self, event: &Event<'_>) -> Result<(), SinkError> {
        let Event::Data(chunk) = event else { return Ok(()) };
        if chunk.first && chunk.last {
            self.encoder.push(event);
        } else {
            self.held.extend_from_slice(chunk.payload);
            if chunk.last {
                self.encoder.push(&Event::Data(Chunk::whole(chunk.kind, &self.held)));
                self.held = Vec::new();
            }
        }
        if self.encoder.pending().len() >= BATCH {
            self.pass_on();
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        self.pass_on();
        Ok(())
    }
}
