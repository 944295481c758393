//! SOCKS 5, the client's side (RFC 1928), with user name and password (RFC 1929): what is sent, and what the answers mean.
//!
//! ```text
//! greeting ─► method ─► [login ─► verdict] ─► request ─► reply, then the tunnel
//! ```

use std::net::{IpAddr, SocketAddr};

use thiserror::Error;

use crate::handshake::{Credentials, Secret};

/// What every message of the protocol begins with (RFC 1928, 3).
const VERSION: u8 = 5;
/// The way to log in that is none (RFC 1928, 3).
const NO_LOGIN: u8 = 0;
/// The way to log in of RFC 1929.
const PASSWORD: u8 = 2;
/// How long a name can be, in bytes: its length is one byte.
const LONGEST: usize = 255;

/// How many bytes the answers to greeting and login have, and what tells the verdict of a reply.
pub const SHORT_ANSWER: usize = 2;
/// How many bytes of a reply have to follow, to know how long it is.
pub const REPLY_HEAD: usize = 3;

/// Where a tunnel leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// An address.
    Address(SocketAddr),
    /// A name that the proxy looks up, and the port.
    Name(String, u16),
}

/// Why a SOCKS proxy does not let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SocksError {
    /// What answers speaks something else.
    #[error("what came is not SOCKS 5: is that an HTTP proxy (http://), or another port?")]
    NotSocks,
    /// It takes none of the ways to log in that were offered.
    #[error("it wants credentials: give them in its URL (--proxy), USER:PASS@ before the host")]
    WantsLogin,
    /// With credentials, it takes neither them nor none.
    #[error("it takes no user name and password (RFC 1929)")]
    NoCommonMethod,
    /// It does not accept the credentials.
    #[error("it does not accept the credentials in its URL (--proxy), USER:PASS@ before the host")]
    WrongLogin,
    /// A user name, a password or a host's name is too long.
    #[error("the {0} is longer than 255 bytes, which SOCKS can't carry")]
    TooLong(&'static str),
    /// It has tried, or will not (RFC 1928, 6).
    #[error("{}", reply_words(*.0))]
    Refused(u8),
}

/// Offers the ways to log in: with credentials both none and them.
#[must_use]
pub fn greeting(credentials: Option<&Credentials>) -> Vec<u8> {
    match credentials {
        None => vec![VERSION, 1, NO_LOGIN],
        Some(_) => vec![VERSION, 2, NO_LOGIN, PASSWORD],
    }
}

/// What has to be sent to log in, by the answer to the greeting: nothing, or the login.
///
/// # Errors
/// The answer is none, or there is no way to log in.
pub fn login(answer: [u8; SHORT_ANSWER], credentials: Option<&Credentials>) -> Result<Option<Vec<u8>>, SocksError> {
    match (answer, credentials) {
        ([VERSION, NO_LOGIN], _) => Ok(None),
        ([VERSION, PASSWORD], Some(credentials)) => {
            let mut message = vec![1];
            push_text(&mut message, "user name of the proxy's URL", credentials.user())?;
            let password = credentials.password().map_or("", Secret::expose);
            push_text(&mut message, "password of the proxy's URL", password)?;
            Ok(Some(message))
        }
        ([VERSION, 0xff], None) => Err(SocksError::WantsLogin),
        ([VERSION, 0xff], Some(_)) => Err(SocksError::NoCommonMethod),
        _ => Err(SocksError::NotSocks),
    }
}

/// What the answer to the login says.
///
/// # Errors
/// The login is wrong.
pub fn logged_in(answer: [u8; SHORT_ANSWER]) -> Result<(), SocksError> {
    if answer[1] == 0 { Ok(()) } else { Err(SocksError::WrongLogin) }
}

/// Asks for a tunnel.
///
/// # Errors
/// The name is too long.
pub fn request(place: &Place) -> Result<Vec<u8>, SocksError> {
    let mut message = vec![VERSION, 1, 0];
    let port = match place {
        Place::Address(address) => {
            match address.ip() {
                IpAddr::V4(ip) => {
                    message.push(1);
                    message.extend(ip.octets());
                }
                IpAddr::V6(ip) => {
                    message.push(4);
                    message.extend(ip.octets());
                }
            }
            address.port()
        }
        Place::Name(name, port) => {
            message.push(3);
            push_text(&mut message, "host's name", name)?;
            *port
        }
    };
    message.extend(port.to_be_bytes());
    Ok(message)
}

/// What a reply says, by its first bytes: a proxy that refuses may send no more of it.
///
/// # Errors
/// There is no tunnel, or this is no reply.
pub fn verdict(start: [u8; SHORT_ANSWER]) -> Result<(), SocksError> {
    match start {
        [VERSION, 0] => Ok(()),
        [VERSION, code] => Err(SocksError::Refused(code)),
        _ => Err(SocksError::NotSocks),
    }
}

/// How many bytes of a reply follow its start and then these, after which the tunnel begins.
///
/// # Errors
/// This is no reply.
pub fn reply([_, kind, first]: [u8; REPLY_HEAD]) -> Result<usize, SocksError> {
    match kind {
        // An address or a name, of which one byte is here, and a port.
        1 => Ok(3 + 2),
        3 => Ok(usize::from(first) + 2),
        4 => Ok(15 + 2),
        _ => Err(SocksError::NotSocks),
    }
}

fn push_text(message: &mut Vec<u8>, what: &'static str, text: &str) -> Result<(), SocksError> {
    if text.len() > LONGEST {
        return Err(SocksError::TooLong(what));
    }
    message.push(text.len() as u8);
    message.extend_from_slice(text.as_bytes());
    Ok(())
}

/// The words for the code of a reply (RFC 1928, 6).
fn reply_words(code: u8) -> String {
    match code {
        1 => "it failed, and says no more".to_owned(),
        2 => "its rules do not allow this connection".to_owned(),
        3 => "there is no way to the network from there".to_owned(),
        4 => "there is no way to the host from there, or it does not know the name".to_owned(),
        5 => "the connection was refused there: is the server running?".to_owned(),
        6 => "the way there is too long (TTL expired)".to_owned(),
        7 => "it makes no connections of this kind".to_owned(),
        8 => "it does not take this kind of address: a name goes through socks5h://, an address through socks5://"
            .to_owned(),
        code => format!("it refused with code {code}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials() -> Credentials {
        "me:pw".parse().unwrap()
    }

    #[test]
    fn no_login_is_always_offered() {
        assert_eq!(greeting(None), [5, 1, 0]);
        assert_eq!(greeting(Some(&credentials())), [5, 2, 0, 2]);
        assert_eq!(login([5, 0], None), Ok(None));
        assert_eq!(login([5, 0], Some(&credentials())), Ok(None));
    }

    #[test]
    fn a_login_has_user_name_and_password() {
        assert_eq!(login([5, 2], Some(&credentials())), Ok(Some(b"\x01\x02me\x02pw".to_vec())));
        let without_password = "me".parse().unwrap();
        assert_eq!(login([5, 2], Some(&without_password)), Ok(Some(b"\x01\x02me\x00".to_vec())));
        assert_eq!((logged_in([1, 0]), logged_in([1, 1])), (Ok(()), Err(SocksError::WrongLogin)));
        let long = Credentials::new("x".repeat(256), None).unwrap();
        assert!(matches!(login([5, 2], Some(&long)), Err(SocksError::TooLong(_))));
    }

    #[test]
    fn what_can_not_be_agreed_on_is_told() {
        assert_eq!(login([5, 0xff], None), Err(SocksError::WantsLogin));
        assert_eq!(login([5, 0xff], Some(&credentials())), Err(SocksError::NoCommonMethod));
        // It must not choose what was not offered.
        assert_eq!(login([5, 2], None), Err(SocksError::NotSocks));
        assert_eq!(login([5, 1], Some(&credentials())), Err(SocksError::NotSocks));
        assert_eq!(login(*b"HT", None), Err(SocksError::NotSocks));
        assert_eq!(login([4, 0], None), Err(SocksError::NotSocks));
    }

    #[test]
    fn a_request_carries_an_address_or_a_name() {
        let v4 = Place::Address("1.2.3.4:258".parse().unwrap());
        assert_eq!(request(&v4), Ok(vec![5, 1, 0, 1, 1, 2, 3, 4, 1, 2]));
        let v6 = Place::Address("[::1]:80".parse().unwrap());
        let expected = [&[5, 1, 0, 4][..], &[0; 15], &[1, 0, 80]].concat();
        assert_eq!(request(&v6), Ok(expected));
        let name = Place::Name("a.test".into(), 443);
        assert_eq!(request(&name), Ok(b"\x05\x01\x00\x03\x06a.test\x01\xbb".to_vec()));
        assert_eq!(request(&Place::Name("x".repeat(256), 1)), Err(SocksError::TooLong("host's name")));
    }

    #[test]
    fn a_reply_says_how_long_it_is() {
        assert_eq!(reply([0, 1, 9]), Ok(5));
        assert_eq!(reply([0, 3, 9]), Ok(11));
        assert_eq!(reply([0, 3, 0]), Ok(2));
        assert_eq!(reply([0, 4, 9]), Ok(17));
        assert_eq!(reply([0, 2, 9]), Err(SocksError::NotSocks));
        assert_eq!((verdict([5, 0]), verdict(*b"HT")), (Ok(()), Err(SocksError::NotSocks)));
    }

    #[test]
    fn each_refusal_has_words() {
        for (code, part) in
            [(1, "failed"), (2, "rules"), (4, "name"), (5, "refused there"), (8, "socks5h"), (77, "code 77")]
        {
            let error = verdict([5, code]).unwrap_err();
            assert_eq!(error, SocksError::Refused(code));
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
