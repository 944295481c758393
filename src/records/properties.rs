//! What one side of the pipe writes, the other reads.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::{Format, Joiner, JsonEvents, Splitter};
use crate::protocol::transcript::{Entry, Transcript, cut};
use crate::protocol::{Chunk, Close, Event, Kind};

/// What a joiner lays out, each message in as many pieces as there are cuts and one.
fn join(format: Format, entries: &[Entry], cuts: &[Index]) -> Vec<u8> {
    let mut joiner = Joiner::new(format, None, JsonEvents::default());
    let mut out = Vec::new();
    let mut push = |event: &Event<'_>| joiner.push(event, &mut out).expect("memory takes all");
    for entry in entries {
        match entry.event() {
            Event::Data(whole) if !cuts.is_empty() => {
                let pieces = cut(whole.payload, cuts);
                for (i, payload) in pieces.iter().enumerate() {
                    push(&Event::Data(Chunk {
                        first: i == 0,
                        last: i + 1 == pieces.len(),
                        length: None,
                        payload,
                        ..whole
                    }));
                }
            }
            event => push(&event),
        }
    }
    out
}

/// What a splitter makes of an input in these pieces.
fn split(format: Format, kind: Kind, pieces: &[&[u8]]) -> Vec<Entry> {
    let mut splitter = Splitter::new(format, kind, 64, None);
    let mut transcript = Transcript::default();
    let mut drain = |splitter: &mut Splitter| {
        while let Some(event) = splitter.next().expect("the input is right") {
            transcript.note(&event);
        }
    };
    for mut piece in pieces.iter().copied() {
        while !piece.is_empty() {
            let space = splitter.space();
            let (now, later) = piece.split_at(piece.len().min(space.len()));
            space[..now.len()].copy_from_slice(now);
            splitter.filled(now.len());
            piece = later;
            drain(&mut splitter);
        }
    }
    splitter.finish();
    drain(&mut splitter);
    transcript.entries
}

fn cuts() -> impl Strategy<Value = Vec<Index>> {
    vec(any::<Index>(), 0..6)
}

fn message(kind: Kind) -> BoxedStrategy<Entry> {
    match kind {
        Kind::Text => any::<String>().prop_map(Entry::Text).boxed(),
        Kind::Binary => vec(any::<u8>(), 0..200).prop_map(Entry::Binary).boxed(),
    }
}

/// Messages of one kind, for formats that don't tell it.
fn messages() -> impl Strategy<Value = (Kind, Vec<Entry>)> {
    prop_oneof![Just(Kind::Text), Just(Kind::Binary)].prop_flat_map(|kind| (Just(kind), vec(message(kind), 0..8)))
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let close = (3000..5000_u16, "[a-zé✓\"\\\\\n]{0,40}");
    prop_oneof![
        3 => message(Kind::Text),
        3 => message(Kind::Binary),
        1 => vec(any::<u8>(), 0..=125).prop_map(Entry::Ping),
        1 => vec(any::<u8>(), 0..=125).prop_map(Entry::Pong),
        1 => close.prop_map(|(code, reason)| Entry::close(code, &reason)),
        1 => Just(Entry::Close(Close::default())),
    ]
}

/// The messages without a byte that delimits them.
fn without(delimiter: u8, entries: Vec<Entry>) -> Vec<Entry> {
    let strip = |entry| match entry {
        Entry::Text(text) => Entry::Text(text.replace(char::from(delimiter), "")),
        Entry::Binary(mut bytes) => {
            bytes.retain(|byte| *byte != delimiter);
            Entry::Binary(bytes)
        }
        control => control,
    };
    entries.into_iter().map(strip).collect()
}

fn payload(entries: &[Entry]) -> Vec<u8> {
    let bytes = |entry: &Entry| match entry.event() {
        Event::Data(chunk) => chunk.payload.to_vec(),
        _ => Vec::new(),
    };
    entries.iter().flat_map(bytes).collect()
}

proptest! {
    #[test]
    fn delimited_messages_are_read_back(
        (kind, entries) in messages(),
        out_cuts in cuts(),
        in_cuts in cuts(),
    ) {
        for format in [Format::Lines, Format::Nul] {
            let delimiter = format.delimiter().expect("these have one");
            let entries = without(delimiter, entries.clone());
            let out = join(format, &entries, &out_cuts);
            prop_assert_eq!(split(format, kind, &cut(&out, &in_cuts)), entries);
        }
    }

    #[test]
    fn messages_with_lengths_are_read_back(
        (kind, entries) in messages(),
        out_cuts in cuts(),
        in_cuts in cuts(),
    ) {
        let out = join(Format::Length, &entries, &out_cuts);
        prop_assert_eq!(split(Format::Length, kind, &cut(&out, &in_cuts)), entries);
    }

    #[test]
    fn json_events_are_read_back(
        entries in vec(any_entry(), 0..8),
        out_cuts in cuts(),
        in_cuts in cuts(),
    ) {
        let out = join(Format::Json, &entries, &out_cuts);
        prop_assert_eq!(split(Format::Json, Kind::Text, &cut(&out, &in_cuts)), entries);
    }

    /// Where messages are not told apart, their bytes are still all there.
    #[test]
    fn bytes_are_read_back(
        (kind, entries) in messages(),
        out_cuts in cuts(),
        in_cuts in cuts(),
    ) {
        let expected = payload(&entries);
        for format in [Format::Raw, Format::Whole] {
            let out = join(format, &entries, &out_cuts);
            prop_assert_eq!(&out, &expected);
            let read = split(format, kind, &cut(&out, &in_cuts));
            prop_assert_eq!(payload(&read), &expected[..]);
            prop_assert!(format == Format::Raw || read.len() == 1);
        }
    }

    /// Nothing that comes in breaks the splitter, and good records before a bad one are the same in any pieces.
    #[test]
    fn any_input_gives_the_same_however_it_comes(
        input in prop_oneof![
            vec(any::<u8>(), 0..60),
            "[\\[\\]{}\":,a\n\\\\]{0,40}".prop_map(String::into_bytes),
        ],
        in_cuts in cuts(),
    ) {
        for format in [Format::Lines, Format::Nul, Format::Whole, Format::Length, Format::Json] {
            let read = |pieces: &[&[u8]]| {
                let mut splitter = Splitter::new(format, Kind::Text, 64, Some(20));
                let mut transcript = Transcript::default();
                let mut error = None;
                for (i, piece) in pieces.iter().enumerate() {
                    splitter.space()[..piece.len()].copy_from_slice(piece);
                    splitter.filled(piece.len());
                    if i + 1 == pieces.len() {
                        splitter.finish();
                    }
                    loop {
                        match splitter.next() {
                            Ok(Some(event)) => transcript.note(&event),
                            Ok(None) => break,
                            Err(problem) => error = Some(problem),
                        }
                    }
                }
                (transcript.entries, error)
            };
            prop_assert_eq!(read(&cut(&input, &in_cuts)), read(&[&input]));
        }
    }
}
