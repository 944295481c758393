//! What is at this end of sessions.

/// What messages come from and go to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Endpoint {
    /// Standard input and output.
    #[default]
    Stdio,
    /// The peer itself: every message goes back.
    Echo,
}

impl Endpoint {
    /// Whether standard input and output are used.
    #[must_use]
    pub fn is_stdio(self) -> bool {
        self == Endpoint::Stdio
    }
}
