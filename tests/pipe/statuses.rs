//! Each exit status, provoked.

use std::fs::File;
use std::net::TcpListener;

use rustix::process::Signal;

use crate::harness::{Peer, Run, Server, Stdin, Stdout, TEXT};

#[test]
fn a_clean_close_is_status_0() {
    let server = Server::start();
    let run = Run::connect("--wait 0", &server.url()).input("hello\n").start();
    let mut peer = server.accept();
    peer.expect_text("hello");
    peer.finish(1000);
    run.finish().status(0).stdout("").silent();
}

#[test]
fn a_close_without_a_code_is_clean() {
    let server = Server::start();
    let run = Run::connect("", &server.url()).start();
    let mut peer = server.accept();
    peer.frame(0x88, "");
    let answer = peer.read();
    assert_eq!((answer.first, answer.payload.len()), (0x88, 0), "{answer:?}");
    run.finish().status(0).silent();
}

#[test]
fn going_away_is_clean() {
    let server = Server::start();
    let run = Run::connect("", &server.url()).start();
    server.accept().finish_first(1001);
    run.finish().status(0).silent();
}

#[test]
fn an_output_that_is_full_is_status_1() {
    let server = Server::start();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let run = Run::connect("", &server.url()).stdout(Stdout::File(full)).start();
    let mut peer = server.accept();
    peer.text("lost");
    peer.expect_close(1011);
    peer.close(1011, "");
    run.finish().status(1).stderr_has("cannot write to standard output: No space left");
}

#[test]
fn an_input_that_cannot_be_read_is_status_1() {
    let server = Server::start();
    let directory = File::open("/").unwrap();
    let run = Run::connect("", &server.url()).stdin(Stdin::File(directory)).start();
    server.accept().finish(1011);
    run.finish().status(1).stderr_has("cannot read standard input: Is a directory");
}

#[test]
fn wrong_usage_is_status_2_and_says_what_is_wrong() {
    let usages: [(&[&str], &str); 14] = [
        (&["connect", "--frobnicate", "ws://h/"], "--frobnicate"),
        (&["frobnicate"], "frobnicate"),
        (&["connect"], "<URL>"),
        (&["connect", "ftp://h/"], "ftp"),
        (&["connect", "ws://h:99999/"], "99999"),
        (&["connect", "ws://"], "host"),
        (&["connect", "-H", "no colon", "ws://h/"], "no colon"),
        (&["connect", "-H", "Upgrade: x", "ws://h/"], "belongs to the handshake"),
        (&["connect", "--close-code", "1005", "ws://h/"], "1005"),
        (&["connect", "--close-code", "999", "ws://h/"], "999"),
        (&["connect", "--close-reason", &"x".repeat(124), "ws://h/"], "124 bytes"),
        (&["connect", "--wait", "1 parsec", "ws://h/"], "parsec"),
        (&["connect", "-t", "-b", "ws://h/"], "--binary"),
        (&["listen", "ws://127.0.0.1:9001/"], "ws://127.0.0.1:9001/"),
    ];
    for (args, words) in usages {
        Run::new(args).finish().status(2).stdout("").stderr_has(words);
    }
}

#[test]
fn a_port_where_nobody_listens_is_status_3() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let run = Run::connect("", &format!("ws://127.0.0.1:{port}/")).finish();
    run.status(3).stderr_has("refused").stderr_has("is the server running?");
}

#[test]
fn a_name_that_does_not_exist_is_status_3() {
    let run = Run::connect("--connect-timeout 20s", "ws://nonexistent.invalid/").finish();
    run.status(3).stderr_has("nonexistent.invalid");
}

#[test]
fn a_socket_that_does_not_exist_is_status_3() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("ws+unix:{}:/", directory.path().join("none").display());
    Run::connect("", &url).finish().status(3).stderr_has("none");
}

#[test]
fn a_server_that_never_answers_the_handshake_is_status_3() {
    let server = Server::start();
    let run = Run::connect("--connect-timeout 200ms", &server.url()).start();
    let mut peer = server.connection();
    peer.head();
    run.finish().status(3).stderr_has("did not answer the handshake within 0.2 s (--connect-timeout)");
}

#[test]
fn tls_that_there_is_none_of_is_status_4() {
    let server = Server::start();
    let run = Run::connect("", &server.url().replace("ws:", "wss:")).start();
    server.connection().send("220 mail.test\r\n");
    run.finish().status(4).stderr_has("no TLS");
}

#[test]
fn a_connection_that_ends_without_a_close_is_status_6() {
    let server = Server::start();
    let run = Run::connect("", &server.url()).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    peer.text("before");
    drop(peer);
    run.finish().status(6).stdout("before\n").stderr_has("the connection broke without a Close");
}

#[test]
fn a_connection_that_is_reset_is_status_6() {
    let server = Server::start();
    let run = Run::connect("", &server.url()).start();
    server.accept().reset();
    run.finish().status(6).stderr_has("without a Close");
}

#[test]
fn a_half_closed_connection_is_status_6() {
    let server = Server::start();
    let run = Run::connect("", &server.url()).start();
    let mut peer = server.accept();
    peer.half_close();
    run.finish().status(6).stderr_has("without a Close");
}

#[test]
fn a_close_that_is_never_answered_is_status_6() {
    let server = Server::start();
    let run = Run::connect("--wait 0 --close-timeout 200ms", &server.url()).input("").start();
    let mut peer = server.accept();
    peer.expect_close(1000);
    run.finish().status(6).stderr_has("never answered our Close (--close-timeout)");
    peer.expect_end();
}

#[test]
fn a_close_that_is_answered_by_the_end_of_the_connection_is_status_6() {
    let server = Server::start();
    let run = Run::connect("--wait 0", &server.url()).input("").start();
    let mut peer = server.accept();
    peer.expect_close(1000);
    drop(peer);
    run.finish().status(6);
}

#[test]
fn input_that_was_read_and_not_sent_is_status_6_and_counted() {
    let server = Server::start();
    let mut run = Run::connect("", &server.url()).stdin(Stdin::Held).start();
    run.write("first\nabc");
    let mut peer = server.accept();
    peer.expect_text("first");
    peer.close(1000, "enough");
    peer.expect_close(1000);
    let run = run.finish();
    run.status(6).stderr_has("the peer closed, 1000 (normal closure): enough; ");
    run.stderr_has("3 bytes that had been read from the input were not sent");
}

#[test]
fn a_message_that_left_in_part_is_status_6() {
    let server = Server::start();
    let mut run = Run::connect("--in whole", &server.url()).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    run.write("beginning");
    let frame = peer.read();
    assert_eq!(frame.first, TEXT, "{frame:?}");
    peer.finish_first(1000);
    run.finish().status(6).stderr_has("the last message of the input was sent in part");
}

#[test]
fn an_error_that_the_peer_reports_is_status_7_with_its_words() {
    let server = Server::start();
    let run = Run::connect("", &server.url()).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    peer.close(1011, "disk full\u{1b}[2J");
    peer.expect_close(1011);
    let run = run.finish();
    run.status(7).stderr_has("1011 (internal server error): disk full");
    run.stderr_lacks("\u{1b}");
}

#[test]
fn an_error_that_answers_our_close_is_status_7() {
    let server = Server::start();
    let run = Run::connect("--wait 0", &server.url()).input("x\n").start();
    let mut peer = server.accept();
    peer.expect_text("x");
    peer.expect_close(1000);
    peer.close(4321, "no");
    run.finish().status(7).stderr_has("4321: no");
}

#[test]
fn fewer_messages_than_awaited_are_status_8() {
    let server = Server::start();
    let run = Run::connect("--count 3", &server.url()).start();
    let mut peer = server.accept();
    peer.text("only");
    peer.finish_first(1000);
    run.finish().status(8).stdout("only\n").stderr_has("only 1 of 3 messages had come (--count): the peer closed");
}

#[test]
fn a_run_that_takes_too_long_is_status_9() {
    let server = Server::start();
    let run = Run::connect("--timeout 200ms", &server.url()).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    peer.expect_close(1000);
    run.finish().status(9).stderr_has("(--timeout)");
}

#[test]
fn a_run_whose_time_is_over_before_it_is_open_is_status_9() {
    let server = Server::start();
    let run = Run::connect("--timeout 200ms", &server.url()).start();
    let mut peer = server.connection();
    peer.head();
    run.finish().status(9).stderr_has("before the connection was open (--timeout)");
}

#[test]
fn a_listener_that_nobody_comes_to_is_status_9() {
    for once in ["", "--once"] {
        let run = Run::listen("--timeout 200ms").words(once).finish();
        run.status(9).stderr_has("(--timeout)");
    }
}

#[test]
fn a_signal_says_goodbye_and_then_ends_the_program() {
    for signal in [Signal::INT, Signal::TERM] {
        let server = Server::start();
        let run = Run::connect("--send ready", &server.url()).stdin(Stdin::Held).start();
        let mut peer = server.accept();
        peer.expect_text("ready");
        run.signal(signal);
        peer.finish(1001);
        run.finish().died_of(signal).silent();
    }
}

#[test]
fn a_signal_ends_the_program_also_when_nobody_answers() {
    let server = Server::start();
    let run = Run::connect("--send ready --close-timeout 100ms", &server.url()).start();
    let mut peer = server.accept();
    peer.expect_text("ready");
    run.signal(Signal::TERM);
    peer.expect_close(1001);
    run.finish().died_of(Signal::TERM);
}

#[test]
fn a_signal_ends_a_listener_and_its_sessions() {
    for once in ["", "--once"] {
        let run = Run::listen("--send ready").words(once).start();
        let mut peer = Peer::open(&run.url());
        peer.expect_text("ready");
        run.signal(Signal::TERM);
        peer.finish(1001);
        run.finish().died_of(Signal::TERM);
    }
}

#[test]
fn a_signal_ends_a_listener_that_nobody_came_to() {
    for once in ["", "--once"] {
        let run = Run::listen(once).start();
        run.url();
        run.signal(Signal::INT);
        run.finish().died_of(Signal::INT);
    }
}

#[test]
fn quiet_says_nothing_whatever_happens() {
    let server = Server::start();
    let run = Run::connect("-q", &server.url()).start();
    drop(server.accept());
    run.finish().status(6).silent();
    let server = Server::start();
    let run = Run::connect("-q", &server.url().replace("ws:", "wss:")).start();
    server.connection().send("220 mail.test\r\n");
    run.finish().status(4).silent();
    let server = Server::start();
    let run = Run::connect("-q --wait 0", &server.url()).input(b"\xff\n").start();
    server.accept().finish(1011);
    run.finish().status(1).silent();
}

#[test]
fn quiet_says_nothing_also_where_the_environment_asks_for_more() {
    let run = Run::new(["connect", "-q", "echo:"]).env("RUST_LOG", "debug").input("x\n").finish();
    run.status(0).stdout("x\n").silent();
    Run::new(["connect", "echo:"]).env("RUST_LOG", "debug").input("x\n").finish().stderr_has("wspipe: debug: ");
}

#[test]
fn a_standard_error_that_nobody_reads_changes_no_status() {
    Run::listen("--timeout 300ms --no-stdin").stderr_unread().finish().status(9);
    Run::new(["connect", "--wait"]).arg("nonsense").stderr_unread().finish().status(2);
}

#[test]
fn a_time_longer_than_any_is_status_2() {
    for option in ["--wait", "--timeout", "--close-timeout", "--connect-timeout"] {
        Run::new(["connect", option, "1e19", "echo:"]).input("x\n").finish().status(2).stdout("").stderr_has(option);
    }
    Run::listen("--handshake-timeout 1e19").finish().status(2).stderr_has("--handshake-timeout");
}

#[test]
fn a_server_that_resets_at_once_is_status_3_or_5() {
    let server = Server::start();
    for _ in 0..20 {
        let run = Run::connect("--no-stdin", &server.url()).start();
        server.connection().reset();
        run.finish().status_of(&[3, 5]);
    }
}

#[test]
fn numbers_and_times_that_make_no_sense_are_wrong_usage_in_words() {
    for (options, words) in [
        ("--count 0", "it is at least 1"),
        ("--count x", "\"x\" is no number: write it in digits"),
        ("--reconnect=0", "it is at least 1"),
        ("-L=x", "\"x\" is no number"),
        ("--close-code 70000", "70000 is too large a number"),
        ("--compress --compress-level 10", "write 1 (the fastest) to 9"),
        ("--timeout 0", "it would be over at once"),
        ("--connect-timeout 0", "it would be over at once"),
        ("--in hex", "tip: hex is how messages are shown"),
    ] {
        Run::connect(options, "echo:").finish().status(2).stdout("").stderr_has(words);
    }
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let run = Run::connect("--record /nonexistent/file", "echo:").finish();
    run.status(1).stderr_has("wspipe: cannot write /nonexistent/file (--record): No such file");
}
