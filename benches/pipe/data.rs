//! What is sent: a block of made-up data, repeated, as stdin bytes and as frames.
//!
//! A block is large against any compressor's window and its content is random, so nothing gets
//! faster by what the bytes are.

use std::io::{self, Write};

use crate::frames::{BINARY, FIN, Keys, TEXT, mask, push_header};

/// A binary message, the default chunk of the programs compared.
const CHUNK: usize = 64 * 1024;

/// Large enough for its repetition not to matter, small enough for one block of lines to be done in
/// seconds by the slowest.
const BLOCK: usize = 1 << 20;

/// The single message of the memory scenarios is made of this many bytes, repeated.
const LONG_BLOCK: usize = 3_000_000;

/// What kind of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Random bytes in messages of 64 KiB.
    Binary,
    /// Lines of 20 to 60 ASCII characters.
    Ascii,
    /// Lines of 20 to 60 bytes, or a little more, in several scripts.
    Utf8,
    /// One text message without a line feed.
    Long,
}

impl Kind {
    pub(crate) fn is_text(self) -> bool {
        self != Self::Binary
    }
}

/// A stream of bytes: a head, a block many times, a tail.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    head: Vec<u8>,
    block: Vec<u8>,
    times: u64,
    tail: Vec<u8>,
}

impl Stream {
    /// Writes it all, `piece` bytes a call at most.
    pub(crate) fn write_to(&self, to: &mut impl Write, piece: usize) -> io::Result<()> {
        to.write_all(&self.head)?;
        for _ in 0..self.times {
            for part in self.block.chunks(piece) {
                to.write_all(part)?;
            }
        }
        to.write_all(&self.tail)
    }

    pub(crate) fn len(&self) -> u64 {
        (self.head.len() + self.tail.len()) as u64 + self.times * self.block.len() as u64
    }

    /// The digest of the whole stream.
    pub(crate) fn digest(&self) -> u64 {
        let mut digest = Digest::default();
        digest.add(&self.head);
        for _ in 0..self.times {
            digest.add(&self.block);
        }
        digest.add(&self.tail);
        digest.0
    }
}

/// A block of data of one kind, the source of every stream of that kind.
#[derive(Debug)]
pub(crate) struct Data {
    kind: Kind,
    block: Vec<u8>,
    messages: u64,
}

impl Data {
    pub(crate) fn new(kind: Kind) -> Self {
        let mut keys = Keys(0x5DEE_CE66);
        let (block, messages) = match kind {
            Kind::Binary => {
                let words = (0..BLOCK / 8).flat_map(|_| keys.word().to_ne_bytes());
                (words.collect(), (BLOCK / CHUNK) as u64)
            }
            Kind::Ascii => lines(&mut keys, &["abcdefghijklmnopqrstuvwxyz0123456789 ,.{}\":"]),
            Kind::Utf8 => {
                lines(&mut keys, &["etaoinshrdlu ,.", "оеаинтсрвлкм", "äöüßéèñç", "日本語文字列漢字", "🦀🐚🚀"])
            }
            Kind::Long => {
                let letters = (0..LONG_BLOCK).map(|_| b'a' + (keys.word() % 26) as u8);
                (letters.collect(), 1)
            }
        };
        Self { kind, block, messages }
    }

    /// How many blocks come nearest to `bytes`, at least one.
    pub(crate) fn blocks(&self, bytes: u64) -> u64 {
        (bytes / self.block.len() as u64).max(1)
    }

    pub(crate) fn messages(&self, blocks: u64) -> u64 {
        if self.kind == Kind::Long { 1 } else { blocks * self.messages }
    }

    /// What goes into stdin, and what has to come out of stdout.
    pub(crate) fn plain(&self, blocks: u64) -> Stream {
        Stream {
            head: Vec::new(),
            block: self.block.clone(),
            times: blocks,
            tail: if self.kind == Kind::Long { vec![b'\n'] } else { Vec::new() },
        }
    }

    /// The same as frames, masked if they go from a client to a server.
    pub(crate) fn frames(&self, blocks: u64, masked: bool) -> Stream {
        let mut keys = Keys(1);
        let (mut head, mut block) = (Vec::new(), Vec::new());
        let mut push = |message: &[u8], first: u8| {
            let key = masked.then(|| keys.key());
            push_header(&mut block, first, message.len() as u64, key);
            block.extend_from_slice(message);
            if let Some(key) = key {
                let start = block.len() - message.len();
                mask(&mut block[start..], key);
            }
        };
        match self.kind {
            Kind::Binary => self.block.chunks(CHUNK).for_each(|chunk| push(chunk, FIN | BINARY)),
            Kind::Ascii | Kind::Utf8 => self
                .block
                .split_inclusive(|&byte| byte == b'\n')
                .for_each(|line| push(&line[..line.len() - 1], FIN | TEXT)),
            Kind::Long => {
                let key = masked.then_some([0; 4]);
                push_header(&mut head, FIN | TEXT, blocks * self.block.len() as u64, key);
                block.clone_from(&self.block);
            }
        }
        Stream { head, block, times: blocks, tail: Vec::new() }
    }
}

/// Lines of words of random length, each from one alphabet.
fn lines(keys: &mut Keys, alphabets: &[&str]) -> (Vec<u8>, u64) {
    let alphabets: Vec<Vec<char>> = alphabets.iter().map(|set| set.chars().collect()).collect();
    let mut block = String::with_capacity(BLOCK + 64);
    let mut count = 0;
    while block.len() < BLOCK {
        let end = block.len() + 20 + (keys.word() % 40) as usize;
        let alphabet = &alphabets[keys.word() as usize % alphabets.len()];
        while block.len() < end {
            block.push(alphabet[keys.word() as usize % alphabet.len()]);
        }
        block.push('\n');
        count += 1;
    }
    (block.into_bytes(), count)
}

/// FNV-1a: sees a changed, a lost and a moved byte; for the checked rounds, which are not timed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Digest(pub(crate) u64);

impl Default for Digest {
    fn default() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }
}

impl Digest {
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3);
        }
    }
}
