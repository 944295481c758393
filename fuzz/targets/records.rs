//! An input is cut into the same messages however it comes, and laid out again it is what it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wspipe::protocol::Kind;
use wspipe::records::{Format, Joiner, JsonEvents, RecordError, Splitter};
use wspipe_fuzz::shown::assert_printable;
use wspipe_fuzz::{Entry, Plan, Transcript};

/// A record longer than this leaves in several chunks, in bytes.
const MAX_FRAME: usize = 256 << 10;

fuzz_target!(|input: &[u8]| {
    let Some((plan, rest)) = Plan::split(input) else { return };
    let kind = plan.choose(0, [Kind::Text, Kind::Binary, Kind::Text, Kind::Binary]);
    let delimited = plan.choose(2, [Format::Lines, Format::Nul, Format::Length, Format::Length]);
    let other = plan.choose(2, [Format::Raw, Format::Whole, Format::Json, Format::Json]);
    let format = plan.choose(1, [other, other, delimited, delimited]);
    let limit = plan.choose(3, [None, None, Some(20), Some(1000)]);
    // It takes far longer than a short one, so it is done for one in 64.
    let long = (4..7).all(|place| plan.choose(place, [false, false, false, true]));
    let longer = if long { Some(stretch(rest)) } else { None };
    let bytes = longer.as_deref().unwrap_or(rest);
    let split = |pieces: &[&[u8]]| split(format, kind, limit, pieces);
    let whole = split(&[bytes]);
    let ways = if long { vec![vec![bytes], bytes.chunks(4093).collect()] } else { plan.ways(bytes) };
    for pieces in ways {
        let other = split(&pieces);
        assert_same(format, &whole, &other);
        if other.error.is_none() {
            assert_joined(format, bytes, &other);
        }
    }
});

/// What a splitter makes of an input.
struct Reading {
    transcript: Transcript,
    error: Option<RecordError>,
    /// What a joiner makes of the same events.
    joined: Vec<u8>,
}

/// The input with so many characters in its middle that the record there does not fit a frame, nor end at a character.
fn stretch(input: &[u8]) -> Vec<u8> {
    let (head, tail) = input.split_at(input.len() / 2);
    [head, "é".repeat(MAX_FRAME / 2 + 1).as_bytes(), tail].concat()
}

fn split(format: Format, kind: Kind, limit: Option<u64>, pieces: &[&[u8]]) -> Reading {
    let mut splitter = Splitter::new(format, kind, 64, limit);
    let mut reading = Reading { transcript: Transcript::default(), error: None, joined: Vec::new() };
    let mut joiner = Joiner::new(format, None, JsonEvents::default());
    for mut piece in pieces.iter().copied() {
        while !piece.is_empty() {
            let space = splitter.space();
            assert!(!space.is_empty(), "no room for more");
            let (now, later) = piece.split_at(piece.len().min(space.len()));
            space[..now.len()].copy_from_slice(now);
            splitter.filled(now.len());
            piece = later;
            drain(&mut splitter, &mut joiner, &mut reading);
        }
    }
    splitter.finish();
    drain(&mut splitter, &mut joiner, &mut reading);
    if reading.error.is_none() {
        assert!(!splitter.is_inside_message(), "the input ended, the message did not");
        assert_eq!(splitter.held(), 0, "something stays unsent");
    }
    reading
}

fn drain(splitter: &mut Splitter, joiner: &mut Joiner, reading: &mut Reading) {
    loop {
        match splitter.next() {
            Ok(Some(event)) => {
                assert!(reading.error.is_none(), "{event:?} behind an error");
                // A Close is the last that is sent; what an input has behind it is another's to judge.
                if matches!(reading.transcript.entries.last(), Some(Entry::Close(_))) {
                    continue;
                }
                reading.transcript.note(&event);
                joiner.push(&event, &mut reading.joined).expect("memory takes all");
            }
            Ok(None) => return,
            Err(error) => {
                assert!(reading.error.is_none(), "{error} behind {:?}", reading.error);
                assert_printable(&error.to_string(), false);
                reading.error = Some(error);
            }
        }
    }
}

fn assert_same(format: Format, one: &Reading, other: &Reading) {
    if format == Format::Raw {
        // Here the pieces are the messages; the first fault is the same, counted in them.
        assert_eq!(one.error.is_some(), other.error.is_some());
        if one.error.is_none() {
            assert_eq!(one.transcript.payload(), other.transcript.payload());
        }
        return;
    }
    assert_eq!(one.error, other.error);
    match one.error {
        None => assert_eq!(one.transcript, other.transcript),
        Some(_) => assert!(one.transcript.agrees_up_to_an_error(&other.transcript)),
    }
}

/// Laid out again, the messages are the input.
fn assert_joined(format: Format, input: &[u8], reading: &Reading) {
    if format == Format::Json {
        // Fields may stand in another order, and some are new: as events it is the same.
        let again = split(format, Kind::Text, None, &[&reading.joined]);
        assert_eq!((again.transcript.entries, again.error), (reading.transcript.entries.clone(), None));
        return;
    }
    let (joined, last) = match (format.delimiter(), input.last()) {
        // A last line may lack its end; laid out it has one.
        (Some(delimiter), Some(&last)) if last != delimiter => {
            let (last, joined) = reading.joined.split_last().expect("there is a record");
            (joined, Some((*last, delimiter)))
        }
        _ => (&*reading.joined, None),
    };
    assert!(last.is_none_or(|(last, delimiter)| last == delimiter));
    assert!(joined == input, "{joined:?} for {input:?}");
}
