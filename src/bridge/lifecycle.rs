//! When a session ends, as a value: facts and the time in, orders out (RFC 6455, 7).

mod terms;

use std::time::{Duration, Instant};

use super::heartbeat::Pulse;
use super::{Cause, CutOff, Ending, Peer, Size, Traffic, Unsent};
use crate::protocol::{Close, Role};

pub use terms::{Fact, OnEof, Quiet, Rules, Step};

/// How long an end that no longer hopes for anything waits for the peer's Close.
const GRACE: Duration = Duration::from_secs(1);
/// How long a run whose time is over still tries to say so to the peer, and how long after hanging up the sending side may
/// take to say what it could not send.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Patience that nobody will see the end of.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// The state of a session's end.
#[derive(Debug)]
pub struct Lifecycle {
    rules: Rules,
    pulse: Option<Pulse>,
    input_ended: Option<Instant>,
    closing: Option<Closing>,
    /// The Close that we were to send.
    ordered: Option<Close>,
    /// It has been sent, and the connection is still open in both directions.
    sent: bool,
    peer: Peer,
    /// What had come of a message when nothing more did.
    cut_off: Option<CutOff>,
    /// The sending side is over.
    sender: Option<Unsent>,
    /// When we gave up on the socket.
    hung_up: Option<Instant>,
    /// The receiving side has come to its end behind that.
    heard_out: bool,
}

/// This side is ending the session.
#[derive(Debug)]
struct Closing {
    cause: Cause,
    /// The Close to be sent, until it has been ordered.
    close: Option<Close>,
    /// How long to wait for the peer, from `since` on.
    patience: Duration,
    since: Instant,
    /// How long the receiving side had not been reading at `since`.
    busy: Duration,
}

impl Closing {
    /// When patience is over. While data is still to be written for an end that was planned, the peer's answer can't be
    /// read, so that time does not count.
    fn due(&self, busy: Duration) -> Instant {
        let planned =
            matches!(self.cause, Cause::InputEnded | Cause::Satisfied | Cause::BadRecord(_) | Cause::InputFailed(_));
        let extension = if planned { busy.saturating_sub(self.busy) } else { Duration::ZERO };
        self.since + self.patience + extension
    }
}

impl Lifecycle {
    /// A session that has just been opened.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Lifecycle {
            pulse: rules.heartbeat.map(Pulse::new),
            rules,
            input_ended: None,
            closing: None,
            ordered: None,
            sent: false,
            peer: Peer::There,
            cut_off: None,
            sender: None,
            hung_up: None,
            heard_out: false,
        }
    }

    /// Takes note of a fact. The first one that ends the session is its cause.
    pub fn note(&mut self, fact: Fact, now: Instant, busy: Duration) {
        match &fact {
            Fact::InputEnded => self.input_ended = Some(now),
            Fact::CloseSent => self.sent = true,
            Fact::SenderEnded(unsent) => self.sender = Some(*unsent),
            // A byte stream has no messages.
            Fact::CutOff(cut_off) if !self.rules.half_close => self.cut_off = Some(*cut_off),
            Fact::PeerClosed(close) => self.peer = Peer::Closed(close.clone()),
            // Our own doing.
            Fact::PeerGone(_) if self.hung_up.is_some() => self.heard_out = true,
            Fact::PeerGone(_) if self.peer == Peer::There => self.peer = Peer::Gone,
            _ => {}
        }
        let is_through = matches!(fact, Fact::CloseSent | Fact::SenderEnded(_));
        if let Some((cause, close, patience)) = self.end_by(fact) {
            self.begin(cause, close, patience, now, busy);
        }
        if is_through {
            self.restart_patience(now, busy);
        }
    }

    /// The end that a fact means, if it means one: its cause, the Close to be sent, and the patience with the peer.
    fn end_by(&self, fact: Fact) -> Option<(Cause, Option<Close>, Duration)> {
        let Rules { close: planned, close_timeout: timeout, half_close, .. } = &self.rules;
        let (planned, timeout, grace) = (planned.clone(), *timeout, GRACE.min(*timeout));
        let failed = |reason: &str| Close::new(1011, reason);
        let (cause, close, patience) = match fact {
            Fact::InputEnded if *half_close => {
                let patience = if self.peer == Peer::There { FOREVER } else { timeout };
                (Cause::InputEnded, planned, patience)
            }
            Fact::InputEnded | Fact::SenderEnded(_) | Fact::CutOff(_) => return None,
            Fact::InputFailed(why) => {
                (Cause::InputFailed(why), failed("cut short: the input could not be read on"), timeout)
            }
            Fact::BadRecord(error, true) => (Cause::BadRecord(error), Close::new(1007, ""), timeout),
            Fact::BadRecord(error, false) => {
                (Cause::BadRecord(error), failed("cut short: a record can't be sent"), timeout)
            }
            Fact::CloseAsked(close) => (Cause::InputEnded, close, timeout),
            Fact::CloseSent => return Some((Cause::InputEnded, None, timeout)),
            Fact::SendFailed(why) => return Some((Cause::PeerGone(Some(why)), None, timeout)),
            Fact::PeerClosed(close) if *half_close && close.is_planned() && self.closing.is_none() => return None,
            Fact::PeerClosed(Close { code, .. }) => (Cause::PeerClosed, Close { code, reason: String::new() }, timeout),
            Fact::PeerGone(_) if self.hung_up.is_some() => return None,
            Fact::PeerGone(why) => return Some((Cause::PeerGone(why), None, Duration::ZERO)),
            Fact::Violation(violation) => {
                let close = Close::new(violation.close_code(), &violation.to_string());
                (Cause::Violation(violation), close, grace)
            }
            Fact::Satisfied => (Cause::Satisfied, planned, grace),
            // A planned Close would say that only this direction has ended; where that has been said, breaking off is all
            // that is left to say.
            Fact::OutputClosed if *half_close && self.closing.is_some() => {
                (Cause::OutputClosed, failed(""), Duration::ZERO)
            }
            Fact::OutputClosed if *half_close => (Cause::OutputClosed, failed(""), grace),
            Fact::OutputClosed => (Cause::OutputClosed, planned, grace),
            Fact::OutputFailed(why) => (Cause::OutputFailed(why), failed(""), grace),
            Fact::TooSlow(queue) => {
                let reason = format!("too slow: its queue of {} is full", Size(queue as u64));
                (Cause::TooSlow(queue), Close::new(1013, &reason), timeout)
            }
            Fact::Stalled(limit) => {
                let reason = format!("a long message stood still for {} s", limit.as_secs());
                (Cause::Stalled(limit), Close::new(1008, &reason), grace)
            }
            Fact::Signal(signal) => (Cause::Signal(signal), Close::new(1001, ""), self.rules.grace),
        };
        Some((cause, Some(close), patience))
    }

    /// Says what is to be done; `quiet` is none while something that came is being dealt with, and `busy` how long, in
    /// all, the receiving side has not been reading.
    pub fn step(&mut self, now: Instant, quiet: Option<Quiet>, busy: Duration) -> Step {
        if self.closing.is_none() {
            let step = self.step_open(now, quiet, busy);
            if self.closing.is_none() {
                return step;
            }
        }
        self.step_closing(now, busy)
    }

    /// Whether the peer has closed its direction, and only that.
    #[must_use]
    pub fn is_half_closed(&self) -> bool {
        self.peer != Peer::There && self.closing.is_none()
    }

    /// Whether our Close was given.
    #[must_use]
    pub fn has_ordered_close(&self) -> bool {
        self.ordered.is_some()
    }

    /// Which time of our own has run out, in words, if that is what ends the session.
    #[must_use]
    pub fn time_out(&self) -> Option<String> {
        self.closing.as_ref().and_then(|closing| closing.cause.time_out())
    }

    /// How it ended, as far as it has; of the traffic and of what is awaited nothing is known here.
    #[must_use]
    pub fn ending(&self) -> Ending {
        let cause = self.closing.as_ref().map_or(Cause::InputEnded, |closing| closing.cause.clone());
        Ending {
            cause,
            our_close: self.ordered.clone(),
            peer: self.peer.clone(),
            cut_off: self.cut_off,
            unsent: self.sender,
            unmet: None,
            traffic: Traffic::default(),
            is_tunnel: self.rules.half_close,
        }
    }

    /// Begins the end of the session if its time or its patience is over; else says when that will be.
    fn step_open(&mut self, now: Instant, quiet: Option<Quiet>, busy: Duration) -> Step {
        let deadline = self.rules.deadline;
        if deadline.is_some_and(|deadline| now >= deadline) {
            self.begin(Cause::TimedOut, Some(self.rules.close.clone()), LAST_WORDS, now, busy);
            return Step::default();
        }
        let lingers_until = self.lingers_until(now, quiet);
        if lingers_until.is_some_and(|until| now >= until) {
            self.begin(Cause::InputEnded, Some(self.rules.close.clone()), self.rules.close_timeout, now, busy);
            return Step::default();
        }
        // While something is being dealt with, silence can't be due before that long from now; and where silence is what the
        // end of the input waits for, it is no fault.
        let is_awaited = lingers_until.is_none() && self.peer == Peer::There;
        let limit = self.rules.idle_timeout.filter(|_| is_awaited);
        let idle_at = limit.map(|limit| (quiet.map_or(now, |quiet| quiet.nothing_since) + limit, limit));
        if let Some((at, limit)) = idle_at
            && now >= at
        {
            // As to the code, servers that have such a limit say "going away" (1001); here the reason tells why.
            let close = Close::new(1001, &format!("nothing came for {} s", limit.as_secs_f64()));
            self.begin(Cause::Silent(limit), Some(close), self.rules.close_timeout.min(GRACE), now, busy);
            return Step::default();
        }
        // Who has closed its direction answers no Ping.
        let beat = self.pulse.as_mut().filter(|_| self.peer == Peer::There).map(|pulse| pulse.beat(now, quiet));
        if let Some(limit) = self.pulse.as_ref().map(Pulse::timeout)
            && beat.is_some_and(|beat| beat.is_dead)
        {
            let close = Close::new(1001, &format!("no pong for {} s", limit.as_secs_f64()));
            self.begin(Cause::NoPong(limit), Some(close), LAST_WORDS, now, busy);
            return Step::default();
        }
        let times = [deadline, lingers_until, idle_at.map(|(at, _)| at), beat.map(|beat| beat.wake_at)];
        let wake_at = times.into_iter().flatten().min();
        Step { ping: beat.is_some_and(|beat| beat.ping), wake_at, ..Step::default() }
    }

    /// Until when data is waited for after the end of the input; none while that closes nothing.
    fn lingers_until(&self, now: Instant, quiet: Option<Quiet>) -> Option<Instant> {
        let (Some(ended), OnEof::Linger(wait), false) = (self.input_ended, self.rules.on_eof, self.rules.awaiting)
        else {
            return None;
        };
        // While data is being dealt with, it can't be due before that long from now.
        Some(quiet.map_or(now, |quiet| quiet.no_data_since).max(ended) + wait)
    }

    /// The session is ending: gives the Close once, hangs up when patience is over, and ends when both sides have.
    fn step_closing(&mut self, now: Instant, busy: Duration) -> Step {
        let Some(closing) = &mut self.closing else {
            return Step::default();
        };
        let deadline = self.rules.deadline.filter(|_| closing.cause != Cause::TimedOut);
        if deadline.is_some_and(|deadline| now >= deadline) && outranks(&Cause::TimedOut, &closing.cause) {
            closing.cause = Cause::TimedOut;
        }
        let close = closing.close.take();
        if close.is_some() {
            self.ordered.clone_from(&close);
        }
        // Whoever has failed the connection heeds no answer, so that a server has nothing to wait for.
        let failed = self.rules.role == Role::Server && matches!(closing.cause, Cause::Violation(_));
        let half_close = failed && std::mem::take(&mut self.sent);
        let due = deadline.map_or(closing.due(busy), |deadline| closing.due(busy).min(deadline));
        let hang_up = self.hung_up.is_none() && (self.peer == Peer::Gone || now >= due);
        if hang_up {
            self.hung_up = Some(now);
        }
        // Hanging up frees a sending side that waits for the socket, so what it could not send is known at once.
        let last = self.hung_up.map(|at| at + LAST_WORDS);
        // What else the receiving side can tell of, it has told.
        let is_told = self.heard_out || closing.cause.time_out().is_none();
        let over = self.peer != Peer::There || self.hung_up.is_some() && is_told;
        let ended = (over && self.sender.is_some()) || last.is_some_and(|last| now >= last);
        let wake_at = (!ended).then_some(last.unwrap_or(due));
        Step { close, ping: false, half_close, hang_up, wake_at, ended }
    }

    /// Begins the end, or takes a graver cause for the one that has begun.
    fn begin(&mut self, cause: Cause, close: Option<Close>, patience: Duration, now: Instant, busy: Duration) {
        match &mut self.closing {
            None => {
                self.closing = Some(Closing { cause, close, patience, since: now, busy });
            }
            Some(closing)
                if outranks(&cause, &closing.cause) || self.rules.half_close && cause == Cause::OutputClosed =>
            {
                let again = matches!(closing.cause, Cause::Signal(_));
                if closing.patience == FOREVER {
                    // Nothing was due; from now on something is.
                    (closing.since, closing.busy) = (now, busy);
                }
                closing.patience = if again { Duration::ZERO } else { closing.patience.min(patience) };
                closing.cause = cause;
            }
            Some(_) => {}
        }
    }

    /// Our side is through: from here on the peer has its whole time; after a signal, what is left of it.
    fn restart_patience(&mut self, now: Instant, busy: Duration) {
        if let Some(closing) = &mut self.closing {
            if matches!(closing.cause, Cause::Signal(_)) {
                let left = closing.patience.saturating_sub(now.saturating_duration_since(closing.since));
                closing.patience = left.min(self.rules.close_timeout);
            }
            closing.since = now;
            closing.busy = busy;
        }
    }
}

/// Whether what happened while the session was ending says more than what began its end.
fn outranks(new: &Cause, old: &Cause) -> bool {
    match new {
        Cause::Signal(_) => true,
        Cause::PeerClosed => matches!(old, Cause::PeerGone(_)),
        // What has come counts also where the socket has refused what we were sending meanwhile, or where the peer's Close
        // was heard of before our last word was known to be out.
        Cause::Satisfied => matches!(old, Cause::InputEnded | Cause::PeerGone(_) | Cause::PeerClosed),
        // (What was asked for in that time has come, if it has.)
        Cause::TimedOut => matches!(old, Cause::InputEnded),
        Cause::Violation(_) | Cause::OutputFailed(_) | Cause::InputFailed(_) | Cause::BadRecord(_) => {
            matches!(old, Cause::InputEnded | Cause::Satisfied | Cause::PeerClosed)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
