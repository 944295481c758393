//! What the threads of all clients share, and how a client is let in.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use super::commands::Commands;
use crate::bridge::{Countdown, EchoSink, Outbox, QueueSource, SendingThread, Tunnel};
use crate::commands::Endpoint;
use crate::commands::exec::{Attached, Attachment, Exec};
use crate::commands::listen::begun::Begun;
use crate::commands::listen::crowd::{Arrival, Crowd, Full};
use crate::commands::listen::distribute::distribute;
use crate::commands::listen::events::Events;
use crate::commands::listen::shared::SharedOutput;
use crate::commands::listen::{ListenConfig, Shortage};
use crate::commands::pipe::standard_output;
use crate::net::{Socket, Stdio, TlsAcceptor, Wake, is_shortage};
use crate::opening::{self, Accepted, NoPlace, Rejected};
use crate::recorder::Recorder;
use crate::records::{DEFAULT_MAX_HELD, Format};

/// What all clients' threads share.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) config: ListenConfig,
    pub(super) url: String,
    pub(super) acceptor: Option<TlsAcceptor>,
    pub(super) recorder: Option<Arc<Recorder>>,
    pub(super) start: Instant,
    pub(super) crowd: Arc<Crowd>,
    /// Standard output, unless messages go back to where they come from.
    pub(super) output: Option<Arc<SharedOutput>>,
    /// What is told of clients there, with `--out json`.
    pub(super) events: Option<Arc<Events>>,
    /// With messages that go back, those that are awaited from all clients together; the output counts for itself.
    pub(super) countdown: Option<Arc<Countdown>>,
    /// What is held of messages, where they are held.
    pub(super) begun: Arc<Begun>,
    pub(super) commands: Commands,
    pub(super) shortage: Arc<Shortage>,
    pub(super) wake: Arc<Wake>,
}

/// A place among the clients.
pub(super) struct Place<'a> {
    pub(super) arrival: Arrival<'a>,
    /// For what is sent.
    pub(super) thread: SendingThread,
    pub(super) ends: Ends,
}

/// What a client is connected with.
pub(super) enum Ends {
    /// A queue, and the way back to it if that is where messages go.
    Queue(QueueSource, Option<Box<EchoSink>>, Arc<Outbox>),
    Stream(Box<Tunnel>),
    Command(Box<Attached>),
}

impl Service {
    /// What the clients of a listener with this URL share.
    ///
    /// # Errors
    /// The system has no descriptors or threads left.
    pub(super) fn start(
        config: ListenConfig,
        url: String,
        acceptor: Option<TlsAcceptor>,
        recorder: Option<Arc<Recorder>>,
        start: Instant,
    ) -> io::Result<Self> {
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
                start_distributing(input, &config, Arc::clone(&crowd), events.clone())?;
            }
        }
        let countdown = config.pipe.countdown();
        let begun = Arc::new(Begun::new(config.pipe.max_message.unwrap_or(DEFAULT_MAX_HELD)));
        let (commands, shortage) = Default::default();
        Ok(Service {
            config,
            url,
            acceptor,
            recorder,
            start,
            crowd,
            output,
            events,
            countdown,
            begun,
            commands,
            shortage,
            wake,
        })
    }

    /// A client's thread, from the handshake to the end of what it sends.
    pub(super) fn client(&self, socket: Socket, peer: &str) {
        if let Some(events) = &self.events {
            events.connection(peer);
        }
        let deadline = Instant::now() + self.config.handshake_timeout;
        let mut connection = match opening::welcome(socket, self.acceptor.as_ref(), deadline) {
            Ok(connection) => connection,
            Err(rejected) => return self.tell(&rejected, peer),
        };
        // Before it is told that it is in: from then on it may wait for a Close.
        let admit = |accepted: &Accepted| self.place(accepted, peer, deadline);
        match opening::accept_if(&mut connection, &self.config.server, deadline, admit) {
            Ok((accepted, place)) => {
                let peer = accepted.address(peer).to_owned();
                self.session(connection, &peer, accepted, place);
            }
            Err(rejected) => {
                self.tell(&rejected, peer);
                opening::see_off(&mut connection);
            }
        }
    }

    fn tell(&self, rejected: &Rejected, peer: &str) {
        rejected.tell(peer);
        if let Some(events) = &self.events {
            events.rejected(rejected, peer);
        }
    }

    /// A place for one more client, if there is one, with all that its session needs of the system.
    fn place(&self, accepted: &Accepted, peer: &str, deadline: Instant) -> Result<Place<'_>, NoPlace> {
        let (source, echo, outbox) = self.queue();
        let arrival = self.crowd.announce(Arc::clone(&outbox), &self.commands.clients());
        let arrival = arrival.map_err(|Full(most)| NoPlace {
            status: 503,
            why: format!("All places are taken ({most}). Try again in {} seconds.", NoPlace::RETRY_AFTER),
            detail: None,
            retry_after: Some(NoPlace::RETRY_AFTER),
        })?;
        let thread = SendingThread::spawn().map_err(|error| self.no_room(error))?;
        // Last: who finds no place must not cost others anything.
        let ends = match &self.config.endpoint {
            Endpoint::Exec(program) => {
                Ends::Command(Box::new(self.attach(program, arrival.number, accepted.address(peer), accepted)?))
            }
            endpoint => match endpoint.prepare(deadline).inspect_err(|no_place| self.tell_shortage(no_place))? {
                Some(tunnel) => Ends::Stream(Box::new(tunnel)),
                None => Ends::Queue(source, echo, outbox),
            },
        };
        Ok(Place { arrival, thread, ends })
    }

    /// Starts a client's command. That it can't be executed is told to the client by the session.
    fn attach(&self, program: &Exec, client: u64, peer: &str, accepted: &Accepted) -> Result<Attached, NoPlace> {
        let variables = program.variables_of_client(client, peer, &accepted.request, accepted.subprotocol.as_deref());
        let attachment = Attachment { client: Some(client), variables, gone: Arc::clone(&self.wake) };
        log::info!("client {client} at {peer}: {}", accepted.summary());
        let mut attached = program.attach(&self.config.pipe, &attachment).map_err(|error| self.no_room(error))?;
        match &mut attached.command {
            Ok(held) => self.commands.add(client, &held.0),
            Err(error) if is_shortage(error) => return Err(self.no_room(error)),
            Err(error) => log::warn!("client {client} at {peer}: cannot start the command: {error}"),
        }
        Ok(attached)
    }

    fn no_room(&self, error: impl std::fmt::Display) -> NoPlace {
        let no_place = NoPlace::shortage(error);
        self.tell_shortage(&no_place);
        no_place
    }

    fn tell_shortage(&self, no_place: &NoPlace) {
        if let (503, Some(detail)) = (no_place.status, &no_place.detail) {
            self.shortage.tell(detail);
        }
    }

    /// Where a client's messages come from, and go to if they go back.
    fn queue(&self) -> (QueueSource, Option<Box<EchoSink>>, Arc<Outbox>) {
        if self.config.endpoint == Endpoint::Echo {
            let (source, sink, outbox) = EchoSink::ends();
            return (source, Some(Box::new(sink)), outbox);
        }
        let outbox = Outbox::new(self.config.queue);
        (QueueSource::new(Arc::clone(&outbox)), None, outbox)
    }
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
