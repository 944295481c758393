//! What a peer can do wrong on the wire, and the close code that answers it.

use thiserror::Error;

/// A breach of RFC 6455, section 5 or 7, by the peer. It ends the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Violation {
    /// A reserved bit is set, though no extension that gives it a meaning was negotiated.
    #[error("reserved bits {0:#05b} are set, to which no negotiated extension gives a meaning (RFC 6455, 5.2)")]
    ReservedBits(u8),
    /// A control frame, or a continuation, is marked as compressed; only a message's first frame may be.
    #[error("a frame that begins no message is marked as compressed (RFC 7692, 6)")]
    CompressedNotFirst,
    /// The payload of a compressed message is no DEFLATE data, or its end is missing.
    #[error("a compressed message can't be decompressed (RFC 7692, 7.2.2)")]
    NotDeflate,
    /// An opcode that no RFC defines.
    #[error("opcode {0:#x} is reserved (RFC 6455, 5.2)")]
    ReservedOpcode(u8),
    /// A frame from a client that is not masked.
    #[error("a client's frame is not masked (RFC 6455, 5.1)")]
    Unmasked,
    /// A frame from a server that is masked.
    #[error("a server's frame is masked (RFC 6455, 5.1)")]
    Masked,
    /// A payload length in more bytes than it needs.
    #[error("the length {0} is written in more bytes than it needs (RFC 6455, 5.2)")]
    LengthNotMinimal(u64),
    /// A 64-bit payload length whose most significant bit is set.
    #[error("the 64-bit length {0:#x} has its most significant bit set (RFC 6455, 5.2)")]
    LengthTooLarge(u64),
    /// A control frame that is not final.
    #[error("a control frame is fragmented (RFC 6455, 5.5)")]
    ControlFragmented,
    /// A control frame with more than 125 bytes.
    #[error("a control frame has {0} bytes, more than 125 (RFC 6455, 5.5)")]
    ControlTooLong(u64),
    /// A continuation frame outside a message.
    #[error("a continuation frame continues no message (RFC 6455, 5.4)")]
    NothingToContinue,
    /// A new message inside another.
    #[error("a new message begins before the one before it has ended (RFC 6455, 5.4)")]
    MessageInsideMessage,
    /// A Close frame with one byte of payload.
    #[error("a Close frame has one byte, half a code (RFC 6455, 5.5.1)")]
    CloseTooShort,
    /// A close code that must not be on the wire.
    #[error("close code {0} must not be sent (RFC 6455, 7.4)")]
    CloseCode(u16),
    /// A close reason that is not UTF-8.
    #[error("the close reason is not UTF-8 (RFC 6455, 5.5.1)")]
    CloseReasonNotUtf8,
    /// A text message that is not UTF-8; the offset in bytes counts from the message's beginning.
    #[error("a text message is not UTF-8, at byte {0} (RFC 6455, 8.1)")]
    TextNotUtf8(u64),
    /// A message over the limit set for this run, in bytes.
    #[error("a message is larger than the limit of {limit} bytes (--max-message raises it)")]
    MessageTooBig {
        /// The limit that was passed, in bytes.
        limit: u64,
    },
    /// A message that is held until it is whole, when those of all peers together have passed the limit set for this run.
    #[error("messages that have not come to their end take more than {limit} bytes together (--max-message raises it)")]
    TooMuchBegun {
        /// The limit that was passed, in bytes.
        limit: u64,
    },
}

impl Violation {
    /// The close code that tells the peer (RFC 6455, 7.4.1): 1002; 1007 where a payload is not what its type or its
    /// compression makes of it; 1009; or 1013, where it may do better another time.
    #[must_use]
    pub fn close_code(self) -> u16 {
        match self {
            Violation::TextNotUtf8(_) | Violation::CloseReasonNotUtf8 | Violation::NotDeflate => 1007,
            Violation::MessageTooBig { .. } => 1009,
            Violation::TooMuchBegun { .. } => 1013,
            _ => 1002,
        }
    }
}
