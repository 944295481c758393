//! Cutting an input into messages.

use std::ops::Range;

use super::delimited::Delimited;
use super::json::{JsonLine, JsonProblem};
use super::{DEFAULT_MAX_HELD, Format, Problem, RecordError};
use crate::protocol::{Chunk, Event, Kind, Utf8Check};

/// A record up to this many bytes leaves as one frame; a longer one as fragments of one message, each this long but the last.
///
/// Large enough that few peers ever see a fragment, small enough that nobody notices the memory.
const MAX_FRAME: usize = 256 << 10;
/// What the buffer has room for at first, in bytes: what a pipe holds on Linux, so one read can empty it.
const FIRST_BUFFER: usize = 64 << 10;
/// A read is given at least this much room.
const MIN_SPACE: usize = 16 << 10;

/// Cuts an input that comes in any pieces into messages, in a buffer that grows with use up to a fixed size.
///
/// Fill [`space`](Self::space), say how much with [`filled`](Self::filled), and take events with [`next`](Self::next) until
/// there is none; at the end of the input say [`finish`](Self::finish) and take what is left.
#[derive(Debug)]
pub struct Splitter {
    framing: Framing,
    kind: Kind,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    finished: bool,
    failed: bool,
    /// Messages begun so far.
    records: u64,
    /// The first chunk of the current message was given, its last one was not.
    inside: bool,
    utf8: Utf8Check,
    /// Before this place in the buffer, text is known to be UTF-8.
    checked: usize,
}

#[derive(Debug)]
enum Framing {
    Delimited(Delimited),
    Raw { chunk_size: usize },
    Whole { done: bool },
    Length { current: Option<Announced> },
    Json { lines: Delimited, limit: u64, line: JsonLine },
}

/// A record whose length is known, in bytes.
#[derive(Debug, Clone, Copy)]
struct Announced {
    length: u64,
    remaining: u64,
}

/// A piece of a record in the buffer, before its text is checked.
struct Piece {
    range: Range<usize>,
    last: bool,
    length: Option<u64>,
}

impl Splitter {
    /// A splitter for a format; messages are of type `kind` where the format does not say it.
    ///
    /// `chunk_size` is the longest message that `raw` makes of what one read gives; `max_message` bounds what `json` has to hold; both in
    /// bytes.
    #[must_use]
    pub fn new(format: Format, kind: Kind, chunk_size: usize, max_message: Option<u64>) -> Self {
        let framing = match format {
            Format::Lines => Framing::Delimited(Delimited::new(b'\n')),
            Format::Nul => Framing::Delimited(Delimited::new(0)),
            // Text needs room for a character.
            Format::Raw => Framing::Raw { chunk_size: chunk_size.max(if kind == Kind::Text { 4 } else { 1 }) },
            Format::Whole => Framing::Whole { done: false },
            Format::Length => Framing::Length { current: None },
            Format::Json => Framing::Json {
                lines: Delimited::new(b'\n'),
                limit: max_message.unwrap_or(DEFAULT_MAX_HELD),
                line: JsonLine::default(),
            },
        };
        Splitter {
            framing,
            kind,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            finished: false,
            failed: false,
            records: 0,
            inside: false,
            utf8: Utf8Check::default(),
            checked: 0,
        }
    }

    /// Where the next bytes of the input go; never empty once [`next`](Self::next) has given `None`.
    pub fn space(&mut self) -> &mut [u8] {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        if let Framing::Delimited(lines) | Framing::Json { lines, .. } = &mut self.framing {
            lines.moved_by(self.start);
        }
        self.checked = self.checked.saturating_sub(self.start);
        self.start = 0;
        let room = self.buffer.len();
        let wanted = match self.framing {
            Framing::Raw { chunk_size } => self.end + chunk_size.max(MAX_FRAME),
            _ if room - self.end < MIN_SPACE => (room * 2).max(FIRST_BUFFER),
            _ => room,
        };
        if wanted > room {
            // Memory that is new from the system is zero, and takes no room until it is used.
            let mut larger = vec![0; wanted];
            larger[..self.end].copy_from_slice(&self.buffer[..self.end]);
            self.buffer = larger;
        }
        &mut self.buffer[self.end..wanted]
    }

    /// Says that `count` bytes were put at the beginning of [`space`](Self::space).
    pub fn filled(&mut self, count: usize) {
        self.end += count;
        debug_assert!(self.end <= self.buffer.len());
    }

    /// Says that the input has ended.
    pub fn finish(&mut self) {
        self.finished = true;
    }

    /// How many bytes were put in and not given out; nothing but white space between JSON Lines counts as nothing.
    #[must_use]
    pub fn held(&self) -> usize {
        let held = &self.buffer[self.start..self.end];
        match self.framing {
            Framing::Json { .. } if held.trim_ascii_start().is_empty() => 0,
            _ => held.len(),
        }
    }

    /// Whether a message has been given in part.
    #[must_use]
    pub fn is_inside_message(&self) -> bool {
        self.inside
    }

    /// The next event in the bytes so far, or none until more come.
    ///
    /// # Errors
    /// The first record that can't be sent; its offending part is not given out, and nothing after it.
    #[expect(clippy::should_implement_trait, reason = "the events borrow from the splitter, which no Iterator allows")]
    pub fn next(&mut self) -> Result<Option<Event<'_>>, RecordError> {
        if self.failed {
            // What follows is not looked at; dropping it keeps the buffer small.
            self.start = self.end;
            return Ok(None);
        }
        if matches!(self.framing, Framing::Json { .. }) {
            return self.next_json();
        }
        let Some(piece) = self.piece()? else {
            return Ok(None);
        };
        self.chunk(piece).map(|chunk| Some(Event::Data(chunk)))
    }

    /// Takes the next piece off the buffer.
    fn piece(&mut self) -> Result<Option<Piece>, RecordError> {
        let (start, end) = (self.start, self.end);
        let held = end - start;
        let (range, last) = match &mut self.framing {
            Framing::Delimited(lines) => {
                // The byte after a frame's worth tells whether the record ends there.
                let ahead = held.min(MAX_FRAME + 1);
                if let Some(at) = lines.find(&self.buffer[..start + ahead], start) {
                    self.start = at + 1;
                    return Ok(Some(Piece::new(start..at, true)));
                }
                match held {
                    0 => return Ok(None),
                    _ if held > MAX_FRAME => (start..start + MAX_FRAME, false),
                    _ if self.finished => (start..end, true),
                    _ => return Ok(None),
                }
            }
            Framing::Raw { chunk_size } => {
                let limit = end.min(start + *chunk_size);
                // A read may end inside a character; what is here of it waits for its rest.
                let waits = self.kind == Kind::Text && !(self.finished && limit == end);
                let end = if waits { limit - incomplete_tail(&self.buffer[start..limit]) } else { limit };
                if start == end {
                    return Ok(None);
                }
                (start..end, true)
            }
            Framing::Whole { .. } if held > MAX_FRAME => (start..start + MAX_FRAME, false),
            Framing::Whole { done } if self.finished && !*done => {
                *done = true;
                (start..end, true)
            }
            // It goes out as it comes: whether this was all, only the end of the input tells.
            Framing::Whole { .. } if held > 0 && !self.finished => (start..end, false),
            Framing::Length { .. } => return self.announced_piece(),
            Framing::Whole { .. } | Framing::Json { .. } => return Ok(None),
        };
        self.start = range.end;
        Ok(Some(Piece::new(range, last)))
    }

    /// The next piece of a record whose length stands before it.
    fn announced_piece(&mut self) -> Result<Option<Piece>, RecordError> {
        let Framing::Length { current } = &mut self.framing else {
            return Ok(None);
        };
        let held = &self.buffer[self.start..self.end];
        let mut announced = match (*current, held.first_chunk::<4>()) {
            (Some(announced), _) => announced,
            (None, Some(prefix)) => {
                self.start += 4;
                let length = u64::from(u32::from_be_bytes(*prefix));
                Announced { length, remaining: length }
            }
            (None, None) if self.finished && !held.is_empty() => {
                let found = held.len() as u64;
                return Err(self.truncated(4, found));
            }
            (None, None) => return Ok(None),
        };
        *current = Some(announced);
        let available = (self.end - self.start) as u64;
        let taken = announced.remaining.min(MAX_FRAME as u64);
        if available < taken {
            if self.finished {
                let given = announced.length - announced.remaining;
                return Err(self.truncated(announced.length, given + available));
            }
            return Ok(None);
        }
        announced.remaining -= taken;
        let last = announced.remaining == 0;
        *current = (!last).then_some(announced);
        let range = self.start..self.start + taken as usize;
        self.start = range.end;
        Ok(Some(Piece { range, last, length: Some(announced.length) }))
    }

    /// Makes a chunk of a piece, checking its text.
    fn chunk(&mut self, piece: Piece) -> Result<Chunk<'_>, RecordError> {
        let first = !self.inside;
        self.records += u64::from(first);
        if self.kind == Kind::Text {
            self.check_text(piece.range.clone(), piece.last)?;
        }
        self.inside = !piece.last;
        let payload = &self.buffer[piece.range];
        Ok(Chunk { kind: self.kind, first, last: piece.last, length: piece.length, payload })
    }

    fn check_text(&mut self, range: Range<usize>, ends: bool) -> Result<(), RecordError> {
        if ends && !self.inside && self.check_ahead(&range) {
            return Ok(());
        }
        let mut result = self.utf8.push(&self.buffer[range]);
        if ends {
            result = result.and_then(|()| self.utf8.finish());
            self.utf8 = Utf8Check::default();
        }
        result.map_err(|invalid| self.fail(self.records, Problem::NotUtf8(invalid.offset)))
    }

    /// Checks a whole record by checking all that the buffer holds from it on, which for many short ones is much faster
    /// than one by one; false leaves it to be checked by itself.
    fn check_ahead(&mut self, range: &Range<usize>) -> bool {
        if !matches!(self.framing, Framing::Delimited(_)) {
            return false;
        }
        if self.checked < range.end {
            let ahead = &self.buffer[range.start..self.end];
            let valid = simdutf8::compat::from_utf8(ahead).map_or_else(|error| error.valid_up_to(), str::len);
            self.checked = range.start + valid;
        }
        range.end <= self.checked
    }

    /// The next event of JSON Lines; lines that carry none are passed over.
    fn next_json(&mut self) -> Result<Option<Event<'_>>, RecordError> {
        while let Some(range) = self.json_line()? {
            self.records += 1;
            let Framing::Json { limit, line, .. } = &mut self.framing else {
                break;
            };
            let limit = *limit;
            let problem = match line.read(&self.buffer[range]) {
                Ok(false) => continue,
                Ok(true) if line.payload_len() as u64 <= limit => {
                    self.inside = line.is_inside_message();
                    return Ok(self.json_event());
                }
                Ok(true) => Problem::TooLong(limit),
                Err(problem) => Problem::Json(problem),
            };
            return Err(self.fail(self.records, problem));
        }
        // A Close may stand inside a message, and ends it; the end of the input does not.
        if self.finished && std::mem::take(&mut self.inside) {
            return Err(self.fail(self.records, Problem::Json(JsonProblem::Unfinished)));
        }
        Ok(None)
    }

    fn json_event(&self) -> Option<Event<'_>> {
        match &self.framing {
            Framing::Json { line, .. } => line.event(),
            _ => None,
        }
    }

    /// Takes the next line of JSON Lines off the buffer.
    fn json_line(&mut self) -> Result<Option<Range<usize>>, RecordError> {
        let Framing::Json { lines, limit, .. } = &mut self.framing else {
            return Ok(None);
        };
        let start = self.start;
        let found = lines.find(&self.buffer[..self.end], start);
        let end = found.unwrap_or(self.end);
        // A character of JSON text takes six bytes at most (\u0000), base64 takes less.
        let most = limit.saturating_mul(6).saturating_add(1024);
        if (end - start) as u64 > most {
            let problem = Problem::TooLong(*limit);
            return Err(self.fail(self.records + 1, problem));
        }
        if found.is_none() && (start == end || !self.finished) {
            return Ok(None);
        }
        self.start = found.map_or(end, |at| at + 1);
        Ok(Some(start..end))
    }

    /// Gives the record up that was given last, or a part of it: for a reason that lies outside.
    pub fn refuse(&mut self, problem: Problem) -> RecordError {
        self.fail(self.records, problem)
    }

    fn truncated(&mut self, expected: u64, found: u64) -> RecordError {
        // A record counts once a part of it was given.
        let record = self.records + u64::from(!self.inside);
        self.fail(record, Problem::Truncated { expected, found })
    }

    fn fail(&mut self, record: u64, problem: Problem) -> RecordError {
        self.failed = true;
        RecordError { record, problem }
    }
}

impl Piece {
    fn new(range: Range<usize>, last: bool) -> Self {
        Piece { range, last, length: None }
    }
}

/// How many bytes at the end of a text belong to a character that is not complete and still can be: at most three.
fn incomplete_tail(text: &[u8]) -> usize {
    let last_three = text.iter().rev().take(3);
    let Some(back) = last_three.clone().position(|byte| byte & 0xc0 != 0x80) else {
        return 0;
    };
    let tail = &text[text.len() - 1 - back..];
    match std::str::from_utf8(tail) {
        Err(error) if error.error_len().is_none() => tail.len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
