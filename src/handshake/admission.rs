//! Whether a request that is a good handshake may come in.

use super::head::RequestHead;
use super::origin::{as_pattern, may_connect};
use super::printable::printable;
use super::response::{Answer, ServerOptions, refusal};
use super::token;

/// How much of an origin that is none is shown, in bytes.
const SHOWN: usize = 200;

/// What a client that offers its token as a subprotocol may offer besides: a browser wants one of those offered to be chosen,
/// and the token can't be, for the answer would show it.
const PLAIN: &str = "wspipe";

/// The refusal of a request from a page that may not connect (403), without the credentials that are asked for (401), or
/// without a subprotocol that fits (400).
pub(super) fn refuses(request: &RequestHead, options: &ServerOptions) -> Option<Answer> {
    if let Some(refusal) = refuses_stranger(request, options) {
        return Some(refusal);
    }
    if options.needs_subprotocol && spoken(request, options).is_none() {
        let names = options.subprotocols.join(", ");
        let why = format!("A subprotocol is wanted here (Sec-WebSocket-Protocol), one of: {names}.");
        return Some(refusal(Some(request), 400, &[], &why));
    }
    None
}

/// The refusal of a request from a page that may not connect (403), or without the credentials that are asked for (401).
pub(super) fn refuses_stranger(request: &RequestHead, options: &ServerOptions) -> Option<Answer> {
    if !may_connect(&request.head, &options.origins) {
        return Some(refusal(Some(request), 403, &[], &foreign_page(request)));
    }
    options.login.refuses(request)
}

/// The subprotocol that is chosen: never a token.
pub(super) fn subprotocol(request: &RequestHead, options: &ServerOptions) -> Option<String> {
    let is_plain = || options.login.token.is_some() && offered(request, options).iter().any(|name| name == PLAIN);
    spoken(request, options).cloned().or_else(|| is_plain().then(|| PLAIN.to_owned()))
}

/// The first of our subprotocols that is offered.
fn spoken<'a>(request: &RequestHead, options: &'a ServerOptions) -> Option<&'a String> {
    let offered = offered(request, options);
    options.subprotocols.iter().find(|own| offered.contains(own))
}

fn offered(request: &RequestHead, options: &ServerOptions) -> Vec<String> {
    let mut names = request.head.tokens(token::SUBPROTOCOLS);
    names.retain(|name| options.login.token.is_none() || !token::is_name(name));
    names
}

/// Says where a page is from, and what would let it in.
fn foreign_page(request: &RequestHead) -> String {
    let origins: Vec<&[u8]> = request.head.values("Origin").collect();
    match origins[..] {
        [origin] => match as_pattern(origin) {
            Some(origin) => format!("The page is from {origin} (Origin); --allow-origin {origin} lets it in."),
            None => format!("The page is from `{}` (Origin), which is no origin.", printable(origin, SHOWN)),
        },
        _ => format!("The request has {} Origins, where a page has one.", origins.len()),
    }
}
