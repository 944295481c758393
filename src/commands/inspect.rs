//! `inspect`: a handshake, explained.

mod captured;
mod report;

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use anstream::{AutoStream, ColorChoice};

use super::{Destination, print};
use crate::handshake::{RequestOptions, accept_for, check_key};
use crate::net::Connection;
use crate::opening::{self, Limits, Route, masking_keys};
use crate::outcome::{ExitStatus, Failure};
use crate::protocol::{Close, Encoder, Event};
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
/// The host can't be reached, or the handshake is refused or wrong.
pub fn inspect_url(config: InspectConfig) -> Result<(), Failure> {
    let json = config.json;
    let result = inspect(config);
    if let (true, Err(failure @ Failure::Open(_))) = (json, &result) {
        print(report::failed(&failure.to_string()).as_bytes())?;
    }
    result
}

fn inspect(config: InspectConfig) -> Result<(), Failure> {
    let start = Instant::now();
    let (target, route) = config.destination.start(config.route)?;
    let limits = Limits::new(start, config.connect_timeout, None);
    let mut reached = opening::reach(&target, &route, &limits)?;
    let exchange = opening::exchange(&mut reached, &target, &config.handshake, &limits)?;
    if exchange.refusal.is_none() {
        say_goodbye(&mut reached.connection);
    }
    let report = Report::new(&target, &reached, &exchange, config.show_secrets);
    show(&report, config.json, config.color)?;
    match exchange.refusal {
        Some(_) => Err(Failure::Told(ExitStatus::Handshake)),
        None => Ok(()),
    }
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
