//! Any bytes from the peer, in any pieces, read the same as in one piece, and nothing comes behind their end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wspipe::protocol::{Decoder, DeflateParams, Role};
use wspipe_fuzz::reading::read;
use wspipe_fuzz::{Plan, wire};

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
    let (expected, end) = read(decoder(bytes.len()), bytes.len(), limit, &[bytes]);
    for pieces in plan.ways(bytes) {
        let (transcript, other_end) = read(decoder(buffer), buffer, limit, &pieces);
        assert_eq!(other_end, end);
        match end {
            Ok(_) => assert_eq!(transcript, expected),
            Err(_) => assert!(transcript.agrees_up_to_an_error(&expected), "{transcript:?} and {expected:?}"),
        }
    }
});
