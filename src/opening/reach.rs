//! The way to a host: what lies between a URL and the request.

mod proxied;

use std::time::{Duration, Instant};

use super::{Limits, OpenError, TlsFailure, error};
use crate::handshake::{Host, Redirects, Scheme, Target, printable};
use crate::net::{
    Attendant, CertificateFacts, Connection, DialError, Dialed, Endpoint, Exit, Lookup, Secured, ShellCommand,
    TlsConnector, TlsError, TlsOptions, TlsPeer, Trouble, dial,
};
use crate::proxy::{Proxy, ProxyRules};

pub use proxied::{ProxyFailure, ProxyTrouble};

/// How a client gets to a host.
#[derive(Debug, Clone, Default)]
pub struct Route {
    /// What is asked of TLS, where the URL wants it.
    pub tls: TlsOptions,
    /// How addresses are found.
    pub lookup: Lookup,
    /// What lies in between.
    pub way: Way,
    /// Follow redirects, if so.
    pub redirects: Option<Redirects>,
}

/// What lies between this side and a host.
#[derive(Debug, Clone)]
pub enum Way {
    /// The network, or a proxy where the rules name one for the target.
    Network(ProxyRules),
    /// A command, whose standard input and output lead to the host.
    Command(ShellCommand),
}

impl Default for Way {
    /// The network, without any proxy.
    fn default() -> Self {
        Way::Network(ProxyRules::default())
    }
}

/// A host that was reached: over this connection it can be spoken to.
#[derive(Debug)]
pub struct Reached {
    /// The connection, secured if the URL wants that.
    pub connection: Connection,
    /// The address that was reached: the host's, or the proxy's.
    pub address: String,
    /// How long looking up the name took.
    pub resolve: Duration,
    /// How long connecting took.
    pub connect: Duration,
    /// The proxy that the way leads through.
    pub proxy: Option<ProxyPassed>,
    /// What is known of TLS, where there is any.
    pub secured: Option<Secured>,
    /// The command that the way leads through; it ends with the connection.
    pub attendant: Option<Attendant>,
}

/// A proxy that has let us through.
#[derive(Debug, Clone)]
pub struct ProxyPassed {
    /// Its URL, without credentials.
    pub url: String,
    /// How long it took to make the tunnel, TLS with the proxy included.
    pub took: Duration,
}

impl Reached {
    /// What was reached, for people: the address, and the proxy if there is one.
    #[must_use]
    pub fn place(&self) -> String {
        error::place(&self.address, self.proxy.as_ref())
    }
}

/// Connects to the target's host, and secures the connection where the URL wants that.
///
/// # Errors
/// It can't be reached, or not in time, a proxy refuses, or TLS fails.
pub(super) fn reach(target: &Target, route: &Route, limits: &Limits) -> Result<Reached, OpenError> {
    // Before anything is sent: options that can't be used are no matter of the network.
    let connector = match target.scheme {
        Scheme::Ws | Scheme::WsUnix => None,
        Scheme::Wss => Some(TlsConnector::new(&route.tls).map_err(|error| OpenError::Tls(error.to_string()))?),
    };
    let reached = below_tls(target, route, limits)?;
    let Some(connector) = connector else {
        return Ok(reached);
    };
    let place = reached.place();
    match connector.secure(reached.connection, &server_name(&target.host), limits.deadline()) {
        Ok((connection, secured)) => {
            let version = secured.version.map_or_else(|| "TLS".to_owned(), |version| version.to_string());
            log::info!("{version} with {place}");
            Ok(Reached { connection, secured: Some(secured), ..reached })
        }
        Err(error) if error.trouble() == Trouble::TimedOut => {
            Err(match limits.timed_out(&reached.address, reached.proxy.as_ref(), b"") {
                OpenError::TimedOut { address, proxy, time, .. } => {
                    OpenError::TimedOut { is_tls: true, address, proxy, time }
                }
                error => error,
            })
        }
        Err(error) => {
            let is_cut = error.trouble() == Trouble::Cut;
            let exit = reached.attendant.as_ref().and_then(Attendant::exit);
            if let Some(exit) = exit.filter(|exit| is_cut || *exit != Exit::Code(0)) {
                return Err(OpenError::Command(exit));
            }
            let own_name = route.tls.server_name.clone();
            let certificate =
                certificate(&error, &target.host, own_name, limits, |limits| once_more(target, route, limits));
            let words = explained(&error, TlsPeer::Server, certificate.as_deref());
            let Reached { address, resolve, connect, proxy, .. } = reached;
            let failure = TlsFailure { words, address, resolve, connect, proxy, certificate, is_cut };
            Err(OpenError::TlsFailed(Box::new(failure)))
        }
    }
}

/// The certificates that the target's server sends, its own first, in DER; an empty list where they can't be seen. That takes
/// a connection of its own, over which nothing is trusted and nothing said: in the session itself TLS 1.3 hides them. None
/// where no such connection is made, which is where a command leads to the host.
#[must_use]
pub fn look_at_chain(target: &Target, route: &Route, limits: &Limits) -> Option<Vec<Vec<u8>>> {
    if matches!(route.way, Way::Command(_)) {
        return None;
    }
    let limits = limits.at_most(SECOND_LOOK);
    let look = || {
        let connector = TlsConnector::to_look(&route.tls).ok()?;
        let connection = once_more(target, route, &limits)?;
        Some(connector.look(connection, &server_name(&target.host), limits.deadline()))
    };
    Some(look().unwrap_or_default())
}

/// Why the certificate of the target's server would not be accepted, where it was accepted unchecked; none if it would be,
/// or there is no saying. That takes a connection of its own.
#[must_use]
pub fn distrust(target: &Target, route: &Route, limits: &Limits) -> Option<String> {
    let options = TlsOptions { insecure: false, ..route.tls.clone() };
    let connector = TlsConnector::new(&options).ok()?;
    let limits = limits.at_most(SECOND_LOOK);
    let connection = once_more(target, route, &limits)?;
    match connector.secure(connection, &server_name(&target.host), limits.deadline()) {
        Ok((connection, _)) => {
            connection.line.hang_up();
            None
        }
        Err(error) => error.is_about_certificate().then(|| error.cause(TlsPeer::Server, None)),
    }
}

/// A connection to the target's host that is there to look at something. A command is not run for it: it may ask the user
/// for something.
fn once_more(target: &Target, route: &Route, limits: &Limits) -> Option<Connection> {
    match route.way {
        Way::Network(_) => below_tls(target, route, limits).ok().map(|reached| reached.connection),
        Way::Command(_) => None,
    }
}

impl Route {
    /// The proxy that leads to the target, if one does.
    pub(super) fn proxy(&self, target: &Target) -> Result<Option<Proxy>, OpenError> {
        match &self.way {
            Way::Network(rules) => rules.for_target(target).map_err(OpenError::WrongProxy),
            Way::Command(_) => Ok(None),
        }
    }
}

/// Connects to the target's host, as far as it goes without TLS.
fn below_tls(target: &Target, route: &Route, limits: &Limits) -> Result<Reached, OpenError> {
    if let Way::Command(command) = &route.way {
        return attended(command, target);
    }
    if let Some(proxy) = route.proxy(target)? {
        return proxied::reach(target, &proxy, route, limits);
    }
    let dialed = dialed(&endpoint(&target.host, target.port), &route.lookup, limits)?;
    Ok(Reached::plain(dialed))
}

impl Reached {
    fn plain(Dialed { socket, address, resolve, connect, .. }: Dialed) -> Self {
        let connection = Connection::plain(socket);
        Reached { connection, address, resolve, connect, proxy: None, secured: None, attendant: None }
    }
}

/// Starts the command that leads to the host. A socket's path is none, and no text that a shell may be given.
fn attended(command: &ShellCommand, target: &Target) -> Result<Reached, OpenError> {
    if matches!(target.host, Host::Unix(_)) {
        return Err(OpenError::CommandToSocket);
    }
    let start = Instant::now();
    let (socket, attendant) =
        command.start(&target.host.to_string(), target.port).map_err(OpenError::CommandNotStarted)?;
    Ok(Reached {
        connection: Connection::plain(socket),
        address: "the command of --via-command".to_owned(),
        resolve: Duration::ZERO,
        connect: start.elapsed(),
        proxy: None,
        secured: None,
        attendant: Some(attendant),
    })
}

fn endpoint(host: &Host, port: u16) -> Endpoint {
    match host {
        Host::Name(name) => Endpoint::Host { name: name.clone(), port },
        Host::Ip(address) => Endpoint::Ip((*address, port).into()),
        Host::Unix(path) => Endpoint::Unix(path.clone()),
    }
}

fn dialed(endpoint: &Endpoint, lookup: &Lookup, limits: &Limits) -> Result<Dialed, OpenError> {
    dial(endpoint, lookup, limits.deadline()).map_err(|error| unreachable(error, limits))
}

/// What keeps a host from being reached: the end of the whole run, or the failure itself.
fn unreachable(error: DialError, limits: &Limits) -> OpenError {
    if error.is_timeout() && limits.run_is_over() { OpenError::RunOver } else { OpenError::Unreachable(error) }
}

/// The name that a certificate has to be for.
fn server_name(host: &Host) -> String {
    match host {
        Host::Name(name) => name.clone(),
        Host::Ip(address) => address.to_string(),
        Host::Unix(_) => "localhost".to_owned(),
    }
}

/// Why TLS failed, with what is in the certificate, if that is the reason. It is the peer's, so it is made safe to print.
fn explained(error: &TlsError, peer: TlsPeer, certificate: Option<&[u8]>) -> String {
    let facts = certificate.and_then(CertificateFacts::read);
    printable(error.explained(peer, facts.as_ref()).as_bytes(), SHOWN)
}

/// The certificate that was not accepted, in DER, if that is what went wrong: it is looked at once more, over a connection that
/// `connect` makes, to say what is in it. Nothing is trusted and nothing said there.
fn certificate(
    error: &TlsError,
    host: &Host,
    own_name: Option<String>,
    limits: &Limits,
    connect: impl FnOnce(&Limits) -> Option<Connection>,
) -> Option<Vec<u8>> {
    if !error.is_about_certificate() {
        return None;
    }
    let limits = limits.at_most(SECOND_LOOK);
    let options = TlsOptions { insecure: true, server_name: own_name, ..TlsOptions::default() };
    let blind = TlsConnector::new(&options).ok()?;
    let (connection, secured) = blind.secure(connect(&limits)?, &server_name(host), limits.deadline()).ok()?;
    connection.line.hang_up();
    secured.certificate
}

/// How long the second look may take: it is only there to explain.
const SECOND_LOOK: Duration = Duration::from_secs(2);
/// How much is said of a certificate, in bytes: one may have many names.
const SHOWN: usize = 4096;
