//! What lies between the taps and the thread that writes: pieces in their order, as many as there is room for.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::session::Transcript;
use crate::records::Direction;

/// How much may wait to be recorded, in bytes; then the pipe waits.
const MOST: usize = 2 << 20;
/// What a piece counts besides its bytes.
const OVERHEAD: usize = 128;
/// A thread that naps is woken when so much waits.
const HURRY: usize = MOST / 4;
/// How long the thread that writes naps, when it has written all there was, before it wants to be woken: a burst then costs
/// one wake-up, and a file of small messages one write.
const NAP: Duration = Duration::from_millis(2);
/// How long what comes waits for a write that had begun before, so that an answer never stands before its question: a busy
/// system may let the writing thread wait for so long behind its write. Where as much waits as is worth a hurry, nothing is
/// held: the peer may have to be read before it takes more.
const HOLD: Duration = Duration::from_millis(250);
/// Buffers from this many bytes are used again, and so many of them are kept.
const LARGE: usize = 4 << 10;
const SPARES: usize = 16;

/// What is to be recorded.
#[derive(Debug)]
pub(super) enum Piece {
    /// A session begins; what came together with the handshake is its first bytes.
    Begin { session: u64, transcript: Box<Transcript>, early: Vec<u8>, time: SystemTime },
    /// Bytes that came, or went.
    Bytes { session: u64, dir: Direction, time: SystemTime, bytes: Vec<u8> },
    /// Nothing more comes from the peer; the system's words, if it had any.
    Ended { session: u64, why: Option<String>, time: SystemTime },
    /// One of a session's two taps is gone.
    Gone { session: u64, time: SystemTime },
    /// A line, as it is.
    Line(Vec<u8>),
}

/// The place that a write has in the order, from when it begins.
#[derive(Debug)]
pub(super) struct Ticket {
    number: u64,
    at: Instant,
}

/// What the thread that writes is to do.
#[derive(Debug)]
pub(super) enum Next {
    /// Record this.
    Piece(Piece),
    /// Write what has gathered: nothing more has come.
    Flush,
    /// Nothing will come any more.
    End,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// Something has come for the thread that writes.
    filled: Condvar,
    /// There is room again, or all has been written.
    freed: Condvar,
    /// Nothing is taken any more.
    closed: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    pieces: VecDeque<(u64, Piece)>,
    /// What they count together.
    size: usize,
    /// The number of the next piece or ticket.
    next: u64,
    /// When the last piece was.
    last: Option<SystemTime>,
    /// Writes that have begun and not ended, by session.
    writing: HashMap<u64, (u64, Instant)>,
    spares: Vec<Vec<u8>>,
    /// How the thread that writes waits.
    rest: Rest,
    /// How many wait until there is room, or until all has been written.
    waiting: usize,
    ended: bool,
    /// How often something was written.
    progress: u64,
    /// All has been written, or that was given up: whether it is complete.
    done: Option<bool>,
}

/// How the thread that writes waits, if it does.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Rest {
    #[default]
    Awake,
    /// It comes back by itself soon.
    Naps,
    /// It has to be woken.
    Sleeps,
}

impl Queue {
    /// A buffer with these bytes.
    pub(super) fn copy(&self, bytes: &[u8]) -> Vec<u8> {
        let spare = if bytes.len() < LARGE { None } else { self.lock().spares.pop() };
        let mut buffer = spare.unwrap_or_default();
        buffer.clear();
        buffer.extend_from_slice(bytes);
        buffer
    }

    /// Whether anything is still recorded.
    pub(super) fn is_open(&self) -> bool {
        !self.closed.load(Relaxed)
    }

    /// Leaves a piece; waits while there is no room.
    pub(super) fn push(&self, mut piece: Piece) {
        let Some(mut state) = self.wait_for_room() else { return };
        let number = state.number();
        state.put_in_time(&mut piece);
        state.size += piece.size();
        state.pieces.push_back((number, piece));
        self.wake(&mut state);
    }

    /// Takes a place in the order for what is about to be written.
    pub(super) fn begin_write(&self, session: u64) -> Ticket {
        let at = Instant::now();
        let mut state = self.lock();
        let number = state.number();
        state.writing.insert(session, (number, at));
        Ticket { number, at }
    }

    /// Leaves what was written, if anything was, in its place.
    pub(super) fn end_write(&self, session: u64, ticket: &Ticket, written: Option<Piece>) {
        let Some(mut state) = self.wait_for_room() else { return };
        state.writing.remove(&session);
        if let Some(mut piece) = written {
            state.size += piece.size();
            // What came meanwhile has not waited for longer.
            let is_held = ticket.at.elapsed() < HOLD;
            let later = state.pieces.iter().rev().take_while(|(number, _)| is_held && *number > ticket.number);
            let place = state.pieces.len() - later.count();
            match state.pieces.get_mut(place).and_then(|(_, next)| next.time().copied()) {
                Some(next) => piece.time().into_iter().for_each(|time| *time = (*time).min(next)),
                None => state.put_in_time(&mut piece),
            }
            state.pieces.insert(place, (ticket.number, piece));
        }
        self.wake(&mut state);
    }

    /// The next piece; `used` is the buffer of the one before, to be used again. Says once that nothing more has come, and
    /// then waits.
    pub(super) fn next(&self, used: Option<Vec<u8>>, has_unwritten: bool) -> Next {
        let mut state = self.lock();
        if let Some(used) = used.filter(|used| used.capacity() >= LARGE && state.spares.len() < SPARES) {
            state.spares.push(used);
        }
        let mut napped = false;
        loop {
            let held = state.held();
            if held.is_none()
                && let Some((_, piece)) = state.pieces.pop_front()
            {
                state.size -= piece.size();
                // Not for every piece: whoever waits is woken for something that is worth it.
                if state.waiting > 0 && state.size <= MOST / 2 {
                    self.freed.notify_all();
                }
                return Next::Piece(piece);
            }
            if state.ended && state.pieces.is_empty() {
                return Next::End;
            }
            if has_unwritten && held.is_none() {
                return Next::Flush;
            }
            let time = held.or_else(|| (!napped).then_some(NAP));
            state.rest = if time.is_some() && held.is_none() { Rest::Naps } else { Rest::Sleeps };
            napped = true;
            state = match time {
                Some(time) => self.filled.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner).0,
                None => self.filled.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
            state.rest = Rest::Awake;
        }
    }

    /// Says that something was written.
    pub(super) fn moved(&self) {
        self.lock().progress += 1;
    }

    /// Says that all has been written, or as much as could be; nothing is taken any more, and nobody waits for room.
    pub(super) fn done(&self, is_complete: bool) {
        let mut state = self.lock();
        state.done = Some(is_complete);
        state.pieces.clear();
        self.closed.store(true, Relaxed);
        self.freed.notify_all();
    }

    /// Says that nothing will come any more, but from those who wait for room.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        state.ended = true;
        self.filled.notify_one();
        self.freed.notify_all();
    }

    /// Waits until all has been written, and says whether it is complete; gives up when nothing moves for so long.
    pub(super) fn wait_until_written(&self, patience: Duration) -> Option<bool> {
        let mut state = self.lock();
        loop {
            if let Some(is_complete) = state.done {
                return Some(is_complete);
            }
            let progress = state.progress;
            let waited = self.freed.wait_timeout(state, patience).unwrap_or_else(PoisonError::into_inner);
            state = waited.0;
            if waited.1.timed_out() && state.done.is_none() && progress == state.progress {
                return None;
            }
        }
    }

    fn wait_for_room(&self) -> Option<MutexGuard<'_, State>> {
        let mut state = self.lock();
        if state.ended {
            return None;
        }
        while state.size >= MOST && self.is_open() && !state.ended {
            state.waiting += 1;
            state = self.freed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
        self.is_open().then_some(state)
    }

    /// Wakes the thread that writes, if it is time.
    fn wake(&self, state: &mut State) {
        if state.rest == Rest::Sleeps || state.rest == Rest::Naps && state.size >= HURRY {
            // Once is enough.
            state.rest = Rest::Awake;
            self.filled.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Makes sure that a piece has no earlier time than the one before: two threads may look at the clock in one order, and
    /// come here in the other.
    fn put_in_time(&mut self, piece: &mut Piece) {
        if let Some(time) = piece.time() {
            *time = self.last.map_or(*time, |last| last.max(*time));
            self.last = Some(*time);
        }
    }

    /// How long the first piece still waits for a write that began before it came.
    fn held(&self) -> Option<Duration> {
        if self.size >= HURRY {
            return None;
        }
        let Some((number, Piece::Bytes { session, dir: Direction::In, .. })) = self.pieces.front() else { return None };
        let (begun, at) = self.writing.get(session)?;
        HOLD.checked_sub(at.elapsed()).filter(|left| begun < number && !left.is_zero())
    }
}

impl Piece {
    fn time(&mut self) -> Option<&mut SystemTime> {
        match self {
            Piece::Begin { time, .. }
            | Piece::Bytes { time, .. }
            | Piece::Ended { time, .. }
            | Piece::Gone { time, .. } => Some(time),
            Piece::Line(_) => None,
        }
    }

    fn size(&self) -> usize {
        OVERHEAD
            + match self {
                Piece::Begin { early: bytes, .. } | Piece::Bytes { bytes, .. } | Piece::Line(bytes) => bytes.len(),
                Piece::Ended { .. } | Piece::Gone { .. } => 0,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn much_that_comes_is_not_held_for_a_write() {
        let queue = Queue::default();
        let comes = |size| {
            let (dir, time) = (Direction::In, SystemTime::UNIX_EPOCH);
            queue.push(Piece::Bytes { session: 7, dir, time, bytes: vec![0; size] });
        };
        let _ticket = queue.begin_write(7);
        comes(1);
        assert!(queue.lock().held().is_some());
        comes(HURRY);
        assert_eq!(queue.lock().held(), None);
    }
}
