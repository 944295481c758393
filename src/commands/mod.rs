//! The commands: each takes its configuration as a value, and says how the run came out.

mod client;
mod coding;
mod connect;
mod destination;
mod endpoint;
mod exec;
mod forward;
mod inspect;
mod listen;
mod ping;
mod pipe;
mod progress;
mod reconnect;
mod record;
mod replay;
mod stats;

use std::io::{self, Write};

use crate::outcome::Failure;

pub use client::ClientConfig;
pub use connect::{ConnectConfig, connect};
pub use destination::Destination;
pub use endpoint::Endpoint;
pub use exec::{EnvHeader, EnvHeaderError, Exec};
pub use forward::{ForwardConfig, forward};
pub use inspect::{InspectCapturedConfig, InspectConfig, inspect_captured, inspect_key, inspect_url};
pub use listen::{ListenConfig, listen};
pub use ping::{Pace, PingConfig, ping};
pub use pipe::Pipe;
pub use progress::above_meter;
pub use reconnect::Reconnect;
pub use replay::{ReplayConfig, replay};
pub use stats::{Stats, StatsForm};

/// What one read of the socket can bring, in bytes: enough that a busy connection is read in few calls.
const RECEIVE_BUFFER: usize = 512 << 10;

/// Writes what a run has to show to standard output; that its reader has stopped is no error.
///
/// # Errors
/// Standard output does not take it.
pub fn print(text: &[u8]) -> Result<(), Failure> {
    match io::stdout().write_all(text).and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::io("cannot write to standard output")(error))
        }
        _ => Ok(()),
    }
}
