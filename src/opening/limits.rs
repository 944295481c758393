//! How long an opening may take.

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
    span: Duration,
    /// When the whole run is over.
    run: Option<Instant>,
}

impl Limits {
    /// An opening that began at `start` and may take `span`, in a run that is over at `run`.
    #[must_use]
    pub fn new(start: Instant, span: Duration, run: Option<Instant>) -> Self {
        Limits { until: start.checked_add(span), span, run }
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
        let (address, proxy, seconds) = (address.to_owned(), proxy.cloned(), self.seconds());
        if self.run_is_over() {
            OpenError::RunOver
        } else if received.is_empty() {
            OpenError::TimedOut { is_tls: false, address, proxy, seconds }
        } else {
            OpenError::StoppedShort { address, proxy, seconds, first: printable(&redact(received), SHOWN) }
        }
    }

    /// How long the opening may take, in seconds, as people are told it: what is left for a last attempt is no round number.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        (self.span.as_secs_f64() * 1000.0).round() / 1000.0
    }

    /// Whether the whole run is over.
    #[must_use]
    pub fn run_is_over(&self) -> bool {
        self.run.is_some_and(|run| Instant::now() >= run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_milliseconds() {
        let seconds = |micros| Limits::new(Instant::now(), Duration::from_micros(micros), None).seconds().to_string();
        assert_eq!([71_024, 10_000_000, 1_500_000].map(seconds), ["0.071", "10", "1.5"]);
    }
}
