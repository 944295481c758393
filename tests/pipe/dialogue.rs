//! What is said and awaited by turns: `--send`, `--expect`, and `--count` beside them.

use crate::harness::{BINARY, FIN, Peer, Run, Server, Stdin, TEXT, line};

/// What is said of a dialogue that stands at its last step.
const AT_ROW: &str = "--expect \"row\" (step 4 of 4) was not met";

/// The dialogue of most tests here.
const LOGIN: &str = "--send login --expect ok --send query --expect row";

/// Plays the server up to the query.
#[track_caller]
fn log_in(server: &Server) -> Peer {
    let mut peer = server.accept();
    peer.expect_text("login");
    peer.text("ok");
    peer.expect_text("query");
    peer
}

#[test]
fn steps_are_carried_out_in_the_order_of_the_command_line() {
    let server = Server::start();
    // The run ends though its input is open.
    let run = Run::connect(LOGIN, &server.url()).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    peer.expect_text("login");
    // What is awaited later is passed over now, and nothing is said before it is time.
    peer.text("row 0");
    peer.ping("quiet");
    peer.expect_pong("quiet");
    peer.text("it is ok");
    peer.expect_text("query");
    peer.text("ok");
    peer.text("row 1");
    peer.finish(1000);
    run.finish().status(0).stdout("row 0\nit is ok\nok\nrow 1\n").silent();
}

#[test]
fn several_messages_in_one_read_meet_one_step_each() {
    let server = Server::start();
    let run = Run::connect("--expect a --expect a --send b --expect a", &server.url()).start();
    let mut peer = server.accept();
    let two = [peer.bytes(FIN | TEXT, "a1 a"), peer.bytes(FIN | TEXT, "a2")].concat();
    peer.send(two);
    peer.expect_text("b");
    let more = [peer.bytes(FIN | TEXT, "a3"), peer.bytes(FIN | TEXT, "too much")].concat();
    peer.send(more);
    peer.finish(1000);
    run.finish().status(0).stdout("a1 a\na2\na3\n").silent();
}

#[test]
fn what_comes_with_the_opening_handshake_counts_and_our_word_goes_out() {
    let server = Server::start();
    let run = Run::connect("--send hello --expect welcome", &server.url()).start();
    let mut peer = server.accept_with([&[FIN | TEXT, 7][..], b"welcome"].concat());
    peer.expect_text("hello");
    peer.finish(1000);
    run.finish().status(0).stdout("welcome\n").silent();
}

#[test]
fn a_dialogue_may_end_with_our_word() {
    let server = Server::start();
    let run = Run::connect("--expect question --send answer --send bye", &server.url()).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    peer.text("question");
    peer.expect_text("answer");
    peer.expect_text("bye");
    peer.finish(1000);
    run.finish().status(0).stdout("question\n").silent();
}

#[test]
fn what_the_peer_says_when_all_has_come_changes_nothing() {
    for words in ["--send foo --expect hello", "--send foo --count 1"] {
        for at_once in [true, false] {
            let server = Server::start();
            let run = Run::connect(words, &server.url()).start();
            let mut peer = server.accept();
            peer.expect_text("foo");
            if at_once {
                let close = peer.bytes(FIN | 8, [&1011_u16.to_be_bytes()[..], b"full"].concat());
                peer.send([peer.bytes(FIN | TEXT, "hello"), close].concat());
                // Ours goes out first, or answers this one.
                assert!(matches!(peer.read().close_code(), Some(1000 | 1011)));
            } else {
                peer.text("hello");
                peer.expect_close(1000);
                peer.close(1011, "full");
            }
            drop(peer);
            run.finish().status(0).stdout("hello\n").silent();
        }
    }
}

#[test]
fn a_clean_close_before_the_end_is_status_8_and_says_what_came() {
    let server = Server::start();
    let run = Run::connect(LOGIN, &server.url()).start();
    let mut peer = log_in(&server);
    peer.text("error: no table");
    peer.finish_first(1000);
    let words = format!(
        "{AT_ROW}: the peer closed, 1000 (normal closure); the last messages were \"ok\", \"error: no table\"\n"
    );
    run.finish().status(8).stdout("ok\nerror: no table\n").stderr_has(&words);
}

#[test]
fn what_came_instead_is_shortened_and_printable() {
    let server = Server::start();
    let run = Run::connect("-b --expect never", &server.url()).start();
    let mut peer = server.accept();
    for message in ["one", "two"] {
        peer.text(message);
    }
    peer.binary(b"\x00\xff\x1b[2J");
    peer.text(line(7, 5000));
    peer.finish_first(1000);
    let words = format!("the last messages were \"two\", \"\\x00\\xff\\x1b[2J\", \"{}…\"\n", line(7, 100));
    run.finish().status(8).stderr_has(&words);
    let run = Run::connect("--expect never", &server.url()).start();
    server.accept().finish_first(1000);
    run.finish()
        .status(8)
        .stderr_has("(step 1 of 1) was not met: the peer closed, 1000 (normal closure); no message came\n");
}

#[test]
fn a_close_that_the_input_asks_for_leaves_it_unmet() {
    let server = Server::start();
    let run = Run::connect("--in json --expect never", &server.url()).input("{\"type\":\"close\"}\n").start();
    let mut peer = server.accept();
    peer.read();
    peer.frame(FIN | 8, "");
    run.finish().status(8).stderr_has("was not met: the input closed the session; no message came\n");
}

#[test]
fn the_end_of_the_time_says_what_was_awaited() {
    let server = Server::start();
    let run = Run::connect(LOGIN, &server.url()).words("--timeout 1s").start();
    let peer = log_in(&server);
    let words = format!("(--timeout); {AT_ROW}; the last message was \"ok\"\n");
    run.finish().status(9).stderr_has(&words);
    drop(peer);
}

#[test]
fn other_bad_ends_say_what_was_awaited() {
    let server = Server::start();
    let words = format!("; {AT_ROW}; the last message was \"ok\"\n");
    let run = Run::connect(LOGIN, &server.url()).start();
    drop(log_in(&server));
    run.finish().status(6).stderr_has(&words);
    let run = Run::connect(LOGIN, &server.url()).start();
    log_in(&server).finish_first(1011);
    run.finish().status(7).stderr_has(&words);
}

#[test]
fn bytes_are_searched_in_binary_and_in_fragmented_messages() {
    let server = Server::start();
    let run = Run::connect("-b", &server.url());
    let run = run.args(["--expect", r"(?-u:^\x00\xff)", "--expect", "(?s)first.*last$"]).start();
    let mut peer = server.accept();
    peer.binary(b"x\x00\xff");
    peer.binary(b"\x00\xff\xfe");
    for (first, piece) in [(TEXT, "fir"), (0, "st\n"), (FIN, "last")] {
        peer.frame(first, piece);
    }
    peer.finish(1000);
    run.finish().status(0).stdout(b"x\x00\xff\x00\xff\xfefirst\nlast").silent();
}

#[test]
fn a_large_message_is_searched_to_its_end() {
    let server = Server::start();
    let run = Run::connect("--expect z$", &server.url()).start();
    let mut peer = server.accept();
    let mut large = vec![b'a'; 3 << 20];
    large.push(b'z');
    peer.text(&large);
    peer.finish(1000);
    large.push(b'\n');
    run.finish().status(0).stdout(large).silent();
}

#[test]
fn a_message_too_long_to_be_held_is_refused() {
    let server = Server::start();
    let run = Run::connect("--max-message 1K --expect z", &server.url()).start();
    let mut peer = server.accept();
    peer.frame(BINARY, [b'a'; 600]);
    peer.frame(FIN, [b'z'; 600]);
    peer.finish(1009);
    run.finish()
        .status(6)
        .stderr_has("1024 bytes")
        .stderr_has("--expect \"z\" (step 1 of 1) was not met; no message came");
}

#[test]
fn a_count_and_a_dialogue_end_the_run_together() {
    let server = Server::start();
    for messages in [["yes", "no", "no"], ["no", "no", "yes"]] {
        let run = Run::connect("--count 3 --expect yes", &server.url()).start();
        let mut peer = server.accept();
        for message in messages {
            peer.text(message);
        }
        peer.finish(1000);
        run.finish().status(0).stdout(format!("{}\n", messages.join("\n"))).silent();
    }
    let run = Run::connect("--count 3 --expect yes", &server.url()).start();
    let mut peer = server.accept();
    peer.text("yes");
    peer.finish_first(1000);
    run.finish()
        .status(8)
        .stderr_has("only 1 of 3 messages had come (--count): the peer closed, 1000 (normal closure)\n");
    let run = Run::connect("--count 3 --expect yes", &server.url()).start();
    let mut peer = server.accept();
    peer.text("no");
    peer.finish_first(1000);
    run.finish().status(8).stderr_has("; the last message was \"no\"; only 1 of 3 messages had come (--count)\n");
}

#[test]
fn the_input_follows_the_last_word() {
    let server = Server::start();
    let run = Run::connect("--send login --expect ok --send sub --expect bye", &server.url()).input("data\n").start();
    let mut peer = server.accept();
    peer.expect_text("login");
    peer.ping("the input waits");
    peer.expect_pong("the input waits");
    peer.text("ok");
    peer.expect_text("sub");
    peer.expect_text("data");
    // While something is awaited, the end of the input closes nothing.
    peer.text("bye");
    peer.finish(1000);
    run.finish().status(0).stdout("ok\nbye\n").silent();
}

#[test]
fn what_is_piped_in_can_be_expected_back() {
    Run::connect("--expect ^hello$", "echo:").input("hello\nrest\n").finish().status(0).stdout("hello\n").silent();
}

#[test]
fn an_event_of_json_lines_is_searched_in_its_payload() {
    let server = Server::start();
    let run = Run::connect("--out json --expect ^ok$", &server.url()).start();
    let mut peer = server.accept();
    peer.text("ok");
    peer.finish(1000);
    let run = run.finish();
    run.status(0).silent();
    assert_eq!(run.json()[1]["data"], "ok");
}

#[test]
fn a_listener_has_its_dialogue_with_the_one_client() {
    let run = Run::listen("--once --send hello --expect ^hi --send bye").stdin(Stdin::Held).start();
    let mut peer = Peer::open(&run.url());
    peer.expect_text("hello");
    peer.text("hi there");
    peer.expect_text("bye");
    peer.finish(1000);
    run.finish().status(0).stdout("hi there\n").silent_but_for_the_url();
}

#[test]
fn every_client_of_a_listener_is_greeted_first() {
    let run = Run::listen("--send hello --send again").stdin(Stdin::Held).start();
    for _ in 0..2 {
        let mut peer = Peer::open(&run.url());
        peer.expect_text("hello");
        peer.expect_text("again");
        peer.finish_first(1000);
    }
    run.end_input_and_finish().status(0);
}

#[test]
fn a_dialogue_begins_again_on_another_connection() {
    let server = Server::start();
    let words = "--reconnect=2 --reconnect-delay 10ms --count 3";
    let run = Run::connect(LOGIN, &server.url()).words(words).input("data\n").start();
    let mut peer = server.accept();
    peer.expect_text("login");
    peer.text("not yet");
    drop(peer);
    let mut peer = log_in(&server);
    // The input has waited for its turn, and messages are counted on.
    peer.expect_text("data");
    peer.text("row");
    peer.finish(1000);
    run.finish().status(0).stdout("not yet\nok\nrow\n");
}

#[test]
fn what_was_awaited_is_said_when_connecting_again_is_given_up() {
    let server = Server::start();
    let run = Run::connect(LOGIN, &server.url()).words("--reconnect=1 --reconnect-delay 10ms").start();
    drop(log_in(&server));
    drop(log_in(&server));
    run.finish().status(6).stderr_has(&format!("; {AT_ROW}; the last message was \"ok\"\n"));
}

#[test]
fn what_makes_no_sense_is_wrong_usage() {
    let wrong = Run::connect("--expect a(", "echo:").finish();
    wrong.status(2).stderr_has("--expect <REGEX>").stderr_has("unclosed group");
    Run::listen("--expect a").finish().status(2).stderr_has("it needs --once");
    for options in ["--echo", "--forward 127.0.0.1:1", "--exec -- cat"] {
        Run::connect("--expect a", "echo:").words(options).finish().status(2).stderr_has("cannot be used with");
    }
    Run::listen("--broadcast --expect a").finish().status(2).stderr_has("cannot be used with");
}

#[test]
fn an_error_event_of_the_timeout_names_the_step() {
    let server = Server::start();
    let run = Run::connect("--out json --timeout 1s --no-stdin --expect ready", &server.url()).start();
    let mut peer = server.accept();
    peer.text("busy");
    let run = run.finish();
    let last = run.status(9).json().pop().expect("there are events");
    let step = r#"--expect "ready" (step 1 of 1) was not met; the last message was "busy""#;
    assert_eq!(last["message"], format!("the time for the whole run is over (--timeout); {step}"));
}
