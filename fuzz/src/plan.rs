//! The bytes that steer, at the beginning of an input.

/// How the rest of an input is used.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// What each target takes its choices from, by [`choose`](Self::choose).
    settings: [u8; 2],
    /// The lengths of the pieces, taken in turn; 0 is all that is left.
    strides: [u8; 4],
}

impl Plan {
    /// The plan, and what follows it; none in an input that is too short.
    pub fn split(input: &[u8]) -> Option<(Self, &[u8])> {
        let (&[a, b, strides @ ..], rest) = input.split_first_chunk::<6>()?;
        Some((Plan { settings: [a, b], strides }, rest))
    }

    /// Two bits of the settings, as an index into four choices; there are eight such places.
    pub fn choose<T: Copy>(&self, place: usize, choices: [T; 4]) -> T {
        choices[usize::from(self.settings[place / 4] >> (place % 4 * 2) & 3)]
    }

    /// The bytes in the pieces that this plan asks for.
    pub fn pieces<'a>(&self, bytes: &'a [u8]) -> Vec<&'a [u8]> {
        let mut rest = bytes;
        let mut pieces = Vec::new();
        for stride in self.strides.into_iter().cycle() {
            let taken = if stride == 0 { rest.len() } else { rest.len().min(stride.into()) };
            let (piece, later) = rest.split_at(taken);
            pieces.push(piece);
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        pieces
    }

    /// The ways in which bytes are tried: at once, in the pieces of this plan, and, if they are few, one by one.
    pub fn ways<'a>(&self, bytes: &'a [u8]) -> Vec<Vec<&'a [u8]>> {
        let mut ways = vec![vec![bytes], self.pieces(bytes)];
        if bytes.len() <= 1024 {
            ways.push(bytes.chunks(1).collect());
        }
        ways
    }
}
