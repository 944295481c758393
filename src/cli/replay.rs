//! `wspipe replay`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use wspipe::bridge::Speed;
use wspipe::commands::ReplayConfig;
use wspipe::outcome::Failure;

use super::client::{ClientArgs, destination};
use super::compression::LevelArgs;
use super::formats::{FormatName, OutputArgs};
use super::record::RecordArgs;
use super::reports::StatsArgs;
use super::values::{duration, size, some_time, speed};

/// Play a recorded session, or a script, and print or check what comes
///
/// FILE is a transcript: JSON Lines, as --record and --out json write them, or written by hand. Its lines with "dir":"out", or
/// without a dir, are sent as far apart as they were; what comes is printed. A line with "match":"REGEX" in place of its data
/// is awaited before the script goes on; with --check all lines with "dir":"in" are, and what comes must be the same.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The transcript; - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Where to connect, as for connect
    #[arg(value_name = "URL")]
    url: String,

    /// Compare what comes with the lines of dir "in": a diff and status 8 where it differs
    ///
    /// Messages and the close have to come in the order of the lines, and what is sent waits for all that stands before it.
    /// Pings and pongs have to come, too, and those that are not awaited do not matter. What comes after the last line, in the
    /// time of --wait, is a difference.
    #[arg(long, help_heading = "Replay")]
    check: bool,

    /// How many times faster than recorded, or max to wait for nothing but what is awaited
    ///
    /// Lines of type wait always take their time.
    #[arg(long, value_name = "FACTOR|max", default_value = "1", allow_negative_numbers = true, value_parser = speed, help_heading = "Replay")]
    speed: Speed,

    /// How much later than recorded an awaited line may come; the replay ends if it does not, with status 8
    #[arg(long, value_name = "TIME", default_value = "10s", allow_negative_numbers = true, value_parser = duration, help_heading = "Replay")]
    answer_timeout: Duration,

    /// After the last line, close when nothing has come for so long; 0 closes at once
    #[arg(long, value_name = "TIME", default_value = "1s", allow_negative_numbers = true, value_parser = duration, help_heading = "Replay")]
    wait: Duration,

    /// Bound the whole run, as in --timeout 5s
    #[arg(long, value_name = "TIME", allow_negative_numbers = true, value_parser = some_time, help_heading = "Replay")]
    timeout: Option<Duration>,

    /// How long the peer may take to answer our Close
    #[arg(long, value_name = "TIME", default_value = "5s", allow_negative_numbers = true, value_parser = duration, help_heading = "Replay", hide_short_help = true)]
    close_timeout: Duration,

    /// Refuse longer messages from the peer with close code 1009
    ///
    /// By default there is no limit; where whole messages must be held (--check, and the format json), it is 64M.
    #[arg(long, value_name = "SIZE", value_parser = size, help_heading = "Replay", hide_short_help = true)]
    max_message: Option<u64>,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    record: RecordArgs,

    #[command(flatten)]
    stats: StatsArgs,

    #[command(flatten)]
    client: ClientArgs,

    #[command(flatten)]
    level: LevelArgs,
}

impl Args {
    pub(super) fn resolve(self) -> Result<ReplayConfig, Failure> {
        if self.is_the_wrong_way_round() {
            return Err(Failure::Usage("the transcript stands before the URL: wspipe replay FILE URL".into()));
        }
        let output = self.output.resolve(FormatName::Lines)?;
        Ok(ReplayConfig {
            file: self.file,
            client: self.client.resolve(destination(&self.url)?)?,
            level: self.level.resolve(),
            speed: self.speed,
            check: self.check,
            answer_timeout: self.answer_timeout,
            wait: self.wait,
            close_timeout: self.close_timeout,
            timeout: self.timeout,
            output,
            max_message: self.max_message,
            record: self.record.resolve(),
            stats: self.stats.resolve(),
        })
    }

    fn is_the_wrong_way_round(&self) -> bool {
        let file = self.file.to_string_lossy();
        let looks_like_url = file.contains("://") || file == "echo:";
        file != "-" && !self.file.exists() && (looks_like_url || Path::new(&self.url).exists())
    }
}
