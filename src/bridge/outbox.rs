//! A queue as a source: frames that other threads have encoded wait here for one session's sending side.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::send::{Pulled, Source, SourceError};
use super::{Bell, Unsent};
use crate::protocol::{Encoder, Tally};

/// What is taken out at a time, in bytes: little enough that many clients don't hold much in their hands.
const BATCH: usize = 64 << 10;
/// A queue that has been longer than this many pieces gives its memory back when nothing waits.
const PIECES_KEPT: usize = 16;

/// How long a client whose queue is full may take nothing at all.
const STALLED: Duration = Duration::from_secs(10);
/// How long it may be slow when others wait for it.
const SLOW: Duration = Duration::from_secs(1);
/// It is slow then if it takes less than this part of its queue in that time.
const SLOW_PART: u64 = 16;

/// A queue with a limit, of data frames that a server's encoder has made; the session's own encoder masks and compresses them
/// where it has to. Who puts into it waits for room; who takes from it waits for frames or orders.
#[derive(Debug)]
pub struct Outbox {
    /// The most that waits here, in bytes, before who puts more in has to wait.
    limit: usize,
    state: Mutex<State>,
    filled: Condvar,
    room: Condvar,
}

#[derive(Debug, Default)]
struct State {
    frames: VecDeque<Arc<[u8]>>,
    bytes: usize,
    rung: bool,
    /// Nothing more will be put in.
    ended: bool,
    /// Nothing more will be taken out.
    abandoned: bool,
    /// What waited when it was cut off.
    dropped: Tally,
    /// The sending side has sent everything and waits.
    idle: bool,
    /// How many wait for room.
    waiting: usize,
    /// Bytes that the socket has taken, in all.
    taken: u64,
    /// When it last took some, if the queue has been full since it was last empty.
    full: Option<Full>,
}

/// How a queue that has been full is getting on.
#[derive(Debug, Clone, Copy)]
struct Full {
    /// When this was last measured, and what the socket had taken by then.
    since: Instant,
    taken: u64,
    /// When the socket last took something.
    moved: Instant,
}

/// What has become of frames for a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// They wait in it.
    Done,
    /// It is full.
    Full,
    /// Nobody takes them any more.
    Gone,
}

impl Outbox {
    /// An empty queue that is full when it holds `limit` bytes or more: what is put in last may be longer than the room there
    /// was.
    #[must_use]
    pub fn new(limit: usize) -> Arc<Self> {
        let (filled, room) = Default::default();
        Arc::new(Outbox { limit, state: Mutex::default(), filled, room })
    }

    /// When it is full, in bytes.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Puts whole frames in, waiting for room. False if nobody will take them any more.
    pub fn put(&self, frames: Arc<[u8]>) -> bool {
        let mut state = self.lock();
        while state.is_full(self.limit) {
            state.waiting += 1;
            state = self.room.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
        self.add(state, frames) == Put::Done
    }

    /// Puts whole frames in if there is room now.
    pub fn try_put(&self, frames: Arc<[u8]>) -> Put {
        let mut state = self.lock();
        if state.is_full(self.limit) {
            let (now, taken) = (Instant::now(), state.taken);
            state.full.get_or_insert(Full { since: now, taken, moved: now });
            return Put::Full;
        }
        self.add(state, frames)
    }

    /// Puts whole frames in if there is room within this time.
    pub fn put_within(&self, frames: Arc<[u8]>, time: Duration) -> Put {
        let mut state = self.lock();
        state.waiting += 1;
        let waited = self.room.wait_timeout_while(state, time, |state| state.is_full(self.limit));
        state = waited.unwrap_or_else(PoisonError::into_inner).0;
        state.waiting -= 1;
        if state.is_full(self.limit) { Put::Full } else { self.add(state, frames) }
    }

    /// Whether all that was put in has reached the socket, and the sending side waits for more.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let state = self.lock();
        state.idle && state.frames.is_empty()
    }

    /// Whether a queue that has been found full moves too slowly: it has taken nothing for 10 seconds; or less than a
    /// sixteenth of itself in a second while somebody `waits` for it.
    pub fn is_too_slow(&self, now: Instant, waits: impl FnOnce() -> bool) -> bool {
        let limit = self.limit as u64;
        let mut state = self.lock();
        let taken = state.taken;
        let Some(full) = &mut state.full else { return false };
        if now.saturating_duration_since(full.moved) >= STALLED {
            return true;
        }
        let span = now.saturating_duration_since(full.since);
        if span < SLOW {
            return false;
        }
        let least = (limit / SLOW_PART).saturating_mul(span.as_millis() as u64) / SLOW.as_millis() as u64;
        if taken - full.taken < least.max(1) {
            drop(state);
            return waits();
        }
        (full.since, full.taken) = (now, taken);
        false
    }

    /// Says that nothing more will be put in.
    pub fn end(&self) {
        let mut state = self.lock();
        state.ended = true;
        self.wake(state);
    }

    /// Drops what waits: nothing more of it is to be sent, nor of what the sending side has in its hands, but for the frame
    /// that is on its way. False if nothing more was to be sent anyway.
    pub fn cut_off(&self) -> bool {
        let mut state = self.lock();
        let was_there = !state.abandoned;
        state.abandoned = true;
        // (Two may find it too slow at the same time.)
        let waiting = state.waiting_tally();
        state.dropped += waiting;
        state.frames = VecDeque::new();
        state.bytes = 0;
        state.full = None;
        drop(state);
        self.room.notify_all();
        was_there
    }

    fn add(&self, mut state: MutexGuard<'_, State>, frames: Arc<[u8]>) -> Put {
        if state.abandoned {
            return Put::Gone;
        }
        state.bytes += frames.len();
        state.frames.push_back(frames);
        self.wake(state);
        Put::Done
    }

    /// Wakes the sending side, if it waits: telling somebody who does not costs a system call all the same.
    fn wake(&self, mut state: MutexGuard<'_, State>) {
        if std::mem::take(&mut state.idle) {
            drop(state);
            self.filled.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_full(&self, limit: usize) -> bool {
        self.bytes >= limit && !self.abandoned
    }

    /// What is in the frames that wait.
    fn waiting_tally(&self) -> Tally {
        let mut tally = Tally::default();
        self.frames.iter().for_each(|frames| tally += Encoder::tally_in(frames));
        tally
    }
}

impl Bell for Outbox {
    fn ring(&self) {
        let mut state = self.lock();
        state.rung = true;
        self.wake(state);
    }
}

/// The end of an [`Outbox`] that a session's sending side takes from; when it goes, nobody needs to wait for room.
#[derive(Debug)]
pub struct QueueSource {
    outbox: Arc<Outbox>,
    end_told: bool,
    /// What was given last were orders.
    gave_orders: bool,
}

impl QueueSource {
    /// The source that takes from this queue.
    #[must_use]
    pub fn new(outbox: Arc<Outbox>) -> Self {
        QueueSource { outbox, end_told: false, gave_orders: false }
    }

    /// Waits until something is put in or the bell rings.
    fn wait<'a>(&self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        state.idle = true;
        let mut state = self.outbox.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        state.idle = false;
        state
    }

    /// Moves what waits into the encoder, until that has `limit` bytes; whether there was something.
    fn take(&self, state: &mut State, encoder: &mut Encoder, limit: usize) -> bool {
        let before = state.bytes;
        while encoder.pending().len() < limit
            && let Some(frames) = state.frames.pop_front()
        {
            state.bytes -= frames.len();
            encoder.append(&frames);
        }
        if state.waiting > 0 && state.bytes < before {
            self.outbox.room.notify_all();
        }
        state.bytes < before
    }
}

impl Drop for QueueSource {
    fn drop(&mut self) {
        self.outbox.lock().abandoned = true;
        self.outbox.room.notify_all();
    }
}

impl Source for QueueSource {
    const PACED: bool = true;

    fn pull(&mut self, encoder: &mut Encoder) -> Result<Pulled, SourceError> {
        let outbox = Arc::clone(&self.outbox);
        let mut state = outbox.lock();
        loop {
            // Orders come first, but not twice while frames wait: a peer that sends pings without pause holds nothing up.
            let turn_of_frames = std::mem::take(&mut self.gave_orders) && !state.frames.is_empty();
            if state.rung && !turn_of_frames {
                state.rung = false;
                self.gave_orders = true;
                return Ok(Pulled::Orders);
            }
            if self.take(&mut state, encoder, BATCH) {
                return Ok(Pulled::Frames);
            }
            if state.ended && !self.end_told {
                self.end_told = true;
                return Ok(Pulled::Ended);
            }
            // Who is idle holds nothing.
            state.full = None;
            if state.frames.capacity() > PIECES_KEPT {
                state.frames = VecDeque::new();
            }
            encoder.give_back();
            state = self.wait(state);
        }
    }

    fn drain(&mut self, encoder: &mut Encoder) {
        let outbox = Arc::clone(&self.outbox);
        self.take(&mut outbox.lock(), encoder, usize::MAX);
    }

    fn took(&mut self, bytes: usize) {
        let mut state = self.outbox.lock();
        state.taken += bytes as u64;
        if let Some(full) = &mut state.full {
            full.moved = Instant::now();
        }
    }

    fn is_cut_off(&self) -> bool {
        self.outbox.lock().abandoned
    }

    fn wait_for_orders(&mut self) {
        let outbox = Arc::clone(&self.outbox);
        let mut state = outbox.lock();
        // Nothing will be taken out again, so nobody needs to wait for room.
        state.abandoned = true;
        self.outbox.room.notify_all();
        while !std::mem::take(&mut state.rung) {
            state = self.wait(state);
        }
    }

    fn unsent(&self) -> Unsent {
        let state = self.outbox.lock();
        let mut tally = state.waiting_tally();
        tally += state.dropped;
        Unsent { bytes: tally.bytes, queued: tally.messages, inside_message: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(limit: usize) -> (Arc<Outbox>, QueueSource, Encoder) {
        let outbox = Outbox::new(limit);
        let source = QueueSource::new(Arc::clone(&outbox));
        (outbox, source, Encoder::server())
    }

    #[test]
    fn orders_and_frames_take_turns() {
        let (outbox, mut source, mut encoder) = queue(100);
        for _ in 0..3 {
            outbox.put([0x81, 0].into());
            for expected in [Pulled::Orders, Pulled::Frames] {
                outbox.ring();
                assert_eq!(source.pull(&mut encoder).unwrap(), expected);
                encoder.clear();
            }
        }
        // Nothing waits, so there is nothing to give way to.
        for _ in 0..3 {
            outbox.ring();
            assert_eq!(source.pull(&mut encoder).unwrap(), Pulled::Orders);
        }
    }

    #[test]
    fn what_is_longer_than_the_queue_is_taken_when_there_is_room() {
        let (outbox, mut source, mut encoder) = queue(10);
        assert_eq!(outbox.try_put([0; 9].into()), Put::Done);
        assert_eq!(outbox.try_put([0; 1000].into()), Put::Done);
        assert_eq!(outbox.try_put([0].into()), Put::Full);
        assert_eq!(outbox.put_within([0].into(), Duration::ZERO), Put::Full);
        source.pull(&mut encoder).unwrap();
        assert_eq!(encoder.pending().len(), 1009);
        assert_eq!(outbox.put_within([0].into(), Duration::ZERO), Put::Done);
    }

    #[test]
    fn a_full_queue_is_too_slow_by_what_the_socket_takes() {
        let (outbox, mut source, _) = queue(16 << 10);
        outbox.try_put(vec![0; 16 << 10].into());
        let seconds = |seconds: u64| Instant::now() + Duration::from_secs(seconds);
        assert!(!outbox.is_too_slow(seconds(60), || true), "nobody has found it full");
        assert_eq!(outbox.try_put([0].into()), Put::Full);
        assert!(!outbox.is_too_slow(seconds(0), || true));
        assert!(outbox.is_too_slow(seconds(2), || true), "nothing was taken");
        assert!(!outbox.is_too_slow(seconds(2), || false), "nobody waits");
        assert!(outbox.is_too_slow(seconds(11), || false), "it has stalled");
        // Two sixteenths in less than two seconds; then nothing more in the next two.
        source.took(2 << 10);
        assert!(!outbox.is_too_slow(seconds(1), || true));
        assert!(outbox.is_too_slow(seconds(4), || true));
        assert!(!outbox.is_too_slow(seconds(4), || false));
    }

    #[test]
    fn what_waits_is_dropped_when_it_is_cut_off() {
        let (outbox, source, _) = queue(10);
        outbox.try_put((*b"\x81\x05Hello\x81\x00\x89\x01p\x02\x03abc").into());
        let unsent = Unsent { bytes: 8, queued: 2, inside_message: false };
        assert_eq!(source.unsent(), unsent);
        assert!(outbox.cut_off());
        assert!(source.is_cut_off());
        assert!(!outbox.cut_off());
        assert_eq!(outbox.try_put([0].into()), Put::Gone);
        assert_eq!(source.unsent(), unsent);
    }
}
