use super::*;
use crate::handshake::{Offer, response_checks};

fn refusal(status_line: &str, fields: &str) -> Refusal {
    let raw = format!("HTTP/1.1 {status_line}\r\n{fields}\r\n");
    let response = ResponseHead::parse(raw.into_bytes()).unwrap();
    let offer = Offer { key: "dGhlIHNhbXBsZSBub25jZQ==".into(), ..Offer::default() };
    Refusal::of(&response, &response_checks(&offer, &response)).expect("a refusal")
}

fn meaning(status_line: &str, fields: &str) -> String {
    refusal(status_line, fields).meaning()
}

#[test]
fn a_good_answer_is_no_refusal() {
    let raw = b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    let response = ResponseHead::parse(raw.to_vec()).unwrap();
    let offer = Offer { key: "dGhlIHNhbXBsZSBub25jZQ==".into(), ..Offer::default() };
    assert_eq!(Refusal::of(&response, &response_checks(&offer, &response)), None);
}

#[test]
fn the_short_form() {
    let body = b"{\r\n  no \x1b[31mway\r\n}\r\n\r\n".to_vec();
    assert_eq!(
        refusal("403 Forbidden", "").with_body(body).to_string(),
        "the server refused the handshake: 403 Forbidden\n\
         the server does not want this client: it may accept only some origins (--origin), credentials (-u, --bearer) or addresses\n\
         \x20   {\n\
         \x20     no \\x1b[31mway\n\
         \x20   }"
    );
    assert!(refusal("500", "").to_string().starts_with("the server refused the handshake: 500\nthe server failed"));
}

#[test]
fn a_wrong_101_names_its_rule() {
    let wrong = refusal("101 Switching Protocols", "Upgrade: websocket\r\nConnection: Upgrade\r\n");
    assert_eq!(wrong.failed().map(|check| check.subject), Some("Sec-WebSocket-Accept"));
    assert_eq!(
        wrong.to_string(),
        "the server's handshake is wrong: Sec-WebSocket-Accept\n\
         RFC 6455, 4.1 (4) asks that Sec-WebSocket-Accept be `s3pPLMBiTxaQ9kYGzzhZRbK+xOo=`, once, and the server sent nothing: \
         the server computes it wrongly, or something in between answered; `wspipe inspect URL` shows both sides"
    );
    let good = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
    for (fields, advice) in [
        (good.replace("Upgrade: websocket\r\n", ""), "may have removed or changed it"),
        (format!("{good}Sec-WebSocket-Extensions: x\r\n"), "has to grant what it asks for"),
        (format!("{good}Sec-WebSocket-Protocol: x\r\n"), "offered with -s"),
    ] {
        let meaning = meaning("101 X", &fields);
        assert!(meaning.ends_with(advice), "{meaning}");
    }
}

#[test]
fn another_status_is_the_reason_even_over_http_1_0() {
    let response = ResponseHead::parse(b"HTTP/1.0 404 Not Found\r\n\r\n".to_vec()).unwrap();
    let refusal = Refusal::of(&response, &response_checks(&Offer::default(), &response)).unwrap();
    assert_eq!((refusal.failed(), refusal.status()), (None, 404));
}

#[test]
fn statuses_with_details() {
    for (status, fields, expected) in [
        (401, "", "the server wants credentials that it accepts: give -u USER:PASS or --bearer TOKEN"),
        (
            401,
            "WWW-Authenticate: Basic realm=\"x\"\r\n",
            "the server wants credentials that it accepts (WWW-Authenticate: Basic realm=\"x\"): give -u USER:PASS",
        ),
        (
            401,
            "WWW-Authenticate: bearer\r\n",
            "the server wants credentials that it accepts (WWW-Authenticate: bearer): give --bearer TOKEN",
        ),
        (
            401,
            "WWW-Authenticate: Digest realm=x\r\n",
            "the server wants credentials that it accepts (WWW-Authenticate: Digest realm=x): wspipe does not compute Digest: give -H 'Authorization: Digest …', or a token that it takes, too, by --bearer",
        ),
        (
            401,
            "WWW-Authenticate: Negotiate\r\nWWW-Authenticate: NTLM\r\n",
            "the server wants credentials that it accepts (WWW-Authenticate: Negotiate, NTLM): give -H 'Authorization: …', for wspipe knows only Basic and Bearer (-u, --bearer)",
        ),
        (
            401,
            "WWW-Authenticate: Digest realm=\"a, Bearer b\", qop=auth, Basic realm=x\r\nWWW-Authenticate: Bearer\r\n",
            "the server wants credentials that it accepts (WWW-Authenticate: Digest realm=\"a, Bearer b\", qop=auth, Basic realm=x, Bearer): give -u USER:PASS or --bearer TOKEN",
        ),
        (
            426,
            "Sec-WebSocket-Version: 7, 8\r\n",
            "the server speaks version 7, 8 of WebSocket, and wspipe speaks 13, the one of RFC 6455",
        ),
        (
            426,
            "Upgrade: h2c\r\n",
            "the server wants HTTP/2 (h2c), and a WebSocket handshake needs HTTP/1.1: is there a port or path for that?",
        ),
        (426, "Upgrade: IRC/6.9\r\n", "the server wants another protocol, IRC/6.9, and not WebSocket"),
        (426, "Upgrade: TLS/1.2\r\n", "the server speaks TLS on this port: use wss://"),
        (
            426,
            "Upgrade: websocket\r\n",
            "the server saw no upgrade to WebSocket: a proxy in between may have removed `Upgrade` and `Connection`",
        ),
        (429, "Retry-After: 30\r\n", "too many requests came from here: try again in 30 seconds"),
        (429, "", "too many requests came from here: try again later"),
        (
            503,
            "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n",
            "the server is overloaded, is being maintained, or has no backend running: try again after Fri, 31 Dec 1999 23:59:59 GMT",
        ),
        (
            301,
            "Location: wss://h/\u{202e}x\r\n",
            "the endpoint is at wss://h/\\u{202e}x: give that URL, or -L to follow redirects",
        ),
        (302, "", "a redirect that does not say where to go: check the URL"),
        (
            300,
            "Location: wss://u:p@h/x\r\n",
            "the server offers several places to choose from, of which it prefers wss://***@h/x: give the URL of one",
        ),
        (300, "", "the server offers several places to choose from: give the URL of one"),
        (
            304,
            "Location: /x\r\n",
            "304 answers a request that asks whether something has changed, which no handshake does: a cache in between may have answered",
        ),
        (305, "Location: /x\r\n", "this status is no answer to a WebSocket handshake"),
    ] {
        assert_eq!(meaning(&format!("{status} X"), fields), expected, "{status} {fields}");
    }
}

#[test]
fn statuses_name_what_to_do() {
    for (status, advice) in [
        (200, "a page"),
        (400, "-s"),
        (403, "--origin"),
        (404, "path of the URL"),
        (405, "no GET"),
        (407, "--proxy http://USER:PASS@"),
        (408, "waited too long"),
        (410, "any more"),
        (418, "check the URL and the headers"),
        (421, "--sni"),
        (464, "load balancer"),
        (521, "is it running?"),
        (525, "its certificate"),
        (431, "--cookie"),
        (500, "log"),
        (501, "does not know WebSocket"),
        (502, "is that server running?"),
        (504, "a proxy waited"),
        (505, "HTTP/1.1"),
        (599, "a proxy in between"),
        (100, "no answer to a WebSocket handshake"),
        (999, "no answer to a WebSocket handshake"),
    ] {
        let meaning = meaning(&format!("{status} X"), "");
        assert!(meaning.contains(advice), "{status}: {meaning}");
    }
}

#[test]
fn plain_http_on_a_tls_port() {
    for body in [
        "<center>The plain HTTP request was sent to HTTPS port</center>",
        "Client sent an HTTP request to an HTTPS server.",
        "You're speaking plain HTTP to an SSL-enabled server port.",
        "Bad Request\nThis combination of host and port requires TLS.\n",
    ] {
        let refusal = refusal("400 Bad Request", "").with_body(body.into());
        assert_eq!(refusal.meaning(), "the server speaks TLS on this port: use wss://");
    }
}

#[test]
fn a_certificate_of_the_client() {
    for body in
        ["<center>No required SSL certificate was sent</center>", "<title>400 The SSL certificate error</title>"]
    {
        let meaning = refusal("400 Bad Request", "").with_body(body.into()).meaning();
        assert!(meaning.contains("--cert and --key"), "{meaning}");
    }
}

/// What a refusal means in answer to a request with these header lines.
fn answering(status_line: &str, fields: &str, request: &str) -> String {
    let request = RequestHead::parse(format!("GET /chat?token=t HTTP/1.1\r\n{request}\r\n").into_bytes()).unwrap();
    refusal(status_line, fields).answering(Some(request)).meaning()
}

#[test]
fn what_was_sent_says_more() {
    let with_origin = answering("403 X", "", "Origin: https://a.test\r\n");
    assert!(with_origin.contains("probably does not allow the origin https://a.test (--origin)"), "{with_origin}");
    let without = answering("403 X", "", "");
    assert!(without.contains("it may want an Origin, as browsers send (--origin)"), "{without}");
    assert!(answering("403 X", "cf-mitigated: challenge\r\n", "").starts_with("Cloudflare wants to see a browser"));
    let not_found = answering("404 X", "", "");
    assert!(not_found.starts_with("there is no endpoint at /chat: check"), "{not_found}");
    let wrong = answering("401 X", "WWW-Authenticate: Basic\r\n", "Authorization: Basic eDp5\r\n");
    assert!(wrong.starts_with("the server does not accept the credentials that were sent (WWW-Auth"), "{wrong}");
}

#[test]
fn what_inspect_shows_is_no_advice_inside_inspect() {
    let hint = "; `wspipe inspect URL` shows both sides";
    for (status, has_hint) in [(418, true), (999, true), (101, true), (401, false), (404, false), (429, false)] {
        let refusal = refusal(&format!("{status} X"), "Upgrade: websocket\r\nConnection: Upgrade\r\n");
        assert_eq!(refusal.to_string().contains(hint), has_hint, "{status}");
        assert!(!refusal.explained(false).contains("inspect"), "{status}");
        assert_eq!(refusal.explained(false), refusal.to_string().replace(hint, ""));
    }
}

#[test]
fn a_426_that_names_our_version() {
    let answer = |request: &str| answering("426 X", "Sec-WebSocket-Version: 8, 13\r\n", request);
    assert_eq!(answer(""), "the request has no Sec-WebSocket-Version, and the server wants 13");
    let other = answer("Sec-WebSocket-Version: 8\r\n");
    assert_eq!(other, "the request asks for version 8 of WebSocket, and the server wants 13");
    assert!(answer("Sec-WebSocket-Version: 13\r\n").contains("something in between may have removed it"));
    assert!(meaning("426 X", "Sec-WebSocket-Version: 13\r\n").contains("did not see it"));
}

#[test]
fn a_relative_redirect_leads_somewhere() {
    let leads = |location: &str| {
        let refusal = refusal("302 X", &format!("Location: {location}\r\n")).at(&"wss://h:9/a/b".parse().unwrap());
        refusal.meaning()
    };
    for (location, place) in [
        ("../c?u=http://x", "wss://h:9/c?u=http://x"),
        ("//u:p@k/c", "wss://k/c"),
        ("https://k/c", "https://k/c"),
        ("ftp://u:p@k/c", "ftp://***@k/c"),
    ] {
        assert_eq!(leads(location), format!("the endpoint is at {place}: give that URL, or -L to follow redirects"));
    }
}

#[test]
fn credentials_that_come_back_are_hidden() {
    let request = b"GET / HTTP/1.1\r\nAuthorization: Bearer t0ken\r\n\r\n".to_vec();
    let refusal = refusal("400 X", "").answering(RequestHead::parse(request).ok()).with_body(b"got t0ken".to_vec());
    assert!(refusal.to_string().ends_with("\n    got ***"), "{refusal}");
    assert_eq!((&*refusal.body(false), &*refusal.body(true)), (&b"got ***"[..], &b"got t0ken"[..]));
    assert!(refusal.explained(true).ends_with("\n    got t0ken"));
}

#[test]
fn of_a_page_the_text_is_shown() {
    let page = b"<html><!-- licence --><title>Denied</title><p>ask \x1b[2JBob</html>".to_vec();
    assert_eq!(refusal("500 X", "").with_body(page.clone()).excerpt(false), ["Denied", "ask \\x1b[2JBob"]);
    let plain = refusal("500 X", "Content-Type: text/html\r\n").with_body(b"<img src=x>".to_vec());
    assert_eq!(plain.excerpt(false), ["<img src=x>"]);
}

#[test]
fn proxies_are_named_where_they_matter() {
    for (status, fields, body, words) in [
        (502, "Server: nginx/1.24.0\r\n", "", "; nginx answered (Server: nginx/1.24.0)"),
        (502, "", "<hr><center>nginx</center>", "; nginx answered (by its page)"),
        (200, "Server: nginx\r\n", "", "proxy_set_header Upgrade $http_upgrade"),
        (502, "Server: Apache/2.4.62 (Debian)\r\n", "", "; Apache answered (Server: Apache/2.4.62 (Debian))"),
        (400, "Server: Apache\r\n", "", "upgrade=websocket"),
        (503, "", "No server is available to handle this request.", "; HAProxy answered (by its page)"),
        (502, "Server: cloudflare\r\n", "", "; Cloudflare answered (Server: cloudflare)"),
        (521, "Server: cloudflare\r\n", "", "is it running?; Cloudflare answered"),
        (503, "", "upstream connect error or disconnect/reset before headers.", "; Envoy answered"),
        (403, "Server: envoy\r\n", "", "upgrade_type: websocket"),
        (503, "", "no available server\n", "; Traefik answered"),
        (502, "Via: 1.1 Caddy\r\n", "", "; Caddy answered (Via: 1.1 Caddy)"),
        (503, "Via: 1.1 varnish (Varnish/7.1)\r\n", "", "; Varnish answered"),
    ] {
        let meaning = refusal(&format!("{status} X"), fields).with_body(body.into()).meaning();
        assert!(meaning.contains(words), "{status} {fields}{body}: {meaning}");
    }
    for (status, fields) in [(404, "Server: nginx\r\n"), (502, "Server: Apache-Coyote/1.1\r\n"), (502, "Server: x\r\n")]
    {
        let meaning = meaning(&format!("{status} X"), fields);
        assert!(!meaning.contains("answered ("), "{status} {fields}: {meaning}");
    }
}

#[test]
fn where_a_redirect_leads() {
    assert_eq!(refusal("307 X", "Location: /new\r\n").location(), Some(&b"/new"[..]));
    assert_eq!(refusal("307 X", "Location: \u{e9}\r\n").location(), Some("é".as_bytes()));
    assert_eq!(refusal("200 X", "Location: /new\r\n").location(), None);
    assert_eq!(refusal("307 X", "").location(), None);
}

#[test]
fn the_excerpt_is_short_and_printable() {
    let excerpt = |fields: &str, body: &[u8]| refusal("500 X", fields).with_body(body.to_vec()).excerpt(false);
    assert!(excerpt("", b"").is_empty() && excerpt("", b" \r\n\r\n").is_empty());
    let lines = excerpt("", "x\n".repeat(LINES + 1).as_bytes());
    assert_eq!((lines.len(), lines.last().map(String::as_str)), (LINES + 1, Some("…")));
    assert_eq!(excerpt("", "x\n".repeat(LINES).as_bytes()).len(), LINES);
    assert_eq!(excerpt("", &[b'y'; LINE + 1]), [format!("{}…", "y".repeat(LINE))]);
    assert_eq!(excerpt("", b"a\x07\xff\rb"), ["a\\x07\\xff\\rb"]);
    assert_eq!(excerpt("Content-Encoding: gzip\r\n", b"\x1f\x8b"), ["(a body compressed with gzip)"]);
    assert_eq!(excerpt("Content-Encoding: identity\r\n", b"text"), ["text"]);
    assert_eq!(refusal("500 X", "").with_body(vec![b'z'; BODY_EXCERPT + 1]).body(false).len(), BODY_EXCERPT);
}
