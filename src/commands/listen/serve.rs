//! `listen` for many clients: two threads each, and this one, which accepts them and keeps everybody's time.

mod commands;
mod service;
mod session;

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Instant;

use super::crowd::{Client, Input};
use super::{Entrance, ListenConfig, Pause};
use crate::bridge::{Cause, Ending, Fact, OnEof, Peer, Signals, Traffic, Unsent};
use crate::commands::pipe::output_pipe;
use crate::net::{Interest, Listener, Socket, Wake, wait_any};
use crate::opening::{self, NoPlace};
use crate::outcome::{Failure, judge};
use service::Service;

/// The stack of a client's thread, in bytes: what is large lies elsewhere.
const CLIENT_STACK: usize = 256 << 10;
/// How many clients are accepted before the others are looked after again.
const ACCEPTED_AT_ONCE: usize = 64;

/// Serves everybody who comes, until the input ends or a signal arrives.
pub(super) fn serve(
    Entrance { listener, url, acceptor, recorder }: Entrance,
    config: ListenConfig,
    signals: &Signals,
    start: Instant,
) -> Result<(), Failure> {
    let stdout = io::stdout();
    let output = if config.endpoint.is_stdio() { output_pipe(&stdout) } else { None };
    let service = Service::start(config, url, acceptor, recorder, start).map_err(Failure::io("cannot start"))?;
    let wake = Arc::clone(&service.wake);
    let paused = Pause { shortage: Arc::clone(&service.shortage), ..Pause::default() };
    let service = Arc::new(service);
    let host =
        Host { service, wake, signals, output, listener: Some(listener), paused, over: None, lost: Lost::default() };
    host.run()
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
                opening::turn_away(socket, &NoPlace::shortage(&error));
                return Err(error);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
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
