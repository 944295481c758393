//! Records: how messages lie one behind the other in a byte stream.
//!
//! ```text
//!     input ─► Splitter ─► Event        Event ─► Joiner ─► output
//! ```
//!
//! A [`Splitter`] cuts an input into messages, a [`Joiner`] lays messages out in an output; [`Format`] names the ways that
//! both know, and what one writes the other reads. No I/O happens here: bytes are handed in and lent out.

mod delimited;
mod hex;
mod join;
mod json;
mod problem;
#[cfg(test)]
mod properties;
pub mod script;
mod split;
mod stamp;
mod terminal;

pub(crate) use join::Held;
pub use join::{JoinError, Joiner};
pub use json::{Direction, JsonEvents, JsonProblem, Opening, Parting, Timings};
pub(crate) use json::{Milliseconds, millis};
pub use problem::{Problem, RecordError};
pub use split::Splitter;
pub use terminal::Visible;

/// How messages are told apart in a byte stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Each ends with a line feed, which is not part of it; a last line may lack it.
    Lines,
    /// Like lines, with a NUL byte.
    Nul,
    /// In: what one read gives is a message. Out: payload, nothing added.
    Raw,
    /// In: all there is makes one message. Out: like raw.
    Whole,
    /// A length of four bytes, most significant first, then that many bytes of payload.
    Length,
    /// JSON Lines: one event a line.
    Json,
}

impl Format {
    /// The byte that ends a record, where one does.
    #[must_use]
    pub fn delimiter(self) -> Option<u8> {
        match self {
            Format::Lines => Some(b'\n'),
            Format::Nul => Some(0),
            Format::Raw | Format::Whole | Format::Length | Format::Json => None,
        }
    }
}

/// How messages are laid out in an output: as records that can be read again, or in a form for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputFormat {
    /// Records.
    Records(Format),
    /// Records of a format with a delimiter, each behind the time at which it came (RFC 3339, UTC, milliseconds) and a space.
    Stamped(Format),
    /// Hexdumps, with the time in each message's first line if it is stamped.
    Hex {
        /// Whether it is.
        stamped: bool,
    },
}

impl From<Format> for OutputFormat {
    fn from(format: Format) -> Self {
        OutputFormat::Records(format)
    }
}

impl OutputFormat {
    /// The byte that ends a record, where one does.
    #[must_use]
    pub fn delimiter(self) -> Option<u8> {
        match self {
            OutputFormat::Records(format) | OutputFormat::Stamped(format) => format.delimiter(),
            OutputFormat::Hex { .. } => Some(b'\n'),
        }
    }
}

/// The most that is held of a message, in bytes, where a format has to hold whole ones and no other limit is set.
pub const DEFAULT_MAX_HELD: u64 = 64 << 20;
