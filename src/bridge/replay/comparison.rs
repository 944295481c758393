//! What is awaited, and what comes, side by side.
//!
//! Messages and the Close have to come in their order, and so have Pings, and Pongs; but what a peer says of one sort may
//! overtake another, for nothing ties a Pong to the message beside it.

use std::collections::VecDeque;
use std::sync::Arc;

use super::words;
use crate::protocol::Event;
use crate::records::script::{Action, Expected, Script};

/// How many lines, before and after what is awaited now, are asked whether they await what has come; for the words only.
const LOOK_AROUND: usize = 64;

/// How many messages that were passed over are told.
const LAST: usize = 3;

/// What has come of a script, and for it.
#[derive(Debug)]
pub(super) struct Comparison {
    script: Arc<Script>,
    /// Everything is compared: what is no answer, too.
    check: bool,
    /// By their [`Sort`].
    tracks: [Track; 3],
    /// What has come instead of what was awaited, by step.
    others: Vec<(usize, Other)>,
    /// What has come when nothing more of its sort was awaited.
    extra: Vec<Other>,
    /// The last messages that were passed over where only patterns are awaited.
    passed_over: VecDeque<String>,
    met: usize,
    /// Something has come that was not awaited, and is no Close where messages were.
    surprises: bool,
    close_met: bool,
    /// Steps before this one have been reached.
    reached: usize,
    /// Steps before this one have left.
    sent: usize,
    given_up: Option<usize>,
}

/// What has to come in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// Messages and the Close.
    Data,
    Ping,
    Pong,
}

impl Sort {
    fn of(event: &Event<'_>) -> Self {
        match event {
            Event::Data(_) | Event::Close(_) => Sort::Data,
            Event::Ping(_) => Sort::Ping,
            Event::Pong(_) => Sort::Pong,
        }
    }
}

/// The awaited steps of one sort, in order, and the one that is next.
#[derive(Debug, Default)]
struct Track {
    steps: Vec<usize>,
    next: usize,
}

impl Track {
    fn current(&self) -> Option<usize> {
        self.steps.get(self.next).copied()
    }

    /// Whether nothing is awaited any more up to this step, and with it.
    fn is_past(&self, step: usize) -> bool {
        self.current().is_none_or(|current| current > step)
    }
}

/// Something else than what was awaited.
#[derive(Debug)]
enum Other {
    /// What this step awaits.
    Step(usize),
    Words(String),
}

/// What has been played, and how what came compares with what was awaited.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Lines that were awaited and have come as they are there.
    pub met: usize,
    /// Lines that were awaited.
    pub awaited: usize,
    /// Something came that was not awaited, or was awaited and did not come.
    pub differs: bool,
    /// Something came that was not awaited, and is no Close where messages were.
    pub surprises: bool,
    /// The peer's Close was awaited, and has come with its code.
    pub close_met: bool,
    /// The first line that was awaited and has not come, with its words.
    pub pending: Option<(u64, String)>,
    /// The last messages that were passed over instead, as far as only patterns are awaited.
    pub passed_over: Vec<String>,
    /// That line did not come in time.
    pub given_up: bool,
    /// Lines that were to be sent and were not.
    pub unsent: usize,
    /// What was awaited, as far as the script was played: lines and words.
    pub expected: Vec<(u64, String)>,
    /// What came for it.
    pub found: Vec<String>,
}

impl Comparison {
    /// With `check` everything that is awaited is compared, without it only what has a pattern.
    pub(super) fn new(script: Arc<Script>, check: bool) -> Self {
        let mut tracks: [Track; 3] = Default::default();
        for (at, expected) in awaited(&script).filter(|(_, expected)| check || expected.has_pattern()) {
            let sort = match expected {
                Expected::Message(..) | Expected::Close { .. } => Sort::Data,
                Expected::Ping(_) => Sort::Ping,
                Expected::Pong(_) => Sort::Pong,
            };
            tracks[sort as usize].steps.push(at);
        }
        Comparison {
            script,
            check,
            tracks,
            others: Vec::new(),
            extra: Vec::new(),
            passed_over: VecDeque::new(),
            met: 0,
            surprises: false,
            close_met: false,
            reached: 0,
            sent: 0,
            given_up: None,
        }
    }

    /// Whether anything is compared.
    pub(super) fn awaits_anything(&self) -> bool {
        self.check || self.tracks.iter().any(|track| !track.steps.is_empty())
    }

    /// Whether this awaited step is waited for.
    pub(super) fn awaits(&self, step: usize) -> bool {
        self.check || self.expected(step).is_some_and(Expected::has_pattern)
    }

    /// Whether something has come for this awaited step and all those before it.
    pub(super) fn is_resolved(&self, step: usize) -> bool {
        self.tracks.iter().all(|track| track.is_past(step))
    }

    /// Says that the script is at this step.
    pub(super) fn reach(&mut self, step: usize) {
        self.reached = self.reached.max(step);
    }

    /// Says that all that stands before this step has left.
    pub(super) fn sent(&mut self, step: usize) {
        self.sent = step;
        self.reach(step);
    }

    /// Says that this step is not waited for any longer, and that nothing after it will be.
    pub(super) fn give_up(&mut self, step: usize) {
        self.given_up = Some(step);
    }

    /// Takes what has come, a message as a whole; true if that is what something was waiting for.
    pub(super) fn take(&mut self, event: &Event<'_>) -> bool {
        if self.given_up.is_some() {
            return false;
        }
        let sort = Sort::of(event);
        let Some(step) = self.tracks[sort as usize].current() else {
            if self.check && sort == Sort::Data && self.is_extra(event) {
                self.extra.push(self.other(event, None));
                self.surprises = true;
            }
            return false;
        };
        let is_close = matches!(event, Event::Close(_));
        let is_met = self.expected(step).is_some_and(|expected| expected.is_met_by(event));
        if is_met {
            self.met += 1;
            self.close_met |= is_close;
            self.passed_over.clear();
        } else if self.check && is_close && !matches!(self.expected(step), Some(Expected::Close { .. })) {
            // Nothing can come any more; it may be the answer to a Close that was none of the script's.
            self.extra.push(Other::Words(words::event(event)));
            return false;
        } else if self.check && sort == Sort::Data {
            self.surprises = true;
            let other = self.other(event, Some(step));
            self.others.push((step, other));
        } else {
            // What is not awaited does not matter.
            if sort == Sort::Data {
                self.passed_over.truncate(LAST - 1);
                self.passed_over.push_front(words::event(event));
            }
            return false;
        }
        self.tracks[sort as usize].next += 1;
        true
    }

    pub(super) fn report(&self) -> Report {
        let words = |step: usize| self.expected(step).map(words::expected).unwrap_or_default();
        let line = |step: usize| self.script.steps[step].line;
        let missing = self.tracks.iter().filter_map(Track::current).min();
        let unsent = self.script.steps.iter().skip(self.sent).filter(|step| matches!(step.action, Action::Send(_)));
        let mut report = Report {
            met: self.met,
            awaited: self.tracks.iter().map(|track| track.steps.len()).sum(),
            differs: missing.is_some() || self.surprises,
            surprises: self.surprises,
            close_met: self.close_met,
            pending: missing.map(|step| (line(step), words(step))),
            passed_over: self.passed_over.iter().rev().cloned().collect(),
            given_up: self.given_up.is_some(),
            unsent: unsent.count(),
            ..Report::default()
        };
        if !report.differs {
            return report;
        }
        let mut steps: Vec<(usize, bool)> = Vec::new();
        for track in &self.tracks {
            steps.extend(track.steps.iter().enumerate().map(|(place, step)| (*step, place < track.next)));
        }
        steps.sort_unstable();
        let mut others = self.others.iter().peekable();
        let told = |other: &Other| match other {
            Other::Step(step) => words(*step),
            Other::Words(words) => words.clone(),
        };
        for (step, has_come) in steps {
            if !has_come && step > self.reached {
                continue;
            }
            report.expected.push((line(step), words(step)));
            let other = others.next_if(|(of, _)| *of == step);
            if has_come {
                report.found.push(other.map_or_else(|| words(step), |(_, other)| told(other)));
            }
        }
        report.found.extend(self.extra.iter().map(told));
        report
    }

    /// What has come, as the words for it: those of a line near by that awaits it and has not got it.
    fn other(&self, event: &Event<'_>, step: Option<usize>) -> Other {
        let data = &self.tracks[Sort::Data as usize];
        let ahead = data.steps.iter().skip(data.next).take(LOOK_AROUND).copied();
        let behind = self.others.iter().rev().take(LOOK_AROUND).map(|(step, _)| *step);
        let meets = |step: &usize| self.expected(*step).is_some_and(|expected| expected.is_met_by(event));
        if let Some(step) = behind.chain(ahead).find(meets) {
            return Other::Step(step);
        }
        let mut told = words::event(event);
        if let Some(expected) = step.and_then(|step| self.expected(step))
            && words::expected(expected) == told
        {
            told += &words::difference(expected, event);
        }
        Other::Words(told)
    }

    /// Whether what comes at the end should not: a Close has to come at some time.
    fn is_extra(&self, event: &Event<'_>) -> bool {
        let is_close = |step: &usize| matches!(self.expected(*step), Some(Expected::Close { .. }));
        !matches!(event, Event::Close(_)) || self.tracks[Sort::Data as usize].steps.iter().any(is_close)
    }

    fn expected(&self, step: usize) -> Option<&Expected> {
        match &self.script.steps.get(step)?.action {
            Action::Await(expected) => Some(expected),
            Action::Send(_) | Action::Pause(_) => None,
        }
    }
}

/// The awaited steps of a script.
fn awaited(script: &Script) -> impl Iterator<Item = (usize, &Expected)> {
    script.steps.iter().enumerate().filter_map(|(at, step)| match &step.action {
        Action::Await(expected) => Some((at, expected)),
        Action::Send(_) | Action::Pause(_) => None,
    })
}

#[cfg(test)]
mod tests;
