//! The thread that attends to a process: it passes on its standard error, learns how it ended, and sees to it that it does.

use std::array;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::Child;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::{ErrorLines, Exit, Notices, Process};
use crate::net::{Interest, wait_any};

/// How often is looked at what nobody tells: a process on systems that have no descriptor for it, and the wish for hurry.
const GLANCE: Duration = Duration::from_millis(20);
/// How long a process that was killed may take to be gone, at least. What hangs in the system longer is left to it.
const LAST: Duration = Duration::from_secs(1);
/// How long one that was told to hurry may take to heed TERM, at most.
const HURRY: Duration = Duration::from_millis(500);

pub(super) struct Warden {
    child: Child,
    pid: Pid,
    /// A descriptor that is readable when the process has ended, where the system has such.
    watch: Option<OwnedFd>,
    errors: Option<ErrorLines>,
    process: Arc<Process>,
    notices: Notices,
    grace: Duration,
    /// What it gets when it takes too long.
    steps: array::IntoIter<Signal, 2>,
    /// When it gets the next of them.
    due: Option<Instant>,
    exit: Option<Exit>,
    /// That it has failed has been told.
    is_told: bool,
}

impl Warden {
    pub(super) fn new(
        child: Child,
        errors: Option<ErrorLines>,
        process: Arc<Process>,
        notices: Notices,
        grace: Duration,
    ) -> Self {
        let pid = Pid::from_child(&child);
        let steps = [Signal::TERM, Signal::KILL].into_iter();
        let (watch, due, exit) = (watch(pid), None, None);
        Warden { child, pid, watch, errors, process, notices, grace, steps, due, exit, is_told: false }
    }

    /// Stays until the session is over and the process has ended.
    pub(super) fn run(mut self) {
        loop {
            self.look();
            let over = self.process.lock().session_over;
            if over && (self.exit.is_some() || !self.proceed()) {
                return;
            }
            if self.wait().is_err() {
                // Looking again at once would only fail again.
                thread::sleep(GLANCE);
            }
        }
    }

    /// Looks whether it has ended.
    fn look(&mut self) {
        if self.exit.is_none()
            && let Some(exit) = Exit::of(self.pid)
        {
            self.exit = Some(exit);
            // Before the session knows, so that this stands before what is said about its end.
            self.tell_failure();
            self.process.lock().exit = self.exit;
            self.notices.ended.wake();
        }
    }

    /// Says that it has failed, if it has, behind what it has said itself.
    fn tell_failure(&mut self) {
        let Some(failure) = self.exit.filter(|exit| self.process.lock().is_failure(*exit)) else { return };
        if let Some(label) = self.notices.label.as_ref().filter(|_| !self.is_told) {
            self.is_told = true;
            if let Some(errors) = &mut self.errors {
                errors.pass_on_rest();
            }
            log::warn!("{label}the command ended with {failure}");
        }
    }

    /// Tells the process to end, if it is time; false if all has been tried.
    fn proceed(&mut self) -> bool {
        let now = Instant::now();
        let due = *self.due.get_or_insert(now + self.grace);
        let mut state = self.process.lock();
        if std::mem::take(&mut state.hurry) {
            self.grace = self.grace.min(HURRY);
        } else if now < due {
            return true;
        }
        let Some(signal) = self.steps.next() else { return false };
        state.told = true;
        drop(state);
        self.send(signal);
        let patience = if signal == Signal::KILL { self.grace.max(LAST) } else { self.grace };
        self.due = Some(now + patience);
        if let Some(label) = &self.notices.label {
            log::info!("{label}the command has not ended, and gets {}", Exit::Signal(signal.as_raw()));
        }
        true
    }

    fn send(&self, signal: Signal) {
        // It fails where nobody is left.
        let _ = kill_process_group(self.pid, signal);
    }

    /// Waits until there is something to do.
    fn wait(&mut self) -> io::Result<()> {
        let mut watched = Vec::with_capacity(3);
        watched.extend(self.errors.as_ref().map(|errors| (errors.as_fd(), Interest::Read)));
        if self.exit.is_none() {
            watched.extend(self.watch.as_ref().map(|watch| (watch.as_fd(), Interest::Read)));
        }
        if self.due.is_none() {
            watched.push((self.process.over.as_fd(), Interest::Read));
        }
        let glances = self.due.is_some() || (self.watch.is_none() && self.exit.is_none());
        let ready = wait_any(&watched, glances.then_some(GLANCE))?;
        if let Some(errors) = &mut self.errors
            && ready[0].is_readable()
            && !errors.pass_on()
        {
            self.errors = None;
        }
        Ok(())
    }
}

impl Drop for Warden {
    /// Its session is over, and it has ended or can't be made to, or there was no thread to attend to it.
    fn drop(&mut self) {
        // What it has left behind, such as a job in the background of a shell, goes with it.
        self.send(if self.exit.is_some() { Signal::TERM } else { Signal::KILL });
        if let Some(errors) = &mut self.errors {
            errors.pass_on_rest();
        }
        let _ = if self.process.lock().session_over { self.child.try_wait() } else { self.child.wait().map(Some) };
        self.tell_failure();
        self.process.lock().gone = true;
        self.notices.gone.wake();
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn watch(pid: Pid) -> Option<OwnedFd> {
    // Kernels before 5.3 have none.
    rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).ok()
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn watch(_pid: Pid) -> Option<OwnedFd> {
    None
}
