//! `--exec`: a command at this end of each session.

use std::thread;

use rustix::process::{Pid, Signal, test_kill_process};

use super::tls::Files;
use crate::harness::{BINARY, FIN, Peer, Run, Running, Server, TEXT, line};

/// `listen` with the options in `words`, and a shell that runs `script` for each client.
fn listen(words: &str, script: &str) -> Running {
    Run::listen(words).args(["--exec", "--", "sh", "-c", script]).start()
}

/// `connect` with the options in `words`, and a shell that runs `script`.
fn connect(words: &str, url: &str, script: &str) -> Run {
    Run::connect(words, url).args(["--exec", "--", "sh", "-c", script])
}

/// Ends a listener.
fn end(run: Running) {
    run.signal(Signal::TERM);
    run.finish().died_of(Signal::TERM);
}

/// Reads a text message that is the number of a process.
#[track_caller]
fn pid(peer: &mut Peer) -> Pid {
    let (_, text, _) = peer.message();
    let number = String::from_utf8(text).unwrap().parse().unwrap();
    Pid::from_raw(number).unwrap()
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
fn lines_of_standard_error_have_the_number_of_the_client() {
    let run =
        listen("", "read -r x; i=0; while [ $i -lt 200 ]; do echo \"$x $x\" >&2; i=$((i+1)); done; printf end >&2");
    let url = run.url();
    let mut peers = [Peer::open(&url), Peer::open(&url)];
    for peer in &mut peers {
        peer.text("some words");
    }
    for peer in peers {
        peer.finish(1000);
    }
    run.signal(Signal::TERM);
    let run = run.finish();
    for client in 1..=2 {
        let own = format!("client {client}: some words some words");
        assert_eq!(run.stderr.lines().filter(|line| **line == own).count(), 200, "{run:?}");
        run.stderr_has(&format!("\nclient {client}: end\n"));
    }
    assert_eq!(run.stderr.lines().count(), 1 + 2 * 201, "{run:?}");
}

#[test]
fn a_client_is_described_in_the_environment() {
    let run = Run::listen("--env-header X-Who --env-header Cookie --env-header absent -s chat.v2")
        .args(["--exec", "--", "env"])
        .env("OWN", "ours")
        .env("HTTP_ABSENT", "not the client's")
        .env("LISTEN_PID", "1")
        .env("LISTEN_FDS", "1")
        .start();
    let mut peer = Peer::connect(&run.url());
    let headers = "X-Who: a\r\nx-who: b\r\nProxy: evil:80\r\nX-Other: c\r\nSec-WebSocket-Protocol: chat.v2\r\n";
    peer.request("/chat/room?a=b&c=%20", headers);
    peer.head();
    let mut variables = Vec::new();
    loop {
        let frame = peer.read();
        if frame.first != FIN | TEXT {
            break;
        }
        variables.push(String::from_utf8(frame.payload).unwrap());
    }
    variables.sort_unstable();
    let port = variables.iter().position(|variable| variable.starts_with("REMOTE_PORT=")).unwrap();
    let port = variables.remove(port);
    assert!(port["REMOTE_PORT=".len()..].parse::<u16>().is_ok_and(|port| port > 0), "{port}");
    let expected = [
        "HTTP_X_WHO=a, b",
        "OWN=ours",
        "QUERY_STRING=a=b&c=%20",
        "REMOTE_ADDR=127.0.0.1",
        "REQUEST_URI=/chat/room?a=b&c=%20",
        "WSPIPE_CLIENT=1",
        "WSPIPE_SUBPROTOCOL=chat.v2",
    ];
    assert_eq!(variables, expected);
    peer.close(1000, "");
    end(run);
}

#[test]
fn a_header_that_means_a_proxy_is_refused() {
    for (name, words) in [("proxy", "a client must not set it"), ("X Y", "letters, digits, - and _")] {
        let run = Run::listen("--exec").args(["--env-header", name, "--", "cat"]).finish();
        run.status(2).stderr_has(words);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_command_inherits_its_standard_streams_only() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let stdin = crate::harness::Stdin::Passing(listener.into(), "export LISTEN_FDS=1 LISTEN_PID=$$ LISTEN_FDNAMES=x");
    let run = Run::new(["listen", "fd:"])
        .args(["--exec", "--", "sh", "-c", "for fd in /proc/$$/fd/*; do readlink $fd; done; exec env"])
        .stdin(stdin);
    let run = run.start();
    let mut peer = Peer::open(&url);
    let mut pipes = 0;
    loop {
        let frame = peer.read();
        if frame.first != FIN | TEXT {
            break;
        }
        let text = String::from_utf8(frame.payload).unwrap();
        // The listening socket, the client's, what wakes threads, and what stands for a process.
        assert!(!text.starts_with("socket:") && !text.starts_with("anon_inode:"), "{text}");
        assert!(!text.starts_with("LISTEN_"), "{text}");
        pipes += usize::from(text.starts_with("pipe:"));
    }
    assert!(pipes >= 3, "{pipes} pipes");
    drop(peer);
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
    first.finish(1000);
    run.wait_stderr("record 2 of the input is not UTF-8");
    second.text("go");
    second.expect_text("good");
    end(run);
}

#[test]
fn a_program_that_is_not_there_is_wrong_usage() {
    let words = r#"--exec: there is no program "no-such-program" in PATH"#;
    Run::listen("--exec -- no-such-program").finish().status(2).stderr_has(words);
    Run::listen("--exec -- /dev/null").finish().status(2).stderr_has("/dev/null is not executable");
    Run::listen("--exec").finish().status(2).stderr_has("COMMAND");
    Run::listen("-- cat").finish().status(2).stderr_has("--exec");
    for other in ["--echo", "--no-stdin", "--on-eof keep"] {
        Run::listen(&format!("{other} --exec -- cat")).finish().status(2).stderr_has("cannot be used with");
    }
}

#[test]
fn a_client_learns_that_its_command_can_not_be_started() {
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("program");
    std::fs::copy("/bin/sh", &program).unwrap();
    for once in ["", "--once"] {
        let run = Run::listen(once).args(["--send", "hi", "--exec", "--"]).arg(&program).start();
        let url = run.url();
        std::fs::rename(&program, directory.path().join("other")).unwrap();
        let mut peer = Peer::open(&url);
        let close = peer.expect_close(1011);
        assert_eq!(String::from_utf8_lossy(&close.payload[2..]), "the command could not be started");
        peer.close(1011, "");
        run.wait_stderr("cannot start the command: ");
        if once.is_empty() {
            end(run);
        } else {
            run.finish().status(1);
        }
        std::fs::rename(directory.path().join("other"), &program).unwrap();
    }
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
    let endings = [("cat; exit 5", 1000, 1), ("exec sleep 1000", 1000, 0), ("cat", 4000, 7), ("cat", 1000, 0)];
    for (script, code, status) in endings {
        let server = Server::start();
        let run = connect("--grace 100ms", &server.url(), script).start();
        server.accept().finish_first(code);
        run.finish().status(status).stdout("");
    }
}

#[test]
fn connect_starts_nothing_that_is_not_there() {
    let server = Server::start();
    let run = Run::connect("", &server.url()).words("--exec -- no-such-program").finish();
    run.status(1).stderr_has("cannot start the command: there is no program \"no-such-program\" in PATH");
    server.expect_nobody();
}

#[test]
fn a_command_has_the_variables_of_openssl_as_we_got_them() {
    let files = Files::good();
    let server = files.listen("--once");
    let run = Run::connect("--cacert", &files.path("authority.pem").to_string_lossy()).arg(server.url());
    let run = run.args(["--exec", "--", "env"]).env("SSL_CERT_DIR", "/etc/ssl/certs").finish();
    run.status(0);
    let server = server.finish();
    server.status(0).stdout_has("SSL_CERT_DIR=/etc/ssl/certs\n");
    assert!(!server.text().contains("SSL_CERT_FILE"), "{server:?}");
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
