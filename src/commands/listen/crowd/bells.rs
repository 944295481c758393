//! Who wants to be looked at: of ten thousand clients, only those who have rung are.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use super::lock;
use crate::bridge::Bell;
use crate::net::Wake;

/// The bells of all clients.
#[derive(Debug)]
pub(super) struct Bells {
    rung: Mutex<Vec<u64>>,
    /// Wakes the thread that keeps the time.
    wake: Arc<Wake>,
}

/// Wakes the thread that keeps the time, and says for whom.
#[derive(Debug)]
pub(in crate::commands::listen) struct ClientBell {
    number: u64,
    is_rung: AtomicBool,
    bells: Arc<Bells>,
}

impl Bells {
    pub(super) fn new(wake: Arc<Wake>) -> Arc<Self> {
        Arc::new(Bells { rung: Mutex::default(), wake })
    }

    /// A client's own.
    pub(super) fn hang(self: &Arc<Self>, number: u64) -> Arc<ClientBell> {
        Arc::new(ClientBell { number, is_rung: AtomicBool::new(false), bells: Arc::clone(self) })
    }

    /// The numbers of those who have rung since this was asked last.
    pub(super) fn rung(&self) -> Vec<u64> {
        std::mem::take(&mut *lock(&self.rung))
    }

    /// Wakes the thread for the sake of all.
    pub(super) fn wake(&self) {
        self.wake.wake();
    }
}

impl ClientBell {
    /// Says that the client is about to be looked at: if it rings from now on, it is heard again.
    pub(super) fn heard(&self) {
        self.is_rung.store(false, SeqCst);
    }
}

impl Bell for ClientBell {
    fn ring(&self) {
        if !self.is_rung.swap(true, SeqCst) {
            lock(&self.bells.rung).push(self.number);
            self.bells.wake();
        }
    }
}
