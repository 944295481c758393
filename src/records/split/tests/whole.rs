//! Whole: all there is makes one message.

use super::*;

#[test]
fn all_is_one_message() {
    texts(Format::Whole, "a\nb\0\n", &["a\nb\0\n"]);
    texts(Format::Whole, "é✓👩", &["é✓👩"]);
    check(Format::Whole, Kind::Binary, b"\xff\n", &[Entry::binary(b"\xff\n")], &Ok(()));
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

/// Nobody waits for the end of the input: what is there goes out, and the end follows by itself.
#[test]
fn it_goes_out_as_it_comes() {
    let (transcript, end) = feed(&mut splitter(Format::Whole, Kind::Text), &[b"ab", b"c"]);
    assert_eq!((transcript.chunks, end), (vec![2, 1, 0], Ok(())));
    assert_eq!(transcript.entries, [Entry::text("abc")]);
}

#[test]
fn much_is_cut_into_frames() {
    for (length, _) in LONG {
        let input = vec![b'x'; length];
        for pieces in cuts(&input) {
            let (transcript, end) = feed(&mut splitter(Format::Whole, Kind::Text), &pieces);
            assert_eq!(end, Ok(()));
            assert!(transcript.chunks.iter().all(|length| *length <= MAX_FRAME));
            assert_eq!(transcript.chunks.iter().sum::<usize>(), length);
            assert_eq!(transcript.entries.len(), 1);
        }
    }
}
