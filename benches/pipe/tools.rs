//! The programs compared, and how each is told to do the same thing.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::options::Options;
use crate::peers::Wire;
use crate::yardstick;

/// What a program has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// stdin to the server.
    Up,
    /// From the server to stdout.
    Down,
    /// Both, and what comes out is what went in.
    Echo,
    /// Both, a line at a time.
    Talk,
    /// From a client to stdout.
    Listen,
    /// One message of any size up.
    LongUp,
    /// One message of any size down.
    LongDown,
}

/// Which program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    Yardstick,
    Wspipe,
    Websocat1,
    Websocat4,
    Netcat,
    Socat,
}

/// A program that is here.
#[derive(Clone, Debug)]
pub(crate) struct Tool {
    pub(crate) name: Name,
    path: PathBuf,
    read: usize,
    pipe: usize,
}

impl Name {
    pub(crate) const ALL: [Self; 6] =
        [Self::Yardstick, Self::Wspipe, Self::Websocat1, Self::Websocat4, Self::Netcat, Self::Socat];

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Yardstick => "yardstick",
            Self::Wspipe => "wspipe",
            Self::Websocat1 => "websocat 1",
            Self::Websocat4 => "websocat 4",
            Self::Netcat => "nc (TCP)",
            Self::Socat => "socat (TCP)",
        }
    }

    pub(crate) fn wire(self) -> Wire {
        match self {
            Self::Netcat | Self::Socat => Wire::Tcp,
            _ => Wire::WebSocket,
        }
    }

    /// Whether a message is its line with the line feed.
    pub(crate) fn keeps_line_feeds(self) -> bool {
        self == Self::Websocat1
    }

    /// Where it is: the environment says so, or the search path.
    fn find(self) -> Option<PathBuf> {
        let named = |variable: &str| env::var_os(variable).map(PathBuf::from);
        match self {
            Self::Yardstick => env::current_exe().ok(),
            Self::Wspipe => Some(named("WSPIPE").unwrap_or_else(|| env!("CARGO_BIN_EXE_wspipe").into())),
            Self::Websocat1 => named("WEBSOCAT1").or_else(|| websocat("websocat 1.")),
            Self::Websocat4 => named("WEBSOCAT4").or_else(|| websocat("websocat 4.")),
            Self::Netcat => search("nc"),
            Self::Socat => search("socat"),
        }
    }
}

impl Tool {
    /// All programs that can be found, in the order of the table.
    pub(crate) fn all(options: &Options) -> Vec<Self> {
        let wanted = Name::ALL.into_iter().filter(|name| options.wants_tool(name.label()));
        wanted
            .filter_map(|name| {
                let path = name.find().filter(|path| path.is_file())?;
                Some(Self { name, path, read: options.read * 1024, pipe: options.pipe * 1024 })
            })
            .collect()
    }

    /// The first line it prints about itself.
    pub(crate) fn version(&self) -> Option<String> {
        let output = match self.name {
            Name::Wspipe | Name::Websocat1 | Name::Websocat4 => {
                Command::new(&self.path).arg("--version").output().ok()?
            }
            _ => return None,
        };
        let text = String::from_utf8_lossy(&output.stdout);
        text.lines().next().map(str::to_owned)
    }

    /// The command for a task, or `None` if it can't do that. `text` asks for lines.
    pub(crate) fn command(&self, task: Task, text: bool, port: u16) -> Option<Command> {
        let arguments = match self.name {
            Name::Yardstick => Some(self.yardstick(task, text, port)),
            Name::Wspipe => Some(wspipe(task, text, port)),
            Name::Websocat1 => Some(websocat1(task, text, port)),
            Name::Websocat4 => Some(websocat4(task, text, port)),
            Name::Netcat => netcat(task, text, port),
            Name::Socat => socat(task, text, port),
        }?;
        let mut command = Command::new(&self.path);
        command.args(arguments.split_whitespace());
        Some(command)
    }

    fn yardstick(&self, task: Task, text: bool, port: u16) -> String {
        let role = if task == Task::Listen { "listen" } else { "connect" };
        let flow = match task {
            Task::Up | Task::LongUp => "up",
            Task::Down | Task::LongDown | Task::Listen => "down",
            Task::Echo | Task::Talk => "both",
        };
        let format = if text { "lines" } else { "raw" };
        let (argument, read, pipe) = (yardstick::ARGUMENT, self.read, self.pipe);
        format!("{argument} {role} {port} {flow} {format} {read} {pipe}")
    }
}

fn wspipe(task: Task, text: bool, port: u16) -> String {
    let kind = if text { "" } else { "-b" };
    match task {
        Task::Up | Task::LongUp | Task::Echo | Task::Talk => {
            format!("connect {kind} --wait 0 ws://127.0.0.1:{port}/")
        }
        Task::Down | Task::LongDown => {
            format!("connect {kind} --no-stdin ws://127.0.0.1:{port}/")
        }
        Task::Listen => format!("listen {kind} --once {port}"),
    }
}

/// Without `-B 65536`, and the limits for long messages, it cuts messages up or gives up. With
/// `--linemode-strip-newlines` it cuts lines in two where its reads end, so it keeps them.
fn websocat1(task: Task, text: bool, port: u16) -> String {
    let kind = if text { "-t" } else { "-b" };
    let url = format!("ws://127.0.0.1:{port}/");
    match task {
        Task::Up => format!("{kind} -u -B 65536 - {url}"),
        Task::LongUp => format!("{kind} -u -B 400000000 - {url}"),
        Task::Down => format!("{kind} -U -B 65536 - {url}"),
        Task::LongDown => format!(
            "{kind} -U -B 400000000 --max-ws-frame-length 1000000000 \
             --max-ws-message-length 1000000000 - {url}"
        ),
        Task::Echo | Task::Talk => format!("{kind} -B 65536 - {url}"),
        Task::Listen => format!("{kind} -u -B 65536 --oneshot ws-l:127.0.0.1:{port} -"),
    }
}

fn websocat4(task: Task, text: bool, port: u16) -> String {
    let kind = if text { "-t" } else { "-b" };
    let url = format!("ws://127.0.0.1:{port}/");
    match task {
        Task::Up => format!("{kind} -u -B 65536 - {url}"),
        Task::LongUp => format!("{kind} -u -B 400000000 - {url}"),
        Task::Down => format!("{kind} -U -B 65536 - {url}"),
        Task::LongDown => format!("{kind} -U -B 400000000 - {url}"),
        Task::Echo | Task::Talk => format!("{kind} -B 65536 - {url}"),
        Task::Listen => format!("{kind} -u -B 65536 --oneshot ws-l:127.0.0.1:{port} -"),
    }
}

/// `-N` shuts the connection down when the input ends, `-d` reads no input.
fn netcat(task: Task, text: bool, port: u16) -> Option<String> {
    match task {
        Task::Talk => Some(format!("-N 127.0.0.1 {port}")),
        _ if text => None,
        Task::Up | Task::Echo => Some(format!("-N 127.0.0.1 {port}")),
        Task::Down => Some(format!("-d 127.0.0.1 {port}")),
        _ => None,
    }
}

fn socat(task: Task, text: bool, port: u16) -> Option<String> {
    match task {
        Task::Talk => Some(format!("- TCP4:127.0.0.1:{port},nodelay")),
        _ if text => None,
        Task::Up => Some(format!("-u -b 65536 - TCP4:127.0.0.1:{port}")),
        Task::Echo => Some(format!("-t 10 -b 65536 - TCP4:127.0.0.1:{port}")),
        Task::Down => Some(format!("-U -b 65536 - TCP4:127.0.0.1:{port}")),
        _ => None,
    }
}

fn search(program: &str) -> Option<PathBuf> {
    let path: OsString = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// A websocat on the search path, if it is of that generation.
fn websocat(version: &str) -> Option<PathBuf> {
    let path = search("websocat")?;
    let output = Command::new(&path as &Path).arg("--version").output().ok()?;
    String::from_utf8_lossy(&output.stdout).starts_with(version).then_some(path)
}
