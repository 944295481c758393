//! `--record`: a run of which a recording is made.

use std::path::Path;

use crate::opening::Opened;
use crate::outcome::{ExitStatus, Failure};
use crate::protocol::Role;
use crate::recorder::{Beginning, Recorder};

/// Runs with a recorder, if there is a file to record in. A recording that is not complete makes a failure of a run that is
/// none.
pub(super) fn recorded(
    file: Option<&Path>,
    run: impl FnOnce(Option<&Recorder>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let Some(file) = file else { return run(None) };
    let recorder = Recorder::create(file).map_err(Failure::io("cannot write the file of --record"))?;
    let result = run(Some(&recorder));
    if let Err(failure @ (Failure::Open(_) | Failure::GaveUp { .. })) = &result {
        recorder.tell(None, |json, line| json.error(&failure.to_string(), line));
    }
    let complete = recorder.finish();
    // The recorder has said why.
    result.and(complete.map_err(|_| Failure::Told(ExitStatus::Failed)))
}

/// A connection of whose session a recording is made, if there is a recorder.
pub(super) fn tapped(mut opened: Opened, recorder: Option<&Recorder>) -> Opened {
    if let Some(recorder) = recorder {
        let opening = opened.opening();
        let (role, compression, early) = (Role::Client, opened.compression, &opened.early);
        let beginning = Beginning { role, opening, compression, early, client: None };
        opened.connection = recorder.session(opened.connection, beginning);
    }
    opened
}
