//! `--progress`: a meter on standard error, where that is a terminal.

use std::fmt;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{BinaryBytes, FormattedDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};
use rustix::fs::{FileType, SeekFrom, fstat, seek};
use rustix::termios::isatty;

use super::Pipe;
use crate::bridge::Carried;

/// How often it is drawn.
const INTERVAL: Duration = Duration::from_millis(150);
/// Over how long rates are evened out.
const MEMORY: Duration = Duration::from_secs(2);

/// The bar that is on the terminal, if there is one: there is one terminal, and whoever writes to it must know.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Writes something to standard error, above the meter if there is one.
pub fn above_meter<T>(write: impl FnOnce() -> T) -> T {
    match &*shown() {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

fn shown() -> MutexGuard<'static, Option<ProgressBar>> {
    SHOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A meter that runs until this is dropped. It has a thread of its own, so that a terminal that is stopped stops nothing
/// else.
#[derive(Debug)]
pub(super) struct Meter(Option<(Sender<()>, JoinHandle<()>)>);

impl Meter {
    /// Starts it, where one is wanted and there is a place for it: a terminal that no messages are typed or printed on.
    /// `is_stdio` says whether standard input and output are used.
    pub(super) fn start(pipe: &Pipe, is_stdio: bool) -> Self {
        let Some(watch) = pipe.watch.clone() else { return Meter(None) };
        let is_typed_on = is_stdio && pipe.reads_input && isatty(io::stdin());
        let is_printed_on = is_stdio && isatty(io::stdout());
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if is_typed_on || is_printed_on || bar.is_hidden() {
            return Meter(None);
        }
        let file = if is_stdio && pipe.reads_input { InputFile::of_stdin() } else { None };
        let (stop, stopped) = mpsc::channel();
        let started = thread::Builder::new().name("meter".into()).spawn(move || {
            let mut face = Face::new(bar, file);
            while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                face.draw(watch.look());
            }
            face.finish(watch.look());
        });
        // Without one more thread the run can do.
        Meter(started.ok().map(|thread| (stop, thread)))
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.0.take() {
            drop(stop);
            let _ = thread.join();
        }
    }
}

/// Standard input, where it is a regular file that is not at its end.
#[derive(Debug)]
struct InputFile {
    start: u64,
    size: u64,
}

impl InputFile {
    fn of_stdin() -> Option<Self> {
        let facts = fstat(io::stdin()).ok()?;
        let size = u64::try_from(facts.st_size).ok()?;
        let is_file = FileType::from_raw_mode(facts.st_mode).is_file();
        let start = position(io::stdin())?;
        (is_file && start < size).then_some(InputFile { start, size })
    }
}

/// How far a file has been read.
fn position(file: impl AsFd) -> Option<u64> {
    seek(file, SeekFrom::Current(0)).ok()
}

/// What is shown.
struct Face {
    bar: ProgressBar,
    file: Option<InputFile>,
    began: Instant,
    sent: Speed,
    received: Speed,
}

impl Face {
    fn new(bar: ProgressBar, file: Option<InputFile>) -> Self {
        let template = match &file {
            Some(_) => "[{bar:10}] {percent:>3} % of {binary_total_bytes}, ETA {eta}, {wide_msg}",
            None => "{elapsed_precise} {wide_msg}",
        };
        // The templates are right, as the tests show.
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style.progress_chars("=> "));
        *shown() = Some(bar.clone());
        if let Some(file) = &file {
            // Last: with that it is drawn.
            bar.set_length(file.size - file.start);
        }
        let now = Instant::now();
        Face { bar, file, began: now, sent: Speed::new(now), received: Speed::new(now) }
    }

    fn draw(&mut self, carried: Carried) {
        let now = Instant::now();
        self.sent.update(carried.sent.bytes, now);
        self.received.update(carried.received.bytes, now);
        // On a narrow terminal what is last is cut off.
        let received =
            if carried.received.bytes == 0 { String::new() } else { format!(", received {}", self.received) };
        self.bar.set_message(format!("sent {}{received}", self.sent));
        match &self.file {
            Some(file) => {
                let read = position(io::stdin()).unwrap_or(file.start).saturating_sub(file.start);
                self.bar.set_position(read.min(file.size - file.start));
            }
            None => self.bar.tick(),
        }
    }

    /// Leaves a last line, which stays.
    fn finish(&self, carried: Carried) {
        // Until the last line is there, nobody writes beside the meter.
        let mut shown = shown();
        *shown = None;
        self.bar.finish_and_clear();
        let time = self.began.elapsed();
        let average = |bytes: u64| {
            let rate = u128::from(bytes) * 1000 / time.as_millis().max(1);
            format!("{} ({}/s)", BinaryBytes(bytes), BinaryBytes(rate as u64))
        };
        let (sent, received) = (average(carried.sent.bytes), average(carried.received.bytes));
        let line = format!("{} sent {sent}, received {received}\n", FormattedDuration(time));
        // Nobody may be there to see it.
        let _ = io::stderr().write_all(line.as_bytes());
    }
}

/// How fast bytes pass at present.
#[derive(Debug)]
struct Speed {
    at: Instant,
    bytes: u64,
    /// Bytes a second.
    rate: f64,
}

impl Speed {
    fn new(now: Instant) -> Self {
        Speed { at: now, bytes: 0, rate: 0.0 }
    }

    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    fn update(&mut self, bytes: u64, now: Instant) {
        let span = now.saturating_duration_since(self.at).as_secs_f64();
        if span > 0.0 {
            let present = bytes.saturating_sub(self.bytes) as f64 / span;
            let weight = (-span / MEMORY.as_secs_f64()).exp();
            // What has just begun has nothing to remember.
            self.rate = if self.bytes == 0 { present } else { self.rate * weight + present * (1.0 - weight) };
            (self.at, self.bytes) = (now, bytes);
        }
    }
}

impl fmt::Display for Speed {
    #[expect(clippy::cast_sign_loss, reason = "it never is below zero")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}/s)", BinaryBytes(self.bytes), BinaryBytes(self.rate as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn speeds_follow_what_happens() {
        let start = Instant::now();
        let mut speed = Speed::new(start);
        speed.update(1 << 20, start + SECOND);
        assert_eq!(speed.to_string(), "1.00 MiB (1.00 MiB/s)");
        speed.update(1 << 20, start + 2 * SECOND);
        assert!(speed.rate > 0.5 * f64::from(1 << 20) && speed.rate < 0.7 * f64::from(1 << 20), "{speed}");
        (3..100).for_each(|second| speed.update(1 << 20, start + second * SECOND));
        assert_eq!(speed.to_string(), "1.00 MiB (0 B/s)");
        speed.update(0, start);
        assert_eq!(speed.bytes, 1 << 20);
    }
}
