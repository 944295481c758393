//! A look at what a run carries, while it does.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::Control;
use crate::protocol::Tally;

/// What the sessions of a run have carried so far, one after the other, for a thread that wants to show it. They only count
/// as they do anyway.
#[derive(Debug, Default)]
pub struct Watch(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    current: Option<Arc<Control>>,
    /// What those before it have carried.
    before: Carried,
}

/// What has been carried in each direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Carried {
    /// What sockets have taken.
    pub sent: Tally,
    /// What has come.
    pub received: Tally,
}

impl Watch {
    /// What has been carried so far.
    #[must_use]
    pub fn look(&self) -> Carried {
        self.state().sum()
    }

    pub(super) fn begin(&self, control: &Arc<Control>) {
        self.state().current = Some(Arc::clone(control));
    }

    pub(super) fn end(&self) {
        let mut state = self.state();
        state.before = state.sum();
        state.current = None;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in there panics half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn sum(&self) -> Carried {
        let mut sum = self.before;
        if let Some(control) = &self.current {
            let traffic = control.activity.traffic(Instant::now());
            sum.sent += traffic.sent;
            sum.received += traffic.received;
        }
        sum
    }
}
