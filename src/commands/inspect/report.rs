//! What `inspect` prints, for people and for machines.

use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;

use crate::handshake::{Check, DeflateAgreement, Head, Target, accept_for, printable};
use crate::net::{CertificateFacts, Secured};
use crate::opening::{Exchange, Reached};
use crate::protocol::DeflateParams;

/// The version of the JSON form; it grows when a field changes its meaning.
const VERSION: u32 = 1;
/// How much of a header's value is shown, in bytes.
const SHOWN: usize = 4096;

/// A handshake and what is to be said about it.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    version: u32,
    url: String,
    address: String,
    ok: bool,
    request: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    interim: Vec<String>,
    response: String,
    key: String,
    accept: Accept,
    subprotocol: Option<String>,
    extensions: Vec<String>,
    compression: Option<Compression>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<Tls>,
    checks: Vec<Checked>,
    milliseconds: Milliseconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<Refused>,
}

#[derive(Debug, Serialize)]
struct Accept {
    expected: String,
    received: Option<String>,
}

/// What permessage-deflate does to each direction.
#[derive(Debug, Serialize)]
struct Compression {
    client: Direction,
    server: Direction,
    #[serde(skip)]
    words: String,
}

#[derive(Debug, Serialize)]
struct Direction {
    window_bits: u8,
    context_takeover: bool,
}

/// What is known of TLS.
#[derive(Debug, Serialize)]
struct Tls {
    version: Option<String>,
    alpn: Option<String>,
    certificate: Option<Certificate>,
}

/// The server's certificate.
#[derive(Debug, Serialize)]
struct Certificate {
    subject: String,
    issuer: String,
    names: Vec<String>,
    not_before: String,
    not_after: String,
}

#[derive(Debug, Serialize)]
struct Checked {
    clause: &'static str,
    subject: &'static str,
    expected: String,
    found: String,
    verdict: String,
}

#[derive(Debug, Serialize)]
struct Milliseconds {
    name: f64,
    connect: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<f64>,
    http: f64,
}

#[derive(Debug, Serialize)]
struct Refused {
    status: u16,
    reason: String,
    meaning: String,
    body: String,
    #[serde(skip)]
    words: String,
}

impl Report {
    /// All about an exchange.
    pub(super) fn new(target: &Target, reached: &Reached, exchange: &Exchange, show_secrets: bool) -> Self {
        let head = &exchange.response.head;
        let key = exchange.request.offer().key.clone();
        let shown = |value: &[u8]| printable(value, SHOWN);
        let request = if show_secrets {
            String::from_utf8_lossy(exchange.request.bytes()).into_owned()
        } else {
            exchange.request.redacted()
        };
        let head_text = |head: &Head| {
            let bytes = if show_secrets { head.raw().to_vec() } else { head.redacted() };
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let millis = |span: Duration| (span.as_secs_f64() * 1e6).round() / 1e3;
        Report {
            version: VERSION,
            url: target.url(),
            address: reached.address.clone(),
            ok: exchange.refusal.is_none(),
            request,
            interim: exchange.interim.iter().map(|response| head_text(&response.head)).collect(),
            response: head_text(head),
            accept: Accept { expected: accept_for(&key), received: head.field("Sec-WebSocket-Accept").map(shown) },
            key,
            subprotocol: head.field("Sec-WebSocket-Protocol").map(shown),
            extensions: head.tokens("Sec-WebSocket-Extensions"),
            compression: exchange.compression.map(Compression::of),
            tls: reached.secured.as_ref().map(Tls::of),
            checks: exchange.checks.iter().map(Checked::of).collect(),
            milliseconds: Milliseconds {
                name: millis(reached.resolve),
                connect: millis(reached.connect),
                tls: reached.secured.as_ref().map(|secured| millis(secured.took)),
                http: millis(exchange.http),
            },
            refusal: exchange.refusal.as_ref().map(|refusal| Refused {
                status: refusal.status(),
                reason: refusal.response().reason.clone(),
                meaning: refusal.meaning(),
                body: String::from_utf8_lossy(refusal.body()).into_owned(),
                words: refusal.to_string(),
            }),
        }
    }

    /// One JSON object, on one line.
    pub(super) fn json(&self) -> String {
        serde_json::to_string(self).map_or_else(|error| error.to_string(), |json| json + "\n")
    }

    /// The form for people.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String never fails.
        let _ = self.write_text(&mut text);
        text
    }

    fn write_text(&self, out: &mut String) -> std::fmt::Result {
        let Milliseconds { name, connect, tls, http } = self.milliseconds;
        let tls_time = tls.map(|tls| format!(", TLS {tls} ms")).unwrap_or_default();
        writeln!(out, "{} at {}", self.url, self.address)?;
        writeln!(out, "name {name} ms, connect {connect} ms{tls_time}, handshake {http} ms\n")?;
        if let Some(tls) = &self.tls {
            tls.write_text(out)?;
        }
        write_head(out, '>', &self.request)?;
        for response in self.interim.iter().chain([&self.response]) {
            write_head(out, '<', response)?;
        }
        writeln!(out, "Sec-WebSocket-Key       {}", self.key)?;
        writeln!(out, "computed accept         {}", self.accept.expected)?;
        writeln!(out, "received accept         {}", self.accept.received.as_deref().unwrap_or("none"))?;
        writeln!(out, "subprotocol             {}", self.subprotocol.as_deref().unwrap_or("none"))?;
        let extensions = self.extensions.iter().map(|name| printable(name.as_bytes(), SHOWN)).collect::<Vec<_>>();
        writeln!(
            out,
            "extensions              {}",
            if extensions.is_empty() { "none".into() } else { extensions.join(", ") }
        )?;
        if let Some(compression) = &self.compression {
            writeln!(out, "compression             {}", compression.words)?;
        }
        out.push('\n');
        for check in &self.checks {
            check.write_text(out)?;
        }
        match &self.refusal {
            None => writeln!(out, "\nThe handshake is complete: this is a WebSocket server."),
            Some(refusal) => writeln!(out, "\n{}", refusal.words),
        }
    }
}

impl Compression {
    fn of(agreement: DeflateAgreement) -> Self {
        let direction = |params: DeflateParams| Direction {
            window_bits: params.window_bits,
            context_takeover: params.context_takeover,
        };
        Compression {
            client: direction(agreement.client),
            server: direction(agreement.server),
            words: agreement.to_string(),
        }
    }
}

impl Tls {
    fn of(secured: &Secured) -> Self {
        let facts = secured.certificate.as_deref().and_then(CertificateFacts::read);
        let shown = |text: &String| printable(text.as_bytes(), SHOWN);
        Tls {
            version: secured.version.map(|version| version.to_string()),
            alpn: secured.alpn.as_ref().map(shown),
            certificate: facts.map(|facts| Certificate {
                subject: shown(&facts.subject),
                issuer: shown(&facts.issuer),
                names: facts.names.iter().map(shown).collect(),
                not_before: facts.not_before,
                not_after: facts.not_after,
            }),
        }
    }

    fn write_text(&self, out: &mut String) -> std::fmt::Result {
        let known = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".to_owned());
        writeln!(out, "TLS                     {}", known(&self.version))?;
        writeln!(out, "ALPN                    {}", self.alpn.as_deref().unwrap_or("none"))?;
        let Some(certificate) = &self.certificate else { return out.write_char('\n') };
        writeln!(out, "certificate             {}", certificate.subject)?;
        writeln!(out, "  names                 {}", certificate.names.join(", "))?;
        writeln!(out, "  issuer                {}", certificate.issuer)?;
        writeln!(out, "  valid                 {} to {}\n", certificate.not_before, certificate.not_after)
    }
}

impl Checked {
    fn of(check: &Check) -> Self {
        Checked {
            clause: check.clause,
            subject: check.subject,
            expected: check.expected.clone(),
            found: check.found.clone(),
            verdict: check.verdict.to_string(),
        }
    }

    fn write_text(&self, out: &mut String) -> std::fmt::Result {
        let Checked { clause, subject, expected, found, verdict } = self;
        writeln!(out, "{verdict}  {subject}: {found}  [{clause}]")?;
        if verdict == "pass" { Ok(()) } else { writeln!(out, "      expected {expected}") }
    }
}

/// The JSON form of a handshake that there was none of.
pub(super) fn failed(error: &str) -> String {
    serde_json::json!({ "version": VERSION, "ok": false, "error": error }).to_string() + "\n"
}

/// A head as it was on the wire, behind marks as curl has them, safe for a terminal.
fn write_head(out: &mut String, mark: char, head: &str) -> std::fmt::Result {
    for line in head.lines().filter(|line| !line.is_empty()) {
        writeln!(out, "{mark} {}", printable(line.as_bytes(), SHOWN))?;
    }
    out.write_char('\n')
}
