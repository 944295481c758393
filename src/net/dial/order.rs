//! The order in which a host's addresses are tried (RFC 8305 section 4).

use std::net::SocketAddr;

/// IPv6 and IPv4 in turn, beginning with the family of the first address; within a family the order stays.
///
/// The resolver has already sorted by RFC 6724; taking turns makes sure that a family which does not work at all
/// costs one attempt and not all of its addresses. What is named twice is tried once.
pub(super) fn interleave(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let Some(first) = addresses.first() else {
        return Vec::new();
    };
    let (leading, following): (Vec<SocketAddr>, Vec<SocketAddr>) =
        addresses.iter().partition(|address| address.is_ipv6() == first.is_ipv6());
    let (mut leading, mut following) = (leading.into_iter(), following.into_iter());
    let mut ordered = Vec::with_capacity(addresses.len());
    loop {
        let pair = [leading.next(), following.next()];
        if pair == [None, None] {
            return ordered;
        }
        for address in pair.into_iter().flatten() {
            if !ordered.contains(&address) {
                ordered.push(address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered(addresses: &[&str]) -> Vec<String> {
        let addresses: Vec<SocketAddr> = addresses.iter().map(|it| it.parse().unwrap()).collect();
        interleave(&addresses).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn families_take_turns_beginning_with_the_first() {
        assert_eq!(
            ordered(&["[::1]:1", "[::2]:1", "[::3]:1", "1.0.0.1:1", "1.0.0.2:1"]),
            ["[::1]:1", "1.0.0.1:1", "[::2]:1", "1.0.0.2:1", "[::3]:1"]
        );
        assert_eq!(ordered(&["1.0.0.1:1", "1.0.0.2:1", "[::1]:1"]), ["1.0.0.1:1", "[::1]:1", "1.0.0.2:1"]);
    }

    #[test]
    fn one_family_keeps_its_order_and_nothing_stays_nothing() {
        assert_eq!(ordered(&["1.0.0.2:1", "1.0.0.1:1"]), ["1.0.0.2:1", "1.0.0.1:1"]);
        assert!(ordered(&[]).is_empty());
    }

    #[test]
    fn what_is_named_twice_is_tried_once() {
        assert_eq!(ordered(&["127.0.0.1:1", "127.0.0.1:1", "[::1]:1"]), ["127.0.0.1:1", "[::1]:1"]);
    }
}
