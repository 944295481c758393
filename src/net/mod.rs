//! Byte streams and waiting for them: everything here is about descriptors, and nothing about what the bytes mean.
//!
//! | module | purpose |
//! | --- | --- |
//! | [`Socket`] | a connected TCP or unix stream that a reading and a writing thread share without a lock |
//! | [`Connection`] | a socket and what stands on it, as a half that reads and a half that writes; the [`Line`] is for all threads |
//! | [`dial`](dial()) | a name or an address becomes a [`Socket`], by a deadline (RFC 8305); [`Lookup`] says how names are looked up |
//! | [`ShellCommand`] | a command's standard input and output become a [`Socket`] |
//! | [`Program`] | a program is started, its standard input and output are one end of a session; the [`Process`] is seen to its end |
//! | [`TlsConnector`], [`TlsAcceptor`] | a [`Connection`] becomes a secure one |
//! | [`Listener`] | from [`ListenAddr`] as people write it, or an inherited socket, to accepted [`Socket`]s |
//! | [`wait`], [`Wake`] | waiting for several descriptors at once, and being woken from that |
//! | [`Stdio`] | standard input and output, also where somebody has made them non-blocking |
//! | [`pipe`] | what standard input and output are, and making a pipe hold more |
//!
//! What holds throughout:
//!
//! - Sockets that leave this module are in blocking mode, have `TCP_NODELAY` set, and no child process inherits them.
//! - Connecting and waiting end at a deadline, where one is given, and go on when a signal interrupts them.
//! - An error says what failed and where, and what to do if that can be known; time-outs and refusals are told apart.

mod connection;
mod descriptors;
mod dial;
mod flow;
mod listener;
pub mod pipe;
mod poll;
mod process;
mod resolve;
mod socket;
mod stdio;
mod tls;
mod unix;
mod wake;

pub use connection::{Connection, Half, Line};
pub use descriptors::{is_shortage, raise_descriptor_limit};
pub(crate) use dial::unbracketed;
pub use dial::{Attempt, DialError, Dialed, Endpoint, Family, KnownHost, KnownHostError, Lookup, Step, dial};
pub use listener::{BindError, ListenAddr, ListenAddrError, ListenOn, Listener, Unsuitable};
pub use poll::{Interest, Ready, wait, wait_any};
pub use process::{Attendant, Exit, Notices, Process, ProcessInput, Program, ProgramError, ShellCommand, Started};
pub use socket::Socket;
pub use stdio::Stdio;
pub use tls::{
    CertificateFacts, IdentityError, Secured, TimeLeft, TlsAcceptor, TlsConnector, TlsError, TlsIdentity, TlsOptions,
    TlsPeer, TlsRoots, TlsVersion, Trouble,
};
pub use wake::Wake;
