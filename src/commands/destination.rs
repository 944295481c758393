//! Where a client goes: to a URL, or to an echo server of its own.

use std::str::FromStr;
use std::thread;
use std::time::{Duration, Instant};

use super::coding::{Coding, Terms};
use crate::bridge::{EchoSink, Keeper, OnEof, Rules, Session};
use crate::handshake::{DeflateTerms, OriginPattern, Scheme, ServerOptions, Target, TargetError};
use crate::net::{Connection, ListenAddr, Listener};
use crate::opening::{self, Route};
use crate::outcome::Failure;
use crate::protocol::{Close, Level, Role};

/// How long the echo server waits for its client, which lives in the same process.
const ECHO_PATIENCE: Duration = Duration::from_secs(60);

/// What the user gave as the URL.
#[derive(Debug, Clone)]
pub enum Destination {
    /// `echo:`
    Echo,
    /// Everything else.
    Url(Box<Target>),
}

impl FromStr for Destination {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        if text.eq_ignore_ascii_case("echo:") {
            Ok(Destination::Echo)
        } else {
            Ok(Destination::Url(Box::new(text.parse()?)))
        }
    }
}

impl Destination {
    /// Whether TLS is needed.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        matches!(self, Destination::Url(target) if target.scheme == Scheme::Wss)
    }

    /// Where to connect to, and by which way; for `echo:`, the server is started now, and the way is the shortest.
    pub(super) fn start(self, route: Route) -> Result<(Target, Route), Failure> {
        match self {
            Destination::Url(target) => Ok((*target, route)),
            Destination::Echo => Ok((start_echo_server()?, Route::default())),
        }
    }
}

/// An echo server for one client, in this process, on a real loopback port.
fn start_echo_server() -> Result<Target, Failure> {
    let listener = Listener::bind(&ListenAddr::Tcp { host: "127.0.0.1".into(), port: 0 })?;
    let target = listener.url().parse().map_err(|error: TargetError| Failure::Usage(error.to_string()))?;
    thread::Builder::new()
        .name("echo".into())
        .spawn(move || {
            if let Err(failure) = echo(&listener) {
                log::warn!("echo server: {failure}");
            }
        })
        .map_err(Failure::io("cannot start the echo server"))?;
    Ok(target)
}

fn echo(listener: &Listener) -> Result<(), Failure> {
    let (socket, _) = listener.accept().map_err(Failure::io("cannot accept"))?;
    let mut connection = Connection::plain(socket);
    let deadline = Instant::now() + ECHO_PATIENCE;
    let options = ServerOptions {
        compress: Some(DeflateTerms::default()),
        // Nobody else knows of it, and whoever tries --origin here wants to see it work.
        origins: vec![OriginPattern::ANY],
        ..ServerOptions::default()
    };
    let Ok(accepted) = opening::accept(&mut connection, &options, deadline) else {
        return Ok(());
    };
    let terms = Terms {
        buffer: super::RECEIVE_BUFFER,
        grows: false,
        max_message: None,
        compression: accepted.compression,
        level: Level::default(),
    };
    let Coding { decoder, encoder, .. } = Coding::server(terms, &accepted.early);
    let rules = Rules {
        role: Role::Server,
        on_eof: OnEof::Keep,
        close: Close::new(1000, ""),
        close_timeout: ECHO_PATIENCE,
        idle_timeout: None,
        heartbeat: None,
        grace: Duration::ZERO,
        deadline: None,
        half_close: false,
        awaiting: false,
    };
    let session = Session { connection, decoder, encoder, awaited: None, rules };
    let (source, sink, bell) = EchoSink::ends();
    let keeper = Keeper::new(None, None).map_err(Failure::io("cannot start the echo server"))?;
    session.run(source, sink, bell, &keeper).map_err(Failure::io("echo server"))?;
    Ok(())
}
