use super::*;

const HEADS: [&[u8]; 5] = [
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
    b"HTTP/1.1 200 OK\nA: b\n\n",
    b"HTTP/1.1 200 OK\nA: b\n\r\n",
    b"\r\n\r\nHTTP/1.1 200\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
];

#[test]
fn a_head_in_two_pieces_wherever_they_meet() {
    for head in HEADS {
        for data in [&b""[..], b"\x81\x05hello", b"\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"] {
            let wire = [head, data].concat();
            for split in 0..=wire.len() {
                let mut reader = HeadReader::for_response(MAX_HEAD);
                let (first, second) = wire.split_at(split);
                let taken = match reader.feed(first).unwrap() {
                    Some(taken) => taken,
                    None => first.len() + reader.feed(second).unwrap().expect("the head is complete"),
                };
                assert_eq!(taken, head.len(), "split at {split} of {:?}", String::from_utf8_lossy(&wire));
                assert_eq!(reader.into_response().unwrap().head.raw(), head);
            }
        }
    }
}

#[test]
fn a_head_byte_by_byte() {
    let request = b"GET /chat HTTP/1.1\r\nHost: h\r\n\r\n";
    let mut reader = HeadReader::for_request(MAX_HEAD);
    let (last, rest) = request.split_last().unwrap();
    for byte in rest {
        assert_eq!(reader.feed(&[*byte]), Ok(None));
        assert_eq!(reader.feed(b""), Ok(None));
    }
    assert_eq!(reader.feed(&[*last, b'x']), Ok(Some(1)));
    assert!(reader.is_complete());
    assert_eq!(reader.feed(b"more"), Ok(Some(0)));
    assert_eq!(reader.raw(), request);
    assert_eq!(reader.into_request().unwrap().target, "/chat");
}

#[test]
fn the_limit_is_exact() {
    let head = b"HTTP/1.1 200 OK\r\n\r\n";
    let mut enough = HeadReader::for_response(head.len());
    assert_eq!(enough.feed(&[&head[..], b"data"].concat()), Ok(Some(head.len())));
    let mut short = HeadReader::for_response(head.len() - 1);
    let error = short.feed(head).unwrap_err();
    assert_eq!(error, HeadError::TooLarge { limit: 18 });
    assert_eq!((error.to_string().as_str(), error.status()), ("the HTTP head is longer than 18 bytes", 431));
}

/// However the bytes come, 32 of them are a method and 33 are none.
#[test]
fn a_method_too_long_is_no_http_in_any_pieces() {
    for (length, expected) in [(32, true), (33, false)] {
        let bytes = [&b"M".repeat(length), &b" / HTTP/1.1\r\n\r\n"[..]].concat();
        for split in 0..=bytes.len() {
            let mut reader = HeadReader::for_request(MAX_HEAD);
            let (first, second) = bytes.split_at(split);
            let is_http = reader.feed(first).and_then(|_| reader.feed(second)).is_ok();
            assert_eq!(is_http, expected, "{length} bytes split at {split}");
        }
    }
}

#[test]
fn an_endless_head_costs_no_more_than_its_bytes() {
    // At 2 MiB, byte by byte, anything quadratic would not come to an end.
    let limit = 1 << 21;
    for line in [&b"a"[..], b"HTTP/1.1 200 OK\r\nA: b\r\n"] {
        let mut reader = HeadReader::for_request(limit);
        let mut bytes = [b"GET / HTTP/1.1\r\n", line].concat().into_iter().cycle().take(limit);
        let error = bytes.find_map(|byte| reader.feed(&[byte]).err());
        assert_eq!(error, Some(HeadError::TooLarge { limit }));
    }
    let mut blank = HeadReader::for_response(limit);
    let error = (0..limit).find_map(|_| blank.feed(b"\n").err());
    assert_eq!(error, Some(HeadError::TooLarge { limit }));
}

/// The guess for a server's first bytes, fed one at a time, and how many it took.
fn guess_of(kind: Kind, bytes: &[u8]) -> (Guess, usize) {
    let mut reader = HeadReader::new(kind, MAX_HEAD);
    for (index, byte) in bytes.iter().enumerate() {
        match reader.feed(&[*byte]) {
            Ok(None) => {}
            Err(HeadError::NotHttp { guess, .. }) => return (guess, index + 1),
            other => panic!("{other:?}"),
        }
    }
    match reader.check_end() {
        Err(HeadError::NotHttp { guess, .. }) => (guess, bytes.len()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn servers_that_speak_something_else_are_told_early() {
    for (bytes, guess, after) in [
        (&b"\x15\x03\x01\x00\x02\x02\x46"[..], Guess::TlsServer, 2),
        (b"\x16\x03\x03\x00", Guess::TlsServer, 2),
        (b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00", Guess::Http2, 9),
        (b"\x00\x00\x08\x07\x00\x00\x00\x00\x00\x00", Guess::Http2, 9),
        (b"\x00\x01\x02\x03\x04", Guess::Binary, 4),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Guess::Ssh, 4),
        (b"220 mail.example ESMTP\r\n", Guess::Greeting, 4),
        (b"220-ftp\r\n", Guess::Greeting, 4),
        (b"\x81\x05hello", Guess::WebSocketFrame, 1),
        (b"\x88\x00", Guess::WebSocketFrame, 1),
        (b"hello", Guess::Text, 1),
        (b"HTML", Guess::Text, 3),
        (b"SS", Guess::Text, 2),
        (b"\x15", Guess::Binary, 1),
        (b"\x07\x08", Guess::Binary, 1),
    ] {
        assert_eq!(guess_of(Kind::Response, bytes), (guess, after), "{bytes:?}");
    }
}

#[test]
fn clients_that_speak_something_else_are_told_early() {
    for (bytes, guess, after) in [
        (&b"\x16\x03\x01\x02\x00\x01"[..], Guess::TlsClient, 2),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Guess::Http2, 16),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Guess::Ssh, 20),
        (b"\x81\x85abcd", Guess::WebSocketFrame, 1),
        (b"hello\n", Guess::Text, 6),
        (b"hello world\n", Guess::Text, 12),
        (b" GET / HTTP/1.1\r\n", Guess::Text, 1),
        (b"0123456789012345678901234567890123456789", Guess::Text, 33),
    ] {
        assert_eq!(guess_of(Kind::Request, bytes), (guess, after), "{bytes:?}");
    }
}

#[test]
fn what_is_not_http_is_said_and_shown() {
    let message = |bytes: &[u8]| HeadReader::for_response(MAX_HEAD).feed(bytes).unwrap_err().to_string();
    for (bytes, expected) in [
        (
            &b"\x15\x03\x03\x00\x02\x02\x46"[..],
            "this is not HTTP: the server speaks TLS here, use wss:// (first bytes: \\x15\\x03\\x03\\x00\\x02\\x02F)",
        ),
        (b"SSH-2.0-x\r\n", "this is not HTTP: the peer speaks SSH, check the port (first bytes: SSH-2.0-x\\r\\n)"),
        (
            b"hi \x1b[2J",
            "this is not HTTP: binary data came where the handshake should be, check the port (first bytes: hi \\x1b[2J)",
        ),
    ] {
        assert_eq!(message(bytes), expected);
    }
    assert_eq!(HeadReader::for_request(9).feed(b"\x16\x03\x01").unwrap_err().status(), 400);
}

#[test]
fn a_connection_that_ends_early() {
    assert_eq!(HeadReader::for_response(9).into_response(), Err(HeadError::Nothing));
    let mut reader = HeadReader::for_response(MAX_HEAD);
    reader.feed(b"HTTP/1.1 200 OK\r\nSet-Cookie: s3cret").unwrap();
    assert_eq!(
        reader.into_response().unwrap_err().to_string(),
        "the connection was closed in the middle of the HTTP head, after 35 bytes: HTTP/1.1 200 OK\\r\\nSet-Cookie: ***"
    );
    let mut reader = HeadReader::for_request(MAX_HEAD);
    reader.feed(b"GE").unwrap();
    assert_eq!(reader.into_request(), Err(HeadError::Ended { received: 2, first: "GE".into() }));
}
