//! One session from its open connection to its ending: the threads, and the clock.

use std::fmt;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Instant;

use super::control::{Bell, Tick};
use super::{Awaited, Control, Ending, Fact, Rules, Signals, Sink, Source, Watch, receive, send};
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
    /// What it has to say first, and what ends it when it has come, if there is any of that.
    pub awaited: Option<Arc<Awaited>>,
    /// What was asked for at its end.
    pub rules: Rules,
}

/// The stack of a session's thread, in bytes: what is large lies elsewhere.
const STACK: usize = 256 << 10;

impl Session {
    /// Starts the sending side on a thread of its own. `bell` wakes the source when it waits, `keeper` whoever keeps the
    /// time. The receiving side is left to the caller.
    ///
    /// # Errors
    /// The system has no threads left.
    pub fn start(
        self,
        source: impl Source + 'static,
        bell: Arc<dyn Bell>,
        keeper: Arc<dyn Bell>,
    ) -> io::Result<Receiving> {
        Ok(self.start_on(SendingThread::spawn()?, source, bell, keeper))
    }

    /// As [`start`](Self::start), on a thread that waits already.
    pub fn start_on(
        self,
        thread: SendingThread,
        source: impl Source + 'static,
        bell: Arc<dyn Bell>,
        keeper: Arc<dyn Bell>,
    ) -> Receiving {
        let Session { connection, decoder, encoder, awaited, rules } = self;
        let Connection { reader, writer, line } = connection;
        let control = Arc::new(Control::new(rules, line, awaited, bell, keeper));
        let shared = Arc::clone(&control);
        thread.run(Box::new(move || send(source, encoder, writer, &shared)));
        Receiving { reader, decoder, control }
    }

    /// Runs the session on two more threads while this one keeps the time.
    ///
    /// # Errors
    /// The system has no threads or descriptors left.
    pub fn run(
        self,
        source: impl Source + 'static,
        sink: impl Sink + 'static,
        bell: Arc<dyn Bell>,
        keeper: &Keeper<'_>,
    ) -> io::Result<Ending> {
        self.start(source, bell, keeper.bell())?.finish(sink, keeper)
    }
}

/// A thread for a sending side: had in advance, so that a client can still be refused if the system has none left.
#[derive(Debug)]
pub struct SendingThread(mpsc::SyncSender<Side>);

type Side = Box<dyn FnOnce() + Send>;

impl SendingThread {
    /// A thread that waits; it ends if no session starts on it.
    ///
    /// # Errors
    /// The system has no threads left.
    pub fn spawn() -> io::Result<Self> {
        let (sender, receiver) = mpsc::sync_channel::<Side>(1);
        spawn("send", move || {
            let side = receiver.recv();
            // The sending side may run for days.
            drop(receiver);
            if let Ok(side) = side {
                side();
            }
        })?;
        Ok(SendingThread(sender))
    }

    fn run(self, side: Side) {
        // It waits for nothing else, so it takes it.
        let _ = self.0.send(side);
    }
}

/// A session whose sending side runs.
pub struct Receiving {
    reader: Box<dyn Read + Send>,
    decoder: Decoder,
    control: Arc<Control>,
}

impl fmt::Debug for Receiving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiving").field("control", &self.control).finish_non_exhaustive()
    }
}

impl Receiving {
    /// The session's shared state, for whoever keeps its time.
    #[must_use]
    pub fn control(&self) -> &Arc<Control> {
        &self.control
    }

    /// Runs the receiving side on a thread of its own, while this one keeps the time to the session's end.
    ///
    /// # Errors
    /// The system has no threads left.
    pub fn finish(self, mut sink: impl Sink + 'static, keeper: &Keeper<'_>) -> io::Result<Ending> {
        let control = Arc::clone(&self.control);
        spawn("receive", move || self.run(&mut sink))?;
        // When it is over, a thread may still hang in a write to an output that nobody takes; none is waited for.
        let watch = keeper.watch.as_deref();
        watch.inspect(|watch| watch.begin(&control));
        let ending = keeper.keep(&control);
        watch.inspect(|watch| watch.end());
        ending
    }

    /// Runs the receiving side on this thread, to its end.
    pub fn run(self, sink: &mut impl Sink) {
        receive(self.reader, self.decoder, sink, &self.control);
    }
}

fn spawn(name: &str, side: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.into()).stack_size(STACK).spawn(side)?;
    Ok(())
}

/// What has come of waiting where there is no session.
#[derive(Debug, PartialEq, Eq)]
pub enum Waited<T> {
    /// What was waited for.
    Done(T),
    /// Its time has come.
    TimeUp,
    /// A signal arrived.
    Signal(i32),
    /// Whoever read the output has stopped.
    OutputClosed,
}

/// Keeps the time of a session, and watches for what may end it from outside.
#[derive(Debug)]
pub struct Keeper<'a> {
    wake: Arc<Wake>,
    signals: Option<&'a Signals>,
    /// The pipe that the output goes to: its reader may go before there is anything to write.
    output: Option<BorrowedFd<'a>>,
    /// Who else wants to know what passes.
    watch: Option<Arc<Watch>>,
}

impl<'a> Keeper<'a> {
    /// A keeper that watches for signals and, where the output is a pipe, for its reader's end.
    ///
    /// # Errors
    /// The system has no descriptors left.
    pub fn new(signals: Option<&'a Signals>, output: Option<BorrowedFd<'a>>) -> io::Result<Self> {
        Ok(Keeper { wake: Arc::new(Wake::new()?), signals, output, watch: None })
    }

    /// The same, whose sessions can be watched.
    #[must_use]
    pub fn watched(self, watch: Option<Arc<Watch>>) -> Self {
        Keeper { watch, ..self }
    }

    /// What wakes it.
    #[must_use]
    pub fn bell(&self) -> Arc<dyn Bell> {
        Arc::clone(&self.wake) as Arc<dyn Bell>
    }

    fn keep(&self, control: &Control) -> io::Result<Ending> {
        let mut output = self.output;
        loop {
            let wake_at = match control.tick() {
                Tick::Ended(ending) => return Ok(ending),
                Tick::WakeAt(at) => at,
            };
            let (signal, is_output_gone) = self.watch(output, wake_at)?;
            if let Some(signal) = signal {
                control.note(Fact::Signal(signal));
            }
            if is_output_gone {
                output = None;
                control.note(Fact::OutputClosed);
            }
        }
    }

    /// Waits where there is no session: until `done` gives something, which is asked whenever the keeper is woken, or until
    /// then.
    ///
    /// # Errors
    /// The system can't wait.
    pub fn wait_for<T>(&self, until: Option<Instant>, mut done: impl FnMut() -> Option<T>) -> io::Result<Waited<T>> {
        loop {
            if let Some(done) = done() {
                return Ok(Waited::Done(done));
            }
            if until.is_some_and(|until| Instant::now() >= until) {
                return Ok(Waited::TimeUp);
            }
            match self.watch(self.output, until)? {
                (Some(signal), _) => return Ok(Waited::Signal(signal)),
                (None, true) => return Ok(Waited::OutputClosed),
                (None, false) => {}
            }
        }
    }

    /// Waits until the keeper is woken, or until then; gives the signal that has arrived, and whether the output's reader has
    /// gone.
    fn watch(&self, output: Option<BorrowedFd<'_>>, until: Option<Instant>) -> io::Result<(Option<i32>, bool)> {
        let mut watched = vec![(self.wake.as_fd(), Interest::Read)];
        watched.extend(self.signals.map(|signals| (signals.as_fd(), Interest::Read)));
        watched.extend(output.map(|output| (output, Interest::Gone)));
        let timeout = until.map(|until| until.saturating_duration_since(Instant::now()));
        let ready = wait_any(&watched, timeout)?;
        self.wake.clear();
        let is_output_gone = output.is_some() && ready.last().is_some_and(|output| output.is_gone());
        Ok((self.signals.and_then(Signals::caught), is_output_gone))
    }
}
