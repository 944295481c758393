//! What had to be done to a capture to be able to read it.

use std::fmt;

/// Something about a capture that says nothing about the wire. `Display` tells it in a sentence without a full stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// The capture was in UTF-16.
    Utf16,
    /// Line ends were written out as `\r\n`.
    WrittenOut,
    /// Marks before the lines say who sent them, or quote them.
    Marks,
    /// What curl says besides the heads.
    Comments,
    /// Names and values stood on lines of their own.
    Joined,
    /// Empty lines ahead of the first head.
    LeadingBlank,
    /// Text that belongs to no head; its first line, printable.
    Around(String),
    /// The browser does not know all of the request.
    Provisional,
    /// So many requests or responses are there, and another one counts.
    Others {
        /// `requests` or `responses`.
        what: &'static str,
        /// How many there are.
        count: usize,
    },
    /// Lines end in a line feed alone.
    LineFeeds,
    /// Some lines do, others don't.
    SomeLineFeeds,
    /// Lines were indented.
    Indentation,
    /// White space stood at the end of the start line.
    TrailingSpace,
    /// No empty line ends the head.
    NoEmptyLine,
    /// Header lines stand behind the empty line that ends the head.
    Behind,
    /// There is no request line or status line; what stands for it, and whether the capture says so.
    NoStartLine {
        /// `request line` or `status line`.
        what: &'static str,
        /// The line that was read in its place, printable.
        instead: String,
        /// Whether a browser's summary or HTTP/2's fields say what it has to be.
        is_told: bool,
    },
    /// Fields of HTTP/2, such as `:authority`.
    Http2Fields,
    /// The request line names a whole URL, as browsers show it.
    WholeUrl,
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Utf16 => "the text was in UTF-16",
            Self::WrittenOut => "line ends written out as `\\r\\n` were taken for line ends",
            Self::Marks => "the marks before the lines were taken off",
            Self::Comments => "curl's remarks were left out",
            Self::Joined => "names and values on lines of their own were joined",
            Self::LeadingBlank => "empty lines ahead of the first head were left out",
            Self::Around(first) => return write!(f, "text that belongs to no head was left out: `{first}`"),
            Self::Provisional => {
                "the browser shows provisional headers: those that are missing here may have been on the wire"
            }
            Self::Others { what, count } => return write!(f, "there are {count} {what}, and the last one counts"),
            Self::LineFeeds => "lines end in LF, as pasted text does: on the wire they end in CRLF (RFC 9112, 2.2)",
            Self::SomeLineFeeds => {
                "some lines end in LF and others in CRLF: if that was so on the wire, the sender is wrong (RFC 9112, 2.2)"
            }
            Self::Indentation => "indentation was taken off",
            Self::TrailingSpace => {
                "white space behind the start line was left out: if it was on the wire, the peer may refuse (RFC 9112, 3 and 4)"
            }
            Self::NoEmptyLine => "no empty line ends the head: on the wire one does (RFC 9112, 2.1)",
            Self::Behind => {
                "header lines stand behind the empty line that ends the head: on the wire they are no part of it"
            }
            Self::NoStartLine { what, instead, is_told: true } => {
                return write!(f, "there is no {what}: by what the browser tells, it was `{instead}`");
            }
            Self::NoStartLine { what, instead, is_told: false } => {
                return write!(f, "there is no {what}: `{instead}` was read in its place");
            }
            Self::Http2Fields => {
                "`:authority` and the like are HTTP/2's: a handshake over HTTP/2 goes by RFC 8441, one over HTTP/1.1 has none"
            }
            Self::WholeUrl => {
                "the request line names a ws URL, as browsers show it: on the wire stands its path (RFC 6455, 4.1 (2))"
            }
        })
    }
}
