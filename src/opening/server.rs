//! The server's side.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use super::{Limits, Unread, log_head, read_head};
use crate::handshake::{Answer, DeflateAgreement, HeadReader, MAX_HEAD, RequestHead, ServerOptions, answer, refusal};
use crate::net::{Connection, Socket, TlsAcceptor};

/// How long a refused client may still send before its connection is cut.
const LINGER: Duration = Duration::from_secs(1);

/// A client that was let in.
#[derive(Debug)]
pub struct Accepted {
    /// Its request.
    pub request: RequestHead,
    /// Frames that came together with the request.
    pub early: Vec<u8>,
    /// The subprotocol chosen.
    pub subprotocol: Option<String>,
    /// The compression agreed on.
    pub compression: Option<DeflateAgreement>,
}

/// A client that was not let in, and why; it has been told.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Rejected(String);

/// The connection with a client: over TLS, if there is an acceptor.
///
/// # Errors
/// The client speaks no TLS, or took too long.
pub fn welcome(socket: Socket, tls: Option<&TlsAcceptor>, deadline: Instant) -> Result<Connection, Rejected> {
    let connection = Connection::plain(socket);
    let Some(acceptor) = tls else { return Ok(connection) };
    acceptor.secure(connection, Some(deadline)).map_err(|error| Rejected(format!("TLS: {}", error.seen_by_server())))
}

/// Reads a request and answers it.
///
/// # Errors
/// The client was refused, left, or took too long.
pub fn accept(connection: &mut Connection, options: &ServerOptions, deadline: Instant) -> Result<Accepted, Rejected> {
    accept_if(connection, options, deadline, || Ok(())).map(|(accepted, ())| accepted)
}

/// Why there is no place for a client that could be accepted.
#[derive(Debug, Clone)]
pub struct NoPlace {
    /// The status that says so, 502 or 503.
    pub status: u16,
    /// The reason, in words.
    pub why: String,
}

/// Reads a request and answers it; one that could be accepted is refused if `admit` gives it no place then.
///
/// # Errors
/// The client was refused, left, or took too long.
pub fn accept_if<Place>(
    connection: &mut Connection,
    options: &ServerOptions,
    deadline: Instant,
    admit: impl FnOnce() -> Result<Place, NoPlace>,
) -> Result<(Accepted, Place), Rejected> {
    let limits = Limits::new(deadline, Duration::ZERO, None);
    let mut reader = HeadReader::for_request(MAX_HEAD);
    let early = match read_head(connection, &mut reader, &[], &limits) {
        Ok(early) => early,
        Err(unread) => return Err(not_read(connection, unread)),
    };
    let request = match reader.into_request() {
        Ok(request) => request,
        Err(error) => {
            return Err(reject(connection, refusal(None, error.status(), &[], &error.to_string())));
        }
    };
    log_head("request", &request.head.redacted());
    match answer(&request, options) {
        Answer::Accept { bytes, subprotocol, compression } => {
            let place = match admit() {
                Ok(place) => place,
                Err(NoPlace { status, why }) => {
                    return Err(reject(connection, refusal(Some(&request), status, &[], &why)));
                }
            };
            write(connection, &bytes).map_err(|error| Rejected(format!("went away: {error}")))?;
            Ok((Accepted { request, early, subprotocol, compression }, place))
        }
        refused @ Answer::Refuse { .. } => Err(reject(connection, refused)),
    }
}

/// Sends a refusal, and makes sure that it arrives.
#[must_use]
pub fn reject(connection: &mut Connection, refusal: Answer) -> Rejected {
    let Answer::Refuse { status, bytes, why } = refusal else {
        return Rejected("nothing to refuse".into());
    };
    let words = Rejected(format!("{status}: {why}"));
    if write(connection, &bytes).is_err() || connection.line.end_sending().is_err() {
        return words;
    }
    // Closing a socket that holds unread data resets the connection, and the answer might be lost.
    let end = Instant::now() + LINGER;
    let mut forgotten = [0; 4096];
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() || connection.line.set_read_timeout(Some(left)).is_err() {
            return words;
        }
        if !connection.reader.read(&mut forgotten).is_ok_and(|count| count > 0) {
            return words;
        }
    }
}

fn not_read(connection: &mut Connection, unread: Unread) -> Rejected {
    match unread {
        Unread::Head(error) => reject(connection, refusal(None, error.status(), &[], &error.to_string())),
        Unread::TimedOut => reject(connection, refusal(None, 408, &[], "the handshake took too long")),
        Unread::Cut => Rejected("left before its request was complete".into()),
        Unread::Io(error) => Rejected(error.to_string()),
    }
}

fn write(connection: &mut Connection, bytes: &[u8]) -> std::io::Result<()> {
    // An answer is shorter than any socket's buffer; a client that has filled that one is not worth waiting for.
    connection.line.set_write_timeout(Some(LINGER))?;
    connection.writer.write_all(bytes)?;
    connection.line.set_write_timeout(None)
}
