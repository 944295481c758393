//! What is wrong with an input.

use thiserror::Error;

use super::JsonProblem;

/// An input that can't be sent as it is.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("record {record} of the input {problem}")]
pub struct RecordError {
    /// The number of the record, the first being 1.
    pub record: u64,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Problem {
    /// Text that is not UTF-8; the offset in bytes counts from the record's beginning.
    #[error("is not UTF-8 (at its byte {0}), so it can't be sent as text: use -b/--binary")]
    NotUtf8(u64),
    /// The input ends inside a record.
    #[error("is cut short: {expected} bytes were announced and {found} came")]
    Truncated {
        /// Bytes announced.
        expected: u64,
        /// Bytes that came.
        found: u64,
    },
    /// A line of JSON that is not one of the events.
    #[error("{0}")]
    Json(JsonProblem),
    /// A record that has to be kept until all of it is sent is over the limit.
    #[error("is longer than {0} bytes, the most that --reconnect keeps to send again (--max-message raises it)")]
    TooLongToKeep(u64),
    /// A record that has to be held as a whole is over the limit.
    #[error("is longer than {0} bytes, the most that is held of one (--max-message raises it)")]
    TooLong(u64),
}
