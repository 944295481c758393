//! The command line: options are parsed into values here, and resolved once into what the library's commands take.

mod access;
mod client;
mod compression;
mod connect;
mod dialogue;
mod exec;
mod formats;
mod forward;
mod handshake;
mod heartbeat;
mod inherited;
mod inspect;
mod listen;
mod pages;
mod ping;
mod pipe;
mod prompt;
mod reconnect;
mod record;
mod replay;
mod reports;
mod route;
mod secrets;
mod tls;
mod trust;
mod values;

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, CommandFactory, Parser, Subcommand};
use wspipe::handshake::DeflateTerms;
use wspipe::outcome::Failure;

use inherited::Place;

/// A command-line pipe for WebSocket: what netcat is to TCP.
///
/// Lines of standard input become messages, and messages become lines of standard output. `wspipe URL` is short for
/// `wspipe connect URL`; with the URL `echo:` everything can be tried without a server.
#[derive(Debug, Parser)]
#[command(
    name = "wspipe",
    version,
    max_term_width = 100,
    help_expected = true,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true,
    override_usage = "wspipe [OPTIONS] <COMMAND>\n       wspipe <URL> [OPTIONS OF connect]",
    after_help = "Try it: echo hello | wspipe connect echo:\nwspipe COMMAND -h has the everyday options, --help all of them; wspipe man | man -l - has the rest"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,

    /// Say nothing on standard error; the exit status tells
    #[arg(short, long, global = true, help_heading = "Messages", conflicts_with = "verbose")]
    quiet: bool,

    /// Say what happens on standard error; -vv says more
    ///
    /// `RUST_LOG`, if it is set, says in more detail what to show.
    #[arg(short, long, global = true, help_heading = "Messages", action = ArgAction::Count)]
    verbose: u8,
}

#[derive(Debug, Subcommand)]
enum Command {
    Connect(connect::Args),
    Listen(listen::Args),
    Inspect(inspect::Args),
    // Its -s is the size, as for ping(8); the subprotocol has its long name.
    #[command(mut_arg("subprotocols", |option| option.short(None)))]
    Ping(ping::Args),
    // No option before its --out says what formats there are.
    #[command(mut_arg("output", |option| {
        option.help("How messages are laid out on standard output").hide_possible_values(false)
    }))]
    Replay(replay::Args),
    Forward(forward::Args),
    Completions(pages::CompletionsArgs),
    Man(pages::ManArgs),
}

impl Cli {
    /// Parses the process's arguments; wrong usage ends the process with status 2.
    pub(crate) fn from_args() -> Self {
        let args = with_command(std::env::args_os().collect());
        Self::try_parse_from(&args).unwrap_or_else(|error| with_advice(error, &args).exit())
    }

    /// How much goes to standard error.
    pub(crate) fn verbosity(&self) -> log::LevelFilter {
        // ping has a -q of its own, which means this one, too.
        let is_quiet = self.quiet || matches!(&self.command, Command::Ping(args) if args.quiet);
        match (is_quiet, self.verbose) {
            (true, _) => log::LevelFilter::Off,
            (false, 0) => log::LevelFilter::Warn,
            (false, 1) => log::LevelFilter::Info,
            (false, 2) => log::LevelFilter::Debug,
            (false, _) => log::LevelFilter::Trace,
        }
    }

    /// Carries out the command.
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self.command {
            Command::Connect(args) => wspipe::commands::connect(args.resolve()?),
            Command::Listen(args) => {
                let (on, config) = args.resolve()?;
                wspipe::commands::listen(on, config)
            }
            Command::Inspect(args) => args.run(),
            Command::Ping(args) => wspipe::commands::ping(args.resolve(self.quiet)?),
            Command::Replay(args) => wspipe::commands::replay(&args.resolve()?),
            Command::Forward(args) => {
                let (on, config) = args.resolve()?;
                wspipe::commands::forward(on, config)
            }
            Command::Completions(args) => args.run(&mut Self::command()),
            Command::Man(args) => args.run(Self::command()),
        }
    }
}

/// `wspipe URL` means `wspipe connect URL`, with options before the URL or behind it: no command has a colon or a slash in
/// its name, and none stands behind options that are not every command's.
fn with_command(mut args: Vec<OsString>) -> Vec<OsString> {
    let text = |arg: &OsString| arg.to_string_lossy().into_owned();
    let Some(first) = args.iter().skip(1).map(text).find(|arg| !arg.starts_with('-')) else {
        return args;
    };
    let is_command = Command::has_subcommand(&first);
    let has_url = first.contains([':', '/']) || args.iter().skip(1).any(|arg| text(arg).contains("://"));
    if !is_command && has_url {
        args.insert(1, "connect".into());
    }
    args
}

/// An error of clap's, with what to do about it where clap can't know that.
fn with_advice(mut error: clap::Error, args: &[OsString]) -> clap::Error {
    let advice = match error.kind() {
        ErrorKind::UnknownArgument => value_apart(args).or_else(|| command_without_dashes(args)),
        ErrorKind::InvalidValue => hex_as_input(&error),
        _ => None,
    };
    if let Some(advice) = advice {
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![advice.into()]));
    }
    error
}

/// A value that may be left out is part of its option: behind a space it would be the URL, and the URL one thing too many.
fn value_apart(args: &[OsString]) -> Option<String> {
    let is_value = |option: &str, value: &str| match option {
        "-L" | "--location" | "--retry" | "--reconnect" => values::duration(value).is_ok(),
        "--stats" => ["json", "text"].contains(&value),
        "--compress" => value.parse::<DeflateTerms>().is_ok(),
        "--page" => !value.starts_with('-') && value.parse::<Place>().is_err(),
        _ => false,
    };
    let (option, value) = pair(args, is_value)?;
    Some(format!("write '{option}={value}'"))
}

/// The command of --exec is no value of it.
fn command_without_dashes(args: &[OsString]) -> Option<String> {
    let (_, command) = pair(args, |option, next| option == "--exec" && !next.starts_with('-'))?;
    Some(format!("put -- before the command, behind all else: --exec -- {command}"))
}

/// The first option of the command that is meant, with what follows it, for which this is so.
fn pair(args: &[OsString], is_so: impl Fn(&str, &str) -> bool) -> Option<(&str, &str)> {
    let cli = Cli::command();
    let command = args.iter().find_map(|arg| cli.find_subcommand(arg))?;
    let is_known = |option: &str| {
        command.get_arguments().any(|known| match option.strip_prefix("--") {
            Some(long) => known.get_long() == Some(long),
            None => known.get_short() == option.chars().nth(1),
        })
    };
    let mut pairs = args.windows(2).filter_map(|pair| Some((pair[0].to_str()?, pair[1].to_str()?)));
    pairs.find(|(option, next)| is_so(option, next) && is_known(option))
}

/// A format that only looks as if it went both ways.
fn hex_as_input(error: &clap::Error) -> Option<String> {
    let is = |kind, text: &str| matches!(error.get(kind), Some(ContextValue::String(value)) if value == text);
    let is_input = is(ContextKind::InvalidArg, "--in <FORMAT>") || is(ContextKind::InvalidArg, "--format <FORMAT>");
    let words = "hex is how messages are shown, by --out hex; bytes in hex are sent by xxd -r -p | wspipe -b";
    (is_input && is(ContextKind::InvalidValue, "hex")).then(|| words.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_hold_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_connection_is_made_for_captured_heads() {
        const GO_ALONG: [&str; 7] = ["request", "response", "key", "json", "color", "show_secrets", "help"];
        let mut command = Cli::command();
        // Whatever the value is, it is the option that does not fit.
        let any_value = |option: clap::Arg| match option.get_action() {
            ArgAction::Set | ArgAction::Append => option.value_parser(clap::value_parser!(OsString)),
            _ => option,
        };
        let inspect = command.find_subcommand_mut("inspect").unwrap().clone().mut_args(any_value);
        let mut options = inspect.clone();
        options.build();
        for option in options.get_arguments().filter(|option| !GO_ALONG.contains(&option.get_id().as_str())) {
            for captured in ["--request", "--response"] {
                let mut words = vec!["inspect".to_owned(), captured.to_owned(), "FILE".to_owned()];
                words.extend(option.get_long().map(|long| format!("--{long}")));
                let wants_value = option.get_num_args().is_some_and(|count| count.min_values() > 0);
                words.extend(wants_value.then(|| "x".to_owned()));
                let error = inspect.clone().try_get_matches_from(&words).unwrap_err();
                assert_eq!(error.kind(), clap::error::ErrorKind::ArgumentConflict, "{words:?}");
            }
        }
    }

    #[test]
    fn advice_is_given_where_it_helps() {
        let error = |words: &str| {
            let args: Vec<_> = words.split(' ').map(OsString::from).collect();
            with_advice(Cli::try_parse_from(&args).unwrap_err(), &args).to_string()
        };
        assert!(error("wspipe connect --retry 5 echo:").contains("tip: write '--retry=5'"));
        assert!(error("wspipe connect -L 3 echo:").contains("tip: write '-L=3'"));
        assert!(error("wspipe connect --stats json echo:").contains("tip: write '--stats=json'"));
        let compress = "--compress server_no_context_takeover,client_max_window_bits=9";
        let tip = format!("tip: write '{}'", compress.replacen(' ', "=", 1));
        assert!(error(&format!("wspipe connect {compress} echo:")).contains(&tip));
        assert!(error("wspipe listen --page page.html 0").contains("tip: write '--page=page.html'"));
        assert!(!error("wspipe listen --page 0 x").contains("--page=0"));
        for words in ["listen 0 --exec cat", "listen --exec cat 0", "connect ws://h/ --exec cat -n"] {
            assert!(error(&format!("wspipe {words}")).contains("tip: put -- before the command"), "{words}");
        }
        assert!(!error("wspipe listen --retry 5 9001").contains("--retry=5"));
        assert!(error("wspipe connect --in hex echo:").contains("tip: hex is how messages are shown"));
        assert!(error("wspipe connect --format hex echo:").contains("--out hex"));
        assert!(!error("wspipe connect --in hexe echo:").contains("--out hex"));
    }

    #[test]
    fn a_url_first_means_connect() {
        let args = |words: &str| {
            with_command(words.split(' ').map(OsString::from).collect()).join(OsString::from(" ").as_os_str())
        };
        assert_eq!(args("wspipe ws://h -v"), "wspipe connect ws://h -v");
        assert_eq!(args("wspipe HTTPS://h"), "wspipe connect HTTPS://h");
        assert_eq!(args("wspipe echo:"), "wspipe connect echo:");
        assert_eq!(args("wspipe listen 1"), "wspipe listen 1");
        assert_eq!(args("wspipe localhost:9/x"), "wspipe connect localhost:9/x");
        assert_eq!(args("wspipe -v"), "wspipe -v");
        assert_eq!(args("wspipe -v ws://h"), "wspipe connect -v ws://h");
        assert_eq!(args("wspipe -s chat ws://h"), "wspipe connect -s chat ws://h");
        assert_eq!(args("wspipe -v listen 127.0.0.1:1"), "wspipe -v listen 127.0.0.1:1");
        assert_eq!(args("wspipe lisen ws:"), "wspipe lisen ws:");
        assert_eq!(args("wspipe -H:/ x"), "wspipe -H:/ x");
    }
}
