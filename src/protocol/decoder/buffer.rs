//! The bytes from the peer that have not been read yet.

use std::ops::Range;

/// The longest header and the longest control frame fit behind whatever has been lent out.
const MIN: usize = 256;
/// What a buffer that grows begins with, in bytes, and by what factor it does.
const SMALL: usize = 4 << 10;
const GROWTH: usize = 4;

/// One piece of memory: bytes are put in at its end, and taken where they lie.
#[derive(Debug)]
pub(super) struct Buffer {
    bytes: Box<[u8]>,
    /// The bytes not yet taken lie in `start..end`.
    start: usize,
    end: usize,
    /// What it may grow to; 0 if it does not grow.
    most: usize,
}

impl Buffer {
    /// A buffer that keeps its size, in bytes; at least 256.
    pub(super) fn new(size: usize) -> Self {
        Buffer { bytes: vec![0; size.max(MIN)].into(), start: 0, end: 0, most: 0 }
    }

    /// A buffer that begins with 4 KiB, or with what `early` bytes need; whenever it has been filled it grows, up to `most`.
    pub(super) fn growing(most: usize, early: usize) -> Self {
        Buffer { most, ..Buffer::new(most.min(SMALL).max(early)) }
    }

    /// The size that it may have.
    pub(super) fn limit(&self) -> usize {
        self.bytes.len().max(self.most)
    }

    /// Where the next bytes go.
    pub(super) fn space(&mut self) -> &mut [u8] {
        if self.end == self.bytes.len() && self.end < self.most {
            self.resize((self.end * GROWTH).min(self.most));
        } else {
            self.bytes.copy_within(self.start..self.end, 0);
            self.begin_at_zero();
        }
        &mut self.bytes[self.end..]
    }

    /// Says that so many bytes were put at the beginning of the space.
    pub(super) fn filled(&mut self, count: usize) {
        self.end += count;
        debug_assert!(self.end <= self.bytes.len());
    }

    /// What has not been taken.
    pub(super) fn waiting(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// How much has not been taken.
    pub(super) fn len(&self) -> usize {
        self.end - self.start
    }

    /// Takes the next bytes, of which there must be so many: where they lie until there is asked for space again.
    pub(super) fn take(&mut self, count: usize) -> Range<usize> {
        let range = self.start..self.start + count;
        self.start = range.end;
        range
    }

    /// What was taken.
    pub(super) fn taken(&self, range: Range<usize>) -> &[u8] {
        &self.bytes[range]
    }

    /// The same, to be changed.
    pub(super) fn taken_mut(&mut self, range: Range<usize>) -> &mut [u8] {
        &mut self.bytes[range]
    }

    /// Whether it has grown.
    pub(super) fn has_grown(&self) -> bool {
        self.most > 0 && self.bytes.len() > SMALL
    }

    /// Gives back what it has grown by, if what waits fits the rest.
    pub(super) fn shrink(&mut self) {
        if self.has_grown() && self.len() < SMALL {
            self.resize(SMALL);
        }
    }

    fn resize(&mut self, size: usize) {
        let mut bytes = vec![0; size].into_boxed_slice();
        bytes[..self.len()].copy_from_slice(self.waiting());
        self.bytes = bytes;
        self.begin_at_zero();
    }

    fn begin_at_zero(&mut self) {
        self.end -= self.start;
        self.start = 0;
    }
}
