//! What is known of TLS and the server's certificates.

use std::fmt::{self, Write};
use std::time::SystemTime;

use serde::Serialize;

use super::SHOWN;
use crate::commands::inspect::chain::Chain;
use crate::handshake::printable;
use crate::net::{CertificateFacts, Secured, TimeLeft};

/// What is known of TLS.
#[derive(Debug, Default, Serialize)]
pub(super) struct Tls {
    version: Option<String>,
    alpn: Option<String>,
    certificate: Option<Certificate>,
    chain: Option<Vec<Option<Certificate>>>,
    /// Whether there is a session at all.
    #[serde(skip)]
    stands: bool,
    /// What is to be said of the rest of the chain.
    #[serde(skip)]
    rest: Option<&'static str>,
}

/// A certificate.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Certificate {
    subject: String,
    issuer: String,
    names: Vec<String>,
    not_before: String,
    not_after: String,
    days_left: i64,
    #[serde(skip)]
    time_left: TimeLeft,
}

impl Tls {
    /// What a session that stands tells.
    pub(super) fn of(secured: &Secured, chain: &Chain) -> Self {
        Tls {
            version: secured.version.map(|version| version.to_string()),
            alpn: secured.alpn.as_ref().map(|name| printable(name.as_bytes(), SHOWN)),
            stands: true,
            ..Tls::refused(chain)
        }
    }

    /// What there is to see where a certificate was not accepted.
    pub(super) fn refused(chain: &Chain) -> Self {
        let now = SystemTime::now();
        let certificates =
            chain.certificates.iter().map(|facts| facts.as_ref().map(|facts| Certificate::of(facts, now)));
        let certificates: Vec<_> = certificates.collect();
        Tls {
            certificate: certificates.first().cloned().flatten(),
            chain: chain.unseen.is_none().then_some(certificates),
            rest: chain.words(),
            ..Tls::default()
        }
    }

    pub(super) fn write_text(&self, out: &mut String) -> fmt::Result {
        if self.stands {
            writeln!(out, "TLS                     {}", self.version.as_deref().unwrap_or("unknown"))?;
            writeln!(out, "ALPN                    {}", self.alpn.as_deref().unwrap_or("none"))?;
        }
        match (&self.chain, &self.certificate) {
            (Some(chain), _) => {
                for (number, certificate) in (1..).zip(chain) {
                    write_certificate(out, number, certificate.as_ref())?;
                }
            }
            (None, Some(leaf)) => leaf.write_text(out, "certificate")?,
            (None, None) => {}
        }
        if let Some(rest) = self.rest {
            writeln!(out, "chain                   {rest}")?;
        }
        out.write_char('\n')
    }
}

fn write_certificate(out: &mut String, number: usize, certificate: Option<&Certificate>) -> fmt::Result {
    let title = if number == 1 { "certificate".to_owned() } else { format!("certificate {number}") };
    match certificate {
        Some(certificate) => certificate.write_text(out, &title),
        None => writeln!(out, "{title:24}can't be read"),
    }
}

impl Certificate {
    fn of(facts: &CertificateFacts, now: SystemTime) -> Self {
        let shown = |text: &String| printable(text.as_bytes(), SHOWN);
        Certificate {
            subject: shown(&facts.subject),
            issuer: shown(&facts.issuer),
            names: facts.names.iter().map(shown).collect(),
            not_before: facts.not_before.clone(),
            not_after: facts.not_after.clone(),
            days_left: facts.days_left(now),
            time_left: facts.time_left(now),
        }
    }

    fn write_text(&self, out: &mut String, title: &str) -> fmt::Result {
        writeln!(out, "{title:24}{}", self.subject)?;
        if !self.names.is_empty() {
            writeln!(out, "  names                 {}", self.names.join(", "))?;
        }
        writeln!(out, "  issuer                {}", self.issuer)?;
        writeln!(out, "  valid                 {} to {}, {}", self.not_before, self.not_after, self.time_left)
    }
}
