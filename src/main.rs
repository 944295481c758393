//! `wspipe`: maps the outcome of a run to an exit status.

mod cli;
mod early;

use std::io::{self, Write as _};
use std::process::ExitCode;

use wspipe::commands::above_meter;
use wspipe::outcome::{ExitStatus, Failure};

fn main() -> ExitCode {
    early::end();
    let cli = cli::Cli::from_args();
    start_log(cli.verbosity());
    let status = match cli.run() {
        Ok(()) => ExitStatus::Done,
        Err(Failure::Signal(signal)) => {
            // A shell sees that the run died of the signal; if that can't be, it sees 1.
            let _ = signal_hook::low_level::emulate_default_handler(signal);
            ExitStatus::Failed
        }
        Err(Failure::Told(status)) => status,
        Err(failure) => {
            log::error!("{failure}");
            failure.status()
        }
    };
    ExitCode::from(status as u8)
}

/// Standard error: the program's own messages at the level asked for, and more in detail where `RUST_LOG` says so.
fn start_log(level: log::LevelFilter) {
    let mut builder = env_logger::Builder::new();
    builder.filter_level(level);
    if level != log::LevelFilter::Off {
        builder.parse_default_env();
    }
    builder
        .target(env_logger::Target::Pipe(Box::new(Stderr)))
        .format(|out, record| match record.level() {
            log::Level::Error | log::Level::Warn | log::Level::Info => {
                writeln!(out, "wspipe: {}", record.args())
            }
            level => writeln!(out, "wspipe: {}: {}", level.as_str().to_ascii_lowercase(), record.args()),
        })
        .init();
}

/// Standard error, where a meter may be below what is written.
struct Stderr;

impl io::Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        above_meter(|| io::stderr().write_all(bytes)).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
