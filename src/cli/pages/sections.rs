//! The prose of the manual pages, in roff: what options can't say.

use super::Page;

const COMPLETIONS: &str = include_str!("completions.roff");
const COMPRESSION: &str = include_str!("compression.roff");
const CONNECT: &str = include_str!("connect.roff");
const CREDENTIALS: &str = include_str!("credentials.roff");
const DIALOGUE: &str = include_str!("dialogue.roff");
const ENDING: &str = include_str!("ending.roff");
const EXEC: &str = include_str!("exec.roff");
const FORWARD: &str = include_str!("forward.roff");
const HEARTBEAT: &str = include_str!("heartbeat.roff");
const INSPECT: &str = include_str!("inspect.roff");
const LISTEN: &str = include_str!("listen.roff");
const MAN: &str = include_str!("man.roff");
const NETWORK: &str = include_str!("network.roff");
const OVERVIEW: &str = include_str!("overview.roff");
const PING: &str = include_str!("ping.roff");
const RECONNECT: &str = include_str!("reconnect.roff");
const RECORDS: &str = include_str!("records.roff");
const REDIRECTS: &str = include_str!("redirects.roff");
const REPLAY: &str = include_str!("replay.roff");
const REPORTS: &str = include_str!("reports.roff");
const TLS: &str = include_str!("tls.roff");
const TRANSCRIPT: &str = include_str!("transcript.roff");

/// The sections of the program's page, or of a command's, in their order.
pub(super) fn of(page: Option<Page>) -> Vec<&'static str> {
    // How a connection is made, for all commands that make one.
    const WAY: [&str; 5] = [COMPRESSION, NETWORK, TLS, CREDENTIALS, REDIRECTS];
    let sections: &[&[&str]] = match page {
        None => &[&[OVERVIEW, RECORDS, TRANSCRIPT, ENDING, DIALOGUE, HEARTBEAT], &WAY],
        Some(Page::Connect) => {
            &[&[RECORDS, REPORTS, TRANSCRIPT, ENDING, DIALOGUE, RECONNECT, HEARTBEAT, EXEC], &WAY, &[CONNECT]]
        }
        Some(Page::Listen) => &[&[RECORDS, TRANSCRIPT, REPORTS, DIALOGUE, EXEC, HEARTBEAT, COMPRESSION, TLS, LISTEN]],
        Some(Page::Inspect) => &[&WAY, &[INSPECT]],
        Some(Page::Ping) => &[&[PING], &WAY],
        Some(Page::Forward) => &[&[FORWARD, HEARTBEAT], &WAY],
        Some(Page::Replay) => &[&[REPLAY, TRANSCRIPT], &WAY],
        Some(Page::Completions) => &[&[COMPLETIONS]],
        Some(Page::Man) => &[&[MAN]],
    };
    sections.concat()
}
