//! The thread that writes the file.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;
use std::time::SystemTime;

use super::queue::{Next, Piece, Queue};
use super::session::Transcript;
use crate::records::Direction;

/// What has gathered is written at the latest when it has so many bytes.
const FULL: usize = 256 << 10;

pub(super) struct Writer<W> {
    file: W,
    /// The file's name, for people.
    name: String,
    queue: Arc<Queue>,
    /// Sessions that go on.
    sessions: HashMap<u64, Box<Transcript>>,
    /// What has not been written.
    gathered: Vec<u8>,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(file: W, name: String, queue: Arc<Queue>) -> Self {
        Writer { file, name, queue, sessions: HashMap::new(), gathered: Vec::with_capacity(2 * FULL) }
    }

    /// Records what comes until the end; if the file takes no more, nothing more is recorded.
    pub(super) fn run(mut self) {
        let written = self.write_all();
        if let Err(error) = &written {
            log::error!("cannot write {}: {error}; the recording ends there", self.name);
        }
        self.queue.done(written.is_ok());
    }

    fn write_all(&mut self) -> std::io::Result<()> {
        let mut used = None;
        loop {
            match self.queue.next(used.take(), !self.gathered.is_empty()) {
                Next::Piece(piece) => used = self.take(piece),
                Next::Flush => self.flush()?,
                Next::End => break,
            }
            if self.gathered.len() >= FULL {
                self.flush()?;
            }
        }
        for (_, mut session) in self.sessions.drain() {
            session.end(SystemTime::now(), &mut self.gathered);
        }
        self.flush()
    }

    /// Makes lines of a piece; gives its buffer back.
    fn take(&mut self, piece: Piece) -> Option<Vec<u8>> {
        let out = &mut self.gathered;
        match piece {
            Piece::Begin { session, mut transcript, early, time } => {
                transcript.begin(time, out);
                transcript.feed(Direction::In, time, &early, out);
                self.sessions.insert(session, transcript);
            }
            Piece::Bytes { session, dir, time, bytes } => {
                if let Some(transcript) = self.sessions.get_mut(&session) {
                    transcript.feed(dir, time, &bytes, out);
                }
                return Some(bytes);
            }
            Piece::Ended { session, why, time } => {
                if let Some(transcript) = self.sessions.get_mut(&session) {
                    transcript.ended(why, time, out);
                }
            }
            Piece::Gone { session, time } => {
                if let Some(transcript) = self.sessions.get_mut(&session)
                    && transcript.lost_a_tap()
                {
                    transcript.end(time, out);
                    self.sessions.remove(&session);
                }
            }
            Piece::Line(line) => out.extend_from_slice(&line),
        }
        None
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.write_all(&self.gathered)?;
        self.gathered.clear();
        self.queue.moved();
        Ok(())
    }
}
