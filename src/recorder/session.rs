//! What is recorded of one session: bytes in, lines out, without any I/O.

use std::time::SystemTime;

use super::Beginning;
use crate::handshake::DeflateAgreement;
use crate::protocol::{Chunk, Decoder, Event, Kind, Role};
use crate::records::{Direction, JsonEvents, Opening};

/// What a buffer for frames grows to, in bytes.
const BUFFER: usize = 256 << 10;
/// The longest message, in bytes, that is written in one line; a longer one is written in pieces of at most this size.
const PIECE: usize = 1 << 20;

/// The record of a session.
#[derive(Debug)]
pub(super) struct Transcript {
    json: JsonEvents,
    opening: Opening,
    incoming: Track,
    outgoing: Track,
    /// It has been told whether the session is closed cleanly.
    settled: bool,
    taps: u8,
}

/// One direction.
#[derive(Debug)]
struct Track {
    dir: Direction,
    decoder: Decoder,
    /// The beginning of a message whose end has not come.
    held: Vec<u8>,
    kind: Kind,
    closed: bool,
    /// What comes can't be read any more.
    broken: bool,
}

impl Transcript {
    pub(super) fn new(beginning: Beginning<'_>) -> Self {
        let Beginning { role, opening, compression, client, .. } = beginning;
        Transcript {
            json: JsonEvents::new(client),
            opening,
            incoming: Track::new(Direction::In, role, compression),
            outgoing: Track::new(Direction::Out, role.peer(), compression),
            settled: false,
            taps: 2,
        }
    }

    /// Tells that the session begins.
    pub(super) fn begin(&mut self, time: SystemTime, out: &mut Vec<u8>) {
        self.json.at(time);
        self.json.open(&self.opening, out);
    }

    /// Takes bytes that came or went.
    pub(super) fn feed(&mut self, dir: Direction, time: SystemTime, mut bytes: &[u8], out: &mut Vec<u8>) {
        self.json.at(time);
        let track = match dir {
            Direction::In => &mut self.incoming,
            Direction::Out => &mut self.outgoing,
        };
        while !bytes.is_empty() && !track.broken {
            let space = track.decoder.space();
            let count = space.len().min(bytes.len());
            space[..count].copy_from_slice(&bytes[..count]);
            track.decoder.filled(count);
            bytes = &bytes[count..];
            if let Some(why) = track.read(&mut self.json, out) {
                track.give_up(&mut self.json, out);
                self.json.broken(&why, out);
                self.settled = true;
            }
        }
        self.settled |= self.incoming.closed && self.outgoing.closed;
    }

    /// Learns that nothing more comes from the peer, and why, if that is known.
    pub(super) fn ended(&mut self, why: Option<String>, time: SystemTime, out: &mut Vec<u8>) {
        if !self.incoming.closed {
            self.settle(why, time, out);
        }
    }

    /// Learns that a tap is gone; true if there is none left.
    pub(super) fn lost_a_tap(&mut self) -> bool {
        self.taps -= 1;
        self.taps == 0
    }

    /// The session is over, or its recording.
    pub(super) fn end(&mut self, time: SystemTime, out: &mut Vec<u8>) {
        self.settle(None, time, out);
        // Where the peer broke the protocol, we may have been inside a message, too.
        self.outgoing.give_up(&mut self.json, out);
    }

    /// Tells that the session was not closed cleanly, if nothing has been told of that; first what there is of messages that
    /// have not come to their end.
    fn settle(&mut self, why: Option<String>, time: SystemTime, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.settled, true) {
            return;
        }
        self.json.at(time);
        for track in [&mut self.incoming, &mut self.outgoing] {
            track.give_up(&mut self.json, out);
        }
        let message = match (self.incoming.closed, self.outgoing.closed, why) {
            (_, _, Some(why)) => format!("the connection broke: {why}"),
            (false, false, None) => "the connection ended without a Close".to_owned(),
            (false, true, None) => "our Close was not answered".to_owned(),
            (true, _, None) => "the peer's Close was not answered".to_owned(),
        };
        self.json.broken(&message, out);
    }
}

impl Track {
    /// `reader` is who reads what goes in this direction.
    fn new(dir: Direction, reader: Role, compression: Option<DeflateAgreement>) -> Self {
        let params = compression.map(|agreement| agreement.sent_by(reader.peer()));
        let mut decoder = Decoder::growing(reader, BUFFER, None, &[]).inflating(params);
        if dir == Direction::Out {
            decoder = decoder.trusting();
        }
        Track { dir, decoder, held: Vec::new(), kind: Kind::Binary, closed: false, broken: false }
    }

    /// Makes lines of what is in the decoder; gives what is wrong with it, if anything is.
    fn read(&mut self, json: &mut JsonEvents, out: &mut Vec<u8>) -> Option<String> {
        loop {
            match self.decoder.next() {
                Ok(Some(Event::Data(chunk))) => {
                    self.kind = chunk.kind;
                    if chunk.first && chunk.last && chunk.payload.len() <= PIECE {
                        json.message(self.dir, chunk.kind, chunk.payload, true, out);
                    } else {
                        hold(&mut self.held, &chunk, self.dir, json, out);
                    }
                }
                Ok(Some(Event::Close(close))) => {
                    self.give_up(json, out);
                    json.control(self.dir, &Event::Close(close), out);
                    self.closed = true;
                    // The sender of a Close may still answer pings (RFC 6455, 5.5.2); what a peer sends then is not heeded.
                    if self.dir == Direction::Out {
                        self.decoder.read_on();
                    }
                }
                Ok(Some(event)) => json.control(self.dir, &event, out),
                Ok(None) => return None,
                Err(violation) => {
                    self.broken = true;
                    return Some(violation.to_string());
                }
            }
        }
    }

    /// Writes what there is of a message that will never come to its end.
    fn give_up(&mut self, json: &mut JsonEvents, out: &mut Vec<u8>) {
        let end = cut(self.kind, &self.held);
        if end > 0 {
            json.message(self.dir, self.kind, &self.held[..end], false, out);
            self.held.clear();
        }
    }
}

/// Keeps a piece of a message, and writes what has become too long to be kept, or is complete.
fn hold(held: &mut Vec<u8>, chunk: &Chunk<'_>, dir: Direction, json: &mut JsonEvents, out: &mut Vec<u8>) {
    let mut payload = chunk.payload;
    while held.len() + payload.len() > PIECE {
        let (now, later) = payload.split_at(PIECE - held.len());
        held.extend_from_slice(now);
        let end = cut(chunk.kind, held);
        json.message(dir, chunk.kind, &held[..end], false, out);
        held.drain(..end);
        payload = later;
    }
    held.extend_from_slice(payload);
    if chunk.last {
        json.message(dir, chunk.kind, held, true, out);
        held.clear();
        // Most messages are shorter, and there may be many sessions.
        held.shrink_to(BUFFER);
    }
}

/// Where a piece of a message may end: text between two characters.
fn cut(kind: Kind, bytes: &[u8]) -> usize {
    if kind == Kind::Binary {
        return bytes.len();
    }
    let is_boundary = |byte: u8| byte & 0xc0 != 0x80;
    // The last character begins within four bytes of the end; what has none there is no text, and goes on as it is.
    let tail = bytes.len().saturating_sub(4);
    let Some(begin) = bytes[tail..].iter().rposition(|byte| is_boundary(*byte)) else { return bytes.len() };
    let begin = tail + begin;
    let is_complete = std::str::from_utf8(&bytes[begin..]).is_ok();
    if is_complete { bytes.len() } else { begin }
}
