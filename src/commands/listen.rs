//! `listen`: the server's pipe.

mod crowd;
mod distribute;
mod once;
mod serve;
mod shared;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Pipe;
use crate::bridge::Signals;
use crate::handshake::{ServerOptions, check_subprotocols};
use crate::net::{ListenAddr, Listener};
use crate::outcome::Failure;

/// What `listen` was asked for.
#[derive(Debug, Clone)]
pub struct ListenConfig {
    /// Where to listen.
    pub address: ListenAddr,
    /// Send messages back, instead of standard input and output.
    pub echo: bool,
    /// Serve one client only.
    pub once: bool,
    /// What the answers to requests say.
    pub server: ServerOptions,
    /// Where to write the URL to, when clients can connect.
    pub url_file: Option<PathBuf>,
    /// How long a client may take for its handshake.
    pub handshake_timeout: Duration,
    /// Standard input and output, and the end.
    pub pipe: Pipe,
}

/// Listens, and serves clients until the input ends or a signal comes.
///
/// # Errors
/// The address can't be listened on, or a session that decides about the run has ended badly; see [`Failure`].
pub fn listen(config: ListenConfig) -> Result<(), Failure> {
    let start = Instant::now();
    check_subprotocols(&config.server.subprotocols).map_err(|error| Failure::Usage(error.to_string()))?;
    let signals = Signals::catch().map_err(Failure::io("cannot catch signals"))?;
    let listener = Listener::bind(&config.address)?;
    announce(&listener.url(), config.url_file.as_deref())?;
    if config.once {
        once::serve(listener, &config, &signals, start)
    } else {
        serve::serve(listener, config, &signals, start)
    }
}

/// Says that clients can connect, and where.
fn announce(url: &str, file: Option<&Path>) -> Result<(), Failure> {
    if let Some(path) = file {
        write_whole(path, &format!("{url}\n")).map_err(Failure::io("cannot write the file of --url-file"))?;
    }
    if log::log_enabled!(log::Level::Warn) {
        eprintln!("listening on {url}");
    }
    Ok(())
}

/// Writes a file so that a script that waits for it never sees it half written.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    if path.exists() && !path.is_file() {
        return fs::write(path, text);
    }
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".tmp");
    fs::write(&unfinished, text)?;
    fs::rename(&unfinished, path)
}
