//! `wspipe listen`.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueHint;
use wspipe::commands::{Endpoint, EnvHeader, ListenConfig};
use wspipe::handshake::{DeflateTerms, Page, ServerOptions};
use wspipe::net::Endpoint as StreamPlace;
use wspipe::net::ListenOn;
use wspipe::outcome::Failure;
use wspipe::protocol::Role;

use super::access::AccessArgs;
use super::compression::{CompressArgs, LevelArgs};
use super::connect::endpoint;
use super::exec::ExecArgs;
use super::handshake::headers;
use super::inherited::Place;
use super::pipe::{NOT_FOR_STREAMS, PipeArgs};
use super::record::RecordArgs;
use super::tls::IdentityArgs;
use super::values::{at_least_1, buffer_size, duration, file_mode, stream_address, url_path};

/// Wait for clients: standard input to all of them, their messages to standard output
///
/// A line of standard input is sent to every client that is there; without one, nothing is read. Messages of all clients
/// are printed, one at a time. When the input ends, each client gets what is queued, then a Close, and the run ends.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    // (Not a doc comment: [::1] would be a link there.)
    #[arg(value_name = "ADDR", help = ADDR_HELP, long_help = format!("{ADDR_HELP}\n\n{ADDR_MORE}"))]
    address: Place,

    /// Send every message back to the client that it came from
    #[arg(long, help_heading = "Serving", conflicts_with = "expect")]
    echo: bool,

    /// Send every message to all other clients: a room to chat in
    ///
    /// Types are kept, and standard input and output are not used. A message is passed on when it is complete, and may have
    /// 64M unless --max-message says otherwise.
    #[arg(long, help_heading = "Serving", conflicts_with_all = ["echo", "once", "exec", "forward", "expect", "format", "input", "output", "nul"])]
    broadcast: bool,

    /// Carry a connection to HOST:PORT or unix:PATH for each client
    ///
    /// The other end is wspipe forward, or connect --forward. Each direction ends by itself, as for TCP.
    #[arg(
        long,
        value_name = "PLACE",
        value_parser = stream_address,
        help_heading = "Serving",
        conflicts_with_all = ["echo", "exec"],
        conflicts_with_all = NOT_FOR_STREAMS
    )]
    forward: Option<StreamPlace>,

    #[command(flatten, next_help_heading = "Serving")]
    exec: ExecArgs,

    /// Give the command of --exec a header of the request, as `HTTP_NAME`; repeatable
    #[arg(
        long = "env-header",
        value_name = "NAME",
        help_heading = "Serving",
        requires = "exec",
        hide_short_help = true
    )]
    env_headers: Vec<EnvHeader>,

    /// Serve one client, then exit with its status
    #[arg(long, help_heading = "Serving")]
    once: bool,

    /// Accept a subprotocol; repeatable, the preferred one first
    #[arg(short, long = "subprotocol", value_name = "NAME", help_heading = "Serving")]
    subprotocols: Vec<String>,

    /// Add a header to the response; repeatable; or @FILE, @env:NAME
    ///
    /// A file or variable holds several, one a line.
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", help_heading = "Serving", hide_short_help = true)]
    headers: Vec<String>,

    /// Serve this path only; others get 404
    #[arg(long, value_name = "PATH", help_heading = "Serving", value_parser = url_path)]
    path: Option<String>,

    /// Show browsers a web console on the same port, or the page in FILE
    ///
    /// A request for a page, by GET or HEAD and on a path that is served, gets it. The console connects to the URL it came
    /// from, sends text, hex and files, and shows what comes. A page of your own is read once, at the start.
    #[arg(
        long,
        value_name = "FILE",
        value_hint = ValueHint::FilePath,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "",
        help_heading = "Serving"
    )]
    page: Option<OsString>,

    /// Serve at most N clients at a time; the next one gets 503
    ///
    /// With --exec a place is free when the client's command has ended.
    #[arg(long, value_name = "N", value_parser = at_least_1::<u64>, help_heading = "Serving", hide_short_help = true)]
    max_clients: Option<u64>,

    /// How much may wait for one client; one that is too slow then is let go
    ///
    /// A client whose queue is full is let go with close code 1013 when it has taken nothing for 10 seconds; or, while another
    /// client has got everything, when it has taken less than a sixteenth of SIZE in a second. A message may be longer than
    /// the queue. See SLOW CLIENTS in the manual page.
    #[arg(long, value_name = "SIZE", default_value = "1M", value_parser = buffer_size, help_heading = "Serving", hide_short_help = true)]
    queue: usize,

    /// Let no client go: everything waits for the slowest (implied by --once)
    #[arg(long, help_heading = "Serving", hide_short_help = true)]
    lossless: bool,

    /// The mode of a unix socket's file, in octal, as in 660
    ///
    /// It says who may connect: whoever may write to the file. Without it the umask decides.
    #[arg(long, value_name = "MODE", value_parser = file_mode, help_heading = "Serving", hide_short_help = true)]
    socket_mode: Option<u32>,

    /// Write the URL to a file when ready, for scripts
    ///
    /// The file goes when the run ends.
    #[arg(long, value_name = "FILE", help_heading = "Serving", hide_short_help = true)]
    url_file: Option<PathBuf>,

    /// How long a client may take for its handshake
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration, help_heading = "Serving", hide_short_help = true)]
    handshake_timeout: Duration,

    #[command(flatten)]
    access: AccessArgs,

    #[command(flatten)]
    identity: IdentityArgs,

    /// Our private key in PEM, if it is not in the file of --cert
    #[arg(long, value_name = "FILE", help_heading = "TLS", requires = "cert")]
    key: Option<PathBuf>,

    #[command(flatten)]
    compress: CompressArgs,

    #[command(flatten)]
    level: LevelArgs,

    #[command(flatten)]
    pipe: PipeArgs,

    #[command(flatten)]
    record: RecordArgs,
}

const ADDR_HELP: &str = "PORT (on the loopback interface), HOST:PORT, [::1]:PORT, unix:PATH, unix:@NAME (abstract) or \
    fd:NUMBER (inherited); port 0 picks a free one";
const ADDR_MORE: &str =
    "fd: alone is the socket that a service manager passes, and fd:NAME the one with this name (socket activation).";

impl Args {
    /// Where to listen, and how.
    pub(super) fn resolve(self) -> Result<(ListenOn, ListenConfig), Failure> {
        // First: nothing else may have opened a descriptor yet.
        let on = self.address.resolve(self.socket_mode)?;
        let grace = self.exec.grace;
        let pipe = self.pipe.resolve()?;
        if pipe.has_expectations() && !self.once {
            return Err(Failure::Usage("--expect is about what one client says, so it needs --once".into()));
        }
        let identity = self.identity.resolve(self.key.as_deref())?;
        let config = ListenConfig {
            endpoint: if self.broadcast {
                Endpoint::Broadcast
            } else {
                endpoint(self.exec.resolve(self.env_headers), self.forward, self.echo)
            },
            once: self.once,
            server: ServerOptions {
                subprotocols: self.subprotocols,
                needs_subprotocol: self.access.require_subprotocol,
                origins: self.access.origins(),
                login: self.access.login()?,
                trusts_proxy: self.access.trust_proxy,
                headers: headers(&self.headers)?,
                path: self.path,
                page: self.page.as_deref().map(page).transpose()?,
                compress: self.compress.resolve(Role::Server, DeflateTerms::default())?,
                secure: identity.is_some(),
                // The listener knows.
            },
            identity,
            url_file: self.url_file,
            handshake_timeout: self.handshake_timeout,
            max_clients: self.max_clients.map(|most| usize::try_from(most).unwrap_or(usize::MAX)),
            queue: self.queue,
            lossless: self.lossless,
            grace,
            level: self.level.resolve(),
            pipe,
            record: self.record.resolve(),
        };
        if config.pipe.watch.is_some() && !config.once {
            return Err(Failure::Usage("--progress is for one client: it goes with --once".into()));
        }
        Ok((on, config))
    }
}

/// The page in a file; without one, the console.
fn page(file: &OsStr) -> Result<Page, Failure> {
    if file.is_empty() {
        return Ok(Page::console());
    }
    let html = fs::read(file).map_err(|error| Failure::Usage(format!("--page={}: {error}", file.display())))?;
    Ok(Page::own(html))
}
