//! Waiting for several descriptors at once: a thin layer over poll(2).
//!
//! A wait that a signal interrupts goes on with the time that is left. On macOS poll(2) does not take devices such as
//! `/dev/null`; those come back as [`Ready::is_unwatchable`].

use std::io;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;

/// What to wait for on a descriptor. That the other end is gone is reported in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// A read would not block: there are bytes, the end, or an error.
    Read,
    /// A write would not block: there is room, or an error.
    Write,
    /// The other end went away, and nothing else: to watch a pipe that there is nothing to write to at present.
    Gone,
}

/// What can be said of one descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    interest: Interest,
    flags: PollFlags,
}

impl Ready {
    /// Whether anything at all was reported. `false` for every descriptor means that the time ran out.
    #[must_use]
    pub fn is_any(self) -> bool {
        !self.flags.is_empty()
    }

    /// Whether a read returns at once, be it with bytes, the end of the stream or an error; only with
    /// [`Interest::Read`].
    #[must_use]
    pub fn is_readable(self) -> bool {
        self.interest == Interest::Read && self.is_any()
    }

    /// Whether a write of at least one byte returns at once, be it with an error; only with [`Interest::Write`].
    #[must_use]
    pub fn is_writable(self) -> bool {
        self.interest == Interest::Write && self.is_any()
    }

    /// Whether the other end is gone: the reader of a pipe, the writer of a pipe, or a connection in both directions.
    ///
    /// For the write end of a pipe Linux says so with `POLLERR`, the BSDs with `POLLHUP`. For a read end there may
    /// still be bytes to read first.
    #[must_use]
    pub fn is_gone(self) -> bool {
        self.flags.intersects(PollFlags::ERR | PollFlags::HUP)
    }

    /// Whether poll(2) can't watch this descriptor: it is closed or, on macOS, a device. Leave it out of the next
    /// wait.
    #[must_use]
    pub fn is_unwatchable(self) -> bool {
        self.flags.contains(PollFlags::NVAL)
    }
}

/// Waits until something can be said of at least one descriptor, or `timeout` has passed (`None`: no limit).
///
/// The answers stand in the order of the questions, so that they can be taken apart in place:
///
/// ```
/// # use std::os::fd::AsFd;
/// # use wspipe::net::{Interest, Wake, wait};
/// # let (input, _writer) = std::io::pipe()?;
/// # let stop = Wake::new()?;
/// # stop.wake();
/// let [data, stopped] = wait(&[(input.as_fd(), Interest::Read), (stop.as_fd(), Interest::Read)], None)?;
/// assert!(stopped.is_readable() && !data.is_readable());
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn wait<const N: usize>(
    fds: &[(BorrowedFd<'_>, Interest); N],
    timeout: Option<Duration>,
) -> io::Result<[Ready; N]> {
    let mut polled = fds.map(question);
    poll_for(&mut polled, timeout)?;
    Ok(std::array::from_fn(|at| answer(fds[at].1, &polled[at])))
}

/// As [`wait`], for a number of descriptors that is known only at run time.
pub fn wait_any(fds: &[(BorrowedFd<'_>, Interest)], timeout: Option<Duration>) -> io::Result<Vec<Ready>> {
    let mut polled: Vec<_> = fds.iter().copied().map(question).collect();
    poll_for(&mut polled, timeout)?;
    Ok(fds.iter().zip(&polled).map(|((_, interest), polled)| answer(*interest, polled)).collect())
}

fn question((fd, interest): (BorrowedFd<'_>, Interest)) -> PollFd<'_> {
    let events = match interest {
        Interest::Read => PollFlags::IN,
        Interest::Write => PollFlags::OUT,
        Interest::Gone => PollFlags::empty(),
    };
    PollFd::from_borrowed_fd(fd, events)
}

fn answer(interest: Interest, polled: &PollFd<'_>) -> Ready {
    Ready { interest, flags: polled.revents() }
}

/// One call of poll(2) waits no longer than this; where it counts milliseconds in an `int`, 24 days are too many.
const LONGEST_POLL: Duration = Duration::from_secs(24 * 60 * 60);

fn poll_for(fds: &mut [PollFd<'_>], timeout: Option<Duration>) -> io::Result<()> {
    // A time so far off that it can't be told is as good as none.
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let step = left.map(|left| left.min(LONGEST_POLL));
        let step = step.and_then(|step| Timespec::try_from(step).ok());
        match rustix::event::poll(fds, step.as_ref()) {
            Ok(0) if left.is_some_and(|left| !left.is_zero()) => {}
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::fd::AsFd;

    const NO_TIME: Option<Duration> = Some(Duration::ZERO);

    #[test]
    fn answers_stand_in_the_order_of_the_questions() {
        let (quiet, _quiet_writer) = io::pipe().unwrap();
        let (loud, mut loud_writer) = io::pipe().unwrap();
        loud_writer.write_all(b"x").unwrap();
        let [first, second] = wait(&[(quiet.as_fd(), Interest::Read), (loud.as_fd(), Interest::Read)], None).unwrap();
        assert!(!first.is_any());
        assert!(second.is_readable() && !second.is_gone());
    }

    #[test]
    fn the_end_of_a_pipe_is_readable_and_gone() {
        let (reader, writer) = io::pipe().unwrap();
        drop(writer);
        let [end] = wait(&[(reader.as_fd(), Interest::Read)], None).unwrap();
        assert!(end.is_readable() && end.is_gone());
    }

    #[test]
    fn a_write_end_tells_that_its_reader_is_gone_and_nothing_before() {
        let (reader, writer) = io::pipe().unwrap();
        let question = [(writer.as_fd(), Interest::Gone)];
        let [open] = wait(&question, NO_TIME).unwrap();
        assert!(!open.is_any(), "room in the pipe was not asked for");
        drop(reader);
        let [broken] = wait(&question, None).unwrap();
        assert!(broken.is_gone() && !broken.is_readable() && !broken.is_writable());
    }

    #[test]
    fn room_in_a_pipe_is_writable() {
        let (_reader, writer) = io::pipe().unwrap();
        let [room] = wait(&[(writer.as_fd(), Interest::Write)], None).unwrap();
        assert!(room.is_writable() && !room.is_gone());
    }

    #[test]
    fn time_runs_out_and_not_early() {
        let (quiet, _writer) = io::pipe().unwrap();
        let limit = Duration::from_millis(5);
        let begun = Instant::now();
        let answers = wait_any(&[(quiet.as_fd(), Interest::Read)], Some(limit)).unwrap();
        assert!(begun.elapsed() >= limit);
        assert!(!answers[0].is_any());
    }

    #[test]
    fn a_limit_beyond_all_clocks_is_none() {
        let (reader, writer) = io::pipe().unwrap();
        drop(writer);
        let [end] = wait(&[(reader.as_fd(), Interest::Read)], Some(Duration::MAX)).unwrap();
        assert!(end.is_readable());
    }
}
