//! What `ping` prints: lines as ping(8) has them, or JSON Lines.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::pings::{Answer, Counts};
use super::statistics::{PERCENTILES, Summary};
use crate::bridge::Span;
use crate::records::{Milliseconds as PhaseTimes, Timings, millis};

/// How a run is told.
#[derive(Debug, Clone)]
pub(super) struct Report {
    /// Where the pings go, without credentials.
    pub(super) url: String,
    /// The address that was reached.
    pub(super) address: String,
    /// JSON Lines.
    pub(super) json: bool,
    /// No line for each pong.
    pub(super) is_short: bool,
}

/// A line of JSON. Every time span is in milliseconds, but for the whole run's.
#[derive(Debug, Default, Serialize)]
struct Line<'a> {
    r#type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<usize>,
    #[serde(skip_serializing_if = "is_false")]
    late: bool,
    #[serde(skip_serializing_if = "is_false")]
    duplicate: bool,
    #[serde(flatten)]
    totals: Option<Totals>,
    #[serde(skip_serializing_if = "Option::is_none")]
    milliseconds: Option<Milliseconds>,
    time: String,
}

#[derive(Debug, Serialize)]
struct Totals {
    sent: u64,
    received: u64,
    lost: u64,
    together: u64,
    late: u64,
    duplicates: u64,
    unasked: u64,
    seconds: f64,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Milliseconds {
    One(f64),
    Phases {
        handshake: f64,
        #[serde(flatten)]
        phases: PhaseTimes,
    },
    Summary {
        min: f64,
        avg: f64,
        max: f64,
        stddev: f64,
        p50: f64,
        p90: f64,
        p99: f64,
    },
}

impl Report {
    /// The connection is open, after so long. As with ping(8), a short report has this line, too, but for JSON.
    pub(super) fn open(&self, handshake: Duration, timings: &Timings) -> String {
        let Report { url, address, .. } = self;
        if self.json && self.is_short {
            return String::new();
        }
        if self.json {
            let phases = PhaseTimes::from(*timings);
            let milliseconds = Milliseconds::Phases { handshake: millis(handshake), phases };
            let (url, address) = (Some(&**url), Some(&**address));
            return line(Line { r#type: "open", url, address, milliseconds: Some(milliseconds), ..Line::default() });
        }
        let mut parts = vec![("resolve", timings.name), ("connect", timings.connect)];
        parts.extend(timings.proxy.map(|took| ("proxy", took)));
        parts.extend(timings.tls.map(|took| ("TLS", took)));
        parts.push(("HTTP", timings.http));
        let parts: Vec<_> = parts.into_iter().map(|(name, took)| format!("{name} {}", short(took))).collect();
        format!("PING {url} ({address}): handshake {} ms ({} ms)\n", short(handshake), parts.join(", "))
    }

    /// A pong of so many bytes has come.
    pub(super) fn pong(&self, answer: Answer, bytes: usize) -> String {
        if self.is_short {
            return String::new();
        }
        let (seq, time, note) = match answer {
            Answer::Pong { seq, time } => (seq, time, ""),
            Answer::Late { seq, time } => (seq, time, " (late)"),
            Answer::Duplicate { seq, time } => (seq, time, " (duplicate)"),
            Answer::Unasked => {
                return if self.json {
                    line(Line { r#type: "unasked", bytes: Some(bytes), ..Line::default() })
                } else {
                    format!("{bytes} bytes from {}: a pong that nobody asked for\n", self.address)
                };
            }
        };
        if self.json {
            let (late, duplicate) = (matches!(answer, Answer::Late { .. }), matches!(answer, Answer::Duplicate { .. }));
            let milliseconds = Some(Milliseconds::One(millis(time)));
            let (seq, bytes) = (Some(seq), Some(bytes));
            return line(Line { r#type: "pong", seq, bytes, late, duplicate, milliseconds, ..Line::default() });
        }
        format!("{bytes} bytes from {}: seq={seq} time={} ms{note}\n", self.address, short(time))
    }

    /// No pong has come for this ping.
    pub(super) fn lost(&self, seq: u64) -> String {
        match (self.is_short, self.json) {
            (true, _) => String::new(),
            (_, true) => line(Line { r#type: "lost", seq: Some(seq), ..Line::default() }),
            (_, false) => format!("no pong for seq={seq}\n"),
        }
    }

    /// How far it is, in a line.
    pub(super) fn interim(counts: &Counts) -> String {
        let Counts { sent, received, .. } = counts;
        let mut text = format!("{received}/{sent} pongs, {}% lost", percent(counts));
        if let Some(Summary { min, avg, max, .. }) = counts.times.summary() {
            let _ = write!(text, ", min/avg/max = {}/{}/{} ms", long(min), long(avg), long(max));
        }
        text + "\n"
    }

    /// The end.
    pub(super) fn summary(&self, counts: &Counts) -> String {
        let Counts { sent, received, lost, together, late, duplicates, unasked, time, ref times } = *counts;
        let times = times.summary();
        if self.json {
            let seconds = (time.as_secs_f64() * 1e6).round() / 1e6;
            let totals = Some(Totals { sent, received, lost, together, late, duplicates, unasked, seconds });
            let milliseconds = times.map(Milliseconds::summary);
            return line(Line { r#type: "summary", totals, milliseconds, ..Line::default() });
        }
        // Writing to a String never fails.
        let mut text = format!("\n--- {} ping statistics ---\n{sent} ping{} sent, ", self.url, s(sent));
        let _ = write!(text, "{received} pong{} received, ", s(received));
        let more = [
            (together, "answered together with a later one"),
            (late, "too late"),
            (duplicates, "duplicate"),
            (unasked, "unasked for"),
        ];
        for (count, what) in more.into_iter().filter(|(count, _)| *count > 0) {
            let _ = write!(text, "{count} {what}, ");
        }
        let _ = writeln!(text, "{}% lost, {}", percent(counts), Span(time));
        if let Some(Summary { min, avg, max, stddev, percentiles }) = times {
            let [min, avg, max, stddev] = [min, avg, max, stddev].map(long);
            let _ = writeln!(text, "rtt min/avg/max/stddev = {min}/{avg}/{max}/{stddev} ms");
            let names = PERCENTILES.map(|percent| format!("p{percent}")).join("/");
            let _ = writeln!(text, "{names} = {} ms", percentiles.map(long).join("/"));
        }
        text
    }
}

impl Milliseconds {
    fn summary(summary: Summary) -> Self {
        let Summary { min, avg, max, stddev, percentiles } = summary;
        let [p50, p90, p99] = percentiles.map(millis);
        let [min, avg, max, stddev] = [min, avg, max, stddev].map(millis);
        Milliseconds::Summary { min, avg, max, stddev, p50, p90, p99 }
    }
}

fn line(line: Line<'_>) -> String {
    let time = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
    // Its fields are strings and numbers, which JSON has.
    serde_json::to_string(&Line { time, ..line }).unwrap_or_default() + "\n"
}

/// What part of the pings was lost, in percent, to a thousandth.
fn percent(counts: &Counts) -> f64 {
    let thousandths = u128::from(counts.lost) * 100_000 / u128::from(counts.sent.max(1));
    // It is 100,000 at most.
    f64::from(thousandths as u32) / 1e3
}

/// Milliseconds, as ping(8) writes them: the shorter, the more digits.
fn short(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1e3;
    match time.as_micros() {
        0..1_000 => format!("{millis:.3}"),
        1_000..10_000 => format!("{millis:.2}"),
        10_000..100_000 => format!("{millis:.1}"),
        _ => format!("{millis:.0}"),
    }
}

fn long(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64() * 1e3)
}

fn s(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn is_false(flag: &bool) -> bool {
    !flag
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn report() -> Report {
        Report { url: "ws://h/".into(), address: "127.0.0.1:80".into(), json: false, is_short: false }
    }

    fn counts() -> Counts {
        let mut counts = Counts { sent: 5, received: 4, lost: 1, time: 4 * MS * 1000, ..Counts::default() };
        for time in [MS, 2 * MS, 3 * MS, 10 * MS] {
            counts.times.add(time);
        }
        counts
    }

    #[test]
    fn an_open_connection_in_words() {
        let timings = Timings { name: MS / 8, connect: 2 * MS, http: 150 * MS, ..Timings::default() };
        let first = report().open(152 * MS, &timings);
        let words = "handshake 152 ms (resolve 0.125, connect 2.00, HTTP 150 ms)";
        assert_eq!(first, format!("PING ws://h/ (127.0.0.1:80): {words}\n"));
        let timings = Timings { proxy: Some(MS), tls: Some(20 * MS), ..timings };
        assert!(report().open(MS, &timings).contains("connect 2.00, proxy 1.00, TLS 20.0, HTTP 150 ms)"));
    }

    #[test]
    fn pongs_in_words() {
        let line = |answer| report().pong(answer, 8);
        let (seq, time) = (3, MS / 8);
        assert_eq!(line(Answer::Pong { seq, time }), "8 bytes from 127.0.0.1:80: seq=3 time=0.125 ms\n");
        assert_eq!(line(Answer::Late { seq, time }), "8 bytes from 127.0.0.1:80: seq=3 time=0.125 ms (late)\n");
        assert!(line(Answer::Duplicate { seq, time }).ends_with(" ms (duplicate)\n"));
        assert_eq!(line(Answer::Unasked), "8 bytes from 127.0.0.1:80: a pong that nobody asked for\n");
        assert_eq!(report().lost(3), "no pong for seq=3\n");
    }

    #[test]
    fn the_summary_in_words() {
        let summary = report().summary(&counts());
        let (rtt, ranks) =
            ("rtt min/avg/max/stddev = 1.000/4.000/10.000/3.536 ms", "p50/p90/p99 = 2.000/10.000/10.000 ms");
        let head = "\n--- ws://h/ ping statistics ---\n5 pings sent, 4 pongs received, 20% lost, 4.0 s";
        assert_eq!(summary, format!("{head}\n{rtt}\n{ranks}\n"));
        let odd = Counts { sent: 3, together: 2, late: 5, duplicates: 1, unasked: 4, received: 1, ..Counts::default() };
        let words = "3 pings sent, 1 pong received, 2 answered together with a later one, 5 too late, 1 duplicate, 4 unasked for, 0% lost";
        assert!(report().summary(&odd).ends_with(&format!("{words}, 0 ms\n")));
        assert_eq!(Report::interim(&counts()), "4/5 pongs, 20% lost, min/avg/max = 1.000/4.000/10.000 ms\n");
    }

    #[test]
    fn json_has_a_type_in_every_line() {
        let report = Report { json: true, ..report() };
        let value = |line: String| {
            assert!(line.ends_with("}\n"));
            let mut value: serde_json::Value = serde_json::from_str(&line).unwrap();
            assert!(value.as_object_mut().unwrap().remove("time").unwrap().as_str().unwrap().ends_with('Z'));
            value.to_string()
        };
        let duplicate = report.pong(Answer::Duplicate { seq: 1, time: MS }, 8);
        assert_eq!(value(duplicate), r#"{"bytes":8,"duplicate":true,"milliseconds":1.0,"seq":1,"type":"pong"}"#);
        assert_eq!(value(report.lost(7)), r#"{"seq":7,"type":"lost"}"#);
        let opened = value(report.open(3 * MS, &Timings { tls: Some(MS), ..Timings::default() }));
        assert!(opened.contains(r#""milliseconds":{"connect":0.0,"handshake":3.0,"http":0.0,"name":0.0,"tls":1.0}"#));
        let summary = value(report.summary(&counts()));
        assert!(summary.contains(r#""max":10.0,"min":1.0,"p50":2.0"#), "{summary}");
        assert!(summary.contains(r#""received":4,"seconds":4.0,"sent":5"#), "{summary}");
    }

    #[test]
    fn seconds_are_written_as_people_count_them() {
        let report = Report { json: true, ..report() };
        let counts = Counts { time: Duration::from_nanos(100_099_400), ..counts() };
        assert!(report.summary(&counts).contains(r#""seconds":0.100099,"#));
    }

    #[test]
    fn a_short_report_is_the_beginning_and_the_summary() {
        let report = Report { is_short: true, ..report() };
        assert!(report.open(MS, &Timings::default()).starts_with("PING ws://h/ "));
        assert_eq!(Report { json: true, ..report.clone() }.open(MS, &Timings::default()), "");
        assert_eq!(report.lost(1) + &report.pong(Answer::Unasked, 0), "");
        assert!(report.summary(&counts()).contains("20% lost"));
    }
}
