//! How a run came out: the exit statuses, and what each failure says.

use std::io;
use std::path::Path;

use thiserror::Error;

use crate::bridge::{Cause, Ending, Peer, Size, Unmet, Unsent};
use crate::handshake::printable;
use crate::net::{BindError, Exit};
use crate::opening::{OpenError, ProxyTrouble};
use crate::protocol::{Close, Violation};
use crate::records::script::ScriptError;

/// The exit statuses, as the manual page lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitStatus {
    /// Everything read from the input was sent, everything received was written, and the connection was closed cleanly.
    Done = 0,
    /// An I/O or other error on this side.
    Failed = 1,
    /// Wrong usage.
    Usage = 2,
    /// The host could not be reached.
    Unreachable = 3,
    /// TLS failed.
    Tls = 4,
    /// The handshake was refused or is wrong.
    Handshake = 5,
    /// The connection broke.
    Broken = 6,
    /// The peer closed with a code that says that something went wrong.
    ClosedBadly = 7,
    /// What was awaited did not come.
    Unmet = 8,
    /// The time for the whole run was over.
    TimedOut = 9,
}

impl ExitStatus {
    /// All of them, in order.
    pub const ALL: [ExitStatus; 10] = [
        ExitStatus::Done,
        ExitStatus::Failed,
        ExitStatus::Usage,
        ExitStatus::Unreachable,
        ExitStatus::Tls,
        ExitStatus::Handshake,
        ExitStatus::Broken,
        ExitStatus::ClosedBadly,
        ExitStatus::Unmet,
        ExitStatus::TimedOut,
    ];

    /// What it means, in a line.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            ExitStatus::Done => "done, clean close",
            ExitStatus::Failed => "an I/O or other error on this side",
            ExitStatus::Usage => {
                "wrong usage, also a file of an option (certificate, page, password) that can't be read, and a command (--exec) that is not there"
            }
            ExitStatus::Unreachable => "could not reach the host (name, refused, proxy, time-out while connecting)",
            ExitStatus::Tls => "TLS failed",
            ExitStatus::Handshake => "the handshake was refused or is wrong (status, Accept, subprotocol, extension)",
            ExitStatus::Broken => {
                "the connection broke without a Close, our Close was never answered, the peer broke the protocol, or it \
                 ended the session inside a message, or before all that had been read from the input was sent"
            }
            ExitStatus::ClosedBadly => "the peer closed with a code other than 1000, 1001 or none",
            ExitStatus::Unmet => "--expect or --count was not met, or what was awaited did not come (replay)",
            ExitStatus::TimedOut => "--timeout ran out",
        }
    }
}

/// How much of a path is shown, in bytes.
pub(crate) const SHOWN_PATH: usize = 1000;

/// Why a run did not come out well; its words are what the user reads.
#[derive(Debug, Error)]
pub enum Failure {
    /// The system did not do what was needed.
    #[error("{what}: {error}")]
    Io {
        /// What was being done.
        what: &'static str,
        /// The system's words.
        error: io::Error,
    },
    /// A file could not be read.
    #[error("cannot read {path}: {error}")]
    File {
        /// Its path, printable.
        path: String,
        /// The system's words.
        error: io::Error,
    },
    /// A file that an option names could not be written.
    #[error("cannot write {path} ({option}): {error}")]
    Written {
        /// The option.
        option: &'static str,
        /// Its path, printable.
        path: String,
        /// The system's words.
        error: io::Error,
    },
    /// The options can't be carried out together, or not in this build.
    #[error("{0}")]
    Usage(String),
    /// The connection did not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A key and an accept value do not belong together.
    #[error("{0}")]
    Mismatch(String),
    /// A capture holds no handshake that could be read.
    #[error("{0}")]
    Capture(String),
    /// A transcript has a line that can't be carried out.
    #[error("{path}, {error}")]
    Script {
        /// Its path, printable.
        path: String,
        /// The line, and what is wrong with it.
        error: ScriptError,
    },
    /// A transcript is to be compared, and has nothing to compare with.
    #[error(
        "no line of {path} is awaited, so there is nothing to compare (--check): record a session in which something comes, write lines with \"dir\":\"in\" or a \"match\", or leave --check out"
    )]
    NothingToCompare {
        /// Its path, printable.
        path: String,
    },
    /// The listening socket could not be had.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// As many attempts to connect again were made as were to be.
    #[error(
        "gave up after {attempts} attempt{} (--reconnect): {failure}",
        if *.attempts == 1 { "" } else { "s in a row" }
    )]
    GaveUp {
        /// How many.
        attempts: u32,
        /// What happened last.
        failure: Box<Failure>,
    },
    /// The session ended badly.
    #[error("{}", .0.words)]
    Session(BadEnding),
    /// The session ended before all pings were sent.
    #[error("the peer closed after {sent} of {count} pings (--count)")]
    TooFewPings {
        /// How many were.
        sent: u64,
        /// How many were asked for.
        count: u64,
    },
    /// The command of `--exec` has failed.
    #[error("the command ended with {0}")]
    Command(Exit),
    /// `--timeout` ran out.
    #[error("the time for the whole run is over (--timeout)")]
    TimedOut,
    /// The run's own output has said it already.
    #[error("status {}", *.0 as u8)]
    Told(ExitStatus),
    /// A signal arrived; the run dies of it.
    #[error("signal {0}")]
    Signal(i32),
}

/// A session's ending, with the status and the words for it.
#[derive(Debug)]
pub struct BadEnding {
    status: ExitStatus,
    words: String,
}

impl Failure {
    /// The exit status that tells a script.
    #[must_use]
    pub fn status(&self) -> ExitStatus {
        match self {
            Failure::Io { .. }
            | Failure::File { .. }
            | Failure::Written { .. }
            | Failure::Script { .. }
            | Failure::NothingToCompare { .. }
            | Failure::Bind(_)
            | Failure::Command(_)
            | Failure::Signal(_) => ExitStatus::Failed,
            Failure::Usage(_) => ExitStatus::Usage,
            Failure::Open(error) => open_status(error),
            Failure::Mismatch(_) | Failure::Capture(_) => ExitStatus::Handshake,
            Failure::GaveUp { failure, .. } => failure.status(),
            Failure::Session(ending) => ending.status,
            Failure::TooFewPings { .. } => ExitStatus::Unmet,
            Failure::Told(status) => *status,
            Failure::TimedOut => ExitStatus::TimedOut,
        }
    }

    /// A session that ended with this status, in these words.
    pub(crate) fn session(status: ExitStatus, words: String) -> Failure {
        Failure::Session(BadEnding { status, words })
    }

    /// Makes a failure of an I/O error with the file that an option names.
    pub fn written(option: &'static str, path: &Path) -> impl Fn(io::Error) -> Failure {
        let path = printable(path.as_os_str().as_encoded_bytes(), SHOWN_PATH);
        move |error| Failure::Written { option, path: path.clone(), error }
    }

    /// Makes a failure of an I/O error by saying what was being done.
    pub fn io(what: &'static str) -> impl Fn(io::Error) -> Failure {
        move |error| Failure::Io { what, error }
    }
}

fn open_status(error: &OpenError) -> ExitStatus {
    match error {
        OpenError::Tls(_) | OpenError::TlsFailed(_) => ExitStatus::Tls,
        OpenError::Proxy(failure) if matches!(failure.trouble, ProxyTrouble::Tls(_)) => ExitStatus::Tls,
        OpenError::Unreachable(_)
        | OpenError::Proxy(_)
        | OpenError::CommandNotStarted(_)
        | OpenError::Command(_)
        | OpenError::TimedOut { .. }
        | OpenError::StoppedShort { .. } => ExitStatus::Unreachable,
        OpenError::RunOver => ExitStatus::TimedOut,
        OpenError::Request(_)
        | OpenError::WrongProxy(_)
        | OpenError::HeaderForProxy(_)
        | OpenError::CommandToSocket => ExitStatus::Usage,
        OpenError::NotHttp(_) | OpenError::ClosedAtOnce | OpenError::Refused(_) | OpenError::Redirect { .. } => {
            ExitStatus::Handshake
        }
        OpenError::Redirected { error, .. } | OpenError::GaveUp { error, .. } => open_status(error),
        OpenError::Io(_) => ExitStatus::Failed,
    }
}

/// Judges how a session ended.
///
/// # Errors
/// Every ending that is not clean, in the words for it.
pub fn judge(ending: &Ending) -> Result<(), Failure> {
    match &ending.cause {
        Cause::Signal(signal) => Err(Failure::Signal(*signal)),
        Cause::TimedOut if ending.unmet.is_some() => {
            Err(bad(ExitStatus::TimedOut, format!("{}{}", Failure::TimedOut, awaited(ending))))
        }
        Cause::TimedOut => Err(Failure::TimedOut),
        Cause::OutputFailed(why) => {
            let output = if ending.is_tunnel { "the stream" } else { "standard output" };
            Err(bad(ExitStatus::Failed, format!("cannot write to {output}: {why}")))
        }
        Cause::InputFailed(why) => {
            let input = if ending.is_tunnel { "from the stream" } else { "standard input" };
            Err(bad(ExitStatus::Failed, format!("cannot read {input}: {why}")))
        }
        Cause::BadRecord(error) => Err(bad(ExitStatus::Failed, error.to_string())),
        Cause::Violation(violation) => Err(broken(violation_words(*violation), ending)),
        Cause::PeerGone(why) => {
            let why = why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            Err(broken(
                format!("the connection broke without a Close{why}{}{}", cut_off(ending), unsent(ending)),
                ending,
            ))
        }
        cause @ (Cause::Silent(_) | Cause::NoPong(_)) => {
            Err(broken(cause.time_out().unwrap_or_default() + &cut_off(ending) + &unsent(ending), ending))
        }
        Cause::Stalled(limit) => {
            let seconds = limit.as_secs();
            let words = format!("the peer began a long message and did not go on for {seconds} s, while others waited");
            Err(broken(words, ending))
        }
        Cause::TooSlow(queue) => {
            let queue = Size(*queue as u64);
            Err(broken(format!("the peer was too slow: its queue of {queue} was full (--queue)"), ending))
        }
        Cause::PeerClosed => closed_by_peer(ending),
        // All that was asked for has come; what the peer says after that, if it says anything, changes nothing about it.
        Cause::OutputClosed | Cause::Satisfied => Ok(()),
        Cause::InputEnded => closed_by_us(ending),
    }
}

fn closed_by_us(ending: &Ending) -> Result<(), Failure> {
    match &ending.peer {
        Peer::There => {
            let words = format!("the peer never answered our Close (--close-timeout){}", unsent(ending));
            Err(broken(words, ending))
        }
        Peer::Gone => {
            let lost = cut_off(ending) + &unsent(ending);
            let words = format!("the connection broke before the peer answered our Close{lost}");
            Err(broken(words, ending))
        }
        Peer::Closed(close) if !close.is_normal() && !is_answer(close, ending) => Err(closed_badly(close, ending)),
        Peer::Closed(_) if !all_sent(ending) => {
            Err(bad(ExitStatus::Failed, format!("the input goes on after its close event{}", unsent(ending))))
        }
        Peer::Closed(_) => {
            ending.unmet.as_ref().map_or(Ok(()), |what| Err(unmet(what, "the input closed the session")))
        }
    }
}

fn closed_by_peer(ending: &Ending) -> Result<(), Failure> {
    let close = match &ending.peer {
        Peer::Closed(close) => close.clone(),
        Peer::There | Peer::Gone => Close::default(),
    };
    if !close.is_normal() {
        return Err(closed_badly(&close, ending));
    }
    if !all_sent(ending) || ending.cut_off.is_some() {
        return Err(broken(format!("the peer closed, {close}{}{}", cut_off(ending), unsent(ending)), ending));
    }
    ending.unmet.as_ref().map_or(Ok(()), |what| Err(unmet(what, &format!("the peer closed, {close}"))))
}

/// Whether the peer's Close only says our code again, as an answer does (RFC 6455, 5.5.1).
fn is_answer(close: &Close, ending: &Ending) -> bool {
    ending.our_close.as_ref().is_some_and(|ours| ours.code == close.code)
}

fn unmet(what: &Unmet, why: &str) -> Failure {
    bad(ExitStatus::Unmet, format!("{what}: {why}{}", what.instead()))
}

/// What was still awaited, behind the words for something else.
fn awaited(ending: &Ending) -> String {
    ending.unmet.as_ref().map(|what| format!("; {what}{}", what.instead())).unwrap_or_default()
}

fn closed_badly(close: &Close, ending: &Ending) -> Failure {
    bad(
        ExitStatus::ClosedBadly,
        format!("the peer closed with {close}{}{}{}", cut_off(ending), unsent(ending), awaited(ending)),
    )
}

fn violation_words(violation: Violation) -> String {
    match violation {
        Violation::MessageTooBig { .. } | Violation::TooMuchBegun { .. } => {
            format!("the peer sent too much: {violation}")
        }
        _ => format!("the peer broke the protocol: {violation}"),
    }
}

fn all_sent(ending: &Ending) -> bool {
    ending.unsent.is_some_and(Unsent::is_nothing)
}

fn cut_off(ending: &Ending) -> String {
    ending.cut_off.map(|cut_off| format!("; {cut_off}")).unwrap_or_default()
}

fn unsent(ending: &Ending) -> String {
    match ending.unsent {
        Some(unsent) if unsent.is_nothing() => String::new(),
        Some(unsent) => format!("; {unsent}"),
        None => "; what had been read from the input last was not sent".into(),
    }
}

fn broken(words: String, ending: &Ending) -> Failure {
    bad(ExitStatus::Broken, words + &awaited(ending))
}

fn bad(status: ExitStatus, words: String) -> Failure {
    Failure::session(status, words)
}

#[cfg(test)]
mod tests;
