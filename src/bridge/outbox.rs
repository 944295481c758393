//! A queue as a source: frames that other threads have encoded wait here for one session's sending side.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::send::{BATCH, Pulled, Source, SourceError};
use super::{Bell, Unsent};
use crate::protocol::Encoder;

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
}

impl Outbox {
    /// An empty queue that holds `limit` bytes, or one batch if that is more.
    #[must_use]
    pub fn new(limit: usize) -> Arc<Self> {
        let (filled, room) = Default::default();
        Arc::new(Outbox { limit, state: Mutex::default(), filled, room })
    }

    /// Puts whole frames in, waiting for room. False if nobody will take them any more.
    pub fn put(&self, frames: Arc<[u8]>) -> bool {
        let mut state = self.lock();
        while state.bytes >= self.limit && !state.abandoned {
            state = self.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.abandoned {
            return false;
        }
        state.bytes += frames.len();
        state.frames.push_back(frames);
        self.filled.notify_one();
        true
    }

    /// Says that nothing more will be put in.
    pub fn end(&self) {
        self.lock().ended = true;
        self.filled.notify_one();
    }

    fn abandon(&self) {
        self.lock().abandoned = true;
        self.room.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bell for Outbox {
    fn ring(&self) {
        self.lock().rung = true;
        self.filled.notify_one();
    }
}

/// The end of an [`Outbox`] that a session's sending side takes from; when it goes, nobody needs to wait for room.
#[derive(Debug)]
pub struct QueueSource {
    outbox: Arc<Outbox>,
    end_told: bool,
    /// What was given last were orders.
    gave_orders: bool,
    /// Bytes taken out that have not reached the socket.
    in_hand: usize,
}

impl QueueSource {
    /// The source that takes from this queue.
    #[must_use]
    pub fn new(outbox: Arc<Outbox>) -> Self {
        QueueSource { outbox, end_told: false, gave_orders: false, in_hand: 0 }
    }
}

impl Drop for QueueSource {
    fn drop(&mut self) {
        self.outbox.abandon();
    }
}

impl Source for QueueSource {
    fn pull(&mut self, encoder: &mut Encoder) -> Result<Pulled, SourceError> {
        let mut state = self.outbox.lock();
        loop {
            // Orders come first, but not twice while frames wait: a peer that sends pings without pause holds nothing up.
            let turn_of_frames = std::mem::take(&mut self.gave_orders) && !state.frames.is_empty();
            if state.rung && !turn_of_frames {
                state.rung = false;
                self.gave_orders = true;
                return Ok(Pulled::Orders);
            }
            let taken = take(&mut state, encoder, BATCH);
            if taken > 0 {
                self.in_hand += taken;
                self.outbox.room.notify_all();
                return Ok(Pulled::Frames);
            }
            if state.ended && !self.end_told {
                self.end_told = true;
                return Ok(Pulled::Ended);
            }
            state = self.outbox.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn drain(&mut self, encoder: &mut Encoder) {
        self.in_hand += take(&mut self.outbox.lock(), encoder, usize::MAX);
    }

    fn sent(&mut self) {
        self.in_hand = 0;
    }

    fn wait_for_orders(&mut self) {
        // Nothing will be taken out again, so nobody needs to wait for room.
        self.outbox.abandon();
        let mut state = self.outbox.lock();
        while !std::mem::take(&mut state.rung) {
            state = self.outbox.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn unsent(&self) -> Unsent {
        Unsent { bytes: (self.outbox.lock().bytes + self.in_hand) as u64, inside_message: false }
    }
}

/// Moves what waits into the encoder, until that has `limit` bytes; gives how many bytes were moved.
fn take(state: &mut State, encoder: &mut Encoder, limit: usize) -> usize {
    let mut taken = 0;
    while encoder.pending().len() < limit
        && let Some(frames) = state.frames.pop_front()
    {
        state.bytes -= frames.len();
        encoder.append(&frames);
        taken += frames.len();
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_and_frames_take_turns() {
        let outbox = Outbox::new(100);
        let mut source = QueueSource::new(Arc::clone(&outbox));
        let mut encoder = Encoder::server();
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
}
