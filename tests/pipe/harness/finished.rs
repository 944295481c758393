//! A run that is over.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use rustix::process::Signal;

/// How much of a stream is shown when a test fails, in bytes, at its beginning and at its end.
const SHOWN: usize = 2000;

/// What came of a run. Whatever is asked of it that does not hold fails the test, and shows everything.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(super) command: String,
    pub(super) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Finished {
    /// It ended with this exit status.
    #[track_caller]
    pub(crate) fn status(&self, status: i32) -> &Self {
        self.check(self.status.code() == Some(status), &format!("status {status}"))
    }

    /// It ended with one of these exit statuses.
    #[track_caller]
    pub(crate) fn status_of(&self, statuses: &[i32]) -> &Self {
        let is_one = self.status.code().is_some_and(|code| statuses.contains(&code));
        self.check(is_one, &format!("one of the statuses {statuses:?}"))
    }

    /// It died of this signal.
    #[track_caller]
    pub(crate) fn died_of(&self, signal: Signal) -> &Self {
        let signal = signal.as_raw();
        self.check(self.status.signal() == Some(signal), &format!("signal {signal}"))
    }

    /// Standard output is exactly this.
    #[track_caller]
    pub(crate) fn stdout(&self, bytes: impl AsRef<[u8]>) -> &Self {
        let bytes = bytes.as_ref();
        let expected = format!("standard output {:?}", shown(bytes));
        self.check(self.stdout == bytes, &expected)
    }

    /// Standard output has this somewhere.
    #[track_caller]
    pub(crate) fn stdout_has(&self, text: &str) -> &Self {
        self.check(self.text().contains(text), &format!("{text:?} on standard output"))
    }

    /// Standard error has this somewhere.
    #[track_caller]
    pub(crate) fn stderr_has(&self, text: &str) -> &Self {
        self.check(self.stderr.contains(text), &format!("{text:?} on standard error"))
    }

    /// Standard error has this nowhere.
    #[track_caller]
    pub(crate) fn stderr_lacks(&self, text: &str) -> &Self {
        self.check(!self.stderr.contains(text), &format!("no {text:?} on standard error"))
    }

    /// Nothing is on standard error.
    #[track_caller]
    pub(crate) fn silent(&self) -> &Self {
        self.check(self.stderr.is_empty(), "nothing on standard error")
    }

    /// Nothing but where it listens is on standard error.
    #[track_caller]
    pub(crate) fn silent_but_for_the_url(&self) -> &Self {
        let is_silent = self.stderr.starts_with("listening on ") && self.stderr.lines().count() == 1;
        self.check(is_silent, "only the URL on standard error")
    }

    /// Standard output as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard output as JSON Lines.
    #[track_caller]
    pub(crate) fn json(&self) -> Vec<serde_json::Value> {
        let parse = |line: &str| serde_json::from_str(line).map_err(|error| (error, line.to_owned()));
        let lines: Result<_, _> = self.text().lines().map(parse).collect();
        lines.unwrap_or_else(|(error, line)| panic!("{error} in {line}\n{self:?}"))
    }

    #[track_caller]
    fn check(&self, holds: bool, expected: &str) -> &Self {
        assert!(
            holds,
            "expected {expected}\n{}\n{}\n{}",
            self.command,
            self.status,
            streams(&self.stdout, &self.stderr)
        );
        self
    }
}

/// Both streams, as a failed test shows them.
pub(super) fn streams(stdout: &[u8], stderr: &str) -> String {
    let (out, err) = (shown(stdout), shown(stderr.as_bytes()));
    format!(
        "--- standard output, {} bytes\n{out}\n--- standard error, {} bytes\n{err}\n---",
        stdout.len(),
        stderr.len(),
    )
}

fn shown(bytes: &[u8]) -> String {
    if bytes.len() <= 2 * SHOWN {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let [first, last] = [&bytes[..SHOWN], &bytes[bytes.len() - SHOWN..]].map(String::from_utf8_lossy);
    format!("{first} … {last}")
}
