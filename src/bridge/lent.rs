//! A source or a sink that outlives a session: it is lent to a thread, and comes back when that is through.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::{Bell, Pulled, Sink, SinkError, Source, SourceError, Unsent};
use crate::protocol::{Close, Encoder, Event};

/// Something that goes back to its owner when it is dropped.
#[derive(Debug)]
pub struct Lent<T> {
    /// None only while it is dropped.
    thing: Option<T>,
    home: SyncSender<T>,
    owner: Arc<dyn Bell>,
}

/// Where something that was lent comes back to.
#[derive(Debug)]
pub struct Loan<T>(Receiver<T>);

/// Lends something; `owner` is rung when it is back.
pub fn lend<T>(thing: T, owner: Arc<dyn Bell>) -> (Lent<T>, Loan<T>) {
    let (home, back) = sync_channel(1);
    (Lent { thing: Some(thing), home, owner }, Loan(back))
}

impl<T> Loan<T> {
    /// What was lent, if it is back.
    #[must_use]
    pub fn returned(&self) -> Option<T> {
        self.0.try_recv().ok()
    }
}

impl<T> Drop for Lent<T> {
    fn drop(&mut self) {
        if let Some(thing) = self.thing.take() {
            // Whoever does not want it back has given the other end up.
            let _ = self.home.try_send(thing);
            self.owner.ring();
        }
    }
}

impl<T> Lent<T> {
    fn thing(&self) -> &T {
        self.thing.as_ref().expect("it is there until this is dropped")
    }

    fn thing_mut(&mut self) -> &mut T {
        self.thing.as_mut().expect("it is there until this is dropped")
    }
}

impl<S: Source> Source for Lent<S> {
    const PACED: bool = S::PACED;

    fn pull(&mut self, encoder: &mut Encoder) -> Result<Pulled, SourceError> {
        self.thing_mut().pull(encoder)
    }

    fn last_words(&mut self, encoder: &mut Encoder) -> bool {
        self.thing_mut().last_words(encoder)
    }

    fn parting(&mut self, ordered: Close) -> Close {
        self.thing_mut().parting(ordered)
    }

    fn drain(&mut self, encoder: &mut Encoder) {
        self.thing_mut().drain(encoder);
    }

    fn largest_write(&self) -> usize {
        self.thing().largest_write()
    }

    fn took(&mut self, bytes: usize) {
        self.thing_mut().took(bytes);
    }

    fn is_cut_off(&self) -> bool {
        self.thing().is_cut_off()
    }

    fn sent(&mut self) {
        self.thing_mut().sent();
    }

    fn wait_for_orders(&mut self) {
        self.thing_mut().wait_for_orders();
    }

    fn unsent(&self) -> Unsent {
        self.thing().unsent()
    }
}

impl<S: Sink> Sink for Lent<S> {
    fn take(&mut self, event: &Event<'_>) -> Result<(), SinkError> {
        self.thing_mut().take(event)
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        self.thing_mut().flush()
    }

    fn trouble(&mut self, what: &str) {
        self.thing_mut().trouble(what);
    }

    fn we_closed_first(&mut self) {
        self.thing_mut().we_closed_first();
    }
}
