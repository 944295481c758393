//! RFC 6455, 5.5.

use super::*;

#[test]
fn they_are_not_fragmented() {
    for first in [0x08, 0x09, 0x0a] {
        refuses(&[first, 0], &[], Violation::ControlFragmented);
    }
}

#[test]
fn they_have_125_bytes_at_most() {
    let payload = [b'x'; 125];
    reads(
        &[b"\x89\x7d", &payload[..], b"\x8a\x7d", &payload[..]].concat(),
        &[Entry::ping(&payload), Entry::pong(&payload)],
    );
    for first in [0x88, 0x89, 0x8a] {
        refuses(&[first, 0x7e, 0, 126], &[], Violation::ControlTooLong(126));
        refuses(&[first, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0], &[], Violation::ControlTooLong(65536));
    }
}

/// RFC 6455, 5.5.1.
#[test]
fn close_says_why() {
    reads(b"\x88\x00", &[Entry::Close(Close::default())]);
    reads(b"\x88\x02\x03\xe8", &[Entry::close(1000, "")]);
    reads(b"\x88\x0d\x0f\xa1too \xe2\x9c\x93 bad", &[Entry::close(4001, "too ✓ bad")]);
    let longest = [b"\x88\x7d\x03\xf3", &[b'r'; 123][..]].concat();
    reads(&longest, &[Entry::close(1011, &"r".repeat(123))]);
}

/// RFC 6455, 5.5.1 and 7.4.
#[test]
fn close_can_be_wrong() {
    refuses(b"\x88\x01\x03", &[], Violation::CloseTooShort);
    refuses(b"\x88\x02\x03\xed", &[], Violation::CloseCode(1005));
    refuses(b"\x88\x02\x03\xe7", &[], Violation::CloseCode(999));
    refuses(b"\x88\x04\x03\xe8\xc3\x28", &[], Violation::CloseReasonNotUtf8);
    refuses(b"\x88\x03\x03\xe8\xc3", &[], Violation::CloseReasonNotUtf8);
}

/// RFC 6455, 5.5.1: an endpoint sends no data after a Close, so what follows says nothing.
#[test]
fn nothing_follows_a_close() {
    reads(b"\x88\x00\x81\x05Hello", &[Entry::Close(Close::default())]);
    reads(b"\x88\x00\xff\xff\xff", &[Entry::Close(Close::default())]);
    let noise = [&b"\x88\x02\x03\xe8"[..], &[0xff; 500]].concat();
    reads(&noise, &[Entry::close(1000, "")]);
}

#[test]
fn a_close_can_leave_a_message_unfinished() {
    check(Role::Client, None, b"\x01\x01a\x88\x00", &[Entry::Close(Close::default())], Ok(true));
}
