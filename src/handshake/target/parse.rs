//! From the text of a URL to a [`Target`]. Positions in errors count the characters of the whole text, from 1.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::str::FromStr;

use percent_encoding::{AsciiSet, percent_decode_str, utf8_percent_encode};

use super::{Host, Scheme, Target, TargetError};
use crate::handshake::grammar::Misplaced;
use crate::handshake::secret::Credentials;

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(url: &str) -> Result<Self, TargetError> {
        if url.is_empty() {
            return Err(TargetError::Empty);
        }
        let of_unix = [("ws+unix:", Scheme::WsUnix), ("wss+unix:", Scheme::Wss)];
        match of_unix.into_iter().find_map(|(prefix, scheme)| Some((after_prefix(url, prefix)?, scheme))) {
            Some((rest, scheme)) => unix(url, rest, scheme),
            None => network(url),
        }
    }
}

/// `ws+unix:PATH[:/uri]`, or `wss+unix:`. The path is a file name, or an abstract name behind a `@`, taken as it is; with `///` before it,
/// as in a URL, two go.
fn unix(url: &str, rest: &str, scheme: Scheme) -> Result<Target, TargetError> {
    let (path, resource) = match rest.find(":/") {
        Some(colon) => (&rest[..colon], &rest[colon + 1..]),
        None => (rest.strip_suffix(':').unwrap_or(rest), ""),
    };
    refuse(url, path, "socket's path", char::is_control, "control characters can't be in it")?;
    check_resource(url, resource)?;
    let path = if path.starts_with("///") { &path[2..] } else { path };
    if matches!(path, "" | "@") {
        return Err(TargetError::NoSocket);
    }
    Ok(Target {
        scheme,
        host: Host::Unix(PathBuf::from(path)),
        port: Scheme::WsUnix.default_port(),
        resource: request_target(resource),
        credentials: None,
    })
}

/// `[SCHEME://][USER[:PASSWORD]@]HOST[:PORT][/path][?query]`
fn network(url: &str) -> Result<Target, TargetError> {
    let (scheme, rest) = split_scheme(url)?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, resource) = rest.split_at(end);
    check_resource(url, resource)?;
    let Authority { credentials, host, port, lacks_port } = Authority::parse(url, authority, resource)?;
    // RFC 3986, 3.2.3: an empty port means the default. Without a scheme it is rather a slip, as in `ws:/host`.
    if lacks_port && scheme.is_none() {
        return Err(no_port(&host));
    }
    // Some resolvers make an address of it.
    if let (None, None, Host::Name(name)) = (scheme, port, &host)
        && name.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Err(TargetError::OnlyPort(name.clone()));
    }
    let scheme = scheme.unwrap_or(Scheme::Ws);
    Ok(Target {
        scheme,
        host,
        port: port.unwrap_or(scheme.default_port()),
        resource: request_target(resource),
        credentials,
    })
}

/// What stands between the slashes of a URL: `[USER[:PASSWORD]@]HOST[:PORT]` (RFC 3986, 3.2).
pub(crate) struct Authority {
    pub(crate) credentials: Option<Credentials>,
    pub(crate) host: Host,
    pub(crate) port: Option<u16>,
    /// There is a colon, and no port behind it.
    pub(crate) lacks_port: bool,
}

impl Authority {
    /// Reads the authority of `url`, of which it is a slice; `rest` is what follows it.
    pub(crate) fn parse(url: &str, authority: &str, rest: &str) -> Result<Self, TargetError> {
        let (userinfo, host_port) = match authority.rsplit_once('@') {
            Some((userinfo, host_port)) => (Some(userinfo), host_port),
            None => (None, authority),
        };
        let (host, port) = split_port(host_port)?;
        let host = parse_host(url, host)?;
        let lacks_port = port == Some("");
        let cut_short = userinfo.is_none() && rest.contains('@');
        let digits = port.filter(|digits| !digits.is_empty());
        let port = digits.map(|digits| parse_port(url, digits, cut_short)).transpose()?;
        let credentials = userinfo.map(|text| parse_userinfo(url, text)).transpose()?;
        Ok(Authority { credentials, host, port, lacks_port })
    }
}

/// The scheme, where the URL begins with one, and what follows its `://`.
fn split_scheme(url: &str) -> Result<(Option<Scheme>, &str), TargetError> {
    let Some((name, rest)) = url.split_once("://") else {
        return Ok((None, url));
    };
    if !is_scheme(name) {
        return Ok((None, url)); // `://` stands in the path or the query
    }
    match name.to_ascii_lowercase().as_str() {
        "ws" | "http" => Ok((Some(Scheme::Ws), rest)),
        "wss" | "https" => Ok((Some(Scheme::Wss), rest)),
        _ => Err(TargetError::Scheme(name.to_owned())),
    }
}

/// Whether a text has the form of a scheme (RFC 3986, 3.1).
pub(in crate::handshake) fn is_scheme(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// `HOST` and what follows its colon. Brackets keep their colons together.
fn split_port(host_port: &str) -> Result<(&str, Option<&str>), TargetError> {
    let colon = match host_port.rfind(']') {
        Some(bracket) => host_port[bracket..].find(':').map(|colon| bracket + colon),
        None if host_port.matches(':').count() > 1 => return Err(TargetError::Brackets),
        None => host_port.find(':'),
    };
    Ok(match colon {
        Some(colon) => (&host_port[..colon], Some(&host_port[colon + 1..])),
        None => (host_port, None),
    })
}

fn parse_host(url: &str, host: &str) -> Result<Host, TargetError> {
    if host.is_empty() {
        return Err(TargetError::NoHost);
    }
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        refuse(url, address, "host", |c| !c.is_ascii_graphic(), "an IPv6 address goes in the brackets")?;
        return match address.parse::<Ipv6Addr>() {
            Ok(address) => Ok(Host::Ip(IpAddr::V6(address))),
            Err(_) if address.contains('%') => Err(TargetError::Zone(address.to_owned())),
            Err(_) => Err(TargetError::Ipv6(address.to_owned())),
        };
    }
    refuse(url, host, "host", |c| !c.is_ascii(), "give the name in its punycode form (xn--…)")?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    refuse(url, host, "host", |c| !allowed(c), "a host is made of letters, digits, `-`, `.` and `_`")?;
    // A command that is given the host would take it for an option.
    refuse(url, &host[..1], "host", |c| c == '-', "a host begins with a letter or a digit")?;
    Ok(match host.parse::<Ipv4Addr>() {
        Ok(address) => Host::Ip(IpAddr::V4(address)),
        Err(_) => Host::Name(host.to_owned()),
    })
}

/// `cut_short`: what looks like a port may be the start of a password that has a `/` in it, and must not be shown.
fn parse_port(url: &str, digits: &str, cut_short: bool) -> Result<u16, TargetError> {
    let only_digits = digits.bytes().all(|b| b.is_ascii_digit());
    match digits.parse() {
        Ok(port @ 1..) if only_digits => Ok(port),
        _ if cut_short => Err(TargetError::UserinfoEnds),
        _ => {
            refuse(url, digits, "port", |c| !c.is_ascii_digit(), "a port is a number from 1 to 65535")?;
            Err(TargetError::Port(digits.to_owned()))
        }
    }
}

fn no_port(host: &Host) -> TargetError {
    match host.to_string() {
        name if ["ws", "wss", "http", "https"].contains(&name.to_ascii_lowercase().as_str()) => {
            TargetError::NoSlashes(name)
        }
        name if name == "unix" => TargetError::ListenersSocket,
        name => TargetError::NoPort(name),
    }
}

fn parse_userinfo(url: &str, userinfo: &str) -> Result<Credentials, TargetError> {
    let (user, password) = match userinfo.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (userinfo, None),
    };
    let user = percent_decode(url, user)?;
    let password = password.map(|text| percent_decode(url, text)).transpose()?;
    Ok(Credentials::new(user, password)?)
}

fn percent_decode(url: &str, text: &str) -> Result<String, TargetError> {
    for (at, _) in text.match_indices('%') {
        let is_hex = |n: usize| text.as_bytes().get(at + n).is_some_and(u8::is_ascii_hexdigit);
        if !(is_hex(1) && is_hex(2)) {
            return Err(TargetError::UserinfoPercent(before(url, &text[at..]).chars().count() + 1));
        }
    }
    let decoded = percent_decode_str(text).decode_utf8().map_err(|_| TargetError::UserinfoUtf8)?;
    Ok(decoded.into_owned())
}

fn check_resource(url: &str, resource: &str) -> Result<(), TargetError> {
    refuse(url, resource, "path", |c| c == ' ', "write it as %20")?;
    refuse(url, resource, "path", char::is_control, "write it as %XX")?;
    refuse(url, resource, "path", |c| c == '#', "a WebSocket URL has no fragment (RFC 6455, 3); write it as %23")
}

/// Path and query as they go on the wire: at least `/`, and what is not ASCII as %XX of its UTF-8 bytes.
fn request_target(resource: &str) -> String {
    const ONLY_NON_ASCII: &AsciiSet = &AsciiSet::EMPTY;
    let slash = if resource.starts_with('/') { "" } else { "/" };
    format!("{slash}{}", utf8_percent_encode(resource, ONLY_NON_ASCII))
}

/// An error for the first character of `part` (a slice of `url`) that is `wrong`.
fn refuse(
    url: &str,
    part: &str,
    name: &'static str,
    wrong: impl Fn(char) -> bool,
    advice: &'static str,
) -> Result<(), TargetError> {
    match Misplaced::first(part, wrong) {
        Some(found) => Err(TargetError::Character { part: name, found: found.after(before(url, part)), advice }),
        None => Ok(()),
    }
}

/// What stands in `url` before `part`, which is a slice of it.
fn before<'a>(url: &'a str, part: &str) -> &'a str {
    &url[..part.as_ptr() as usize - url.as_ptr() as usize]
}

fn after_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}
