//! Payload that DEFLATE has something to do with.

use arbitrary::{Result, Unstructured};

/// Words that come again, near and far, between bytes that don't; at most `max` bytes.
///
/// # Errors
/// There are too few choices.
pub fn words(choices: &mut Unstructured<'_>, max: usize) -> Result<Vec<u8>> {
    const WORDS: [&str; 4] = ["the quick brown fox ", "{\"type\":\"text\",\"data\":", "κόσμε ", "\n"];
    let mut out: Vec<u8> = Vec::new();
    let count: usize = choices.int_in_range(0..=20)?;
    for _ in 0..count {
        if out.len() >= max {
            break;
        }
        let how: u8 = choices.arbitrary()?;
        let least: usize = choices.arbitrary::<u8>()?.into();
        match how & 7 {
            0 => out.extend_from_slice(choices.bytes(choices.len().min(usize::from(how >> 3)))?),
            1 => out.extend(std::iter::repeat_n(b'a' + (how >> 3), least * 16)),
            // Bytes that don't come again, as far as DEFLATE sees it.
            2 => out.extend(noise(choices.arbitrary()?).take(least * 64)),
            // What was there before, from a distance at the border of some window.
            3 | 4 => {
                let distance = (1 << (8 + (how >> 3 & 7))) - 256 + usize::from(choices.arbitrary::<u16>()? & 0x1ff);
                let from = out.len().saturating_sub(distance);
                let to = out.len().min(from + least * 4);
                out.extend_from_within(from..to);
            }
            _ => out.extend(WORDS[usize::from(how >> 3 & 3)].bytes().cycle().take(least)),
        }
    }
    out.truncate(max);
    Ok(out)
}

fn noise(seed: u16) -> impl Iterator<Item = u8> {
    let mut state = u32::from(seed) | 1 << 16;
    std::iter::repeat_with(move || {
        // Xorshift (Marsaglia, 2003).
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 8) as u8
    })
}
