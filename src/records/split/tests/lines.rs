//! Records that end with a delimiter: lines, and NUL.

use super::*;

#[test]
fn each_line_is_a_message() {
    texts(Format::Lines, "one\ntwo\nthree\n", &["one", "two", "three"]);
    texts(Format::Nul, "one\0two\nthree\0", &["one", "two\nthree"]);
    texts(Format::Lines, "a\0b\r\nc\n", &["a\0b\r", "c"]);
}

#[test]
fn the_last_line_may_lack_its_end() {
    texts(Format::Lines, "one\ntwo", &["one", "two"]);
    texts(Format::Nul, "one", &["one"]);
}

#[test]
fn lines_may_be_empty() {
    texts(Format::Lines, "\n", &[""]);
    texts(Format::Lines, "\n\na\n\n", &["", "", "a", ""]);
    texts(Format::Nul, "\0a", &["", "a"]);
}

#[test]
fn characters_may_come_in_pieces() {
    texts(Format::Lines, "é✓\n👩\nz", &["é✓", "👩", "z"]);
}

#[test]
fn binary_may_hold_anything() {
    check(Format::Lines, Kind::Binary, b"\xff\0\n\xc3\n", &[Entry::binary(b"\xff\0"), Entry::binary(b"\xc3")], &Ok(()));
}

#[test]
fn a_line_that_is_not_utf8_is_named() {
    let a = [Entry::text("a")];
    refuses(Format::Lines, b"a\nbc\xff\n", &a, 2, Problem::NotUtf8(2));
    refuses(Format::Lines, b"a\nbc\xffd\ne\n", &a, 2, Problem::NotUtf8(2));
    refuses(Format::Nul, b"a\0b\xff", &a, 2, Problem::NotUtf8(1));
    refuses(Format::Lines, b"\xed\xa0\x80\n", &[], 1, Problem::NotUtf8(0));
}

/// The delimiter is a character of its own, so one that is not complete before it never will be.
#[test]
fn a_line_does_not_end_inside_a_character() {
    let a = [Entry::text("a")];
    refuses(Format::Lines, b"a\nb\xc3\n\xa9\n", &a, 2, Problem::NotUtf8(1));
    refuses(Format::Lines, b"a\nb\xe2\x9c", &a, 2, Problem::NotUtf8(1));
}

#[test]
fn a_long_line_is_cut_into_frames() {
    for (length, expected) in LONG {
        let record = vec![b'x'; length];
        frames(Format::Lines, b"", &record, b"\n1\n", expected);
        frames(Format::Lines, b"", &record, b"\n1", expected);
        frames(Format::Nul, b"", &record, b"\x001", expected);
    }
}

#[test]
fn a_long_line_at_the_end_is_cut_into_frames() {
    for (length, expected) in LONG {
        let record = vec![b'x'; length];
        let (transcript, end) = feed(&mut splitter(Format::Lines, Kind::Text), &[&record]);
        assert_eq!((transcript.chunks.as_slice(), end), (expected, Ok(())));
        assert_eq!(transcript.entries, [Entry::Text("x".repeat(length))]);
    }
}

/// The frame ends inside a character; the message does not mind.
#[test]
fn a_long_line_may_be_cut_inside_a_character() {
    let text = format!("{}✓\nnext", "x".repeat(MAX_FRAME - 1));
    let expected: Vec<&str> = text.split('\n').collect();
    texts(Format::Lines, &text, &expected);
    let wrong = [&vec![b'x'; MAX_FRAME - 1][..], b"\xe2\x9c\n"].concat();
    let at = MAX_FRAME as u64 - 1;
    refuses(Format::Lines, &wrong, &[], 1, Problem::NotUtf8(at));
}

#[test]
fn many_lines_in_one_read() {
    let input = "a line of text\n".repeat(10_000);
    let (transcript, _) = feed(&mut splitter(Format::Lines, Kind::Text), &[input.as_bytes()]);
    assert_eq!(transcript.entries, vec![Entry::text("a line of text"); 10_000]);
}

/// A line of text after many, which a check of many at once must not miss or misplace.
#[test]
fn the_wrong_one_of_many_lines_is_named() {
    let mut input = "✓ a line of text\n".repeat(5000).into_bytes();
    let before = vec![Entry::text("✓ a line of text"); 5000];
    input.extend_from_slice("✓ ok \n✓\u{85} \n".as_bytes());
    let place = input.len() - 3;
    for (wrong, offset) in [(b"\xff ", 3), (b"\xc3 ", 3), (b"\xf0\x9f", 3)] {
        input[place - 1..=place].copy_from_slice(wrong);
        let (transcript, end) = feed(&mut splitter(Format::Lines, Kind::Text), &[&input]);
        let expected = [&before[..], &[Entry::text("✓ ok ")]].concat();
        assert_eq!(transcript.entries, expected);
        let problem = Problem::NotUtf8(offset);
        assert_eq!(end, Err(RecordError { record: 5002, problem }));
    }
}
