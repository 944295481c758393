//! Payload in, compressed payload out (RFC 7692, 7.2.1).

use std::fmt;

use flate2::{Compress, Compression, FlushCompress, Status};

use super::{DeflateParams, Level, TAIL};

/// Without a context a match saves nothing in so few bytes, and with one the end of the message costs what it saves.
const TOO_SHORT: usize = 5;
/// What DEFLATE may need beyond its input at the end of a piece, in bytes: a stored block's header and a flush.
const MARGIN: usize = 64;

/// Compresses the messages of one direction, piece by piece.
pub(in crate::protocol) struct Deflater {
    compress: Compress,
    context_takeover: bool,
    out: Vec<u8>,
}

impl Deflater {
    /// None for a window of 256 bytes (8 bits): the compressor has none so small. A sender may always send its messages as
    /// they are (RFC 7692, 6).
    pub(in crate::protocol) fn new(params: DeflateParams, level: Level) -> Option<Self> {
        let DeflateParams { context_takeover, window_bits } = params;
        (9..=15).contains(&window_bits).then(|| Deflater {
            compress: Compress::new_with_window_bits(Compression::new(level.0.into()), false, window_bits),
            context_takeover,
            out: Vec::new(),
        })
    }

    /// Compresses a message that is here as a whole; none if it is shorter as it is.
    pub(in crate::protocol) fn message(&mut self, payload: &[u8]) -> Option<&[u8]> {
        if payload.len() <= TOO_SHORT {
            return None;
        }
        self.run(payload, true);
        // What later messages may refer to has to be sent, whatever it costs.
        (self.context_takeover || self.out.len() < payload.len()).then_some(&self.out)
    }

    /// Compresses the next piece of a message; all of it is in what is given.
    pub(in crate::protocol) fn piece(&mut self, payload: &[u8], last: bool) -> &[u8] {
        self.run(payload, last);
        &self.out
    }

    fn run(&mut self, payload: &[u8], last: bool) {
        self.out.clear();
        let start = self.compress.total_in();
        loop {
            let taken = (self.compress.total_in() - start) as usize;
            self.out.reserve(payload.len() - taken + MARGIN);
            let status = self.compress.compress_vec(&payload[taken..], &mut self.out, FlushCompress::Sync);
            debug_assert!(matches!(status, Ok(Status::Ok | Status::BufError)), "{status:?}");
            if self.out.len() < self.out.capacity() {
                break;
            }
        }
        if !last {
            return;
        }
        if self.out.ends_with(&TAIL) {
            self.out.truncate(self.out.len() - TAIL.len());
        } else {
            // Nothing new came after the flush before: an empty stored block, without its end (RFC 7692, 7.2.3.6).
            self.out.push(0);
        }
        if !self.context_takeover {
            self.compress.reset();
        }
    }
}

impl fmt::Debug for Deflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deflater").field("context_takeover", &self.context_takeover).finish_non_exhaustive()
    }
}
