//! A client that was not let in, and how that is told.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A client that was not let in, and why; it has been told.
#[derive(Debug, thiserror::Error)]
#[error("{words}")]
pub struct Rejected {
    words: String,
    /// The status that it got.
    status: Option<u16>,
    /// The address that a trusted proxy has named.
    forwarded: Option<String>,
    /// Whoever runs the server may not know that it refuses such clients, and how to let them in.
    is_news: bool,
}

impl Rejected {
    pub(super) fn new(words: impl Into<String>) -> Self {
        Rejected { words: words.into(), status: None, forwarded: None, is_news: false }
    }

    /// One that asked for the page, and got it.
    pub(super) fn page() -> Self {
        Rejected { status: Some(200), ..Rejected::new("got the page") }
    }

    /// One that was answered with this status.
    pub(super) fn with_status(status: u16, why: &str) -> Self {
        // 403 is a page that may not connect: its author and this user are often the same, and a browser tells neither why.
        // 502 is a place that this listener can't reach, and no client will be told which.
        let words = format!("refused with {status}: {why}");
        Rejected { status: Some(status), is_news: matches!(status, 403 | 502), ..Rejected::new(words) }
    }

    /// With more about it than the client was told.
    pub(super) fn because(self, detail: Option<String>) -> Self {
        match detail {
            Some(detail) => Rejected { words: format!("{}; {detail}", self.words.trim_end_matches('.')), ..self },
            None => self,
        }
    }

    pub(super) fn coming_from(self, forwarded: Option<String>) -> Self {
        Rejected { forwarded, ..self }
    }

    /// The status that it got, if it got one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// Whether it was no client, but somebody who wanted the page.
    #[must_use]
    pub fn got_the_page(&self) -> bool {
        self.status == Some(200)
    }

    /// Its address: `peer`, if no proxy knows better.
    #[must_use]
    pub fn address<'a>(&'a self, peer: &'a str) -> &'a str {
        self.forwarded.as_deref().unwrap_or(peer)
    }

    /// Tells of it: with `-v`, and always of a page that may not connect and a place that can't be reached, unless there are
    /// too many of them. `peer` is the client's address, if no proxy knows better.
    pub fn tell(&self, peer: &str) {
        static PACE: Mutex<Pace> = Mutex::new(Pace { told: 0, since: None, withheld: 0 });
        let peer = self.address(peer);
        let words = &self.words;
        if self.is_news {
            let mut pace = PACE.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(withheld) = pace.take(Instant::now()) {
                let more = if withheld > 0 { format!(" ({withheld} more since the last one)") } else { String::new() };
                return log::warn!("client at {peer}: {words}{more}");
            }
        }
        log::info!("client at {peer}: {words}");
    }
}

/// A bound for lines that a stranger can cause: a few at once, then one a second.
#[derive(Debug)]
struct Pace {
    /// Lines that count as told.
    told: u32,
    /// Since when, less a second for each that no longer counts.
    since: Option<Instant>,
    /// Lines that were not told since the last that was.
    withheld: u64,
}

impl Pace {
    /// How many at once.
    const BURST: u32 = 10;
    const REST: Duration = Duration::from_secs(1);

    /// Whether a line may be told now; with the number of those that were not since the last one.
    fn take(&mut self, now: Instant) -> Option<u64> {
        let since = *self.since.get_or_insert(now);
        let rests = now.saturating_duration_since(since).as_secs();
        let forgotten = u32::try_from(rests).unwrap_or(u32::MAX).min(self.told);
        self.told -= forgotten;
        self.since = Some(if self.told == 0 { now } else { since + Self::REST * forgotten });
        if self.told >= Self::BURST {
            self.withheld += 1;
            return None;
        }
        self.told += 1;
        Some(std::mem::take(&mut self.withheld))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_lines_at_once_then_one_a_second() {
        let mut pace = Pace { told: 0, since: None, withheld: 0 };
        let start = Instant::now();
        let mut told = |millis| pace.take(start + Duration::from_millis(millis));
        for millis in 0..10 {
            assert_eq!(told(millis), Some(0), "{millis}");
        }
        assert_eq!([told(10), told(999)], [None, None]);
        assert_eq!([told(1000), told(1001)], [Some(2), None]);
        // Two have been forgotten.
        assert_eq!([told(3500), told(3500), told(3500)], [Some(1), Some(0), None]);
        assert_eq!(told(60_000), Some(1));
        assert_eq!(told(60_000), Some(0));
    }
}
