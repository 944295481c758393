//! Text from the peer, made safe to show.
//!
//! Invariant: what comes out holds no character that moves a terminal's cursor, starts an escape sequence,
//! ends a line, or changes the direction of the text around it.

/// At most the first `max` bytes of `bytes` as text that any terminal can be shown.
///
/// Control characters (C0, DEL and C1), line separators, and invisible characters that reorder or hide text are
/// escaped (`\n`, `\x1b`, `\u{202e}`); bytes that are not UTF-8 appear as `\xNN`. What is cut off is marked with `…`.
/// A backslash stays as it is: the text is for reading, not for decoding.
#[must_use]
pub fn printable(bytes: &[u8], max: usize) -> String {
    let mut text = String::new();
    let mut left = max;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            let Some(rest) = left.checked_sub(c.len_utf8()) else {
                text.push('…');
                return text;
            };
            left = rest;
            push(&mut text, c);
        }
        for &byte in chunk.invalid() {
            let Some(rest) = left.checked_sub(1) else {
                text.push('…');
                return text;
            };
            left = rest;
            text.extend(std::ascii::escape_default(byte).map(char::from));
        }
    }
    text
}

/// Whether showing `c` as it is could change more on the screen than one place.
pub(super) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn push(text: &mut String, c: char) {
    match u8::try_from(c) {
        Ok(byte) if byte.is_ascii_control() => {
            text.extend(std::ascii::escape_default(byte).map(char::from));
        }
        _ if is_unsafe(c) => text.extend(c.escape_unicode()),
        _ => text.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_stays() {
        assert_eq!(printable("a \"b\" \\ é 日本".as_bytes(), 100), "a \"b\" \\ é 日本");
    }

    #[test]
    fn controls_are_escaped() {
        assert_eq!(printable(b"a\x1b[31m\r\n\t\0\x7f", 100), "a\\x1b[31m\\r\\n\\t\\x00\\x7f");
        assert_eq!(printable("\u{9b}31m".as_bytes(), 100), "\\u{9b}31m");
        assert_eq!(printable("\u{202e}cod.exe\u{2066}\u{200f}".as_bytes(), 100), "\\u{202e}cod.exe\\u{2066}\\u{200f}");
        assert_eq!(printable("\u{2028}\u{feff}".as_bytes(), 100), "\\u{2028}\\u{feff}");
    }

    #[test]
    fn invalid_utf8_is_shown_byte_by_byte() {
        assert_eq!(printable(b"a\xff\xc3z\x9b", 100), "a\\xff\\xc3z\\x9b");
    }

    #[test]
    fn no_byte_gets_through_unescaped() {
        for byte in 0..=255u8 {
            assert!(!printable(&[byte], 9).chars().any(is_unsafe), "{byte:#x}");
        }
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(printable(b"abcdef", 6), "abcdef");
        assert_eq!(printable(b"abcdef", 5), "abcde…");
        assert_eq!(printable("aéé".as_bytes(), 4), "aé…");
        assert_eq!(printable(b"\xff\xff", 1), "\\xff…");
        assert_eq!(printable(b"", 0), "");
    }
}
