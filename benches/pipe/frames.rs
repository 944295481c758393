//! RFC 6455 framing, as much of it as the peers and the yardstick need.

/// Opcodes (RFC 6455, 5.2).
pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;

/// The first bit of a header: this frame ends its message.
pub(crate) const FIN: u8 = 0x80;

/// The longest header: two bytes, eight of length, four of masking key.
pub(crate) const HEADER_MAX: usize = 14;

/// Formats a header into the start of `room` and returns its length.
pub(crate) fn put_header(room: &mut [u8; HEADER_MAX], first: u8, length: u64, key: Option<[u8; 4]>) -> usize {
    room[0] = first;
    let mut at = 2;
    room[1] = match length {
        0..=125 => length as u8,
        126..=0xFFFF => {
            room[2..4].copy_from_slice(&(length as u16).to_be_bytes());
            at = 4;
            126
        }
        _ => {
            room[2..10].copy_from_slice(&length.to_be_bytes());
            at = 10;
            127
        }
    };
    if let Some(key) = key {
        room[1] |= 0x80;
        room[at..at + 4].copy_from_slice(&key);
        at += 4;
    }
    at
}

/// Appends a header.
pub(crate) fn push_header(out: &mut Vec<u8>, first: u8, length: u64, key: Option<[u8; 4]>) {
    let mut room = [0; HEADER_MAX];
    let used = put_header(&mut room, first, length, key);
    out.extend_from_slice(&room[..used]);
}

/// Masks or unmasks in place, a word at a time (RFC 6455, 5.3).
pub(crate) fn mask(data: &mut [u8], key: [u8; 4]) {
    let [a, b, c, d] = key;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, tail) = data.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, key) in tail.iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
}

/// Masking keys: what `rand()` is to the naive loop (splitmix64).
#[derive(Debug)]
pub(crate) struct Keys(pub(crate) u64);

impl Keys {
    pub(crate) fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn key(&mut self) -> [u8; 4] {
        (self.word() as u32).to_ne_bytes()
    }
}

/// A run of payload bytes inside a buffer, all of one frame.
#[derive(Debug)]
pub(crate) struct Piece {
    /// Where the payload lies: `buffer[start..end]`.
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// FIN, reserved bits and opcode, as on the wire.
    pub(crate) first: u8,
    /// The frame's whole length, if this is its first piece.
    pub(crate) opens: Option<u64>,
    /// The frame ends with this piece.
    pub(crate) ends: bool,
    /// The masking key, turned so that it fits the first byte of this piece.
    pub(crate) key: Option<[u8; 4]>,
}

impl Piece {
    pub(crate) fn opcode(&self) -> u8 {
        self.first & 0x0F
    }

    pub(crate) fn ends_message(&self) -> bool {
        self.ends && self.first & FIN != 0 && self.opcode() < CLOSE
    }
}

/// Walks the frames in a stream of buffers.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    left: u64,
    first: u8,
    key: Option<[u8; 4]>,
}

impl Frames {
    /// The next run of payload at `at`, which is moved past it; `None` when the rest of `buffer`
    /// is not a whole header. The caller keeps that rest and appends to it.
    pub(crate) fn next(&mut self, buffer: &[u8], at: &mut usize) -> Option<Piece> {
        let mut opens = None;
        if self.left == 0 {
            let used = self.header(&buffer[*at..])?;
            *at += used;
            opens = Some(self.left);
        } else if *at == buffer.len() {
            return None;
        }
        let start = *at;
        let here = self.left.min((buffer.len() - start) as u64);
        let key = self.key;
        self.left -= here;
        *at += here as usize;
        if let Some(key) = &mut self.key {
            key.rotate_left(here as usize % 4);
        }
        Some(Piece { start, end: *at, first: self.first, opens, ends: self.left == 0, key })
    }

    fn header(&mut self, rest: &[u8]) -> Option<usize> {
        let (&first, &second) = (rest.first()?, rest.get(1)?);
        let (length, mut used) = match second & 0x7F {
            126 => (u64::from(u16::from_be_bytes(*rest.get(2..)?.first_chunk()?)), 4),
            127 => (u64::from_be_bytes(*rest.get(2..)?.first_chunk()?), 10),
            short => (u64::from(short), 2),
        };
        let mut key = None;
        if second & 0x80 != 0 {
            key = Some(*rest.get(used..)?.first_chunk()?);
            used += 4;
        }
        (self.left, self.first, self.key) = (length, first, key);
        Some(used)
    }
}

/// A buffer that is filled from a stream and keeps what one pass could not use.
#[derive(Debug)]
pub(crate) struct Inbox {
    room: Vec<u8>,
    filled: usize,
    size: usize,
}

impl Inbox {
    /// `size` bytes a read, starting with what the handshake read too much.
    pub(crate) fn new(size: usize, already: &[u8]) -> Self {
        let mut room = vec![0; size.max(already.len()) + HEADER_MAX];
        room[..already.len()].copy_from_slice(already);
        Self { room, filled: already.len(), size }
    }

    /// The bytes at hand.
    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        &mut self.room[..self.filled]
    }

    /// Drops the first `used` bytes and reads more; false at the end of the stream.
    pub(crate) fn refill(&mut self, used: usize, from: &mut impl std::io::Read) -> std::io::Result<bool> {
        self.room.copy_within(used..self.filled, 0);
        self.filled -= used;
        let got = from.read(&mut self.room[self.filled..][..self.size])?;
        self.filled += got;
        Ok(got > 0)
    }
}

/// Reads till the peer's Close; false if the stream ends without one.
pub(crate) fn await_close(from: &mut impl std::io::Read, already: &[u8]) -> std::io::Result<bool> {
    let mut inbox = Inbox::new(4096, already);
    let mut frames = Frames::default();
    loop {
        let mut at = 0;
        while let Some(piece) = frames.next(inbox.bytes(), &mut at) {
            if piece.opcode() == CLOSE {
                return Ok(true);
            }
        }
        if !inbox.refill(at, from)? {
            return Ok(false);
        }
    }
}
