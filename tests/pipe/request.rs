//! What the client's request says, byte for byte, and what is never shown of it.

use std::fs;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::harness::{Run, Server};

/// The request that these arguments make, up to its empty line. `PORT` is the server's.
#[track_caller]
fn request(args: &[&str]) -> String {
    let server = Server::start();
    let port = server.port().to_string();
    let args = args.iter().map(|arg| arg.replace("PORT", &port));
    let run = Run::new(["connect"]).args(args).start();
    let mut peer = server.connection();
    let request = peer.accept("");
    peer.finish_first(1000);
    run.finish().status(0).silent();
    request.replace(&format!(":{port}"), ":PORT")
}

/// The lines of a request whose name is this one, in any case.
fn fields<'a>(request: &'a str, name: &str) -> Vec<&'a str> {
    let is_it = |line: &&str| {
        let own = line.split(':').next();
        own.is_some_and(|own| own.eq_ignore_ascii_case(name))
    };
    request.lines().skip(1).filter(is_it).collect()
}

fn basic(credentials: &str) -> String {
    format!("Authorization: Basic {}", BASE64_STANDARD.encode(credentials))
}

#[test]
fn a_plain_request_holds_what_the_handshake_asks_for_and_a_user_agent() {
    let request = request(&["ws://127.0.0.1:PORT/chat?room=1"]);
    let key = fields(&request, "Sec-WebSocket-Key")[0].to_owned();
    let encoded = key.trim_start_matches("Sec-WebSocket-Key: ");
    assert_eq!(BASE64_STANDARD.decode(encoded).unwrap().len(), 16);
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!(
        "GET /chat?room=1 HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         {key}\r\nSec-WebSocket-Version: 13\r\nUser-Agent: wspipe/{version}\r\n\r\n"
    );
    assert_eq!(request, expected);
}

#[test]
fn each_request_has_a_key_of_its_own() {
    let url = "ws://127.0.0.1:PORT/";
    let keys = [request(&[url]), request(&[url])];
    let [first, second] = keys.each_ref().map(|request| fields(request, "Sec-WebSocket-Key"));
    assert_ne!(first, second);
}

/// RFC 6455, 4.1: so that no two of them are being opened at once.
#[test]
fn one_run_makes_one_connection() {
    for command in ["connect", "inspect"] {
        let server = Server::start();
        let run = Run::new([command]).arg(format!("ws://localhost:{}/", server.port())).start();
        let mut peer = server.connection();
        peer.accept("");
        server.expect_nobody();
        peer.close(1000, "");
        peer.expect_close(1000);
        run.finish().status(0);
        server.expect_nobody();
    }
}

#[test]
fn every_way_to_write_a_url_reaches_the_server() {
    for (url, resource) in [
        ("ws://127.0.0.1:PORT", "/"),
        ("WS://127.0.0.1:PORT/", "/"),
        ("http://127.0.0.1:PORT/a", "/a"),
        ("127.0.0.1:PORT/a/b?c", "/a/b?c"),
        ("127.0.0.1:PORT", "/"),
        ("ws://127.0.0.1:PORT?q=1", "/?q=1"),
        ("ws://127.0.0.1:PORT/ü/%2f", "/%C3%BC/%2f"),
    ] {
        let request = request(&[url]);
        assert_eq!(request.lines().next(), Some(&*format!("GET {resource} HTTP/1.1")), "{url}");
    }
}

#[test]
fn a_url_first_means_connect() {
    let server = Server::start();
    let run = Run::new([server.url()]).words("--wait 0").input("hi\n").start();
    let mut peer = server.accept();
    peer.expect_text("hi");
    peer.finish(1000);
    run.finish().status(0).silent();
}

#[test]
fn an_ipv6_address_stands_in_brackets() {
    let Some(server) = Server::at("::1") else {
        return; // This machine has no IPv6.
    };
    let port = server.port();
    let run = Run::connect("", &format!("ws://[::1]:{port}/")).start();
    let mut peer = server.connection();
    let request = peer.accept("");
    peer.finish_first(1000);
    run.finish().status(0).silent();
    assert_eq!(fields(&request, "Host"), [format!("Host: [::1]:{port}")]);
}

#[test]
fn a_name_stands_in_the_host_as_it_is_written() {
    let request = request(&["ws://LOCALHOST:PORT/"]);
    assert_eq!(fields(&request, "Host"), ["Host: LOCALHOST:PORT"]);
}

#[test]
fn credentials_in_the_url_are_decoded_and_stay_out_of_the_host() {
    let request = request(&["ws://us%65r:p%40ss%3A@127.0.0.1:PORT/"]);
    assert_eq!(fields(&request, "Authorization"), [basic("user:p@ss:")]);
    assert_eq!(fields(&request, "Host"), ["Host: 127.0.0.1:PORT"]);
}

#[test]
fn each_option_makes_its_header() {
    let url = "ws://127.0.0.1:PORT/";
    for (args, name, expected) in [
        (&["--origin", "http://example.com"][..], "Origin", "Origin: http://example.com"),
        (&["--host", "example.com:81"], "Host", "Host: example.com:81"),
        (&["-u", "user:pass"], "Authorization", &basic("user:pass")),
        (&["-u", "user:"], "Authorization", &basic("user:")),
        (&["--user", "a:b:ç"], "Authorization", &basic("a:b:ç")),
        (&["--bearer", "t0k.en"], "Authorization", "Authorization: Bearer t0k.en"),
        (&["--cookie", "a=1", "--cookie", "b=2"], "Cookie", "Cookie: a=1; b=2"),
        (&["-H", "X-Test:  a: b "], "X-Test", "X-Test: a: b"),
        (&["-H", "x-tEST: ü"], "X-Test", "x-tEST: ü"),
        (&["-H", "X-Empty;"], "X-Empty", "X-Empty: "),
        (&["-H", "User-Agent: me"], "User-Agent", "User-Agent: me"),
        (&["-H", "Host: other"], "Host", "Host: other"),
    ] {
        let request = request(&[args, &[url]].concat());
        assert_eq!(fields(&request, name), [expected], "{args:?}");
    }
    let request = request(&["-H", "User-Agent:", "-H", "A: 1", "-H", "A: 2", url]);
    assert_eq!(fields(&request, "User-Agent"), [""; 0]);
    assert_eq!(fields(&request, "A"), ["A: 1", "A: 2"]);
}

#[test]
fn subprotocols_are_offered_in_the_order_given() {
    let server = Server::start();
    let run = Run::connect("-s one --subprotocol two", &server.url()).start();
    let mut peer = server.connection();
    let request = peer.accept("sec-websocket-protocol: two\r\n");
    peer.finish_first(1000);
    run.finish().status(0).silent();
    assert_eq!(fields(&request, "Sec-WebSocket-Protocol"), ["Sec-WebSocket-Protocol: one, two"]);
}

#[test]
fn headers_and_tokens_can_come_from_files() {
    let directory = tempfile::tempdir().unwrap();
    let [headers, token] = ["headers", "token"].map(|name| directory.path().join(name));
    fs::write(&headers, "X-One: 1\n\nX-Two: 2\n").unwrap();
    fs::write(&token, "s3cret\n").unwrap();
    let [headers, token] = [headers, token].map(|path| format!("@{}", path.display()));
    let request = request(&["-H", &headers, "--bearer", &token, "ws://127.0.0.1:PORT/"]);
    assert_eq!(fields(&request, "X-One"), ["X-One: 1"]);
    assert_eq!(fields(&request, "X-Two"), ["X-Two: 2"]);
    assert_eq!(fields(&request, "Authorization"), ["Authorization: Bearer s3cret"]);
}

#[test]
fn credentials_never_show_in_what_is_logged() {
    const URL: &str = "ws://urluser:urlpass@127.0.0.1:PORT/";
    let encoded = BASE64_STANDARD.encode("urluser:urlpass");
    for (args, secrets) in [
        (&[][..], [encoded.as_str(), "urlpass"]),
        (&["-u", "user:hunter2"], [&BASE64_STANDARD.encode("user:hunter2"), "hunter2"]),
        (&["--bearer", "t0ken"], ["t0ken", "urlpass"]),
        (&["--cookie", "session=cr1sps"], ["cr1sps", &encoded]),
        (&["-H", "authorization: Digest d1gest"], ["d1gest", "urlpass"]),
        (&["-H", "Proxy-Authorization: pr0xy"], ["pr0xy", "urlpass"]),
    ] {
        let server = Server::start();
        let url = URL.replace("PORT", &server.port().to_string());
        let run = Run::new(["connect", "-vvv"]).args(args).arg(url).env("RUST_LOG", "trace").start();
        let mut peer = server.connection();
        let request = peer.accept("Set-Cookie: given=away\r\n");
        peer.finish_first(1000);
        let run = run.finish();
        run.status(0).stderr_has("***").stderr_lacks("given=away");
        for secret in secrets {
            run.stderr_lacks(secret);
        }
        assert!(request.contains(secrets[0]), "{request}");
    }
}

#[test]
fn what_would_break_the_request_is_wrong_usage_and_names_the_option() {
    let cases: [(&[&str], &str); 16] = [
        (&["ws://h/a b"], "%20"),
        (&["ws://h/a\nb"], "line feed"),
        (&["ws://h/\u{7f}"], "path"),
        (&["ws://h\r\nX: y/"], "host"),
        (&["ws://h/#fragment"], "%23"),
        (&["-H", "X: a\r\nY: b", "ws://h/"], "carriage return"),
        (&["-H", "X Y: a", "ws://h/"], "a space at position 2"),
        (&["-H", "Sec-WebSocket-Key: x", "ws://h/"], "Sec-WebSocket-Key"),
        (&["-H", "Sec-WebSocket-Protocol: x", "ws://h/"], "--subprotocol"),
        (&["-u", "a\n:b", "ws://h/"], "-u"),
        (&["-u", "a:b", "--bearer", "t", "ws://h/"], "--bearer"),
        (&["-H", "@/nonexistent/file", "ws://h/"], "/nonexistent/file"),
        (&["--bearer", "@/nonexistent/file", "ws://h/"], "--bearer"),
        (&["ws://h/", "-H", "Host:"], "--host"),
        (&["ws://us%zzer@h/"], "%"),
        (&["ws://[::1/"], "["),
    ];
    for (args, words) in cases {
        Run::new(["connect"]).args(args).finish().status(2).stdout("").stderr_has(words);
    }
}

#[test]
fn what_only_the_whole_request_shows_to_be_wrong_is_wrong_usage_too() {
    let server = Server::start();
    for (args, words) in [
        (&["--bearer", "a\nb"][..], "--bearer"),
        (&["--cookie", "a=\nb"], "--cookie"),
        (&["--cookie", "s3cret"], "--cookie: there is no `=` in it: write NAME=VALUE"),
        (&["--origin", "a\nb"], "--origin"),
        (&["--host", "a b"], "--host"),
        (&["-s", "a b"], "a space"),
        (&["-s", "a", "-s", "a"], "twice"),
    ] {
        let run = Run::new(["connect"]).args(args).arg(server.url()).finish();
        run.status(2).stdout("").stderr_has(words);
    }
}

#[test]
fn a_message_about_wrong_usage_shows_no_credentials() {
    for url in ["ws://user:hunter2@h/a b", "ws://user:hunter2@h:99999/", "ws://user:hunter2@/"] {
        for command in ["connect", "inspect"] {
            Run::new([command, url]).finish().status(2).stderr_lacks("hunter2");
        }
    }
    for header in ["Authorization: Bearer hunter2\n", "Bearer hunter2"] {
        Run::new(["connect", "-H", header, "ws://h/"]).finish().status(2).stderr_lacks("hunter2");
    }
}
