//! A command as this end of a session.

use std::ffi::{OsStr, OsString};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStringExt;
use std::sync::Arc;

use super::Pipe;
use crate::bridge::{
    Cause, CommandSink, CommandSource, Ending, LastWords, OnEof, Output, RecordSink, Session, Signals, StreamInput,
};
use crate::handshake::RequestHead;
use crate::net::{Interest, Notices, Process, Program, Started, Wake, pipe, wait};
use crate::outcome::{Failure, judge};

/// What a pipe to or from the command of a single session is enlarged to, in bytes.
const PIPE: usize = 256 << 10;

/// A command that is started for each session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exec {
    /// What is started.
    pub program: Program,
    /// Headers of the request that it gets as variables.
    pub headers: Vec<EnvHeader>,
}

/// A header that a command gets as a variable (RFC 3875, 4.1.18).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvHeader {
    name: String,
}

/// Why a header can't become a variable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvHeaderError {
    /// A name with other characters, or without any.
    #[error("{0:?} can't be the name of a variable: a name is made of letters, digits, - and _")]
    Name(String),
    /// `Proxy`.
    #[error("HTTP_PROXY means a proxy to many programs, so a client must not set it")]
    Proxy,
}

impl std::str::FromStr for EnvHeader {
    type Err = EnvHeaderError;

    fn from_str(name: &str) -> Result<Self, EnvHeaderError> {
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
            return Err(EnvHeaderError::Name(name.to_owned()));
        }
        if name.eq_ignore_ascii_case("Proxy") {
            return Err(EnvHeaderError::Proxy);
        }
        Ok(EnvHeader { name: name.to_owned() })
    }
}

impl EnvHeader {
    fn variable(&self) -> OsString {
        format!("HTTP_{}", self.name.to_ascii_uppercase().replace('-', "_")).into()
    }

    /// Its values in this request, joined as one list; none if it has none.
    fn value(&self, request: &RequestHead) -> Option<OsString> {
        let values: Vec<&[u8]> = request.head.values(&self.name).collect();
        (!values.is_empty()).then(|| OsString::from_vec(values.join(&b", "[..])))
    }
}

/// A variable of the environment, and its value if the command gets it.
pub(super) type Variable = (OsString, Option<OsString>);

fn variable(name: &str, value: Option<impl AsRef<OsStr>>) -> Variable {
    (name.into(), value.map(|value| value.as_ref().to_owned()))
}

/// A session with a server, as its command sees it.
pub(super) fn variables_of_server(url: &str, subprotocol: Option<&str>) -> Vec<Variable> {
    vec![variable("WSPIPE_URL", Some(url)), variable("WSPIPE_SUBPROTOCOL", subprotocol)]
}

impl Exec {
    /// A client's session, as its command sees it. What this client has not is not there, whatever our own environment says.
    pub(super) fn variables_of_client(
        &self,
        client: u64,
        peer: &str,
        request: &RequestHead,
        subprotocol: Option<&str>,
    ) -> Vec<Variable> {
        let address: Option<SocketAddr> = peer.parse().ok();
        // An address that a proxy gives has no port.
        let ip = address.map(|address| address.ip()).or_else(|| peer.parse().ok());
        let query = request.target.split_once('?').map_or("", |(_, query)| query);
        let mut variables = vec![
            variable("WSPIPE_CLIENT", Some(client.to_string())),
            variable("WSPIPE_SUBPROTOCOL", subprotocol),
            variable("REMOTE_ADDR", ip.map(|ip: IpAddr| ip.to_string())),
            variable("REMOTE_PORT", address.map(|address| address.port().to_string())),
            variable("REQUEST_URI", Some(&request.target)),
            variable("QUERY_STRING", Some(query)),
        ];
        variables.extend(self.headers.iter().map(|header| (header.variable(), header.value(request))));
        variables
    }

    /// Starts the command for a session. That this fails is told to the peer by the session.
    ///
    /// # Errors
    /// The system has no descriptors left for the session.
    pub(super) fn attach(&self, pipe: &Pipe, session: &Attachment) -> io::Result<Attached> {
        let bell = Arc::new(Wake::new()?);
        let label = session.client.map(|client| format!("client {client}: "));
        let notices = Notices { label: label.clone(), ended: Arc::clone(&bell), gone: Arc::clone(&session.gone) };
        let (started, trouble) = match self.program.start(&session.variables, notices) {
            Ok(started) => (Some(started), None),
            Err(error) => (None, Some(error)),
        };
        let (input, output, process) = match started {
            Some(Started { input, output, process }) => (Some(input), Some(output), Some(process)),
            None => (None, None, None),
        };
        if session.client.is_none()
            && let Some(output) = &output
        {
            pipe::enlarge(output, PIPE);
        }
        let last_words = LastWords::new(match pipe.on_eof {
            OnEof::Linger(wait) => wait,
            OnEof::Keep => pipe.close_timeout,
        });
        let source = StreamInput::new(output, pipe.splitter(), Arc::clone(&bell));
        let source = CommandSource::new(source, process.clone(), pipe.close.clone(), Arc::clone(&last_words));
        let records = input.map(|input| RecordSink::new(pipe.joiner(session.client), Output::new(input)));
        let sink = CommandSink::new(records, label.unwrap_or_default(), last_words);
        let command = match (process, trouble) {
            (Some(process), _) => Ok(Held(process)),
            (None, error) => Err(error.unwrap_or_else(|| io::ErrorKind::Other.into())),
        };
        Ok(Attached { source, sink, bell, command })
    }
}

/// What a command is started for.
#[derive(Debug)]
pub(super) struct Attachment {
    /// The client's number, where there are several.
    pub(super) client: Option<u64>,
    /// What the command learns about the session.
    pub(super) variables: Vec<Variable>,
    /// Rung when nothing is left of the command.
    pub(super) gone: Arc<Wake>,
}

impl Attachment {
    /// The only session that there is.
    pub(super) fn single(variables: Vec<Variable>) -> io::Result<Self> {
        Ok(Attachment { client: None, variables, gone: Arc::new(Wake::new()?) })
    }
}

/// The two ends of a session with a command, what wakes the source, and the command if it could be started.
#[derive(Debug)]
pub(super) struct Attached {
    pub(super) source: CommandSource,
    pub(super) sink: CommandSink,
    pub(super) bell: Arc<Wake>,
    pub(super) command: io::Result<Held>,
}

/// A session with a command: for one that could not be started nothing is said or awaited.
pub(super) fn session(session: Session, command: &io::Result<Held>) -> Session {
    Session { awaited: session.awaited.filter(|_| command.is_ok()), ..session }
}

/// Ends the only session with a command, and waits until nothing is left of that. Each signal meanwhile hurries it.
///
/// # Errors
/// It could not be started, it has failed, or a signal has come.
pub(super) fn see_out(command: io::Result<Held>, gone: &Wake, signals: &Signals) -> Result<(), Failure> {
    let process = Arc::clone(&command.map_err(Failure::io("cannot start the command"))?.0);
    process.dismiss();
    let mut caught = None;
    while !process.is_gone() {
        wait(&[(gone.as_fd(), Interest::Read), (signals.as_fd(), Interest::Read)], None)
            .map_err(Failure::io("cannot wait for the command"))?;
        gone.clear();
        if let Some(signal) = signals.caught() {
            caught = Some(signal);
            process.hurry();
        }
    }
    match (caught, process.failure()) {
        (Some(signal), _) => Err(Failure::Signal(signal)),
        (None, Some(exit)) => Err(Failure::Command(exit)),
        (None, None) => Ok(()),
    }
}

/// Judges how a session ended, and its command with it: whichever of the two was first says more.
pub(super) fn verdict(ending: &Ending, command: Result<(), Failure>) -> Result<(), Failure> {
    let judged = judge(ending);
    if ending.cause == Cause::InputEnded { command.and(judged) } else { judged.and(command) }
}

/// A command whose session goes on; when this is dropped, the session is over.
#[derive(Debug)]
pub(super) struct Held(pub(super) Arc<Process>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.dismiss();
    }
}
