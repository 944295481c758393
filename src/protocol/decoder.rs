//! Bytes from the peer in, events out (RFC 6455, 5.2; RFC 7692, 7.2.2).

use std::io::Cursor;
use std::ops::Range;
use std::sync::Arc;

use tungstenite::error::{Error, ProtocolError};
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use super::deflate::{Inflated, Inflater, NotDeflate};
use super::{Chunk, Close, DeflateParams, Event, InvalidUtf8, Kind, Mask, Role, Utf8Check, Violation, Volume};

/// The longest payload of a control frame in bytes (RFC 6455, 5.5).
const MAX_CONTROL: u64 = 125;
/// The first of the reserved bits says that a message is compressed (RFC 7692, 6).
const COMPRESSED: u8 = 0b100;
/// The longest header and the longest control frame fit behind whatever has been lent out.
const MIN_BUFFER: usize = 256;
/// What is decompressed at a time, in bytes, at most: four windows, so that keeping the window costs little.
const MAX_INFLATED: usize = 128 << 10;

/// Reads frames from bytes that come in any pieces, in one buffer of fixed size, and one more for what is decompressed.
///
/// Payload is unmasked where it lies and lent out as it arrives, so a message of any size passes in constant memory.
/// The first violation ends it: after an error, and after a Close, it gives nothing more.
///
/// ```
/// use wspipe::protocol::{Chunk, Decoder, Event, Kind, Role};
/// let mut decoder = Decoder::new(Role::Client, 4096, None);
/// let bytes = b"\x81\x05Hello";
/// decoder.space()[..bytes.len()].copy_from_slice(bytes);
/// decoder.filled(bytes.len());
/// assert_eq!(decoder.next(), Ok(Some(Event::Data(Chunk::whole(Kind::Text, b"Hello")))));
/// assert_eq!(decoder.next(), Ok(None));
/// ```
#[derive(Debug)]
pub struct Decoder {
    role: Role,
    max_message: Option<u64>,
    buffer: Box<[u8]>,
    /// The bytes not yet taken lie in `start..end` of the buffer.
    start: usize,
    end: usize,
    frame: Option<Frame>,
    message: Option<Message>,
    /// Decompresses, if that was negotiated.
    inflate: Option<Inflate>,
    utf8: Utf8Check,
    ended: bool,
}

/// The frame whose payload is being read.
#[derive(Debug, Clone, Copy)]
struct Frame {
    content: Content,
    remaining: u64,
    mask: Option<Mask>,
}

#[derive(Debug, Clone, Copy)]
enum Content {
    Control(Control),
    Data { last: bool, length: Option<u64> },
}

/// The message of which frames are still to come, or whose last frame is being read.
#[derive(Debug, Clone, Copy)]
struct Message {
    kind: Kind,
    compressed: bool,
    /// No piece of it has been given.
    untold: bool,
    /// Payload bytes in the frames announced so far; of a compressed message, those that have come out.
    size: u64,
}

/// The decompression of what is received.
#[derive(Debug)]
struct Inflate {
    inflater: Inflater,
    /// Compressed bytes in the buffer, unmasked, that have not been decompressed.
    input: Range<usize>,
    /// More may come out of what went in.
    goes_on: bool,
    /// The message's last frame has gone in.
    ends: bool,
    volume: Arc<Volume>,
}

/// An event, with the place where its payload lies.
enum Found {
    Control(Control, Range<usize>),
    Data(Piece, Range<usize>),
    /// So many bytes at the beginning of what was decompressed last.
    Inflated(Piece, usize),
}

/// A [`Chunk`] without its payload.
struct Piece {
    kind: Kind,
    first: bool,
    last: bool,
    length: Option<u64>,
}

impl Decoder {
    /// A decoder with a buffer of `buffer` bytes (at least 256). A message of more than `max_message` bytes, as they are
    /// after decompression, is a violation.
    #[must_use]
    pub fn new(role: Role, buffer: usize, max_message: Option<u64>) -> Self {
        Decoder {
            role,
            max_message,
            buffer: vec![0; buffer.max(MIN_BUFFER)].into(),
            start: 0,
            end: 0,
            frame: None,
            message: None,
            inflate: None,
            utf8: Utf8Check::default(),
            ended: false,
        }
    }

    /// A decoder that begins with the bytes that came together with the opening handshake.
    #[must_use]
    pub fn resuming(role: Role, buffer: usize, max_message: Option<u64>, early: &[u8]) -> Self {
        let mut decoder = Decoder::new(role, buffer.max(early.len()), max_message);
        decoder.space()[..early.len()].copy_from_slice(early);
        decoder.filled(early.len());
        decoder
    }

    /// The same decoder, reading messages that the peer compresses as agreed (RFC 7692, 7.2.2); without an agreement, as it
    /// is.
    #[must_use]
    pub fn inflating(mut self, params: Option<DeflateParams>) -> Self {
        let room = self.buffer.len().min(MAX_INFLATED);
        self.inflate = params.map(|params| Inflate {
            inflater: Inflater::new(params.context_takeover, room),
            input: 0..0,
            goes_on: false,
            ends: false,
            volume: Arc::default(),
        });
        self
    }

    /// What the peer's compression is worth, if it may compress.
    #[must_use]
    pub fn volume(&self) -> Option<Arc<Volume>> {
        self.inflate.as_ref().map(|inflate| Arc::clone(&inflate.volume))
    }

    /// Where the next bytes from the peer go; never empty once [`next`](Self::next) has given `None`.
    pub fn space(&mut self) -> &mut [u8] {
        // What is left here is at most the beginning of a header or of a control frame.
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        &mut self.buffer[self.end..]
    }

    /// Says that `count` bytes were put at the beginning of [`space`](Self::space).
    pub fn filled(&mut self, count: usize) {
        self.end += count;
        debug_assert!(self.end <= self.buffer.len());
    }

    /// Whether a message or a frame has begun and not ended.
    #[must_use]
    pub fn is_inside_message(&self) -> bool {
        self.message.is_some() || self.frame.is_some() || self.start < self.end
    }

    /// The next event in the bytes so far, or none until more come.
    ///
    /// # Errors
    /// The first breach of the protocol.
    #[expect(clippy::should_implement_trait, reason = "the events borrow from the decoder, which no Iterator allows")]
    pub fn next(&mut self) -> Result<Option<Event<'_>>, Violation> {
        if self.ended {
            // What follows says nothing; dropping it keeps room for more of it.
            self.start = self.end;
            return Ok(None);
        }
        let found = match self.find() {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(None),
            Err(violation) => {
                self.ended = true;
                return Err(violation);
            }
        };
        self.event(found).map(Some)
    }

    fn event(&mut self, found: Found) -> Result<Event<'_>, Violation> {
        let (Piece { kind, first, last, length }, payload) = match found {
            Found::Data(piece, payload) => (piece, &self.buffer[payload]),
            Found::Inflated(piece, given) => {
                (piece, self.inflate.as_ref().map_or(&[][..], |inflate| &inflate.inflater.out()[..given]))
            }
            Found::Control(Control::Ping, payload) => return Ok(Event::Ping(&self.buffer[payload])),
            Found::Control(Control::Pong, payload) => return Ok(Event::Pong(&self.buffer[payload])),
            Found::Control(Control::Close | Control::Reserved(_), payload) => {
                self.ended = true;
                return Ok(Event::Close(Close::from_payload(&self.buffer[payload])?));
            }
        };
        Ok(Event::Data(Chunk { kind, first, last, length, payload }))
    }

    /// Finds the next event.
    fn find(&mut self) -> Result<Option<Found>, Violation> {
        loop {
            if let Some((piece, given)) = self.inflated()? {
                return Ok(Some(Found::Inflated(piece, given)));
            }
            if self.frame.is_none() {
                self.frame = self.header()?;
            }
            let (Some(frame), message) = (self.frame, self.message) else {
                return Ok(None);
            };
            let (last, length) = match frame.content {
                Content::Control(opcode) => {
                    return Ok(self.control(frame).map(|payload| Found::Control(opcode, payload)));
                }
                Content::Data { last, length } => (last, length),
            };
            let Some((payload, ends_frame)) = self.payload(frame) else {
                return Ok(None);
            };
            match &mut self.inflate {
                Some(inflate) if message.is_some_and(|message| message.compressed) => {
                    inflate.input = payload;
                    inflate.ends = last && ends_frame;
                }
                _ => {
                    return self
                        .piece(&payload, last && ends_frame, length)
                        .map(|piece| Some(Found::Data(piece, payload)));
                }
            }
        }
    }

    /// Reads the next frame's header, if it is complete, and holds it against the rules.
    fn header(&mut self) -> Result<Option<Frame>, Violation> {
        let mut cursor = Cursor::new(&self.buffer[self.start..self.end]);
        let (header, length) = match FrameHeader::parse(&mut cursor) {
            Ok(Some(parsed)) => parsed,
            Ok(None) => return Ok(None),
            Err(Error::Protocol(ProtocolError::InvalidOpcode(opcode))) => {
                return Err(Violation::ReservedOpcode(opcode));
            }
            Err(_) => unreachable!("reading from memory fails for no other reason"),
        };
        let size = cursor.position() as usize;
        self.check(&header, length, size)?;
        let content = match header.opcode {
            OpCode::Control(opcode) => Content::Control(opcode),
            OpCode::Data(opcode) => self.begin_data(opcode, &header, length)?,
        };
        self.start += size;
        Ok(Some(Frame { content, remaining: length, mask: header.mask.map(Mask::new) }))
    }

    /// The rules that hold for every frame by itself (RFC 6455, 5.1, 5.2 and 5.5).
    fn check(&self, header: &FrameHeader, length: u64, size: usize) -> Result<(), Violation> {
        let bits = u8::from(header.rsv1) << 2 | u8::from(header.rsv2) << 1 | u8::from(header.rsv3);
        let meaningful = if self.inflate.is_some() { COMPRESSED } else { 0 };
        if bits & !meaningful != 0 {
            return Err(Violation::ReservedBits(bits));
        }
        if header.rsv1 && !matches!(header.opcode, OpCode::Data(Data::Text | Data::Binary)) {
            return Err(Violation::CompressedNotFirst);
        }
        match (self.role, header.mask) {
            (Role::Server, None) => return Err(Violation::Unmasked),
            (Role::Client, Some(_)) => return Err(Violation::Masked),
            _ => {}
        }
        if length >> 63 != 0 {
            return Err(Violation::LengthTooLarge(length));
        }
        if matches!(header.opcode, OpCode::Control(_)) {
            if !header.is_final {
                return Err(Violation::ControlFragmented);
            }
            if length > MAX_CONTROL {
                return Err(Violation::ControlTooLong(length));
            }
        }
        if size != header.len(length) {
            return Err(Violation::LengthNotMinimal(length));
        }
        Ok(())
    }

    /// The rules of fragmentation (RFC 6455, 5.4), and the limit.
    fn begin_data(&mut self, opcode: Data, header: &FrameHeader, length: u64) -> Result<Content, Violation> {
        let mut message = match (opcode, self.message) {
            (Data::Continue, None) => return Err(Violation::NothingToContinue),
            (Data::Continue, Some(message)) => message,
            (_, Some(_)) => return Err(Violation::MessageInsideMessage),
            (opcode, None) => {
                let kind = if opcode == Data::Text { Kind::Text } else { Kind::Binary };
                Message { kind, compressed: header.rsv1, untold: true, size: 0 }
            }
        };
        if !message.compressed {
            message.size = message.size.saturating_add(length);
            check_size(self.max_message, message.size)?;
        }
        self.message = Some(message);
        let is_whole = opcode != Data::Continue && header.is_final && !message.compressed;
        Ok(Content::Data { last: header.is_final, length: is_whole.then_some(length) })
    }

    /// Takes a control frame's payload, once all of it is here.
    fn control(&mut self, mut frame: Frame) -> Option<Range<usize>> {
        let length = frame.remaining as usize;
        if self.end - self.start < length {
            return None;
        }
        let range = self.start..self.start + length;
        self.start = range.end;
        self.frame = None;
        if let Some(mask) = &mut frame.mask {
            mask.apply(&mut self.buffer[range.clone()]);
        }
        Some(range)
    }

    /// Takes what is here of a data frame's payload, unmasked, and says whether the frame ends with it. An empty frame has
    /// an empty payload; none means that more has to come.
    fn payload(&mut self, mut frame: Frame) -> Option<(Range<usize>, bool)> {
        let available = (self.end - self.start) as u64;
        if available == 0 && frame.remaining > 0 {
            return None;
        }
        let taken = frame.remaining.min(available);
        let range = self.start..self.start + taken as usize;
        self.start = range.end;
        frame.remaining -= taken;
        if let Some(mask) = &mut frame.mask {
            mask.apply(&mut self.buffer[range.clone()]);
        }
        let ends = frame.remaining == 0;
        self.frame = (!ends).then_some(frame);
        Some((range, ends))
    }

    /// The next piece of a message that is not compressed.
    fn piece(&mut self, payload: &Range<usize>, last: bool, length: Option<u64>) -> Result<Piece, Violation> {
        let bytes = &self.buffer[payload.clone()];
        if let Some(inflate) = &self.inflate {
            inflate.volume.add(bytes.len(), bytes.len());
        }
        if self.message.is_some_and(|message| message.kind == Kind::Text) {
            self.utf8.push(bytes).map_err(not_utf8)?;
        }
        self.tell(last, length)
    }

    /// Decompresses what waits for that; gives the next piece of the message and the number of its bytes, if any came out.
    fn inflated(&mut self) -> Result<Option<(Piece, usize)>, Violation> {
        let (Some(inflate), Some(message)) = (&mut self.inflate, &mut self.message) else {
            return Ok(None);
        };
        if inflate.input.is_empty() && !inflate.goes_on && !inflate.ends {
            return Ok(None);
        }
        // One byte over the limit shows that it is passed.
        let limit = self.max_message.map_or(u64::MAX, |max| (max - message.size).saturating_add(1));
        let input = &self.buffer[inflate.input.clone()];
        let Inflated { taken, given, goes_on } = inflate.inflater.step(input, limit).map_err(not_deflate)?;
        inflate.input.start += taken;
        inflate.goes_on = goes_on;
        inflate.volume.add(given, taken);
        message.size += given as u64;
        let (kind, size) = (message.kind, message.size);
        // What came out is judged before how it goes on, so that every split of the same bytes gives the same verdict.
        if kind == Kind::Text {
            let out = &inflate.inflater.out()[..given];
            self.utf8.push(out).map_err(not_utf8)?;
        }
        check_size(self.max_message, size)?;
        let last = inflate.ends && inflate.input.is_empty() && !goes_on;
        if last {
            inflate.inflater.finish().map_err(not_deflate)?;
            inflate.ends = false;
        }
        if given == 0 && !last {
            return Ok(None);
        }
        self.tell(last, None).map(|piece| Some((piece, given)))
    }

    /// Gives a piece its place in the message, which it may end: but not inside a character.
    fn tell(&mut self, last: bool, length: Option<u64>) -> Result<Piece, Violation> {
        let message = self.message.as_mut();
        let (kind, first) =
            message.map_or((Kind::Binary, true), |message| (message.kind, std::mem::take(&mut message.untold)));
        if last {
            self.message = None;
            std::mem::take(&mut self.utf8).finish().map_err(not_utf8)?;
        }
        Ok(Piece { kind, first, last, length })
    }
}

fn check_size(limit: Option<u64>, size: u64) -> Result<(), Violation> {
    match limit {
        Some(limit) if size > limit => Err(Violation::MessageTooBig { limit }),
        _ => Ok(()),
    }
}

fn not_deflate(_: NotDeflate) -> Violation {
    Violation::NotDeflate
}

fn not_utf8(invalid: InvalidUtf8) -> Violation {
    Violation::TextNotUtf8(invalid.offset)
}

#[cfg(test)]
mod tests;
