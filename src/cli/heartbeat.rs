//! Options of the Pings that ask whether the peer is there.

use std::time::Duration;

use wspipe::bridge::Heartbeat;

use super::values::some_time;

/// How long the peer may take for a Pong unless it is said, as for other tools of this kind.
const TIMEOUT: Duration = Duration::from_secs(20);

#[derive(Debug, clap::Args)]
pub(super) struct HeartbeatArgs {
    /// Send a Ping every so often, and end with status 6 if nothing comes back for --ping-timeout
    ///
    /// So a peer whose machine or network is gone is found out, and servers that close idle sessions are kept from it. Any byte
    /// from the peer counts as an answer; time in which standard output is not taken does not count, nor does time in which
    /// the peer takes what is sent.
    #[arg(long, value_name = "TIME", allow_negative_numbers = true, value_parser = some_time, hide_short_help = true)]
    ping_interval: Option<Duration>,

    /// How long nothing may come from the peer after a Ping [default: 20s]
    ///
    /// Without --ping-interval Pings are sent as often as that.
    #[arg(long, value_name = "TIME", allow_negative_numbers = true, value_parser = some_time, hide_short_help = true)]
    ping_timeout: Option<Duration>,
}

impl HeartbeatArgs {
    /// The heartbeat, if there is one; says so where `idle_timeout` leaves it no time for a Ping.
    pub(super) fn resolve(&self, idle_timeout: Option<Duration>) -> Option<Heartbeat> {
        let interval = self.ping_interval.or(self.ping_timeout)?;
        if idle_timeout.is_some_and(|limit| limit <= interval) {
            log::warn!(
                "--idle-timeout is over before a Ping asks whether a silent peer is there: give --ping-interval a shorter time"
            );
        }
        Some(Heartbeat { interval, timeout: self.ping_timeout.unwrap_or(TIMEOUT) })
    }
}
