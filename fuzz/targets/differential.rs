//! The same bytes give the same messages, and the same word on whether they are right, as with tungstenite.
//!
//! wspipe takes tungstenite's frame headers and nothing else of it, so all rules are applied twice here.
#![no_main]

use std::io::{self, Read, Write};

use libfuzzer_sys::fuzz_target;
use tungstenite::protocol::{Role as TheirRole, WebSocketConfig};
use tungstenite::{Error, Message, WebSocket};
use wspipe::protocol::{Close, Decoder, Encoder, Role, Violation};
use wspipe_fuzz::{Entry, Plan, Transcript, wire};

/// The longest message, in bytes: the three ways to write a length are all below it, what memory can't hold is above.
const LIMIT: usize = 70_000;

fuzz_target!(|input: &[u8]| {
    let Some((plan, rest)) = Plan::split(input) else { return };
    let role = plan.choose(0, [Role::Client, Role::Server, Role::Client, Role::Server]);
    let frames = plan.choose(1, [None, None, Some(()), Some(())]).map(|()| wire::frames(role, rest));
    let bytes = frames.as_deref().unwrap_or(rest);
    let ours = read(role, bytes);
    compare(&ours, &their_reading(role, bytes, plan, ours.violation.is_some()));
    if ours.violation.is_none() {
        // What the encoder makes of the same events reads the same, too.
        compare(&ours, &their_reading(role, &ours.sent_again, plan, false));
    }
});

/// What wspipe makes of bytes.
struct Ours {
    entries: Vec<Entry>,
    violation: Option<Violation>,
    /// The frames that say the same.
    sent_again: Vec<u8>,
}

/// What tungstenite makes of bytes.
struct Theirs {
    entries: Vec<Entry>,
    error: Option<Error>,
}

/// Fails unless both say the same, or differ as one of the exceptions allows. These are all there are; for each it is
/// said which of the two does more, or asks more.
fn compare(ours: &Ours, theirs: &Theirs) {
    let told = || format!("{:?} {:?}, {:?} {:?}", ours.entries, ours.violation, theirs.entries, theirs.error);
    let replaced = Entry::Close(Close::new(1002, "Protocol violation"));
    match (ours.violation, &theirs.error) {
        // RFC 6455, 5.2: "the minimal number of bytes MUST be used to encode the length". tungstenite takes longer ones,
        // and goes on; wspipe does not. Up to there both agree.
        (Some(Violation::LengthNotMinimal(_)), _) => assert!(theirs.entries.starts_with(&ours.entries), "{}", told()),
        // RFC 6455, 7.4.2: codes that must not be on the wire. Both refuse; tungstenite does so by giving another Close,
        // the one that it answers with, and not by an error.
        (Some(Violation::CloseCode(_)), None) => {
            assert_eq!(theirs.entries.split_last(), Some((&replaced, &*ours.entries)), "{}", told());
        }
        // RFC 6455, 7.4.1 and 11.7: 1014 was registered after the RFC. tungstenite does not know it, so it asks more
        // than the registry does; wspipe takes it.
        (None, None) if matches!(ours.entries.last(), Some(Entry::Close(Close { code: Some(1014), .. }))) => {
            let (_, before) = ours.entries.split_last().expect("it has a last one");
            assert_eq!(theirs.entries.split_last(), Some((&replaced, before)), "{}", told());
        }
        (violation, error) => {
            assert_eq!(violation.is_some(), error.is_some(), "{}", told());
            assert_eq!(ours.entries, theirs.entries, "{}", told());
        }
    }
}

fn read(role: Role, mut bytes: &[u8]) -> Ours {
    let mut decoder = Decoder::new(role, 4096, Some(LIMIT as u64));
    let mut transcript = Transcript::default();
    let mut encoder = match role {
        Role::Server => Encoder::client(Box::new(|| [0x37, 0xfa, 0x21, 0x3d])),
        Role::Client => Encoder::server(),
    };
    let mut violation = None;
    while !bytes.is_empty() && violation.is_none() {
        let space = decoder.space();
        let (now, later) = bytes.split_at(bytes.len().min(space.len()));
        space[..now.len()].copy_from_slice(now);
        decoder.filled(now.len());
        bytes = later;
        loop {
            match decoder.next() {
                Ok(Some(event)) => {
                    transcript.note(&event);
                    encoder.push(&event);
                }
                Ok(None) => break,
                Err(found) => {
                    violation = Some(found);
                    break;
                }
            }
        }
    }
    Ours { entries: transcript.entries, violation, sent_again: encoder.pending().to_vec() }
}

/// `until_judged`: wspipe refuses a frame as soon as its header or a part of its text shows that it is wrong, tungstenite
/// when all of it is there; so the rest of the last frame comes, too.
fn their_reading(role: Role, bytes: &[u8], plan: Plan, until_judged: bool) -> Theirs {
    let mut bytes = bytes.to_vec();
    if until_judged {
        // A frame that is longer than the limit is refused by its header.
        let missing = wire::missing(&bytes).min(LIMIT as u64 + 1) as usize;
        bytes.resize(bytes.len() + missing, 0);
    }
    let role = match role {
        Role::Client => TheirRole::Client,
        Role::Server => TheirRole::Server,
    };
    let config = WebSocketConfig::default()
        .read_buffer_size(4096)
        .max_frame_size(Some(LIMIT))
        .max_message_size(Some(LIMIT))
        .accept_unmasked_frames(false);
    let mut pieces = plan.pieces(&bytes);
    pieces.reverse();
    let mut socket = WebSocket::from_raw_socket(Stream { pieces }, role, Some(config));
    let mut entries = Vec::new();
    let error = loop {
        let entry = match socket.read() {
            Ok(Message::Text(text)) => Entry::Text(text.to_string()),
            Ok(Message::Binary(bytes)) => Entry::Binary(bytes.to_vec()),
            Ok(Message::Ping(bytes)) => Entry::Ping(bytes.to_vec()),
            Ok(Message::Pong(bytes)) => Entry::Pong(bytes.to_vec()),
            Ok(Message::Close(close)) => {
                let close = close.map_or_else(Close::default, |close| Close::new(close.code.into(), &close.reason));
                entries.push(Entry::Close(close));
                break None;
            }
            Ok(Message::Frame(frame)) => panic!("a frame is no message: {frame}"),
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => break None,
            Err(error) => break Some(error),
        };
        entries.push(entry);
    };
    Theirs { entries, error }
}

/// Gives pieces, the last one first, then makes wait for more; takes whatever is written.
struct Stream<'a> {
    pieces: Vec<&'a [u8]>,
}

impl Read for Stream<'_> {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        while let Some(piece) = self.pieces.last_mut() {
            if !piece.is_empty() {
                return piece.read(space);
            }
            self.pieces.pop();
        }
        Err(io::ErrorKind::WouldBlock.into())
    }
}

impl Write for Stream<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
