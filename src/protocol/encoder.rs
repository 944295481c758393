//! Events in, bytes for the peer out (RFC 6455, 5.2).

use std::fmt;
use std::sync::Arc;

use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use super::deflate::Deflater;
use super::{Chunk, Close, DeflateParams, Event, Kind, Level, Tally, Volume, apply_mask};

/// Where masking keys come from: a source that nobody can predict (RFC 6455, 5.3), and that is cheap to ask for each frame.
pub type MaskingKeys = Box<dyn FnMut() -> [u8; 4] + Send>;

/// Writes frames, one behind the other, into one buffer that leaves in one write.
///
/// It grows as far as what is put into it between two calls of [`clear`](Self::clear).
///
/// ```
/// use wspipe::protocol::{Chunk, Encoder, Event, Kind};
/// let mut encoder = Encoder::server();
/// encoder.push(&Event::Data(Chunk::whole(Kind::Text, b"Hello")));
/// assert_eq!(encoder.pending(), b"\x81\x05Hello");
/// ```
pub struct Encoder {
    frames: Frames,
    deflate: Option<Deflate>,
    inside_message: bool,
    /// What is in the frames that wait.
    tally: Tally,
}

/// Frames, one behind the other.
struct Frames {
    /// A client masks, a server does not (RFC 6455, 5.1).
    keys: Option<MaskingKeys>,
    out: Vec<u8>,
}

/// The compression of what is sent.
#[derive(Debug)]
struct Deflate {
    deflater: Deflater,
    /// Of each data frame that waits, how many bytes it stands for.
    lengths: Vec<usize>,
    volume: Arc<Volume>,
}

impl Encoder {
    /// The client's encoder: each frame is masked with a key of its own.
    #[must_use]
    pub fn client(keys: MaskingKeys) -> Self {
        Encoder { frames: Frames { keys: Some(keys), out: Vec::new() }, ..Encoder::server() }
    }

    /// The server's encoder: frames are not masked.
    #[must_use]
    pub fn server() -> Self {
        let frames = Frames { keys: None, out: Vec::new() };
        Encoder { frames, deflate: None, inside_message: false, tally: Tally::default() }
    }

    /// The same encoder, with messages compressed as agreed (RFC 7692, 7.2.1), but for those of a few bytes, and those that it
    /// would lengthen if no later one refers to them; without an agreement, as it is.
    #[must_use]
    pub fn compressing(mut self, params: Option<DeflateParams>, level: Level) -> Self {
        let deflater = params.and_then(|params| Deflater::new(params, level));
        self.deflate = deflater.map(|deflater| Deflate { deflater, lengths: Vec::new(), volume: Arc::default() });
        self
    }

    /// What compression is worth, if there is any.
    #[must_use]
    pub fn volume(&self) -> Option<Arc<Volume>> {
        self.deflate.as_ref().map(|deflate| Arc::clone(&deflate.volume))
    }

    /// Appends the frame for an event: one for each chunk of a message, the first with its type.
    ///
    /// An empty chunk inside a message says nothing and makes no frame.
    pub fn push(&mut self, event: &Event<'_>) {
        match event {
            Event::Data(chunk) => self.data(chunk),
            Event::Ping(payload) => self.control(Control::Ping, payload),
            Event::Pong(payload) => self.control(Control::Pong, payload),
            Event::Close(close) => self.close(close),
        }
    }

    /// Appends whole frames that a [`server`](Self::server)'s encoder has made, data frames, Pings and Pongs: as they are, or
    /// as this one makes them.
    pub fn append(&mut self, frames: &[u8]) {
        let stays = self.frames.keys.is_none() && self.deflate.is_none();
        if stays {
            self.frames.out.extend_from_slice(frames);
        }
        let mut rest = frames;
        while let Some((first, payload, behind)) = split_frame(rest) {
            rest = behind;
            if let Some(control) = control_event(first, payload) {
                if !stays {
                    self.push(&control);
                }
                continue;
            }
            if stays {
                self.tally.count(payload.len(), first & FIN != 0);
                continue;
            }
            let opcode = OpCode::from(first & OPCODE);
            let kind = if opcode == OpCode::Data(Data::Text) { Kind::Text } else { Kind::Binary };
            let begins = opcode != OpCode::Data(Data::Continue);
            self.data(&Chunk { kind, first: begins, last: first & FIN != 0, length: None, payload });
        }
    }

    /// The frames that wait to be sent.
    #[must_use]
    pub fn pending(&self) -> &[u8] {
        &self.frames.out
    }

    /// The messages that are in the frames that wait to be sent, as far as they are.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Says that all that was [`pending`](Self::pending) has been sent.
    pub fn clear(&mut self) {
        self.frames.out.clear();
        self.tally = Tally::default();
        if let Some(deflate) = &mut self.deflate {
            deflate.lengths.clear();
        }
    }

    /// What is in the frames that end within the first so many bytes of what is [`pending`](Self::pending).
    #[must_use]
    pub fn tally_of(&self, sent: usize) -> Tally {
        tally(&self.frames.out[..sent], self.deflate.iter().flat_map(|deflate| &deflate.lengths))
    }

    /// What is in whole frames that a [`server`](Self::server)'s encoder has made.
    #[must_use]
    pub fn tally_in(frames: &[u8]) -> Tally {
        tally(frames, [].iter())
    }

    /// Says that of what is pending so many bytes have been sent, and that no frame may follow the one that they end in: the
    /// rest of that one is what is pending then. Gives what was in the frames before it.
    pub fn cut(&mut self, sent: usize) -> Tally {
        let tally = self.tally_of(sent);
        let out = &self.frames.out;
        let mut end = 0;
        while end < sent {
            end = split_frame(&out[end..]).map_or(out.len(), |(_, _, rest)| out.len() - rest.len());
        }
        self.tally = self.tally_of(end) - tally;
        self.frames.out.truncate(end);
        self.frames.out.drain(..sent);
        tally
    }

    /// Gives memory back that only a burst has needed; for when nothing is [`pending`](Self::pending).
    pub fn give_back(&mut self) {
        if self.frames.out.capacity() > KEPT && self.frames.out.is_empty() {
            self.frames.out = Vec::new();
            if let Some(deflate) = &mut self.deflate {
                deflate.lengths = Vec::new();
            }
        }
    }

    /// Whether a message has begun and its last chunk has not come.
    #[must_use]
    pub fn is_inside_message(&self) -> bool {
        self.inside_message
    }

    #[inline]
    fn data(&mut self, chunk: &Chunk<'_>) {
        self.inside_message = !chunk.last;
        if chunk.payload.is_empty() && !chunk.first && !chunk.last {
            return;
        }
        self.tally.count(chunk.payload.len(), chunk.last);
        let opcode = match (chunk.first, chunk.kind) {
            (false, _) => Data::Continue,
            (true, Kind::Text) => Data::Text,
            (true, Kind::Binary) => Data::Binary,
        };
        let Some(deflate) = &mut self.deflate else {
            return self.frames.put(OpCode::Data(opcode), chunk.last, false, chunk.payload);
        };
        deflate.lengths.push(chunk.payload.len());
        let payload = deflate.compress(chunk);
        let rsv1 = chunk.first && payload.is_some();
        self.frames.put(OpCode::Data(opcode), chunk.last, rsv1, payload.unwrap_or(chunk.payload));
    }

    fn control(&mut self, opcode: Control, payload: &[u8]) {
        debug_assert!(payload.len() <= 125, "a control frame's payload is 125 bytes at most");
        self.frames.put(OpCode::Control(opcode), true, false, payload);
    }

    fn close(&mut self, close: &Close) {
        let mut payload = Vec::new();
        close.write_payload(&mut payload);
        self.control(Control::Close, &payload);
    }
}

/// What an encoder keeps while it has nothing to do, in bytes.
const KEPT: usize = 4 << 10;

/// The bit of a message's last frame, and the opcode, in a frame's first byte (RFC 6455, 5.2).
const FIN: u8 = 0x80;
const OPCODE: u8 = 0x0f;
/// The bit of its second byte that says that a key follows the length.
const MASKED: u8 = 0x80;

/// The first byte and the payload of a frame, masked as it may be, and what follows it. (The decoder's own reading of headers
/// stays in one place, and is compiled into it.)
fn split_frame(frames: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let ([first, length], rest) = frames.split_first_chunk()?;
    let is_masked = length & MASKED != 0;
    let (length, rest) = match length & !MASKED {
        126 => rest.split_first_chunk().map(|(bytes, rest)| (u64::from(u16::from_be_bytes(*bytes)), rest))?,
        127 => rest.split_first_chunk().map(|(bytes, rest)| (u64::from_be_bytes(*bytes), rest))?,
        short => (u64::from(short), rest),
    };
    let (_key, rest) = rest.split_at_checked(if is_masked { 4 } else { 0 })?;
    let (payload, rest) = rest.split_at_checked(length as usize)?;
    Some((*first, payload, rest))
}

/// What is in the data frames among these, each of as many bytes as its length says, if it has one, else as its payload.
fn tally<'a>(frames: &[u8], mut lengths: impl Iterator<Item = &'a usize>) -> Tally {
    let (mut tally, mut rest) = (Tally::default(), frames);
    while let Some((first, payload, behind)) = split_frame(rest) {
        rest = behind;
        if matches!(OpCode::from(first & OPCODE), OpCode::Data(_)) {
            tally.count(lengths.next().copied().unwrap_or(payload.len()), first & FIN != 0);
        }
    }
    tally
}

impl Frames {
    /// Appends a frame; `rsv1` marks a compressed message's first one (RFC 7692, 6).
    fn put(&mut self, opcode: OpCode, is_final: bool, rsv1: bool, payload: &[u8]) {
        let mask = self.keys.as_mut().map(|next_key| next_key());
        let header = FrameHeader { is_final, rsv1, opcode, mask, ..FrameHeader::default() };
        header.format(payload.len() as u64, &mut self.out).expect("memory takes every header");
        let Some(key) = mask else { return self.out.extend_from_slice(payload) };
        // Copying and masking block by block is one pass over memory instead of two.
        self.out.reserve(payload.len());
        let (blocks, rest) = payload.as_chunks::<256>();
        for block in blocks {
            let mut block = *block;
            apply_mask(&mut block, key);
            self.out.extend_from_slice(&block);
        }
        let start = self.out.len();
        self.out.extend_from_slice(rest);
        apply_mask(&mut self.out[start..], key);
    }
}

impl Deflate {
    /// The compressed form of a chunk; none for a message that goes as it is.
    #[inline(never)] // Most sessions have no use for it, and it would crowd the others' registers.
    fn compress(&mut self, chunk: &Chunk<'_>) -> Option<&[u8]> {
        let compressed = if chunk.first && chunk.last {
            self.deflater.message(chunk.payload)
        } else {
            Some(self.deflater.piece(chunk.payload, chunk.last))
        };
        self.volume.add(chunk.payload.len(), compressed.map_or(chunk.payload.len(), <[u8]>::len));
        compressed
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Encoder { frames: Frames { keys, out }, deflate, inside_message, tally: _ } = self;
        f.debug_struct("Encoder")
            .field("masks", &keys.is_some())
            .field("deflate", deflate)
            .field("pending", &out.len())
            .field("inside_message", inside_message)
            .finish()
    }
}

/// The Ping or Pong that a frame is, if it is one.
fn control_event(first: u8, payload: &[u8]) -> Option<Event<'_>> {
    match OpCode::from(first & OPCODE) {
        OpCode::Control(Control::Ping) => Some(Event::Ping(payload)),
        OpCode::Control(Control::Pong) => Some(Event::Pong(payload)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
