//! Why bytes are no HTTP head, with a guess at what speaks there instead.

use super::head::{MAX_FIELDS, lines, redact};
use super::printable::printable;

/// How many bytes of what came are shown.
const SHOWN: usize = 64;

/// Why a head could not be read. Text of the peer in it is already safe to print.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// More bytes than the limit, and no end.
    #[error("the HTTP head is longer than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// More than [`MAX_FIELDS`] fields.
    #[error("the HTTP head has more than {limit} header lines")]
    TooManyFields {
        /// The limit.
        limit: usize,
    },
    /// The first bytes can't begin a head.
    #[error("this is not HTTP: {guess} (first bytes: {first})")]
    NotHttp {
        /// What it most probably is.
        guess: Guess,
        /// The first bytes, printable.
        first: String,
    },
    /// A head that breaks the syntax.
    #[error("line {line} of the HTTP head is malformed, {what}: {text}")]
    Malformed {
        /// The line, the first being 1.
        line: usize,
        /// What is wrong with it.
        what: &'static str,
        /// The line, printable, without credentials.
        text: String,
    },
    /// The peer closed before it had sent anything.
    #[error("the connection was closed before anything came")]
    Nothing,
    /// The peer closed in the middle.
    #[error(
        "the connection was closed in the middle of the HTTP head, after {received} byte{}: {first}",
        if *.received == 1 { "" } else { "s" }
    )]
    Ended {
        /// How many bytes had come.
        received: usize,
        /// The first of them, printable.
        first: String,
    },
    /// The peer closed after an interim response.
    #[error("the connection was closed after an interim response ({status}), before the final one")]
    OnlyInterim {
        /// The status of the interim response.
        status: u16,
    },
    /// One interim response after another.
    #[error("more than {limit} interim responses came, and no final one")]
    TooManyInterim {
        /// The limit.
        limit: usize,
    },
}

impl HeadError {
    /// The status with which a server refuses such a request: 431 (RFC 6585, 5) or 400.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::TooLarge { .. } | Self::TooManyFields { .. } => 431,
            _ => 400,
        }
    }

    pub(super) fn not_http(raw: &[u8], guess: Guess) -> Self {
        Self::NotHttp { guess, first: printable(raw, SHOWN) }
    }

    pub(super) fn ended(raw: &[u8]) -> Self {
        match raw.len() {
            0 => Self::Nothing,
            received => Self::Ended { received, first: printable(&redact(raw), SHOWN) },
        }
    }

    pub(super) fn malformed(raw: &[u8], error: httparse::Error) -> Self {
        use httparse::Error as Why;
        let start = lines(raw).position(|line| !line.is_empty()).unwrap_or_default();
        let (index, what) = match error {
            Why::TooManyHeaders => return Self::TooManyFields { limit: MAX_FIELDS },
            Why::Version => (start, "the version is not HTTP/1.1 and a WebSocket handshake needs that"),
            Why::Status => (start, "the status is not three digits and plain text"),
            Why::Token => (start, "a character can't stand in a start line"),
            Why::HeaderName | Why::HeaderValue | Why::NewLine => broken_field(raw, start),
        };
        let shown = redact(lines(raw).nth(index).unwrap_or_default());
        Self::Malformed { line: index + 1, what, text: printable(&shown, SHOWN) }
    }
}

/// The first line behind the start line that is no field. httparse says what is wrong, but not where.
fn broken_field(raw: &[u8], start: usize) -> (usize, &'static str) {
    for (index, line) in lines(raw).enumerate().skip(start + 1).take_while(|(_, line)| !line.is_empty()) {
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            return (index, "it begins with white space");
        }
        let Some(colon) = line.iter().position(|&b| b == b':') else {
            return (index, "it has no colon");
        };
        let (name, value) = line.split_at(colon);
        if !std::str::from_utf8(name).is_ok_and(super::grammar::is_token) {
            return (index, "the header name is not a token");
        }
        if value.iter().any(|&b| b.is_ascii_control() && b != b'\t') {
            return (index, "the header value has a control character");
        }
    }
    (start, "its end or what follows is not HTTP")
}

/// What speaks where HTTP should. `Display` says it in words, with what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guess {
    /// A server sent a TLS record, an alert as a rule.
    TlsServer,
    /// A client sent a TLS record, its first hello.
    TlsClient,
    /// An HTTP/2 frame or preface.
    Http2,
    /// The banner of an SSH server or client.
    Ssh,
    /// The greeting of a mail or FTP server.
    Greeting,
    /// A WebSocket frame, without a handshake before it.
    WebSocketFrame,
    /// Some text.
    Text,
    /// Something else.
    Binary,
}

impl std::fmt::Display for Guess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::TlsServer => "the server speaks TLS here, use wss://",
            Self::TlsClient => "the client speaks TLS, give it a ws:// URL or listen with --cert and --key",
            Self::Http2 => "the peer speaks HTTP/2, and a WebSocket handshake needs HTTP/1.1",
            Self::Ssh => "the peer speaks SSH, check the port",
            Self::Greeting => "this looks like a mail or FTP server, check the port",
            Self::WebSocketFrame => "a WebSocket frame came with no handshake before it",
            Self::Text => "plain text came where the handshake should be, check the port",
            Self::Binary => "binary data came where the handshake should be, check the port",
        })
    }
}

/// What bytes that are not HTTP most probably are; `None` where a few more would tell.
pub(super) fn guess(bytes: &[u8], is_server: bool) -> Option<Guess> {
    const BANNERS: [(&[u8], Guess); 4] = [
        (b"SSH-", Guess::Ssh),
        (b"220 ", Guess::Greeting),
        (b"220-", Guess::Greeting),
        (b"PRI * HTTP/2", Guess::Http2),
    ];
    match *bytes {
        [] | [0x15 | 0x16] => return None,
        [0x15 | 0x16, 0x03, ..] => {
            return Some(if is_server { Guess::TlsServer } else { Guess::TlsClient });
        }
        // FIN and one of the opcodes text, binary, close, ping, pong.
        [0x81 | 0x82 | 0x88 | 0x89 | 0x8a, ..] => return Some(Guess::WebSocketFrame),
        _ => {}
    }
    if bytes[0] == 0 {
        return http2_frame(bytes);
    }
    for (banner, guess) in BANNERS {
        if bytes.starts_with(banner) {
            return Some(guess);
        }
        if banner.starts_with(bytes) {
            return None;
        }
    }
    Some(text_or_binary(bytes))
}

/// The guess where nothing more can be said.
pub(super) fn text_or_binary(bytes: &[u8]) -> Guess {
    let is_text = |b: &u8| !b.is_ascii_control() || b.is_ascii_whitespace();
    if bytes.iter().all(is_text) { Guess::Text } else { Guess::Binary }
}

/// The frame with which an HTTP/2 peer begins: SETTINGS (4) or GOAWAY (7), short, on stream 0 (RFC 9113, 4.1).
fn http2_frame(bytes: &[u8]) -> Option<Guess> {
    let is_possible = bytes.iter().zip(0..).all(|(&byte, at)| match at {
        0 | 5..=8 => byte == 0,
        3 => byte == 4 || byte == 7,
        4 => byte <= 1,
        _ => true,
    });
    match bytes.len() {
        _ if !is_possible => Some(Guess::Binary),
        ..9 => None,
        _ => Some(Guess::Http2),
    }
}
