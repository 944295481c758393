//! Bytes from the peer in, events out (RFC 6455, 5.2).

use std::io::Cursor;

use tungstenite::error::{Error, ProtocolError};
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use super::{Chunk, Close, Event, Kind, Mask, Role, Utf8Check, Violation};

/// The longest payload of a control frame in bytes (RFC 6455, 5.5).
const MAX_CONTROL: u64 = 125;
/// The longest header and the longest control frame fit behind whatever has been lent out.
const MIN_BUFFER: usize = 256;

/// Reads frames from bytes that come in any pieces, in one buffer of fixed size.
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
    Data { first: bool, last: bool, length: Option<u64> },
}

/// The message of which frames are still to come, or whose last frame is being read.
#[derive(Debug, Clone, Copy)]
struct Message {
    kind: Kind,
    /// Payload bytes in the frames announced so far.
    announced: u64,
}

impl Decoder {
    /// A decoder with a buffer of `buffer` bytes (at least 256). A message of more than `max_message` bytes is a violation.
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
        let step = match self.frame {
            Some(frame) => Ok(Some(frame)),
            None => self.header(),
        };
        let frame = match step {
            Ok(Some(frame)) => frame,
            Ok(None) => return Ok(None),
            Err(violation) => return Err(self.end_with(violation)),
        };
        match frame.content {
            Content::Control(opcode) => self.control(frame, opcode),
            Content::Data { first, last, length } => self.data(frame, first, last, length),
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
            OpCode::Data(opcode) => self.begin_data(opcode, header.is_final, length)?,
        };
        let frame = Frame { content, remaining: length, mask: header.mask.map(Mask::new) };
        self.start += size;
        self.frame = Some(frame);
        Ok(Some(frame))
    }

    /// The rules that hold for every frame by itself (RFC 6455, 5.1, 5.2 and 5.5).
    fn check(&self, header: &FrameHeader, length: u64, size: usize) -> Result<(), Violation> {
        if header.rsv1 || header.rsv2 || header.rsv3 {
            let bits = u8::from(header.rsv1) << 2 | u8::from(header.rsv2) << 1 | u8::from(header.rsv3);
            return Err(Violation::ReservedBits(bits));
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
    fn begin_data(&mut self, opcode: Data, last: bool, length: u64) -> Result<Content, Violation> {
        let first = opcode != Data::Continue;
        let message = match (opcode, self.message) {
            (Data::Continue, None) => return Err(Violation::NothingToContinue),
            (Data::Continue, Some(message)) => {
                Message { announced: message.announced.saturating_add(length), ..message }
            }
            (_, Some(_)) => return Err(Violation::MessageInsideMessage),
            (opcode, None) => {
                let kind = if opcode == Data::Text { Kind::Text } else { Kind::Binary };
                Message { kind, announced: length }
            }
        };
        if let Some(limit) = self.max_message.filter(|limit| message.announced > *limit) {
            return Err(Violation::MessageTooBig { limit });
        }
        self.message = Some(message);
        Ok(Content::Data { first, last, length: (first && last).then_some(length) })
    }

    /// Gives a control frame, once all of it is here.
    fn control(&mut self, mut frame: Frame, opcode: Control) -> Result<Option<Event<'_>>, Violation> {
        let length = frame.remaining as usize;
        if self.end - self.start < length {
            return Ok(None);
        }
        let range = self.start..self.start + length;
        self.start = range.end;
        self.frame = None;
        if let Some(mask) = &mut frame.mask {
            mask.apply(&mut self.buffer[range.clone()]);
        }
        Ok(Some(match opcode {
            Control::Ping => Event::Ping(&self.buffer[range]),
            Control::Pong => Event::Pong(&self.buffer[range]),
            Control::Close | Control::Reserved(_) => {
                self.ended = true;
                Event::Close(Close::from_payload(&self.buffer[range])?)
            }
        }))
    }

    /// Gives what is here of a data frame's payload; for an empty frame, its boundaries.
    fn data(
        &mut self,
        mut frame: Frame,
        first: bool,
        last: bool,
        length: Option<u64>,
    ) -> Result<Option<Event<'_>>, Violation> {
        let available = (self.end - self.start) as u64;
        if available == 0 && frame.remaining > 0 {
            return Ok(None);
        }
        let taken = frame.remaining.min(available);
        let range = self.start..self.start + taken as usize;
        self.start = range.end;
        frame.remaining -= taken;
        if let Some(mask) = &mut frame.mask {
            mask.apply(&mut self.buffer[range.clone()]);
        }
        let ends_frame = frame.remaining == 0;
        let ends_message = ends_frame && last;
        let kind = self.message.map_or(Kind::Binary, |message| message.kind);
        if kind == Kind::Text
            && let Err(violation) = self.check_text(range.clone(), ends_message)
        {
            return Err(self.end_with(violation));
        }
        // The message begins with the first piece of its first frame only.
        frame.content = Content::Data { first: false, last, length };
        self.frame = (!ends_frame).then_some(frame);
        if ends_message {
            self.message = None;
        }
        let payload = &self.buffer[range];
        Ok(Some(Event::Data(Chunk { kind, first, last: ends_message, length, payload })))
    }

    fn check_text(&mut self, range: std::ops::Range<usize>, ends: bool) -> Result<(), Violation> {
        let mut result = self.utf8.push(&self.buffer[range]);
        if ends {
            result = result.and_then(|()| self.utf8.finish());
            self.utf8 = Utf8Check::default();
        }
        result.map_err(|invalid| Violation::TextNotUtf8(invalid.offset))
    }

    fn end_with(&mut self, violation: Violation) -> Violation {
        self.ended = true;
        violation
    }
}

#[cfg(test)]
mod tests;
