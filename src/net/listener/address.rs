//! Where to listen, as people write it.

use std::fmt;
use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::str::FromStr;

/// Where to listen. Written as `9001` (loopback), `HOST:PORT`, `[::1]:PORT`, `unix:PATH` or `unix:@NAME`; port 0 picks a
/// free one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenAddr {
    /// A TCP port.
    Tcp {
        /// A name or an IP address, IPv6 without brackets.
        host: String,
        /// The port; 0 lets the system pick one.
        port: u16,
    },
    /// A unix domain socket: the path of its file, or `@NAME` for an abstract name, without a file.
    Unix(PathBuf),
}

impl FromStr for ListenAddr {
    type Err = ListenAddrError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(name) = text.strip_prefix("unix:") {
            return if matches!(name, "" | "@") { Err(ListenAddrError::NoName) } else { Ok(Self::Unix(name.into())) };
        }
        if text.contains("://") {
            return Err(ListenAddrError::Url(text.to_owned()));
        }
        if text.parse::<Ipv6Addr>().is_ok() {
            return Err(ListenAddrError::Unbracketed(text.to_owned()));
        }
        let Some((host, port)) = text.rsplit_once(':') else {
            return parse_bare(text);
        };
        // The colons of `[::1]` are all inside; there is no port behind them.
        if text.ends_with(']') {
            return Err(ListenAddrError::NoPort(text.to_owned()));
        }
        let port = parse_port(port)?;
        Ok(Self::Tcp { host: parse_host(host, port)?, port })
    }
}

impl fmt::Display for ListenAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Why a text is no [`ListenAddr`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ListenAddrError {
    /// Nothing at all.
    #[error("the address is empty; write a port such as 9001, HOST:PORT or unix:PATH")]
    Empty,
    /// What should be a port is none.
    #[error("{0:?} is not a port; a port is a number from 0 to 65535, and 0 picks a free one")]
    BadPort(String),
    /// A host alone.
    #[error("{0:?} names no port; write {0}:9001, or {0}:0 to have a free one picked")]
    NoPort(String),
    /// A port behind a colon, or behind `*:`, which elsewhere means all interfaces.
    #[error(
        "{text:?} names no host; write 0.0.0.0:{port} to listen on all interfaces, or {port} for this machine only"
    )]
    NoHost {
        /// The text as it was given.
        text: String,
        /// The port in it.
        port: u16,
    },
    /// An IPv6 address whose end can't be told.
    #[error("the IPv6 address {0} must stand in brackets; write [{0}]:9001")]
    Unbracketed(String),
    /// Brackets around something else than an IPv6 address.
    #[error("{0:?} is not an IPv6 address in brackets, such as [::1]")]
    BadBrackets(String),
    /// A URL.
    #[error("{0:?} is a URL; write only where to listen, such as 9001 or 127.0.0.1:9001")]
    Url(String),
    /// `unix:` or `unix:@` alone.
    #[error("unix: names no socket; write unix:PATH, or unix:@NAME for one without a file")]
    NoName,
}

/// A port alone means loopback: what is started in passing should not be open to the network.
fn parse_bare(text: &str) -> Result<ListenAddr, ListenAddrError> {
    if text.is_empty() {
        return Err(ListenAddrError::Empty);
    }
    let looks_like_a_port = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if !looks_like_a_port {
        return Err(ListenAddrError::NoPort(text.to_owned()));
    }
    Ok(ListenAddr::Tcp { host: "127.0.0.1".to_owned(), port: parse_port(text)? })
}

fn parse_port(text: &str) -> Result<u16, ListenAddrError> {
    // `u16` would take a sign as well.
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or_else(|| ListenAddrError::BadPort(text.to_owned()))
}

fn parse_host(host: &str, port: u16) -> Result<String, ListenAddrError> {
    if host.is_empty() || host == "*" {
        let text = format!("{host}:{port}");
        return Err(ListenAddrError::NoHost { text, port });
    }
    if host.starts_with('[') || host.ends_with(']') {
        return host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .filter(|inner| is_ipv6(inner))
            .map(str::to_owned)
            .ok_or_else(|| ListenAddrError::BadBrackets(host.to_owned()));
    }
    if host.contains(':') {
        return Err(ListenAddrError::Unbracketed(host.to_owned()));
    }
    Ok(host.to_owned())
}

/// An IPv6 address, perhaps with a zone such as `%eth0` (RFC 4007 section 11), which the resolver understands.
fn is_ipv6(text: &str) -> bool {
    let address = text.split_once('%').map_or(text, |(address, _zone)| address);
    address.parse::<Ipv6Addr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: &str, port: u16) -> ListenAddr {
        let host = host.to_owned();
        ListenAddr::Tcp { host, port }
    }

    fn parse(text: &str) -> Result<ListenAddr, ListenAddrError> {
        text.parse()
    }

    #[test]
    fn each_form_is_understood() {
        assert_eq!(parse("9001"), Ok(tcp("127.0.0.1", 9001)));
        assert_eq!(parse("0"), Ok(tcp("127.0.0.1", 0)));
        assert_eq!(parse("0.0.0.0:65535"), Ok(tcp("0.0.0.0", 65535)));
        assert_eq!(parse("localhost:0"), Ok(tcp("localhost", 0)));
        assert_eq!(parse("[::1]:9001"), Ok(tcp("::1", 9001)));
        assert_eq!(parse("[fe80::1%eth0]:9001"), Ok(tcp("fe80::1%eth0", 9001)));
        assert_eq!(parse("unix:/a:b"), Ok(ListenAddr::Unix("/a:b".into())));
        assert_eq!(parse("unix:@a"), Ok(ListenAddr::Unix("@a".into())));
    }

    #[test]
    fn what_is_shown_is_understood_again() {
        for text in ["127.0.0.1:9001", "[::1]:9001", "localhost:0", "unix:a/b", "unix:@a"] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_port_without_a_host_is_refused_with_both_meanings_named() {
        for text in [":9001", "*:9001"] {
            assert_eq!(
                parse(text).unwrap_err().to_string(),
                format!(
                    "{text:?} names no host; write 0.0.0.0:9001 to listen on all interfaces, or 9001 for this machine only"
                )
            );
        }
    }

    #[test]
    fn what_is_no_port_is_named() {
        for text in ["65536", "-1", "localhost:", "localhost:http", "localhost:+1", "[::1]:x"] {
            let port = text.rsplit(':').next().unwrap().to_owned();
            assert_eq!(parse(text), Err(ListenAddrError::BadPort(port)), "{text}");
        }
    }

    #[test]
    fn a_host_without_a_port_is_told_from_the_rest() {
        for text in ["localhost", "127.0.0.1", "[::1]"] {
            assert_eq!(parse(text), Err(ListenAddrError::NoPort(text.to_owned())));
        }
        assert_eq!(parse(""), Err(ListenAddrError::Empty));
        for text in ["unix:", "unix:@"] {
            assert_eq!(parse(text), Err(ListenAddrError::NoName));
        }
    }

    #[test]
    fn ipv6_wants_its_brackets_and_brackets_want_ipv6() {
        for text in ["::1", "fe80::1%eth0:9001"] {
            let error = parse(text).unwrap_err();
            assert!(matches!(error, ListenAddrError::Unbracketed(_)), "{error}");
        }
        for text in ["[::1:9001", "[localhost]:9001", "::1]:9001"] {
            let error = parse(text).unwrap_err();
            assert!(matches!(error, ListenAddrError::BadBrackets(_)), "{error}");
        }
    }

    #[test]
    fn a_url_is_recognized() {
        let text = "ws://127.0.0.1:9001/";
        assert_eq!(parse(text), Err(ListenAddrError::Url(text.to_owned())));
    }
}
