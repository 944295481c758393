//! Text inside the quotes of a JSON string (RFC 8259, 7).

/// How much is looked at at a time, in bytes: a size that compilers make wide instructions of.
const WIDTH: usize = 32;

/// Appends UTF-8 as it stands in a JSON string: runs that need no escape are copied as they are.
pub(super) fn push_string(text: &[u8], out: &mut Vec<u8>) {
    // Most text needs no escape at all, and then this is all the room it needs.
    out.reserve(text.len() + 1);
    let mut rest = text;
    loop {
        let clean = clean_length(rest);
        out.extend_from_slice(&rest[..clean]);
        let Some(byte) = rest.get(clean) else { return };
        push_escaped(*byte, out);
        rest = &rest[clean + 1..];
    }
}

/// How many bytes at the beginning need no escape.
fn clean_length(text: &[u8]) -> usize {
    let (blocks, _) = text.as_chunks::<WIDTH>();
    let start = blocks.iter().take_while(|block| is_clean(block)).count() * WIDTH;
    let rest = &text[start..];
    // The last block may overlap the one before.
    if rest.len() < WIDTH && text.last_chunk().is_some_and(is_clean) {
        return text.len();
    }
    start + rest.iter().position(|byte| is_escaped(*byte) != 0).unwrap_or(rest.len())
}

fn is_clean(block: &[u8; WIDTH]) -> bool {
    // Comparisons of bytes, without a branch or a table, are what becomes wide instructions.
    let escapes = block.iter().fold(0, |any, byte| any | is_escaped(*byte));
    escapes == 0
}

/// 1 if it needs an escape, else 0.
fn is_escaped(byte: u8) -> u8 {
    u8::from(byte < 0x20) | u8::from(byte == b'"') | u8::from(byte == b'\\')
}

fn push_escaped(byte: u8, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            let (high, low) = (HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 0xf)]);
            return out.extend_from_slice(&[b'\\', b'u', b'0', b'0', high, low]);
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(text: &str) -> String {
        let mut out = vec![b'"'];
        push_string(text.as_bytes(), &mut out);
        out.push(b'"');
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn strings_are_what_the_json_crate_writes() {
        let all: String = (0..=0x17f_u32).filter_map(char::from_u32).collect();
        for text in ["", "a", "\"", "\\", "\0", "é✓😀\u{7f}\u{2028}", &all, &all.repeat(3)] {
            assert_eq!(escaped(text), serde_json::to_string(text).unwrap());
        }
    }

    #[test]
    fn an_escape_is_found_wherever_it_stands() {
        for length in 0..3 * WIDTH {
            for place in 0..length {
                for byte in ['"', '\\', '\n', '\u{1f}'] {
                    let mut text = "x".repeat(length);
                    text.replace_range(place..=place, &byte.to_string());
                    assert_eq!(escaped(&text), serde_json::to_string(&text).unwrap());
                }
            }
        }
    }
}
