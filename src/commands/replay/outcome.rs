//! How a replay came out: the session's ending, and what it was compared with.

use std::fmt::Write as _;

use super::{ReplayConfig, diff};
use crate::bridge::{Cause, Ending, Report};
use crate::outcome::{ExitStatus, Failure, judge};

/// Judges how a replay ended.
///
/// # Errors
/// Whatever keeps it from being one in which all went as it stands in the transcript.
pub(super) fn verdict(ending: &Ending, report: &Report, config: &ReplayConfig) -> Result<(), Failure> {
    // Where all came as it stands there, a message that was cut off was so when it was recorded.
    let cut_off = ending.cut_off.filter(|_| report.differs || !report.close_met);
    let session = judge(&Ending { cut_off, ..ending.clone() });
    if config.check || report.awaited > 0 {
        log::info!("{} of {} awaited lines came as they are in {}", report.met, report.awaited, config.name());
    }
    match session {
        Err(Failure::Signal(signal)) => Err(Failure::Signal(signal)),
        // Whatever broke the session says more than that something did not come; what was different before is told, too.
        Err(failure) if !matches!(failure.status(), ExitStatus::ClosedBadly) => {
            if report.surprises {
                log::warn!("{}", difference(report, config));
            }
            Err(Failure::session(failure.status(), format!("{failure}{}", standing(report, config))))
        }
        Ok(()) if report.differs && !report.surprises && ending.cause == Cause::OutputClosed => {
            let words = format!("standard output was closed too early{}", standing(report, config));
            Err(Failure::session(ExitStatus::Unmet, words))
        }
        _ if report.differs => {
            let words = difference(report, config) + &unsent(report, if config.check { "\n" } else { "; " });
            Err(Failure::session(ExitStatus::Unmet, words))
        }
        // It was asked for.
        Err(_) if report.close_met => Ok(()),
        Err(failure) => Err(failure),
        Ok(()) if report.unsent > 0 && ending.cause != Cause::OutputClosed => Err(Failure::session(
            ExitStatus::Broken,
            format!("the session ended too early{}", standing(report, config)),
        )),
        Ok(()) => Ok(()),
    }
}

/// What was different, line by line; where only patterns are awaited, which of them did not come.
fn difference(report: &Report, config: &ReplayConfig) -> String {
    let mut words = String::new();
    // Writing to a String never fails.
    if config.check {
        let _ = write!(words, "what came differs from {} (--check)\n{}", config.name(), diff::of(report));
    } else if let Some((line, pending)) = &report.pending {
        let _ = write!(words, "line {line} of {} was awaited and did not come: {pending}", config.name());
    }
    if report.given_up {
        let seconds = config.answer_timeout.as_secs_f64();
        if let Some((line, _)) = report.pending.as_ref().filter(|_| config.check) {
            let _ = write!(words, "\nline {line} did not come");
        }
        let _ = write!(words, " within {seconds} s (--answer-timeout)");
    }
    if !config.check {
        let _ = write!(words, "; {}", instead(report));
    }
    words
}

/// What came instead of what is awaited, where that is no difference.
fn instead(report: &Report) -> String {
    match report.passed_over.as_slice() {
        [] => "no message came".to_owned(),
        [message] => format!("the last message was {message}"),
        messages => format!("the last messages were {}", messages.join(", ")),
    }
}

/// Where the script stood when it ended.
fn standing(report: &Report, config: &ReplayConfig) -> String {
    let mut words = String::new();
    if let Some((line, pending)) = &report.pending {
        let _ = write!(words, "; awaited was line {line} of {}: {pending}", config.name());
        if !config.check {
            let _ = write!(words, "; {}", instead(report));
        }
    }
    words + &unsent(report, "; ")
}

/// How much of the script was not sent, if anything, behind this.
fn unsent(report: &Report, before: &str) -> String {
    match report.unsent {
        0 => String::new(),
        1 => format!("{before}1 line was not sent"),
        lines => format!("{before}{lines} lines were not sent"),
    }
}
