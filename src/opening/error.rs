//! Why a connection did not open.

use std::io;
use std::time::Duration;

use thiserror::Error;

use crate::handshake::{HeadError, RedirectError, Refusal, Request, RequestError, ResponseHead};
use crate::net::{DialError, Exit};
use crate::proxy::{ProxyScheme, WrongProxy};

use super::{AttemptTime, ProxyFailure, ProxyPassed, Tried};

/// Why a client's connection did not open.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The host could not be reached.
    #[error("{0}{hint}", hint = if .0.is_refused() { " (is the server running?)" } else { "" })]
    Unreachable(#[from] DialError),
    /// There is no way through a proxy.
    #[error(transparent)]
    Proxy(Box<ProxyFailure>),
    /// The URL of the proxy is wrong.
    #[error(transparent)]
    WrongProxy(WrongProxy),
    /// A header that was meant for the proxy would go to the server.
    #[error(
        "-H Proxy-Authorization would go through the proxy to the server: log in to a proxy by its URL, --proxy {0}://USER:PASS@HOST:PORT"
    )]
    HeaderForProxy(ProxyScheme),
    /// `--via-command` was to lead to a unix socket.
    #[error("--via-command leads to a host and port, and ws+unix: is a socket of this machine: leave one of them out")]
    CommandToSocket,
    /// The command of `--via-command` could not be started.
    #[error("cannot start the command of --via-command: {0}")]
    CommandNotStarted(io::Error),
    /// The command of `--via-command` ended before the connection was open.
    #[error("the command of --via-command {}", ended_early(*.0))]
    Command(Exit),
    /// The connection was made, but the handshake was not answered in time.
    #[error(
        "{} did not answer the {}handshake within {time}{}",
        place(.address, .proxy.as_ref()),
        if *.is_tls { "TLS " } else { "" },
        if *.is_tls { "; is it a plain port? Try ws://" } else { "" }
    )]
    TimedOut {
        /// Whether it is the handshake of TLS.
        is_tls: bool,
        /// The address that was reached: the host's, or the proxy's.
        address: String,
        /// The proxy that the way leads through.
        proxy: Option<ProxyPassed>,
        /// The limit.
        time: AttemptTime,
    },
    /// The answer to the handshake did not come to its end in time.
    #[error(
        "{} began an answer and did not come to its end within {time}: {first}",
        place(.address, .proxy.as_ref())
    )]
    StoppedShort {
        /// The address that was reached: the host's, or the proxy's.
        address: String,
        /// The proxy that the way leads through.
        proxy: Option<ProxyPassed>,
        /// The limit.
        time: AttemptTime,
        /// What had come, or its beginning, safe to print.
        first: String,
    },
    /// The time for the whole run was over before.
    #[error("the time for the whole run was over before the connection was open (--timeout)")]
    RunOver,
    /// TLS can't be used as it was asked for.
    #[error("{0}")]
    Tls(String),
    /// TLS failed with the host that had been reached.
    #[error("{}", .0.words)]
    TlsFailed(Box<TlsFailure>),
    /// What was asked for makes no request.
    #[error(transparent)]
    Request(RequestError),
    /// What came is no HTTP response, or breaks a limit.
    #[error("the answer to the handshake is not one: {0}")]
    NotHttp(HeadError),
    /// A plain connection was closed in answer to the request.
    #[error(
        "the answer to the handshake is not one: {} (does the server speak TLS here? Try wss://)",
        HeadError::Nothing
    )]
    ClosedAtOnce,
    /// The server refused, or its response is wrong.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// The server redirects, and that is not followed.
    #[error("the redirect by {status} at {url} is not followed: {error}")]
    Redirect {
        /// The status.
        status: u16,
        /// What redirects.
        url: String,
        /// Why it is not followed.
        error: RedirectError,
    },
    /// It did not open where redirects had led.
    #[error("redirected to {to}: {error}")]
    Redirected {
        /// The URL.
        to: String,
        /// What happened there.
        error: Box<OpenError>,
    },
    /// It was tried for as long as it was to be.
    #[error("gave up after {tried} (--retry): {error}")]
    GaveUp {
        /// How often, and for how long.
        tried: Tried,
        /// What happened last.
        error: Box<OpenError>,
    },
    /// The system's words.
    #[error("the handshake could not be carried out: {0}")]
    Io(io::Error),
}

fn ended_early(exit: Exit) -> String {
    match exit {
        Exit::Code(0) => format!(
            "ended before anything came ({exit}): it is to carry bytes to the server and back, as ssh -W HOST:PORT does"
        ),
        exit => format!("failed before the connection was open ({exit})"),
    }
}

/// What was reached, for people: the address, and the proxy if there is one.
pub(super) fn place(address: &str, proxy: Option<&ProxyPassed>) -> String {
    match proxy {
        None => address.to_owned(),
        Some(proxy) => format!("{address} (the proxy {})", proxy.url),
    }
}

/// Why TLS failed, and what was known by then.
#[derive(Debug)]
pub struct TlsFailure {
    /// The whole story, in words.
    pub words: String,
    /// The address that was reached.
    pub address: String,
    /// How long looking up the name took.
    pub resolve: Duration,
    /// How long connecting took.
    pub connect: Duration,
    /// The proxy that the way leads through.
    pub proxy: Option<ProxyPassed>,
    /// The certificate that was not accepted, in DER.
    pub certificate: Option<Vec<u8>>,
    /// The connection ended inside the handshake.
    pub is_cut: bool,
}

/// Why a handshake was not carried out, and what had been said by then.
#[derive(Debug)]
pub struct Interrupted {
    /// Why.
    pub error: OpenError,
    /// What was sent, unless there was nothing to send.
    pub request: Option<Request>,
    /// The responses that said that another would follow.
    pub interim: Vec<ResponseHead>,
    /// What had come of the response, at most as much as a head may have.
    pub received: Vec<u8>,
}

impl Interrupted {
    /// Before anything was said.
    pub(super) fn before(error: OpenError) -> Self {
        Interrupted { error, request: None, interim: Vec::new(), received: Vec::new() }
    }
}
