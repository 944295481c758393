//! wspipe: what netcat is to TCP, for WebSocket (RFC 6455).
//!
//! ```text
//!     stdin ─► Splitter ─► Encoder ─► write half ─►┐
//!             (records)   (protocol)             socket (tcp | unix)
//!    stdout ◄─ Joiner ◄─── Decoder ◄── read half ◄─┘
//! ```
//!
//! Four kinds of room; each may use those below it, and never one above:
//!
//! | rooms | what they know |
//! | --- | --- |
//! | [`commands`] with [`outcome`] | what was asked for, and which exit status answers |
//! | [`bridge`], [`opening`] and [`recorder`] | threads and the time: a session from its handshake to its end |
//! | [`records`], [`protocol`] and [`handshake`] | bytes and what they mean, without any I/O |
//! | [`net`] | sockets, pipes and waiting for them, whatever they carry |
//!
//! The core in the third row takes bytes in and gives values out, so it is tested on byte literals. Both directions of the
//! pipe speak [`protocol::Event`]: whatever makes events can be put before whatever takes them.
//!
//! This library is what the program `wspipe` is made of; the command line stands in the program and is not known here.

#![forbid(unsafe_code)]

pub mod bridge;
pub mod commands;
pub mod handshake;
pub mod net;
pub mod opening;
pub mod outcome;
pub mod protocol;
pub mod proxy;
pub mod recorder;
pub mod records;
