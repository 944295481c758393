//! Programs that we start: one whose standard input and output are one end of a session, from its start to its end, and here
//! below; and a [`ShellCommand`] whose standard input and output are the way to a host.
//!
//! The first leads a process group of its own, so that all that a shell has started for it can be told to end. It is reaped only when
//! that has been done: until then its number, which is the group's, can't become another's.

mod errors;
mod exit;
mod search;
mod shell;
mod warden;

use std::ffi::OsString;
use std::io::{self, IoSlice, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use super::descriptors::restore_descriptor_limit;
use super::{Interest, Wake, wait};
use errors::ErrorLines;
pub use exit::Exit;
pub use search::ProgramError;
pub use shell::{Attendant, ShellCommand};
use warden::Warden;

/// The stack of the thread that attends to a process, in bytes.
const STACK: usize = 128 << 10;

/// A program to start for a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Its name, which is looked for in `PATH`, or its path.
    pub name: OsString,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Variables that it gets as they are here, `None` for not at all; the others are ours.
    pub environment: Vec<(OsString, Option<OsString>)>,
    /// How long it may take to end after its session has, before it gets TERM; and after that, before it gets KILL.
    pub grace: Duration,
}

/// What is to be told about a process, and to whom.
#[derive(Debug)]
pub struct Notices {
    /// What begins each line about it and each line of its standard error; none: that goes where ours goes, and nothing is
    /// said.
    pub label: Option<String>,
    /// Rung when it has ended.
    pub ended: Arc<Wake>,
    /// Rung when nothing is left of it.
    pub gone: Arc<Wake>,
}

/// A process and the ends of its pipes.
#[derive(Debug)]
pub struct Started {
    /// Its standard input.
    pub input: ProcessInput,
    /// Its standard output.
    pub output: ChildStdout,
    /// The process itself.
    pub process: Arc<Process>,
}

impl Program {
    /// Starts it, with more variables, and a thread that attends to it until nothing is left.
    ///
    /// # Errors
    /// The system has no such program, or no processes, threads or descriptors left.
    pub fn start(&self, environment: &[(OsString, Option<OsString>)], notices: Notices) -> io::Result<Started> {
        let mut command = Command::new(&self.name);
        command.args(&self.args).stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        command.stderr(if notices.label.is_some() { Stdio::piped() } else { Stdio::inherit() });
        set_variables(&mut command, self.environment.iter().chain(environment));
        let process = Arc::new(Process { state: Mutex::default(), over: Wake::new()? });
        let mut child = command.spawn()?;
        restore_descriptor_limit(&child);
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let label = notices.label.clone().unwrap_or_default();
        let errors = child.stderr.take().map(|pipe| ErrorLines::new(pipe, label));
        // In charge of the child from here on: if there is no thread for it, it ends the child at once.
        let warden = Warden::new(child, errors, Arc::clone(&process), notices, self.grace);
        let (Some(input), Some(output)) = (input, output) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        rustix::io::ioctl_fionbio(&input, true)?;
        thread::Builder::new().name("command".into()).stack_size(STACK).spawn(move || warden.run())?;
        Ok(Started { input: ProcessInput { pipe: input, process: Arc::clone(&process) }, output, process })
    }
}

/// Variables of the environment, as they are to be; `None` for not at all.
fn set_variables<'a>(command: &mut Command, variables: impl IntoIterator<Item = &'a (OsString, Option<OsString>)>) {
    for (name, value) in variables {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
}

/// A process that was started, for those who have to do with it.
#[derive(Debug)]
pub struct Process {
    state: Mutex<State>,
    /// Woken, and never cleared, when its session is over.
    over: Wake,
}

#[derive(Debug, Default)]
struct State {
    exit: Option<Exit>,
    /// Its output was read to the end before its session was over.
    output_ended: bool,
    /// It got a signal of ours.
    told: bool,
    /// Its next step towards the end is to be taken at once.
    hurry: bool,
    session_over: bool,
    gone: bool,
}

impl Process {
    /// Says that its output has been read to the end; how it has ended, if it has.
    pub fn output_ended(&self) -> Option<Exit> {
        let mut state = self.lock();
        state.output_ended = true;
        state.exit
    }

    /// Says that its session is over: it has its grace to end by itself. Nothing more is written to it.
    pub fn dismiss(&self) {
        self.lock().session_over = true;
        self.over.wake();
    }

    /// Takes the next step towards its end at once: TERM, and half a second later KILL; or KILL if it has got TERM.
    pub fn hurry(&self) {
        self.lock().hurry = true;
    }

    /// Whether nothing is left of it that could be waited for.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.lock().gone
    }

    /// How it failed, if it did: by itself, and not because its session was over.
    #[must_use]
    pub fn failure(&self) -> Option<Exit> {
        let state = self.lock();
        state.exit.filter(|exit| state.is_failure(*exit))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether a process that has ended so has failed by itself.
    fn is_failure(&self, exit: Exit) -> bool {
        let is_cut_short = exit == Exit::Signal(Signal::PIPE.as_raw()) && !self.output_ended;
        exit != Exit::Code(0) && !self.told && !is_cut_short
    }
}

/// A process's standard input. Writing waits while the pipe is full, but not longer than the session lasts.
#[derive(Debug)]
pub struct ProcessInput {
    /// Non-blocking: this end is ours alone.
    pipe: ChildStdin,
    process: Arc<Process>,
}

impl ProcessInput {
    fn patiently(&mut self, mut write: impl FnMut(&mut ChildStdin) -> io::Result<usize>) -> io::Result<usize> {
        loop {
            match write(&mut self.pipe) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let over = (self.process.over.as_fd(), Interest::Read);
                    let [over, _room] = wait(&[over, (self.pipe.as_fd(), Interest::Write)], None)?;
                    if over.is_readable() {
                        return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the session is over"));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}

impl Write for ProcessInput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.patiently(|pipe| pipe.write(bytes))
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.patiently(|pipe| pipe.write_vectored(pieces))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
