//! The buffers that TLS reads and writes, and the two halves that stand on them.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use native_tls::TlsStream;

use super::TlsError;
use crate::net::Connection;
use crate::net::connection::Layer;

/// How much one read of the socket can bring, in bytes.
const INCOMING: usize = 256 << 10;
/// How much is encrypted before it is written: several records (RFC 8446, 5.1: 16 KiB each), and little enough that the
/// other direction does not wait for long.
const OUTGOING: usize = 128 << 10;

/// What native-tls takes for a stream: it never waits.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory(Arc<Mutex<Buffers>>);

#[derive(Debug, Default)]
struct Buffers {
    /// What has come, of which `start..end` is not taken yet.
    incoming: Box<[u8]>,
    start: usize,
    end: usize,
    /// Nothing more will come.
    ended: bool,
    outgoing: Vec<u8>,
}

impl Memory {
    fn lock(&self) -> MutexGuard<'_, Buffers> {
        lock(&self.0)
    }

    /// Puts what has come where TLS finds it; gives the buffer from before, all of which has been taken.
    fn feed(&self, incoming: Box<[u8]>, count: usize) -> Box<[u8]> {
        let mut buffers = self.lock();
        debug_assert_eq!(buffers.start, buffers.end, "TLS takes all there is before it asks for more");
        (buffers.start, buffers.end, buffers.ended) = (0, count, count == 0);
        std::mem::replace(&mut buffers.incoming, incoming)
    }

    /// Whether nothing more will come.
    pub(super) fn has_ended(&self) -> bool {
        self.lock().ended
    }

    /// Whether there is something to be sent.
    fn has_outgoing(&self) -> bool {
        !self.lock().outgoing.is_empty()
    }

    /// Takes what is to be sent, and leaves `spare` to be filled.
    fn take_outgoing(&self, spare: Vec<u8>) -> Vec<u8> {
        std::mem::replace(&mut self.lock().outgoing, spare)
    }
}

impl Read for Memory {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let mut buffers = self.lock();
        let Buffers { incoming, start, end, ended, .. } = &mut *buffers;
        let count = space.len().min(*end - *start);
        if count == 0 && !*ended {
            return Err(ErrorKind::WouldBlock.into());
        }
        space[..count].copy_from_slice(&incoming[*start..*start + count]);
        *start += count;
        Ok(count)
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lock().outgoing.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Sends what the handshake has to say.
pub(super) fn transmit(
    memory: &Memory,
    connection: &mut Connection,
    deadline: Option<Instant>,
) -> Result<(), TlsError> {
    let outgoing = memory.take_outgoing(Vec::new());
    if outgoing.is_empty() {
        return Ok(());
    }
    connection.write_by(&outgoing, deadline).map_err(|error| TlsError::waiting(&error))
}

/// Receives what the handshake waits for.
pub(super) fn receive(
    memory: &Memory,
    connection: &mut Connection,
    deadline: Option<Instant>,
    seen: &mut impl FnMut(&[u8]),
) -> Result<(), TlsError> {
    let mut incoming = vec![0; 16 << 10].into_boxed_slice();
    let count = loop {
        connection.line.set_read_timeout(left(deadline)?).map_err(|error| TlsError::io(&error))?;
        match connection.reader.read(&mut incoming) {
            Ok(count) => break count,
            Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break 0,
            Err(error) => return Err(TlsError::io(&error)),
        }
    };
    seen(&incoming[..count]);
    memory.feed(incoming, count);
    Ok(())
}

fn left(deadline: Option<Instant>) -> Result<Option<Duration>, TlsError> {
    let Some(deadline) = deadline else { return Ok(None) };
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(TlsError::timed_out()) } else { Ok(Some(left)) }
}

/// A connection over one that TLS has been agreed on for.
pub(super) fn into_connection(stream: TlsStream<Memory>, memory: Memory, below: Connection) -> Connection {
    let Connection { reader, writer, line } = below;
    let tls = Arc::new(Tls {
        stream: Mutex::new(stream),
        fed: Condvar::new(),
        memory,
        way_out: Mutex::new(WayOut::new(writer)),
    });
    let reader = TlsReader { tls: Arc::clone(&tls), below: reader, spare: Box::default(), end: None };
    let line = line.under(Arc::clone(&tls) as Arc<dyn Layer>);
    Connection { reader: Box::new(reader), writer: Box::new(TlsWriter(tls)), line }
}

/// What both halves share. Whoever holds the stream never waits for anything.
struct Tls {
    stream: Mutex<TlsStream<Memory>>,
    /// The reading side has fed the stream.
    fed: Condvar,
    memory: Memory,
    /// Held by whoever sends, so that records leave in the order in which they were made; the reading side only tries.
    way_out: Mutex<WayOut>,
}

struct WayOut {
    below: Box<dyn Write + Send>,
    spare: Vec<u8>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl WayOut {
    fn new(below: Box<dyn Write + Send>) -> Self {
        WayOut { below, spare: Vec::new() }
    }

    /// Sends all records that have been made.
    fn send(&mut self, memory: &Memory) -> io::Result<()> {
        let outgoing = memory.take_outgoing(std::mem::take(&mut self.spare));
        let sent = if outgoing.is_empty() { Ok(()) } else { self.below.write_all(&outgoing) };
        self.spare = outgoing;
        self.spare.clear();
        sent
    }
}

impl Tls {
    /// Takes what can be read now: whole records, as many as there are and fit.
    fn read(&self, space: &mut [u8]) -> io::Result<usize> {
        let mut stream = lock(&self.stream);
        let mut filled = 0;
        let result = loop {
            match stream.read(&mut space[filled..]) {
                Ok(count) if count > 0 => filled += count,
                result => break result,
            }
            if filled == space.len() {
                break Ok(filled);
            }
        };
        drop(stream);
        self.fed.notify_all();
        // What went wrong behind it is found again by the next read.
        if filled > 0 { Ok(filled) } else { result }
    }

    /// Makes records of what there is to say. Those that have to leave before it can go on are sent by `way_out`.
    fn encrypt(&self, bytes: &[u8], way_out: &mut WayOut) -> io::Result<usize> {
        let mut stream = lock(&self.stream);
        let mut written = 0;
        while written < bytes.len() {
            match stream.write(&bytes[written..]) {
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock && written == 0 => {
                    // Only a new handshake inside the session, as TLS 1.2 has it, waits for the peer here; and the peer may
                    // wait for what the reading side has made meanwhile, and can't send while the way out is held.
                    if self.memory.has_outgoing() {
                        drop(stream);
                        way_out.send(&self.memory)?;
                        stream = lock(&self.stream);
                    } else {
                        stream = self.fed.wait(stream).unwrap_or_else(PoisonError::into_inner);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(written)
    }

    /// Sends what TLS itself has to say (a new key, an alert), if nobody else is sending: who does looks for it afterwards.
    fn answer(&self) {
        if self.memory.has_outgoing()
            && let Ok(mut way_out) = self.way_out.try_lock()
        {
            // If it fails, the next read or write does, too.
            let _ = way_out.send(&self.memory);
        }
    }
}

impl Layer for Tls {
    /// `close_notify` (RFC 8446, 6.1), unless the sending side still waits for the peer.
    fn say_goodbye(&self) {
        if let Ok(mut way_out) = self.way_out.try_lock() {
            let _ = lock(&self.stream).shutdown();
            let _ = way_out.send(&self.memory);
        }
    }
}

struct TlsReader {
    tls: Arc<Tls>,
    below: Box<dyn Read + Send>,
    /// What the socket is read into, while TLS has the other one.
    spare: Box<[u8]>,
    /// How the connection below ended.
    end: Option<io::ErrorKind>,
}

impl Read for TlsReader {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.tls.read(space) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                result => return result,
            }
            self.tls.answer();
            if let Some(kind) = self.end {
                return Err(kind.into());
            }
            if self.spare.is_empty() {
                self.spare = vec![0; INCOMING.min(space.len().max(16 << 10))].into();
            }
            let count = self.below.read(&mut self.spare)?;
            if count == 0 {
                self.end = Some(ErrorKind::UnexpectedEof);
            }
            self.spare = self.tls.memory.feed(std::mem::take(&mut self.spare), count);
        }
    }
}

struct TlsWriter(Arc<Tls>);

impl Write for TlsWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut way_out = lock(&self.0.way_out);
        let written = self.0.encrypt(&bytes[..bytes.len().min(OUTGOING)], &mut way_out)?;
        way_out.send(&self.0.memory)?;
        drop(way_out);
        self.0.answer();
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        lock(&self.0.way_out).send(&self.0.memory)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that holds one of these panics half-way.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
