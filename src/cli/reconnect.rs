//! Options of what follows a session that breaks.

use std::time::Duration;

use wspipe::commands::Reconnect;

use super::values::{at_least_1, duration};

/// As many attempts as can be counted.
const UNBOUNDED: &str = "4294967295";
/// The delay where none is given; the option says it, too.
const DELAY: Duration = Duration::from_secs(1);

#[derive(Debug, clap::Args)]
pub(super) struct ReconnectArgs {
    /// Connect again when the session breaks; give up after MAX attempts in a row
    ///
    /// That is when the connection breaks, the peer goes silent (--ping-timeout, --idle-timeout) or closes with 1001,
    /// 1011, 1012, 1013 or 1014. What --send says is said again on each connection, and what of standard input was not sent yet goes on; see
    /// RECONNECTING for what can be lost. Any other close by the peer ends the run. Each reconnection is one line on standard
    /// error.
    #[arg(
        long,
        value_name = "MAX",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = UNBOUNDED,
        value_parser = at_least_1::<u32>,
        help_heading = "Sending and ending",
        hide_short_help = true,
        conflicts_with_all = ["echo", "forward", "exec"]
    )]
    reconnect: Option<u32>,

    /// The delay before the first attempt to connect again (1s if that is left out)
    ///
    /// It doubles with each attempt, up to 60s; half of it is left to chance, so that many clients don't come back at once. After
    /// a session of 30s it is as at first.
    #[arg(
        long,
        value_name = "TIME",
        allow_negative_numbers = true,
        value_parser = duration,
        requires = "reconnect",
        help_heading = "Sending and ending",
        hide_short_help = true
    )]
    reconnect_delay: Option<Duration>,
}

impl ReconnectArgs {
    pub(super) fn resolve(&self) -> Option<Reconnect> {
        let delay = self.reconnect_delay.unwrap_or(DELAY);
        self.reconnect.map(|most| Reconnect { most, delay })
    }
}
