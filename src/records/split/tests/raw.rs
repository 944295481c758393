//! Raw: each read is a message.

use super::*;

/// The messages that reads give.
fn reads(kind: Kind, pieces: &[&[u8]]) -> (Vec<Entry>, Result<(), RecordError>) {
    let (transcript, end) = feed(&mut splitter(Format::Raw, kind), pieces);
    (transcript.entries, end)
}

#[test]
fn each_read_is_a_message() {
    let (entries, end) = reads(Kind::Binary, &[b"a\n\xff", b"\xc3", b"\0"]);
    let expected = [b"a\n\xff".as_slice(), b"\xc3", b"\0"].map(Entry::binary);
    assert_eq!((entries.as_slice(), end), (&expected[..], Ok(())));
    let (entries, end) = reads(Kind::Text, &[b"ab", b"\n", b"c"]);
    let expected = ["ab", "\n", "c"].map(Entry::text);
    assert_eq!((entries.as_slice(), end), (&expected[..], Ok(())));
}

/// The beginning of a character goes with its end, into the next message.
#[test]
fn a_character_is_not_cut() {
    let text = "aé✓👩z";
    for pieces in cuts(text.as_bytes()) {
        let (entries, end) = reads(Kind::Text, &pieces);
        assert_eq!(end, Ok(()));
        let joined: String = entries
            .iter()
            .map(|entry| match entry {
                Entry::Text(text) => text.as_str(),
                _ => unreachable!(),
            })
            .collect();
        assert_eq!(joined, text);
        assert!(!entries.contains(&Entry::text("")));
    }
    let (entries, _) = reads(Kind::Text, &[b"a\xe2", b"\x9c", b"\x93b"]);
    assert_eq!(entries, ["a", "✓b"].map(Entry::text));
}

#[test]
fn a_character_that_is_not_completed_is_refused() {
    let (entries, end) = reads(Kind::Text, &[b"ab\xe2\x9c"]);
    assert_eq!(entries, [Entry::text("ab")]);
    let problem = Problem::NotUtf8(0);
    assert_eq!(end, Err(RecordError { record: 2, problem }));
}

/// No more bytes could mend these, so none are waited for.
#[test]
fn what_is_not_utf8_is_refused_at_once() {
    for wrong in [
        &b"\xff"[..],
        b"\x80",
        b"\xc0",
        b"\xc1",
        b"\xf5",
        b"\xe0\x80",
        b"\xed\xa0",
        b"\xf0\x80",
        b"\xf4\x90",
        b"\xe2\x28",
    ] {
        let mut splitter = splitter(Format::Raw, Kind::Text);
        let input = [b"ab", wrong].concat();
        splitter.space()[..input.len()].copy_from_slice(&input);
        splitter.filled(input.len());
        let problem = Problem::NotUtf8(2);
        assert_eq!(splitter.next(), Err(RecordError { record: 1, problem }), "{wrong:x?}");
    }
}

#[test]
fn a_message_has_the_given_size_at_most() {
    let mut splitter = Splitter::new(Format::Raw, Kind::Binary, 3, None);
    let (transcript, _) = feed(&mut splitter, &[b"abcdefgh"]);
    assert_eq!(transcript.chunks, [3, 3, 2]);
    for chunk_size in [0, 1, 2, 3, 4] {
        let mut splitter = Splitter::new(Format::Raw, Kind::Text, chunk_size, None);
        let (transcript, end) = feed(&mut splitter, &["é👩".as_bytes()]);
        assert_eq!(end, Ok(()));
        assert_eq!(transcript.chunks.iter().sum::<usize>(), 6);
        // A character can be longer than that, and is not cut.
        assert!(transcript.chunks.iter().all(|len| *len <= 4));
    }
}

/// What one read gives is cut into messages of the chunk size, never inside a character.
#[test]
fn a_large_read_is_several_messages() {
    let chunked = |kind, size, input: &[u8]| {
        let (transcript, end) = feed(&mut Splitter::new(Format::Raw, kind, size, None), &[input]);
        assert_eq!(end, Ok(()));
        transcript.entries
    };
    assert_eq!(chunked(Kind::Binary, 3, b"abcdefgh"), [b"abc".as_slice(), b"def", b"gh"].map(Entry::binary));
    assert_eq!(chunked(Kind::Binary, 1, b"ab"), [b"a", b"b"].map(|byte| Entry::binary(byte)));
    assert_eq!(chunked(Kind::Text, 4, "abc✓👩d".as_bytes()), ["abc", "✓", "👩", "d"].map(Entry::text));
    assert_eq!(chunked(Kind::Text, 1, "✓👩".as_bytes()), ["✓", "👩"].map(Entry::text));
}
