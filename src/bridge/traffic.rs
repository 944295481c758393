//! What has passed in a session, for whoever asks.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::Span;
use crate::protocol::Tally;

/// What has passed in a session, and how long it has lasted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// What came from the peer.
    pub received: Tally,
    /// What the socket has taken.
    pub sent: Tally,
    /// From the open connection on.
    pub time: Duration,
}

impl fmt::Display for Traffic {
    /// `1 message in (5 bytes), 0 out (0 bytes), 3.2 s`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Traffic { received, sent, time } = self;
        let s = |count| if count == 1 { "" } else { "s" };
        write!(f, "{} message{} in", received.messages, s(received.messages))?;
        write!(f, " ({} byte{}), ", received.bytes, s(received.bytes))?;
        write!(f, "{} out ({} byte{}), ", sent.messages, sent.bytes, s(sent.bytes))?;
        write!(f, "{}", Span(*time))
    }
}

/// One direction's count: one thread adds to it, and any may look.
#[derive(Debug, Default)]
pub(super) struct Counter {
    messages: AtomicU64,
    bytes: AtomicU64,
}

impl Counter {
    pub(super) fn add(&self, tally: Tally) {
        self.messages.fetch_add(tally.messages, Relaxed);
        self.bytes.fetch_add(tally.bytes, Relaxed);
    }

    pub(super) fn read(&self) -> Tally {
        Tally { messages: self.messages.load(Relaxed), bytes: self.bytes.load(Relaxed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traffic_in_words() {
        let tally = |messages, bytes| Tally { messages, bytes };
        let traffic = Traffic { received: tally(1, 1), sent: tally(0, 0), time: Duration::from_millis(3249) };
        assert_eq!(traffic.to_string(), "1 message in (1 byte), 0 out (0 bytes), 3.2 s");
        let traffic = Traffic { received: tally(12, 345), sent: tally(1, 1), ..Traffic::default() };
        assert_eq!(traffic.to_string(), "12 messages in (345 bytes), 1 out (1 byte), 0 ms");
    }
}
