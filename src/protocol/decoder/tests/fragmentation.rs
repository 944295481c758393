//! RFC 6455, 5.4.

use super::*;

#[test]
fn a_message_in_many_fragments() {
    reads(b"\x02\x01a\x00\x02bc\x00\x00\x80\x01d\x81\x01e", &[Entry::binary(b"abcd"), Entry::text("e")]);
}

#[test]
fn fragments_may_be_empty() {
    reads(b"\x01\x00\x00\x00\x80\x00", &[Entry::text("")]);
    reads(b"\x01\x00\x80\x01a", &[Entry::text("a")]);
    reads(b"\x01\x01a\x80\x00", &[Entry::text("a")]);
}

#[test]
fn control_frames_may_stand_between_fragments() {
    reads(b"\x01\x01a\x89\x01p\x00\x01b\x8a\x00\x80\x01c", &[Entry::ping(b"p"), Entry::pong(b""), Entry::text("abc")]);
}

#[test]
fn a_continuation_continues_something() {
    refuses(b"\x80\x01a", &[], Violation::NothingToContinue);
    refuses(b"\x00\x00", &[], Violation::NothingToContinue);
    refuses(b"\x81\x01a\x80\x01b", &[Entry::text("a")], Violation::NothingToContinue);
    refuses(b"\x01\x01a\x80\x01b\x80\x01c", &[Entry::text("ab")], Violation::NothingToContinue);
}

#[test]
fn a_message_ends_before_the_next_begins() {
    for second in [0x01, 0x81, 0x02, 0x82] {
        refuses(&[0x01, 1, b'a', second, 1, b'b'], &[], Violation::MessageInsideMessage);
    }
    refuses(b"\x01\x00\x8a\x00\x81\x00", &[Entry::pong(b"")], Violation::MessageInsideMessage);
}

/// The first chunk tells the length where one frame is the message, and only there.
#[test]
fn a_length_is_told_for_an_unfragmented_message() {
    let mut decoder = Decoder::new(Role::Client, 0, None);
    for (bytes, length) in [(&b"\x81\x02a"[..], Some(2)), (b"b\x01\x01c", None)] {
        decoder.space()[..bytes.len()].copy_from_slice(bytes);
        decoder.filled(bytes.len());
        let mut last = None;
        while let Some(Event::Data(chunk)) = decoder.next().unwrap() {
            last = chunk.length;
        }
        assert_eq!(last, length);
    }
}
