//! What every client needs to come to a session.

use std::time::{Duration, Instant};

use super::Destination;
use crate::handshake::{RequestOptions, Target};
use crate::opening::{self, OpenError, Opened, Patience, Route};
use crate::outcome::Failure;

/// Where a client goes, by which way, and for how long it tries.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// Where to.
    pub destination: Destination,
    /// What the request says.
    pub handshake: RequestOptions,
    /// How to get there.
    pub route: Route,
    /// The bound of an attempt to open a connection, every step of it.
    pub connect_timeout: Duration,
    /// How long to try again until the server is up.
    pub retry: Option<Duration>,
}

/// The same, ready to be used.
#[derive(Debug)]
pub(super) struct Approach {
    pub(super) target: Target,
    pub(super) handshake: RequestOptions,
    pub(super) route: Route,
    pub(super) patience: Patience,
}

impl ClientConfig {
    /// Makes it ready, for a run that is over at `run`; for `echo:`, the server is started now.
    pub(super) fn start(self, run: Option<Instant>) -> Result<Approach, Failure> {
        let ClientConfig { destination, handshake, route, connect_timeout, retry } = self;
        let (target, route) = destination.start(route)?;
        Ok(Approach { target, handshake, route, patience: Patience { attempt: connect_timeout, retry, run } })
    }
}

impl Approach {
    /// A connection, by as many attempts as it takes and may take.
    pub(super) fn open(&self) -> Result<Opened, OpenError> {
        self.patience.open(&self.target, &self.handshake, &self.route)
    }

    /// A connection, by one attempt.
    pub(super) fn open_once(&self) -> Result<Opened, OpenError> {
        opening::open(&self.target, &self.handshake, &self.route, &self.patience.limits())
    }
}

/// Tells of the one connection of a run, with `-v`.
pub(super) fn announce(opened: &Opened) {
    log::info!("connected to {} at {}", opened.target, opened.place);
    if let Some(agreement) = opened.compression {
        log::info!("compression: {agreement}");
    }
}
