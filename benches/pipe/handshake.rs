//! The opening handshake, from both sides, with no more than it takes (RFC 6455, 4).

use std::io::{self, Read, Write};
use std::net::TcpStream;

use tungstenite::handshake::derive_accept_key;

/// A head longer than this is not one of ours.
const HEAD_MAX: usize = 16 * 1024;

/// Asks for an upgrade; returns the bytes that came after the response.
pub(crate) fn connect(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let host = stream.peer_addr()?;
    let request = format!(
        "GET / HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let (head, rest) = read_head(stream)?;
    if head.starts_with("HTTP/1.1 101") { Ok(rest) } else { Err(io::Error::other("the handshake was refused")) }
}

/// Grants an upgrade; returns the bytes that came after the request.
pub(crate) fn accept(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let (head, rest) = read_head(stream)?;
    let key = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"))
        .map(|(_, value)| value.trim())
        .ok_or_else(|| io::Error::other("a request without Sec-WebSocket-Key"))?;
    let accept = derive_accept_key(key.as_bytes());
    let response = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(response.as_bytes())?;
    Ok(rest)
}

fn read_head(stream: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let got = stream.read(&mut chunk)?;
        if got == 0 || bytes.len() > HEAD_MAX {
            return Err(io::Error::other("no end of the head"));
        }
        bytes.extend_from_slice(&chunk[..got]);
        if let Some(at) = memchr::memmem::find(&bytes, b"\r\n\r\n") {
            let rest = bytes.split_off(at + 4);
            let head = String::from_utf8_lossy(&bytes).into_owned();
            return Ok((head, rest));
        }
    }
}
