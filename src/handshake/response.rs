//! The server's answer to a request, byte for byte (RFC 6455, 4.2.2).
//!
//! Invariant: a request that breaks a rule of [`request_checks`] is refused with a complete,
//! true HTTP/1.1 response, whose body says in a sentence or two what is wrong.

use std::fmt::Write as _;

use super::admission;
use super::checks::{Check, METHOD, UPGRADE, VERSION, request_checks};
use super::deflate::{DeflateAgreement, DeflateTerms, answer_offers};
use super::head::RequestHead;
use super::header::Header;
use super::key::accept_for;
use super::login::Login;
use super::origin::OriginPattern;
use super::page::{Page, asks_for_page};
use super::printable::printable;

/// What a server puts into its answers, and whom it answers.
#[derive(Debug, Clone, Default)]
pub struct ServerOptions {
    /// The subprotocols it speaks, the preferred one first.
    pub subprotocols: Vec<String>,
    /// `--require-subprotocol`: who offers none of them is refused.
    pub needs_subprotocol: bool,
    /// `--compress`: permessage-deflate is taken from clients that offer it, on these terms.
    pub compress: Option<DeflateTerms>,
    /// `-H`: headers of an answer that accepts. One without a value adds nothing.
    pub headers: Vec<Header>,
    /// `--path`: the only path served. Queries don't matter.
    pub path: Option<String>,
    /// `--allow-origin`: the pages that may connect; without any, those of the host that is asked for.
    pub origins: Vec<OriginPattern>,
    /// `--user` and `--token`.
    pub login: Login,
    /// `--trust-proxy`: a proxy stands in front, and says who its clients are.
    pub trusts_proxy: bool,
    /// `--page`: what browsers get where the WebSocket is.
    pub page: Option<Page>,
    /// Whether the server is reached by `wss`, so that its hints are true.
    pub secure: bool,
}

/// What a server says to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The handshake is done once `bytes` are sent.
    Accept {
        /// The whole head.
        bytes: Vec<u8>,
        /// The subprotocol chosen.
        subprotocol: Option<String>,
        /// The compression agreed on.
        compression: Option<DeflateAgreement>,
    },
    /// This is a browser that asks for the page, and the connection closes once `bytes` are sent.
    Page {
        /// The whole response.
        bytes: Vec<u8>,
    },
    /// There is no handshake, and the connection closes once `bytes` are sent.
    Refuse {
        /// The status.
        status: u16,
        /// The whole response, with its body.
        bytes: Vec<u8>,
        /// The body's text, for the server's own messages. Safe to print.
        why: String,
    },
}

/// Answers a request: accepts it, shows the page if there is one and it asks for one, or says what is wrong with it.
///
/// | what is wrong | status |
/// | --- | --- |
/// | another path than `--path`, or the page's icon by the name that browsers guess | 404 |
/// | the method is not GET | 405, with `Allow: GET`, and HEAD where there is a page |
/// | no `Upgrade: websocket` | 426, with `Upgrade: websocket` |
/// | another version than 13 | 426, with `Sec-WebSocket-Version: 13` |
/// | anything else about the handshake | 400 |
/// | a page that may not connect | 403 |
/// | no credentials, or others | 401, with `WWW-Authenticate` |
/// | no subprotocol that fits, where one is needed | 400 |
///
/// What a caller asks for besides (room for one more client) it refuses with [`refusal`].
#[must_use]
pub fn answer(request: &RequestHead, options: &ServerOptions) -> Answer {
    if options.path.as_deref().is_some_and(|path| path != request.path()) {
        let path = printable(request.path().as_bytes(), 100);
        return refusal(Some(request), 404, &[], &format!("There is no WebSocket endpoint at {path}."));
    }
    if let Some(page) = options.page.as_ref().filter(|_| asks_for_page(request)) {
        return admission::refuses_stranger(request, options).unwrap_or_else(|| show(page, request));
    }
    match request_checks(request).iter().find(|check| check.failed()) {
        Some(failed) => refuse(request, failed, options),
        None => admission::refuses(request, options).unwrap_or_else(|| accept(request, options)),
    }
}

/// A response that refuses, for any reason. `why` is its body, `fields` are headers besides those that every refusal
/// has. Without a request (408, 431) the body is always sent; a HEAD request gets none (RFC 9110, 9.3.2).
#[must_use]
pub fn refusal(request: Option<&RequestHead>, status: u16, fields: &[(&str, &str)], why: &str) -> Answer {
    // RFC 9110, 7.8: whoever sends Upgrade names it in Connection.
    let is_upgrade = fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("Upgrade"));
    let connection = if is_upgrade { "Upgrade, close" } else { "close" };
    let body = format!("{why}\n");
    let mut text = format!("HTTP/1.1 {status} {}\r\n", reason(status));
    for (name, value) in fields {
        push_field(&mut text, name, value);
    }
    push_field(&mut text, "Connection", connection);
    push_field(&mut text, "Content-Type", "text/plain; charset=utf-8");
    push_field(&mut text, "Content-Length", &body.len().to_string());
    text.push_str("\r\n");
    if request.is_none_or(|request| request.method != "HEAD") {
        text.push_str(&body);
    }
    Answer::Refuse { status, bytes: text.into_bytes(), why: why.to_owned() }
}

fn show(page: &Page, request: &RequestHead) -> Answer {
    if request.path() == "/favicon.ico" {
        return refusal(Some(request), 404, &[], "There is no icon.");
    }
    Answer::Page { bytes: page.response(request) }
}

fn accept(request: &RequestHead, options: &ServerOptions) -> Answer {
    let key = request.head.field("Sec-WebSocket-Key").unwrap_or_default();
    let accept = accept_for(&String::from_utf8_lossy(key));
    let subprotocol = admission::subprotocol(request, options);
    let mut text = "HTTP/1.1 101 Switching Protocols\r\n".to_owned();
    push_field(&mut text, "Upgrade", "websocket");
    push_field(&mut text, "Connection", "Upgrade");
    push_field(&mut text, "Sec-WebSocket-Accept", &accept);
    if let Some(name) = &subprotocol {
        push_field(&mut text, "Sec-WebSocket-Protocol", name);
    }
    let offers = request.head.tokens("Sec-WebSocket-Extensions");
    let compression = options.compress.and_then(|own| answer_offers(own, &offers));
    if let Some((answer, _)) = compression {
        push_field(&mut text, "Sec-WebSocket-Extensions", &answer.to_string());
    }
    for header in &options.headers {
        if let Some(value) = header.value() {
            push_field(&mut text, header.name(), value);
        }
    }
    text.push_str("\r\n");
    let compression = compression.map(|(_, agreement)| agreement);
    Answer::Accept { bytes: text.into_bytes(), subprotocol, compression }
}

fn refuse(request: &RequestHead, failed: &Check, options: &ServerOptions) -> Answer {
    let fault = format!("This is no WebSocket handshake. {failed}.");
    match failed.subject {
        METHOD => {
            let why = format!("A WebSocket handshake is a GET request, and this is a {}.", request.method);
            let allowed = if options.page.is_some() { "GET, HEAD" } else { "GET" };
            refusal(Some(request), 405, &[("Allow", allowed)], &why)
        }
        UPGRADE => {
            let url = own_url(request, options.secure);
            let why = format!("This is a WebSocket endpoint, not a web page. Try: wspipe connect {url}");
            refusal(Some(request), 426, &[("Upgrade", "websocket")], &why)
        }
        VERSION => {
            let fields = [("Upgrade", "websocket"), (VERSION, "13")];
            let why = format!("This server speaks version 13 of WebSocket, RFC 6455. {failed}.");
            refusal(Some(request), 426, &fields, &why)
        }
        _ => refusal(Some(request), 400, &[], &fault),
    }
}

/// The URL under which the client reached this server.
fn own_url(request: &RequestHead, secure: bool) -> String {
    let scheme = if secure { "wss" } else { "ws" };
    let is_plain = |host: &&[u8]| host.iter().all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(b));
    let host = request.head.field("Host").filter(is_plain).unwrap_or(b"HOST");
    format!("{scheme}://{}{}", String::from_utf8_lossy(host), printable(request.path().as_bytes(), 200))
}

fn push_field(text: &mut String, name: &str, value: &str) {
    let _ = write!(text, "{name}: {value}\r\n"); // writing to a String can't fail
}

/// The reason phrase of the statuses with which a server of this kind refuses (RFC 9110, 15; RFC 6585).
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Refused",
    }
}

#[cfg(test)]
mod tests;
