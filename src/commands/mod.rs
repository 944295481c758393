//! The commands: each takes its configuration as a value, and says how the run came out.

mod connect;
mod destination;
mod inspect;
mod listen;
mod pipe;

pub use connect::{ConnectConfig, connect};
pub use destination::Destination;
pub use inspect::{InspectConfig, inspect_key, inspect_url};
pub use listen::{ListenConfig, listen};
pub use pipe::Pipe;

/// What one read of the socket can bring, in bytes: enough that a busy connection is read in few calls.
const RECEIVE_BUFFER: usize = 512 << 10;
