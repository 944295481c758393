//! Options for what is told of a run besides its messages.

use std::sync::Arc;

use clap::ValueEnum;
use wspipe::commands::{Stats, StatsForm};

#[derive(Debug, clap::Args)]
pub(super) struct ReportArgs {
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
    /// Where what is carried is added up, if it is to be told.
    pub(super) fn stats(&self) -> Option<Arc<Stats>> {
        let form = match self.stats? {
            Form::Text => StatsForm::Text,
            Form::Json => StatsForm::Json,
        };
        Some(Arc::new(Stats::new(form)))
    }
}
