//! Redirects: where they lead, and how far.

mod credentials;

use std::os::unix::net::UnixListener;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use crate::harness::{Peer, Run, Server, unix_connection};

/// An answer that leads elsewhere.
fn redirect(location: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")
}

/// Accepts the client that was led here, and ends the session; gives the request.
#[track_caller]
fn arrived(server: &Server) -> String {
    let mut peer = server.connection();
    let request = peer.accept("");
    peer.finish_first(1000);
    request
}

/// The fields of a request, but for those that every handshake has.
fn fields(request: &str) -> Vec<&str> {
    const OWN: [&str; 7] =
        ["GET ", "Upgrade:", "Connection:", "Sec-WebSocket-Key:", "Sec-WebSocket-Version:", "User-Agent:", "Host:"];
    let own = |line: &&str| line.is_empty() || OWN.iter().any(|name| line.starts_with(name));
    request.lines().filter(|line| !own(line)).collect()
}

fn host(request: &str) -> &str {
    request.lines().find_map(|line| line.strip_prefix("Host: ")).expect("each request has a Host")
}

fn basic(credentials: &str) -> String {
    format!("Authorization: Basic {}", BASE64_STANDARD.encode(credentials))
}

/// The same server under its other name.
fn by_name(server: &Server) -> String {
    format!("ws://localhost:{}/", server.port())
}

#[test]
fn every_redirect_is_followed() {
    for status in [301, 302, 303, 307, 308] {
        let [first, second] = [Server::start(), Server::start()];
        let run = Run::connect("-v -L", &first.url()).start();
        let to = format!("{}chat?room=1", second.url());
        let mut left = first.answer(format!("HTTP/1.1 {status} Elsewhere\r\nLocation: {to}\r\n\r\n"));
        left.expect_end();
        let request = arrived(&second);
        assert!(request.starts_with("GET /chat?room=1 HTTP/1.1\r\n"), "{request}");
        assert_eq!(host(&request), format!("127.0.0.1:{}", second.port()));
        let run = run.finish();
        run.status(0).stderr_has(&format!("redirected by {status} to {to}\n"));
        run.stderr_has(&format!("connected to {to} at 127.0.0.1:{}", second.port()));
        first.expect_nobody();
    }
}

/// What a server sends must not become an option of the command that leads to the next one.
#[test]
fn a_redirect_to_an_option_is_not_followed() {
    let server = Server::start();
    for to in ["ws://-l:4444/", "//-oProxyCommand/"] {
        let run = Run::connect("-L", &server.url()).start();
        drop(server.answer(redirect(to)));
        run.finish().status(5).stderr_has("is not followed").stderr_has("the host has `-` at position 6");
    }
    server.expect_nobody();
    let run = Run::connect("", "ws://-l:4444/").args(["--via-command", "echo ran >&2"]).finish();
    run.status(2).stderr_has("the host has `-`").stderr_lacks("ran");
    // One that a command has led to redirects as well.
    let answer = "HTTP/1.1 302 Found\\r\\nLocation: ws://-l:4444/\\r\\n\\r\\n";
    let command = format!("echo %h >&2; printf '{answer}'; exec cat >/dev/null");
    let run = Run::connect("-L", "ws://a.test/").args(["--via-command", &command]).finish();
    run.status(5).stderr_has("a.test\n").stderr_lacks("\n-l\n");
}

#[test]
fn without_the_option_a_redirect_is_a_refusal_that_names_it() {
    let server = Server::start();
    let run = Run::connect("", &server.url()).start();
    drop(server.answer(redirect("/other")));
    let advice = format!("at {}other: give that URL, or -L to follow redirects", server.url());
    run.finish().status(5).stderr_has("302 Found").stderr_has(&advice);
    server.expect_nobody();
}

#[test]
fn other_statuses_are_no_redirects() {
    for status in [200, 300, 304, 305, 306, 403] {
        let server = Server::start();
        let run = Run::connect("-L", &server.url()).start();
        drop(server.answer(format!("HTTP/1.1 {status} X\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n")));
        run.finish().status(5).stderr_has(&format!("the server refused the handshake: {status} X"));
        server.expect_nobody();
    }
}

#[test]
fn a_location_may_be_relative() {
    for (location, resource) in [
        ("/x", "/x"),
        ("x?y", "/a/b/x?y"),
        ("../x", "/a/x"),
        ("./../../../x/.", "/x/"),
        ("?z", "/a/b/c?z"),
        ("#part", "/a/b/c?q"),
        ("/x#part", "/x"),
        ("/a b/\u{fc}", "/a%20b/%C3%BC"),
        ("//127.0.0.1:PORT/x/../y", "/y"),
        ("http://127.0.0.1:PORT", "/"),
        ("WS://127.0.0.1:PORT?q", "/?q"),
    ] {
        let server = Server::start();
        let run = Run::connect("-L", &format!("{}a/b/c?q", server.url())).start();
        drop(server.answer(redirect(&location.replace("PORT", &server.port().to_string()))));
        let request = arrived(&server);
        run.finish().status(0).silent();
        assert_eq!(request.lines().next(), Some(&*format!("GET {resource} HTTP/1.1")), "{location}");
    }
}

#[test]
fn so_many_are_followed_and_no_more() {
    for (option, count) in [("-L", 10), ("--location", 10), ("--location-trusted", 10), ("-L=2", 2), ("-L=0", 0)] {
        for goes_on in [false, true] {
            let server = Server::start();
            let run = Run::connect(option, &server.url()).start();
            for number in 0..count {
                drop(server.answer(redirect(&format!("/{number}"))));
            }
            if !goes_on {
                arrived(&server);
                run.finish().status(0).silent();
                continue;
            }
            drop(server.answer(redirect("/further")));
            let run = run.finish();
            let last = if count == 0 { String::new() } else { (count - 1).to_string() };
            run.status(5).stderr_has(&format!("the redirect by 302 at {}{last} is not followed", server.url()));
            match count {
                0 => run.stderr_has("none is to be followed (--location=0)"),
                count => run.stderr_has(&format!("{count} were followed before it")).stderr_has("--location=MAX"),
            };
            server.expect_nobody();
        }
    }
}

#[test]
fn a_number_is_a_number() {
    for option in ["-L=many", "-L=-1", "--location="] {
        Run::connect(option, "ws://localhost:9/").finish().status(2).stderr_has("--location");
    }
    let apart = |option| Run::new(["connect", option, "1", "ws://localhost:9/"]).finish();
    apart("-L").status(2).stderr_has("tip: write '-L=1'");
    apart("--location").status(2).stderr_has("tip: write '--location=1'");
    apart("-k").status(2).stderr_lacks("tip: write");
}

#[test]
fn a_location_that_leads_nowhere_is_not_followed() {
    for (field, words) in [
        ("X: y", "it has no Location"),
        ("Location:", "it has no Location"),
        ("Location: ftp://h/", "it leads to `ftp:`"),
        ("Location: ws+unix:/run/docker.sock:/", "it leads to `ws+unix:`"),
        ("Location: echo:", "it leads to `echo:`"),
        ("Location: ws:///x", "the URL names no host"),
        ("Location: ws://h:0/", "port 0 is out of range"),
        ("Location: //[::1", "no URL of a WebSocket"),
        ("Location: ws://u:hunter2@b\u{fc}cher/", "ws://***@b"),
    ] {
        for command in ["connect", "inspect"] {
            let server = Server::start();
            let run = Run::new([command, "-L", &server.url()]).start();
            drop(server.answer(format!("HTTP/1.1 308 X\r\n{field}\r\nContent-Length: 0\r\n\r\n")));
            let run = run.finish();
            let told = run.text() + &run.stderr;
            run.status(5).stderr_lacks("hunter2");
            assert!(told.contains(&format!("by 308 at {} is not followed: ", server.url())), "{run:?}");
            assert!(told.contains(words) && !told.contains("hunter2"), "{field}: {run:?}");
        }
    }
}

/// Neither a body that never ends nor a connection that stays open is waited for: that would take longer than there is.
#[test]
fn what_comes_with_a_redirect_is_not_waited_for() {
    for head in ["Content-Length: 1000\r\n", "Transfer-Encoding: chunked\r\n", ""] {
        let servers = [Server::start(), Server::start(), Server::start(), Server::start()];
        let last = Server::start();
        let run = Run::connect("-L --connect-timeout 3.5", &servers[0].url()).start();
        let nexts = servers[1..].iter().chain([&last]);
        let open: Vec<Peer> = servers
            .iter()
            .zip(nexts)
            .map(|(server, next)| server.answer(format!("HTTP/1.1 301 X\r\nLocation: {}\r\n{head}\r\n", next.url())))
            .collect();
        arrived(&last);
        run.finish().status(0).silent();
        drop(open);
    }
}

#[test]
fn the_time_to_connect_is_for_the_whole_way() {
    let [first, second] = [Server::start(), Server::start()];
    let run = Run::connect("-L --connect-timeout 300ms", &first.url()).start();
    drop(first.answer(redirect(&second.url())));
    let peer = second.connection();
    run.finish().status(3).stderr_has(&format!("redirected to {}: ", second.url())).stderr_has("--connect-timeout");
    drop(peer);
}

#[test]
fn what_fails_behind_a_redirect_says_where() {
    let nobody = Server::start().url();
    let server = Server::start();
    let run = Run::connect("-L", &server.url()).start();
    drop(server.answer(redirect(&nobody)));
    run.finish().status(3).stderr_has(&format!("redirected to {nobody}: ")).stderr_has("refused");
    let run = Run::connect("-L", &server.url()).start();
    drop(server.answer(redirect("/x")));
    drop(server.answer("HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nnope"));
    let run = run.finish();
    run.status(5).stderr_has(&format!("redirected to {}x: the server refused", server.url())).stderr_has("\n    nope");
}

#[test]
fn a_unix_socket_leads_on_to_itself_and_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let server = Server::start();
    let run = Run::connect("-L -u bob:hunter2", &format!("ws+unix:{}:/a/b", path.display())).start();
    let mut resources = Vec::new();
    for location in ["c", &server.url()] {
        let mut peer = unix_connection(&listener);
        resources.push(peer.head().lines().next().map(str::to_owned));
        peer.send(redirect(location));
    }
    let request = arrived(&server);
    run.finish().status(0).stderr_has("credentials are not sent");
    assert_eq!(resources, ["GET /a/b HTTP/1.1", "GET /a/c HTTP/1.1"].map(|line| Some(line.to_owned())));
    assert_eq!(fields(&request), [""; 0]);
}

#[test]
fn the_echo_server_leads_nowhere() {
    Run::connect("-L", "echo:").input("x\n").finish().status(0).stdout("x\n").silent();
}

#[test]
fn inspect_lists_the_redirects() {
    let [first, second] = [Server::start(), Server::start()];
    let location = second.url().replace("//", "//new:s3cret@") + "x";
    for (option, shown) in
        [("", "***"), ("--json", "***"), ("--show-secrets", "new:s3cret"), ("--json --show-secrets", "new:s3cret")]
    {
        let run = Run::new(["inspect", "-L", &first.url()]).words(option).start();
        drop(first.answer("HTTP/1.1 301 X\r\nLocation: /on\r\n\r\n"));
        drop(first.answer(format!("HTTP/1.1 307 X\r\nLocation: {location}\r\n\r\n")));
        second.accept().finish(1000);
        let run = run.finish();
        run.status(0).silent();
        let [one, two] = [first.url(), second.url()];
        if option.contains("--json") {
            let report = run.json().remove(0);
            let location = location.replace("new:s3cret", shown);
            let redirects = json!([
                { "status": 301, "url": one, "location": "/on" },
                { "status": 307, "url": format!("{one}on"), "location": location },
            ]);
            assert_eq!(report["redirects"], redirects);
            assert_eq!((&report["ok"], &report["url"]), (&json!(true), &json!(format!("{two}x"))));
        } else {
            let lines = format!("301  {one} to {one}on\n307  {one}on to {two}x\n\n{two}x at 127.0.0.1:");
            assert!(run.text().starts_with(&lines), "{run:?}");
        }
    }
}

#[test]
fn inspect_shows_the_redirect_that_is_not_followed() {
    for option in ["", "--json"] {
        let server = Server::start();
        let run = Run::new(["inspect", "-L=1", &server.url()]).words(option).start();
        drop(server.answer(redirect("/1")));
        drop(server.answer(redirect("/2")));
        let run = run.finish();
        run.status(5).silent().stdout_has("1 was followed before it");
        if option.is_empty() {
            run.stdout_has("< Location: /2\n").stdout_has("\nthe redirect by 302 at ws://");
        } else {
            let report = run.json().remove(0);
            assert_eq!(report["redirects"].as_array().map(Vec::len), Some(1));
            assert_eq!((&report["ok"], &report["refusal"]["status"]), (&json!(false), &json!(302)));
        }
    }
    let (url, options) = ("ws://localhost:9/", ["--request", "-", "-L"]);
    Run::new(["inspect"]).args(options).finish().status(2);
    Run::new(["inspect", "-L", url]).finish().status(3);
}
