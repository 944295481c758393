//! `wspipe inspect`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anstream::ColorChoice;
use wspipe::commands::{InspectCapturedConfig, InspectConfig, inspect_captured, inspect_key, inspect_url};
use wspipe::handshake::Side;
use wspipe::outcome::Failure;

use super::client::{OpeningArgs, destination};
use super::handshake::MAKING_A_CONNECTION;
use super::values::whole;

/// Perform a handshake and explain it, or explain a captured one
///
/// With a URL: connects, shows the request and the response as they were on the wire, each check with its RFC clause,
/// and what a refusal most probably means; the status makes it a smoke test. With --request, --response or both: does
/// the same for heads that were captured, as curl -v, a browser or a log shows them. With --key and no URL: prints the
/// Sec-WebSocket-Accept that belongs to it, alone; with --accept too, verifies that value.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("subject").required(true).multiple(true).args(["url", "request", "response", "key"]))]
#[command(group = clap::ArgGroup::new("shown").multiple(true).args(["url", "request", "response"]))]
pub(super) struct Args {
    /// Where to connect, as for connect
    #[arg(value_name = "URL", conflicts_with_all = ["request", "response", "accept"])]
    url: Option<String>,

    /// Explain the request in this file, and the response, if it is there too; - is standard input
    ///
    /// The heads may stand there as they were on the wire, as curl -v prints them, as a browser's developer tools show
    /// them, or within other text. What had to be repaired to read them is told.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["key", "accept"], conflicts_with_all = MAKING_A_CONNECTION)]
    request: Option<PathBuf>,

    /// Explain the response in this file; alone, what needs the request is not checked
    #[arg(long, value_name = "FILE", conflicts_with = "accept", conflicts_with_all = MAKING_A_CONNECTION)]
    response: Option<PathBuf>,

    /// Print the Sec-WebSocket-Accept for this Sec-WebSocket-Key; with a URL: our private key, a file
    ///
    /// With --response, the key that it answers. With a URL, this is no key of a handshake, but the file of our private key
    /// in PEM, if it is not in the file of --cert.
    #[arg(long, value_name = "KEY|FILE", value_hint = clap::ValueHint::AnyPath)]
    key: Option<OsString>,

    /// Verify that this Sec-WebSocket-Accept belongs to --key: status 0 or 5
    #[arg(long, value_name = "VALUE", requires = "key")]
    accept: Option<String>,

    /// Fail with status 4 unless the server's certificates are valid for so many days more
    #[arg(long, value_name = "DAYS", value_parser = whole::<u64>, requires = "url", conflicts_with_all = ["request", "response"])]
    min_days: Option<u64>,

    /// Print JSON, for machines
    #[arg(long, requires = "subject")]
    json: bool,

    /// Colour the verdicts: auto does on a terminal, unless `NO_COLOR` is set
    #[arg(long, value_name = "WHEN", default_value = "auto", hide_short_help = true, requires = "shown")]
    color: clap::ColorChoice,

    /// Show credentials in the heads instead of ***
    #[arg(long, hide_short_help = true, requires = "shown")]
    show_secrets: bool,

    #[command(flatten)]
    opening: OpeningArgs,
}

impl Args {
    pub(super) fn run(self) -> Result<(), Failure> {
        let named = |path: Option<PathBuf>, side| path.map(|path| (path, side));
        let files = named(self.request, Side::Request).into_iter().chain(named(self.response, Side::Response));
        let files: Vec<_> = files.collect();
        let color = match self.color {
            clap::ColorChoice::Auto => ColorChoice::Auto,
            clap::ColorChoice::Always => ColorChoice::Always,
            clap::ColorChoice::Never => ColorChoice::Never,
        };
        let (json, show_secrets) = (self.json, self.show_secrets);
        let Some(url) = self.url else {
            let key = self.key.map(|key| key.to_string_lossy().into_owned());
            return match key {
                Some(key) if files.is_empty() => inspect_key(&key, self.accept.as_deref(), json),
                key => inspect_captured(&InspectCapturedConfig { files, key, json, color, show_secrets }),
            };
        };
        let key = self.key.as_deref().map(Path::new);
        let destination = destination(&url)?;
        if self.min_days.is_some() && !destination.is_secure() && self.opening.handshake.redirects().is_none() {
            return Err(Failure::Usage("--min-days is about certificates: give a wss:// or https:// URL".into()));
        }
        inspect_url(&InspectConfig {
            client: self.opening.resolve(destination, key)?,
            min_days: self.min_days,
            json,
            color,
            show_secrets,
        })
    }
}
