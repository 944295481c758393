//! Which hosts are reached without a proxy: the language of `NO_PROXY`, as curl reads it.

use std::net::IpAddr;

use crate::handshake::Host;
use crate::net::unbracketed;

/// Hosts that are reached directly.
///
/// A list with commas or white space between its elements: `*` alone means every host, a name means itself and what ends
/// with it behind a dot (a dot before it changes nothing), an address means itself, in whatever way it is written, and
/// `ADDRESS/BITS` a network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exceptions {
    every: bool,
    names: Vec<String>,
    networks: Vec<(IpAddr, u8)>,
}

impl Exceptions {
    /// Reads a list. What can't be an element fits nothing, as for curl.
    #[must_use]
    pub fn read(list: &str) -> Self {
        let mut exceptions = Exceptions { every: list.trim() == "*", ..Exceptions::default() };
        for element in list.split([',', ' ', '\t']).filter(|element| !element.is_empty()) {
            if let Some(network) = network(element) {
                exceptions.networks.push(network);
            } else {
                let name = plain(element.strip_prefix('.').unwrap_or(element));
                exceptions.names.extend(Some(name).filter(|name| !name.is_empty()));
            }
        }
        exceptions
    }

    /// Whether a host is reached directly.
    #[must_use]
    pub fn has(&self, host: &Host) -> bool {
        self.every
            || match host {
                Host::Unix(_) => true,
                Host::Ip(address) => self.networks.iter().any(|(network, bits)| is_within(*address, *network, *bits)),
                Host::Name(name) => {
                    let name = plain(name);
                    self.names.iter().any(|end| {
                        name.strip_suffix(end.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
                    })
                }
            }
    }
}

/// A name as it is compared: without the dot of the root, in lower case.
fn plain(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

fn network(element: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = match element.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse::<u8>().ok()?)),
        None => (element, None),
    };
    let address: IpAddr = unbracketed(address).parse().ok()?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    Some((address, bits.unwrap_or(longest))).filter(|(_, bits)| *bits <= longest)
}

fn is_within(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let same = |one: u128, other: u128, length: u32| {
        let rest = length - u32::from(bits);
        one.checked_shr(rest).unwrap_or(0) == other.checked_shr(rest).unwrap_or(0)
    };
    match (address, network) {
        (IpAddr::V4(one), IpAddr::V4(other)) => same(one.to_bits().into(), other.to_bits().into(), 32),
        (IpAddr::V6(one), IpAddr::V6(other)) => same(one.to_bits(), other.to_bits(), 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(list: &str, host: &str) -> bool {
        let host = host.parse().map_or_else(|_| Host::Name(host.to_owned()), Host::Ip);
        Exceptions::read(list).has(&host)
    }

    #[test]
    fn names_mean_themselves_and_what_is_below_them() {
        for list in ["example.com", ".example.com", "a.test, example.com", "a.test EXAMPLE.com.", "x,,example.com,"] {
            for host in ["example.com", "www.example.com", "a.b.Example.COM", "example.com."] {
                assert!(has(list, host), "{list:?} {host}");
            }
            for host in ["notexample.com", "example.com.org", "com", "example"] {
                assert!(!has(list, host), "{list:?} {host}");
            }
        }
    }

    #[test]
    fn a_star_alone_means_all() {
        assert!(has("*", "anything.test") && has(" * ", "127.0.0.1") && has("*", "::1"));
        assert!(!has("*.example.com", "www.example.com") && !has("a.test,*", "b.test"));
    }

    #[test]
    fn addresses_mean_themselves_and_networks_what_is_in_them() {
        for (list, host) in [
            ("127.0.0.1", "127.0.0.1"),
            ("192.168.0.0/16", "192.168.255.1"),
            ("0.0.0.0/0", "10.1.2.3"),
            ("10.1.2.3/32", "10.1.2.3"),
            ("::1", "::1"),
            ("[::1]", "::1"),
            ("0:0::1", "::1"),
            ("fe80::/10", "fe80::1"),
            ("2001:db8::/33", "2001:db8:7fff::1"),
            ("::/0", "::1"),
        ] {
            assert!(has(list, host), "{list} {host}");
        }
        for (list, host) in [
            ("127.0.0.1", "127.0.0.2"),
            ("192.168.0.0/16", "192.169.0.1"),
            ("2001:db8::/33", "2001:db8:8000::1"),
            ("0.0.0.0/0", "::1"),
            ("127.0.0.0/33", "127.0.0.1"),
            ("127.0.0.0/x", "127.0.0.1"),
            ("127.0.0", "127.0.0.1"),
            ("", "127.0.0.1"),
            ("", "a.test"),
            (".", "a.test"),
        ] {
            assert!(!has(list, host), "{list} {host}");
        }
    }
}
