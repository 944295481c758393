//! The usual refusals: what `connect` and `inspect` say of each, and how they end.

use crate::harness::{Finished, Run, Server};
use crate::tls::Files;

/// Both commands, with these options, say all of these words of this answer, and end with status 5.
#[track_caller]
fn is_said(options: &[&str], answer: &str, words: &[&str]) {
    for command in ["connect", "inspect"] {
        let server = Server::start();
        let run = Run::new([command, &server.url()]).args(options).start();
        drop(server.answer(format!("HTTP/1.1 {answer}")));
        let run = run.finish();
        run.status(5);
        for word in words {
            match command {
                "inspect" => run.silent().stdout_has(word),
                _ => run.stdout("").stderr_has(word),
            };
        }
    }
}

#[test]
fn credentials_that_are_wanted() {
    let unauthorized = |challenge: &str| format!("401 Unauthorized\r\nWWW-Authenticate: {challenge}\r\n\r\n");
    is_said(&[], &unauthorized("Basic realm=\"x\""), &["the server wants credentials", "give -u USER:PASS"]);
    is_said(&[], &unauthorized("Bearer"), &["give --bearer TOKEN"]);
    is_said(&[], &unauthorized("Bearer, Basic realm=x"), &["give --bearer TOKEN or -u USER:PASS"]);
    let digest = unauthorized("Digest realm=\"x\", nonce=\"y\", qop=\"auth\"");
    is_said(&[], &digest, &["wspipe does not compute Digest", "-H 'Authorization: Digest …'", "--bearer"]);
    is_said(&[], "401 Unauthorized\r\n\r\n", &["-u USER:PASS or --bearer TOKEN"]);
    let words = &["the server does not accept the credentials that were sent", "-u USER:PASS"];
    is_said(&["-u", "me:wrong"], &unauthorized("Basic"), words);
}

#[test]
fn an_origin_that_is_not_allowed_and_one_that_is_missing() {
    let words = &["it probably does not allow the origin https://page.test (--origin)"];
    is_said(&["--origin", "https://page.test"], "403 Forbidden\r\n\r\n", words);
    is_said(&["-H", "Origin: https://page.test"], "403 Forbidden\r\n\r\n", words);
    is_said(&[], "403 Forbidden\r\n\r\n", &["it may want an Origin, as browsers send (--origin)"]);
    is_said(&[], "403 Forbidden\r\ncf-mitigated: challenge\r\n\r\n", &["Cloudflare wants to see a browser"]);
}

#[test]
fn statuses_of_which_there_is_something_to_say() {
    for (answer, words) in [
        ("200 OK\r\n\r\n<html>", "answered with a page: there is no WebSocket at this path"),
        ("301 Moved Permanently\r\nLocation: https://h.test/ws\r\n\r\n", "the endpoint is at https://h.test/ws"),
        ("400 Bad Request\r\n\r\n", "it may want a subprotocol (-s)"),
        ("404 Not Found\r\n\r\n", "there is no endpoint at /: check the path of the URL"),
        ("405 Method Not Allowed\r\nAllow: POST\r\n\r\n", "takes no GET, so it is no WebSocket endpoint"),
        ("426 Upgrade Required\r\nSec-WebSocket-Version: 7, 8\r\n\r\n", "speaks version 7, 8 of WebSocket"),
        (
            "426 Upgrade Required\r\nUpgrade: h2c\r\n\r\n",
            "the server wants HTTP/2 (h2c), and a WebSocket handshake needs HTTP/1.1",
        ),
        ("426 Upgrade Required\r\nUpgrade: TLS/1.2, HTTP/1.1\r\n\r\n", "speaks TLS on this port: use wss://"),
        ("429 Too Many Requests\r\nRetry-After: 7\r\n\r\n", "try again in 7 seconds"),
        (
            "503 Service Unavailable\r\nRetry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n\r\n",
            "try again after Fri, 31 Dec",
        ),
        ("505 HTTP Version Not Supported\r\n\r\n", "does not take HTTP/1.1"),
        ("464 \r\n\r\n", "the load balancer speaks"),
    ] {
        is_said(&[], answer, &[words]);
    }
}

#[test]
fn a_proxy_that_names_itself_is_named() {
    for (answer, words) in [
        ("502 Bad Gateway\r\nServer: nginx/1.26.2\r\n\r\n", "nginx answered (Server: nginx/1.26.2)"),
        ("504 Gateway Timeout\r\nServer: Apache/2.4.62\r\n\r\n", "Apache answered (Server: Apache/2.4.62)"),
        (
            "503 Service Unavailable\r\n\r\n<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n",
            "HAProxy answered (by its page)",
        ),
        ("522 \r\nServer: cloudflare\r\n\r\n", "Cloudflare answered (Server: cloudflare)"),
        ("503 Service Unavailable\r\nServer: envoy\r\n\r\nno healthy upstream", "Envoy answered (Server: envoy)"),
        ("503 Service Unavailable\r\n\r\nno available server\n", "Traefik answered (by its page)"),
        ("502 Bad Gateway\r\nVia: 1.1 varnish\r\n\r\n", "Varnish answered (Via: 1.1 varnish)"),
    ] {
        is_said(&[], answer, &[words]);
    }
    // Where `Upgrade` was lost on the way, what makes it pass.
    is_said(
        &[],
        "200 OK\r\nServer: nginx\r\n\r\n<html>",
        &["only if it is told", "proxy_set_header Upgrade $http_upgrade"],
    );
    is_said(&[], "403 Forbidden\r\nServer: envoy\r\n\r\n", &["upgrade_type: websocket"]);
}

#[test]
fn plain_http_on_a_tls_port() {
    for page in [
        "<center>The plain HTTP request was sent to HTTPS port</center>",
        "Reason: You're speaking plain HTTP to an SSL-enabled server port.",
        "Client sent an HTTP request to an HTTPS server.\n",
        "This combination of host and port requires TLS.",
    ] {
        is_said(&[], &format!("400 Bad Request\r\nConnection: close\r\n\r\n{page}"), &["TLS on this port: use wss://"]);
    }
    let files = Files::good();
    let listen = files.listen("--echo");
    for command in ["connect", "inspect"] {
        Run::new([command, &listen.url().replace("wss:", "ws:")]).finish().status(5).stderr_has("wss://");
        // Others say nothing at all.
        let server = Server::start();
        let run = Run::new([command, &server.url()]).start();
        drop(server.answer(""));
        run.finish().status(5).stderr_has("closed before anything came (does the server speak TLS here? Try wss://)");
    }
}

/// Both commands ask for TLS, and get these bytes, then the end.
#[track_caller]
fn answered_to_tls(answer: &[u8]) -> [Finished; 2] {
    ["connect", "inspect"].map(|command| {
        let server = Server::start();
        let url = server.url().replace("ws:", "wss:");
        let run = Run::new([command, &url]).start();
        let mut peer = server.connection();
        // The hello is read, a record, so that the end is no reset.
        let mut header = [0; 5];
        peer.read_exactly(&mut header);
        peer.read_exactly(&mut vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))]);
        peer.send(answer);
        peer.half_close();
        let run = run.finish();
        run.status(4);
        if command == "inspect" {
            run.stdout_has(&format!("{url} at 127.0.0.1:{}\n", server.port()));
        }
        run
    })
}

#[test]
fn tls_on_a_plain_port() {
    for answer in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b"SSH-2.0-OpenSSH_9.9\r\n", b"220 mail ESMTP\r\n", b""] {
        for run in answered_to_tls(answer) {
            run.stderr_has("is that a plain port? Try ws://");
        }
    }
    let listen = Run::listen("--echo").start();
    for command in ["connect", "inspect"] {
        let run = Run::new([command, &listen.url().replace("ws:", "wss:")]).finish();
        run.status(4).stderr_has("is that a plain port? Try ws://");
    }
}

#[test]
fn alerts_of_tls_are_told() {
    for (alert, words) in [
        (120, "speaks no HTTP/1.1 over TLS (ALPN)"),
        (112, "does not know the host that was asked for (--sni asks for another name)"),
        (40, "it may want a certificate of yours, --cert and --key"),
        (116, "it may want a certificate of yours: --cert and --key"),
        // Its certificate is not what has expired.
        (45, "the server does not accept this side"),
        (70, "no version of TLS in common"),
    ] {
        for run in answered_to_tls(&[0x15, 3, 3, 0, 2, 2, alert]) {
            run.stderr_has(words);
        }
    }
}

#[test]
fn http_2_in_answer_to_http_1() {
    for frame in [&b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64"[..], b"\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\x01"] {
        for command in ["connect", "inspect"] {
            let server = Server::start();
            let run = Run::new([command, &server.url()]).start();
            drop(server.answer(frame));
            let run = run.finish();
            run.status(5).stderr_has("the peer speaks HTTP/2, and a WebSocket handshake needs HTTP/1.1");
            if command == "inspect" {
                run.stdout_has("> GET / HTTP/1.1\n").stdout_has("\n< \\x00\\x00");
            }
        }
    }
}

/// What came is shown as far as it came, without what is secret in it.
#[test]
fn both_heads_are_shown_as_far_as_they_exist() {
    let server = Server::start();
    let run = Run::new(["inspect", "--bearer", "t0ken", &server.url()]).start();
    drop(server.answer("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 101 Switching\r\nSet-Cookie: cr1sps\r\nX: "));
    let run = run.finish();
    run.status(5).stderr_has("in the middle of the HTTP head");
    run.stdout_has("> Authorization: ***\n").stdout_has("< HTTP/1.1 103 Early Hints\n");
    run.stdout_has("< HTTP/1.1 101 Switching\n< Set-Cookie: ***\n");
    let server = Server::start();
    let run = Run::new(["inspect", "--json", "--connect-timeout", "200ms", &server.url()]).start();
    let peer = server.answer("HTTP/1.1 101 Sw");
    let run = run.finish();
    drop(peer);
    let report = run.status(3).json().remove(0);
    assert_eq!((&report["ok"], &report["response"]), (&false.into(), &"HTTP/1.1 101 Sw".into()));
    assert!(report["request"].as_str().is_some_and(|request| request.starts_with("GET / HTTP/1.1\r\n")), "{report}");
    assert!(report["error"].as_str().is_some_and(|error| error.contains("--connect-timeout")), "{report}");
    assert!(report["address"].is_string() && report["milliseconds"]["connect"].is_number(), "{report}");
}
