//! `listen --once`: the first client that completes its handshake is served as `connect` would be.

use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::{Entrance, ListenConfig, Pause};
use crate::bridge::{EchoSink, Ending, Keeper, Rules, Session, Signals, Tunnel};
use crate::commands::coding::Coding;
use crate::commands::exec::{Attached, Attachment, see_out, verdict};
use crate::commands::pipe::{Ends, Pipe, output_pipe};
use crate::commands::record::record_client;
use crate::commands::{Endpoint, RECEIVE_BUFFER, exec};
use crate::handshake::ServerOptions;
use crate::net::{Connection, Interest, Socket, TlsAcceptor, Wake, wait_any};
use crate::opening::{self, Accepted, NoPlace};
use crate::outcome::Failure;
use crate::protocol::Role;

/// What whoever comes too late is told.
const TAKEN: &str = "another client is being served";

/// A client whose handshake is complete.
struct First {
    connection: Connection,
    peer: String,
    accepted: Accepted,
    /// What it is connected with, if that is a stream.
    stream: Option<Tunnel>,
}

/// Serves one client; the listener is closed as soon as it has come.
pub(super) fn serve(
    entrance: Entrance,
    config: &ListenConfig,
    signals: &Signals,
    start: Instant,
) -> Result<(), Failure> {
    let first = first_client(&entrance, config, signals, start)?;
    let Entrance { url, listener, recorder, .. } = entrance;
    drop(listener);
    let peer = first.peer.clone();
    log::info!("client at {peer}: {}", first.accepted.summary());
    let connection = record_client(recorder.as_ref(), first.connection, &first.accepted, &url, &peer, None);
    let first = First { connection, ..first };
    let (ending, command) = run(first, &url, config, signals, start).map_err(Failure::io("cannot run the session"))?;
    log::info!("client at {peer}: {ending}");
    if config.endpoint.is_stdio() {
        config.pipe.tell_left_over(&ending);
    }
    verdict(&ending, command)
}

/// Waits for the first client. Handshakes run side by side: one that stalls, or is none, holds up nobody.
fn first_client(
    Entrance { listener, acceptor, .. }: &Entrance,
    config: &ListenConfig,
    signals: &Signals,
    start: Instant,
) -> Result<First, Failure> {
    let wake = Arc::new(Wake::new().map_err(Failure::io("cannot wake threads"))?);
    let (sender, receiver) = mpsc::channel();
    let door = Door {
        endpoint: config.endpoint.clone(),
        server: config.server.clone(),
        acceptor: acceptor.clone(),
        patience: config.handshake_timeout,
        taken: Arc::default(),
        sender,
        wake: Arc::clone(&wake),
    };
    let deadline = config.pipe.deadline(start);
    let mut pause = Pause::default();
    loop {
        let now = Instant::now();
        let mut watched = vec![(wake.as_fd(), Interest::Read), (signals.as_fd(), Interest::Read)];
        if pause.is_over(now) {
            watched.push((listener.as_fd(), Interest::Read));
        }
        let wake_at = [deadline, pause.until()].into_iter().flatten().min();
        let timeout = wake_at.map(|at| at.saturating_duration_since(now));
        let ready = wait_any(&watched, timeout).map_err(Failure::io("cannot wait for clients"))?;
        if let Some(signal) = signals.caught() {
            return Err(Failure::Signal(signal));
        }
        wake.clear();
        if let Ok(first) = receiver.try_recv() {
            return Ok(first);
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(Failure::TimedOut);
        }
        if ready.get(2).is_some_and(|client| client.is_readable()) {
            let client = listener.try_accept();
            let begun =
                client.and_then(|client| client.map_or(Ok(()), |(socket, peer)| door.shake_hands(socket, peer)));
            if let Err(error) = begun {
                pause.begin(&error);
            }
        }
    }
}

/// Where handshakes are carried out, and where the first that is complete is left.
struct Door {
    endpoint: Endpoint,
    server: ServerOptions,
    acceptor: Option<TlsAcceptor>,
    patience: Duration,
    /// Somebody is being served, or about to be.
    taken: Arc<AtomicBool>,
    sender: mpsc::Sender<First>,
    wake: Arc<Wake>,
}

impl Door {
    /// Carries out a handshake on a thread of its own. Whoever comes too late is told so before it is complete.
    fn shake_hands(&self, socket: Socket, peer: String) -> io::Result<()> {
        let (endpoint, options, acceptor) = (self.endpoint.clone(), self.server.clone(), self.acceptor.clone());
        let deadline = Instant::now() + self.patience;
        socket.keep_alive();
        let (taken, sender, wake) = (Arc::clone(&self.taken), self.sender.clone(), Arc::clone(&self.wake));
        let handshake = move || {
            let mut claimed = false;
            let admit = |_: &Accepted| {
                claimed = !taken.swap(true, SeqCst);
                if claimed {
                    endpoint.prepare(deadline)
                } else {
                    Err(NoPlace { status: 503, why: TAKEN.to_owned(), detail: None, retry_after: None })
                }
            };
            let mut connection = match opening::welcome(socket, acceptor.as_ref(), deadline) {
                Ok(connection) => connection,
                Err(rejected) => return rejected.tell(&peer),
            };
            match opening::accept_if(&mut connection, &options, deadline, admit) {
                Ok((accepted, stream)) => {
                    let peer = accepted.address(&peer).to_owned();
                    // Nobody waits for it if the run is over.
                    let _ = sender.send(First { connection, peer, accepted, stream });
                    wake.wake();
                }
                Err(rejected) => {
                    rejected.tell(&peer);
                    if claimed {
                        taken.store(false, SeqCst);
                    }
                    opening::see_off(&mut connection);
                }
            }
        };
        thread::Builder::new().name("handshake".into()).spawn(handshake)?;
        Ok(())
    }
}

/// Runs the session; gives how it ended, and how its command did if there was one.
fn run(
    first: First,
    url: &str,
    config: &ListenConfig,
    signals: &Signals,
    start: Instant,
) -> io::Result<(Ending, Result<(), Failure>)> {
    let First { connection, peer, accepted, stream } = first;
    let stdout = io::stdout();
    let keeper = Keeper::new(Some(signals), if config.endpoint.is_stdio() { output_pipe(&stdout) } else { None })?;
    let keeper = keeper.watched(config.pipe.watch.clone());
    let pipe: &Pipe = &config.pipe;
    let Coding { decoder, encoder, worth } = config.coding(&accepted, RECEIVE_BUFFER, false);
    let rules = Rules { grace: config.grace, ..config.endpoint.rules(pipe, Role::Server, start) };
    let session = Session { connection, decoder, encoder, awaited: pipe.awaited(pipe.countdown()), rules };
    let mut command = Ok(());
    let ending = match (&config.endpoint, stream) {
        (_, Some(Tunnel { source, sink, bell })) => session.run(source, sink, bell, &keeper)?,
        (Endpoint::Echo, None) => {
            let (source, sink, bell) = EchoSink::ends();
            session.run(source, sink, bell, &keeper)?
        }
        // With nobody else there, all that is left of a room is that nothing is read or written here.
        (Endpoint::Stdio | Endpoint::Broadcast | Endpoint::Forward(_), None) => {
            let Ends { source, mut sink, bell } = pipe.ends()?;
            sink.open(&accepted.opening(url, &peer));
            session.run(source, sink, bell, &keeper)?
        }
        (Endpoint::Exec(program), None) => {
            let subprotocol = accepted.subprotocol.as_deref();
            let attachment = Attachment::single(program.variables_of_client(1, &peer, &accepted.request, subprotocol))?;
            let Attached { source, mut sink, bell, command: started } = program.attach(pipe, &attachment)?;
            sink.open(&accepted.opening(url, &peer));
            let session = exec::session(session, &started);
            let ending = session.run(source, sink, bell, &keeper);
            command = see_out(started, &attachment.gone, signals);
            ending?
        }
    };
    pipe.add_up(&ending.traffic, &worth);
    worth.tell("");
    Ok((ending, command))
}
