//! What the core costs without any I/O: masks, frames, UTF-8 and records, each alone and in their order in the pipe.

use std::hint::black_box;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use wspipe::protocol::{Chunk, Decoder, Encoder, Event, Kind, MaskingKeys, Role, Utf8Check, apply_mask};
use wspipe::records::{Format, Joiner, JsonEvents, Splitter};

/// A line of 30 bytes, as in a log or a stream of events, with its line feed one more.
const LINE: &str = "12:34:56.789 sensor 7 at 21.5C";
/// As many lines as fit a read of a full pipe.
const LINES: usize = 2000;
/// The buffer that the pipe reads frames into.
const BUFFER: usize = 64 << 10;
const BINARY: usize = 64 << 10;

fn mask(c: &mut Criterion) {
    let mut group = c.benchmark_group("mask");
    for size in [64, 4 << 10, 64 << 10] {
        let mut payload = vec![0x55; size];
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(size.to_string(), |b| {
            b.iter(|| apply_mask(black_box(&mut payload), black_box([1, 2, 3, 4])));
        });
    }
}

fn utf8(c: &mut Criterion) {
    let mut group = c.benchmark_group("utf8");
    let ascii = "plain text ".repeat(6000);
    let mixed = "Grüße, κόσμε, 世界 👩‍🚀 ".repeat(2000);
    for (name, text) in [("line", LINE), ("ascii", &ascii), ("mixed", &mixed)] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |b| {
            b.iter(|| {
                let mut check = Utf8Check::default();
                check.push(black_box(text.as_bytes()))?;
                check.finish()
            });
        });
    }
}

fn frames(c: &mut Criterion) {
    let binary = vec![0x55; BINARY];
    for (name, role) in [("masked", Role::Client), ("unmasked", Role::Server)] {
        let mut group = c.benchmark_group("encode");
        per_line(&mut group);
        let mut encoder = encoder(role);
        group.bench_function(format!("lines {name}"), |b| {
            b.iter(|| black_box(encode(&mut encoder, Kind::Text, LINE.as_bytes(), LINES)).len());
        });
        group.throughput(Throughput::Bytes(BINARY as u64));
        group.bench_function(format!("binary {name}"), |b| {
            b.iter(|| black_box(encode(&mut encoder, Kind::Binary, &binary, 1)).len());
        });
        group.finish();

        let mut group = c.benchmark_group("decode");
        let peer = match role {
            Role::Client => Role::Server,
            Role::Server => Role::Client,
        };
        per_line(&mut group);
        let frames = encode(&mut encoder, Kind::Text, LINE.as_bytes(), LINES).to_vec();
        group.bench_function(format!("lines {name}"), |b| {
            let mut decoder = Decoder::new(peer, BUFFER, None);
            b.iter(|| decode(&mut decoder, &frames, |event| drop(black_box(event))));
        });
        group.throughput(Throughput::Bytes(BINARY as u64));
        let frames = encode(&mut encoder, Kind::Binary, &binary, 1).to_vec();
        group.bench_function(format!("binary {name}"), |b| {
            let mut decoder = Decoder::new(peer, BUFFER, None);
            b.iter(|| decode(&mut decoder, &frames, |event| drop(black_box(event))));
        });
    }
}

fn records(c: &mut Criterion) {
    let mut group = c.benchmark_group("records");
    per_line(&mut group);
    let input = format!("{LINE}\n").repeat(LINES);
    for (name, kind) in [("split text", Kind::Text), ("split binary", Kind::Binary)] {
        group.bench_function(name, |b| {
            let mut splitter = Splitter::new(Format::Lines, kind, BUFFER, None);
            b.iter(|| {
                split(&mut splitter, input.as_bytes(), |event| {
                    drop(black_box(event));
                });
            });
        });
    }
    group.bench_function("join", |b| {
        let mut joiner = Joiner::new(Format::Lines, None, JsonEvents::default());
        let mut out = Vec::new();
        b.iter(|| {
            out.clear();
            let event = Event::Data(Chunk::whole(Kind::Text, black_box(LINE.as_bytes())));
            for _ in 0..LINES {
                joiner.push(&event, &mut out).expect("memory takes all");
            }
        });
    });
}

/// Both directions of the pipe, as far as they are not I/O.
fn pipe(c: &mut Criterion) {
    let mut group = c.benchmark_group("pipe");
    per_line(&mut group);
    let input = format!("{LINE}\n").repeat(LINES);
    for (name, role) in [("client", Role::Client), ("server", Role::Server)] {
        let mut encoder = encoder(role);
        group.bench_function(format!("{name} sends lines"), |b| {
            let mut splitter = Splitter::new(Format::Lines, Kind::Text, BUFFER, None);
            b.iter(|| {
                encoder.clear();
                split(&mut splitter, input.as_bytes(), |event| {
                    encoder.push(&event);
                });
                black_box(encoder.pending());
            });
        });
        let peer = match role {
            Role::Client => Role::Server,
            Role::Server => Role::Client,
        };
        let frames = encode(&mut encoder, Kind::Text, LINE.as_bytes(), LINES).to_vec();
        group.bench_function(format!("{name}'s frames become lines"), |b| {
            let mut decoder = Decoder::new(peer, BUFFER, None);
            let mut joiner = Joiner::new(Format::Lines, None, JsonEvents::default());
            let mut out = Vec::new();
            b.iter(|| {
                out.clear();
                decode(&mut decoder, &frames, |event| {
                    joiner.push(&event, &mut out).expect("memory takes all");
                });
                black_box(&out);
            });
        });
    }
}

fn per_line(group: &mut BenchmarkGroup<'_, WallTime>) {
    group.throughput(Throughput::Elements(LINES as u64));
}

fn encoder(role: Role) -> Encoder {
    let mut random = StdRng::seed_from_u64(1);
    let keys: MaskingKeys = Box::new(move || random.next_u32().to_ne_bytes());
    match role {
        Role::Client => Encoder::client(keys),
        Role::Server => Encoder::server(),
    }
}

fn encode<'a>(encoder: &'a mut Encoder, kind: Kind, payload: &[u8], count: usize) -> &'a [u8] {
    encoder.clear();
    let event = Event::Data(Chunk::whole(kind, black_box(payload)));
    for _ in 0..count {
        encoder.push(&event);
    }
    encoder.pending()
}

fn decode(decoder: &mut Decoder, mut bytes: &[u8], mut to: impl FnMut(Event<'_>)) {
    while !bytes.is_empty() {
        let space = decoder.space();
        let (now, later) = bytes.split_at(bytes.len().min(space.len()));
        space[..now.len()].copy_from_slice(now);
        decoder.filled(now.len());
        bytes = later;
        while let Some(event) = decoder.next().expect("the frames are right") {
            to(event);
        }
    }
}

fn split(splitter: &mut Splitter, mut bytes: &[u8], mut to: impl FnMut(Event<'_>)) {
    while !bytes.is_empty() {
        let space = splitter.space();
        let (now, later) = bytes.split_at(bytes.len().min(space.len()));
        space[..now.len()].copy_from_slice(now);
        splitter.filled(now.len());
        bytes = later;
        while let Some(event) = splitter.next().expect("the lines are right") {
            to(event);
        }
    }
}

criterion_group!(benches, mask, utf8, frames, records, pipe);
criterion_main!(benches);
