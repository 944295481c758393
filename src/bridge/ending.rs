//! How a session ended, as data.

use std::fmt;
use std::time::Duration;

use super::{Traffic, Unmet};
use crate::protocol::{Close, Violation};
use crate::records::RecordError;

/// How a session ended: what began its end, and how its two directions came out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// What began the end.
    pub cause: Cause,
    /// Our Close, if it was time for one.
    pub our_close: Option<Close>,
    /// What became of the peer's direction.
    pub peer: Peer,
    /// What had come of the peer's last message, if its end did not.
    pub cut_off: Option<CutOff>,
    /// What was read from the input and never reached the socket; none if the sending side did not come to its end.
    pub unsent: Option<Unsent>,
    /// What was awaited and had not come.
    pub unmet: Option<Box<Unmet>>,
    /// What had passed until then.
    pub traffic: Traffic,
    /// What the session was for carries a byte stream, and has no standard input and output.
    pub is_tunnel: bool,
}

/// What has become of the peer's direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peer {
    /// It goes on, or nobody has looked any more.
    There,
    /// It ended with a Close.
    Closed(Close),
    /// It ended without one.
    Gone,
}

/// What began the end of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The input ended and nothing more was awaited, or the input itself said to close.
    InputEnded,
    /// What was asked for (`--count`, `--expect`) has come.
    Satisfied,
    /// The peer sent a Close.
    PeerClosed,
    /// The connection ended or broke without a Close; the system's words, if it had any.
    PeerGone(Option<String>),
    /// The peer broke the protocol.
    Violation(Violation),
    /// Whoever read the output has stopped.
    OutputClosed,
    /// The output did not take what came.
    OutputFailed(String),
    /// The input could not be read.
    InputFailed(String),
    /// The input holds a record that can't be sent.
    BadRecord(RecordError),
    /// Nothing at all has come from the peer for this long.
    Silent(Duration),
    /// Nothing at all has come from the peer for this long after a Ping.
    NoPong(Duration),
    /// It took what was sent too slowly; its queue of so many bytes was full.
    TooSlow(usize),
    /// It began a long message and did not go on for so long, while others waited for its end.
    Stalled(Duration),
    /// The time for the whole run is over.
    TimedOut,
    /// A signal arrived.
    Signal(i32),
}

impl Cause {
    /// What it is in words, where a time of our own has run out while the connection was whole, as far as anybody knew: only
    /// this side can tell.
    #[must_use]
    pub fn time_out(&self) -> Option<String> {
        Some(match self {
            Cause::Silent(limit) => {
                format!("nothing has come from the peer for {} s (--idle-timeout)", limit.as_secs_f64())
            }
            Cause::NoPong(limit) => {
                let seconds = limit.as_secs_f64();
                format!("no pong for {seconds} s (--ping-timeout): the peer is gone, or the way to it")
            }
            Cause::TimedOut => "the time for the whole run is over (--timeout)".into(),
            _ => return None,
        })
    }
}

/// What was read from the input, or queued, and not sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unsent {
    /// Bytes of the input; of a queue those of the messages in it, without the headers of frames.
    pub bytes: u64,
    /// Messages that ended in a queue.
    pub queued: u64,
    /// A message went out in part.
    pub inside_message: bool,
}

impl Unsent {
    /// Whether all went out.
    #[must_use]
    pub fn is_nothing(self) -> bool {
        self == Unsent::default()
    }

    /// How much it is, in words: `3 messages (20 bytes)`, or `20 bytes` where messages are not counted.
    #[must_use]
    pub fn amount(self) -> String {
        let counted = |number, what| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
        let bytes = counted(self.bytes, "byte");
        if self.queued == 0 { bytes } else { format!("{} ({bytes})", counted(self.queued, "message")) }
    }
}

impl fmt::Display for Unsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unsent { bytes, queued, inside_message } = self;
        if *queued > 0 {
            return write!(f, "{} of the queue {} not sent", self.amount(), if *queued == 1 { "was" } else { "were" });
        }
        match (bytes, inside_message) {
            (0, true) => write!(f, "the last message of the input was sent in part")?,
            (1, _) => write!(f, "1 byte that had been read from the input was not sent")?,
            _ => write!(f, "{bytes} bytes that had been read from the input were not sent")?,
        }
        if *bytes > 0 && *inside_message { write!(f, "; its last message is incomplete") } else { Ok(()) }
    }
}

/// How many bytes had come of a message whose end did not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CutOff(pub u64);

impl fmt::Display for CutOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CutOff(bytes) = self;
        write!(f, "its last message was cut off after {bytes} byte{}", if *bytes == 1 { "" } else { "s" })
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.cause, &self.peer) {
            (Cause::PeerClosed, Peer::Closed(close)) => write!(f, "closed by the peer, {close}")?,
            (Cause::PeerGone(_), _) => write!(f, "the connection broke")?,
            (_, Peer::Closed(close)) => write!(f, "closed; the peer answered {close}")?,
            (_, Peer::There | Peer::Gone) => write!(f, "closed without an answer")?,
        }
        write!(f, "; {}", self.traffic)?;
        match self.unsent {
            Some(unsent) if unsent.is_nothing() => Ok(()),
            Some(unsent) => write!(f, "; not sent: {}", unsent.amount()),
            None => write!(f, "; what was to be sent last was not"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_sent_in_words() {
        let words = |bytes, inside_message| Unsent { bytes, queued: 0, inside_message }.to_string();
        assert_eq!(words(1, false), "1 byte that had been read from the input was not sent");
        let begun = "2 bytes that had been read from the input were not sent; its last message is incomplete";
        assert_eq!(words(2, true), begun);
        assert_eq!(words(0, true), "the last message of the input was sent in part");
        let words = |queued, bytes| Unsent { bytes, queued, inside_message: false }.to_string();
        assert_eq!(words(1, 0), "1 message (0 bytes) of the queue was not sent");
        assert_eq!(words(20, 1), "20 messages (1 byte) of the queue were not sent");
    }
}
