//! The other ends of the connection: sink, source and echo, as WebSocket or as plain TCP.
//!
//! Each does less per byte than any program it faces, and serves one connection.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::data::{Digest, Stream};
use crate::frames::{CLOSE, FIN, Frames, HEADER_MAX, Inbox, await_close, mask, push_header};
use crate::handshake;

/// Bytes a read and a write of a peer: few calls, yet within a core's cache.
const BUFFER: usize = 256 * 1024;

/// Close without a status, from a server and, with a key of zeros, from a client. With one, websocat
/// 4.0.0-alpha3 prints its two bytes after the payload, and would have no figures at all.
const SERVER_CLOSE: [u8; 2] = [FIN | CLOSE, 0];
const CLIENT_CLOSE: [u8; 6] = [FIN | CLOSE, 0x80, 0, 0, 0, 0];

/// What a peer does.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Counts what comes, till the Close.
    Sink,
    /// Sends the stream, then Close.
    Source(Stream),
    /// Sends back what comes.
    Echo,
}

/// How a peer is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    WebSocket,
    /// No handshake, no frames; the end of the stream is the end.
    Tcp,
}

/// Whether a sink computes the digest of what it gets, which takes longer than getting it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    No,
    Payload,
    /// With a line feed after each message, as the line had that it was made of.
    Lines,
}

/// What a sink got.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) bytes: u64,
    pub(crate) messages: u64,
    /// Only if asked for.
    pub(crate) digest: Digest,
}

/// A peer that waits for its one connection.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) port: u16,
    thread: JoinHandle<io::Result<Tally>>,
}

impl Peer {
    pub(crate) fn listen(act: Act, wire: Wire, check: Check) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let thread = thread::spawn(move || {
            let (mut socket, _) = listener.accept()?;
            socket.set_nodelay(true)?;
            let already = match wire {
                Wire::WebSocket => handshake::accept(&mut socket)?,
                Wire::Tcp => Vec::new(),
            };
            serve(&act, wire, &mut socket, &already, check)
        });
        Ok(Self { port, thread })
    }

    /// What came, once the program is gone.
    pub(crate) fn finish(self) -> io::Result<Tally> {
        // A program that never connected must not leave us in accept().
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the peer panicked")))
    }
}

/// Connects as a client as soon as the program listens, and sends the stream.
pub(crate) fn visit(port: u16, wire: Wire, stream: &Stream) -> io::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(5);
    let mut socket = loop {
        match TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            Ok(socket) => break socket,
            Err(error) if Instant::now() > deadline => return Err(error),
            Err(_) => thread::sleep(Duration::from_millis(1)),
        }
    };
    if wire == Wire::WebSocket {
        handshake::connect(&mut socket)?;
    }
    source(stream, wire, &mut socket, &CLIENT_CLOSE)
}

/// A port that was free a moment ago, for programs that have to be told one.
pub(crate) fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn serve(act: &Act, wire: Wire, socket: &mut TcpStream, already: &[u8], check: Check) -> io::Result<Tally> {
    match (act, wire) {
        (Act::Sink, Wire::WebSocket) => sink(socket, already, check),
        (Act::Sink, Wire::Tcp) => sink_tcp(socket, check),
        (Act::Source(stream), _) => {
            source(stream, wire, socket, &SERVER_CLOSE)?;
            Ok(Tally::default())
        }
        (Act::Echo, Wire::WebSocket) => echo(socket, already),
        (Act::Echo, Wire::Tcp) => echo_tcp(socket),
    }
}

fn sink(socket: &mut TcpStream, already: &[u8], check: Check) -> io::Result<Tally> {
    let mut inbox = Inbox::new(BUFFER, already);
    let mut frames = Frames::default();
    let mut tally = Tally::default();
    loop {
        let mut at = 0;
        let bytes = inbox.bytes();
        while let Some(piece) = frames.next(bytes, &mut at) {
            if piece.opcode() == CLOSE {
                farewell(socket, &SERVER_CLOSE);
                return Ok(tally);
            }
            if piece.opcode() > CLOSE {
                continue;
            }
            tally.bytes += (piece.end - piece.start) as u64;
            tally.messages += u64::from(piece.ends_message());
            if check != Check::No {
                let payload = &mut bytes[piece.start..piece.end];
                mask(payload, piece.key.unwrap_or_default());
                tally.digest.add(payload);
                if check == Check::Lines && piece.ends_message() {
                    tally.digest.add(b"\n");
                }
            }
        }
        if !inbox.refill(at, socket)? {
            return Ok(tally);
        }
    }
}

fn sink_tcp(socket: &mut TcpStream, check: Check) -> io::Result<Tally> {
    let mut buffer = vec![0; BUFFER];
    let mut tally = Tally::default();
    loop {
        let got = socket.read(&mut buffer)?;
        if got == 0 {
            return Ok(tally);
        }
        tally.bytes += got as u64;
        if check != Check::No {
            tally.digest.add(&buffer[..got]);
        }
    }
}

fn source(stream: &Stream, wire: Wire, socket: &mut TcpStream, close: &[u8]) -> io::Result<()> {
    stream.write_to(socket, BUFFER)?;
    if wire == Wire::WebSocket {
        socket.write_all(close)?;
        // A reset counts like an answer: what was sent is counted at the other end.
        let _ = await_close(socket, &[]);
    }
    farewell(socket, &[]);
    Ok(())
}

/// Everything back, one write a read, unmasked as a server must.
fn echo(socket: &mut TcpStream, already: &[u8]) -> io::Result<Tally> {
    let mut inbox = Inbox::new(BUFFER, already);
    let mut frames = Frames::default();
    let mut out = Vec::with_capacity(BUFFER + HEADER_MAX);
    loop {
        let mut at = 0;
        let bytes = inbox.bytes();
        while let Some(piece) = frames.next(bytes, &mut at) {
            if piece.opcode() == CLOSE {
                socket.write_all(&out)?;
                farewell(socket, &SERVER_CLOSE);
                return Ok(Tally::default());
            }
            if let Some(length) = piece.opens {
                push_header(&mut out, piece.first, length, None);
            }
            let start = out.len();
            out.extend_from_slice(&bytes[piece.start..piece.end]);
            mask(&mut out[start..], piece.key.unwrap_or_default());
        }
        socket.write_all(&out)?;
        out.clear();
        if !inbox.refill(at, socket)? {
            return Ok(Tally::default());
        }
    }
}

fn echo_tcp(socket: &mut TcpStream) -> io::Result<Tally> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let got = socket.read(&mut buffer)?;
        if got == 0 {
            farewell(socket, &[]);
            return Ok(Tally::default());
        }
        socket.write_all(&buffer[..got])?;
    }
}

/// Says the last word, and then listens until the other side is done: closing with bytes unread
/// would reset the connection, and what was sent last could be lost. A program that does not wait
/// for the last word is free not to: what counts is what arrived.
fn farewell(socket: &mut TcpStream, close: &[u8]) {
    let mut rest = [0; 4096];
    let said = socket.write_all(close).and_then(|()| socket.shutdown(Shutdown::Write));
    while said.is_ok() && socket.read(&mut rest).is_ok_and(|got| got > 0) {}
}
