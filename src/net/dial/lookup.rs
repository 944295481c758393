//! Which addresses a host has: what the resolver says, or what the user knows better.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Instant;

use super::{DialError, Endpoint};
use crate::net::resolve;

/// Which addresses of a host may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Family {
    /// All that the resolver gives.
    #[default]
    Any,
    /// IPv4 addresses only.
    V4,
    /// IPv6 addresses only.
    V6,
}

/// How the addresses of a host are found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lookup {
    /// The addresses that may be used.
    pub family: Family,
    /// Hosts that the resolver is not asked for; the first that fits counts.
    pub known: Vec<KnownHost>,
}

/// A host and port whose addresses are given. Written `HOST:PORT:ADDR[,ADDR…]`, as for curl; the host `*` is any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownHost {
    host: String,
    port: u16,
    addresses: Vec<IpAddr>,
}

/// Why a text is no [`KnownHost`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KnownHostError {
    /// A part is missing.
    #[error("{0:?} is not HOST:PORT:ADDR, such as example.com:443:127.0.0.1")]
    Parts(String),
    /// The port is none.
    #[error("{0:?} is not a port from 1 to 65535")]
    Port(String),
    /// An address is none.
    #[error("{0:?} is not an IP address")]
    Address(String),
}

impl Family {
    fn admits(self, address: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::V4 => address.is_ipv4(),
            Self::V6 => address.is_ipv6(),
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "address",
            Self::V4 => "IPv4 address",
            Self::V6 => "IPv6 address",
        })
    }
}

impl FromStr for KnownHost {
    type Err = KnownHostError;

    fn from_str(text: &str) -> Result<Self, KnownHostError> {
        let mut parts = text.splitn(3, ':');
        let (Some(host), Some(port), Some(addresses)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KnownHostError::Parts(text.to_owned()));
        };
        if host.is_empty() {
            return Err(KnownHostError::Parts(text.to_owned()));
        }
        let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let number = port.parse().ok().filter(|port| is_number && *port > 0);
        let addresses = addresses
            .split(',')
            .map(|address| unbracketed(address).parse().map_err(|_| KnownHostError::Address(address.to_owned())));
        Ok(KnownHost {
            host: host.to_owned(),
            port: number.ok_or_else(|| KnownHostError::Port(port.to_owned()))?,
            addresses: addresses.collect::<Result<_, _>>()?,
        })
    }
}

impl KnownHost {
    fn is_for(&self, host: &str, port: u16) -> bool {
        let name = |name: &'_ str| name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        self.port == port && (self.host == "*" || name(&self.host) == name(host))
    }
}

impl Lookup {
    /// The addresses of a host, in the order of the resolver, by `deadline`; never none.
    ///
    /// # Errors
    /// The resolver has no answer, or none in time, or no address that may be used.
    pub fn addresses(&self, name: &str, port: u16, deadline: Option<Instant>) -> Result<Vec<SocketAddr>, DialError> {
        let known = self.known.iter().find(|known| known.is_for(name, port));
        let found = match (ip_literal(name), known) {
            (Some(ip), _) => vec![SocketAddr::new(ip, port)],
            (None, Some(known)) => known.addresses.iter().map(|ip| SocketAddr::new(*ip, port)).collect(),
            (None, None) => resolve::resolve(name, port, deadline)?,
        };
        self.admitted(found).ok_or_else(|| {
            let target = Endpoint::Host { name: name.to_owned(), port }.to_string();
            DialError::NoAddress { target, family: self.family }
        })
    }

    /// Those of the addresses that may be used; none if there is not one.
    pub(super) fn admitted(&self, mut addresses: Vec<SocketAddr>) -> Option<Vec<SocketAddr>> {
        addresses.retain(|address| self.family.admits(address.ip()));
        Some(addresses).filter(|addresses| !addresses.is_empty())
    }
}

/// A host without the brackets that an IPv6 address has in a URL.
pub(crate) fn unbracketed(host: &str) -> &str {
    host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host)
}

pub(super) fn ip_literal(name: &str) -> Option<IpAddr> {
    unbracketed(name).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(text: &str) -> Lookup {
        Lookup { known: vec![text.parse().unwrap()], ..Lookup::default() }
    }

    fn addresses(lookup: &Lookup, name: &str, port: u16) -> Vec<String> {
        let found = lookup.addresses(name, port, None).unwrap();
        found.iter().map(SocketAddr::to_string).collect()
    }

    #[test]
    fn literals_need_no_resolver() {
        for (name, ip) in [("::1", "::1"), ("[::1]", "::1"), ("127.0.0.1", "127.0.0.1")] {
            assert_eq!(ip_literal(name), Some(ip.parse().unwrap()), "{name}");
        }
        for name in ["localhost", "[::1", "1.2.3", ""] {
            assert_eq!(ip_literal(name), None, "{name}");
        }
    }

    #[test]
    fn a_known_host_has_the_addresses_given_for_its_port() {
        let lookup = known("Example.test:80:127.0.0.1,[::1],::2");
        for name in ["example.test", "EXAMPLE.test", "example.test."] {
            assert_eq!(addresses(&lookup, name, 80), ["127.0.0.1:80", "[::1]:80", "[::2]:80"], "{name}");
        }
        assert_eq!(addresses(&known("*:80:10.0.0.1"), "anything.test", 80), ["10.0.0.1:80"]);
        // An address in the URL is what it is.
        assert_eq!(addresses(&known("*:80:10.0.0.1"), "127.0.0.1", 80), ["127.0.0.1:80"]);
    }

    #[test]
    fn the_family_counts_for_known_hosts_too() {
        let lookup = Lookup { family: Family::V6, ..known("a.test:80:127.0.0.1,::1") };
        assert_eq!(addresses(&lookup, "a.test", 80), ["[::1]:80"]);
        let lookup = Lookup { family: Family::V6, ..known("a.test:80:127.0.0.1") };
        let error = lookup.addresses("a.test", 80, None).unwrap_err();
        assert_eq!(error.to_string(), "a.test port 80 has no IPv6 address");
    }

    #[test]
    fn what_is_no_known_host_is_told() {
        let error = |text: &str| text.parse::<KnownHost>().unwrap_err();
        for text in ["", "a", "a:80", ":80:::1"] {
            assert_eq!(error(text), KnownHostError::Parts(text.to_owned()), "{text}");
        }
        for port in ["", "x", "0", "65536", "+1"] {
            assert_eq!(error(&format!("a:{port}:127.0.0.1")), KnownHostError::Port(port.to_owned()), "{port}");
        }
        for address in ["", "b", "127.0.0.1,", "[::1"] {
            let wrong = address.strip_prefix("127.0.0.1,").unwrap_or(address);
            assert_eq!(error(&format!("a:80:{address}")), KnownHostError::Address(wrong.to_owned()), "{address}");
        }
    }
}
