//! What a session does and awaits before it ends by itself, shared by its two sides: `--count`, `--send`, `--expect`.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::dialogue::{Dialogue, Stuck, Turn};
use crate::protocol::{Chunk, Encoder, Event, Kind, Violation};
use crate::records::Held;

/// Messages that are awaited (`--count`), by one session or by several.
#[derive(Debug)]
pub struct Countdown {
    total: u64,
    left: AtomicU64,
}

impl Countdown {
    /// So many are awaited, at least one.
    #[must_use]
    pub fn new(messages: u64) -> Self {
        Countdown { total: messages, left: messages.into() }
    }

    /// Counts a message; true if it is the last one, or there were enough before it.
    fn is_last(&self) -> bool {
        self.left.fetch_update(SeqCst, SeqCst, |left| Some(left.saturating_sub(1))).is_ok_and(|left| left <= 1)
    }
}

/// What a session has to say and to hear. It is satisfied when all of it was said and heard, if anything was to be heard.
#[derive(Debug)]
pub struct Awaited {
    countdown: Option<Arc<Countdown>>,
    /// The longest message that is held to look into it, in bytes.
    max_held: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    dialogue: Dialogue,
    /// All that was awaited has come.
    has_come: bool,
}

/// What was awaited and has not come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet {
    /// Where the dialogue stands.
    pub stuck: Option<Stuck>,
    /// How many messages have come, and how many were awaited.
    pub count: Option<(u64, u64)>,
}

impl Awaited {
    /// A dialogue of these turns, and messages that are counted; `max_held` bounds, in bytes, what is held of a message to
    /// look into it.
    #[must_use]
    pub fn new(turns: impl Into<Arc<[Turn]>>, countdown: Option<Arc<Countdown>>, max_held: u64) -> Self {
        let state = State { dialogue: Dialogue::new(turns), has_come: false };
        Awaited { countdown, max_held, state: Mutex::new(state) }
    }

    /// Begins the dialogue again, for another connection of the same run; messages are counted on.
    pub fn restart(&self) {
        let is_counted = self.countdown.as_ref().is_some_and(|countdown| countdown.left.load(SeqCst) == 0);
        let mut state = self.lock();
        state.dialogue.restart();
        state.has_come = is_counted && !state.dialogue.awaits();
    }

    /// What has not come, if anything was awaited.
    #[must_use]
    pub fn unmet(&self) -> Option<Unmet> {
        let stuck = self.lock().dialogue.stuck();
        let counted = self.countdown.as_ref().map(|countdown| (countdown.total, countdown.left.load(SeqCst)));
        let count = counted.filter(|(_, left)| *left > 0).map(|(total, left)| (total - left, total));
        (stuck.is_some() || count.is_some()).then_some(Unmet { stuck, count })
    }

    /// Whether an expectation is due.
    fn listens(&self) -> bool {
        self.lock().dialogue.awaits()
    }

    /// Notes that all that was awaited has come and was written. True if all was said, too: then it is satisfied.
    pub(super) fn has_come(&self) -> bool {
        let mut state = self.lock();
        state.has_come = true;
        state.dialogue.is_over()
    }

    /// Encodes what is to be said now; gives how many bytes of text that is.
    pub(super) fn say(&self, encoder: &mut Encoder) -> usize {
        let mut bytes = 0;
        for text in self.lock().dialogue.say() {
            encoder.push(&Event::Data(Chunk::whole(Kind::Text, text.as_bytes())));
            bytes += text.len();
        }
        bytes
    }

    /// Notes that all that was to be said has reached the socket. True if all has come, too: then it is satisfied.
    pub(super) fn sent(&self) -> bool {
        let mut state = self.lock();
        state.dialogue.sent();
        state.has_come && state.dialogue.is_over()
    }

    /// Whether something is to be said, now or later.
    pub(super) fn has_more_to_say(&self) -> bool {
        self.lock().dialogue.has_more_to_say()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The receiving side's ear for what is awaited.
#[derive(Debug)]
pub(super) struct Listener<'a> {
    awaited: &'a Awaited,
    /// An expectation is due, so that whole messages are looked into.
    listens: bool,
    held: Held,
}

/// What a message has brought.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// An expectation was met; there may be something to say.
    pub(super) met: bool,
    /// It was the last that was awaited.
    pub(super) last: bool,
}

impl<'a> Listener<'a> {
    /// An ear, if anything is awaited at all.
    pub(super) fn new(awaited: &'a Awaited) -> Option<Self> {
        let listens = awaited.listens();
        let held = Held::new(awaited.max_held);
        (listens || awaited.countdown.is_some()).then_some(Listener { awaited, listens, held })
    }

    /// Takes a piece of a message.
    ///
    /// # Errors
    /// The message is too big to be held.
    pub(super) fn take(&mut self, chunk: &Chunk<'_>) -> Result<Progress, Violation> {
        let mut met = false;
        if self.listens {
            let Some(payload) = self.held.complete(chunk)? else { return Ok(Progress::default()) };
            let mut state = self.awaited.lock();
            met = state.dialogue.hear(payload);
            self.listens = state.dialogue.awaits();
            self.held.clear();
        } else if !chunk.last {
            return Ok(Progress::default());
        }
        let counted = self.awaited.countdown.as_ref().is_none_or(|countdown| countdown.is_last());
        Ok(Progress { met, last: counted && !self.listens })
    }
}

impl fmt::Display for Unmet {
    /// What is missing, without what came instead.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.stuck, self.count) {
            (Some(stuck), _) => stuck.fmt(f),
            (None, Some(count)) => f.write_str(&counted(count)),
            (None, None) => Ok(()),
        }
    }
}

impl Unmet {
    /// What came instead, in words; each part begins with a semicolon.
    #[must_use]
    pub fn instead(&self) -> String {
        let Some(stuck) = &self.stuck else { return String::new() };
        let count = self.count.map(|count| format!("; {}", counted(count))).unwrap_or_default();
        format!("; {}{count}", stuck.instead())
    }
}

fn counted((come, total): (u64, u64)) -> String {
    format!("only {come} of {total} messages had come (--count)")
}
