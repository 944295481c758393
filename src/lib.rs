//! wspipe: what netcat is to TCP, for WebSocket.
pub mod handshake;
