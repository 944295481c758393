//! A transcript as a script: JSON Lines that say what is sent, what is awaited, and when.
//!
//! ```json
//! {"type":"text","data":"subscribe"}
//! {"type":"text","match":"^price \\d+$"}
//! {"type":"wait","ms":500}
//! {"type":"close","code":1000,"dir":"out"}
//! {"type":"close","code":1000,"dir":"in"}
//! ```
//!
//! Lines with `"dir":"in"` or with a `match` are awaited, all others are sent. What a session says by itself is no step of a
//! script: Pongs that answer Pings, and the Close that answers the peer's.

mod error;
mod line;
mod reader;

use std::time::Duration;

use regex::bytes::Regex;

use crate::protocol::{Chunk, Close, Event, Kind};

pub use error::{ScriptError, ScriptProblem};
pub use reader::ScriptReader;

/// What is to be done in a session, in order. It holds the payloads of all its lines.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// The steps.
    pub steps: Vec<Step>,
}

/// One step of a script.
#[derive(Debug, Clone)]
pub struct Step {
    /// The line that says so; of a message in several, the first.
    pub line: u64,
    /// How long after the step before this one was, where both lines have a time.
    pub after: Duration,
    /// What is to be done.
    pub action: Action,
}

/// What a step is.
#[derive(Debug, Clone)]
pub enum Action {
    /// Something is sent.
    Send(Outgoing),
    /// Something is awaited.
    Await(Expected),
    /// Nothing is done for so long.
    Pause(Duration),
}

/// What a step sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outgoing {
    /// A message, or a piece of one.
    Piece {
        /// The type of the message.
        kind: Kind,
        /// Whether the message begins here.
        first: bool,
        /// Whether it ends here.
        last: bool,
        /// The bytes.
        payload: Vec<u8>,
    },
    /// A Ping of at most 125 bytes.
    Ping(Vec<u8>),
    /// A Pong of at most 125 bytes that answers nothing.
    Pong(Vec<u8>),
    /// A Close.
    Close(Close),
}

/// What a step awaits.
#[derive(Debug, Clone)]
pub enum Expected {
    /// A whole message of this type.
    Message(Kind, Wanted),
    /// A Ping.
    Ping(Wanted),
    /// A Pong.
    Pong(Wanted),
    /// A Close with this code, or without one.
    Close {
        /// The code.
        code: Option<u16>,
        /// The reason, if it matters.
        reason: Option<String>,
    },
}

/// What a payload has to be.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// Anything.
    Any,
    /// These bytes.
    Exactly(Vec<u8>),
    /// Something in which this is found.
    Match(Regex),
}

impl Script {
    /// Whether a step awaits something.
    #[must_use]
    pub fn awaits_anything(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.action, Action::Await(_)))
    }
}

impl Expected {
    /// Whether a received event is what was awaited; a message has to be whole.
    #[must_use]
    pub fn is_met_by(&self, event: &Event<'_>) -> bool {
        match (self, event) {
            (
                Expected::Message(kind, wanted),
                Event::Data(Chunk { kind: found, first: true, last: true, payload, .. }),
            ) => kind == found && wanted.is_met_by(payload),
            (Expected::Ping(wanted), Event::Ping(payload)) | (Expected::Pong(wanted), Event::Pong(payload)) => {
                wanted.is_met_by(payload)
            }
            (Expected::Close { code, reason }, Event::Close(close)) => {
                *code == close.code && reason.as_ref().is_none_or(|reason| *reason == close.reason)
            }
            _ => false,
        }
    }

    /// Whether a pattern says what is awaited.
    #[must_use]
    pub fn has_pattern(&self) -> bool {
        matches!(
            self,
            Expected::Message(_, Wanted::Match(_))
                | Expected::Ping(Wanted::Match(_))
                | Expected::Pong(Wanted::Match(_))
        )
    }
}

impl Wanted {
    fn is_met_by(&self, payload: &[u8]) -> bool {
        match self {
            Wanted::Any => true,
            Wanted::Exactly(bytes) => bytes == payload,
            Wanted::Match(pattern) => pattern.is_match(payload),
        }
    }
}

#[cfg(test)]
mod tests;
