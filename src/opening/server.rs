//! The server's side.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use super::{Limits, Unread, log_head, read_head};
use crate::handshake::{Answer, DeflateAgreement, HeadReader, MAX_HEAD, RequestHead, ServerOptions, answer, refusal};
use crate::net::Socket;

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

/// Reads a request and answers it.
///
/// # Errors
/// The client was refused, left, or took too long.
pub fn accept(socket: &Socket, options: &ServerOptions, deadline: Instant) -> Result<Accepted, Rejected> {
    accept_if(socket, options, deadline, || Some(())).map(|(accepted, ())| accepted)
}

/// Reads a request and answers it; one that could be accepted is refused with 503 if `admit` gives it no place then.
///
/// # Errors
/// The client was refused, left, or took too long.
pub fn accept_if<Place>(
    socket: &Socket,
    options: &ServerOptions,
    deadline: Instant,
    admit: impl FnOnce() -> Option<Place>,
) -> Result<(Accepted, Place), Rejected> {
    let limits = Limits::new(deadline, Duration::ZERO, None);
    let mut reader = HeadReader::for_request(MAX_HEAD);
    let early = match read_head(socket, &mut reader, &[], &limits) {
        Ok(early) => early,
        Err(unread) => return Err(not_read(socket, unread)),
    };
    let request = match reader.into_request() {
        Ok(request) => request,
        Err(error) => {
            return Err(reject(socket, refusal(None, error.status(), &[], &error.to_string())));
        }
    };
    log_head("request", &request.head.redacted());
    match answer(&request, options) {
        Answer::Accept { bytes, subprotocol, compression } => {
            let Some(place) = admit() else {
                return Err(reject(socket, refusal(Some(&request), 503, &[], "another client is being served")));
            };
            write(socket, &bytes).map_err(|error| Rejected(format!("went away: {error}")))?;
            Ok((Accepted { request, early, subprotocol, compression }, place))
        }
        refused @ Answer::Refuse { .. } => Err(reject(socket, refused)),
    }
}

/// Sends a refusal, and makes sure that it arrives.
#[must_use]
pub fn reject(socket: &Socket, refusal: Answer) -> Rejected {
    let Answer::Refuse { status, bytes, why } = refusal else {
        return Rejected("nothing to refuse".into());
    };
    let words = Rejected(format!("{status}: {why}"));
    if write(socket, &bytes).is_err() || socket.shutdown(Shutdown::Write).is_err() {
        return words;
    }
    // Closing a socket that holds unread data resets the connection, and the answer might be lost.
    let end = Instant::now() + LINGER;
    let mut forgotten = [0; 4096];
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() || socket.set_read_timeout(Some(left)).is_err() {
            return words;
        }
        if !(&*socket).read(&mut forgotten).is_ok_and(|count| count > 0) {
            return words;
        }
    }
}

fn not_read(socket: &Socket, unread: Unread) -> Rejected {
    match unread {
        Unread::Head(error) => reject(socket, refusal(None, error.status(), &[], &error.to_string())),
        Unread::TimedOut => reject(socket, refusal(None, 408, &[], "the handshake took too long")),
        Unread::Cut => Rejected("left before its request was complete".into()),
        Unread::Io(error) => Rejected(error.to_string()),
    }
}

fn write(socket: &Socket, bytes: &[u8]) -> std::io::Result<()> {
    // An answer is shorter than any socket's buffer; a client that has filled that one is not worth waiting for.
    socket.set_write_timeout(Some(LINGER))?;
    (&*socket).write_all(bytes)?;
    socket.set_write_timeout(None)
}
