//! TLS over memory (RFC 8446): what native-tls takes for a stream is a pair of buffers.
//!
//! ```text
//!     socket ─► TlsReader ─► incoming ─┐
//!                                      TlsStream ─► plaintext of both directions
//!     socket ◄─ TlsWriter ◄─ outgoing ─┘
//! ```
//!
//! The reading side waits for the socket without holding anything, then feeds what came and takes what has become
//! readable; the writing side encrypts, and then writes to the socket without holding what the other one needs. So both
//! directions run at once, and it works the same with every library that native-tls stands on.

mod certificate;
mod error;
mod flight;
mod hello;
mod identity;
mod roots;
mod stream;

use std::time::{Duration, Instant};

use native_tls::{HandshakeError, Protocol, TlsStream};

use super::Connection;
pub use certificate::{CertificateFacts, TimeLeft};
pub use error::{TlsError, TlsPeer, Trouble};
use flight::Flight;
pub use hello::TlsVersion;
pub use identity::{IdentityError, TlsIdentity};
pub use roots::TlsRoots;
use stream::{Memory, into_connection, receive, transmit};

/// What a client asks of TLS.
#[derive(Debug, Clone, Default)]
pub struct TlsOptions {
    /// Certificates that are trusted besides the system's.
    pub roots: Vec<TlsRoots>,
    /// Who the client is.
    pub identity: Option<TlsIdentity>,
    /// Accept any certificate.
    pub insecure: bool,
    /// The name to ask for, and to expect, where it is not the URL's.
    pub server_name: Option<String>,
    /// The oldest version that will do.
    pub oldest: Option<TlsVersion>,
}

/// A client's side of TLS, ready to be used for any number of connections.
pub struct TlsConnector {
    connector: native_tls::TlsConnector,
    server_name: Option<String>,
    oldest: Option<TlsVersion>,
    shows_identity: bool,
}

/// A server's side of TLS.
#[derive(Clone)]
pub struct TlsAcceptor(native_tls::TlsAcceptor);

/// What is known of TLS once it stands.
#[derive(Debug, Clone, Default)]
pub struct Secured {
    /// The version, as the server's first message says it.
    pub version: Option<TlsVersion>,
    /// The protocol chosen by ALPN.
    pub alpn: Option<String>,
    /// The peer's certificate, in DER.
    pub certificate: Option<Vec<u8>>,
    /// All certificates that the peer sent, its own first, in DER; none where they were sent encrypted, as TLS 1.3 does.
    pub chain: Vec<Vec<u8>>,
    /// Whether a certificate of ours was there to be shown.
    pub shows_identity: bool,
    /// How long the handshake took.
    pub took: Duration,
}

impl std::fmt::Debug for TlsConnector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsConnector").field("server_name", &self.server_name).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for TlsAcceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsAcceptor").finish_non_exhaustive()
    }
}

impl TlsConnector {
    /// A connector with these options.
    ///
    /// # Errors
    /// The system's library refuses the options.
    pub fn new(options: &TlsOptions) -> Result<Self, TlsError> {
        Self::with(options, None)
    }

    /// A connector to look at the certificates of a server with, and for nothing else: it accepts any, shows none of its
    /// own, and asks for a version of TLS that sends them in the clear. Of the options the name to ask for counts.
    ///
    /// # Errors
    /// The system's library refuses it.
    pub fn to_look(options: &TlsOptions) -> Result<Self, TlsError> {
        let server_name = options.server_name.clone();
        let options = TlsOptions { insecure: true, server_name, ..TlsOptions::default() };
        Self::with(&options, Some(Protocol::Tlsv12))
    }

    fn with(options: &TlsOptions, newest: Option<Protocol>) -> Result<Self, TlsError> {
        let mut builder = native_tls::TlsConnector::builder();
        builder.request_alpns(&["http/1.1"]).max_protocol_version(newest);
        builder.danger_accept_invalid_certs(options.insecure).danger_accept_invalid_hostnames(options.insecure);
        for certificate in options.roots.iter().flat_map(|roots| &roots.0) {
            builder.add_root_certificate(certificate.clone());
        }
        if let Some(TlsIdentity(identity)) = &options.identity {
            builder.identity(identity.clone());
        }
        builder.min_protocol_version(Some(match options.oldest {
            Some(TlsVersion::V1_0) => Protocol::Tlsv10,
            Some(TlsVersion::V1_1) => Protocol::Tlsv11,
            // What is newer than the library can ask for is held against the server's answer.
            None | Some(TlsVersion::V1_2 | TlsVersion::V1_3) => Protocol::Tlsv12,
        }));
        let connector = builder.build().map_err(|error| TlsError::setup(&error))?;
        Ok(TlsConnector {
            connector,
            server_name: options.server_name.clone(),
            oldest: options.oldest,
            shows_identity: options.identity.is_some(),
        })
    }

    /// Secures a connection to the host called `host`, by `deadline`.
    ///
    /// # Errors
    /// The server's certificate is not accepted, the two don't agree, the peer speaks no TLS, or time is up.
    pub fn secure(
        &self,
        mut connection: Connection,
        host: &str,
        deadline: Option<Instant>,
    ) -> Result<(Connection, Secured), TlsError> {
        let start = Instant::now();
        let memory = Memory::default();
        let mut flight = Flight::default();
        let name = self.server_name.as_deref().unwrap_or(host);
        let begun = self.connector.connect(name, memory.clone());
        let stream = handshake(begun, &memory, &mut connection, deadline, |bytes| flight.feed(bytes))
            .map_err(|error| error.with_identity(self.shows_identity))?;
        let version = flight.version();
        check_version(self.oldest, version)?;
        let secured = Secured {
            version,
            alpn: alpn_of(&stream),
            certificate: stream.peer_certificate().ok().flatten().and_then(|certificate| certificate.to_der().ok()),
            chain: flight.into_certificates(),
            shows_identity: self.shows_identity,
            took: start.elapsed(),
        };
        Ok((into_connection(stream, memory, connection), secured))
    }

    /// The certificates that a server sends, its own first, in DER; none where they can't be seen. The handshake is carried
    /// out as far as it goes, and the connection is of no use afterwards.
    #[must_use]
    pub fn look(&self, mut connection: Connection, host: &str, deadline: Option<Instant>) -> Vec<Vec<u8>> {
        let memory = Memory::default();
        let mut flight = Flight::default();
        let name = self.server_name.as_deref().unwrap_or(host);
        let begun = self.connector.connect(name, memory.clone());
        // A server that wants a certificate of ours ends it, when its own has been seen.
        if let Ok(stream) = handshake(begun, &memory, &mut connection, deadline, |bytes| flight.feed(bytes)) {
            into_connection(stream, memory, connection).line.hang_up();
        }
        flight.into_certificates()
    }
}

impl TlsAcceptor {
    /// An acceptor that shows this identity.
    ///
    /// # Errors
    /// The system's library refuses it.
    pub fn new(identity: &TlsIdentity) -> Result<Self, TlsError> {
        let mut builder = native_tls::TlsAcceptor::builder(identity.0.clone());
        builder.min_protocol_version(Some(Protocol::Tlsv12));
        builder.build().map(TlsAcceptor).map_err(|error| TlsError::setup(&error))
    }

    /// Secures a connection from a client, by `deadline`.
    ///
    /// # Errors
    /// The client speaks no TLS, does not accept the certificate, or takes too long.
    pub fn secure(&self, mut connection: Connection, deadline: Option<Instant>) -> Result<Connection, TlsError> {
        let memory = Memory::default();
        let begun = self.0.accept(memory.clone());
        let stream = handshake(begun, &memory, &mut connection, deadline, |_| {})?;
        Ok(into_connection(stream, memory, connection))
    }
}

/// Holds the oldest version that will do against the one that was agreed on. The library does that as well, but for TLS 1.3:
/// there a version that could not be seen will not do.
fn check_version(oldest: Option<TlsVersion>, version: Option<TlsVersion>) -> Result<(), TlsError> {
    let told = |version: &str, oldest| {
        format!(
            "the two sides have no version of TLS in common: the server speaks {version}, and --tls-min asks for {oldest}"
        )
    };
    let words = match (oldest, version) {
        (Some(oldest), Some(version)) if version < oldest => told(&version.to_string(), oldest),
        (Some(oldest @ TlsVersion::V1_3), None) => told("an unknown version of TLS", oldest),
        _ => return Ok(()),
    };
    Err(TlsError::new(Trouble::TooOld, &words))
}

fn alpn_of(stream: &TlsStream<Memory>) -> Option<String> {
    let protocol = stream.negotiated_alpn().ok().flatten()?;
    Some(String::from_utf8_lossy(&protocol).into_owned())
}

/// Carries a handshake that has begun to its end; `seen` is shown what the peer sends.
fn handshake(
    mut begun: Result<TlsStream<Memory>, HandshakeError<Memory>>,
    memory: &Memory,
    connection: &mut Connection,
    deadline: Option<Instant>,
    mut seen: impl FnMut(&[u8]),
) -> Result<TlsStream<Memory>, TlsError> {
    loop {
        // What there is to say is said in any case: a failure too is told to the peer.
        let sent = transmit(memory, connection, deadline);
        let unfinished = match begun {
            Ok(stream) => {
                sent?;
                connection.line.set_read_timeout(None).map_err(|error| TlsError::io(&error))?;
                connection.line.set_write_timeout(None).map_err(|error| TlsError::io(&error))?;
                return Ok(stream);
            }
            Err(HandshakeError::Failure(error)) => return Err(TlsError::handshake(&error, memory)),
            Err(HandshakeError::WouldBlock(unfinished)) => unfinished,
        };
        sent?;
        receive(memory, connection, deadline, &mut seen)?;
        begun = unfinished.handshake();
    }
}

#[cfg(test)]
mod tests {
    use super::TlsVersion::{V1_2, V1_3};
    use super::*;

    #[test]
    fn a_version_that_is_too_old_or_not_known_will_not_do() {
        for (oldest, version, will_do) in [
            (None, None, true),
            (Some(V1_2), None, true),
            (Some(V1_2), Some(V1_3), true),
            (Some(V1_3), Some(V1_3), true),
            (Some(V1_3), Some(V1_2), false),
            (Some(V1_3), None, false),
        ] {
            let checked = check_version(oldest, version).map_err(|error| error.trouble());
            assert_eq!(checked, if will_do { Ok(()) } else { Err(Trouble::TooOld) });
        }
    }
}
