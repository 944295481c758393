//! The end-to-end benchmark: wspipe beside other tools and beside a hand-written loop.
//!
//! `cargo bench --bench pipe` runs everything; `cargo bench --bench pipe -- --help` says what else
//! it can do. Programs take turns within each round, so that a noisy moment hits all of them, and
//! each is a process of its own with real pipes and a real loopback connection. A first round,
//! which is not timed, compares every byte; the others compare volumes. A program that loses
//! something gets no figure.
//!
//! ```text
//!   feeder thread ─► stdin ─► program under test ─► 127.0.0.1 ─► sink, source or echo thread
//!   drain thread ◄─ stdout ◄─┘                  ◄─┘
//! ```

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "figures for people to read, and never negative"
)]

mod data;
mod frames;
mod handshake;
mod measure;
mod options;
mod peers;
mod process;
mod report;
mod scenarios;
mod tools;
mod yardstick;

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use crate::data::Data;
use crate::measure::{Failure, Run, Sample};
use crate::options::Options;
use crate::report::{Cell, Report, Row};
use crate::scenarios::{Metric, Scenario};
use crate::tools::Tool;

/// The checked round moves this part of the volume.
const CHECKED_PART: u64 = 64;

/// Messages cost more than bytes: the line scenarios move this part of the volume.
const LINES_PART: u64 = 8;

/// A slow tool gets less to do, so that one run takes no longer than about this.
const RUN_TIME: Duration = Duration::from_secs(2);

/// The size of the long message.
const LONG: u64 = 300_000_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == yardstick::ARGUMENT) {
        return match yardstick::run(&arguments[1..]) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("yardstick: {error}");
                ExitCode::FAILURE
            }
        };
    }
    if !arguments.iter().any(|each| each == "--bench") || cfg!(debug_assertions) {
        // `cargo test --all-targets` comes by here, with arguments of its own.
        println!("nothing measured: run it as `cargo bench --bench pipe`");
        return ExitCode::SUCCESS;
    }
    let options = Options::parse();
    if options.list {
        for each in scenarios::ALL {
            println!("{:26} {}", each.name, each.about);
        }
        return ExitCode::SUCCESS;
    }
    compare(&options);
    ExitCode::SUCCESS
}

fn compare(options: &Options) {
    let tools = Tool::all(options);
    let mut report = Report::new(options, &tools);
    report.begin();
    for scenario in scenarios::ALL.iter().filter(|each| options.wants(each.name)) {
        report.add(Row { scenario, cells: measure_all(scenario, &tools, options) });
    }
    report.end();
}

/// A tool in a scenario, so far.
struct Contender<'a> {
    tool: &'a Tool,
    blocks: u64,
    outcome: Result<Vec<Sample>, Failure>,
}

fn measure_all(scenario: &Scenario, tools: &[Tool], options: &Options) -> Vec<Cell> {
    let data = Data::new(scenario.kind);
    let mut contenders: Vec<Contender<'_>> = tools.iter().map(|tool| check(scenario, tool, &data, options)).collect();
    for _ in 0..options.rounds {
        for contender in &mut contenders {
            let Ok(samples) = &mut contender.outcome else {
                continue;
            };
            let (tool, blocks) = (contender.tool, contender.blocks);
            let stderr = options.stderr;
            let run = Run { scenario, tool, data: &data, blocks, check: false, stderr };
            match run.sample() {
                Ok((sample, _)) => samples.push(sample),
                Err(failure) => contender.outcome = Err(failure),
            }
        }
    }
    contenders.into_iter().map(|contender| Cell { name: contender.tool.name, outcome: contender.outcome }).collect()
}

/// The checked round. It also tells how much a tool can do in a reasonable time.
fn check<'a>(scenario: &Scenario, tool: &'a Tool, data: &Data, options: &Options) -> Contender<'a> {
    let full = data.blocks(match scenario.metric {
        Metric::Memory => LONG,
        Metric::Messages => (options.size << 20) / LINES_PART,
        _ => options.size << 20,
    });
    let part = if scenario.metric == Metric::Memory { full } else { full.div_ceil(CHECKED_PART) };
    let run = Run { scenario, tool, data, blocks: part, check: true, stderr: options.stderr };
    match run.sample() {
        Ok((_, time)) => {
            let able = part as f64 * RUN_TIME.as_secs_f64() / time.as_secs_f64();
            let blocks = if part == full { full } else { full.min(able as u64).max(1) };
            Contender { tool, blocks, outcome: Ok(Vec::new()) }
        }
        Err(failure) => Contender { tool, blocks: 0, outcome: Err(failure) },
    }
}
