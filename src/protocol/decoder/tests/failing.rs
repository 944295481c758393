//! RFC 6455, 7.1.7: what breaks the rules ends the connection.

use super::*;

#[test]
fn nothing_follows_a_violation() {
    for bytes in [&b"\x83\x00"[..], b"\x81\x01\xff", b"\x81\x02\xff", b"\x88\x01\x03", b"\x80\x00", b"\x89\x7e\x00\x7e"]
    {
        let mut decoder = Decoder::new(Role::Client, 0, None);
        assert!(feed(&mut decoder, &[bytes]).1.is_err(), "{bytes:x?}");
        assert_eq!(decoder.next(), Ok(None));
        let more = b"\x81\x05Hello".repeat(100);
        assert_eq!(feed(&mut decoder, &[&more]).0, [], "{bytes:x?}");
    }
}

#[test]
fn each_violation_has_its_close_code() {
    for (violation, code) in [
        (Violation::ReservedBits(1), 1002),
        (Violation::Unmasked, 1002),
        (Violation::CloseCode(1005), 1002),
        (Violation::CloseReasonNotUtf8, 1007),
        (Violation::TextNotUtf8(0), 1007),
        (Violation::MessageTooBig { limit: 1 }, 1009),
        (Violation::TooMuchBegun { limit: 1 }, 1013),
    ] {
        assert_eq!(violation.close_code(), code, "{violation}");
    }
}

#[test]
fn what_is_unfinished_is_known() {
    for (bytes, inside) in [
        (&b""[..], false),
        (b"\x81", true),
        (b"\x81\x02", true),
        (b"\x81\x02a", true),
        (b"\x81\x02ab", false),
        (b"\x01\x02ab", true),
        (b"\x01\x02ab\x80\x00", false),
        (b"\x89\x01", true),
        (b"\x89\x01p", false),
    ] {
        check_end(bytes, inside);
    }
}

fn check_end(bytes: &[u8], inside: bool) {
    for pieces in cuts(bytes) {
        let mut decoder = Decoder::new(Role::Client, 0, None);
        assert_eq!(feed(&mut decoder, &pieces).1, Ok(inside), "{bytes:x?}");
    }
}

#[test]
fn how_much_came_of_an_unfinished_message_is_known() {
    for (bytes, given) in [
        (&b"\x81"[..], None),
        (b"\x81\x02ab", None),
        (b"\x01\x02ab", Some(2)),
        (b"\x01\x05ab", Some(2)),
        (b"\x01\x02ab\x00\x03c", Some(3)),
        (b"\x01\x02ab\x89\x7dc", Some(2)),
        (b"\x01\x00\x88\x00", Some(0)),
        (b"\x01\x02ab\x80\x00\x88\x00", None),
    ] {
        for pieces in cuts(bytes) {
            let mut decoder = Decoder::new(Role::Client, 0, None);
            feed(&mut decoder, &pieces).1.unwrap();
            assert_eq!(decoder.given_of_message(), given, "{bytes:x?}");
        }
    }
}
