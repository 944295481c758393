//! The programs compared.

use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a program may take to listen.
const PATIENCE: Duration = Duration::from_secs(5);

/// Which program.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Name {
    Wspipe,
    Websocat1,
}

impl Name {
    pub(crate) const ALL: [Self; 2] = [Self::Wspipe, Self::Websocat1];

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Wspipe => "wspipe",
            Self::Websocat1 => "websocat 1",
        }
    }

    fn find(self) -> Option<PathBuf> {
        let named = |variable: &str| env::var_os(variable).map(PathBuf::from);
        match self {
            Self::Wspipe => Some(named("WSPIPE").unwrap_or_else(|| env!("CARGO_BIN_EXE_wspipe").into())),
            Self::Websocat1 => named("WEBSOCAT1").or_else(|| {
                let folders = env::var_os("PATH")?;
                env::split_paths(&folders).map(|folder| folder.join("websocat")).find(|file| file.is_file())
            }),
        }
    }
}

/// A program that passes on what a client sends to all others. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// Starts it; none if it is not here.
    pub(crate) fn start(name: Name) -> io::Result<Option<Self>> {
        let Some(path) = name.find() else { return Ok(None) };
        let mut command = Command::new(path);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let server = match name {
            Name::Wspipe => {
                let mut child = command.args(["listen", "0", "--broadcast"]).stderr(Stdio::piped()).spawn()?;
                let mut line = String::new();
                BufReader::new(child.stderr.take().ok_or(io::ErrorKind::BrokenPipe)?).read_line(&mut line)?;
                let port = line.rsplit(':').next().and_then(|rest| rest.trim_end().trim_end_matches('/').parse().ok());
                Server { child, port: port.ok_or_else(|| io::Error::other(line))? }
            }
            Name::Websocat1 => {
                // It can't pick a port by itself; this one is free now.
                let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
                let address = format!("ws-l:127.0.0.1:{port}");
                let child = command.args(["-t", &address, "broadcast:mirror:"]).stderr(Stdio::null()).spawn()?;
                Server { child, port }
            }
        };
        let end = Instant::now() + PATIENCE;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).is_err() {
            if Instant::now() > end {
                return Err(io::Error::other("it never listened"));
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(Some(server))
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Its resident memory and page tables, in bytes.
    pub(crate) fn memory(&self) -> io::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let size = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok()
        };
        let sizes = size("VmRSS:").zip(size("VmPTE:")).ok_or_else(|| io::Error::other("Linux tells no sizes"))?;
        Ok((sizes.0 + sizes.1) * 1024.0)
    }

    /// The processor time it has taken.
    pub(crate) fn processor_time(&self) -> io::Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        let ticks = fields.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok());
        // USER_HZ, which is 100 wherever Linux runs.
        Ok(Duration::from_millis(10 * ticks.sum::<u64>()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
