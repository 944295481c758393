//! What passes in one direction, counted.

use std::ops::{AddAssign, Sub};

/// Messages, and the bytes in them as their sender and receiver know them: without headers, and not compressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Messages that came to their end.
    pub messages: u64,
    /// Bytes, also of a message that has not.
    pub bytes: u64,
}

impl Tally {
    /// Counts a piece of a message, perhaps its last one.
    #[inline]
    pub fn count(&mut self, bytes: usize, last: bool) {
        self.messages += u64::from(last);
        self.bytes += bytes as u64;
    }
}

impl Sub for Tally {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Tally { messages: self.messages - other.messages, bytes: self.bytes - other.bytes }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.messages += other.messages;
        self.bytes += other.bytes;
    }
}
