//! `connect`: the client's pipe.

use std::io;
use std::time::{Duration, Instant};

use super::pipe::{Ends, output_pipe};
use super::{Destination, Pipe, RECEIVE_BUFFER};
use crate::bridge::{EchoSink, Ending, Keeper, Session, Signals};
use crate::handshake::RequestOptions;
use crate::opening::{self, Limits, Opened, masking_keys};
use crate::outcome::{Failure, judge};
use crate::protocol::{Decoder, Encoder, Role};

/// What `connect` was asked for.
#[derive(Debug, Clone)]
pub struct ConnectConfig {
    /// Where to.
    pub destination: Destination,
    /// What the request says.
    pub handshake: RequestOptions,
    /// The bound of the way to an open connection.
    pub connect_timeout: Duration,
    /// Send messages back, instead of standard input and output.
    pub echo: bool,
    /// Standard input and output, and the end.
    pub pipe: Pipe,
}

/// Connects, and runs the pipe until the session ends.
///
/// # Errors
/// Whatever keeps the run from being done with a clean close; see [`Failure`].
pub fn connect(config: ConnectConfig) -> Result<(), Failure> {
    let start = Instant::now();
    let ConnectConfig { destination, handshake, connect_timeout, echo, pipe } = config;
    let target = destination.target()?;
    let limits = Limits::new(start, connect_timeout, pipe.deadline(start));
    let opened = opening::open(&target, &handshake, &limits)?;
    log::info!("connected to {} at {}", target.url(), opened.address);
    let ending = run(opened, &target.url(), echo, &pipe, start)?;
    log::info!("{ending}");
    if !echo {
        pipe.tell_unread(&ending);
    }
    judge(&ending, pipe.count)
}

fn run(opened: Opened, url: &str, echo: bool, pipe: &Pipe, start: Instant) -> Result<Ending, Failure> {
    let signals = Signals::catch().map_err(Failure::io("cannot catch signals"))?;
    let stdout = io::stdout();
    let watched = if echo { None } else { output_pipe(&stdout) };
    let keeper = Keeper::new(Some(&signals), watched).map_err(Failure::io("cannot keep the time"))?;
    let encoder = || masking_keys().map(Encoder::client).map_err(Failure::io("cannot make masking keys"));
    let Opened { connection, early, address, subprotocol } = opened;
    let session = Session {
        connection,
        decoder: Decoder::resuming(Role::Client, RECEIVE_BUFFER, pipe.decoder_limit(), &early),
        encoder: encoder()?,
        count: pipe.countdown(),
        rules: pipe.rules(start),
    };
    if echo {
        let (source, sink, bell) = EchoSink::ends(encoder()?, &pipe.greetings);
        session.run(source, sink, bell, &keeper)
    } else {
        let Ends { source, mut sink, bell } =
            pipe.ends().map_err(Failure::io("cannot use standard input and output"))?;
        sink.open(url, &address, subprotocol.as_deref());
        session.run(source, sink, bell, &keeper)
    }
    .map_err(Failure::io("cannot run the session"))
}
