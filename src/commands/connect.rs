//! `connect`: the client's pipe.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::client::{Approach, announce};
use super::coding::{Coding, Terms};
use super::exec::{Attached, Attachment, see_out, variables_of_server, verdict};
use super::pipe::{Ends, output_pipe};
use super::progress::Meter;
use super::reconnect::{self, Reconnect};
use super::record::{recorded, tapped};
use super::stats::AtEnd;
use super::{ClientConfig, Endpoint, Pipe, RECEIVE_BUFFER, endpoint, exec};
use crate::bridge::{EchoSink, Ending, Keeper, Session, Signals, Tunnel};
use crate::net::Socket;
use crate::opening::{Limits, OpenError, Opened};
use crate::outcome::Failure;
use crate::protocol::{Level, Role};
use crate::recorder::Recorder;
use crate::records::DEFAULT_MAX_HELD;

/// What `connect` was asked for.
#[derive(Debug, Clone)]
pub struct ConnectConfig {
    /// The way to the server.
    pub client: ClientConfig,
    /// What follows a session that breaks, if anything does.
    pub reconnect: Option<Reconnect>,
    /// What is at this end.
    pub endpoint: Endpoint,
    /// How hard to compress, where that is agreed on.
    pub level: Level,
    /// Standard input and output, and the end.
    pub pipe: Pipe,
    /// The file to record the session in.
    pub record: Option<PathBuf>,
}

/// The way to a session, and what is spoken there.
#[derive(Debug)]
pub(super) struct Way {
    approach: Approach,
    level: Level,
    /// The longest message that is accepted, in bytes.
    max_message: Option<u64>,
}

impl Way {
    /// A connection, by as many attempts as it takes.
    fn open(&self) -> Result<Opened, OpenError> {
        let opened = self.approach.open()?;
        announce(&opened);
        Ok(opened)
    }

    /// A connection, by one attempt.
    pub(super) fn open_once(&self) -> Result<Opened, OpenError> {
        self.approach.open_once()
    }

    /// What is read and written with over a connection that was opened.
    pub(super) fn coding(&self, opened: &Opened) -> Result<Coding, Failure> {
        let terms = Terms {
            buffer: RECEIVE_BUFFER,
            grows: false,
            max_message: self.max_message,
            compression: opened.compression,
            level: self.level,
        };
        Coding::client(terms, &opened.early).map_err(Failure::io("cannot make masking keys"))
    }
}

/// Connects, and runs the pipe until the session ends.
///
/// # Errors
/// Whatever keeps the run from being done with a clean close; see [`Failure`].
pub fn connect(mut config: ConnectConfig) -> Result<(), Failure> {
    let record = config.record.take();
    recorded(record.as_deref(), |recorder| connect_recorded(config, recorder))
}

fn connect_recorded(config: ConnectConfig, recorder: Option<&Arc<Recorder>>) -> Result<(), Failure> {
    let start = Instant::now();
    let _stats = AtEnd(config.pipe.stats.clone());
    let _meter = Meter::start(&config.pipe, config.endpoint.is_stdio());
    let ConnectConfig { client, reconnect, endpoint, level, pipe, record: _ } = config;
    endpoint.check().map_err(|error| Failure::Usage(format!("--exec: {error}")))?;
    let approach = client.start(pipe.deadline(start))?;
    // First: without it there is nothing to say to the server.
    let stream = match &endpoint {
        Endpoint::Forward(place) => {
            let limits = Limits::new(start, approach.patience.attempt, approach.patience.run);
            Some(endpoint::reach(place, limits.deadline()).map_err(OpenError::Unreachable)?)
        }
        Endpoint::Stdio | Endpoint::Echo | Endpoint::Broadcast | Endpoint::Exec(_) => None,
    };
    let max_message = pipe.decoder_limit().or_else(|| reconnect.map(|_| DEFAULT_MAX_HELD));
    let way = Way { approach, level, max_message };
    let opened = way.open()?;
    if let Some(reconnect) = reconnect {
        return reconnect::run(opened, way, &pipe, reconnect, recorder, start);
    }
    let url = opened.target.url();
    let coding = way.coding(&opened)?;
    let opened = tapped(opened, recorder, None);
    let (ending, command) = run(opened, coding, &url, &endpoint, stream, &pipe, start)?;
    log::info!("{ending}");
    if endpoint.is_stdio() {
        pipe.tell_left_over(&ending);
    }
    verdict(&ending, command)
}

/// Runs the session; gives how it ended, and how its command did if there was one.
fn run(
    opened: Opened,
    coding: Coding,
    url: &str,
    endpoint: &Endpoint,
    stream: Option<Socket>,
    pipe: &Pipe,
    start: Instant,
) -> Result<(Ending, Result<(), Failure>), Failure> {
    let signals = Signals::catch().map_err(Failure::io("cannot catch signals"))?;
    let stdout = io::stdout();
    let watched = if endpoint.is_stdio() { output_pipe(&stdout) } else { None };
    let keeper = Keeper::new(Some(&signals), watched).map_err(Failure::io("cannot keep the time"))?;
    let keeper = keeper.watched(pipe.watch.clone());
    let opening = opened.opening();
    let Opened { connection, subprotocol, .. } = opened;
    let Coding { decoder, encoder, worth } = coding;
    let rules = endpoint.rules(pipe, Role::Client, start);
    let session = Session { connection, decoder, encoder, awaited: pipe.awaited(pipe.countdown()), rules };
    let mut command = Ok(());
    let ending = match (endpoint, stream) {
        (_, Some(stream)) => {
            let Tunnel { source, sink, bell } = Tunnel::new(stream).map_err(Failure::io("cannot use the stream"))?;
            session.run(source, sink, bell, &keeper)
        }
        (Endpoint::Broadcast, None) => return Err(Failure::Usage("a client has nobody to broadcast to".into())),
        (Endpoint::Echo, None) => {
            let (source, sink, bell) = EchoSink::ends();
            session.run(source, sink, bell, &keeper)
        }
        (Endpoint::Stdio | Endpoint::Forward(_), None) => {
            let Ends { source, mut sink, bell } =
                pipe.ends().map_err(Failure::io("cannot use standard input and output"))?;
            sink.open(&opening);
            session.run(source, sink, bell, &keeper)
        }
        (Endpoint::Exec(program), None) => {
            let attachment = Attachment::single(variables_of_server(url, subprotocol.as_deref()))
                .map_err(Failure::io("cannot start the command"))?;
            let attached = program.attach(pipe, &attachment).map_err(Failure::io("cannot start the command"))?;
            let Attached { source, mut sink, bell, command: started } = attached;
            sink.open(&opening);
            let session = exec::session(session, &started);
            let ending = session.run(source, sink, bell, &keeper);
            command = see_out(started, &attachment.gone, &signals);
            ending
        }
    }
    .map_err(Failure::io("cannot run the session"))?;
    pipe.add_up(&ending.traffic, &worth);
    worth.tell("");
    Ok((ending, command))
}
