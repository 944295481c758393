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
    let body = b"<html>\r\n  no \x1b[31mway\r\n</html>\r\n\r\n".to_vec();
    assert_eq!(
        refusal("403 Forbidden", "").with_body(body).to_string(),
        "the server refused the handshake: 403 Forbidden\n\
         the server does not want this client: it may accept only some origins (--origin), credentials (-u, --bearer) or addresses\n\
         \x20   <html>\n\
         \x20     no \\x1b[31mway\n\
         \x20   </html>"
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
         the server computes it wrongly, or something in between answered; `wspipe inspect` shows both heads"
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
            "the server wants credentials that it accepts (WWW-Authenticate: Digest realm=x): give -H 'Authorization: …', for wspipe knows only Basic and Bearer (-u, --bearer)",
        ),
        (
            426,
            "Sec-WebSocket-Version: 7, 8\r\n",
            "the server speaks version 7, 8 of WebSocket, and wspipe speaks 13, the one of RFC 6455",
        ),
        (426, "Upgrade: h2c\r\n", "the server wants another protocol, h2c, and not WebSocket"),
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
        (301, "Location: wss://h/\u{202e}x\r\n", "the endpoint is at wss://h/\\u{202e}x: give that URL"),
        (302, "", "a redirect that does not say where to go: check the URL"),
        (304, "Location: /x\r\n", "a redirect that does not say where to go: check the URL"),
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
        (418, "inspect URL"),
        (421, "--sni"),
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
    ] {
        let refusal = refusal("400 Bad Request", "").with_body(body.into());
        assert_eq!(refusal.meaning(), "the server speaks TLS on this port: use wss://");
    }
}

#[test]
fn where_a_redirect_leads() {
    assert_eq!(refusal("307 X", "Location: /new\r\n").location(), Some("/new"));
    assert_eq!(refusal("307 X", "Location: \u{e9}\r\n").location(), Some("é"));
    assert_eq!(refusal("200 X", "Location: /new\r\n").location(), None);
    assert_eq!(refusal("307 X", "").location(), None);
}

#[test]
fn the_excerpt_is_short_and_printable() {
    let excerpt = |fields: &str, body: &[u8]| refusal("500 X", fields).with_body(body.to_vec()).excerpt();
    assert!(excerpt("", b"").is_empty() && excerpt("", b" \r\n\r\n").is_empty());
    let lines = excerpt("", "x\n".repeat(LINES + 1).as_bytes());
    assert_eq!((lines.len(), lines.last().map(String::as_str)), (LINES + 1, Some("…")));
    assert_eq!(excerpt("", "x\n".repeat(LINES).as_bytes()).len(), LINES);
    assert_eq!(excerpt("", &[b'y'; LINE + 1]), [format!("{}…", "y".repeat(LINE))]);
    assert_eq!(excerpt("", b"a\x07\xff\rb"), ["a\\x07\\xff\\rb"]);
    assert_eq!(excerpt("Content-Encoding: gzip\r\n", b"\x1f\x8b"), ["(a body compressed with gzip)"]);
    assert_eq!(excerpt("Content-Encoding: identity\r\n", b"text"), ["text"]);
    assert_eq!(refusal("500 X", "").with_body(vec![b'z'; BODY_EXCERPT + 1]).body().len(), BODY_EXCERPT);
}
