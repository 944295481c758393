//! Where `listen` listens, whom it lets in, and `--once`.

use std::fs;

use rustix::process::Signal;

use crate::harness::{Peer, Run, Server, Stdin, good_request};

#[test]
fn the_line_says_where_it_listens() {
    for (address, begins) in [("0", "ws://127.0.0.1:"), ("127.0.0.1:0", "ws://127.0.0.1:"), ("localhost:0", "ws://")] {
        let run = Run::new(["listen", address, "--once"]).start();
        let url = run.url();
        assert!(url.starts_with(begins) && url.ends_with('/'), "{url}");
        if begins.len() > 5 {
            Peer::open(&url).finish_first(1000);
            run.finish().status(0).stderr_has(&format!("listening on {url}\n"));
        }
    }
}

#[test]
fn an_ipv6_address_is_listened_on() {
    if Server::at("::1").is_none() {
        return; // This machine has no IPv6.
    }
    let run = Run::new(["listen", "[::1]:0", "--once"]).start();
    let url = run.url();
    assert!(url.starts_with("ws://[::1]:"), "{url}");
    Peer::open(&url).finish_first(1000);
    run.finish().status(0);
}

#[test]
fn the_url_file_holds_the_url() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("url");
    let run = Run::listen("--once --url-file").arg(&file).start();
    let url = run.url();
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("{url}\n"));
    Peer::open(&url).finish_first(1000);
    run.finish().status(0);
}

/// Who waits for the URL of the next run must not find it.
#[test]
fn the_url_file_goes_with_the_run() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("url");
    let start = || {
        let run = Run::listen("--url-file").arg(&file).start();
        run.url();
        run
    };
    let end = |run: crate::harness::Running| {
        run.signal(Signal::TERM);
        run.finish().died_of(Signal::TERM);
    };
    end(start());
    assert!(!file.exists());
    // That of another one stays.
    let [first, second] = [start(), start()];
    end(first);
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("{}\n", second.url()));
    end(second);
    assert!(!file.exists());
    // What a link leads to is written, and the link stays: /dev/stdout is one.
    let target = directory.path().join("target");
    fs::write(&target, "old").unwrap();
    std::os::unix::fs::symlink(&target, &file).unwrap();
    let run = start();
    let text = fs::read_to_string(&target).unwrap();
    assert_eq!(text, format!("{}\n", run.url()));
    end(run);
    assert!(file.is_symlink() && target.is_file());
}

#[test]
fn the_path_is_a_part_of_the_url() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("url");
    for address in ["0", &format!("unix:{}/socket", folder.path().display())] {
        let run = Run::new(["listen", address, "--path", "/chat", "--once", "--url-file"]).arg(&file).start();
        let url = run.url();
        assert!(url.ends_with("/chat"), "{url}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), format!("{url}\n"));
        Run::new(["connect", "--send", "hello", "--wait", "0", &url]).finish().status(0);
        run.finish().status(0).stdout("hello\n");
    }
}

#[test]
fn quiet_leaves_only_the_url_file() {
    let run = Run::listen("-q --once --url-file /dev/stdout").start();
    let url = run.wait_lines(1).remove(0);
    let mut peer = Peer::open(&url);
    peer.close(1011, "");
    peer.expect_close(1011);
    run.finish().status(7).silent();
}

#[test]
fn the_same_port_can_be_listened_on_again_at_once() {
    let mut run = Run::listen("--once --wait 0").stdin(Stdin::Held).start();
    let url = run.url();
    let mut peer = Peer::open(&url);
    // This side closes first, so the connection stays in TIME_WAIT here.
    run.end_input();
    peer.expect_close(1000);
    peer.close(1000, "");
    peer.expect_end();
    run.finish().status(0);
    let address = url.trim_start_matches("ws://").trim_end_matches('/');
    let run = Run::new(["listen", address, "--once"]).start();
    Peer::open(&run.url()).finish_first(1000);
    run.finish().status(0);
}

#[test]
fn a_port_that_is_taken_is_status_1_and_named() {
    let server = Server::start();
    let address = format!("127.0.0.1:{}", server.port());
    Run::new(["listen", &address]).finish().status(1).stderr_has(&address);
}

#[test]
fn an_address_that_is_none_is_status_2() {
    for address in ["localhost", ":9001", "127.0.0.1:99999", "unix:", "::1", ""] {
        Run::new(["listen", address]).finish().status(2).stdout("");
    }
}

#[test]
fn a_unix_socket_connects_two_runs() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let listener = Run::new(["listen", "--once"]).arg(format!("unix:{}", path.display()));
    let listener = listener.stdin(Stdin::Held).start();
    let url = listener.url();
    assert_eq!(url, format!("ws+unix:{}:/", path.display()));
    let run = Run::connect("--wait 0 --in lines", &format!("{url}chat")).input("hello\n").finish();
    run.status(0).silent();
    listener.finish().status(0).stdout("hello\n");
    assert!(!path.exists());
}

#[test]
fn a_unix_socket_that_was_left_behind_is_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let run =
        Run::new(["listen", "--once", "--wait", "0", "--send", "hi"]).arg(format!("unix:{}", path.display())).start();
    let url = run.url();
    Run::connect("", &url).finish().status(0).stdout("hi\n");
    run.finish().status(0);
}

#[test]
fn a_file_that_is_no_socket_is_not_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    fs::write(&path, "precious").unwrap();
    Run::new(["listen"]).arg(format!("unix:{}", path.display())).finish().status(1).stderr_has("file");
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
}

#[test]
fn once_serves_one_client_as_connect_would() {
    let mut run = Run::listen("--once --wait 0").stdin(Stdin::Held).start();
    run.write("question\n");
    run.end_input();
    let mut peer = Peer::open(&run.url());
    peer.expect_text("question");
    peer.text("answer");
    peer.finish(1000);
    run.finish().status(0).stdout("answer\n");
}

#[test]
fn once_ends_with_its_client_and_its_status() {
    for (code, status) in [(1000, 0), (1001, 0), (1011, 7)] {
        let run = Run::listen("--once").stdin(Stdin::Held).start();
        Peer::open(&run.url()).finish_first(code);
        run.finish().status(status);
    }
    let run = Run::listen("--once").stdin(Stdin::Held).start();
    drop(Peer::open(&run.url()));
    run.finish().status(6);
    let run = Run::listen("--once --count 2").stdin(Stdin::Held).start();
    Peer::open(&run.url()).finish_first(1000);
    run.finish().status(8);
}

#[test]
fn once_does_not_count_those_who_do_not_complete_the_handshake() {
    let run = Run::listen("--once").stdin(Stdin::Held).start();
    let url = run.url();
    let mut stalled = Peer::connect(&url);
    stalled.send("GET / HTTP/1.1\r\n");
    drop(Peer::connect(&url));
    let mut probe = Peer::connect(&url);
    probe.send("GET /health HTTP/1.1\r\nHost: h\r\n\r\n");
    assert!(probe.head().starts_with("HTTP/1.1 426 "));
    let mut peer = Peer::open(&url);
    peer.text("real");
    peer.finish_first(1000);
    run.finish().status(0).stdout("real\n");
    drop(stalled);
}

#[test]
fn once_takes_nobody_after_its_client() {
    let run = Run::listen("--once --send hi").stdin(Stdin::Held).start();
    let url = run.url();
    let mut late = Peer::connect(&url);
    let mut first = Peer::open(&url);
    first.expect_text("hi");
    late.try_send(good_request("/", ""));
    let answer = late.rest();
    assert!(!answer.starts_with("HTTP/1.1 101"), "{answer}");
    first.finish_first(1000);
    run.finish().status(0);
}

#[test]
fn once_echoes_with_one_client() {
    let run = Run::listen("--once --echo").start();
    let mut peer = Peer::open(&run.url());
    peer.text("hello");
    peer.expect_text("hello");
    peer.finish_first(1000);
    run.finish().status(0).stdout("");
}

/// A listener, asked this; the whole answer.
#[track_caller]
fn answer(options: &str, request: &str) -> String {
    let run = Run::listen(options).start();
    let mut peer = Peer::connect(&run.url());
    peer.send(request);
    let answer = peer.rest();
    run.signal(Signal::TERM);
    run.finish().died_of(Signal::TERM);
    answer
}

#[test]
fn who_sends_no_good_request_gets_a_short_true_answer() {
    let good = good_request("/chat?x", "");
    let plain = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    for (options, request, status, has) in [
        ("", plain, "426 ", "\r\nUpgrade: websocket\r\n"),
        ("", plain, "426 ", "not a web page"),
        ("--path /other", &good, "404 ", "no WebSocket endpoint at /chat"),
        ("", &good.replace("GET", "POST"), "405 ", "\r\nAllow: GET\r\n"),
        ("", &good.replace("Version: 13", "Version: 8"), "426 ", "\r\nSec-WebSocket-Version: 13\r\n"),
        ("", &good.replace("dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ="), "400 ", "Sec-WebSocket-Key"),
        ("", &good.replace("Host: h\r\n", ""), "400 ", "Host"),
        ("", &good.replace("Connection: Upgrade", "Connection: close"), "400 ", "Connection"),
        ("", &good.replace("HTTP/1.1", "HTTP/1.0"), "400 ", "HTTP/1.1"),
        ("", "hello there\r\n\r\n", "400 ", "not HTTP"),
        ("", "GET / HTTP/1.1\r\nno colon\r\n\r\n", "400 ", "line 2"),
        ("", &format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(17_000)), "431 ", "16384"),
        ("", &format!("GET / HTTP/1.1\r\n{}\r\n", "X: x\r\n".repeat(101)), "431 ", "100"),
    ] {
        let answer = answer(options, request);
        let shown = &request[..request.len().min(300)];
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{shown}\n{answer}");
        assert!(answer.contains(has), "{shown}\n{answer}");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let length = format!("\r\nContent-Length: {}", body.len());
        assert!(head.contains(&length) && head.contains("close"), "{answer}");
    }
}

#[test]
fn a_handshake_that_takes_too_long_is_answered_with_408() {
    let answer = answer("--handshake-timeout 200ms", "GET / HTTP/1.1\r\nHost: h\r\n");
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

/// A listener, asked this; the head of its answer, which must accept.
#[track_caller]
fn accepted(run: Run, request: &str) -> String {
    let run = run.start();
    let mut peer = Peer::connect(&run.url());
    peer.send(request);
    let head = peer.head();
    peer.finish_first(1000);
    run.finish().status(0);
    head
}

#[test]
fn a_good_request_is_accepted_with_just_what_is_needed() {
    let head = accepted(Run::listen("--once --path /chat"), &good_request("/chat?x", ""));
    // The accept value that RFC 6455, 1.3 gives for this key.
    let expected = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    assert_eq!(head, expected);
}

#[test]
fn the_answer_has_the_headers_asked_for() {
    let run = Run::listen("--once").args(["-H", "X-One: 1", "-H", "Set-Cookie: a=b"]);
    let head = accepted(run, &good_request("/", ""));
    assert!(head.contains("\r\nX-One: 1\r\n") && head.contains("\r\nSet-Cookie: a=b\r\n"), "{head}");
}

#[test]
fn the_first_of_our_subprotocols_that_is_offered_is_chosen() {
    let offer = |names: &str| good_request("/", &format!("Sec-WebSocket-Protocol: {names}\r\n"));
    for (offered, chosen) in [("a, b", Some("b")), ("c,b", Some("b")), ("a", Some("a")), ("x", None)] {
        let head = accepted(Run::listen("--once -s b -s a"), &offer(offered));
        let value = head.split("Sec-WebSocket-Protocol: ").nth(1).and_then(|rest| rest.lines().next());
        assert_eq!(value, chosen, "{offered}");
    }
}

#[test]
fn what_comes_with_the_request_is_not_lost() {
    let run = Run::listen("--once").start();
    let mut peer = Peer::connect(&run.url());
    let early = [peer.bytes(0x81, "early"), peer.bytes(0x88, b"\x03\xe8")].concat();
    peer.send([good_request("/", "").as_bytes(), &early].concat());
    assert!(peer.head().starts_with("HTTP/1.1 101 "));
    peer.expect_close(1000);
    run.finish().status(0).stdout("early\n");
}

#[test]
fn credentials_of_clients_never_show_in_what_is_logged() {
    let run = Run::listen("--once -vvv").env("RUST_LOG", "trace").start();
    let mut peer = Peer::connect(&run.url());
    peer.request("/", "Authorization: Bearer t0ken\r\nCookie: session=cr1sps\r\nX-Seen: yes\r\n");
    peer.head();
    peer.finish_first(1000);
    let run = run.finish();
    run.status(0).stderr_has("X-Seen: yes").stderr_lacks("t0ken").stderr_lacks("cr1sps");
}
