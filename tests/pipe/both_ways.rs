//! Neither direction waits for the other, whatever both sides do, and memory stays bounded.

use std::io::Write;
use std::sync::mpsc;
use std::thread;

use crate::harness::{FIN, PATIENCE, PING, PONG, Run, Server, Stdin, TEXT, line};

/// More than the socket buffers of both ends hold.
const BULK: usize = 12 << 20;
const LINE: usize = 16 << 10;

fn bulk_lines() -> impl Iterator<Item = String> {
    (0..BULK / LINE).map(|number| line(number, LINE))
}

#[test]
fn two_ends_that_both_send_before_they_read_do_not_stop_each_other() {
    let server = Server::start();
    let input: String = bulk_lines().map(|line| line + "\n").collect();
    let run = Run::connect("--wait 0", &server.url()).input(input.clone()).start();
    let mut peer = server.accept();
    // Nothing is read here before all of it is written, pings in between.
    for (number, line) in bulk_lines().enumerate() {
        peer.text(line);
        if number % 100 == 0 {
            peer.ping(number.to_string());
        }
    }
    let (mut lines, mut pongs) = (bulk_lines(), Vec::new());
    loop {
        let frame = peer.read();
        match frame.first & 0xf {
            PONG => pongs.push(String::from_utf8(frame.payload).unwrap()),
            TEXT => assert!(Some(frame.payload) == lines.next().map(String::into_bytes)),
            _ => break assert_eq!(frame.close_code(), Some(1000)),
        }
    }
    peer.close(1000, "");
    let run = run.finish();
    run.status(0).silent();
    assert!(run.stdout == input.as_bytes() && lines.next().is_none());
    let expected: Vec<String> = (0..BULK / LINE).step_by(100).map(|number| number.to_string()).collect();
    assert_eq!(pongs, expected);
}

#[test]
fn pings_are_answered_in_order_while_the_input_is_idle() {
    let server = Server::start();
    let run = Run::connect("", &server.url()).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    let pings: Vec<u8> = (0..10).flat_map(|n| peer.bytes(FIN | PING, format!("ping {n}"))).collect();
    peer.send(pings);
    for number in 0..10 {
        peer.expect_pong(format!("ping {number}"));
    }
    peer.ping("");
    peer.expect_pong("");
    peer.ping([0xff; 125]);
    peer.expect_pong([0xff; 125]);
    peer.finish_first(1000);
    run.finish().status(0).stdout("").silent();
}

#[test]
fn pings_are_answered_while_the_input_has_no_end() {
    let server = Server::start();
    let mut run = Run::connect("", &server.url()).stdin(Stdin::Held).start();
    let mut stdin = run.take_stdin();
    let endless = thread::spawn(move || while stdin.write_all(b"more and more\n").is_ok() {});
    let mut peer = server.accept();
    for number in 0..10 {
        peer.ping(format!("ping {number}"));
        let pong = loop {
            let frame = peer.read();
            if frame.opcode() == PONG {
                break frame;
            }
        };
        assert_eq!(pong.payload, format!("ping {number}").into_bytes());
    }
    peer.close(1000, "");
    while peer.read().opcode() == TEXT {}
    run.finish();
    endless.join().unwrap();
}

#[test]
fn pings_are_answered_while_nobody_reads_the_output() {
    use crate::harness::Stdout;

    let server = Server::start();
    let run = Run::connect("", &server.url()).stdin(Stdin::Held).stdout(Stdout::Held).start();
    let mut peer = server.accept();
    peer.text("unread");
    peer.ping("are you there");
    peer.expect_pong("are you there");
    peer.finish_first(1000);
    run.finish().status(0).silent();
}

#[test]
fn pongs_that_nobody_asked_for_are_ignored() {
    let server = Server::start();
    let run = Run::connect("", &server.url()).start();
    let mut peer = server.accept();
    peer.frame(FIN | PONG, "unasked");
    peer.finish_first(1000);
    run.finish().status(0).stdout("").silent();
}

#[test]
#[cfg(target_os = "linux")]
fn a_flood_of_pings_takes_no_memory() {
    let server = Server::start();
    let run = Run::connect("", &server.url()).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    let pings = (0..100_000).flat_map(|n| peer.bytes(FIN | PING, format!("{n:0125}"))).collect::<Vec<u8>>();
    // No pong is read until the last ping has been dealt with.
    peer.send(pings);
    peer.text("over");
    run.wait_stdout("over\n");
    let memory = run.peak_memory();
    peer.close(1000, "");
    let (mut count, mut last) = (0, None);
    loop {
        let frame = peer.read();
        if frame.opcode() != PONG {
            break;
        }
        let number: u32 = String::from_utf8(frame.payload).unwrap().parse().unwrap();
        assert!(last.is_none_or(|last| number > last), "{number} after {last:?}");
        (count, last) = (count + 1, Some(number));
    }
    run.finish().status(0).silent();
    // Of pings that came while others waited for their answer, the last one counts (RFC 6455, 5.5.3).
    assert_eq!(last, Some(99_999), "{count} pongs");
    assert!(memory < 64 << 20, "{memory} bytes");
}

#[test]
#[cfg(target_os = "linux")]
#[ignore = "takes its time: 300 MB each way"]
fn a_message_of_300_megabytes_passes_in_constant_memory() {
    const SIZE: usize = 300_000_000;
    let server = Server::start();
    let mut run = Run::connect("--wait 0", &server.url()).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    let mut stdin = run.take_stdin();
    let (sent, told) = mpsc::channel();
    let writer = thread::spawn(move || {
        let piece = vec![b'x'; 1_000_000];
        for _ in 0..SIZE / piece.len() {
            stdin.write_all(&piece).unwrap();
        }
        stdin.write_all(b"\n").unwrap();
        sent.send(()).unwrap();
        stdin
    });
    let mut sender = peer.sender();
    let other = thread::spawn(move || {
        let piece = vec![b'y'; 1_000_000];
        sender.send(b"\x81\x7f");
        sender.send((SIZE as u64).to_be_bytes());
        for _ in 0..SIZE / piece.len() {
            sender.send(&piece);
        }
    });
    let (mut total, mut is_final) = (0, false);
    while !is_final {
        let frame = peer.read();
        total += frame.payload.len();
        is_final = frame.is_final();
    }
    other.join().unwrap();
    told.recv_timeout(PATIENCE).unwrap();
    run.wait_stdout("y\n");
    let memory = run.peak_memory();
    drop(writer.join().unwrap());
    peer.finish(1000);
    let run = run.finish();
    run.status(0).silent();
    assert_eq!((total, run.stdout.len()), (SIZE, SIZE + 1));
    assert!(memory < 32 << 20, "{memory} bytes");
}
