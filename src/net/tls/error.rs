//! Why TLS does not stand, in words that help.

use std::fmt;
use std::io;

use super::stream::Memory;
use super::{CertificateFacts, Secured};

/// Why TLS could not be set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsError {
    trouble: Trouble,
    /// The words of the system's library, or ours.
    words: String,
    /// Whether the peer was shown a certificate of ours.
    identity_shown: bool,
}

/// What kind of trouble it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The options don't go together with the library, or a file does not hold what it should.
    Setup,
    /// The certificate's time is over.
    Expired,
    /// The certificate's time has not begun.
    NotYetValid,
    /// The certificate is for other names.
    WrongName,
    /// The certificate vouches for itself.
    SelfSigned,
    /// Nobody who is trusted vouches for the certificate.
    UnknownIssuer,
    /// The two have no version in common.
    Version,
    /// The peer's version is older than what was asked for.
    TooOld,
    /// What came is no TLS.
    NotTls,
    /// The peer wants a certificate from us, or does not like ours.
    Refused,
    /// The peer speaks no protocol over TLS that was asked for by ALPN.
    Protocol,
    /// The peer does not know the name that was asked for.
    UnknownName,
    /// The two agree on nothing, or the peer does not say why.
    Disagreed,
    /// The peer went away.
    Cut,
    /// Time was up.
    TimedOut,
    /// Anything else.
    Other,
}

/// Whom a client speaks TLS with: not every option is for both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsPeer {
    /// The server of the URL.
    Server,
    /// A proxy.
    Proxy,
}

impl TlsError {
    pub(super) fn new(trouble: Trouble, words: &str) -> Self {
        TlsError { trouble, words: words.to_owned(), identity_shown: false }
    }

    pub(super) fn setup(error: &native_tls::Error) -> Self {
        TlsError::new(Trouble::Setup, &plain_words(&error.to_string()))
    }

    pub(super) fn io(error: &io::Error) -> Self {
        let is_cut = matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset);
        TlsError::new(if is_cut { Trouble::Cut } else { Trouble::Other }, &error.to_string())
    }

    pub(super) fn timed_out() -> Self {
        TlsError::new(Trouble::TimedOut, "the TLS handshake took too long")
    }

    /// A write that did not come to its end in time, or failed.
    pub(super) fn waiting(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => TlsError::timed_out(),
            _ => TlsError::io(error),
        }
    }

    /// A handshake that failed, with what the peer had sent by then.
    pub(super) fn handshake(error: &native_tls::Error, memory: &Memory) -> Self {
        let words = plain_words(&error.to_string());
        let mut trouble = trouble_of(&words);
        if trouble == Trouble::Other && memory.has_ended() {
            trouble = Trouble::Cut;
        }
        TlsError::new(trouble, &words)
    }

    /// The same, of a peer that was shown a certificate of ours, or was not.
    pub(super) fn with_identity(self, identity_shown: bool) -> Self {
        TlsError { identity_shown, ..self }
    }

    /// The refusal that a read after the handshake tells of, if it does.
    pub(crate) fn refused_later(error: &io::Error, secured: &Secured) -> Option<Self> {
        let words = plain_words(&error.to_string());
        let refused = TlsError::new(Trouble::Refused, &words).with_identity(secured.shows_identity);
        (trouble_of(&words) == Trouble::Refused).then_some(refused)
    }

    /// What kind of trouble it is.
    #[must_use]
    pub fn trouble(&self) -> Trouble {
        self.trouble
    }

    /// Whether the peer's certificate is what is wrong.
    #[must_use]
    pub fn is_about_certificate(&self) -> bool {
        matches!(
            self.trouble,
            Trouble::Expired | Trouble::NotYetValid | Trouble::WrongName | Trouble::SelfSigned | Trouble::UnknownIssuer
        )
    }

    /// What a server has to say of it.
    #[must_use]
    pub fn seen_by_server(&self) -> String {
        match self.trouble {
            Trouble::NotTls => "the client speaks no TLS: it has to ask for wss://".to_owned(),
            Trouble::Cut => "the client went away inside the handshake".to_owned(),
            Trouble::Version => "the client has no version of TLS that will do".to_owned(),
            Trouble::Refused => format!("the client does not accept the certificate ({})", self.words),
            _ => self.words.clone(),
        }
    }

    /// Whether it is our certificate that the peer does not accept.
    fn is_unaccepted(&self) -> bool {
        self.identity_shown && !self.words.contains("certificate required")
    }

    /// The whole story: the cause, the certificate if there is one to see, and what would help.
    #[must_use]
    pub fn explained(&self, peer: TlsPeer, certificate: Option<&CertificateFacts>) -> String {
        let cause = self.cause(peer, certificate);
        let mut text = if cause.is_empty() { self.words.clone() } else { cause };
        if matches!(self.trouble, Trouble::Refused | Trouble::Disagreed) {
            text.push_str(": ");
            text.push_str(&self.words);
        }
        if let Some(certificate) = certificate.filter(|_| self.is_about_certificate()) {
            text.push_str(": ");
            text.push_str(&certificate.to_string());
        }
        let advice = match peer {
            TlsPeer::Server => self.advice(certificate),
            TlsPeer::Proxy => self.advice_on_proxy(),
        };
        if !advice.is_empty() {
            text.push_str(" (");
            text.push_str(advice);
            text.push(')');
        }
        text
    }

    /// What is wrong, in a few words; empty where it is only known in those of the library.
    pub(crate) fn cause(&self, peer: TlsPeer, certificate: Option<&CertificateFacts>) -> String {
        let whose = match peer {
            TlsPeer::Server => "the server",
            TlsPeer::Proxy => "the proxy",
        };
        match self.trouble {
            Trouble::Expired => format!("{whose}'s certificate has expired"),
            Trouble::NotYetValid => format!("{whose}'s certificate is not valid yet"),
            Trouble::WrongName if names_nothing(certificate) => {
                format!("{whose}'s certificate names no host or address, for it has no subjectAltName")
            }
            Trouble::WrongName => format!("{whose}'s certificate is for another name"),
            Trouble::SelfSigned => format!("{whose}'s certificate is self-signed"),
            Trouble::UnknownIssuer => format!("nobody who is trusted here vouches for {whose}'s certificate"),
            Trouble::Version => "the two sides have no version of TLS in common".to_owned(),
            Trouble::NotTls => "what came is no TLS".to_owned(),
            Trouble::Refused if self.is_unaccepted() => {
                format!("{whose} does not accept the certificate of --cert or --pkcs12")
            }
            Trouble::Refused => format!("{whose} does not accept this side"),
            Trouble::Protocol => format!(
                "{whose} speaks no HTTP/1.1 over TLS (ALPN), which a WebSocket handshake needs: it may be one for HTTP/2 only"
            ),
            Trouble::UnknownName => format!("{whose} does not know the host that was asked for"),
            Trouble::Disagreed => format!("{whose} broke the TLS handshake off"),
            Trouble::Cut => "the connection ended inside the TLS handshake".to_owned(),
            Trouble::TooOld | Trouble::Setup | Trouble::TimedOut | Trouble::Other => String::new(),
        }
    }

    fn advice(&self, certificate: Option<&CertificateFacts>) -> &'static str {
        match self.trouble {
            Trouble::Expired | Trouble::NotYetValid => "is the clock right? -k accepts it unchecked",
            Trouble::WrongName if names_nothing(certificate) => {
                "a CN never counts for an address; -k accepts it unchecked"
            }
            Trouble::WrongName => "ask for one of these names, or with --sni; -k accepts it unchecked",
            Trouble::SelfSigned => "--cacert FILE trusts it if you have it in a file; -k accepts it unchecked",
            Trouble::UnknownIssuer => {
                "its issuer's certificate was not sent by the server, or leads to no root that is trusted: --cacert FILE trusts another root; -k accepts it unchecked"
            }
            Trouble::Version => "--tls-min 1.0 allows old versions, if the system's library does",
            Trouble::NotTls | Trouble::Cut => "is that a plain port? Try ws:// or http://",
            Trouble::Refused if self.is_unaccepted() => {
                "it may want one of another authority, or one that is valid now"
            }
            Trouble::Refused => "it may want a certificate of yours: --cert and --key, or --pkcs12",
            Trouble::UnknownName => "--sni asks for another name",
            Trouble::Disagreed if self.identity_shown => {
                "it may not accept the certificate of --cert or --pkcs12, or want another name, --sni, or an older version, --tls-min"
            }
            Trouble::Disagreed => {
                "it may want a certificate of yours, --cert and --key, another name, --sni, or an older version, --tls-min"
            }
            Trouble::Protocol | Trouble::TooOld | Trouble::Setup | Trouble::TimedOut | Trouble::Other => "",
        }
    }

    /// Of the options of TLS, only --cacert is for proxies, too.
    fn advice_on_proxy(&self) -> &'static str {
        match self.trouble {
            Trouble::Expired | Trouble::NotYetValid => "is the clock right?",
            Trouble::WrongName => "give the proxy by one of these names",
            Trouble::SelfSigned => "--cacert FILE trusts it if you have it in a file",
            Trouble::UnknownIssuer => "--cacert FILE trusts another issuer",
            Trouble::NotTls | Trouble::Cut => "is that a plain port? Try http://",
            Trouble::Refused => "it may want a certificate, and wspipe shows none to proxies",
            _ => "",
        }
    }
}

fn names_nothing(certificate: Option<&CertificateFacts>) -> bool {
    certificate.is_some_and(|certificate| certificate.names.is_empty())
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.explained(TlsPeer::Server, None))
    }
}

impl std::error::Error for TlsError {}

/// The kind of trouble that the words of a library tell of. OpenSSL's come from `X509_verify_cert_error_string` and its
/// list of reasons, those of `Security.framework` and `SChannel` from the system.
fn trouble_of(words: &str) -> Trouble {
    // The peer's alerts (RFC 8446, 6.2) come first: what one says of a certificate, it says of ours.
    const SIGNS: [(&str, Trouble); 34] = [
        ("alert no application protocol", Trouble::Protocol),
        ("unrecognized name", Trouble::UnknownName),
        ("alert protocol version", Trouble::Version),
        ("alert certificate required", Trouble::Refused),
        ("alert unknown ca", Trouble::Refused),
        ("alert bad certificate", Trouble::Refused),
        ("alert unsupported certificate", Trouble::Refused),
        ("alert certificate", Trouble::Refused),
        ("alert access denied", Trouble::Refused),
        ("alert decrypt error", Trouble::Refused),
        ("alert handshake failure", Trouble::Disagreed),
        ("alert insufficient security", Trouble::Disagreed),
        ("alert internal error", Trouble::Disagreed),
        ("has expired", Trouble::Expired),
        ("expired", Trouble::Expired),
        ("not yet valid", Trouble::NotYetValid),
        ("hostname mismatch", Trouble::WrongName),
        ("ip address mismatch", Trouble::WrongName),
        ("does not match", Trouble::WrongName),
        ("self-signed certificate in certificate chain", Trouble::UnknownIssuer),
        ("self signed certificate in certificate chain", Trouble::UnknownIssuer),
        ("self-signed", Trouble::SelfSigned),
        ("self signed", Trouble::SelfSigned),
        ("unable to get local issuer", Trouble::UnknownIssuer),
        ("unable to get issuer", Trouble::UnknownIssuer),
        ("unable to verify the first certificate", Trouble::UnknownIssuer),
        ("certificate signature failure", Trouble::UnknownIssuer),
        ("not trusted", Trouble::UnknownIssuer),
        ("wrong version number", Trouble::NotTls),
        ("http request", Trouble::NotTls),
        ("packet length too long", Trouble::NotTls),
        ("unknown protocol", Trouble::NotTls),
        ("unsupported protocol", Trouble::Version),
        ("no protocols available", Trouble::Version),
    ];
    let words = words.to_lowercase();
    SIGNS.into_iter().find(|(sign, _)| words.contains(sign)).map_or(Trouble::Other, |(_, trouble)| trouble)
}

/// OpenSSL's `error:0A000086:SSL routines:function:reason:file:line: (what the check of the certificate said)` without what
/// only its authors need.
pub(super) fn plain_words(words: &str) -> String {
    let Some(rest) = words.strip_prefix("error:") else {
        return words.to_owned();
    };
    let parts: Vec<&str> = rest.splitn(6, ':').collect();
    let reason = parts.get(3).copied().unwrap_or(words);
    match words.rsplit_once(" (") {
        Some((_, verdict)) => format!("{reason}: {}", verdict.trim_end_matches(')')),
        None => reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_for_servers_only_is_no_advice_on_a_proxy() {
        use Trouble::{
            Cut, Disagreed, Expired, NotTls, NotYetValid, Other, Protocol, Refused, SelfSigned, UnknownIssuer,
            UnknownName, Version, WrongName,
        };
        for trouble in [
            Cut,
            Disagreed,
            Expired,
            NotTls,
            NotYetValid,
            Other,
            Protocol,
            Refused,
            SelfSigned,
            UnknownIssuer,
            UnknownName,
            Version,
            WrongName,
        ] {
            let words = TlsError::new(trouble, "x").explained(TlsPeer::Proxy, None);
            for option in ["-k", "--sni", "--cert", "--tls-min", "ws://", "the server"] {
                assert!(!words.contains(option), "{words}");
            }
        }
    }

    #[test]
    fn the_words_of_openssl() {
        let verify = |verdict: &str| {
            format!(
                "error:0A000086:SSL routines:tls_post_process_server_certificate:certificate verify failed:../ssl/statem/statem_clnt.c:1889: ({verdict})"
            )
        };
        for (words, trouble) in [
            (verify("certificate has expired"), Trouble::Expired),
            (verify("certificate is not yet valid"), Trouble::NotYetValid),
            (verify("Hostname mismatch"), Trouble::WrongName),
            (verify("IP address mismatch"), Trouble::WrongName),
            (verify("self-signed certificate"), Trouble::SelfSigned),
            (verify("self-signed certificate in certificate chain"), Trouble::UnknownIssuer),
            (verify("unable to get local issuer certificate"), Trouble::UnknownIssuer),
            ("error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../ssl/record/ssl3_record.c:354:".into(), Trouble::NotTls),
            ("error:0A00042E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol version:../ssl/record/rec_layer_s3.c:1605:SSL alert number 70".into(), Trouble::Version),
            ("error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:../ssl/record/rec_layer_s3.c:1605:SSL alert number 116".into(), Trouble::Refused),
            ("error:0A000460:SSL routines:ssl3_read_bytes:tlsv1 alert no application protocol:../ssl/record/rec_layer_s3.c:1605:SSL alert number 120".into(), Trouble::Protocol),
            ("error:0A000415:SSL routines:ssl3_read_bytes:ssl/tls alert certificate expired:../ssl/record/rec_layer_s3.c:1605:SSL alert number 45".into(), Trouble::Refused),
            ("error:0A000410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure:../ssl/record/rec_layer_s3.c:1605:SSL alert number 40".into(), Trouble::Disagreed),
            ("error:0A000458:SSL routines:ssl3_read_bytes:tlsv1 unrecognized name:../ssl/record/rec_layer_s3.c:1605:SSL alert number 112".into(), Trouble::UnknownName),
            ("something else".into(), Trouble::Other),
        ] {
            assert_eq!(trouble_of(&plain_words(&words)), trouble, "{words}");
        }
        assert_eq!(
            plain_words(&verify("certificate has expired")),
            "certificate verify failed: certificate has expired"
        );
        assert_eq!(plain_words("unexpected EOF"), "unexpected EOF");
    }
}
