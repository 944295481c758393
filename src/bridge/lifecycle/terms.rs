//! What a session's end depends on, and what is to be done about it.

use std::time::{Duration, Instant};

use crate::bridge::{CutOff, Heartbeat, Unsent};
use crate::protocol::{Close, Role, Violation};
use crate::records::RecordError;

/// What a session was asked to do at its end.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Which end this is: the server closes the connection, and the client waits for that (RFC 6455, 7.1.1).
    pub role: Role,
    /// What the end of the input means.
    pub on_eof: OnEof,
    /// The Close that is sent when this side ends the session as planned.
    pub close: Close,
    /// How long the peer may take to answer a Close, not counting time in which we do not read.
    pub close_timeout: Duration,
    /// How long nothing at all may come from the peer, not counting time in which we do not read.
    pub idle_timeout: Option<Duration>,
    /// Whether the peer is asked if it is there.
    pub heartbeat: Option<Heartbeat>,
    /// How long a signal leaves for what is queued and for the peer's answer, together.
    pub grace: Duration,
    /// When the whole run is over.
    pub deadline: Option<Instant>,
    /// Each direction ends by itself, as for TCP: a Close ends its sender's, and is answered when the other one is through,
    /// however long that takes. (A Close with another code than 1000 ends both.)
    pub half_close: bool,
    /// Something is awaited (`--count`, `--expect`): until it has come, the end of the input closes nothing.
    pub awaiting: bool,
}

/// What the end of the input means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnEof {
    /// Close when no data has come for this long.
    Linger(Duration),
    /// Stay until the peer closes.
    Keep,
}

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// The input ended, and all of it has been sent.
    InputEnded,
    /// The input can't be read any more; the system's words.
    InputFailed(String),
    /// The input holds a record that can't be sent; whether its beginning has been sent already.
    BadRecord(RecordError, bool),
    /// The input asks for this Close.
    CloseAsked(Close),
    /// A Close has been sent.
    CloseSent,
    /// The socket did not take what was to be sent; the system's words. The receiving side may know better why.
    SendFailed(String),
    /// The sending side has ended, and this much was left.
    SenderEnded(Unsent),
    /// The end of a message that has begun does not come; a fact that says why follows.
    CutOff(CutOff),
    /// The peer sent a Close; all that came before it has been written.
    PeerClosed(Close),
    /// The connection ended or broke without a Close; all that came has been written.
    PeerGone(Option<String>),
    /// The peer broke the protocol; all that came before has been written.
    Violation(Violation),
    /// What was awaited has come.
    Satisfied,
    /// Whoever read the output has stopped.
    OutputClosed,
    /// The output failed; the system's words.
    OutputFailed(String),
    /// The peer takes what is sent too slowly; its queue of so many bytes is full.
    TooSlow(usize),
    /// The peer has begun a long message and does not go on, for so long, while others wait for its end.
    Stalled(Duration),
    /// A signal arrived.
    Signal(i32),
}

/// How long the peer has been quiet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quiet {
    /// When data came last.
    pub no_data_since: Instant,
    /// When the receiving side began to wait for the next byte, whatever that may belong to.
    pub nothing_since: Instant,
    /// When it last moved all the same: it took something that there had been no room for, or sent bytes that say nothing yet.
    pub moved: Option<Instant>,
}

/// What is to be done now.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Send this Close, and nothing after it.
    pub close: Option<Close>,
    /// Send a Ping, unless the one before still waits to be sent.
    pub ping: bool,
    /// Tell the peer that nothing more follows, and go on reading.
    pub half_close: bool,
    /// Shut the socket down: nothing more is hoped for from it.
    pub hang_up: bool,
    /// When to ask again, if nothing happens before.
    pub wake_at: Option<Instant>,
    /// The session is over.
    pub ended: bool,
}
