//! What the two sides have been doing, for those who keep the time.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use super::traffic::Counter;
use super::{Quiet, Traffic};
use crate::protocol::Tally;

/// The receiving side's own clock: when data came last, and how long it has not been reading.
///
/// Time in which we do not read (the output is slow) says nothing about the peer, so it counts against no limit.
#[derive(Debug)]
pub(super) struct Activity {
    start: Instant,
    /// Nanoseconds from `start`; when data was last dealt with.
    last_data: AtomicU64,
    /// Nanoseconds from `start`; when reading went on after whatever came last.
    last_bytes: AtomicU64,
    /// When reading last stopped, or `READING`.
    busy_since: AtomicU64,
    /// Nanoseconds spent not reading.
    busy_total: AtomicU64,
    received: Counter,
    sent: Counter,
}

const READING: u64 = u64::MAX;

impl Activity {
    pub(super) fn new(now: Instant) -> Self {
        Activity {
            start: now,
            last_data: 0.into(),
            last_bytes: 0.into(),
            busy_since: READING.into(),
            busy_total: 0.into(),
            received: Counter::default(),
            sent: Counter::default(),
        }
    }

    /// A read has returned.
    pub(super) fn stop_reading(&self) {
        self.busy_since.store(self.nanos(Instant::now()), Relaxed);
    }

    /// What was read has been dealt with, and the next read begins.
    pub(super) fn start_reading(&self, had_data: bool, received: Tally) {
        self.received.add(received);
        let now = self.nanos(Instant::now());
        if had_data {
            self.last_data.store(now, Relaxed);
        }
        self.last_bytes.store(now, Relaxed);
        let since = self.busy_since.swap(READING, Relaxed);
        if since != READING {
            self.busy_total.fetch_add(now - since, Relaxed);
        }
    }

    /// Since when the peer has been quiet; none while something that came is being dealt with.
    pub(super) fn quiet(&self) -> Option<Quiet> {
        let reading = self.busy_since.load(Relaxed) == READING;
        let at = |nanos: &AtomicU64| self.start + Duration::from_nanos(nanos.load(Relaxed));
        reading.then(|| Quiet { no_data_since: at(&self.last_data), nothing_since: at(&self.last_bytes), moved: None })
    }

    /// How long, in all, we have not been reading.
    pub(super) fn busy(&self, now: Instant) -> Duration {
        let since = self.busy_since.load(Relaxed);
        let current = if since == READING { 0 } else { self.nanos(now).saturating_sub(since) };
        Duration::from_nanos(self.busy_total.load(Relaxed) + current)
    }

    /// So much has been sent.
    pub(super) fn sent(&self, sent: Tally) {
        self.sent.add(sent);
    }

    /// What has passed so far.
    pub(super) fn traffic(&self, now: Instant) -> Traffic {
        let time = now.saturating_duration_since(self.start);
        Traffic { received: self.received.read(), sent: self.sent.read(), time }
    }

    fn nanos(&self, at: Instant) -> u64 {
        at.saturating_duration_since(self.start).as_nanos() as u64
    }
}
