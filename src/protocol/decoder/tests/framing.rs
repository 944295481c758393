//! RFC 6455, 5.2.

use super::*;

#[test]
fn reserved_bits_have_no_meaning() {
    for (first, bits) in [(0xc1, 0b100), (0xa1, 0b010), (0x91, 0b001), (0xf1, 0b111)] {
        refuses(&[0x81, 0, first, 2, b'h', b'i'], &[Entry::text("")], Violation::ReservedBits(bits));
    }
    refuses(b"\xc8\x00", &[], Violation::ReservedBits(0b100));
    refuses(b"\x01\x01a\xc0\x01b", &[], Violation::ReservedBits(0b100));
}

#[test]
fn reserved_opcodes_have_no_meaning() {
    for opcode in (3..=7).chain(0xb..=0xf) {
        for fin in [0, 0x80] {
            let violation = Violation::ReservedOpcode(opcode);
            refuses(&[fin | opcode, 0], &[], violation);
            refuses(&[fin | opcode, 2, b'h', b'i'], &[], violation);
        }
    }
}

#[test]
fn every_width_of_length() {
    for (length, header) in [
        (0, &b"\x82\x00"[..]),
        (1, b"\x82\x01"),
        (125, b"\x82\x7d"),
        (126, b"\x82\x7e\x00\x7e"),
        (127, b"\x82\x7e\x00\x7f"),
        (65535, b"\x82\x7e\xff\xff"),
        (65536, b"\x82\x7f\0\0\0\0\0\x01\0\0"),
    ] {
        let payload = vec![b'x'; length];
        reads(&[header, &payload].concat(), &[Entry::Binary(payload)]);
    }
}

#[test]
fn a_length_takes_as_few_bytes_as_it_can() {
    for (bytes, length) in [
        (&b"\x82\x7e\x00\x00"[..], 0),
        (b"\x82\x7e\x00\x7d", 125),
        (b"\x82\x7f\0\0\0\0\0\0\0\0", 0),
        (b"\x82\x7f\0\0\0\0\0\0\0\x7d", 125),
        (b"\x82\x7f\0\0\0\0\0\0\0\x7e", 126),
        (b"\x82\x7f\0\0\0\0\0\0\xff\xff", 65535),
        (b"\x88\x7e\x00\x02", 2),
    ] {
        refuses(bytes, &[], Violation::LengthNotMinimal(length));
    }
}

#[test]
fn the_most_significant_bit_of_a_length_is_zero() {
    refuses(b"\x82\x7f\x80\0\0\0\0\0\0\0", &[], Violation::LengthTooLarge(1 << 63));
    refuses(b"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", &[], Violation::LengthTooLarge(u64::MAX));
}

#[test]
fn the_longest_message_can_begin() {
    check(Role::Client, None, b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xffabc", &[], Ok(true));
    // Fragments may come to more than 64 bits can count.
    check(Role::Client, None, b"\x02\x01a\x00\x7f\x7f\xff\xff\xff\xff\xff\xff\xffabc", &[], Ok(true));
}
