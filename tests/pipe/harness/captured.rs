//! What a child has written to one of its streams, as far as it has.

use std::io::Read;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use super::PATIENCE;

/// A stream that a thread reads as it comes, and that can be waited for.
#[derive(Debug, Clone)]
pub(super) struct Captured {
    shared: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Debug, Default)]
struct State {
    bytes: Vec<u8>,
    ended: bool,
}

impl Captured {
    /// A stream of which nothing is read.
    pub(super) fn nothing() -> Self {
        let state = State { ended: true, ..State::default() };
        Captured { shared: Arc::new((Mutex::new(state), Condvar::new())) }
    }

    /// Reads `stream` to its end, from now on.
    pub(super) fn start(mut stream: impl Read + Send + 'static) -> Self {
        let captured = Captured { shared: Arc::default() };
        let shared = captured.clone();
        thread::spawn(move || {
            let mut piece = vec![0; 64 << 10];
            loop {
                let count = stream.read(&mut piece).unwrap_or(0);
                let mut state = shared.lock();
                state.bytes.extend_from_slice(&piece[..count]);
                state.ended = count == 0;
                shared.shared.1.notify_all();
                if state.ended {
                    return;
                }
            }
        });
        captured
    }

    /// What has come so far.
    pub(super) fn so_far(&self) -> Vec<u8> {
        self.lock().bytes.clone()
    }

    /// Waits until `found` has found what it looks for in what has come; none if the stream ends or time is up before.
    pub(super) fn wait_for<T>(&self, mut found: impl FnMut(&[u8]) -> Option<T>) -> Option<T> {
        let end = Instant::now() + PATIENCE;
        let mut state = self.lock();
        loop {
            if let Some(found) = found(&state.bytes) {
                return Some(found);
            }
            let left = end.saturating_duration_since(Instant::now());
            if state.ended || left.is_zero() {
                return None;
            }
            let waited = self.shared.1.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits for the end of the stream and gives all of it; none if time is up before.
    pub(super) fn to_end(&self) -> Option<Vec<u8>> {
        let end = Instant::now() + PATIENCE;
        let mut state = self.lock();
        while !state.ended {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            let waited = self.shared.1.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Some(state.bytes.clone())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
