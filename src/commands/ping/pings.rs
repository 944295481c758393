//! The pings of a run, as a value: the time and pongs in, what to do and what it was out.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::statistics::Statistics;

/// Where pings follow the pongs, one that stays out does not hold them up for longer than this, as for ping(8).
const FLOOD_INTERVAL: Duration = Duration::from_millis(10);

/// How many pings that are over are remembered, to know what comes late or twice.
const REMEMBERED: usize = 1024;

/// How pings are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// How many; none is without end.
    pub count: Option<u64>,
    /// How far apart; zero sends the next one when all pongs have come, at the latest after 10 ms.
    pub interval: Duration,
    /// How long a pong is waited for.
    pub patience: Duration,
    /// How many bytes each carries, at most 125 (RFC 6455, 5.5).
    pub size: usize,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Send this ping now.
    Send(u64),
    /// Nothing until then, unless a pong comes; none where only a pong counts.
    Wait(Option<Instant>),
    /// All have been sent, and none is waited for any more.
    Done,
}

/// What a pong is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// The one that was waited for.
    Pong { seq: u64, time: Duration },
    /// One that was not waited for any more; its ping counts as lost.
    Late { seq: u64, time: Duration },
    /// One more to a ping that has been answered.
    Duplicate { seq: u64, time: Duration },
    /// One that no ping asked for, as the protocol allows (RFC 6455, 5.5.3).
    Unasked,
}

/// What has come of the pings so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    pub(super) sent: u64,
    pub(super) received: u64,
    pub(super) lost: u64,
    /// Pings without a pong of their own, while a later one has one: a server may answer only the most recent of those that
    /// it has (RFC 6455, 5.5.3).
    pub(super) together: u64,
    /// Pongs that came when their pings had been given up; these stay lost.
    pub(super) late: u64,
    pub(super) duplicates: u64,
    pub(super) unasked: u64,
    /// From the first ping to the last ping or pong.
    pub(super) time: Duration,
    pub(super) times: Statistics,
}

/// The pings of a run. A pong belongs to the oldest ping with the same payload that is waited for.
#[derive(Debug)]
pub(super) struct Pings {
    pace: Pace,
    /// What tells this run's pings from another's.
    token: [u8; 4],
    counts: Counts,
    due: Instant,
    first: Option<Instant>,
    /// Waited for, the oldest first.
    waiting: VecDeque<Ping>,
    /// Over, the latest last.
    over: VecDeque<Over>,
    /// The latest one that was answered.
    answered: u64,
}

#[derive(Debug, Clone, Copy)]
struct Ping {
    seq: u64,
    at: Instant,
}

#[derive(Debug, Clone, Copy)]
struct Over {
    ping: Ping,
    is_answered: bool,
}

impl Pings {
    /// A run that begins now.
    pub(super) fn new(pace: Pace, token: [u8; 4], now: Instant) -> Self {
        Pings {
            pace,
            token,
            counts: Counts::default(),
            due: now,
            first: None,
            waiting: VecDeque::new(),
            over: VecDeque::new(),
            answered: 0,
        }
    }

    /// Says what to do, and leaves in `lost` the pings that no pong came for in time. A ping that is to be sent counts as
    /// sent `now`.
    pub(super) fn next(&mut self, now: Instant, lost: &mut Vec<u64>) -> Next {
        while let Some(ping) = self.waiting.front().copied().filter(|ping| now >= ping.at + self.pace.patience) {
            self.waiting.pop_front();
            self.give_up(ping, lost);
        }
        let is_last = self.pace.count.is_some_and(|count| self.counts.sent >= count);
        if is_last && self.waiting.iter().all(|ping| self.is_covered(*ping)) {
            return Next::Done;
        }
        let gives_up = self.waiting.front().map(|ping| ping.at + self.pace.patience);
        if is_last {
            return Next::Wait(gives_up);
        }
        if now < self.due {
            return Next::Wait(Some(gives_up.map_or(self.due, |at| at.min(self.due))));
        }
        self.send(now);
        Next::Send(self.counts.sent)
    }

    /// Takes a pong that came `now`.
    pub(super) fn pong(&mut self, payload: &[u8], now: Instant) -> Answer {
        let answer = self.answer(payload, now);
        match answer {
            Answer::Pong { seq, time } => {
                self.counts.received += 1;
                self.counts.times.add(time);
                self.answered = self.answered.max(seq);
                self.counts.time = self.since_first(now);
            }
            Answer::Duplicate { .. } => self.counts.duplicates += 1,
            Answer::Unasked => self.counts.unasked += 1,
            Answer::Late { .. } => self.counts.late += 1,
        }
        if self.pace.interval.is_zero() && self.waiting.is_empty() {
            self.due = now;
        }
        answer
    }

    /// Whether a pong may change what is to be done.
    pub(super) fn follows_pongs(&self) -> bool {
        self.pace.interval.is_zero() || self.pace.count == Some(self.counts.sent)
    }

    /// The session is over: nothing more is waited for. Leaves in `lost` the pings that no pong came for.
    pub(super) fn end(&mut self, lost: &mut Vec<u64>) {
        while let Some(ping) = self.waiting.pop_front() {
            self.give_up(ping, lost);
        }
    }

    /// What has come of them.
    pub(super) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The payload of a ping: its number, the run's token, then a pattern, as far as the size goes. Of a size below 4 bytes
    /// the number has only its lowest ones, so that pings that are waited for at the same time may look alike.
    pub(super) fn payload(&self, seq: u64) -> Vec<u8> {
        let number = (seq as u32).to_be_bytes();
        let number = &number[4 - self.pace.size.min(4)..];
        number.iter().chain(&self.token).copied().chain(0x10_u8..).take(self.pace.size).collect()
    }

    fn send(&mut self, now: Instant) {
        self.counts.sent += 1;
        self.waiting.push_back(Ping { seq: self.counts.sent, at: now });
        self.first.get_or_insert(now);
        self.counts.time = self.since_first(now);
        self.due = match self.pace.interval {
            Duration::ZERO => now + FLOOD_INTERVAL,
            // Those that could not be sent in time are not sent in a heap.
            interval => (self.due + interval).max(now),
        };
    }

    fn answer(&mut self, payload: &[u8], now: Instant) -> Answer {
        let is_its = |ping: Ping| self.payload(ping.seq) == payload;
        let waited_for = self.waiting.iter().position(|ping| is_its(*ping));
        let known = waited_for.is_none().then(|| self.over.iter().rposition(|over| is_its(over.ping))).flatten();
        if let Some(ping) = waited_for.and_then(|at| self.waiting.remove(at)) {
            self.remember(ping, true);
            return Answer::Pong { seq: ping.seq, time: now - ping.at };
        }
        let Some(at) = known else { return Answer::Unasked };
        let Over { ping: Ping { seq, at: sent }, is_answered } = self.over[at];
        let time = now - sent;
        if is_answered {
            return Answer::Duplicate { seq, time };
        }
        self.over[at].is_answered = true;
        Answer::Late { seq, time }
    }

    fn give_up(&mut self, ping: Ping, lost: &mut Vec<u64>) {
        self.remember(ping, false);
        if self.is_covered(ping) {
            self.counts.together += 1;
        } else {
            self.counts.lost += 1;
            lost.push(ping.seq);
        }
    }

    fn is_covered(&self, ping: Ping) -> bool {
        ping.seq < self.answered
    }

    fn remember(&mut self, ping: Ping, is_answered: bool) {
        if self.over.len() == REMEMBERED {
            self.over.pop_front();
        }
        self.over.push_back(Over { ping, is_answered });
    }

    fn since_first(&self, now: Instant) -> Duration {
        self.first.map_or(Duration::ZERO, |first| now.saturating_duration_since(first))
    }
}

#[cfg(test)]
mod tests;
