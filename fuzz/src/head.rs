//! What is the same about two readings of an HTTP head.

use std::mem::discriminant;

use wspipe::handshake::{Head, HeadError, HeadReader};

/// A head and how many bytes belong to it, or why there is none.
pub type Outcome<T> = Result<(T, usize), HeadError>;

/// Feeds pieces until the head is complete; where it never is, the connection ends with them.
///
/// # Errors
/// The reader's.
pub fn read_head<T>(
    mut reader: HeadReader,
    pieces: &[&[u8]],
    into: impl Fn(HeadReader) -> Result<T, HeadError>,
) -> Outcome<T> {
    let mut fed = 0;
    for piece in pieces {
        match reader.feed(piece)? {
            Some(taken) => {
                assert!(taken <= piece.len());
                fed += taken;
                break;
            }
            None => fed += piece.len(),
        }
    }
    assert!(reader.is_complete() || reader.raw().len() == fed, "bytes were lost");
    into(reader).map(|head| (head, fed))
}

/// Whether both are the same head, or the same error. One that shows the first bytes shows those that had come, and makes
/// its guess by them.
pub fn same_outcome<T: PartialEq>(one: &Outcome<T>, other: &Outcome<T>) -> bool {
    match (one, other) {
        (Err(one @ HeadError::NotHttp { .. }), Err(other)) => discriminant(one) == discriminant(other),
        _ => one == other,
    }
}

/// Fails unless `shown` is `head` but for the values of credentials, and those are hidden.
pub fn assert_redacted(head: &Head, shown: &Head) {
    assert_eq!(head.fields().count(), shown.fields().count(), "{head:?} shown as {shown:?}");
    for ((name, value), (shown_name, shown_value)) in head.fields().zip(shown.fields()) {
        assert_eq!(name, shown_name);
        let fits = if is_secret(name.as_bytes()) {
            shown_value == b"***"
        } else {
            shown_value == value || may_hide_a_part(name, value) && has(shown_value, b"***")
        };
        assert!(fits, "{head:?} shown as {shown:?}");
    }
}

/// Whether a value that is no credential as a whole may hold one.
fn may_hide_a_part(name: &str, value: &[u8]) -> bool {
    let holds_token = name.eq_ignore_ascii_case("Sec-WebSocket-Protocol") && has(value, b"token.");
    let holds_user = name.eq_ignore_ascii_case("Location") && has(value, b"//") && has(value, b"@");
    // A line that goes on with another's value is hidden if it looks like a credential: a broken head has such lines.
    holds_token || holds_user || value.split(|&b| b == b':').any(ends_in_secret)
}

fn has(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn ends_in_secret(text: &[u8]) -> bool {
    is_secret(text.trim_ascii_end().rsplit(|&b| b == b' ').next().unwrap_or_default())
}

fn is_secret(name: &[u8]) -> bool {
    let secrets: [&[u8]; 4] = [b"authorization", b"proxy-authorization", b"cookie", b"set-cookie"];
    secrets.iter().any(|secret| name.eq_ignore_ascii_case(secret))
}
