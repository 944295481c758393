//! The yardstick: the loop one writes by hand when speed is all that counts.
//!
//! Up: read, put headers in, mask, write. Down: read, take headers out, write. No options, no
//! checks, no pings, no patience. It runs as a process of its own, like the programs it measures.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::thread;

use crate::frames::{
    BINARY, CLOSE, FIN, Frames, HEADER_MAX, Inbox, Keys, Piece, TEXT, await_close, mask, push_header, put_header,
};
use crate::handshake;

/// The first argument of a process that is to be the yardstick.
pub(crate) const ARGUMENT: &str = "--yardstick";

/// A normal closure: status 1000, masked with a key of zeros (RFC 6455, 7.4.1).
const CLOSE_FRAME: [u8; 8] = [FIN | CLOSE, 0x82, 0, 0, 0, 0, 0x03, 0xE8];

/// What the command line says, in this order: `connect|listen PORT up|down|both raw|lines
/// READ_BYTES PIPE_BYTES`.
#[derive(Debug)]
struct Setting {
    port: u16,
    lines: bool,
    /// Bytes a read of stdin and of the socket.
    read: usize,
    /// The size stdin and stdout are set to if they are pipes; 0 leaves them alone.
    pipe: usize,
}

/// Runs the yardstick with the arguments after [`ARGUMENT`].
pub(crate) fn run(arguments: &[String]) -> io::Result<()> {
    let [role, port, flow, format, read, pipe] = arguments else {
        return Err(io::Error::other("the yardstick takes six arguments"));
    };
    let number = |text: &String| text.parse::<usize>().map_err(io::Error::other);
    let setting = Setting {
        port: port.parse().map_err(io::Error::other)?,
        lines: format == "lines",
        read: number(read)?,
        pipe: number(pipe)?,
    };
    let (mut socket, already) = open(role, setting.port)?;
    socket.set_nodelay(true)?;
    match flow.as_str() {
        "up" => {
            send(&setting, &mut socket.try_clone()?)?;
            if await_close(&mut socket, &already)? {
                return Ok(());
            }
            Err(io::ErrorKind::UnexpectedEof.into())
        }
        "down" => receive(&setting, &mut socket, &already),
        _ => {
            let mut half = socket.try_clone()?;
            thread::scope(|scope| {
                let sender = scope.spawn(|| send(&setting, &mut half));
                receive(&setting, &mut socket, &already)?;
                sender.join().unwrap_or_else(|_| Err(io::Error::other("the sender panicked")))
            })
        }
    }
}

fn open(role: &str, port: u16) -> io::Result<(TcpStream, Vec<u8>)> {
    if role == "listen" {
        let (mut socket, _) = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?.accept()?;
        let already = handshake::accept(&mut socket)?;
        return Ok((socket, already));
    }
    let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    let already = handshake::connect(&mut socket)?;
    Ok((socket, already))
}

/// stdin or stdout without a buffer in between.
fn unbuffered(stream: impl AsFd, pipe: usize) -> io::Result<File> {
    let file = File::from(stream.as_fd().try_clone_to_owned()?);
    #[cfg(target_os = "linux")]
    if pipe > 0 {
        // Fails where it isn't a pipe, which is as good.
        let _ = rustix::pipe::fcntl_setpipe_size(&file, pipe);
    }
    Ok(file)
}

fn send(setting: &Setting, socket: &mut TcpStream) -> io::Result<()> {
    let mut input = unbuffered(io::stdin(), setting.pipe)?;
    if setting.lines {
        send_lines(setting.read, &mut input, socket)?;
    } else {
        send_chunks(setting.read, &mut input, socket)?;
    }
    socket.write_all(&CLOSE_FRAME)
}

/// One frame a read; the header goes into the room before the payload.
fn send_chunks(size: usize, input: &mut File, socket: &mut TcpStream) -> io::Result<()> {
    let mut keys = Keys(2);
    let mut room = vec![0; HEADER_MAX + size];
    loop {
        let got = input.read(&mut room[HEADER_MAX..])?;
        if got == 0 {
            return Ok(());
        }
        let key = keys.key();
        mask(&mut room[HEADER_MAX..HEADER_MAX + got], key);
        let mut header = [0; HEADER_MAX];
        let used = put_header(&mut header, FIN | BINARY, got as u64, Some(key));
        room[HEADER_MAX - used..HEADER_MAX].copy_from_slice(&header[..used]);
        socket.write_all(&room[HEADER_MAX - used..HEADER_MAX + got])?;
    }
}

/// One frame a line, one write a read. A line longer than the buffer leaves in fragments.
fn send_lines(size: usize, input: &mut File, socket: &mut TcpStream) -> io::Result<()> {
    let mut keys = Keys(2);
    let mut room = vec![0; size];
    let mut out = Vec::with_capacity(4 * size);
    let (mut filled, mut opcode) = (0, TEXT);
    let mut push = |out: &mut Vec<u8>, first: u8, payload: &[u8]| {
        let key = keys.key();
        push_header(out, first, payload.len() as u64, Some(key));
        let start = out.len();
        out.extend_from_slice(payload);
        mask(&mut out[start..], key);
    };
    loop {
        let got = input.read(&mut room[filled..])?;
        if got == 0 {
            if filled > 0 || opcode == 0 {
                push(&mut out, FIN | opcode, &room[..filled]);
            }
            return socket.write_all(&out);
        }
        filled += got;
        let mut start = 0;
        while let Some(length) = memchr::memchr(b'\n', &room[start..filled]) {
            push(&mut out, FIN | opcode, &room[start..start + length]);
            (start, opcode) = (start + length + 1, TEXT);
        }
        if start == 0 && filled == size {
            push(&mut out, opcode, &room);
            (start, opcode) = (filled, 0);
        }
        room.copy_within(start..filled, 0);
        filled -= start;
        socket.write_all(&out)?;
        out.clear();
    }
}

fn receive(setting: &Setting, socket: &mut TcpStream, already: &[u8]) -> io::Result<()> {
    let mut output = unbuffered(io::stdout(), setting.pipe)?;
    let mut inbox = Inbox::new(setting.read, already);
    let mut frames = Frames::default();
    let mut out = Vec::with_capacity(2 * setting.read);
    loop {
        let mut at = 0;
        let bytes = inbox.bytes();
        while let Some(piece) = frames.next(bytes, &mut at) {
            if piece.opcode() == CLOSE {
                output.write_all(&out)?;
                // Not answered a second time by a peer that is closing already.
                let _ = socket.write_all(&CLOSE_FRAME);
                return Ok(());
            }
            let payload = unmasked(bytes, &piece);
            if setting.lines {
                out.extend_from_slice(payload);
                if piece.ends_message() {
                    out.push(b'\n');
                }
            } else {
                output.write_all(payload)?;
            }
        }
        output.write_all(&out)?;
        out.clear();
        if !inbox.refill(at, socket)? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

fn unmasked<'a>(bytes: &'a mut [u8], piece: &Piece) -> &'a [u8] {
    let payload = &mut bytes[piece.start..piece.end];
    if let Some(key) = piece.key {
        mask(payload, key);
    }
    payload
}
