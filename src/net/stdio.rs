//! Standard input and output as they were handed to us.

use std::fs::File;
use std::io::{self, IoSlice, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};

use super::{Interest, wait};

/// A descriptor of the process, shared with whoever started it.
///
/// Another process may have made it non-blocking, for all that share it (terminals and pipes of event loops are often
/// found so). Writing waits all the same; a read may say `WouldBlock`, since who reads has something else to wait for.
#[derive(Debug)]
pub struct Stdio(File);

impl Stdio {
    /// A handle of its own on a descriptor.
    ///
    /// # Errors
    /// The process may not open more descriptors.
    pub fn of(fd: impl AsFd) -> io::Result<Self> {
        Ok(Stdio(fd.as_fd().try_clone_to_owned()?.into()))
    }

    /// Repeats a write until it neither would block nor was interrupted.
    fn patiently(&self, mut write: impl FnMut(&File) -> io::Result<usize>) -> io::Result<usize> {
        loop {
            match write(&self.0) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    wait(&[(self.as_fd(), Interest::Write)], None)?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}

impl AsFd for Stdio {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Read for Stdio {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        self.0.read(space)
    }
}

impl Write for Stdio {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.patiently(|mut file| file.write(bytes))
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.patiently(|mut file| file.write_vectored(pieces))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn a_full_non_blocking_pipe_is_waited_for() {
        let (reader, writer) = io::pipe().unwrap();
        rustix::io::ioctl_fionbio(&writer, true).unwrap();
        let bytes: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
        let expected = bytes.clone();
        let mut input = Stdio::of(&reader).unwrap();
        let mut output = Stdio::of(&writer).unwrap();
        drop(writer);
        let sending = thread::spawn(move || output.write_all(&bytes));
        let mut received = Vec::new();
        input.read_to_end(&mut received).unwrap();
        sending.join().unwrap().unwrap();
        assert!(received == expected);
    }
}
