//! `--exec`: a command at this end of each session.

use std::thread;

use rustix::process::{Pid, Signal, test_kill_process};

use crate::harness::{BINARY, FIN, Peer, Run, Running, Server, TEXT, line};

/// `listen` with the options in `words`, and a shell that runs `script` for each client.
pub(super) fn listen(words: &str, script: &str) -> Running {
    Run::listen(words).args(["--exec", "--", "sh", "-c", script]).start()
}

/// `connect` with the options in `words`, and a shell that runs `script`.
fn connect(words: &str, url: &str, script: &str) -> Run {
    Run::connect(words, url).args(["--exec", "--", "sh", "-c", script])
}

/// Ends a listener.
pub(super) fn end(run: Running) {
    run.signal(Signal::TERM);
    run.finish().died_of(Signal::TERM);
}

/// Reads a text message that is the number of a process.
#[track_caller]
fn pid(peer: &mut Peer) -> Pid {
    let (_, text, _) = peer.message();
    let number = String::from_utf8_lossy(&text).parse().expect("a number");
    Pid::from_raw(number).expect("it is not 0")
}

#[track_caller]
fn assert_gone(pid: Pid) {
    assert!(test_kill_process(pid).is_err(), "process {pid} is there");
}

#[test]
fn each_client_has_a_command_of_its_own() {
    let run = listen("", "while read -r line; do n=$((n+1)); echo \"$n $line\"; done");
    let url = run.url();
    let mut peers = [Peer::open(&url), Peer::open(&url), Peer::open(&url)];
    for round in 1..=3 {
        for (number, peer) in peers.iter_mut().enumerate() {
            peer.text(format!("from {number}"));
            peer.expect_text(format!("{round} from {number}"));
        }
    }
    for peer in peers {
        peer.finish_first(1000);
    }
    end(run);
}

#[test]
fn the_exit_status_is_the_close_code() {
    let endings = [
        ("exit 0", 1000, ""),
        ("exit 3", 1011, "exit status 3"),
        ("kill -9 $$", 1011, "signal 9 (SIGKILL)"),
        // What it wrote at its end comes before.
        ("exec >&-; exec sleep 0.1", 1000, ""),
    ];
    for (script, code, reason) in endings {
        let run = listen("", &format!("printf 'one\\ntwo'; {script}"));
        let mut peer = Peer::open(&run.url());
        peer.expect_text("one");
        peer.expect_text("two");
        let close = peer.expect_close(code);
        assert_eq!(String::from_utf8_lossy(&close.payload[2..]), reason, "{script}");
        peer.close(code, "");
        peer.expect_end();
        run.signal(Signal::TERM);
        let run = run.finish();
        run.died_of(Signal::TERM);
        if code == 1000 {
            assert_eq!(run.stderr.lines().count(), 1, "{run:?}");
        } else {
            run.stderr_has(&format!("wspipe: client 1: the command ended with {reason}\n"));
        }
    }
}

#[test]
fn the_end_of_the_session_is_the_end_of_the_input() {
    let run = listen("", "cat >/dev/null; echo ended >&2");
    let mut peer = Peer::open(&run.url());
    peer.text("x");
    peer.finish_first(1000);
    run.wait_stderr("client 1: ended\n");
    end(run);
}

#[test]
fn what_a_command_says_at_the_end_of_its_input_is_sent_before_our_close() {
    let run = listen("", "sort");
    let mut peer = Peer::open(&run.url());
    for text in ["c", "a", "b"] {
        peer.text(text);
    }
    peer.close(1000, "");
    for text in ["a", "b", "c"] {
        peer.expect_text(text);
    }
    peer.expect_close(1000);
    end(run);
}

#[test]
fn a_command_that_fails_at_the_end_of_its_input_makes_our_answer_1011() {
    let run = listen("", "sort; exit 3");
    let mut peer = Peer::open(&run.url());
    peer.text("b");
    peer.text("a");
    peer.close(1000, "");
    peer.expect_text("a");
    peer.expect_text("b");
    let close = peer.expect_close(1011);
    assert_eq!(String::from_utf8_lossy(&close.payload[2..]), "exit status 3");
    let client = Run::connect("", &run.url()).input("b\na\n").finish();
    client.status(7).stdout("a\nb\n").stderr_has("the peer closed with 1011").stderr_has("exit status 3");
    run.wait_stderr("client 2: the command ended with exit status 3\n");
    end(run);
}

#[test]
fn a_command_that_has_only_closed_its_output_does_not_keep_our_answer() {
    let run = listen("--wait 100ms --grace 50ms", "echo begin; exec >&-; exec sleep 1000");
    let mut peer = Peer::open(&run.url());
    peer.expect_text("begin");
    peer.finish_first(1000);
    end(run);
}

#[test]
fn a_command_that_never_stops_does_not_keep_our_close() {
    for (wait, script) in [("100ms", "exec yes"), ("100ms", "exec sleep 1000"), ("0", "exec yes")] {
        let run = listen(&format!("--wait {wait} --grace 50ms"), &format!("echo begin; {script}"));
        let mut peer = Peer::open(&run.url());
        peer.expect_text("begin");
        peer.close(1000, "");
        let last = loop {
            let frame = peer.read();
            if frame.first != FIN | TEXT {
                break frame;
            }
        };
        assert_eq!(last.close_code(), Some(1000), "{last:?}");
        end(run);
    }
}

#[test]
fn a_command_that_stays_gets_term_and_one_that_ignores_it_kill() {
    for (script, signal) in
        [("echo $$; exec sleep 1000", "15 (SIGTERM)"), ("trap '' TERM; echo $$; sleep 1000; sleep 1000", "9 (SIGKILL)")]
    {
        let run = listen("-v --grace 100ms", script);
        let mut peer = Peer::open(&run.url());
        let pid = pid(&mut peer);
        peer.finish_first(1000);
        run.wait_stderr(&format!("client 1: the command has not ended, and gets signal {signal}"));
        run.signal(Signal::TERM);
        run.finish().died_of(Signal::TERM).stderr_lacks("the command ended with");
        assert_gone(pid);
    }
}

#[test]
fn a_listener_that_is_ended_leaves_no_command() {
    let run = listen("--grace 100ms", "echo $$; sleep 1000 | sleep 1000");
    let url = run.url();
    let mut peers = [Peer::open(&url), Peer::open(&url)];
    let pids = peers.each_mut().map(pid);
    run.signal(Signal::TERM);
    for peer in peers {
        peer.finish(1001);
    }
    run.finish().died_of(Signal::TERM);
    for pid in pids {
        assert_gone(pid);
    }
}

#[test]
fn signals_shorten_the_grace() {
    let run = listen("-v --grace 1000s", "trap '' TERM; echo $$; sleep 1000; sleep 1000");
    let mut peer = Peer::open(&run.url());
    let pid = pid(&mut peer);
    run.signal(Signal::INT);
    peer.finish(1001);
    run.wait_stderr("client 1 at ");
    run.signal(Signal::INT);
    run.wait_stderr("gets signal 15");
    run.signal(Signal::INT);
    run.finish().died_of(Signal::INT);
    assert_gone(pid);
}

#[test]
fn our_own_secrets_are_not_in_its_environment() {
    let run = Run::listen("").args(["--exec", "--", "sh", "-c", "echo \"$OWN[$WSPIPE_PASSWORD$WSPIPE_PASSPHRASE]\""]);
    let run = run.env("WSPIPE_PASSWORD", "hunter2").env("WSPIPE_PASSPHRASE", "hunter3").env("OWN", "kept").start();
    let mut peer = Peer::open(&run.url());
    peer.expect_text("kept[]");
    peer.finish(1000);
    end(run);
}

#[test]
fn a_second_signal_is_the_end_also_of_a_command_that_heeds_nothing() {
    let run = listen("-v --grace 1000s", "trap '' TERM; echo $$; sleep 1000; sleep 1000");
    let mut peer = Peer::open(&run.url());
    let pid = pid(&mut peer);
    run.signal(Signal::INT);
    peer.expect_close(1001);
    run.signal(Signal::INT);
    run.finish().died_of(Signal::INT);
    assert_gone(pid);
}

#[test]
fn how_a_command_ended_is_told_before_the_end_of_its_session() {
    let run = listen("-v", "echo last >&2; printf unfinished >&2; exit 3");
    let mut peer = Peer::open(&run.url());
    peer.expect_close(1011);
    peer.close(1011, "");
    run.wait_stderr("the peer answered");
    run.signal(Signal::TERM);
    let run = run.finish();
    let told = run.stderr.split_once("client 1: last\n").expect("it has said something").1;
    let words = "client 1: unfinished\nwspipe: client 1: the command ended with exit status 3\nwspipe: client 1 at ";
    assert!(told.starts_with(words), "{run:?}");
    assert_eq!(told.matches("exit status").count(), 1, "{run:?}");
}

#[test]
fn a_job_that_never_stops_complaining_does_not_hold_up_the_end() {
    let run = listen("", "yes >&2 & exit 3");
    let mut peer = Peer::open(&run.url());
    peer.expect_close(1011);
    peer.close(1011, "");
    end(run);
}

#[test]
fn a_command_that_never_reads_is_not_said_to_have_stopped() {
    let run = listen("-v --grace 100ms --ping-interval 100ms --ping-timeout 1h", "echo ready; exec sleep 1000");
    let mut peer = Peer::open(&run.url());
    peer.expect_text("ready");
    for _ in 0..1000 {
        peer.text([b'x'; 999]);
    }
    // The session's next Ping finds out.
    peer.reset();
    run.wait_stderr("client 1: the command has not read all that came: the session is over\n");
    run.wait_stderr("gets signal 15");
    run.signal(Signal::TERM);
    run.finish().died_of(Signal::TERM).stderr_lacks("reads no more");
}

#[test]
fn a_client_that_leaves_while_the_command_writes_ends_it() {
    let run = listen("-v", "echo $$; exec yes");
    let mut peer = Peer::open(&run.url());
    let pid = pid(&mut peer);
    peer.expect_text("y");
    drop(peer);
    run.wait_stderr("the connection broke");
    run.signal(Signal::TERM);
    run.finish().died_of(Signal::TERM).stderr_lacks("the command ended with");
    assert_gone(pid);
}

#[test]
fn much_goes_both_ways() {
    const MESSAGES: usize = 2000;
    let run = listen("-b --format length", "cat");
    let mut peer = Peer::open(&run.url());
    let mut sender = peer.sender();
    let sending = thread::spawn(move || {
        for number in 0..MESSAGES {
            sender.binary(line(number, 5000));
        }
    });
    for number in 0..MESSAGES {
        let (kind, message, _) = peer.message();
        assert!(kind == BINARY && message == line(number, 5000).into_bytes(), "message {number}");
    }
    sending.join().unwrap();
    peer.finish_first(1000);
    end(run);
}

#[test]
fn what_came_before_the_end_reaches_a_slow_command() {
    let run = listen("", "sleep 0.2; wc -c >&2");
    let mut peer = Peer::open(&run.url());
    for _ in 0..300 {
        peer.text([b'x'; 999]);
    }
    peer.finish_first(1000);
    run.wait_stderr("client 1: 300000\n");
    end(run);
}

#[test]
fn binary_messages_pass_as_they_are() {
    let run = listen("-b", "cat");
    let mut peer = Peer::open(&run.url());
    for message in [&b"a\n\0b"[..], b"\xff\xfe"] {
        peer.binary(message);
        assert_eq!(peer.message(), (BINARY, message.to_vec(), 1));
    }
    peer.finish_first(1000);
    end(run);
}

#[test]
fn a_command_can_take_json_lines() {
    let script = r#"read -r open; echo '{"type":"text","data":"a"}'; read -r text; echo "$text" >&2
                    echo '{"type":"close","code":4000,"reason":"enough"}'; cat >/dev/null"#;
    let run = listen("--format json", script);
    let mut peer = Peer::open(&run.url());
    peer.expect_text("a");
    peer.text("b");
    let close = peer.expect_close(4000);
    assert_eq!(&close.payload[2..], b"enough");
    peer.close(4000, "");
    run.wait_stderr(r#"client 1: {"type":"text","data":"b","dir":"in","client":1,"#);
    end(run);
}

#[test]
fn a_command_that_reads_no_more_goes_on() {
    let run = listen("-v", "exec <&-; echo ready; exec sleep 1000");
    let mut peer = Peer::open(&run.url());
    peer.expect_text("ready");
    for _ in 0..100 {
        peer.text("nobody reads this");
    }
    run.wait_stderr("client 1: the command reads no more, and what comes is dropped\n");
    peer.ping("there?");
    peer.expect_pong("there?");
    run.signal(Signal::TERM);
    peer.finish(1001);
    run.signal(Signal::TERM);
    let run = run.finish();
    run.died_of(Signal::TERM);
    assert_eq!(run.stderr.matches("reads no more").count(), 1, "{run:?}");
}

#[test]
fn a_command_that_writes_no_text_ends_its_own_session_only() {
    let run = listen("", r"read -r x; printf 'good\n\377\n'; cat >/dev/null");
    let url = run.url();
    let mut peers = [Peer::open(&url), Peer::open(&url)];
    peers[0].text("go");
    peers[0].expect_text("good");
    let [first, mut second] = peers;
    first.finish(1011);
    run.wait_stderr("record 2 of the input is not UTF-8");
    second.text("go");
    second.expect_text("good");
    end(run);
}

#[cfg(target_os = "linux")]
#[test]
fn a_command_has_the_limit_of_descriptors_that_we_had() {
    let (nothing, _) = std::io::pipe().unwrap();
    let limits = "ulimit -Hn 200; ulimit -Sn 100";
    for options in ["", "--once"] {
        let nothing = nothing.try_clone().unwrap().into();
        let run = Run::listen(options).args(["--exec", "--", "sh", "-c", "read -r go; ulimit -Sn"]);
        let run = run.stdin(crate::harness::Stdin::Passing(nothing, limits)).start();
        let mut peer = Peer::open(&run.url());
        peer.text("go");
        peer.expect_text("100");
        peer.finish(1000);
        if options.is_empty() { end(run) } else { drop(run.finish()) }
    }
}

#[test]
fn a_terminal_that_goes_takes_the_commands_along() {
    let run = listen("", "echo $$; exec sleep 1000");
    let mut peer = Peer::open(&run.url());
    let command = pid(&mut peer);
    run.signal(Signal::HUP);
    peer.finish(1001);
    run.signal(Signal::HUP);
    run.finish().died_of(Signal::HUP);
    assert_gone(command);
}

/// As after nohup(1).
#[cfg(target_os = "linux")]
#[test]
fn who_ignores_the_terminals_end_goes_on_ignoring_it() {
    let (nothing, _) = std::io::pipe().unwrap();
    let stdin = crate::harness::Stdin::Passing(nothing.into(), "trap '' HUP");
    let run = Run::listen("--echo").stdin(stdin).start();
    let mut peer = Peer::open(&run.url());
    run.signal(Signal::HUP);
    peer.text("still there?");
    peer.expect_text("still there?");
    run.signal(Signal::TERM);
    peer.finish(1001);
    run.finish().died_of(Signal::TERM);
}

/// A command outlives its session for up to `--grace`.
#[test]
fn a_place_is_free_when_the_command_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RWXU).unwrap();
    let script = format!("echo hello; cat >/dev/null; exec cat '{}'", fifo.display());
    let run = listen("-v --max-clients 1 --wait 0 --grace 1000", &script);
    let url = run.url();
    let mut first = Peer::open(&url);
    first.expect_text("hello");
    first.finish_first(1000);
    run.wait_stderr("closed by the peer");
    let mut second = Peer::connect(&url);
    second.request("/", "");
    assert!(second.rest().starts_with("HTTP/1.1 503 "));
    // It waits for somebody who writes, and then for the end.
    drop(std::fs::File::create(&fifo).unwrap());
    let answer = || {
        let mut peer = Peer::connect(&url);
        peer.request("/", "");
        (peer.head().starts_with("HTTP/1.1 101 "), peer)
    };
    let mut third = std::iter::repeat_with(answer).find(|(let_in, _)| *let_in).expect("it goes on").1;
    third.expect_text("hello");
    run.signal(Signal::TERM);
    third.finish(1001);
    run.signal(Signal::TERM);
    run.finish().died_of(Signal::TERM);
}

#[test]
fn connect_talks_to_one_command() {
    let server = Server::start();
    let run =
        connect("-s chat", &server.url(), "echo \"$WSPIPE_URL $WSPIPE_SUBPROTOCOL\"; read -r x; echo \"<$x>\"").start();
    let mut peer = server.connection();
    peer.accept("Sec-WebSocket-Protocol: chat\r\n");
    peer.expect_text(format!("{} chat", server.url()));
    peer.text("hello");
    peer.expect_text("<hello>");
    peer.finish(1000);
    run.finish().status(0).stdout("").silent();
}

#[test]
fn the_status_of_connect_tells_of_its_command() {
    let endings = [("exit 3", "exit status 3"), ("kill -9 $$", "signal 9 (SIGKILL)")];
    for (script, words) in endings {
        let server = Server::start();
        let run = connect("", &server.url(), &format!("echo last; echo trouble >&2; {script}")).start();
        let mut peer = server.accept();
        peer.expect_text("last");
        let close = peer.expect_close(1011);
        assert_eq!(String::from_utf8_lossy(&close.payload[2..]), words);
        peer.close(1011, "");
        drop(peer);
        let run = run.finish();
        run.status(1).stdout("").stderr_has(&format!("wspipe: the command ended with {words}\n"));
        run.stderr_has("trouble\n");
    }
}

#[test]
fn a_command_that_the_peer_leaves_is_asked_for_its_status() {
    // It fails by itself; it is told to end; it ends well, and the peer did not; all is well.
    let endings = [
        ("cat; exit 5", 1000, 1011, 1),
        ("exec sleep 1000", 1000, 1000, 0),
        ("cat", 4000, 4000, 7),
        ("cat", 1000, 1000, 0),
    ];
    for (script, code, answer, status) in endings {
        let server = Server::start();
        let run = connect("--grace 100ms", &server.url(), script).start();
        let mut peer = server.accept();
        peer.close(code, "");
        peer.expect_close(answer);
        drop(peer);
        run.finish().status(status).stdout("");
    }
}

#[test]
fn once_serves_one_client_by_one_command() {
    let run = listen("--once", "echo \"$WSPIPE_CLIENT\"; cat; exit 0");
    let mut peer = Peer::open(&run.url());
    peer.expect_text("1");
    peer.text("x");
    peer.expect_text("x");
    peer.finish_first(1000);
    run.finish().status(0).stdout("");
    let run = listen("--once", "exit 3");
    Peer::open(&run.url()).finish(1011);
    run.finish().status(1).stderr_has("the command ended with exit status 3");
}

#[test]
fn a_greeting_comes_before_what_the_command_says() {
    let run = listen("--send hello", "echo hi");
    let mut peer = Peer::open(&run.url());
    peer.expect_text("hello");
    peer.expect_text("hi");
    peer.finish(1000);
    end(run);
}

#[test]
fn the_time_of_a_run_bounds_its_commands() {
    let server = Server::start();
    // All of them have the standard error of the run, which is waited for.
    let run = connect("--timeout 200ms --grace 50ms", &server.url(), "echo $$; sleep 1000 | sleep 1000").start();
    let mut peer = server.accept();
    let pid = pid(&mut peer);
    peer.expect_close(1000);
    run.finish().status(9);
    assert_gone(pid);
}
