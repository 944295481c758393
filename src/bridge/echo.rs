//! Both ends of a session that sends everything back.

use std::sync::Arc;

use super::send::BATCH;
use super::{Outbox, QueueSource, Sink, SinkError};
use crate::protocol::{Encoder, Event};

/// How much of what is to be sent back waits in memory, in bytes, before the session is read no further.
const QUEUE: usize = 1 << 20;

/// Sends every message back to where it came from, type kept, as it comes: also a message larger than memory.
#[derive(Debug)]
pub struct EchoSink {
    /// Frames as they wait in the outbox; the session's own encoder masks and compresses.
    encoder: Encoder,
    outbox: Arc<Outbox>,
}

impl EchoSink {
    /// The two ends, and what wakes the source.
    #[must_use]
    pub fn ends() -> (QueueSource, Self, Arc<Outbox>) {
        let outbox = Outbox::new(QUEUE);
        let sink = EchoSink { encoder: Encoder::server(), outbox: Arc::clone(&outbox) };
        (QueueSource::new(Arc::clone(&outbox)), sink, outbox)
    }

    fn pass_on(&mut self) {
        if !self.encoder.pending().is_empty() {
            // If nobody takes them, the session is ending, and its cause is known already.
            self.outbox.put(self.encoder.pending().into());
            self.encoder.clear();
        }
    }
}

impl Sink for EchoSink {
    fn take(&mut self, event: &Event<'_>) -> Result<(), SinkError> {
        if matches!(event, Event::Data(_)) {
            self.encoder.push(event);
        }
        // Little that was read can become much: what is not taken must not be made.
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
