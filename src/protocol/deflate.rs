//! permessage-deflate: the payload of messages, compressed and back, in pieces of any size (RFC 7692, 7.2).

mod deflater;
mod inflater;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

pub(super) use deflater::Deflater;
pub(super) use inflater::{Inflated, Inflater, NotDeflate};

/// What a sender leaves out at the end of each message, and a receiver puts back: an empty stored block without the byte
/// that its header ends with (RFC 7692, 7.2.1 and 7.2.2).
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// How messages of one direction are compressed, as the opening handshake settled it (RFC 7692, 7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeflateParams {
    /// Whether a message may refer back to the messages before it (RFC 7692, 7.1.1).
    pub context_takeover: bool,
    /// The base-2 logarithm of the LZ77 sliding window's size in bytes, 8 to 15 (RFC 7692, 7.1.2).
    pub window_bits: u8,
}

impl Default for DeflateParams {
    fn default() -> Self {
        DeflateParams { context_takeover: true, window_bits: 15 }
    }
}

/// How hard to compress: 1 is the fastest, 9 gives the fewest bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level(u8);

impl Level {
    /// A level from 1 to 9; none for any other number.
    #[must_use]
    pub fn new(level: u8) -> Option<Self> {
        (1..=9).contains(&level).then_some(Level(level))
    }
}

impl Default for Level {
    /// What zlib takes by default, too.
    fn default() -> Self {
        Level(6)
    }
}

/// Payload bytes of one direction's data messages, before and after compression; counted by the one who codes them, read by
/// whoever wants to know.
#[derive(Debug, Default)]
pub struct Volume {
    plain: AtomicU64,
    coded: AtomicU64,
}

impl Volume {
    pub(super) fn add(&self, plain: usize, coded: usize) {
        // Only one thread counts, so what it reads is what it wrote.
        self.plain.store(self.plain() + plain as u64, Relaxed);
        self.coded.store(self.coded() + coded as u64, Relaxed);
    }

    /// Bytes before compression.
    #[must_use]
    pub fn plain(&self) -> u64 {
        self.plain.load(Relaxed)
    }

    /// Bytes on the wire.
    #[must_use]
    pub fn coded(&self) -> u64 {
        self.coded.load(Relaxed)
    }
}

impl fmt::Display for Volume {
    /// `20000 bytes as 512 (2.6 %)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (plain, coded) = (self.plain(), self.coded());
        write!(f, "{plain} bytes as {coded}")?;
        if plain == 0 {
            return Ok(());
        }
        let permille = u128::from(coded) * 1000 / u128::from(plain);
        write!(f, " ({}.{} %)", permille / 10, permille % 10)
    }
}

#[cfg(test)]
mod tests;
