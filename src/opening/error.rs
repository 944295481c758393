//! Why a connection did not open.

use std::io;

use thiserror::Error;

use crate::handshake::{HeadError, Refusal, RequestError};
use crate::net::DialError;
use crate::proxy::WrongProxy;

use super::ProxyFailure;

/// Why a client's connection did not open.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The host could not be reached.
    #[error("{0}{hint}", hint = if .0.is_refused() { " (is the server running?)" } else { "" })]
    Unreachable(#[from] DialError),
    /// There is no way through a proxy.
    #[error(transparent)]
    Proxy(ProxyFailure),
    /// The URL of the proxy is wrong.
    #[error(transparent)]
    WrongProxy(WrongProxy),
    /// The command of `--via-command` could not be started.
    #[error("cannot start the command of --via-command: {0}")]
    CommandNotStarted(io::Error),
    /// The command of `--via-command` failed before the connection was open.
    #[error("the command of --via-command failed before the connection was open ({0})")]
    Command(String),
    /// The connection was made, but the handshake was not answered in time.
    #[error("{address} did not answer the handshake within {seconds} s (--connect-timeout)")]
    TimedOut {
        /// The peer's address.
        address: String,
        /// The limit, in seconds.
        seconds: f64,
    },
    /// The answer to the handshake did not come to its end in time.
    #[error("{address} began an answer and did not come to its end within {seconds} s (--connect-timeout): {first}")]
    StoppedShort {
        /// The peer's address.
        address: String,
        /// The limit, in seconds.
        seconds: f64,
        /// What had come, or its beginning, safe to print.
        first: String,
    },
    /// The time for the whole run was over before.
    #[error("the time for the whole run was over before the connection was open (--timeout)")]
    RunOver,
    /// TLS failed.
    #[error("{0}")]
    Tls(String),
    /// What was asked for makes no request.
    #[error(transparent)]
    Request(RequestError),
    /// What came is no HTTP response, or breaks a limit.
    #[error("the answer to the handshake is not one: {0}")]
    NotHttp(HeadError),
    /// The server refused, or its response is wrong.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// The system's words.
    #[error("the handshake could not be carried out: {0}")]
    Io(io::Error),
}
