//! Messages as hexdumps, for people: nothing reads them back.

use std::io::{self, Write};

use crate::protocol::{Chunk, Kind};

/// How many bytes a line shows.
const WIDTH: usize = 16;

/// Lays messages out as `hexdump -C` does, under a line that says what they are.
///
/// ```text
/// binary, 20 bytes
/// 00000000  00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f  |................|
/// 00000010  41 42 43 44                                       |ABCD|
/// ```
///
/// Bytes are shown as they come. Of a message that comes in pieces the size is not known before its end; the offset in a last
/// line says it then.
#[derive(Debug)]
pub(super) struct Hex {
    /// The number of the client, where there are several.
    client: Option<u64>,
    /// How much of the message has come.
    offset: u64,
    /// The bytes of the line that has begun.
    shown: [u8; WIDTH],
    /// The message's size is not in its first line.
    is_open: bool,
    text: Vec<u8>,
}

impl Hex {
    pub(super) fn new(client: Option<u64>) -> Self {
        Hex { client, offset: 0, shown: [0; WIDTH], is_open: false, text: Vec::new() }
    }

    /// Appends a piece of a message.
    pub(super) fn push(&mut self, chunk: &Chunk<'_>, out: &mut impl Write) -> io::Result<()> {
        self.text.clear();
        if chunk.first {
            self.begin(chunk);
        }
        let mut rest = chunk.payload;
        while !rest.is_empty() {
            let column = self.column();
            let (now, later) = rest.split_at(rest.len().min(WIDTH - column));
            self.bytes(column, now);
            rest = later;
            if !rest.is_empty() {
                out.write_all(&self.text)?;
                self.text.clear();
            }
        }
        if chunk.last {
            self.end();
        }
        out.write_all(&self.text)
    }

    fn begin(&mut self, chunk: &Chunk<'_>) {
        let kind = match chunk.kind {
            Kind::Text => "text",
            Kind::Binary => "binary",
        };
        let length = if chunk.last { Some(chunk.payload.len() as u64) } else { chunk.length };
        (self.offset, self.is_open) = (0, length.is_none());
        // Writing to memory never fails.
        let _ = write!(self.text, "{kind}");
        if let Some(length) = length {
            let _ = write!(self.text, ", {length} byte{}", if length == 1 { "" } else { "s" });
        }
        if let Some(client) = self.client {
            let _ = write!(self.text, ", client {client}");
        }
        self.text.push(b'\n');
    }

    /// Appends bytes that have room in the line.
    fn bytes(&mut self, column: usize, bytes: &[u8]) {
        if column == 0 {
            let _ = write!(self.text, "{:08x} ", self.offset);
        }
        for (at, byte) in (column..).zip(bytes) {
            self.shown[at] = *byte;
            let gap: &[u8] = if at == WIDTH / 2 { b"  " } else { b" " };
            self.text.extend_from_slice(gap);
            self.text.extend([byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]));
        }
        self.offset += bytes.len() as u64;
        if column + bytes.len() == WIDTH {
            self.characters(WIDTH);
        }
    }

    fn end(&mut self) {
        let column = self.column();
        if column > 0 {
            let missing = 3 * (WIDTH - column) + usize::from(column <= WIDTH / 2);
            self.text.extend(std::iter::repeat_n(b' ', missing));
            self.characters(column);
        }
        if self.is_open {
            let _ = writeln!(self.text, "{:08x}", self.offset);
        }
    }

    /// Ends a line of so many bytes.
    fn characters(&mut self, count: usize) {
        self.text.extend_from_slice(b"  |");
        let character = |byte: &u8| if (b' '..=b'~').contains(byte) { *byte } else { b'.' };
        self.text.extend(self.shown[..count].iter().map(character));
        self.text.extend_from_slice(b"|\n");
    }

    fn column(&self) -> usize {
        self.offset as usize % WIDTH
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dump(pieces: &[&[u8]], length: Option<u64>) -> String {
        let (mut hex, mut out) = (Hex::new(None), Vec::new());
        for (at, payload) in pieces.iter().enumerate() {
            let (first, last) = (at == 0, at + 1 == pieces.len());
            hex.push(&Chunk { kind: Kind::Binary, first, last, length, payload }, &mut out).unwrap();
        }
        String::from_utf8(out).unwrap()
    }

    const LINES: &str = "\
00000000  00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f  |................|
00000010  41 42 43 7e 7f                                    |ABC~.|
";

    fn twenty_one() -> Vec<u8> {
        (0..16).chain(*b"ABC~\x7f").collect()
    }

    #[test]
    fn lines_are_those_of_hexdump() {
        assert_eq!(dump(&[&twenty_one()], None), format!("binary, 21 bytes\n{LINES}"));
        let nine = "00000000  41 41 41 41 41 41 41 41  41                       |AAAAAAAAA|\n";
        assert_eq!(dump(&[b"AAAAAAAAA"], None), format!("binary, 9 bytes\n{nine}"));
        let eight = "00000000  41 41 41 41 41 41 41 41                           |AAAAAAAA|\n";
        assert_eq!(dump(&[b"AAAAAAAA"], None), format!("binary, 8 bytes\n{eight}"));
        let full = "00000000  41 41 41 41 41 41 41 41  41 41 41 41 41 41 41 41  |AAAAAAAAAAAAAAAA|\n";
        assert_eq!(dump(&[&[b'A'; 16]], None), format!("binary, 16 bytes\n{full}"));
        assert_eq!(dump(&[b""], None), "binary, 0 bytes\n");
    }

    #[test]
    fn pieces_make_the_same_lines() {
        let all = twenty_one();
        for first in 0..=all.len() {
            for second in first..=all.len() {
                let pieces = [&all[..first], &all[first..second], &all[second..]];
                assert_eq!(dump(&pieces, Some(21)), format!("binary, 21 bytes\n{LINES}"), "{first} {second}");
                assert_eq!(dump(&pieces, None), format!("binary\n{LINES}00000015\n"), "{first} {second}");
            }
        }
    }

    #[test]
    fn bytes_are_shown_as_they_come() {
        let (mut hex, mut out) = (Hex::new(None), Vec::new());
        let first = Chunk { kind: Kind::Text, first: true, last: false, length: None, payload: b"hi" };
        hex.push(&first, &mut out).unwrap();
        assert_eq!(out, b"text\n00000000  68 69");
    }

    #[test]
    fn the_client_is_named_where_there_are_several() {
        let (mut hex, mut out) = (Hex::new(Some(3)), Vec::new());
        hex.push(&Chunk::whole(Kind::Text, b""), &mut out).unwrap();
        assert_eq!(out, b"text, 0 bytes, client 3\n");
    }
}
