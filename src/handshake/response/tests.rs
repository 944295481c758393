use super::*;
use crate::handshake::{BodyLength, HeadReader, MAX_HEAD, Offer, ResponseHead, Secret, response_checks};

const GOOD: &str = "GET /chat?x=1 HTTP/1.1\r\nHost: h:9001\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

fn request(raw: &str) -> RequestHead {
    RequestHead::parse(raw.as_bytes().to_vec()).unwrap()
}

fn offering(names: &str) -> RequestHead {
    request(&GOOD.replace("\r\n\r\n", &format!("\r\nSec-WebSocket-Protocol: {names}\r\n\r\n")))
}

fn accepted(request: &RequestHead, options: &ServerOptions) -> (String, Option<String>) {
    match answer(request, options) {
        Answer::Accept { bytes, subprotocol, .. } => (String::from_utf8(bytes).unwrap(), subprotocol),
        other => panic!("{other:?}"),
    }
}

/// Status, fields and body of a refusal, after checking that it is a response that any client can read to its end.
fn refused(answer: Answer) -> (u16, ResponseHead, String) {
    let Answer::Refuse { status, bytes, why } = answer else { panic!("{answer:?}") };
    let mut reader = HeadReader::for_response(MAX_HEAD);
    let length = reader.feed(&bytes).unwrap().expect("a whole head");
    let head = reader.into_response().unwrap();
    let body = String::from_utf8(bytes[length..].to_vec()).unwrap();
    assert_eq!(head.status, status);
    assert!(head.head.has_token("Connection", "close"));
    assert_eq!(head.head.field("Content-Type"), Some(&b"text/plain; charset=utf-8"[..]));
    assert_eq!(BodyLength::of(&head), BodyLength::Length(why.len() as u64 + 1));
    assert!(body.is_empty() || body == format!("{why}\n"));
    (status, head, body)
}

#[test]
fn a_good_request_is_accepted() {
    let (text, subprotocol) = accepted(&request(GOOD), &ServerOptions::default());
    assert_eq!(
        text,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
    );
    assert_eq!(subprotocol, None);
}

#[test]
fn everything_in_its_place() {
    let options = ServerOptions {
        subprotocols: vec!["v2".into(), "v1".into()],
        compress: Some(DeflateTerms::default()),
        headers: vec!["Server: me".parse().unwrap(), "X:".parse().unwrap()],
        path: Some("/chat".into()),
        page: Some(Page::console()),
        secure: true,
        ..ServerOptions::default()
    };
    let with_offer = offering("v1, v2\r\nSec-WebSocket-Extensions: x, permessage-deflate");
    let (text, subprotocol) = accepted(&with_offer, &options);
    assert_eq!(subprotocol.as_deref(), Some("v2"), "the server's preference goes first");
    assert!(
        text.ends_with(
            "Sec-WebSocket-Protocol: v2\r\nSec-WebSocket-Extensions: permessage-deflate\r\nServer: me\r\n\r\n"
        ),
        "{text}"
    );
}

/// RFC 7692, 5: accepted only if it is offered, and answered to the letter.
#[test]
fn compression_is_taken_where_it_is_offered() {
    let with =
        |offers: &str| request(&GOOD.replace("\r\n\r\n", &format!("\r\nSec-WebSocket-Extensions: {offers}\r\n\r\n")));
    let compress = ServerOptions { compress: Some(DeflateTerms::default()), ..Default::default() };
    let two = with("permessage-deflate; server_max_window_bits=7, permessage-deflate; server_max_window_bits=10");
    let line = "\r\nSec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10\r\n";
    assert!(accepted(&two, &compress).0.contains(line), "the first that is good");
    for (request, options) in [
        (request(GOOD), &compress),
        (with("x"), &compress),
        (with("permessage-deflate; y"), &compress),
        (with("permessage-deflate"), &ServerOptions::default()),
    ] {
        assert!(!accepted(&request, options).0.contains("Extensions"));
        assert!(matches!(answer(&request, options), Answer::Accept { compression: None, .. }));
    }
}

#[test]
fn none_of_the_subprotocols_fits() {
    let options = ServerOptions { subprotocols: vec!["v2".into()], ..Default::default() };
    for request in [offering("v1, V2"), request(GOOD)] {
        let (text, subprotocol) = accepted(&request, &options);
        assert_eq!(subprotocol, None);
        assert!(!text.contains("Sec-WebSocket-Protocol"), "{text}");
    }
}

#[test]
fn a_client_finds_the_answer_good() {
    let request = offering("a, b");
    let options = ServerOptions { subprotocols: vec!["b".into()], ..Default::default() };
    let (text, _) = accepted(&request, &options);
    let response = ResponseHead::parse(text.into_bytes()).unwrap();
    let checks = response_checks(&Offer::read(&request), &response);
    assert!(checks.iter().all(|check| check.verdict == crate::handshake::Verdict::Pass), "{checks:?}");
}

#[test]
fn each_refusal_has_its_status_and_says_why() {
    let upgrade = "Upgrade: WebSocket\r\n";
    for (from, to, status, body) in [
        ("GET", "POST", 405, "A WebSocket handshake is a GET request, and this is a POST.\n"),
        (upgrade, "", 426, "This is a WebSocket endpoint, not a web page. Try: wspipe connect ws://h:9001/chat\n"),
        (
            "Version: 13",
            "Version: 8",
            426,
            "This server speaks version 13 of WebSocket, RFC 6455. Sec-WebSocket-Version: expected `13`, found `8` (RFC 6455, 4.2.1 (6)).\n",
        ),
        (
            "Host: h:9001\r\n",
            "",
            400,
            "This is no WebSocket handshake. Host: expected the server's name, once, found nothing (RFC 6455, 4.2.1 (2)).\n",
        ),
        (
            "HTTP/1.1",
            "HTTP/1.0",
            400,
            "This is no WebSocket handshake. HTTP version: expected HTTP/1.1, found HTTP/1.0 (RFC 6455, 4.2.1 (1)).\n",
        ),
        (
            "keep-alive, Upgrade",
            "keep-alive",
            400,
            "This is no WebSocket handshake. Connection: expected `Upgrade`, found `keep-alive` (RFC 6455, 4.2.1 (4)).\n",
        ),
        (
            "dGhlIHNhbXBsZSBub25jZQ==",
            "aGVsbG8=",
            400,
            "This is no WebSocket handshake. Sec-WebSocket-Key: expected the base64 of 16 bytes, once, found `aGVsbG8=`, which decodes to 5 bytes (RFC 6455, 4.2.1 (5)).\n",
        ),
    ] {
        let (got, _, text) = refused(answer(&request(&GOOD.replacen(from, to, 1)), &ServerOptions::default()));
        assert_eq!((got, text.as_str()), (status, body));
    }
}

/// RFC 6455, 4.2.2 (4) and 4.4: what another version asks of its key is not ours to judge.
#[test]
fn another_version_is_told_ours_whatever_its_key_is() {
    for (from, to) in [
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n", ""),
        ("dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13", "longer and other\r\nSec-WebSocket-Version: 14"),
    ] {
        let (status, head, _) = refused(answer(&request(&GOOD.replacen(from, to, 1)), &ServerOptions::default()));
        assert_eq!((status, head.head.tokens("Sec-WebSocket-Version")), (426, vec!["13".to_owned()]), "{to}");
    }
}

#[test]
fn the_hint_names_the_url_that_the_client_used() {
    let hint = |to: &str, secure: bool| {
        let raw = GOOD.replacen("h:9001\r\nUpgrade: WebSocket", to, 1);
        let options = ServerOptions { secure, ..Default::default() };
        refused(answer(&request(&raw), &options)).2
    };
    assert!(hint("h:9001", true).ends_with("connect wss://h:9001/chat\n"));
    assert!(hint("[::1]:80", false).ends_with("connect ws://[::1]:80/chat\n"));
    // A name that is no host never gets into the hint.
    assert!(hint("<x>", false).ends_with("connect ws://HOST/chat\n"));
}

#[test]
fn refusals_carry_the_fields_that_http_asks_for() {
    let field = |from: &str, to: &str, name: &str| {
        let (_, head, _) = refused(answer(&request(&GOOD.replacen(from, to, 1)), &ServerOptions::default()));
        head.head.tokens(name).join(", ")
    };
    assert_eq!(field("GET", "PUT", "Allow"), "GET");
    assert_eq!(field("Upgrade: WebSocket\r\n", "", "Upgrade"), "websocket");
    assert_eq!(field("Upgrade: WebSocket\r\n", "", "Connection"), "Upgrade, close");
    assert_eq!(field("Version: 13", "Version: 7", "Sec-WebSocket-Version"), "13");
    assert_eq!(field("Host: h:9001\r\n", "", "Connection"), "close");
}

#[test]
fn another_path_is_not_found_and_queries_do_not_matter() {
    let options = |path: &str| ServerOptions { path: Some(path.into()), ..Default::default() };
    let (status, _, body) = refused(answer(&request(GOOD), &options("/other")));
    assert_eq!((status, body.as_str()), (404, "There is no WebSocket endpoint at /chat.\n"));
    accepted(&request(GOOD), &options("/chat"));
    accepted(&request(&GOOD.replace("/chat?x=1", "http://h:9001/chat?y")), &options("/chat"));
}

#[test]
fn a_head_request_gets_no_body() {
    let (status, _, body) = refused(answer(&request(&GOOD.replace("GET", "HEAD")), &ServerOptions::default()));
    assert_eq!((status, body.as_str()), (405, ""));
}

#[test]
fn refusals_for_other_reasons() {
    let fields = [("WWW-Authenticate", "Basic realm=\"wspipe\"")];
    let (status, head, body) = refused(refusal(None, 401, &fields, "A password is needed."));
    assert_eq!((status, head.reason.as_str(), body.as_str()), (401, "Unauthorized", "A password is needed.\n"));
    assert_eq!(head.head.field("WWW-Authenticate"), Some(&b"Basic realm=\"wspipe\""[..]));
    for (status, reason) in [
        (403, "Forbidden"),
        (408, "Request Timeout"),
        (431, "Request Header Fields Too Large"),
        (503, "Service Unavailable"),
        (418, "Refused"),
    ] {
        assert_eq!(refused(refusal(None, status, &[], "No.")).1.reason, reason);
    }
}

/// A good request with these lines besides.
fn with(lines: &str) -> RequestHead {
    request(&GOOD.replace("\r\n\r\n", &format!("\r\n{lines}\r\n\r\n")))
}

fn login(user: Option<&str>, token: Option<&str>) -> ServerOptions {
    let login = Login { user: user.map(|pair| pair.parse().unwrap()), token: token.map(Secret::new) };
    ServerOptions { login, ..ServerOptions::default() }
}

#[test]
fn a_page_that_may_not_connect_is_told_by_which_option_it_may() {
    for (lines, expected) in [
        (
            "Origin: https://evil.example",
            "The page is from https://evil.example (Origin); --allow-origin https://evil.example lets it in.\n",
        ),
        ("Origin: null", "The page is from null (Origin); --allow-origin null lets it in.\n"),
        ("Origin: x;$(y)\u{202e}", "The page is from `x;$(y)\\u{202e}` (Origin), which is no origin.\n"),
        ("Origin: http://h\r\norigin: http://h", "The request has 2 Origins, where a page has one.\n"),
    ] {
        let (status, head, body) = refused(answer(&with(lines), &ServerOptions::default()));
        assert_eq!((status, head.reason.as_str(), body.as_str()), (403, "Forbidden", expected));
    }
    accepted(&with("Origin: http://h:3000"), &ServerOptions::default());
}

#[test]
fn who_shows_no_credentials_is_told_which_are_wanted() {
    let basic = "Basic realm=\"wspipe\", charset=\"UTF-8\"";
    let bearer = "Bearer realm=\"wspipe\"";
    for (options, challenges, body) in [
        (login(Some("a:b"), None), &[basic][..], "A user name and password are wanted here.\n"),
        (login(None, Some("t")), &[bearer], "A token is wanted here.\n"),
        (login(Some("a:b"), Some("t")), &[basic, bearer], "A user name and password, or a token, are wanted here.\n"),
    ] {
        let (status, head, text) = refused(answer(&request(GOOD), &options));
        assert_eq!((status, head.reason.as_str(), text.as_str()), (401, "Unauthorized", body));
        let found: Vec<_> = head.head.values("WWW-Authenticate").map(String::from_utf8_lossy).collect();
        assert_eq!(found, challenges);
        let (status, _, text) = refused(answer(&with("Authorization: Basic eDp5"), &options));
        assert_eq!((status, text.as_str()), (401, "These credentials are not the right ones.\n"));
    }
}

#[test]
fn a_token_is_never_the_subprotocol_chosen() {
    let chosen = |own: &[&str], token, offered: &str| {
        let subprotocols = own.iter().map(|&name| name.into()).collect();
        let options = ServerOptions { subprotocols, ..login(None, token) };
        let (text, chosen) = accepted(&offering(offered), &options);
        assert_eq!(chosen.is_some(), text.contains("Sec-WebSocket-Protocol"));
        assert!(token.is_none() || !text.contains("s3cret"), "{text}");
        chosen
    };
    let token = Some("s3cret");
    assert_eq!(chosen(&["chat"], token, "token.s3cret, chat").as_deref(), Some("chat"));
    assert_eq!(chosen(&["chat"], token, "wspipe, token.s3cret").as_deref(), Some("wspipe"));
    assert_eq!(chosen(&["chat"], token, "wspipe, token.s3cret, chat").as_deref(), Some("chat"));
    assert_eq!(chosen(&[], token, "wspipe, token.czNjcmV0").as_deref(), Some("wspipe"));
    assert_eq!(chosen(&[], token, "token.s3cret"), None);
    assert_eq!(chosen(&["token.s3cret"], token, "token.s3cret"), None);
    assert_eq!(chosen(&["token.v1"], None, "wspipe, token.v1").as_deref(), Some("token.v1"));
    assert_eq!(chosen(&["chat"], None, "wspipe"), None);
}

#[test]
fn where_a_subprotocol_is_needed_those_that_fit_are_named() {
    let options = ServerOptions {
        subprotocols: vec!["v2".into(), "v1".into()],
        needs_subprotocol: true,
        ..login(None, Some("s3cret"))
    };
    let with_token = |names: &str| offering(&format!("token.s3cret{names}"));
    for names in ["", ", wspipe", ", V1"] {
        let (status, _, body) = refused(answer(&with_token(names), &options));
        assert_eq!(status, 400);
        assert_eq!(body, "A subprotocol is wanted here (Sec-WebSocket-Protocol), one of: v2, v1.\n");
    }
    assert_eq!(accepted(&with_token(", v1"), &options).1.as_deref(), Some("v1"));
}

#[test]
fn what_is_wrong_is_asked_in_one_order() {
    let options = ServerOptions {
        path: Some("/chat".into()),
        subprotocols: vec!["v1".into()],
        needs_subprotocol: true,
        ..login(None, Some("s3cret"))
    };
    let mut raw = GOOD.replace("\r\n\r\n", "\r\nOrigin: http://other\r\nSec-WebSocket-Protocol: x\r\n\r\n");
    raw = raw.replace("/chat?x=1", "/x").replace("Version: 13", "Version: 8");
    for (from, to, expected) in [
        ("/x", "/chat", 404),
        ("Version: 8", "Version: 13", 426),
        ("http://other", "http://h", 403),
        ("/chat", "/chat?token=s3cret", 401),
        ("Protocol: x", "Protocol: v1", 400),
    ] {
        assert_eq!(refused(answer(&request(&raw), &options)).0, expected);
        raw = raw.replacen(from, to, 1);
    }
    accepted(&request(&raw), &options);
}

/// What is wrong with a request is told to others than its client, too.
#[test]
fn no_token_gets_into_what_is_said_of_a_request() {
    for (from, to) in [
        ("/chat?x=1", "chat?token=s3cret"),
        ("Version: 13", "Version: 13\r\nSec-WebSocket-Protocol: token.s3cret, a b"),
    ] {
        let (status, _, body) = refused(answer(&request(&GOOD.replacen(from, to, 1)), &ServerOptions::default()));
        assert!(status == 400 && body.contains("***") && !body.contains("s3cret"), "{body}");
    }
}
