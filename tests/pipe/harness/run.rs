//! A command line that is about to be run.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use pty_process::blocking::{Command as OnTerminal, Pts};

use super::{Finished, Running, Terminal};

/// What standard input is.
#[derive(Debug)]
pub(crate) enum Stdin {
    /// `/dev/null`: no input at all.
    Null,
    /// A pipe with these bytes, then its end.
    Bytes(Vec<u8>),
    /// A pipe that the test holds: see [`Running::write`] and [`Running::end_input`].
    Held,
    /// This file.
    File(File),
    /// Closed before the program starts.
    Closed,
    /// `/dev/null`, with this as descriptor 3; in a shell that becomes the program, these commands run before that.
    Passing(OwnedFd, &'static str),
}

/// What standard output is.
#[derive(Debug)]
pub(crate) enum Stdout {
    /// A pipe that is read all the time.
    Read,
    /// A pipe that the test reads when it wants to: see [`Running::take_stdout`].
    Held,
    /// This file.
    File(File),
}

/// A run of the executable: its arguments, and what its streams are.
#[derive(Debug)]
pub(crate) struct Run {
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    directory: Option<PathBuf>,
    stdin: Stdin,
    stdout: Stdout,
    reads_stderr: bool,
}

impl Run {
    /// A run with no input, an empty environment, and an output that is read.
    pub(crate) fn new<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Self {
        Run {
            args: args.into_iter().map(|arg| arg.as_ref().into()).collect(),
            env: Vec::new(),
            directory: None,
            stdin: Stdin::Null,
            stdout: Stdout::Read,
            reads_stderr: true,
        }
    }

    /// `connect URL` with the options in `words`, which are separated by spaces.
    pub(crate) fn connect(words: &str, url: &str) -> Self {
        Run::new(["connect"]).words(words).arg(url)
    }

    /// `listen 0` with the options in `words`, which are separated by spaces.
    pub(crate) fn listen(words: &str) -> Self {
        Run::new(["listen", "0"]).words(words)
    }

    /// Adds arguments that are separated by spaces.
    pub(crate) fn words(mut self, words: &str) -> Self {
        self.args.extend(words.split_whitespace().map(OsString::from));
        self
    }

    /// Adds arguments as they are.
    pub(crate) fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().into()));
        self
    }

    /// Adds an argument as it is.
    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().into());
        self
    }

    /// Sets a variable in the environment.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name.into(), value.as_ref().into()));
        self
    }

    /// Says what the working directory is.
    pub(crate) fn within(mut self, directory: &Path) -> Self {
        self.directory = Some(directory.to_owned());
        self
    }

    /// Says what standard input is.
    pub(crate) fn stdin(mut self, stdin: Stdin) -> Self {
        self.stdin = stdin;
        self
    }

    /// Gives these bytes as standard input.
    pub(crate) fn input(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin(Stdin::Bytes(bytes.into()))
    }

    /// Says what standard output is.
    pub(crate) fn stdout(mut self, stdout: Stdout) -> Self {
        self.stdout = stdout;
        self
    }

    /// Makes standard error a pipe whose reader is gone.
    pub(crate) fn stderr_unread(mut self) -> Self {
        self.reads_stderr = false;
        self
    }

    /// Starts it.
    pub(crate) fn start(self) -> Running {
        self.start_at(None, false)
    }

    /// Starts it under a terminal, which is none of its standard streams.
    pub(crate) fn start_on_terminal(self) -> (Running, Terminal) {
        let (terminal, program) = Terminal::new();
        (self.start_at(Some(program), false), terminal)
    }

    /// Starts it under a terminal, which is its standard error.
    pub(crate) fn start_with_stderr_on_terminal(self) -> (Running, Terminal) {
        let (terminal, program) = Terminal::new();
        (self.start_at(Some(program), true), terminal)
    }

    fn start_at(self, terminal: Option<Pts>, with_stderr: bool) -> Running {
        let Run { args, env, directory, stdin, stdout, reads_stderr } = self;
        let mut shown = "wspipe".to_owned();
        for arg in &args {
            // Writing to a String never fails.
            let _ = write!(shown, " {:?}", arg.to_string_lossy());
        }
        let mut command = command(&stdin);
        command.args(&args).env_clear().envs(env);
        if let Some(directory) = directory {
            command.current_dir(directory);
        }
        let mut bytes = None;
        let stdin = match stdin {
            Stdin::Null | Stdin::Closed => Stdio::null(),
            Stdin::Held => Stdio::piped(),
            Stdin::File(file) => file.into(),
            Stdin::Passing(fd, _) => fd.into(),
            Stdin::Bytes(given) => {
                bytes = Some(given);
                Stdio::piped()
            }
        };
        let is_read = matches!(stdout, Stdout::Read);
        let stdout = match stdout {
            Stdout::Read | Stdout::Held => Stdio::piped(),
            Stdout::File(file) => file.into(),
        };
        let on_terminal = terminal.as_ref().filter(|_| with_stderr);
        let stderr = if let Some(terminal) = on_terminal {
            terminal.as_fd().try_clone_to_owned().expect("there are descriptors left").into()
        } else if reads_stderr {
            Stdio::piped()
        } else {
            let (reader, writer) = io::pipe().expect("there are descriptors left");
            drop(reader);
            writer.into()
        };
        let mut child = match terminal {
            None => command.stdin(stdin).stdout(stdout).stderr(stderr).spawn().expect("the executable starts"),
            Some(terminal) => {
                let command = OnTerminal::from(command).stdin(stdin).stdout(stdout).stderr(stderr);
                command.spawn(terminal).expect("the executable starts")
            }
        };
        if let Some(bytes) = bytes
            && let Some(mut pipe) = child.stdin.take()
        {
            // The child may end before it has read everything.
            thread::spawn(move || drop(pipe.write_all(&bytes)));
        }
        Running::new(shown, child, is_read)
    }

    /// Runs it to its end.
    pub(crate) fn finish(self) -> Finished {
        self.start().finish()
    }
}

/// The executable; through a shell, which becomes it, where it is to have what only `fork` and `exec` can give.
fn command(stdin: &Stdin) -> Command {
    let executable = env!("CARGO_BIN_EXE_wspipe");
    let script = match stdin {
        Stdin::Closed => "exec \"$0\" \"$@\" <&-".to_owned(),
        Stdin::Passing(_, before) => format!("{before}\nexec \"$0\" \"$@\" 3<&0 </dev/null"),
        _ => return Command::new(executable),
    };
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &script, executable]);
    shell
}
