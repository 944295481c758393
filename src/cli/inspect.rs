//! `wspipe inspect`.

use wspipe::commands::{InspectConfig, inspect_key, inspect_url};
use wspipe::opening::Route;
use wspipe::outcome::Failure;

use super::connect::destination;
use super::handshake::HandshakeArgs;
use super::tls::{IdentityArgs, TlsArgs};

/// Perform a handshake and explain it, or compute a Sec-WebSocket-Accept
///
/// With a URL: connects, shows the request and the response as they were on the wire, each check with its RFC clause,
/// and what a refusal most probably means; the status makes it a smoke test. With --key: prints the
/// Sec-WebSocket-Accept that belongs to it, alone; with --accept too, verifies that value.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("subject").required(true).args(["url", "key"]))]
pub(super) struct Args {
    /// Where to connect, as for connect
    #[arg(value_name = "URL")]
    url: Option<String>,

    /// Print the Sec-WebSocket-Accept for this Sec-WebSocket-Key
    #[arg(long, value_name = "KEY")]
    key: Option<String>,

    /// Verify that this Sec-WebSocket-Accept belongs to --key: status 0 or 5
    #[arg(long, value_name = "VALUE", requires = "key")]
    accept: Option<String>,

    /// Print JSON, for machines
    #[arg(long, requires = "url")]
    json: bool,

    /// Show credentials in the request instead of ***
    #[arg(long, hide_short_help = true, requires = "url")]
    show_secrets: bool,

    #[command(flatten)]
    handshake: HandshakeArgs,

    #[command(flatten)]
    tls: TlsArgs,

    #[command(flatten)]
    identity: IdentityArgs,
}

impl Args {
    pub(super) fn run(self) -> Result<(), Failure> {
        match (self.url, self.key) {
            (_, Some(key)) => inspect_key(&key, self.accept.as_deref()),
            (Some(url), None) => inspect_url(InspectConfig {
                destination: destination(&url)?,
                handshake: self.handshake.resolve()?,
                // (--key is the one of the handshake here.)
                route: Route { tls: self.tls.resolve(self.identity.resolve(None)?)? },
                connect_timeout: self.handshake.connect_timeout,
                json: self.json,
                show_secrets: self.show_secrets,
            }),
            (None, None) => unreachable!("clap asks for one of them"),
        }
    }
}
