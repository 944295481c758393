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
/// The first of the reserved bits, alone (RFC 7692, 6).
const COMPRESSED: u8 = 0b100;
/// The longest header and the longest control frame fit behind whatever has been lent out.
const MIN_BUFFER: usize = 256;
/// What a buffer that grows begins with, in bytes, and by what factor it does.
const SMALL_BUFFER: usize = 4 << 10;
const GROWTH: usize = 4;
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
    /// What the buffer may grow to.
    most: usize,
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

/// The decompression of what is received.
#[derive(Debug)]
struct Inflate {
    inflater: Inflater,
    /// Compressed bytes in the buffer, unmasked, that have not been decompressed.
    input: Range<usize>,
    /// More may come out of what went in.
    goes_on: bool,
    /// Something of the message has been given.
    begun: bool,
    volume: Arc<Volume>,
}

/// What a look at a compressed frame has brought.
enum Step {
    /// So many bytes of the message, which may end with them.
    Given(Kind, bool, usize),
    /// The frame's end; the message goes on in another.
    FrameEnded,
    /// More has to come.
    Starved,
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
            most: 0,
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
        let mut decoder = Decoder::new(role, buffer.max(early.len()), max_message);
        decoder.space()[..early.len()].copy_from_slice(early);
        decoder.filled(early.len());
        decoder
    }

    /// As [`resuming`](Self::resuming), with a buffer that begins with 4 KiB; whenever it has been filled it grows, up to
    /// `most` bytes, and [`shrink`](Self::shrink) makes it small again.
    #[must_use]
    pub fn growing(role: Role, most: usize, max_message: Option<u64>, early: &[u8]) -> Self {
        let decoder = Decoder::resuming(role, most.min(SMALL_BUFFER), max_message, early);
        Decoder { most, ..decoder }
    }

    /// The same decoder, reading messages that the peer compresses as agreed (RFC 7692, 7.2.2); without an agreement, as it
    /// is.
    #[must_use]
    pub fn inflating(mut self, params: Option<DeflateParams>) -> Self {
        let room = self.buffer.len().max(self.most).min(MAX_INFLATED);
        self.inflate = params.map(|params| Inflate {
            inflater: Inflater::new(params.context_takeover, room),
            input: 0..0,
            goes_on: false,
            begun: false,
            volume: Arc::default(),
        });
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
        // What is left here is at most the beginning of a header or of a control frame.
        if self.end == self.buffer.len() && self.end < self.most {
            self.resize((self.end * GROWTH).min(self.most));
        } else {
            self.buffer.copy_within(self.start..self.end, 0);
        }
        self.end -= self.start;
        self.start = 0;
        &mut self.buffer[self.end..]
    }

    /// Says that `count` bytes were put at the beginning of [`space`](Self::space).
    pub fn filled(&mut self, count: usize) {
        self.end += count;
        debug_assert!(self.end <= self.buffer.len());
    }

    /// Whether the buffer has grown.
    #[must_use]
    pub fn has_grown(&self) -> bool {
        self.most > 0 && self.buffer.len() > SMALL_BUFFER
    }

    /// Gives back what the buffer has grown by; for when nothing has come for a while.
    pub fn shrink(&mut self) {
        if self.has_grown() && self.end - self.start < SMALL_BUFFER {
            self.resize(SMALL_BUFFER);
            self.end -= self.start;
            self.start = 0;
        }
    }

    /// Takes another buffer, with what has not been taken at its beginning.
    fn resize(&mut self, size: usize) {
        let mut buffer = vec![0; size].into_boxed_slice();
        let rest = &self.buffer[self.start..self.end];
        buffer[..rest.len()].copy_from_slice(rest);
        self.buffer = buffer;
    }

    /// Goes on behind a Close, for whoever looks on: its sender may still answer pings (RFC 6455, 5.5.2).
    pub fn read_on(&mut self) {
        self.ended = false;
    }

    /// Whether a message or a frame has begun and not ended.
    #[must_use]
    pub fn is_inside_message(&self) -> bool {
        self.message.is_some() || self.frame.is_some() || self.start < self.end
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
            self.start = self.end;
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
        Ok(self.inflate.as_mut().map(|inflate| {
            let first = !std::mem::replace(&mut inflate.begun, !last);
            let payload = &inflate.inflater.out()[..given];
            Event::Data(Chunk { kind, first, last, length: None, payload })
        }))
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
        let frame = Frame { content, remaining: length, mask: header.mask.map(Mask::new) };
        self.start += size;
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
        let payload = &self.buffer[range];
        Ok(Some(Event::Data(Chunk { kind, first, last: ends_message, length, payload })))
    }

    /// Decompresses what is here of a compressed frame's payload, as much at a time as there is room for.
    ///
    /// What comes out is judged before how it goes on, so that every split of the same bytes gives the same verdict.
    #[inline(never)] // Most sessions have no use for it, and it would crowd the others' registers.
    fn compressed(&mut self, mut frame: Frame, last: bool) -> Result<Step, Violation> {
        let is_done = |inflate: &Inflate| inflate.input.is_empty() && !inflate.goes_on;
        if self.inflate.as_ref().is_some_and(is_done) {
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
        let input = &self.buffer[inflate.input.clone()];
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
        let ends_frame = frame.remaining == 0 && is_done(inflate);
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

    /// Takes what is here of a data frame's payload, unmasked; none if something must come before the next piece. An empty
    /// frame has an empty payload.
    fn take(&mut self, frame: &mut Frame) -> Option<Range<usize>> {
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
        Some(range)
    }

    fn check_text(&mut self, range: Range<usize>, ends: bool) -> Result<(), Violation> {
        let Some(utf8) = &mut self.utf8 else { return Ok(()) };
        let mut result = utf8.push(&self.buffer[range]);
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

fn not_deflate(_: NotDeflate) -> Violation {
    Violation::NotDeflate
}

fn not_utf8(invalid: InvalidUtf8) -> Violation {
    Violation::TextNotUtf8(invalid.offset)
}

#[cfg(test)]
mod tests;
