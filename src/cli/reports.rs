//! Options for what is told of a run besides its messages.

use std::sync::Arc;

use clap::ValueEnum;
use wspipe::bridge::Watch;
use wspipe::commands::{Stats, StatsForm};

#[derive(Debug, clap::Args)]
pub(super) struct ReportArgs {
    #[command(flatten)]
    stats: StatsArgs,

    /// Show on the terminal how much has been carried, how fast, and of an input file how much is left
    ///
    /// The meter is on standard error. Nothing is shown where that is no terminal, or where messages are typed or printed on
    /// one. A listener has a meter with --once only.
    #[arg(long, help_heading = "Messages", hide_short_help = true)]
    progress: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct StatsArgs {
    /// At the end say on standard error what was carried, also with -q; as one line of JSON with =json
    #[arg(
        long,
        value_name = "FORM",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "text",
        help_heading = "Messages",
        hide_short_help = true
    )]
    stats: Option<Form>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Form {
    /// Lines for people
    Text,
    /// One line of JSON
    Json,
}

impl ReportArgs {
    /// Where a meter looks, if one is wanted.
    pub(super) fn watch(&self) -> Option<Arc<Watch>> {
        self.progress.then(Arc::default)
    }

    /// As [`StatsArgs::resolve`].
    pub(super) fn stats(&self) -> Option<Arc<Stats>> {
        self.stats.resolve()
    }
}

impl StatsArgs {
    /// Where what is carried is added up, if it is to be told.
    pub(super) fn resolve(&self) -> Option<Arc<Stats>> {
        let form = match self.stats? {
            Form::Text => StatsForm::Text,
            Form::Json => StatsForm::Json,
        };
        Some(Arc::new(Stats::new(form)))
    }
}
