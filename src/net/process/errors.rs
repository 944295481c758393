//! A process's standard error, passed on to ours a line at a time.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::process::ChildStderr;

use rustix::io::ioctl_fionread;

/// A longer line is broken, in bytes: with what stands before it, a piece is less than a pipe takes in one go (`PIPE_BUF`).
const LONGEST: usize = 4000;

/// The lines of a process's standard error.
#[derive(Debug)]
pub(super) struct ErrorLines<R = ChildStderr> {
    pipe: R,
    label: String,
    /// The beginning of a line whose end has not come.
    held: Vec<u8>,
}

impl<R: Read + AsFd> ErrorLines<R> {
    pub(super) fn new(pipe: R, label: String) -> Self {
        ErrorLines { pipe, label, held: Vec::new() }
    }

    /// Passes on what one read gives; false at its end.
    pub(super) fn pass_on(&mut self) -> bool {
        let mut bytes = [0; LONGEST];
        match self.pipe.read(&mut bytes) {
            Ok(count) if count > 0 => {
                self.held.extend_from_slice(&bytes[..count]);
                let lines = self.take_lines();
                show(&lines);
                true
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => true,
            _ => {
                let line = self.take_last();
                show(&line);
                false
            }
        }
    }

    /// Passes on what is there now, and no more: others may hold the pipe, and go on writing.
    pub(super) fn pass_on_rest(&mut self) {
        let there = ioctl_fionread(&self.pipe).unwrap_or_default();
        // A read takes as much as there is, and as fits.
        for _ in 0..there.div_ceil(LONGEST as u64) {
            if !self.pass_on() {
                return;
            }
        }
        let line = self.take_last();
        show(&line);
    }

    /// All complete lines, and pieces of one that is too long, each with the label before it.
    fn take_lines(&mut self) -> Vec<u8> {
        let (mut lines, mut taken) = (Vec::new(), 0);
        loop {
            let rest = &self.held[taken..];
            let (length, end) = match memchr::memchr(b'\n', &rest[..rest.len().min(LONGEST + 1)]) {
                Some(at) => (at, at + 1),
                None if rest.len() > LONGEST => (LONGEST, LONGEST),
                None => break,
            };
            write_line(&self.label, &rest[..length], &mut lines);
            taken += end;
        }
        self.held.drain(..taken);
        lines
    }

    /// A last line that has no end.
    fn take_last(&mut self) -> Vec<u8> {
        let mut line = Vec::new();
        if !self.held.is_empty() {
            write_line(&self.label, &self.held, &mut line);
            self.held.clear();
        }
        line
    }
}

impl<R: AsFd> AsFd for ErrorLines<R> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}

fn write_line(label: &str, line: &[u8], lines: &mut Vec<u8>) {
    for part in [label.as_bytes(), line, b"\n"] {
        lines.extend_from_slice(part);
    }
}

/// Whole lines in one write, and no two writes at a time. That nobody reads them ends no session.
fn show(lines: &[u8]) {
    if !lines.is_empty() {
        let _ = io::stderr().lock().write_all(lines);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(pieces: &[&str]) -> (String, String) {
        let (reader, _writer) = io::pipe().unwrap();
        let mut errors = ErrorLines::new(reader, "client 1: ".into());
        let mut shown = Vec::new();
        for piece in pieces {
            errors.held.extend_from_slice(piece.as_bytes());
            shown.extend(errors.take_lines());
        }
        (String::from_utf8(shown).unwrap(), String::from_utf8(errors.take_last()).unwrap())
    }

    #[test]
    fn each_line_has_its_label() {
        assert_eq!(lines(&["a\nb\n"]), ("client 1: a\nclient 1: b\n".into(), String::new()));
        assert_eq!(lines(&["a", "b\n", "\nc"]), ("client 1: ab\nclient 1: \n".into(), "client 1: c\n".into()));
    }

    #[test]
    fn a_line_that_is_too_long_is_broken() {
        let long = "x".repeat(LONGEST);
        let shown = format!("client 1: {long}\n");
        assert_eq!(lines(&[&long, "\n"]), (shown.clone(), String::new()));
        assert_eq!(lines(&[&long, "y"]), (shown.clone(), "client 1: y\n".into()));
        assert_eq!(lines(&[&long, &long, "y\n"]), (format!("{shown}{shown}client 1: y\n"), String::new()));
    }
}
