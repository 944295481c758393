use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;
use crate::protocol::transcript::{Entry, cuts, feed};
use crate::protocol::{Chunk, Decoder, Encoder, Event, Kind, Role, Violation};

const AGREED: DeflateParams = DeflateParams { context_takeover: true, window_bits: 15 };
const ALONE: DeflateParams = DeflateParams { context_takeover: false, window_bits: 15 };

/// What a client reads from a server that compresses, in any pieces and with any buffer.
fn check(params: DeflateParams, limit: Option<u64>, bytes: &[u8], entries: &[Entry], end: Result<bool, Violation>) {
    for pieces in cuts(bytes) {
        for buffer in [0, 4096] {
            let mut decoder = Decoder::new(Role::Client, buffer, limit).inflating(Some(params));
            let read = feed(&mut decoder, &pieces);
            let lengths: Vec<usize> = pieces.iter().map(|piece| piece.len()).collect();
            assert_eq!(read, (entries.to_vec(), end), "{bytes:x?} in pieces of {lengths:?}");
        }
    }
}

fn reads(bytes: &[u8], entries: &[Entry]) {
    check(AGREED, None, bytes, entries, Ok(false));
}

fn refuses(bytes: &[u8], entries: &[Entry], violation: Violation) {
    check(AGREED, None, bytes, entries, Err(violation));
}

fn encoder(params: DeflateParams) -> Encoder {
    Encoder::server().compressing(Some(params), Level::default())
}

/// The bytes that say these events.
fn encode(params: DeflateParams, events: &[Event<'_>]) -> Vec<u8> {
    let mut encoder = encoder(params);
    for event in events {
        encoder.push(event);
    }
    encoder.pending().to_vec()
}

fn text(text: &str) -> Event<'_> {
    Event::Data(Chunk::whole(Kind::Text, text.as_bytes()))
}

fn piece(first: bool, last: bool, payload: &[u8]) -> Event<'_> {
    Event::Data(Chunk { kind: Kind::Binary, first, last, length: None, payload })
}

/// RFC 7692, 7.2.3.1 to 7.2.3.6.
#[test]
fn the_examples_of_the_rfc() {
    let hello = [Entry::text("Hello")];
    let twice = [Entry::text("Hello"), Entry::text("Hello")];
    reads(b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00", &hello);
    reads(b"\x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\x00", &hello);
    reads(b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00", &twice);
    reads(b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\xc1\x05\xf2\x00\x11\x00\x00", &twice);
    reads(b"\xc1\x0b\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", &hello);
    reads(b"\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00", &hello);
    reads(b"\xc1\x0d\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", &hello);
    reads(b"\xc1\x01\x00", &[Entry::text("")]);
}

/// A compressor that ends its blocks for good begins anew with the next one.
#[test]
fn messages_go_on_behind_a_final_block() {
    let twice = [Entry::text("Hello"), Entry::text("Hello")];
    reads(b"\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00", &twice);
    reads(b"\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00", &twice);
    reads(b"\xc1\x0e\xf3\x48\xcd\xc9\xc9\x07\x00\xf2\x48\xcd\xc9\xc9\x07\x00", &[Entry::text("HelloHello")]);
    // It has to begin one: the end that is left out belongs to an empty block.
    refuses(b"\xc1\x07\xf3\x48\xcd\xc9\xc9\x07\x00", &[], Violation::NotDeflate);
}

/// RFC 7692, 7.2.1: the second message refers to the first one, if it may.
#[test]
fn what_is_sent() {
    let twice = [text("Hello, Hello, Hello!"), text("Hello, Hello, Hello!")];
    let shared = encode(AGREED, &twice);
    let alone = encode(ALONE, &twice);
    let (first, second) = alone.split_at(alone.len() / 2);
    assert_eq!(first, second);
    assert_eq!(first[..2], [0xc1, first.len() as u8 - 2]);
    assert_eq!(shared[..first.len()], *first);
    assert!(shared.len() < alone.len());
    let entries = [Entry::text("Hello, Hello, Hello!"), Entry::text("Hello, Hello, Hello!")];
    reads(&shared, &entries);
    check(ALONE, None, &alone, &entries, Ok(false));
}

/// RFC 7692, 7.2.1: no block says that it is the last one, so none needs padding up to a byte.
#[test]
fn no_block_that_is_sent_is_the_last() {
    for params in [AGREED, ALONE] {
        let mut inflate = flate2::Decompress::new(false);
        for payload in [&b"Hello, Hello, Hello!"[..], &[0; 10_000], b"Hello, Hello, Hello!"] {
            let frames = encode(params, &[piece(true, false, payload), piece(false, true, b"")]);
            let mut payload = Vec::with_capacity(100_000);
            for frame in frames_of(&frames) {
                let status = inflate.decompress_vec(frame, &mut payload, flate2::FlushDecompress::Sync);
                assert_eq!(status.unwrap(), flate2::Status::Ok);
            }
            inflate.reset(false);
        }
    }
}

/// The payloads of a server's frames of up to 65535 bytes.
fn frames_of(mut frames: &[u8]) -> Vec<&[u8]> {
    let mut payloads = Vec::new();
    while let [_, length, rest @ ..] = frames {
        let (length, rest) = match (length, rest) {
            (126, [a, b, rest @ ..]) => (usize::from(u16::from_be_bytes([*a, *b])), rest),
            (short, rest) => (usize::from(*short), rest),
        };
        let (payload, behind) = rest.split_at(length);
        payloads.push(payload);
        frames = behind;
    }
    payloads
}

/// RFC 7692, 7.2.2: where nothing else was agreed, a message may refer back over 32768 bytes, and over the messages before
/// it. Bytes by hand: a stored block, then one with fixed codes that copies 3 bytes from 32768 before.
#[test]
fn a_reference_may_go_back_over_the_whole_window() {
    let noise: Vec<u8> = (0..32_768_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let stored = [&[0x00, 0x00, 0x80, 0xff, 0x7f][..], &noise, &[0x00]].concat();
    let first = [&[0xc2, 0x7e], &(stored.len() as u16).to_be_bytes()[..], &stored].concat();
    // From the lowest bit: final 0, type 01; length 3 (0000001), distance 24577 to 32768 (11101) with all of 13 bits set;
    // end (0000000); then the header of an empty stored block, 000, and zeros up to the byte.
    let copy = bits("0 10 0000001 11101 1111111111111 0000000 000");
    let second = [&[0xc2, copy.len() as u8][..], &copy].concat();
    check(AGREED, None, &[first, second].concat(), &[Entry::binary(&noise), Entry::binary(&noise[..3])], Ok(false));
}

/// Bits in their order, packed from the lowest of each byte on (RFC 1951, 3.1.1).
fn bits(text: &str) -> Vec<u8> {
    let bits: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
    bits.chunks(8).map(|byte| byte.iter().rev().fold(0, |byte, bit| byte << 1 | bit)).collect()
}

/// RFC 7692, 6: compressed and uncompressed messages may be mixed.
#[test]
fn what_is_shorter_as_it_is_goes_as_it_is() {
    assert_eq!(encode(AGREED, &[text("")]), b"\x81\x00");
    assert_eq!(encode(AGREED, &[text("Hello")]), b"\x81\x05Hello");
    assert_eq!(encode(ALONE, &[text("no gain")]), b"\x81\x07no gain");
    reads(
        b"\x81\x05Hello\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\x81\x02ok",
        &[Entry::text("Hello"), Entry::text("Hello"), Entry::text("ok")],
    );
}

/// Bytes that a compressor finds nothing in.
fn noise(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    StdRng::seed_from_u64(length as u64).fill_bytes(&mut bytes);
    bytes
}

/// What stands at a distance inside the window saves nearly all it has; what stands outside is said again.
#[test]
fn nothing_refers_back_beyond_the_agreed_window() {
    const REPEATED: usize = 150;
    for window_bits in 9..=15 {
        for context_takeover in [false, true] {
            let params = DeflateParams { context_takeover, window_bits };
            // At the end of a message, in its next piece, and in the next message.
            let sizes = |distance: usize| {
                let before = noise(distance);
                let again = &before[..REPEATED];
                let whole = [&before[..], again].concat();
                let in_one = encode(params, &[piece(true, true, &whole)]).len() - distance;
                let size = |events: [Event<'_>; 2]| {
                    let mut encoder = encoder(params);
                    encoder.push(&events[0]);
                    let first = encoder.pending().len();
                    encoder.push(&events[1]);
                    encoder.pending().len() - first
                };
                let in_two = size([piece(true, false, &before), piece(false, true, again)]);
                let later = size([piece(true, true, &before), piece(true, true, again)]);
                [in_one, in_two, later]
            };
            let beyond = sizes((1 << window_bits) + 1);
            assert!(beyond.iter().all(|size| *size >= REPEATED), "{params:?}: {beyond:?}");
            // A compressor keeps some 260 bytes of its window for what it looks at.
            let inside = sizes((1 << window_bits) - 300);
            let spared = |size: &usize| *size < REPEATED / 2;
            assert!(inside[..2].iter().all(spared), "{params:?}: {inside:?}");
            assert_eq!(spared(&inside[2]), context_takeover, "{params:?}: {inside:?}");
        }
    }
}

#[test]
fn a_window_of_256_bytes_is_read_and_not_written() {
    let narrow = DeflateParams { window_bits: 8, ..AGREED };
    assert_eq!(encode(narrow, &[text("aaaaaaaaaaaaaaaa")]), b"\x81\x10aaaaaaaaaaaaaaaa");
    check(narrow, None, b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00", &[Entry::text("Hello")], Ok(false));
}

/// Each piece can be read as soon as it is there; only the last one leaves out its end (RFC 7692, 7.2.1).
#[test]
fn a_message_in_pieces() {
    for params in [AGREED, ALONE] {
        let pieces = [piece(true, false, b"abcabcabc"), piece(false, false, b"abc"), piece(false, true, b"abcd")];
        let bytes = encode(params, &pieces);
        assert_eq!(bytes[0], 0x42, "only the first frame is marked");
        check(params, None, &bytes, &[Entry::binary(b"abcabcabcabcabcd")], Ok(false));
        let mut decoder = Decoder::new(Role::Client, 0, None).inflating(Some(params));
        let first = encode(params, &pieces[..1]);
        decoder.space()[..first.len()].copy_from_slice(&first);
        decoder.filled(first.len());
        let chunk = Chunk { kind: Kind::Binary, first: true, last: false, length: None, payload: b"abcabcabc" };
        assert_eq!(decoder.next(), Ok(Some(Event::Data(chunk))));
        // An end without anything new, and a beginning.
        let bytes = encode(params, &[piece(true, false, b"abcabcabc"), piece(false, true, b""), text("Hello, Hello!")]);
        check(params, None, &bytes, &[Entry::binary(b"abcabcabc"), Entry::text("Hello, Hello!")], Ok(false));
        let bytes = encode(params, &[piece(true, false, b""), piece(false, true, b"abcabcabc")]);
        check(params, None, &bytes, &[Entry::binary(b"abcabcabc")], Ok(false));
        let bytes = encode(params, &[piece(true, false, b""), Event::Ping(b"x"), piece(false, true, b"")]);
        check(params, None, &bytes, &[Entry::ping(b"x"), Entry::binary(b"")], Ok(false));
    }
}

/// RFC 7692, 6.
#[test]
fn only_the_first_frame_of_a_message_may_be_marked() {
    refuses(b"\x41\x03\xf2\x48\xcd\xc0\x04\xc9\xc9\x07\x00", &[], Violation::CompressedNotFirst);
    refuses(b"\x01\x01a\xc0\x01\x00", &[], Violation::CompressedNotFirst);
    refuses(b"\xc9\x00", &[], Violation::CompressedNotFirst);
    refuses(b"\xca\x00", &[], Violation::CompressedNotFirst);
    refuses(b"\xc8\x00", &[], Violation::CompressedNotFirst);
    refuses(b"\xe1\x00", &[], Violation::ReservedBits(0b110));
    refuses(b"\x91\x00", &[], Violation::ReservedBits(0b001));
    let mut decoder = Decoder::new(Role::Client, 0, None);
    assert_eq!(feed(&mut decoder, &[b"\xc1\x01\x00"]), (vec![], Err(Violation::ReservedBits(0b100))));
}

#[test]
fn what_is_no_deflate_data_is_refused() {
    // A block of the reserved type, a stored block whose lengths differ, a distance beyond the beginning.
    refuses(b"\xc1\x01\x07", &[], Violation::NotDeflate);
    refuses(b"\xc1\x05\x00\x05\x00\xfa\xfe", &[], Violation::NotDeflate);
    refuses(b"\xc1\x05\xf2\x00\x11\x00\x00", &[], Violation::NotDeflate);
    check(
        ALONE,
        None,
        b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\xc1\x05\xf2\x00\x11\x00\x00",
        &[Entry::text("Hello")],
        Err(Violation::NotDeflate),
    );
}

/// A message ends behind the header of an empty block, of which it leaves out the rest.
#[test]
fn a_message_that_is_cut_off_is_refused() {
    let whole = b"\xf2\x48\xcd\xc9\xc9\x07\x00";
    for cut in 1..whole.len() {
        let bytes = [&[0xc1, cut as u8], &whole[..cut]].concat();
        refuses(&bytes, &[], Violation::NotDeflate);
    }
    // The end is there that should be left out.
    refuses(b"\xc1\x0b\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff", &[], Violation::NotDeflate);
    // A stored block of six bytes that has five.
    refuses(b"\xc1\x0b\x00\x06\x00\xf9\xff\x48\x65\x6c\x6c\x6f\x00", &[], Violation::NotDeflate);
    // Inside the codes with which a block begins, where any bytes are read and nothing comes out.
    let codes = b"\x7c\xd3\x3b\x4e\x04\x51\x0c\x44\xd1\x9c\x65\x74\x4c\xe0\x2a\xff\xd9\x0d\x12\x93\x13\x74\x00\x1a\xb1";
    for cut in 1..=codes.len() {
        let bytes = [&[0xc1, cut as u8], &codes[..cut]].concat();
        refuses(&bytes, &[], Violation::NotDeflate);
        check(ALONE, None, &bytes, &[], Err(Violation::NotDeflate));
    }
}

#[test]
fn text_is_checked_as_it_comes_out() {
    let bad = encode(AGREED, &[Event::Data(Chunk::whole(Kind::Text, b"aaaaaaaaaaaaaaa\xff"))]);
    refuses(&bad, &[], Violation::TextNotUtf8(15));
    let cut = encode(AGREED, &[Event::Data(Chunk::whole(Kind::Text, b"aaaaaaaaaaaaaaa\xc3"))]);
    refuses(&cut, &[], Violation::TextNotUtf8(15));
    // Inside a fragment, as soon as its bytes are there.
    let mut pieces = encoder(AGREED);
    pieces.push(&Event::Data(Chunk { last: false, ..Chunk::whole(Kind::Text, b"abcdef\xf4\x90") }));
    refuses(pieces.pending(), &[], Violation::TextNotUtf8(6));
}

/// The limit is that of the message as it is after decompression, and holds while it comes out.
#[test]
fn a_bomb_ends_at_the_limit() {
    let bytes = encode(AGREED, &[piece(true, true, &[7; 1000])]);
    assert!(bytes.len() < 30);
    check(AGREED, Some(1000), &bytes, &[Entry::binary(&[7; 1000])], Ok(false));
    for limit in [0, 1, 255, 256, 257, 999] {
        check(AGREED, Some(limit), &bytes, &[], Err(Violation::MessageTooBig { limit }));
    }
    let mut bomb = encoder(AGREED);
    bomb.push(&piece(true, true, &vec![0; 64 << 20]));
    let mut decoder = Decoder::new(Role::Client, 4096, Some(100_000)).inflating(Some(AGREED));
    let volume = decoder.volume().expect("it inflates");
    assert_eq!(feed(&mut decoder, &[bomb.pending()]).1, Err(Violation::MessageTooBig { limit: 100_000 }));
    assert_eq!(volume.plain(), 100_001, "no more has come out");
}

#[test]
fn much_comes_out_of_little_in_pieces_of_the_buffers_size() {
    let zeros = vec![0; 300_000];
    let bytes = encode(AGREED, &[piece(true, true, &zeros), text("Hello, Hello!")]);
    assert!(bytes.len() < 400);
    let mut decoder = Decoder::new(Role::Client, 4096, None).inflating(Some(AGREED));
    let (entries, end) = feed(&mut decoder, &[&bytes]);
    assert_eq!(end, Ok(false));
    assert_eq!(entries, [Entry::binary(&zeros), Entry::text("Hello, Hello!")]);
}

#[test]
fn both_sides_count() {
    let mut encoder = encoder(AGREED);
    encoder.push(&text("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
    encoder.push(&text("ok"));
    encoder.push(&Event::Ping(b"not counted"));
    let sent = encoder.volume().expect("it compresses");
    let mut decoder = Decoder::new(Role::Client, 0, None).inflating(Some(AGREED));
    let received = decoder.volume().expect("it inflates");
    feed(&mut decoder, &[encoder.pending()]).1.expect("it is good");
    assert_eq!((sent.plain(), sent.coded()), (34, encoder.pending().len() as u64 - 4 - 13));
    assert_eq!((received.plain(), received.coded()), (sent.plain(), sent.coded()));
    let volume = Volume::default();
    volume.add(2000, 500);
    volume.add(1000, 501);
    assert_eq!(volume.to_string(), "3000 bytes as 1001 (33.3 %)");
    assert_eq!(Volume::default().to_string(), "0 bytes as 0");
}
