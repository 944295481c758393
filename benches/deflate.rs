//! What permessage-deflate costs beside zlib-rs alone, called by hand for the same payload: frames, masks, UTF-8 and the
//! buffers in between are what comes on top. Each pair first prints the sizes that it reaches, and the ratio of the times.

use std::hint::black_box;
use std::time::Instant;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use wspipe::protocol::{Chunk, Decoder, DeflateParams, Encoder, Event, Kind, Level, Role};

/// The end of each message, which is left out on the wire (RFC 7692, 7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];
const LEVEL: u8 = 6;

struct Case {
    name: &'static str,
    kind: Kind,
    params: DeflateParams,
    messages: Vec<Vec<u8>>,
}

fn cases() -> Vec<Case> {
    let kept = DeflateParams::default();
    let alone = DeflateParams { context_takeover: false, ..kept };
    vec![
        Case { name: "lines", kind: Kind::Text, params: kept, messages: lines() },
        Case { name: "lines, each by itself", kind: Kind::Text, params: alone, messages: lines() },
        Case { name: "binary", kind: Kind::Binary, params: kept, messages: samples() },
    ]
}

/// Events as a feed has them, some 110 bytes each.
fn lines() -> Vec<Vec<u8>> {
    let mut random = StdRng::seed_from_u64(7);
    let mut below = |limit: u32| random.next_u32() % limit;
    let line = |_| {
        let (id, sensor, whole, part) = (below(1_000_000), below(40), below(50), below(100));
        let state = ["ok", "ok", "ok", "warming up", "offline"][below(5) as usize];
        format!(
            r#"{{"id":{id:06},"time":"2026-01-01T12:34:{:02}Z","sensor":"hall-{sensor}","celsius":{whole}.{part},"state":"{state}"}}"#,
            below(60)
        )
        .into_bytes()
    };
    (0..2000).map(line).collect()
}

/// 16-bit samples of something that changes slowly, 64 KiB a message.
fn samples() -> Vec<Vec<u8>> {
    let mut random = StdRng::seed_from_u64(7);
    let mut value = 0_i16;
    let mut sample = |_| {
        value = value.wrapping_add((random.next_u32() % 7) as i16 - 3);
        value.to_le_bytes()
    };
    (0..8).map(|_| (0..32 << 10).flat_map(&mut sample).collect()).collect()
}

fn deflate(c: &mut Criterion) {
    for case in cases() {
        let bytes: usize = case.messages.iter().map(Vec::len).sum();
        let (frames, by_hand) = (encoded(&case), compressed(&case));
        let size = by_hand.iter().map(Vec::len).sum::<usize>();
        println!("{}: {bytes} bytes; {size} by zlib-rs, {} as frames with their headers", case.name, frames.len());

        let mut encoder = encoder(&case);
        let mut zlib = Compress::new(Compression::new(LEVEL.into()), false);
        let mut out = Vec::with_capacity(1 << 20);
        let ours = || {
            encoder.clear();
            encode(&mut encoder, &case);
            black_box(encoder.pending()).len() as u64
        };
        let theirs = || {
            out.clear();
            for message in &case.messages {
                compress(&mut zlib, &case, message, &mut out);
            }
            black_box(&out).len() as u64
        };
        compare(c, &format!("compress {}", case.name), bytes, ours, theirs);

        // What was compressed from the beginning can be read again and again: it refers to nothing before it.
        let mut decoder = Decoder::new(Role::Server, 512 << 10, None).inflating(Some(case.params));
        let mut zlib = Decompress::new(false);
        let mut room = vec![0; 128 << 10];
        let ours = || decode(&mut decoder, &frames);
        let theirs = || by_hand.iter().map(|message| decompress(&mut zlib, &case, message, &mut room)).sum();
        compare(c, &format!("decompress {}", case.name), bytes, ours, theirs);
    }
}

/// Measures both, and first prints how much of the time of the one the other takes.
fn compare(
    c: &mut Criterion,
    name: &str,
    bytes: usize,
    mut ours: impl FnMut() -> u64,
    mut theirs: impl FnMut() -> u64,
) {
    println!("{name}: {:.2} of the time that zlib-rs takes by itself", ratio(&mut ours, &mut theirs));
    let mut group = c.benchmark_group(name);
    group.throughput(Throughput::Bytes(bytes as u64));
    group.bench_function("wspipe", |b| b.iter(&mut ours));
    group.bench_function("zlib-rs", |b| b.iter(&mut theirs));
    group.finish();
}

/// The median over pairs of runs that take turns, so that whatever else the machine does meets both.
fn ratio(mut ours: impl FnMut() -> u64, mut theirs: impl FnMut() -> u64) -> f64 {
    const PAIRS: usize = 51;
    let time = |run: &mut dyn FnMut() -> u64| {
        let begun = Instant::now();
        black_box(run());
        begun.elapsed().as_secs_f64()
    };
    let mut ratios: Vec<f64> = (0..PAIRS).map(|_| time(&mut ours) / time(&mut theirs)).collect();
    ratios.sort_by(f64::total_cmp);
    ratios[PAIRS / 2]
}

fn encoder(case: &Case) -> Encoder {
    let mut random = StdRng::seed_from_u64(1);
    let keys = Box::new(move || random.next_u32().to_ne_bytes());
    Encoder::client(keys).compressing(Some(case.params), Level::new(LEVEL).expect("a level"))
}

fn encode(encoder: &mut Encoder, case: &Case) {
    for message in &case.messages {
        encoder.push(&Event::Data(Chunk::whole(case.kind, message)));
    }
}

fn encoded(case: &Case) -> Vec<u8> {
    let mut encoder = encoder(case);
    encode(&mut encoder, case);
    encoder.pending().to_vec()
}

/// One message by hand, with its end.
fn compress(zlib: &mut Compress, case: &Case, message: &[u8], out: &mut Vec<u8>) {
    out.reserve(message.len() + 100);
    zlib.compress_vec(message, out, FlushCompress::Sync).expect("it compresses");
    if !case.params.context_takeover {
        zlib.reset();
    }
}

fn compressed(case: &Case) -> Vec<Vec<u8>> {
    let mut zlib = Compress::new(Compression::new(LEVEL.into()), false);
    let one = |message: &Vec<u8>| {
        let mut out = Vec::new();
        compress(&mut zlib, case, message, &mut out);
        out.truncate(out.len() - TAIL.len());
        out
    };
    case.messages.iter().map(one).collect()
}

fn decode(decoder: &mut Decoder, frames: &[u8]) -> u64 {
    let mut bytes = 0;
    for piece in frames.chunks(512 << 10) {
        decoder.space()[..piece.len()].copy_from_slice(piece);
        decoder.filled(piece.len());
        while let Some(event) = decoder.next().expect("the frames are good") {
            if let Event::Data(chunk) = black_box(event) {
                bytes += chunk.payload.len() as u64;
            }
        }
    }
    bytes
}

/// One message by hand, with its end put back.
fn decompress(zlib: &mut Decompress, case: &Case, message: &[u8], room: &mut [u8]) -> u64 {
    let start = zlib.total_out();
    for input in [message, &TAIL] {
        zlib.decompress(input, room, FlushDecompress::Sync).expect("it is DEFLATE data");
        black_box(&room);
    }
    let bytes = zlib.total_out() - start;
    if !case.params.context_takeover {
        zlib.reset(false);
    }
    bytes
}

criterion_group!(benches, deflate);
criterion_main!(benches);
