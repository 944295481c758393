//! How much body a response has (RFC 9112, 6.3), and its beginning as text rather than chunks.
//!
//! A server that refuses says why in the body; nothing but its beginning is ever kept.

use super::head::ResponseHead;

/// How much of a body is kept, in bytes: proxies have pages of 3 to 5 KiB, where the reason stands behind licence and style.
pub const BODY_EXCERPT: usize = 8 << 10;

/// How the end of a response's body is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyLength {
    /// There is no body.
    None,
    /// So many bytes.
    Length(u64),
    /// Chunks, the last one empty.
    Chunked,
    /// Up to the end of the connection.
    UntilClose,
}

impl BodyLength {
    /// The body of an answer to a GET request.
    #[must_use]
    pub fn of(response: &ResponseHead) -> Self {
        let head = &response.head;
        if matches!(response.status, 100..200 | 204 | 304) {
            return Self::None;
        }
        if let Some(last) = head.tokens("Transfer-Encoding").last() {
            return if last.eq_ignore_ascii_case("chunked") { Self::Chunked } else { Self::UntilClose };
        }
        let lengths = head.tokens("Content-Length");
        match lengths.first().and_then(|first| parse_length(first)) {
            Some(0) => Self::None,
            Some(length) if lengths.iter().all(|other| *other == lengths[0]) => Self::Length(length),
            _ => Self::UntilClose,
        }
    }
}

/// Digits only: `u64::from_str` would take a sign.
fn parse_length(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Collects the first [`BODY_EXCERPT`] bytes of a body.
#[derive(Debug)]
pub struct BodyExcerpt {
    framing: Framing,
    bytes: Vec<u8>,
}

#[derive(Debug)]
enum Framing {
    Left(u64),
    Chunked(Dechunker),
    UntilClose,
}

impl BodyExcerpt {
    /// For the body of `response`.
    #[must_use]
    pub fn of(response: &ResponseHead) -> Self {
        let framing = match BodyLength::of(response) {
            BodyLength::None => Framing::Left(0),
            BodyLength::Length(length) => Framing::Left(length),
            BodyLength::Chunked => Framing::Chunked(Dechunker::new()),
            BodyLength::UntilClose => Framing::UntilClose,
        };
        Self { framing, bytes: Vec::new() }
    }

    /// Whether nothing more is wanted: the body has ended, or enough of it is here.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let has_ended = match &self.framing {
            Framing::Left(left) => *left == 0,
            Framing::Chunked(dechunker) => dechunker.is_done(),
            Framing::UntilClose => false,
        };
        has_ended || self.bytes.len() >= BODY_EXCERPT
    }

    /// Takes the next bytes of the connection. Malformed chunks end the body.
    pub fn feed(&mut self, bytes: &[u8]) {
        match &mut self.framing {
            Framing::UntilClose => self.bytes.extend_from_slice(bytes),
            Framing::Left(left) => {
                let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= taken as u64;
                self.bytes.extend_from_slice(&bytes[..taken]);
            }
            Framing::Chunked(dechunker) => {
                if dechunker.feed(bytes, &mut self.bytes).is_err() {
                    self.framing = Framing::Left(0);
                }
            }
        }
        self.bytes.truncate(BODY_EXCERPT);
    }

    /// What was collected, at most [`BODY_EXCERPT`] bytes.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Turns the chunked transfer coding (RFC 9112, 7.1) back into the body, whatever pieces it comes in.
#[derive(Debug)]
pub struct Dechunker {
    place: Place,
}

/// Where in the coding the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In a chunk's size, so far of this many digits and this value.
    Size(u8, u64),
    /// In what follows the size of a chunk: extensions, which are skipped, and the line end.
    Extension(u64),
    /// In a chunk, with this many bytes to come.
    Data(u64),
    /// Behind a chunk's bytes, at its line end.
    DataEnd,
    /// At the beginning of a trailer line, or of the empty line that ends the body.
    Trailer,
    /// Within a trailer line, which is skipped.
    TrailerLine,
    Done,
}

/// The bytes are not in the chunked coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    /// A chunk's size is not a hexadecimal number, or one beyond 64 bits.
    #[error("the size of a chunk of the body is not a hexadecimal number")]
    Size,
    /// A chunk is longer than its size says.
    #[error("a chunk of the body does not end where its size says")]
    End,
}

impl Dechunker {
    /// At the start of a body.
    #[must_use]
    pub fn new() -> Self {
        Self { place: Place::Size(0, 0) }
    }

    /// Whether the last chunk and the trailer have come.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.place == Place::Done
    }

    /// Takes the next bytes and appends what they hold of the body to `body`. Bytes behind the end are ignored.
    pub fn feed(&mut self, mut bytes: &[u8], body: &mut Vec<u8>) -> Result<(), ChunkError> {
        while let Some((&byte, rest)) = bytes.split_first() {
            if let Place::Data(left) = self.place {
                let taken = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                body.extend_from_slice(&bytes[..taken]);
                bytes = &bytes[taken..];
                let left = left - taken as u64;
                self.place = if left == 0 { Place::DataEnd } else { Place::Data(left) };
                continue;
            }
            self.place = self.place.after(byte)?;
            bytes = rest;
        }
        Ok(())
    }
}

impl Default for Dechunker {
    fn default() -> Self {
        Self::new()
    }
}

impl Place {
    /// The place behind a byte that is not data. Lines end in LF, with or without CR.
    fn after(self, byte: u8) -> Result<Self, ChunkError> {
        match (self, byte) {
            (Self::Size(digits, size), b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                let digit = char::from(byte).to_digit(16).unwrap_or_default();
                let size = size.checked_mul(16).ok_or(ChunkError::Size)? + u64::from(digit);
                Ok(Self::Size(digits.saturating_add(1), size))
            }
            (Self::Size(0, _), _) => Err(ChunkError::Size),
            (Self::Size(_, 0) | Self::Extension(0) | Self::TrailerLine, b'\n') => Ok(Self::Trailer),
            (Self::Size(_, size) | Self::Extension(size), b'\n') => Ok(Self::Data(size)),
            (Self::Size(_, size), b';' | b' ' | b'\t' | b'\r') | (Self::Extension(size), _) => {
                Ok(Self::Extension(size))
            }
            (Self::Size(..), _) => Err(ChunkError::Size),
            (Self::DataEnd, b'\n') => Ok(Self::Size(0, 0)),
            (Self::DataEnd | Self::Trailer, b'\r') | (Self::Done | Self::Data(_), _) => Ok(self),
            (Self::DataEnd, _) => Err(ChunkError::End),
            (Self::Trailer, b'\n') => Ok(Self::Done),
            (Self::Trailer | Self::TrailerLine, _) => Ok(Self::TrailerLine),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, fields: &str) -> ResponseHead {
        ResponseHead::parse(format!("HTTP/1.1 {status} X\r\n{fields}\r\n").into_bytes()).unwrap()
    }

    #[test]
    fn lengths() {
        for (status, fields, expected) in [
            (101, "Content-Length: 5\r\n", BodyLength::None),
            (204, "", BodyLength::None),
            (304, "Content-Length: 5\r\n", BodyLength::None),
            (403, "Content-Length: 0\r\n", BodyLength::None),
            (403, "content-length: 5\r\n", BodyLength::Length(5)),
            (403, "Content-Length: 5, 5\r\nContent-Length: 5\r\n", BodyLength::Length(5)),
            (403, "Content-Length: 5\r\nContent-Length: 6\r\n", BodyLength::UntilClose),
            (403, "Content-Length: +5\r\n", BodyLength::UntilClose),
            (403, "Content-Length: 99999999999999999999\r\n", BodyLength::UntilClose),
            (403, "Content-Length: 5\r\nTransfer-Encoding: gzip, Chunked\r\n", BodyLength::Chunked),
            (403, "Transfer-Encoding: gzip\r\n", BodyLength::UntilClose),
            (403, "", BodyLength::UntilClose),
        ] {
            assert_eq!(BodyLength::of(&response(status, fields)), expected, "{status} {fields}");
        }
    }

    #[test]
    fn chunks_in_two_pieces_wherever_they_meet() {
        for (wire, body) in [
            (&b"5\r\nhello\r\n6;a=\"b\"\r\n world\r\n0\r\n\r\n"[..], &b"hello world"[..]),
            (b"0B \r\nhello\r\nwor\n\r\n0\r\nTrailer: x\r\nMore: y\r\n\r\nnext", b"hello\r\nwor\n"),
            (b"a\n0123456789\n0\n\n", b"0123456789"),
            (b"0\r\n\r\n", b""),
        ] {
            for split in 0..=wire.len() {
                let mut dechunker = Dechunker::new();
                let mut got = Vec::new();
                dechunker.feed(&wire[..split], &mut got).unwrap();
                dechunker.feed(&wire[split..], &mut got).unwrap();
                assert_eq!(String::from_utf8_lossy(&got), String::from_utf8_lossy(body), "split at {split}");
                assert!(dechunker.is_done());
            }
        }
    }

    #[test]
    fn chunks_are_not_done_before_their_end() {
        let wire = b"1\r\nx\r\n0\r\nT: u\r\n\r\n";
        for end in 0..wire.len() {
            let mut dechunker = Dechunker::default();
            dechunker.feed(&wire[..end], &mut Vec::new()).unwrap();
            assert!(!dechunker.is_done(), "after {end} bytes");
        }
    }

    #[test]
    fn malformed_chunks() {
        let error = |wire: &[u8]| Dechunker::new().feed(wire, &mut Vec::new());
        for wire in [&b"\r\n"[..], b"x", b"-1\r\n", b"1x\r\n", b"11111111111111111\r\n"] {
            assert_eq!(error(wire), Err(ChunkError::Size), "{wire:?}");
        }
        assert_eq!(error(b"1\r\nab"), Err(ChunkError::End));
        assert_eq!(error(b"ffffffffffffffff\r\nab"), Ok(()));
    }

    #[test]
    fn an_excerpt_ends_with_the_body() {
        let collect = |fields: &str, pieces: &[&[u8]]| {
            let mut excerpt = BodyExcerpt::of(&response(403, fields));
            for piece in pieces {
                excerpt.feed(piece);
            }
            (excerpt.is_complete(), String::from_utf8(excerpt.into_bytes()).unwrap())
        };
        assert_eq!(collect("Content-Length: 0\r\n", &[]), (true, String::new()));
        assert_eq!(collect("Content-Length: 5\r\n", &[b"hel"]), (false, "hel".into()));
        assert_eq!(collect("Content-Length: 5\r\n", &[b"hel", b"lo!"]), (true, "hello".into()));
        assert_eq!(collect("", &[b"hel", b"lo"]), (false, "hello".into()));
        let chunked = "Transfer-Encoding: chunked\r\n";
        assert_eq!(collect(chunked, &[b"3\r\nhe", b"l\r\n"]), (false, "hel".into()));
        assert_eq!(collect(chunked, &[b"3\r\nhel\r\n0\r\n\r\n"]), (true, "hel".into()));
        assert_eq!(collect(chunked, &[b"3\r\nhel\r\nnonsense", b"3\r\n"]), (true, "hel".into()));
    }

    #[test]
    fn an_excerpt_has_a_limit() {
        let mut excerpt = BodyExcerpt::of(&response(200, ""));
        excerpt.feed(&[b'a'; BODY_EXCERPT - 1]);
        assert!(!excerpt.is_complete());
        excerpt.feed(b"bc");
        assert!(excerpt.is_complete());
        let bytes = excerpt.into_bytes();
        assert_eq!((bytes.len(), bytes.last()), (BODY_EXCERPT, Some(&b'b')));
    }
}
