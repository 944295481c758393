//! UTF-8, checked as it comes (RFC 6455, 8.1; RFC 3629).

use thiserror::Error;

/// Below this many bytes the check by SIMD does not use it.
const SHORT: usize = 64;

/// Bytes that can't be UTF-8, however they go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not UTF-8 at byte {offset}")]
pub struct InvalidUtf8 {
    /// Where the character that is none begins, in bytes from the beginning of the text.
    pub offset: u64,
}

/// Checks a text in pieces that may be split anywhere, and refuses it at the first piece that can't belong to one.
#[derive(Debug, Clone, Default)]
pub struct Utf8Check {
    /// The beginning of a character whose end has not come yet.
    partial: [u8; 4],
    partial_len: usize,
    /// Bytes of complete characters so far.
    complete: u64,
}

impl Utf8Check {
    /// Takes the next piece.
    ///
    /// # Errors
    /// The text is invalid as soon as its bytes show it: also inside a character that is not complete.
    pub fn push(&mut self, mut piece: &[u8]) -> Result<(), InvalidUtf8> {
        while self.partial_len > 0 {
            let Some((&byte, rest)) = piece.split_first() else {
                return Ok(());
            };
            piece = rest;
            self.partial[self.partial_len] = byte;
            self.partial_len += 1;
            match std::str::from_utf8(&self.partial[..self.partial_len]) {
                Ok(character) => {
                    self.complete += character.len() as u64;
                    self.partial_len = 0;
                }
                Err(error) if error.error_len().is_none() => {}
                Err(_) => return Err(self.invalid(0)),
            }
        }
        // Most short pieces are ASCII, which shows sooner than UTF-8; for the others the fast check says only yes or no,
        // and yes is what matters.
        let short = piece.len() < SHORT;
        if short && piece.is_ascii() || simdutf8::basic::from_utf8(piece).is_ok() {
            self.complete += piece.len() as u64;
            return Ok(());
        }
        self.push_with_trouble(piece)
    }

    /// Ends the text.
    ///
    /// # Errors
    /// A character is not complete.
    pub fn finish(&mut self) -> Result<(), InvalidUtf8> {
        if self.partial_len > 0 { Err(self.invalid(0)) } else { Ok(()) }
    }

    /// How many bytes at the end of what came so far belong to a character that is not complete: at most three.
    #[must_use]
    pub fn incomplete(&self) -> usize {
        self.partial_len
    }

    /// The piece is wrong, or its last character goes on in the next piece.
    #[cold]
    fn push_with_trouble(&mut self, piece: &[u8]) -> Result<(), InvalidUtf8> {
        let Err(error) = simdutf8::compat::from_utf8(piece) else { unreachable!("the fast check has refused it") };
        let tail = &piece[error.valid_up_to()..];
        if error.error_len().is_some() {
            return Err(self.invalid(error.valid_up_to()));
        }
        self.partial[..tail.len()].copy_from_slice(tail);
        self.partial_len = tail.len();
        self.complete += error.valid_up_to() as u64;
        Ok(())
    }

    fn invalid(&self, ahead: usize) -> InvalidUtf8 {
        InvalidUtf8 { offset: self.complete + ahead as u64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pieces: &[&[u8]]) -> Result<(), InvalidUtf8> {
        let mut check = Utf8Check::default();
        for piece in pieces {
            check.push(piece)?;
        }
        check.finish()
    }

    const VALID: &[&str] = &[
        "",
        "a",
        "κόσμε",
        "\u{80}\u{7ff}\u{800}\u{ffff}\u{10000}\u{10ffff}",
        "👩‍🚀 and text that is longer than one vector of sixty-four bytes ✓",
    ];
    const INVALID: &[&[u8]] = &[
        b"\x80",
        b"\xc0\xaf",
        b"\xc3\x28",
        b"\xe0\x80\xaf",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xf5",
        b"\xff",
        b"\xfe",
    ];

    #[test]
    fn every_split_gives_the_same() {
        for text in VALID {
            let bytes = text.as_bytes();
            for i in 0..=bytes.len() {
                for j in i..=bytes.len() {
                    assert_eq!(check(&[&bytes[..i], &bytes[i..j], &bytes[j..]]), Ok(()), "{text:?} {i} {j}");
                }
            }
        }
        for bytes in INVALID {
            let text = [b"ok ", *bytes, b" ok"].concat();
            for i in 0..=text.len() {
                assert_eq!(check(&[&text[..i], &text[i..]]), Err(InvalidUtf8 { offset: 3 }), "{bytes:x?} at {i}");
            }
        }
    }

    /// Autobahn 6.4: a prefix that no byte can mend is refused before the text goes on.
    #[test]
    fn it_fails_as_soon_as_the_bytes_show_it() {
        let mut check = Utf8Check::default();
        check.push(b"\xce\xba\xf4").unwrap();
        assert_eq!(check.incomplete(), 1);
        assert_eq!(check.push(b"\x90"), Err(InvalidUtf8 { offset: 2 }));
    }

    #[test]
    fn the_end_may_not_cut_a_character() {
        assert_eq!(check(&[b"a\xf0\x9f\x91"]), Err(InvalidUtf8 { offset: 1 }));
    }
}
