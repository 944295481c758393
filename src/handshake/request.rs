//! The client's request, byte for byte (RFC 6455, 4.1).
//!
//! Invariant: what [`Request::bytes`] gives is one well-formed head, whatever the options hold; what could add a line
//! or a field to it is refused when it is built.

use super::checks::Offer;
use super::deflate::DeflateTerms;
use super::grammar::{self, Misplaced};
use super::head::redact;
use super::header::Header;
use super::key::{KeyError, check_key};
use super::printable::printable;
use super::secret::{Authorization, Secret};
use super::target::Target;

/// How many bytes of a wrong name are shown.
const SHOWN: usize = 200;

/// What a client puts into its request besides what the handshake demands.
///
/// A header in `headers` takes the place of the one of the same name that would be sent otherwise, and one without a
/// value leaves it out.
#[derive(Debug, Clone, Default)]
pub struct RequestOptions {
    /// `--host`: the value of `Host`, where it shall not be the URL's.
    pub host: Option<String>,
    /// `--origin`.
    pub origin: Option<String>,
    /// `-s`: the subprotocols offered, the preferred one first.
    pub subprotocols: Vec<String>,
    /// `--compress`: an offer of permessage-deflate.
    pub compress: Option<DeflateTerms>,
    /// `-u` or `--bearer`; it goes before credentials in the URL.
    pub authorization: Option<Authorization>,
    /// `--cookie`: each `name=value`, sent as one `Cookie` header.
    pub cookies: Vec<Secret>,
    /// `-H`.
    pub headers: Vec<Header>,
}

/// Why a request can't be built. No message shows a credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The key is wrong.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A subprotocol without a name.
    #[error("a subprotocol has no name: give one with -s NAME")]
    NoSubprotocol,
    /// A subprotocol name that is no token.
    #[error(
        "subprotocol `{}` has {found}: a name is made of letters, digits and !#$%&'*+-.^_`|~; give each one its own -s",
        printable(name.as_bytes(), SHOWN)
    )]
    Subprotocol {
        /// The name.
        name: String,
        /// The character.
        found: Misplaced,
    },
    /// The same subprotocol twice.
    #[error("subprotocol `{0}` is offered twice: RFC 6455, 4.1 (10) wants each once; drop one -s")]
    DuplicateSubprotocol(String),
    /// A character that can't stand in the value of an option.
    #[error("the value of {option} has {found}, which can't be sent in a header")]
    Value {
        /// The option, or `the URL`.
        option: &'static str,
        /// The character.
        found: Misplaced,
    },
}

/// A request, ready to be sent, and what its answer has to be checked against.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    bytes: Vec<u8>,
    offer: Offer,
}

impl Request {
    /// The request for `target`. `key` is a fresh one of [`generate_key`](super::generate_key).
    pub fn new(target: &Target, options: &RequestOptions, key: &str) -> Result<Self, RequestError> {
        check_key(key)?;
        check_subprotocols(&options.subprotocols)?;
        let resource = checked("the URL", &target.resource, |c| !c.is_ascii_graphic())?;
        let mut head = format!("GET {resource} HTTP/1.1\r\n");
        for (name, value) in fields(target, options, key)? {
            for part in [name, ": ", &value, "\r\n"] {
                head.push_str(part);
            }
        }
        head.push_str("\r\n");
        let offer = Offer {
            key: key.to_owned(),
            subprotocols: options.subprotocols.clone(),
            extensions: options.compress.iter().map(DeflateTerms::to_string).collect(),
        };
        Ok(Self { bytes: head.into_bytes(), offer })
    }

    /// The head exactly as it is sent.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The head with `***` for the values of `Authorization`, `Proxy-Authorization` and `Cookie`, for logs.
    #[must_use]
    pub fn redacted(&self) -> String {
        String::from_utf8_lossy(&redact(&self.bytes)).into_owned()
    }

    /// What was offered, for [`response_checks`](super::response_checks).
    #[must_use]
    pub fn offer(&self) -> &Offer {
        &self.offer
    }
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.redacted())
    }
}

/// Whether each name is a token, and none stands twice (RFC 6455, 4.1 (10)). A server's own list obeys the same rule.
pub fn check_subprotocols(names: &[String]) -> Result<(), RequestError> {
    for (index, name) in names.iter().enumerate() {
        if name.is_empty() {
            return Err(RequestError::NoSubprotocol);
        }
        if let Some(found) = grammar::outside_token(name) {
            return Err(RequestError::Subprotocol { name: name.clone(), found });
        }
        if names[..index].contains(name) {
            return Err(RequestError::DuplicateSubprotocol(name.clone()));
        }
    }
    Ok(())
}

/// The fields in the order in which they are sent: the handshake's own, the optional ones, then those of `-H`.
fn fields<'a>(target: &Target, options: &'a RequestOptions, key: &str) -> Result<Vec<(&'a str, String)>, RequestError> {
    let own_host = options.headers.iter().rev().find(|header| header.is("Host")).and_then(Header::value);
    let (option, host) = match own_host.or(options.host.as_deref()) {
        Some(host) => ("--host", host.to_owned()),
        None => ("the URL", target.authority()),
    };
    let host = checked(option, &host, |c| c.is_control() || c == ' ' || !c.is_ascii())?;
    let mut fields = vec![
        ("Host", host),
        ("Upgrade", "websocket".to_owned()),
        ("Connection", "Upgrade".to_owned()),
        ("Sec-WebSocket-Key", key.to_owned()),
        ("Sec-WebSocket-Version", "13".to_owned()),
    ];
    let replaced = |name: &str| options.headers.iter().any(|header| header.is(name));
    fields.extend(optional_fields(target, options)?.into_iter().filter(|(name, _)| !replaced(name)));
    for header in options.headers.iter().filter(|header| !header.is("Host")) {
        if let Some(value) = header.value() {
            fields.push((header.name(), value.to_owned()));
        }
    }
    Ok(fields)
}

fn optional_fields(target: &Target, options: &RequestOptions) -> Result<Vec<(&'static str, String)>, RequestError> {
    let control = |c: char| c.is_control() && c != '\t';
    let mut fields = Vec::new();
    if let Some(origin) = &options.origin {
        fields.push(("Origin", checked("--origin", origin, control)?));
    }
    if !options.subprotocols.is_empty() {
        fields.push(("Sec-WebSocket-Protocol", options.subprotocols.join(", ")));
    }
    if let Some(offer) = &options.compress {
        fields.push(("Sec-WebSocket-Extensions", offer.to_string()));
    }
    let from_url = || target.credentials.clone().map(Authorization::Basic);
    if let Some(authorization) = options.authorization.clone().or_else(from_url) {
        let value = authorization.value();
        let value = value.map_err(|found| RequestError::Value { option: "--bearer", found })?;
        fields.push(("Authorization", value));
    }
    if !options.cookies.is_empty() {
        let cookies = options.cookies.iter().map(|cookie| checked("--cookie", cookie.expose(), control));
        fields.push(("Cookie", cookies.collect::<Result<Vec<_>, _>>()?.join("; ")));
    }
    fields.push(("User-Agent", concat!("wspipe/", env!("CARGO_PKG_VERSION")).to_owned()));
    Ok(fields)
}

fn checked(option: &'static str, value: &str, is_wrong: impl Fn(char) -> bool) -> Result<String, RequestError> {
    match Misplaced::first(value, is_wrong) {
        Some(found) => Err(RequestError::Value { option, found }),
        None => Ok(value.to_owned()),
    }
}

#[cfg(test)]
mod tests;
