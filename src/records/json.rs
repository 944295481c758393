//! JSON Lines: one event a line, so that types, control frames and the end of a session show in a text stream.
//!
//! ```json
//! {"type":"text","data":"hello","dir":"in","time":"2026-01-02T03:04:05.678Z"}
//! {"type":"binary","data":"AAEC","dir":"in","time":"2026-01-02T03:04:05.679Z"}
//! {"type":"close","code":1000,"reason":"bye","first":"peer","dir":"in","time":"2026-01-02T03:04:05.680Z"}
//! ```
//!
//! Binary data is base64 (RFC 4648, 4). The data of a ping or pong is text where it is UTF-8, else it stands in base64 in a
//! field of that name. On input only the type and the fields that belong to it count.

mod escape;
mod events;

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

use crate::protocol::{Chunk, Close, CloseCodeError, Event, Kind};

use events::NO_CLOSE;
pub(super) use events::write_line;
pub use events::{Direction, JsonEvents, Opening, Parting, Timings};
pub(crate) use events::{Milliseconds, millis};

/// Why a line is no event that can be sent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JsonProblem {
    /// Not JSON, or not an object of the right shape; the column counts bytes from 1.
    #[error("is not a JSON event: {what} (column {column})")]
    Syntax {
        /// The parser's words.
        what: String,
        /// Where in the line.
        column: usize,
    },
    /// A type that no event has.
    #[error("has the unknown type {0:?}: use text, binary, ping, pong or close")]
    Type(String),
    /// A pause.
    #[error("is of type wait, which is for scripts: wspipe replay plays them")]
    Pause,
    /// A field that the type needs is missing.
    #[error("is of type {kind}, which needs the field {field:?}")]
    Missing {
        /// The event's type.
        kind: &'static str,
        /// The field's name.
        field: &'static str,
    },
    /// Data that is not base64.
    #[error("has data that is not base64: {0}")]
    Base64(String),
    /// A message of the other type begins before one has ended.
    #[error("begins a message, but the one before it has not ended (\"fin\":false)")]
    Inside,
    /// The message that has not ended is of another direction or client.
    #[error("stands inside a message (\"fin\":false) of another dir or client: give those of one only")]
    OtherStream,
    /// The input ends before a message does.
    #[error("has \"fin\":false, but the message does not go on")]
    Unfinished,
    /// A ping or pong of more than 125 bytes.
    #[error("has {0} bytes of data; a control frame holds at most 125 (RFC 6455, 5.5)")]
    ControlTooLong(usize),
    /// A close code or reason that can't be sent.
    #[error("can't be sent: {0}")]
    Close(CloseCodeError),
}

/// A line as it comes in.
#[derive(Deserialize)]
struct Incoming<'a> {
    r#type: Cow<'a, str>,
    #[serde(borrow)]
    data: Option<Cow<'a, str>>,
    #[serde(borrow)]
    base64: Option<Cow<'a, str>>,
    code: Option<u16>,
    reason: Option<String>,
    fin: Option<bool>,
    #[serde(borrow)]
    dir: Option<&'a RawValue>,
    #[serde(borrow)]
    client: Option<&'a RawValue>,
}

/// The event of the line read last.
#[derive(Debug, Default)]
pub(super) struct JsonLine {
    content: Option<Content>,
    payload: Vec<u8>,
    /// The message that the next piece belongs to, if one has begun and not ended.
    begun: Option<Begun>,
}

/// A message that goes on in later lines.
#[derive(Debug)]
struct Begun {
    kind: Kind,
    /// Whether it came in, where it was recorded.
    came: bool,
    /// The client that its lines name, as they do.
    client: Option<Box<str>>,
}

#[derive(Debug)]
enum Content {
    Message { kind: Kind, first: bool, last: bool },
    Ping,
    Pong,
    Close(Close),
}

impl JsonLine {
    /// Reads a line; false if it carries nothing to be sent.
    pub(super) fn read(&mut self, line: &[u8]) -> Result<bool, JsonProblem> {
        self.content = None;
        self.payload.clear();
        match line.trim_ascii_start() {
            [] => return Ok(false),
            [b'{', ..] => {}
            // The parser would take the fields of an array, too.
            rest => {
                let column = line.len() - rest.len() + 1;
                return Err(JsonProblem::Syntax { what: no_object(rest), column });
            }
        }
        let incoming: Incoming<'_> = serde_json::from_slice(line).map_err(|error| syntax(&error))?;
        let content = match &*incoming.r#type {
            "text" => {
                let data = incoming.data.as_ref().ok_or(JsonProblem::Missing { kind: "text", field: "data" })?;
                self.payload.extend_from_slice(data.as_bytes());
                self.piece(Kind::Text, &incoming)?
            }
            "binary" => {
                let data = incoming.data.as_ref().ok_or(JsonProblem::Missing { kind: "binary", field: "data" })?;
                self.decode(data)?;
                self.piece(Kind::Binary, &incoming)?
            }
            "ping" => self.control(&incoming, Content::Ping)?,
            "pong" => self.control(&incoming, Content::Pong)?,
            // There was none.
            "close" if incoming.code == Some(NO_CLOSE) => return Ok(false),
            "close" => {
                self.begun = None;
                Content::Close(close(&incoming)?)
            }
            "connection" | "open" | "send" | "error" | "reconnect" => return Ok(false),
            "wait" => return Err(JsonProblem::Pause),
            other => return Err(JsonProblem::Type(other.chars().take(40).collect())),
        };
        self.content = Some(content);
        Ok(true)
    }

    /// The event, if the line carries one.
    pub(super) fn event(&self) -> Option<Event<'_>> {
        self.content.as_ref().map(|content| match content {
            Content::Message { kind, first, last } => {
                let length = (*first && *last).then_some(self.payload.len() as u64);
                Event::Data(Chunk { kind: *kind, first: *first, last: *last, length, payload: &self.payload })
            }
            Content::Ping => Event::Ping(&self.payload),
            Content::Pong => Event::Pong(&self.payload),
            Content::Close(close) => Event::Close(close.clone()),
        })
    }

    pub(super) fn payload_len(&self) -> usize {
        self.payload.len()
    }

    /// Whether a message has begun and not ended.
    pub(super) fn is_inside_message(&self) -> bool {
        self.begun.is_some()
    }

    fn piece(&mut self, kind: Kind, incoming: &Incoming<'_>) -> Result<Content, JsonProblem> {
        let (first, last) = (self.begun.is_none(), incoming.fin.unwrap_or(true));
        let came = incoming.dir.is_some_and(|dir| dir.get() == "\"in\"");
        let client = incoming.client.map(RawValue::get);
        if let Some(begun) = &self.begun {
            // A record of both directions may hold a long message of each at the same time.
            if (begun.came, begun.client.as_deref()) != (came, client) {
                return Err(JsonProblem::OtherStream);
            }
            if begun.kind != kind {
                return Err(JsonProblem::Inside);
            }
        }
        if last {
            self.begun = None;
        } else if first {
            self.begun = Some(Begun { kind, came, client: client.map(Box::from) });
        }
        Ok(Content::Message { kind, first, last })
    }

    fn control(&mut self, incoming: &Incoming<'_>, content: Content) -> Result<Content, JsonProblem> {
        match (&incoming.data, &incoming.base64) {
            (_, Some(encoded)) => self.decode(encoded)?,
            (Some(text), None) => self.payload.extend_from_slice(text.as_bytes()),
            (None, None) => {}
        }
        if self.payload.len() > 125 { Err(JsonProblem::ControlTooLong(self.payload.len())) } else { Ok(content) }
    }

    fn decode(&mut self, encoded: &str) -> Result<(), JsonProblem> {
        BASE64_STANDARD.decode_vec(encoded, &mut self.payload).map_err(|error| JsonProblem::Base64(error.to_string()))
    }
}

/// What is said of a line that begins so, and is no object.
pub(super) fn no_object(line: &[u8]) -> String {
    match line {
        [b'#', ..] | [b'/', b'/', ..] => {
            "JSON has no comments; a field of any other name may hold one, as in \"comment\":\"…\""
        }
        _ => "expected an object, {…}",
    }
    .to_owned()
}

fn close(incoming: &Incoming<'_>) -> Result<Close, JsonProblem> {
    let reason = incoming.reason.as_deref().unwrap_or_default();
    match incoming.code {
        Some(code) => Close::checked(code, reason).map_err(JsonProblem::Close),
        None if reason.is_empty() => Ok(Close::default()),
        None => Err(JsonProblem::Missing { kind: "close", field: "code" }),
    }
}

fn syntax(error: &serde_json::Error) -> JsonProblem {
    let words = error.to_string();
    // The words may hold " at line " themselves, where they repeat a value.
    let what = words.rsplit_once(" at line ").map_or(&*words, |(what, _)| what);
    JsonProblem::Syntax { what: what.to_owned(), column: error.column() }
}
