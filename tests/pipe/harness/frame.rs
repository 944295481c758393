//! Frames as they are on the wire (RFC 6455, 5.2), written and read without any rule.

use std::io::{self, Read};

pub(crate) const CONTINUATION: u8 = 0;
pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;
/// The bit of a message's last frame.
pub(crate) const FIN: u8 = 0x80;

/// A masking key: any will do for a test.
const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A frame: its first byte with all its bits, and its payload, unmasked.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) first: u8,
    pub(crate) payload: Vec<u8>,
    pub(crate) masked: bool,
}

impl Frame {
    /// A frame that is not masked.
    pub(crate) fn new(first: u8, payload: impl AsRef<[u8]>) -> Self {
        Frame { first, payload: payload.as_ref().to_vec(), masked: false }
    }

    /// The last bit of the message is here.
    pub(crate) fn is_final(&self) -> bool {
        self.first & FIN != 0
    }

    pub(crate) fn opcode(&self) -> u8 {
        self.first & 0xf
    }

    /// The code of a Close frame; none if it has none.
    pub(crate) fn close_code(&self) -> Option<u16> {
        self.payload.first_chunk().copied().map(u16::from_be_bytes)
    }

    /// The bytes on the wire.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = vec![self.first];
        let mask = u8::from(self.masked) << 7;
        match self.payload.len() {
            length @ ..126 => out.push(mask + length as u8),
            length @ ..0x1_0000 => {
                out.push(mask + 126);
                out.extend((length as u16).to_be_bytes());
            }
            length => {
                out.push(mask + 127);
                out.extend((length as u64).to_be_bytes());
            }
        }
        let start = out.len() + if self.masked { 4 } else { 0 };
        if self.masked {
            out.extend(KEY);
        }
        out.extend_from_slice(&self.payload);
        if self.masked {
            apply(KEY, &mut out[start..]);
        }
        out
    }

    /// Reads a frame; none where the stream ends before one begins.
    pub(crate) fn read(stream: &mut impl Read) -> io::Result<Option<Frame>> {
        let mut head = [0; 2];
        if stream.read(&mut head[..1])? == 0 {
            return Ok(None);
        }
        stream.read_exact(&mut head[1..])?;
        let masked = head[1] & 0x80 != 0;
        let length = match head[1] & 0x7f {
            126 => u64::from(u16::from_be_bytes(exactly(stream)?)),
            127 => u64::from_be_bytes(exactly(stream)?),
            short => u64::from(short),
        };
        let key = if masked { exactly(stream)? } else { [0; 4] };
        let mut payload = Vec::new();
        if stream.take(length).read_to_end(&mut payload)? as u64 != length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        apply(key, &mut payload);
        Ok(Some(Frame { first: head[0], payload, masked }))
    }
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Frame { first, payload, masked } = self;
        let shown = String::from_utf8_lossy(&payload[..payload.len().min(200)]);
        let length = payload.len();
        write!(f, "{first:#04x} masked {masked}, {length} bytes: {shown:?}")
    }
}

fn exactly<const N: usize>(stream: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).map(|()| bytes)
}

fn apply(key: [u8; 4], bytes: &mut [u8]) {
    for (byte, key) in bytes.iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
}
