//! One session from its open connection to its ending: the threads, and the clock.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use super::control::{Bell, Tick};
use super::{Control, Ending, Fact, Rules, Signals, Sink, Source, receive, send};
use crate::net::{Connection, Interest, Wake, wait_any};
use crate::protocol::{Decoder, Encoder};

/// What a session is made of, but for its two ends.
#[derive(Debug)]
pub struct Session {
    /// The open connection.
    pub connection: Connection,
    /// The decoder, holding what came together with the opening handshake.
    pub decoder: Decoder,
    /// The encoder of this role.
    pub encoder: Encoder,
    /// Messages to receive, if the session ends with the last of them.
    pub count: Option<u64>,
    /// What was asked for at its end.
    pub rules: Rules,
}

impl Session {
    /// Runs the session on two more threads while this one keeps the time. `bell` wakes the source when it waits.
    ///
    /// # Errors
    /// The system has no threads or descriptors left.
    pub fn run<S, K>(self, source: S, mut sink: K, bell: Arc<dyn Bell>, keeper: &Keeper<'_>) -> io::Result<Ending>
    where
        S: Source + 'static,
        K: Sink + 'static,
    {
        let Session { connection, decoder, encoder, count, rules } = self;
        let Connection { reader, writer, socket } = connection;
        let control = Arc::new(Control::new(rules, socket, bell, Arc::clone(&keeper.wake) as Arc<dyn Bell>));
        let shared = Arc::clone(&control);
        let sender =
            thread::Builder::new().name("send".into()).spawn(move || send(source, encoder, writer, &shared))?;
        let shared = Arc::clone(&control);
        thread::Builder::new()
            .name("receive".into())
            .spawn(move || receive(reader, decoder, &mut sink, count, &shared))?;
        let ending = keeper.keep(&control)?;
        // The receiving side may hang in a write to an output that nobody reads; the sending side can't, and drops
        // the source.
        if sender.is_finished() {
            let _ = sender.join();
        }
        Ok(ending)
    }
}

/// Keeps the time of a session, and watches for what may end it from outside.
#[derive(Debug)]
pub struct Keeper<'a> {
    wake: Arc<Wake>,
    signals: Option<&'a Signals>,
    /// The pipe that the output goes to: its reader may go before there is anything to write.
    output: Option<BorrowedFd<'a>>,
}

impl<'a> Keeper<'a> {
    /// A keeper that watches for signals and, where the output is a pipe, for its reader's end.
    ///
    /// # Errors
    /// The system has no descriptors left.
    pub fn new(signals: Option<&'a Signals>, output: Option<BorrowedFd<'a>>) -> io::Result<Self> {
        Ok(Keeper { wake: Arc::new(Wake::new()?), signals, output })
    }

    fn keep(&self, control: &Control) -> io::Result<Ending> {
        let mut output = self.output;
        loop {
            let wake_at = match control.tick() {
                Tick::Ended(ending) => return Ok(ending),
                Tick::WakeAt(at) => at,
            };
            let mut watched = vec![(self.wake.as_fd(), Interest::Read)];
            watched.extend(self.signals.map(|signals| (signals.as_fd(), Interest::Read)));
            watched.extend(output.map(|output| (output, Interest::Gone)));
            let timeout = wake_at.map(|at| at.saturating_duration_since(Instant::now()));
            let ready = wait_any(&watched, timeout)?;
            self.wake.clear();
            if let Some(signal) = self.signals.and_then(Signals::caught) {
                control.note(Fact::Signal(signal));
            }
            if output.is_some() && ready.last().is_some_and(|output| output.is_gone()) {
                output = None;
                control.note(Fact::OutputClosed);
            }
        }
    }
}
