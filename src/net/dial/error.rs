//! Why a connection could not be made.

use std::fmt;
use std::time::Duration;

use super::race::Outcome;
use super::{Attempt, Endpoint, Family};

/// Why [`dial`](super::dial) failed. Where several addresses were tried the text names each and what came of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DialError {
    /// The resolver has no answer for this name.
    #[error("could not find the host {host}: {reason}; check how it is spelt, and the network")]
    NameNotFound {
        /// The name that was looked up.
        host: String,
        /// The resolver's words.
        reason: String,
    },
    /// The host exists, but has no address that may be used.
    #[error("{target} has no {family}")]
    NoAddress {
        /// What to connect to.
        target: String,
        /// The family that was asked for.
        family: Family,
    },
    /// Nothing listens there, as at least one of the addresses said.
    #[error("could not connect to {target}: {}", List(target, attempts))]
    Refused {
        /// What to connect to.
        target: String,
        /// Every attempt.
        attempts: Vec<Attempt>,
    },
    /// The deadline passed, or the system gave up waiting for an answer.
    #[error("timed out after {after:.1?} while {step} {target}{}", InBrackets(target, attempts))]
    TimedOut {
        /// What was waited for.
        step: Step,
        /// What to connect to; the name alone while it is looked up.
        target: String,
        /// How long it took all in all.
        after: Duration,
        /// Every attempt; none while the name is looked up.
        attempts: Vec<Attempt>,
    },
    /// There is no way to any of the addresses.
    #[error("could not connect to {target}: {}; is this machine's network up?", List(target, attempts))]
    Unreachable {
        /// What to connect to.
        target: String,
        /// Every attempt.
        attempts: Vec<Attempt>,
    },
    /// There is no socket at this path, or what listens there broke the connection off at once.
    #[error("could not connect to {target}: {}", List(target, attempts))]
    NotReady {
        /// What to connect to.
        target: String,
        /// Every attempt.
        attempts: Vec<Attempt>,
    },
    /// This process may open no more descriptors, or the system has none left.
    #[error("could not connect to {target}: {}", List(target, attempts))]
    NoDescriptor {
        /// What to connect to.
        target: String,
        /// Every attempt.
        attempts: Vec<Attempt>,
    },
    /// Something else; the attempts say what.
    #[error("could not connect to {target}: {}", List(target, attempts))]
    Other {
        /// What to connect to.
        target: String,
        /// Every attempt.
        attempts: Vec<Attempt>,
    },
}

impl DialError {
    /// Whether time ran out, be it for the name or for the connection.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::TimedOut { .. })
    }

    /// Whether the host answered that nothing listens there: most probably the server is not running.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }

    /// Whether it is this side that has no room for another connection at the moment.
    #[must_use]
    pub fn is_shortage(&self) -> bool {
        matches!(self, Self::NoDescriptor { .. })
    }

    /// Whether the same may succeed a little later: when the server is up, or the network, or the name is known.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::NameNotFound { .. }
            | Self::Refused { .. }
            | Self::TimedOut { .. }
            | Self::Unreachable { .. }
            | Self::NotReady { .. } => true,
            Self::NoAddress { .. } | Self::NoDescriptor { .. } | Self::Other { .. } => false,
        }
    }

    /// The attempts that were made, in the order of their start; none where it did not come to that.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        match self {
            Self::NameNotFound { .. } | Self::NoAddress { .. } => &[],
            Self::Refused { attempts, .. }
            | Self::TimedOut { attempts, .. }
            | Self::Unreachable { attempts, .. }
            | Self::NotReady { attempts, .. }
            | Self::NoDescriptor { attempts, .. }
            | Self::Other { attempts, .. } => attempts,
        }
    }
}

/// A step on the way to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Asking the resolver for addresses.
    LookUp,
    /// Connecting to the addresses.
    Connect,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LookUp => "looking up the name",
            Self::Connect => "connecting to",
        })
    }
}

/// The error for attempts of which none succeeded: the one that says most about the host as a whole.
pub(super) fn of_attempts(endpoint: &Endpoint, after: Duration, attempts: Vec<(Attempt, Outcome)>) -> DialError {
    let target = endpoint.to_string();
    let (attempts, outcomes): (Vec<_>, Vec<_>) = attempts.into_iter().unzip();
    let has = |outcome| outcomes.contains(&outcome);
    if outcomes.iter().any(|it| matches!(it, Outcome::NoDescriptor(_))) {
        DialError::NoDescriptor { target, attempts }
    } else if has(Outcome::TimedOut) || has(Outcome::NotTried) {
        let step = Step::Connect;
        DialError::TimedOut { step, target, after, attempts }
    } else if has(Outcome::Refused) {
        DialError::Refused { target, attempts }
    } else if outcomes.iter().all(|it| *it == Outcome::Unreachable) {
        DialError::Unreachable { target, attempts }
    } else if outcomes.iter().any(|it| matches!(it, Outcome::NotReady(_))) {
        DialError::NotReady { target, attempts }
    } else {
        DialError::Other { target, attempts }
    }
}

/// The attempts behind the target: `[::1]:9 refused, 127.0.0.1:9 refused`, or `refused` where the target says it all.
struct List<'a>(&'a str, &'a [Attempt]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(target, attempts) = *self;
        if let [only] = attempts
            && only.address == target
        {
            return f.write_str(&only.outcome);
        }
        for (at, attempt) in attempts.iter().enumerate() {
            let separator = if at == 0 { "" } else { ", " };
            write!(f, "{separator}{} {}", attempt.address, attempt.outcome)?;
        }
        Ok(())
    }
}

/// The same for a time-out, where the attempts are an aside: only when they add something.
struct InBrackets<'a>(&'a str, &'a [Attempt]);

impl fmt::Display for InBrackets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(target, attempts) = *self;
        match attempts {
            [] => Ok(()),
            [only] if only.address == target => Ok(()),
            _ => write!(f, " ({})", List(target, attempts)),
        }
    }
}
