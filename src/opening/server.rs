//! The server's side.

use std::fmt;
use std::io::{Read, Write};
use std::time::{Duration, Instant};

use super::{Limits, Rejected, Unread, log_head, read_head};
use crate::handshake::{
    Answer, DeflateAgreement, HeadReader, MAX_HEAD, RequestHead, ServerOptions, answer, forwarded_for, printable,
    refusal, token_dropped_from, without_token,
};
use crate::net::{Connection, Socket, TlsAcceptor};
use crate::records::Opening;

/// How much of a request-target is shown, in bytes.
const SHOWN: usize = 200;
/// How long a refused client may still send before its connection is cut.
const LINGER: Duration = Duration::from_secs(1);

/// A client that was let in.
#[derive(Debug)]
pub struct Accepted {
    /// Its request; a token that let it in is not in the target any more.
    pub request: RequestHead,
    /// Frames that came together with the request.
    pub early: Vec<u8>,
    /// The subprotocol chosen.
    pub subprotocol: Option<String>,
    /// The compression agreed on.
    pub compression: Option<DeflateAgreement>,
    /// Its address by the word of a proxy that is trusted.
    pub forwarded: Option<String>,
}

impl Accepted {
    /// Its address: the one of its connection, which is `peer`, or the one before the proxy.
    #[must_use]
    pub fn address<'a>(&'a self, peer: &'a str) -> &'a str {
        self.forwarded.as_deref().unwrap_or(peer)
    }

    /// What JSON Lines tell of it; `url` is what it is served under, and `peer` the address of its connection.
    #[must_use]
    pub fn opening(&self, url: &str, peer: &str) -> Opening {
        Opening {
            url: url.to_owned(),
            address: self.address(peer).to_owned(),
            target: Some(printable(self.request.target.as_bytes(), SHOWN)),
            subprotocol: self.subprotocol.clone(),
            extensions: self.compression.iter().map(DeflateAgreement::extension).collect(),
            timings: None,
        }
    }

    /// What it asked for and got, in a line that is safe to print: `/chat, subprotocol v1, compression: …`.
    #[must_use]
    pub fn summary(&self) -> String {
        let target = printable(&without_token(self.request.target.as_bytes()), SHOWN);
        let subprotocol = self.subprotocol.iter().map(|name| format!("subprotocol {name}"));
        let compression = self.compression.iter().map(|agreement| format!("compression: {agreement}"));
        std::iter::once(target).chain(subprotocol).chain(compression).collect::<Vec<_>>().join(", ")
    }
}

/// That there is no place for a client, in words for it.
#[derive(Debug)]
pub struct NoPlace {
    /// The status that says so, 502 or 503.
    pub status: u16,
    /// Why, in words for the client.
    pub why: String,
    /// More about it that is not for clients.
    pub detail: Option<String>,
    /// When to try again, in seconds, where that may help.
    pub retry_after: Option<u32>,
}

impl NoPlace {
    /// When a client that is turned away may try again, in seconds.
    pub const RETRY_AFTER: u32 = 5;

    /// The system has no descriptors, threads or processes left for another client.
    pub fn shortage(error: impl fmt::Display) -> Self {
        let seconds = Self::RETRY_AFTER;
        let why = format!("This server has no room for another client now. Try again in {seconds} seconds.");
        NoPlace { status: 503, why, detail: Some(error.to_string()), retry_after: Some(seconds) }
    }

    /// The refusal that says so.
    fn refusal(&self, request: Option<&RequestHead>) -> Answer {
        let seconds = self.retry_after.map(|seconds| seconds.to_string());
        let fields: Vec<_> = seconds.iter().map(|seconds| ("Retry-After", seconds.as_str())).collect();
        refusal(request, self.status, &fields, &self.why)
    }
}

/// Turns somebody away who has not been listened to, and waits for nothing.
pub fn turn_away(socket: Socket, no_place: &NoPlace) {
    let mut connection = Connection::plain(socket);
    let Answer::Refuse { bytes, .. } = no_place.refusal(None) else { return };
    let line = &connection.line;
    let bounded =
        line.set_write_timeout(Some(Duration::ZERO)).and_then(|()| line.set_read_timeout(Some(Duration::ZERO)));
    if bounded.is_ok() && connection.writer.write_all(&bytes).is_ok() && connection.line.end_sending().is_ok() {
        // A request that is not read would make a reset of the end, and the answer might be lost.
        let _ = connection.reader.read(&mut [0; 4096]);
    }
}

/// The connection with a client: over TLS, if there is an acceptor.
///
/// # Errors
/// The client speaks no TLS, or took too long.
pub fn welcome(socket: Socket, tls: Option<&TlsAcceptor>, deadline: Instant) -> Result<Connection, Rejected> {
    let connection = Connection::plain(socket);
    let Some(acceptor) = tls else { return Ok(connection) };
    acceptor
        .secure(connection, Some(deadline))
        .map_err(|error| Rejected::new(format!("TLS: {}", error.seen_by_server())))
}

/// Reads a request and answers it.
///
/// # Errors
/// The client was refused, left, or took too long.
pub fn accept(connection: &mut Connection, options: &ServerOptions, deadline: Instant) -> Result<Accepted, Rejected> {
    let accepted = accept_if(connection, options, deadline, |_| Ok(())).map(|(accepted, ())| accepted);
    accepted.inspect_err(|_| see_off(connection))
}

/// Reads a request and answers it; one that could be accepted is refused if `admit` has no place for it then. Who is not let in
/// is to be [seen off](see_off) when that has been told.
///
/// # Errors
/// The client was refused, left, or took too long.
pub fn accept_if<Place>(
    connection: &mut Connection,
    options: &ServerOptions,
    deadline: Instant,
    admit: impl FnOnce(&Accepted) -> Result<Place, NoPlace>,
) -> Result<(Accepted, Place), Rejected> {
    let limits = Limits::new(deadline, Duration::ZERO, None);
    let mut reader = HeadReader::for_request(MAX_HEAD);
    let early = match read_head(connection, &mut reader, &[], &limits) {
        Ok(early) => early,
        Err(unread) => return Err(not_read(connection, unread)),
    };
    let mut request = match reader.into_request() {
        Ok(request) => request,
        Err(error) => {
            return Err(reject(connection, refusal(None, error.status(), &[], &error.to_string())));
        }
    };
    log_head("request", &request.head.redacted());
    let forwarded = if options.trusts_proxy { forwarded_for(&request.head) } else { None };
    match answer(&request, options) {
        Answer::Accept { bytes, subprotocol, compression } => {
            if options.login.token.is_some() {
                request.target = token_dropped_from(&request.target);
            }
            let accepted = Accepted { request, early, subprotocol, compression, forwarded };
            let place = match admit(&accepted) {
                Ok(place) => place,
                Err(no_place) => {
                    let rejected = reject(connection, no_place.refusal(Some(&accepted.request)));
                    return Err(rejected.because(no_place.detail).coming_from(accepted.forwarded));
                }
            };
            match write(connection, &bytes) {
                Ok(()) => Ok((accepted, place)),
                Err(error) => Err(Rejected::new(format!("went away: {error}")).coming_from(accepted.forwarded)),
            }
        }
        Answer::Page { bytes } => Err(show(connection, &bytes, deadline).coming_from(forwarded)),
        refused @ Answer::Refuse { .. } => Err(reject(connection, refused).coming_from(forwarded)),
    }
}

/// Sends a refusal. That it arrives is seen to by [`see_off`].
#[must_use]
pub fn reject(connection: &mut Connection, refusal: Answer) -> Rejected {
    let Answer::Refuse { status, bytes, why } = refusal else {
        return Rejected::new("nothing to refuse");
    };
    // Whoever has gone learns nothing.
    let _ = write(connection, &bytes);
    Rejected::with_status(status, &why)
}

/// Sends the page, which may be longer than any socket's buffer: each part of it is waited for as long as a handshake is.
fn show(connection: &mut Connection, bytes: &[u8], deadline: Instant) -> Rejected {
    let patience = deadline.saturating_duration_since(Instant::now()).max(LINGER);
    let sent = connection.line.set_write_timeout(Some(patience)).and_then(|()| connection.writer.write_all(bytes));
    if let Err(error) = sent {
        return Rejected::new(format!("went away with half of the page: {error}"));
    }
    Rejected::page()
}

/// Ends the connection of somebody who was not let in, and makes sure that the last word arrives: that may take a second.
pub fn see_off(connection: &mut Connection) {
    if connection.line.end_sending().is_err() {
        return;
    }
    // Closing a socket that holds unread data resets the connection, and the answer might be lost.
    let end = Instant::now() + LINGER;
    let mut forgotten = [0; 4096];
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() || connection.line.set_read_timeout(Some(left)).is_err() {
            return;
        }
        if !connection.reader.read(&mut forgotten).is_ok_and(|count| count > 0) {
            return;
        }
    }
}

fn not_read(connection: &mut Connection, unread: Unread) -> Rejected {
    match unread {
        Unread::Head(error) => reject(connection, refusal(None, error.status(), &[], &error.to_string())),
        Unread::TimedOut => reject(connection, refusal(None, 408, &[], "the handshake took too long")),
        Unread::Cut => Rejected::new("left before its request was complete"),
        Unread::Io(error) => Rejected::new(error.to_string()),
    }
}

fn write(connection: &mut Connection, bytes: &[u8]) -> std::io::Result<()> {
    // An answer is shorter than any socket's buffer; a client that has filled that one is not worth waiting for.
    connection.line.set_write_timeout(Some(LINGER))?;
    connection.writer.write_all(bytes)?;
    connection.line.set_write_timeout(None)
}
