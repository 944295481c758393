//! What is wrong with a script.

use thiserror::Error;

use crate::protocol::CloseCodeError;

/// A line that can't be carried out.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct ScriptError {
    /// The line, the first being 1.
    pub line: u64,
    /// Where in the line, in bytes, the first being 1: what is wrong begins there, or is noticed there.
    pub column: usize,
    /// What is wrong there.
    pub problem: ScriptProblem,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ScriptProblem {
    /// Not JSON, or a field of another type than it has; the parser's words.
    #[error("this is not a JSON event: {0}")]
    Syntax(String),
    /// There is no type.
    #[error("the field \"type\" is missing, as in {{\"type\":\"text\",\"data\":\"hello\"}}")]
    NoType,
    /// A type that no line has.
    #[error("unknown type {0:?}: use text, binary, ping, pong, close or wait")]
    Type(String),
    /// A direction that there is not.
    #[error("unknown dir {0:?}: use \"out\" for what is sent, \"in\" for what is awaited")]
    Direction(String),
    /// A field that the type needs is missing.
    #[error("type {kind} needs the field {fields}")]
    Missing {
        /// The type.
        kind: &'static str,
        /// The field, or those of which one is needed.
        fields: &'static str,
    },
    /// Two fields of which only one can hold.
    #[error("a match does not go with {0}: it stands in place of the data of what is awaited")]
    MatchWith(&'static str),
    /// A pattern that is none.
    #[error("this match is no regular expression: {0}")]
    Pattern(String),
    /// Data that is not base64.
    #[error("this is not base64: {0}")]
    Base64(String),
    /// A Ping or Pong of more than 125 bytes.
    #[error("{0} bytes of data; a control frame holds at most 125 (RFC 6455, 5.5)")]
    ControlTooLong(usize),
    /// A Close that can't be sent, nor come.
    #[error("{0}")]
    Close(CloseCodeError),
    /// A time that is not written as it should be.
    #[error("this is no time: write it as in 2026-01-02T03:04:05.678Z (RFC 3339, UTC)")]
    Time,
    /// A pause that is none.
    #[error("ms is a whole number of milliseconds, as in 500")]
    Pause,
    /// A message that is not continued as it began: its type, and the line.
    #[error("the {0} message that begins in line {1} is not finished: a piece without \"fin\":false ends it")]
    Unfinished(&'static str, u64),
    /// Something behind a Close.
    #[error("nothing can follow the close of line {0}")]
    AfterClose(u64),
    /// Another connection, of which the lines before are none.
    #[error("a second connection begins here: replay one, as in sed '{0},$d' FILE | wspipe replay - URL")]
    SecondConnection(u64),
    /// Several clients of a listener.
    #[error(
        "client {client}, where the lines before are of client {first}: replay one, as in jq -c 'select(.client == {first})' FILE | wspipe replay - URL"
    )]
    Clients {
        /// The client of the lines before.
        first: u64,
        /// The one of this line.
        client: u64,
    },
}
