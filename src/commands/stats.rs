//! `--stats`: what a run has carried, told at its end, however it ends.

use std::fmt::{self, Write as _};
use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::BinaryBytes;
use serde::Serialize;

use super::coding::Worth;
use crate::bridge::{Span, Traffic};
use crate::protocol::Tally;

/// How the summary is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatsForm {
    /// Lines for people.
    Text,
    /// One line of JSON.
    Json,
}

/// What all sessions of a run have carried.
#[derive(Debug)]
pub struct Stats {
    form: StatsForm,
    sums: Mutex<Sums>,
}

/// What was carried, added up.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    sessions: u64,
    sent: Direction,
    received: Direction,
    /// When the first session began, and the last one ended.
    span: Option<(Instant, Instant)>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Direction {
    tally: Tally,
    /// What was compressed: bytes before that, and behind it.
    coded: (u64, u64),
}

/// One direction, as JSON has it.
#[derive(Debug, Serialize)]
struct Told {
    messages: u64,
    bytes: u64,
    messages_per_second: f64,
    bytes_per_second: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    compressed: Option<Compressed>,
}

#[derive(Debug, Serialize)]
struct Compressed {
    bytes: u64,
    #[serde(rename = "to")]
    coded: u64,
    ratio: f64,
}

#[derive(Debug, Serialize)]
struct Line {
    r#type: &'static str,
    seconds: f64,
    sessions: u64,
    sent: Told,
    received: Told,
}

impl Stats {
    /// A summary of nothing yet.
    #[must_use]
    pub fn new(form: StatsForm) -> Self {
        Stats { form, sums: Mutex::default() }
    }

    /// A session has ended.
    pub(super) fn add(&self, traffic: &Traffic, worth: &Worth) {
        self.sums().add(traffic, worth, Instant::now());
    }

    fn text(&self) -> String {
        let sums = *self.sums();
        let seconds = sums.time().as_secs_f64();
        match self.form {
            StatsForm::Text => sums.words(),
            StatsForm::Json => {
                let [sent, received] = [sums.sent, sums.received].map(|direction| direction.told(seconds));
                let seconds = thousandths(seconds);
                let line = Line { r#type: "stats", seconds, sessions: sums.sessions, sent, received };
                // Its fields are numbers.
                serde_json::to_string(&line).unwrap_or_default() + "\n"
            }
        }
    }

    fn sums(&self) -> MutexGuard<'_, Sums> {
        // Nothing in there panics half-way.
        self.sums.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells on standard error what a run has carried, when this is dropped: however it ends.
#[derive(Debug)]
pub(super) struct AtEnd(pub(super) Option<Arc<Stats>>);

impl Drop for AtEnd {
    fn drop(&mut self) {
        if let Some(stats) = &self.0 {
            // Where nobody reads that, nobody is told.
            let _ = io::stderr().write_all(stats.text().as_bytes());
        }
    }
}

impl Sums {
    fn add(&mut self, traffic: &Traffic, worth: &Worth, now: Instant) {
        self.sessions += 1;
        self.sent.add(traffic.sent, worth.sent());
        self.received.add(traffic.received, worth.received());
        let began = now.checked_sub(traffic.time).unwrap_or(now);
        let (first, last) = self.span.unwrap_or((began, now));
        self.span = Some((first.min(began), last.max(now)));
    }

    fn time(&self) -> Duration {
        self.span.map_or(Duration::ZERO, |(first, last)| last - first)
    }

    fn words(&self) -> String {
        let seconds = self.time().as_secs_f64();
        let mut text = String::new();
        for (verb, direction) in [("sent", self.sent), ("received", self.received)] {
            // Writing to a String never fails.
            let _ = writeln!(text, "{verb} {}", direction.words(seconds));
        }
        let _ = writeln!(text, "{}, {}", Span(self.time()), Count(self.sessions, "session"));
        text
    }
}

impl Direction {
    fn add(&mut self, tally: Tally, coded: (u64, u64)) {
        self.tally += tally;
        self.coded = (self.coded.0 + coded.0, self.coded.1 + coded.1);
    }

    #[expect(clippy::cast_sign_loss, reason = "no rate is below zero")]
    fn words(&self, seconds: f64) -> String {
        let Tally { messages, bytes } = self.tally;
        let [messages_rate, bytes_rate] = [rate(messages, seconds), rate(bytes, seconds)];
        let mut text = format!("{}, {}", Count(messages, "message"), Count(bytes, "byte"));
        // Writing to a String never fails.
        if bytes >= 1024 {
            let _ = write!(text, ", {}", BinaryBytes(bytes));
        }
        let _ = write!(text, " ({messages_rate:.1}/s, {}/s)", BinaryBytes(bytes_rate as u64));
        if let Some(Compressed { bytes, coded, ratio }) = self.compressed() {
            let bytes = Count(bytes, "byte");
            let _ = write!(text, "; {bytes} compressed to {coded} ({:.1} %)", ratio * 100.0);
        }
        text
    }

    fn told(&self, seconds: f64) -> Told {
        let Tally { messages, bytes } = self.tally;
        let [messages_per_second, bytes_per_second] = [messages, bytes].map(|count| thousandths(rate(count, seconds)));
        Told { messages, bytes, messages_per_second, bytes_per_second, compressed: self.compressed() }
    }

    fn compressed(&self) -> Option<Compressed> {
        let (bytes, coded) = self.coded;
        (bytes > 0).then(|| Compressed { bytes, coded, ratio: thousandths(rate(coded, float(bytes))) })
    }
}

/// A number of things.
struct Count(u64, &'static str);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Count(count, what) = self;
        write!(f, "{count} {what}{}", if *count == 1 { "" } else { "s" })
    }
}

fn rate(count: u64, seconds: f64) -> f64 {
    if seconds > 0.0 { float(count) / seconds } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "of a rate nobody reads the sixteenth digit")]
fn float(count: u64) -> f64 {
    count as f64
}

fn thousandths(number: f64) -> f64 {
    (number * 1e3).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(sessions: &[(u64, u64, u64)]) -> Sums {
        let (mut sums, now) = (Sums::default(), Instant::now());
        for &(messages, bytes, seconds) in sessions {
            let sent = Tally { messages, bytes };
            let traffic = Traffic { sent, time: Duration::from_secs(seconds), ..Traffic::default() };
            sums.add(&traffic, &Worth::nothing(), now);
        }
        sums
    }

    #[test]
    fn one_session_in_words() {
        let words = "sent 1 message, 500 bytes (0.5/s, 250 B/s)\nreceived 0 messages, 0 bytes (0.0/s, 0 B/s)\n2.0 s";
        assert_eq!(sums(&[(1, 500, 2)]).words(), format!("{words}, 1 session\n"));
    }

    #[test]
    fn sessions_side_by_side_are_added_up() {
        let all = sums(&[(1, 500, 2), (3, 1500, 4), (0, 0, 1)]);
        assert!(all.words().starts_with("sent 4 messages, 2000 bytes, 1.95 KiB (1.0/s, 500 B/s)\n"));
        assert!(all.words().ends_with("4.0 s, 3 sessions\n"));
    }

    #[test]
    fn no_session_is_no_division_by_nothing() {
        assert!(Sums::default().words().ends_with("\n0 ms, 0 sessions\n"));
        assert!(sums(&[(1, 1, 0)]).words().contains("(0.0/s, 0 B/s)"));
    }

    #[test]
    fn compression_is_told_where_there_was_any() {
        let mut sums = sums(&[(1, 1000, 1)]);
        sums.sent.coded = (1000, 171);
        assert!(sums.words().contains("; 1000 bytes compressed to 171 (17.1 %)\n"));
        let told = serde_json::to_string(&sums.sent.told(1.0)).unwrap();
        sums.sent.coded = (1, 1);
        assert!(sums.words().contains("; 1 byte compressed to 1 (100.0 %)\n"));
        assert!(told.ends_with(r#""compressed":{"bytes":1000,"to":171,"ratio":0.171}}"#), "{told}");
    }
}
