//! wspipe: what netcat is to TCP, for WebSocket.
pub mod handshake;
pub mod protocol;
pub mod records;
