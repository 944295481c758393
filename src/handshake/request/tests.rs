use super::*;
use crate::handshake::RequestHead;

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const AGENT: &str = concat!("User-Agent: wspipe/", env!("CARGO_PKG_VERSION"), "\r\n");
const START: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

fn build(url: &str, options: &RequestOptions) -> Result<Request, RequestError> {
    Request::new(&url.parse().unwrap(), options, KEY)
}

fn text(url: &str, options: &RequestOptions) -> String {
    String::from_utf8(build(url, options).unwrap().bytes().to_vec()).unwrap()
}

fn headers(lines: &[&str]) -> RequestOptions {
    RequestOptions { headers: lines.iter().map(|line| line.parse().unwrap()).collect(), ..Default::default() }
}

#[test]
fn the_plain_request() {
    assert_eq!(
        text("ws://h:9001/chat?x=1", &RequestOptions::default()),
        format!("GET /chat?x=1 HTTP/1.1\r\nHost: h:9001\r\n{START}{AGENT}\r\n")
    );
}

#[test]
fn every_option_in_its_place() {
    let options = RequestOptions {
        host: Some("other".into()),
        origin: Some("https://o".into()),
        subprotocols: vec!["a".into(), "b.v1".into()],
        compress: Some(DeflateTerms::plain_offer()),
        authorization: Some(Authorization::Bearer(Secret::new("t0k"))),
        cookies: vec![Secret::new("a=1"), Secret::new("b=2")],
        headers: vec!["X-Late: ü".parse().unwrap(), "x-late: 2".parse().unwrap()],
    };
    assert_eq!(
        text("wss://u:p@h/", &options),
        format!(
            "GET / HTTP/1.1\r\nHost: other\r\n{START}Origin: https://o\r\nSec-WebSocket-Protocol: a, b.v1\r\n\
             Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\
             Authorization: Bearer t0k\r\nCookie: a=1; b=2\r\n{AGENT}X-Late: ü\r\nx-late: 2\r\n\r\n"
        )
    );
    let offer = build("ws://h", &options).unwrap().offer().clone();
    assert_eq!((offer.key.as_str(), offer.subprotocols), (KEY, options.subprotocols));
    assert_eq!(offer.extensions, ["permessage-deflate; client_max_window_bits"]);
}

#[test]
fn credentials_of_the_url_serve_unless_others_are_given() {
    assert!(text("ws://u:p@h/", &RequestOptions::default()).contains("\r\nAuthorization: Basic dTpw\r\n"));
    let explicit =
        RequestOptions { authorization: Some(Authorization::Basic("v:q".parse().unwrap())), ..Default::default() };
    assert!(text("ws://u:p@h/", &explicit).contains("\r\nAuthorization: Basic djpx\r\n"));
    let own = text("ws://u:p@h/", &headers(&["authorization: Own x"]));
    assert!(own.contains("\r\nauthorization: Own x\r\n") && !own.contains("Basic"), "{own}");
}

#[test]
fn given_headers_replace_or_remove_the_default_ones() {
    let replaced = text("ws://h", &headers(&["user-agent: me", "host: there"]));
    assert_eq!(replaced, format!("GET / HTTP/1.1\r\nHost: there\r\n{START}user-agent: me\r\n\r\n"));
    let last = text("ws://h", &headers(&["Host: first", "Host: last"]));
    assert!(last.contains("\r\nHost: last\r\n") && !last.contains("first"), "{last}");
    let removed = text("ws://h", &headers(&["User-Agent:", "X-Never:"]));
    assert_eq!(removed, format!("GET / HTTP/1.1\r\nHost: h\r\n{START}\r\n"));
    let empty = text("ws://h", &headers(&["User-Agent;"]));
    assert!(empty.ends_with("\r\nUser-Agent: \r\n\r\n"), "{empty}");
}

#[test]
fn redacted_shows_no_credentials() {
    let mut options = headers(&["Proxy-Authorization: Basic cHJveHk="]);
    options.cookies = vec![Secret::new("id=s3cret")];
    let request = build("ws://u:p@h/", &options).unwrap();
    let shown = request.redacted();
    for line in ["Authorization: ***\r\n", "Cookie: ***\r\n", "\r\nProxy-Authorization: ***\r\n", "Host: h\r\n"] {
        assert!(shown.contains(line), "{shown}");
    }
    for secret in ["dTpw", "s3cret", "cHJveHk="] {
        assert!(!shown.contains(secret) && !format!("{request:?} {options:?}").contains(secret), "{shown}");
    }
}

#[test]
fn a_request_can_be_read_again() {
    let options = RequestOptions { subprotocols: vec!["a".into()], ..Default::default() };
    let request = build("ws://h/x", &options).unwrap();
    let head = RequestHead::parse(request.bytes().to_vec()).unwrap();
    assert_eq!(head.head.raw(), request.bytes());
    assert_eq!(&Offer::read(&head), request.offer());
}

#[test]
fn what_cannot_be_sent_is_refused() {
    let message = |options: RequestOptions| build("ws://h", &options).unwrap_err().to_string();
    let names = |names: &[&str]| RequestOptions {
        subprotocols: names.iter().map(ToString::to_string).collect(),
        ..Default::default()
    };
    assert_eq!(message(names(&[""])), "a subprotocol has no name: give one with -s NAME");
    assert_eq!(
        message(names(&["a, b"])),
        "subprotocol `a, b` has `,` at position 2: a name is made of letters, digits and !#$%&'*+-.^_`|~; give each one its own -s"
    );
    let escape = message(names(&["\x1b[31m\u{202e}"]));
    assert!(escape.starts_with("subprotocol `\\x1b[31m\\u{202e}` has the character U+001B at position 1"), "{escape}");
    assert_eq!(
        message(names(&["a", "b", "a"])),
        "subprotocol `a` is offered twice: RFC 6455, 4.1 (10) wants each once; drop one -s"
    );
    let origin = RequestOptions { origin: Some("o\r\nX: y".into()), ..Default::default() };
    assert_eq!(
        message(origin),
        "the value of --origin has a carriage return at position 2, which can't be sent in a header"
    );
    let host = RequestOptions { host: Some("a b".into()), ..Default::default() };
    assert_eq!(message(host), "the value of --host has a space at position 2, which can't be sent in a header");
    let cookie = RequestOptions { cookies: vec![Secret::new("a=\n")], ..Default::default() };
    assert_eq!(message(cookie), "the value of --cookie has a line feed at position 3, which can't be sent in a header");
    let bearer =
        RequestOptions { authorization: Some(Authorization::Bearer(Secret::new("t\n"))), ..Default::default() };
    assert_eq!(message(bearer), "the value of --bearer has a line feed at position 2, which can't be sent in a header");
    let key = Request::new(&"ws://h".parse().unwrap(), &RequestOptions::default(), "aGVsbG8=");
    assert_eq!(key.unwrap_err(), RequestError::Key(KeyError::Length(5)));
    let mut target: Target = "ws://h/x".parse().unwrap();
    target.resource = "/ HTTP/1.1\r\nX: y".into();
    let split = Request::new(&target, &RequestOptions::default(), KEY);
    assert_eq!(
        split.unwrap_err().to_string(),
        "the value of the URL has a space at position 2, which can't be sent in a header"
    );
}
