//! Bytes from the peer in, events out (RFC 6455, 5.2; RFC 7692, 7.2.2).

mod buffer;
mod compressed;

use std::io::Cursor;
use std::ops::Range;
use std::sync::Arc;

use tungstenite::error::{Error, ProtocolError};
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use buffer::Buffer;
use compressed::{Inflate, Step};

use super::{Chunk, Close, DeflateParams, Event, InvalidUtf8, Kind, Mask, Role, Utf8Check, Violation, Volume};

/// The longest payload of a control frame in bytes (RFC 6455, 5.5).
const MAX_CONTROL: u64 = 125;
/// The first of the reserved bits, alone (RFC 7692, 6).
const COMPRESSED: u8 = 0b100;
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
    buffer: Buffer,
    frame: Option<Frame>,
    message: Option<Message>,
    /// Decompresses, if that was negotiated.
    inflate: Option<Inflate>,
    /// None where text is taken as it is.
    utf8: Option<Utf8Check>,
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
    Compressed { last: bool },
}

/// The message of which frames are still to come, or whose last frame is being read.
#[derive(Debug, Clone, Copy)]
struct Message {
    kind: Kind,
    compressed: bool,
    /// Payload bytes in the frames announced so far; of a compressed message, those that have come out.
    size: u64,
}

impl Decoder {
    /// A decoder with a buffer of `buffer` bytes (at least 256). A message of more than `max_message` bytes, as they are
    /// after decompression, is a violation.
    #[must_use]
    pub fn new(role: Role, buffer: usize, max_message: Option<u64>) -> Self {
        Decoder::with(role, Buffer::new(buffer), max_message)
    }

    fn with(role: Role, buffer: Buffer, max_message: Option<u64>) -> Self {
        Decoder {
            role,
            max_message,
            buffer,
            frame: None,
            message: None,
            inflate: None,
            utf8: Some(Utf8Check::default()),
            ended: false,
        }
    }

    /// A decoder that begins with the bytes that came together with the opening handshake.
    #[must_use]
    pub fn resuming(role: Role, buffer: usize, max_message: Option<u64>, early: &[u8]) -> Self {
        Decoder::with(role, Buffer::new(buffer.max(early.len())), max_message).beginning_with(early)
    }

    /// As [`resuming`](Self::resuming), with a buffer that begins with 4 KiB; whenever it has been filled it grows, up to
    /// `most` bytes, and [`shrink`](Self::shrink) makes it small again.
    #[must_use]
    pub fn growing(role: Role, most: usize, max_message: Option<u64>, early: &[u8]) -> Self {
        Decoder::with(role, Buffer::growing(most, early.len()), max_message).beginning_with(early)
    }

    fn beginning_with(mut self, early: &[u8]) -> Self {
        self.space()[..early.len()].copy_from_slice(early);
        self.filled(early.len());
        self
    }

    /// The same decoder, reading messages that the peer compresses as agreed (RFC 7692, 7.2.2); without an agreement, as it
    /// is.
    #[must_use]
    pub fn inflating(mut self, params: Option<DeflateParams>) -> Self {
        let room = self.buffer.limit();
        self.inflate = params.map(|params| Inflate::new(params, room));
        self
    }

    /// The same decoder, which takes text as it is: for frames that this process has written, and checked before.
    #[must_use]
    pub fn trusting(mut self) -> Self {
        self.utf8 = None;
        self
    }

    /// What the peer's compression is worth, if it may compress.
    #[must_use]
    pub fn volume(&self) -> Option<Arc<Volume>> {
        self.inflate.as_ref().map(|inflate| Arc::clone(&inflate.volume))
    }

    /// Where the next bytes from the peer go; never empty once [`next`](Self::next) has given `None`.
    pub fn space(&mut self) -> &mut [u8] {
        // What is left here then is at most the beginning of a header or of a control frame.
        self.buffer.space()
    }

    /// Says that `count` bytes were put at the beginning of [`space`](Self::space).
    pub fn filled(&mut self, count: usize) {
        self.buffer.filled(count);
    }

    /// Whether the buffer has grown.
    #[must_use]
    pub fn has_grown(&self) -> bool {
        self.buffer.has_grown()
    }

    /// Gives back what the buffer has grown by; for when nothing has come for a while.
    pub fn shrink(&mut self) {
        self.buffer.shrink();
    }

    /// Goes on behind a Close, for whoever looks on: its sender may still answer pings (RFC 6455, 5.5.2).
    pub fn read_on(&mut self) {
        self.ended = false;
    }

    /// Whether a message or a frame has begun and not ended.
    #[must_use]
    pub fn is_inside_message(&self) -> bool {
        self.message.is_some() || self.frame.is_some() || self.buffer.len() > 0
    }

    /// How many bytes have been given of a message whose end has not come, if there is one.
    #[must_use]
    pub fn given_of_message(&self) -> Option<u64> {
        // Payload of a frame is counted when the frame is announced, and what is decompressed when it is given.
        let to_come = self.frame.filter(|frame| matches!(frame.content, Content::Data { .. }));
        self.message.map(|message| message.size - to_come.map_or(0, |frame| frame.remaining))
    }

    /// The next event in the bytes so far, or none until more come.
    ///
    /// # Errors
    /// The first breach of the protocol.
    #[expect(clippy::should_implement_trait, reason = "the events borrow from the decoder, which no Iterator allows")]
    pub fn next(&mut self) -> Result<Option<Event<'_>>, Violation> {
        if self.ended {
            // What follows says nothing; dropping it keeps room for more of it.
            self.buffer.take(self.buffer.len());
            return Ok(None);
        }
        let (kind, last, given) = loop {
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
                Content::Control(opcode) => return self.control(frame, opcode),
                Content::Data { first, last, length } => return self.data(frame, first, last, length),
                Content::Compressed { last } => match self.compressed(frame, last) {
                    Ok(Step::Given(kind, ends, given)) => break (kind, ends, given),
                    Ok(Step::FrameEnded) => {}
                    Ok(Step::Starved) => return Ok(None),
                    Err(violation) => return Err(self.end_with(violation)),
                },
            }
        };
        Ok(self.inflate.as_mut().map(|inflate| inflate.chunk(kind, last, given)))
    }

    /// Reads the next frame's header, if it is complete, and holds it against the rules.
    fn header(&mut self) -> Result<Option<Frame>, Violation> {
        let mut cursor = Cursor::new(self.buffer.waiting());
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
        let frame = Frame { content, remaining: length, mask: header.mask.map(Mask::new) };
        self.buffer.take(size);
        self.frame = Some(frame);
        Ok(Some(frame))
    }

    /// The rules that hold for every frame by itself (RFC 6455, 5.1, 5.2 and 5.5).
    fn check(&self, header: &FrameHeader, length: u64, size: usize) -> Result<(), Violation> {
        if header.rsv1 || header.rsv2 || header.rsv3 {
            self.check_reserved_bits(header)?;
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

    /// The first of the reserved bits marks a compressed message, if that was negotiated, on its first frame (RFC 7692, 6).
    #[inline(never)]
    fn check_reserved_bits(&self, header: &FrameHeader) -> Result<(), Violation> {
        let bits = u8::from(header.rsv1) << 2 | u8::from(header.rsv2) << 1 | u8::from(header.rsv3);
        let begins_message = matches!(header.opcode, OpCode::Data(Data::Text | Data::Binary));
        match bits {
            COMPRESSED if self.inflate.is_some() && begins_message => Ok(()),
            COMPRESSED if self.inflate.is_some() => Err(Violation::CompressedNotFirst),
            bits => Err(Violation::ReservedBits(bits)),
        }
    }

    /// The rules of fragmentation (RFC 6455, 5.4), and the limit.
    fn begin_data(&mut self, opcode: Data, header: &FrameHeader, length: u64) -> Result<Content, Violation> {
        let (first, last) = (opcode != Data::Continue, header.is_final);
        let mut message = match (opcode, self.message) {
            (Data::Continue, None) => return Err(Violation::NothingToContinue),
            (Data::Continue, Some(message)) => message,
            (_, Some(_)) => return Err(Violation::MessageInsideMessage),
            (opcode, None) => {
                let kind = if opcode == Data::Text { Kind::Text } else { Kind::Binary };
                Message { kind, compressed: header.rsv1, size: 0 }
            }
        };
        if message.compressed {
            self.message = Some(message);
            return Ok(Content::Compressed { last });
        }
        message.size = message.size.saturating_add(length);
        check_size(self.max_message, message.size)?;
        self.message = Some(message);
        Ok(Content::Data { first, last, length: (first && last).then_some(length) })
    }

    /// Gives a control frame, once all of it is here.
    fn control(&mut self, mut frame: Frame, opcode: Control) -> Result<Option<Event<'_>>, Violation> {
        let length = frame.remaining as usize;
        if self.buffer.len() < length {
            return Ok(None);
        }
        let payload = self.buffer.take(length);
        self.frame = None;
        let payload = self.buffer.taken_mut(payload);
        if let Some(mask) = &mut frame.mask {
            mask.apply(payload);
        }
        Ok(Some(match opcode {
            Control::Ping => Event::Ping(payload),
            Control::Pong => Event::Pong(payload),
            Control::Close | Control::Reserved(_) => {
                self.ended = true;
                Event::Close(Close::from_payload(payload)?)
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
        let Some(range) = self.take(&mut frame) else {
            return Ok(None);
        };
        let ends_frame = frame.remaining == 0;
        let ends_message = ends_frame && last;
        let kind = self.message.map_or(Kind::Binary, |message| message.kind);
        if kind == Kind::Text
            && let Err(violation) = self.check_text(range.clone(), ends_message)
        {
            return Err(self.end_with(violation));
        }
        if let Some(inflate) = &self.inflate {
            inflate.volume.add(range.len(), range.len());
        }
        // The message begins with the first piece of its first frame only.
        frame.content = Content::Data { first: false, last, length };
        self.frame = (!ends_frame).then_some(frame);
        if ends_message {
            self.message = None;
        }
        let payload = self.buffer.taken(range);
        Ok(Some(Event::Data(Chunk { kind, first, last: ends_message, length, payload })))
    }

    /// Takes what is here of a data frame's payload, unmasked; none if something must come before the next piece. An empty
    /// frame has an empty payload.
    fn take(&mut self, frame: &mut Frame) -> Option<Range<usize>> {
        let available = self.buffer.len() as u64;
        if available == 0 && frame.remaining > 0 {
            return None;
        }
        let taken = frame.remaining.min(available);
        let range = self.buffer.take(taken as usize);
        frame.remaining -= taken;
        if let Some(mask) = &mut frame.mask {
            mask.apply(self.buffer.taken_mut(range.clone()));
        }
        Some(range)
    }

    fn check_text(&mut self, range: Range<usize>, ends: bool) -> Result<(), Violation> {
        let Some(utf8) = &mut self.utf8 else { return Ok(()) };
        let mut result = utf8.push(self.buffer.taken(range));
        if ends {
            result = result.and_then(|()| std::mem::take(utf8).finish());
        }
        result.map_err(not_utf8)
    }

    fn end_with(&mut self, violation: Violation) -> Violation {
        self.ended = true;
        violation
    }
}

fn check_size(limit: Option<u64>, size: u64) -> Result<(), Violation> {
    match limit {
        Some(limit) if size > limit => Err(Violation::MessageTooBig { limit }),
        _ => Ok(()),
    }
}

fn not_utf8(invalid: InvalidUtf8) -> Violation {
    Violation::TextNotUtf8(invalid.offset)
}

#[cfg(test)]
mod tests;
