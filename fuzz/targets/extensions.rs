//! What a server answers to any offer of permessage-deflate, the client takes, and both understand the same by it; of all
//! other answers it takes those that RFC 7692 allows. What is written behind `--compress` means what it says.
#![no_main]

use arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use wspipe::handshake::{
    Answer, Check, ClientWindow, DeflateAgreement, DeflateTerms, Offer, Request, RequestHead, RequestOptions,
    ResponseHead, ServerOptions, accept_for, agreed_deflate, answer, response_checks,
};
use wspipe::protocol::DeflateParams;
use wspipe_fuzz::shown::assert_printable;

/// The key that RFC 6455, 1.3 has as its example.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const EXTENSIONS: &str = "Sec-WebSocket-Extensions";
const NAME: &str = "permessage-deflate";
const PARAMETERS: [&str; 4] =
    ["server_no_context_takeover", "client_no_context_takeover", "server_max_window_bits", "client_max_window_bits"];

// The first byte says what the others are.
fuzz_target!(|input: &[u8]| {
    let Some((&what, bytes)) = input.split_first() else { return };
    let mut choices = Unstructured::new(bytes);
    // Choices that end too early are none.
    let _ = match what {
        b't' => {
            text(&String::from_utf8_lossy(bytes));
            Ok(())
        }
        b'c' => own_client(&mut choices),
        b'o' => made_offer(&mut choices),
        b'a' => made_answer(&mut choices),
        b'O' => any_offer(&mut choices),
        b'A' => any_answer(&mut choices),
        _ => Ok(()),
    };
});

/// The parameters of `--compress`.
fn text(text: &str) {
    let terms: DeflateTerms = match text.parse() {
        Ok(terms) => terms,
        Err(error) => return assert_printable(&format!("{error}"), false),
    };
    assert!(text.is_ascii(), "{text:?} is taken for {terms}");
    let written = terms.to_string();
    let parameters: Vec<&str> = written.split("; ").collect();
    assert_eq!((parameters[0], parameters.len() - 1), (NAME, text.split(',').count()));
    assert_eq!(parameters[1..].join(",").parse(), Ok(terms));
}

/// A client's own offer, and any server.
fn own_client(choices: &mut Unstructured<'_>) -> Result<()> {
    let (own, offered) = (terms(choices)?, terms(choices)?);
    let target = "ws://localhost:9001/".parse().expect("this is a URL");
    let options = RequestOptions { compress: Some(offered), ..RequestOptions::default() };
    let request = Request::new(&target, &options, KEY).expect("an offer can be sent");
    let head = RequestHead::parse(request.bytes().to_vec()).expect("a request is HTTP");
    assert_eq!(request.offer(), &Offer::read(&head));
    let (agreed, response) = answered(own, &head);
    assert_eq!(agreed, agreement(own, offered));
    assert_understood(request.offer(), &response, agreed);
    Ok(())
}

/// Several offers, some of them wrong: the first that is right and can be kept counts.
fn made_offer(choices: &mut Unstructured<'_>) -> Result<()> {
    let own = terms(choices)?;
    let elements = elements(choices)?;
    let head = request(&written(&elements, choices)?);
    if let Some(head) = head.filter(|_| elements.iter().all(Element::is_extension)) {
        let (agreed, response) = answered(own, &head);
        let mut offers = elements.iter().filter_map(Element::terms);
        assert_eq!(agreed, offers.find_map(|offered| agreement(own, offered)), "{elements:?} for {own}");
        assert_understood(&Offer::read(&head), &response, agreed);
    }
    Ok(())
}

/// An answer to one offer.
fn made_answer(choices: &mut Unstructured<'_>) -> Result<()> {
    let offered = terms(choices)?;
    let elements = elements(choices)?;
    let offer = Offer { key: KEY.into(), extensions: vec![offered.to_string()], ..Offer::default() };
    let Some(response) = response(&written(&elements, choices)?) else { return Ok(()) };
    let terms = match &elements[..] {
        [one] => one.terms().filter(|terms| grants(offered, *terms)),
        _ => None,
    };
    let passes = terms.is_some() || elements.is_empty();
    assert_eq!(check(&offer, &response).failed(), !passes, "{elements:?} for {offered}");
    let agreed = agreed_deflate(&offer, &response);
    assert_eq!(agreed, terms.map(|terms| told(offered, terms)), "{elements:?} for {offered}");
    Ok(())
}

/// Noise as an offer: what a server takes for one, a client does, too.
fn any_offer(choices: &mut Unstructured<'_>) -> Result<()> {
    let own = terms(choices)?;
    let Some(head) = request(&[noise(choices)]) else { return Ok(()) };
    if let Answer::Accept { bytes, compression, .. } = answer(&head, &options(own)) {
        let response = ResponseHead::parse(bytes).expect("an answer is HTTP");
        assert_understood(&Offer::read(&head), &response, compression);
    }
    Ok(())
}

/// Noise as an answer: what a client takes for one, it takes also as it would be written by itself.
fn any_answer(choices: &mut Unstructured<'_>) -> Result<()> {
    let offered = terms(choices)?;
    let offer = Offer { key: KEY.into(), extensions: vec![offered.to_string()], ..Offer::default() };
    let Some(answer) = response(&[noise(choices)]) else { return Ok(()) };
    let check = check(&offer, &answer);
    assert_printable(&check.to_string(), false);
    let agreed = agreed_deflate(&offer, &answer);
    let elements = answer.head.tokens(EXTENSIONS);
    assert_eq!(agreed.is_some(), !check.failed() && !elements.is_empty());
    if agreed.is_some() {
        assert!(elements.len() == 1 && elements[0].is_ascii(), "{elements:?}");
        let plain = elements[0].replace([' ', '\t', '"', '\\'], "").to_lowercase();
        let again = response(&[plain]).expect("an answer is HTTP");
        assert_eq!(agreed_deflate(&offer, &again), agreed, "{elements:?}");
    }
    Ok(())
}

/// What a server with these terms says, and takes it to mean.
fn answered(own: DeflateTerms, request: &RequestHead) -> (Option<DeflateAgreement>, ResponseHead) {
    let Answer::Accept { bytes, compression, .. } = answer(request, &options(own)) else {
        panic!("refused: {request:?}");
    };
    (compression, ResponseHead::parse(bytes).expect("an answer is HTTP"))
}

fn options(own: DeflateTerms) -> ServerOptions {
    ServerOptions { compress: Some(own), ..ServerOptions::default() }
}

/// The client takes the answer, for the same as the server.
fn assert_understood(offer: &Offer, response: &ResponseHead, agreed: Option<DeflateAgreement>) {
    let failed = response_checks(offer, response).into_iter().find(Check::failed);
    assert_eq!(failed, None, "{offer:?} {response:?}");
    assert_eq!(agreed_deflate(offer, response), agreed, "{offer:?} {response:?}");
}

fn check(offer: &Offer, response: &ResponseHead) -> Check {
    response_checks(offer, response).into_iter().find(|check| check.subject == EXTENSIONS).expect("it is checked")
}

/// What a server with its own terms and a client with that offer come to (RFC 7692, 7.1.1 and 7.1.2): each parameter by
/// the one who asks more; none if the server asks what the client can't grant.
fn agreement(own: DeflateTerms, offered: DeflateTerms) -> Option<DeflateAgreement> {
    let limits_client = matches!(own.client_max_window_bits, ClientWindow::Bits(_));
    if limits_client && offered.client_max_window_bits == ClientWindow::Unsaid {
        return None;
    }
    Some(strictest(own, offered))
}

/// What an answer to an offer means.
fn told(offered: DeflateTerms, answer: DeflateTerms) -> DeflateAgreement {
    // What was asked of the server is in its answer, which may go beyond.
    strictest(offered, answer)
}

fn strictest(one: DeflateTerms, other: DeflateTerms) -> DeflateAgreement {
    let bits = |terms: DeflateTerms| match terms.client_max_window_bits {
        ClientWindow::Bits(bits) => bits,
        ClientWindow::Unsaid | ClientWindow::Limitable => 15,
    };
    let server_bits = |terms: DeflateTerms| terms.server_max_window_bits.unwrap_or(15);
    DeflateAgreement {
        client: DeflateParams {
            context_takeover: !one.client_no_context_takeover && !other.client_no_context_takeover,
            window_bits: bits(one).min(bits(other)),
        },
        server: DeflateParams {
            context_takeover: !one.server_no_context_takeover && !other.server_no_context_takeover,
            window_bits: server_bits(one).min(server_bits(other)),
        },
    }
}

/// Whether an answer grants what was asked for, and asks nothing that was not offered (RFC 7692, 7.1.1 and 7.1.2).
fn grants(offered: DeflateTerms, answer: DeflateTerms) -> bool {
    let takeover = answer.server_no_context_takeover || !offered.server_no_context_takeover;
    let server = match (offered.server_max_window_bits, answer.server_max_window_bits) {
        (Some(asked), granted) => granted.is_some_and(|granted| granted <= asked),
        (None, _) => true,
    };
    let client = match answer.client_max_window_bits {
        ClientWindow::Unsaid => true,
        ClientWindow::Limitable => false,
        ClientWindow::Bits(_) => offered.client_max_window_bits != ClientWindow::Unsaid,
    };
    takeover && server && client
}

fn terms(choices: &mut Unstructured<'_>) -> Result<DeflateTerms> {
    let (takeover, server, client): (u8, u8, u8) = choices.arbitrary()?;
    let bits = |byte: u8| Some(byte).filter(|byte| (8..=15).contains(byte));
    Ok(DeflateTerms {
        server_no_context_takeover: takeover & 1 != 0,
        client_no_context_takeover: takeover & 2 != 0,
        server_max_window_bits: bits(server & 15),
        client_max_window_bits: match bits(client & 15) {
            Some(bits) => ClientWindow::Bits(bits),
            None if client & 1 == 0 => ClientWindow::Unsaid,
            None => ClientWindow::Limitable,
        },
    })
}

/// An element of the list, with its name in any case.
#[derive(Debug)]
struct Element {
    name: &'static str,
    parameters: Vec<(&'static str, Option<String>)>,
}

fn elements(choices: &mut Unstructured<'_>) -> Result<Vec<Element>> {
    let count: u8 = choices.arbitrary()?;
    (0..count % 4).map(|_| element(choices)).collect()
}

fn element(choices: &mut Unstructured<'_>) -> Result<Element> {
    let (name, count): (u8, u8) = choices.arbitrary()?;
    let name = match name {
        0..16 => "x-webkit-deflate-frame",
        16..32 => "permessage deflate",
        32..128 => "Permessage-Deflate",
        128.. => NAME,
    };
    let mut parameters = Vec::new();
    for _ in 0..count % 6 {
        let (which, value): (u8, u8) = choices.arbitrary()?;
        let name = match which {
            240.. => *choices.choose(&["x", "server_no_context_takeover_", "", "SERVER_MAX_WINDOW_BITS"])?,
            _ => PARAMETERS[usize::from(which & 3)],
        };
        let value = match value {
            ..120 if name.ends_with("takeover") => None,
            ..40 => None,
            40..220 => Some((8 + value % 8).to_string()),
            _ => Some((*choices.choose(&["7", "16", "08", "+8", "", "a b", "1 0", "٨", "15", "8\u{a0}"])?).to_owned()),
        };
        parameters.push((name, value));
    }
    Ok(Element { name, parameters })
}

impl Element {
    /// Whether it is an extension by its grammar (RFC 6455, 9.1).
    fn is_extension(&self) -> bool {
        let is_token =
            |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_+".contains(&b));
        let mut parameters = self.parameters.iter();
        let fits = |value: &Option<String>| value.as_deref().is_none_or(is_token);
        is_token(self.name) && parameters.all(|(name, value)| is_token(name) && fits(value))
    }

    /// The parameters, if they are right (RFC 7692, 7.1).
    fn terms(&self) -> Option<DeflateTerms> {
        if !self.is_extension() || !self.name.eq_ignore_ascii_case(NAME) {
            return None;
        }
        let mut values: [Option<Option<&str>>; 4] = [None; 4];
        for (name, value) in &self.parameters {
            let place = PARAMETERS.iter().position(|known| known.eq_ignore_ascii_case(name))?;
            if values[place].replace(value.as_deref()).is_some() {
                return None;
            }
        }
        let bits = |value: &str| ["8", "9", "10", "11", "12", "13", "14", "15"].iter().position(|bits| *bits == value);
        let bits = |value| bits(value).map(|place| 8 + place as u8);
        let flag = |value: Option<Option<&str>>| match value {
            Some(Some(_)) => None,
            value => Some(value.is_some()),
        };
        Some(DeflateTerms {
            server_no_context_takeover: flag(values[0])?,
            client_no_context_takeover: flag(values[1])?,
            server_max_window_bits: match values[2] {
                None => None,
                Some(value) => Some(bits(value?)?),
            },
            client_max_window_bits: match values[3] {
                None => ClientWindow::Unsaid,
                Some(None) => ClientWindow::Limitable,
                Some(Some(value)) => ClientWindow::Bits(bits(value)?),
            },
        })
    }
}

/// The elements as the values of one header or more, with spaces and quotes where they may be.
fn written(elements: &[Element], choices: &mut Unstructured<'_>) -> Result<Vec<String>> {
    let mut values: Vec<String> = Vec::new();
    for Element { name, parameters } in elements {
        let spaces = [*choices.choose(&["", " ", "\t"])?, *choices.choose(&[" ", "", " \t "])?];
        let mut text = (*name).to_owned();
        for (name, value) in parameters {
            text.extend([spaces[0], ";", spaces[1], name]);
            let quote = bool::arbitrary(choices)?;
            match value {
                Some(value) if quote => text.extend([spaces[0], "=", spaces[1], "\"", value, "\""]),
                Some(value) => text.extend([spaces[0], "=", spaces[1], value]),
                None => {}
            }
        }
        match values.last_mut() {
            Some(last) if bool::arbitrary(choices)? => last.extend([spaces[0], ",", spaces[1], &text]),
            _ => values.push(text),
        }
    }
    Ok(values)
}

fn noise(choices: &mut Unstructured<'_>) -> String {
    String::from_utf8_lossy(choices.bytes(choices.len()).unwrap_or_default()).replace(['\r', '\n'], "")
}

/// A good request with these values of the header; none where they can't stand in one.
fn request(values: &[String]) -> Option<RequestHead> {
    let head = format!(
        "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {KEY}\r\n\
         Sec-WebSocket-Version: 13\r\n{}\r\n",
        fields(values)
    );
    RequestHead::parse(head.into_bytes()).ok()
}

/// A good response with these values of the header; none where they can't stand in one.
fn response(values: &[String]) -> Option<ResponseHead> {
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {}\r\n{}\r\n",
        accept_for(KEY),
        fields(values)
    );
    ResponseHead::parse(head.into_bytes()).ok()
}

fn fields(values: &[String]) -> String {
    values.iter().flat_map(|value| [EXTENSIONS, ": ", value, "\r\n"]).collect()
}
