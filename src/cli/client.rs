//! Options of the way to a session, which every client has.

use std::path::{Path, PathBuf};

use wspipe::commands::{ClientConfig, Destination};
use wspipe::handshake::TargetError;
use wspipe::outcome::Failure;

use super::handshake::HandshakeArgs;
use super::route::RouteArgs;
use super::tls::{IdentityArgs, TlsArgs};
use super::trust;

/// The options of an opening handshake, and of the way to where it takes place.
#[derive(Debug, clap::Args)]
pub(super) struct OpeningArgs {
    #[command(flatten)]
    pub(super) handshake: HandshakeArgs,

    #[command(flatten)]
    route: RouteArgs,

    #[command(flatten)]
    tls: TlsArgs,

    #[command(flatten)]
    identity: IdentityArgs,
}

/// The same where --key is the file of a private key, and nothing else.
#[derive(Debug, clap::Args)]
pub(super) struct ClientArgs {
    #[command(flatten)]
    opening: OpeningArgs,

    /// Our private key in PEM, if it is not in the file of --cert
    #[arg(long, value_name = "FILE", help_heading = "TLS", requires = "cert")]
    key: Option<PathBuf>,
}

impl OpeningArgs {
    /// The way to `destination`; `key` is the file of the private key, where that is one of its own. It may ask for a password,
    /// so it comes last: what is wrong with other options is said first.
    pub(super) fn resolve(self, destination: Destination, key: Option<&Path>) -> Result<ClientConfig, Failure> {
        let tls = self.tls.resolve(&self.identity, key)?;
        Ok(ClientConfig {
            destination,
            route: self.route.resolve(tls, self.handshake.redirects())?,
            handshake: self.handshake.resolve()?,
            connect_timeout: self.handshake.connect_timeout,
            retry: self.handshake.retry,
        })
    }
}

impl ClientArgs {
    /// As [`OpeningArgs::resolve`].
    pub(super) fn resolve(self, destination: Destination) -> Result<ClientConfig, Failure> {
        self.opening.resolve(destination, self.key.as_deref())
    }
}

/// What the user gave as the URL. It is not clap that parses it, for clap's messages would show the password in it.
pub(super) fn destination(text: &str) -> Result<Destination, Failure> {
    let destination: Destination = text.parse().map_err(|error: TargetError| Failure::Usage(error.to_string()))?;
    if destination.is_secure() {
        trust::prefer_hashed_directory();
    }
    Ok(destination)
}
