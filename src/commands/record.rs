//! `--record`: a run of which a recording is made.

use std::path::Path;
use std::sync::Arc;

use crate::net::Connection;
use crate::opening::{Accepted, Opened};
use crate::outcome::{ExitStatus, Failure};
use crate::protocol::Role;
use crate::recorder::{Beginning, Recorder};

/// Runs with a recorder, if there is a file to record in. A recording that is not complete makes a failure of a run that is
/// none.
pub(super) fn recorded(
    file: Option<&Path>,
    run: impl FnOnce(Option<&Arc<Recorder>>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let Some(file) = file else { return run(None) };
    let recorder = Arc::new(Recorder::create(file).map_err(Failure::written("--record", file))?);
    let result = run(Some(&recorder));
    if let Err(failure @ (Failure::Open(_) | Failure::GaveUp { .. })) = &result {
        recorder.tell(None, |json, line| json.error(&failure.to_string(), line));
    }
    let complete = recorder.finish();
    // The recorder has said why.
    result.and(complete.map_err(|_| Failure::Told(ExitStatus::Failed)))
}

/// The connection of a client that was let in, recorded if there is a recorder; `client` is its number, if it has one.
pub(super) fn record_client(
    recorder: Option<&Arc<Recorder>>,
    connection: Connection,
    accepted: &Accepted,
    url: &str,
    peer: &str,
    client: Option<u64>,
) -> Connection {
    let Some(recorder) = recorder else { return connection };
    let (role, opening) = (Role::Server, accepted.opening(url, peer));
    let (compression, early) = (accepted.compression, &accepted.early);
    recorder.session(connection, Beginning { role, opening, compression, early, client })
}

/// The same session that was opened, recorded if there is a recorder; `client` is the number of the client that it is for.
pub(super) fn tapped(mut opened: Opened, recorder: Option<&Arc<Recorder>>, client: Option<u64>) -> Opened {
    let Some(recorder) = recorder else { return opened };
    let (role, opening) = (Role::Client, opened.opening());
    let (compression, early) = (opened.compression, &opened.early);
    let beginning = Beginning { role, opening, compression, early, client };
    opened.connection = recorder.session(opened.connection, beginning);
    opened
}
