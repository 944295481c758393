//! The opening handshake of WebSocket (RFC 6455, 4), as values: no I/O, no clock, no randomness.

mod grammar;
mod printable;
mod secret;
mod target;

pub use grammar::Misplaced;
pub use printable::printable;
pub use secret::{Authorization, Credentials, CredentialsError, Secret};
pub use target::{Host, Scheme, Target, TargetError};
