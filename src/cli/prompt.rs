//! Asking for a secret on the terminal. Standard input may be a pipe full of data, so it is not touched.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;

use rustix::process::{Signal, kill_current_process_group};
use rustix::termios::{InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use wspipe::bridge::Signals;
use wspipe::handshake::Secret;
use wspipe::net::{Interest, wait};
use wspipe::outcome::Failure;

/// What a line of a terminal can hold, in bytes; what is longer was not typed.
const LONGEST: usize = 4096;

/// Asks for `what` on the terminal that controls this process, without showing what is typed; none if there is no terminal.
///
/// # Errors
/// The user presses Ctrl-C, which ends the run as that signal would, or Ctrl-D; another signal ends it; or the terminal goes
/// away.
pub(super) fn ask(what: &str) -> Result<Option<Secret>, Failure> {
    let Ok(terminal) = OpenOptions::new().read(true).write(true).open("/dev/tty") else { return Ok(None) };
    let failed = Failure::io("cannot ask on the terminal");
    let signals = Signals::catch_all().map_err(&failed)?;
    let typed = read_unseen(&terminal, what, &signals);
    // Only now, when the terminal is as it was.
    if let Some(signal) = signals.caught() {
        return Err(Failure::Signal(signal));
    }
    drop(signals);
    match typed.map_err(failed)? {
        Typed::Line(text) => Ok(Some(Secret::new(text))),
        Typed::Nothing => Err(Failure::Usage(format!("{what}: nothing was typed"))),
        Typed::Interrupt => {
            // The whole pipeline, as the terminal itself would do it. Nobody catches the signal now.
            let _ = kill_current_process_group(Signal::INT);
            Err(Failure::Signal(Signal::INT.as_raw()))
        }
    }
}

enum Typed {
    Line(String),
    /// Ctrl-D.
    Nothing,
    /// Ctrl-C.
    Interrupt,
}

fn read_unseen(mut terminal: &File, what: &str, signals: &Signals) -> io::Result<Typed> {
    // (What was typed before, for something else, is thrown away.)
    let unseen = Unseen::begin(terminal)?;
    write!(terminal, "{what}: ")?;
    let mut line = Vec::new();
    let mut bytes = [0; LONGEST];
    let is_interrupt = |last: &u8| *last == unseen.interrupt && *last != 0;
    while line.len() < LONGEST {
        let [_, signal] = wait(&[(terminal.as_fd(), Interest::Read), (signals.as_fd(), Interest::Read)], None)?;
        if signal.is_any() {
            break;
        }
        let count = match terminal.read(&mut bytes) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        line.extend_from_slice(&bytes[..count]);
        if count == 0 || line.last().is_some_and(|last| *last == b'\n' || is_interrupt(last)) {
            break;
        }
    }
    // The line feed that was typed has not been shown.
    terminal.write_all(b"\n")?;
    if line.last().is_some_and(is_interrupt) {
        return Ok(Typed::Interrupt);
    }
    if line.is_empty() {
        return Ok(Typed::Nothing);
    }
    let line = String::from_utf8(line).map_err(|_| io::Error::other("what was typed is not UTF-8"))?;
    Ok(Typed::Line(line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// A terminal that shows nothing of what is typed, as long as this lives.
struct Unseen<'a> {
    terminal: &'a File,
    before: Termios,
    /// The character of Ctrl-C; 0 where there is none.
    interrupt: u8,
}

impl<'a> Unseen<'a> {
    fn begin(terminal: &'a File) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let interrupt = before.special_codes[SpecialCodeIndex::VINTR];
        let mut modes = before.clone();
        // The terminal edits the line. Ctrl-C must not end the process before the terminal shows again what is typed, so it
        // is no signal now, but a character that ends a line.
        modes.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ISIG);
        modes.local_modes.insert(LocalModes::ICANON);
        modes.input_modes.insert(InputModes::ICRNL);
        modes.special_codes[SpecialCodeIndex::VEOL] = interrupt;
        tcsetattr(terminal, OptionalActions::Flush, &modes)?;
        Ok(Unseen { terminal, before, interrupt })
    }
}

impl Drop for Unseen<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.terminal, OptionalActions::Now, &self.before);
    }
}
