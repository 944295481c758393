//! `ping`: round trips, as ping(8) measures them.

mod ends;
mod pings;
mod report;
mod statistics;

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use signal_hook::consts::SIGINT;

use super::client::announce;
use super::coding::{Coding, Terms};
use super::pipe::output_pipe;
use super::{ClientConfig, print};
use crate::bridge::{Cause, Ending, Keeper, OnEof, Rules, Session, Signals};
use crate::net::Wake;
use crate::opening::{Opened, masking_keys};
use crate::outcome::{ExitStatus, Failure, judge};
use crate::protocol::{Close, Level, Role};
use ends::{PingSource, PongSink, Shared};
use pings::{Counts, Pings};
use report::Report;

pub use pings::Pace;

/// How long the server may take to answer our Close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a signal leaves for the pongs that are still on their way, and for that answer.
const GRACE: Duration = Duration::from_secs(1);
/// What one read of the socket can bring, in bytes: a pong is small, and messages only pass by.
const BUFFER: usize = 64 << 10;

/// What `ping` was asked for.
#[derive(Debug, Clone)]
pub struct PingConfig {
    /// The way to the server.
    pub client: ClientConfig,
    /// The bound of the whole run.
    pub timeout: Option<Duration>,
    /// How pings are sent.
    pub pace: Pace,
    /// Print JSON Lines.
    pub json: bool,
    /// Print the summary only.
    pub summary_only: bool,
}

/// Connects, sends pings, and tells how long the pongs take.
///
/// # Errors
/// A ping was lost, or the connection did not open or ended badly; see [`Failure`].
pub fn ping(config: PingConfig) -> Result<(), Failure> {
    let PingConfig { client, timeout, pace, json, summary_only } = config;
    let begun = Instant::now();
    let deadline = timeout.and_then(|timeout| begun.checked_add(timeout));
    let approach = client.start(deadline)?;
    let opened = approach.open()?;
    announce(&opened);
    // Before anything is printed: a signal from here on is one to a run that has a summary.
    let signals = Signals::catch().map_err(Failure::io("cannot catch signals"))?;
    let (url, address) = (opened.target.url(), opened.address.clone());
    let report = Report { url, address, json, is_short: summary_only };
    print(report.open(opened.took, &opened.timings).as_bytes())?;
    let mut keys = masking_keys().map_err(Failure::io("cannot make a token"))?;
    let shared = Shared::new(Pings::new(pace, keys(), Instant::now()), report);
    let ending = run(opened, &shared, deadline, &signals).map_err(Failure::io("cannot run the session"))?;
    log::info!("{ending}");
    // Who does not read the summary can end the run by one more signal.
    drop(signals);
    if ending.cause == Cause::OutputClosed {
        return Ok(());
    }
    let mut lost = Vec::new();
    let mut pings = shared.pings();
    pings.end(&mut lost);
    let lines: String = lost.into_iter().map(|seq| shared.report().lost(seq)).collect();
    print((lines + &shared.report().summary(pings.counts())).as_bytes())?;
    verdict(&ending, pings.counts(), pace)
}

/// Runs the session to its end.
fn run(opened: Opened, shared: &Shared, deadline: Option<Instant>, signals: &Signals) -> io::Result<Ending> {
    let Opened { connection, early, compression, attendant, .. } = opened;
    let terms = Terms { buffer: BUFFER, grows: false, max_message: None, compression, level: Level::default() };
    let Coding { decoder, encoder, .. } = Coding::client(terms, &early)?;
    let rules = Rules {
        role: Role::Client,
        on_eof: OnEof::Keep,
        close: Close::new(1000, ""),
        close_timeout: CLOSE_TIMEOUT,
        idle_timeout: None,
        heartbeat: None,
        grace: GRACE,
        deadline,
        half_close: false,
        awaiting: false,
    };
    let session = Session { connection, decoder, encoder, awaited: None, rules };
    let bell = Arc::new(Wake::new()?);
    let source = PingSource::new(shared.clone(), Arc::clone(&bell))?;
    let sink = PongSink::new(shared.clone(), Arc::clone(&bell));
    let stdout = io::stdout();
    let keeper = Keeper::new(Some(signals), output_pipe(&stdout))?;
    let ending = session.run(source, sink, bell, &keeper);
    drop(attendant);
    ending
}

/// How the run came out. The summary has told of the pings, so nothing is said of them again.
fn verdict(ending: &Ending, counts: &Counts, pace: Pace) -> Result<(), Failure> {
    let is_stopped = ending.cause == Cause::Signal(SIGINT);
    // Of a peer that leaves pings unanswered it is no news that it does not answer a Close.
    let has_lost = counts.lost > 0 && ending.cause == Cause::InputEnded;
    if !is_stopped && !has_lost {
        // Messages do not matter here.
        judge(&Ending { cut_off: None, ..ending.clone() })?;
    }
    // The summary does not know why a ping was lost, or why there are no more of them.
    if ending.cause == Cause::PeerClosed && (counts.lost > 0 || pace.count.is_none()) {
        log::warn!("{ending}");
    }
    if counts.lost > 0 {
        return Err(Failure::Told(ExitStatus::Broken));
    }
    match pace.count {
        Some(count) if !is_stopped && counts.sent < count => Err(Failure::TooFewPings { sent: counts.sent, count }),
        _ => Ok(()),
    }
}
