//! Medians and spreads, as text, Markdown or JSON.

use std::fs;

use serde_json::{Value, json};

use crate::measure::{Failure, Sample};
use crate::options::Options;
use crate::scenarios::{Metric, Scenario};
use crate::tools::{Name, Tool};

/// What a tool did in a scenario.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(crate) name: Name,
    pub(crate) outcome: Result<Vec<Sample>, Failure>,
}

/// What all tools did in a scenario.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) cells: Vec<Cell>,
}

/// The report; as text it appears while it grows.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    options: &'a Options,
    tools: &'a [Tool],
    rows: Vec<Row<'a>>,
}

/// A cell's figures over all rounds.
#[derive(Clone, Copy, Debug)]
struct Summary {
    median: f64,
    min: f64,
    max: f64,
    tail: Option<f64>,
    cpu: f64,
    peak: Option<f64>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(options: &'a Options, tools: &'a [Tool]) -> Self {
        Self { options, tools, rows: Vec::new() }
    }

    pub(crate) fn begin(&self) {
        if !self.is_text() {
            return;
        }
        println!("{}", machine());
        for version in self.tools.iter().filter_map(Tool::version) {
            println!("{version}");
        }
        println!(
            "{} rounds, tools in turn; median (least–greatest). “speed” is against the yardstick, \
             more is better.",
            self.options.rounds
        );
    }

    pub(crate) fn add(&mut self, row: Row<'a>) {
        if self.is_text() {
            print_text(&row);
        } else {
            eprintln!("{}", row.scenario.name);
        }
        self.rows.push(row);
    }

    pub(crate) fn end(&self) {
        if self.options.json {
            let scenarios: Vec<Value> = self.rows.iter().map(as_json).collect();
            let versions: Vec<String> = self.tools.iter().filter_map(Tool::version).collect();
            let rounds = self.options.rounds;
            println!(
                "{:#}",
                json!({"machine": machine(), "versions": versions, "rounds": rounds, "scenarios": scenarios})
            );
        } else if self.options.markdown {
            println!("{}, {} rounds.\n", machine(), self.options.rounds);
            self.print_markdown(|row, summary| {
                let speed = speed(row, summary).map_or(String::new(), |s| format!(" ({}×)", short(s)));
                let tail = summary.tail.map_or(String::new(), |t| format!(", 99 % {}", short(t)));
                format!("{}{tail}{speed}", short(summary.median))
            });
            println!("\nCPU time (user and system) and peak memory:\n");
            self.print_markdown(|row, summary| {
                let unit = row.scenario.metric.cpu_unit();
                let peak = summary.peak.map_or(String::new(), |p| format!(", {p:.1} MiB"));
                format!("{} {}{peak}", short(summary.cpu), unit.trim_start_matches("CPU "))
            });
        }
    }

    fn is_text(&self) -> bool {
        !self.options.json && !self.options.markdown
    }

    fn print_markdown(&self, cell: impl Fn(&Row<'_>, &Summary) -> String) {
        let names = Name::ALL.map(Name::label).join(" | ");
        println!("| | {names} |\n| --- |{}", " ---: |".repeat(Name::ALL.len()));
        for row in &self.rows {
            let cells = Name::ALL.map(|name| match row.outcome(name) {
                Some(Ok(samples)) => cell(row, &Summary::of(samples)),
                Some(Err(Failure::Unable)) | None => String::new(),
                Some(Err(failure)) => failure.to_string(),
            });
            let scenario = row.scenario;
            println!("| {}, {} | {} |", scenario.name, scenario.metric.unit(), cells.join(" | "));
        }
    }
}

impl Row<'_> {
    fn outcome(&self, name: Name) -> Option<&Result<Vec<Sample>, Failure>> {
        self.cells.iter().find(|cell| cell.name == name).map(|cell| &cell.outcome)
    }
}

impl Summary {
    fn of(samples: &[Sample]) -> Self {
        let of = |pick: fn(&Sample) -> Option<f64>| {
            let mut values: Vec<f64> = samples.iter().filter_map(pick).collect();
            values.sort_by(f64::total_cmp);
            values
        };
        let figures = of(|sample| Some(sample.figure));
        Self {
            median: median(&figures).unwrap_or(f64::NAN),
            min: figures.first().copied().unwrap_or(f64::NAN),
            max: figures.last().copied().unwrap_or(f64::NAN),
            tail: median(&of(|sample| sample.tail)),
            cpu: median(&of(|sample| Some(sample.cpu))).unwrap_or(f64::NAN),
            peak: of(|sample| sample.peak).last().copied(),
        }
    }
}

fn median(sorted: &[f64]) -> Option<f64> {
    let upper = sorted.get(sorted.len() / 2)?;
    let lower = sorted.get((sorted.len() - 1) / 2)?;
    Some(f64::midpoint(*upper, *lower))
}

/// How many times as fast as the yardstick.
fn speed(row: &Row<'_>, summary: &Summary) -> Option<f64> {
    let Some(Ok(samples)) = row.outcome(Name::Yardstick) else {
        return None;
    };
    let yardstick = Summary::of(samples).median;
    if row.scenario.metric == Metric::Memory {
        return None;
    }
    Some(if row.scenario.metric.is_rate() { summary.median / yardstick } else { yardstick / summary.median })
}

fn print_text(row: &Row<'_>) {
    let metric = row.scenario.metric;
    println!("\n{}: {}", row.scenario.name, row.scenario.about);
    println!(
        "  {:12} {:>9}  {:>19} {:>8} {:>7} {:>12} {:>9}",
        "",
        metric.unit(),
        "",
        "99 %",
        "speed",
        metric.cpu_unit(),
        "peak MiB"
    );
    for name in Name::ALL {
        match row.outcome(name) {
            Some(Ok(samples)) => {
                let summary = Summary::of(samples);
                let spread = format!("({}–{})", short(summary.min), short(summary.max));
                let or_blank = |value: Option<f64>| value.map_or(String::new(), short);
                println!(
                    "  {:12} {:>9}  {:>19} {:>8} {:>7} {:>12} {:>9}",
                    name.label(),
                    short(summary.median),
                    spread,
                    or_blank(summary.tail),
                    or_blank(speed(row, &summary)),
                    short(summary.cpu),
                    or_blank(summary.peak),
                );
            }
            Some(Err(Failure::Unable)) | None => println!("  {:12} {:>9}", name.label(), "–"),
            Some(Err(failure)) => println!("  {:12} {failure}", name.label()),
        }
    }
}

fn as_json(row: &Row<'_>) -> Value {
    let tools: Vec<Value> = row
        .cells
        .iter()
        .map(|cell| match &cell.outcome {
            Ok(samples) => {
                let summary = Summary::of(samples);
                json!({
                    "tool": cell.name.label(),
                    "median": summary.median,
                    "min": summary.min,
                    "max": summary.max,
                    "p99": summary.tail,
                    "speed": speed(row, &summary),
                    "cpu": summary.cpu,
                    "peak_mib": summary.peak,
                })
            }
            Err(failure) => json!({"tool": cell.name.label(), "failure": failure.to_string()}),
        })
        .collect();
    let metric = row.scenario.metric;
    json!({
        "scenario": row.scenario.name,
        "unit": metric.unit(),
        "cpu_unit": metric.cpu_unit(),
        "tools": tools,
    })
}

/// Three figures that count, or all before the point.
fn short(value: f64) -> String {
    match value {
        v if v >= 100.0 => format!("{v:.0}"),
        v if v >= 10.0 => format!("{v:.1}"),
        v if v >= 1.0 => format!("{v:.2}"),
        v => format!("{v:.3}"),
    }
}

/// The processor, its cores and the kernel.
fn machine() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown processor", |rest| rest.trim_start_matches([' ', '\t', ':']));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let (system, release) = (std::env::consts::OS, kernel.trim());
    format!("{model}, {cores} cores, {system} {release}")
}
