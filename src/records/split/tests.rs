use super::*;
use crate::protocol::transcript::{Entry, Transcript, cuts};

mod json;
mod length;
mod lines;
mod raw;
mod whole;

/// Feeds pieces of an input and its end, and gives what they were cut into and what was wrong.
fn feed(splitter: &mut Splitter, pieces: &[&[u8]]) -> (Transcript, Result<(), RecordError>) {
    let mut transcript = Transcript::default();
    for mut piece in pieces.iter().copied() {
        while !piece.is_empty() {
            let space = splitter.space();
            assert!(!space.is_empty());
            let (now, later) = piece.split_at(piece.len().min(space.len()));
            space[..now.len()].copy_from_slice(now);
            splitter.filled(now.len());
            piece = later;
            if let Err(error) = drain(splitter, &mut transcript) {
                return (transcript, Err(error));
            }
        }
    }
    splitter.finish();
    let end = drain(splitter, &mut transcript);
    assert_eq!(splitter.next(), Ok(None));
    if end.is_ok() {
        assert_eq!(splitter.held(), 0);
        assert!(!splitter.is_inside_message());
    }
    (transcript, end)
}

fn drain(splitter: &mut Splitter, transcript: &mut Transcript) -> Result<(), RecordError> {
    while let Some(event) = splitter.next()? {
        transcript.note(&event);
    }
    Ok(())
}

fn splitter(format: Format, kind: Kind) -> Splitter {
    Splitter::new(format, kind, 1 << 20, None)
}

/// An input gives the same however it comes.
fn check(format: Format, kind: Kind, input: &[u8], entries: &[Entry], end: &Result<(), RecordError>) {
    for pieces in cuts(input) {
        let (transcript, ended) = feed(&mut splitter(format, kind), &pieces);
        let lengths: Vec<usize> = pieces.iter().map(|piece| piece.len()).collect();
        let input = input[..input.len().min(200)].escape_ascii();
        assert_eq!(transcript.entries, entries, "{input} in pieces of {lengths:?}");
        assert_eq!(&ended, end, "{input} in pieces of {lengths:?}");
    }
}

/// An input is cut into texts.
fn texts(format: Format, input: &str, expected: &[&str]) {
    let entries: Vec<Entry> = expected.iter().map(|text| Entry::text(text)).collect();
    check(format, Kind::Text, input.as_bytes(), &entries, &Ok(()));
}

/// An input is wrong in a record, after entries.
fn refuses(format: Format, input: &[u8], entries: &[Entry], record: u64, problem: Problem) {
    let error = RecordError { record, problem };
    check(format, Kind::Text, input, entries, &Err(error));
}

/// A record is cut into frames of these lengths, however it comes; `after` is a record of one byte.
fn frames(format: Format, before: &[u8], record: &[u8], after: &[u8], expected: &[usize]) {
    let input = [before, record, after].concat();
    let expected = [expected, &[1]].concat();
    for pieces in cuts(&input) {
        let (transcript, end) = feed(&mut splitter(format, Kind::Text), &pieces);
        assert_eq!(end, Ok(()));
        assert_eq!(transcript.chunks, expected);
    }
}

/// A few lengths around those where records are cut into frames.
const LONG: [(usize, &[usize]); 7] = [
    (MAX_FRAME - 1, &[MAX_FRAME - 1]),
    (MAX_FRAME, &[MAX_FRAME]),
    (MAX_FRAME + 1, &[MAX_FRAME, 1]),
    (2 * MAX_FRAME - 1, &[MAX_FRAME, MAX_FRAME - 1]),
    (2 * MAX_FRAME, &[MAX_FRAME, MAX_FRAME]),
    (2 * MAX_FRAME + 1, &[MAX_FRAME, MAX_FRAME, 1]),
    (3 * MAX_FRAME, &[MAX_FRAME, MAX_FRAME, MAX_FRAME]),
];

/// Whatever was wrong, nothing is given after it, and there is always space.
#[test]
fn nothing_follows_an_error() {
    for (format, input) in [
        (Format::Lines, &b"a\n\xff\nb\nc\n"[..]),
        (Format::Lines, b"\xc3\nb\n"),
        (Format::Nul, b"\xff\0b\0"),
        (Format::Raw, b"\xff"),
        (Format::Whole, b"a\xff"),
        (Format::Length, b"\0\0\0\x01\xff\0\0\0\x01b"),
        (Format::Length, b"\0\0\0\x02b"),
        (Format::Length, b"\0"),
        (Format::Json, b"{}\n{\"type\":\"ping\"}\n"),
    ] {
        let mut splitter = splitter(format, Kind::Text);
        let (_, end) = feed(&mut splitter, &[input]);
        assert!(end.is_err(), "{format:?}");
        assert_eq!(splitter.next(), Ok(None), "{format:?}");
        let (transcript, end) = feed(&mut splitter, &[&b"a\n\0\n".repeat(100_000)]);
        assert_eq!((transcript.entries, end), (vec![], Ok(())), "{format:?}");
    }
}

#[test]
fn nothing_is_no_record() {
    for format in [Format::Lines, Format::Nul, Format::Raw, Format::Length, Format::Json] {
        check(format, Kind::Text, b"", &[], &Ok(()));
    }
}

#[test]
fn what_is_held_is_known() {
    let mut splitter = splitter(Format::Lines, Kind::Text);
    assert_eq!(splitter.held(), 0);
    splitter.space()[..5].copy_from_slice(b"a\nbcd");
    splitter.filled(5);
    assert_eq!(splitter.held(), 5);
    assert!(splitter.next().unwrap().is_some());
    assert_eq!(splitter.held(), 3);
    assert_eq!(splitter.next(), Ok(None));
    assert_eq!(splitter.space().len(), FIRST_BUFFER - 3);
    assert_eq!(splitter.held(), 3);
}

/// A buffer that grew for a long record holds a frame, and room for the next read.
#[test]
fn memory_is_bounded() {
    for (format, input) in [
        (Format::Lines, vec![b'x'; 20 * MAX_FRAME]),
        (Format::Whole, vec![b'x'; 20 * MAX_FRAME]),
        (Format::Length, [b"\x10\0\0\0", &vec![b'x'; 20 * MAX_FRAME][..]].concat()),
    ] {
        let mut splitter = splitter(format, Kind::Text);
        let _ = feed(&mut splitter, &[&input]);
        assert!(splitter.buffer.len() <= 2 * MAX_FRAME, "{format:?}");
    }
}
