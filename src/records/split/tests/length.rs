//! Records with their length before them.

use super::*;

#[test]
fn each_record_is_a_message() {
    texts(Format::Length, "\0\0\0\x03one\0\0\0\x04tw\no\0\0\0\x01\0", &["one", "tw\no", "\0"]);
    texts(Format::Length, "\0\0\0\x07é✓é", &["é✓é"]);
}

#[test]
fn records_may_be_empty() {
    texts(Format::Length, "\0\0\0\0\0\0\0\0\0\0\0\x01a\0\0\0\0", &["", "", "a", ""]);
}

#[test]
fn the_input_may_not_end_inside_a_length() {
    let a = [Entry::text("a")];
    for found in 1..4_u8 {
        let input = [&b"\0\0\0\x01a"[..], &[0; 3][..found.into()]].concat();
        let problem = Problem::Truncated { expected: 4, found: found.into() };
        refuses(Format::Length, &input, &a, 2, problem);
    }
}

#[test]
fn the_input_may_not_end_inside_a_record() {
    let a = [Entry::text("a")];
    for (rest, expected, found) in
        [(&b"\0\0\0\x05"[..], 5, 0), (b"\0\0\0\x05bcde", 5, 4), (b"\xff\xff\xff\xffb", u32::MAX.into(), 1)]
    {
        let input = [b"\0\0\0\x01a", rest].concat();
        let problem = Problem::Truncated { expected, found };
        refuses(Format::Length, &input, &a, 2, problem);
    }
}

/// Frames that were given count as found, and the record has one number.
#[test]
fn the_input_may_not_end_inside_a_long_record() {
    for found in [MAX_FRAME - 1, MAX_FRAME, MAX_FRAME + 1, 2 * MAX_FRAME + 9] {
        let input = [b"\0\0\0\x01a\x01\0\0\0", &vec![b'x'; found][..]].concat();
        let problem = Problem::Truncated { expected: 1 << 24, found: found as u64 };
        refuses(Format::Length, &input, &[Entry::text("a")], 2, problem);
    }
}

#[test]
fn what_is_not_utf8_is_refused() {
    let a = [Entry::text("a")];
    let bad = b"\0\0\0\x01a\0\0\0\x03bc\xff\0\0\0\x01d";
    refuses(Format::Length, bad, &a, 2, Problem::NotUtf8(2));
    let cut = b"\0\0\0\x01a\0\0\0\x01\xc3\0\0\0\x01\xa9";
    refuses(Format::Length, cut, &a, 2, Problem::NotUtf8(0));
    check(Format::Length, Kind::Binary, cut, &[b"a", b"\xc3", b"\xa9"].map(|bytes| Entry::binary(bytes)), &Ok(()));
}

#[test]
fn a_long_record_is_cut_into_frames() {
    for (length, expected) in LONG {
        let prefix = u32::try_from(length).unwrap().to_be_bytes();
        let record = vec![b'x'; length];
        frames(Format::Length, &prefix, &record, b"\0\0\0\x011", expected);
    }
}

#[test]
fn the_length_is_told() {
    let mut splitter = splitter(Format::Length, Kind::Binary);
    splitter.space()[..7].copy_from_slice(b"\0\0\0\x03abc");
    splitter.filled(7);
    let expected = Event::Data(Chunk::whole(Kind::Binary, b"abc"));
    assert_eq!(splitter.next(), Ok(Some(expected)));
}
