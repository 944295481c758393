//! Events as they are written: one a line.

use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::escape::push_string;
use crate::protocol::{Close, Event, Kind, Tally};
use crate::records::stamp::{Stamp, millis_since_1970};

/// The version of the language, which an `open` event names; it grows when a field changes its meaning.
const VERSION: u32 = 1;

/// The code of a connection that has ended without a Close; no frame has it (RFC 6455, 7.1.5).
pub(super) const NO_CLOSE: u16 = 1006;

/// Which way something went, seen from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// It came from the peer.
    In,
    /// It went to the peer.
    Out,
}

/// What is told of a session that begins.
#[derive(Debug, Clone, Default)]
pub struct Opening {
    /// The URL, without credentials.
    pub url: String,
    /// The address of the other end.
    pub address: String,
    /// The subprotocol agreed on.
    pub subprotocol: Option<String>,
    /// What a client asked for: path and query; only a listener tells.
    pub target: Option<String>,
    /// The extensions agreed on, as elements of `Sec-WebSocket-Extensions`.
    pub extensions: Vec<String>,
    /// How long the way to the open connection took; a listener does not know.
    pub timings: Option<Timings>,
}

/// What is told of a client that a listener no longer serves.
#[derive(Debug, Clone)]
pub struct Parting {
    /// Its Close, if one came.
    pub close: Option<Close>,
    /// Who closed first, if anybody closed.
    pub first: Option<Direction>,
    /// Each side had the other one's Close.
    pub clean: bool,
    /// What it sent.
    pub received: Tally,
    /// What was sent to it.
    pub sent: Tally,
}

/// How long each phase of the opening took.
#[derive(Debug, Clone, Copy, Default)]
pub struct Timings {
    /// Looking up the name.
    pub name: Duration,
    /// Connecting.
    pub connect: Duration,
    /// Making the tunnel through a proxy, if there is one.
    pub proxy: Option<Duration>,
    /// The TLS handshake, if there was one.
    pub tls: Option<Duration>,
    /// From the request to the end of the response's head.
    pub http: Duration,
}

/// The same, as JSON has it.
#[derive(Debug, Serialize)]
pub(crate) struct Milliseconds {
    name: f64,
    connect: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    proxy: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<f64>,
    http: f64,
}

impl From<Timings> for Milliseconds {
    fn from(timings: Timings) -> Self {
        let Timings { name, connect, proxy, tls, http } = timings;
        let [name, connect, http] = [name, connect, http].map(millis);
        Milliseconds { name, connect, proxy: proxy.map(millis), tls: tls.map(millis), http }
    }
}

/// A span of time in milliseconds, with three digits behind the point.
pub(crate) fn millis(span: Duration) -> f64 {
    (span.as_secs_f64() * 1e6).round() / 1e3
}

/// Writes the events of a session as JSON Lines.
///
/// The methods append to a buffer, so that many lines leave in one write.
#[derive(Debug, Clone)]
pub struct JsonEvents {
    clock: Clock,
    /// How lines of each direction, and of none, end.
    tails: [Tail; 3],
    /// The number of the client, where there are several.
    client: Option<u64>,
    /// Who sent the first Close.
    closed_first: Option<Direction>,
    /// The second Close has been written: the session is closed cleanly.
    is_closed: bool,
}

#[derive(Debug, Clone, Copy)]
enum Clock {
    Runs(fn() -> SystemTime),
    /// In milliseconds since 1970.
    Stands(u64),
}

impl Default for JsonEvents {
    fn default() -> Self {
        JsonEvents::new(None)
    }
}

impl JsonEvents {
    /// A writer for a session, or for the session with that client where there are several.
    #[must_use]
    pub fn new(client: Option<u64>) -> Self {
        JsonEvents {
            clock: Clock::Runs(SystemTime::now),
            tails: Default::default(),
            client,
            closed_first: None,
            is_closed: false,
        }
    }

    /// From here on events have happened at this time, and no clock is read.
    pub fn at(&mut self, time: SystemTime) {
        self.clock = Clock::Stands(millis_since_1970(time));
    }

    /// The number of the client, where there are several.
    pub(in crate::records) fn client(&self) -> Option<u64> {
        self.client
    }

    /// That the connection is open: where to, and what was agreed on.
    pub fn open(&mut self, opening: &Opening, out: &mut Vec<u8>) {
        (self.closed_first, self.is_closed) = (None, false);
        begin("open", out);
        push_number("version", VERSION.into(), out);
        push_field("url", &opening.url, out);
        push_field("address", &opening.address, out);
        if let Some(target) = &opening.target {
            push_field("target", target, out);
        }
        if let Some(subprotocol) = &opening.subprotocol {
            push_field("subprotocol", subprotocol, out);
        }
        if !opening.extensions.is_empty() {
            push_json("extensions", &opening.extensions, out);
        }
        if let Some(timings) = opening.timings {
            push_json("milliseconds", &Milliseconds::from(timings), out);
        }
        self.end(None, out);
    }

    /// A message, or a piece of one that is not its last; text is UTF-8, as the decoder has checked.
    #[inline]
    pub fn message(&mut self, dir: Direction, kind: Kind, payload: &[u8], fin: bool, out: &mut Vec<u8>) {
        match kind {
            Kind::Text => {
                out.extend_from_slice(b"{\"type\":\"text\",\"data\":\"");
                push_string(payload, out);
            }
            Kind::Binary => {
                out.extend_from_slice(b"{\"type\":\"binary\",\"data\":\"");
                push_base64(payload, out);
            }
        }
        out.push(b'"');
        if !fin {
            out.extend_from_slice(b",\"fin\":false");
        }
        self.end(Some(dir), out);
    }

    /// A control frame.
    pub fn control(&mut self, dir: Direction, event: &Event<'_>, out: &mut Vec<u8>) {
        match event {
            Event::Ping(payload) => self.heartbeat("ping", dir, payload, out),
            Event::Pong(payload) => self.heartbeat("pong", dir, payload, out),
            Event::Close(close) => self.close(dir, close, out),
            Event::Data(_) => {}
        }
    }

    /// Learns that our Close has been sent, where what is sent is not written.
    pub fn sent_close(&mut self) {
        self.closed_first.get_or_insert(Direction::Out);
    }

    /// That something went wrong, in words, before there was a session or beside one.
    pub fn error(&mut self, message: &str, out: &mut Vec<u8>) {
        begin("error", out);
        push_field("message", message, out);
        self.end(None, out);
    }

    /// That a client has connected, and its handshake is to come.
    pub fn connection(&mut self, address: &str, out: &mut Vec<u8>) {
        begin("connection", out);
        push_field("address", address, out);
        self.end(None, out);
    }

    /// That a client was not let in, with the status that it got, if it got one, and why in words.
    pub fn rejected(&mut self, address: &str, status: Option<u16>, message: &str, out: &mut Vec<u8>) {
        begin("error", out);
        push_field("message", message, out);
        if let Some(status) = status {
            push_number("status", status.into(), out);
        }
        push_field("address", address, out);
        self.end(None, out);
    }

    /// That a message of so many bytes has been queued for so many clients.
    pub fn send(&mut self, clients: u64, bytes: u64, out: &mut Vec<u8>) {
        begin("send", out);
        push_number("clients", clients, out);
        push_number("bytes", bytes, out);
        self.end(None, out);
    }

    /// That a client's session is over, whatever way; 1006 is the code of no Close (RFC 6455, 7.1.5).
    pub fn parted(&mut self, parting: &Parting, out: &mut Vec<u8>) {
        let Parting { close, first, clean, received, sent } = parting;
        begin("close", out);
        match close {
            Some(Close { code: Some(code), reason }) => {
                push_number("code", (*code).into(), out);
                push_field("reason", reason, out);
            }
            Some(_) => {}
            None => push_number("code", NO_CLOSE.into(), out),
        }
        if let Some(first) = first {
            push_field("first", if *first == Direction::In { "peer" } else { "us" }, out);
        }
        push_json("clean", clean, out);
        for (name, Tally { messages, bytes }) in [("received", received), ("sent", sent)] {
            push_name(name, out);
            // Writing to memory never fails.
            let _ = write!(out, "{{\"messages\":{messages},\"bytes\":{bytes}}}");
        }
        self.end(close.is_some().then_some(Direction::In), out);
    }

    /// That the session is not closed cleanly, and why, in words; behind the second Close, why there was one.
    pub fn broken(&mut self, message: &str, out: &mut Vec<u8>) {
        begin("error", out);
        push_field("message", message, out);
        if !self.is_closed {
            out.extend_from_slice(b",\"clean\":false");
        }
        self.end(None, out);
    }

    /// That the connection will be made once more, the `attempt`th time since there was one, after `delay`; `why`, in words.
    pub fn reconnect(&mut self, attempt: u64, why: &str, delay: Duration, out: &mut Vec<u8>) {
        begin("reconnect", out);
        push_number("attempt", attempt, out);
        push_field("why", why, out);
        push_json("delay", &millis(delay), out);
        self.end(None, out);
    }

    fn close(&mut self, dir: Direction, close: &Close, out: &mut Vec<u8>) {
        begin("close", out);
        if let Some(code) = close.code {
            push_number("code", code.into(), out);
            push_field("reason", &close.reason, out);
        }
        let first = *self.closed_first.get_or_insert(dir);
        push_field("first", if first == Direction::In { "peer" } else { "us" }, out);
        if first != dir {
            self.is_closed = true;
            out.extend_from_slice(b",\"clean\":true");
        }
        self.end(Some(dir), out);
    }

    fn heartbeat(&mut self, name: &str, dir: Direction, payload: &[u8], out: &mut Vec<u8>) {
        begin(name, out);
        if let Ok(text) = std::str::from_utf8(payload) {
            push_field("data", text, out);
        } else {
            out.extend_from_slice(b",\"base64\":\"");
            push_base64(payload, out);
            out.push(b'"');
        }
        self.end(Some(dir), out);
    }

    /// The fields that every line has.
    #[inline]
    fn end(&mut self, dir: Option<Direction>, out: &mut Vec<u8>) {
        let millis = match self.clock {
            Clock::Runs(now) => millis_since_1970(now()),
            Clock::Stands(millis) => millis,
        };
        let tail = &mut self.tails[dir.map_or(2, |dir| dir as usize)];
        if tail.millis != Some(millis) {
            tail.make(millis, dir, self.client);
        }
        out.extend_from_slice(&tail.bytes);
    }
}

/// How a line ends: most lines of a burst end alike.
#[derive(Debug, Clone, Default)]
struct Tail {
    /// The time in it, in milliseconds since 1970.
    millis: Option<u64>,
    stamp: Stamp,
    bytes: Vec<u8>,
}

impl Tail {
    /// The direction, the client, and the time: RFC 3339, in UTC.
    fn make(&mut self, millis: u64, dir: Option<Direction>, client: Option<u64>) {
        let out = &mut self.bytes;
        out.clear();
        out.extend_from_slice(match dir {
            Some(Direction::In) => b",\"dir\":\"in\"",
            Some(Direction::Out) => b",\"dir\":\"out\"",
            None => b"",
        });
        if let Some(client) = client {
            push_number("client", client, out);
        }
        out.extend_from_slice(b",\"time\":\"");
        out.extend_from_slice(self.stamp.of_millis(millis));
        out.extend_from_slice(b"\"}\n");
        self.millis = Some(millis);
    }
}

fn begin(name: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"type\":\"");
    out.extend_from_slice(name.as_bytes());
    out.push(b'"');
}

fn push_name(name: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

fn push_field(name: &str, text: &str, out: &mut Vec<u8>) {
    push_name(name, out);
    out.push(b'"');
    push_string(text.as_bytes(), out);
    out.push(b'"');
}

fn push_number(name: &str, number: u64, out: &mut Vec<u8>) {
    push_name(name, out);
    // Writing to memory never fails.
    let _ = write!(out, "{number}");
}

fn push_json(name: &str, value: &impl Serialize, out: &mut Vec<u8>) {
    push_name(name, out);
    // Nor do numbers and texts.
    let _ = serde_json::to_writer(out, value);
}

fn push_base64(payload: &[u8], out: &mut Vec<u8>) {
    base64_simd::STANDARD.encode_append(payload, out);
}

/// Writes a line that `line` makes to any output.
pub(in crate::records) fn write_line(
    buffer: &mut Vec<u8>,
    out: &mut impl Write,
    line: impl FnOnce(&mut Vec<u8>),
) -> io::Result<()> {
    buffer.clear();
    line(buffer);
    out.write_all(buffer)
}
