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
