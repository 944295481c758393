//! The recording of sessions.

use std::path::PathBuf;

use clap::ValueHint;

/// The option of all commands that have sessions.
#[derive(Debug, clap::Args)]
pub(super) struct RecordArgs {
    /// Write all that comes and goes to FILE, as JSON Lines
    ///
    /// Both directions, control frames too, whatever the formats of standard input and output are; see TRANSCRIPTS in the
    /// manual page. A file that is there is overwritten.
    #[arg(
        long,
        value_name = "FILE",
        value_parser = file,
        value_hint = ValueHint::FilePath,
        help_heading = "Records",
        hide_short_help = true
    )]
    record: Option<PathBuf>,
}

impl RecordArgs {
    pub(super) fn resolve(self) -> Option<PathBuf> {
        self.record
    }
}

/// A file that standard output is not: payload goes there.
fn file(path: &str) -> Result<PathBuf, String> {
    match path {
        "-" => Err("standard output is for messages; name a file, or /dev/stderr".to_owned()),
        path => Ok(path.into()),
    }
}
