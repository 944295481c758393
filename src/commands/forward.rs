//! `forward`: plain connections in, one WebSocket each out.

use std::collections::HashMap;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::client::Approach;
use super::coding::{Coding, Terms};
use super::listen::Pause;
use super::record::{recorded, tapped};
use super::{ClientConfig, RECEIVE_BUFFER};
use crate::bridge::{Control, Ending, Fact, Heartbeat, Keeper, OnEof, Rules, Session, Signals, Tunnel};
use crate::net::{Interest, ListenOn, Listener, Socket, Wake, raise_descriptor_limit, wait_any};
use crate::opening::Opened;
use crate::outcome::{Failure, judge};
use crate::protocol::{Close, Level, Role};
use crate::recorder::Recorder;

/// What `forward` was asked for.
#[derive(Debug, Clone)]
pub struct ForwardConfig {
    /// The way to the other end.
    pub client: ClientConfig,
    /// How long nothing at all may come from the other end.
    pub idle_timeout: Option<Duration>,
    /// Whether the other end is asked if it is there.
    pub heartbeat: Option<Heartbeat>,
    /// How hard to compress, where that is agreed on.
    pub level: Level,
    /// The file to record sessions in.
    pub record: Option<PathBuf>,
}

impl ForwardConfig {
    fn rules(&self) -> Rules {
        tunnel_rules(Role::Client, self.idle_timeout, self.heartbeat)
    }
}

/// The rules of a session that carries a byte stream: each direction ends by itself.
pub(super) fn tunnel_rules(role: Role, idle_timeout: Option<Duration>, heartbeat: Option<Heartbeat>) -> Rules {
    Rules {
        role,
        on_eof: OnEof::Keep,
        close: Close::new(1000, ""),
        close_timeout: CLOSE_TIMEOUT,
        grace: CLOSE_TIMEOUT,
        idle_timeout,
        heartbeat,
        deadline: None,
        half_close: true,
        awaiting: false,
    }
}

/// How long the other end may take to answer a Close that ends both directions.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Listens, and forwards connections until a signal comes.
///
/// # Errors
/// The address can't be listened on, or a signal has ended the run; see [`Failure`].
pub fn forward(on: ListenOn, mut config: ForwardConfig) -> Result<(), Failure> {
    let record = config.record.take();
    recorded(record.as_deref(), |recorder| forward_recorded(on, config, recorder))
}

fn forward_recorded(on: ListenOn, config: ForwardConfig, recorder: Option<&Arc<Recorder>>) -> Result<(), Failure> {
    let signals = Signals::catch().map_err(Failure::io("cannot catch signals"))?;
    raise_descriptor_limit();
    let listener = Listener::open(on)?;
    let approach = config.client.clone().start(None)?;
    if log::max_level() != log::LevelFilter::Off {
        // Nobody may be there to read it, and that ends nothing.
        let _ = writeln!(io::stderr(), "listening on {}, forwarding to {}", listener.address(), approach.target);
    }
    let wake = Arc::new(Wake::new().map_err(Failure::io("cannot wake threads"))?);
    let recorder = recorder.cloned();
    let forwarder = Forwarder { config, approach, recorder, tunnels: Mutex::default(), wake };
    accept(&listener, &signals, &Arc::new(forwarder))
}

/// Takes connections until a signal comes, and then waits until all have been told.
fn accept(listener: &Listener, signals: &Signals, forwarder: &Arc<Forwarder>) -> Result<(), Failure> {
    let (mut number, mut pause, mut end) = (0, Pause::default(), None);
    loop {
        let now = Instant::now();
        if let Some(signal) = signals.caught() {
            forwarder.end(signal);
            // Who is still on the way there can't be told, but what leads there may be left behind by us; a second signal
            // waits for nothing.
            let until = if end.is_none() { now + CLOSE_TIMEOUT } else { now };
            end = Some((signal, until));
        }
        if let Some((signal, until)) = end
            && forwarder.is_done(now >= until)
        {
            return Err(Failure::Signal(signal));
        }
        let mut watched = vec![(forwarder.wake.as_fd(), Interest::Read), (signals.as_fd(), Interest::Read)];
        if pause.is_over(now) && end.is_none() {
            watched.push((listener.as_fd(), Interest::Read));
        }
        let wake_at = [pause.until(), end.map(|(_, until)| until).filter(|until| *until > now)];
        let timeout = wake_at.into_iter().flatten().min().map(|at| at.saturating_duration_since(now));
        let ready = wait_any(&watched, timeout).map_err(Failure::io("cannot wait for connections"))?;
        forwarder.wake.clear();
        if !ready.get(2).is_some_and(|client| client.is_readable()) {
            continue;
        }
        let begun = listener.try_accept().and_then(|client| {
            let Some((socket, peer)) = client else { return Ok(()) };
            number += 1;
            forwarder.begin(number, socket, peer)
        });
        if let Err(error) = begun {
            pause.begin(&error);
        }
    }
}

/// What the threads of all connections share.
#[derive(Debug)]
struct Forwarder {
    config: ForwardConfig,
    approach: Approach,
    recorder: Option<Arc<Recorder>>,
    tunnels: Mutex<Tunnels>,
    /// Rung when a session has ended.
    wake: Arc<Wake>,
}

#[derive(Debug, Default)]
struct Tunnels {
    /// By the numbers of their connections; none is the session of one that is still on its way there.
    sessions: HashMap<u64, Option<Arc<Control>>>,
    /// The signal that ends the run.
    signal: Option<i32>,
}

impl Forwarder {
    /// Begins to forward a connection, on a thread of its own.
    fn begin(self: &Arc<Self>, number: u64, socket: Socket, peer: String) -> io::Result<()> {
        let forwarder = Arc::clone(self);
        let run = move || {
            let name = format!("connection {number} from {peer}");
            if let Err(failure) = forwarder.forward(number, socket, &name) {
                log::warn!("{name}: {failure}");
            }
            forwarder.leave(number);
        };
        self.lock().sessions.insert(number, None);
        let spawned = thread::Builder::new().name("tunnel".into()).spawn(run);
        spawned.map(drop).inspect_err(|_| self.leave(number))
    }

    fn forward(&self, number: u64, socket: Socket, name: &str) -> Result<(), Failure> {
        socket.resets_at_end(true);
        socket.keep_alive();
        let opened = self.approach.open()?;
        let opened = tapped(opened, self.recorder.as_ref(), Some(number));
        log::info!("{name}: open, {} at {}", opened.target.url(), opened.place);
        let ending = self.run(number, socket, opened).map_err(Failure::io("cannot run the session"))?;
        log::info!("{name}: {ending}");
        match judge(&ending) {
            Err(Failure::Signal(_)) => Ok(()),
            result => result,
        }
    }

    fn run(&self, number: u64, socket: Socket, opened: Opened) -> io::Result<Ending> {
        let Opened { connection, early, compression, attendant, .. } = opened;
        let terms =
            Terms { buffer: RECEIVE_BUFFER, grows: false, max_message: None, compression, level: self.config.level };
        let Coding { decoder, encoder, worth } = Coding::client(terms, &early)?;
        let Tunnel { source, sink, bell } = Tunnel::new(socket)?;
        let session = Session { connection, decoder, encoder, awaited: None, rules: self.config.rules() };
        let keeper = Keeper::new(None, None)?;
        let receiving = session.start(source, bell, keeper.bell())?;
        self.enter(number, receiving.control());
        let ending = receiving.finish(sink, &keeper);
        // The run may end with the last of them, and a command is to end before that.
        drop(attendant);
        worth.tell("");
        ending
    }

    fn enter(&self, number: u64, control: &Arc<Control>) {
        let mut tunnels = self.lock();
        if let Some(signal) = tunnels.signal {
            control.note(Fact::Signal(signal));
        }
        tunnels.sessions.insert(number, Some(Arc::clone(control)));
    }

    fn leave(&self, number: u64) {
        self.lock().sessions.remove(&number);
        self.wake.wake();
    }

    /// Tells every session that the run ends.
    fn end(&self, signal: i32) {
        let mut tunnels = self.lock();
        tunnels.signal = Some(signal);
        tunnels.sessions.values().flatten().for_each(|control| control.note(Fact::Signal(signal)));
    }

    /// Whether no session is left; and nobody who is on the way to one, unless they are not waited for any more.
    fn is_done(&self, is_late: bool) -> bool {
        self.lock().sessions.values().all(|session| session.is_none() && is_late)
    }

    fn lock(&self) -> MutexGuard<'_, Tunnels> {
        // Nothing in here panics half-way.
        self.tunnels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
