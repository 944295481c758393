//! How long an opening may take.

use std::fmt;
use std::time::{Duration, Instant};

use super::{OpenError, ProxyPassed};
use crate::handshake::{printable, redact};

/// How much of an answer that stopped is shown, in bytes.
const SHOWN: usize = 64;

/// Two bounds at once: that of the opening, and that of the whole run.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// When the opening is given up.
    until: Option<Instant>,
    /// How long that was at first.
    time: AttemptTime,
    /// When the whole run is over.
    run: Option<Instant>,
}

impl Limits {
    /// An opening that began at `start` and may take `span`, in a run that is over at `run`.
    #[must_use]
    pub fn new(start: Instant, span: Duration, run: Option<Instant>) -> Self {
        Limits { until: start.checked_add(span), time: AttemptTime { span, is_rest: false }, run }
    }

    /// The same bounds, of which that of the opening is what `--retry` has left for it.
    #[must_use]
    pub fn of_rest(self) -> Self {
        Limits { time: AttemptTime { is_rest: true, ..self.time }, ..self }
    }

    /// The same bounds, and `span` from now on as one more.
    #[must_use]
    pub fn at_most(&self, span: Duration) -> Self {
        let until = Instant::now() + span;
        Limits { until: Some(self.until.map_or(until, |own| own.min(until))), ..*self }
    }

    /// The earlier of the two bounds.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        [self.until, self.run].into_iter().flatten().min()
    }

    /// How long there is left; none if time is up.
    #[must_use]
    pub fn left(&self) -> Option<Duration> {
        let Some(deadline) = self.deadline() else {
            return Some(Duration::from_secs(3600));
        };
        Some(deadline.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero())
    }

    /// The failure of an opening whose time is up: that of the whole run, or of the handshake with this address, which
    /// may be a proxy's, of whose answer this much has come.
    #[must_use]
    pub fn timed_out(&self, address: &str, proxy: Option<&ProxyPassed>, received: &[u8]) -> OpenError {
        let (address, proxy, time) = (address.to_owned(), proxy.cloned(), self.time);
        if self.run_is_over() {
            OpenError::RunOver
        } else if received.is_empty() {
            OpenError::TimedOut { is_tls: false, address, proxy, time }
        } else {
            OpenError::StoppedShort { address, proxy, time, first: printable(&redact(received), SHOWN) }
        }
    }

    /// How long the opening may take.
    #[must_use]
    pub fn time(&self) -> AttemptTime {
        self.time
    }

    /// Whether the whole run is over.
    #[must_use]
    pub fn run_is_over(&self) -> bool {
        self.run.is_some_and(|run| Instant::now() >= run)
    }
}

/// How long an opening may take, and which option says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptTime {
    span: Duration,
    /// It is what `--retry` has left for a last attempt.
    is_rest: bool,
}

impl fmt::Display for AttemptTime {
    /// In milliseconds: what is left for a last attempt is no round number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = (self.span.as_secs_f64() * 1000.0).round() / 1000.0;
        let option = if self.is_rest { "what was left of --retry" } else { "--connect-timeout" };
        write!(f, "{seconds} s ({option})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_milliseconds_with_its_option() {
        let limits = |micros| Limits::new(Instant::now(), Duration::from_micros(micros), None);
        let words = [10_000_000, 1_500_000].map(|micros| limits(micros).time().to_string());
        assert_eq!(words, ["10 s (--connect-timeout)", "1.5 s (--connect-timeout)"]);
        assert_eq!(limits(71_024).of_rest().time().to_string(), "0.071 s (what was left of --retry)");
    }
}
