//! Bytes from a peer on a terminal: made visible, so that they can't drive it.

use std::io::Write;

/// Makes control characters and broken UTF-8 visible, in text that comes in any pieces.
///
/// Line feed and tab stay. Other control characters are shown in caret notation (`^[` for escape, as `cat -v` does),
/// those above ASCII, line separators and the marks that turn writing around as `\u{9b}`, and bytes that are not UTF-8 as
/// `\xff`.
#[derive(Debug, Default)]
pub struct Visible {
    /// The beginning of a character whose end has not come yet.
    partial: Vec<u8>,
}

impl Visible {
    /// Appends what to show for the next piece.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        self.partial.extend_from_slice(piece);
        let bytes = std::mem::take(&mut self.partial);
        for chunk in bytes.utf8_chunks() {
            chunk.valid().chars().for_each(|character| show(character, out));
            let at_end = chunk.invalid().as_ptr_range().end == bytes.as_ptr_range().end;
            if at_end && is_incomplete(chunk.invalid()) {
                self.partial = chunk.invalid().to_vec();
            } else {
                show_bytes(chunk.invalid(), out);
            }
        }
    }

    /// Appends what to show for a character that was begun and will not be completed.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        show_bytes(&std::mem::take(&mut self.partial), out);
    }
}

fn is_incomplete(bytes: &[u8]) -> bool {
    !bytes.is_empty() && std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

fn show(character: char, out: &mut Vec<u8>) {
    match character {
        '\n' | '\t' => out.push(character as u8),
        '\0'..='\x1f' => out.extend_from_slice(&[b'^', character as u8 + b'@']),
        '\x7f' => out.extend_from_slice(b"^?"),
        '\u{80}'..='\u{9f}'
        | '\u{061c}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' => {
            out.extend(character.escape_unicode().map(|c| c as u8));
        }
        _ => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

fn show_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        write!(out, "\\x{byte:02x}").expect("memory takes all");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visible(pieces: &[&[u8]]) -> String {
        let (mut visible, mut out) = (Visible::default(), Vec::new());
        for piece in pieces {
            visible.push(piece, &mut out);
        }
        visible.finish(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_drives_a_terminal_is_shown() {
        assert_eq!(visible(&[b"a\tb\n\x1b[31m\r\x07\x7f\0"]), "a\tb\n^[[31m^M^G^?^@");
        assert_eq!(visible(&["é ✓ \u{9b}31m \u{202e}".as_bytes()]), "é ✓ \\u{9b}31m \\u{202e}");
        assert_eq!(visible(&["\u{61c}\u{2028}\u{2029}\u{200f}".as_bytes()]), "\\u{61c}\\u{2028}\\u{2029}\\u{200f}");
        assert_eq!(visible(&[b"\xff\xc3(\xe2\x9c"]), "\\xff\\xc3(\\xe2\\x9c");
    }

    #[test]
    fn every_split_gives_the_same() {
        let text = "é✓👩\x1b\u{9b}z".as_bytes();
        for i in 0..=text.len() {
            assert_eq!(visible(&[&text[..i], &text[i..]]), "é✓👩^[\\u{9b}z", "split at {i}");
        }
    }
}
