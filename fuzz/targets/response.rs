//! A server's response and its body read the same in any pieces, and nothing that is shown of them drives a terminal or
//! tells a credential.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wspipe::handshake::{
    BODY_EXCERPT, BodyExcerpt, Dechunker, HeadReader, MAX_HEAD, Offer, Refusal, ResponseHead, response_checks,
};
use wspipe_fuzz::Plan;
use wspipe_fuzz::head::{assert_redacted, read_head, same_outcome};
use wspipe_fuzz::shown::assert_printable;

fuzz_target!(|input: &[u8]| {
    let Some((plan, bytes)) = Plan::split(input) else { return };
    let limit = plan.choose(0, [MAX_HEAD, MAX_HEAD, 64, 600]);
    assert_chunks(plan, bytes);
    let read = |pieces: &[&[u8]]| read_head(HeadReader::for_response(limit), pieces, HeadReader::into_response);
    let outcome = read(&[bytes]);
    for pieces in plan.ways(bytes) {
        let other = read(&pieces);
        assert!(same_outcome(&outcome, &other), "{outcome:?} and {other:?}");
    }
    let (response, taken) = match outcome {
        Ok(read) => read,
        Err(error) => return assert_printable(&error.to_string(), false),
    };
    assert_eq!(response.head.raw(), &bytes[..taken]);
    let shown = ResponseHead::parse(response.head.redacted()).expect("what is shown of a head is one");
    assert_redacted(&response.head, &shown.head);
    let offer = Offer {
        key: "dGhlIHNhbXBsZSBub25jZQ==".into(),
        subprotocols: plan.choose(1, [&[][..], &[], &["chat"], &["chat", "b"]]).iter().map(|&s| s.into()).collect(),
        extensions: plan.choose(2, [&[][..], &[], &["permessage-deflate"], &["x"]]).iter().map(|&s| s.into()).collect(),
    };
    let checks = response_checks(&offer, &response);
    for check in &checks {
        assert_printable(&check.to_string(), false);
    }
    let Some(refusal) = Refusal::of(&response, &checks) else { return };
    let refusal = refusal.with_body(body(plan, &response, &bytes[taken..]));
    assert_printable(&refusal.to_string(), true);
    assert_printable(&refusal.meaning(), false);
    for line in refusal.excerpt(false) {
        assert_printable(&line, false);
    }
});

/// The beginning of the body, the same in any pieces.
fn body(plan: Plan, response: &ResponseHead, bytes: &[u8]) -> Vec<u8> {
    let read = |pieces: &[&[u8]]| {
        let mut body = BodyExcerpt::of(response);
        for piece in pieces {
            body.feed(piece);
        }
        (body.is_complete(), body.into_bytes())
    };
    let expected = read(&[bytes]);
    assert!(expected.1.len() <= BODY_EXCERPT);
    for pieces in plan.ways(bytes) {
        assert_eq!(read(&pieces), expected);
    }
    expected.1
}

/// What is sent in chunks is read back, and nothing behind its end.
fn assert_chunks(plan: Plan, body: &[u8]) {
    let mut coded = Vec::new();
    for chunk in plan.pieces(body).into_iter().filter(|chunk| !chunk.is_empty()) {
        coded.extend_from_slice(format!("{:x};a=b\r\n", chunk.len()).as_bytes());
        coded.extend_from_slice(chunk);
        coded.extend_from_slice(b"\r\n");
    }
    coded.extend_from_slice(b"0\r\n\r\nHTTP/1.1 200 OK");
    let (mut dechunker, mut read) = (Dechunker::new(), Vec::new());
    for piece in plan.pieces(&coded) {
        dechunker.feed(piece, &mut read).expect("the chunks are right");
    }
    assert!(dechunker.is_done());
    assert!(read == body, "{read:?} for {body:?}");
}
