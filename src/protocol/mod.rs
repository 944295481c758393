//! The protocol core: frames in, events out, and the way back (RFC 6455, sections 5 and 7).
//!
//! ```text
//!     bytes ─► Decoder ─► Event ─► Encoder ─► bytes
//! ```
//!
//! Nothing here knows a socket, a thread or a clock, and randomness is handed in, so every rule can be shown on byte
//! literals. Both directions speak [`Event`]: what a [`Decoder`] reads from a peer, an [`Encoder`] can send to one, and
//! the [records](crate::records) of the other side of the pipe split into and join from the same values.
//!
//! A message passes in [`Chunk`]s, whatever its size: neither direction ever holds a whole one.
//!
//! What the RFCs demand of an endpoint stands in [`musts`], each clause with the tests that show it kept.

mod close;
mod decoder;
mod deflate;
mod encoder;
mod event;
mod mask;
pub mod musts;
#[cfg(test)]
mod properties;
mod tally;
#[cfg(test)]
pub(crate) mod transcript;
mod utf8;
mod violation;

pub use close::{Close, CloseCodeError, code_name};
pub use decoder::Decoder;
pub use deflate::{DeflateParams, Level, Volume};
pub use encoder::{Encoder, MaskingKeys};
pub use event::{Chunk, Event, Kind};
pub use mask::{Mask, apply_mask};
pub use tally::Tally;
pub use utf8::{InvalidUtf8, Utf8Check};
pub use violation::Violation;

/// Which end of the connection this is; it decides who masks (RFC 6455, 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Sends masked frames, and receives unmasked ones.
    Client,
    /// Sends unmasked frames, and receives masked ones.
    Server,
}

impl Role {
    /// The other one.
    #[must_use]
    pub fn peer(self) -> Self {
        match self {
            Role::Client => Role::Server,
            Role::Server => Role::Client,
        }
    }
}
