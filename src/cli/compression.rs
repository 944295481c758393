//! Options of permessage-deflate.

use wspipe::handshake::{ClientWindow, DeflateTerms};
use wspipe::outcome::Failure;
use wspipe::protocol::{Level, Role};

use super::values::level;

#[derive(Debug, clap::Args)]
pub(super) struct CompressArgs {
    /// Compress messages with permessage-deflate, if the peer does too
    ///
    /// Parameters, separated by commas: `server_no_context_takeover`, `client_no_context_takeover`,
    /// `server_max_window_bits=N`, `client_max_window_bits[=N]`; N goes from 8 to 15, for this side's own window from 9. Compressed
    /// before it is encrypted, a secret can be guessed from the length of messages; the manual page says when.
    #[arg(
        long,
        value_name = "PARAMETERS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "",
        help_heading = "Compression"
    )]
    compress: Option<String>,
}

impl CompressArgs {
    /// The terms of this side; `plain` are those without parameters.
    pub(super) fn resolve(&self, role: Role, plain: DeflateTerms) -> Result<Option<DeflateTerms>, Failure> {
        let terms = match self.compress.as_deref() {
            None => return Ok(None),
            Some("") => plain,
            Some(text) => text.parse().map_err(|error| Failure::Usage(format!("--compress: {error}")))?,
        };
        if role == Role::Server && terms.client_max_window_bits == ClientWindow::Limitable {
            return Err(Failure::Usage(
                "--compress: a server says how large the client's window may be: client_max_window_bits=N".into(),
            ));
        }
        if terms.window_of(role) == Some(8) {
            return Err(Failure::Usage(
                "--compress: this side's compressor has no window of 256 bytes (8 bits): 9 is the least".into(),
            ));
        }
        Ok(Some(terms))
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct LevelArgs {
    /// How hard to compress: 1 is the fastest, 9 gives the fewest bytes
    #[arg(
        long = "compress-level",
        value_name = "N",
        default_value = "6",
        requires = "compress",
        help_heading = "Compression",
        hide_short_help = true,
        value_parser = level
    )]
    level: Level,
}

impl LevelArgs {
    pub(super) fn resolve(&self) -> Level {
        self.level
    }
}
