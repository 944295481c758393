//! What a user writes on the command line gets onto the wire as it is meant or not at all, and what a peer writes gets
//! onto the terminal as text only.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wspipe::handshake::{
    Authorization, Check, Credentials, Header, Request, RequestHead, RequestOptions, Secret, Target, check_key,
    check_subprotocols, printable, request_checks,
};
use wspipe::protocol::{Close, Violation};
use wspipe::records::Visible;
use wspipe_fuzz::shown::assert_printable;

/// The key that RFC 6455, 1.3 has as its example.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

// The first byte says what the others are.
fuzz_target!(|input: &[u8]| {
    let Some((&what, bytes)) = input.split_first() else { return };
    let text = String::from_utf8_lossy(bytes);
    match what {
        b'u' => url(&text),
        b'h' => header(&text),
        b'o' => options(&text),
        b'c' => close(bytes),
        b't' => terminal(bytes),
        _ => {}
    }
});

fn url(text: &str) {
    let target: Target = match text.parse() {
        Ok(target) => target,
        Err(error) => return assert_printable(&format!("{error}"), false),
    };
    let again: Target = target.url().parse().expect("a URL that is shown is one");
    assert_eq!(again, Target { credentials: None, ..target.clone() });
    let head = sent(&Request::new(&target, &RequestOptions::default(), KEY).expect("a target can be put on the wire"));
    assert_eq!(head.target, target.resource);
    assert_eq!(head.head.field("Host"), Some(target.authority().as_bytes()));
    assert_eq!(head.head.field("Authorization").is_some(), target.credentials.is_some());
    let failed = request_checks(&head).into_iter().find(Check::failed);
    assert_eq!(failed, None, "wspipe refuses its own request");
}

fn header(text: &str) {
    let header: Header = match text.parse() {
        Ok(header) => header,
        Err(error) => return assert_printable(&format!("{error}"), false),
    };
    let options = RequestOptions { headers: vec![header.clone()], ..RequestOptions::default() };
    let Some(head) = request(&options) else {
        return assert!(header.is("Host"), "{header:?} can't be sent");
    };
    let values: Vec<_> = head.head.values(header.name()).collect();
    assert_eq!(values, header.value().map(str::as_bytes).into_iter().collect::<Vec<_>>());
}

/// Lines: a subprotocol, an origin, a cookie, a bearer token, a user with a password.
fn options(text: &str) {
    let mut lines = text.split('\n');
    let mut next = || lines.next().filter(|line| !line.is_empty());
    let subprotocols: Vec<String> = next().into_iter().flat_map(|line| line.split(' ')).map(str::to_owned).collect();
    let subprotocols_are_right = check_subprotocols(&subprotocols);
    let origin = next().map(str::to_owned);
    let cookies: Vec<Secret> = next().into_iter().map(Secret::new).collect();
    let bearer = next().map(|token| Authorization::Bearer(Secret::new(token)));
    let basic = next().and_then(|pair| pair.parse::<Credentials>().ok()).map(Authorization::Basic);
    let _ = check_key(text);
    let options = RequestOptions {
        subprotocols: subprotocols.clone(),
        origin: origin.clone(),
        cookies,
        authorization: bearer.or(basic),
        ..RequestOptions::default()
    };
    let Some(head) = request(&options) else { return };
    assert_eq!(subprotocols_are_right, Ok(()));
    assert_eq!(head.head.tokens("Sec-WebSocket-Protocol"), subprotocols);
    assert_eq!(head.head.field("Origin").map(<[u8]>::trim_ascii), origin.as_deref().map(|o| o.as_bytes().trim_ascii()));
    assert_eq!(head.head.field("Cookie").is_some(), !options.cookies.is_empty());
    assert_eq!(head.head.field("Authorization").is_some(), options.authorization.is_some());
}

fn close(payload: &[u8]) {
    match Close::from_payload(payload) {
        Ok(close) => {
            assert_printable(&close.to_string(), false);
            let mut written = Vec::new();
            close.write_payload(&mut written);
            assert_eq!(written, payload);
            if let Some(code) = close.code {
                let fits = close.reason.len() <= Close::MAX_REASON;
                assert_eq!(Close::checked(code, &close.reason).is_ok(), fits);
                let cut = Close::new(code, &close.reason);
                assert!(cut.reason.len() <= Close::MAX_REASON && close.reason.starts_with(&cut.reason));
            }
        }
        Err(violation) => {
            let is_reason = violation == Violation::CloseReasonNotUtf8;
            assert_eq!(violation.close_code(), if is_reason { 1007 } else { 1002 });
        }
    }
}

fn terminal(bytes: &[u8]) {
    for max in [0, 1, 7, bytes.len()] {
        assert_printable(&printable(bytes, max), false);
    }
    let show = |pieces: &[&[u8]]| {
        let (mut visible, mut out) = (Visible::default(), Vec::new());
        for piece in pieces {
            visible.push(piece, &mut out);
        }
        visible.finish(&mut out);
        String::from_utf8(out).expect("a terminal is shown text")
    };
    let shown = show(&[bytes]);
    assert_printable(&shown.replace('\t', " "), true);
    assert_eq!(show(&bytes.chunks(1).collect::<Vec<_>>()), shown);
    assert_eq!(show(&bytes.chunks(3).collect::<Vec<_>>()), shown);
}

/// The head of the request with these options; none where they can't be sent.
fn request(options: &RequestOptions) -> Option<RequestHead> {
    let target = "ws://localhost:9001/".parse().expect("this is a URL");
    match Request::new(&target, options, KEY) {
        Ok(request) => Some(sent(&request)),
        Err(error) => {
            assert_printable(&error.to_string(), false);
            None
        }
    }
}

/// What a server reads: one head, with nothing behind it.
fn sent(request: &Request) -> RequestHead {
    let head = RequestHead::parse(request.bytes().to_vec()).expect("a request is HTTP");
    assert_eq!(head.head.raw(), request.bytes(), "a head and something behind it");
    head
}
