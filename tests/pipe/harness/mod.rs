//! The executable, run with an environment and streams of its own, and peers that say on the wire exactly what a test
//! wants.
//!
//! Invariant: nothing waits for ever. Whatever is awaited has [`PATIENCE`]; then the child is killed and the test fails
//! with the command line, the status and both streams.

mod captured;
mod finished;
mod frame;
mod peer;
mod run;
mod running;
mod server;
mod terminal;

use std::time::Duration;

pub(crate) use finished::Finished;
pub(crate) use frame::{BINARY, CLOSE, CONTINUATION, FIN, Frame, PING, PONG, TEXT};
pub(crate) use peer::{Peer, good_request, switching_protocols};
pub(crate) use run::{Run, Stdin, Stdout};
pub(crate) use running::Running;
pub(crate) use server::{Server, unix_connection, wait_for_somebody};
pub(crate) use terminal::Terminal;

/// How long anything may take. Nothing here takes a tenth of it; a busy machine may.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// How long nothing moves when what is written to is full: only nobody's reading stops it for so long.
const FULL: Duration = Duration::from_millis(500);

/// A line that no other has: its number, made long.
pub(crate) fn line(number: usize, length: usize) -> String {
    let head = format!("{number:08} ");
    let fill = (b'a' + (number % 26) as u8) as char;
    head.chars().chain(std::iter::repeat(fill)).take(length).collect()
}
