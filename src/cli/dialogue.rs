//! Options of a dialogue with the peer, in the order in which they stand on the command line.

use clap::error::Error;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use wspipe::bridge::{Pattern, Turn};

/// What is to be said and awaited, in order.
#[derive(Debug, Default)]
pub(super) struct DialogueArgs {
    pub(super) turns: Vec<Turn>,
}

/// The options as clap knows them: each by itself.
#[derive(Debug, Args)]
struct Options {
    /// Send this text message first; repeatable, in turn with --expect
    #[arg(long, value_name = "TEXT", help_heading = "Sending and ending")]
    send: Vec<String>,

    /// End with status 0 after a message that matches; repeatable, in order
    ///
    /// --send and --expect are carried out in the order in which they stand. Messages that don't match are printed and passed
    /// over, and each meets one --expect at most. If the session ends before, the status is 8. Standard input follows the last
    /// --send. The pattern is searched for in the payload: ^ and $ are the ends of the message, (?i) ignores case,
    /// (?-u:\xff) is a byte. See DIALOGUES in the manual page.
    #[arg(long, value_name = "REGEX", help_heading = "Sending and ending", value_parser = pattern)]
    expect: Vec<Pattern>,
}

impl FromArgMatches for DialogueArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let Options { send, expect } = Options::from_arg_matches(matches)?;
        let places = |option| matches.indices_of(option).into_iter().flatten();
        let sends = places("send").zip(send.into_iter().map(Turn::Send));
        let expects = places("expect").zip(expect.into_iter().map(Turn::Expect));
        let mut turns: Vec<(usize, Turn)> = sends.chain(expects).collect();
        turns.sort_by_key(|(place, _)| *place);
        Ok(DialogueArgs { turns: turns.into_iter().map(|(_, turn)| turn).collect() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for DialogueArgs {
    fn augment_args(command: Command) -> Command {
        Options::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Options::augment_args_for_update(command)
    }
}

fn pattern(text: &str) -> Result<Pattern, String> {
    text.parse().map_err(|error: <Pattern as std::str::FromStr>::Err| error.to_string())
}
