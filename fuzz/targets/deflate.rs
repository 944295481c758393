//! Compressed messages read as what was compressed, in any pieces; and of those that another compressor has made, this
//! one reads what a second reading of DEFLATE does, no more than the limit, and refuses the rest.
#![no_main]

use arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use wspipe::protocol::{Chunk, Decoder, DeflateParams, Encoder, Event, Kind, Level, Role, Violation, apply_mask};
use wspipe_fuzz::inflate::Inflate;
use wspipe_fuzz::reading::read;
use wspipe_fuzz::{Entry, Plan, Transcript, deflated, payload};

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
/// The size of all messages of an input, in bytes, but for the last one: mostly little, so that many are tried; one in
/// four is larger than every window.
const MOST: [usize; 4] = [3000, 3000, 3000, 80_000];

fuzz_target!(|input: &[u8]| {
    let Some((plan, rest)) = Plan::split(input) else { return };
    let role = plan.choose(0, [Role::Client, Role::Server, Role::Client, Role::Server]);
    let bits = plan.choose(1, [0, 1, 2, 3]) * 2 + plan.choose(2, [0, 1, 0, 1]);
    let context_takeover = plan.choose(2, [false, false, true, true]);
    let params = DeflateParams { context_takeover, window_bits: 8 + bits };
    if plan.choose(3, [false, false, true, true]) {
        made(role, params, plan, &deflated::messages(rest));
    } else if let Ok(sent) = sent(plan.choose(7, MOST), &mut Unstructured::new(rest)) {
        compressed(role, params, plan, &sent);
        appended(role, params, plan, &sent);
    }
});

/// A message in chunks, with a Ping behind the first one.
struct Sent {
    kind: Kind,
    chunks: Vec<Vec<u8>>,
    ping: bool,
    /// Its last chunk does not come.
    open: bool,
}

fn sent(most: usize, choices: &mut Unstructured<'_>) -> Result<Vec<Sent>> {
    let mut sent = Vec::new();
    let mut size = 0;
    while !choices.is_empty() && size < most {
        let (how, stride): (u8, u8) = choices.arbitrary()?;
        let payload = payload::words(choices, most)?;
        size += payload.len();
        let is_text = how & 1 == 0 && std::str::from_utf8(&payload).is_ok();
        let kind = if is_text { Kind::Text } else { Kind::Binary };
        let stride = usize::from(stride).pow(2).max(payload.len() / 200 + 1);
        let mut chunks: Vec<Vec<u8>> = match how >> 1 & 3 {
            0 => vec![payload],
            _ => payload.chunks(stride).map(<[u8]>::to_vec).collect(),
        };
        // Chunks may be empty, at either end and in between.
        if how & 8 != 0 || chunks.is_empty() {
            chunks.insert(0, Vec::new());
        }
        if how & 16 != 0 {
            chunks.insert(chunks.len() / 2, Vec::new());
        }
        if how & 32 != 0 {
            chunks.push(Vec::new());
        }
        let open = how >> 6 == 3;
        sent.push(Sent { kind, chunks, ping: how >> 6 == 2, open });
        if open {
            break;
        }
    }
    Ok(sent)
}

/// Calls back for each of the events that say this.
fn say(sent: &[Sent], pings: bool, mut to: impl FnMut(&Event<'_>)) {
    for Sent { kind, chunks, ping, open } in sent {
        for (i, payload) in chunks.iter().enumerate() {
            let last = i + 1 == chunks.len() && !open;
            let length = (i == 0 && last).then_some(payload.len() as u64);
            to(&Event::Data(Chunk { kind: *kind, first: i == 0, last, length, payload }));
            if *ping && pings && i == 0 {
                to(&Event::Ping(b"ping"));
            }
        }
    }
}

/// What `role` reads of what its peer has compressed is what the peer was given.
fn compressed(role: Role, params: DeflateParams, plan: Plan, sent: &[Sent]) {
    let level = 1 + (plan.choose(4, [0, 1, 2, 3]) + 4 * plan.choose(5, [0, 1, 0, 2])) % 9;
    let level = Level::new(level).expect("levels go from 1 to 9");
    let mut encoder = encoder(role.peer()).compressing(Some(params), level);
    say(sent, true, |event| encoder.push(event));
    let bytes = encoder.pending();
    assert_says(role, Some(params), plan, bytes, sent, true);
    let size: usize = sent.iter().flat_map(|sent| &sent.chunks).map(Vec::len).sum();
    let volume = encoder.volume();
    assert_eq!(volume.is_some(), params.window_bits > 8);
    assert!(volume.is_none_or(|volume| volume.plain() == size as u64));
    assert_fits_window(params, bytes);
}

/// Frames that a server's encoder has made say the same, whoever encodes them anew.
fn appended(role: Role, params: DeflateParams, plan: Plan, sent: &[Sent]) {
    let mut server = Encoder::server();
    say(sent, false, |event| server.push(event));
    for params in [None, Some(params)] {
        let mut encoder = encoder(role.peer()).compressing(params, Level::default());
        encoder.append(server.pending());
        assert_says(role, params, plan, encoder.pending(), sent, false);
    }
}

fn encoder(role: Role) -> Encoder {
    match role {
        Role::Client => Encoder::client(Box::new(|| KEY)),
        Role::Server => Encoder::server(),
    }
}

fn assert_says(role: Role, params: Option<DeflateParams>, plan: Plan, bytes: &[u8], sent: &[Sent], pings: bool) {
    let mut expected = Transcript::default();
    say(sent, pings, |event| expected.note(event));
    let buffer = plan.choose(6, [0, 257, 1000, 70_000]);
    for pieces in plan.ways(bytes) {
        let (transcript, end) = read(Decoder::new(role, buffer, None).inflating(params), buffer, None, &pieces);
        // An end that consists of an empty last chunk may have come with the chunk before it, and the other way round.
        assert_eq!(transcript.entries, expected.entries);
        assert_eq!(transcript.open_payload(), expected.open_payload());
        assert_eq!(end, Ok(expected.open.is_some()));
    }
}

/// A peer whose window is no larger than what was agreed can read it (RFC 7692, 7.1.2), and without takeover each message
/// by itself (RFC 7692, 7.1.1).
fn assert_fits_window(params: DeflateParams, bytes: &[u8]) {
    let mut inflate = Inflate::new(params.context_takeover, params.window_bits);
    for payload in compressed_payloads(bytes) {
        assert_eq!(inflate.message(&payload).1, Ok(()), "{params:?}");
    }
}

/// The payload of each compressed message that is whole, as it is on the wire.
fn compressed_payloads(mut frames: &[u8]) -> Vec<Vec<u8>> {
    let mut payloads = Vec::new();
    let mut open: Option<Vec<u8>> = None;
    while let [first, second, rest @ ..] = frames {
        let (size, rest) = match second & 0x7f {
            126 => rest.split_first_chunk().map(|(length, rest)| (u16::from_be_bytes(*length).into(), rest)),
            127 => rest.split_first_chunk().map(|(length, rest)| (u64::from_be_bytes(*length) as usize, rest)),
            short => Some((short.into(), rest)),
        }
        .expect("a header is whole");
        let (key, rest) = rest.split_at(if second & 0x80 == 0 { 0 } else { 4 });
        let (payload, rest) = rest.split_at(size);
        frames = rest;
        if first & 8 != 0 {
            continue;
        }
        let mut payload = payload.to_vec();
        if let Ok(key) = key.try_into() {
            apply_mask(&mut payload, key);
        }
        if first & 0x40 != 0 {
            open = Some(Vec::new());
        }
        if let Some(open) = &mut open {
            open.append(&mut payload);
        }
        if first & 0x80 != 0 {
            payloads.extend(open.take());
        }
    }
    payloads
}

/// Binary messages with these compressed payloads, in frames of any size: the decoder's word on them is the same in any
/// pieces, and that of the other reading.
fn made(role: Role, params: DeflateParams, plan: Plan, payloads: &[Vec<u8>]) {
    let mut wire = Vec::new();
    for (number, payload) in payloads.iter().enumerate() {
        let stride = plan.choose(4, [60_000, 1, 7, 300]).max(payload.len() / 100 + 1);
        let mut fragments: Vec<&[u8]> = payload.chunks(stride).collect();
        if fragments.is_empty() || number % 5 == 4 {
            fragments.push(b"");
        }
        for (i, fragment) in fragments.iter().enumerate() {
            let last = if i + 1 == fragments.len() { 0x80 } else { 0 };
            push_frame(role, last | if i == 0 { 0x42 } else { 0 }, fragment, &mut wire);
        }
    }
    let limit = plan.choose(5, [None, None, Some(300), Some(5000)]);
    let buffer = plan.choose(6, [0, 257, 1000, 70_000]);
    let decoder = |buffer| Decoder::new(role, buffer, limit).inflating(Some(params));
    let (expected, end) = read(decoder(wire.len()), wire.len(), limit, &[&wire]);
    for pieces in plan.ways(&wire) {
        let (transcript, other_end) = read(decoder(buffer), buffer, limit, &pieces);
        assert_eq!(other_end, end);
        assert!(transcript.agrees_up_to_an_error(&expected), "{transcript:?} and {expected:?}");
    }
    let (entries, verdicts) = other_reading(params, limit, payloads);
    assert_eq!(expected.entries, entries);
    assert!(verdicts.contains(&end), "{end:?}, not {verdicts:?}");
}

/// The messages up to the first fault, and that one: it may be either where a message is broken and too long, as nothing
/// says which of them comes first.
fn other_reading(
    params: DeflateParams,
    limit: Option<u64>,
    payloads: &[Vec<u8>],
) -> (Vec<Entry>, Vec<std::result::Result<bool, Violation>>) {
    // The decoder reads what refers back farther than was agreed.
    let mut inflate = Inflate::new(params.context_takeover, 15);
    let mut entries = Vec::new();
    for payload in payloads {
        let (out, end) = inflate.message(payload);
        let mut verdicts = Vec::new();
        if let Some(limit) = limit.filter(|limit| out.len() as u64 > *limit) {
            verdicts.push(Err(Violation::MessageTooBig { limit }));
        }
        if end.is_err() {
            verdicts.push(Err(Violation::NotDeflate));
        }
        if !verdicts.is_empty() {
            return (entries, verdicts);
        }
        entries.push(Entry::Binary(out));
    }
    (entries, vec![Ok(false)])
}

/// Appends a frame that `role` receives.
fn push_frame(role: Role, first: u8, payload: &[u8], wire: &mut Vec<u8>) {
    let mask = if role == Role::Server { 0x80 } else { 0 };
    wire.push(first);
    // Fragments are shorter than 64 KiB.
    match u16::try_from(payload.len()).expect("a fragment is short") {
        short @ ..126 => wire.push(mask | short as u8),
        length => {
            wire.push(mask | 0x7e);
            wire.extend_from_slice(&length.to_be_bytes());
        }
    }
    let start = wire.len() + 4;
    if role == Role::Client {
        return wire.extend_from_slice(payload);
    }
    wire.extend_from_slice(&KEY);
    wire.extend_from_slice(payload);
    apply_mask(&mut wire[start..], KEY);
}
