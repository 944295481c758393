//! Compressed payload in, payload out (RFC 7692, 7.2.2).

use std::fmt;

use zlib_rs::{Inflate, InflateFlush, Status};

use super::TAIL;

/// What a message that is complete ends with, and one byte more: where a block ends behind the first ones, that is left.
const END: [u8; 5] = [TAIL[0], TAIL[1], TAIL[2], TAIL[3], 0x00];
/// The base-2 logarithm of the largest window's size in bytes (RFC 7692, 7.1.2).
const LARGEST: u8 = 15;

/// The compressed bytes are no DEFLATE data, or a message ends inside a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::protocol) struct NotDeflate;

/// What a step has brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::protocol) struct Inflated {
    /// Bytes of the compressed input that are done with.
    pub(in crate::protocol) taken: usize,
    /// Bytes that came out; they are at the beginning of [`Inflater::out`].
    pub(in crate::protocol) given: usize,
    /// Another step is needed even if there is no more input.
    pub(in crate::protocol) goes_on: bool,
}

/// Decompresses the messages of one direction into a buffer of fixed size.
pub(in crate::protocol) struct Inflater {
    inflate: Inflate,
    context_takeover: bool,
    out: Box<[u8]>,
}

impl Inflater {
    /// An inflater that gives at most `room` bytes at a time.
    ///
    /// Its own window is the largest, whatever was agreed: so a peer whose window is larger than it said is read, and every
    /// split of the same bytes gives the same.
    pub(in crate::protocol) fn new(context_takeover: bool, room: usize) -> Self {
        Inflater { inflate: Inflate::new(false, LARGEST), context_takeover, out: vec![0; room].into() }
    }

    /// The buffer that what came out is in.
    pub(in crate::protocol) fn out(&self) -> &[u8] {
        &self.out
    }

    /// Decompresses from `input`, giving at most `limit` bytes.
    pub(in crate::protocol) fn step(&mut self, input: &[u8], limit: u64) -> Result<Inflated, NotDeflate> {
        let room = self.out.len().min(usize::try_from(limit).unwrap_or(usize::MAX));
        let (mut taken, mut given) = (0, 0);
        loop {
            let (before_in, before_out) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self.inflate.decompress(&input[taken..], &mut self.out[given..room], InflateFlush::SyncFlush);
            taken += (self.inflate.total_in() - before_in) as usize;
            given += (self.inflate.total_out() - before_out) as usize;
            let failed = status.is_err();
            if failed && given == 0 {
                return Err(NotDeflate);
            }
            // A block that says it is the last one is followed by another all the same (RFC 7692, 7.2.3.4).
            let ended = matches!(status, Ok(Status::StreamEnd));
            if ended {
                self.inflate.reset(false);
            }
            if !ended || taken == input.len() {
                // What came out before a failure is given first; then the decompressor fails again.
                return Ok(Inflated { taken, given, goes_on: failed || given == room });
            }
        }
    }

    /// Ends a message whose payload has been given: puts back what its sender has left out. A block has to end there, and
    /// nothing comes out.
    pub(in crate::protocol) fn finish(&mut self) -> Result<(), NotDeflate> {
        let (before_in, before_out) = (self.inflate.total_in(), self.inflate.total_out());
        self.inflate.decompress(&END, &mut self.out, InflateFlush::Block).map_err(|_| NotDeflate)?;
        let (taken, given) = (self.inflate.total_in() - before_in, self.inflate.total_out() - before_out);
        if (taken, given) != (TAIL.len() as u64, 0) {
            return Err(NotDeflate);
        }
        if !self.context_takeover {
            self.inflate.reset(false);
        }
        Ok(())
    }
}

impl fmt::Debug for Inflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflater")
            .field("context_takeover", &self.context_takeover)
            .field("room", &self.out.len())
            .finish_non_exhaustive()
    }
}
