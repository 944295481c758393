//! Where a token travels besides `Authorization`, and how it is kept out of sight there: browsers can't set headers, but the
//! query and the subprotocols.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use percent_encoding::percent_decode_str;

/// The parameter of the query.
const PARAMETER: &str = "token=";
/// What the name of a subprotocol begins with that is a token, as it is or in base64url without padding.
const PREFIX: &str = "token.";
/// What is shown instead.
const HIDDEN: &str = "***";

/// The header of subprotocols.
pub(super) const SUBPROTOCOLS: &str = "Sec-WebSocket-Protocol";

/// The tokens in the query of a request-target, decoded. A `+` is one, or the space of a form (`URLSearchParams` writes it so).
pub(super) fn in_query(target: &str) -> impl Iterator<Item = Vec<u8>> {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let values = query.split('&').filter_map(|parameter| parameter.strip_prefix(PARAMETER));
    values.flat_map(|value| {
        let of_form = value.contains('+').then(|| percent_decode_str(&value.replace('+', " ")).collect());
        [Some(percent_decode_str(value).collect()), of_form].into_iter().flatten()
    })
}

/// A request-target without the tokens in its query.
pub(crate) fn dropped_from(target: &str) -> String {
    let Some((path, query)) = target.split_once('?') else { return target.to_owned() };
    let others: Vec<_> = query.split('&').filter(|parameter| !parameter.starts_with(PARAMETER)).collect();
    if others.is_empty() { path.to_owned() } else { format!("{path}?{}", others.join("&")) }
}

/// The tokens among the names of subprotocols: as they are, and as they are once decoded.
pub(super) fn in_subprotocols(names: &[String]) -> impl Iterator<Item = Vec<u8>> {
    let values = names.iter().filter_map(|name| name.strip_prefix(PREFIX));
    values.flat_map(|value| {
        [Some(value.as_bytes().to_vec()), BASE64_URL_SAFE_NO_PAD.decode(value).ok()].into_iter().flatten()
    })
}

/// Whether the name of a subprotocol is a token's.
pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// A request-target, or a line that holds one, with `***` for each token in its query.
#[must_use]
pub fn without_token(target: &[u8]) -> Vec<u8> {
    hidden(target, b"?&", PARAMETER, b"& #\r\n")
}

/// A list of subprotocols with `***` for each token in it.
pub(super) fn hidden_in_list(names: &[u8]) -> Vec<u8> {
    hidden(names, b", \t", PREFIX, b", \t\r\n")
}

/// `text` with `***` for what follows a `name`, where that stands at the beginning or behind one of `before`, up to one of
/// `end`.
fn hidden(text: &[u8], before: &[u8], name: &str, end: &[u8]) -> Vec<u8> {
    let mut shown = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(&first) = rest.first() {
        let is_here = shown.last().is_none_or(|byte| before.contains(byte)) && rest.starts_with(name.as_bytes());
        if is_here {
            shown.extend_from_slice(name.as_bytes());
            shown.extend_from_slice(HIDDEN.as_bytes());
            let length = rest.iter().position(|byte| end.contains(byte)).unwrap_or(rest.len());
            rest = &rest[length..];
        } else {
            shown.push(first);
            rest = &rest[1..];
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn tokens_are_found_in_the_query() {
        for (target, expected) in [
            ("/?token=abc", &["abc"][..]),
            ("/a?x=1&token=a%2Fb%3d+c&token=", &["a/b=+c", "a/b= c", ""]),
            ("/token=abc?xtoken=b&Token=c&%74oken=d", &[]),
            ("http://h/?token=abc", &["abc"]),
            ("/", &[]),
        ] {
            assert_eq!(in_query(target).map(text).collect::<Vec<_>>(), expected, "{target}");
        }
    }

    #[test]
    fn tokens_are_found_among_subprotocols_in_both_forms() {
        let names = ["chat", "token.s3cret!", "token.czNjcmV0Lz0", "tokens.x"].map(str::to_owned);
        let found: Vec<_> = in_subprotocols(&names).collect();
        assert_eq!(found, [&b"s3cret!"[..], b"czNjcmV0Lz0", b"s3cret/="]);
    }

    #[test]
    fn who_is_served_gets_the_target_without_a_token() {
        for (target, left) in [
            ("/?token=abc", "/"),
            ("/a?x=1&token=b&y&token=", "/a?x=1&y"),
            ("/a?tokens=b", "/a?tokens=b"),
            ("/a?", "/a?"),
            ("/token=a", "/token=a"),
        ] {
            assert_eq!(dropped_from(target), left);
        }
    }

    #[test]
    fn no_token_is_shown() {
        for (target, shown) in [
            ("/?token=abc", "/?token=***"),
            ("GET /a?x&token=a%20b&y=token=z HTTP/1.1\r\n", "GET /a?x&token=***&y=token=z HTTP/1.1\r\n"),
            ("/?token=a&token=b#c", "/?token=***&token=***#c"),
            ("/token=a?tokens=b", "/token=a?tokens=b"),
            ("", ""),
        ] {
            assert_eq!(text(without_token(target.as_bytes())), shown);
        }
        for (names, shown) in [
            ("token.abc", "token.***"),
            (" chat,token.a.b , \ttoken.c\r\n", " chat,token.*** , \ttoken.***\r\n"),
            ("xtoken.a, Token.b", "xtoken.a, Token.b"),
        ] {
            assert_eq!(text(hidden_in_list(names.as_bytes())), shown);
        }
    }
}
