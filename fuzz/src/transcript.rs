//! What events say, put together so that it can be compared: however a message is cut, it reads the same.

use wspipe::protocol::{Chunk, Close, Event, Kind};

/// A message as a whole, or a control frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// A Ping.
    Ping(Vec<u8>),
    /// A Pong.
    Pong(Vec<u8>),
    /// A Close.
    Close(Close),
}

/// Listens to events, and holds each against what the ones before it promised.
#[derive(Debug, Default, PartialEq)]
pub struct Transcript {
    /// What is complete.
    pub entries: Vec<Entry>,
    /// A message whose end has not come.
    pub open: Option<Open>,
}

/// The beginning of a message.
#[derive(Debug)]
pub struct Open {
    kind: Kind,
    length: Option<u64>,
    payload: Vec<u8>,
    /// How many of these bytes are known to be UTF-8.
    checked: usize,
}

impl PartialEq for Open {
    fn eq(&self, other: &Self) -> bool {
        (self.kind, self.length, &self.payload) == (other.kind, other.length, &other.payload)
    }
}

impl Transcript {
    /// Takes the next event.
    pub fn note(&mut self, event: &Event<'_>) {
        assert!(!matches!(self.entries.last(), Some(Entry::Close(_))), "{event:?} behind a Close");
        match event {
            Event::Data(chunk) => self.chunk(chunk),
            Event::Ping(payload) => self.control(payload, Entry::Ping),
            Event::Pong(payload) => self.control(payload, Entry::Pong),
            Event::Close(close) => {
                assert!(close.reason.len() <= Close::MAX_REASON);
                self.entries.push(Entry::Close(close.clone()));
            }
        }
    }

    /// Whether both say the same, but for what stands of the last message: where an error ends both, one may have seen
    /// more of it. What both have seen is the same.
    pub fn agrees_up_to_an_error(&self, other: &Self) -> bool {
        let (one, two) = (self.open_payload(), other.open_payload());
        let both = one.len().min(two.len());
        self.entries == other.entries && one[..both] == two[..both]
    }

    /// What has come of a message whose end has not.
    pub fn open_payload(&self) -> &[u8] {
        self.open.as_ref().map_or(&[], |open| &open.payload)
    }

    /// All payload of messages, in order.
    pub fn payload(&self) -> Vec<u8> {
        let mut payload = Vec::new();
        for entry in &self.entries {
            match entry {
                Entry::Text(text) => payload.extend_from_slice(text.as_bytes()),
                Entry::Binary(bytes) => payload.extend_from_slice(bytes),
                Entry::Ping(_) | Entry::Pong(_) | Entry::Close(_) => {}
            }
        }
        payload.extend_from_slice(self.open_payload());
        payload
    }

    fn control(&mut self, payload: &[u8], entry: impl FnOnce(Vec<u8>) -> Entry) {
        assert!(payload.len() <= 125, "a control frame of {} bytes", payload.len());
        self.entries.push(entry(payload.to_vec()));
    }

    fn chunk(&mut self, chunk: &Chunk<'_>) {
        assert_eq!(chunk.first, self.open.is_none(), "{chunk:?}");
        let Chunk { kind, length, .. } = *chunk;
        let open = self.open.get_or_insert_with(|| Open { kind, length, payload: Vec::new(), checked: 0 });
        assert_eq!((kind, length), (open.kind, open.length), "a message changes in its middle");
        open.payload.extend_from_slice(chunk.payload);
        if kind == Kind::Text {
            // Whoever prints text as it comes has printed nothing that is none.
            let new = &open.payload[open.checked..];
            let fault = std::str::from_utf8(new).err();
            open.checked += fault.map_or(new.len(), |fault| fault.valid_up_to());
            let is_fault = fault.is_some_and(|fault| chunk.last || fault.error_len().is_some());
            assert!(!is_fault, "{fault:?} in {new:?}");
        }
        if !chunk.last {
            return;
        }
        let Some(Open { payload, .. }) = self.open.take() else { return };
        assert!(length.is_none_or(|length| length == payload.len() as u64), "another length than announced");
        self.entries.push(match kind {
            Kind::Text => Entry::Text(String::from_utf8(payload).expect("text is checked above")),
            Kind::Binary => Entry::Binary(payload),
        });
    }
}
