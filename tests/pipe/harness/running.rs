//! A run that goes on.

use std::fmt::Write as _;
use std::io::Write;
use std::process::{Child, ChildStdin, ChildStdout, ExitStatus};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use super::captured::Captured;
use super::{FULL, Finished, PATIENCE};

/// A child whose streams are collected. It is killed when this is dropped; a test that fails then shows all about it.
#[derive(Debug)]
pub(crate) struct Running {
    command: String,
    child: Child,
    stdin: Option<ChildStdin>,
    held_stdout: Option<ChildStdout>,
    stdout: Captured,
    stderr: Captured,
    reaped: Option<ExitStatus>,
}

impl Running {
    pub(super) fn new(command: String, mut child: Child, reads_stdout: bool) -> Self {
        let stdin = child.stdin.take();
        let mut held_stdout = child.stdout.take();
        let stdout = match held_stdout.take_if(|_| reads_stdout) {
            Some(pipe) => Captured::start(pipe),
            None => Captured::nothing(),
        };
        let stderr = child.stderr.take().map_or_else(Captured::nothing, Captured::start);
        Running { command, child, stdin, held_stdout, stdout, stderr, reaped: None }
    }

    /// Writes to a standard input that is held.
    pub(crate) fn write(&mut self, bytes: impl AsRef<[u8]>) {
        let stdin = self.stdin.as_mut().expect("standard input is held");
        stdin.write_all(bytes.as_ref()).expect("the child reads");
        stdin.flush().expect("a pipe needs no flush");
    }

    /// Writes a line that has no end to a standard input that is held until the program reads no more. However much of it the
    /// system's buffers take, it is never sent as a whole.
    pub(crate) fn fill_stdin(&mut self) {
        let stdin = self.stdin.as_mut().expect("standard input is held");
        let piece = super::line(0, 4000);
        let full = Timespec::try_from(FULL).expect("it is short");
        // A pipe that can be written to takes so much without blocking.
        while poll(&mut [PollFd::new(stdin, PollFlags::OUT)], Some(&full)).expect("a pipe can be polled") == 1 {
            stdin.write_all(piece.as_bytes()).expect("the child reads");
        }
    }

    /// Takes a standard input that is held, so that another thread can write it.
    pub(crate) fn take_stdin(&mut self) -> ChildStdin {
        self.stdin.take().expect("standard input is held")
    }

    /// Ends a standard input that is held.
    pub(crate) fn end_input(&mut self) {
        drop(self.take_stdin());
    }

    /// Takes a standard output that is held; dropping it is what `head` does when it has seen enough.
    pub(crate) fn take_stdout(&mut self) -> ChildStdout {
        self.held_stdout.take().expect("standard output is held")
    }

    /// Waits until standard output has `text`.
    #[track_caller]
    pub(crate) fn wait_stdout(&self, text: impl AsRef<[u8]>) {
        let text = text.as_ref();
        let found = self.stdout.wait_for(|bytes| contains(bytes, text).then_some(()));
        assert!(found.is_some(), "standard output never had {:?}", String::from_utf8_lossy(text));
    }

    /// Waits until standard output has so many lines, and gives them.
    #[track_caller]
    pub(crate) fn wait_lines(&self, count: usize) -> Vec<String> {
        let ends = |bytes: &[u8]| memchr::memchr_iter(b'\n', bytes).count();
        let found = self.stdout.wait_for(|bytes| (ends(bytes) >= count).then(|| bytes.to_vec()));
        let Some(bytes) = found else {
            panic!("standard output never had {count} lines");
        };
        let text = String::from_utf8_lossy(&bytes);
        text.lines().take(count).map(str::to_owned).collect()
    }

    /// Waits until standard error has `text`.
    #[track_caller]
    pub(crate) fn wait_stderr(&self, text: &str) {
        let found = self.stderr.wait_for(|bytes| contains(bytes, text.as_bytes()).then_some(()));
        assert!(found.is_some(), "standard error never had {text:?}");
    }

    /// Waits until `listen` says where it listens, and gives the URL.
    #[track_caller]
    pub(crate) fn url(&self) -> String {
        let line = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            let rest = text.split_once("listening on ")?.1;
            Some(rest.split_once('\n')?.0.to_owned())
        };
        self.stderr.wait_for(line).expect("it never said where it listens")
    }

    /// Waits until `forward` says where it listens, and gives the address.
    #[track_caller]
    pub(crate) fn listening_on(&self) -> String {
        let line = self.url();
        line.split_once(", forwarding to ").expect("it says where to").0.to_owned()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("the child is there");
    }

    /// The most memory it has had at a time, in bytes, but for the pages of the executable, which are many where it is not
    /// optimized; to be asked while it runs.
    #[cfg(target_os = "linux")]
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("the child is there");
        let bytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let digits = line.and_then(|line| line.trim().strip_suffix(" kB"));
            1024 * digits.and_then(|digits| digits.parse::<u64>().ok()).expect("Linux tells")
        };
        bytes("VmHWM:").saturating_sub(bytes("RssFile:"))
    }

    /// The processor time it has taken so far; to be asked while it runs.
    #[cfg(target_os = "linux")]
    pub(crate) fn cpu_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("the child is there");
        let (_, fields) = stat.rsplit_once(')').expect("the name stands in brackets");
        let ticks = fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("Linux tells"));
        // USER_HZ, which is 100 wherever Linux runs.
        Duration::from_millis(10 * ticks.sum::<u64>())
    }

    /// Lets it open so many more descriptors, and no others.
    #[cfg(target_os = "linux")]
    pub(crate) fn leave_descriptors(&self, spare: usize) {
        use rustix::process::{Resource, Rlimit, getrlimit, prlimit};

        let folder = std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).expect("the child is there");
        let name = |entry: std::io::Result<std::fs::DirEntry>| entry.ok()?.file_name().to_str()?.parse().ok();
        let open: Vec<u64> = folder.filter_map(name).collect();
        let last = (0..).filter(|number| !open.contains(number)).take(spare).last().expect("numbers have no end");
        // The hard limit stays: it is ours.
        let limit = Rlimit { current: Some(last + 1), ..getrlimit(Resource::Nofile) };
        prlimit(Some(self.pid()), Resource::Nofile, limit).expect("the child is ours");
    }

    /// Waits for its end. A standard input that is held stays open.
    #[track_caller]
    pub(crate) fn finish(mut self) -> Finished {
        let status = self.wait();
        let stdout = self.stdout.to_end().expect("standard output never ended");
        let stderr = self.stderr.to_end().expect("standard error never ended");
        Finished {
            command: self.command.clone(),
            status,
            stdout,
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        }
    }

    /// Ends a standard input that is held, then waits for the run's end.
    #[track_caller]
    pub(crate) fn end_input_and_finish(mut self) -> Finished {
        self.end_input();
        self.finish()
    }

    #[track_caller]
    fn wait(&mut self) -> ExitStatus {
        let (sender, ended) = mpsc::channel();
        let pid = self.pid();
        // The child stays a zombie until it is reaped below, so that its number can't become another's.
        let waits = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        thread::spawn(move || sender.send(waitid(WaitId::Pid(pid), waits).is_ok()));
        match ended.recv_timeout(PATIENCE) {
            Ok(true) => self.reap(),
            _ => panic!("it never ended"),
        }
    }

    fn reap(&mut self) -> ExitStatus {
        let status = self.child.wait().expect("a child can be waited for");
        self.reaped = Some(status);
        status
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    fn report(&self) -> String {
        let mut report = format!("{}\n", self.command);
        // Writing to a String never fails.
        let _ = match self.reaped {
            Some(status) => writeln!(report, "{status}"),
            None => writeln!(report, "still running"),
        };
        let [stdout, stderr] = [&self.stdout, &self.stderr].map(Captured::so_far);
        report + &super::finished::streams(&stdout, &String::from_utf8_lossy(&stderr))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}", self.report());
        }
        if self.reaped.is_none() {
            let _ = self.child.kill();
            self.reap();
        }
    }
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    memchr::memmem::find(bytes, text).is_some()
}
