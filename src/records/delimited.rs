//! Finding delimiters in a buffer that grows at its end.

/// Looks for a delimiter, and never twice at the same bytes.
#[derive(Debug)]
pub(super) struct Delimited {
    delimiter: u8,
    /// Before this place in the buffer there is no delimiter that was not found.
    scanned: usize,
}

impl Delimited {
    pub(super) fn new(delimiter: u8) -> Self {
        Delimited {
            delimiter,
            scanned: 0,
        }
    }

    /// The place of the first delimiter in `buffer` from `start` on.
    pub(super) fn find(&mut self, buffer: &[u8], start: usize) -> Option<usize> {
        let from = self.scanned.max(start);
        let found = memchr::memchr(self.delimiter, &buffer[from..]).map(|at| from + at);
        self.scanned = found.map_or(buffer.len(), |at| at + 1);
        found
    }

    /// Says that the buffer's content has moved to its front by `distance` bytes.
    pub(super) fn moved_by(&mut self, distance: usize) {
        self.scanned = self.scanned.saturating_sub(distance);
    }
}
