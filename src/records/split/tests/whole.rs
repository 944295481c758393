//! Whole: all there is makes one message.

use super::*;

#[test]
fn all_is_one_message() {
    texts(Format::Whole, "a\nb\0\n", &["a\nb\0\n"]);
    texts(Format::Whole, "é✓👩", &["é✓👩"]);
    check(
        Format::Whole,
        Kind::Binary,
        b"\xff\n",
        &[Entry::binary(b"\xff\n")],
        &Ok(()),
    );
}

#[test]
fn nothing_is_an_empty_message() {
    texts(Format::Whole, "", &[""]);
}

#[test]
fn what_is_not_utf8_is_refused() {
    refuses(Format::Whole, b"a\n\xff", &[], 1, Problem::NotUtf8(2));
    refuses(Format::Whole, b"a\n\xe2\x9c", &[], 1, Problem::NotUtf8(2));
}

/// What fits one frame leaves as one, however it comes.
#[test]
fn much_is_cut_into_frames() {
    for (length, expected) in LONG {
        let input = vec![b'x'; length];
        for pieces in cuts(&input) {
            let (transcript, end) = feed(&mut splitter(Format::Whole, Kind::Text), &pieces);
            assert_eq!((transcript.chunks.as_slice(), end), (expected, Ok(())));
            assert_eq!(transcript.entries.len(), 1);
        }
    }
}
