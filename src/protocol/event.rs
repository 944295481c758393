//! What passes between frames and records.

use super::Close;

/// The type of a message (RFC 6455, 5.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8 text, opcode 1.
    Text,
    /// Arbitrary bytes, opcode 2.
    Binary,
}

/// A piece of a message; a short message is one chunk that is both first and last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// The type of the message that this is a piece of.
    pub kind: Kind,
    /// Whether the message begins here.
    pub first: bool,
    /// Whether the message ends here.
    pub last: bool,
    /// The length of the whole message in bytes, where the first chunk's origin tells it in advance.
    pub length: Option<u64>,
    /// The bytes of this piece, unmasked; they may be none.
    pub payload: &'a [u8],
}

impl<'a> Chunk<'a> {
    /// A message in one piece.
    #[must_use]
    pub fn whole(kind: Kind, payload: &'a [u8]) -> Self {
        Chunk { kind, first: true, last: true, length: Some(payload.len() as u64), payload }
    }
}

/// What one end tells the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// A piece of a message.
    Data(Chunk<'a>),
    /// A Ping with its application data, at most 125 bytes (RFC 6455, 5.5.2).
    Ping(&'a [u8]),
    /// A Pong with its application data, at most 125 bytes (RFC 6455, 5.5.3).
    Pong(&'a [u8]),
    /// A Close; nothing follows it (RFC 6455, 5.5.1).
    Close(Close),
}
