//! A recording of sessions (`--record`): both directions as JSON Lines, whatever the formats of the pipe are.
//!
//! ```text
//!     socket ─► Tap ─► receiving side
//!     socket ◄─ Tap ◄─ sending side
//!                └► Queue ─► a Track for each direction ─► blocks of lines ─► file
//! ```
//!
//! One thread makes lines of all sessions, and one writes them. The taps lie where the frames are bytes, so what is recorded
//! is what really came and what the system really took. All that a tap costs its pump is a copy and a look at the clock. A
//! recording loses nothing: when the queue is full, the pipe waits.

mod queue;
mod session;
mod tap;
mod writer;

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

use thiserror::Error;

use crate::handshake::DeflateAgreement;
use crate::net::Connection;
use crate::protocol::Role;
use crate::records::{JsonEvents, Opening};
use queue::{Piece, Queue};
use session::Transcript;

/// How long the file may take nothing at the end of a run before that is given up, as where it is a pipe that nobody reads.
const PATIENCE: Duration = Duration::from_secs(5);
/// Who may read a recording: it holds all that was said.
const PERMISSIONS: u32 = 0o600;

/// What is known of a session when it begins.
#[derive(Debug)]
pub struct Beginning<'a> {
    /// Which end we are.
    pub role: Role,
    /// What is told of it.
    pub opening: Opening,
    /// The compression agreed on.
    pub compression: Option<DeflateAgreement>,
    /// What came together with the handshake.
    pub early: &'a [u8],
    /// The number of the client, where there are several.
    pub client: Option<u64>,
}

/// That a recording is not complete; it has been told why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the recording is not complete")]
pub struct Incomplete;

/// Records sessions in a file, on a thread of its own.
pub struct Recorder {
    queue: Arc<Queue>,
    /// How many sessions have begun.
    sessions: AtomicU64,
    name: String,
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Recorder {
    /// Begins a recording in a file, which is made, for its owner only, or emptied.
    ///
    /// # Errors
    /// The file can't be written, or the system has no threads left.
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).mode(PERMISSIONS).open(path)?;
        Recorder::start(file, path.display().to_string())
    }

    fn start(file: File, name: String) -> io::Result<Self> {
        let queue = Arc::new(Queue::default());
        writer::start(file, name.clone(), &queue)?;
        Ok(Recorder { queue, sessions: AtomicU64::new(0), name })
    }

    /// Records a session from here on: the connection it is to use.
    #[must_use]
    pub fn session(&self, connection: Connection, beginning: Beginning<'_>) -> Connection {
        let session = self.sessions.fetch_add(1, Relaxed);
        let time = SystemTime::now();
        let early = beginning.early.to_vec();
        self.queue.push(Piece::Begin { session, transcript: Box::new(Transcript::new(beginning)), early, time });
        tap::on(connection, session, &self.queue)
    }

    /// Records an event that is none of a session's bytes; `client` is the number of the client that it belongs to.
    pub fn tell(&self, client: Option<u64>, what: impl FnOnce(&mut JsonEvents, &mut Vec<u8>)) {
        let mut line = Vec::new();
        what(&mut JsonEvents::new(client), &mut line);
        self.queue.push(Piece::Line(line));
    }

    /// Ends the recording, also of sessions that go on, and waits until all of it is in the file.
    ///
    /// # Errors
    /// Not all of it could be written.
    pub fn finish(&self) -> Result<(), Incomplete> {
        self.queue.end();
        let Some(is_complete) = self.queue.wait_until_written(PATIENCE) else {
            let (name, seconds) = (&self.name, PATIENCE.as_secs());
            log::error!("the recording in {name} is not complete: nothing was taken for {seconds} s");
            return Err(Incomplete);
        };
        is_complete.then_some(()).ok_or(Incomplete)
    }
}

#[cfg(test)]
mod tests;
