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
        Delimited { delimiter, scanned: 0 }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_delimiter_is_found_in_turn() {
        let mut lines = Delimited::new(b'\n');
        let buffer = b"a\n\nbc\nd";
        assert_eq!(lines.find(buffer, 0), Some(1));
        assert_eq!(lines.find(buffer, 2), Some(2));
        assert_eq!(lines.find(buffer, 3), Some(5));
        assert_eq!(lines.find(buffer, 6), None);
        assert_eq!(lines.find(b"a\n\nbc\nde\n", 6), Some(8));
    }

    /// What was looked at is not looked at again: a delimiter put there later is not seen.
    #[test]
    fn no_byte_is_looked_at_twice() {
        let mut lines = Delimited::new(0);
        assert_eq!(lines.find(b"abc", 0), None);
        assert_eq!(lines.find(b"\0\0\0d\0", 0), Some(4));
    }

    #[test]
    fn the_buffer_may_move() {
        let mut lines = Delimited::new(b'\n');
        assert_eq!(lines.find(b"a\nbc", 0), Some(1));
        assert_eq!(lines.find(b"a\nbc", 2), None);
        lines.moved_by(2);
        assert_eq!(lines.find(b"\ncd\n", 0), Some(3), "b and c were looked at");
        lines.moved_by(4);
        assert_eq!(lines.find(b"\n", 0), Some(0));
        lines.moved_by(9);
        assert_eq!(lines.find(b"\n", 0), Some(0));
    }
}
