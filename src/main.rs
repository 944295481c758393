//! `wspipe`: maps the outcome of a run to an exit status.

mod cli;
mod early;

use std::process::ExitCode;

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
    use std::io::Write;

    let mut builder = env_logger::Builder::new();
    builder.filter_level(level);
    if level != log::LevelFilter::Off {
        builder.parse_default_env();
    }
    builder
        .format(|out, record| match record.level() {
            log::Level::Error | log::Level::Warn | log::Level::Info => {
                writeln!(out, "wspipe: {}", record.args())
            }
            level => writeln!(out, "wspipe: {}: {}", level.as_str().to_ascii_lowercase(), record.args()),
        })
        .init();
}
