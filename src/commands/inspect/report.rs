//! What `inspect` prints, for people and for machines.

mod captured;
mod checked;

use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;

use crate::handshake::{DeflateAgreement, Head, Refusal, Side, Target, accept_for, printable};
use crate::net::{CertificateFacts, Secured};
use crate::opening::{Exchange, Reached};
use crate::protocol::DeflateParams;
use captured::Repaired;
use checked::Checked;

/// The version of the JSON form; it grows when a field changes its meaning.
const VERSION: u32 = 1;
/// How much of a header's value is shown, in bytes.
const SHOWN: usize = 4096;

/// A handshake and what is to be said about it. Of captured heads some of it is not known.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    version: u32,
    url: Option<String>,
    address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proxy: Option<String>,
    ok: bool,
    request: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    interim: Vec<String>,
    response: Option<String>,
    key: Option<String>,
    accept: Accept,
    subprotocol: Option<String>,
    extensions: Option<Vec<String>>,
    compression: Option<Compression>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<Tls>,
    checks: Vec<Checked>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repairs: Option<Vec<Repaired>>,
    milliseconds: Option<Milliseconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<Refused>,
    /// What it comes to, in words for people.
    #[serde(skip)]
    conclusion: String,
}

#[derive(Debug, Default, Serialize)]
struct Accept {
    expected: Option<String>,
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
struct Milliseconds {
    name: f64,
    connect: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    proxy: Option<f64>,
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
            url: Some(target.url()),
            address: Some(reached.address.clone()),
            proxy: reached.proxy.as_ref().map(|proxy| proxy.url.clone()),
            ok: exchange.refusal.is_none(),
            request: Some(request),
            interim: exchange.interim.iter().map(|response| head_text(&response.head)).collect(),
            response: Some(head_text(head)),
            accept: Accept {
                expected: Some(accept_for(&key)),
                received: head.field("Sec-WebSocket-Accept").map(shown),
            },
            key: Some(key),
            subprotocol: head.field("Sec-WebSocket-Protocol").map(shown),
            extensions: Some(head.tokens("Sec-WebSocket-Extensions")),
            compression: exchange.compression.map(Compression::of),
            tls: reached.secured.as_ref().map(Tls::of),
            checks: exchange.checks.iter().map(|check| Checked::of(Side::Response, check)).collect(),
            repairs: None,
            milliseconds: Some(Milliseconds {
                name: millis(reached.resolve),
                connect: millis(reached.connect),
                proxy: reached.proxy.as_ref().map(|proxy| millis(proxy.took)),
                tls: reached.secured.as_ref().map(|secured| millis(secured.took)),
                http: millis(exchange.http),
            }),
            refusal: exchange.refusal.as_ref().map(Refused::of),
            conclusion: match &exchange.refusal {
                None => "The handshake is complete: this is a WebSocket server.".to_owned(),
                Some(refusal) => refusal.to_string(),
            },
        }
    }

    /// One JSON object, on one line.
    pub(super) fn json(&self) -> String {
        serde_json::to_string(self).map_or_else(|error| error.to_string(), |json| json + "\n")
    }

    /// The form for people.
    pub(super) fn text(&self, in_color: bool) -> String {
        let mut text = String::new();
        // Writing to a String never fails.
        let _ = self.write_text(&mut text, in_color);
        text
    }

    fn write_text(&self, out: &mut String, in_color: bool) -> std::fmt::Result {
        if let (Some(url), Some(address)) = (&self.url, &self.address) {
            let proxy = self.proxy.as_ref().map(|proxy| format!(" (the proxy {proxy})")).unwrap_or_default();
            writeln!(out, "{url} at {address}{proxy}")?;
        }
        if let Some(Milliseconds { name, connect, proxy, tls, http }) = self.milliseconds {
            let proxy = proxy.map(|proxy| format!(", proxy {proxy} ms")).unwrap_or_default();
            let tls = tls.map(|tls| format!(", TLS {tls} ms")).unwrap_or_default();
            writeln!(out, "name {name} ms, connect {connect} ms{proxy}{tls}, handshake {http} ms\n")?;
        }
        if let Some(tls) = &self.tls {
            tls.write_text(out)?;
        }
        if let Some(request) = &self.request {
            write_head(out, '>', request)?;
        }
        for response in self.interim.iter().chain(&self.response) {
            write_head(out, '<', response)?;
        }
        let before = out.len();
        self.write_facts(out)?;
        if out.len() > before {
            out.write_char('\n')?;
        }
        captured::write_repairs(out, self.repairs.as_deref().unwrap_or_default(), in_color)?;
        checked::write_checks(out, &self.checks, in_color)?;
        writeln!(out, "\n{}", self.conclusion)
    }

    /// What was agreed on, as far as it is known.
    fn write_facts(&self, out: &mut String) -> std::fmt::Result {
        if let Some(key) = &self.key {
            writeln!(out, "Sec-WebSocket-Key       {}", printable(key.as_bytes(), SHOWN))?;
        }
        if let Some(expected) = &self.accept.expected {
            writeln!(out, "computed accept         {expected}")?;
        }
        if let Some(extensions) = &self.extensions {
            let extensions = extensions.iter().map(|name| printable(name.as_bytes(), SHOWN)).collect::<Vec<_>>();
            let extensions = Some(extensions.join(", ")).filter(|names| !names.is_empty());
            let or_none = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
            writeln!(out, "received accept         {}", or_none(&self.accept.received))?;
            writeln!(out, "subprotocol             {}", or_none(&self.subprotocol))?;
            writeln!(out, "extensions              {}", or_none(&extensions))?;
        }
        if let Some(compression) = &self.compression {
            writeln!(out, "compression             {}", compression.words)?;
        }
        Ok(())
    }
}

impl Refused {
    fn of(refusal: &Refusal) -> Self {
        Refused {
            status: refusal.status(),
            reason: refusal.response().reason.clone(),
            meaning: refusal.meaning(),
            body: String::from_utf8_lossy(refusal.body()).into_owned(),
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
