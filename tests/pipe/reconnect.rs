//! `--reconnect`: one pipe over connections that follow each other.

use std::io::Read;
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::harness::{
    CONTINUATION, FIN, PATIENCE, Peer, Run, Running, Server, Stdin, Stdout, TEXT, line, wait_for_somebody,
};

/// Runs with short delays.
fn connect(words: &str, server: &Server) -> Run {
    Run::connect(&format!("--reconnect --reconnect-delay 10ms {words}"), &server.url())
}

/// How many lines of standard error say that it connects again.
fn reconnections(stderr: &str) -> usize {
    stderr.lines().filter(|line| line.contains("; connecting again in ")).count()
}

/// A session over which one line has come here.
fn session_with(server: &Server, run: &mut Running, text: &str) -> Peer {
    let mut peer = server.accept();
    run.write(format!("{text}\n"));
    peer.expect_text(text);
    peer
}

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
fn a_clean_close_by_the_peer_ends_the_run() {
    let server = Server::start();
    let run = connect("", &server).stdin(Stdin::Held).start();
    server.accept().finish_first(1000);
    run.finish().status(0).silent();
    server.expect_nobody();

    let server = Server::start();
    let run = connect("", &server).stdin(Stdin::Held).start();
    server.accept().finish_first(1008);
    run.finish().status(7).stderr_has("1008");
    server.expect_nobody();
}

#[test]
fn a_peer_that_can_not_go_on_at_the_moment_is_connected_to_again() {
    let server = Server::start();
    let run = connect("", &server).stdin(Stdin::Held).start();
    for code in [1001, 1011, 1012, 1013, 1014] {
        server.accept().finish_first(code);
    }
    server.accept().finish_first(1000);
    let run = run.finish();
    run.status(0).stderr_has("the peer closed with 1001 (going away)").stderr_has("1012").stderr_has("1014");
    assert_eq!(reconnections(&run.stderr), 5, "{}", run.stderr);
}

#[test]
fn a_peer_that_breaks_the_protocol_is_left() {
    let server = Server::start();
    let run = connect("", &server).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    peer.frame(FIN | 0x70 | TEXT, "x");
    peer.expect_close(1002);
    drop(peer);
    run.finish().status(6).stderr_lacks("again");
    server.expect_nobody();
}

#[test]
fn a_peer_that_went_silent_is_connected_to_again() {
    for (words, told) in
        [("--idle-timeout 200ms", "--idle-timeout"), ("--ping-interval 100ms --ping-timeout 200ms", "--ping-timeout")]
    {
        let server = Server::start();
        let run = connect(words, &server).stdin(Stdin::Held).start();
        let silent = server.accept();
        let mut peer = server.accept();
        peer.close(1000, "");
        run.finish().status(0).stderr_has(told).stderr_has("connecting again");
        drop((silent, peer));
    }
}

#[test]
fn what_send_says_is_said_again() {
    let server = Server::start();
    let mut run = connect("--send subscribe --send more", &server).stdin(Stdin::Held).start();
    for number in 0..3 {
        let mut peer = server.accept();
        peer.expect_text("subscribe");
        peer.expect_text("more");
        run.write(format!("{number}\n"));
        peer.expect_text(number.to_string());
        if number < 2 { peer.reset() } else { peer.finish_first(1000) }
    }
    run.finish().status(0);
}

#[test]
fn messages_are_counted_on() {
    let server = Server::start();
    let run = connect("--count 3", &server).start();
    for number in 0..2 {
        let mut peer = server.accept();
        peer.text(number.to_string());
        run.wait_lines(number + 1);
        peer.reset();
    }
    let mut peer = server.accept();
    peer.text("2");
    peer.finish(1000);
    run.finish().status(0).stdout("0\n1\n2\n");
}

#[test]
fn attempts_in_a_row_are_bounded() {
    let server = Server::start();
    let run = Run::connect("--reconnect=3 --reconnect-delay 10ms", &server.url()).stdin(Stdin::Held).start();
    for _ in 0..4 {
        server.accept().reset();
    }
    run.finish().status(6).stderr_has("gave up after 3 attempts in a row");
    server.expect_nobody();

    // The server is gone for good.
    let server = Server::start();
    let run = Run::connect("--reconnect=3 --reconnect-delay 10ms -v", &server.url()).stdin(Stdin::Held).start();
    let peer = server.accept();
    drop(server);
    peer.reset();
    let run = run.finish();
    run.status(3).stderr_has("gave up after 3 attempts in a row").stderr_has("refused").stderr_has("attempt 2: ");
}

#[test]
fn attempts_that_fail_are_made_again_unless_they_fail_for_good() {
    let server = Server::start();
    let mut run = connect("", &server).stdin(Stdin::Held).start();
    session_with(&server, &mut run, "first").reset();
    run.write("kept\n");
    drop(server.connection());
    for status in ["502 Bad Gateway", "503 Service Unavailable"] {
        drop(server.answer(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n")));
    }
    let mut peer = server.accept();
    peer.expect_text("kept");
    peer.reset();
    let peer = server.answer("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    let run = run.finish();
    run.status(5).stderr_has("404");
    assert_eq!(reconnections(&run.stderr), 2, "{}", run.stderr);
    drop(peer);
    server.expect_nobody();
}

#[test]
fn the_first_connection_has_to_succeed() {
    let server = Server::start();
    let url = server.url();
    drop(server);
    let run = Run::connect("--reconnect --reconnect-delay 10ms", &url).finish();
    run.status(3).stderr_has("refused").stderr_lacks("again");
}

#[test]
fn a_signal_ends_the_waiting() {
    for signal in [Signal::INT, Signal::TERM] {
        let server = Server::start();
        let run = Run::connect("--reconnect --reconnect-delay 1h", &server.url()).stdin(Stdin::Held).start();
        server.accept().reset();
        run.wait_stderr("connecting again");
        run.signal(signal);
        run.finish().died_of(signal);
    }
}

#[test]
fn a_signal_while_waiting_leaves_nothing_unsaid() {
    let server = Server::start();
    let run = Run::connect("--reconnect --reconnect-delay 1h", &server.url());
    let run = run.input(format!("{}\n", line(1, 20_000_000))).start();
    let mut peer = server.accept();
    // Its beginning has come; sockets hold nothing like the rest.
    assert!(!peer.read().is_final());
    peer.reset();
    run.wait_stderr("connecting again");
    run.signal(Signal::INT);
    let run = run.finish();
    run.died_of(Signal::INT).stderr_has("bytes that had been read from the input were not sent");
}

#[test]
fn a_signal_ends_an_attempt() {
    let server = Server::start();
    let run = connect("--connect-timeout 1h", &server).stdin(Stdin::Held).start();
    server.accept().reset();
    let _unanswered = server.connection();
    run.signal(Signal::TERM);
    run.finish().died_of(Signal::TERM);
}

#[test]
fn the_bound_of_the_run_ends_the_waiting() {
    let server = Server::start();
    let run =
        Run::connect("--reconnect --reconnect-delay 1h --timeout 500ms", &server.url()).stdin(Stdin::Held).start();
    server.accept().reset();
    run.finish().status(9).stderr_has("connecting again").stderr_has("--timeout");
}

#[test]
fn the_reader_of_the_output_ends_the_waiting() {
    let server = Server::start();
    let run = Run::connect("--reconnect --reconnect-delay 1h", &server.url());
    let mut run = run.stdin(Stdin::Held).stdout(Stdout::Held).start();
    let stdout = run.take_stdout();
    server.accept().reset();
    run.wait_stderr("connecting again");
    drop(stdout);
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
    run.finish().status(0).stdout("whole\nin pieces\n").stderr_has("; 7 bytes of a message that was cut off");
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
fn json_lines_tell_of_it() {
    let server = Server::start();
    let run = connect("--out json", &server).stdin(Stdin::Held).start();
    server.accept().reset();
    drop(server.connection());
    server.accept().finish_first(1000);
    let run = run.finish();
    run.status(0);
    let lines = run.json();
    let types: Vec<_> = lines.iter().map(|line| line["type"].as_str().unwrap_or_default().to_owned()).collect();
    assert_eq!(types, ["open", "error", "reconnect", "reconnect", "open", "close"]);
    assert_eq!((&lines[2]["attempt"], &lines[3]["attempt"]), (&1.into(), &2.into()));
    assert!(lines[2]["why"].as_str().is_some_and(|why| why.contains("broke")), "{}", lines[2]);
    assert!(lines[2]["delay"].as_f64().is_some_and(|delay| (5.0..=10.0).contains(&delay)), "{}", lines[2]);
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

#[test]
fn a_recording_has_each_session() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("recording");
    let server = Server::start();
    let run = connect("", &server).arg("--record").arg(&file).stdin(Stdin::Held).start();
    server.accept().reset();
    server.accept().finish_first(1000);
    run.finish().status(0);
    let text = std::fs::read_to_string(file).expect("it was written");
    let events = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    let types: Vec<String> = events.map(|event| event["type"].as_str().unwrap_or_default().to_owned()).collect();
    assert_eq!(types, ["open", "error", "reconnect", "open", "close", "close"]);
}

#[test]
fn it_is_for_standard_input_and_output() {
    for words in ["--echo", "--forward 1", "--exec -- true"] {
        let words = format!("connect --reconnect ws://h/ {words}");
        Run::new(words.split(' ')).finish().status(2).stderr_has("--reconnect");
    }
    Run::connect("--reconnect-delay 1s", "ws://h/").finish().status(2).stderr_has("--reconnect");
    Run::connect("--reconnect=0", "ws://h/").finish().status(2);
    Run::new(["connect", "--reconnect", "5", "ws://h/"]).finish().status(2).stderr_has("tip: write '--reconnect=5'");
}
