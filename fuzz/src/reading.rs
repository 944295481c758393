//! What a decoder makes of bytes, and that it ends as it should.

use wspipe::protocol::{Decoder, Violation};

use crate::shown::assert_printable;
use crate::{Entry, Transcript};

/// The smallest buffer that a decoder makes do with, in bytes.
const SMALLEST: usize = 256;

/// What is read from pieces, and how it stands at the end: inside a message or not, or broken. The decoder was made with
/// this buffer and this limit.
pub fn read(
    mut decoder: Decoder,
    buffer: usize,
    limit: Option<u64>,
    pieces: &[&[u8]],
) -> (Transcript, Result<bool, Violation>) {
    let mut transcript = Transcript::default();
    for mut piece in pieces.iter().copied() {
        while !piece.is_empty() {
            let space = decoder.space();
            assert!(!space.is_empty(), "no room for more");
            assert!(space.len() <= buffer.max(SMALLEST), "the buffer has grown");
            let (now, later) = piece.split_at(piece.len().min(space.len()));
            space[..now.len()].copy_from_slice(now);
            decoder.filled(now.len());
            piece = later;
            loop {
                match decoder.next() {
                    Ok(Some(event)) => transcript.note(&event),
                    Ok(None) => break,
                    Err(violation) => {
                        assert_refused(&mut decoder, violation);
                        return (transcript, Err(violation));
                    }
                }
                assert!(limit.is_none_or(|limit| last_length(&transcript) <= limit), "more than the limit");
            }
        }
    }
    let inside = decoder.is_inside_message();
    (transcript, Ok(inside))
}

/// How much of the last message has come, in bytes.
fn last_length(transcript: &Transcript) -> u64 {
    let whole = match transcript.entries.last() {
        Some(Entry::Text(text)) => text.len(),
        Some(Entry::Binary(bytes)) => bytes.len(),
        _ => 0,
    };
    whole.max(transcript.open_payload().len()) as u64
}

/// Nothing comes behind a violation, whatever follows it, and it can be told to the peer and to the user.
fn assert_refused(decoder: &mut Decoder, violation: Violation) {
    assert!([1002, 1007, 1009].contains(&violation.close_code()));
    assert_printable(&violation.to_string(), false);
    for _ in 0..3 {
        assert_eq!(decoder.next(), Ok(None));
        let space = decoder.space();
        assert!(!space.is_empty());
        space.fill(0x81);
        let count = space.len();
        decoder.filled(count);
    }
    assert_eq!(decoder.next(), Ok(None));
}
