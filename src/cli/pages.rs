//! What is generated from the definitions of the options: the manual pages and the completions.

mod sections;

use std::io::{self, Write};

use clap::{Command, ValueEnum};
use clap_complete::Shell;
use clap_mangen::Man;
use wspipe::commands::print;
use wspipe::outcome::{ExitStatus, Failure};

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

impl CompletionsArgs {
    pub(super) fn run(&self, command: &mut Command) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, command, "wspipe", &mut script);
        print(&script)
    }
}

/// Print a manual page: wspipe man | man -l -
#[derive(Debug, clap::Args)]
pub(super) struct ManArgs {
    /// The page of one command; without it, the program's
    #[arg(value_name = "COMMAND")]
    page: Option<Page>,
}

/// The commands that have a page of their own; it may be asked for by its whole name, as man(1) wants it.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Page {
    #[value(alias = "wspipe-connect")]
    Connect,
    #[value(alias = "wspipe-listen")]
    Listen,
    #[value(alias = "wspipe-inspect")]
    Inspect,
    #[value(alias = "wspipe-ping")]
    Ping,
    #[value(alias = "wspipe-replay")]
    Replay,
    #[value(alias = "wspipe-forward")]
    Forward,
    #[value(alias = "wspipe-completions")]
    Completions,
    #[value(alias = "wspipe-man")]
    Man,
}

impl ManArgs {
    pub(super) fn run(&self, command: Command) -> Result<(), Failure> {
        let mut page = Vec::new();
        render(command, self.page, &mut page).map_err(Failure::io("cannot make the page"))?;
        print(&page)
    }
}

fn render(command: Command, page: Option<Page>, out: &mut Vec<u8>) -> io::Result<()> {
    // A page leaves out the words of options that -h leaves out; this is the place where all of them are said.
    let mut command = command.mut_subcommands(|command| command.mut_args(|option| option.hide_short_help(false)));
    command.build();
    let name = page.as_ref().and_then(ValueEnum::to_possible_value);
    let shown = match &name {
        Some(name) => command.find_subcommand(name.get_name()).cloned().unwrap_or(command),
        None => command,
    };
    let has_commands = page.is_none();
    let man = Man::new(shown.clone())
        .section("1")
        .manual("wspipe manual")
        .source(concat!("wspipe ", env!("CARGO_PKG_VERSION")));
    man.render_title(out)?;
    man.render_name_section(out)?;
    synopsis(shown, out)?;
    man.render_description_section(out)?;
    if has_commands {
        man.render_subcommands_section(out)?;
    }
    man.render_options_section(out)?;
    for section in sections::of(page) {
        out.extend_from_slice(section.as_bytes());
    }
    exit_statuses(out)?;
    see_also(page, out)
}

/// The usage as the help has it: with all the options in it, as clap makes it, nobody would find the URL.
fn synopsis(mut command: Command, out: &mut Vec<u8>) -> io::Result<()> {
    let usage = command.render_usage().to_string();
    writeln!(out, ".SH SYNOPSIS\n.nf")?;
    for line in usage.trim_start_matches("Usage: ").lines() {
        writeln!(out, "{}", line.trim_start().replace('-', "\\-"))?;
    }
    writeln!(out, ".fi")
}

fn exit_statuses(out: &mut Vec<u8>) -> io::Result<()> {
    writeln!(out, ".SH \"EXIT STATUS\"")?;
    for status in ExitStatus::ALL {
        writeln!(out, ".TP\n.B {}\n{}.", status as u8, status.meaning().replace('-', "\\-"))?;
    }
    writeln!(out, ".PP\nA run that SIGINT, SIGTERM or SIGHUP ends sends a Close and then dies of that signal.")
}

fn see_also(page: Option<Page>, out: &mut Vec<u8>) -> io::Result<()> {
    let pages = match page {
        None => {
            ".BR wspipe\\-connect (1),\n.BR wspipe\\-listen (1),\n.BR wspipe\\-inspect (1),\n.BR wspipe\\-ping (1),\n.BR wspipe\\-replay (1),\n.BR wspipe\\-forward (1),\n.BR nc (1),\n.BR curl (1)"
        }
        Some(_) => ".BR wspipe (1)",
    };
    writeln!(
        out,
        ".SH \"SEE ALSO\"\n{pages}\n.PP\nRFC 6455, The WebSocket Protocol; RFC 7692, Compression Extensions for WebSocket."
    )
}
