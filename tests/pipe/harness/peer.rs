//! The other end of a connection, which does exactly what a test says.

use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use tungstenite::handshake::derive_accept_key;

use super::{BINARY, CLOSE, FIN, FULL, Frame, PATIENCE, PING, PONG, TEXT};

/// The key of every request that a test sends; the one of RFC 6455, 1.3.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// A TCP connection to the program, as either of the two roles.
#[derive(Debug)]
pub(crate) struct Peer {
    stream: BufReader<TcpStream>,
    is_client: bool,
}

impl Peer {
    pub(super) fn new(stream: TcpStream, is_client: bool) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket takes a time-out");
        stream.set_write_timeout(Some(PATIENCE)).expect("a socket takes a time-out");
        // Sockets of the file system, which have no such option, send at once.
        let _ = stream.set_nodelay(true);
        Peer { stream: BufReader::with_capacity(64 << 10, stream), is_client }
    }

    /// Connects to a server at this URL, and says nothing yet.
    pub(crate) fn connect(url: &str) -> Self {
        if let Some(path) = url.strip_prefix("ws+unix:") {
            let (path, _) = path.rsplit_once(":/").expect("a URL has a path");
            let stream = UnixStream::connect(path).expect("the server listens");
            return Peer::new(OwnedFd::from(stream).into(), true);
        }
        let (address, _) = url.trim_start_matches("ws://").split_once('/').expect("a URL has a path");
        Peer::new(TcpStream::connect(address).expect("the server listens"), true)
    }

    /// Connects to a server at this URL and opens a session.
    pub(crate) fn open(url: &str) -> Self {
        let mut peer = Peer::connect(url);
        peer.request("/", "");
        let answer = peer.head();
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
        peer
    }

    /// Sends a good request for `path`, with these header lines besides.
    pub(crate) fn request(&mut self, path: &str, more: &str) {
        self.send(good_request(path, more));
    }

    /// Reads a head up to its empty line.
    pub(crate) fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.stream.read_exact(&mut byte).expect("a head comes to its end");
            head.push(byte[0]);
        }
        String::from_utf8(head).expect("a head is text")
    }

    /// Reads a request and accepts it, with these header lines besides; gives the request.
    pub(crate) fn accept(&mut self, more: &str) -> String {
        let request = self.head();
        self.switch(&request, more);
        request
    }

    /// Reads a request, and gives the answer that accepts it.
    pub(crate) fn answer_to_request(&mut self) -> String {
        switching_protocols(&self.head(), "")
    }

    /// Accepts a request, with these header lines besides.
    pub(crate) fn switch(&mut self, request: &str, more: &str) {
        self.send(switching_protocols(request, more));
    }

    /// Sends bytes as they are.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.get_mut().write_all(bytes.as_ref()).expect("the program reads");
    }

    /// Sends bytes as far as the program takes them, for it may have ended; whether it took them all.
    pub(crate) fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.get_mut().write_all(bytes.as_ref()).is_ok()
    }

    /// Sends long messages until the program reads no more, or has ended. Nothing else can be sent after them.
    pub(crate) fn fill(&mut self) {
        let message = self.bytes(FIN | TEXT, [b'x'; 1000]);
        let messages = message.repeat(60);
        let stream = self.stream.get_mut();
        stream.set_write_timeout(Some(FULL)).expect("a socket takes a time-out");
        while stream.write_all(&messages).is_ok() {}
    }

    /// The bytes of a frame as this role has to send it: a client masks.
    pub(crate) fn bytes(&self, first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
        let frame = Frame::new(first, payload);
        Frame { masked: self.is_client, ..frame }.bytes()
    }

    /// Sends a frame as this role has to.
    pub(crate) fn frame(&mut self, first: u8, payload: impl AsRef<[u8]>) {
        self.send(self.bytes(first, payload));
    }

    /// Sends a text message.
    pub(crate) fn text(&mut self, text: impl AsRef<[u8]>) {
        self.frame(FIN | TEXT, text);
    }

    /// Sends a binary message.
    pub(crate) fn binary(&mut self, bytes: impl AsRef<[u8]>) {
        self.frame(FIN | BINARY, bytes);
    }

    /// Sends a Ping.
    pub(crate) fn ping(&mut self, payload: impl AsRef<[u8]>) {
        self.frame(FIN | PING, payload);
    }

    /// Sends a Close.
    pub(crate) fn close(&mut self, code: u16, reason: &str) {
        let payload = [&code.to_be_bytes(), reason.as_bytes()].concat();
        self.frame(FIN | CLOSE, payload);
    }

    /// Reads so many bytes as they are.
    pub(crate) fn read_exactly(&mut self, bytes: &mut [u8]) {
        self.stream.read_exact(bytes).expect("so many bytes come");
    }

    /// Reads a frame, which must be masked by a client and only by a client; none at the end of the connection.
    #[track_caller]
    pub(crate) fn next(&mut self) -> Option<Frame> {
        let frame = Frame::read(&mut self.stream).expect("the connection goes on, or ends between frames")?;
        assert_ne!(frame.masked, self.is_client, "who masks: {frame:?}");
        Some(frame)
    }

    /// Reads a frame, of which there must be one.
    #[track_caller]
    pub(crate) fn read(&mut self) -> Frame {
        self.next().expect("the connection ended, and a frame was due")
    }

    /// Reads a message; gives its opcode, its payload and the number of its frames.
    #[track_caller]
    pub(crate) fn message(&mut self) -> (u8, Vec<u8>, usize) {
        let first = self.read();
        assert!([TEXT, BINARY].contains(&first.opcode()), "no message begins: {first:?}");
        let (opcode, mut is_final, mut payload, mut frames) = (first.opcode(), first.is_final(), first.payload, 1);
        while !is_final {
            let next = self.read();
            assert_eq!(next.opcode(), 0, "the message does not go on: {next:?}");
            is_final = next.is_final();
            payload.extend(next.payload);
            frames += 1;
        }
        (opcode, payload, frames)
    }

    /// Reads a frame, which must be this text message.
    #[track_caller]
    pub(crate) fn expect_text(&mut self, text: impl AsRef<[u8]>) {
        let frame = self.read();
        let is_it = frame.first == FIN | TEXT && frame.payload == text.as_ref();
        assert!(is_it, "expected {:?}: {frame:?}", String::from_utf8_lossy(text.as_ref()));
    }

    /// Reads a frame, which must be a Pong with this payload.
    #[track_caller]
    pub(crate) fn expect_pong(&mut self, payload: impl AsRef<[u8]>) {
        let frame = self.read();
        let is_it = frame.first == FIN | PONG && frame.payload == payload.as_ref();
        assert!(is_it, "expected a Pong with {:?}: {frame:?}", payload.as_ref());
    }

    /// Reads a frame, which must be a Close with this code.
    #[track_caller]
    pub(crate) fn expect_close(&mut self, code: u16) -> Frame {
        let frame = self.read();
        let is_it = frame.first == FIN | CLOSE && frame.close_code() == Some(code);
        assert!(is_it, "expected a Close {code}: {frame:?}");
        frame
    }

    /// Reads a Close with this code and answers it; the program then ends the connection, or waits that we do.
    #[track_caller]
    pub(crate) fn finish(mut self, code: u16) {
        self.expect_close(code);
        self.close(code, "");
    }

    /// Sends a Close and waits for the answer, with the same code.
    #[track_caller]
    pub(crate) fn finish_first(mut self, code: u16) {
        self.close(code, "");
        self.expect_close(code);
    }

    /// Nothing more comes but the end, in whatever way.
    #[track_caller]
    pub(crate) fn expect_end(&mut self) {
        let mut rest = [0; 100];
        let count = self.stream.read(&mut rest).unwrap_or(0);
        assert_eq!(count, 0, "more came: {:?}", String::from_utf8_lossy(&rest[..count]));
    }

    /// All that still comes, up to the end in whatever way.
    pub(crate) fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        let _ = self.stream.read_to_end(&mut rest);
        String::from_utf8_lossy(&rest).into_owned()
    }

    /// Ends this direction; the other goes on.
    pub(crate) fn half_close(&mut self) {
        self.stream.get_mut().shutdown(Shutdown::Write).expect("the connection is there");
    }

    /// Breaks the connection by a reset.
    pub(crate) fn reset(self) {
        rustix::net::sockopt::set_socket_linger(self.stream.get_ref(), Some(Duration::ZERO))
            .expect("a socket takes an option");
    }

    /// A second handle, for another thread to send by.
    pub(crate) fn sender(&self) -> Peer {
        let stream = self.stream.get_ref().try_clone().expect("there are descriptors left");
        Peer::new(stream, self.is_client)
    }
}

/// A good request for `path`, with these header lines besides.
pub(crate) fn good_request(path: &str, more: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n{more}\r\n"
    )
}

/// The answer that accepts a request.
pub(crate) fn switching_protocols(request: &str, more: &str) -> String {
    let accept = derive_accept_key(field(request, "Sec-WebSocket-Key").as_bytes());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n{more}\r\n"
    )
}

fn field<'a>(head: &'a str, name: &str) -> &'a str {
    let values = head.lines().filter_map(|line| line.split_once(": "));
    let mut values = values.filter(|(other, _)| other.eq_ignore_ascii_case(name));
    values.next().expect("the field is there").1
}
