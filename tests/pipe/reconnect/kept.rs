//! What is kept from one connection for the next, in either direction, and what is lost.

use std::io::Read;
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use rustix::process::Signal;
use tempfile::TempDir;

use super::{connect, reconnections, session_with};
use crate::harness::{CONTINUATION, FIN, PATIENCE, Run, Server, Stdin, Stdout, TEXT, line, wait_for_somebody};

#[test]
fn the_input_goes_on_over_connections_that_break_between_messages() {
    let server = Server::start();
    let mut run = connect("", &server).stdin(Stdin::Held).start();
    for number in 0..5 {
        let mut peer = session_with(&server, &mut run, &format!("first of {number}"));
        run.write(format!("second of {number}\n"));
        peer.expect_text(format!("second of {number}"));
        peer.text(format!("answer {number}"));
        run.wait_stdout(format!("answer {number}\n"));
        if number % 2 == 0 { peer.reset() } else { drop(peer) }
    }
    session_with(&server, &mut run, "last").finish_first(1000);
    let run = run.finish();
    run.status(0).stdout("answer 0\nanswer 1\nanswer 2\nanswer 3\nanswer 4\n");
    assert_eq!((reconnections(&run.stderr), run.stderr.lines().count()), (5, 5), "{}", run.stderr);
}

#[test]
fn what_comes_while_there_is_no_connection_is_sent_on_the_next() {
    let server = Server::start();
    let mut run = connect("", &server).stdin(Stdin::Held).start();
    session_with(&server, &mut run, "first").reset();
    run.wait_stderr("connecting again");
    let mut between = server.connection();
    run.write("second\nthird\n");
    between.accept("");
    between.expect_text("second");
    between.expect_text("third");
    run.end_input();
    between.finish(1000);
    run.finish().status(0);
}

#[test]
fn the_beginning_of_a_message_that_was_cut_off_is_not_printed() {
    let server = Server::start();
    let run = connect("", &server).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    peer.text("whole");
    peer.frame(TEXT, "cut ");
    peer.frame(CONTINUATION, "off");
    run.wait_stdout("whole\n");
    drop(peer);
    let mut peer = server.accept();
    peer.frame(TEXT, "in ");
    peer.frame(FIN | CONTINUATION, "pieces");
    peer.finish_first(1000);
    run.finish()
        .status(0)
        .stdout("whole\nin pieces\n")
        .stderr_has("; its last message was cut off after 7 bytes, and is not passed on; connecting again");
}

#[test]
fn a_message_that_the_answer_to_our_close_cuts_off_is_told() {
    let server = Server::start();
    let run = connect("--wait 0", &server).input("last\n").start();
    let mut peer = server.accept();
    peer.expect_text("last");
    peer.frame(TEXT, "cut off");
    peer.finish(1000);
    run.finish()
        .status(0)
        .stdout("")
        .stderr_has("the peer answered our Close; its last message was cut off after 7 bytes");
}

#[test]
fn a_message_that_was_sent_in_part_is_sent_again_as_a_whole() {
    let server = Server::start();
    let long = line(1, 20_000_000);
    let mut run = connect("--close-timeout 200ms", &server).stdin(Stdin::Held).start();
    let mut peer = session_with(&server, &mut run, "first");
    let mut stdin = run.take_stdin();
    let text = long.clone();
    let writer = thread::spawn(move || {
        use std::io::Write as _;
        writeln!(stdin, "{text}\nlast").expect("the program reads");
    });
    // Its beginning has come; sockets hold nothing like the rest.
    let head = peer.read();
    assert!(!head.is_final() && head.opcode() == TEXT);
    peer.reset();
    let mut peer = server.accept();
    let (opcode, payload, frames) = peer.message();
    assert!(opcode == TEXT && payload == long.as_bytes() && frames > 1);
    peer.expect_text("last");
    writer.join().expect("all was read");
    peer.finish(1000);
    run.finish().status(0);
}

#[test]
fn a_record_that_is_too_long_to_be_kept_is_refused() {
    let server = Server::start();
    let run = connect("--max-message 1M", &server).input(format!("first\n{}\n", line(1, 2_000_000))).start();
    let mut peer = server.accept();
    peer.expect_text("first");
    let mut frames = 0;
    let close = loop {
        let frame = peer.read();
        if frame.close_code().is_some() && frame.opcode() == 8 {
            break frame;
        }
        frames += 1;
    };
    assert!(frames <= 4, "{frames} frames");
    assert_eq!(close.close_code(), Some(1007));
    peer.close(1007, "");
    run.finish().status(1).stderr_has("record 2 of the input is longer than 1048576 bytes").stderr_has("--reconnect");
}

#[test]
fn a_close_in_the_input_is_said_on_the_connection_that_takes_it() {
    let server = Server::start();
    let mut run = connect("--in json", &server).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    run.write("{\"type\":\"text\",\"data\":\"first\"}\n");
    peer.expect_text("first");
    peer.reset();
    let mut peer = server.accept();
    run.write("{\"type\":\"text\",\"data\":\"last\"}\n{\"type\":\"close\",\"code\":4000}\n");
    peer.expect_text("last");
    peer.finish(4000);
    run.finish().status(0);
}

#[test]
fn what_is_sent_over_tls_is_kept_too() {
    let files = crate::tls::Files::good();
    let listen = files.listen("--echo --once");
    let run = Run::connect("--reconnect=1 --reconnect-delay 10ms --count 1", &listen.url());
    let run = files.trusting(run).input("hello\n").finish();
    run.status(0).stdout("hello\n");
    listen.finish().status(0);
}

/// Where so many bytes wait in a socket of the file system, it is full or will be soon: those that were written in small
/// pieces take more than twice their size there.
const WAITING: u64 = 60_000;

/// A way to a listener, and its socket. After so many bytes it takes nothing more, but for the last connection; what it has
/// taken it delivers.
fn breaking_way(listener: String, rooms: Vec<usize>) -> (TempDir, PathBuf, JoinHandle<()>) {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("socket");
    let here = UnixListener::bind(&path).expect("the folder takes it");
    let relay = thread::spawn(move || {
        for room in rooms.into_iter().chain([usize::MAX]) {
            wait_for_somebody(&here);
            let (client, _) = here.accept().expect("somebody is there");
            let server = TcpStream::connect(&listener).expect("the listener is there");
            let (mut from, mut to) = both(&client, &server);
            let down = thread::spawn(move || drop(std::io::copy(&mut from, &mut to)));
            let (mut client, mut server) = (client, server);
            let _ = std::io::copy(&mut (&mut client).take(room as u64), &mut server);
            // A write waits for room, and fails half-way; what the system has taken by then still comes.
            let until = Instant::now() + PATIENCE;
            while room < usize::MAX && rustix::io::ioctl_fionread(&client).expect("it is a socket") < WAITING {
                assert!(Instant::now() < until, "nothing more came");
                thread::yield_now();
            }
            let _ = client.shutdown(Shutdown::Read);
            let _ = std::io::copy(&mut client, &mut server);
            let _ = (server.shutdown(Shutdown::Write), client.shutdown(Shutdown::Both));
            down.join().expect("it comes to its end");
        }
    });
    (folder, path, relay)
}

fn both(client: &UnixStream, server: &TcpStream) -> (TcpStream, UnixStream) {
    (server.try_clone().expect("descriptors are left"), client.try_clone().expect("descriptors are left"))
}

/// Where all that the system has taken arrives, every message does, and none twice: a record of TLS that is not whole says
/// nothing, and a message that is not whole is sent again.
#[test]
fn every_message_comes_once_wherever_the_connection_breaks() {
    const LINES: usize = 40_000;
    let files = crate::tls::Files::good();
    for scheme in ["ws", "wss"] {
        let listen = match scheme {
            "ws" => Run::listen("--no-stdin --out json").start(),
            _ => files.listen("--no-stdin --out json"),
        };
        let url = listen.url();
        let address = url.split("://").nth(1).expect("it is a URL").trim_end_matches('/').to_owned();
        let rooms = (1..10).map(|number| 40_000 + number * 7_919).collect();
        let (_folder, path, relay) = breaking_way(address.replace("localhost", "127.0.0.1"), rooms);
        let run =
            Run::connect("--reconnect --reconnect-delay 0 --wait 0", &format!("{scheme}+unix:{}:/", path.display()));
        let input: String = (0..LINES).map(|number| line(number, 99) + "\n").collect();
        let run = files.trusting(run).input(input).finish();
        run.status(0);
        assert_eq!(reconnections(&run.stderr), 9);
        relay.join().expect("all connections came");
        listen.wait_stdout(format!("{:08} ", LINES - 1));
        listen.signal(Signal::TERM);
        let told = listen.finish();
        let is_text = |event: &&serde_json::Value| event["type"] == "text";
        let number =
            |event: &serde_json::Value| event["data"].as_str().and_then(|data| data[..8].parse::<usize>().ok());
        let mut numbers: Vec<usize> =
            told.json().iter().filter(is_text).map(|event| number(event).expect("a line")).collect();
        // (The listener writes what came from one client while another one begins.)
        numbers.sort_unstable();
        let twice: Vec<_> = numbers.windows(2).filter(|pair| pair[0] == pair[1]).collect();
        assert!(twice.is_empty(), "{scheme}: {} lines came twice: {twice:?}", twice.len());
        assert_eq!(numbers.len(), LINES, "{scheme}");
    }
}

/// While the output takes nothing, what has come is still being written, and no other session can write between.
#[test]
fn a_slow_output_comes_before_the_next_connection() {
    let server = Server::start();
    let run = connect("--close-timeout 100ms", &server);
    let mut run = run.stdin(Stdin::Held).stdout(Stdout::Held).start();
    let mut peer = server.accept();
    peer.fill();
    peer.reset();
    run.write("kept\n");
    let mut stdout = run.take_stdout();
    let reader = thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).expect("it is text");
        text
    });
    let mut peer = server.accept();
    peer.expect_text("kept");
    peer.text("last");
    peer.finish_first(1000);
    run.finish().status(0);
    let text = reader.join().expect("it comes to its end");
    let (last, others) =
        text.lines().collect::<Vec<_>>().split_last().map(|(last, others)| (*last, others.to_vec())).expect("lines");
    assert_eq!(last, "last");
    assert!(others.len() > 100 && others.iter().all(|line| line.len() == 1000), "{} lines", others.len());
}

#[test]
fn after_the_end_of_the_input_the_next_session_is_closed() {
    let server = Server::start();
    let run = connect("--wait 300ms", &server).input("question\n").start();
    let mut peer = server.accept();
    peer.expect_text("question");
    peer.reset();
    server.accept().finish(1000);
    run.finish().status(0).stderr_has("connecting again");
}
