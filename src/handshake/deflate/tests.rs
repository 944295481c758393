use super::*;

fn terms(text: &str) -> DeflateTerms {
    if text.is_empty() { DeflateTerms::default() } else { text.parse().unwrap() }
}

fn params(context_takeover: bool, window_bits: u8) -> DeflateParams {
    DeflateParams { context_takeover, window_bits }
}

fn agreed(client: DeflateParams, server: DeflateParams) -> DeflateAgreement {
    DeflateAgreement { client, server }
}

const FULL: DeflateParams = DeflateParams { context_takeover: true, window_bits: 15 };

/// A client's reading of an answer; both as the parameters of `--compress`.
fn read(offer: &str, answer: &str) -> Result<Option<DeflateAgreement>, AnswerFault> {
    read_answer(&[terms(offer).to_string()], &[answer.to_owned()])
}

#[test]
fn parameters_as_they_are_written() {
    for (text, element) in [
        ("server_no_context_takeover", "permessage-deflate; server_no_context_takeover"),
        (
            "client_max_window_bits , CLIENT_NO_CONTEXT_TAKEOVER",
            "permessage-deflate; client_no_context_takeover; client_max_window_bits",
        ),
        (
            "client_max_window_bits=10,server_max_window_bits = 8",
            "permessage-deflate; server_max_window_bits=8; client_max_window_bits=10",
        ),
    ] {
        assert_eq!(terms(text).to_string(), element);
    }
    assert_eq!(DeflateTerms::default().to_string(), "permessage-deflate");
    assert_eq!(DeflateTerms::plain_offer().to_string(), "permessage-deflate; client_max_window_bits");
}

#[test]
fn parameters_that_are_wrong() {
    for (text, message) in [
        ("", "`` is no parameter of permessage-deflate"),
        ("x=1", "`x` is no parameter of permessage-deflate"),
        ("server_no_context_takeover=1", "`server_no_context_takeover` has no value, not `1`"),
        ("client_no_context_takeover=", "`client_no_context_takeover` has no value, not ``"),
        ("server_max_window_bits", "`server_max_window_bits` wants a number from 8 to 15"),
        ("server_max_window_bits=7", "`server_max_window_bits` wants a number from 8 to 15, not `7`"),
        ("server_max_window_bits=16", "`server_max_window_bits` wants a number from 8 to 15, not `16`"),
        ("server_max_window_bits=010", "`server_max_window_bits` wants a number from 8 to 15, not `010`"),
        ("client_max_window_bits=+9", "`client_max_window_bits` wants a number from 8 to 15, not `+9`"),
        ("client_max_window_bits=x", "`client_max_window_bits` wants a number from 8 to 15, not `x`"),
        ("client_max_window_bits,client_max_window_bits=9", "`client_max_window_bits` stands there twice"),
        ("server_no_context_takeover,\u{2003}x", "`\u{2003}x` is no parameter of permessage-deflate"),
        ("server_max_window_bits=9\u{a0}", "`server_max_window_bits` wants a number from 8 to 15, not `9\u{a0}`"),
        ("\x1b[31m\u{202e}", "`\\x1b[31m\\u{202e}` is no parameter of permessage-deflate"),
        ("server_max_window_bits=\x1b", "`server_max_window_bits` wants a number from 8 to 15, not `\\x1b`"),
    ] {
        assert_eq!(text.parse::<DeflateTerms>().unwrap_err().to_string(), message, "{text}");
    }
}

#[test]
fn answers_that_a_client_takes() {
    for (offer, answer, agreement) in [
        ("client_max_window_bits", "permessage-deflate", agreed(FULL, FULL)),
        ("client_max_window_bits", "Permessage-Deflate;client_max_window_bits=\"10\"", agreed(params(true, 10), FULL)),
        // A server may say how it compresses itself without having been asked (RFC 7692, 7.1.1.1, 7.1.2.1), and ask the client
        // to forget (7.1.1.2).
        (
            "",
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=9; client_no_context_takeover",
            agreed(params(false, 15), params(false, 9)),
        ),
        ("server_max_window_bits=10", "permessage-deflate; server_max_window_bits=8", agreed(FULL, params(true, 8))),
        // What a client says of itself holds whether it is repeated or not.
        ("client_no_context_takeover,client_max_window_bits=12", "permessage-deflate", agreed(params(false, 12), FULL)),
        ("client_max_window_bits=12", "permessage-deflate; client_max_window_bits=15", agreed(params(true, 12), FULL)),
    ] {
        assert_eq!(read(offer, answer), Ok(Some(agreement)), "{offer}: {answer}");
    }
    assert_eq!(read_answer(&[], &[]), Ok(None));
    assert_eq!(read_answer(&["x; y".into()], &["X; z=1".into()]), Ok(None));
}

#[test]
fn answers_that_a_client_refuses() {
    let deflate = AnswerFault::Deflate;
    for (offer, answer, fault) in [
        ("", "permessage-deflate; client_max_window_bits=10", deflate(DeflateError::NotOffered)),
        (
            "client_max_window_bits",
            "permessage-deflate; client_max_window_bits",
            deflate(DeflateError::Value("client_max_window_bits", None)),
        ),
        (
            "server_no_context_takeover",
            "permessage-deflate",
            deflate(DeflateError::NotGranted("server_no_context_takeover")),
        ),
        (
            "server_max_window_bits=10",
            "permessage-deflate",
            deflate(DeflateError::NotGranted("server_max_window_bits")),
        ),
        (
            "server_max_window_bits=10",
            "permessage-deflate; server_max_window_bits=11",
            deflate(DeflateError::NotGranted("server_max_window_bits")),
        ),
        ("", "permessage-deflate; a=b", deflate(DeflateError::Unknown("a".into()))),
        (
            "",
            "permessage-deflate; server_max_window_bits=9; server_max_window_bits=9",
            deflate(DeflateError::Duplicate("server_max_window_bits")),
        ),
        (
            "",
            "permessage-deflate; client_max_window_bits=16",
            deflate(DeflateError::Value("client_max_window_bits", Some("16".into()))),
        ),
        ("", "permessage-deflate;", AnswerFault::Grammar("permessage-deflate;".into())),
        ("", "x-webkit-deflate-frame", AnswerFault::NotOffered("x-webkit-deflate-frame".into())),
    ] {
        assert_eq!(read(offer, answer), Err(fault), "{offer}: {answer}");
    }
    let plain = || "permessage-deflate".to_owned();
    assert_eq!(read_answer(&[], &[plain()]), Err(AnswerFault::NotOffered(plain())));
    assert_eq!(read_answer(&[plain()], &[plain(), plain()]), Err(AnswerFault::Twice));
}

/// Of several offers, the answer has to fit one (RFC 7692, 5).
#[test]
fn an_answer_to_one_of_several_offers() {
    let offers = ["permessage-deflate; server_max_window_bits=10".to_owned(), "permessage-deflate".to_owned()];
    assert_eq!(read_answer(&offers, &["permessage-deflate".into()]), Ok(Some(agreed(FULL, FULL))));
    let fault = read_answer(&offers, &["permessage-deflate; client_max_window_bits=10".into()]);
    assert!(matches!(fault, Err(AnswerFault::Deflate(_))), "{fault:?}");
}

#[test]
fn what_a_server_answers() {
    for (own, offer, answer, agreement) in [
        ("", "permessage-deflate; client_max_window_bits", "permessage-deflate", (FULL, FULL)),
        (
            "",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9",
            (params(false, 15), params(false, 9)),
        ),
        ("", "permessage-deflate; client_max_window_bits=9", "permessage-deflate", (params(true, 9), FULL)),
        (
            "client_max_window_bits=10,server_max_window_bits=11",
            "permessage-deflate; client_max_window_bits; server_max_window_bits=12",
            "permessage-deflate; server_max_window_bits=11; client_max_window_bits=10",
            (params(true, 10), params(true, 11)),
        ),
        (
            "client_max_window_bits=10",
            "permessage-deflate; client_max_window_bits=9",
            "permessage-deflate; client_max_window_bits=9",
            (params(true, 9), FULL),
        ),
        (
            "server_no_context_takeover,client_no_context_takeover",
            "permessage-deflate",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
            (params(false, 15), params(false, 15)),
        ),
    ] {
        let (given, agreed) = answer_offers(terms(own), &[offer.into()]).expect("it can be taken");
        assert_eq!(given.to_string(), answer, "{own} to {offer}");
        assert_eq!((agreed.client, agreed.server), agreement, "{own} to {offer}");
        // What a server answers, the client takes, and understands the same by it.
        assert_eq!(read_answer(&[offer.into()], &[answer.into()]), Ok(Some(agreed)));
    }
}

/// RFC 7692, 7.1: an offer with an unknown parameter, a duplicate or a wrong value is declined; so is one that can't be kept.
#[test]
fn offers_that_a_server_passes_over() {
    let own = DeflateTerms::default();
    for offer in [
        "permessage-deflate; x",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; client_max_window_bits=07",
        "x-webkit-deflate-frame",
    ] {
        assert_eq!(answer_offers(own, &[offer.into()]), None, "{offer}");
        let (answer, _) =
            answer_offers(own, &[offer.into(), "permessage-deflate".into()]).expect("the next one is good");
        assert_eq!(answer, DeflateTerms::default());
    }
    assert_eq!(answer_offers(terms("client_max_window_bits=10"), &["permessage-deflate".into()]), None);
}

#[test]
fn an_agreement_in_words() {
    let agreement = DeflateAgreement { client: params(true, 15), server: params(false, 8) };
    let words =
        "permessage-deflate, client: 32 KiB window, context kept; server: 256 bytes window, each message by itself";
    assert_eq!(agreement.to_string(), words);
    assert_eq!(agreement.sent_by(Role::Server), params(false, 8));
    assert_eq!(agreement.sent_by(Role::Client), params(true, 15));
}
