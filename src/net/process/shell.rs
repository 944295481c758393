//! A command that leads to a host: its standard input and output are the connection.
//!
//! Ctrl-C must not end it before the peer has been told that we go. Where no terminal controls this process, the command is a
//! process group of its own, which can be ended as a whole. Where one does, it may have to ask the user for something, which
//! the system lets only our own group do: so it stays in there, heeds no Ctrl-C, and only its shell is told to end.

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::{Exit, set_variables};
use crate::net::descriptors::restore_descriptor_limit;
use crate::net::{Socket, unbracketed};

/// How long a command may take to end after its session has.
const GRACE: Duration = Duration::from_secs(1);
/// How long a command that closed the connection may take to end, so that its status can be told.
const LAST_WORDS: Duration = Duration::from_millis(200);
/// How often a command is looked at while it is about to end.
const GLANCE: Duration = Duration::from_millis(5);

/// A command for the shell that makes a connection.
#[derive(Debug, Clone)]
pub struct ShellCommand {
    /// As it would be typed; `%h` stands for the host, `%p` for the port and `%%` for a per cent sign, as for ssh's
    /// `ProxyCommand`.
    pub command: String,
    /// Variables of the environment that the command gets as they are here, `None` for not at all.
    pub environment: Vec<(OsString, Option<OsString>)>,
}

/// A running command. It is dropped with the connection: then it is told to end; at once, unless it has served.
pub struct Attendant {
    /// It is not reaped before the end, so that its number stands for nobody else.
    shell: Child,
    leads_group: bool,
    /// How long it may take to end by itself.
    patience: Duration,
}

impl ShellCommand {
    /// Starts the command; its standard error is ours. `host` is the name or address of a URL: whatever else it holds, the
    /// shell would read.
    ///
    /// # Errors
    /// The system can't start the shell.
    pub fn start(&self, host: &str, port: u16) -> io::Result<(Socket, Attendant)> {
        let (ours, theirs) = UnixStream::pair()?;
        let output = theirs.try_clone()?;
        let script = expand(&self.command, host, port);
        let mut command = Command::new("/bin/sh");
        let leads_group = File::open("/dev/tty").is_err();
        if leads_group {
            command.process_group(0).args(["-c", &script]);
        } else {
            // What a shell ignores, all that it starts ignore.
            command.args(["-c", "trap '' INT; exec /bin/sh -c \"$1\"", "sh", &script]);
        }
        command.stdin(Stdio::from(OwnedFd::from(theirs))).stdout(Stdio::from(OwnedFd::from(output)));
        set_variables(&mut command, &self.environment);
        let shell = command.spawn()?;
        restore_descriptor_limit(&shell);
        // Our copies of its ends go with `command`: the end of the stream is seen when the command has closed it.
        Ok((ours.into(), Attendant { shell, leads_group, patience: Duration::ZERO }))
    }
}

impl Attendant {
    /// The connection is of use: when it ends, the command has a second to end by itself.
    pub fn has_served(&mut self) {
        self.patience = GRACE;
    }

    /// How the command has ended, if it has. Where the connection has ended, so will the command soon.
    #[must_use]
    pub fn exit(&self) -> Option<Exit> {
        self.wait(LAST_WORDS)
    }

    /// How the shell has ended, once it has.
    fn wait(&self, patience: Duration) -> Option<Exit> {
        let until = Instant::now() + patience;
        loop {
            let exit = Exit::of(self.pid());
            if exit.is_some() || Instant::now() >= until {
                return exit;
            }
            thread::sleep(GLANCE);
        }
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.shell)
    }
}

impl Drop for Attendant {
    fn drop(&mut self) {
        let is_over = self.wait(self.patience).is_some();
        // Each fails where there is none any more.
        if self.leads_group {
            let _ = kill_process_group(self.pid(), Signal::TERM);
        } else if !is_over {
            let _ = kill_process(self.pid(), Signal::TERM);
        }
        // What doesn't heed that is left behind.
        if self.wait(LAST_WORDS).is_some() {
            let _ = self.shell.wait();
        }
    }
}

impl fmt::Debug for Attendant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attendant({})", self.shell.id())
    }
}

/// Puts host and port in. (They can't surprise the shell: a URL's host holds letters, digits, `-`, `.`, `_`, and brackets
/// and colons around an IPv6 address; it begins with no `-`, which the command would take for an option.)
fn expand(command: &str, host: &str, port: u16) -> String {
    let bare = unbracketed(host);
    let mut text = String::with_capacity(command.len());
    let mut rest = command.chars();
    while let Some(character) = rest.next() {
        if character != '%' {
            text.push(character);
            continue;
        }
        match rest.next() {
            Some('h') => text.push_str(bare),
            Some('p') => text.push_str(&port.to_string()),
            Some('%') | None => text.push('%'),
            Some(other) => text.extend(['%', other]),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::Shutdown;

    use super::*;

    fn shell(command: &str) -> ShellCommand {
        ShellCommand { command: command.to_owned(), environment: Vec::new() }
    }

    #[test]
    fn host_and_port_stand_for_themselves() {
        assert_eq!(expand("nc %h %p", "a.test", 80), "nc a.test 80");
        assert_eq!(expand("%h", "[::1]", 80), "::1");
        assert_eq!(expand("date +%s %%h 100% %", "a", 1), "date +%s %h 100% %");
    }

    #[test]
    fn standard_input_and_output_are_the_connection() {
        let (socket, attendant) = shell("cat").start("h", 1).unwrap();
        (&socket).write_all(b"there and back").unwrap();
        socket.shutdown(Shutdown::Write).unwrap();
        let mut text = String::new();
        (&socket).read_to_string(&mut text).unwrap();
        assert_eq!(text, "there and back");
        assert_eq!(attendant.exit(), Some(Exit::Code(0)));
    }

    #[test]
    fn its_end_is_told() {
        let (socket, attendant) = shell("exit 3").start("h", 1).unwrap();
        assert_eq!((&socket).read(&mut [0; 1]).unwrap(), 0);
        assert_eq!(attendant.exit(), Some(Exit::Code(3)));
    }

    #[test]
    fn the_environment_is_as_asked_for() {
        let environment = vec![("PATH".into(), Some("/usr/bin:/bin:/x".into())), ("HOME".into(), None)];
        let command = ShellCommand { command: "echo \"$PATH ${HOME-none}\"".into(), environment };
        let (socket, _attendant) = command.start("h", 1).unwrap();
        let mut text = String::new();
        (&socket).read_to_string(&mut text).unwrap();
        assert_eq!(text, "/usr/bin:/bin:/x none\n");
    }

    /// The pipe comes to its end when nobody holds the other end any more: the command is gone, all of it.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_pipeline_that_stays_is_ended() {
        use std::os::fd::AsRawFd;

        if File::open("/dev/tty").is_ok() {
            return; // Only its shell would be told.
        }
        for served in [false, true] {
            let (mut reader, writer) = io::pipe().unwrap();
            let told = format!("exec 2>/proc/{}/fd/{}; ", std::process::id(), writer.as_raw_fd());
            let command = told + "sleep 1000 | sleep 1000 & echo; exec sleep 1000";
            let (socket, mut attendant) = shell(&command).start("h", 1).unwrap();
            (&socket).read_exact(&mut [0]).unwrap();
            drop(writer);
            if served {
                attendant.has_served();
            }
            let start = Instant::now();
            drop((socket, attendant));
            assert_eq!(start.elapsed() >= GRACE, served, "{:?}", start.elapsed());
            assert_eq!(reader.read(&mut [0]).unwrap(), 0);
        }
    }
}
