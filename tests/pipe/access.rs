//! Who may come in to `listen`, and what is said about those who may not.

use std::fs;

use rustix::process::Signal;

use crate::harness::{Finished, Peer, Run, Running, good_request};

/// A page's request.
fn page(origin: &str) -> String {
    good_request("/", &format!("Origin: {origin}\r\n")).replace("Host: h", "Host: localhost:9001")
}

/// Asks a listener this; the whole answer if that refuses, else its head.
#[track_caller]
fn asked(run: &Running, request: &str) -> String {
    let mut peer = Peer::connect(&run.url());
    peer.send(request);
    let head = peer.head();
    if head.starts_with("HTTP/1.1 101 ") {
        peer.finish_first(1000);
        return head;
    }
    let body = peer.rest();
    let length = format!("\r\nContent-Length: {}\r\n", body.len());
    for text in [&length, "close\r\n", "\r\nContent-Type: text/plain"] {
        assert!(head.contains(text), "{head}{body}");
    }
    head + &body
}

/// The status of an answer.
fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("it is an answer")
}

#[track_caller]
fn stopped(run: Running) -> Finished {
    run.signal(Signal::TERM);
    let run = run.finish();
    run.died_of(Signal::TERM);
    run
}

/// What a listener with these options says to each request: the statuses.
#[track_caller]
fn statuses(options: &[&str], requests: &[(String, u16)]) {
    let run = Run::listen("").args(options).start();
    for (request, expected) in requests {
        let answer = asked(&run, request);
        assert_eq!(status(&answer), *expected, "{options:?}\n{request}\n{answer}");
    }
    stopped(run);
}

#[test]
fn a_page_from_elsewhere_cannot_drive_a_local_listener() {
    let at = |host: &str, origin: &str| page(origin).replace("localhost:9001", host);
    statuses(
        &[],
        &[
            (page("http://localhost:3000"), 101),
            (page("http://127.0.0.1"), 101),
            (at("127.0.0.1:9001", "http://app.localhost:8080"), 101),
            (good_request("/", ""), 101),
            (page("http://evil.example"), 403),
            (page("null"), 403),
            (page("chrome-extension://abc"), 403),
            // Whatever name it is asked for by, a page of that host may come.
            (at("box.example:9001", "http://box.example:3000"), 101),
        ],
    );
}

#[test]
fn a_listener_for_all_interfaces_may_have_any_name() {
    let run = Run::new(["listen", "0.0.0.0:0"]).start();
    let url = run.url().replace("0.0.0.0", "127.0.0.1");
    for (origin, expected) in [("http://box.example:3000", "101"), ("http://evil.example", "403")] {
        let mut peer = Peer::connect(&url);
        peer.send(page(origin).replace("localhost:9001", "Box.example:9001"));
        assert_eq!(peer.head().split(' ').nth(1), Some(expected), "{origin}");
    }
    stopped(run);
}

#[test]
fn a_page_that_is_refused_is_told_by_which_option_it_gets_in() {
    let run = Run::listen("").start();
    let answer = asked(&run, &page("http://evil.example"));
    let words = "The page is from http://evil.example (Origin); --allow-origin http://evil.example lets it in.";
    assert!(answer.ends_with(&format!("\r\n\r\n{words}\n")), "{answer}");
    run.wait_stderr(&format!(": refused with 403: {words}\n"));
    stopped(run).stderr_has("wspipe: client at 127.0.0.1:");
    statuses(&["--allow-origin", "http://evil.example"], &[(page("http://evil.example"), 101)]);
}

#[test]
fn an_origin_drives_no_terminal() {
    let run = Run::listen("").start();
    let answer = asked(&run, &page("http://a\u{9b}2J;reboot"));
    assert!(
        answer.ends_with("The page is from `http://a\\u{9b}2J;reboot` (Origin), which is no origin.\n"),
        "{answer}"
    );
    run.wait_stderr("which is no origin");
    stopped(run).stderr_has("\\u{9b}2J").stderr_lacks("--allow-origin").stderr_lacks("\u{9b}");
}

#[test]
fn only_pages_that_are_allowed_come_in() {
    let options = ["--allow-origin", "https://*.example.com", "--allow-origin", "http://localhost:*"];
    statuses(
        &options,
        &[
            (page("https://app.example.com"), 101),
            (page("HTTPS://App.Example.com:443"), 101),
            (page("http://localhost:3000"), 101),
            (good_request("/", ""), 101),
            (page("https://example.com"), 403),
            (page("http://app.example.com"), 403),
            (page("http://127.0.0.1"), 403),
            (page("null"), 403),
        ],
    );
    statuses(&["--allow-origin", "null"], &[(page("null"), 101), (page("http://localhost"), 403)]);
    statuses(&["--allow-origin", "*"], &[(page("null"), 101), (page("x y"), 101), (page("http://a"), 101)]);
}

#[test]
fn an_origin_that_is_none_is_wrong_usage() {
    for (origin, advice) in [
        ("app.example.com", "https://HOST"),
        ("https://app.example.com/", "leave out the path"),
        ("https://a:b", "SCHEME://HOST[:PORT]"),
    ] {
        Run::listen("--allow-origin").arg(origin).finish().status(2).stderr_has("--allow-origin").stderr_has(advice);
    }
}

#[test]
fn many_refused_pages_do_not_flood_standard_error() {
    let run = Run::listen("").start();
    for _ in 0..100 {
        assert_eq!(status(&asked(&run, &page("http://evil.example"))), 403);
    }
    run.wait_stderr("lets it in");
    let lines = stopped(run).stderr.matches("lets it in").count();
    // Ten at once and one a second: on a machine that takes half a minute for it, there are no more than this.
    assert!(lines < 50, "{lines} lines");
}

#[test]
fn a_user_logs_in() {
    let as_user = |pair: &str| good_request("/", &format!("Authorization: Basic {pair}\r\n"));
    let run = Run::listen("-v --user bob:s3cr3t").start();
    let answer = asked(&run, &good_request("/", ""));
    assert!(answer.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{answer}");
    assert!(answer.contains("\r\nWWW-Authenticate: Basic realm=\"wspipe\", charset=\"UTF-8\"\r\n"), "{answer}");
    assert_eq!(answer.matches("WWW-Authenticate").count(), 1);
    for (pair, expected) in [("Ym9iOnMzY3IzdA==", 101), ("Ym9iOnMzY3IzVA==", 401), ("Ym9iOg==", 401), ("!", 401)] {
        assert_eq!(status(&asked(&run, &as_user(pair))), expected, "{pair}");
    }
    run.wait_stderr("refused with 401: A user name");
    stopped(run).stderr_lacks("s3cr3t").stderr_lacks("Ym9i");
    // The empty password, if it is said that it is.
    statuses(&["-u", "bob:"], &[(as_user("Ym9iOg=="), 101), (as_user("Ym9iOng="), 401)]);
}

#[test]
fn connect_logs_in() {
    for (server, client) in [
        (["--user", "bob:s3cr3t"], ["-u", "bob:s3cr3t"]),
        (["--token", "s3cr3t"], ["--bearer", "s3cr3t"]),
        (["--token", "s3cr3t"], ["-s", "token.s3cr3t"]),
    ] {
        let run = Run::listen("--once --send hi --wait 0").args(server).start();
        let url = run.url();
        Run::connect("", &url).finish().status(5).stderr_has("401").stdout("");
        Run::connect("--no-stdin -vv", &url).args(client).finish().status(0).stdout("hi\n").stderr_lacks("s3cr3t");
        run.finish().status(0);
    }
}

#[test]
fn secrets_come_from_files_and_the_environment() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("secret");
    fs::write(&file, "bob:s3cr3t\n").unwrap();
    let run = Run::listen("--user").arg(format!("@{}", file.display()));
    let run = run.words("--token @env:TOKEN").env("TOKEN", "t0ken").start();
    for (line, expected) in [
        ("Authorization: Basic Ym9iOnMzY3IzdA==\r\n", 101),
        ("Authorization: Bearer t0ken\r\n", 101),
        ("Authorization: Bearer @env:TOKEN\r\n", 401),
    ] {
        assert_eq!(status(&asked(&run, &good_request("/", line))), expected, "{line}");
    }
    stopped(run);
}

#[test]
fn a_server_needs_a_password_and_a_token_that_is_one() {
    for (words, advice) in [
        ("--user bob", "USER:PASS"),
        ("--user @env:EMPTY", "USER:PASS"),
        ("--token @env:EMPTY", "--token"),
        ("--token @env:NONE", "NONE"),
        ("--user @/nonexistent", "/nonexistent"),
        ("--require-subprotocol", "--subprotocol"),
    ] {
        Run::listen(words).env("EMPTY", "").finish().status(2).stderr_has(advice);
    }
}

#[test]
fn a_token_comes_in_by_the_header_the_query_or_a_subprotocol() {
    let run = Run::listen("-vv -s chat --token").arg("s3cr3t/=").start();
    let offering = |names: &str| good_request("/", &format!("Sec-WebSocket-Protocol: {names}\r\n"));
    for (request, expected, chosen) in [
        (good_request("/", "Authorization: Bearer s3cr3t/=\r\n"), 101, None),
        (good_request("/a?x&token=s3cr3t%2F%3d", ""), 101, None),
        (offering("chat, token.czNjcjN0Lz0"), 101, Some("chat")),
        (offering("wspipe, token.czNjcjN0Lz0"), 101, Some("wspipe")),
        (good_request("/", ""), 401, None),
        (good_request("/?token=s3cr3t", ""), 401, None),
        (offering("chat, token.s3cr3t"), 401, None),
        (offering("chat"), 401, None),
    ] {
        let answer = asked(&run, &request);
        assert_eq!(status(&answer), expected, "{request}\n{answer}");
        let name = answer.split("Sec-WebSocket-Protocol: ").nth(1).and_then(|rest| rest.lines().next());
        assert_eq!(name, chosen, "{request}\n{answer}");
        if expected == 401 {
            assert!(answer.contains("\r\nWWW-Authenticate: Bearer realm=\"wspipe\"\r\n"), "{answer}");
        }
    }
    let run = stopped(run);
    run.stderr_has("GET /a?x&token=*** HTTP")
        .stderr_has(": /a?x\n")
        .stderr_has("chat, token.***")
        .stderr_lacks("s3cr3t")
        .stderr_lacks("czNj");
}

#[test]
fn with_both_either_is_enough_and_both_are_named() {
    let run = Run::listen("--user a:b --token t0ken").start();
    assert_eq!(status(&asked(&run, &good_request("/?token=t0ken", ""))), 101);
    assert_eq!(status(&asked(&run, &good_request("/", "Authorization: Basic YTpi\r\n"))), 101);
    let answer = asked(&run, &good_request("/", ""));
    for challenge in ["Basic realm=\"wspipe\", charset=\"UTF-8\"", "Bearer realm=\"wspipe\""] {
        assert!(answer.contains(&format!("\r\nWWW-Authenticate: {challenge}\r\n")), "{answer}");
    }
    stopped(run);
}

#[test]
fn where_a_subprotocol_is_required_the_refusal_lists_them() {
    let run = Run::listen("-v -s v2 -s v1 --require-subprotocol").start();
    for (lines, expected) in
        [("", 400), ("Sec-WebSocket-Protocol: V1, x\r\n", 400), ("Sec-WebSocket-Protocol: x, v1\r\n", 101)]
    {
        let answer = asked(&run, &good_request("/", lines));
        assert_eq!(status(&answer), expected, "{answer}");
        assert!(expected == 101 || answer.ends_with(", one of: v2, v1.\n"), "{answer}");
    }
    run.wait_stderr(": refused with 400: A subprotocol is wanted here");
    for (options, words) in [
        ("", "the server wants a subprotocol: offer one with -s\n"),
        ("-s x", "none of the subprotocols that were offered"),
    ] {
        let client = Run::connect(options, &run.url()).finish();
        client.status(5).stderr_has(words).stderr_has("one of: v2, v1.\n").stderr_lacks("--host");
    }
    stopped(run);
}

#[test]
fn a_trusted_proxy_says_who_its_clients_are() {
    let forwarded = "X-Forwarded-For: 6.6.6.6, 192.0.2.1\r\n";
    let run = Run::listen("-v --trust-proxy --out json").start();
    asked(&run, &good_request("/", forwarded));
    asked(&run, &good_request("/", "Forwarded: for=\"[2001:db8::1]:4711\"\r\n"));
    asked(&run, &good_request("/", &format!("{forwarded}Origin: http://evil.example\r\n")));
    asked(&run, &good_request("/", "X-Forwarded-For: \u{202e}\r\n"));
    // A page of the host that the proxy was asked for.
    assert_eq!(status(&asked(&run, &page("http://a.example").replace("localhost:9001", "a.example"))), 101);
    run.wait_stderr("client at 192.0.2.1: refused with 403: ");
    run.wait_stderr("client 1 at 192.0.2.1: closed by the peer");
    let run = stopped(run);
    run.stderr_has("client 1 at 192.0.2.1: /\n");
    run.stderr_has("client 2 at [2001:db8::1]:4711: ").stderr_has("client 3 at 127.0.0.1:").stderr_lacks("6.6.6.6");
    let lines = run.json();
    let address = |client: u64| {
        let mut opened = lines.iter().filter(|line| line["type"] == "open" && line["client"] == client);
        opened.next().expect("it was told").get("address").cloned()
    };
    assert_eq!(address(1), Some("192.0.2.1".into()));
    assert_eq!(address(2), Some("[2001:db8::1]:4711".into()));

    let run = Run::listen("-v --once --out json --trust-proxy").start();
    asked(&run, &good_request("/", forwarded));
    let run = run.finish();
    run.status(0).stderr_has("client at 192.0.2.1: /\n").stdout_has("\"address\":\"192.0.2.1\"");
}

#[test]
fn nobody_else_is_believed_who_a_client_is() {
    let run = Run::listen("-v --out json").start();
    let lines = "X-Forwarded-For: 192.0.2.1\r\nForwarded: for=192.0.2.1\r\nX-Real-IP: 192.0.2.1\r\n";
    asked(&run, &good_request("/", lines));
    let run = stopped(run);
    run.stderr_has("client 1 at 127.0.0.1:").stderr_lacks("192.0.2.1").stdout_has("\"address\":\"127.0.0.1:");
}

#[test]
fn what_is_wrong_is_asked_in_one_order() {
    let options = ["--path", "/chat", "-s", "v1", "--require-subprotocol", "--token", "s3cr3t"];
    let request = |path: &str, version: &str, origin: &str, name: &str| {
        let lines = format!("Origin: {origin}\r\nSec-WebSocket-Protocol: {name}\r\n");
        good_request(path, &lines).replace("Version: 13", version).replace("Host: h", "Host: localhost")
    };
    let (evil, own) = ("http://evil.example", "http://localhost");
    statuses(
        &options,
        &[
            ("no HTTP\r\n\r\n".to_owned(), 400),
            (request("/x", "Version: 8", evil, "x"), 404),
            (request("/chat", "Version: 8", evil, "x"), 426),
            (request("/chat", "Version: 13", evil, "x"), 403),
            (request("/chat", "Version: 13", own, "x"), 401),
            (request("/chat?token=s3cr3t", "Version: 13", own, "x"), 400),
            (request("/chat?token=s3cr3t", "Version: 13", own, "v1"), 101),
        ],
    );
}

#[test]
fn each_coming_and_going_is_a_line() {
    let run = Run::listen("-v -s chat --compress --echo --send hello").start();
    let mut peer = Peer::connect(&run.url());
    peer.request("/a?b", "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: permessage-deflate\r\n");
    peer.head();
    peer.read();
    peer.text("abc");
    peer.binary([0; 4]);
    peer.read();
    peer.read();
    peer.finish_first(1000);
    run.wait_stderr("closed by");
    let run = stopped(run);
    let lines: Vec<_> = run.stderr.lines().filter(|line| line.contains("client 1 at 127.0.0.1:")).collect();
    assert!(lines[0].contains(": /a?b, subprotocol chat, compression: permessage-deflate, client: "), "{lines:?}");
    let closed = lines.last().expect("there are lines");
    let words = ": closed by the peer, 1000 (normal closure); 2 messages in (7 bytes), 3 out (12 bytes), ";
    assert!(closed.contains(words) && closed.ends_with('s'), "{lines:?}");
}

#[test]
fn what_goes_to_all_counts_for_each() {
    let run = Run::listen("-v --wait 0").input("one\ntwo\n\n").start();
    let mut peer = Peer::open(&run.url());
    for text in ["one", "two", ""] {
        peer.expect_text(text);
    }
    peer.finish(1000);
    run.finish().status(0).stderr_has("; 0 messages in (0 bytes), 3 out (6 bytes), ");
}
