//! What a descriptor is, and how much a pipe holds.

use std::os::fd::AsFd;

use std::time::Duration;

use rustix::fs::{FileType, fstat, stat};
use rustix::io::ioctl_fionread;

use super::{Interest, wait};

/// Makes a pipe hold up to `bytes`, so that its two ends switch less often. Never fails, never shrinks one.
///
/// Where the system allows less (Linux: `/proc/sys/fs/pipe-max-size`, 1 MiB unless changed), half of it is tried,
/// down to the 64 KiB that a pipe has anyway. Does nothing to what is no pipe, nor on systems other than Linux, whose
/// pipes grow by themselves.
pub fn enlarge(fd: impl AsFd, bytes: usize) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if is_pipe(&fd) {
        linux::enlarge(fd.as_fd(), bytes);
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = (fd, bytes);
}

/// Whether this is a pipe, with or without a name.
#[must_use]
pub fn is_pipe(fd: impl AsFd) -> bool {
    fstat(fd).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Fifo)
}

/// Whether something waits to be read.
#[must_use]
pub fn holds_bytes(fd: impl AsFd) -> bool {
    ioctl_fionread(fd).is_ok_and(|bytes| bytes > 0)
}

/// Whether nothing waits to be read and nothing will come: nobody writes to a pipe any more, a terminal has hung up, or a
/// file was read to its end. Reads nothing; false where only a read can tell, as on a terminal that is there.
#[must_use]
pub fn is_at_its_end(fd: impl AsFd) -> bool {
    // In this order: what was written before the last writer went is there by then.
    let is_gone = wait(&[(fd.as_fd(), Interest::Gone)], NO_TIME).is_ok_and(|[end]| end.is_gone());
    match ioctl_fionread(&fd) {
        Ok(bytes) => bytes == 0 && (is_gone || is_file(fd)),
        // A terminal that has hung up has nothing to say, not even that.
        Err(_) => is_gone,
    }
}

fn is_file(fd: impl AsFd) -> bool {
    fstat(fd).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile)
}

const NO_TIME: Option<Duration> = Some(Duration::ZERO);

/// Whether this is `/dev/null`, by whatever name it was opened.
///
/// For standard input that means "no input at all", and it covers a standard input that was closed when the process
/// started: Rust's runtime opens `/dev/null` in its place before `main`.
#[must_use]
pub fn is_null_device(fd: impl AsFd) -> bool {
    let (Ok(this), Ok(null)) = (fstat(fd), stat("/dev/null")) else {
        return false;
    };
    FileType::from_raw_mode(this.st_mode) == FileType::CharacterDevice
        && FileType::from_raw_mode(null.st_mode) == FileType::CharacterDevice
        && this.st_rdev == null.st_rdev
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use rustix::io::Errno;
    use rustix::pipe::{fcntl_getpipe_size, fcntl_setpipe_size};
    use std::os::fd::BorrowedFd;

    /// What a pipe holds on Linux unless told otherwise: 16 pages of 4 KiB.
    const USUAL_SIZE: usize = 64 * 1024;

    pub(super) fn enlarge(fd: BorrowedFd<'_>, bytes: usize) {
        let size = fcntl_getpipe_size(fd).unwrap_or(USUAL_SIZE);
        halve_until_allowed(bytes, size, |bytes| fcntl_setpipe_size(fd, bytes));
    }

    /// Tries `bytes`, half of it and so on, as long as that is more than `present`, until one is not above the limit.
    pub(super) fn halve_until_allowed(
        mut bytes: usize,
        present: usize,
        mut set: impl FnMut(usize) -> Result<usize, Errno>,
    ) {
        while bytes > present && set(bytes) == Err(Errno::PERM) {
            bytes /= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::{self, Read, Seek, Write};

    #[test]
    fn the_end_is_seen_without_reading() {
        let (reader, mut writer) = io::pipe().unwrap();
        assert!(!is_at_its_end(&reader) && !holds_bytes(&reader));
        writer.write_all(b"x").unwrap();
        assert!(!is_at_its_end(&reader) && holds_bytes(&reader));
        drop(writer);
        assert!(!is_at_its_end(&reader) && holds_bytes(&reader));
        (&reader).read_exact(&mut [0]).unwrap();
        assert!(is_at_its_end(&reader) && !holds_bytes(&reader));
        let mut file = tempfile::tempfile().unwrap();
        assert!(is_at_its_end(&file));
        file.write_all(b"x").unwrap();
        file.rewind().unwrap();
        assert!(!is_at_its_end(&file) && holds_bytes(&file));
    }

    #[test]
    fn a_terminal_that_has_hung_up_is_at_its_end() {
        let (person, program) = pty_process::blocking::open().unwrap();
        assert!(!is_at_its_end(&program));
        drop(person);
        assert!(is_at_its_end(&program) && !holds_bytes(&program));
    }

    #[test]
    fn tells_pipes_from_the_rest() {
        let (reader, writer) = io::pipe().unwrap();
        assert!(is_pipe(&reader) && is_pipe(&writer));
        assert!(!is_pipe(tempfile::tempfile().unwrap()));
        assert!(!is_pipe(File::open("/dev/null").unwrap()));
    }

    #[test]
    fn tells_the_null_device_from_other_files_and_devices() {
        assert!(is_null_device(File::open("/dev/null").unwrap()));
        assert!(!is_null_device(File::open("/dev/zero").unwrap()));
        assert!(!is_null_device(tempfile::tempfile().unwrap()));
        assert!(!is_null_device(io::pipe().unwrap().0));
    }

    #[test]
    fn leaves_what_is_no_pipe_alone() {
        let file = tempfile::tempfile().unwrap();
        enlarge(&file, 1024 * 1024);
        assert_eq!(file.metadata().unwrap().len(), 0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_pipe_grows_and_does_not_shrink() {
        let (_reader, writer) = io::pipe().unwrap();
        let size = || rustix::pipe::fcntl_getpipe_size(&writer).unwrap();
        let before = size();
        enlarge(&writer, 2 * before);
        assert_eq!(size(), 2 * before);
        enlarge(&writer, before);
        assert_eq!(size(), 2 * before);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_size_above_the_limit_is_halved_until_it_is_allowed() {
        use rustix::io::Errno;
        let tried = |limit: usize, failure| {
            let mut tried = Vec::new();
            linux::halve_until_allowed(1024, 64, |bytes| {
                tried.push(bytes);
                if bytes > limit { Err(failure) } else { Ok(bytes) }
            });
            tried
        };
        assert_eq!(tried(256, Errno::PERM), [1024, 512, 256]);
        assert_eq!(tried(0, Errno::PERM), [1024, 512, 256, 128]);
        assert_eq!(tried(0, Errno::BUSY), [1024]);
    }
}
