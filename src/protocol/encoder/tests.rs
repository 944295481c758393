use super::*;

/// Masking keys in a row: 37fa213d as in the RFC, then the same with its last byte counted up.
fn keys() -> MaskingKeys {
    let mut count = 0;
    Box::new(move || {
        count += 1;
        [0x37, 0xfa, 0x21, 0x3c + count]
    })
}

fn chunk(kind: Kind, first: bool, last: bool, payload: &[u8]) -> Event<'_> {
    Event::Data(Chunk { kind, first, last, length: None, payload })
}

fn whole(payload: &[u8]) -> Event<'_> {
    Event::Data(Chunk::whole(Kind::Binary, payload))
}

fn server(events: &[Event<'_>]) -> Vec<u8> {
    let mut encoder = Encoder::server();
    for event in events {
        encoder.push(event);
    }
    encoder.pending().to_vec()
}

fn client(events: &[Event<'_>]) -> Vec<u8> {
    let mut encoder = Encoder::client(keys());
    for event in events {
        encoder.push(event);
    }
    encoder.pending().to_vec()
}

const HELLO: Event<'static> =
    Event::Data(Chunk { kind: Kind::Text, first: true, last: true, length: Some(5), payload: b"Hello" });

/// RFC 6455, 5.7.
#[test]
fn the_examples_of_the_rfc() {
    assert_eq!(server(&[HELLO]), b"\x81\x05Hello");
    assert_eq!(client(&[HELLO]), b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    let fragments = [chunk(Kind::Text, true, false, b"Hel"), chunk(Kind::Text, false, true, b"lo")];
    assert_eq!(server(&fragments), b"\x01\x03Hel\x80\x02lo");
    assert_eq!(server(&[Event::Ping(b"Hello")]), b"\x89\x05Hello");
    assert_eq!(client(&[Event::Pong(b"Hello")]), b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    assert_eq!(server(&[whole(&[7; 256])])[..4], *b"\x82\x7e\x01\x00");
    assert_eq!(server(&[whole(&vec![7; 65536])])[..10], *b"\x82\x7f\0\0\0\0\0\x01\0\0");
}

/// RFC 6455, 5.2.
#[test]
fn a_length_takes_as_few_bytes_as_it_can() {
    for (length, header) in [
        (0, &b"\x82\x00"[..]),
        (125, b"\x82\x7d"),
        (126, b"\x82\x7e\x00\x7e"),
        (127, b"\x82\x7e\x00\x7f"),
        (65535, b"\x82\x7e\xff\xff"),
        (65536, b"\x82\x7f\0\0\0\0\0\x01\0\0"),
    ] {
        let payload = vec![b'x'; length];
        let unmasked = [header, &payload].concat();
        assert_eq!(server(&[whole(&payload)]), unmasked, "{length}");
        let mut masked = header.to_vec();
        masked[1] |= 0x80;
        masked.extend_from_slice(b"\x37\xfa\x21\x3d");
        masked.extend(payload.iter().zip(b"\x37\xfa\x21\x3d".iter().cycle()).map(|(byte, key)| byte ^ key));
        assert_eq!(client(&[whole(&payload)]), masked, "{length}");
    }
}

/// RFC 6455, 5.3.
#[test]
fn each_frame_has_a_key_of_its_own() {
    let events = [
        chunk(Kind::Binary, true, false, b"\0\0\0\0\0"),
        Event::Ping(b""),
        chunk(Kind::Binary, false, true, b"\0\0\0\0"),
        Event::Close(Close::new(1000, "")),
    ];
    assert_eq!(
        client(&events),
        b"\x02\x85\x37\xfa\x21\x3d\x37\xfa\x21\x3d\x37\
          \x89\x80\x37\xfa\x21\x3e\
          \x80\x84\x37\xfa\x21\x3f\x37\xfa\x21\x3f\
          \x88\x82\x37\xfa\x21\x40\x34\x12"
    );
}

/// RFC 6455, 5.4.
#[test]
fn chunks_make_fragments() {
    for (kind, opcode) in [(Kind::Text, 1), (Kind::Binary, 2)] {
        let events = [
            chunk(kind, true, false, b"a"),
            chunk(kind, false, false, b""),
            Event::Ping(b"p"),
            chunk(kind, false, false, b"b"),
            chunk(kind, false, true, b""),
        ];
        let expected = [&[opcode][..], b"\x01a\x89\x01p\x00\x01b\x80\x00"].concat();
        assert_eq!(server(&events), expected);
    }
    let from_nothing = [chunk(Kind::Text, true, false, b""), chunk(Kind::Text, false, true, b"a")];
    assert_eq!(server(&from_nothing), b"\x01\x00\x80\x01a");
}

#[test]
fn a_message_is_known_to_be_unfinished() {
    let mut encoder = Encoder::server();
    assert!(!encoder.is_inside_message());
    for (event, inside) in [
        (HELLO, false),
        (chunk(Kind::Text, true, false, b"a"), true),
        (Event::Pong(b""), true),
        (chunk(Kind::Text, false, false, b""), true),
        (chunk(Kind::Text, false, true, b""), false),
    ] {
        encoder.push(&event);
        assert_eq!(encoder.is_inside_message(), inside, "{event:?}");
    }
}

/// RFC 6455, 5.5.
#[test]
fn control_frames_hold_125_bytes() {
    let payload = [b'x'; 125];
    let expected = [b"\x89\x7d", &payload[..]].concat();
    assert_eq!(server(&[Event::Ping(&payload)]), expected);
}

/// RFC 6455, 5.5.1.
#[test]
fn a_close_says_why() {
    for (close, bytes) in [
        (Close::default(), &b"\x88\x00"[..]),
        (Close::new(1000, ""), b"\x88\x02\x03\xe8"),
        (Close::new(4001, "bye ✓"), b"\x88\x09\x0f\xa1bye \xe2\x9c\x93"),
    ] {
        assert_eq!(server(&[Event::Close(close)]), bytes);
    }
    let longest = Close::new(1011, &"r".repeat(200));
    let expected = [b"\x88\x7d\x03\xf3", &[b'r'; 123][..]].concat();
    assert_eq!(server(&[Event::Close(longest)]), expected);
}

#[test]
fn what_was_sent_is_gone() {
    let mut encoder = Encoder::server();
    encoder.push(&HELLO);
    encoder.push(&HELLO);
    assert_eq!(encoder.pending(), b"\x81\x05Hello\x81\x05Hello");
    encoder.clear();
    assert_eq!(encoder.pending(), b"");
    encoder.push(&Event::Ping(b""));
    assert_eq!(encoder.pending(), b"\x89\x00");
}

#[test]
fn debug_output_tells_no_payload() {
    let mut encoder = Encoder::client(keys());
    encoder.push(&HELLO);
    assert_eq!(format!("{encoder:?}"), "Encoder { masks: true, deflate: None, pending: 11, inside_message: false }");
}

#[test]
fn what_is_cut_ends_with_the_frame_that_is_on_its_way() {
    // Frames of 3, 132 and 2 bytes.
    let frames = [whole(b"x"), whole(&[b'y'; 128]), whole(b"")];
    let all = server(&frames);
    assert_eq!(all.len(), 137);
    for (sent, end) in [(0, 0), (1, 3), (2, 3), (3, 3), (4, 135), (134, 135), (135, 135), (136, 137), (137, 137)] {
        let mut encoder = Encoder::server();
        for frame in &frames {
            encoder.push(frame);
        }
        let tally = encoder.cut(sent);
        assert_eq!(encoder.pending(), &all[sent..end], "{sent}");
        let whole = |end| [3, 135, 137].iter().filter(|at| **at <= end).count() as u64;
        assert_eq!((tally.messages, tally.messages + encoder.tally().messages), (whole(sent), whole(end)));
    }
}

#[test]
fn what_has_left_is_counted_as_its_sender_knows_it() {
    let params = DeflateParams::default();
    for mut encoder in [
        Encoder::server(),
        Encoder::client(keys()),
        Encoder::server().compressing(Some(params), Level::default()),
        Encoder::client(keys()).compressing(Some(params), Level::default()),
    ] {
        let mut ends = Vec::new();
        for payload in [b"one".to_vec(), vec![b'x'; 1000], vec![b'y'; 70_000]] {
            encoder.push(&whole(&payload));
            ends.push(encoder.pending().len());
            encoder.push(&Event::Ping(b"?"));
        }
        for (end, messages, bytes) in
            [(ends[0], 1, 3), (ends[1], 2, 1003), (ends[2] - 1, 2, 1003), (ends[2], 3, 71_003)]
        {
            assert_eq!(encoder.tally_of(end), Tally { messages, bytes }, "{encoder:?}");
        }
    }
}

#[test]
fn what_a_burst_has_needed_is_given_back() {
    let mut encoder = Encoder::server();
    encoder.push(&whole(&vec![0; 100_000]));
    encoder.give_back();
    assert_eq!(encoder.pending().len(), 100_010);
    encoder.clear();
    encoder.give_back();
    assert_eq!(encoder.frames.out.capacity(), 0);
}

/// What is said to all is said again to each, in its own way; a Ping stays one.
#[test]
fn control_frames_among_those_appended_stay_control_frames() {
    let mut all = Encoder::server();
    all.push(&Event::Ping(b"p"));
    all.push(&Event::Data(Chunk::whole(Kind::Text, b"t")));
    all.push(&Event::Pong(b""));
    let mut plain = Encoder::server();
    plain.append(all.pending());
    assert_eq!(plain.pending(), all.pending());
    let mut compressing = Encoder::server().compressing(Some(DeflateParams::default()), Level::default());
    compressing.append(all.pending());
    let frames = compressing.pending();
    assert_eq!(&frames[..3], b"\x89\x01p");
    assert!(frames.ends_with(b"\x8a\x00"), "{frames:?}");
    for encoder in [&plain, &compressing] {
        assert_eq!(encoder.tally().messages, 1);
    }
}
