//! `inspect`: a handshake, explained.

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::harness::{Peer, Run, Server};

/// Key and accept of RFC 6455, 1.3.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

#[test]
fn a_key_gives_its_accept_and_nothing_else() {
    Run::new(["inspect", "--key", KEY]).finish().status(0).stdout(format!("{ACCEPT}\n")).silent();
}

#[test]
fn an_accept_is_verified() {
    Run::new(["inspect", "--key", KEY, "--accept", ACCEPT]).finish().status(0).silent();
    let wrong = Run::new(["inspect", "--key", KEY, "--accept", "x"]).finish();
    wrong.status(5).stdout("").stderr_has(ACCEPT).stderr_has("\"x\"");
}

#[test]
fn a_key_that_is_none_is_not_computed_with() {
    Run::new(["inspect", "--key", "c2hvcnQ="]).finish().status(5).stdout("").stderr_has("5 bytes");
}

#[test]
fn of_a_key_alone_there_is_json_too() {
    for (accept, received, ok) in [
        (&[][..], Value::Null, true),
        (&["--accept", ACCEPT], json!(ACCEPT), true),
        (&["--accept", "x"], json!("x"), false),
    ] {
        let run = Run::new(["inspect", "--json", "--key", KEY]).args(accept).finish();
        let report = run.status(if ok { 0 } else { 5 }).json().remove(0);
        assert_eq!((&report["version"], &report["key"], &report["ok"]), (&json!(1), &json!(KEY), &json!(ok)));
        assert_eq!(report["accept"], json!({ "expected": ACCEPT, "received": received }));
        assert_eq!(run.stderr.is_empty(), ok, "{run:?}");
    }
    let report = Run::new(["inspect", "--json", "--key", "c2hvcnQ="]).finish().status(5).json().remove(0);
    assert!(report["error"].as_str().is_some_and(|error| error.contains("5 bytes")), "{report}");
    Run::new(["inspect", "--json"]).finish().status(2);
}

#[test]
fn there_is_something_to_inspect_or_wrong_usage() {
    for args in [&["inspect"][..], &["inspect", "--accept", ACCEPT], &["inspect", "--key", KEY, "ws://h/"]] {
        Run::new(args).finish().status(2).stdout("");
    }
}

/// Inspects a listener; gives its URL and what is printed.
#[track_caller]
fn inspected(options: &str) -> (String, crate::harness::Finished) {
    let listener = Run::listen("--once -s chat -H X-Own:yes").start();
    let url = listener.url();
    let run = Run::new(["inspect", &url]).words(options).finish();
    listener.finish().status(0);
    (url, run)
}

#[test]
fn a_good_handshake_is_shown_with_both_heads_and_every_check() {
    let (url, run) = inspected("-s chat");
    run.status(0).silent();
    let expected = [
        &url,
        "> GET / HTTP/1.1\n> Host: 127.0.0.1:",
        "\n> Sec-WebSocket-Protocol: chat\n",
        "< HTTP/1.1 101 Switching Protocols\n< Upgrade: websocket\n< Connection: Upgrade\n< Sec-WebSocket-Accept: ",
        "\n< X-Own: yes\n",
        "pass  status                    expected 101\n      RFC 6455, 4.1 (1)         found    101 Switching Protocols\n",
        "pass  Sec-WebSocket-Accept      expected `",
        "The handshake is complete: this is a WebSocket server.",
    ];
    for text in expected {
        run.stdout_has(text);
    }
    let text = run.text();
    let accept = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim).map(str::to_owned);
    assert!(accept("computed accept").is_some() && accept("computed accept") == accept("received accept"), "{text}");
    assert_eq!(accept("subprotocol").as_deref(), Some("chat"));
}

#[test]
fn a_good_handshake_is_one_json_object() {
    let (url, run) = inspected("-s chat --json");
    let mut report = run.status(0).silent().json();
    assert_eq!(report.len(), 1);
    let report = report.remove(0);
    let of = |name: &str| report[name].clone();
    assert_eq!((of("version"), of("ok"), of("url")), (json!(1), json!(true), json!(url)));
    assert_eq!((of("subprotocol"), of("extensions")), (json!("chat"), json!([])));
    assert_eq!(report["accept"]["expected"], report["accept"]["received"]);
    assert_eq!(report.get("refusal"), None);
    for part in ["name", "connect", "http"] {
        assert!(report["milliseconds"][part].is_number(), "{report}");
    }
    let request = report["request"].as_str().unwrap();
    assert!(
        request.starts_with("GET / HTTP/1.1\r\n") && request.contains(report["key"].as_str().unwrap()),
        "{request}"
    );
    let checks = report["checks"].as_array().unwrap();
    let is_good = |check: &Value| {
        check["head"] == "response"
            && check["verdict"] == "pass"
            && check["clause"].as_str().unwrap().starts_with("RFC 6455, 4.")
    };
    assert!(!checks.is_empty() && checks.iter().all(is_good), "{report}");
}

/// RFC 7692, 7.1: what each parameter of an answer comes to.
#[test]
fn what_compression_was_agreed_on_is_said_in_words() {
    for (parameter, words) in [
        ("", "client: 32 KiB window, context kept; server: 32 KiB window, context kept"),
        ("; server_no_context_takeover", "server: 32 KiB window, each message by itself"),
        ("; client_no_context_takeover", "client: 32 KiB window, each message by itself"),
        ("; server_max_window_bits=10", "server: 1 KiB window, context kept"),
        ("; client_max_window_bits=12", "client: 4 KiB window, context kept"),
    ] {
        let server = Server::start();
        let run = Run::new(["inspect", "--compress", &server.url()]).start();
        let mut peer = server.connection();
        peer.accept(&format!("Sec-WebSocket-Extensions: permessage-deflate{parameter}\r\n"));
        peer.finish(1000);
        let run = run.finish();
        run.status(0).stdout_has("compression             permessage-deflate, client: ").stdout_has(words);
    }
}

#[test]
fn a_session_that_was_only_looked_at_is_closed_cleanly() {
    let server = Server::start();
    let run = Run::new(["inspect", &server.url()]).start();
    server.accept().finish(1000);
    run.finish().status(0);
}

#[test]
fn a_refusal_is_shown_with_its_body_and_meaning() {
    let refusal = "HTTP/1.1 403 Forbidden\r\nX-Why: origin\r\nContent-Length: 4\r\n\r\nnope";
    let server = Server::start();
    let run = Run::new(["inspect", &server.url()]).start();
    drop(server.answer(refusal));
    let run = run.finish();
    run.status(5).stdout_has("< X-Why: origin\n").stdout_has("--origin").stdout_has("\n    nope\n").silent();

    let run = Run::new(["inspect", "--json", &server.url()]).start();
    drop(server.answer(refusal));
    let run = run.finish();
    let report = run.status(5).silent().json().remove(0);
    assert_eq!(report["ok"], json!(false));
    let refusal = &report["refusal"];
    assert_eq!(
        (&refusal["status"], &refusal["reason"], &refusal["body"]),
        (&json!(403), &json!("Forbidden"), &json!("nope"))
    );
    assert!(refusal["meaning"].as_str().unwrap().contains("--origin"), "{report}");
}

#[test]
fn a_wrong_accept_is_shown_beside_the_right_one() {
    let server = Server::start();
    let run = Run::new(["inspect", &server.url()]).start();
    let mut peer: Peer = server.connection();
    let answer = peer.answer_to_request();
    peer.send(answer.replace("Sec-WebSocket-Accept: ", "Sec-WebSocket-Accept: wrong"));
    drop(peer);
    let run = run.finish();
    run.status(5)
        .stdout_has("received accept         wrong")
        .stdout_has("fail  Sec-WebSocket-Accept")
        .stdout_has("\n      RFC 6455, 4.1 (4)         found    `wrong");
}

#[test]
fn heads_are_shown_as_they_were_on_the_wire() {
    let server = Server::start();
    let run = Run::new(["inspect", &server.url()]).start();
    let mut peer = server.connection();
    let answer = peer.answer_to_request();
    peer.send(answer.replace("Upgrade: websocket\r\n", "uPGRADE:WebSocket\r\nX-A: \u{9b}ü\r\n"));
    peer.finish(1000);
    let run = run.finish();
    run.status(0).stdout_has("< uPGRADE:WebSocket\n").stdout_has("< X-A: ");
    assert!(!run.text().contains('\u{9b}'), "what could drive a terminal is shown");
}

#[test]
fn credentials_are_shown_only_when_asked_for() {
    for (options, is_shown) in [("", false), ("--json", false), ("--show-secrets", true)] {
        let server = Server::start();
        let run = Run::new(["inspect", "--bearer", "t0ken", &server.url()]).words(options).start();
        let mut peer = server.connection();
        peer.accept("Set-Cookie: session=cr1sps\r\n");
        peer.finish(1000);
        let run = run.finish();
        run.status(0);
        let shown = ["t0ken", "cr1sps"].map(|secret| run.text().contains(secret));
        assert_eq!(shown, [is_shown; 2], "{run:?}");
    }
}

#[test]
fn a_server_that_cannot_be_reached_is_status_3() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    drop(listener);
    Run::new(["inspect", &url]).finish().status(3).stdout("").stderr_has("refused");
}

#[test]
fn what_is_no_http_is_status_5() {
    let server = Server::start();
    let run = Run::new(["inspect", &server.url()]).start();
    drop(server.answer("SSH-2.0-x\r\n"));
    run.finish().status(5).stderr_has("SSH");
}
