use super::*;
use crate::protocol::transcript::{Entry, cuts, feed};

mod control_frames;
mod examples;
mod failing;
mod fragmentation;
mod framing;
mod limits;
mod masking;
mod text;

/// Bytes give the same however they come, and whatever the buffer's size.
fn check(role: Role, limit: Option<u64>, bytes: &[u8], entries: &[Entry], end: Result<bool, Violation>) {
    for pieces in cuts(bytes) {
        for buffer in [0, 4096] {
            let mut decoder = Decoder::new(role, buffer, limit);
            let read = feed(&mut decoder, &pieces);
            let lengths: Vec<usize> = pieces.iter().map(|piece| piece.len()).collect();
            let start = &bytes[..bytes.len().min(20)];
            assert_eq!(read, (entries.to_vec(), end), "{start:x?} in pieces of {lengths:?}");
        }
    }
}

/// A client reads whole frames.
fn reads(bytes: &[u8], entries: &[Entry]) {
    check(Role::Client, None, bytes, entries, Ok(false));
}

/// A client refuses bytes, after what is whole before them.
fn refuses(bytes: &[u8], entries: &[Entry], violation: Violation) {
    check(Role::Client, None, bytes, entries, Err(violation));
}

#[test]
fn a_buffer_that_grows_gives_the_same_and_shrinks() {
    let payload: Vec<u8> = (0..=250).cycle().take(200_000).collect();
    let mut encoder = crate::protocol::Encoder::server();
    encoder.push(&Event::Data(Chunk::whole(Kind::Binary, &payload)));
    let mut decoder = Decoder::growing(Role::Client, 64 << 10, None, b"");
    let (mut rest, mut read, mut most) = (encoder.pending(), Vec::new(), 0);
    while !rest.is_empty() {
        let space = decoder.space();
        let count = space.len().min(rest.len());
        most = most.max(count);
        space[..count].copy_from_slice(&rest[..count]);
        rest = &rest[count..];
        decoder.filled(count);
        while let Some(Event::Data(chunk)) = decoder.next().unwrap() {
            read.extend_from_slice(chunk.payload);
        }
    }
    assert!(read == payload);
    assert!(decoder.has_grown() && most == 64 << 10, "{most}");
    // The beginning of a header is kept.
    decoder.space()[0] = 0x81;
    decoder.filled(1);
    assert_eq!(decoder.next(), Ok(None));
    decoder.shrink();
    assert!(!decoder.has_grown());
    let space = decoder.space();
    assert_eq!(space.len(), (4 << 10) - 1);
    space[..2].copy_from_slice(b"\x01x");
    decoder.filled(2);
    assert_eq!(decoder.next(), Ok(Some(Event::Data(Chunk::whole(Kind::Text, b"x")))));
}
