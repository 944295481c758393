//! RFC 6455, 5.7.

use super::*;

#[test]
fn a_single_frame_unmasked_text_message() {
    reads(b"\x81\x05Hello", &[Entry::text("Hello")]);
}

#[test]
fn a_single_frame_masked_text_message() {
    check(Role::Server, None, b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", &[Entry::text("Hello")], Ok(false));
}

#[test]
fn a_fragmented_unmasked_text_message() {
    reads(b"\x01\x03Hel\x80\x02lo", &[Entry::text("Hello")]);
}

#[test]
fn an_unmasked_ping_and_its_masked_pong() {
    reads(b"\x89\x05Hello", &[Entry::ping(b"Hello")]);
    check(Role::Server, None, b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", &[Entry::pong(b"Hello")], Ok(false));
}

#[test]
fn a_binary_message_of_256_bytes() {
    let payload: Vec<u8> = (0..=255).collect();
    let bytes = [b"\x82\x7e\x01\x00", &payload[..]].concat();
    reads(&bytes, &[Entry::Binary(payload)]);
}

#[test]
fn a_binary_message_of_64_kib() {
    let payload: Vec<u8> = (0..=255).cycle().take(65536).collect();
    let bytes = [b"\x82\x7f\0\0\0\0\0\x01\0\0", &payload[..]].concat();
    reads(&bytes, &[Entry::Binary(payload)]);
}
