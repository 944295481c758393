//! `wspipe forward`.

use std::time::Duration;

use wspipe::commands::ForwardConfig;
use wspipe::net::ListenOn;
use wspipe::outcome::Failure;

use super::client::{ClientArgs, destination};
use super::compression::LevelArgs;
use super::heartbeat::HeartbeatArgs;
use super::inherited::Place;
use super::record::RecordArgs;
use super::values::{file_mode, some_time};

/// Take TCP or unix connections, and carry each over a WebSocket of its own
///
/// The other end is wspipe listen --forward, or anything that sends and takes a byte stream as binary messages. Each
/// direction ends by itself, as for TCP, and a connection that breaks is not taken for one that has ended.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    // (Not a doc comment: [::1] would be a link there.)
    #[arg(
        value_name = "LISTEN",
        help = "PORT (on the loopback interface), HOST:PORT, [::1]:PORT, unix:PATH or fd:N; port 0 picks a free one"
    )]
    address: Place,

    /// Where to, as for connect
    #[arg(value_name = "URL")]
    url: String,

    /// The mode of a unix socket's file, in octal, as in 660
    ///
    /// It says who may connect: whoever may write to the file. Without it the umask decides.
    #[arg(long, value_name = "MODE", value_parser = file_mode, help_heading = "Network", hide_short_help = true)]
    socket_mode: Option<u32>,

    #[command(flatten)]
    client: ClientArgs,

    #[command(flatten)]
    level: LevelArgs,

    #[command(flatten)]
    record: RecordArgs,

    /// Give up when nothing at all has come from the other end for this long
    #[arg(long, value_name = "TIME", allow_negative_numbers = true, value_parser = some_time, help_heading = "Handshake", hide_short_help = true)]
    idle_timeout: Option<Duration>,

    #[command(flatten, next_help_heading = "Handshake")]
    heartbeat: HeartbeatArgs,
}

impl Args {
    /// Where to listen, and where to.
    pub(super) fn resolve(self) -> Result<(ListenOn, ForwardConfig), Failure> {
        // First: nothing else may have opened a descriptor yet.
        let on = self.address.resolve(self.socket_mode)?;
        let config = ForwardConfig {
            client: self.client.resolve(destination(&self.url)?)?,
            idle_timeout: self.idle_timeout,
            heartbeat: self.heartbeat.resolve(self.idle_timeout),
            level: self.level.resolve(),
            record: self.record.resolve(),
        };
        Ok((on, config))
    }
}
