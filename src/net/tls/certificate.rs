//! What is in a certificate.

use std::fmt;
use std::ops::Range;
use std::time::SystemTime;

use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// What people want to know of a certificate (RFC 5280).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFacts {
    /// The subject's name, as in RFC 4514.
    pub subject: String,
    /// The issuer's name.
    pub issuer: String,
    /// The names and addresses that it is for.
    pub names: Vec<String>,
    /// From when on it is valid, in UTC, RFC 3339.
    pub not_before: String,
    /// Until when it is valid.
    pub not_after: String,
    validity: Range<SystemTime>,
}

/// How a certificate stands to the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeLeft {
    /// It is valid for so many more whole days.
    Days(u64),
    /// It expired so many whole days ago.
    Expired(u64),
    /// It becomes valid in so many whole days.
    NotYet(u64),
}

/// A day, in seconds.
const DAY: u64 = 24 * 60 * 60;

impl CertificateFacts {
    /// Reads a certificate in DER; none if it is not one.
    #[must_use]
    pub fn read(der: &[u8]) -> Option<Self> {
        let certificate = Certificate::from_der(der).ok()?;
        let tbs = certificate.tbs_certificate();
        let names = tbs.get_extension::<SubjectAltName>().ok().flatten().map(|(_, names)| names.0).unwrap_or_default();
        let validity = tbs.validity();
        Some(CertificateFacts {
            subject: tbs.subject().to_string(),
            issuer: tbs.issuer().to_string(),
            names: names.iter().filter_map(name_of).collect(),
            not_before: validity.not_before.to_string(),
            not_after: validity.not_after.to_string(),
            validity: validity.not_before.to_system_time()..validity.not_after.to_system_time(),
        })
    }

    /// How it stands to the time `now`.
    #[must_use]
    pub fn time_left(&self, now: SystemTime) -> TimeLeft {
        let Range { start, end } = self.validity;
        let days = |from: SystemTime, to: SystemTime| to.duration_since(from).unwrap_or_default().as_secs() / DAY;
        if now > end {
            TimeLeft::Expired(days(end, now))
        } else if now < start {
            TimeLeft::NotYet(days(now, start))
        } else {
            TimeLeft::Days(days(now, end))
        }
    }

    /// The whole days from `now` to its end; once it has expired, those since then, at least one, as a negative number.
    #[must_use]
    pub fn days_left(&self, now: SystemTime) -> i64 {
        match self.validity.end.duration_since(now) {
            Ok(left) => i64::try_from(left.as_secs() / DAY).unwrap_or(i64::MAX),
            Err(over) => -i64::try_from((over.duration().as_secs() / DAY).max(1)).unwrap_or(i64::MAX),
        }
    }

    /// Whether it vouches for itself, as a root does: nobody checks its dates.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }
}

impl fmt::Display for TimeLeft {
    /// `12 days left`, `expired 3 days ago`, `valid in 1 day`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = |count: u64| match count {
            0 => "less than a day".to_owned(),
            1 => "1 day".to_owned(),
            count => format!("{count} days"),
        };
        match *self {
            TimeLeft::Days(count) => write!(f, "{} left", days(count)),
            TimeLeft::Expired(count) => write!(f, "expired {} ago", days(count)),
            TimeLeft::NotYet(count) => write!(f, "valid in {}", days(count)),
        }
    }
}

fn name_of(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        GeneralName::IpAddress(bytes) => match bytes.as_bytes() {
            [a, b, c, d] => Some(std::net::Ipv4Addr::new(*a, *b, *c, *d).to_string()),
            bytes => <[u8; 16]>::try_from(bytes).ok().map(|bytes| std::net::Ipv6Addr::from(bytes).to_string()),
        },
        _ => None,
    }
}

impl fmt::Display for CertificateFacts {
    /// `CN=example.com, for example.com, www.example.com, valid from 2020-01-01T00:00:00Z to 2021-01-01T00:00:00Z`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subject = if self.subject.is_empty() { "a certificate without a subject" } else { &self.subject };
        f.write_str(subject)?;
        if !self.names.is_empty() {
            write!(f, ", for {}", self.names.join(", "))?;
        }
        write!(f, ", issued by {}, valid from {} to {}", self.issuer, self.not_before, self.not_after)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_no_certificate_has_no_facts() {
        assert_eq!(CertificateFacts::read(b""), None);
        assert_eq!(CertificateFacts::read(b"-----BEGIN CERTIFICATE-----"), None);
    }

    #[test]
    fn how_much_time_is_left() {
        let day = |count: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(count * DAY);
        let facts = CertificateFacts {
            subject: "CN=a".into(),
            issuer: "CN=b".into(),
            names: Vec::new(),
            not_before: String::new(),
            not_after: String::new(),
            validity: day(100)..day(200),
        };
        let second = Duration::from_secs(1);
        for (now, words, days) in [
            (day(90), "valid in 10 days", 110),
            (day(100), "100 days left", 100),
            (day(198), "2 days left", 2),
            (day(198) + second, "1 day left", 1),
            (day(199) + second, "less than a day left", 0),
            (day(200), "less than a day left", 0),
            (day(200) + second, "expired less than a day ago", -1),
            (day(201), "expired 1 day ago", -1),
            (day(202) - second, "expired 1 day ago", -1),
            (day(230) + second, "expired 30 days ago", -30),
        ] {
            assert_eq!((facts.time_left(now).to_string().as_str(), facts.days_left(now)), (words, days));
        }
    }
}
