//! RFC 6455, 10.4: limits of the implementation.

use super::*;

const FIVE: Option<u64> = Some(5);
const TOO_BIG: Result<bool, Violation> = Err(Violation::MessageTooBig { limit: 5 });

#[test]
fn a_message_may_reach_the_limit() {
    let hello = [Entry::text("Hello")];
    check(Role::Client, FIVE, b"\x81\x05Hello", &hello, Ok(false));
    check(Role::Client, FIVE, b"\x01\x03Hel\x00\x00\x80\x02lo", &hello, Ok(false));
    check(
        Role::Client,
        FIVE,
        b"\x81\x03abc\x81\x03def\x89\x06pinged",
        &[Entry::text("abc"), Entry::text("def"), Entry::ping(b"pinged")],
        Ok(false),
    );
}

/// The header is enough to refuse it: nothing of its payload has to come.
#[test]
fn one_frame_can_be_over_it() {
    check(Role::Client, FIVE, b"\x81\x06", &[], TOO_BIG);
    check(Role::Client, FIVE, b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", &[], TOO_BIG);
}

#[test]
fn fragments_can_be_over_it() {
    check(Role::Client, FIVE, b"\x01\x03Hel\x89\x00\x00\x02lo\x80\x01", &[Entry::ping(b"")], TOO_BIG);
    check(Role::Client, FIVE, b"\x02\x01a\x00\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", &[], TOO_BIG);
}

#[test]
fn it_may_be_nothing() {
    let end = Err(Violation::MessageTooBig { limit: 0 });
    check(Role::Client, Some(0), b"\x81\x00\x81\x01", &[Entry::text("")], end);
}

/// A message of any size passes through a buffer of the smallest size, piece by piece.
#[test]
fn no_buffer_is_too_small() {
    let payload: Vec<u8> = "κόσμε ".bytes().cycle().take(11 * 1000).collect();
    let bytes = [b"\x81\x7e\x2a\xf8", &payload[..], b"\x89\x01p"].concat();
    reads(&bytes, &[Entry::Text(String::from_utf8(payload).unwrap()), Entry::ping(b"p")]);
}
