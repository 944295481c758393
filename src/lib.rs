//! wspipe: what netcat is to TCP, for WebSocket.
pub mod bridge;
pub mod commands;
pub mod handshake;
pub mod net;
pub mod opening;
pub mod outcome;
pub mod protocol;
pub mod records;
