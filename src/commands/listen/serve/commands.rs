//! The commands of `listen --exec`, one for each client.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::net::Process;

/// The commands of which something is left, with the numbers of their clients.
#[derive(Debug, Default)]
pub(super) struct Commands(Mutex<Vec<(u64, Arc<Process>)>>);

impl Commands {
    /// Takes in that of a client.
    pub(super) fn add(&self, client: u64, process: &Arc<Process>) {
        self.left().push((client, Arc::clone(process)));
    }

    /// Whether nothing is left of any.
    pub(super) fn are_gone(&self) -> bool {
        self.left().is_empty()
    }

    /// The clients of whose commands something is left, whether or not their sessions are over.
    pub(super) fn clients(&self) -> Vec<u64> {
        self.left().iter().map(|(client, _)| *client).collect()
    }

    /// Takes the next step towards the end of those whose sessions are over.
    pub(super) fn hurry(&self) {
        self.left().iter().for_each(|(_, process)| process.hurry());
    }

    fn left(&self) -> MutexGuard<'_, Vec<(u64, Arc<Process>)>> {
        // Nothing in here panics half-way.
        let mut processes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        processes.retain(|(_, process)| !process.is_gone());
        processes
    }
}
