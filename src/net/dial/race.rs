//! Connection attempts that race each other: RFC 8305 section 5, in one thread.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::Attempt;
use crate::net::poll::{Interest, wait_any};
use crate::net::socket;

/// RFC 8305 section 5, Connection Attempt Delay: the recommended value.
pub(super) const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Attempts to connect to several addresses; the first to succeed wins, and the others are closed.
///
/// The next address is tried as soon as an attempt has failed, and `delay` after the last start at the latest.
#[derive(Debug)]
pub(super) struct Race {
    waiting: std::vec::IntoIter<SocketAddr>,
    contenders: Vec<Contender>,
    next_start: Instant,
    delay: Duration,
    deadline: Option<Instant>,
}

#[derive(Debug)]
struct Contender {
    address: SocketAddr,
    begun: Instant,
    state: State,
}

#[derive(Debug)]
enum State {
    Connecting(TcpStream),
    Ended(Outcome, Duration),
}

/// How one attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Connected,
    /// Another attempt had succeeded before.
    Abandoned,
    Refused,
    TimedOut,
    /// The deadline came before its turn.
    NotTried,
    Unreachable,
    /// There is no such path, or the connection was reset as soon as it stood.
    NotReady(String),
    /// This process has no descriptor for it, or the system none for anybody.
    NoDescriptor(String),
    Other(String),
}

impl Race {
    pub(super) fn new(addresses: Vec<SocketAddr>, delay: Duration, deadline: Option<Instant>) -> Self {
        Self { waiting: addresses.into_iter(), contenders: Vec::new(), next_start: Instant::now(), delay, deadline }
    }

    /// Runs the race. The winner is in blocking mode; `None` when every attempt failed or the deadline came.
    pub(super) fn run(&mut self) -> Option<(TcpStream, SocketAddr)> {
        loop {
            let now = Instant::now();
            if self.deadline.is_some_and(|deadline| deadline <= now) {
                self.expire();
                return None;
            }
            let ready = if self.next_start <= now
                && let Some(address) = self.waiting.next()
            {
                self.start(address, now)
            } else if self.is_connecting() {
                self.wait(now)
            } else if self.waiting.len() > 0 {
                self.next_start = now;
                continue;
            } else {
                return None;
            };
            if let Some(winner) = ready.into_iter().find_map(|at| self.settle(at)) {
                self.end_all(&Outcome::Abandoned);
                return Some(winner);
            }
        }
    }

    /// What became of each attempt, in the order of their start.
    pub(super) fn into_attempts(self) -> Vec<(Attempt, Outcome)> {
        let attempt = |contender: Contender| match contender.state {
            State::Connecting(_) => None,
            State::Ended(outcome, duration) => Some((
                Attempt { address: contender.address.to_string(), outcome: outcome.to_string(), duration },
                outcome,
            )),
        };
        self.contenders.into_iter().filter_map(attempt).collect()
    }

    fn is_connecting(&self) -> bool {
        self.contenders.iter().any(|it| matches!(it.state, State::Connecting(_)))
    }

    /// Starts an attempt; its place where its outcome can already be asked for.
    fn start(&mut self, address: SocketAddr, now: Instant) -> Vec<usize> {
        self.next_start = now + self.delay;
        let (state, is_settled) = match begin_connect(address) {
            Ok((stream, is_settled)) => (State::Connecting(stream), is_settled),
            Err(error) => {
                self.next_start = now;
                (State::Ended(Outcome::of_failure(&error), now.elapsed()), false)
            }
        };
        self.contenders.push(Contender { address, begun: now, state });
        if is_settled { vec![self.contenders.len() - 1] } else { Vec::new() }
    }

    /// Waits until attempts have an outcome, the next one is due or the deadline has come; the places of the former.
    fn wait(&mut self, now: Instant) -> Vec<usize> {
        let next_start = (self.waiting.len() > 0).then_some(self.next_start);
        let until = next_start.into_iter().chain(self.deadline).min();
        let timeout = until.map(|until| until.saturating_duration_since(now));
        let (places, fds): (Vec<_>, Vec<_>) = self
            .contenders
            .iter()
            .enumerate()
            .filter_map(|(at, contender)| match &contender.state {
                State::Connecting(stream) => Some((at, (stream.as_fd(), Interest::Write))),
                State::Ended(..) => None,
            })
            .unzip();
        match wait_any(&fds, timeout) {
            Ok(ready) => places.into_iter().zip(ready).filter_map(|(at, ready)| ready.is_any().then_some(at)).collect(),
            Err(error) => {
                self.end_all(&Outcome::of_failure(&error));
                Vec::new()
            }
        }
    }

    /// Takes the outcome of an attempt that has one: the winner, or none, and then the next address is due.
    fn settle(&mut self, at: usize) -> Option<(TcpStream, SocketAddr)> {
        let contender = &mut self.contenders[at];
        let lasted = contender.begun.elapsed();
        let pending = State::Ended(Outcome::Connected, lasted);
        let State::Connecting(stream) = std::mem::replace(&mut contender.state, pending) else {
            return None;
        };
        match finish_connect(&stream) {
            Ok(()) => Some((stream, contender.address)),
            Err(error) => {
                contender.state = State::Ended(Outcome::of_failure(&error), lasted);
                self.next_start = Instant::now();
                None
            }
        }
    }

    fn expire(&mut self) {
        self.end_all(&Outcome::TimedOut);
        let now = Instant::now();
        for address in self.waiting.by_ref() {
            self.contenders.push(Contender {
                address,
                begun: now,
                state: State::Ended(Outcome::NotTried, Duration::ZERO),
            });
        }
    }

    fn end_all(&mut self, outcome: &Outcome) {
        for contender in &mut self.contenders {
            if matches!(contender.state, State::Connecting(_)) {
                contender.state = State::Ended(outcome.clone(), contender.begun.elapsed());
            }
        }
    }
}

impl Outcome {
    pub(super) fn of_failure(error: &io::Error) -> Self {
        match error.kind() {
            ErrorKind::ConnectionRefused => Self::Refused,
            ErrorKind::TimedOut => Self::TimedOut,
            ErrorKind::NotFound | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => {
                Self::NotReady(error.to_string())
            },
            ErrorKind::NetworkUnreachable
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkDown
            // No address of this family on this machine, or no such family at all.
            | ErrorKind::AddrNotAvailable => Self::Unreachable,
            _ => match Errno::from_io_error(error) {
                Some(Errno::AFNOSUPPORT) => Self::Unreachable,
                Some(Errno::MFILE | Errno::NFILE) => Self::NoDescriptor(error.to_string()),
                _ => Self::Other(error.to_string()),
            },
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connected => "connected",
            Self::Abandoned => "given up, another was faster",
            Self::Refused => "refused",
            Self::TimedOut => "no answer in time",
            Self::NotTried => "not tried in time",
            Self::Unreachable => "unreachable",
            Self::NotReady(words) | Self::NoDescriptor(words) | Self::Other(words) => words,
        })
    }
}

/// Starts to connect without waiting; whether the outcome is already there to be asked for.
fn begin_connect(address: SocketAddr) -> io::Result<(TcpStream, bool)> {
    let stream = TcpStream::from(socket::open(socket::family_of(address))?);
    stream.set_nonblocking(true)?;
    match rustix::net::connect(&stream, &address) {
        Ok(()) => Ok((stream, true)),
        // An interrupted connect goes on behind the scenes, as one in progress does.
        Err(Errno::INPROGRESS | Errno::INTR) => Ok((stream, false)),
        Err(error) => Err(error.into()),
    }
}

/// Asks for the outcome of a connect that poll(2) reported: the failure is in `SO_ERROR`.
fn finish_connect(stream: &TcpStream) -> io::Result<()> {
    if let Some(error) = stream.take_error()? {
        return Err(error);
    }
    // A port of the ephemeral range where nobody listens, tried on loopback often enough, is at some time given to
    // the attempt itself as its own port; TCP then connects the socket to itself (RFC 9293 section 3.5).
    if stream.local_addr()? == stream.peer_addr()? {
        return Err(ErrorKind::ConnectionRefused.into());
    }
    stream.set_nonblocking(false)
}

#[cfg(test)]
mod tests;
