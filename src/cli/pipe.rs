//! Options of the pipe between standard input and output and a session.

use std::time::Duration;

use clap::ValueEnum;
use wspipe::bridge::OnEof;
use wspipe::commands::Pipe;
use wspipe::outcome::Failure;
use wspipe::protocol::{Close, Kind};

use super::dialogue::DialogueArgs;
use super::formats::{FormatName, OutputArgs};
use super::heartbeat::HeartbeatArgs;
use super::reports::ReportArgs;
use super::values::{at_least_1, buffer_size, duration, size, some_time, whole};

/// Options that say nothing where a session carries a byte stream.
pub(super) const NOT_FOR_STREAMS: [&str; 15] = [
    "text",
    "format",
    "input",
    "output",
    "timestamps",
    "nul",
    "send",
    "expect",
    "no_stdin",
    "on_eof",
    "count",
    "close_code",
    "close_reason",
    "max_message",
    "binary",
];

#[derive(Debug, clap::Args)]
pub(super) struct PipeArgs {
    /// Send text messages, which must be UTF-8 (the default)
    #[arg(short, long, help_heading = "Records", conflicts_with = "binary", hide_short_help = true)]
    text: bool,

    /// Send binary messages; the format is then raw unless given
    #[arg(short, long, help_heading = "Records")]
    binary: bool,

    /// How messages lie in standard input and output
    ///
    /// A format for both directions; see --in and --out for one of them.
    #[arg(long, value_name = "FORMAT", help_heading = "Records", conflicts_with = "nul")]
    format: Option<FormatName>,

    /// How standard input is cut into messages: by a format of --format
    #[arg(
        long = "in",
        value_name = "FORMAT",
        help_heading = "Records",
        hide_short_help = true,
        hide_possible_values = true
    )]
    input: Option<FormatName>,

    #[command(flatten)]
    output: OutputArgs,

    /// Records end with NUL: --format nul
    #[arg(short = '0', long, help_heading = "Records")]
    nul: bool,

    /// The longest message that raw makes of one read
    #[arg(long, value_name = "SIZE", default_value = "64K", value_parser = buffer_size, help_heading = "Records", hide_short_help = true)]
    chunk_size: usize,

    /// Refuse longer messages from the peer with close code 1009
    ///
    /// By default there is no limit, since messages pass in pieces; where a whole one must be held (the format json, and
    /// length for a message that is fragmented or compressed), it is 64M.
    #[arg(long, value_name = "SIZE", value_parser = size, help_heading = "Records", hide_short_help = true)]
    max_message: Option<u64>,

    #[command(flatten)]
    dialogue: DialogueArgs,

    /// Don't read standard input
    #[arg(long, help_heading = "Sending and ending")]
    no_stdin: bool,

    /// After the input's end, close when so long nothing has come
    ///
    /// 0 closes at once. A time is written 500ms, 2s, 1.5 (seconds) or 1m 30s.
    #[arg(long, value_name = "TIME", default_value = "1s", allow_negative_numbers = true, value_parser = duration, help_heading = "Sending and ending")]
    wait: Duration,

    /// What the end of the input does: close (after --wait), or keep the session until the peer closes
    #[arg(
        long,
        value_name = "WHAT",
        default_value = "close",
        help_heading = "Sending and ending",
        hide_short_help = true
    )]
    on_eof: EofAction,

    /// End with status 0 after N messages have come
    #[arg(short, long, value_name = "N", help_heading = "Sending and ending", value_parser = at_least_1::<u64>)]
    count: Option<u64>,

    /// Bound the whole run, as in --timeout 5s
    #[arg(long, value_name = "TIME", allow_negative_numbers = true, value_parser = some_time, help_heading = "Sending and ending")]
    timeout: Option<Duration>,

    /// The code of our Close
    #[arg(
        long,
        value_name = "CODE",
        default_value = "1000",
        value_parser = whole::<u16>,
        help_heading = "Sending and ending",
        hide_short_help = true
    )]
    close_code: u16,

    /// The reason of our Close, at most 123 bytes
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true,
        help_heading = "Sending and ending",
        hide_short_help = true
    )]
    close_reason: String,

    /// How long the peer may take to answer our Close
    #[arg(long, value_name = "TIME", default_value = "5s", allow_negative_numbers = true, value_parser = duration, help_heading = "Sending and ending", hide_short_help = true)]
    close_timeout: Duration,

    /// End the session, with status 6, when nothing at all has come from the peer for so long
    ///
    /// Any byte counts, a Pong too; time in which standard output is not taken does not. A peer that only listens is silent,
    /// too. Without this option a peer may be silent for ever. A listener lets go of that client, and the others stay.
    #[arg(long, value_name = "TIME", allow_negative_numbers = true, value_parser = some_time, help_heading = "Sending and ending", hide_short_help = true)]
    idle_timeout: Option<Duration>,

    #[command(flatten, next_help_heading = "Sending and ending")]
    heartbeat: HeartbeatArgs,

    #[command(flatten)]
    reports: ReportArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum EofAction {
    /// Close, once nothing has come for the time of --wait
    Close,
    /// Stay until the peer closes
    Keep,
}

impl PipeArgs {
    pub(super) fn resolve(self) -> Result<Pipe, Failure> {
        let default = match (self.nul, self.binary) {
            (true, _) => FormatName::Nul,
            (false, true) => FormatName::Raw,
            (false, false) => FormatName::Lines,
        };
        let format = self.format.unwrap_or(default);
        let output = self.output.resolve(format)?;
        let close = Close::checked(self.close_code, &self.close_reason)
            .map_err(|error| Failure::Usage(format!("--close-code, --close-reason: {error}")))?;
        Ok(Pipe {
            kind: if self.binary { Kind::Binary } else { Kind::Text },
            input: self.input.unwrap_or(format).into(),
            output,
            chunk_size: self.chunk_size,
            max_message: self.max_message,
            dialogue: self.dialogue.turns.into(),
            reads_input: !self.no_stdin,
            on_eof: match self.on_eof {
                EofAction::Close => OnEof::Linger(self.wait),
                EofAction::Keep => OnEof::Keep,
            },
            close,
            close_timeout: self.close_timeout,
            idle_timeout: self.idle_timeout,
            heartbeat: self.heartbeat.resolve(self.idle_timeout),
            count: self.count,
            timeout: self.timeout,
            stats: self.reports.stats(),
            watch: self.reports.watch(),
        })
    }
}
