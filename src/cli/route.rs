//! Options of the way to a host.

use std::env;
use std::ffi::OsString;

use wspipe::handshake::Redirects;
use wspipe::net::{Family, KnownHost, Lookup, ShellCommand, TlsOptions};
use wspipe::opening::{Route, Way};
use wspipe::outcome::Failure;
use wspipe::proxy::ProxyRules;

use super::secrets::{PASSPHRASE, PASSWORD, secret};
use super::{inherited, trust};

#[derive(Debug, clap::Args)]
pub(super) struct RouteArgs {
    /// Go through a proxy, http://, https://, socks5:// or socks5h://[USER:PASS@]HOST[:PORT], or through none
    ///
    /// Without it, the environment says: `http_proxy` is the one for ws://, `https_proxy` the one for wss://, `all_proxy` the
    /// one for both, and `no_proxy` lists hosts that are reached directly. None at all is used with `none`. @FILE and
    /// @env:NAME keep the password out of the list of processes.
    #[arg(long, value_name = "URL|none", help_heading = "Network")]
    proxy: Option<String>,

    /// Use a command's standard input and output as the connection; %h is the host, %p the port
    #[arg(
        long,
        value_name = "COMMAND",
        help_heading = "Network",
        hide_short_help = true,
        conflicts_with_all = ["proxy", "resolve", "ipv4", "ipv6"]
    )]
    via_command: Option<String>,

    /// Take these addresses for a host and port instead of looking it up; repeatable, the host * is any
    #[arg(long, value_name = "HOST:PORT:ADDR[,ADDR]", help_heading = "Network", hide_short_help = true)]
    resolve: Vec<KnownHost>,

    /// Use IPv4 addresses only
    #[arg(short = '4', long, help_heading = "Network", hide_short_help = true, conflicts_with = "ipv6")]
    ipv4: bool,

    /// Use IPv6 addresses only
    #[arg(short = '6', long, help_heading = "Network", hide_short_help = true)]
    ipv6: bool,
}

impl RouteArgs {
    /// The way, at whose end `tls` holds. Whether TLS is needed for the URL has to be known before.
    pub(super) fn resolve(self, tls: TlsOptions, redirects: Option<Redirects>) -> Result<Route, Failure> {
        let family = match (self.ipv4, self.ipv6) {
            (true, _) => Family::V4,
            (_, true) => Family::V6,
            _ => Family::Any,
        };
        let rules = match self.proxy {
            Some(none) if none.eq_ignore_ascii_case("none") => ProxyRules::default(),
            Some(url) => ProxyRules::always(secret("--proxy", &url)?),
            None => ProxyRules::of_environment(|name| env::var(name).ok()),
        };
        if rules.need_tls() {
            trust::prefer_hashed_directory();
        }
        let way = match self.via_command {
            Some(command) => {
                inherited::keep_from_children();
                Way::Command(ShellCommand { command, environment: environment() })
            }
            None => Way::Network(rules),
        };
        Ok(Route { tls, lookup: Lookup { family, known: self.resolve }, way, redirects })
    }
}

/// What a command's environment has otherwise than ours: what was changed here, and the secrets, which are for us alone. All
/// that changes ours must have been resolved before.
pub(super) fn environment() -> Vec<(OsString, Option<OsString>)> {
    let removed = [PASSWORD, PASSPHRASE].into_iter().chain(inherited::VARIABLES).map(|name| (name, None));
    trust::before().into_iter().chain(removed).map(|(name, value)| (name.into(), value)).collect()
}
