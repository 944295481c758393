//! Both ends of a session with a command: what it writes is sent, and what comes is written to it.

use std::process::ChildStdout;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use super::send::{Pulled, Source, SourceError};
use super::{RecordSink, Sink, SinkError, StreamInput, Unsent};
use crate::net::{Exit, Process, ProcessInput};
use crate::protocol::{Close, Encoder, Event};
use crate::records::Opening;

/// How long a command whose output has ended may take to end itself, if its failure is to be told in our answer to the
/// peer's Close. Most need a moment only; the others have but closed their output.
const EXIT: Duration = Duration::from_millis(500);

/// A command's standard output as a source. Its end does not linger: how the command ended is the Close.
#[derive(Debug)]
pub struct CommandSource {
    input: StreamInput<ChildStdout>,
    /// None where the command could not be started.
    process: Option<Arc<Process>>,
    /// The Close when all went well.
    planned: Close,
    output_ended: bool,
    /// The Close has been asked for.
    asked: bool,
    last_words: Arc<LastWords>,
    /// Until when the command may speak after the peer's Close.
    speaks_until: Option<Instant>,
}

/// What a command may still say when the peer has closed and its own input has ended: nothing keeps us from sending it before
/// we answer (RFC 6455, 5.5.1), and many programs speak at the end of their input only.
#[derive(Debug)]
pub struct LastWords {
    /// How long it may take for that.
    patience: Duration,
    peer_closed: AtomicBool,
}

impl LastWords {
    /// So much time for the last words.
    #[must_use]
    pub fn new(patience: Duration) -> Arc<Self> {
        Arc::new(LastWords { patience, peer_closed: AtomicBool::new(false) })
    }
}

impl CommandSource {
    /// A source that gives what `input` reads from a process. The bell of `input` must be rung when the process has ended.
    /// Without a process it only says that there is none.
    #[must_use]
    pub fn new(
        input: StreamInput<ChildStdout>,
        process: Option<Arc<Process>>,
        planned: Close,
        last_words: Arc<LastWords>,
    ) -> Self {
        let output_ended = process.is_none();
        CommandSource { input, process, planned, output_ended, asked: false, last_words, speaks_until: None }
    }

    /// The Close, if it is time for it: all that was written has been read, and the command has ended.
    fn close(&self) -> Option<Close> {
        let Some(process) = &self.process else {
            return Some(Close::new(1011, "the command could not be started"));
        };
        Some(match process.output_ended()? {
            Exit::Code(0) => self.planned.clone(),
            exit => Close::new(1011, &exit.to_string()),
        })
    }

    /// The Close that says that the command has failed, if it does so at the end of its input.
    fn failure(&self) -> Option<Close> {
        let process = self.process.as_ref().filter(|_| self.input.is_at_end())?;
        let until = self.speaks_until?.min(Instant::now() + EXIT);
        while process.output_ended().is_none() && self.input.wait_until(until) {}
        process.failure().map(|exit| Close::new(1011, &exit.to_string()))
    }
}

impl Source for CommandSource {
    fn pull(&mut self, encoder: &mut Encoder) -> Result<Pulled, SourceError> {
        loop {
            if self.output_ended
                && !self.asked
                && let Some(close) = self.close()
            {
                self.asked = true;
                return Ok(Pulled::Close(close));
            }
            match self.input.pull(encoder)? {
                Pulled::Ended => self.output_ended = true,
                pulled => return Ok(pulled),
            }
        }
    }

    fn last_words(&mut self, encoder: &mut Encoder) -> bool {
        if !self.last_words.peer_closed.load(SeqCst) {
            return false;
        }
        let until = *self.speaks_until.get_or_insert_with(|| Instant::now() + self.last_words.patience);
        match self.input.pull_until(encoder, until) {
            Ok(more) => more,
            Err(SourceError::BadRecord(error, _)) => {
                log::warn!("after the peer had closed: {error}");
                false
            }
            Err(SourceError::Failed(_)) => false,
        }
    }

    fn parting(&mut self, ordered: Close) -> Close {
        self.failure().unwrap_or(ordered)
    }

    fn drain(&mut self, encoder: &mut Encoder) {
        self.input.drain(encoder);
    }

    fn sent(&mut self) {
        self.input.sent();
    }

    fn wait_for_orders(&mut self) {
        self.input.wait_for_orders();
    }

    fn unsent(&self) -> Unsent {
        self.input.unsent()
    }
}

/// A command's standard input as a sink. A command that reads no more has no use for messages, and that ends nothing.
#[derive(Debug)]
pub struct CommandSink {
    /// None when the command reads no more.
    records: Option<RecordSink<ProcessInput>>,
    /// What begins a line about it.
    label: String,
    last_words: Arc<LastWords>,
}

impl CommandSink {
    /// A sink that writes to a process, or to none; `label` begins what is said about it.
    #[must_use]
    pub fn new(records: Option<RecordSink<ProcessInput>>, label: String, last_words: Arc<LastWords>) -> Self {
        CommandSink { records, label, last_words }
    }

    /// Says that the session is open, where the format has a place for that.
    pub fn open(&mut self, opening: &Opening) {
        if let Some(records) = &mut self.records {
            records.open(opening);
        }
    }

    fn pass_on(
        &mut self,
        what: impl FnOnce(&mut RecordSink<ProcessInput>) -> Result<(), SinkError>,
    ) -> Result<(), SinkError> {
        match self.records.as_mut().map_or(Ok(()), what) {
            Err(SinkError::Closed) => {
                log::info!("{}the command reads no more, and what comes is dropped", self.label);
                self.records = None;
                Ok(())
            }
            Err(SinkError::Failed(why)) => {
                log::info!("{}the command has not read all that came: {why}", self.label);
                self.records = None;
                Ok(())
            }
            result => result,
        }
    }
}

impl Sink for CommandSink {
    fn take(&mut self, event: &Event<'_>) -> Result<(), SinkError> {
        self.pass_on(|records| records.take(event))?;
        if matches!(event, Event::Close(_)) {
            self.flush()?;
            // Before anybody learns of the Close, so that the end of the input is seen before it is answered.
            self.records = None;
            self.last_words.peer_closed.store(true, SeqCst);
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        self.pass_on(RecordSink::flush)
    }

    fn trouble(&mut self, what: &str) {
        if let Some(records) = &mut self.records {
            records.trouble(what);
        }
    }

    fn we_closed_first(&mut self) {
        if let Some(records) = &mut self.records {
            records.we_closed_first();
        }
    }
}
