//! What holds for any input, in any pieces.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::transcript::{Entry, Transcript, cut, feed};
use super::{Chunk, Decoder, DeflateParams, Encoder, Event, Kind, Level, Mask, Role, Utf8Check, Violation, apply_mask};

/// An entry, and how to send it: cut into chunks, with a Ping after the first one.
#[derive(Debug, Clone)]
struct Sent {
    entry: Entry,
    cuts: Vec<Index>,
    ping: Option<Vec<u8>>,
}

/// Calls back for each of the events that say this.
fn say(sent: &[Sent], mut to: impl FnMut(&Event<'_>)) {
    for Sent { entry, cuts, ping } in sent {
        let Event::Data(whole) = entry.event() else {
            to(&entry.event());
            continue;
        };
        if cuts.is_empty() {
            to(&Event::Data(whole));
            continue;
        }
        let pieces = cut(whole.payload, cuts);
        for (i, payload) in pieces.iter().enumerate() {
            to(&Event::Data(Chunk { first: i == 0, last: i + 1 == pieces.len(), length: None, payload, ..whole }));
            if let Some(ping) = ping.as_ref().filter(|_| i == 0) {
                to(&Event::Ping(ping));
            }
        }
    }
}

fn encoder(role: Role, mut keys: Vec<[u8; 4]>) -> Encoder {
    keys.push([0; 4]);
    let mut keys = keys.into_iter().cycle();
    match role {
        Role::Client => Encoder::client(Box::new(move || keys.next().expect("a cycle has no end"))),
        Role::Server => Encoder::server(),
    }
}

fn encode(mut encoder: Encoder, sent: &[Sent]) -> Vec<u8> {
    say(sent, |event| encoder.push(event));
    encoder.pending().to_vec()
}

fn decode(role: Role, limit: Option<u64>, pieces: &[&[u8]]) -> (Vec<Entry>, Result<bool, Violation>) {
    feed(&mut Decoder::new(role, 0, limit), pieces)
}

fn inflate(
    role: Role,
    params: DeflateParams,
    limit: Option<u64>,
    pieces: &[&[u8]],
) -> (Vec<Entry>, Result<bool, Violation>) {
    feed(&mut Decoder::new(role, 0, limit).inflating(Some(params)), pieces)
}

fn entry() -> impl Strategy<Value = Entry> {
    prop_oneof![
        4 => any::<String>().prop_map(Entry::Text),
        3 => vec(any::<u8>(), 0..700).prop_map(Entry::Binary),
        1 => vec(any::<u8>(), 0..=125).prop_map(Entry::Ping),
        1 => vec(any::<u8>(), 0..=125).prop_map(Entry::Pong),
    ]
}

fn sent() -> impl Strategy<Value = Vec<Sent>> {
    let one = (entry(), vec(any::<Index>(), 0..4), proptest::option::of(vec(any::<u8>(), 0..=125)))
        .prop_map(|(entry, cuts, ping)| Sent { entry, cuts, ping });
    vec(one, 0..6)
}

/// Every combination of parameters that can be agreed on (RFC 7692, 7.1).
fn params() -> impl Strategy<Value = DeflateParams> {
    (any::<bool>(), 8..=15_u8)
        .prop_map(|(context_takeover, window_bits)| DeflateParams { context_takeover, window_bits })
}

/// Payload that DEFLATE has something to do with: words that come again, near and far, between bytes that don't.
fn wordy() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        4 => "(the|quick|brown|fox|jumps) ".prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..20),
        1 => (any::<u8>(), 0..3000_usize).prop_map(|(byte, count)| vec![byte; count]),
    ];
    vec(word, 0..60).prop_map(|words| words.concat())
}

fn sent_to_deflate() -> impl Strategy<Value = Vec<Sent>> {
    let entry = prop_oneof![2 => wordy().prop_map(Entry::Binary), 1 => entry()];
    let one = (entry, vec(any::<Index>(), 0..4), proptest::option::of(vec(any::<u8>(), 0..=125)))
        .prop_map(|(entry, cuts, ping)| Sent { entry, cuts, ping });
    vec(one, 0..6)
}

/// The payload of a server's frames as it is on the wire.
fn payload_on_the_wire(mut frames: &[u8]) -> Vec<u8> {
    let mut payload = Vec::new();
    while let [_, length, rest @ ..] = frames {
        let (length, rest) = match (length, rest) {
            (126, [a, b, rest @ ..]) => (usize::from(*a) << 8 | usize::from(*b), rest),
            (127, [0, 0, 0, 0, 0, a, b, c, rest @ ..]) => {
                (usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c), rest)
            }
            (short, rest) => (usize::from(*short), rest),
        };
        payload.extend_from_slice(&rest[..length]);
        frames = &rest[length..];
    }
    payload
}

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Client), Just(Role::Server)]
}

proptest! {
    #[test]
    fn a_peer_reads_what_was_sent(
        role in role(),
        sent in sent(),
        keys in vec(any::<[u8; 4]>(), 0..4),
        cuts in vec(any::<Index>(), 0..9),
    ) {
        let bytes = encode(encoder(role, keys), &sent);
        let mut expected = Transcript::default();
        say(&sent, |event| expected.note(event));
        prop_assert_eq!(decode(role.peer(), None, &cut(&bytes, &cuts)), (expected.entries, Ok(false)));
    }

    #[test]
    fn a_peer_reads_what_was_compressed(
        role in role(),
        params in params(),
        level in (1..=9_u8).prop_map(|level| Level::new(level).expect("levels go from 1 to 9")),
        sent in sent_to_deflate(),
        keys in vec(any::<[u8; 4]>(), 0..4),
        cuts in vec(any::<Index>(), 0..9),
    ) {
        let bytes = encode(encoder(role, keys).compressing(Some(params), level), &sent);
        let mut expected = Transcript::default();
        say(&sent, |event| expected.note(event));
        let read = inflate(role.peer(), params, None, &cut(&bytes, &cuts));
        prop_assert_eq!(read, (expected.entries, Ok(false)));
    }

    /// A decompressor alone reads it once the four bytes are put back, without takeover each message by itself. (It would
    /// read what goes back beyond the window, too.)
    #[test]
    fn a_decompressor_reads_what_is_sent(
        context_takeover in any::<bool>(),
        window_bits in 9..=15_u8,
        payloads in vec(wordy(), 1..5),
    ) {
        let params = DeflateParams { context_takeover, window_bits };
        let mut encoder = Encoder::server().compressing(Some(params), Level::default());
        let new = || flate2::Decompress::new(false);
        let mut inflate = new();
        for payload in &payloads {
            encoder.push(&Event::Data(Chunk { last: false, ..Chunk::whole(Kind::Binary, payload) }));
            encoder.push(&Event::Data(Chunk { first: false, ..Chunk::whole(Kind::Binary, b"") }));
            let compressed = payload_on_the_wire(encoder.pending());
            encoder.clear();
            if !context_takeover {
                inflate = new();
            }
            let mut out = Vec::with_capacity(payload.len() + 1);
            let input = [&compressed[..], &[0, 0, 0xff, 0xff]].concat();
            inflate.decompress_vec(&input, &mut out, flate2::FlushDecompress::Sync).expect("it is DEFLATE data");
            prop_assert_eq!(&out, payload);
        }
    }

    /// What is appended reads as what was encoded, whoever encodes it anew.
    #[test]
    fn appended_frames_say_the_same(
        role in role(),
        params in proptest::option::of(params()),
        sent in sent_to_deflate(),
    ) {
        let data: Vec<Sent> = sent.into_iter().filter(|sent| matches!(sent.entry, Entry::Text(_) | Entry::Binary(_))).collect();
        let data: Vec<Sent> = data.into_iter().map(|sent| Sent { ping: None, ..sent }).collect();
        let mut appender = encoder(role, vec![[9, 8, 7, 6]]).compressing(params, Level::default());
        appender.append(&encode(Encoder::server(), &data));
        let mut expected = Transcript::default();
        say(&data, |event| expected.note(event));
        let mut decoder = Decoder::new(role.peer(), 0, None).inflating(params);
        prop_assert_eq!(feed(&mut decoder, &[appender.pending()]), (expected.entries, Ok(false)));
    }

    /// Noise, and frames with some bytes changed.
    #[test]
    fn any_bytes_give_the_same_however_they_come(
        role in role(),
        noise in vec(any::<u8>(), 0..40),
        sent in sent(),
        changes in vec((any::<Index>(), any::<u8>()), 0..4),
        limit in proptest::option::of(0..1000_u64),
        cuts in vec(any::<Index>(), 0..9),
    ) {
        let mut bytes = encode(encoder(role.peer(), vec![[1, 2, 3, 4]]), &sent);
        bytes.extend(noise);
        if !bytes.is_empty() {
            for (place, byte) in changes {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
        }
        let whole = decode(role, limit, &[&bytes]);
        prop_assert_eq!(&decode(role, limit, &cut(&bytes, &cuts)), &whole);
        let one_by_one: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(&decode(role, limit, &one_by_one), &whole);
    }

    #[test]
    fn any_compressed_bytes_give_the_same_however_they_come(
        role in role(),
        params in params(),
        noise in vec(any::<u8>(), 0..40),
        sent in sent_to_deflate(),
        changes in vec((any::<Index>(), any::<u8>()), 0..4),
        limit in proptest::option::of(0..9000_u64),
        cuts in vec(any::<Index>(), 0..9),
    ) {
        let sender = encoder(role.peer(), vec![[1, 2, 3, 4]]).compressing(Some(params), Level::default());
        let mut bytes = encode(sender, &sent);
        bytes.extend(noise);
        if !bytes.is_empty() {
            for (place, byte) in changes {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
        }
        let whole = inflate(role, params, limit, &[&bytes]);
        prop_assert_eq!(&inflate(role, params, limit, &cut(&bytes, &cuts)), &whole);
        let one_by_one: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(&inflate(role, params, limit, &one_by_one), &whole);
    }

    #[test]
    fn a_mask_in_pieces_is_a_mask(
        payload in vec(any::<u8>(), 0..300),
        key in any::<[u8; 4]>(),
        cuts in vec(any::<Index>(), 0..5),
    ) {
        let mut expected = payload.clone();
        apply_mask(&mut expected, key);
        let mut mask = Mask::new(key);
        let mut masked = Vec::new();
        for piece in cut(&payload, &cuts) {
            let start = masked.len();
            masked.extend_from_slice(piece);
            mask.apply(&mut masked[start..]);
        }
        prop_assert_eq!(&masked, &expected);
        apply_mask(&mut masked, key);
        prop_assert_eq!(masked, payload);
    }

    #[test]
    fn utf8_is_what_the_standard_library_says(
        mut bytes in prop_oneof![
            any::<String>().prop_map(String::into_bytes),
            vec(any::<u8>(), 0..12),
        ],
        changes in vec((any::<Index>(), any::<u8>()), 0..2),
        cuts in vec(any::<Index>(), 0..5),
    ) {
        if !bytes.is_empty() {
            for (place, byte) in changes {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
        }
        let mut check = Utf8Check::default();
        let mut seen = 0;
        let mut result = Ok(());
        for piece in cut(&bytes, &cuts) {
            seen += piece.len();
            result = check.push(piece);
            let error = std::str::from_utf8(&bytes[..seen]).err();
            let so_far = error.filter(|error| error.error_len().is_some());
            prop_assert_eq!(
                result.map_err(|invalid| invalid.offset),
                so_far.map_or(Ok(()), |error| Err(error.valid_up_to() as u64))
            );
            if result.is_err() {
                break;
            }
            prop_assert_eq!(check.incomplete(), seen - error.map_or(seen, |e| e.valid_up_to()));
        }
        let result = result.and_then(|()| check.finish()).map_err(|invalid| invalid.offset);
        let expected = std::str::from_utf8(&bytes).map(drop);
        prop_assert_eq!(result, expected.map_err(|error| error.valid_up_to() as u64));
    }

    /// An unmasked text frame in one piece is the UTF-8 check and nothing else.
    #[test]
    fn text_is_given_if_it_is_utf8(payload in vec(any::<u8>(), 0..126)) {
        let bytes = [&[0x81, payload.len() as u8], &payload[..]].concat();
        let (entries, end) = decode(Role::Client, None, &[&bytes]);
        match String::from_utf8(payload) {
            Ok(text) => prop_assert_eq!((entries, end), (vec![Entry::Text(text)], Ok(false))),
            Err(error) => {
                let at = error.utf8_error().valid_up_to() as u64;
                prop_assert_eq!((entries, end), (vec![], Err(Violation::TextNotUtf8(at))));
            }
        }
    }
}
