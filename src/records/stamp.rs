//! Times as text.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The text of the time that was asked for last: most lines of a burst have the same.
#[derive(Debug, Clone)]
pub(super) struct Stamp {
    /// In milliseconds since 1970.
    time: u64,
    text: [u8; Stamp::LENGTH],
}

impl Default for Stamp {
    fn default() -> Self {
        Stamp { time: 0, text: *b"1970-01-01T00:00:00.000Z" }
    }
}

impl Stamp {
    const LENGTH: usize = 24;
    /// Where the milliseconds stand.
    const FRACTION: std::ops::Range<usize> = 20..23;

    /// RFC 3339, in UTC, with milliseconds.
    pub(super) fn of(&mut self, time: SystemTime) -> &[u8] {
        self.of_millis(millis_since_1970(time))
    }

    /// The same of a time in milliseconds since 1970.
    pub(super) fn of_millis(&mut self, millis: u64) -> &[u8] {
        if millis != self.time {
            if millis / 1000 == self.time / 1000 {
                let fraction = millis % 1000;
                let digits = [fraction / 100, fraction / 10 % 10, fraction % 10].map(|digit| b'0' + digit as u8);
                self.text[Self::FRACTION].copy_from_slice(&digits);
            } else {
                let text = humantime::format_rfc3339_millis(UNIX_EPOCH + Duration::from_millis(millis)).to_string();
                // Until the year 9999 that has this length.
                self.text.copy_from_slice(&text.as_bytes()[..Self::LENGTH]);
            }
            self.time = millis;
        }
        &self.text
    }
}

/// A time in milliseconds since 1970; of one before, none.
pub(super) fn millis_since_1970(time: SystemTime) -> u64 {
    let since_1970 = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    since_1970.as_secs() * 1000 + u64::from(since_1970.subsec_millis())
}
