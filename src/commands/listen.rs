//! `listen`: the server's pipe.

mod begun;
mod crowd;
mod distribute;
mod events;
mod once;
mod room;
mod serve;
mod shared;

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::coding::{Coding, Terms};
use super::progress::Meter;
use super::record::recorded;
use super::stats::AtEnd;
use super::{Endpoint, Pipe};
use crate::bridge::Signals;
use crate::handshake::{ServerOptions, check_subprotocols};
use crate::net::{ListenOn, Listener, TlsAcceptor, TlsIdentity, raise_descriptor_limit};
use crate::opening::{Accepted, OpenError};
use crate::outcome::Failure;
use crate::protocol::Level;
use crate::recorder::Recorder;
use crate::records::DEFAULT_MAX_HELD;

/// What `listen` was asked for, apart from where.
#[derive(Debug, Clone)]
pub struct ListenConfig {
    /// What clients are connected with.
    pub endpoint: Endpoint,
    /// Serve one client only.
    pub once: bool,
    /// What the answers to requests say.
    pub server: ServerOptions,
    /// Who the server is, if clients have to come by `wss://`.
    pub identity: Option<TlsIdentity>,
    /// Where to write the URL to, when clients can connect.
    pub url_file: Option<PathBuf>,
    /// How long a client may take for its handshake.
    pub handshake_timeout: Duration,
    /// The most clients that are served at a time.
    pub max_clients: Option<usize>,
    /// How much waits in memory for one client, in bytes.
    pub queue: usize,
    /// Everything waits for a client whose queue is full.
    pub lossless: bool,
    /// How long a signal leaves for what is queued and for the clients' answers.
    pub grace: Duration,
    /// How hard to compress, where that is agreed on.
    pub level: Level,
    /// Standard input and output, and the end.
    pub pipe: Pipe,
    /// The file to record sessions in.
    pub record: Option<PathBuf>,
}

impl ListenConfig {
    /// How a client's session is coded; `buffer` is how much one read of its socket can bring, in bytes. Of one that `grows`
    /// a client has only what it needs.
    fn coding(&self, accepted: &Accepted, buffer: usize, grows: bool) -> Coding {
        // A room passes on whole messages, which are held.
        let held = (self.endpoint == Endpoint::Broadcast).then_some(DEFAULT_MAX_HELD);
        let terms = Terms {
            buffer,
            grows,
            max_message: self.pipe.decoder_limit().or(held),
            compression: accepted.compression,
            level: self.level,
        };
        Coding::server(terms, &accepted.early)
    }
}

/// Listens, and serves clients as `config` says until the input ends or a signal comes.
///
/// # Errors
/// It can't be listened there, or a session that decides about the run has ended badly; see [`Failure`].
pub fn listen(on: ListenOn, mut config: ListenConfig) -> Result<(), Failure> {
    let record = config.record.take();
    recorded(record.as_deref(), |recorder| listen_recorded(on, config, recorder))
}

fn listen_recorded(on: ListenOn, config: ListenConfig, recorder: Option<&Arc<Recorder>>) -> Result<(), Failure> {
    let start = Instant::now();
    let _stats = AtEnd(config.pipe.stats.clone());
    let _meter = Meter::start(&config.pipe, config.endpoint.is_stdio());
    check_subprotocols(&config.server.subprotocols).map_err(|error| Failure::Usage(error.to_string()))?;
    let acceptor = config.identity.as_ref().map(TlsAcceptor::new).transpose();
    let acceptor = acceptor.map_err(|error| Failure::Open(OpenError::Tls(error.to_string())))?;
    config.endpoint.check().map_err(|error| Failure::Usage(format!("--exec: {error}")))?;
    let signals = Signals::catch().map_err(Failure::io("cannot catch signals"))?;
    raise_descriptor_limit();
    let listener = Listener::open(on)?;
    let url = url_of(&listener, acceptor.is_some(), config.server.path.as_deref());
    let _url_file = UrlFile::write(config.url_file.as_deref(), &url)?;
    announce(&url);
    if config.server.page.is_some() {
        invite(&url, config.server.login.token.is_some());
    }
    let service = Entrance { listener, url, acceptor, recorder: recorder.cloned() };
    if config.once {
        once::serve(service, &config, &signals, start)
    } else {
        serve::serve(service, config, &signals, start)
    }
}

/// What clients connect to.
#[derive(Debug)]
struct Entrance {
    listener: Listener,
    url: String,
    /// With it, clients have to speak TLS.
    acceptor: Option<TlsAcceptor>,
    /// With it, sessions are recorded.
    recorder: Option<Arc<Recorder>>,
}

/// The URL under which clients reach a listener that serves this path, or any.
fn url_of(listener: &Listener, secure: bool, path: Option<&str>) -> String {
    let mut url = listener.url();
    if secure && let Some(rest) = url.strip_prefix("ws") {
        url = format!("wss{rest}");
    }
    // It ends with the path /.
    url + path.map_or("", |path| &path[1..])
}

/// Says that clients can connect, and where.
fn announce(url: &str) {
    if log::max_level() != log::LevelFilter::Off {
        // Nobody may be there to read it, and that ends no listener.
        let _ = writeln!(io::stderr(), "listening on {url}");
    }
}

/// The file of `--url-file`. It goes with the run: a script that waits for the next one must not find this one's.
#[derive(Debug)]
struct UrlFile {
    path: PathBuf,
    text: String,
}

impl UrlFile {
    fn write(path: Option<&Path>, url: &str) -> Result<Option<Self>, Failure> {
        let Some(path) = path else { return Ok(None) };
        let text = format!("{url}\n");
        write_whole(path, &text).map_err(Failure::written("--url-file", path))?;
        Ok(Some(UrlFile { path: path.to_owned(), text }))
    }
}

impl Drop for UrlFile {
    fn drop(&mut self) {
        // Another run may have put its own there, and a pipe, a device or a link is not ours to remove.
        if is_plain_file(&self.path) && fs::read_to_string(&self.path).is_ok_and(|text| text == self.text) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Says where a browser gets the page, if it can reach it: there are no web pages at sockets of the file system. A token is
/// not shown: what is said here may stand in a log.
fn invite(url: &str, wants_token: bool) {
    let Some(rest) = url.strip_prefix("ws").filter(|rest| !rest.starts_with('+')) else { return };
    // All addresses of this machine are none that every browser goes to.
    let rest = rest.replacen("://0.0.0.0:", "://localhost:", 1).replacen("://[::]:", "://localhost:", 1);
    if log::max_level() != log::LevelFilter::Off {
        let _ = writeln!(
            io::stderr(),
            "open http{rest} in a browser{}",
            if wants_token { ", with ?token= and the token behind it" } else { "" }
        );
    }
}

/// Whether the name is that of a file, and not of a link to one, as /dev/stdout may be.
fn is_plain_file(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|file| file.is_file())
}

/// Writes a file so that a script that waits for it never sees it half written.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    if path.symlink_metadata().is_ok() && !is_plain_file(path) {
        return fs::write(path, text);
    }
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".tmp");
    fs::write(&unfinished, text)?;
    fs::rename(&unfinished, path)
}

/// Tells that the system had no descriptor or thread for another client, once a second at most.
#[derive(Debug, Default)]
struct Shortage(Mutex<Option<Instant>>);

impl Shortage {
    const INTERVAL: Duration = Duration::from_secs(1);

    fn tell(&self, error: &impl fmt::Display) {
        let now = Instant::now();
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_none_or(|told| now.saturating_duration_since(told) >= Self::INTERVAL) {
            *told = Some(now);
            log::warn!("cannot take another client for the moment: {error}");
        }
    }
}

/// A rest after such a shortage: trying again at once would only fail again.
#[derive(Debug, Default)]
pub(super) struct Pause {
    shortage: Arc<Shortage>,
    until: Option<Instant>,
}

impl Pause {
    /// How long no client is accepted.
    const LENGTH: Duration = Duration::from_millis(100);

    pub(super) fn begin(&mut self, error: &io::Error) {
        self.shortage.tell(error);
        self.until = Some(Instant::now() + Self::LENGTH);
    }

    pub(super) fn is_over(&mut self, now: Instant) -> bool {
        self.until = self.until.filter(|until| *until > now);
        self.until.is_none()
    }

    pub(super) fn until(&self) -> Option<Instant> {
        self.until
    }
}
