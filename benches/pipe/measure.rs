//! One run of one tool in one scenario: set up, run, checked, and turned into a sample.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::data::{Data, Digest, Kind, Stream};
use crate::peers::{Act, Check, Peer, Tally, Wire, free_port, visit};
use crate::process::{Cost, PATIENCE, Running, drain};
use crate::scenarios::{Flow, Metric, Scenario};
use crate::tools::{Task, Tool};

/// Bytes a write into stdin: what a pipe holds.
const FEED: usize = 64 * 1024;

/// Trips of a round-trip run, and those before that are not counted.
const TRIPS: usize = 5000;
const WARM_TRIPS: usize = 200;

/// Starts of a start run: seven rounds make some 200.
const STARTS: usize = 30;

const MIB: f64 = 1_048_576.0;

/// What a run told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// In the unit of the scenario's metric.
    pub(crate) figure: f64,
    /// The 99th percentile where there is one.
    pub(crate) tail: Option<f64>,
    /// In the metric's unit of CPU time.
    pub(crate) cpu: f64,
    /// MiB.
    pub(crate) peak: Option<f64>,
}

/// Why there is no figure.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Not everything arrived, or not as it was sent.
    Loss(String),
    /// It did not end.
    Stuck,
    /// It ended with an error.
    Status(ExitStatus),
    /// The benchmark itself failed.
    Bench(io::Error),
    /// The tool has no such mode.
    Unable,
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Bench(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loss(what) => write!(f, "LOSS: {what}"),
            Self::Stuck => write!(f, "STUCK: killed after {PATIENCE:?}"),
            Self::Status(status) => write!(f, "FAILED: {status}"),
            Self::Bench(error) => write!(f, "ERROR: {error}"),
            Self::Unable => f.write_str("–"),
        }
    }
}

/// What a run moved, and at what cost.
#[derive(Debug)]
struct Traffic {
    cost: Cost,
    /// What arrived at the sink.
    tally: Tally,
    /// What came out of stdout, if that is where it should.
    out: Option<(u64, Digest)>,
}

/// A run to be made.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) tool: &'a Tool,
    pub(crate) data: &'a Data,
    /// The volume, in blocks of the data.
    pub(crate) blocks: u64,
    /// Compare the content as well as the volume; such a run's time is worth nothing.
    pub(crate) check: bool,
    /// Let the program write to stderr.
    pub(crate) stderr: bool,
}

impl Run<'_> {
    /// Runs it. The duration is that of the process, for estimates.
    pub(crate) fn sample(&self) -> Result<(Sample, Duration), Failure> {
        match self.scenario.flow {
            Flow::RoundTrip => self.round_trip(),
            Flow::Start => self.start(),
            _ => self.transfer(),
        }
    }

    fn transfer(&self) -> Result<(Sample, Duration), Failure> {
        let plain = self.data.plain(self.blocks);
        let Traffic { cost, tally, out } = match self.scenario.flow {
            Flow::Listen => self.listen(&plain)?,
            _ => self.connect(&plain)?,
        };
        self.compare(&plain, tally, out)?;
        let volume = plain.len() as f64;
        let messages = self.data.messages(self.blocks) as f64;
        let (seconds, cpu) = (cost.wall.as_secs_f64(), cost.cpu.as_secs_f64());
        let peak = cost.peak.map(|bytes| bytes as f64 / MIB);
        let (figure, cpu) = match self.scenario.metric {
            Metric::Messages => (messages / seconds / 1e3, cpu / messages * 1e6),
            Metric::Memory => (peak.unwrap_or(f64::NAN), cpu / volume * MIB * 1024.0),
            _ => (volume / MIB / seconds, cpu / volume * MIB * 1024.0),
        };
        Ok((Sample { figure, tail: None, cpu, peak }, cost.wall))
    }

    /// The program connects to a peer of ours.
    fn connect(&self, plain: &Stream) -> Result<Traffic, Failure> {
        let wire = self.tool.name.wire();
        let long = self.scenario.kind == Kind::Long;
        let (act, task) = match self.scenario.flow {
            Flow::Down => {
                let frames = match wire {
                    Wire::WebSocket => self.data.frames(self.blocks, false),
                    Wire::Tcp => plain.clone(),
                };
                (Act::Source(frames), if long { Task::LongDown } else { Task::Down })
            }
            Flow::Echo => (Act::Echo, Task::Echo),
            _ => (Act::Sink, if long { Task::LongUp } else { Task::Up }),
        };
        let check = match (self.check, self.drops_line_feeds()) {
            (false, _) => Check::No,
            (true, false) => Check::Payload,
            (true, true) => Check::Lines,
        };
        let peer = Peer::listen(act, wire, check)?;
        let mut command = self.command(task, peer.port)?;
        command.stdin(self.input(plain)?);
        command.stdout(if task_prints(task) { Stdio::piped() } else { Stdio::null() });
        let mut running = Running::start(&mut command)?;
        let stdin = running.stdin();
        let stdout = running.stdout();
        let out = thread::scope(|scope| {
            if let Some(mut stdin) = stdin {
                // A program that ends early breaks the pipe; what is missing shows at the far end.
                scope.spawn(move || plain.write_to(&mut stdin, FEED).ok());
            }
            stdout.map(|stdout| drain(stdout, self.check)).transpose()
        })?;
        let cost = running.finish()?;
        sound(&cost)?;
        let tally = arrived(peer)?;
        Ok(Traffic { cost, tally, out })
    }

    /// The program listens and a client of ours connects.
    fn listen(&self, plain: &Stream) -> Result<Traffic, Failure> {
        let wire = self.tool.name.wire();
        let frames = match wire {
            Wire::WebSocket => self.data.frames(self.blocks, true),
            Wire::Tcp => plain.clone(),
        };
        let port = free_port()?;
        let mut command = self.command(Task::Listen, port)?;
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut running = Running::start(&mut command)?;
        let stdout = running.stdout();
        let out = thread::scope(|scope| {
            let visitor = scope.spawn(move || visit(port, wire, &frames));
            let out = stdout.map(|stdout| drain(stdout, self.check)).transpose();
            // What the visitor could not send is missing in the output.
            let _ = visitor.join();
            out
        })?;
        let (cost, tally) = (running.finish()?, Tally::default());
        sound(&cost)?;
        Ok(Traffic { cost, tally, out })
    }

    fn command(&self, task: Task, port: u16) -> Result<Command, Failure> {
        let text = self.scenario.kind.is_text();
        let mut command = self.tool.command(task, text, port).ok_or(Failure::Unable)?;
        if !self.stderr {
            command.stderr(Stdio::null());
        }
        Ok(command)
    }

    fn input(&self, plain: &Stream) -> io::Result<Stdio> {
        Ok(match self.scenario.flow {
            Flow::Up { file: true } => {
                let mut file = memory_file()?;
                plain.write_to(&mut file, FEED)?;
                file.rewind()?;
                file.into()
            }
            Flow::Down => Stdio::null(),
            _ => Stdio::piped(),
        })
    }

    /// Whether what the sink gets lacks the line feeds of stdin.
    fn drops_line_feeds(&self) -> bool {
        self.scenario.kind.is_text() && !self.tool.name.keeps_line_feeds()
    }

    fn compare(&self, plain: &Stream, tally: Tally, out: Option<(u64, Digest)>) -> Result<(), Failure> {
        let messages = self.data.messages(self.blocks);
        let (expected, got, digest) = match out {
            Some((bytes, digest)) => (plain.len(), bytes, digest),
            None if self.scenario.kind.is_text() => {
                if tally.messages != messages {
                    let got = tally.messages;
                    return Err(Failure::Loss(format!("{got} of {messages} messages")));
                }
                let line_feeds = if self.drops_line_feeds() { messages } else { 0 };
                (plain.len() - line_feeds, tally.bytes, tally.digest)
            }
            None => (plain.len(), tally.bytes, tally.digest),
        };
        if got != expected {
            return Err(Failure::Loss(format!("{got} of {expected} bytes")));
        }
        if self.check && digest.0 != plain.digest() {
            return Err(Failure::Loss("other bytes than were sent".to_owned()));
        }
        Ok(())
    }

    /// One line at a time, through a program that stays.
    fn round_trip(&self) -> Result<(Sample, Duration), Failure> {
        let peer = Peer::listen(Act::Echo, self.tool.name.wire(), Check::No)?;
        let mut command = self.command(Task::Talk, peer.port)?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut running = Running::start(&mut command)?;
        let (Some(mut stdin), Some(stdout)) = (running.stdin(), running.stdout()) else {
            return Err(io::Error::other("no pipes").into());
        };
        let mut stdout = BufReader::new(stdout);
        let mut micros = Vec::with_capacity(TRIPS);
        let mut back = Vec::new();
        for trip in 0..WARM_TRIPS + TRIPS {
            let line = format!("{trip:06} what is on its way comes back\n");
            let begin = Instant::now();
            back.clear();
            // A broken pipe shows as an answer that does not come.
            let _ = stdin.write_all(line.as_bytes());
            stdout.read_until(b'\n', &mut back)?;
            if trip >= WARM_TRIPS {
                micros.push(begin.elapsed().as_secs_f64() * 1e6);
            }
            if back != line.as_bytes() {
                break;
            }
        }
        drop((stdin, stdout));
        let cost = running.finish()?;
        sound(&cost)?;
        arrived(peer)?;
        if back.is_empty() || micros.len() < TRIPS {
            return Err(Failure::Loss(format!("{} of {TRIPS} lines", micros.len())));
        }
        micros.sort_by(f64::total_cmp);
        let cpu = cost.cpu.as_secs_f64() * 1e6 / (WARM_TRIPS + TRIPS) as f64;
        let peak = cost.peak.map(|bytes| bytes as f64 / MIB);
        let (figure, tail) = (micros[TRIPS / 2], Some(micros[TRIPS * 99 / 100]));
        Ok((Sample { figure, tail, cpu, peak }, cost.wall))
    }

    /// `echo hello | program`, again and again; the median of each figure.
    fn start(&self) -> Result<(Sample, Duration), Failure> {
        let (mut walls, mut cpus) = (Vec::new(), Vec::new());
        for _ in 0..STARTS {
            let peer = Peer::listen(Act::Echo, self.tool.name.wire(), Check::No)?;
            let mut command = self.command(Task::Talk, peer.port)?;
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut running = Running::start(&mut command)?;
            if let Some(mut stdin) = running.stdin() {
                // A program that is gone already will be found out by its output.
                let _ = stdin.write_all(b"hello\n");
            }
            let mut out = Vec::new();
            if let Some(mut stdout) = running.stdout() {
                io::Read::read_to_end(&mut stdout, &mut out)?;
            }
            let cost = running.finish()?;
            sound(&cost)?;
            arrived(peer)?;
            if out != b"hello\n" {
                return Err(Failure::Loss(format!("{} of 6 bytes", out.len())));
            }
            walls.push(cost.wall.as_secs_f64() * 1e3);
            cpus.push(cost.cpu.as_secs_f64() * 1e3);
        }
        walls.sort_by(f64::total_cmp);
        cpus.sort_by(f64::total_cmp);
        let (figure, cpu) = (walls[STARTS / 2], cpus[STARTS / 2]);
        Ok((
            Sample {
                figure,
                tail: None,
                cpu,
                // Over before its memory could be looked at.
                peak: None,
            },
            Duration::ZERO,
        ))
    }
}

fn task_prints(task: Task) -> bool {
    !matches!(task, Task::Up | Task::LongUp)
}

fn sound(cost: &Cost) -> Result<(), Failure> {
    if cost.stuck {
        return Err(Failure::Stuck);
    }
    if !cost.status.success() {
        return Err(Failure::Status(cost.status));
    }
    Ok(())
}

/// What the peer saw of the program.
fn arrived(peer: Peer) -> Result<Tally, Failure> {
    peer.finish().map_err(|error| Failure::Loss(error.to_string()))
}

/// A file that never touches a disk, where the system has a place for that.
fn memory_file() -> io::Result<File> {
    tempfile::tempfile_in("/dev/shm").or_else(|_| tempfile::tempfile())
}
