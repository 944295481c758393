//! The two ends of a session that only sends pings and takes pongs.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::pings::{Next, Pings};
use super::report::Report;
use crate::bridge::{Pulled, Signals, Sink, SinkError, Source, SourceError};
use crate::net::{Interest, Wake, wait};
use crate::protocol::{Close, Encoder, Event};

/// What both ends know. It is locked for no longer than it takes to look something up, and never while printing.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pings: Arc<Mutex<Pings>>,
    report: Report,
}

impl Shared {
    pub(super) fn new(pings: Pings, report: Report) -> Self {
        Shared { pings: Arc::new(Mutex::new(pings)), report }
    }

    pub(super) fn pings(&self) -> MutexGuard<'_, Pings> {
        // Nothing in there panics half-way.
        self.pings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn report(&self) -> &Report {
        &self.report
    }

    /// Prints, in one piece. What else is printed comes before or behind it.
    fn print(text: &str) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
    }
}

/// Sends pings as they are due.
#[derive(Debug)]
pub(super) struct PingSource {
    shared: Shared,
    bell: Arc<Wake>,
    /// SIGQUIT asks how far it is.
    asked: Signals,
    /// What was given last were orders.
    gave_orders: bool,
    /// Nothing more is to be sent.
    over: bool,
}

impl PingSource {
    pub(super) fn new(shared: Shared, bell: Arc<Wake>) -> io::Result<Self> {
        Ok(PingSource { shared, bell, asked: Signals::catch_quit()?, gave_orders: false, over: false })
    }

    /// What is to be done, after it has been told what was lost.
    fn next(&self) -> Next {
        let mut lost = Vec::new();
        let next = self.shared.pings().next(Instant::now(), &mut lost);
        for seq in lost {
            // The other end sees the output's trouble, too.
            let _ = Shared::print(&self.shared.report.lost(seq));
        }
        next
    }

    /// Waits until then; true if there are orders. They come first, but not twice while a ping is due.
    fn wait_until(&mut self, at: Option<Instant>) -> io::Result<bool> {
        let timeout = at.map(|at| at.saturating_duration_since(Instant::now()));
        let watched = [(self.bell.as_fd(), Interest::Read), (self.asked.as_fd(), Interest::Read)];
        let [bell, asked] = wait(&watched, timeout)?;
        if asked.is_readable() && self.asked.caught().is_some() {
            let text = Report::interim(self.shared.pings().counts());
            // Where nobody reads that, nobody asked.
            let _ = io::stderr().write_all(text.as_bytes());
        }
        if !bell.is_readable() || std::mem::take(&mut self.gave_orders) {
            return Ok(false);
        }
        self.bell.clear();
        self.gave_orders = true;
        Ok(true)
    }
}

impl Source for PingSource {
    fn pull(&mut self, encoder: &mut Encoder) -> Result<Pulled, SourceError> {
        let failed = |error: io::Error| SourceError::Failed(error.to_string());
        // Orders wait for no ping.
        let mut until = Some(Instant::now());
        loop {
            if self.wait_until(until).map_err(failed)? {
                return Ok(Pulled::Orders);
            }
            if self.over {
                until = None;
                continue;
            }
            match self.next() {
                Next::Wait(at) => until = at,
                Next::Done => {
                    self.over = true;
                    return Ok(Pulled::Close(Close::new(1000, "")));
                }
                Next::Send(seq) => {
                    encoder.push(&Event::Ping(&self.shared.pings().payload(seq)));
                    return Ok(Pulled::Frames);
                }
            }
        }
    }

    fn wait_for_orders(&mut self) {
        // If waiting fails, the orders are looked at again at once.
        let _ = wait(&[(self.bell.as_fd(), Interest::Read)], None);
        self.bell.clear();
    }
}

/// Takes pongs, and lets messages pass by.
#[derive(Debug)]
pub(super) struct PongSink {
    shared: Shared,
    bell: Arc<Wake>,
    /// What is to be printed.
    lines: String,
    has_news: bool,
}

impl PongSink {
    pub(super) fn new(shared: Shared, bell: Arc<Wake>) -> Self {
        PongSink { shared, bell, lines: String::new(), has_news: false }
    }
}

impl Sink for PongSink {
    fn take(&mut self, event: &Event<'_>) -> Result<(), SinkError> {
        if let Event::Pong(payload) = event {
            let answer = self.shared.pings().pong(payload, Instant::now());
            self.lines += &self.shared.report.pong(answer, payload.len());
            self.has_news = true;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        if std::mem::take(&mut self.has_news) && self.shared.pings().follows_pongs() {
            self.bell.wake();
        }
        let printed = Shared::print(&self.lines);
        self.lines.clear();
        Ok(printed?)
    }
}
