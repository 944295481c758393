//! `wspipe connect`.

use std::path::PathBuf;

use wspipe::commands::{ConnectConfig, Destination, Endpoint, Exec};
use wspipe::handshake::TargetError;
use wspipe::net::Endpoint as StreamPlace;
use wspipe::outcome::Failure;

use super::compression::LevelArgs;
use super::exec::ExecArgs;
use super::handshake::HandshakeArgs;
use super::pipe::{NOT_FOR_STREAMS, PipeArgs};
use super::reconnect::ReconnectArgs;
use super::record::RecordArgs;
use super::route::RouteArgs;
use super::tls::{IdentityArgs, TlsArgs};
use super::trust;
use super::values::stream_address;

/// Connect to a server: standard input to messages, messages to standard output
///
/// Each line of standard input is sent as a text message, and each message that comes is printed as a line. When the input
/// ends, the connection stays open until nothing has come for --wait, then it is closed cleanly. Status 0 means that
/// everything that was read was sent, and everything that came was written.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// ws:// or http:// URL, HOST[:PORT]/PATH, ws+unix:PATH:/URI (wss+unix: with TLS; an abstract socket as @NAME), or echo:
    /// for an echo server of our own
    #[arg(value_name = "URL")]
    url: String,

    /// Send every message back instead of using standard input and output
    #[arg(long, help_heading = "Sending and ending", hide_short_help = true, conflicts_with = "expect")]
    echo: bool,

    /// Carry a TCP or unix connection to this place instead: HOST:PORT or unix:PATH
    #[arg(
        long,
        value_name = "PLACE",
        value_parser = stream_address,
        help_heading = "Sending and ending",
        hide_short_help = true,
        conflicts_with_all = ["echo", "exec"],
        conflicts_with_all = NOT_FOR_STREAMS
    )]
    forward: Option<StreamPlace>,

    #[command(flatten, next_help_heading = "Sending and ending")]
    exec: ExecArgs,

    #[command(flatten)]
    handshake: HandshakeArgs,

    #[command(flatten)]
    route: RouteArgs,

    #[command(flatten)]
    tls: TlsArgs,

    #[command(flatten)]
    identity: IdentityArgs,

    /// Our private key in PEM, if it is not in the file of --cert
    #[arg(long, value_name = "FILE", help_heading = "TLS", requires = "cert")]
    key: Option<PathBuf>,

    #[command(flatten)]
    level: LevelArgs,

    #[command(flatten)]
    reconnect: ReconnectArgs,

    #[command(flatten)]
    pipe: PipeArgs,

    #[command(flatten)]
    record: RecordArgs,
}

impl Args {
    pub(super) fn resolve(self) -> Result<ConnectConfig, Failure> {
        Ok(ConnectConfig {
            destination: destination(&self.url)?,
            reconnect: self.reconnect.resolve(),
            // What may ask for a password comes last: what is wrong with the other options is said first.
            pipe: self.pipe.resolve()?,
            route: {
                let tls = self.tls.resolve(&self.identity, self.key.as_deref())?;
                self.route.resolve(tls, self.handshake.redirects())?
            },
            handshake: self.handshake.resolve()?,
            connect_timeout: self.handshake.connect_timeout,
            retry: self.handshake.retry,
            endpoint: endpoint(self.exec.resolve(Vec::new()), self.forward, self.echo),
            level: self.level.resolve(),
            record: self.record.resolve(),
        })
    }
}

/// What is at this end, by the options that say so.
pub(super) fn endpoint(exec: Option<Exec>, forward: Option<StreamPlace>, echo: bool) -> Endpoint {
    match (exec, forward) {
        (Some(exec), _) => Endpoint::Exec(exec),
        (None, Some(place)) => Endpoint::Forward(place),
        (None, None) if echo => Endpoint::Echo,
        (None, None) => Endpoint::Stdio,
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
