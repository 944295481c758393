use super::*;

/// The request of RFC 6455, 1.3, and its answer.
const REQUEST: &str = "GET /chat HTTP/1.1\nHost: server.example.com\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Protocol: chat, superchat\nSec-WebSocket-Version: 13\n";
const RESPONSE: &str = "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\nSec-WebSocket-Protocol: chat\n";

fn read(text: &str) -> Captured {
    Captured::read(text.as_bytes(), None).unwrap()
}

/// The checks of both heads that did not pass, in words.
fn problems(captured: &Captured) -> Vec<String> {
    all_checks(captured).into_iter().filter(|check| check.verdict != Verdict::Pass).map(|c| c.to_string()).collect()
}

fn all_checks(captured: &Captured) -> Vec<Check> {
    let request = captured.request.as_ref();
    let response = captured.response.as_ref().map(|response| match request {
        Some(request) => response.response_checks(&Offer::read(&request.head)),
        None => response.lone_response_checks(None),
    });
    [request.map(CapturedHead::request_checks).unwrap_or_default(), response.unwrap_or_default()].concat()
}

fn repairs(captured: &Captured) -> Vec<Repair> {
    let of_request = captured.request.iter().flat_map(|head| head.repairs.clone());
    let of_response = captured.response.iter().flat_map(|head| head.repairs.clone());
    captured.repairs.iter().cloned().chain(of_request).chain(of_response).collect()
}

/// Both heads are there, are as on the wire, and every check passes; gives what was repaired.
#[track_caller]
fn good(text: &str) -> Vec<Repair> {
    let captured = read(text);
    assert_eq!(problems(&captured), [] as [&str; 0], "{text}");
    let text_of = |text: &[u8]| String::from_utf8_lossy(text).replace("\r\n", "\n");
    let request = captured.request.as_ref().map(|head| text_of(&head.text(false)));
    let response = captured.response.as_ref().map(|head| text_of(&head.text(false)));
    assert_eq!(request, Some(format!("{REQUEST}\n")), "{text}");
    assert_eq!(response, Some(format!("{RESPONSE}\n")), "{text}");
    repairs(&captured)
}

/// Each line with something before it.
fn marked(mark: &str, text: &str) -> String {
    text.lines().flat_map(|line| [mark, line, "\n"]).collect()
}

#[test]
fn raw_bytes_need_no_repair() {
    let wire = format!("{REQUEST}\n{RESPONSE}\n").replace('\n', "\r\n");
    assert_eq!(good(&wire), []);
    // A frame may follow at once.
    assert_eq!(good(&format!("{wire}\u{1}\u{5}hello")), [Repair::Around("\\x01\\x05hello".into())]);
    // In whichever order they were saved.
    assert_eq!(good(&format!("{RESPONSE}\n{REQUEST}\n").replace('\n', "\r\n")), []);
}

#[test]
fn pasted_lines_end_in_lf_and_lack_the_last_one() {
    assert_eq!(good(&format!("{REQUEST}\n{RESPONSE}\n")), [Repair::LineFeeds, Repair::LineFeeds]);
    let both = [Repair::LineFeeds, Repair::NoEmptyLine];
    assert_eq!(good(&format!("{REQUEST}{}", RESPONSE.trim_end())), [both.clone(), both].concat());
    let wire = format!("{REQUEST}\r\n{RESPONSE}\r\n").replace("Upgrade\n", "Upgrade\r\n");
    assert_eq!(good(&wire), [Repair::SomeLineFeeds, Repair::SomeLineFeeds]);
}

#[test]
fn blank_lines_and_a_byte_order_mark_may_stand_ahead() {
    let heads = format!("{REQUEST}\n{RESPONSE}\n").replace('\n', "\r\n");
    assert_eq!(good(&format!("\r\n\n{heads}")), [Repair::LeadingBlank]);
    assert_eq!(good(&format!("\u{feff}{heads}")), []);
    let units: Vec<u8> = format!("\u{feff}{heads}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let captured = Captured::read(&units, None).unwrap();
    assert_eq!((problems(&captured), captured.repairs), (vec![], vec![Repair::Utf16]));
}

#[test]
fn what_curl_prints() {
    let text = format!(
        "$ curl -v http://localhost:8080/chat\n* Connected to localhost (::1) port 8080\n{}> \r\n* Request completely sent off\n{}< \n{{ [5 bytes data]\n* Closing connection\n",
        marked("> ", REQUEST),
        marked("< ", RESPONSE)
    );
    let meter = "  % Total    % Received % Xferd  Average Speed   Time\n                                 Dload  Upload   Total\n\r  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0*   Trying\n";
    let with_meter = good(&format!("{meter}{}", text.split_once('\n').unwrap().1));
    assert!(!with_meter.iter().any(|repair| matches!(repair, Repair::Around(_))), "{with_meter:?}");
    let repairs = good(&text.replace("$ curl -v http://localhost:8080/chat\n", ""));
    assert_eq!(repairs[..2], [Repair::Marks, Repair::Comments]);
    assert!(!repairs.contains(&Repair::NoEmptyLine), "{repairs:?}");
    assert!(good(&text).contains(&Repair::Around("$ curl -v http://localhost:8080/chat".into())));
    // Some people type the marks, and some quote all of it.
    let narrow = format!("{}>\n{}<\n", marked(">", REQUEST), marked("<", RESPONSE));
    assert_eq!(good(&narrow)[0], Repair::Marks);
    assert_eq!(good(&marked("> ", &text))[0], Repair::Marks);
    assert_eq!(good(&marked(">", &format!("{REQUEST}\n{RESPONSE}")))[0], Repair::Marks);
    assert_eq!(good(&marked("    ", &narrow))[0], Repair::Marks);
}

#[test]
fn what_wspipe_logs() {
    let text = format!(
        "wspipe: connected to 127.0.0.1:80\n{}{}",
        marked("wspipe: debug: request: ", REQUEST),
        marked("wspipe: debug: response: ", RESPONSE)
    );
    assert_eq!(good(&text)[0], Repair::Marks);
}

#[test]
fn indentation_is_no_folding() {
    let heads = format!("{REQUEST}\n{RESPONSE}");
    assert!(good(&marked("    ", &heads)).contains(&Repair::Indentation));
    assert!(good(&marked("\t", &heads)).contains(&Repair::Indentation));
    // The first line was selected without the white space before it.
    assert!(good(marked("    ", &heads).trim_start()).contains(&Repair::Indentation));
    assert!(good(&format!("  {heads}")).contains(&Repair::LineFeeds));
}

#[test]
fn text_may_stand_around() {
    let text = format!(
        "Hello all: what is wrong here?\n\n```http\n{REQUEST}```\nand it answers\n~~~\n{RESPONSE}~~~\nThanks\n"
    );
    assert!(good(&text).contains(&Repair::Around("Hello all: what is wrong here?".into())));
    let prompts = format!("me@host:~/x$ cat head\n{REQUEST}me@host:~/x$ cat answer\n{RESPONSE}me@host:~/x$\n");
    assert!(good(&prompts).contains(&Repair::Around("me@host:~/x$ cat head".into())));
    let asked = format!("{REQUEST}and the answer to it is\n{RESPONSE}so what is this about?\n");
    assert!(good(&asked).contains(&Repair::Around("and the answer to it is".into())));
}

#[test]
fn line_ends_may_be_written_out() {
    let heads = format!("{REQUEST}\n{RESPONSE}\n");
    assert!(good(&heads.replace('\n', "\\r\\n\n")).contains(&Repair::WrittenOut));
    assert!(good(&heads.replace('\n', "\\r\\n")).contains(&Repair::WrittenOut));
}

/// The fields below a head's start line.
fn fields(head: &str) -> &str {
    head.split_once('\n').unwrap().1
}

#[test]
fn a_browser_copies_no_start_lines() {
    let general = "General\nRequest URL: ws://server.example.com/chat\nRequest Method: GET\nStatus Code: 101 Switching Protocols\n";
    let titled = format!(
        "{general}\nResponse Headers (3)\n{}\nRequest Headers view source\n{}",
        fields(RESPONSE),
        fields(REQUEST)
    );
    let told = |what, instead: &str| Repair::NoStartLine { what, instead: instead.into(), is_told: true };
    let unknown = [
        "HTTP version: expected HTTP/1.1, found nothing in the capture: not checked (RFC 6455, 4.2.1 (1))",
        "HTTP version: expected HTTP/1.1, found nothing in the capture: not checked (RFC 6455, 4.2.2 (5.1))",
    ];
    // Newer browsers copy names and values in turn.
    let in_turn = titled.replace(": ", ":\n").replace("view source", "");
    for text in [titled.clone(), titled.replace("\n\n", "\n"), in_turn] {
        let captured = read(&text);
        assert_eq!(problems(&captured), unknown, "{text}");
        assert_eq!(captured.request.as_ref().unwrap().head.target, "/chat");
        assert_eq!(captured.response.as_ref().unwrap().head.reason, "Switching Protocols");
        let repairs = repairs(&captured);
        assert!(repairs.contains(&told("request line", "GET /chat HTTP/1.1")), "{repairs:?}");
        assert!(repairs.contains(&told("status line", "HTTP/1.1 101 Switching Protocols")), "{repairs:?}");
    }
}

#[test]
fn heads_without_start_lines_are_told_by_their_fields() {
    let captured = read(&format!("{}\n{}", fields(RESPONSE), fields(REQUEST)));
    let repairs = repairs(&captured);
    let guessed = |what, instead: &str| Repair::NoStartLine { what, instead: instead.into(), is_told: false };
    assert!(repairs.contains(&guessed("request line", "GET / HTTP/1.1")), "{repairs:?}");
    assert!(repairs.contains(&guessed("status line", "HTTP/1.1 101")), "{repairs:?}");
    let subjects: Vec<_> = all_checks(&captured).into_iter().filter(|c| c.verdict != Verdict::Pass).collect();
    assert!(subjects.iter().all(|check| check.verdict == Verdict::Note), "{subjects:?}");
    let subjects: Vec<_> = subjects.iter().map(|check| check.subject).collect();
    assert_eq!(subjects, ["method", "HTTP version", "request target", "HTTP version", "status"]);
    let text = captured.request.unwrap().text(false);
    assert!(text.starts_with(b"Host: server"), "no line is shown that was not there");
    // Where the fields don't tell, the option does.
    let lines = "Upgrade: websocket\nConnection: Upgrade\n";
    assert!(read(lines).request.is_some());
    assert!(Captured::read(lines.as_bytes(), Some(Side::Response)).unwrap().response.is_some());
}

#[test]
fn fields_of_http2_tell_the_request_line() {
    let text = format!(":authority: h.example\n:method: GET\n:path: /a?b\n:scheme: https\n{}", fields(REQUEST))
        .replace("Host: server.example.com\n", "");
    let captured = read(&text);
    let request = captured.request.as_ref().unwrap();
    assert_eq!((request.head.target.as_str(), request.head.head.field("Host")), ("/a?b", Some(&b"h.example"[..])));
    assert!(request.repairs.contains(&Repair::Http2Fields));
    assert!(
        request.request_checks().iter().all(|check| check.verdict != Verdict::Fail),
        "{:?}",
        request.request_checks()
    );
    assert!(request.text(false).starts_with(b":authority: h.example\r\n"));
    let connect = read(&text.replace(": GET", ": CONNECT"));
    assert_eq!(problems(&connect)[0], "method: expected `GET`, found `CONNECT` (RFC 6455, 4.2.1 (1))");
}

#[test]
fn browsers_show_whole_urls() {
    let text = REQUEST.replace("GET /chat", "GET wss://server.example.com/chat");
    let captured = read(&text);
    assert_eq!(problems(&captured), [] as [&str; 0]);
    assert!(repairs(&captured).contains(&Repair::WholeUrl));
    assert_eq!(captured.request.unwrap().head.path(), "/chat");
    let provisional = read(&format!("Request Headers\nProvisional headers are shown\n{}", fields(REQUEST)));
    assert_eq!(provisional.repairs, [Repair::Provisional]);
    assert!(provisional.request.is_some());
}

/// The only check of a request that fails, and what else is known of the head.
#[track_caller]
fn fault(head: &str, from: &str, to: &str) -> String {
    let text = head.replacen(from, to, 1);
    assert_ne!(text, head);
    let failed: Vec<_> = all_checks(&read(&text)).into_iter().filter(Check::failed).map(|c| c.to_string()).collect();
    assert_eq!(failed.len(), 1, "{failed:?} in {text}");
    failed[0].clone()
}

#[test]
fn a_wrong_request_line_is_found() {
    let expected = "request line: expected a method, a target and a version, with one space between, found";
    for (line, words, clause) in [
        ("GET /chat/HTTP/1.1", "with no space before `HTTP/1.1`", "RFC 9112, 3"),
        ("GET/chat HTTP/1.1", "with no space behind the method", "RFC 9112, 3"),
        ("GET  /chat HTTP/1.1", "with more than one space", "RFC 9112, 3"),
        ("GET /chat  HTTP/1.1", "with more than one space", "RFC 9112, 3"),
        ("GET HTTP/1.1", "with no target", "RFC 9112, 3"),
        ("GET /chat", "with no version", "RFC 9112, 3"),
        ("GET /my chat HTTP/1.1", "with white space in the target", "RFC 9112, 3.2"),
        ("GET /é HTTP/1.1", "with a character in the target that has to be percent-encoded", "RFC 9112, 3.2"),
    ] {
        let found = fault(REQUEST, "GET /chat HTTP/1.1", line);
        assert_eq!(found, format!("{expected} `{line}`, {words} ({clause})"));
        let shown = read(&REQUEST.replace("GET /chat HTTP/1.1", line)).request.unwrap().text(true);
        assert!(shown.starts_with(format!("{line}\r\n").as_bytes()), "the fault is shown");
    }
    for (line, found) in [
        ("POST /chat HTTP/1.1", "method: expected `GET`, found `POST` (RFC 6455, 4.2.1 (1))"),
        (
            "GET chat HTTP/1.1",
            "request target: expected a path or an http URL, without a fragment, found `chat` (RFC 6455, 4.2.1 (1))",
        ),
        ("get /chat HTTP/1.1", "method: expected `GET`, found `get` (RFC 6455, 4.2.1 (1))"),
        ("GET /chat HTTP/1.0", "HTTP version: expected HTTP/1.1, found HTTP/1.0 (RFC 6455, 4.2.1 (1))"),
        ("GET /chat HTTP/2", "HTTP version: expected HTTP/1.1, found HTTP/2 (RFC 6455, 4.2.1 (1))"),
        (
            "GET /chat http/1.1",
            "request line: expected `HTTP` in capitals, found `http/1.1`, and case matters (RFC 9112, 2.3)",
        ),
    ] {
        assert_eq!(fault(REQUEST, "GET /chat HTTP/1.1", line), found);
    }
}

#[test]
fn a_wrong_status_line_is_found() {
    let text = format!("{REQUEST}\n{RESPONSE}");
    let expected =
        "status line: expected a version, a status of three digits and a reason, with one space between, found";
    for (line, words) in [
        ("HTTP/1.1101 Switching Protocols", "with no space before the status"),
        ("HTTP/1.1 101Switching Protocols", "with no space behind the status"),
        ("HTTP/1.1 Switching Protocols", "with no status"),
        ("HTTP/1.1 1010 Switching Protocols", "where the status has not three digits"),
    ] {
        let found = fault(&text, "HTTP/1.1 101 Switching Protocols", line);
        assert_eq!(found, format!("{expected} `{line}`, {words} (RFC 9112, 4)"));
    }
    for (line, found) in [
        ("HTTP/2 101", "HTTP version: expected HTTP/1.1, found HTTP/2 (RFC 6455, 4.2.2 (5.1))"),
        ("HTTP/1.1 200 OK", "status: expected 101, found 200 OK (RFC 6455, 4.1 (1))"),
    ] {
        assert_eq!(fault(&text, "HTTP/1.1 101 Switching Protocols", line), found);
    }
}

#[test]
fn a_wrong_header_line_is_found() {
    for (line, words, clause) in [
        ("Cache-Control no-cache", "with no colon", "RFC 9112, 5"),
        ("Web Socket: yes", "whose name is not one word of letters, digits and `-`", "RFC 9110, 5.1"),
        (": x", "whose name is not one word of letters, digits and `-`", "RFC 9110, 5.1"),
        ("A : x", "with a space before the colon", "RFC 9112, 5.1"),
        ("A: x\u{7}y", "with a control character", "RFC 9110, 5.5"),
    ] {
        let found = fault(REQUEST, "Upgrade: websocket\n", &format!("Upgrade: websocket\n{line}\n"));
        let shown = line.replace('\u{7}', "\\x07");
        assert_eq!(
            found,
            format!("header line: expected a name, a colon and a value, found `{shown}`, {words} ({clause})")
        );
    }
    let missing = problems(&read(&REQUEST.replace("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version 13")));
    assert_eq!(
        missing,
        [
            "header line: expected a name, a colon and a value, found `Sec-WebSocket-Version 13`, with no colon (RFC 9112, 5)",
            "Sec-WebSocket-Version: expected `13`, found nothing (RFC 6455, 4.2.1 (6))"
        ]
    );
}

#[test]
fn folded_lines_are_wrong_in_requests_only() {
    let folded = "header line: expected a line of its own, found one that is folded over several lines (RFC 9112, 5.2)";
    assert_eq!(fault(REQUEST, "chat, superchat", "chat,\n superchat"), folded);
    let curl = format!("{}> \n", marked("> ", &REQUEST.replace("chat, superchat", "chat,\n  superchat")));
    assert_eq!(problems(&read(&curl)), [folded]);
    let captured =
        read(&format!("{REQUEST}\n{}", RESPONSE.replace(": chat", ":\n\tchat").replace("Upgrade:", "Upgrade :")));
    let notes = all_checks(&captured).into_iter().filter(|check| check.verdict == Verdict::Note).count();
    assert_eq!((notes, problems(&captured).len()), (2, 2), "a client takes that from a server");
    assert_eq!(captured.response.unwrap().head.head.field("Sec-WebSocket-Protocol"), Some(&b"chat"[..]));
}

#[test]
fn accept_values_are_held_against_the_key() {
    let pair = |key: &str| {
        let request = REQUEST.replace("dGhlIHNhbXBsZSBub25jZQ==", key);
        format!("{request}\n{}", RESPONSE.replace("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "HSmrc0sMlYUkAGmm5OPpG2HaGWk="))
    };
    assert_eq!(problems(&read(&pair("x3JJHMbDL1EzLkh9GBhXDw=="))), [] as [&str; 0]);
    assert_eq!(
        problems(&read(&pair("IRjFlYB21UIe5wMQDpEMYg=="))),
        [
            "Sec-WebSocket-Accept: expected `X5N9UehfpfCJMpgWL/YM5on1ucQ=`, once, found `HSmrc0sMlYUkAGmm5OPpG2HaGWk=`, which answers another key (RFC 6455, 4.1 (4))"
        ]
    );
}

#[test]
fn a_response_alone_is_checked_as_far_as_that_goes() {
    let notes = |text: &str| problems(&read(text));
    let with_extension = format!("{RESPONSE}Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=10\n");
    assert_eq!(
        notes(&with_extension),
        [
            "Sec-WebSocket-Accept: expected the base64 of 20 bytes, once, found `s3pPLMBiTxaQ9kYGzzhZRbK+xOo=`: not checked, for the key is not known (RFC 6455, 4.1 (4))",
            "Sec-WebSocket-Extensions: expected what was offered, or nothing, found `permessage-deflate; client_max_window_bits=10`: not checked, for the offer is not known (RFC 6455, 4.1 (5))",
            "Sec-WebSocket-Protocol: expected one that was offered, or nothing, found `chat`: not checked, for the offer is not known (RFC 6455, 4.1 (6))",
        ]
    );
    let plain = RESPONSE.replace("Sec-WebSocket-Protocol: chat\n", "");
    let response = read(&plain).response.unwrap();
    let key = Some("dGhlIHNhbXBsZSBub25jZQ==");
    assert!(response.lone_response_checks(key).iter().all(|check| check.verdict == Verdict::Pass));
    assert!(response.lone_response_checks(Some("x3JJHMbDL1EzLkh9GBhXDw==")).iter().any(Check::failed));
    // What is wrong whatever was offered is wrong here, too.
    for (from, to) in [
        ("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "s3pP"),
        ("permessage-deflate; client_max_window_bits=10", "permessage-deflate; x"),
        ("permessage-deflate; client_max_window_bits=10", "permessage-deflate, permessage-deflate"),
        ("Protocol: chat", "Protocol: chat, superchat"),
    ] {
        fault(&with_extension, from, to);
    }
}

#[test]
fn bodies_of_refusals_are_kept() {
    let body = |text: &str| String::from_utf8(read(text).response.unwrap().body).unwrap();
    let head = "HTTP/1.1 403 Forbidden\r\nContent-Length: 12\r\n\r\n";
    assert_eq!(body(&format!("{head}not\r\nallowed* Connection #0 left intact\n")), "not\r\nallowed");
    let chunked = "HTTP/1.1 403 Forbidden\nTransfer-Encoding: chunked\n\n";
    assert_eq!(body(&format!("{chunked}2\r\nno\r\n0\r\n\r\n")), "no");
    assert_eq!(body(&format!("{chunked}<p>no</p>\n")), "<p>no</p>\n", "curl has decoded it");
    let curl = format!(
        "{}> \n< HTTP/1.1 403 Forbidden\n< \n{{ [4 bytes data]\n<html>\n> x\n</html>\n* Closing\n",
        marked("> ", REQUEST)
    );
    assert_eq!(body(&curl), "<html>\n> x\n</html>\n");
    assert_eq!(body("Request URL: ws://h/\nRequest Method: GET\nStatus Code: 403 Forbidden\n"), "");
}

#[test]
fn the_last_of_several_counts() {
    let text = format!(
        "{}\n< HTTP/1.1 302 Found\n< Location: /chat\n<\n{}> \n< HTTP/1.1 100 Continue\n<\n{}",
        marked("> ", &REQUEST.replace("/chat", "/")),
        marked("> ", REQUEST),
        marked("< ", RESPONSE)
    );
    let repairs = good(&text);
    for what in ["requests", "responses"] {
        assert!(repairs.contains(&Repair::Others { what, count: 2 }), "{repairs:?}");
    }
    assert_eq!(read(&text).interim.len(), 1);
}

#[test]
fn header_lines_behind_the_empty_line_are_no_part_of_the_head() {
    let captured = read(&RESPONSE.replace("Connection", "\nConnection"));
    let failed: Vec<_> = all_checks(&captured).into_iter().filter(Check::failed).map(|check| check.subject).collect();
    assert_eq!(failed, ["Connection", "Sec-WebSocket-Accept"]);
    assert!(captured.response.unwrap().repairs.contains(&Repair::Behind));
}

#[test]
fn no_head_is_no_error() {
    for text in ["", "\n\n", "hello\n", "see: this\nand: that\n", "{\"a\": 1}\n", "<html>\n<p>x: y</p>\n"] {
        let captured = read(text);
        assert_eq!((captured.request, captured.response), (None, None), "{text}");
    }
    let many = format!("GET / HTTP/1.1\n{}", "A: b\n".repeat(101));
    assert_eq!(Captured::read(many.as_bytes(), None), Err(HeadError::TooManyFields { limit: 100 }));
}

#[test]
fn credentials_are_hidden_even_in_broken_lines() {
    let text = "GET / HTTP/1.1\nHost: h\nCookie: a=s3cret\n more=s3cret\nAuthorization Basic s3cret\nSet-Cookie : s3cret\n  s3cret\nX-A: b\n\n";
    let request = read(text).request.unwrap();
    let shown = String::from_utf8(request.text(true)).unwrap();
    assert!(!shown.contains("s3cret") && shown.contains("X-A: b"), "{shown}");
    assert!(request.text(false).windows(6).any(|window| window == b"s3cret"));
    let checks = format!("{:?}", request.request_checks());
    assert!(!checks.contains("s3cret"), "{checks}");
}

/// Whatever is cut off, doubled or changed: it is read, and what is shown can be shown.
#[test]
fn broken_captures_are_read() {
    let curl = format!("* x\n{}> \n{}< \nbody\n", marked("> ", REQUEST), marked("< ", RESPONSE));
    let browser =
        format!("General\nRequest URL:\nws://h/\nStatus Code:\n101 x\nUpgrade:\nwebsocket\n:path:\n/\n{REQUEST}");
    for text in [&curl, &browser, &format!("{REQUEST}\n{RESPONSE}").replace('\n', "\r\n")] {
        for at in (0..text.len()).step_by(5) {
            let (before, behind) = text.as_bytes().split_at(at);
            for with in [&b""[..], b"\n", b" ", b":", b">", b"\x1b", b"\xff", b"HTTP/", b"\r\n \r\n"] {
                for behind in [behind, &behind[1..], b""] {
                    assert_readable(&[before, with, behind].concat());
                }
            }
        }
    }
}

fn assert_readable(bytes: &[u8]) {
    let captured = Captured::read(bytes, None).unwrap();
    let checks = all_checks(&captured).into_iter().map(|check| check.to_string());
    for words in checks.chain(repairs(&captured).iter().map(Repair::to_string)) {
        assert_eq!(printable(words.as_bytes(), usize::MAX), words);
    }
}
