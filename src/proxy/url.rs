//! The URL of a proxy.

use std::fmt;
use std::str::FromStr;

use crate::handshake::{Authority, Credentials, Host, TargetError};

/// A proxy, written `[SCHEME://][USER[:PASSWORD]@]HOST[:PORT]`.
///
/// Invariant: the host is a name or an address. `Display` shows no credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// What it speaks.
    pub scheme: ProxyScheme,
    /// Where it is.
    pub host: Host,
    /// Its TCP port; as for curl 1080, or 443 over TLS, where the URL names none.
    pub port: u16,
    /// How to log in.
    pub credentials: Option<Credentials>,
}

/// What a proxy speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyScheme {
    /// HTTP, by its method CONNECT (RFC 9110, 9.3.6).
    Http,
    /// The same over TLS.
    Https,
    /// SOCKS 5 (RFC 1928); names are looked up here.
    Socks5,
    /// SOCKS 5; the proxy looks up names.
    Socks5h,
}

/// Why a text is no proxy's URL. No message shows a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProxyUrlError {
    /// A proxy of another kind.
    #[error("`{0}://` is no proxy that is known here: use http://, https://, socks5:// or socks5h://")]
    Scheme(String),
    /// No host.
    #[error("it names no host: write http://HOST:PORT")]
    NoHost,
    /// Something behind the port.
    #[error("it has a path, which no proxy takes: write http://HOST:PORT")]
    Path,
    /// Several colons outside brackets.
    #[error("the host has more than one colon: an IPv6 address goes in brackets, as in http://[::1]:3128")]
    Brackets,
    /// A `/` or `?` in the user name or password, which ends them too early.
    #[error("the user name or password has a `/` or `?`: write it as %2F or %3F")]
    UserinfoEnds,
    /// The user name or password is not UTF-8 once decoded.
    #[error("the user name or password is not UTF-8 once its %XX are decoded: write the %XX of UTF-8")]
    UserinfoUtf8,
    /// What else is wrong with the host, the port or the credentials.
    #[error(transparent)]
    Authority(TargetError),
}

impl ProxyScheme {
    const ALL: [(&str, ProxyScheme); 5] = [
        ("http", ProxyScheme::Http),
        ("https", ProxyScheme::Https),
        ("socks5", ProxyScheme::Socks5),
        ("socks5h", ProxyScheme::Socks5h),
        // As curl has it for ALL_PROXY=socks://…, which desktops set.
        ("socks", ProxyScheme::Socks5),
    ];

    fn default_port(self) -> u16 {
        if self == Self::Https { 443 } else { 1080 }
    }
}

impl fmt::Display for ProxyScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = ProxyScheme::ALL.into_iter().find(|(_, own)| own == self).map_or("", |(name, _)| name);
        f.write_str(name)
    }
}

impl FromStr for Proxy {
    type Err = ProxyUrlError;

    fn from_str(url: &str) -> Result<Self, ProxyUrlError> {
        let (scheme, rest) = match url.split_once("://") {
            None => (ProxyScheme::Http, url),
            Some((name, rest)) => {
                let known = ProxyScheme::ALL.into_iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
                let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric());
                let shown = || if is_plain { name.to_owned() } else { "…".to_owned() };
                (known.ok_or_else(|| ProxyUrlError::Scheme(shown()))?.1, rest)
            }
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let Authority { credentials, host, port, .. } = Authority::parse(url, authority, path)?;
        if !matches!(path, "" | "/") {
            return Err(ProxyUrlError::Path);
        }
        Ok(Proxy { scheme, host, port: port.unwrap_or(scheme.default_port()), credentials })
    }
}

impl From<TargetError> for ProxyUrlError {
    /// The advice for a WebSocket's URL is none for a proxy's, which no `-u` is for.
    fn from(error: TargetError) -> Self {
        match error {
            TargetError::NoHost => ProxyUrlError::NoHost,
            TargetError::Brackets => ProxyUrlError::Brackets,
            TargetError::UserinfoEnds => ProxyUrlError::UserinfoEnds,
            TargetError::UserinfoUtf8 => ProxyUrlError::UserinfoUtf8,
            error => ProxyUrlError::Authority(error),
        }
    }
}

impl fmt::Display for Proxy {
    /// `http://127.0.0.1:3128`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme, self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Proxy, ProxyUrlError> {
        url.parse()
    }

    #[test]
    fn each_kind_has_its_port() {
        for (url, shown) in [
            ("http://proxy", "http://proxy:1080"),
            ("proxy:3128", "http://proxy:3128"),
            ("HTTPS://proxy", "https://proxy:443"),
            ("socks5://127.0.0.1", "socks5://127.0.0.1:1080"),
            ("socks://127.0.0.1", "socks5://127.0.0.1:1080"),
            ("socks5h://[::1]:9050/", "socks5h://[::1]:9050"),
            ("http://proxy:/", "http://proxy:1080"),
        ] {
            assert_eq!(parse(url).unwrap().to_string(), shown, "{url}");
        }
    }

    #[test]
    fn credentials_are_read_and_never_shown() {
        let proxy = parse("http://us%65r:p%40ss@proxy:80").unwrap();
        let credentials = proxy.credentials.as_ref().unwrap();
        assert_eq!(credentials.user(), "user");
        assert_eq!(credentials.password().unwrap().expose(), "p@ss");
        assert_eq!(proxy.to_string(), "http://proxy:80");
        assert!(!format!("{proxy:?}").contains("p@ss"));
    }

    #[test]
    fn what_is_no_proxy_is_told_without_secrets() {
        for (url, words) in [
            ("", "names no host"),
            ("http://", "names no host"),
            ("ftp://proxy", "`ftp://` is no proxy"),
            ("socks4://proxy", "socks5://"),
            ("http://proxy/path", "has a path"),
            ("http://proxy:70000", "70000 is out of range"),
            ("u:secret/x@proxy:1", "`/`"),
            ("http://u:123456/secret@proxy", "write it as %2F"),
            ("http://u:secret%ff@proxy", "not UTF-8"),
            ("http://::1:3128", "http://[::1]:3128"),
            ("http://-x", "has `-`"),
            ("u:secret://proxy", "`…://`"),
        ] {
            let error = parse(url).unwrap_err().to_string();
            assert!(error.contains(words), "{url}: {error}");
            assert!(!error.contains("secret") && !error.contains("123456"), "{url}: {error}");
            assert!(!error.contains("-u ") && !error.contains("ws://"), "{url}: {error}");
        }
    }
}
