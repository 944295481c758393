//! RFC 6455, 5.6 and 8.1.

use super::*;

#[test]
fn characters_may_go_on_in_the_next_fragment() {
    reads(
        b"\x01\x02\xce\xba\x00\x01\xe1\x00\x00\x89\x01p\x80\x02\xbd\xb9",
        &[Entry::ping(b"p"), Entry::text("κ\u{1f79}")],
    );
}

#[test]
fn characters_may_not_be_cut_at_the_end() {
    refuses(b"\x81\x03ab\xe2", &[], Violation::TextNotUtf8(2));
    refuses(b"\x01\x01\xe2\x80\x01\x9c", &[], Violation::TextNotUtf8(0));
    refuses(b"\x01\x01\xe2\x80\x00", &[], Violation::TextNotUtf8(0));
}

/// The offset counts from the message's beginning, over its fragments.
#[test]
fn what_is_not_utf8_is_refused() {
    refuses(b"\x81\x01a\x81\x03ab\xff", &[Entry::text("a")], Violation::TextNotUtf8(2));
    refuses(b"\x01\x03abc\x80\x02d\xff", &[], Violation::TextNotUtf8(4));
    refuses(b"\x81\x03\xed\xa0\x80", &[], Violation::TextNotUtf8(0));
}

/// Autobahn 6.4: as soon as no byte can mend it, without waiting for the frame or the message to end.
#[test]
fn it_fails_fast() {
    refuses(b"\x81\x15\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4\x90", &[], Violation::TextNotUtf8(11));
    refuses(b"\x01\x03\xce\xba\xf4\x00\x7f\0\0\0\0\0\x01\0\0\x90", &[], Violation::TextNotUtf8(2));
}

#[test]
fn text_may_be_trusted() {
    let mut decoder = Decoder::new(Role::Client, 256, None).trusting();
    let wire = b"\x81\x02a\xff";
    decoder.space()[..wire.len()].copy_from_slice(wire);
    decoder.filled(wire.len());
    assert_eq!(decoder.next(), Ok(Some(Event::Data(Chunk::whole(Kind::Text, b"a\xff")))));
}

#[test]
fn binary_may_hold_anything() {
    reads(b"\x82\x02\xff\xc3", &[Entry::binary(b"\xff\xc3")]);
    reads(b"\x02\x01\xff\x80\x01\xc3\x81\x02\xc3\xa9", &[Entry::binary(b"\xff\xc3"), Entry::text("é")]);
}
