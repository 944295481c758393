//! The certificates that a server sends, and how long they last.

use std::time::SystemTime;

use crate::handshake::{Check, Verdict, printable};
use crate::net::{CertificateFacts, TimeLeft};
use crate::opening::{OpenError, Reached};

/// How much of a certificate's subject is shown, in bytes.
const SHOWN: usize = 200;

/// A server's certificates, its own first; none where one can't be read.
#[derive(Debug, Default)]
pub(super) struct Chain {
    pub(super) certificates: Vec<Option<CertificateFacts>>,
    /// Why those behind the first are not here.
    pub(super) unseen: Option<Unseen>,
}

/// Why most of a chain can't be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unseen {
    /// It was sent encrypted, and a second look showed nothing.
    Encrypted,
    /// The second look showed another certificate, to which another chain belongs.
    Another,
    /// It was sent encrypted, and there was no second look: a command that leads to the server is not run again.
    NotLooked,
}

impl Chain {
    /// The certificates of a host that was reached, if it speaks TLS.
    pub(super) fn behind(reached: &Reached, look: impl FnOnce() -> Option<Vec<Vec<u8>>>) -> Option<Self> {
        let secured = reached.secured.as_ref()?;
        Some(Chain::of(secured.certificate.as_deref(), &secured.chain, look))
    }

    /// The certificates that were not accepted, if that is what went wrong.
    pub(super) fn refused(error: &OpenError, look: impl FnOnce() -> Option<Vec<Vec<u8>>>) -> Option<Self> {
        let OpenError::TlsFailed(failure) = error else { return None };
        let leaf = failure.certificate.as_deref()?;
        Some(Chain::of(Some(leaf), &[], look))
    }

    /// The certificates behind `leaf`, the server's own: those `seen` in the session, or else those that a second `look`
    /// shows, if it shows the same leaf.
    fn of(leaf: Option<&[u8]>, seen: &[Vec<u8>], look: impl FnOnce() -> Option<Vec<Vec<u8>>>) -> Self {
        let looked = if seen.is_empty() { look() } else { Some(seen.to_vec()) };
        let is_looked_at = looked.is_some();
        let whole = looked.unwrap_or_default();
        let unseen = match whole.first() {
            None if !is_looked_at => Some(Unseen::NotLooked),
            None => Some(Unseen::Encrypted),
            Some(first) if leaf.is_some_and(|leaf| leaf != first) => Some(Unseen::Another),
            Some(_) => None,
        };
        let read = CertificateFacts::read;
        let certificates = match unseen {
            None => whole.iter().map(|der| read(der)).collect(),
            Some(_) => leaf.map(read).into_iter().collect(),
        };
        Chain { certificates, unseen }
    }

    /// What is to be said of those that are not here.
    pub(super) fn words(&self) -> Option<&'static str> {
        match (self.unseen, &self.certificates[..]) {
            (Some(Unseen::Encrypted), _) => {
                Some("the rest can't be seen: TLS 1.3 encrypts it, and the server shows nothing with TLS 1.2")
            }
            (Some(Unseen::Another), _) => Some(
                "the rest can't be seen: TLS 1.3 encrypts it, and with TLS 1.2 the server shows another certificate",
            ),
            (Some(Unseen::NotLooked), _) => Some(
                "the rest can't be seen: TLS 1.3 encrypts it, and the command of --via-command is not run for a second look",
            ),
            (None, [Some(only)]) if !only.is_self_issued() => Some("the server sends no other certificate"),
            (None, _) => None,
        }
    }

    /// The check of `--min-days`: every certificate lasts `least` days from `now` on. A root that the server sends as well
    /// is left out, for whoever trusts it has it already.
    pub(super) fn check_days(&self, least: u64, now: SystemTime) -> Check {
        let checked = self.certificates.iter().enumerate();
        let mut checked: Vec<_> = checked
            .filter(|(at, facts)| *at == 0 || !facts.as_ref().is_some_and(CertificateFacts::is_self_issued))
            .map(|(at, facts)| Lasting::of(at, facts.as_ref(), now))
            .collect();
        checked.sort_by_key(|lasting| lasting.days);
        let least_days = i64::try_from(least).unwrap_or(i64::MAX);
        let short: Vec<_> = checked.iter().filter(|lasting| lasting.days < least_days).collect();
        let passes = short.is_empty() && !checked.is_empty();
        let told = if passes { checked.iter().take(1).collect() } else { short };
        let told: Vec<&str> = told.into_iter().map(|lasting| lasting.words.as_str()).collect();
        let found = if told.is_empty() { "no certificate".to_owned() } else { told.join("; ") };
        let days = if least == 1 { "day" } else { "days" };
        let beyond = if self.unseen.is_some() { " (the other certificates can't be seen)" } else { "" };
        Check {
            clause: "RFC 5280, 4.1.2.5",
            subject: "certificate validity",
            expected: format!("at least {least} {days} left"),
            found: format!("{found}{beyond}"),
            verdict: if passes { Verdict::Pass } else { Verdict::Fail },
        }
    }
}

/// How long a certificate lasts.
struct Lasting {
    /// Days left, as small as can be where there is no saying.
    days: i64,
    words: String,
}

impl Lasting {
    fn of(at: usize, facts: Option<&CertificateFacts>, now: SystemTime) -> Self {
        let Some(facts) = facts else {
            return Lasting { days: i64::MIN, words: "a certificate that can't be read".to_owned() };
        };
        let left = facts.time_left(now);
        let days = if matches!(left, TimeLeft::NotYet(_)) { i64::MIN } else { facts.days_left(now) };
        let when = match left {
            TimeLeft::Days(_) => format!("{left}, until {}", facts.not_after),
            TimeLeft::Expired(_) => format!("{left}, on {}", facts.not_after),
            TimeLeft::NotYet(_) => format!("{left}, from {} on", facts.not_before),
        };
        let words = if at == 0 { when } else { format!("{}: {when}", printable(facts.subject.as_bytes(), SHOWN)) };
        Lasting { days, words }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_are_not_mixed() {
        let der = |text: &str| text.as_bytes().to_vec();
        let of = |leaf: &str, seen: &[Vec<u8>], look: Option<Vec<Vec<u8>>>| {
            let chain = Chain::of(Some(leaf.as_bytes()), seen, || look);
            (chain.certificates.len(), chain.unseen)
        };
        assert_eq!(of("leaf", &[der("leaf"), der("issuer")], None), (2, None));
        assert_eq!(of("leaf", &[], Some(vec![der("leaf"), der("issuer")])), (2, None));
        assert_eq!(of("leaf", &[], Some(vec![der("other"), der("issuer")])), (1, Some(Unseen::Another)));
        assert_eq!(of("leaf", &[], Some(Vec::new())), (1, Some(Unseen::Encrypted)));
        assert_eq!(of("leaf", &[], None), (1, Some(Unseen::NotLooked)));
        assert_eq!(Chain::of(None, &[], || None).certificates.len(), 0);
    }

    #[test]
    fn what_cannot_be_read_does_not_last() {
        for chain in [Chain::default(), Chain::of(Some(b"leaf"), &[], || None)] {
            assert!(chain.check_days(0, SystemTime::UNIX_EPOCH).failed());
        }
    }
}
