//! Where a page comes from, and which pages may connect (RFC 6454; RFC 6455, 10.2).
//!
//! A browser lets any page connect anywhere, and says in `Origin` which page it is; a server that does not look lets every
//! page on the web talk to it, on the loopback interface too. A client that is no browser sends none, or what it likes: this
//! keeps pages out, not people.

use std::net::IpAddr;
use std::str::FromStr;

use super::head::Head;
use super::target::{Authority, Host, is_scheme};

/// `--allow-origin`: an origin that is let in, or a pattern of some.
///
/// Written `https://app.example.com`; with a `*` for any characters of the host's name (`https://*.example.com`) or for any
/// port (`http://localhost:*`); `null`; or `*`, which is everything. Scheme and host are the same in any case, and a port that
/// is the scheme's own is the same as none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginPattern(Pattern);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    Any,
    /// The origin of a page that has none: from a file, or in a sandbox.
    Null,
    Like {
        scheme: String,
        /// Each `*` stands for one character or more.
        host: String,
        port: Port,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Port {
    Any,
    Is(Option<u16>),
}

/// Why a text names no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OriginPatternError {
    /// There is no `://`.
    #[error("an origin begins with its scheme: write https://HOST, null, or * for all")]
    NoScheme,
    /// Something stands behind host and port.
    #[error("an origin ends with its host and port: leave out the path")]
    Path,
    /// The rest.
    #[error(
        "this is no origin: write SCHEME://HOST[:PORT], as in https://app.example.com, https://*.example.com or http://localhost:*"
    )]
    Malformed,
}

impl OriginPattern {
    /// Every origin there is.
    pub const ANY: OriginPattern = OriginPattern(Pattern::Any);

    fn matches(&self, text: &str, origin: Option<&Origin>) -> bool {
        match (&self.0, origin) {
            (Pattern::Any, _) => true,
            (Pattern::Null, _) => text == "null",
            (Pattern::Like { scheme, host, port }, Some(origin)) => {
                *scheme == origin.scheme
                    && (*port == Port::Any || *port == Port::Is(origin.port))
                    && is_like(host, &origin.host)
            }
            (Pattern::Like { .. }, None) => false,
        }
    }
}

impl FromStr for OriginPattern {
    type Err = OriginPatternError;

    fn from_str(text: &str) -> Result<Self, OriginPatternError> {
        match text {
            "*" => return Ok(OriginPattern::ANY),
            "null" => return Ok(OriginPattern(Pattern::Null)),
            _ => {}
        }
        let (scheme, authority) = text.split_once("://").ok_or(OriginPatternError::NoScheme)?;
        if authority.contains(['/', '?', '#']) {
            return Err(OriginPatternError::Path);
        }
        let (rest, any_port) = match authority.strip_suffix(":*") {
            Some(rest) => (rest, true),
            None => (authority, false),
        };
        // A letter may stand wherever a star may.
        let sample = format!("{scheme}://{}", rest.replace('*', "x"));
        let sample = Origin::parse(&sample).ok_or(OriginPatternError::Malformed)?;
        let host = if rest.contains('*') {
            rest.split(':').next().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase()
        } else {
            sample.host
        };
        let port = if any_port { Port::Any } else { Port::Is(sample.port) };
        Ok(OriginPattern(Pattern::Like { scheme: sample.scheme, host, port }))
    }
}

/// Whether the page that a request comes from, if it comes from one, may connect.
///
/// Without any pattern these may: pages of the host that is asked for, whatever their port. All names of the loopback
/// interface are one host.
pub(super) fn may_connect(head: &Head, allowed: &[OriginPattern]) -> bool {
    let origins: Vec<&[u8]> = head.values("Origin").collect();
    if origins.is_empty() || allowed.contains(&OriginPattern::ANY) {
        return true;
    }
    let [origin] = origins[..] else { return false };
    let Ok(text) = str::from_utf8(origin) else { return false };
    let origin = Origin::parse(text);
    if !allowed.is_empty() {
        return allowed.iter().any(|pattern| pattern.matches(text, origin.as_ref()));
    }
    let host = head.field("Host").and_then(|host| str::from_utf8(host).ok()).and_then(host_and_port);
    match (origin, host) {
        (Some(origin), Some((host, _))) if origin.is_web() => {
            let both_loopback = is_loopback(&origin.host) && is_loopback(&host);
            both_loopback || origin.host == host
        }
        _ => false,
    }
}

/// An origin as `--allow-origin` takes it; none if it is none. Safe to print and to paste.
pub(super) fn as_pattern(origin: &[u8]) -> Option<&str> {
    /// A longer name is none of DNS (RFC 1035, 2.3.4), with room for scheme and port.
    const LONGEST: usize = 300;
    let text = str::from_utf8(origin).ok().filter(|text| text.len() <= LONGEST)?;
    (text == "null" || Origin::parse(text).is_some()).then_some(text)
}

/// An origin in its parts, each in the one form that it is compared in.
#[derive(Debug)]
struct Origin {
    scheme: String,
    host: String,
    port: Option<u16>,
}

impl Origin {
    fn parse(text: &str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://").filter(|(scheme, _)| is_scheme(scheme))?;
        let scheme = scheme.to_ascii_lowercase();
        let default_port = match scheme.as_str() {
            "http" | "ws" => Some(80),
            "https" | "wss" => Some(443),
            // A page from a file may be from `file://`.
            _ if authority.is_empty() => return Some(Origin { scheme, host: String::new(), port: None }),
            _ => None,
        };
        let (host, port) = host_and_port(authority)?;
        Some(Origin { scheme, host, port: port.or(default_port) })
    }

    fn is_web(&self) -> bool {
        matches!(self.scheme.as_str(), "http" | "https")
    }
}

/// `HOST[:PORT]`, the host in small letters.
fn host_and_port(text: &str) -> Option<(String, Option<u16>)> {
    let Authority { credentials: None, host, port, lacks_port: false } = Authority::parse(text, text, "").ok()? else {
        return None;
    };
    let host = match host {
        // A name that ends with a dot is the same, only complete.
        Host::Name(name) => name.strip_suffix('.').unwrap_or(&name).to_ascii_lowercase(),
        host => host.to_string(),
    };
    Some((host, port))
}

/// Whether a host is this machine for whoever asks (RFC 6761, 6.3).
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    address.is_ok_and(|address| address.to_canonical().is_loopback())
        || host == "localhost"
        || host.ends_with(".localhost")
}

/// Whether `text` is what `pattern` says, each `*` of which stands for one character or more.
fn is_like(pattern: &str, text: &str) -> bool {
    let Some((begin, more)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut rest) = text.strip_prefix(begin) else { return false };
    let (middle, end) = more.rsplit_once('*').map_or((None, more), |(middle, end)| (Some(middle), end));
    // Where a part fits first it leaves the most for the others.
    for part in middle.into_iter().flat_map(|middle| middle.split('*')) {
        let Some((_, behind)) = rest.get(1..).and_then(|rest| rest.split_once(part)) else { return false };
        rest = behind;
    }
    rest.len() > end.len() && rest.ends_with(end)
}

#[cfg(test)]
mod tests;
