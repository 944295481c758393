//! Any bytes from the peer, in any pieces, read the same as in one piece, and nothing comes behind their end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wspipe::protocol::{Decoder, DeflateParams, Role, Violation};
use wspipe_fuzz::shown::assert_printable;
use wspipe_fuzz::{Plan, Transcript, wire};

/// The smallest buffer that a decoder makes do with, in bytes.
const SMALLEST: usize = 256;

fuzz_target!(|input: &[u8]| {
    let Some((plan, rest)) = Plan::split(input) else { return };
    let role = plan.choose(0, [Role::Client, Role::Server, Role::Client, Role::Server]);
    let frames = plan.choose(1, [None, None, None, Some(())]).map(|()| wire::frames(role, rest));
    let bytes = frames.as_deref().unwrap_or(rest);
    let limit = plan.choose(2, [None, None, Some(7), Some(1000)]);
    let buffer = plan.choose(3, [0, 257, 1000, 70_000]);
    let deflate = plan.choose(4, [None, None, Some(true), Some(false)]);
    let deflate = deflate.map(|context_takeover| DeflateParams { context_takeover, window_bits: 15 });
    let decoder = |buffer| Decoder::new(role, buffer, limit).inflating(deflate);
    let (expected, end) = read(decoder(bytes.len()), bytes.len(), &[bytes]);
    for pieces in plan.ways(bytes) {
        let (transcript, other_end) = read(decoder(buffer), buffer, &pieces);
        assert_eq!(other_end, end);
        match end {
            Ok(_) => assert_eq!(transcript, expected),
            Err(_) => assert!(transcript.agrees_up_to_an_error(&expected), "{transcript:?} and {expected:?}"),
        }
    }
});

/// What is read, and how it stands at the end: inside a message or not, or broken.
fn read(mut decoder: Decoder, buffer: usize, pieces: &[&[u8]]) -> (Transcript, Result<bool, Violation>) {
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
            }
        }
    }
    let inside = decoder.is_inside_message();
    (transcript, Ok(inside))
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
