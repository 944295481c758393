//! Who a client is by the word of a proxy in front of the server (RFC 7239; `X-Forwarded-For` and `X-Real-IP` by custom).

use std::net::{IpAddr, SocketAddr};

use super::head::Head;

/// The address, perhaps with a port, of which the proxy before us says that the client has it: the last one of
/// `X-Forwarded-For`, else of `Forwarded`, else `X-Real-IP`. What stands before the last one is the client's own word. None
/// if there is no such header, or no address in it.
pub(crate) fn forwarded_for(head: &Head) -> Option<String> {
    let last = |name| head.tokens(name).pop();
    if let Some(entry) = last("X-Forwarded-For") {
        return address(&entry);
    }
    if let Some(element) = last("Forwarded") {
        let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
        let (_, node) = pairs.find(|(name, _)| name.trim_ascii().eq_ignore_ascii_case("for"))?;
        return address(node.trim_ascii().trim_matches('"'));
    }
    address(&last("X-Real-IP")?)
}

/// An address as it is shown; what is none is not.
fn address(text: &str) -> Option<String> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some(address.to_string());
    }
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse::<IpAddr>().ok().map(|address| address.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handshake::RequestHead;

    #[test]
    fn the_last_proxys_word_counts() {
        for (lines, expected) in [
            ("X-Forwarded-For: 192.0.2.1\r\n", Some("192.0.2.1")),
            ("X-Forwarded-For: 6.6.6.6, 192.0.2.1\r\n", Some("192.0.2.1")),
            ("X-Forwarded-For: 6.6.6.6\r\nx-forwarded-for: 192.0.2.1:4711\r\n", Some("192.0.2.1:4711")),
            ("X-Forwarded-For: 2001:DB8::1\r\n", Some("2001:db8::1")),
            ("X-Forwarded-For: [2001:db8::1]:80\r\n", Some("[2001:db8::1]:80")),
            ("Forwarded: for=6.6.6.6, proto=https; For=\"[2001:db8::1]\"\r\n", Some("2001:db8::1")),
            ("Forwarded: for=\"192.0.2.1:80\";by=_x\r\n", Some("192.0.2.1:80")),
            ("X-Real-IP: 192.0.2.1\r\n", Some("192.0.2.1")),
            ("X-Real-IP: 6.6.6.6\r\nForwarded: for=192.0.2.1\r\n", Some("192.0.2.1")),
            ("X-Real-IP: 6.6.6.6\r\nX-Forwarded-For: 192.0.2.1\r\nForwarded: for=6.6.6.6\r\n", Some("192.0.2.1")),
            // What is no address is nothing; no other header takes its place.
            ("X-Forwarded-For: 6.6.6.6, unknown\r\nX-Real-IP: 6.6.6.6\r\n", None),
            ("X-Forwarded-For: 192.0.2.1\u{202e}\r\n", None),
            ("Forwarded: for=_hidden\r\n", None),
            ("Forwarded: by=192.0.2.1\r\n", None),
            ("X-Real-IP: host.example\r\n", None),
            ("", None),
        ] {
            let raw = format!("GET / HTTP/1.1\r\n{lines}\r\n").into_bytes();
            let request = RequestHead::parse(raw).unwrap();
            assert_eq!(forwarded_for(&request.head).as_deref(), expected, "{lines}");
        }
    }
}
