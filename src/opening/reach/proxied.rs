//! Through a proxy: a tunnel by CONNECT (RFC 9110, 9.3.6) or by SOCKS 5 (RFC 1928).

use std::io::{self, ErrorKind, Read};
use std::time::Instant;

use thiserror::Error;

use super::{ProxyPassed, Reached, Route, certificate, dialed, endpoint, explained, server_name, unreachable};
use crate::handshake::{Credentials, HeadError, Host, Target};
use crate::net::{Connection, Secured, TlsConnector, TlsError, TlsOptions, TlsPeer, Trouble};
use crate::opening::{AttemptTime, Heard, Limits, OpenError, Unread, log_head, read_body, read_response};
use crate::proxy::socks::{self, Place, SocksError};
use crate::proxy::{ConnectRefusal, Proxy, ProxyScheme, connect_request};

/// Why there is no way through a proxy.
#[derive(Debug, Error)]
#[error("the proxy {proxy} {trouble}")]
pub struct ProxyFailure {
    /// Its URL, without credentials.
    pub proxy: String,
    /// The address at which it was reached, if it was.
    pub address: Option<String>,
    /// What went wrong.
    pub trouble: ProxyTrouble,
}

impl ProxyFailure {
    /// Whether it is this place that a SOCKS proxy leads to no tunnel to, and another address may do.
    fn is_for_this_place(&self) -> bool {
        matches!(self.trouble, ProxyTrouble::Socks { error: SocksError::Refused(_), .. })
    }
}

/// What went wrong with a proxy.
#[derive(Debug, Error)]
pub enum ProxyTrouble {
    /// It can't be reached itself.
    #[error("can't be reached: {0}")]
    Unreachable(Box<OpenError>),
    /// TLS with it failed.
    #[error("has no TLS that will do: {0}")]
    Tls(String),
    /// An HTTP proxy refused.
    #[error("refused: {0}")]
    Refused(ConnectRefusal),
    /// A SOCKS proxy refused, or is none.
    #[error("made no tunnel to {place}: {error}")]
    Socks {
        /// Where the tunnel was to lead.
        place: String,
        /// The reason.
        error: SocksError,
    },
    /// What it answered is no HTTP.
    #[error("gave an answer that is not one: {0}")]
    NotHttp(HeadError),
    /// It did not answer in time.
    #[error("made no tunnel within {0}")]
    TimedOut(AttemptTime),
    /// It ended the connection.
    #[error("closed the connection before there was a tunnel")]
    Cut,
    /// The system's words.
    #[error("can't be spoken to: {0}")]
    Io(io::Error),
}

/// Connects to the target's host through a proxy.
pub(super) fn reach(target: &Target, proxy: &Proxy, route: &Route, limits: &Limits) -> Result<Reached, OpenError> {
    let places = match proxy.scheme {
        ProxyScheme::Http | ProxyScheme::Https => Vec::new(),
        ProxyScheme::Socks5 | ProxyScheme::Socks5h => places(target, proxy.scheme, route, limits)?,
    };
    let Some((last, others)) = places.split_last() else {
        return attempt(target, proxy, None, route, limits);
    };
    for place in others {
        match attempt(target, proxy, Some(place), route, limits) {
            Err(OpenError::Proxy(failure)) if failure.is_for_this_place() => {}
            result => return result,
        }
    }
    attempt(target, proxy, Some(last), route, limits)
}

/// Where a tunnel may lead, for SOCKS: the host's name, or each of its addresses.
fn places(target: &Target, scheme: ProxyScheme, route: &Route, limits: &Limits) -> Result<Vec<Place>, OpenError> {
    let port = target.port;
    match &target.host {
        Host::Name(name) if scheme == ProxyScheme::Socks5h => Ok(vec![Place::Name(name.clone(), port)]),
        Host::Name(name) => {
            let addresses = route.lookup.addresses(name, port, limits.deadline());
            Ok(addresses.map_err(|error| unreachable(error, limits))?.into_iter().map(Place::Address).collect())
        }
        Host::Ip(address) => Ok(vec![Place::Address((*address, port).into())]),
        Host::Unix(_) => Ok(Vec::new()),
    }
}

/// One tunnel: to `place` by SOCKS, or to the target by CONNECT.
fn attempt(
    target: &Target,
    proxy: &Proxy,
    place: Option<&Place>,
    route: &Route,
    limits: &Limits,
) -> Result<Reached, OpenError> {
    let url = proxy.to_string();
    let failed = |trouble| fail(&url, None, trouble, limits);
    let dialed = match dialed(&endpoint(&proxy.host, proxy.port), &route.lookup, limits) {
        Err(OpenError::RunOver) => return Err(OpenError::RunOver),
        result => result.map_err(|error| failed(ProxyTrouble::Unreachable(Box::new(error))))?,
    };
    let mut reached = Reached::plain(dialed);
    let address = reached.address.clone();
    let failed = |trouble| fail(&url, Some(&address), trouble, limits);
    let start = Instant::now();
    if proxy.scheme == ProxyScheme::Https {
        // The server's own options say nothing about the proxy, but whom the user trusts.
        let options = TlsOptions { roots: route.tls.roots.clone(), ..TlsOptions::default() };
        let secured = TlsConnector::new(&options)
            .and_then(|tls| tls.secure(reached.connection, &server_name(&proxy.host), limits.deadline()));
        reached.connection = match secured {
            Ok((connection, _)) => connection,
            Err(error) if error.trouble() == Trouble::TimedOut => {
                return Err(failed(ProxyTrouble::TimedOut(limits.time())));
            }
            Err(error) => {
                let certificate = certificate(&error, &proxy.host, None, limits, |limits| {
                    let dialed = super::dialed(&endpoint(&proxy.host, proxy.port), &route.lookup, limits).ok()?;
                    Some(Connection::plain(dialed.socket))
                });
                return Err(failed(ProxyTrouble::Tls(explained(&error, TlsPeer::Proxy, certificate.as_deref()))));
            }
        };
    }
    let tunnel = match place {
        None => by_connect(reached.connection, target, proxy, limits),
        Some(place) => by_socks(reached.connection, target, place, proxy.credentials.as_ref(), limits),
    };
    let connection = tunnel.map_err(failed)?;
    log::info!("{url} leads to {}:{}", target.host, target.port);
    Ok(Reached { connection, proxy: Some(ProxyPassed { url, took: start.elapsed() }), ..reached })
}

/// The failure of a proxy; or that of the run, where it has run out of time.
fn fail(url: &str, address: Option<&String>, trouble: ProxyTrouble, limits: &Limits) -> OpenError {
    match trouble {
        ProxyTrouble::TimedOut(_) if limits.run_is_over() => OpenError::RunOver,
        trouble => {
            let address = address.cloned();
            OpenError::Proxy(Box::new(ProxyFailure { proxy: url.to_owned(), address, trouble }))
        }
    }
}

fn by_connect(
    mut connection: Connection,
    target: &Target,
    proxy: &Proxy,
    limits: &Limits,
) -> Result<Connection, ProxyTrouble> {
    let request = connect_request(target, proxy.credentials.as_ref());
    log_head("request to the proxy", &crate::handshake::redact(&request));
    send(&mut connection, &request, limits)?;
    let mut heard = Heard::default();
    let (response, early) = read_response(&mut connection, "response of the proxy", limits, &mut heard)
        .map_err(|unread| unanswered(unread, limits))?;
    match ConnectRefusal::of(&response, target, proxy) {
        Some(refusal) => {
            let body = read_body(&mut connection, &response, &early, limits);
            Err(ProxyTrouble::Refused(refusal.with_body(body)))
        }
        None => Ok(connection.with_early(early)),
    }
}

/// Why there is no response of the proxy's.
fn unanswered(unread: Unread, limits: &Limits) -> ProxyTrouble {
    match unread {
        Unread::Cut | Unread::Head(HeadError::Nothing) => ProxyTrouble::Cut,
        Unread::Head(error) => ProxyTrouble::NotHttp(error),
        Unread::TimedOut => ProxyTrouble::TimedOut(limits.time()),
        Unread::Io(error) => broken(error),
    }
}

/// A read that failed: with TLS 1.3, a proxy that wants a certificate of ours says so only after the handshake.
fn broken(error: io::Error) -> ProxyTrouble {
    // No certificate of ours is shown to proxies.
    match TlsError::refused_later(&error, &Secured::default()) {
        Some(refused) => ProxyTrouble::Tls(explained(&refused, TlsPeer::Proxy, None)),
        None => ProxyTrouble::Io(error),
    }
}

fn by_socks(
    mut connection: Connection,
    target: &Target,
    place: &Place,
    credentials: Option<&Credentials>,
    limits: &Limits,
) -> Result<Connection, ProxyTrouble> {
    let refused = |error| ProxyTrouble::Socks { place: format!("{}:{}", target.host, target.port), error };
    send(&mut connection, &socks::greeting(credentials), limits)?;
    let answer = receive(&mut connection, limits)?;
    if let Some(login) = socks::login(answer, credentials).map_err(refused)? {
        send(&mut connection, &login, limits)?;
        socks::logged_in(receive(&mut connection, limits)?).map_err(refused)?;
    }
    send(&mut connection, &socks::request(place).map_err(refused)?, limits)?;
    socks::verdict(receive(&mut connection, limits)?).map_err(refused)?;
    let rest = socks::reply(receive(&mut connection, limits)?).map_err(refused)?;
    receive_into(&mut connection, &mut vec![0; rest], limits)?;
    Ok(connection)
}

fn send(connection: &mut Connection, bytes: &[u8], limits: &Limits) -> Result<(), ProxyTrouble> {
    connection.write_by(bytes, limits.deadline()).or_else(|error| match error.kind() {
        // A proxy that has gone may have said why.
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => Ok(()),
        ErrorKind::TimedOut => Err(ProxyTrouble::TimedOut(limits.time())),
        _ => Err(ProxyTrouble::Io(error)),
    })
}

fn receive<const N: usize>(connection: &mut Connection, limits: &Limits) -> Result<[u8; N], ProxyTrouble> {
    let mut bytes = [0; N];
    receive_into(connection, &mut bytes, limits)?;
    Ok(bytes)
}

/// Receives so many bytes, and not one more: what follows is the server's.
fn receive_into(connection: &mut Connection, space: &mut [u8], limits: &Limits) -> Result<(), ProxyTrouble> {
    let mut filled = 0;
    while filled < space.len() {
        let left = limits.left().ok_or_else(|| ProxyTrouble::TimedOut(limits.time()))?;
        connection.line.set_read_timeout(Some(left)).map_err(ProxyTrouble::Io)?;
        match connection.reader.read(&mut space[filled..]) {
            Ok(0) => return Err(ProxyTrouble::Cut),
            Ok(count) => filled += count,
            Err(error) => match error.kind() {
                ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut => {}
                ErrorKind::ConnectionReset => return Err(ProxyTrouble::Cut),
                _ => return Err(ProxyTrouble::Io(error)),
            },
        }
    }
    connection.line.set_read_timeout(None).map_err(ProxyTrouble::Io)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_end_of_the_run_ends_the_look_up_of_a_name() {
        let target = "ws://a.test/".parse().unwrap();
        let (now, route) = (Instant::now(), Route::default());
        let run = Limits::new(now, Duration::from_secs(10), Some(now));
        assert!(matches!(places(&target, ProxyScheme::Socks5, &route, &run), Err(OpenError::RunOver)));
        let opening = Limits::new(now, Duration::ZERO, None);
        assert!(matches!(places(&target, ProxyScheme::Socks5, &route, &opening), Err(OpenError::Unreachable(_))));
    }
}
