//! The two threads behind the queue: one makes lines, the other writes them.
//!
//! ```text
//!     Queue ─► Writer ─► full blocks ─► file
//!                 ▲                      │
//!                 └──── empty blocks ◄───┘
//! ```
//!
//! Both take about as long, and neither waits for the other while there is a block.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::thread;
use std::time::SystemTime;

use super::queue::{Next, Piece, Queue};
use super::session::Transcript;
use crate::records::Direction;

/// What has gathered is written at the latest when it has so many bytes.
const FULL: usize = 256 << 10;
/// How many full blocks may wait for the file.
const WAITING: usize = 1;

/// Starts the threads, which record in `file` what comes until the end; if the file takes no more, nothing more is recorded.
/// `name` is the file's, for people.
pub(super) fn start(file: impl Write + Send + 'static, name: String, queue: &Arc<Queue>) -> io::Result<()> {
    let (full, to_write) = mpsc::sync_channel(WAITING);
    let (written, empty) = mpsc::channel();
    let writer = Writer { queue: Arc::clone(queue), sessions: HashMap::new(), gathered: Vec::new(), full, empty };
    let queue = Arc::clone(queue);
    thread::Builder::new().name("record-file".into()).spawn(move || {
        let result = write(file, &to_write, &written, &queue);
        if let Err(error) = &result {
            log::error!("cannot write {name}: {error}; the recording ends there");
        }
        queue.done(result.is_ok());
    })?;
    thread::Builder::new().name("record".into()).spawn(move || writer.run())?;
    Ok(())
}

/// Writes full blocks, and gives them back empty.
fn write(mut file: impl Write, full: &Receiver<Vec<u8>>, empty: &Sender<Vec<u8>>, queue: &Queue) -> io::Result<()> {
    for mut block in full {
        file.write_all(&block)?;
        queue.moved();
        block.clear();
        // At the end nobody wants it.
        let _ = empty.send(block);
    }
    Ok(())
}

/// Makes lines.
struct Writer {
    queue: Arc<Queue>,
    /// Sessions that go on.
    sessions: HashMap<u64, Box<Transcript>>,
    /// The block that is being filled.
    gathered: Vec<u8>,
    full: SyncSender<Vec<u8>>,
    empty: Receiver<Vec<u8>>,
}

/// That the file takes no more.
struct Stuck;

impl Writer {
    fn run(mut self) {
        // Whoever writes the file has told why.
        let _ = self.gather();
    }

    fn gather(&mut self) -> Result<(), Stuck> {
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

    /// Hands on what has gathered.
    fn flush(&mut self) -> Result<(), Stuck> {
        let block = self.empty.try_recv().unwrap_or_default();
        self.full.send(std::mem::replace(&mut self.gathered, block)).map_err(|_| Stuck)
    }
}
