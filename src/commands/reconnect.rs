//! `connect --reconnect`: one pipe over connections that follow each other.
//!
//! Standard input and output outlive a session: they are lent to its threads, and come back when those are through.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant};

use super::Pipe;
use super::coding::Coding;
use super::connect::Way;
use super::pipe::{Ends, output_pipe};
use super::record::tapped;
use crate::bridge::{
    Awaited, Cause, CutOff, Ending, Keeper, Loan, Peer, RecordSink, Session, Signals, Span, StreamInput, Unsent,
    Waited, WholeMessages, lend,
};
use crate::net::{Stdio, Wake};
use crate::opening::{Backoff, OpenError, Opened};
use crate::outcome::{ExitStatus, Failure, judge};
use crate::protocol::Role;
use crate::recorder::Recorder;
use crate::records::DEFAULT_MAX_HELD;

/// How a session that breaks is followed by another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reconnect {
    /// How many attempts in a row, unless a session has lasted meanwhile.
    pub most: u32,
    /// The delay before the first attempt.
    pub delay: Duration,
}

/// The longest delay, unless the first one is longer.
const LONGEST_DELAY: Duration = Duration::from_secs(60);
/// A session that has lasted so long was a good one.
const STABLE: Duration = Duration::from_secs(30);

type Source = StreamInput<Stdio>;
type Sink = WholeMessages<RecordSink>;

/// What all sessions of the run share.
struct Run<'a> {
    way: Arc<Way>,
    pipe: &'a Pipe,
    reconnect: Reconnect,
    recorder: Option<&'a Arc<Recorder>>,
    keeper: Keeper<'a>,
    bell: Arc<Wake>,
    awaited: Option<Arc<Awaited>>,
    /// When the whole run is over.
    deadline: Option<Instant>,
    start: Instant,
    /// Attempts since a session has lasted.
    in_a_row: u32,
}

/// Why there is no other session.
enum Over {
    /// Something has happened that would have ended a session, too.
    Interrupted(Cause),
    /// So many attempts in a row were enough; what the last one met, if that was no session.
    GaveUp(u32, Option<OpenError>),
    /// A failure that another attempt would meet, too.
    Failed(Failure),
}

impl From<Failure> for Over {
    fn from(failure: Failure) -> Self {
        Over::Failed(failure)
    }
}

/// Runs the pipe over `opened`, and over other connections after it where it breaks.
///
/// # Errors
/// Whatever keeps the run from being done with a clean close; see [`Failure`].
pub(super) fn run(
    opened: Opened,
    way: Way,
    pipe: &Pipe,
    reconnect: Reconnect,
    recorder: Option<&Arc<Recorder>>,
    start: Instant,
) -> Result<(), Failure> {
    let signals = Signals::catch().map_err(Failure::io("cannot catch signals"))?;
    let stdout = io::stdout();
    let keeper = Keeper::new(Some(&signals), output_pipe(&stdout)).map_err(Failure::io("cannot keep the time"))?;
    let keeper = keeper.watched(pipe.watch.clone());
    let Ends { source, sink, bell } = pipe.ends().map_err(Failure::io("cannot use standard input and output"))?;
    let limit = pipe.max_message.unwrap_or(DEFAULT_MAX_HELD);
    let (mut source, mut sink) = (source.keeping(limit), WholeMessages::new(sink, limit));
    let mut run = Run {
        way: Arc::new(way),
        pipe,
        reconnect,
        recorder,
        keeper,
        bell,
        awaited: pipe.awaited(pipe.countdown()),
        deadline: pipe.deadline(start),
        start,
        in_a_row: 0,
    };
    let mut opened = opened;
    loop {
        let begun = Instant::now();
        let (ending, loans) = run.session(opened, source, sink)?;
        log::info!("{ending}");
        if !is_broken(&ending) {
            pipe.tell_left_over(&ending);
            return judge(&ending);
        }
        if begun.elapsed() >= STABLE {
            run.in_a_row = 0;
        }
        match run.again(&ending, &loans) {
            Ok((next, ends)) => (opened, source, sink) = (next, ends.0, ends.1),
            Err(over) => return over.judge(ending, pipe),
        }
    }
}

/// Whether the session ended in a way after which another one may do better: the connection broke, or the peer closed with a
/// code that says that it can't go on at the moment: 1001, as servers that are stopped or restarted say, and 1011, 1012, 1013
/// and 1014 (of the registry of RFC 6455, 11.7).
fn is_broken(ending: &Ending) -> bool {
    match (&ending.cause, &ending.peer) {
        (Cause::PeerGone(_) | Cause::Silent(_) | Cause::NoPong(_), _) => true,
        (Cause::PeerClosed, Peer::Closed(close)) => close.code.is_some_and(|code| matches!(code, 1001 | 1011..=1014)),
        _ => false,
    }
}

/// How a session broke, and nothing of what that has left undone.
fn in_words(ending: &Ending) -> String {
    let alone = Ending { cut_off: None, unsent: Some(Unsent::default()), unmet: None, ..ending.clone() };
    match (judge(&alone), &ending.peer) {
        (Err(failure), _) => failure.to_string(),
        (Ok(()), Peer::Closed(close)) => format!("the peer closed with {close}"),
        (Ok(()), Peer::There | Peer::Gone) => "the session ended".to_owned(),
    }
}

impl Run<'_> {
    /// One session, to its end.
    fn session(&self, opened: Opened, source: Source, mut sink: Sink) -> Result<(Ending, Loans), Failure> {
        let opening = opened.opening();
        let Coding { decoder, encoder, worth } = self.way.coding(&opened)?;
        let Opened { connection, attendant, .. } = tapped(opened, self.recorder, None);
        if let Some(awaited) = &self.awaited {
            awaited.restart();
        }
        let rules = self.pipe.rules(Role::Client, self.start);
        let session = Session { connection, decoder, encoder, awaited: self.awaited.clone(), rules };
        sink.sink().open(&opening);
        let (source, source_back) = lend(source, self.keeper.bell());
        let (sink, sink_back) = lend(sink, self.keeper.bell());
        let ending = session.run(source, sink, Arc::clone(&self.bell) as _, &self.keeper);
        let ending = ending.map_err(Failure::io("cannot run the session"))?;
        drop(attendant);
        self.pipe.add_up(&ending.traffic, &worth);
        worth.tell("");
        Ok((ending, Loans { source: source_back, sink: sink_back }))
    }

    /// Gets what was lent back, and a connection; attempts are made until there is one.
    fn again(&mut self, ending: &Ending, loans: &Loans) -> Result<(Opened, (Source, Sink)), Over> {
        let (mut source, mut sink) = loans.back(self)?;
        source.begin_again();
        let mut why = in_words(ending);
        if let Some(bytes) = sink.forget() {
            why = format!("{why}; {}, and is not passed on", CutOff(bytes as u64));
        }
        let backoff = Backoff { first: self.reconnect.delay, most: LONGEST_DELAY };
        let (mut error, mut rest): (Option<OpenError>, _) = (None, None);
        for attempt in 1.. {
            if self.in_a_row >= self.reconnect.most {
                return Err(Over::GaveUp(self.in_a_row, error));
            }
            self.in_a_row = self.in_a_row.saturating_add(1);
            let delay = backoff.next(self.in_a_row).max(rest.unwrap_or_default());
            match attempt {
                1 => log::warn!("{why}; connecting again in {}", Span(delay)),
                _ => log::info!("attempt {}: {why}; the next one in {}", attempt - 1, Span(delay)),
            }
            sink.sink().reconnect(attempt, &why, delay);
            if let Some(recorder) = self.recorder {
                recorder.tell(None, |json, line| json.reconnect(attempt, &why, delay, line));
            }
            self.wait(Instant::now().checked_add(delay), || None::<()>)?;
            match self.open()? {
                Ok(opened) => {
                    log::info!("connected again to {} at {}, attempt {attempt}", opened.target, opened.place);
                    return Ok((opened, (source, sink)));
                }
                Err(failed) => match failed.setback() {
                    Some(setback) => (rest, why, error) = (setback.short_rest(), setback.why, Some(failed)),
                    None => return Err(Over::Failed(failed.into())),
                },
            }
        }
        unreachable!("attempts are fewer than can be counted")
    }

    /// One attempt, on a thread of its own: what ends the run does not wait for it.
    fn open(&self) -> Result<Result<Opened, OpenError>, Over> {
        let (sender, receiver) = sync_channel(1);
        let (way, bell) = (Arc::clone(&self.way), self.keeper.bell());
        let attempt = move || {
            let opened = way.open_once();
            // Nobody may wait for it any more.
            let _ = sender.try_send(opened);
            bell.ring();
        };
        let spawned = thread::Builder::new().name("connect".into()).spawn(attempt);
        spawned.map_err(Failure::io("cannot connect again"))?;
        let opened = self.wait(None, || receiver.try_recv().ok())?;
        Ok(opened.unwrap_or(Err(OpenError::RunOver)))
    }

    /// Waits until `done` gives something, or until then, unless the run ends before.
    fn wait<T>(&self, until: Option<Instant>, done: impl FnMut() -> Option<T>) -> Result<Option<T>, Over> {
        let until = [until, self.deadline].into_iter().flatten().min();
        match self.keeper.wait_for(until, done).map_err(Failure::io("cannot wait"))? {
            Waited::Done(done) => Ok(Some(done)),
            Waited::TimeUp if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) => {
                Err(Over::Interrupted(Cause::TimedOut))
            }
            Waited::TimeUp => Ok(None),
            Waited::Signal(signal) => Err(Over::Interrupted(Cause::Signal(signal))),
            Waited::OutputClosed => Err(Over::Interrupted(Cause::OutputClosed)),
        }
    }
}

/// What a session's threads have.
struct Loans {
    source: Loan<Source>,
    sink: Loan<Sink>,
}

impl Loans {
    /// What was lent, as soon as both threads are through: one may still write what has come to a slow output.
    fn back(&self, run: &Run<'_>) -> Result<(Source, Sink), Over> {
        let source = run.wait(None, || self.source.returned())?;
        let sink = run.wait(None, || self.sink.returned())?;
        source.zip(sink).ok_or(Over::Interrupted(Cause::TimedOut))
    }
}

impl Over {
    /// What the run came to, whose last session ended so.
    fn judge(self, ending: Ending, pipe: &Pipe) -> Result<(), Failure> {
        match self {
            Over::Interrupted(cause) => {
                let ending = Ending { cause, ..ending };
                pipe.tell_left_over(&ending);
                judge(&ending)
            }
            Over::GaveUp(attempts, None) => {
                // A code that would be a clean end elsewhere is none here: it was to be followed by another session.
                let last = judge(&ending).err();
                let last = last.unwrap_or_else(|| Failure::session(ExitStatus::ClosedBadly, in_words(&ending)));
                Err(Failure::GaveUp { attempts, failure: Box::new(last) })
            }
            Over::GaveUp(attempts, Some(error)) => {
                tell_undone(&ending);
                Err(Failure::GaveUp { attempts, failure: Box::new(error.into()) })
            }
            Over::Failed(failure) => {
                tell_undone(&ending);
                Err(failure)
            }
        }
    }
}

/// Says what is lost with the last attempt.
fn tell_undone(ending: &Ending) {
    if let Some(unsent) = ending.unsent.filter(|unsent| !unsent.is_nothing()) {
        log::warn!("{unsent}");
    }
    if let Some(unmet) = &ending.unmet {
        log::warn!("{unmet}{}", unmet.instead());
    }
}
