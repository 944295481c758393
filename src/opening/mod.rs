//! The opening handshake over a real connection (RFC 6455, 4): [`handshake`](crate::handshake) says what is said,
//! [`net`](crate::net) how it travels, and here the one is carried out over the other, by a deadline.

mod backoff;
mod client;
mod error;
mod follow;
mod limits;
mod reach;
mod rejected;
mod retry;
mod server;

use std::io::{self, Read};

use crate::handshake::{HeadError, HeadReader, MAX_HEAD, ResponseHead, printable};
use crate::net::Connection;
use client::read_body;
use reach::reach;

pub use backoff::Backoff;
pub use client::{Exchange, Opened, masking_keys, open};
pub use error::{Interrupted, OpenError, TlsFailure};
pub use follow::{Followed, Hop, Lost, follow};
pub use limits::{AttemptTime, Limits};
pub use reach::{ProxyFailure, ProxyPassed, ProxyTrouble, Reached, Route, Way, distrust, look_at_chain};
pub use rejected::Rejected;
pub use retry::{Patience, Setback, Tried};
pub use server::{Accepted, NoPlace, accept, accept_if, reject, see_off, turn_away, welcome};

/// Why a head could not be read.
#[derive(Debug)]
pub(crate) enum Unread {
    /// It is none, or breaks a limit.
    Head(HeadError),
    /// Time was up.
    TimedOut,
    /// The connection ended before the head did.
    Cut,
    /// The system's words.
    Io(io::Error),
}

/// Tells of a head as it was on the wire, safe for a terminal and without credentials.
fn log_head(name: &str, redacted: &[u8]) {
    if log::log_enabled!(log::Level::Debug) {
        for line in redacted.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).filter(|line| !line.is_empty()) {
            log::debug!("{name}: {}", printable(line, MAX_HEAD));
        }
    }
}

/// Reads a head up to its end, of which `early` has come already; gives what came behind it.
fn read_head(
    connection: &mut Connection,
    reader: &mut HeadReader,
    early: &[u8],
    limits: &Limits,
) -> Result<Vec<u8>, Unread> {
    if let Some(used) = reader.feed(early).map_err(Unread::Head)? {
        return Ok(early[used..].to_vec());
    }
    // Not on the stack: a client's thread keeps what it has touched of that.
    let mut bytes = vec![0; 8192];
    loop {
        let left = limits.left().ok_or(Unread::TimedOut)?;
        connection.line.set_read_timeout(Some(left)).map_err(Unread::Io)?;
        let count = match connection.reader.read(&mut bytes) {
            Ok(0) => return Err(Unread::Cut),
            Ok(count) => count,
            Err(error) => match error.kind() {
                io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => continue,
                io::ErrorKind::ConnectionReset => return Err(Unread::Cut),
                _ => return Err(Unread::Io(error)),
            },
        };
        if let Some(used) = reader.feed(&bytes[..count]).map_err(Unread::Head)? {
            connection.line.set_read_timeout(None).map_err(Unread::Io)?;
            return Ok(bytes[used..count].to_vec());
        }
    }
}

/// What has been said before a final response.
#[derive(Debug, Default)]
struct Heard {
    /// Interim responses.
    interim: Vec<ResponseHead>,
    /// What has come of the next one, if that can't be read.
    received: Vec<u8>,
}

/// How many interim responses are read before the final one. Servers have reason for one or two.
const MAX_INTERIM: usize = 16;

/// Reads interim responses (RFC 9110, 15.2) and the final one, `name` in logs; gives what came behind it, too. A connection
/// that ends early is told by what is wrong with the head.
fn read_response(
    connection: &mut Connection,
    name: &str,
    limits: &Limits,
    heard: &mut Heard,
) -> Result<(ResponseHead, Vec<u8>), Unread> {
    let mut rest = Vec::new();
    while heard.interim.len() <= MAX_INTERIM {
        let mut reader = HeadReader::for_response(MAX_HEAD);
        let read = read_head(connection, &mut reader, &rest, limits);
        heard.received = reader.raw().to_vec();
        rest = match read {
            Ok(rest) => rest,
            // The reader knows best what is wrong with it.
            Err(Unread::Cut) => Vec::new(),
            Err(unread) => return Err(unread),
        };
        let response = reader.into_response().map_err(Unread::Head)?;
        log_head(name, &response.head.redacted());
        if !response.is_interim() {
            return Ok((response, rest));
        }
        heard.interim.push(response);
        heard.received.clear();
    }
    Err(Unread::Head(HeadError::TooManyInterim { limit: MAX_INTERIM }))
}
