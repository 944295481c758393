//! Compressed messages, block by block, as another compressor could make them, and some that are wrong in a detail.

use arbitrary::{Result, Unstructured};
use flate2::{Compress, Compression, FlushCompress};

use crate::inflate::{ORDER, fixed_length};
use crate::payload;

/// The most that one direction's messages are, in bytes.
const MAX: usize = 5000;

/// The payloads that `choices` make: a message each, without the end that is left out.
pub fn messages(choices: &[u8]) -> Vec<Vec<u8>> {
    let mut choices = Unstructured::new(choices);
    let mut messages = Vec::new();
    let mut size = 0;
    while !choices.is_empty() && size < MAX {
        let Ok(payload) = message(&mut choices) else { break };
        size += payload.len();
        messages.push(payload);
    }
    messages
}

fn message(choices: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let how: u8 = choices.arbitrary()?;
    let mut bits = Bits::default();
    for _ in 0..how & 7 {
        block(&mut bits, choices)?;
    }
    // One in eight each, about, lacks the header that its end belongs to, is cut, or has bytes changed.
    if how >> 5 != 1 {
        bits.put(0, 3);
    }
    let mut payload = bits.bytes;
    match how >> 5 {
        2 => payload.truncate(choices.arbitrary::<u16>()? as usize % (payload.len() + 1)),
        3 => {
            for _ in 0..=how >> 3 & 3 {
                let (at, byte): (u16, u8) = choices.arbitrary()?;
                let length = payload.len().max(1);
                if let Some(place) = payload.get_mut(usize::from(at) % length) {
                    *place = byte;
                }
            }
        }
        _ => {}
    }
    Ok(payload)
}

fn block(bits: &mut Bits, choices: &mut Unstructured<'_>) -> Result<()> {
    let how: u8 = choices.arbitrary()?;
    // One in eight is a final one.
    let last = usize::from(how >> 5 == 1);
    match how & 7 {
        0 => stored(bits, last, choices.bytes(choices.len().min(usize::from(how >> 3)))?),
        1 => stored(bits, last, b""),
        2 => {
            bits.put(last | 1 << 1, 3);
            bits.put(0, 7);
            bits.end(last);
        }
        3 | 4 => {
            bits.put(last | 1 << 1, 3);
            let literal = |symbol| (fixed_code(symbol), fixed_length(symbol).into());
            symbols(bits, choices, usize::from(how >> 3), literal, |symbol| (symbol, 5))?;
            bits.end(last);
        }
        5 => {
            dynamic(bits, choices, last)?;
            bits.end(last);
        }
        _ => {
            stored(bits, 0, b"");
            let level = Compression::new(choices.int_in_range(0..=9)?);
            let mut compress = Compress::new_with_window_bits(level, false, choices.int_in_range(9..=15)?);
            for _ in 0..=how >> 6 {
                let flush = [FlushCompress::Sync, FlushCompress::Full, FlushCompress::Partial, FlushCompress::None];
                let data = payload::words(choices, 3000)?;
                run(bits, &mut compress, &data, *choices.choose(&flush)?);
            }
            run(bits, &mut compress, b"", if last == 1 { FlushCompress::Finish } else { FlushCompress::Sync });
        }
    }
    Ok(())
}

fn run(bits: &mut Bits, compress: &mut Compress, data: &[u8], flush: FlushCompress) {
    let mut out = Vec::with_capacity(data.len() * 2 + 1000);
    compress.compress_vec(data, &mut out, flush).expect("it compresses");
    bits.bytes.extend_from_slice(&out);
    bits.free = 0;
}

fn stored(bits: &mut Bits, last: usize, payload: &[u8]) {
    bits.put(last, 3);
    bits.free = 0;
    let length = payload.len();
    bits.put(length, 16);
    bits.put(!length, 16);
    bits.bytes.extend_from_slice(payload);
}

/// Codes of the same length for as many symbols as it has; so the header is one of the longest.
fn dynamic(bits: &mut Bits, choices: &mut Unstructured<'_>, last: usize) -> Result<()> {
    bits.put(last | 2 << 1, 3);
    let length: usize = choices.int_in_range(1..=8)?;
    let first = 257 - (1 << length);
    let beyond: usize = choices.int_in_range(0..=29)?;
    // The last literals, the end of the block, and no lengths.
    let count: usize = choices.int_in_range(1..=64)?;
    bits.put(beyond, 5);
    bits.put(0, 5);
    bits.put(15, 4);
    // The code for the code lengths: 13 symbols of four bits, six of five.
    for place in ORDER {
        bits.put(if place < 13 { 4 } else { 5 }, 3);
    }
    for symbol in 0..257 + beyond {
        bits.put_code(if (first..257).contains(&symbol) { length } else { 0 }, 4);
    }
    bits.put_code(0, 4);
    for _ in 0..count {
        bits.put_code(usize::from(choices.arbitrary::<u8>()?) % ((1 << length) - 1), length);
    }
    bits.put_code((1 << length) - 1, length);
    Ok(())
}

/// Literals and matches in a code, with the end of the block.
fn symbols(
    bits: &mut Bits,
    choices: &mut Unstructured<'_>,
    count: usize,
    literal: impl Fn(usize) -> (usize, usize),
    distance: impl Fn(usize) -> (usize, usize),
) -> Result<()> {
    for _ in 0..count {
        let (byte, how): (u8, u8) = choices.arbitrary()?;
        if how < 160 {
            let (code, length) = literal(byte.into());
            bits.put_code(code, length);
            continue;
        }
        // Lengths without extra bits, and distances that are mostly near; the symbols above them don't exist.
        let length = if how == 255 { 286 } else { 257 + usize::from(byte & 7) };
        let (code, length) = literal(length);
        bits.put_code(code, length);
        let symbol = if how < 200 { usize::from(how & 3) } else { usize::from(how & 31) };
        let (code, length) = distance(symbol);
        bits.put_code(code, length);
        let extra = (symbol / 2).saturating_sub(1);
        if symbol < 30 {
            bits.put(usize::from(byte) * 37, extra);
        }
    }
    let (code, length) = literal(256);
    bits.put_code(code, length);
    Ok(())
}

/// The fixed code of a symbol (RFC 1951, 3.2.6).
fn fixed_code(symbol: usize) -> usize {
    match symbol {
        ..144 => 0x30 + symbol,
        144..256 => 0x190 + symbol - 144,
        256..280 => symbol - 256,
        _ => 0xc0 + symbol - 280,
    }
}

/// Bits, the lowest of each byte first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    /// Bits of the last byte that are not taken yet.
    free: usize,
}

impl Bits {
    /// A number: its lowest bit first.
    fn put(&mut self, number: usize, count: usize) {
        for i in 0..count {
            if self.free == 0 {
                self.bytes.push(0);
                self.free = 8;
            }
            if let Some(byte) = self.bytes.last_mut() {
                *byte |= ((number >> i & 1) as u8) << (8 - self.free);
            }
            self.free -= 1;
        }
    }

    /// A code: its highest bit first.
    fn put_code(&mut self, code: usize, count: usize) {
        for i in (0..count).rev() {
            self.put(code >> i, 1);
        }
    }

    /// Behind a final block the rest of its last byte is left out.
    fn end(&mut self, last: usize) {
        if last == 1 {
            self.free = 0;
        }
    }
}
