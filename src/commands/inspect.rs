//! `inspect`: a handshake, explained.

mod captured;
mod chain;
mod report;

use std::io::{self, Read, Write};
use std::time::{Duration, Instant, SystemTime};

use anstream::{AutoStream, ColorChoice};

use super::{Destination, print};
use crate::handshake::{RequestOptions, Target, accept_for, check_key};
use crate::net::Connection;
use crate::opening::{self, Limits, OpenError, Route, look_at_chain, masking_keys};
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
    /// Where to.
    pub destination: Destination,
    /// What the request says.
    pub handshake: RequestOptions,
    /// How to get there.
    pub route: Route,
    /// The bound of the whole opening.
    pub connect_timeout: Duration,
    /// How many days the certificates have to last.
    pub min_days: Option<u64>,
    /// Print JSON.
    pub json: bool,
    /// Colour the verdicts.
    pub color: ColorChoice,
    /// Show credentials.
    pub show_secrets: bool,
}

/// Prints the accept value of a key, or verifies one.
///
/// # Errors
/// The key is none, or the value is not the key's.
pub fn inspect_key(key: &str, accept: Option<&str>) -> Result<(), Failure> {
    check_key(key).map_err(|error| Failure::Mismatch(error.to_string()))?;
    let computed = accept_for(key);
    match accept {
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
    let start = Instant::now();
    if config.min_days.is_some() && !config.destination.is_secure() {
        return Err(Failure::Usage("--min-days is about certificates: give a wss:// or https:// URL".into()));
    }
    let (target, route) = config.destination.clone().start(config.route.clone())?;
    let limits = Limits::new(start, config.connect_timeout, None);
    let mut reached = match opening::reach(&target, &route, &limits) {
        Ok(reached) => reached,
        Err(error) => {
            let chain = refused_chain(&error, &target, &route, &limits);
            return failed(&Report::unreached(&target, &error, chain.as_ref()), error, config);
        }
    };
    let outcome = opening::exchange(&mut reached, &target, &config.handshake, &limits);
    if outcome.as_ref().is_ok_and(|exchange| exchange.refusal.is_none()) {
        say_goodbye(&mut reached.connection);
    }
    reached.connection.line.hang_up();
    let chain = reached.secured.as_ref().map(|secured| {
        Chain::of(secured.certificate.as_deref(), &secured.chain, || look_at_chain(&target, &config.route, &limits))
    });
    let exchange = match outcome {
        Ok(exchange) => exchange,
        Err(interrupted) => {
            let report = Report::interrupted(&target, &reached, chain.as_ref(), &interrupted, config.show_secrets);
            return failed(&report, interrupted.error, config);
        }
    };
    let days = config.min_days.zip(chain.as_ref());
    let days = days.map(|(least, chain)| chain.check_days(least, SystemTime::now()));
    let report = Report::new(&target, &reached, chain.as_ref(), &exchange, days.as_ref(), config.show_secrets);
    show(&report, config.json, config.color)?;
    if days.is_some_and(|check| check.failed()) {
        return Err(Failure::Told(ExitStatus::Tls));
    }
    match exchange.refusal {
        Some(_) => Err(Failure::Told(ExitStatus::Handshake)),
        None => Ok(()),
    }
}

/// Shows what was known when it failed; why it did is told as every failure is.
fn failed(report: &Report, error: OpenError, config: &InspectConfig) -> Result<(), Failure> {
    show(report, config.json, config.color)?;
    Err(error.into())
}

/// The certificates that were not accepted.
fn refused_chain(error: &OpenError, target: &Target, route: &Route, limits: &Limits) -> Option<Chain> {
    let OpenError::TlsFailed(failure) = error else { return None };
    let leaf = failure.certificate.as_deref()?;
    Some(Chain::of(Some(leaf), &[], || look_at_chain(target, route, limits)))
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
