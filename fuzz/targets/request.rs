//! A client's request reads the same in any pieces, what a server answers is HTTP that wspipe itself takes for what it
//! is, and nothing that is shown drives a terminal or tells a credential.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wspipe::handshake::{
    Answer, Check, ClientWindow, DeflateTerms, HeadError, HeadReader, Login, MAX_HEAD, Offer, Page, Refusal,
    RequestHead, ResponseHead, Secret, ServerOptions, agreed_deflate, answer, refusal, request_checks, response_checks,
};
use wspipe_fuzz::Plan;
use wspipe_fuzz::head::{assert_redacted, read_head, same_outcome};
use wspipe_fuzz::shown::assert_printable;

fuzz_target!(|input: &[u8]| {
    let Some((plan, bytes)) = Plan::split(input) else { return };
    let limit = plan.choose(0, [MAX_HEAD, MAX_HEAD, 64, 600]);
    let read = |pieces: &[&[u8]]| read_head(HeadReader::for_request(limit), pieces, HeadReader::into_request);
    let outcome = read(&[bytes]);
    for pieces in plan.ways(bytes) {
        let other = read(&pieces);
        assert!(same_outcome(&outcome, &other), "{outcome:?} and {other:?}");
    }
    let strict = DeflateTerms {
        server_no_context_takeover: true,
        client_no_context_takeover: true,
        server_max_window_bits: Some(10),
        client_max_window_bits: ClientWindow::Bits(9),
    };
    let login = Login { user: "a:b".parse().ok(), token: Some(Secret::new("t")) };
    let options = ServerOptions {
        subprotocols: vec!["chat".into(), "b".into()],
        path: plan.choose(1, [None, None, None, Some("/chat")]).map(str::to_owned),
        compress: plan.choose(3, [None, Some(DeflateTerms::default()), Some(strict), Some(strict)]),
        secure: plan.choose(2, [false, false, true, true]),
        login: if plan.choose(4, [false, false, false, true]) { login } else { Login::default() },
        needs_subprotocol: plan.choose(5, [false, false, false, true]),
        page: plan.choose(6, [false, false, true, true]).then(Page::console),
        ..ServerOptions::default()
    };
    match outcome {
        Ok((request, taken)) => {
            assert_eq!(request.head.raw(), &bytes[..taken]);
            let shown = RequestHead::parse(request.head.redacted()).expect("what is shown of a head is one");
            assert_redacted(&request.head, &shown.head);
            for check in request_checks(&request) {
                assert_printable(&check.to_string(), false);
            }
            assert_answers(&request, answer(&request, &options));
        }
        Err(error) => assert_refuses(&error),
    }
});

/// The answer is one that the client takes for what it is.
fn assert_answers(request: &RequestHead, answer: Answer) {
    let passes = !request_checks(request).iter().any(Check::failed);
    match answer {
        Answer::Accept { bytes, subprotocol, compression } => {
            assert!(passes, "accepted though a check failed");
            let response = ResponseHead::parse(bytes).expect("an answer is HTTP");
            let offer = Offer::read(request);
            let checks = response_checks(&offer, &response);
            assert_eq!(Refusal::of(&response, &checks), None);
            assert_eq!(agreed_deflate(&offer, &response), compression);
            assert!(subprotocol.is_none_or(|name| offer.subprotocols.contains(&name)));
        }
        Answer::Page { bytes } => {
            assert!(!passes, "shown a page though it is a handshake");
            assert_eq!(ResponseHead::parse(bytes).expect("a page comes by HTTP").status, 200);
        }
        Answer::Refuse { status, bytes, why } => {
            assert!(
                !passes || [400, 401, 403, 404].contains(&status),
                "refused with {status} though every check passed"
            );
            assert_response(status, bytes, &why);
        }
    }
}

fn assert_refuses(error: &HeadError) {
    assert_printable(&error.to_string(), false);
    let Answer::Refuse { status, bytes, why } = refusal(None, error.status(), &[], &error.to_string()) else {
        panic!("a refusal refuses");
    };
    assert_response(status, bytes, &why);
}

fn assert_response(status: u16, bytes: Vec<u8>, why: &str) {
    assert_printable(why, false);
    let response = ResponseHead::parse(bytes).expect("a refusal is HTTP");
    assert_eq!(response.status, status);
    assert!(Refusal::of(&response, &response_checks(&Offer::default(), &response)).is_some());
}
