//! Frames of a compressed message (RFC 7692, 7.2.2).

use std::ops::Range;
use std::sync::Arc;

use super::{Decoder, Frame, check_size, not_utf8};
use crate::protocol::deflate::{Inflated, Inflater, NotDeflate};
use crate::protocol::{Chunk, DeflateParams, Event, Kind, Violation, Volume};

/// What is decompressed at a time, in bytes, at most: four windows, so that keeping the window costs little.
const MAX_INFLATED: usize = 128 << 10;

/// The decompression of what is received.
#[derive(Debug)]
pub(super) struct Inflate {
    inflater: Inflater,
    /// Compressed bytes in the buffer, unmasked, that have not been decompressed.
    input: Range<usize>,
    /// More may come out of what went in.
    goes_on: bool,
    /// Something of the message has been given.
    begun: bool,
    pub(super) volume: Arc<Volume>,
}

impl Inflate {
    /// Decompresses what was agreed on, at most `room` bytes at a time.
    pub(super) fn new(params: DeflateParams, room: usize) -> Self {
        Inflate {
            inflater: Inflater::new(params.context_takeover, room.min(MAX_INFLATED)),
            input: 0..0,
            goes_on: false,
            begun: false,
            volume: Arc::default(),
        }
    }

    /// The piece of a message of which so many bytes have come out.
    pub(super) fn chunk(&mut self, kind: Kind, last: bool, given: usize) -> Event<'_> {
        let first = !std::mem::replace(&mut self.begun, !last);
        Event::Data(Chunk { kind, first, last, length: None, payload: &self.inflater.out()[..given] })
    }

    /// Whether all of what went in has come out.
    fn is_done(&self) -> bool {
        self.input.is_empty() && !self.goes_on
    }
}

/// What a look at a compressed frame has brought.
pub(super) enum Step {
    /// So many bytes of the message, which may end with them.
    Given(Kind, bool, usize),
    /// The frame's end; the message goes on in another.
    FrameEnded,
    /// More has to come.
    Starved,
}

impl Decoder {
    /// Decompresses what is here of a compressed frame's payload, as much at a time as there is room for.
    ///
    /// What comes out is judged before how it goes on, so that every split of the same bytes gives the same verdict.
    #[inline(never)] // Most sessions have no use for it, and it would crowd the others' registers.
    pub(super) fn compressed(&mut self, mut frame: Frame, last: bool) -> Result<Step, Violation> {
        if self.inflate.as_ref().is_some_and(Inflate::is_done) {
            let Some(input) = self.take(&mut frame) else {
                return Ok(Step::Starved);
            };
            self.frame = Some(frame);
            if let Some(inflate) = &mut self.inflate {
                inflate.input = input;
            }
        }
        let (Some(inflate), Some(message)) = (&mut self.inflate, &mut self.message) else {
            return Ok(Step::Starved);
        };
        // One byte over the limit shows that it is passed.
        let limit = self.max_message.map_or(u64::MAX, |max| (max - message.size).saturating_add(1));
        let input = self.buffer.taken(inflate.input.clone());
        let Inflated { taken, given, goes_on } = inflate.inflater.step(input, limit).map_err(not_deflate)?;
        inflate.input.start += taken;
        inflate.goes_on = goes_on;
        inflate.volume.add(given, taken);
        message.size += given as u64;
        let kind = message.kind;
        if kind == Kind::Text
            && let Some(utf8) = &mut self.utf8
        {
            utf8.push(&inflate.inflater.out()[..given]).map_err(not_utf8)?;
        }
        check_size(self.max_message, message.size)?;
        let ends_frame = frame.remaining == 0 && inflate.is_done();
        let ends_message = ends_frame && last;
        if ends_frame {
            self.frame = None;
        }
        if ends_message {
            self.message = None;
            inflate.inflater.finish().map_err(not_deflate)?;
            if let Some(utf8) = &mut self.utf8 {
                std::mem::take(utf8).finish().map_err(not_utf8)?;
            }
        }
        match (given, ends_frame) {
            (0, true) if !ends_message => Ok(Step::FrameEnded),
            (0, false) => Ok(Step::Starved),
            _ => Ok(Step::Given(kind, ends_message, given)),
        }
    }
}

fn not_deflate(_: NotDeflate) -> Violation {
    Violation::NotDeflate
}
