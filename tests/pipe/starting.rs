//! What a command of `--exec` is started with, and what happens where it can't be.

use rustix::process::Signal;

use super::exec::{end, listen};
use super::tls::Files;
use crate::harness::{FIN, Peer, Run, Server, TEXT};

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
fn a_command_does_not_learn_the_token() {
    for options in ["", "--once"] {
        let script = "echo \"$REQUEST_URI $QUERY_STRING.\"";
        let run = Run::listen(options).args(["--token", "a b", "--exec", "--", "sh", "-c", script]).start();
        let mut peer = Peer::connect(&run.url());
        // As URLSearchParams writes a space.
        peer.request("/chat?x=1&token=a+b", "");
        peer.head();
        peer.expect_text("/chat?x=1 x=1.");
        peer.finish(1000);
        if options.is_empty() {
            end(run);
        } else {
            run.finish().status(0);
        }
    }
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
fn connect_starts_nothing_that_is_not_there() {
    let server = Server::start();
    let run = Run::connect("", &server.url()).words("--exec -- no-such-program").finish();
    run.status(2).stderr_has("--exec: there is no program \"no-such-program\" in PATH");
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
