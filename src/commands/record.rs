//! `--record`: a run of which a recording is made.

use std::path::Path;

use crate::outcome::{ExitStatus, Failure};
use crate::recorder::Recorder;

/// Runs with a recorder, if there is a file to record in. A recording that is not complete makes a failure of a run that is
/// none.
pub(super) fn recorded(
    file: Option<&Path>,
    run: impl FnOnce(Option<&Recorder>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let Some(file) = file else { return run(None) };
    let recorder = Recorder::create(file).map_err(Failure::io("cannot write the file of --record"))?;
    let result = run(Some(&recorder));
    if let Err(failure @ Failure::Open(_)) = &result {
        recorder.tell(None, |json, line| json.error(&failure.to_string(), line));
    }
    let complete = recorder.finish();
    // The recorder has said why.
    result.and(complete.map_err(|_| Failure::Told(ExitStatus::Failed)))
}
