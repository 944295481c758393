//! The pipe between standard input and output and a session.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::termios::isatty;

use super::Stats;
use super::coding::Worth;
use crate::bridge::{
    Awaited, Cause, Countdown, Ending, Heartbeat, OnEof, Output, Peer, RecordSink, Rules, StreamInput, Traffic, Turn,
    Watch,
};
use crate::net::{Stdio, Wake, pipe};
use crate::protocol::{Close, Kind, Role};
use crate::records::{DEFAULT_MAX_HELD, Format, Joiner, JsonEvents, OutputFormat, Splitter};

/// What standard input and output mean to a session, and when that ends.
#[derive(Debug, Clone)]
pub struct Pipe {
    /// The type of the messages sent.
    pub kind: Kind,
    /// How standard input is cut into messages.
    pub input: Format,
    /// How messages are laid out on standard output.
    pub output: OutputFormat,
    /// The longest message that raw makes of one read, in bytes.
    pub chunk_size: usize,
    /// The longest message that is accepted, in bytes.
    pub max_message: Option<u64>,
    /// What is said before standard input, and what is awaited meanwhile.
    pub dialogue: Arc<[Turn]>,
    /// Whether standard input is to be read at all.
    pub reads_input: bool,
    /// What the end of the input does.
    pub on_eof: OnEof,
    /// The Close that ends the session as planned.
    pub close: Close,
    /// How long the peer may take to answer it.
    pub close_timeout: Duration,
    /// How long nothing at all may come from the peer.
    pub idle_timeout: Option<Duration>,
    /// Whether the peer is asked if it is there.
    pub heartbeat: Option<Heartbeat>,
    /// Messages to receive before the run ends.
    pub count: Option<u64>,
    /// The bound of the whole run.
    pub timeout: Option<Duration>,
    /// Where what is carried is added up, if it is to be told.
    pub stats: Option<Arc<Stats>>,
    /// Where a meter looks, if one is wanted.
    pub watch: Option<Arc<Watch>>,
}

/// The two ends of a pipe, and what wakes the source.
#[derive(Debug)]
pub(super) struct Ends {
    pub(super) source: StreamInput<Stdio>,
    pub(super) sink: RecordSink,
    pub(super) bell: Arc<Wake>,
}

/// How long a signal leaves a session to end, at most.
const GRACE: Duration = Duration::from_secs(1);
/// What a pipe before standard input is enlarged to, in bytes: as much as one read takes.
const INPUT_PIPE: usize = 256 << 10;
/// What a pipe behind standard output is enlarged to, in bytes: with the usual 64 KiB, writer and reader take turns rather
/// than run side by side.
const OUTPUT_PIPE: usize = 1 << 20;

impl Pipe {
    /// The rules for the end of a session in this role; the run began at `start`.
    #[must_use]
    pub fn rules(&self, role: Role, start: Instant) -> Rules {
        Rules {
            role,
            on_eof: self.on_eof,
            close: self.close.clone(),
            close_timeout: self.close_timeout,
            idle_timeout: self.idle_timeout,
            heartbeat: self.heartbeat,
            grace: self.close_timeout.min(GRACE),
            deadline: self.deadline(start),
            half_close: false,
            awaiting: self.count.is_some() || self.has_expectations(),
        }
    }

    /// What a session says first and awaits, if there is any of that; all sessions of a run may count their messages together.
    pub(super) fn awaited(&self, countdown: Option<Arc<Countdown>>) -> Option<Arc<Awaited>> {
        let max_held = self.max_message.unwrap_or(DEFAULT_MAX_HELD);
        let is_needed = countdown.is_some() || !self.dialogue.is_empty();
        is_needed.then(|| Arc::new(Awaited::new(Arc::clone(&self.dialogue), countdown, max_held)))
    }

    /// Whether a message that matches a pattern is awaited.
    #[must_use]
    pub fn has_expectations(&self) -> bool {
        self.dialogue.iter().any(|turn| matches!(turn, Turn::Expect(_)))
    }

    /// The messages that are to be counted, if they are.
    pub(super) fn countdown(&self) -> Option<Arc<Countdown>> {
        self.count.map(|count| Arc::new(Countdown::new(count)))
    }

    /// When the whole run is over.
    #[must_use]
    pub fn deadline(&self, start: Instant) -> Option<Instant> {
        self.timeout.and_then(|timeout| start.checked_add(timeout))
    }

    /// Standard input as a source, and standard output as a sink.
    pub(super) fn ends(&self) -> io::Result<Ends> {
        let bell = Arc::new(Wake::new()?);
        let mut source = StreamInput::new(self.input()?, self.splitter(), Arc::clone(&bell));
        if self.dialogue.iter().any(|turn| matches!(turn, Turn::Send(_))) {
            source = source.after_others();
        }
        let sink = RecordSink::new(self.joiner(None), standard_output()?);
        Ok(Ends { source, sink, bell })
    }

    /// Says so if the session has ended while there was more to read, to send or to receive, and its verdict doesn't say that.
    pub(super) fn tell_left_over(&self, ending: &Ending) {
        if ending.cause == Cause::InputEnded
            && let (Peer::Closed(_), Some(cut_off)) = (&ending.peer, ending.cut_off)
        {
            log::warn!("the peer answered our Close; {cut_off}");
        }
        if matches!(ending.cause, Cause::Signal(_) | Cause::TimedOut)
            && let Some(unsent) = ending.unsent.filter(|unsent| !unsent.is_nothing())
        {
            log::warn!("{unsent}");
        }
        let how = match ending.cause {
            Cause::PeerClosed => "the peer closed",
            Cause::Silent(_) | Cause::NoPong(_) => "the session ended",
            _ => return,
        };
        if self.reads_input
            && let Ok(bytes @ 1..) = rustix::io::ioctl_fionread(io::stdin())
        {
            log::warn!("{how} before the input had ended: at least {bytes} bytes of it were not read");
        }
    }

    /// A session has ended: what it carried, and what its compression was worth.
    pub(super) fn add_up(&self, traffic: &Traffic, worth: &Worth) {
        if let Some(stats) = &self.stats {
            stats.add(traffic, worth);
        }
    }

    /// Standard input, if there is one that is to be read: closed or /dev/null means that there is none.
    pub(super) fn input(&self) -> io::Result<Option<Stdio>> {
        let stdin = io::stdin();
        if !self.reads_input || pipe::is_null_device(&stdin) {
            return Ok(None);
        }
        pipe::enlarge(&stdin, INPUT_PIPE);
        Stdio::of(&stdin).map(Some)
    }

    pub(super) fn splitter(&self) -> Splitter {
        Splitter::new(self.input, self.kind, self.chunk_size, self.max_message)
    }

    pub(super) fn joiner(&self, client: Option<u64>) -> Joiner {
        Joiner::new(self.output, self.max_message, JsonEvents::new(client))
    }

    /// The limit that the decoder enforces while a message comes in.
    pub(super) fn decoder_limit(&self) -> Option<u64> {
        let held = self.output == Format::Json.into() || self.has_expectations();
        self.max_message.or_else(|| held.then_some(DEFAULT_MAX_HELD))
    }
}

/// Standard output: as it is, or made visible on a terminal.
pub(super) fn standard_output() -> io::Result<Output> {
    let stdout = io::stdout();
    pipe::enlarge(&stdout, OUTPUT_PIPE);
    let file = Stdio::of(&stdout)?;
    Ok(if isatty(&stdout) { Output::terminal(file) } else { Output::new(file) })
}

/// Standard output, if it is a pipe whose reader may go away.
pub(super) fn output_pipe(stdout: &io::Stdout) -> Option<BorrowedFd<'_>> {
    pipe::is_pipe(stdout).then(|| stdout.as_fd())
}
