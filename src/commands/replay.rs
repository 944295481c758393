//! `replay`: a recorded session, or one written by hand, once more.

mod diff;
mod outcome;

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::client::announce;
use super::coding::{Coding, Terms};
use super::pipe::{output_pipe, standard_output};
use super::record::{recorded, tapped};
use super::stats::AtEnd;
use super::{ClientConfig, RECEIVE_BUFFER, Stats};
use crate::bridge::{Keeper, OnEof, RecordSink, Replay, Rules, Session, Signals, Speed};
use crate::handshake::printable;
use crate::net::Wake;
use crate::outcome::{Failure, SHOWN_PATH};
use crate::protocol::{Close, Level, Role};
use crate::recorder::Recorder;
use crate::records::script::{Script, ScriptReader};
use crate::records::{DEFAULT_MAX_HELD, Format, Joiner, JsonEvents, OutputFormat};

/// How long a signal leaves a session to end, at most.
const GRACE: Duration = Duration::from_secs(1);

/// What `replay` was asked for.
#[derive(Debug, Clone)]
pub struct ReplayConfig {
    /// The transcript; `-` is standard input.
    pub file: PathBuf,
    /// The way to the server.
    pub client: ClientConfig,
    /// How hard to compress, where that is agreed on.
    pub level: Level,
    /// How fast.
    pub speed: Speed,
    /// Whether what comes is compared with what came when it was recorded.
    pub check: bool,
    /// How much later than recorded an awaited line may come.
    pub answer_timeout: Duration,
    /// How long nothing has come when the session is closed after the last line.
    pub wait: Duration,
    /// How long the peer may take to answer our Close.
    pub close_timeout: Duration,
    /// The bound of the whole run.
    pub timeout: Option<Duration>,
    /// How messages are laid out on standard output.
    pub output: OutputFormat,
    /// The longest message that is accepted, in bytes.
    pub max_message: Option<u64>,
    /// The file to record the session in.
    pub record: Option<PathBuf>,
    /// Where what is carried is added up, if it is to be told.
    pub stats: Option<Arc<Stats>>,
}

/// Connects, plays the script, and says how that came out.
///
/// # Errors
/// Whatever keeps the run from being done with a clean close, a line that can't be carried out, and anything that was
/// awaited and did not come; see [`Failure`].
pub fn replay(config: &ReplayConfig) -> Result<(), Failure> {
    let start = Instant::now();
    let _stats = AtEnd(config.stats.clone());
    // First: nobody is asked for anything if there is nothing to be played, and it may be that the recording takes its place.
    let script = Arc::new(read(&config.file)?);
    if config.check && !script.awaits_anything() {
        return Err(Failure::NothingToCompare { path: config.name() });
    }
    recorded(config.record.as_deref(), |recorder| play(config, script, recorder, start))
}

fn play(
    config: &ReplayConfig,
    script: Arc<Script>,
    recorder: Option<&Arc<Recorder>>,
    start: Instant,
) -> Result<(), Failure> {
    let opened = config.client.clone().start(config.deadline(start))?.open()?;
    announce(&opened);
    let terms = Terms {
        buffer: RECEIVE_BUFFER,
        grows: false,
        max_message: config.max_message.or_else(|| config.holds().then_some(DEFAULT_MAX_HELD)),
        compression: opened.compression,
        level: config.level,
    };
    let coding = Coding::client(terms, &opened.early).map_err(Failure::io("cannot make masking keys"))?;
    let opened = tapped(opened, recorder, None);
    let opening = opened.opening();
    let Coding { decoder, encoder, worth } = coding;
    let session =
        Session { connection: opened.connection, decoder, encoder, awaited: None, rules: config.rules(start) };

    let signals = Signals::catch().map_err(Failure::io("cannot catch signals"))?;
    let stdout = io::stdout();
    let keeper = Keeper::new(Some(&signals), output_pipe(&stdout)).map_err(Failure::io("cannot keep the time"))?;
    let joiner = Joiner::new(config.output, config.max_message, JsonEvents::default());
    let mut sink = RecordSink::new(joiner, standard_output().map_err(Failure::io("cannot use standard output"))?);
    sink.open(&opening);
    let bell = Arc::new(Wake::new().map_err(Failure::io("cannot play the transcript"))?);
    let (source, sink, play) = config.replay(script).ends(sink, Arc::clone(&bell));
    let ending = session.run(source, sink, bell, &keeper).map_err(Failure::io("cannot run the session"))?;
    if let Some(stats) = &config.stats {
        stats.add(&ending.traffic, &worth);
    }
    worth.tell("");
    log::info!("{ending}");
    outcome::verdict(&ending, &play.report(), config)
}

impl ReplayConfig {
    /// The file, as messages name it.
    fn name(&self) -> String {
        name(&self.file)
    }

    fn deadline(&self, start: Instant) -> Option<Instant> {
        self.timeout.and_then(|timeout| start.checked_add(timeout))
    }

    /// Whether whole messages are held.
    fn holds(&self) -> bool {
        self.check || self.output == Format::Json.into()
    }

    fn replay(&self, script: Arc<Script>) -> Replay {
        Replay {
            script,
            speed: self.speed,
            check: self.check,
            patience: self.answer_timeout,
            close: Close::new(1000, ""),
            max_message: self.max_message.unwrap_or(DEFAULT_MAX_HELD),
        }
    }

    fn rules(&self, start: Instant) -> Rules {
        Rules {
            role: Role::Client,
            on_eof: OnEof::Linger(self.wait),
            close: Close::new(1000, ""),
            close_timeout: self.close_timeout,
            idle_timeout: None,
            grace: self.close_timeout.min(GRACE),
            deadline: self.deadline(start),
            half_close: false,
            awaiting: false,
            heartbeat: None,
        }
    }
}

/// Reads the whole script.
fn read(path: &Path) -> Result<Script, Failure> {
    let cannot_read = |error| Failure::File { path: name(path), error };
    if path == Path::new("-") {
        return read_lines(io::stdin().lock(), path);
    }
    read_lines(BufReader::new(File::open(path).map_err(cannot_read)?), path)
}

fn read_lines(mut input: impl BufRead, path: &Path) -> Result<Script, Failure> {
    let cannot_read = |error| Failure::File { path: name(path), error };
    let wrong = |error| Failure::Script { path: name(path), error };
    let (mut reader, mut line) = (ScriptReader::default(), Vec::new());
    while input.read_until(b'\n', &mut line).map_err(cannot_read)? > 0 {
        reader.line(line.strip_suffix(b"\n").unwrap_or(&line)).map_err(wrong)?;
        line.clear();
    }
    reader.finish().map_err(wrong)
}

fn name(path: &Path) -> String {
    if path == Path::new("-") {
        return "standard input".to_owned();
    }
    printable(path.as_os_str().as_encoded_bytes(), SHOWN_PATH)
}
