//! The bridge: a session's two pumps, and what ends them.
//!
//! ```text
//!     Source ─► send ───► socket          a thread that reads the input and is the only one to write to the socket
//!     Sink ◄─ receive ◄── socket          a thread that only reads from the socket, and never waits for the other one
//!             keeper                      keeps the time: lingering, the close handshake, time-outs, signals
//! ```
//!
//! What the receiving side wants to say to the peer (a Pong, the answer to a Close) it leaves in the session's
//! [`Control`], and the sending side takes it from there between two frames. So nobody waits on the peer while holding
//! what the other direction needs: two ends that both send without pause keep moving.
//!
//! When a session ends, and how well it went, is decided in one place without any I/O: the [`Lifecycle`].

mod activity;
mod amount;
mod awaited;
mod command;
mod control;
mod dialogue;
mod echo;
mod ending;
mod heartbeat;
mod input;
mod kept;
mod lent;
mod lifecycle;
mod outbox;
mod output;
mod pongs;
mod receive;
mod replay;
mod send;
mod session;
mod signals;
mod traffic;
mod tunnel;
mod watch;
mod whole;

pub use amount::{Size, Span};
pub use awaited::{Awaited, Countdown, Unmet};
pub use command::{CommandSink, CommandSource, LastWords};
pub use control::{Bell, Control, Tick};
pub use dialogue::{Dialogue, Pattern, Stuck, Turn};
pub use echo::EchoSink;
pub use ending::{Cause, CutOff, Ending, Peer, Unsent};
pub use heartbeat::Heartbeat;
pub use input::StreamInput;
pub use lent::{Lent, Loan, lend};
pub use lifecycle::{Fact, Lifecycle, OnEof, Quiet, Rules, Step};
pub use outbox::{Outbox, Put, QueueSource};
pub use output::{Output, RecordSink};
pub use receive::{Sink, SinkError, receive};
pub use replay::{Play, Replay, Report, ScriptSink, ScriptSource, Speed};
pub use send::{Pulled, Source, SourceError, send};
pub use session::{Keeper, Receiving, SendingThread, Session, Waited};
pub use signals::Signals;
pub use traffic::Traffic;
pub use tunnel::{StreamSink, Tunnel};
pub use watch::{Carried, Watch};
pub use whole::WholeMessages;
