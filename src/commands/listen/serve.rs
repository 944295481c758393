//! `listen` for many clients: two threads each, and this one, which accepts them and keeps everybody's time.

mod exec;

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Instant;

use super::crowd::{Arrival, Client, Crowd, Full, Input};
use super::distribute::distribute;
use super::events::Events;
use super::room::RoomSink;
use super::shared::{ClientSink, SharedOutput};
use super::{Entrance, ListenConfig, Pause, Shortage};
use crate::bridge::{
    Bell, Cause, Countdown, EchoSink, Ending, Fact, OnEof, Outbox, Peer, QueueSource, Rules, SendingThread, Session,
    Signals, Traffic, Tunnel, Unsent,
};
use crate::commands::coding::Coding;
use crate::commands::pipe::{output_pipe, standard_output};
use crate::commands::record::record_client;
use crate::commands::{Endpoint, RECEIVE_BUFFER};
use crate::net::{Connection, Interest, Listener, Socket, Stdio, TlsAcceptor, Wake, wait_any};
use crate::opening::{self, Accepted, NoPlace};
use crate::outcome::{Failure, judge};
use crate::protocol::Role;
use crate::recorder::Recorder;
use crate::records::Format;
use exec::Commands;

/// What one read of a client's socket can bring, in bytes, at most.
const CLIENT_BUFFER: usize = 64 << 10;
/// The stack of a client's thread, in bytes: what is large lies elsewhere.
const CLIENT_STACK: usize = 256 << 10;
/// How many clients are accepted before the others are looked after again.
const ACCEPTED_AT_ONCE: usize = 64;
/// When a client that is turned away may try again, in seconds.
const RETRY_AFTER: u32 = 5;

/// Serves everybody who comes, until the input ends or a signal arrives.
pub(super) fn serve(
    Entrance { listener, url, acceptor, recorder }: Entrance,
    config: ListenConfig,
    signals: &Signals,
    start: Instant,
) -> Result<(), Failure> {
    let stdout = io::stdout();
    let output = if config.endpoint.is_stdio() { output_pipe(&stdout) } else { None };
    let (service, wake) = Service::start(config, url, acceptor, start).map_err(Failure::io("cannot start"))?;
    let service = Service { recorder, ..service };
    let paused = Pause { shortage: Arc::clone(&service.shortage), ..Pause::default() };
    let service = Arc::new(service);
    let host =
        Host { service, wake, signals, output, listener: Some(listener), paused, over: None, lost: Lost::default() };
    host.run()
}

/// What all clients' threads share.
#[derive(Debug)]
struct Service {
    config: ListenConfig,
    url: String,
    acceptor: Option<TlsAcceptor>,
    recorder: Option<Arc<Recorder>>,
    start: Instant,
    crowd: Arc<Crowd>,
    /// Standard output, unless messages go back to where they come from.
    output: Option<Arc<SharedOutput>>,
    /// What is told of clients there, with `--out json`.
    events: Option<Arc<Events>>,
    /// With messages that go back, those that are awaited from all clients together; the output counts for itself.
    countdown: Option<Arc<Countdown>>,
    commands: Commands,
    shortage: Arc<Shortage>,
    wake: Arc<Wake>,
}

/// The thread that accepts clients and keeps the time.
struct Host<'a> {
    service: Arc<Service>,
    wake: Arc<Wake>,
    signals: &'a Signals,
    output: Option<BorrowedFd<'a>>,
    /// None once nobody more is let in.
    listener: Option<Listener>,
    paused: Pause,
    /// The run is ending, and this is how; it is over when everybody has left.
    over: Option<Result<(), Failure>>,
    lost: Lost,
}

/// What clients who are gone did not get, and nobody has been told of.
#[derive(Debug, Default)]
struct Lost {
    clients: u64,
    unsent: Unsent,
}

impl Lost {
    fn add(&mut self, unsent: Option<Unsent>) {
        if unsent.is_none_or(|unsent| !unsent.is_nothing()) {
            self.clients += 1;
            let Unsent { bytes, queued, .. } = unsent.unwrap_or_default();
            self.unsent.bytes += bytes;
            self.unsent.queued += queued;
        }
    }

    fn tell(&self) {
        let Lost { clients, unsent } = self;
        if *clients > 0 {
            let s = if *clients == 1 { "" } else { "s" };
            log::warn!("{clients} client{s} did not get all that was queued: {} not sent", unsent.amount());
        }
    }
}

impl Host<'_> {
    fn run(mut self) -> Result<(), Failure> {
        loop {
            let wake_at = self.tick();
            if self.service.crowd.is_empty()
                && self.service.commands.are_gone()
                && let Some(over) = self.over.take()
            {
                self.lost.tell();
                if let Some(events) = &self.service.events {
                    events.settle();
                }
                return over;
            }
            self.wait(wake_at).map_err(Failure::io("cannot wait for clients"))?;
        }
    }

    /// Sees to all that may have ended sessions or the run.
    fn tick(&mut self) -> Option<Instant> {
        let service = Arc::clone(&self.service);
        let pipe = &service.config.pipe;
        if let Some(signal) = self.signals.caught() {
            if self.over.is_some() {
                service.commands.hurry();
            }
            self.end(Some(&Fact::Signal(signal)), Err(Failure::Signal(signal)));
        }
        if self.over.is_none() && service.output.as_ref().is_some_and(|output| output.is_satisfied()) {
            self.end(Some(&Fact::Satisfied), Ok(()));
        }
        match service.crowd.input() {
            Input::Ended if pipe.on_eof != OnEof::Keep && pipe.count.is_none() => self.end(None, Ok(())),
            Input::Open | Input::Ended => {}
            Input::EndedWith(fact) => self.end(None, input_verdict(&fact)),
        }
        let deadline = pipe.deadline(service.start).filter(|_| self.over.is_none());
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            self.end(None, Err(Failure::TimedOut));
        }
        let (left, wake_at) = service.crowd.tick();
        for (client, mut ending) in left {
            // It is awaited from all clients together.
            ending.unmet = None;
            self.farewell(&client, &ending);
        }
        [wake_at, deadline, self.paused.until()].into_iter().flatten().min()
    }

    /// Begins the end of the run: nobody more is let in, and the sessions learn why.
    fn end(&mut self, fact: Option<&Fact>, how: Result<(), Failure>) {
        self.listener = None;
        match &mut self.over {
            None => self.over = Some(how),
            Some(over) if over.is_ok() => *over = how,
            Some(_) => {}
        }
        if let Some(fact) = fact {
            self.service.crowd.end(fact);
        }
    }

    /// A session is over; some endings are the whole run's.
    fn farewell(&mut self, client: &Client, ending: &Ending) {
        self.service.config.pipe.add_up(&ending.traffic, &client.worth);
        client.worth.tell(&format!("client {} at {}: ", client.number, client.peer));
        log::info!("client {} at {}: {ending}", client.number, client.peer);
        if let (Some(told_by), Some(events)) = (&client.told_by, &self.service.events) {
            events.will_tell();
            if told_by.send(ending.clone()).is_err() {
                events.told();
            }
        }
        let verdict = judge(ending);
        // (What a verdict says that is told at once holds this, too.)
        let is_told = !matches!(ending.cause, Cause::Signal(_) | Cause::TimedOut | Cause::TooSlow(_));
        if !is_told || verdict.is_ok() {
            self.lost.add(ending.unsent);
        }
        let is_shared = self.service.output.is_some();
        match &ending.cause {
            Cause::OutputClosed if is_shared => self.end(Some(&Fact::OutputClosed), verdict),
            Cause::OutputFailed(why) if is_shared => self.end(Some(&Fact::OutputFailed(why.clone())), verdict),
            Cause::Satisfied if self.over.is_none() => self.end(Some(&Fact::Satisfied), verdict),
            // These are the run's, and it knows them already; what a command or a stream gives is not. Who was too slow was
            // named when it was let go.
            Cause::Signal(_) | Cause::TimedOut | Cause::TooSlow(_) => {}
            Cause::InputFailed(_) | Cause::BadRecord(_) if is_shared => {}
            _ => {
                if let Err(failure) = verdict {
                    log::warn!("client {} at {}: {failure}", client.number, client.peer);
                }
            }
        }
    }

    fn wait(&mut self, wake_at: Option<Instant>) -> io::Result<()> {
        let now = Instant::now();
        let is_over = self.paused.is_over(now);
        let listener = self.listener.as_ref().filter(|_| is_over);
        let mut watched = vec![(self.wake.as_fd(), Interest::Read), (self.signals.as_fd(), Interest::Read)];
        watched.extend(listener.map(|listener| (listener.as_fd(), Interest::Read)));
        watched.extend(self.output.map(|output| (output, Interest::Gone)));
        let timeout = wake_at.map(|at| at.saturating_duration_since(now));
        let ready = wait_any(&watched, timeout)?;
        let output_is_gone = self.output.is_some() && ready.last().is_some_and(|output| output.is_gone());
        let somebody_comes = listener.is_some() && ready[2].is_readable();
        self.wake.clear();
        if somebody_comes {
            self.accept();
        }
        if output_is_gone {
            self.output = None;
            self.end(Some(&Fact::OutputClosed), Ok(()));
        }
        Ok(())
    }

    /// Takes those who have come.
    fn accept(&mut self) {
        for _ in 0..ACCEPTED_AT_ONCE {
            let result = match self.listener.as_ref().map(Listener::try_accept) {
                Some(Ok(Some((socket, peer)))) => self.admit(socket, peer),
                Some(Ok(None)) | None => return,
                Some(Err(error)) => Err(error),
            };
            if let Err(error) = result {
                return self.paused.begin(&error);
            }
        }
    }

    /// Starts a client's thread; where the system has none left, the client is told to come again.
    fn admit(&mut self, socket: Socket, peer: String) -> io::Result<()> {
        socket.keep_alive();
        let service = Arc::clone(&self.service);
        let thread = thread::Builder::new().name("client".into()).stack_size(CLIENT_STACK);
        let (sender, receiver) = mpsc::sync_channel(1);
        let spawned = thread.spawn(move || {
            // (The receiver lives no longer than this.)
            if let Ok(socket) = { receiver }.recv() {
                service.client(socket, &peer);
            }
        });
        match spawned {
            Ok(_) => drop(sender.send(socket)),
            Err(error) if self.service.acceptor.is_none() => {
                opening::turn_away(socket, &no_room());
                return Err(error);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

impl Service {
    fn start(
        config: ListenConfig,
        url: String,
        acceptor: Option<TlsAcceptor>,
        start: Instant,
    ) -> io::Result<(Self, Arc<Wake>)> {
        let wake = Arc::new(Wake::new()?);
        let crowd = Arc::new(Crowd::new(Arc::clone(&wake), config.max_clients, config.lossless)?);
        let (mut output, mut events) = (None, None);
        if config.endpoint.is_stdio() {
            let shared = Arc::new(SharedOutput::new(standard_output()?, config.pipe.count, Arc::clone(&wake)));
            if config.pipe.output == Format::Json.into() {
                events = Some(Events::start(Arc::clone(&shared))?);
            }
            output = Some(shared);
            if let Some(input) = config.pipe.input()? {
                Self::start_distributing(input, &config, Arc::clone(&crowd), events.clone())?;
            }
        }
        let countdown = config.pipe.countdown();
        let (commands, shortage) = Default::default();
        let shared = Arc::clone(&wake);
        let service = Service {
            config,
            url,
            acceptor,
            recorder: None,
            start,
            crowd,
            output,
            events,
            countdown,
            commands,
            shortage,
            wake,
        };
        Ok((service, shared))
    }

    fn start_distributing(
        input: Stdio,
        config: &ListenConfig,
        crowd: Arc<Crowd>,
        events: Option<Arc<Events>>,
    ) -> io::Result<()> {
        let splitter = config.pipe.splitter();
        let run = move || distribute(input, splitter, &crowd, events.as_deref());
        thread::Builder::new().name("input".into()).spawn(run)?;
        Ok(())
    }

    /// A client's thread, from the handshake to the end of what it sends.
    fn client(&self, socket: Socket, peer: &str) {
        if let Some(events) = &self.events {
            events.connection(peer);
        }
        let deadline = Instant::now() + self.config.handshake_timeout;
        // Before it is told that it is in: from then on it may wait for a Close.
        let opened = opening::welcome(socket, self.acceptor.as_ref(), deadline).and_then(|mut connection| {
            let admit = || self.place(deadline);
            opening::accept_if(&mut connection, &self.config.server, deadline, admit).map(|let_in| (connection, let_in))
        });
        match opened {
            Ok((connection, (accepted, place))) => {
                let peer = accepted.address(peer).to_owned();
                if let Err(error) = self.session(connection, &peer, accepted, place) {
                    log::warn!("{peer}: cannot serve: {error}");
                }
            }
            Err(rejected) => {
                rejected.tell(peer);
                if let Some(events) = &self.events {
                    events.rejected(&rejected, peer);
                }
            }
        }
    }

    /// A place for one more client, if there is one.
    fn place(&self, deadline: Instant) -> Result<Place<'_>, NoPlace> {
        let ends = self.ends();
        let arrival =
            self.crowd.announce(Arc::clone(&ends.2), &self.commands.clients()).map_err(|Full(most)| NoPlace {
                status: 503,
                why: format!("All places are taken ({most}). Try again in {RETRY_AFTER} seconds."),
                detail: None,
                retry_after: Some(RETRY_AFTER),
            })?;
        let thread = SendingThread::spawn().map_err(|error| {
            self.shortage.tell(&error);
            no_room()
        })?;
        // Last: who finds no place must not cost others anything.
        let stream = self.config.endpoint.prepare(deadline)?;
        Ok(Place { arrival, thread, stream, ends })
    }

    fn session(&self, connection: Connection, peer: &str, accepted: Accepted, place: Place<'_>) -> io::Result<()> {
        let Place { arrival, thread, stream, ends: (source, echo, outbox) } = place;
        let number = arrival.number;
        log::info!("client {number} at {peer}: {}", accepted.summary());
        let pipe = &self.config.pipe;
        let (recorder, client) = (self.recorder.as_ref(), Some(number));
        let connection = record_client(recorder, connection, &accepted, &self.url, peer, client);
        if let Some(stream) = stream {
            return self.tunnel(connection, peer, &accepted, stream, (arrival, thread));
        }
        if let Endpoint::Exec(exec) = &self.config.endpoint {
            return self.command_session(exec, connection, peer, &accepted, (arrival, thread));
        }
        let Coding { decoder, encoder, worth } = self.config.coding(&accepted, CLIENT_BUFFER, true);
        let opening = accepted.opening(&self.url, peer);
        // A session may last for days.
        drop(accepted);
        let session = Session {
            connection,
            decoder,
            encoder,
            awaited: pipe.awaited(self.countdown.clone().filter(|_| !self.config.endpoint.is_stdio())),
            rules: Rules { grace: self.config.grace, ..pipe.rules(Role::Server, self.start) },
        };
        let bell = arrival.bell();
        let receiving = session.start_on(thread, source, outbox, Arc::clone(&bell) as Arc<dyn Bell>);
        let control = Arc::clone(receiving.control());
        let (told_by, ending) = mpsc::channel();
        let told_by = self.events.is_some().then_some(told_by);
        let own_control = Arc::clone(&control);
        arrival.join(Client { number, peer: peer.to_owned(), control, worth, bell, told_by, command: None });
        match (&self.output, echo) {
            (Some(output), _) => {
                let mut sink = ClientSink::new(pipe.joiner(Some(number)), pipe.output, Arc::clone(output), own_control);
                sink.open(&opening);
                drop(opening);
                receiving.run(&mut sink);
                // (Where nothing is told, nobody sends it.)
                if let (Ok(ending), Some(events)) = (ending.recv(), &self.events) {
                    sink.close(&ending);
                    events.told();
                }
            }
            (None, Some(mut echo)) => receiving.run(&mut echo),
            (None, None) => receiving.run(&mut RoomSink::new(number, Arc::clone(&self.crowd))),
        }
        Ok(())
    }

    /// A session that carries a byte stream.
    fn tunnel(
        &self,
        connection: Connection,
        peer: &str,
        accepted: &Accepted,
        stream: Socket,
        (arrival, thread): (Arrival<'_>, SendingThread),
    ) -> io::Result<()> {
        let Coding { decoder, encoder, worth } = self.config.coding(accepted, RECEIVE_BUFFER, false);
        let rules = self.config.endpoint.rules(&self.config.pipe, Role::Server, self.start);
        let rules = Rules { grace: self.config.grace, ..rules };
        let Tunnel { source, mut sink, bell } = Tunnel::new(stream)?;
        let session = Session { connection, decoder, encoder, awaited: None, rules };
        let (number, client_bell) = (arrival.number, arrival.bell());
        let receiving = session.start_on(thread, source, bell, Arc::clone(&client_bell) as Arc<dyn Bell>);
        let control = Arc::clone(receiving.control());
        arrival.join(Client {
            number,
            peer: peer.to_owned(),
            control,
            worth,
            bell: client_bell,
            told_by: None,
            command: None,
        });
        receiving.run(&mut sink);
        Ok(())
    }

    /// Where a client's messages come from, and go to if they go back.
    fn ends(&self) -> (QueueSource, Option<EchoSink>, Arc<Outbox>) {
        if self.config.endpoint == Endpoint::Echo {
            let (source, sink, outbox) = EchoSink::ends();
            return (source, Some(sink), outbox);
        }
        let outbox = Outbox::new(self.config.queue);
        (QueueSource::new(Arc::clone(&outbox)), None, outbox)
    }
}

/// A place among the clients, and a thread for what is sent.
struct Place<'a> {
    arrival: Arrival<'a>,
    thread: SendingThread,
    /// What it is connected with, if that is a stream.
    stream: Option<Socket>,
    ends: (QueueSource, Option<EchoSink>, Arc<Outbox>),
}

/// What a client hears for whom the system has no thread left.
fn no_room() -> NoPlace {
    let why = format!("This server has no room for another client now. Try again in {RETRY_AFTER} seconds.");
    NoPlace { status: 503, why, detail: None, retry_after: Some(RETRY_AFTER) }
}

/// How a run ends whose input ended in a way that ends the sessions.
fn input_verdict(fact: &Fact) -> Result<(), Failure> {
    let cause = match fact {
        Fact::InputFailed(why) => Cause::InputFailed(why.clone()),
        Fact::BadRecord(error, _) => Cause::BadRecord(error.clone()),
        _ => return Ok(()),
    };
    let (peer, traffic) = (Peer::There, Traffic::default());
    let (our_close, cut_off, unsent, unmet) = (None, None, None, None);
    judge(&Ending { cause, our_close, peer, cut_off, unsent, unmet, traffic, is_tunnel: false })
}
