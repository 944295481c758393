use super::*;

fn request(raw: &[u8]) -> RequestHead {
    RequestHead::parse(raw.to_vec()).unwrap()
}

fn response(raw: &[u8]) -> ResponseHead {
    ResponseHead::parse(raw.to_vec()).unwrap()
}

#[test]
fn a_request_keeps_order_case_and_bytes() {
    let raw = b"GET /a?b HTTP/1.1\r\nhOsT: h\r\nX-B:  2 \r\nx-a:\r\nX-b: \xff\r\n\r\n";
    let request = request(raw);
    assert_eq!((request.method.as_str(), request.target.as_str(), request.minor_version), ("GET", "/a?b", 1));
    assert_eq!(request.head.raw(), raw);
    assert_eq!(request.head.start_line(), b"GET /a?b HTTP/1.1");
    let fields: Vec<_> = request.head.fields().collect();
    let expected: [(&str, &[u8]); 4] = [("hOsT", b"h"), ("X-B", b"2"), ("x-a", b""), ("X-b", b"\xff")];
    assert_eq!(fields, expected);
    assert_eq!(request.head.field("HOST"), Some(&b"h"[..]));
    assert_eq!(request.head.field("Origin"), None);
    assert_eq!(request.head.values("x-b").collect::<Vec<_>>(), [&b"2"[..], b"\xff"]);
}

#[test]
fn what_follows_the_head_is_not_part_of_it() {
    assert_eq!(response(b"HTTP/1.1 101 X\r\n\r\n\x81\x00").head.raw(), b"HTTP/1.1 101 X\r\n\r\n");
    assert_eq!(request(b"\r\nGET / HTTP/1.0\n\nrest").head.raw(), b"\r\nGET / HTTP/1.0\n\n");
}

#[test]
fn tokens_of_lists() {
    let head = request(b"GET / HTTP/1.1\r\nA: x, y;q=\"1,2\\\",3\" ,,\r\nB: no\r\na: z\r\nC: \r\n\r\n").head;
    assert_eq!(head.tokens("a"), ["x", "y;q=\"1,2\\\",3\"", "z"]);
    assert!(head.tokens("C").is_empty() && head.tokens("D").is_empty());
    assert!(head.has_token("A", "Z") && !head.has_token("A", "y"));
    // RFC 9110, 5.6.3: other white space than the space and the tab is none.
    let head = request(b"GET / HTTP/1.1\r\nA: \t x\t , \xe2\x80\x83y\xc2\xa0\r\n\r\n").head;
    assert_eq!(head.tokens("A"), ["x", "\u{2003}y\u{a0}"]);
}

#[test]
fn paths() {
    for (target, path) in [
        ("/", "/"),
        ("/a/b?c", "/a/b"),
        ("http://h:1/a?b", "/a"),
        ("http://h", "/"),
        ("http://h?x", "/"),
        ("/to?u=http://h/x", "/to"),
        ("*", "*"),
    ] {
        assert_eq!(request(format!("GET {target} HTTP/1.1\r\n\r\n").as_bytes()).path(), path, "{target}");
    }
}

#[test]
fn status_lines() {
    for (line, minor_version, status, reason) in [
        ("HTTP/1.1 101 Switching Protocols", 1, 101, "Switching Protocols"),
        ("HTTP/1.0 404 Not Found", 0, 404, "Not Found"),
        ("HTTP/1.1 200", 1, 200, ""),
        ("HTTP/1.1 200 ", 1, 200, ""),
        ("HTTP/1.1  503  Später", 1, 503, "Später"),
    ] {
        let response = response(format!("{line}\r\n\r\n").as_bytes());
        assert_eq!((response.minor_version, response.status), (minor_version, status), "{line}");
        assert_eq!(response.reason, reason, "{line}");
    }
}

#[test]
fn old_servers_fold_lines_and_put_a_space_before_the_colon() {
    let head = response(b"HTTP/1.1 200 OK\r\nA: one\r\n  two\r\n\tthree\r\nB : b\r\n\r\n").head;
    assert_eq!(head.field("A"), Some(&b"one two three"[..]));
    assert_eq!(head.field("B"), Some(&b"b"[..]));
}

#[test]
fn malformed_heads_name_the_line() {
    let request = |raw: &[u8]| RequestHead::parse(raw.to_vec()).unwrap_err().to_string();
    let response = |raw: &[u8]| ResponseHead::parse(raw.to_vec()).unwrap_err().to_string();
    for (message, expected) in [
        (
            response(b"HTTP/2 200\r\n\r\n"),
            "line 1 of the HTTP head is malformed, the version is not HTTP/1.1 and a WebSocket handshake needs that: HTTP/2 200",
        ),
        (
            response(b"HTTP/1.1 2x0 OK\r\n\r\n"),
            "line 1 of the HTTP head is malformed, the status is not three digits and plain text: HTTP/1.1 2x0 OK",
        ),
        (
            request(b"GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n"),
            "line 3 of the HTTP head is malformed, it has no colon: no colon",
        ),
        (
            request(b"GET / HTTP/1.1\r\nA: 1\r\n 2\r\n\r\n"),
            "line 3 of the HTTP head is malformed, it begins with white space:  2",
        ),
        (
            request(b"GET / HTTP/1.1\r\nA b: 1\r\n\r\n"),
            "line 2 of the HTTP head is malformed, the header name is not a token: A b: 1",
        ),
        (
            request(b"\r\nGET / HTTP/1.1\r\nCookie: s3cret\x1b\r\n\r\n"),
            "line 3 of the HTTP head is malformed, the header value has a control character: Cookie: ***",
        ),
        (
            request(b"G\x1bT / HTTP/1.1\r\n\r\n"),
            "line 1 of the HTTP head is malformed, a character can't stand in a start line: G\\x1bT / HTTP/1.1",
        ),
        (request(b""), "the connection was closed before anything came"),
        (
            request(b"GET / HTTP/1.1\r\n"),
            "the connection was closed in the middle of the HTTP head, after 16 bytes: GET / HTTP/1.1\\r\\n",
        ),
    ] {
        assert_eq!(message, expected);
    }
}

#[test]
fn the_number_of_fields_is_limited() {
    let head = |fields: usize| format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(fields)).into_bytes();
    assert_eq!(ResponseHead::parse(head(MAX_FIELDS)).unwrap().head.fields().count(), MAX_FIELDS);
    let error = ResponseHead::parse(head(MAX_FIELDS + 1)).unwrap_err();
    assert_eq!(error, HeadError::TooManyFields { limit: MAX_FIELDS });
    assert_eq!(error.to_string(), "the HTTP head has more than 100 header lines");
}

#[test]
fn credentials_are_redacted() {
    let raw = b"GET / HTTP/1.1\r\nAuthorization: Basic eA==\r\ncookie:a=b\n more\r\nX-Cookie: c\r\nSet-Cookie:\r\nProxy-Authorization: y\r\n\r\n";
    let shown = b"GET / HTTP/1.1\r\nAuthorization: ***\r\ncookie: ***\nX-Cookie: c\r\nSet-Cookie: ***\r\nProxy-Authorization: ***\r\n\r\n";
    assert_eq!(String::from_utf8_lossy(&redact(raw)), String::from_utf8_lossy(shown));
    // A line that goes on with another field's value may be a field of a broken head.
    for name in ["X", "Sec-WebSocket-Protocol", "Location"] {
        let head = |value| format!("HTTP/1.1 200 OK\r\n{name}: a\r\n Cookie: {value}\r\n\r\n");
        assert_eq!(String::from_utf8_lossy(&redact(head("id=s3cret").as_bytes())), head("***"));
    }
    let head = response(b"HTTP/1.1 200 OK\r\nSet-Cookie: id=s3cret\r\nA: b\r\n\r\n").head;
    assert_eq!(head.redacted(), b"HTTP/1.1 200 OK\r\nSet-Cookie: ***\r\nA: b\r\n\r\n");
    assert!(!format!("{head:?}").contains("s3cret"));
}

#[test]
fn tokens_are_redacted_where_a_server_takes_them() {
    let raw =
        b"\r\nGET /?a&token=s3cret HTTP/1.1\r\nX: /?token=x\r\nsec-websocket-protocol: chat, token.s3cret\r\n\r\n";
    let shown = b"\r\nGET /?a&token=*** HTTP/1.1\r\nX: /?token=x\r\nsec-websocket-protocol: chat, token.***\r\n\r\n";
    assert_eq!(String::from_utf8_lossy(&redact(raw)), String::from_utf8_lossy(shown));
}

#[test]
fn a_location_keeps_user_and_password_to_itself() {
    for (location, shown) in [
        ("ws://u:p@h/a@b", "ws://***@h/a@b"),
        (" HTTP://u:p@x@h?q", " HTTP://***@h?q"),
        ("//u@h", "//***@h"),
        ("\r\n ws://u:p@h/", "\r\n ws://***@h/"),
        ("ws://h/?a=//u:p@h", "ws://h/?a=//u:p@h"),
        ("/a//b@c/", "/a//b@c/"),
        ("", ""),
    ] {
        let head = |location| format!("HTTP/1.1 302 Found\r\nlocation:{location}\r\nX: //u:p@h\r\n\r\n");
        let redacted = redact(head(location).as_bytes());
        assert_eq!(String::from_utf8_lossy(&redacted), head(shown));
    }
    assert_eq!(redact(b"Location"), b"Location");
}

#[test]
fn a_url_is_shown_without_its_password() {
    for (url, shown) in [
        ("ws://bob:secret@h/x@y", "ws://***@h/x@y"),
        ("//bob@h", "//***@h"),
        // A `/` in the password ends the authority too early.
        ("ws://bob:123456789/x@h/", "ws://***@h/"),
        ("ws://bob:se/cr?et@h/", "ws://***@h/"),
        ("ws://h:80/x@y", "ws://h:80/x@y"),
        ("ws://[::1]/x@y", "ws://[::1]/x@y"),
        ("ws://h:/x@y", "ws://h:/x@y"),
        ("/x//b:c@y", "/x//b:c@y"),
    ] {
        assert_eq!(String::from_utf8(without_userinfo(url.as_bytes())).unwrap(), shown, "{url}");
    }
}
