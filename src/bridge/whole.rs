//! Whole messages only: of one that the connection cut off nothing may stand before the next one.

use super::{Sink, SinkError};
use crate::protocol::{Chunk, Event, Violation};

/// A sink that passes a message on when all of it is here.
#[derive(Debug)]
pub struct WholeMessages<S> {
    sink: S,
    /// The beginning of a message.
    held: Vec<u8>,
    /// Whether there is one.
    is_inside: bool,
    /// The longest message that is held, in bytes.
    limit: u64,
}

/// What is kept of the memory for long messages, in bytes.
const KEPT: usize = 1 << 20;

impl<S> WholeMessages<S> {
    /// Holds messages of up to so many bytes until they are whole.
    pub fn new(sink: S, limit: u64) -> Self {
        WholeMessages { sink, held: Vec::new(), is_inside: false, limit }
    }

    /// The sink that they go to.
    pub fn sink(&mut self) -> &mut S {
        &mut self.sink
    }

    /// Forgets the beginning of a message whose end will not come; gives its bytes, if there is one.
    pub fn forget(&mut self) -> Option<usize> {
        let length = std::mem::take(&mut self.held).len();
        std::mem::take(&mut self.is_inside).then_some(length)
    }
}

impl<S: Sink> Sink for WholeMessages<S> {
    fn take(&mut self, event: &Event<'_>) -> Result<(), SinkError> {
        let Event::Data(chunk) = event else { return self.sink.take(event) };
        if chunk.first && chunk.last {
            return self.sink.take(event);
        }
        if (self.held.len() + chunk.payload.len()) as u64 > self.limit {
            return Err(SinkError::TooBig(Violation::MessageTooBig { limit: self.limit }));
        }
        self.held.extend_from_slice(chunk.payload);
        self.is_inside = !chunk.last;
        if !chunk.last {
            return Ok(());
        }
        let taken = self.sink.take(&Event::Data(Chunk::whole(chunk.kind, &self.held)));
        self.held.clear();
        self.held.shrink_to(KEPT);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Kind;

    /// Keeps what it takes.
    #[derive(Default)]
    struct Taken(Vec<(bool, bool, Vec<u8>)>);

    impl Sink for Taken {
        fn take(&mut self, event: &Event<'_>) -> Result<(), SinkError> {
            if let Event::Data(chunk) = event {
                self.0.push((chunk.first, chunk.last, chunk.payload.to_vec()));
            }
            Ok(())
        }

        fn flush(&mut self) -> Result<(), SinkError> {
            Ok(())
        }
    }

    fn piece(payload: &[u8], first: bool, last: bool) -> Event<'_> {
        Event::Data(Chunk { kind: Kind::Text, first, last, length: None, payload })
    }

    fn whole(payload: &[u8]) -> (bool, bool, Vec<u8>) {
        (true, true, payload.to_vec())
    }

    #[test]
    fn pieces_are_passed_on_as_one_message() {
        let mut sink = WholeMessages::new(Taken::default(), 5);
        for (payload, first, last) in [
            (&b"a"[..], true, true),
            (b"b", true, false),
            (b"", false, false),
            (b"cd", false, true),
            (b"e", true, true),
        ] {
            sink.take(&piece(payload, first, last)).unwrap();
        }
        assert_eq!(sink.forget(), None);
        assert_eq!(sink.sink().0, [whole(b"a"), whole(b"bcd"), whole(b"e")]);
    }

    #[test]
    fn a_message_that_was_cut_off_is_not_glued_to_the_next() {
        let mut sink = WholeMessages::new(Taken::default(), 5);
        sink.take(&piece(b"cut", true, false)).unwrap();
        assert_eq!(sink.forget(), Some(3));
        assert_eq!(sink.forget(), None);
        sink.take(&piece(b"", true, false)).unwrap();
        assert_eq!(sink.forget(), Some(0));
        sink.take(&piece(b"a", true, false)).unwrap();
        sink.take(&piece(b"b", false, true)).unwrap();
        assert_eq!(sink.sink().0, [whole(b"ab")]);
    }

    #[test]
    fn a_message_that_is_too_long_to_be_held_is_refused() {
        let mut sink = WholeMessages::new(Taken::default(), 5);
        sink.take(&piece(b"longer than that", true, true)).unwrap();
        sink.take(&piece(b"12345", true, false)).unwrap();
        let refused = sink.take(&piece(b"6", false, true));
        assert!(matches!(refused, Err(SinkError::TooBig(Violation::MessageTooBig { limit: 5 }))));
    }
}
