//! Gathers a head from the bytes of a connection, however they are split.
//!
//! Invariant: every byte is looked at once, and none behind the end of the head is taken.

use super::head::{RequestHead, ResponseHead};
use super::head_error::{Guess, HeadError, guess, text_or_binary};

/// The longest head that is read, in bytes: 16 KiB, twice what common servers take.
pub const MAX_HEAD: usize = 16 * 1024;

/// The longest method looked for before the bytes count as something other than HTTP; the longest registered has 17.
const MAX_METHOD: usize = 32;

/// Reads one head, incrementally.
///
/// ```
/// use wspipe::handshake::{HeadReader, MAX_HEAD};
/// let mut reader = HeadReader::for_response(MAX_HEAD);
/// assert_eq!(reader.feed(b"HTTP/1.1 101 Switching"), Ok(None));
/// // 14 of these bytes end the head; the last two are already a frame.
/// assert_eq!(reader.feed(b" Protocols\r\n\r\n\x81\x00"), Ok(Some(14)));
/// assert_eq!(reader.into_response().unwrap().status, 101);
/// ```
#[derive(Debug)]
pub struct HeadReader {
    kind: Kind,
    limit: usize,
    raw: Vec<u8>,
    /// How many bytes of empty lines stand ahead of the start line.
    blank: usize,
    place: Place,
    recognized: Recognized,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Request,
    Response,
}

/// Where in the head the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In empty lines ahead of the start line, which RFC 9112, 2.2 asks to ignore.
    Before,
    /// In the start line.
    StartLine,
    /// In a later line.
    Line,
    /// After a line feed.
    LineFeed,
    /// After a line feed and a carriage return.
    Return,
    /// Behind the empty line.
    End,
}

/// How much of the start line has been seen to be HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Recognized {
    Nothing,
    FirstWord,
    StartLine,
}

impl HeadReader {
    /// Reads a client's request, of at most `limit` bytes.
    #[must_use]
    pub fn for_request(limit: usize) -> Self {
        Self::new(Kind::Request, limit)
    }

    /// Reads a server's response, of at most `limit` bytes.
    #[must_use]
    pub fn for_response(limit: usize) -> Self {
        Self::new(Kind::Response, limit)
    }

    /// Takes the next bytes of the connection. `Some(n)` says that the head is complete, and that `n` of *these* bytes
    /// belong to it: what follows them is data that came along and must not be lost. `None` asks for more.
    ///
    /// The end is an empty line; lines end in CRLF, and LF alone is tolerated. Fails as soon as the bytes can't become
    /// a head any more, or one within the limit.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Option<usize>, HeadError> {
        let within = &bytes[..bytes.len().min(self.limit - self.raw.len())];
        let taken = self.advance(within);
        self.raw.extend_from_slice(&within[..taken]);
        self.recognize()?;
        if self.is_complete() {
            return Ok(Some(taken));
        }
        if self.raw.len() == self.limit {
            return Err(HeadError::TooLarge { limit: self.limit });
        }
        Ok(None)
    }

    /// Whether the whole head has come.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.place == Place::End
    }

    /// What has come of the head so far, as on the wire.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The request. To be called when the head is complete, or when the connection has ended: then the error says so.
    pub fn into_request(self) -> Result<RequestHead, HeadError> {
        self.check_end()?;
        RequestHead::parse(self.raw)
    }

    /// The response. To be called when the head is complete, or when the connection has ended: then the error says so.
    pub fn into_response(self) -> Result<ResponseHead, HeadError> {
        self.check_end()?;
        ResponseHead::parse(self.raw)
    }

    fn new(kind: Kind, limit: usize) -> Self {
        Self { kind, limit, raw: Vec::new(), blank: 0, place: Place::Before, recognized: Recognized::Nothing }
    }

    /// Moves over `bytes` up to the end of the head, and returns how many that were.
    fn advance(&mut self, bytes: &[u8]) -> usize {
        for (index, byte) in bytes.iter().enumerate() {
            self.place = match (self.place, byte) {
                (Place::End, _) => return index,
                (Place::Before, b'\r' | b'\n') => {
                    self.blank += 1;
                    Place::Before
                }
                (Place::LineFeed | Place::Return, b'\n') => Place::End,
                (Place::LineFeed, b'\r') => Place::Return,
                (Place::StartLine | Place::Line, b'\n') => Place::LineFeed,
                (Place::Before | Place::StartLine, _) => Place::StartLine,
                _ => Place::Line,
            };
        }
        bytes.len()
    }

    /// Fails as early as what has come shows that it is no HTTP.
    fn recognize(&mut self) -> Result<(), HeadError> {
        let text = &self.raw[self.blank..];
        if self.recognized == Recognized::Nothing {
            match (first_word(self.kind, text), guess(text, self.kind == Kind::Response)) {
                (Some(true), _) => self.recognized = Recognized::FirstWord,
                (Some(false), Some(guess)) => return Err(HeadError::not_http(&self.raw, guess)),
                (None, _) | (Some(false), None) => return Ok(()),
            }
        }
        let has_start_line = !matches!(self.place, Place::Before | Place::StartLine);
        if self.recognized == Recognized::FirstWord && has_start_line {
            self.recognized = Recognized::StartLine;
            let line = text.split(|&b| b == b'\n').next().unwrap_or_default();
            if line.starts_with(b"PRI * HTTP/2") {
                return Err(HeadError::not_http(&self.raw, Guess::Http2));
            }
            if !line.windows(5).any(|window| window == b"HTTP/") {
                return Err(HeadError::not_http(&self.raw, Guess::Text));
            }
        }
        Ok(())
    }

    /// For a connection that ended early.
    fn check_end(&self) -> Result<(), HeadError> {
        if self.is_complete() {
            return Ok(());
        }
        let text = &self.raw[self.blank..];
        if self.recognized == Recognized::Nothing && first_word(self.kind, text) == Some(false) {
            let last_guess = guess(text, self.kind == Kind::Response).unwrap_or_else(|| text_or_binary(text));
            return Err(HeadError::not_http(&self.raw, last_guess));
        }
        Err(HeadError::ended(&self.raw))
    }
}

/// Whether `text` begins as a head does: with `HTTP/`, or with a method and a space. `None` while that is open.
fn first_word(kind: Kind, text: &[u8]) -> Option<bool> {
    match kind {
        Kind::Response if text.starts_with(b"HTTP/") => Some(true),
        Kind::Response if b"HTTP/".starts_with(text) => None,
        Kind::Response => Some(false),
        Kind::Request => {
            let is_token_byte = |b: &u8| super::grammar::is_token_char(char::from(*b));
            match text.iter().position(|b| !is_token_byte(b)) {
                Some(end) => Some((1..=MAX_METHOD).contains(&end) && text[end] == b' '),
                None if text.len() > MAX_METHOD => Some(false),
                None => None,
            }
        }
    }
}

#[cfg(test)]
mod tests;
