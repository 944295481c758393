//! What `inspect` prints, for people and for machines.

mod captured;
mod checked;
mod failed;
mod redirects;
mod tls;

use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;

use super::chain::Chain;
use crate::handshake::{Check, DeflateAgreement, Head, Refusal, Request, Side, Target, accept_for, printable};
use crate::opening::{Followed, ProxyPassed, Reached};
use crate::protocol::DeflateParams;
use crate::records::millis;
use captured::Repaired;
use checked::Checked;
use failed::Tried;
use redirects::Redirected;
use tls::Tls;

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
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attempts: Vec<Tried>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    redirects: Vec<Redirected>,
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

/// How long each phase took; null for one that did not come to its end.
#[derive(Debug, Serialize)]
struct Milliseconds {
    name: f64,
    connect: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    proxy: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<f64>,
    http: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Refused {
    status: u16,
    reason: String,
    meaning: String,
    body: String,
}

impl Report {
    /// All about a handshake. `of_certificate` are the checks of the server's certificates: one that fails is that of
    /// `--min-days`.
    pub(super) fn new(
        followed: &Followed,
        chain: Option<&Chain>,
        of_certificate: &[&Check],
        show_secrets: bool,
    ) -> Self {
        let Followed { hops, target, reached, exchange, .. } = followed;
        let head = &exchange.response.head;
        let shown = |value: &[u8]| printable(value, SHOWN);
        let expiring = of_certificate.iter().copied().find(|check| check.failed());
        let of_response = exchange.checks.iter().map(|check| Checked::of(Some(Side::Response), check));
        Report {
            ok: exchange.refusal.is_none() && expiring.is_none(),
            interim: exchange.interim.iter().map(|response| head_text(&response.head, show_secrets)).collect(),
            response: Some(head_text(head, show_secrets)),
            accept: Accept {
                expected: Some(accept_for(&exchange.request.offer().key)),
                received: head.field("Sec-WebSocket-Accept").map(shown),
            },
            subprotocol: head.field("Sec-WebSocket-Protocol").map(shown),
            extensions: Some(head.tokens("Sec-WebSocket-Extensions")),
            compression: exchange.compression.map(Compression::of),
            checks: of_certificate.iter().map(|check| Checked::of(None, check)).chain(of_response).collect(),
            milliseconds: Some(Milliseconds::of(reached, Some(exchange.http))),
            refusal: exchange.refusal.as_ref().map(|refusal| Refused::of(refusal, show_secrets)),
            conclusion: conclusion(exchange.refusal.as_ref(), expiring, show_secrets),
            ..Report::reached(target, reached, chain)
        }
        .with_request(&exchange.request, show_secrets)
        .led_by(hops, show_secrets)
        .stopped(followed)
    }

    /// A key and what belongs to it; `received` is what was given as that.
    pub(super) fn of_key(key: &str, received: Option<&str>) -> Self {
        let expected = accept_for(key);
        Report {
            version: VERSION,
            ok: received.is_none_or(|received| received == expected),
            key: Some(key.to_owned()),
            accept: Accept { expected: Some(expected), received: received.map(str::to_owned) },
            ..Report::default()
        }
    }

    /// What is known once a host was reached.
    fn reached(target: &Target, reached: &Reached, chain: Option<&Chain>) -> Self {
        Report {
            version: VERSION,
            url: Some(target.url()),
            address: Some(reached.address.clone()),
            proxy: reached.proxy.as_ref().map(|proxy| proxy.url.clone()),
            tls: reached.secured.as_ref().zip(chain).map(|(secured, chain)| Tls::of(secured, chain)),
            milliseconds: Some(Milliseconds::of(reached, None)),
            ..Report::default()
        }
    }

    fn with_request(mut self, request: &Request, show_secrets: bool) -> Self {
        let bytes = || String::from_utf8_lossy(request.bytes()).into_owned();
        self.request = Some(if show_secrets { bytes() } else { request.redacted() });
        self.key = Some(request.offer().key.clone());
        self
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
        redirects::write_redirects(out, &self.redirects)?;
        if let (Some(url), Some(address)) = (&self.url, &self.address) {
            let proxy = self.proxy.as_ref().map(|proxy| format!(" (the proxy {proxy})")).unwrap_or_default();
            writeln!(out, "{url} at {address}{proxy}")?;
        }
        if let Some(Milliseconds { name, connect, proxy, tls, http }) = self.milliseconds {
            let proxy = proxy.map(|proxy| format!(", proxy {proxy} ms")).unwrap_or_default();
            let tls = tls.map(|tls| format!(", TLS {tls} ms")).unwrap_or_default();
            let http = http.map(|http| format!(", handshake {http} ms")).unwrap_or_default();
            writeln!(out, "name {name} ms, connect {connect} ms{proxy}{tls}{http}\n")?;
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
        // What failed before there was anything to judge is told as an error.
        if self.error.is_some() {
            return Ok(());
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
    fn of(refusal: &Refusal, show_secrets: bool) -> Self {
        Refused {
            status: refusal.status(),
            reason: refusal.response().reason.clone(),
            meaning: refusal.meaning(),
            body: String::from_utf8_lossy(&refusal.body(show_secrets)).into_owned(),
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

impl Milliseconds {
    fn of(reached: &Reached, http: Option<Duration>) -> Self {
        Milliseconds {
            tls: reached.secured.as_ref().map(|secured| millis(secured.took)),
            http: http.map(millis),
            ..Milliseconds::before_tls(reached.resolve, reached.connect, reached.proxy.as_ref())
        }
    }

    fn before_tls(resolve: Duration, connect: Duration, proxy: Option<&ProxyPassed>) -> Self {
        let proxy = proxy.map(|proxy| millis(proxy.took));
        Milliseconds { name: millis(resolve), connect: millis(connect), proxy, tls: None, http: None }
    }
}

fn head_text(head: &Head, show_secrets: bool) -> String {
    let bytes = if show_secrets { head.raw().to_vec() } else { head.redacted() };
    String::from_utf8_lossy(&bytes).into_owned()
}

fn conclusion(refusal: Option<&Refusal>, expiring: Option<&Check>, show_secrets: bool) -> String {
    let handshake = match refusal {
        None => "The handshake is complete: this is a WebSocket server.".to_owned(),
        Some(refusal) => refusal.explained(show_secrets),
    };
    match expiring {
        None => handshake,
        Some(Check { expected, found, .. }) => {
            format!(
                "The certificate does not last long enough (--min-days): expected {expected}, found {found}\n{handshake}"
            )
        }
    }
}

/// A head as it was on the wire, behind marks as curl has them, safe for a terminal.
fn write_head(out: &mut String, mark: char, head: &str) -> std::fmt::Result {
    for line in head.lines().filter(|line| !line.is_empty()) {
        writeln!(out, "{mark} {}", printable(line.as_bytes(), SHOWN))?;
    }
    out.write_char('\n')
}
