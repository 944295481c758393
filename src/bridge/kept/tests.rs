//! What a connection that breaks at any byte leaves for the next one.

use super::*;
use crate::protocol::{Decoder, DeflateParams, Level, Role};

/// What the other end makes of bytes: messages that are whole, and Pings.
fn seen(bytes: &[u8], deflate: bool) -> Vec<String> {
    let mut decoder = Decoder::new(Role::Server, 1 << 20, None).inflating(deflate.then(DeflateParams::default));
    decoder.space()[..bytes.len()].copy_from_slice(bytes);
    decoder.filled(bytes.len());
    let (mut seen, mut message) = (Vec::new(), Vec::new());
    while let Some(event) = decoder.next().expect("the frames are good") {
        match event {
            Event::Data(chunk) => {
                assert_eq!(chunk.first, message.is_empty(), "a message begins where none is");
                message.extend_from_slice(chunk.payload);
                if chunk.last {
                    seen.push(String::from_utf8(std::mem::take(&mut message)).unwrap());
                }
            }
            Event::Ping(payload) => seen.push(format!("ping {}", String::from_utf8_lossy(payload))),
            _ => panic!("nothing else was sent"),
        }
    }
    seen
}

fn encoder(deflate: bool) -> Encoder {
    let mut key = 0_u32;
    let keys = move || {
        key = key.wrapping_mul(747_796_405).wrapping_add(1);
        key.to_be_bytes()
    };
    Encoder::client(Box::new(keys)).compressing(deflate.then(DeflateParams::default), Level::default())
}

fn piece(payload: &str, first: bool, last: bool) -> Event<'_> {
    Event::Data(Chunk { kind: Kind::Text, first, last, length: None, payload: payload.as_bytes() })
}

/// Batches as a source gives them: messages whole and in pieces, Pings between them and inside.
fn batches() -> Vec<Vec<Event<'static>>> {
    vec![
        vec![piece("one", true, true), piece("two two two two two two two two", true, true), Event::Ping(b"a")],
        vec![piece("three, ", true, false)],
        vec![piece("its middle, ", false, false), Event::Ping(b"b")],
        vec![piece("its end", false, true), piece("four", true, true), piece("five, ", true, false)],
        vec![piece("its end", false, true), piece("six", true, true)],
    ]
}

/// What is sent in all; a Ping inside a message comes before it.
const ALL: [&str; 8] = [
    "one",
    "two two two two two two two two",
    "ping a",
    "ping b",
    "three, its middle, its end",
    "four",
    "five, its end",
    "six",
];

/// A connection that takes a number of bytes and then breaks.
struct Connection {
    encoder: Encoder,
    room: usize,
    wire: Vec<u8>,
}

impl Connection {
    fn new(room: usize, deflate: bool) -> Self {
        Connection { encoder: encoder(deflate), room, wire: Vec::new() }
    }

    /// Writes what is encoded, in small pieces; false if that broke it.
    fn write(&mut self, kept: &mut Kept) -> bool {
        for piece in self.encoder.pending().chunks(3) {
            let count = piece.len().min(self.room);
            self.wire.extend_from_slice(&piece[..count]);
            self.room -= count;
            kept.took(count);
            if count < piece.len() {
                return false;
            }
        }
        kept.sent();
        self.encoder.clear();
        true
    }
}

/// Sends all batches, over connections of which each takes so many bytes; gives what each of them saw.
fn send(rooms: impl IntoIterator<Item = usize>, deflate: bool) -> Vec<Vec<String>> {
    let mut kept = Kept::new(100);
    let mut waiting: VecDeque<_> = batches().into();
    let mut views = Vec::new();
    for room in rooms {
        let mut connection = Connection::new(room, deflate);
        kept.begin_again();
        let mut holds = true;
        while holds && (kept.resume(&mut connection.encoder) || !waiting.is_empty()) {
            if connection.encoder.pending().is_empty() {
                for event in waiting.pop_front().unwrap() {
                    kept.encode(&event, &mut connection.encoder).unwrap();
                    kept.made_of(1);
                }
            }
            holds = connection.write(&mut kept);
        }
        views.push(seen(&connection.wire, deflate));
        if holds {
            assert_eq!(kept.unsent(), 0);
            break;
        }
    }
    views
}

#[test]
fn wherever_a_connection_breaks_the_next_one_gets_what_it_had_not_taken() {
    for deflate in [false, true] {
        let whole = send([usize::MAX], deflate);
        assert_eq!(whole, [ALL]);
        let mut breaks = 0;
        for room in 0.. {
            let views = send([room, usize::MAX], deflate);
            if views.len() == 1 {
                break;
            }
            breaks += 1;
            // In order, none twice, none missing. (A Ping inside a message that is sent again was seen before.)
            assert_eq!(views.concat(), ALL, "{room} bytes, deflate {deflate}");
        }
        assert!(breaks > 80, "{breaks}");
    }
}

#[test]
fn connections_may_break_again_and_again() {
    for room in 1..200 {
        // Each takes a little more, so that the longest message gets through at some time.
        let views = send((0..).map(|times| room + 3 * times), false);
        assert_eq!(views.concat(), ALL, "{room} bytes at first");
    }
}

#[test]
fn what_is_left_is_counted() {
    let mut kept = Kept::new(100);
    let mut encoder = Encoder::server();
    for (event, input) in [(piece("one", true, true), 4), (piece("two", true, true), 4), (piece("thr", true, false), 3)]
    {
        kept.encode(&event, &mut encoder).unwrap();
        kept.made_of(input);
    }
    let unsent = |taken: usize| {
        let mut kept = Kept::new(100);
        let mut encoder = Encoder::server();
        for text in ["one", "two"] {
            kept.encode(&piece(text, true, true), &mut encoder).unwrap();
            kept.made_of(4);
        }
        kept.took(taken);
        kept.unsent()
    };
    assert_eq!([unsent(0), unsent(4), unsent(5), unsent(9), unsent(10)], [8, 8, 4, 4, 0]);
    assert_eq!(kept.unsent(), 11);
    // What is taken of a message that is not at its end is not sent.
    kept.sent();
    assert_eq!(kept.unsent(), 3);
    kept.begin_again();
    assert_eq!(kept.unsent(), 3);
    assert!(kept.resume(&mut encoder));
    assert!(!kept.resume(&mut encoder));
    assert_eq!(kept.unsent(), 3);
}

#[test]
fn of_a_message_so_much_is_kept_and_no_more() {
    let mut kept = Kept::new(6);
    let mut encoder = Encoder::server();
    for event in [piece("123456", true, true), piece("123", true, false), Event::Ping(b"1234567")] {
        kept.encode(&event, &mut encoder).unwrap();
        kept.sent();
    }
    kept.encode(&piece("456", false, false), &mut encoder).unwrap();
    let before = encoder.pending().len();
    assert_eq!(kept.encode(&piece("7", false, true), &mut encoder), Err(TooLong(6)));
    assert_eq!(encoder.pending().len(), before);
}
