//! `--retry`: attempts until the server is up.

use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::harness::{FIN, PATIENCE, PONG, Run, Server, Stdin, unix_connection};

const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";

/// A port at which nobody listens: it was free just now.
fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("a port is left").local_addr().expect("it is bound").port()
}

fn closed_url() -> String {
    format!("ws://127.0.0.1:{}/", closed_port())
}

#[test]
fn a_server_that_comes_later_is_waited_for_and_the_input_with_it() {
    let port = closed_port();
    let url = format!("ws://127.0.0.1:{port}/");
    let run = Run::connect("--retry", &url).input("kept\n").start();
    run.wait_stderr(&format!("waiting for {url}: "));
    let server = Server::on(port);
    let mut peer = server.accept();
    peer.expect_text("kept");
    peer.finish(1000);
    let run = run.finish();
    run.status(0).stderr_has("refused");
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
}

#[test]
fn a_socket_file_that_comes_later_is_waited_for() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("socket");
    let run = Run::connect("--retry", &format!("ws+unix:{}:/", path.display())).input("kept\n").start();
    run.wait_stderr("waiting for ws+unix:");
    let listener = UnixListener::bind(&path).expect("the folder takes it");
    let mut peer = unix_connection(&listener);
    peer.accept("");
    peer.expect_text("kept");
    peer.finish(1000);
    run.finish().status(0);
}

#[test]
fn answers_that_say_not_yet_are_tried_again() {
    for status in ["502 Bad Gateway", "503 Service Unavailable", "504 Gateway Timeout"] {
        let server = Server::start();
        let run = Run::connect("--retry -v", &server.url()).input("x\n").start();
        for _ in 0..2 {
            drop(server.answer(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n")));
        }
        let mut peer = server.accept();
        peer.expect_text("x");
        peer.finish(1000);
        let run = run.finish();
        run.status(0).stderr_has("waiting for").stderr_has(status).stderr_has("attempt 2: ");
    }
}

#[test]
fn a_connection_that_is_closed_or_reset_at_once_is_tried_again() {
    let server = Server::start();
    let run = Run::connect("--retry", &server.url()).input("x\n").start();
    drop(server.connection());
    let mut peer = server.connection();
    peer.head();
    drop(peer);
    server.connection().reset();
    let mut peer = server.connection();
    peer.head();
    peer.send("HTTP/1.1 1");
    drop(peer);
    let mut peer = server.accept();
    peer.expect_text("x");
    peer.finish(1000);
    run.finish().status(0).stderr_has("waiting for");
}

/// A port that is forwarded is open before the server is, whatever it is to speak.
#[test]
fn a_connection_that_ends_inside_the_handshake_of_tls_is_tried_again() {
    let server = Server::start();
    let url = server.url().replace("ws:", "wss:");
    let run = Run::connect("--retry", &url).start();
    drop(server.connection());
    server.connection().reset();
    let mut peer = server.connection();
    peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    run.finish().status(4).stderr_has("waiting for").stderr_has("TLS");
}

#[test]
fn other_answers_end_the_run_at_once() {
    for (answer, status) in [
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 5),
        ("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n", 5),
        ("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n", 5),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 5),
        ("SSH-2.0-OpenSSH\r\n", 5),
    ] {
        let server = Server::start();
        let run = Run::connect("--retry", &server.url()).start();
        let peer = server.answer(answer);
        let run = run.finish();
        run.status(status).stderr_lacks("waiting for").stderr_lacks("gave up");
        drop(peer);
        server.expect_nobody();
    }
}

#[test]
fn when_the_time_is_over_the_last_failure_counts() {
    let run = Run::connect("--retry=300ms", &closed_url()).finish();
    run.status(3).stderr_has("gave up after ").stderr_has(" ms and ").stderr_has("refused");
    let server = Server::start();
    let run = Run::connect("--retry=300ms", &server.url()).start();
    let busy = std::thread::spawn(move || {
        // It is asked again for as long as it takes.
        while let Some(mut peer) = server.connection_within(Duration::from_secs(2)) {
            peer.head();
            peer.try_send(BUSY);
        }
    });
    run.finish().status(5).stderr_has("gave up after ").stderr_has(" ms and ").stderr_has("503");
    busy.join().expect("it comes to its end");
}

#[test]
fn an_attempt_that_is_not_answered_ends_with_the_time() {
    let server = Server::start();
    let start = Instant::now();
    let run = Run::connect("--retry=300ms --connect-timeout 60", &server.url()).start();
    let _peer = server.connection();
    run.finish().status(3).stderr_has("did not answer");
    assert!(start.elapsed() < PATIENCE);
    // Each attempt has its own time.
    let run = Run::connect("--retry --connect-timeout 100ms", &server.url()).input("x\n").start();
    let first = server.connection();
    let mut peer = server.accept();
    peer.expect_text("x");
    peer.finish(1000);
    run.finish().status(0).stderr_has("within 0.1 s");
    drop(first);
}

#[test]
fn the_bound_of_the_run_ends_the_waiting() {
    Run::connect("--retry=1h --timeout 300ms", &closed_url()).finish().status(9).stderr_has("--timeout");
}

#[test]
fn a_signal_ends_the_waiting_at_once() {
    for signal in [Signal::INT, Signal::TERM] {
        let run = Run::connect("--retry=1h", &closed_url()).stdin(Stdin::Held).start();
        run.wait_stderr("waiting for");
        run.signal(signal);
        run.finish().died_of(signal);
    }
}

#[test]
fn a_short_rest_that_the_server_asks_for_is_kept() {
    let server = Server::start();
    let run = Run::connect("--retry", &server.url()).input("x\n").start();
    drop(server.answer("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"));
    let told = Instant::now();
    let mut peer = server.accept();
    // The first delay is a tenth of that.
    assert!(told.elapsed() > Duration::from_millis(900), "{:?}", told.elapsed());
    peer.expect_text("x");
    peer.finish(1000);
    run.finish().status(0);
}

#[test]
fn a_rest_beyond_the_time_ends_the_run_at_once() {
    let server = Server::start();
    let start = Instant::now();
    let run = Run::connect("--retry=1h", &server.url()).start();
    drop(server.answer("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7200\r\nContent-Length: 0\r\n\r\n"));
    let run = run.finish();
    run.status(5).stderr_has("it asks for ").stderr_has("(Retry-After), and --retry leaves ").stderr_has("503");
    run.stderr_lacks("gave up");
    assert!(start.elapsed() < PATIENCE);
    server.expect_nobody();
}

#[test]
fn a_proxy_that_finds_no_way_is_asked_again() {
    let proxy = Server::start();
    let run = Run::connect("--retry", "ws://nowhere.test/").arg(format!("--proxy=http://127.0.0.1:{}", proxy.port()));
    let run = run.input("x\n").start();
    drop(proxy.answer("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"));
    let mut peer = proxy.answer("HTTP/1.1 200 OK\r\n\r\n");
    peer.accept("");
    peer.expect_text("x");
    peer.finish(1000);
    run.finish().status(0).stderr_has("502");
}

#[test]
fn a_command_that_fails_is_run_again() {
    let folder = TempDir::new().expect("a folder");
    let run = Run::connect("--retry=1m -v", "ws://a.test/").within(folder.path());
    let run =
        run.args(["--via-command", "mkdir first 2>/dev/null && exit 7; mkdir second 2>/dev/null && exit 8; echo SSH"]);
    let run = run.finish();
    run.status(5).stderr_has("exit status 7").stderr_has("exit status 8").stderr_has("SSH");
}

#[test]
fn other_commands_wait_for_a_server_too() {
    let server = Server::start();
    let run = Run::new(["inspect", "--retry"]).arg(server.url()).start();
    drop(server.answer(BUSY));
    server.accept().finish(1000);
    run.finish().status(0).stdout_has("101").stderr_has("waiting for");

    let run = Run::new(["inspect", "--retry=300ms"]).arg(closed_url()).finish();
    run.status(3).stderr_has("gave up after");

    let run = Run::new(["ping", "-c", "1", "--retry"]).arg(server.url()).start();
    drop(server.answer(BUSY));
    let mut peer = server.accept();
    let ping = peer.read();
    peer.frame(FIN | PONG, ping.payload);
    peer.finish(1000);
    run.finish().status(0).stderr_has("waiting for");

    let run = Run::new(["forward", "0", "--retry"]).arg(server.url()).start();
    let address = run.listening_on();
    let stream = std::net::TcpStream::connect(address).expect("it listens");
    drop(server.connection());
    let _peer = server.accept();
    run.wait_stderr("waiting for");
    run.signal(Signal::TERM);
    drop(stream);
    run.finish().died_of(Signal::TERM);
}

#[test]
fn a_time_stands_behind_an_equals_sign() {
    Run::new(["connect", "--retry", "5s", "ws://h/"]).finish().status(2).stderr_has("tip: write '--retry=5s'");
    Run::new(["connect", "--retry=0", "ws://h/"]).finish().status(2).stderr_has("leave the option out");
    Run::new(["inspect", "--retry", "--request", "x"]).finish().status(2);
}

#[test]
fn a_last_attempt_that_is_cut_short_names_the_option_that_does_so() {
    let server = Server::start();
    let run = Run::connect("--retry=300ms", &server.url()).start();
    let silent = server.connection();
    run.finish().status(3).stderr_has(" s (what was left of --retry)").stderr_lacks("--connect-timeout");
    drop(silent);
}
