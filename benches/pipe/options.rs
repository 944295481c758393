//! What the benchmark can be asked for.

use clap::Parser;

/// Compares wspipe, side by side, with other tools and with a hand-written loop.
///
/// The programs are found by the environment (`WSPIPE`, `WEBSOCAT1`, `WEBSOCAT4`) or on the search
/// path; one that is missing leaves its cells blank.
#[derive(Debug, Parser)]
#[command(name = "cargo bench --bench pipe --")]
pub(crate) struct Options {
    /// Timed rounds of each scenario; each tool once a round, in turn
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,

    /// Only scenarios whose name contains this; repeatable
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,

    /// Only tools whose name contains this; repeatable
    #[arg(long, value_name = "NAME")]
    tool: Vec<String>,

    /// Data of a bulk run in MiB; the line scenarios take an eighth, slow tools less
    #[arg(long, value_name = "MiB", default_value_t = 1024, value_parser = clap::value_parser!(u64).range(4..))]
    pub(crate) size: u64,

    /// Print JSON
    #[arg(long, conflicts_with = "markdown")]
    pub(crate) json: bool,

    /// Print Markdown tables
    #[arg(long)]
    pub(crate) markdown: bool,

    /// List the scenarios
    #[arg(long)]
    pub(crate) list: bool,

    /// Let the programs write to stderr
    #[arg(long)]
    pub(crate) stderr: bool,

    /// Bytes a read of the yardstick, in KiB
    #[arg(long, value_name = "KiB", default_value_t = 64)]
    pub(crate) read: usize,

    /// Size the yardstick gives its pipes, in KiB; 0 takes them as they come
    #[arg(long, value_name = "KiB", default_value_t = 0)]
    pub(crate) pipe: usize,

    /// Given by cargo bench
    #[arg(long, hide = true)]
    bench: bool,
}

impl Options {
    pub(crate) fn wants(&self, scenario: &str) -> bool {
        wanted(&self.only, scenario)
    }

    pub(crate) fn wants_tool(&self, tool: &str) -> bool {
        wanted(&self.tool, tool)
    }
}

fn wanted(list: &[String], name: &str) -> bool {
    list.is_empty() || list.iter().any(|part| name.contains(part.as_str()))
}
