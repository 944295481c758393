//! The way to a host: what lies between a URL and the request.

use std::time::Duration;

use super::{Limits, OpenError};
use crate::handshake::{Host, Scheme, Target};
use crate::net::{
    CertificateFacts, Connection, Dialed, Endpoint, Secured, TlsConnector, TlsError, TlsOptions, Trouble, dial,
};

/// How a client gets to a host.
#[derive(Debug, Clone, Default)]
pub struct Route {
    /// What is asked of TLS, where the URL wants it.
    pub tls: TlsOptions,
}

/// A host that was reached: over this connection it can be spoken to.
#[derive(Debug)]
pub struct Reached {
    /// The connection, secured if the URL wants that.
    pub connection: Connection,
    /// The address that was reached.
    pub address: String,
    /// How long looking up the name took.
    pub resolve: Duration,
    /// How long connecting took.
    pub connect: Duration,
    /// What is known of TLS, where there is any.
    pub secured: Option<Secured>,
}

/// Connects to the target's host, and secures the connection where the URL wants that.
///
/// # Errors
/// It can't be reached, or not in time, or TLS fails.
pub fn reach(target: &Target, route: &Route, limits: &Limits) -> Result<Reached, OpenError> {
    // Before anything is sent: options that can't be used are no matter of the network.
    let connector = match target.scheme {
        Scheme::Ws | Scheme::WsUnix => None,
        Scheme::Wss => Some(TlsConnector::new(&route.tls).map_err(|error| OpenError::Tls(error.to_string()))?),
    };
    let Dialed { socket, address, resolve, connect, .. } = dialed(target, limits)?;
    let connection = Connection::plain(socket);
    let Some(connector) = connector else {
        return Ok(Reached { connection, address, resolve, connect, secured: None });
    };
    match connector.secure(connection, &server_name(target), limits.deadline()) {
        Ok((connection, secured)) => {
            let version = secured.version.map_or_else(|| "TLS".to_owned(), |version| version.to_string());
            log::info!("{version} with {address}");
            Ok(Reached { connection, address, resolve, connect, secured: Some(secured) })
        }
        Err(error) if error.trouble() == Trouble::TimedOut => Err(limits.timed_out(&address, b"")),
        Err(error) => Err(OpenError::Tls(explained(&error, target, limits))),
    }
}

fn dialed(target: &Target, limits: &Limits) -> Result<Dialed, OpenError> {
    let endpoint = match &target.host {
        Host::Name(name) => Endpoint::Host { name: name.clone(), port: target.port },
        Host::Ip(address) => Endpoint::Ip((*address, target.port).into()),
        Host::Unix(path) => Endpoint::Unix(path.clone()),
    };
    dial(&endpoint, limits.deadline()).map_err(|error| {
        if error.is_timeout() && limits.run_is_over() { OpenError::RunOver } else { OpenError::Unreachable(error) }
    })
}

/// The name that the server's certificate has to be for.
fn server_name(target: &Target) -> String {
    match &target.host {
        Host::Name(name) => name.clone(),
        Host::Ip(address) => address.to_string(),
        Host::Unix(_) => "localhost".to_owned(),
    }
}

/// Why TLS failed. A certificate that was not accepted is looked at once more, without any trust, to say what is in it.
fn explained(error: &TlsError, target: &Target, limits: &Limits) -> String {
    let certificate = || {
        let unchecked = TlsConnector::new(&TlsOptions { insecure: true, ..TlsOptions::default() }).ok()?;
        let limits = limits.at_most(SECOND_LOOK);
        let connection = Connection::plain(dialed(target, &limits).ok()?.socket);
        let (connection, secured) = unchecked.secure(connection, &server_name(target), limits.deadline()).ok()?;
        connection.line.hang_up();
        CertificateFacts::read(&secured.certificate?)
    };
    let certificate = if error.is_about_certificate() { certificate() } else { None };
    error.explained(certificate.as_ref())
}

/// How long the second look may take: it is only there to explain.
const SECOND_LOOK: Duration = Duration::from_secs(2);
