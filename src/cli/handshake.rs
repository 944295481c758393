//! Options of the opening handshake, from the client's side.

use std::time::Duration;

use wspipe::handshake::{Authorization, DeflateTerms, Header, Redirects, RequestOptions, Secret};
use wspipe::outcome::Failure;
use wspipe::protocol::Role;

use super::compression::CompressArgs;
use super::secrets::{credentials, secret, text_of};
use super::trust;
use super::values::{some_time, whole};

/// How many redirects are followed where no number is given; the option says it, too.
const REDIRECTS: u32 = 10;

/// The options that say how to make a connection: where none is made, they are wrong usage. (clap makes a group of them,
/// but one in which an option has a default conflicts with nothing.)
pub(super) const MAKING_A_CONNECTION: [&str; 24] = [
    "headers",
    "subprotocols",
    "origin",
    "user",
    "bearer",
    "cookies",
    "host",
    "location",
    "location_trusted",
    "compress",
    "connect_timeout",
    "retry",
    "proxy",
    "via_command",
    "resolve",
    "ipv4",
    "ipv6",
    "cacert",
    "insecure",
    "sni",
    "tls_min",
    "cert",
    "pkcs12",
    "passphrase",
];

#[derive(Debug, clap::Args)]
pub(super) struct HandshakeArgs {
    /// Add a header; repeatable; @FILE or @env:NAME gives several, one a line
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", help_heading = "Handshake")]
    headers: Vec<String>,

    /// Offer a subprotocol; repeatable, the preferred one first
    #[arg(short, long = "subprotocol", value_name = "NAME", help_heading = "Handshake")]
    subprotocols: Vec<String>,

    /// Send an Origin, as a browser would
    #[arg(long, value_name = "ORIGIN", help_heading = "Handshake")]
    origin: Option<String>,

    /// Log in by HTTP Basic; a password that is not given is asked for
    ///
    /// @FILE and @env:NAME take it from a file or the environment. With USER alone the password is that of the environment
    /// variable `WSPIPE_PASSWORD`, if it is set; else it is asked for on the terminal, while standard input is left alone.
    /// `USER:` is the empty password.
    #[arg(short, long, value_name = "USER[:PASS]", help_heading = "Handshake")]
    user: Option<String>,

    /// Log in with a bearer token; @FILE or @env:NAME takes it from there
    #[arg(long, value_name = "TOKEN", help_heading = "Handshake", conflicts_with = "user")]
    bearer: Option<String>,

    /// Send a cookie; repeatable; @FILE or @env:NAME takes it from there
    #[arg(long = "cookie", value_name = "NAME=VALUE", help_heading = "Handshake", hide_short_help = true)]
    cookies: Vec<String>,

    /// Ask for this host rather than for the URL's
    #[arg(long, value_name = "HOST[:PORT]", help_heading = "Handshake", hide_short_help = true)]
    host: Option<String>,

    /// Follow redirects, as many as MAX (10 if that is left out)
    ///
    /// 301, 302, 303, 307 and 308 are followed, to ws, wss, http and https. Credentials are sent to the same host and port
    /// only, and not without TLS where they were sent with it; --host and --sni are for the first host.
    #[arg(
        short = 'L',
        long,
        value_name = "MAX",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "10",
        value_parser = whole::<u32>,
        help_heading = "Handshake"
    )]
    location: Option<u32>,

    /// Follow redirects, as -L does, and send credentials wherever they lead
    #[arg(long, help_heading = "Handshake", hide_short_help = true)]
    location_trusted: bool,

    #[command(flatten)]
    compress: CompressArgs,

    /// Bound the way to an open connection, every step of it
    #[arg(long, value_name = "TIME", default_value = "10s", allow_negative_numbers = true, value_parser = some_time, help_heading = "Handshake", hide_short_help = true)]
    pub(super) connect_timeout: Duration,

    /// Try again until the server is up, for so long (30s if left out)
    ///
    /// That is while it can't be reached, closes the connection, does not answer in time, or answers with 502, 503 or 504; a
    /// proxy or --via-command that finds no way to it counts, too. Other refusals and what is wrong with TLS end the run at
    /// once. Each attempt has the time of --connect-timeout.
    #[arg(
        long,
        value_name = "TIME",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "30s",
        value_parser = some_time,
        help_heading = "Handshake"
    )]
    pub(super) retry: Option<Duration>,
}

impl HandshakeArgs {
    pub(super) fn resolve(&self) -> Result<RequestOptions, Failure> {
        Ok(RequestOptions {
            host: self.host.clone(),
            origin: self.origin.clone(),
            subprotocols: self.subprotocols.clone(),
            compress: self.compress.resolve(Role::Client, DeflateTerms::plain_offer())?,
            cookies: self.cookies.iter().map(|given| cookie(given)).collect::<Result<_, _>>()?,
            headers: headers(&self.headers)?,
            authorization: match (&self.user, &self.bearer) {
                (Some(user), _) => Some(Authorization::Basic(credentials(user)?)),
                (None, Some(token)) => Some(Authorization::Bearer(secret("--bearer", token)?)),
                (None, None) => None,
            },
        })
    }

    /// The redirects that are to be followed, if any are.
    pub(super) fn redirects(&self) -> Option<Redirects> {
        let max = self.location.or(self.location_trusted.then_some(REDIRECTS))?;
        // They may lead to TLS, whatever the URL is.
        trust::prefer_hashed_directory();
        Some(Redirects { max, trusted: self.location_trusted })
    }
}

/// A cookie, or several with semicolons between them. What is wrong is not shown, for it may be the secret alone.
fn cookie(given: &str) -> Result<Secret, Failure> {
    let cookie = secret("--cookie", given)?;
    if cookie.expose().contains('=') {
        Ok(cookie)
    } else {
        Err(Failure::Usage("--cookie: there is no `=` in it: write NAME=VALUE".into()))
    }
}

/// Headers as they are given to -H: one each, or a file or variable of them.
pub(super) fn headers(given: &[String]) -> Result<Vec<Header>, Failure> {
    let mut headers = Vec::new();
    for text in given {
        if !text.starts_with('@') {
            headers.push(header("-H", text)?);
            continue;
        }
        for line in text_of("-H", text)?.lines().filter(|line| !line.trim().is_empty()) {
            headers.push(header(&format!("-H {text}"), line)?);
        }
    }
    Ok(headers)
}

fn header(place: &str, text: &str) -> Result<Header, Failure> {
    text.parse().map_err(|error| Failure::Usage(format!("{place}: {error}")))
}
