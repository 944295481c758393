//! permessage-deflate as it is negotiated (RFC 7692, 5 and 7.1).
//!
//! Invariant: a client takes only an answer to what it offered, to the letter; a server passes over an offer that it can't
//! read or keep, and takes the next one.

use std::fmt;
use std::str::FromStr;

use super::extension::Extension;
use super::printable::printable;
use crate::protocol::{DeflateParams, Role};

/// How many bytes of a wrong parameter or value are shown.
const SHOWN: usize = 200;
/// The extension's name.
const NAME: &str = "permessage-deflate";

const SERVER_NO_CONTEXT_TAKEOVER: &str = "server_no_context_takeover";
const CLIENT_NO_CONTEXT_TAKEOVER: &str = "client_no_context_takeover";
const SERVER_MAX_WINDOW_BITS: &str = "server_max_window_bits";
const CLIENT_MAX_WINDOW_BITS: &str = "client_max_window_bits";

/// The four parameters, as they stand in an offer, in an answer, or in `--compress`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeflateTerms {
    /// The server forgets each message before it compresses the next (RFC 7692, 7.1.1.1).
    pub server_no_context_takeover: bool,
    /// The client does so (RFC 7692, 7.1.1.2).
    pub client_no_context_takeover: bool,
    /// The base-2 logarithm of the server's window, 8 to 15, at most (RFC 7692, 7.1.2.1).
    pub server_max_window_bits: Option<u8>,
    /// The client's window (RFC 7692, 7.1.2.2).
    pub client_max_window_bits: ClientWindow,
}

/// What is said about the window of the client's compression.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ClientWindow {
    /// Nothing: it can't be limited.
    #[default]
    Unsaid,
    /// It may be limited; only an offer says so.
    Limitable,
    /// The base-2 logarithm of its size in bytes, 8 to 15, at most.
    Bits(u8),
}

/// What was agreed on, for each direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeflateAgreement {
    /// How the client compresses.
    pub client: DeflateParams,
    /// How the server compresses.
    pub server: DeflateParams,
}

/// What is wrong with parameters, or with an answer; displayed it goes on from `…, `.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeflateError {
    /// A parameter that the extension does not have.
    #[error("`{}` is no parameter of permessage-deflate", printable(.0.as_bytes(), SHOWN))]
    Unknown(String),
    /// A parameter that stands twice.
    #[error("`{0}` stands there twice")]
    Duplicate(&'static str),
    /// A value that the parameter can't have; none where one is needed.
    #[error("{}", value_words(.0, .1.as_deref()))]
    Value(&'static str, Option<String>),
    /// An answer limits what was not offered to be limited.
    #[error("`client_max_window_bits` was not offered")]
    NotOffered,
    /// An answer does not grant what was asked for.
    #[error("`{0}`, which was asked for, is not granted")]
    NotGranted(&'static str),
}

fn value_words(name: &str, value: Option<&str>) -> String {
    let wanted = if name.ends_with("bits") { "wants a number from 8 to 15" } else { "has no value" };
    match value {
        Some(value) => format!("`{name}` {wanted}, not `{}`", printable(value.as_bytes(), SHOWN)),
        None => format!("`{name}` {wanted}"),
    }
}

impl DeflateError {
    /// The clause of RFC 7692 that is broken.
    #[must_use]
    pub fn clause(&self) -> &'static str {
        match self {
            DeflateError::Unknown(_) | DeflateError::Duplicate(_) => "RFC 7692, 7.1",
            DeflateError::NotOffered => "RFC 7692, 7.1.2.2",
            DeflateError::Value(name, _) | DeflateError::NotGranted(name) => match *name {
                SERVER_NO_CONTEXT_TAKEOVER => "RFC 7692, 7.1.1.1",
                CLIENT_NO_CONTEXT_TAKEOVER => "RFC 7692, 7.1.1.2",
                SERVER_MAX_WINDOW_BITS => "RFC 7692, 7.1.2.1",
                _ => "RFC 7692, 7.1.2.2",
            },
        }
    }
}

impl DeflateTerms {
    /// The offer of browsers: the server may limit the client's window, and nothing is asked for.
    #[must_use]
    pub fn plain_offer() -> Self {
        DeflateTerms { client_max_window_bits: ClientWindow::Limitable, ..DeflateTerms::default() }
    }

    /// The window, in bits, that these terms give to the compressor of `role`, if they say.
    #[must_use]
    pub fn window_of(self, role: Role) -> Option<u8> {
        match (role, self.client_max_window_bits) {
            (Role::Server, _) => self.server_max_window_bits,
            (Role::Client, ClientWindow::Bits(bits)) => Some(bits),
            (Role::Client, _) => None,
        }
    }

    /// What an answer makes of this offer (RFC 7692, 7.1).
    fn answered_by(self, answer: DeflateTerms) -> Result<DeflateAgreement, DeflateError> {
        if self.server_no_context_takeover && !answer.server_no_context_takeover {
            return Err(DeflateError::NotGranted(SERVER_NO_CONTEXT_TAKEOVER));
        }
        if self.server_max_window_bits.is_some_and(|most| answer.server_max_window_bits.is_none_or(|bits| bits > most))
        {
            return Err(DeflateError::NotGranted(SERVER_MAX_WINDOW_BITS));
        }
        match (self.client_max_window_bits, answer.client_max_window_bits) {
            (_, ClientWindow::Limitable) => return Err(DeflateError::Value(CLIENT_MAX_WINDOW_BITS, None)),
            (ClientWindow::Unsaid, ClientWindow::Bits(_)) => return Err(DeflateError::NotOffered),
            _ => {}
        }
        Ok(self.agreement(answer))
    }

    /// What a server with these terms answers to an offer; none if it can't take it.
    fn answer_to(self, offer: DeflateTerms) -> Option<DeflateTerms> {
        let client_max_window_bits = match (self.client_max_window_bits, offer.client_max_window_bits) {
            (ClientWindow::Bits(_), ClientWindow::Unsaid) => return None,
            (ClientWindow::Bits(own), ClientWindow::Bits(theirs)) => ClientWindow::Bits(own.min(theirs)),
            (ClientWindow::Bits(own), ClientWindow::Limitable) => ClientWindow::Bits(own),
            // A client that says how large its window is keeps to it by itself.
            (ClientWindow::Unsaid | ClientWindow::Limitable, _) => ClientWindow::Unsaid,
        };
        Some(DeflateTerms {
            server_no_context_takeover: self.server_no_context_takeover || offer.server_no_context_takeover,
            client_no_context_takeover: self.client_no_context_takeover || offer.client_no_context_takeover,
            server_max_window_bits: [self.server_max_window_bits, offer.server_max_window_bits]
                .into_iter()
                .flatten()
                .min(),
            client_max_window_bits,
        })
    }

    /// What holds once this offer has been given that answer.
    fn agreement(self, answer: DeflateTerms) -> DeflateAgreement {
        let client_bits = [self.window_of(Role::Client), answer.window_of(Role::Client)];
        DeflateAgreement {
            client: DeflateParams {
                context_takeover: !self.client_no_context_takeover && !answer.client_no_context_takeover,
                window_bits: client_bits.into_iter().flatten().min().unwrap_or(15),
            },
            server: DeflateParams {
                context_takeover: !answer.server_no_context_takeover,
                window_bits: answer.server_max_window_bits.unwrap_or(15),
            },
        }
    }

    /// The parameters of an element of that name; none for an element of another name.
    fn of(element: &Extension) -> Option<Result<Self, DeflateError>> {
        let parameters = element.parameters.iter().map(|(name, value)| (name.as_str(), value.as_deref()));
        element.is(NAME).then(|| Self::read(parameters))
    }

    fn read<'a>(parameters: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> Result<Self, DeflateError> {
        const KNOWN: [&str; 4] =
            [SERVER_NO_CONTEXT_TAKEOVER, CLIENT_NO_CONTEXT_TAKEOVER, SERVER_MAX_WINDOW_BITS, CLIENT_MAX_WINDOW_BITS];
        let mut terms = DeflateTerms::default();
        let mut seen = Vec::new();
        for (name, value) in parameters {
            let known = KNOWN.into_iter().find(|known| known.eq_ignore_ascii_case(name));
            let name = known.ok_or_else(|| DeflateError::Unknown(name.to_owned()))?;
            if seen.contains(&name) {
                return Err(DeflateError::Duplicate(name));
            }
            seen.push(name);
            let wrong = || DeflateError::Value(name, value.map(str::to_owned));
            match (name, value) {
                (SERVER_NO_CONTEXT_TAKEOVER, None) => terms.server_no_context_takeover = true,
                (CLIENT_NO_CONTEXT_TAKEOVER, None) => terms.client_no_context_takeover = true,
                (SERVER_MAX_WINDOW_BITS, Some(value)) => {
                    terms.server_max_window_bits = Some(window_bits(value).ok_or_else(wrong)?);
                }
                (CLIENT_MAX_WINDOW_BITS, Some(value)) => {
                    terms.client_max_window_bits = ClientWindow::Bits(window_bits(value).ok_or_else(wrong)?);
                }
                (CLIENT_MAX_WINDOW_BITS, None) => terms.client_max_window_bits = ClientWindow::Limitable,
                _ => return Err(wrong()),
            }
        }
        Ok(terms)
    }
}

/// A decimal number from 8 to 15 without leading zeros (RFC 7692, 7.1.2).
fn window_bits(value: &str) -> Option<u8> {
    let bits = value.parse().ok().filter(|bits| (8..=15).contains(bits))?;
    (!value.starts_with(['0', '+'])).then_some(bits)
}

impl fmt::Display for DeflateTerms {
    /// An element of `Sec-WebSocket-Extensions`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAME)?;
        if self.server_no_context_takeover {
            write!(f, "; {SERVER_NO_CONTEXT_TAKEOVER}")?;
        }
        if self.client_no_context_takeover {
            write!(f, "; {CLIENT_NO_CONTEXT_TAKEOVER}")?;
        }
        if let Some(bits) = self.server_max_window_bits {
            write!(f, "; {SERVER_MAX_WINDOW_BITS}={bits}")?;
        }
        match self.client_max_window_bits {
            ClientWindow::Unsaid => Ok(()),
            ClientWindow::Limitable => write!(f, "; {CLIENT_MAX_WINDOW_BITS}"),
            ClientWindow::Bits(bits) => write!(f, "; {CLIENT_MAX_WINDOW_BITS}={bits}"),
        }
    }
}

/// `server_no_context_takeover,client_max_window_bits=10`, as `--compress` takes it.
impl FromStr for DeflateTerms {
    type Err = DeflateError;

    fn from_str(text: &str) -> Result<Self, DeflateError> {
        let trim = |text| str::trim_matches(text, [' ', '\t']);
        let parameters = text.split(',').map(|parameter| match parameter.split_once('=') {
            Some((name, value)) => (trim(name), Some(trim(value))),
            None => (trim(parameter), None),
        });
        Self::read(parameters)
    }
}

impl DeflateAgreement {
    /// An element of `Sec-WebSocket-Extensions` that says the same.
    #[must_use]
    pub fn extension(&self) -> String {
        let bits = |params: DeflateParams| Some(params.window_bits).filter(|bits| *bits < 15);
        let terms = DeflateTerms {
            server_no_context_takeover: !self.server.context_takeover,
            client_no_context_takeover: !self.client.context_takeover,
            server_max_window_bits: bits(self.server),
            client_max_window_bits: bits(self.client).map_or(ClientWindow::Unsaid, ClientWindow::Bits),
        };
        terms.to_string()
    }

    /// How `role` compresses what it sends.
    #[must_use]
    pub fn sent_by(&self, role: Role) -> DeflateParams {
        match role {
            Role::Client => self.client,
            Role::Server => self.server,
        }
    }
}

impl fmt::Display for DeflateAgreement {
    /// `permessage-deflate, client: 32 KiB window, context kept; server: 1 KiB window, each message by itself`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{NAME}, client: {}; server: {}", in_words(self.client), in_words(self.server))
    }
}

fn in_words(params: DeflateParams) -> String {
    let window = match params.window_bits {
        bits @ 10.. => format!("{} KiB", 1 << (bits - 10)),
        bits => format!("{} bytes", 1 << bits),
    };
    let context = if params.context_takeover { "context kept" } else { "each message by itself" };
    format!("{window} window, {context}")
}

/// Why the extensions of an answer are wrong.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AnswerFault {
    /// An element that is none.
    Grammar(String),
    /// An extension that was not offered.
    NotOffered(String),
    /// An extension that stands twice.
    Twice,
    /// Parameters.
    Deflate(DeflateError),
}

/// What the elements of an answer's `Sec-WebSocket-Extensions` agree on, given those of the offer. Nothing but
/// permessage-deflate is known here; an extension that somebody else offered is taken as it is.
pub(super) fn read_answer(offered: &[String], answered: &[String]) -> Result<Option<DeflateAgreement>, AnswerFault> {
    let offered: Vec<Extension> = offered.iter().filter_map(|element| Extension::parse(element)).collect();
    let offers: Vec<DeflateTerms> = offered.iter().filter_map(DeflateTerms::of).filter_map(Result::ok).collect();
    let mut agreement = None;
    for element in answered {
        let Some(extension) = Extension::parse(element) else {
            return Err(AnswerFault::Grammar(element.clone()));
        };
        if !offered.iter().any(|offer| offer.is(&extension.name)) {
            return Err(AnswerFault::NotOffered(extension.name));
        }
        let Some(terms) = DeflateTerms::of(&extension) else {
            continue;
        };
        if agreement.is_some() {
            return Err(AnswerFault::Twice);
        }
        let terms = terms.map_err(AnswerFault::Deflate)?;
        let mut agreements = offers.iter().map(|offer| offer.answered_by(terms));
        let first = agreements.next().ok_or(AnswerFault::NotOffered(extension.name))?;
        agreement = Some(agreements.fold(first, Result::or).map_err(AnswerFault::Deflate)?);
    }
    Ok(agreement)
}

/// What a server with these terms makes of the offers in a request: its answer, and what holds then; none if it takes none.
pub(super) fn answer_offers(own: DeflateTerms, offered: &[String]) -> Option<(DeflateTerms, DeflateAgreement)> {
    let extensions = offered.iter().filter_map(|element| Extension::parse(element));
    let mut offers = extensions.filter_map(|extension| DeflateTerms::of(&extension)).filter_map(Result::ok);
    offers.find_map(|offer| own.answer_to(offer).map(|answer| (answer, offer.agreement(answer))))
}

#[cfg(test)]
mod tests;
