//! What happens to clients, as events on standard output (`--out json`).
//!
//! Each client's own thread writes what concerns it, so its events are in order. What is read from standard input is told by a
//! thread of its own: whoever writes there and does not read here yet must not be stopped.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::shared::SharedOutput;
use crate::opening::Rejected;
use crate::records::JsonEvents;

/// How much may wait to be written about standard input, in bytes, before no more of it is read.
const WAITING: usize = 64 << 20;
/// How long the end of a run waits for what is still to be told.
const PATIENCE: Duration = Duration::from_secs(1);

/// The events of a listener.
#[derive(Debug)]
pub(super) struct Events {
    output: Arc<SharedOutput>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Lines about standard input that wait to be written.
    waiting: Vec<u8>,
    /// How many clients and lines are being told of.
    under_way: usize,
}

impl Events {
    /// Events on this output.
    ///
    /// # Errors
    /// The system has no threads left.
    pub(super) fn start(output: Arc<SharedOutput>) -> io::Result<Arc<Self>> {
        let events = Arc::new(Events { output, state: Mutex::default(), changed: Condvar::new() });
        let shared = Arc::clone(&events);
        thread::Builder::new().name("events".into()).spawn(move || shared.write_waiting())?;
        Ok(events)
    }

    /// Somebody has connected.
    pub(super) fn connection(&self, address: &str) {
        self.write(|json, line| json.connection(address, line));
    }

    /// A client was not let in. (Who came for the page is none.)
    pub(super) fn rejected(&self, rejected: &Rejected, peer: &str) {
        if !rejected.got_the_page() {
            let (address, words) = (rejected.address(peer), rejected.to_string());
            self.write(|json, line| json.rejected(address, rejected.status(), &words, line));
        }
    }

    /// Messages of so many bytes each have been queued for so many clients.
    pub(super) fn send(&self, clients: usize, messages: &[u64]) {
        let mut json = JsonEvents::default();
        let mut state = self.lock();
        while state.waiting.len() >= WAITING {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        for bytes in messages {
            json.send(clients as u64, *bytes, &mut state.waiting);
        }
        drop(state);
        self.changed.notify_all();
    }

    /// A client's end is about to be told, by [`told`](Self::told).
    pub(super) fn will_tell(&self) {
        self.lock().under_way += 1;
    }

    /// A client's end has been told.
    pub(super) fn told(&self) {
        self.lock().under_way -= 1;
        self.changed.notify_all();
    }

    /// Waits until all has been told, but not for long: nobody may read it.
    pub(super) fn settle(&self) {
        let waits = |state: &mut State| state.under_way > 0 || !state.waiting.is_empty();
        drop(self.changed.wait_timeout_while(self.lock(), PATIENCE, waits));
    }

    fn write(&self, what: impl FnOnce(&mut JsonEvents, &mut Vec<u8>)) {
        let mut line = Vec::new();
        what(&mut JsonEvents::default(), &mut line);
        self.output.write_line(&line);
    }

    fn write_waiting(&self) {
        let mut state = self.lock();
        loop {
            let lines = std::mem::take(&mut state.waiting);
            if lines.is_empty() {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            state.under_way += 1;
            drop(state);
            self.output.write_line(&lines);
            state = self.lock();
            state.under_way -= 1;
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
