//! `wspipe connect`.

use wspipe::commands::{ConnectConfig, Endpoint, Exec};
use wspipe::net::Endpoint as StreamPlace;
use wspipe::outcome::Failure;

use super::client::{ClientArgs, destination};
use super::compression::LevelArgs;
use super::exec::ExecArgs;
use super::pipe::{NOT_FOR_STREAMS, PipeArgs};
use super::reconnect::ReconnectArgs;
use super::record::RecordArgs;
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
    client: ClientArgs,

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
        let destination = destination(&self.url)?;
        Ok(ConnectConfig {
            reconnect: self.reconnect.resolve(),
            // What may ask for a password comes last: what is wrong with the other options is said first.
            pipe: self.pipe.resolve()?,
            client: self.client.resolve(destination)?,
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
