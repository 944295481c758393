//! What events say, put together so that tests can compare it: however a message is cut, it reads the same.

use proptest::sample::Index;

use super::{Chunk, Close, Decoder, Event, Kind, Violation};

/// A message as a whole, or a control frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Close),
}

impl Entry {
    pub(crate) fn text(text: &str) -> Self {
        Entry::Text(text.into())
    }

    pub(crate) fn binary(bytes: &[u8]) -> Self {
        Entry::Binary(bytes.into())
    }

    pub(crate) fn ping(bytes: &[u8]) -> Self {
        Entry::Ping(bytes.into())
    }

    pub(crate) fn pong(bytes: &[u8]) -> Self {
        Entry::Pong(bytes.into())
    }

    pub(crate) fn close(code: u16, reason: &str) -> Self {
        Entry::Close(Close::new(code, reason))
    }

    /// The whole entry as one event.
    pub(crate) fn event(&self) -> Event<'_> {
        match self {
            Entry::Text(text) => Event::Data(Chunk::whole(Kind::Text, text.as_bytes())),
            Entry::Binary(bytes) => Event::Data(Chunk::whole(Kind::Binary, bytes)),
            Entry::Ping(bytes) => Event::Ping(bytes),
            Entry::Pong(bytes) => Event::Pong(bytes),
            Entry::Close(close) => Event::Close(close.clone()),
        }
    }
}

/// Listens to events, and holds each chunk against what the chunks before it promised.
#[derive(Debug, Default)]
pub(crate) struct Transcript {
    pub(crate) entries: Vec<Entry>,
    /// The length of every chunk, in bytes.
    pub(crate) chunks: Vec<usize>,
    open: Option<Open>,
}

/// A message whose end has not come.
#[derive(Debug)]
struct Open {
    kind: Kind,
    length: Option<u64>,
    payload: Vec<u8>,
}

impl Transcript {
    pub(crate) fn note(&mut self, event: &Event<'_>) {
        match event {
            Event::Data(chunk) => self.chunk(chunk),
            Event::Ping(payload) => self.entries.push(Entry::ping(payload)),
            Event::Pong(payload) => self.entries.push(Entry::pong(payload)),
            Event::Close(close) => self.entries.push(Entry::Close(close.clone())),
        }
    }

    fn chunk(&mut self, chunk: &Chunk<'_>) {
        assert_eq!(chunk.first, self.open.is_none(), "{chunk:?}");
        let open =
            self.open.get_or_insert_with(|| Open { kind: chunk.kind, length: chunk.length, payload: Vec::new() });
        assert_eq!((chunk.kind, chunk.length), (open.kind, open.length));
        open.payload.extend_from_slice(chunk.payload);
        self.chunks.push(chunk.payload.len());
        if !chunk.last {
            return;
        }
        let Some(Open { kind, length, payload }) = self.open.take() else {
            return;
        };
        assert!(length.is_none_or(|length| length == payload.len() as u64));
        self.entries.push(match kind {
            Kind::Text => Entry::Text(String::from_utf8(payload).expect("text is checked")),
            Kind::Binary => Entry::Binary(payload),
        });
    }
}

/// Feeds pieces, and gives what was read and how it stands at the end: inside a message or not, or broken.
pub(crate) fn feed(decoder: &mut Decoder, pieces: &[&[u8]]) -> (Vec<Entry>, Result<bool, Violation>) {
    let mut transcript = Transcript::default();
    for mut piece in pieces.iter().copied() {
        while !piece.is_empty() {
            let space = decoder.space();
            assert!(!space.is_empty());
            let (now, later) = piece.split_at(piece.len().min(space.len()));
            space[..now.len()].copy_from_slice(now);
            decoder.filled(now.len());
            piece = later;
            loop {
                match decoder.next() {
                    Ok(Some(event)) => transcript.note(&event),
                    Ok(None) => break,
                    Err(violation) => return (transcript.entries, Err(violation)),
                }
            }
        }
    }
    (transcript.entries, Ok(decoder.is_inside_message()))
}

/// The ways to cut bytes that are worth a try: not at all, after each byte, at each place, and at each two places.
///
/// Long ones are cut once only, near their ends and the middle, where headers and buffers have theirs.
pub(crate) fn cuts(bytes: &[u8]) -> Vec<Vec<&[u8]>> {
    let len = bytes.len();
    let mut cuts = vec![vec![bytes]];
    if len <= 600 {
        cuts.push(bytes.chunks(1).collect());
    }
    for i in (0..=len).filter(|i| len <= 600 || *i <= 20 || len - i <= 4 || *i == len / 2) {
        cuts.push(vec![&bytes[..i], &bytes[i..]]);
        if len <= 40 {
            cuts.extend((i..=len).map(|j| vec![&bytes[..i], &bytes[i..j], &bytes[j..]]));
        }
    }
    cuts
}

/// Bytes cut at any places, in their order; pieces may be empty.
pub(crate) fn cut<'a>(bytes: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|at| at.index(bytes.len() + 1)).collect();
    places.extend([0, bytes.len()]);
    places.sort_unstable();
    let pieces = places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]);
    pieces.collect()
}
