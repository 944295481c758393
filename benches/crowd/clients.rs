//! The clients: one that talks and many that listen, all on one thread.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};

/// The payload of a message in bytes, and its frames as a client sends and gets them.
const PAYLOAD: usize = 64;
const MASKED: usize = PAYLOAD + 6;
const UNMASKED: usize = PAYLOAD + 2;

/// When nothing has come for so long, something is lost.
const PATIENCE: Duration = Duration::from_secs(10);

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

#[derive(Debug)]
pub(crate) struct Clients {
    /// Who sends. What it gets itself is not counted.
    talker: TcpStream,
    listeners: Vec<Listener>,
    poll: OwnedFd,
    buffer: Vec<u8>,
}

#[derive(Debug)]
struct Listener {
    stream: TcpStream,
    /// Bytes that came in this fan-out.
    got: usize,
}

impl Clients {
    /// Connects so many who listen, and one who talks.
    pub(crate) fn connect(port: u16, number: usize) -> io::Result<Self> {
        let poll = epoll::create(CreateFlags::CLOEXEC)?;
        let mut listeners = Vec::with_capacity(number);
        for at in 0..=number {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.write_all(REQUEST)?;
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte)?;
                head.push(byte[0]);
            }
            if !head.starts_with(b"HTTP/1.1 101") {
                return Err(io::Error::other(String::from_utf8_lossy(&head).into_owned()));
            }
            stream.set_nonblocking(true)?;
            epoll::add(&poll, &stream, EventData::new_u64(at as u64), EventFlags::IN)?;
            listeners.push(Listener { stream, got: 0 });
        }
        let talker = listeners.pop().map(|last| last.stream).ok_or(ErrorKind::NotConnected)?;
        Ok(Clients { talker, listeners, poll, buffer: vec![0; 256 << 10] })
    }

    /// Sends so many messages, in rounds of `window`: the next one begins when everybody has the one before. The time until
    /// everybody has all.
    pub(crate) fn fan_out(&mut self, messages: usize, window: usize) -> io::Result<Duration> {
        let start = Instant::now();
        let mut done = 0;
        while done < messages {
            let round = window.min(messages - done);
            self.round(round)?;
            done += round;
        }
        Ok(start.elapsed())
    }

    fn round(&mut self, messages: usize) -> io::Result<()> {
        let mut frame = vec![0x81, 0x80 | PAYLOAD as u8, 0, 0, 0, 0];
        frame.resize(MASKED, b'x');
        let out = frame.repeat(messages.min(1 << 12));
        let (to_send, to_get) = (messages * MASKED, messages * UNMASKED);
        self.listeners.iter_mut().for_each(|listener| listener.got = 0);
        let (mut sent, mut missing) = (0, self.listeners.len());
        let mut events = Vec::with_capacity(1024);
        while missing > 0 {
            while sent < to_send {
                let from = sent % out.len();
                match self.talker.write(&out[from..out.len().min(from + to_send - sent)]) {
                    Ok(count) => sent += count,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => return Err(error),
                }
            }
            // With more to send, it is tried again soon.
            let patience = if sent < to_send { Duration::from_millis(1) } else { PATIENCE };
            let patience = Timespec::try_from(patience).map_err(io::Error::other)?;
            events.clear();
            epoll::wait(&self.poll, rustix::buffer::spare_capacity(&mut events), Some(&patience))?;
            if events.is_empty() && sent >= to_send {
                return Err(io::Error::other("messages are missing"));
            }
            for event in &events {
                let Event { data, .. } = *event;
                missing -= usize::from(self.read(data.u64() as usize)? == Some(to_get));
            }
        }
        Ok(())
    }

    /// Reads what has come for a client; gives how much that is by now in this round, if it is one of those who listen.
    fn read(&mut self, at: usize) -> io::Result<Option<usize>> {
        let mut stream = self.listeners.get(at).map_or(&self.talker, |listener| &listener.stream);
        let count = match stream.read(&mut self.buffer) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(self.listeners.get_mut(at).map(|listener| {
            listener.got += count;
            listener.got
        }))
    }
}
