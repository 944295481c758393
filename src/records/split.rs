//! Cutting an input into messages.

use thiserror::Error;

use super::delimited::Delimited;
use super::json::{JsonLine, JsonProblem};
use super::{DEFAULT_MAX_HELD, Format};
use crate::protocol::{Chunk, Event, Kind, Utf8Check};

/// A record up to this many bytes leaves as one frame; a longer one as fragments of one message, as it comes.
///
/// Large enough that few peers ever see a fragment, small enough that nobody notices the memory.
const MAX_FRAME: usize = 256 << 10;
/// What the buffer has room for at first, in bytes: what a pipe holds on Linux, so one read can empty it.
const FIRST_BUFFER: usize = 64 << 10;
/// A read is given at least this much room.
const MIN_SPACE: usize = 16 << 10;

/// An input that can't be sent as it is.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("record {record} of the input {problem}")]
pub struct RecordError {
    /// The number of the record, the first being 1.
    pub record: u64,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Problem {
    /// Text that is not UTF-8; the offset in bytes counts from the record's beginning.
    #[error("is not UTF-8 (at its byte {0}), so it can't be sent as text: use -b/--binary")]
    NotUtf8(u64),
    /// The input ends inside a record.
    #[error("is cut short: {expected} bytes were announced and {found} came")]
    Truncated {
        /// Bytes announced.
        expected: u64,
        /// Bytes that came.
        found: u64,
    },
    /// A line of JSON that is not one of the events.
    #[error("{0}")]
    Json(JsonProblem),
    /// A record that has to be held as a whole is over the limit.
    #[error("is longer than {0} bytes, the most that is held of one (--max-message)")]
    TooLong(u64),
}

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
    /// Messages begun so far.
    records: u64,
    /// The first chunk of the current message was given, its last one was not.
    inside: bool,
    utf8: Utf8Check,
}

#[derive(Debug)]
enum Framing {
    Delimited(Delimited),
    Raw {
        chunk_size: usize,
    },
    Whole {
        done: bool,
    },
    Length {
        current: Option<Announced>,
    },
    Json {
        lines: Delimited,
        limit: u64,
        line: JsonLine,
    },
}

/// A record whose length is known, in bytes.
#[derive(Debug, Clone, Copy)]
struct Announced {
    length: u64,
    remaining: u64,
}

/// A piece of a record in the buffer, before its text is checked.
struct Piece {
    range: std::ops::Range<usize>,
    last: bool,
    length: Option<u64>,
}

impl Splitter {
    /// A splitter for a format; messages are of type `kind` where the format does not say it.
    ///
    /// `chunk_size` is the longest message that `raw` makes of one read; `max_message` bounds what `json` has to hold; both in
    /// bytes.
    #[must_use]
    pub fn new(format: Format, kind: Kind, chunk_size: usize, max_message: Option<u64>) -> Self {
        let framing = match format {
            Format::Lines => Framing::Delimited(Delimited::new(b'\n')),
            Format::Nul => Framing::Delimited(Delimited::new(0)),
            Format::Raw => Framing::Raw {
                chunk_size: chunk_size.max(1),
            },
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
            records: 0,
            inside: false,
            utf8: Utf8Check::default(),
        }
    }

    /// Where the next bytes of the input go; never empty once [`next`](Self::next) has given `None`.
    pub fn space(&mut self) -> &mut [u8] {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        if let Framing::Delimited(lines) | Framing::Json { lines, .. } = &mut self.framing {
            lines.moved_by(self.start);
        }
        self.start = 0;
        let wanted = match self.framing {
            Framing::Raw { chunk_size } => chunk_size.max(self.end + 1),
            _ if self.buffer.len() - self.end < MIN_SPACE => {
                (self.buffer.len() * 2).max(FIRST_BUFFER)
            }
            _ => self.buffer.len(),
        };
        self.buffer.resize(wanted, 0);
        &mut self.buffer[self.end..]
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

    /// How many bytes were put in and not given out.
    #[must_use]
    pub fn held(&self) -> usize {
        self.end - self.start
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
    #[expect(
        clippy::should_implement_trait,
        reason = "the events borrow from the splitter, which no Iterator allows"
    )]
    pub fn next(&mut self) -> Result<Option<Event<'_>>, RecordError> {
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
        let piece = match &mut self.framing {
            Framing::Delimited(lines) => match lines.find(&self.buffer[..end], start) {
                Some(at) => {
                    self.start = at + 1;
                    return Ok(Some(Piece {
                        range: start..at,
                        last: true,
                        length: None,
                    }));
                }
                None if self.finished && (start < end || self.inside) => Piece {
                    range: start..end,
                    last: true,
                    length: None,
                },
                None if end - start >= MAX_FRAME => Piece {
                    range: start..end,
                    last: false,
                    length: None,
                },
                None => return Ok(None),
            },
            Framing::Raw { .. } => {
                // A read may end inside a character; what is here of it waits for its rest.
                let waits = self.kind == Kind::Text && !self.finished;
                let end = if waits {
                    end - incomplete_tail(&self.buffer[start..end])
                } else {
                    end
                };
                if start == end {
                    return Ok(None);
                }
                Piece {
                    range: start..end,
                    last: true,
                    length: None,
                }
            }
            Framing::Whole { done } if self.finished && !*done => {
                *done = true;
                Piece {
                    range: start..end,
                    last: true,
                    length: None,
                }
            }
            Framing::Whole { .. } if start < end => Piece {
                range: start..end,
                last: false,
                length: None,
            },
            Framing::Length { .. } => return self.announced_piece(),
            _ => return Ok(None),
        };
        self.start = piece.range.end;
        Ok(Some(piece))
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
                Announced {
                    length,
                    remaining: length,
                }
            }
            (None, None) if self.finished && !held.is_empty() => {
                let problem = Problem::Truncated {
                    expected: 4,
                    found: held.len() as u64,
                };
                return Err(RecordError {
                    record: self.records + 1,
                    problem,
                });
            }
            (None, None) => return Ok(None),
        };
        *current = Some(announced);
        let available = self.end - self.start;
        if (available as u64) < announced.remaining && available < MAX_FRAME {
            if self.finished {
                let found = announced.length - announced.remaining + available as u64;
                let problem = Problem::Truncated {
                    expected: announced.length,
                    found,
                };
                return Err(RecordError {
                    record: self.records + u64::from(!self.inside),
                    problem,
                });
            }
            return Ok(None);
        }
        let taken = announced.remaining.min(available as u64);
        announced.remaining -= taken;
        let last = announced.remaining == 0;
        *current = (!last).then_some(announced);
        let range = self.start..self.start + taken as usize;
        self.start = range.end;
        Ok(Some(Piece {
            range,
            last,
            length: Some(announced.length),
        }))
    }

    /// Makes a chunk of a piece, checking its text.
    fn chunk(&mut self, piece: Piece) -> Result<Chunk<'_>, RecordError> {
        let first = !self.inside;
        self.records += u64::from(first);
        if self.kind == Kind::Text {
            let mut checked = self.utf8.push(&self.buffer[piece.range.clone()]);
            if piece.last {
                checked = checked.and_then(|()| self.utf8.finish());
                self.utf8 = Utf8Check::default();
            }
            if let Err(invalid) = checked {
                return Err(RecordError {
                    record: self.records,
                    problem: Problem::NotUtf8(invalid.offset),
                });
            }
        }
        self.inside = !piece.last;
        let payload = &self.buffer[piece.range];
        Ok(Chunk {
            kind: self.kind,
            first,
            last: piece.last,
            length: piece.length,
            payload,
        })
    }

    /// The next event of JSON Lines; lines that carry none are passed over.
    fn next_json(&mut self) -> Result<Option<Event<'_>>, RecordError> {
        let Framing::Json { lines, limit, line } = &mut self.framing else {
            return Ok(None);
        };
        loop {
            let start = self.start;
            let end = match lines.find(&self.buffer[..self.end], start) {
                Some(at) => {
                    self.start = at + 1;
                    at
                }
                None if self.finished && start < self.end => {
                    self.start = self.end;
                    self.end
                }
                // A character of JSON text takes six bytes at most (\u0000), base64 takes less.
                None if (self.end - start) as u64
                    > limit.saturating_mul(6).saturating_add(1024) =>
                {
                    return Err(RecordError {
                        record: self.records + 1,
                        problem: Problem::TooLong(*limit),
                    });
                }
                None => return Ok(None),
            };
            self.records += 1;
            let record = self.records;
            let fail = |problem| RecordError { record, problem };
            if line
                .read(&self.buffer[start..end])
                .map_err(|problem| fail(Problem::Json(problem)))?
            {
                if line.payload_len() as u64 > *limit {
                    return Err(fail(Problem::TooLong(*limit)));
                }
                break;
            }
        }
        Ok(line.event())
    }
}

/// How many bytes at the end of a text belong to a character that is not complete.
fn incomplete_tail(text: &[u8]) -> usize {
    let Some((back, lead)) = text
        .iter()
        .rev()
        .take(4)
        .enumerate()
        .find(|(_, byte)| **byte & 0xc0 != 0x80)
    else {
        return 0;
    };
    let needed = match lead {
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xff => 4,
        _ => 1,
    };
    if back + 1 < needed { back + 1 } else { 0 }
}
