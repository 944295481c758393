//! Options of a command as this end of sessions.

use std::ffi::OsString;
use std::time::Duration;

use wspipe::commands::{EnvHeader, Exec};
use wspipe::net::Program;

use super::values::duration;
use super::{inherited, route};

#[derive(Debug, clap::Args)]
pub(super) struct ExecArgs {
    /// Talk to a command's standard input and output: --exec -- COMMAND ARGS
    ///
    /// Each session has a command of its own. Its standard output is cut into messages as standard input would be, and messages are laid out on its standard input
    /// as on standard output. When its output has ended, its exit status decides about our Close: 1000 for 0, otherwise 1011
    /// with the status as the reason. When the peer closes, the command's standard input ends, and what it then says within
    /// --wait is still sent; if it has failed by then, our Close says so, too.
    #[arg(long, requires = "exec_command", conflicts_with_all = ["echo", "no_stdin", "on_eof", "expect"])]
    exec: bool,

    /// How long what is under way at the end may take
    ///
    /// A command, after its session: then it gets TERM, and after the same time again KILL. In listen also what is queued,
    /// and the answers to our Close, when SIGINT, SIGTERM or SIGHUP comes.
    #[arg(long, value_name = "TIME", default_value = "5s", allow_negative_numbers = true, value_parser = duration, hide_short_help = true)]
    pub(super) grace: Duration,

    /// The command of --exec, and its arguments
    #[arg(last = true, value_name = "COMMAND", id = "exec_command", requires = "exec", hide_short_help = true)]
    command: Vec<OsString>,
}

impl ExecArgs {
    /// The command, if there is one. All that changes the environment must have been resolved before.
    pub(super) fn resolve(self, headers: Vec<EnvHeader>) -> Option<Exec> {
        let mut words = self.command.into_iter();
        let name = words.next().filter(|_| self.exec)?;
        inherited::keep_from_children();
        let environment = route::environment();
        Some(Exec { program: Program { name, args: words.collect(), environment, grace: self.grace }, headers })
    }
}
