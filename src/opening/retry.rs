//! Attempts until the server is up.

use std::fmt;
use std::io::{self, ErrorKind};
use std::thread;
use std::time::{Duration, Instant};

use super::{Backoff, Limits, OpenError, Opened, ProxyTrouble, Route, open};
use crate::bridge::Span;
use crate::handshake::{HeadError, RequestOptions, Target};
use crate::proxy::socks::SocksError;

/// How long a connection may take to open, and whether it may take more than one attempt.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// The bound of an attempt, every step of it.
    pub attempt: Duration,
    /// For how long it is attempted again (`--retry`).
    pub retry: Option<Duration>,
    /// When the whole run is over.
    pub run: Option<Instant>,
}

/// How often and how long it was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tried {
    /// Attempts.
    pub attempts: u32,
    /// From the beginning of the first to the end of the last.
    pub time: Duration,
}

/// A failure that another attempt may be spared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setback {
    /// What has happened, in one line.
    pub why: String,
    /// How long the server asks to be left alone.
    pub rest: Option<Duration>,
}

/// The wait before an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wait {
    span: Duration,
    /// No attempt follows that one.
    is_last: bool,
}

/// Attempts come quickly at first, for what is being started may be up in no time; and not so seldom later that it would be
/// noticed.
const BACKOFF: Backoff = Backoff { first: Duration::from_millis(100), most: Duration::from_secs(2) };
/// With less time left than this, no other attempt is made.
const TOO_LATE: Duration = Duration::from_millis(20);
/// So much time, or half of what is left, is kept for the last attempt to be answered in.
const LAST_ANSWER: Duration = Duration::from_secs(1);
/// A server that asks for a longer rest is not meant to be waited for.
const LONGEST_REST: Duration = Duration::from_secs(60);

impl Patience {
    /// Opens a connection, by as many attempts as it takes and may take.
    ///
    /// # Errors
    /// As for [`open`]; after more than one attempt, the last one's.
    pub fn open(&self, target: &Target, options: &RequestOptions, route: &Route) -> Result<Opened, OpenError> {
        let (opened, tried) = self.exert(
            target,
            |limits| open(target, options, route, limits),
            |opened| opened.as_ref().err().and_then(OpenError::setback),
        );
        opened.map_err(|error| error.after(tried))
    }

    /// The bounds of one attempt that begins now.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits::new(Instant::now(), self.attempt, self.run)
    }

    /// Makes attempts until there is no setback any more, or time is up; gives what came of the last one, and how often it was
    /// tried, if that was in vain.
    pub fn exert<T>(
        &self,
        target: &Target,
        mut attempt: impl FnMut(&Limits) -> T,
        setback: impl Fn(&T) -> Option<Setback>,
    ) -> (T, Option<Tried>) {
        let start = Instant::now();
        let left = || self.retry.map(|retry| retry.saturating_sub(start.elapsed()));
        let mut is_last = false;
        for attempts in 1.. {
            let limits = match left().map(|left| left.max(TOO_LATE)).filter(|left| *left < self.attempt) {
                Some(left) => Limits::new(Instant::now(), left, self.run).of_rest(),
                None => self.limits(),
            };
            let outcome = attempt(&limits);
            let (Some(left), Some(setback)) = (left(), setback(&outcome)) else {
                return (outcome, None);
            };
            let wait = setback.wait(BACKOFF.next(attempts), left).filter(|_| !is_last);
            let Some(Wait { span, is_last: none_follows }) = wait else {
                if let Some(rest) = setback.rest.filter(|rest| !is_last && *rest > left) {
                    let [rest, left] = [rest, left].map(Span);
                    log::warn!("not waiting for {target}: it asks for {rest} (Retry-After), and --retry leaves {left}");
                }
                return (outcome, Some(Tried { attempts, time: start.elapsed() }));
            };
            is_last = none_follows;
            if attempts == 1 {
                log::warn!("waiting for {target}: {}", setback.why);
            } else {
                log::info!("attempt {attempts}: {}; the next one in {}", setback.why, Span(span));
            }
            self.pause(span);
        }
        unreachable!("attempts are fewer than can be counted")
    }

    /// Waits for so long, but not beyond the run's end. Signals are not caught here, and so end the run at once.
    fn pause(&self, delay: Duration) {
        let left = self.run.map(|run| run.saturating_duration_since(Instant::now()));
        thread::sleep(left.map_or(delay, |left| left.min(delay)));
    }
}

impl Setback {
    /// The rest that the server asks for, where that is no longer than a minute.
    #[must_use]
    pub fn short_rest(&self) -> Option<Duration> {
        self.rest.filter(|rest| *rest <= LONGEST_REST)
    }

    /// How long to wait before the next attempt, if there is time for another: for this delay, or for as long as the server
    /// asks. Where less than that is left, one attempt is made early enough to be answered, and none before the server wants it.
    fn wait(&self, delay: Duration, left: Duration) -> Option<Wait> {
        if left < TOO_LATE || self.rest.is_some_and(|rest| rest > left) {
            return None;
        }
        let rest = self.short_rest().unwrap_or_default();
        let (span, latest) = (delay.max(rest), left.saturating_sub(LAST_ANSWER.min(left / 2)));
        Some(Wait { span: span.min(latest.max(rest)), is_last: span > latest })
    }
}

impl OpenError {
    /// What another attempt may be spared, if this is of that kind: the server is not there yet, or says that it is not ready.
    #[must_use]
    pub fn setback(&self) -> Option<Setback> {
        let words = self.to_string();
        let why = words.lines().next().unwrap_or_default().to_owned();
        self.is_temporary().then_some(Setback { why, rest: self.rest() })
    }

    /// Whether the same attempt may come out well a little later, without anybody's doing anything about it but the server.
    fn is_temporary(&self) -> bool {
        match self {
            OpenError::Unreachable(error) => error.is_temporary(),
            OpenError::Proxy(failure) => failure.trouble.is_temporary(),
            OpenError::TlsFailed(failure) => failure.is_cut,
            OpenError::NotHttp(error) => is_cut(error),
            OpenError::Refused(refusal) => is_not_ready(refusal.status()),
            OpenError::Io(error) => is_reset(error),
            OpenError::Redirected { error, .. } | OpenError::GaveUp { error, .. } => error.is_temporary(),
            // A port that is forwarded (a container's) is open before the server is; and a command does its own connecting.
            OpenError::ClosedAtOnce
            | OpenError::Command(_)
            | OpenError::TimedOut { .. }
            | OpenError::StoppedShort { .. } => true,
            OpenError::WrongProxy(_)
            | OpenError::HeaderForProxy(_)
            | OpenError::CommandToSocket
            | OpenError::CommandNotStarted(_)
            | OpenError::RunOver
            | OpenError::Tls(_)
            | OpenError::Request(_)
            | OpenError::Redirect { .. } => false,
        }
    }

    /// The rest that a refusal asks for.
    fn rest(&self) -> Option<Duration> {
        match self {
            OpenError::Refused(refusal) => refusal.retry_after(),
            OpenError::Redirected { error, .. } => error.rest(),
            _ => None,
        }
    }

    /// The same error; where it was tried in vain for longer, it says so.
    #[must_use]
    pub fn after(self, tried: Option<Tried>) -> Self {
        match tried.filter(|tried| tried.attempts > 1) {
            Some(tried) => OpenError::GaveUp { tried, error: Box::new(self) },
            None => self,
        }
    }
}

impl ProxyTrouble {
    fn is_temporary(&self) -> bool {
        match self {
            ProxyTrouble::Unreachable(error) => error.is_temporary(),
            ProxyTrouble::Refused(refusal) => is_not_ready(refusal.status()),
            // It failed, or found no way to the network, the host or the port (RFC 1928, 6).
            ProxyTrouble::Socks { error: SocksError::Refused(code), .. } => matches!(code, 1 | 3 | 4 | 5 | 6),
            ProxyTrouble::NotHttp(error) => is_cut(error),
            ProxyTrouble::Io(error) => is_reset(error),
            ProxyTrouble::TimedOut(_) | ProxyTrouble::Cut => true,
            ProxyTrouble::Tls(_) | ProxyTrouble::Socks { .. } => false,
        }
    }
}

/// Bad Gateway, Service Unavailable, Gateway Timeout (RFC 9110, 15.6): somebody answers for a server that can't.
fn is_not_ready(status: u16) -> bool {
    matches!(status, 502..=504)
}

/// The connection ended before the answer did.
fn is_cut(error: &HeadError) -> bool {
    matches!(error, HeadError::Nothing | HeadError::Ended { .. } | HeadError::OnlyInterim { .. })
}

fn is_reset(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe)
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = if self.attempts == 1 { "" } else { "s" };
        write!(f, "{} and {} attempt{s}", Span(self.time), self.attempts)
    }
}

#[cfg(test)]
mod tests;
