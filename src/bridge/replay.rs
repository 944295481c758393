//! Both ends of a session that a script plays: a source that keeps its pace, and a sink that compares what comes.
//!
//! ```text
//!     Script ─► ScriptSource ─► send            waits for its time, and for what is awaited
//!                  ▲ bell
//!               Comparison
//!                  ▲
//!     Sink  ◄─ ScriptSink ◄─ receive            passes everything on, and compares whole messages
//! ```

mod comparison;
mod words;

use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::send::{BATCH, Pulled, Source, SourceError};
use super::{Sink, SinkError};
use crate::net::{Interest, Wake, wait};
use crate::protocol::{Chunk, Close, Encoder, Event};
use crate::records::Held;
use crate::records::script::{Action, Outgoing, Script};

use comparison::Comparison;
pub use comparison::Report;

/// A message leaves in frames of at most so many bytes.
const MAX_FRAME: usize = BATCH;

/// How fast a script is played.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speed {
    /// So many times as fast as it was recorded; more than nothing.
    Times(f64),
    /// Without waiting between what is sent.
    Max,
}

impl Speed {
    fn scale(self, time: Duration) -> Duration {
        match self {
            // What is too long to be counted is not waited for to its end anyway.
            Speed::Times(factor) => Duration::try_from_secs_f64(time.as_secs_f64() / factor).unwrap_or(Duration::MAX),
            Speed::Max => Duration::ZERO,
        }
    }
}

/// How a script is to be played.
#[derive(Debug, Clone)]
pub struct Replay {
    /// What is sent and awaited, and when.
    pub script: Arc<Script>,
    /// How fast.
    pub speed: Speed,
    /// Whether all that is awaited is compared, rather than only what has a pattern.
    pub check: bool,
    /// How much later than recorded an awaited line may come.
    pub patience: Duration,
    /// The Close that ends a session in which an awaited line did not come.
    pub close: Close,
    /// The longest message that is held to be compared, in bytes.
    pub max_message: u64,
}

/// What the two ends of a replay share, and its outcome afterwards.
#[derive(Debug, Clone)]
pub struct Play {
    comparison: Arc<Mutex<Comparison>>,
    bell: Arc<Wake>,
}

impl Play {
    /// What has been played, and how what came compares with what was awaited.
    #[must_use]
    pub fn report(&self) -> Report {
        self.lock().report()
    }

    /// Compares what has come, and wakes the source if it waits for that.
    fn take(&self, event: &Event<'_>) {
        if self.lock().take(event) {
            self.bell.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Comparison> {
        // Nothing in there panics half-way.
        self.comparison.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Replay {
    /// The two ends of a session that begins now: `sink` gets all that comes. `bell` must be the one that the session's
    /// [`Control`](super::Control) rings.
    #[must_use]
    pub fn ends<S: Sink>(self, sink: S, bell: Arc<Wake>) -> (ScriptSource, ScriptSink<S>, Play) {
        let comparison = Comparison::new(Arc::clone(&self.script), self.check);
        let listens = comparison.awaits_anything();
        let play = Play { comparison: Arc::new(Mutex::new(comparison)), bell };
        let sink = ScriptSink { sink, play: play.clone(), listens, held: Held::new(self.max_message) };
        let source = ScriptSource {
            replay: self,
            play: play.clone(),
            at: 0,
            offset: 0,
            clock: Instant::now(),
            reached: None,
            over: false,
            gave_orders: false,
        };
        (source, sink, play)
    }
}

/// Sends what a script says, at its pace.
#[derive(Debug)]
pub struct ScriptSource {
    replay: Replay,
    play: Play,
    /// The step that is next.
    at: usize,
    /// How much of its payload has been encoded.
    offset: usize,
    /// When the step before was due, or had come.
    clock: Instant,
    /// Since when the step that is next is awaited.
    reached: Option<Instant>,
    /// Nothing more is to be sent.
    over: bool,
    /// What was given last were orders.
    gave_orders: bool,
}

/// What there is to do now.
enum Now {
    Give(Pulled),
    /// Wait for the bell, or for this time.
    Wait(Option<Instant>),
}

impl ScriptSource {
    fn next(&mut self, encoder: &mut Encoder) -> Now {
        while !self.over {
            let Some(step) = self.replay.script.steps.get(self.at) else {
                if !encoder.pending().is_empty() {
                    return Now::Give(Pulled::Frames);
                }
                self.over = true;
                return Now::Give(Pulled::Ended);
            };
            let now = Instant::now();
            let due = match &step.action {
                Action::Await(_) if self.replay.check || self.play.lock().awaits(self.at) => {
                    let patience = step.after.saturating_add(self.replay.patience);
                    match self.awaited(now, patience) {
                        Ok(()) => continue,
                        Err(_) if !encoder.pending().is_empty() => return Now::Give(Pulled::Frames),
                        Err(Some(until)) if now >= until => return Now::Give(self.give_up()),
                        Err(until) => return Now::Wait(until),
                    }
                }
                Action::Pause(time) => self.clock.checked_add(*time),
                Action::Send(_) | Action::Await(_) if self.offset > 0 => Some(self.clock),
                Action::Send(_) | Action::Await(_) => self.clock.checked_add(self.replay.speed.scale(step.after)),
            };
            match due {
                Some(due) if due <= now => self.clock = due,
                due if encoder.pending().is_empty() => return Now::Wait(due),
                _ => return Now::Give(Pulled::Frames),
            }
            if let Some(close) = self.carry_out(encoder) {
                return Now::Give(Pulled::Close(close));
            }
            if encoder.pending().len() >= BATCH {
                return Now::Give(Pulled::Frames);
            }
        }
        Now::Wait(None)
    }

    /// Goes on if what is awaited now has come; else says until when that is waited for.
    fn awaited(&mut self, now: Instant, patience: Duration) -> Result<(), Option<Instant>> {
        let mut comparison = self.play.lock();
        if !comparison.is_resolved(self.at) {
            comparison.reach(self.at);
            return Err(self.reached.get_or_insert(now).checked_add(patience));
        }
        drop(comparison);
        if self.reached.take().is_some() {
            self.clock = now;
        }
        self.at += 1;
        Ok(())
    }

    /// What is awaited now does not come.
    fn give_up(&mut self) -> Pulled {
        self.play.lock().give_up(self.at);
        self.over = true;
        Pulled::Close(self.replay.close.clone())
    }

    /// Carries out the step that is next, or a part of it; gives a Close, which is the last that is sent.
    fn carry_out(&mut self, encoder: &mut Encoder) -> Option<Close> {
        let steps = &self.replay.script.steps;
        match &steps[self.at].action {
            Action::Send(Outgoing::Piece { kind, first, last, payload }) => {
                let rest = &payload[self.offset..];
                let piece = &rest[..rest.len().min(MAX_FRAME)];
                let is_end = piece.len() == rest.len();
                let first = *first && self.offset == 0;
                let length = (*last && first && is_end).then_some(payload.len() as u64);
                let chunk = Chunk { kind: *kind, first, last: *last && is_end, length, payload: piece };
                encoder.push(&Event::Data(chunk));
                self.offset += piece.len();
                if !is_end {
                    return None;
                }
            }
            Action::Send(Outgoing::Ping(payload)) => encoder.push(&Event::Ping(payload)),
            Action::Send(Outgoing::Pong(payload)) => encoder.push(&Event::Pong(payload)),
            Action::Send(Outgoing::Close(close)) => {
                let close = close.clone();
                // What follows is only awaited, and that is for the other side to see.
                self.at = steps.len();
                self.over = true;
                self.play.lock().reach(self.at);
                return Some(close);
            }
            Action::Await(_) | Action::Pause(_) => {}
        }
        self.offset = 0;
        self.at += 1;
        None
    }
}

impl Source for ScriptSource {
    /// Orders come first, but not twice while there is something to send.
    fn pull(&mut self, encoder: &mut Encoder) -> Result<Pulled, SourceError> {
        let mut turn_of_script = std::mem::take(&mut self.gave_orders);
        loop {
            let mut until = Some(Instant::now());
            if std::mem::take(&mut turn_of_script) || !self.is_rung(until)? {
                match self.next(encoder) {
                    Now::Give(pulled) => return Ok(pulled),
                    Now::Wait(time) => until = time,
                }
                if !self.is_rung(until)? {
                    continue;
                }
            }
            self.play.bell.clear();
            self.gave_orders = true;
            return Ok(Pulled::Orders);
        }
    }

    fn sent(&mut self) {
        self.play.lock().sent(self.at);
    }

    fn wait_for_orders(&mut self) {
        // If waiting fails, the orders are looked at again at once.
        let _ = wait(&[(self.play.bell.as_fd(), Interest::Read)], None);
        self.play.bell.clear();
    }
}

impl ScriptSource {
    /// Waits for the bell until then.
    fn is_rung(&self, until: Option<Instant>) -> Result<bool, SourceError> {
        let patience = until.map(|until| until.saturating_duration_since(Instant::now()));
        let rung = wait(&[(self.play.bell.as_fd(), Interest::Read)], patience);
        rung.map(|[bell]| bell.is_readable()).map_err(|error| SourceError::Failed(error.to_string()))
    }
}

/// Passes on what comes, and compares it with what is awaited.
#[derive(Debug)]
pub struct ScriptSink<S> {
    sink: S,
    play: Play,
    /// Something is awaited at all.
    listens: bool,
    /// The message that is coming, as far as it has.
    held: Held,
}

impl<S: Sink> ScriptSink<S> {
    fn compare(&mut self, event: &Event<'_>) -> Result<(), SinkError> {
        let Event::Data(chunk) = event else {
            self.play.take(event);
            return Ok(());
        };
        if let Some(payload) = self.held.complete(chunk).map_err(SinkError::TooBig)? {
            self.play.take(&Event::Data(Chunk::whole(chunk.kind, payload)));
            self.held.clear();
        }
        Ok(())
    }
}

impl<S: Sink> Sink for ScriptSink<S> {
    fn take(&mut self, event: &Event<'_>) -> Result<(), SinkError> {
        self.sink.take(event)?;
        if self.listens { self.compare(event) } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        self.sink.flush()
    }

    fn trouble(&mut self, what: &str) {
        self.sink.trouble(what);
    }
}

#[cfg(test)]
mod tests;
