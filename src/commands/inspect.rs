//! `inspect`: a handshake, explained.

mod captured;
mod chain;
mod report;

use std::io::{self, Read, Write};
use std::time::{Duration, Instant, SystemTime};

use anstream::{AutoStream, ColorChoice};

use super::client::Approach;
use super::{ClientConfig, print};
use crate::handshake::{Check, Verdict, accept_for, check_key};
use crate::net::Connection;
use crate::opening::{self, Limits, Lost, OpenError, Tried, distrust, look_at_chain, masking_keys};
use crate::outcome::{ExitStatus, Failure};
use crate::protocol::{Close, Encoder, Event};
use chain::Chain;
use report::Report;

pub use captured::{InspectCapturedConfig, inspect_captured};

/// How long the server may take to answer the Close of a connection that was only looked at.
const GOODBYE: Duration = Duration::from_millis(500);

/// What `inspect URL` was asked for.
#[derive(Debug, Clone)]
pub struct InspectConfig {
    /// The way to the server.
    pub client: ClientConfig,
    /// How many days the certificates have to last.
    pub min_days: Option<u64>,
    /// Print JSON.
    pub json: bool,
    /// Colour the verdicts.
    pub color: ColorChoice,
    /// Show credentials.
    pub show_secrets: bool,
}

/// Prints the accept value of a key, or verifies one; with `json`, prints what there is to say of both.
///
/// # Errors
/// The key is none, or the value is not the key's.
pub fn inspect_key(key: &str, accept: Option<&str>, json: bool) -> Result<(), Failure> {
    let computed = match check_key(key) {
        Ok(()) => accept_for(key),
        Err(error) => {
            if json {
                print(Report::failed(&error.to_string()).json().as_bytes())?;
            }
            return Err(Failure::Mismatch(error.to_string()));
        }
    };
    if json {
        print(Report::of_key(key, accept).json().as_bytes())?;
    }
    match accept {
        None if json => Ok(()),
        None => print(format!("{computed}\n").as_bytes()),
        Some(given) if given == computed => Ok(()),
        Some(given) => Err(Failure::Mismatch(format!(
            "Sec-WebSocket-Accept {given:?} does not belong to the key {key:?}: it should be {computed:?}"
        ))),
    }
}

/// Carries out a handshake and prints all there is to say about it.
///
/// # Errors
/// The host can't be reached, the handshake is refused or wrong, or a certificate does not last long enough.
pub fn inspect_url(config: &InspectConfig) -> Result<(), Failure> {
    let Approach { target, handshake, route, patience } = config.client.clone().start(None)?;
    let ((followed, limits), tried) = patience.exert(
        &target,
        |limits| (opening::follow(&target, &handshake, &route, limits), *limits),
        |(followed, _)| match followed {
            Ok(followed) => followed.failure()?.setback(),
            Err(lost) => lost.interrupted.error.setback(),
        },
    );
    let mut followed = match followed {
        Ok(followed) => followed,
        Err(lost) => return failed(*lost, tried, &limits, config),
    };
    if followed.exchange.refusal.is_none() {
        say_goodbye(&mut followed.reached.connection);
    }
    let chain = Chain::behind(&followed.reached, || look_at_chain(&followed.target, &followed.route, &limits));
    let days = match (config.min_days, &chain) {
        (Some(least), Some(chain)) => Some(chain.check_days(least, SystemTime::now())),
        (Some(_), None) => {
            let url = followed.target.url();
            return Err(Failure::Usage(format!("--min-days is about certificates, and the redirects end at {url}")));
        }
        (None, _) => None,
    };
    let unchecked = route.tls.insecure && chain.is_some();
    let distrust = if unchecked { distrust(&followed.target, &followed.route, &limits).map(unaccepted) } else { None };
    let of_certificate: Vec<&Check> = days.iter().chain(&distrust).collect();
    let report = Report::new(&followed, chain.as_ref(), &of_certificate, config.show_secrets);
    show(&report, config.json, config.color)?;
    if days.is_some_and(|check| check.failed()) {
        return Err(Failure::Told(ExitStatus::Tls));
    }
    match followed.exchange.refusal {
        Some(_) => Err(Failure::Told(ExitStatus::Handshake)),
        None => Ok(()),
    }
}

/// What is wrong with a certificate that was accepted unchecked.
fn unaccepted(found: String) -> Check {
    Check {
        clause: "RFC 5280, 6",
        subject: "certificate",
        expected: "one that is accepted without -k".to_owned(),
        found,
        verdict: Verdict::Note,
    }
}

/// Shows what was known when it failed; why it did is told as every failure is.
fn failed(lost: Lost, tried: Option<Tried>, limits: &Limits, config: &InspectConfig) -> Result<(), Failure> {
    let look = || look_at_chain(&lost.target, &lost.route, limits);
    let chain = match &lost.reached {
        Some(reached) => {
            reached.connection.line.hang_up();
            Chain::behind(reached, look)
        }
        None => Chain::refused(&lost.interrupted.error, look),
    };
    let report = Report::lost(&lost, chain.as_ref(), config.show_secrets);
    show(&report, config.json, config.color)?;
    Err(OpenError::from(lost).after(tried).into())
}

fn show(report: &Report, json: bool, color: ColorChoice) -> Result<(), Failure> {
    let text = if json { report.json() } else { report.text(is_colored(color)) };
    print(text.as_bytes())
}

/// Whether to colour what goes to standard output: unless it is said, a terminal and the environment decide.
fn is_colored(color: ColorChoice) -> bool {
    let choice = if color == ColorChoice::Auto { AutoStream::choice(&io::stdout()) } else { color };
    choice != ColorChoice::Never
}

/// Ends the session that nobody wanted, as the protocol asks.
fn say_goodbye(connection: &mut Connection) {
    let Ok(keys) = masking_keys() else { return };
    let mut encoder = Encoder::client(keys);
    encoder.push(&Event::Close(Close::new(1000, "")));
    let end = Instant::now() + GOODBYE;
    let mut forgotten = [0; 4096];
    let mut goes_on = connection.writer.write_all(encoder.pending()).is_ok();
    while goes_on {
        let left = end.saturating_duration_since(Instant::now());
        goes_on = !left.is_zero()
            && connection.line.set_read_timeout(Some(left)).is_ok()
            && connection.reader.read(&mut forgotten).is_ok_and(|count| count > 0);
    }
    connection.line.hang_up();
}
