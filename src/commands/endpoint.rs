//! What is at this end of sessions.

use std::time::Instant;

use super::forward::tunnel_rules;
use super::{Exec, Pipe};
use crate::bridge::{Rules, Tunnel};
use crate::net::{self, DialError, Lookup, ProgramError, Socket};
use crate::opening::NoPlace;
use crate::protocol::Role;

/// What messages come from and go to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Endpoint {
    /// Standard input and output.
    #[default]
    Stdio,
    /// The peer itself: every message goes back.
    Echo,
    /// All other clients of the listener.
    Broadcast,
    /// A byte stream to this place, one for each session.
    Forward(net::Endpoint),
    /// A command for each session.
    Exec(Exec),
}

impl Endpoint {
    /// Whether standard input and output are used.
    #[must_use]
    pub fn is_stdio(&self) -> bool {
        *self == Endpoint::Stdio
    }

    /// Checks what can be checked before there is a session.
    ///
    /// # Errors
    /// The command can't be started.
    pub(super) fn check(&self) -> Result<(), ProgramError> {
        match self {
            Endpoint::Stdio | Endpoint::Echo | Endpoint::Broadcast | Endpoint::Forward(_) => Ok(()),
            Endpoint::Exec(exec) => exec.program.check(),
        }
    }

    /// The rules for the end of a session in this role, in a run that began at `start`.
    pub(super) fn rules(&self, pipe: &Pipe, role: Role, start: Instant) -> Rules {
        match self {
            Endpoint::Stdio | Endpoint::Echo | Endpoint::Broadcast | Endpoint::Exec(_) => pipe.rules(role, start),
            Endpoint::Forward(_) => {
                Rules { deadline: pipe.deadline(start), ..tunnel_rules(role, pipe.idle_timeout, pipe.heartbeat) }
            }
        }
    }
}

impl Endpoint {
    /// What a client of a server has to have before it is let in: with `--forward` the stream.
    pub(super) fn prepare(&self, deadline: Instant) -> Result<Option<Tunnel>, NoPlace> {
        let Endpoint::Forward(place) = self else { return Ok(None) };
        match reach(place, Some(deadline)) {
            Ok(stream) => Tunnel::new(stream).map(Some).map_err(NoPlace::shortage),
            Err(error) if error.is_shortage() => Err(NoPlace::shortage(error)),
            Err(error) => Err(NoPlace {
                status: 502,
                why: "This listener cannot reach the place that it forwards to.".into(),
                detail: Some(error.to_string()),
                retry_after: None,
            }),
        }
    }
}

/// Connects to the place that a session is to be forwarded to, by `deadline`.
///
/// # Errors
/// It can't be reached, or not in time.
pub(super) fn reach(place: &net::Endpoint, deadline: Option<Instant>) -> Result<Socket, DialError> {
    let dialed = net::dial(place, &Lookup::default(), deadline)?;
    dialed.socket.keep_alive();
    Ok(dialed.socket)
}
