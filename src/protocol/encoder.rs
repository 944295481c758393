//! Events in, bytes for the peer out (RFC 6455, 5.2).

use std::fmt;

use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use super::{Chunk, Close, Event, Kind, apply_mask};

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
    /// A client masks, a server does not (RFC 6455, 5.1).
    keys: Option<MaskingKeys>,
    out: Vec<u8>,
    inside_message: bool,
}

impl Encoder {
    /// The client's encoder: each frame is masked with a key of its own.
    #[must_use]
    pub fn client(keys: MaskingKeys) -> Self {
        Encoder { keys: Some(keys), out: Vec::new(), inside_message: false }
    }

    /// The server's encoder: frames are not masked.
    #[must_use]
    pub fn server() -> Self {
        Encoder { keys: None, out: Vec::new(), inside_message: false }
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

    /// Appends whole frames that another encoder of this role has made.
    pub fn append(&mut self, frames: &[u8]) {
        self.out.extend_from_slice(frames);
    }

    /// The frames that wait to be sent.
    #[must_use]
    pub fn pending(&self) -> &[u8] {
        &self.out
    }

    /// Says that all that was [`pending`](Self::pending) has been sent.
    pub fn clear(&mut self) {
        self.out.clear();
    }

    /// Whether a message has begun and its last chunk has not come.
    #[must_use]
    pub fn is_inside_message(&self) -> bool {
        self.inside_message
    }

    fn data(&mut self, chunk: &Chunk<'_>) {
        self.inside_message = !chunk.last;
        if chunk.payload.is_empty() && !chunk.first && !chunk.last {
            return;
        }
        let opcode = match (chunk.first, chunk.kind) {
            (false, _) => Data::Continue,
            (true, Kind::Text) => Data::Text,
            (true, Kind::Binary) => Data::Binary,
        };
        self.frame(OpCode::Data(opcode), chunk.last, chunk.payload);
    }

    fn control(&mut self, opcode: Control, payload: &[u8]) {
        debug_assert!(payload.len() <= 125, "a control frame's payload is 125 bytes at most");
        self.frame(OpCode::Control(opcode), true, payload);
    }

    fn close(&mut self, close: &Close) {
        let mut payload = Vec::new();
        close.write_payload(&mut payload);
        self.control(Control::Close, &payload);
    }

    fn frame(&mut self, opcode: OpCode, is_final: bool, payload: &[u8]) {
        let mask = self.keys.as_mut().map(|next_key| next_key());
        let header = FrameHeader { is_final, opcode, mask, ..FrameHeader::default() };
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

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Encoder { keys, out, inside_message } = self;
        f.debug_struct("Encoder")
            .field("masks", &keys.is_some())
            .field("pending", &out.len())
            .field("inside_message", inside_message)
            .finish()
    }
}

#[cfg(test)]
mod tests;
