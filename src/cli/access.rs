//! Options of `listen` that say who may come in.

use wspipe::handshake::{Login, OriginPattern, Secret};
use wspipe::outcome::Failure;

use super::secrets::{complete_credentials, secret};

#[derive(Debug, clap::Args)]
pub(super) struct AccessArgs {
    /// Let in pages from ORIGIN, which may hold `*`; repeatable
    ///
    /// Browsers let every page connect anywhere, and say where it is from. Without this option, pages of the host that is asked
    /// for may connect, from any port: for a listener on the loopback interface those of localhost. With it, those that are
    /// given: `https://app.example.com`, with `*` for parts of the host's name or as the port (`http://localhost:*`), `null`
    /// for a page from a file or in a sandbox, or `*` for all. A client that sends no Origin is no browser, and is let in.
    #[arg(long = "allow-origin", value_name = "ORIGIN", help_heading = "Access")]
    allow_origins: Vec<OriginPattern>,

    /// Let in who logs in by HTTP Basic; or @FILE, @env:NAME
    ///
    /// Others get 401. @FILE and @env:NAME take it from a file or the environment. `USER:` is the empty password. With --token, either is enough. Without TLS (--cert) whoever can listen on
    /// the way can read it.
    #[arg(short, long, value_name = "USER:PASS", help_heading = "Access")]
    user: Option<String>,

    /// Let in who shows this token; or @FILE, @env:NAME
    ///
    /// Others get 401. It comes in `Authorization: Bearer`, as the parameter `token` of the query, or as the subprotocol
    /// `token.TOKEN`, which is never the one chosen; the manual page says how a page does that.
    #[arg(long, value_name = "TOKEN", help_heading = "Access")]
    token: Option<String>,

    /// Refuse who offers no subprotocol of --subprotocol
    #[arg(long, requires = "subprotocols", help_heading = "Access", hide_short_help = true)]
    pub(super) require_subprotocol: bool,

    /// Take a client's address from the proxy in front of the listener
    ///
    /// It is the last one of X-Forwarded-For, else of Forwarded, else X-Real-IP. Without a proxy that sets the header, every
    /// client could write there what it likes.
    #[arg(long, help_heading = "Access", hide_short_help = true)]
    pub(super) trust_proxy: bool,
}

impl AccessArgs {
    pub(super) fn origins(&self) -> Vec<OriginPattern> {
        self.allow_origins.clone()
    }

    pub(super) fn login(&self) -> Result<Login, Failure> {
        let token = self.token.as_deref().map(token).transpose()?;
        let user = self.user.as_deref().map(complete_credentials).transpose()?;
        Ok(Login { user, token })
    }
}

fn token(given: &str) -> Result<Secret, Failure> {
    let token = secret("--token", given)?;
    if token.expose().is_empty() {
        return Err(Failure::Usage("--token: it is empty, so that everybody would have it".into()));
    }
    Ok(token)
}
