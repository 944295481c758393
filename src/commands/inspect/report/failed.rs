//! The report on a handshake that there was none of: what was known when it failed.

use serde::Serialize;

use super::tls::Tls;
use super::{Milliseconds, Report, VERSION, head_text, millis};
use crate::commands::inspect::chain::Chain;
use crate::handshake::{Target, redact};
use crate::net::Attempt;
use crate::opening::{Interrupted, Lost, OpenError, ProxyFailure, ProxyTrouble, Reached, TlsFailure};

/// An address that was tried.
#[derive(Debug, Serialize)]
pub(super) struct Tried {
    address: String,
    outcome: String,
    milliseconds: f64,
}

impl Report {
    /// Nothing is known but why it failed.
    pub(in crate::commands::inspect) fn failed(error: &str) -> Self {
        Report { version: VERSION, error: Some(error.to_owned()), ..Report::default() }
    }

    /// All that is known of a way that ended early. `chain` is what was seen of the certificates.
    pub(in crate::commands::inspect) fn lost(lost: &Lost, chain: Option<&Chain>, show_secrets: bool) -> Self {
        let Lost { hops, target, reached, interrupted, .. } = lost;
        let report = match reached {
            Some(reached) => Report::interrupted(target, reached, chain, interrupted, show_secrets),
            None => Report::unreached(target, &interrupted.error, chain),
        };
        report.led_by(hops, show_secrets)
    }

    /// The target was not reached.
    fn unreached(target: &Target, error: &OpenError, chain: Option<&Chain>) -> Self {
        let failed = Report { url: Some(target.url()), ..Report::failed(&error.to_string()) };
        match error {
            OpenError::Unreachable(error) => {
                Report { attempts: error.attempts().iter().map(Tried::of).collect(), ..failed }
            }
            OpenError::TimedOut { address, proxy, .. } | OpenError::StoppedShort { address, proxy, .. } => Report {
                address: Some(address.clone()),
                proxy: proxy.as_ref().map(|proxy| proxy.url.clone()),
                ..failed
            },
            OpenError::Proxy(failure) => {
                let ProxyFailure { proxy, address, trouble } = &**failure;
                let attempts = match trouble {
                    ProxyTrouble::Unreachable(error) => Report::unreached(target, error, chain).attempts,
                    _ => Vec::new(),
                };
                Report { proxy: Some(proxy.clone()), address: address.clone(), attempts, ..failed }
            }
            OpenError::TlsFailed(failure) => {
                let TlsFailure { address, resolve, connect, proxy, .. } = &**failure;
                Report {
                    address: Some(address.clone()),
                    tls: chain.map(Tls::refused),
                    proxy: proxy.as_ref().map(|proxy| proxy.url.clone()),
                    milliseconds: Some(Milliseconds::before_tls(*resolve, *connect, proxy.as_ref())),
                    ..failed
                }
            }
            _ => failed,
        }
    }

    /// The target was reached, and the answer was none.
    fn interrupted(
        target: &Target,
        reached: &Reached,
        chain: Option<&Chain>,
        interrupted: &Interrupted,
        show_secrets: bool,
    ) -> Self {
        let received = &interrupted.received;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let shown = || if show_secrets { text(received) } else { text(&redact(received)) };
        let report = Report {
            error: Some(interrupted.error.to_string()),
            interim: interrupted.interim.iter().map(|response| head_text(&response.head, show_secrets)).collect(),
            response: (!received.is_empty()).then(shown),
            ..Report::reached(target, reached, chain)
        };
        match &interrupted.request {
            Some(request) => report.with_request(request, show_secrets),
            None => report,
        }
    }
}

impl Tried {
    fn of(attempt: &Attempt) -> Self {
        Tried {
            address: attempt.address.clone(),
            outcome: attempt.outcome.clone(),
            milliseconds: millis(attempt.duration),
        }
    }
}
