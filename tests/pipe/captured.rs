//! `inspect --request`, `--response`: heads that somebody captured.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Finished, Run};

/// A key and the accept that answers it.
const KEY: &str = "x3JJHMbDL1EzLkh9GBhXDw==";
const ACCEPT: &str = "HSmrc0sMlYUkAGmm5OPpG2HaGWk=";

fn request() -> String {
    format!(
        "GET /chat HTTP/1.1\r\nHost: localhost:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\nAuthorization: Bearer t0ken\r\nSec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Protocol: chat\r\n\r\n"
    )
}

fn response() -> String {
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {ACCEPT}\r\nSec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Protocol: chat\r\nSet-Cookie: id=cr1sps\r\n\r\n"
    )
}

/// As `curl -v` prints them.
fn by_curl(request: &str, response: &str) -> String {
    let marked =
        |mark: &str, head: &str| head.lines().map(|line| format!("{mark} {line}\n")).collect::<Vec<_>>().concat();
    format!(
        "* Connected to localhost (::1) port 8080\n{}* Request completely sent off\n{}{{ [5 bytes data]\n",
        marked(">", request),
        marked("<", response)
    )
}

/// Files with these contents, gone with the folder.
fn files<const N: usize>(contents: [&str; N]) -> (TempDir, [PathBuf; N]) {
    let folder = tempfile::tempdir().expect("folders can be made");
    let mut number = 0;
    let paths = contents.map(|content| {
        number += 1;
        let path = folder.path().join(format!("head {number}"));
        std::fs::write(&path, content).expect("files can be written");
        path
    });
    (folder, paths)
}

fn inspect(options: &[(&str, &Path)], words: &str) -> Finished {
    let mut run = Run::new(["inspect"]).words(words);
    for (option, path) in options {
        run = run.arg(option).arg(path);
    }
    run.finish()
}

/// Inspects what standard input gives.
fn piped(text: &str, words: &str) -> Finished {
    Run::new(["inspect", "--request", "-"]).words(words).input(text).finish()
}

#[test]
fn both_heads_from_two_files() {
    let (_folder, [request, response]) = files([&request(), &response()]);
    let run = inspect(&[("--request", &request), ("--response", &response)], "");
    run.status(0).silent();
    for text in [
        "> GET /chat HTTP/1.1\n> Host: localhost:8080\n",
        "< HTTP/1.1 101 Switching Protocols\n",
        &format!("Sec-WebSocket-Key       {KEY}\ncomputed accept         {ACCEPT}\nreceived accept         {ACCEPT}\n"),
        "compression             permessage-deflate, client: 32 KiB window",
        "request:\npass  method                    expected `GET`\n      RFC 6455, 4.2.1 (1)       found    `GET`\n",
        "\n\nresponse:\npass  HTTP version              expected HTTP/1.1\n      RFC 6455, 4.2.2 (5.1)     found    HTTP/1.1\n",
        "\n\nThe handshake is right: both sides keep to the rules.\n",
    ] {
        run.stdout_has(text);
    }
    assert!(!run.text().contains("note") && !run.text().contains('\x1b'), "{run:?}");
    assert!(!run.text().contains("t0ken") && !run.text().contains("cr1sps"), "{run:?}");
}

#[test]
fn both_heads_from_one_place() {
    let both = request() + &response();
    let (_folder, [file]) = files([&both]);
    let expected = piped(&both, "");
    expected.status(0).silent();
    for options in
        [&[("--request", file.as_path())][..], &[("--response", &file)], &[("--request", &file), ("--response", &file)]]
    {
        inspect(options, "").status(0).silent().stdout(&expected.stdout);
    }
    let stdin = Path::new("-");
    Run::new(["inspect", "--request", "-", "--response", "-"]).input(both).finish().status(0).stdout(&expected.stdout);
    inspect(&[("--request", &file), ("--response", stdin)], "")
        .status(5)
        .stderr_has("standard input holds no HTTP head");
}

#[test]
fn what_curl_prints_is_read_and_the_repairs_are_told() {
    let run = piped(&by_curl(&request(), &response()).replace('\r', ""), "");
    run.status(0).silent().stdout_has(
        "note  the marks before the lines were taken off\nnote  curl's remarks were left out\nnote  lines end in LF, as pasted text does",
    );
}

#[test]
fn a_space_that_is_missing_before_the_version_is_found() {
    let broken = request().replace("/chat HTTP/1.1", "/chat/HTTP/1.1");
    for text in [broken.clone(), broken.clone() + &response(), by_curl(&broken, &response())] {
        piped(&text, "")
            .status(5)
            .silent()
            .stdout_has("> GET /chat/HTTP/1.1\n")
            .stdout_has("fail  request line ")
            .stdout_has(
                "      RFC 9112, 3               found    `GET /chat/HTTP/1.1`, with no space before `HTTP/1.1`\n",
            )
            .stdout_has("the client's request is wrong: request line\nRFC 9112, 3 asks that");
    }
}

#[test]
fn an_accept_value_is_held_against_the_key() {
    let wrong = request().replace(KEY, "IRjFlYB21UIe5wMQDpEMYg==") + &response();
    piped(&wrong, "")
        .status(5)
        .silent()
        .stdout_has(&format!(
            "computed accept         X5N9UehfpfCJMpgWL/YM5on1ucQ=\nreceived accept         {ACCEPT}\n"
        ))
        .stdout_has("fail  Sec-WebSocket-Accept      expected `X5N9UehfpfCJMpgWL/YM5on1ucQ=`, once\n")
        .stdout_has(&format!("found    `{ACCEPT}`, which answers another key\n"));
}

#[test]
fn what_was_not_offered_is_not_to_be_chosen() {
    let request = request().replace(": chat", ": other").replace("permessage-deflate", "x-other");
    piped(&(request + &response()), "")
        .status(5)
        .stdout_has("fail  Sec-WebSocket-Extensions  expected some of `x-other`, or nothing\n")
        .stdout_has("fail  Sec-WebSocket-Protocol    expected one of `other`\n");
}

#[test]
fn a_request_alone() {
    piped(&request(), "").status(0).silent().stdout_has("\n\nThe request is right.\n");
    let run = piped(&request().replace("Host: localhost:8080\r\n", ""), "");
    run.status(5)
        .stdout_has("RFC 6455, 4.2.1 (2) asks that Host be the server's name, once, and the client sent nothing\n");
}

#[test]
fn a_response_alone() {
    let (_folder, [file]) = files([&response()]);
    let run = inspect(&[("--response", &file)], "");
    run.status(0)
        .silent()
        .stdout_has("note  Sec-WebSocket-Accept      expected the base64 of 20 bytes, once\n")
        .stdout_has("not checked, for the key is not known\n")
        .stdout_has("The response is right, as far as can be said without the request.\n");
    assert!(!run.text().contains("computed accept"), "{run:?}");
    inspect(&[("--response", &file)], &format!("--key {KEY}")).status(0).stdout_has("pass  Sec-WebSocket-Accept ");
    let other = inspect(&[("--response", &file)], "--key IRjFlYB21UIe5wMQDpEMYg==");
    other.status(5).stdout_has("fail  Sec-WebSocket-Accept ").stdout_has("X5N9UehfpfCJMpgWL/YM5on1ucQ=");
    inspect(&[("--response", &file)], "--key c2hvcnQ=").status(5).stdout("").stderr_has("5 bytes");
}

#[test]
fn a_refusal_is_explained_with_its_body() {
    let refusal = "HTTP/1.1 403 Forbidden\r\nContent-Length: 18\r\n\r\norigin not allowed";
    for text in [
        refusal.to_owned(),
        request() + refusal,
        by_curl(&request(), "HTTP/1.1 403 Forbidden\r\n\r\n") + "origin not allowed\n",
    ] {
        let run = Run::new(["inspect", "--response", "-"]).input(text).finish();
        run.status(5)
            .silent()
            .stdout_has("the server refused the handshake: 403 Forbidden\n")
            .stdout_has("--origin")
            .stdout_has("\n    origin not allowed\n");
    }
}

#[test]
fn one_json_object_tells_all() {
    let mut report = piped(&by_curl(&request(), &response()), "--json").status(0).silent().json();
    assert_eq!(report.len(), 1);
    let report = report.remove(0);
    for (name, expected) in [
        ("version", json!(1)),
        ("ok", json!(true)),
        ("url", Value::Null),
        ("address", Value::Null),
        ("milliseconds", Value::Null),
        ("key", json!(KEY)),
        ("accept", json!({"expected": ACCEPT, "received": ACCEPT})),
        ("subprotocol", json!("chat")),
        ("extensions", json!(["permessage-deflate"])),
        ("request", json!(request().replace("Bearer t0ken", "***"))),
        ("response", json!(response().replace("id=cr1sps", "***"))),
    ] {
        assert_eq!(report[name], expected, "{name}");
    }
    assert_eq!(report["repairs"][0], json!({"head": null, "what": "the marks before the lines were taken off"}));
    let mut heads: Vec<_> = report["checks"].as_array().unwrap().iter().map(|check| &check["head"]).collect();
    heads.dedup();
    assert_eq!(heads, [&json!("request"), &json!("response")]);
    assert!(report["compression"]["client"].is_object(), "{report}");

    let report = piped(&request(), "--json --show-secrets").status(0).json().remove(0);
    for name in ["response", "subprotocol", "extensions", "compression"] {
        assert_eq!(report[name], Value::Null, "{name}");
    }
    assert_eq!(report["accept"], json!({"expected": ACCEPT, "received": null}));
    assert!(report["request"].as_str().unwrap().contains("t0ken"));
    assert_eq!(report["repairs"], json!([]));

    let run = piped("hello\n", "--json");
    let report = run.status(5).stderr_has("holds no HTTP head").json().remove(0);
    assert_eq!((&report["version"], &report["ok"]), (&json!(1), &json!(false)));
    assert!(report["error"].as_str().unwrap().contains("no HTTP head"));
}

#[test]
fn what_holds_no_such_head_is_status_5_and_what_cannot_be_read_1() {
    let (_folder, [request, response]) = files([&request(), &response()]);
    inspect(&[("--request", &response)], "").status(5).stdout("").stderr_has("give it with --response");
    inspect(&[("--response", &request)], "").status(5).stdout("").stderr_has("give it with --request");
    piped("", "").status(5).stdout("").stderr_has("standard input holds no HTTP head");
    piped(&"x".repeat((1 << 20) + 1), "").status(5).stdout("").stderr_has("longer than 1 MiB");
    let fields = "A: b\r\n".repeat(101);
    piped(&format!("GET / HTTP/1.1\r\n{fields}"), "").status(5).stderr_has("more than 100 header lines");
    let missing = request.with_file_name("missing");
    inspect(&[("--request", &missing)], "")
        .status(1)
        .stdout("")
        .stderr_has("cannot read ")
        .stderr_has("missing: No such file");
}

#[test]
fn captured_heads_go_with_no_connection() {
    for words in [
        "--request - ws://h/",
        "--response - ws://h/",
        "--request - -H A:b",
        "--response - --compress",
        "--request - --connect-timeout 1",
        "--request - --key dGhlIHNhbXBsZSBub25jZQ==",
        "--response - --key dGhlIHNhbXBsZSBub25jZQ== --accept x",
        "--key dGhlIHNhbXBsZSBub25jZQ== --color always",
        "--request - --color sometimes",
    ] {
        Run::new(["inspect"]).words(words).finish().status(2).stdout("");
    }
    let run = Run::new(["inspect", "--response", "-", "--key", KEY]).input(request() + &response()).finish();
    run.status(2).stdout("").stderr_has("its Sec-WebSocket-Key counts");
}

#[test]
fn verdicts_are_coloured_where_that_is_wanted() {
    let text = by_curl(&request().replace("Host:", "X-Host:"), &response());
    let run = |words: &str, env: &[(&str, &str)]| {
        let run = Run::new(["inspect", "--request", "-"]).words(words).input(text.clone());
        let run = env.iter().fold(run, |run, (name, value)| run.env(name, value)).finish();
        run.status(5).text()
    };
    let colored = run("--color always", &[]);
    for word in ["\x1b[32mpass\x1b[0m  method", "\x1b[31mfail\x1b[0m  Host", "\x1b[33mnote\x1b[0m  the marks"] {
        assert!(colored.contains(word), "{colored}");
    }
    let plain = run("", &[]);
    assert!(!plain.contains('\x1b'), "a pipe is no terminal");
    let without_color =
        ["32", "31", "33", "0"].iter().fold(colored.clone(), |text, code| text.replace(&format!("\x1b[{code}m"), ""));
    assert_eq!(without_color, plain);
    assert_eq!(run("", &[("CLICOLOR_FORCE", "1")]), colored);
    assert_eq!(run("", &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]), plain);
    assert_eq!(run("--color always", &[("NO_COLOR", "1")]), colored);
    assert_eq!(run("--color never", &[("CLICOLOR_FORCE", "1")]), plain);
}

#[test]
fn what_came_from_a_peer_drives_no_terminal() {
    let text = request().replace("localhost", "\x1b[2J\u{202e}") + "\x1b]0;x\x07\n";
    let run = piped(&text, "");
    assert!(!run.status(5).text().contains(['\x1b', '\x07', '\u{202e}']), "{run:?}");
}
