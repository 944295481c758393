//! A terminal that controls a run: what is shown on it, and what is typed.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};

use pty_process::blocking::{Pts, open};
use rustix::termios::{LocalModes, tcgetattr};

use super::captured::Captured;

/// The side of a pseudo-terminal where a person sits.
#[derive(Debug)]
pub(crate) struct Terminal {
    keyboard: File,
    screen: Captured,
    /// The program opens its end when it wants to; if nobody had it open until then, the terminal would be gone.
    _program: OwnedFd,
}

impl Terminal {
    /// A new one, and the end for the program.
    pub(super) fn new() -> (Self, Pts) {
        let (person, program) = open().expect("the system has terminals");
        let keyboard = File::from(OwnedFd::from(person));
        let screen = Captured::start(keyboard.try_clone().expect("there are descriptors left"));
        let own = program.as_fd().try_clone_to_owned().expect("there are descriptors left");
        (Terminal { keyboard, screen, _program: own }, program)
    }

    /// Waits until the screen has this.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) {
        let has = |bytes: &[u8]| memchr::memmem::find(bytes, text.as_bytes()).map(drop);
        assert!(self.screen.wait_for(has).is_some(), "the terminal never showed {text:?}: {:?}", self.shown());
    }

    /// Waits until the screen has a whole line with this in it, and gives what follows it there.
    #[track_caller]
    pub(crate) fn wait_for_line(&self, text: &str) -> String {
        let rest = |bytes: &[u8]| {
            let shown = String::from_utf8_lossy(bytes);
            let rest = shown.split_once(text)?.1;
            Some(rest.split_once(['\r', '\n'])?.0.to_owned())
        };
        self.screen.wait_for(rest).unwrap_or_else(|| panic!("the terminal never showed {text:?}: {:?}", self.shown()))
    }

    /// Presses these keys.
    pub(crate) fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("a terminal takes a line");
    }

    /// What has been on the screen.
    pub(crate) fn shown(&self) -> String {
        String::from_utf8_lossy(&self.screen.so_far()).into_owned()
    }

    /// Whether it shows what is typed, as it does at first.
    pub(crate) fn echoes(&self) -> bool {
        let modes = tcgetattr(&self.keyboard).expect("it is a terminal").local_modes;
        modes.contains(LocalModes::ECHO | LocalModes::ISIG)
    }
}
