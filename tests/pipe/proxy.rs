//! Proxies: what they are told, what of it is theirs and what the server's, and which one is taken.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

use native_tls::{Identity, TlsAcceptor};
use serde_json::Value;

use crate::harness::{Finished, Peer, Run, Running, Server, switching_protocols};
use crate::tls::Files;

/// Nobody looks this name up: the proxy would.
const URL: &str = "ws://nowhere.test:81/chat";

impl Server {
    /// The URL under which this server is a proxy of this kind.
    fn proxy(&self, scheme: &str) -> String {
        format!("{scheme}127.0.0.1:{}", self.port())
    }
}

/// Runs `connect` with this proxy, which is a server of the test.
fn through(server: &Server, scheme: &str, options: &str) -> Running {
    Run::connect("--wait 0", URL).words(options).arg("--proxy").arg(server.proxy(scheme)).input("hello\n").start()
}

/// The peer is the server now: a session of one message each way.
#[track_caller]
fn serve(mut peer: Peer) {
    let request = peer.accept("");
    assert!(request.starts_with("GET /chat HTTP/1.1\r\nHost: nowhere.test:81\r\n"), "{request}");
    peer.expect_text("hello");
    peer.text("there");
    peer.finish(1000);
}

/// Runs `connect` through a proxy that answers like this and then closes the connection.
#[track_caller]
fn answered(scheme: &str, options: &str, answer: &str) -> Finished {
    let server = Server::start();
    let run = through(&server, scheme, options);
    drop(server.answer(answer));
    run.finish()
}

#[test]
fn an_http_proxy_is_asked_for_a_tunnel_also_for_ws() {
    for scheme in ["http://", ""] {
        let server = Server::start();
        let run = through(&server, scheme, "-v");
        let mut peer = server.connection();
        let request = peer.head();
        assert!(request.starts_with("CONNECT nowhere.test:81 HTTP/1.1\r\nHost: nowhere.test:81\r\n"), "{request}");
        assert!(!request.contains("Proxy-Authorization"), "{request}");
        peer.send("HTTP/1.1 200 Connection established\r\n\r\n");
        serve(peer);
        run.finish().status(0).stdout("there\n").stderr_has("(the proxy http://127.0.0.1:");
    }
}

#[test]
fn credentials_go_to_the_proxy_and_not_to_the_server_nor_into_logs() {
    let server = Server::start();
    let run = through(&server, "http://me:s%65cret@", "-vvv");
    let mut peer = server.connection();
    let request = peer.head();
    assert!(request.contains("\r\nProxy-Authorization: Basic bWU6c2VjcmV0\r\n"), "{request}");
    peer.send("HTTP/1.0 200 OK\r\nVia: 1.0 test\r\n\r\n");
    let request = peer.accept("");
    assert!(!request.contains("Authorization"), "{request}");
    peer.expect_text("hello");
    peer.finish(1000);
    run.finish().status(0).stderr_lacks("secret").stderr_lacks("bWU6").stderr_has("Proxy-Authorization: ***");
}

/// What follows the proxy's head in the same segment is the server's.
#[test]
fn what_comes_with_the_proxys_answer_is_kept() {
    let server = Server::start();
    let run = through(&server, "http://", "");
    let mut peer = server.connection();
    peer.head();
    peer.send("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 103 Early Hints\r\nX-From: server\r\n\r\nHTTP/1.1 103 Early");
    let request = peer.head();
    peer.send(" Hints\r\n\r\n");
    peer.switch(&request, "");
    peer.expect_text("hello");
    peer.finish(1000);
    run.finish().status(0);
}

#[test]
fn a_407_names_the_option_and_shows_the_body() {
    let answer = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"lab\"\r\n\
                  Content-Length: 12\r\n\r\nask the lab\n";
    let run = answered("http://", "", answer);
    run.status(3).stdout("").stderr_has("refused: 407 Proxy Authentication Required");
    run.stderr_has("Basic realm=\"lab\"")
        .stderr_has("--proxy http://USER:PASS@HOST:PORT")
        .stderr_has("\n    ask the lab");
    let run = answered("http://me:secret@", "-vv", answer);
    run.status(3).stderr_has("does not accept the credentials in its URL").stderr_lacks("secret");
}

#[test]
fn a_refusal_of_the_proxy_is_not_the_servers() {
    for (answer, words) in [
        ("HTTP/1.1 403 Filtered\r\n\r\nno chat here", "its rules say so\n    no chat here"),
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", "it could not reach nowhere.test:81"),
        ("HTTP/1.1 504 Gateway Time-out\r\n\r\n", "it waited too long for nowhere.test:81"),
        ("HTTP/1.1 301 Moved\r\nLocation: http://x/\r\n\r\n", "it is no proxy for tunnels"),
        ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", "it is no proxy for tunnels"),
        ("SSH-2.0-OpenSSH_9.2\r\n", "gave an answer that is not one"),
        ("HTTP/1.1 200", "the middle of the HTTP head"),
        ("HTTP/1.1 103 Early Hints\r\n\r\n", "closed the connection before there was a tunnel"),
        (&"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(20), "gave an answer that is not one: more than 16 "),
        ("", "closed the connection before there was a tunnel"),
    ] {
        let run = answered("http://", "", answer);
        run.status(3).stderr_has("the proxy http://127.0.0.1:").stderr_has(words);
        run.stderr_lacks("the server refused");
    }
    // Behind the tunnel it is the server's again.
    let server = Server::start();
    let run = through(&server, "http://", "");
    let mut peer = server.answer("HTTP/1.1 200 OK\r\n\r\n");
    peer.head();
    peer.send("HTTP/1.1 403 Forbidden\r\n\r\n");
    drop(peer);
    run.finish().status(5).stderr_has("the server refused the handshake: 403 Forbidden");
}

#[test]
fn a_proxy_that_is_not_there_or_stays_silent_is_unreachable() {
    let gone = Server::start().proxy("http://");
    let run = Run::connect("", URL).arg("--proxy").arg(&gone).finish();
    run.status(3).stderr_has(&format!("the proxy {gone} can't be reached")).stderr_has("refused");
    for scheme in ["http://", "socks5h://"] {
        let server = Server::start();
        let run = through(&server, scheme, "--connect-timeout 0.2");
        let peer = server.connection();
        run.finish().status(3).stderr_has("made no tunnel within 0.2 s (--connect-timeout)");
        drop(peer);
        let run = through(&server, scheme, "--timeout 0.2");
        let peer = server.connection();
        run.finish().status(9).stderr_has("--timeout");
        drop(peer);
    }
}

/// A SOCKS proxy up to its request, whose length is given.
#[track_caller]
fn greeted(server: &Server, greeting: &[u8], method: [u8; 2], request: &mut [u8]) -> Peer {
    let mut peer = server.connection();
    let mut seen = vec![0; greeting.len()];
    peer.read_exactly(&mut seen);
    assert_eq!(seen, greeting);
    peer.send(method);
    peer.read_exactly(request);
    peer
}

#[test]
fn socks5h_gives_the_name_to_the_proxy() {
    let server = Server::start();
    let run = through(&server, "socks5h://", "");
    let mut request = [0; 19];
    let mut peer = greeted(&server, &[5, 1, 0], [5, 0], &mut request);
    assert_eq!(&request, b"\x05\x01\x00\x03\x0cnowhere.test\x00\x51");
    // The proxy's own address may be a name, and what follows is the server's.
    peer.send(b"\x05\x00\x00\x03\x02ab\x00\x50HTTP/1.1 103 Early Hints\r\n\r\n");
    serve(peer);
    run.finish().status(0).stdout("there\n");
}

#[test]
fn socks5_looks_the_name_up_and_tries_each_address() {
    let server = Server::start();
    let run = through(&server, "socks5://", "--resolve nowhere.test:81:10.0.0.1,[::2],10.0.0.3");
    let mut v4 = [0; 10];
    let mut peer = greeted(&server, &[5, 1, 0], [5, 0], &mut v4);
    assert_eq!(v4, [5, 1, 0, 1, 10, 0, 0, 1, 0, 81]);
    peer.send([5, 5, 0, 1, 0, 0, 0, 0, 0, 0]);
    let mut v6 = [0; 22];
    let mut peer = greeted(&server, &[5, 1, 0], [5, 0], &mut v6);
    assert_eq!((v6[3], v6[19], &v6[20..]), (4, 2, &[0, 81][..]));
    peer.send([5, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 80]);
    serve(peer);
    run.finish().status(0);
    server.expect_nobody();
}

#[test]
fn a_socks_proxy_is_logged_in_to() {
    let server = Server::start();
    let run = through(&server, "socks5h://me:secret@", "-vvv");
    let mut login = [0; 11];
    let mut peer = greeted(&server, &[5, 2, 0, 2], [5, 2], &mut login);
    assert_eq!(&login, b"\x01\x02me\x06secret");
    peer.send([1, 0]);
    peer.read_exactly(&mut [0; 19]);
    peer.send([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    serve(peer);
    run.finish().status(0).stderr_lacks("secret");
    let run = through(&server, "socks5h://me:wrong@", "");
    let mut peer = greeted(&server, &[5, 2, 0, 2], [5, 2], &mut [0; 10]);
    peer.send([1, 1]);
    run.finish().status(3).stderr_has("does not accept the credentials in its URL").stderr_lacks("wrong");
}

#[test]
fn a_socks_proxy_that_refuses_is_told_apart() {
    for (answers, words) in [
        (&[&[5, 0xff][..]][..], "it wants credentials"),
        (
            &[&[5, 0], &[5, 5, 0, 1, 0, 0, 0, 0, 0, 0]],
            "made no tunnel to nowhere.test:81: the connection was refused there",
        ),
        (&[&[5, 0], &[5, 2, 0, 1, 0, 0, 0, 0, 0, 0]], "its rules do not allow"),
        // It has said why, and need not come to an end.
        (&[&[5, 0], &[5, 2]], "its rules do not allow"),
        (&[b"HTTP/1.1 400 Bad Request\r\n\r\n"], "not SOCKS 5: is that an HTTP proxy"),
        (&[&[5, 0], b"\x05\x00"], "closed the connection"),
        (&[], "closed the connection"),
    ] {
        let server = Server::start();
        let run = through(&server, "socks5h://", "");
        let mut peer = server.connection();
        peer.read_exactly(&mut [0; 3]);
        for (number, answer) in answers.iter().enumerate() {
            if number > 0 {
                peer.read_exactly(&mut [0; 19]);
            }
            peer.send(answer);
        }
        drop(peer);
        run.finish().status(3).stderr_has("the proxy socks5h://127.0.0.1:").stderr_has(words);
    }
}

#[test]
fn the_environment_names_proxies_and_exceptions() {
    let server = Server::start();
    let proxy = server.proxy("http://");
    let unused = Server::start().proxy("http://");
    for environment in [
        vec![("http_proxy", &proxy)],
        vec![("HTTP_PROXY", &proxy), ("https_proxy", &unused)],
        vec![("all_proxy", &proxy)],
        vec![("ALL_PROXY", &proxy)],
        vec![("http_proxy", &proxy), ("HTTP_PROXY", &unused), ("ALL_PROXY", &unused)],
    ] {
        let shown = format!("{environment:?}");
        let run =
            environment.into_iter().fold(Run::connect("--wait 0", URL), |run, (name, value)| run.env(name, value));
        let run = run.env("no_proxy", "127.0.0.1,else.test").input("hello\n").start();
        let mut peer = server.connection();
        assert!(peer.head().starts_with("CONNECT "), "{shown}");
        peer.send("HTTP/1.1 200 OK\r\n\r\n");
        serve(peer);
        run.finish().status(0);
    }
}

#[test]
fn some_hosts_are_reached_directly() {
    let server = Server::start();
    let gone = Server::start().proxy("http://");
    for (options, exceptions) in
        [("", "127.0.0.1"), ("", "127.0.0.0/8"), ("", "*"), ("--proxy none", ""), ("--proxy NONE", "")]
    {
        let run =
            Run::connect("--wait 0", &server.url()).words(options).env("ALL_PROXY", &gone).env("NO_PROXY", exceptions);
        let run = run.input("x\n").start();
        let mut peer = server.accept();
        peer.expect_text("x");
        peer.finish(1000);
        run.finish().status(0);
    }
    // The server in this process is none of theirs, nor is a socket in the file system.
    Run::connect("", "echo:").env("ALL_PROXY", &gone).input("x\n").finish().status(0).stdout("x\n");
    let run = Run::connect("", "ws+unix:/nowhere/socket").env("ALL_PROXY", &gone).finish();
    run.status(3).stderr_has("/nowhere/socket").stderr_lacks("proxy");
}

#[test]
fn one_that_is_asked_for_goes_before_the_environment() {
    let server = Server::start();
    let gone = Server::start().proxy("http://");
    let run = Run::connect("", URL).arg("--proxy").arg(server.proxy("http://"));
    let run = run.env("ALL_PROXY", gone).env("NO_PROXY", "*").input("hello\n").start();
    serve(server.answer("HTTP/1.1 200 OK\r\n\r\n"));
    run.finish().status(0);
}

/// It would be sent through the tunnel, to the server.
#[test]
fn a_header_for_the_proxy_is_wrong_usage_where_there_is_one() {
    let server = Server::start();
    let login = "Proxy-Authorization: Basic c2VjcmV0";
    let run = Run::connect("", URL).args(["-H", login, "--proxy", &server.proxy("http://")]).finish();
    run.status(2).stderr_has("--proxy http://USER:PASS@HOST:PORT").stderr_lacks("c2VjcmV0");
    server.expect_nobody();
    let run = Run::connect("--proxy none", &server.url()).args(["-H", login]).start();
    server.accept().finish_first(1000);
    run.finish().status(0);
}

/// What is said of a body counts for nothing in the answer to CONNECT (RFC 9110, 9.3.6), and interim responses are none.
#[test]
fn a_tunnel_begins_right_behind_the_proxys_head() {
    for head in [
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    ] {
        let server = Server::start();
        let run = through(&server, "http://", "");
        serve(server.answer(head));
        run.finish().status(0).stdout("there\n");
    }
}

#[test]
fn a_wrong_proxy_is_wrong_usage_where_it_is_needed() {
    let run = Run::connect("", URL).words("--proxy ftp://me:secret@h").finish();
    run.status(2).stderr_has("the proxy of --proxy: `ftp://` is no proxy").stderr_lacks("secret");
    let run = Run::connect("", URL).env("http_proxy", "http://me:secret@h:x").finish();
    run.status(2).stderr_has("the proxy of http_proxy: ").stderr_lacks("secret");
    let run = Run::connect("", "echo:").env("http_proxy", "ftp://h").input("x\n").finish();
    run.status(0).stdout("x\n");
}

#[test]
fn inspect_tells_of_the_proxy_and_its_time() {
    let server = Server::start();
    let run = Run::new(["inspect", "--json", "--proxy", &server.proxy("http://me:secret@"), URL]).start();
    let mut peer = server.answer("HTTP/1.1 200 OK\r\n\r\n");
    peer.accept("");
    peer.finish(1000);
    let run = run.finish();
    run.status(0);
    let report = &run.json()[0];
    assert_eq!(report["proxy"], server.proxy("http://"));
    assert_eq!(report["address"], format!("127.0.0.1:{}", server.port()));
    assert!(report["milliseconds"]["proxy"].as_f64().is_some_and(|took| took > 0.0), "{report}");
    let run = Run::new(["inspect", "--proxy", &server.proxy("http://"), URL]).start();
    drop(server.answer("HTTP/1.1 403 No\r\n\r\n"));
    run.finish().status(3).stderr_has("refused: 403 No");
}

#[test]
fn inspect_tells_of_a_proxy_in_json_also_where_it_fails() {
    let inspect = |proxy: &str, url: &str| {
        Run::new(["inspect", "--json", "--connect-timeout", "0.3", "--proxy", proxy, url]).start()
    };
    let gone = Server::start().proxy("http://");
    let run = inspect(&gone, URL).finish();
    let report = &run.status(3).json()[0];
    assert_eq!((&report["proxy"], &report["address"]), (&gone.clone().into(), &Value::Null));
    assert_eq!(report["attempts"][0]["address"], gone.replace("http://", ""));
    let server = Server::start();
    let address = format!("127.0.0.1:{}", server.port());
    let run = inspect(&server.proxy("http://"), URL);
    drop(server.answer("HTTP/1.1 403 No\r\n\r\n"));
    let run = run.finish();
    let report = &run.status(3).json()[0];
    assert_eq!((&report["proxy"], &report["address"]), (&server.proxy("http://").into(), &address.clone().into()));
    // A server behind it that says nothing to TLS.
    let run = inspect(&server.proxy("http://"), "wss://nowhere.test/");
    let peer = server.answer("HTTP/1.1 200 OK\r\n\r\n");
    let run = run.finish();
    drop(peer);
    let report = &run.status(3).stderr_has(&format!("{address} (the proxy {})", server.proxy("http://"))).json()[0];
    assert_eq!((&report["proxy"], &report["address"]), (&server.proxy("http://").into(), &address.into()));
}

/// A proxy that is spoken to over TLS, and is the server itself, for one client.
fn proxy_over_tls(files: &Files) -> (String, JoinHandle<()>) {
    let [certificate, key] = ["server.pem", "key.pem"].map(|name| fs::read(files.path(name)).expect("it is there"));
    let identity = Identity::from_pkcs8(&certificate, &key).expect("they belong together");
    let acceptor = TlsAcceptor::new(identity).expect("it accepts");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("https://{}", listener.local_addr().expect("an address"));
    let proxy = thread::spawn(move || {
        let (socket, _) = listener.accept().expect("a client");
        let Ok(mut stream) = acceptor.accept(socket) else {
            // Who does not accept the certificate looks at it once more.
            let (socket, _) = listener.accept().expect("it comes again");
            drop(acceptor.accept(socket));
            return;
        };
        let head = |stream: &mut native_tls::TlsStream<TcpStream>| {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).expect("a head");
                head.push(byte[0]);
            }
            String::from_utf8(head).expect("text")
        };
        assert!(head(&mut stream).starts_with("CONNECT nowhere.test:81 "));
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").expect("it is there");
        let answer = switching_protocols(&head(&mut stream), "");
        let frames = [answer.as_bytes(), b"\x81\x05there\x88\x02\x03\xe8"].concat();
        stream.write_all(&frames).expect("it is there");
        // Its Close comes, and then its end.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    (url, proxy)
}

#[test]
fn an_https_proxy_is_spoken_to_over_tls() {
    let files = Files::good();
    let (url, proxy) = proxy_over_tls(&files);
    let run = files.connect("", URL).arg("--proxy").arg(url).finish();
    proxy.join().expect("the proxy does its part");
    run.status(0).stdout("there\n");
    // Whoever asks for no check of the server's certificate has said nothing of the proxy's.
    let (url, proxy) = proxy_over_tls(&files);
    let run = Run::connect("-k", URL).arg("--proxy").arg(&url).finish();
    run.status(4).stderr_has(&format!("the proxy {url} has no TLS that will do: ")).stderr_has("--cacert");
    run.stderr_has("CN=the test's server").stderr_has("the proxy's certificate");
    run.stderr_lacks("-k").stderr_lacks("the server's");
    proxy.join().expect("the proxy does its part");
}
