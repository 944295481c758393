//! wspipe: what netcat is to TCP, for WebSocket.
pub mod handshake;
pub mod net;
pub mod protocol;
pub mod records;
