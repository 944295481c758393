//! Connecting: from the name of a host, an address or a path to an open [`Socket`].

mod error;
mod lookup;
mod order;
mod race;

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::AddressFamily;

use super::socket::{self, Socket};
use super::unix;
use race::{Outcome, Race};

pub use error::{DialError, Step};
pub(crate) use lookup::unbracketed;
pub use lookup::{Family, KnownHost, KnownHostError, Lookup};

/// Where to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A host, as people name it, and a TCP port.
    Host {
        /// A name for the resolver, or an IP address (IPv6 with or without brackets), which does without.
        name: String,
        /// The TCP port.
        port: u16,
    },
    /// An address that is known already.
    Ip(SocketAddr),
    /// A unix domain socket: the path of its file, or `@NAME` for an abstract name.
    Unix(PathBuf),
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host { name, port } => write!(f, "{name} port {port}"),
            Self::Ip(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// An open connection and how it came about.
#[derive(Debug)]
pub struct Dialed {
    /// The connection, in blocking mode.
    pub socket: Socket,
    /// The address that it leads to: `127.0.0.1:80`, `[::1]:80` or `unix:PATH`.
    pub address: String,
    /// The time that the look-up of the name took; next to nothing where there was none to look up.
    pub resolve: Duration,
    /// The time from the first attempt's start until one had succeeded.
    pub connect: Duration,
    /// Every attempt, in the order of their start; one of them succeeded.
    pub attempts: Vec<Attempt>,
}

/// One attempt to connect to one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The address, as in [`Dialed::address`].
    pub address: String,
    /// What came of it, to be read after the address: "connected", "refused", "given up, another was faster".
    pub outcome: String,
    /// The time from its start until its outcome was known.
    pub duration: Duration,
}

/// Connects to `endpoint` by `deadline` (`None`: whenever the system gives up). A unix socket has no address to look up.
///
/// The addresses of a host are tried as RFC 8305 (Happy Eyeballs) has it: IPv6 and IPv4 in turn, each attempt 250 ms
/// after the one before or as soon as that has failed, until one has succeeded.
pub fn dial(endpoint: &Endpoint, lookup: &Lookup, deadline: Option<Instant>) -> Result<Dialed, DialError> {
    let begun = Instant::now();
    let addresses = match endpoint {
        Endpoint::Unix(path) => return dial_unix(path, deadline),
        Endpoint::Host { name, port } => lookup.addresses(name, *port, deadline)?,
        Endpoint::Ip(address) => lookup
            .admitted(vec![*address])
            .ok_or_else(|| DialError::NoAddress { target: endpoint.to_string(), family: lookup.family })?,
    };
    let resolve = begun.elapsed();

    let mut race = Race::new(order::interleave(&addresses), race::ATTEMPT_DELAY, deadline);
    let Some((stream, address)) = race.run() else {
        return Err(error::of_attempts(endpoint, begun.elapsed(), race.into_attempts()));
    };
    let connect = begun.elapsed().saturating_sub(resolve);
    Ok(Dialed {
        socket: stream.into(),
        address: address.to_string(),
        resolve,
        connect,
        attempts: race.into_attempts().into_iter().map(|(it, _)| it).collect(),
    })
}

fn dial_unix(path: &Path, deadline: Option<Instant>) -> Result<Dialed, DialError> {
    let begun = Instant::now();
    let result = connect_unix(path, deadline);
    let outcome = match &result {
        Ok(_) => Outcome::Connected,
        // What the write time-out below makes of a connect that runs into it.
        Err(error) if error.kind() == ErrorKind::WouldBlock => Outcome::TimedOut,
        Err(error) => Outcome::of_failure(error),
    };
    let endpoint = Endpoint::Unix(path.to_owned());
    let attempt = Attempt { address: endpoint.to_string(), outcome: outcome.to_string(), duration: begun.elapsed() };
    match result {
        Ok(stream) => Ok(Dialed {
            socket: stream.into(),
            address: attempt.address.clone(),
            resolve: Duration::ZERO,
            connect: attempt.duration,
            attempts: vec![attempt],
        }),
        Err(_) => Err(error::of_attempts(&endpoint, begun.elapsed(), vec![(attempt, outcome)])),
    }
}

/// Connecting to a unix socket takes no time, except on Linux while the listener's queue is full. poll(2) can't wait
/// for that (a non-blocking connect fails with `EAGAIN`, and nothing goes on behind it), but the write time-out
/// bounds it.
fn connect_unix(path: &Path, deadline: Option<Instant>) -> io::Result<UnixStream> {
    let address = unix::address_of(path)?;
    let stream = UnixStream::from(socket::open(AddressFamily::UNIX)?);
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        stream.set_write_timeout(left.map(socket::at_least_a_tick))?;
        match rustix::net::connect(&stream, &address) {
            Err(Errno::INTR) => {}
            result => break result?,
        }
    }
    stream.set_write_timeout(None)?;
    Ok(stream)
}

#[cfg(test)]
mod tests;
