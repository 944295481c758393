//! A program under test: started, watched, waited for, and what it cost.

use std::fs;
use std::io::{self, Read};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use wait4::Wait4;

use crate::data::Digest;

/// A run that takes longer is stuck. The slowest honest one takes some seconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// How often the memory is looked at. The kernel keeps the peak, so only growth within the last
/// interval of a run can be missed.
const LOOK_EVERY: Duration = Duration::from_millis(4);

/// What a run cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    /// User and system time.
    pub(crate) cpu: Duration,
    /// Peak resident set in bytes, where it could be had.
    pub(crate) peak: Option<u64>,
    pub(crate) status: ExitStatus,
    /// It had to be killed.
    pub(crate) stuck: bool,
}

/// A program that runs.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    started: Instant,
    over: Arc<AtomicBool>,
    watcher: JoinHandle<(Option<u64>, bool)>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> io::Result<Self> {
        let started = Instant::now();
        let child = command.spawn()?;
        let over = Arc::new(AtomicBool::new(false));
        let watcher = {
            let (pid, over) = (child.id(), Arc::clone(&over));
            thread::spawn(move || watch(pid, &over))
        };
        Ok(Self { child, started, over, watcher })
    }

    pub(crate) fn stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    pub(crate) fn stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Waits for the end. The process is reaped only after the watcher has let go of its number.
    pub(crate) fn finish(mut self) -> io::Result<Cost> {
        let pid = Pid::from_child(&self.child);
        waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)?;
        let wall = self.started.elapsed();
        self.over.store(true, Ordering::Release);
        self.watcher.thread().unpark();
        let (seen, stuck) = self.watcher.join().unwrap_or((None, false));
        let used = self.child.wait4()?;
        // The kernel's own figure starts with what the forked copy of this process had, so it
        // tells something only where it is larger than that.
        let exact = peak("self").is_none_or(|ours| used.rusage.maxrss > ours);
        Ok(Cost {
            wall,
            cpu: used.rusage.utime + used.rusage.stime,
            peak: if exact { Some(used.rusage.maxrss) } else { seen },
            status: used.status,
            stuck,
        })
    }
}

/// Follows the memory of a process, and kills it when patience ends.
fn watch(pid: u32, over: &AtomicBool) -> (Option<u64>, bool) {
    let (begin, name) = (Instant::now(), pid.to_string());
    let (mut seen, mut stuck) = (None, false);
    while !over.load(Ordering::Acquire) {
        seen = peak(&name).or(seen);
        if begin.elapsed() > PATIENCE && !stuck {
            stuck = true;
            if let Some(pid) = Pid::from_raw(pid.cast_signed()) {
                // It may have ended by itself in this very moment.
                let _ = kill_process(pid, Signal::KILL);
            }
        }
        thread::park_timeout(LOOK_EVERY);
    }
    (seen, stuck)
}

/// `VmHWM` of a process, in bytes.
fn peak(process: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// Reads an output to its end; with the digest if asked for.
pub(crate) fn drain(mut output: impl Read, check: bool) -> io::Result<(u64, Digest)> {
    // As much as a pipe can ever hold, unprivileged.
    let mut buffer = vec![0; 1 << 20];
    let (mut bytes, mut digest) = (0, Digest::default());
    loop {
        let got = output.read(&mut buffer)?;
        if got == 0 {
            return Ok((bytes, digest));
        }
        bytes += got as u64;
        if check {
            digest.add(&buffer[..got]);
        }
    }
}
