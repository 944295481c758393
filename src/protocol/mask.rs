//! Masking (RFC 6455, 5.3): payload byte *i* is XOR-ed with byte *i* mod 4 of the key.

/// A masking key and the place in it, so that a payload can be (un)masked piece by piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mask {
    /// The key, rotated so that its first byte meets the next byte of payload.
    key: [u8; 4],
}

impl Mask {
    /// Starts at the beginning of a payload.
    #[must_use]
    pub fn new(key: [u8; 4]) -> Self {
        Mask { key }
    }

    /// Masks, or unmasks, the next piece of the payload in place.
    pub fn apply(&mut self, payload: &mut [u8]) {
        apply_mask(payload, self.key);
        self.key.rotate_left(payload.len() % 4);
    }
}

/// Masks, or unmasks, a whole payload in place.
///
/// It works on blocks of 64 bytes, which compilers turn into the widest XOR that the target has.
pub fn apply_mask(payload: &mut [u8], key: [u8; 4]) {
    let word = u64::from(u32::from_ne_bytes(key));
    let word = word << 32 | word;
    let (blocks, rest) = payload.as_chunks_mut::<64>();
    for block in blocks {
        for bytes in block.as_chunks_mut::<8>().0 {
            *bytes = (u64::from_ne_bytes(*bytes) ^ word).to_ne_bytes();
        }
    }
    let (words, rest) = rest.as_chunks_mut::<8>();
    for bytes in words {
        *bytes = (u64::from_ne_bytes(*bytes) ^ word).to_ne_bytes();
    }
    let (half, rest) = rest.as_chunks_mut::<4>();
    for bytes in half {
        *bytes = (u32::from_ne_bytes(*bytes) ^ u32::from_ne_bytes(key)).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(key) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_the_letter(payload: &[u8], key: [u8; 4]) -> Vec<u8> {
        payload.iter().enumerate().map(|(i, byte)| byte ^ key[i % 4]).collect()
    }

    const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

    /// RFC 6455, 5.7: a single-frame masked text message.
    #[test]
    fn the_example_of_the_rfc() {
        let mut payload = *b"\x7f\x9f\x4d\x51\x58";
        apply_mask(&mut payload, KEY);
        assert_eq!(&payload, b"Hello");
    }

    #[test]
    fn every_length_and_alignment() {
        let bytes: Vec<u8> = (0..=255).cycle().take(300).collect();
        for start in 0..9 {
            for end in start..bytes.len() {
                let mut masked = bytes.clone();
                apply_mask(&mut masked[start..end], KEY);
                assert_eq!(masked[start..end], by_the_letter(&bytes[start..end], KEY), "{start}..{end}");
                assert_eq!(masked[end..], bytes[end..], "nothing behind is touched");
            }
        }
    }

    #[test]
    fn pieces_give_the_same_at_every_split() {
        let bytes: Vec<u8> = (0..150).collect();
        let expected = by_the_letter(&bytes, KEY);
        for split in 0..bytes.len() {
            let mut masked = bytes.clone();
            let mut mask = Mask::new(KEY);
            let (head, tail) = masked.split_at_mut(split);
            mask.apply(head);
            mask.apply(tail);
            assert_eq!(masked, expected, "split at {split}");
        }
    }
}
