//! A header line as `-H` takes it.
//!
//! Invariant: a [`Header`] can be put on the wire as it is: its name is a token, its value holds no line end, and it
//! is none of those that the handshake itself is made of.

use std::fmt;
use std::str::FromStr;

use super::grammar::{self, Misplaced};
use super::head::is_secret;

/// `Name: value`, or `Name:` to leave out a header that would be sent by itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Header {
    name: String,
    value: Option<String>,
}

/// Why a text is no header that can be given. No message shows a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// No colon, and no semicolon at the end.
    #[error(
        "the header has no colon: write -H 'Name: value', 'Name:' to leave out a default header, or 'Name;' to send it empty"
    )]
    NoColon,
    /// Nothing before the colon.
    #[error("the header has no name: write -H 'Name: value'")]
    NoName,
    /// A character in the name.
    #[error("the header name has {0}: a name is made of letters, digits and !#$%&'*+-.^_`|~")]
    Name(Misplaced),
    /// A control character in the value.
    #[error("the value of header `{name}` has {found}: control characters other than tabs can't be sent")]
    Value {
        /// The header.
        name: String,
        /// The character; its position counts from the start of the whole text.
        found: Misplaced,
    },
    /// A header that the handshake is made of.
    #[error("header `{name}` belongs to the handshake and can't be set with -H: {advice}")]
    Reserved {
        /// The header.
        name: String,
        /// What to do instead.
        advice: &'static str,
    },
    /// `Host:`, without a value.
    #[error("header `Host` can't be left out: HTTP/1.1 asks for it; give another one with --host")]
    NoHost,
}

impl Header {
    /// The name, in the case given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value, without white space around it; `None` asks to leave the default header of this name out.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// Whether this header is called `name`, in any case.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

impl fmt::Debug for Header {
    /// The line as it is sent, without credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value() {
            Some(_) if is_secret(self.name.as_bytes()) => write!(f, "{}: ***", self.name),
            Some(value) => write!(f, "{}: {value:?}", self.name),
            None => write!(f, "{}:", self.name),
        }
    }
}

/// `Name: value`. As in curl, `Name;` gives an empty value and `Name:` leaves a default header out.
impl FromStr for Header {
    type Err = HeaderError;

    fn from_str(text: &str) -> Result<Self, HeaderError> {
        let (name, value) = match text.split_once(':') {
            Some((name, value)) => (name, Some(value.trim_matches([' ', '\t'])).filter(|value| !value.is_empty())),
            None => (text.strip_suffix(';').ok_or(HeaderError::NoColon)?, Some("")),
        };
        if name.is_empty() {
            return Err(HeaderError::NoName);
        }
        if let Some(found) = grammar::outside_token(name) {
            return Err(HeaderError::Name(found));
        }
        check_reserved(name, value)?;
        if let Some(found) = grammar::outside_value(text) {
            return Err(HeaderError::Value { name: name.to_owned(), found });
        }
        Ok(Self { name: name.to_owned(), value: value.map(str::to_owned) })
    }
}

fn check_reserved(name: &str, value: Option<&str>) -> Result<(), HeaderError> {
    const RESERVED: [(&str, &str); 7] = [
        ("Sec-WebSocket-Key", "wspipe makes a new one for each connection; `wspipe inspect URL` shows it"),
        ("Sec-WebSocket-Version", "it is always 13"),
        ("Sec-WebSocket-Accept", "the server computes it from the key, as `wspipe inspect --key KEY` does"),
        ("Sec-WebSocket-Extensions", "use --compress"),
        ("Sec-WebSocket-Protocol", "use -s/--subprotocol"),
        ("Connection", "it is always `Upgrade`"),
        ("Upgrade", "it is always `websocket`"),
    ];
    if let Some((name, advice)) = RESERVED.into_iter().find(|(own, _)| own.eq_ignore_ascii_case(name)) {
        return Err(HeaderError::Reserved { name: name.to_owned(), advice });
    }
    if name.eq_ignore_ascii_case("Host") && value.is_none() {
        return Err(HeaderError::NoHost);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms() {
        for (text, name, value) in [
            ("X-A: b", "X-A", Some("b")),
            ("x-a:b: c", "x-a", Some("b: c")),
            ("X:\t ü\ty \t", "X", Some("ü\ty")),
            ("Origin:", "Origin", None),
            ("Origin:  ", "Origin", None),
            ("X-Empty;", "X-Empty", Some("")),
            ("Host: h", "Host", Some("h")),
            ("X: a;", "X", Some("a;")),
        ] {
            let header: Header = text.parse().unwrap();
            assert_eq!((header.name(), header.value()), (name, value), "{text}");
        }
        assert!("X-A: b".parse::<Header>().unwrap().is("x-a"));
    }

    #[test]
    fn errors_say_which_character_and_what_to_do() {
        let reserved =
            |name, advice| format!("header `{name}` belongs to the handshake and can't be set with -H: {advice}");
        for (text, message) in [
            ("X-A", "the header has no colon: write -H 'Name: value', 'Name:' to leave out a default header, or 'Name;' to send it empty".into()),
            ("", "the header has no colon: write -H 'Name: value', 'Name:' to leave out a default header, or 'Name;' to send it empty".into()),
            (": x", "the header has no name: write -H 'Name: value'".into()),
            (";", "the header has no name: write -H 'Name: value'".into()),
            ("X A: b", "the header name has a space at position 2: a name is made of letters, digits and !#$%&'*+-.^_`|~".into()),
            ("Ü: b", "the header name has `Ü` at position 1: a name is made of letters, digits and !#$%&'*+-.^_`|~".into()),
            ("X-A: é\r\nB: c", "the value of header `X-A` has a carriage return at position 7: control characters other than tabs can't be sent".into()),
            ("X: \0", "the value of header `X` has the character U+0000 at position 4: control characters other than tabs can't be sent".into()),
            ("X:\n", "the value of header `X` has a line feed at position 3: control characters other than tabs can't be sent".into()),
            ("sec-websocket-key: x", reserved("Sec-WebSocket-Key", "wspipe makes a new one for each connection; `wspipe inspect URL` shows it")),
            ("Sec-WebSocket-Version: 8", reserved("Sec-WebSocket-Version", "it is always 13")),
            ("Sec-WebSocket-Accept: x", reserved("Sec-WebSocket-Accept", "the server computes it from the key, as `wspipe inspect --key KEY` does")),
            ("Sec-WebSocket-Extensions: x", reserved("Sec-WebSocket-Extensions", "use --compress")),
            ("Sec-WebSocket-Protocol: x", reserved("Sec-WebSocket-Protocol", "use -s/--subprotocol")),
            ("CONNECTION: close", reserved("Connection", "it is always `Upgrade`")),
            ("Upgrade:", reserved("Upgrade", "it is always `websocket`")),
            ("host:", "header `Host` can't be left out: HTTP/1.1 asks for it; give another one with --host".into()),
        ] {
            assert_eq!(text.parse::<Header>().unwrap_err().to_string(), message, "{text:?}");
        }
    }

    #[test]
    fn debug_shows_no_credentials() {
        let shown = |text: &str| format!("{:?}", text.parse::<Header>().unwrap());
        assert_eq!(shown("authorization: Bearer t0k"), "authorization: ***");
        assert_eq!(shown("X: y"), "X: \"y\"");
        assert_eq!(shown("Cookie:"), "Cookie:");
    }
}
