//! Where to connect: the URL as the user wrote it, taken apart (RFC 6455, 3).
//!
//! Invariant: a [`Target`] can be put on the wire as it is. Its resource is ASCII without spaces or control
//! characters, its host is not empty, and credentials never leave it by way of [`Target::url`] or `Display`.

mod parse;

pub(super) use parse::is_scheme;

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use super::grammar::Misplaced;
use super::secret::{Credentials, CredentialsError};
pub(crate) use parse::Authority;

/// A WebSocket URL in its parts.
///
/// Written `ws://`, `wss://`, `http://` or `https://HOST[:PORT]/path?query`, `ws+unix:PATH:/path?query`,
/// `ws+unix:@NAME:/path?query`, the same with `wss+unix:`, or `HOST[:PORT]/path?query`, where `ws` is assumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Plain, TLS or a unix socket.
    pub scheme: Scheme,
    /// The machine or socket to reach.
    pub host: Host,
    /// The TCP port; 0 for a unix socket, which has none.
    pub port: u16,
    /// The request-target: path and query, at least `/`.
    pub resource: String,
    /// The user name and password that stood before the host.
    pub credentials: Option<Credentials>,
}

/// The kind of connection a URL asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `ws://` or `http://`: TCP.
    Ws,
    /// `wss://` or `https://`: TLS over TCP; `wss+unix:`: TLS over a unix domain socket.
    Wss,
    /// `ws+unix:`: a unix domain socket.
    WsUnix,
}

impl Scheme {
    /// The port where the URL names none: 80 or 443 (RFC 6455, 3); 0 for a unix socket.
    #[must_use]
    pub fn default_port(self) -> u16 {
        match self {
            Self::Ws => 80,
            Self::Wss => 443,
            Self::WsUnix => 0,
        }
    }

    /// Whether the connection runs over TLS.
    #[must_use]
    pub fn is_secure(self) -> bool {
        self == Self::Wss
    }
}

/// What a URL names as its host.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// A name to look up, as written.
    Name(String),
    /// An address. IPv6 stands in brackets in a URL, not here.
    Ip(IpAddr),
    /// The path of a unix domain socket, or `@NAME`, an abstract name.
    Unix(PathBuf),
}

impl fmt::Display for Host {
    /// As in a URL: IPv6 in brackets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Ip(IpAddr::V4(address)) => write!(f, "{address}"),
            Self::Ip(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Self::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

impl Target {
    /// The value of the `Host` header (RFC 9110, 7.2): the port only where it is not the scheme's default, never
    /// credentials; `localhost` for a unix socket.
    #[must_use]
    pub fn authority(&self) -> String {
        match &self.host {
            Host::Unix(_) => "localhost".to_owned(),
            host if self.port == self.scheme.default_port() => host.to_string(),
            host => format!("{host}:{}", self.port),
        }
    }

    /// The URL without credentials.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.scheme.is_secure() { "wss" } else { "ws" };
        match &self.host {
            Host::Unix(_) => format!("{scheme}+unix:{}:{}", self.host, self.resource),
            _ => format!("{scheme}://{}{}", self.authority(), self.resource),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url())
    }
}

/// Why a text is no WebSocket URL. No message shows a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Nothing was given.
    #[error("the URL is empty: give one such as ws://localhost:9001/")]
    Empty,
    /// A scheme that is no WebSocket.
    #[error("`{0}://` is no WebSocket: use ws://, wss://, http://, https://, ws+unix:PATH or HOST[:PORT]/path")]
    Scheme(String),
    /// `ws:host`, where two slashes are missing.
    #[error("`{0}:` needs two slashes: write {0}://HOST[:PORT]/path")]
    NoSlashes(String),
    /// A character that may not stand where it stands.
    #[error("the {part} has {found}: {advice}")]
    Character {
        /// The part of the URL: `URL`, `host`, `port`, `path`…
        part: &'static str,
        /// The character, and its position in the whole URL.
        found: Misplaced,
        /// What to write instead.
        advice: &'static str,
    },
    /// No host between the slashes.
    #[error("the URL names no host: write ws://HOST[:PORT]/path")]
    NoHost,
    /// No path or name behind `ws+unix:`.
    #[error("the URL names no socket: write ws+unix:PATH:/uri or ws+unix:@NAME:/uri")]
    NoSocket,
    /// A colon with no port behind it.
    #[error("no port follows the colon after `{0}`: give one from 1 to 65535, or leave the colon out")]
    NoPort(String),
    /// Only a number, as `listen` takes it.
    #[error("`{0}` alone is a port: write localhost:{0}, or ws://{0}/ if it is a host's name")]
    OnlyPort(String),
    /// `unix:PATH`, as `listen` takes it.
    #[error("`unix:PATH` is where to listen: to connect, write ws+unix:PATH:/uri")]
    ListenersSocket,
    /// A port outside 1 to 65535.
    #[error("port {0} is out of range: ports go from 1 to 65535")]
    Port(String),
    /// What stands in brackets is no IPv6 address.
    #[error("`[{0}]` is not an IPv6 address: write one such as [::1]")]
    Ipv6(String),
    /// An IPv6 address with a zone.
    #[error("`[{0}]` has a zone: leave out the `%` and what follows, a URL can't carry it")]
    Zone(String),
    /// Several colons outside brackets.
    #[error("the host has more than one colon: an IPv6 address goes in brackets, as in ws://[::1]:9001/")]
    Brackets,
    /// A `/` or `?` in the user name or password, which ends them too early.
    #[error("the user name or password has a `/` or `?`: write it as %2F or %3F, or use -u USER:PASS")]
    UserinfoEnds,
    /// A `%` in the user name or password that starts no `%XX`.
    #[error("the user name or password has a `%` at position {0} without two hex digits: write it as %25")]
    UserinfoPercent(usize),
    /// The user name or password is not UTF-8 once decoded.
    #[error("the user name or password is not UTF-8 once its %XX are decoded: use -u USER:PASS")]
    UserinfoUtf8,
    /// A user name or password that can't be sent.
    #[error("{0}; it stands in the URL, before the `@`")]
    Credentials(#[from] CredentialsError),
}

#[cfg(test)]
mod tests;
