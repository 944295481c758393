//! Laying messages out in an output.

use std::io::{self, Write};
use std::time::SystemTime;

use thiserror::Error;

use super::hex::Hex;
use super::json::write_line;
use super::stamp::Stamp;
use super::{DEFAULT_MAX_HELD, Direction, Format, JsonEvents, OutputFormat};
use crate::protocol::{Chunk, Event, Violation};

/// Why a message could not be laid out.
#[derive(Debug, Error)]
pub enum JoinError {
    /// The output did not take it.
    #[error(transparent)]
    Output(#[from] io::Error),
    /// It has to be held as a whole, and is larger than that is allowed.
    #[error(transparent)]
    TooBig(#[from] Violation),
}

/// Lays messages out in a format, as their chunks come.
#[derive(Debug)]
pub struct Joiner {
    layout: Layout,
    stamps: Option<Stamps>,
}

#[derive(Debug)]
enum Layout {
    Delimited(u8),
    Bare,
    Length(Held),
    Json(Box<JsonLayout>),
    Hex(Hex),
}

#[derive(Debug)]
struct JsonLayout {
    held: Held,
    events: JsonEvents,
    line: Vec<u8>,
}

/// How much of a buffer is kept for the next message, in bytes.
const KEPT: usize = 1 << 20;

/// The beginning of a message that has to be held until its end is here.
#[derive(Debug)]
pub(crate) struct Held {
    bytes: Vec<u8>,
    limit: u64,
}

impl Joiner {
    /// A joiner for a format; `max_message` bounds, in bytes, what `length` and `json` hold of one message.
    #[must_use]
    pub fn new(format: impl Into<OutputFormat>, max_message: Option<u64>, json: JsonEvents) -> Self {
        let format = format.into();
        let held = Held::new(max_message.unwrap_or(DEFAULT_MAX_HELD));
        let stamped = matches!(format, OutputFormat::Stamped(_) | OutputFormat::Hex { stamped: true });
        let stamps = stamped.then(|| Stamps::new(SystemTime::now));
        let (OutputFormat::Records(format) | OutputFormat::Stamped(format)) = format else {
            return Joiner { layout: Layout::Hex(Hex::new(json.client())), stamps };
        };
        let layout = match format {
            Format::Lines => Layout::Delimited(b'\n'),
            Format::Nul => Layout::Delimited(0),
            Format::Raw | Format::Whole => Layout::Bare,
            Format::Length => Layout::Length(held),
            Format::Json => Layout::Json(Box::new(JsonLayout { held, events: json, line: Vec::new() })),
        };
        Joiner { layout, stamps }
    }

    /// Appends an event to the output. Only JSON Lines have a place for those that are no data.
    ///
    /// # Errors
    /// The output's errors, and a message that is too big to be held.
    pub fn push(&mut self, event: &Event<'_>, out: &mut impl Write) -> Result<(), JoinError> {
        if let (Event::Data(Chunk { first: true, .. }), Some(stamps)) = (event, &mut self.stamps) {
            stamps.write(out)?;
        }
        match (&mut self.layout, event) {
            (Layout::Delimited(delimiter), Event::Data(chunk)) => {
                out.write_all(chunk.payload)?;
                if chunk.last {
                    out.write_all(&[*delimiter])?;
                }
            }
            (Layout::Bare, Event::Data(chunk)) => out.write_all(chunk.payload)?,
            (Layout::Length(held), Event::Data(chunk)) => held.with_length(chunk, out)?,
            (Layout::Json(json), Event::Data(chunk)) => {
                let JsonLayout { held, events, line } = &mut **json;
                if let Some(payload) = held.complete(chunk)? {
                    write_line(line, out, |line| events.message(Direction::In, chunk.kind, payload, true, line))?;
                    held.clear();
                    line.shrink_to(KEPT);
                }
            }
            (Layout::Hex(hex), Event::Data(chunk)) => hex.push(chunk, out)?,
            (Layout::Json(json), event) => {
                write_line(&mut json.line, out, |line| json.events.control(Direction::In, event, line))?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Nothing more has come for the moment: what comes next has a time of its own.
    pub fn pause(&mut self) {
        if let Some(stamps) = &mut self.stamps {
            stamps.now = None;
        }
    }

    /// Appends what `what` tells, where the format has a place for that.
    ///
    /// # Errors
    /// The output's.
    pub fn tell(&mut self, out: &mut impl Write, what: impl FnOnce(&mut JsonEvents, &mut Vec<u8>)) -> io::Result<()> {
        match &mut self.layout {
            Layout::Json(json) => {
                let JsonLayout { events, line, .. } = &mut **json;
                write_line(line, out, |line| what(events, line))
            }
            _ => Ok(()),
        }
    }
}

/// The times before messages. The clock is read once for all that comes together.
#[derive(Debug)]
struct Stamps {
    clock: fn() -> SystemTime,
    now: Option<SystemTime>,
    stamp: Stamp,
}

impl Stamps {
    fn new(clock: fn() -> SystemTime) -> Self {
        Stamps { clock, now: None, stamp: Stamp::default() }
    }

    fn write(&mut self, out: &mut impl Write) -> io::Result<()> {
        let now = *self.now.get_or_insert_with(self.clock);
        out.write_all(self.stamp.of(now))?;
        out.write_all(b" ")
    }
}

impl Held {
    /// Holds no message longer than this many bytes.
    pub(crate) fn new(limit: u64) -> Self {
        Held { bytes: Vec::new(), limit }
    }

    /// Forgets what was held; to be called when a complete message has been used.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(KEPT);
    }

    /// Writes the length first; where the message announced it, the payload needs not be held.
    fn with_length(&mut self, chunk: &Chunk<'_>, out: &mut impl Write) -> Result<(), JoinError> {
        if let Some(length) = chunk.length {
            if chunk.first {
                out.write_all(&length_prefix(length)?)?;
            }
            return Ok(out.write_all(chunk.payload)?);
        }
        if let Some(payload) = self.complete(chunk)? {
            let prefix = length_prefix(payload.len() as u64)?;
            out.write_all(&prefix)?;
            out.write_all(payload)?;
            self.clear();
        }
        Ok(())
    }

    /// The whole message, if this is its last chunk; else holds the chunk.
    pub(crate) fn complete<'a>(&'a mut self, chunk: &Chunk<'a>) -> Result<Option<&'a [u8]>, Violation> {
        if chunk.first && chunk.last {
            return Ok(Some(chunk.payload));
        }
        if chunk.first {
            self.bytes.clear();
        }
        if (self.bytes.len() + chunk.payload.len()) as u64 > self.limit {
            return Err(Violation::MessageTooBig { limit: self.limit });
        }
        self.bytes.extend_from_slice(chunk.payload);
        Ok(chunk.last.then_some(&self.bytes))
    }
}

fn length_prefix(length: u64) -> Result<[u8; 4], Violation> {
    let length = u32::try_from(length).map_err(|_| Violation::MessageTooBig { limit: u32::MAX.into() })?;
    Ok(length.to_be_bytes())
}

#[cfg(test)]
mod tests;
