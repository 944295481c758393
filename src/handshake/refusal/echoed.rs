//! Servers that answer with our own request: its credentials are in the body then.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::handshake::head::{RequestHead, is_secret};

/// What is shorter, in bytes, stands in too many texts by chance.
const SHORTEST: usize = 4;

/// A body with `***` for each credential of the request, as it was sent and, with Basic, as it was before it was encoded.
/// One that is cut off at the end is known by its beginning.
pub(super) fn without_secrets(body: &[u8], request: &RequestHead) -> Vec<u8> {
    let mut secrets: Vec<Vec<u8>> = request
        .head
        .fields()
        .filter(|(name, _)| is_secret(name.as_bytes()))
        .flat_map(|(name, value)| if name.eq_ignore_ascii_case("Cookie") { cookies(value) } else { credentials(value) })
        .filter(|secret| secret.len() >= SHORTEST)
        .collect();
    // The longest first: one may be part of another.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets.into_iter().fold(body.to_vec(), |body, secret| without(&body, &secret))
}

fn cookies(value: &[u8]) -> Vec<Vec<u8>> {
    let pairs = value.split(|&b| b == b';').map(<[u8]>::trim_ascii);
    pairs.map(|pair| pair.splitn(2, |&b| b == b'=').last().unwrap_or_default().to_vec()).collect()
}

/// `SCHEME CREDENTIALS`: the credentials, and what they stand for.
fn credentials(value: &[u8]) -> Vec<Vec<u8>> {
    let encoded = value.splitn(2, |&b| b == b' ').last().unwrap_or_default().trim_ascii();
    let mut secrets = vec![encoded.to_vec()];
    if let Ok(both) = BASE64_STANDARD.decode(encoded)
        && let Some(colon) = both.iter().position(|&b| b == b':')
    {
        secrets.extend([both[colon + 1..].to_vec(), both]);
    }
    secrets
}

fn without(mut body: &[u8], secret: &[u8]) -> Vec<u8> {
    let mut shown = Vec::with_capacity(body.len());
    while let Some(at) = body.windows(secret.len()).position(|part| part == secret) {
        shown.extend_from_slice(&body[..at]);
        shown.extend_from_slice(b"***");
        body = &body[at + secret.len()..];
    }
    let cut = (SHORTEST..secret.len()).rev().find(|&length| body.ends_with(&secret[..length]));
    shown.extend_from_slice(&body[..body.len() - cut.unwrap_or(0)]);
    shown.extend_from_slice(if cut.is_some() { b"***" } else { b"" });
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(fields: &str, body: &str) -> String {
        let request = RequestHead::parse(format!("GET / HTTP/1.1\r\n{fields}\r\n").into_bytes()).unwrap();
        String::from_utf8(without_secrets(body.as_bytes(), &request)).unwrap()
    }

    #[test]
    fn credentials_that_come_back_are_stars() {
        let basic = "Authorization: Basic YWw6b3BlbnNlc2FtZQ==\r\n";
        for (fields, body, expected) in [
            (basic, "got Basic YWw6b3BlbnNlc2FtZQ== from you", "got Basic *** from you"),
            (basic, "al:opensesame, opensesame!", "***, ***!"),
            ("authorization: Bearer t0ken\r\n", "Bearer t0ken t0ken", "Bearer *** ***"),
            ("Cookie: a=crisps; b=x=yz; c\r\n", "a=crisps x=yz crisps a c", "a=*** *** *** a c"),
            ("Cookie: abcd=ab\r\n", "abcd=ab", "abcd=ab"),
            ("Authorization: t0ken\r\n", "t0ken", "***"),
            ("X-Own: t0ken\r\n", "t0ken", "t0ken"),
            ("Authorization: Bearer t0ken\r\nCookie: x=t0ken2\r\n", "t0ken2 t0ken", "*** ***"),
            ("Authorization: Bearer\r\nCookie:\r\n", "nothing", "nothing"),
        ] {
            assert_eq!(shown(fields, body), expected, "{fields}");
        }
    }

    #[test]
    fn what_is_cut_off_is_no_leak() {
        let fields = "Authorization: Bearer t0ken-of-mine\r\n";
        assert_eq!(shown(fields, "you sent t0ken-of-"), "you sent ***");
        assert_eq!(shown(fields, "you sent t0k"), "you sent t0k");
    }
}
