//! Closing as data: the code and the reason of a Close frame (RFC 6455, 5.5.1 and 7.4).

use std::fmt::{self, Write};

use thiserror::Error;

use super::Violation;

/// The content of a Close frame. Without a code the frame is empty, which a receiver sees as 1005.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Close {
    /// The status code, if one was given.
    pub code: Option<u16>,
    /// The reason, at most [`Close::MAX_REASON`] bytes of UTF-8; empty without a code.
    pub reason: String,
}

impl Close {
    /// The longest reason in bytes: a control frame's payload is 125 bytes at most, and two are the code.
    pub const MAX_REASON: usize = 123;

    /// A Close with a code, and a reason that is cut at a character's end if it is too long.
    #[must_use]
    pub fn new(code: u16, reason: &str) -> Self {
        let mut end = reason.len().min(Self::MAX_REASON);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        Close { code: Some(code), reason: reason[..end].to_owned() }
    }

    /// Reads a Close frame's payload.
    ///
    /// # Errors
    /// A payload of one byte, a code that must not be on the wire (RFC 6455, 7.4), or a reason that is not UTF-8.
    pub fn from_payload(payload: &[u8]) -> Result<Self, Violation> {
        let Some((code, reason)) = payload.split_first_chunk::<2>() else {
            return if payload.is_empty() { Ok(Close::default()) } else { Err(Violation::CloseTooShort) };
        };
        let code = u16::from_be_bytes(*code);
        check_received(code)?;
        let reason = std::str::from_utf8(reason).map_err(|_| Violation::CloseReasonNotUtf8)?;
        Ok(Close { code: Some(code), reason: reason.to_owned() })
    }

    /// Appends the payload of the Close frame.
    pub fn write_payload(&self, out: &mut Vec<u8>) {
        if let Some(code) = self.code {
            out.extend_from_slice(&code.to_be_bytes());
            out.extend_from_slice(self.reason.as_bytes());
        }
    }

    /// Whether this says that all went well: 1000, 1001, or no code at all.
    #[must_use]
    pub fn is_normal(&self) -> bool {
        matches!(self.code, None | Some(1000 | 1001))
    }

    /// Whether this says that its sender has nothing more to send: 1000, or no code at all.
    #[must_use]
    pub fn is_planned(&self) -> bool {
        matches!(self.code, None | Some(1000))
    }

    /// Checks a code and a reason that a user wants to send.
    ///
    /// # Errors
    /// A code that an endpoint must not send (RFC 6455, 7.4.1), or a reason that does not fit.
    pub fn checked(code: u16, reason: &str) -> Result<Self, CloseCodeError> {
        if !is_sendable(code) {
            return Err(CloseCodeError::Code(code));
        }
        if reason.len() > Self::MAX_REASON {
            return Err(CloseCodeError::Reason(reason.len()));
        }
        Ok(Close { code: Some(code), reason: reason.to_owned() })
    }
}

impl fmt::Display for Close {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            None => write!(f, "no code"),
            Some(code) => match code_name(code) {
                Some(name) => write!(f, "{code} ({name})"),
                None => write!(f, "{code}"),
            },
        }?;
        if self.reason.is_empty() {
            return Ok(());
        }
        f.write_str(": ")?;
        // Quotes are harmless, and words have them.
        self.reason.chars().try_for_each(|c| match c {
            '"' | '\'' => f.write_char(c),
            c => c.escape_debug().try_for_each(|c| f.write_char(c)),
        })
    }
}

/// Why a code or a reason can't be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CloseCodeError {
    /// The code is reserved, or outside the ranges that may be sent.
    #[error("close code {0} must not be sent: use 1000–1003, 1007–1014 or 3000–4999 (RFC 6455, 7.4)")]
    Code(u16),
    /// The reason is longer than a control frame holds.
    #[error("the close reason has {0} bytes; a Close frame holds at most 123 (RFC 6455, 5.5)")]
    Reason(usize),
}

/// What the registered close codes mean (RFC 6455, 7.4.1, and IANA's registry).
#[must_use]
pub fn code_name(code: u16) -> Option<&'static str> {
    Some(match code {
        1000 => "normal closure",
        1001 => "going away",
        1002 => "protocol error",
        1003 => "unsupported data",
        1005 => "no code",
        1006 => "abnormal closure",
        1007 => "invalid payload data",
        1008 => "policy violation",
        1009 => "message too big",
        1010 => "mandatory extension missing",
        1011 => "internal server error",
        1012 => "service restart",
        1013 => "try again later",
        1014 => "bad gateway",
        1015 => "TLS handshake failed",
        3000 => "unauthorized",
        3003 => "forbidden",
        3008 => "timeout",
        _ => return None,
    })
}

/// Codes that may stand in a Close frame: 1004–1006 and 1015 are reserved, the rest below 3000 is unassigned.
fn is_sendable(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

fn check_received(code: u16) -> Result<(), Violation> {
    if is_sendable(code) { Ok(()) } else { Err(Violation::CloseCode(code)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_round_trip() {
        for (payload, code, reason) in
            [(&b""[..], None, ""), (b"\x03\xe8", Some(1000), ""), (b"\x0f\xa0bye \xe2\x9c\x93", Some(4000), "bye ✓")]
        {
            let close = Close::from_payload(payload).unwrap();
            assert_eq!(close, Close { code, reason: reason.into() });
            let mut written = Vec::new();
            close.write_payload(&mut written);
            assert_eq!(written, payload);
        }
    }

    #[test]
    fn bad_payloads_are_violations() {
        assert_eq!(Close::from_payload(b"\x03"), Err(Violation::CloseTooShort));
        assert_eq!(Close::from_payload(b"\x03\xe8\xff"), Err(Violation::CloseReasonNotUtf8));
        for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535] {
            assert_eq!(Close::from_payload(&u16::to_be_bytes(code)), Err(Violation::CloseCode(code)));
            assert_eq!(Close::checked(code, ""), Err(CloseCodeError::Code(code)));
        }
        for code in [1000, 1001, 1002, 1003, 1007, 1011, 1012, 1014, 3000, 3999, 4000, 4999] {
            assert!(Close::from_payload(&u16::to_be_bytes(code)).is_ok(), "{code}");
        }
    }

    #[test]
    fn a_reason_fits_the_frame() {
        assert_eq!(Close::checked(1000, &"x".repeat(124)), Err(CloseCodeError::Reason(124)));
        assert!(Close::checked(1000, &"x".repeat(123)).is_ok());
        assert_eq!(Close::new(1000, &"é".repeat(100)).reason.len(), 122, "cut at a character's end");
    }

    #[test]
    fn it_reads_as_a_phrase() {
        assert_eq!(Close::default().to_string(), "no code");
        assert_eq!(Close::new(1011, "out of\nmemory").to_string(), "1011 (internal server error): out of\\nmemory");
        assert_eq!(Close::new(4001, "it's \"over\"\\").to_string(), r#"4001: it's "over"\\"#);
        assert_eq!(Close::new(4001, "").to_string(), "4001");
    }
}
