//! The signals that ask a run to end.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};

use signal_hook::SigId;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

/// Signals that are caught, as long as this lives, so that something can be put right first: a peer told, a terminal
/// restored. Whoever sees one that asks it to end the run does so, and then dies of it.
#[derive(Debug)]
pub struct Signals {
    watched: Vec<i32>,
    /// The signal that arrived last, 0 if none has.
    caught: Arc<AtomicUsize>,
    woken: UnixStream,
    actions: Vec<SigId>,
}

impl Signals {
    /// Catches SIGINT, SIGTERM and, unless it is ignored, SIGHUP from now on: what was started must not be left behind.
    ///
    /// # Errors
    /// The system has no descriptors left.
    pub fn catch() -> io::Result<Self> {
        let hangup = Some(SIGHUP).filter(|signal| !is_ignored(*signal));
        Signals::catch_these([SIGINT, SIGTERM].into_iter().chain(hangup))
    }

    /// Catches all that end a process from outside: SIGHUP and SIGQUIT, too.
    ///
    /// # Errors
    /// The system has no descriptors left.
    pub fn catch_all() -> io::Result<Self> {
        Signals::catch_these([SIGHUP, SIGINT, SIGQUIT, SIGTERM])
    }

    /// Catches SIGQUIT, for a run that says how far it is.
    ///
    /// # Errors
    /// The system has no descriptors left.
    pub fn catch_quit() -> io::Result<Self> {
        Signals::catch_these([SIGQUIT])
    }

    fn catch_these(signals: impl IntoIterator<Item = i32>) -> io::Result<Self> {
        let watched: Vec<_> = signals.into_iter().collect();
        let caught = Arc::new(AtomicUsize::new(0));
        let (woken, waker) = UnixStream::pair()?;
        woken.set_nonblocking(true)?;
        let mut actions = Vec::new();
        for &signal in &watched {
            set_default(signal, false)?;
            // Actions run in the order in which they are registered: the value is there before the wake-up is.
            let number = signal.unsigned_abs() as usize;
            actions.push(signal_hook::flag::register_usize(signal, Arc::clone(&caught), number)?);
            actions.push(signal_hook::low_level::pipe::register(signal, waker.try_clone()?)?);
        }
        Ok(Signals { watched, caught, woken, actions })
    }

    /// The signal that has arrived since this was last asked.
    #[must_use]
    pub fn caught(&self) -> Option<i32> {
        let _ = io::Read::read(&mut &self.woken, &mut [0; 16]);
        match self.caught.swap(0, SeqCst) {
            0 => None,
            signal => i32::try_from(signal).ok(),
        }
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for &signal in &self.watched {
            let _ = set_default(signal, true);
        }
        for action in self.actions.drain(..) {
            signal_hook::low_level::unregister(action);
        }
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.woken.as_fd()
    }
}

/// Whether a signal was ignored when this process was started, as by nohup(1). Only Linux tells; elsewhere it is taken to be,
/// and so left alone, as it ever was.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_none_or(|mask| mask & (1 << (signal - 1)) != 0)
}

/// Says whether a signal does what it does to a process that never caught it. Once caught, it would do nothing any more.
fn set_default(signal: i32, is_default: bool) -> io::Result<()> {
    static KNOWN: Mutex<Vec<(i32, Arc<AtomicBool>)>> = Mutex::new(Vec::new());

    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, flag)) = known.iter().find(|(own, _)| *own == signal) {
        flag.store(is_default, SeqCst);
        return Ok(());
    }
    let flag = Arc::new(AtomicBool::new(is_default));
    signal_hook::flag::register_conditional_default(signal, Arc::clone(&flag))?;
    known.push((signal, flag));
    Ok(())
}
