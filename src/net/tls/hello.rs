//! The versions of TLS, and the one that a server's first message chooses.

use std::fmt;
use std::str::FromStr;

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// RFC 2246.
    V1_0,
    /// RFC 4346.
    V1_1,
    /// RFC 5246.
    V1_2,
    /// RFC 8446.
    V1_3,
}

impl TlsVersion {
    const ALL: [(TlsVersion, &str, u16); 4] = [
        (TlsVersion::V1_0, "1.0", 0x0301),
        (TlsVersion::V1_1, "1.1", 0x0302),
        (TlsVersion::V1_2, "1.2", 0x0303),
        (TlsVersion::V1_3, "1.3", 0x0304),
    ];

    fn of(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, _, own)| *own == number).map(|(version, _, _)| version)
    }
}

impl FromStr for TlsVersion {
    type Err = String;

    /// `1.2`
    fn from_str(text: &str) -> Result<Self, String> {
        let version = Self::ALL.into_iter().find(|(_, own, _)| *own == text).map(|(version, _, _)| version);
        version.ok_or_else(|| format!("{text:?} is no version of TLS: write 1.0, 1.1, 1.2 or 1.3"))
    }
}

impl fmt::Display for TlsVersion {
    /// `TLS 1.2`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = Self::ALL.into_iter().find(|(own, _, _)| own == self).map_or("", |(_, text, _)| text);
        write!(f, "TLS {text}")
    }
}

/// The version that a server's hello, without its type and length, chooses: that of the message, or, from 1.3 on, that of
/// its extension `supported_versions` (RFC 8446, 4.1.3 and 4.2.1).
pub(super) fn chosen_version(hello: &[u8]) -> Option<TlsVersion> {
    let ([major, minor], rest) = hello.split_first_chunk()?;
    let legacy = TlsVersion::of(u16::from_be_bytes([*major, *minor]));
    // Random, session ID, cipher suite, compression method.
    let (session, rest) = rest.get(32..)?.split_first()?;
    let rest = rest.get(usize::from(*session) + 3..)?;
    let Some((length, mut rest)) = rest.split_first_chunk() else {
        return legacy;
    };
    rest = &rest[..rest.len().min(usize::from(u16::from_be_bytes(*length)))];
    while let [kind_1, kind_2, length_1, length_2, tail @ ..] = rest {
        let (kind, length) = (u16::from_be_bytes([*kind_1, *kind_2]), u16::from_be_bytes([*length_1, *length_2]));
        let (content, behind) = tail.split_at_checked(usize::from(length))?;
        if let (43, [major, minor]) = (kind, content) {
            return TlsVersion::of(u16::from_be_bytes([*major, *minor]));
        }
        rest = behind;
    }
    legacy
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(version: [u8; 2], extensions: &[u8]) -> Vec<u8> {
        let mut bytes = version.to_vec();
        bytes.extend([7; 32]);
        bytes.extend([2, 9, 9, 0x13, 0x01, 0]);
        bytes.extend((extensions.len() as u16).to_be_bytes());
        bytes.extend(extensions);
        bytes
    }

    #[test]
    fn the_version_that_a_server_chose() {
        assert_eq!(chosen_version(&hello([3, 3], &[])), Some(TlsVersion::V1_2));
        assert_eq!(chosen_version(&hello([3, 1], &[])), Some(TlsVersion::V1_0));
        let with_others = [0, 51, 0, 2, 1, 1, 0, 43, 0, 2, 3, 4];
        assert_eq!(chosen_version(&hello([3, 3], &with_others)), Some(TlsVersion::V1_3));
    }

    #[test]
    fn what_is_no_server_hello_has_none() {
        let whole = hello([3, 3], &[]);
        for length in 0..40 {
            assert_eq!(chosen_version(&whole[..length]), None, "{length}");
        }
        // Before there were extensions, the message ended here.
        assert_eq!(chosen_version(&whole[..40]), Some(TlsVersion::V1_2));
        assert_eq!(chosen_version(&hello([3, 3], &[0, 43, 0, 9, 3, 4])), None);
        assert_eq!(chosen_version(b"HTTP/1.1 400 Bad Request, and so on and so on"), None);
    }

    #[test]
    fn versions_as_people_write_them() {
        assert_eq!("1.2".parse(), Ok(TlsVersion::V1_2));
        assert_eq!(TlsVersion::V1_3.to_string(), "TLS 1.3");
        assert!("1.4".parse::<TlsVersion>().unwrap_err().contains("write 1.0"));
    }
}
