//! `wspipe ping`.

use std::time::Duration;

use wspipe::commands::{Pace, PingConfig};
use wspipe::outcome::Failure;

use super::client::{ClientArgs, destination};
use super::values::{at_least_1, duration, size, some_time};

/// Measure round trips: send pings, and tell how long each pong takes
///
/// A ping is sent every second until Ctrl-C, --count or the server's Close; then a summary follows, as ping(8) has it. Status 0
/// means that every ping was answered. Messages that the server sends meanwhile are ignored.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where to, as for connect
    #[arg(value_name = "URL")]
    url: String,

    /// End after N pings and their pongs
    #[arg(short, long, value_name = "N", help_heading = "Pings", value_parser = at_least_1::<u64>)]
    count: Option<u64>,

    /// How far apart pings are; 0 sends the next one when the pong has come
    ///
    /// With 0 a ping follows after 10 ms also where no pong has come.
    #[arg(short, long, value_name = "TIME", default_value = "1s", allow_negative_numbers = true, value_parser = duration, help_heading = "Pings")]
    interval: Duration,

    /// How long a pong is waited for until its ping counts as lost
    #[arg(short = 'W', long = "wait", value_name = "TIME", default_value = "10s", allow_negative_numbers = true, value_parser = some_time, help_heading = "Pings")]
    patience: Duration,

    /// How many bytes each ping carries, at most 125
    ///
    /// They are the ping's number (4 bytes), 4 bytes that no other run has, and a pattern. With fewer than 8 bytes pongs are
    /// less certain to belong to this run's pings, and with fewer than 4 to which of them.
    #[arg(short, long, value_name = "SIZE", default_value = "8", value_parser = payload_size, help_heading = "Pings")]
    size: usize,

    /// Print no line for each pong, and nothing on standard error; with --json the summary only
    #[arg(short, long, help_heading = "Pings", conflicts_with = "verbose")]
    pub(super) quiet: bool,

    /// Print JSON Lines: an object for each pong, and one for the summary
    #[arg(long, help_heading = "Pings")]
    json: bool,

    /// Bound the whole run, as in --timeout 5s; status 9 if it is not over by then
    #[arg(long, value_name = "TIME", allow_negative_numbers = true, value_parser = some_time, help_heading = "Pings")]
    timeout: Option<Duration>,

    #[command(flatten)]
    client: ClientArgs,
}

impl Args {
    /// `quiet` was said before the command.
    pub(super) fn resolve(self, quiet: bool) -> Result<PingConfig, Failure> {
        let pace = Pace { count: self.count, interval: self.interval, patience: self.patience, size: self.size };
        Ok(PingConfig {
            client: self.client.resolve(destination(&self.url)?)?,
            timeout: self.timeout,
            pace,
            json: self.json,
            summary_only: quiet || self.quiet,
        })
    }
}

/// What a control frame holds (RFC 6455, 5.5).
fn payload_size(text: &str) -> Result<usize, String> {
    match size(text)? {
        bytes @ ..=125 => Ok(bytes as usize),
        _ => Err("a ping holds at most 125 bytes (RFC 6455, 5.5)".into()),
    }
}
