//! Redirects: where they lead, how far, and who gets to see credentials.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixListener;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use native_tls::{Identity, TlsAcceptor, TlsStream};
use rcgen::CertificateParams;
use serde_json::json;
use tungstenite::handshake::derive_accept_key;

use crate::harness::{Finished, PATIENCE, Peer, Run, Running, Server, unix_connection, wait_for_somebody};
use crate::tls::Files;

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

/// What a second server receives, to which the first one leads; `to` is made from the first one and the second one.
#[track_caller]
fn led(options: &[&str], to: impl Fn(&Server, &Server) -> String) -> (String, Finished) {
    let [first, second] = [Server::start(), Server::start()];
    let url = first.url().replace("//", "//url:user@");
    let run = Run::new(["connect", "-L"]).args(options).arg(url).start();
    let to = to(&first, &second);
    let is_second = to.contains(&second.port().to_string());
    let mut peer = first.connection();
    let before = peer.head();
    assert!(before.contains("uthorization: ") || before.contains("ookie: "), "{before}");
    peer.send(redirect(&to));
    drop(peer);
    let request = arrived(if is_second { &second } else { &first });
    let run = run.finish();
    run.status(0);
    (request, run)
}

const CREDENTIALS: [(&[&str], &[&str]); 6] = [
    (&[], &["Authorization: Basic dXJsOnVzZXI="]),
    (&["-u", "bob:hunter2"], &["Authorization: Basic Ym9iOmh1bnRlcjI="]),
    (&["--bearer", "t0ken", "--cookie", "a=b"], &["Authorization: Bearer t0ken", "Cookie: a=b"]),
    (&["-H", "authorization: Own x"], &["authorization: Own x"]),
    (&["-H", "Proxy-Authorization: y"], &["Authorization: Basic dXJsOnVzZXI=", "Proxy-Authorization: y"]),
    (&["-H", "cookie: c=d"], &["Authorization: Basic dXJsOnVzZXI=", "cookie: c=d"]),
];

#[test]
fn credentials_go_to_the_same_server() {
    for (options, expected) in CREDENTIALS {
        for location in ["/x", "http://127.0.0.1:PORT/x"] {
            let (request, run) = led(options, |first, _| location.replace("PORT", &first.port().to_string()));
            assert_eq!(fields(&request), expected, "{options:?}");
            run.silent();
        }
    }
}

#[test]
fn credentials_do_not_go_to_another_host_or_port() {
    let ways: [fn(&Server, &Server) -> String; 3] =
        [|first, _| by_name(first), |_, second| second.url(), |_, second| by_name(second)];
    for (options, _) in CREDENTIALS {
        for way in ways {
            let (request, run) = led(&[options, &["-H", "X-Own: z", "--origin", "o"]].concat(), way);
            assert_eq!(fields(&request), ["Origin: o", "X-Own: z"], "{options:?}");
            run.stderr_has(&format!("credentials are not sent to {}", host(&request))).stderr_has("--location-trusted");
            assert_eq!(run.stderr.lines().count(), 1, "{run:?}");
        }
    }
    led(&["-q"], |_, second| second.url()).1.silent();
}

#[test]
fn credentials_go_everywhere_if_that_is_asked_for() {
    for (options, expected) in CREDENTIALS {
        let options = [options, &["--location-trusted"]].concat();
        let (request, run) = led(&options, |_, second| by_name(second));
        assert_eq!(fields(&request), expected, "{options:?}");
        run.silent();
    }
}

#[test]
fn credentials_of_the_location_are_for_where_it_leads() {
    for options in [&[][..], &["-u", "bob:hunter2"]] {
        let (request, run) = led(options, |_, second| second.url().replace("//", "//new:%40@"));
        assert_eq!(fields(&request), [basic("new:@")], "{options:?}");
        run.stderr_lacks("new");
        assert_eq!(run.stderr.is_empty(), options.is_empty(), "only what is withheld is told: {run:?}");
    }
}

#[test]
fn credentials_of_the_location_go_before_the_options_also_at_the_same_server() {
    for (options, rest) in [
        (&["-u", "al:PA"][..], None),
        (&["--bearer", "t0ken", "--cookie", "a=b"], Some("Cookie: a=b")),
        (&["-H", "authorization: Own x"], None),
        (&["-u", "al:PA", "--location-trusted"], None),
    ] {
        let server = Server::start();
        let run = Run::new(["connect", "-L"]).args(options).arg(server.url()).start();
        drop(server.answer(redirect(&server.url().replace("//", "//eve:NEWPW@"))));
        // They stay there.
        let mut peer = server.connection();
        let new = basic("eve:NEWPW");
        let expected: Vec<&str> = [new.as_str()].into_iter().chain(rest).collect();
        assert_eq!(fields(&peer.head()), expected, "{options:?}");
        peer.send(redirect("/end"));
        drop(peer);
        assert_eq!(fields(&arrived(&server)), expected, "{options:?}");
        run.finish().status(0).silent();
    }
}

#[test]
fn what_was_withheld_stays_withheld() {
    let [first, second] = [Server::start(), Server::start()];
    let run = Run::new(["connect", "-L", "--cookie", "a=b", "-u", "bob:hunter2", &first.url()]).start();
    drop(first.answer(redirect(&second.url())));
    drop(second.answer(redirect("/on")));
    drop(second.answer(redirect(&first.url())));
    let request = arrived(&first);
    let run = run.finish();
    run.status(0);
    assert_eq!(fields(&request), [""; 0]);
    assert_eq!(run.stderr.matches("credentials are not sent").count(), 1, "{run:?}");
}

#[test]
fn another_host_is_asked_for_by_its_own_name() {
    for options in [&["--host", "example.com"][..], &["-H", "Host: example.com"]] {
        let [first, second] = [Server::start(), Server::start()];
        let run = Run::new(["connect", "-L"]).args(options).arg(first.url()).start();
        let mut hosts = Vec::new();
        for (server, location) in [(&first, "/x"), (&first, &second.url()), (&second, "/x"), (&second, &first.url())] {
            let mut peer = server.connection();
            hosts.push(host(&peer.head()).to_owned());
            peer.send(redirect(location));
        }
        hosts.push(host(&arrived(&first)).to_owned());
        run.finish().status(0).silent();
        let (own, other) = ("example.com", &*format!("127.0.0.1:{}", second.port()));
        assert_eq!(hosts, [own, own, other, other, own], "{options:?}");
    }
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

/// A server whose connections are over TLS or not, as a test wants each to be.
struct Mixed {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Mixed {
    fn start(files: &Files) -> Self {
        let [certificate, key] = ["server.pem", "key.pem"].map(|name| fs::read(files.path(name)).expect("it is there"));
        let identity = Identity::from_pkcs8(&certificate, &key).expect("they belong together");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        Mixed { listener, acceptor: TlsAcceptor::new(identity).expect("it accepts") }
    }

    fn url(&self, scheme: &str) -> String {
        format!("{scheme}://127.0.0.1:{}/", self.listener.local_addr().expect("it is bound").port())
    }

    #[track_caller]
    fn plain(&self) -> TcpStream {
        wait_for_somebody(&self.listener);
        let (stream, _) = self.listener.accept().expect("somebody is there");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket takes a time-out");
        stream
    }

    fn secure(&self) -> TlsStream<TcpStream> {
        self.acceptor.accept(self.plain()).expect("TLS")
    }
}

/// Reads a request.
fn head(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("a request");
        head.push(byte[0]);
    }
    String::from_utf8(head).expect("text")
}

/// Reads a request and leads elsewhere.
fn lead(mut stream: impl Read + Write, location: &str) -> String {
    let request = head(&mut stream);
    stream.write_all(redirect(location).as_bytes()).expect("the client reads");
    request
}

/// Reads a request, accepts it and ends the session.
fn accept(mut stream: impl Read + Write) -> String {
    let request = head(&mut stream);
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).expect("a key");
    let accept = derive_accept_key(key.as_bytes());
    let answer = format!(
        "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    let close = [answer.as_bytes(), b"\x88\x02\x03\xe8"].concat();
    stream.write_all(&close).expect("the client reads");
    let _ = stream.read_to_end(&mut Vec::new());
    request
}

/// A client with a cookie that trusts the authority.
fn client(files: &Files, options: &str, url: &str) -> Running {
    files.connect("-v -L --cookie a=b", url).words(options).start()
}

#[test]
fn to_tls_at_the_same_port_credentials_go_along() {
    let files = Files::good();
    let server = Mixed::start(&files);
    for (scheme, to) in [("ws", "wss"), ("http", "https")] {
        let run = client(&files, "", &server.url(scheme));
        lead(server.plain(), &server.url(to));
        let request = accept(server.secure());
        run.finish().status(0).stderr_has("TLS 1.").stderr_lacks("credentials");
        assert_eq!(fields(&request), ["Cookie: a=b"]);
    }
}

#[test]
fn from_tls_to_none_credentials_stay() {
    let files = Files::good();
    let server = Mixed::start(&files);
    for (options, expected) in [("", &[][..]), ("--location-trusted", &["Cookie: a=b"])] {
        let run = client(&files, options, &server.url("wss"));
        assert_eq!(fields(&lead(server.secure(), &server.url("ws"))), ["Cookie: a=b"]);
        let request = accept(server.plain());
        let run = run.finish();
        run.status(0);
        assert_eq!(fields(&request), expected);
        run.stderr_has(&format!("the redirect leads from TLS to none: {}", server.url("ws")));
        assert_eq!(run.stderr.contains("credentials are not sent without TLS to 127.0.0.1:"), options.is_empty());
    }
}

#[test]
fn another_name_for_tls_is_for_the_first_host() {
    let names = CertificateParams::new(["elsewhere.test".to_owned()]).expect("a name").subject_alt_names;
    let files = Files::with(|params| params.subject_alt_names = names);
    let [first, second] = [Mixed::start(&files), Mixed::start(&files)];
    let run = client(&files, "--sni elsewhere.test", &first.url("wss"));
    lead(first.secure(), "/x");
    lead(first.secure(), &second.url("wss"));
    // The client, and once more to see why it does not like the certificate.
    for _ in 0..2 {
        let _ = second.acceptor.accept(second.plain());
    }
    run.finish().status(4).stderr_has(&format!("redirected to {}: ", second.url("wss"))).stderr_has("another name");
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
